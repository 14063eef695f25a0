//! New access by resource-based and trust policies: AWS's labelled pairs, pairs as a reviewer would label them, and generated pairs
//! held against the second interpreter with callers of every kind.

use std::cell::RefCell;

use crate::common::drawn_from;
use countersign_core::access::callers::Grant;
use countersign_core::access::pair::{self, Pair};
use countersign_core::access::{AccessAnswer, NewRequests, Side, Witness, new_access};
use countersign_core::problem::SourceFile;
use countersign_core::stack;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

fn pair(old: &Value, new: &Value) -> Pair {
    let file = |name: &str, policy: &Value| SourceFile::new(name, policy.to_string());
    let read = pair::read(&file("old.json", old), &file("new.json", new));
    read.unwrap_or_else(|p| panic!("{old}\n{new}\n{p:?}")).0
}

fn compare(old: &Value, new: &Value) -> AccessAnswer {
    let Pair { old, new, .. } = pair(old, new);
    let side = |policy| Side::new(vec![("resource", vec![policy])]);
    stack::evaluate(|| new_access(&side(old.clone()), &side(new.clone()))).unwrap()
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A statement about `kms:Decrypt`, for these principals.
fn decrypt(effect: &str, element: &str, principals: Value, condition: Option<Value>) -> Value {
    let mut statement = json!({"Effect": effect, "Action": "kms:Decrypt", "Resource": "*"});
    statement[element] = principals;
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

fn allow(principals: Value) -> Value {
    policy(&[decrypt("Allow", "Principal", principals, None)])
}

fn allow_if(principals: Value, condition: Value) -> Value {
    policy(&[decrypt("Allow", "Principal", principals, Some(condition))])
}

/// All may, but for what is denied.
fn deny(element: &str, principals: Value, condition: Option<Value>) -> Value {
    policy(&[decrypt("Allow", "Principal", json!("*"), None), decrypt("Deny", element, principals, condition)])
}

const USER: &str = "arn:aws:iam::111122223333:user/jo";
const ROLE: &str = "arn:aws:iam::111122223333:role/r";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/r/s";
const CANONICAL: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// AWS's own examples of checks of resource policies and trust policies: whether a candidate grants what its reference does not.
/// In one countersign sees more: see docs/diff.md.
#[test]
fn pairs_of_aws() {
    let text = std::fs::read_to_string("tests/data/resource-policies.json").unwrap();
    let sets: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut pairs, mut differing) = (0, Vec::new());
    for set in &sets {
        for (index, candidate) in set["candidates"].as_array().unwrap().iter().enumerate() {
            pairs += 1;
            let answer = compare(&set["old"], &candidate["new"]);
            let said = serde_json::to_value(answer.decision).unwrap();
            if said != candidate["label"] {
                differing.push((set["name"].as_str().unwrap().to_owned(), index, said));
            }
        }
    }
    assert_eq!(pairs, 32);
    // a role that is named needs no identity policy in its own account, which a role of an account that is named does
    assert_eq!(differing, [("allowlist-account-principals".to_owned(), 1, json!("new"))]);
}

/// What stands in for what: by whom a statement names, and what that grants.
#[test]
fn principals_of_every_kind() {
    use NewRequests::{New, None as No, Unknown};
    let sns = || json!({"Service": "sns.amazonaws.com"});
    let (account, root) = (json!({"AWS": "111122223333"}), json!({"AWS": "arn:aws:iam::111122223333:root"}));
    let (user, role, session) = (json!({"AWS": USER}), json!({"AWS": ROLE}), json!({"AWS": SESSION}));
    let (all, any_aws) = (json!("*"), json!({"AWS": "*"}));
    let google = json!({"Federated": "accounts.google.com"});
    let arn = |arn: &str| json!({"ArnLike": {"aws:PrincipalArn": arn}});
    let of_account = json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}});
    let by_service = json!({"Bool": {"aws:PrincipalIsAWSService": "true"}});
    let no_service = json!({"Bool": {"aws:PrincipalIsAWSService": "false"}});
    let mut impossible = by_service.clone();
    impossible["StringEquals"] = of_account["StringEquals"].clone();
    for (what, old, new, expected) in [
        ("a service, for everyone", allow(sns()), allow(all.clone()), New),
        ("everyone, for a service", allow(all.clone()), allow(sns()), No),
        ("a service, for another", allow(sns()), allow(json!({"Service": "events.amazonaws.com"})), New),
        ("a service, for any AWS", allow(sns()), allow(any_aws.clone()), New),
        ("any AWS, for a service", allow(any_aws.clone()), allow(sns()), Unknown),
        ("any AWS, for everyone", allow(any_aws.clone()), allow(all.clone()), Unknown),
        ("everyone, for any AWS", allow(all.clone()), allow(any_aws.clone()), No),
        ("any AWS, for a user", allow(any_aws.clone()), allow(user.clone()), No),
        ("any AWS, for a role", allow(any_aws.clone()), allow(role.clone()), No),
        ("an account, for its root", allow(account.clone()), allow(root.clone()), No),
        ("an account, for another", allow(account.clone()), allow(json!({"AWS": "444455556666"})), New),
        ("an account, for its user", allow(account.clone()), allow(user.clone()), New),
        ("a user, for its account", allow(user.clone()), allow(account.clone()), New),
        ("a user, for a role", allow(user.clone()), allow(role.clone()), New),
        ("a role, for a session of it", allow(role.clone()), allow(session.clone()), New),
        ("a session, for its role", allow(session.clone()), allow(role.clone()), New),
        ("a role and an account", allow(json!({"AWS": [ROLE, "111122223333"]})), allow(role.clone()), No),
        ("by key, for a role", allow_if(any_aws.clone(), arn(ROLE)), allow(role.clone()), No),
        // what `*` grants, a boundary and a session policy do not limit; what a role is granted by its name, they do
        ("a role, by key", allow(role.clone()), allow_if(any_aws.clone(), arn(ROLE)), New),
        ("a role, by key of everyone", allow(role.clone()), allow_if(all.clone(), arn(ROLE)), New),
        ("a user, by key", allow(user.clone()), allow_if(all.clone(), arn(USER)), No),
        ("a role, by a wider key", allow(role.clone()), allow_if(any_aws.clone(), arn("arn:aws:iam::*:role/r")), New),
        ("an account, by key", allow(account.clone()), allow_if(all.clone(), of_account.clone()), New),
        ("by key, for an account", allow_if(all.clone(), of_account.clone()), allow(account.clone()), No),
        ("services, by key", allow_if(all.clone(), by_service.clone()), allow(sns()), No),
        ("a service, for all by key", allow(sns()), allow_if(all.clone(), by_service), New),
        ("what no request can be", allow(sns()), allow_if(all.clone(), impossible), No),
        // who has a federated token of the user has no user name
        (
            "a user by its name",
            allow_if(user.clone(), json!({"StringEquals": {"aws:username": "jo"}})),
            allow(user.clone()),
            New,
        ),
        ("a user by its account", allow_if(user.clone(), of_account.clone()), allow(user.clone()), No),
        (
            "a user by another name",
            allow_if(user.clone(), json!({"StringEquals": {"aws:username": "al"}})),
            allow(user.clone()),
            New,
        ),
        ("an identity provider, for any", allow(google.clone()), allow(json!({"Federated": "*"})), New),
        ("everyone, for a provider", allow(all.clone()), allow(google), No),
        ("a canonical user, for an account", allow(json!({"CanonicalUser": CANONICAL})), allow(account.clone()), New),
        ("an account, for a canonical user", allow(account.clone()), allow(json!({"CanonicalUser": CANONICAL})), New),
        (
            "all but a service, for all",
            policy(&[decrypt("Allow", "NotPrincipal", sns(), None)]),
            allow(all.clone()),
            New,
        ),
        (
            "all, for all but a service",
            allow(all.clone()),
            policy(&[decrypt("Allow", "NotPrincipal", sns(), None)]),
            No,
        ),
        ("a denial of a service less", deny("Principal", sns(), None), allow(all.clone()), New),
        ("a denial of a service more", allow(all.clone()), deny("Principal", sns(), None), No),
        (
            "a denial of a role, for one by key",
            deny("Principal", role.clone(), None),
            deny("Principal", all.clone(), Some(arn(ROLE))),
            No,
        ),
        (
            "a denial by key, for one of a role",
            deny("Principal", all.clone(), Some(arn(ROLE))),
            deny("Principal", role.clone(), None),
            No,
        ),
        (
            "a denial of an account, for its user",
            deny("Principal", account.clone(), None),
            deny("Principal", user.clone(), None),
            New,
        ),
        (
            "services denied, too",
            deny("Principal", all.clone(), Some(no_service)),
            deny("Principal", all.clone(), None),
            No,
        ),
        // who is named without its account may be denied, and who has a boundary is
        (
            "all denied but a user, for all by key",
            deny("NotPrincipal", json!({"AWS": [USER, "111122223333"]}), None),
            deny(
                "Principal",
                all.clone(),
                Some(json!({"ArnNotEquals": {"aws:PrincipalArn": [USER, "arn:aws:iam::111122223333:root"]}})),
            ),
            New,
        ),
        (
            "a user listed without its account",
            deny("NotPrincipal", json!({"AWS": [USER, "111122223333"]}), None),
            deny("NotPrincipal", user.clone(), None),
            No,
        ),
        // the root user of the account is spared, too
        (
            "a user listed with its account",
            deny("NotPrincipal", user, None),
            deny("NotPrincipal", json!({"AWS": [USER, "111122223333"]}), None),
            New,
        ),
    ] {
        let answer = compare(&old, &new);
        assert_eq!(answer.decision, expected, "{what}: {answer:#?}");
        assert_eq!(answer.decision == New, !answer.witnesses.is_empty(), "{what}");
        assert!(answer.decision != Unknown || answer.reason.unwrap().contains("sources do not settle"), "{what}");
    }
}

