//! Representatives of the values of an unknown key: one for each class of values that the policies tell apart.
//!
//! The same answer under all of them is the answer for every value that the key may have.

use super::context::KeyValue;
use super::knowledge::Known;
use super::partial_arn::{ANY_ACCOUNT, AccountInText, arn_in};
use crate::aws::keys::Nature;
use crate::aws::keys::values::SUCH_AS;
use crate::iam::minterms::{self, Pattern};
use crate::iam::operator::{Operator, SetPrefix, Test};
use crate::iam::template::Template;
use crate::iam::value::{self, Network, SCALE};

/// A value that stands for its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The value; `None` for an absent key.
    pub value: Option<KeyValue>,
    /// The class, in words, and where these are not the value itself, with it: `less than 3600 (such as 3599)`.
    pub label: String,
}

/// Whether a label is of a class that no text stands for: a list without values, or of any.
pub fn is_pastable(label: &str) -> bool {
    label != EMPTY && label != LIST
}

const EMPTY: &str = "(empty)";
const LIST: &str = "a list";

/// A class with a value of it.
fn such_as(words: &str, value: &str) -> String {
    if words == value { words.to_owned() } else { format!("{words}{SUCH_AS}{value})") }
}

/// How a policy reads an unknown key: an operator and its values, without variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The operator.
    pub operator: Operator,
    /// The values.
    pub values: Vec<Template>,
}

/// Sets of more element classes than this are too many.
const MAX_SET_CLASSES: usize = 6;

