//! Which acceptances, memberships and designations need not be asked about for an account.
//!
//! The policies decide; this only saves work. Every `permit` for a type must have a top-level conjunct that relates the
//! principal to the account: where the relation does not hold, none of them can permit. A type of which some `permit` has no
//! such conjunct is asked about in full. The conjuncts are found in the policies themselves, so that a user's rules are
//! narrowed by what they say, and never by what ours say.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Effect, Policy, PrincipalConstraint};
use serde_json::Value;

use crate::policies::{RuleBook, applies_to, attribute_of, conjuncts_of, is_variable};

/// How a principal is related to the account that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// `principal.account == resource`
    OwnAccount,
    /// `resource in principal.organization`
    InOrganization,
    /// `resource in principal`
    Below,
    /// `principal in resource`
    Above,
    /// `resource.managementAccount == principal`
    Managed,
}

/// For each type, the relations of which one holds wherever a policy permits; types that are not narrowed are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    in_force: BTreeMap<&'static str, BTreeSet<Relation>>,
    holds: BTreeMap<&'static str, BTreeSet<Relation>>,
    lists: BTreeMap<&'static str, BTreeSet<Relation>>,
    /// Of an agreement that is not listed the policies of `governs` read no more than is known.
    pub(super) stand_ins_govern: bool,
    /// The same for `designated`.
    pub(super) stand_ins_designate: bool,
    /// The policies of `named-before` put agreements in an order.
    pub(super) named_in_order: bool,
    /// Some policy may let the agreement of any account or organization cover any account.
    pub(super) others_cover: bool,
}

impl Narrowing {
    /// What the policies allow to be left out.
    pub fn of(rules: &RuleBook) -> Self {
        let find = |action: &str, types: &[&'static str]| {
            let policies: Vec<&Policy> = rules.policies(action).filter(|p| p.effect() == Effect::Permit).collect();
            types.iter().filter_map(|ty| Some((*ty, relations(rules, &policies, ty)?))).collect()
        };
        Self {
            in_force: find("in-force", &["CustomerAgreement", "OfflineAgreement"]),
            holds: find("holds", &["Membership", "Designation"]),
            lists: find("lists-agreements-of", &["Account"]),
            named_in_order: rules.is_order("named-before"),
            ..Self::asking_about_all(rules)
        }
    }

    /// Nothing is left out.
    pub fn asking_about_all(rules: &RuleBook) -> Self {
        Self {
            stand_ins_govern: reads_only_the_offer(rules, "governs"),
            stand_ins_designate: reads_only_the_offer(rules, "designated"),
            others_cover: related_in_force(rules, "CustomerAgreement").is_none(),
            ..Self::default()
        }
    }

    /// The relations of an agreement to an account without which no policy says that it is in force; `None` where it may be
    /// in force for any.
    pub fn in_force_for(&self, ty: &str) -> Option<&BTreeSet<Relation>> {
        self.in_force.get(ty)
    }

    /// The same for memberships and designations, which name one account.
    pub fn holds_for(&self, ty: &str) -> Option<Relation> {
        let only_own = |relations: &&BTreeSet<Relation>| **relations == BTreeSet::from([Relation::OwnAccount]);
        self.holds.get(ty).filter(only_own).map(|_| Relation::OwnAccount)
    }

    /// Whether only the accounts of an organization, and the one that manages it, can tell its agreements.
    pub fn members_tell(&self) -> bool {
        let tells = |relation: &Relation| matches!(relation, Relation::Above | Relation::Managed);
        self.lists.get("Account").is_some_and(|relations| relations.iter().all(tells))
    }

    /// Whether what an agreement changes stays within the accounts that it names.
    pub fn is_complete(&self) -> bool {
        self.in_force.len() == 2 && self.holds.len() == 2 && self.members_tell()
    }
}

/// The relations by which agreements of a type are in force; `None` where one may be for an account that it has nothing to do with.
fn related_in_force(rules: &RuleBook, ty: &str) -> Option<BTreeSet<Relation>> {
    let permits: Vec<&Policy> = rules.policies("in-force").filter(|p| p.effect() == Effect::Permit).collect();
    relations(rules, &permits, ty)
}

/// A relation for each `permit` that can apply to the type; `None` if one has none.
fn relations(rules: &RuleBook, permits: &[&Policy], ty: &str) -> Option<BTreeSet<Relation>> {
    let applying = permits.iter().filter(|p| applies_to(p, ty));
    applying.map(|p| rules.json_of(p).and_then(relation)).collect()
}

/// The first relation among the top-level conjuncts of a policy's `when` clauses.
fn relation(policy: &Value) -> Option<Relation> {
    let clauses = policy.get("conditions")?.as_array()?;
    let when = clauses.iter().filter(|c| c.get("kind").and_then(Value::as_str) == Some("when"));
    let mut conjuncts = Vec::new();
    when.filter_map(|c| c.get("body")).for_each(|body| conjuncts_of(body, &mut conjuncts));
    conjuncts.into_iter().find_map(related)
}

fn related(conjunct: &Value) -> Option<Relation> {
    let sides = |operator: &str| {
        let operands = conjunct.get(operator)?;
        Some((operands.get("left")?, operands.get("right")?))
    };
    if let Some((left, right)) = sides("==") {
        let own = |a, b| is_attribute(a, "account") && is_variable(b, "resource");
        let managed = |a, b| attribute_of(a, "resource") == Some("managementAccount") && is_variable(b, "principal");
        return match () {
            () if own(left, right) || own(right, left) => Some(Relation::OwnAccount),
            () if managed(left, right) || managed(right, left) => Some(Relation::Managed),
            () => None,
        };
    }
    let (left, right) = sides("in")?;
    match is_variable(left, "resource") {
        true if is_variable(right, "principal") => Some(Relation::Below),
        true if is_attribute(right, "organization") => Some(Relation::InOrganization),
        false if is_variable(left, "principal") && is_variable(right, "resource") => Some(Relation::Above),
        _ => None,
    }
}

fn is_attribute(value: &Value, name: &str) -> bool {
    attribute_of(value, "principal") == Some(name)
}

/// Whether the policies of an action read nothing of a customer agreement but the kind, scope and partition that it is of.
///
/// Only these are known of an agreement that could not be listed.
fn reads_only_the_offer(rules: &RuleBook, action: &str) -> bool {
    rules.policies(action).all(|policy| {
        let scope = matches!(policy.principal_constraint(), PrincipalConstraint::Any | PrincipalConstraint::Is(_));
        scope && rules.json_of(policy).and_then(|j| j.get("conditions")).is_some_and(only_the_offer)
    })
}

fn only_the_offer(value: &Value) -> bool {
    let known = ["kind", "scope", "partition"];
    let attribute = |access: &Value| access.get("attr").and_then(Value::as_str).map(str::to_owned);
    if let Some(access) = value.get(".")
        && access.get("left").is_some_and(|l| is_attribute(l, "agreement"))
    {
        return attribute(access).is_some_and(|a| known.contains(&a.as_str()));
    }
    if is_variable(value, "principal") {
        return false;
    }
    match value {
        Value::Object(members) => {
            let is_type_test = members.get("is").is_some_and(|test| {
                test.get("in").is_none() && test.get("left").is_some_and(|l| is_variable(l, "principal"))
            });
            is_type_test || members.values().all(only_the_offer)
        }
        Value::Array(items) => items.iter().all(only_the_offer),
        _ => true,
    }
}
