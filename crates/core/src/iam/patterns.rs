//! Which patterns, and which statements, reach what others reach.
//!
//! `included` is said only when it is so for every request; where it cannot be told (policy variables), it is not said.
//! `overlap` is denied only when no text matches both.

use super::crossing::is_included_across;
use super::document::{Clause, Condition, ResourcePattern, Statement};
use super::operator::Test;
use super::template::{Template, TemplatePart};
use crate::work;

/// Every text that matches the first pattern matches the second.
pub fn included(inner: &Template, outer: &Template) -> bool {
    work::add(1);
    if inner == outer || outer.is_any() {
        return true;
    }
    if has_variables(inner) || has_variables(outer) {
        return false;
    }
    match (inner.as_literal(), outer.as_literal()) {
        (Some(text), _) => matches(outer, text),
        (None, Some(_)) => false,
        // every text of the inner pattern has its ends, and so must have those of the outer one
        _ if !start(inner).starts_with(start(outer)) || !end(inner).ends_with(end(outer)) => false,
        // most patterns end in their only star
        _ if matches!(outer.parts.as_slice(), [TemplatePart::Literal(_), TemplatePart::Any]) => true,
        _ => within(&symbols(inner), &symbols(outer)),
    }
}

/// Some text may match both.
pub fn overlap(one: &Template, other: &Template) -> bool {
    if has_variables(one) || has_variables(other) {
        return true;
    }
    match (one.as_literal(), other.as_literal()) {
        (Some(text), _) => matches(other, text),
        (_, Some(text)) => matches(one, text),
        _ if one.is_any() || other.is_any() => true,
        _ if !compatible(start(one), start(other), str::starts_with) => false,
        _ if !compatible(end(one), end(other), str::ends_with) => false,
        _ => meet(&symbols(one), &symbols(other)),
    }
}

/// A character, `?`, or `*`.
#[derive(Clone, Copy, PartialEq)]
enum Symbol {
    Char(char),
    One,
    Any,
}

fn symbols(template: &Template) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    for part in &template.parts {
        match part {
            TemplatePart::Literal(text) => symbols.extend(text.chars().map(Symbol::Char)),
            TemplatePart::One => symbols.push(Symbol::One),
            TemplatePart::Any | TemplatePart::Variable { .. } => symbols.push(Symbol::Any),
        }
    }
    symbols
}

/// Whether some text matches both patterns: `row[j]` says it of what is left of the first, and of the other from `j` on.
fn meet(one: &[Symbol], other: &[Symbol]) -> bool {
    work::add((one.len() + 1) * (other.len() + 1));
    let ends = |at: usize| other.get(at..).is_some_and(|rest| rest.iter().all(|s| *s == Symbol::Any));
    let mut row: Vec<bool> = (0..=other.len()).map(ends).collect();
    for symbol in one.iter().rev() {
        let mut above = vec![false; row.len()];
        for j in (0..row.len()).rev() {
            let (below, beyond) = (row.get(j) == Some(&true), row.get(j + 1) == Some(&true));
            let after = above.get(j + 1) == Some(&true);
            let meets = match (symbol, other.get(j)) {
                (Symbol::Any, Some(_)) => below || after,
                (Symbol::Any, None) | (_, Some(Symbol::Any)) => below || (*symbol != Symbol::Any && after),
                (_, None) => false,
                (a, Some(b)) => (*a == Symbol::One || *b == Symbol::One || a == b) && beyond,
            };
            if let Some(cell) = above.get_mut(j) {
                *cell = meets;
            }
        }
        row = above;
    }
    row.first() == Some(&true)
}

