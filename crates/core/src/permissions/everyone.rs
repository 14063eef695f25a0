//! Who can act in each account: the root user, users, roles, and the permission sets that are assigned there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::principals::{Attached, Identity, OpenGroup, Person};
use crate::inventory::Inventory;
use crate::inventory::entity::{Entity, Item, Uid};
use crate::inventory::model::Account;
use crate::inventory::permission_sets::{self, is_path_of_set};
use crate::inventory::tree::Tree;
use crate::terms::PrincipalKind;

/// The principals of an inventory by the accounts that they act in.
pub struct Everyone<'a> {
    inventory: &'a Inventory,
    /// Users and roles.
    entities: HashMap<&'a str, Vec<(&'a Entity, PrincipalKind)>>,
    /// Permission sets, and whom they are assigned to.
    assigned: HashMap<String, Vec<Assigned<'a>>>,
    /// Policies that only principals of one account have.
    of_one_account: HashSet<&'a str>,
}

/// A permission set in an account. Those behind it stand once for all accounts in which they are the same.
#[derive(Clone)]
struct Assigned<'a> {
    set: &'a Entity,
    people: Arc<[Person]>,
    groups: Arc<[OpenGroup]>,
}

/// The people and groups of one assignment, and where it is.
struct Assignment {
    people: Vec<Person>,
    group: Option<OpenGroup>,
}

impl<'a> Everyone<'a> {
    /// None of them, where nobody is asked about.
    pub fn nobody(inventory: &'a Inventory) -> Self {
        let (entities, assigned, of_one_account) = Default::default();
        Self { inventory, entities, assigned, of_one_account }
    }

    /// Of an inventory.
    pub fn new(inventory: &'a Inventory, tree: &Tree) -> Self {
        let mut entities: HashMap<&str, Vec<_>> = HashMap::new();
        for (ty, kind) in [("User", PrincipalKind::User), ("Role", PrincipalKind::Role)] {
            for entity in inventory.of_type(ty) {
                if let Some(account) = entity.reference("account") {
                    entities.entry(account).or_default().push((entity, kind));
                }
            }
        }
        let of_one_account = of_one_account(inventory);
        let mut everyone = Self { inventory, entities, assigned: HashMap::new(), of_one_account };
        let below = accounts_below(tree);
        for set in inventory.of_type("PermissionSet") {
            everyone.assign(set, &below);
        }
        everyone
    }

    /// Whether only principals of one account have a policy.
    pub fn is_of_one_account(&self, policy: &str) -> bool {
        self.of_one_account.contains(policy)
    }

    /// The principals of an account, by ARN; with their policies.
    pub fn of_account(&self, account: &Account) -> Vec<(Identity, Attached)> {
        let arn = format!("arn:{}:iam::{}:root", account.partition, account.id);
        let root = Identity::new(PrincipalKind::Root, account, arn.clone(), Uid::new("Root", arn));
        let mut found = vec![(root, Attached::default())];
        let mut provisioned = BTreeSet::new();
        for assigned in self.assigned.get(&account.id).into_iter().flatten() {
            let (identity, attached) = self.permission_set(assigned, account);
            if !identity.arn.ends_with('*') {
                provisioned.insert(identity.arn.clone());
            }
            found.push((identity, attached));
        }
        let own = self.entities.get(account.id.as_str()).into_iter().flatten();
        for (entity, kind) in own.filter(|(e, _)| !provisioned.contains(&e.uid.id)) {
            let identity = Identity::new(*kind, account, entity.uid.id.clone(), entity.uid.clone());
            found.push((identity, self.attached(entity)));
        }
        found.sort_by(|(a, _), (b, _)| a.arn.cmp(&b.arn));
        found
    }

