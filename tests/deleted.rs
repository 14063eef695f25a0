//! A management account leaves its organization only by deleting it, after every member has left: `deletedAt`.

use crate::common::*;
use countersign_core::what_if::{Becomes, Change, Named, apply};
use serde_json::{Value, json};

/// An organization with a BAA, which its member left in May 2025, and that was deleted in June.
fn deleted(of_management: Value) -> World {
    let left = json!({"memberships": [{"organization": ORG, "from": "2021-01-01", "until": "2025-05-01"}]});
    World::new().org(json!({"deletedAt": "2025-06-01"})).account(M, of_management, &[]).account(A, left, &[]).accepted(
        "Org",
        "baa",
        "organization",
        ORG,
        "2024-01-01",
        None,
    )
}

#[test]
fn coverage_ends_when_the_organization_is_deleted_and_is_answered_for_earlier_days() {
    let since = json!({"memberships": [{"organization": ORG, "from": "2020-01-01"}]});
    let told = json!({"memberships": [{"organization": ORG, "from": "2020-01-01", "until": "2025-06-01"}]});
    for of_management in [json!({}), since, told] {
        let world = deleted(of_management.clone());
        for (day, management, member) in [
            ("2023-12-31", "not-covered", "not-covered"),
            ("2025-04-30", "covered organization", "covered organization"),
            ("2025-05-01", "covered organization", "not-covered"),
            ("2025-05-31T23:59:59Z", "covered organization", "not-covered"),
            ("2025-06-01", "not-covered", "not-covered"),
        ] {
            let answers = world.assess(&on(day));
            let found = (answers.baa(M), answers.baa(A));
            assert_eq!(found, (management.to_owned(), member.to_owned()), "{of_management} {day}");
        }
        let before = world.assess(&on("2025-05-31"));
        assert_eq!(before.account(M)["role"], "management");
        assert_eq!(world.now().account(M)["role"], "standalone");
        assert_eq!(world.now().baa(M), "not-covered");
        assert_eq!(world.now().baa(A), "not-covered");
    }
}

/// Files are a declaration (D16): what the account that managed it has not accepted was not in force.
#[test]
fn what_was_not_accepted_before_the_deletion_is_not_covered_where_it_is_declared() {
    let of = |organization: Value, manager: Option<Value>, member: Value| {
        let mut member = member;
        member["memberships"] = json!([{"organization": ORG, "from": "2021-01-01", "until": "2025-05-01"}]);
        let mut of_it = json!({"deletedAt": "2025-06-01"});
        of_it.as_object_mut().unwrap().extend(organization.as_object().unwrap().clone());
        let world = World::new().org(of_it).account(A, member, &[]);
        match manager {
            Some(manager) => world.account(M, manager, &[]),
            None => world,
        }
    };
    let (yes, no) = (json!({"agreementsKnown": true}), json!({"agreementsKnown": false}));
    for (organization, manager, member, of_manager, of_member) in [
        (json!({}), json!({}), json!({}), "not-covered", "not-covered"),
        (yes.clone(), yes.clone(), yes.clone(), "not-covered", "not-covered"),
        // its own list tells nothing of an organization that it had left
        (json!({}), no.clone(), yes.clone(), "unknown", "unknown"),
        (no.clone(), json!({}), json!({}), "unknown", "unknown"),
        (no.clone(), yes, json!({}), "unknown", "unknown"),
        (json!({}), json!({}), no, "not-covered", "unknown"),
    ] {
        let world = of(organization.clone(), Some(manager.clone()), member.clone());
        let then = world.assess(&on("2025-04-30"));
        let found = (then.baa(M), then.baa(A));
        assert_eq!(found, (of_manager.to_owned(), of_member.to_owned()), "{organization} {manager} {member}");
        let reason = then.coverage_of(A, "baa")["reason"].as_str().unwrap_or_default().to_owned();
        assert!(!reason.contains("no account of"), "{reason}");
        assert!(of_manager == "not-covered" || reason.contains("which was deleted on 2025-06-01"), "{reason}");
        assert_eq!(
            world.now().baa(M),
            if manager == json!({"agreementsKnown": false}) { "unknown" } else { "not-covered" }
        );
    }
    // an organization that there is may say so, too
    let alive =
        World::new().org(json!({"agreementsKnown": false})).account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG]);
    assert_eq!((alive.now().baa(M), alive.now().baa(A)), ("unknown".to_owned(), "unknown".to_owned()));
    assert_eq!(alive.now().0["completeness"]["gaps"][0]["missing"], "organizationAgreements");
    let gaps = |world: &World, day: &str| world.assess(&on(day)).0["completeness"]["gaps"].to_string();
    let gone = of(json!({"agreementsKnown": false}), Some(json!({})), json!({}));
    assert!(gaps(&gone, "2025-05-31").contains("organizationAgreements"), "{}", gaps(&gone, "2025-05-31"));
    assert!(!gaps(&gone, "2025-06-01").contains("organizationAgreements"), "nothing rests on it after");
    // somebody has to declare what the organization had accepted
    assert!(World::new().org(json!({"deletedAt": "2025-06-01"})).problems().iter().any(|p| p.message().contains(M)));
}

