#![doc = include_str!("../../../../../docs/rules/CS161.md")]

use crate::aws::arns::no_partition;
use crate::aws::catalogue;
use crate::aws::keys::values;
use crate::iam::operator::Test;
use crate::iam::principal::is_account;
use crate::lint::policy::{Policy, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::problem::{did_you_mean, meant};
use crate::text::UNKNOWN;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS161",
    name: "malformed-value",
    severity: Severity::Warning,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS161.md"),
    check: Check::Policy(check),
};

/// Keys whose values have a form that is documented.
const FORMED: [&str; 9] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principaltype",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourcevpc",
    "aws:sourcevpce",
];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for condition in policy.conditions() {
        let key = condition.key.text.to_ascii_lowercase();
        if condition.operator.is_some_and(|o| matches!(o.test, Test::Arn | Test::StringEquals | Test::StringLike)) {
            let is_session = |value: &Text| value.text.split(':').nth(5).is_some_and(|name| name.starts_with(SESSION));
            let only_sessions = condition.values.iter().all(is_session);
            for value in &condition.values {
                match key == PRINCIPAL && is_session(value) {
                    true => session(value, only_sessions, sink),
                    false => arn_of_key(&key, value, sink),
                }
            }
        }
        let compares = condition.operator.is_some_and(|o| matches!(o.test, Test::StringEquals | Test::StringLike));
        if !compares || !FORMED.contains(&key.as_str()) {
            continue;
        }
        for value in condition.values.iter().filter(is_written) {
            if let Some(fault) = values::wrong(&key, &value.text) {
                let severity = if key == "aws:requestedregion" { Severity::Info } else { Severity::Warning };
                sink.add_as(severity, &value.at, fault.message, fault.help);
            } else if let Some((_, prefix)) = VPC.iter().find(|(of, _)| *of == key)
                && !is_vpc_id(&value.text, prefix)
            {
                let message = format!(
                    "`{}` is no value of {}: its ids end in 8 or 17 letters and digits",
                    value.text, condition.key.text
                );
                sink.add(&value.at, message, format!("write the id as AWS shows it, as in {prefix}0a1b2c3d4e5f67890"));
            }
        }
    }
}

/// The ARN of whoever asks: of a user, of a role, also in its sessions, of an account.
const PRINCIPAL: &str = "aws:principalarn";

/// What the names of sessions begin with.
const SESSION: &str = "assumed-role/";

/// The ARN of a session, in whose place the key has that of its role: beside others, or alone.
fn session(value: &Text, alone: bool, sink: &mut Sink<'_>) {
    let severity = if alone { Severity::Warning } else { Severity::Info };
    let message = "aws:PrincipalArn is never the ARN of a session: it is that of its role";
    sink.add_as(severity, &value.at, message, "write the ARN of the role: arn:aws:iam::ACCOUNT:role/NAME");
}

/// An ARN that no principal, or no resource, has by a part that is written out, whatever is filled in elsewhere: the partition, the service, and of a
/// principal its type.
fn arn_of_key(key: &str, value: &Text, sink: &mut Sink<'_>) {
    let is_principal = key == PRINCIPAL;
    if !is_principal && !["aws:sourcearn", "ec2:sourceinstancearn", "lambda:sourcefunctionarn"].contains(&key) {
        return;
    }
    let arn: Vec<&str> = value.text.splitn(6, ':').collect();
    let ["arn", partition, service, rest @ ..] = arn.as_slice() else {
        return;
    };
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_word(partition)
        && let Some(wrong) = no_partition(partition)
    {
        sink.add(&value.at, format!("no request carries this: {}", wrong.message), wrong.help);
        return;
    }
    if !is_word(service) || !is_word(partition) && !is_filled_in(partition) && *partition != "*" {
        return;
    }
    if is_principal {
        if let Some((message, help)) = no_principal(service, rest) {
            sink.add(&value.at, format!("aws:PrincipalArn is never this: {message}"), help);
        }
        return;
    }
    let catalogue = &sink.settings.catalogue;
    let is_known = catalogue.service(service).is_some()
        || catalogue.resources_of(service).next().is_some()
        || catalogue::known_service(service).is_some()
        || catalogue::other_prefixes().any(|p| p == *service);
    if let Some(near) = did_you_mean(service, catalogue.prefixes()).filter(|_| !is_known) {
        let message = format!("AWS is not known to have ARNs of `{service}`");
        sink.add_as(Severity::Info, &value.at, message, meant(near));
    }
}

/// Why no principal has such an ARN: it is of IAM, or, of a federated one, of AWS STS.
fn no_principal(service: &str, rest: &[&str]) -> Option<(String, String)> {
    if !["iam", "sts"].contains(&service) {
        let near = did_you_mean(service, ["iam", "sts"]).map(meant);
        return Some((
            format!("`{service}` has no principals"),
            near.unwrap_or_else(|| "write arn:aws:iam::…".to_owned()),
        ));
    }
    let [region, account, name] = rest else {
        return None;
    };
    // what is filled in may hold colons, and begin another part
    let is_account = is_filled_in(account) || is_account(account) || *account == "*";
    let word = name.split('/').next().filter(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))?;
    if !region.is_empty() || !is_account || word.is_empty() {
        return None;
    }
    let near = did_you_mean(word, ["root", "user", "role", "federated-user"]).filter(|near| *near != word)?;
    Some((format!("`{word}` is not a type of principal"), meant(near)))
}

/// A part that somebody fills in as a whole.
fn is_filled_in(part: &str) -> bool {
    part == UNKNOWN.to_string() || part.starts_with("${") && part.ends_with('}') && part.matches('}').count() == 1
}

/// Keys whose values are the ids of a VPC or of an endpoint, and what these begin with.
const VPC: [(&str, &str); 2] = [("aws:sourcevpc", "vpc-"), ("aws:sourcevpce", "vpce-")];

/// So many letters and digits follow the prefix of an id: 8 in those of before 2018, 17 since.
fn is_vpc_id(id: &str, prefix: &str) -> bool {
    let Some(rest) = id.strip_prefix(prefix) else {
        return false;
    };
    matches!(rest.len(), 8 | 17) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Neither a pattern nor a blank that somebody has to fill in.
fn is_written(value: &&Text) -> bool {
    let upper = value.text.bytes().any(|b| b.is_ascii_uppercase()) && value.text.contains(['_', '-', ' ']);
    value.is_literal() && !upper && !value.text.contains(['$', '<', '>', '[', ']', '{', '}', '%'])
}
