//! The ARN of a user or role of which a part is not known, and which patterns can tell the account in it from another.

use crate::aws;
use crate::aws::keys::values::SUCH_AS;
use crate::iam::minterms::{Pattern, Piece};
use crate::iam::principal::is_account;
use crate::iam::template::{Template, TemplatePart};

/// An account that there is not: it stands for any, where no pattern can tell which.
pub const ANY_ACCOUNT: &str = "000000000000";

/// What stands before the Region in the path of a permission set's role.
const SSO: &str = "/sso.amazonaws.com/";

/// The ARN of a user or role: its account is known, and of its resource some parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialArn {
    partition: String,
    account: String,
    /// What the resource may be, each in its parts.
    resources: Vec<Vec<Part>>,
}

/// A part of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(String),
    /// The name of a Region.
    Region,
    /// What ends the name of a permission set's role.
    Suffix,
    /// Anything: a path may have colons.
    Any,
}

impl Part {
    /// A text that is known.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl PartialArn {
    /// Of the resources of an account.
    pub fn new(partition: &str, account: &str, resources: Vec<Vec<Part>>) -> Self {
        Self { partition: partition.to_owned(), account: account.to_owned(), resources }
    }

    /// The role of a permission set: its path holds the Region of Identity Center unless that is us-east-1, and its name ends in sixteen
    /// hexadecimal digits. `stem` is the path without a Region, and the name up to the digits.
    pub fn of_set(partition: &str, account: &str, stem: &str) -> Self {
        let (path, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let in_region =
            vec![Part::text(format!("{path}/")), Part::Region, Part::text(format!("/{name}")), Part::Suffix];
        Self::new(partition, account, vec![vec![Part::text(stem), Part::Suffix], in_region])
    }

    /// An example with a Region that there is, where it has one by its form alone, and the patterns of a policy do not tell them apart.
    pub fn in_known_region(&self, example: String, is_alike: impl Fn(&str) -> bool) -> String {
        let known = |example: &str| {
            let (before, after) = example.split_once(SSO)?;
            let (_, name) = after.split_once('/')?;
            let regions = aws::regions().filter(|region| aws::partition_of(region) == self.partition);
            regions.map(|region| format!("{before}{SSO}{region}/{name}")).find(|text| is_alike(text))
        };
        known(&example).unwrap_or(example)
    }

    /// The account's number.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The same in another account.
    #[must_use]
    pub fn in_account(&self, account: &str) -> Self {
        Self { account: account.to_owned(), ..self.clone() }
    }

    /// The patterns of which one matches.
    pub fn patterns(&self) -> Vec<Pattern> {
        let stem = format!("arn:{}:iam::{}:", self.partition, self.account);
        let pattern = |parts: &Vec<Part>| {
            let mut pieces = vec![Piece::Text(&stem)];
            pieces.extend(parts.iter().map(|part| match part {
                Part::Text(text) => Piece::Text(text),
                Part::Region => Piece::Region,
                Part::Suffix => Piece::Suffix,
                Part::Any => Piece::Rest,
            }));
            Pattern::of_pieces(&pieces)
        };
        self.resources.iter().map(pattern).collect()
    }

    /// Whether it may be this text.
    pub fn matches(&self, text: &str) -> bool {
        self.patterns().iter().any(|p| p.matches(text))
    }

    /// Everything but the account, as a text by which it is compared.
    pub fn of_any_account(&self) -> String {
        format!("{} {:?}", self.partition, self.resources)
    }
}

/// An ARN with another account; `None` where it is not one of this account.
pub fn arn_in(arn: &str, from: &str, to: &str) -> Option<String> {
    let mut segments: Vec<&str> = arn.splitn(6, ':').collect();
    let account = segments.get_mut(4).filter(|account| **account == from)?;
    *account = to;
    Some(segments.join(":"))
}

/// A class of ARNs in words, with its example in another account. What is written in a policy stays.
pub fn example_in(label: &str, from: &str, to: &str) -> String {
    let example = label.rsplit_once(SUCH_AS).and_then(|(words, arn)| Some((words, arn_in(arn, from, to)?)));
    example.map_or_else(|| label.to_owned(), |(words, arn)| format!("{words}{SUCH_AS}{arn}"))
}

/// What a key would have to be, with examples of another account: who a principal is may be known in part, and is then told by them.
pub fn examples_in(key: &str, allows: &mut [String], from: &str, to: &str) {
    if key == "aws:PrincipalArn" {
        allows.iter_mut().for_each(|label| *label = example_in(label, from, to));
    }
}

/// Whether patterns can tell one account number in an ARN from another.
#[derive(Debug, PartialEq, Eq)]
pub enum AccountInText {
    /// They match a number by wildcards only, or ask for these numbers as a whole.
    Only(Vec<String>),
    /// They may look into it.
    Any,
}

impl AccountInText {
    /// These patterns, all together.
    pub fn of<'t>(values: impl Iterator<Item = &'t Template>) -> Self {
        let mut numbers = Vec::new();
        for value in values {
            if value.parts.iter().any(|p| matches!(p, TemplatePart::Variable { .. })) {
                return Self::Any;
            }
            let literals = value.parts.iter().enumerate().filter_map(|(i, p)| match p {
                TemplatePart::Literal(text) => Some((i, text)),
                _ => None,
            });
            for (index, text) in literals {
                if let Some(number) = (index == 0).then(|| leading_account(text)).flatten() {
                    numbers.push(number.to_owned());
                    break;
                }
                if digits_may_stand_in_an_account(text) {
                    return Self::Any;
                }
            }
        }
        Self::Only(numbers)
    }

