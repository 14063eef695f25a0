//! "Is this account covered?" and "which are not?": in sentences.

use super::day::{when, whose};
use super::{Names, capital, listed};
use crate::report::{count, day, few};
use countersign_core::agreements::rests_on_events;
use countersign_core::assessment::{AccountAnswer, AgreementAnswer, Assessment};
use countersign_core::inventory::Inventory;
use countersign_core::naming::kinds;
use countersign_core::terms::Coverage;

/// Accounts named in a sentence.
const NAMED: usize = 6;

/// Whom an assessment tells of: what is said of all accounts is never said of those alone that were named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Every account of the inventory.
    All,
    /// The accounts that were named.
    Named,
}

impl Told {
    /// Of the accounts that were asked about: an empty list asks about all of them.
    pub fn of(asked: &[String]) -> Self {
        if asked.is_empty() { Self::All } else { Self::Named }
    }

    fn is_named(self) -> bool {
        self == Self::Named
    }
}

/// How many accounts are covered by the agreements that HIPAA asks for, or by those asked about; who is not; and whether any of them
/// holds PHI.
pub fn all(assessment: &Assessment, names: Names<'_>, asked: &[String], told: Told) -> Vec<String> {
    let mut kinds: Vec<&str> = asked.iter().map(String::as_str).collect();
    if kinds.is_empty() {
        kinds = assessment.hipaa_kinds.iter().map(String::as_str).collect();
    }
    let mut sentences: Vec<String> = kinds.iter().map(|kind| of_kind(assessment, names, kind, told)).collect();
    if kinds.iter().any(|kind| assessment.hipaa_kinds.contains(*kind)) {
        let held = |a: &AccountAnswer| Held {
            place: names.place(&a.account),
            holds: a.hipaa.holds_phi,
            covered: a.hipaa.covered,
        };
        sentences.extend(of_phi(&assessment.accounts.iter().map(held).collect::<Vec<_>>(), told));
    }
    let others = names.accounts().saturating_sub(assessment.accounts.len());
    if told.is_named() && others > 0 {
        let accounts = count(names.accounts(), "account");
        sentences.push(format!("The inventory has {accounts}: nothing is said here of those that were not named."));
    }
    sentences
}

/// The organizations that may have other accounts than those that are told of, a sentence each (D31).
pub fn unlisted(organizations: &[String]) -> Vec<String> {
    let told = |id: &String| format!("Other accounts of {id} are not known: its accounts were not all listed.");
    organizations.iter().map(told).collect()
}

fn of_kind(assessment: &Assessment, names: Names<'_>, kind: &str, told: Told) -> String {
    let row = |a: &AccountAnswer| {
        let row = a.agreements.iter().find(|r| r.kind == kind)?;
        Some((names.place(&a.account), row.coverage))
    };
    let rows: Vec<(String, Coverage)> = assessment.accounts.iter().filter_map(row).collect();
    of_rows(kind, &rows, assessment.accounts.len(), told)
}

/// How many of so many accounts an agreement covers, by the rows of those that can have it.
pub fn of_rows(kind: &str, rows: &[(String, Coverage)], accounts: usize, told: Told) -> String {
    let of = |coverage: Coverage| -> Vec<String> {
        rows.iter().filter(|(_, is)| *is == coverage).map(|(place, _)| place.clone()).collect()
    };
    let (covered, not, unknown) = (of(Coverage::Covered), of(Coverage::NotCovered), of(Coverage::Unknown));
    let short = kinds::short(kind);
    // there are kinds that a partition does not know: of its accounts nothing is counted
    let named = if told.is_named() { " named" } else { "" };
    let can = if rows.len() < accounts { " that can have it" } else { "" };
    let mut text = match (covered.len(), rows.len()) {
        (_, 0) => return format!("No account{named} can have the {short}."),
        (c, n) if c == n => match (n, told) {
            (1, Told::All) => format!("The only account{can} is covered by the {short}."),
            (1, Told::Named) => format!("The account named{can} is covered by the {short}."),
            (n, _) => format!("All {n} accounts{named}{can} are covered by the {short}."),
        },
        (0, _) if unknown.is_empty() => format!("No account{named}{can} is covered by the {short}."),
        (c, n) => {
            let is = if c == 1 { "is" } else { "are" };
            format!("{c} of {}{named}{can} {is} covered by the {short}.", count(n, "account"))
        }
    };
    if !not.is_empty() && not.len() < rows.len() {
        text.push_str(&format!(" Not covered: {}.", few(&not, NAMED)));
    }
    if !unknown.is_empty() {
        text.push_str(&format!(" Not known: {}.", few(&unknown, NAMED)));
    }
    text
}

/// Whether an account holds PHI and is covered; `None` where that is not known.
pub struct Held {
    /// What it is called.
    pub place: String,
    /// It holds PHI.
    pub holds: Option<bool>,
    /// It is covered as HIPAA asks.
    pub covered: Option<bool>,
}

