//! Permissions that a principal may grant itself: told beside an answer that lacks them, and never counted as allowed.
//!
//! What would help is data (`data/escalation.json`); whether a principal may do it is asked of its layers, as everything is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Answers, OfClass, OperationAnswer, Options, PrincipalAnswer};
use crate::agreements::Agreements;
use crate::aws;
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::permissions::classes::{Classes, Signature};
use crate::permissions::layer::Layer;
use crate::permissions::principals::{Directory, Principal};
use crate::permissions::scenarios::{Call, CallResult, ask};
use crate::policies::RuleBook;
use crate::problem::Failure;
use crate::stack;
use crate::terms::{Decision, PrincipalKind};

/// A way in which a principal may grant itself permissions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Escalation {
    /// `iam:PutUserPolicy`
    pub action: String,
    /// The ARN of itself, of its policy, or of its group.
    pub on: String,
    /// False where whether it may depends on what is not known.
    pub certain: bool,
}

#[derive(Deserialize)]
struct Data {
    actions: Vec<Way>,
}

#[derive(Deserialize)]
struct Way {
    action: String,
    /// Which principals it helps: `user`, `role`; any where there is none.
    kind: Option<String>,
    on: On,
}

/// What an action is asked on.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum On {
    /// The principal.
    #[serde(rename = "self")]
    Itself,
    /// A policy of the account that it has.
    Policies,
    /// A group that it is in.
    Groups,
    /// A group of its account that it is not in.
    OtherGroups,
}

static WAYS: LazyLock<Vec<Way>> = LazyLock::new(|| {
    let data: Option<Data> = serde_json::from_str(aws::ESCALATION_TEXT).ok();
    data.map(|d| d.actions).unwrap_or_default()
});

/// Keys that the actions carry with values that the caller chooses.
const CHOSEN: [&str; 2] = ["iam:policyarn", "iam:permissionsboundary"];

/// The ways in which each of these principals may grant itself what it lacks, by its account and ARN. A principal that lacks nothing, or
/// that more than its own policies deny, has none.
pub fn of(
    (inventory, rules): (&Inventory, &RuleBook),
    options: &Options,
    answers: &[PrincipalAnswer],
) -> Result<BTreeMap<(String, String), Vec<Escalation>>, Failure> {
    let mut helped = OfClass::default();
    let mut lacking: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for answer in answers.iter().filter(|p| helped.ask(&p.operations, would_help).contains(&true)) {
        lacking.entry(&answer.account).or_default().insert(&answer.principal);
    }
    if lacking.is_empty() {
        return Ok(BTreeMap::new());
    }
    stack::evaluate(|| {
        let agreements = Agreements::new(inventory, rules, options.at);
        let directory = Directory::new(inventory, &agreements.tree, options.at, &options.context);
        let mut directory = directory.standing(Box::new(|account| agreements.standing(account)));
        let (mut grants, mut found) = (Grants::new(inventory), BTreeMap::new());
        for (account, arns) in lacking {
            let Some(account) = agreements.tree.accounts.get(account) else { continue };
            for principal in directory.of_account(account, |i| arns.contains(i.arn.as_str()))? {
                let ways = grants.ways(&principal)?;
                if !ways.is_empty() {
                    found.insert((principal.account, principal.arn), ways);
                }
            }
            grants.forget(directory.passing());
        }
        Ok(found)
    })
}

/// Whether a permission more in the principal's own policies would help: all that blocks is that they are silent.
fn would_help(answer: &OperationAnswer) -> bool {
    let mut because = answer.gates.iter().flat_map(|g| &g.because);
    answer.decision != Decision::Allow
        && !answer.missing.is_empty()
        && because.all(|b| b.layer == "identity" && b.statement.is_none())
}

/// Asks principals what they may grant themselves; those that their policies do not tell apart are asked once.
pub(crate) struct Grants<'a> {
    inventory: &'a Inventory,
    classes: Classes,
    known: HashMap<Signature, Vec<Decision>>,
    helped: OfClass<bool>,
}

impl<'a> Grants<'a> {
    /// Nobody is asked yet.
    pub fn new(inventory: &'a Inventory) -> Self {
        let actions = WAYS.iter().map(|way| way.action.as_str());
        Self { inventory, classes: Classes::new(actions), known: HashMap::new(), helped: OfClass::default() }
    }

    /// The ways of a principal with these answers: none where it lacks nothing.
    pub fn of(&mut self, principal: &Principal, answers: &Answers) -> Result<Vec<Escalation>, Failure> {
        match self.helped.ask(answers, would_help).contains(&true) {
            true => self.ways(principal),
            false => Ok(Vec::new()),
        }
    }

