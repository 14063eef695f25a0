//! The lowering against a second interpreter of IAM (`reference`), on generated policies and requests; and every lowered
//! policy against its schema, strictly.
//!
//! `DIFFERENTIAL_CASES` sets how many; `.ci/long` asks for more, in rounds.

use crate::common::drawn_from;
use crate::generated::*;
use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use countersign_core::iam::document;
use countersign_core::permissions::lower;
use countersign_core::problem::SourceFile;
use countersign_core::simulation::request::{Batch, Reader};
use countersign_core::simulation::{SimulatedDecision, Simulator};
use countersign_core::stack;
use countersign_core::text::json;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

pub fn requests(operator: BoxedStrategy<&'static str>) -> impl Strategy<Value = Value> {
    let layer = || prop::collection::vec(policy(&operator), 0..3);
    let context = KEYS.map(|_| value(&operator));
    let resource = prop::sample::select(vec!["arn:aws:s3:::b/k", "arn:aws:s3:::b/ab", "arn:aws:s3:::b/k:y", "*"]);
    let principal = prop::sample::select(vec![
        "arn:aws:iam::111122223333:user/a",
        "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
    ]);
    let levels = prop::collection::vec(layer(), 0..3);
    let optional = || prop::option::weighted(0.3, layer());
    let service_control = prop::option::weighted(0.3, levels);
    (layer(), optional(), optional(), service_control, context, resource, principal).prop_map(
        |(identity, boundary, session, levels, context, resource, principal)| {
            let mut keys = Map::new();
            for (key, value) in KEYS.iter().zip(context) {
                keys.extend(value.map(|v| ((*key).to_owned(), v)));
            }
            let mut request = json!({"principal": principal, "action": "s3:GetObject", "resource": resource,
                "context": keys, "contextIsComplete": true, "identity": identity});
            for (layer, policies) in
                [("boundary", json!(boundary)), ("session", json!(session)), ("serviceControl", json!(levels))]
            {
                if !policies.is_null() {
                    request[layer] = policies;
                }
            }
            request
        },
    )
}

/// Requests that one condition decides.
fn on_one_condition(operator: &'static str) -> impl Strategy<Value = Value> {
    let context = KEYS.map(|_| value(&Just(operator).boxed()));
    (condition(Just(operator).boxed()), context, any::<bool>()).prop_map(|((operator, key, values), context, allow)| {
        let present = KEYS.iter().zip(context).filter_map(|(key, value)| Some(((*key).to_owned(), value?)));
        let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let mut statement = everything.clone();
        statement["Effect"] = json!(if allow { "Allow" } else { "Deny" });
        statement["Condition"][operator][key] = values;
        let statements = if allow { json!([statement]) } else { json!([everything, statement]) };
        json!({"action": "s3:GetObject", "resource": "*", "context": present.collect::<Map<_, _>>(), "contextIsComplete": true,
            "identity": [{"Version": "2012-10-17", "Statement": statements}]})
    })
}

fn decide(simulator: &Simulator, request: &Value) -> SimulatedDecision {
    let source = SourceFile::new("request", request.to_string());
    match Reader::new(&countersign_core::source::Memory::new(".")).batch(&source).unwrap() {
        Batch::One(asked) => simulator.decide(&asked.question.unwrap()).unwrap(),
        Batch::Many(_) => panic!("one request"),
    }
}

fn decision(answer: &SimulatedDecision) -> Value {
    serde_json::to_value(answer.decision).unwrap()
}

/// Every policy of a request, lowered, is valid against its schema.
fn validate(request: &Value) {
    let layers = ["identity", "boundary", "session"].iter().map(|l| &request[*l]);
    let levels = request["serviceControl"].as_array().into_iter().flatten();
    for policy in layers.chain(levels).filter_map(Value::as_array).flatten() {
        let source = SourceFile::new("policy", policy.to_string());
        let mut problems = Vec::new();
        let document = document::read(&source, &json::parse(&source).unwrap(), &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        for statement in &document.statements {
            let lowered = lower::statement(statement);
            let schema = Schema::from_json_value(lowered.reads.schema()).unwrap();
            let set: PolicySet = lowered.text.parse().unwrap();
            let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
            assert!(result.validation_passed(), "{policy}\n{}\n{result}", lowered.text);
        }
    }
}

fn cases() -> u32 {
    std::env::var("DIFFERENTIAL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(5000)
}

/// A runner that has found its failure is shrunk and shown by proptest.
fn run(cases: u32, seed: u8, requests: impl Strategy<Value = Value>, holds: impl Fn(&Simulator, &Value)) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, drawn_from(seed));
    let simulator = Simulator::default();
    let result = runner.run(&requests, |request| {
        holds(&simulator, &request);
        Ok(())
    });
    result.unwrap_or_else(|e| panic!("{e}"));
}

