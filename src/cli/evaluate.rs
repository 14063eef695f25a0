//! `evaluate`.

mod columns;

use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::errors::usage;
use super::output::{self, Format, Output};
use super::{Cli, EvaluationArgs, NOT_OK, Narrowing, OK, Session, narrow};
use crate::report::evaluation::{Answered, evaluation};
use crate::report::{self, plain};
use countersign_core::assessment::document::Document;
use countersign_core::assessment::lines::Lines;
use countersign_core::assessment::plans::Planner;
use countersign_core::assessment::{Assessment, assess, assess_each};
use countersign_core::finding::Severity;
use countersign_core::problem::Failure;

#[derive(Args)]
pub struct EvaluateArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
    #[command(flatten)]
    asking: EvaluationArgs,
    /// `text`, `json` or `jsonl`; FORMAT=FILE writes to a file; may be repeated. `jsonl` goes alone, to stdout, as answers come; so does
    /// `parquet`, to the folder of --out. `json@v1` is JSON as the version before wrote it, for this version alone
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_evaluation)]
    format: Vec<Output>,
    /// The folder for the tables of `parquet`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
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
    let folder = columns::folder(args)?;
    // given back entity by entity, a large one would take a tenth of the run; the process ends with it
    let mut session = ManuallyDrop::new(cli.session(args.dir.as_ref(), &args.asking)?);
    let kinds = narrow::kinds(&session.inventory, &args.narrowing.agreement)?;
    let principals = narrow::principal_filter(&session, &args.narrowing.principal)?;
    let operations = narrow::operations(&session, &args.narrowing.operation)?;
    let filter = &mut session.options.filter;
    filter.principals = principals;
    filter.agreements = kinds;
    filter.operations = operations;
    if let Some(folder) = folder {
        let assessment = columns::write(&session, folder)?;
        return Ok(code(&assessment, args));
    }
    if args.format.iter().any(|o| o.format == Format::Lines) {
        let assessment = lines(&session, args)?;
        return Ok(code(&assessment, args));
    }
    // a text tells groups: principals are not kept for it
    let of_groups = !args.changes && args.format.iter().all(|output| output.format == Format::Text);
    let mut answered = Answered::default();
    let asked = (&session.inventory, &session.rules, &session.options);
    let mut assessment = ManuallyDrop::new(match of_groups {
        true => assess_each(asked.0, asked.1, asked.2, |principal| answered.add(&principal))?,
        false => assess(asked.0, asked.1, asked.2)?,
    });
    if args.changes {
        let planner = Planner::new(&session.inventory, &session.rules, &session.options);
        planner.add(&mut assessment)?;
    }
    if !of_groups {
        answered = Answered::of(&assessment.principals);
    }
    let provenance = Arc::new(session.provenance());
    assessment.provenance = Some(provenance.clone());
    let folder = session.source.name();
    let (as_of, named) = (session.inventory.config.as_of, args.asking.at.is_some());
    let undated =
        plain::day::undated(&assessment.at, as_of, named, &session.rules).map(|what| format!("Assuming: {what}."));
    if args.format.iter().any(|o| o.format == Format::JsonV1) {
        output::note(
            "Note: `json@v1` is for this version alone; `json` has a table of classes, which principals name.",
        );
    }
    output::write_as(&args.format, |format| match format {
        Format::JsonV1 => output::json(&*assessment),
        Format::Text => {
            let text = evaluation(output::width(), (&assessment, &answered), (&folder, &session.typed), args.all);
            let undated = undated.iter().map(|what| report::paragraph(output::width(), "", what));
            Ok(output::told(std::iter::once(text).chain(undated).collect(), &provenance))
        }
        _ => output::json(&Document::of(&assessment)?),
    })?;
    Ok(code(&assessment, args))
}

fn code(assessment: &Assessment, args: &EvaluateArgs) -> u8 {
    let incomplete = args.require_complete && !assessment.completeness.is_complete();
    if incomplete { NOT_OK } else { exit(assessment, args.fail_on) }
}

/// Writes JSON lines as answers come: no principal is kept. The assessment has all the rest.
fn lines(session: &Session, args: &EvaluateArgs) -> Result<Assessment, Failure> {
    if args.changes {
        return Err(usage("`jsonl` has no changes").help("leave out --changes, or write json").into());
    }
    if !matches!(args.format.as_slice(), [Output { file: None, .. }]) {
        let help = "leave out other formats and files: `--format jsonl > FILE`";
        return Err(usage("`jsonl` is written alone, to stdout").help(help).into());
    }
    let mut stdout = output::Stream::new();
    stdout.write(&Lines::header(&session.options, &session.provenance())?)?;
    let (mut lines, mut failed) = (Lines::default(), None);
    let assessment = assess_each(&session.inventory, &session.rules, &session.options, |principal| {
        if failed.is_none() {
            failed = lines.principal(&principal).and_then(|line| stdout.write(&line)).err();
        }
    })?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    for line in Lines::rest(&assessment) {
        stdout.write(&line)?;
    }
    stdout.end()?;
    Ok(assessment)
}

/// The exit code by the worst finding.
pub fn exit(assessment: &Assessment, fail_on: Option<Severity>) -> u8 {
    let fails = fail_on.is_some_and(|limit| assessment.findings.iter().any(|f| f.severity >= limit));
    if fails { NOT_OK } else { OK }
}
