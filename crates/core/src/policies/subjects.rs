//! What is asked about each action: a policy for an action that nothing asks about would never count, without a word.

use std::sync::Arc;

use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy};

use super::Rule;
use super::annotations::Subject;
use super::operations::check::ASSUME;
use crate::inventory::schema::EntitySchema;
use crate::problem::{Problem, SourceFile, Span, Unpermitted, instead};

/// The questions of the program, beside the operations, which are data.
const ASKED: [(&str, Subject); 19] = [
    ("holds", Subject::Question),
    ("membership-known", Subject::Question),
    ("lists-agreements-of", Subject::Question),
    ("in-force", Subject::InForce),
    ("governs", Subject::Governs),
    ("named-before", Subject::Question),
    ("designated", Subject::Question),
    (COVERED, Subject::Fact),
    ("eligible", Subject::Fact),
    ("holds-phi", Subject::Fact),
    ("attested", Subject::Fact),
    ("meets-definition", Subject::Fact),
    ("report-on-account", Subject::Finding),
    ("report-on-organization", Subject::Finding),
    ("report-on-agreement", Subject::Finding),
    ("report-on-access", Subject::Finding),
    ("report-on-policy", Subject::Finding),
    (ASSUME, Subject::Assumption),
    ("advise", Subject::Advice),
];

/// The questions of which the principal is the resource as well.
const OF_ITSELF: [&str; 9] = [
    "membership-known",
    COVERED,
    "holds-phi",
    "attested",
    "meets-definition",
    "report-on-account",
    "report-on-organization",
    "report-on-agreement",
    "report-on-policy",
];

/// Whether a question is asked about one thing, which is its principal and its resource.
pub fn is_asked_of_itself(action: &str) -> bool {
    OF_ITSELF.contains(&action)
}

/// Whether a question that is no operation is asked about a principal that acts in AWS.
pub fn is_asked_of_who_acts(action: &str) -> bool {
    [ASSUME, "report-on-access"].contains(&action)
}

/// What is asked about an action; `None` where nothing is.
fn subject(action: &str, schema: &EntitySchema) -> Option<Subject> {
    let asked = ASKED.iter().find(|(name, _)| *name == action).map(|(_, subject)| *subject);
    let operation = schema.operations.contains(action).then_some(Subject::Operation);
    asked.or(operation)
}

/// What a policy is about; a problem for each action that nothing asks about.
pub fn of(
    policy: &Policy,
    schema: &EntitySchema,
    (source, head): (&Arc<SourceFile>, Span),
) -> Result<Vec<Subject>, Vec<Problem>> {
    let wrong = |uid: &EntityUid| {
        let name = uid.id().unescaped();
        let span = name_in(source, head, name);
        let known = || ASKED.iter().map(|(n, _)| *n).chain(schema.operations.iter().map(String::as_str));
        if schema.grants.contains(name) || name == "may" {
            let help = "put guardrails in the folder `guardrails` of the inventory";
            return Problem::at(source, span, format!("only guardrails may be about `{name}`")).help(help);
        }
        let help = instead(name, known(), format!("the actions are {}", known().collect::<Vec<_>>().join(", ")));
        let message = format!("nothing asks about the action `{name}`");
        // an operation of the user's is one once a schema declares it
        Problem::at(source, span, message).help(help).undeclared()
    };
    let uids = match policy.action_constraint() {
        ActionConstraint::Any => {
            let help = "write action == Artifact::Action::\"…\", or action in […]";
            return Err(vec![Problem::at(source, head, "this policy names no action").help(help)]);
        }
        ActionConstraint::Eq(uid) => vec![uid],
        ActionConstraint::In(uids) => uids,
    };
    let (mut subjects, mut problems) = (Vec::new(), Vec::new());
    for uid in &uids {
        match subject(uid.id().unescaped(), schema) {
            Some(subject) => subjects.push(subject),
            None => problems.push(wrong(uid)),
        }
    }
    if problems.is_empty() { Ok(subjects) } else { Err(problems) }
}

