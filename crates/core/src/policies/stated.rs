//! What a policy states, held against what is asked: an effect that means something, placeholders that are filled in, a code that
//! is nobody else's, attributes that exist.
//!
//! Each of these would be accepted in silence otherwise, and would count for nothing, or for more than its author meant: a
//! `forbid` of a finding drops every finding of its kind.

use cedar_policy::Effect;
use serde_json::Value;

use super::BUILT_IN;
use super::annotations::{Annotated, SCOPES, Subject, annotation};
use super::reads::{any_part, applies_to, attribute_of};
use super::satisfiable::never_holds;
use super::settings::{Becomes, Setting};
use super::subjects::is_asked_of_itself;
use super::tokens;
use crate::inventory::schema::{Attribute, EntitySchema, Type};
use crate::problem::{Problem, instead};

/// All that a policy states without effect.
pub fn faults(annotated: &Annotated<'_>, (actions, json): (&[String], &Value), schema: &EntitySchema) -> Vec<Problem> {
    let mut problems: Vec<Problem> = mixed(annotated).or_else(|| forbids_findings(annotated)).into_iter().collect();
    problems.extend(code(annotated));
    problems.extend(contradiction(annotated, (actions, json)));
    problems.extend(since(annotated, json));
    problems.extend(scope(annotated, json));
    for (name, value) in annotated.policy.annotations() {
        problems.extend(placeholder(annotated, actions, (name, value)));
        if ["sets", "happens"].contains(&name) {
            problems.extend(setting(annotated, (name, value), schema));
        }
    }
    problems
}

/// A policy about an operation and a finding, say, means two things by one effect, and only one of them is meant.
fn mixed(annotated: &Annotated<'_>) -> Option<Problem> {
    let first = annotated.subjects.first()?;
    let other = annotated.subjects.iter().find(|subject| *subject != first)?;
    let message = format!("this policy is about {} and {}", words(*first), words(*other));
    let help = "write a policy for each: what its effect means is not the same for both";
    Some(Problem::at(annotated.source, annotated.head(), message).help(help))
}

/// Each permit that holds is a finding. A forbid would drop all findings about the same thing, not one of them.
fn forbids_findings(annotated: &Annotated<'_>) -> Option<Problem> {
    let forbids = annotated.policy.effect() == Effect::Forbid && annotated.subjects.contains(&Subject::Finding);
    forbids.then(|| {
        let message = "a forbid of a finding has no meaning: it would drop every other finding as well";
        let help =
            "a finding is a permit; to drop a built-in one, write its @id with @remove, and to narrow it, replace it";
        Problem::at(annotated.source, annotated.head(), message).help(help)
    })
}

fn words(subject: Subject) -> &'static str {
    match subject {
        Subject::Operation => "an operation",
        Subject::InForce => "whether an agreement is in force",
        Subject::Governs => "which agreement governs",
        Subject::Fact => "a fact",
        Subject::Finding => "a finding",
        Subject::Assumption => "what an answer takes for granted",
        Subject::Question => "a question about agreements",
        Subject::Guardrail => "a guardrail",
        Subject::Advice => "advice before a change",
    }
}

fn contradiction(annotated: &Annotated<'_>, (actions, json): (&[String], &Value)) -> Option<Problem> {
    let of_itself = !actions.is_empty() && actions.iter().all(|action| is_asked_of_itself(action));
    never_holds(json, of_itself).then(|| {
        let message = "the conditions of this policy contradict each other: it never applies";
        let help = if of_itself && !never_holds(json, false) {
            "what is reported on is both the principal and the resource"
        } else {
            "one attribute is never two texts at once, no moment is before one and after a later one, and nothing is \
             true and false"
        };
        let clause = ["when", "unless"].map(|word| tokens::word(annotated.source, annotated.span, word));
        let place = clause.into_iter().flatten().min_by_key(|place| place.start).unwrap_or(annotated.head());
        Problem::at(annotated.source, place, message).help(help)
    })
}

