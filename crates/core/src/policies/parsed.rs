//! The policies of a set of sources, one by one: what each states, reads and names. Whether they fit together is asked later.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cedar_policy::{Policy, PolicyId, PolicySet};

use super::annotations::Annotated;
use super::built_in::is_built_in;
use super::names::{self, Named};
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

impl Policies {
    /// Reads all sources; what is wrong goes to `problems`.
    pub fn of(
        sources: &[Arc<SourceFile>],
        schema: &EntitySchema,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, Failure> {
        let mut policies = Self::default();
        for source in sources {
            for (policy, span) in parse(source, problems).into_iter().zip(spans(&source.text)) {
                policies.add((source, span), &policy, schema, problems)?;
            }
        }
        Ok(policies)
    }

    fn add(
        &mut self,
        (source, span): (&Arc<SourceFile>, Span),
        policy: &Policy,
        schema: &EntitySchema,
        problems: &mut Vec<Problem>,
    ) -> Result<(), Failure> {
        let json = policy.to_json().map_err(Failure::internal("the JSON of a policy"))?;
        let rule = match Rule::read((source, span), (policy, &json), schema) {
            Ok(rule) => rule,
            Err(found) => {
                problems.extend(found);
                return Ok(());
            }
        };
        let names = names::of(policy, &json, (source, span), schema, problems);
        if rule.actions.iter().any(|action| action == COVERED) {
            let kinds = names.iter().filter(|n| n.of == names::Of::Kind);
            self.hipaa_kinds.extend(kinds.map(|n| n.name.clone()));
        }
        self.named.extend(names.into_iter().filter(|_| !is_built_in(source)));
        if self.rules.contains_key(&rule.id) {
            let message = format!("two policies have the id `{}`", rule.id);
            let place = Annotated { source, span, policy, subjects: &[] }.place("id");
            problems.push(Problem::at(source, place, message).help("ids must be unique across all files"));
            return Ok(());
        }
        let id = PolicyId::new(&rule.id);
        self.by_policy.insert(id.clone(), Reads::of(&json));
        self.all.add(policy.new_id(id)).map_err(Failure::internal("a set of policies"))?;
        self.rules.insert(rule.id.clone(), rule);
        Ok(())
    }
}
