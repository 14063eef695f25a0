//! The tables about accounts, findings and exceptions.

use super::Facts;
use crate::report::table::Table;
use crate::report::{self, Shown};
use countersign_core::assessment::{AccountAnswer, AgreementAnswer, beside};
use countersign_core::inventory::entity::Entity;
use countersign_core::inventory::model::Membership;
use countersign_core::moment;
use countersign_core::naming::kinds;
use countersign_core::source::digest::sha256;

const ACCOUNTS: [&str; 32] = [
    "account",
    "name",
    "partition",
    "state",
    "organization",
    "role",
    "organization history",
    "joined",
    "joined how",
    "agreement kind",
    "agreement name",
    "coverage",
    "scope",
    "agreement id",
    "start",
    "end",
    "agreement state",
    "governing since",
    "superseded",
    "also in force",
    "designated",
    "holds PHI",
    "PHI services",
    "safeguards attested",
    "meets definition",
    "unknown because",
    "assuming",
    "evidence",
    "account source",
    "account source sha256",
    "agreement source",
    "agreement source sha256",
];

/// One row an account and kind of agreement; and one an organization whose accounts were not all listed (D31).
pub fn accounts(facts: &Facts<'_>) -> Table {
    let mut table = Table::new(&ACCOUNTS);
    for account in &facts.assessment.accounts {
        for row in account.agreements.iter().filter(|r| facts.kinds.contains(&r.kind)) {
            table.rows.push(account_row(facts, account, row));
        }
    }
    with_others(table, facts, "agreement kind")
}

/// Which agreement governed each account, and when; and of accounts that were not listed that it is not known.
pub fn history(facts: &Facts<'_>) -> Table {
    with_others(report::history::table(facts.history), facts, "kind")
}

/// A table with a row for the accounts of each organization that were not listed, of which every kind is unknown.
fn with_others(table: Table, facts: &Facts<'_>, column: &str) -> Table {
    let kinds = facts.kinds.iter().map(String::as_str).collect();
    report::rows::others(table, &facts.assessment.completeness.not_listed(), &kinds, column)
}

fn account_row(facts: &Facts<'_>, account: &AccountAnswer, row: &AgreementAnswer) -> Vec<String> {
    let entity = facts.inventory.entity("Account", &account.account);
    let history = entity.map(|account| facts.inventory.memberships_of(account)).unwrap_or_default();
    let here = history.iter().find(|m| Some(&m.organization) == account.organization.as_ref() && m.until.is_none());
    let here = here.or_else(|| history.iter().find(|m| Some(&m.organization) == account.organization.as_ref()));
    let governing = row.governing.as_ref();
    let agreement = governing.and_then(|g| agreement(facts, &g.id));
    let moment_of = |attr: &str| agreement.and_then(|e| e.moment(attr)).map(moment::format).unwrap_or_default();
    let fact = |fact: Option<bool>| Shown::from(fact).words.to_owned();
    let phi = account.phi.as_ref();
    let services = phi.map(|p| p.services.iter().map(|s| s.service.clone()).collect::<Vec<_>>());
    let assuming: Vec<String> = row.assuming.iter().cloned().chain(facts.undated()).collect();
    let (file, digest) = source(entity);
    let (agreement_file, agreement_digest) = source(agreement);
    vec![
        account.account.clone(),
        account.name.clone().unwrap_or_default(),
        account.partition.clone(),
        account.state.clone(),
        account.organization.clone().unwrap_or_default(),
        account.role.to_string(),
        history.iter().map(|m| told(facts, m)).collect::<Vec<_>>().join("; "),
        here.and_then(|m| m.from).map(moment::format).unwrap_or_default(),
        here.and_then(|m| m.from_witness.clone()).unwrap_or_default(),
        row.kind.clone(),
        kinds::full(&row.kind),
        Shown::from(row.coverage).words.to_owned(),
        governing.map(|g| g.scope.to_string()).unwrap_or_default(),
        governing.map(|g| g.id.clone()).unwrap_or_default(),
        moment_of("effectiveStart"),
        moment_of("effectiveEnd"),
        agreement.map(|e| super::agreements::state(facts, e)).unwrap_or_default(),
        governing.map(|g| g.since.clone().unwrap_or_else(|| "unknown".to_owned())).unwrap_or_default(),
        beside(&row.superseded, row.superseded_unknown.as_ref()).join("; "),
        beside(&row.also_in_force, row.also_in_force_unknown.as_ref()).join("; "),
        fact(account.hipaa.designated),
        fact(account.hipaa.holds_phi),
        services.map(|s| s.join("; ")).unwrap_or_default(),
        phi.map(|p| fact(p.safeguards_attested)).unwrap_or_default(),
        fact(account.hipaa.meets_definition),
        row.reason.clone().unwrap_or_default(),
        assuming.join("; "),
        row.evidence.join("; "),
        file,
        digest,
        agreement_file,
        agreement_digest,
    ]
}

/// The acceptance or offline agreement of this id.
fn agreement<'a>(facts: &Facts<'a>, id: &str) -> Option<&'a Entity> {
    facts.inventory.entity("CustomerAgreement", id).or_else(|| facts.inventory.entity("OfflineAgreement", id))
}

/// `o-… from 2021-02-01 until 2025-06-30`
fn told(facts: &Facts<'_>, membership: &Membership) -> String {
    let from =
        membership.from.map_or_else(|| "from an unknown day".to_owned(), |m| format!("from {}", moment::format(m)));
    let until = membership.until.map(|m| format!(" until {}", moment::format(m))).unwrap_or_default();
    let deleted = membership.until.is_some() && facts.inventory.deleted(&membership.organization) == membership.until;
    let why = if deleted { ", when it was deleted" } else { "" };
    format!("{} {from}{until}{why}", membership.organization)
}

/// The file that declares an entity, and its digest.
pub fn source(entity: Option<&Entity>) -> (String, String) {
    match entity.filter(|e| !e.built_in) {
        Some(entity) => (entity.source.path.clone(), sha256(entity.source.text.as_bytes())),
        None => (String::new(), String::new()),
    }
}

/// The findings.
pub fn findings(facts: &Facts<'_>) -> Table {
    let mut table = Table::new(&["severity", "code", "name", "about", "what it is", "what to do", "rules", "assuming"]);
    table.rows.extend(facts.assessment.findings.iter().map(|f| {
        let severity = f.severity.word().to_owned();
        let [code, name, subject] = [&f.rule, &f.name, &f.subject].map(Clone::clone);
        let assuming = f.assuming.clone().unwrap_or_default();
        vec![severity, code, name, subject, f.message.clone(), f.help.clone(), f.cites.clone(), assuming]
    }));
    table
}

/// What somebody answers for (R94).
pub fn exceptions(facts: &Facts<'_>) -> Table {
    let header = ["account", "name", "owner", "reason", "compensating controls", "until", "state", "source"];
    let mut table = Table::new(&header);
    let at = moment::parse(&facts.assessment.at).unwrap_or_default();
    for exception in &facts.inventory.config.account_exceptions {
        let account = facts.inventory.entity("Account", &exception.account);
        table.rows.push(vec![
            exception.account.clone(),
            account.and_then(|a| a.str("name")).unwrap_or_default().to_owned(),
            exception.owner.clone(),
            exception.reason.clone(),
            exception.controls.join("; "),
            moment::format(exception.until),
            if exception.has_ended(at) { "ended" } else { "in force" }.to_owned(),
            exception.place.source.path.clone(),
        ]);
    }
    table
}
