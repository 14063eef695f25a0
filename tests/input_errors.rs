//! An inventory with one mistake of each kind: each error has its place, and says what to do.

use crate::common::*;
use countersign_core::inventory::Inventory;
use countersign_core::problem::{Failure, Problem};
use serde_json::{Value, json};

fn only(problems: &[Problem], underlined: &str, message: &str) {
    let shown: Vec<String> = problems.iter().map(|p| format!("`{}`: {p}", p.underlined())).collect();
    assert!(
        problems.iter().any(|p| p.underlined() == underlined && p.message().contains(message)),
        "expected `{underlined}`: {message}\n{}",
        shown.join("\n")
    );
}

fn wrong_text(text: &str, underlined: &str, message: &str) {
    only(&World::new().file("x.json", text).problems(), underlined, message);
}

fn wrong(world: World, underlined: &str, message: &str) {
    only(&world.problems(), underlined, message);
}

fn account(attrs: Value) -> World {
    World::new().account(A, attrs, &[])
}

#[test]
fn text_that_is_no_json() {
    wrong_text("[{]", "]", "invalid JSON");
    wrong_text(r#"[{"uid": "222222222222", "uid": "222222222222"}]"#, r#""uid""#, "appears twice");
    wrong_text("\u{feff}[]", "\u{feff}", "byte order mark");
    wrong_text(&format!("{}{}", "[".repeat(200), "]".repeat(200)), "[", "nested");
}

#[test]
fn bytes_that_are_no_text() {
    let folder = World::new().folder();
    std::fs::write(folder.path().join("x.json"), b"[\"\xff\"]").unwrap();
    let Err(Failure::Problems(problems)) = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()) else {
        panic!()
    };
    only(&problems, "\u{fffd}", "invalid UTF-8");
}

