//! Statements without the policy around them: those that a module of a registry, a framework or a catalog makes a policy of.
//!
//! Written with the names of Terraform (`effect`, `actions`, `resources`) anywhere, or with those of IAM under a key that says so.

use super::UNKNOWN;
use super::choice::{Item, is_unknown, items, perhaps, unknown};
use super::kinds::holder_of_statements;
use super::terraform::document::{NAMES, operators, whom};
use crate::aws::catalogue::Catalogue;
use crate::lint::policy::{Holder, PolicyKind};
use crate::problem::{Span, did_you_mean};
use crate::text::json::{Member, Node, Value};

/// The policy that these statements make, in a list or by their names; `None` where they are none. `given`: to a module, which may take the
/// effect of one that says none to be `Allow`.
pub fn policy(node: &Node, given: bool) -> Option<Node> {
    let nodes: Vec<Item<'_>> = match &node.value {
        Value::Array(_) => items(node),
        Value::Object(members) => members.iter().flat_map(|m| items(&m.node)).collect(),
        _ => return None,
    };
    // a part of which nothing is known may be a statement as well
    let mut known = nodes.iter().map(|i| i.node).filter(|n| !may_be_none(n)).peekable();
    if known.peek().is_none() || !known.all(|n| is_statement(n, given)) {
        return None;
    }
    let one = |item: Item<'_>| if item.perhaps { perhaps(renamed(item.node)) } else { renamed(item.node) };
    let statements = nodes.into_iter().map(one).collect();
    Some(document(node.span, Node::new(node.span, Value::Array(statements))))
}

/// The policy of a list of statements in IAM's words under a key such as `iamRoleStatements`, and what it is attached to.
pub fn listed(member: &Member) -> Option<(Node, Option<PolicyKind>, Option<Holder>)> {
    let (kind, holder) = holder_of_statements(&member.key)?;
    let nodes = member.node.as_array()?;
    let has = |node: &Node, keys: [&str; 2]| keys.iter().any(|key| node.get(key).is_some());
    let is_one = |n: &Node| n.get("Effect").is_some() && has(n, ["Action", "NotAction"]);
    let known = nodes.iter().filter(|n| n.as_object().is_some());
    if !known.clone().any(is_one) {
        return None;
    }
    // what a framework reads from another file stands there in a text
    let one = |n: &Node| if n.as_str().is_some() { unknown(n.span) } else { n.clone() };
    let statements = Node::new(member.node.span, Value::Array(nodes.iter().map(one).collect()));
    Some((document(member.key_span, statements), kind, holder))
}

