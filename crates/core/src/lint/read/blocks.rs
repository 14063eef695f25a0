//! What a file is made of, by its places: resources, data sources and modules.

use crate::problem::Span;
use crate::text::json::{Member, Node, Value};

/// Each resource or module of a file, where it stands and what it is called.
pub fn blocks(root: &Node) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    for root in root.alternatives() {
        for member in root.as_object().unwrap_or_default() {
            of_member(member, &mut found);
        }
    }
    found
}

fn of_member(member: &Member, found: &mut Vec<(Span, String)>) {
    let parts: Vec<&str> = member.key.split('.').collect();
    match parts.as_slice() {
        ["resource", ty, name] => found.push((member.node.span, format!("{ty}.{name}"))),
        ["data", _, _] | ["module", _] => found.push((member.node.span, member.key.clone())),
        ["Resources"] => {
            let resources = member.node.as_object().unwrap_or_default().iter();
            found.extend(resources.map(|m| (m.node.span, format!("Resources.{}", m.key))));
        }
        // Terraform in JSON, and its plan
        ["resource" | "data"] => {
            let prefix = if member.key == "data" { "data." } else { "" };
            for ty in objects(&member.node) {
                found.extend(objects(&ty.node).map(|m| (m.node.span, format!("{prefix}{}.{}", ty.key, m.key))));
            }
        }
        ["module"] => found.extend(objects(&member.node).map(|m| (m.node.span, format!("module.{}", m.key)))),
        ["resource_changes"] => {
            let changes = member.node.as_array().unwrap_or_default().iter();
            found.extend(changes.filter_map(|c| Some((c.span, c.get("address")?.as_str()?.to_owned()))));
        }
        _ => {}
    }
}

/// The members of an object, or of each object of a list.
fn objects(node: &Node) -> impl Iterator<Item = &Member> {
    let nodes = match &node.value {
        Value::Array(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    nodes.iter().filter_map(Node::as_object).flatten()
}
