//! The classes of strings that a set of patterns distinguishes, each with a shortest member.
//!
//! Each pattern is a small automaton; a breadth-first walk over their product meets every combination of patterns that
//! some string matches, and no other. It is exact, or gives up at a stated size.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::iam::operator::{ArnPattern, Operator, Test};
use crate::iam::template::{Template, TemplatePart};

/// More states than this, and the walk gives up.
const MAX_STATES: usize = 20_000;

/// A token of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// This character.
    Char(char),
    /// Any character; `false`: but a colon.
    One(bool),
    /// Any characters; `false`: but colons.
    Any(bool),
    /// A digit.
    Digit,
    /// A character of a name: neither a colon nor a slash.
    OneOfName,
    /// Any characters of a name.
    Name,
}

/// A piece of a pattern that is put together of several.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'t> {
    /// This text.
    Text(&'t str),
    /// What a template matches, within one name.
    Within(&'t Template),
    /// The number of an account.
    Account,
    /// One name or more, with slashes between them, which ends in a name.
    Path,
    /// A name.
    Name,
    /// Names, each with a slash behind it; or nothing.
    Folders,
    /// Anything, colons included.
    Rest,
}

impl Token {
    /// It stands for any number of characters.
    fn repeats(self) -> bool {
        matches!(self, Self::Any(_) | Self::Name)
    }
}

/// A token that reads one name only.
fn within_name(token: Token) -> Token {
    match token {
        Token::Any(_) => Token::Name,
        Token::One(_) => Token::OneOfName,
        token => token,
    }
}

/// A pattern over whole strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    tokens: Vec<Token>,
    ignore_case: bool,
}

/// A class of strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// A shortest member.
    pub member: String,
    /// Which of the patterns its members match.
    pub matches: Vec<bool>,
}

impl Pattern {
    /// The strings that pass an operator's test against one value, as a pattern; `None` for tests that do not read
    /// strings, and for values that nothing matches.
    pub fn of(operator: Operator, value: &Template) -> Option<Self> {
        match operator.test {
            Test::StringEquals | Test::Binary => Some(Self::literal(value.as_literal()?, false)),
            Test::StringEqualsIgnoreCase | Test::Bool => Some(Self::literal(value.as_literal()?, true)),
            Test::StringLike => Some(Self::glob(value)),
            Test::Arn => Self::arn(value),
            Test::Numeric(_) | Test::Date(_) | Test::Ip | Test::Null => None,
        }
    }

    /// One string.
    pub fn literal(text: &str, ignore_case: bool) -> Self {
        Self { tokens: text.chars().map(Token::Char).collect(), ignore_case }
    }

    /// It matches more than one string.
    pub fn is_open(&self) -> bool {
        self.ignore_case || self.tokens.iter().any(|t| !matches!(t, Token::Char(_)))
    }

    /// The actions of a service, or of any: a name of each, without further colons.
    pub fn action(service: Option<&str>) -> Self {
        let name = [Token::One(false), Token::Any(false)];
        let mut tokens: Vec<Token> = match service {
            Some(service) => service.chars().map(Token::Char).collect(),
            None => name.to_vec(),
        };
        tokens.push(Token::Char(':'));
        tokens.extend(name);
        Self { tokens, ignore_case: false }
    }

