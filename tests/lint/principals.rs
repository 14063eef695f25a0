//! Statements that differ in whom they are about are not the same, and none of them is removed.

use serde_json::{Value, json};

use super::{Example, codes, lint, settings};

const REDUNDANCY: [&str; 3] = ["CS181", "CS182", "CS183"];

/// The codes of redundancy that are found in a policy.
fn redundant(text: &str) -> Vec<String> {
    let found = codes(&lint(&[Example::new("p.json", text)], &settings("")).findings);
    REDUNDANCY.iter().filter(|c| found.contains(*c)).map(|c| (*c).to_owned()).collect()
}

fn policy(statements: &[(&str, &str, Value)]) -> String {
    let statement = |(effect, key, principal): &(&str, &str, Value)| {
        let mut statement = json!({"Effect": effect, "Action": "kms:Decrypt", "Resource": "*"});
        statement[*key] = principal.clone();
        statement
    };
    let statements: Vec<Value> = statements.iter().map(statement).collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[test]
fn each_service_keeps_its_own_grant() {
    for name in ["kms-two-services", "principal-implied", "trust-two"] {
        let text = std::fs::read_to_string(format!("tests/data/cases/principal/{name}.json")).unwrap();
        assert_eq!(redundant(&text), [""; 0], "{name}");
    }
}

#[test]
fn what_is_the_same_for_the_same_principals_is_told() {
    let (sns, events) = (json!({"Service": "sns.amazonaws.com"}), json!({"Service": "events.amazonaws.com"}));
    let both = json!({"Service": ["events.amazonaws.com", "sns.amazonaws.com"]});
    let (account, root) = (json!({"AWS": "111122223333"}), json!({"AWS": "arn:aws:iam::111122223333:root"}));
    let user = json!({"AWS": "arn:aws:iam::111122223333:user/jo"});
    let all = json!("*");
    for (one, other, expected) in [
        (("Allow", "Principal", &sns), ("Allow", "Principal", &sns), "CS183"),
        (("Allow", "Principal", &sns), ("Allow", "Principal", &events), ""),
        (("Allow", "Principal", &sns), ("Allow", "Principal", &both), "CS182"),
        (("Allow", "Principal", &account), ("Allow", "Principal", &root), "CS183"),
        // a grant to a user passes what a grant to everyone or to the account leaves to other policies
        (("Allow", "Principal", &user), ("Allow", "Principal", &all), ""),
        (("Allow", "Principal", &user), ("Allow", "Principal", &account), ""),
        (("Deny", "Principal", &user), ("Deny", "Principal", &all), "CS182"),
        (("Allow", "NotPrincipal", &sns), ("Allow", "Principal", &sns), ""),
        (("Allow", "Principal", &account), ("Deny", "Principal", &all), "CS181"),
        (("Allow", "Principal", &sns), ("Allow", "Principal", &all), ""),
        (("Allow", "Principal", &sns), ("Deny", "Principal", &events), ""),
        (("Allow", "Principal", &sns), ("Deny", "NotPrincipal", &sns), ""),
    ] {
        let found = redundant(&policy(&[(one.0, one.1, one.2.clone()), (other.0, other.1, other.2.clone())]));
        assert_eq!(found.join(" "), expected, "{one:?} {other:?}");
    }
}
