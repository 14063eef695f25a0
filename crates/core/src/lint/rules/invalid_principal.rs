#![doc = include_str!("../../../../../docs/rules/CS128.md")]

use crate::aws::arns::no_partition;
use crate::aws::catalogue::{self, Catalogue};
use crate::aws::managed;
use crate::iam::principal::is_account;
use crate::iam::stored::{self, PRINCIPAL_KEYS, Refusal};
use crate::lint::At;
use crate::lint::policy::{Policy, PolicyKind, Statement};
use crate::lint::read::choice::{items, values};
use crate::lint::{Check, Confidence, Rule, Severity, Sink};
use crate::problem::{did_you_mean, distance, meant};
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS128",
    name: "invalid-principal",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS128.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.has_principals() {
        return;
    }
    for statement in &policy.statements {
        for element in ["Principal", "NotPrincipal"] {
            let Some(member) = statement.node.member(element) else {
                continue;
            };
            for node in values(&member.node) {
                of_element(policy, statement, element, node, sink);
            }
        }
    }
}

fn of_element(policy: &Policy, statement: &Statement, element: &str, node: &Node, sink: &mut Sink<'_>) {
    let pointer = format!("{}.{element}", statement.at.pointer);
    let Some(members) = node.as_object() else {
        let text = node.as_str().map_or_else(|| node.kind().to_owned(), |text| format!("`{text}`"));
        if node.as_str() != Some("*") && !text.contains(UNKNOWN) && !node.as_str().is_some_and(is_blank) {
            let message = format!("{text} is not a principal by itself");
            sink.add(&At { pointer, span: node.span }, message, "write \"*\", or { \"AWS\": \"…\" }");
        }
        return;
    };
    nobody(&pointer, element, node, members, sink);
    for member in members.iter().filter(|m| !m.key.contains(UNKNOWN)) {
        let at = At { pointer: format!("{pointer}.{}", member.key), span: member.key_span };
        if !PRINCIPAL_KEYS.contains(&member.key.as_str()) {
            let near = did_you_mean(&member.key, PRINCIPAL_KEYS).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{}` is not a kind of principal", member.key);
            sink.add(&at, message, near.unwrap_or_else(|| format!("it is one of {}", PRINCIPAL_KEYS.join(", "))));
            continue;
        }
        for item in items(&member.node) {
            let Some(text) = item.node.as_str() else {
                continue;
            };
            let at = At { span: item.node.span, ..at.clone() };
            if text.contains(UNKNOWN) || is_blank(text) {
                if member.key == "AWS" {
                    beside_a_placeholder(text, &at, sink);
                }
                continue;
            }
            if member.key == "Service" && UNDOCUMENTED.iter().any(|end| text.len() > end.len() && text.ends_with(end)) {
                let message = format!("AWS does not document a service that is named `{text}`");
                sink.add_as(Severity::Warning, &at, message, "a service is named as in ec2.amazonaws.com");
                continue;
            }
            if let Some(Refusal { message, help }) = stored::named_principal(&member.key, text) {
                sink.add(&at, message, help);
                continue;
            }
            match member.key.as_str() {
                "Service" => of_service(text, &at, sink),
                "AWS" => of_aws(text, &at, sink),
                "Federated" => of_provider(policy, text, &at, sink),
                _ => {}
            }
        }
    }
}

/// What names end with by which AWS's own examples call services before they are released, and AWS's own templates those of other partitions; whether
/// IAM takes them is not known.
const UNDOCUMENTED: [&str; 3] = [".aws.internal", ".amazonaws.cn", ".amazonaws-us-gov.com"];

/// An element that names nobody: the statement applies to no request, or, with `NotPrincipal`, to all.
fn nobody(pointer: &str, element: &str, node: &Node, members: &[Member], sink: &mut Sink<'_>) {
    let is_empty = |m: &Member| m.node.as_array().is_some_and(<[_]>::is_empty) && !m.key.contains(UNKNOWN);
    if !members.iter().all(is_empty) {
        return;
    }
    let at = At { pointer: pointer.to_owned(), span: members.first().map_or(node.span, |m| m.key_span) };
    let message = format!("this `{element}` names nobody");
    sink.add_as(Severity::Warning, &at, message, "name a principal, or remove the statement");
}

/// A place that somebody has to fill in, or a variable of another language.
fn is_blank(text: &str) -> bool {
    text.contains(['<', '>', '[', ']', '{', '}', '$', '%', '#'])
}

/// An ARN of which a part is filled in later: what stands before it, and between two that are whole, is known.
fn beside_a_placeholder(text: &str, at: &At, sink: &mut Sink<'_>) {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, partition, service, ..] = parts.as_slice() else {
        return;
    };
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_open = |part: &str| part.contains(UNKNOWN) || is_blank(part);
    if !text.starts_with("arn:") || !is_word(service) {
        return;
    }
    if !is_open(partition)
        && let Some(wrong) = no_partition(partition)
    {
        sink.add(at, format!("this is not an AWS principal: {}", wrong.message), wrong.help);
        return;
    }
    if !["iam", "sts"].contains(service) {
        let help = "write the ARN of a user, a role or a session: arn:aws:iam::… or arn:aws:sts::…";
        sink.add(at, format!("this is not an AWS principal: `{service}` has none"), help);
        return;
    }
    // with an account in place of what is filled in, the last part is where it seems to be
    if let ["arn", _, service, region, account, name] = parts.as_slice()
        && is_whole(account)
        && !is_open(region)
        && let Some(word) = name.split('/').next().filter(|word| is_word(word))
        && let Some((message, help)) = stored::wrong_principal(service, region, word, name.contains('/'))
    {
        sink.add(at, format!("this is not an AWS principal: {message}"), help);
    }
}

/// Nothing but what is filled in later: `${AWS::AccountId}`, `<account>`.
fn is_whole(part: &str) -> bool {
    let inner = |open: &str, close: char| {
        part.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(|name| !is_blank(name))
    };
    part == UNKNOWN.to_string() || inner("${", '}') || inner("<", '>') || inner("[", ']')
}

/// A provider of identities, which only trust policies name: its domain, or the ARN of one that the account has.
fn of_provider(policy: &Policy, text: &str, at: &At, sink: &mut Sink<'_>) {
    const HELP: &str = "write its domain, as in accounts.google.com, or arn:aws:iam::ACCOUNT:oidc-provider/… or arn:aws:iam::ACCOUNT:saml-provider/…";
    if policy.kind == PolicyKind::Resource && policy.kind_is_told {
        let message = "only the trust policy of a role names a provider of identities";
        sink.add_as(Severity::Warning, at, message, "name the role that its users assume");
        return;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_one = match parts.as_slice() {
        ["arn", _, "iam", "", account, name] => {
            is_account(account) && ["oidc-provider/", "saml-provider/"].iter().any(|of| name.starts_with(of))
        }
        ["arn", ..] => false,
        _ => text.contains('.') && !text.contains("://") && !text.contains(char::is_whitespace),
    };
    if policy.kind == PolicyKind::Trust && !is_one {
        sink.add(at, format!("`{text}` is neither the domain nor the ARN of a provider of identities"), HELP);
    }
}

fn of_service(text: &str, at: &At, sink: &mut Sink<'_>) {
    if let Some(near) = slip_of_service(text, &sink.settings.catalogue) {
        let message = format!("no service of AWS is known to be `{text}`");
        sink.add_as(Severity::Warning, at, message, meant(near));
    }
}

/// The service of which a name is a slip of one letter. Not every service that acts for itself is called by a prefix of the catalogue: one
/// that AWS's managed policies name is none.
fn slip_of_service(text: &str, catalogue: &Catalogue) -> Option<String> {
    const SHORTEST: usize = 4;
    // a slip is one in every partition
    let ending = stored::SERVICE_ENDINGS.into_iter().filter(|ending| text.ends_with(ending)).max_by_key(|e| e.len())?;
    let name = text.strip_suffix(ending).filter(|n| n.len() >= SHORTEST && !n.contains(['.', '*']))?;
    if catalogue.service(name).is_some() || catalogue::known_service(name).is_some() {
        return None;
    }
    let is_near = |prefix: &&str| prefix.len() >= SHORTEST && distance(name, prefix, 1).is_some();
    let near = catalogue.prefixes().find(is_near)?;
    let is_named = || managed::all().any(|policy| policy.document().contains(text));
    (!is_named()).then(|| format!("{near}{ending}"))
}

fn of_aws(text: &str, at: &At, sink: &mut Sink<'_>) {
    if stored::is_unique_id(text) && (text.starts_with("AROA") || text.starts_with("AIDA")) {
        let message = format!("`{text}` is what is left of a principal that was deleted: nobody has this id any more");
        sink.add_as(Severity::Warning, at, message, "remove it, or name the principal by its ARN");
    }
    let partition = text.strip_prefix("arn:").and_then(|rest| rest.split(':').next());
    if let Some(wrong) = partition.and_then(no_partition) {
        sink.add(at, format!("`{text}` is not an AWS principal: {}", wrong.message), wrong.help);
    }
}