    /// A pattern of these pieces, one after the other.
    pub fn of_pieces(pieces: &[Piece<'_>]) -> Self {
        let mut tokens = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => tokens.extend(text.chars().map(Token::Char)),
                Piece::Within(template) => tokens.extend(self::tokens(template, false).into_iter().map(within_name)),
                Piece::Account => tokens.extend([Token::Digit; 12]),
                Piece::Path => tokens.extend([Token::Any(false), Token::OneOfName]),
                Piece::Name => tokens.extend([Token::OneOfName, Token::Name]),
                Piece::Folders => tokens.extend([Token::Any(false), Token::Char('/')]),
                Piece::Rest => tokens.push(Token::Any(true)),
            }
        }
        Self { tokens, ignore_case: false }
    }

    /// The ARNs that a pattern for resources matches where a `*` that ends a segment crosses colons (D25). `segments` are what
    /// its colons part, the sixth with all that is left.
    pub fn crossing(segments: &[Template]) -> Self {
        let mut all = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            if index > 0 {
                all.push(Token::Char(':'));
            }
            let of_segment = tokens(segment, index >= 5);
            let last = of_segment.len();
            let crosses = |(at, token): (usize, Token)| match token {
                Token::Any(_) if at + 1 == last => Token::Any(true),
                token => token,
            };
            all.extend(of_segment.into_iter().enumerate().map(crosses));
        }
        Self { tokens: all, ignore_case: false }
    }

    /// Every ARN: it has a partition, a service and a resource.
    pub fn any_arn() -> Self {
        let (some, any) = ([Token::One(false), Token::Any(false)], [Token::Any(false)]);
        let segments: [&[Token]; 5] = [&some, &some, &any, &any, &[Token::One(true), Token::Any(true)]];
        let mut all: Vec<Token> = "arn".chars().map(Token::Char).collect();
        for segment in segments {
            all.push(Token::Char(':'));
            all.extend(segment);
        }
        Self { tokens: all, ignore_case: false }
    }

    /// The same in any case.
    #[must_use]
    pub fn in_any_case(self) -> Self {
        Self { ignore_case: true, ..self }
    }

    /// Whether a text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.is_end(&text.chars().fold(self.start(), |at, c| self.step(&at, c)))
    }

    /// A pattern whose `*` crosses everything.
    pub fn glob(template: &Template) -> Self {
        Self { tokens: tokens(template, true), ignore_case: false }
    }

    fn arn(value: &Template) -> Option<Self> {
        let ArnPattern::Segments(segments) = ArnPattern::new(value) else {
            return None;
        };
        let mut all: Vec<Token> = "arn".chars().map(Token::Char).collect();
        if !segments.first()?.matches("arn") {
            return None;
        }
        for (index, segment) in segments.iter().enumerate().skip(1) {
            all.push(Token::Char(':'));
            all.extend(tokens(segment, index == 5));
        }
        Some(Self { tokens: all, ignore_case: false })
    }

    fn accepts(&self, token: Token, c: char) -> bool {
        match token {
            Token::Char(expected) if self.ignore_case => expected.eq_ignore_ascii_case(&c),
            Token::Char(expected) => expected == c,
            Token::One(colons) | Token::Any(colons) => colons || c != ':',
            Token::Digit => c.is_ascii_digit(),
            Token::OneOfName | Token::Name => c != ':' && c != '/',
        }
    }

    /// The positions reachable from `at` without reading: past every `*`.
    fn closure(&self, at: &mut Vec<usize>) {
        let mut index = 0;
        while let Some(position) = at.get(index).copied() {
            if self.tokens.get(position).is_some_and(|t| t.repeats()) && !at.contains(&(position + 1)) {
                at.push(position + 1);
            }
            index += 1;
        }
        at.sort_unstable();
        at.dedup();
    }

    fn start(&self) -> Vec<usize> {
        let mut at = vec![0];
        self.closure(&mut at);
        at
    }

    fn step(&self, at: &[usize], c: char) -> Vec<usize> {
        let mut next = Vec::new();
        for position in at {
            if let Some(token) = self.tokens.get(*position).filter(|t| self.accepts(**t, c)) {
                next.push(if token.repeats() { *position } else { position + 1 });
            }
        }
        self.closure(&mut next);
        next
    }

    fn is_end(&self, at: &[usize]) -> bool {
        at.contains(&self.tokens.len())
    }
}

fn tokens(template: &Template, colons: bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    for part in &template.parts {
        match part {
            TemplatePart::Literal(text) => tokens.extend(text.chars().map(Token::Char)),
            TemplatePart::One => tokens.push(Token::One(colons)),
            TemplatePart::Any => tokens.push(Token::Any(colons)),
            // substituted before; were one left, its `$` would match no value
            TemplatePart::Variable { key, .. } => tokens.extend(format!("${{{key}}}").chars().map(Token::Char)),
        }
    }
    tokens
}

