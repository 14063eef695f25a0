//! `evaluate`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::output;
use super::{Cli, EvaluationArgs, NOT_OK, Narrowing, OK, Printing, narrow};
use crate::report::{self, plain};
use countersign_core::assessment::plans::Planner;
use countersign_core::assessment::{Assessment, assess};
use countersign_core::finding::Severity;
use countersign_core::problem::Failure;

#[derive(Args)]
pub struct EvaluateArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
    #[command(flatten)]
    asking: EvaluationArgs,
    #[command(flatten)]
    printing: Printing,
    #[command(flatten)]
    narrowing: Narrowing,
    /// Show everything instead of a summary
    #[arg(long)]
    all: bool,
    /// Find what would turn each denial around, which is asked again for every one
    #[arg(long)]
    changes: bool,
    /// Exit with 1 if there is a finding of this severity or above
    #[arg(long, value_parser = super::values::severity(), value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    /// Exit with 1 if something was not collected
    #[arg(long)]
    require_complete: bool,
}

pub fn evaluate(cli: &Cli, args: &EvaluateArgs) -> Result<u8, Failure> {
    let mut session = cli.session(args.dir.as_ref(), &args.asking)?;
    let kinds = narrow::kinds(&session.inventory, &args.narrowing.agreement)?;
    let principals = narrow::principal_filter(&session, &args.narrowing.principal)?;
    let operations = narrow::operations(&session, &args.narrowing.operation)?;
    let filter = &mut session.options.filter;
    filter.principals = principals;
    filter.agreements = kinds;
    filter.operations = operations;
    let mut assessment = assess(&session.inventory, &session.rules, &session.options)?;
    if args.changes {
        let planner = Planner { inventory: &session.inventory, rules: &session.rules, options: &session.options };
        planner.add(&mut assessment)?;
    }
    let provenance = Arc::new(session.provenance());
    assessment.provenance = Some(provenance.clone());
    let folder = session.source.name();
    let (as_of, named) = (session.inventory.config.as_of, args.asking.at.is_some());
    let undated = plain::day::undated(&assessment.at, as_of, named).map(|what| format!("Assuming: {what}."));
    output::write(&args.printing.format, &assessment, &provenance, || {
        let text = report::evaluation::evaluation(output::width(), &assessment, &folder, args.all);
        let undated = undated.iter().map(|what| report::paragraph(output::width(), "", what));
        std::iter::once(text).chain(undated).collect()
    })?;
    let incomplete = args.require_complete && !assessment.completeness.is_complete();
    Ok(if incomplete { NOT_OK } else { exit(&assessment, args.fail_on) })
}

/// The exit code by the worst finding.
pub fn exit(assessment: &Assessment, fail_on: Option<Severity>) -> u8 {
    let fails = fail_on.is_some_and(|limit| assessment.findings.iter().any(|f| f.severity >= limit));
    if fails { NOT_OK } else { OK }
}
