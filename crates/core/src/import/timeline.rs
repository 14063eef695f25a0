//! To which organization an account belonged when, from what witnesses joining and departing. Better witnesses give the
//! moment: events about membership, then calls, then `JoinedTimestamp`. An edge that nothing witnesses is never guessed:
//! before it, the account's organization is not known.

use std::collections::BTreeMap;

use super::cloudtrail::{Change, Event};
use super::facts::{Facts, Joined};
use crate::moment::Moment;

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

/// Witnesses of one change are at most so far apart.
const SAME_CHANGE_MINUTES: i64 = 10;

#[derive(Clone, Debug)]
struct Edge {
    at: Moment,
    what: What,
    rank: u8,
    witness: String,
}

/// What an edge is of; an organization is named where what tells it names one.
#[derive(Clone, Debug)]
enum What {
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
    fn joins(&self) -> bool {
        matches!(self.what, What::Joined { .. })
    }

    fn organization(&self) -> Option<&String> {
        let (What::Joined { organization, .. } | What::Departed { organization }) = &self.what;
        organization.as_ref()
    }

    /// Whether both may be of one organization.
    fn agrees_with(&self, other: &Self) -> bool {
        matches!((self.organization(), other.organization()), (None, _) | (_, None))
            || self.organization() == other.organization()
    }
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

/// Where answers that were collected show an account to be.
struct Shown {
    /// By the list of accounts.
    listed: Option<String>,
    /// As the management account.
    manages: Option<String>,
}

enum Confirmed {
    Yes,
    /// Nothing that was collected shows it.
    No,
    Contradicted(String),
}

impl Shown {
    /// Whether what was collected shows an account where events say that it is: an old event does not tell that nothing happened since.
    fn confirms(
        &self,
        facts: &Facts,
        account: &str,
        current: Option<&String>,
        last: Option<(Moment, &str)>,
    ) -> Confirmed {
        let known = facts.accounts.get(account);
        let own = known.map(|a| &a.shown_agreements_of);
        if let (None, Some((at, witness))) = (&self.manages, last) {
            let elsewhere = self.listed.as_ref().filter(|listed| current != Some(listed));
            if let Some(listed) = elsewhere.filter(|_| facts.as_of.is_some_and(|as_of| at < as_of)) {
                return Confirmed::Contradicted(format!("{listed} lists it among its accounts, against {witness}"));
            }
            let in_force: Vec<&String> =
                own.into_iter().flatten().filter(|(_, in_force)| **in_force).map(|(id, _)| id).collect();
            // without the time of the list, one that shows it elsewhere may be the newer of the two
            let is_later = facts.as_of.is_none_or(|as_of| at < as_of) && (current.is_some() || facts.as_of.is_some());
            if let Some(other) =
                in_force.first().filter(|_| is_later && !current.is_some_and(|c| in_force.contains(&c)))
            {
                let message = format!("its own list shows an agreement of {other} in force, against {witness}");
                return Confirmed::Contradicted(message);
            }
        }
        let Some(current) = current else { return Confirmed::Yes };
        let attached = known.and_then(|a| a.attached_in.as_ref());
        let above = known.and_then(|a| a.parent.as_ref()).and_then(|unit| {
            let of_unit = facts.units.get(unit).and_then(|u| u.organization.as_ref());
            of_unit.or_else(|| facts.roots.get(unit))
        });
        let own = own.is_some_and(|own| own.contains_key(current));
        let shown = [self.listed.as_ref(), self.manages.as_ref(), attached, above].contains(&Some(current));
        let collected_before = matches!((facts.collected_until(), last), (Some(until), Some((at, _))) if until < at);
        if own || shown || collected_before { Confirmed::Yes } else { Confirmed::No }
    }
}

/// What witnesses joining and departing, in time.
fn edges(facts: &Facts, account: &str, events: &[&Event]) -> Vec<Edge> {
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

fn is_same_change(first: &Edge, later: &Edge) -> bool {
    (later.at - first.at).num_minutes() <= SAME_CHANGE_MINUTES
}

/// Witnesses of one change become one edge. Of a move between two organizations, what tells one side may stand between those of the other.
fn grouped(edges: Vec<Edge>) -> Vec<Edge> {
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

fn walk(edges: &[Edge]) -> Timeline {
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
