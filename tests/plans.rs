//! What would turn a denial around: one plan of edits, which is applied in memory and asked again.

use std::cell::Cell;

use crate::common::*;
use countersign_core::assessment::plans::{Plan, Planner, StepKind};
use countersign_core::assessment::{Assessment, Filter, Options, PrincipalAnswer, assess};
use countersign_core::inventory::Inventory;
use countersign_core::terms::Decision;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const DESCRIBE: &str = "organizations:DescribeOrganization";
/// The BAA of an account, by which the document that AWS publishes names it.
const BAA: &str = "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm";

fn options() -> Options {
    let at = at("2026-11-01");
    let filter = Filter { agreements: vec!["baa".to_owned()], ..Filter::default() };
    // operations about accounts and reports have no kind
    let filter = Filter { agreements: Vec::new(), ..filter };
    Options { at, snapshot: at, filter, ..Options::default() }
}

/// The plan for one denial.
fn plan(world: &World, who: &str, operation: &str, scope: &str) -> Plan {
    let (inventory, mut options) = (world.load(), options());
    options.filter.operations = vec![operation.to_owned()];
    options.filter.principals = Some(vec![(who.to_owned(), who.split(':').nth(4).unwrap().to_owned())]);
    let mut assessment = assess(&inventory, &RULES, &options).unwrap();
    Planner::new(&inventory, &RULES, &options).add(&mut assessment).unwrap();
    let is = |scope: &str, o: &countersign_core::assessment::OperationAnswer| {
        o.report.as_deref() == Some(scope)
            || (o.scope.is_some_and(|s| s.word() == scope) && o.agreement.as_deref().is_none_or(|a| a == "baa"))
    };
    let found = assessment.principals.iter().flat_map(|p| &p.operations).find(|o| is(scope, o)).unwrap();
    assert_eq!(found.decision, Decision::Deny);
    found.changes.clone().unwrap()
}

fn told(plan: &Plan) -> Vec<(StepKind, &str)> {
    plan.steps.iter().map(|s| (s.kind, s.text.as_str())).collect()
}

#[test]
fn a_plan_allows_in_the_document_of_the_principal_alone() {
    let reader = policy(json!([{"Effect": "Allow", "Action": "artifact:ListAgreements", "Resource": "*"}]));
    let world = World::new().account(A, json!({}), &[]).file("reader.json", reader.to_string());
    let world = world.user(A, "reader", json!(["reader.json"]));
    let found = plan(&world, &user(A, "reader"), "download-agreement", "account");
    assert_eq!(
        told(&found),
        [(
            StepKind::Statement,
            "allow artifact:AcceptNdaForAgreement, artifact:GetAgreement and artifact:GetNdaForAgreement on arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm in reader.json"
        )]
    );
    assert_eq!((found.leads_to, found.also_allows.len()), (Some(Decision::Allow), 0));
    // of two who have the document, one is meant
    let shared = world.user(A, "other", json!(["reader.json"]));
    let found = plan(&shared, &user(A, "reader"), "accept-agreement", "account");
    assert_eq!(found.steps.len(), 1);
    assert_eq!(found.steps[0].kind, StepKind::Attachment);
    assert!(found.steps[0].text.starts_with("attach a policy that allows artifact:AcceptAgreement"), "{found:?}");
    assert_eq!((found.leads_to, found.also_allows.len()), (Some(Decision::Allow), 0));
}

