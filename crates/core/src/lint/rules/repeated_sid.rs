#![doc = include_str!("../../../../../docs/rules/CS110.md")]

use std::collections::BTreeSet;

use crate::iam::stored::{self, Refusal};
use crate::lint::edit;
use crate::lint::policy::{IsPart, Policy, PolicyKind};
use crate::lint::read::documents::is_block;
use crate::lint::{At, Check, Confidence, Rule, Severity, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS110",
    name: "repeated-sid",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS110.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for (span, sid) in &policy.repeated {
        let at = At { pointer: String::new(), span: *span };
        let message =
            format!("the `Sid` {sid} of this document stands in another source as well, which the provider refuses");
        sink.add(&at, message, "give one of the two another `Sid`, or override it with `override_policy_documents`");
    }
    // laid over others, the later of two takes the place of the earlier; the blocks of one document are always asked
    if policy.part == IsPart::Laid && !is_block(&policy.pointer) {
        return;
    }
    let certain = || policy.statements.iter().filter(|s| !s.perhaps);
    let sids = || certain().filter_map(|s| s.sid.as_ref()).filter(|s| s.is_known() && !s.text.is_empty());
    let again = stored::repeated(sids().map(|sid| sid.text.as_str()));
    let mut taken: BTreeSet<String> = sids().map(|s| s.text.clone()).collect();
    for (_, sid) in sids().enumerate().filter(|(index, _)| again.contains(index)) {
        let Refusal { message, help } = stored::repeated_sid(&sid.text);
        // of policies of resources, IAM's reference says only that some services ask for it
        let severity = if policy.kind == PolicyKind::Resource { Severity::Warning } else { RULE.severity };
        let message = if policy.kind == PolicyKind::Resource {
            format!("the `Sid` {} appears twice in one policy", sid.text)
        } else {
            message
        };
        if let Some(finding) = sink.add_as(severity, &sid.at, message, help) {
            let free = (2..).map(|n| format!("{}{n}", sid.text)).find(|n| !taken.contains(n));
            let new = free.unwrap_or_default();
            // one that is written once, and read for several statements, would be the same in all of them again
            let is_one = sids().filter(|s| s.at.span == sid.at.span).count() == 1;
            let edits = edit::replace_own(policy, sid, &new).filter(|_| is_one);
            taken.insert(new.clone());
            let safe = !policy.is_merged_by_sid();
            finding.fix(safe, format!("renames the second {} to {new}", sid.text), edits);
        }
    }
}
