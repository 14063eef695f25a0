//! What happened to an account: each event with its moment and its evidence.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::agreements::Agreements;
use crate::inventory::entity::{Entity, Item};
use crate::inventory::model::{Accepted, Account};
use crate::moment::{self, Moment};
use crate::problem::Span;
use crate::terms::terms;

terms! {
    /// What happened.
    EventKind {
        /// An agreement was accepted in AWS Artifact.
        Accepted = "accepted",
        /// Which agreements of an account or an organization are in force is known from here on.
        AgreementsKnown = "agreements-known",
        /// An agreement made outside AWS Artifact began.
        Began = "began",
        /// The account was closed, and stays a member until it departs.
        Closed = "closed",
        /// The organization was deleted.
        Deleted = "deleted",
        /// AWS confirmed the account under an offline agreement.
        Designated = "designated",
        /// Whether an acceptance is still in force is not known from here on.
        Doubted = "doubted",
        /// An agreement made outside AWS Artifact ended.
        Ended = "ended",
        /// The account joined an organization.
        Joined = "joined",
        /// What the account belonged to is known from here on.
        Known = "known",
        /// The account departed from an organization.
        Left = "left",
        /// The register says that PHI is held from here on.
        PhiHeld = "phi-held",
        /// The register says that the last PHI was removed.
        PhiRemoved = "phi-removed",
        /// The account was removed from an offline agreement.
        Removed = "removed",
        /// An acceptance was terminated.
        Terminated = "terminated",
    }
}

impl EventKind {
    /// Something ends with it.
    pub fn ends(self) -> bool {
        use EventKind::{Closed, Deleted, Ended, Left, PhiRemoved, Removed, Terminated};
        matches!(self, Closed | Deleted | Ended | Left | PhiRemoved | Removed | Terminated)
    }

    /// Nothing happened: what was so before is known from here on.
    pub fn tells_of_knowledge(self) -> bool {
        matches!(self, Self::AgreementsKnown | Self::Known)
    }
}

/// What happened.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Event {
    /// When.
    pub at: String,
    /// What.
    pub event: EventKind,
    /// The agreement or organization that it is about; the account for the others.
    pub of: String,
    /// What tells so.
    pub evidence: Evidence,
}

/// What tells of an event.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Evidence {
    /// The file of the inventory that declares it.
    pub file: String,
    /// One-based.
    pub line: usize,
    /// What the file says of its source: the name and id of an event of CloudTrail, say.
    pub witness: Option<String>,
}

/// An event, with the kind of agreement that it matters to.
#[derive(Clone, Debug)]
pub struct Dated {
    /// When.
    pub at: Moment,
    /// The kind; every kind where there is none.
    pub kind: Option<String>,
    /// What is told of it.
    pub event: Event,
}

/// The events at a moment that matter to a kind.
pub fn at(events: &[Dated], kind: &str, at: Option<Moment>) -> Vec<Event> {
    let matters = |e: &&Dated| Some(e.at) == at && e.kind.as_deref().is_none_or(|k| k == kind);
    events.iter().filter(matters).map(|e| e.event.clone()).collect()
}

/// All events of an account, in order. Of an organization, those that happened while the account was in it.
pub fn of(agreements: &Agreements<'_>, account: &Account) -> Vec<Dated> {
    let mut found = Chronicle { found: Vec::new() };
    let inventory = agreements.inventory;
    if let Some(own) = inventory.entity("Account", &account.id) {
        found.of_account(own);
    }
    for (agreement, _) in agreements.designating_ever(&account.id) {
        if let Some(entity) = inventory.entity("OfflineAgreement", &agreement.id) {
            found.offline(entity, &account.id, &agreement.kind);
        }
    }
    let now = agreements.tree.now(account).organization;
    let mut organizations: BTreeSet<&String> = account.memberships.iter().flatten().map(|m| &m.organization).collect();
    organizations.extend(&now);
    let all = inventory.entity("Account", &account.id).map(|own| inventory.memberships_of(own)).unwrap_or_default();
    let was_in = |organization: &String, at: Moment| match &account.memberships {
        None => true,
        // an end counts: what ends an agreement may end the membership too
        Some(_) => {
            let own = all.iter().filter(|m| m.organization == *organization);
            own.into_iter().any(|m| m.holds(at) || m.until == Some(at))
        }
    };
    let shared = organizations.iter().map(|o| Accepted::Organization((*o).clone()));
    for by in std::iter::once(Accepted::Account(account.id.clone())).chain(shared) {
        for agreement in agreements.accepted(&by) {
            let Some(entity) = inventory.entity("CustomerAgreement", &agreement.id) else { continue };
            let kind = Some(agreements.kind_of(agreement).to_owned());
            let concerns = |at: Moment| match &by {
                Accepted::Account(_) => true,
                Accepted::Organization(organization) => was_in(organization, at),
            };
            let edges = [
                ("effectiveStart", EventKind::Accepted, &agreement.start_witness),
                ("effectiveEnd", EventKind::Terminated, &agreement.end_witness),
            ];
            for (attr, event, witness) in edges {
                if entity.moment(attr).is_some_and(concerns) {
                    found.dated(entity, attr, (event, &agreement.id), kind.clone(), witness.clone());
                }
            }
            if agreement.known_until.is_some_and(|until| until > agreement.start && concerns(until)) {
                let what = (EventKind::Doubted, agreement.id.as_str());
                found.dated(entity, "knownUntil", what, kind, agreement.end_witness.clone());
            }
        }
    }
    for organization in organizations {
        let Some(entity) = inventory.entity("Organization", organization) else { continue };
        if entity.moment("deletedAt").is_some_and(|at| was_in(organization, at)) {
            let witness = entity.str("deletedWitness").map(str::to_owned);
            found.dated(entity, "deletedAt", (EventKind::Deleted, organization), None, witness);
        }
        if entity.moment("agreementsKnownSince").is_some_and(|at| was_in(organization, at)) {
            found.dated(entity, "agreementsKnownSince", (EventKind::AgreementsKnown, organization), None, None);
        }
    }
    // what ends at a moment ends before anything begins at it
    let order = |e: &Dated| (e.at, !e.event.event.ends(), e.event.event, e.event.of.clone(), e.event.evidence.line);
    found.found.sort_by_key(order);
    found.found
}

