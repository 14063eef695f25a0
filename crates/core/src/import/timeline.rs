//! To which organization an account belonged when, from what witnesses joining and departing. Better witnesses give the
//! moment: events about membership, then calls, then `JoinedTimestamp`. An edge that nothing witnesses is never guessed:
//! before it, the account's organization is not known.

use std::collections::BTreeMap;

use super::cloudtrail::{Change, Event};
use super::facts::Facts;
use crate::moment::{self, Moment};

/// A time in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization: String,
    /// When it joined, and what tells so.
    pub from: Option<(Moment, String)>,
    /// When it departed, and what tells so.
    pub until: Option<(Moment, String)>,
}

/// What is known of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// In order.
    pub memberships: Vec<Membership>,
    /// Before it, nothing is known.
    pub known_since: Option<Moment>,
    /// Nothing at all is known.
    pub unknown: bool,
    /// The organization that it is in now.
    pub current: Option<String>,
}

/// Witnesses of one change are at most so far apart.
const SAME_CHANGE_MINUTES: i64 = 10;

#[derive(Clone, Debug)]
struct Edge {
    at: Moment,
    /// `Some` for joining: the organization where it is known, and whether the account was invited.
    joined: Option<(Option<String>, Option<bool>)>,
    rank: u8,
    witness: String,
}

/// The timelines of all accounts that are known.
pub fn all(facts: &Facts) -> BTreeMap<String, Timeline> {
    let mut events: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in facts.events.values() {
        if let Change::Joined { account, .. } | Change::Departed { account, .. } = &event.change {
            events.entry(account).or_default().push(event);
        }
    }
    let of = |id: &String| of(facts, id, events.get(id.as_str()).map_or(&[], Vec::as_slice));
    facts.accounts.keys().map(|id| (id.clone(), of(id))).collect()
}

/// The timeline of an account, of which these are the events.
fn of(facts: &Facts, account: &str, events: &[&Event]) -> Timeline {
    let mut timeline = unended(facts, account, events);
    let Some(organization) = timeline.current.clone() else { return timeline };
    let Some(deleted) = facts.deleted(&organization) else { return timeline };
    if facts.managed_by(account) != Some(organization.as_str()) {
        // it had left before its organization was deleted, and nothing tells when
        return Timeline { unknown: true, ..Timeline::default() };
    }
    match timeline.memberships.last_mut() {
        Some(open) => open.until = Some(deleted),
        None => timeline.memberships.push(Membership { organization, from: None, until: Some(deleted) }),
    }
    Timeline { current: None, ..timeline }
}

/// The same, as if no organization had been deleted.
fn unended(facts: &Facts, account: &str, events: &[&Event]) -> Timeline {
    let edges = grouped(edges(facts, account, events));
    let listed = facts.accounts.get(account).and_then(|a| a.organization.clone());
    let manages = facts.managed_by(account).map(str::to_owned);
    if edges.is_empty() {
        let shown = facts.accounts.get(account).and_then(|a| a.shown_agreement_of.clone());
        let current = listed.or(manages).or(shown);
        if let (None, Some(attached)) = (&current, facts.accounts.get(account).and_then(|a| a.attached_in.clone())) {
            // it is there now, and nothing tells since when
            return Timeline {
                unknown: facts.as_of.is_none(),
                known_since: facts.as_of,
                current: Some(attached),
                ..Timeline::default()
            };
        }
        return Timeline { unknown: current.is_none(), current, ..Timeline::default() };
    }
    let mut timeline = walk(&edges);
    let open = timeline.memberships.last().filter(|m| m.until.is_none());
    timeline.current = open.map(|m| m.organization.clone());
    // a complete list of the organization's accounts without it is younger than its joining, or misses its departure
    let since = open.and_then(|m| m.from.as_ref()).map(|(at, _)| *at);
    let organization = timeline.current.as_ref().and_then(|o| facts.organizations.get(o));
    let missing = organization.is_some_and(|o| o.accounts_listed) && listed.is_none() && manages.is_none();
    let collected_before = matches!((facts.collected_until(), since), (Some(until), Some(since)) if until < since);
    if missing && !collected_before {
        return Timeline { unknown: true, ..Timeline::default() };
    }
    timeline
}

