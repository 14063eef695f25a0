//! Resource control policies that were not listed, or come and go: they only take away, so a grant becomes perhaps, and nothing becomes
//! more than it was (D31).

#![allow(clippy::unwrap_used)]

use crate::common::*;
use crate::people::{guardrails, only};
use crate::people_controls::{ROLE, controlled, denies, stands_behind, trusts, world};
use countersign_core::assessment::completeness::{Missing, gaps};
use countersign_core::diff::differences::AccessChange;
use countersign_core::guardrails::GuardrailState;
use countersign_core::moment::Moment;
use countersign_core::what_if::{Change, Named, apply};
use serde_json::{Value, json};

const UNLISTED: &str = "the resource control policies of o-exampleorgid, which were not listed";

/// The organization has policies of which it is not known where they are attached.
fn unplaced(mut world: World, policies: Value) -> World {
    let of_organization = |e: &&mut Value| e["uid"] == ORG;
    world
        .entities
        .iter_mut()
        .filter(of_organization)
        .for_each(|e| e["attrs"]["resourceControlPoliciesUnplaced"] = policies.clone());
    world
}

fn unlisted(world: World) -> World {
    unplaced(world, json!([UNLISTED])).entity(json!({"uid": {"type": "IamPolicy", "id": UNLISTED}}))
}

fn trust() -> Value {
    trusts(json!({"AWS": root(B)}))
}

fn from(account: &str) -> Value {
    denies(json!({"StringEquals": {"aws:PrincipalAccount": account}}))
}

fn assumed(world: &World) -> Option<bool> {
    stands_behind(world).assumers.first().map(|a| a.certain)
}

fn now() -> Moment {
    options_now().at
}

