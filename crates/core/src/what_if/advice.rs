//! What to do before a change, as far as the rules say it: the policies of `policies/changes` are asked about each account that
//! the change concerns, and each that permits is an advice, in the words of its `@message`.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Entities, RestrictedExpression as Expr};
use serde::Serialize;

use super::Change;
use super::departing::{self, Denied};
use crate::agreements::{Agreements, KindCoverage, context, datetime};
use crate::diff::AccountEntry;
use crate::hipaa::{self, words};
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::{Accepted, Account};
use crate::moment::{self, Moment};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Coverage, Role, Scope};

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
    /// The moment before which it is to be done, where it is about coverage that is lost later than the changes are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// Advice, with the kinds and the accounts that it is given for.
type Given = (Advice, BTreeSet<String>, BTreeSet<AccountEntry>);

/// Gathers what the rules advise before changes.
pub(super) struct Advising<'a> {
    rules: &'a RuleBook,
    at: Moment,
    denied: BTreeMap<String, Denied>,
    /// By the moment before which it is given, the policy and the words.
    found: BTreeMap<(Option<String>, String, String), Given>,
    /// What was told, by policy, account and kind: it is told once, where it matters first.
    told: BTreeSet<(String, String, String)>,
}

/// Coverage that is lost after the changes are made.
pub(super) struct Later<'a> {
    /// From when on it is lost.
    pub at: Moment,
    /// Of which kind.
    pub kind: &'a str,
    /// By what the account is covered until then, if the changes are made; `none`.
    pub until_then: &'static str,
}

impl<'a> Advising<'a> {
    pub fn new(base: &Inventory, rules: &'a RuleBook, plan: (&[Change], &Made), at: Moment) -> Result<Self, Failure> {
        let denied = departing::denied(base, rules, plan, at)?;
        Ok(Self { rules, at, denied, found: BTreeMap::new(), told: BTreeSet::new() })
    }

    /// Asks about an account, as it stands before a change of the plan, counted from nought, and after all of them.
    pub fn account(&mut self, (made, from): (&Made, usize), id: &str, (old, new): (View, View)) -> Result<(), Failure> {
        let asking = Asking { rules: self.rules, made, from, id, denied: self.denied.get(id), old, new, later: None };
        let kinds: Vec<String> = asking.kinds().into_iter().map(str::to_owned).collect();
        let advised: Vec<_> = kinds.iter().map(|kind| asking.about(kind, self.at)).collect::<Result<_, Failure>>()?;
        let name = asking.old.name.clone();
        kinds.iter().zip(advised).for_each(|(kind, advised)| self.tell((id, &name, kind), None, advised));
        Ok(())
    }

    /// Asks about coverage of an account that is lost later, as it stands then without the changes and with them.
    pub fn later(&mut self, made: &Made, id: &str, (old, new): (View, View), lost: &Later<'_>) -> Result<(), Failure> {
        let denied = self.denied.get(id);
        let asking = Asking { rules: self.rules, made, from: 0, id, denied, old, new, later: Some(lost.until_then) };
        let advised = asking.about(lost.kind, lost.at)?;
        let name = asking.old.name.clone();
        self.tell((id, &name, lost.kind), Some(moment::format(lost.at)), advised);
        Ok(())
    }

