//! What was not collected is unknown (D31): who may be there unseen, what they could do, and the gates that do not pass for it.

use crate::common::*;
use countersign::report::expectations::reports;
use countersign_core::assessment::completeness::Missing;
use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::{Assessment, Options, assess};
use countersign_core::assessments::Assessments;
use countersign_core::diff::differences::AccessChange;
use countersign_core::diff::{Diff, Side, diff};
use countersign_core::expectations::Suite;
use countersign_core::expectations::run::run;
use countersign_core::guardrails::{By, GuardrailResult, GuardrailState, Guardrails};
use countersign_core::inventory::Inventory;
use countersign_core::terms::{PrincipalKind, Scope};
use serde_json::{Value, json};

const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-abcdef1234567890";
const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1234567890abcdef";

fn options(inventory: &Inventory) -> Options {
    let at = at("2026-11-01");
    Options { at, snapshot: at, context: inventory.config.context.clone(), ..Options::default() }
}

fn assessed(world: &World) -> Assessment {
    let inventory = world.load();
    assess(&inventory, &RULES, &options(&inventory)).unwrap_or_else(|f| panic!("{}", words(&f)))
}

/// Who could accept an account BAA, unseen.
fn others(world: &World) -> Vec<Others> {
    let accepts = |o: &countersign_core::assessment::Operation| {
        (o.operation, o.scope, o.agreement.as_deref()) == ("accept-agreement", Some(Scope::Account), Some("baa"))
    };
    assessed(world).perhaps_others(accepts).collect()
}

/// Where they are, and why they are not known.
fn told(world: &World) -> Vec<(String, Vec<Missing>)> {
    others(world).into_iter().map(|o| (o.place(), o.missing)).collect()
}

fn member(attrs: Value) -> World {
    World::new().org(json!({})).account(M, json!({}), &[ORG]).account(A, attrs, &[ORG])
}

/// A permission set that accepts, assigned in an account to a group of these people.
fn with_group(world: World, group: Value, people: &[&str]) -> World {
    let assignment = json!({"group": "g-legal", "accounts": [A]});
    let attrs = json!({"name": "Legal", "policies": [FULL], "assignments": [assignment]});
    let world = world.entity(json!({"uid": {"type": "PermissionSet", "id": SET}, "attrs": attrs}));
    let world = world.entity(json!({"uid": {"type": "IdentityCenterGroup", "id": "g-legal"}, "attrs": group}));
    people.iter().fold(world, |world, name| {
        let parents = [json!({"type": "IdentityCenterGroup", "id": "g-legal"})];
        let uid = json!({"type": "IdentityCenterUser", "id": format!("u-{name}")});
        world.entity(json!({"uid": uid, "attrs": {"userName": name}, "parents": parents}))
    })
}

#[test]
fn a_declaration_is_complete_and_what_was_not_collected_is_told() {
    assert_eq!(told(&member(json!({}))), []);
    assert_eq!(told(&member(json!({"principalsKnown": true, "assignmentsKnown": true}))), []);
    assert_eq!(told(&member(json!({"principalsKnown": false}))), [(A.to_owned(), vec![Missing::Principals])]);
    assert_eq!(told(&member(json!({"assignmentsKnown": false}))), [(A.to_owned(), vec![Missing::Assignments])]);
    let both = json!({"principalsKnown": false, "assignmentsKnown": false});
    assert_eq!(told(&member(both)), [(A.to_owned(), vec![Missing::Assignments, Missing::Principals])]);
    let instance = |attrs: Value| {
        member(json!({})).entity(json!({"uid": {"type": "IdentityCenterInstance", "id": INSTANCE}, "attrs": attrs}))
    };
    let everywhere = [M, A].map(|a| (a.to_owned(), vec![Missing::Assignments]));
    assert_eq!(told(&instance(json!({"assignmentsKnown": false}))), everywhere);
    assert_eq!(told(&instance(json!({}))), []);
    let unlisted = World::new().org(json!({"accountsKnown": false})).account(M, json!({}), &[ORG]);
    assert_eq!(told(&unlisted), [(format!("other accounts of {ORG}"), vec![Missing::Accounts])]);
}

