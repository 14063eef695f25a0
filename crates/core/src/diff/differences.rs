//! What is different between two assessments, one answer at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::PrincipalEntry;
use super::people::{self, Acting, Actor, Who};
use super::provisioned;
use crate::assessment::{
    AgreementAnswer, Assessment, Operation, OperationAnswer, Options, PrincipalAnswer, assess_each,
};
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::people::{Other, follow, unlisted};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::terms::{Coverage, Decision, PrincipalKind, Scope, terms};

/// What an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An operation of a principal in an account.
    Access {
        /// Its account and ARN.
        principal: (String, String),
        /// What it does.
        operation: Operation,
    },
    /// An operation of somebody in an account, whichever principals they act as there.
    Person {
        /// The account.
        account: String,
        /// Who.
        actor: Actor,
        /// What they do.
        operation: Operation,
    },
    /// Whether an agreement of a kind is in force for an account.
    Coverage {
        /// The account.
        account: String,
        /// The kind.
        kind: String,
    },
    /// A finding, by its rule, its subject and its message.
    Finding(String, String, String),
}

/// An answer, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessState {
    /// The answer; `absent` for a principal, an account or a report that is not there.
    #[serde(serialize_with = "or_absent")]
    pub decision: Option<Decision>,
    /// What the console shows.
    pub message: Option<String>,
    /// The project's own sentence, where the console has none.
    pub reason: Option<String>,
    /// What an unknown answer depends on.
    pub depends_on: Vec<String>,
    /// The permissions suffice: what denies, if anything does, is which agreements are in force, or the NDA.
    pub permitted: bool,
    #[serde(skip)]
    pub(super) actions: BTreeMap<String, Decision>,
}

impl AccessState {
    /// Of a principal that is not there.
    pub fn absent() -> Self {
        Self {
            decision: None,
            message: None,
            reason: None,
            depends_on: Vec::new(),
            permitted: false,
            actions: BTreeMap::new(),
        }
    }
}

impl CoverageState {
    /// Of an account that is not there.
    pub fn absent() -> Self {
        Self { coverage: None, governing: None, scope: None, reason: None }
    }
}

/// The word of an answer, or that there is none.
fn or_absent<T: Serialize, S: Serializer>(answer: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match answer {
        Some(answer) => answer.serialize(serializer),
        None => "absent".serialize(serializer),
    }
}

/// Coverage, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageState {
    /// The answer; `absent` for an account that is not there.
    #[serde(serialize_with = "or_absent")]
    pub coverage: Option<Coverage>,
    /// The agreement that governs.
    pub governing: Option<String>,
    /// Its scope.
    pub scope: Option<Scope>,
    /// Why it is unknown.
    pub reason: Option<String>,
}

/// An answer, or a finding that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Of an operation.
    Access(AccessState),
    /// Of coverage.
    Coverage(CoverageState),
    /// The finding is there.
    Found,
    /// There is none.
    Absent,
}

impl State {
    /// The answer to an operation; that of a principal that is not there, where it is none.
    pub fn access(&self) -> AccessState {
        match self {
            Self::Access(state) => state.clone(),
            _ => AccessState::absent(),
        }
    }

    /// Coverage; that of an account that is not there, where it is none.
    pub fn coverage(&self) -> CoverageState {
        match self {
            Self::Coverage(state) => state.clone(),
            _ => CoverageState::absent(),
        }
    }
}

/// An answer that is not the same on both sides.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What it is about.
    pub subject: Subject,
    /// The old answer.
    pub before: State,
    /// The new one.
    pub after: State,
    /// The account that it is about; `None` where it is about more than one.
    pub account: Option<String>,
}

/// What answers are compared by.
#[derive(Default)]
pub struct Answers {
    /// The answers of each principal: equal operations and equal answers are held once.
    access: BTreeMap<Who, Vec<Answered>>,
    /// Who the principals are.
    pub principals: BTreeMap<Who, PrincipalEntry>,
    /// Who acts as which of them.
    pub(super) acting: Acting,
    /// Those behind which somebody may stand who is not listed.
    pub(super) open: BTreeSet<unlisted::Way>,
    /// By roles, those who may become them and of whom the inventory does not know who they are.
    pub(super) strangers: BTreeMap<Who, Vec<Other>>,
    others: BTreeMap<Subject, State>,
    operations: BTreeSet<Arc<Operation>>,
    states: BTreeSet<Arc<AccessState>>,
}