#[test]
fn each_level_and_the_boundary_are_opened_where_they_do_not_allow() {
    let unit = "ou-ab12-one00001";
    let opens = ["artifact:Get*", "artifact:AcceptNda*"];
    let scp = |actions: &[&str]| json!({"serviceControlPolicies": [allows(actions)]});
    let world = World::new()
        .org(scp(&["*"]))
        .entity(json!({"uid": unit, "attrs": {"serviceControlPolicies": ["unit.json"]}, "parents": [ORG]}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({"serviceControlPolicies": []}), &[unit])
        .file("unit.json", allows(&opens).to_string())
        .file("boundary.json", allows(&opens).to_string())
        .entity(json!({"uid": user(A, "a"), "attrs": {"policies": [ADMIN], "permissionsBoundary": "boundary.json"}}));
    let found = plan(&world, &user(A, "a"), "accept-agreement", "account");
    let every = "artifact:AcceptAgreement, artifact:AcceptNdaForAgreement, artifact:GetAgreement and artifact:GetNdaForAgreement";
    assert_eq!(
        told(&found).into_iter().collect::<std::collections::BTreeSet<_>>(),
        [
            (
                StepKind::Statement,
                format!("allow artifact:AcceptAgreement on {BAA} in the permissions boundary boundary.json")
            ),
            (
                StepKind::Statement,
                format!("allow artifact:AcceptAgreement on {BAA} in the service control policy unit.json of {unit}")
            ),
            (StepKind::Attachment, format!("attach a service control policy that allows {every} on {BAA} to {A}")),
        ]
        .iter()
        .map(|(kind, text)| (*kind, text.as_str()))
        .collect()
    );
    assert_eq!(found.leads_to, Some(Decision::Allow));
    let root = found.also_allows.iter().find(|g| g.principal == root(A)).unwrap();
    assert!(root.operations.contains(&"accept-agreement"), "the root of the account is let in, too: {found:?}");
}

fn denied_to_all() -> World {
    let deny = policy(
        json!([{"Sid": "NoAgreements", "Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*"}]),
    );
    World::new()
        .org(json!({"serviceControlPolicies": ["p-FullAWSAccess", "scps/deny.json"]}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .account(B, json!({}), &[ORG])
        .file("scps/deny.json", deny.to_string())
        .user(A, "admin", json!([ADMIN]))
}

#[test]
fn an_exception_is_proposed_before_a_removal_and_who_else_would_gain_is_named() {
    let found = plan(&denied_to_all(), &user(A, "admin"), "accept-agreement", "account");
    assert_eq!(
        told(&found),
        [(
            StepKind::Statement,
            "except arn:aws:iam::222222222222:user/admin from the denial of artifact:AcceptAgreement in scps/deny.json, Statement[0] (Sid NoAgreements)"
        )]
    );
    assert_eq!((found.leads_to, found.also_allows.len()), (Some(Decision::Allow), 0), "nobody else gains by it");
    let instead = found.steps[0].instead.as_ref().unwrap();
    assert!(instead.text.starts_with("remove the denial of artifact:AcceptAgreement in scps/deny.json"));
    let also: Vec<_> = instead.also_allows.iter().map(|g| (g.principal.as_str(), g.operations.as_slice())).collect();
    assert_eq!(also, [(root(A).as_str(), &["accept-agreement"][..]), (root(B).as_str(), &["accept-agreement"][..])]);
}

/// The role of a permission set has a Region in its path or none: an exception by what the plan prints allows, whichever it is.
#[test]
fn an_exception_for_a_permission_set_names_its_roles_in_any_region() {
    let assignments = json!([{"user": "u-omar", "accounts": [A]}]);
    let set = json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [ADMIN], "assignments": assignments}});
    let person = json!({"uid": "IdentityCenterUser::\"u-omar\"", "attrs": {"userName": "omar"}});
    let world = denied_to_all().entity(person).entity(set);
    let role = format!("arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Legal_*");
    let found = plan(&world, &role, "accept-agreement", "account");
    let printed = found.steps[0].text.strip_prefix("except ").unwrap().split(" from ").next().unwrap().to_owned();
    let arns: Vec<&str> = printed.split(" and ").collect();
    let deny =
        policy(json!([{"Sid": "NoAgreements", "Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": arns}}}]));
    let answers = world.file("scps/deny.json", deny.to_string()).now();
    assert_eq!(answers.decision(&role, "accept-agreement", "account"), "allow", "{arns:?}");
}

/// A principal has one boundary: what takes its place allows what it allowed.
#[test]
fn a_boundary_of_aws_is_replaced() {
    const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let attrs = json!({"policies": [ADMIN], "permissionsBoundary": READ});
    let world = World::new().account(A, json!({}), &[]).entity(json!({"uid": user(A, "a"), "attrs": attrs}));
    let found = plan(&world, &user(A, "a"), "accept-agreement", "account");
    let text = &found.steps[0].text;
    let wanted = format!("replace {READ} of {} with a permissions boundary that allows the same and ", user(A, "a"));
    assert!(text.starts_with(&wanted) && text.contains("artifact:AcceptAgreement"), "{text}");
    assert_eq!((found.steps.len(), found.leads_to), (1, Some(Decision::Allow)));
}

/// What an event opens, whose effect is known, it opens to everybody of the account who may do the rest.
#[test]
fn who_else_gains_by_an_event_is_named() {
    let world = World::new().account(A, json!({"nda": {"accepted": false}}), &[]);
    let world = world.user(A, "bob", json!([FULL])).user(A, "ann", json!([FULL])).user(A, "none", json!([]));
    let found = plan(&world, &user(A, "bob"), "accept-agreement", "account");
    assert_eq!((found.steps.len(), found.steps[0].kind, found.leads_to), (1, StepKind::Event, Some(Decision::Allow)));
    let also = |plan: &Plan| plan.also_allows.iter().map(|g| g.principal.clone()).collect::<Vec<_>>();
    assert_eq!(also(&found), [root(A), user(A, "ann")], "{found:?}");
    assert!(found.also_allows.iter().all(|g| g.operations.contains(&"accept-agreement")), "{found:?}");
    // a report that AWS approves is approved for the account
    let report = "report-1";
    let world = World::new().account(A, json!({}), &[]).account(B, json!({}), &[]).report(report, "PCI", true);
    let world = world.user(A, "bob", json!([ADMIN])).user(A, "ann", json!([ADMIN])).user(B, "far", json!([ADMIN]));
    let found = plan(&world, &user(A, "bob"), "download-report", report);
    assert_eq!((found.steps[0].kind, found.leads_to), (StepKind::Event, Some(Decision::Allow)), "{found:?}");
    assert_eq!(also(&found), [root(A), user(A, "ann")], "{found:?}");
}

/// A policy that a step attaches has no name yet: a later step tells it by what it is.
#[test]
fn a_policy_that_the_plan_attaches_is_named_by_that() {
    let deny = policy(json!([{"Effect": "Deny", "Action": "artifact:GetNdaForAgreement", "Resource": "*"}]));
    let world = World::new().account(A, json!({}), &[]).file("shared.json", deny.to_string());
    let world = world.user(A, "ann", json!(["shared.json"])).user(A, "bob", json!(["shared.json"]));
    let found = plan(&world, &user(A, "ann"), "download-agreement", "account");
    let last = found.steps.last().unwrap();
    let ann = user(A, "ann");
    assert!(last.text.starts_with("allow artifact:") && last.text.contains("GetNdaForAgreement"), "{found:?}");
    assert!(last.text.ends_with(&format!("in the policy that this plan attaches to {ann}")), "{found:?}");
    assert_eq!((last.file.as_deref(), found.leads_to), (None, Some(Decision::Allow)));
}

