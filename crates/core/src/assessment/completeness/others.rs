//! What those who are not listed could do: the rules are asked about a principal of which nothing is known but its account.
//!
//! Such a principal has every permission that the service control policies of its account leave to anybody, and any request may be
//! its own: what it cannot do, nobody can who is not listed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::{Missing, Unseen, open_groups};
use crate::agreements::Agreements;
use crate::agreements::standing::Standing;
use crate::assessment::Operation;
use crate::assessment::stage::{Stage, beside};
use crate::assessment::{AgreementAnswer, Assessment, Filter, Options, PrincipalAnswer, assess, principals};
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Entity, Item, Uid};
use crate::inventory::fields::Fields;
use crate::inventory::model::Account;
use crate::inventory::tree::Tree;
use crate::operations::{self, AccountEvaluator, Memo};
use crate::permissions::caller::no_service;
use crate::permissions::form::Form;
use crate::permissions::knowledge::{Knowledge, Known};
use crate::permissions::partial_arn::{Part, PartialArn};
use crate::permissions::principals::{Directory, Principal};
use crate::permissions::scenarios::{self, Stack};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{AnyAllowed, Decision, PrincipalKind};

/// Principals or people who may be there unseen, and what they could do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Others {
    /// The account; null for accounts that were not listed themselves.
    pub account: Option<String>,
    /// The organization of accounts that were not listed.
    pub organization: Option<String>,
    /// The permission set by which members of a group could.
    pub permission_set: Option<String>,
    /// The groups whose members were not listed.
    pub groups: Vec<String>,
    /// What was not listed.
    pub missing: Vec<Missing>,
    /// What they could do; never empty.
    pub operations: Vec<Operation>,
    /// The person who was asked about, and may be one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The roles by which they could; none where they act as themselves, or by the permission set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assuming: Option<Assuming>,
}

/// How somebody who may be there unseen comes to act in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assuming {
    /// The account that they assume the first of the roles from.
    pub from: String,
    /// The ARN of the permission set there by which they do; null for users and roles.
    pub principal: Option<String>,
    /// The ARNs of the roles that are assumed one after the other; the last one is of the account.
    pub roles: Vec<String>,
}

impl Others {
    /// Who they are, in words: `other users and roles of 111122223333`.
    pub fn words(&self) -> String {
        if let (Some(assuming), Some(account)) = (&self.assuming, &self.account) {
            let own = Self { account: Some(assuming.from.clone()), assuming: None, ..self.clone() };
            let names = assuming.roles.iter().map(|arn| arn.rsplit('/').next().unwrap_or(arn));
            let names: Vec<&str> = names.collect();
            return format!("{}, by assuming {} in {account}", own.words(), names.join(", then "));
        }
        if let (Some(person), Some(account)) = (&self.person, &self.account) {
            return match &self.permission_set {
                Some(set) if self.groups.is_empty() => format!("{person} by the permission set {set} in {account}"),
                Some(set) => {
                    format!("{person} as a member of {} (permission set {set} in {account})", self.groups.join(" or "))
                }
                None => format!("{person} by a permission set in {account}"),
            };
        }
        match (&self.account, &self.permission_set) {
            (Some(account), Some(set)) if self.groups.is_empty() => {
                format!("people whose assignments are not listed (permission set {set} in {account})")
            }
            (Some(account), Some(set)) => {
                format!("other members of {} (permission set {set} in {account})", self.groups.join(", "))
            }
            (Some(account), None) => {
                let who = match self.missing.as_slice() {
                    [Missing::Assignments] => "people with permission sets",
                    [Missing::Principals] => "users and roles",
                    _ => "users, roles and people with permission sets",
                };
                format!("other {who} in {account}")
            }
            (None, _) => format!("anyone in {}", self.place()),
        }
    }

    /// Where they are: an account, or accounts that are not listed.
    pub fn place(&self) -> String {
        let unlisted = || format!("other accounts of {}", self.organization.as_deref().unwrap_or_default());
        self.account.clone().unwrap_or_else(unlisted)
    }
}