/// `none` holds in both readings of a `*` that ends a segment of an ARN (D25, D30).
#[test]
fn both_readings_of_a_star() {
    use NewRequests::{New, None as No, Unknown};
    let on = |effect: &str, resource: &str| json!({"Effect": effect, "Principal": "*", "Action": "sns:Publish", "Resource": resource});
    let allowed = |resource: &str| policy(&[on("Allow", resource)]);
    let denied = |resource: &str| policy(&[on("Allow", "*"), on("Deny", resource)]);
    let topic = "arn:aws:sns:us-east-1:111122223333:orders";
    for (old, new, expected) in [
        (allowed("arn:aws:sns:*:*:orders"), allowed(topic), No),
        (allowed(topic), allowed("arn:aws:sns:*:*:orders"), New),
        // with fewer colons, the pattern matches nothing, or what lies between
        (allowed("arn:aws:sns:*:orders"), allowed(topic), Unknown),
        (allowed(topic), allowed("arn:aws:sns:*:orders"), Unknown),
        (denied("arn:aws:sns:*:orders"), allowed("*"), Unknown),
        (denied("arn:aws:sns:*:orders"), denied("arn:aws:sns:*:orders"), No),
        (denied("arn:aws:sns:*:*:orders"), denied(topic), New),
        (denied(topic), denied("arn:aws:sns:*:*:orders"), No),
    ] {
        let answer = compare(&old, &new);
        assert_eq!(answer.decision, expected, "{old}\n{new}\n{answer:#?}");
        assert!(answer.decision != Unknown || answer.reason.unwrap().contains("D25"));
    }
}

