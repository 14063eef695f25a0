//! New access in accounts that the old inventory did not list, whatever the new one calls known, and of principals whom it did not list in
//! accounts: the accounts may stand anywhere in their organization, and both are there still. Of what a control policy above them denied, and does not deny any more, and of what a permission set
//! that is assigned to their unit came to allow, it is not known whether anyone gains by it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::resources::{self, compared, limits, reason};
use super::stacks::{ANYONE, Comparing, Interned, NewAccess, Stack};
use super::trust::Around;
use super::{PrincipalEntry, Side};
use crate::access::{AccessAnswer, NewRequests, Witness};
use crate::assessment::completeness::Unseen;
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::{Account, Parent};
use crate::inventory::tree::Tree;
use crate::permissions::controls::Controls;
use crate::permissions::knowledge::Knowledge;
use crate::permissions::layer::Layer;
use crate::permissions::principals::Directory;
use crate::problem::Failure;
use crate::terms::PrincipalKind;

/// What is compared, beside resource control policies.
const NAME: &str = "service control policies";

/// The same, of what is assigned to a unit.
const SETS: &str = "permission sets";

/// Where an account may stand that is not listed: of an organization, in a unit or at the root.
struct Place {
    organization: String,
    unit: Option<String>,
}

impl Place {
    /// The organization, and each of its units.
    fn all(tree: &Tree, organization: &str) -> Vec<Self> {
        let units = tree.units.keys().filter(|unit| tree.root_of(unit) == Some(organization));
        let place = |unit| Self { organization: organization.to_owned(), unit };
        std::iter::once(None).chain(units.cloned().map(Some)).map(place).collect()
    }

    /// The account that stands for those that are there; no account has such a number.
    fn id(&self) -> &str {
        self.unit.as_ref().unwrap_or(&self.organization)
    }

    /// Of a unit that is gone, the accounts may be anywhere.
    fn account(&self, tree: &Tree, partition: &str) -> Account {
        let unit = self.unit.clone().filter(|unit| tree.units.contains_key(unit));
        Account {
            id: self.id().to_owned(),
            name: None,
            partition: partition.to_owned(),
            state: "ACTIVE".to_owned(),
            parent: Some(unit.map_or_else(|| Parent::Organization(self.organization.clone()), Parent::Unit)),
            memberships: None,
            known_since: None,
            known_until: None,
            agreements_known: false,
            scps: None,
            rcps: Vec::new(),
            tags: Arc::default(),
            tags_known: false,
        }
    }
}

/// A side on which the accounts of all places are listed.
struct AllPlaces<'a> {
    inventory: &'a Inventory,
    tree: Tree,
    side: &'a Side<'a>,
    /// A number that no account of either side has: that of examples.
    number: String,
}

impl<'a> AllPlaces<'a> {
    fn of(side: &'a Side<'a>, places: &[Place]) -> Self {
        let mut tree = Tree::new(side.inventory);
        for place in places {
            let manages = tree.organizations.get(&place.organization).map(|o| &o.management_account);
            let partition = manages.and_then(|id| tree.accounts.get(id)).map_or("aws", |a| a.partition.as_str());
            let account = place.account(&tree, partition);
            tree.accounts.insert(account.id.clone(), account);
        }
        let mut numbers = (0_u64..=u64::MAX).map(|n| format!("{:012}", 123_456_789_012 + n));
        let number = numbers.find(|id| !tree.accounts.contains_key(id)).unwrap_or_default();
        Self { inventory: side.inventory, tree, side, number }
    }

