//! IAM statements as Cedar policies.
//!
//! Every form is guarded with `has`, so that no condition can error (a `forbid` that errors is skipped by Cedar), and
//! alternatives are balanced trees, so that none is deep. `lower` writes text, which Cedar parses: what is evaluated is
//! what `countersign lower` prints.

use super::atom::Atom;
use super::context::{Family, Reads, SEGMENTS, base64};
use crate::iam::document::{Clause, Condition, ResourcePattern, Statement};
use crate::iam::operator::{ArnPattern, Comparison, Operator, SetPrefix, Test};
use crate::iam::template::{Template, TemplatePart as Piece};
use crate::iam::value;

/// A statement as Cedar.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// `permit` or `forbid`, without annotations.
    pub text: String,
    /// What it asks for, as one condition.
    pub condition: String,
    /// What it reads of a request.
    pub reads: Reads,
    /// What it asks for, one by one: the action, the resource, each condition.
    pub parts: Vec<LoweredCondition>,
}

/// One of the conditions of a statement.
#[derive(Clone, Debug)]
pub struct LoweredCondition {
    /// The condition, as Cedar.
    pub condition: String,
    /// What it reads of a request.
    pub reads: Reads,
}

/// Lowers one statement.
pub fn statement(statement: &Statement) -> Lowered {
    let part = |lower: &dyn Fn(&mut Lowering) -> String| {
        let mut lowering = Lowering { reads: Reads::default() };
        let condition = lower(&mut lowering);
        LoweredCondition { condition, reads: lowering.reads }
    };
    let mut parts = vec![part(&|l| l.actions(&statement.actions)), part(&|l| l.resources(&statement.resources))];
    parts.extend(statement.conditions.iter().map(|c| part(&|l| l.condition(c))));
    let mut reads = Reads::default();
    parts.iter().for_each(|p| reads.extend(&p.reads));
    let mut conditions: Vec<String> = parts.iter().map(|p| p.condition.clone()).collect();
    conditions.retain(|c| c != "true");
    let effect = if statement.allow { "permit" } else { "forbid" };
    let mut text = format!("{effect} {SCOPE}");
    for condition in &conditions {
        text.push_str(&format!("\nwhen {{ {condition} }}"));
    }
    text.push(';');
    Lowered { text, condition: all(&conditions), reads, parts }
}

/// The scope of every lowered policy: what it reads stands in the context.
pub const SCOPE: &str = "(\n  principal,\n  action == IAM::Action::\"call\",\n  resource\n)";

/// A string literal of Cedar.
pub fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            c if c.is_control() || !c.is_ascii() => escaped.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A pattern of Cedar's `like`, for a template of literals and `*`.
fn like(template: &Template) -> String {
    let parts = template.parts.iter().map(|p| match p {
        Piece::Literal(text) => escape(text).replace('*', "\\*"),
        _ => "*".to_owned(),
    });
    format!("\"{}\"", parts.collect::<String>())
}

/// Alternatives, as a balanced tree.
pub fn any(terms: &[String]) -> String {
    tree(terms, "||", "false")
}

fn all(terms: &[String]) -> String {
    tree(terms, "&&", "true")
}

/// So many terms stand in a row; more are split, so that no row is long and no nesting deep.
const ROW: usize = 8;

fn tree(terms: &[String], operator: &str, empty: &str) -> String {
    match terms {
        [] => empty.to_owned(),
        [term] => term.clone(),
        _ if terms.len() <= ROW => format!("({})", terms.join(&format!(" {operator} "))),
        _ => {
            let (left, right) = terms.split_at(terms.len() / 2);
            format!("({} {operator} {})", tree(left, operator, empty), tree(right, operator, empty))
        }
    }
}

fn not(term: &str) -> String {
    match term {
        "true" => "false".to_owned(),
        "false" => "true".to_owned(),
        _ => format!("!({term})"),
    }
}

/// The values that are literals, and those that are not.
fn split<'a>(values: impl Iterator<Item = &'a Template>) -> (Vec<&'a str>, Vec<&'a Template>) {
    let (mut literals, mut others) = (Vec::new(), Vec::new());
    for value in values {
        match value.as_literal() {
            Some(text) => literals.push(text),
            None => others.push(value),
        }
    }
    literals.sort_unstable();
    literals.dedup();
    (literals, others)
}

fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = texts.into_iter().map(quote).collect();
    format!("[{}]", quoted.join(", "))
}

struct Lowering {
    reads: Reads,
}

impl Lowering {
    fn atom(&mut self, atom: Atom) -> String {
        let name = atom.name();
        let test = format!("context.atoms.contains({})", quote(&name));
        self.reads.atoms.insert(name, atom);
        test
    }

    fn actions(&mut self, clause: &Clause<Template>) -> String {
        let (literals, others) = split(clause.patterns.iter());
        let mut terms = contains("context.action", literals.into_iter().map(str::to_owned));
        for pattern in others {
            terms.push(if pattern.is_any() {
                "true".to_owned()
            } else if pattern.is_like() {
                format!("context.action like {}", like(pattern))
            } else {
                self.atom(Atom::Action(pattern.clone()))
            });
        }
        clause_of(terms, clause.negated)
    }

    fn resources(&mut self, clause: &Clause<ResourcePattern>) -> String {
        let mut terms = Vec::new();
        for pattern in clause.patterns.iter() {
            match pattern {
                ResourcePattern::All => terms.push("true".to_owned()),
                ResourcePattern::Nothing => {}
                ResourcePattern::Arn(segments) => terms.push(self.resource(segments)),
            }
        }
        clause_of(terms, clause.negated)
    }

    fn resource(&mut self, segments: &[Template; 6]) -> String {
        if segments.iter().any(|s| !s.is_like()) {
            return self.atom(Atom::Resource(Box::new(segments.clone())));
        }
        match arn_tests("context.arn", segments) {
            Some(tests) => all(&[vec!["context has arn".to_owned()], tests].concat()),
            None => "false".to_owned(),
        }
    }

    fn condition(&mut self, condition: &Condition) -> String {
        let operator = condition.operator;
        if operator.test == Test::Null && operator.set == SetPrefix::None {
            return self.null(condition);
        }
        let holds = match operator.set {
            SetPrefix::None => self.plain(condition),
            SetPrefix::Any | SetPrefix::All => return self.set(condition),
        };
        // an absent key fails a positive operator, and passes a negated one or `IfExists`
        if operator.if_exists || operator.negated {
            let absent = not(&self.present(&condition.key));
            return any(&[absent, holds]);
        }
        holds
    }

    fn present(&mut self, key: &str) -> String {
        self.reads.presence.insert(key.to_owned());
        format!("context.present.contains({})", quote(key))
    }

    /// `true` asks for absence, `false` for presence.
    fn null(&mut self, condition: &Condition) -> String {
        let present = self.present(&condition.key);
        let terms = condition.values.iter().filter_map(Template::as_literal).filter_map(value::boolean);
        let terms: Vec<_> = terms.map(|absent| if absent { not(&present) } else { present.clone() }).collect();
        let atoms: Vec<_> = condition.values.iter().filter(|v| v.as_literal().is_none()).cloned().collect();
        // a variable under `Null` is neither true nor false: it never holds
        if terms.is_empty() && !atoms.is_empty() { "false".to_owned() } else { any(&terms) }
    }

    /// An operator without a set prefix: the key has one value.
    fn plain(&mut self, condition: &Condition) -> String {
        let Condition { operator, key, values, .. } = condition;
        let (known, variable): (Vec<_>, Vec<_>) = values.iter().partition(|v| v.variables().next().is_none());
        let mut terms = self.tests(*operator, key, &known);
        for value in variable {
            terms.push(self.atom(Atom::Value(positive(*operator), key.clone(), value.clone())));
        }
        let passes = any(&terms);
        if operator.negated {
            // a multi-valued key matches no operator without a set prefix, a negated one neither
            let single = self.has(key, Family::String);
            return all(&[single, not(&passes)]);
        }
        passes
    }

    fn attribute(&mut self, key: &str, family: Family) -> String {
        self.reads.keys.insert((key.to_owned(), family));
        format!("context[{}]", quote(&family.attribute(key)))
    }

    fn has(&mut self, key: &str, family: Family) -> String {
        self.reads.keys.insert((key.to_owned(), family));
        format!("context has {}", quote(&family.attribute(key)))
    }