/// Before it is deleted, too: the day of the deletion may be to come.
#[test]
fn a_deletion_to_come_leaves_known_what_is_known() {
    let world = World::new().org(json!({"deletedAt": "2027-01-01"})).account(M, json!({}), &[]);
    let world = world.user(M, "ann", json!([ADMIN]));
    let now = world.now();
    assert_eq!((now.baa(M), now.account(M)["role"].clone()), ("not-covered".to_owned(), json!("management")));
    let ann = user(M, "ann");
    assert_eq!(now.decision(&ann, "accept-agreement", "organization"), "allow");
    assert_eq!(now.gates(&ann, "terminate-agreement", "organization").first(), Some(&"nothing-to-terminate"));
}

/// An agreement that AWS offers for accounts alone is in force for no organization, whatever was listed of that.
#[test]
fn an_agreement_for_accounts_alone_does_not_wait_for_the_list_of_an_organization() {
    let left = json!({"memberships": [{"organization": ORG, "from": "2021-01-01", "until": "2025-05-01"}]});
    let world = World::new().org(json!({})).account(M, json!({"agreementsKnown": false}), &[ORG]).account(A, left, &[]);
    let coverage = |world: &World, account: &str, kind: &str| {
        world.assess(&on("2025-04-30")).coverage_of(account, kind)["coverage"].as_str().unwrap().to_owned()
    };
    for (kind, of_member) in
        [("sec-17a-4", "not-covered"), ("sec-18a-6", "not-covered"), ("baa", "unknown"), ("andb", "unknown")]
    {
        assert_eq!(coverage(&world, A, kind), of_member, "{kind}");
        assert_eq!(coverage(&world, M, kind), "unknown", "{kind}: its own list is missing");
    }
    let offer = |id: &str, kind: &str, scope: &str| json!({"uid": format!("Agreement::\"{id}\""), "attrs": {"kind": kind, "scope": scope, "partition": "aws"}});
    // an inventory may know of another
    let declared = world.clone().entity(offer("agreement-other", "sec-17a-4", "organization"));
    assert_eq!(coverage(&declared, A, "sec-17a-4"), "unknown");
    // and of a kind that is none of AWS's list it is not known what there is
    let own = world.entity(offer("agreement-own", "own", "account"));
    assert_eq!(coverage(&own, A, "own"), "unknown");
}

#[test]
fn an_agreement_of_its_own_governs_from_then_on() {
    let world = deleted(json!({})).accepted("Own", "baa", "account", M, "2025-02-01", None);
    assert_eq!(world.assess(&on("2025-05-31")).baa(M), "covered organization");
    assert_eq!(world.assess(&on("2025-06-01")).baa(M), "covered account");
}

