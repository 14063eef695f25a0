//! `what-if`: what a change would do to coverage and to permissions, and what to do before it.

mod changes;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::output::{Format, Output};
use super::{Cli, EvaluationArgs, NOT_OK, OK, output};
use crate::report;
use changes::Changes;
use countersign_core::diff::{self, Diff};
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;
use countersign_core::what_if;
use countersign_core::what_if::able::{self, Unmade};
use countersign_core::what_if::advice::Advice;
use countersign_core::what_if::between::Between;

#[derive(Args)]
pub struct WhatIfArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    /// Exit with 1 unless this holds after the changes; may be repeated
    #[arg(long, value_enum, value_name = "WHAT")]
    expect: Vec<Expect>,
    /// Show every name and every difference
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    asking: EvaluationArgs,
    /// `text`, `json` or `markdown`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_what_if)]
    format: Vec<Output>,
}

/// What must hold after a change.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Expect {
    /// No account loses an agreement, or may lose one
    NoneUncovered,
    /// Nobody may do something that they may not do without the changes
    NoNewAccess,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WhatIf<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: &'a str,
    what_if: Vec<String>,
    advice: &'a [Advice],
    uncovered_between: &'a [Between],
    unmade: &'a [Unmade],
    difference: &'a Diff,
}

pub fn what_if(cli: &Cli, args: &WhatIfArgs) -> Result<u8, Failure> {
    let session = cli.session(args.dir.as_ref(), &args.asking)?;
    let changes = args.changes.read(&session.inventory)?;
    let (inventory, options) = (&session.inventory, &session.options);
    let after = what_if::apply(inventory, &session.rules, &changes, options.at)?;
    let [old, new] = [inventory, &after].map(|inventory| diff::Side { inventory, options });
    let mut found = diff::diff(&old, &new, &session.rules)?;
    diff::judge_all(&mut found, [&old, &new], &session.rules, (true, None))?;
    let told = what_if::consequences((inventory, &after), &session.rules, &changes, options.at)?;
    let unmade = able::unmade(inventory, &session.rules, &changes, options)?;
    let unmade = able::all(unmade, told.refused.clone());
    let provenance = Arc::new(session.provenance());
    let json = WhatIf {
        schema: "countersign/what-if/v1",
        provenance: &provenance,
        at: &found.at,
        what_if: changes.iter().map(ToString::to_string).collect(),
        advice: &told.advice,
        uncovered_between: &told.uncovered_between,
        unmade: &unmade,
        difference: &found,
    };
    let besides = (told.advice.as_slice(), told.uncovered_between.as_slice(), unmade.as_slice());
    output::write_as(&args.format, |format| match format {
        Format::Text => {
            let text = report::what_if::text(output::width(), &changes, &found, besides, args.all);
            Ok(output::told(text, &provenance))
        }
        Format::Markdown => Ok(output::told_below(report::what_if::markdown(&changes, &found, besides), &provenance)),
        _ => output::json(&json),
    })?;
    let (lost, gap) = (found.verdict.loses_coverage(), &told.uncovered_between);
    let holds = |expected: &Expect| match expected {
        Expect::NoneUncovered => !lost && gap.is_empty() && unmade.is_empty(),
        Expect::NoNewAccess => !found.verdict.access_widens && !found.verdict.access_is_unknown,
    };
    Ok(if args.expect.iter().all(holds) { OK } else { NOT_OK })
}