/// What cannot be held against each other is an error in words.
#[test]
fn kinds_are_not_mixed() {
    let identity = policy(&[json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"})]);
    let trust = policy(&[json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})]);
    let resource = allow(json!("*"));
    let read = |old: &Value, new: &Value| {
        let file = |policy: &Value| SourceFile::new("p.json", policy.to_string());
        pair::read(&file(old), &file(new)).map(|_| ()).map_err(|p| p[0].message().to_owned())
    };
    for (old, new) in [(&identity, &resource), (&resource, &trust), (&trust, &identity)] {
        let message = read(old, new).unwrap_err();
        assert!(message.contains("policy"), "{message}");
    }
    assert!(read(&resource, &policy(&[])).is_ok() && read(&policy(&[]), &trust).is_ok());
}

/// Who asks, as the second interpreter knows them, and the keys that it carries.
fn callers() -> Vec<(Value, Map<String, Value>)> {
    let keys =
        |arn: Option<&str>, account: Option<&str>, kind: Option<&str>, name: Option<&str>, service: Option<&str>| {
            let mut keys = Map::new();
            let pairs = [
                ("aws:PrincipalArn", arn),
                ("aws:PrincipalAccount", account),
                ("aws:PrincipalType", kind),
                ("aws:username", name),
                ("aws:PrincipalServiceName", service),
                ("aws:PrincipalIsAWSService", Some(if service.is_some() { "true" } else { "false" })),
            ];
            keys.extend(pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))));
            keys
        };
    let (one, two) = (Some("111122223333"), Some("444455556666"));
    let other = "arn:aws:iam::444455556666:user/jo";
    let root = "arn:aws:iam::111122223333:root";
    let stranger = "arn:aws:iam::777788889999:root";
    let service = |name: &str| (json!({"Service": name}), keys(None, None, None, None, Some(name)));
    vec![
        (json!({"AWS": USER, "account": one}), keys(Some(USER), one, Some("User"), Some("jo"), None)),
        (json!({"AWS": [SESSION, ROLE], "account": one}), keys(Some(ROLE), one, Some("AssumedRole"), None, None)),
        (json!({"account": one}), keys(Some(root), one, Some("Account"), None, None)),
        (json!({"AWS": other, "account": two}), keys(Some(other), two, Some("User"), Some("jo"), None)),
        (
            json!({"CanonicalUser": CANONICAL, "account": "777788889999"}),
            keys(Some(stranger), Some("777788889999"), Some("Account"), None, None),
        ),
        service("sns.amazonaws.com"),
        service("events.amazonaws.com"),
        (json!({"Federated": "accounts.google.com"}), Map::new()),
        (json!({}), keys(None, None, Some("Anonymous"), None, None)),
    ]
}