#[test]
fn members_of_a_group_count_where_its_permission_set_may() {
    let open = |group: Value| with_group(member(json!({})), group, &["dara"]);
    assert_eq!(told(&open(json!({"displayName": "legal"}))), []);
    let group = json!({"displayName": "legal", "membersKnown": false});
    let found = others(&open(group.clone()));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].permission_set.as_deref(), found[0].groups.as_slice()),
        (Some("Legal"), &["legal".to_owned()][..])
    );
    assert_eq!(found[0].missing, [Missing::Members]);
    let instance = json!({"uid": {"type": "IdentityCenterInstance", "id": INSTANCE}, "attrs": {"groupsKnown": false}});
    assert_eq!(others(&open(json!({"displayName": "legal"})).entity(instance)).len(), 1, "no group was listed");
    // what the permission set may not do, none of its people may
    let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:*", "Resource": "*"}]));
    let denied = member(json!({"serviceControlPolicies": [deny, "p-FullAWSAccess"]}));
    assert_eq!(told(&with_group(denied, group, &["dara"])), []);
}

/// The root user may be denied what a role is not: what root cannot do says nothing of others.
#[test]
fn others_can_do_what_service_control_policies_leave_to_anybody() {
    let under = |statement: Value| {
        let scp = policy(json!([statement]));
        told(&member(json!({"principalsKnown": false, "serviceControlPolicies": ["p-FullAWSAccess", scp]})))
    };
    let deny =
        |condition: Value| json!({"Effect": "Deny", "Action": "artifact:*", "Resource": "*", "Condition": condition});
    let seen: [(String, Vec<Missing>); 0] = [];
    assert_eq!(under(json!({"Effect": "Deny", "Action": "artifact:*", "Resource": "*"})), seen, "nobody can");
    assert_eq!(under(deny(json!({"StringLike": {"aws:PrincipalArn": format!("arn:aws:iam::{A}:*")}}))), seen);
    assert_eq!(under(deny(json!({"StringEquals": {"aws:PrincipalAccount": A}}))), seen);
    let open = [(A.to_owned(), vec![Missing::Principals])];
    assert_eq!(under(deny(json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}))), open);
    assert_eq!(under(deny(json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/legal"}}))), open);
    assert_eq!(under(deny(json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}))), open);
    assert_eq!(under(deny(json!({"StringNotEquals": {"aws:PrincipalTag/team": "legal"}}))), open);
    // what is active already can be accepted by nobody
    let active = member(json!({"principalsKnown": false})).accepted("Own", "baa", "account", A, "2024-01-01", None);
    assert_eq!(told(&active), seen);
}

fn met(world: &World, text: &str) -> Result<(), String> {
    let folder = world.clone().file("x.expect.toml", text).folder();
    let source = Folder::new(folder.path());
    let inventory = Inventory::load(&source, SCHEMA.clone()).unwrap();
    let suite = Suite::read(&source, &inventory.config.exclude, &RULES.operations).unwrap();
    let cases = run(&suite, &Assessments::new(&inventory, &RULES), &options(&inventory)).unwrap();
    let cases = reports(&cases);
    assert_eq!(cases.len(), 1);
    if cases[0].passed { Ok(()) } else { Err(format!("{:?}", cases[0].actual)) }
}