/// Where an action is named, from the head of its policy on.
pub(crate) fn name_in(source: &SourceFile, head: Span, name: &str) -> Span {
    let needle = format!("Action::\"{name}\"");
    let text = source.text.get(head.start..).unwrap_or_default();
    text.find(&needle).map_or(head, |at| Span { start: head.start + at, end: head.start + at + needle.len() })
}

/// Questions that are asked about more than one type of principal: each needs its permit.
const TYPES: [(&str, [&str; 2]); 3] = [
    ("holds", ["Membership", "Designation"]),
    ("in-force", ["CustomerAgreement", "OfflineAgreement"]),
    ("designated", ["CustomerAgreement", "OfflineAgreement"]),
];

/// What a complete set of rules lacks: each operation and each question has a permit, or its answer is always no.
pub fn incomplete(permits: &dyn Fn(&str, Option<&str>) -> bool, schema: &EntitySchema) -> Vec<Unpermitted> {
    let optional = [Subject::Finding, Subject::Assumption, Subject::Advice];
    let asked = ASKED.iter().filter(|(_, subject)| !optional.contains(subject)).map(|(name, _)| *name);
    let mut missing = Vec::new();
    for action in asked.chain(schema.operations.iter().map(String::as_str)) {
        let types = TYPES.iter().find(|(name, _)| *name == action).map(|(_, types)| types);
        match types {
            Some(types) => {
                missing.extend(types.iter().filter(|ty| !permits(action, Some(ty))).map(|ty| (action, Some(*ty))))
            }
            None => missing.extend((!permits(action, None)).then_some((action, None))),
        }
    }
    let unpermitted =
        |(action, ty): (&str, Option<&str>)| Unpermitted { action: action.to_owned(), of: ty.map(str::to_owned) };
    missing.into_iter().map(unpermitted).collect()
}

/// The questions whose answers make a row of coverage: tried in every way that the inventory leaves open.
pub const COVERAGE: [&str; 3] = ["in-force", "governs", "named-before"];

/// The fact that an account is covered as HIPAA asks.
pub const COVERED: &str = "covered";

/// Whether a question about agreements or a fact is asked once, whatever the inventory does not say.
fn is_asked_once(action: &str) -> bool {
    let asked = ASKED.iter().find(|(name, _)| *name == action);
    asked.is_some_and(|(_, subject)| matches!(subject, Subject::Question | Subject::Fact))
        && !COVERAGE.contains(&action)
}

/// Policies of such questions that read an attribute which is unknown when absent: absent would pass for false.
pub fn not_tried<'r>(
    rules: impl Iterator<Item = &'r Rule>,
    schema: &EntitySchema,
    reads: impl Fn(&str, &str) -> bool,
) -> Vec<Problem> {
    let attributes = schema.types.values().flat_map(|t| &t.attributes);
    let open: Vec<&String> = attributes.filter(|(_, a)| a.unknown_when_absent).map(|(name, _)| name).collect();
    let asked_once = |r: &&Rule| r.actions.iter().any(|a| is_asked_once(a));
    let wrong = |rule: &'r Rule| {
        let attribute = open.iter().find(|attr| reads(&rule.id, attr))?;
        let message = format!("`{}` reads `{attribute}`, which is unknown when it is absent", rule.id);
        let help = "this question is not tried both ways: read an attribute without `unknownWhenAbsent`";
        Some(Problem::at(&rule.source, rule.span, message).help(help))
    };
    rules.filter(asked_once).filter_map(wrong).collect()
}

/// Whether a policy is one of an operation that denies: a gate.
pub fn is_gate(policy: &Policy, subjects: &[Subject]) -> bool {
    policy.effect() == Effect::Forbid && subjects.contains(&Subject::Operation)
}
