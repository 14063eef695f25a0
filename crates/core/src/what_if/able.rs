//! Whether anybody is known who can make the changes of a plan: what `who-can` answers of everyone in the accounts that could make each,
//! by any of its ways, in the state that the changes before it leave.
//!
//! What no inventory says of a way, such as whether an account has what a standalone account needs, is no obstacle here: it is advised
//! on. Changes that are no operation of the rules are not asked about.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::gates::ways;
use super::made::Made;
use super::{Change, denial, steps};
use crate::agreements::Agreements;
use crate::assessment::answered::Answered;
use crate::assessment::possible::Asked;
use crate::assessment::{Assessment, Filter, OperationAnswer, Options, PrincipalAnswer, assess};
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Entity};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::{Decision, PrincipalKind, Scope};

/// A change of a plan that nobody is known to be able to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Unmade {
    /// The change, counted from one.
    pub change: usize,
    /// What it is.
    pub what: String,
    /// Nobody can, or of somebody it is not known.
    pub decision: Decision,
    /// Why.
    pub because: Vec<String>,
}

/// A way to make a change.
struct Way {
    operation: &'static str,
    account: String,
    scope: Option<Scope>,
    kind: Option<String>,
    member: Option<String>,
    /// The acceptance that it ends, where one is named.
    acceptance: Option<String>,
}

/// Of the changes of a plan, those that nobody is known to be able to make.
pub fn unmade(
    base: &Inventory,
    rules: &RuleBook,
    changes: &[Change],
    options: &Options,
) -> Result<Vec<Unmade>, Failure> {
    stack::evaluate(|| {
        let made = Made::of(&Agreements::new(base, rules, options.at), changes);
        // by the number of changes that are made before
        let mut by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (step, change) in changes.iter().enumerate() {
            by.entry(as_early(base, changes, &made, (step, change))).or_default().push(step);
        }
        let able = Able { rules, changes, options };
        let mut found = able.unmade(base, by.get(&0))?;
        let last = by.keys().next_back().copied().unwrap_or_default();
        steps(base, changes.get(..last).unwrap_or(changes), options.at, |step, inventory| {
            found.extend(able.unmade(inventory, by.get(&(step + 1)))?);
            Ok(())
        })?;
        found.sort_by_key(|unmade| unmade.change);
        Ok(found)
    })
}

/// All changes that are not made: those that nobody is known to be able to make, and those that AWS refuses.
pub fn all(unmade: Vec<Unmade>, refused: Vec<Unmade>) -> Vec<Unmade> {
    let mut by: BTreeMap<usize, Unmade> = unmade.into_iter().map(|one| (one.change, one)).collect();
    for one in refused {
        match by.get_mut(&one.change) {
            Some(there) => {
                there.decision = one.decision;
                there.because.extend(one.because);
            }
            None => drop(by.insert(one.change, one)),
        }
    }
    by.into_values().collect()
}

/// How many changes have to be made before it is known who can make one that comes after so many: what an account does by itself does
/// not decide what can be done in another, nor about another kind, so that many are asked about together.
fn as_early(base: &Inventory, changes: &[Change], made: &Made, (step, change): (usize, &Change)) -> usize {
    if !is_of_account(base, change) {
        return step;
    }
    let accounts: Vec<&str> = change.accounts();
    let kind = match change {
        Change::Accept { kind, .. } | Change::RemoveDesignation { kind, .. } => Some(kind),
        Change::Terminate { kind, .. } => kind.as_ref(),
        _ => None,
    };
    let touches = |before: usize| {
        accounts.iter().any(|account| match kind {
            Some(kind) => !made.to(account, kind, before).is_empty(),
            None => made.words(account, before).next().is_some(),
        })
    };
    let is_quiet = |before: &usize| changes.get(*before).is_some_and(|c| is_of_account(base, c)) && !touches(*before);
    (0..step).rev().find(|before| !is_quiet(before)).map_or(0, |before| before + 1)
}

/// Whether a change is one that an account makes by itself, or that is made to it alone.
fn is_of_account(inventory: &Inventory, change: &Change) -> bool {
    match change {
        Change::Leave { .. } | Change::Join { .. } | Change::Close { .. } | Change::RemoveDesignation { .. } => true,
        Change::Accept { by, .. } | Change::Terminate { of: by, .. } => inventory.entity("Account", by).is_some(),
        _ => false,
    }
}

struct Able<'a> {
    rules: &'a RuleBook,
    changes: &'a [Change],
    options: &'a Options,
}

