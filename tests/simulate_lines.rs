//! `simulate --format jsonl`: requests as a stream, and brief answers, which are those of the plain way.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use crate::common::{drawn_from, output_of, schema_validator, words};
use crate::{differential, generated, sides};
use countersign_core::problem::SourceFile;
use countersign_core::simulation::request::{Batch, Reader};
use countersign_core::simulation::{BriefDecision, Question, Simulator};
use countersign_core::source::Memory;
use countersign_core::stack;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const JSONL: [&str; 2] = ["--format", "jsonl"];
const BRIEF: [&str; 3] = ["--format", "jsonl", "--brief"];

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").arg("simulate").args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str], stdin: &str) -> Output {
    output_of(&mut command(args), stdin.as_bytes())
}

/// The lines of an output, each valid against a schema.
fn lines(output: &Output, schema: &str) -> Vec<Value> {
    let validator = schema_validator(schema);
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{line}\n{}", wrong.join("\n"));
        value
    };
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(line).collect()
}

fn question(request: &Value) -> Question {
    let source = SourceFile::new("request", request.to_string());
    match Reader::new(&Memory::new(".")).batch(&source).unwrap() {
        Batch::One(asked) => asked.question.unwrap_or_else(|e| panic!("{}\n{request:#}", words(&e))),
        Batch::Many(_) => panic!("one request"),
    }
}

/// A request, and how much of its context is told.
fn requests() -> impl Strategy<Value = Value> {
    let any = prop_oneof![2 => differential::requests(generated::any_operator()), 1 => sides::requests()];
    (any, prop::bool::weighted(0.6), prop::bool::ANY).prop_map(|(mut request, open, unknown_keys)| {
        request["contextIsComplete"] = json!(!open);
        if open && unknown_keys {
            // what the generated context does not tell may be anything
            request["context"] = json!({});
        }
        request["contextUnknownKeys"] = json!(true);
        request
    })
}

/// One simulator decides all of them briefly, so that they share what they can; each is decided plainly by one of its own.
#[test]
fn a_brief_answer_is_the_plain_one() {
    let cases = std::env::var("DIFFERENTIAL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(600);
    let mut runner = TestRunner::new_with_rng(Config::default(), drawn_from(113));
    let strategy = requests();
    let drawn: Vec<Value> = (0..cases).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    let seen = stack::evaluate(|| {
        let shared = Simulator::default();
        let mut seen = std::collections::BTreeMap::<String, u32>::new();
        for request in &drawn {
            let question = question(request);
            let plain = Simulator::default().answer(&question).map(BriefDecision::from).map_err(|e| words(&e));
            // again, for those that share by chance alone are few
            for _ in 0..2 {
                let brief = shared.brief(&question).map_err(|e| words(&e));
                assert_eq!(brief, plain, "{request:#}");
            }
            let decision = plain.map_or("error".to_owned(), |p| format!("{:?}", p.decision));
            *seen.entry(decision).or_default() += 1;
        }
        Ok(seen)
    });
    let seen = seen.unwrap();
    for decision in ["Allowed", "ExplicitDeny", "ImplicitDeny", "Unknown"] {
        assert!(seen.get(decision).is_some_and(|n| *n > cases / 100), "{seen:?}");
    }
}

/// Each of these could be taken for the other by a signature that leaves something out.
#[test]
fn what_differs_in_one_thing_is_told_apart() {
    let allow = |condition: Value| {
        json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*", "Condition": condition}]})
    };
    let mfa = |value: &str| allow(json!({"Bool": {"aws:MultiFactorAuthPresent": value}}));
    let variable = json!({"Version": "2012-10-17", "Statement":
        [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}]});
    let request = |change: Value| {
        let mut request = json!({"principal": "arn:aws:iam::111122223333:user/a", "action": "s3:GetObject",
            "resource": "arn:aws:s3:::b/k/l", "identity": [mfa("true")], "context": {}});
        for (field, value) in change.as_object().unwrap() {
            request[field] = value.clone();
        }
        request
    };
    let changes = [
        json!({}),
        json!({"identity": [mfa("false")]}),
        json!({"identity": [allow(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}))]}),
        json!({"identity": [allow(json!({"Null": {"aws:MultiFactorAuthPresent": "true"}}))]}),
        json!({"identity": [mfa("true"), mfa("false")]}),
        json!({"contextIsComplete": true}),
        json!({"context": {"aws:MultiFactorAuthPresent": "true"}}),
        json!({"context": {"aws:MultiFactorAuthPresent": "false"}}),
        json!({"boundary": [mfa("true")]}),
        json!({"boundary": []}),
        json!({"boundary": ["arn:aws:iam::aws:policy/NoSuchPolicy"]}),
        json!({"session": ["arn:aws:iam::aws:policy/NoSuchPolicy"]}),
        json!({"session": ["arn:aws:iam::aws:policy/NoOtherPolicy"]}),
        json!({"resource": "arn:aws:s3:::c/k/l"}),
        json!({"identity": null}),
        json!({"identity": null, "principal": "arn:aws:iam::111122223333:user/b"}),
        json!({"identity": [variable]}),
        json!({"identity": [variable], "resource": "arn:aws:s3:::b/m/l"}),
        json!({"identity": [variable], "context": {"aws:PrincipalTag/team": "k"}}),
        json!({"identity": [variable], "context": {"aws:PrincipalTag/team": "m"}}),
        json!({"identity": [allow(json!({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}))]}),
        json!({"identity": [allow(json!({"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalTag/unit}"}}))]}),
        json!({"identity": [allow(json!({"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalTag/unit}"}}))],
            "context": {"aws:PrincipalTag/unit": "u"}}),
    ];
    stack::evaluate(|| {
        for round in 0..2 {
            let shared = Simulator::default();
            let mut all: Vec<&Value> = changes.iter().collect();
            if round == 1 {
                all.reverse();
            }
            for change in all {
                let question = question(&request(change.clone()));
                let plain = BriefDecision::from(Simulator::default().answer(&question).unwrap());
                assert_eq!(shared.brief(&question).unwrap(), plain, "{change}");
            }
        }
        Ok(())
    })
    .unwrap();
}

