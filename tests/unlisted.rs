//! Agreements that may be in force without being in the inventory (D16): asked both ways, by the rules.

use crate::common::*;
use serde_json::json;

/// An organization of two accounts, of which the lists of agreements of these were not answered.
fn world(unlisted: &[&str]) -> World {
    let attrs = |id: &str| json!({"agreementsKnown": !unlisted.contains(&id)});
    World::new().org(json!({})).account(M, attrs(M), &[ORG]).account(A, attrs(A), &[ORG])
}

#[test]
fn one_list_of_the_organization_tells_its_agreements() {
    assert_eq!(world(&[A]).now().baa(M), "not-covered", "the management account's list tells");
    assert_eq!(world(&[M]).now().baa(A), "not-covered", "so does a member's");
    let nothing = world(&[M, A]).now();
    assert_eq!(nothing.baa(A), "unknown");
    let reason = nothing.coverage_of(A, "baa")["reason"].as_str().unwrap();
    assert!(reason.contains(&format!("the agreements of account {A}")) && reason.contains(ORG), "{reason}");
}

#[test]
fn what_may_be_missing_governs_or_not_as_the_rules_say() {
    let own = |w: World| w.accepted("Own", "baa", "account", A, "2024-01-01", None);
    let row = |w: World| w.now().coverage_of(A, "baa").clone();
    let covered = row(own(world(&[M, A])));
    assert_eq!(
        (&covered["coverage"], &covered["governing"]),
        (&json!("covered"), &json!(null)),
        "R48 may supersede it"
    );
    assert_eq!(covered["alsoInForce"], json!(["customer-agreement-Own"]));
    let offline = row(own(world(&[M, A])).offline(json!([{"account": A, "from": "2020-01-01"}])));
    assert_eq!(offline["governing"]["scope"], "offline", "D6: whatever else is in force");
    assert_eq!(offline["reason"], json!(null));
    let organization = world(&[A]).accepted("Org", "baa", "organization", ORG, "2024-01-01", None);
    assert_eq!(
        row(organization)["governing"]["scope"],
        "organization",
        "R48: an account agreement would be superseded"
    );
}

#[test]
fn the_rules_may_say_otherwise_of_what_is_missing() {
    let own = rules_with(
        "agreements/governs.cedar",
        "principal.agreement.scope == \"account\" && context.scopesInForce.contains(\"organization\")",
        "principal.agreement.scope == \"organization\" && context.scopesInForce.contains(\"account\")",
    );
    let account = world(&[M, A]).accepted("Own", "baa", "account", A, "2024-01-01", None);
    let row = assess_by(&own, &account, &Ask::default()).coverage_of(A, "baa").clone();
    assert_eq!(row["governing"]["scope"], "account", "here an organization agreement never supersedes");
}

#[test]
fn a_rule_that_reads_more_of_what_is_missing_leaves_it_unknown_what_governs() {
    let offline = world(&[M, A])
        .accepted("Own", "baa", "account", A, "2024-01-01", None)
        .offline(json!([{"account": A, "from": "2020-01-01"}]));
    let reading = rules_with(
        "agreements/governs.cedar",
        "when { context.scopesInForce.contains(\"offline\") }",
        "when { context.scopesInForce.contains(\"offline\") && principal.effectiveStart <= context.at }",
    );
    let row = assess_by(&reading, &offline, &Ask::default()).coverage_of(A, "baa").clone();
    assert_eq!((&row["coverage"], &row["governing"]), (&json!("covered"), &json!(null)));
    assert!(row["reason"].as_str().unwrap().contains("has its agreements listed"), "{row}");
}

#[test]
fn which_lists_tell_is_a_rule() {
    let closed = rules_with(
        "agreements/standing.cedar",
        "when { principal.agreementsKnown }",
        "when { principal.agreementsKnown && principal.state == \"ACTIVE\" }",
    );
    let world = World::new().org(json!({})).account(M, json!({"agreementsKnown": false}), &[ORG]).account(
        A,
        json!({"state": "CLOSED"}),
        &[ORG],
    );
    assert_eq!(world.now().baa(A), "not-covered");
    assert_eq!(assess_by(&closed, &world, &Ask::default()).baa(A), "unknown");
}