/// A change that cannot happen is an error that says why: nothing happens to an organization that is no more, nor to its units.
#[test]
fn nothing_is_changed_of_a_deleted_organization() {
    let unit = json!({"uid": "OrganizationalUnit::\"ou-ab12-gone00001\"", "attrs": {}, "parents": [ORG]});
    let inventory = deleted(json!({})).entity(unit).file("scp.json", allows(&["*"]).to_string()).load();
    let known = || Named::Known("p-FullAWSAccess".to_owned());
    let becomes = |becomes| Change::Organization { organization: ORG.to_owned(), becomes };
    let changes = [
        becomes(Becomes::AllFeatures),
        becomes(Becomes::SetUp),
        becomes(Becomes::WithoutTrustedAccess),
        becomes(Becomes::WithoutServiceRole),
        Change::Attach { to: ORG.to_owned(), policy: known() },
        Change::Attach { to: "ou-ab12-gone00001".to_owned(), policy: known() },
        Change::Detach { from: ORG.to_owned(), policy: "p-FullAWSAccess".to_owned() },
        Change::Replace { at: ORG.to_owned(), old: "p-FullAWSAccess".to_owned(), new: known() },
    ];
    for change in changes {
        match apply(&inventory, &RULES, std::slice::from_ref(&change), at("2026-11-01")) {
            Err(failure) => assert!(words(&failure).contains("was deleted on 2025-06-01T00:00:00Z"), "{change}"),
            Ok(_) => panic!("{change}"),
        }
    }
    // one that is to be deleted is there until then
    let to_come =
        World::new().org(json!({"deletedAt": "2027-01-01", "trustedAccess": true})).account(M, json!({}), &[]);
    let change = becomes(Becomes::WithoutTrustedAccess);
    assert!(apply(&to_come.load(), &RULES, &[change], at("2026-11-01")).is_ok());
}

/// Evidence ends a membership where it ended, and an agreement that applies to nobody is not told as active.
#[test]
fn evidence_says_that_the_organization_was_deleted() {
    let world = deleted(json!({"memberships": [{"organization": ORG, "from": "2020-01-01"}]})).folder();
    let filed = |day: &str| {
        let out = tempfile::tempdir().unwrap();
        let to = out.path().join("filed");
        run_in(world.path(), &["evidence", ".", "--out", to.to_str().unwrap(), "--agreement", "baa", "--at", day]);
        let read = |name: &str| std::fs::read_to_string(to.join(name)).unwrap();
        let document: Value = serde_json::from_str(&read("evidence.json")).unwrap();
        assert_eq!(schema_errors("evidence.v2.schema.json", &document), Vec::<String>::new());
        (document, read("cover.md"))
    };
    let (document, cover) = filed("2026-11-01");
    let rows = document["accounts"].as_array().unwrap();
    let of = |account: &str| rows.iter().find(|r| r["account"] == account).unwrap()["organizationHistory"].clone();
    let begins = format!("{ORG} from 2020-01-01T00:00:00Z until 2025-06-01T00:00:00Z, when it was deleted");
    assert_eq!(of(M), begins);
    assert_eq!(of(A), format!("{ORG} from 2021-01-01T00:00:00Z until 2025-05-01T00:00:00Z"));
    let state = |document: &Value| document["agreements"][0]["state"].clone();
    assert_eq!(state(&document), "ACTIVE until its organization was deleted on 2025-06-01T00:00:00Z");
    assert_eq!(document["population"]["organizations"][0]["deletedAt"], "2025-06-01T00:00:00Z");
    assert!(cover.contains(&format!("{ORG}: 0 accounts; it was deleted on")), "{cover}");
    let (document, cover) = filed("2025-05-31");
    assert_eq!(state(&document), "ACTIVE");
    assert!(cover.contains(&format!("{ORG}: 1 account; all that were listed.")), "{cover}");
    assert!(cover.contains("Nothing was left uncollected that the answers rest on."), "{cover}");
}

