//! Which agreements are in force for each account at a moment, and which of them governs.
//!
//! The rules stand in `policies/agreements`. Here Cedar is asked: where the account stands (`standing.rs`), which agreements
//! cover it, which of them governs, and what becomes of the others (`coverage.rs`), and what may be in force without being
//! in the inventory (`unlisted.rs`). `narrowing.rs` says what need not be asked.

mod coverage;
mod entities;
pub mod in_use;
mod kept;
pub mod narrowing;
pub(crate) mod open;
pub(crate) mod standing;

mod unlisted;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use cedar_policy::{Context, Entity as CedarEntity, RestrictedExpression as Expr};

use crate::inventory::Inventory;
pub use crate::inventory::entity::datetime;
use crate::inventory::entity::{Entity, Uid};
use crate::inventory::model::{Accepted, Account, Agreement, CustomerAgreement, Designation, OfflineAgreement};
use crate::inventory::tree::Tree;
use crate::moment::Moment;
use crate::policies::RuleBook;
use crate::policies::turning::Asked;
use crate::problem::Failure;
use crate::terms::{Role, Scope};
pub use coverage::{InForce, KindCoverage};
use narrowing::Narrowing;
use standing::Standing;
pub use unlisted::rests_on_events;

/// The station: everything needed to say what is in force.
pub struct Agreements<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// Its tree.
    pub tree: Arc<Tree>,
    /// What is on offer, by id.
    pub offers: Arc<BTreeMap<String, Agreement>>,
    pub(crate) rules: &'a RuleBook,
    at: Moment,
    context: OnceCell<Context>,
    narrowing: Arc<Narrowing>,
    customer: Arc<Vec<CustomerAgreement>>,
    /// Indexes of `customer`.
    accepted: Arc<HashMap<Accepted, Vec<usize>>>,
    offline: Arc<Vec<OfflineAgreement>>,
    /// By account, the offline agreements and designations that name it.
    designated: Arc<HashMap<String, Vec<(usize, usize)>>>,
    timeless: bool,
    standings: RefCell<HashMap<String, Rc<Standing>>>,
    /// Whether the agreements of an organization are known, by its id.
    listed: Rc<RefCell<HashMap<String, bool>>>,
    members: Rc<OnceCell<BTreeMap<String, Vec<String>>>>,
    /// Who is in which organization at the moment.
    present: OnceCell<Rc<Present>>,
    /// What was not listed of any account, where the rules may let it cover every account.
    of_others: OnceCell<Vec<(Scope, String)>>,
    /// Whether an account without `membershipsKnownSince` is known to stand where it does, where the rules read nothing else.
    stands_known: OnceCell<bool>,
    /// Whether a membership without an interval holds, by organization and unit, where the rules read nothing else.
    snapshots: RefCell<HashMap<(String, Option<String>), bool>>,
    entities: Rc<RefCell<HashMap<Uid, CedarEntity>>>,
    kept: Rc<RefCell<kept::Kept>>,
    in_use: Rc<OnceCell<in_use::InUse>>,
}

/// What an inventory holds of agreements, in lists and by what they are asked for.
pub(crate) struct Lists<'a> {
    inventory: &'a Inventory,
    pub tree: Arc<Tree>,
    offers: Arc<BTreeMap<String, Agreement>>,
    rules: &'a RuleBook,
    narrowing: Arc<Narrowing>,
    customer: Arc<Vec<CustomerAgreement>>,
    accepted: Arc<HashMap<Accepted, Vec<usize>>>,
    offline: Arc<Vec<OfflineAgreement>>,
    designated: Arc<HashMap<String, Vec<(usize, usize)>>>,
    /// The lists tell the same at every moment.
    timeless: bool,
}

impl<'a> Lists<'a> {
    /// The agreements at a moment; nothing is asked yet.
    pub fn at(&self, at: Moment) -> Agreements<'a> {
        Agreements {
            inventory: self.inventory,
            tree: self.tree.clone(),
            offers: self.offers.clone(),
            rules: self.rules,
            at,
            context: OnceCell::new(),
            narrowing: self.narrowing.clone(),
            customer: self.customer.clone(),
            accepted: self.accepted.clone(),
            offline: self.offline.clone(),
            designated: self.designated.clone(),
            timeless: self.timeless,
            standings: RefCell::default(),
            listed: Rc::default(),
            members: Rc::default(),
            present: OnceCell::new(),
            of_others: OnceCell::new(),
            stands_known: OnceCell::new(),
            snapshots: RefCell::default(),
            entities: Rc::default(),
            kept: Rc::default(),
            in_use: Rc::default(),
        }
    }
}

