//! What a principal's calls come to under every assignment of what is unknown.
//!
//! Unknown keys are enumerated by representatives of the values that the policies distinguish, conditions over two unknown
//! keys by their truth, and policies outside the inventory by whether they allow, deny or say nothing.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::context::{KeyValue, Keys, Request};
use super::crossing;
use super::knowledge::{CALLED_VIA, Knowledge, Known, VIA_SERVICE};
use super::layer::{Layer, LayerOutcome, Slice};
use super::matching::{self, Sample};
use super::representatives::{Candidate, Use, candidates};
use super::resource::{self, OfResource};
use crate::aws::keys::nature;
use crate::aws::keys::values::{MATCH, NO_MATCH, SUCH_AS};
use crate::iam::crossing::crossed;
use crate::iam::document::Condition;
use crate::iam::segments;
use crate::iam::template::Template;
use crate::iam::value::boolean;
use crate::problem::Failure;

/// More combinations than this are not enumerated, and the answer is unknown.
pub const MAX_SCENARIOS: usize = 1024;

/// One call to AWS that an operation makes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// `service:Action`, as AWS writes it.
    pub action: String,
    /// ARNs that it may be asked on, any of which will do unless one is denied; `*` for an action without resources.
    pub resources: Vec<String>,
    /// Keys of the action's own service, in lower case; `None` for one that may be anything.
    pub keys: BTreeMap<String, Option<String>>,
}

/// The layers that a principal is under. All of them must allow.
#[derive(Clone, Default)]
pub struct Stack {
    /// In the order in which answers name them.
    pub layers: Vec<Rc<Layer>>,
    /// The one of them that is the policy of the resource, and how it counts.
    pub of_resource: Option<OfResource>,
}

/// What a layer says of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LayerStatements {
    /// Index into the stack's layers.
    pub layer: usize,
    /// The statements that allow, or that deny; none where the layer is silent.
    pub statements: Vec<usize>,
}

/// What a call comes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallResult {
    /// All layers allow: the layers that have statements, and the statements that allow.
    Allowed(Vec<LayerStatements>),
    /// The layers that do not.
    Blocked(Vec<LayerStatements>),
}

/// Something unknown that the calls' policies read.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// A condition key, or the ARN of a policy.
    pub key: String,
    /// What it may be, in words.
    pub labels: Vec<String>,
    /// The key that a policy variable is compared with, where it is unknown too, and what it is where the variable is as a label says.
    beside: Vec<(String, String, String)>,
    choices: Choices,
}

#[derive(Clone, Debug)]
enum Choices {
    Key(Vec<Candidate>),
    Atom(String),
    Policy,
    Attachment,
    /// Whether an organization has all features, without which it has no control policies.
    Features,
    /// Whether a `*` in an ARN crosses colons (D25).
    Reading,
}

impl Dimension {
    /// It is a part of the request, rather than of what the inventory does not tell.
    pub fn is_of_request(&self) -> bool {
        matches!(self.choices, Choices::Key(_) | Choices::Atom(_))
    }

    /// Whether a choice is that a policy outside the inventory denies.
    pub fn denies(&self, choice: usize) -> bool {
        matches!(self.choices, Choices::Policy) && choice == 2
    }
}

/// Every assignment, and what each call comes to under it.
#[derive(Clone, Debug)]
pub struct Scenarios {
    /// What is unknown.
    pub dimensions: Vec<Dimension>,
    /// A choice a dimension, and a verdict a call.
    pub rows: Vec<(Vec<usize>, Vec<CallResult>)>,
    /// The keys that the calls' policies read, for naming assumptions.
    pub keys: BTreeSet<String>,
    /// Keys with too many possible values to be enumerated: then there are no rows.
    pub too_many: Vec<String>,
}

/// What was found of a principal's calls: operations share most of them.
#[derive(Debug, Default)]
pub struct Memo {
    calls: RefCell<HashMap<Call, Settled>>,
    candidates: RefCell<Vec<Enumerated>>,
}

/// What an unknown key may be, as far as its uses tell values apart; the operations' calls read most keys alike.
#[derive(Debug)]
struct Enumerated {
    key: String,
    uses: Vec<Use>,
    known: Option<Known>,
    found: Option<Vec<Candidate>>,
}

