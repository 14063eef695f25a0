//! Coverage that a change loses at a later moment, which is recorded already: an end that is written down before its day. Both sides are
//! asked at each moment at which one of them says that coverage changes.

use std::collections::{BTreeMap, BTreeSet};

use super::causes::{Causes, Trials};
use super::differences::{self, Answers, Difference, Subject};
use super::group::Sides;
use super::pieces::{Piece, What};
use super::{CoverageEntry, Side};
use crate::assessment::Options;
use crate::history::{self, Query, Turn};
use crate::inventory::Inventory;
use crate::moment::{self, Moment};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::Coverage;

/// That rules reckon with dates: when their answers change is not known.
pub(super) const UNTOLD: &str = "what is lost at later moments: the rules reckon with dates";

/// What no difference compares, and a change that does nothing to what it does may change.
pub(super) const ENDING: &str = "who can end coverage otherwise than by terminating: by leaving, removing, closing, deleting or accepting an invitation";

/// Whether a piece of a change may have to do with what principals may do, and not with agreements and settings alone.
pub(super) fn concerns_permissions(piece: &Piece) -> bool {
    match &piece.of {
        What::Entity(uid) | What::Attribute(uid, _) | What::Element(uid, ..) | What::Tags(uid) => {
            !["Agreement", "CustomerAgreement", "OfflineAgreement", "Report", "Service"].contains(&uid.ty.as_str())
        }
        What::Position(_) | What::Parent(..) | What::Statement(..) | What::Document(_) => true,
        What::Settings => false,
    }
}

/// Whether a piece of a change is about an agreement that is accepted or terminated.
pub(super) fn concerns_agreements(piece: &Piece) -> bool {
    match &piece.of {
        What::Entity(uid) | What::Attribute(uid, _) | What::Element(uid, ..) => {
            ["CustomerAgreement", "OfflineAgreement"].contains(&uid.ty.as_str())
        }
        _ => false,
    }
}

/// Whether a piece of a change may have to do with coverage: it is about an account, an organization or an agreement, or about settings.
pub(super) fn concerns_coverage(piece: &Piece) -> bool {
    let of = match &piece.of {
        What::Entity(uid) | What::Position(uid) | What::Parent(uid, _) | What::Tags(uid) => uid,
        What::Element(uid, ..) | What::Attribute(uid, _) => uid,
        What::Statement(..) | What::Document(_) => return false,
        What::Settings => return true,
    };
    let types = ["Account", "Agreement", "CustomerAgreement", "OfflineAgreement", "Organization", "OrganizationalUnit"];
    types.contains(&of.ty.as_str())
}

/// An account, and a kind of agreement.
pub(crate) type Of = (String, String);

/// What is lost after the moment asked; `None` where the rules do not tell when their answers change. With each entry its causes are
/// pieces of the same list.
pub(super) fn losses(
    (base, head): (&Side<'_>, &Side<'_>),
    rules: &RuleBook,
    trials: &Trials<'_>,
    answers: [&Answers; 2],
) -> Result<Option<Vec<CoverageEntry>>, Failure> {
    if trials.pieces.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let turns = |side: &Side<'_>| {
        let Options { at, filter, .. } = head.options;
        turns(side.inventory, rules, &from_then_on(*at, filter.accounts.clone(), filter.agreements.clone()))
    };
    let (Some(old), Some(new)) = (turns(base)?, turns(head)?) else { return Ok(None) };
    let first = |of: &Of| {
        answers.map(|side| {
            let subject = Subject::Coverage { account: of.0.clone(), kind: of.1.clone() };
            side.get(&subject).coverage().coverage
        })
    };
    let mut found = Vec::new();
    for (loss, lost) in losses_of([&old, &new], first) {
        found.extend(entries((base, head), rules, trials, (loss, &lost))?);
    }
    Ok(Some(found))
}

/// Everything that is recorded after a moment.
pub(crate) fn from_then_on(at: Moment, accounts: Vec<String>, kinds: Vec<String>) -> Query {
    Query { from: Some(at), to: moment::never(), accounts, kinds }
}

