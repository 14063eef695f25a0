//! What would turn a denial around: one ordered plan of edits, which is applied to the inventory in memory and asked again.
//!
//! A plan is found step by step: the gates that deny are met (`propose.rs`), the edits are made (`edits.rs`), and the same
//! question is asked of the edited inventory until it is allowed, or depends on what is not known, or nothing helps. Asking
//! is [`assess`]: there is no second evaluation. `gains.rs` tells who else is allowed something by the edits.

pub mod edits;
mod gains;
pub mod grants;
mod propose;

use std::cell::Cell;

use serde::Serialize;

use crate::assessment::{Assessment, DependencyAnswer, Filter, OperationAnswer, Options, PrincipalAnswer, assess};
use crate::inventory::Inventory;
use crate::inventory::entity::Entity;
use crate::inventory::entity::policies_of;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::Decision;
use edits::Edit;
pub use gains::Gain;

/// Denials that need more rounds than this have no plan.
const ROUNDS: usize = 8;

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// A statement is added, gets an exception, or is removed.
    Statement,
    /// A policy is attached, or detached.
    Attachment,
    /// An attribute becomes something else.
    Attribute,
    /// Something has to happen in the world, which no edit brings about.
    Event,
    /// Nothing helps.
    Nothing,
    /// It was not looked for: of so many denials, those before it were as many as are looked into.
    Untried,
}

/// A step of a plan.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// In words.
    pub text: String,
    /// The policy document that is edited.
    pub file: Option<String>,
    /// The line of the statement that is edited; of the first one of the document where that is written within entities.
    pub line: Option<usize>,
    /// The statement that is edited: `Statement[2]`.
    pub pointer: Option<String>,
    /// In its place, with who else is allowed something by it.
    pub instead: Option<Instead>,
    #[serde(skip)]
    pub(crate) edit: Option<Edit>,
}

/// What can be done in place of a step.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Instead {
    /// In words.
    pub text: String,
    /// Who else is allowed something by it.
    pub also_allows: Vec<Gain>,
    /// So many may be allowed something by it, too many to be asked.
    #[serde(skip_serializing_if = "is_none")]
    pub may_allow: usize,
    #[serde(skip)]
    pub(crate) edit: Edit,
}

/// What turns a denial around.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// In this order; all of them are needed.
    pub steps: Vec<Step>,
    /// The answer once all is done, asked again; null where an event has to happen whose consequences are not told, or nothing
    /// helps.
    pub leads_to: Option<Decision>,
    /// What that answer depends on.
    pub depends_on: Vec<DependencyAnswer>,
    /// Who else is allowed something by it.
    pub also_allows: Vec<Gain>,
    /// So many may be allowed something by it, too many to be asked.
    #[serde(skip_serializing_if = "is_none")]
    pub may_allow: usize,
    /// What else the principal itself is allowed by it, where a denial is lifted: its operations.
    pub itself: Vec<&'static str>,
}

/// Whether a number is told at all.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks with a reference
fn is_none(number: &usize) -> bool {
    *number == 0
}

/// Finds the plans of an inventory's denials.
pub struct Planner<'a> {
    /// The inventory as it is.
    inventory: &'a Inventory,
    /// The rules.
    rules: &'a RuleBook,
    /// What the denials were asked with.
    options: &'a Options,
    /// So many entities are copied for all plans together: each is made to a copy of the inventory.
    most_copied: usize,
    copied: Cell<usize>,
    beside: gains::Beside,
}

impl<'a> Planner<'a> {
    /// Of the denials of an inventory, asked with these options.
    pub fn new(inventory: &'a Inventory, rules: &'a RuleBook, options: &'a Options) -> Self {
        let beside = gains::Beside::default();
        Self { inventory, rules, options, most_copied: usize::MAX, copied: Cell::new(0), beside }
    }