#[test]
fn files_that_are_neither_entities_nor_policies() {
    wrong_text(r#"{"Buckets": []}"#, "{", "an object with Buckets");
    wrong_text(r#"{"a": 1}"#, "{", "neither entities, nor a policy");
    wrong_text("[1, 2]", "[", "an array of something other than entities");
    wrong_text("true", "true", "a boolean");
    let excluded = account(json!({})).file("x.json", "true").file("countersign.toml", "exclude = [\"x.json\"]\n");
    assert_eq!(excluded.problems().len(), 0);
}

#[test]
fn entities_that_the_schema_does_not_know() {
    wrong(
        World::new().entity(json!({"uid": "Acount::\"222222222222\""})),
        r#""Acount::\"222222222222\"""#,
        "no entity type `Acount`",
    );
    wrong(account(json!({"nam": "x"})), "\"nam\"", "an Account has no `nam`");
    wrong(account(json!({"name": 1})), "1", "`name` of an Account must be a string");
    wrong(account(json!({"state": "CLOSE"})), "\"CLOSE\"", "cannot be `CLOSE`");
    wrong(account(json!({"partition": "aws-eu"})), "\"aws-eu\"", "cannot be `aws-eu`");
    wrong(World::new().entity(json!({"uid": ORG, "attrs": {}})), &format!("\"{ORG}\""), "needs `managementAccount`");
    wrong(account(json!({"nda": {}})), "{}", "`nda` needs `accepted`");
    wrong(account(json!({"phi": {"services": "s3"}})), "\"s3\"", "must be an array");
    wrong(World::new().entity(json!({"uid": A, "attributes": {}})), "\"attributes\"", "no `attributes`");
    wrong(World::new().entity(json!({"attrs": {}})), "{", "no `uid`");
    wrong(World::new().entity(json!({"uid": "legal"})), "\"legal\"", "does not say which type");
    wrong(World::new().entity(json!({"uid": A, "tags": {"a": 1}})), "1", "the value of a tag");
    wrong(World::new().entity(json!({"uid": ORG, "tags": {}})), "\"tags\"", "cannot have tags");
}

#[test]
fn a_near_name_is_suggested_and_a_far_one_is_not() {
    let help = |attrs: Value| {
        let problems = account(attrs).problems();
        problems[0].help_text().unwrap().to_owned()
    };
    assert_eq!(help(json!({"membership": []})), "did you mean `memberships`?");
    assert!(!help(json!({"colour": "red"})).contains("did you mean"));
}

#[test]
fn moments_that_are_none() {
    let agreement = |start: Value| {
        account(json!({})).entity(json!({"uid": "customer-agreement-x",
        "attrs": {"agreement": "baa", "account": A, "effectiveStart": start}}))
    };
    wrong(agreement(json!("soon")), "\"soon\"", "`soon` is not a valid date or time");
    wrong(agreement(json!("2024-02-30")), "\"2024-02-30\"", "is not a valid date or time");
    wrong(agreement(json!(1709647272)), "1709647272", "must be a date or time, but this is a number");
}

#[test]
fn what_is_defined_twice() {
    let world = account(json!({})).account(A, json!({}), &[]);
    let problems = world.problems();
    only(&problems, &format!("\"{A}\""), "is defined twice");
    assert_eq!(problems[0].place().unwrap().source.path, "entities.json");
}

#[test]
fn references_to_nothing() {
    wrong(
        World::new().account(A, json!({}), &["ou-ab12-nowhere1"]),
        "\"ou-ab12-nowhere1\"",
        "there is no OrganizationalUnit",
    );
    wrong(account(json!({"approvedReports": ["report-none"]})), "\"report-none\"", "there is no Report");
    wrong(World::new().user(A, "a", json!([])), &format!("\"{}\"", user(A, "a")), "there is no Account");
    wrong(
        account(json!({})).user(A, "a", json!(["iam/none.json"])),
        "\"iam/none.json\"",
        "there is no policy document iam/none.json",
    );
    let own = format!("arn:aws:iam::{A}:policy/none");
    wrong(account(json!({})).user(A, "a", json!([own])), &format!("\"{own}\""), "there is no policy");
    wrong(
        account(json!({})).accepted("x", "bba", "account", A, "2024-01-01", None),
        "\"bba\"",
        "there is no agreement `bba`",
    );
    wrong(
        account(json!({})).accepted("x", "sec-17a-4", "organization", "o-none", "2024-01-01", None),
        "\"o-none\"",
        "there is no Organization",
    );
}

#[test]
fn arns_that_contradict_their_account() {
    let other = json!({"uid": user(A, "a"), "attrs": {"account": B}});
    wrong(account(json!({})).account(B, json!({}), &[]).entity(other), &format!("\"{B}\""), "the ARN names account");
    let gov = json!({"uid": format!("arn:aws-us-gov:iam::{A}:user/a")});
    wrong(account(json!({})).entity(gov), &format!("\"arn:aws-us-gov:iam::{A}:user/a\""), "is in the partition");
    let short = json!({"uid": "User::\"jane\"", "attrs": {"account": A}});
    wrong(account(json!({})).entity(short), r#""User::\"jane\"""#, "is not the ARN of a user");
    wrong(
        World::new().entity(json!({"uid": "Account::\"12345\""})),
        r#""Account::\"12345\"""#,
        "is not an account number",
    );
    let group = format!("arn:aws:iam::{B}:group/g");
    let world = account(json!({})).account(B, json!({}), &[]).entity(json!({"uid": group}));
    wrong(
        world.entity(json!({"uid": user(A, "a"), "parents": [group]})),
        &format!("\"{group}\""),
        "this group does not belong to account",
    );
}

#[test]
fn trees_that_are_none() {
    let unit = |id: &str, parent: &str| json!({"uid": id, "parents": [parent]});
    let cycle = World::new()
        .entity(unit("ou-ab12-one00001", "ou-ab12-two00001"))
        .entity(unit("ou-ab12-two00001", "ou-ab12-one00001"));
    wrong(cycle, "\"ou-ab12-two00001\"", "form a cycle");
    wrong(
        World::new().entity(json!({"uid": "ou-ab12-one00001"})),
        "\"ou-ab12-one00001\"",
        "does not belong to an organization",
    );
    let other = json!({"uid": "o-other00000", "attrs": {"featureSet": "ALL", "managementAccount": B, "trustedAccess": true, "serviceRole": true}});
    let two = World::organization().entity(other).account(B, json!({}), &["o-other00000"]);
    wrong(two.account("444444444444", json!({}), &[ORG, "o-other00000"]), "\"o-other00000\"", "in two organizations");
    wrong(World::new().org(json!({})).account(M, json!({}), &[]), &format!("\"{M}\""), "is not in it");
    wrong(
        World::organization().account(B, json!({}), &["OfflineAgreement::\"x\""]),
        r#""OfflineAgreement::\"x\"""#,
        "cannot be in",
    );
}

#[test]
fn memberships_that_contradict() {
    let with = |memberships: Value, parents: &[&str]| {
        World::organization().account(B, json!({"memberships": memberships}), parents)
    };
    let overlapping = json!([{"organization": ORG, "from": "2020-01-01", "until": "2021-01-01"}, {"organization": ORG, "from": "2020-06-01"}]);
    let problems = with(overlapping, &[ORG]).problems();
    assert!(problems[0].message().contains("overlap"), "{problems:?}");
    let two_open = json!([{"organization": ORG, "from": "2020-01-01"}, {"organization": ORG, "from": "2021-01-01"}]);
    assert!(with(two_open, &[ORG]).problems()[0].message().contains("overlap"));
    let open = with(json!([{"organization": ORG, "from": "2020-01-01"}]), &[]).problems();
    assert!(open[0].message().contains("not according to its parents"), "{open:?}");
    let closed = with(json!([{"organization": ORG, "from": "2020-01-01", "until": "2021-01-01"}]), &[ORG]).problems();
    assert!(closed[0].message().contains("no membership is open"), "{closed:?}");
    let backwards = with(json!([{"organization": ORG, "from": "2021-01-01", "until": "2020-01-01"}]), &[]).problems();
    assert!(backwards[0].message().contains("ends before it begins"));
}

#[test]
fn agreements_that_contradict() {
    let world = account(json!({}));
    let acceptance = |attrs: Value| {
        let mut all = json!({"agreement": "baa", "account": A, "effectiveStart": "2024-01-01"});
        for (k, v) in attrs.as_object().unwrap() {
            all[k] = v.clone();
        }
        World::organization().entity(json!({"uid": "customer-agreement-x", "attrs": all}))
    };
    wrong(acceptance(json!({"state": "ACTIVE", "effectiveEnd": "2025-01-01"})), "\"ACTIVE\"", "D20");
    wrong(acceptance(json!({"state": "AWS_TERMINATED"})), "\"AWS_TERMINATED\"", "D20");
    wrong(acceptance(json!({"effectiveEnd": "2023-01-01"})), "\"2023-01-01\"", "ends before it begins");
    wrong(
        acceptance(json!({"agreement": "agreement-Og8HCNyYwYNp8AR1"})),
        "\"agreement-Og8HCNyYwYNp8AR1\"",
        "another partition",
    );
    wrong(
        acceptance(json!({"agreement": "agreement-y03aUwMAEorHtqjv"})),
        "\"agreement-y03aUwMAEorHtqjv\"",
        "has the scope organization",
    );
    wrong(acceptance(json!({"organization": ORG})), "\"customer-agreement-x\"", "both `account` and `organization`");
    wrong(acceptance(json!({"organizationalUnits": ["ou-ab12-hipaa001"]})), "\"organizationalUnits\"", "R45");
    wrong(
        world.accepted("x", "baa", "organization", "ou-ab12-hipaa001", "2024-01-01", None),
        "\"ou-ab12-hipaa001\"",
        "R45",
    );
}

#[test]
fn policies_that_are_not_understood() {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "artifact:Get", "Resource": "*", "Conditions": {}}]});
    wrong(account(json!({})).user(A, "a", json!([document])), "\"Conditions\"", "a statement has no `Conditions`");
    let file = r#"{"Statement": [{"Effect": "Allow", "Action": "artifact:Get", "Resource": "*", "Condition": {"StringMatches": {"a:b": "c"}}}]}"#;
    wrong(account(json!({})).file("iam/unused.json", file), "\"StringMatches\"", "no condition operator");
    let text =
        account(json!({})).entity(json!({"uid": "IamPolicy::\"x\"", "attrs": {"document": "{\"Statement\": ["}}));
    assert!(text.problems()[0].message().contains("invalid JSON"));
}