/// Who is in which organization at a moment.
#[derive(Default)]
pub(crate) struct Present {
    /// The accounts, by their organization.
    pub in_organization: BTreeMap<String, Vec<String>>,
    /// Those of which it is not known.
    pub unknown: BTreeSet<String>,
}

impl<'a> Agreements<'a> {
    /// The agreements of an inventory at a moment.
    pub fn new(inventory: &'a Inventory, rules: &'a RuleBook, at: Moment) -> Self {
        Self::narrowed(inventory, rules, at, Narrowing::of(rules))
    }

    /// The same, asking the rules about every agreement, membership and designation: the answers do not differ.
    pub fn asking_about_all(inventory: &'a Inventory, rules: &'a RuleBook, at: Moment) -> Self {
        Self::narrowed(inventory, rules, at, Narrowing::asking_about_all(rules))
    }

    fn narrowed(inventory: &'a Inventory, rules: &'a RuleBook, at: Moment, narrowing: Narrowing) -> Self {
        let customer = inventory.customer_agreements();
        let mut accepted: HashMap<Accepted, Vec<usize>> = HashMap::new();
        for (index, agreement) in customer.iter().enumerate() {
            accepted.entry(agreement.accepted.clone()).or_default().push(index);
        }
        let offline = inventory.offline_agreements();
        let mut designated: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (of, agreement) in offline.iter().enumerate() {
            for (index, designation) in agreement.designations.iter().enumerate() {
                designated.entry(designation.account.clone()).or_default().push((of, index));
            }
        }
        let lists = Lists {
            inventory,
            tree: Arc::new(Tree::new(inventory)),
            offers: Arc::new(inventory.agreements()),
            rules,
            narrowing: Arc::new(narrowing),
            customer: Arc::new(customer),
            accepted: Arc::new(accepted),
            offline: Arc::new(offline),
            designated: Arc::new(designated),
            timeless: is_timeless(inventory, rules),
        };
        lists.at(at)
    }

