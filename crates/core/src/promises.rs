//! What an inventory promises of its changes, and what a change does to those promises: guardrails, expectations, exceptions,
//! settings and rules, taken apart into single items and compared one by one.
//!
//! A change that takes a promise away, or makes one easier to keep, is a [`Weakening`]. Whether it is acceptable is not decided here.

mod items;
mod phi;
mod strength;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::finding::Finding;
use crate::guardrails::{By, Evaded, GuardrailResult, Violation};
use crate::moment::Moment;
use crate::problem::Place;
use crate::source::digest::sha256;
use crate::words;

pub use items::{Sources, canonical, honoured};
pub use phi::{Declared, as_declared};

/// What kind of promise it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A policy of the rules.
    Rule,
    /// The schema.
    Schema,
    /// A guardrail, of the folder or switched on in the settings.
    Guardrail,
    /// A guardrail that was about somebody, and is about nobody any more: what the inventory says has changed, not the guardrail.
    IdleGuardrail,
    /// A guardrail that no longer holds for somebody whom it was about, and who may do what it forbids.
    EvadedGuardrail,
    /// An inventory that the change adds beside those of its target: nothing of them holds for it.
    FurtherInventory,
    /// An expectation.
    Expectation,
    /// `[[diff.allow]]`
    Exception,
    /// `[[exception]]`: what somebody answers for in an account.
    AccountException,
    /// `exclude`: files that are no part of the inventory.
    Exclude,
    /// `asOf`
    Moment,
    /// `[context]`
    Context,
    /// `signatories`
    Signatories,
    /// `[auditors]`
    Auditors,
    /// `phiTags`
    PhiTags,
    /// `[[trusted]]`
    Trusted,
    /// `permissionModel`
    PermissionModel,
    /// `[lint.rules]`
    LintRule,
    /// `paths` of `[lint]`
    LintPaths,
    /// `exclude` and `kinds` of `[lint]`
    LintFiles,
    /// An entry of the baseline of lint.
    Baseline,
    /// The lists of HIPAA eligible services that `[aws]` names.
    EligibleServices,
    /// An agreement of one's own that counts as one of AWS's.
    Agreement,
    /// What an account declares of PHI.
    Phi,
    /// A file of AWS's Service Reference, or of a managed policy, that `[aws]` names; the document that an inventory gives a policy of
    /// AWS's.
    AwsData,
    /// `[limits]`
    Limit,
}

impl Kind {
    /// Whether it settles what is asked of an inventory, rather than what must come out.
    pub fn is_of_evaluation(self) -> bool {
        matches!(
            self,
            Self::Moment
                | Self::Context
                | Self::Signatories
                | Self::Auditors
                | Self::PhiTags
                | Self::Trusted
                | Self::PermissionModel
        )
    }

    /// Whether it is about lint alone.
    pub fn is_of_lint(self) -> bool {
        matches!(self, Self::LintRule | Self::LintPaths | Self::LintFiles | Self::Baseline)
    }
}

/// A promise, or a setting that promises depend on.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it says, in a form in which comments, names and places do not count.
    pub value: Value,
    /// What people call it.
    pub name: String,
    /// Where it stands; `None` where it is a default.
    pub place: Option<Place>,
}

/// What a promise says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text, of which only equality is known.
    Text(String),
    /// A Cedar policy without its annotations, and the rank of its severity.
    Policy(serde_json::Value, u8),
    /// A rank: less is weaker. With it, what else a rule of lint is told.
    Rank(u8, Told),
    /// A moment.
    At(Moment),
    /// A number: more is weaker.
    Count(usize),
    /// Parts of which each makes it stronger.
    Parts(BTreeSet<String>),
    /// An exception holds until then, or without end.
    Until(Option<Moment>),
    /// Names: more is weaker.
    Names(BTreeSet<String>),
    /// A policy of the rules; `true` if all that it does is find something.
    Rule(String, bool),
}

/// What a rule of lint is told beside its severity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// It looks at policies of AWS Artifact alone.
    pub narrowed: bool,
    /// The words that it looks for: more find more.
    pub words: BTreeSet<String>,
    /// Its limits: a lower one finds more.
    pub limits: BTreeMap<String, usize>,
}

