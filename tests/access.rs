//! New access for any request: labelled pairs, and generated pairs against requests found by enumeration.

use std::cell::RefCell;

use crate::common::drawn_from;
use crate::generated::*;
use countersign_core::access::{AccessAnswer, NewRequests, Side, new_access};
use countersign_core::problem::SourceFile;
use countersign_core::simulation::request::document_of;
use countersign_core::stack;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

fn side(layers: &[Value]) -> Side {
    const NAMES: [&str; 4] = ["identity", "boundary", "serviceControl[0]", "session"];
    let policy = |(name, policy): (&'static str, &Value)| {
        let source = SourceFile::new("policy.json", policy.to_string());
        (name, vec![document_of(&source).unwrap_or_else(|p| panic!("{policy}: {p:?}")).0])
    };
    Side::new(NAMES.into_iter().zip(layers).map(policy).collect())
}

fn compare(old: &[Value], new: &[Value]) -> AccessAnswer {
    new_access(&side(old), &side(new)).unwrap()
}

/// What the second interpreter decides under these layers.
fn allows(layers: &[Value], action: &str, resource: &str, context: &Map<String, Value>) -> bool {
    let mut request = json!({"action": action, "resource": resource, "context": context, "identity": [layers[0]]});
    if let Some(boundary) = layers.get(1) {
        request["boundary"] = json!([boundary]);
    }
    if let Some(service_control) = layers.get(2) {
        request["serviceControl"] = json!([[service_control]]);
    }
    crate::reference::decide(&request) == "allowed"
}

/// Every witness is a request that the second interpreter allows now, and did not before.
fn witnesses_are_real(old: &[Value], new: &[Value], answer: &AccessAnswer) {
    for witness in &answer.witnesses {
        let context: Map<String, Value> = witness.context.clone().into_iter().collect();
        let (action, resource) = (&witness.action, &witness.resource);
        assert!(allows(new, action, resource, &context), "{witness:?}\nnew: {new:#?}");
        assert!(!allows(old, action, resource, &context), "{witness:?}\nold: {old:#?}");
    }
    assert_eq!(answer.decision == NewRequests::New, !answer.witnesses.is_empty());
}

fn document(statements: &[&str]) -> Value {
    let parsed: Vec<Value> = statements.iter().map(|s| serde_json::from_str(&format!("{{{s}}}")).unwrap()).collect();
    json!({"Version": "2012-10-17", "Statement": parsed})
}

const ALLOW_ALL: &str = r#""Effect": "Allow", "Action": "*", "Resource": "*""#;
const GET: &str = r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*""#;

