//! The expectations that hold an inventory to a generated policy: what its principal may do, and nothing else.
//!
//! What is expected follows from the job, not from an evaluation. What is asked at all, and what nobody in the account could do,
//! is found by asking about its root user.

use std::collections::{BTreeMap, BTreeSet};

use super::guardrails::Spared;
use super::jobs::{Generation, Job, Wanted};
use crate::assessment::completeness::others::Others;
use crate::assessment::{Assessment, Filter, Operation, OperationAnswer, Options, assess};
use crate::aws;
use crate::inventory::Inventory;
use crate::inventory::entity::Entity;
use crate::policies::RuleBook;
use crate::problem::{Failure, Named, Problem, Unknown};
use crate::terms::{Decision, Role, Scope};

/// What is asked, and what is expected of it; nothing where it is not held.
type Rows = BTreeMap<Operation, Option<Decision>>;

/// Where a policy is used: what is asked about.
pub struct Used<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// The rules that decide about it.
    pub rules: &'a RuleBook,
    /// What to assess.
    pub options: &'a Options,
}

/// What holds a policy, and what of it is not held.
#[derive(Clone, Debug)]
pub struct Held {
    /// The text of a file of expectations.
    pub text: String,
    /// What no expectation can hold, as the inventory has nothing to ask about; the text has it too.
    pub unheld: Vec<String>,
}

/// What expectations about the members of an inventory do not hold.
pub const TODAY: &str =
    "Only the members that the inventory lists are held to it: make it anew when accounts join or are listed.";

/// What `principal` may do in `account`, and may not.
pub fn of_job(wanted: &Wanted, used: &Used<'_>, principal: &str, account: &str) -> Result<Held, Failure> {
    check(wanted, used, account)?;
    let root = format!("arn:{}:iam::{account}:root", wanted.partition);
    let assessment =
        permitted(used, Filter { principals: Some(vec![(root, account.to_owned())]), ..Filter::default() })?;
    let rows: Vec<&OperationAnswer> = assessment.principals.iter().flat_map(|p| p.operations.iter()).collect();
    let mut by: BTreeMap<(&str, Option<Scope>), Rows> = BTreeMap::new();
    let mut left_out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut does = false;
    for row in rows {
        let asked = Operation::of(row);
        let expected = expected(wanted, used.inventory, &asked);
        let held = match expected {
            Some(Decision::Deny) | None => expected,
            _ if row.decision == Decision::Allow => expected,
            _ => {
                let why = row
                    .message
                    .clone()
                    .or(row.reason.clone())
                    .unwrap_or_else(|| "it is unknown whether anybody may".to_owned());
                left_out.entry(why).or_default().push(words(&asked));
                None
            }
        };
        does |= held == Some(Decision::Allow) && asked.operation == goal(wanted.job);
        by.entry((asked.operation, asked.scope)).or_default().insert(asked, held);
    }
    if !does {
        return Err(nobody_could(wanted, account, &left_out));
    }
    let mut text = head(&wanted.policy().description);
    for (why, of) in &left_out {
        text.push_str(&comment(&format!("left out, as nobody in the account can do it now: {}: {why}", of.join(", "))));
    }
    let unheld = unheld(wanted, used.inventory);
    for what in &unheld {
        text.push_str(&comment(&format!("not held: {what}")));
    }
    for ((operation, scope), rows) in &by {
        tables(&mut text, (principal, account), (operation, *scope), rows);
    }
    Ok(Held { text, unheld })
}

/// What of the reports to be read cannot be asked: a report is asked about only where the inventory has it.
fn unheld(wanted: &Wanted, inventory: &Inventory) -> Vec<String> {
    if wanted.job != Job::ReadReports {
        return Vec::new();
    }
    let of = |entity: &Entity, attr: &str| entity.str(attr).map(str::to_owned);
    let reports: Vec<_> = inventory.of_type("Report").map(|r| (of(r, "series"), of(r, "category"))).collect();
    let is_wanted = |(series, category): &(Option<String>, Option<String>)| {
        let among = |name: &Option<String>, all: &[String]| name.as_ref().is_some_and(|name| all.contains(name));
        among(series, &wanted.series) && among(category, wanted.categories())
    };
    let has = |name: &String| reports.iter().any(|r| is_wanted(r) && r.0.as_ref() == Some(name));
    let missing = wanted.series.iter().filter(|s| !has(s));
    let mut unheld: Vec<String> = missing
        .map(|s| format!("that reports of {s} can be read, as the inventory has none of that series and category"))
        .collect();
    if !wanted.series.is_empty() && reports.iter().all(is_wanted) {
        unheld.push("that no other reports can be read, as the inventory has no others".to_owned());
    }
    unheld
}