/// Those who may be there unseen in what the options ask about. A promise about principals that are named is about nobody else.
pub fn others(inventory: &Inventory, rules: &RuleBook, options: &Options) -> Result<Vec<Others>, Failure> {
    let filter = &options.filter;
    let unseen = Unseen::of(inventory);
    if filter.without_principals || filter.principals.is_some() || unseen.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Asking { inventory, rules, options, unseen: &unseen }.listed_accounts()?;
    // who asks about some accounts asks about those; within the reach of a change, accounts that are not listed are their organization
    if filter.accounts.is_empty() {
        let within = |organization: &&String| filter.principals_in.as_ref().is_none_or(|a| a.contains(*organization));
        let filter = Filter { principals_in: None, ..filter.clone() };
        let options = &Options { filter, ..options.clone() };
        for organization in unseen.organizations.iter().filter(within) {
            let (with, account) = with_unlisted(inventory, organization);
            let unseen = Unseen { principals: BTreeSet::from([account.clone()]), ..Unseen::default() };
            let of = Asking { inventory: &with, rules, options, unseen: &unseen }.listed_accounts()?;
            let own = of.into_iter().filter(|o| o.account.as_ref() == Some(&account));
            found.extend(own.map(|o| Others {
                account: None,
                organization: Some(organization.clone()),
                missing: vec![Missing::Accounts],
                ..o
            }));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether an agreement of a kind is in force for accounts that were not listed, by their organizations.
pub fn unlisted_coverage(
    inventory: &Inventory,
    rules: &RuleBook,
    options: &Options,
    kind: &str,
) -> Result<Vec<(String, AgreementAnswer)>, Failure> {
    let mut found = Vec::new();
    for organization in Unseen::of(inventory).organizations {
        let (with, account) = with_unlisted(inventory, &organization);
        // the number is made up, and no one is to look for it
        let unnumbered = |text: String| text.replace(&format!("account {account}"), "such an account");
        let (accounts, agreements) = (vec![account.clone()], vec![kind.to_owned()]);
        let filter = Filter { accounts, agreements, without_principals: true, ..Filter::default() };
        let assessment = assess(&with, rules, &Options { filter, ..options.clone() })?;
        let rows = assessment.accounts.into_iter().flat_map(|a| a.agreements);
        found.extend(rows.map(|mut row| {
            row.reason = row.reason.map(unnumbered);
            row.assuming = row.assuming.into_iter().map(unnumbered).collect();
            (format!("other accounts of {organization}"), row)
        }));
    }
    Ok(found)
}

/// The inventory with one more account in an organization, of which nothing is known; its number.
pub(crate) fn with_unlisted(inventory: &Inventory, organization: &str) -> (Inventory, String) {
    let mut with = inventory.clone();
    let ids = (0_u64..).map(|n| format!("{n:012}"));
    let taken = |id: &String| with.entities.contains_key(&Uid::new("Account", id));
    let id = ids.into_iter().find(|id| !taken(id)).unwrap_or_default();
    let parent = Uid::new("Organization", organization);
    if let Some(of) = inventory.entities.get(&parent) {
        let manages = of.reference("managementAccount").and_then(|a| inventory.entity("Account", a));
        let partition = manages.and_then(|a| a.str("partition")).unwrap_or("aws").to_owned();
        let item = |attr: Attr| Item { span: of.span, attr };
        let attrs = Fields::from([
            ("partition", item(Attr::String(partition))),
            ("state", item(Attr::String("ACTIVE".to_owned()))),
            ("agreementsKnown", item(Attr::Bool(false))),
            ("tagsKnown", item(Attr::Bool(false))),
        ]);
        let (uid, parents) = (Uid::new("Account", &id), vec![(parent, of.span)]);
        let account = Entity { uid: uid.clone(), attrs, parents, tags: Arc::default(), ..of.clone() };
        with.entities.insert(uid, account);
    }
    (with, id)
}

struct Asking<'a> {
    inventory: &'a Inventory,
    rules: &'a RuleBook,
    options: &'a Options,
    unseen: &'a Unseen,
}

impl Asking<'_> {
    fn listed_accounts(&self) -> Result<Vec<Others>, Failure> {
        let options = self.options;
        let agreements = Agreements::new(self.inventory, self.rules, options.at);
        let settled = BTreeMap::new();
        let directory = Directory::new(self.inventory, &agreements.tree, options.at, &settled).of_any_request(true);
        let mut directory = directory.standing(Box::new(|account| agreements.standing(account)));
        let mut found = Vec::new();
        let mut memos: HashMap<String, Memo> = HashMap::new();
        for account in agreements.tree.accounts.values() {
            let id = account.id.as_str();
            let within = options.filter.principals_in.as_ref().is_none_or(|a| a.contains(id));
            let (principals, assignments) = (self.unseen.principals_of(id), self.unseen.assignments_of(id));
            if !within || !options.filter.account(id) || !(principals || assignments) {
                continue;
            }
            let standing = agreements.standing(account)?;
            let stranger = stranger(&mut directory, account, principals)?;
            let class = operations::class(&agreements, self.rules, account, &standing);
            let memo = memos.entry(class.unwrap_or_else(|| account.id.clone())).or_default();
            let operations = self.possible(&agreements, (account, &standing), &stranger, memo)?;
            let missing = [(Missing::Assignments, assignments), (Missing::Principals, principals)];
            if !operations.is_empty() {
                found.push(Others {
                    account: Some(account.id.clone()),
                    organization: None,
                    permission_set: None,
                    groups: Vec::new(),
                    missing: missing.into_iter().filter(|(_, is)| *is).map(|(m, _)| m).collect(),
                    operations,
                    person: None,
                    assuming: None,
                });
            }
        }
        Ok(found)
    }

    /// The operations that some request of a principal could do.
    fn possible(
        &self,
        agreements: &Agreements<'_>,
        (account, standing): (&Account, &Standing),
        principal: &Principal,
        memo: &Memo,
    ) -> Result<Vec<Operation>, Failure> {
        let mut more = beside(self.inventory);
        more.push(principal.uid.clone());
        let entities = agreements.entities(account, standing, &more)?;
        let coverage = agreements.coverage(account, standing, &entities)?;
        let stage = Stage::new(agreements, (account, standing), (self.rules, self.options), (entities, coverage))?;
        let desk = AccountEvaluator { any_request: true, ..stage.evaluator(memo) };
        let mut possible = Vec::new();
        for operation in stage.wanted() {
            let answer = desk.decide(principal, operation)?;
            // what was not tried to the end is possible
            if answer.any_request.as_ref().is_none_or(|any| any.decision != AnyAllowed::No) {
                possible.push(Operation {
                    operation: operation.name,
                    scope: operation.scope,
                    agreement: operation.kind.clone(),
                    report: operation.report.clone(),
                });
            }
        }
        Ok(possible)
    }
}

/// A principal of an account of which nothing is known: it has all permissions that service control policies leave. `any` is one of
/// any kind; otherwise it is the role of a permission set.
pub(crate) fn stranger(directory: &mut Directory<'_>, account: &Account, any: bool) -> Result<Principal, Failure> {
    let standing = directory.then(account)?;
    let mut assuming = Vec::new();
    let layers = directory.service_control(account, &standing, &mut assuming);
    let mut knowledge = Knowledge::default();
    let after = |text: &str| vec![Part::text(text), Part::Any];
    let resources =
        if any { vec![after("user/"), after("role/")] } else { vec![after("role/aws-reserved/sso.amazonaws.com/")] };
    let arn = PartialArn::new(&account.partition, &account.id, resources);
    knowledge.insert("aws:principalarn", Known::Like(arn));
    knowledge.set("aws:principalaccount", &account.id);
    let id = if any { Form::user_or_session_id() } else { Form::session_id(None) };
    knowledge.insert("aws:userid", Known::OfForm(id));
    no_service().into_iter().for_each(|(key, known)| knowledge.insert(key, known));
    directory.organization_keys(&mut knowledge, &standing);
    let arn = format!("arn:{}:iam::{}:role/*", account.partition, account.id);
    Ok(Principal {
        uid: Uid::new("Role", &arn),
        arn,
        kind: PrincipalKind::Role,
        account: account.id.clone(),
        name: "*".to_owned(),
        people: Arc::default(),
        groups: Arc::default(),
        stack: Stack { layers, of_resource: None },
        knowledge,
        assuming: assuming.into(),
        memo: scenarios::Memo::default(),
    })
}

/// The groups by which people have a permission set in an account, and whose members were not all listed; none for other principals.
pub(crate) fn unlisted_groups(inventory: &Inventory, tree: &Tree, (uid, account): (&Uid, &String)) -> Vec<String> {
    let Some(set) = inventory.entities.get(uid).filter(|_| uid.ty == "PermissionSet") else { return Vec::new() };
    let path = tree.accounts.get(account).map(|a| tree.now(a).path).unwrap_or_default();
    open_groups(inventory, set, |fields| is_in(fields, account, &path))
}

/// Whether an assignment is in an account, which stands below these units.
fn is_in(fields: &BTreeMap<String, Item>, account: &String, path: &[String]) -> bool {
    let named = |attr: &str| fields.get(attr).map(Item::ids).unwrap_or_default();
    named("accounts").contains(account) || named("organizationalUnits").iter().any(|u| path.contains(u))
}

/// The ids of the groups by which people have a permission set in an account.
pub(crate) fn groups_of(inventory: &Inventory, tree: &Tree, (uid, account): (&Uid, &String)) -> BTreeSet<String> {
    let path = tree.accounts.get(account).map(|a| tree.now(a).path).unwrap_or_default();
    let set = inventory.entities.get(uid).filter(|_| uid.ty == "PermissionSet");
    let items = set.and_then(|set| set.set("assignments")).unwrap_or_default().iter().filter_map(Item::record);
    let here = items.filter(|fields| is_in(fields, account, &path));
    here.filter_map(|fields| fields.get("group")?.id().map(str::to_owned)).collect()
}

/// Whether the members of a group were not all listed.
pub(crate) fn is_open(inventory: &Inventory, group: &str) -> bool {
    let is_not_known = |e: &Entity, attr: &str| e.bool(attr) == Some(false);
    let all = inventory.of_type("IdentityCenterInstance").any(|i| is_not_known(i, "groupsKnown"));
    inventory.entity("IdentityCenterGroup", group).is_some_and(|g| all || is_not_known(g, "membersKnown"))
}

/// The members of groups who may be there unseen, where a principal is a permission set that they have.
pub fn members(inventory: &Inventory, tree: &Tree, principal: &PrincipalAnswer) -> Option<Others> {
    let groups = unlisted_groups(inventory, tree, (&principal.uid, &principal.account));
    if groups.is_empty() {
        return None;
    }
    let allowed = principal.operations.in_common().into_iter().filter(|o| o.decision != Decision::Deny);
    let operations: Vec<Operation> = allowed.map(Operation::of).collect();
    (!operations.is_empty()).then(|| Others {
        account: Some(principal.account.clone()),
        organization: None,
        permission_set: Some(principal.name.clone()),
        groups,
        missing: vec![Missing::Members],
        operations,
        person: None,
        assuming: None,
    })
}

/// The members of groups who may be there unseen, behind all permission sets that are `wanted` of what the options ask about.
pub fn all_members(
    (inventory, rules): (&Inventory, &RuleBook),
    options: &Options,
    wanted: impl Fn(&PrincipalAnswer) -> bool,
) -> Result<Vec<Others>, Failure> {
    let tree = Tree::new(inventory);
    let is_open = |p: &PrincipalAnswer| {
        p.kind == PrincipalKind::PermissionSet
            && options.filter.account(&p.account)
            && wanted(p)
            && !unlisted_groups(inventory, &tree, (&p.uid, &p.account)).is_empty()
    };
    let open: Vec<(String, String)> =
        principals(inventory, options.at).into_iter().filter(is_open).map(|p| (p.principal, p.account)).collect();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter { principals: Some(open), principals_in: None, ..options.filter.clone() };
    let answers = assess(inventory, rules, &Options { filter, any_request: false, ..options.clone() })?;
    Ok(answers.principals.iter().filter_map(|p| members(inventory, &tree, p)).collect())
}

impl Assessment {
    /// Those who may be there unseen and could do an operation that `is` one of.
    pub fn perhaps_others<'a>(&'a self, is: impl Fn(&Operation) -> bool + 'a) -> impl Iterator<Item = Others> + 'a {
        self.completeness.perhaps_others.iter().filter_map(move |others| {
            let operations: Vec<Operation> = others.operations.iter().filter(|o| is(o)).cloned().collect();
            (!operations.is_empty()).then(|| Others { operations, ..others.clone() })
        })
    }

    /// What it says of some operations on some kinds of agreement. What it finds is about everything still.
    pub fn narrowed(mut self, operations: &[&str], kinds: &[String]) -> Self {
        let is_wanted = |operation: &str, kind: &Option<String>| {
            operations.contains(&operation) && kind.as_ref().is_some_and(|kind| kinds.contains(kind))
        };
        self.completeness.perhaps_others = self.perhaps_others(|o| is_wanted(o.operation, &o.agreement)).collect();
        for principal in &mut self.principals {
            principal.operations = principal.operations.only(|o| is_wanted(o.operation, &o.agreement));
        }
        self
    }
}