#[test]
fn a_loop_of_links_and_an_unreadable_setting() {
    let folder = account(json!({})).file("sub/x.json", "[]").folder();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("sub/loop")).unwrap();
    let Err(Failure::Problems(problems)) = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()) else {
        panic!()
    };
    assert!(problems[0].message().contains("loop"), "{problems:?}");
    wrong(account(json!({})).file("countersign.toml", "asof = 1\n"), "asof", "unknown field");
}

#[test]
fn all_errors_of_a_run_are_shown() {
    let world = account(json!({"nam": "x"}))
        .account("333", json!({"colour": "red"}), &[])
        .file("y.json", "true")
        .file("z.json", "{");
    let paths: Vec<String> = world.problems().iter().map(|p| p.place().unwrap().source.path.clone()).collect();
    assert_eq!(paths, ["entities.json", "entities.json", "y.json", "z.json"]);
}

#[test]
fn an_empty_folder_is_nothing() {
    for world in [World::new(), World::new().file("x.json", "[]"), World::new().file("readme.txt", "x")] {
        assert!(matches!(
            Inventory::load(&Folder::new(world.folder().path()), SCHEMA.clone()),
            Err(Failure::Nothing(_))
        ));
    }
}

/// A path is relative to the file that names it, also where another file's path reads the same.
#[test]
fn the_same_path_from_two_folders_is_two_documents() {
    let admin = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let none = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
    let entity = |name: &str| json!([{"uid": user(A, name), "attrs": {"policies": ["iam/p.json"]}}]).to_string();
    let world = account(json!({})).file("a/e.json", entity("a")).file("b/e.json", entity("b"));
    let answers = world.file("a/iam/p.json", admin).file("b/iam/p.json", none).now();
    assert_eq!(answers.decision(&user(A, "a"), "accept-agreement", "account"), "allow");
    assert_eq!(answers.decision(&user(A, "b"), "accept-agreement", "account"), "deny");
}