/// The policy of a list of statements in IAM's words with no key that says so: in a text, or alone in a file. All of them are statements, with
/// an action that AWS has a service for.
pub fn bare(node: &Node) -> Option<Node> {
    let nodes = node.as_array().filter(|nodes| !nodes.is_empty())?;
    let actions = |n: &Node| ["Action", "NotAction"].iter().find_map(|key| n.get(key)).cloned();
    let is_one = |n: &Node| {
        const REST: [&str; 5] = ["Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];
        n.get("Effect").is_some() && actions(n).is_some() && REST.iter().any(|key| n.get(key).is_some())
    };
    let is_of_aws = |text: &str| text.split_once(':').is_some_and(|(service, _)| is_service(service));
    let known = |n: &Node| actions(n).is_some_and(|a| items(&a).iter().any(|i| i.node.as_str().is_some_and(is_of_aws)));
    let of_others = |n: &Node| {
        let resources = n.get("Resource").map(items).unwrap_or_default();
        resources
            .iter()
            .any(|i| i.node.as_str().is_some_and(|text| text.starts_with("acs:") || text.starts_with("qcs:")))
    };
    let statements = nodes.iter().filter(|n| !is_unknown(n));
    (statements.clone().all(is_one) && statements.clone().any(known) && !statements.clone().any(of_others))
        .then(|| document(node.span.first(), node.clone()))
}

/// Whether AWS has a service of this prefix, for all that is known.
fn is_service(prefix: &str) -> bool {
    let prefix = prefix.to_ascii_lowercase();
    Catalogue::built_in().service(&prefix).is_some()
}

fn document(at: Span, statements: Node) -> Node {
    let member = |key: &str, node: Node| Member { key: key.to_owned(), key_span: at, node };
    let members = vec![member("Version", Node::string(at, "2012-10-17")), member("Statement", statements)];
    Node::new(at, Value::Object(members))
}

fn may_be_none(node: &Node) -> bool {
    node.value == Value::Null || is_unknown(node)
}

/// An object with an effect, and with actions of which one is written as such.
fn is_statement(node: &Node, given: bool) -> bool {
    const EFFECTS: [&str; 2] = ["Allow", "Deny"];
    let effect = node.get("effect").is_some_and(|effect| {
        let known = |text: &str| text.contains(UNKNOWN) || did_you_mean(text, EFFECTS).is_some();
        effect.alternatives().iter().any(|e| e.as_str().is_some_and(known))
    });
    let is_action =
        |n: &Node| n.as_str().is_some_and(|text| text == "*" || text.contains(':') || text.contains(UNKNOWN));
    let actions = ["actions", "not_actions"].iter().filter_map(|key| node.get(key));
    let mut each = actions.flat_map(Node::alternatives).flat_map(|n| n.as_array().unwrap_or(std::slice::from_ref(n)));
    let without = || given && node.get("effect").is_none_or(|e| e.value == Value::Null) && has_only_parts(node);
    (effect || without()) && each.any(is_action) || given && is_open(node)
}

/// What is merged with a part that is not known, where the rest has nothing but parts of a statement, conditions that are written there among it,
/// or nothing but the ARNs of resources.
fn is_open(node: &Node) -> bool {
    let members = node.as_object().unwrap_or_default();
    let is_unread = |m: &&Member| m.key == UNKNOWN.to_string();
    let known: Vec<Member> = members.iter().filter(|m| !is_unread(m)).cloned().collect();
    let conditions = ["condition", "conditions"].iter().filter_map(|key| node.get(key)).flat_map(items);
    let is_written = |n: &Node| ["test", "variable"].iter().all(|key| n.get(key).and_then(Node::as_str).is_some());
    let is_condition = conditions.map(|item| item.node).any(is_written);
    let arns = ["resources", "not_resources"].iter().filter_map(|key| node.get(key)).flat_map(items);
    let is_arn = |n: &Node| n.as_str().is_some_and(|text| text.starts_with("arn:"));
    let only_resources = known.iter().all(|m| m.key.ends_with("resources")) && arns.map(|i| i.node).any(is_arn);
    known.len() < members.len()
        && (only_resources || has_only_parts(&Node::new(node.span, Value::Object(known))) && is_condition)
}

/// An object that has nothing but what statements have, more than actions among it.
fn has_only_parts(node: &Node) -> bool {
    const MORE: [&str; 5] = ["effect", "principals", "not_principals", "condition", "conditions"];
    let members = node.as_object().unwrap_or_default();
    let is_part = |key: &str| MORE.contains(&key) || NAMES.iter().any(|(own, _)| *own == key);
    members.len() > 1 && members.iter().all(|m| is_part(&m.key))
}

/// A statement under IAM's names. What a module adds to it is not known.
fn renamed(node: &Node) -> Node {
    match &node.value {
        Value::OneOf(nodes) => Node::new(node.span, Value::OneOf(nodes.iter().map(renamed).collect())),
        Value::Object(members) => Node::new(node.span, Value::Object(members_of(members, node.span))),
        _ => node.clone(),
    }
}

fn members_of(members: &[Member], at: Span) -> Vec<Member> {
    let mut found: Vec<Member> = Vec::new();
    for member in members.iter().filter(|m| m.node.value != Value::Null) {
        let key = member.key.as_str();
        let (name, node) = match key {
            "condition" | "conditions" => ("Condition", conditions(&member.node)),
            "principals" => ("Principal", principals(&member.node)),
            "not_principals" => ("NotPrincipal", principals(&member.node)),
            _ => match NAMES.iter().find(|(own, _)| *own == key) {
                // an empty list is left out
                Some(_) if member.node.as_array().is_some_and(<[Node]>::is_empty) => continue,
                Some(("sid", _)) if member.node.as_str() == Some("") => continue,
                Some((_, name)) => (*name, member.node.clone()),
                None if key == UNKNOWN.to_string() => (key, member.node.clone()),
                None => continue,
            },
        };
        found.push(Member { key: name.to_owned(), key_span: member.key_span, node });
    }
    // what a module makes of none is for it to say
    if !found.iter().any(|m| m.key == "Effect") {
        found.push(Member { key: "Effect".to_owned(), key_span: at, node: unknown(at) });
    }
    if !found.iter().any(|m| m.key == "Resource" || m.key == "NotResource") {
        found.push(Member { key: "Resource".to_owned(), key_span: at, node: unknown(at) });
    }
    found
}

/// Conditions as Terraform has them, in a list, alone or by names.
fn conditions(node: &Node) -> Node {
    let all: Vec<Node> = match &node.value {
        Value::Array(nodes) => nodes.clone(),
        Value::Object(members) if node.get("test").is_none() => members.iter().map(|m| m.node.clone()).collect(),
        Value::Object(_) => vec![node.clone()],
        _ => return unknown(node.span),
    };
    let is_block = |n: &Node| n.get("test").is_some() && n.get("variable").is_some();
    let (blocks, others): (Vec<Node>, Vec<Node>) = all.into_iter().partition(is_block);
    if blocks.is_empty() && !others.is_empty() || !others.iter().all(is_unknown) {
        return unknown(node.span);
    }
    let mut members = operators(&blocks);
    // there may be more of them
    members.extend(others.into_iter().take(1).map(|node| Member {
        key: UNKNOWN.to_string(),
        key_span: node.span,
        node,
    }));
    Node::new(node.span, Value::Object(members))
}

fn principals(node: &Node) -> Node {
    match node.as_array() {
        Some(nodes) if nodes.iter().all(|n| n.get("type").is_some()) => whom(nodes.iter(), node.span),
        _ => unknown(node.span),
    }
}
