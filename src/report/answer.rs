//! One answer in one screen: the decision, the console's words, why, and what would change it.

use super::sentences::{blocked, depends, granted};
use super::{bold, day, dim, paragraph, verdict};
use countersign_core::assessment::{OperationAnswer, PrincipalAnswer};
use countersign_core::operations::any_request::AnyRequest;
use countersign_core::terms::{AnyAllowed, PrincipalKind};

/// The answers for one principal.
pub fn principal(width: usize, principal: &PrincipalAnswer, at: &str) -> String {
    let mut text = String::new();
    let who = match principal.kind {
        PrincipalKind::PermissionSet => format!("permission set {} in {}", principal.name, principal.account),
        kind => format!("{kind} {}", principal.name),
    };
    text.push_str(&format!("{} {}\n", bold(&who), dim(&format!("· {}", day(at)))));
    text.push_str(&paragraph(width, "  ", &principal.principal));
    if !principal.people.is_empty() {
        let people = principal.people.iter().map(|p| match &p.group {
            Some(group) => format!("{} (by {group})", p.user_name),
            None => p.user_name.clone(),
        });
        text.push_str(&paragraph(width, "  people: ", &people.collect::<Vec<_>>().join(", ")));
    }
    for operation in &principal.operations {
        text.push('\n');
        text.push_str(&answer(width, operation));
    }
    text
}

/// What was asked, in words.
pub fn question(operation: &OperationAnswer) -> String {
    let mut words = vec![operation.operation.to_owned()];
    words.extend(operation.agreement.clone());
    words.extend(operation.report.clone());
    if let Some(scope) = operation.scope {
        words.push(format!("({scope})"));
    }
    words.join(" ")
}

fn answer(width: usize, operation: &OperationAnswer) -> String {
    if let Some(any) = &operation.any_request {
        return any_request(width, operation, any);
    }
    let only = operation.deprecated.as_ref().map(|by| format!(", only {by}")).unwrap_or_default();
    let mut text = format!("{}  {}{only}\n", verdict(operation.decision), bold(&question(operation)));
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("  {name:<9} "), body));
    if let Some(message) = &operation.message {
        section("console", message);
    }
    if let Some(detail) = &operation.detail {
        section("", detail);
    }
    if let Some(reason) = &operation.reason {
        section("reason", reason);
    }
    for dependency in &operation.depends_on {
        section("depends", &depends(&dependency.key, &dependency.allows));
    }
    for gate in &operation.gates {
        let doubt = if gate.certain { "" } else { ", perhaps" };
        section("why", &format!("{} ({}, {}{doubt})", gate.id, gate.policy, gate.rule));
        for because in &gate.because {
            section("", &format!("· {}", blocked(because)));
        }
    }
    for grant in granted(&operation.grants) {
        section("granted", &grant);
    }
    if !operation.rests_on.is_empty() {
        section("rests on", &format!("{} permissions", operation.rests_on.join(" and ")));
    }
    if let Some(remedy) = &operation.remedy {
        section("AWS says", remedy);
    }
    if let Some(plan) = &operation.changes {
        for (name, body) in super::plan::lines(plan) {
            section(name, &body);
        }
    }
    for assumption in &operation.assuming {
        section("assuming", assumption);
    }
    text
}

/// Whether any request is allowed, and what such a request carries.
fn any_request(width: usize, operation: &OperationAnswer, any: &AnyRequest) -> String {
    let mut text = format!("{}  {}\n", verdict(any.decision), bold(&question(operation)));
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("  {name:<9} "), body));
    match any.decision {
        AnyAllowed::Yes if any.request.is_empty() => section("by", "every request, whatever it carries"),
        AnyAllowed::Yes => {
            for (key, value) in &any.request {
                section(
                    "with",
                    &format!("{key} {}", if value == "(absent)" { "absent".to_owned() } else { format!("= {value}") }),
                );
            }
        }
        AnyAllowed::No => section("because", "no request passes every gate, whatever it carries"),
        AnyAllowed::Unknown => {
            for dependency in &operation.depends_on {
                section("depends", &format!("on {}", dependency.key));
            }
        }
    }
    if any.decision != AnyAllowed::Yes {
        for gate in &operation.gates {
            section("why", &format!("{} ({}, {})", gate.id, gate.policy, gate.rule));
            for because in &gate.because {
                section("", &format!("· {}", blocked(because)));
            }
        }
    }
    text
}