/// The changes of coverage; `None` where the rules do not tell when their answers change.
pub(crate) fn turns(inventory: &Inventory, rules: &RuleBook, query: &Query) -> Result<Option<Vec<Turn>>, Failure> {
    match history::turns(inventory, rules, query) {
        Ok(turns) => Ok(Some(turns)),
        Err(Failure::Problems(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// A time in which something is not covered that the old inventory covers when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Loss {
    /// From when on.
    pub at: Moment,
    /// Until when, where it is recorded that the new inventory covers it again.
    pub until: Option<Moment>,
    /// From when on the old inventory does not cover it either, where that is before it is over.
    pub anyway: Option<Moment>,
}

/// The times in which something is not covered that the old inventory covers, and what: each once. `first` tells how something
/// stands on both sides before all of them.
pub(crate) fn losses_of(
    turns: [&Vec<Turn>; 2],
    first: impl Fn(&Of) -> [Option<Coverage>; 2],
) -> BTreeMap<Loss, BTreeSet<Of>> {
    let mut by: BTreeMap<Of, BTreeMap<Moment, [Option<Coverage>; 2]>> = BTreeMap::new();
    for (side, turns) in turns.into_iter().enumerate() {
        for turn in turns {
            let of = by.entry((turn.account.clone(), turn.kind.clone())).or_default();
            if let Some(state) = of.entry(turn.at).or_default().get_mut(side) {
                *state = Some(turn.after.coverage);
            }
        }
    }
    let mut found: BTreeMap<Loss, BTreeSet<Of>> = BTreeMap::new();
    for (of, moments) in by {
        let mut states = first(&of);
        // what is lost stays so until it is covered again, whatever becomes of it without the changes
        let (mut is_told, mut open) = (is_lost(states), None::<Loss>);
        for (at, turned) in moments {
            states = [turned[0].or(states[0]), turned[1].or(states[1])];
            if states[1] == Some(Coverage::Covered) {
                is_told = false;
                if let Some(loss) = open.take() {
                    found.entry(Loss { until: Some(at), ..loss }).or_default().insert(of.clone());
                }
            } else if is_lost(states) {
                // what is covered again without the changes is lost again
                match &mut open {
                    Some(loss) => loss.anyway = None,
                    None if !is_told => open = Some(Loss { at, until: None, anyway: None }),
                    None => {}
                }
                is_told = true;
            } else if let Some(loss) = &mut open {
                loss.anyway = loss.anyway.or(Some(at));
            }
        }
        if let Some(loss) = open {
            found.entry(loss).or_default().insert(of);
        }
    }
    found
}

fn is_lost([old, new]: [Option<Coverage>; 2]) -> bool {
    old == Some(Coverage::Covered) && new != Some(Coverage::Covered)
}

/// The entries of what is lost from a moment on.
fn entries(
    (base, head): (&Side<'_>, &Side<'_>),
    rules: &RuleBook,
    trials: &Trials<'_>,
    (Loss { at, until, anyway }, lost): (Loss, &BTreeSet<Of>),
) -> Result<Vec<CoverageEntry>, Failure> {
    let options = |side: &Side<'_>| {
        let mut options = Options { at, ..side.options.clone() };
        options.filter.without_principals = true;
        options.filter.accounts = lost.iter().map(|(account, _)| account.clone()).collect();
        options
    };
    let (of_base, of_head) = (options(base), options(head));
    let (old, before) = Answers::assess(base.inventory, rules, &of_base)?;
    let (new, after) = Answers::assess(head.inventory, rules, &of_head)?;
    let is_told = |d: &Difference| match &d.subject {
        Subject::Coverage { account, kind } => lost.contains(&(account.clone(), kind.clone())),
        _ => false,
    };
    let differences: Vec<Difference> = differences::differences(&old, &new).into_iter().filter(is_told).collect();
    let then = Trials { options: (&of_base, &of_head), ..*trials };
    let causes: Vec<Causes> = then.causes(&differences);
    let sides = Sides { before: &before, after: &after, answers: [&old, &new] };
    let (_, mut coverage, _) = sides.entries(&differences, &causes);
    coverage.retain(CoverageEntry::is_loss);
    for entry in &mut coverage {
        entry.from = Some(moment::format(at));
        entry.until = until.map(moment::format);
        entry.anyway_from = anyway.map(moment::format);
    }
    Ok(coverage)
}