#[test]
fn who_becomes_a_role_is_perhaps() {
    assert_eq!(assumed(&world(trust())), Some(true), "an inventory that names none declares that there are none");
    let behind = stands_behind(&unlisted(world(trust())));
    let dev = behind.assumers.first().unwrap();
    assert_eq!((dev.certain, dev.depends_on.as_slice()), (false, &[format!("the targets of {UNLISTED}")][..]));
    // never more: whom the trust policy does not let in stays out
    assert_eq!(assumed(&unlisted(world(trusts(json!({"AWS": root(M)}))))), None);
    // what it says is known: it may deny the one, and not the other
    assert_eq!(assumed(&unplaced(world(trust()), json!([from(B)]))), Some(false));
    assert_eq!(assumed(&unplaced(world(trust()), json!([from(M)]))), Some(true));
    // it is attached, and what it says is not known
    let opaque = world(trust()).entity(json!({"uid": {"type": "IamPolicy", "id": "p-opaque0001"}}));
    assert_eq!(assumed(&controlled(opaque, A, json!(["p-opaque0001"]))), Some(false));
    // they do not bind the management account
    let role = ROLE.replace(A, M);
    let mut managed = unlisted(world(trust()));
    managed.entities.iter_mut().filter(|e| e["uid"] == ROLE).for_each(|e| e["uid"] = json!(role));
    let assume = policy(json!([{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]));
    let managed = managed.user(B, "ops", json!([assume]));
    let (inventory, options) = (managed.load(), options_now());
    let roles = countersign_core::people::follow((&inventory, &RULES), &options, &[role.clone()].into()).unwrap();
    assert!(roles[&role].assumers.iter().any(|a| a.certain));
}

#[test]
fn gates_do_not_pass_on_it() {
    let promise = format!(
        "[[only]]\nprincipal = [\"{ROLE}\", \"arn:aws:iam::*:root\"]\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\naccount = \"{A}\"\n"
    );
    let forbid = "@id(\"dev\") @message(\"accepts\")\nforbid (principal, action == Artifact::Action::\"may-accept-agreement\", resource)\n\
        when { context has name && context.name == \"dev\" };\n";
    let state = |world: World| {
        guardrails(&world.file("guardrails/a.cedar", forbid)).pop().map_or(GuardrailState::Proved, |r| r.outcome)
    };
    let denied = "[[access]]\nprincipal = \"dev\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\nexpect = \"deny\"\n";
    let allowed = denied.replace("\"deny\"", "\"allow\"");
    for (world, known) in [
        (world(trust()), Some(true)),
        (unlisted(world(trust())), None),
        (controlled(world(trust()), ORG, json!([from(B)])), Some(false)),
    ] {
        let unmet = only(&world, &promise.replace(ROLE, "nobody"));
        assert!(!unmet.is_empty(), "the role itself is not named");
        let (broken, access) = (state(world.clone()), only(&world, denied));
        match known {
            Some(true) => assert_eq!(broken, GuardrailState::Violated),
            None => {
                assert_eq!(broken, GuardrailState::Unknown);
                assert!(access.iter().any(|a| a.contains("perhaps")), "{access:?}");
            }
            Some(false) => assert_eq!((broken, access.len()), (GuardrailState::Proved, 0)),
        }
        if known.is_none() {
            assert!(!only(&world, &allowed).is_empty(), "perhaps is no promise kept");
        }
    }
}

#[test]
fn it_is_told_what_is_missing() {
    let missing = |world: &World| gaps(&world.load(), now()).into_iter().map(|g| g.missing).collect::<Vec<_>>();
    let without = missing(&world(trust()));
    assert!(!without.contains(&Missing::ResourceControlPolicies));
    let mut with = missing(&unlisted(world(trust())));
    assert!(with.contains(&Missing::ResourceControlPolicies));
    with.retain(|m| *m != Missing::ResourceControlPolicies);
    assert_eq!(with, without, "what those say that were not listed is not a gap of its own");
    assert!(Missing::ResourceControlPolicies.calls().contains("--filter RESOURCE_CONTROL_POLICY"));
}

/// How it is told of dev, who may assume the role.
fn told(base: &World, head: &World) -> (Vec<AccessChange>, bool, bool) {
    let found = compare(base, head);
    let mut changes: Vec<AccessChange> =
        found.access.iter().filter(|e| !e.people.is_empty()).map(|e| e.change).collect();
    changes.dedup();
    (changes, found.verdict.access_widens, found.verdict.access_is_unknown)
}

#[test]
fn a_list_that_comes_or_goes_is_neither_gained_nor_lost() {
    let (open, listed) = (unlisted(world(trust())), world(trust()));
    assert_eq!(told(&open, &listed), (vec![AccessChange::FirstSeen], false, true));
    assert_eq!(told(&listed, &open), (vec![AccessChange::NoLongerKnown], false, false));
    assert_eq!(told(&open, &open), (vec![], false, false));
    // whoever could not before is another matter: the trust policy is a new one
    let (changes, widens, _) = told(&unlisted(world(trusts(json!({"AWS": root(M)})))), &listed);
    assert!(changes.contains(&AccessChange::Gained) && widens, "{changes:?}");
    // and where a policy that denied is not known any more, somebody may gain
    let (changes, widens, _) = told(&controlled(world(trust()), A, json!([from(B)])), &open);
    assert!(changes.contains(&AccessChange::MayBeGained) && widens, "{changes:?}");
}

/// Of those who are not known, the policies around a role say what is new: as a trust policy does.
#[test]
fn a_control_that_is_weaker_is_new_access_for_others() {
    let outside = trusts(json!({"AWS": "999999999999"}));
    let external = |id: &str| denies(json!({"StringNotEquals": {"sts:ExternalId": id}}));
    let role = |policies: Value| controlled(world(outside.clone()), ORG, policies);
    let new = |base: &World, head: &World| {
        let found = compare(base, head);
        let trust = found.new_access.iter().find(|n| n.is_trust()).map(|n| n.answer.decision);
        let caused = found.changes.iter().any(|c| c.matters && c.piece.layers.contains(&"resourceControl"));
        (trust, found.verdict.access_widens, caused)
    };
    use countersign_core::access::NewRequests::{New, Unknown};
    let (strict, open) = (role(json!([external("x")])), role(json!([])));
    assert_eq!(new(&strict, &open), (Some(New), true, true));
    assert_eq!(new(&open, &strict), (None, false, false));
    assert_eq!(new(&strict, &strict), (None, false, false));
    // another id than before
    assert_eq!(new(&strict, &role(json!([external("y")]))), (Some(New), true, true));
    // what it says is the same, wherever it is attached above the role
    assert_eq!(new(&strict, &controlled(world(outside.clone()), A, json!([external("x")]))).0, None);
    // it was about another role
    let other = policy(
        json!([{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/other"}]),
    );
    assert_eq!(new(&role(json!([other])), &open), (None, false, false));
    let others = policy(
        json!([{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "NotResource": "arn:aws:iam::*:role/other"}]),
    );
    assert_eq!(new(&role(json!([others])), &open).0, Some(New));
    // it was about roles of another organization
    let elsewhere = denies(json!({"StringEquals": {"aws:ResourceOrgID": "o-another0001"}}));
    assert_eq!(new(&role(json!([elsewhere])), &open), (None, false, false));
    // nothing is known of what was denied
    let opaque = |world: World| world.entity(json!({"uid": {"type": "IamPolicy", "id": "p-opaque0001"}}));
    let had = controlled(opaque(world(outside.clone())), ORG, json!(["p-opaque0001"]));
    assert_eq!(new(&had, &opaque(open.clone())), (Some(Unknown), true, true));
    let found = compare(&unlisted(world(outside.clone())), &open);
    assert!(found.first_seen.iter().any(|n| n.is_trust()), "whether it is new is not known");
    assert_eq!((found.verdict.access_widens, found.verdict.access_is_unknown), (false, true));
    assert!(compare(&open, &unlisted(world(outside))).verdict.is_clean());
}

#[test]
fn they_are_attached_detached_and_replaced() {
    let document = |name: &str, text: Value| {
        let source = countersign_core::problem::SourceFile::new(name, text.to_string());
        Named::Document(name.to_owned(), Box::new(countersign_core::what_if::read_policy(&source).unwrap()))
    };
    let after = |world: &World, changes: &[Change]| {
        let edited = apply(&world.load(), &RULES, changes, now()).map_err(|f| words(&f))?;
        let roles = countersign_core::people::follow((&edited, &RULES), &options_now(), &[ROLE.to_owned()].into());
        Ok::<_, String>(roles.unwrap()[ROLE].assumers.first().map(|a| a.certain))
    };
    let attach = |to: &str, name: &str, text: Value| Change::Attach { to: to.to_owned(), policy: document(name, text) };
    let detach = |from: &str, id: &str| Change::Detach { from: from.to_owned(), policy: id.to_owned() };
    let open = world(trust());
    for node in [ORG, A] {
        assert_eq!(after(&open, &[attach(node, "rcp.json", from(B))]), Ok(None), "{node}");
        assert_eq!(after(&open, &[attach(node, "rcp.json", from(M))]), Ok(Some(true)), "{node}");
        assert_eq!(
            after(&open, &[attach(node, "rcp.json", from(B)), detach(node, "rcp.json")]),
            Ok(Some(true)),
            "{node}"
        );
        let replaced = Change::Replace { at: node.into(), old: "a.json".into(), new: document("b.json", from(B)) };
        assert_eq!(after(&open, &[attach(node, "a.json", from(M)), replaced]), Ok(None), "{node}");
    }
    // an account that leaves is under them no more, and those that it had stay behind
    let kept = controlled(world(trust()), A, json!(["rcp.json"])).file("rcp.json", from(B).to_string());
    assert_eq!(assumed(&kept), None);
    let left = [Change::Leave { account: A.into() }, Change::Join { account: A.into(), organization: ORG.into() }];
    assert_eq!(after(&kept, &left), Ok(Some(true)));
    // what cannot be says why
    let wrong = |change: Change| after(&kept, &[change]).unwrap_err();
    assert!(wrong(detach(A, "p-RCPFullAWSAccess")).contains("cannot be detached"));
    assert!(
        wrong(Change::Attach { to: A.into(), policy: Named::Known("p-RCPFullAWSAccess".into()) }).contains("already")
    );
    assert!(wrong(attach(&user(B, "dev"), "b.json", from(B))).contains("says whom it is about"));
    assert!(wrong(attach(A, "b.json", trust())).contains("only those that deny"));
    let mixed = Change::Replace { at: A.into(), old: "rcp.json".into(), new: document("scp.json", allows(&["s3:*"])) };
    assert!(wrong(mixed).contains("a resource control policy"));
    assert!(wrong(detach(A, "rcp.jso")).contains("is not attached to 222222222222"));
    assert!(wrong(attach(A, "rcp.json", from(B))).contains("attached already"));
}
