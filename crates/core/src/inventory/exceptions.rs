//! `[[exception]]` in `countersign.toml`: what somebody answers for in an account until a day (R94). It changes no answer; one that has
//! ended is a finding.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::config::{Config, FILE};
use super::entity::{Entity, Uid};
use crate::moment::{self, Moment};
use crate::problem::{Place, Problem, Span, instead};

/// An exception about an account.
#[derive(Clone, Debug)]
pub struct AccountException {
    /// Where it stands.
    pub place: Place,
    /// The number of the account.
    pub account: String,
    /// Where that stands.
    pub account_place: Place,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// What is done instead.
    pub controls: Vec<String>,
    /// It counts before this moment only.
    pub until: Moment,
}

/// The table, as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Table {
    account: toml::Spanned<String>,
    owner: String,
    reason: String,
    #[serde(default)]
    compensating_controls: Vec<String>,
    until: toml::Value,
}

impl AccountException {
    /// Whether it is over at a moment.
    pub fn has_ended(&self, at: Moment) -> bool {
        self.until <= at
    }

    pub(super) fn read(place: Place, table: Table) -> Result<Self, Box<Problem>> {
        let wrong = |message: String, help: &str| Box::new(Problem::at(&place.source, place.span, message).help(help));
        let Table { account, owner, reason, compensating_controls: controls, until } = table;
        for (name, text) in [("owner", &owner), ("reason", &reason)] {
            if text.trim().is_empty() {
                return Err(wrong(format!("this exception has no {name}"), "say who answers for it, and why"));
            }
        }
        let text = match until {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        let until = moment::parse(&text)
            .ok_or_else(|| wrong(format!("`{text}` is not a valid date or time"), "write until = \"2026-12-31\""))?;
        let span = Span::from(account.span());
        let account_place = Place { source: place.source.clone(), span };
        let account = account.into_inner();
        Ok(Self { place: place.clone(), account, account_place, owner, reason, controls, until })
    }
}

/// The exceptions about accounts that the inventory does not have.
pub(super) fn unknown(entities: &BTreeMap<Uid, Entity>, config: &Config) -> Vec<Problem> {
    let has = |account: &str| entities.contains_key(&Uid::new("Account", account));
    let problem = |e: &AccountException| {
        let known = entities.keys().filter(|uid| uid.ty == "Account").map(|uid| uid.id.as_str());
        let help = instead(&e.account, known, format!("declare the account, or take the exception out of {FILE}"));
        Problem::at(&e.account_place.source, e.account_place.span, format!("there is no account {}", e.account))
            .help(help)
    };
    config.account_exceptions.iter().filter(|e| !has(&e.account)).map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::SourceFile;

    const EXCEPTION: &str = "[[exception]]\naccount = \"111122223333\"\nowner = \"Dana\"\nreason = \"a lab of its own\"\n\
        compensatingControls = [\"no network\"]\nuntil = 2026-12-31\n";

    #[test]
    fn an_exception_is_read_and_ends_on_its_day() {
        let config = Config::parse(&SourceFile::new(FILE, EXCEPTION)).unwrap();
        let exception = &config.account_exceptions[0];
        assert_eq!((exception.owner.as_str(), exception.controls.len()), ("Dana", 1));
        let at = |day| moment::parse(day).unwrap();
        assert!(!exception.has_ended(at("2026-12-30")));
        assert!(exception.has_ended(at("2026-12-31")), "half-open, as all intervals are (D5)");
    }

    #[test]
    fn an_exception_without_owner_reason_or_end_is_an_error() {
        for (without, instead) in [
            ("owner = \"Dana\"", "owner = \" \""),
            ("reason = \"a lab of its own\"", "reason = \"\""),
            ("until = 2026-12-31\n", ""),
            ("until = 2026-12-31", "until = \"soon\""),
        ] {
            let text = EXCEPTION.replace(without, instead);
            assert!(Config::parse(&SourceFile::new(FILE, text)).is_err(), "{without}");
        }
    }
}