/// An inventory in which the policy could not do what it is for.
fn check(wanted: &Wanted, used: &Used<'_>, account: &str) -> Result<(), Failure> {
    let known = || used.inventory.of_type("Account");
    let Some(entity) = known().find(|a| a.uid.id == account) else {
        return Err(Unknown::new(Named::Account, account, known().map(|a| a.uid.id.as_str())).into());
    };
    let partition = entity.str("partition").map_or(aws::partition("aws"), aws::partition);
    if partition != wanted.partition {
        let message =
            format!("account {account} is in the partition {partition}, and the policy in {}", wanted.partition);
        return Err(Problem::about("--partition", message).help(format!("write --partition {partition}")).into());
    }
    let generation = wanted.generation.word();
    if !used.options.model.generations().contains(&generation) {
        let message = format!("the inventory counts no {generation} permissions (permissionModel)");
        return Err(Problem::about("--permission-model", message)
            .help("write the policy in the other generation")
            .into());
    }
    Ok(())
}

fn nobody_could(wanted: &Wanted, account: &str, left_out: &BTreeMap<String, Vec<String>>) -> Failure {
    let of_goal = |of: &&Vec<String>| of.iter().any(|o| o.starts_with(goal(wanted.job)));
    let why: Vec<&str> = left_out.iter().filter(|(_, of)| of_goal(of)).map(|(why, _)| why.as_str()).collect();
    let why = if why.is_empty() { "the inventory has nothing that it is for".to_owned() } else { why.join("; ") };
    let message = format!("nobody in account {account} can do what {} is for: {why}", wanted.job);
    let help = "expectations could hold nothing: put that right first, or name another account";
    Problem::about("--account", message).help(help).into()
}

/// What principals of the inventory are permitted, whatever agreements are in force.
fn permitted(used: &Used<'_>, filter: Filter) -> Result<Assessment, Failure> {
    permitted_by(used, filter, false)
}

/// The same, `by_the_call` as IAM alone decides.
fn permitted_by(used: &Used<'_>, filter: Filter, by_the_call: bool) -> Result<Assessment, Failure> {
    let operations = used.rules.operations.names().map(str::to_owned).collect();
    let filter = Filter { operations, ..filter };
    let options = Options { any_state: true, by_the_call, filter, ..used.options.clone() };
    assess(used.inventory, used.rules, &options)
}

/// What a principal that has the policy and nothing else may do; `None` where it depends on the state of an agreement or of the set-up,
/// or is an operation of one's own rules.
fn expected(wanted: &Wanted, inventory: &Inventory, asked: &Operation) -> Option<Decision> {
    let allow = |is: bool| Some(if is { Decision::Allow } else { Decision::Deny });
    let of_organization = asked.scope == Some(Scope::Organization);
    let kind = asked.agreement.as_deref().unwrap_or_default();
    let accepting = match wanted.job {
        Job::AcceptForAccount => !of_organization && wanted.accepts(kind),
        Job::AcceptForOrganization => of_organization && wanted.accepts(kind),
        _ => false,
    };
    let terminating = wanted.job == Job::Terminate && (!of_organization || wanted.organization);
    let sees_organization =
        matches!(wanted.job, Job::ReadAgreements | Job::AcceptForOrganization) || wanted.organization;
    match asked.operation {
        "accept-agreement" => allow(accepting),
        "terminate-agreement" => allow(terminating),
        "download-agreement" if wanted.job == Job::ReadAgreements => allow(true),
        // what is offered is opened to accept it, and what is accepted to terminate it
        "download-agreement" if accepting => None,
        "download-agreement" if terminating && wanted.generation == Generation::FineGrained => None,
        "download-agreement" => allow(false),
        "view-organization-agreements" => allow(sees_organization),
        "set-up-organization-agreements" if wanted.job == Job::AcceptForOrganization => allow(true),
        // once it is set up, whoever sees the organization passes
        "set-up-organization-agreements" if sees_organization => None,
        "download-report" => allow(wanted.job == Job::ReadReports && reads(wanted, inventory, asked)),
        // D21: only a wildcard reaches it
        "remove-offline-designation" => Some(Decision::Unknown),
        "set-up-organization-agreements"
        | "leave-organization"
        | "accept-invitation"
        | "remove-account"
        | "delete-organization"
        | "close-account"
        | "close-own-account" => allow(false),
        _ => None,
    }
}

