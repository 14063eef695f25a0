//! Guardrails and those who are not listed (D31): nothing is known of their names, their groups or what else they may do, so each
//! guardrail is asked about every choice of these that it can tell apart. What one choice breaks is unknown, never broken.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cedar_policy::{ActionConstraint, Entities, Entity as CedarEntity, Policy, RestrictedExpression as Expr};

use super::duties::Stranger;
use super::{Actor, By, GuardrailQuery, Question, Violation};
use crate::assessment::Operation;
use crate::assessment::completeness::Missing;
use crate::assessment::completeness::others::Others;
use crate::inventory::entity::{Uid, cedar_uid};
use crate::inventory::model::Account;
use crate::policies::names::Of;
use crate::policies::operations::check::grant;
use crate::problem::Failure;
use crate::terms::PrincipalKind;

/// What stands for a name that is not known.
const NOT_LISTED: &str = "(not listed)";

impl GuardrailQuery<'_> {
    /// Asks what others could do who may be there unseen. `account` is where they would act.
    pub(super) fn unseen(&mut self, others: &Others, account: &Account) -> Result<(), Failure> {
        for (kind, uid) in self.stand_ins(others, account) {
            for groups in self.groups(others) {
                self.stand_in(others, account, (kind, &uid), &groups)?;
            }
        }
        self.by_tags(others);
        Ok(())
    }

    /// Who could be meant: any principal that a guardrail names, and one that none does.
    fn stand_ins(&self, others: &Others, account: &Account) -> Vec<(PrincipalKind, Uid)> {
        let is = |missing: Missing| others.missing.contains(&missing);
        let (any, assigned) = (is(Missing::Principals) || is(Missing::Accounts), is(Missing::Assignments));
        let stem = format!("arn:{}:iam::{}:", account.partition, account.id);
        let mut found = Vec::new();
        for (kind, ty, fresh, wanted) in [
            (PrincipalKind::User, "User", format!("{stem}user/{NOT_LISTED}"), any),
            (PrincipalKind::Role, "Role", format!("{stem}role/{NOT_LISTED}"), any),
            (PrincipalKind::PermissionSet, "PermissionSet", NOT_LISTED.to_owned(), any || assigned),
        ] {
            let of = |id: &String| kind == PrincipalKind::PermissionSet || id.starts_with(&stem);
            let named = self.entities_named(&[ty]).into_iter().map(|uid| uid.id).filter(of);
            let all = named.chain([fresh]).filter(|_| wanted);
            found.extend(all.map(|id| (kind, Uid::new(ty, id))));
        }
        if let Some(name) = &others.permission_set {
            let sets = self.agreements.inventory.of_type("PermissionSet");
            let own = sets.filter(|e| e.str("name").unwrap_or(&e.uid.id) == name);
            found.extend(own.map(|e| (PrincipalKind::PermissionSet, e.uid.clone())));
        }
        found
    }

    /// The groups that they could be in: none that a guardrail names, each by itself, or all of them.
    fn groups(&self, others: &Others) -> Vec<BTreeSet<String>> {
        let named = self.guardrails.named.iter().filter(|n| n.of == Of::Group).map(|n| n.name.clone());
        let literals: BTreeSet<String> = named.collect();
        let mut choices: BTreeSet<BTreeSet<String>> = literals.iter().map(|g| BTreeSet::from([g.clone()])).collect();
        choices.extend([BTreeSet::new(), literals]);
        choices.into_iter().map(|groups| groups.into_iter().chain(others.groups.iter().cloned()).collect()).collect()
    }

    /// Entities of these types that a guardrail names.
    fn entities_named(&self, types: &[&str]) -> Vec<Uid> {
        let of = |of: &Of| match of {
            Of::Entity(ty) if types.contains(&ty.as_str()) => Some(ty.clone()),
            _ => None,
        };
        self.guardrails.named.iter().filter_map(|n| Some(Uid::new(of(&n.of)?, &n.name))).collect()
    }

    fn stand_in(
        &mut self,
        others: &Others,
        account: &Account,
        (kind, uid): (PrincipalKind, &Uid),
        groups: &BTreeSet<String>,
    ) -> Result<(), Failure> {
        let agreements = self.agreements;
        let standing = agreements.standing(account)?;
        let mut names: BTreeSet<String> = BTreeSet::from([NOT_LISTED.to_owned()]);
        names.extend(self.guardrails.named.iter().filter(|n| n.of == Of::Principal).map(|n| n.name.clone()));
        // who is not listed may be somebody who is, and does something else too
        let stranger = match kind {
            PrincipalKind::PermissionSet => Stranger::Person,
            PrincipalKind::User => Stranger::User,
            PrincipalKind::Role | PrincipalKind::Root => Stranger::Anyone,
        };
        let besides = self.duties.of_stranger(&account.id, stranger);
        let mut possible: BTreeSet<&'static str> = others.operations.iter().map(|o| o.operation).collect();
        possible.extend(besides.perhaps.iter().chain(&besides.by_request));
        let all = self.entities_named(&["Group", "IdentityCenterGroup"]);
        let people = self.people_at(kind);
        let choices = BTreeSet::from([Vec::new(), all]);
        for (parents, person) in choices.iter().flat_map(|parents| people.iter().map(move |person| (parents, person))) {
            let entities = self.with_stand_in(account, uid, person.as_ref(), parents)?;
            for name in &names {
                let (principal, role) = (uid.to_cedar()?, agreements.role(&account.id, &standing).word());
                let question = Question { principal, name, account, standing: &standing, entities: &entities, role };
                let actor = Actor { person: person.clone(), name: None, groups: groups.clone() };
                for operation in &others.operations {
                    for may in self.choose(&BTreeSet::new(), &possible, operation.operation) {
                        for id in self.ask(&question, operation, &actor, &may)? {
                            self.perhaps(&id, others, kind, operation);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Who could act as a permission set: somebody whom no guardrail names, and everybody that one does. Whoever is listed may be a member
    /// of a group, or have an assignment, that was not collected.
    fn people_at(&self, kind: PrincipalKind) -> Vec<Option<Uid>> {
        if kind != PrincipalKind::PermissionSet {
            return vec![None];
        }
        let named = self.entities_named(&["IdentityCenterUser"]).into_iter();
        named.chain([Uid::new("IdentityCenterUser", NOT_LISTED)]).map(Some).collect()
    }

    /// What a guardrail is asked with: the account and what it is in, and someone in these groups.
    fn with_stand_in(
        &self,
        account: &Account,
        uid: &Uid,
        person: Option<&Uid>,
        parents: &[Uid],
    ) -> Result<Entities, Failure> {
        let inventory = self.agreements.inventory;
        let standing = self.agreements.standing(account)?;
        let more: Vec<Uid> = inventory.of_type("Report").map(|e| e.uid.clone()).collect();
        let entities = self.agreements.entities(account, &standing, &more)?;
        let actions = inventory.schema.cedar.action_entities().map_err(Failure::internal("a set of policies"))?;
        let of = |uid: &Uid, ty: &str, attrs: HashMap<String, Expr>| {
            let parents =
                parents.iter().filter(|p| p.ty == ty).map(Uid::to_cedar).collect::<Result<HashSet<_>, _>>()?;
            CedarEntity::new(uid.to_cedar()?, attrs, parents).map_err(Failure::internal("an entity"))
        };
        let attrs = match uid.ty.as_str() {
            "PermissionSet" => HashMap::from([
                ("name".to_owned(), Expr::new_string(NOT_LISTED.to_owned())),
                ("assignments".to_owned(), Expr::new_set([])),
            ]),
            _ => HashMap::from([("account".to_owned(), Expr::new_entity_uid(cedar_uid("Account", &account.id)?))]),
        };
        let mut added = vec![of(uid, if uid.ty == "User" { "Group" } else { "" }, attrs)?];
        if let Some(person) = person {
            added.push(of(person, "IdentityCenterGroup", HashMap::new())?);
        }
        let entities = entities.add_entities(actions.iter().cloned(), None);
        let entities = entities.map_err(Failure::internal("a set of policies"))?;
        self.guardrails.with_lists(entities.upsert_entities(added, None).map_err(Failure::internal("an entity"))?)
    }

    /// The tags of someone who is not listed may be any: a guardrail that reads tags may be broken.
    fn by_tags(&mut self, others: &Others) {
        let kind = match others.missing.as_slice() {
            [Missing::Assignments] | [Missing::Members] => PrincipalKind::PermissionSet,
            _ => PrincipalKind::User,
        };
        let guardrails = self.guardrails;
        for policy in guardrails.set.policies() {
            let of_tags = reads(policy, "\"hasTag\"");
            let forbids = |operation: &&Operation| match policy.action_constraint() {
                ActionConstraint::Any => true,
                ActionConstraint::Eq(uid) => is_action(&uid, operation),
                ActionConstraint::In(uids) => uids.iter().any(|uid| is_action(uid, operation)),
            };
            for operation in others.operations.iter().filter(|o| of_tags && forbids(o)) {
                self.perhaps(policy.id().as_ref(), others, kind, operation);
            }
        }
    }

    fn perhaps(&mut self, id: &str, others: &Others, kind: PrincipalKind, operation: &Operation) {
        let people = others.groups.iter().map(|g| format!("others in {g}"));
        let violation = Violation {
            by: By::Unknown,
            account: others.account.clone().unwrap_or_else(|| others.place()),
            principal: "*".to_owned(),
            kind,
            name: others.permission_set.clone().unwrap_or_else(|| NOT_LISTED.to_owned()),
            people: people.collect(),
            assuming: Vec::new(),
            operations: vec![operation.clone()],
            request: BTreeMap::new(),
        };
        self.violations.entry(id.to_owned()).or_default().insert(violation);
    }
}

/// Whether a policy has these words in its JSON.
fn reads(policy: &Policy, words: &str) -> bool {
    policy.to_json().is_ok_and(|json| json.to_string().contains(words))
}

/// Whether an action of guardrails is that of an operation, or the one of all.
fn is_action(uid: &cedar_policy::EntityUid, operation: &Operation) -> bool {
    let id = uid.id().unescaped();
    id == "may" || id == grant(operation.operation)
}
