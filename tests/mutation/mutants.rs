//! The mutants of a policy, made on its JSON form: each differs from the policy in one small thing that matters.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Policy;
use countersign_core::policies;
use countersign_core::problem::{SourceFile, Span};
use serde_json::{Map, Value, json};

/// Annotations that say where a policy comes from, and decide nothing: `show` prints them.
const DOCUMENTARY: [&str; 4] = ["id", "rule", "source", "erratum"];

/// Annotations of which only matters that they are there.
const FLAGS: [&str; 2] = ["state", "uncertain"];

/// Annotations with a closed set of values.
const CLOSED: [&str; 2] = ["severity", "standing"];

/// A policy with one thing changed.
pub struct Mutant {
    /// The place of its source among all.
    pub source: usize,
    /// The `@id` of the policy.
    pub policy: String,
    /// What is changed: with the policy, the name of the mutant.
    pub what: String,
    /// The whole text of the source, with the change.
    pub text: String,
    /// The actions that the policy applies to, before and after; empty for all.
    pub actions: BTreeSet<String>,
}

/// A policy where it stands.
struct Original {
    source: usize,
    span: Span,
    json: Value,
}

/// What a policy is changed into; nothing where it is dropped.
type Edit = (String, Option<Value>);

/// The mutants of all policies of these sources, in the order of the sources. No two of them are the same text.
pub fn mutants(sources: &[std::sync::Arc<SourceFile>], schema: &Value) -> Vec<Mutant> {
    let originals = originals(sources);
    let words = Words::new(schema, &originals);
    let mut mutants = Vec::new();
    for original in &originals {
        let text = &sources[original.source].text;
        let (before, after) = (&text[..original.span.start], &text[original.span.end..]);
        let mut seen = BTreeSet::from([cedar(&original.json)]);
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for (what, changed) in edits(&original.json, &words) {
            let policy = changed.as_ref().map(cedar).unwrap_or_default();
            if !seen.insert(policy.clone()) {
                continue;
            }
            let times = names.entry(what.clone()).or_default();
            *times += 1;
            let what = if *times == 1 { what } else { format!("{what} ({times})") };
            let mut touched = actions(&original.json);
            let after_change = changed.as_ref().map(actions);
            let all = touched.is_empty() || after_change.as_ref().is_some_and(BTreeSet::is_empty);
            touched.extend(after_change.into_iter().flatten());
            mutants.push(Mutant {
                source: original.source,
                policy: annotation(&original.json, "id"),
                what,
                text: format!("{before}{policy}{after}"),
                actions: if all { BTreeSet::new() } else { touched },
            });
        }
    }
    mutants
}

fn originals(sources: &[std::sync::Arc<SourceFile>]) -> Vec<Original> {
    let mut originals = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        for span in policies::spans(&source.text) {
            let policy = Policy::parse(None, &source.text[span.start..span.end]).unwrap();
            originals.push(Original { source: index, span, json: policy.to_json().unwrap() });
        }
    }
    assert!(!originals.is_empty());
    originals
}

/// What a policy in JSON is as text.
fn cedar(json: &Value) -> String {
    Policy::from_json(None, json.clone()).unwrap().to_string()
}

