//! The same inventory with its files renamed, moved or reordered gives the same bytes, places apart; and what `show
//! entities` prints is the same inventory.

use std::path::Path;

use crate::common::*;
use serde_json::Value;

const EXAMPLES: [&str; 6] = ["clinic", "hospital", "consolidated-billing", "not-set-up", "offline-baa", "reseller"];

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn json_files(folder: &Path) -> Vec<(String, String)> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(|e| e.unwrap());
    let files = files.filter(|e| e.path().extension().is_some_and(|x| x == "json"));
    files
        .map(|e| {
            let path = e.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            (path, std::fs::read_to_string(e.path()).unwrap())
        })
        .collect()
}

/// An assessment without places: files, lines, and the sentences that name files.
fn without_places(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for key in ["file", "line", "changes"] {
                    fields.remove(key);
                }
                if fields.get("rule").is_some_and(|r| r == "CS030") {
                    fields.remove("subject");
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

#[test]
fn names_places_and_order_of_files_change_nothing() {
    for name in EXAMPLES {
        let files = json_files(&example(name));
        let before = assess_folder(&example(name), &Ask::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(example(name).join("countersign.toml"), folder.path().join("countersign.toml")).unwrap();
        // entity files go two folders down under names in the other order, documents to other folders under other names
        let mut documents = Vec::new();
        for (index, (path, text)) in files.iter().enumerate() {
            let value: Value = serde_json::from_str(text).unwrap();
            if !value.is_array() {
                let moved = format!("z{}/moved-{}.json", files.len() - index, 9 - index % 10);
                documents.push((path.clone(), format!("../../{moved}")));
                let target = folder.path().join(moved);
                std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                std::fs::write(target, text).unwrap();
            }
        }
        for (index, (_, text)) in files.iter().enumerate() {
            let mut value: Value = serde_json::from_str(text).unwrap();
            if let Some(entities) = value.as_array_mut() {
                entities.reverse();
                let mut text = serde_json::to_string(&value).unwrap();
                for (from, to) in &documents {
                    text = text.replace(&format!("\"{from}\""), &format!("\"{to}\""));
                }
                let target = folder.path().join(format!("a/b/renamed-{}.json", files.len() - index));
                std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                std::fs::write(target, text).unwrap();
            }
        }
        let after = assess_folder(folder.path(), &Ask::default()).unwrap_or_else(|f| panic!("{name}: {}", words(&f)));
        assert_eq!(without_places(before.0), without_places(after.0), "{name}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for name in EXAMPLES {
        let text = || assess_folder(&example(name), &Ask::default()).unwrap().0.to_string();
        assert_eq!(text(), text());
    }
}

#[test]
fn the_full_entities_are_the_same_inventory() {
    for name in EXAMPLES {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["show", "entities"])
            .arg(example(name))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("all.json"), &output.stdout).unwrap();
        std::fs::copy(example(name).join("countersign.toml"), folder.path().join("countersign.toml")).unwrap();
        let before = assess_folder(&example(name), &Ask::default()).unwrap();
        let after = assess_folder(folder.path(), &Ask::default()).unwrap_or_else(|f| panic!("{name}: {}", words(&f)));
        assert_eq!(without_places(before.0), without_places(after.0), "{name}");
        // and plain Cedar: the entities pass Cedar's own check against the schema
        let text = String::from_utf8(output.stdout).unwrap();
        cedar_policy::Entities::from_json_str(&text, Some(&SCHEMA.cedar)).unwrap();
    }
}
