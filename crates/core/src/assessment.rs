//! The assessment: the one value that every command shares. No command has an evaluation of its own.
//!
//! [`assess`] is a pure function of the inventory, the rules, the moment and the options; the types are those of
//! `schemas/assessment.v1.schema.json`.
//!
//! Coverage alone, on two days:
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_core::assessment::{Filter, Options, assess};
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
//! for (day, expected) in [("2024-03-04", Coverage::NotCovered), ("2024-03-05", Coverage::Covered)] {
//!     let at = moment::parse(day).ok_or("not a moment")?;
//!     let filter = Filter { without_principals: true, ..Filter::default() };
//!     let assessment = assess(&inventory, &rules, &Options { at, snapshot: at, filter, ..Options::default() })?;
//!     let baa = assessment.accounts[0].agreements.iter().find(|row| row.kind == "baa").ok_or("no BAA")?;
//!     assert_eq!(baa.coverage, expected);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! One operation of one principal is asked by narrowing what is assessed:
//!
//! ```
//! use countersign_core::assessment::Filter;
//! use countersign_core::terms::Scope;
//!
//! let filter = Filter {
//!     principals: Some(vec![("arn:aws:iam::111122223333:user/jane".to_owned(), "111122223333".to_owned())]),
//!     operations: vec!["accept-agreement".to_owned()],
//!     agreements: vec!["baa".to_owned()],
//!     scopes: vec![Scope::Organization],
//!     ..Filter::default()
//! };
//! # assert!(!filter.without_principals);
//! ```

pub(crate) mod answered;
mod answers;
mod asking;
mod assessor;
pub mod completeness;
pub mod document;
pub mod escalation;
mod lanes;
pub mod lines;
mod operation;
pub mod plans;
pub(crate) mod possible;
mod snapshot;
mod stage;
mod tables;
mod threads;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use crate::agreements::InForce;
use crate::finding::Finding;
use crate::hipaa::{Hipaa, Phi};
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::tree::Tree;
use crate::moment::{self, Moment};
use crate::operations::answer::Dependency;
use crate::operations::any_request::AnyRequest;
use crate::operations::catalogue;
use crate::permissions::principals::{Directory, Identity, OpenGroup};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::provenance::Provenance;
use crate::stack;
use crate::terms::{Coverage, Decision, PermissionModel, PrincipalKind, Role, Scope};
use assessor::Assessor;
use completeness::Completeness;
use escalation::Escalation;
use plans::Plan;

pub use crate::permissions::principals::Person;
pub use answers::{Answers, Class, OfClass};
pub use operation::Operation;

/// What to assess.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The moment asked.
    pub at: Moment,
    /// When the inventory's snapshot was taken (D22).
    pub snapshot: Moment,
    /// A moment was asked about, and the inventory does not say of when it is: no day of a snapshot is claimed.
    pub undated: bool,
    /// Which generations of permissions count.
    pub model: PermissionModel,
    /// Condition keys that are settled, in lower case.
    pub context: BTreeMap<String, Vec<String>>,
    /// Whether any request is allowed is asked too: then nothing is assumed or settled.
    pub any_request: bool,
    /// Whatever agreements are in force, and whether or not the NDA is accepted: what principals are permitted.
    pub any_state: bool,
    /// As IAM decides the call that an operation comes to, without the console: the permissions that the console asks for before it do
    /// not count.
    pub by_the_call: bool,
    /// What principals may grant themselves is asked too, of those that lack a permission.
    pub grants_itself: bool,
    /// Each principal is asked by itself, and none has the answers of one that is like it: the plain way, for comparing.
    pub by_itself: bool,
    /// How many threads ask; 0 is as many as there are processors, where there are accounts enough. The answers do not differ.
    pub threads: usize,
    /// What to leave out.
    pub filter: Filter,
}

impl Options {
    /// The same at another moment.
    #[must_use]
    pub fn moved_to(&self, at: Moment) -> Self {
        Self { at, ..self.clone() }
    }
}

/// What an assessment is narrowed to; an empty list is no restriction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Account numbers.
    pub accounts: Vec<String>,
    /// ARNs of principals, with their accounts.
    pub principals: Option<Vec<(String, String)>>,
    /// Kinds of agreements.
    pub agreements: Vec<String>,
    /// Names of operations.
    pub operations: Vec<String>,
    /// Scopes of operations.
    pub scopes: Vec<Scope>,
    /// Ids of reports.
    pub reports: Vec<String>,
    /// The members that operations are done to; `None` for all. What is done to no member is asked about.
    pub members: Option<BTreeSet<String>>,
    /// Coverage only.
    pub without_principals: bool,
    /// The accounts whose principals are asked about; `None` for all. Coverage is told of every account.
    pub principals_in: Option<BTreeSet<String>>,
    /// Nothing but the answers: no findings, and no account that is asked about by nobody. Such an account is not even looked at.
    pub answers_alone: bool,
}