    /// They cannot tell this number from that of any other account which they do not name.
    pub fn passes_over(&self, account: &str) -> bool {
        match self {
            Self::Only(numbers) => !numbers.iter().any(|n| n == account || n == ANY_ACCOUNT),
            Self::Any => false,
        }
    }
}

/// `111122223333` of `arn:aws:iam::111122223333:role/…`.
fn leading_account(text: &str) -> Option<&str> {
    let mut pieces = text.splitn(6, ':');
    let account = pieces.by_ref().nth(4)?;
    pieces.next()?;
    is_account(account).then_some(account)
}

/// Whether a digit of a literal may be matched with one of an account number: where something other than a colon stands before
/// the digits, that would have to stand there too, and there is nothing but a colon and digits.
fn digits_may_stand_in_an_account(text: &str) -> bool {
    let mut before = None;
    for c in text.chars() {
        if c.is_ascii_digit() && matches!(before, None | Some(':')) {
            return true;
        }
        // digits in a row count by what stands before the first of them
        if !c.is_ascii_digit() {
            before = Some(c);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::template::Syntax;

    fn sees(pattern: &str) -> Option<Vec<String>> {
        let syntax = Syntax { wildcards: true, variables: true };
        match AccountInText::of([Template::parse(pattern, syntax).unwrap()].iter()) {
            AccountInText::Only(numbers) => Some(numbers),
            AccountInText::Any => None,
        }
    }

    #[test]
    fn a_pattern_tells_account_numbers_apart_only_where_a_digit_of_it_can_stand_in_one() {
        let number = vec!["111122223333".to_owned()];
        for (pattern, expected) in [
            ("arn:aws:iam::*:role/break-glass", Some(vec![])),
            ("arn:aws:iam::*:role/team1-*", Some(vec![])),
            ("arn:aws:iam::????????????:role/x", Some(vec![])),
            ("*AWSReservedSSO_Legal_*", Some(vec![])),
            ("arn:aws:iam::111122223333:role/x1*", Some(number.clone())),
            ("arn:aws:iam::111122223333:*", Some(number)),
            ("arn:aws:iam::1111*", None),
            ("arn:aws:iam::*3:role/x", None),
            ("*:111122223333:role/x", None),
            ("*2*", None),
            ("arn:aws:iam::${aws:PrincipalAccount}:role/x", None),
        ] {
            assert_eq!(sees(pattern), expected, "{pattern}");
        }
    }

    /// Facts on inputs: `/aws-reserved/sso.amazonaws.com/[region/]AWSReservedSSO_<Name>_<16 hex>`.
    #[test]
    fn the_role_of_a_permission_set_has_a_region_or_none_and_sixteen_digits() {
        let stem = "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Legal_";
        let arn = PartialArn::of_set("aws", "111122223333", stem);
        let role = |path: &str, suffix: &str| {
            format!("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/{path}AWSReservedSSO_Legal_{suffix}")
        };
        for region in ["", "us-west-2/", "us-gov-west-1/", "ap-southeast-7/", "us-isob-east-1/", "eusc-de-east-1/"] {
            assert!(arn.matches(&role(region, "0123456789abcdef")), "{region}");
        }
        for (path, suffix) in [
            ("", "x"),
            ("", "0123456789abcde"),
            ("", "0123456789abcdef0"),
            ("", "0123456789ABCDEF"),
            ("", "0123456789abcdeg"),
            ("", "ReadOnly_0123456789abcdef"),
            ("EU-WEST-1/", "0123456789abcdef"),
            ("eu_west_1/", "0123456789abcdef"),
            ("eu-west-1/x/", "0123456789abcdef"),
            ("x/", "0123456789abcdef"),
            ("/", "0123456789abcdef"),
            ("eu-west-/", "0123456789abcdef"),
        ] {
            assert!(!arn.matches(&role(path, suffix)), "{path} {suffix}");
        }
        let there = role("", "0123456789abcdef").replace("111122223333", "444455556666");
        assert!(!arn.matches(&there) && arn.in_account("444455556666").matches(&there));
        assert_eq!(arn.of_any_account(), arn.in_account("444455556666").of_any_account());
    }
}