fn one_or_more(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(texts).prop_map(Value::from),
        prop::collection::vec(prop::sample::select(texts), 1..3).prop_map(Value::from),
    ]
}

/// Whom a statement is about.
fn principal() -> impl Strategy<Value = (&'static str, Value)> {
    let aws =
        one_or_more(&["111122223333", "arn:aws:iam::111122223333:root", USER, ROLE, SESSION, "444455556666", "*"]);
    let service = one_or_more(&["sns.amazonaws.com", "events.amazonaws.com"]);
    let element = prop_oneof![
        2 => Just(json!("*")),
        4 => aws.prop_map(|aws| json!({"AWS": aws})),
        3 => service.prop_map(|service| json!({"Service": service})),
        1 => Just(json!({"Federated": "accounts.google.com"})),
        1 => Just(json!({"CanonicalUser": CANONICAL})),
        1 => Just(json!({"AWS": "111122223333", "Service": "sns.amazonaws.com"})),
    ];
    (prop::bool::weighted(0.9), element).prop_map(|(plain, e)| (if plain { "Principal" } else { "NotPrincipal" }, e))
}

fn condition() -> impl Strategy<Value = Option<Value>> {
    let one = |operator: &str, key: &str, value: Value| Some(json!({operator: {key: value}}));
    prop::sample::select(vec![
        None,
        None,
        None,
        one("ArnLike", "aws:PrincipalArn", json!(ROLE)),
        one("ArnNotLike", "aws:PrincipalArn", json!("arn:aws:iam::*:user/*")),
        one("StringLike", "aws:PrincipalArn", json!(["arn:aws:iam::111122223333:*", "arn:aws:iam::444455556666:root"])),
        one("StringEquals", "aws:PrincipalAccount", json!("111122223333")),
        one("StringNotEqualsIfExists", "aws:PrincipalAccount", json!("111122223333")),
        one("Bool", "aws:PrincipalIsAWSService", json!("true")),
        one("BoolIfExists", "aws:PrincipalIsAWSService", json!("false")),
        one("StringEquals", "aws:PrincipalType", json!(["User", "Account"])),
        one("StringLike", "aws:username", json!("j*")),
        one("Null", "aws:username", json!("true")),
        one("StringEquals", "aws:PrincipalServiceName", json!("sns.amazonaws.com")),
        one("Bool", "aws:SecureTransport", json!("true")),
    ])
}