/// The cover page never says that nothing is missing where an answer is unknown for want of something.
#[test]
fn the_cover_page_tells_what_unknown_coverage_waits_for() {
    let cover = |world: &World, more: &[&str]| {
        let (folder, out) = (world.folder(), tempfile::tempdir().unwrap());
        let to = out.path().join("filed");
        let args = ["evidence", ".", "--out", to.to_str().unwrap(), "--agreement", "andb", "--at", "2025-05-31"];
        run_in(folder.path(), &[&args[..], more].concat());
        std::fs::read_to_string(to.join("cover.md")).unwrap()
    };
    let nothing = "Nothing was left uncollected";
    let not_listed = World::new().org(json!({"deletedAt": "2025-06-01", "agreementsKnown": false}));
    let page = cover(&not_listed.account(M, json!({}), &[]), &[]);
    assert!(!page.contains(nothing), "{page}");
    assert!(page.contains(&format!("Not collected: the agreements of the organization of {ORG}.")), "{page}");
    // what is not declared is no call that failed
    let rules = "@id(\"own\")\n@rule(\"D16\")\nforbid (principal is Artifact::CustomerAgreement, action == \
        Artifact::Action::\"in-force\", resource is Artifact::Account)\nunless { principal has organization && \
        principal.organization has featureSet && principal.organization.featureSet == \"ALL\" };\n";
    let own = tempfile::tempdir().unwrap();
    std::fs::write(own.path().join("own.cedar"), rules).unwrap();
    let world = World::new()
        .org(json!({}))
        .entity(json!({"uid": format!("Organization::\"{ORG}2\""), "attrs": {"managementAccount": A}}));
    let world = world.account(M, json!({}), &[ORG]).account(A, json!({}), &[&format!("{ORG}2")]);
    let world = world.accepted("Org", "andb", "organization", &format!("{ORG}2"), "2024-01-01", None);
    let page = cover(&world, &["--policies", own.path().to_str().unwrap()]);
    assert!(page.contains("What covers 1 account is not known: it depends on what is not declared"), "{page}");
}

#[test]
fn what_cannot_be_is_an_input_error_at_its_place() {
    let wrong = |world: World, underlined: &str, message: &str| {
        let problems = world.problems();
        let found = problems.iter().any(|p| p.message().contains(message) && p.underlined().contains(underlined));
        assert!(found, "{message}: {problems:?}");
    };
    let membership = |until: Option<&str>| match until {
        Some(until) => json!({"memberships": [{"organization": ORG, "from": "2020-01-01", "until": until}]}),
        None => json!({"memberships": [{"organization": ORG, "from": "2020-01-01"}]}),
    };
    let gone = || World::new().org(json!({"deletedAt": "2025-06-01"}));
    // a member that had not left
    wrong(gone().account(M, json!({}), &[]).account(A, membership(None), &[]), "2020-01-01", "had not left");
    wrong(
        gone().account(M, json!({}), &[]).account(A, membership(Some("2025-06-02")), &[]),
        "2025-06-02",
        "had not left",
    );
    // the management account leaves at that moment and in that way only
    wrong(gone().account(M, membership(Some("2025-05-01")), &[]), "2025-05-01", "managed o-exampleorgid until");
    let alive = World::new().org(json!({})).account(M, membership(Some("2025-05-01")), &[]);
    wrong(alive.clone(), "2025-05-01", "leaves it only when that is deleted");
    assert!(alive.problems().iter().any(|p| p.to_string().contains("is not in it")), "{:?}", alive.problems());
    // nobody joins it after that, nor accepts for it
    let late = json!({"memberships": [{"organization": ORG, "from": "2025-06-02"}]});
    wrong(
        gone().account(M, late, &[]),
        "2025-06-02",
        "was deleted on 2025-06-01T00:00:00Z, before this membership begins",
    );
    let accepted = |day: &str| gone().account(M, json!({}), &[]).accepted("Org", "baa", "organization", ORG, day, None);
    wrong(accepted("2025-06-02"), "2025-06-02", "was deleted on 2025-06-01T00:00:00Z, before this acceptance");
    assert!(accepted("2025-05-31").problems().is_empty());
    // nobody stands in what is no more
    wrong(gone().account(M, json!({}), &[ORG]), ORG, "which was deleted on 2025-06-01");
    // since when it is in another is not known
    let other = json!({"uid": "Organization::\"o-secondorgid\"", "attrs": {"managementAccount": M}});
    wrong(
        gone().entity(other.clone()).account(M, json!({}), &["o-secondorgid"]),
        "o-secondorgid",
        "since when is not known",
    );
    let both = json!({"memberships": [{"organization": ORG}, {"organization": "o-secondorgid", "from": "2025-05-31"}]});
    wrong(gone().entity(other.clone()).account(M, both, &["o-secondorgid"]), "2025-05-31", "overlap");
    let apart =
        json!({"memberships": [{"organization": ORG}, {"organization": "o-secondorgid", "from": "2025-06-01"}]});
    let world = gone().entity(other).account(M, apart, &["o-secondorgid"]);
    assert!(world.problems().is_empty(), "{:?}", world.problems());
}
