//! Edits of a policy in the way that its file holds it. Where that way is not known to keep everything else, there is no
//! edit, and so no fix.

use super::Edit;
use super::anchors::is_anchored;
use super::policy::{List, Policy, Statement, Text};
use super::read::Host;
use crate::iam::template::{Syntax, Template};
use crate::problem::Span;
use crate::text::json::Node;

/// A string as the file of a policy writes it; `like` is what stands there now.
fn written(policy: &Policy, like: &str, text: &str) -> Option<String> {
    let json = serde_json::to_string(text).ok()?;
    match policy.host {
        Host::Json | Host::Escaped => self::json(policy, &json),
        Host::Verbatim if !is_hcl(policy) => Some(json),
        Host::Verbatim | Host::Terraform => Some(json.replace("${", "$${").replace("%{", "%%{")),
        Host::Yaml => match like.chars().next()? {
            '"' => Some(json),
            '\'' => Some(format!("'{}'", text.replace('\'', "''"))),
            '!' | '|' | '>' | '&' => None,
            _ => Some(if is_plain(text) { text.to_owned() } else { json }),
        },
        Host::Closed => None,
    }
}

/// Whether a here document of the file fills in `${…}`.
fn is_hcl(policy: &Policy) -> bool {
    [".tf", ".tofu", ".hcl"].iter().any(|ending| policy.source.path.ends_with(ending))
}

/// What is to be written for a text, where exactly that text stands at a place, in the way that the file writes texts: never for one that is
/// folded, made of others, read in several places, or stands beside what would be lost.
fn instead(policy: &Policy, span: Span, old: &str, new: &str) -> Option<String> {
    let like = policy.source.slice(span);
    let may_have_anchors = matches!(policy.host, Host::Yaml | Host::Verbatim) && !is_hcl(policy);
    if may_have_anchors && is_anchored(&policy.source.text, span) {
        return None;
    }
    if policy.host == Host::Yaml && is_in_block(&policy.source.text, span) {
        let is_line = |text: &str| !text.is_empty() && !text.contains(['\n', '\r']) && text.trim() == text;
        return (like == old && is_line(old) && is_line(new)).then(|| new.to_owned());
    }
    if read_back(policy, like)? != old {
        return None;
    }
    let written = written(policy, like, new)?;
    (read_back(policy, &written)? == new).then_some(written)
}

/// The text that a piece of a file stands for, if it is nothing but one text.
fn read_back(policy: &Policy, like: &str) -> Option<String> {
    let filled_in = |json: &str| {
        let text: String = serde_json::from_str(json).ok().filter(|_| !is_template(json))?;
        Some(text.replace("$${", "${").replace("%%{", "%{"))
    };
    match policy.host {
        Host::Json => serde_json::from_str(like).ok(),
        Host::Verbatim if !is_hcl(policy) => serde_json::from_str(like).ok(),
        Host::Verbatim | Host::Terraform => filled_in(like),
        Host::Escaped => {
            let inner: String = serde_json::from_str(&format!("\"{like}\"")).ok()?;
            serde_json::from_str(&inner).ok()
        }
        Host::Yaml => match like.chars().next()? {
            '"' => serde_json::from_str(like).ok(),
            '\'' => {
                let inner = like.strip_prefix('\'')?.strip_suffix('\'')?;
                let is_one = !inner.contains('\n') && !inner.replace("''", "").contains('\'');
                is_one.then(|| inner.replace("''", "'"))
            }
            '!' | '|' | '>' | '&' | '*' => None,
            _ => (!like.contains('\n') && !like.contains(" #")).then(|| like.to_owned()),
        },
        Host::Closed => None,
    }
}

/// Whether what stands here in YAML is the text below a `|` or `>`, where quotation marks are a part of it.
pub(crate) fn is_in_block(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).unwrap_or_default().trim_end_matches([' ', '\t']);
    let Some(before) = before.strip_suffix('\n') else {
        return false;
    };
    let line = before.trim_end().rsplit('\n').next().unwrap_or_default();
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    let head = line.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    let Some(head) = head.strip_suffix(['|', '>']) else {
        return false;
    };
    let is_mark = |word: &str| word.ends_with(':') || word == "-" || word.starts_with(['!', '&']);
    head.ends_with([' ', '\t']) && head.split_whitespace().next_back().is_some_and(is_mark)
}

