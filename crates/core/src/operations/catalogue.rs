//! The operations of one account, and what each IAM action is asked on (DESIGN §4): the operations' data, filled in.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::agreements::{Agreements, KindCoverage};
use crate::aws;
use crate::inventory::entity::{Attr, Entity};
use crate::inventory::model::{Accepted, Account, Agreement};
use crate::permissions::scenarios::Call;
use crate::policies::operations::template::{Of, Slot};
use crate::policies::operations::{About, Catalogue, Definition};
use crate::problem::Failure;
use crate::terms::Scope;

/// An acceptance by its id, and what stands for each place of the templates for it alone.
type OfOne = (String, Rc<[Option<String>]>);

/// An operation on one account.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The action of the rules, such as `accept-agreement`.
    pub name: &'static str,
    /// What it is asked for; `None` where it has no scope.
    pub scope: Option<Scope>,
    /// The kind of agreement.
    pub kind: Option<String>,
    /// The id of the report.
    pub report: Option<String>,
    /// The member of the organization that it is done to.
    pub member: Option<String>,
    /// It is asked about only where it is named: it is about the organization that the account is in.
    pub by_name: bool,
    /// The state of that member.
    pub member_state: Option<String>,
    /// The organization has members besides its management account; `None` where that is unknown, or nothing asks.
    pub other_members: Option<bool>,
    /// The organization that the account would join, where one is named.
    pub joins: Option<Joins>,
    /// What the text for people calls it, and what it is done to.
    pub words: (&'static str, &'static str),
    /// What stands for each place of the catalogue's templates.
    values: Rc<[Option<String>]>,
    /// Several acceptances of the agreement are in force: their ids, and the same for each of them alone. What can be done with one of
    /// them can be done.
    pub of_each: Rc<[OfOne]>,
}

/// An organization that an account would join.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Joins {
    /// Its id.
    pub organization: String,
    /// The partition and the state of its management account, where that is in the inventory.
    pub manager: Option<(String, String)>,
}

impl Operation {
    /// The same on one acceptance of several.
    pub fn on(&self, values: &Rc<[Option<String>]>) -> Self {
        Self { values: values.clone(), of_each: Rc::default(), ..self.clone() }
    }

    /// The same, with another text for the number of an account, wherever that stands for a place by itself.
    pub fn naming(&self, account: &str, text: &str) -> Self {
        let named = |value: &Option<String>| match value {
            Some(value) if value == account => Some(text.to_owned()),
            other => other.clone(),
        };
        let values = |values: &Rc<[Option<String>]>| values.iter().map(named).collect::<Rc<_>>();
        let of_each = self.of_each.iter().map(|(id, of_one)| (id.clone(), values(of_one))).collect();
        Self { values: values(&self.values), of_each, ..self.clone() }
    }

    /// Appends what stands for each place of the templates, told apart from all else that may stand there, with another text for the number
    /// of an account; false where that text stands in a place already.
    pub fn tell_places(&self, (account, text): (&str, &str), to: &mut String) -> bool {
        to.push_str(&format!("\n{} ", self.of_each.len()));
        let each = self.of_each.iter().flat_map(|(_, values)| values.iter());
        for value in self.values.iter().chain(each) {
            match value {
                None => to.push('-'),
                Some(value) if value == account => to.push_str(text),
                Some(value) if value.contains(text) => return false,
                Some(value) => to.push_str(&format!("{}:{value}", value.len())),
            }
        }
        true
    }

    /// The same where it is known which organization the account would join.
    pub fn joining(&self, joins: Option<Joins>) -> Self {
        Self { joins, ..self.clone() }
    }
}

/// A call on any of the many resources that its one pattern matches.
#[derive(Clone, Debug)]
pub struct AnyOf {
    /// But for those of this pattern.
    pub except: Option<String>,
}

/// The operations of an account in the making.
struct Making<'a> {
    catalogue: &'a Catalogue,
    agreements: &'a Agreements<'a>,
    account: &'a Account,
    organization: Option<&'a str>,
    coverage: &'a [KindCoverage],
    operations: Vec<Operation>,
}

/// All operations of an account, in order; those that are asked about by name, where they are named.
pub fn operations(
    catalogue: &Catalogue,
    agreements: &Agreements<'_>,
    account: &Account,
    (organization, coverage): (Option<&str>, &[KindCoverage]),
    named: &[String],
) -> Result<Vec<Operation>, Failure> {
    let mut making = Making { catalogue, agreements, account, organization, coverage, operations: Vec::new() };
    let is_asked = |d: &&Definition| !d.by_name || named.iter().any(|name| name == d.name);
    for definition in catalogue.operations.iter().filter(is_asked) {
        match definition.about {
            About::Agreement => making.about_agreements(definition),
            About::Report => making.about_reports(definition),
            About::Account => making.about_the_account(definition)?,
            About::Member => making.about_members(definition)?,
        }
    }
    Ok(making.operations)
}

