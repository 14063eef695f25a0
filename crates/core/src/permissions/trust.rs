//! Who may become a role: its trust policy, the resource control policies of its account, and the layers of whoever asks, together.
//!
//! The trust policy is the policy of a resource, and read as every other is ([`whom`], [`resource`](super::resource)): in the role's
//! own account, a statement that names the caller is enough; one that names the account leaves the decision to the identity policies.
//! From another account, both must allow. Explicit denials and control policies always count.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::confined::{self, Confined};
use super::context::Keys;
use super::knowledge::{Knowledge, Known, Rest};
use super::layer::Layer;
use super::principals::{Identity, Principal, is_service_linked};
use super::resource::OfResource;
use super::scenarios::{Call, CallResult, Memo, Scenarios, Stack, ask};
use super::sessions::{Named, Somebody, outside};
use crate::aws::keys::spelling;
use crate::aws::resource_policies;
use crate::iam::document::{Document, Statement};
use crate::iam::principal::Who;
use crate::iam::whom::{self, EXCEPTED, PRINCIPAL};
use crate::inventory::Policy;
use crate::inventory::entity::{Entity, SharedTags};
use crate::problem::Failure;
use crate::terms::Decision;

/// What a principal of IAM calls to become a role.
const ASSUME: &str = "sts:AssumeRole";

/// What whoever comes from an identity provider calls.
const FEDERATED: [&str; 2] = ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// What has to be allowed besides for a session to begin with tags, or with a source identity, by the policies of both sides (IAM User
/// Guide, "Pass session tags in AWS STS", "Monitor and control actions taken with assumed roles"). Without it the request carries none.
const BESIDES: [(&str, &[&str]); 2] = [
    ("sts:TagSession", &[REQUEST_TAGS, "aws:tagkeys", "sts:transitivetagkeys"]),
    ("sts:SetSourceIdentity", &["sts:sourceidentity"]),
];