/// The characters that the patterns tell apart, and one for all others.
fn alphabet(patterns: &[Pattern]) -> Vec<char> {
    let mut characters: Vec<char> = Vec::new();
    for pattern in patterns {
        for token in &pattern.tokens {
            match token {
                Token::Char(c) if pattern.ignore_case => {
                    characters.extend([c.to_ascii_lowercase(), c.to_ascii_uppercase()])
                }
                Token::Char(c) => characters.push(*c),
                Token::One(false) | Token::Any(false) => characters.push(':'),
                Token::Digit => characters.extend('0'..='9'),
                Token::OneOfName | Token::Name => characters.extend([':', '/']),
                _ => {}
            }
        }
    }
    // letters before signs, so that members look like names
    characters.sort_unstable_by_key(|c| (!c.is_ascii_alphabetic(), *c));
    characters.dedup();
    let other =
        ('a'..='z').chain('A'..='Z').chain('0'..='9').chain('\u{e000}'..='\u{f8ff}').find(|c| !characters.contains(c));
    characters.extend(other);
    characters
}

/// All classes, in the order of their shortest members; `None` where there are too many states.
pub fn classes(patterns: &[Pattern]) -> Option<Vec<Class>> {
    let alphabet = alphabet(patterns);
    let start: Vec<Vec<usize>> = patterns.iter().map(Pattern::start).collect();
    let mut seen: HashMap<Vec<Vec<usize>>, ()> = HashMap::from([(start.clone(), ())]);
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut found: BTreeMap<Vec<bool>, (usize, String)> = BTreeMap::new();
    while let Some((state, member)) = queue.pop_front() {
        let matches: Vec<bool> = patterns.iter().zip(&state).map(|(p, at)| p.is_end(at)).collect();
        let order = found.len();
        found.entry(matches).or_insert((order, member.clone()));
        for c in &alphabet {
            let next: Vec<Vec<usize>> = patterns.iter().zip(&state).map(|(p, at)| p.step(at, *c)).collect();
            if seen.insert(next.clone(), ()).is_none() {
                if seen.len() > MAX_STATES {
                    return None;
                }
                queue.push_back((next, format!("{member}{c}")));
            }
        }
    }
    let mut classes: Vec<_> = found.into_iter().collect();
    classes.sort_by_key(|(_, (order, _))| *order);
    Some(classes.into_iter().map(|(matches, (_, member))| Class { member, matches }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::template::Syntax;

    fn pattern(operator: &str, text: &str) -> Pattern {
        let operator = Operator::parse(operator).unwrap();
        let syntax = Syntax { wildcards: operator.has_wildcards(), variables: true };
        Pattern::of(operator, &Template::parse(text, syntax).unwrap()).unwrap()
    }

    #[test]
    fn overlapping_patterns_have_their_common_strings() {
        let classes = classes(&[pattern("StringLike", "a*"), pattern("StringLike", "*b")]).unwrap();
        let found: Vec<_> = classes.iter().map(|c| (c.member.as_str(), c.matches.clone())).collect();
        assert_eq!(
            found,
            [("", vec![false, false]), ("a", vec![true, false]), ("b", vec![false, true]), ("ab", vec![true, true])]
        );
    }

    #[test]
    fn equal_patterns_are_one_class_less() {
        let found = classes(&[pattern("StringEquals", "Ab"), pattern("StringEqualsIgnoreCase", "ab")]).unwrap();
        assert_eq!(found.len(), 3, "{found:?}: none, another case, both");
    }

    #[test]
    fn a_star_of_an_arn_stops_at_colons() {
        let arn = pattern("ArnLike", "arn:aws:iam::*:role/*");
        let found = classes(&[arn.clone(), pattern("StringLike", "arn:aws:iam::*:role/*")]).unwrap();
        assert!(found.iter().all(|c| c.matches != [true, false]), "every string of the ARN pattern matches the other");
        assert!(found.iter().any(|c| c.matches == [false, true]));
    }
}
