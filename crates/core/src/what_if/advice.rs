//! What to do before a change, as far as the rules say it: the policies of `policies/changes` are asked about each account that
//! a change is made to, and each that permits is an advice, in the words of its `@message`.
//!
//! Advice is about the state in which it would have to be followed: each change of a plan is asked about as the earlier ones leave the
//! account, and coverage that is lost on a later day as it stands then with all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::{Context, Entities, RestrictedExpression as Expr};
use serde::Serialize;

use super::Change;
use super::able::Unmade;
use super::departing::{Denied, How};
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
use crate::terms::{Coverage, Decision};

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
    /// AWS refuses the change before it is done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
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
    /// The change that it is about, counted from nought; none where it is about what is lost later.
    step: Option<usize>,
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
    /// The state of the management account of its organization before the changes.
    pub management: &'a str,
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
            let about = About {
                kind,
                at: self.at,
                old,
                new,
                now: old,
                management: &old.management,
                closed: closed.is_some(),
                denied,
            };
            let context = about.context(self.made.to(id, kind, step), None)?;
            self.ask(id, &about, (&when, Some(step)), context);
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
        // what has to be done before the changes is asked about as it stands then
        let management = if lost.own_until_then { lost.management } else { &new.management };
        let about = About { kind: lost.kind, at: lost.at, old, new, now: new, management, closed: acts, denied };
        let context = about.context(BTreeSet::new(), Some(lost.own_until_then))?;
        let perhaps = new.coverage(lost.kind) == Coverage::Unknown;
        let when = When { before: Some(moment::format(lost.at)), perhaps, change: closed.map(|step| step + 1) };
        self.ask(id, &about, (&when, None), context);
        Ok(())
    }

    fn ask(&mut self, id: &str, about: &About<'_>, (when, step): (&When, Option<usize>), context: Context) {
        self.all.push(Question {
            account: AccountEntry { account: id.to_owned(), name: about.old.name.clone() },
            kind: about.kind.to_owned(),
            step,
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
        Ok(told(&self.answers(rules)?))
    }

    /// The same, and the changes that AWS refuses as things stand, by the policies that say so.
    pub(super) fn advice_and_refused(
        &self,
        rules: &RuleBook,
        changes: &[Change],
    ) -> Result<(Vec<Advice>, Vec<Unmade>), Failure> {
        let answers = self.answers(rules)?;
        Ok((told(&answers), refused(&answers, changes)))
    }

    fn answers(&self, rules: &RuleBook) -> Result<Vec<Answer<'_>>, Failure> {
        stack::evaluate(|| self.all.iter().map(|question| Ok((question, question.advised(rules)?))).collect())
    }
}

/// A question, and what rules advise.
type Answer<'q> = (&'q Question, Vec<Advice>);

fn told(answers: &[Answer<'_>]) -> Vec<Advice> {
    // by when it is to be done, the policy and the words
    let mut found: BTreeMap<(&When, &String, &String), Given> = BTreeMap::new();
    // it is told once, where it matters first
    let mut told: BTreeSet<(&String, &String, &String, &Option<String>)> = BTreeSet::new();
    for (question, advised) in answers {
        let Question { account, kind, when, .. } = question;
        for advice in advised {
            if told.insert((&advice.policy, &account.account, kind, &when.before)) {
                let key = (when, &advice.policy, &advice.message);
                let entry = found.entry(key).or_insert_with(|| (advice.clone(), BTreeSet::new(), BTreeSet::new()));
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
    found.into_values().map(told).collect()
}

fn refused(answers: &[Answer<'_>], changes: &[Change]) -> Vec<Unmade> {
    let mut found: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (question, advised) in answers {
        let Some(step) = question.step else { continue };
        for advice in advised.iter().filter(|advice| advice.refused) {
            found.entry(step).or_default().insert(format!("{} ({})", advice.message, advice.rule));
        }
    }
    let told = |(step, because): (usize, BTreeSet<String>)| {
        let what = changes.get(step)?.to_string();
        Some(Unmade { change: step + 1, what, decision: Decision::Deny, because: because.into_iter().collect() })
    };
    found.into_iter().filter_map(told).collect()
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
            refused: rule.get("refused").is_some(),
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
    /// The state of the management account of its organization when advice would be followed.
    management: &'a str,
    /// A change of the plan closed it before, and what is advised can be done before that.
    closed: bool,
    /// What service control policies deny in it then.
    denied: Option<&'a Denied>,
}

impl About<'_> {
    /// What the rules are told; `later` says whether an account agreement of its own is in force until a later moment.
    fn context(&self, changes: BTreeSet<&'static str>, later: Option<bool>) -> Result<Context, Failure> {
        let text = |text: &str| Expr::new_string(text.to_owned());
        let Self { kind, old, new, management, .. } = self;
        let denied: Denied = self.denied_of();
        let of =
            |how: &[How]| words(denied.keys().filter(|(of, ..)| how.contains(of)).map(|(_, operation, _)| *operation));
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
            ("managementState", text(management)),
            ("delegatedAdministrator", Expr::new_bool(old.delegated)),
            ("later", Expr::new_bool(later.is_some())),
            ("ownUntilThen", Expr::new_bool(later == Some(true))),
            ("closedByThePlan", Expr::new_bool(self.closed)),
            ("denied", of(&[How::Denied, How::NotAllowed])),
            ("notAllowed", of(&[How::NotAllowed])),
            ("perhapsDenied", of(&[How::Perhaps])),
            ("spared", of(&[How::Spared])),
            ("holdsPhi", Expr::new_bool(old.holds_phi == Some(true))),
            ("holdsPhiUnknown", Expr::new_bool(old.holds_phi.is_none())),
        ])
    }

    /// What is denied of operations about the kind of agreement and about none.
    fn denied_of(&self) -> Denied {
        let all = self.denied.into_iter().flatten();
        let of = all.filter(|((.., about), _)| about.as_ref().is_none_or(|about| about == self.kind));
        of.map(|(operation, denials)| (operation.clone(), denials.clone())).collect()
    }
}

/// What may stand in a message: how service control policies stand to operations, and whether it is told by the actions or by what
/// denies them.
const FILLED_IN: [(&str, &[How], bool); 4] = [
    ("{denied}", &[How::Denied, How::NotAllowed], true),
    ("{denials}", &[How::Denied, How::NotAllowed], false),
    ("{perhaps}", &[How::Perhaps], false),
    ("{spared}", &[How::Spared], false),
];

/// The message of a policy, with the actions that are denied of the operations that it names, and what denies them.
fn filled_in(rule: &Rule, denied: &Denied) -> String {
    let mut message = rule.text("message").unwrap_or_default();
    if !message.contains('{') {
        return message;
    }
    let policy = rule.json.to_string();
    for (name, how, by_action) in FILLED_IN {
        let is_named = |(of, operation, _): &(How, &'static str, Option<String>)| {
            how.contains(of) && policy.contains(&format!("\"{operation}\""))
        };
        let all = denied.iter().filter(|(key, _)| is_named(key)).flat_map(|(_, denials)| denials);
        let parts: BTreeSet<&str> =
            all.map(|(action, by)| if by_action { action.as_str() } else { by.as_str() }).collect();
        message = message.replace(name, &parts.into_iter().collect::<Vec<_>>().join(", "));
    }
    message
}
