//! What shows new access is a request that AWS knows, wherever one is newly allowed: an action that there is, on an ARN that it takes.

use countersign_core::access::{AccessAnswer, NewRequests, Side, new_access};
use countersign_core::aws::asked_on::{Asked, asked_on};
use countersign_core::stack;
use serde_json::{Value, json};

use crate::common::*;

/// What the second policy allows anew.
fn new(old: Value, new: Value) -> AccessAnswer {
    let world = World::organization().user(A, "a", json!(["old.json", "new.json"]));
    let inventory = world.file("old.json", policy(old).to_string()).file("new.json", policy(new).to_string()).load();
    let side = |file: &str| Side::new(vec![("identity", vec![inventory.policies[file].clone()])]);
    let answer = stack::evaluate(|| new_access(&side("old.json"), &side("new.json")));
    answer.unwrap_or_else(|f| panic!("{}", words(&f)))
}

fn allow(action: Value, resource: Value) -> Value {
    json!([{"Effect": "Allow", "Action": action, "Resource": resource}])
}

#[test]
fn witnesses_exist_where_something_that_exists_is_new() {
    let before = || allow(json!("s3:GetObject"), json!("arn:aws:s3:::b/*"));
    for after in [
        allow(json!("s3:*"), json!("arn:aws:s3:::b*")),
        allow(json!("*"), json!("*")),
        allow(json!(["s3:GetObject", "ec2:Start*"]), json!(["arn:aws:s3:::b/*", "arn:aws:ec2:*:111122223333:*"])),
        json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:lambda:*:*:function:x*"}]),
        allow(json!("artifact:*"), json!("*")),
        allow(json!("artifact:AcceptAgreement"), json!("*")),
        allow(json!("artifact:GetAgreement"), json!("arn:aws:artifact:*")),
        allow(json!(["artifact:TerminateAgreement", "artifact:GetReport"]), json!("arn:aws:artifact*")),
        allow(json!("kms:Decrypt"), json!("*")),
        allow(json!("dynamodb:*Item"), json!("arn:aws:dynamodb:eu-central-1:*:table/patients*")),
        allow(json!("s3:Get*"), json!("arn:aws:s3:::b?/*")),
    ] {
        let answer = new(before(), after.clone());
        assert_eq!(answer.decision, NewRequests::New, "{after}");
        let first = answer.witnesses.first().unwrap();
        assert_eq!(first.exists, Some(true), "{after} {first:?}");
        for witness in answer.witnesses.iter().filter(|w| w.exists == Some(true)) {
            assert_eq!(asked_on(&witness.action, &witness.resource), Asked::Possible, "{after} {witness:?}");
            // nothing has a star in its name
            assert!(witness.resource == "*" || !witness.resource.contains(['*', '$']), "{after} {witness:?}");
            assert_eq!(witness.unheard_of(), None);
        }
    }
}

/// Where nothing that exists is new, the witness is described, not passed off for a request that can be made.
#[test]
fn what_does_not_exist_is_said_in_words() {
    let answer = new(
        allow(json!("s3:ListAllMyBuckets"), json!("*")),
        allow(json!(["s3:ListAllMyBuckets", "s3:Zzz*"]), json!("*")),
    );
    let witness = &answer.witnesses[0];
    assert_eq!((answer.decision, witness.exists), (NewRequests::New, Some(false)));
    assert!(witness.words().starts_with("an action that AWS does not have yet, such as s3:"), "{}", witness.words());
    let answer = new(
        allow(json!("s3:ListAllMyBuckets"), json!("*")),
        allow(json!("s3:GetObject"), json!("arn:aws:sqs:us-east-1:111122223333:q")),
    );
    let witness = &answer.witnesses[0];
    assert_eq!((answer.decision, witness.exists), (NewRequests::New, Some(false)));
    assert!(
        witness.words().starts_with("an action on a resource that it does not take, such as s3:GetObject on "),
        "{}",
        witness.words()
    );
}

/// Conditions that a witness rests on stay with it, and a denial is not passed over for the sake of a better name.
#[test]
fn a_real_witness_is_newly_allowed_too() {
    let old = allow(json!("s3:ListAllMyBuckets"), json!("*"));
    let tagged = json!([
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}},
        {"Effect": "Deny", "Action": ["s3:Get*", "s3:Put*", "s3:List*", "s3:Delete*"], "Resource": "*"}
    ]);
    let answer = new(old, tagged);
    for witness in &answer.witnesses {
        assert_eq!(witness.context.get("aws:PrincipalTag/team"), Some(&json!("x")), "{witness:?}");
        let denied =
            ["Get", "Put", "List", "Delete"].iter().any(|verb| witness.action.starts_with(&format!("s3:{verb}")));
        assert!(!denied && witness.exists == Some(true), "{witness:?}");
    }
}
