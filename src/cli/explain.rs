//! `lower --explain`: for each statement of an IAM policy, what it became in Cedar, and why.

use countersign_core::iam::document::{Clause, Condition, ResourcePattern, Statement};
use countersign_core::iam::operator::{SetPrefix, Test};
use countersign_core::permissions::atom::Atom;
use countersign_core::permissions::lower::{Lowered, LoweredCondition};

/// Comments of Cedar, to stand before the lowered statement. `restricts`: what no statement of its layer allows is forbidden by one
/// policy, of which this statement becomes a part.
pub fn explain(statement: &Statement, lowered: &Lowered, restricts: bool) -> String {
    let mut lines = vec![format!("// {}: {}", statement.pointer, effect(statement.allow, restricts))];
    let mut parts = lowered.parts.iter();
    if let Some(part) = parts.next() {
        lines.push(about(&clause("Action", &statement.actions), part));
        lines.extend(atoms(part));
    }
    if let Some(part) = parts.next() {
        lines.push(about(&clause("Resource", &statement.resources), part));
        let nothing = statement.resources.patterns.iter().any(|p| matches!(p, ResourcePattern::Nothing));
        if nothing {
            lines.push(detail("a pattern with fewer than six segments that does not end in `*` matches nothing"));
        }
        lines.extend(atoms(part));
    }
    for (condition, part) in statement.conditions.iter().zip(parts) {
        let values = condition.texts.join(", ");
        lines.push(about(&format!("{} {} [{values}]", condition.operator, condition.key), part));
        lines.extend(guards(condition, part).into_iter().map(detail));
        lines.extend(atoms(part));
    }
    let one_line = |line: &String| line.replace(char::is_control, " ");
    lines.iter().map(one_line).collect::<Vec<_>>().join("\n") + "\n"
}

fn effect(allow: bool, restricts: bool) -> &'static str {
    if allow && restricts {
        "`Allow` is one of the alternatives under `unless`: what no statement of the layer allows is forbidden"
    } else if allow {
        "`Allow` is a permit; each part is a `when`, and all of them must hold"
    } else {
        "`Deny` is a forbid, which no permit overrides; each part is a `when`, and all of them must hold"
    }
}

fn clause<T>(name: &str, clause: &Clause<T>) -> String {
    let not = if clause.negated { "Not" } else { "" };
    format!("{not}{name} [{}]", clause.texts.join(", "))
}

/// What a part became.
fn about(what: &str, part: &LoweredCondition) -> String {
    match part.condition.as_str() {
        "true" => format!("//   {what}: always holds, and is left out"),
        "false" => format!("//   {what}: never holds"),
        _ => format!("//   {what}"),
    }
}

fn detail(text: impl AsRef<str>) -> String {
    format!("//     {}", text.as_ref())
}

/// What is computed before the request, and why Cedar cannot.
fn atoms(part: &LoweredCondition) -> Vec<String> {
    let one = |(name, atom): (&String, &Atom)| {
        let why = if atom.variables().is_empty() {
            match atom {
                Atom::Action(_) | Atom::Resource(_) => "Cedar's `like` has no `?`",
                Atom::Condition(..) => "Cedar can only ask whether a set contains equal values",
                Atom::Value(..) => "Cedar has no exact form of this comparison",
            }
        } else {
            "it contains a policy variable, which Cedar's patterns and literals cannot"
        };
        detail(format!(
            "atom `{name}`: computed before the request is evaluated, and listed in `context.atoms` if it holds; {why}"
        ))
    };
    part.reads.atoms.iter().map(one).collect()
}

/// What guards the test of a condition: Cedar skips a policy that errors, and a key may be absent.
fn guards(condition: &Condition, part: &LoweredCondition) -> Vec<String> {
    let operator = condition.operator;
    let mut guards = Vec::new();
    if operator.test == Test::Null {
        guards.push("tests whether the key is present: `context.present` lists the keys of the request".to_owned());
        return guards;
    }
    for (key, family) in &part.reads.keys {
        guards.push(format!(
            "guarded by `context has \"{}\"`: reading an absent attribute is an error, and Cedar skips policies with errors",
            family.attribute(key)
        ));
    }
    if operator.set == SetPrefix::All {
        guards.push("`ForAllValues` also holds where the key is absent".to_owned());
    }
    if operator.if_exists {
        guards.push("`IfExists` also holds where the key is absent".to_owned());
    } else if operator.negated && operator.set == SetPrefix::None {
        guards.push("a negated operator also holds where the key is absent".to_owned());
    }
    guards
}
