//! What values condition keys take: a value that no request can carry settles nothing, and would make a wrong answer.

use std::sync::LazyLock;

use super::catalogued::{self, Prefix};
use super::{KeyType, Known, is_boolean, is_multi_valued, known, known_keys, nature, of_service, spelling, tag};
use crate::aws;
use crate::aws::catalogue::Key;
use crate::iam::operator::Operator;
use crate::iam::principal::is_account;
use crate::iam::value;
use crate::problem::{instead, meant};

/// What is wrong with a key or its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What the values of a key are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Boolean,
    /// A whole number.
    Number,
    Decimal,
    Moment,
    /// A moment, in seconds as a rule.
    Epoch,
    Address,
    Arn,
    Account,
    Region,
    Id(&'static str),
    OneOf(&'static [String]),
    Text,
}

static PRINCIPAL_TYPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    known("aws:principaltype").into_iter().flat_map(|known| known.values.iter().map(String::as_str)).collect()
});

/// Services all of whose keys are known.
const KNOWN: [&str; 2] = ["aws", "artifact"];

impl Takes {
    fn of(key: &str) -> Self {
        let known = known(key);
        let kind = known.map(|known| known.kind).unwrap_or_default();
        match kind {
            KeyType::Bool => Self::Boolean,
            KeyType::Numeric => Self::Number,
            KeyType::Date => Self::Moment,
            KeyType::EpochTime => Self::Epoch,
            KeyType::IpAddress => Self::Address,
            KeyType::Arn => Self::Arn,
            KeyType::Account => Self::Account,
            KeyType::Region => Self::Region,
            KeyType::Organization => Self::Id("o-"),
            KeyType::String if is_boolean(key) => Self::Boolean,
            KeyType::String => match known {
                Some(Known { begins: Some(begins), .. }) => Self::Id(begins),
                Some(Known { values, .. }) if !values.is_empty() => Self::OneOf(values),
                _ => Self::of_service(key),
            },
        }
    }

    /// A key of a service, by its type in the catalogue.
    fn of_service(key: &str) -> Self {
        match of_service(key).map(Key::element) {
            Some("Numeric") => Self::Decimal,
            Some("Date") => Self::Moment,
            Some("IPAddress") => Self::Address,
            Some("ARN") => Self::Arn,
            _ => Self::Text,
        }
    }

    fn takes(self, text: &str) -> bool {
        match self {
            Self::Boolean => value::boolean(text).is_some(),
            Self::Number => !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()),
            Self::Decimal => value::number(text).is_some(),
            Self::Moment | Self::Epoch => value::date(text).is_some(),
            Self::Address => value::address(text).is_some(),
            Self::Arn => text.starts_with("arn:") && text.splitn(6, ':').count() == 6,
            Self::Account => is_account(text),
            Self::Region => aws::is_region(text),
            Self::Id(prefix) => text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()),
            Self::OneOf(words) => words.iter().any(|word| word == text),
            Self::Text => true,
        }
    }

    /// Values of the type, where not every text is one.
    fn samples(self) -> &'static [&'static str] {
        match self {
            Self::Boolean => &["true", "false"],
            Self::Number | Self::Decimal => &["1"],
            Self::Moment => &["2026-11-21T09:00:00Z"],
            Self::Epoch => &["1795251600"],
            Self::Address => &["203.0.113.7"],
            Self::Arn => &["arn:aws:s3:::another", "arn:aws:sns:us-east-1:111122223333:another"],
            Self::Account => &["111122223333", "444455556666", "777788889999"],
            Self::Region => &["us-east-1", "eu-central-1", "us-west-2", "ap-south-1", "sa-east-1"],
            Self::Id("o-") => &["o-a1b2c3d4e5", "o-f6g7h8i9j0"],
            Self::Id("vpc-") => &["vpc-0a1b2c3d", "vpc-4e5f6a7b"],
            Self::Id("vpce-") => &["vpce-0a1b2c3d", "vpce-4e5f6a7b"],
            Self::Id(_) | Self::OneOf(_) | Self::Text => &[],
        }
    }

    fn words(self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Number => "a whole number, without a unit".to_owned(),
            Self::Decimal => "a number, without a unit".to_owned(),
            Self::Moment => "a date or time, such as 2026-11-21T09:00:00Z".to_owned(),
            Self::Epoch => "a moment in seconds since 1970, such as 1795251600, or a date".to_owned(),
            Self::Address => "one address, such as 203.0.113.7, and not a range".to_owned(),
            Self::Arn => "an ARN, such as arn:aws:iam::111122223333:role/admin".to_owned(),
            Self::Account => "the 12 digits of an account".to_owned(),
            Self::Region => "a Region, such as us-east-1".to_owned(),
            Self::Id(prefix) => format!("an id that begins with {prefix}"),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Text => "a text".to_owned(),
        }
    }
}