/// A batch in which there is everything: allowed, denied, unknown, wrong, impossible, not JSON, not UTF-8.
fn batch() -> Vec<Value> {
    let policy = |effect: &str, action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]});
    let request = |id: Value, action: &str, identity: Value| {
        json!({"id": id, "principal": "arn:aws:iam::111122223333:user/a", "action": action,
            "resource": "arn:aws:s3:::b/k", "resourceAccount": "111122223333", "contextIsComplete": true, "identity": identity})
    };
    let mut open = request(json!("open"), "s3:GetObject", json!([policy("Allow", "s3:*")]));
    open.as_object_mut().unwrap().remove("identity");
    vec![
        request(json!("first"), "s3:GetObject", json!([policy("Allow", "s3:*")])),
        request(json!(7), "s3:GetObject", json!([policy("Allow", "s3:*"), policy("Deny", "s3:Get*")])),
        request(json!(null), "s3:GetObject", json!([])),
        open,
        request(json!("impossible"), "s3:ListBucket", json!([policy("Allow", "s3:*")])),
        request(json!({}), "s3:GetObject", json!([])),
        request(json!("wrong"), "GetObject", json!([])),
    ]
}

#[test]
fn lines_are_brief_and_have_the_decisions_of_the_others() {
    let requests = batch();
    let text: String = requests.iter().map(|r| format!("{r}\n")).collect::<String>() + "\n{oops\n";
    let (brief, full) = (run(&BRIEF, &text), run(&JSONL, &text));
    assert_eq!((brief.status.code(), full.status.code()), (Some(2), Some(2)));
    assert_eq!(brief.stderr, full.stderr);
    let (brief, full) = (lines(&brief, "brief-decision.v1.schema.json"), lines(&full, "decision.v1.schema.json"));
    let ids: Vec<&Value> = brief.iter().map(|l| &l["id"]).collect();
    // where a request does not say what it is called, its line does
    assert_eq!(json!(ids), json!(["first", 7, 3, "open", "impossible", 6, "wrong", 9]));
    let decisions: Vec<&Value> = brief.iter().map(|l| &l["decision"]).collect();
    let expected = ["allowed", "explicitDeny", "implicitDeny", "unknown", "error", "error", "error", "error"];
    assert_eq!(json!(decisions), json!(expected));
    assert_eq!(brief[0], json!({"schema": "countersign/brief-decision/v1", "id": "first", "decision": "allowed"}));
    let of_user = "the identity policies of arn:aws:iam::111122223333:user/a";
    assert_eq!(brief[3]["dependsOn"][0]["key"], of_user);
    for (brief, full) in brief.iter().zip(&full) {
        for field in ["decision", "dependsOn", "assuming", "warnings", "error", "help", "place"] {
            let (brief, full) = (&brief[field], &full[field]);
            assert!(brief == full || (brief.is_null() && *full == json!([])), "{field}: {brief} {full}");
        }
        assert!(full["id"].is_null() || full["id"] == brief["id"]);
    }
    assert_eq!(brief[5]["error"], "`id` must be a string or a number, but this is an object");
    assert_eq!(full[0]["id"], "first");
}

