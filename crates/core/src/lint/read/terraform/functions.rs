//! The functions of Terraform's language that policies are built with. Any other gives what is not known.

use std::collections::{HashMap, HashSet};

use hcl_edit::expr::{Expression, FuncCall};

use super::evaluate::{Evaluation, key_text, relocate};
use super::{chosen, matching, sets};
use crate::lint::read::UNKNOWN;
use crate::lint::read::choice::{is_known, is_unknown, items, may_be_missing, one_of, perhaps, unknown};
use crate::problem::{SourceFile, Span};
use crate::text::json::{self, Member, Node, Value};

/// The value of a call; `None` where it certainly fails.
pub fn call(of: &Evaluation<'_>, call: &FuncCall, at: Span) -> Option<Node> {
    let arguments: Vec<&Expression> = call.args.iter().collect();
    if !call.name.namespace.is_empty() {
        return Some(unknown(at));
    }
    let first = || arguments.first().map_or_else(|| unknown(at), |a| of.value(a));
    let all = || {
        let values = arguments.iter().map(|a| of.value(a)).collect::<Vec<Node>>();
        if call.args.expand_final() { spread(values, at) } else { values }
    };
    Some(match call.name.name.as_str() {
        "try" => return attempted(of, &arguments, at),
        "can" => chosen::can(arguments.first().map(|a| of.attempt(a)), at),
        "regex" => return matching::first(&all(), at),
        "regexall" => matching::all(&all(), at),
        "alltrue" => chosen::truths(&first(), at, true),
        "anytrue" => chosen::truths(&first(), at, false),
        "jsondecode" => decoded(first(), at),
        "jsonencode" | "yamlencode" => document(first(), at),
        "yamldecode" => {
            let text = first();
            sets::of_yaml(&text, at).unwrap_or_else(|| document(text, at))
        }
        "csvdecode" => sets::of_csv(&first(), at),
        "setsubtract" => sets::subtracted(&all(), at),
        "setintersection" => sets::intersected(&all(), at),
        "matchkeys" => sets::matched(&all(), at),
        "zipmap" => zipped(&all(), at),
        "slice" => sliced(&all(), at),
        "chunklist" => chunked(&all(), at),
        "sensitive" | "nonsensitive" | "tostring" | "tonumber" | "tobool" | "tomap" | "ephemeralasnull" => first(),
        "concat" | "setunion" => list(at, all().into_iter().flat_map(elements).collect()),
        "flatten" => list(at, elements(first()).into_iter().flat_map(flattened).collect()),
        "compact" => {
            let empty = |n: &Node| n.value == Value::Null || n.as_str() == Some("");
            whole(first(), at, |nodes| nodes.into_iter().filter(|n| !empty(n)).collect())
        }
        "tolist" => whole(first(), at, |nodes| nodes),
        "sort" => chosen::sorted(whole(first(), at, |nodes| nodes)),
        "reverse" => chosen::reversed(whole(first(), at, |nodes| nodes)),
        "toset" | "distinct" => whole(first(), at, different),
        "values" => one_value(first(), at, |members| members.into_iter().map(|m| m.node).collect()),
        "keys" => {
            let key = |m: Member| {
                let key = Node::string(m.key_span, m.key);
                if may_be_missing(&m.node) && m.node.value != Value::Null { perhaps(key) } else { key }
            };
            one_value(first(), at, |members| members.into_iter().map(key).collect())
        }
        "merge" => merged(all(), at),
        "coalesce" | "coalescelist" => coalesced(all(), at),
        "lookup" => looked_up(&all(), at),
        "element" => chosen::element(&all(), at),
        "startswith" => chosen::of_texts(&all(), at, |text, part| text.starts_with(part)),
        "endswith" => chosen::of_texts(&all(), at, |text, part| text.ends_with(part)),
        "strcontains" => chosen::of_texts(&all(), at, |text, part| text.contains(part)),
        "contains" => chosen::contains(&all(), at),
        "substr" => chosen::substring(&all(), at),
        "one" => return chosen::only(&first(), at),
        "format" => formatted(&all(), at),
        "formatlist" => format_list(&all(), at),
        "length" => length(&first(), at),
        "join" => joined(&all(), at),
        "split" => split(&all(), at),
        "lower" => text(&first(), at, |t| t.to_lowercase()),
        "upper" => text(&first(), at, |t| t.to_uppercase()),
        "trimspace" => text(&first(), at, |t| t.trim().to_owned()),
        "trimprefix" => trimmed(&all(), at, |text, part| text.strip_prefix(part).unwrap_or(text)),
        "trimsuffix" => trimmed(&all(), at, |text, part| text.strip_suffix(part).unwrap_or(text)),
        "trim" => trimmed(&all(), at, |text, part| text.trim_matches(|c| part.contains(c))),
        "replace" => replaced(&all(), at),
        _ => unknown(at),
    })
}

