//! For people: each finding with its source frame, then a summary.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::FindingsReport;
use crate::report::excerpt::{Excerpt, sentence};
use crate::report::{bold, border, count, dim};
use countersign_core::lint::{Finding, Suppressed};

/// A finding as it is drawn.
#[derive(Debug)]
struct Drawn {
    code: String,
    message: String,
    help: String,
    severity: miette::Severity,
    excerpt: Excerpt,
}

impl Drawn {
    fn new(finding: &Finding) -> Self {
        let severity = match finding.severity {
            countersign_core::finding::Severity::Error => miette::Severity::Error,
            countersign_core::finding::Severity::Warning => miette::Severity::Warning,
            countersign_core::finding::Severity::Info => miette::Severity::Advice,
        };
        let fix = finding.fix.as_ref().map(|f| {
            let option = if f.safe { "--fix" } else { "--unsafe-fixes" };
            format!("\n{option} {}", f.what)
        });
        Self {
            code: format!("{} {}", finding.rule.code, finding.rule.name),
            message: sentence(&finding.message).into_owned(),
            help: sentence(&format!("{}{}{}", finding.help, uses(finding), fix.unwrap_or_default())).into_owned(),
            severity,
            excerpt: Excerpt::new(&finding.place),
        }
    }
}

impl std::fmt::Display for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl Diagnostic for Drawn {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.excerpt.label(None))))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }
}

/// What a finding is in; of one in a module, what uses that, the first of several.
fn uses(finding: &Finding) -> String {
    match finding.uses.as_slice() {
        [] => finding.address().map(|address| format!("\nin {address}")).unwrap_or_default(),
        [only] => format!("\nused as {only}"),
        [first, others @ ..] => format!("\nused as {first} and in {}", count(others.len(), "other place")),
    }
}

/// The text of a report.
pub fn text(width: usize, report: &FindingsReport<'_>) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_width(width).with_links(false);
    for finding in report.open() {
        let mut one = String::new();
        if handler.render_report(&mut one, &Drawn::new(finding)).is_err() {
            one = format!("{}: {}\n", finding.rule.code, sentence(&finding.message));
        }
        text.push_str(&border::drawn(&one));
        text.push('\n');
    }
    text.push_str(&summary(report));
    text
}

fn summary(report: &FindingsReport<'_>) -> String {
    let mut lines = vec![format!("{} {}", bold(&report.counts()), dim(&format!("· {}", report.read())))];
    let fixes = |safe: bool| report.open().filter(|f| f.fix.as_ref().is_some_and(|x| x.safe == safe)).count();
    let (safe, unsafe_) = (fixes(true), fixes(false));
    let mut mended = Vec::new();
    if safe > 0 {
        mended.push(format!("{safe} can be fixed with --fix"));
    }
    if unsafe_ > 0 {
        let verb = if safe > 0 { "" } else { "can be fixed " };
        mended.push(format!("{unsafe_} {verb}with --unsafe-fixes, which changes what is granted"));
    }
    if !mended.is_empty() {
        lines.push(mended.join(", "));
    }
    let ignored = report.findings.iter().filter(|f| matches!(f.suppressed, Some(Suppressed::Ignored(_)))).count();
    let known = report.findings.iter().filter(|f| f.suppressed == Some(Suppressed::Baseline)).count();
    let mut besides = Vec::new();
    if ignored > 0 {
        besides.push(format!("{} ignored, with a reason", count(ignored, "finding")));
    }
    if known > 0 {
        besides.push(format!("{} in the baseline", count(known, "finding")));
    }
    if report.passed_over > 0 {
        besides.push(format!("{} without a policy skipped", count(report.passed_over, "file")));
    }
    if !besides.is_empty() {
        lines.push(dim(&besides.join("; ")));
    }
    lines.join("\n") + "\n"
}
