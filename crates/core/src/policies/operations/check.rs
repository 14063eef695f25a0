//! The operations' data held against the schema and the policies: nothing that is listed is unknown to them, and nothing that
//! they know is left unasked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::template::Of;
use super::{Asked, Catalogue, Definition, FILE, Resource};
use crate::aws::actions;
use crate::aws::resources::ArnText;
use crate::inventory::schema::{CONTEXT, EntitySchema};
use crate::policies::Rule;
use crate::problem::{Problem, SourceFile, Span, instead};
use crate::terms::{PermissionModel, Scope};

/// The action of the schema that states what answers take for granted.
pub const ASSUME: &str = "assume";

/// The action by which guardrails are asked about an operation.
pub fn grant(operation: &str) -> String {
    format!("may-{operation}")
}

/// All that does not fit.
pub fn check(catalogue: &Catalogue, rules: &BTreeMap<String, Rule>, schema: &EntitySchema) -> Vec<Problem> {
    let mut problems = Vec::new();
    let whole = |source: &Arc<SourceFile>| Span { start: 0, end: source.text.find('\n').unwrap_or(source.text.len()) };
    for name in &schema.operations {
        if let (None, Some(source)) = (catalogue.operation(name), catalogue.sources.last()) {
            let message = format!("the schema has the operation `{name}`, but {FILE} does not list it");
            let help =
                format!("add {{\"operation\": \"{name}\", …}}: an operation that is not listed is never evaluated");
            problems.push(Problem::at(source, whole(source), message).help(help));
        }
    }
    for operation in &catalogue.operations {
        problems.extend(known(operation, schema));
        let mut reported = BTreeSet::new();
        for rule in rules.values().filter(|r| r.forbids && applies(r, operation.name)) {
            problems.extend(requirements(catalogue, operation, rule, &mut reported));
        }
    }
    problems.extend(catalogue.calls.values().filter_map(|call| unused(call, catalogue, rules)));
    problems.extend(catalogue.calls.values().flat_map(not_of_its_action));
    problems.extend(catalogue.calls.values().filter_map(asked_as_another));
    problems.extend(catalogue.calls.values().filter_map(|call| leaves_out(call, catalogue)));
    problems.extend(catalogue.operations.iter().filter_map(|operation| of_any_account(operation, rules)));
    problems.extend(catalogue.operations.iter().filter_map(|operation| takes_a_word(operation, catalogue)));
    for rule in rules.values().filter(|r| applies(r, ASSUME)) {
        // that a permit has its words is checked with its annotations
        if rule.forbids {
            let message = format!("`{}` states an assumption, but has no `@assuming`", rule.id);
            let help = "write a permit with @assuming(\"…\"), the words shown with an answer";
            problems.push(Problem::at(&rule.source, in_rule(rule, &rule.id), message).help(help));
        }
    }
    problems
}

fn applies(rule: &Rule, action: &str) -> bool {
    rule.actions.is_empty() || rule.actions.iter().any(|a| a == action)
}

/// An operation is an action of the schema, for guardrails too.
fn known(operation: &Definition, schema: &EntitySchema) -> Option<Problem> {
    let at = |message: String, help: String| {
        Some(Problem::at(&operation.place.source, operation.place.span, message).help(help))
    };
    let name = operation.name;
    if !schema.operations.contains(name) {
        let help = instead(
            name,
            schema.operations.iter().map(String::as_str),
            format!("add an action `{name}` with the context `{CONTEXT}` to the schema"),
        );
        return at(format!("the schema has no operation `{name}`"), help);
    }
    let grant = grant(name);
    if !schema.grants.contains(&grant) {
        let help = format!("add an action `{grant}`, a member of `may`, to the schema");
        return at(format!("guardrails cannot be asked about `{name}`"), help);
    }
    None
}