/// What `@since` names has to be what the policy is about: nothing is designated under an acceptance, and no membership makes an
/// agreement apply that the condition does not ask about.
fn since(annotated: &Annotated<'_>, json: &Value) -> Option<Problem> {
    let bounds = annotation(annotated.policy, "since")?;
    let wrong =
        |message: String, help: &str| Some(Problem::at(annotated.source, annotated.place("since"), message).help(help));
    let other = |ty: &str| applies_to(annotated.policy, ty);
    for bound in bounds.split_whitespace() {
        let message = format!("`@since`: no `{bound}` makes this agreement apply");
        match bound {
            "designation" if other("CustomerAgreement") => {
                return wrong(
                    message,
                    "accounts are designated under an OfflineAgreement; write @since(\"principal\")",
                );
            }
            "membership" if other("OfflineAgreement") || !asks_of_membership(json) => {
                let help =
                    "ask `resource in principal.organization` of a CustomerAgreement, or write @since(\"principal\")";
                return wrong(message, help);
            }
            _ => {}
        }
    }
    None
}

/// Whether some part of a policy reads `principal.organization`; that it has one says nothing of the account.
fn asks_of_membership(json: &Value) -> bool {
    reads_of_principal(json, "organization")
}

fn reads_of_principal(json: &Value, attribute: &str) -> bool {
    reads_of(json, "principal", attribute)
}

/// Whether some part of an expression reads an attribute of a variable.
pub(super) fn reads_of(json: &Value, variable: &str, attribute: &str) -> bool {
    any_part(json, &|part| attribute_of(part, variable) == Some(attribute))
}

/// What `@scope` says has to be what the condition asks of the agreement: what is accepted by an account would otherwise be told as
/// the organization's, and the account could accept it once more.
fn scope(annotated: &Annotated<'_>, json: &Value) -> Option<Problem> {
    let scope = annotated
        .policy
        .annotation("scope")
        .filter(|scope| SCOPES.contains(scope) && annotated.subjects.contains(&Subject::InForce))?;
    let [accepted, offline] = ["CustomerAgreement", "OfflineAgreement"].map(|ty| applies_to(annotated.policy, ty));
    let (own, other) = match scope {
        "account" => ("account", "organization"),
        "organization" => ("organization", "account"),
        _ => ("", ""),
    };
    let message = format!("`@scope`: no agreement of this policy has the scope `{scope}`");
    let help = if scope == "offline" && accepted && !offline {
        "write `principal is Artifact::OfflineAgreement`"
    } else if scope != "offline" && offline && !accepted {
        "write `principal is Artifact::CustomerAgreement`"
    } else if !other.is_empty() && reads_of_principal(json, other) && !reads_of_principal(json, own) {
        if own == "account" { "write @scope(\"organization\")" } else { "write @scope(\"account\")" }
    } else {
        return None;
    };
    Some(Problem::at(annotated.source, annotated.place("scope"), message).help(help))
}

/// A code that `show rule` may explain as something else: a rule of lint, of the sources, or a decision.
fn code(annotated: &Annotated<'_>) -> Option<Problem> {
    let code = annotation(annotated.policy, "code")?;
    let is_numbered = |letter: char| {
        let digits = code.strip_prefix(letter).unwrap_or_default();
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    };
    let is_built_in = || BUILT_IN.iter().any(|(_, text)| text.contains(&format!("@code(\"{code}\")")));
    let message = match code {
        _ if is_numbered('R') || is_numbered('D') => format!("`{code}` names a rule of the sources or a decision"),
        // what stands in for a built-in finding keeps its code
        _ if code.starts_with("CS") && !is_built_in() => {
            format!("`{code}` is no code of a built-in finding, and the codes that begin with CS are countersign's own")
        }
        _ => return None,
    };
    Some(Problem::at(annotated.source, annotated.place("code"), message).help("use a code of your own, such as OWN001"))
}

/// The services of an account that hold PHI, as the context of its findings has them.
const SERVICES: [&str; 5] = [
    "eligibleServices",
    "ineligibleServices",
    "servicesNotKnown",
    "servicesOfUnknownEligibility",
    "servicesWithExclusions",
];

