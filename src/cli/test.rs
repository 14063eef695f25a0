//! `test`: expectations kept in the repository.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::errors::usage;
use super::output::{self, Format, Output};
use super::{Cli, EvaluationArgs, NOT_OK, OK, Session};
use crate::report;
use crate::report::expectations::{CaseReport, title};
use countersign_core::assessment::{Options, assess};
use countersign_core::assessments::Assessments;
use countersign_core::expectations::run::run;
use countersign_core::expectations::{Expectation, SUFFIX, Suite, record};
use countersign_core::moment::{self, Moment};
use countersign_core::problem::{Failure, NothingTo};
use countersign_core::provenance::Provenance;
use countersign_core::source::digest::Files;

#[derive(Args)]
pub struct TestArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
    /// Run only expectations whose name or file contains this; may be repeated
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
    /// Also show the expectations that are met
    #[arg(long)]
    all: bool,
    /// Record what holds now as a first set to review, instead of running the existing expectations
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "recorded.expect.toml")]
    record: Option<PathBuf>,
    #[command(flatten)]
    asking: EvaluationArgs,
    /// `text`, `json` or `junit`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_tests)]
    format: Vec<Output>,
}

#[derive(Serialize)]
struct Tested<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    passed: usize,
    failed: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assuming: Vec<String>,
    expectations: &'a [CaseReport],
}

pub fn test(cli: &Cli, args: &TestArgs) -> Result<u8, Failure> {
    let session = cli.session(args.dir.as_ref(), &args.asking)?;
    if let Some(file) = &args.record {
        return write(&session, file);
    }
    let mut suite = Suite::read(session.source.as_ref(), &session.inventory.config.exclude, &session.rules.operations)?;
    output::problems(&suite.warnings);
    if suite.expectations.is_empty() {
        let (folder, suffix) = (session.source.name(), SUFFIX);
        return Err(Failure::Nothing(NothingTo::Test { folder, suffix }));
    }
    let is_named = |e: &Expectation, text: &String| title(e).contains(text) || e.place.source.path.contains(text);
    suite.expectations.retain(|e| args.filter.is_empty() || args.filter.iter().any(|text| is_named(e, text)));
    if suite.expectations.is_empty() {
        return Err(Failure::Nothing(NothingTo::TestNamed(args.filter.clone())));
    }
    let assessments = Assessments::new(&session.inventory, &session.rules);
    let cases = report::expectations::reports(&run(&suite, &assessments, &session.options)?);
    let failed = cases.iter().filter(|c| !c.passed).count();
    let mut provenance = session.provenance();
    provenance.files = Some(Files::of(suite.expectations.iter().map(|e| &e.place.source)));
    let provenance = &provenance;
    let tested = Tested {
        schema: "countersign/test/v1",
        provenance,
        passed: cases.len() - failed,
        failed,
        assuming: assumed(&session, &cases),
        expectations: &cases,
    };
    output::write_as(&args.format, |format| match format {
        Format::Junit => report::expectations::junit(&cases, provenance),
        Format::Json => output::json(&tested),
        _ => Ok(output::told(
            report::expectations::text(output::width(), &cases, &tested.assuming, args.all),
            provenance,
        )),
    })?;
    Ok(if failed == 0 { OK } else { NOT_OK })
}

/// What is taken for granted of the moments that expectations are held against (D22).
fn assumed(session: &Session, cases: &[CaseReport]) -> Vec<String> {
    let is_dated = session.inventory.config.as_of.is_some();
    let moments: BTreeSet<Moment> = cases.iter().filter_map(|case| moment::parse(&case.at)).collect();
    let of = |at: Moment| {
        let undated = session.options.undated || (!is_dated && at != session.options.at);
        Options { at, undated, ..session.options.clone() }.assumed(&session.rules)
    };
    let all: BTreeSet<String> = moments.into_iter().filter_map(of).collect();
    all.into_iter().collect()
}

fn write(session: &Session, file: &std::path::Path) -> Result<u8, Failure> {
    let path =
        if file.is_absolute() { file.to_owned() } else { std::path::Path::new(&session.source.name()).join(file) };
    if !path.to_string_lossy().ends_with(SUFFIX) {
        let message = format!("{} is not a valid name for a file of expectations", file.display());
        return Err(usage(message).help(format!("write a name that ends in {SUFFIX}")).into());
    }
    if path.exists() {
        let message = format!("{} already exists", path.display());
        return Err(usage(message).help("name another file: --record new.expect.toml").into());
    }
    let assessment = assess(&session.inventory, &session.rules, &session.options)?;
    let Some(text) = record::record(&assessment)? else {
        return Err(Failure::Nothing(NothingTo::Record));
    };
    output::replace(&path, text.as_bytes())?;
    output::note(&format!("wrote {}: review it, and keep what must hold", path.display()));
    Ok(OK)
}