impl Memo {
    fn candidates(&self, key: &str, uses: Vec<Use>, known: Option<Known>) -> Option<Vec<Candidate>> {
        let mut memo = self.candidates.borrow_mut();
        if let Some(e) = memo.iter().find(|e| e.key == key && e.uses == uses && e.known == known) {
            return e.found.clone();
        }
        let found = candidates(&uses, known.as_ref(), nature(key));
        memo.push(Enumerated { key: key.to_owned(), uses, known, found: found.clone() });
        found
    }
}

/// A call by itself.
#[derive(Clone, Debug)]
struct Settled {
    keys: BTreeSet<String>,
    /// `None` where the call depends on what is unknown.
    verdict: Option<CallResult>,
}

/// Decides calls under every assignment.
pub fn ask(stack: &Stack, calls: &[Call], knowledge: &Knowledge, memo: &Memo) -> Result<Scenarios, Failure> {
    let settled = calls.iter().map(|call| settle(stack, call, knowledge, memo)).collect::<Result<Vec<_>, _>>()?;
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut gathered = Gathered::default();
    for (call, settled) in calls.iter().zip(&settled) {
        keys.extend(settled.keys.iter().cloned());
        if settled.verdict.is_none() {
            gathered.call(stack, call, knowledge)?;
        }
    }
    let (dimensions, too_many) = gathered.dimensions(memo);
    if !too_many.is_empty() {
        return Ok(Scenarios { dimensions, rows: Vec::new(), keys, too_many });
    }
    let mut rows = Vec::new();
    for choice in product(&dimensions).into_iter().filter(|choice| can_be(&dimensions, choice)) {
        let verdict = |(call, settled): (&Call, &Settled)| match &settled.verdict {
            Some(verdict) => Ok(verdict.clone()),
            None => decide(stack, call, knowledge, &keys, &dimensions, &choice),
        };
        let verdicts = calls.iter().zip(&settled).map(verdict).collect::<Result<Vec<_>, _>>()?;
        rows.push((choice, verdicts));
    }
    Ok(Scenarios { dimensions, rows, keys, too_many })
}

/// What a call comes to, if that depends on nothing unknown.
fn settle(stack: &Stack, call: &Call, knowledge: &Knowledge, memo: &Memo) -> Result<Settled, Failure> {
    if let Some(settled) = memo.calls.borrow().get(call) {
        return Ok(settled.clone());
    }
    let mut gathered = Gathered::default();
    gathered.call(stack, call, knowledge)?;
    let keys = std::mem::take(&mut gathered.keys);
    let (dimensions, too_many) = gathered.dimensions(memo);
    let certain = dimensions.is_empty() && too_many.is_empty();
    let verdict = if certain { Some(decide(stack, call, knowledge, &keys, &[], &[])?) } else { None };
    let settled = Settled { keys, verdict };
    memo.calls.borrow_mut().insert(call.clone(), settled.clone());
    Ok(settled)
}

/// What the policies read of what is unknown.
#[derive(Default)]
struct Gathered {
    uses: BTreeMap<String, (Vec<Use>, Option<Known>)>,
    /// By their names: the variable, and values with which it does not hold and with which it does.
    atoms: BTreeMap<String, (String, [Option<Sample>; 2])>,
    policies: BTreeSet<String>,
    /// Policies of which it is not known where they are attached, and whether their documents are known.
    unplaced: BTreeMap<String, bool>,
    /// Organizations of which it is not known whether they have control policies.
    organizations: BTreeSet<String>,
    /// Patterns that reach a resource only if a `*` crosses colons (D25).
    crossed: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Scenarios {
    /// What else has to be so, where a key is as a label says.
    pub fn beside(&self) -> Vec<Beside> {
        let of = |d: &Dimension| {
            let one = |(label, key, value): &(String, String, String)| Beside {
                of: (d.key.clone(), label.clone()),
                key: key.clone(),
                value: value.clone(),
            };
            d.beside.iter().map(one).collect::<Vec<_>>()
        };
        self.dimensions.iter().flat_map(of).collect()
    }
}

/// What a key has to be where another one is as a label says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Beside {
    /// The other key, and the label.
    pub of: (String, String),
    /// The key.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Gathered {
    fn call(&mut self, stack: &Stack, call: &Call, knowledge: &Knowledge) -> Result<(), Failure> {
        let action = call.action.to_ascii_lowercase();
        stack.layers.iter().try_for_each(|layer| self.layer(layer, &action, call, knowledge))
    }

