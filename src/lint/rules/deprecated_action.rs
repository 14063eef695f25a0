#![doc = include_str!("../../../docs/rules/CS122.md")]

use crate::lint::facts::{Action, ArnText};
use crate::lint::policy::{Policy, Statement};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit, facts};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS122",
    name: "deprecated-action",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../docs/rules/CS122.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        let Some(actions) = statement.actions.as_ref().filter(|a| !a.negated) else {
            continue;
        };
        for (index, text) in actions.texts.iter().enumerate().filter(|(_, t)| t.is_literal()) {
            let Some(action) = facts::action(&text.text).filter(|a| !a.ended.is_empty()) else {
                continue;
            };
            let day = action.ended.get(policy.partition()).map_or("", String::as_str);
            let verb = if statement.allow == Some(false) { "denies" } else { "grants" };
            let message = format!("`{}` {verb} nothing since {day}", action.name);
            let successors = successors(action, statement);
            let help = format!("{}; see `countersign show rule CS122`", said(action, &successors));
            if let Some(finding) = sink.add(&text.at, message, help) {
                let what = format!("{verb} {}, which `{}` no longer does", successors.join(", "), action.name);
                let edits = edit::replace_by_many(policy, actions, index, &successors);
                finding.fix(false, what, edits.filter(|_| !successors.is_empty()));
            }
        }
    }
}

fn said(action: &Action, successors: &[&str]) -> String {
    if successors.is_empty() {
        return format!("its successors act on other resources than this statement names: {}", all(action).join(", "));
    }
    format!("on what this statement names, {} took its place", successors.join(", "))
}

fn all(action: &Action) -> Vec<&'static str> {
    if action.short() == "Get" {
        vec!["artifact:ListReports", "artifact:GetReportMetadata", "artifact:GetReport", "artifact:GetTermForReport"]
    } else {
        vec![
            "artifact:ListAgreements",
            "artifact:ListCustomerAgreements",
            "artifact:GetAgreement",
            "artifact:GetNdaForAgreement",
            "artifact:AcceptNdaForAgreement",
            "artifact:GetCustomerAgreement",
        ]
    }
}

/// What took its place, as far as the statement's resources reach it.
fn successors(action: &Action, statement: &Statement) -> Vec<&'static str> {
    let Some(resources) = statement.resources.as_ref().filter(|r| !r.negated) else {
        return Vec::new();
    };
    let reaches = |name: &str| {
        facts::action(name).is_some_and(|successor| {
            resources.texts.iter().any(|r| {
                let arn = ArnText::new(&r.text);
                r.text == "*" || successor.resources.iter().any(|ty| arn.reaches(*ty).is_ok())
            })
        })
    };
    all(action).into_iter().filter(|name| reaches(name)).collect()
}
