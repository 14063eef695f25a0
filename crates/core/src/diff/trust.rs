//! New access by trust policies: whether somebody may assume a role by a request by which nobody could before.
//!
//! People and their answers are compared elsewhere, as far as they are known ([`super::people`]). Of those who are not, a trust policy
//! and the resource control policies above it say all that there is to know: an external id, a repository, an organization. So these
//! are compared with what they were, for any caller and any request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::stacks::{Compared, NewAccess};
use super::{PrincipalEntry, Side};
use crate::access::settled::{self, Named};
use crate::access::{self, AccessAnswer, NewRequests};
use crate::agreements::Agreements;
use crate::assessment::completeness::Unseen;
use crate::aws::resource_policies;
use crate::iam::crossing::crossed;
use crate::iam::document::{Clause, Document, ResourcePattern, Statement};
use crate::iam::patterns::{resource_overlap, resources_included};
use crate::iam::principal::Who;
use crate::iam::segments;
use crate::iam::whom::is_whom;
use crate::inventory::entity::Entity;
use crate::inventory::tree::Tree;
use crate::inventory::{Inventory, Policy, builtin};
use crate::people;
use crate::permissions::controls::Controls;
use crate::permissions::knowledge::Knowledge;
use crate::permissions::principals::Directory;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::PrincipalKind;

/// What is compared.
pub(super) const NAME: &str = "who may assume it, by its trust policy";

/// The trust policies that are others than before, or are beside other resource control policies, each compared with what it was.
pub(super) fn new_access(base: &Side<'_>, head: &Side<'_>, rules: &RuleBook) -> Result<Vec<NewAccess>, Failure> {
    let mut found = Vec::new();
    // what cannot be told of many roles for the same reason is told once
    let mut alike: BTreeMap<String, NewAccess> = BTreeMap::new();
    let old = Agreements::new(base.inventory, rules, base.options.at);
    let new = Agreements::new(head.inventory, rules, head.options.at);
    let (before, after) = (Around::of(base, &old), Around::of(head, &new));
    for role in head.inventory.of_type("Role") {
        let old = base.inventory.entities.get(&role.uid).and_then(|r| Some((r, trust_of(base.inventory, r)?)));
        let (Some((old_role, old)), Some(new)) = (old, trust_of(head.inventory, role)) else { continue };
        let (had, has) = (before.controls(old_role)?, after.controls(role)?);
        if old.content == new.content && had.are_as(&has) {
            continue;
        }
        let answer = match had.not_comparable(&has) {
            Some(reason) => AccessAnswer::unknown(reason),
            None => {
                let account = role.reference("account").unwrap_or_default();
                compared((old.clone(), &had), (of_someone(head.inventory, new), &has), account)?
            }
        };
        if answer.decision == NewRequests::None {
            continue;
        }
        let principal = PrincipalEntry {
            account: role.reference("account").unwrap_or_default().to_owned(),
            principal: role.uid.id.clone(),
            kind: PrincipalKind::Role,
            name: people::short(&role.uid.id).to_owned(),
            people: Vec::new(),
        };
        let reason = answer.reason.clone().filter(|_| answer.decision == NewRequests::Unknown);
        let of_role = |principals| NewAccess {
            of: Compared::Stack,
            name: NAME.to_owned(),
            was_there: true,
            by_name: false,
            principals,
            answer,
            allowed: None,
        };
        match reason {
            Some(reason) => {
                alike.entry(reason).or_insert_with(|| of_role(Vec::new())).principals.push(principal);
            }
            None => found.push(of_role(vec![principal])),
        }
    }
    found.extend(alike.into_values());
    Ok(found)
}

fn compared(
    (old, had): (Policy, &Controlled),
    (new, has): (Policy, &Controlled),
    account: &str,
) -> Result<AccessAnswer, Failure> {
    let are_there = !had.denials.is_empty() || !has.denials.is_empty();
    let side = |policy: Policy, controls: &Controlled| {
        let mut layers = vec![("trust", vec![policy])];
        if are_there {
            layers.push(("resourceControl", controls.policies()));
        }
        access::Side::new(layers)
    };
    access::new_access(&side(old, had), &side(new, has).in_account(account))
}

/// Where the roles of a side are.
pub(super) struct Around<'a> {
    inventory: &'a Inventory,
    tree: &'a Tree,
    directory: Directory<'a>,
}

/// The resource control policies that bind who assumes a role, or asks for a resource of an account.
#[derive(Default)]
pub(super) struct Controlled {
    /// Their statements, as they are about the role, or about resources of the account.
    denials: Vec<Named>,
    /// What they say, in full, whatever the role.
    contents: BTreeSet<String>,
    /// Where the account stands, which they may read.
    standing: Vec<String>,
    /// The organization, where it is not known whether it has all features, without which there are none.
    perhaps: Option<String>,
    /// What they read of the account, as it is.
    read: BTreeSet<String>,
    /// Those that are attached, and whose documents are not known.
    opaque: BTreeSet<String>,
    /// Those of which it is not known where they are attached: what they say, or their names where that is not known, each with a name.
    unplaced: BTreeMap<Says, String>,
}

