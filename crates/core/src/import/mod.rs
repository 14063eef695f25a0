//! Reading what users have: answers of the AWS CLI, the console's CSV of accounts, CloudTrail.
//!
//! Each answer becomes facts ([`facts`]), the facts are put together ([`assemble`]) to entity files and policy documents, and
//! those are read like files that a user wrote: `import` writes them, `evaluate` reads them where they are. An import never
//! invents: what no answer tells stays absent, and a note says so.

pub(crate) mod accounts_csv;
pub(crate) mod answer;
pub(crate) mod artifact;
pub(crate) mod assemble;
pub(crate) mod cloudtrail;
pub(crate) mod documents;
pub(crate) mod facts;
pub(crate) mod iam;
pub(crate) mod identity_center;
pub(crate) mod moments;
pub(crate) mod organizations;
pub(crate) mod policy_types;
pub mod texts;
pub(crate) mod timeline;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::assessment::completeness::failed::FailedCall;
use crate::moment::Moment;
use crate::problem::{Problem, SourceFile};
use crate::text::json::{Node, Value};
use answer::{CliAnswer, Fields};
use assemble::Files;
use facts::Facts;

/// What a file holds that an import reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// An answer of the AWS CLI, or events of CloudTrail.
    Answer(answer::AnswerKind),
    /// The console's list of accounts.
    AccountsCsv,
    /// What the collecting script notes of a call that failed.
    FailedCall,
}

/// A file that an import reads.
pub struct File {
    /// Its path and its text.
    pub source: Arc<SourceFile>,
    /// Its JSON.
    pub root: Node,
    /// What it holds.
    pub kind: InputKind,
}

/// What was read of all answers.
#[derive(Debug, Default)]
pub struct Imported {
    /// The inventory that they make.
    pub files: Files,
    /// What they leave open, and what is odd about them.
    pub notes: Vec<Problem>,
    /// When they were collected, where that is told.
    pub as_of: Option<Moment>,
}

/// Reads answers; all that is wrong with them, or the inventory that they make.
pub fn read(files: Vec<File>, as_of: Option<Moment>) -> Result<Imported, Vec<Problem>> {
    let (mut facts, mut problems) = (Facts { as_of, ..Facts::default() }, Vec::new());
    let mut answers = Vec::new();
    let failures: BTreeSet<String> = files
        .iter()
        .filter(|f| f.kind == InputKind::FailedCall)
        .filter_map(|f| f.source.path.strip_suffix(".failed").map(str::to_owned))
        .collect();
    for file in files {
        match file.kind {
            InputKind::Answer(kind) => {
                let failed = failures.contains(&file.source.path);
                answers.push(CliAnswer { source: file.source, root: file.root, kind, failed });
            }
            InputKind::AccountsCsv => accounts_csv::read(&mut facts, &file.source, &mut problems),
            InputKind::FailedCall => failed(&mut facts, &file),
        }
    }
    // what belongs to a permission set is read once all permission sets are known
    answers.sort_by_key(|a| is_part(a.kind));
    for answer in &answers {
        match answer.truncation() {
            Some(problem) => problems.push(problem),
            None if answer.failed => beside_a_failure(&mut facts, answer, &mut problems),
            None => one(&mut facts, answer, &mut problems),
        }
    }
    organizations::settle(&mut facts, &mut problems);
    artifact::contradictions(&facts, &mut problems);
    let files = assemble::assemble(&mut facts, &mut problems);
    if facts.failed_events > 0 {
        let count = facts.failed_events;
        let events = crate::words::count(count, "event");
        facts.remark(format!("{events} from CloudTrail failed, and changed nothing"), "there is nothing to do");
    }
    if problems.iter().any(Problem::is_error) {
        problems.sort_by_key(Problem::sort_key);
        return Err(problems);
    }
    let mut notes = problems;
    notes.append(&mut facts.notes);
    Ok(Imported { files, notes, as_of: facts.as_of })
}

fn is_part(kind: answer::AnswerKind) -> bool {
    use answer::AnswerKind;
    matches!(
        kind,
        AnswerKind::InlinePolicy
            | AnswerKind::ManagedPolicies
            | AnswerKind::CustomerManagedPolicies
            | AnswerKind::PermissionsBoundary
            | AnswerKind::ProvisionedIn
    )
}

/// The record of a call that failed, which the collecting script leaves in place of the answer.
fn failed(facts: &mut Facts, file: &File) {
    let source = &file.source;
    // whatever else is not listed is told by the answer that is not there
    let asks_for_events = |name: &str| name.starts_with("lookup-events.") || name.starts_with("assume-role.");
    if source.path.rsplit('/').next().is_some_and(asks_for_events) {
        facts.listed.events_failed.insert(answer::account_of(&source.path));
    }
    if let Some(call) = FailedCall::recorded(&source.text) {
        facts.listed.failed.entry(answer::account_of(&source.path)).or_default().insert(call.to_string());
    }
    let first = source.text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("without a message").to_owned();
    facts.remark(format!("{}: the call failed: {first}", source.path), "what it would have returned is unknown");
}

/// What helps where an answer stands beside the record of its failed call.
const AGAIN: &str = "collect it again, or delete the record of the failed call if the answer is the newer of the two";

