//! The moments at which an answer about coverage can change: those that the policies compare the moment asked with.
//!
//! A policy compares it with dates of entities, or with dates that stand in the policy. One that reckons with dates (`offset`,
//! `toDate`) may change its answer at moments that stand nowhere: then there is no history, and never a wrong one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::agreements::Agreements;
use crate::hipaa::{self, HOLDS_PHI};
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Entity, Item, Uid};
use crate::inventory::model::{Accepted, Account};
use crate::moment::{self, Moment};
use crate::policies::{COVERAGE, RuleBook, name_of};
use crate::problem::{Failure, Problem};

/// The questions whose answers make a history.
const ASKED: [&str; 4] = ["holds", "membership-known", "lists-agreements-of", HOLDS_PHI];

/// What of Cedar makes one date of another.
const RECKONS: [&str; 4] = ["offset", "durationSince", "toDate", "toTime"];

/// The dates that policies read, by where they stand.
pub struct Edges<'a> {
    inventory: &'a Inventory,
    rules: &'a RuleBook,
    /// Those in the policies themselves.
    in_policies: BTreeSet<Moment>,
    /// Those of the whole inventory, where the rules ask each account about everything.
    everywhere: Option<BTreeSet<Moment>>,
}

impl<'a> Edges<'a> {
    /// Of these rules. Policies that reckon with dates are a failure, which names them.
    pub fn new(inventory: &'a Inventory, rules: &'a RuleBook) -> Result<Self, Failure> {
        let mut asked: Vec<&str> = COVERAGE.iter().chain(&ASKED).copied().collect();
        if hipaa::reads_services(rules) {
            asked.push("eligible");
        }
        let (mut in_policies, mut reckoning) = (BTreeSet::new(), BTreeMap::new());
        for policy in asked.iter().flat_map(|action| rules.policies(action)) {
            let lost = || Failure::internal("the policies that are asked")(format!("{} has no JSON", policy.id()));
            if !dates(rules.json_of(policy).ok_or_else(lost)?, &mut in_policies) {
                reckoning.extend(rules.rules.get(name_of(policy.id())).map(|rule| (&rule.id, rule)));
            }
        }
        if reckoning.is_empty() {
            return Ok(Self { inventory, rules, in_policies, everywhere: None });
        }
        let problem = |(id, rule): (&String, &crate::policies::Rule)| {
            let message = format!("the policy `{id}` reckons with dates: when its answer changes is not known");
            let help = "compare `context.at` with dates of entities, and declare the dates that matter";
            Problem::at(&rule.source, rule.span, message).help(help)
        };
        Err(Failure::Problems(reckoning.into_iter().map(problem).collect()))
    }

    /// All moments at which the coverage of an account can change.
    pub fn of(&mut self, agreements: &Agreements<'_>, account: &Account) -> BTreeSet<Moment> {
        let mut found = self.in_policies.clone();
        if !agreements.stays_with_the_account() {
            let (inventory, rules) = (self.inventory, self.rules);
            let everywhere = self.everywhere.get_or_insert_with(|| {
                let mut all = BTreeSet::new();
                inventory.entities.values().for_each(|e| entity(rules, e, &mut all));
                all
            });
            found.extend(everywhere.iter().copied());
            return found;
        }
        let mut uids = vec![Uid::new("Account", &account.id)];
        let position = agreements.tree.now(account);
        uids.extend(position.path.iter().map(|unit| Uid::new("OrganizationalUnit", unit)));
        let mut organizations: BTreeSet<&String> =
            account.memberships.iter().flatten().map(|m| &m.organization).collect();
        organizations.extend(&position.organization);
        let own = Accepted::Account(account.id.clone());
        let shared = organizations.iter().map(|o| Accepted::Organization((*o).clone()));
        for by in std::iter::once(own).chain(shared) {
            uids.extend(agreements.accepted(&by).map(|a| Uid::new("CustomerAgreement", &a.id)));
        }
        uids.extend(organizations.into_iter().map(|o| Uid::new("Organization", o)));
        for (agreement, designation) in agreements.designating_ever(&account.id) {
            // the dates of its other accounts are none of this one
            found.extend([Some(agreement.start), agreement.end].into_iter().flatten());
            found.extend([Some(designation.from), designation.until].into_iter().flatten());
        }
        for membership in account.memberships.iter().flatten() {
            found.extend([membership.from, membership.until].into_iter().flatten());
        }
        for uid in uids {
            if let Some(of) = self.inventory.entities.get(&uid) {
                entity(self.rules, of, &mut found);
            }
        }
        // what never becomes known changes at no moment
        found.remove(&moment::never());
        found
    }
}

/// The dates of an entity that the policies read.
fn entity(rules: &RuleBook, of: &Entity, found: &mut BTreeSet<Moment>) {
    let is_read = |name: &str| COVERAGE.iter().chain(&ASKED).any(|action| rules.reads_attribute(action, name));
    let nested = ["memberships", "designations"];
    for (name, item) in of.attrs.iter().filter(|(name, _)| is_read(name) || nested.contains(name)) {
        moments(item, name, &is_read, found);
    }
}

fn moments(item: &Item, name: &str, is_read: &dyn Fn(&str) -> bool, found: &mut BTreeSet<Moment>) {
    match &item.attr {
        Attr::Moment(at) if is_read(name) => drop(found.insert(*at)),
        Attr::Set(items) => items.iter().for_each(|i| moments(i, name, is_read, found)),
        Attr::Record(fields) => fields.iter().for_each(|(name, i)| moments(i, name, is_read, found)),
        _ => {}
    }
}

/// The dates that stand in a policy. False where it makes others of them.
fn dates(json: &Value, found: &mut BTreeSet<Moment>) -> bool {
    match json {
        Value::Object(members) => {
            if RECKONS.iter().any(|name| members.contains_key(*name)) {
                return false;
            }
            if let Some(arguments) = members.get("datetime") {
                let text = arguments.as_array().and_then(|a| a.first()).and_then(|a| a.get("Value"));
                let Some(at) = text.and_then(Value::as_str).and_then(moment::parse_cedar) else { return false };
                found.insert(at);
            }
            members.values().all(|v| dates(v, found))
        }
        Value::Array(items) => items.iter().all(|v| dates(v, found)),
        _ => true,
    }
}
