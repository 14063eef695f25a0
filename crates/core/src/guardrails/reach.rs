//! Whether a guardrail that forbids nothing could: one that cannot match promises nothing, and is never proved.
//!
//! It is asked about everyone in the inventory with whatever else they may do, then about principals that the inventory does not
//! have yet. One that forbids something only to these applies to no one so far. One that forbids nothing to them either cannot
//! match, and the reason is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::{
    Entities, Entity as CedarEntity, PolicySet, RestrictedExpression as Expr, ValidationResult, ValidationWarning,
};
use serde_json::Value;

use super::{Actor, GuardrailQuery, GuardrailState, Guardrails, Question};
use crate::assessment::Operation;
use crate::assessment::{Assessment, OperationAnswer, PrincipalAnswer};
use crate::inventory::entity::{Uid, cedar_uid};
use crate::inventory::model::Account;
use crate::inventory::schema::EntitySchema;
use crate::policies::name_of;
use crate::policies::operations::check::grant;
use crate::policies::reads::{Reads, actions};
use crate::policies::subjects::name_in;
use crate::policies::turning::Turning;
use crate::problem::{Failure, Problem, SourceFile, Span, did_you_mean};

/// What the text of a guardrail tells of what it can match.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    /// Why it matches nothing in any inventory.
    impossible: Option<String>,
    /// The actions that it names; empty for all.
    actions: Vec<String>,
    /// The texts that it compares with; of a long list, the first.
    texts: BTreeSet<String>,
    /// The entities that it names, likewise.
    entities: BTreeSet<Uid>,
    /// The attributes that it reads, of whatever.
    reads: BTreeSet<String>,
    /// Whether it is kept depends on who acts.
    pub is_about_people: bool,
    /// It reads tags.
    pub reads_tags: bool,
    /// It names an organization or an organizational unit.
    names_organization: bool,
    /// What it compares the moment asked with.
    pub turning: Turning,
}

/// A guardrail that forbids nothing to anyone in the inventory.
pub(super) struct Unmatched {
    pub state: GuardrailState,
    pub reason: String,
}

/// As many texts of a guardrail are tried.
const MOST_TEXTS: usize = 8;
/// As many operations are tried in all their combinations.
const MOST_OPERATIONS: usize = 8;
/// As many questions are asked about principals that the inventory does not have.
const MOST_QUESTIONS: usize = 100_000;

impl Terms {
    /// Those of a policy.
    pub fn of(policy: &cedar_policy::Policy, json: &Value, schema: &EntitySchema) -> Self {
        let any = json.pointer("/principal/op").and_then(Value::as_str) == Some("All");
        let is_about_people = !any || json.get("conditions").is_some_and(reads_who);
        let turning = Reads::of(json).turning;
        let mut terms = Self { actions: actions(policy), is_about_people, turning, ..Self::default() };
        for part in ["principal", "resource", "conditions"] {
            terms.add(json.get(part).unwrap_or(&Value::Null), schema);
        }
        let is_asked = |name: &String| name == "may" || schema.grants.contains(name);
        if let (Some(first), false) = (terms.actions.first(), terms.actions.iter().any(is_asked)) {
            terms.impossible = Some(format!(
                "guardrails are asked about the actions in `Artifact::Action::\"may\"` only, and `{first}` is not one of them"
            ));
        }
        terms
    }

    /// Whether it is asked about an action.
    pub fn is_asked(&self, grant: &str) -> bool {
        self.actions.is_empty() || self.actions.iter().any(|a| a == grant || a == "may")
    }

    /// Whether it reads what an account's organization is.
    pub fn reads_membership(&self) -> bool {
        self.names_organization || self.reads("role") || self.reads("organization")
    }

    /// Whether it reads an attribute of this name.
    pub fn reads(&self, attribute: &str) -> bool {
        self.reads.contains(attribute)
    }