impl Filter {
    pub(crate) fn account(&self, id: &str) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|a| a == id)
    }

    /// The principals that are named, by their accounts: a list of many is looked through once.
    fn named(&self) -> Option<Named<'_>> {
        let mut named = Named::new();
        for (arn, account) in self.principals.as_ref()? {
            named.entry(account).or_default().insert(arn);
        }
        Some(named)
    }

    /// Whether principals of an account may be asked about, and which, if not all.
    fn wants<'n>(&self, account: &str, named: Option<&'n Named<'_>>) -> (bool, Option<&'n HashSet<&'n str>>) {
        let within = !self.without_principals
            && self.account(account)
            && self.principals_in.as_ref().is_none_or(|accounts| accounts.contains(account));
        match named {
            None => (within, None),
            Some(named) => {
                let here = named.get(account);
                (within && here.is_some(), here)
            }
        }
    }

    /// Whether nothing is asked about an account. `wanted`: some of its principals are.
    fn passes_over(&self, account: &str, wanted: bool) -> bool {
        self.answers_alone && !wanted && !(self.without_principals && self.account(account))
    }

    /// Whether a kind of agreement is asked about.
    pub(crate) fn agreement(&self, kind: &String) -> bool {
        self.agreements.is_empty() || self.agreements.contains(kind)
    }

    pub(crate) fn operation(&self, operation: &catalogue::Operation) -> bool {
        fn among(list: &[String], value: Option<&str>) -> bool {
            list.is_empty() || value.is_some_and(|v| list.iter().any(|l| l == v))
        }
        among(&self.operations, Some(operation.name))
            && (self.scopes.is_empty() || operation.scope.is_some_and(|s| self.scopes.contains(&s)))
            && among(&self.reports, operation.report.as_deref())
            && operation.member.as_ref().is_none_or(|m| self.members.as_ref().is_none_or(|members| members.contains(m)))
            && (operation.kind.is_none() && self.agreements.is_empty()
                || among(&self.agreements, operation.kind.as_deref()))
    }
}

/// ARNs of principals by their accounts.
type Named<'f> = HashMap<&'f str, HashSet<&'f str>>;

/// The answers to everything that was asked.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Assessment {
    /// `countersign/assessment/v1`
    pub schema: &'static str,
    /// What it was made from; only at the top of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Arc<Provenance>>,
    /// The moment asked.
    pub at: String,
    /// Which generations of permissions counted.
    pub permission_model: PermissionModel,
    /// What no answer here takes into account.
    pub leaves_out: Vec<&'static str>,
    /// The kinds of agreement by which an account is covered as HIPAA asks: told even where none covers anything.
    #[serde(skip)]
    pub hipaa_kinds: BTreeSet<String>,
    /// By number.
    pub accounts: Vec<AccountAnswer>,
    /// By account and ARN.
    pub principals: Vec<PrincipalAnswer>,
    /// By severity, code and subject.
    pub findings: Vec<Finding>,
    /// What was not collected, and who may therefore be there unseen (D31).
    pub completeness: Completeness,
}

impl Assessment {
    /// What is in force for an account that was asked about.
    #[must_use]
    pub fn account(&self, id: &str) -> Option<&AccountAnswer> {
        let place = self.accounts.binary_search_by(|account| account.account.as_str().cmp(id)).ok()?;
        self.accounts.get(place)
    }
}

/// What is in force for an account.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccountAnswer {
    /// Its number.
    pub account: String,
    /// Its name, if declared.
    pub name: Option<String>,
    /// `aws`, `aws-us-gov`
    pub partition: String,
    /// `ACTIVE`, `SUSPENDED`, …
    pub state: String,
    /// Its organization at the moment.
    pub organization: Option<String>,
    /// The organizational units that it stands in, from the root down; empty for an earlier organization.
    pub units: Vec<UnitAnswer>,
    /// What it is in its organization.
    pub role: Role,
    /// A kind a row.
    pub agreements: Vec<AgreementAnswer>,
    /// The four facts (D3).
    pub hipaa: Hipaa,
    /// What the register says of PHI; null where it says nothing.
    pub phi: Option<Phi>,
}

/// An organizational unit.
#[derive(Clone, Debug, Serialize)]
pub struct UnitAnswer {
    /// `ou-…`
    pub id: String,
    /// Its name, if declared.
    pub name: Option<String>,
}