/// JSON as the file of a policy writes it; only where the policy is JSON there.
fn json(policy: &Policy, text: &str) -> Option<String> {
    match policy.host {
        Host::Json => Some(text.to_owned()),
        Host::Verbatim if !text.contains("${") && !text.contains("%{") => Some(text.to_owned()),
        Host::Escaped => {
            let escaped = serde_json::to_string(text).ok()?;
            Some(escaped.get(1..escaped.len() - 1)?.to_owned())
        }
        _ => None,
    }
}

/// Adds members, as JSON, at the end of an object.
pub fn append_members(policy: &Policy, object: &Node, members: &str) -> Option<Edit> {
    let end = object.as_object()?.last()?.node.span.end;
    Some(Edit { span: Span { start: end, end }, text: json(policy, &format!(", {members}"))? })
}

/// Adds a statement, as JSON, after one of several.
pub fn insert_statement(policy: &Policy, index: usize, statement: &str) -> Option<Edit> {
    let nodes = policy.root.get("Statement")?.as_array()?;
    // one that may be missing has no place after it
    let end = nodes.get(index).filter(|_| nodes.len() == policy.statements.len())?.span.end;
    Some(Edit { span: Span { start: end, end }, text: json(policy, &format!(", {statement}"))? })
}

/// Whether YAML reads a text as itself without quotes.
fn is_plain(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:*".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(safe)
        && !text.ends_with(':')
        && text.contains(':')
}

/// A string of Terraform with parts that are filled in: what one of them makes is not what stands there.
pub fn is_template(like: &str) -> bool {
    like.replace("$${", "").contains("${") || like.replace("%%{", "").contains("%{")
}

/// Replaces a string. One whose list has the new one already is removed: it would stand there twice.
pub fn replace(policy: &Policy, text: &Text, new: &str) -> Option<Vec<Edit>> {
    match listed(policy, text).filter(|(list, index)| has_beside(list, *index, new)) {
        Some((list, index)) => remove(policy, list, index),
        None => replace_span(policy, text.at.span, &text.text, new),
    }
}

/// Whether a text stands in a list that has another one already.
pub fn stands_beside(policy: &Policy, text: &Text, other: &str) -> bool {
    listed(policy, text).is_some_and(|(list, index)| has_beside(list, index, other))
}

/// The list of actions or resources that a text stands in, and its place there.
fn listed<'p>(policy: &'p Policy, text: &Text) -> Option<(&'p List, usize)> {
    let statement = policy.statement_at(&text.at.pointer)?;
    let lists = statement.actions.iter().chain(&statement.resources);
    lists.filter_map(|list| Some((list, list.texts.iter().position(|own| own.at == text.at)?))).next()
}

/// Whether what a text says stands elsewhere in a list for certain, by itself or in a pattern of actions.
pub fn has_beside(list: &List, index: usize, text: &str) -> bool {
    let of_actions = list.key.ends_with("Action");
    let is_same = |other: &Text| match of_actions {
        true => includes_action(&other.text, text),
        false => other.text == text,
    };
    list.texts.iter().enumerate().any(|(i, other)| i != index && !other.perhaps && other.is_known() && is_same(other))
}

/// Whether a pattern of actions is an action, or includes it; of another pattern, whether it is the same.
fn includes_action(pattern: &str, action: &str) -> bool {
    if action.contains(['*', '?']) {
        return pattern.eq_ignore_ascii_case(action);
    }
    let syntax = Syntax { wildcards: true, variables: false };
    let pattern = Template::parse(pattern, syntax).map(|pattern| pattern.to_lower());
    pattern.is_ok_and(|pattern| pattern.matches(&action.to_ascii_lowercase()))
}

/// Replaces a string that is written in the statement that has it, or in the document itself: one that is written elsewhere may be read by
/// others, to which the change is one.
pub fn replace_own(policy: &Policy, text: &Text, new: &str) -> Option<Vec<Edit>> {
    let own = policy.statement_at(&text.at.pointer).map_or(policy.root.span, |s| s.node.span);
    let is_own = own.start <= text.at.span.start && text.at.span.end <= own.end;
    replace(policy, text, new).filter(|_| is_own)
}

/// Replaces the string, or the name of a key, at a place.
pub fn replace_span(policy: &Policy, span: Span, old: &str, new: &str) -> Option<Vec<Edit>> {
    Some(vec![Edit { span, text: instead(policy, span, old, new)? }])
}