    /// The same, copying no more entities than this for all plans together, but those of one plan at least. Of the denials that come after
    /// it is said that it was not looked for what would turn them around.
    #[must_use]
    pub fn copying_at_most(self, entities: usize) -> Self {
        Self { most_copied: entities, ..self }
    }

    /// Gives every denial of an assessment its plan.
    pub fn add(&self, assessment: &mut Assessment) -> Result<(), Failure> {
        for principal in &mut assessment.principals {
            let mut operations = std::mem::take(&mut principal.operations);
            for operation in operations.iter_mut().filter(|o| o.decision == Decision::Deny && o.any_request.is_none()) {
                operation.changes = Some(self.plan(principal, operation)?);
            }
            principal.operations = operations;
        }
        Ok(())
    }

    /// A copy of the inventory; `None` where as many were made as may be.
    fn copy(&self) -> Option<Inventory> {
        let copied = self.copied.get();
        if copied >= self.most_copied {
            return None;
        }
        self.copied.set(copied.saturating_add(self.inventory.entities.len()));
        Some(self.inventory.clone())
    }

    /// The plan for one denial.
    pub fn plan(&self, principal: &PrincipalAnswer, denial: &OperationAnswer) -> Result<Plan, Failure> {
        match self.found(principal, denial)? {
            (plan, Some(edited)) => self.told(principal, denial, plan, &edited),
            (plan, None) => Ok(plan),
        }
    }

    /// How many permissions have to change so that a denial is none: actions that are to be allowed, and statements or policies that
    /// are to deny no longer. `None` where permissions alone do not do it.
    pub fn permissions_needed(
        &self,
        principal: &PrincipalAnswer,
        denial: &OperationAnswer,
    ) -> Result<Option<usize>, Failure> {
        let (plan, _) = self.found(principal, denial)?;
        let edits: Option<Vec<&Edit>> = plan.steps.iter().map(|step| step.edit.as_ref()).collect();
        let counted = edits.filter(|_| plan.leads_to.is_some());
        Ok(counted.and_then(|edits| edits.into_iter().map(Edit::permissions).sum()))
    }

    /// The plan without who else gains by it, and the inventory in which it is carried out.
    fn found(
        &self,
        principal: &PrincipalAnswer,
        denial: &OperationAnswer,
    ) -> Result<(Plan, Option<Inventory>), Failure> {
        let mut copy: Option<Inventory> = None;
        let (mut plan, mut answer) = (Plan::default(), denial.clone());
        for _ in 0..ROUNDS {
            if answer.decision != Decision::Deny {
                plan.leads_to = Some(answer.decision);
                plan.depends_on = answer.depends_on;
                return Ok((plan, copy));
            }
            if copy.is_none() && self.copied.get() >= self.most_copied && propose::beyond(self, &answer).is_empty() {
                return Ok((Plan::untried(), None));
            }
            let steps = propose::steps(self, copy.as_ref().unwrap_or(self.inventory), principal, &answer)?;
            let edits: Vec<Edit> = steps.iter().filter_map(|s| s.edit.clone()).collect();
            if edits.len() < steps.len() {
                // what follows an event is not told, and permissions would not help before it (D27)
                return Ok((Plan { steps, ..Plan::default() }, None));
            }
            let repeated = steps.iter().any(|s| plan.steps.iter().any(|known| known.edit == s.edit));
            if copy.is_none() {
                copy = self.copy();
            }
            let Some(edited) = copy.as_mut().filter(|_| !steps.is_empty() && !repeated) else { break };
            if !edits.iter().all(|e| e.apply(edited)) {
                break;
            }
            plan.steps.extend(steps);
            answer = self.ask(edited, principal, denial)?;
        }
        let gates: Vec<&str> = answer.gates.iter().map(|g| g.id.as_str()).collect();
        let text = match gates.as_slice() {
            // past every gate, and yet denied
            [] => "nothing helps while no policy of the rules permits it".to_owned(),
            gates => format!("no change was found that gets past {}", gates.join(", ")),
        };
        Ok((Plan { steps: vec![Step::of(StepKind::Nothing, text)], ..Plan::default() }, None))
    }

