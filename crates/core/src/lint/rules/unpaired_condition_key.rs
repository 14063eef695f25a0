#![doc = include_str!("../../../../../docs/rules/CS208.md")]

use crate::aws::keys::spelling;
use crate::aws::security::{self, Pair};
use crate::iam::operator::Test;
use crate::lint::policy::{Condition, Policy, Statement};
use crate::lint::read::choice::is_unknown;
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::text::UNKNOWN;
use crate::text::json::Node;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS208",
    name: "unpaired-condition-key",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: true,
    page: include_str!("../../../../../docs/rules/CS208.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for statement in &policy.statements {
        for (condition, pair) in statement.conditions.iter().filter_map(|c| Some((c, alone(c)?))) {
            if !lets_through(statement, condition) || is_paired(policy, statement, pair) {
                continue;
            }
            let with: Vec<String> = pair.with.iter().map(|key| spelling(key)).collect();
            let message =
                format!("{} alone lets requests from any network with such an address pass", spelling(&pair.key));
            sink.add(&condition.key.at, message, format!("add a condition on {}", with.join(" or ")));
        }
    }
}

/// The pair of a key that says something only beside another one.
fn alone(condition: &Condition) -> Option<&'static Pair> {
    security::pairs().iter().find(|pair| condition.key.text.eq_ignore_ascii_case(&pair.key))
}

/// Whether it is such a value that requests get through with: of an `Allow` one that it has, of a `Deny` one that it has not.
fn lets_through(statement: &Statement, condition: &Condition) -> bool {
    condition.operator.is_some_and(|o| o.test != Test::Null && Some(o.negated) == statement.allow.map(|allow| !allow))
}

/// Whether another key stands beside it, or a denial asks for one; what is not known may be one.
fn is_paired(policy: &Policy, statement: &Statement, pair: &Pair) -> bool {
    let has = |s: &Statement| {
        let is_other = |c: &Condition| {
            c.key.text.contains(UNKNOWN) || pair.with.iter().any(|key| c.key.text.eq_ignore_ascii_case(key))
        };
        s.conditions.iter().any(is_other) || s.node.get("Condition").is_some_and(is_open)
    };
    has(statement) || policy.statements.iter().any(|s| s.allow != Some(true) && has(s))
}

/// Whether keys may stand in it that are not known.
fn is_open(condition: &Node) -> bool {
    is_unknown(condition) || condition.as_object().unwrap_or_default().iter().any(|operator| is_unknown(&operator.node))
}