#[test]
fn only_is_met_by_those_who_are_listed_alone_and_named_principals_are_unaffected() {
    let only = |more: &str| {
        format!(
            "[[only]]\nprincipal = [\"legal\", \"arn:aws:iam::*:root\"]\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\n{more}"
        )
    };
    let legal = |attrs: Value| member(attrs).user(A, "legal", json!([FULL]));
    met(&legal(json!({})), &only("")).unwrap();
    let unmet = met(&legal(json!({"principalsKnown": false})), &only("")).unwrap_err();
    assert!(unmet.contains(&format!("perhaps other users and roles in {A}")), "{unmet}");
    let elsewhere = legal(json!({"principalsKnown": false})).user(M, "legal", json!([FULL]));
    met(&elsewhere, &only(&format!("account = \"{M}\""))).unwrap();
    met(&legal(json!({"principalsKnown": false})), &only(&format!("account = \"{A}\""))).unwrap_err();
    let unlisted =
        World::new().org(json!({"accountsKnown": false})).account(M, json!({}), &[ORG]).user(M, "legal", json!([FULL]));
    assert!(met(&unlisted, &only("")).unwrap_err().contains("other accounts of"));
    met(&unlisted, &only(&format!("account = \"{M}\""))).unwrap();
    let access = |who: &str, expect: &str| {
        format!(
            "[[access]]\nprincipal = \"{who}\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\naccount = \"{A}\"\nexpect = \"{expect}\""
        )
    };
    let open = member(json!({"principalsKnown": false})).user(A, "nobody", json!([])).user(A, "legal", json!([FULL]));
    met(&open, &access("nobody", "deny")).unwrap();
    met(&open, &access("legal", "allow")).unwrap();
    met(&open, &access("*user/no*", "deny")).unwrap_err();
    // who may have the permission set is within a promise that names it, and not within one that names a person
    let group = |known: bool| json!({"displayName": "legal", "membersKnown": known});
    let set = |name: &str| {
        format!(
            "[[only]]\nprincipal = [\"{name}\", \"arn:aws:iam::*:root\"]\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\""
        )
    };
    met(&with_group(member(json!({})), group(true), &["dara"]), &set("Legal")).unwrap();
    met(&with_group(member(json!({})), group(false), &["dara"]), &set("Legal")).unwrap();
    met(&with_group(member(json!({})), group(false), &["dara"]), &set("dara")).unwrap_err();
}

#[test]
fn what_covers_all_accounts_is_expected_of_those_that_were_not_listed() {
    let all = "[[coverage]]\nagreement = \"baa\"\nexpect = \"covered\"";
    let world = |known: bool| World::new().org(json!({"accountsKnown": known})).account(M, json!({}), &[ORG]);
    let own = |world: World| world.accepted("Own", "baa", "account", M, "2024-01-01", None);
    met(&own(world(true)), all).unwrap();
    let unmet = met(&own(world(false)), all).unwrap_err();
    assert!(unmet.contains(&format!("other accounts of {ORG}")), "{unmet}");
    met(&own(world(false)), &format!("{all}\naccount = \"{M}\"")).unwrap();
    // an agreement of the organization covers whichever accounts it has
    met(&world(false).accepted("Org", "baa", "organization", ORG, "2024-01-01", None), all).unwrap();
}

fn guarded(world: &World, text: &str) -> GuardrailResult {
    let folder = world.clone().file("guardrails/own.cedar", text).folder();
    let source = Folder::new(folder.path());
    let inventory = Inventory::load(&source, SCHEMA.clone()).unwrap();
    let guardrails = Guardrails::read(&source, &inventory, &SCHEMA).unwrap().unwrap();
    let mut all = guardrails.check(&Assessments::new(&inventory, &RULES), &options(&inventory)).unwrap();
    all.pop().unwrap()
}

