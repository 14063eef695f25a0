//! What can be wrong with an offline agreement: its kind, and the accounts that it names.

use std::collections::{BTreeMap, BTreeSet};

use super::check::ends;
use super::entity::{Entity, Item, Uid};
use crate::moment::Moment;
use crate::problem::{Problem, Span, did_you_mean, meant};

type Entities = BTreeMap<Uid, Entity>;

/// A kind that is written almost as a known one would be another kind, which covers nothing that was meant.
pub fn near_kind(entities: &Entities, entity: &Entity, counts: impl Fn(&Entity) -> bool) -> Option<Problem> {
    let agreements = entities.values().filter(|e| e.uid.ty == "Agreement" && counts(e));
    let known: BTreeSet<&str> = agreements.filter_map(|e| e.str("kind")).collect();
    let kind = entity.str("kind").filter(|k| !known.contains(k))?;
    let near = did_you_mean(kind, known.iter().copied())?;
    let message = format!("`{kind}` is another kind of agreement than `{near}`");
    let problem = entity.problem(entity.span_of("kind"), message).help(meant(near));
    // only letters in another case: nobody means two kinds by that
    Some(if kind.eq_ignore_ascii_case(near) { problem } else { problem.warning() })
}

/// A designation, and where it stands.
struct Designated<'e> {
    account: &'e str,
    from: Moment,
    until: Option<Moment>,
    span: Span,
}

/// All that is wrong with an offline agreement by itself and with its designations.
pub fn check(entities: &Entities, entity: &Entity) -> Vec<Problem> {
    let mut problems: Vec<Problem> = near_kind(entities, entity, |_| true).into_iter().collect();
    let mut designated: Vec<Designated<'_>> =
        entity.set("designations").unwrap_or_default().iter().filter_map(designation).collect();
    let ended = |d: &Designated<'_>| d.until.filter(|until| d.from >= *until).map(|until| (d.span, d.from, until));
    for (span, from, until) in designated.iter().filter_map(ended) {
        let problem = entity.problem(span, format!("this designation {}", ends((from, until))));
        problems.push(problem.help("correct `from` or `until`"));
    }
    designated.sort_by_key(|d| (d.account, d.from, d.span));
    for pair in designated.windows(2) {
        if let [first, second] = pair {
            problems.extend(overlap(entity, first, second));
        }
    }
    problems.extend(partitions(entities, entity, &designated));
    problems
}

fn designation(item: &Item) -> Option<Designated<'_>> {
    let fields = item.record()?;
    let account = fields.get("account")?.id()?;
    let until = fields.get("until").and_then(Item::moment);
    Some(Designated { account, from: fields.get("from")?.moment()?, until, span: item.span })
}

/// An account is designated once at a time: of two, one has a wrong date, and since when it is covered would be a guess.
fn overlap(entity: &Entity, first: &Designated<'_>, second: &Designated<'_>) -> Option<Problem> {
    if first.account != second.account || first.until.is_some_and(|until| until <= second.from) {
        return None;
    }
    let message = format!("account {} is designated twice at the same time", second.account);
    let help = format!(
        "the other designation is at {}: end the earlier one with `until` at or before the `from` of the later one",
        entity.at(first.span)
    );
    Some(entity.problem(second.span, message).help(help))
}

/// An offline agreement is one of a partition (D15). The one that it declares is for the rules to hold against that of each
/// account; where it declares none, its accounts have to tell it.
fn partitions(entities: &Entities, entity: &Entity, designated: &[Designated<'_>]) -> Vec<Problem> {
    let of = |d: &Designated<'_>| entities.get(&Uid::new("Account", d.account))?.str("partition");
    let declared = entity.str("partition");
    let Some(own) = declared.or_else(|| designated.iter().min_by_key(|d| d.span).and_then(of)) else {
        return Vec::new();
    };
    let others = designated.iter().filter_map(|d| Some((d, of(d).filter(|p| *p != own)?)));
    let problem = |(d, partition): (&Designated<'_>, &str)| {
        let account = d.account;
        if declared.is_some() {
            let message = format!("account {account} is in {partition}, and this agreement is one of {own} (D15)");
            return entity.problem(d.span, message).help("it is not covered by this agreement").warning();
        }
        let message =
            format!("account {account} is in {partition}, and another account of this agreement in {own} (D15)");
        entity.problem(d.span, message).help("say by \"partition\" which of the two the agreement is of")
    };
    others.map(problem).collect()
}