/// The operation that a job is for.
pub(super) fn goal(job: Job) -> &'static str {
    match job {
        Job::AcceptForAccount | Job::AcceptForOrganization => "accept-agreement",
        Job::ReadAgreements => "download-agreement",
        Job::ReadReports => "download-report",
        Job::Terminate => "terminate-agreement",
    }
}

/// Whether a report is one of those that are read.
fn reads(wanted: &Wanted, inventory: &Inventory, asked: &Operation) -> bool {
    let report = asked.report.as_ref().and_then(|id| inventory.entity("Report", id));
    let is =
        |attr: &str, among: &[String]| report.and_then(|r| r.str(attr)).is_some_and(|v| among.iter().any(|a| a == v));
    wanted.series.is_empty() || (is("series", &wanted.series) && is("category", wanted.categories()))
}

fn words(asked: &Operation) -> String {
    let of: Vec<&str> = [asked.scope.map(Scope::word), asked.agreement.as_deref(), asked.report.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    if of.is_empty() { asked.operation.to_owned() } else { format!("{} ({})", asked.operation, of.join(", ")) }
}

fn head(of: &str) -> String {
    format!("{}# `countersign test` runs them.\n", comment(&format!("What a generated policy is held to: {of}.")))
}

/// A comment; what came from an inventory stays on its line.
fn comment(text: &str) -> String {
    format!("# {}\n", text.replace(char::is_control, " "))
}

/// One table where all that is asked of an operation is expected alike, else one each.
fn tables(
    text: &mut String,
    (principal, account): (&str, &str),
    (operation, scope): (&str, Option<Scope>),
    rows: &Rows,
) {
    let mut decisions = rows.values();
    let first = decisions.next().copied().flatten();
    let alike = decisions.all(|d| *d == first);
    let rows = rows.iter().take(if alike { 1 } else { rows.len() });
    for (asked, decision) in rows.filter_map(|(asked, decision)| Some((asked, (*decision)?))) {
        text.push_str("\n[[access]]\n");
        pair(text, "principal", principal);
        pair(text, "account", account);
        pair(text, "operation", operation);
        scope.iter().for_each(|s| pair(text, "scope", s.word()));
        if !alike {
            asked.agreement.iter().for_each(|kind| pair(text, "agreement", kind));
            asked.report.iter().for_each(|report| pair(text, "report", report));
        }
        pair(text, "state", "any");
        pair(text, "expect", decision.word());
    }
}

fn pair(text: &mut String, key: &str, value: &str) {
    text.push_str(&format!("{key} = {}\n", toml::Value::from(value)));
}

/// The text of a file by which nobody but those who are spared ends the agreements of members, or makes them leave.
pub fn of_protection(spared: &Spared, accepting: bool, used: &Used<'_>) -> Result<String, Failure> {
    let coverage = permitted(used, Filter { without_principals: true, ..Filter::default() })?;
    let members = coverage.accounts.iter().filter(|a| a.role == Role::Member && a.partition == spared.partition);
    let members: Vec<toml::Value> = members.map(|a| a.account.as_str().into()).collect();
    if members.is_empty() {
        let message = format!("the inventory has no members in the partition {}", spared.partition);
        return Err(Problem::about("the inventory", message).help("name the inventory of the organization").into());
    }
    let principals: Vec<toml::Value> = spared.principals.iter().map(|p| p.as_str().into()).collect();
    let (members, principals) = (toml::Value::Array(members), toml::Value::Array(principals));
    let mut text = head("keeps members from ending their agreements and their membership");
    text.push_str(&comment(TODAY));
    let operations = [
        ("accept-agreement", Some(Scope::Account), accepting),
        ("terminate-agreement", Some(Scope::Account), true),
        ("leave-organization", None, true),
        ("accept-invitation", None, true),
        ("close-own-account", None, true),
    ];
    for (operation, scope, _) in operations.into_iter().filter(|(.., is)| *is) {
        text.push_str(&format!("\n[[only]]\nprincipal = {principals}\naccount = {members}\n"));
        pair(&mut text, "operation", operation);
        scope.iter().for_each(|s| pair(&mut text, "scope", s.word()));
        pair(&mut text, "state", "any");
    }
    Ok(text)
}

/// Who can still act in the management accounts, which no service control policy binds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Managing {
    /// The accounts.
    pub accounts: BTreeSet<String>,
    /// Who may do it, or perhaps may, by operation.
    pub by_operation: BTreeMap<&'static str, Vec<String>>,
    /// Those who were not listed, and what they could do (D31).
    pub others: Vec<Others>,
}