    fn tell(&mut self, (id, name, kind): (&str, &Option<String>, &str), before: Option<String>, advised: Vec<Advice>) {
        for advice in advised {
            if !self.told.insert((advice.policy.clone(), id.to_owned(), kind.to_owned())) {
                continue;
            }
            let key = (before.clone(), advice.policy.clone(), advice.message.clone());
            let advice = Advice { before: before.clone(), ..advice };
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

/// What is made to each account: by itself, or by the organization that it is in when it happens.
#[derive(Default)]
pub(super) struct Made {
    of: BTreeMap<String, Vec<One>>,
}

/// What one change of a plan makes to an account.
#[derive(Clone)]
struct One {
    /// Which change, counted from nought.
    step: usize,
    word: &'static str,
    /// The kind of agreement, where it is about one.
    kind: Option<String>,
}

impl Made {
    pub fn of(before: &Agreements<'_>, changes: &[Change]) -> Self {
        let mut made = Self::default();
        let tree = &before.tree;
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        for account in tree.accounts.values() {
            places.extend(tree.now(account).organization.map(|organization| (account.id.clone(), organization)));
        }
        for (step, change) in changes.iter().enumerate() {
            let agreement = agreement(before, change);
            let kind = agreement.as_ref().map(|(_, kind)| kind.clone());
            let one = One { step, word: change.word(), kind };
            match (agreement.map(|(by, _)| by), change) {
                (Some(Accepted::Organization(of)), Change::Accept { .. }) => {
                    made.add_to_members(&places, &of, &One { word: "organization-accepts", ..one });
                }
                (Some(Accepted::Organization(of)), _) => {
                    made.add_to_members(&places, &of, &One { word: "organization-terminates", ..one });
                }
                (Some(Accepted::Account(own)), _) => made.add(&own, one),
                (None, Change::Delete { organization: of } | Change::Organization { organization: of, .. }) => {
                    made.add_to_members(&places, of, &one);
                }
                (None, _) => change.accounts().iter().for_each(|id| made.add(id, one.clone())),
            }
            match change {
                Change::Leave { account } => drop(places.remove(account)),
                Change::Join { account, organization } => {
                    places.insert(account.clone(), organization.clone());
                }
                Change::Delete { organization } => places.retain(|_, of| of != organization),
                _ => {}
            }
        }
        made
    }

    fn add_to_members(&mut self, places: &BTreeMap<String, String>, of: &str, what: &One) {
        let members = places.iter().filter(|(_, organization)| *organization == of);
        members.for_each(|(account, _)| self.add(account, what.clone()));
    }

    fn add(&mut self, account: &str, what: One) {
        self.of.entry(account.to_owned()).or_default().push(what);
    }

    /// The accounts that something is made to.
    pub fn with<'m>(&'m self, what: &'m str) -> impl Iterator<Item = &'m String> {
        let is_made = move |made: &[One]| made.iter().any(|one| one.word == what);
        self.of.iter().filter(move |(_, made)| is_made(made)).map(|(account, _)| account)
    }

    /// The accounts that anything is made to.
    pub fn accounts(&self) -> impl Iterator<Item = &String> {
        self.of.keys()
    }

    /// Whether anything is made to an account.
    pub fn any(&self, account: &str) -> bool {
        self.of.contains_key(account)
    }

    /// The changes that are made to an account after another was: what they find is not what stands before the plan.
    pub fn after_others(&self) -> impl Iterator<Item = (usize, &String)> {
        let later = |made: &[One]| {
            let steps: BTreeSet<usize> = made.iter().map(|one| one.step).collect();
            steps.into_iter().skip(1).collect::<Vec<_>>()
        };
        self.of.iter().flat_map(move |(account, made)| later(made).into_iter().map(move |step| (step, account)))
    }

    /// What is made to it from a change on, about a kind of agreement or about none.
    fn to(&self, account: &str, kind: &str, from: usize) -> BTreeSet<&'static str> {
        let all = self.of.get(account).into_iter().flatten().filter(|one| one.step >= from);
        all.filter(|one| one.kind.as_ref().is_none_or(|of| of == kind)).map(|one| one.word).collect()
    }
}

/// The accounts whose coverage can differ; `None` for all. What is made to another account changes nothing of one: who has listed what
/// is that of the inventory before the changes (D16).
pub(super) fn concerned(before: &Agreements<'_>, made: &Made) -> Option<BTreeSet<String>> {
    before.stays_with_the_account().then(|| made.accounts().cloned().collect())
}

/// Whose acceptance a change is about, and of which kind.
fn agreement(before: &Agreements<'_>, change: &Change) -> Option<(Accepted, String)> {
    let (by, kind) = match change {
        Change::Accept { by, kind } | Change::Terminate { of: by, kind: Some(kind) } => (by, kind),
        Change::RemoveDesignation { account, kind } => return Some((Accepted::Account(account.clone()), kind.clone())),
        Change::Terminate { of, kind: None } => {
            let acceptance = before.inventory.customer_agreements().into_iter().find(|a| a.id == *of)?;
            let kind = before.kind_of(&acceptance).to_owned();
            return Some((acceptance.accepted, kind));
        }
        _ => return None,
    };
    let by = match before.tree.organizations.contains_key(by) {
        true => Accepted::Organization(by.clone()),
        false => Accepted::Account(by.clone()),
    };
    Some((by, kind.clone()))
}

/// How an account stands on one side.
pub(super) struct View {
    name: Option<String>,
    role: Role,
    /// Its organization declares it as a delegated administrator.
    delegated: bool,
    rows: BTreeMap<String, KindCoverage>,
    holds_phi: Option<bool>,
    entities: Entities,
}

pub(super) fn view(agreements: &Agreements<'_>, account: &Account) -> Result<View, Failure> {
    let standing = agreements.standing(account)?;
    let phi = agreements.inventory.entity("Account", &account.id).and_then(|e| e.record("phi"));
    let services = phi.and_then(|phi| phi.get("services")).map(|s| s.ids()).unwrap_or_default();
    let more: Vec<Uid> = services.into_iter().map(|id| Uid::new("Service", id)).collect();
    let entities = agreements.entities(account, &standing, &more)?;
    let coverage = agreements.coverage(account, &standing, &entities)?;
    let holds_phi = hipaa::holds_phi(agreements, account, &standing, &coverage, &entities)?;
    let role = agreements.role(&account.id, &standing);
    let organization = standing.organization.as_ref().and_then(|o| agreements.tree.organizations.get(o));
    let delegated = organization.is_some_and(|o| o.delegated.contains(&account.id));
    let rows = coverage.into_iter().map(|row| (row.kind.clone(), row)).collect();
    Ok(View { name: account.name.clone(), role, delegated, rows, holds_phi, entities })
}

impl View {
    /// The kinds that there are answers about.
    pub fn kinds(&self) -> impl Iterator<Item = &String> {
        self.rows.keys()
    }

    /// Whether an agreement of a kind is in force.
    pub fn coverage(&self, kind: &str) -> Coverage {
        self.rows.get(kind).map_or(Coverage::NotCovered, |row| row.coverage)
    }

    fn scope(&self, kind: &str) -> &'static str {
        self.rows.get(kind).and_then(|row| row.governing.as_ref()).map_or("none", |g| g.scope.word())
    }

    /// Whether it is unknown what a row says.
    fn is_open(&self, kind: &str, says: impl Fn(&KindCoverage) -> Option<bool>) -> bool {
        self.rows.get(kind).is_some_and(|row| says(row).is_none())
    }

    fn has_own(&self, kind: &str) -> bool {
        self.rows.get(kind).is_some_and(|row| row.in_force().any(|i| i.scope == Scope::Account))
    }
}

/// One account before and after.
struct Asking<'a> {
    rules: &'a RuleBook,
    made: &'a Made,
    /// The first of the changes that are made after what is before, counted from nought.
    from: usize,
    /// The account.
    id: &'a str,
    /// What of departing service control policies deny in it, and which.
    denied: Option<&'a Denied>,
    old: View,
    new: View,
    /// By what the account is covered until the moment asked, where that is later than the changes.
    later: Option<&'static str>,
}