/// All that is wrong with a key and the values that it is settled with.
pub fn faults(key: &str, values: &[String]) -> impl Iterator<Item = Fault> {
    let of_values: Vec<Fault> = values.iter().filter_map(|v| wrong(key, v)).collect();
    unknown(key).into_iter().chain(list(key, values.len())).chain(of_values)
}

/// What is wrong with so many values of a key, in any case: a request carries one value of most keys, and another question has to be asked
/// for each.
pub fn list(key: &str, count: usize) -> Option<Fault> {
    let lower = key.to_ascii_lowercase();
    let key = spelling(&lower);
    (count > 1 && nature(&lower).single && !is_multi_valued(&lower)).then(|| Fault {
        message: format!("{key} has one value, and {count} are given"),
        help: format!("give one value of {key}, and ask again for each of the others"),
    })
}

/// What is wrong with a key, in any case, that no request carries; `None` for one that is known, and for keys of services of which
/// nothing is known.
pub fn unknown(key: &str) -> Option<Fault> {
    let lower = key.to_ascii_lowercase();
    let Some((service, name)) = lower.split_once(':') else {
        let help = instead(
            &format!("aws:{lower}"),
            known_keys(),
            "write it with its prefix, such as aws:MultiFactorAuthPresent",
        );
        return Some(Fault { message: format!("a condition key has a prefix, and `{key}` has none"), help });
    };
    if name.is_empty() {
        let message = format!("`{key}` is not a condition key");
        return Some(Fault { message, help: "write it in full, such as aws:MultiFactorAuthPresent".to_owned() });
    }
    let is_tag = tag(&lower).is_some_and(|name| !name.is_empty());
    if is_tag || known_keys().any(|k| k.eq_ignore_ascii_case(&lower)) || catalogued::key(&lower).is_some() {
        return None;
    }
    let there_is_none = format!("there is no condition key `{key}`");
    if KNOWN.contains(&service) {
        let otherwise = match left_out(&lower) {
            Some(key) => meant(key),
            None => "use the name of a key that requests carry".to_owned(),
        };
        return Some(Fault { message: there_is_none, help: instead(&lower, known_keys(), otherwise) });
    }
    let (message, help) = match catalogued::prefix(service) {
        Prefix::Open => return None,
        _ if catalogued::key_of_any(&lower).is_some() => return None,
        Prefix::Service(keys) => (there_is_none, instead(&lower, keys, "use the name of a key that requests carry")),
        Prefix::None(prefixes) => {
            let near = instead(service, prefixes, "write the prefix of a service, as in s3:prefix");
            (format!("{there_is_none}: `{service}` is not a service of AWS"), near)
        }
    };
    Some(Fault { message, help })
}

/// The shortest key of which a name, in lower case, leaves out some letters.
fn left_out(name: &str) -> Option<&'static str> {
    let has_all = |key: &&str| {
        let mut letters = key.chars().map(|c| c.to_ascii_lowercase());
        name.chars().all(|c| letters.any(|letter| letter == c))
    };
    known_keys().filter(has_all).min_by_key(|key| key.len())
}

/// What stands between a class of values in words and one of them, where an answer prints what a key would have to be.
pub const SUCH_AS: &str = " (such as ";

/// The values that an answer prints as what a key would have to be: `less than 3600 (such as 3599)` is 3599, and `["a","b"]` is both.
pub fn given(printed: &str) -> Vec<String> {
    let value = printed.strip_suffix(')').and_then(|l| l.rsplit_once(SUCH_AS)).map_or(printed, |(_, value)| value);
    match serde_json::from_str::<Vec<String>>(value) {
        Ok(list) if !list.is_empty() => list,
        _ => vec![value.to_owned()],
    }
}

/// Values that a key can have, for keys that do not take every text: an answer that depends on "any other value" names one of them.
pub fn samples(key: &str) -> &'static [&'static str] {
    match key {
        "aws:principalarn" => &[
            "arn:aws:iam::111122223333:role/another",
            "arn:aws:iam::111122223333:user/another",
            "arn:aws:iam::444455556666:root",
        ],
        "aws:principaltype" => PRINCIPAL_TYPES.as_slice(),
        key => Takes::of(key).samples(),
    }
}

/// How an answer says what the value of a policy variable has to match, together with that of another key.
pub const MATCH: &str = "a match of ";

/// How it says that it must not.
pub const NO_MATCH: &str = "no match of ";

/// Whether a text is what an answer says of a policy variable, which is a condition of two values, and none of them.
fn is_match(text: &str) -> bool {
    let operator =
        [MATCH, NO_MATCH].iter().find_map(|words| text.strip_prefix(words)).and_then(|rest| rest.split(' ').next());
    operator.is_some_and(|name| name == "resource" || Operator::parse(name).is_some())
}

