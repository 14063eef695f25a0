//! Who stands behind a role: the people, users and permission sets of the inventory that may assume it, one role after the other, and
//! those that the inventory does not know.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use crate::agreements::Agreements;
use crate::assessment::completeness::Unseen;
use crate::assessment::completeness::others::stranger;
use crate::assessment::{Options, PrincipalAnswer};
use crate::iam::principal::Who;
use crate::inventory::Inventory;
use crate::inventory::config::Trusted;
use crate::inventory::tree::Tree;
use crate::permissions::confined::Confined;
use crate::permissions::principals::{Directory, Identity, Principal};
use crate::permissions::trust::{Hop, Surroundings, Trust, is, is_identity};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::{Decision, PrincipalKind};

pub mod carried;
mod members;
mod outside;
mod states;
pub mod unlisted;

pub use members::{BySet, Unlisted};
pub(crate) use outside::ANYONE;
use outside::{Outside, Stranger};
use states::{States, depending};

/// Who stands behind roles, by their ARNs.
pub type Roles = BTreeMap<String, Behind>;

/// The accounts of organizations, by their ids.
type Accounts = BTreeMap<String, BTreeSet<String>>;

/// Who stands behind a role.
#[derive(Clone, Debug, Default)]
pub struct Behind {
    /// Users and permission sets that may become it, or perhaps may.
    pub assumers: Vec<Assumer>,
    /// Those of whom the inventory does not know who they are.
    pub others: Vec<Other>,
    /// The people who stand there in their place, as `[[trusted]]` declares.
    pub trusted: Vec<String>,
}

impl Behind {
    /// Nobody may become it: no user, no permission set, and nobody who is not in the inventory.
    pub fn is_nobody(&self) -> bool {
        self.assumers.is_empty() && self.others.is_empty() && self.trusted.is_empty()
    }
}

/// A user or a permission set that may become a role.
#[derive(Clone, Debug)]
pub struct Assumer {
    /// Who.
    pub identity: Identity,
    /// The ARNs of the roles that are assumed one after the other; the last one is the role.
    pub roles: Vec<String>,
    /// False where it depends on what is not known.
    pub certain: bool,
    /// On what it depends.
    pub depends_on: Vec<String>,
}

/// Somebody that may become a role, and of whom the inventory knows nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Other {
    /// In words: `the service ec2.amazonaws.com`.
    pub who: String,
    /// The ARNs of the roles that are assumed one after the other; the last one is the role.
    pub roles: Vec<String>,
    /// Where they are there only if not all is listed.
    #[serde(skip)]
    pub unlisted: Option<Unlisted>,
    /// They are who the conditions of a statement about everyone leave.
    #[serde(skip)]
    pub of_everyone: bool,
}

impl Other {
    /// Who, and the roles that they assume.
    fn new(who: String, roles: &[String]) -> Self {
        Self { who, roles: roles.to_vec(), unlisted: None, of_everyone: false }
    }
}

impl Behind {
    /// Nobody is there whom the inventory does not know.
    pub fn is_known(&self) -> bool {
        self.others.is_empty()
    }
}

/// Who stands behind the roles of these answers that may do something, or perhaps may.
pub fn behind<'p>(
    (inventory, rules): (&Inventory, &RuleBook),
    options: &Options,
    principals: impl IntoIterator<Item = &'p PrincipalAnswer>,
) -> Result<Roles, Failure> {
    let may = |p: &&PrincipalAnswer| {
        let may = |d: &Decision| *d != Decision::Deny;
        let any = |o: &crate::assessment::OperationAnswer| {
            o.any_request.as_ref().is_some_and(|a| a.decision != crate::terms::AnyAllowed::No)
        };
        p.kind == PrincipalKind::Role
            && p.operations
                .in_common()
                .into_iter()
                .any(|o| may(&o.decision) || o.permitted || any(o) || o.actions.values().any(may))
    };
    let wanted: BTreeSet<String> = principals.into_iter().filter(may).map(|p| p.principal.clone()).collect();
    follow((inventory, rules), options, &wanted)
}

