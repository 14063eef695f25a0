//! Templates as what they become: with each branch of their directives, and their placeholders as unknown values.

use std::sync::Arc;

use super::choice::{one_of, unknown};
use super::embedded::{self, Mapped};
use super::given::Given;
use super::{directives, forms, macros, template, yaml};
use crate::problem::{Problem, SourceFile, Span};
use crate::text::json::{Member, Node, Value};

/// A text that was read, or its faults; the members whose key stands twice; whether it was a template.
pub struct Read {
    /// The document, or one of several.
    pub result: Result<(Node, Vec<Member>), Vec<Problem>>,
    /// It is no JSON as it stands.
    pub is_template: bool,
}

/// A text as JSON.
pub fn json(source: &Arc<SourceFile>, mapped: &Mapped) -> Read {
    if let Some(expanded) = macros::expanded(mapped) {
        let read = with_branches(source, &expanded);
        return Read { is_template: true, ..read };
    }
    with_branches(source, mapped)
}

fn with_branches(source: &Arc<SourceFile>, mapped: &Mapped) -> Read {
    let variants = if directives::may_have(&mapped.text) { directives::variants(mapped) } else { None };
    if let Some(variants) = variants {
        let all = |variants: &[Mapped]| -> Option<Vec<_>> {
            variants.iter().map(|variant| plain(source, variant).result.ok()).collect()
        };
        let least = || directives::least(mapped).and_then(|least| all(&[least]));
        let apart = || directives::without_separators(mapped).and_then(|variants| all(&variants));
        if let Some(read) = all(&variants).or_else(apart).or_else(least) {
            let (roots, mut twice): (Vec<Node>, Vec<Vec<Member>>) = read.into_iter().unzip();
            let span = roots.first().map_or(Span::default(), |root| root.span);
            // what stands twice in a template may stand in a branch of it each
            let duplicates = if twice.len() == 1 { twice.pop().unwrap_or_default() } else { Vec::new() };
            return Read { result: Ok((one_of(span, roots), duplicates)), is_template: true };
        }
    }
    plain(source, mapped)
}

fn plain(source: &Arc<SourceFile>, mapped: &Mapped) -> Read {
    let read = as_it_stands(source, mapped);
    // Ansible, which most templates of Jinja are for, makes values of them by the grammar of Python
    if read.result.is_err()
        && [".j2", ".jinja", ".jinja2"].iter().any(|end| source.path.ends_with(end))
        && let Some(without) = template::without_last_commas(mapped)
    {
        let again = as_it_stands(source, &without);
        if again.result.is_ok() {
            return Read { is_template: true, ..again };
        }
    }
    read
}

fn as_it_stands(source: &Arc<SourceFile>, mapped: &Mapped) -> Read {
    match embedded::parse(source, mapped) {
        Ok(parsed) => Read { result: Ok(parsed), is_template: false },
        Err(problems) => match template::filled(mapped) {
            Some(filled) => Read { result: embedded::parse(source, &filled), is_template: true },
            // what is between the marks of a directive is no JSON, whatever it does
            None => Read { result: Err(problems), is_template: directives::has_one(&mapped.text) },
        },
    }
}

/// A file as YAML, where its directives keep it from being any; `None` where it is none with any of its branches.
pub fn yaml(source: &Arc<SourceFile>) -> Option<Node> {
    let whole = Mapped { text: source.text.clone(), offsets: (0..=source.text.len()).collect() };
    let variants = if directives::may_have(&whole.text) { directives::variants(&whole)? } else { return None };
    let read = |variant: &Mapped| {
        let given = Given::string(variant);
        let filled = if forms::is_template(&source.path) { given.filled_as_template() } else { given.filled() };
        yaml::read(source, filled.unwrap_or(given)).ok()
    };
    let roots: Option<Vec<Node>> = variants.iter().map(read).collect();
    let least = || directives::least(&whole).and_then(|least| read(&least)).map(|root| vec![root]);
    roots.or_else(least).map(|roots| one_of(Span { start: 0, end: source.text.len() }, roots))
}

/// The document that a template is a part of: statements, one after the other, without what stands around them. What else it has is not known.
pub fn statements(source: &Arc<SourceFile>, mapped: &Mapped) -> Option<Node> {
    let (start, end) = (mapped.offset(0), mapped.offset(mapped.text.len()));
    let mut text = Mapped { text: String::new(), offsets: Vec::new() };
    text.push('[', start);
    mapped.text.trim_end().trim_end_matches(',').char_indices().for_each(|(at, c)| text.push(c, mapped.offset(at)));
    text.push(']', end);
    let (root, _) = json(source, &text.ended(end)).result.ok()?;
    let nodes = root.as_array()?;
    let has = |n: &Node, keys: [&str; 2]| keys.iter().any(|key| n.get(key).is_some());
    let are_all = nodes.iter().all(|n| n.get("Effect").is_some() && has(n, ["Action", "NotAction"]));
    if nodes.is_empty() || !are_all {
        return None;
    }
    let at = nodes.first()?.span.first();
    let member = |key: &str, node: Node| Member { key: key.to_owned(), key_span: at, node };
    let all = nodes.iter().cloned().chain([unknown(at)]).collect();
    let members = vec![
        member("Version", Node::string(at, "2012-10-17")),
        member("Statement", Node::new(root.span, Value::Array(all))),
    ];
    Some(Node::new(root.span, Value::Object(members)))
}
