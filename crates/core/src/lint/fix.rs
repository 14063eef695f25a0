//! Fixes: the edits of findings, applied together until nothing more can be mended.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Edit, Finding};
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
}

/// Rounds of fixes, after which they are taken not to converge.
const MAX_ROUNDS: usize = 50;

/// The fixes of a file never come to an end: each makes what another undoes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeverSettles {
    /// The file.
    pub path: String,
}

impl std::fmt::Display for NeverSettles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the fixes of {} never settle: please report this", self.path)
    }
}

impl std::error::Error for NeverSettles {}

/// Applies the fixes of open findings to the files that hold them, and again to what comes out of that. `lint` finds what
/// is left in a file. An error names a file whose fixes do not come to an end, which is left as it is.
pub fn fix(
    findings: &[Finding],
    which: Which,
    lint: impl Fn(&Arc<SourceFile>) -> Vec<Finding>,
) -> Result<Vec<Fixed>, NeverSettles> {
    let mut sources: BTreeMap<&str, &Arc<SourceFile>> = BTreeMap::new();
    for finding in findings.iter().filter(|f| wanted(f, which)) {
        sources.insert(&finding.place.source.path, &finding.place.source);
    }
    let mut fixed = Vec::new();
    for (path, before) in sources {
        let own: Vec<&Finding> = findings.iter().filter(|f| f.place.source.path == path).collect();
        let (mut source, mut done) = (before.clone(), Vec::new());
        let mut edits = chosen(own.into_iter(), which, &mut done);
        let mut rounds = 0;
        while !edits.is_empty() {
            rounds += 1;
            if rounds > MAX_ROUNDS {
                return Err(NeverSettles { path: path.to_owned() });
            }
            source = SourceFile::new(path, apply(&source.text, &edits));
            edits = chosen(lint(&source).iter(), which, &mut done);
        }
        fixed.push(Fixed { before: before.clone(), after: source.text.clone(), done });
    }
    Ok(fixed)
}

fn wanted(finding: &Finding, which: Which) -> bool {
    finding.is_open() && finding.fix.as_ref().is_some_and(|f| f.safe || which == Which::All)
}

/// The edits of a round: those of each finding together, and none that touches what another has changed.
fn chosen<'f>(findings: impl Iterator<Item = &'f Finding>, which: Which, done: &mut Vec<String>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for finding in findings.filter(|f| wanted(f, which)) {
        let Some(fix) = &finding.fix else {
            continue;
        };
        let touches = |one: &Edit, other: &Edit| one.span.start <= other.span.end && other.span.start <= one.span.end;
        if !fix.edits.iter().any(|e| edits.iter().any(|o| touches(e, o))) {
            edits.extend(fix.edits.iter().cloned());
            done.push(format!("{} {}", finding.rule.code, fix.what));
        }
    }
    edits.sort();
    edits
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
