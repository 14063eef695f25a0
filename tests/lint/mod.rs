//! Lint: every rule by its own page, the published policies, where policies stand, the fixes, the command.

mod access_analyzer;
mod bare;
mod cases;
mod catalogue;
mod command;
mod computed;
mod constructs;
mod directives;
mod elsewhere;
mod expressions;
mod filled;
mod fixes;
mod found;
mod management;
mod manifests;
mod merged;
mod modules;
mod pages;
mod permissions;
mod principals;
mod profiles;
mod reached;
mod read;
mod repeated;
mod slips;
mod styles;
mod terraform_json;
mod values;
mod whom;
mod written;

use std::collections::BTreeSet;

use countersign_core::lint::read::{Form, form};
use countersign_core::lint::run::{self, LintOutcome, Text};
use countersign_core::lint::settings::Settings;
use countersign_core::lint::{Finding, Severity};
use countersign_core::moment;
use countersign_core::problem::SourceFile;

/// What is found in a file of this name, by the settings that nobody changed.
fn findings(name: &str, text: &str) -> Vec<Finding> {
    lint(&[Example::new(name, text)], &settings("")).findings
}

fn errors(found: &[Finding]) -> Vec<String> {
    told(&found.iter().filter(|f| f.severity == Severity::Error).cloned().collect::<Vec<_>>())
}

/// A file of an example.
#[derive(Debug)]
struct Example {
    name: String,
    text: String,
}

impl Example {
    fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    fn text(&self) -> Text {
        Text {
            source: SourceFile::new(self.name.clone(), self.text.clone()),
            form: form(&self.name).unwrap_or(Form::Json),
            named: true,
        }
    }
}

fn settings(toml: &str) -> Settings {
    let at = moment::parse("2026-11-21").unwrap();
    let source = SourceFile::new("countersign.toml", toml);
    Settings::parse(&source, at).unwrap_or_else(|problems| panic!("{toml}: {problems:?}"))
}

/// The settings among the files of an example.
fn settings_of(examples: &[Example]) -> Settings {
    settings(examples.iter().find(|e| e.name == "countersign.toml").map_or("", |e| e.text.as_str()))
}

fn lint(examples: &[Example], settings: &Settings) -> LintOutcome {
    let files = examples.iter().filter(|e| e.name != "countersign.toml");
    run::lint(&files.map(Example::text).collect::<Vec<_>>(), settings, None, true)
}

/// What counts, in words: code, file, pointer, the words at fault, the message.
fn told(findings: &[Finding]) -> Vec<String> {
    let one = |f: &Finding| {
        let words = f.place.source.slice(f.place.span);
        format!("{} {} {} `{words}`: {}", f.rule.code, f.place.source.path, f.pointer, f.message)
    };
    findings.iter().filter(|f| f.is_open()).map(one).collect()
}

/// What is said of a policy, by these settings.
pub fn messages(document: &str, toml: &str) -> Vec<String> {
    let found = lint(&[Example::new("policy.json", document)], &settings(toml)).findings;
    found.into_iter().filter(Finding::is_open).map(|f| f.message).collect()
}

fn codes(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().filter(|f| f.is_open()).map(|f| f.rule.code).collect()
}

/// The blocks of a section of a rule's page.
fn examples(page: &str, section: &str) -> Vec<Example> {
    let heading = format!("## {section}");
    let lines = page.lines().skip_while(|l| *l != heading).skip(1).take_while(|l| !l.starts_with("## "));
    let mut examples: Vec<Example> = Vec::new();
    let mut open: Option<Example> = None;
    for line in lines {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(info), None) => {
                let (language, file) = info.split_once(" file=").map_or((info, None), |(l, f)| (l, Some(f)));
                let end = if language == "hcl" { "tf" } else { language };
                open = Some(Example::new(file.map_or_else(|| format!("policy.{end}"), str::to_owned), ""));
            }
            (Some(_), Some(_)) => examples.extend(open.take()),
            (None, Some(example)) => example.text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    examples
}
