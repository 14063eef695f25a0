//! The decision alone, for many requests: what statements say of it one by one is left out, and requests that the policies do not tell
//! apart are decided once.
//!
//! What layers say of a request depends on it only through the outcome of each test that their statements make. All of these
//! outcomes together are the request's *signature*: where what a test reads is known, its outcome; where it is not, the test itself
//! and what is known. A signature has more in it than a decision can depend on, never less. The first request of each signature is
//! decided by its layers, as [`Simulator::decide`] does; so are the second and, more and more rarely, others, and if one of them is
//! decided otherwise, that is an error.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::rc::Rc;

use super::explain;
use super::rows::{Certain, Rows};
use super::sides::{self, Bound, Sides};
use super::{Dependency, IamDecision, Question, REGION, SimulatedDecision, Simulator, assumed_region, known, possible};
use crate::aws::asked_on::Asked;
use crate::iam::crossing::crossed;
use crate::iam::document::{Clause, Condition, Document, ResourcePattern, Statement};
use crate::iam::segments;
use crate::iam::template::Template;
use crate::permissions::atom::holds_with;
use crate::permissions::context::{KeyValue, Keys};
use crate::permissions::knowledge::{Knowledge, Known};
use crate::permissions::scenarios::{Call, Memo, ask, is_settled};
use crate::problem::Failure;

/// So many signatures are remembered; requests that come as a stream may have any number of them.
const REMEMBERED: usize = 16_384;

/// A decision, without what leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefDecision {
    /// What the request comes to.
    pub decision: IamDecision,
    /// Denied whatever the unknown keys are, where only the kind of the denial is unknown.
    pub denied_in_any_case: bool,
    /// What an unknown decision depends on.
    pub depends_on: Vec<Dependency>,
    /// What the decision takes for granted.
    pub assuming: Vec<String>,
    /// What is odd about the request: what is left out, and why.
    pub warnings: Vec<String>,
}

/// The part of a decision that requests share whose signature is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shared {
    decision: IamDecision,
    denied_in_any_case: bool,
    depends_on: Vec<Dependency>,
    /// Whether the policies read the Region that is asked.
    reads_region: bool,
}

/// What was decided, by the signatures of requests, and how often it was asked for again.
#[derive(Default)]
pub(super) struct Signatures(HashMap<Box<str>, (Rc<Shared>, u32)>);

impl Simulator {
    /// Decides one question, if it can be asked, as [`Simulator::answer`] does.
    pub fn brief(&self, question: &Question) -> Result<BriefDecision, Failure> {
        let (question, asked) = possible::checked(question)?;
        let mut brief = self.decide_briefly(&question)?;
        if asked == Asked::NotKnown {
            brief.assuming.push(super::can_be_asked(&question));
        }
        Ok(brief)
    }

    fn decide_briefly(&self, question: &Question) -> Result<BriefDecision, Failure> {
        let caller = super::caller(question)?;
        let Some(linked) = sides::is_linked(question, caller.as_ref()) else {
            return Ok(self.decide(question)?.into());
        };
        let mut sides = Sides::of(question, caller.as_ref(), linked);
        let (knowledge, keys) = known(question, caller.as_ref(), &sides);
        let shared = match signature(question, &sides, &knowledge) {
            Some(signature) => self.shared(signature, question, &sides, (&knowledge, &keys))?,
            None => Rc::new(self.alone(question, &sides, (&knowledge, &keys))?),
        };
        if let (true, Some(region)) = (shared.reads_region, assumed_region(question)) {
            sides.assuming.push(super::region_is(region));
        }
        let warnings = question.warnings.iter().map(|w| w.message().to_owned()).chain(sides.warnings);
        Ok(BriefDecision {
            decision: shared.decision,
            denied_in_any_case: shared.denied_in_any_case,
            depends_on: shared.depends_on.clone(),
            assuming: sides.assuming,
            warnings: warnings.collect(),
        })
    }

    fn shared(
        &self,
        signature: String,
        question: &Question,
        sides: &Sides<'_>,
        known: (&Knowledge, &Keys),
    ) -> Result<Rc<Shared>, Failure> {
        let found = self.signatures.borrow_mut().0.get_mut(signature.as_str()).map(|(shared, again)| {
            *again = again.saturating_add(1);
            (shared.clone(), *again)
        });
        if let Some((shared, again)) = found {
            // the second, and then more and more rarely
            let is_checked = again.is_power_of_two() && (again == 1 || again >= 64);
            if is_checked && *shared != self.alone(question, sides, known)? {
                let message = format!("{} on {} is not decided as its like", question.action, question.resource);
                return Err(Failure::internal("an answer that requests share")(message));
            }
            return Ok(shared);
        }
        let shared = Rc::new(self.alone(question, sides, known)?);
        let mut signatures = self.signatures.borrow_mut();
        if signatures.0.len() >= REMEMBERED {
            signatures.0.clear();
        }
        signatures.0.insert(signature.into_boxed_str(), (shared.clone(), 0));
        Ok(shared)
    }

