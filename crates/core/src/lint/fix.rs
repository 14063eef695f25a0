//! Fixes: the edits of findings, applied together until nothing more can be mended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::run::LintOutcome;
use super::{Edit, Finding, Fix};
use crate::problem::SourceFile;

/// Which fixes are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that change no decision.
    Safe,
    /// All of them.
    All,
}

/// What was done to a file.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The file as it was.
    pub before: Arc<SourceFile>,
    /// The text as it is now.
    pub after: String,
    /// What each fix did, in the order in which they were applied.
    pub done: Vec<String>,
    /// The fixes that were not made.
    pub left_out: Vec<LeftOut>,
}

/// A fix that is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Whose.
    pub rule: &'static str,
    /// Of which place; `None` is all of them.
    pub pointer: Option<String>,
    /// Why.
    pub why: Why,
}

/// Why a fix is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// What comes of it is fixed again, without end.
    NeverSettles,
    /// With it, the file is not read as it was.
    Breaks,
}

/// Rounds of fixes, after which they are taken not to converge.
const MAX_ROUNDS: usize = 50;

/// Times that single fixes are left out; then all of their rules are.
const MAX_TIMES: usize = 5;

/// The rules that tell of a file, or a policy in it, that is not read.
const UNREAD: [&str; 2] = ["CS101", "CS116"];

/// Applies the fixes of open findings to the files that hold them, and again to what comes out of that. `lint` finds what
/// is left in a file. A fix that comes to no end, or after which the file is not read as before, is left out; the others are made.
pub fn fix(findings: &[Finding], which: Which, lint: impl Fn(&Arc<SourceFile>) -> LintOutcome) -> Vec<Fixed> {
    let mut sources: BTreeMap<&str, &Arc<SourceFile>> = BTreeMap::new();
    for finding in findings.iter().filter(|f| wanted(f, which, &[])) {
        sources.insert(&finding.place.source.path, &finding.place.source);
    }
    let of_file = |(path, before): (&str, &Arc<SourceFile>)| {
        let own: Vec<&Finding> = findings.iter().filter(|f| f.place.source.path == path).collect();
        let mut left_out = Vec::new();
        for times in 0.. {
            match attempt(before, &own, which, &lint, &left_out) {
                Ok((after, done)) => return Fixed { before: before.clone(), after, done, left_out },
                Err(more) if times < MAX_TIMES => left_out.extend(more),
                Err(more) => left_out.extend(more.into_iter().map(|one| LeftOut { pointer: None, ..one })),
            }
        }
        Fixed { before: before.clone(), after: before.text.clone(), done: Vec::new(), left_out }
    };
    sources.into_iter().map(of_file).collect()
}

/// The text with all fixes but those that are left out, and what they did; or what has to be left out as well.
fn attempt(
    before: &Arc<SourceFile>,
    findings: &[&Finding],
    which: Which,
    lint: &impl Fn(&Arc<SourceFile>) -> LintOutcome,
    left_out: &[LeftOut],
) -> Result<(String, Vec<String>), Vec<LeftOut>> {
    let (mut source, mut done) = (before.clone(), Vec::new());
    let mut chosen = choose(findings.iter().copied(), which, left_out);
    if chosen.is_empty() {
        return Ok((source.text.clone(), done));
    }
    let mut known = lint(&source);
    for _ in 0..MAX_ROUNDS {
        let after = with(&source, &chosen);
        let outcome = lint(&after);
        if breaks(&known, &outcome) {
            return Err(left(broken(&source, &known, &chosen, lint), Why::Breaks));
        }
        done.extend(chosen.iter().map(|c| format!("{} {}", c.rule, c.what)));
        chosen = choose(outcome.findings.iter(), which, left_out);
        source = after;
        known = outcome;
        if chosen.is_empty() {
            return Ok((source.text.clone(), done));
        }
    }
    Err(left(chosen.iter().collect(), Why::NeverSettles))
}

/// A fix of a round.
struct Chosen {
    rule: &'static str,
    pointer: String,
    what: String,
    edits: Vec<Edit>,
}

