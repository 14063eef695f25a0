//! An answer from what a request comes to under every assignment of what is unknown; or, where there are too many of them, from what
//! is certain of each statement by itself.

use super::explain::StatementAnswer;
use super::{Dependency, IamDecision};
use crate::aws::keys::spelling;
use crate::iam::whom::{EXCEPTED, PRINCIPAL};
use crate::permissions::dependence::{Choice, allowing, pairs};
use crate::permissions::layer::Layer;
use crate::permissions::scenarios::{Beside, CallResult, Scenarios, Stack};

/// What the request comes to under every assignment of what is unknown.
pub struct Rows<'s> {
    /// What each assignment comes to; none where there are too many to try.
    pub verdicts: Vec<&'s CallResult>,
    decisions: Vec<IamDecision>,
    choices: Vec<Choice>,
    too_many: &'s [String],
    scenarios: &'s Scenarios,
}

impl<'s> Rows<'s> {
    /// What the scenarios of one call come to.
    pub fn new(scenarios: &'s Scenarios) -> Self {
        let choice = |indices: &Vec<usize>| {
            let labelled = scenarios.dimensions.iter().zip(indices);
            labelled.filter_map(|(d, i)| Some((d.key.clone(), d.labels.get(*i)?.clone()))).collect()
        };
        let verdicts: Vec<&CallResult> = scenarios.rows.iter().filter_map(|(_, verdicts)| verdicts.first()).collect();
        let decision = |(verdict, (indices, _)): (&&CallResult, &(Vec<usize>, Vec<CallResult>))| {
            // what a policy that is not told denies is denied explicitly
            let denied = scenarios.dimensions.iter().zip(indices).any(|(d, i)| d.denies(*i));
            if denied { IamDecision::ExplicitDeny } else { of_stack(verdict) }
        };
        Self {
            decisions: verdicts.iter().zip(&scenarios.rows).map(decision).collect(),
            verdicts,
            choices: scenarios.rows.iter().map(|(indices, _)| choice(indices)).collect(),
            too_many: &scenarios.too_many,
            scenarios,
        }
    }

    /// The same in every row, or unknown.
    pub fn uniform(&self, of: impl Fn(&CallResult) -> IamDecision) -> IamDecision {
        let mut decisions = self.verdicts.iter().map(|v| of(v));
        let first = decisions.next().unwrap_or(IamDecision::Unknown);
        if decisions.all(|d| d == first) { first } else { IamDecision::Unknown }
    }

    /// The decision, if it is the same in every row.
    pub fn decision(&self) -> IamDecision {
        match self.decisions.split_first() {
            Some((first, rest)) if rest.iter().all(|d| d == first) => *first,
            _ => IamDecision::Unknown,
        }
    }

    /// Whether no assignment comes to a decision.
    pub fn never(&self, decision: IamDecision) -> bool {
        !self.decisions.is_empty() && self.decisions.iter().all(|d| *d != decision)
    }

    /// The first layer that brings the decision about, in the order of the stack, if it is the same in every row.
    pub fn decided_by(&self, decision: IamDecision, stack: &Stack) -> Option<String> {
        let deciding = |verdict: &CallResult| {
            let index = match (decision, verdict) {
                (IamDecision::ExplicitDeny, CallResult::Blocked(said)) => {
                    said.iter().find(|s| !s.statements.is_empty())?.layer
                }
                (IamDecision::ImplicitDeny, CallResult::Blocked(said)) => said.first()?.layer,
                (IamDecision::Allowed, CallResult::Allowed(said)) => {
                    let granting = |name: &str| {
                        let index = stack.layers.iter().position(|l| l.name == name)?;
                        (stack.of_resource.is_none() || said.iter().any(|s| s.layer == index)).then_some(index)
                    };
                    granting("identity").or_else(|| granting("resource"))?
                }
                _ => return None,
            };
            stack.layers.get(index).map(|l| l.name.clone())
        };
        let mut layers = self.verdicts.iter().map(|v| deciding(v));
        let first = layers.next()?;
        if layers.all(|l| l == first) { first } else { None }
    }

