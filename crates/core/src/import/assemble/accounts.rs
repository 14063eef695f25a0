//! Accounts: where they belong, since when, and what is not told of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Assembly, attributes, entity, uid};
use crate::import::cloudtrail::Change;
use crate::import::facts::Account;
use crate::import::policy_types::PolicyType;
use crate::import::timeline::{self, Timeline};
use crate::moment::{self, Moment};

impl Assembly<'_> {
    /// Every account that an answer names, and its timeline.
    pub(super) fn known_accounts(&mut self) {
        let managers: Vec<String> = self.facts.organizations.values().filter_map(|o| o.management.clone()).collect();
        let of_events = self.facts.events.values().map(|event| match &event.change {
            Change::Joined { account, .. } | Change::Departed { account, .. } | Change::Closed { account } => {
                account.clone()
            }
            Change::Accepted { .. } | Change::Terminated { .. } | Change::TrustedAccess { .. } | Change::Deleted => {
                event.recipient.clone()
            }
        });
        let owners = self.facts.agreements.values().filter_map(|a| a.account.clone());
        let all: BTreeSet<String> = of_events.chain(owners).chain(managers).collect();
        for id in all {
            self.facts.account(&id);
        }
        self.timelines = timeline::all(self.facts);
        for (id, timeline) in &self.timelines {
            if let Some(what) = &timeline.contradiction {
                let message = format!("account {id}: {what}: which organization it belonged to is unknown");
                self.facts.remark(message, "it is in one organization at a time (R41): collect what is older again");
            }
        }
    }

    /// What is not told of accounts, an account a word.
    pub(super) fn open_questions(&mut self) {
        let of = |is: &dyn Fn(&Timeline, &Account) -> bool| -> Vec<String> {
            let accounts = self.facts.accounts.iter();
            let open = accounts.filter(|(id, a)| self.timelines.get(*id).is_some_and(|t| is(t, a)));
            open.map(|(id, _)| id.clone()).collect()
        };
        let unknown = of(&|t, _| t.unknown || t.known_until.is_some());
        let before = of(&|t, _| t.known_since.is_some());
        let unlisted = of(&|_, a| !a.agreements_listed);
        let untagged = of(&|_, a| a.tags.is_none());
        let unseen = of(&|_, a| !a.principals_listed);
        let unassigned: Vec<String> =
            self.facts.accounts.keys().filter(|id| !self.are_assignments_listed(id)).cloned().collect();
        for (accounts, what, help) in [
            (
                unknown,
                "the organization that these belong to is unknown",
                "collect describe-organization and list-accounts in the management account",
            ),
            (
                before,
                "what these belonged to before they joined is unknown",
                "collect CloudTrail events from further back",
            ),
            (unlisted, "the agreements of these were not listed", "collect list-customer-agreements in each of them"),
            (untagged, "the tags of these were not listed", "collect organizations list-tags-for-resource"),
            (
                unseen,
                "the users, groups and roles of these were not listed: others may be there",
                "collect iam get-account-authorization-details in each of them",
            ),
            (
                unassigned,
                "the assignments of permission sets in these were not listed: others may have them",
                "collect sso-admin list-permission-sets, list-accounts-for-provisioned-permission-set and list-account-assignments",
            ),
        ] {
            if !accounts.is_empty() {
                let (count, few) = (accounts.len(), crate::words::few(&accounts, 10));
                self.facts.remark(format!("{}: {what}: {few}", crate::words::count(count, "account")), help);
            }
        }
    }

    pub(super) fn accounts(&mut self) {
        let events = self.facts.events.values();
        let closed: BTreeMap<String, (Moment, String)> = events
            .filter_map(|e| match &e.change {
                Change::Closed { account } => Some((account.clone(), (e.at, e.witness.clone()))),
                _ => None,
            })
            .collect();
        let ids: Vec<String> = self.facts.accounts.keys().cloned().collect();
        for id in ids {
            let timeline = self.timelines.get(&id).cloned().unwrap_or_default();
            let attached = match &timeline.current {
                Some(organization) => self.attached(&organization.clone(), std::slice::from_ref(&id)),
                None => Map::new(),
            };
            let parent = self.parent(&id, &timeline);
            let Some(account) = self.facts.accounts.get(&id) else { continue };
            let state = account.state.clone().map(|s| s.replace(' ', "_"));
            let state = if closed.contains_key(&id) && state.as_deref().is_none_or(|s| s == "ACTIVE") {
                Some("PENDING_CLOSURE".to_owned())
            } else {
                state
            };
            // one that was reinstated is not closed any more
            let closed = closed.get(&id).filter(|_| state.as_deref().is_some_and(|s| s != "ACTIVE"));
            let memberships: Vec<Value> = timeline.memberships.iter().map(membership).collect();
            let since = if timeline.unknown { Some(moment::never()) } else { timeline.known_since };
            let mut attrs = attributes([
                ("name", account.name.clone().map(Value::from)),
                ("partition", account.partition.clone().filter(|p| p != "aws").map(Value::from)),
                ("state", state.clone().map(Value::from)),
                ("closedAt", closed.map(|(at, _)| json!(moment::format(*at)))),
                ("closedWitness", closed.map(|(_, witness)| json!(witness))),
                ("memberships", Some(json!(memberships)).filter(|m| m != &json!([]))),
                ("membershipsKnownSince", since.map(|s| json!(moment::format(s)))),
                ("membershipsKnownUntil", timeline.known_until.map(|until| json!(moment::format(until)))),
                ("agreementsKnown", (!account.agreements_listed).then_some(json!(false))),
                ("agreementsKnownSince", account.agreements_since.map(|since| json!(moment::format(since)))),
                ("tagsKnown", account.tags.is_none().then_some(json!(false))),
                ("principalsKnown", (!account.principals_listed).then_some(json!(false))),
                ("assignmentsKnown", (!self.are_assignments_listed(&id)).then_some(json!(false))),
                ("rootCredentials", account.root_credentials.map(Value::from)),
                ("notifications", account.notifications.map(Value::from)),
                ("notCollected", self.not_collected_of(&id)),
                ("failedCalls", self.failed_calls(Some(&id))),
            ]);
            let tags = self.facts.accounts.get(&id).and_then(|a| a.tags.clone()).unwrap_or_default();
            let unit_unknown = parent.as_ref().is_some_and(|(_, known)| !known);
            let told = attached.keys().any(|attr| attr.starts_with(PolicyType::ServiceControl.attribute()));
            if unit_unknown && !told {
                attrs.insert("serviceControlPoliciesAtLeast".to_owned(), json!([]));
                self.facts.remark(
                    format!("account {id}: its organizational unit is unknown"),
                    "collect list-accounts: its Paths contain it",
                );
            }
            attrs.extend(attached);
            let parents = parent.map(|(p, _)| p).into_iter().collect();
            self.push("accounts.json", entity("Account", &id, attrs, parents, &tags));
        }
    }

    /// The unit or organization that an account stands in now, and whether its unit is known.
    pub(super) fn parent(&self, id: &str, timeline: &Timeline) -> Option<(String, bool)> {
        let organization = timeline.current.as_ref()?;
        let account = self.facts.accounts.get(id)?;
        let own = account.organization.as_ref().is_none_or(|o| o == organization);
        match account.parent.as_deref().filter(|_| own) {
            Some(unit) if self.facts.units.contains_key(unit) => Some((uid("OrganizationalUnit", unit), true)),
            Some(root) if self.facts.roots.get(root) == Some(organization) => {
                Some((uid("Organization", organization), true))
            }
            // policies never bind the management account, wherever it stands
            _ => Some((uid("Organization", organization), self.facts.managed_by(id).is_some())),
        }
    }
}

fn membership(membership: &timeline::Membership) -> Value {
    let moment_of = |edge: &Option<(Moment, String)>| edge.as_ref().map(|(at, _)| json!(moment::format(*at)));
    let witness = |edge: &Option<(Moment, String)>| edge.as_ref().map(|(_, w)| json!(w));
    Value::Object(attributes([
        ("organization", Some(json!(membership.organization))),
        ("from", moment_of(&membership.from)),
        ("until", moment_of(&membership.until)),
        ("fromWitness", witness(&membership.from)),
        ("untilWitness", witness(&membership.until)),
    ]))
}