    fn guarded(&mut self, key: &str, family: Family, test: &str) -> String {
        if test == "false" {
            return test.to_owned();
        }
        let has = self.has(key, family);
        all(&[has, test.to_owned()])
    }

    /// The tests of an operator against values without variables, each guarded.
    fn tests(&mut self, operator: Operator, key: &str, values: &[&Template]) -> Vec<String> {
        let literals = || values.iter().filter_map(|v| v.as_literal());
        let family = match operator.test {
            Test::StringEquals | Test::StringLike => Family::String,
            Test::StringEqualsIgnoreCase => Family::Lower,
            Test::Numeric(_) => Family::Number,
            Test::Date(_) => Family::Date,
            Test::Bool => Family::Bool,
            Test::Binary => Family::Binary,
            Test::Ip => Family::Ip,
            Test::Arn => Family::Arn,
            Test::Null => return Vec::new(),
        };
        let attribute = self.attribute(key, family);
        let tests: Vec<String> = match operator.test {
            Test::StringEquals => contains(&attribute, literals().map(str::to_owned)),
            Test::StringEqualsIgnoreCase => contains(&attribute, literals().map(str::to_ascii_lowercase)),
            Test::Binary => contains(&attribute, literals().filter_map(value::binary).map(|b| base64(&b))),
            Test::StringLike => return self.string_like(operator, key, values, &attribute),
            Test::Arn => return self.arn_like(operator, key, values, &attribute),
            Test::Numeric(order) => return self.numeric(operator, order, key, values, &attribute),
            Test::Date(order) => literals().filter_map(value::date).map(|d| date(&attribute, order, d)).collect(),
            Test::Bool => literals()
                .filter_map(value::boolean)
                .map(|b| if b { attribute.clone() } else { not(&attribute) })
                .collect(),
            Test::Ip => literals()
                .filter_map(value::network)
                .map(|n| format!("{attribute}.isInRange(ip({}))", quote(&network(n))))
                .collect(),
            Test::Null => Vec::new(),
        };
        vec![self.guarded(key, family, &any(&tests))]
    }

    /// Numbers that Cedar's `decimal` can hold, and have a fourth decimal to spare for requests; others are atoms.
    fn numeric(
        &mut self,
        operator: Operator,
        order: Comparison,
        key: &str,
        values: &[&Template],
        attribute: &str,
    ) -> Vec<String> {
        let scaled = |v: &&Template| value::number(v.as_literal()?)?.scaled();
        let (known, others): (Vec<&Template>, Vec<&Template>) = values.iter().partition(|v| scaled(v).is_some());
        let tests: Vec<String> = known.iter().filter_map(scaled).map(|n| number(attribute, order, n)).collect();
        let mut terms = vec![self.guarded(key, Family::Number, &any(&tests))];
        terms.extend(others.into_iter().map(|v| self.atom(Atom::Value(positive(operator), key.to_owned(), v.clone()))));
        terms
    }

    fn string_like(&mut self, operator: Operator, key: &str, values: &[&Template], attribute: &str) -> Vec<String> {
        let (literals, patterns) = split(values.iter().copied());
        let (likes, others): (Vec<_>, Vec<_>) = patterns.into_iter().partition(|p| p.is_like());
        let mut tests = contains(attribute, literals.into_iter().map(str::to_owned));
        tests.extend(likes.iter().map(|p| format!("{attribute} like {}", like(p))));
        let mut terms = vec![self.guarded(key, Family::String, &any(&tests))];
        terms.extend(others.into_iter().map(|p| self.atom(Atom::Value(positive(operator), key.to_owned(), p.clone()))));
        terms
    }

    fn arn_like(&mut self, operator: Operator, key: &str, values: &[&Template], attribute: &str) -> Vec<String> {
        let mut terms = Vec::new();
        for value in values {
            match ArnPattern::new(value) {
                ArnPattern::Nothing => {}
                ArnPattern::Segments(segments) if segments.iter().all(Template::is_like) => {
                    if let Some(tests) = arn_tests(attribute, &segments) {
                        let has = self.has(key, Family::Arn);
                        terms.push(all(&[vec![has], tests].concat()));
                    }
                }
                ArnPattern::Segments(_) => {
                    terms.push(self.atom(Atom::Value(positive(operator), key.to_owned(), (*value).clone())))
                }
            }
        }
        terms
    }

