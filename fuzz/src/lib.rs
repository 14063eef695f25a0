//! What is held of every reader, whatever it reads: it does not panic, what it finds wrong has words and points into its file, what is
//! lowered is Cedar that Cedar reads, and what is mended can be read and mended again.
//!
//! The targets of `fuzz_targets` call it with what a fuzzer makes; `tests/mutated.rs` of the package above with mutated samples.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use countersign_core::expectations;
use countersign_core::guardrails::Guardrails;
use countersign_core::iam::document;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::config::Config;
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::lint::baseline::Baseline;
use countersign_core::lint::fix::{self, Which};
use countersign_core::lint::read::form_of_text;
use countersign_core::lint::run::{Text, lint};
use countersign_core::lint::settings::Settings;
use countersign_core::loading::files;
use countersign_core::moment::{self, Moment};
use countersign_core::permissions::lower;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Problem, SourceFile};
use countersign_core::source::Memory;
use countersign_core::text::json;

static SCHEMA: LazyLock<Arc<EntitySchema>> = LazyLock::new(|| Arc::new(EntitySchema::built_in().unwrap()));
static RULES: LazyLock<RuleBook> = LazyLock::new(|| RuleBook::built_in(&SCHEMA).unwrap());

fn now() -> Moment {
    moment::parse("2026-11-01").unwrap()
}

/// A problem points into its file, and has words.
pub fn sound(problems: &[Problem]) {
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
pub fn read(path: &Path, bytes: &[u8]) {
    let name = path.file_name().unwrap().to_str().unwrap();
    file(name, bytes);
    inventory(name, bytes);
    as_text(name, bytes, |source| {
        linted(source);
        lowered(source);
        match path.extension().and_then(|e| e.to_str()) {
            Some("toml") => set(source),
            Some("cedar") => ruled(source),
            _ => drop(Baseline::parse(source)),
        }
        moment::parse(&source.text);
    });
}

/// What holds for a text; bytes that are none are told by whoever reads files.
pub fn as_text(name: &str, bytes: &[u8], holds: impl Fn(&Arc<SourceFile>)) {
    if let Ok(text) = String::from_utf8(bytes.to_vec()) {
        holds(&SourceFile::new(name, text));
    }
}

/// A file of this name, by itself.
pub fn file(name: &str, bytes: &[u8]) {
    files::file(name, bytes.to_vec()).err().iter().for_each(|p| sound(p));
}

/// A file of an inventory.
pub fn inventory(name: &str, bytes: &[u8]) {
    let memory = Memory::new("m").with(name, bytes).with("entities.json", "[{\"uid\": \"111122223333\"}]");
    match Inventory::load(&memory, SCHEMA.clone()) {
        Err(Failure::Problems(problems)) => {
            assert!(!problems.is_empty());
            sound(&problems);
        }
        Err(failure) => assert!(!failure.to_string().is_empty()),
        Ok(inventory) => sound(&inventory.warnings),
    }
}

/// Settings, expectations, a baseline, a moment.
pub fn set(source: &Arc<SourceFile>) {
    Config::parse(source).err().iter().for_each(|p| sound(p));
    Settings::parse(source, now()).err().iter().for_each(|p| sound(p));
    let mut problems = Vec::new();
    expectations::parse(source, &RULES.operations, &mut problems);
    sound(&problems);
    drop(Baseline::parse(source));
    moment::parse(&source.text);
}

/// Rules, and guardrails.
pub fn ruled(source: &Arc<SourceFile>) {
    drop(RuleBook::of_sources(vec![source.clone()], &SCHEMA));
    drop(Guardrails::of_sources(std::slice::from_ref(source), &SCHEMA));
}

/// What lint finds points into the file, and what it mends can be read and mended again.
pub fn linted(source: &Arc<SourceFile>) {
    let settings = Settings::none(now());
    let run = |source: &Arc<SourceFile>| {
        let form = form_of_text(&source.text);
        lint(&[Text { source: source.clone(), form, named: true }], &settings, None, false)
    };
    let findings = run(source).findings;
    for finding in &findings {
        let span = finding.place.span;
        assert!(span.start <= span.end && span.start <= finding.place.source.text.len(), "{}", finding.rule.code);
        assert!(!finding.message.contains('\u{fdd0}'), "{}", finding.message);
    }
    drop(fix::fix(&findings, Which::All, run));
}

/// What is read as a policy is lowered to Cedar that Cedar reads.
pub fn lowered(source: &Arc<SourceFile>) {
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