    /// Whether some principal of an account may be called so. No ARN is made to tell it.
    pub fn may_have(&self, account: &Account, name: &str) -> bool {
        let is = |id: &str| id == name || id.rsplit(['/', ':']).next() == Some(name);
        let by_arn = name.split(':').nth(4) == Some(account.id.as_str());
        let named = |a: &Assigned<'_>| {
            a.set.str("name").unwrap_or(&a.set.uid.id) == name || a.people.iter().any(|p| p.is_called(name))
        };
        name == "root"
            || by_arn
            || self.entities.get(account.id.as_str()).into_iter().flatten().any(|(e, _)| is(&e.uid.id))
            || self.assigned.get(&account.id).into_iter().flatten().any(named)
    }

    /// Own policies, and those of the groups that it is in.
    fn attached(&self, entity: &Entity) -> Attached {
        let mut policies = entity.references("policies").unwrap_or_default();
        for (group, _) in &entity.parents {
            let group = self.inventory.entities.get(group);
            policies.extend(group.and_then(|g| g.references("policies")).unwrap_or_default());
        }
        Attached { policies, boundary: entity.reference("permissionsBoundary").map(str::to_owned) }
    }

    /// The principal that a permission set is in an account: a role of the inventory, if one is provisioned.
    fn permission_set(&self, assigned: &Assigned<'_>, account: &Account) -> (Identity, Attached) {
        let set = assigned.set;
        let name = permission_sets::name(set).to_owned();
        let prefix = format!("arn:{}:iam::{}:role/aws-reserved/sso.amazonaws.com/", account.partition, account.id);
        let roles = self.inventory.entities.range(Uid::new("Role", &prefix)..).map(|(_, e)| e);
        let mut roles = roles.take_while(|r| r.uid.ty == "Role" && r.uid.id.starts_with(&prefix));
        let role = roles.find(|r| r.uid.id.strip_prefix(&prefix).is_some_and(|path| is_path_of_set(path, &name)));
        let mut attached = self.attached(set);
        let own = |name: &str| {
            let path = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
            format!("arn:{}:iam::{}:policy{path}", account.partition, account.id)
        };
        attached.policies.extend(set.texts("customerManagedPolicies").into_iter().map(own));
        attached.boundary = attached.boundary.or_else(|| set.str("customerManagedPermissionsBoundary").map(own));
        let arn = match role {
            Some(role) => {
                let own = self.attached(role);
                attached.policies.extend(own.policies);
                attached.boundary = attached.boundary.or(own.boundary);
                role.uid.id.clone()
            }
            None => format!("{prefix}AWSReservedSSO_{name}_*"),
        };
        let identity = Identity::new(PrincipalKind::PermissionSet, account, arn, set.uid.clone());
        let (people, groups) = (assigned.people.clone(), assigned.groups.clone());
        (Identity { name, people, groups, ..identity }, attached)
    }

    /// Enters a permission set in the accounts that it is assigned in.
    fn assign(&mut self, set: &'a Entity, below: &HashMap<String, Vec<&str>>) {
        let mut assignments = Vec::new();
        let mut accounts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for fields in set.set("assignments").unwrap_or_default().iter().filter_map(Item::record) {
            let group = fields.get("group").and_then(Item::id);
            let people = self.people(fields.get("user").and_then(Item::id), group);
            let group = group.filter(|_| people.is_empty()).map(|id| self.open_group(id));
            let mut here: BTreeSet<String> =
                fields.get("accounts").map(Item::ids).unwrap_or_default().into_iter().collect();
            for unit in fields.get("organizationalUnits").map(Item::ids).unwrap_or_default() {
                here.extend(below.get(&unit).into_iter().flatten().map(|id| (*id).to_owned()));
            }
            here.into_iter().for_each(|account| accounts.entry(account).or_default().push(assignments.len()));
            assignments.push(Assignment { people, group });
        }
        // accounts with the same assignments have the same people
        let mut made: HashMap<Vec<usize>, Assigned<'a>> = HashMap::new();
        for (account, by) in accounts {
            let assigned = made.entry(by).or_insert_with_key(|by| behind(set, &assignments, by)).clone();
            self.assigned.entry(account).or_default().push(assigned);
        }
    }

    fn open_group(&self, id: &str) -> OpenGroup {
        let name = self.inventory.entity("IdentityCenterGroup", id).and_then(|g| g.str("displayName"));
        OpenGroup { id: id.to_owned(), name: name.unwrap_or(id).to_owned() }
    }

    fn people(&self, user: Option<&str>, group: Option<&str>) -> Vec<Person> {
        let is_in = |e: &&Entity| user == Some(&e.uid.id) || e.parents.iter().any(|(p, _)| group == Some(&p.id));
        let entity = group.and_then(|g| self.inventory.entity("IdentityCenterGroup", g));
        let name = entity.map(|g| g.str("displayName").unwrap_or(&g.uid.id));
        let person = |e: &Entity| Person {
            id: e.uid.id.clone(),
            user_name: e.str("userName").unwrap_or(&e.uid.id).to_owned(),
            group: name.map(str::to_owned),
        };
        self.inventory.of_type("IdentityCenterUser").filter(is_in).map(person).collect()
    }
}

/// Those behind a permission set by these assignments.
fn behind<'a>(set: &'a Entity, assignments: &[Assignment], by: &[usize]) -> Assigned<'a> {
    let assignments = || by.iter().filter_map(|index| assignments.get(*index));
    let people: BTreeSet<&Person> = assignments().flat_map(|a| &a.people).collect();
    let groups: BTreeSet<&OpenGroup> = assignments().filter_map(|a| a.group.as_ref()).collect();
    Assigned { set, people: people.into_iter().cloned().collect(), groups: groups.into_iter().cloned().collect() }
}

/// The policies that users, roles and groups of one account have, and nobody else.
fn of_one_account(inventory: &Inventory) -> HashSet<&str> {
    let mut accounts: HashMap<&str, Option<&str>> = HashMap::new();
    for ty in ["User", "Role", "Group", "PermissionSet"] {
        for entity in inventory.of_type(ty) {
            // a permission set may be assigned in any
            let account = entity.uid.id.split(':').nth(4).filter(|_| ty != "PermissionSet");
            let policies = entity.set("policies").unwrap_or_default().iter().filter_map(Item::id);
            for policy in policies.chain(entity.reference("permissionsBoundary")) {
                let known = accounts.entry(policy).or_insert(account);
                *known = known.filter(|known| Some(*known) == account);
            }
        }
    }
    accounts.into_iter().filter_map(|(policy, account)| account.map(|_| policy)).collect()
}

/// The accounts below each organizational unit.
fn accounts_below(tree: &Tree) -> HashMap<String, Vec<&str>> {
    let mut below: HashMap<String, Vec<&str>> = HashMap::new();
    for account in tree.accounts.values() {
        for unit in tree.now(account).path {
            below.entry(unit).or_default().push(&account.id);
        }
    }
    below
}
