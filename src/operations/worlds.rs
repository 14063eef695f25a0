//! What the inventory does not say of an organization or a report, tried in every way.

use std::collections::BTreeMap;

use cedar_policy::Entities;

use super::catalogue::Operation;
use crate::agreements::Agreements;
use crate::agreements::standing::Standing;
use crate::inventory::entity::{Attr, Uid};
use crate::inventory::model::Account;
use crate::permissions::dependence::Choice;
use crate::problem::Failure;

/// The entities that the rules read, with what is not known taken to be something.
pub struct World {
    /// What is taken to be what.
    pub choice: Choice,
    /// The entities.
    pub entities: Entities,
}

/// The worlds of an account's operations.
pub struct Worlds {
    /// Where everything that an operation reads is known.
    plain: Vec<World>,
    organization: Vec<World>,
    reports: BTreeMap<String, Vec<World>>,
}

/// An attribute, and the values that it may have, with their names.
type Open = (Uid, &'static str, Vec<(&'static str, Attr)>);

impl Worlds {
    /// The worlds of an account. `more` are entities that its operations read besides.
    pub fn new(
        agreements: &Agreements<'_>,
        account: &Account,
        standing: &Standing,
        more: &[Uid],
        entities: &Entities,
    ) -> Result<Self, Failure> {
        let world = |open: &[Open]| worlds(agreements, account, standing, more, open);
        let mut open: Vec<Open> = Vec::new();
        if let Some(id) = &standing.organization {
            let uid = Uid::new("Organization", id);
            let truths = || vec![("true", Attr::Bool(true)), ("false", Attr::Bool(false))];
            let features = vec![
                ("ALL", Attr::String("ALL".to_owned())),
                ("CONSOLIDATED_BILLING", Attr::String("CONSOLIDATED_BILLING".to_owned())),
            ];
            for (attr, values) in [("featureSet", features), ("serviceRole", truths()), ("trustedAccess", truths())] {
                open.extend(is_absent(agreements, &uid, attr).then(|| (uid.clone(), attr, values)));
            }
        }
        let organization = if open.is_empty() { Vec::new() } else { world(&open)? };
        let mut reports = BTreeMap::new();
        for uid in more.iter().filter(|u| u.ty == "Report" && is_absent(agreements, u, "requiresApproval")) {
            let values = vec![("false", Attr::Bool(false)), ("true", Attr::Bool(true))];
            reports.insert(uid.id.clone(), world(&[(uid.clone(), "requiresApproval", values)])?);
        }
        let plain = vec![World { choice: Choice::new(), entities: entities.clone() }];
        Ok(Self { plain, organization, reports })
    }

    /// Those of an operation.
    pub fn of(&self, operation: &Operation) -> &[World] {
        let report = operation.report.as_ref().and_then(|r| self.reports.get(&r.id));
        let organization = (operation.scope == Some("organization")).then_some(&self.organization);
        report.or(organization).filter(|w| !w.is_empty()).unwrap_or(&self.plain)
    }
}

fn is_absent(agreements: &Agreements<'_>, uid: &Uid, attr: &str) -> bool {
    agreements.inventory.entities.get(uid).is_some_and(|e| !e.attrs.contains_key(attr))
}

/// An attribute, and the value that it is taken to have.
type Taken = (Uid, &'static str, Attr);

/// Every assignment of what is open.
fn worlds(
    agreements: &Agreements<'_>,
    account: &Account,
    standing: &Standing,
    more: &[Uid],
    open: &[Open],
) -> Result<Vec<World>, Failure> {
    let mut taken: Vec<(Choice, Vec<Taken>)> = vec![Default::default()];
    for (uid, attr, values) in open {
        let extend = |(choice, set): (Choice, Vec<Taken>)| {
            values.iter().map(move |(label, value)| {
                let (mut choice, mut set) = (choice.clone(), set.clone());
                choice.push((format!("{} of {}", attr, uid.id), (*label).to_owned()));
                set.push((uid.clone(), *attr, value.clone()));
                (choice, set)
            })
        };
        taken = taken.into_iter().flat_map(extend).collect();
    }
    let world = |(choice, set): (Choice, Vec<Taken>)| {
        let entities = agreements.entities_where(account, standing, more, &set)?;
        Ok(World { choice, entities })
    };
    taken.into_iter().map(world).collect()
}