/// All promises of one version of an inventory.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    items: BTreeMap<(Kind, String), Item>,
    /// What exceptions are about, by their keys.
    excepts: BTreeMap<String, items::Excepts>,
    /// Where built-in policies are said to be dropped.
    removed: BTreeMap<String, Place>,
    has_settings: bool,
}

/// A promise that a change takes away, or makes easier to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Weakening {
    /// What kind of promise it is.
    pub kind: Kind,
    /// What the change does.
    pub what: String,
    /// The file that said so, or says so now.
    pub file: Option<String>,
    /// One-based line in it.
    pub line: usize,
    /// By what it is told from others; goes into the digest.
    #[serde(skip)]
    identity: String,
}

impl Promises {
    /// Whether there is any settings file, guardrail or expectation.
    pub fn has_settings(&self) -> bool {
        self.has_settings
    }

    /// Whether both settle in the same way what is asked.
    pub fn asks_like(&self, other: &Self) -> bool {
        self.alike(other, Kind::is_of_evaluation)
    }

    /// Whether the moment alone is another.
    pub fn differs_in_moment_alone(&self, other: &Self) -> bool {
        self.alike(other, |kind| kind.is_of_evaluation() && kind != Kind::Moment)
    }

    /// Whether both lint alike.
    pub fn lints_like(&self, other: &Self) -> bool {
        self.alike(other, |kind| kind.is_of_lint() && kind != Kind::Baseline)
    }

    /// Whether the items of some kinds say the same in both.
    fn alike(&self, other: &Self, counts: impl Fn(Kind) -> bool) -> bool {
        let [own, theirs] = [self, other].map(|all| {
            let of_kinds = all.items.iter().filter(|((kind, _), _)| counts(*kind));
            of_kinds.map(|(key, item)| (key, &item.value))
        });
        own.eq(theirs)
    }

    /// Whether an item says the same in both.
    pub fn same(&self, other: &Self, kind: Kind, key: &str) -> bool {
        let [own, theirs] = [self, other].map(|all| all.items.get(&(kind, key.to_owned())).map(|i| &i.value));
        own == theirs
    }

    /// The items of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&str, &Item)> {
        self.items.iter().filter(move |((own, _), _)| *own == kind).map(|((_, key), item)| (key.as_str(), item))
    }

    /// Where an item stands.
    pub fn place(&self, kind: Kind, key: &str) -> Option<&Place> {
        self.get(&(kind, key.to_owned()))?.place.as_ref()
    }

    fn get(&self, key: &(Kind, String)) -> Option<&Item> {
        self.items.get(key)
    }
}

fn value(item: Option<&Item>) -> Option<&Value> {
    item.map(|i| &i.value)
}

/// What a change weakens: what `head` promises less than `target`, as far as the change did it, which began at `base`. `now` is the
/// present: a moment after it is asked about what nobody knows yet.
pub fn weakenings(target: &Promises, base: &Promises, head: &Promises, now: Moment) -> Vec<Weakening> {
    let mut keys: Vec<&(Kind, String)> = target.items.keys().chain(head.items.keys()).collect();
    keys.sort();
    keys.dedup();
    let mut found = Vec::new();
    for key in keys {
        let (old, first, new) = (target.get(key), base.get(key), head.get(key));
        // what the change left as it found it is not weakened by it, whatever became of it in the target since
        if value(new) == value(old) || value(new) == value(first) {
            continue;
        }
        if let Some(what) = strength::weaker(key.0, old, new, now) {
            let is_narrower = || {
                old.is_none() && (wider_stood(key, new, (head, target)) || items::wider_excluded(&key.1, key.0, target))
            };
            if is_narrower() || new.is_none() && stronger_stands(key.0, old, head) {
                continue;
            }
            let removed = || head.removed.get(&key.1).filter(|_| key.0 == Kind::Rule && new.is_none());
            let place = new.and_then(|i| i.place.as_ref()).or_else(removed).or(old.and_then(|i| i.place.as_ref()));
            let of = |item: Option<&Item>| item.map_or_else(String::new, |i| format!("{:?}", i.value));
            found.push(Weakening::at(place, key.0, what, &[&key.1, &of(old), &of(new)]));
        }
    }
    found
}

impl Weakening {
    /// What is weakened, and where; `by` tells it from others of its kind.
    fn at(place: Option<&Place>, kind: Kind, what: String, by: &[&str]) -> Self {
        let identity = by.iter().fold(format!("{kind:?}"), |identity, part| identity + "\u{1f}" + part);
        let (file, line) = (place.map(|p| p.source.path.clone()), place.map_or(1, Place::line));
        Self { kind, what, file, line, identity }
    }

