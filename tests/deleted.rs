//! A management account leaves its organization only by deleting it, after every member has left: `deletedAt`.

use crate::common::*;
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
        assert_eq!(world.now().baa(M), if manager == json!({"agreementsKnown": false}) { "unknown" } else { "not-covered" });
    }
    // an organization that there is may say so, too
    let alive = World::new().org(json!({"agreementsKnown": false})).account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG]);
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
    let offer = |id: &str, kind: &str, scope: &str| {
        json!({"uid": format!("Agreement::\"{id}\""), "attrs": {"kind": kind, "scope": scope, "partition": "aws"}})
    };
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
