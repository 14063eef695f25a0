//! `evaluate --format jsonl` and `json`: what is shared stands once, and everything of an assessment can be told from the lines, and from
//! the document.

use std::collections::BTreeMap;

use crate::classes::{Draw, world};
use crate::common::*;
use countersign_core::assessment::document::Document;
use countersign_core::assessment::lines::Lines;
use countersign_core::assessment::{Options, assess, assess_each};
use countersign_core::inventory::Inventory;
use countersign_core::provenance::Provenance;
use serde_json::{Value, json};

fn lines(inventory: &Inventory, options: &Options) -> Vec<String> {
    let mut text = Lines::header(options, &Provenance::of_inventory(&RULES, inventory)).unwrap();
    let mut lines = Lines::default();
    let assessment = assess_each(inventory, &RULES, options, |p| text.push_str(&lines.principal(&p).unwrap())).unwrap();
    Lines::rest(&assessment).for_each(|line| text.push_str(&line));
    text.lines().map(str::to_owned).collect()
}

/// The lists of an answer whose order says nothing, in one order.
fn ordered(mut value: Value) -> Value {
    if let Some(list) = value.as_array_mut() {
        list.sort_by_key(Value::to_string);
        list.dedup();
    }
    value
}

/// The answer of an operation, told from the line of its class.
fn operation(says: &Value, principal: &Value, named: &dyn Fn(&str, &Value) -> Value) -> Value {
    let place = |because: &Value| {
        let layer = named("layer", &principal["layers"][because["layer"].as_u64().unwrap() as usize]);
        let statement = because["statement"].as_u64().map_or(Value::Null, |s| layer["statements"][s as usize].clone());
        let controls = layer["layer"].as_str().unwrap().starts_with("serviceControl");
        let of = if controls { layer["of"].clone() } else { Value::Null };
        json!({"action": because["action"], "layer": layer["layer"], "of": of, "statement": statement})
    };
    let places = |all: &Value| ordered(all.as_array().unwrap().iter().map(place).collect());
    let mut answer = says.clone();
    let granted = answer.as_object_mut().unwrap().remove("granted").unwrap();
    let mut denied = Vec::new();
    for gate in answer["gates"].as_array_mut().unwrap() {
        gate["because"] = places(&gate["because"]);
        denied.extend(gate["because"].as_array().unwrap().clone());
    }
    denied.retain(|b| !b["statement"].is_null() && says["missing"].as_array().unwrap().contains(&b["action"]));
    answer["deniedBy"] = ordered(denied.into());
    answer["grants"] = places(&says["grants"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (account, report) = (text(&principal["account"]), says["report"].as_str().unwrap_or("none"));
    let fill = |s: &Value| text(s).replace("{account}", &account).replace("{report}", report);
    let assumptions = named("assumptions", &principal["assumptions"]);
    let mut assuming: Vec<String> = says["assuming"].as_array().unwrap().iter().map(text).collect();
    assuming.extend(granted.as_array().unwrap().iter().map(fill));
    assuming.extend(assumptions["assuming"].as_array().unwrap().iter().map(text));
    assuming.sort();
    assuming.dedup();
    let of_organization = (says["scope"] == "organization").then(|| assumptions["ofOrganization"].clone());
    let more = of_organization.into_iter().chain([assumptions["ofAll"].clone()]).filter(|a| !a.is_null());
    assuming.extend(more.map(|a| text(&a)));
    answer["assuming"] = json!(assuming);
    answer
}

/// What an assessment says, told from lines.
fn told(lines: &[Value]) -> Value {
    let mut shared: BTreeMap<(String, u64), Value> = BTreeMap::new();
    let mut found = json!({"principals": [], "accounts": [], "findings": []});
    for line in lines.iter().skip(1) {
        let kind = line["line"].as_str().unwrap();
        match kind {
            "principal" => {
                let named = |what: &str, number: &Value| shared[&(what.to_owned(), number.as_u64().unwrap())].clone();
                let class = named("class", &line["class"]);
                let operations = class.as_array().unwrap().iter().map(|says| operation(says, line, &named));
                let principal = json!({"principal": line["principal"], "account": line["account"], "kind": line["kind"],
                    "name": line["name"], "people": named("people", &line["people"]),
                    "operations": operations.collect::<Vec<_>>()});
                found["principals"].as_array_mut().unwrap().push(principal);
            }
            "account" | "finding" => {
                found[format!("{kind}s")].as_array_mut().unwrap().push(line["says"].clone());
            }
            "completeness" => found["completeness"] = line["says"].clone(),
            _ => {
                let number = (kind.to_owned(), line["number"].as_u64().unwrap());
                assert!(shared.insert(number, line["says"].clone()).is_none(), "a number stands for one thing");
            }
        }
    }
    found
}

/// The lines that a document would be.
fn as_lines(document: &Value) -> Vec<Value> {
    let mut lines = vec![json!({"schema": document["schema"]})];
    for (table, what) in
        [("classes", "class"), ("layers", "layer"), ("people", "people"), ("assumptions", "assumptions")]
    {
        let says = document[table].as_array().unwrap().iter().enumerate();
        lines.extend(says.map(|(number, says)| json!({"line": what, "number": number, "says": says})));
    }
    for principal in document["principals"].as_array().unwrap() {
        let mut line = principal.clone();
        line["line"] = "principal".into();
        lines.push(line);
    }
    for (list, what) in [("accounts", "account"), ("findings", "finding")] {
        lines.extend(document[list].as_array().unwrap().iter().map(|says| json!({"line": what, "says": says})));
    }
    lines.push(json!({"line": "completeness", "says": document["completeness"]}));
    lines
}

#[test]
fn lines_and_the_document_say_what_the_assessment_says() {
    let mut draw = Draw(drawn_from(72));
    let validator = schema_validator("assessment-lines.v1.schema.json");
    let mut read = 0;
    for round in 0..6 {
        let world = world(&mut draw);
        let folder = world.folder();
        let Ok(inventory) = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()) else { continue };
        // at another moment than the snapshot's, more is taken for granted
        let (at, snapshot) = (at(if round % 2 == 0 { "2026-11-01" } else { "2026-01-01" }), at("2026-11-01"));
        let options = Options { at, snapshot, threads: 1, ..Options::default() };
        let text = lines(&inventory, &options);
        for threads in [2, 3] {
            assert!(lines(&inventory, &Options { threads, ..options.clone() }) == text, "{threads} threads");
        }
        let parsed: Vec<Value> = text.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &parsed {
            assert!(validator.is_valid(line), "{line}");
        }
        assert!(text[0].starts_with(r#"{"schema":"countersign/assessment-lines/v1""#));
        let found = told(&parsed);
        let mut assessed = assess(&inventory, &RULES, &options).unwrap();
        let mut expected = serde_json::to_value(&assessed).unwrap();
        assessed.provenance = Some(Provenance::of_inventory(&RULES, &inventory).into());
        let document = serde_json::to_value(Document::of(&assessed).unwrap()).unwrap();
        assert_eq!(schema_errors("assessment.v2.schema.json", &document), [""; 0]);
        let classes = document["classes"].as_array().unwrap().len();
        assert!(classes < document["principals"].as_array().unwrap().len(), "{classes}");
        for operation in expected["principals"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .flat_map(|p| p["operations"].as_array_mut().unwrap())
        {
            for list in ["deniedBy", "grants"] {
                operation[list] = ordered(operation[list].take());
            }
            for gate in operation["gates"].as_array_mut().unwrap() {
                gate["because"] = ordered(gate["because"].take());
            }
        }
        let of_document = told(&as_lines(&document));
        for part in ["principals", "accounts", "findings", "completeness"] {
            assert_eq!(found[part], expected[part], "{part}");
            assert_eq!(of_document[part], expected[part], "{part}");
        }
        read += 1;
    }
    assert!(read >= 3, "{read}");
}

fn evaluate(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.env("NO_COLOR", "1").arg("evaluate").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_writes_lines() {
    let (code, out, _) = evaluate(&["examples/hospital", "--format", "jsonl"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let validator = schema_validator("assessment-lines.v1.schema.json");
    assert!(lines.iter().all(|line| validator.is_valid(line)));
    let (_, json, said) = evaluate(&["examples/hospital", "--format", "json@v1"]);
    assert!(said.contains("`json@v1` is for this version alone"), "{said}");
    let json: Value = serde_json::from_str(&json).unwrap();
    let found = told(&lines);
    assert_eq!((code, lines[0]["schema"].as_str()), (Some(0), Some("countersign/assessment-lines/v1")));
    assert_eq!(lines[0]["provenance"], json["provenance"]);
    assert_eq!((&found["accounts"], &found["findings"]), (&json["accounts"], &json["findings"]));
    let answers =
        |all: &Value| all.as_array().unwrap().iter().map(|p| p["operations"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(answers(&found["principals"]), answers(&json["principals"]));
    assert_eq!(lines.last().unwrap()["line"], "completeness");
}

#[test]
fn lines_go_alone() {
    for (args, said) in [
        (&["--format", "jsonl", "--format", "text"][..], "`jsonl` is written alone, to stdout"),
        (&["--format", "jsonl=lines.jsonl"], "`jsonl` is written alone, to stdout"),
        (&["--format", "jsonl", "--changes"], "`jsonl` has no changes"),
    ] {
        let (code, out, err) = evaluate(&[&["examples/hospital"], args].concat());
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.contains(said), "{err}");
    }
}

/// What would turn a denial around is told of each by itself, as it was before there were classes.
#[test]
fn changes_are_told_of_each_principal() {
    let [now, before] = ["json", "json@v1"].map(|format| {
        let (code, out, _) = evaluate(&["examples/clinic", "--changes", "--format", format]);
        assert_eq!(code, Some(0));
        serde_json::from_str::<Value>(&out).unwrap()
    });
    assert!(before["principals"].to_string().contains("\"changes\":{"));
    for (now, before) in now["principals"].as_array().unwrap().iter().zip(before["principals"].as_array().unwrap()) {
        assert_eq!((&now["principal"], &now["operations"]), (&before["principal"], &before["operations"]));
        assert_eq!(now["class"], Value::Null);
    }
}
