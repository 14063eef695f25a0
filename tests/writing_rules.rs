//! The examples of `docs/writing-rules.md`: each adds something to the built-in rules without a line of Rust, and prints what its
//! page says.

use std::path::{Path, PathBuf};
use std::process::Command;

const EXAMPLES: [&str; 10] =
    ["operation", "gate", "message", "kind", "permit", "coverage", "fact", "finding", "attribute", "remove"];

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
            // what it was made from differs in any case
            let answer =
                |text: &str| text.lines().filter(|l| !l.starts_with("countersign ")).collect::<Vec<_>>().join("\n");
            answer(printed.trim_end()).trim_end() == answer(expected).trim_end()
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
        if let Some((head, text)) = text.strip_prefix("// examples/").and_then(|rest| rest.split_once('\n')) {
            // what is no excerpt is the whole file
            let (path, is_excerpt) = head.strip_suffix(" (excerpt)").map_or((head, false), |path| (path, true));
            let file = read(root().join("examples").join(path));
            assert_eq!(is_excerpt, file.trim_end() != text.trim_end(), "{head}: {text}");
            assert!(file.contains(text.trim_end()), "{head}: {text}");
        } else if kind == "text" {
            let shown = text.trim_end();
            assert!(
                shown.ends_with("…") && (shown.starts_with("$ ") || shown.starts_with("…")),
                "what is cut says so: {text}"
            );
            let shown = shown.trim_start_matches("…\n").trim_end_matches("…").trim_end();
            assert!(all.iter().any(|file| file.contains(shown)), "{text}");
        } else {
            continue;
        }
        found += 1;
    }
    assert!(found >= 8, "{found}");
    for name in EXAMPLES {
        assert!(page.contains(&format!("examples/writing-rules/{name}")), "{name}");
    }
}

/// What is asked once for an account has no kind and no scope to name after a colon.
#[test]
fn an_operation_about_the_account_ends_with_the_principal() {
    let folder = "examples/writing-rules/operation";
    let rules = [format!("{folder}/rules"), format!("{folder}/schema.json"), format!("{folder}/inventory")];
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .current_dir(root())
        .env("NO_COLOR", "1")
        .args([
            "who-can",
            "create-compliance-inquiry",
            "--explain",
            "--policies",
            &rules[0],
            "--schema",
            &rules[1],
            &rules[2],
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().any(|l| l == "  allow arn:aws:iam::111122223333:user/auditor"), "{text}");
    assert!(!text.contains(": —"), "{text}");
}