#[test]
fn designation_is_unknown_where_what_is_missing_may_designate() {
    let hipaa = |w: &World| w.now().account(A)["hipaa"].clone();
    assert_eq!(hipaa(&world(&[M, A]))["designated"], json!(null));
    assert_eq!(hipaa(&world(&[]))["designated"], json!(false));
    let other = rules_with(
        "hipaa/facts.cedar",
        "when { principal.agreement.kind == \"baa\" }",
        "when { principal.agreement.kind == \"andb\" }",
    );
    let known = world(&[M, A]).accepted("Nda", "andb", "account", A, "2024-01-01", None);
    let designated = |w: &World| assess_by(&other, w, &Ask::default()).account(A)["hipaa"]["designated"].clone();
    assert_eq!(designated(&known), json!(true), "another kind designates, by these rules");
    assert_eq!(designated(&world(&[M, A])), json!(null));
}

#[test]
fn memberships_and_designations_stand_in_what_they_belong_to() {
    for (uid, place) in
        [("Membership::\"m\"", "`memberships` of its account"), ("Designation::\"d\"", "`designations`")]
    {
        let problems = world(&[]).entity(json!({"uid": uid, "attrs": {}})).problems();
        let [problem] = problems.as_slice() else { panic!("{uid}: {} problems", problems.len()) };
        assert!(problem.message().contains("cannot be declared on its own"), "{problem}");
        assert!(format!("{problem:?}").contains(place), "{problem:?}");
    }
}

/// A policy about coverage may read what an inventory need not declare: then it is asked with every value.
#[test]
fn coverage_that_depends_on_what_is_not_declared_is_unknown() {
    let rules = rules_with(
        "agreements/in_force.cedar",
        "when { principal has organization && resource in principal.organization }",
        "when { principal has organization && resource in principal.organization }\nwhen { principal.organization has featureSet && principal.organization.featureSet == \"ALL\" }",
    );
    let world = |features: serde_json::Value| {
        let mut attrs = json!({"managementAccount": M});
        if !features.is_null() {
            attrs["featureSet"] = features;
        }
        World::new()
            .entity(json!({"uid": ORG, "attrs": attrs}))
            .account(M, json!({}), &[ORG])
            .account(A, json!({}), &[ORG])
            .accepted("Org", "baa", "organization", ORG, "2024-01-01", None)
    };
    let of =
        |world: World, account: &str| assess_by(&rules, &world, &Ask::default()).coverage_of(account, "baa").clone();
    assert_eq!(of(world(json!("ALL")), A)["coverage"], "covered");
    assert_eq!(of(world(json!("CONSOLIDATED_BILLING")), A)["coverage"], "not-covered");
    let unknown = of(world(json!(null)), A);
    assert_eq!(unknown["coverage"], "unknown");
    assert!(unknown["reason"].as_str().unwrap().contains(&format!("featureSet of {ORG}")), "{unknown}");
    let own = world(json!(null)).accepted("Own", "baa", "account", A, "2024-01-01", None);
    let covered = of(own, A);
    assert_eq!(
        (&covered["coverage"], &covered["governing"]),
        (&json!("covered"), &json!(null)),
        "by which is not known"
    );
    assert_eq!(covered["alsoInForce"], json!(["customer-agreement-Own"]), "what is in force whatever it is");
}

/// The list of an account that has left tells what it saw when it was listed, which is nothing of the organization that it left.
#[test]
fn a_list_tells_nothing_of_an_organization_that_its_account_has_left() {
    let left = json!({"memberships": [{"organization": ORG, "from": "2020-01-01", "until": "2023-01-01"}]});
    let hidden = |id: &str| json!({"agreementsKnown": false, "memberships": [{"organization": ORG, "from": format!("2020-01-0{}", &id[..1])}]});
    let world =
        World::new().org(json!({})).account(M, hidden(M), &[ORG]).account(A, left, &[]).account(B, hidden(B), &[ORG]);
    assert_eq!(world.assess(&on("2022-06-01")).baa(A), "unknown", "no account of today's organization was listed");
    assert_eq!(world.now().baa(A), "not-covered", "its own list tells what is its own");
}

