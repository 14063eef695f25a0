//! Calls on any of many resources: the invitation of whichever organization will do to leave one.
//!
//! The resources that a principal's policies do not tell apart are one class. Each class is asked about by a member, and what is
//! allowed on one of them is allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::AnyOf;
use crate::iam::crossing::{may_cross, whole_arn};
use crate::iam::document::ResourcePattern;
use crate::iam::minterms::{Class, Pattern, Piece, classes_of};
use crate::iam::template::{Syntax, Template};
use crate::permissions::scenarios::{Call, CallResult, Scenarios, Stack};
use crate::problem::Failure;
use crate::terms::Decision;

/// More classes than this are not asked about one by one.
const MAX_CLASSES: usize = 256;

/// The calls of an operation, those on any of many resources once for each class of them.
pub struct Calls {
    all: Vec<Call>,
    /// For each call of the operation, what stands for it.
    of: Vec<Stands>,
    /// The actions of which the resources are not told apart: there are too many classes.
    too_many: Vec<String>,
}

/// A resource of a class, and the patterns of the policies that name it.
type Named = (String, Vec<String>);

/// What stands for a call.
enum Stands {
    /// The call itself, at a place among all.
    Itself(usize),
    /// A call a class, and the patterns of the policies that name the class.
    Any(Vec<(usize, Vec<String>)>),
}

impl Calls {
    /// The calls that a principal's policies are asked about.
    pub fn new(stack: &Stack, calls: Vec<(Call, Option<AnyOf>)>) -> Result<Self, Failure> {
        let mut found = Self { all: Vec::new(), of: Vec::new(), too_many: Vec::new() };
        for (call, any) in calls {
            let Some(any) = any else {
                found.of.push(Stands::Itself(found.all.len()));
                found.all.push(call);
                continue;
            };
            let mut classes = Vec::new();
            match told_apart(stack, &call, &any)? {
                Some(members) => {
                    for (member, named) in members {
                        classes.push((found.all.len(), named));
                        found.all.push(Call { resources: vec![member], ..call.clone() });
                    }
                }
                None => found.too_many.push(format!("the resource of {}", call.action)),
            }
            found.of.push(Stands::Any(classes));
        }
        Ok(found)
    }

    /// All of them.
    pub fn all(&self) -> &[Call] {
        &self.all
    }

    /// Puts together what was found: a verdict a call of the operation. `each` is told what the classes come to that have a name, where
    /// they differ.
    pub fn conclude(&self, scenarios: &mut Scenarios, each: &mut BTreeMap<String, Decision>) {
        if !self.too_many.is_empty() {
            scenarios.too_many.extend(self.too_many.iter().cloned());
            scenarios.rows.clear();
            return;
        }
        let allowed = |verdicts: &[CallResult], place: usize| {
            verdicts.get(place).is_some_and(|v| matches!(v, CallResult::Allowed(_)))
        };
        let rows = || scenarios.rows.iter().map(|(_, verdicts)| verdicts);
        for stands in &self.of {
            let Stands::Any(classes) = stands else { continue };
            let decisions = classes.iter().map(|(place, named)| {
                let found: BTreeSet<bool> = rows().map(|verdicts| allowed(verdicts, *place)).collect();
                let decision = match (found.contains(&true), found.contains(&false)) {
                    (true, false) => Decision::Allow,
                    (true, true) => Decision::Unknown,
                    _ => Decision::Deny,
                };
                (decision, named)
            });
            let decisions: Vec<(Decision, &Vec<String>)> = decisions.collect();
            if decisions.iter().all(|(decision, _)| Some(*decision) == decisions.first().map(|d| d.0)) {
                continue;
            }
            for (decision, name) in decisions.into_iter().flat_map(|(d, named)| named.iter().map(move |n| (d, n))) {
                let known = each.entry(name.clone()).or_insert(decision);
                if super::rank(decision) > super::rank(*known) {
                    *known = decision;
                }
            }
        }
        for (_, verdicts) in &mut scenarios.rows {
            let one = |stands: &Stands| match stands {
                Stands::Itself(place) => verdicts.get(*place).cloned(),
                Stands::Any(classes) => {
                    let of = || classes.iter().filter_map(|(place, _)| verdicts.get(*place));
                    let blocked = |v: &&CallResult| matches!(v, CallResult::Blocked(_));
                    let least = |v: &&CallResult| match v {
                        CallResult::Blocked(said) => said.len(),
                        CallResult::Allowed(_) => 0,
                    };
                    of().find(|v| !blocked(v)).or_else(|| of().min_by_key(least)).cloned()
                }
            };
            let none = || CallResult::Blocked(Vec::new());
            *verdicts = self.of.iter().map(|stands| one(stands).unwrap_or_else(none)).collect();
        }
    }
}

/// A resource of each class that the policies tell apart, with the patterns that name it; `None` where there are too many.
fn told_apart(stack: &Stack, call: &Call, any: &AnyOf) -> Result<Option<Vec<Named>>, Failure> {
    let action = call.action.to_ascii_lowercase();
    let (mut texts, mut patterns) = (Vec::new(), Vec::new());
    for layer in &stack.layers {
        let slice = layer.slice(&action)?;
        for statement in layer.of_slice(&slice) {
            for (pattern, text) in statement.resources.patterns.iter().zip(statement.resources.texts.iter()) {
                let ResourcePattern::Arn(segments) = pattern else { continue };
                if texts.contains(&Some(text.clone())) {
                    continue;
                }
                texts.push(Some(text.clone()));
                patterns.push(Pattern::arn_of(&segments.each_ref().map(Template::with_any_variables)));
                // by the other reading as well (D25)
                if may_cross(text) {
                    texts.push(None);
                    patterns.push(whole_arn(pattern, text));
                }
            }
        }
    }
    if patterns.is_empty() {
        // nothing tells them apart
        let member = |text: &String| text.replace('?', "a").replace('*', "");
        return Ok(Some(call.resources.iter().map(|text| (member(text), Vec::new())).collect()));
    }
    let except = any.except.iter().map(|text| within_names(text));
    let known = patterns.len();
    patterns.extend(except);
    let required: Vec<Pattern> = call.resources.iter().map(|text| within_names(text)).collect();
    let Some(classes) = classes_of(&patterns, &required).filter(|classes| classes.len() <= MAX_CLASSES) else {
        return Ok(None);
    };
    let is_excepted = |class: &Class| class.matches.get(known..).is_some_and(|m| m.contains(&true));
    let named = |class: &Class| -> Vec<String> {
        let those = texts.iter().zip(&class.matches).filter(|(_, matches)| **matches);
        those.filter_map(|(text, _)| text.clone()).collect()
    };
    Ok(Some(classes.iter().filter(|c| !is_excepted(c)).map(|c| (c.member.clone(), named(c))).collect()))
}

/// A pattern of which no `*` or `?` goes beyond a name, which ends at a colon and at a slash.
fn within_names(text: &str) -> Pattern {
    let syntax = Syntax { wildcards: true, variables: false };
    let parts: Vec<&str> = text.split_inclusive([':', '/']).collect();
    let read = |part: &&str| {
        let name = part.trim_end_matches([':', '/']);
        let end = part.get(name.len()..).unwrap_or_default().to_owned();
        (Template::parse(name, syntax).unwrap_or_default(), end)
    };
    let parts: Vec<(Template, String)> = parts.iter().map(read).collect();
    let pieces = parts.iter().flat_map(|(name, end)| [Piece::Within(name), Piece::Text(end)]);
    Pattern::of_pieces(&pieces.collect::<Vec<_>>())
}
