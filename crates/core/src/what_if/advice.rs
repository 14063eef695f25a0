//! What to do before a change, as far as the rules say it: the policies of `policies/changes` are asked about each account that
//! the change concerns, and each that permits is an advice, in the words of its `@message`.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Entities, RestrictedExpression as Expr};
use serde::Serialize;

use super::Change;
use crate::agreements::{Agreements, KindCoverage, context, datetime};
use crate::diff::AccountEntry;
use crate::hipaa::{self, words};
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::{Accepted, Account};
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
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
}

/// Advice, with the kinds and the accounts that it is given for.
type Given = (Advice, BTreeSet<String>, BTreeSet<AccountEntry>);

/// What the rules advise before these changes, which make one inventory of the other.
pub fn advice(
    (base, head): (&Inventory, &Inventory),
    rules: &RuleBook,
    changes: &[Change],
    at: Moment,
) -> Result<Vec<Advice>, Failure> {
    stack::evaluate(|| {
        let (before, after) = (Agreements::new(base, rules, at), Agreements::new(head, rules, at));
        let made = Made::of(&before, changes);
        let mut found: BTreeMap<(String, String), Given> = BTreeMap::new();
        for account in before.tree.accounts.values() {
            let Some(later) = after.tree.accounts.get(&account.id) else { continue };
            let asking =
                Asking { rules, made: made.to(&account.id), old: view(&before, account)?, new: view(&after, later)? };
            for kind in asking.kinds() {
                for advice in asking.about(account, kind, at)? {
                    let key = (advice.policy.clone(), advice.message.clone());
                    let entry = found.entry(key).or_insert_with(|| (advice, BTreeSet::new(), BTreeSet::new()));
                    entry.1.insert(kind.to_owned());
                    entry.2.insert(AccountEntry { account: account.id.clone(), name: account.name.clone() });
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

/// What is made to each account: by itself, or by the organization that it is in.
struct Made {
    own: BTreeMap<String, BTreeSet<&'static str>>,
    shared: BTreeMap<String, BTreeSet<&'static str>>,
    organizations: BTreeMap<String, String>,
}

impl Made {
    fn of(before: &Agreements<'_>, changes: &[Change]) -> Self {
        let mut made = Self { own: BTreeMap::new(), shared: BTreeMap::new(), organizations: BTreeMap::new() };
        for account in before.tree.accounts.values() {
            if let Some(organization) = before.tree.now(account).organization {
                made.organizations.insert(account.id.clone(), organization);
            }
        }
        for change in changes {
            for id in change.accounts() {
                // an acceptance that is named by its id is made for somebody
                let acceptances = before.inventory.customer_agreements();
                let accepted = acceptances.into_iter().find(|a| a.id == id).map(|a| a.accepted);
                match accepted {
                    Some(Accepted::Account(own)) => made.add(&own, change),
                    Some(Accepted::Organization(of)) => made.add(&of, change),
                    None => made.add(id, change),
                }
            }
            if let Change::Delete { organization } | Change::Organization { organization, .. } = change {
                made.add(organization, change);
            }
        }
        made
    }

    fn add(&mut self, id: &str, change: &Change) {
        let word = match (id.starts_with("o-"), change) {
            (true, Change::Accept { .. }) => "organization-accepts",
            (true, Change::Terminate { .. }) => "organization-terminates",
            _ => change.word(),
        };
        let of = if id.starts_with("o-") { &mut self.shared } else { &mut self.own };
        of.entry(id.to_owned()).or_default().insert(word);
    }

    fn to(&self, account: &str) -> BTreeSet<&'static str> {
        let shared = self.organizations.get(account).and_then(|o| self.shared.get(o));
        self.own.get(account).into_iter().chain(shared).flatten().copied().collect()
    }
}

/// How an account stands on one side.
struct View {
    role: Role,
    rows: BTreeMap<String, KindCoverage>,
    holds_phi: Option<bool>,
    entities: Entities,
}

fn view(agreements: &Agreements<'_>, account: &Account) -> Result<View, Failure> {
    let standing = agreements.standing(account)?;
    let phi = agreements.inventory.entity("Account", &account.id).and_then(|e| e.record("phi"));
    let services = phi.and_then(|phi| phi.get("services")).map(|s| s.ids()).unwrap_or_default();
    let more: Vec<Uid> = services.into_iter().map(|id| Uid::new("Service", id)).collect();
    let entities = agreements.entities(account, &standing, &more)?;
    let coverage = agreements.coverage(account, &standing, &entities)?;
    let holds_phi = hipaa::holds_phi(agreements, account, &standing, &coverage, &entities)?;
    let role = agreements.role(&account.id, &standing);
    let rows = coverage.into_iter().map(|row| (row.kind.clone(), row)).collect();
    Ok(View { role, rows, holds_phi, entities })
}

impl View {
    fn coverage(&self, kind: &str) -> Coverage {
        self.rows.get(kind).map_or(Coverage::NotCovered, |row| row.coverage)
    }

    fn scope(&self, kind: &str) -> &'static str {
        self.rows.get(kind).and_then(|row| row.governing.as_ref()).map_or("none", |g| g.scope.word())
    }

    fn has_own(&self, kind: &str) -> bool {
        self.rows.get(kind).is_some_and(|row| row.in_force().any(|i| i.scope == Scope::Account))
    }
}

/// One account before and after.
struct Asking<'a> {
    rules: &'a RuleBook,
    made: BTreeSet<&'static str>,
    old: View,
    new: View,
}

impl Asking<'_> {
    /// The kinds to ask about; none where the account is neither changed nor covered otherwise.
    fn kinds(&self) -> BTreeSet<&str> {
        let kinds: BTreeSet<&str> = self.old.rows.keys().chain(self.new.rows.keys()).map(String::as_str).collect();
        let differs = |kind: &str| {
            self.old.coverage(kind) != self.new.coverage(kind) || self.old.scope(kind) != self.new.scope(kind)
        };
        if self.made.is_empty() && !kinds.iter().any(|kind| differs(kind)) { BTreeSet::new() } else { kinds }
    }

    fn about(&self, account: &Account, kind: &str, at: Moment) -> Result<Vec<Advice>, Failure> {
        let text = |text: &str| Expr::new_string(text.to_owned());
        let pairs = [
            ("at", datetime(at)),
            ("kind", text(kind)),
            ("changes", words(self.made.iter().copied())),
            ("before", text(self.old.coverage(kind).word())),
            ("after", text(self.new.coverage(kind).word())),
            ("scopeBefore", text(self.old.scope(kind))),
            ("scopeAfter", text(self.new.scope(kind))),
            ("ownBefore", Expr::new_bool(self.old.has_own(kind))),
            ("ownAfter", Expr::new_bool(self.new.has_own(kind))),
            ("roleBefore", text(self.old.role.word())),
            ("holdsPhi", Expr::new_bool(self.old.holds_phi == Some(true))),
            ("holdsPhiUnknown", Expr::new_bool(self.old.holds_phi.is_none())),
        ];
        let uid = Uid::new("Account", &account.id).to_cedar()?;
        let ruling = self.rules.rule(ADVISE, &uid, &uid, context(pairs)?, &self.old.entities)?;
        let by = if ruling.permitted { ruling.by } else { Vec::new() };
        let advice = |rule: &crate::policies::Rule| Advice {
            policy: rule.id.clone(),
            rule: rule.rule().to_owned(),
            message: rule.text("message").unwrap_or_default(),
            kinds: Vec::new(),
            accounts: Vec::new(),
        };
        Ok(by.into_iter().map(advice).collect())
    }
}
