//! The answers of a principal. What is equal for all that the policies do not tell apart stands once; where statements stand, and
//! what is assumed of this account, is put to it when somebody looks.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{BecauseAnswer, GateAnswer, OperationAnswer, StatementPlace};
use crate::operations::answer::{Because, Gate, OperationResult};
use crate::permissions::classes::Places;
use crate::permissions::partial_arn::examples_in;
use crate::policies::RuleBook;
use crate::terms::{Decision, Scope};

/// What stands for the account's number in what a class says.
pub(super) const ACCOUNT: &str = "{account}";

/// The answers of one class of principals.
#[derive(Debug, Default, PartialEq)]
pub struct Class {
    answers: Vec<Arc<Shared>>,
}

/// The answers of all classes: what several say stands once.
#[derive(Default)]
pub(super) struct Said {
    by_hash: HashMap<u64, Vec<Arc<Shared>>>,
}

impl Said {
    fn once(&mut self, shared: Shared) -> Arc<Shared> {
        let alike = self.by_hash.entry(shared.hashed()).or_default();
        if let Some(said) = alike.iter().find(|said| ***said == shared) {
            return said.clone();
        }
        let shared = Arc::new(shared);
        alike.push(shared.clone());
        shared
    }
}

/// An answer without what differs within its class.
#[derive(Debug, PartialEq)]
struct Shared {
    /// `because` of its gates, `deniedBy`, `grants` and what is assumed of the account are left out.
    answer: OperationAnswer,
    /// By gate; statements by their position among those that say something of what is asked.
    because: Vec<Vec<Because>>,
    grants: Vec<Because>,
    granted: Vec<String>,
}

impl Shared {
    /// Of what most answers differ in.
    fn hashed(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let OperationAnswer { operation, scope, agreement, report, decision, missing, depends_on, .. } = &self.answer;
        (operation, scope, agreement, report, decision, missing, depends_on).hash(&mut hasher);
        (&self.because, &self.grants, &self.granted).hash(&mut hasher);
        hasher.finish()
    }
}

/// What differs within a class.
#[derive(Debug, Default)]
pub struct Own {
    /// The account's number.
    pub account: String,
    /// Where the statements of its layers stand.
    pub places: Vec<Arc<Places>>,
    /// What is taken for granted about its policies.
    pub assuming: Arc<[String]>,
    /// What is taken for granted of the moment, for operations on the organization and for all.
    pub moment: Arc<Moment>,
}

/// What is taken for granted of the moment that is asked.
#[derive(Debug, Default)]
pub struct Moment {
    /// Where the account stood: of operations on the organization.
    pub standing: Option<String>,
    /// That policies are those of the snapshot.
    pub snapshot: Option<String>,
}

/// The answers of a principal, an operation each.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    class: Arc<Class>,
    own: Arc<Own>,
    told: OnceLock<Vec<OperationAnswer>>,
}

impl Class {
    /// From the answers of a principal of an account. `rank` gives the position of a layer's statement among those that say something.
    pub(super) fn new(
        results: Vec<OperationResult>,
        rules: &RuleBook,
        account: &str,
        said: &mut Said,
        mut rank: impl FnMut(usize, usize) -> Option<usize>,
    ) -> Self {
        let mut ranked = |because: Vec<Because>| -> Vec<Because> {
            let ranked = |b: Because| Because { statement: b.statement.and_then(|s| rank(b.layer, s)), ..b };
            because.into_iter().map(ranked).collect()
        };
        let shared = |mut result: OperationResult| {
            result.depends_on.iter_mut().for_each(|d| examples_in(&d.key, &mut d.allows, account, ACCOUNT));
            let because = result.gates.iter_mut().map(|g| ranked(std::mem::take(&mut g.because))).collect();
            let grants = ranked(std::mem::take(&mut result.grants));
            let granted = std::mem::take(&mut result.granted);
            said.once(Shared { answer: operation_answer(result, rules), because, grants, granted })
        };
        // made anew: a list of results is larger than one of answers, and would be kept
        let mut answers = Vec::with_capacity(results.len());
        answers.extend(results.into_iter().map(shared));
        Self { answers }
    }

    /// All that it says, for those that have it: what differs within the class is told by the positions of layers and statements.
    pub(super) fn says(&self) -> serde_json::Result<Value> {
        let because = |all: &[Because]| -> Value {
            let one = |b: &Because| json!({"action": b.action, "layer": b.layer, "statement": b.statement});
            all.iter().map(one).collect()
        };
        let operation = |shared: &Arc<Shared>| {
            let mut says = serde_json::to_value(&shared.answer)?;
            let gates = says.get_mut("gates").and_then(Value::as_array_mut).into_iter().flatten();
            for (gate, of) in gates.zip(&shared.because).filter_map(|(g, b)| Some((g.as_object_mut()?, b))) {
                gate.insert("because".to_owned(), because(of));
            }
            if let Some(says) = says.as_object_mut() {
                says.remove("deniedBy");
                says.insert("grants".to_owned(), because(&shared.grants));
                says.insert("granted".to_owned(), json!(shared.granted));
            }
            Ok(says)
        };
        self.answers.iter().map(operation).collect()
    }