/// Where words have placeholders: the annotation, the action, and what may stand in it.
const PLACEHOLDERS: [(&str, &str, &[&str]); 6] = [
    ("message", "report-on-account", &SERVICES),
    ("message", "report-on-access", &["series"]),
    ("message", "advise", &["denials", "denied", "perhaps", "spared"]),
    ("assuming", "assume", &["account", "report"]),
    ("sets", "", &["report"]),
    ("happens", "", &["report"]),
];

/// Annotations whose words people see.
const SHOWN: [&str; 10] =
    ["message", "detail", "remedy", "erratum", "troubleshooting", "reason", "change", "help", "assuming", "uncertain"];

/// The first placeholder in the words of an annotation that nothing fills in: it would be printed as it stands.
fn placeholder(annotated: &Annotated<'_>, actions: &[String], (name, value): (&str, &str)) -> Option<Problem> {
    if !SHOWN.contains(&name) {
        return None;
    }
    let of = |action: &str| action.is_empty() || actions.iter().any(|a| a == action);
    let known = PLACEHOLDERS.iter().find(|(annotation, action, _)| *annotation == name && of(action));
    let known = known.map_or(&[][..], |(.., known)| known);
    let unknown = placeholders(value).find(|found| !known.contains(found))?;
    let message = format!("`@{name}`: nothing fills in `{{{unknown}}}`");
    let help = match known {
        [] => format!("write @{name} without placeholders"),
        known => instead(unknown, known.iter().copied(), format!("it may have {{{}}}", known.join("}, {"))),
    };
    Some(Problem::at(annotated.source, annotated.place(name), message).help(help))
}

/// The names in braces of a text.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let inside = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    inside.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)))
}

/// What is wrong with an attribute that `@sets` or `@happens` names: there is none, or it never becomes that.
fn setting(annotated: &Annotated<'_>, (name, value): (&str, &str), schema: &EntitySchema) -> Option<Problem> {
    let setting = Setting::parse(value).ok()?;
    let (message, help) = unsettable(&setting, schema)?;
    Some(Problem::at(annotated.source, annotated.place(name), format!("`@{name}`: {message}")).help(help))
}

fn unsettable(setting: &Setting, schema: &EntitySchema) -> Option<(String, String)> {
    let ty = setting.of.type_name();
    let mut attributes = &schema.types.get(ty)?.attributes;
    let mut found: Option<&Attribute> = None;
    for name in &setting.path {
        let Some(attribute) = attributes.get(name) else {
            let help = instead(name, attributes.keys().map(String::as_str), "`countersign show schema` has them all");
            return Some((format!("`{ty}` has no attribute `{}`", setting.path.join(".")), help));
        };
        static NONE: std::collections::BTreeMap<String, Attribute> = std::collections::BTreeMap::new();
        attributes = match &attribute.ty {
            Type::Record(inner) => inner,
            _ => &NONE,
        };
        found = Some(attribute);
    }
    let attribute = found?;
    let path = setting.path.join(".");
    match (&setting.becomes, &attribute.ty) {
        (Becomes::Bool(_), Type::Boolean) => None,
        (Becomes::Text(text), Type::String) => {
            let values = attribute.values.as_ref().filter(|values| !values.contains(text))?;
            let known = values.iter().map(String::as_str);
            Some((
                format!("`{path}` is never `{text}`"),
                instead(text, known, format!("it is one of {}", values.join(", "))),
            ))
        }
        (Becomes::HasReport, Type::Set(of)) if matches!(of.as_ref(), Type::Entity(ty) if ty == "Report") => None,
        (_, ty) => Some((format!("`{path}` is {}", ty.describe()), meant_by(ty))),
    }
}

fn meant_by(ty: &Type) -> String {
    match ty {
        Type::Boolean => "write ` = true` or ` = false`".to_owned(),
        Type::String => "write ` = ` and a text".to_owned(),
        Type::Set(_) => "write ` has {report}`, if it is a set of reports".to_owned(),
        _ => "name an attribute that is true or false, a text, or a set of reports".to_owned(),
    }
}
