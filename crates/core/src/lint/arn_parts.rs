//! The parts of an ARN that are the same for every service: how it names a service, a Region and an account.

use crate::aws;
use crate::aws::catalogue::{self, Catalogue};
use crate::aws::resources::ArnText;
use crate::lint::policy::Text;
use crate::lint::{Severity, Sink};
use crate::moment::Moment;
use crate::problem::{did_you_mean, distance, meant};
use crate::text::UNKNOWN;

/// Whether a part is none that an ARN has; it is told then. `asked`: the services of the actions that are asked on it.
pub fn is_wrong(text: &Text, arn: &ArnText, asked: &[String], sink: &mut Sink<'_>) -> bool {
    let (catalogue, at) = (&sink.settings.catalogue, sink.settings.at);
    // what is not known may hold colons: a part after it is this part only where nothing but the partition is left open
    let service_named = arn.segment(2);
    let is_service =
        catalogue.service(service_named).is_some() || catalogue.resources_of(service_named).next().is_some();
    let is_of_service = !arn.segment(1).contains('*') || is_service;
    let known = |upto: usize| (is_told_apart(&text.text, upto) && (upto < 3 || is_of_service)).then_some(arn);
    let wrong = known(2).and_then(|arn| service(arn, asked, catalogue, at)).or_else(|| digits(arn));
    let wrong = wrong.or_else(|| account(known(4)?, catalogue)).or_else(|| region(known(3)?));
    let Some((severity, message, help)) = wrong else {
        return false;
    };
    sink.add_as(severity, &text.at, message, help);
    true
}

/// Whether the parts of an ARN up to one are known to be these, each by itself; the partition may be a whole part that is not known.
fn is_told_apart(text: &str, upto: usize) -> bool {
    let is_partition = |at, part: &str| at == 1 && is_whole(part);
    text.starts_with("arn:")
        && text.splitn(PARTS, ':').enumerate().take(upto + 1).all(|(at, p)| is_partition(at, p) || !p.contains(UNKNOWN))
}

/// Whether the last part of an ARN is known to begin where it seems to: each part before it is one that stands there, or is not known as a
/// whole, between two that fit.
pub fn is_apart(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(PARTS, ':').collect();
    let [arn, partition, service, region, account, _] = parts.as_slice() else {
        return false;
    };
    let open = |part: &str| is_whole(part) || part.is_empty() || part == "*";
    // one of too few digits is told as that
    let is_account = account.bytes().all(|b| b.is_ascii_digit()) || *account == "aws";
    *arn == "arn"
        && (is_whole(partition) || aws::is_partition(partition) || *partition == "*")
        && is_word(service)
        && (open(region) || aws::regions().any(|r| r == *region))
        && (open(account) || is_account)
}

/// Whether what is not known is only in the last part, or leaves the parts where they are.
pub fn is_placed(text: &str) -> bool {
    begins_known(text) || is_apart(text)
}

/// Whether all parts but the last are known.
pub fn begins_known(text: &str) -> bool {
    !text.splitn(PARTS, ':').take(PARTS - 1).any(|part| part.contains(UNKNOWN))
}

/// The parts of an ARN.
const PARTS: usize = 6;

/// Nothing of a part is known.
fn is_whole(part: &str) -> bool {
    let mut characters = part.chars();
    characters.next() == Some(UNKNOWN) && characters.next().is_none()
}

/// How bad it is, what is said of a part, and what to write.
type Wrong = (Severity, String, String);

const ACCOUNT: &str = "write the twelve digits of an account, or `*`";

/// A service in capitals, or one whose name is a slip of another's; AWS does not list every name that ARNs have for a service. Beside an
/// action of the service whose name it nearly is, nothing else is meant.
fn service(arn: &ArnText, asked: &[String], catalogue: &Catalogue, at: Moment) -> Option<Wrong> {
    let service = arn.segment(2);
    if service.contains(|c: char| c.is_ascii_uppercase()) {
        let message = format!("ARNs name a service in lower case, and `{service}` is not");
        return Some((Severity::Warning, message, format!("write `{}`", service.to_ascii_lowercase())));
    }
    let named = || catalogue.service(service).is_some() || catalogue.resources_of(service).next().is_some();
    let is_known = || named() || catalogue::known_service(service).is_some();
    if !is_word(service) || is_known() || catalogue::other_prefixes().any(|p| p == service) {
        return None;
    }
    let slip = |own: &&String| distance(service, own, 1).is_some() && service.len() > 2;
    if let [own] = asked
        && let Some(own) = Some(own).filter(slip).filter(|own| catalogue.service(own).is_some())
    {
        let severity = if catalogue.is_young(own, at) { Severity::Error } else { Severity::Warning };
        let message = format!("`{service}` is not the service of `{own}` actions: none of them acts on this");
        return Some((severity, message, meant(own)));
    }
    let near = did_you_mean(service, catalogue.prefixes())?;
    Some((Severity::Info, format!("AWS is not known to have ARNs of `{service}`"), meant(near)))
}

/// An account of fewer or more than twelve digits.
fn digits(arn: &ArnText) -> Option<Wrong> {
    let account = arn.segment(4);
    let digits = !account.is_empty() && account.bytes().all(|b| b.is_ascii_digit());
    (digits && account.len() != 12).then(|| {
        let message = format!("the account `{account}` has {} digits, and an account has twelve", account.len());
        (Severity::Warning, message, ACCOUNT.to_owned())
    })
}

/// A word in lower case in the place of an account. `aws` holds what AWS provides, and some types name others in their ARNs.
fn account(arn: &ArnText, catalogue: &Catalogue) -> Option<Wrong> {
    let word = arn.segment(4);
    let of_a_type = || catalogue.resources_of(arn.segment(2)).flat_map(|r| &r.arns).any(|a| part(a, 4) == word);
    (is_word(word) && word != "aws" && !of_a_type()).then(|| {
        let message = format!("`{word}` is not an account: an account has twelve digits");
        (Severity::Warning, message, ACCOUNT.to_owned())
    })
}

/// A slip of the name of a Region. One more number in a part of the world that has Regions is none: it may be younger than the list.
fn region(arn: &ArnText) -> Option<Wrong> {
    let written = arn.segment(3);
    fn part_of_world(name: &str) -> &str {
        name.trim_end_matches(|c: char| c.is_ascii_digit())
    }
    if !is_word(written) || aws::regions().any(|r| part_of_world(r) == part_of_world(written)) {
        return None;
    }
    let near = did_you_mean(written, aws::regions())?;
    Some((Severity::Warning, format!("AWS has no Region `{written}`: this matches nothing"), meant(near)))
}

/// A part of an ARN, from zero on.
pub fn part(arn: &str, at: usize) -> &str {
    arn.split(':').nth(at).unwrap_or_default()
}

/// In lower case, neither a number nor a pattern, and no blank that somebody fills in.
fn is_word(part: &str) -> bool {
    let is_of_one = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    part.bytes().any(|b| b.is_ascii_lowercase()) && part.bytes().all(is_of_one)
}
