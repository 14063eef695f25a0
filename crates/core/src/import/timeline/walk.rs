//! From what witnesses each change to the memberships of an account.

use super::edges::{Edge, What, is_same_change};
use super::{Membership, Timeline};

/// The memberships that edges tell of, one after the other: an account is in one organization at a time (R41).
pub(super) fn walk(edges: &[Edge]) -> Timeline {
    let mut timeline = Timeline::default();
    let mut used = None;
    for (index, edge) in edges.iter().enumerate() {
        if used == Some(index) {
            continue;
        }
        let open = timeline.memberships.last_mut().filter(|m| m.until.is_none());
        let end = Some((edge.at, edge.witness.clone()));
        let joined =
            |organization: &String| Membership { organization: organization.clone(), from: end.clone(), until: None };
        match (&edge.what, open) {
            (What::Departed { organization }, Some(open))
                if organization.as_ref().is_none_or(|o| *o == open.organization) =>
            {
                open.until = end;
            }
            // it departed from another organization than the one that it had joined: what lies before is not known
            (What::Departed { .. }, Some(open)) => {
                let stays = Membership { organization: open.organization.clone(), from: None, until: None };
                timeline = Timeline { memberships: vec![stays], known_since: Some(edge.at), ..Timeline::default() };
            }
            (What::Departed { .. }, None) => timeline = Timeline { known_since: Some(edge.at), ..Timeline::default() },
            (What::Joined { organization: Some(organization), invited }, None) => {
                if index == 0 && *invited != Some(false) {
                    timeline.known_since = Some(edge.at);
                }
                timeline.memberships.push(joined(organization));
            }
            (What::Joined { organization: Some(organization), .. }, Some(open)) => {
                // who left does not tell what, but it can only be the one that it was in (R41)
                let left =
                    edges.iter().enumerate().skip(index + 1).find(|(_, e)| !e.joins() && is_same_change(edge, e));
                let left = left.filter(|(_, e)| e.organization().is_none() && open.organization != *organization);
                match left {
                    Some((place, departed)) => {
                        open.until = Some((edge.at, departed.witness.clone()));
                        used = Some(place);
                        timeline.memberships.push(joined(organization));
                    }
                    // it joined twice: what lies before is not known
                    None => {
                        let memberships = vec![joined(organization)];
                        timeline = Timeline { memberships, known_since: Some(edge.at), ..Timeline::default() };
                    }
                }
            }
            // joined an organization that no answer tells of
            (What::Joined { organization: None, .. }, _) => {
                return match edges.get(index + 1..) {
                    Some(rest) if rest.iter().any(|e| !e.joins()) => walk(rest),
                    _ => Timeline { unknown: true, ..Timeline::default() },
                };
            }
        }
    }
    timeline
}