/// The representatives of a key, absence first; `None` where there are too many, or where its uses do not fit together.
pub fn candidates(uses: &[Use], known: Option<&Known>, nature: Nature) -> Option<Vec<Candidate>> {
    if let Some(Known::OneOf(values)) = known {
        let one = |(value, label): &(KeyValue, String)| Candidate { value: Some(value.clone()), label: label.clone() };
        return Some(values.iter().map(one).collect());
    }
    let compared = || uses.iter().filter(|u| u.operator.test != Test::Null);
    let pairs = || compared().flat_map(|u| u.values.iter().map(move |v| (u.operator, v)));
    let family = family(uses)?;
    if let (Some(Known::OfForm(form) | Known::ManyOfForm(form)), true) = (known, family != FamilyOf::Text) {
        // no id and no path is a number, a moment or an address
        let sample = form.samples().next().unwrap_or_default().to_owned();
        let list = matches!(known, Some(Known::ManyOfForm(_)));
        let value = if list { KeyValue::Many(vec![sample.clone()]) } else { KeyValue::One(sample.clone()) };
        return Some(vec![Candidate { value: Some(value), label: such_as("any value", &sample) }]);
    }
    let mut values = match family {
        FamilyOf::Text => texts(pairs(), known, nature)?,
        FamilyOf::Number => {
            // a bound that is too fine to have a middle beside it is too much
            let numbers: Vec<_> = pairs().filter_map(|(_, v)| value::number(v.as_literal()?)).collect();
            let bounds: Vec<i64> = numbers.iter().map(value::Number::scaled).collect::<Option<_>>()?;
            points(bounds.into_iter(), SCALE, value::decimal, plain)
        }
        FamilyOf::Date => {
            points(pairs().filter_map(|(_, v)| value::date(v.as_literal()?)), 1000, value::datetime, value::datetime)
        }
        FamilyOf::Ip => addresses(pairs().filter_map(|(_, v)| value::network(v.as_literal()?))),
    };
    if family != FamilyOf::Text && !nature.typed {
        values.push(("x".to_owned(), "any other value".to_owned()));
    }
    // a number is written without the zeros of its decimals
    let written = |text: &str| match (family, value::number(text).and_then(|n| n.scaled())) {
        (FamilyOf::Number, Some(scaled)) => plain(scaled),
        _ => text.to_owned(),
    };
    let one = |(text, label): &(String, String)| {
        let label = such_as(label, &written(text));
        Candidate { value: Some(KeyValue::One(text.clone())), label }
    };
    let many = |texts: Vec<String>, label: String| Candidate { value: Some(KeyValue::Many(texts)), label };
    let several = |texts: Vec<String>, label: String| {
        let written: Vec<String> = texts.iter().map(|t| written(t)).collect();
        let label = match written.as_slice() {
            [] => label,
            [only] => such_as(&label, only),
            _ => such_as(&label, &serde_json::json!(written).to_string()),
        };
        many(texts, label)
    };
    match known {
        Some(Known::Like(_) | Known::OfForm(_) | Known::Present) => return Some(values.iter().map(one).collect()),
        Some(Known::ManyOfForm(_)) => {
            return Some(values.into_iter().map(|(t, l)| several(vec![t], l)).collect());
        }
        _ => {}
    }
    let mut candidates = vec![Candidate { value: None, label: "(absent)".to_owned() }];
    let sets = uses.iter().any(|u| u.operator.set != SetPrefix::None);
    if !sets {
        candidates.extend(values.iter().map(one));
        if !nature.single && compared().next().is_some() {
            // which no operator without a set prefix matches
            candidates.push(many(Vec::new(), LIST.to_owned()));
        }
        return Some(candidates);
    }
    if uses.iter().any(|u| u.operator.set == SetPrefix::None && u.operator.test != Test::Null) {
        candidates.extend(values.iter().map(one));
    }
    if values.len() > MAX_SET_CLASSES {
        return None;
    }
    for subset in 0..1_usize << values.len() {
        let chosen: Vec<_> =
            values.iter().enumerate().filter(|(i, _)| subset >> i & 1 == 1).map(|(_, v)| v.clone()).collect();
        let label = chosen.iter().map(|(_, l)| l.as_str()).collect::<Vec<_>>().join(" and ");
        let label = if label.is_empty() { EMPTY.to_owned() } else { label };
        candidates.push(several(chosen.into_iter().map(|(t, _)| t).collect(), label));
    }
    Some(candidates)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FamilyOf {
    Text,
    Number,
    Date,
    Ip,
}

/// The one family of operators that reads the key; `None` where there are several, whose classes would have to be joined.
fn family(uses: &[Use]) -> Option<FamilyOf> {
    let mut families = uses.iter().filter_map(|u| match u.operator.test {
        Test::Null => None,
        Test::Numeric(_) => Some(FamilyOf::Number),
        Test::Date(_) => Some(FamilyOf::Date),
        Test::Ip => Some(FamilyOf::Ip),
        _ => Some(FamilyOf::Text),
    });
    let first = families.next().unwrap_or(FamilyOf::Text);
    families.all(|f| f == first).then_some(first)
}

/// A member of each class of strings, and the class in words.
fn texts<'a>(
    pairs: impl Iterator<Item = (Operator, &'a Template)>,
    known: Option<&Known>,
    nature: Nature,
) -> Option<Vec<(String, String)>> {
    let compared: Vec<(Operator, &Template)> = pairs.collect();
    let (mut patterns, mut shown) = (Vec::new(), Vec::new());
    let mut boolean = nature.boolean;
    for (operator, template) in compared.iter().copied() {
        boolean &= operator.test == Test::Bool;
        if let Some(pattern) = Pattern::of(operator, template)
            && !patterns.contains(&pattern)
        {
            patterns.push(pattern);
            shown.push(template.as_literal().map_or_else(|| template.to_string(), str::to_owned));
        }
    }
    // a pattern that is written as a text that another operator compares with is told apart from it
    let repeated: Vec<bool> = shown.iter().map(|s| shown.iter().filter(|other| *other == s).count() > 1).collect();
    for ((text, pattern), _) in shown.iter_mut().zip(&patterns).zip(&repeated).filter(|(_, repeated)| **repeated) {
        if pattern.is_open() {
            *text = format!("a match of {text}");
        }
    }
    // members do not depend on an account's number that no pattern can tell from others
    let sees = || AccountInText::of(compared.iter().map(|(_, template)| *template));
    let any_account = match known {
        Some(Known::Like(arn)) => sees().passes_over(arn.account()).then(|| arn.in_account(ANY_ACCOUNT)),
        _ => None,
    };
    let required: Vec<Pattern> = match known {
        Some(Known::Like(arn)) => any_account.as_ref().unwrap_or(arn).patterns(),
        Some(Known::OfForm(form) | Known::ManyOfForm(form)) => form.patterns(),
        _ => Vec::new(),
    };
    let of_form: Vec<&str> = match known {
        Some(Known::OfForm(form) | Known::ManyOfForm(form)) => form.samples().collect(),
        _ => Vec::new(),
    };
    if shown.is_empty() && required.is_empty() {
        let sample = nature.samples.first().copied().unwrap_or("x");
        return Some(vec![(sample.to_owned(), "any value".to_owned())]);
    }
    if boolean && required.is_empty() {
        // a Boolean key is true or false where it is present
        return Some(["true", "false"].map(|b| (b.to_owned(), b.to_owned())).to_vec());
    }
    let classes = minterms::classes_of(&patterns, &required)?;
    Some(
        classes
            .iter()
            .map(|class| {
                let matched: Vec<&str> =
                    class.matches.iter().zip(&shown).filter(|(m, _)| **m).map(|(_, s)| s.as_str()).collect();
                let label = if matched.is_empty() { "any other value".to_owned() } else { matched.join(" and ") };
                // what names the class, else a value that the key can have, if one of the samples is of the class
                let of_class = |text: &&str| patterns.iter().map(|p| p.matches(text)).eq(class.matches.iter().copied());
                let samples = of_form.iter().copied().chain(nature.samples.iter().copied()).chain(["x"]);
                let literal = |text: &&str| matched.len() == 1 && !text.contains(['*', '?']);
                let named = matched.first().copied().filter(literal);
                let of_known = |text: &&str| required.is_empty() || required.iter().any(|p| p.matches(text));
                let sample = named.into_iter().chain(samples).filter(of_known).find(of_class);
                let member = sample.map_or_else(|| class.member.clone(), str::to_owned);
                let member = match known {
                    Some(Known::Like(arn)) => arn.in_known_region(member, |text| of_class(&text)),
                    _ => member,
                };
                let member = match (known, &any_account) {
                    (Some(Known::Like(arn)), Some(_)) => arn_in(&member, ANY_ACCOUNT, arn.account()).unwrap_or(member),
                    _ => member,
                };
                (member, label)
            })
            .collect(),
    )
}

/// Each bound, and a point in each gap around them.
fn points(
    bounds: impl Iterator<Item = i64>,
    unit: i64,
    text: impl Fn(i64) -> String,
    label: impl Fn(i64) -> String,
) -> Vec<(String, String)> {
    let mut bounds: Vec<i64> = bounds.collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut points = Vec::new();
    let (Some(first), Some(last)) = (bounds.first().copied(), bounds.last().copied()) else {
        return vec![(text(0), "any value".to_owned())];
    };
    points.push((first.saturating_sub(unit), format!("less than {}", label(first))));
    for pair in bounds.windows(2) {
        if let [low, high] = pair {
            points.push((*low, label(*low)));
            let middle = low.saturating_add(high.saturating_sub(*low) / 2);
            if middle > *low {
                points.push((middle, format!("between {} and {}", label(*low), label(*high))));
            }
        }
    }
    points.push((last, label(last)));
    points.push((last.saturating_add(unit), format!("more than {}", label(last))));
    points.into_iter().map(|(p, l)| (text(p), l)).collect()
}

/// A number without the zeros of its decimals.
fn plain(scaled: i64) -> String {
    let text = value::decimal(scaled);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The first address of each stretch between the bounds of the ranges, in both families.
fn addresses(networks: impl Iterator<Item = Network>) -> Vec<(String, String)> {
    let networks: Vec<Network> = networks.collect();
    let mut found = Vec::new();
    for v4 in [true, false] {
        let of_family: Vec<&Network> = networks.iter().filter(|n| n.address.is_ipv4() == v4).collect();
        let mut starts = vec![0];
        for network in &of_family {
            let (low, high) = network.bounds();
            starts.push(low);
            starts.extend(high.checked_add(1).filter(|h| !v4 || *h <= u128::from(u32::MAX)));
        }
        starts.sort_unstable();
        starts.dedup();
        for start in starts {
            let address: std::net::IpAddr = match u32::try_from(start) {
                Ok(small) if v4 => std::net::Ipv4Addr::from(small).into(),
                _ => std::net::Ipv6Addr::from(start).into(),
            };
            let narrowest = of_family.iter().filter(|n| n.contains(address)).max_by_key(|n| n.prefix);
            let other = if v4 { "any other IPv4 address" } else { "any other IPv6 address" };
            let label = narrowest.map_or(other.to_owned(), |n| format!("{}/{}", n.address, n.prefix));
            found.push((address.to_string(), label));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::template::Syntax;
    use crate::permissions::partial_arn::{PartialArn, example_in};

    const NATURE: Nature = Nature { single: true, boolean: true, typed: true, samples: &[] };

    fn uses(list: &[(&str, &[&str])]) -> Vec<Use> {
        list.iter()
            .map(|(operator, values)| {
                let operator = Operator::parse(operator).unwrap();
                let syntax = Syntax { wildcards: operator.has_wildcards(), variables: true };
                Use { operator, values: values.iter().map(|v| Template::parse(v, syntax).unwrap()).collect() }
            })
            .collect()
    }

    fn labels(list: &[(&str, &[&str])]) -> Vec<String> {
        candidates(&uses(list), None, NATURE).unwrap().into_iter().map(|c| c.label).collect()
    }

    #[test]
    fn one_for_each_class() {
        assert_eq!(labels(&[("Bool", &["true"])]), ["(absent)", "true", "false"]);
        assert_eq!(
            labels(&[("NumericLessThan", &["3600"])]),
            ["(absent)", "less than 3600 (such as 3599)", "3600", "more than 3600 (such as 3601)"]
        );
        let ip = labels(&[("IpAddress", &["10.0.0.0/8", "10.1.0.0/16"])]);
        assert_eq!(
            ip,
            [
                "(absent)",
                "any other IPv4 address (such as 0.0.0.0)",
                "10.0.0.0/8 (such as 10.0.0.0)",
                "10.1.0.0/16 (such as 10.1.0.0)",
                "10.0.0.0/8 (such as 10.2.0.0)",
                "any other IPv4 address (such as 11.0.0.0)",
                "any other IPv6 address (such as ::)"
            ]
        );
        let alike = labels(&[("StringLike", &["v-?"]), ("StringEquals", &["v-?"])]);
        assert_eq!(
            alike,
            [
                "(absent)",
                "any other value (such as x)",
                "a match of v-? (such as v-v)",
                "a match of v-? and v-? (such as v-?)"
            ]
        );
        assert_eq!(labels(&[("StringEquals", &["a"])]), ["(absent)", "any other value (such as x)", "a"]);
    }

    #[test]
    fn a_key_of_which_nothing_is_known_may_be_a_list() {
        let found = candidates(&uses(&[("StringNotEquals", &["a"])]), None, Nature::default()).unwrap();
        let labels: Vec<_> = found.iter().map(|c| c.label.as_str()).collect();
        assert_eq!(labels, ["(absent)", "any other value (such as x)", "a", "a list"]);
    }

    #[test]
    fn what_is_not_known_to_be_boolean_may_be_anything() {
        let found = candidates(&uses(&[("Bool", &["true"])]), None, Nature::default()).unwrap();
        let labels: Vec<_> = found.iter().map(|c| c.label.as_str()).collect();
        assert_eq!(labels, ["(absent)", "any other value (such as x)", "true", "a list"]);
        let found = candidates(&uses(&[("NotIpAddress", &["::/0", "0.0.0.0/0"])]), None, Nature::default()).unwrap();
        assert!(found.iter().any(|c| c.label == "any other value (such as x)"), "no address at all: {found:?}");
    }

    #[test]
    fn sets_have_all_subsets() {
        let found = labels(&[("ForAnyValue:StringEquals", &["a"])]);
        assert_eq!(
            found,
            [
                "(absent)",
                "(empty)",
                "any other value (such as x)",
                "a",
                "any other value and a (such as [\"x\",\"a\"])"
            ]
        );
    }

    #[test]
    fn operators_of_different_families_do_not_fit() {
        assert_eq!(candidates(&uses(&[("StringEquals", &["1"]), ("NumericEquals", &["1"])]), None, NATURE), None);
    }

    #[test]
    fn what_is_partly_known_stays_in_its_pattern() {
        let like = Known::Like(PartialArn::of_set("aws", "111122223333", "role/AWSReservedSSO_A_"));
        let role = "arn:aws:iam::111122223333:role/*AWSReservedSSO_*";
        for never in ["arn:aws:iam::111122223333:user/x", "arn:aws:iam::*:root", "arn:aws:iam::*/x"] {
            let uses = uses(&[("StringLike", &[role, never])]);
            let found = candidates(&uses, Some(&like), NATURE).unwrap();
            assert_eq!(found.len(), 1, "{found:?}: never absent, never {never}");
        }
    }

    #[test]
    fn examples_of_two_accounts_differ_in_the_account_alone() {
        let of = |account: &str, pattern: &str| {
            let like = Known::Like(PartialArn::of_set("aws", account, "role/AWSReservedSSO_A_"));
            candidates(&uses(&[("StringLike", &[pattern])]), Some(&like), NATURE).unwrap()
        };
        let labels = |account: &str, pattern: &str| -> Vec<String> {
            of(account, pattern).iter().map(|c| example_in(&c.label, account, "{account}")).collect()
        };
        let (one, other) = ("123456789012", "999999999999");
        assert_eq!(labels(one, "*_A_?a7*"), labels(other, "*_A_?a7*"));
        assert_eq!(labels(one, "*_A_?a7*").len(), 2);
        assert_ne!(labels(one, "*:1*_A_?a7*"), labels(other, "*:1*_A_?a7*"), "the pattern looks into the number");
        let values = of(one, "*_A_?a7*").into_iter().filter_map(|c| c.value);
        let own = values.filter(|v| v.single().is_some_and(|v| v.starts_with(&format!("arn:aws:iam::{one}:role/"))));
        assert_eq!(own.count(), 2, "what is asked has the account's own number");
    }
}