/// Of whom it is not known.
const PERHAPS: &str = " (perhaps)";
/// Whom IAM lets make the call, and the console does not let.
const BY_THE_CALL: &str = " (perhaps, by the call itself: the console asks for more)";

/// Who of the management accounts may do, or perhaps may do, what no service control policy keeps them from, by operation.
pub fn of_management(used: &Used<'_>) -> Result<Managing, Failure> {
    let coverage = permitted(used, Filter { without_principals: true, ..Filter::default() })?;
    let managers = coverage.accounts.iter().filter(|a| a.role == Role::Management).map(|a| a.account.clone());
    let accounts: BTreeSet<String> = managers.collect();
    if accounts.is_empty() {
        return Ok(Managing { accounts, by_operation: BTreeMap::new(), others: Vec::new() });
    }
    let here = || Filter { principals_in: Some(accounts.clone()), ..Filter::default() };
    let assessment = permitted(used, here())?;
    let calls = permitted_by(used, Filter { answers_alone: true, ..here() }, true)?;
    let mut found: BTreeMap<&'static str, Vec<(String, &str)>> = BTreeMap::new();
    for (answers, certain) in [(&assessment, ""), (&calls, BY_THE_CALL)] {
        for principal in &answers.principals {
            let is_able = |o: &&OperationAnswer| ends(o.operation, o.scope) && o.decision != Decision::Deny;
            for answer in principal.operations.iter().filter(is_able) {
                let how = if answer.decision == Decision::Unknown && certain.is_empty() { PERHAPS } else { certain };
                let name = format!("{} {} of {}", principal.kind, principal.name, principal.account);
                let names = found.entry(answer.operation).or_default();
                // of several answers about one principal, the certain one is told
                match names.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) if how.is_empty() => *known = how,
                    Some(_) => {}
                    None => names.push((name, how)),
                }
            }
        }
    }
    let told = |names: Vec<(String, &str)>| names.into_iter().map(|(name, how)| name + how).collect();
    let found = found.into_iter().map(|(operation, names)| (operation, told(names))).collect();
    let there = |others: &&Others| others.account.as_ref().is_some_and(|account| accounts.contains(account));
    let those_that_end = |others: &Others| {
        let operations = others.operations.iter().filter(|o| ends(o.operation, o.scope)).cloned().collect();
        Others { operations, ..others.clone() }
    };
    let others = assessment.completeness.perhaps_others.iter().filter(there).map(those_that_end);
    let others = others.filter(|others| !others.operations.is_empty()).collect();
    Ok(Managing { accounts, by_operation: found, others })
}

/// What accepts for an organization, or ends what it covers.
fn ends(operation: &str, scope: Option<Scope>) -> bool {
    let of_organization = scope == Some(Scope::Organization);
    match operation {
        "accept-agreement" | "terminate-agreement" => of_organization,
        operation => ["remove-account", "close-account", "delete-organization"].contains(&operation),
    }
}