impl Making<'_> {
    fn about_agreements(&mut self, definition: &Definition) {
        let partition = &self.account.partition;
        let offers = self.agreements.offers.values().filter(|o| o.partition == *partition);
        let mut offers: Vec<&Agreement> = offers.collect();
        offers.sort_by(|a, b| (&a.kind, &a.scope, &a.id).cmp(&(&b.kind, &b.scope, &b.id)));
        for offer in offers {
            let Some(scope) = Scope::named(&offer.scope).filter(|s| definition.scopes.contains(s)) else {
                continue;
            };
            let values = self.values(Some(offer), None, None);
            let operation = blank(definition, Some(scope), values);
            let of_each = self.of_each(offer, scope).into();
            self.operations.push(Operation { kind: Some(offer.kind.clone()), of_each, ..operation });
        }
        if definition.scopes.contains(&Scope::Offline) {
            let values = self.values(None, None, None);
            for kind in self.coverage.iter().map(|c| c.kind.clone()) {
                if definition.kinds.contains(&kind) || self.agreements.has_offline(&kind) {
                    let operation = blank(definition, Some(Scope::Offline), values.clone());
                    self.operations.push(Operation { kind: Some(kind), ..operation });
                }
            }
        }
    }

    fn about_reports(&mut self, definition: &Definition) {
        for report in self.agreements.inventory.of_type("Report") {
            if aws::partition_of(report.str("region").unwrap_or_default()) == self.account.partition {
                let values = self.values(None, Some(report), None);
                let operation = blank(definition, None, values);
                self.operations.push(Operation { report: Some(report.uid.id.clone()), ..operation });
            }
        }
    }

    fn about_the_account(&mut self, definition: &Definition) -> Result<(), Failure> {
        let values = self.values(None, None, None);
        if definition.scopes.is_empty() {
            let other_members = if definition.by_name { self.members(false)?.0 } else { None };
            self.operations.push(Operation { other_members, ..blank(definition, None, values.clone()) });
        }
        let scoped = definition.scopes.iter().map(|scope| blank(definition, Some(*scope), values.clone()));
        self.operations.extend(scoped);
        Ok(())
    }

    /// One for each other member; a single one that names none where there is none, for its gates to tell.
    fn about_members(&mut self, definition: &Definition) -> Result<(), Failure> {
        let manages = self.agreements.tree.manages(&self.account.id, self.organization);
        let (other_members, members) = if manages { self.members(true)? } else { (None, Vec::new()) };
        if members.is_empty() {
            let values = self.values(None, None, None);
            self.operations.push(Operation { other_members, ..blank(definition, None, values) });
        }
        for member in members {
            let values = self.values(None, None, Some(&member));
            let member_state = self.agreements.tree.accounts.get(&member).map(|a| a.state.clone());
            let operation = blank(definition, None, values);
            self.operations.push(Operation { member: Some(member), member_state, other_members, ..operation });
        }
        Ok(())
    }

    /// Whether there are other accounts in the organization at the moment, `None` where that is unknown; and which, for who manages it.
    fn members(&self, manages: bool) -> Result<(Option<bool>, Vec<String>), Failure> {
        let (Some(organization), agreements) = (self.organization, self.agreements) else {
            return Ok((None, Vec::new()));
        };
        // an account that was not listed may be one of them
        let declared = agreements.inventory.entity("Organization", organization);
        let listed = declared.and_then(|o| o.bool("accountsKnown")) != Some(false);
        let present = agreements.present()?;
        let is_other = |id: &&String| **id != self.account.id;
        let there = present.in_organization.get(organization).map_or(&[][..], Vec::as_slice);
        let is_unknown = !listed || present.unknown.iter().any(|id| is_other(&id));
        let some = there.iter().any(|id| is_other(&id));
        let members = if manages { there.iter().filter(is_other).cloned().collect() } else { Vec::new() };
        Ok((if !some && is_unknown { None } else { Some(some) }, members))
    }

    /// Where several acceptances of an agreement are in force, what stands for each place for each of them alone.
    fn of_each(&self, offer: &Agreement, scope: Scope) -> Vec<OfOne> {
        let row = self.coverage.iter().find(|c| c.kind == offer.kind);
        let in_force = row.into_iter().flat_map(KindCoverage::in_force).filter(|i| i.scope == scope);
        let mut ids: Vec<&String> = in_force.map(|i| &i.id).collect();
        ids.sort();
        ids.dedup();
        if ids.len() < 2 {
            return Vec::new();
        }
        let owner = self.acceptance(offer).0;
        let values = |id: &String| self.values_with(Some(offer), None, None, Some((owner.clone(), Some(id.clone()))));
        ids.into_iter().map(|id| (id.clone(), values(id))).collect()
    }

    /// What stands for each place of a template.
    fn values(
        &self,
        offer: Option<&Agreement>,
        report: Option<&Entity>,
        member: Option<&String>,
    ) -> Rc<[Option<String>]> {
        self.values_with(offer, report, member, offer.map(|offer| self.acceptance(offer)))
    }

    /// The same, with the acceptance: the account that holds it, and its id.
    fn values_with(
        &self,
        offer: Option<&Agreement>,
        report: Option<&Entity>,
        member: Option<&String>,
        acceptance: Option<(String, Option<String>)>,
    ) -> Rc<[Option<String>]> {
        let inventory = self.agreements.inventory;
        let value = |slot: &Slot| match (slot.of, slot.attr.as_str()) {
            (Of::Partition, "id") => Some(self.account.partition.clone()),
            (Of::Partition, _) => Some(aws::region_of(&self.account.partition).to_owned()),
            (Of::Account, "id") => Some(self.account.id.clone()),
            (Of::Account, attr) => text(inventory.entity("Account", &self.account.id)?, attr),
            (Of::Agreement, "id") => offer.map(|o| o.id.clone()),
            (Of::Agreement, attr) => text(inventory.entity("Agreement", &offer?.id)?, attr),
            (Of::Acceptance, "account") => acceptance.as_ref().map(|(owner, _)| owner.clone()),
            (Of::Acceptance, _) => acceptance.as_ref().and_then(|(_, id)| id.clone()),
            (Of::Report, "id") => report.map(|r| r.uid.id.clone()),
            (Of::Report, attr) => text(report?, attr),
            (Of::Organization, _) => self.organization.map(str::to_owned),
            (Of::Member, _) => member.cloned(),
        };
        self.catalogue.slots.iter().map(value).collect()
    }

    /// The acceptance that an operation would open or end: the account that holds it, and its id. It is the one in force, else
    /// the last one, else none.
    fn acceptance(&self, offer: &Agreement) -> (String, Option<String>) {
        let Self { agreements, account, coverage, .. } = self;
        let scope = Scope::named(&offer.scope);
        let (by, owner) = match (scope, self.organization) {
            (Some(Scope::Organization), Some(organization)) => {
                let manager = agreements.tree.organizations.get(organization).map(|o| o.management_account.clone());
                (Accepted::Organization(organization.to_owned()), manager.unwrap_or_else(|| account.id.clone()))
            }
            _ => (Accepted::Account(account.id.clone()), account.id.clone()),
        };
        let row = coverage.iter().find(|c| c.kind == offer.kind);
        let current = row.and_then(|r| r.in_force().find(|i| Some(i.scope) == scope)).map(|i| i.id.clone());
        let past = agreements.accepted(&by).filter(|a| a.agreement == offer.id).max_by_key(|a| (a.start, a.id.clone()));
        (owner, current.or_else(|| past.map(|a| a.id.clone())))
    }
}