    fn directory(&self) -> Directory<'_> {
        Directory::new(self.inventory, &self.tree, self.side.options.at, &self.side.options.context)
    }

    /// What service control policies leave to anybody in an account, or in those of a place, whatever its number.
    fn stack(
        &self,
        account: &str,
        directory: &mut Directory<'_>,
        (interned, all): (&mut Interned, usize),
    ) -> Result<Stack, Failure> {
        let Some(account) = self.tree.accounts.get(account) else { return Ok(Stack::new()) };
        let then = directory.then(account)?;
        let mut knowledge = Knowledge::default();
        directory.organization_keys(&mut knowledge, &then);
        let mut stack = vec![all];
        for layer in directory.service_control(account, &then, &mut Vec::new()) {
            let read = interned.read(&layer, self.inventory);
            stack.push(interned.number(&layer, &read, &knowledge));
        }
        Ok(stack)
    }

    /// The permission sets that are assigned to accounts there, by their ids, with their names and layers.
    fn sets(
        &self,
        place: &Place,
        directory: &mut Directory<'_>,
        interned: &mut Interned,
    ) -> Result<BTreeMap<Uid, (String, Stack)>, Failure> {
        let Some(account) = self.tree.accounts.get(place.id()) else { return Ok(BTreeMap::new()) };
        let then = directory.then(account)?;
        // the number of the account is not known, nor what follows from it
        let mut knowledge = Knowledge::default();
        directory.organization_keys(&mut knowledge, &then);
        let mut found = BTreeMap::new();
        for set in directory.of_account(account, |who| who.kind == PrincipalKind::PermissionSet)? {
            let number = |layer: &Rc<Layer>| {
                let read = interned.read(layer, self.inventory);
                interned.number(layer, &read, &knowledge)
            };
            let stack = set.stack.layers.iter().map(number).collect();
            found.insert(set.uid, (set.name, stack));
        }
        Ok(found)
    }
}

/// What control policies no longer deny in accounts that the old inventory did not list, and what permission sets came to allow there.
pub(super) fn new_access(base: &Side<'_>, head: &Side<'_>) -> Result<Vec<NewAccess>, Failure> {
    // who asks about some accounts asks about those
    if !head.options.filter.accounts.is_empty() {
        return Ok(Vec::new());
    }
    let (old, new) = (Tree::new(base.inventory), Tree::new(head.inventory));
    let unseen = Unseen::of(base.inventory);
    let open = unseen.organizations().filter(|o| new.organizations.contains_key(*o));
    let places: Vec<Place> = open.flat_map(|organization| Place::all(&old, organization)).collect();
    // whoever may assume, or is assigned, what is not listed there
    let is_open = |id: &&String| unseen.principals_of(id) || unseen.assignments_of(id);
    let accounts: Vec<&String> =
        old.accounts.keys().filter(is_open).filter(|id| new.accounts.contains_key(*id)).collect();
    if places.is_empty() && accounts.is_empty() {
        return Ok(Vec::new());
    }
    let (before, after) = (AllPlaces::of(base, &places), AllPlaces::of(head, &places));
    let mut told: BTreeMap<(&'static str, String), NewAccess> = BTreeMap::new();
    let whose = places.iter().map(|place| (place.id(), place.organization.as_str()));
    let whose: Vec<Whose<'_>> = whose.chain(accounts.iter().map(|id| (id.as_str(), id.as_str()))).collect();
    let found = [
        service_control(&before, &after, &whose)?,
        resource_control(&before, &after, &places)?,
        permission_sets(&before, &after, &places)?,
    ];
    for (of, whose, reason) in found.into_iter().flatten() {
        let entry = told
            .entry((of, reason.clone()))
            .or_insert_with(|| NewAccess::of_known(of.to_owned(), Vec::new(), AccessAnswer::unknown(reason)));
        let anyone = anyone(whose, of);
        if !entry.principals.contains(&anyone) {
            entry.principals.push(anyone);
        }
    }
    Ok(told.into_values().collect())
}

/// Whoever acts, of whom nothing is listed, in accounts of the organization that are not listed or in an account that is; or asks for
/// resources there.
fn anyone(whose: &str, of: &str) -> PrincipalEntry {
    PrincipalEntry {
        account: whose.to_owned(),
        principal: ANYONE.to_owned(),
        kind: if of == resources::NAME { PrincipalKind::Role } else { PrincipalKind::User },
        name: ANYONE.to_owned(),
        people: Vec::new(),
    }
}

/// Whether accounts are told of as their organization.
fn is_organization(whose: &str) -> bool {
    whose.starts_with("o-")
}

/// An account, or one that stands for those of a place, and of which account or organization that is told.
type Whose<'p> = (&'p str, &'p str);

/// What is told: of which policies, of which organization or account, and why.
type Told<'p> = (&'static str, &'p str, String);

fn service_control<'p>(
    before: &AllPlaces<'_>,
    after: &AllPlaces<'_>,
    accounts: &[Whose<'p>],
) -> Result<Vec<Told<'p>>, Failure> {
    let (mut old, mut new) = (before.directory(), after.directory());
    let mut interned = Interned::default();
    let all = interned.everything();
    let mut stacks = Vec::new();
    for (account, whose) in accounts {
        let had = before.stack(account, &mut old, (&mut interned, all))?;
        let pair = (had, after.stack(account, &mut new, (&mut interned, all))?);
        stacks.extend((pair.0 != pair.1).then_some((*whose, pair)));
    }
    let mut comparing = Comparing::new(&interned);
    let mut found = Vec::new();
    for (whose, (had, has)) in stacks {
        let answer = comparing.stacks(Some(&had), &has, &after.number)?;
        let why = match answer.decision {
            NewRequests::None => continue,
            NewRequests::Unknown => answer.reason.unwrap_or_else(|| "what they deny is not known".to_owned()),
            NewRequests::New => {
                let such = answer.witnesses.first().map_or_else(|| "a request".to_owned(), Witness::words);
                let what = if is_organization(whose) { "accounts" } else { "principals" };
                format!("{such} is denied no longer, and which {what} there are was not in the older inventory")
            }
        };
        found.push((NAME, whose, why));
    }
    Ok(found)
}

