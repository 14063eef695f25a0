#![doc = include_str!("../../../../../docs/rules/CS128.md")]

use crate::aws::arns::no_partition;
use crate::aws::catalogue::{self, Catalogue};
use crate::aws::managed;
use crate::iam::stored::{self, PRINCIPAL_KEYS, Refusal};
use crate::lint::At;
use crate::lint::policy::{Policy, Statement};
use crate::lint::read::choice::{items, values};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::problem::{did_you_mean, distance, meant};
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS128",
    name: "invalid-principal",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS128.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.has_principals() {
        return;
    }
    for statement in &policy.statements {
        for element in ["Principal", "NotPrincipal"] {
            let Some(member) = statement.node.member(element) else {
                continue;
            };
            for node in values(&member.node) {
                of_element(statement, element, node, sink);
            }
        }
    }
}

fn of_element(statement: &Statement, element: &str, node: &Node, sink: &mut Sink<'_>) {
    let pointer = format!("{}.{element}", statement.at.pointer);
    let Some(members) = node.as_object() else {
        let text = node.as_str().map_or_else(|| node.kind().to_owned(), |text| format!("`{text}`"));
        if node.as_str() != Some("*") && !text.contains(UNKNOWN) && !node.as_str().is_some_and(is_blank) {
            let message = format!("{text} is not a principal by itself");
            sink.add(&At { pointer, span: node.span }, message, "write \"*\", or { \"AWS\": \"…\" }");
        }
        return;
    };
    nobody(&pointer, element, node, members, sink);
    for member in members.iter().filter(|m| !m.key.contains(UNKNOWN)) {
        let at = At { pointer: format!("{pointer}.{}", member.key), span: member.key_span };
        if !PRINCIPAL_KEYS.contains(&member.key.as_str()) {
            let near = did_you_mean(&member.key, PRINCIPAL_KEYS).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{}` is not a kind of principal", member.key);
            sink.add(&at, message, near.unwrap_or_else(|| format!("it is one of {}", PRINCIPAL_KEYS.join(", "))));
            continue;
        }
        for item in items(&member.node) {
            let Some(text) = item.node.as_str().filter(|t| !t.contains(UNKNOWN) && !is_blank(t)) else {
                continue;
            };
            let at = At { span: item.node.span, ..at.clone() };
            if member.key == "Service" && text.ends_with(INTERNAL) && text.len() > INTERNAL.len() {
                let message = format!("AWS does not document a service that is named `{text}`");
                sink.add_as(Severity::Warning, &at, message, "a service is named as in ec2.amazonaws.com");
                continue;
            }
            if let Some(Refusal { message, help }) = stored::named_principal(&member.key, text) {
                sink.add(&at, message, help);
                continue;
            }
            match member.key.as_str() {
                "Service" => of_service(text, &at, sink),
                "AWS" => of_aws(text, &at, sink),
                _ => {}
            }
        }
    }
}

/// What names end with by which AWS's own examples call services before they are released; whether IAM takes them is not known.
const INTERNAL: &str = ".aws.internal";

/// An element that names nobody: the statement applies to no request, or, with `NotPrincipal`, to all.
fn nobody(pointer: &str, element: &str, node: &Node, members: &[Member], sink: &mut Sink<'_>) {
    let is_empty = |m: &Member| m.node.as_array().is_some_and(<[_]>::is_empty) && !m.key.contains(UNKNOWN);
    if !members.iter().all(is_empty) {
        return;
    }
    let at = At { pointer: pointer.to_owned(), span: members.first().map_or(node.span, |m| m.key_span) };
    let message = format!("this `{element}` names nobody");
    sink.add_as(Severity::Warning, &at, message, "name a principal, or remove the statement");
}

/// A place that somebody has to fill in, or a variable of another language.
fn is_blank(text: &str) -> bool {
    text.contains(['<', '>', '[', ']', '{', '}', '$', '%', '#'])
}

fn of_service(text: &str, at: &At, sink: &mut Sink<'_>) {
    if let Some(near) = slip_of_service(text, &sink.settings.catalogue) {
        let message = format!("no service of AWS is known to be `{text}`");
        sink.add_as(Severity::Warning, at, message, meant(near));
    }
}

/// The service of which a name is a slip of one letter. Not every service that acts for itself is called by a prefix of the catalogue: one
/// that AWS's managed policies name is none.
fn slip_of_service(text: &str, catalogue: &Catalogue) -> Option<String> {
    const SHORTEST: usize = 4;
    // a slip is one in every partition
    let ending = stored::SERVICE_ENDINGS.into_iter().filter(|ending| text.ends_with(ending)).max_by_key(|e| e.len())?;
    let name = text.strip_suffix(ending).filter(|n| n.len() >= SHORTEST && !n.contains(['.', '*']))?;
    if catalogue.service(name).is_some() || catalogue::known_service(name).is_some() {
        return None;
    }
    let is_near = |prefix: &&str| prefix.len() >= SHORTEST && distance(name, prefix, 1).is_some();
    let near = catalogue.prefixes().find(is_near)?;
    let is_named = || managed::all().any(|policy| policy.document().contains(text));
    (!is_named()).then(|| format!("{near}{ending}"))
}

fn of_aws(text: &str, at: &At, sink: &mut Sink<'_>) {
    if stored::is_unique_id(text) && (text.starts_with("AROA") || text.starts_with("AIDA")) {
        let message = format!("`{text}` is what is left of a principal that was deleted: nobody has this id any more");
        sink.add_as(Severity::Warning, at, message, "remove it, or name the principal by its ARN");
    }
    let partition = text.strip_prefix("arn:").and_then(|rest| rest.split(':').next());
    if let Some(wrong) = partition.and_then(no_partition) {
        sink.add(at, format!("`{text}` is not an AWS principal: {}", wrong.message), wrong.help);
    }
}