/// An operation, and its answer.
type Answered = (Arc<Operation>, Arc<AccessState>);

impl Answers {
    /// The answers of an assessment.
    pub fn of(assessment: &Assessment) -> Self {
        let mut answers = Self::default();
        assessment.principals.iter().for_each(|p| answers.principal(p));
        answers.assessment(assessment);
        answers
    }

    /// The answers for the principals of these accounts, and the assessment without those of others: what [`assess`](Self::assess)
    /// comes to where it is narrowed to them.
    pub fn within(
        (inventory, rules, options): (&Inventory, &RuleBook, &Options),
        assessment: &Assessment,
        accounts: Option<&BTreeSet<String>>,
    ) -> Result<(Self, Assessment), Failure> {
        let is_within = |p: &&PrincipalAnswer| accounts.is_none_or(|a| a.contains(&p.account));
        let (inside, beyond): (Vec<_>, Vec<_>) = assessment.principals.iter().partition(is_within);
        let beyond: BTreeSet<&str> = beyond.into_iter().map(|p| p.principal.as_str()).collect();
        let findings = assessment.findings.iter().filter(|f| !beyond.contains(f.subject.as_str())).cloned().collect();
        let Assessment { schema, at, permission_model, leaves_out, hipaa_kinds, accounts, completeness, .. } =
            assessment;
        let narrowed = Assessment {
            schema,
            provenance: None,
            at: at.clone(),
            permission_model: *permission_model,
            leaves_out: leaves_out.clone(),
            hipaa_kinds: hipaa_kinds.clone(),
            accounts: accounts.clone(),
            principals: Vec::new(),
            findings,
            completeness: completeness.clone(),
        };
        let mut answers = Self::default();
        inside.into_iter().for_each(|p| answers.principal(p));
        answers.assessment(&narrowed);
        answers.roles(inventory, rules, options)?;
        Ok((answers, narrowed))
    }

    /// The accounts and kinds of which it is not known whether they are covered.
    pub(super) fn of_unknown_coverage(&self) -> BTreeSet<(String, String)> {
        let of = |(subject, state): (&Subject, &State)| match (subject, state) {
            (Subject::Coverage { account, kind }, State::Coverage(c)) if c.coverage == Some(Coverage::Unknown) => {
                Some((account.clone(), kind.clone()))
            }
            _ => None,
        };
        self.others.iter().filter_map(of).collect()
    }

    /// Assesses an inventory, of which only what is compared is kept.
    pub fn assess(inventory: &Inventory, rules: &RuleBook, options: &Options) -> Result<(Self, Assessment), Failure> {
        let mut answers = Self::default();
        let assessment = assess_each(inventory, rules, options, |principal| answers.principal(&principal))?;
        answers.assessment(&assessment);
        answers.roles(inventory, rules, options)?;
        Ok((answers, assessment))
    }

    /// Who may become which of the roles, and whether anybody can sign in as a root user.
    fn roles(&mut self, inventory: &Inventory, rules: &RuleBook, options: &Options) -> Result<(), Failure> {
        let roles = self.principals.values().filter(|p| p.kind == PrincipalKind::Role).map(|p| p.principal.clone());
        for (who, root) in self.principals.iter().filter(|(_, p)| p.kind == PrincipalKind::Root) {
            let account = inventory.entity("Account", &root.account);
            if account.is_some_and(|a| a.str("rootCredentials") != Some("none")) {
                self.acting.root(who);
            }
        }
        let following = Options { any_request: false, ..options.clone() };
        let roles = follow((inventory, rules), &following, &roles.collect())?;
        self.open = unlisted::open(inventory, &following, &roles);
        for (arn, behind) in roles {
            if let Some(account) = inventory.entity("Role", &arn).and_then(|r| r.reference("account")) {
                let who = (account.to_owned(), arn);
                self.acting.role(who.clone(), &behind);
                self.strangers.insert(who, behind.others);
            }
        }
        Ok(())
    }