fn permission_sets<'p>(
    before: &AllPlaces<'_>,
    after: &AllPlaces<'_>,
    places: &'p [Place],
) -> Result<Vec<Told<'p>>, Failure> {
    let (mut old, mut new) = (before.directory(), after.directory());
    let mut interned = Interned::default();
    let mut changed = Vec::new();
    for place in places {
        let mut had = before.sets(place, &mut old, &mut interned)?;
        for (uid, (name, has)) in after.sets(place, &mut new, &mut interned)? {
            let had = had.remove(&uid).map(|(_, stack)| stack);
            changed.extend((had.as_ref() != Some(&has)).then_some((place, name, had, has)));
        }
    }
    let mut comparing = Comparing::new(&interned);
    let mut found = Vec::new();
    for (place, name, had, has) in changed {
        let answer = comparing.stacks(had.as_ref(), &has, &after.number)?;
        let why = match answer.decision {
            NewRequests::None => continue,
            NewRequests::Unknown => answer.reason.unwrap_or_else(|| "what they allow is not known".to_owned()),
            NewRequests::New => {
                let such = answer.witnesses.first().map_or_else(|| "a request".to_owned(), Witness::words);
                format!("{such} is allowed, and which accounts there are was not in the older inventory")
            }
        };
        found.push((SETS, place.organization.as_str(), format!("{name}: {why}")));
    }
    Ok(found)
}

fn resource_control<'p>(
    before: &AllPlaces<'_>,
    after: &AllPlaces<'_>,
    places: &'p [Place],
) -> Result<Vec<Told<'p>>, Failure> {
    if !Controls::exist(&before.tree) {
        return Ok(Vec::new());
    }
    let old = Around::with(before.inventory, &before.tree, before.directory());
    let new = Around::with(after.inventory, &after.tree, after.directory());
    let mut found = Vec::new();
    for place in places {
        let counts = |statement: &_| limits(statement, false);
        let (had, has) = (old.over(place.id(), false, counts)?, new.over(place.id(), false, counts)?);
        if had.are_as(&has) {
            continue;
        }
        let answer = match had.not_comparable(&has) {
            Some(reason) => AccessAnswer::unknown(reason),
            None => compared(&had, &has, &after.number)?,
        };
        found.extend(reason(&answer).map(|why| (resources::NAME, place.organization.as_str(), why)));
    }
    Ok(found)
}
