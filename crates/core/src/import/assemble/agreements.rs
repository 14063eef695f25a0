//! Agreements, by lists and by events; reports.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Assembly, attributes, entity};
use crate::import::cloudtrail::{Change, Event};
use crate::import::facts::Acceptance;
use crate::inventory::builtin;
use crate::moment::{self, Moment};
use crate::problem::{Place, SourceFile};

impl Assembly<'_> {
    /// What events tell of agreements that the lists do not.
    pub(super) fn agreement_events(&mut self) {
        let mut events: Vec<_> = self.facts.events.iter().map(|(id, e)| (id.clone(), e.clone())).collect();
        events.sort_by(|(a, x), (b, y)| (x.at, a).cmp(&(y.at, b)));
        let mut lost: BTreeMap<String, Moment> = BTreeMap::new();
        for (_, event) in &events {
            if let Change::Terminated { acceptance } = &event.change {
                match self.facts.agreements.get_mut(acceptance) {
                    Some(known) if known.end.is_none() && known.start < event.at => {
                        // the list is older than the event: it shows the agreement as it was before
                        known.end = Some(event.at);
                        known.state = "CUSTOMER_TERMINATED".to_owned();
                        known.end_witness = Some(event.witness.clone());
                    }
                    Some(known) => append(&mut known.end_witness, &event.witness),
                    None => drop(lost.insert(event.recipient.clone(), event.at)),
                }
            }
        }
        for (id, event) in &events {
            if let Change::Accepted { agreement, acceptance } = &event.change {
                self.accepted(id, event, agreement, acceptance.as_ref(), &lost);
            }
        }
        for account in lost.keys() {
            let message = format!("account {account}: an agreement was terminated that no file lists");
            self.facts.remark(
                message,
                "its list of agreements shows only those in force; what was in force before is unknown",
            );
        }
    }

    /// An acceptance that an event witnesses: of one that is listed, or of one that is not.
    pub(super) fn accepted(
        &mut self,
        id: &str,
        event: &Event,
        agreement: &str,
        acceptance: Option<&String>,
        lost: &BTreeMap<String, Moment>,
    ) {
        let offer = builtin::offers().iter().find(|o| o.id == agreement);
        let organization = match &offer {
            Some(offer) if offer.is_of_organization() => self.facts.managed_by(&event.recipient).map(str::to_owned),
            _ => None,
        };
        let by_organization = offer.as_ref().is_some_and(|o| o.is_of_organization());
        let near = |a: &Acceptance| (a.start - event.at).num_minutes().abs() <= 10;
        let same = |a: &Acceptance| {
            let owner =
                a.account.as_ref() == Some(&event.recipient) || (by_organization && a.organization == organization);
            a.agreement == agreement && owner && near(a)
        };
        let known =
            self.facts.agreements.iter_mut().find(|(key, a)| acceptance == Some(*key) || same(a)).map(|(_, a)| a);
        if let Some(known) = known {
            append(&mut known.start_witness, &event.witness);
            known.accepted_by = known.accepted_by.take().or(event.who.clone());
            return;
        }
        let Some(offer) = offer.filter(|o| !o.is_of_organization() || organization.is_some()) else {
            let message = format!("{}: {agreement} or its organization is unknown", event.witness);
            return self.facts.remark(message, "list the customer agreements of the account");
        };
        if lost.get(&event.recipient).is_some_and(|at| *at > event.at) {
            let message = format!("{}: left out: it may have been terminated later", event.witness);
            return self.facts.remark(message, "list the customer agreements of the account");
        }
        // a list that was collected after the event would show it, were it in force
        let collected_before = self.facts.collected_until().is_some_and(|until| until < event.at);
        let listed = self.facts.account(&event.recipient);
        if listed.agreements_listed && !collected_before {
            listed.agreements_listed = false;
            let message = format!("{}: left out: the account's list does not show it", event.witness);
            return self.facts.remark(message, "it has ended, or the list is older: collect the list again");
        }
        let account = organization.is_none().then(|| event.recipient.clone());
        let told = Acceptance {
            agreement: agreement.to_owned(),
            name: None,
            account,
            organization,
            partition: offer.partition.clone(),
            start: event.at,
            end: None,
            state: "ACTIVE".to_owned(),
            accepted_by: event.who.clone(),
            start_witness: Some(event.witness.clone()),
            end_witness: None,
            place: Place { source: SourceFile::new(event.witness.clone(), ""), span: Default::default() },
        };
        // its id is known to AWS alone
        let id = acceptance.cloned().unwrap_or_else(|| format!("accepted-by-event-{id}"));
        self.facts.agreements.insert(id, told);
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

fn append(witness: &mut Option<String>, more: &str) {
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
