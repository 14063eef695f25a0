//! `evaluate` and `coverage`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::history::{self, OverTime};
use super::output::{self, Output};
use super::{Cli, EvaluationArgs, NOT_OK, Narrowing, OK, Printing, narrow};
use crate::report;
use countersign_core::assessment::plans::Planner;
use countersign_core::assessment::{AccountAnswer, Assessment, assess};
use countersign_core::finding::Severity;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;

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

#[derive(Args)]
pub struct CoverageArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    pub dir: Option<PathBuf>,
    #[command(flatten)]
    pub asking: EvaluationArgs,
    /// `text` or `json`, with --history also `jsonl` and `csv`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_histories)]
    pub format: Vec<Output>,
    /// Show only these kinds of agreements
    #[arg(long, value_name = "KIND")]
    pub agreement: Vec<String>,
    /// Also show kinds that are in force for no account
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub over_time: OverTime,
    /// Exit with 1 if there is a finding of this severity or above
    #[arg(long, value_parser = super::values::severity(), value_name = "SEVERITY")]
    fail_on: Option<Severity>,
}

pub fn evaluate(cli: &Cli, args: &EvaluateArgs) -> Result<u8, Failure> {
    let mut session = cli.session(args.dir.as_ref(), &args.asking)?;
    narrow::kinds(&session.inventory, &args.narrowing.agreement)?;
    let principals = narrow::principal_filter(&session, &args.narrowing.principal)?;
    let operations = narrow::operations(&session, &args.narrowing.operation)?;
    let filter = &mut session.options.filter;
    filter.principals = principals;
    filter.agreements.clone_from(&args.narrowing.agreement);
    filter.operations = operations;
    let mut assessment = assess(&session.inventory, &session.rules, &session.options)?;
    if args.changes {
        let planner = Planner { inventory: &session.inventory, rules: &session.rules, options: &session.options };
        planner.add(&mut assessment)?;
    }
    let provenance = Arc::new(session.provenance());
    assessment.provenance = Some(provenance.clone());
    let folder = session.source.name();
    output::write(&args.printing.format, &assessment, &provenance, || {
        report::evaluation::evaluation(output::width(), &assessment, &folder, args.all)
    })?;
    let incomplete = args.require_complete && !assessment.completeness.is_complete();
    Ok(if incomplete { NOT_OK } else { exit(&assessment, args.fail_on) })
}

fn exit(assessment: &Assessment, fail_on: Option<Severity>) -> u8 {
    let fails = fail_on.is_some_and(|limit| assessment.findings.iter().any(|f| f.severity >= limit));
    if fails { NOT_OK } else { OK }
}

#[derive(Serialize)]
struct Coverage<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: &'a str,
    accounts: &'a [AccountAnswer],
}

pub fn coverage(cli: &Cli, args: &CoverageArgs) -> Result<u8, Failure> {
    if args.over_time.history {
        return history::history(cli, args);
    }
    history::only_with_history(args)?;
    if let [old, new] = args.over_time.compare.as_slice() {
        return history::compare(cli, args, old, new);
    }
    let mut session = cli.session(args.dir.as_ref(), &args.asking)?;
    narrow::kinds(&session.inventory, &args.agreement)?;
    session.options.filter.agreements.clone_from(&args.agreement);
    session.options.filter.without_principals = true;
    let assessment = assess(&session.inventory, &session.rules, &session.options)?;
    let provenance = &session.provenance();
    let json =
        Coverage { schema: "countersign/coverage/v1", provenance, at: &assessment.at, accounts: &assessment.accounts };
    output::write(&args.format, &json, provenance, || match assessment.accounts.as_slice() {
        [account] => report::coverage::account(output::width(), account, &assessment.at),
        _ => report::coverage::table(output::width(), &assessment, args.all),
    })?;
    Ok(exit(&assessment, args.fail_on))
}