/// Whether no policy of a principal's own, all of which are known, allows it to assume anything.
fn is_silent(caller: &Principal) -> Result<bool, Failure> {
    let mut own = caller.stack.layers.iter().filter(|layer| layer.name == "identity").peekable();
    if own.peek().is_none() {
        return Ok(false);
    }
    for layer in own {
        let slice = layer.slice(&ASSUME.to_ascii_lowercase())?;
        if !layer.opaque.is_empty() || layer.of_slice(&slice).any(|statement| statement.allow) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How the keys of a session's tags begin in the request for it.
const REQUEST_TAGS: &str = "aws:requesttag/";

/// What is around a role: the resource control policies of its account, and the keys that tell where it is.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// One layer a level.
    pub controls: Vec<Rc<Layer>>,
    /// Keys of requests on it, in lower case.
    pub keys: Vec<(&'static str, Known)>,
}

/// A role with its trust policy.
pub struct Trust {
    role: String,
    account: String,
    tags: SharedTags,
    policy: Rc<Layer>,
    around: Surroundings,
    /// Everyone that the statements name, each once.
    pub who: BTreeSet<Who>,
    /// Of each statement that allows everyone: whom its conditions leave, each by itself.
    everyone: Vec<Vec<BTreeSet<Confined>>>,
    /// A statement allows everyone but those that it names.
    allows_others: bool,
    /// The role has a policy, and the inventory does not tell what it says.
    unknown: bool,
}

/// Whether somebody may become a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Allow, deny, or unknown.
    pub decision: Decision,
    /// What an unknown answer depends on.
    pub depends_on: BTreeSet<String>,
}

impl Trust {
    /// Of a role.
    pub fn new(role: &Entity, account: &str, policy: &Policy, around: Surroundings) -> Self {
        let statements = &policy.document.statements;
        let who = statements.iter().filter_map(|s| s.principals.as_ref()).flat_map(|p| p.who.clone()).collect();
        let allows_everyone = |s: &&Statement| {
            let is_everyone = |who: &Who| matches!(who, Who::Everyone | Who::AnyAws);
            s.allow && s.principals.as_ref().is_some_and(|p| !p.negated && p.who.iter().any(is_everyone))
        };
        let negated = |s: &Statement| s.allow && s.principals.as_ref().is_some_and(|p| p.negated);
        Self {
            role: role.uid.id.clone(),
            account: account.to_owned(),
            tags: role.tags.clone(),
            policy: layer(policy),
            around,
            allows_others: statements.iter().any(negated),
            everyone: statements.iter().filter(allows_everyone).map(confined::by_conditions).collect(),
            who,
            unknown: false,
        }
    }

    /// Of a role whose trust policy has this id, and is not in the inventory: it may name anybody.
    pub fn unknown(role: &Entity, account: &str, id: &str, around: Surroundings) -> Self {
        Self {
            role: role.uid.id.clone(),
            account: account.to_owned(),
            tags: role.tags.clone(),
            policy: Rc::new(Layer::new("trust", id, [id.to_owned()], |_| None)),
            around,
            who: BTreeSet::new(),
            allows_others: false,
            everyone: Vec::new(),
            unknown: true,
        }
    }

    /// Whether the inventory tells what the policy says.
    pub fn is_known(&self) -> bool {
        !self.unknown
    }

    /// Whether anyone at all may be meant, of any account.
    pub fn is_open(&self) -> bool {
        self.unknown || self.allows_others || self.who.iter().any(|w| matches!(w, Who::Everyone | Who::AnyAws))
    }

    /// Whether a statement allows everyone but those that it names.
    pub fn allows_everyone_but_some(&self) -> bool {
        self.allows_others
    }

    /// Whom the statements that allow everyone leave by their conditions: of each, the ways in which these tell it. `None` where one
    /// of the statements may leave anybody.
    pub fn leaves(&self) -> Option<&[Vec<BTreeSet<Confined>>]> {
        self.everyone.iter().all(|ways| !ways.is_empty()).then_some(self.everyone.as_slice())
    }

    /// Whether an ARN is of the role's partition: nobody becomes a role of another one.
    pub fn is_of_partition(&self, arn: &str) -> bool {
        partition(arn) == partition(&self.role)
    }

    /// Whether a principal of the inventory may become the role: in one of the ways in which it can ask, which are its to choose.
    pub fn assumed_by(&self, caller: &Principal) -> Result<Hop, Failure> {
        if !self.is_of_partition(&caller.arn) || self.delegates() && is_silent(caller)? {
            return Ok(Hop { decision: Decision::Deny, depends_on: BTreeSet::new() });
        }
        let bounded = caller.stack.layers.iter().any(|l| l.name == "boundary");
        let linked = is_service_linked(&caller.arn);
        // whoever has no permission of their own is not told as somebody who may: only a policy that names them would let them
        let stack = self.stack(&caller.stack.layers, linked, self.unknown || caller.account != self.account);
        let asks = somebody(caller).asks(&self.who, bounded);
        self.best(&stack, &caller.knowledge, &asks, ASSUME)
    }

    /// Whether the policy names no principal, and so lets nobody in without a permission of their own: accounts delegate (IAM User Guide,
    /// evaluation logic), and services and identity providers are nobody of the inventory.
    fn delegates(&self) -> bool {
        let is_principal = |who: &Who| matches!(who, Who::Everyone | Who::AnyAws | Who::Aws(_));
        !self.unknown && !self.allows_others && !self.who.iter().any(is_principal)
    }

    /// Whether somebody outside the inventory may become the role, as far as its own side decides it.
    pub fn assumed_from_outside(&self, who: &Who) -> Result<Hop, Failure> {
        let (keys, asks) = outside(who, &self.who);
        let mut knowledge = Knowledge::given(&Keys::new(), Rest::Unknown);
        keys.into_iter().for_each(|(key, known)| knowledge.insert(key, known));
        let stack = self.stack(&[], false, true);
        let actions: &[&str] = if matches!(who, Who::Federated(_)) { &FEDERATED } else { &[ASSUME] };
        let mut found = Hop { decision: Decision::Deny, depends_on: BTreeSet::new() };
        for action in actions {
            found = found.or(self.best(&stack, &knowledge, &asks, action)?);
        }
        Ok(found)
    }

    /// What the layers of a caller and of the role's side are together. Control policies do not bind service-linked roles.
    fn stack(&self, own: &[Rc<Layer>], linked: bool, other_account: bool) -> Stack {
        let mut layers = own.to_vec();
        if !linked && resource_policies::are_controlled("sts") {
            layers.extend(self.around.controls.iter().cloned());
        }
        layers.push(self.policy.clone());
        let of_resource = Some(OfResource { layer: layers.len() - 1, other_account, must_allow: true });
        Stack { layers, of_resource }
    }

    fn best(&self, stack: &Stack, knowledge: &Knowledge, asks: &[Named], action: &str) -> Result<Hop, Failure> {
        let mut found = Hop { decision: Decision::Deny, depends_on: BTreeSet::new() };
        for passed in passed(stack, action)? {
            let calls = self.calls(action, &passed, stack)?;
            for Named { names, excepted } in asks {
                let mut knowledge = knowledge.clone();
                self.around.keys.iter().for_each(|(key, known)| knowledge.insert(key, known.clone()));
                for (_, keys) in BESIDES.iter().filter(|(besides, _)| !passed.contains(besides)) {
                    keys.iter().for_each(|key| leave_out(&mut knowledge, key));
                }
                knowledge.insert(PRINCIPAL, names.clone());
                knowledge.insert(EXCEPTED, excepted.clone());
                let asked = |calls: &[Call]| -> Result<Hop, Failure> {
                    let scenarios = ask(stack, calls, &knowledge, &Memo::default())?;
                    Ok(hop(&scenarios, |result| matches!(result, CallResult::Allowed(_))))
                };
                // what is denied by itself is denied together with all else, of which there may be too much to try
                let mut denied = false;
                for call in calls.iter().skip(1) {
                    denied |= asked(std::slice::from_ref(call))?.decision == Decision::Deny;
                }
                if !denied {
                    found = found.or(asked(&calls)?);
                }
            }
        }
        Ok(found)
    }

    /// The calls on the role, all of which have to be allowed. Its tags are what the inventory declares; a session that may be tagged may
    /// have any tags.
    fn calls(&self, action: &str, passed: &[&str], stack: &Stack) -> Result<Vec<Call>, Failure> {
        let mut keys = BTreeMap::new();
        let actions: Vec<&str> = std::iter::once(action).chain(passed.iter().copied()).collect();
        let [(tag_session, _), ..] = BESIDES;
        for action in actions.iter().filter(|_| passed.contains(&tag_session)) {
            for key in read(stack, action)? {
                if key.starts_with(REQUEST_TAGS) || key == "aws:tagkeys" {
                    keys.insert(key, None);
                }
            }
        }
        for (tag, value) in self.tags.iter() {
            for prefix in ["aws:resourcetag/", "iam:resourcetag/"] {
                keys.insert(format!("{prefix}{}", tag.to_ascii_lowercase()), Some(value.clone()));
            }
        }
        let call = |action: &&str| Call {
            action: (*action).to_owned(),
            resources: vec![self.role.clone()],
            keys: keys.clone(),
        };
        Ok(actions.iter().map(call).collect())
    }
}

/// The keys that the policies read of an action.
fn read(stack: &Stack, action: &str) -> Result<BTreeSet<String>, Failure> {
    let action = action.to_ascii_lowercase();
    let mut keys = BTreeSet::new();
    for layer in &stack.layers {
        keys.extend(layer.slice(&action)?.keys().iter().cloned());
    }
    Ok(keys)
}

/// What a request for a session may ask for besides, in every way that the policies tell apart: whoever asks chooses.
fn passed(stack: &Stack, action: &str) -> Result<Vec<Vec<&'static str>>, Failure> {
    let read = read(stack, action)?;
    let is_read = |keys: &[&str]| keys.iter().any(|key| read.iter().any(|read| is_key(read, key)));
    let mut ways = vec![Vec::new()];
    for (action, _) in BESIDES.iter().filter(|(_, keys)| is_read(keys)) {
        let more: Vec<_> = ways.iter().map(|way| [way.as_slice(), &[*action]].concat()).collect();
        ways.extend(more);
    }
    Ok(ways)
}