    /// The answers without what differs within the class: `because`, `deniedBy`, `grants` and some of `assuming` are empty.
    pub(super) fn answers(&self) -> impl Iterator<Item = &OperationAnswer> {
        self.answers.iter().map(|s| &s.answer)
    }
}

impl Answers {
    pub(super) fn new(class: Arc<Class>, own: Own) -> Self {
        Self { class, own: Arc::new(own), told: OnceLock::new() }
    }

    /// What is equal for all of the class: enough for decisions, messages and dependencies. Where statements stand, and some of what
    /// is assumed, may be left out.
    pub fn in_common(&self) -> Vec<&OperationAnswer> {
        match self.told.get() {
            Some(told) => told.iter().collect(),
            None => self.class.answers().collect(),
        }
    }

    /// The same for all principals of which nothing else is told; `None` where something is.
    pub fn class(&self) -> Option<&Arc<Class>> {
        self.told.get().is_none().then_some(&self.class)
    }

    /// Whether nothing is told of one that is not told of the other, but where the statements stand.
    pub fn are_told_as(&self, other: &Self) -> bool {
        let untold = self.told.get().is_none() && other.told.get().is_none();
        untold
            && Arc::ptr_eq(&self.class, &other.class)
            && self.own.assuming == other.own.assuming
            && self.own.account == other.own.account
    }

    /// The answers to some of the operations; what is its own is told of these alone.
    pub fn only(&self, is: impl Fn(&OperationAnswer) -> bool) -> Self {
        match self.told.get() {
            Some(told) => told.iter().filter(|answer| is(answer)).cloned().collect(),
            None => self.class.answers.iter().filter(|s| is(&s.answer)).map(|s| self.own.tell(s)).collect(),
        }
    }

    /// What is shared and what is its own; `None` where something else is told.
    pub(super) fn parts(&self) -> Option<(&Arc<Class>, &Own)> {
        self.told.get().is_none().then_some((&self.class, self.own.as_ref()))
    }

    /// All answers, with what differs within the class; they are not kept.
    pub fn tell(&self) -> Vec<OperationAnswer> {
        match self.told.get() {
            Some(told) => told.clone(),
            None => self.class.answers.iter().map(|s| self.own.tell(s)).collect(),
        }
    }
}

/// What is asked of answers and is the same for all of a class: it is found out of one of them, and the others are not told for it.
pub struct OfClass<T> {
    /// By the address of the class, which is kept.
    known: HashMap<usize, (Arc<Class>, Arc<[T]>)>,
}

impl<T> Default for OfClass<T> {
    fn default() -> Self {
        Self { known: HashMap::new() }
    }
}

impl<T> OfClass<T> {
    /// What is found out of each answer of a principal, in their order.
    pub fn ask(&mut self, answers: &Answers, of: impl Fn(&OperationAnswer) -> T) -> Arc<[T]> {
        let Some(class) = answers.class() else { return answers.iter().map(of).collect() };
        let found = || (class.clone(), answers.tell().iter().map(of).collect());
        self.known.entry(Arc::as_ptr(class).addr()).or_insert_with(found).1.clone()
    }
}

impl Own {
    fn tell(&self, shared: &Shared) -> OperationAnswer {
        let mut answer = shared.answer.clone();
        for dependency in &mut answer.depends_on {
            examples_in(&dependency.key, &mut dependency.allows, ACCOUNT, &self.account);
        }
        for (gate, because) in answer.gates.iter_mut().zip(&shared.because) {
            gate.because = self.because(because);
        }
        let denies = |b: &&BecauseAnswer| b.statement.is_some() && answer.missing.contains(&b.action);
        let denied_by: BTreeSet<&BecauseAnswer> = answer.gates.iter().flat_map(|g| &g.because).filter(denies).collect();
        answer.denied_by = denied_by.into_iter().cloned().collect();
        answer.grants = self.because(&shared.grants);
        let report = answer.report.as_deref().unwrap_or("none");
        let filled = shared.granted.iter().map(|s| s.replace(ACCOUNT, &self.account).replace("{report}", report));
        answer.assuming.extend(filled.chain(self.assuming.iter().cloned()));
        answer.assuming.sort();
        answer.assuming.dedup();
        let of_organization = answer.scope == Some(Scope::Organization);
        answer.assuming.extend(self.moment.standing.clone().filter(|_| of_organization));
        answer.assuming.extend(self.moment.snapshot.clone());
        answer
    }