    /// A question by itself, by its layers.
    fn alone(
        &self,
        question: &Question,
        sides: &Sides<'_>,
        (knowledge, keys): (&Knowledge, &Keys),
    ) -> Result<Shared, Failure> {
        let stack = self.stack(sides)?;
        let call =
            Call { action: question.action.clone(), resources: vec![question.resource.clone()], keys: BTreeMap::new() };
        let scenarios = ask(&stack, std::slice::from_ref(&call), knowledge, &Memo::default())?;
        let rows = Rows::new(&scenarios);
        let decision = if rows.verdicts.is_empty() {
            let mut statements = Vec::new();
            for layer in &stack.layers {
                statements.extend(explain::layer(layer, (question, keys), knowledge)?);
            }
            Certain { statements: &statements }.stack(&stack).0
        } else {
            rows.decision()
        };
        Ok(Shared {
            decision,
            denied_in_any_case: decision == IamDecision::Unknown && rows.never(IamDecision::Allowed),
            depends_on: rows.depends_on(decision),
            reads_region: scenarios.keys.contains(REGION),
        })
    }
}

impl From<SimulatedDecision> for BriefDecision {
    fn from(answer: SimulatedDecision) -> Self {
        let SimulatedDecision { decision, denied_in_any_case, depends_on, assuming, warnings, .. } = answer;
        Self { decision, denied_in_any_case, depends_on, assuming, warnings }
    }
}

/// The signature of a question; `None` where a layer says whom it is about, which is asked in more ways than one.
fn signature(question: &Question, sides: &Sides<'_>, knowledge: &Knowledge) -> Option<String> {
    let mut signing = Signing {
        action: question.action.to_ascii_lowercase(),
        arn: segments(&question.resource),
        resource: &question.resource,
        knowledge,
        text: String::with_capacity(128),
        reads_region: false,
    };
    for bound in &sides.layers {
        if bound.name().starts_with("resource") {
            return None;
        }
        signing.text.push('/');
        match bound {
            Bound::Given(attached) => {
                let mut documents: BTreeMap<&str, &Document> = BTreeMap::new();
                let mut opaque = BTreeSet::new();
                for (id, policy) in &attached.policies {
                    match policy {
                        // as a layer has them: equal documents once, in the order of their contents
                        Some(policy) => drop(documents.entry(&policy.content).or_insert(&policy.document)),
                        None => drop(opaque.insert(id)),
                    }
                }
                signing.opaque(opaque.into_iter());
                signing.statements(documents.values().flat_map(|d| &d.statements));
            }
            Bound::Missing(_, policy) => signing.opaque(policy.iter()),
        }
    }
    signing.text.push(if signing.reads_region { 'R' } else { '-' });
    Some(signing.text)
}

/// Writes a signature down.
struct Signing<'q> {
    action: String,
    arn: Option<[String; 6]>,
    resource: &'q str,
    knowledge: &'q Knowledge,
    text: String,
    reads_region: bool,
}