impl Asking<'_> {
    /// The kinds to ask about; none where the account is neither changed nor covered otherwise.
    fn kinds(&self) -> BTreeSet<&str> {
        let kinds: BTreeSet<&str> = self.old.rows.keys().chain(self.new.rows.keys()).map(String::as_str).collect();
        let differs = |kind: &str| {
            self.old.coverage(kind) != self.new.coverage(kind) || self.old.scope(kind) != self.new.scope(kind)
        };
        if !self.made.any(self.id) && !kinds.iter().any(|kind| differs(kind)) { BTreeSet::new() } else { kinds }
    }

    fn about(&self, kind: &str, at: Moment) -> Result<Vec<Advice>, Failure> {
        let text = |text: &str| Expr::new_string(text.to_owned());
        let pairs = [
            ("at", datetime(at)),
            ("kind", text(kind)),
            ("changes", words(self.made.to(self.id, kind, self.from))),
            ("before", text(self.old.coverage(kind).word())),
            ("after", text(self.new.coverage(kind).word())),
            ("scopeBefore", text(self.old.scope(kind))),
            ("scopeAfter", text(self.new.scope(kind))),
            ("ownBefore", Expr::new_bool(self.old.has_own(kind))),
            ("ownUnknown", Expr::new_bool(self.old.is_open(kind, |row| row.account))),
            ("organizationUnknown", Expr::new_bool(self.old.is_open(kind, |row| row.organization))),
            ("ownAfter", Expr::new_bool(self.new.has_own(kind))),
            ("roleBefore", text(self.old.role.word())),
            ("delegatedAdministrator", Expr::new_bool(self.old.delegated)),
            ("later", Expr::new_bool(self.later.is_some())),
            ("scopeUntilThen", text(self.later.unwrap_or("none"))),
            ("denied", words(self.denied_of(kind).map(|(action, _)| action))),
            ("holdsPhi", Expr::new_bool(self.old.holds_phi == Some(true))),
            ("holdsPhiUnknown", Expr::new_bool(self.old.holds_phi.is_none())),
        ];
        let uid = Uid::new("Account", self.id).to_cedar()?;
        let ruling = self.rules.rule(ADVISE, &uid, &uid, context(pairs)?, &self.old.entities)?;
        let by = if ruling.permitted { ruling.by } else { Vec::new() };
        let advice = |rule: &crate::policies::Rule| Advice {
            policy: rule.id.clone(),
            rule: rule.rule().to_owned(),
            message: self.filled_in(rule.text("message").unwrap_or_default(), kind),
            kinds: Vec::new(),
            accounts: Vec::new(),
            before: None,
        };
        Ok(by.into_iter().map(advice).collect())
    }

    /// The actions that are denied, of those about a kind of agreement and about none, and what denies them.
    fn denied_of(&self, kind: &str) -> impl Iterator<Item = (&str, &str)> {
        let all = self.denied.into_iter().flatten();
        let of = all.filter(move |((_, about), _)| about.as_ref().is_none_or(|about| about == kind));
        of.map(|((action, _), by)| (action.as_str(), by.as_str()))
    }

    /// A message with what denies, of the actions that it names.
    fn filled_in(&self, message: String, kind: &str) -> String {
        let named = self.denied_of(kind).filter(|(action, _)| message.contains(action));
        let denials: Vec<&str> = named.map(|(_, by)| by).collect();
        message.replace("{denials}", &denials.join("; "))
    }
}