    fn because(&self, because: &[Because]) -> Vec<BecauseAnswer> {
        let mut told: Vec<BecauseAnswer> = because.iter().filter_map(|b| self.place(b)).collect();
        told.sort();
        told.dedup();
        told
    }

    fn place(&self, because: &Because) -> Option<BecauseAnswer> {
        let places = self.places.get(because.layer)?;
        let origin = because.statement.and_then(|s| places.origins.get(s));
        let statement = origin.map(|o| StatementPlace {
            file: o.file.clone(),
            pointer: o.pointer.clone(),
            line: o.line,
            sid: o.sid.clone(),
            column: o.column,
        });
        let of = places.name.starts_with("serviceControl").then(|| places.of.clone());
        Some(BecauseAnswer { action: because.action.clone(), layer: places.name.clone(), of, statement })
    }
}

impl Deref for Answers {
    type Target = [OperationAnswer];

    fn deref(&self) -> &Self::Target {
        self.told.get_or_init(|| self.class.answers.iter().map(|s| self.own.tell(s)).collect())
    }
}

impl DerefMut for Answers {
    fn deref_mut(&mut self) -> &mut Self::Target {
        let told = self.tell();
        self.told.get_or_init(|| told);
        self.told.get_mut().map_or(&mut [], Vec::as_mut_slice)
    }
}

impl FromIterator<OperationAnswer> for Answers {
    fn from_iter<T: IntoIterator<Item = OperationAnswer>>(answers: T) -> Self {
        let told = OnceLock::from(answers.into_iter().collect::<Vec<_>>());
        Self { told, ..Self::default() }
    }
}

impl IntoIterator for Answers {
    type Item = OperationAnswer;
    type IntoIter = std::vec::IntoIter<OperationAnswer>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.told.take().unwrap_or_else(|| self.tell()).into_iter()
    }
}

impl<'a> IntoIterator for &'a Answers {
    type Item = &'a OperationAnswer;
    type IntoIter = std::slice::Iter<'a, OperationAnswer>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Answers {
    /// As a list; the answers are not kept.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.told.get() {
            Some(told) => told.serialize(serializer),
            None => serializer.collect_seq(self.class.answers.iter().map(|s| self.own.tell(s))),
        }
    }
}

/// An answer in the words of the rules.
fn operation_answer(answer: OperationResult, rules: &RuleBook) -> OperationAnswer {
    let first = answer.first_gate().and_then(|g| rules.rules.get(&g.id));
    let words = |key: &str| first.and_then(|r| r.text(key));
    let (message, detail, remedy) = (words("message"), words("detail"), words("remedy"));
    // the console's message and the project's own reason are never mixed up (D10)
    let reason = if message.is_some() { None } else { answer.reason.clone().or_else(|| words("reason")) };
    let of_state = |g: &Gate| rules.rules.get(&g.id).is_some_and(|r| r.get("state").is_some());
    let denied_by_state = !answer.gates.is_empty() && answer.gates.iter().all(of_state);
    let gates = answer.gates.iter().filter_map(|g| gate_answer(g, answer.decision, rules));
    OperationAnswer {
        gates: gates.collect(),
        permitted: answer.decision == Decision::Allow || denied_by_state,
        operation: answer.operation.name,
        scope: answer.operation.scope,
        words: answer.operation.words,
        agreement: answer.operation.kind.clone(),
        report: answer.operation.report.clone(),
        member: answer.operation.member.clone(),
        decision: answer.decision,
        depends_on: answer.depends_on.into_iter().map(Into::into).collect(),
        message,
        detail,
        reason,
        remedy,
        missing: answer.missing,
        changes: None,
        denied_by: Vec::new(),
        rests_on: answer.rests_on,
        deprecated: answer.deprecated,
        assuming: answer.assuming,
        each: answer.each,
        any_request: answer.any_request,
        actions: answer.actions,
        grants: Vec::new(),
    }
}

fn gate_answer(gate: &Gate, decision: Decision, rules: &RuleBook) -> Option<GateAnswer> {
    let rule = rules.rules.get(&gate.id)?;
    Some(GateAnswer {
        id: gate.id.clone(),
        policy: rule.file.clone(),
        rule: rule.rule().to_owned(),
        message: rule.text("message"),
        reason: rule.text("reason"),
        change: rule.text("change"),
        sets: rule.text("sets"),
        happens: rule.text("happens"),
        certain: gate.certain && decision == Decision::Deny,
        because: Vec::new(),
    })
}