/// Whether every text that matches the first pattern matches the other: whether the other can be laid over the first, symbol by symbol.
/// Each symbol of the first stands for texts that have no other in common with a letter of its own, so there is no other way.
fn within(inner: &[Symbol], outer: &[Symbol]) -> bool {
    work::add((inner.len() + 1) * (outer.len() + 1));
    // the places in the first pattern up to which the other has been laid
    let mut reached = vec![false; inner.len() + 1];
    reached.iter_mut().take(1).for_each(|first| *first = true);
    let mut rest = outer;
    while let Some(symbol) = rest.first() {
        let run = rest.iter().take_while(|s| !matches!(s, Symbol::Char(_))).count();
        let (wildcards, after) = rest.split_at(run);
        let mut next = vec![false; reached.len()];
        if wildcards.contains(&Symbol::Any) {
            // at least as many characters as the run has `?`, wherever its `*` stands
            let least = wildcards.iter().filter(|s| **s == Symbol::One).count();
            let first = reached.iter().position(|r| *r).unwrap_or(inner.len());
            let mut length = 0;
            for (at, place) in next.iter_mut().enumerate().skip(first) {
                *place = reached.get(first) == Some(&true) && length >= least;
                length += usize::from(inner.get(at).is_some_and(|s| *s != Symbol::Any));
            }
            rest = after;
        } else {
            for (at, place) in next.iter_mut().enumerate().skip(1) {
                let matches = match (inner.get(at - 1), symbol) {
                    (Some(Symbol::Any) | None, _) => false,
                    (Some(_), Symbol::One) => true,
                    (Some(own), other) => own == other,
                };
                *place = matches && reached.get(at - 1) == Some(&true);
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

/// Whether a text matches; its ends, which tell most texts apart, are compared first.
fn matches(pattern: &Template, text: &str) -> bool {
    text.starts_with(start(pattern)) && text.ends_with(end(pattern)) && pattern.matches(text)
}

/// The literal that every text of a pattern starts with.
fn start(template: &Template) -> &str {
    literal(template.parts.first())
}

/// The literal that every text of a pattern ends with.
fn end(template: &Template) -> &str {
    literal(template.parts.last())
}

fn literal(part: Option<&TemplatePart>) -> &str {
    match part {
        Some(TemplatePart::Literal(text)) => text,
        _ => "",
    }
}

fn compatible<'t>(one: &'t str, other: &'t str, has: impl Fn(&'t str, &'t str) -> bool) -> bool {
    has(one, other) || has(other, one)
}

fn has_variables(template: &Template) -> bool {
    template.parts.iter().any(|p| matches!(p, TemplatePart::Variable { .. }))
}

/// Every resource that matches the first pattern matches the second; `*` alone also reaches what has no resource.
pub fn resource_included(inner: &ResourcePattern, outer: &ResourcePattern) -> bool {
    match (inner, outer) {
        (ResourcePattern::Nothing, _) | (_, ResourcePattern::All) => true,
        (ResourcePattern::Arn(inner), ResourcePattern::Arn(outer)) => {
            inner.iter().zip(outer.iter()).all(|(i, o)| included(i, o))
        }
        _ => false,
    }
}

/// Some resource may match both.
pub fn resource_overlap(one: &ResourcePattern, other: &ResourcePattern) -> bool {
    match (one, other) {
        (ResourcePattern::Nothing, _) | (_, ResourcePattern::Nothing) => false,
        (ResourcePattern::Arn(one), ResourcePattern::Arn(other)) => {
            one.iter().zip(other.iter()).all(|(a, b)| overlap(a, b))
        }
        _ => true,
    }
}

/// A clause reaches nothing that another does not.
fn clause_included<T>(
    inner: &Clause<T>,
    outer: &Clause<T>,
    included: fn(&T, &T) -> bool,
    overlap: fn(&T, &T) -> bool,
    is_all: fn(&T) -> bool,
) -> bool {
    match (inner.negated, outer.negated) {
        (false, false) => inner.patterns.iter().all(|i| outer.patterns.iter().any(|o| included(i, o))),
        (false, true) => inner.patterns.iter().all(|i| !outer.patterns.iter().any(|o| overlap(i, o))),
        (true, true) => outer.patterns.iter().all(|o| inner.patterns.iter().any(|i| included(o, i))),
        (true, false) => outer.patterns.iter().any(is_all),
    }
}

/// The actions of one statement are among those of another.
pub fn actions_included(inner: &Clause<Template>, outer: &Clause<Template>) -> bool {
    clause_included(inner, outer, included, overlap, Template::is_any)
}

/// The resources of one statement are among those of another.
pub fn resources_included(inner: &Clause<ResourcePattern>, outer: &Clause<ResourcePattern>) -> bool {
    clause_included(inner, outer, resource_included, resource_overlap, |r| *r == ResourcePattern::All)
}

/// A condition of the first list makes the condition hold.
fn implied_by(condition: &Condition, given: &[Condition]) -> bool {
    let within = |few: &[Template], many: &[Template]| few.iter().all(|v| many.contains(v));
    given.iter().any(|g| {
        let same = g.operator == condition.operator && g.key == condition.key;
        let values = if condition.operator.test == Test::Null {
            within(&g.values, &condition.values) && within(&condition.values, &g.values)
        } else if condition.operator.negated {
            within(&condition.values, &g.values)
        } else {
            within(&g.values, &condition.values)
        };
        same && values
    })
}

/// Every request that the first statement applies to, the second applies to as well, and does to it what the first does, if both
/// have the same effect; by both readings of a `*` in an ARN (D30).
pub fn statement_included(inner: &Statement, outer: &Statement) -> bool {
    work::add(1);
    let principals = match (&inner.principals, &outer.principals) {
        (None, None) => true,
        (Some(inner_who), Some(who)) if inner.allow == outer.allow => inner_who.included_in(who, inner.allow),
        (Some(allowed), Some(denied)) => allowed.denied_by(denied),
        _ => false,
    };
    principals
        && actions_included(&inner.actions, &outer.actions)
        && resources_included(&inner.resources, &outer.resources)
        && is_included_across(&inner.resources, &outer.resources)
        && outer.conditions.iter().all(|c| implied_by(c, &inner.conditions))
}

/// Whether a statement's actions reach an action, given in any case.
pub fn reaches_action(statement: &Statement, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    statement.actions.patterns.iter().any(|p| p.matches(&action)) != statement.actions.negated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::minterms::{Pattern, classes};
    use crate::iam::template::Syntax;

    fn glob(text: &str) -> Template {
        Template::parse(text, Syntax { wildcards: true, variables: true }).unwrap()
    }

    #[test]
    fn inclusion_and_overlap_are_exact() {
        for (inner, outer, is_included, overlaps) in [
            ("a*", "*", true, true),
            ("a*b", "a*", true, true),
            ("a*", "a*b", false, true),
            ("a?", "a*", true, true),
            ("a*", "b*", false, false),
            ("*a", "a*", false, true),
            ("a", "a?", false, false),
            ("a${aws:username}", "a*", false, true),
            ("a${aws:username}", "a${aws:username}", true, true),
        ] {
            assert_eq!(included(&glob(inner), &glob(outer)), is_included, "{inner} in {outer}");
            assert_eq!(overlap(&glob(inner), &glob(outer)), overlaps, "{inner} and {outer}");
        }
    }

    /// The two ways to tell whether patterns meet agree, on all short patterns.
    #[test]
    fn patterns_meet_where_their_automata_do() {
        let letters = ["a", "b", "?", "*"];
        let mut patterns = vec![String::new()];
        for _ in 0..3 {
            let longer: Vec<String> =
                patterns.iter().flat_map(|p| letters.iter().map(move |l| format!("{p}{l}"))).collect();
            patterns.extend(longer);
        }
        patterns.sort();
        patterns.dedup();
        for one in &patterns {
            for other in &patterns {
                let found = classes(&[Pattern::glob(&glob(one)), Pattern::glob(&glob(other))]).unwrap();
                assert_eq!(
                    overlap(&glob(one), &glob(other)),
                    found.iter().any(|c| c.matches == [true, true]),
                    "{one} {other}"
                );
                let within = found.iter().all(|c| c.matches != [true, false]);
                assert_eq!(included(&glob(one), &glob(other)), within, "{one} {other}");
            }
        }
    }

    /// Longer ones are drawn: the same in each run.
    #[test]
    fn long_patterns_are_included_where_their_automata_are() {
        let mut state: u64 = 0x5eed_1e55;
        let mut draw = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let mut included_ones = 0;
        for _ in 0..3_000 {
            let mut pattern = || -> String {
                let length = 3 + draw(5);
                (0..length).map(|_| ['a', 'b', '?', '?', '*', '*'][draw(6) as usize]).collect()
            };
            let (one, other) = (pattern(), pattern());
            let found = classes(&[Pattern::glob(&glob(&one)), Pattern::glob(&glob(&other))]).unwrap();
            let is_within = found.iter().all(|c| c.matches != [true, false]);
            assert_eq!(within(&symbols(&glob(&one)), &symbols(&glob(&other))), is_within, "{one} {other}");
            included_ones += usize::from(is_within);
        }
        assert!(included_ones > 300, "{included_ones}");
    }

    #[test]
    fn a_star_reaches_what_has_no_resource() {
        let all = ResourcePattern::parse("*", true).unwrap();
        let arns = ResourcePattern::parse("arn:*", true).unwrap();
        assert!(resource_included(&arns, &all));
        assert!(!resource_included(&all, &arns));
    }
}
