//! SARIF 2.1.0: for code scanning.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, Location, LogicalLocation, Message, MultiformatMessageString, PhysicalLocation, Region,
    ReportingConfiguration, ReportingDescriptor, ResultLevel, Run, Sarif, Suppression, Tool, ToolComponent,
};

use super::{Report, region};
use crate::lint::{Finding, Rule, Severity, Suppressed, rules};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// What stands as it is in a path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The SARIF of a report.
pub fn sarif(report: &Report) -> Sarif {
    let driver = ToolComponent::builder()
        .name("countersign")
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .information_uri(HOME)
        .rules(rules::all().iter().map(|r| descriptor(r)).collect::<Vec<_>>())
        .build();
    let results = report.findings.iter().zip(&report.fingerprints).map(|(f, print)| result(f, print));
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .column_kind(json!("utf16CodeUnits"))
        .results(results.collect::<Vec<_>>())
        .build();
    Sarif::builder().schema(SCHEMA).version(json!("2.1.0")).runs(vec![run]).build()
}

fn descriptor(rule: &Rule) -> ReportingDescriptor {
    let page = rule.page.to_owned();
    let level =
        ReportingConfiguration::builder().level(json!(level_word(rule.severity))).enabled(!rule.opinion).build();
    ReportingDescriptor::builder()
        .id(rule.code)
        .name(rule.name)
        .short_description(MultiformatMessageString::builder().text(rule.summary()).build())
        .help(MultiformatMessageString::builder().text(page.clone()).markdown(page).build())
        .help_uri(format!("{HOME}/blob/main/docs/rules/{}.md", rule.code))
        .default_configuration(level)
        .build()
}

fn level_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(finding: &Finding, fingerprint: &str) -> serde_sarif::sarif::Result {
    let level = match finding.severity {
        Severity::Error => ResultLevel::Error,
        Severity::Warning => ResultLevel::Warning,
        Severity::Info => ResultLevel::Note,
    };
    let index = rules::all().iter().position(|r| r.code == finding.rule.code).and_then(|i| i64::try_from(i).ok());
    let prints = BTreeMap::from([("countersign/v1".to_owned(), fingerprint.to_owned())]);
    let text = format!("{}. {}", finding.message, finding.help);
    serde_sarif::sarif::Result::builder()
        .rule_id(finding.rule.code)
        .rule_index(index.unwrap_or(-1))
        .level(level)
        .message(Message::builder().text(text).build())
        .locations(vec![location(finding)])
        .partial_fingerprints(prints)
        .suppressions(suppressions(finding))
        .build()
}

fn location(finding: &Finding) -> Location {
    let [line, column, end_line, end_column] =
        region(finding, |text| text.encode_utf16().count()).map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let region =
        Region::builder().start_line(line).start_column(column).end_line(end_line).end_column(end_column).build();
    let uri = utf8_percent_encode(&finding.place.source.path, PATH).to_string();
    let physical = PhysicalLocation::builder()
        .artifact_location(ArtifactLocation::builder().uri(uri).build())
        .region(region)
        .build();
    let logical = LogicalLocation::builder().fully_qualified_name(finding.pointer.clone()).build();
    let logical = if finding.pointer.is_empty() { Vec::new() } else { vec![logical] };
    Location::builder().physical_location(physical).logical_locations(logical).build()
}

fn suppressions(finding: &Finding) -> Vec<Suppression> {
    let words = match &finding.suppressed {
        None => return Vec::new(),
        Some(Suppressed::Ignored(reason)) => reason.clone(),
        Some(Suppressed::Baseline) => "in the baseline".to_owned(),
    };
    vec![Suppression::builder().kind(json!("external")).justification(words).build()]
}
