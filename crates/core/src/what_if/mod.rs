//! What a change would do: the change is made to the inventory in memory, and the two inventories are compared as `diff` compares
//! any two. There is no second evaluation, and no second way to tell a difference.
//!
//! [`apply`] makes changes in their order, each at the moment asked, and checks the outcome as an inventory that was read is
//! checked. [`advice`] asks the policies of `policies/changes` what to do before such a change.

pub mod able;
mod accounts;
pub mod advice;
mod agreements;
pub mod between;
mod consequences;
mod departing;
mod edit;
pub mod file;
mod gates;
mod made;
mod organizations;
mod people;
mod policies;
mod together;
mod view;

use std::fmt;

use crate::inventory::check;
use crate::inventory::{Inventory, Policy};
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::{Failure, Problem};
use crate::stack;
pub(crate) use able::why_nobody;
pub use consequences::{Consequences, consequences, questions};
pub(crate) use departing::denial;
use edit::Edit;
use gates::Stop;
pub use policies::read as read_policy;
pub(crate) use together::together;

/// Something that may happen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// An account leaves its organization, or is removed from it.
    Leave {
        /// The account.
        account: String,
    },
    /// An account joins an organization, and leaves the one that it is in at the same moment.
    Join {
        /// The account.
        account: String,
        /// The organization.
        organization: String,
    },
    /// An account moves to a unit, or to the root, of its organization.
    Move {
        /// The account.
        account: String,
        /// The unit, or the organization for its root.
        to: String,
    },
    /// An account is closed.
    Close {
        /// The account.
        account: String,
    },
    /// An agreement is accepted.
    Accept {
        /// The account, or the organization.
        by: String,
        /// The kind of agreement.
        kind: String,
    },
    /// An acceptance is terminated.
    Terminate {
        /// The acceptance by its id, or the account or organization.
        of: String,
        /// The kind, where it is named by its account or organization.
        kind: Option<String>,
    },
    /// An account is removed from an offline agreement.
    RemoveDesignation {
        /// The account.
        account: String,
        /// The kind.
        kind: String,
    },
    /// An attribute of an organization becomes another.
    Organization {
        /// The organization.
        organization: String,
        /// Which.
        becomes: Becomes,
    },
    /// An organization is deleted.
    Delete {
        /// The organization.
        organization: String,
    },
    /// A policy is attached.
    Attach {
        /// A principal, a permission set, a unit, an account or an organization.
        to: String,
        /// The policy.
        policy: Named,
    },
    /// A policy is detached.
    Detach {
        /// Where it is attached.
        from: String,
        /// Its id.
        policy: String,
    },
    /// A policy takes the place of another.
    Replace {
        /// Where the old one is attached.
        at: String,
        /// The old one, by its id.
        old: String,
        /// The new one.
        new: Named,
    },
    /// A user joins a group: of IAM, or of Identity Center.
    AddToGroup {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// A user leaves a group.
    RemoveFromGroup {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// A permission set is assigned to a person or a group, in an account.
    Assign {
        /// The person, or the group.
        to: String,
        /// The permission set.
        set: String,
        /// The account.
        account: String,
    },
}

/// What becomes of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// All features are enabled.
    AllFeatures,
    /// AWS Artifact is set up: trusted access is on, and its role exists.
    SetUp,
    /// Trusted access for AWS Artifact is turned off.
    WithoutTrustedAccess,
    /// The role of AWS Artifact is deleted.
    WithoutServiceRole,
}

/// A policy that is named: one of the inventory, one of AWS, or a document of its own.
#[derive(Clone, Debug)]
pub enum Named {
    /// By its id or ARN.
    Known(String),
    /// A document that is not in the inventory, by its path.
    Document(String, Box<Policy>),
}

impl Change {
    /// What policies call it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Leave { .. } => "leave",
            Self::Join { .. } => "join",
            Self::Move { .. } => "move",
            Self::Close { .. } => "close",
            Self::Accept { .. } => "accept",
            Self::Terminate { .. } => "terminate",
            Self::RemoveDesignation { .. } => "remove-designation",
            Self::Organization { .. } => "organization",
            Self::Delete { .. } => "delete-organization",
            Self::Attach { .. } => "attach",
            Self::Detach { .. } => "detach",
            Self::Replace { .. } => "replace",
            Self::AddToGroup { .. } => "add-to-group",
            Self::RemoveFromGroup { .. } => "remove-from-group",
            Self::Assign { .. } => "assign",
        }
    }

    /// The accounts that it is made to, by themselves.
    pub fn accounts(&self) -> Vec<&str> {
        match self {
            Self::Leave { account }
            | Self::Join { account, .. }
            | Self::Move { account, .. }
            | Self::Close { account }
            | Self::RemoveDesignation { account, .. } => vec![account],
            Self::Accept { by, .. } | Self::Terminate { of: by, .. } => vec![by],
            _ => Vec::new(),
        }
    }

    /// What names a kind of agreement, to put the word of policies there.
    pub fn name_of_kind(&mut self) -> Option<&mut String> {
        match self {
            Self::Accept { kind, .. } | Self::RemoveDesignation { kind, .. } => Some(kind),
            Self::Terminate { kind, .. } => kind.as_mut(),
            _ => None,
        }
    }

    /// What may name an account, to put its number there.
    pub fn names_of_accounts(&mut self) -> Vec<&mut String> {
        match self {
            Self::Leave { account }
            | Self::Join { account, .. }
            | Self::Move { account, .. }
            | Self::Close { account }
            | Self::RemoveDesignation { account, .. }
            | Self::Assign { account, .. } => vec![account],
            Self::Accept { by, .. } | Self::Terminate { of: by, .. } => vec![by],
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(id) | Self::Document(id, _) => f.write_str(id),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leave { account } => write!(f, "account {account} leaves its organization"),
            Self::Join { account, organization } => write!(f, "account {account} joins {organization}"),
            Self::Move { account, to } => write!(f, "account {account} moves to {to}"),
            Self::Close { account } => write!(f, "account {account} is closed"),
            Self::Accept { by, kind } => write!(f, "{by} accepts {kind}"),
            Self::Terminate { of, kind: Some(kind) } => write!(f, "{of} terminates {kind}"),
            Self::Terminate { of, kind: None } => write!(f, "{of} is terminated"),
            Self::RemoveDesignation { account, kind } => {
                write!(f, "account {account} is removed from the offline {kind}")
            }
            Self::Organization { organization, becomes } => match becomes {
                Becomes::AllFeatures => write!(f, "{organization} enables all features"),
                Becomes::SetUp => write!(f, "{organization} sets up AWS Artifact"),
                Becomes::WithoutTrustedAccess => write!(f, "{organization} loses trusted access for AWS Artifact"),
                Becomes::WithoutServiceRole => write!(f, "{organization} loses the role of AWS Artifact"),
            },
            Self::Delete { organization } => write!(f, "{organization} is deleted"),
            Self::Attach { to, policy } => write!(f, "{policy} is attached to {to}"),
            Self::Detach { from, policy } => write!(f, "{policy} is detached from {from}"),
            Self::Replace { at, old, new } => write!(f, "{new} takes the place of {old} at {at}"),
            Self::AddToGroup { user, group } => write!(f, "{user} joins the group {group}"),
            Self::RemoveFromGroup { user, group } => write!(f, "{user} leaves the group {group}"),
            Self::Assign { to, set, account } => write!(f, "{to} is assigned {set} in {account}"),
        }
    }
}