    fn layer(&mut self, layer: &Layer, action: &str, call: &Call, knowledge: &Knowledge) -> Result<(), Failure> {
        let slice = layer.slice(action)?;
        if !layer.placed {
            if !layer.may_deny(&slice) {
                return Ok(());
            }
            self.unplaced.insert(layer.of.clone(), layer.opaque.is_empty());
        } else {
            self.policies.extend(layer.opaque.iter().cloned());
        }
        self.organizations.extend(layer.of_all_features.clone());
        self.keys.extend(slice.keys().iter().cloned());
        let known = |key: &str| knowledge.of(key, action, &call.keys);
        let resources: Vec<_> = call.resources.iter().map(|r| segments(r)).collect();
        self.opaque_atoms(&slice, &resources, &known);
        for statement in layer.of_slice(&slice) {
            let patterns = resources.iter().flatten().flat_map(|arn| crossed(&statement.resources, arn));
            self.crossed.extend(patterns.map(str::to_owned));
        }
        for condition in layer.conditions(&slice) {
            self.condition(condition, &known);
        }
        Ok(())
    }

    /// Facts over variables whose value is unknown: true or false, whatever the other keys are.
    fn opaque_atoms(
        &mut self,
        slice: &Slice,
        resources: &[Option<[String; 6]>],
        known: &impl Fn(&str) -> Option<Known>,
    ) {
        for (name, atom) in slice.atoms().iter().filter(|(_, a)| a.is_possible(resources)) {
            if let Some(variable) = atom.variables().into_iter().find(|v| !is_settled(known(v)))
                && !self.atoms.contains_key(name)
            {
                let samples = [false, true].map(|holds| matching::sample(atom, holds, resources, known));
                self.atoms.insert(name.clone(), (variable.to_owned(), samples));
            }
        }
    }

    fn condition(&mut self, condition: &Condition, known: &impl Fn(&str) -> Option<Known>) {
        let what = known(&condition.key);
        if is_settled(what.clone()) {
            return;
        }
        let value = |key: &str| match known(key) {
            Some(Known::Value(value)) => value.single().map(str::to_owned),
            _ => None,
        };
        let substituted = condition.values.iter().filter_map(|v| substitute(v, &value));
        let entry = self.uses.entry(condition.key.clone()).or_insert_with(|| (Vec::new(), what));
        let read = Use { operator: condition.operator, values: substituted.collect() };
        if !entry.0.contains(&read) {
            entry.0.push(read);
        }
    }

