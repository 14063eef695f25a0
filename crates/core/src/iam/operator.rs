//! Condition operators: their names, and what they mean for values.

use super::template::Template;
use super::value;

/// A condition operator with its prefix and suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    /// `ForAnyValue:` or `ForAllValues:`.
    pub set: SetPrefix,
    /// What it compares.
    pub test: Test,
    /// `…Not…`: true where the test is not.
    pub negated: bool,
    /// `…IfExists`: true where the key is absent.
    pub if_exists: bool,
}

/// How an operator treats the values of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetPrefix {
    /// No prefix: the key has one value.
    None,
    /// `ForAnyValue:`
    Any,
    /// `ForAllValues:`
    All,
}

/// What an operator compares, without its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Comparison {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

impl Comparison {
    /// Whether `left` stands in this order to `right`.
    pub fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equals => left == right,
            Self::LessThan => left < right,
            Self::LessThanEquals => left <= right,
            Self::GreaterThan => left > right,
            Self::GreaterThanEquals => left >= right,
        }
    }
}

/// The names without prefix and suffix, their test, and whether they negate it.
const NAMES: [(&str, Test, bool); 27] = [
    ("StringEquals", Test::StringEquals, false),
    ("StringNotEquals", Test::StringEquals, true),
    ("StringEqualsIgnoreCase", Test::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Test::StringEqualsIgnoreCase, true),
    ("StringLike", Test::StringLike, false),
    ("StringNotLike", Test::StringLike, true),
    ("NumericEquals", Test::Numeric(Comparison::Equals), false),
    ("NumericNotEquals", Test::Numeric(Comparison::Equals), true),
    ("NumericLessThan", Test::Numeric(Comparison::LessThan), false),
    ("NumericLessThanEquals", Test::Numeric(Comparison::LessThanEquals), false),
    ("NumericGreaterThan", Test::Numeric(Comparison::GreaterThan), false),
    ("NumericGreaterThanEquals", Test::Numeric(Comparison::GreaterThanEquals), false),
    ("DateEquals", Test::Date(Comparison::Equals), false),
    ("DateNotEquals", Test::Date(Comparison::Equals), true),
    ("DateLessThan", Test::Date(Comparison::LessThan), false),
    ("DateLessThanEquals", Test::Date(Comparison::LessThanEquals), false),
    ("DateGreaterThan", Test::Date(Comparison::GreaterThan), false),
    ("DateGreaterThanEquals", Test::Date(Comparison::GreaterThanEquals), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::Ip, false),
    ("NotIpAddress", Test::Ip, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Null, false),
];

/// The names of all operators, without prefix and suffix.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _, _)| *name)
}

impl Operator {
    /// Reads the name of an operator; names are compared without case, as IAM does.
    pub fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (SetPrefix::Any, rest),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => (SetPrefix::All, rest),
            Some(_) => return None,
            None => (SetPrefix::None, name),
        };
        let cut = rest.len().saturating_sub("IfExists".len());
        let suffix = rest.get(cut..).is_some_and(|s| s.eq_ignore_ascii_case("IfExists"));
        let (base, if_exists) = if suffix { (rest.get(..cut)?, true) } else { (rest, false) };
        let (_, test, negated) = *NAMES.iter().find(|(n, _, _)| n.eq_ignore_ascii_case(base))?;
        // a set operator asks each value that a key has whether it is there (AWS's policy simulator reads it so)
        let null = test == Test::Null && if_exists;
        (!null).then_some(Self { set, test, negated, if_exists })
    }

    /// Whether its values may hold `*` and `?`.
    pub fn has_wildcards(self) -> bool {
        matches!(self.test, Test::StringLike | Test::Arn)
    }

    /// What is wrong with a value of a policy, which holds no variable.
    pub fn check(self, text: &str) -> Result<(), &'static str> {
        match self.test {
            Test::Numeric(_) if value::number(text).is_none() => Err("a number"),
            Test::Date(_) if value::date(text).is_none() => Err("a date or time, such as 2024-03-05T14:01:12Z"),
            Test::Bool | Test::Null if value::boolean(text).is_none() => Err("true or false"),
            Test::Binary if value::binary(text).is_none() => Err("base64"),
            Test::Ip if value::network(text).is_none() => Err("an address or a range, such as 203.0.113.0/24"),
            _ => Ok(()),
        }
    }
}