/// A document that is excluded and named all the same is read, and what is wrong with it is shown.
#[test]
fn a_named_document_is_read_even_where_the_walk_passes_it_over() {
    let world = account(json!({})).user(A, "a", json!([".hidden/p.json"])).file(".hidden/p.json", "{\"Statement\": [}");
    let problems = world.problems();
    only(&problems, "}", "invalid JSON");
}

#[test]
fn what_a_broken_file_declares_is_not_said_to_be_missing() {
    let world = account(json!({"memberships": [{"organization": ORG}]})).file("organization.json", "[ {\"uid\": } ]");
    let problems = world.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message().starts_with("invalid JSON"));
}

/// `BAA` is no kind of its own: an offline agreement of it would cover nothing that was meant.
#[test]
fn a_kind_that_is_written_almost_as_a_known_one() {
    let offline = |kind: &str| {
        let attrs = json!({"kind": kind, "effectiveStart": "2019-01-01", "designations": []});
        account(json!({})).entity(json!({"uid": "offline-x", "attrs": attrs}))
    };
    let told = |kind: &str| {
        let folder = offline(kind).folder();
        let problems = match Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()) {
            Err(Failure::Problems(problems)) => problems,
            Err(other) => panic!("{other}"),
            Ok(inventory) => inventory.warnings,
        };
        problems.iter().map(|p| (p.is_error(), p.underlined().to_owned(), p.message().to_owned())).collect::<Vec<_>>()
    };
    let message = |kind: &str| format!("`{kind}` is another kind of agreement than `baa`");
    assert_eq!(told("BAA"), [(true, "\"BAA\"".to_owned(), message("BAA"))]);
    assert_eq!(told("bab"), [(false, "\"bab\"".to_owned(), message("bab"))]);
    assert_eq!(told("baa"), []);
    assert_eq!(told("gdpr-addendum"), []);
    let agreement = json!({"kind": "Baa", "scope": "account", "partition": "aws"});
    wrong(account(json!({})).entity(json!({"uid": "agreement-x", "attrs": agreement})), "\"Baa\"", &message("Baa"));
}