    /// Coverage and findings.
    fn assessment(&mut self, assessment: &Assessment) {
        for account in &assessment.accounts {
            for row in &account.agreements {
                let subject = Subject::Coverage { account: account.account.clone(), kind: row.kind.clone() };
                self.others.insert(subject, State::Coverage(coverage(row)));
            }
        }
        self.others.extend(assessment.findings.iter().map(|f| (finding(f), State::Found)));
    }

    fn principal(&mut self, principal: &PrincipalAnswer) {
        let of = |answer: &OperationAnswer| {
            let operation = once(&mut self.operations, Operation::of(answer));
            (operation, once(&mut self.states, access(answer)))
        };
        let answers = principal.operations.in_common().into_iter().map(of).collect();
        self.access.insert(id(principal), answers);
        self.acting.principal(principal);
        self.principals.insert(id(principal), PrincipalEntry::of(principal));
    }

    /// The answer about a subject.
    pub fn get(&self, subject: &Subject) -> State {
        match subject {
            Subject::Access { principal, operation } => {
                self.state(principal, operation).map_or(State::Absent, State::Access)
            }
            Subject::Person { account, actor, operation } => self.of_person(account, actor, operation),
            other => self.others.get(other).cloned().unwrap_or(State::Absent),
        }
    }

    /// A principal is called by another ARN.
    pub(super) fn rename(&mut self, from: &Who, to: &Who) {
        if let Some(answers) = self.access.remove(from) {
            self.access.insert(to.clone(), answers);
        }
        if let Some(entry) = self.principals.remove(from) {
            self.principals.insert(to.clone(), PrincipalEntry { principal: to.1.clone(), ..entry });
        }
        self.acting.rename(from, to);
        let is_of = |(account, arn, _): &unlisted::Way| (account, arn) == (&from.0, &from.1);
        let renamed = |way: unlisted::Way| if is_of(&way) { (to.0.clone(), to.1.clone(), way.2) } else { way };
        self.open = std::mem::take(&mut self.open).into_iter().map(renamed).collect();
    }

    /// The answers of a principal, also of a permission set by whichever ARN its role has here.
    fn answers_of(&self, who: &Who) -> Option<&Vec<Answered>> {
        self.access.get(who).or_else(|| {
            let sets = self.principals.iter().filter(|(_, p)| p.kind == PrincipalKind::PermissionSet);
            let own = (who.0.as_str(), who.1.as_str());
            let mut alike =
                sets.filter(|((account, arn), _)| provisioned::is_same(own, (account.as_str(), arn.as_str())));
            alike.next().and_then(|(who, _)| self.access.get(who))
        })
    }

    /// The answer to a principal's operation.
    pub(super) fn state(&self, who: &Who, operation: &Operation) -> Option<AccessState> {
        let (_, state) = self.answers_of(who)?.iter().find(|(o, _)| **o == *operation)?;
        Some((**state).clone())
    }

    /// What a principal is asked about.
    pub(super) fn operations_of<'a>(&'a self, who: &Who) -> impl Iterator<Item = &'a Operation> {
        self.access.get(who).into_iter().flatten().map(|(operation, _)| &**operation)
    }

    /// The operations of a principal of which the answer on the other side is not the same, or is not there.
    fn other_operations<'a>(&'a self, who: &'a Who, other: &'a Self) -> impl Iterator<Item = &'a Operation> {
        let theirs = other.access.get(who).map_or(&[][..], Vec::as_slice);
        let own = self.access.get(who).map_or(&[][..], Vec::as_slice);
        let same = |(index, (operation, state)): (usize, &Answered)| {
            // both sides mostly have the same operations in the same order
            let aligned = theirs.get(index).filter(|(o, _)| o == operation);
            let found = aligned.or_else(|| theirs.iter().find(|(o, _)| o == operation));
            found.is_some_and(|(_, s)| s == state)
        };
        own.iter().enumerate().filter(move |(i, a)| !same((*i, a))).map(|(_, (operation, _))| &**operation)
    }
}

