#![doc = include_str!("../../../../../docs/rules/CS130.md")]

use crate::iam::patterns::reaches_action;
use crate::iam::principal::Who;
use crate::iam::stored;
use crate::lint::policy::{Policy, PolicyKind, Statement};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS130",
    name: "mismatched-trust-action",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS130.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if policy.kind != PolicyKind::Trust {
        return;
    }
    for text in policy.action_texts().filter(|t| t.is_known()) {
        if let Some(refusal) = stored::action_of_trust(&text.text) {
            sink.add(&text.at, refusal.message, refusal.help);
        }
    }
    for statement in policy.statements.iter().filter(|s| s.allow == Some(true)) {
        pairs(statement, sink);
    }
    roles_anywhere(policy, sink);
}

fn pairs(statement: &Statement, sink: &mut Sink<'_>) {
    let principals = statement.meaning.as_ref().and_then(|m| m.principals.as_ref()).filter(|p| !p.negated);
    let (Some(principals), Some(actions)) = (principals, statement.actions.as_ref().filter(|a| !a.negated)) else {
        return;
    };
    for text in actions.texts.iter().filter(|t| t.is_literal()) {
        let action = text.text.to_ascii_lowercase();
        let known = ["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"];
        if known.contains(&action.as_str()) && !principals.who.iter().any(|who| assumes_by(who, &action)) {
            let needed = principals.who.first().map_or("sts:AssumeRole", way);
            let message = format!("whoever this statement names cannot assume a role by `{}`", text.text);
            sink.add(&text.at, message, format!("write {needed}"));
        }
    }
}

fn is_saml(provider: &str) -> bool {
    provider.contains(":saml-provider/")
}

/// The action by which a principal assumes a role.
fn way(who: &Who) -> &'static str {
    match who {
        Who::Federated(provider) if is_saml(provider) => "sts:AssumeRoleWithSAML",
        Who::Federated(_) => "sts:AssumeRoleWithWebIdentity",
        _ => "sts:AssumeRole",
    }
}

fn assumes_by(who: &Who, action: &str) -> bool {
    *who == Who::Everyone || way(who).eq_ignore_ascii_case(action)
}

/// What the names of roles begin with that AWS makes, and nobody else can change: their trust policies are as AWS writes them.
const SERVICE_LINKED: &str = "AWSServiceRoleFor";

/// IAM Roles Anywhere tags the session and names its source: without these actions it gets no session.
fn roles_anywhere(policy: &Policy, sink: &mut Sink<'_>) {
    const SERVICE: &str = "rolesanywhere.amazonaws.com";
    if policy.names.iter().any(|name| name.starts_with(SERVICE_LINKED)) {
        return;
    }
    let names = |s: &&Statement| {
        let principals = s.meaning.as_ref().and_then(|m| m.principals.as_ref());
        s.allow == Some(true) && principals.is_some_and(|p| p.who.contains(&Who::Service(SERVICE.to_owned())))
    };
    let statements: Vec<&Statement> = policy.statements.iter().filter(names).collect();
    let whole = policy.complete && policy.layers.is_empty() && policy.statements.iter().all(|s| s.meaning.is_some());
    let Some(list) = statements.first().and_then(|s| s.actions.as_ref()).filter(|_| whole) else {
        return;
    };
    let reached = |action: &str| {
        statements.iter().filter_map(|s| s.meaning.as_ref()).any(|meaning| reaches_action(meaning, action))
    };
    let wanted = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    let missing: Vec<&str> = wanted.into_iter().filter(|a| !reached(a)).collect();
    if !missing.is_empty() {
        let message = format!("{SERVICE} needs {} as well, and gets no session without", missing.join(" and "));
        sink.add(&list.key_at, message, format!("add {}", missing.join(" and ")));
    }
}
