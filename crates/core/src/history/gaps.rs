//! Gaps: when an account was not covered after it had been, or while it held PHI or may have held it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Event, Interval};
use crate::inventory::Inventory;
use crate::inventory::entity::Item;
use crate::inventory::model::Account;
use crate::moment::{self, Moment};
use crate::terms::{Coverage, terms};

terms! {
    /// Whether an account held PHI during a gap.
    Held {
        /// It says nothing of PHI.
        No = "no",
        /// It says that it holds PHI, and not since when.
        Undated = "undated",
        /// Whether it did is unknown.
        Unknown = "unknown",
        /// The register says so, with its date.
        Yes = "yes",
    }
}

/// A time without coverage, half-open: [from, until).
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Gap {
    /// When it began; null for before everything that is known.
    pub from: Option<String>,
    /// When it ended; null where nothing that is known ends it.
    pub until: Option<String>,
    /// `not-covered` or `unknown`, throughout: a time that is the one in part and the other in part is two gaps.
    pub coverage: Coverage,
    /// Whether the account held PHI in some of it; null for kinds of agreement that PHI does not ask for.
    pub phi: Option<Held>,
    /// What happened when it ended.
    pub ended_with: Vec<Event>,
    #[serde(skip)]
    pub(crate) span: (Option<Moment>, Option<Moment>),
}

impl Gap {
    /// When it began and ended.
    pub fn span(&self) -> (Option<Moment>, Option<Moment>) {
        self.span
    }
}

/// What the register says of when PHI is held.
pub struct Register {
    dated: bool,
}

/// Of an account.
pub fn held(inventory: &Inventory, account: &Account) -> Register {
    let phi = inventory.entity("Account", &account.id).and_then(|e| e.record("phi"));
    let since = phi.and_then(|phi| phi.get("since")).and_then(Item::moment);
    Register { dated: since.is_some() }
}

/// The gaps between the intervals of one kind. What lies before the first coverage is none, unless PHI was held then, or may have been:
/// PHI without cover is a gap, whether or not there ever was cover.
pub fn of(intervals: &[Interval], register: &Register, is_hipaa: bool) -> Vec<Gap> {
    let (mut gaps, mut been) = (Vec::<Gap>::new(), false);
    let mut open = false;
    for interval in intervals {
        if interval.coverage == Coverage::Covered {
            (been, open) = (true, false);
            continue;
        }
        let phi = is_hipaa.then(|| phi(interval, register));
        if !been && phi.is_none_or(|held| held == Held::No) {
            open = false;
            continue;
        }
        match gaps.last_mut().filter(|gap| open && gap.coverage == interval.coverage) {
            Some(gap) => {
                gap.span.1 = interval.span.1;
                gap.until = interval.span.1.map(moment::format);
                gap.ended_with.clone_from(&interval.ended_with);
                // in words, `yes` comes last
                gap.phi = gap.phi.max(phi);
            }
            None => gaps.push(Gap {
                from: interval.span.0.map(moment::format),
                until: interval.span.1.map(moment::format),
                coverage: interval.coverage,
                phi,
                ended_with: interval.ended_with.clone(),
                span: interval.span,
            }),
        }
        open = true;
    }
    gaps
}

fn phi(interval: &Interval, register: &Register) -> Held {
    match interval.holds_phi {
        Some(true) if register.dated => Held::Yes,
        Some(true) => Held::Undated,
        Some(false) => Held::No,
        None => Held::Unknown,
    }
}
