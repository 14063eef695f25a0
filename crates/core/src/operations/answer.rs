//! From what the gates say under every assignment to one answer: allow, deny or unknown, with its causes.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::AccountEvaluator;
use super::any_request::AnyRequest;
use super::catalogue::Operation;
use crate::aws::actions;
use crate::aws::keys::spelling;
use crate::moment;
use crate::permissions::dependence::{Choice, allowing, pairs};
use crate::permissions::partial_arn::examples_in;
use crate::permissions::principals::Principal;
use crate::permissions::scenarios::{Beside, CallResult, LayerStatements};
use crate::policies::Rule;
use crate::problem::Failure;
use crate::terms::Decision;

/// What the gates say under one assignment of what is unknown.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The unknown keys, and what they are taken to be.
    pub choice: Choice,
    /// Those of them that are facts, and no part of a request.
    pub facts: Choice,
    /// What else has to be so, where a key is as its label says.
    pub beside: Rc<[Beside]>,
    /// Whether the agreement is taken to be in force.
    pub in_force: bool,
    /// What each IAM action comes to, by generation and name.
    pub verdicts: BTreeMap<(&'static str, String), CallResult>,
    /// The gates that fail, by generation; `None` where all are passed.
    pub failing: BTreeMap<&'static str, Option<Vec<String>>>,
}

/// What a layer says of an IAM action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Because {
    /// The IAM action.
    pub action: String,
    /// Index into the principal's layers.
    pub layer: usize,
    /// Index into the layer's statements; `None` where the layer is silent.
    pub statement: Option<usize>,
}

/// A gate that is not passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its rule.
    pub id: String,
    /// It fails whatever the unknown keys are.
    pub certain: bool,
    /// The IAM actions that it asks for and does not get, and what blocks them.
    pub because: Vec<Because>,
}

/// What an answer depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// A condition key, the ARN of a policy, or `agreementsKnown`.
    pub key: String,
    /// What it would have to be for an allow.
    pub allows: Vec<String>,
}

/// The answer to one operation.
#[derive(Clone, Debug)]
pub struct OperationResult {
    /// The operation.
    pub operation: Operation,
    /// The answer.
    pub decision: Decision,
    /// The generations of permissions that it rests on.
    pub rests_on: Vec<&'static str>,
    /// Since when AWS has deprecated what the allow rests on.
    pub deprecated: Option<String>,
    /// The gates that are not passed, in order.
    pub gates: Vec<Gate>,
    /// The IAM actions that the answer lacks.
    pub missing: Vec<String>,
    /// The statements that allow.
    pub grants: Vec<Because>,
    /// The IAM actions that the gates ask for, and whether the policies allow them: in one generation or the other.
    pub actions: BTreeMap<String, Decision>,
    /// What it depends on.
    pub depends_on: Vec<Dependency>,
    /// What is assumed of its requests.
    pub assuming: Vec<String>,
    /// What the policies say that it takes for granted; `{account}` and `{report}` stand for those that it is about.
    pub granted: Vec<String>,
    /// Its gates were asked: it is not unknown from the outset.
    pub concluded: bool,
    /// The answer on each of several resources, where one of them will do and they are told apart: an acceptance by its id, others by
    /// the pattern of the policies that matches them.
    pub each: BTreeMap<String, Decision>,
    /// Whether any request is allowed, where that was asked.
    pub any_request: Option<AnyRequest>,
    /// The reason, where the gates do not tell it.
    pub reason: Option<String>,
    pub(super) trials: Vec<Trial>,
    /// Those of requests that are made later than at the moment asked.
    pub(super) later: Vec<Trial>,
    /// Those without the policies that reckon with the moment: what they allow, some request may be allowed.
    pub(super) perhaps_later: Vec<Trial>,
    pub(super) keys: BTreeSet<String>,
    pub(super) too_many: BTreeSet<String>,
    /// The IAM actions without which a gate would fail, by generation.
    pub(super) needed: BTreeSet<(&'static str, String)>,
}

/// The generation that an answer reports, and its failing gates.
type Reported<'t> = (&'static str, &'t [String]);

impl OperationResult {
    pub(super) fn new(operation: &Operation) -> Self {
        Self {
            operation: operation.clone(),
            decision: Decision::Unknown,
            rests_on: Vec::new(),
            deprecated: None,
            gates: Vec::new(),
            missing: Vec::new(),
            grants: Vec::new(),
            actions: BTreeMap::new(),
            depends_on: Vec::new(),
            assuming: Vec::new(),
            granted: Vec::new(),
            concluded: false,
            each: BTreeMap::new(),
            any_request: None,
            reason: None,
            trials: Vec::new(),
            later: Vec::new(),
            perhaps_later: Vec::new(),
            keys: BTreeSet::new(),
            too_many: BTreeSet::new(),
            needed: BTreeSet::new(),
        }
    }