/// Replaces one string of a list by several, those left out that stand in the list already.
pub fn replace_by_many(policy: &Policy, list: &List, index: usize, new: &[&str]) -> Option<Vec<Edit>> {
    let old = list.texts.get(index).filter(|t| !t.perhaps || new.len() == 1)?;
    let new: Vec<&&str> = new.iter().filter(|n| !has_beside(list, index, n)).collect();
    if new.is_empty() {
        return remove(policy, list, index);
    }
    let texts: Vec<String> = new.iter().map(|n| instead(policy, old.at.span, &old.text, n)).collect::<Option<_>>()?;
    let text = match (policy.host, list.is_array) {
        (_, _) if texts.len() == 1 => texts.concat(),
        (Host::Yaml, _) if is_in_block(&policy.source.text, old.at.span) => return None,
        (Host::Yaml, true) => {
            texts.join(&between(policy, old.at.span).or_else(|| within_brackets(policy, old.at.span))?)
        }
        (_, true) => texts.join(&separator(policy, list)),
        (_, false) => format!("[{}]", texts.join(", ")),
    };
    Some(vec![Edit { span: old.at.span, text }])
}

/// What stands between two strings of a list: the same as between its first two, else a comma and a blank.
fn separator(policy: &Policy, list: &List) -> String {
    let between = match list.texts.as_slice() {
        [first, second, ..] => policy.source.text.get(first.at.span.end..second.at.span.start),
        [only] => return alone(policy, only.at.span),
        [] => None,
    };
    let plain = between.filter(|b| b.chars().all(|c| c.is_whitespace() || c == ','));
    plain.unwrap_or(", ").to_owned()
}

/// A string that stands alone on its line gets its successors below it.
fn alone(policy: &Policy, span: Span) -> String {
    let before = policy.source.text.get(..span.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let own_line = before.contains('\n') && line.chars().all(char::is_whitespace) && policy.host != Host::Escaped;
    if own_line { format!(",{}{line}", line_end(&policy.source.text, span.start)) } else { ", ".to_owned() }
}

/// In a list of YAML that has one item a line: the line break, the indentation and the dash of the next item.
fn between(policy: &Policy, span: Span) -> Option<String> {
    let before = policy.source.text.get(..span.start)?;
    let line = before.rsplit('\n').next()?;
    let indentation = line.strip_suffix("- ")?;
    let end = line_end(&policy.source.text, span.start);
    indentation.chars().all(char::is_whitespace).then(|| format!("{end}{line}"))
}

/// How the line ends that stands before a place; where there is none, how the first one ends.
fn line_end(text: &str, at: usize) -> &'static str {
    let end = text.get(..at).and_then(|before| before.rfind('\n')).or_else(|| text.find('\n'));
    let is_crlf = end.and_then(|end| text.get(..end)).is_some_and(|line| line.ends_with('\r'));
    if is_crlf { "\r\n" } else { "\n" }
}

/// In a list of YAML within brackets: a comma and a blank.
fn within_brackets(policy: &Policy, span: Span) -> Option<String> {
    let before = policy.source.text.get(..span.start)?.trim_end();
    before.ends_with(['[', ',']).then(|| ", ".to_owned())
}

/// Removes one string of a list that has more.
pub fn remove(policy: &Policy, list: &List, index: usize) -> Option<Vec<Edit>> {
    let spans: Vec<Span> = list.texts.iter().map(|t| t.at.span).collect();
    if list.texts.iter().any(|t| t.perhaps) || !is_written_there(policy, list) {
        return None;
    }
    if list.is_array { remove_of(policy, &spans, index) } else { None }
}

/// Whether a list is written in the statement that has it. One of a local, a mapping or an argument of a function is read elsewhere as well,
/// and what changes nothing here may be all that counts there.
fn is_written_there(policy: &Policy, list: &List) -> bool {
    let (Some(first), Some(last)) = (list.texts.first(), list.texts.last()) else {
        return false;
    };
    if policy.has_choices() {
        return false;
    }
    let span = Span { start: first.at.span.start, end: last.at.span.end };
    let within = |s: &Statement| s.node.span.start <= span.start && span.end <= s.node.span.end;
    if !policy.statement_at(&list.key_at.pointer).is_some_and(within) {
        return false;
    }
    policy.host != Host::Terraform || is_plain_list(&policy.source.text, span)
}

