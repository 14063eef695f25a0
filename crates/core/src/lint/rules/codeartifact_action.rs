#![doc = include_str!("../../../../../docs/rules/CS124.md")]

use crate::aws::actions;
use crate::aws::linted::is_shared_with_code_artifact;
use crate::lint::policy::Policy;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS124",
    name: "codeartifact-action",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS124.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for text in policy.action_texts() {
        let Some(short) = text.text.split_once(':').filter(|(p, _)| p.eq_ignore_ascii_case("codeartifact")) else {
            continue;
        };
        let meant =
            actions::action(&format!("artifact:{}", short.1)).filter(|a| !is_shared_with_code_artifact(a.short()));
        if let Some(meant) = meant {
            let message = format!("`{}` is not an action of AWS CodeArtifact, but of AWS Artifact", meant.short());
            if let Some(finding) = sink.add(&text.at, message, format!("write `{}`", meant.name)) {
                let what = format!("writes `{}`, which takes effect", meant.name);
                finding.fix(false, what, edit::replace(policy, text, &meant.name));
            }
        }
    }
}
