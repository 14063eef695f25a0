//! The `Policies` of AWS SAM: managed policies by their ARNs or their names, policy templates, and documents.

use super::{Fault, FaultKind, UNKNOWN};
use crate::aws::{linted, managed};
use crate::text::json::{Node, Value};

/// The types of AWS SAM that have `Policies`.
const TYPES: [&str; 2] = ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"];

/// The names of managed policies and templates that there are not.
pub fn unknown(ty: &str, properties: &Node) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(policies) = properties.get("Policies").filter(|_| TYPES.contains(&ty)) {
        add(policies, &mut faults);
    }
    faults
}

fn add(node: &Node, faults: &mut Vec<Fault>) {
    match &node.value {
        Value::String(text) => faults.extend(of_managed(text).map(|message| Fault {
            kind: FaultKind::UnknownManaged,
            span: node.span,
            message,
            help: String::new(),
        })),
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().for_each(|n| add(n, faults)),
        Value::Object(members) => {
            // a template is the one member, and what it is filled in with is an object
            let [template] = members.as_slice() else {
                return;
            };
            let is_other = template.key.contains([':', UNKNOWN]) || OTHERS.contains(&template.key.as_str());
            if is_other || template.node.as_object().is_none() && template.node.value != Value::Null {
                return;
            }
            if let Some((message, help)) = linted::no_sam_template(&template.key) {
                faults.push(Fault { kind: FaultKind::UnknownTemplate, span: template.key_span, message, help });
            }
        }
        _ => {}
    }
}

/// What stands alone in an object and is no template.
const OTHERS: [&str; 5] = ["Statement", "Version", "Ref", "Condition", "PolicyDocument"];

/// The ARN of a managed policy that AWS has not.
fn of_managed(text: &str) -> Option<String> {
    if text.is_empty() || text.contains(['*', '$', '{', '<', ' ', UNKNOWN]) {
        return None;
    }
    let arn = if text.starts_with("arn:") { text.to_owned() } else { format!("arn:aws:iam::aws:policy/{text}") };
    // by its name alone AWS SAM finds the path as well
    let is_named = !text.starts_with("arn:") && managed::named(text.rsplit('/').next()?).is_some();
    (!is_named && managed::unknown(&arn).is_some()).then_some(arn)
}