    /// The inventory with a plan's edits and the events whose effect is known; `None` where they cannot be made.
    pub fn applied(&self, plan: &Plan) -> Option<Inventory> {
        let mut edited = self.inventory.clone();
        let applied = plan.steps.iter().all(|s| s.edit.as_ref().is_some_and(|e| e.apply(&mut edited)));
        applied.then_some(edited)
    }

    /// The same question, asked of another inventory.
    fn ask(
        &self,
        inventory: &Inventory,
        who: &PrincipalAnswer,
        of: &OperationAnswer,
    ) -> Result<OperationAnswer, Failure> {
        let filter = Filter {
            accounts: vec![who.account.clone()],
            principals: Some(vec![(who.principal.clone(), who.account.clone())]),
            agreements: of.agreement.iter().cloned().collect(),
            operations: vec![of.operation.to_owned()],
            scopes: of.scope.into_iter().collect(),
            reports: of.report.iter().cloned().collect(),
            answers_alone: true,
            ..Filter::default()
        };
        let assessment = assess(inventory, self.rules, &Options { filter, ..self.options.clone() })?;
        let answers = assessment.principals.into_iter().flat_map(|p| p.operations);
        let lost = || Failure::internal("a plan")("the question has no answer after an edit");
        answers.into_iter().next().ok_or_else(lost)
    }

    /// With who else is allowed something, by the plan and by what could be done in its place.
    fn told(
        &self,
        principal: &PrincipalAnswer,
        denial: &OperationAnswer,
        mut plan: Plan,
        edited: &Inventory,
    ) -> Result<Plan, Failure> {
        plan.itself = gains::itself(self, principal, denial, &plan.steps, edited)?;
        (plan.also_allows, plan.may_allow) = gains::of(self, principal, &plan.steps, edited)?;
        for place in 0..plan.steps.len() {
            let mut other = plan.steps.clone();
            let Some(instead) = other.get(place).and_then(|s| s.instead.clone()) else { continue };
            if let Some(step) = other.get_mut(place) {
                step.edit = Some(instead.edit.clone());
            }
            let Some(inventory) = self.applied(&Plan { steps: other.clone(), ..Plan::default() }) else { continue };
            let (also, may) = gains::of(self, principal, &other, &inventory)?;
            if let Some(instead) = plan.steps.get_mut(place).and_then(|s| s.instead.as_mut()) {
                (instead.also_allows, instead.may_allow) = (also, may);
            }
        }
        Ok(plan)
    }
}

/// A principal as a condition names it: the ARN of a permission set's role has a path with a Region or without one.
pub fn excepted_as(arn: &str) -> Vec<String> {
    let of_any_region =
        arn.rsplit_once('/').filter(|_| arn.ends_with('*')).map(|(path, name)| format!("{path}/*/{name}"));
    std::iter::once(arn.to_owned()).chain(of_any_region).collect()
}

/// Whether an entity names a policy: by its id, or a permission set by the name of a customer managed one.
fn refers_to(entity: &Entity, policy: &str) -> bool {
    let mut found = false;
    for item in entity.attrs.values() {
        policies_of(item, &mut |id| found |= id == policy);
    }
    let boundary = entity.str("customerManagedPermissionsBoundary");
    let named = entity.texts("customerManagedPolicies").into_iter().chain(boundary);
    let is = |name: &str| policy.ends_with(&format!(":policy/{}", name.trim_start_matches('/')));
    found || named.into_iter().any(is)
}

impl Plan {
    /// That none was looked for.
    fn untried() -> Self {
        let text = "it was not looked for in every account what would change it; --account NUMBER asks about one";
        Self { steps: vec![Step::of(StepKind::Untried, text)], ..Self::default() }
    }
}

impl Step {
    fn of(kind: StepKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), file: None, line: None, pointer: None, instead: None, edit: None }
    }
}