fn list(at: Span, nodes: Vec<Node>) -> Node {
    Node::new(at, Value::Array(nodes))
}

/// A document that becomes a text, or was one.
fn document(node: Node, at: Span) -> Node {
    match node.value {
        Value::String(_) => unknown(at),
        _ => node,
    }
}

/// The arguments of a call whose last one, a list, gives the rest of them.
fn spread(mut values: Vec<Node>, at: Span) -> Vec<Node> {
    match values.pop().map(|last| last.value) {
        Some(Value::Array(nodes)) => values.extend(nodes),
        Some(Value::Null) | None => {}
        Some(_) => values.push(unknown(at)),
    }
    values
}

/// What a text in JSON says, where all of it is known; a document that was one is itself.
fn decoded(node: Node, at: Span) -> Node {
    match &node.value {
        Value::String(text) if is_known(&node) => match json::parse(&SourceFile::new("", text.clone())) {
            Ok(mut root) => {
                relocate(&mut root, at);
                root
            }
            Err(_) => unknown(at),
        },
        _ => document(node, at),
    }
}

/// An object of keys and values, where each of them is certain.
fn zipped(arguments: &[Node], at: Span) -> Node {
    let (Some(keys), Some(values)) = (certain(arguments.first()), certain(arguments.get(1))) else {
        return unknown(at);
    };
    let member = |(key, value): (&Node, &Node)| {
        Some(Member {
            key: key.as_str().filter(|_| is_known(key))?.to_owned(),
            key_span: key.span,
            node: value.clone(),
        })
    };
    let members: Option<Vec<Member>> = keys.iter().zip(values).map(member).collect();
    members.map_or_else(|| unknown(at), |members| Node::new(at, Value::Object(members)))
}

/// The elements of a list each of which is there.
fn certain(node: Option<&Node>) -> Option<&[Node]> {
    let nodes = node?.as_array()?;
    (!nodes.iter().any(|n| is_unknown(n) || matches!(n.value, Value::OneOf(_)))).then_some(nodes)
}

fn whole_number(node: Option<&Node>) -> Option<usize> {
    match &node?.value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// A part of a list; of one whose elements or bounds are not certain, any of them.
fn sliced(arguments: &[Node], at: Span) -> Node {
    let bounds = whole_number(arguments.get(1)).zip(whole_number(arguments.get(2)));
    match (certain(arguments.first()), bounds, arguments.first()) {
        (Some(nodes), Some((from, to)), _) => list(at, nodes.get(from..to).unwrap_or_default().to_vec()),
        (_, _, Some(of)) => list(at, items(of).into_iter().map(|i| perhaps(i.node.clone())).collect()),
        _ => unknown(at),
    }
}

/// A list of lists of so many elements.
fn chunked(arguments: &[Node], at: Span) -> Node {
    match (certain(arguments.first()), whole_number(arguments.get(1)).filter(|size| *size > 0)) {
        (Some(nodes), Some(size)) => list(at, nodes.chunks(size).map(|part| list(at, part.to_vec())).collect()),
        _ => arguments.first().map_or_else(|| unknown(at), |of| list(at, vec![of.clone()])),
    }
}

/// The first that does not fail; what is not known may fail.
fn attempted(of: &Evaluation<'_>, arguments: &[&Expression], at: Span) -> Option<Node> {
    let mut possible = Vec::new();
    for argument in arguments {
        let Some(value) = of.attempt(argument) else {
            continue;
        };
        let certain = is_known(&value);
        possible.push(value);
        if certain {
            break;
        }
    }
    (!possible.is_empty()).then(|| one_of(at, possible))
}

/// The elements of a list; of one of which nothing is known, one that stands for any number.
fn elements(node: Node) -> Vec<Node> {
    match node.value {
        Value::Array(nodes) => nodes,
        Value::Null => Vec::new(),
        _ => vec![node],
    }
}

fn flattened(node: Node) -> Vec<Node> {
    match node.value {
        Value::Array(nodes) => nodes.into_iter().flat_map(flattened).collect(),
        _ => vec![node],
    }
}

/// A list made of a whole list; of several possible lists, several.
fn whole(node: Node, at: Span, made: impl Fn(Vec<Node>) -> Vec<Node> + Copy) -> Node {
    match node.value {
        Value::Array(nodes) => list(at, made(nodes)),
        Value::OneOf(nodes) => one_of(at, nodes.into_iter().map(|n| whole(n, at, made)).collect()),
        _ => node,
    }
}

/// The values of a set: a text that is known is in it once.
fn different(nodes: Vec<Node>) -> Vec<Node> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut again = |node: &Node| match node.as_str().filter(|_| is_known(node)) {
        Some(text) => !seen.insert(text.to_owned()),
        None => false,
    };
    nodes.into_iter().filter(|node| !again(node)).collect()
}