    /// An inventory that the change adds, while its target has others.
    pub fn further(inventory: &str, target: &str) -> Self {
        let name = if inventory.is_empty() { "." } else { inventory };
        let what = format!("{name} is a further inventory, and nothing that {target} promises of its own holds for it");
        Self::at(None, Kind::FurtherInventory, what, &[inventory])
    }

    /// A guardrail that forbids nothing to anyone in the inventory of the change, for a reason, while it did so in its target.
    pub fn idle(guardrail: &GuardrailResult, place: Option<&Place>, target: &str) -> Self {
        let GuardrailResult { id, reason, .. } = guardrail;
        let why = reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        let what = format!("the guardrail `{id}` is about nobody any more, and was about somebody in {target}{why}");
        Self::at(place, Kind::IdleGuardrail, what, &[id])
    }

    /// A finding that an account no longer has since it declares less PHI; where the account stands.
    pub fn undeclared(finding: &Finding, accounts: &[String], place: Option<&Place>) -> Self {
        let Finding { rule, subject, message, .. } = finding;
        let who = words::few(accounts, NAMED);
        let what = format!("{rule} is no longer found of {subject}, since less PHI is declared than before, of {who}");
        Self::at(place, Kind::Phi, what, &[rule, subject, message])
    }

    /// A guardrail of the target that is about others with the change, while some of those whom it was about may do what it forbids.
    pub fn evaded(evaded: &Evaded, place: Option<&Place>, target: &str) -> Self {
        let Evaded { id, violations } = evaded;
        let deed = |v: &Violation| {
            let whom = words::principal(v.kind, &v.name, &v.account);
            let who = match v.people.as_slice() {
                [] => whom,
                people => format!("{} ({whom})", people.join(", ")),
            };
            let may = if v.by == By::Grant { "may" } else { "perhaps may" };
            let what: BTreeSet<&str> = v.operations.iter().map(|o| o.operation).collect();
            let roles =
                if v.assuming.is_empty() { String::new() } else { format!(", by {}", v.assuming.join(", then ")) };
            format!("{who} {may} {}{roles}", what.into_iter().collect::<Vec<_>>().join(", "))
        };
        let mut deeds: Vec<String> = violations.iter().map(deed).collect();
        deeds.dedup();
        let all = violations.iter().map(|v| format!("{v:?}")).collect::<Vec<_>>().join("\u{1f}");
        let deeds = words::few(&deeds, NAMED);
        let what = format!(
            "the guardrail `{id}` is about others than in {target}, and those whom it was about may do what it forbids: {deeds}"
        );
        Self::at(place, Kind::EvadedGuardrail, what, &[id, &all])
    }
}

/// So many of those who evade a guardrail are named; the digest is of all.
const NAMED: usize = 5;

/// Whether the target has an exception that excepts all that one of the change does, for as long.
fn wider_stood(key: &(Kind, String), new: Option<&Item>, (head, target): (&Promises, &Promises)) -> bool {
    let until = match new.map(|i| &i.value) {
        Some(Value::Until(until)) if key.0 == Kind::Exception => *until,
        _ => return false,
    };
    head.excepts.get(&key.1).is_some_and(|own| items::wider_stood(own, until, target))
}

/// Whether something else that the change promises holds all that one promise does that is gone.
fn stronger_stands(kind: Kind, old: Option<&Item>, head: &Promises) -> bool {
    let Some(Value::Text(old)) = old.map(|i| &i.value) else { return false };
    head.of_kind(kind).any(|(key, item)| match &item.value {
        Value::Text(new) if kind == Kind::Expectation => items::implies(new, old),
        _ => kind == Kind::LintPaths && key == items::WHOLE,
    })
}

/// What names exactly these weakenings of one inventory, by its path in the repository: it changes with each of them.
pub fn digest(inventory: &str, weakenings: &[Weakening]) -> String {
    let mut identities: Vec<&str> = weakenings.iter().map(|w| w.identity.as_str()).collect();
    identities.sort_unstable();
    identities.insert(0, inventory);
    let digest = sha256(identities.join("\u{1e}").as_bytes());
    digest.get(..40).unwrap_or(&digest).to_owned()
}
