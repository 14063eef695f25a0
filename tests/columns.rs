//! `evaluate --format parquet`: the tables say what the JSON says. Only where the feature is built; `.ci/long` does so.

use std::path::Path;
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args);
    command.output().unwrap()
}

/// What is refused, and what is said about it.
#[test]
fn what_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let parquet = ["evaluate", "examples/clinic", "--format", "parquet"];
    let with = |more: &[&'static str]| [&parquet[..], more].concat();
    let mut refused = vec![(vec!["evaluate", "examples/clinic", "--out", out], "add `--format parquet`")];
    refused.push((vec!["evaluate", "examples/clinic", "--format", "parquet=a"], "--out DIR"));
    if cfg!(feature = "parquet") {
        refused.push((with(&[]), "Add `--out DIR`"));
        refused.push(([&with(&["--format", "json"])[..], &["--out", out]].concat(), "written alone"));
        refused.push(([&with(&["--changes"])[..], &["--out", out]].concat(), "Leave out --changes"));
    } else {
        refused.push(([&with(&[])[..], &["--out", out]].concat(), "--features parquet"));
    }
    for (args, told) in refused {
        let output = run(&args);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        let told = told.to_lowercase();
        assert!(errors.to_lowercase().replace("\n   ", "").contains(&told), "{args:?}\n{errors}");
        assert!(!Path::new(out).exists(), "nothing is written");
    }
}

#[cfg(feature = "parquet")]
mod with_parquet {
    use std::collections::BTreeMap;
    use std::fs::File;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    use serde_json::{Value, json};

    use super::*;

