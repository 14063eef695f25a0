//! Organizations that were deleted. A management account leaves in no other way, and every member has left before it.

use std::collections::BTreeMap;

use super::Inventory;
use super::entity::{Entity, Uid};
use super::model::{Membership, membership};
use crate::moment;
use crate::problem::Problem;

type Entities = BTreeMap<Uid, Entity>;

impl Inventory {
    /// The memberships of an account, as they ended: that of the account which managed an organization ended when it was deleted.
    pub fn memberships_of(&self, account: &Entity) -> Vec<Membership> {
        let declared = account.set("memberships").unwrap_or_default().iter().filter_map(membership);
        let ended = declared.map(|m| {
            let until = m.until.or_else(|| self.deleted(&m.organization));
            Membership { until, ..m }
        });
        ended.collect()
    }

    /// When an organization was deleted, or is to be.
    pub fn deleted(&self, organization: &str) -> Option<moment::Moment> {
        self.entity("Organization", organization)?.moment("deletedAt")
    }
}

/// What is wrong with an acceptance for an organization that had been deleted before.
pub fn accepted_after(entities: &Entities, acceptance: &Entity) -> Option<Problem> {
    let organization = acceptance.reference("organization")?;
    let deleted = entities.get(&Uid::new("Organization", organization))?.moment("deletedAt")?;
    acceptance.moment("effectiveStart").filter(|start| *start > deleted)?;
    let message = format!("{organization} was deleted on {}, before this acceptance", moment::format(deleted));
    Some(
        acceptance
            .problem(acceptance.span_of("effectiveStart"), message)
            .help("correct `effectiveStart` or `deletedAt`"),
    )
}

/// The organization with a `deletedAt` that an account managed.
pub fn managed<'e>(mut organizations: impl Iterator<Item = &'e Entity>, account: &str) -> Option<&'e Entity> {
    organizations.find(|o| o.reference("managementAccount") == Some(account) && o.attrs.contains_key("deletedAt"))
}

/// What is wrong with the memberships of an account, by the organizations that they name.
pub fn memberships(entities: &Entities, account: &Entity) -> Vec<Problem> {
    let mut problems = Vec::new();
    let items = account.set("memberships").unwrap_or_default();
    for (item, found) in items.iter().filter_map(|i| Some((i, membership(i)?))) {
        let Some(organization) = entities.get(&Uid::new("Organization", &found.organization)) else { continue };
        let (id, deleted) = (&organization.uid.id, organization.moment("deletedAt"));
        let manages = organization.reference("managementAccount") == Some(&account.uid.id);
        let wrong = match (manages, found.until, deleted) {
            (true, Some(_), None) => Some((
                format!("account {} manages {id}, and leaves it only when that is deleted", account.uid.id),
                format!("add `deletedAt` to {id}, or remove `until`"),
            )),
            (true, Some(until), Some(deleted)) if until != deleted => Some((
                format!(
                    "account {} managed {id} until that was deleted on {}",
                    account.uid.id,
                    moment::format(deleted)
                ),
                "remove `until`: `deletedAt` ends this membership".to_owned(),
            )),
            (true, None, Some(deleted)) if found.from.is_some_and(|from| from >= deleted) => Some((
                format!("{id} was deleted on {}, before this membership begins", moment::format(deleted)),
                "correct `from` or `deletedAt`".to_owned(),
            )),
            (false, until, Some(deleted)) if until.is_none_or(|u| u > deleted) => Some((
                format!(
                    "account {} had not left {id} when that was deleted on {}",
                    account.uid.id,
                    moment::format(deleted)
                ),
                "an organization is deleted after every member has left: correct `until` or `deletedAt`".to_owned(),
            )),
            _ => None,
        };
        problems.extend(wrong.map(|(message, help)| account.problem(item.span, message).help(help)));
    }
    problems
}

/// What is wrong with an account that stands in a deleted organization, or that does not say what it did after it.
pub fn parents(account: &Entity, organization: Option<&Entity>, managed: Option<&Entity>) -> Option<Problem> {
    let of = |e: &Entity| e.uid.id.clone();
    let span = account.parents.first().map_or(account.span, |(_, s)| *s);
    if let Some(organization) = organization
        && let Some(deleted) = organization.moment("deletedAt")
    {
        let message = format!(
            "account {} is in {}, which was deleted on {}",
            of(account),
            of(organization),
            moment::format(deleted)
        );
        let help = "remove `parents`, and say under `memberships` when it was a member";
        return Some(account.problem(span, message).help(help));
    }
    let (managed, elsewhere) = (managed?, organization?);
    (!account.attrs.contains_key("memberships")).then(|| {
        let message = format!(
            "account {} managed {} and is in {}: since when is not known",
            of(account),
            of(managed),
            of(elsewhere)
        );
        account.problem(span, message).help("say under `memberships` when it was in which")
    })
}