    /// What no moment changes, and what threads share.
    pub(crate) fn collected(&self) -> Lists<'a> {
        Lists {
            inventory: self.inventory,
            tree: self.tree.clone(),
            offers: self.offers.clone(),
            rules: self.rules,
            narrowing: self.narrowing.clone(),
            customer: self.customer.clone(),
            accepted: self.accepted.clone(),
            offline: self.offline.clone(),
            designated: self.designated.clone(),
            timeless: self.timeless,
        }
    }

    /// The same at another moment. What no moment changes is shared: one more moment costs what is asked about it.
    pub fn moved_to(&self, at: Moment) -> Self {
        Self {
            listed: if self.timeless { self.listed.clone() } else { Rc::default() },
            members: self.members.clone(),
            entities: self.entities.clone(),
            kept: self.kept.clone(),
            in_use: self.in_use.clone(),
            ..self.collected().at(at)
        }
    }

    /// The moment asked.
    pub fn at(&self) -> Moment {
        self.at
    }

    /// A context that tells the moment alone, made once.
    fn asked_at(&self) -> Result<Context, Failure> {
        if let Some(context) = self.context.get() {
            return Ok(context.clone());
        }
        let made = context([("at", datetime(self.at))])?;
        Ok(self.context.get_or_init(|| made).clone())
    }

    /// Offline agreements of a kind, whether or not they designate any account at the moment.
    pub fn has_offline(&self, kind: &str) -> bool {
        self.offline.iter().any(|o| o.kind == kind)
    }

    /// Acceptances of an account or an organization.
    pub fn accepted(&self, by: &Accepted) -> impl Iterator<Item = &CustomerAgreement> {
        let indexes = self.accepted.get(by).map_or(&[][..], Vec::as_slice);
        indexes.iter().filter_map(|i| self.customer.get(*i))
    }

    /// Whether an acceptance of a kind, by an account or organization, may be in force, and is not known to be.
    pub(crate) fn is_doubted(&self, by: &str, kind: &str) -> bool {
        let doubted =
            |a: &CustomerAgreement| a.known_until.is_some_and(|until| until <= self.at) && self.kind_of(a) == kind;
        let by = [Accepted::Account(by.to_owned()), Accepted::Organization(by.to_owned())];
        by.iter().flat_map(|by| self.accepted(by)).any(doubted)
    }

    pub(crate) fn kind_of(&self, agreement: &CustomerAgreement) -> &str {
        self.offers.get(&agreement.agreement).map_or("", |o| &o.kind)
    }

    /// The offline agreements that ever designate an account, each with the designation.
    pub(crate) fn designating_ever<'s>(
        &'s self,
        account: &str,
    ) -> impl Iterator<Item = (&'s OfflineAgreement, &'s Designation)> {
        let of = |(of, at): &(usize, usize)| {
            let agreement = self.offline.get(*of)?;
            Some((agreement, agreement.designations.get(*at)?))
        };
        self.designated.get(account).into_iter().flatten().filter_map(of)
    }

    /// Who is in which organization at the moment. Asked of all accounts once.
    pub(crate) fn present(&self) -> Result<Rc<Present>, Failure> {
        if let Some(present) = self.present.get() {
            return Ok(present.clone());
        }
        let mut present = Present::default();
        for account in self.tree.accounts.values() {
            crate::work::add(1);
            let standing = self.standing(account)?;
            if standing.unknown.is_some() {
                present.unknown.insert(account.id.clone());
            }
            if let Some(organization) = &standing.organization {
                present.in_organization.entry(organization.clone()).or_default().push(account.id.clone());
            }
        }
        let present = Rc::new(present);
        Ok(self.present.get_or_init(|| present).clone())
    }

    /// Whether the rules ask about what names an account and its organizations, and about nothing else.
    pub(crate) fn stays_with_the_account(&self) -> bool {
        self.narrowing.is_complete()
    }

    /// What an account is in its organization.
    pub fn role(&self, account: &str, standing: &Standing) -> Role {
        match (&standing.organization, self.tree.manages(account, standing.organization.as_deref())) {
            (None, _) if standing.unknown.is_some() => Role::Unknown,
            (None, _) => Role::Standalone,
            (Some(_), true) => Role::Management,
            (Some(_), false) => Role::Member,
        }
    }

    /// What tells when agreements of a kind, and the membership that they rest on, began and ended.
    pub fn evidence(&self, account: &Account, standing: &Standing, kind: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut tell = |what: String, witness: &Option<String>| {
            found.extend(witness.as_ref().map(|w| format!("{what}: {w}")));
        };
        let own = Accepted::Account(account.id.clone());
        let shared = standing.organization.clone().map(Accepted::Organization);
        let accepted = std::iter::once(&own).chain(&shared).flat_map(|by| self.accepted(by));
        for agreement in accepted.filter(|a| self.kind_of(a) == kind) {
            tell(format!("{} accepted", agreement.id), &agreement.start_witness);
            tell(format!("{} terminated", agreement.id), &agreement.end_witness);
        }
        for membership in account.memberships.iter().flatten() {
            let by = Accepted::Organization(membership.organization.clone());
            if self.accepted(&by).any(|a| self.kind_of(a) == kind) {
                tell(format!("joined {}", membership.organization), &membership.from_witness);
                tell(format!("departed from {}", membership.organization), &membership.until_witness);
            }
        }
        found
    }

    /// Whether the standing matters to a kind: its organization has ever accepted one.
    fn depends_on_organization(&self, standing: &Standing, kind: &str) -> bool {
        let by = standing.organization.clone().map(Accepted::Organization);
        by.is_some_and(|by| self.accepted(&by).any(|a| self.kind_of(a) == kind))
    }
}

/// Whether lists tell the same at every moment: the policies compare it with nothing that some account or organization declares.
fn is_timeless(inventory: &Inventory, rules: &RuleBook) -> bool {
    const LISTS: &str = "lists-agreements-of";
    if !rules.reads_attribute(LISTS, "at") {
        return true;
    }
    let turns = |entity: &Entity| {
        let of: [(&[&str], &Uid); 2] = [(&["principal"], &entity.uid), (&["resource"], &entity.uid)];
        !rules.moments(LISTS, &Asked { inventory, of: &of }).is_empty()
    };
    !rules.reckons(LISTS) && !["Account", "Organization"].iter().any(|ty| inventory.of_type(ty).any(turns))
}

/// A Cedar context of these attributes.
pub fn context<'k>(pairs: impl IntoIterator<Item = (&'k str, Expr)>) -> Result<Context, Failure> {
    let pairs = pairs.into_iter().map(|(k, v)| (k.to_owned(), v));
    Context::from_pairs(pairs).map_err(Failure::internal("the context of a request"))
}