/// An expression as text, on one line.
fn expression(body: &Value) -> String {
    let all = json!({"op": "All"});
    let policy = json!({"effect": "permit", "principal": all, "action": all, "resource": all,
        "conditions": [{"kind": "when", "body": body}]});
    let text = cedar(&policy);
    let text = text.split_once("when").unwrap().1.trim().trim_end_matches(';').trim();
    let text = text.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn annotation(policy: &Value, key: &str) -> String {
    policy["annotations"][key].as_str().unwrap_or_default().to_owned()
}

/// The actions of a policy's scope; none for all.
fn actions(policy: &Value) -> BTreeSet<String> {
    let scope = &policy["action"];
    let one = scope.get("entity").into_iter();
    let many = scope.get("entities").and_then(Value::as_array).into_iter().flatten();
    one.chain(many).map(|e| e["id"].as_str().unwrap().to_owned()).collect()
}

/// With what words may be swapped, and in what order gates stand.
struct Words {
    /// The closed sets of the schema's attributes, by the name of the attribute.
    values: BTreeMap<String, Vec<BTreeSet<String>>>,
    /// The literals that policies compare an attribute with, by the name of the attribute.
    literals: BTreeMap<String, BTreeSet<String>>,
    /// The values of annotations with a closed set, by key.
    annotations: BTreeMap<String, BTreeSet<String>>,
    /// The lowest and the highest `@order` of an action's policies.
    orders: BTreeMap<String, (u32, u32)>,
    /// Actions that apply to the same, and the types of their principals.
    alike: Vec<(BTreeSet<String>, Vec<String>)>,
}

impl Words {
    fn new(schema: &Value, originals: &[Original]) -> Self {
        let mut words = Self {
            values: BTreeMap::new(),
            literals: BTreeMap::new(),
            annotations: BTreeMap::from([(
                "severity".to_owned(),
                ["error", "info", "warning"].map(str::to_owned).into(),
            )]),
            orders: BTreeMap::new(),
            alike: alike(schema),
        };
        closed_sets(schema, &mut words.values);
        for Original { json, .. } in originals {
            for condition in json["conditions"].as_array().unwrap() {
                literals(&condition["body"], "", &mut words.literals);
            }
            for (key, value) in annotations(json) {
                if CLOSED.contains(&key.as_str()) {
                    words.annotations.entry(key).or_default().insert(value);
                }
            }
            if let Ok(order) = annotation(json, "order").parse::<u32>() {
                for action in actions(json) {
                    let range = words.orders.entry(action).or_insert((order, order));
                    *range = (range.0.min(order), range.1.max(order));
                }
            }
        }
        words
    }

    /// What a literal that is compared with an attribute may be swapped with.
    fn others(&self, attribute: &str, literal: &str) -> Vec<String> {
        if let Some(set) = self.values.get(attribute).and_then(|sets| sets.iter().find(|s| s.contains(literal))) {
            return set.iter().filter(|v| *v != literal).cloned().collect();
        }
        let siblings: Vec<&String> = self.literals.get(attribute).into_iter().flatten().collect();
        let place = siblings.iter().position(|l| *l == literal);
        let next = place.and_then(|p| siblings.iter().cycle().nth(p + 1)).filter(|n| **n != literal);
        vec![next.map_or_else(|| format!("not-{literal}"), |n| (*n).clone())]
    }
}

/// Actions of the schema by what they apply to.
fn alike(schema: &Value) -> Vec<(BTreeSet<String>, Vec<String>)> {
    let mut alike: BTreeMap<String, (BTreeSet<String>, Vec<String>)> = BTreeMap::new();
    for (name, action) in schema["Artifact"]["actions"].as_object().unwrap() {
        if let Some(applies) = action.get("appliesTo") {
            let types = applies["principalTypes"].as_array().unwrap();
            let types = types.iter().map(|t| format!("Artifact::{}", t.as_str().unwrap())).collect();
            let key = format!("{} {}", applies["principalTypes"], applies["resourceTypes"]);
            alike.entry(key).or_insert_with(|| (BTreeSet::new(), types)).0.insert(name.clone());
        }
    }
    alike.into_values().collect()
}

/// The attributes that have `values`.
fn closed_sets(schema: &Value, sets: &mut BTreeMap<String, Vec<BTreeSet<String>>>) {
    let Value::Object(members) = schema else { return };
    for (name, member) in members {
        if let Some(values) = member.get("annotations").and_then(|a| a.get("values")).and_then(Value::as_str) {
            let set = values.split_whitespace().map(str::to_owned).collect();
            sets.entry(name.clone()).or_default().push(set);
        }
        closed_sets(member, sets);
    }
}

/// The attribute that an operator's other operand is compared with.
fn compared(operands: &Map<String, Value>) -> String {
    let attribute = |v: &Value| v.get(".").and_then(|a| a["attr"].as_str()).map(str::to_owned);
    operands.values().find_map(attribute).unwrap_or_default()
}

fn literals(node: &Value, attribute: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match node {
        Value::Object(members) => {
            if let Some(Value::String(literal)) = members.get("Value") {
                found.entry(attribute.to_owned()).or_default().insert(literal.clone());
            }
            let own = compared(members);
            let attribute = if own.is_empty() { attribute } else { &own };
            members.values().for_each(|m| literals(m, attribute, found));
        }
        Value::Array(items) => items.iter().for_each(|i| literals(i, attribute, found)),
        _ => {}
    }
}

fn annotations(policy: &Value) -> Vec<(String, String)> {
    let members = policy["annotations"].as_object().into_iter().flatten();
    members.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect()
}

fn edits(policy: &Value, words: &Words) -> Vec<Edit> {
    let mut edits = vec![("dropped".to_owned(), None)];
    let effect = if policy["effect"] == "permit" { "forbid" } else { "permit" };
    edits.push((format!("is a {effect}"), Some(with(policy, "/effect", json!(effect)))));
    conditions(policy, words, &mut edits);
    scope(policy, words, &mut edits);
    of_annotations(policy, words, &mut edits);
    edits
}

/// The value with another at a place.
fn with(value: &Value, place: &str, new: Value) -> Value {
    let mut changed = value.clone();
    *changed.pointer_mut(place).unwrap() = new;
    changed
}

/// The value without an item of a list.
fn without(value: &Value, list: &str, item: usize) -> Value {
    let mut changed = value.clone();
    changed.pointer_mut(list).unwrap().as_array_mut().unwrap().remove(item);
    changed
}

fn conditions(policy: &Value, words: &Words, edits: &mut Vec<Edit>) {
    for (index, condition) in policy["conditions"].as_array().unwrap().iter().enumerate() {
        let kind = condition["kind"].as_str().unwrap();
        let text = expression(&condition["body"]);
        edits.push((format!("without {kind} {{ {text} }}"), Some(without(policy, "/conditions", index))));
        let other = if kind == "when" { "unless" } else { "when" };
        let flipped = with(policy, &format!("/conditions/{index}/kind"), json!(other));
        edits.push((format!("{other} {{ {text} }}"), Some(flipped)));
        node(policy, &format!("/conditions/{index}/body"), "", words, edits);
    }
}

const FLIPS: [(&str, &str); 8] = [
    ("<", "<="),
    ("<=", "<"),
    (">", ">="),
    (">=", ">"),
    ("==", "!="),
    ("!=", "=="),
    ("containsAll", "containsAny"),
    ("containsAny", "containsAll"),
];

/// The changes of an expression and of all that is in it.
fn node(policy: &Value, place: &str, attribute: &str, words: &Words, edits: &mut Vec<Edit>) {
    let expr = policy.pointer(place).unwrap();
    let Some((operator, operands)) = expr.as_object().and_then(|o| o.iter().next()) else { return };
    let mut change = |what: String, new: Value| edits.push((what, Some(with(policy, place, new))));
    match operator.as_str() {
        "&&" | "||" => {
            let (left, right) = (&operands["left"], &operands["right"]);
            let whole = expression(expr);
            change(format!("without `{}` in `{whole}`", expression(left)), right.clone());
            change(format!("without `{}` in `{whole}`", expression(right)), left.clone());
        }
        "!" => change(format!("without the ! of `{}`", expression(expr)), operands["arg"].clone()),
        "if-then-else" => {
            for branch in ["then", "else"] {
                change(format!("always `{}`", expression(&operands[branch])), operands[branch].clone());
            }
        }
        "Value" => {
            for other in values(operands, attribute, words) {
                change(format!("{other} for {operands}"), json!({"Value": other}));
            }
        }
        "Set" => {
            let items = operands.as_array().unwrap();
            for (index, item) in items.iter().enumerate().filter(|_| items.len() > 1) {
                let rest = without(policy, &format!("{place}/Set"), index);
                edits.push((format!("without {} in `{}`", expression(item), expression(expr)), Some(rest)));
            }
        }
        _ => {
            if let Some((_, flipped)) = FLIPS.iter().find(|(from, _)| from == operator) {
                let new = json!({*flipped: operands});
                change(format!("`{}` for `{}`", expression(&new), expression(expr)), new);
            }
        }
    }
    let own = operands.as_object().map(compared).unwrap_or_default();
    let attribute = if own.is_empty() { attribute } else { &own };
    match operands {
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(_, m)| m.is_object()) {
                let _ = member;
                node(policy, &format!("{place}/{operator}/{key}"), attribute, words, edits);
            }
        }
        Value::Array(items) => {
            for index in 0..items.len() {
                node(policy, &format!("{place}/{operator}/{index}"), attribute, words, edits);
            }
        }
        _ => {}
    }
}

