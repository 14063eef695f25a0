//! What was not collected, for people: a line in each answer that it concerns, and the whole of it.

use std::collections::{BTreeMap, BTreeSet};

use super::typed::Typed;
use super::{bold, count, dim, few, paragraph, sentences, wrapped};
use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::completeness::{Completeness, Gap, Missing};
use countersign_core::inventory::Inventory;

/// Accounts shown in a line.
const SHOWN: usize = 6;

/// Those who may be there unseen, alike together: `users and roles in 3 accounts (…)`.
pub fn others(all: &[Others]) -> Vec<String> {
    let mut alike: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for others in all {
        let what = sentences::operations(&others.operations);
        let who = match &others.account {
            // where they are is told once for all
            Some(account) => others.words().replace(account.as_str(), "{}"),
            None => others.words(),
        };
        alike.entry((who, what)).or_default().push(others.place());
    }
    let line = |((who, what), places): ((String, String), Vec<String>)| {
        let places = match places.as_slice() {
            [only] => only.clone(),
            places => format!("{} ({})", count(places.len(), "account"), few(places, SHOWN)),
        };
        format!("{}: {what}", who.replace("{}", &places))
    };
    alike.into_iter().map(line).collect()
}

/// A part of an answer about who: those who may be there unseen; nothing where everybody is listed.
pub fn perhaps(width: usize, all: &[Others]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", bold("possibly others, not listed"));
    for line in others(all) {
        text.push_str(&paragraph(width, "  ", &line));
    }
    text
}

/// What is missing, in a line: `principals of 3 accounts`; empty where nothing is.
pub fn summary(gaps: &[Gap]) -> String {
    let gaps = gaps.iter().map(|gap| match gap.missing {
        Missing::FeatureSet | Missing::TrustedAccess | Missing::ServiceRole | Missing::Accounts => {
            gap.missing.words().to_owned()
        }
        Missing::ServiceControlPolicies | Missing::ResourceControlPolicies => gap.missing.words().to_owned(),
        Missing::Policies | Missing::Groups | Missing::Users => gap.missing.words().to_owned(),
        Missing::DelegatedAdministrators | Missing::OrganizationalUnits | Missing::Reports | Missing::Events => {
            gap.missing.words().to_owned()
        }
        Missing::RootCredentials => {
            format!("whether the root users of {} have credentials", count(gap.of.len(), "account"))
        }
        Missing::Notifications => {
            let gets = if gap.of.len() == 1 { "gets" } else { "get" };
            format!("whether {} {gets} notifications", count(gap.of.len(), "account"))
        }
        Missing::OrganizationAgreements => format!("the agreements of {}", count(gap.of.len(), "organization")),
        Missing::Members => format!("members of {}", count(gap.of.len(), "group")),
        _ => format!("{} of {}", gap.missing.words(), count(gap.of.len(), "account")),
    });
    gaps.collect::<Vec<_>>().join("; ")
}

/// The same as a sentence for the foot of an answer.
pub fn line(width: usize, completeness: &Completeness, typed: &Typed) -> String {
    if completeness.is_complete() {
        return String::new();
    }
    let list = typed.command("show completeness", &[]);
    let known = format!("Not known: {}. {list} has the list.", summary(&completeness.gaps));
    paragraph(width, "", &known)
}

/// All of it: what is known of each account, and what is missing with the calls that tell it.
pub fn text(width: usize, completeness: &Completeness, inventory: &Inventory, folder: &str, as_of: &str) -> String {
    let mut text = wrapped(width, "", 2, &format!("{} {}", bold(folder), dim(&format!("· {as_of}"))));
    let columns = [Missing::Principals, Missing::Assignments, Missing::Agreements, Missing::Membership, Missing::Tags];
    let missing = |what: Missing| -> BTreeSet<&str> {
        let gap = completeness.gaps.iter().find(|g| g.missing == what);
        gap.into_iter().flat_map(|g| g.of.iter().map(String::as_str)).collect()
    };
    // what changes no answer is told only where it is missing
    let others = [Missing::RootCredentials, Missing::Notifications, Missing::Events, Missing::Reports];
    let missing: Vec<(Missing, BTreeSet<&str>)> = columns.iter().chain(&others).map(|c| (*c, missing(*c))).collect();
    let mut alike: BTreeMap<Vec<Missing>, Vec<String>> = BTreeMap::new();
    for account in inventory.of_type("Account") {
        let id = account.uid.id.as_str();
        let of = missing.iter().filter(|(_, ids)| ids.contains(id)).map(|(what, _)| *what).collect();
        let state = account.str("state").filter(|s| *s != "ACTIVE");
        let state = state.map(|s| format!(" ({})", s.to_lowercase().replace('_', " "))).unwrap_or_default();
        alike.entry(of).or_default().push(format!("{id}{state}"));
    }
    for (of, accounts) in &alike {
        let words = |what: &Missing| what.words();
        let known: Vec<&str> = columns.iter().filter(|c| !of.contains(c)).map(words).collect();
        let not: Vec<&str> = of.iter().map(words).collect();
        let which = bold(&format!("{}: {}", count(accounts.len(), "account"), few(accounts, SHOWN)));
        text.push_str(&format!("\n{}", wrapped(width, "", 2, &which)));
        let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
        text.push_str(&wrapped(width, "  known     ", 12, &known));
        if !not.is_empty() {
            text.push_str(&wrapped(width, "  missing   ", 12, &not.join(", ")));
        }
    }
    if completeness.is_complete() {
        text.push_str("\nNothing is missing.\n");
        return text;
    }
    text.push_str(&format!("\n{}\n", bold("How to find out")));
    for gap in &completeness.gaps {
        let of = few(&gap.of, SHOWN);
        text.push_str(&paragraph(width, "  ", &format!("{}: {of}", gap.missing.words())));
        text.push_str(&paragraph(width, "    ", &dim(&format!("aws {}", gap.calls))));
        for failed in gap.failed.iter().take(SHOWN) {
            let code = failed.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
            let line = format!("{}{code}: aws {}", failed.why.word(), failed.call);
            text.push_str(&paragraph(width, "    ", &line));
        }
        if gap.failed.len() > SHOWN {
            text.push_str(&paragraph(
                width,
                "    ",
                &format!("and {} more failed", count(gap.failed.len() - SHOWN, "call")),
            ));
        }
    }
    text.push_str(&perhaps(width, &completeness.perhaps_others));
    text
}
