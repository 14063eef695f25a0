//! Mutated samples for every reader: whatever is read, the command ends with an exit code of its own, says something, and hides
//! nothing behind a panic.
//!
//! `MUTATED_CASES` sets how many inputs; `.ci/long` asks for more, in rounds that each mutate otherwise.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::*;
use countersign_core::expectations;
use countersign_core::guardrails::Guardrails;
use countersign_core::iam::document;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::config::Config;
use countersign_core::lint::baseline::Baseline;
use countersign_core::lint::fix::{self, Which};
use countersign_core::lint::read::form_of_text;
use countersign_core::lint::run::{Text, lint};
use countersign_core::lint::settings::Settings;
use countersign_core::loading::files;
use countersign_core::moment;
use countersign_core::permissions::lower;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Problem, SourceFile};
use countersign_core::source::Memory;
use countersign_core::text::json;
use proptest::prelude::Rng;
use proptest::test_runner::TestRng;

/// Files of every kind that something reads.
const SAMPLES: [&str; 6] =
    ["tests/data/aws-cli", "tests/data/every-rule", "tests/data/cases", "examples", "docs", "policies"];

fn samples() -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let walked = SAMPLES.iter().flat_map(|s| walkdir::WalkDir::new(root.join(s)).sort_by_file_name());
    let files = walked.filter_map(Result::ok).filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path);
    let read = |path: &Path| {
        let ends = ["json", "toml", "cedar", "tf", "yaml", "yml", "csv", "gz", "template"];
        path.extension().is_some_and(|e| ends.iter().any(|end| e == *end))
    };
    let files = files.filter(|p| read(p) && std::fs::metadata(p).unwrap().len() < 12_000);
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn below(rng: &mut TestRng, most: usize) -> usize {
    usize::try_from(rng.next_u32()).unwrap() % most.max(1)
}

/// What is put in somewhere: ends of tokens, deep nesting, marks, what is no text.
const PIECES: [&[u8]; 18] = [
    b"\0",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\xff",
    b"\xed\xa0\x80",
    "\u{feff}".as_bytes(),
    "\u{202e}".as_bytes(),
    b"1e999",
    b"-0",
    b"null",
    b"\\ud800",
    b"*",
    b"${",
    b"\r\n",
];

/// A sample with one to eight changes.
fn mutated(rng: &mut TestRng, samples: &[(PathBuf, Vec<u8>)]) -> (PathBuf, Vec<u8>) {
    let (path, bytes) = &samples[below(rng, samples.len())];
    let mut bytes = bytes.clone();
    for _ in 0..=below(rng, 8) {
        let at = below(rng, bytes.len() + 1).min(bytes.len());
        match below(rng, 8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << below(rng, 8),
            1 => bytes.truncate(at),
            2 => {
                let end = (at + below(rng, 40)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + below(rng, 200)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = below(rng, bytes.len() + 1).min(bytes.len());
                bytes.splice(to..to, copy);
            }
            4 => {
                let depth = [3, 90, 150, 5_000][below(rng, 4)];
                let open = [b'[', b'(', b'{', b'!'][below(rng, 4)];
                bytes.splice(at..at, std::iter::repeat_n(open, depth));
            }
            5 => {
                let other = &samples[below(rng, samples.len())].1;
                let from = below(rng, other.len());
                let end = (from + below(rng, 300)).min(other.len());
                bytes.splice(at..at, other[from.min(end)..end].to_vec());
            }
            _ => {
                let piece = PIECES[below(rng, PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    (path.clone(), bytes)
}

/// A problem points into its file, and has words.
fn sound(problems: &[Problem]) {
    for problem in problems {
        assert!(!problem.message().is_empty());
        if let Some(place) = problem.place() {
            let text = &place.source.text;
            assert!(place.span.start <= text.len() && place.span.start <= place.span.end, "{problem}");
            assert!(text.is_char_boundary(place.span.start), "{problem}");
        }
    }
}

/// Every reader reads it, by itself and as a part of an inventory, as what its name says and as what it is not.
fn read(path: &Path, bytes: &[u8]) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let file = files::file(name, bytes.to_vec());
    file.err().iter().for_each(|p| sound(p));
    let memory = Memory::new("m").with(name, bytes).with("entities.json", "[{\"uid\": \"111122223333\"}]");
    if let Err(failure) = Inventory::load(&memory, SCHEMA.clone()) {
        assert!(!words(&failure).is_empty());
    }
    let Ok(text) = String::from_utf8(bytes.to_vec()) else { return };
    let source = SourceFile::new(name, text);
    linted(&source);
    lowered(&source);
    match path.extension().and_then(|e| e.to_str()) {
        Some("toml") => {
            Config::parse(&source).err().iter().for_each(|p| sound(p));
            Settings::parse(&source, at("2026-11-01")).err().iter().for_each(|p| sound(p));
            let mut problems = Vec::new();
            expectations::parse(&source, &RULES.operations, &mut problems);
            sound(&problems);
        }
        Some("cedar") => {
            drop(RuleBook::of_sources(vec![source.clone()], &SCHEMA));
            drop(Guardrails::of_sources(std::slice::from_ref(&source), &SCHEMA));
        }
        _ => drop(Baseline::parse(&source)),
    }
    moment::parse(&source.text);
}

/// What lint finds points into the file, and what it mends can be read and mended again.
fn linted(source: &Arc<SourceFile>) {
    let settings = Settings::none(at("2026-11-01"));
    let run = |source: &Arc<SourceFile>| {
        let form = form_of_text(&source.text);
        lint(&[Text { source: source.clone(), form, named: true }], &settings, None, false).findings
    };
    let findings = run(source);
    for finding in &findings {
        let span = finding.place.span;
        assert!(span.start <= span.end && span.start <= finding.place.source.text.len(), "{}", finding.rule.code);
        assert!(!finding.message.contains('\u{fdd0}'), "{}", finding.message);
    }
    drop(fix::fix(&findings, Which::All, run));
}

/// What is read as a policy is lowered to Cedar that Cedar reads.
fn lowered(source: &Arc<SourceFile>) {
    let Ok(root) = json::parse(source) else { return };
    let mut problems = Vec::new();
    let document = document::read(source, &root, &mut problems);
    sound(&problems);
    if problems.iter().any(Problem::is_error) {
        return;
    }
    for statement in &document.statements {
        let text = lower::statement(statement).text;
        assert!(text.parse::<cedar_policy::PolicySet>().is_ok(), "{text}");
    }
}

#[test]
fn no_reader_falls_over_a_mutated_sample() {
    let cases: usize = std::env::var("MUTATED_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let samples = samples();
    assert!(samples.len() > 100, "{}", samples.len());
    let mut rng = drawn_from(17);
    for number in 0..cases {
        let (path, bytes) = mutated(&mut rng, &samples);
        let read = std::panic::catch_unwind(|| read(&path, &bytes));
        if read.is_err() {
            let kept = std::env::temp_dir().join(format!("countersign-mutated-{number}"));
            std::fs::write(&kept, &bytes).unwrap();
            panic!("case {number}, of {}: kept in {}", path.display(), kept.display());
        }
    }
}