    fn dimensions(self, memo: &Memo) -> (Vec<Dimension>, Vec<String>) {
        let (mut dimensions, mut too_many) = (Vec::new(), Vec::new());
        for (key, (uses, known)) in self.uses {
            let unknown = known.is_none();
            match memo.candidates(&key, uses, known) {
                Some(found) if found.len() == 1 && unknown => {}
                Some(found) => {
                    let labels = found.iter().map(|c| c.label.clone()).collect();
                    dimensions.push(Dimension { key, labels, beside: Vec::new(), choices: Choices::Key(found) });
                }
                None => too_many.push(key),
            }
        }
        for (name, (variable, samples)) in self.atoms {
            let (mut labels, mut beside) = (Vec::new(), Vec::new());
            for (words, sample) in [NO_MATCH, MATCH].iter().zip(samples) {
                let label = match &sample {
                    Some(sample) => format!("{words}{name}{SUCH_AS}{})", sample.value),
                    None => format!("{words}{name}"),
                };
                let other = sample.and_then(|s| s.beside);
                beside.extend(other.map(|(key, value)| (label.clone(), key, value)));
                labels.push(label);
            }
            dimensions.push(Dimension { key: variable, labels, beside, choices: Choices::Atom(name) });
        }
        for policy in self.policies {
            let labels = ["says nothing", "allows it", "denies it"].map(str::to_owned).to_vec();
            dimensions.push(Dimension { key: policy, labels, beside: Vec::new(), choices: Choices::Policy });
        }
        for (policy, known) in self.unplaced {
            let labels = match known {
                true => ["not attached here", "attached here"],
                false => ["not attached here, or not denying it", "attached here and denying it"],
            };
            let labels = labels.map(str::to_owned).to_vec();
            dimensions.push(Dimension {
                key: attachment(&policy),
                labels,
                beside: Vec::new(),
                choices: Choices::Attachment,
            });
        }
        for organization in &self.organizations {
            let labels = FEATURE_SETS.map(str::to_owned).to_vec();
            dimensions.push(Dimension {
                key: feature_set(organization),
                labels,
                beside: Vec::new(),
                choices: Choices::Features,
            });
        }
        if !self.crossed.is_empty() {
            let labels = ["up to a colon", "across colons"].map(str::to_owned).to_vec();
            let patterns = self.crossed.into_iter().collect::<Vec<_>>().join(", ");
            let key = format!("how far the `*` in {patterns} reaches (D25)");
            dimensions.push(Dimension { key, labels, beside: Vec::new(), choices: Choices::Reading });
        }
        let mut combinations: usize = 1;
        for dimension in &dimensions {
            combinations = combinations.saturating_mul(dimension.labels.len());
        }
        if combinations > MAX_SCENARIOS {
            too_many.extend(dimensions.iter().map(|d| d.key.clone()));
        }
        too_many.sort();
        too_many.dedup();
        (dimensions, too_many)
    }
}

/// What an answer depends on where it is not known where a policy is attached.
fn attachment(policy: &str) -> String {
    format!("the targets of {policy}")
}

/// Without all features there are no control policies.
const FEATURE_SETS: [&str; 2] = ["CONSOLIDATED_BILLING", "ALL"];

/// What an answer depends on where it is not known whether an organization has control policies; gates call it the same.
fn feature_set(organization: &str) -> String {
    format!("featureSet of {organization}")
}

/// Whether a key's value, or its absence, is known.
pub fn is_settled(known: Option<Known>) -> bool {
    matches!(known, Some(Known::Value(_) | Known::Absent))
}

/// A template with the variables replaced that are known; `None` where one is not: that condition value is an atom.
pub fn substitute(template: &Template, value: &impl Fn(&str) -> Option<String>) -> Option<Template> {
    let values: BTreeMap<&str, String> = template.variables().filter_map(|k| Some((k, value(k)?))).collect();
    template.substitute(|k| values.get(k).map(String::as_str))
}

/// Whether there is a request with these values together: one that no service makes for somebody names no service that does.
fn can_be(dimensions: &[Dimension], choice: &[usize]) -> bool {
    let mut chosen = dimensions.iter().zip(choice).filter_map(|(dimension, index)| match &dimension.choices {
        Choices::Key(found) => Some((dimension.key.as_str(), found.get(*index)?.value.as_ref())),
        _ => None,
    });
    let via = |value: Option<&KeyValue>| value.and_then(KeyValue::single).and_then(boolean) == Some(true);
    let by_nobody = chosen.clone().any(|(key, value)| key == VIA_SERVICE && !via(value));
    !by_nobody || chosen.all(|(key, value)| !CALLED_VIA.contains(&key) || value.is_none())
}

/// Every choice of one index a dimension.
fn product(dimensions: &[Dimension]) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new()];
    for dimension in dimensions {
        let extend = |row: Vec<usize>| {
            (0..dimension.labels.len()).map(move |i| {
                let mut longer = row.clone();
                longer.push(i);
                longer
            })
        };
        rows = rows.into_iter().flat_map(extend).collect();
    }
    rows
}