/// The same requests as lines, as an array, from a file and beside another format.
#[test]
fn a_stream_says_what_is_said_of_the_whole() {
    let requests: Vec<Value> = batch().into_iter().filter(|r| r["id"] != json!(null)).collect();
    let text: String = requests.iter().map(|r| format!("{r}\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let (file, written) = (folder.path().join("requests.jsonl"), folder.path().join("answers.jsonl"));
    std::fs::write(&file, &text).unwrap();
    let file = file.to_str().unwrap();
    for detail in [&BRIEF[..], &JSONL] {
        let streamed = run(detail, &text);
        // the places of errors name the file instead of stdin
        let expected =
            String::from_utf8(streamed.stdout.clone()).unwrap().replace("stdin, line", &format!("{file}, line"));
        assert_eq!(String::from_utf8(run(&[&[file], detail].concat(), "").stdout).unwrap(), expected);
        let to_file = format!("jsonl={}", written.display());
        let args: Vec<&str> = detail.iter().map(|a| if *a == "jsonl" { to_file.as_str() } else { a }).collect();
        assert!(run(&args, &text).stdout.is_empty());
        assert_eq!(std::fs::read(&written).unwrap(), streamed.stdout);
        let array = run(detail, &json!(requests).to_string());
        let without_place = |output: &Output| {
            let values = String::from_utf8(output.stdout.clone()).unwrap();
            let value = |line: &str| {
                let mut value: Value = serde_json::from_str(line).unwrap();
                value.as_object_mut().unwrap().remove("place");
                value
            };
            values.lines().map(value).collect::<Vec<_>>()
        };
        // a request that has no valid id is called by its place, which is the same here
        assert_eq!(without_place(&array), without_place(&streamed));
    }
}

/// Whoever asks can wait for the answer before asking again; so nothing is kept of what was asked.
#[test]
fn an_answer_comes_before_the_next_request() {
    for detail in [&BRIEF[..], &JSONL] {
        let mut child = command(detail).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        for (request, decision) in batch().iter().zip(["allowed", "explicitDeny", "implicitDeny", "unknown", "error"]) {
            writeln!(stdin, "{request}").unwrap();
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            let answer: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(answer["decision"], decision);
        }
        drop(stdin);
        assert_eq!(child.wait().unwrap().code(), Some(2));
    }
}

#[test]
fn what_is_not_utf_8_is_an_error_of_its_line() {
    let request = batch().remove(0);
    let mut bytes = format!("\n{request}\n").into_bytes();
    bytes.extend(b"{\"action\": \"\xff\"}\r\n");
    bytes.extend(format!("{request}\r\n").into_bytes());
    let output = output_of(&mut command(&BRIEF), &bytes);
    let lines = lines(&output, "brief-decision.v1.schema.json");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        json!([lines[0]["decision"], lines[1]["decision"], lines[2]["decision"]]),
        json!(["allowed", "error", "allowed"])
    );
    assert_eq!((&lines[1]["id"], &lines[1]["error"]), (&json!(3), &json!("invalid UTF-8")));
    assert!(lines[1]["place"].as_str().unwrap().starts_with("stdin, line 3:1:"), "{}", lines[1]);
}

#[test]
fn brief_goes_with_lines_alone() {
    for args in
        [&["--brief"][..], &["--brief", "--format", "json"], &["--brief", "--format", "jsonl", "--format", "text"]]
    {
        let output = run(args, "");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert!(
            errors.contains("Only JSON lines are brief") || errors.contains("only JSON lines are brief"),
            "{errors}"
        );
    }
    let args = ["--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k", "--no-identity"];
    let output = run(&[&args[..], &BRIEF].concat(), "");
    let lines = lines(&output, "brief-decision.v1.schema.json");
    assert_eq!((lines.len(), &lines[0]["id"]), (1, &json!(1)));
    for text in ["", "\n\n", "[]"] {
        assert_eq!(run(&BRIEF, text).status.code(), Some(3), "{text}");
    }
    for text in ["{", "3", "{\n\"action\": 3", "\u{feff}{\"action\": \"s3:GetObject\"}"] {
        assert_eq!(run(&BRIEF, text).status.code(), Some(2), "{text}");
    }
}
