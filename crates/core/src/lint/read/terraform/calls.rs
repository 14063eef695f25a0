//! Modules of the same tree: which folders call which, what is given to their variables, what they give back.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Body, Structure};

use super::scope::{Named, Scopes, after, folder, label};
use crate::lint::policy::is_policy;
use crate::lint::read::choice::unknown;
use crate::problem::{SourceFile, Span};
use crate::text::files;
use crate::text::json::{Node, Value};

/// Callers of callers are followed this deep.
const DEEP: usize = 5;

/// A module is not told to be used more often than this.
const MOST_USES: usize = 100;

/// A call of a module of the same tree.
pub struct Call<'m> {
    /// The folder that calls.
    pub caller: &'m str,
    /// What it calls the module.
    pub name: &'m str,
    /// The folder that is called.
    pub folder: String,
    /// What is given.
    pub given: Vec<(&'m str, Named<'m>)>,
}

/// A value that a call gives to a variable.
pub struct Given<'m> {
    /// The value.
    pub value: Named<'m>,
    /// The folder in whose names it is written.
    pub folder: &'m str,
}

/// The arguments of a call that are none of the module's variables.
const OWN: [&str; 6] = ["source", "version", "count", "for_each", "providers", "depends_on"];

/// The calls of modules of the same tree in a file.
pub fn calls<'m>(path: &'m str, source: &'m std::sync::Arc<SourceFile>, body: &'m Body) -> Vec<Call<'m>> {
    let blocks = body.iter().filter_map(Structure::as_block).filter(|block| block.ident.as_str() == "module");
    let call = |block: &'m hcl_edit::structure::Block| {
        let from = match &block.body.get_attribute("source")?.value {
            Expression::String(text) => text.as_str(),
            _ => return None,
        };
        let local = from.starts_with("./") || from.starts_with("../");
        let attributes = block.body.iter().filter_map(Structure::as_attribute);
        let given = attributes.filter(|a| !OWN.contains(&a.key.as_str()));
        local.then_some(())?;
        Some(Call {
            caller: folder(path),
            name: label(block, 0)?,
            folder: files::resolve(path, from),
            given: given.map(|a| (a.key.as_str(), (&a.value, source))).collect(),
        })
    };
    blocks.filter_map(call).collect()
}

/// The folders that a text may call as modules.
pub fn called<'t>(path: &'t str, text: &'t str) -> impl Iterator<Item = String> + 't {
    ["\"./", "\"../"].into_iter().flat_map(move |open| {
        let ends = text.split(open).skip(1).filter_map(|rest| rest.split('"').next());
        ends.map(move |rest| files::resolve(path, &format!("{}{rest}", open.trim_start_matches('"'))))
    })
}

/// A value that stands in another folder, without the policies in it: these are linted where they stand.
pub fn without_policies(node: Node, at: Span) -> Node {
    let Node { span, value } = node;
    let inner = |nodes: Vec<Node>| nodes.into_iter().map(|n| without_policies(n, at)).collect();
    let value = match value {
        Value::String(text) if text.trim_start().starts_with('{') => return unknown(at),
        Value::Array(nodes) => Value::Array(inner(nodes)),
        Value::OneOf(nodes) => Value::OneOf(inner(nodes)),
        Value::Object(members) => {
            let node = Node::new(span, Value::Object(members));
            if is_policy(&node) {
                return unknown(at);
            }
            let Value::Object(mut members) = node.value else {
                return unknown(at);
            };
            for member in &mut members {
                let own = std::mem::replace(&mut member.node, unknown(at));
                member.node = without_policies(own, at);
            }
            Value::Object(members)
        }
        other => other,
    };
    Node { span, value }
}

/// A document of Terraform: its folder, and its name there.
pub type Document = (String, String);

impl Scopes<'_> {
    /// The documents that an expression names, by way of locals, of what modules are given and of what they give back.
    pub fn documents(&self, folder: &str, text: &str) -> Vec<Document> {
        let mut found = Vec::new();
        self.collect(folder, text, DEEP, &mut found);
        found
    }

    fn collect(&self, folder: &str, text: &str, left: usize, found: &mut Vec<Document>) {
        for name in after(text, "data.aws_iam_policy_document.") {
            if !found.iter().any(|(f, n)| f == folder && n == name) {
                found.push((folder.to_owned(), name.to_owned()));
            }
        }
        let Some(left) = left.checked_sub(1) else {
            return;
        };
        let scope = self.at(folder);
        let raw = |(value, source): Named<'_>| {
            value.span().and_then(|range| source.text.get(range)).unwrap_or_default().to_owned()
        };
        for value in after(text, "local.").filter_map(|name| scope.local(name)) {
            self.collect(folder, &raw(value), left, found);
        }
        for given in after(text, "var.").flat_map(|name| scope.given(name)) {
            self.collect(given.folder, &raw(given.value), left, found);
        }
        for (name, output) in outputs(text) {
            if let Some((folder, value)) = scope.module(name).and_then(|f| Some((f, self.at(f).output(output)?))) {
                self.collect(folder, &raw(value), left, found);
            }
        }
    }

    /// What the module in a folder is called where it is used: `module.a`, `module.b.module.a`.
    pub fn uses(&self, folder: &str) -> Vec<String> {
        self.uses_within(folder, DEEP)
    }

    fn uses_within(&self, folder: &str, left: usize) -> Vec<String> {
        let mut found = Vec::new();
        for (caller, name) in self.at(folder).callers().iter().take(MOST_USES) {
            let outer = if left > 0 && *caller != folder { self.uses_within(caller, left - 1) } else { Vec::new() };
            let own = format!("module.{name}");
            match outer.is_empty() {
                true => found.push(own),
                false => found.extend(outer.into_iter().map(|outer| format!("{outer}.{own}"))),
            }
        }
        found.sort();
        found.dedup();
        found.truncate(MOST_USES);
        found
    }
}

/// What a text asks of modules: `module.name.output`, `module.name[0].output`.
fn outputs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    after(text, "module.").zip(text.split("module.").skip(1)).filter_map(|(name, rest)| {
        let rest = rest.strip_prefix(name)?;
        let rest = match rest.strip_prefix('[') {
            Some(index) => index.split_once(']')?.1,
            None => rest,
        };
        let output = after(rest.get(..1).filter(|dot| *dot == ".").map(|_| rest)?, ".").next()?;
        Some((name, output))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_ask_modules() {
        let asked = |text| outputs(text).collect::<Vec<_>>();
        assert_eq!(asked("[module.a.json, module.b[\"k\"].out]"), [("a", "json"), ("b", "out")]);
        assert_eq!(asked("module.a"), []);
    }

    #[test]
    fn texts_call_folders() {
        let called: Vec<String> = called("live/main.tf", "source = \"../modules/x\"\nother = \"./y//z\"").collect();
        assert_eq!(called, ["live/y/z", "modules/x"]);
    }
}
