//! What the rules about whole tasks share: what a policy, and what stands beside it, may allow.

use crate::aws::actions::Action;
use crate::aws::{self, actions, resources};
use crate::iam::document;
use crate::iam::document::ResourcePattern;
use crate::iam::patterns::{reaches_action, resource_overlap};
use crate::lint::policy::{Policy, Statement, Text};
use crate::lint::{Edit, edit};
use crate::text::squeezed;

/// The text with which a statement names an action; case does not matter.
pub fn names<'s>(statement: &'s Statement, action: &str) -> Option<&'s Text> {
    let actions = statement.actions.as_ref().filter(|a| !a.negated)?;
    actions.texts.iter().find(|t| t.text.eq_ignore_ascii_case(action))
}

/// Whether a policy names an action that AWS has deprecated in favour of one of these: what takes its place is told with that.
pub fn names_predecessor(policy: &Policy, of: &[&str]) -> bool {
    let replaced = |action: &&Action| action.replaced_by.iter().any(|r| of.contains(&r.as_str()));
    let mut old = actions::actions().iter().filter(|a| a.is_deprecated()).filter(replaced);
    old.any(|action| policy.statements.iter().any(|s| names(s, &action.name).is_some()))
}

/// The text with which a statement reaches an action, by name or by a wildcard; that of `NotAction` is its name.
pub fn reaching(statement: &Statement, action: &str) -> Option<Text> {
    let actions = statement.actions.as_ref()?;
    let meaning = statement.meaning.as_ref()?;
    if !reaches_action(meaning, action) {
        return None;
    }
    if actions.negated {
        return Some(Text { text: actions.key.clone(), at: actions.key_at.clone(), perhaps: false });
    }
    let named = names(statement, action);
    named
        .or_else(|| {
            actions.texts.iter().find(|t| actions::matching(&t.text).any(|a| a.name.eq_ignore_ascii_case(action)))
        })
        .cloned()
}

/// Some statement of the set may allow an action on a resource of its type, conditions aside.
pub fn may_allow(policy: &Policy, action: &str) -> bool {
    policy.set().any(|s| s.allow && allows(s, action))
}

/// A statement reaches an action on some resource of its type.
pub fn allows(statement: &document::Statement, action: &str) -> bool {
    reaches_action(statement, action) && on_its_resources(statement, action)
}

fn on_its_resources(statement: &document::Statement, action: &str) -> bool {
    let Some(action) = actions::action(action) else {
        return true;
    };
    let all = |p: &ResourcePattern| *p == ResourcePattern::All;
    if statement.resources.negated {
        return !statement.resources.patterns.iter().any(all);
    }
    let types = || action.resources.iter().flat_map(|ty| resources::patterns(ty));
    let reached = |p: &ResourcePattern| all(p) || types().any(|t| resource_overlap(p, t));
    statement.resources.patterns.iter().any(reached)
}

/// Whether a policy names something of AWS Artifact's agreements.
pub fn is_about_agreements(policy: &Policy) -> bool {
    let texts = policy.action_texts();
    let names =
        |text: &Text| text.text.to_ascii_lowercase().starts_with("artifact:") && text.text.contains("Agreement");
    texts.into_iter().any(names) || policy.statements.iter().any(is_for_artifact)
}

/// Whether a statement is written for AWS Artifact, by the role that it names or by a condition.
pub fn is_for_artifact(statement: &Statement) -> bool {
    let values = statement.conditions.iter().flat_map(|c| &c.values);
    let resources = statement.resources.iter().flat_map(|r| &r.texts);
    values.into_iter().any(|v| v.text == aws::trusted_access_principal() || v.text == aws::service_principal())
        || resources.into_iter().any(|r| r.text.contains(aws::service_linked_role()))
}

/// The statements of a policy that allow an action on its resources, and the text with which they reach it.
pub fn allowing<'p>(policy: &'p Policy, action: &'p str) -> impl Iterator<Item = (&'p Statement, Text)> {
    policy
        .statements
        .iter()
        .filter(move |s| s.meaning.as_ref().is_some_and(|m| m.allow && allows(m, action)))
        .filter_map(move |s| Some((s, reaching(s, action)?)))
}

/// Allows further actions beside the one with which a statement reaches a task; where that is by `NotAction`, nothing.
pub fn allow_beside(policy: &Policy, statement: &Statement, text: &Text, further: &[&str]) -> Option<Vec<Edit>> {
    let list = statement.actions.as_ref().filter(|a| !a.negated)?;
    let index = list.texts.iter().position(|t| t.text == text.text)?;
    let all: Vec<&str> = std::iter::once(text.text.as_str()).chain(further.iter().copied()).collect();
    edit::replace_by_many(policy, list, index, &all)
}

/// Whether one of the words stands in a text, whatever its case and its separators.
pub fn holds_word(text: &str, words: &[&str]) -> bool {
    let text = squeezed(text);
    words.iter().any(|w| text.contains(&squeezed(w)))
}