/// What is denied with it is told: the exception allows that too.
#[test]
fn an_exception_from_a_wider_denial_tells_what_else_it_allows() {
    let deny = policy(
        json!([{"Sid": "NoAgreements", "Effect": "Deny", "Action": ["artifact:AcceptAgreement", "artifact:GetAgreement", "s3:*"], "Resource": "*"}]),
    );
    let world = World::new()
        .org(json!({"serviceControlPolicies": ["p-FullAWSAccess", "scps/deny.json"]}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .file("scps/deny.json", deny.to_string())
        .user(A, "admin", json!([allows(&["artifact:Get*", "artifact:Accept*"])]));
    let found = plan(&world, &user(A, "admin"), "accept-agreement", "account");
    let text = &found.steps[0].text;
    assert!(
        text.ends_with("(Sid NoAgreements), which denies artifact:AcceptAgreement, artifact:GetAgreement and s3:*"),
        "{text}"
    );
    assert_eq!(found.itself, ["download-agreement"]);
    let found = plan(&denied_to_all(), &user(A, "admin"), "accept-agreement", "account");
    assert_eq!(found.itself, Vec::<&str>::new(), "nothing else is denied there");
}

/// What a plan allows it allows on the agreement that is asked about, and on nothing else.
#[test]
fn a_proposed_statement_names_what_the_operation_asks_for() {
    let world =
        World::new().account(A, json!({}), &[]).file("own.json", allows(&["artifact:ListAgreements"]).to_string());
    let world = world.report("report-1", "SOC", false).user(A, "a", json!(["own.json"]));
    let (inventory, mut options) = (world.load(), options());
    options.filter.principals = Some(vec![(user(A, "a"), A.to_owned())]);
    let mut assessment = assess(&inventory, &RULES, &options).unwrap();
    let planner = Planner::new(&inventory, &RULES, &options);
    planner.add(&mut assessment).unwrap();
    let answers = &assessment.principals[0].operations;
    let of = |operation: &str, what: Option<&str>| {
        let is = |o: &&countersign_core::assessment::OperationAnswer| {
            o.operation == operation && (o.agreement.as_deref() == what || o.report.as_deref() == what)
        };
        answers.iter().find(is).unwrap()
    };
    let edited = planner.applied(of("accept-agreement", Some("baa")).changes.as_ref().unwrap()).unwrap();
    let after = assess(&edited, &RULES, &options).unwrap();
    let allowed: Vec<_> = after.principals[0].operations.iter().filter(|o| o.decision == Decision::Allow).collect();
    let kinds: std::collections::BTreeSet<_> = allowed.iter().map(|o| (o.agreement.as_deref(), o.scope)).collect();
    assert!(
        kinds.iter().all(|(kind, scope)| *kind == Some("baa") && scope.is_some_and(|s| s.word() == "account")),
        "{kinds:?}"
    );
    let report = of("download-report", Some("report-1")).changes.as_ref().unwrap();
    assert!(
        report.steps[0].text.contains(" on arn:aws:artifact:us-east-1::report/report-1:1 in own.json"),
        "{report:?}"
    );
    assert_eq!(report.leads_to, Some(Decision::Allow));
}

/// An attribute is everybody's: who else can do something once it is set is told.
#[test]
fn an_attribute_that_a_plan_sets_tells_who_else_gains() {
    let off =
        World::new().org(json!({"trustedAccess": false})).account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG]);
    let found = plan(&off.user(A, "a", json!([])), &user(A, "a"), "view-organization-agreements", "organization");
    let also: Vec<_> = found.also_allows.iter().map(|g| g.principal.as_str()).collect();
    assert_eq!(also, [root(M), root(A)]);
    assert!(found.also_allows.iter().all(|g| g.operations.contains(&"view-organization-agreements")), "{found:?}");
}

#[test]
fn a_denial_that_hides_a_missing_allow_names_both() {
    let deny = json!({"Effect": "Deny", "Action": "artifact:AcceptAgreement", "Resource": "*"});
    let opens = json!({"Effect": "Allow", "Action": ["artifact:Get*", "artifact:AcceptNda*"], "Resource": "*"});
    let world = World::new().account(A, json!({}), &[]).file("own.json", policy(json!([opens, deny])).to_string());
    let found = plan(&world.user(A, "a", json!(["own.json"])), &user(A, "a"), "accept-agreement", "account");
    assert_eq!(
        told(&found),
        [
            (StepKind::Statement, "remove the denial of artifact:AcceptAgreement in own.json, Statement[1]"),
            (
                StepKind::Statement,
                "allow artifact:AcceptAgreement on arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm in own.json"
            ),
        ]
    );
    assert_eq!(found.leads_to, Some(Decision::Allow));
}

/// The steps' words and the answer after them.
fn led(world: &World, who: &str, operation: &str, scope: &str) -> (Vec<String>, Option<Decision>) {
    let found = plan(world, who, operation, scope);
    (found.steps.into_iter().map(|s| s.text).collect(), found.leads_to)
}