/// Whether accounts that hold PHI are covered (D3).
pub fn of_phi(accounts: &[Held], told: Told) -> Vec<String> {
    let holding = |fact: Option<bool>| accounts.iter().filter(move |a| a.holds == fact);
    let of = |covered: Option<bool>| -> Vec<String> {
        holding(Some(true)).filter(|a| a.covered == covered).map(|a| a.place.clone()).collect()
    };
    let mut sentences = Vec::new();
    let (without, unknown) = (of(Some(false)), of(None));
    let say = |accounts: &[String], what: &str| {
        let holds = if accounts.len() == 1 { "holds" } else { "hold" };
        let who = match told {
            Told::All => capital(&count(accounts.len(), "account")),
            Told::Named => format!("{} of the accounts named", accounts.len()),
        };
        format!("{who} {holds} PHI {what}: {}.", few(accounts, NAMED))
    };
    if !without.is_empty() {
        sentences.push(say(&without, "without cover"));
    }
    if !unknown.is_empty() {
        sentences.push(say(&unknown, "and may be without cover"));
    }
    let named = if told.is_named() { " named" } else { "" };
    if holding(Some(true)).next().is_none() {
        sentences.push(format!("No account{named} is known to hold PHI."));
    } else if without.is_empty() && unknown.is_empty() {
        sentences.push(format!("Every account{named} that is known to hold PHI is covered."));
    }
    let perhaps = holding(None).filter(|a| a.covered != Some(true)).count();
    if perhaps > 0 {
        let named = if told.is_named() { " named," } else { "" };
        let accounts = format!("{}{named}", count(perhaps, "account"));
        sentences.push(format!("Of {accounts} without known cover it is not known whether PHI is held there."));
    }
    sentences
}

/// What is taken for granted of all that are asked about: where they were at that time (D22), and that nothing had ended which only events
/// would show that could not be collected.
pub fn assumed(assessment: &Assessment, names: Names<'_>) -> Vec<String> {
    let of = |is: &dyn Fn(&str) -> bool| -> Vec<String> {
        let rests = |a: &&AccountAnswer| a.agreements.iter().any(|r| r.assuming.iter().any(|what| is(what)));
        assessment.accounts.iter().filter(rests).map(|a| names.place(&a.account)).collect()
    };
    let (moved, unwatched) = (of(&|what| !rests_on_events(what)), of(&rests_on_events));
    let mut sentences = Vec::new();
    if !moved.is_empty() {
        let which = if moved.len() == 1 { "organization" } else { "organizations" };
        let accounts = count(moved.len(), "account");
        let named = few(&moved, NAMED);
        sentences.push(format!("Assuming: the {which} of {accounts} at that time: {named} (--account shows how)."));
    }
    if !unwatched.is_empty() {
        sentences.push(format!(
            "Assuming: no agreement of {} had ended that no list shows; the events that would tell could not be collected: {} (--account shows which).",
            count(unwatched.len(), "account"),
            few(&unwatched, NAMED)
        ));
    }
    sentences
}

/// How an account says that it holds PHI: whose tags are none of these holds none by its tags (R85).
pub fn by_tags(inventory: &Inventory) -> String {
    let tags: Vec<String> = inventory.config.phi_tags.iter().map(|tag| format!("`{tag}`")).collect();
    let tags = if tags.is_empty() { "no tag says so (phiTags)".to_owned() } else { listed(&tags, "or") };
    format!(
        "An account holds PHI by its entry `phi`, or by the tag {tags}, in any case of letters (phiTags); by no other tag."
    )
}

/// Whether one account is covered, by what and since when: by the agreements that HIPAA asks for, or by the only one asked about.
pub fn account(assessment: &Assessment, names: Names<'_>, account: &AccountAnswer, at: &str) -> Vec<String> {
    let rows = account.agreements.iter();
    let rows: Vec<&AgreementAnswer> = match account.agreements.as_slice() {
        [only] => vec![only],
        _ => rows.filter(|r| assessment.hipaa_kinds.contains(&r.kind)).collect(),
    };
    let mut sentences: Vec<String> = rows.iter().map(|row| of_account(names, account, row, at)).collect();
    let others = account.agreements.iter().filter(|r| !rows.iter().any(|s| s.kind == r.kind));
    let also: Vec<String> =
        others.filter(|r| r.coverage == Coverage::Covered).map(|r| format!("the {}", kinds::short(&r.kind))).collect();
    if !also.is_empty() {
        sentences.push(format!("Also in force: {}.", listed(&also, "and")));
    }
    sentences
}

fn of_account(names: Names<'_>, account: &AccountAnswer, row: &AgreementAnswer, at: &str) -> String {
    let (short, which, at) = (kinds::short(&row.kind), names.account(&account.account), when(at));
    match row.coverage {
        Coverage::Covered => {
            let by = row.governing.as_ref().map(|g| {
                let whose = whose(g);
                let since = g
                    .since
                    .as_deref()
                    .map_or_else(|| ", since when is not known".to_owned(), |s| format!(", in force since {}", day(s)));
                format!(": {whose}{since}")
            });
            format!("Yes. On {at}, {which} is covered by a {short}{}.", by.unwrap_or_default())
        }
        Coverage::NotCovered => format!("No. On {at}, no {short} is in force for {which}."),
        Coverage::Unknown => {
            let why = row.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
            format!("Unknown. It is not known whether a {short} is in force for {which} on {at}{why}.")
        }
    }
}