impl Able<'_> {
    /// Of these changes, those that nobody is known to be able to make where an inventory is as it is.
    fn unmade(&self, inventory: &Inventory, these: Option<&Vec<usize>>) -> Result<Vec<Unmade>, Failure> {
        let agreements = Agreements::new(inventory, self.rules, self.options.at);
        let mut asked: Vec<(usize, &Change, Vec<Way>)> = Vec::new();
        for step in these.into_iter().flatten() {
            let Some(change) = self.changes.get(*step) else { continue };
            let ways: Vec<Way> =
                ways(&agreements.tree, inventory, change).iter().map(|way| Way::of(way, change)).collect();
            let is_known = |way: &Way| self.rules.operations.operation(way.operation).is_some();
            if !ways.is_empty() && ways.iter().all(is_known) {
                asked.push((*step, change, ways));
            }
        }
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let answers = Answered::of(self.assess(inventory, &asked, false)?);
        let is_settled =
            |(_, _, ways): &&(usize, &Change, Vec<Way>)| ways.iter().any(|way| can(&answers, self.rules, way));
        asked.retain(|asked| !is_settled(&asked));
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        // what is active already need not be accepted, and what is not can be: which of the two it is need not be known
        if let Some(listed) = all_listed(inventory) {
            let otherwise = Answered::of(self.assess(&listed, &asked, false)?);
            asked.retain(|(_, _, ways)| {
                let is_open = ways.iter().any(|way| about(&answers, way).any(|(_, answer)| is_unknown(answer)));
                !(is_open && ways.iter().any(|way| can(&otherwise, self.rules, way)))
            });
        }
        let calls = Answered::of(self.assess(inventory, &asked, true)?);
        Ok(asked.iter().map(|(step, change, ways)| told((*step, change, ways), &answers, &calls)).collect())
    }

    /// The answers of everyone in the accounts that could make changes; `calls`: as IAM decides the calls, of the operations that end
    /// something and for which the console asks more.
    fn assess(
        &self,
        inventory: &Inventory,
        asked: &[(usize, &Change, Vec<Way>)],
        calls: bool,
    ) -> Result<Option<Assessment>, Failure> {
        let is_asked =
            |way: &&Way| !calls || way.operation != ACCEPTING && self.rules.asks_before_the_call(way.operation);
        let ways: Vec<&Way> = asked.iter().flat_map(|(_, _, ways)| ways).filter(is_asked).collect();
        if ways.is_empty() {
            return Ok(None);
        }
        let accounts: BTreeSet<&String> = ways.iter().map(|way| &way.account).collect();
        let operations: BTreeSet<&str> = ways.iter().map(|way| way.operation).collect();
        let filter = Filter {
            accounts: accounts.into_iter().cloned().collect(),
            operations: operations.into_iter().map(str::to_owned).collect(),
            members: Some(ways.iter().filter_map(|way| way.member.clone()).collect()),
            answers_alone: true,
            ..Filter::default()
        };
        let options = Options { filter, any_request: false, by_the_call: calls, ..self.options.clone() };
        assess(inventory, self.rules, &options).map(Some)
    }
}

/// The operation by which an agreement is accepted.
const ACCEPTING: &str = "accept-agreement";

impl Way {
    fn of(asked: &Asked<'_>, change: &Change) -> Self {
        let acceptance = match change {
            Change::Terminate { of, kind: None } => Some(of.clone()),
            _ => None,
        };
        Self {
            operation: asked.operation,
            account: asked.account.to_owned(),
            scope: asked.scope,
            kind: asked.kind.map(str::to_owned),
            member: asked.member.map(str::to_owned),
            acceptance,
        }
    }

    /// Whether an answer is about it.
    fn is(&self, answer: &OperationAnswer) -> bool {
        answer.scope == self.scope
            && self.kind.as_ref().is_none_or(|kind| answer.agreement.as_ref().is_none_or(|of| of == kind))
            && self.member.as_ref().is_none_or(|member| answer.member.as_ref() == Some(member))
    }

    /// The answer about the acceptance that is named, of several in force; about all of them, where none is.
    fn decision(&self, answer: &OperationAnswer) -> Decision {
        if let Some(decision) = self.acceptance.as_ref().and_then(|id| answer.each.get(id)) {
            return *decision;
        }
        if self.operation != TERMINATING || answer.each.is_empty() {
            return answer.decision;
        }
        let all = || answer.each.values();
        match (all().any(|d| *d == Decision::Deny), all().any(|d| *d == Decision::Unknown)) {
            (true, _) => Decision::Deny,
            (false, true) => Decision::Unknown,
            (false, false) => Decision::Allow,
        }
    }
}

/// The operation by which an agreement is terminated.
const TERMINATING: &str = "terminate-agreement";

/// The answers about a way.
fn about<'a>(answers: &'a Answered, way: &'a Way) -> impl Iterator<Item = (&'a PrincipalAnswer, &'a OperationAnswer)> {
    answers.about((&way.account, way.operation), way.member.as_deref()).filter(|(_, answer)| way.is(answer))
}