fn statement() -> impl Strategy<Value = Value> {
    const ACTIONS: [&str; 4] = ["kms:Decrypt", "kms:*", "kms:Encrypt", "*"];
    const ARNS: [&str; 4] =
        ["*", "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:kms:*"];
    let parts = (prop::bool::weighted(0.7), principal(), one_or_more(&ACTIONS), one_or_more(&ARNS), condition());
    parts.prop_map(|(allow, (element, principals), actions, resources, condition)| {
        let mut statement =
            json!({"Effect": if allow { "Allow" } else { "Deny" }, "Action": actions, "Resource": resources});
        statement[element] = principals;
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statement
    })
}

fn pairs() -> impl Strategy<Value = (Value, Value)> {
    let statements = prop::collection::vec(statement(), 1..4);
    let change = (0..4, any::<prop::sample::Index>(), statement(), prop::collection::vec(statement(), 1..4));
    (statements, change).prop_map(|(old, (kind, index, statement, other))| {
        let mut new = old.clone();
        let at = index.index(new.len());
        match kind {
            0 => new.push(statement),
            1 => drop(new.remove(at)),
            2 => new[at] = statement,
            _ => new = other,
        }
        (policy(&old), policy(&new))
    })
}

const RESOURCES: [&str; 3] =
    ["*", "arn:aws:kms:us-east-1:111122223333:key/k", "arn:aws:kms:eu-west-1:111122223333:key/other"];

/// What the second interpreter says that a policy grants a caller: nothing, what its own account grants too, what it grants without,
/// and what it grants past a boundary.
fn granted(policy: &Value, caller: &Value, action: &str, resource: &str, context: &Map<String, Value>) -> [bool; 4] {
    let request = json!({"action": action, "resource": resource, "context": context});
    crate::reference::resource_based(policy, caller, &request)
}

/// The kinds of grant that are compared for a caller: whoever has no policies of its own has one only.
fn compared(caller: &Value) -> &'static [usize] {
    match &caller["AWS"] {
        Value::String(_) => &[1, 2, 3],
        // the interpreter takes a role that is named for its session
        Value::Array(_) => &[1, 2],
        _ => &[2],
    }
}

fn is_contradicted(old: &Value, new: &Value) -> Option<String> {
    for (caller, keys) in callers() {
        for action in ["kms:Decrypt", "kms:Encrypt", "s3:GetObject"] {
            for resource in RESOURCES {
                for secure in [None, Some("true")] {
                    let mut context = keys.clone();
                    context.extend(secure.map(|s| ("aws:SecureTransport".to_owned(), json!(s))));
                    let [before, after] = [old, new].map(|p| granted(p, &caller, action, resource, &context));
                    if compared(&caller).iter().any(|kind| after[*kind] && !before[*kind]) {
                        return Some(format!("{caller} {action} {resource} {before:?} {after:?}"));
                    }
                }
            }
        }
    }
    None
}

/// The caller of a witness as the second interpreter knows it; `None` for what it does not know (a canonical id of an account, a
/// boundary).
fn caller_of(witness: &Witness) -> Option<Value> {
    let name = witness.principal.as_deref().unwrap();
    let parts: Vec<&str> = name.split(':').collect();
    if name.contains(", ") {
        return None;
    }
    Some(match parts.as_slice() {
        ["*"] => json!({}),
        ["accounts.google.com"] => json!({"Federated": name}),
        [service] => json!({"Service": service}),
        [.., account, "root"] => json!({"account": account}),
        [.., "sts", _, account, rest] if rest.starts_with("assumed-role") => {
            let role = rest.split('/').nth(1).unwrap();
            json!({"AWS": [name, format!("arn:aws:iam::{account}:role/{role}")], "account": account})
        }
        [.., "iam", _, account, rest] if rest.contains("-provider/") => json!({"Federated": name, "of": account}),
        [.., account, _] => json!({"AWS": name, "account": account}),
        _ => panic!("{name}"),
    })
}