/// The events that were found.
struct Chronicle {
    found: Vec<Dated>,
}

impl Chronicle {
    /// What an account says of itself: when it belonged to what, when it was closed, when it held PHI.
    fn of_account(&mut self, own: &Entity) {
        let id = &own.uid.id;
        for fields in own.set("memberships").unwrap_or_default().iter().filter_map(Item::record) {
            let Some(organization) = fields.get("organization").and_then(Item::id) else { continue };
            self.edge(own, fields.get("from"), (EventKind::Joined, organization), None, fields.get("fromWitness"));
            self.edge(own, fields.get("until"), (EventKind::Left, organization), None, fields.get("untilWitness"));
        }
        self.dated(own, "closedAt", (EventKind::Closed, id), None, own.str("closedWitness").map(str::to_owned));
        if own.moment("membershipsKnownSince").is_some_and(|since| since < moment::never()) {
            self.dated(own, "membershipsKnownSince", (EventKind::Known, id), None, None);
        }
        self.dated(own, "agreementsKnownSince", (EventKind::AgreementsKnown, id), None, None);
        if let Some(phi) = own.record("phi") {
            self.edge(own, phi.get("since"), (EventKind::PhiHeld, id), None, None);
            self.edge(own, phi.get("until"), (EventKind::PhiRemoved, id), None, None);
        }
    }

    /// An offline agreement, and the designations of one account under it.
    fn offline(&mut self, agreement: &Entity, account: &str, kind: &str) {
        let id = &agreement.uid.id;
        if self.found.iter().any(|e| e.event.event == EventKind::Began && e.event.of == *id) {
            return;
        }
        let kind = || Some(kind.to_owned());
        self.dated(agreement, "effectiveStart", (EventKind::Began, id), kind(), None);
        self.dated(agreement, "effectiveEnd", (EventKind::Ended, id), kind(), None);
        for fields in agreement.set("designations").unwrap_or_default().iter().filter_map(Item::record) {
            if fields.get("account").and_then(Item::id) == Some(account) {
                let (from, until) = (fields.get("from"), fields.get("until"));
                self.edge(agreement, from, (EventKind::Designated, id), kind(), fields.get("fromWitness"));
                self.edge(agreement, until, (EventKind::Removed, id), kind(), fields.get("untilWitness"));
            }
        }
    }

    /// The event of an attribute that holds a moment, if it is there.
    fn dated(
        &mut self,
        entity: &Entity,
        attr: &str,
        what: (EventKind, &str),
        kind: Option<String>,
        witness: Option<String>,
    ) {
        if let Some(at) = entity.moment(attr) {
            self.add(entity, (at, entity.span_of(attr)), what, kind, witness);
        }
    }

    fn edge(
        &mut self,
        entity: &Entity,
        item: Option<&Item>,
        what: (EventKind, &str),
        kind: Option<String>,
        witness: Option<&Item>,
    ) {
        if let Some((at, span)) = item.and_then(|i| Some((i.moment()?, i.span))) {
            self.add(entity, (at, span), what, kind, witness.and_then(Item::str).map(str::to_owned));
        }
    }

    fn add(
        &mut self,
        entity: &Entity,
        (at, span): (Moment, Span),
        (event, of): (EventKind, &str),
        kind: Option<String>,
        witness: Option<String>,
    ) {
        let (line, _) = entity.source.line_column(span.start);
        let evidence = Evidence { file: entity.source.path.clone(), line, witness };
        let event = Event { at: moment::format(at), event, of: of.to_owned(), evidence };
        self.found.push(Dated { at, kind, event });
    }
}
