//! Who may become a role: its trust policy, and the layers of whoever asks, evaluated together.
//!
//! `Principal` is lowered as a condition on a key of countersign's own, which holds the names in the trust policy that the caller
//! answers to. So a trust policy is a layer like any other. In the role's own account, a statement that names the caller is enough; one
//! that names the account leaves the decision to the identity policies. From another account, both must allow.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::caller;
use super::context::{KeyValue, Keys};
use super::knowledge::{Knowledge, Known, Rest};
use super::layer::Layer;
use super::principals::{Principal, is_role_of_set};
use super::scenarios::{Call, CallResult, Memo, Scenarios, Stack, ask};
use crate::aws::keys::spelling;
use crate::iam::document::{Condition, Statement};
use crate::iam::operator::Operator;
use crate::iam::principal::{Principals, Who};
use crate::iam::template::{Template, TemplatePart};
use crate::inventory::Policy;
use crate::inventory::entity::Entity;
use crate::problem::Failure;
use crate::terms::{Decision, PrincipalKind};

/// The key that holds the names that a caller answers to.
const CALLER: &str = "countersign:caller";

/// What a principal of IAM calls to become a role.
const ASSUME: &str = "sts:AssumeRole";

/// What whoever comes from an identity provider calls.
const FEDERATED: [&str; 2] = ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// A role with its trust policy.
pub struct Trust {
    role: String,
    account: String,
    tags: BTreeMap<String, String>,
    /// All statements.
    all: Rc<Layer>,
    /// The statements that allow, without the accounts that they name.
    named: Rc<Layer>,
    /// Everyone that the statements name, each once.
    pub who: Vec<Who>,
    /// A statement allows everyone but those that it names.
    allows_others: bool,
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
    pub fn new(role: &Entity, account: &str, policy: &Policy) -> Result<Self, Failure> {
        let statements = &policy.document.statements;
        let mut who: Vec<Who> =
            statements.iter().filter_map(|s| s.principals.as_ref()).flat_map(|p| p.who.clone()).collect();
        who.sort();
        who.dedup();
        let negated = |s: &&Statement| s.allow && s.principals.as_ref().is_some_and(|p| p.negated);
        let all: Vec<Statement> = statements.iter().filter_map(|s| asking(s, |_| true)).collect();
        let named = statements.iter().filter(|s| s.allow);
        let named = named.filter_map(|s| asking(s, |who| !matches!(who, Who::Account(_)))).collect();
        Ok(Self {
            role: role.uid.id.clone(),
            account: account.to_owned(),
            tags: role.tags.clone(),
            all: layer("trust", policy, all)?,
            named: layer("trust[named]", policy, named)?,
            allows_others: statements.iter().any(|s| negated(&s)),
            who,
        })
    }

    /// Whether anyone at all may be meant, of any account.
    pub fn is_open(&self) -> bool {
        self.allows_others || self.who.iter().any(|w| matches!(w, Who::Everyone | Who::AnyAws))
    }

    /// Whether a statement allows everyone but those that it names.
    pub fn allows_everyone_but_some(&self) -> bool {
        self.allows_others
    }

    /// Whether a principal of the inventory may become the role.
    pub fn assumed_by(&self, caller: &Principal) -> Result<Hop, Failure> {
        let answers = self.who.iter().filter(|who| is(who, caller)).map(name).collect();
        let mut layers = caller.stack.layers.clone();
        let own = layers.len();
        layers.extend([self.all.clone(), self.named.clone()]);
        let stack = Stack { layers, of_resource: None };
        let call = self.call(ASSUME, &stack)?;
        let knowledge = called_by(caller.knowledge.clone(), answers);
        let scenarios = ask(&stack, std::slice::from_ref(&call), &knowledge, &Memo::default())?;
        Ok(hop(&scenarios, |result| self.passes(caller, own, &stack, result)))
    }

    /// Whether what the layers say lets the caller become the role. The last two are the role's own.
    fn passes(&self, caller: &Principal, own: usize, stack: &Stack, result: &CallResult) -> bool {
        let CallResult::Blocked(blocked) = result else {
            return true;
        };
        // `named` is silent where the caller is not named
        if blocked.iter().any(|b| !b.statements.is_empty() || b.layer == own) {
            return false;
        }
        let named = !blocked.iter().any(|b| b.layer > own);
        let mut silent = blocked.iter().filter(|b| b.layer < own).filter_map(|b| stack.layers.get(b.layer));
        silent.all(|layer| {
            let passed = match layer.name.as_str() {
                "identity" => true,
                // the boundary of a user does not limit what a policy on the resource grants to the user
                "boundary" => caller.kind == PrincipalKind::User,
                _ => false,
            };
            passed && named && caller.account == self.account
        })
    }

