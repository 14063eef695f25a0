//! The classes of strings that a set of patterns distinguishes, each with a shortest member.
//!
//! Each pattern is a small automaton; a breadth-first walk over their product meets every combination of patterns that
//! some string matches, and no other. It is exact, or gives up at a stated size.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::iam::operator::{ArnPattern, Operator, Test};
use crate::iam::template::{Template, TemplatePart};

/// More states than this, and the walk gives up.
const MAX_STATES: usize = 20_000;

/// A token of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// A hexadecimal digit, in lower case.
    Hex,
    /// A letter in lower case.
    Lower,
    /// Any letters in lower case, and hyphens.
    Words,
    /// A letter or digit of this alphabet.
    Of(Letters),
    /// Any of them.
    AllOf(Letters),
}

/// What ids and names are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Letters {
    /// Letters and digits.
    Id,
    /// Digits and letters in lower case.
    LowerId,
    /// Letters, digits and `_+=,.@-`.
    Session,
}

impl Letters {
    fn has(self, c: char) -> bool {
        match self {
            Self::Id => c.is_ascii_alphanumeric(),
            Self::LowerId => c.is_ascii_digit() || c.is_ascii_lowercase(),
            Self::Session => c.is_ascii_alphanumeric() || "_+=,.@-".contains(c),
        }
    }

    fn all(self) -> Vec<char> {
        (' '..='~').filter(|c| self.has(*c)).collect()
    }
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
    /// The name of a Region, by its form: `eu-west-1`.
    Region,
    /// What ends the name of a permission set's role: sixteen hexadecimal digits.
    Suffix,
    /// What an id is made of: letters and digits, at least one.
    Id,
    /// What is told of the root of an organization in its id: at least four digits and letters in lower case.
    RootId,
    /// The name of a session of a role: at least two letters, digits and signs (`RoleSessionName` of `sts:AssumeRole`).
    SessionName,
}

impl Token {
    /// It stands for any number of characters.
    fn repeats(self) -> bool {
        matches!(self, Self::Any(_) | Self::Name | Self::Words | Self::AllOf(_))
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
                Piece::Region => {
                    tokens.extend([Token::Lower, Token::Lower, Token::Words, Token::Char('-'), Token::Digit]);
                }
                Piece::Suffix => tokens.extend([Token::Hex; 16]),
                Piece::Id => tokens.extend([Token::Of(Letters::Id), Token::AllOf(Letters::Id)]),
                Piece::RootId => {
                    tokens.extend([Token::Of(Letters::LowerId); 4]);
                    tokens.push(Token::AllOf(Letters::LowerId));
                }
                Piece::SessionName => {
                    tokens.extend([Token::Of(Letters::Session); 2]);
                    tokens.push(Token::AllOf(Letters::Session));
                }
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

    /// The ARNs that a pattern for resources matches: a `*` stays in its segment, but for the last.
    pub fn arn_of(segments: &[Template]) -> Self {
        let mut all = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            if index > 0 {
                all.push(Token::Char(':'));
            }
            all.extend(tokens(segment, index >= 5));
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
        let mut automaton = Automaton::new(self);
        let end = text.chars().fold(0, |at, c| automaton.step(at, c));
        automaton.is_end(end)
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
}

impl Pattern {
    fn accepts(&self, token: Token, c: char) -> bool {
        match token {
            Token::Char(expected) if self.ignore_case => expected.eq_ignore_ascii_case(&c),
            Token::Char(expected) => expected == c,
            Token::One(colons) | Token::Any(colons) => colons || c != ':',
            Token::Digit => c.is_ascii_digit(),
            Token::OneOfName | Token::Name => c != ':' && c != '/',
            Token::Hex => matches!(c, '0'..='9' | 'a'..='f'),
            Token::Lower => c.is_ascii_lowercase(),
            Token::Words => c.is_ascii_lowercase() || c == '-',
            Token::Of(letters) | Token::AllOf(letters) => letters.has(c),
        }
    }

    /// The characters that a token tells apart from all others.
    fn told_apart(&self, token: Token) -> Vec<char> {
        match token {
            Token::Char(c) if self.ignore_case => vec![c.to_ascii_lowercase(), c.to_ascii_uppercase()],
            Token::Char(c) => vec![c],
            Token::One(false) | Token::Any(false) => vec![':'],
            Token::Digit => ('0'..='9').collect(),
            Token::OneOfName | Token::Name => vec![':', '/'],
            Token::Hex => ('0'..='9').chain('a'..='f').collect(),
            Token::Lower => ('a'..='z').collect(),
            Token::Words => ('a'..='z').chain(['-']).collect(),
            Token::Of(letters) | Token::AllOf(letters) => letters.all(),
            Token::One(true) | Token::Any(true) => Vec::new(),
        }
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
fn alphabet(patterns: &[&Pattern]) -> Vec<char> {
    let of = |p: &&Pattern| p.tokens.iter().flat_map(|t| p.told_apart(*t)).collect::<Vec<char>>();
    let mut characters: Vec<char> = patterns.iter().flat_map(of).collect();
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
    walked(patterns, &[])
}

/// The classes of the strings that match one of `required`, by `patterns`; of all strings where nothing is required.
///
/// They depend on nothing else, and most principals are asked about under the patterns of others: they are computed once.
pub fn classes_of(patterns: &[Pattern], required: &[Pattern]) -> Option<Rc<[Class]>> {
    type Known = HashMap<(Vec<Pattern>, Vec<Pattern>), Option<Rc<[Class]>>>;
    thread_local! {
        static KNOWN: RefCell<Known> = RefCell::default();
    }
    /// So many are remembered.
    const REMEMBERED: usize = 1024;
    let asked = (patterns.to_vec(), required.to_vec());
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&asked).cloned()) {
        return known;
    }
    let found = walked(patterns, required).map(Rc::from);
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(asked, found.clone());
    });
    found
}