#[test]
fn a_guardrail_that_others_could_break_is_unknown() {
    let own = |rest: &str| format!("@id(\"own\") @message(\"is not to\")\nforbid ({rest};");
    // nobody who is listed may do anything: root users are denied
    let scp = policy(
        json!([{"Effect": "Deny", "Action": "artifact:*", "Resource": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}}]),
    );
    let attrs =
        |known: bool| json!({"principalsKnown": known, "serviceControlPolicies": ["p-FullAWSAccess", scp.clone()]});
    let world = |known: bool| {
        let world =
            World::new().org(json!({})).account(M, json!({"state": "ACTIVE"}), &[ORG]).account(A, attrs(known), &[ORG]);
        world.entity(json!({"uid": {"type": "Group", "id": format!("arn:aws:iam::{A}:group/dev")}}))
    };
    let accept = "action == Artifact::Action::\"may-accept-agreement\"";
    let here = format!("resource == Artifact::Account::\"{A}\"");
    for (rest, unknown) in [
        (format!("principal, {accept}, {here})"), true),
        (format!("principal is Artifact::User, {accept}, {here})"), true),
        (format!("principal is Artifact::PermissionSet, {accept}, {here})"), true),
        // root users are listed
        (format!("principal is Artifact::Root, {accept}, {here})"), false),
        (format!("principal, {accept}, {here}) when {{ context.groups.contains(\"dev\") }}"), true),
        (format!("principal, {accept}, {here}) when {{ context.name == \"mallory\" }}"), true),
        (format!("principal in Artifact::Group::\"arn:aws:iam::{A}:group/dev\", {accept}, {here})"), true),
        (format!("principal, {accept}, {here}) when {{ context.may.contains(\"terminate-agreement\") }}"), true),
        (format!("principal is Artifact::User, {accept}, {here}) when {{ principal.hasTag(\"x\") }}"), true),
        (format!("principal, {accept}, {here}) when {{ context.role == \"standalone\" }}"), false),
        (
            format!("principal, {accept}, {here}) when {{ context.scope == \"offline\" }}")
                .replace("context.scope", "context has scope && context.scope"),
            false,
        ),
    ] {
        let text = own(&rest);
        assert_ne!(guarded(&world(true), &text).outcome, GuardrailState::Unknown, "{rest}");
        let found = guarded(&world(false), &text);
        assert_eq!(found.outcome == GuardrailState::Unknown, unknown, "{rest}: {:?}", found.violations);
        assert!(found.violations.iter().all(|v| v.by != By::Grant), "{rest}");
    }
}

fn compare(base: &World, head: &World) -> Diff {
    let (base, head) = (base.load(), head.load());
    let (old, new) = (options(&base), options(&head));
    let side = |inventory, options| Side { inventory, options };
    diff(&side(&base, &old), &side(&head, &new), &RULES).unwrap_or_else(|f| panic!("{}", words(&f)))
}

fn changes(found: &Diff, kind: PrincipalKind) -> Vec<AccessChange> {
    let mut all: Vec<AccessChange> =
        found.access.iter().filter(|e| e.principals.iter().any(|p| p.kind == kind)).map(|e| e.change).collect();
    all.dedup();
    all
}

#[test]
fn a_principal_that_one_side_did_not_list_is_neither_gained_nor_lost() {
    let with = |known: bool| member(json!({"principalsKnown": known})).user(A, "legal", json!([FULL]));
    let without = |known: bool| member(json!({"principalsKnown": known}));
    let found = compare(&without(true), &with(true));
    assert!(changes(&found, PrincipalKind::User).contains(&AccessChange::Gained) && found.verdict.access_widens);
    let found = compare(&without(false), &with(true));
    assert_eq!(changes(&found, PrincipalKind::User), [AccessChange::FirstSeen]);
    // neither gained nor lost: but that no access is new is not known (D31)
    assert!(found.verdict.access_is_unknown && !found.verdict.access_widens, "{:?}", found.verdict);
    let nothing = |known: bool| member(json!({"principalsKnown": known})).user(A, "idle", json!([]));
    assert!(compare(&without(false), &nothing(true)).verdict.is_clean(), "whoever may do nothing is no new access");
    let found = compare(&with(true), &without(false));
    assert_eq!(changes(&found, PrincipalKind::User), [AccessChange::NoLongerKnown]);
    assert!(found.verdict.access_is_unknown && !found.verdict.access_widens && !found.verdict.is_clean());
    let found = compare(&with(true), &without(true));
    assert!(changes(&found, PrincipalKind::User).contains(&AccessChange::Lost) && found.verdict.is_clean());
    // a promise on a principal that both sides list is not affected
    let legal = |policies: Value| member(json!({"principalsKnown": false})).user(A, "legal", policies);
    let found = compare(&legal(json!([])), &legal(json!([FULL])));
    assert!(changes(&found, PrincipalKind::User).contains(&AccessChange::Gained) && found.verdict.access_widens);
}

