//! To which organization an account belonged when, from what witnesses joining and departing. Better witnesses give the
//! moment: events about membership, then calls, then `JoinedTimestamp`. An edge that nothing witnesses is never guessed:
//! before it, the account's organization is not known.

mod edges;
mod shown;
mod walk;

use std::collections::BTreeMap;

use super::cloudtrail::{Change, Event};
use super::facts::Facts;
use crate::moment::Moment;
use edges::{edges, grouped};
use shown::{Confirmed, Shown};
use walk::walk;

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
    /// From it on, nothing is known any more.
    pub known_until: Option<Moment>,
    /// Nothing at all is known.
    pub unknown: bool,
    /// The organization that it is in now.
    pub current: Option<String>,
    /// What contradicts what, where that is why nothing is known.
    pub contradiction: Option<String>,
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
        let shown = facts.shown_in(account);
        if let (None, Some(contradiction)) = (&manages, facts.shown_in_two(account)) {
            return Timeline { unknown: true, contradiction: Some(contradiction), ..Timeline::default() };
        }
        if let (None, Some(listed), Some(shown)) = (&manages, &listed, &shown)
            && listed != shown
        {
            let contradiction =
                format!("the list of accounts of {listed} has it, but its own list shows an agreement of {shown}");
            return Timeline { unknown: true, contradiction: Some(contradiction), ..Timeline::default() };
        }
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
    let last = edges.last().map(|e| (e.at, e.witness.as_str()));
    match (Shown { listed, manages }).confirms(facts, account, timeline.current.as_ref(), last) {
        Confirmed::Yes => timeline,
        Confirmed::No => timeline.until(last, None),
        Confirmed::Contradicted(contradiction) => timeline.until(last, Some(contradiction)),
    }
}

impl Timeline {
    /// What is known where nothing shows what became of it after the last change that events tell.
    fn until(mut self, last: Option<(Moment, &str)>, contradiction: Option<String>) -> Self {
        self.memberships.retain(|m| m.until.is_some());
        let known_until = last.map(|(at, _)| at);
        let unknown = self.memberships.is_empty() && self.known_since.is_some();
        if unknown || known_until.is_none() {
            return Self { unknown: true, contradiction, ..Self::default() };
        }
        Self { known_until, current: None, contradiction, ..self }
    }
}
