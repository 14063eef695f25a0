//! Where the two readings of a `*` in an ARN decide differently, the decision is unknown and names D25 (D30).

use crate::common::*;
use countersign_core::problem::SourceFile;
use countersign_core::simulation::Simulator;
use countersign_core::simulation::request::{Batch, Reader};
use countersign_core::source::Memory;
use countersign_core::stack;
use serde_json::{Value, json};

fn simulated(policy: &Value, resource: &str) -> Value {
    let request =
        json!({"action": "sns:Publish", "resource": resource, "identity": [policy], "contextIsComplete": true});
    let source = SourceFile::new("request", request.to_string());
    let Batch::One(asked) = Reader::new(&Memory::new(".")).batch(&source).unwrap() else { panic!() };
    let question = asked.question.unwrap();
    serde_json::to_value(stack::evaluate(|| Simulator::default().decide(&question)).unwrap()).unwrap()
}

#[test]
fn a_star_that_may_cross_a_colon_is_unknown_in_simulate() {
    let on = |effect: &str, resource: &str| json!({"Effect": effect, "Action": "sns:*", "Resource": resource});
    let of = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
    let topic = "arn:aws:sns:us-east-1:111122223333:orders";
    for (statements, decision) in [
        (json!([on("Allow", "arn:aws:sns:*:*:orders")]), "allowed"),
        (json!([on("Allow", "arn:aws:sns:*:orders")]), "unknown"),
        (json!([on("Allow", "arn:aws:sns:*:other")]), "implicitDeny"),
        (json!([on("Allow", "*"), on("Deny", "arn:aws:sns:*:orders")]), "unknown"),
        (json!([on("Allow", "*"), on("Allow", "arn:aws:sns:*:orders")]), "allowed"),
        (json!([on("Deny", "*"), on("Allow", "arn:aws:sns:*:orders")]), "explicitDeny"),
    ] {
        let answer = simulated(&of(statements.clone()), topic);
        assert_eq!(answer["decision"], decision, "{statements}");
        let depends = answer["dependsOn"].to_string();
        assert_eq!(depends.contains("(D25)"), decision == "unknown", "{statements} {depends}");
    }
    let mut except = on("Allow", "");
    let except = except.as_object_mut().unwrap();
    except.remove("Resource");
    except.insert("NotResource".to_owned(), json!("arn:aws:sns:*:orders"));
    assert_eq!(simulated(&of(json!([except])), topic)["decision"], "unknown");
}

#[test]
fn a_star_that_may_cross_a_colon_is_unknown_in_evaluate() {
    let world = |resource: &str| {
        let open = json!({"Effect": "Allow", "Action": ["artifact:Get*", "artifact:AcceptNdaForAgreement", "artifact:DownloadAgreement"], "Resource": "*"});
        let accept = json!({"Effect": "Allow", "Action": "artifact:AcceptAgreement", "Resource": resource});
        World::new().account(A, json!({}), &[]).user(A, "a", json!([policy(json!([open, accept]))]))
    };
    let decision = |resource: &str| {
        let answers = world(resource).now();
        let answer = answers.answer(&user(A, "a"), "accept-agreement", "account").clone();
        (answer["decision"].as_str().unwrap().to_owned(), answer["dependsOn"].to_string())
    };
    assert_eq!(decision("arn:aws:artifact:::agreement/*").0, "allow");
    assert_eq!(decision("arn:aws:artifact:*::agreement/*").0, "allow");
    assert_eq!(decision("arn:aws:artifact:::other/*").0, "deny");
    let (crossing, depends_on) = decision("arn:aws:artifact:*:agreement/*");
    assert_eq!(crossing, "unknown");
    assert!(depends_on.contains("(D25)"), "{depends_on}");
}
