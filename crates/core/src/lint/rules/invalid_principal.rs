#![doc = include_str!("../../../../../docs/rules/CS128.md")]

use crate::aws::arns::no_partition;
use crate::aws::catalogue::{self, Catalogue};
use crate::aws::managed;
use crate::lint::At;
use crate::lint::policy::{Policy, Statement};
use crate::lint::read::choice::items;
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

const KEYS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    if !policy.kind.has_principals() {
        return;
    }
    for statement in &policy.statements {
        for element in ["Principal", "NotPrincipal"] {
            let Some(member) = statement.node.member(element) else {
                continue;
            };
            for node in member.node.alternatives() {
                of_element(statement, element, node, sink);
            }
        }
    }
}

fn of_element(statement: &Statement, element: &str, node: &Node, sink: &mut Sink<'_>) {
    let pointer = format!("{}.{element}", statement.at.pointer);
    let Some(members) = node.as_object() else {
        let text = node.as_str().unwrap_or("*");
        if text != "*" && !text.contains(UNKNOWN) && !is_blank(text) {
            let message = format!("`{text}` is not a principal by itself");
            sink.add(&At { pointer, span: node.span }, message, "write \"*\", or { \"AWS\": \"…\" }");
        }
        return;
    };
    nobody(&pointer, element, node, members, sink);
    for member in members.iter().filter(|m| !m.key.contains(UNKNOWN)) {
        let at = At { pointer: format!("{pointer}.{}", member.key), span: member.key_span };
        if !KEYS.contains(&member.key.as_str()) {
            let near = did_you_mean(&member.key, KEYS).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{}` is not a kind of principal", member.key);
            sink.add(&at, message, near.unwrap_or_else(|| format!("it is one of {}", KEYS.join(", "))));
            continue;
        }
        for item in items(&member.node) {
            let Some(text) = item.node.as_str().filter(|t| !t.contains(UNKNOWN) && !is_blank(t)) else {
                continue;
            };
            let at = At { span: item.node.span, ..at.clone() };
            match member.key.as_str() {
                "Service" => of_service(text, &at, sink),
                "AWS" => of_aws(text, &at, sink),
                _ => {}
            }
        }
    }
}

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

fn of_service(text: &str, at: &At, sink: &mut Sink<'_>) {
    const ENDINGS: [&str; 5] =
        [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".c2s.ic.gov", ".sc2s.sgov.gov"];
    let named = ENDINGS.iter().any(|end| text.strip_suffix(end).is_some_and(|name| !name.is_empty()));
    if text != "*" && !named {
        let message = format!("`{text}` is not the name of a service");
        sink.add(at, message, "a service is named as in ec2.amazonaws.com");
    } else if let Some(near) = slip_of_service(text, &sink.settings.catalogue) {
        let message = format!("no service of AWS is known to be `{text}`");
        sink.add_as(Severity::Warning, at, message, meant(near));
    }
}

/// The service of which a name is a slip of one letter. Not every service that acts for itself is called by a prefix of the catalogue: one
/// that AWS's managed policies name is none.
fn slip_of_service(text: &str, catalogue: &Catalogue) -> Option<String> {
    const SHORTEST: usize = 4;
    const ENDING: &str = ".amazonaws.com";
    let name = text.strip_suffix(ENDING).filter(|n| n.len() >= SHORTEST && !n.contains(['.', '*']))?;
    if catalogue.service(name).is_some() || catalogue::known_service(name).is_some() {
        return None;
    }
    let is_near = |prefix: &&str| prefix.len() >= SHORTEST && distance(name, prefix, 1).is_some();
    let near = catalogue.prefixes().find(is_near)?;
    let is_named = || managed::all().any(|policy| policy.document().contains(text));
    (!is_named()).then(|| format!("{near}{ENDING}"))
}

/// What keeps an ARN of IAM or of AWS STS from naming a principal, and what to write instead.
fn wrong_part(
    partition: &str,
    (service, region): (&str, &str),
    (account, name): (&str, &str),
) -> Option<(String, String)> {
    if let Some(wrong) = no_partition(partition) {
        return Some((wrong.message, wrong.help));
    }
    if !region.is_empty() {
        return Some(("its ARN has no Region".to_owned(), "leave the Region out".to_owned()));
    }
    if account.is_empty() {
        return Some(("its ARN has no account".to_owned(), "write the twelve digits of the account".to_owned()));
    }
    if account.bytes().all(|b| b.is_ascii_digit()) && account.len() != 12 {
        let message = format!("the account `{account}` has {} digits", account.len());
        return Some((message, "write the twelve digits of the account".to_owned()));
    }
    if service == "sts" || name == "root" {
        return None;
    }
    let (word, rest) = name.split_once('/').unwrap_or((name, ""));
    match word {
        "user" | "role" if !rest.is_empty() => None,
        "user" | "role" => Some((format!("it names no {word}"), format!("write its name, as in {word}/NAME"))),
        "group" => {
            Some(("a group is no principal".to_owned(), "name its users, or a role that they assume".to_owned()))
        }
        _ => {
            let near = did_you_mean(word, ["root", "user", "role"]);
            let help = near.map_or_else(|| "name a user, a role, or `root` for the account".to_owned(), meant);
            Some((format!("`{word}` is neither a user nor a role"), help))
        }
    }
}

fn of_aws(text: &str, at: &At, sink: &mut Sink<'_>) {
    const HELP: &str = "write the twelve digits of an account, or the ARN of a user, a role or a session";
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_account = |t: &str| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit());
    let id = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match parts.as_slice() {
        ["*"] => {}
        _ if is_account(text) => {}
        [_] if id && (text.starts_with("AROA") || text.starts_with("AIDA")) => {
            let message =
                format!("`{text}` is what is left of a principal that was deleted: nobody has this id any more");
            sink.add_as(Severity::Warning, at, message, "remove it, or name the principal by its ARN");
        }
        ["arn", _, "iam" | "sts", ..] if parts.len() == 6 && text.contains(['*', '?']) => {
            let message = format!("`{text}` has a wildcard, which only `*` as a whole principal may be");
            sink.add(at, message, "name the principal, or write \"*\" with a condition on aws:PrincipalArn");
        }
        ["arn", partition, service @ ("iam" | "sts"), region, account, name] => {
            if let Some((message, help)) = wrong_part(partition, (service, region), (account, name)) {
                sink.add(at, format!("`{text}` is not an AWS principal: {message}"), help);
            }
        }
        // other words may be ids of a kind that is not known here
        [_] if id => {}
        _ => {
            sink.add(at, format!("`{text}` is not an AWS principal"), HELP);
        }
    }
}