#[test]
fn whether_access_is_new_is_unknown_where_the_change_reaches_those_who_are_not_listed() {
    let world = |policies: Value, known: bool| {
        let world = member(json!({"principalsKnown": known})).account(B, json!({}), &[ORG]);
        world.user(A, "a", json!([])).user(B, "b", policies)
    };
    let narrow = json!([policy(json!([{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]))]);
    let found = compare(&world(json!([]), false), &world(narrow.clone(), false));
    assert!(!found.verdict.access_is_unknown, "the change is in another account");
    let at = |world: World, day: &str| world.file("countersign.toml", format!("asOf = {day}\n"));
    let base = at(world(json!([]), false), "2026-10-01");
    assert!(!compare(&base, &at(world(narrow.clone(), false), "2026-10-01")).verdict.access_is_unknown);
    let head = at(world(narrow, false), "2026-10-02");
    assert!(compare(&base, &head).verdict.access_is_unknown, "two collections may differ wherever not all was listed");
}

#[test]
fn the_command_line_tells_it_in_text_and_json_and_fails_where_it_is_required() {
    let folder = member(json!({"principalsKnown": false})).folder();
    let path = folder.path().display().to_string();
    let run = |args: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_countersign")).env("NO_COLOR", "1").args(args).output().unwrap()
    };
    let text =
        |args: &[&str]| String::from_utf8(run(args).stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let who = text(&["who-can", "accept", &path, "--scope", "account"]);
    assert!(who.contains(&format!("possibly others, not listed other users and roles in {A}")), "{who}");
    let evaluated = text(&["evaluate", &path]);
    assert!(evaluated.contains("Not known: users, groups and roles of 1 account."), "{evaluated}");
    assert!(evaluated.contains("possibly others, not listed"), "{evaluated}");
    let checked = text(&["check", &path, "--no-base"]);
    assert!(checked.contains("completeness not known: users, groups and roles of 1 account"), "{checked}");
    for args in [
        &["check", &path, "--no-base", "--only", "completeness"][..],
        &["evaluate", &path],
        &["show", "completeness", &path],
    ] {
        assert_eq!(run(args).status.code(), Some(0), "{args:?}");
        assert_eq!(run(&[args, &["--require-complete"]].concat()).status.code(), Some(1), "{args:?}");
    }
    let found: Value =
        serde_json::from_slice(&run(&["show", "completeness", &path, "--format", "json"]).stdout).unwrap();
    assert_eq!(schema_errors("completeness.v1.schema.json", &found), [""; 0]);
    assert_eq!(found["gaps"][0]["of"], json!([A]));
    assert_eq!(found["complete"], false);
    let who: Value = serde_json::from_slice(&run(&["who-can", "accept", &path, "--format", "json"]).stdout).unwrap();
    assert_eq!(schema_errors("who-can.v1.schema.json", &who), [""; 0]);
    assert_eq!(who["perhapsOthers"][0]["missing"], json!(["principals"]));
    let complete = member(json!({})).folder();
    let complete = complete.path().display().to_string();
    assert_eq!(
        run(&["check", &complete, "--no-base", "--only", "completeness", "--require-complete"]).status.code(),
        Some(0)
    );
}

#[test]
fn an_answer_about_a_later_moment_says_so() {
    let folder = member(json!({})).file("countersign.toml", "asOf = 2026-11-01\n").folder();
    let path = folder.path().display().to_string();
    for command in [
        &["evaluate"][..],
        &["coverage"],
        &["who-can", "accept"],
        &["can", "arn:aws:iam::111111111111:root", "accept"],
        &["check", "--no-base", "--only", "findings"],
    ] {
        for (at, later) in [("2026-12-01", true), ("2026-11-01", false), ("2026-10-01", false)] {
            let run = |format: &str| {
                let args = [command, &[&path, "--at", at, "--format", format]].concat();
                let run = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
                    .env("NO_COLOR", "1")
                    .args(&args)
                    .output();
                String::from_utf8(run.unwrap().stdout).unwrap()
            };
            assert_eq!(run("text").contains("As of 2026-11-01; nothing later is known."), later, "{command:?} {at}");
            let json: Value = serde_json::from_str(&run("json")).unwrap();
            assert_eq!(
                json["provenance"]["asOf"],
                json!({"moment": "2026-11-01T00:00:00Z", "later": later}),
                "{command:?}"
            );
        }
    }
}
