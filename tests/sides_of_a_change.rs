//! What a change lets in that the inventory does not know by name: a wider trust policy, a root user with credentials, principals that
//! are seen for the first time; and those whom `[[trusted]]` declares.

use crate::common::*;
use countersign::report::expectations::reports;
use countersign_core::assessments::Assessments;
use countersign_core::diff::differences::AccessChange;

use countersign_core::expectations::Suite;
use countersign_core::expectations::run::run;
use countersign_core::inventory::Inventory;
use countersign_core::moment;
use serde_json::{Value, json};

const R: &str = "arn:aws:iam::222222222222:role/r";

fn role(trust: &Value) -> Value {
    json!({"uid": R, "attrs": {"policies": [FULL], "trustPolicy": trust}})
}

/// A statement of a trust policy.
fn lets(principal: Value, action: &str, condition: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": action});
    if condition != json!({}) {
        statement["Condition"] = condition;
    }
    statement
}

fn assumes(principal: Value, condition: Value) -> Value {
    lets(principal, "sts:AssumeRole", condition)
}

/// Whoever is not known may become the role by requests by which nobody could: a wider trust policy is new access, and is told with
/// what makes it so. The other way round it is none.
#[test]
fn a_wider_trust_policy_is_new_access() {
    let github = |condition: Value| {
        let provider = format!("arn:aws:iam::{A}:oidc-provider/token.actions.githubusercontent.com");
        vec![lets(json!({"Federated": provider}), "sts:AssumeRoleWithWebIdentity", condition)]
    };
    let sub = |pattern: &str| json!({"StringLike": {"token.actions.githubusercontent.com:sub": pattern}});
    let main = "repo:org/a:ref:refs/heads/main";
    let other = |condition: Value| vec![assumes(json!({"AWS": "999988887777"}), condition)];
    let id = |values: Value| json!({"StringEquals": {"sts:ExternalId": values}});
    let anyone = |condition: Value| vec![assumes(json!("*"), condition)];
    let service = |condition: Value| vec![assumes(json!({"Service": "sns.amazonaws.com"}), condition)];
    let bad = json!({"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::999988887777:user/bad"}, "Action": "sts:AssumeRole"});
    let dev = |condition: Value| vec![assumes(json!({"AWS": user(A, "dev")}), condition)];
    let mfa = || json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let from = |range: &str| json!({"IpAddress": {"aws:SourceIp": range}});
    for (old, new) in [
        (github(sub(main)), github(sub("repo:*"))),
        (github(sub(main)), github(json!({}))),
        (other(id(json!("x"))), other(json!({}))),
        (other(id(json!("x"))), other(id(json!(["x", "y"])))),
        (anyone(json!({"StringEquals": {"aws:PrincipalOrgID": ORG}})), anyone(json!({}))),
        (service(json!({"StringEquals": {"aws:SourceAccount": A}})), service(json!({}))),
        ([other(json!({})), vec![bad]].concat(), other(json!({}))),
        (dev(mfa()), dev(from("0.0.0.0/0"))),
    ] {
        let world = |statements: &[Value]| {
            World::organization().user(A, "dev", json!([])).entity(role(&policy(json!(statements))))
        };
        let found = compare(&world(&old), &world(&new));
        assert!(found.verdict.access_widens, "{old:?} {new:?}");
        let of_role = found.new_access.iter().filter(|n| n.widens()).flat_map(|n| &n.principals);
        assert!(of_role.into_iter().any(|p| p.principal == R), "{new:?}");
        let idle: Vec<&str> = found.changes.iter().filter(|c| !c.matters).map(|c| c.piece.what.as_str()).collect();
        assert_eq!(idle, [""; 0], "{new:?}");
        let back = compare(&world(&new), &world(&old));
        // an address in place of a second factor is neither more nor less
        assert_eq!(back.verdict.access_widens, new == dev(from("0.0.0.0/0")), "{old:?}");
    }
}

/// What is only written otherwise is no new access, nor is what concerns another role.
#[test]
fn a_trust_policy_that_is_only_written_otherwise_is_none() {
    let world = |statement: Value| World::organization().entity(role(&policy(json!([statement]))));
    let one = assumes(json!({"AWS": "999988887777"}), json!({"StringEquals": {"sts:ExternalId": ["x", "y"]}}));
    let other = assumes(
        json!({"AWS": ["arn:aws:iam::999988887777:root"]}),
        json!({"StringEquals": {"sts:ExternalId": ["y", "x"]}}),
    );
    let found = compare(&world(one.clone()), &world(other));
    assert!(found.verdict.is_clean(), "{:?} {:#?}", found.verdict, found.new_access);
    let more = |name: &str| json!({"uid": format!("arn:aws:iam::{A}:role/{name}"), "attrs": {"policies": [], "trustPolicy": policy(json!([one]))}});
    assert!(compare(&world(one.clone()), &world(one.clone()).entity(more("new"))).verdict.is_clean());
}

