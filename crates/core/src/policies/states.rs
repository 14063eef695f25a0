//! What the state of an account leaves to anybody in it, as the gates with `@state("account")` say, whatever is asked for and by whom.

use std::collections::BTreeSet;

use cedar_policy::{Context, Entities, EntityUid, PolicySet};

use super::RuleBook;
use crate::problem::Failure;
use crate::terms::Decision;

impl RuleBook {
    /// Whether anybody can act in an account: denied where such a gate closes each operation that these gates are about, unknown where
    /// only those that are `@uncertain` do (D26).
    pub fn acting_in(&self, account: &EntityUid, context: &Context, entities: &Entities) -> Result<Decision, Failure> {
        let gates = self.rules.values().filter(|r| r.get("state") == Some("account"));
        // those that are asked by name change where the account stands: their gates say where it cannot go, not who acts
        let by_name = |name: &str| self.operations.operation(name).is_none_or(|o| o.by_name);
        let operations: BTreeSet<&String> = gates.flat_map(|r| &r.actions).filter(|name| !by_name(name)).collect();
        let mut found: Option<Decision> = None;
        for operation in operations {
            let one = self.left_open(operation, account, context.clone(), entities)?;
            // what one operation leaves open is open
            found = Some(match (found, one) {
                (None, one) => one,
                (Some(Decision::Allow), _) | (_, Decision::Allow) => Decision::Allow,
                (Some(Decision::Unknown), _) | (_, Decision::Unknown) => Decision::Unknown,
                (Some(Decision::Deny), Decision::Deny) => Decision::Deny,
            });
        }
        Ok(found.unwrap_or(Decision::Allow))
    }

    /// Whether the state of an account leaves one operation open.
    fn left_open(
        &self,
        operation: &str,
        account: &EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<Decision, Failure> {
        let of_state = |id: &str| self.rules.get(id).is_some_and(|r| r.get("state") == Some("account"));
        let gates = self.policies(operation).filter(|p| of_state(p.id().as_ref())).cloned();
        let set = PolicySet::from_policies(gates).map_err(Failure::internal("gates of the account's state"))?;
        let closing = self.asked(Some(&set), operation, (account, account), context, entities)?.by;
        let certain = closing.iter().any(|rule| rule.get("uncertain").is_none());
        Ok(match (closing.is_empty(), certain) {
            (true, _) => Decision::Allow,
            (false, true) => Decision::Deny,
            (false, false) => Decision::Unknown,
        })
    }
}