fn decide(
    stack: &Stack,
    call: &Call,
    knowledge: &Knowledge,
    keys: &BTreeSet<String>,
    dimensions: &[Dimension],
    choice: &[usize],
) -> Result<CallResult, Failure> {
    let action = call.action.to_ascii_lowercase();
    let mut request = Request { action, resource: None, keys: Keys::new(), decided: BTreeMap::new() };
    for key in keys {
        if let Some(Known::Value(value)) = knowledge.of(key, &request.action, &call.keys) {
            request.keys.insert(key.clone(), value);
        }
    }
    let (mut policies, mut crosses) = (BTreeMap::new(), false);
    for (dimension, index) in dimensions.iter().zip(choice) {
        match &dimension.choices {
            Choices::Key(found) => {
                // a key of the action's own service may be known for one call and open for another
                let settled = is_settled(knowledge.of(&dimension.key, &request.action, &call.keys));
                if let (Some(value), false) = (found.get(*index).and_then(|c| c.value.clone()), settled) {
                    request.keys.insert(dimension.key.clone(), value);
                }
            }
            Choices::Reading => crosses = *index == 1,
            Choices::Atom(name) => drop(request.decided.insert(name.clone(), *index == 1)),
            Choices::Policy | Choices::Attachment | Choices::Features => {
                policies.insert(dimension.key.as_str(), *index);
            }
        }
    }
    let mut blocked: Option<Vec<LayerStatements>> = None;
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    for resource in &call.resources {
        request.resource = segments(resource);
        let (grants, found) = ask_layers(stack, &request, &policies, crosses)?;
        denied.extend(found.iter().filter(|b| !b.statements.is_empty()).cloned());
        if blocked.as_ref().is_none_or(|b| found.len() < b.len()) {
            (allowed, blocked) = (grants, Some(found));
        }
    }
    // what is denied on one of the names of a resource is denied
    let mut blocked = blocked.unwrap_or_default();
    blocked.extend(denied);
    blocked.sort();
    blocked.dedup();
    Ok(if blocked.is_empty() { CallResult::Allowed(allowed) } else { CallResult::Blocked(blocked) })
}

/// The layers that allow a request, and those that do not.
fn ask_layers(
    stack: &Stack,
    request: &Request,
    policies: &BTreeMap<&str, usize>,
    crosses: bool,
) -> Result<(Vec<LayerStatements>, Vec<LayerStatements>), Failure> {
    let (mut allowed, mut blocked) = (Vec::new(), Vec::new());
    let mut of_resource = None;
    let decide = |layer: &Layer| if crosses { crossing::decide(layer, request) } else { layer.decide(request) };
    for (index, layer) in stack.layers.iter().enumerate() {
        let absent = |o: &String| policies.get(feature_set(o).as_str()) == Some(&0);
        if layer.of_all_features.as_ref().is_some_and(absent) {
            continue;
        }
        if !layer.placed {
            let attached = policies.get(attachment(&layer.of).as_str()) == Some(&1);
            match decide(layer)? {
                _ if !attached => {}
                LayerOutcome::Deny(statements) => blocked.push(LayerStatements { layer: index, statements }),
                // a document that is not known either: where it counts, it denies
                _ if !layer.opaque.is_empty() => blocked.push(LayerStatements { layer: index, statements: Vec::new() }),
                _ => {}
            }
            continue;
        }
        let mut outcome = decide(layer)?;
        let says = layer.opaque.iter().filter_map(|o| policies.get(o.as_str())).copied().max().unwrap_or(0);
        match (says, &outcome) {
            (1, LayerOutcome::Silent) => outcome = LayerOutcome::Allow(Vec::new()),
            (2, LayerOutcome::Allow(_)) => outcome = LayerOutcome::Silent,
            _ => {}
        }
        if let Some(how) = stack.of_resource.filter(|r| r.layer == index) {
            of_resource = Some((how, outcome));
            continue;
        }
        match outcome {
            LayerOutcome::Allow(statements) => allowed.push(LayerStatements { layer: index, statements }),
            LayerOutcome::Deny(statements) => blocked.push(LayerStatements { layer: index, statements }),
            LayerOutcome::Silent => blocked.push(LayerStatements { layer: index, statements: Vec::new() }),
        }
    }
    if let Some((how, outcome)) = of_resource {
        resource::combine(stack, (how, outcome), request, &mut allowed, &mut blocked)?;
    }
    Ok((allowed, blocked))
}
