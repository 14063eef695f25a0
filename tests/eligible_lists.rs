//! The lists of HIPAA eligible services are dated data: a newer file takes their place, and every answer says which lists decided.

use std::path::Path;
use std::process::Command;

use crate::common::*;
use serde_json::{Value, json};

const NEWER: &str = r#"{"snapshots": ["2026-05-22", "2026-10-30"], "services": [
    {"name": "Amazon S3", "prefixes": ["s3"], "seen": ["2026-05-22", "2026-10-30"]},
    {"name": "Amazon Novelty", "prefixes": ["novelty"], "seen": ["2026-10-30"], "exclusions": "not its console"}]}"#;

fn world() -> World {
    World::new().account(A, json!({"phi": {"services": ["s3", "novelty"]}}), &[]).accepted(
        "abcdef0123456789",
        "baa",
        "account",
        A,
        "2024-01-01",
        None,
    )
}

fn with_lists(lists: &str) -> World {
    let settings = "asOf = \"2026-11-01\"\n[aws]\neligibleServices = \"data/eligible.json\"\n";
    world().file("data/eligible.json", lists).file("countersign.toml", settings)
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.current_dir(folder).env("NO_COLOR", "1").args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn evaluated(folder: &Path) -> Value {
    let (code, text, told) = run(folder, &["evaluate", ".", "--format", "json"]);
    assert_eq!(code, Some(0), "{told}");
    serde_json::from_str(&text).unwrap()
}

fn codes(document: &Value) -> Vec<&str> {
    document["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
}

#[test]
fn a_newer_file_decides_which_services_are_eligible() {
    let built_in = world().file("countersign.toml", "asOf = \"2026-11-01\"\n").folder();
    let document = evaluated(built_in.path());
    assert!(codes(&document).contains(&"CS033"), "nothing that is built in knows the service");
    assert!(!codes(&document).contains(&"CS004"), "what is not known is not said to be not eligible");
    assert_eq!(document["provenance"]["eligibleServices"], Value::Null);
    let newer = with_lists(NEWER).folder();
    let document = evaluated(newer.path());
    assert!(!codes(&document).iter().any(|c| ["CS004", "CS033"].contains(c)), "{}", document["findings"]);
    assert!(codes(&document).contains(&"CS017"), "its exclusions are told (R96)");
    let told = &document["provenance"]["eligibleServices"];
    assert_eq!((&told["file"], &told["date"]), (&json!("data/eligible.json"), &json!("2026-10-30")));
    assert_eq!(schema_errors("provenance.v1.schema.json", &document["provenance"]), Vec::<String>::new());
    // it is no part of what is decided about, and its bytes count
    assert_eq!(document["provenance"]["inventory"]["files"], 3);
    let (_, text, _) = run(newer.path(), &["coverage", "."]);
    let digest = &told["sha256"].as_str().unwrap()[..8];
    assert!(text.contains(&format!("HIPAA list of 2026-10-30 (data/eligible.json {digest})")), "{text}");
    // on one of the two lists around a moment: unknown (D18)
    let (_, text, told) = run(newer.path(), &["show", "service", "novelty", "--at", "2026-08-01", "--format", "json"]);
    let found: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{told}"));
    assert_eq!((&found["eligible"], &found["listAfter"]), (&Value::Null, &json!("2026-10-30")));
    assert_eq!(found["provenance"]["eligibleServices"]["file"], "data/eligible.json");
    let (_, text, _) = run(newer.path(), &["show", "service", "novelty", "--at", "2026-11-01"]);
    assert!(text.contains("Amazon Novelty") && text.contains("data/eligible.json"), "{text}");
    let (code, _, told) = run(built_in.path(), &["show", "service", "novelty"]);
    assert!(code == Some(2) && told.contains("`novelty` is not the name of one known service"), "{told}");
    // what is generated, and lint, go by the same lists
    let (_, text, told) = run(newer.path(), &["generate", "scp", "eligible-services", "--at", "2026-11-01"]);
    assert!(text.contains("\"novelty:*\"") && !text.contains("\"healthlake:*\""), "{text} {told}");
}

#[test]
fn a_file_that_is_none_is_an_error() {
    for (lists, words) in [
        ("{}", "has no lists of HIPAA eligible services"),
        (r#"{"snapshots": ["2020-01-01"], "services": []}"#, "older than that of"),
    ] {
        let folder = with_lists(lists).folder();
        for args in [&["coverage", "."][..], &["show", "service", "s3"], &["lint"]] {
            let (code, _, told) = run(folder.path(), args);
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(code == Some(2) && told.contains(words), "{args:?} {lists}: {told}");
        }
    }
    let folder = world().file("countersign.toml", "[aws]\neligibleServices = \"none.json\"\n").folder();
    let (code, _, told) = run(folder.path(), &["coverage", "."]);
    assert!(code == Some(2) && told.contains("there is no file none.json"), "{told}");
}

/// The register and `show service` take the names that people use; what is not known is told with near names, and is never "not eligible".
#[test]
fn services_are_named_as_people_do() {
    let settings = "asOf = \"2026-11-01\"\n";
    let folder = |services: Value| {
        let world = World::new().account(A, json!({"phi": {"services": services, "safeguardsAttested": true}}), &[]);
        world.file("countersign.toml", settings).folder()
    };
    let known =
        ["Amazon HealthLake", "EC2", "Amazon S3", "s3", "AWS Lambda", "aws  lambda", "Amazon EC2", "SNS", "MSK"];
    let eligible = folder(json!(known));
    let document = evaluated(eligible.path());
    let of_services = |document: &Value| {
        let mut codes = codes(document);
        codes.retain(|c| ["CS004", "CS005", "CS033"].contains(c));
        codes.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(of_services(&document).is_empty(), "{}", document["findings"]);
    assert_eq!(document["accounts"][0]["hipaa"]["meetsDefinition"], true);
    // what AWS has and does not list is not eligible (D18), under any of its names
    let lightsail = folder(json!(["Amazon Lightsail", "lightsail", "LIGHTSAIL"]));
    assert_eq!(of_services(&evaluated(lightsail.path())), ["CS004"]);
    // what may be a part of a listed service is unknown
    let part = folder(json!(["ecr-public", "Amazon Bedrock Web Search"]));
    assert_eq!(of_services(&evaluated(part.path())), ["CS005"]);
    let nonsense = folder(json!(["s3", "S4 buckets"]));
    let document = evaluated(nonsense.path());
    assert_eq!(of_services(&document), ["CS033"]);
    assert_eq!(document["accounts"][0]["hipaa"]["meetsDefinition"], Value::Null);
    assert!(document["findings"].to_string().contains("S4 buckets"), "{}", document["findings"]);
    let show = |name: &str| run(eligible.path(), &["show", "service", name, "--at", "2026-06-01", "--format", "json"]);
    for name in known {
        let (code, text, told) = show(name);
        let found: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{name}: {told}"));
        assert_eq!((code, &found["eligible"]), (Some(0), &json!(true)), "{name}");
        assert_eq!(schema_errors("service.v1.schema.json", &found), Vec::<String>::new());
    }
    let found: Value = serde_json::from_str(&show("amazon lightsail").1).unwrap();
    assert_eq!((&found["eligible"], &found["unlisted"]["prefix"]), (&json!(false), &json!("lightsail")));
    assert_eq!(schema_errors("service.v1.schema.json", &found), Vec::<String>::new());
    for (name, near) in [("AWS Lamda", "Lambda"), ("Data Streams", "Amazon Kinesis Data Streams"), ("gibberish", "s3")]
    {
        let (code, _, told) = show(name);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            code == Some(2) && told.contains("whether it is HIPAA eligible is not known") && told.contains(near),
            "{told}"
        );
        assert!(!told.contains("not eligible"), "{told}");
    }
}

/// A prefix stands for several services, of which one may be on a list and another not. What is listed of a service is shown as it
/// stands there: it may be what is included, what is excluded, or another agreement that applies (R96).
#[test]
fn a_prefix_says_which_of_its_services_are_listed() {
    let shown = |name: &str, at: &str| {
        let text = run(Path::new("."), &["show", "service", name, "--at", at]).1;
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let ecs = shown("ecs", "2023-01-01");
    let wanted = "on the list of 2022-04-18: Amazon Elastic Container Service (ECS); not on it: AWS Fargate";
    assert!(ecs.contains(wanted), "{ecs}");
    let later = shown("ecs", "2026-06-01");
    assert!(!later.contains("not on it"), "{later}");
    let rds = shown("rds", "2026-06-01");
    assert!(rds.contains("as listed SQL Server, MySQL") && !rds.contains("excluded"), "{rds}");
    let connect = shown("Amazon Connect Health", "2026-06-01");
    assert!(connect.contains("as listed a Healthcare and Life Sciences Addendum applies"), "{connect}");
    assert!(shown("AWS HealthScribe", "2026-06-01").starts_with("AWS Transcribe"));
}
