//! The two readings of a `*` in an ARN (D25): it stays in its segment, or, at the end of a segment, it crosses colons.
//!
//! Sources do not settle it. What statements say by either stands in [`permissions::crossing`](crate::permissions).

use std::collections::BTreeSet;

use super::document::{Clause, ResourcePattern};
use super::minterms::Pattern;
use super::patterns::resource_included;
use super::template::{Syntax, Template};

/// Whether it makes a difference to a pattern that a `*` at the end of a segment crosses colons.
pub fn may_cross(text: &str) -> bool {
    // the last piece is followed by no colon, or is the resource, in which a `*` crosses colons in any case
    let pieces: Vec<&str> = text.splitn(6, ':').collect();
    pieces.split_last().is_some_and(|(_, before)| before.iter().any(|piece| piece.ends_with('*')))
}

/// The ARNs that a pattern matches if a `*` at the end of a segment crosses colons.
pub fn whole_arn(pattern: &ResourcePattern, text: &str) -> Pattern {
    match pattern {
        // variables stand in the last segment, and are `*` here
        ResourcePattern::Arn(segments) if text.splitn(6, ':').count() == 6 => {
            let open: Vec<Template> = segments.iter().map(Template::with_any_variables).collect();
            Pattern::crossing(&open)
        }
        // with fewer segments, or the text of one that matches nothing otherwise
        _ => Pattern::crossing(&text.splitn(6, ':').map(glob).collect::<Vec<_>>()),
    }
}

fn glob(text: &str) -> Template {
    Template::parse(text, Syntax { wildcards: true, variables: false }).unwrap_or_default()
}

/// The patterns of a statement that reach an ARN only if a `*` crosses colons; variables may have any value.
pub fn crossed<'c>(clause: &'c Clause<ResourcePattern>, arn: &'c [String; 6]) -> impl Iterator<Item = &'c str> {
    let whole = arn.join(":");
    let reaches = move |(pattern, text): &(&ResourcePattern, &String)| {
        if !may_cross(text) {
            return false;
        }
        let stays = match pattern {
            ResourcePattern::All => true,
            ResourcePattern::Nothing => false,
            ResourcePattern::Arn(segments) => {
                segments.iter().zip(arn).all(|(p, s)| p.variables().next().is_none() && p.matches(s))
            }
        };
        // a quick test first: every `*` crosses everything
        let open = text.contains("${") || glob(text).matches(&whole);
        !stays && open && whole_arn(pattern, text).matches(&whole)
    };
    clause.patterns.iter().zip(clause.texts.iter()).filter(reaches).map(|(_, text)| text.as_str())
}

/// Resources that are among others stay so if a `*` at the end of a segment crosses colons; it is said only where that is plain.
pub fn is_included_across(inner: &Clause<ResourcePattern>, outer: &Clause<ResourcePattern>) -> bool {
    let crosses = |clause: &Clause<ResourcePattern>| clause.texts.iter().any(|text| may_cross(text));
    let texts = |clause: &Clause<ResourcePattern>| clause.texts.iter().cloned().collect::<BTreeSet<_>>();
    let same = inner.negated == outer.negated && texts(inner) == texts(outer);
    if same || (!crosses(inner) && !crosses(outer)) {
        return true;
    }
    let keeps = |(i, text): (&ResourcePattern, &String), o: &ResourcePattern| match (i, o) {
        (_, ResourcePattern::All) => true,
        // with fewer segments, a `*` may stand for other ones than it does without crossing
        _ if may_cross(text) && text.splitn(6, ':').count() < 6 => false,
        (ResourcePattern::Arn(of_inner), ResourcePattern::Arn(of_outer)) => {
            let ends = of_inner.iter().zip(of_outer.iter()).all(|(i, o)| !i.ends_in_any() || o.ends_in_any());
            ends && resource_included(i, o)
        }
        _ => false,
    };
    let mut each = inner.patterns.iter().zip(inner.texts.iter());
    !inner.negated && !outer.negated && each.all(|i| outer.patterns.iter().any(|o| keeps(i, o)))
}