fn witnesses_are_real(old: &Value, new: &Value, answer: &AccessAnswer) {
    for witness in &answer.witnesses {
        let Some(caller) = caller_of(witness) else { continue };
        let context: Map<String, Value> = witness.context.clone().into_iter().collect();
        let kind = match witness.grant {
            None | Some(Grant::Delegated) => 2,
            Some(Grant::Direct) => 1,
            Some(Grant::Past) => 3,
        };
        let [before, after] = [old, new].map(|p| granted(p, &caller, &witness.action, &witness.resource, &context));
        assert!(after[kind], "{witness:#?}\n{new:#}");
        // the interpreter takes a role that is named for its session
        let is_session = caller["AWS"].is_array() || caller["AWS"].as_str().is_some_and(|a| a.contains(":role/"));
        assert!(!before[kind] || (kind == 3 && is_session), "{witness:#?}\n{old:#}");
    }
}

fn cases() -> u32 {
    std::env::var("NEW_ACCESS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(250)
}

/// `none` is never contradicted by a caller that is tried, and every witness is one that the second interpreter knows.
#[test]
fn generated_pairs() {
    let counts = RefCell::new([0_usize; 3]);
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, drawn_from(9));
    let result = runner.run(&pairs(), |(old, new)| {
        let answer = compare(&old, &new);
        witnesses_are_real(&old, &new, &answer);
        counts.borrow_mut()[answer.decision as usize] += 1;
        if answer.decision == NewRequests::None {
            let contradiction = is_contradicted(&old, &new);
            prop_assert!(contradiction.is_none(), "{}\n{old:#}\n{new:#}", contradiction.unwrap_or_default());
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let [none, new, unknown] = *counts.borrow();
    let share = |part: usize| part * 100 / (none + new + unknown);
    assert!(share(none) >= 10 && share(new) >= 10, "{none} none, {new} new, {unknown} unknown");
    assert!(share(unknown) <= 25, "{none} none, {new} new, {unknown} unknown");
}

/// IAM User Guide, "Principal key values": what evaluation knows of a caller's requests, the comparison of policies knows too.
#[test]
fn callers_carry_what_evaluation_says() {
    for (principal, condition, new) in [
        (USER, json!({"StringLike": {"aws:userid": "AROA*"}}), false),
        (USER, json!({"StringLike": {"aws:userid": "AIDA*"}}), true),
        (USER, json!({"StringEquals": {"aws:userid": "AIDAJQABLZS4A3QDU576Q"}}), true),
        // a federated user who comes from it has the number of the account
        (USER, json!({"StringLike": {"aws:userid": "111122223333:*"}}), true),
        (USER, json!({"StringLike": {"aws:userid": "A*:*"}}), false),
        (ROLE, json!({"StringLike": {"aws:userid": "AIDA*"}}), false),
        (ROLE, json!({"StringLike": {"aws:userid": "AROA*:jo"}}), true),
        (ROLE, json!({"StringLike": {"aws:userid": "AROA*:jo/*"}}), false),
        (USER, json!({"Null": {"aws:SourceIdentity": "false"}}), false),
        (ROLE, json!({"Null": {"aws:SourceIdentity": "false"}}), true),
        (USER, json!({"StringEquals": {"aws:FederatedProvider": "x"}}), false),
        (ROLE, json!({"ForAnyValue:StringLike": {"aws:PrincipalServiceNamesList": "*"}}), false),
        (ROLE, json!({"Null": {"aws:TokenIssueTime": "true"}}), false),
        (USER, json!({"Null": {"aws:TokenIssueTime": "true"}}), true),
        (USER, json!({"DateGreaterThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}}), true),
    ] {
        let (old, head) = (policy(&[]), allow_if(json!({"AWS": principal}), condition.clone()));
        let answer = compare(&old, &head);
        let expected = if new { NewRequests::New } else { NewRequests::None };
        assert_eq!(answer.decision, expected, "{principal} {condition} {answer:?}");
    }
    // whose id it is decides between callers, too: what a user may have is not what a role may have
    let everyone = allow_if(json!("*"), json!({"StringLike": {"aws:userid": "AROA*:jo"}}));
    let users =
        policy(&[decrypt("Allow", "Principal", json!("*"), Some(json!({"StringLike": {"aws:userid": "AIDA*"}})))]);
    let answer = compare(&users, &everyone);
    assert_eq!(answer.decision, NewRequests::New, "{answer:?}");
}