/// What a literal is swapped with.
fn values(literal: &Value, attribute: &str, words: &Words) -> Vec<Value> {
    match literal {
        Value::Bool(b) => vec![json!(!b)],
        Value::Number(n) => vec![json!(n.as_i64().unwrap() + 1)],
        Value::String(s) if countersign_core::moment::parse(s).is_some() => vec![json!("1999-01-01")],
        Value::String(s) => words.others(attribute, s).into_iter().map(Value::String).collect(),
        _ => Vec::new(),
    }
}

fn scope(policy: &Value, words: &Words, edits: &mut Vec<Edit>) {
    let own = actions(policy);
    let alike = words.alike.iter().find(|(actions, _)| own.iter().all(|a| actions.contains(a)));
    if let Some(list) = policy["action"].get("entities").and_then(Value::as_array) {
        for (index, action) in list.iter().enumerate().filter(|_| list.len() > 1) {
            let name = action["id"].as_str().unwrap();
            edits.push((format!("not of {name}"), Some(without(policy, "/action/entities", index))));
        }
    }
    if let (Some(action), Some((actions, _))) = (policy["action"].get("entity"), alike) {
        let name = action["id"].as_str().unwrap();
        let next = actions.iter().cycle().skip_while(|a| *a != name).nth(1).unwrap();
        edits.push((format!("of {next} for {name}"), Some(with(policy, "/action/entity/id", json!(next)))));
    }
    let (Some(own), Some((_, types))) = (policy["principal"]["entity_type"].as_str(), alike) else { return };
    if types.len() > 1 {
        edits.push(("of any principal".to_owned(), Some(with(policy, "/principal", json!({"op": "All"})))));
        let next = types.iter().cycle().skip_while(|t| *t != own).nth(1).unwrap();
        let swapped = with(policy, "/principal/entity_type", json!(next));
        edits.push((format!("principal is {next} for {own}"), Some(swapped)));
    }
}

