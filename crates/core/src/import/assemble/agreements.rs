//! Agreements, by lists and by events; reports.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::unnamed::{is_witnessed, told_by};
use super::{Assembly, attributes, entity};
use crate::import::cloudtrail::{Change, Event};
use crate::import::facts::Acceptance;
use crate::inventory::builtin;
use crate::moment::{self, Moment};

impl Assembly<'_> {
    /// What events tell of agreements that the lists do not.
    pub(super) fn agreement_events(&mut self) {
        let mut events: Vec<_> = self.facts.events.iter().map(|(id, e)| (id.clone(), e.clone())).collect();
        events.sort_by(|(a, x), (b, y)| (x.at, a).cmp(&(y.at, b)));
        let mut accepted: BTreeMap<String, Vec<(String, Acceptance)>> = BTreeMap::new();
        // those that name their agreement come first: what is left is what the others can be of
        for (id, event) in named_first(&events) {
            if let Change::Accepted { agreement, acceptance } = &event.change {
                let unlisted = self.accepted(id, event, agreement.as_deref(), acceptance.as_ref());
                accepted.entry(event.recipient.clone()).or_default().extend(unlisted);
            }
        }
        let mut lost: BTreeMap<String, Vec<Moment>> = BTreeMap::new();
        for (_, event) in named_first(&events) {
            if let Change::Terminated { acceptance } = &event.change {
                let by_time = if acceptance.is_none() { self.ended_at(event) } else { None };
                let id = acceptance.clone().or(by_time).unwrap_or_default();
                let is_confirmed = self.is_missing_from_a_list(&id);
                let own = accepted.get_mut(&event.recipient).into_iter().flatten();
                let by_event = own.into_iter().find(|(own, _)| *own == id).map(|(_, told)| told);
                if self.facts.agreements.get(&id).is_some_and(|told| self.cannot_terminate(event, told)) {
                    self.ended_by_another(&id, event);
                    continue;
                }
                match (self.facts.agreements.get_mut(&id), by_event) {
                    (Some(known), _) | (None, Some(known)) => {
                        let notes = terminated(&id, known, event, (self.facts.as_of, is_confirmed));
                        notes.into_iter().for_each(|(message, help)| self.facts.remark(message, help));
                    }
                    (None, None) => {
                        if acceptance.is_none() {
                            if self.is_of_a_listed_end(event) {
                                continue;
                            }
                            self.any_may_have_ended(event);
                        }
                        lost.entry(event.recipient.clone()).or_default().push(event.at);
                    }
                }
            }
        }
        lost.values_mut().for_each(|ended| ended.sort());
        for (account, acceptances) in accepted {
            let ended = lost.get(&account).map_or(&[][..], Vec::as_slice);
            self.unlisted(&account, acceptances, ended);
        }
        for (account, ended) in &lost {
            let ended: Vec<Moment> = ended.iter().copied().filter(|at| !self.is_after_the_list(account, *at)).collect();
            if ended.is_empty() {
                continue;
            }
            let message = format!("account {account}: an agreement was terminated that no file lists");
            let help = "its list of agreements shows only those in force; what was in force before is unknown";
            self.facts.remark(message, help);
            let since = ended.iter().max().copied();
            // a management account accepts for itself and for its organization: nothing tells which of the two it was
            if let Some(organization) = self.facts.managed_by(account).map(str::to_owned) {
                self.facts.organization(&organization).agreements_since = since;
            }
            self.facts.account(account).agreements_since = since;
        }
        self.lists_that_differ();
    }

    /// Whether an account's list of agreements was collected, and before a moment: what is terminated then, and is not on it, was accepted
    /// after it, and the list is as complete as it was (D16).
    pub(super) fn is_after_the_list(&self, account: &str, at: Moment) -> bool {
        let listed = self.facts.accounts.get(account).is_some_and(|a| a.agreements_listed);
        listed && self.facts.collected_until().is_some_and(|until| until < at)
    }

    /// An event says that an account terminated what another one holds: what a list shows, and the event, contradict each other.
    fn ended_by_another(&mut self, id: &str, event: &Event) {
        let Some(told) = self.facts.agreements.get_mut(id).filter(|told| told.end.is_none()) else { return };
        let from = event.at.max(told.start);
        told.known_until = Some(told.known_until.map_or(from, |until| until.min(from)));
        append(&mut told.end_witness, &event.witness);
        let message =
            format!("{id} is terminated in account {}, which does not hold it: {}", event.recipient, event.witness);
        self.facts.remark(message, "whether it is in force since is unknown: collect the list again");
    }

    /// The acceptance that ended when an event tells that one was terminated, where there is one alone, and no other event ended it.
    fn ended_at(&self, event: &Event) -> Option<String> {
        match self.all_ended_at(event).as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// Whether a list that would show an acceptance, were it in force, lacks it: that of its account, or of the manager of its organization.
    fn is_missing_from_a_list(&self, id: &str) -> bool {
        let Some(told) = self.facts.agreements.get(id) else { return false };
        let holder = self.facts.holder(told).and_then(|account| self.facts.lists.get(account));
        let mut lists = holder.into_iter().flatten();
        lists.any(|(_, ids)| !ids.contains(id))
    }

    /// A member's list shows the agreements of its organization too: one that lacks an agreement which another list shows in force is
    /// older, or newer.
    fn lists_that_differ(&mut self) {
        let mut told = Vec::new();
        for (account, lists) in &self.facts.lists {
            let Some(organization) = self.timelines.get(account).and_then(|t| t.current.as_ref()) else { continue };
            if self.facts.managed_by(account).is_some() {
                continue;
            }
            let in_force = self.facts.agreements.iter().filter(|(_, a)| {
                a.organization.as_ref() == Some(organization) && a.end.is_none() && a.known_until.is_none()
            });
            for (id, agreement) in in_force.filter(|(id, _)| lists.iter().all(|(_, ids)| !ids.contains(*id))) {
                told.push(format!(
                    "the list of account {account} does not show {id} of {organization}, which {} shows in force",
                    agreement.place.source.path
                ));
            }
        }
        for message in told {
            let help = "the agreement covers every account of its organization; if the list is the newer one, it has ended: collect both again";
            self.facts.remark(message, help);
        }
    }

    /// An acceptance that an event witnesses: where no list has it, what the event tells of it. One that does not name its agreement may be
    /// of each that the account could accept then.
    fn accepted(
        &mut self,
        id: &str,
        event: &Event,
        agreement: Option<&str>,
        acceptance: Option<&String>,
    ) -> Vec<(String, Acceptance)> {
        let offer = builtin::offers().iter().find(|o| Some(o.id.as_str()) == agreement);
        let organization = match &offer {
            Some(offer) if !offer.is_of_organization() => None,
            _ => self.facts.managed_by(&event.recipient).map(str::to_owned),
        };
        // a list does not show what is accepted after it
        let is_later = self.is_after_the_list(&event.recipient, event.at);
        let same = |a: &Acceptance| {
            let owner = a.account.as_ref() == Some(&event.recipient)
                || (organization.is_some() && a.organization == organization);
            // an acceptance has one event: another one that names nothing is of another acceptance
            let is_of_it = agreement.map_or(!is_witnessed(a) && !is_later, |named| a.agreement == named);
            is_of_it && owner && is_near(a.start, event.at)
        };
        let known =
            self.facts.agreements.iter_mut().find(|(key, a)| acceptance == Some(*key) || same(a)).map(|(_, a)| a);
        if let Some(known) = known {
            append(&mut known.start_witness, &event.witness);
            known.accepted_by = known.accepted_by.take().or(event.who.clone());
            return Vec::new();
        }
        match (agreement, offer.filter(|o| !o.is_of_organization() || organization.is_some())) {
            (None, _) => self.may_be_accepted(id, event),
            (Some(_), Some(offer)) => {
                let account = organization.is_none().then(|| event.recipient.clone());
                // its id is known to AWS alone
                let id = acceptance.cloned().unwrap_or_else(|| format!("accepted-by-event-{id}"));
                vec![(id, told_by(event, offer, account, organization))]
            }
            (Some(agreement), None) => {
                let message = format!("{}: {agreement} or its organization is unknown", event.witness);
                self.facts.remark(message, "list the customer agreements of the account");
                Vec::new()
            }
        }
    }

    /// What only events tell that an account accepted, and when it terminated agreements of which nothing tells which they were.
    fn unlisted(&mut self, account: &str, mut acceptances: Vec<(String, Acceptance)>, ended: &[Moment]) {
        acceptances.sort_by(|(_, a), (_, b)| (a.start, &a.start_witness).cmp(&(b.start, &b.start_witness)));
        // what one event may tell of is one acceptance
        let mut open: Vec<&Acceptance> = acceptances.iter().map(|(_, a)| a).filter(|a| a.end.is_none()).collect();
        open.dedup_by_key(|a| a.start_witness.clone());
        let open: Vec<Moment> = open.into_iter().map(|a| a.start).collect();
        // each may have been terminated, where as many terminations are told as there are acceptances
        let latest = open.iter().rev().zip(ended.iter().rev());
        let all_ended = open.len() <= ended.len() && latest.clone().all(|(start, end)| start < end);
        // only a list that is newer than all of it shows that nothing of it is in force: else what ended may be what an older list shows
        let all_ended = all_ended && ended.iter().all(|at| self.is_before_the_lists(*at));
        let listed = self.facts.accounts.get(account).is_some_and(|a| a.agreements_listed);
        let mut said = BTreeSet::new();
        for (id, told) in acceptances {
            let witness = told.start_witness.clone().unwrap_or_default();
            let is_said = !said.insert(witness.clone());
            if told.end.is_some() || (is_said && !all_ended) {
                self.facts.agreements.insert(id, told);
            } else if all_ended && !is_said {
                let message = format!("{witness}: left out: it may have been terminated later");
                self.facts.remark(message, "what was in force until then is unknown");
            } else if !all_ended {
                // a list that was collected after the event would show it, were it in force
                let collected_before = self.facts.collected_until().is_some_and(|until| until < told.start);
                let (message, help) = match listed && !collected_before {
                    true => (
                        format!("{witness}: the account's list does not show it"),
                        "it has ended, or the list is older: until the list is collected again, whether it is in force is unknown",
                    ),
                    false => (
                        format!("{witness}: no list shows it"),
                        "whether it is still in force is unknown: collect list-customer-agreements in the account",
                    ),
                };
                self.facts.remark(message, help);
                self.facts.agreements.insert(id, told);
            }
        }
    }

    pub(super) fn agreements(&mut self) {
        let known: BTreeSet<&String> = builtin::offers().iter().map(|o| &o.id).collect();
        let mut offered: BTreeMap<String, Value> = BTreeMap::new();
        let mut accepted = Vec::new();
        for (id, told) in &self.facts.agreements {
            let attrs = attributes([
                ("agreement", Some(json!(told.agreement))),
                ("account", told.account.clone().map(Value::from)),
                ("organization", told.organization.clone().map(Value::from)),
                ("effectiveStart", Some(json!(moment::format(told.start)))),
                ("effectiveEnd", told.end.map(|e| json!(moment::format(e)))),
                ("knownUntil", told.known_until.map(|e| json!(moment::format(e)))),
                ("state", Some(json!(told.state))),
                ("acceptedBy", told.accepted_by.clone().map(Value::from)),
                ("startWitness", told.start_witness.clone().map(Value::from)),
                ("endWitness", told.end_witness.clone().map(Value::from)),
            ]);
            accepted.push(entity("CustomerAgreement", id, attrs, Vec::new(), &BTreeMap::new()));
            if !known.contains(&told.agreement) {
                let name = told.name.clone().unwrap_or_else(|| told.agreement.clone());
                let scope = if told.organization.is_some() { "organization" } else { "account" };
                let attrs = json!({"kind": kind(&name), "scope": scope, "partition": told.partition, "name": name});
                let attrs = attrs.as_object().cloned().unwrap_or_default();
                offered.insert(
                    told.agreement.clone(),
                    entity("Agreement", &told.agreement, attrs, Vec::new(), &BTreeMap::new()),
                );
            }
        }
        for (id, offer) in offered {
            let kind = offer.pointer("/attrs/kind").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.facts.remark(
                format!("{id} is not a known agreement, and becomes the kind `{kind}`"),
                "it does not count as any other kind, such as a BAA",
            );
            self.push("agreements.json", offer);
        }
        for agreement in accepted {
            self.push("agreements.json", agreement);
        }
    }

    pub(super) fn reports(&mut self) {
        let reports: Vec<Value> = self
            .facts
            .reports
            .iter()
            .map(|(id, told)| {
                let version: i64 = told.version.parse().unwrap_or(1);
                let attrs = attributes([
                    ("series", Some(json!(told.series))),
                    ("category", Some(json!(told.category))),
                    ("acceptanceType", Some(json!(told.acceptance))),
                    ("version", Some(json!(version))),
                    ("region", told.region.clone().map(Value::from)),
                ]);
                entity("Report", id, attrs, Vec::new(), &BTreeMap::new())
            })
            .collect();
        if !reports.is_empty() {
            self.facts.remark(
                "ListReports does not say whether a report needs AWS's approval",
                "add requiresApproval to the reports where you know it",
            );
        }
        for report in reports {
            self.push("reports.json", report);
        }
    }
}

