//! The policy of a resource beside the policies of who asks, as the IAM User Guide tells it ("Policy evaluation logic").
//!
//! In one account it grants by itself, past what other policies leave out; how far past depends on whom it names. Across accounts
//! both sides must allow. Explicit denials, service control policies and resource control policies count in any case. What the
//! policy says of each name of the caller is asked of its Cedar policies; here the answers are put together.

use super::context::{KeyValue, Request};
use super::layer::LayerOutcome;
use super::scenarios::{LayerStatements, Stack};
use crate::iam::whom::PRINCIPAL;
use crate::problem::Failure;

/// How the policy of a resource counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfResource {
    /// Index into the stack's layers.
    pub layer: usize,
    /// The resource belongs to another account than the caller.
    pub other_account: bool,
    /// Nothing but this policy can grant: a key or the trust in a role, or a caller without policies of its own.
    pub must_allow: bool,
}

/// How a policy of a resource reaches a caller that it allows; the sooner, the further past other policies it grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The user, the session or everyone: no identity policy, boundary or session policy has to allow, too.
    Direct,
    /// The role of the session, or the user that a federated user comes from: no identity policy has to.
    Role,
    /// The account, which decides by its own policies.
    Account,
}

impl Reach {
    /// How a name of a caller reaches it.
    pub(crate) fn of(name: &str, names: &[String]) -> Self {
        let all = [Self::Direct, Self::Role, Self::Account];
        all.into_iter().find(|reach| reach.has(name, names)).unwrap_or(Self::Account)
    }

    /// Whether a name of a caller is of this kind.
    fn has(self, name: &str, names: &[String]) -> bool {
        // a canonical user is an account under another name
        let is_account = name.starts_with("account:") || name.starts_with("canonical:");
        let is_session = |n: &str| n.contains(":sts:") && n.starts_with("arn:");
        let behind = name.contains(":iam::") && (name.contains(":role/") || names.iter().any(|n| is_session(n)));
        // the unique id of a role
        let behind = behind || name.starts_with("AROA");
        match self {
            Self::Direct => !is_account && !behind,
            Self::Role => behind,
            Self::Account => is_account,
        }
    }

    /// The layers whose silence it passes, within an account.
    fn passes(self, layer: &str) -> bool {
        match self {
            Self::Direct => matches!(layer, "identity" | "boundary" | "session"),
            Self::Role => layer == "identity",
            Self::Account => false,
        }
    }
}

/// Adds what the policy of the resource says to what the other layers say: to the layers that allow, and to those that do not.
pub fn combine(
    stack: &Stack,
    (how, outcome): (OfResource, LayerOutcome),
    request: &Request,
    allowed: &mut Vec<LayerStatements>,
    blocked: &mut Vec<LayerStatements>,
) -> Result<(), Failure> {
    let statements = match outcome {
        LayerOutcome::Deny(statements) => {
            blocked.push(LayerStatements { layer: how.layer, statements });
            return Ok(());
        }
        LayerOutcome::Silent => {
            if how.other_account || how.must_allow {
                blocked.push(LayerStatements { layer: how.layer, statements: Vec::new() });
            }
            return Ok(());
        }
        LayerOutcome::Allow(statements) => statements,
    };
    if !how.other_account {
        let reach = reach(stack, how.layer, request)?;
        let passed = |layer: usize| stack.layers.get(layer).is_some_and(|l| reach.passes(&l.name));
        blocked.retain(|b| !(b.statements.is_empty() && passed(b.layer)));
    }
    allowed.push(LayerStatements { layer: how.layer, statements });
    Ok(())
}

/// The furthest reach by which the policy allows. One that is not told, and is taken to allow, may reach in any way.
fn reach(stack: &Stack, layer: usize, request: &Request) -> Result<Reach, Failure> {
    let Some(layer) = stack.layers.get(layer) else {
        return Ok(Reach::Account);
    };
    // without a `Principal` that reads them there are no names: `NotPrincipal` allows everyone but whom it lists
    let names = request.keys.get(PRINCIPAL).map(KeyValue::values).unwrap_or_default();
    if !layer.opaque.is_empty() {
        return Ok(Reach::Direct);
    }
    for reach in [Reach::Direct, Reach::Role] {
        let own = names.iter().filter(|n| reach.has(n, names)).cloned().collect();
        let mut asked = request.clone();
        asked.keys.insert(PRINCIPAL.to_owned(), KeyValue::Many(own));
        if matches!(layer.decide(&asked)?, LayerOutcome::Allow(_)) {
            return Ok(reach);
        }
    }
    Ok(Reach::Account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_caller_reach_it_in_their_own_way() {
        let session = ["*", "all", "arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:role/r"];
        let session: Vec<String> = session.iter().map(|n| (*n).to_owned()).collect();
        let of = |reach: Reach, names: &[String]| -> Vec<String> {
            names.iter().filter(|n| reach.has(n, names)).cloned().collect()
        };
        assert_eq!(of(Reach::Direct, &session), session[..3]);
        assert_eq!(of(Reach::Role, &session), session[3..]);
        let user =
            ["arn:aws:iam::111122223333:user/jo", "account:111122223333", "canonical:79a59df9"].map(str::to_owned);
        assert_eq!(of(Reach::Direct, &user), user[..1]);
        assert_eq!(of(Reach::Account, &user), user[1..]);
        let federated = ["arn:aws:sts::111122223333:federated-user/jo".to_owned(), user[0].clone()];
        assert_eq!(of(Reach::Role, &federated), user[..1]);
    }
}