/// Who stands behind these roles.
pub fn follow(
    (inventory, rules): (&Inventory, &RuleBook),
    options: &Options,
    wanted: &BTreeSet<String>,
) -> Result<Roles, Failure> {
    if wanted.is_empty() {
        return Ok(Roles::new());
    }
    let known = |role: &String| inventory.entity("Role", role).is_some_and(|r| r.reference("trustPolicy").is_some());
    if !wanted.iter().any(known) {
        let others = |role: &String| vec![Other::new(UNKNOWN.to_owned(), std::slice::from_ref(role))];
        let behind = |role: &String| {
            let mut behind = Behind { others: others(role), ..Behind::default() };
            behind.declare(&current(inventory, options));
            (role.clone(), behind)
        };
        return Ok(wanted.iter().map(behind).collect());
    }
    stack::evaluate(|| {
        let agreements = Agreements::new(inventory, rules, options.at);
        let tree: &Tree = &agreements.tree;
        let directory = Directory::new(inventory, tree, options.at, &options.context);
        let directory = directory.of_any_request(options.any_request);
        let mut directory = directory.standing(Box::new(|account| agreements.standing(account)));
        let trusts = trusts(inventory, &mut directory, tree)?;
        let identities = directory.identities();
        let accounts = accounts(&trusts, &identities, wanted);
        let callers = directory.those(|i| i.kind != PrincipalKind::Root && accounts.contains(&i.account))?;
        let unseen = Unseen::of(inventory);
        let organizations = organizations(inventory, &agreements, (options, &unseen))?;
        let strangers = strangers(&mut directory, tree, (&trusts, &unseen, &organizations))?;
        let states = States::new(&agreements, rules, options.any_state);
        let mut following = Following {
            inventory,
            tree,
            trusts,
            identities,
            callers,
            strangers,
            unseen,
            organizations,
            states,
            edges: BTreeMap::new(),
        };
        let current = current(inventory, options);
        let mut roles = Roles::new();
        for role in wanted {
            let mut behind = following.behind(role)?;
            behind.declare(&current);
            roles.insert(role.clone(), behind);
        }
        Ok(roles)
    })
}

/// Who may assume a role whose trust policy is not known.
pub const UNKNOWN: &str = "whoever its trust policy names, which is not in the inventory";

/// What is declared of who stands at roles, and is not over.
fn current<'i>(inventory: &'i Inventory, options: &Options) -> Vec<&'i Trusted> {
    inventory.config.trusted.iter().filter(|t| t.until.is_none_or(|until| options.at < until)).collect()
}

/// The roles that stand in the inventory; `None` where nothing names their trust policy.
fn trusts(
    inventory: &Inventory,
    directory: &mut Directory<'_>,
    tree: &Tree,
) -> Result<BTreeMap<String, Option<Trust>>, Failure> {
    let mut trusts = BTreeMap::new();
    let mut around: BTreeMap<&str, Surroundings> = BTreeMap::new();
    for role in inventory.of_type("Role") {
        let policy = role.reference("trustPolicy").map(|id| (id, inventory.policies.get(id)));
        let trust = match (policy, role.reference("account")) {
            (Some((id, policy)), Some(account)) => {
                let around = match around.entry(account) {
                    Entry::Occupied(known) => known.get().clone(),
                    Entry::Vacant(open) => open.insert(surroundings(account, directory, tree)?).clone(),
                };
                Some(match policy {
                    Some(policy) => Trust::new(role, account, policy, around),
                    None => Trust::unknown(role, account, id, around),
                })
            }
            _ => None,
        };
        trusts.insert(role.uid.id.clone(), trust);
    }
    Ok(trusts)
}

/// What is around the roles of an account.
fn surroundings(account: &str, directory: &mut Directory<'_>, tree: &Tree) -> Result<Surroundings, Failure> {
    let Some(account) = tree.accounts.get(account) else {
        return Ok(Surroundings::default());
    };
    let standing = directory.then(account)?;
    let controls = directory.resource_control(account, &standing);
    Ok(Surroundings { controls, keys: directory.resource_keys(&account.id, &standing) })
}