/// Whether an agreement of a kind is in force.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AgreementAnswer {
    /// `baa`, …
    pub kind: String,
    /// Whether one is in force.
    pub coverage: Coverage,
    /// The agreement that governs.
    pub governing: Option<Governing>,
    /// Ids of agreements that another supersedes.
    pub superseded: Vec<String>,
    /// Ids of agreements in force beside it.
    pub also_in_force: Vec<String>,
    /// Why it is unknown whether it supersedes others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_unknown: Option<String>,
    /// Why it is unknown whether others are in force beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also_in_force_unknown: Option<String>,
    /// Why it is unknown, or what governs is.
    pub reason: Option<String>,
    /// What is taken for granted.
    pub assuming: Vec<String>,
    /// What tells when the agreements of this kind, and the account's membership, began and ended, as far as that is declared.
    pub evidence: Vec<String>,
    /// The Cedar policies that decided.
    pub policies: Vec<String>,
}

/// The ids of agreements that stand beside the one that governs, and `unknown` where there may be others: no list of them is told as whole
/// that may not be (D16).
pub fn beside(ids: &[String], unknown: Option<&String>) -> Vec<String> {
    ids.iter().cloned().chain(unknown.map(|_| "unknown".to_owned())).collect()
}

/// The agreement that governs.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Governing {
    /// Its id.
    pub id: String,
    /// By what it is in force.
    pub scope: Scope,
    /// Since when it is in force for the account; null where that is not known.
    pub since: Option<String>,
    /// Who accepted it, if declared.
    pub accepted_by: Option<String>,
}

impl Governing {
    /// Of an agreement in force.
    pub(crate) fn of(inventory: &Inventory, agreement: &InForce) -> Self {
        let acceptance = inventory.entity("CustomerAgreement", &agreement.id);
        Self {
            id: agreement.id.clone(),
            scope: agreement.scope,
            since: agreement.since.map(moment::format),
            accepted_by: acceptance.and_then(|e| e.str("acceptedBy")).map(str::to_owned),
        }
    }
}

/// What a principal may do.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PrincipalAnswer {
    /// Its ARN.
    pub principal: String,
    /// The account that it acts in.
    pub account: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its entity.
    #[serde(skip)]
    pub uid: Uid,
    /// What people call it.
    pub name: String,
    /// The people behind a permission set.
    pub people: Arc<[Person]>,
    /// The groups behind it whose members are not named.
    #[serde(skip)]
    pub groups: Arc<[OpenGroup]>,
    /// An answer an operation.
    pub operations: Answers,
    /// The ways in which it may grant itself what it lacks, where that was asked.
    #[serde(skip)]
    pub could_grant_itself: Vec<Escalation>,
}

/// The answer to one operation.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OperationAnswer {
    /// `accept-agreement`, …
    pub operation: &'static str,
    /// For what it is asked; null for reports.
    pub scope: Option<Scope>,
    /// The kind of agreement; null for view, set up and reports.
    pub agreement: Option<String>,
    /// The id of the report.
    pub report: Option<String>,
    /// The member of the organization that it is done to, for operations that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The answer.
    pub decision: Decision,
    /// What an unknown answer depends on, and for a denial what decides which message is shown.
    pub depends_on: Vec<DependencyAnswer>,
    /// What the console shows, word for word.
    pub message: Option<String>,
    /// The sentence below it.
    pub detail: Option<String>,
    /// The project's own sentence, where the console has no documented message.
    pub reason: Option<String>,
    /// What AWS says helps, in the words of its time.
    pub remedy: Option<String>,
    /// IAM actions that are asked for and not allowed.
    pub missing: Vec<String>,
    /// The statements that deny what is missing.
    pub denied_by: Vec<BecauseAnswer>,
    /// What would turn a denial around, where that was asked ([`Planner`](crate::assessment::plans::Planner)).
    pub changes: Option<Plan>,
    /// The generations of permissions that an allow rests on.
    pub rests_on: Vec<&'static str>,
    /// That it rests on deprecated permissions alone, and since when they are.
    pub deprecated: Option<String>,
    /// What is taken for granted.
    pub assuming: Vec<String>,
    /// The gates that are not passed, in the order of the console.
    pub gates: Vec<GateAnswer>,
    /// The statements that an allow comes from.
    pub grants: Vec<BecauseAnswer>,
    /// The answer on each of several resources, where one of them will do: an acceptance by its id, invitations by the pattern of the
    /// policies that matches them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub each: BTreeMap<String, Decision>,
    /// Whether any request is allowed, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any_request: Option<AnyRequest>,
    /// What the text for people calls the operation, and what it is done to: `accept`, `agreements`.
    #[serde(skip)]
    pub words: (&'static str, &'static str),
    /// The permissions suffice: what denies, if anything does, is the state of agreements.
    #[serde(skip)]
    pub permitted: bool,
    /// The IAM actions that its gates ask for, and whether the policies allow them, in whichever generation they do most.
    #[serde(skip)]
    pub actions: BTreeMap<String, Decision>,
}

