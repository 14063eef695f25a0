//! A property: for every principal of the examples, a question with the principal's layers is decided as `evaluate` decides it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::rows::Rows;
use super::{Attached, IamDecision, Question, Simulator};
use crate::aws::actions::actions;
use crate::aws::catalogue;
use crate::iam::document;
use crate::inventory::schema::EntitySchema;
use crate::inventory::tree::Tree;
use crate::inventory::{Inventory, Policy};
use crate::moment;
use crate::permissions::context::Keys;
use crate::permissions::knowledge::Known;
use crate::permissions::layer::Layer;
use crate::permissions::principals::{Directory, Principal};
use crate::permissions::scenarios::{Call, Memo, Stack, ask};
use crate::problem::SourceFile;
use crate::source::Folder;
use crate::stack;
use crate::terms::PrincipalKind;
use crate::text::json;

/// What the caller tells by itself is not told to the simulator.
const OWN: [&str; 9] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:username",
    "aws:userid",
    "aws:federatedprovider",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principalservicenameslist",
];

/// What evaluation takes from the moment, or for granted: not told to the simulator where any request is asked about.
const ASSUMED: [&str; 5] =
    ["aws:currenttime", "aws:epochtime", "aws:requestedregion", "aws:securetransport", "aws:viaawsservice"];

fn resources(account: &str) -> Vec<String> {
    vec![
        "*".to_owned(),
        "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm".to_owned(),
        format!("arn:aws:artifact::{account}:customer-agreement/customer-agreement-abcdef0123456789"),
        "arn:aws:artifact:us-east-1::report/report-bqhUJF3FrQZsMJpb:1".to_owned(),
        format!("arn:aws:iam::{account}:role/service-role/AWSArtifactAccountSync"),
    ]
}

fn question(inventory: &Inventory, principal: &Principal, call: &Call) -> Question {
    let policy = |id: &String| (id.clone(), inventory.policies.get(id).cloned());
    let layers = principal.stack.layers.iter();
    let layers: Vec<Attached> = layers
        .clone()
        .map(|l| Attached { layer: l.name.clone(), policies: l.policies.iter().map(policy).collect() })
        .collect();
    let (mut keys, mut absent) = (Keys::new(), BTreeSet::new());
    let action = call.action.to_ascii_lowercase();
    for layer in &principal.stack.layers {
        for key in layer.slice(&action).unwrap().keys().iter().filter(|k| !OWN.contains(&k.as_str())) {
            match principal.knowledge.of(key, &action, &call.keys) {
                Some(Known::Value(value)) => drop(keys.insert(key.clone(), value)),
                Some(Known::Absent) => drop(absent.insert(key.clone())),
                _ => {}
            }
        }
    }
    Question {
        principal: Some(principal.arn.replace("_*", "_0123456789abcdef")),
        action: call.action.clone(),
        resource: call.resources.concat(),
        keys,
        absent,
        complete: false,
        layers,
        resource_account: None,
        management_account: None,
        no_identity: false,
        unknown_keys: false,
        warnings: Vec::new(),
    }
}

#[test]
fn a_principal_with_its_layers_is_decided_as_evaluation_decides() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen: BTreeMap<IamDecision, usize> = BTreeMap::new();
    for folder in ["clinic", "consolidated-billing", "hospital", "not-set-up", "offline-baa", "reseller"] {
        let files = Folder::new(root.join(folder));
        let schema = Arc::new(EntitySchema::built_in().unwrap());
        let inventory = Inventory::load(&files, schema).unwrap();
        let counted = stack::evaluate(|| {
            let (tree, settled) = (Tree::new(&inventory), BTreeMap::new());
            let at = moment::parse("2026-11-01").unwrap();
            let mut counted = Vec::new();
            let simulator = Simulator::default();
            for principal in Directory::new(&inventory, &tree, at, &settled).all()? {
                for action in actions() {
                    for resource in resources(&principal.account) {
                        let call =
                            Call { action: action.name.clone(), resources: vec![resource], keys: BTreeMap::new() };
                        let scenarios =
                            ask(&principal.stack, std::slice::from_ref(&call), &principal.knowledge, &Memo::default())?;
                        let question = question(&inventory, &principal, &call);
                        let answer = simulator.decide(&question)?;
                        let expected = Rows::new(&scenarios).decision();
                        assert_eq!(answer.decision, expected, "{folder} {question:#?}");
                        counted.push(expected);
                    }
                }
            }
            Ok(counted)
        });
        counted.unwrap().into_iter().for_each(|decision| *seen.entry(decision).or_default() += 1);
    }
    for decision in [IamDecision::Allowed, IamDecision::ExplicitDeny, IamDecision::ImplicitDeny, IamDecision::Unknown] {
        assert!(seen.get(&decision).is_some_and(|n| *n > 0), "{seen:?}");
    }
}

/// An operator of each family, with and without its prefixes and suffixes, and a value of the family.
const OPERATORS: [(&str, &str); 24] = [
    ("StringEquals", "a"),
    ("StringNotEquals", "a"),
    ("StringEqualsIgnoreCase", "TRUE"),
    ("StringLike", "*"),
    ("StringNotLike", "?*"),
    ("StringEqualsIfExists", "false"),
    ("ForAnyValue:StringLike", "o-*"),
    ("ForAllValues:StringEquals", "a"),
    ("ForAllValues:StringNotLike", "s*"),
    ("NumericLessThan", "1700000000"),
    ("NumericNotEqualsIfExists", "3"),
    ("DateLessThan", "2026-01-01T00:00:00Z"),
    ("DateGreaterThanEqualsIfExists", "2020-01-01T00:00:00Z"),
    ("Bool", "true"),
    ("Bool", "false"),
    ("BoolIfExists", "true"),
    ("BinaryEquals", "YWJj"),
    ("IpAddress", "10.0.0.0/8"),
    ("NotIpAddress", "10.0.0.0/8"),
    ("ArnLike", "arn:aws:iam::*:user/*"),
    ("ArnNotEquals", "arn:aws:iam::111122223333:role/x"),
    ("ForAnyValue:ArnLike", "arn:aws:iam::*:role/*"),
    ("Null", "true"),
    ("Null", "false"),
];