fn left(chosen: Vec<&Chosen>, why: Why) -> Vec<LeftOut> {
    chosen.into_iter().map(|c| LeftOut { rule: c.rule, pointer: Some(c.pointer.clone()), why }).collect()
}

/// Whether a file is no longer read as it was.
fn breaks(before: &LintOutcome, after: &LintOutcome) -> bool {
    let unread = |outcome: &LintOutcome| outcome.findings.iter().filter(|f| UNREAD.contains(&f.rule.code)).count();
    after.policies < before.policies || unread(after) > unread(before)
}

/// Which of the fixes of a round break the file by themselves; all of them, if none does.
fn broken<'c>(
    source: &Arc<SourceFile>,
    known: &LintOutcome,
    chosen: &'c [Chosen],
    lint: &impl Fn(&Arc<SourceFile>) -> LintOutcome,
) -> Vec<&'c Chosen> {
    let alone = |one: &&Chosen| breaks(known, &lint(&with(source, std::slice::from_ref(*one))));
    let found: Vec<&Chosen> = chosen.iter().filter(alone).collect();
    if found.is_empty() { chosen.iter().collect() } else { found }
}

fn with(source: &Arc<SourceFile>, chosen: &[Chosen]) -> Arc<SourceFile> {
    let mut edits: Vec<Edit> = chosen.iter().flat_map(|c| c.edits.iter().cloned()).collect();
    edits.sort();
    SourceFile::new(source.path.clone(), apply(&source.text, &edits))
}

fn wanted(finding: &Finding, which: Which, left_out: &[LeftOut]) -> bool {
    let is_left_out = |l: &LeftOut| {
        l.rule == finding.rule.code && l.pointer.as_ref().is_none_or(|pointer| *pointer == finding.pointer)
    };
    let is_asked_for = finding.fix.as_ref().is_some_and(|f| f.safe || which == Which::All);
    finding.is_open() && is_asked_for && !left_out.iter().any(is_left_out)
}

/// What a fix writes to a list: two of a round that write the same would have it stand there twice.
fn listed(finding: &Finding, fix: &Fix) -> Vec<(String, String)> {
    let Some((list, _)) = finding.pointer.rsplit_once('[').filter(|(_, rest)| rest.ends_with(']')) else {
        return Vec::new();
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-:.*?/".contains(c);
    let words = fix.edits.iter().flat_map(|edit| edit.text.split(|c| !is_part(c)));
    words.filter(|word| word.contains(':')).map(|word| (list.to_owned(), word.to_ascii_lowercase())).collect()
}

/// The fixes of a round: the edits of each together, and none that touches what another has changed, or writes what another has written.
fn choose<'f>(findings: impl Iterator<Item = &'f Finding>, which: Which, left_out: &[LeftOut]) -> Vec<Chosen> {
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut spans: BTreeMap<usize, usize> = BTreeMap::new();
    let mut written: BTreeSet<(String, String)> = BTreeSet::new();
    for finding in findings.filter(|f| wanted(f, which, left_out)) {
        let Some(fix) = &finding.fix else {
            continue;
        };
        // the spans that are taken do not overlap: only the last one that begins before the end of another can reach it
        let is_touched = |e: &Edit| spans.range(..=e.span.end).next_back().is_some_and(|(_, end)| *end >= e.span.start);
        let own = listed(finding, fix);
        if !fix.edits.iter().any(is_touched) && !own.iter().any(|word| written.contains(word)) {
            written.extend(own);
            spans.extend(fix.edits.iter().map(|e| (e.span.start, e.span.end)));
            chosen.push(Chosen {
                rule: finding.rule.code,
                pointer: finding.pointer.clone(),
                what: fix.what.clone(),
                edits: fix.edits.clone(),
            });
        }
    }
    chosen
}

/// A text with its edits, which are in order and do not overlap.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        result.push_str(text.get(at..edit.span.start).unwrap_or_default());
        result.push_str(&edit.text);
        at = edit.span.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}