/// What an answer depends on.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, Hash)]
pub struct DependencyAnswer {
    /// A condition key, the ARN of a policy outside the inventory, or `agreementsKnown`.
    pub key: String,
    /// What it would have to be for an allow.
    pub allows: Vec<String>,
}

impl From<Dependency> for DependencyAnswer {
    fn from(dependency: Dependency) -> Self {
        Self { key: dependency.key, allows: dependency.allows }
    }
}

/// A gate that is not passed.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[non_exhaustive]
pub struct GateAnswer {
    /// The id of its Cedar policy.
    pub id: String,
    /// The file of its Cedar policy.
    pub policy: String,
    /// The rules that it states.
    pub rule: String,
    /// The console's message.
    pub message: Option<String>,
    /// The project's own sentence.
    pub reason: Option<String>,
    /// What gets past it, where no permission does.
    pub change: Option<String>,
    /// The attribute that it then has, by an edit: `@sets`.
    pub sets: Option<String>,
    /// The same, by an event in the world: `@happens`.
    pub happens: Option<String>,
    /// False where it depends on what is unknown.
    pub certain: bool,
    /// What is not allowed, and by which layer and statement.
    pub because: Vec<BecauseAnswer>,
}

/// What a layer says of an IAM action.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct BecauseAnswer {
    /// The IAM action.
    pub action: String,
    /// `identity`, `boundary`, `serviceControl[1]`
    pub layer: String,
    /// What a service control policy is attached to.
    pub of: Option<String>,
    /// The statement; null where the layer is silent.
    pub statement: Option<StatementPlace>,
}

/// Where a statement stands.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct StatementPlace {
    /// A file of the inventory, or the ARN of an AWS managed policy.
    pub file: String,
    /// `Statement[2]`
    pub pointer: String,
    /// One-based.
    pub line: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// One-based: it tells apart documents that are written on one line.
    #[serde(skip)]
    pub column: usize,
}

/// Left out unless it is told: the roles that a principal may become.
pub const ASSUMES: &str = "roles that the principal may assume";

/// Left out unless it is told: what a principal could come to be allowed by its own doing.
pub const GRANTS_ITSELF: &str = "permissions that it may grant itself";

/// What every answer leaves out.
const LEAVES_OUT: [&str; 3] = [ASSUMES, GRANTS_ITSELF, "session policies, which are given when a role is assumed"];

/// Assesses an inventory, on a thread with enough stack for Cedar.
pub fn assess(inventory: &Inventory, rules: &RuleBook, options: &Options) -> Result<Assessment, Failure> {
    let mut principals = Vec::new();
    let assessment = assess_each(inventory, rules, options, |p| principals.push(p))?;
    Ok(Assessment { principals, ..assessment })
}

/// The same, with each principal handed over as soon as it is answered: the assessment itself has none.
pub fn assess_each(
    inventory: &Inventory,
    rules: &RuleBook,
    options: &Options,
    each: impl FnMut(PrincipalAnswer) + Send,
) -> Result<Assessment, Failure> {
    stack::evaluate(|| Assessor { inventory, rules, options }.run(each))
}

/// The principals of an inventory without their answers, for finding them by name.
pub fn principals(inventory: &Inventory, at: Moment) -> Vec<PrincipalAnswer> {
    let (tree, settled) = (Tree::new(inventory), BTreeMap::new());
    let everyone = Directory::new(inventory, &tree, at, &settled).identities();
    everyone.into_iter().map(|i| principal_answer(i, Answers::default())).collect()
}

/// The same of those only that a name may stand for: an ARN, the name of a principal, or that of a person behind it.
pub fn principals_called(inventory: &Inventory, at: Moment, name: &str) -> Vec<PrincipalAnswer> {
    let (tree, settled) = (Tree::new(inventory), BTreeMap::new());
    let called = Directory::new(inventory, &tree, at, &settled).called(name);
    called.into_iter().map(|i| principal_answer(i, Answers::default())).collect()
}

pub(crate) fn principal_answer(identity: Identity, operations: Answers) -> PrincipalAnswer {
    let Identity { arn, kind, account, uid, name, people, groups } = identity;
    let could_grant_itself = Vec::new();
    PrincipalAnswer { principal: arn, account, kind, uid, name, people, groups, operations, could_grant_itself }
}
