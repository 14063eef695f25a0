//! What to do before a change, as far as the rules say it: the policies of `policies/changes` are asked about each account that
//! a change is made to, and each that permits is an advice, in the words of its `@message`.
//!
//! Advice is about the state in which it would have to be followed: each change of a plan is asked about as the earlier ones leave the
//! account, and coverage that is lost on a later day as it stands then with all of them.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::RestrictedExpression as Expr;
use serde::Serialize;

use super::departing::Denied;
use super::made::Made;
use super::view::View;
use crate::agreements::{context, datetime};
use crate::diff::AccountEntry;
use crate::hipaa::words;
use crate::inventory::entity::Uid;
use crate::moment::{self, Moment};
use crate::policies::{Rule, RuleBook};
use crate::problem::Failure;
use crate::terms::Coverage;

/// The question that the policies answer.
const ADVISE: &str = "advise";

/// What to do before a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Advice {
    /// The id of the Cedar policy.
    pub policy: String,
    /// The rules that it states.
    pub rule: String,
    /// What to do.
    pub message: String,
    /// The kinds of agreement that it is about.
    pub kinds: Vec<String>,
    /// The accounts that it is about.
    pub accounts: Vec<AccountEntry>,
    /// The change before which it is to be done, counted from one; none where all of them may be made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<usize>,
    /// The moment before which it is to be done, where it is about coverage that is lost later than the changes are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// It is unknown whether that coverage is lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub perhaps: bool,
}

/// When something is to be done, in the order in which it is told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct When {
    before: Option<String>,
    perhaps: bool,
    change: Option<usize>,
}

/// Advice, with the kinds and the accounts that it is given for.
type Given = (Advice, BTreeSet<String>, BTreeSet<AccountEntry>);

/// Gathers what the rules advise before changes.
pub(super) struct Advising<'a> {
    rules: &'a RuleBook,
    made: &'a Made,
    at: Moment,
    /// By when it is to be done, the policy and the words.
    found: BTreeMap<(When, String, String), Given>,
    /// What was told, by policy, account, kind and day: it is told once, where it matters first.
    told: BTreeSet<(String, String, String, Option<String>)>,
}

/// Coverage that is lost after the changes are made.
pub(super) struct Later<'a> {
    /// From when on it is lost.
    pub at: Moment,
    /// Of which kind.
    pub kind: &'a str,
    /// An account agreement of its own is in force until then, if the changes are made.
    pub own_until_then: bool,
    /// The changes, all of which are made before.
    pub changes: usize,
}

impl<'a> Advising<'a> {
    pub fn new(rules: &'a RuleBook, made: &'a Made, at: Moment) -> Self {
        Self { rules, made, at, found: BTreeMap::new(), told: BTreeSet::new() }
    }

    /// Asks about an account as it stands before a change, counted from nought, and right after it.
    pub fn step(
        &mut self,
        step: usize,
        id: &str,
        (old, new): (&View, &View),
        denied: Option<&Denied>,
    ) -> Result<(), Failure> {
        let kinds: BTreeSet<&String> = old.kinds().chain(new.kinds()).collect();
        let differs = |kind: &&String| old.coverage(kind) != new.coverage(kind) || old.scope(kind) != new.scope(kind);
        if self.made.words(id, step).next().is_none() && !kinds.iter().any(differs) {
            return Ok(());
        }
        let closed = self.made.closed_before(id, step);
        let asking = Asking { rules: self.rules, id, old, new, now: old, closed: closed.is_some(), denied };
        let when = When { before: None, perhaps: false, change: Some(closed.unwrap_or(step) + 1) };
        for kind in kinds {
            let advised = asking.about((kind, self.at), self.made.to(id, kind, step), None)?;
            self.tell((id, &old.name, kind), &when, advised);
        }
        Ok(())
    }

    /// Asks about coverage of an account that is lost later, as it stands then without the changes and with them.
    pub fn later(
        &mut self,
        id: &str,
        (old, new): (&View, &View),
        lost: &Later<'_>,
        denied: Option<&Denied>,
    ) -> Result<(), Failure> {
        let closed = self.made.closed_before(id, lost.changes);
        // what it has is not accepted again
        let acts = closed.is_some() && !lost.own_until_then;
        let asking = Asking { rules: self.rules, id, old, new, now: new, closed: acts, denied };
        let advised = asking.about((lost.kind, lost.at), BTreeSet::new(), Some(lost.own_until_then))?;
        let perhaps = new.coverage(lost.kind) == Coverage::Unknown;
        let when = When { before: Some(moment::format(lost.at)), perhaps, change: closed.map(|step| step + 1) };
        self.tell((id, &old.name, lost.kind), &when, advised);
        Ok(())
    }