    fn value(field: &Field) -> Value {
        match field {
            Field::Null => Value::Null,
            Field::Bool(truth) => json!(truth),
            Field::Str(text) => json!(text),
            Field::ListInternal(list) => list.elements().iter().map(value).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The rows of a table, and its metadata.
    fn table(folder: &Path, file: &str) -> (Vec<Value>, BTreeMap<String, String>) {
        let reader = SerializedFileReader::new(File::open(folder.join(file)).unwrap()).unwrap();
        let about = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let about = about.iter().map(|kv| (kv.key.clone(), kv.value.clone().unwrap())).collect();
        let row = |row: parquet::record::Row| row.get_column_iter().map(|(n, f)| (n.clone(), value(f))).collect();
        (reader.get_row_iter(None).unwrap().map(|r| row(r.unwrap())).collect(), about)
    }

    /// A column that is JSON, read.
    fn read(row: &Value, column: &str) -> Value {
        row[column].as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
    }

    /// Takes columns that are named as JSON's members, and those that are JSON themselves.
    fn members(row: &Value, plain: &[(&str, &str)], of_json: &[(&str, &str)]) -> serde_json::Map<String, Value> {
        let plain = plain.iter().map(|(column, member)| ((*member).to_owned(), row[*column].clone()));
        let of_json = of_json.iter().map(|(column, member)| ((*member).to_owned(), read(row, column)));
        plain.chain(of_json).collect()
    }

    fn answer(row: &Value) -> Value {
        let same = ["operation", "scope", "agreement", "report", "member", "decision", "message", "detail", "reason"];
        let mut plain: Vec<(&str, &str)> = same.iter().map(|n| (*n, *n)).collect();
        plain.extend([("remedy", "remedy"), ("missing", "missing"), ("rests_on", "restsOn")]);
        plain.extend([("deprecated", "deprecated"), ("assuming", "assuming")]);
        let of_json = [
            ("depends_on", "dependsOn"),
            ("denied_by", "deniedBy"),
            ("gates", "gates"),
            ("grants", "grants"),
            ("changes", "changes"),
            ("any_request", "anyRequest"),
        ];
        let mut told = members(row, &plain, &of_json);
        let ids: Vec<&Value> = told["gates"].as_array().unwrap().iter().map(|g| &g["id"]).collect();
        assert_eq!(row["gate_ids"], json!(ids));
        // what JSON leaves out where it is not there
        for left_out in ["member", "anyRequest"] {
            if told[left_out].is_null() {
                told.remove(left_out);
            }
        }
        told.into()
    }

    /// What the answers of a principal are told under.
    type Key = (Value, Value, Value, Value, Value);

    /// The tables of an inventory are the assessment in JSON.
    fn same(inventory: &str, more: &[&str]) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("made/here");
        let asked = [&["evaluate", inventory, "--at", "2026-11-21"], more].concat();
        let output = run(&[&asked[..], &["--format", "parquet", "--out", out.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty());
        let names: Vec<String> =
            std::fs::read_dir(&out).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names.len(), 3, "nothing else is left: {names:?}");
        let document = run(&[&asked[..], &["--format", "json@v1"]].concat()).stdout;
        let document: Value = serde_json::from_slice(&document).unwrap();

        let (answers, about) = table(&out, "answers.parquet");
        let mut told: Vec<(Key, Vec<Value>)> = Vec::new();
        for row in &answers {
            let field = |name: &str| row[name].clone();
            let key = (field("principal"), field("account"), field("kind"), field("name"), read(row, "people"));
            match told.last_mut().filter(|(last, _)| *last == key) {
                Some((_, operations)) => operations.push(answer(row)),
                None => told.push((key, vec![answer(row)])),
            }
        }
        let told = told.into_iter().map(|((principal, account, kind, name, people), operations)| {
            json!({"principal": principal, "account": account, "kind": kind, "name": name, "people": people, "operations": operations})
        });
        assert_eq!(told.collect::<Value>(), document["principals"], "{inventory}");

        let (coverage, _) = table(&out, "coverage.parquet");
        let mut rows = coverage.iter();
        for account in document["accounts"].as_array().unwrap() {
            for agreement in account["agreements"].as_array().unwrap() {
                let row = rows.next().unwrap();
                let of_account = ["account", "partition", "state", "organization", "role"].map(|n| (n, n));
                let of_account = [&of_account[..], &[("account_name", "name")]].concat();
                let mut found = members(row, &of_account, &[("units", "units"), ("phi", "phi")]);
                let facts = [("covered", "covered"), ("designated", "designated"), ("holds_phi", "holdsPhi")];
                let facts = [&facts[..], &[("meets_definition", "meetsDefinition")]].concat();
                found.insert("hipaa".to_owned(), members(row, &facts, &[]).into());
                let of_agreement =
                    ["kind", "coverage", "superseded", "reason", "assuming", "evidence", "policies"].map(|n| (n, n));
                let of_agreement = [&of_agreement[..], &[("also_in_force", "alsoInForce")]].concat();
                let mut of_agreement = members(row, &of_agreement, &[]);
                let governing = [("governing", "id"), ("governing_scope", "scope"), ("governing_since", "since")];
                let governing = members(row, &[&governing[..], &[("accepted_by", "acceptedBy")]].concat(), &[]);
                let governing = if row["governing"].is_null() { Value::Null } else { governing.into() };
                of_agreement.insert("governing".to_owned(), governing);
                found.insert("agreements".to_owned(), json!([of_agreement]));
                let mut expected = account.clone();
                expected["agreements"] = json!([agreement]);
                assert_eq!(Value::from(found), expected, "{inventory}");
            }
        }
        assert!(rows.next().is_none());

        let (findings, _) = table(&out, "findings.parquet");
        assert_eq!(json!(findings), document["findings"], "{inventory}");
        assert_eq!(about["countersign.schema"], "countersign/assessment-columns/v1");
        for (key, member) in
            [("provenance", "provenance"), ("completeness", "completeness"), ("leavesOut", "leavesOut")]
        {
            let told: Value = serde_json::from_str(&about[&format!("countersign.{key}")]).unwrap();
            assert_eq!(told, document[member], "{inventory}: {key}");
        }
        for key in ["at", "permissionModel"] {
            assert_eq!(about[&format!("countersign.{key}")], document[key]);
        }
        answers.len()
    }

    #[test]
    fn tables_say_what_json_says() {
        let mut rows = 0;
        for inventory in ["clinic", "consolidated-billing", "hospital", "not-set-up", "offline-baa", "reseller"] {
            rows += same(&format!("examples/{inventory}"), &[]);
        }
        assert!(rows > 500, "{rows}");
        // narrowed, and with what is told of any request
        assert!(same("examples/hospital", &["--principal", "maria"]) > 0);
        same("examples/hospital", &["--permission-model", "classic"]);
    }

    /// More rows than a group has.
    #[test]
    fn groups_follow_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let mut entities =
            vec![json!({"uid": "o-exampleorgid", "attrs": {"featureSet": "ALL", "managementAccount": "100000000000",
            "trustedAccess": true, "serviceRole": true}})];
        for account in 0..30 {
            let id = format!("{}", 100_000_000_000_u64 + account);
            entities.push(json!({"uid": id, "parents": ["o-exampleorgid"]}));
            for role in 0..60 {
                entities.push(json!({"uid": format!("arn:aws:iam::{id}:role/r{role}"), "attrs": {"policies": [
                    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "artifact:*", "Resource": "*"}}]}}));
            }
        }
        std::fs::write(folder.path().join("countersign.toml"), "asOf = \"2026-11-01\"\n").unwrap();
        std::fs::write(folder.path().join("entities.json"), json!(entities).to_string()).unwrap();
        let rows = same(folder.path().to_str().unwrap(), &[]);
        assert!(rows > 32_768, "{rows} rows are one group");
    }
}
