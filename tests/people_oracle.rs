//! `diff` about roles against a second reading: who may accept before and after a change, computed from the drawn facts alone, without
//! any evaluation of the project's.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use crate::common::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::222222222222:role/legal-admin";
const STEP: &str = "arn:aws:iam::333333333333:role/step";

/// What a principal's own policies say of `sts:AssumeRole`.
#[derive(Clone, Copy, PartialEq)]
enum Own {
    Silent,
    Allows,
    Denies,
}

/// One world, as facts: A has `near` and the role that may accept; B has `far` and a role on the way.
#[derive(Clone)]
struct Facts {
    b_suspended: bool,
    a_keeps_b_out: bool,
    near: Own,
    far: Own,
    step: Own,
    role_trusts: usize,
    step_trusts: usize,
}

impl Facts {
    fn of(c: &[u8]) -> Self {
        let own = |n: u8| [Own::Silent, Own::Allows, Own::Allows, Own::Denies][usize::from(n % 4)];
        Self {
            b_suspended: c[0].is_multiple_of(4),
            a_keeps_b_out: c[1].is_multiple_of(4),
            near: own(c[2]),
            far: own(c[3]),
            step: own(c[4]),
            role_trusts: usize::from(c[5] % 6),
            step_trusts: usize::from(c[6] % 6),
        }
    }

    /// Whom a trust policy names.
    fn trusted(choice: usize, other_role: &str) -> String {
        let names = [root(A), root(B), user(A, "near"), user(B, "far"), other_role.to_owned()];
        names.get(choice).cloned().unwrap_or_else(|| "arn:aws:iam::999999999999:user/nobody".to_owned())
    }

    fn world(&self) -> World {
        let own = |own: Own| match own {
            Own::Silent => json!([]),
            Own::Allows => json!([allows(&["sts:AssumeRole"])]),
            Own::Denies => json!([
                allows(&["sts:*"]),
                policy(json!([{"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}]))
            ]),
        };
        let trust =
            |arn: String| policy(json!([{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}]));
        let perimeter = policy(json!([{"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": B}}}]));
        let controls = if self.a_keeps_b_out { json!([perimeter]) } else { json!([]) };
        let role = |arn: &str, policies: Value, trusted: String| json!({"uid": arn, "attrs": {"policies": policies, "trustPolicy": trust(trusted)}});
        World::new()
            .org(json!({}))
            .account(M, json!({}), &[ORG])
            .account(A, json!({"resourceControlPolicies": controls}), &[ORG])
            .account(B, json!({"state": if self.b_suspended { "SUSPENDED" } else { "ACTIVE" }}), &[ORG])
            .user(A, "near", own(self.near))
            .user(B, "far", own(self.far))
            .entity(role(ROLE, json!([FULL]), Self::trusted(self.role_trusts, STEP)))
            .entity(role(STEP, own(self.step), Self::trusted(self.step_trusts, ROLE)))
    }

    /// Whether somebody becomes a role in one step (IAM User Guide, evaluation logic; D26).
    fn becomes(&self, (arn, account, own): (&str, &str, Own), role: &str) -> bool {
        let (of, trusted) = match role == ROLE {
            true => (A, Self::trusted(self.role_trusts, STEP)),
            false => (B, Self::trusted(self.step_trusts, ROLE)),
        };
        let kept_out = (account == B && self.b_suspended) || (account == B && of == A && self.a_keeps_b_out);
        if kept_out || own == Own::Denies {
            return false;
        }
        let (named, of_account) = (trusted == arn, trusted == root(account));
        match account == of {
            true => named || (of_account && own == Own::Allows),
            false => (named || of_account) && own == Own::Allows,
        }
    }

    /// The users who come to the role that may accept, one role after the other.
    fn may_accept(&self) -> BTreeSet<String> {
        let users = [("near", A, self.near), ("far", B, self.far)];
        let may = |(name, account, own): &(&str, &str, Own)| {
            let arn = user(account, name);
            let own = (arn.as_str(), *account, *own);
            self.becomes(own, ROLE) || (self.becomes(own, STEP) && self.becomes((STEP, B, self.step), ROLE))
        };
        users.iter().filter(|u| may(u)).map(|(name, ..)| format!("user {name}")).collect()
    }
}

#[test]
fn who_gains_a_role_is_told_and_nobody_else() {
    let mut runner = TestRunner::new_with_rng(Config::default(), drawn_from(31));
    let strategy = (prop::collection::vec(any::<u8>(), 7), prop::collection::vec((0..7_usize, any::<u8>()), 1..3));
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let (mut gains, mut losses) = (0, 0);
    for _ in 0..cases {
        let (c, edits) = strategy.new_tree(&mut runner).unwrap().current();
        let mut edited = c.clone();
        edits.iter().for_each(|(at, to)| edited[*at] = *to);
        let (old, new) = (Facts::of(&c), Facts::of(&edited));
        let (before, after) = (old.may_accept(), new.may_accept());
        let expected: BTreeSet<String> = after.difference(&before).cloned().collect();
        gains += expected.len();
        losses += before.difference(&after).count();
        let found = compare(&old.world(), &new.world());
        let accepts = |o: &countersign_core::assessment::Operation| {
            o.operation == "accept-agreement" && o.agreement.as_deref() == Some("baa")
        };
        let gained =
            found.access.iter().filter(|e| e.change.is_gain() && e.widens() && e.operations.iter().any(accepts));
        let people = gained.flat_map(|e| &e.people).filter(|p| p.through == ROLE && p.person.starts_with("user "));
        let told: BTreeSet<String> = people.map(|p| p.person.clone()).collect();
        assert_eq!(told, expected, "{c:?} {edits:?}");
        assert!(expected.is_empty() || found.verdict.access_widens, "{c:?} {edits:?}");
    }
    assert!(gains > 0 && losses > 0, "{gains} gains and {losses} losses of {cases} cases");
}