fn blank(definition: &Definition, scope: Option<Scope>, values: Rc<[Option<String>]>) -> Operation {
    let words = (definition.verb, definition.object);
    Operation {
        name: definition.name,
        scope,
        kind: None,
        report: None,
        member: None,
        by_name: definition.by_name,
        member_state: None,
        other_members: None,
        joins: None,
        words,
        values,
        of_each: Rc::default(),
    }
}

/// An attribute as text.
fn text(entity: &Entity, attr: &str) -> Option<String> {
    match &entity.attrs.get(attr)?.attr {
        Attr::String(text) => Some(text.clone()),
        Attr::Long(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Catalogue {
    /// The actions that operations' calls are of.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.calls.keys().map(|name| self.asked_as(name))
    }

    /// The action that a call for an action names.
    pub fn asked_as<'c>(&'c self, action: &'c str) -> &'c str {
        self.calls.get(action).and_then(|call| call.asked_as.as_deref()).unwrap_or(action)
    }

    /// The call behind an IAM action of an operation, in one generation of permissions; and whether it is on any of many resources.
    pub fn call(
        &self,
        of: &Operation,
        action: &str,
        generation: &str,
        in_force: bool,
    ) -> Result<(Call, Option<AnyOf>), Failure> {
        let wrong = || Failure::NoCall { action: action.to_owned(), operation: of.name.to_owned() };
        let asked = self.calls.get(action).ok_or_else(wrong)?;
        let of_these = || asked.resources.iter().filter(|r| r.is_of(generation, in_force));
        let resources: Vec<String> = of_these().filter_map(|r| r.arn.render(&of.values)).collect();
        let any = of_these()
            .find(|r| r.any)
            .map(|r| AnyOf { except: r.except.as_ref().and_then(|except| except.render(&of.values)) });
        if resources.is_empty() {
            return Err(wrong());
        }
        let mut keys = BTreeMap::new();
        for (key, value) in &asked.keys {
            match value {
                None => drop(keys.insert(key.clone(), None)),
                // what names something that is absent is not carried
                Some(value) => keys.extend(value.render(&of.values).map(|v| (key.clone(), Some(v)))),
            }
        }
        Ok((Call { action: self.asked_as(action).to_owned(), resources, keys }, any))
    }
}