impl<'a> Around<'a> {
    pub(super) fn of(side: &'a Side<'a>, agreements: &'a Agreements<'a>) -> Self {
        let tree = &agreements.tree;
        let directory = Directory::new(side.inventory, tree, side.options.at, &side.options.context);
        let directory = directory.standing(Box::new(|account| agreements.standing(account)));
        Self::with(side.inventory, tree, directory)
    }

    pub(super) fn with(inventory: &'a Inventory, tree: &'a Tree, directory: Directory<'a>) -> Self {
        Self { inventory, tree, directory }
    }

    fn controls(&self, role: &Entity) -> Result<Controlled, Failure> {
        let account = role.reference("account").filter(|_| resource_policies::are_controlled("sts"));
        match account {
            Some(account) => self.gather(account, true, |s, knowledge| about(s, &role.uid.id, knowledge)),
            None => Ok(Controlled::default()),
        }
    }

    /// Those over the resources of an account; `limits` says what of a statement counts. Of an account that is not listed nothing is known
    /// but where it stands.
    pub(super) fn over(
        &self,
        account: &str,
        is_listed: bool,
        limits: impl Fn(&Statement) -> Option<Statement>,
    ) -> Result<Controlled, Failure> {
        self.gather(account, is_listed, |statement, knowledge| settled::settled(&limits(statement)?, knowledge))
    }

    fn gather(
        &self,
        account: &str,
        is_listed: bool,
        about: impl Fn(&Statement, &Knowledge) -> Option<Statement>,
    ) -> Result<Controlled, Failure> {
        let mut controlled = Controlled::default();
        let Some(account) = self.tree.accounts.get(account) else { return Ok(controlled) };
        let then = self.directory.then(account)?;
        let controls = Controls::at(self.tree, account, &then);
        controlled.standing = then.position.organization.iter().chain(&then.position.path).cloned().collect();
        let organization = then.position.organization.as_ref().and_then(|id| self.tree.organizations.get(id));
        controlled.perhaps = organization.filter(|o| o.all_features.is_none()).map(|o| o.id.clone());
        let mut knowledge = Knowledge::default();
        let keys = self.directory.resource_keys(&account.id, &then);
        let keys = keys.into_iter().filter(|(key, _)| is_listed || *key != "aws:resourceaccount");
        keys.for_each(|(key, known)| knowledge.insert(key, known));
        for id in controls.attached() {
            let Some(policy) = self.inventory.policies.get(id) else {
                controlled.opaque.insert(id.clone());
                continue;
            };
            controlled.contents.insert(policy.content.clone());
            let statements = &policy.document.statements;
            let keys = statements.iter().flat_map(settled::keys_of);
            let known = keys.filter_map(|k| Some(format!("{k}={:?}", knowledge.determined(k)?)));
            controlled.read.extend(known);
            let about = statements.iter().filter_map(|s| about(s, &knowledge));
            controlled.denials.extend(about.map(|s| (policy.label.clone(), s)));
        }
        // whatever they are called, and in whatever order they are listed
        let named = |id: &String| (Says::of(self.inventory, id), id.clone());
        controlled.unplaced = controls.unplaced.iter().map(named).collect();
        Ok(controlled)
    }
}

/// What a policy is compared by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// What it says.
    Content(String),
    /// What it says is not known: its name.
    Unknown(String),
}

impl Says {
    /// A policy of an inventory.
    pub fn of(inventory: &Inventory, id: &str) -> Self {
        match inventory.policies.get(id) {
            Some(policy) => Self::Content(policy.content.clone()),
            None => Self::Unknown(id.to_owned()),
        }
    }
}

impl Controlled {
    /// Whatever they say, it is the same.
    pub(super) fn are_as(&self, other: &Self) -> bool {
        let stands = self.denials.is_empty() || self.standing == other.standing;
        let exist = self.denials.is_empty() || self.perhaps == other.perhaps;
        stands
            && exist
            && (&self.contents, &self.opaque) == (&other.contents, &other.opaque)
            && self.unplaced.keys().eq(other.unplaced.keys())
    }

    /// By what it is told from others of which it is known what they say.
    pub(super) fn signature(&self) -> Vec<String> {
        let counts = self.denials.iter().map(|(file, s)| format!("{file} {} {:?}", s.pointer, s.actions.texts));
        self.contents.iter().chain(&self.read).cloned().chain(counts).collect()
    }