/// Whether somebody can go a way, as far as an inventory can say.
fn can(answers: &Answered, rules: &RuleBook, way: &Way) -> bool {
    about(answers, way).any(|(_, answer)| is_possible(rules, way.decision(answer), answer))
}

/// Whether somebody of whom this is the answer can do it, as far as an inventory can say.
pub(super) fn is_possible(rules: &RuleBook, decision: Decision, answer: &OperationAnswer) -> bool {
    match decision {
        Decision::Allow => true,
        Decision::Deny => false,
        Decision::Unknown => answer.depends_on.is_empty() && !answer.gates.is_empty() && is_beyond(rules, answer),
    }
}

/// Whether nothing stands before something but what no inventory says, whoever asks.
fn is_beyond(rules: &RuleBook, answer: &OperationAnswer) -> bool {
    answer.gates.iter().all(|gate| {
        let rule = rules.rules.get(&gate.id);
        rule.is_some_and(|r| r.get("uncertain").is_some() && r.get("state").is_none() && r.requires.is_empty())
    })
}

/// Why nobody is known who can make a change.
fn told((step, change, ways): (usize, &Change, &[Way]), answers: &Answered, calls: &Answered) -> Unmade {
    let is_open = |way: &Way| about(answers, way).any(|(_, answer)| way.decision(answer) == Decision::Unknown);
    let is_by_the_call = |way: &Way| about(calls, way).any(|(_, answer)| way.decision(answer) != Decision::Deny);
    let is_unknown = ways.iter().any(|way| is_open(way) || is_by_the_call(way));
    let decision = if is_unknown { Decision::Unknown } else { Decision::Deny };
    let mut because = Vec::new();
    for way in ways {
        let why = match decision {
            Decision::Unknown if is_open(way) => open(&about(answers, way).collect::<Vec<_>>()),
            Decision::Unknown if is_by_the_call(way) => vec![BY_THE_CALL.to_owned()],
            _ => why_nobody(about(answers, way)),
        };
        let of =
            |why: String| if ways.len() > 1 { format!("{} in {}: {why}", way.operation, way.account) } else { why };
        because.extend(why.into_iter().map(of));
    }
    Unmade { change: step + 1, what: change.to_string(), decision, because }
}

/// Why it is not known of those whom the console does not let.
const BY_THE_CALL: &str = "the console asks everybody for a permission that they lack, and IAM lets somebody make the call itself: no source \
                           says whether AWS Artifact carries it out";

fn is_unknown(answer: &OperationAnswer) -> bool {
    answer.decision == Decision::Unknown
}

/// The same where all agreements were listed; `None` where they were. What is active already covers, and what is not can be accepted:
/// which of the two it is need not be known.
fn all_listed(inventory: &Inventory) -> Option<Inventory> {
    const KNOWN: &str = "agreementsKnown";
    let is_open = |entity: &Entity| entity.bool(KNOWN) == Some(false);
    if !inventory.of_type("Account").any(is_open) {
        return None;
    }
    let mut listed = inventory.clone();
    for entity in listed.entities.values_mut().filter(|entity| is_open(entity)) {
        if let Some(item) = entity.attrs.get_mut(KNOWN) {
            item.attr = Attr::Bool(true);
        }
    }
    Some(listed)
}

/// Why it is not known of those of whom it is not known.
fn open(answers: &[(&PrincipalAnswer, &OperationAnswer)]) -> Vec<String> {
    let why = |(_, answer): &(&PrincipalAnswer, &OperationAnswer)| {
        let on: Vec<&str> = answer.depends_on.iter().map(|d| d.key.as_str()).collect();
        let why = answer.reason.clone().or_else(|| answer.message.clone());
        let depends = (!on.is_empty()).then(|| format!("it depends on {}", on.join(", ")));
        why.into_iter().chain(depends).collect::<Vec<_>>().join("; ")
    };
    let unknown = answers.iter().filter(|(_, answer)| is_unknown(answer));
    let found: BTreeSet<String> = unknown.map(why).filter(|why| !why.is_empty()).collect();
    found.into_iter().collect()
}

/// What stops the root user: whatever policies say of others, of it they say nothing, and what binds it binds everyone there.
pub(crate) fn why_nobody<'a>(answers: impl Iterator<Item = (&'a PrincipalAnswer, &'a OperationAnswer)>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, answer) in answers.filter(|(principal, _)| principal.kind == PrincipalKind::Root) {
        let why = answer.reason.clone().or_else(|| answer.message.clone()).unwrap_or_default();
        let denials: BTreeSet<String> = answer.gates.iter().flat_map(|g| &g.because).map(denial).collect();
        let denials: Vec<String> = denials.into_iter().collect();
        let told = if denials.is_empty() { why } else { format!("{why} ({})", denials.join(", ")) };
        if !told.is_empty() && !found.contains(&told) {
            found.push(told);
        }
    }
    found
}
