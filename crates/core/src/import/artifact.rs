//! Answers of AWS Artifact. The terms of an agreement are confidential (R30): they are not read, and go nowhere.

use std::collections::BTreeSet;

use super::answer::{CliAnswer, Fields, is_account};
use super::facts::{Acceptance, Facts, Report};
use super::organizations::{named, unnamed};
use crate::inventory::builtin;
use crate::moment;
use crate::problem::{Problem, Span};

const STATES: [&str; 3] = ["ACTIVE", "CUSTOMER_TERMINATED", "AWS_TERMINATED"];

/// `list-customer-agreements`: a complete answer, be it empty, tells the agreements of the account that asked (D16).
pub fn customer_agreements(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let asked = answer.account();
    match &asked {
        // of an answer beside the record of a failed call it is not known whether it is all
        Some(account) => facts.account(account).agreements_listed |= !answer.failed,
        None => facts.remark(
            format!(
                "{}: the name of this file does not say which account it is from, so no account's list counts as complete",
                answer.source.path
            ),
            "put the account number in the name of the file or its folder",
        ),
    }
    let mut listed = BTreeSet::new();
    for node in fields.entries("customerAgreements") {
        let Some((id, acceptance)) = acceptance(facts, fields.of(node)) else {
            continue;
        };
        listed.insert(id.clone());
        if let (Some(organization), Some(account)) = (&acceptance.organization, &asked) {
            let in_force = acceptance.end.is_none();
            *facts.account(account).shown_agreements_of.entry(organization.clone()).or_default() |= in_force;
        }
        if let (Some(owner), Some(account)) = (&acceptance.account, &asked)
            && owner != account
        {
            facts.account(account).agreements_listed = false;
            let message = format!(
                "by its name, this is the list of account {account}, but {id} is an agreement of account {owner}"
            );
            let help = "no list of either account counts as complete by it: collect the list of each account again";
            facts.note(Problem::at(fields.source, node.span.first(), message).help(help));
        }
        if let Some(owner) = &acceptance.account {
            facts.account(owner).partition.get_or_insert(acceptance.partition.clone());
        }
        merge(facts, fields, id, acceptance);
    }
    if let Some(account) = asked.filter(|_| !answer.failed) {
        facts.lists.entry(account).or_default().push((fields.place(), listed));
    }
}

/// What is accepted in one partition is for accounts of that partition (D15).
fn partitions(facts: &Facts, problems: &mut Vec<Problem>) {
    for (id, told) in &facts.agreements {
        let offer = builtin::offers().iter().find(|o| o.id == told.agreement);
        if let Some(offer) = offer.filter(|o| o.partition != told.partition) {
            let message =
                format!("{} is of the partition {}, not of {} (D15)", offer.id, offer.partition, told.partition);
            let problem = Problem::at(&told.place.source, told.place.span.first(), message);
            problems.push(problem.help(super::answer::COLLECT));
            continue;
        }
        let of = facts.holder(told);
        let partition = of.and_then(|of| facts.accounts.get(of)).and_then(|a| a.partition.as_deref());
        if let Some((of, partition)) = of.zip(partition).filter(|(_, partition)| *partition != told.partition) {
            let message = format!("{id} is of the partition {}, and account {of} of {partition} (D15)", told.partition);
            let help = "collect this output again: an account accepts the agreements of its partition";
            problems.push(Problem::at(&told.place.source, told.place.span.first(), message).help(help));
        }
    }
}

/// Lists tell what is in force: one that lacks an agreement which another one shows in force is younger, or older. Which of the
/// two it is cannot be told, and an agreement that has ended must not count.
pub fn contradictions(facts: &Facts, problems: &mut Vec<Problem>) {
    partitions(facts, problems);
    let ended: BTreeSet<&String> = facts.events.values().filter_map(|e| e.change.terminated()).collect();
    let in_force = |id: &&String| facts.agreements.get(*id).is_some_and(|a| a.end.is_none()) && !ended.contains(*id);
    for (account, lists) in &facts.lists {
        let all: BTreeSet<&String> = lists.iter().flat_map(|(_, ids)| ids).filter(in_force).collect();
        let managed: BTreeSet<&String> = match facts.managed_by(account) {
            None => BTreeSet::new(),
            Some(organization) => {
                let own = facts.agreements.iter().filter(|(_, a)| a.organization.as_deref() == Some(organization));
                own.map(|(id, _)| id).filter(in_force).collect()
            }
        };
        for (place, ids) in lists {
            for id in all.union(&managed).filter(|id| !ids.contains(**id)) {
                let other = facts.agreements.get(*id).map(|a| a.place.source.path.clone()).unwrap_or_default();
                let start = place.span.start;
                let first = Span { start, end: (start + 1).min(place.span.end) };
                let message =
                    format!("this output of account {account} does not list {id}, but {other} shows it in force");
                let help = "one of the two is out of date: collect both again, or delete the older one";
                problems.push(Problem::at(&place.source, first, message).help(help));
            }
        }
    }
}