/// Events, those that name what they are about before the others, each in time.
fn named_first(events: &[(String, Event)]) -> impl Iterator<Item = &(String, Event)> {
    let is_named = |(_, event): &&(String, Event)| match &event.change {
        Change::Accepted { agreement, acceptance } => agreement.is_some() || acceptance.is_some(),
        Change::Terminated { acceptance } => acceptance.is_some(),
        _ => true,
    };
    events.iter().filter(is_named).chain(events.iter().filter(move |event| !is_named(event)))
}

/// Whether two moments may be of one change.
pub(super) fn is_near(one: Moment, other: Moment) -> bool {
    (one - other).num_minutes().abs() <= 10
}

/// Whether no event tells of the end of an acceptance.
pub(super) fn is_ended_by_list(told: &Acceptance) -> bool {
    told.end_witness.as_deref().is_none_or(|witness| !witness.contains("CloudTrail"))
}

/// What an event says that terminates an acceptance. A list that was collected after it does not show it as it was before, and one of which it
/// is not known when it was collected may not: the two contradict each other, and which of them is right is not known. A list that lacks it
/// confirms the event.
fn terminated(
    id: &str,
    known: &mut Acceptance,
    event: &Event,
    (as_of, is_confirmed): (Option<Moment>, bool),
) -> Option<(String, &'static str)> {
    const AGAIN: &str = "whether it is in force since is unknown: collect the list again";
    let by_event = known.known_until == Some(known.start);
    let by_list = known.end.filter(|_| is_ended_by_list(known));
    append(&mut known.end_witness, &event.witness);
    if let Some(end) = by_list.filter(|end| !is_near(*end, event.at)) {
        let message = format!(
            "{id} is listed as ended on {}, but was terminated on {}: {}",
            moment::format(end),
            moment::format(event.at),
            event.witness
        );
        return Some((
            message,
            "the list decides; which of the two is right is for the agreement's own page in the console to show",
        ));
    }
    if known.end.is_some() {
        return None;
    }
    if known.start >= event.at {
        if by_event {
            return None;
        }
        known.known_until = Some(known.start);
        let since = moment::format(known.start);
        let message =
            format!("{id} is listed as in force since {since}, but was terminated by then: {}", event.witness);
        return Some((message, "whether it is in force is unknown: collect the list again"));
    }
    if !by_event && !is_confirmed && as_of.is_none_or(|as_of| event.at < as_of) {
        known.known_until = Some(known.known_until.map_or(event.at, |until| until.min(event.at)));
        let before =
            if as_of.is_some() { "before it was listed" } else { "on a day that may be after that of the list" };
        let message = format!("{id} is listed as in force, but was terminated {before}: {}", event.witness);
        return Some((message, AGAIN));
    }
    known.end = Some(event.at);
    known.known_until = None;
    known.state = "CUSTOMER_TERMINATED".to_owned();
    known.end_witness = Some(event.witness.clone());
    None
}

pub(super) fn append(witness: &mut Option<String>, more: &str) {
    *witness = Some(match witness.take() {
        Some(known) => format!("{known}; {more}"),
        None => more.to_owned(),
    });
}

/// A kind for an agreement that is not known: its name, without what tells the scope.
fn kind(name: &str) -> String {
    let plain = name.trim_start_matches("AWS ").replace("Organizations ", "").to_ascii_lowercase();
    let words: Vec<&str> = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.join("-")
}
