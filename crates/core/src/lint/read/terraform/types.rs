//! Type constraints of variables: what an object leaves out is what its type says.

use hcl_edit::expr::{Expression, FuncCall, Object, ObjectKey};

use crate::problem::Span;
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node, Value};

/// A value of a type: optional attributes that it has not are their defaults, which `value` gives, or null.
pub fn typed(node: Node, ty: &Expression, value: &impl Fn(&Expression) -> Node) -> Node {
    let Some((name, argument)) = constructor(ty) else {
        return node;
    };
    let at = node.span;
    let own = match (name, node.value) {
        (_, Value::OneOf(nodes)) => Value::OneOf(nodes.into_iter().map(|n| typed(n, ty, value)).collect()),
        ("list" | "set", Value::Array(nodes)) => {
            Value::Array(nodes.into_iter().map(|n| typed(n, argument, value)).collect())
        }
        ("map", Value::Object(members)) => Value::Object(
            members
                .into_iter()
                .map(|mut member| {
                    member.node = typed(member.node, argument, value);
                    member
                })
                .collect(),
        ),
        ("object", Value::Object(members)) => match argument {
            Expression::Object(attributes) => Value::Object(object(members, attributes, at, value)),
            _ => Value::Object(members),
        },
        ("optional", own) => return typed(Node { span: at, value: own }, argument, value),
        (_, own) => own,
    };
    Node { span: at, value: own }
}

fn object(
    mut members: Vec<Member>,
    attributes: &Object,
    at: Span,
    value: &impl Fn(&Expression) -> Node,
) -> Vec<Member> {
    let open = members.iter().any(|m| m.key.contains(UNKNOWN));
    for (key, ty) in attributes.iter() {
        let name = match key {
            ObjectKey::Ident(ident) => ident.as_str(),
            ObjectKey::Expression(Expression::Variable(ident)) => ident.as_str(),
            ObjectKey::Expression(Expression::String(text)) => text.as_str(),
            ObjectKey::Expression(_) => continue,
        };
        match members.iter_mut().find(|m| m.key == name) {
            Some(member) => {
                let given = std::mem::replace(&mut member.node, Node::new(at, Value::Null));
                let none = given.value == Value::Null;
                member.node = if none { default(ty.expr(), at, value) } else { typed(given, ty.expr(), value) };
            }
            None if open || !matches!(constructor(ty.expr()), Some(("optional", _))) => {}
            None => {
                members.push(Member { key: name.to_owned(), key_span: at, node: default(ty.expr(), at, value) });
            }
        }
    }
    members
}

/// What an optional attribute is where none is given: its default, else null.
fn default(ty: &Expression, at: Span, value: &impl Fn(&Expression) -> Node) -> Node {
    let second = call(ty).filter(|call| call.name.name.as_str() == "optional").and_then(|call| call.args.iter().nth(1));
    second.map_or_else(|| Node::new(at, Value::Null), value)
}

fn call(ty: &Expression) -> Option<&FuncCall> {
    match ty {
        Expression::FuncCall(call) => Some(call),
        _ => None,
    }
}

fn constructor(ty: &Expression) -> Option<(&str, &Expression)> {
    let call = call(ty)?;
    Some((call.name.name.as_str(), call.args.iter().next()?))
}