/// The same, found anew. What no required pattern can match any more is not walked: a name of which only the end is unknown costs its length.
fn walked(patterns: &[Pattern], required: &[Pattern]) -> Option<Vec<Class>> {
    let all: Vec<&Pattern> = patterns.iter().chain(required).collect();
    let mut walk = Walk::new(&all, patterns.len());
    let mut found: HashMap<Vec<bool>, usize> = HashMap::new();
    let mut classes = Vec::new();
    let mut next = 0;
    while let Some(state) = walk.states.get(next).cloned() {
        if walk.is_possible(&state, false) {
            let matches = walk.matches(&state);
            if !found.contains_key(&matches) {
                found.insert(matches.clone(), classes.len());
                classes.push(Class { member: walk.member(next), matches });
            }
        }
        walk.expand(next, &state)?;
        next += 1;
    }
    Some(classes)
}

/// A walk over the product of the automata, the shortest strings first.
struct Walk<'p> {
    automata: Vec<Automaton<'p>>,
    /// The patterns from here on are required.
    required_from: usize,
    alphabet: Vec<char>,
    /// For each state reached, a state of each automaton.
    states: Vec<Arc<[usize]>>,
    seen: HashSet<Arc<[usize]>>,
    /// From which state, and by which character, each was reached first.
    reached: Vec<Option<(usize, char)>>,
}

impl<'p> Walk<'p> {
    fn new(patterns: &[&'p Pattern], required_from: usize) -> Self {
        let automata: Vec<_> = patterns.iter().map(|p| Automaton::new(p)).collect();
        let start: Arc<[usize]> = automata.iter().map(|_| 0).collect();
        Self {
            automata,
            required_from,
            alphabet: alphabet(patterns),
            seen: HashSet::from([start.clone()]),
            states: vec![start],
            reached: vec![None],
        }
    }

    /// Whether a required pattern matches here; or, where it need only be `within_reach`, may match further on.
    fn is_possible(&self, state: &[usize], within_reach: bool) -> bool {
        let mut required = self.automata.iter().zip(state).skip(self.required_from).peekable();
        required.peek().is_none() || required.any(|(a, at)| if within_reach { !a.is_dead(*at) } else { a.is_end(*at) })
    }

    fn matches(&self, state: &[usize]) -> Vec<bool> {
        self.automata.iter().zip(state).take(self.required_from).map(|(a, at)| a.is_end(*at)).collect()
    }

    /// The states after one more character. `None` beyond the limit.
    fn expand(&mut self, from: usize, state: &[usize]) -> Option<()> {
        for c in self.tried(state) {
            let next: Arc<[usize]> = self.automata.iter_mut().zip(state).map(|(a, at)| a.step(*at, c)).collect();
            if self.seen.contains(&next) || !self.is_possible(&next, true) {
                continue;
            }
            self.seen.insert(next.clone());
            self.states.push(next);
            self.reached.push(Some((from, c)));
            if self.states.len() > MAX_STATES {
                return None;
            }
        }
        Some(())
    }

    /// The characters that lead to different states: those that some automaton tells apart here, and the first of the others.
    fn tried(&self, state: &[usize]) -> Vec<char> {
        let told: BTreeSet<char> =
            self.automata.iter().zip(state).flat_map(|(a, at)| a.told_apart(*at)).copied().collect();
        let mut others = false;
        let mut first_of_others = |c: &char| !told.contains(c) && !std::mem::replace(&mut others, true);
        self.alphabet.iter().copied().filter(|c| told.contains(c) || first_of_others(c)).collect()
    }

    /// The string by which a state was reached first: a shortest one.
    fn member(&self, mut state: usize) -> String {
        let mut characters = Vec::new();
        while let Some(Some((from, c))) = self.reached.get(state) {
            characters.push(*c);
            state = *from;
        }
        characters.iter().rev().collect()
    }
}

/// A pattern as a deterministic automaton, made as far as it is walked.
struct Automaton<'p> {
    pattern: &'p Pattern,
    states: Vec<State>,
    ids: HashMap<Vec<usize>, usize>,
}

