//! A property: for every principal of the examples, a question with the principal's layers is decided as `evaluate` decides it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::rows::Rows;
use super::{Attached, IamDecision, Question, Simulator};
use crate::aws::actions::actions;
use crate::inventory::Inventory;
use crate::inventory::schema::EntitySchema;
use crate::inventory::tree::Tree;
use crate::moment;
use crate::permissions::context::Keys;
use crate::permissions::knowledge::Known;
use crate::permissions::principals::{Directory, Principal};
use crate::permissions::scenarios::{Call, Memo, ask};
use crate::source::Folder;
use crate::stack;

/// What the caller tells by itself is not told to the simulator.
const OWN: [&str; 6] = [
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:username",
    "aws:principalisawsservice",
    "aws:principalservicename",
];

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
