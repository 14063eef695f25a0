//! SARIF 2.1.0: for code scanning.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, Location, LogicalLocation, Message, MultiformatMessageString, PhysicalLocation, PropertyBag,
    Region, ReportingConfiguration, ReportingDescriptor, ResultLevel, Run, Sarif, Suppression, Tool, ToolComponent,
};

use super::{Entry, Unit};
use countersign_core::lint::{Rule, Severity, Suppressed, rules};
use countersign_core::provenance::Provenance;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// What stands as it is in a path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A rule as SARIF describes it.
pub struct Described {
    /// What results name it by.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is about, in a sentence.
    pub summary: String,
    /// Everything that is said of it, in Markdown.
    pub help: String,
    /// Where that stands, if it stands anywhere.
    pub uri: Option<String>,
    /// How bad what it finds is.
    pub severity: Severity,
    /// It is on unless it is switched off.
    pub enabled: bool,
}

/// The rules of lint.
pub fn rules_of_lint() -> Vec<Described> {
    let described = |rule: &&'static Rule| Described {
        id: rule.code.to_owned(),
        name: rule.name.to_owned(),
        summary: rule.summary().to_owned(),
        help: rule.page.to_owned(),
        uri: Some(format!("{HOME}/blob/main/docs/rules/{}.md", rule.code)),
        severity: rule.severity,
        enabled: !rule.opinion,
    };
    rules::all().iter().map(described).collect()
}

/// The SARIF of findings, and of the rules that found them.
pub fn sarif(rules: &[Described], entries: &[Entry], provenance: &Provenance) -> Sarif {
    let driver = ToolComponent::builder()
        .name("countersign")
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .information_uri(HOME)
        .rules(rules.iter().map(descriptor).collect::<Vec<_>>())
        .build();
    let results = entries.iter().map(|e| result(e, rules));
    let told = BTreeMap::from([("provenance".to_owned(), json!(provenance))]);
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .column_kind(json!("utf16CodeUnits"))
        .properties(PropertyBag::builder().additional_properties(told).build())
        .results(results.collect::<Vec<_>>())
        .build();
    Sarif::builder().schema(SCHEMA).version(json!("2.1.0")).runs(vec![run]).build()
}

fn descriptor(rule: &Described) -> ReportingDescriptor {
    let level = ReportingConfiguration::builder().level(json!(level_word(rule.severity))).enabled(rule.enabled).build();
    let help = MultiformatMessageString::builder().text(rule.help.clone()).markdown(rule.help.clone()).build();
    let mut descriptor = ReportingDescriptor::builder()
        .id(rule.id.clone())
        .name(rule.name.clone())
        .short_description(MultiformatMessageString::builder().text(rule.summary.clone()).build())
        .help(help)
        .default_configuration(level)
        .build();
    descriptor.help_uri.clone_from(&rule.uri);
    descriptor
}

fn level_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(finding: &Entry, rules: &[Described]) -> serde_sarif::sarif::Result {
    let level = match finding.severity {
        Severity::Error => ResultLevel::Error,
        Severity::Warning => ResultLevel::Warning,
        Severity::Info => ResultLevel::Note,
    };
    let index = rules.iter().position(|r| r.id == finding.code).and_then(|i| i64::try_from(i).ok());
    let prints = BTreeMap::from([("countersign/v1".to_owned(), finding.fingerprint.clone())]);
    let text = format!("{}. {}", finding.message, finding.help);
    serde_sarif::sarif::Result::builder()
        .rule_id(finding.code.clone())
        .rule_index(index.unwrap_or(-1))
        .level(level)
        .message(Message::builder().text(text).build())
        .locations(vec![location(finding)])
        .partial_fingerprints(prints)
        .suppressions(suppressions(finding))
        .build()
}

fn location(finding: &Entry) -> Location {
    let [line, column, end_line, end_column] =
        finding.region(Unit::Utf16).map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let region =
        Region::builder().start_line(line).start_column(column).end_line(end_line).end_column(end_column).build();
    let uri = utf8_percent_encode(&finding.file, PATH).to_string();
    let physical = PhysicalLocation::builder()
        .artifact_location(ArtifactLocation::builder().uri(uri).build())
        .region(region)
        .build();
    // a path in the file, or what the place is in
    let name = Some(finding.pointer.clone()).filter(|p| !p.is_empty()).or_else(|| finding.address.clone());
    let named = |name| LogicalLocation::builder().fully_qualified_name(name).build();
    let logical: Vec<LogicalLocation> = name.into_iter().map(named).collect();
    Location::builder().physical_location(physical).logical_locations(logical).build()
}

fn suppressions(finding: &Entry) -> Vec<Suppression> {
    let words = match &finding.suppressed {
        None => return Vec::new(),
        Some(Suppressed::Ignored(reason)) => reason.clone(),
        Some(Suppressed::Baseline) => "in the baseline".to_owned(),
    };
    vec![Suppression::builder().kind(json!("external")).justification(words).build()]
}