fn of_annotations(policy: &Value, words: &Words, edits: &mut Vec<Edit>) {
    for (key, value) in annotations(policy).into_iter().filter(|(k, _)| !DOCUMENTARY.contains(&k.as_str())) {
        let new = |new: String| Some(with(policy, &format!("/annotations/{key}"), json!(new)));
        if key == "order" {
            edits.extend(orders(policy, words).into_iter().map(|o| (format!("@order: {o} for {value}"), new(o))));
            continue;
        }
        if CLOSED.contains(&key.as_str()) {
            let others = words.annotations[&key].iter().filter(|v| **v != value);
            edits.extend(others.map(|v| (format!("@{key}: {v} for {value}"), new(v.clone()))));
            continue;
        }
        let mut dropped = policy.clone();
        dropped["annotations"].as_object_mut().unwrap().remove(&key);
        edits.push((format!("without @{key}"), Some(dropped)));
        if !FLAGS.contains(&key.as_str()) {
            edits.push((format!("@{key}: changed"), new(format!("{value} (changed)"))));
        }
        if key == "requires" {
            for asked in value.split([';', ',']).filter_map(|a| a.split(": ").last()).map(str::trim) {
                edits.push((format!("@requires without {asked}"), new(requires_without(&value, asked))));
            }
        }
    }
}