#[test]
fn phi_of_which_nothing_says_where_it_is_leaves_the_definition_open() {
    let world = World::new().entity(
        json!({"uid": A, "attrs": {"phi": {"services": [], "safeguardsAttested": true}}, "tags": {"Data": "PHI"}}),
    );
    let hipaa = world.now().account(A)["hipaa"].clone();
    assert_eq!((&hipaa["holdsPhi"], &hipaa["meetsDefinition"]), (&json!(true), &json!(null)));
}

/// R50, D16: whether an account has an agreement of its own below that of its organization is not known where its list is not.
#[test]
fn what_is_superseded_is_unknown_where_the_own_agreements_are() {
    let organization = |world: World| world.accepted("Org", "baa", "organization", ORG, "2024-01-01", None);
    let row = |w: World| w.now().coverage_of(A, "baa").clone();
    let unknown = row(organization(world(&[A])));
    let reason = unknown["supersededUnknown"].as_str().unwrap_or_else(|| panic!("{unknown}"));
    assert!(reason.contains(&format!("the agreements of account {A} could not be listed")), "{reason}");
    assert_eq!(unknown["superseded"], json!([]));
    assert_eq!(row(organization(world(&[])))["supersededUnknown"], json!(null), "its list is whole");
    let own = organization(world(&[A])).accepted("Own", "baa", "account", A, "2024-01-01", None);
    assert_eq!(row(own)["supersededUnknown"], json!(null), "of its scope one is known");
    // D6: below an offline agreement it would be in force as well
    let offline = row(world(&[M, A]).offline(json!([{"account": A, "from": "2020-01-01"}])));
    assert!(offline["alsoInForceUnknown"].as_str().is_some_and(|why| why.contains(A)), "{offline}");
    for args in [&["--format", "csv"][..], &["--history", "--format", "csv"]] {
        let folder = organization(world(&[A])).folder();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output =
            command.arg("coverage").arg(folder.path()).args(["--agreement", "baa"]).args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut rows = csv(&text).into_iter();
        let header = rows.next().unwrap();
        let at = |name: &str| header.iter().position(|h| h == name).unwrap();
        let cells = |account: &str| -> Vec<String> {
            let own = |row: &&Vec<String>| row[0] == account && row[at("coverage")] == "covered";
            csv(&text).iter().filter(own).map(|row| row[at("superseded")].clone()).collect()
        };
        assert_eq!((cells(A), cells(M)), (vec!["unknown".to_owned()], vec![String::new()]), "{text}");
    }
}

/// D31: a table says that there are other accounts in a row of its own, and on stderr.
#[test]
fn a_table_tells_of_accounts_that_were_not_listed() {
    let open =
        World::new().org(json!({"accountsKnown": false})).account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG]);
    let open = open.accepted("Org", "baa", "organization", ORG, "2024-01-01", None);
    let printed = |world: &World, args: &[&str]| {
        let folder = world.folder();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.arg("coverage").arg(folder.path()).args(args).args(["--format", "csv"]).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (csv(&text(output.stdout)), text(output.stderr))
    };
    for args in [&[][..], &["--agreement", "baa"], &["--history"], &["--without-cover"]] {
        let (rows, told) = printed(&open, args);
        let of = |name: &str| rows[0].iter().position(|h| h == name).unwrap();
        let kind = if args == ["--history"] { of("kind") } else { of("agreement") };
        let others = format!("other accounts of {ORG}");
        let baa = rows.iter().find(|row| row[0] == others && row[kind] == "baa").unwrap_or_else(|| panic!("{rows:?}"));
        assert_eq!(baa[of("coverage")], "unknown");
        assert!(told.contains("its accounts were not all listed"), "{told}");
        let (rows, told) = printed(&World::organization(), args);
        assert!(!rows.iter().any(|row| row[0].starts_with("other accounts")) && !told.contains("not all listed"));
    }
    let (rows, _) = printed(&open, &["--account", A]);
    assert!(!rows.iter().any(|row| row[0].starts_with("other accounts")), "nothing is asked of others: {rows:?}");
}

/// The rows of CSV without line breaks in cells.
fn csv(text: &str) -> Vec<Vec<String>> {
    let row = |line: &str| {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => cells.last_mut().unwrap().push(c),
            }
        }
        cells
    };
    text.lines().map(row).collect()
}