/// What a gate asks for is asked on something, in every generation and state, of which the operation has all that is named.
fn requirements(
    catalogue: &Catalogue,
    operation: &Definition,
    rule: &Rule,
    reported: &mut BTreeSet<String>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for generation in PermissionModel::Any.generations() {
        for in_force in [false, true] {
            for action in rule.requires(generation, in_force) {
                let Some((message, help)) = missing(catalogue, operation, action, generation, in_force) else {
                    continue;
                };
                if !reported.insert(message.clone()) {
                    continue;
                }
                problems.push(Problem::at(&rule.source, in_rule(rule, action), message).help(help));
            }
        }
    }
    problems
}

fn missing(
    catalogue: &Catalogue,
    operation: &Definition,
    action: &str,
    generation: &str,
    in_force: bool,
) -> Option<(String, String)> {
    let Some(call) = catalogue.calls.get(action) else {
        let help = instead(
            action,
            catalogue.calls.keys().map(String::as_str),
            format!("add {{\"action\": \"{action}\", \"resources\": [{{\"arn\": \"…\"}}]}} under `calls` of {FILE}"),
        );
        return Some((format!("{FILE} does not say which resources `{action}` needs"), help));
    };
    let scopes: Vec<Option<Scope>> = match operation.scopes.as_slice() {
        [] => vec![None],
        scopes => scopes.iter().copied().map(Some).collect(),
    };
    let of = |resource: &&Resource| resource.is_of(generation, in_force);
    let mut needed = call.resources.iter().filter(of).flat_map(|r| r.arn.needs(&catalogue.slots));
    let has = |of: Of| scopes.iter().all(|scope| operation.about.has(of, *scope));
    if let Some(slot) = needed.find(|slot| !has(slot.of)) {
        let what = match slot.of {
            Of::Report => "a report",
            Of::Organization => "an organization",
            Of::Member => "a member",
            _ => "an agreement on offer",
        };
        let message = format!("`{action}` acts on {what}, but `{}` is not about one", operation.name);
        return Some((message, "require another action, or make the operation about it".to_owned()));
    }
    let certain = |r: &Resource| r.arn.needs(&catalogue.slots).all(|slot| !slot.optional);
    if !call.resources.iter().filter(of).any(certain) {
        let state = if in_force { "in force" } else { "not in force" };
        let message = format!(
            "{FILE} does not say which resources `{action}` needs ({generation}, while the agreement is {state})"
        );
        return Some((message, "add a resource that names nothing that can be absent".to_owned()));
    }
    None
}

/// A call of the user's that no gate asks for is misspelt. Those that are built in may be left by a policy that was removed.
fn unused(call: &Asked, catalogue: &Catalogue, rules: &BTreeMap<String, Rule>) -> Option<Problem> {
    let asks = |rule: &Rule| rule.requires.values().flatten().any(|a| *a == call.action);
    if catalogue.ships(&call.place) || rules.values().any(asks) {
        return None;
    }
    let names = rules.values().flat_map(|r| r.requires.values().flatten()).map(String::as_str);
    let help = instead(&call.action, names, "name it in the @requires of a gate");
    let message = format!("no gate asks for `{}`", call.action);
    Some(Problem::at(&call.place.source, call.place.span, message).help(help))
}

/// The calls that no gate asks for, where all rules are the user's: what they would need is then asked of nobody.
pub fn ungated(catalogue: &Catalogue, rules: &BTreeMap<String, Rule>) -> Vec<Problem> {
    let asks = |action: &str| rules.values().any(|r| r.forbids && r.requires.values().flatten().any(|a| a == action));
    let ungated = catalogue.calls.values().filter(|call| !asks(&call.action));
    ungated
        .map(|call| {
            let message = format!("no gate asks for `{}`: everybody would pass", call.action);
            let help = format!("add the gate that names it in @requires, or a {FILE} of your own without this call");
            Problem::at(&call.place.source, call.place.span, message).help(help)
        })
        .collect()
}

