//! Days that are over on which an account held PHI without coverage (D3, R79), and that a change of what it declares of PHI takes out of the
//! record: the findings of those days are gone.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::causes::Trials;
use super::differences::{Answers, Difference, FindingChange, State, Subject, differences};
use super::group::Sides;
use super::pieces::{Piece, What};
use super::{FindingEntry, Side};
use crate::assessment::{Assessment, Options};
use crate::finding::Severity;
use crate::history::{self, Interval, Query};
use crate::moment::{self, Moment};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::Coverage;

/// A time that is over, of an account: [from, until).
type Span = (Option<Moment>, Moment);

/// The findings that are gone of days that are over. What is so until the moment asked is told there.
pub(super) fn gone(
    [base, head]: [&Side<'_>; 2],
    (trials, rules): (&Trials<'_>, &RuleBook),
    assessed: [&Assessment; 2],
) -> Result<Vec<FindingEntry>, Failure> {
    let end = base.options.at.min(head.options.at);
    let asked = &head.options.filter.accounts;
    let of_phi = trials.pieces.iter().filter_map(declares_phi);
    let accounts: BTreeSet<&String> = of_phi.filter(|id| asked.is_empty() || asked.contains(id)).collect();
    let mut found = Vec::new();
    for account in accounts {
        let told = |side: &Side<'_>| {
            let kinds = rules.hipaa_kinds().iter().cloned().collect();
            let query = Query { from: None, to: end, accounts: vec![account.clone()], kinds };
            history::history(side.inventory, rules, &query)
        };
        let (old, new) = match (told(base), told(head)) {
            (Err(Failure::Problems(_)), _) | (_, Err(Failure::Problems(_))) => continue,
            (old, new) => (old?, new?),
        };
        let rows = |told: history::History| told.accounts.into_iter().flat_map(|a| a.agreements).collect::<Vec<_>>();
        let (old, new) = (rows(old), rows(new));
        let mut spans: BTreeSet<Span> = BTreeSet::new();
        for row in &old {
            let other = new.iter().find(|other| other.kind == row.kind);
            spans.extend(vanished(&row.intervals, other.map_or(&[][..], |other| &other.intervals), end));
        }
        for span in spans {
            found.extend(at(account, span, trials, rules, assessed)?);
        }
    }
    Ok(found)
}

/// The account of which a piece says otherwise that it holds PHI, or since when.
fn declares_phi(piece: &Piece) -> Option<&String> {
    match &piece.of {
        What::Attribute(uid, attr) | What::Element(uid, attr, _) if attr == "phi" => Some(&uid.id),
        What::Tags(uid) if uid.ty == "Account" => Some(&uid.id),
        _ => None,
    }
}

/// The times before an end in which PHI was held without coverage by the old intervals, and was not held by the new ones.
fn vanished(old: &[Interval], new: &[Interval], end: Moment) -> Vec<Span> {
    let all = old.iter().chain(new).map(|i| i.span().0);
    let moments: BTreeSet<Option<Moment>> = all.filter(|from| from.is_none_or(|from| from < end)).collect();
    let at = |intervals: &[Interval], from: Option<Moment>| {
        let stands = intervals.iter().rfind(|i| i.span().0 <= from);
        stands.map(|i| (i.coverage != Coverage::Covered, i.holds_phi))
    };
    let ends = moments.iter().copied().skip(1).flatten().chain([end]);
    let mut found: Vec<Span> = Vec::new();
    for (from, until) in moments.iter().zip(ends) {
        let was = at(old, *from) == Some((true, Some(true)));
        if was && at(new, *from).is_none_or(|(_, holds)| holds != Some(true)) {
            match found.last_mut().filter(|(_, last)| Some(*last) == *from) {
                Some(last) => last.1 = until,
                None => found.push((*from, until)),
            }
        }
    }
    found.retain(|(_, until)| *until < end);
    found
}

/// The findings of an account that are gone at the first moment of a time.
fn at(
    account: &str,
    (from, until): Span,
    trials: &Trials<'_>,
    rules: &RuleBook,
    assessed: [&Assessment; 2],
) -> Result<Vec<FindingEntry>, Failure> {
    let moment = from.unwrap_or(until - TimeDelta::seconds(1));
    let options = |options: &Options| {
        let mut options = Options { at: moment, ..options.clone() };
        options.filter.without_principals = true;
        options.filter.accounts = vec![account.to_owned()];
        options
    };
    let (of_base, of_head) = (options(trials.options.0), options(trials.options.1));
    let (old, before) = Answers::assess(trials.base, rules, &of_base)?;
    let (new, _) = Answers::assess(trials.head, rules, &of_head)?;
    let is_gone = |d: &Difference| matches!(d.subject, Subject::Finding(..)) && d.after != State::Found;
    let differences: Vec<Difference> = differences(&old, &new).into_iter().filter(is_gone).collect();
    let then = Trials { options: (&of_base, &of_head), ..*trials };
    let causes = then.causes(&differences);
    let sides = Sides { before: &before, after: assessed[1], answers: [&old, &new] };
    let (_, _, mut findings) = sides.entries(&differences, &causes);
    let since = from.map_or_else(|| "before".to_owned(), |from| format!("from {} until", moment::format(from)));
    findings.retain(|entry| entry.change == FindingChange::Gone && entry.severity == Severity::Error);
    for entry in &mut findings {
        entry.message = format!("{}: {since} {}, on days that are over", entry.message, moment::format(until));
    }
    Ok(findings)
}