fn agree(simulator: &Simulator, request: &Value) {
    let answer = decide(simulator, request);
    let [expected, otherwise] = both_readings(request);
    if expected != otherwise {
        assert_eq!(decision(&answer), "unknown", "{request:#}");
        assert!(answer.depends_on.iter().any(|d| d.key.contains("(D25)")), "{:?}", answer.depends_on);
        return;
    }
    assert_eq!(decision(&answer), expected, "{request:#}");
    explained(request, &answer);
}

/// What the reference says by each reading of a `*` in an ARN.
fn both_readings(request: &Value) -> [&'static str; 2] {
    let mut otherwise = request.clone();
    otherwise["crosses"] = true.into();
    [crate::reference::decide(request), crate::reference::decide(&otherwise)]
}

/// A layer by itself is decided differently by the two readings.
fn reads_differently(request: &Value, layer: &str) -> bool {
    let level = layer.strip_prefix("serviceControl[").map(|l| l.trim_end_matches(']').parse::<usize>().unwrap());
    let policies = level.map_or(&request[layer], |level| &request["serviceControl"][level]);
    let alone = json!({"principal": request["principal"], "action": request["action"], "resource": request["resource"],
        "context": request["context"], "identity": policies});
    let [one, other] = both_readings(&alone);
    one != other
}

/// The statements that are said to apply are those that decide.
fn explained(request: &Value, answer: &SimulatedDecision) {
    for layer in &answer.layers {
        if reads_differently(request, &layer.layer) {
            continue;
        }
        let applies = |effect: &str| {
            answer.statements.iter().any(|s| s.layer == layer.layer && s.effect == effect && s.applies == Some(true))
        };
        let told = if applies("Deny") {
            "explicitDeny"
        } else if applies("Allow") {
            "allowed"
        } else {
            "implicitDeny"
        };
        assert_eq!(serde_json::to_value(layer.decision).unwrap(), told, "{}", layer.layer);
    }
    assert!(
        answer.statements.iter().all(|s| s.conditions.iter().all(|c| c.matches.is_some() && !c.because.is_empty()))
    );
}

#[test]
fn agrees_with_the_reference() {
    stack::evaluate(|| {
        run(cases() / 2, 1, requests(any_operator()), agree);
        Ok(())
    })
    .unwrap();
}