/// The one that is equal, or this.
fn once<T: Ord>(known: &mut BTreeSet<Arc<T>>, value: T) -> Arc<T> {
    if let Some(found) = known.get(&value) {
        return found.clone();
    }
    let value = Arc::new(value);
    known.insert(value.clone());
    value
}

fn id(principal: &PrincipalAnswer) -> (String, String) {
    (principal.account.clone(), principal.principal.clone())
}

fn access(answer: &OperationAnswer) -> AccessState {
    AccessState {
        decision: Some(answer.decision),
        message: answer.message.clone(),
        reason: answer.reason.clone(),
        depends_on: answer.depends_on.iter().map(|d| d.key.clone()).collect(),
        permitted: answer.permitted,
        actions: answer.actions.clone(),
    }
}

fn coverage(row: &AgreementAnswer) -> CoverageState {
    CoverageState {
        coverage: Some(row.coverage),
        governing: row.governing.as_ref().map(|g| g.id.clone()),
        scope: row.governing.as_ref().map(|g| g.scope),
        reason: row.reason.clone(),
    }
}

fn finding(finding: &Finding) -> Subject {
    Subject::Finding(finding.rule.clone(), finding.subject.clone(), finding.message.clone())
}

/// All that is different.
pub fn differences(before: &Answers, after: &Answers) -> Vec<Difference> {
    let mut subjects: BTreeSet<Subject> = before.others.keys().chain(after.others.keys()).cloned().collect();
    for who in before.access.keys().chain(after.access.keys()).collect::<BTreeSet<_>>() {
        let changed = before.other_operations(who, after).chain(after.other_operations(who, before));
        subjects.extend(changed.map(|o| Subject::Access { principal: who.clone(), operation: o.clone() }));
    }
    let differ = |subject: Subject| {
        let (old, new) = (before.get(&subject), after.get(&subject));
        (old != new && !(is_nothing(&old) && is_nothing(&new))).then(|| {
            let account = account(&subject);
            Difference { subject, before: old, after: new, account }
        })
    };
    let mut found: Vec<Difference> = subjects.into_iter().filter_map(differ).collect();
    found.extend(people::differences(before, after));
    found
}

/// An answer that comes to the same as its absence: what is denied, and every IAM action with it; no coverage.
fn is_nothing(state: &State) -> bool {
    match state {
        State::Access(a) => {
            a.decision == Some(Decision::Deny)
                && a.actions.values().all(|d| *d == Decision::Deny)
                && a.message.is_none()
                && a.reason.is_none()
        }
        State::Coverage(c) => c.coverage == Some(Coverage::NotCovered),
        State::Found => false,
        State::Absent => true,
    }
}

fn account(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Access { principal: (account, _), .. }
        | Subject::Person { account, .. }
        | Subject::Coverage { account, .. } => Some(account.clone()),
        Subject::Finding(_, subject, _) => match subject.strip_prefix("account ") {
            Some(rest) => rest.split(' ').next().map(str::to_owned),
            None => subject.strip_prefix("arn:").and_then(|_| subject.split(':').nth(4)).map(str::to_owned),
        },
    }
}

impl AccessChange {
    /// It is allowed now, or may be.
    pub fn is_gain(self) -> bool {
        matches!(self, Self::Gained | Self::MayBeGained)
    }

    /// The decision is another, and not its words or the IAM actions alone.
    pub fn decides(self) -> bool {
        !matches!(self, Self::Message | Self::Actions)
    }
}

terms! {
    /// How a finding changed.
    FindingChange {
        /// It is not there any more.
        Gone = "gone",
        /// It was not there.
        New = "new",
    }
}

