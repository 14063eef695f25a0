//! Events about agreements that do not say which agreement: AWS has not published their fields, and CloudTrail may mask them. Whatever they
//! can be about is in doubt from then on (D16).

use super::Assembly;
use super::agreements::{append, is_ended_by_list, is_near};
use crate::import::cloudtrail::{Change, Event};
use crate::import::facts::Acceptance;
use crate::inventory::builtin::{self, Offer};
use crate::moment::{self, Moment};
use crate::problem::{Place, SourceFile};

impl Assembly<'_> {
    /// The acceptances that ended when an event tells that one was terminated, and that no other event ended.
    pub(super) fn all_ended_at(&self, event: &Event) -> Vec<String> {
        let then = |a: &Acceptance| a.end.is_some_and(|end| is_near(end, event.at)) && is_ended_by_list(a);
        let found = self.facts.agreements.iter().filter(|(_, a)| self.could_terminate(event, a) && then(a));
        found.map(|(id, _)| id.clone()).collect()
    }

    /// Whether the account of an event could terminate an acceptance: its own, or one of the organization that it manages (R34, R37).
    fn could_terminate(&self, event: &Event, told: &Acceptance) -> bool {
        let managed = self.facts.managed_by(&event.recipient);
        told.account.as_ref() == Some(&event.recipient)
            || (managed.is_some() && told.organization.as_deref() == managed)
    }

    /// An agreement was terminated, and nothing tells which: whatever a list shows to be in force, and the account could terminate, may have
    /// ended then (R61, R62), unless the list is the later of the two.
    pub(super) fn any_may_have_ended(&mut self, event: &Event) {
        let is_before_the_list = self.facts.as_of.is_some_and(|as_of| event.at < as_of);
        if is_before_the_list || self.is_of_a_listed_end(event) {
            return;
        }
        let stands = |a: &Acceptance| a.end.is_none() && a.known_until.is_none() && a.start <= event.at;
        let found = self.facts.agreements.iter().filter(|(_, a)| stands(a) && self.could_terminate(event, a));
        let ids: Vec<String> = found.map(|(id, _)| id.clone()).collect();
        let witness = format!("{}; it does not name the agreement that was terminated", event.witness);
        for id in &ids {
            if let Some(known) = self.facts.agreements.get_mut(id) {
                known.known_until = Some(event.at);
                append(&mut known.end_witness, &witness);
            }
        }
        if !ids.is_empty() {
            let on = moment::format(event.at);
            let message =
                format!("{}: listed as in force, and may have been terminated on {on}: {witness}", ids.join(", "));
            self.facts.remark(message, "whether it is in force since is unknown: collect the list again");
        }
    }

    /// Whether ends that lists show account for all events of that time which name nothing, whichever is of which.
    fn is_of_a_listed_end(&self, event: &Event) -> bool {
        let is_alike = |other: &&Event| {
            let is_unnamed = matches!(&other.change, Change::Terminated { acceptance: None });
            is_unnamed && other.recipient == event.recipient && is_near(other.at, event.at)
        };
        let ends = self.all_ended_at(event).len();
        ends > 0 && self.facts.events.values().filter(is_alike).count() <= ends
    }

    /// What was accepted where an event does not name it: any agreement of AWS's that the account could accept then, for itself or, from the
    /// management account, for its organization (R33, R37). None is known to be in force.
    pub(super) fn may_be_accepted(&self, id: &str, event: &Event) -> Vec<(String, Acceptance)> {
        let account = self.facts.accounts.get(&event.recipient);
        let partition = account.and_then(|a| a.partition.as_deref()).unwrap_or("aws");
        let managed = self.facts.managed_by(&event.recipient);
        let of_partition = builtin::offers().iter().filter(|o| o.partition == partition);
        let could = of_partition.filter(|o| !o.is_of_organization() || managed.is_some());
        let told = could.map(|offer| {
            let organization = managed.filter(|_| offer.is_of_organization()).map(str::to_owned);
            let account = organization.is_none().then(|| event.recipient.clone());
            let mut told = told_by(event, offer, account, organization);
            told.start_witness = Some(format!("{}; it does not name the agreement that was accepted", event.witness));
            (format!("accepted-by-event-{id}-{}-{}", offer.kind, offer.scope), told)
        });
        told.filter(|(_, told)| !self.stands(told, event.at)).collect()
    }

    /// Whether the same agreement is in force already: the console offers to accept only what is not (D27).
    fn stands(&self, told: &Acceptance, at: Moment) -> bool {
        let mut known = self.facts.agreements.values();
        known.any(|a| {
            let is_same =
                (&a.agreement, &a.account, &a.organization) == (&told.agreement, &told.account, &told.organization);
            is_same && a.known_until.is_none() && a.start <= at && a.end.is_none_or(|end| end > at)
        })
    }
}

/// What an event tells of an acceptance: that it began, and not that nobody terminated it since.
pub(super) fn told_by(
    event: &Event,
    offer: &Offer,
    account: Option<String>,
    organization: Option<String>,
) -> Acceptance {
    Acceptance {
        agreement: offer.id.clone(),
        name: None,
        account,
        organization,
        partition: offer.partition.clone(),
        start: event.at,
        end: None,
        known_until: Some(event.at),
        state: "ACTIVE".to_owned(),
        accepted_by: event.who.clone(),
        start_witness: Some(event.witness.clone()),
        end_witness: None,
        place: Place { source: SourceFile::new(event.witness.clone(), ""), span: Default::default() },
    }
}

/// Whether an event tells of an acceptance already.
pub(super) fn is_witnessed(told: &Acceptance) -> bool {
    told.start_witness.as_deref().is_some_and(|witness| witness.contains("CloudTrail AcceptAgreement"))
}