/// Whether a key is this one, or of this prefix.
fn is_key(key: &str, name: &str) -> bool {
    if name.ends_with('/') { key.starts_with(name) } else { key == name }
}

/// The request does not carry a key, or those of a prefix.
fn leave_out(knowledge: &mut Knowledge, key: &'static str) {
    if key.ends_with('/') {
        knowledge.complete(key);
    } else {
        knowledge.insert(key, Known::Absent);
    }
}

impl Hop {
    /// The better of two ways, one of which is enough.
    fn or(self, other: Self) -> Self {
        match (self.decision, other.decision) {
            (Decision::Allow, _) | (Decision::Unknown, Decision::Deny | Decision::Unknown) => self,
            (_, Decision::Allow) | (Decision::Deny, _) => other,
        }
    }
}

/// The partition of an ARN.
fn partition(arn: &str) -> Option<&str> {
    arn.split(':').nth(1)
}

/// The same under every assignment of what is unknown, or unknown: all calls pass.
fn hop(scenarios: &Scenarios, passes: impl Fn(&CallResult) -> bool) -> Hop {
    let rows: Vec<bool> = scenarios.rows.iter().map(|(_, results)| results.iter().all(&passes)).collect();
    let unknown = || {
        let keys = scenarios.dimensions.iter().map(|d| spelling(&d.key)).collect();
        Hop { decision: Decision::Unknown, depends_on: keys }
    };
    let certain = |decision| Hop { decision, depends_on: BTreeSet::new() };
    match rows.split_first() {
        Some((true, rest)) if rest.iter().all(|r| *r) => certain(Decision::Allow),
        Some((false, rest)) if rest.iter().all(|r| !*r) => certain(Decision::Deny),
        _ => unknown(),
    }
}

/// The statements of a trust policy, with whom each is about as a condition. One that is about nobody says nothing.
fn layer(policy: &Policy) -> Rc<Layer> {
    let asking = |statement: &Statement| {
        let mut statement = statement.clone();
        let condition = whom::condition(statement.principals.as_ref()?, statement.allow, statement.place.clone());
        statement.conditions.insert(0, condition);
        Some(statement)
    };
    let statements = policy.document.statements.iter().filter_map(asking).collect();
    let document = Document { source: policy.document.source.clone(), statements };
    let policy = Policy { document: Arc::new(document), ..policy.clone() };
    Rc::new(Layer::new("trust", policy.label.clone(), [policy.label.clone()], |_| Some(&policy)))
}

fn somebody(principal: &Principal) -> Somebody<'_> {
    let Principal { arn, account, kind, name, .. } = principal;
    Somebody { arn, account, kind: *kind, name }
}

/// Whether a principal of the inventory is meant.
pub fn is(who: &Who, caller: &Principal) -> bool {
    somebody(caller).is(who)
}

/// The same for one of which no layer is made.
pub fn is_identity(who: &Who, identity: &Identity) -> bool {
    let Identity { arn, account, kind, name, .. } = identity;
    Somebody { arn, account, kind: *kind, name }.is(who)
}