/// D31: who is seen for the first time may have been there. Whether access is new is not known, and a gate on it does not pass.
#[test]
fn first_sight_of_somebody_who_may_do_something_is_unknown() {
    let world = |known: bool, policies: Option<Value>| {
        let world = World::organization().account(B, json!({"principalsKnown": known}), &[ORG]);
        match policies {
            Some(policies) => world.user(B, "dev", policies),
            None => world,
        }
    };
    let reads = || allows(&["s3:GetObject"]);
    for (policies, unknown) in [(json!([FULL]), true), (json!([reads()]), true), (json!([]), false)] {
        let found = compare(&world(false, None), &world(true, Some(policies.clone())));
        assert_eq!((found.verdict.access_widens, found.verdict.access_is_unknown), (false, unknown), "{policies}");
        assert_eq!(found.first_seen.iter().any(|n| n.widens()), unknown, "{policies}");
        // it was listed, and was not there
        assert_eq!(compare(&world(true, None), &world(true, Some(policies))).verdict.access_widens, unknown);
    }
    // an exception that was reviewed is about those, too
    let toml = "[[diff.allow]]\noperation = \"*\"\nprincipal = \"dev\"\nreason = \"hired\"\n\
        [[diff.allow]]\nanyRequest = true\nprincipal = \"dev\"\nreason = \"hired\"\n";
    let mut found = compare(&world(false, None), &world(true, Some(json!([FULL]))));
    let exceptions = world(true, None).file("countersign.toml", toml).load().config.exceptions.clone();
    found.except(&exceptions, moment::parse("2026-11-01").unwrap());
    assert!(found.verdict.is_clean(), "{:?}", found.verdict);
}

/// Somebody can sign in as the root user, and nobody could.
#[test]
fn credentials_of_a_root_user_are_access() {
    let world = |credentials: Option<&str>| {
        let attrs = credentials.map_or_else(|| json!({}), |c| json!({"rootCredentials": c}));
        World::organization().account(B, attrs, &[ORG])
    };
    for (old, new, widens) in [
        (Some("none"), Some("present"), true),
        (Some("none"), Some("unknown"), true),
        (Some("none"), None, true),
        (None, Some("present"), false),
        (Some("present"), Some("none"), false),
        (None, Some("none"), false),
    ] {
        let found = compare(&world(old), &world(new));
        assert_eq!(found.verdict.access_widens, widens, "{old:?} {new:?}: {:#?}", found.access);
        let accepts = found.access.iter().filter(|e| e.change == AccessChange::Gained && e.widens());
        let who: Vec<&str> = accepts.flat_map(|e| &e.people).map(|p| p.person.as_str()).collect();
        assert_eq!(who.contains(&"whoever has the credentials of the root user"), widens, "{who:?}");
    }
}

/// Who stands behind a role in an account whose principals are not all listed: nobody, where service control policies let nobody of it
/// assume roles.
#[test]
fn nobody_comes_from_an_account_that_may_assume_no_role() {
    let deny = |action: &str, condition: Value| {
        let mut statement = json!({"Effect": "Deny", "Action": action, "Resource": "*"});
        if condition != json!({}) {
            statement["Condition"] = condition;
        }
        policy(json!([statement]))
    };
    let world = |scp: Value, trusted: &str| {
        let attrs = json!({"principalsKnown": false, "serviceControlPolicies": ["p-FullAWSAccess", scp]});
        let trust = policy(json!([assumes(json!({"AWS": trusted}), json!({}))]));
        World::organization().account(B, attrs, &[ORG]).entity(role(&trust))
    };
    let anyone = "account 333333333333, whose principals are not all listed (D31)";
    for (scp, trusted, unknown) in [
        (deny("s3:*", json!({})), B, true),
        (deny("sts:AssumeRole", json!({})), B, false),
        (deny("*", json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}})), B, true),
        // of one that is not in the inventory nothing is known
        (deny("sts:AssumeRole", json!({})), "999988887777", true),
    ] {
        let who = json!(["legal", R, "arn:aws:iam::*:root"]);
        let text = format!("[[only]]\nprincipal = {who}\noperation = \"accept\"\naccount = \"{A}\"\n");
        let unmet = unmet(&world(scp.clone(), trusted).user(A, "legal", json!([])), &text);
        let told = unmet.iter().any(|u| u.contains("who may assume it is not known"));
        assert_eq!(told, unknown, "{scp} {trusted}: {unmet:?}");
        let inventory = world(scp.clone(), trusted).load();
        let roles =
            countersign_core::people::follow((&inventory, &RULES), &options_now(), &[R.to_owned()].into()).unwrap();
        let others: Vec<&str> = roles[R].others.iter().map(|o| o.who.as_str()).collect();
        assert_eq!(others.contains(&anyone), unknown && trusted == B, "{others:?}");
    }
}