/// How an operation's answer changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessChange {
    /// It is allowed now.
    Gained,
    /// Whether it is allowed is not known now; it was not.
    MayBeGained,
    /// It is not allowed now, and was or may have been.
    Lost,
    /// Whether it is allowed is not known now; it was.
    MayBeLost,
    /// The answer is the same, with another message, or depends on something else.
    Message,
    /// The IAM actions that are allowed are others, and the answer is the same.
    Actions,
    /// The old inventory did not list all who may have been there: it is not known whether this is new.
    FirstSeen,
    /// The new inventory does not list all who may be there: it is not known whether this is gone.
    NoLongerKnown,
    /// It is allowed now, and permissions are what they were: whether agreements stood in its way was not known.
    WasUnknown,
}

/// How the answer to an operation changed; `None` where it did not.
pub fn access_change(before: &AccessState, after: &AccessState) -> Option<AccessChange> {
    let rank = |state: &AccessState| match state.decision {
        Some(Decision::Allow) => 2,
        Some(Decision::Unknown) => 1,
        Some(Decision::Deny) | None => 0,
    };
    let words = |s: &AccessState| (s.message.clone(), s.reason.clone(), s.depends_on.clone());
    // what came to be known gives nobody access
    let by_state = is_by_state(before, after);
    match (rank(before), rank(after)) {
        (1, 2) if by_state => Some(AccessChange::WasUnknown),
        (old, 2) if old < 2 => Some(AccessChange::Gained),
        (0, 1) => Some(AccessChange::MayBeGained),
        (old, 0) if old > 0 => Some(AccessChange::Lost),
        (2, 1) => Some(AccessChange::MayBeLost),
        _ if before.decision == after.decision && words(before) != words(after) => Some(AccessChange::Message),
        _ if !gained(before, after).is_empty() || !gained(after, before).is_empty() => Some(AccessChange::Actions),
        _ => None,
    }
}

/// Whether an answer was unknown for want of agreements or of another state alone, and the policies allow no more than they did: they
/// sufficed whatever the state was; or nothing but the agreements was unknown, and every action that is asked for was asked for.
fn is_by_state(before: &AccessState, after: &AccessState) -> bool {
    let asked = || after.actions.keys().all(|action| before.actions.contains_key(action));
    let by_agreements = || !before.depends_on.is_empty() && before.depends_on.iter().all(|on| on == "agreementsKnown");
    after.permitted && gained(before, after).is_empty() && (before.permitted || by_agreements() && asked())
}

/// The IAM actions that the policies allow, or may allow, in the second state, and less in the first.
pub fn gained(before: &AccessState, after: &AccessState) -> Vec<String> {
    let rank = |state: &AccessState, action: &String| match state.actions.get(action) {
        Some(Decision::Allow) => 2,
        Some(Decision::Unknown) => 1,
        _ => 0,
    };
    // an action that is asked for on one side alone, because the state of things is another, is neither gained nor lost
    let asked = |a: &&String| before.decision.is_none() || before.actions.contains_key(*a);
    after.actions.keys().filter(asked).filter(|a| rank(after, a) > rank(before, a)).cloned().collect()
}

/// How coverage changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageChange {
    /// It is not covered now, and was.
    Lost,
    /// Whether it is covered is not known now, and it was; or it is not covered now, and may have been.
    MayBeLost,
    /// It is covered by another agreement.
    Governed,
    /// It is covered now.
    Gained,
    /// Whether it is covered is not known now; it was not. Or why that is not known is another reason.
    MayBeGained,
    /// Of days that are over: a newer collection knows that it was not covered, which was not known before.
    NowKnown,
}

/// How coverage changed.
pub fn coverage_change(before: &CoverageState, after: &CoverageState) -> Option<CoverageChange> {
    use Coverage::{Covered, NotCovered, Unknown};
    match (before.coverage, after.coverage) {
        (old, new) if old == new => (before != after).then_some(match old {
            Some(Unknown) => CoverageChange::MayBeGained,
            _ => CoverageChange::Governed,
        }),
        (_, Some(Covered)) => Some(CoverageChange::Gained),
        (Some(Covered), Some(Unknown)) | (Some(Unknown), _) => Some(CoverageChange::MayBeLost),
        (Some(Covered), _) => Some(CoverageChange::Lost),
        (Some(NotCovered) | None, Some(Unknown)) => Some(CoverageChange::MayBeGained),
        (Some(NotCovered) | None, _) => None,
    }
}