impl Test {
    /// Whether one value of a request passes the test against one value of a policy, variables substituted. A value
    /// that does not parse as what the test compares never passes.
    pub fn matches(self, actual: &str, expected: &Template) -> bool {
        fn both<T>(parse: impl Fn(&str) -> Option<T>, a: &str, b: &Template, holds: impl Fn(&T, &T) -> bool) -> bool {
            match (parse(a), b.as_literal().and_then(parse)) {
                (Some(a), Some(b)) => holds(&a, &b),
                _ => false,
            }
        }
        match self {
            Self::StringEquals => expected.as_literal() == Some(actual),
            Self::StringEqualsIgnoreCase => expected.as_literal().is_some_and(|e| e.eq_ignore_ascii_case(actual)),
            Self::StringLike => expected.matches(actual),
            Self::Numeric(order) => both(value::number, actual, expected, |a, b| order.holds(a, b)),
            Self::Date(order) => both(value::date, actual, expected, |a, b| order.holds(a, b)),
            Self::Bool => both(value::boolean, actual, expected, |a, b| a == b),
            Self::Binary => both(value::binary, actual, expected, |a, b| a == b),
            Self::Ip => match (value::address(actual), expected.as_literal().and_then(value::network)) {
                (Some(address), Some(network)) => network.contains(address),
                _ => false,
            },
            Self::Arn => value::arn(actual).is_some_and(|segments| ArnPattern::new(expected).matches(&segments)),
            // of a value, which is there
            Self::Null => expected.as_literal().and_then(value::boolean) == Some(false),
        }
    }
}

/// A pattern over the six segments of an ARN (D25).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArnPattern {
    /// A pattern a segment.
    Segments([Template; 6]),
    /// Fewer than six segments, and no `*` at the end: it matches nothing.
    Nothing,
}

impl ArnPattern {
    /// Splits a template at its first five colons.
    pub fn new(template: &Template) -> Self {
        use super::template::TemplatePart;
        let mut segments = vec![Template::default()];
        for part in &template.parts {
            let literal = match part {
                TemplatePart::Literal(text) => text,
                other => {
                    if let Some(last) = segments.last_mut() {
                        last.parts.push(other.clone());
                    }
                    continue;
                }
            };
            let room = 6 - segments.len();
            for (index, piece) in literal.splitn(room + 1, ':').enumerate() {
                if index > 0 {
                    segments.push(Template::default());
                }
                if let (Some(last), false) = (segments.last_mut(), piece.is_empty()) {
                    last.parts.push(TemplatePart::Literal(piece.to_owned()));
                }
            }
        }
        if segments.len() < 6 {
            if !template.ends_in_any() {
                return Self::Nothing;
            }
            segments.resize(6, Template::any());
        }
        match <[Template; 6]>::try_from(segments) {
            Ok(segments) => Self::Segments(segments),
            Err(_) => Self::Nothing,
        }
    }

    /// Whether the segments of an ARN match.
    pub fn matches(&self, arn: &[&str; 6]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Segments(patterns) => patterns.iter().zip(arn).all(|(p, s)| p.matches(s)),
        }
    }
}

impl std::fmt::Display for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = NAMES.iter().find(|(_, test, negated)| *test == self.test && *negated == self.negated);
        let prefix = match self.set {
            SetPrefix::None => "",
            SetPrefix::Any => "ForAnyValue:",
            SetPrefix::All => "ForAllValues:",
        };
        let suffix = if self.if_exists { "IfExists" } else { "" };
        write!(f, "{prefix}{}{suffix}", name.map_or("", |(n, _, _)| n))
    }
}

#[cfg(test)]
mod tests {
    use super::super::template::Syntax;
    use super::*;

    fn arn(pattern: &str, text: &str) -> bool {
        let template = Template::parse(pattern, Syntax { wildcards: true, variables: true }).unwrap();
        Test::Arn.matches(text, &template)
    }

    #[test]
    fn reads_prefixes_and_suffixes() {
        let operator = Operator::parse("forallvalues:StringNotLikeIfExists").unwrap();
        assert_eq!(operator.to_string(), "ForAllValues:StringNotLikeIfExists");
        assert!(operator.negated && operator.if_exists);
        for name in ["StringMatches", "ForSomeValue:StringLike", "NullIfExists", "ForAnyValue:NullIfExists", ""] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }

    #[test]
    fn every_name_reads_back() {
        for name in names() {
            let operator = Operator::parse(name).unwrap();
            let shown = operator.to_string();
            assert_eq!(Operator::parse(&shown), Some(operator), "{name}");
        }
    }

    #[test]
    fn d25_a_star_stays_in_its_segment() {
        let report = "arn:aws:artifact:us-east-1::report/report-X:1";
        assert!(arn("arn:aws:artifact:us-east-1::report/*", report));
        assert!(!arn("arn:aws:artifact:us-east-1::report/report-X", report));
        assert!(arn("arn:aws:artifact:*::report/*:1", report));
        assert!(arn("arn:aws:artifact:*", report));
        assert!(!arn("arn:aws:artifact", report));
        assert!(!arn("arn:*:report/report-X:1", report));
        assert!(arn("*", report));
        assert!(!arn("arn:aws:iam:::role/*", "arn:aws:iam::111122223333:role/a"));
    }
}
