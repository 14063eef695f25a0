//! The examples of `docs/writing-rules.md`: each adds something to the built-in rules without a line of Rust, and prints what its
//! page says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::policies::spans;
use serde_json::Value;
use tempfile::TempDir;

const EXAMPLES: [&str; 6] = ["operation", "gate", "message", "kind", "finding", "attribute"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path.as_ref()).unwrap_or_else(|e| panic!("{}: {e}", path.as_ref().display()))
}

fn example(name: &str) -> PathBuf {
    root().join("examples/writing-rules").join(name)
}

/// The files below a folder, relative to it.
fn below(folder: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = files.filter(|e| e.file_type().is_file());
    files.map(|e| e.path().strip_prefix(folder).unwrap().to_owned()).collect()
}

fn ids(text: &str) -> BTreeSet<String> {
    let named = text.split("@id(\"").skip(1).filter_map(|rest| rest.split('"').next());
    named.map(str::to_owned).collect()
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// The built-in rules with an example's laid over them by `@id`, and the schema with its additions.
fn laid_over(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let own = example(name).join("rules");
    let own_files = if own.is_dir() { below(&own) } else { Vec::new() };
    let cedar = |p: &&PathBuf| p.extension().is_some_and(|e| e == "cedar");
    let replaced: BTreeSet<String> = own_files.iter().filter(cedar).flat_map(|p| ids(&read(own.join(p)))).collect();
    let write = |path: PathBuf, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for path in below(&root().join("policies")) {
        let mut text = read(root().join("policies").join(&path));
        if path.extension().is_some_and(|e| e == "cedar") {
            for span in spans(&text.clone()).into_iter().rev() {
                if ids(&text[span.start..span.end]).iter().any(|id| replaced.contains(id)) {
                    text.replace_range(span.start..span.end, "");
                }
            }
        }
        write(folder.path().join("policies").join(path), &text);
    }
    for path in own_files {
        write(folder.path().join("policies/own").join(&path), &read(own.join(&path)));
    }
    let mut schema: Value = serde_json::from_str(&read(root().join("schemas/artifact.cedarschema.json"))).unwrap();
    if example(name).join("schema.json").exists() {
        merge(&mut schema, &serde_json::from_str(&read(example(name).join("schema.json"))).unwrap());
    }
    write(folder.path().join("schema.json"), &schema.to_string());
    folder
}

/// A command of a page, and what the page says that it prints.
fn commands(page: &str) -> Vec<(String, String)> {
    let blocks = page.split("```console\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let command = |block: &str| {
        let (command, output) = block.split_once('\n').unwrap();
        (command.strip_prefix("$ countersign ").unwrap().to_owned(), output.trim_end().to_owned())
    };
    blocks.map(command).collect()
}

fn arguments(command: &str) -> Vec<String> {
    let parts = command.split('"').enumerate();
    parts
        .flat_map(|(index, part)| match index % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

#[test]
fn each_example_prints_what_its_page_says() {
    for name in EXAMPLES {
        let rules = laid_over(name);
        let commands = commands(&read(example(name).join("README.md")));
        assert!(!commands.is_empty(), "{name}");
        for (command, expected) in commands {
            let mut arguments = arguments(&command);
            // the flags of the page, and what they come to
            while let Some(at) = arguments.iter().position(|a| a == "--policies" || a == "--schema") {
                arguments.drain(at..at + 2);
            }
            let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
                .current_dir(root())
                .env("NO_COLOR", "1")
                .args(&arguments)
                .arg("--policies")
                .arg(rules.path().join("policies"))
                .arg("--schema")
                .arg(rules.path().join("schema.json"))
                .output()
                .unwrap();
            let code = output.status.code().unwrap();
            let mut printed = if code == 0 { String::new() } else { format!("? {code}\n") };
            printed.push_str(&String::from_utf8(output.stdout).unwrap());
            printed.push_str(&String::from_utf8(output.stderr).unwrap());
            let printed = printed.replace("own/", "");
            assert_eq!(printed.trim_end(), expected, "{command}");
        }
    }
}

/// Without its rules, no example prints what it prints with them.
#[test]
fn each_addition_is_what_makes_the_difference() {
    for name in EXAMPLES.into_iter().filter(|n| example(n).join("rules").is_dir()) {
        let commands = commands(&read(example(name).join("README.md")));
        let same = commands.iter().all(|(command, expected)| {
            let mut arguments = arguments(command);
            while let Some(at) = arguments.iter().position(|a| a == "--policies" || a == "--schema") {
                arguments.drain(at..at + 2);
            }
            let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
                .current_dir(root())
                .env("NO_COLOR", "1")
                .args(&arguments)
                .output()
                .unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let expected = expected.strip_prefix("? 1\n").unwrap_or(expected);
            printed.trim_end() == expected
        });
        assert!(!same, "{name}");
    }
}

#[test]
fn the_page_shows_what_the_examples_hold() {
    let page = read(root().join("docs/writing-rules.md"));
    let shown: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let all: Vec<String> =
        EXAMPLES.iter().flat_map(|n| below(&example(n)).into_iter().map(|p| read(example(n).join(p)))).collect();
    let mut found = 0;
    for block in shown {
        let (kind, text) = block.split_once('\n').unwrap();
        if kind != "text" && !text.starts_with("// examples/") {
            continue;
        }
        let text = text.split_once('\n').filter(|_| text.starts_with("// examples/")).map_or(text, |(_, rest)| rest);
        assert!(all.iter().any(|file| file.contains(text.trim_end())), "{text}");
        found += 1;
    }
    assert!(found >= 8, "{found}");
    for name in EXAMPLES {
        assert!(page.contains(&format!("examples/writing-rules/{name}")), "{name}");
    }
}