/// Positions in the pattern's tokens, and what was found of them.
struct State {
    at: Vec<usize>,
    told_apart: Vec<char>,
    next: HashMap<char, usize>,
    /// After any character that is not told apart.
    otherwise: Option<usize>,
}

impl<'p> Automaton<'p> {
    fn new(pattern: &'p Pattern) -> Self {
        let mut automaton = Self { pattern, states: Vec::new(), ids: HashMap::new() };
        automaton.state(vec![0]);
        automaton
    }

    /// The state of these positions, and of those reachable from them without reading: past every `*`.
    fn state(&mut self, reached: Vec<usize>) -> usize {
        let token = |position: usize| self.pattern.tokens.get(position).copied();
        let mut at: Vec<usize> = Vec::with_capacity(reached.len());
        // they come in order, and so do those behind them: what stands for nothing, too, is passed over
        for mut position in reached {
            while at.last().is_none_or(|last| *last < position) {
                at.push(position);
                if !token(position).is_some_and(Token::repeats) {
                    break;
                }
                position += 1;
            }
        }
        // whatever may follow at an earlier place may follow at a `*` that stands for everything
        let last = at.iter().rposition(|position| token(*position) == Some(Token::Any(true)));
        at.drain(..last.unwrap_or_default());
        if let Some(id) = self.ids.get(&at) {
            return *id;
        }
        let id = self.states.len();
        let told_apart =
            at.iter().filter_map(|p| self.pattern.tokens.get(*p)).flat_map(|t| self.pattern.told_apart(*t));
        let told_apart = told_apart.collect();
        self.ids.insert(at.clone(), id);
        self.states.push(State { at, told_apart, next: HashMap::new(), otherwise: None });
        id
    }

    fn step(&mut self, from: usize, c: char) -> usize {
        let Some(state) = self.states.get(from) else {
            return from;
        };
        let apart = state.told_apart.contains(&c);
        if let Some(found) = if apart { state.next.get(&c).copied() } else { state.otherwise } {
            return found;
        }
        let mut next = Vec::new();
        for position in &state.at {
            if let Some(token) = self.pattern.tokens.get(*position).filter(|t| self.pattern.accepts(**t, c)) {
                next.push(if token.repeats() { *position } else { position + 1 });
            }
        }
        let next = self.state(next);
        if let Some(state) = self.states.get_mut(from) {
            if apart {
                state.next.insert(c, next);
            } else {
                state.otherwise = Some(next);
            }
        }
        next
    }

    fn told_apart(&self, state: usize) -> &[char] {
        self.states.get(state).map_or(&[], |s| &s.told_apart)
    }

    fn is_end(&self, state: usize) -> bool {
        self.states.get(state).is_some_and(|s| s.at.contains(&self.pattern.tokens.len()))
    }

    /// Whatever follows, it does not match.
    fn is_dead(&self, state: usize) -> bool {
        self.states.get(state).is_none_or(|s| s.at.is_empty())
    }
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

    /// A `*` that stands for everything takes in whatever may follow before it: what is kept of a text does not grow with the pattern.
    #[test]
    fn patterns_of_many_stars_stay_small() {
        let template = Template::parse(&"*a".repeat(400), Syntax { wildcards: true, variables: false }).unwrap();
        let pattern = Pattern::glob(&template);
        let mut automaton = Automaton::new(&pattern);
        let end = (0..500).fold(0, |state, _| automaton.step(state, 'a'));
        assert!(automaton.is_end(end));
        let end = automaton.step(end, 'b');
        assert!(!automaton.is_end(end) && automaton.is_end(automaton.states.len() - 1));
        let positions: usize = automaton.states.iter().map(|s| s.at.len()).sum();
        assert!(positions <= 3 * automaton.states.len(), "{positions} in {}", automaton.states.len());
    }
}