fn acceptance(facts: &mut Facts, mut fields: Fields<'_>) -> Option<(String, Acceptance)> {
    let id = fields.id("id", |i| i.starts_with("customer-agreement-"), "id of a customer agreement")?.to_owned();
    let offered = |a: &str| a.contains(":artifact:") && a.contains(":agreement/");
    let agreement = fields.id("agreementArn", offered, "ARN of an agreement")?;
    let partition = agreement.split(':').nth(1).unwrap_or("aws").to_owned();
    let agreement = agreement.split_once(":agreement/").map(|(_, id)| id.to_owned())?;
    let own = fields.text("arn").and_then(|a| a.split(':').nth(1));
    if let Some(other) = own.filter(|own| *own != partition) {
        let span = fields.get("agreementArn").map_or(fields.node.span, |n| n.span);
        let message =
            format!("this is an agreement of the partition {partition}, accepted in the partition {other} (D15)");
        fields.wrong(span, message, super::answer::COLLECT);
        return None;
    }
    if !super::organizations::is_partition(&partition) {
        let span = fields.get("agreementArn").map_or(fields.node.span, |n| n.span);
        let message = format!("this is an agreement of the partition `{partition}`");
        fields.wrong(span, message, format!("countersign knows {}", super::organizations::partitions()));
        return None;
    }
    let organization = match fields.get("organizationArn") {
        None => None,
        Some(node) => {
            let found = fields.text("organizationArn").and_then(|a| named(facts, a));
            if found.is_none() {
                fields.wrong(node.span, "this is not the ARN of an organization", super::answer::COLLECT);
            }
            Some(found?)
        }
    };
    // of an organization agreement, what awsAccountId says is not documented
    let account = match organization {
        Some(_) => None,
        None => Some(fields.id("awsAccountId", is_account, "account number")?.to_owned()),
    };
    let state = fields.id("state", |s| STATES.contains(&s), "state of an agreement")?.to_owned();
    let start = fields.moment("effectiveStart");
    let end = fields.moment("effectiveEnd");
    let start = match start {
        Some(start) => start,
        None => {
            fields.needed("effectiveStart");
            return None;
        }
    };
    // D20
    if (state == "ACTIVE") == end.is_some() {
        let member = if end.is_some() { "effectiveEnd" } else { "state" };
        let span = fields.get(member).map_or(fields.node.span, |n| n.span);
        let what = if end.is_some() {
            "this agreement is active, but has an end"
        } else {
            "this agreement is terminated, but has no end"
        };
        fields.wrong(span, format!("{what} (D20)"), super::answer::COLLECT);
        return None;
    }
    let told = format!("ListCustomerAgreements ({})", fields.file());
    let acceptance = Acceptance {
        agreement,
        name: fields.text("name").map(str::to_owned),
        account,
        organization,
        partition,
        start,
        end,
        known_until: None,
        state,
        accepted_by: None,
        start_witness: Some(format!("effectiveStart of {told}")),
        end_witness: end.map(|_| format!("effectiveEnd of {told}")),
        place: fields.place(),
    };
    Some((id, acceptance))
}

/// The organization's agreement stands in the answer of every member, and counts once.
fn merge(facts: &mut Facts, fields: &mut Fields<'_>, id: String, told: Acceptance) {
    let Some(known) = facts.agreements.get(&id) else {
        facts.agreements.insert(id, told);
        return;
    };
    let same = (&known.agreement, &known.account, &known.organization, known.start)
        == (&told.agreement, &told.account, &told.organization, told.start);
    let ends = matches!((known.end, told.end), (Some(a), Some(b)) if a != b);
    if !same || ends {
        let (path, line) = (known.place.source.path.clone(), known.place.line());
        let message = format!("{path}, line {line}, contradicts this about {id}");
        return fields.wrong(told.place.span, message, "delete the file that is out of date");
    }
    if known.end.is_none() == told.end.is_none() {
        return;
    }
    // an answer that has the end is younger than one that has not
    let at = known.end.or(told.end).map(moment::format).unwrap_or_default();
    let older = if known.end.is_none() { &known.place } else { &told.place }.source.path.clone();
    facts.remark(format!("{id} was terminated at {at}, but {older} is older than that"), "collect that output again");
    if told.end.is_some() {
        facts.agreements.insert(id, told);
    }
}

/// `list-reports`
pub fn reports(facts: &mut Facts, fields: &mut Fields<'_>) {
    facts.listed.reports = true;
    for node in fields.entries("reports") {
        let mut report = fields.of(node);
        let Some(id) = report.id("id", |i| i.starts_with("report-"), "id of a report").map(str::to_owned) else {
            continue;
        };
        let region = report.text("arn").and_then(|a| a.split(':').nth(3)).filter(|r| !r.is_empty()).map(str::to_owned);
        let version = match report.get("version").map(|n| &n.value) {
            Some(crate::text::json::Value::Number(n)) => n.clone(),
            _ => "1".to_owned(),
        };
        let acceptance = report.text("acceptanceType");
        let (series, category) = (report.text("series"), report.text("category"));
        match (series, category, acceptance) {
            (Some(series), Some(category), Some(acceptance)) => {
                let told = Report {
                    version,
                    region,
                    series: series.to_owned(),
                    category: category.to_owned(),
                    acceptance: acceptance.to_owned(),
                };
                facts.reports.insert(id, told);
            }
            _ => facts.remark(
                format!("{id} is left out: its series, category or acceptance type is missing"),
                "AWS Artifact does not always return them",
            ),
        }
    }
}

/// `get-account-settings`: whether an account is notified of new agreements and reports.
pub fn settings(facts: &mut Facts, answer: &CliAnswer, mut fields: Fields<'_>) {
    let status = fields.text("notificationSubscriptionStatus").map(str::to_owned);
    match (answer.account(), status) {
        (Some(account), Some(status)) => facts.account(&account).notifications = Some(status == "SUBSCRIBED"),
        (None, Some(_)) => unnamed(facts, answer, "which account these settings belong to"),
        (_, None) => {}
    }
}
