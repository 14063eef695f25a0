//! Loops of Terraform's templates: what stands in `%{ for name in list }`, and what the name is in each turn.

use super::read::choice::{is_unknown, items, unknown};
use super::read::terraform::expression;
use crate::problem::Span;
use crate::text::json::{Member, Node, Value};

/// A loop, by its place in a template.
pub struct Loop {
    /// What stands between its directives.
    pub body: Span,
    key: Option<String>,
    name: String,
    collection: String,
}

/// The loops within a part of a text that are closed, those around others before them.
pub fn loops(text: &str, within: Span) -> Vec<Loop> {
    let text = text.get(within.start..within.end).unwrap_or_default();
    let mut found: Vec<Loop> = Vec::new();
    let mut open: Vec<Option<usize>> = Vec::new();
    for (at, mark) in text.match_indices("%{") {
        let inner = text.get(at + mark.len()..).unwrap_or_default();
        let is_escaped = text.get(..at).is_some_and(|before| before.ends_with('%'));
        let Some(end) = inner.find('}').filter(|_| !is_escaped) else {
            continue;
        };
        let content = inner.get(..end).unwrap_or_default().trim_matches(|c: char| c.is_whitespace() || c == '~');
        if let Some(head) = content.strip_prefix("for ") {
            let begun = begun(head, within.start + at + mark.len() + end + 1);
            open.push(begun.is_some().then_some(found.len()));
            found.extend(begun);
        } else if content == "endfor"
            && let Some(closed) = open.pop().flatten().and_then(|index| found.get_mut(index))
        {
            closed.body.end = within.start + at;
        }
    }
    found.retain(|each| each.body.end >= each.body.start);
    found
}

fn begun(head: &str, start: usize) -> Option<Loop> {
    let (names, collection) = head.split_once(" in ")?;
    let (key, name) = match names.split_once(',') {
        Some((key, name)) => (Some(key.trim().to_owned()), name),
        None => (None, names),
    };
    let body = Span { start, end: 0 };
    Some(Loop { body, key, name: name.trim().to_owned(), collection: collection.trim().to_owned() })
}

impl Loop {
    /// Whether this stands in the loop.
    pub fn has(&self, span: Span) -> bool {
        self.body.start <= span.start && span.start < self.body.end
    }

    /// What the names around the loop and its own mean in each of its turns; of a list that is not known, in any.
    pub fn turns(&self, given: &Node) -> Vec<Node> {
        let collection = expression::value_with(&self.collection, given);
        let at = Span::default();
        match collection.map(|node| node.value) {
            Some(Value::Array(nodes)) => {
                let list = Node::new(at, Value::Array(nodes));
                let known = items(&list).into_iter().filter(|item| !is_unknown(item.node));
                let number = |index: usize| Node::new(at, Value::Number(index.to_string()));
                known.enumerate().map(|(index, item)| self.turn(given, number(index), item.node.clone())).collect()
            }
            Some(Value::Object(members)) => {
                members.into_iter().map(|m| self.turn(given, Node::string(at, m.key), m.node)).collect()
            }
            _ => vec![self.turn(given, unknown(at), unknown(at))],
        }
    }

    fn turn(&self, given: &Node, key: Node, value: Node) -> Node {
        let own = |name: &str| name == self.name || Some(name) == self.key.as_deref();
        let around = given.as_object().unwrap_or_default().iter().filter(|m| !own(&m.key)).cloned();
        let member = |name: &str, node: Node| Member { key: name.to_owned(), key_span: node.span, node };
        let keys = self.key.iter().map(|name| member(name, key.clone()));
        Node::new(given.span, Value::Object(around.chain(keys).chain([member(&self.name, value)]).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::SourceFile;
    use crate::text::json;

    #[test]
    fn what_stands_in_a_loop_has_its_names() {
        let text = r#"[%{ for i, a in acts ~}"${a}"%{ for b in a.arns }"${b}"%{ endfor }%{ endfor }, "${c}"] %%{ for x in y }"#;
        let all = loops(text, Span { start: 0, end: text.len() });
        let held = |part: &str| {
            let start = text.find(part).unwrap();
            all.iter().filter(|each| each.has(Span { start, end: start + part.len() })).count()
        };
        assert_eq!((all.len(), held("${a}"), held("${b}"), held("${c}")), (2, 1, 2, 0));
        let given = json::parse(&SourceFile::new("", r#"{"acts": [{"arns": ["x", "y"]}, {"arns": ["z"]}]}"#)).unwrap();
        let turns: Vec<Node> = all[0].turns(&given).iter().flat_map(|turn| all[1].turns(turn)).collect();
        let arns: Vec<&str> = turns.iter().filter_map(|turn| turn.get("b")?.as_str()).collect();
        assert_eq!(arns, ["x", "y", "z"]);
    }
}