/// Before all others of the same actions, and after them; none where it stands there by itself.
fn orders(policy: &Value, words: &Words) -> Vec<String> {
    let own: u32 = annotation(policy, "order").parse().unwrap();
    let ranges = actions(policy).into_iter().filter_map(|a| words.orders.get(&a).copied());
    let (low, high) = ranges.fold((own, own), |(l, h), (low, high)| (l.min(low), h.max(high)));
    let first = (own > low).then(|| low.saturating_sub(1).to_string());
    let last = (own < high).then(|| (high + 1).to_string());
    first.into_iter().chain(last).collect()
}

/// `classic: a, b; fine-grained: c` without one of the actions, wherever it stands.
fn requires_without(requires: &str, action: &str) -> String {
    let parts = requires.split(';').filter_map(|part| part.trim().split_once(": "));
    let parts = parts.map(|(generation, actions)| {
        let rest: Vec<&str> = actions.split(',').map(str::trim).filter(|a| *a != action).collect();
        format!("{generation}: {}", rest.join(", "))
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// What is made of a policy with each construct, so that no kind of change goes missing.
#[test]
fn every_construct_of_a_policy_is_changed() {
    let text = r#"
        // a comment; with a semicolon
        @id("a") @rule("R1") @order("10") @severity("error") @message("some words") @requires("classic: x:A, x:B")
        forbid (principal is Artifact::CustomerAgreement, action == Artifact::Action::"governs", resource)
        when { principal.effectiveStart <= context.at && principal.agreement.scope == "account" }
        unless { !["account", "offline"].containsAny(context.scopesInForce) };
        @id("b") @order("20") permit (principal, action == Artifact::Action::"governs", resource);"#;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/artifact.cedarschema.json");
    let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mutants = mutants(&[SourceFile::new("x.cedar", text)], &schema);
    let of = |policy: &str| mutants.iter().filter(|m| m.policy == policy).map(|m| m.what.as_str()).collect::<Vec<_>>();
    let both = "(principal.effectiveStart <= context.at) && (principal.agreement.scope == \"account\")";
    let any = "[\"account\", \"offline\"].containsAny(context.scopesInForce)";
    let expected = [
        "dropped".to_owned(),
        "is a permit".to_owned(),
        format!("without when {{ {both} }}"),
        format!("unless {{ {both} }}"),
        format!("without `principal.effectiveStart <= context.at` in `{both}`"),
        format!("without `principal.agreement.scope == \"account\"` in `{both}`"),
        "`principal.effectiveStart < context.at` for `principal.effectiveStart <= context.at`".to_owned(),
        "`principal.agreement.scope != \"account\"` for `principal.agreement.scope == \"account\"`".to_owned(),
        "\"offline\" for \"account\"".to_owned(),
        "\"organization\" for \"account\"".to_owned(),
        format!("without unless {{ !{any} }}"),
        format!("when {{ !{any} }}"),
        format!("without the ! of `!{any}`"),
        format!("`{}` for `{any}`", any.replace("Any", "All")),
        "without \"account\" in `[\"account\", \"offline\"]`".to_owned(),
        "without \"offline\" in `[\"account\", \"offline\"]`".to_owned(),
        "\"offline\" for \"account\" (2)".to_owned(),
        "\"organization\" for \"account\" (2)".to_owned(),
        "\"account\" for \"offline\"".to_owned(),
        "\"organization\" for \"offline\"".to_owned(),
        "of in-force for governs".to_owned(),
        "of any principal".to_owned(),
        "principal is Artifact::OfflineAgreement for Artifact::CustomerAgreement".to_owned(),
        "without @message".to_owned(),
        "@message: changed".to_owned(),
        "@order: 21 for 10".to_owned(),
        "without @requires".to_owned(),
        "@requires: changed".to_owned(),
        "@requires without x:A".to_owned(),
        "@requires without x:B".to_owned(),
        "@severity: info for error".to_owned(),
        "@severity: warning for error".to_owned(),
    ];
    assert_eq!(of("a"), expected);
    assert_eq!(of("b"), ["dropped", "is a forbid", "of in-force for governs", "@order: 9 for 20"]);
    let less = mutants.iter().find(|m| m.what == "@requires without x:A").unwrap();
    assert!(less.text.contains("@requires(\"classic: x:B\")") && less.text.contains("@id(\"b\")"), "{}", less.text);
}