/// One statement that denies what two gates ask for is removed once, wherever it is the principal's own.
#[test]
fn a_denial_that_meets_several_gates_is_removed_once() {
    let deny = |action: &str| policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]));
    for (denied, told) in [("artifact:*", "artifact:*"), ("artifact:Accept*", "artifact:Accept*"), ("*", "everything")]
    {
        let world = World::new().account(A, json!({}), &[]).file("deny.json", deny(denied).to_string());
        let which = format!("remove the denial of {told} in deny.json, Statement[0]");
        let expected = (vec![which], Some(Decision::Allow));
        let own = world.clone().user(A, "a", json!([FULL, "deny.json"]));
        assert_eq!(led(&own, &user(A, "a"), "accept-agreement", "account"), expected, "{denied}");
        let both = policy(json!([allows(&["*"])["Statement"][0], deny(denied)["Statement"][0]]));
        let attrs = json!({"policies": [FULL], "permissionsBoundary": "both.json"});
        let bounded = world.file("both.json", both.to_string());
        let bounded = bounded.entity(json!({"uid": user(A, "a"), "attrs": attrs}));
        let which = format!("remove the denial of {told} in both.json, Statement[1]");
        let expected = (vec![which], Some(Decision::Allow));
        assert_eq!(led(&bounded, &user(A, "a"), "accept-agreement", "account"), expected, "{denied}");
    }
}

/// Statements keep their numbers while others are removed, and documents that are written within one file are told apart.
#[test]
fn each_denial_is_removed_where_it_stands() {
    let deny = |action: &str| json!({"Effect": "Deny", "Action": action, "Resource": "*"});
    let opens = json!({"Effect": "Allow", "Action": ["artifact:Get*", "artifact:AcceptNda*"], "Resource": "*"});
    let world = World::new().account(A, json!({}), &[]);
    let within =
        world.clone().user(A, "a", json!([policy(json!([opens])), policy(json!([deny("artifact:AcceptAgreement")]))]));
    let (steps, leads_to) = led(&within, &user(A, "a"), "accept-agreement", "account");
    assert_eq!((steps.len(), leads_to), (2, Some(Decision::Allow)), "{steps:?}");
    assert!(steps[0].starts_with("remove the denial of artifact:AcceptAgreement in "), "{steps:?}");
    assert!(steps[1].starts_with("allow artifact:AcceptAgreement on "), "{steps:?}");
    let three = policy(json!([deny("artifact:GetAgreement"), deny("artifact:Accept*"), deny("artifact:Get*"), opens]));
    let within = world.file("own.json", three.to_string()).user(A, "a", json!(["own.json"]));
    let found = plan(&within, &user(A, "a"), "accept-agreement", "account");
    let mut pointers: Vec<_> = found.steps.iter().filter_map(|s| s.pointer.as_deref()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["Statement[0]", "Statement[1]", "Statement[2]"], "{found:?}");
    assert_eq!(found.leads_to, Some(Decision::Allow), "{found:?}");
}