/// The inventory after these changes, made in this order at the moment. What cannot happen is a failure that says why: by the gates
/// of the operation that makes a change, whatever anybody's permissions are, and by what the inventory can hold.
pub fn apply(inventory: &Inventory, rules: &RuleBook, changes: &[Change], at: Moment) -> Result<Inventory, Failure> {
    stack::evaluate(|| {
        made(inventory, changes, at, |before, change| gates::stop(before, rules, change, at), |_, _| Ok(()))
    })
}

/// The same whether or not the gates let it happen: what would follow from it.
pub(crate) fn supposed(inventory: &Inventory, changes: &[Change], at: Moment) -> Result<Inventory, Failure> {
    made(inventory, changes, at, |_, _| Ok(Stop::default()), |_, _| Ok(()))
}

/// The same, one change after the other: `then` is called with each, counted from nought, and what it leaves.
pub(crate) fn steps(
    inventory: &Inventory,
    changes: &[Change],
    at: Moment,
    then: impl FnMut(usize, &Inventory) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    made(inventory, changes, at, |_, _| Ok(Stop::default()), then).map(drop)
}

fn made(
    inventory: &Inventory,
    changes: &[Change],
    at: Moment,
    stop: impl Fn(&Inventory, &Change) -> Result<Stop, Failure>,
    mut then: impl FnMut(usize, &Inventory) -> Result<(), Failure>,
) -> Result<Inventory, Failure> {
    let mut edit = Edit::new(inventory.clone(), at);
    for (step, change) in changes.iter().enumerate() {
        edit.number += 1;
        // of one that was deleted, no gate is asked
        edit.organization_is_there(change).map_err(|why| impossible(change, &why))?;
        let stopped = stop(&edit.inventory, change)?;
        if let Some(why) = stopped.elsewhere.or(stopped.gate) {
            return Err(impossible(change, &why));
        }
        let made = match change {
            Change::Leave { account } => edit.leave(account),
            Change::Join { account, organization } => edit.join(account, organization),
            Change::Move { account, to } => edit.move_to(account, to),
            Change::Close { account } => edit.close(account),
            Change::Accept { by, kind } => edit.accept(by, kind),
            Change::Terminate { of, kind } => edit.terminate(of, kind.as_deref(), stopped.unlisted),
            Change::RemoveDesignation { account, kind } => edit.remove_designation(account, kind),
            Change::Organization { organization, becomes } => edit.organization(organization, *becomes),
            Change::Delete { organization } => edit.delete(organization),
            Change::Attach { to, policy } => edit.attach(to, policy),
            Change::Detach { from, policy } => edit.detach(from, policy),
            Change::Replace { at, old, new } => edit.replace(at, old, new),
            Change::AddToGroup { user, group } => edit.add_to_group(user, group),
            Change::RemoveFromGroup { user, group } => edit.remove_from_group(user, group),
            Change::Assign { to, set, account } => edit.assign(to, set, account),
        };
        made.map_err(|why| impossible(change, &why))?;
        let mut problems = Vec::new();
        check::all(&edit.inventory.entities, &mut problems);
        problems.retain(Problem::is_error);
        if let Some(problem) = problems.first() {
            return Err(impossible(change, &Why::new(problem.message(), problem.help_text().unwrap_or_default())));
        }
        then(step, &edit.inventory)?;
    }
    Ok(edit.inventory)
}

/// Why a change cannot be made, and what to do.
pub(crate) struct Why {
    what: String,
    help: String,
}

impl Why {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }

    /// There is nothing to change.
    fn nothing() -> Self {
        Self::new("nothing would change", "")
    }
}

fn impossible(change: &Change, why: &Why) -> Failure {
    let problem = Problem::about("what-if", format!("{change}: {}", why.what));
    if why.help.is_empty() { problem.into() } else { problem.help(why.help.clone()).into() }
}