fn one_value(node: Node, at: Span, made: impl Fn(Vec<Member>) -> Vec<Node> + Copy) -> Node {
    match node.value {
        Value::Object(members) => list(at, made(members)),
        Value::OneOf(nodes) => one_of(at, nodes.into_iter().map(|n| one_value(n, at, made)).collect()),
        _ => unknown(at),
    }
}

/// Objects laid over each other. What one of several may say is said by a member that may be missing.
fn merged(nodes: Vec<Node>, at: Span) -> Node {
    // a member that is said again takes the last place
    let mut members: Vec<Option<Member>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut open = false;
    for node in nodes {
        let several = node.alternatives().len() > 1;
        for alternative in node.alternatives() {
            match &alternative.value {
                Value::Object(own) => {
                    for member in own {
                        let old = places.insert(member.key.clone(), members.len());
                        let old = old.and_then(|place| members.get_mut(place)?.take());
                        let mut new = member.clone();
                        if several {
                            let none = Node::new(at, Value::Null);
                            new.node = one_of(at, vec![old.map_or(none, |o| o.node), new.node]);
                        }
                        members.push(Some(new));
                    }
                }
                Value::Null => {}
                _ => open = true,
            }
        }
    }
    let mut members: Vec<Member> = members.into_iter().flatten().collect();
    if open {
        members.push(Member { key: UNKNOWN.to_string(), key_span: at, node: unknown(at) });
    }
    Node::new(at, Value::Object(members))
}

fn coalesced(nodes: Vec<Node>, at: Span) -> Node {
    let empty = |n: &Node| match &n.value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(nodes) => nodes.is_empty(),
        _ => false,
    };
    let mut possible = Vec::new();
    for node in nodes.into_iter().filter(|n| !empty(n)) {
        let certain = is_known(&node);
        possible.push(node);
        if certain {
            break;
        }
    }
    if possible.is_empty() { unknown(at) } else { one_of(at, possible) }
}

fn looked_up(arguments: &[Node], at: Span) -> Node {
    let (Some(map), Some(key)) = (arguments.first(), arguments.get(1)) else {
        return unknown(at);
    };
    let mut possible = Vec::new();
    for alternative in map.alternatives() {
        let found = key.as_str().filter(|_| is_known(key)).map(|key| alternative.get(key));
        match (found, alternative.as_object()) {
            (Some(Some(value)), _) => {
                possible.push(value.clone());
                let default = arguments.get(2).filter(|_| may_be_missing(value) && value.value != Value::Null);
                possible.extend(default.cloned());
            }
            (Some(None), Some(members)) if !members.iter().any(|m| m.key.contains(UNKNOWN)) => {
                possible.push(arguments.get(2).cloned().unwrap_or_else(|| unknown(at)));
            }
            // of a key that is not known, any value is possible
            (None, Some(members)) => {
                possible.extend(members.iter().map(|m| m.node.clone()));
                possible.extend(arguments.get(2).cloned().into_iter().chain([unknown(at)]));
            }
            _ => possible.extend(arguments.get(2).cloned().into_iter().chain([unknown(at)])),
        }
    }
    one_of(at, possible)
}