    fn tell(&mut self, (id, name, kind): (&str, &Option<String>, &str), when: &When, advised: Vec<Advice>) {
        for advice in advised {
            let told = (advice.policy.clone(), id.to_owned(), kind.to_owned(), when.before.clone());
            if !self.told.insert(told) {
                continue;
            }
            let key = (when.clone(), advice.policy.clone(), advice.message.clone());
            let When { before, perhaps, change } = when.clone();
            let advice = Advice { before, perhaps, change, ..advice };
            let entry = self.found.entry(key).or_insert_with(|| (advice, BTreeSet::new(), BTreeSet::new()));
            entry.1.insert(kind.to_owned());
            entry.2.insert(AccountEntry { account: id.to_owned(), name: name.clone() });
        }
    }

    /// All of it.
    pub fn told(self) -> Vec<Advice> {
        let told = |(advice, kinds, accounts): Given| Advice {
            kinds: kinds.into_iter().collect(),
            accounts: accounts.into_iter().collect(),
            ..advice
        };
        self.found.into_values().map(told).collect()
    }
}

/// One account before and after.
struct Asking<'a> {
    rules: &'a RuleBook,
    /// The account.
    id: &'a str,
    old: &'a View,
    new: &'a View,
    /// As it stands when advice would be followed: before the change, or on a later day with all changes.
    now: &'a View,
    /// A change of the plan closed it before, and what is advised can be done before that.
    closed: bool,
    /// What service control policies deny in it then.
    denied: Option<&'a Denied>,
}

impl Asking<'_> {
    /// What is advised about a kind; `later` says whether an account agreement of its own is in force until a later moment.
    fn about(
        &self,
        (kind, at): (&str, Moment),
        changes: BTreeSet<&'static str>,
        later: Option<bool>,
    ) -> Result<Vec<Advice>, Failure> {
        let text = |text: &str| Expr::new_string(text.to_owned());
        let Self { old, new, now, .. } = self;
        let denied: Denied = self.denied_of(kind);
        let pairs = [
            ("at", datetime(at)),
            ("kind", text(kind)),
            ("changes", words(changes)),
            ("before", text(old.coverage(kind).word())),
            ("after", text(new.coverage(kind).word())),
            ("scopeBefore", text(old.scope(kind))),
            ("scopeAfter", text(new.scope(kind))),
            ("ownBefore", Expr::new_bool(old.has_own(kind))),
            ("ownUnknown", Expr::new_bool(old.is_open(kind, |row| row.account))),
            ("organizationUnknown", Expr::new_bool(old.is_open(kind, |row| row.organization))),
            ("ownAfter", Expr::new_bool(new.has_own(kind))),
            ("roleBefore", text(old.role.word())),
            ("managementState", text(&now.management)),
            ("delegatedAdministrator", Expr::new_bool(old.delegated)),
            ("later", Expr::new_bool(later.is_some())),
            ("ownUntilThen", Expr::new_bool(later == Some(true))),
            ("closedByThePlan", Expr::new_bool(self.closed)),
            ("denied", words(denied.keys().map(|(operation, _)| *operation))),
            ("holdsPhi", Expr::new_bool(old.holds_phi == Some(true))),
            ("holdsPhiUnknown", Expr::new_bool(old.holds_phi.is_none())),
        ];
        let uid = Uid::new("Account", self.id).to_cedar()?;
        let ruling = self.rules.rule(ADVISE, &uid, &uid, context(pairs)?, &now.entities)?;
        let by = if ruling.permitted { ruling.by } else { Vec::new() };
        let advice = |rule: &Rule| Advice {
            policy: rule.id.clone(),
            rule: rule.rule().to_owned(),
            message: filled_in(rule, &denied),
            kinds: Vec::new(),
            accounts: Vec::new(),
            change: None,
            before: None,
            perhaps: false,
        };
        Ok(by.into_iter().map(advice).collect())
    }

    /// What is denied of operations about a kind of agreement and about none.
    fn denied_of(&self, kind: &str) -> Denied {
        let all = self.denied.into_iter().flatten();
        let of = all.filter(|((_, about), _)| about.as_ref().is_none_or(|about| about == kind));
        of.map(|(operation, denials)| (operation.clone(), denials.clone())).collect()
    }
}

/// The message of a policy, with the actions that are denied of the operations that it names, and what denies them.
fn filled_in(rule: &Rule, denied: &Denied) -> String {
    let message = rule.text("message").unwrap_or_default();
    if !message.contains("{denied}") && !message.contains("{denials}") {
        return message;
    }
    let policy = rule.json.to_string();
    let named = denied.iter().filter(|((operation, _), _)| policy.contains(&format!("\"{operation}\"")));
    let all: Vec<&(String, String)> = named.flat_map(|(_, denials)| denials).collect();
    let list = |part: fn(&(String, String)) -> &String| {
        let parts: BTreeSet<&str> = all.iter().map(|denial| part(denial).as_str()).collect();
        parts.into_iter().collect::<Vec<_>>()
    };
    let (actions, denials) = (list(|(action, _)| action), list(|(_, by)| by));
    message.replace("{denied}", &actions.join(", ")).replace("{denials}", &denials.join(", "))
}