    fn add(&mut self, json: &Value, schema: &EntitySchema) {
        if let (Some(ty), Some(id)) = (json.get("type").and_then(Value::as_str), json.get("id").and_then(Value::as_str))
        {
            let ty = crate::inventory::schema::local(ty);
            self.names_organization |= ty == "Organization" || ty == "OrganizationalUnit";
            if ty != "Action" && self.entities.len() < MOST_TEXTS {
                self.entities.insert(Uid::new(ty, id));
            }
            return;
        }
        match json {
            Value::Object(members) => {
                for (key, inner) in members {
                    self.reads_tags |= key == "hasTag" || key == "getTag";
                    match inner {
                        Value::String(name) if key == "attr" => drop(self.reads.insert(name.clone())),
                        Value::String(text) if key == "Value" => {
                            // names of operations are always tried: there are few of them
                            if self.texts.len() < MOST_TEXTS || schema.operations.contains(text) {
                                self.texts.insert(text.clone());
                            }
                        }
                        _ => self.add(inner, schema),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|inner| self.add(inner, schema)),
            _ => {}
        }
    }
}

/// A warning for each action of a guardrail that is never asked about, beside others that are: that part of it promises nothing.
pub(super) fn unasked(
    policy: &cedar_policy::Policy,
    source: &Arc<SourceFile>,
    span: Span,
    schema: &EntitySchema,
) -> Vec<Problem> {
    let is_asked = |name: &String| name == "may" || schema.grants.contains(name);
    let (asked, unasked): (Vec<String>, Vec<String>) = actions(policy).into_iter().partition(is_asked);
    let warning = |name: String| {
        let near = did_you_mean(&name, schema.grants.iter().map(String::as_str)).map(str::to_owned);
        let near = near.or_else(|| schema.grants.get(&grant(&name)).cloned());
        let help = near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?"));
        let message = format!("guardrails are never asked about `{name}`");
        Problem::at(source, name_in(source, span, &name), message).help(help).warning()
    };
    if asked.is_empty() { Vec::new() } else { unasked.into_iter().map(warning).collect() }
}

/// Takes note of the policies of which Cedar's validator says that no request could meet them.
pub(super) fn impossible(result: &ValidationResult, terms: &mut BTreeMap<String, Terms>) {
    for warning in result.validation_warnings() {
        if let ValidationWarning::ImpossiblePolicy(_) = warning
            && let Some(terms) = terms.get_mut(name_of(warning.policy_id()))
        {
            let reason = "no principal, action and account can meet its conditions, in any inventory";
            terms.impossible.get_or_insert_with(|| reason.to_owned());
        }
    }
}

impl GuardrailQuery<'_> {
    /// The guardrails that forbid nothing to anyone, whatever they may do, and what that means.
    pub(super) fn unmatched(
        &mut self,
        assessment: &Assessment,
        filtered: bool,
    ) -> Result<BTreeMap<String, Unmatched>, Failure> {
        let guardrails = self.guardrails;
        let mut unmatched = BTreeMap::new();
        let mut settle = |idle: &mut BTreeSet<String>, id: String, state, reason| {
            idle.remove(&id);
            unmatched.insert(id, Unmatched { state, reason });
        };
        for id in self.idle.clone() {
            if let Some(reason) = guardrails.terms(&id).impossible.clone() {
                settle(&mut self.idle, id, GuardrailState::CannotMatch, reason);
            }
        }
        self.ask_everyone(assessment)?;
        for id in self.idle.clone() {
            let cannot = if filtered {
                None
            } else {
                guardrails.names_nothing(&id).or_else(|| guardrails.never_asked(&id, assessment))
            };
            if let Some(reason) = cannot {
                settle(&mut self.idle, id, GuardrailState::CannotMatch, reason);
            }
        }
        if filtered {
            for id in self.idle.clone() {
                let reason = "it forbids nothing in the accounts that are checked".to_owned();
                settle(&mut self.idle, id, GuardrailState::NotApplicable, reason);
            }
            return Ok(unmatched);
        }
        let before = self.idle.clone();
        let all = self.ask_newcomers(assessment)?;
        for id in before {
            let (state, reason) = match (self.idle.contains(&id), all) {
                (false, _) => (GuardrailState::NotApplicable, "no principal of this inventory is one that it is about"),
                (true, true) => (
                    GuardrailState::CannotMatch,
                    "no principal could meet its conditions in any account of this inventory, whatever it were permitted",
                ),
                (true, false) => (
                    GuardrailState::Unknown,
                    "it forbids nothing to anyone here, and there are too many accounts to tell whether it can",
                ),
            };
            settle(&mut self.idle, id, state, reason.to_owned());
        }
        Ok(unmatched)
    }

    /// Whether a guardrail that forbids nothing so far reads an attribute of this name.
    fn reads(&self, attribute: &str) -> bool {
        self.idle.iter().any(|id| self.guardrails.terms(id).reads.contains(attribute))
    }

    /// Whether a guardrail that forbids nothing so far is about an operation.
    fn is_about(&self, operation: &str) -> bool {
        let name = grant(operation);
        self.idle.iter().any(|id| self.guardrails.terms(id).is_asked(&name))
    }

    /// Only the guardrails that forbid nothing so far are asked on.
    fn narrow(&mut self) -> Result<(), Failure> {
        let idle = |p: &&cedar_policy::Policy| self.idle.contains(name_of(p.id()));
        let policies: Vec<_> = self.guardrails.set.policies().filter(idle).cloned().collect();
        self.set = PolicySet::from_policies(policies).map_err(Failure::internal("a set of policies"))?;
        Ok(())
    }

    /// Asks about everyone, with every choice of the operations that the guardrails name.
    fn ask_everyone(&mut self, assessment: &Assessment) -> Result<(), Failure> {
        for principal in &assessment.principals {
            if self.idle.is_empty() {
                return Ok(());
            }
            let Some(account) = self.agreements.tree.accounts.get(&principal.account) else { continue };
            self.narrow()?;
            let agreements = self.agreements;
            let standing = agreements.standing(account)?;
            let actors = self.actors(principal);
            let entities = self.entities(principal, account, &standing, &actors)?;
            let role = agreements.role(&account.id, &standing).word();
            let uid = principal.uid.to_cedar()?;
            let question = Question {
                principal: uid,
                name: &principal.name,
                account,
                standing: &standing,
                entities: &entities,
                role,
            };
            for operation in principal.operations.iter().filter(|o| self.is_about(o.operation)).collect::<Vec<_>>() {
                for may in self.choices(operation.operation, &principal.operations) {
                    for actor in &actors {
                        self.ask(&question, &Operation::of(operation), actor, &may)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What a principal might do besides an operation: nothing, everything, and each choice of what the guardrails name.
    fn choices(&self, own: &'static str, operations: &[OperationAnswer]) -> Vec<BTreeSet<&'static str>> {
        if !self.reads("may") {
            return vec![BTreeSet::from([own])];
        }
        let all: BTreeSet<&'static str> = operations.iter().map(|o| o.operation).collect();
        let named = |name: &&'static str| self.idle.iter().any(|id| self.guardrails.terms(id).texts.contains(*name));
        let named: BTreeSet<&'static str> = all.iter().copied().filter(named).take(MOST_OPERATIONS).collect();
        if named.is_empty() {
            return vec![BTreeSet::from([own]), all];
        }
        let others = all.difference(&named).copied().collect();
        let mut choices = self.choose(&others, &named, own);
        choices.extend(self.choose(&BTreeSet::new(), &named, own));
        choices
    }

    /// Asks about principals of every type that the inventory does not have. Whether all could be asked.
    fn ask_newcomers(&mut self, assessment: &Assessment) -> Result<bool, Failure> {
        let mut seen = BTreeSet::new();
        let first: Vec<&PrincipalAnswer> =
            assessment.principals.iter().filter(|p| seen.insert(p.account.as_str())).collect();
        let mut left = MOST_QUESTIONS;
        for principal in first {
            if self.idle.is_empty() {
                return Ok(true);
            }
            let Some(account) = self.agreements.tree.accounts.get(&principal.account) else { continue };
            self.narrow()?;
            for newcomer in self.newcomers(account)? {
                if !self.ask_newcomer(principal, account, &newcomer, &mut left)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn ask_newcomer(
        &mut self,
        of_account: &PrincipalAnswer,
        account: &Account,
        newcomer: &Newcomer,
        left: &mut usize,
    ) -> Result<bool, Failure> {
        let agreements = self.agreements;
        let standing = agreements.standing(account)?;
        let entities = self.entities(of_account, account, &standing, &[])?;
        let own: Vec<_> = newcomer.entities.iter().filter(|e| entities.get(&e.uid()).is_none()).cloned().collect();
        let entities = entities.add_entities(own, None).map_err(Failure::internal("an entity"))?;
        let own_role = agreements.role(&account.id, &standing).word();
        let roles =
            if self.reads("role") { vec!["management", "member", "standalone", own_role] } else { vec![own_role] };
        let operations: Vec<_> = of_account.operations.iter().filter(|o| self.is_about(o.operation)).collect();
        for role in roles {
            for name in &newcomer.names {
                let question = Question {
                    principal: newcomer.uid.clone(),
                    name,
                    account,
                    standing: &standing,
                    entities: &entities,
                    role,
                };
                for &operation in &operations {
                    for may in self.choices(operation.operation, &of_account.operations) {
                        for actor in &newcomer.actors {
                            if *left == 0 || self.idle.is_empty() {
                                return Ok(self.idle.is_empty());
                            }
                            *left -= 1;
                            self.ask(&question, &Operation::of(operation), actor, &may)?;
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    /// A user, a role, a permission set that the account does not have yet, and its root; in no group, and in all that are named.
    fn newcomers(&self, account: &Account) -> Result<Vec<Newcomer>, Failure> {
        let inventory = self.agreements.inventory;
        let terms: Vec<&Terms> = self.idle.iter().map(|id| self.guardrails.terms(id)).collect();
        let texts: BTreeSet<String> = terms.iter().flat_map(|t| t.texts.iter().cloned()).take(MOST_TEXTS).collect();
        let named = |ty: &str| -> Vec<Uid> {
            let all = terms.iter().flat_map(|t| &t.entities);
            all.filter(|uid| uid.ty == ty && inventory.entities.contains_key(*uid)).cloned().collect()
        };
        let of_account = Expr::new_entity_uid(cedar_uid("Account", &account.id)?);
        let person = Uid::new("IdentityCenterUser", NEWCOMER);
        let mut all = Vec::new();
        for ty in ["User", "Role", "Root", "PermissionSet"] {
            let id = match ty {
                "Root" => format!("arn:{}:iam::{}:root", account.partition.as_str(), account.id),
                "PermissionSet" => NEWCOMER.to_owned(),
                _ => format!("arn:{}:iam::{}:{}/{NEWCOMER}", account.partition.as_str(), account.id, ty.to_lowercase()),
            };
            let attributes = match ty {
                "PermissionSet" => vec![
                    ("name".to_owned(), Expr::new_string(NEWCOMER.to_owned())),
                    ("assignments".to_owned(), Expr::new_set([])),
                ],
                _ => vec![("account".to_owned(), of_account.clone())],
            };
            let groups = if ty == "User" { named("Group") } else { Vec::new() };
            let parents = if groups.is_empty() { vec![groups] } else { vec![Vec::new(), groups] };
            for parents in parents {
                let uid = Uid::new(ty, &id);
                let mut entities = vec![entity(&uid, attributes.clone(), &parents)?];
                let user_name = ("userName".to_owned(), Expr::new_string(NEWCOMER.to_owned()));
                entities.push(entity(&person, vec![user_name], &named("IdentityCenterGroup"))?);
                let person = (ty == "PermissionSet").then(|| person.clone());
                let actor = |groups: BTreeSet<String>| Actor { person: person.clone(), name: None, groups };
                let names = texts.iter().filter(|_| self.reads("name")).cloned();
                let mut actors = vec![actor(BTreeSet::new())];
                actors.extend(self.reads("groups").then(|| actor(texts.clone())));
                all.push(Newcomer {
                    uid: uid.to_cedar()?,
                    entities,
                    names: names.chain([NEWCOMER.to_owned()]).collect(),
                    actors,
                });
            }
        }
        Ok(all)
    }
}

/// The name of a principal that no inventory has.
const NEWCOMER: &str = "countersign newcomer";

/// A principal that the inventory does not have.
struct Newcomer {
    uid: cedar_policy::EntityUid,
    entities: Vec<CedarEntity>,
    names: Vec<String>,
    actors: Vec<Actor>,
}

fn entity(uid: &Uid, attributes: Vec<(String, Expr)>, parents: &[Uid]) -> Result<CedarEntity, Failure> {
    let parents = parents.iter().map(Uid::to_cedar).collect::<Result<_, _>>()?;
    let entity = CedarEntity::new(uid.to_cedar()?, attributes.into_iter().collect(), parents);
    entity.map_err(Failure::internal("an entity"))
}

impl Guardrails {
    fn terms(&self, id: &str) -> &Terms {
        static NONE: Terms = Terms {
            turning: Turning::none(),
            impossible: None,
            actions: Vec::new(),
            texts: BTreeSet::new(),
            entities: BTreeSet::new(),
            reads: BTreeSet::new(),
            is_about_people: false,
            reads_tags: false,
            names_organization: false,
        };
        self.terms.get(id).unwrap_or(&NONE)
    }

    /// The texts of the guardrails that read what else somebody may do; `None` where none does.
    pub(super) fn duties(&self) -> Option<BTreeSet<&str>> {
        let reading = || self.terms.values().filter(|t| t.reads("may"));
        reading().next()?;
        Some(reading().flat_map(|t| t.texts.iter().map(String::as_str)).collect())
    }

    /// A name in a guardrail that the inventory does not have.
    fn names_nothing(&self, id: &str) -> Option<String> {
        let place = &self.all.get(id)?.place;
        let within = |problem: &&Problem| {
            problem.place().is_some_and(|p| {
                p.source.path == place.source.path && place.span.start <= p.span.start && p.span.end <= place.span.end
            })
        };
        self.warnings.iter().find(within).map(|problem| problem.message().to_owned())
    }

    /// None of the operations that a guardrail names is one that someone is asked about.
    fn never_asked(&self, id: &str, assessment: &Assessment) -> Option<String> {
        let terms = self.terms(id);
        let asked: BTreeSet<String> =
            assessment.principals.iter().flat_map(|p| p.operations.in_common()).map(|o| grant(o.operation)).collect();
        let first = terms.actions.first()?;
        let is_asked = |name: &String| name == "may" || asked.contains(name);
        (!terms.actions.iter().any(is_asked)).then(|| {
            format!("no principal of this inventory is asked about `{first}`: there is nothing here to do it with")
        })
    }

    /// The entities of a request, and those that hold long lists.
    pub(super) fn with_lists(&self, entities: Entities) -> Result<Entities, Failure> {
        entities.add_entities(self.lists.iter().cloned(), None).map_err(Failure::internal("a set of policies"))
    }
}

/// Whether a condition reads who acts: the principal, its name, its groups, or the person. What else is read of the context is the same
/// for whoever acts as the role.
fn reads_who(json: &Value) -> bool {
    reads_actor(json, &|attribute| ["name", "groups", "person"].contains(&attribute))
}

/// Whether a condition reads the principal, the context as a whole, or one of these attributes of it.
pub(super) fn reads_actor(json: &Value, is_read: &dyn Fn(&str) -> bool) -> bool {
    match json {
        Value::Object(members) => {
            let is_whole = members.get("Var").is_some_and(|v| v == "principal" || v == "context");
            let of_context = |o: &Value| o.pointer("/left/Var").is_some_and(|v| v == "context");
            let access = [".", "has"].iter().find_map(|op| members.get(*op).filter(|o| of_context(o)));
            match access.filter(|_| !is_whole) {
                Some(access) => access.get("attr").and_then(Value::as_str).is_none_or(is_read),
                None => is_whole || members.values().any(|inner| reads_actor(inner, is_read)),
            }
        }
        Value::Array(items) => items.iter().any(|inner| reads_actor(inner, is_read)),
        _ => false,
    }
}