    /// What an unknown answer depends on.
    pub fn depends_on(&self, decision: IamDecision) -> Vec<Dependency> {
        if decision != IamDecision::Unknown {
            return Vec::new();
        }
        let decisions = &self.decisions;
        let assigned: Vec<((), &Choice)> = self.choices.iter().map(|c| ((), c)).collect();
        let mut keys: Vec<&String> = self.choices.iter().flatten().map(|(key, _)| key).collect();
        keys.sort();
        keys.dedup();
        let differs = |key: &&String| pairs(&assigned, key).iter().any(|(a, b)| decisions.get(*a) != decisions.get(*b));
        let allows = |key: &str| {
            let rows = self.choices.iter().zip(decisions);
            allowing(rows.map(|(c, d)| (c, *d == IamDecision::Allowed)), key)
        };
        let mut found: Vec<Dependency> =
            keys.into_iter().filter(differs).map(|key| Dependency { key: named(key), allows: allows(key) }).collect();
        found.extend(self.too_many.iter().map(|key| Dependency { key: named(key), allows: Vec::new() }));
        let named_in = |b: &Beside| found.iter().any(|d| d.key == named(&b.of.0) && d.allows.contains(&b.of.1));
        let beside: Vec<Beside> = self.scenarios.beside().into_iter().filter(named_in).collect();
        for b in beside {
            match found.iter_mut().find(|d| d.key == named(&b.key)) {
                Some(own) if own.allows.is_empty() => own.allows.push(b.value),
                Some(_) => {}
                None => found.push(Dependency { key: named(&b.key), allows: vec![b.value] }),
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

/// What is certain of each statement by itself, where there are too many combinations to try them all.
pub struct Certain<'a> {
    /// Each statement by itself.
    pub statements: &'a [StatementAnswer],
}

impl Certain<'_> {
    fn any(&self, layer: &Layer, effect: &str, applies: fn(Option<bool>) -> bool) -> bool {
        let of = self.statements.iter().filter(|s| s.layer == layer.name && s.effect == effect);
        of.into_iter().any(|s| applies(s.applies))
    }

    fn may_deny(&self, layer: &Layer) -> bool {
        !layer.opaque.is_empty() || self.any(layer, "Deny", |a| a != Some(false))
    }

    /// What a layer comes to.
    pub fn layer(&self, layer: &Layer) -> IamDecision {
        if self.any(layer, "Deny", |a| a == Some(true)) {
            IamDecision::ExplicitDeny
        } else if self.may_deny(layer) {
            IamDecision::Unknown
        } else if self.any(layer, "Allow", |a| a == Some(true)) {
            IamDecision::Allowed
        } else if self.any(layer, "Allow", |a| a.is_none()) {
            IamDecision::Unknown
        } else {
            IamDecision::ImplicitDeny
        }
    }

    /// The decision, and the layer that decides.
    pub fn stack(&self, stack: &Stack) -> (IamDecision, Option<String>) {
        let first = |decision: IamDecision| {
            let layer = stack.layers.iter().find(|l| self.layer(l) == decision);
            layer.map(|l| (decision, Some(l.name.clone())))
        };
        let denied = first(IamDecision::ExplicitDeny);
        if stack.of_resource.is_some() {
            // what the policy of a resource grants past is told by trying
            return denied.unwrap_or((IamDecision::Unknown, None));
        }
        let silent = || first(IamDecision::ImplicitDeny).filter(|_| !stack.layers.iter().any(|l| self.may_deny(l)));
        denied.or_else(silent).unwrap_or_else(|| {
            if stack.layers.iter().all(|l| self.layer(l) == IamDecision::Allowed) {
                (IamDecision::Allowed, stack.layers.iter().find(|l| l.name == "identity").map(|l| l.name.clone()))
            } else {
                (IamDecision::Unknown, None)
            }
        })
    }
}

/// What all layers come to.
fn of_stack(verdict: &CallResult) -> IamDecision {
    match verdict {
        CallResult::Allowed(_) => IamDecision::Allowed,
        CallResult::Blocked(said) if said.iter().any(|s| !s.statements.is_empty()) => IamDecision::ExplicitDeny,
        CallResult::Blocked(_) => IamDecision::ImplicitDeny,
    }
}

/// What a layer comes to, where each of them has to allow.
pub fn of_layer(verdict: &CallResult, layer: usize) -> IamDecision {
    match verdict {
        CallResult::Allowed(_) => IamDecision::Allowed,
        CallResult::Blocked(said) => match said.iter().find(|s| s.layer == layer) {
            None => IamDecision::Allowed,
            Some(said) if said.statements.is_empty() => IamDecision::ImplicitDeny,
            Some(_) => IamDecision::ExplicitDeny,
        },
    }
}

/// What an answer depends on, in words.
fn named(key: &str) -> String {
    match key {
        PRINCIPAL => "which of the names in `Principal` the principal has".to_owned(),
        EXCEPTED => "whom NotPrincipal excepts".to_owned(),
        key => spelling(key),
    }
}
