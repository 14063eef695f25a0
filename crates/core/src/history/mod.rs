//! Coverage over time: for each account and kind of agreement the intervals in which one agreement governs it, the events at
//! their edges with their evidence, and the gaps between them.
//!
//! Nothing is decided here. [`edges`] finds the moments at which anything can change that the policies read of an account, and
//! the policies that `evaluate` asks are asked at each of these moments, and at no other. Between two of them nothing changes,
//! so what was answered at the first holds until the second.
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_core::history::{Query, history};
//! use countersign_core::inventory::Inventory;
//! use countersign_core::inventory::schema::EntitySchema;
//! use countersign_core::moment;
//! use countersign_core::policies::RuleBook;
//! use countersign_core::source::Memory;
//! use countersign_core::terms::Coverage;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let files = Memory::new("a clinic").with(
//!     "entities.json",
//!     r#"[{"uid": "111122223333"},
//!         {"uid": "CustomerAgreement::\"customer-agreement-abcdef0123456789\"",
//!          "attrs": {"agreement": "baa", "account": "111122223333", "effectiveStart": "2024-03-05"}}]"#,
//! );
//! let schema = Arc::new(EntitySchema::built_in()?);
//! let rules = RuleBook::built_in(&schema)?;
//! let inventory = Inventory::load(&files, schema)?;
//! let to = moment::parse("2026-11-01").ok_or("not a moment")?;
//! let found = history(&inventory, &rules, &Query { to, ..Query::default() })?;
//! let baa = found.accounts[0].agreements.iter().find(|row| row.kind == "baa").ok_or("no BAA")?;
//! assert_eq!(baa.intervals[0].coverage, Coverage::NotCovered);
//! assert_eq!(baa.intervals[1].from.as_deref(), Some("2024-03-05T00:00:00Z"));
//! # Ok(())
//! # }
//! ```

mod day;
mod edges;
mod events;
mod gaps;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use crate::agreements::{Agreements, KindCoverage};
use crate::assessment::Governing;
use crate::hipaa;
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::moment::{self, Moment};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::provenance::Provenance;
use crate::stack;
use crate::terms::Coverage;
pub use day::{Turn, moments, turns};
use edges::Edges;
pub use events::{Event, EventKind, Evidence};
pub use gaps::{Gap, Held};

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Intervals that end by this moment are left out; `None` for none.
    pub from: Option<Moment>,
    /// Intervals that begin after this moment are left out.
    pub to: Moment,
    /// Account numbers; all where it is empty.
    pub accounts: Vec<String>,
    /// Kinds of agreements; all where it is empty.
    pub kinds: Vec<String>,
}

/// Coverage over time; `schemas/history.v1.schema.json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct History {
    /// `countersign/history/v1`
    pub schema: &'static str,
    /// What it was made from; only at the top of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Arc<Provenance>>,
    /// The first moment asked; null for the beginning.
    pub from: Option<String>,
    /// The last moment asked.
    pub to: String,
    /// What is taken for granted at every moment: what the files tell without a date.
    pub assuming: Vec<String>,
    /// Organizations that may have other accounts, where all are asked about: these were not all listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts_not_listed_of: Vec<String>,
    /// The kinds of agreement by which an account is covered as HIPAA asks.
    pub hipaa_kinds: Vec<String>,
    /// By number.
    pub accounts: Vec<AccountHistory>,
}

/// What happened to an account.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountHistory {
    /// Its number.
    pub account: String,
    /// Its name, if declared.
    pub name: Option<String>,
    /// `aws`, `aws-us-gov`
    pub partition: String,
    /// All that happened to it, and to what it stood in.
    pub events: Vec<Event>,
    /// A kind a row.
    pub agreements: Vec<KindHistory>,
}

/// How an account was covered by agreements of one kind.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KindHistory {
    /// `baa`, …
    pub kind: String,
    /// In order, each beginning where the one before it ends.
    pub intervals: Vec<Interval>,
    /// When it was not covered, or may not have been, after it had been, or while the register says that it held PHI.
    pub gaps: Vec<Gap>,
}

/// A time in which nothing about the coverage of an account changed, half-open: [from, until).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Interval {
    /// When it began; null for before everything that is known.
    pub from: Option<String>,
    /// When it ended; null where nothing that is known ends it.
    pub until: Option<String>,
    /// What it is made of.
    #[serde(flatten)]
    pub state: State,
    /// What happened when it began.
    pub began_with: Vec<Event>,
    /// What happened when it ended.
    pub ended_with: Vec<Event>,
    /// That the account was closed within it: it ends nothing by itself (D14), and is no edge.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Event>,
    #[serde(skip)]
    pub(crate) span: (Option<Moment>, Option<Moment>),
}