/// Of two designations at the same time one has a wrong date: since when the account is covered would be a guess.
#[test]
fn an_account_is_designated_once_at_a_time() {
    let designated = |second: Value| {
        account(json!({})).offline(json!([{"account": A, "from": "2019-01-01", "until": "2020-01-01"}, second]))
    };
    for (from, until) in [("2019-06-01", None), ("2019-01-01", Some("2020-01-01")), ("2018-01-01", Some("2019-01-02"))]
    {
        let mut second = json!({"account": A, "from": from});
        if let Some(until) = until {
            second["until"] = json!(until);
        }
        let problems = designated(second).problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].message(), format!("account {A} is designated twice at the same time"));
        let help = problems[0].help_text().unwrap();
        assert!(help.starts_with("the other designation is at ") && help.contains(".json:"), "{help}");
    }
    for second in [
        json!({"account": A, "from": "2020-01-01"}),
        json!({"account": A, "from": "2018-01-01", "until": "2019-01-01"}),
    ] {
        assert_eq!(designated(second.clone()).problems().len(), 0, "{second}");
    }
    let both = account(json!({})).account(B, json!({}), &[]);
    let both = both.offline(json!([{"account": A, "from": "2019-01-01"}, {"account": B, "from": "2019-01-01"}]));
    assert_eq!(both.problems().len(), 0);
    let overlapping = json!([{"organization": ORG, "from": "2020-01-01", "until": "2022-01-01"}, {"organization": ORG, "from": "2021-01-01"}]);
    let world = World::organization().account(B, json!({"memberships": overlapping}), &[ORG]);
    let problems = world.problems();
    assert!(problems[0].message().contains("overlap (R41)"), "{problems:?}");
    assert!(problems[0].help_text().unwrap().starts_with("the other is at "), "{problems:?}");
}

/// One list says what AWS does not store (D29), for evaluation as for lint.
#[test]
fn policies_that_aws_does_not_store() {
    let statement = |more: &str| format!(r#"{{{more}"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#);
    let policy = |statements: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        World::new().account(A, json!({}), &[]).user(A, "a", json!(["p.json"])).file("p.json", text)
    };
    wrong(policy(&statement(r#""Principal": "*", "#)), r#""Principal""#, "where AWS rejects it");
    let twice = format!("{}, {}", statement(r#""Sid": "A", "#), statement(r#""Sid": "A", "#));
    wrong(policy(&twice), r#""A""#, "appears twice in one policy");
    let service = statement("").replace("s3:Get*", "s?:Get*");
    wrong(policy(&service), r#""s?:Get*""#, "a wildcard in its service prefix");
    wrong(policy(&statement("").replace(r#""s3:Get*""#, "[]")), "[]", "`Action` is an empty list");
    wrong(policy(&statement("").replace("s3:Get*", "s3:Get:Object")), r#""s3:Get:Object""#, "more than one colon");
    let sid = statement(r#""Sid": "A b", "#);
    wrong(policy(&sid), &sid, "contains characters other than letters and digits");
    let control = |sid: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statement(sid));
        let attached = json!({"serviceControlPolicies": ["p.json"]});
        World::new().account(A, attached, &[]).file("p.json", text)
    };
    // Organizations stores what IAM does not
    assert_eq!(control(r#""Sid": "A b", "#).problems().len(), 0);
}

/// The principals of a trust policy are of the forms that lint knows, too (D29).
#[test]
fn trust_policies_name_principals_that_there_can_be() {
    let role = |principal: &str| {
        let trust = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {principal}, "Action": "sts:AssumeRole"}}]}}"#
        );
        let uid = format!("Role::\"arn:aws:iam::{A}:role/r\"");
        let role = json!({"uid": uid, "attrs": {"policies": [], "trustPolicy": "t.json"}, "parents": [A]});
        World::new().account(A, json!({}), &[]).entity(role).file("t.json", trust)
    };
    for principal in [
        r#"{"AWS": "arn:aws:iam::111122223333:group/g"}"#,
        r#"{"AWS": "11112222333"}"#,
        r#"{"Service": "ec2"}"#,
        r#"{"Federated": "*"}"#,
    ] {
        wrong(role(principal), principal, "");
    }
}