/// One operator a request: its values and its keys meet more often; and one condition a request, which decides it.
#[test]
fn agrees_with_the_reference_operator_by_operator() {
    let each = cases() / 2 / u32::try_from(OPERATORS.len()).unwrap() + 1;
    stack::evaluate(|| {
        for operator in OPERATORS {
            run(each, 2, requests(Just(operator).boxed()), agree);
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn agrees_with_the_reference_on_each_condition() {
    stack::evaluate(|| {
        for operator in OPERATORS {
            run(250.max(cases() / 200), 6, on_one_condition(operator), agree);
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn every_lowered_policy_is_valid() {
    run(cases() / 10, 3, requests(any_operator()), |_, request| validate(request));
}

/// Keys that AWS documents to have one value, which is what an unknown one is taken to have.
const SINGLE: [&str; 2] = ["aws:username", "aws:PrincipalTag/team"];

/// Without a complete context the answer holds for every context that has the keys that are given: what is not said to be
/// unknown is what the reference says of each.
#[test]
fn what_is_certain_holds_in_every_context() {
    stack::evaluate(|| {
        let strategy = (requests(any_operator()), prop::collection::vec(any::<prop::sample::Index>(), KEYS.len()));
        let certain = std::cell::Cell::new(0);
        let config = Config { cases: cases() / 5, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, drawn_from(4));
        let simulator = Simulator::default();
        let result = runner.run(&strategy, |(complete, hidden)| {
            let mut open = complete.clone();
            open["contextIsComplete"] = json!(false);
            for (key, hide) in KEYS.iter().zip(&hidden) {
                let odd = SINGLE.contains(key) && complete["context"].get(key).is_some_and(Value::is_array);
                // what is not given of the user name, the principal tells
                let told = *key == "aws:username";
                if (hide.index(2) == 0 && !odd && !told) || complete["context"].get(key).is_none() {
                    open["context"].as_object_mut().unwrap().remove(*key);
                }
            }
            let answer = decide(&simulator, &open);
            let [expected, otherwise] = both_readings(&complete);
            if decision(&answer) == "unknown" {
                prop_assert!(!answer.depends_on.is_empty(), "{open:#}");
                prop_assert!(!answer.denied_in_any_case || expected != "allowed", "{open:#}");
            } else {
                certain.set(certain.get() + 1);
                prop_assert_eq!(decision(&answer), expected, "{:#}\n{:#}", open, complete);
                prop_assert_eq!(expected, otherwise, "{:#}\n{:#}", open, complete);
            }
            Ok(())
        });
        result.unwrap_or_else(|e| panic!("{e}"));
        assert!(certain.get() > cases() / 50, "hardly anything is certain: {}", certain.get());
        Ok(())
    })
    .unwrap();
}

/// The operator that a planted error takes for another one.
fn planted(operator: &str) -> Vec<String> {
    let swap = |from: &str, to: &str| operator.contains(from).then(|| operator.replacen(from, to, 1));
    let mut wrong: Vec<String> = [
        swap("GreaterThanEquals", "GreaterThan").or_else(|| swap("GreaterThan", "GreaterThanEquals")),
        swap("LessThanEquals", "LessThan").or_else(|| swap("LessThan", "LessThanEquals")),
        swap("IgnoreCase", ""),
        swap("StringLike", "StringEquals"),
        swap("StringNotLike", "StringNotEquals"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let negated = match operator {
        "StringEquals" | "StringEqualsIgnoreCase" => Some(operator.replace("String", "StringNot")),
        "NumericEquals" | "DateEquals" | "ArnEquals" | "StringLike" | "ArnLike" => {
            Some(operator.replace("Equals", "NotEquals").replace("Like", "NotLike"))
        }
        "IpAddress" => Some("NotIpAddress".to_owned()),
        "Bool" => Some("StringEquals".to_owned()),
        "BinaryEquals" => Some("StringEqualsIgnoreCase".to_owned()),
        other => Some(other.replace("Not", "")).filter(|o| o != other),
    };
    wrong.extend(negated);
    wrong
}

/// The request with one operator taken for another, in every policy.
fn mutated(request: &Value, from: &str, to: &str) -> Value {
    match request {
        Value::Object(members) => members
            .iter()
            .map(|(k, v)| (if k == from { to } else { k }.to_owned(), mutated(v, from, to)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(values) => values.iter().map(|v| mutated(v, from, to)).collect(),
        other => other.clone(),
    }
}

/// A lowering that takes one operator for another is found: the same generator, with the error planted between the two sides.
#[test]
fn a_planted_error_in_each_operator_is_found() {
    let mut errors: Vec<(&str, String, String)> = Vec::new();
    for operator in OPERATORS {
        let wrong = planted(operator);
        assert!(!wrong.is_empty(), "{operator}");
        errors.extend(wrong.into_iter().map(|w| (operator, operator.to_owned(), w)));
        errors.push((operator, format!("ForAnyValue:{operator}IfExists"), format!("ForAnyValue:{operator}")));
        errors.push((operator, format!("ForAnyValue:{operator}"), format!("ForAllValues:{operator}")));
        errors.push((operator, format!("ForAllValues:{operator}"), operator.to_owned()));
    }
    stack::evaluate(|| {
        let simulator = Simulator::default();
        for (operator, from, to) in &errors {
            let strategy = on_one_condition(operator);
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]);
            let mut runner = TestRunner::new_with_rng(Config::default(), rng);
            let found = (0..5000).any(|_| {
                let request = strategy.new_tree(&mut runner).unwrap().current();
                let wrong = mutated(&request, from, to);
                wrong != request && decision(&decide(&simulator, &wrong)) != crate::reference::decide(&request)
            });
            assert!(found, "{from} taken for {to} is not found");
        }
        Ok(())
    })
    .unwrap();
}

/// What a table of simulators has in common: documents by path, by text, by ARN.
#[test]
fn a_policy_is_a_document_its_text_or_an_arn() {
    let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let ask = |policy: Value| {
        let request = json!({"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "identity": [policy]});
        stack::evaluate(|| Ok(decision(&decide(&Simulator::default(), &request)))).unwrap()
    };
    assert_eq!(ask(document.clone()), "allowed");
    assert_eq!(ask(json!(document.to_string())), "allowed");
    assert_eq!(ask(json!("arn:aws:iam::aws:policy/AdministratorAccess")), "allowed");
    assert_eq!(ask(json!("arn:aws:iam::aws:policy/AmazonS3FullAccess")), "allowed");
    assert_eq!(ask(json!("arn:aws:iam::aws:policy/AmazonS3FullAcces")), "unknown", "AWS has none of this name");
}