    /// `ForAnyValue` and `ForAllValues`: sets of strings where Cedar can compare them, else an atom.
    fn set(&mut self, condition: &Condition) -> String {
        let Condition { operator, key, values, .. } = condition;
        let literals: Option<Vec<&str>> = values.iter().map(Template::as_literal).collect();
        let Some(literals) = literals.filter(|l| operator.test == Test::StringEquals && !l.is_empty()) else {
            return self.atom(Atom::Condition(*operator, key.clone(), values.clone()));
        };
        let has = self.has(key, Family::Strings);
        let attribute = self.attribute(key, Family::Strings);
        let list = list(literals);
        let some_in = format!("{attribute}.containsAny({list})");
        let some_out = not(&format!("{list}.containsAll({attribute})"));
        match (operator.set, operator.negated) {
            (SetPrefix::Any, negated) => {
                let holds = all(&[has, if negated { some_out } else { some_in }]);
                if operator.if_exists { any(&[not(&self.present(key)), holds]) } else { holds }
            }
            // true for an absent key with `IfExists` and without
            (_, negated) => not(&all(&[has, if negated { some_in } else { some_out }])),
        }
    }
}

/// The operator without its negation and suffix, as atoms of single values name it.
fn positive(operator: Operator) -> Operator {
    Operator { negated: false, if_exists: false, ..operator }
}

fn clause_of(terms: Vec<String>, negated: bool) -> String {
    let matches = if terms.iter().any(|t| t == "true") { "true".to_owned() } else { any(&terms) };
    if negated { not(&matches) } else { matches }
}

fn contains(attribute: &str, values: impl Iterator<Item = String>) -> Vec<String> {
    let mut values: Vec<String> = values.collect();
    values.sort();
    values.dedup();
    match values.as_slice() {
        [] => Vec::new(),
        [value] => vec![format!("{attribute} == {}", quote(value))],
        _ => vec![format!("{}.contains({attribute})", list(values.iter().map(String::as_str)))],
    }
}

/// The tests of an ARN's segments; `None` where its first segment cannot be `arn`.
fn arn_tests(attribute: &str, segments: &[Template; 6]) -> Option<Vec<String>> {
    let (first, rest) = segments.split_first()?;
    if !first.matches("arn") {
        return None;
    }
    let named = SEGMENTS.iter().zip(rest).filter(|(_, pattern)| !pattern.is_any());
    Some(
        named
            .map(|(name, pattern)| match pattern.as_literal() {
                Some(text) => format!("{attribute}.{name} == {}", quote(text)),
                None => format!("{attribute}.{name} like {}", like(pattern)),
            })
            .collect(),
    )
}

fn number(attribute: &str, order: Comparison, scaled: i64) -> String {
    let literal = format!("decimal(\"{}\")", value::decimal(scaled));
    match order {
        Comparison::Equals => format!("{attribute} == {literal}"),
        Comparison::LessThan => format!("{attribute}.lessThan({literal})"),
        Comparison::LessThanEquals => format!("{attribute}.lessThanOrEqual({literal})"),
        Comparison::GreaterThan => format!("{attribute}.greaterThan({literal})"),
        Comparison::GreaterThanEquals => format!("{attribute}.greaterThanOrEqual({literal})"),
    }
}

fn date(attribute: &str, order: Comparison, milliseconds: i64) -> String {
    let operator = match order {
        Comparison::Equals => "==",
        Comparison::LessThan => "<",
        Comparison::LessThanEquals => "<=",
        Comparison::GreaterThan => ">",
        Comparison::GreaterThanEquals => ">=",
    };
    format!("{attribute} {operator} datetime(\"{}\")", value::datetime(milliseconds))
}

/// A range as Cedar writes it: its first address and its prefix.
fn network(network: value::Network) -> String {
    let (low, _) = network.bounds();
    let address = match network.address {
        std::net::IpAddr::V4(_) => {
            let low = u32::try_from(low).unwrap_or_default();
            std::net::IpAddr::V4(low.into())
        }
        std::net::IpAddr::V6(_) => std::net::IpAddr::V6(low.into()),
    };
    format!("{address}/{}", network.prefix)
}