/// ARNs that are none of the resources that AWS documents for an action: a request on one would match no policy.
fn not_of_its_action(call: &Asked) -> Vec<Problem> {
    let name = call.asked_as.as_deref().unwrap_or(&call.action);
    let Some(action) = actions::action(name).filter(|a| !a.resources.is_empty()) else {
        return Vec::new();
    };
    let is_none = |r: &&Resource| {
        let arn = ArnText::new(&r.arn.pattern());
        !action.resources.iter().any(|ty| arn.reaches(ty).is_ok())
    };
    let problem = |r: &Resource| {
        let known: Vec<String> = action.resources.iter().map(|ty| ty.arn("{partition}")).collect();
        let message = format!("`{name}` does not act on this kind of resource");
        let help = format!("it acts on {}", known.join(" and "));
        Problem::at(&r.place.source, r.place.span, message).help(help)
    };
    call.resources.iter().filter(is_none).map(problem).collect()
}

/// An action of AWS's that is asked as another: an answer would say that it is granted, where only the other is.
fn asked_as_another(call: &Asked) -> Option<Problem> {
    let other = call.asked_as.as_deref().filter(|other| *other != call.action)?;
    actions::action(&call.action)?;
    let message = format!("`{}` is an action of AWS's: it cannot be asked as `{other}`", call.action);
    let help = "leave out `askedAs`: it is for a name in @requires that no policy can grant, such as artifact:*";
    Some(Problem::at(&call.place.source, call.place.span, message).help(help))
}

/// A key that AWS's requests carry and a user's call does not: a condition on it would be false without a word.
fn leaves_out(call: &Asked, catalogue: &Catalogue) -> Option<Problem> {
    let name = call.asked_as.as_deref().unwrap_or(&call.action);
    let action = actions::action(name).filter(|_| !catalogue.ships(&call.place))?;
    let left_out = action.own_keys().find(|key| !call.keys.contains_key(&key.to_ascii_lowercase()))?;
    let message = format!("`{name}` carries `{left_out}`, which this call does not say");
    let help = format!(r#"add "{left_out}" under `keys`: a value, or null where it may be anything"#);
    Some(Problem::at(&call.place.source, call.place.span, message).help(help))
}

/// Another word for a user's operation that already stands for one: people who say it would get the other's answers.
fn takes_a_word(operation: &Definition, catalogue: &Catalogue) -> Option<Problem> {
    if catalogue.ships(&operation.place) {
        return None;
    }
    let others = || catalogue.operations.iter().filter(|other| other.name != operation.name);
    let (word, other) = operation.also_called.iter().find_map(|word| {
        let stands_for = |other: &&Definition| {
            other.name == word
                || other.also_called.contains(word)
                || (!other.by_name && other.name.starts_with(word.as_str()))
        };
        Some((word, others().find(stands_for)?))
    })?;
    let message = format!("`{word}` already stands for `{}`", other.name);
    let help = format!("use another word in `alsoCalled` of `{}`", operation.name);
    Some(Problem::at(&operation.place.source, operation.place.span, message).help(help))
}

/// An operation that the gates of the account's state do not name: it would be allowed in an account that is closed or suspended
/// (D26).
fn of_any_account(operation: &Definition, rules: &BTreeMap<String, Rule>) -> Option<Problem> {
    let of_state = || rules.values().filter(|rule| rule.forbids && rule.get("state") == Some("account"));
    if of_state().next().is_none() || of_state().any(|rule| applies(rule, operation.name)) {
        return None;
    }
    let message = format!("no gate of the state of the account is about `{}`", operation.name);
    let help = format!(
        "nobody can do anything in the console of an account that is not active (D26): add a forbid of `{}` with \
         @state(\"account\") unless {{ resource.state == \"ACTIVE\" }}",
        operation.name
    );
    Some(Problem::at(&operation.place.source, operation.place.span, message).help(help))
}

/// Where a text stands in a policy; its beginning, if it stands elsewhere in other words.
fn in_rule(rule: &Rule, text: &str) -> Span {
    let policy = rule.source.slice(rule.span);
    // words for people may name it as well
    let requires = policy.find("@requires").unwrap_or_default();
    let found = policy.get(requires..).and_then(|rest| rest.find(text)).map(|at| requires + at);
    match found.or_else(|| policy.find(text)) {
        Some(at) => Span { start: rule.span.start + at, end: rule.span.start + at + text.len() },
        None => rule.span.first(),
    }
}