impl Interval {
    /// When it began and ended.
    pub fn span(&self) -> (Option<Moment>, Option<Moment>) {
        self.span
    }
}

impl std::ops::Deref for Interval {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

/// What the rules say of one kind of agreement at a moment.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct State {
    /// Whether one is in force.
    pub coverage: Coverage,
    /// The agreement that governed.
    pub governing: Option<Governing>,
    /// Ids of agreements that another superseded.
    pub superseded: Vec<String>,
    /// Ids of agreements in force beside it.
    pub also_in_force: Vec<String>,
    /// Why it is unknown whether it supersedes others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_unknown: Option<String>,
    /// Why it is unknown whether others are in force beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also_in_force_unknown: Option<String>,
    /// Why it is unknown, or what governed is.
    pub reason: Option<String>,
    /// What is taken for granted.
    pub assuming: Vec<String>,
    /// The Cedar policies that decided.
    pub policies: Vec<String>,
    /// Whether the account held PHI, for kinds by which HIPAA asks it to be covered; null where it is unknown or not asked.
    pub holds_phi: Option<bool>,
}

/// Computes the history of an inventory, on a thread with enough stack for Cedar.
pub fn history(inventory: &Inventory, rules: &RuleBook, query: &Query) -> Result<History, Failure> {
    stack::evaluate(|| Historian::new(inventory, rules, query)?.tell())
}

/// An account's answers at one moment.
struct Answers {
    /// By kind.
    rows: BTreeMap<String, State>,
    holds_phi: Option<bool>,
}

/// Asks the rules about each account at each of its edges.
struct Historian<'a> {
    rules: &'a RuleBook,
    query: &'a Query,
    first: Agreements<'a>,
    edges: Edges<'a>,
    /// The agreements at each moment that was asked about.
    moments: HashMap<Moment, Rc<Agreements<'a>>>,
}

impl<'a> Historian<'a> {
    fn new(inventory: &'a Inventory, rules: &'a RuleBook, query: &'a Query) -> Result<Self, Failure> {
        let first = Agreements::new(inventory, rules, beginning());
        Ok(Self { rules, query, edges: Edges::new(inventory, rules)?, first, moments: HashMap::new() })
    }

    fn tell(mut self) -> Result<History, Failure> {
        let tree = self.first.tree.clone();
        let accounts: BTreeSet<&String> = self.query.accounts.iter().collect();
        let is_asked = |a: &&Account| accounts.is_empty() || accounts.contains(&a.id);
        let asked: Vec<&Account> = tree.accounts.values().filter(is_asked).collect();
        let accounts = asked.into_iter().map(|a| self.account(a)).collect::<Result<_, Failure>>()?;
        Ok(History {
            schema: "countersign/history/v1",
            provenance: None,
            from: self.query.from.map(moment::format),
            to: moment::format(self.query.to),
            assuming: Vec::new(),
            accounts_not_listed_of: self.not_listed(),
            hipaa_kinds: self.rules.hipaa_kinds().iter().cloned().collect(),
            accounts,
        })
    }

    fn not_listed(&self) -> Vec<String> {
        let all = self.first.inventory.of_type("Organization").filter(|_| self.query.accounts.is_empty());
        all.filter(|o| o.bool("accountsKnown") == Some(false)).map(|o| o.uid.id.clone()).collect()
    }

    fn account(&mut self, account: &Account) -> Result<AccountHistory, Failure> {
        let moments = self.edges.of(&self.first, account);
        let mut answers: Vec<(Option<Moment>, Answers)> = vec![(None, self.at(account, beginning())?)];
        for at in moments.into_iter().filter(|at| *at > beginning()) {
            answers.push((Some(at), self.at(account, at)?));
        }
        let events = events::of(&self.first, account);
        let mut kinds: Vec<&String> = answers.iter().flat_map(|(_, a)| a.rows.keys()).collect();
        kinds.sort();
        kinds.dedup();
        let is_asked = |kind: &&&String| self.query.kinds.is_empty() || self.query.kinds.contains(kind);
        let row = |kind: &String| self.kind(account, kind, &answers, &events);
        let agreements = kinds.iter().filter(is_asked).map(|kind| row(kind)).collect();
        let events = events.into_iter().filter(|e| self.is_within(Some(e.at), Some(e.at)));
        Ok(AccountHistory {
            account: account.id.clone(),
            name: account.name.clone(),
            partition: account.partition.clone(),
            events: events.map(|e| e.event).collect(),
            agreements,
        })
    }