/// What is wrong with a value of a key, in any case.
pub fn wrong(key: &str, text: &str) -> Option<Fault> {
    let lower = key.to_ascii_lowercase();
    if is_match(text) {
        let message = format!("`{text}` says what the value of {} has to match, and is no value", spelling(&lower));
        let help = "give a value of it, and one of the key that the policy compares with it".to_owned();
        return Some(Fault { message, help });
    }
    let takes = Takes::of(&lower);
    let blank = tag(&lower).is_none() && text.trim() != text;
    if takes.takes(text) && !blank {
        return None;
    }
    let key = spelling(&lower);
    let message = match blank {
        true => format!("`{text}` begins or ends with a blank, which no value of {key} does"),
        false => format!("`{text}` is not a value of {key}"),
    };
    Some(Fault { message, help: format!("{key} is {}", takes.words()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_of_the_type_of_their_key() {
        for (key, right, wrongs) in [
            ("aws:MultiFactorAuthPresent", "true", &["no", "1", "true "][..]),
            ("aws:MultiFactorAuthAge", "7200", &["7200s", "-1", "2h", ""]),
            ("aws:SourceIp", "203.0.113.7", &["203.0.113.0/24", "203.0.113", "vpc-1"]),
            ("aws:CurrentTime", "2026-11-21", &["tomorrow", "2026-13-01"]),
            ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/a", &["role/a", "arn:aws:iam"]),
            ("aws:PrincipalAccount", "111122223333", &["11112222333", "root"]),
            ("aws:RequestedRegion", "eu-central-1", &["eu-centrl-1", "europe", "*"]),
            ("aws:PrincipalOrgID", "o-a1b2c3d4e5", &["o-", "r-abcd"]),
            ("aws:PrincipalType", "AssumedRole", &["Role", "assumedrole"]),
            ("aws:username", "jo", &["jo ", " jo"]),
            ("sts:DurationSeconds", "7200", &["7200s", "2h", ""]),
            ("s3:max-keys", "10", &["1000x", "many"]),
            ("ec2:IsLaunchTemplateResource", "true", &["no", "yes", "1"]),
            ("s3:object-lock-retain-until-date", "2027-01-01T00:00:00Z", &["later"]),
            ("ec2:SourceInstanceARN", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", &["i-1"]),
        ] {
            assert_eq!(wrong(key, right), None, "{key}={right}");
            for text in wrongs {
                assert!(wrong(key, text).is_some(), "{key}={text}");
            }
        }
        assert_eq!(wrong("aws:PrincipalTag/team", "red "), None);
        assert_eq!(wrong("aws:PrincipalTag/team", "a match of ours"), None);
        assert!(
            wrong("aws:PrincipalTag/team", "a match of StringLike s3:prefix \"home/${aws:principaltag/team}/*\"")
                .is_some()
        );
    }

    #[test]
    fn keys_that_no_request_carries_are_told() {
        for key in [
            "aws:MultiFactorAuthPresent",
            "AWS:sourceip",
            "aws:PrincipalTag/team",
            "s3:prefix",
            "artifact:ReportSeries",
            "s3:ExistingObjectTag/team",
            "accounts.google.com:aud",
            "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub",
            "saml:aud",
            "logs:LogGeneratingResourceArns",
            "aws:ViaAWSMCPService",
        ] {
            assert_eq!(unknown(key), None, "{key}");
        }
        assert_eq!(unknown("s3:max-keyz").unwrap().help, "did you mean `s3:max-keys`?");
        assert_eq!(unknown("s4:prefix").unwrap().help, "did you mean `s3`?");
        assert_eq!(unknown("aws:MultifactorAuthPresnt").unwrap().help, "did you mean `aws:MultiFactorAuthPresent`?");
        assert_eq!(unknown("artifact:ReportSerie").unwrap().help, "did you mean `artifact:ReportSeries`?");
        for key in ["mfa", "aws:", "aws:PrincipalTag/", "aws:NothingLikeIt", "foo:bar", "foo:bar/x"] {
            assert!(unknown(key).is_some(), "{key}");
        }
    }

    #[test]
    fn only_keys_that_hold_lists_take_several_values() {
        for key in ["aws:TagKeys", "aws:CalledVia", "dynamodb:LeadingKeys", "foo:bar"] {
            assert_eq!(list(key, 2), None, "{key}");
        }
        for key in ["aws:SourceIp", "aws:PrincipalTag/team", "s3:max-keys", "sts:ExternalId"] {
            assert!(list(key, 2).is_some(), "{key}");
            assert_eq!(list(key, 1), None, "{key}");
        }
    }
}