    /// Why it cannot be told what others in their place allow: something denied before, perhaps, of which nothing is known.
    pub(super) fn not_comparable(&self, now: &Self) -> Option<String> {
        // one that is known now to be attached here denies what it denied anywhere
        let is_here = |says: &Says| match says {
            Says::Content(content) => now.contents.contains(content),
            Says::Unknown(policy) => now.opaque.contains(policy),
        };
        let is_there = |says: &Says| now.unplaced.contains_key(says) || is_here(says);
        if let Some((_, policy)) = self.unplaced.iter().find(|(says, _)| !is_there(says)) {
            return Some(format!("it is not known where {policy} was attached, and what it denied"));
        }
        if let Some(organization) = now.perhaps.as_ref().filter(|_| self.perhaps.is_none() && !self.denials.is_empty())
        {
            return Some(format!(
                "it depends on the feature set of {organization}, which is not in the inventory, whether there are such policies"
            ));
        }
        let gone = self.opaque.difference(&now.opaque).next();
        gone.map(|policy| format!("what {policy} denied is not in the inventory"))
    }

    /// The policies as a layer: what is denied, of all that RCPFullAWSAccess allows.
    pub(super) fn policies(&self) -> Vec<Policy> {
        let mut policies = settled::policies(self.denials.clone());
        policies.push(builtin::full_resource_access().clone());
        let plain = |mut policy: Policy| {
            let statements = policy.document.statements.iter().cloned().map(|mut statement| {
                // whom a statement is about is asked of its principals here
                statement.conditions.retain(|c| !is_whom(c));
                statement
            });
            let document = Document { source: policy.document.source.clone(), statements: statements.collect() };
            policy.document = Arc::new(document);
            policy
        };
        policies.into_iter().map(plain).collect()
    }
}

/// A statement of a resource control policy as far as it is about a role, of which the role's own account is known; `None` where it is
/// about other resources.
fn about(statement: &Statement, role: &str, knowledge: &Knowledge) -> Option<Statement> {
    let mut settled = settled::settled(statement, knowledge)?;
    // by the reading in which a `*` crosses colons, it may be about the role all the same (D25)
    let (Some(arn), Ok(own)) = (segments(role), ResourcePattern::parse(role, false)) else {
        return Some(settled);
    };
    if crossed(&settled.resources, &arn).next().is_some() {
        return Some(settled);
    }
    let resources = Clause::new(false, [own], [role.to_owned()]);
    let (reached, passed) = match settled.resources.negated {
        false => (resources_included(&resources, &settled.resources), !overlaps(&settled.resources, &resources)),
        true => {
            let named = Clause { negated: false, ..settled.resources.clone() };
            (!overlaps(&named, &resources), resources_included(&resources, &named))
        }
    };
    if passed {
        return None;
    }
    if reached {
        settled.resources = Clause::new(false, [ResourcePattern::All], ["*".to_owned()]);
    }
    Some(settled)
}

/// Whether some resource may be named by both; neither is negated.
fn overlaps(one: &Clause<ResourcePattern>, other: &Clause<ResourcePattern>) -> bool {
    one.patterns.iter().any(|a| other.patterns.iter().any(|b| resource_overlap(a, b)))
}

fn trust_of<'i>(inventory: &'i Inventory, role: &Entity) -> Option<&'i Policy> {
    role.reference("trustPolicy").and_then(|id| inventory.policies.get(id))
}

/// A trust policy without those whom it allows and who are nobody: accounts all of whose principals are listed, and that have none, and
/// principals that were deleted.
fn of_someone(inventory: &Inventory, policy: &Policy) -> Policy {
    let unseen = Unseen::of(inventory);
    let is_empty = |number: &str| {
        let of = |ty: &str| inventory.of_type(ty).any(|e| e.reference("account") == Some(number));
        let listed = !unseen.principals_of(number) && !unseen.assignments_of(number);
        let known = inventory.entity("Account", number).is_some();
        known && listed && !of("User") && !of("Role") && inventory.of_type("PermissionSet").next().is_none()
    };
    let someone = |who: &Who| match who {
        Who::Account(number) => !is_empty(number),
        // the unique id of a user or a role that was deleted
        Who::Aws(text) => text.starts_with("arn:"),
        _ => true,
    };
    let statement = |statement: &Statement| {
        let mut statement = statement.clone();
        if let Some(principals) = statement.principals.as_mut().filter(|p| statement.allow && !p.negated) {
            principals.who.retain(&someone);
            if principals.who.is_empty() {
                return None;
            }
        }
        Some(statement)
    };
    let statements: Vec<Statement> = policy.document.statements.iter().filter_map(statement).collect();
    let document = Document { source: policy.document.source.clone(), statements };
    Policy { document: Arc::new(document), ..policy.clone() }
}
