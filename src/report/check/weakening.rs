//! What a change weakens of what changes are checked by, in words.

use crate::check::WeakeningReport;
use crate::report::count;
use countersign_core::promises::Weakening;

/// In a line.
pub fn summary(report: &WeakeningReport) -> String {
    match (&report.adoption, report.entries.len(), report.accepted) {
        (Some(why), ..) => format!("first adoption, nothing to hold the change to: {why}"),
        (None, 0, _) => format!("nothing is weaker than in {}", report.target),
        (None, n, true) => format!("{}, accepted from outside of the change", what(n)),
        (None, n, false) => format!("{} than in {}", what(n), report.target),
    }
}

fn what(number: usize) -> String {
    format!("{} weaker", count(number, "promise") + if number == 1 { " is" } else { " are" })
}

/// One entry, with its place.
pub fn sentence(entry: &Weakening) -> String {
    match &entry.file {
        Some(file) => format!("{file}:{}: {}", entry.line, entry.what),
        None => entry.what.clone(),
    }
}

/// What to do about them.
pub fn remedy(report: &WeakeningReport) -> String {
    let digest = report.digest.as_deref().unwrap_or_default();
    match report.accepted {
        true => format!("accepted: {digest}"),
        false => format!(
            "what {} promises still holds for this change; to accept exactly this from outside of it: --accept-change {digest}",
            report.target
        ),
    }
}

/// All of them, a sentence each, and what to do.
pub fn sentences(report: &WeakeningReport) -> Vec<String> {
    report.entries.iter().map(sentence).chain([remedy(report)]).collect()
}