    /// The same answer to an operation that is like this one, of a principal that is like it in another account, with statements
    /// told otherwise: `told` gives that of a layer's statement.
    #[must_use]
    pub fn of(
        mut self,
        operation: &Operation,
        (from, to): (&str, &str),
        mut told: impl FnMut(usize, usize) -> Option<usize>,
    ) -> Self {
        self.operation = operation.clone();
        self.depends_on.iter_mut().for_each(|d| examples_in(&d.key, &mut d.allows, from, to));
        let gates = self.gates.iter_mut().flat_map(|g| &mut g.because);
        for because in gates.chain(&mut self.grants) {
            because.statement = because.statement.and_then(|s| told(because.layer, s));
        }
        self
    }

    /// Whether another answer to the same operation says the same.
    pub fn says_as(&self, other: &Self) -> bool {
        let told = |r: &Self| {
            let causes = (r.gates.clone(), r.missing.clone(), r.grants.clone(), r.actions.clone());
            let rests = (r.decision, r.rests_on.clone(), r.deprecated.clone(), r.reason.clone());
            let each = (r.each.clone(), r.any_request.clone());
            (rests, causes, r.depends_on.clone(), r.assuming.clone(), r.granted.clone(), each)
        };
        told(self) == told(other)
    }

    /// Draws the conclusion from all trials.
    pub(super) fn conclude(
        &mut self,
        state_unknown: bool,
        desk: &AccountEvaluator<'_>,
        principal: &Principal,
        operation: &Operation,
    ) -> Result<(), Failure> {
        let trials = std::mem::take(&mut self.trials);
        let decisions: Vec<Decision> = trials.iter().map(|t| trial_decision(t, desk)).collect();
        let uniform = decisions.windows(2).all(|w| w.first() == w.last());
        self.decision = match decisions.first() {
            Some(first) if uniform => *first,
            _ => Decision::Unknown,
        };
        if state_unknown && self.decision == Decision::Allow {
            // which acceptance would be opened is not known, and a policy may name one
            self.decision = Decision::Unknown;
        }
        if self.decision == Decision::Allow {
            self.allowed(&trials, desk);
        } else {
            self.refused(&trials, desk);
        }
        self.actions = outcomes(&trials, &self.needed);
        if desk.any_request {
            let later = std::mem::take(&mut self.later);
            let of_later = later.iter().map(|t| trial_decision(t, desk));
            let perhaps = std::mem::take(&mut self.perhaps_later);
            let of_perhaps = perhaps.iter().map(|t| match trial_decision(t, desk) {
                Decision::Deny => Decision::Deny,
                Decision::Allow | Decision::Unknown => Decision::Unknown,
            });
            let decisions: Vec<Decision> = decisions.iter().copied().chain(of_later).chain(of_perhaps).collect();
            let all: Vec<&Trial> = trials.iter().chain(&later).chain(&perhaps).collect();
            self.any_request = Some(AnyRequest::of(&all, &decisions, state_unknown));
        }
        self.dependencies(&trials, &decisions, state_unknown);
        self.assume(desk, principal, operation)?;
        Ok(())
    }

    fn allowed(&mut self, trials: &[Trial], desk: &AccountEvaluator<'_>) {
        let passes = |t: &Trial, g: &&'static str| matches!(t.failing.get(g), Some(None));
        let generations = desk.model.generations().iter();
        self.rests_on = generations.clone().filter(|g| trials.iter().all(|t| passes(t, g))).copied().collect();
        if self.rests_on.is_empty() {
            self.rests_on = generations.filter(|g| trials.iter().any(|t| passes(t, g))).copied().collect();
        }
        self.deprecated = self.deprecation(desk);
        let Some(trial) = trials.first() else { return };
        for ((generation, action), verdict) in &trial.verdicts {
            let needed = self.needed.contains(&(*generation, action.clone()));
            if let (CallResult::Allowed(said), true, true) = (verdict, self.rests_on.contains(generation), needed) {
                self.grants.extend(causes(action, said));
            }
        }
        self.grants.sort();
        self.grants.dedup();
    }

    /// Whether AWS had deprecated what the allow rests on by the moment asked: an action that is needed, in every generation.
    fn deprecation(&self, desk: &AccountEvaluator<'_>) -> Option<String> {
        let mut days = Vec::new();
        for generation in &self.rests_on {
            let needed = self.needed.iter().filter(|(g, _)| g == generation);
            let known =
                needed.filter_map(|(_, action)| actions::action(action)?.deprecated_in(&desk.account.partition));
            let passed = known.filter(|day| moment::parse(day).is_some_and(|d| d <= desk.at));
            days.push(passed.min()?);
        }
        days.iter().max().map(|day| format!("by permissions that AWS deprecated on {day}"))
    }