/// The accounts that are, or may be, in each organization, where all of them are known: those of the snapshot are known for no moment
/// before it.
fn organizations(
    inventory: &Inventory,
    agreements: &Agreements<'_>,
    (options, unseen): (&Options, &Unseen),
) -> Result<BTreeMap<String, BTreeSet<String>>, Failure> {
    if options.at < options.snapshot {
        return Ok(BTreeMap::new());
    }
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for organization in inventory.of_type("Organization") {
        if !unseen.organizations().any(|id| *id == organization.uid.id) {
            let management =
                organization.reference("managementAccount").or_else(|| organization.str("managementAccount"));
            known.insert(organization.uid.id.clone(), management.map(str::to_owned).into_iter().collect());
        }
    }
    for account in agreements.tree.accounts.values() {
        let (now, then) = (agreements.tree.now(account), agreements.standing(account)?);
        for (id, accounts) in &mut known {
            if now.organization.as_ref() == Some(id) || then.organizations().any(|o| o == id) || then.unknown.is_some()
            {
                accounts.insert(account.id.clone());
            }
        }
    }
    Ok(known)
}

/// By accounts that trust policies name: a principal of which nothing is known, where not all are listed.
fn strangers(
    directory: &mut Directory<'_>,
    tree: &Tree,
    (trusts, unseen, organizations): (&BTreeMap<String, Option<Trust>>, &Unseen, &Accounts),
) -> Result<BTreeMap<String, Principal>, Failure> {
    let named = |who: &Who| if let Who::Account(account) = who { Some(account.clone()) } else { None };
    let mut accounts: BTreeSet<String> = BTreeSet::new();
    for trust in trusts.values().flatten() {
        accounts.extend(trust.who.iter().filter_map(named));
        for confined in trust.leaves().unwrap_or_default().iter().flatten().flatten() {
            match confined {
                Confined::To(who) => accounts.extend(named(who)),
                Confined::ToOrganization(id) => accounts.extend(organizations.get(id).cloned().unwrap_or_default()),
            }
        }
    }
    let mut strangers = BTreeMap::new();
    for account in accounts.iter().filter_map(|id| tree.accounts.get(id)) {
        let (principals, assignments) = (unseen.principals_of(&account.id), unseen.assignments_of(&account.id));
        if principals || assignments {
            strangers.insert(account.id.clone(), stranger(directory, account, principals)?);
        }
    }
    Ok(strangers)
}

/// The accounts whose principals may become one of these roles, whatever their policies say.
fn accounts(
    trusts: &BTreeMap<String, Option<Trust>>,
    identities: &[Identity],
    wanted: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mut accounts = BTreeSet::new();
    let mut open: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let mut seen: BTreeSet<&str> = open.iter().copied().collect();
    while let Some(role) = open.pop() {
        let Some(Some(trust)) = trusts.get(role) else {
            continue;
        };
        for identity in identities.iter().filter(|i| i.kind != PrincipalKind::Root) {
            if trust.is_open() || trust.who.iter().any(|who| is_identity(who, identity)) {
                accounts.insert(identity.account.clone());
                if identity.kind == PrincipalKind::Role && seen.insert(&identity.arn) {
                    open.push(&identity.arn);
                }
            }
        }
    }
    accounts
}

/// Who may become a role in one step.
#[derive(Clone, Default)]
struct Edges {
    /// Indices of callers.
    callers: Vec<(usize, Hop)>,
    others: Vec<Stranger>,
}

struct Following<'a> {
    inventory: &'a Inventory,
    tree: &'a Tree,
    trusts: BTreeMap<String, Option<Trust>>,
    identities: Vec<Identity>,
    callers: Vec<Principal>,
    /// By accounts whose principals are not all listed.
    strangers: BTreeMap<String, Principal>,
    unseen: Unseen,
    /// The accounts of organizations, where all are known.
    organizations: BTreeMap<String, BTreeSet<String>>,
    states: States<'a>,
    edges: BTreeMap<String, Edges>,
}

/// A role on the way to another: the roles from it on, and whether that is certain.
struct Reached {
    roles: Vec<String>,
    depends_on: BTreeSet<String>,
    certain: bool,
}