    /// Layers that no principal has any more.
    pub fn forget<'l>(&mut self, layers: impl Iterator<Item = &'l Rc<Layer>>) {
        layers.for_each(|layer| self.classes.forget(layer));
    }

    /// The ways of a principal that lacks something.
    fn ways(&mut self, principal: &Principal) -> Result<Vec<Escalation>, Failure> {
        if self.is_silent(principal) {
            return Ok(Vec::new());
        }
        let kind = match principal.kind {
            PrincipalKind::User => "user",
            PrincipalKind::Role => "role",
            // IAM protects the roles of permission sets, and the root user lacks nothing that it could grant itself
            PrincipalKind::PermissionSet | PrincipalKind::Root => "",
        };
        let (mut actions, mut calls) = (Vec::new(), Vec::new());
        for way in WAYS.iter().filter(|w| w.kind.as_deref().is_none_or(|k| k == kind)) {
            for on in targets(self.inventory, principal, way.on) {
                let keys = CHOSEN.map(|key| (key.to_owned(), None)).into();
                actions.push(&way.action);
                calls.push(Call { action: way.action.clone(), resources: vec![on], keys });
            }
        }
        let decisions = self.decisions(principal, &calls)?;
        let ways = actions.into_iter().zip(calls).zip(decisions).filter(|(_, decision)| *decision != Decision::Deny);
        let way = |((action, call), decision): ((&String, Call), Decision)| {
            let on = call.resources.into_iter().next()?;
            Some(Escalation { action: action.clone(), on, certain: decision == Decision::Allow })
        };
        Ok(ways.filter_map(way).collect())
    }

    /// Whether no policy of the principal itself names any of the actions: then nothing allows them.
    fn is_silent(&mut self, principal: &Principal) -> bool {
        let mut own = principal.stack.layers.iter().filter(|layer| layer.name == "identity").peekable();
        principal.stack.of_resource.is_none() && own.peek().is_some() && own.all(|layer| self.classes.is_silent(layer))
    }

    fn decisions(&mut self, principal: &Principal, calls: &[Call]) -> Result<Vec<Decision>, Failure> {
        let decide = || calls.iter().map(|call| may(principal, call)).collect();
        let mut asked = self.classes.asked("", calls.iter());
        let Some(signature) = self.classes.signature(principal, false, &mut asked) else { return decide() };
        if let Some(known) = self.known.get(&signature) {
            return Ok(known.clone());
        }
        let decisions: Vec<Decision> = decide()?;
        self.known.insert(signature, decisions.clone());
        Ok(decisions)
    }
}

fn targets(inventory: &Inventory, principal: &Principal, on: On) -> BTreeSet<String> {
    let entity = inventory.entities.get(&principal.uid);
    let groups: BTreeSet<&Uid> = entity.into_iter().flat_map(|e| e.parents.iter().map(|(p, _)| p)).collect();
    match on {
        On::Itself => BTreeSet::from([principal.arn.clone()]),
        On::Policies => {
            let own = format!(":iam::{}:policy/", principal.account);
            let layers = principal.stack.layers.iter().filter(|l| l.name == "identity");
            layers.flat_map(|l| &l.policies).filter(|id| id.contains(&own)).cloned().collect()
        }
        On::Groups => groups.into_iter().filter(|g| g.ty == "Group").map(|g| g.id.clone()).collect(),
        On::OtherGroups => {
            // those of its account stand together
            let prefix: String = principal.arn.split_inclusive(':').take(5).collect();
            let from = inventory.entities.range(Uid::new("Group", prefix.as_str())..).map(|(uid, _)| uid);
            let of_account = from.take_while(|uid| uid.ty == "Group" && uid.id.starts_with(&prefix));
            of_account.filter(|g| !groups.contains(g)).map(|g| g.id.clone()).collect()
        }
    }
}

fn may(principal: &Principal, call: &Call) -> Result<Decision, Failure> {
    let scenarios = ask(&principal.stack, std::slice::from_ref(call), &principal.knowledge, &principal.memo)?;
    let results = scenarios.rows.iter().filter_map(|(_, results)| results.first());
    let rows: Vec<bool> = results.map(|r| matches!(r, CallResult::Allowed(_))).collect();
    Ok(match rows.split_first() {
        Some((true, rest)) if rest.iter().all(|r| *r) => Decision::Allow,
        Some((false, rest)) if rest.iter().all(|r| !*r) => Decision::Deny,
        _ => Decision::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_read() {
        assert_eq!(WAYS.len(), 8);
    }
}