/// A name, the statements of both policies, and what the change grants.
type Labelled = (&'static str, Vec<String>, Vec<String>, NewRequests);

/// Pairs as a reviewer would label them.
fn labelled() -> Vec<Labelled> {
    use NewRequests::{New, None as No, Unknown};
    let deny = |action: &str, rest: &str| format!(r#""Effect": "Deny", "Action": "{action}", "Resource": "*"{rest}"#);
    let allow = |action: &str, rest: &str| format!(r#""Effect": "Allow", "Action": "{action}", "Resource": "*"{rest}"#);
    let on = |action: &str, resource: &str| format!(r#""Effect": "Allow", "Action": {action}, "Resource": {resource}"#);
    let when = |block: &str| format!(r#", "Condition": {{{block}}}"#);
    vec![
        ("the same", vec![GET.into()], vec![GET.into()], No),
        ("nothing", vec![GET.into()], vec![], No),
        (
            "an added action",
            vec![GET.into()],
            vec![on(r#"["s3:GetObject", "s3:PutObject"]"#, r#""arn:aws:s3:::b/*""#)],
            New,
        ),
        (
            "a removed action",
            vec![on(r#"["s3:GetObject", "s3:PutObject"]"#, r#""*""#)],
            vec![allow("s3:GetObject", "")],
            No,
        ),
        ("a wider action", vec![allow("s3:GetObject", "")], vec![allow("s3:Get*", "")], New),
        ("a narrower action", vec![allow("s3:Get*", "")], vec![allow("s3:GetObject", "")], No),
        ("another case of an action", vec![allow("s3:GetObject", "")], vec![allow("S3:getobject", "")], No),
        ("a wider resource", vec![GET.into()], vec![on(r#""s3:GetObject""#, r#""arn:aws:s3:::*""#)], New),
        ("a narrower resource", vec![GET.into()], vec![on(r#""s3:GetObject""#, r#""arn:aws:s3:::b/x/*""#)], No),
        ("all resources", vec![GET.into()], vec![allow("s3:GetObject", "")], New),
        ("what has no resource", vec![on(r#""s3:GetObject""#, r#""arn:*""#)], vec![allow("s3:GetObject", "")], New),
        (
            "reordered lists",
            vec![on(r#"["s3:A", "s3:B"]"#, r#"["arn:aws:s3:::a", "arn:aws:s3:::b"]"#)],
            vec![on(r#"["s3:B", "s3:A"]"#, r#"["arn:aws:s3:::b", "arn:aws:s3:::a"]"#)],
            No,
        ),
        ("split statements", vec![on(r#"["s3:A", "s3:B"]"#, r#""*""#)], vec![allow("s3:A", ""), allow("s3:B", "")], No),
        (
            "joined statements",
            vec![allow("s3:A", ""), allow("s3:B", "")],
            vec![on(r#"["s3:A", "s3:B"]"#, r#""*""#)],
            No,
        ),
        (
            "crossed statements",
            vec![on(r#""s3:A""#, r#""arn:aws:s3:::a""#), on(r#""s3:B""#, r#""arn:aws:s3:::b""#)],
            vec![on(r#"["s3:A", "s3:B"]"#, r#"["arn:aws:s3:::a", "arn:aws:s3:::b"]"#)],
            New,
        ),
        (
            "a dropped condition",
            vec![allow("s3:A", &when(r#""Bool": {"aws:MultiFactorAuthPresent": "true"}"#))],
            vec![allow("s3:A", "")],
            New,
        ),
        (
            "an added condition",
            vec![allow("s3:A", "")],
            vec![allow("s3:A", &when(r#""Bool": {"aws:MultiFactorAuthPresent": "true"}"#))],
            No,
        ),
        (
            "BoolIfExists for Bool",
            vec![allow("s3:A", &when(r#""Bool": {"aws:MultiFactorAuthPresent": "true"}"#))],
            vec![allow("s3:A", &when(r#""BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}"#))],
            New,
        ),
        (
            "a value more",
            vec![allow("s3:A", &when(r#""StringEquals": {"aws:PrincipalTag/t": "a"}"#))],
            vec![allow("s3:A", &when(r#""StringEquals": {"aws:PrincipalTag/t": ["a", "b"]}"#))],
            New,
        ),
        (
            "a value less",
            vec![allow("s3:A", &when(r#""StringEquals": {"aws:PrincipalTag/t": ["a", "b"]}"#))],
            vec![allow("s3:A", &when(r#""StringEquals": {"aws:PrincipalTag/t": "b"}"#))],
            No,
        ),
        (
            "an excluded value more",
            vec![allow("s3:A", &when(r#""StringNotEquals": {"aws:PrincipalTag/t": "a"}"#))],
            vec![allow("s3:A", &when(r#""StringNotEquals": {"aws:PrincipalTag/t": ["a", "b"]}"#))],
            No,
        ),
        (
            "an excluded value less",
            vec![allow("s3:A", &when(r#""StringNotEquals": {"aws:PrincipalTag/t": ["a", "b"]}"#))],
            vec![allow("s3:A", &when(r#""StringNotEquals": {"aws:PrincipalTag/t": "a"}"#))],
            New,
        ),
        (
            "StringLike for StringEquals",
            vec![allow("s3:A", &when(r#""StringEquals": {"k:a": "ab"}"#))],
            vec![allow("s3:A", &when(r#""StringLike": {"k:a": "a*"}"#))],
            New,
        ),
        (
            "StringEquals for StringLike",
            vec![allow("s3:A", &when(r#""StringLike": {"k:a": "a*"}"#))],
            vec![allow("s3:A", &when(r#""StringEquals": {"k:a": "ab"}"#))],
            No,
        ),
        (
            "a wider range of addresses",
            vec![allow("s3:A", &when(r#""IpAddress": {"aws:SourceIp": "10.0.0.0/16"}"#))],
            vec![allow("s3:A", &when(r#""IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#))],
            New,
        ),
        (
            "two halves of a range",
            vec![allow("s3:A", &when(r#""IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#))],
            vec![allow("s3:A", &when(r#""IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}"#))],
            No,
        ),
        (
            "halves, joined",
            vec![allow("s3:A", &when(r#""IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}"#))],
            vec![allow("s3:A", &when(r#""IpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#))],
            No,
        ),
        (
            "a later day",
            vec![allow("s3:A", &when(r#""DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}"#))],
            vec![allow("s3:A", &when(r#""DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}"#))],
            New,
        ),
        (
            "at most, for less than",
            vec![allow("s3:A", &when(r#""NumericLessThan": {"k:n": "5"}"#))],
            vec![allow("s3:A", &when(r#""NumericLessThanEquals": {"k:n": "5"}"#))],
            New,
        ),
        (
            "less than, for at most",
            vec![allow("s3:A", &when(r#""NumericLessThanEquals": {"k:n": "5"}"#))],
            vec![allow("s3:A", &when(r#""NumericLessThan": {"k:n": "5"}"#))],
            No,
        ),
        (
            "ForAllValues for ForAnyValue",
            vec![allow("s3:A", &when(r#""ForAnyValue:StringEquals": {"aws:TagKeys": "a"}"#))],
            vec![allow("s3:A", &when(r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}"#))],
            New,
        ),
        (
            "a presence check less",
            vec![allow(
                "s3:A",
                &when(r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "false"}"#),
            )],
            vec![allow("s3:A", &when(r#""ForAllValues:StringEquals": {"aws:TagKeys": "a"}"#))],
            New,
        ),
        ("a denial less", vec![ALLOW_ALL.into(), deny("s3:DeleteObject", "")], vec![ALLOW_ALL.into()], New),
        ("a denial more", vec![ALLOW_ALL.into()], vec![ALLOW_ALL.into(), deny("s3:DeleteObject", "")], No),
        (
            "a narrower denial",
            vec![ALLOW_ALL.into(), deny("s3:*", "")],
            vec![ALLOW_ALL.into(), deny("s3:Delete*", "")],
            New,
        ),
        (
            "a denial with a condition",
            vec![ALLOW_ALL.into(), deny("s3:*", "")],
            vec![ALLOW_ALL.into(), deny("s3:*", &when(r#""Bool": {"aws:SecureTransport": "false"}"#))],
            New,
        ),
        ("a denial of what is not allowed", vec![allow("s3:A", ""), deny("iam:*", "")], vec![allow("s3:A", "")], No),
        (
            "an allow under a denial",
            vec![allow("s3:A", ""), deny("iam:*", "")],
            vec![allow("s3:A", ""), allow("iam:GetRole", ""), deny("iam:*", "")],
            No,
        ),
        (
            "NotAction, less excepted",
            vec![r#""Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*""#.into()],
            vec![r#""Effect": "Allow", "NotAction": "iam:*", "Resource": "*""#.into()],
            New,
        ),
        (
            "NotAction, more excepted",
            vec![r#""Effect": "Allow", "NotAction": "iam:*", "Resource": "*""#.into()],
            vec![r#""Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*""#.into()],
            No,
        ),
        (
            "NotAction of a denial, more excepted",
            vec![ALLOW_ALL.into(), r#""Effect": "Deny", "NotAction": "s3:*", "Resource": "*""#.into()],
            vec![ALLOW_ALL.into(), r#""Effect": "Deny", "NotAction": ["s3:*", "iam:*"], "Resource": "*""#.into()],
            New,
        ),
        (
            "NotAction for its complement",
            vec![allow("*", ""), deny("iam:*", "")],
            vec![r#""Effect": "Allow", "NotAction": "iam:*", "Resource": "*""#.into()],
            No,
        ),
        (
            "NotResource, less excepted",
            vec![r#""Effect": "Allow", "Action": "s3:A", "NotResource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]"#.into()],
            vec![r#""Effect": "Allow", "Action": "s3:A", "NotResource": "arn:aws:s3:::a""#.into()],
            New,
        ),
        (
            "an empty Region for any",
            vec![on(r#""artifact:GetReport""#, r#""arn:aws:artifact:us-east-1::report/*""#)],
            vec![on(r#""artifact:GetReport""#, r#""arn:aws:artifact:*::report/*""#)],
            New,
        ),
        (
            "a version of a report",
            vec![on(r#""artifact:GetReport""#, r#""arn:aws:artifact:*::report/*""#)],
            vec![on(r#""artifact:GetReport""#, r#""arn:aws:artifact:*::report/*:1""#)],
            No,
        ),
        (
            "a variable for its star",
            vec![on(r#""s3:A""#, r#""arn:aws:s3:::home/${aws:username}/*""#)],
            vec![on(r#""s3:A""#, r#""arn:aws:s3:::home/*""#)],
            New,
        ),
        (
            "the same variable",
            vec![on(r#""s3:A""#, r#""arn:aws:s3:::home/${aws:username}/*""#)],
            vec![on(r#"["s3:A"]"#, r#"["arn:aws:s3:::home/${aws:username}/*"]"#)],
            No,
        ),
        // a value that is a list passes neither of two opposite operators
        (
            "a key more than its two halves",
            vec![
                allow("s3:A", &when(r#""StringEquals": {"k:a": "x"}"#)),
                allow("s3:A", &when(r#""StringNotEquals": {"k:a": "x"}"#)),
            ],
            vec![allow("s3:A", "")],
            New,
        ),
        // a value that is neither true nor false, nor absent
        (
            "a Boolean key more than its values",
            vec![
                allow("s3:A", &when(r#""Bool": {"k:b": ["true", "false"]}"#)),
                allow("s3:A", &when(r#""Null": {"k:b": "true"}"#)),
            ],
            vec![allow("s3:A", "")],
            New,
        ),
        // that every name of a user lies within the star takes more than the two texts
        (
            "a star for its variable",
            vec![on(r#""s3:A""#, r#""arn:aws:s3:::home/*""#)],
            vec![on(r#""s3:A""#, r#""arn:aws:s3:::home/${aws:username}/*""#)],
            Unknown,
        ),
    ]
}

fn of(statements: &[String]) -> [Value; 1] {
    [document(&statements.iter().map(String::as_str).collect::<Vec<_>>())]
}

#[test]
fn labelled_pairs() {
    let wrong = stack::evaluate(|| {
        let mut wrong = Vec::new();
        for (what, old, new, label) in &labelled() {
            let (old, new) = (of(old), of(new));
            let answer = compare(&old, &new);
            witnesses_are_real(&old, &new, &answer);
            if answer.decision != *label {
                wrong.push(format!("{what}: {answer:?}"));
            }
        }
        Ok(wrong)
    });
    assert_eq!(wrong.unwrap(), Vec::<String>::new());
}

/// Cedar's symbolic compiler and cvc5, where they are built in: what is new is never implied, and most of what is not is.
#[cfg(feature = "cvc5")]
#[test]
fn the_solver_agrees() {
    use countersign_core::access::solver::{Opinion, opinion};
    let statements = |[policy]: [Value; 1]| {
        let source = SourceFile::new("policy.json", policy.to_string());
        document_of(&source).unwrap_or_else(|p| panic!("{p:?}")).0.document.statements.clone()
    };
    let (mut agreed, mut asked) = (0, 0);
    for (what, old, new, label) in labelled() {
        let found =
            opinion(&statements(of(&old)), &statements(of(&new))).unwrap_or_else(|_| panic!("{what}: no solver"));
        println!("{what}: {label:?}, {found:?}");
        asked += 1;
        match label {
            NewRequests::New => assert!(found != Opinion::None, "{what}"),
            NewRequests::None => agreed += usize::from(found == Opinion::None),
            NewRequests::Unknown => {}
        }
        agreed += usize::from(label == NewRequests::New && found == Opinion::New);
    }
    println!("{agreed} of {asked} agree");
    assert!(agreed * 10 >= asked * 8);
}

/// Boundaries and service control policies are layers like the identity's.
#[test]
fn layers_are_compared_together() {
    let all = document(&[ALLOW_ALL]);
    let only = |action: &str| document(&[&format!(r#""Effect": "Allow", "Action": "{action}", "Resource": "*""#)]);
    let decide = |old: &[Value], new: &[Value]| {
        let (old, new) = (old.to_vec(), new.to_vec());
        stack::evaluate(|| {
            let answer = compare(&old, &new);
            witnesses_are_real(&old, &new, &answer);
            Ok(answer.decision)
        })
        .unwrap()
    };
    assert_eq!(decide(&[all.clone(), only("s3:Get*")], &[all.clone(), only("s3:*")]), NewRequests::New);
    assert_eq!(decide(&[all.clone(), only("s3:*")], &[all.clone(), only("s3:Get*")]), NewRequests::None);
    assert_eq!(decide(&[only("s3:Get*"), only("s3:Get*")], &[only("s3:Get*"), all.clone()]), NewRequests::None);
    assert_eq!(decide(&[all.clone(), all.clone(), only("s3:*")], &[all.clone(), all.clone(), all]), NewRequests::New);
}

/// A change of a policy: a statement more, less, or another, or the lists in another order.
fn pair() -> impl Strategy<Value = (Value, Value)> {
    let operator = any_operator();
    let change = (0..5, any::<prop::sample::Index>(), statement(&operator), policy(&operator));
    (policy(&operator), change).prop_map(|(old, (kind, index, statement, other))| {
        let mut statements: Vec<Value> = match &old["Statement"] {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        let at = |statements: &[Value]| if statements.is_empty() { 0 } else { index.index(statements.len()) };
        match kind {
            0 if old["Version"] == "2012-10-17" => statements.push(statement),
            1 if !statements.is_empty() => drop(statements.remove(at(&statements))),
            2 if !statements.is_empty() && old["Version"] == "2012-10-17" => {
                let place = at(&statements);
                statements[place] = statement;
            }
            3 => statements.reverse(),
            _ => return (old, other),
        }
        let mut new = old.clone();
        new["Statement"] = json!(statements);
        (old, new)
    })
}

fn contexts() -> impl Strategy<Value = Vec<Map<String, Value>>> {
    let one = KEYS.map(|_| value(&any_operator())).prop_map(|values| {
        KEYS.iter().zip(values).filter_map(|(key, value)| Some(((*key).to_owned(), value?))).collect()
    });
    prop::collection::vec(one, 8)
}

const ACTIONS: [&str; 4] = ["s3:GetObject", "s3:PutObject", "iam:GetRole", "x:y"];
const RESOURCES: [&str; 5] = ["arn:aws:s3:::b/k", "arn:aws:s3:::b/ab", "arn:aws:s3:::b/k:y", "arn:aws:sns:a:b:k", "*"];

fn cases() -> u32 {
    std::env::var("NEW_ACCESS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

/// `none` is never contradicted by a request found by enumeration, and every witness is real; in two halves, which run
/// beside each other.
#[test]
fn generated_pairs() {
    generated(7);
}

#[test]
fn more_generated_pairs() {
    generated(8);
}

fn generated(seed: u8) {
    let counts = RefCell::new([0_usize; 3]);
    let config = Config { cases: cases().div_ceil(2), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, drawn_from(seed));
    let result = runner.run(&(pair(), contexts()), |((old, new), contexts)| {
        let (old, new) = ([old], [new]);
        let answer = stack::evaluate(|| Ok(compare(&old, &new))).unwrap();
        witnesses_are_real(&old, &new, &answer);
        counts.borrow_mut()[answer.decision as usize] += 1;
        if answer.decision == NewRequests::None {
            for action in ACTIONS {
                for resource in RESOURCES {
                    for context in std::iter::once(&Map::new()).chain(&contexts) {
                        let granted =
                            allows(&new, action, resource, context) && !allows(&old, action, resource, context);
                        prop_assert!(!granted, "{action} {resource} {context:?}\n{old:#?}\n{new:#?}");
                    }
                }
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let [none, new, unknown] = *counts.borrow();
    println!("{none} none, {new} new, {unknown} unknown");
    let share = |part: usize| part * 100 / (none + new + unknown);
    assert!(share(none) >= 10 && share(new) >= 10, "{none} none, {new} new, {unknown} unknown");
    assert!(share(unknown) <= 25, "{none} none, {new} new, {unknown} unknown");
}