impl Following<'_> {
    fn edges(&mut self, role: &str) -> Result<Edges, Failure> {
        if let Some(edges) = self.edges.get(role) {
            return Ok(edges.clone());
        }
        let mut edges = Edges::default();
        match self.trusts.get(role) {
            Some(Some(trust)) => {
                let meant = |caller: &Principal| trust.is_open() || trust.who.iter().any(|who| is(who, caller));
                for (index, caller) in self.callers.iter().enumerate().filter(|(_, c)| meant(c)) {
                    let from = self.states.of(&caller.account)?;
                    if from == Decision::Deny {
                        continue;
                    }
                    let mut hop = trust.assumed_by(caller)?;
                    if from == Decision::Unknown && hop.decision != Decision::Deny {
                        hop.decision = Decision::Unknown;
                        hop.depends_on.insert(depending(&caller.account));
                    }
                    if hop.decision != Decision::Deny {
                        edges.callers.push((index, hop));
                    }
                }
                let (identities, strangers, unseen) = (&self.identities, &self.strangers, &self.unseen);
                let outside = Outside { identities, strangers, unseen, organizations: &self.organizations };
                edges.others = outside.of(trust, &mut self.states)?;
                if !trust.is_known() {
                    edges.others.push(Stranger::named(UNKNOWN));
                }
            }
            _ => edges.others.push(Stranger::named(UNKNOWN)),
        }
        self.edges.insert(role.to_owned(), edges.clone());
        Ok(edges)
    }

    /// What is certain is followed first, so that a way that is certain is found before one that is not.
    fn behind(&mut self, role: &str) -> Result<Behind, Failure> {
        let first = Reached { roles: vec![role.to_owned()], depends_on: BTreeSet::new(), certain: true };
        let mut open = VecDeque::from([first]);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let mut behind = Behind::default();
        while let Some(Reached { roles, depends_on, certain }) = open.pop_front() {
            let Some(here) = roles.first().cloned() else { continue };
            if !seen.insert(here.clone()) {
                continue;
            }
            let edges = self.edges(&here)?;
            let others = edges.others.into_iter();
            behind.others.extend(others.map(|Stranger { words, unlisted, of_everyone }| Other {
                unlisted,
                of_everyone,
                ..Other::new(words, &roles)
            }));
            let mut callers = edges.callers;
            callers.sort_by_key(|(_, hop)| hop.decision != Decision::Allow);
            for (index, hop) in callers {
                let Some(caller) = self.callers.get(index) else { continue };
                let certain = certain && hop.decision == Decision::Allow;
                let depends_on: BTreeSet<String> = depends_on.union(&hop.depends_on).cloned().collect();
                if caller.kind == PrincipalKind::Role {
                    let roles = std::iter::once(caller.arn.clone()).chain(roles.iter().cloned()).collect();
                    let next = Reached { roles, depends_on, certain };
                    if certain { open.push_front(next) } else { open.push_back(next) }
                } else {
                    found.insert(index);
                    let identity = caller.identity();
                    if let Some(unlisted) = members::unlisted((self.inventory, self.tree, &self.unseen), &identity) {
                        let other = Other::new(unlisted.words(), &roles);
                        behind.others.push(Other { unlisted: Some(unlisted), ..other });
                    }
                    let depends_on = depends_on.into_iter().collect();
                    behind.assumers.push(Assumer { identity, roles: roles.clone(), certain, depends_on });
                }
            }
        }
        let mut told: BTreeSet<(String, String)> = BTreeSet::new();
        behind.assumers.sort_by_key(|a| (!a.certain, a.roles.len()));
        behind.assumers.retain(|a| told.insert((a.identity.account.clone(), a.identity.arn.clone())));
        behind
            .assumers
            .sort_by(|a, b| (&a.identity.account, &a.identity.arn).cmp(&(&b.identity.account, &b.identity.arn)));
        behind.others.sort();
        Ok(behind)
    }
}

impl Behind {
    /// What `[[trusted]]` says of the roles at which others stand takes their place.
    fn declare(&mut self, trusted: &[&Trusted]) {
        let mut declared: BTreeSet<String> = BTreeSet::new();
        self.others.retain(|other| {
            let says = |role: &String| trusted.iter().find(|t| t.is_of(role));
            match other.roles.first().and_then(says) {
                Some(trusted) => {
                    declared.extend(trusted.people.iter().cloned());
                    false
                }
                None => true,
            }
        });
        self.trusted = declared.into_iter().collect();
    }
}

/// The last part of the ARN of a role.
pub fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
