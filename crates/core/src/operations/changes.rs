//! The smallest change that would turn a denial around, in the layers that deny.

use std::collections::BTreeSet;

use super::AccountEvaluator;
use super::answer::{Because, OperationResult};
use crate::permissions::principals::Principal;
use crate::terms::PrincipalKind;

/// One line a change; all of them together are needed.
pub fn changes(answer: &OperationResult, desk: &AccountEvaluator<'_>, principal: &Principal) -> Vec<String> {
    let mut changes = Vec::new();
    for gate in &answer.gates {
        if gate.because.is_empty() {
            let rule = desk.rules.rules.get(&gate.id);
            changes.extend(rule.and_then(|r| r.text("change")));
        }
        if desk.rules.rules.get(&gate.id).is_some_and(|r| r.get("uncertain").is_some()) {
            changes.extend(desk.rules.rules.get(&gate.id).and_then(|r| r.text("change")));
            continue;
        }
        changes.extend(gate.because.iter().map(|b| change(b, principal)));
    }
    let mut seen = BTreeSet::new();
    changes.retain(|c| seen.insert(c.clone()));
    changes
}

fn change(because: &Because, principal: &Principal) -> String {
    let Because { action, layer, of, statement } = because;
    if let Some(origin) = statement {
        let sid = origin.sid.as_ref().map(|s| format!(" (Sid {s})")).unwrap_or_default();
        return format!("remove the denial of {action} in {}, {}{sid}", origin.file, origin.pointer);
    }
    let found = principal.stack.layers.iter().find(|l| l.name == *layer);
    // a document that already speaks of the service is where people would look
    let service = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let speaks = |file: &&String| {
        found.is_some_and(|l| {
            l.statements.iter().any(|s| {
                s.origin.file == **file
                    && s.statement.allow
                    && s.statement.actions.patterns.iter().any(|p| p.to_string().starts_with(&service))
            })
        })
    };
    let files = found.map_or(&[][..], |l| l.files.as_slice());
    let file = files.iter().find(speaks).or(files.first());
    match (layer.as_str(), file) {
        ("identity", Some(file)) => format!("allow {action} in {file}"),
        ("identity", None) => {
            let what = if principal.kind == PrincipalKind::PermissionSet { "permission set " } else { "" };
            let who = if principal.kind == PrincipalKind::PermissionSet { &principal.name } else { &principal.arn };
            format!("attach a policy that allows {action} to {what}{who}")
        }
        ("boundary", Some(file)) => format!("allow {action} in the permissions boundary {file}"),
        ("boundary", None) => format!("attach a permissions boundary that allows {action} to {}", principal.arn),
        (_, Some(file)) => format!("allow {action} in the service control policy {file} of {of}"),
        (_, None) => format!("attach a service control policy that allows {action} to {of}"),
    }
}
