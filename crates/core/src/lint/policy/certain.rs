//! A statement without what is not known of it, so that what is wrong with the rest is found.

use crate::iam::operator::Operator;
use crate::lint::read::choice::{is_known, items, may_be_missing};
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node, Value};

/// The statement that stays when everything unknown is replaced by something valid: what is wrong with it, is wrong with the one that was
/// written. It says nothing of what the statement does.
///
/// `None` where nothing of it is certain.
pub fn certain(statement: &Node) -> Option<Node> {
    let members = statement.as_object()?;
    let mut kept: Vec<Member> = Vec::new();
    for member in members.iter().filter(|m| !m.key.contains(UNKNOWN)) {
        let node = match member.key.as_str() {
            "Effect" => effect(&member.node),
            "Action" | "NotAction" | "Resource" | "NotResource" => {
                if yields(members, member) {
                    continue;
                }
                list(&member.node)
            }
            "Condition" => match conditions(&member.node) {
                Some(node) => node,
                None => continue,
            },
            _ if may_be_missing(&member.node) => continue,
            "Sid" => {
                match items(&member.node).into_iter().find(|i| !i.node.as_str().unwrap_or_default().contains(UNKNOWN)) {
                    Some(item) => item.node.clone(),
                    None => continue,
                }
            }
            _ => member.node.clone(),
        };
        kept.push(Member { node, ..member.clone() });
    }
    let open = members.iter().find(|m| m.key.contains(UNKNOWN));
    let is_said = !kept.is_empty() || open.is_none();
    if let Some(open) = open {
        complete(&mut kept, open);
    }
    is_said.then(|| Node::new(statement.span, Value::Object(kept)))
}

/// What a statement has to have: one of these each, and what is valid.
const REQUIRED: [([&str; 2], &str); 3] =
    [(["Effect", "Effect"], "Allow"), (["Action", "NotAction"], "*"), (["Resource", "NotResource"], "*")];

/// What a member of unknown name may say is not missing.
fn complete(kept: &mut Vec<Member>, open: &Member) {
    for (keys, valid) in REQUIRED {
        if !kept.iter().any(|m| keys.contains(&m.key.as_str())) {
            let node = Node::string(open.key_span, valid);
            kept.extend(keys.first().map(|key| Member { key: (*key).to_owned(), key_span: open.key_span, node }));
        }
    }
}

/// Of `Action` and `NotAction`, and of `Resource` and `NotResource`, one that may be missing gives way to the other.
fn yields(members: &[Member], member: &Member) -> bool {
    let (rival, negated) = match member.key.as_str() {
        "Action" => ("NotAction", false),
        "NotAction" => ("Action", true),
        "Resource" => ("NotResource", false),
        _ => ("Resource", true),
    };
    let rival = members.iter().find(|m| m.key == rival);
    rival.is_some_and(|r| may_be_missing(&member.node) && (negated || !may_be_missing(&r.node)))
}

/// The values of which everything is known; `*` where there is none.
fn list(node: &Node) -> Node {
    let mut known: Vec<Node> = items(node).into_iter().map(|i| i.node).filter(|n| !has_unknown(n)).cloned().collect();
    if known.is_empty() {
        known.push(Node::string(node.span, "*"));
    }
    Node::new(node.span, Value::Array(known))
}

fn has_unknown(node: &Node) -> bool {
    !is_known(node)
}

/// An effect that is known, wrong rather than right; `Allow` where none is known.
fn effect(node: &Node) -> Node {
    let known = || node.alternatives().iter().filter(|n| !has_unknown(n) && n.value != Value::Null);
    let wrong = known().find(|n| !matches!(n.as_str(), Some("Allow" | "Deny")));
    wrong.or_else(|| known().next()).cloned().unwrap_or_else(|| Node::string(node.span, "Allow"))
}

/// The operators and keys that are known, with the values that are; `None` where nothing is.
fn conditions(node: &Node) -> Option<Node> {
    let mut operators: Vec<Member> = Vec::new();
    let mut wrong = None;
    for alternative in node.alternatives().iter().filter(|n| n.value != Value::Null) {
        match alternative.as_object() {
            Some(members) => operators.extend(members.iter().filter(|m| !m.key.contains(UNKNOWN)).filter_map(operator)),
            None if has_unknown(alternative) => {}
            None => wrong = Some(alternative.clone()),
        }
    }
    let empty = matches!(&node.value, Value::Object(members) if members.is_empty());
    wrong.or_else(|| (empty || !operators.is_empty()).then(|| Node::new(node.span, Value::Object(operators))))
}

fn operator(operator: &Member) -> Option<Member> {
    let mut keys: Vec<Member> = Vec::new();
    for alternative in operator.node.alternatives().iter().filter(|n| n.value != Value::Null) {
        let Some(members) = alternative.as_object() else {
            if has_unknown(alternative) {
                continue;
            }
            return Some(Member { node: alternative.clone(), ..operator.clone() });
        };
        for key in members.iter().filter(|m| !m.key.contains(UNKNOWN)) {
            let items = items(&key.node);
            let values: Vec<Node> = items.iter().map(|i| i.node).filter(|n| !has_unknown(n)).cloned().collect();
            if !values.is_empty() || items.is_empty() {
                keys.push(Member { node: Node::new(key.node.span, Value::Array(values)), ..key.clone() });
            }
        }
    }
    // an operator that there is not is wrong whatever it compares; a name of CloudFormation's is none of an operator
    let is_none =
        || Operator::parse(&operator.key).is_none() && !operator.key.is_empty() && !operator.key.contains("::");
    (!keys.is_empty() || is_none())
        .then(|| Member { node: Node::new(operator.node.span, Value::Object(keys)), ..operator.clone() })
}
