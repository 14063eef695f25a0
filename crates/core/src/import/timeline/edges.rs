//! What witnesses that an account joined or departed, and which witnesses are of one change.

use crate::import::cloudtrail::{Change, Event};
use crate::import::facts::{Facts, Joined};
use crate::moment::Moment;

/// Witnesses of one change are at most so far apart.
const SAME_CHANGE_MINUTES: i64 = 10;

/// A change of where an account belongs.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    /// When.
    pub at: Moment,
    /// What.
    pub what: What,
    rank: u8,
    /// What tells so.
    pub witness: String,
}

/// What an edge is of; an organization is named where what tells it names one.
#[derive(Clone, Debug)]
pub(super) enum What {
    Joined {
        organization: Option<String>,
        invited: Option<bool>,
    },
    /// Departures stand in the trail of the organization's management account, or in that of the account that leaves.
    Departed {
        organization: Option<String>,
    },
}

impl Edge {
    pub fn joins(&self) -> bool {
        matches!(self.what, What::Joined { .. })
    }

    pub fn organization(&self) -> Option<&String> {
        let (What::Joined { organization, .. } | What::Departed { organization }) = &self.what;
        organization.as_ref()
    }

    /// Whether both may be of one organization.
    fn agrees_with(&self, other: &Self) -> bool {
        matches!((self.organization(), other.organization()), (None, _) | (_, None))
            || self.organization() == other.organization()
    }
}

/// What witnesses joining and departing, in time.
pub(super) fn edges(facts: &Facts, account: &str, events: &[&Event]) -> Vec<Edge> {
    let mut edges = Vec::new();
    let known = facts.accounts.get(account);
    let joins = |organization: &Option<String>, joined: &Joined| {
        let invited = joined.method.as_deref().map(|m| m.eq_ignore_ascii_case("INVITED"));
        let what = What::Joined { organization: organization.clone(), invited };
        Edge { at: joined.at, what, rank: 0, witness: joined.witness.clone() }
    };
    let listed = known.and_then(|a| a.organization.as_ref());
    edges
        .extend(known.and_then(|a| a.joined.as_ref()).filter(|_| listed.is_some()).map(|j| joins(&listed.cloned(), j)));
    // lists of organizations that it was in before
    for listing in known.iter().flat_map(|a| &a.listings).filter(|l| listed != Some(&l.organization)) {
        edges.extend(listing.joined.as_ref().map(|j| joins(&Some(listing.organization.clone()), j)));
    }
    for event in events {
        let (what, rank) = match &event.change {
            Change::Joined { organization, invited, rank, .. } => {
                let named = organization.clone().filter(|o| facts.organizations.contains_key(o));
                let organization = named.or_else(|| facts.managed_by(&event.recipient).map(str::to_owned));
                (What::Joined { organization, invited: *invited }, *rank)
            }
            Change::Departed { account, rank } => {
                (What::Departed { organization: departed_from(facts, account, &event.recipient) }, *rank)
            }
            _ => continue,
        };
        edges.push(Edge { at: event.at, what, rank, witness: event.witness.clone() });
    }
    edges.sort_by(|a, b| (a.at, a.rank, &a.witness).cmp(&(b.at, b.rank, &b.witness)));
    edges
}

/// The organization that an account departed from: that of the account in whose trail it stands. An account that leaves by itself does
/// not name it; one that is managed by an account of which nothing is told is none of those that are known.
fn departed_from(facts: &Facts, account: &str, recipient: &str) -> Option<String> {
    let mut managed = facts.organizations.iter().filter(|(_, o)| o.management.as_deref() == Some(recipient));
    match (managed.next(), managed.next()) {
        (Some((id, _)), None) => Some(id.clone()),
        (None, _) if account != recipient => Some(format!("that of account {recipient}")),
        _ => None,
    }
}

/// Whether what tells of two changes may tell of one.
pub(super) fn is_same_change(first: &Edge, later: &Edge) -> bool {
    (later.at - first.at).num_minutes() <= SAME_CHANGE_MINUTES
}

/// Witnesses of one change become one edge. Of a move between two organizations, what tells one side may stand between those of the other.
pub(super) fn grouped(edges: Vec<Edge>) -> Vec<Edge> {
    let mut grouped: Vec<Edge> = Vec::new();
    for edge in edges {
        let before = grouped.iter().rposition(|e| e.agrees_with(&edge));
        let same = before.and_then(|i| grouped.get_mut(i));
        match same.filter(|last| last.joins() == edge.joins() && is_same_change(last, &edge)) {
            Some(last) => *last = one(last.clone(), edge),
            None => grouped.push(edge),
        }
    }
    grouped.sort_by_key(|e| e.at);
    moves_in_order(grouped)
}

/// An account is in one organization at a time (R41): one that joined another within minutes of its departure had departed then.
fn moves_in_order(edges: Vec<Edge>) -> Vec<Edge> {
    let mut ordered: Vec<Edge> = Vec::new();
    for mut edge in edges {
        let joined_elsewhere = |e: &Edge| e.joins() && is_same_change(e, &edge) && !e.agrees_with(&edge);
        match ordered.iter().position(joined_elsewhere).filter(|_| !edge.joins()) {
            Some(place) => {
                edge.at = ordered.get(place).map_or(edge.at, |e| e.at);
                ordered.insert(place, edge);
            }
            None => ordered.push(edge),
        }
    }
    ordered
}

/// The better witness, with what the other one tells besides; within a second, the finer moment.
fn one(a: Edge, b: Edge) -> Edge {
    let (best, other) = if b.rank > a.rank { (b, a) } else { (a, b) };
    let within = (best.at - other.at).num_milliseconds().abs() < 1000;
    let at = if within && best.at.timestamp_subsec_millis() == 0 { best.at.max(other.at) } else { best.at };
    let what = match (best.what, other.what) {
        (What::Joined { organization, invited }, What::Joined { organization: o, invited: i }) => {
            What::Joined { organization: organization.or(o), invited: invited.or(i) }
        }
        (What::Departed { organization }, What::Departed { organization: o }) => {
            What::Departed { organization: organization.or(o) }
        }
        (what, _) => what,
    };
    Edge { at, what, rank: best.rank, witness: format!("{}; {}", best.witness, other.witness) }
}