/// The text of a format whose verbs are filled in; the rest of one with other verbs is unknown.
fn filled(format: &str, arguments: &[&Node]) -> String {
    let mut result = String::new();
    let mut values = arguments.iter();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        result.push_str(before);
        let mut characters = after.chars();
        match characters.next() {
            Some('%') => result.push('%'),
            Some('s' | 'd' | 'v') => result.push_str(&values.next().map_or(UNKNOWN.to_string(), |v| key_text(v))),
            _ => {
                result.push(UNKNOWN);
                return result;
            }
        }
        rest = characters.as_str();
    }
    result.push_str(rest);
    result
}

fn formatted(arguments: &[Node], at: Span) -> Node {
    let Some((format, values)) = arguments.split_first().and_then(|(f, v)| Some((f.as_str()?, v))) else {
        return unknown(at);
    };
    Node::string(at, filled(format, &values.iter().collect::<Vec<_>>()))
}

/// A text for each element of a list, where there is one list among the arguments.
fn format_list(arguments: &[Node], at: Span) -> Node {
    let Some((format, values)) = arguments.split_first().and_then(|(f, v)| Some((f.as_str()?, v))) else {
        return unknown(at);
    };
    let of_list = |n: &Node| n.as_array().is_some() || n.alternatives().len() > 1 || is_unknown(n);
    let lists: Vec<usize> = values.iter().enumerate().filter(|(_, v)| of_list(v)).map(|(i, _)| i).collect();
    let [place] = lists.as_slice() else {
        return unknown(at);
    };
    let Some(given) = values.get(*place) else {
        return unknown(at);
    };
    let one = |item: &Node| {
        let filled_in: Vec<&Node> =
            values.iter().enumerate().map(|(i, v)| if i == *place { item } else { v }).collect();
        Node::string(at, filled(format, &filled_in))
    };
    let items = items(given);
    let certain = |maybe: bool, node: Node| if maybe { perhaps(node) } else { node };
    list(at, items.iter().map(|i| certain(i.perhaps || is_unknown(i.node), one(i.node))).collect())
}

/// How many elements or characters there are, where each of them is certain.
fn length(node: &Node, at: Span) -> Node {
    let number = match &node.value {
        Value::Array(nodes) if !nodes.iter().any(|n| is_unknown(n) || matches!(n.value, Value::OneOf(_))) => {
            nodes.len()
        }
        Value::Object(members)
            if !members.iter().any(|m| m.key.contains(UNKNOWN) || matches!(m.node.value, Value::OneOf(_))) =>
        {
            members.len()
        }
        Value::String(text) if is_known(node) => text.chars().count(),
        _ => return unknown(at),
    };
    Node::new(at, Value::Number(number.to_string()))
}

fn joined(arguments: &[Node], at: Span) -> Node {
    let [separator, of] = arguments else {
        return unknown(at);
    };
    let known = is_known(separator) && is_known(of);
    match (separator.as_str(), of.as_array()) {
        (Some(separator), Some(nodes)) if known => {
            Node::string(at, nodes.iter().map(key_text).collect::<Vec<_>>().join(separator))
        }
        _ => unknown(at),
    }
}

fn split(arguments: &[Node], at: Span) -> Node {
    match arguments {
        [separator, of] if is_known(separator) && is_known(of) => match (separator.as_str(), of.as_str()) {
            (Some(separator), Some(text)) if !separator.is_empty() => {
                list(at, text.split(separator).map(|t| Node::string(at, t)).collect())
            }
            _ => unknown(at),
        },
        _ => unknown(at),
    }
}

fn text(node: &Node, at: Span, made: impl Fn(&str) -> String) -> Node {
    match node.as_str().filter(|_| is_known(node)) {
        Some(text) => Node::string(at, made(text)),
        None => unknown(at),
    }
}

/// A text without another one at its ends.
fn trimmed(arguments: &[Node], at: Span, made: impl for<'t> Fn(&'t str, &str) -> &'t str) -> Node {
    match arguments {
        [one, part] if is_known(one) && is_known(part) => match (one.as_str(), part.as_str()) {
            (Some(text), Some(part)) => Node::string(at, made(text, part)),
            _ => unknown(at),
        },
        _ => unknown(at),
    }
}

fn replaced(arguments: &[Node], at: Span) -> Node {
    let texts: Option<Vec<&str>> = arguments.iter().map(|a| a.as_str().filter(|_| is_known(a))).collect();
    match texts.as_deref() {
        Some([text, from, to]) => {
            matching::replaced(text, from, to).map_or_else(|| unknown(at), |t| Node::string(at, t))
        }
        _ => unknown(at),
    }
}
