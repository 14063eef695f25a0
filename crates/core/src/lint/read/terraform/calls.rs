//! Modules of the same tree: which folders call which, what is given to their variables, what they give back.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Body, Structure};

use super::each_of;
use super::evaluate::{Budget, Evaluation};
use super::scope::{Named, Scopes, after, folder, label};
use crate::lint::policy::is_policy;
use crate::lint::read::choice::unknown;
use crate::problem::{Place, SourceFile, Span};
use crate::text::files;
use crate::text::json::{Node, Value};
use crate::work;

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
    /// What it is called for each of.
    pub for_each: Option<Named<'m>>,
}

/// A value that a call gives to a variable.
pub struct Given<'m> {
    /// The value.
    pub value: Named<'m>,
    /// The folder in whose names it is written.
    pub folder: &'m str,
    /// What `each` is in it: the call is one for each element of this.
    pub for_each: Option<Named<'m>>,
    /// What the call is named.
    pub name: &'m str,
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
            for_each: block.body.get_attribute("for_each").map(|a| (&a.value, source)),
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
pub fn without_policies(mut node: Node, at: Span) -> Node {
    remove_policies(&mut node, at);
    node
}

fn remove_policies(node: &mut Node, at: Span) {
    let is_text = matches!(&node.value, Value::String(text) if text.trim_start().starts_with('{'));
    if is_text || is_policy(node) {
        *node = unknown(at);
        return;
    }
    match &mut node.value {
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter_mut().for_each(|n| remove_policies(n, at)),
        Value::Object(members) => members.iter_mut().for_each(|m| remove_policies(&mut m.node, at)),
        _ => {}
    }
}

/// A document of Terraform: its folder, and its name there.
pub type Document = (String, String);

impl Scopes<'_> {
    /// The documents that an expression names, by way of locals, of what modules are given and of what they give back.
    pub fn documents(&self, folder: &str, text: &str) -> Vec<Document> {
        let mut search = Search::default();
        // from near to far, so that each text is looked through once, and as deep as it can be
        let mut next = vec![(folder, text)];
        for _ in 0..=DEEP {
            let now = std::mem::take(&mut next);
            now.into_iter().for_each(|(folder, text)| self.look(folder, text, &mut search, &mut next));
        }
        search.found
    }

    /// Adds the documents that a text names to those that are found, and the texts that it names to the next ones.
    fn look<'s>(&'s self, folder: &'s str, text: &'s str, search: &mut Search<'s>, next: &mut Vec<(&'s str, &'s str)>) {
        work::add(text.len());
        for name in after(text, "data.aws_iam_policy_document.") {
            if search.documents.insert((folder, name)) {
                search.found.push((folder.to_owned(), name.to_owned()));
            }
        }
        let scope = self.at(folder);
        let mut add = |folder: &'s str, (value, source): Named<'s>| {
            let text = value.span().and_then(|range| source.text.get(range)).unwrap_or_default();
            if search.texts.insert((folder, text.as_ptr().addr())) {
                next.push((folder, text));
            }
        };
        after(text, "local.").filter_map(|name| scope.local(name)).for_each(|value| add(folder, value));
        let mut variables: Vec<&str> = after(text, "var.").collect();
        variables.sort_unstable();
        variables.dedup();
        variables.iter().flat_map(|name| scope.given(name)).for_each(|given| add(given.folder, given.value));
        for (name, output) in outputs(text) {
            if let Some((folder, value)) = scope.module(name).and_then(|f| Some((f, self.at(f).output(output)?))) {
                add(folder, value);
            }
        }
    }

    /// What the module in a folder is called where it is used: `module.a`, `module.b.module.a`.
    pub fn uses(&self, folder: &str) -> Vec<String> {
        self.uses_within(folder, DEEP).to_vec()
    }

    /// The same, within so many modules; told once for all files.
    fn uses_within(&self, folder: &str, left: usize) -> Rc<[String]> {
        let scope = self.at(folder);
        let key = (std::ptr::from_ref(scope).addr(), left);
        if let Some(known) = self.uses.borrow().get(&key) {
            return known.clone();
        }
        let mut found = Vec::new();
        for (caller, name) in scope.callers().iter().take(MOST_USES) {
            let outer = if left > 0 && *caller != folder { self.uses_within(caller, left - 1) } else { Rc::default() };
            let own = format!("module.{name}");
            work::add(1 + outer.len());
            match outer.is_empty() {
                true => found.push(own),
                false => found.extend(outer.iter().map(|outer| format!("{outer}.{own}"))),
            }
        }
        found.sort();
        found.dedup();
        found.truncate(MOST_USES);
        let found: Rc<[String]> = found.into();
        self.uses.borrow_mut().insert(key, found.clone());
        found
    }
}

/// A call that gives a text to a module: what the module is called there, and where the text stands.
#[derive(Clone, Debug)]
pub struct Giver {
    /// `module.a`, `module.b.module.a`
    pub module: String,
    /// Where the text stands, or what it comes from where that is another file.
    pub place: Place,
}

impl Scopes<'_> {
    /// Which calls of the module in a folder give it a text, by itself or as a part of something else.
    pub fn givers(&self, folder: &str, text: &str) -> Vec<Giver> {
        self.givers_within(folder, text, DEEP)
    }

    fn givers_within(&self, folder: &str, text: &str, left: usize) -> Vec<Giver> {
        let mut found: Vec<Giver> = Vec::new();
        for given in self.at(folder).all_given().take(MOST_USES) {
            let (value, source) = given.value;
            let budget = Budget::default();
            let of = Evaluation::new(source, self, &budget);
            let of = given.for_each.map_or_else(|| of.clone(), |(elements, _)| each_of(&of, elements));
            let Some(span) = place_of(&of.value(value), text) else {
                continue;
            };
            let own = format!("module.{}", given.name);
            let literal = source.slice(span).contains(text);
            let outer = if literal || left == 0 || given.folder == folder {
                Vec::new()
            } else {
                self.givers_within(given.folder, text, left - 1)
            };
            if outer.is_empty() {
                let place = Place { source: source.clone(), span };
                let outer = self.uses(given.folder);
                let named = outer.iter().map(|outer| format!("{outer}.{own}"));
                let named = if outer.is_empty() { vec![own] } else { named.collect() };
                found.extend(named.into_iter().map(|module| Giver { module, place: place.clone() }));
            } else {
                let named = |g: Giver| Giver { module: format!("{}.{own}", g.module), place: g.place };
                found.extend(outer.into_iter().map(named));
            }
        }
        found.sort_by(|a, b| (&a.module, a.place.span).cmp(&(&b.module, b.place.span)));
        found.dedup_by(|b, a| a.module == b.module);
        found
    }
}

/// Where a text stands in a value: the nearest that is known.
fn place_of(node: &Node, text: &str) -> Option<Span> {
    match &node.value {
        Value::String(own) => (own == text).then_some(node.span),
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().find_map(|n| place_of(n, text)),
        Value::Object(members) => members.iter().find_map(|m| place_of(&m.node, text)),
        _ => None,
    }
}

/// What modules are called, by where the names of their folders are kept, within so many modules.
pub type Uses = HashMap<(usize, usize), Rc<[String]>>;

/// A search for documents: what was found, and what was looked through.
#[derive(Default)]
struct Search<'s> {
    found: Vec<Document>,
    documents: HashSet<(&'s str, &'s str)>,
    /// By the folder in whose names they are written, and where they are.
    texts: HashSet<(&'s str, usize)>,
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