fn unmet(world: &World, text: &str) -> Vec<String> {
    let folder = world.clone().file("x.expect.toml", text).folder();
    let source = Folder::new(folder.path());
    let inventory = Inventory::load(&source, SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let suite = Suite::read(&source, &inventory.config.exclude, &RULES.operations).unwrap();
    let cases =
        run(&suite, &Assessments::new(&inventory, &RULES), &options_now()).unwrap_or_else(|f| panic!("{}", words(&f)));
    reports(&cases).iter().flat_map(|c| &c.actual).map(|a| format!("{}: {}", a.subject, a.is)).collect()
}

/// Whom `[[trusted]]` declares is asked about in place of those who are not known, whoever they are: a user, a person of Identity
/// Center, or nobody of the inventory.
#[test]
fn those_who_are_declared_at_a_role_are_asked_about() {
    let okta = json!({"Federated": format!("arn:aws:iam::{A}:saml-provider/Okta")});
    let trust = policy(json!([lets(okta, "sts:AssumeRoleWithSAML", json!({}))]));
    let world = |person: &str| {
        let trusted = format!("[[trusted]]\nrole = \"r\"\npeople = [\"{person}\"]\nreason = \"reviewed\"\n");
        World::organization()
            .user(A, "lena", json!([FULL]))
            .user(A, "dev", json!([]))
            .entity(json!({"uid": "IdentityCenterUser::\"u-dara\"", "attrs": {"userName": "dara"}}))
            .entity(role(&trust))
            .file("countersign.toml", trusted)
    };
    let asked = "operation = \"accept-agreement\"\nscope = \"account\"\nagreement = \"baa\"\n";
    let only = |who: Value| {
        let mut all = vec![json!("lena"), json!("r"), json!("arn:aws:iam::*:root")];
        all.extend(who.as_array().unwrap().clone());
        format!("[[only]]\nprincipal = {}\n{asked}", Value::Array(all))
    };
    let dev_arn = user(A, "dev");
    for person in ["dev", "dara", "nobodyknown", dev_arn.as_str()] {
        let told = unmet(&world(person), &only(json!([])));
        assert_eq!(told.len(), 1, "{person}: {told:?}");
        assert!(told[0].starts_with(&format!("{person}: allow accept-agreement")), "{told:?}");
        assert!(told[0].ends_with("by [[trusted]]"), "{told:?}");
        assert_eq!(unmet(&world(person), &only(json!([person]))), [""; 0], "{person}");
        for expect in ["deny", "allow"] {
            let text = format!("[[access]]\nprincipal = \"{person}\"\n{asked}expect = \"{expect}\"\n");
            let told = unmet(&world(person), &text);
            if expect == "deny" {
                let declared = format!("{person}: allow accept-agreement");
                assert!(told.iter().any(|t| t.starts_with(&declared)), "{person} {expect}: {told:?}");
            }
        }
    }
    // by the name of the user who is declared by its ARN, and the other way round
    for (person, listed) in [("dev", dev_arn.as_str()), (dev_arn.as_str(), "dev"), ("nobodyknown", "nobody*")] {
        assert_eq!(unmet(&world(person), &only(json!([listed]))), [""; 0], "{person} {listed}");
        let text = format!("[[access]]\nprincipal = \"{listed}\"\n{asked}expect = \"deny\"\n");
        assert!(!unmet(&world(person), &text).is_empty(), "{person} {listed}");
    }
    // whoever is not declared is denied as before
    let text = format!("[[access]]\nprincipal = \"dev\"\n{asked}expect = \"deny\"\n");
    assert_eq!(unmet(&world("dara"), &text), [""; 0]);
    let over = world("dev").file(
        "countersign.toml",
        "[[trusted]]\nrole = \"r\"\npeople = [\"dev\"]\nreason = \"x\"\nuntil = 2026-01-01\n",
    );
    assert_eq!(unmet(&over, &text), [""; 0], "it does not count from then on");
}