/// Whether what stands here in Terraform is all that stands in the list of an attribute: `actions = [ … ]`.
fn is_plain_list(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).unwrap_or_default().trim_end();
    let after = text.get(span.end..).unwrap_or_default().trim_start();
    let opened = before.strip_suffix('[').map(str::trim_end);
    opened.is_some_and(|before| before.ends_with(['=', ':']))
        && after.trim_start_matches(',').trim_start().starts_with(']')
}

/// Removes one of the values at these places, which stand one after the other in a list.
pub fn remove_of(policy: &Policy, spans: &[Span], index: usize) -> Option<Vec<Edit>> {
    let own = *spans.get(index)?;
    // values that come from elsewhere do not stand one after the other
    if !spans.is_sorted_by(|a, b| a.end <= b.start) {
        return None;
    }
    let gap = match (index.checked_sub(1).and_then(|i| spans.get(i)), spans.get(index + 1)) {
        (Some(before), _) => Span { start: before.end, end: own.end },
        (None, Some(after)) => Span { start: own.start, end: after.start },
        (None, None) => return None,
    };
    match policy.host {
        Host::Closed => return None,
        Host::Yaml => {
            let line = between(policy, own)?;
            // the item with its dash, and the line break before it; comments beside it would be lost
            let start = own.start.checked_sub(line.len())?;
            if index == 0 || policy.source.text.get(start..own.start)? != line {
                return None;
            }
            return clean(policy, Span { start, end: own.start })
                .then(|| vec![Edit { span: Span { start, end: own.end }, text: String::new() }]);
        }
        _ => {}
    }
    let around = match index {
        0 => Span { start: own.end, end: gap.end },
        _ => Span { start: gap.start, end: own.start },
    };
    clean(policy, around).then(|| vec![Edit { span: gap, text: String::new() }])
}

/// Whether nothing but separators stands here.
fn clean(policy: &Policy, span: Span) -> bool {
    let plain = policy.source.slice(span).replace("\\n", "").replace("\\t", "").replace("\\r", "");
    plain.chars().all(|c| c.is_whitespace() || c == ',' || c == '-')
}

/// Removes a member of an object that has more, with the comma that belongs to it.
pub fn remove_member(policy: &Policy, object: &Node, key: &str) -> Option<Vec<Edit>> {
    if !matches!(policy.host, Host::Json | Host::Escaped | Host::Verbatim) {
        return None;
    }
    let spans: Vec<Span> =
        object.as_object()?.iter().map(|m| Span { start: m.key_span.start, end: m.node.span.end }).collect();
    let index = object.as_object()?.iter().position(|m| m.key == key)?;
    remove_of(policy, &spans, index)
}

/// Adds a member with a string at the beginning of an object.
pub fn insert_first(policy: &Policy, object: &Node, key: &str, value: &str) -> Option<Vec<Edit>> {
    let first = object.as_object()?.first()?;
    let at = Span { start: first.key_span.start, end: first.key_span.start };
    let text = match policy.host {
        Host::Json | Host::Escaped | Host::Verbatim => {
            let gap = policy.source.text.get(object.span.start + 1..first.key_span.start)?;
            let (key, value) = (written(policy, "\"", key)?, written(policy, "\"", value)?);
            format!("{key}: {value},{}", if gap.is_empty() { " " } else { gap })
        }
        Host::Yaml => {
            let before = policy.source.text.get(..at.start)?;
            let line = before.rsplit('\n').next()?;
            if !line.chars().all(|c| c.is_whitespace() || c == '-') {
                return None;
            }
            let indentation: String = line.chars().map(|_| ' ').collect();
            let end = line_end(&policy.source.text, at.start);
            format!("{key}: {}{end}{indentation}", written(policy, "\"", value)?)
        }
        Host::Terraform | Host::Closed => return None,
    };
    Some(vec![Edit { span: at, text }])
}

/// Removes a statement of several.
pub fn remove_statement(policy: &Policy, index: usize) -> Option<Vec<Edit>> {
    if !matches!(policy.host, Host::Json | Host::Escaped | Host::Verbatim) {
        return None;
    }
    let nodes = policy.root.get("Statement")?.as_array().filter(|_| !policy.has_choices())?;
    if nodes.len() != policy.statements.len() || policy.statements.iter().any(|s| s.perhaps) {
        return None;
    }
    let spans: Vec<Span> = nodes.iter().map(|n| n.span).collect();
    remove_of(policy, &spans, index)
}
