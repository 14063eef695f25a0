//! What to do before a change, as far as the rules say it: the policies of `policies/changes` are asked about each account that
//! a change is made to, and each that permits is an advice, in the words of its `@message`.
//!
//! Advice is about the state in which it would have to be followed: each change of a plan is asked about as the earlier ones leave the
//! account, and coverage that is lost on a later day as it stands then with all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::{Context, Entities, RestrictedExpression as Expr};
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
use crate::stack;
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

/// What the rules are asked before changes: every question with all that they can read, so that other rules can be asked the same.
pub struct Questions {
    all: Vec<Question>,
}

/// A question about an account and a kind of agreement.
struct Question {
    account: AccountEntry,
    kind: String,
    when: When,
    context: Context,
    entities: Arc<Entities>,
    denied: Denied,
}

/// Gathers the questions.
pub(super) struct Asking<'a> {
    made: &'a Made,
    at: Moment,
    all: Vec<Question>,
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

impl<'a> Asking<'a> {
    pub fn new(made: &'a Made, at: Moment) -> Self {
        Self { made, at, all: Vec::new() }
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
        let when = When { before: None, perhaps: false, change: Some(closed.unwrap_or(step) + 1) };
        for kind in kinds {
            let about = About { kind, at: self.at, old, new, now: old, closed: closed.is_some(), denied };
            let context = about.context(self.made.to(id, kind, step), None)?;
            self.ask(id, &about, &when, context);
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
        let about = About { kind: lost.kind, at: lost.at, old, new, now: new, closed: acts, denied };
        let context = about.context(BTreeSet::new(), Some(lost.own_until_then))?;
        let perhaps = new.coverage(lost.kind) == Coverage::Unknown;
        let when = When { before: Some(moment::format(lost.at)), perhaps, change: closed.map(|step| step + 1) };
        self.ask(id, &about, &when, context);
        Ok(())
    }

    fn ask(&mut self, id: &str, about: &About<'_>, when: &When, context: Context) {
        self.all.push(Question {
            account: AccountEntry { account: id.to_owned(), name: about.old.name.clone() },
            kind: about.kind.to_owned(),
            when: when.clone(),
            context,
            entities: about.now.entities.clone(),
            denied: about.denied_of(),
        });
    }

    /// All of them.
    pub fn questions(self) -> Questions {
        Questions { all: self.all }
    }
}

impl Questions {
    /// What rules advise.
    pub fn advice(&self, rules: &RuleBook) -> Result<Vec<Advice>, Failure> {
        stack::evaluate(|| {
            // by when it is to be done, the policy and the words
            let mut found: BTreeMap<(When, String, String), Given> = BTreeMap::new();
            // it is told once, where it matters first
            let mut told: BTreeSet<(String, &String, &String, &Option<String>)> = BTreeSet::new();
            for question in &self.all {
                let Question { account, kind, when, .. } = question;
                for advice in question.advised(rules)? {
                    if told.insert((advice.policy.clone(), &account.account, kind, &when.before)) {
                        let key = (when.clone(), advice.policy.clone(), advice.message.clone());
                        let entry = found.entry(key).or_insert_with(|| (advice, BTreeSet::new(), BTreeSet::new()));
                        entry.1.insert(kind.clone());
                        entry.2.insert(account.clone());
                    }
                }
            }
            let told = |(advice, kinds, accounts): Given| Advice {
                kinds: kinds.into_iter().collect(),
                accounts: accounts.into_iter().collect(),
                ..advice
            };
            Ok(found.into_values().map(told).collect())
        })
    }
}

impl Question {
    fn advised(&self, rules: &RuleBook) -> Result<Vec<Advice>, Failure> {
        let uid = Uid::new("Account", &self.account.account).to_cedar()?;
        let ruling = rules.rule(ADVISE, &uid, &uid, self.context.clone(), &self.entities)?;
        let by = if ruling.permitted { ruling.by } else { Vec::new() };
        let When { before, perhaps, change } = &self.when;
        let advice = |rule: &Rule| Advice {
            policy: rule.id.clone(),
            rule: rule.rule().to_owned(),
            message: filled_in(rule, &self.denied),
            kinds: Vec::new(),
            accounts: Vec::new(),
            change: *change,
            before: before.clone(),
            perhaps: *perhaps,
        };
        Ok(by.into_iter().map(advice).collect())
    }
}

/// One account before and after, and a kind of agreement.
struct About<'a> {
    kind: &'a str,
    at: Moment,
    old: &'a View,
    new: &'a View,
    /// As it stands when advice would be followed: before the change, or on a later day with all changes.
    now: &'a View,
    /// A change of the plan closed it before, and what is advised can be done before that.
    closed: bool,
    /// What service control policies deny in it then.
    denied: Option<&'a Denied>,
}

impl About<'_> {
    /// What the rules are told; `later` says whether an account agreement of its own is in force until a later moment.
    fn context(&self, changes: BTreeSet<&'static str>, later: Option<bool>) -> Result<Context, Failure> {
        let text = |text: &str| Expr::new_string(text.to_owned());
        let Self { kind, old, new, now, .. } = self;
        let denied: Denied = self.denied_of();
        context([
            ("at", datetime(self.at)),
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
        ])
    }

    /// What is denied of operations about the kind of agreement and about none.
    fn denied_of(&self) -> Denied {
        let all = self.denied.into_iter().flatten();
        let of = all.filter(|((_, about), _)| about.as_ref().is_none_or(|about| about == self.kind));
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