impl Signing<'_> {
    fn opaque<'i>(&mut self, ids: impl Iterator<Item = &'i String>) {
        ids.for_each(|id| self.write(format_args!("?{id:?}")));
    }

    fn write(&mut self, what: std::fmt::Arguments<'_>) {
        // writing to a string does not fail
        let _ = self.text.write_fmt(what);
    }

    /// The statements of a layer: those that certainly apply count as one, those that certainly do not are left out, and the others
    /// stand as they are.
    fn statements<'s>(&mut self, statements: impl Iterator<Item = &'s Statement>) {
        let (mut allows, mut denies) = (false, false);
        for statement in statements {
            let actions = &statement.actions;
            if actions.patterns.iter().any(|p| p.matches(&self.action)) == actions.negated {
                continue;
            }
            self.reads_region |= reads(statement, REGION);
            let before = self.text.len();
            let Some(applies) = self.statement(statement) else { continue };
            self.text.truncate(before);
            allows |= applies && statement.allow;
            denies |= applies && !statement.allow;
        }
        self.write(format_args!("={}{}", u8::from(allows), u8::from(denies)));
    }

    /// Whether a statement applies. `None` where that is not known: it then stands in the signature.
    fn statement(&mut self, statement: &Statement) -> Option<bool> {
        self.text.push(if statement.allow { '+' } else { '-' });
        let mut applies = self.resources(&statement.resources);
        for condition in &statement.conditions {
            let holds = self.condition(condition);
            applies = applies.zip(holds).map(|(all, this)| all && this);
        }
        applies
    }

    /// What is known of a key.
    fn known(&self, key: &str) -> Option<Known> {
        self.knowledge.of(key, &self.action, &BTreeMap::new())
    }

    /// The values of variables; `None` where that of one is not known.
    fn variables<'v>(&self, variables: impl Iterator<Item = &'v str>) -> Option<Keys> {
        let mut keys = Keys::new();
        for key in variables {
            match self.known(key)? {
                Known::Value(value) => drop(keys.insert(key.to_owned(), value)),
                Known::Absent => {}
                _ => return None,
            }
        }
        Some(keys)
    }

    /// Whether the resource is reached; `None` where that depends on what is not known, or on how far a `*` reaches (D25).
    fn resources(&mut self, clause: &Clause<ResourcePattern>) -> Option<bool> {
        if let Some(arn) = &self.arn {
            let crossing: Vec<&str> = crossed(clause, arn).collect();
            if !crossing.is_empty() {
                let text = format!("~{crossing:?}");
                self.text.push_str(&text);
                self.open_resources(clause);
                return None;
            }
        }
        let Some(values) = self.variables(clause.patterns.iter().flat_map(variables_of)) else {
            self.open_resources(clause);
            return None;
        };
        let reaches = self.reaches(clause, &values);
        self.text.push(if reaches { '1' } else { '0' });
        Some(reaches)
    }

    /// All that the resources of a statement come to depends on.
    fn open_resources(&mut self, clause: &Clause<ResourcePattern>) {
        let variables: BTreeSet<&str> = clause.patterns.iter().flat_map(variables_of).collect();
        let known: Vec<_> = variables.into_iter().map(|key| (key, self.known(key))).collect();
        let resource = self.resource;
        self.write(format_args!("{}{:?}{resource:?}{known:?}", clause.negated, clause.texts));
    }

    fn reaches(&self, clause: &Clause<ResourcePattern>, values: &Keys) -> bool {
        let value = |key: &str| values.get(key).and_then(KeyValue::single);
        let segment = |(pattern, text): (&Template, &String)| match pattern.variables().next() {
            None => pattern.matches(text),
            Some(_) => pattern.substitute(value).is_some_and(|p| p.matches(text)),
        };
        let matches = |pattern: &ResourcePattern| match (pattern, &self.arn) {
            (ResourcePattern::All, _) => true,
            (ResourcePattern::Arn(patterns), Some(arn)) => patterns.iter().zip(arn).all(segment),
            (ResourcePattern::Nothing, _) | (ResourcePattern::Arn(_), None) => false,
        };
        clause.patterns.iter().any(matches) != clause.negated
    }

    /// Whether a condition holds; `None` where that depends on what is not known.
    fn condition(&mut self, condition: &Condition) -> Option<bool> {
        let known = self.known(&condition.key);
        let variables = || condition.values.iter().flat_map(Template::variables);
        if let (true, Some(values)) = (is_settled(known.clone()), self.variables(variables())) {
            let value = match &known {
                Some(Known::Value(value)) => Some(value),
                _ => None,
            };
            let holds = holds_with(condition, value, &values);
            self.text.push(if holds { '1' } else { '0' });
            return Some(holds);
        }
        let of_variables: Vec<_> = variables().map(|key| (key, self.known(key))).collect();
        let Condition { operator, key, values, .. } = condition;
        self.write(format_args!("({operator} {key:?} {values:?} {known:?} {of_variables:?})"));
        None
    }
}

fn variables_of(pattern: &ResourcePattern) -> impl Iterator<Item = &str> {
    let segments = match pattern {
        ResourcePattern::Arn(segments) => segments.as_slice(),
        ResourcePattern::All | ResourcePattern::Nothing => &[],
    };
    segments.iter().flat_map(Template::variables)
}

/// Whether a statement reads a key.
fn reads(statement: &Statement, key: &str) -> bool {
    let in_conditions = statement.conditions.iter().any(|c| c.key == key || c.values.iter().any(|v| has(v, key)));
    in_conditions || statement.resources.patterns.iter().flat_map(variables_of).any(|v| v == key)
}

fn has(template: &Template, key: &str) -> bool {
    template.variables().any(|v| v == key)
}
