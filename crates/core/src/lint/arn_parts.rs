//! The parts of an ARN that are the same for every service: how it names a service, a Region and an account.

use crate::aws;
use crate::aws::catalogue::{self, Catalogue};
use crate::aws::resources::ArnText;
use crate::lint::policy::Text;
use crate::lint::{Severity, Sink};
use crate::problem::{did_you_mean, meant};

/// Whether a part is none that an ARN has; it is told then.
pub fn is_wrong(text: &Text, arn: &ArnText, sink: &mut Sink<'_>) -> bool {
    let catalogue = &sink.settings.catalogue;
    let known = |arn| text.is_known().then_some(arn);
    let wrong = known(arn).and_then(|arn| service(arn, catalogue)).or_else(|| digits(arn));
    let wrong = wrong.or_else(|| account(known(arn)?, catalogue)).or_else(|| region(known(arn)?));
    let Some((severity, message, help)) = wrong else {
        return false;
    };
    sink.add_as(severity, &text.at, message, help);
    true
}

/// How bad it is, what is said of a part, and what to write.
type Wrong = (Severity, String, String);

const ACCOUNT: &str = "write the twelve digits of an account, or `*`";

/// A service in capitals, or one whose name is a slip of another's; AWS does not list every name that ARNs have for a service.
fn service(arn: &ArnText, catalogue: &Catalogue) -> Option<Wrong> {
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
