//! What a principal lacks for an operation: what no policy allows, and what a policy denies, each by the layer that does.

use super::Names;
use countersign_core::assessment::{BecauseAnswer, OperationAnswer};

/// What no policy of its own allows, in a word.
const MISSING: &str = "missing";

/// IAM actions that a layer does not let pass, in its words.
struct Lack {
    how: String,
    actions: Vec<String>,
}

/// `denied by a service control policy of …: artifact:TerminateAgreement; missing: artifact:GetCustomerAgreement`
pub fn text(answer: &OperationAnswer, names: Names<'_>) -> String {
    let found = lacks(answer, names);
    if found.is_empty() {
        return format!("{MISSING}: {}", answer.missing.join(", "));
    }
    found.iter().map(|l| format!("{}: {}", l.how, l.actions.join(", "))).collect::<Vec<_>>().join("; ")
}

/// The same for a table: what is missing, and what is denied or kept back and by what.
pub fn cells(answer: &OperationAnswer, names: Names<'_>) -> (String, String) {
    let (missing, others): (Vec<Lack>, Vec<Lack>) = lacks(answer, names).into_iter().partition(|l| l.how == MISSING);
    let others = others.iter().map(|l| format!("{}: {}", l.how, l.actions.join(" "))).collect::<Vec<_>>().join("; ");
    let missing: Vec<String> = missing.into_iter().flat_map(|l| l.actions).collect();
    let told = if missing.is_empty() && others.is_empty() { answer.missing.clone() } else { missing };
    (told.join(" "), others)
}

/// What is denied comes first.
fn lacks(answer: &OperationAnswer, names: Names<'_>) -> Vec<Lack> {
    let mut found: Vec<Lack> = Vec::new();
    let all = answer.gates.iter().flat_map(|g| &g.because).chain(&answer.denied_by);
    // where no permission helps, none is missing (D27)
    let all = all.filter(|b| answer.missing.contains(&b.action));
    let (denials, silent): (Vec<&BecauseAnswer>, Vec<&BecauseAnswer>) = all.partition(|b| b.statement.is_some());
    for because in denials.into_iter().chain(silent) {
        let how = how(because, names);
        match found.iter_mut().find(|l| l.how == how) {
            Some(lack) if lack.actions.contains(&because.action) => {}
            Some(lack) => lack.actions.push(because.action.clone()),
            None => found.push(Lack { how, actions: vec![because.action.clone()] }),
        }
    }
    found
}

fn how(because: &BecauseAnswer, names: Names<'_>) -> String {
    let of = because.of.as_ref().map(|of| format!(" of {}", names.node(of))).unwrap_or_default();
    let layer = because.layer.split('[').next().unwrap_or(&because.layer);
    match (layer, because.statement.is_some()) {
        ("identity", true) => "denied by one of its own policies".to_owned(),
        ("identity", false) => MISSING.to_owned(),
        ("boundary", true) => "denied by the permissions boundary".to_owned(),
        ("boundary", false) => "not allowed by the permissions boundary".to_owned(),
        ("serviceControl", true) => format!("denied by a service control policy{of}"),
        ("serviceControl", false) => format!("not allowed by any service control policy{of}"),
        (other, true) => format!("denied by a policy of the layer {other}"),
        (other, false) => format!("not allowed by any policy of the layer {other}"),
    }
}