    /// What the rules say of an account at a moment.
    fn at(&mut self, account: &Account, at: Moment) -> Result<Answers, Failure> {
        let agreements = self.moments.entry(at).or_insert_with(|| Rc::new(self.first.moved_to(at))).clone();
        let standing = agreements.standing(account)?;
        let services = agreements.inventory.entity("Account", &account.id).and_then(|e| e.record("phi"));
        let services = services.and_then(|phi| phi.get("services")).map(|s| s.ids()).unwrap_or_default();
        let more: Vec<Uid> = services.into_iter().map(|id| Uid::new("Service", id)).collect();
        let entities = agreements.entities_over_time(account, &standing, &more)?;
        let coverage = agreements.coverage(account, &standing, &entities)?;
        let holds_phi = hipaa::holds_phi(&agreements, account, &standing, &coverage, &entities)?;
        let state = |row: KindCoverage| {
            let holds_phi = holds_phi.filter(|_| self.rules.hipaa_kinds().contains(&row.kind));
            (row.kind.clone(), state(&agreements, row, holds_phi))
        };
        Ok(Answers { rows: coverage.into_iter().map(state).collect(), holds_phi })
    }

    /// The intervals of one kind, and the gaps.
    fn kind(
        &self,
        account: &Account,
        kind: &str,
        answers: &[(Option<Moment>, Answers)],
        events: &[events::Dated],
    ) -> KindHistory {
        // a kind without a row is one that nothing in force is of, and nothing could be
        let is_hipaa = self.rules.hipaa_kinds().contains(kind);
        let none = |at: &Answers| State::none(at.holds_phi.filter(|_| is_hipaa));
        let states = answers.iter().map(|(from, at)| (*from, at.rows.get(kind).cloned().unwrap_or_else(|| none(at))));
        let mut intervals: Vec<Interval> = Vec::new();
        for (from, state) in states {
            if intervals.last().is_some_and(|last| last.state == state) {
                continue;
            }
            let began_with = events::at(events, kind, from);
            if let (Some(last), Some(at)) = (intervals.last_mut(), from) {
                last.span.1 = Some(at);
                last.until = Some(moment::format(at));
                last.ended_with.clone_from(&began_with);
            }
            let (ended_with, span) = (Vec::new(), (from, None));
            let from = from.map(moment::format);
            let within = Vec::new();
            intervals.push(Interval { from, until: None, state, began_with, ended_with, within, span });
        }
        for interval in &mut intervals {
            let (from, until) = interval.span;
            let falls = |e: &&events::Dated| from.is_none_or(|f| f <= e.at) && until.is_none_or(|u| e.at < u);
            let closed = events.iter().filter(falls).map(|e| &e.event).filter(|e| e.event == EventKind::Closed);
            interval.within = closed.filter(|e| !interval.began_with.contains(e)).cloned().collect();
        }
        let held = gaps::held(self.first.inventory, account);
        let asked = |span: (Option<Moment>, Option<Moment>)| self.is_within(span.0, span.1);
        let mut gaps = gaps::of(&intervals, &held, is_hipaa);
        gaps.retain(|gap| asked(gap.span));
        intervals.retain(|interval| asked(interval.span));
        KindHistory { kind: kind.to_owned(), intervals, gaps }
    }

    /// Whether a half-open interval has a moment between those that are asked about, the last of which counts.
    fn is_within(&self, from: Option<Moment>, until: Option<Moment>) -> bool {
        let begins = from.is_none_or(|f| f <= self.query.to);
        let lasts = match (until, self.query.from) {
            (Some(until), Some(first)) if from == Some(until) => until >= first,
            (Some(until), Some(first)) => until > first,
            _ => true,
        };
        begins && lasts
    }
}

/// The first moment that can be written: before everything that is known.
fn beginning() -> Moment {
    moment::parse("0000-01-01").unwrap_or_default()
}

fn state(agreements: &Agreements<'_>, row: KindCoverage, holds_phi: Option<bool>) -> State {
    let ids = |list: &[crate::agreements::InForce]| list.iter().map(|i| i.id.clone()).collect();
    State {
        coverage: row.coverage,
        superseded: ids(&row.superseded),
        also_in_force: ids(&row.also),
        superseded_unknown: row.perhaps_superseded,
        also_in_force_unknown: row.perhaps_also,
        governing: row.governing.map(|g| Governing::of(agreements.inventory, &g)),
        reason: row.reason,
        assuming: row.assuming,
        policies: row.policies,
        holds_phi,
    }
}

impl State {
    /// No agreement of the kind.
    fn none(holds_phi: Option<bool>) -> Self {
        Self {
            coverage: Coverage::NotCovered,
            governing: None,
            superseded: Vec::new(),
            also_in_force: Vec::new(),
            superseded_unknown: None,
            also_in_force_unknown: None,
            reason: None,
            assuming: Vec::new(),
            policies: Vec::new(),
            holds_phi,
        }
    }
}
