//! Expressions of Terraform that stand by themselves in another text: a template that is `${jsonencode(…)}`, a string of `.tf.json`, the
//! file that `generate` of Terragrunt writes.

use std::collections::BTreeSet;

use hcl_edit::expr::Expression;

use super::evaluate::{Budget, Evaluation};
use super::scope::{Modules, Scopes, after};
use super::{parse, tree};
use crate::lint::read::embedded::{Mapped, relocate};
use crate::lint::read::forms::is_encoded;
use crate::problem::SourceFile;
use crate::text::json::{Node, Value};

/// The attribute that an expression is given to, to be parsed.
const ATTRIBUTE: &str = "policy = ";

/// The value of a text that is one `${jsonencode(…)}`, with its places in the file.
pub fn encoded(mapped: &Mapped) -> Option<Node> {
    let text = mapped.text.as_str();
    if !is_encoded(text) {
        return None;
    }
    let open = text.find("${")? + "${".len();
    let close = text.rfind('}')?;
    let (open, close) = (
        open + usize::from(text.get(open..)?.starts_with('~')),
        close - usize::from(text.get(..close)?.ends_with('~')),
    );
    let inner = text.get(open..close)?;
    let source = SourceFile::new("", format!("{ATTRIBUTE}{inner}\n"));
    let body = parse(&source).ok()?;
    let modules = Modules::parse(std::iter::empty());
    let (scopes, left) = (Scopes::new(&modules), Budget::default());
    let of = Evaluation::new(&source, &scopes, &left);
    let mut node = of.value(&body.get_attribute("policy")?.value);
    let start = mapped.offset(open);
    let before = std::iter::repeat_n(start, ATTRIBUTE.len());
    let offsets = before.chain((open..=close).map(|at| mapped.offset(at))).collect();
    relocate(&mut node, &Mapped { text: String::new(), offsets });
    Some(node)
}

/// The value of an expression in which names mean what is given; `None` where it does not parse.
pub fn value_with(text: &str, given: &Node) -> Option<Node> {
    let source = SourceFile::new("", format!("{ATTRIBUTE}{text}\n"));
    let body = parse(&source).ok()?;
    let modules = Modules::parse(std::iter::empty());
    let (scopes, left) = (Scopes::new(&modules), Budget::default());
    let members = given.as_object().unwrap_or_default().iter();
    let of = members.fold(Evaluation::new(&source, &scopes, &left), |of, m| of.with(&m.key, m.node.clone()));
    Some(of.value(&body.get_attribute("policy")?.value))
}

/// What `templatefile` fills a file in with, by the text of its call in a file.
pub fn arguments(path: &str, call: &str, scopes: &Scopes<'_>) -> Option<Node> {
    let source = SourceFile::new(path, format!("{ATTRIBUTE}{call}\n"));
    let body = parse(&source).ok()?;
    let Expression::FuncCall(call) = &body.get_attribute("policy")?.value else {
        return None;
    };
    let left = Budget::default();
    Some(Evaluation::new(&source, scopes, &left).value(call.args.iter().nth(1)?))
}

/// What the names of a folder mean that a text has: `{ local = { … }, var = { … } }`; `None` where it has none.
pub fn names_in(path: &str, text: &str, scopes: &Scopes<'_>) -> Option<Node> {
    let of = |word: &'static str| after(text, word).collect::<BTreeSet<&str>>();
    let (locals, variables) = (of("local."), of("var."));
    if locals.is_empty() && variables.is_empty() {
        return None;
    }
    let each = |word: &str, names: BTreeSet<&str>| {
        let members: Vec<String> = names.iter().map(|name| format!("{name} = {word}.{name}")).collect();
        format!("{word} = {{ {} }}", members.join(", "))
    };
    let call = format!("templatefile(\"\", {{ {}, {} }})", each("local", locals), each("var", variables));
    arguments(path, &call, scopes)
}

/// The tree of a text that is a file of Terraform, with its places in the file around it.
pub fn file(mapped: &Mapped) -> Option<Node> {
    let source = SourceFile::new("", mapped.text.clone());
    let body = parse(&source).ok()?;
    let modules = Modules::parse(std::iter::empty());
    let mut node = tree(&source, &body, &Scopes::new(&modules));
    relocate(&mut node, mapped);
    Some(node)
}

/// The tree of a file of JSON, with what its strings encode.
pub fn in_strings(node: Node, text: &impl Fn(&Node) -> Option<Mapped>) -> Node {
    let Node { span, value } = node;
    let value = match value {
        Value::String(own) if is_encoded(&own) => {
            let node = Node::new(span, Value::String(own));
            return text(&node).and_then(|mapped| encoded(&mapped)).unwrap_or(node);
        }
        Value::Array(nodes) => Value::Array(nodes.into_iter().map(|n| in_strings(n, text)).collect()),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|mut member| {
                    member.node = in_strings(member.node, text);
                    member
                })
                .collect(),
        ),
        other => other,
    };
    Node { span, value }
}
