//! The policies of a set of sources, one by one: what each states, reads and names. Whether they fit together is asked later.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::{Policy, PolicyId, PolicySet};
use serde_json::Value;

use super::annotations::Annotated;
use super::built_in::is_built_in;
use super::names::{self, Named};
use super::prepared;
use super::reads::Reads;
use super::{COVERED, Rule, parse, spans};
use crate::inventory::schema::EntitySchema;
use crate::problem::{Failure, Problem, SourceFile, Span};

/// Policies, and what is known of each.
#[derive(Default)]
pub struct Policies {
    /// As Cedar holds them, by their `@id`.
    pub all: PolicySet,
    /// By their `@id`.
    pub rules: BTreeMap<String, Rule>,
    /// What each reads.
    pub by_policy: HashMap<PolicyId, Reads>,
    /// The names in the user's policies that only an inventory can tell to exist.
    pub named: Vec<Named>,
    /// The kinds of agreement that the policies of HIPAA's coverage name.
    pub hipaa_kinds: BTreeSet<String>,
}

/// Which sources are known to be without fault.
pub type Held = fn(&SourceFile) -> bool;

impl Policies {
    /// Reads all sources; what is wrong goes to `problems`.
    pub fn of(
        sources: &[Arc<SourceFile>],
        schema: &EntitySchema,
        held: Held,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, Failure> {
        let mut policies = Self::default();
        let is_held: Vec<bool> = sources.iter().map(|source| held(source)).collect();
        let mut prepared: Vec<_> = sources.iter().map(|source| prepared::of(source).iter()).collect();
        for (place, policy, span) in read(sources, &is_held, problems) {
            let held = is_held.get(place).copied().unwrap_or_default();
            let prepared = prepared.get_mut(place).and_then(Iterator::next);
            if let Some(source) = sources.get(place) {
                let json = prepared.map_or_else(|| json_of(&policy), |json| Ok(json.clone()))?;
                policies.add((source, span), (&policy, json), (schema, held), problems)?;
            }
        }
        Ok(policies)
    }

    fn add(
        &mut self,
        (source, span): (&Arc<SourceFile>, Span),
        (policy, json): (&Policy, Arc<Value>),
        (schema, held): (&EntitySchema, bool),
        problems: &mut Vec<Problem>,
    ) -> Result<(), Failure> {
        let mut rule = match Rule::read((source, span), (policy, &json), schema) {
            Ok(rule) => rule,
            Err(found) => {
                problems.extend(found);
                return Ok(());
            }
        };
        let covers = rule.actions.iter().any(|action| action == COVERED);
        let names = match held && !covers {
            true => Vec::new(),
            false => names::of(policy, &json, (source, span), schema, problems),
        };
        if covers {
            let kinds = names.iter().filter(|n| n.of == names::Of::Kind);
            self.hipaa_kinds.extend(kinds.map(|n| n.name.clone()));
        }
        if !held && !is_built_in(source) {
            self.named.extend(names);
        }
        if self.rules.contains_key(&rule.id) {
            let message = format!("two policies have the id `{}`", rule.id);
            let place = Annotated { source, span, policy, subjects: &[] }.place("id");
            problems.push(Problem::at(source, place, message).help("ids must be unique across all files"));
            return Ok(());
        }
        let id = PolicyId::new(&rule.id);
        self.by_policy.insert(id.clone(), Reads::of(&json));
        self.all.add(policy.new_id(id)).map_err(Failure::internal("a set of policies"))?;
        rule.json = json;
        self.rules.insert(rule.id.clone(), rule);
        Ok(())
    }
}

/// A policy as JSON, where it was not [`prepared`]. Cedar parses its text anew for that; who asks by several sets of rules has most policies
/// in all of them, so those that were read are remembered.
fn json_of(policy: &Policy) -> Result<Arc<Value>, Failure> {
    const REMEMBERED: usize = 4_096;
    static KNOWN: Mutex<BTreeMap<String, Arc<Value>>> = Mutex::new(BTreeMap::new());
    let text = policy.to_string();
    // nobody panics while holding it
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(json) = known().get(&text) {
        return Ok(json.clone());
    }
    let json = Arc::new(policy.to_json().map_err(Failure::internal("the JSON of a policy"))?);
    let mut known = known();
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(text, json.clone());
    Ok(json)
}

/// The policies of sources, in their order: the place of the source, and where each stands in it.
fn read(sources: &[Arc<SourceFile>], held: &[bool], problems: &mut Vec<Problem>) -> Vec<(usize, Policy, Span)> {
    // most of what a parse costs is its beginning: all together cost little more than one
    let known = sources.iter().zip(held).filter(|(_, held)| **held).map(|(source, _)| source.text.as_str());
    let known = SourceFile::new("policies", known.collect::<Vec<_>>().join("\n"));
    let mut known = parse(&known, problems).into_iter();
    let mut read = Vec::new();
    for (place, (source, held)) in sources.iter().zip(held).enumerate() {
        let spans = spans(&source.text);
        let policies: Vec<Policy> =
            if *held { known.by_ref().take(spans.len()).collect() } else { parse(source, problems) };
        read.extend(policies.into_iter().zip(spans).map(|(policy, span)| (place, policy, span)));
    }
    read
}