/// What witnesses joining and departing, in time.
fn edges(facts: &Facts, account: &str, events: &[&Event]) -> Vec<Edge> {
    let mut edges = Vec::new();
    let known = facts.accounts.get(account);
    if let Some((joined, of)) = known.and_then(|a| Some((a.joined.as_ref()?, a.organization.clone()))) {
        let invited = joined.method.as_deref().map(|m| m.eq_ignore_ascii_case("INVITED"));
        edges.push(Edge { at: joined.at, joined: Some((of, invited)), rank: 0, witness: joined.witness.clone() });
    }
    for event in events {
        let (joined, rank) = match &event.change {
            Change::Joined { organization, invited, rank, .. } => {
                let named = organization.clone().filter(|o| facts.organizations.contains_key(o));
                let organization = named.or_else(|| facts.managed_by(&event.recipient).map(str::to_owned));
                (Some((organization, *invited)), *rank)
            }
            Change::Departed { rank, .. } => (None, *rank),
            _ => continue,
        };
        edges.push(Edge { at: event.at, joined, rank, witness: event.witness.clone() });
    }
    edges.sort_by(|a, b| (a.at, a.rank, &a.witness).cmp(&(b.at, b.rank, &b.witness)));
    edges
}

/// Witnesses of one change become one edge.
fn grouped(edges: Vec<Edge>) -> Vec<Edge> {
    let mut grouped: Vec<Edge> = Vec::new();
    for edge in edges {
        let same = grouped.last_mut().filter(|last| {
            last.joined.is_some() == edge.joined.is_some() && (edge.at - last.at).num_minutes() <= SAME_CHANGE_MINUTES
        });
        match same {
            Some(last) => *last = one(last.clone(), edge),
            None => grouped.push(edge),
        }
    }
    grouped
}

/// The better witness, with what the other one tells besides; within a second, the finer moment.
fn one(a: Edge, b: Edge) -> Edge {
    let (best, other) = if b.rank > a.rank { (b, a) } else { (a, b) };
    let within = (best.at - other.at).num_milliseconds().abs() < 1000;
    let at = if within && best.at.timestamp_subsec_millis() == 0 { best.at.max(other.at) } else { best.at };
    let joined = match (best.joined, other.joined) {
        (Some((o, i)), Some((p, j))) => Some((o.or(p), i.or(j))),
        (joined, _) => joined,
    };
    Edge { at, joined, rank: best.rank, witness: format!("{}; {}", best.witness, other.witness) }
}

fn walk(edges: &[Edge]) -> Timeline {
    let mut timeline = Timeline::default();
    for (index, edge) in edges.iter().enumerate() {
        let open = timeline.memberships.last_mut().filter(|m| m.until.is_none());
        let end = Some((edge.at, edge.witness.clone()));
        match (&edge.joined, open) {
            (None, Some(open)) => open.until = end,
            (Some((Some(organization), invited)), None) => {
                if index == 0 && *invited != Some(false) {
                    timeline.known_since = Some(edge.at);
                }
                timeline.memberships.push(Membership { organization: organization.clone(), from: end, until: None });
            }
            // it departed without having joined, or joined twice: what lies before is not known
            (Some((Some(organization), _)), Some(_)) => {
                let joined = Membership { organization: organization.clone(), from: end, until: None };
                timeline = Timeline { memberships: vec![joined], known_since: Some(edge.at), ..Timeline::default() };
            }
            (None, None) => timeline = Timeline { known_since: Some(edge.at), ..Timeline::default() },
            // joined an organization that no answer tells of
            (Some((None, _)), _) => {
                return match edges.get(index + 1..) {
                    Some(rest) if rest.iter().any(|e| e.joined.is_none()) => walk(rest),
                    _ => Timeline { unknown: true, ..Timeline::default() },
                };
            }
        }
    }
    timeline
}

/// The moment before which nothing is known where nothing at all is known.
pub fn never() -> Moment {
    moment::parse("9999-12-31").unwrap_or_default()
}