    /// Whether somebody outside the inventory may become the role, as far as the trust policy decides it.
    pub fn assumed_from_outside(&self, who: &Who) -> Result<Hop, Failure> {
        let mut answers: BTreeSet<String> = BTreeSet::from([name(who)]);
        let of_aws = matches!(who, Who::Account(_) | Who::Aws(_) | Who::AnyAws | Who::Everyone);
        let wider = |w: &&Who| **w == Who::Everyone || (of_aws && **w == Who::AnyAws);
        answers.extend(self.who.iter().filter(wider).map(name));
        let mut knowledge = Knowledge::given(&Keys::new(), Rest::Unknown);
        let text = match who {
            Who::Aws(text) | Who::Service(text) => text.as_str(),
            _ => "",
        };
        caller::keys(text).into_iter().for_each(|(key, known)| knowledge.insert(key, known));
        if let Who::Account(account) = who {
            knowledge.set("aws:principalaccount", account);
        }
        let knowledge = called_by(knowledge, answers.into_iter().collect());
        let stack = Stack { layers: vec![self.all.clone()], of_resource: None };
        let actions: &[&str] = if matches!(who, Who::Federated(_)) { &FEDERATED } else { &[ASSUME] };
        let mut found = Hop { decision: Decision::Deny, depends_on: BTreeSet::new() };
        for action in actions {
            let call = self.call(action, &stack)?;
            let scenarios = ask(&stack, &[call], &knowledge, &Memo::default())?;
            let hop = hop(&scenarios, |result| matches!(result, CallResult::Allowed(_)));
            if found.decision == Decision::Deny || hop.decision == Decision::Allow {
                found = hop;
            }
        }
        Ok(found)
    }

    /// A call on the role. Its tags are what the inventory declares; a request may carry any session tags.
    fn call(&self, action: &str, stack: &Stack) -> Result<Call, Failure> {
        let mut keys = BTreeMap::new();
        for layer in &stack.layers {
            for key in layer.slice(&action.to_ascii_lowercase())?.keys() {
                if key.starts_with("aws:requesttag/") || key == "aws:tagkeys" {
                    keys.insert(key.clone(), None);
                }
            }
        }
        for (tag, value) in &self.tags {
            for prefix in ["aws:resourcetag/", "iam:resourcetag/"] {
                keys.insert(format!("{prefix}{}", tag.to_ascii_lowercase()), Some(value.clone()));
            }
        }
        Ok(Call { action: action.to_owned(), resources: vec![self.role.clone()], keys })
    }
}

fn called_by(mut knowledge: Knowledge, answers: Vec<String>) -> Knowledge {
    knowledge.insert(CALLER, Known::Value(KeyValue::Many(answers)));
    knowledge
}

/// The same under every assignment of what is unknown, or unknown.
fn hop(scenarios: &Scenarios, passes: impl Fn(&CallResult) -> bool) -> Hop {
    let rows: Vec<bool> = scenarios.rows.iter().filter_map(|(_, results)| results.first()).map(passes).collect();
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

fn layer(kind: &str, policy: &Policy, statements: Vec<Statement>) -> Result<Rc<Layer>, Failure> {
    let document = crate::iam::document::Document { source: policy.document.source.clone(), statements };
    let policy = Policy { document: Arc::new(document), ..policy.clone() };
    Ok(Rc::new(Layer::new(kind, policy.label.clone(), [policy.label.clone()], |_| Some(&policy))))
}

/// A statement whose principals are a condition; `None` where none of them is wanted.
fn asking(statement: &Statement, wanted: impl Fn(&Who) -> bool) -> Option<Statement> {
    let Principals { negated, who } = statement.principals.as_ref()?;
    let kept: Vec<String> = who.iter().filter(|w| *negated || wanted(w)).map(name).collect();
    if kept.is_empty() {
        return None;
    }
    let operator = if *negated { "ForAllValues:StringNotEquals" } else { "ForAnyValue:StringEquals" };
    let literal = |text: &String| Template { parts: vec![TemplatePart::Literal(text.clone())] };
    let condition = Condition {
        operator: Operator::parse(operator)?,
        key: CALLER.to_owned(),
        values: kept.iter().map(literal).collect(),
        texts: kept,
        place: statement.place.clone(),
    };
    let conditions = statement.conditions.iter().cloned().chain([condition]).collect();
    Some(Statement { conditions, ..statement.clone() })
}

/// What somebody that a policy names is called.
fn name(who: &Who) -> String {
    match who {
        Who::Everyone => "*".to_owned(),
        Who::AnyAws => "AWS:*".to_owned(),
        Who::Account(text) | Who::Aws(text) => format!("AWS:{text}"),
        Who::Service(text) => format!("Service:{text}"),
        Who::Federated(text) => format!("Federated:{text}"),
        Who::CanonicalUser(text) => format!("CanonicalUser:{text}"),
    }
}

/// Whether a principal of the inventory is meant.
pub fn is(who: &Who, caller: &Principal) -> bool {
    is_identity(who, (&caller.arn, &caller.account, caller.kind, &caller.name))
}

/// The same for its ARN, its account, what it is and its name.
pub fn is_identity(who: &Who, (arn, account, kind, name): (&str, &str, PrincipalKind, &str)) -> bool {
    match who {
        Who::Everyone | Who::AnyAws => true,
        Who::Account(number) => number == account,
        Who::Aws(text) if text == arn => true,
        // whoever assumes a role chooses the name of the session; the ARN of a session leaves out the path of its role
        Who::Aws(text) => match text.splitn(6, ':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "sts", "", number, session] if *number == account => {
                let role = session.strip_prefix("assumed-role/").and_then(|s| s.split('/').next());
                role.is_some_and(|role| match kind {
                    PrincipalKind::PermissionSet => is_role_of_set(role, name),
                    PrincipalKind::Role => arn.rsplit('/').next() == Some(role),
                    PrincipalKind::User | PrincipalKind::Root => false,
                })
            }
            ["arn", _, "iam", "", number, role] if *number == account && kind == PrincipalKind::PermissionSet => {
                let own = role.starts_with("role/aws-reserved/sso.amazonaws.com/");
                own && role.rsplit('/').next().is_some_and(|role| is_role_of_set(role, name))
            }
            _ => false,
        },
        Who::Service(_) | Who::Federated(_) | Who::CanonicalUser(_) => false,
    }
}