fn policy_on(key: &str, (operator, value): (&str, &str), effect: &str) -> Policy {
    let mut statements = vec![serde_json::json!({"Effect": effect, "Action": "artifact:*", "Resource": "*",
        "Condition": {operator: {key: value}}})];
    if effect == "Deny" {
        statements.push(serde_json::json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    }
    let text = serde_json::json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let source = SourceFile::new("policy.json", text.clone());
    let mut problems = Vec::new();
    let document = document::read(&source, &json::parse(&source).unwrap(), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    Policy { label: "policy.json".to_owned(), document: Arc::new(document), content: text, built_in: false }
}

/// A principal of each kind of an example, but for those of whose role the ARN is not known.
fn of_each_kind(directory: &mut Directory<'_>) -> Vec<Principal> {
    let all = directory.all().unwrap();
    let mut found: Vec<Principal> = Vec::new();
    for principal in all.into_iter().filter(|p| !p.arn.ends_with('*')) {
        let like = |p: &Principal| p.kind == principal.kind && p.account == principal.account;
        if !found.iter().any(like) {
            found.push(principal);
        }
    }
    found
}

#[test]
fn a_condition_on_any_global_key_is_decided_as_evaluation_decides() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hospital");
    let schema = Arc::new(EntitySchema::built_in().unwrap());
    let inventory = Inventory::load(&Folder::new(root), schema).unwrap();
    let seen = stack::evaluate(|| {
        let (tree, settled) = (Tree::new(&inventory), BTreeMap::new());
        let at = moment::parse("2026-11-01").unwrap();
        let stands = |any: bool| of_each_kind(&mut Directory::new(&inventory, &tree, at, &settled).of_any_request(any));
        let principals = [stands(false), stands(true)];
        let simulator = Simulator::default();
        let mut seen: BTreeMap<(bool, IamDecision), usize> = BTreeMap::new();
        let (mut drawn, mut wrong) = (0_usize, Vec::new());
        for key in catalogue::global_keys() {
            let key = key.name.replace("${TagKey}", "team");
            for operator in OPERATORS {
                // each with another principal, effect and question
                for (any, effect) in [(false, "Allow"), (true, "Deny"), (true, "Allow")] {
                    drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let of = &principals[usize::from(any)];
                    let principal = &of[(drawn >> 33) % of.len()];
                    let policy = policy_on(&key, operator, effect);
                    let layer = Layer::new("identity", "policy", ["p".to_owned()], |_| Some(&policy));
                    let stack = Stack { layers: vec![Rc::new(layer)], of_resource: None };
                    let resource = resources(&principal.account)[1].clone();
                    let call = Call {
                        action: "artifact:AcceptAgreement".to_owned(),
                        resources: vec![resource],
                        keys: BTreeMap::new(),
                    };
                    let scenarios = ask(&stack, std::slice::from_ref(&call), &principal.knowledge, &Memo::default())?;
                    let mut question = question(&inventory, principal, &call);
                    (question.keys, question.absent) = (Keys::new(), BTreeSet::new());
                    let name = key.to_ascii_lowercase();
                    let untold = OWN.contains(&name.as_str()) || (any && ASSUMED.contains(&name.as_str()));
                    match principal.knowledge.of(&name, "artifact:acceptagreement", &call.keys) {
                        // where that is not told, the simulator takes the Region of AWS Artifact for granted, and says so
                        _ if any && name == "aws:requestedregion" => continue,
                        _ if untold => {}
                        Some(Known::Value(value)) => drop(question.keys.insert(name, value)),
                        Some(Known::Absent) => drop(question.absent.insert(name)),
                        // no request can say of a list as much as an inventory does without the id of its root
                        Some(Known::ManyOfForm(_)) => continue,
                        _ => {}
                    }
                    question.layers =
                        vec![Attached { layer: "identity".to_owned(), policies: vec![("p".to_owned(), Some(policy))] }];
                    let expected = Rows::new(&scenarios).decision();
                    if principal.kind != PrincipalKind::Root {
                        // the simulator knows that a root user has no identity policies
                        let answer = simulator.decide(&question)?;
                        let who = &principal.arn;
                        let told = format!("{who} {effect} {operator:?} {key}, any request {any}");
                        if answer.decision != expected {
                            wrong.push(format!("{told}: {:?}, not {expected:?}", answer.decision));
                        }
                        *seen.entry((any, expected)).or_default() += 1;
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(seen)
    })
    .unwrap();
    for any in [false, true] {
        for decision in [IamDecision::Allowed, IamDecision::ImplicitDeny, IamDecision::Unknown] {
            assert!(seen.get(&(any, decision)).is_some_and(|n| *n > 20), "{seen:?}");
        }
    }
    assert!(seen.get(&(true, IamDecision::ExplicitDeny)).is_some_and(|n| *n > 20), "{seen:?}");
}