/// A plan says all that it lifts: of a statement that denies more than is asked for, an exception for what is asked for comes first, and the
/// removal names all else that it denies.
#[test]
fn a_plan_lifts_no_more_than_it_says() {
    let of = |denial: Value| {
        let world = World::new().account(A, json!({}), &[]).file("own.json", policy(json!([denial])).to_string());
        world.user(A, "a", json!([ADMIN, "own.json"]))
    };
    let mut not_action = json!({"Sid": "OnlyS3", "Effect": "Deny", "NotAction": ["s3:*", "artifact:Get*", "artifact:List*"], "Resource": "*"});
    let mut named = json!({"Effect": "Deny", "Action": ["iam:*", "artifact:AcceptAgreement", "artifact:TerminateAgreement"], "Resource": "*"});
    let accept = "artifact:AcceptAgreement";
    let both = "artifact:AcceptAgreement and artifact:AcceptNdaForAgreement";
    let out = "everything but s3:*, artifact:Get* and artifact:List*";
    let all = "iam:*, artifact:AcceptAgreement and artifact:TerminateAgreement";
    for (denial, lifted, text, removal) in [
        (
            &mut not_action,
            &["download-agreement"][..],
            format!(
                "add {both} to the actions that are left out of the denial in own.json, Statement[0] (Sid OnlyS3), which denies {out}"
            ),
            format!("remove the denial of {out} in own.json, Statement[0] (Sid OnlyS3)"),
        ),
        (
            &mut named,
            &[],
            format!("take {accept} out of the denial in own.json, Statement[0], which denies {all}"),
            format!("remove the denial of {all} in own.json, Statement[0]"),
        ),
    ] {
        let found = plan(&of(denial.clone()), &user(A, "a"), "accept-agreement", "account");
        assert_eq!(told(&found), [(StepKind::Statement, text.as_str())]);
        let instead = found.steps[0].instead.as_ref().unwrap();
        assert_eq!((found.leads_to, instead.text.as_str()), (Some(Decision::Allow), removal.as_str()));
        assert_eq!(found.itself, lifted, "accepting the NDA opens the agreement, and nothing else is lifted");
        assert_eq!((found.steps[0].line, found.steps[0].pointer.as_deref()), (Some(1), Some("Statement[0]")));
        // done by hand, it leads there, and terminating is denied still
        let list = |denial: &mut Value, name: &str| denial[name].as_array_mut().unwrap().clone();
        if denial.get("NotAction").is_some() {
            let mut actions = list(denial, "NotAction");
            actions.extend(both.split(" and ").map(|a| json!(a)));
            denial["NotAction"] = json!(actions);
        } else {
            let mut actions = list(denial, "Action");
            actions.retain(|a| a != accept);
            denial["Action"] = json!(actions);
        }
        assert_eq!(of(denial.clone()).now().decision(&user(A, "a"), "accept-agreement", "account"), "allow");
    }
    // what others are under is lifted for one of them, and all of it is named
    let scp = policy(json!([{"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]));
    let world = World::new()
        .org(json!({"serviceControlPolicies": ["p-FullAWSAccess", "scp.json"]}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .file("scp.json", scp.to_string())
        .user(A, "admin", json!([ADMIN]));
    let text = plan(&world, &user(A, "admin"), "accept-agreement", "account").steps[0].text.clone();
    assert!(text.starts_with("except ") && text.ends_with("which denies everything but s3:*"), "{text}");
}

/// A document that is written within an entity has no name: it is found by the line of its statement.
#[test]
fn a_statement_within_an_entity_is_found_by_its_line() {
    let statement =
        |effect: &str, action: &str| format!(r#"{{"Effect": "{effect}", "Action": "{action}", "Resource": "*"}}"#);
    let one = |name: &str| {
        let (allow, deny) = (statement("Allow", "*"), statement("Deny", "artifact:AcceptAgreement"));
        format!(
            "{{\"uid\": \"{}\", \"attrs\": {{\"policies\": [{{\"Statement\": [\n{allow},\n{deny}\n]}}]}}}}",
            user(A, name)
        )
    };
    let world = World::new().account(A, json!({}), &[]).file("e.json", format!("[{},\n{}]", one("a"), one("b")));
    for (name, line) in [("a", 3), ("b", 7)] {
        let found = plan(&world, &user(A, name), "accept-agreement", "account");
        let step = &found.steps[0];
        let text = format!(
            "remove the denial of artifact:AcceptAgreement in statement 2 of the policy written in e.json:{line}"
        );
        assert_eq!((step.text.as_str(), step.file.as_deref(), step.line), (text.as_str(), Some("e.json"), Some(line)));
        assert_eq!(step.pointer.as_deref(), Some("Statement[1]"));
    }
}

/// Documents that stand on one line, each with a first statement without a Sid, are told apart by where they stand on it.
#[test]
fn documents_on_one_line_are_told_apart() {
    let deny = |actions: [&str; 2]| policy(json!([{"Effect": "Deny", "Action": actions, "Resource": "*"}]));
    let group = format!("arn:aws:iam::{A}:group/g");
    let documents = [["artifact:AcceptAgreement", "s3:GetObject"], ["artifact:GetAgreement", "s3:PutObject"]];
    let entities = json!([{"uid": format!("Group::\"{group}\""), "attrs": {"policies": documents.map(deny)}}]);
    let who = json!({"uid": user(A, "a"), "attrs": {"policies": [FULL]}, "parents": [format!("Group::\"{group}\"")]});
    let world = World::new().account(A, json!({}), &[]).entity(who).file("group.json", entities.to_string());
    let (steps, leads_to) = led(&world, &user(A, "a"), "accept-agreement", "account");
    assert_eq!((steps.len(), leads_to), (2, Some(Decision::Allow)), "{steps:?}");
    for [action, other] in documents {
        let denies = format!(
            "from the denial of {action} in statement 1 of the policy written in group.json:1, which denies {action} and {other}"
        );
        assert!(steps.iter().any(|step| step.contains(&denies)), "{denies}: {steps:?}");
    }
}

/// What somebody nearly can is what few changes of permissions lead to, whatever they are called: one statement may deny all that the
/// gates ask for, and behind one that denies a single action may be nothing that allows.
#[test]
fn who_nearly_can_is_asked_of_plans() {
    let deny = |action: &str| policy(json!([{"Effect": "Deny", "Action": action, "Resource": "*"}]));
    let nda = ["artifact:GetAgreement", "artifact:AcceptNdaForAgreement", "artifact:GetNdaForAgreement"];
    let most = [&nda[..], &["artifact:AcceptAgreement"]].concat();
    let world = World::new()
        .account(A, json!({}), &[])
        .user(A, "by-one-statement", json!([FULL, deny("artifact:*")]))
        .user(A, "by-two", json!([FULL, deny("artifact:Get*"), deny("artifact:Accept*")]))
        .user(A, "by-three", json!([FULL, deny(nda[0]), deny(nda[1]), deny(nda[2])]))
        .user(A, "nothing-behind", json!([deny("artifact:*")]))
        .user(A, "one-behind", json!([allows(&nda), deny("artifact:AcceptAgreement")]))
        .user(A, "one-missing", json!([allows(&nda)]))
        .user(A, "all-missing", json!([allows(&["s3:*"])]))
        .user(A, "can", json!([allows(&most)]));
    let folder = world.folder();
    let json = run_in(folder.path(), &["who-can", "accept", "--scope", "account", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let mut nearly: Vec<&str> =
        json["nearly"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    nearly.sort_unstable();
    assert_eq!(nearly, ["by-one-statement", "by-two", "one-behind", "one-missing"]);
}

/// Nobody edits a policy of AWS: one that denies is detached, from a group also where others are in it.
#[test]
fn a_policy_of_aws_that_denies_is_detached() {
    const DENY: &str = "arn:aws:iam::aws:policy/AWSDenyAll";
    let world = World::new().account(A, json!({}), &[]);
    let own = world.clone().user(A, "a", json!([FULL, DENY]));
    let (steps, leads_to) = led(&own, &user(A, "a"), "accept-agreement", "account");
    assert_eq!((steps.len(), leads_to), (1, Some(Decision::Allow)), "{steps:?}");
    assert!(steps[0].starts_with(&format!("detach {DENY} from {}: it denies artifact:", user(A, "a"))), "{steps:?}");
    let group = format!("arn:aws:iam::{A}:group/g");
    let member = |name: &str| json!({"uid": user(A, name), "attrs": {"policies": [FULL]}, "parents": [format!("Group::\"{group}\"")]});
    let grouped = world.entity(json!({"uid": format!("Group::\"{group}\""), "attrs": {"policies": [DENY]}}));
    let found = plan(&grouped.entity(member("a")).entity(member("b")), &user(A, "a"), "accept-agreement", "account");
    assert!(found.steps[0].text.starts_with(&format!("detach {DENY} from {group}")), "{found:?}");
    assert_eq!(found.leads_to, Some(Decision::Allow));
    assert_eq!(found.also_allows.iter().map(|g| g.name.as_str()).collect::<Vec<_>>(), ["b"], "{found:?}");
}

#[test]
fn an_event_is_no_edit_and_permissions_are_not_proposed_before_it() {
    let member = World::organization().user(A, "a", json!([allows(&[DESCRIBE])]));
    let not_accepted = plan(&member, &user(A, "a"), "download-agreement", "organization");
    assert_eq!(told(&not_accepted), [(StepKind::Event, "accept the organization agreement in the management account")]);
    assert_eq!(not_accepted.leads_to, None);
    let alone = World::new().account(A, json!({}), &[]).user(A, "a", json!([]));
    let joining = plan(&alone, &user(A, "a"), "accept-agreement", "organization");
    assert_eq!(told(&joining), [(StepKind::Event, "create an organization, or let this account join one")]);
}

#[test]
fn nothing_helps_while_the_state_is_what_it_is() {
    let accepted = World::organization().accepted("Own", "baa", "account", A, "2024-01-01", None);
    let world = accepted.user(A, "a", json!([]));
    for (operation, text) in [
        ("accept-agreement", "nothing helps while an agreement of this kind and scope is already active"),
        (
            "remove-offline-designation",
            "nothing helps while this account is not designated under an offline agreement of this kind",
        ),
    ] {
        let scope = if operation == "accept-agreement" { "account" } else { "offline" };
        let found = plan(&world, &root(A), operation, scope);
        assert_eq!(told(&found), [(StepKind::Nothing, text)]);
        assert_eq!(found.leads_to, None);
    }
}

#[test]
fn attributes_are_edits_and_events_of_known_effect_are_verified() {
    let reports = allows(&["artifact:GetTermForReport", "artifact:GetReport"]);
    let world = World::new().account(A, json!({}), &[]).report("report-1", "SOC", true).user(A, "a", json!([reports]));
    let waiting = plan(&world, &user(A, "a"), "download-report", "report-1");
    assert_eq!(waiting.steps.iter().map(|s| s.kind).collect::<Vec<_>>(), [StepKind::Event]);
    assert_eq!(waiting.leads_to, Some(Decision::Allow), "once AWS has approved");
    let off =
        World::new().org(json!({"trustedAccess": false})).account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG]);
    let found = plan(&off.user(A, "a", json!([])), &user(A, "a"), "view-organization-agreements", "organization");
    assert_eq!(
        told(&found),
        [
            (
                StepKind::Attachment,
                "attach a policy that allows organizations:DescribeOrganization to arn:aws:iam::222222222222:user/a"
            ),
            (StepKind::Attribute, "turn on trusted access for AWS Artifact in the management account"),
        ]
    );
    assert_eq!(found.leads_to, Some(Decision::Allow));
}

/// Enabling all features brings service control policies into force: the plan is asked again with them.
#[test]
fn what_an_edit_brings_about_is_met_too() {
    let deny = policy(json!([{"Effect": "Deny", "Action": DESCRIBE, "Resource": "*"}]));
    let world = World::new()
        .org(json!({"featureSet": "CONSOLIDATED_BILLING", "serviceControlPolicies": ["p-FullAWSAccess", deny]}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG]);
    let found = plan(&world, &root(A), "view-organization-agreements", "organization");
    assert_eq!(found.steps.iter().map(|s| s.kind).collect::<Vec<_>>(), [StepKind::Attribute, StepKind::Statement]);
    assert!(found.steps[1].text.starts_with("except arn:aws:iam::222222222222:root"), "{found:?}");
    assert_eq!(found.leads_to, Some(Decision::Allow));
}

#[test]
fn what_then_depends_on_the_request_is_told() {
    let guarded = policy(json!([{"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]));
    let world = World::new().account(A, json!({}), &[]).user(A, "a", json!([guarded]));
    let found = plan(&world, &user(A, "a"), "terminate-agreement", "account");
    assert_eq!(found.steps[0].kind, StepKind::Nothing, "there is nothing to terminate");
    let found = plan(&world, &user(A, "a"), "accept-agreement", "account");
    assert_eq!(found.leads_to, Some(Decision::Unknown));
    assert!(found.depends_on.iter().any(|d| d.key == "aws:MultiFactorAuthPresent"), "{found:?}");
}

#[test]
fn who_can_names_the_statement_that_denies() {
    let folder = denied_to_all().folder();
    let path = folder.path().display().to_string();
    let run = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output =
            command.env("NO_COLOR", "1").env("COLUMNS", "300").args(["who-can", "accept", &path, "--scope", "account"]);
        let output = output.args(more).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&["--explain"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = text.split_once("user/admin").unwrap_or_else(|| panic!("{text}")).1;
    let line = line.split_once(" deny ").map_or(line, |(line, _)| line);
    assert!(line.contains("artifact:AcceptAgreement denied by scps/deny.json"), "{line}");
    assert!(!line.contains("missing"), "{line}");
    let json: Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    let admin = json["nearly"].as_array().unwrap().iter().find(|r| r["name"] == "admin").unwrap();
    assert_eq!(admin["answer"]["deniedBy"][0]["statement"]["file"], "scps/deny.json");
    assert_eq!(admin["answer"]["deniedBy"][0]["action"], "artifact:AcceptAgreement");
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = prop::sample::select(vec![
        json!("*"),
        json!("artifact:*"),
        json!("artifact:AcceptAgreement"),
        json!("artifact:Accept*"),
        json!(["artifact:Get*", "artifact:AcceptNdaForAgreement"]),
        json!("artifact:DownloadAgreement"),
        json!("artifact:TerminateAgreement"),
        json!(["organizations:*", "iam:*"]),
        json!(DESCRIBE),
    ]);
    let conditions = prop::sample::select(vec![
        Value::Null,
        Value::Null,
        json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/b"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a"}}),
        json!({"StringEquals": {"aws:PrincipalAccount": A}}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    ]);
    (prop::bool::weighted(0.6), actions, conditions).prop_map(|(allow, actions, condition)| {
        let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }, "Action": actions, "Resource": "*"});
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        statement
    })
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 0..3).prop_map(|s| policy(json!(s)))
}

/// An organization with two principals, who share a document.
fn generated() -> impl Strategy<Value = World> {
    let facts = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let documents = (document(), document(), document(), document(), prop::option::of(document()));
    (facts, documents).prop_map(|((all, trusted, role, nda, scps), (own, shared, root, account, boundary))| {
        let feature_set = if all { "ALL" } else { "CONSOLIDATED_BILLING" };
        let mut organization = json!({"featureSet": feature_set, "trustedAccess": trusted, "serviceRole": role});
        let mut member = json!({"nda": {"accepted": nda}});
        if scps {
            organization["serviceControlPolicies"] = json!(["p-FullAWSAccess", root]);
            member["serviceControlPolicies"] = json!([account]);
        }
        let mut of_a = json!({"policies": ["shared.json", own]});
        if let Some(boundary) = boundary {
            of_a["permissionsBoundary"] = boundary;
        }
        World::new()
            .org(organization)
            .account(M, json!({}), &[ORG])
            .account(A, member, &[ORG])
            .report("report-1", "SOC", true)
            .file("shared.json", shared.to_string())
            .entity(json!({"uid": user(A, "a"), "attrs": of_a}))
            .user(M, "m", json!(["shared.json"]))
    })
}

/// Applying the plan of every denial that has one, and asking again, allows.
#[test]
fn every_plan_of_a_generated_inventory_leads_where_it_says() {
    let (verified, denials) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new_with_rng(Config { cases: 24, ..Config::default() }, drawn_from(91));
    runner
        .run(&generated(), |world| {
            let (inventory, options) = (world.load(), Options { filter: of_baa(), ..options() });
            let planner = Planner::new(&inventory, &RULES, &options);
            let mut assessment = assess(&inventory, &RULES, &options).unwrap();
            planner.add(&mut assessment).unwrap();
            let every = assessment.principals.iter().flat_map(|p| p.operations.iter().map(move |o| (p, o)));
            for (principal, operation) in every.filter(|(_, o)| o.decision == Decision::Deny) {
                denials.set(denials.get() + 1);
                let plan = operation.changes.as_ref().unwrap();
                let Some(leads_to) = plan.leads_to else {
                    // what has no consequence that is told is an event, or says that nothing helps
                    let honest = plan.steps.iter().all(|s| matches!(s.kind, StepKind::Event | StepKind::Nothing));
                    assert!(honest && !plan.steps.is_empty(), "{plan:?}");
                    // every denial of these inventories can be lifted, and every layer opened
                    let gave_up = plan.steps.iter().any(|s| s.text.starts_with("no change was found"));
                    assert!(!gave_up, "{} {}: {plan:?}", principal.principal, operation.operation);
                    continue;
                };
                let edited = planner.applied(plan).unwrap();
                let after = assess(&edited, &RULES, &options).unwrap();
                assert_eq!(again(&after, &principal.principal, operation), leads_to, "{plan:?}");
                assert_eq!(gains(plan), gained([&inventory, &edited], principal), "{plan:?}");
                verified.set(verified.get() + usize::from(leads_to == Decision::Allow));
            }
            Ok(())
        })
        .unwrap();
    let (verified, denials) = (verified.get(), denials.get());
    assert!(denials > 60 && verified * 4 > denials, "{verified} of {denials} denials have a plan that allows");
}

/// Account, ARN, and operations that are allowed after and were not before.
type More = (String, String, Vec<&'static str>);

/// Whom a plan says to allow something besides, and what.
fn gains(plan: &Plan) -> Vec<More> {
    plan.also_allows.iter().map(|g| (g.account.clone(), g.principal.clone(), g.operations.clone())).collect()
}

/// Everybody but this principal who is allowed something after that was denied before, or may be: of all there are.
fn gained([before, after]: [&Inventory; 2], but: &PrincipalAnswer) -> Vec<More> {
    let everybody = |inventory| assess(inventory, &RULES, &options()).unwrap().principals;
    let rank = |d: Decision| [Decision::Deny, Decision::Unknown, Decision::Allow].iter().position(|known| *known == d);
    let mut found = Vec::new();
    for (old, new) in everybody(before).into_iter().zip(everybody(after)) {
        let pairs = old.operations.iter().zip(&new.operations);
        let more = pairs.filter(|(old, new)| rank(new.decision) > rank(old.decision)).map(|(_, new)| new.operation);
        let more: std::collections::BTreeSet<&str> = more.collect();
        if !more.is_empty() && (&new.account, &new.principal) != (&but.account, &but.principal) {
            found.push((new.account, new.principal, more.into_iter().collect()));
        }
    }
    found
}

/// Of the denials that come after as many plans as are looked for, it is said; what nothing helps against needs no looking for.
#[test]
fn what_was_not_looked_for_is_told() {
    let world = World::new().account(A, json!({}), &[]).account(B, json!({"state": "SUSPENDED"}), &[]);
    let world = world.file("own.json", allows(&["artifact:ListAgreements"]).to_string());
    let world = [A, B].into_iter().fold(world, |world, account| {
        ["a", "b"].into_iter().fold(world, |world, name| world.user(account, name, json!(["own.json"])))
    });
    let (inventory, mut options) = (world.load(), options());
    options.filter.operations = vec!["accept-agreement".to_owned()];
    options.filter.agreements = vec!["baa".to_owned()];
    options.filter.scopes = vec![countersign_core::terms::Scope::Account];
    options.filter.principals =
        Some([A, B].into_iter().flat_map(|id| ["a", "b"].map(|name| (user(id, name), id.to_owned()))).collect());
    let kinds = |most: Option<usize>| -> Vec<StepKind> {
        let planner = Planner::new(&inventory, &RULES, &options);
        let planner = if let Some(most) = most { planner.copying_at_most(most) } else { planner };
        let mut assessment = assess(&inventory, &RULES, &options).unwrap();
        planner.add(&mut assessment).unwrap();
        let answers = assessment.principals.iter().flat_map(|p| &p.operations);
        answers.map(|o| o.changes.as_ref().unwrap().steps[0].kind).collect()
    };
    let [attachment, untried, nothing] = [StepKind::Attachment, StepKind::Untried, StepKind::Nothing];
    assert_eq!(kinds(None)[..2], [attachment, attachment]);
    assert_eq!(kinds(Some(1))[..2], [attachment, untried]);
    assert!(kinds(Some(1))[2..].iter().all(|kind| [nothing, StepKind::Event].contains(kind)), "{:?}", kinds(Some(1)));
}

fn of_baa() -> Filter {
    Filter {
        agreements: vec!["baa".to_owned()],
        principals: Some(vec![(user(A, "a"), A.to_owned()), (user(M, "m"), M.to_owned()), (root(A), A.to_owned())]),
        ..Filter::default()
    }
}

fn again(after: &Assessment, who: &str, of: &countersign_core::assessment::OperationAnswer) -> Decision {
    let same = |o: &&countersign_core::assessment::OperationAnswer| {
        (o.operation, o.scope, &o.agreement, &o.report) == (of.operation, of.scope, &of.agreement, &of.report)
    };
    let principal = after.principals.iter().find(|p| p.principal == who).unwrap();
    principal.operations.iter().find(same).unwrap().decision
}

/// What is attached to a permission set is everyone's who has it: also where one of them asks.
#[test]
fn whoever_has_the_same_permission_set_gains_by_a_plan_too() {
    let with = |users: &[&str]| {
        let assignments: Vec<Value> = users.iter().map(|u| json!({"user": u, "accounts": [A]})).collect();
        let attrs = json!({"policies": [allows(&["s3:GetObject"])], "assignments": assignments});
        let person =
            |id: &str, name: &str| json!({"uid": format!("IdentityCenterUser::\"{id}\""), "attrs": {"userName": name}});
        let world = World::new().account(A, json!({}), &[]).entity(person("u-dara", "dara"));
        let world =
            world.entity(person("u-omar", "omar")).entity(json!({"uid": "PermissionSet::\"Dev\"", "attrs": attrs}));
        let role = format!("arn:aws:iam::{A}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_*");
        plan(&world, &role, "accept-agreement", "account")
    };
    let people = |plan: &Plan| plan.also_allows.iter().map(|g| g.people.clone()).collect::<Vec<_>>();
    assert_eq!(people(&with(&["u-dara"])), Vec::<Vec<String>>::new());
    assert_eq!(people(&with(&["u-dara", "u-omar"])), [["dara", "omar"]]);
}
