#![doc = include_str!("../../../../../docs/rules/CS122.md")]

use crate::aws::actions::{self, Action};
use crate::aws::resources::ArnText;
use crate::lint::policy::{List, Policy, Statement};
use crate::lint::{Check, Confidence, Edit, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS122",
    name: "deprecated-action",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS122.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    // every statement is looked at for it
    let partition = std::cell::LazyCell::new(|| policy.partition());
    for statement in &policy.statements {
        let Some(actions) = statement.actions.as_ref().filter(|a| !a.negated) else {
            continue;
        };
        for (index, text) in actions.texts.iter().enumerate().filter(|(_, t)| t.is_literal()) {
            let Some(action) = actions::action(&text.text).filter(|a| a.is_deprecated()) else {
                continue;
            };
            let day = action.deprecated_in(&partition).unwrap_or_default();
            let verb = if statement.allow == Some(false) { "denies" } else { "grants" };
            let name = &action.name;
            let stays = statement.allow != Some(true) && !sink.settings.strict;
            let message = match sink.settings.strict {
                true => {
                    format!("`{name}` {verb} nothing under the fine-grained permissions, which took its place on {day}")
                }
                // what it still does, no source says (D28)
                false => format!("AWS deprecated `{name}` on {day}"),
            };
            let successors = successors(action, statement);
            let help =
                format!("{}{}; see `countersign show rule CS122`", said(action, &successors), narrowed(statement));
            let of_reports = of_report_package(policy, statement, action).filter(|_| action.short() == "Get");
            if let Some(finding) = sink.add(&text.at, message, help) {
                if let Some((what, edits)) = of_reports {
                    finding.fix(false, what, Some(edits));
                    continue;
                }
                if stays {
                    let (what, edits) = denied_beside(policy, actions, index, &successors);
                    finding.fix(false, what, edits);
                    continue;
                }
                let what = format!("{verb} {}, which took the place of `{}`", successors.join(", "), action.name);
                let edits = edit::replace_by_many(policy, actions, index, &successors);
                finding.fix(false, what, edits.filter(|_| !successors.is_empty()));
            }
        }
    }
}

/// What a denial is to deny too. The deprecated action stays: by what is known it may still allow (D28), and without it would be allowed.
fn denied_beside(policy: &Policy, actions: &List, index: usize, successors: &[&str]) -> (String, Option<Vec<Edit>>) {
    let missing: Vec<&str> =
        successors.iter().copied().filter(|name| !edit::has_beside(actions, index, name)).collect();
    let own = actions.texts.get(index).map(|text| text.text.as_str()).unwrap_or_default();
    let what = format!("denies {} beside `{own}`", missing.join(", "));
    let all: Vec<&str> = std::iter::once(own).chain(missing.iter().copied()).collect();
    let edits = if missing.is_empty() { None } else { edit::replace_by_many(policy, actions, index, &all) };
    (what, edits)
}

/// A statement that allows `artifact:Get` on one `report-package`, and nothing else: what it is today.
fn of_report_package(policy: &Policy, statement: &Statement, action: &Action) -> Option<(String, Vec<Edit>)> {
    let (actions, resources) = (statement.actions.as_ref()?, statement.resources.as_ref()?);
    let ([_], [package]) = (actions.texts.as_slice(), resources.texts.as_slice()) else {
        return None;
    };
    let alone = statement.allow == Some(true) && !resources.negated && statement.node.get("Condition").is_none();
    let arn = ArnText::new(&package.text);
    let path = arn.segment(5).strip_prefix("report-package/").filter(|_| alone && package.is_known())?;
    let mut edits = edit::replace(policy, package, "*")?;
    let successors: Vec<&str> = action.replaced_by.iter().map(String::as_str).collect();
    // the list is asked on `*`, the others on a report
    let (list, of_report) = successors.split_first()?;
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["*"] => {
            edits.extend(edit::replace_by_many(policy, actions, 0, &successors)?);
            Some((format!("grants {} on all reports", successors.join(", ")), edits))
        }
        [category, series, "*"] if !category.contains(['*', '?']) && !series.contains(['*', '?']) => {
            edits.extend(edit::replace_by_many(policy, actions, 0, of_report)?);
            let keys = serde_json::json!({"StringEquals": {"artifact:ReportCategory": category, "artifact:ReportSeries": series}});
            edits.push(edit::append_members(policy, &statement.node, &format!("\"Condition\": {keys}"))?);
            let index = policy.statements.iter().position(|s| s.at == statement.at)?;
            let listing = format!(r#"{{"Effect": "Allow", "Action": "{list}", "Resource": "*"}}"#);
            edits.push(edit::insert_statement(policy, index, &listing)?);
            Some((format!("grants {} on the reports of {category}, {series}, and {list}", of_report.join(", ")), edits))
        }
        _ => None,
    }
}

fn said(action: &Action, successors: &[&str]) -> String {
    if successors.is_empty() {
        return format!(
            "its successors act on resources that this statement does not name: {}",
            action.replaced_by.join(", ")
        );
    }
    format!("for the resources in this statement, it was replaced by {}", successors.join(", "))
}

/// How a part of the reports is named today, where the statement names one by its path.
fn narrowed(statement: &Statement) -> &'static str {
    let resources = statement.resources.iter().flat_map(|r| &r.texts);
    let of_part = |path: &str| path.split('/').any(|part| !part.is_empty() && part != "*");
    let mut paths = resources.filter_map(|r| r.text.split_once(":report-package/").map(|(_, path)| path));
    if paths.any(of_part) {
        " on `arn:…:report/*` with conditions on `artifact:ReportSeries` and `artifact:ReportCategory`, which took the place of the path"
    } else {
        ""
    }
}

/// What took its place, as far as the statement's resources reach it.
fn successors<'a>(action: &'a Action, statement: &Statement) -> Vec<&'a str> {
    let Some(resources) = statement.resources.as_ref().filter(|r| !r.negated) else {
        return Vec::new();
    };
    let reaches = |name: &str| {
        actions::action(name).is_some_and(|successor| {
            resources.texts.iter().any(|r| {
                let arn = ArnText::new(&r.text);
                r.text == "*" || successor.resources.iter().any(|ty| arn.reaches(ty).is_ok())
            })
        })
    };
    action.replaced_by.iter().map(String::as_str).filter(|name| reaches(name)).collect()
}