    fn refused(&mut self, trials: &[Trial], desk: &AccountEvaluator<'_>) {
        let failing: Vec<(&Trial, Reported<'_>)> =
            trials.iter().filter_map(|t| Some((t, furthest(t, desk)?))).collect();
        let mut ids: BTreeMap<(u32, &String), usize> = BTreeMap::new();
        for (_, (_, gates)) in &failing {
            for gate in *gates {
                let order = desk.rules.rules.get(gate).map_or(0, |r| r.order);
                *ids.entry((order, gate)).or_default() += 1;
            }
        }
        // the trial that gets furthest names what is missing
        let nearest = failing.iter().min_by_key(|(t, (generation, gates))| {
            let lacks = |id: &String| desk.rules.rules.get(id).is_some_and(|r| lacks(t, r, generation));
            // of those that get equally far, one that lacks a permission tells more, and a denial that depends on what is not
            // known is no cause where the answer is the same without it
            (gates.len(), !gates.iter().any(lacks), denials(t))
        });
        let Some((trial, (generation, gates))) = nearest else {
            return;
        };
        if gates.is_empty() && self.decision == Decision::Deny {
            self.reason = Some(desk.unpermitted(&self.operation));
        }
        let mut missing = BTreeSet::new();
        let mut hopeless = false;
        for ((_, id), times) in ids {
            let rule = desk.rules.rules.get(id);
            // a gate that proves nothing is not what denies (D21)
            let certain = times == trials.len() && rule.is_some_and(|r| r.get("uncertain").is_none());
            let mut because = Vec::new();
            if let Some(rule) = rule {
                for action in rule.requires(generation, trial.in_force) {
                    if let Some(CallResult::Blocked(said)) = trial.verdicts.get(&(*generation, action.clone())) {
                        missing.insert(action.clone());
                        because.extend(causes(action, said));
                    }
                }
            }
            because.sort();
            hopeless |= certain && rule.is_some_and(Rule::is_beyond_permissions);
            self.gates.push(Gate { id: id.clone(), certain, because });
        }
        // where no permission helps, none is missing (D27)
        self.missing = if hopeless { Vec::new() } else { missing.into_iter().collect() };
        if self.decision == Decision::Unknown {
            let uncertain = |g: &&Gate| desk.rules.rules.get(&g.id).is_some_and(|r| r.get("uncertain").is_some());
            self.reason = self.gates.iter().find(uncertain).and_then(|g| desk.rules.rules.get(&g.id)?.text("reason"));
        }
    }

    /// The gate whose message the console shows, as far as that is certain: the first that fails in any case.
    pub fn first_gate(&self) -> Option<&Gate> {
        match self.decision {
            Decision::Deny => self.gates.iter().find(|g| g.certain).or(self.gates.first()),
            _ => None,
        }
    }

    fn dependencies(&mut self, trials: &[Trial], decisions: &[Decision], state_unknown: bool) {
        for key in std::mem::take(&mut self.too_many) {
            if self.decision == Decision::Unknown {
                self.depends_on.push(Dependency { key: spelling(&key), allows: Vec::new() });
                self.reason = Some("too many combinations of unknowns to try them all".to_owned());
            }
        }
        let earlier = self.gates.iter().take_while(|g| !g.certain).next().is_some();
        if self.decision == Decision::Allow || (self.decision == Decision::Deny && !earlier) {
            return;
        }
        let assigned: Vec<(bool, &Choice)> = trials.iter().map(|t| (t.in_force, &t.choice)).collect();
        let keys: BTreeSet<&String> = trials.iter().flat_map(|t| t.choice.iter().map(|(k, _)| k)).collect();
        for key in keys {
            let pairs = pairs(&assigned, key);
            let differs = |matters: &dyn Fn(usize, usize) -> bool| pairs.iter().any(|(a, b)| matters(*a, *b));
            let decides = differs(&|a, b| decisions.get(a) != decisions.get(b));
            let tells = self.decision == Decision::Deny
                && differs(&|a, b| trials.get(a).map(|t| &t.failing) != trials.get(b).map(|t| &t.failing));
            if !decides && !tells {
                continue;
            }
            let allows = trials.iter().zip(decisions).map(|(t, d)| (&t.choice, *d == Decision::Allow));
            self.depends_on.push(Dependency { key: spelling(key), allows: allowing(allows, key) });
        }
        // a policy variable and the key that it is compared with are a pair
        let beside: BTreeSet<&Beside> = trials.iter().flat_map(|t| t.beside.iter()).collect();
        for b in beside {
            let (of, label) = &b.of;
            let told = |d: &Dependency| d.key == spelling(of) && d.allows.contains(label);
            if !self.depends_on.iter().any(told) {
                continue;
            }
            match self.depends_on.iter_mut().find(|d| d.key == spelling(&b.key)) {
                Some(own) if own.allows.is_empty() => own.allows.push(b.value.clone()),
                Some(_) => {}
                None => self.depends_on.push(Dependency { key: spelling(&b.key), allows: vec![b.value.clone()] }),
            }
        }
        if state_unknown && self.decision == Decision::Unknown {
            self.depends_on.push(Dependency { key: "agreementsKnown".to_owned(), allows: Vec::new() });
        }
        self.depends_on.sort();
        self.depends_on.dedup();
    }

    fn assume(
        &mut self,
        desk: &AccountEvaluator<'_>,
        principal: &Principal,
        operation: &Operation,
    ) -> Result<(), Failure> {
        self.assuming.extend(principal.knowledge.assumptions(&self.keys).cloned());
        self.concluded = true;
        self.granted = desk.assumptions(principal, operation, self.decision == Decision::Allow)?;
        Ok(())
    }
}

/// What each IAM action that is needed comes to under all trials; where both generations need it, the better of the two.
fn outcomes(trials: &[Trial], needed: &BTreeSet<(&'static str, String)>) -> BTreeMap<String, Decision> {
    let mut actions: BTreeMap<String, Decision> = BTreeMap::new();
    for key in needed {
        let verdicts = trials.iter().filter_map(|t| t.verdicts.get(key));
        let allowed: BTreeSet<bool> = verdicts.map(|v| matches!(v, CallResult::Allowed(_))).collect();
        let decision = match (allowed.contains(&true), allowed.contains(&false)) {
            (true, false) => Decision::Allow,
            (true, true) => Decision::Unknown,
            (false, _) => Decision::Deny,
        };
        let rank = |d: Decision| [Decision::Deny, Decision::Unknown, Decision::Allow].iter().position(|o| *o == d);
        let known = actions.entry(key.1.clone()).or_insert(decision);
        if rank(decision) > rank(*known) {
            *known = decision;
        }
    }
    actions
}

/// Whether a gate asks for an IAM action that is not allowed.
fn lacks(trial: &Trial, gate: &Rule, generation: &'static str) -> bool {
    let blocked =
        |action: &String| matches!(trial.verdicts.get(&(generation, action.clone())), Some(CallResult::Blocked(_)));
    gate.requires(generation, trial.in_force).iter().any(blocked)
}

/// How many statements deny something under an assignment.
fn denials(trial: &Trial) -> usize {
    let said = |v: &CallResult| match v {
        CallResult::Blocked(said) => said.iter().map(|l| l.statements.len()).sum(),
        CallResult::Allowed(_) => 0,
    };
    trial.verdicts.values().map(said).sum()
}

/// Allowed if any generation passes every gate; a failing gate that proves nothing makes it unknown (D21).
fn trial_decision(trial: &Trial, desk: &AccountEvaluator<'_>) -> Decision {
    let uncertain = |id: &String| desk.rules.rules.get(id).is_some_and(|r| r.get("uncertain").is_some());
    let mut decision = Decision::Deny;
    for gates in trial.failing.values() {
        match gates {
            None => return Decision::Allow,
            Some(gates) if !gates.is_empty() && gates.iter().all(uncertain) => decision = Decision::Unknown,
            Some(_) => {}
        }
    }
    decision
}

/// The generation that gets furthest: latest first failing gate, then fewest failing gates, then fine-grained (DESIGN §6).
fn furthest<'t>(trial: &'t Trial, desk: &AccountEvaluator<'_>) -> Option<Reported<'t>> {
    if trial.failing.values().any(Option::is_none) {
        return None;
    }
    let order = |id: &String| desk.rules.rules.get(id).map_or(0, |r: &Rule| r.order);
    let failing = trial.failing.iter().filter_map(|(g, gates)| gates.as_ref().map(|gates| (*g, gates.as_slice())));
    failing.max_by_key(|(generation, gates)| {
        // past every gate, and yet nothing permits it
        let first = gates.iter().map(order).min().unwrap_or(u32::MAX);
        (first, std::cmp::Reverse(gates.len()), *generation == "fine-grained")
    })
}

/// What layers say of an action, a statement a line.
fn causes(action: &str, said: &[LayerStatements]) -> Vec<Because> {
    let mut causes = Vec::new();
    for LayerStatements { layer, statements } in said {
        let because = |statement| Because { action: action.to_owned(), layer: *layer, statement };
        if statements.is_empty() {
            causes.push(because(None));
        }
        causes.extend(statements.iter().map(|s| because(Some(*s))));
    }
    causes
}
