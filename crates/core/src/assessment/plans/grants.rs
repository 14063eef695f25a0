//! What a proposed statement allows: each action on what the operation asks it on, and on nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Planner;
use crate::agreements::Agreements;
use crate::assessment::stage::beside;
use crate::assessment::{OperationAnswer, Options, PrincipalAnswer};
use crate::inventory::Inventory;
use crate::operations::catalogue;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;

/// The resources of each IAM action that an operation asks for.
pub(super) type Resources = BTreeMap<String, Vec<String>>;

/// IAM actions by the resources that they are allowed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<Vec<String>, BTreeSet<String>>);

impl Grants {
    /// Of actions; one that the operation does not name is asked on everything.
    pub(super) fn of(actions: &[String], resources: &Resources) -> Self {
        let mut grants = Self::default();
        for action in actions {
            let on = resources.get(action).filter(|r| !r.is_empty()).cloned();
            grants.0.entry(on.unwrap_or_else(|| vec!["*".to_owned()])).or_default().insert(action.clone());
        }
        grants
    }

    pub(super) fn extend(&mut self, others: Self) {
        for (resources, actions) in others.0 {
            self.0.entry(resources).or_default().extend(actions);
        }
    }

    /// All actions.
    pub(super) fn actions(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.0.values().flatten().collect();
        all.into_iter().cloned().collect()
    }

    /// The statements that allow them.
    pub(super) fn statements(&self) -> Vec<Value> {
        let one = |list: Vec<&String>| match list.as_slice() {
            [only] => json!(only),
            list => json!(list),
        };
        let statement = |(resources, actions): (&Vec<String>, &BTreeSet<String>)| json!({"Effect": "Allow", "Action": one(actions.iter().collect()), "Resource": one(resources.iter().collect())});
        self.0.iter().map(statement).collect()
    }

    /// In words: `artifact:GetAgreement on arn:…, and organizations:DescribeOrganization`.
    pub(super) fn words(&self) -> String {
        let words = |(resources, actions): (&Vec<String>, &BTreeSet<String>)| {
            let actions = listed(&actions.iter().cloned().collect::<Vec<_>>());
            if resources.iter().any(|r| r == "*") { actions } else { format!("{actions} on {}", listed(resources)) }
        };
        self.0.iter().map(words).collect::<Vec<_>>().join(", and ")
    }
}

/// `a, b and c`
pub(super) fn listed(items: &[String]) -> String {
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
    }
}

/// What each IAM action behind an answer is asked on.
pub(super) fn resources(
    planner: &Planner<'_>,
    inventory: &Inventory,
    principal: &PrincipalAnswer,
    answer: &OperationAnswer,
) -> Result<Resources, Failure> {
    let Planner { rules, options, .. } = planner;
    stack::evaluate(|| {
        let agreements = Agreements::new(inventory, rules, options.at);
        let Some(account) = agreements.tree.accounts.get(&principal.account) else { return Ok(Resources::new()) };
        let standing = agreements.standing(account)?;
        let entities = agreements.entities(account, &standing, &beside(inventory))?;
        let coverage = agreements.coverage(account, &standing, &entities)?;
        let asked = (standing.organization.as_deref(), coverage.as_slice());
        let named = [answer.operation.to_owned()];
        let operations = catalogue::operations(&rules.operations, &agreements, account, asked, &named)?;
        let is = |o: &&catalogue::Operation| {
            (o.name, o.scope, &o.kind, &o.report, &o.member)
                == (answer.operation, answer.scope, &answer.agreement, &answer.report, &answer.member)
        };
        let Some(operation) = operations.iter().find(is) else { return Ok(Resources::new()) };
        let row = coverage.iter().find(|c| Some(&c.kind) == answer.agreement.as_ref());
        let in_force = row.is_some_and(|r| r.in_force().any(|i| Some(i.scope) == answer.scope));
        let generation = generation((rules, options), answer, in_force);
        let mut resources = Resources::new();
        for because in answer.gates.iter().flat_map(|g| &g.because) {
            if let Ok(call) = rules.operations.call(operation, &because.action, generation, in_force) {
                resources.insert(because.action.clone(), call.0.resources);
            }
        }
        Ok(resources)
    })
}

/// The generation of permissions whose gates an answer tells.
fn generation((rules, options): (&RuleBook, &Options), answer: &OperationAnswer, in_force: bool) -> &'static str {
    let asks = |generation: &&&'static str| {
        answer.gates.iter().all(|gate| {
            let required = rules.rules.get(&gate.id).map(|rule| rule.requires(generation, in_force));
            required.is_some_and(|required| gate.because.iter().all(|b| required.contains(&b.action)))
        })
    };
    let all = options.model.generations();
    // of both, the later one: what it asks for is asked on less
    all.iter().rev().find(asks).or(all.last()).copied().unwrap_or("fine-grained")
}