/// An answer beside the record of a failed call of the same name: an older one, or another run's. What it shows is evidence; that it is all
/// there is, is not.
fn beside_a_failure(facts: &mut Facts, answer: &CliAnswer, problems: &mut Vec<Problem>) {
    use answer::AnswerKind;
    let path = &answer.source.path;
    match answer.kind {
        // each tells one thing, or of itself that it is not whole
        AnswerKind::CustomerAgreements
        | AnswerKind::Organization
        | AnswerKind::Account
        | AnswerKind::Unit
        | AnswerKind::Policy
        | AnswerKind::PermissionSet
        | AnswerKind::CloudTrail
        | AnswerKind::LookupEvents
        | AnswerKind::Handed
        | AnswerKind::Collection => one(facts, answer, problems),
        AnswerKind::Accounts => {
            let listed: Vec<String> =
                facts.organizations.iter().filter(|(_, o)| o.accounts_listed).map(|(id, _)| id.clone()).collect();
            one(facts, answer, problems);
            for (id, organization) in &mut facts.organizations {
                organization.accounts_listed = listed.contains(id);
            }
        }
        AnswerKind::AuthorizationDetails => {
            let listed = |a: &facts::Account| (a.principals_listed, a.roles_told);
            let before: Vec<_> = facts.accounts.iter().map(|(id, a)| (id.clone(), listed(a))).collect();
            one(facts, answer, problems);
            for (id, account) in &mut facts.accounts {
                let known = before.iter().find(|(known, _)| known == id).map(|(_, listed)| *listed);
                (account.principals_listed, account.roles_told) = known.unwrap_or_default();
            }
        }
        _ => facts.remark(format!("{path} is not read: beside it stands that its call failed"), AGAIN),
    }
    if matches!(answer.kind, AnswerKind::CustomerAgreements | AnswerKind::Accounts | AnswerKind::AuthorizationDetails) {
        let message = format!("{path} does not count as complete: beside it stands that its call failed");
        facts.remark(message, AGAIN);
    }
}

fn one(facts: &mut Facts, answer: &CliAnswer, problems: &mut Vec<Problem>) {
    use answer::AnswerKind;
    let mut fields = Fields { source: &answer.source, node: &answer.root, problems };
    match answer.kind {
        AnswerKind::Organization => inside(&mut fields, "Organization", |f| organizations::organization(facts, f)),
        AnswerKind::Accounts => organizations::accounts(facts, answer, &mut fields),
        AnswerKind::Account => inside(&mut fields, "Account", |f| drop(organizations::account(facts, f, None))),
        AnswerKind::Roots => organizations::roots(facts, &mut fields),
        AnswerKind::Units => {
            let parent = answer.node();
            facts.listed.units_of.extend(parent.clone());
            for node in fields.entries("OrganizationalUnits") {
                organizations::unit(facts, fields.of(node), parent.as_deref());
            }
        }
        AnswerKind::Unit => inside(&mut fields, "OrganizationalUnit", |f| organizations::unit(facts, f, None)),
        AnswerKind::Parents => organizations::parents(facts, answer, &mut fields),
        AnswerKind::Children => organizations::children(facts, answer, &mut fields),
        AnswerKind::Policies => organizations::policies(facts, answer, &mut fields),
        AnswerKind::Policy => inside(&mut fields, "Policy", |f| organizations::policy(facts, f)),
        AnswerKind::Targets => organizations::targets(facts, answer, &mut fields),
        AnswerKind::ServiceAccess => organizations::service_access(facts, answer, &mut fields),
        AnswerKind::DelegatedAdministrators => organizations::delegated_administrators(facts, &mut fields),
        AnswerKind::DelegatedServices => organizations::delegated_services(facts, answer, &mut fields),
        AnswerKind::Tags => organizations::tags(facts, answer, &mut fields),
        AnswerKind::AuthorizationDetails => iam::details(facts, answer, &mut fields),
        AnswerKind::AccountSummary => inside(&mut fields, "SummaryMap", |f| iam::summary(facts, answer, f)),
        AnswerKind::PermissionSets => identity_center::listed(facts, &mut fields),
        AnswerKind::PermissionSet => inside(&mut fields, "PermissionSet", |f| identity_center::described(facts, f)),
        AnswerKind::Assignments => identity_center::assignments(facts, answer, &mut fields),
        AnswerKind::StoreUsers | AnswerKind::StoreGroups | AnswerKind::StoreMemberships => {
            identity_center::store(facts, answer, &mut fields);
        }
        AnswerKind::Instances => identity_center::instances(facts, &mut fields),
        AnswerKind::ProvisionedIn => identity_center::provisioned(facts, answer, &mut fields),
        AnswerKind::CustomerAgreements => artifact::customer_agreements(facts, answer, &mut fields),
        AnswerKind::Reports => artifact::reports(facts, &mut fields),
        AnswerKind::AccountSettings => inside(&mut fields, "accountSettings", |f| artifact::settings(facts, answer, f)),
        AnswerKind::CloudTrail => cloudtrail::records(facts, &mut fields),
        AnswerKind::LookupEvents => cloudtrail::looked_up(facts, &mut fields),
        AnswerKind::Handed => cloudtrail::handed(facts, &mut fields),
        AnswerKind::Collection => inside(&mut fields, "countersignCollection", |mut f| {
            let (oldest, newest) = (f.moment("collectedAt"), f.moment("finishedAt"));
            facts.listed.until = newest.or(oldest);
            facts.as_of = facts.as_of.or(oldest);
        }),
        _ => identity_center::part(facts, answer, &mut fields),
    }
}

/// The object that an answer is about.
fn inside<'a>(fields: &mut Fields<'a>, name: &str, read: impl FnOnce(Fields<'_>)) {
    let Some(node) = fields.get(name) else {
        let span = fields.node.member(name).map_or(fields.node.span, |m| m.node.span);
        return fields.wrong(span, format!("`{name}` is null"), answer::COLLECT);
    };
    if !matches!(node.value, Value::Object(_)) {
        return fields.wrong(
            node.span,
            format!("`{name}` must be an object, but this is {}", node.kind()),
            answer::COLLECT,
        );
    }
    read(fields.of(node));
}
