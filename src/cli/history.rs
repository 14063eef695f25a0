//! `coverage` over time: `--history`, which agreement governed each account, and when; `--compare`, what changed since an export.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::coverage::CoverageArgs;
use super::errors::usage;
use super::output::{self, Format};
use super::{Cli, EvaluationArgs, NOT_OK, OK, Session, diff, narrow, parse_moment};
use crate::report;
use crate::report::table::Table;
use countersign_core::diff as differences;
use countersign_core::history::{Gap, Held, History, Interval, Query, history as told};
use countersign_core::moment;
use countersign_core::problem::{Failure, NothingTo};
use countersign_core::provenance::Provenance;

/// What of `coverage` is about more than one moment.
#[derive(Args)]
pub struct OverTime {
    /// Show coverage over time: intervals, the events at their edges, gaps
    #[arg(long, conflicts_with_all = ["at", "fail_on"])]
    pub history: bool,
    /// With --history, leave out what ended by this date or RFC 3339 time [default: the beginning]
    #[arg(long, value_name = "TIME", requires = "history")]
    pub from: Option<String>,
    /// With --history, the last moment [default: `asOf` in countersign.toml, else now]
    #[arg(long, value_name = "TIME", requires = "history")]
    pub to: Option<String>,
    /// Show what changed between two exports, coverage and findings alone: exit with 1 if an agreement is lost, or may be
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["history", "fail_on", "dir"])]
    pub compare: Vec<PathBuf>,
    /// With --history, exit with 1 if there is a gap while an account held PHI, or may have, or if accounts were not all listed
    #[arg(long, requires = "history")]
    pub fail_on_phi_gap: bool,
}

/// The formats that differ between what is asked at one moment, over time, and of two exports.
pub fn has_formats(args: &CoverageArgs) -> Result<(), Failure> {
    let asked = |format: Format| args.format.iter().any(|o| o.format == format);
    let (history, compare) = (args.over_time.history, !args.over_time.compare.is_empty());
    if asked(Format::Lines) && !history {
        return Err(usage("`jsonl` is a format of --history").help("add --history, or write json").into());
    }
    if asked(Format::Markdown) && (history || compare) {
        let with = if history { "--history" } else { "--compare" };
        let others = if history { "write text, json, jsonl or csv" } else { "write text or json" };
        return Err(usage(format!("`markdown` is no format of {with}")).help(others).into());
    }
    if asked(Format::Csv) && compare {
        return Err(usage("`csv` is no format of --compare").help("write text or json").into());
    }
    Ok(())
}

pub fn history(cli: &Cli, args: &CoverageArgs) -> Result<u8, Failure> {
    let session = cli.session(args.dir.as_ref(), &args.asking)?;
    if args.over_time.fail_on_phi_gap {
        has_accounts(&session)?;
    }
    let kinds = narrow::kinds(&session.inventory, &args.agreement)?;
    let moment = |text: &Option<String>| text.as_deref().map(parse_moment).transpose();
    let (from, to) = (moment(&args.over_time.from)?, moment(&args.over_time.to)?.unwrap_or(session.options.at));
    if from.is_some_and(|from| from > to) {
        return Err(usage("--from is later than --to").help("name the earlier moment with --from").into());
    }
    let of_phi = session.rules.hipaa_kinds();
    if args.over_time.fail_on_phi_gap && !kinds.is_empty() && !kinds.iter().any(|kind| of_phi.contains(kind)) {
        let problem =
            usage(format!("--fail-on-phi-gap is about {}", of_phi.iter().cloned().collect::<Vec<_>>().join(", ")));
        return Err(problem.help("leave out --agreement, or name one of them").into());
    }
    let query = Query { from, to, accounts: session.options.filter.accounts.clone(), kinds };
    let mut found = told(&session.inventory, &session.rules, &query)?;
    // no moment is told of alone
    found.assuming.extend(report::plain::day::undated("", session.inventory.config.as_of, true, &session.rules));
    let provenance = Arc::new(session.provenance().at(to, session.inventory.config.as_of));
    found.provenance = Some(provenance.clone());
    output::beside(&args.format, &provenance);
    output::aside(&args.format, &report::plain::coverage::unlisted(&found.accounts_not_listed_of));
    output::write_as(&args.format, |format| match format {
        Format::Text => {
            let text = report::history::text(output::width(), &found, args.all);
            Ok(output::told(text, &provenance))
        }
        Format::Csv => Ok(others(report::history::table(&found), &found).csv()),
        Format::Lines => lines(&found),
        _ => output::json(&found),
    })?;
    // an account that nobody listed may hold PHI
    let unlisted = !found.accounts_not_listed_of.is_empty();
    let mut gaps = found.accounts.iter().flat_map(|a| &a.agreements).flat_map(|k| &k.gaps);
    let fails = args.over_time.fail_on_phi_gap && (unlisted || gaps.any(is_of_phi));
    Ok(if fails { NOT_OK } else { OK })
}

/// The rows of a history with those of accounts that were not listed.
fn others(table: Table, found: &History) -> Table {
    let kinds = found.accounts.iter().flat_map(|a| &a.agreements).map(|row| row.kind.as_str());
    let kinds: BTreeSet<&str> = kinds.chain(found.hipaa_kinds.iter().map(String::as_str)).collect();
    report::rows::others(table, &found.accounts_not_listed_of, &kinds, "kind")
}

/// What the second export lost and gained since the first: coverage and findings. Nothing is asked about principals. Each export is asked
/// at the moment of its own snapshot: what ended between the two is lost, though the first export records the end itself.
pub fn compare(cli: &Cli, args: &CoverageArgs, old: &Path, new: &Path) -> Result<u8, Failure> {
    let diff::Compared { base, head, .. } = diff::Compared::folders(old, new);
    let (base_name, head_name) = (base.name.clone(), head.name.clone());
    let read = cli.deciding(head.files.as_ref())?;
    let mut head = cli.session_of(head.files, &args.asking, read, None)?;
    let mut base = diff::base(cli, base, &EvaluationArgs { at: None, ..args.asking.clone() }, &head)?;
    base.options.at = base.inventory.config.as_of.unwrap_or(head.options.at);
    head.warn();
    has_accounts(&base)?;
    in_order((&base, &base_name), (&head, &head_name))?;
    let accounts = base.options.filter.accounts.clone();
    let kinds = narrow::kinds_of_either(&base.inventory, &head.inventory, &args.agreement)?;
    for session in [&mut base, &mut head] {
        session.options.filter.without_principals = true;
        session.options.filter.accounts.clone_from(&accounts);
        session.options.filter.agreements.clone_from(&kinds);
    }
    let [old, new] = [&base, &head].map(|session| {
        let Session { inventory, options, .. } = session;
        differences::Side { inventory, options }
    });
    let mut found = differences::coverage(&old, &new, &base.rules)?;
    differences::judge_all(&mut found, [&old, &new], &base.rules, (false, None))?;
    found.assuming = undated((&base, &base_name), (&head, &head_name), args.asking.at.is_some());
    let (rules, files) = (base.provenance().rules, base.inventory.files.clone());
    let provenance = Arc::new(Provenance { rules, base: Some(files), ..head.provenance() });
    found.provenance = Some(provenance.clone());
    output::write(&args.format, &found, &provenance, || {
        report::diff::text(output::width(), &found, (&base_name, &head_name), args.all)
    })?;
    Ok(if found.verdict.loses_coverage() { NOT_OK } else { OK })
}

/// Nothing passes that has no accounts to ask about.
fn has_accounts(session: &Session) -> Result<(), Failure> {
    match session.inventory.of_type("Account").next() {
        Some(_) => Ok(()),
        None => Err(Failure::Nothing(NothingTo::CheckAccounts(session.source.name()))),
    }
}

/// Two exports the wrong way round would tell losses as gains.
fn in_order((base, old): (&Session, &str), (head, new): (&Session, &str)) -> Result<(), Failure> {
    let (from, to) = (base.options.at, head.options.at);
    if from <= to {
        return Ok(());
    }
    let when = |at| report::plain::day::when(&moment::format(at));
    let message = format!("{old} is asked about {}, and {new} about {}, which is earlier", when(from), when(to));
    Err(usage(message)
        .help("name the older export first: each is asked at its own moment (asOf in countersign.toml)")
        .into())
}

/// What is taken for granted of the moments: an export that does not say when it was collected is asked at that of the other, or now.
fn undated((base, old): (&Session, &str), (head, new): (&Session, &str), named: bool) -> Vec<String> {
    let when = |at| report::plain::day::when(&moment::format(at));
    let mut told = Vec::new();
    if base.inventory.config.as_of.is_none() {
        told.push(format!(
            "{old} does not say when it was collected (asOf): it is asked about {}, and what had ended by then is not told as lost",
            when(base.options.at)
        ));
    }
    match head.inventory.config.as_of {
        None if named => told.push(format!(
            "{new} does not say when it was collected (asOf): it is asked about {}",
            when(head.options.at)
        )),
        None => told.push(format!(
            "{new} does not say when it was collected (asOf): it is asked about now, {}",
            when(head.options.at)
        )),
        Some(as_of) if as_of != head.options.at => {
            told.push(format!("what {new} tells without a date is that of its snapshot of {}", when(as_of)))
        }
        Some(_) => {}
    }
    told
}

fn is_of_phi(gap: &Gap) -> bool {
    gap.phi.is_some_and(|held| held != Held::No)
}

/// A line an interval.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    schema: &'static str,
    account: &'a str,
    name: &'a Option<String>,
    kind: &'a str,
    #[serde(flatten)]
    interval: &'a Interval,
}

/// The line before them: what was asked, and what it was made from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    schema: &'static str,
    provenance: Option<&'a Provenance>,
    from: &'a Option<String>,
    to: &'a str,
    assuming: &'a [String],
}

/// What it was made from, then a line an interval.
fn lines(found: &History) -> Result<String, Failure> {
    let schema = "countersign/history-lines/v1";
    let head = Head {
        schema,
        provenance: found.provenance.as_deref(),
        from: &found.from,
        to: &found.to,
        assuming: &found.assuming,
    };
    let mut text = vec![line(&head)?];
    for account in &found.accounts {
        for row in &account.agreements {
            for interval in &row.intervals {
                let (account, name, kind) = (&account.account, &account.name, &row.kind);
                text.push(line(&Line { schema: "countersign/history-line/v1", account, name, kind, interval })?);
            }
        }
    }
    Ok(text.join("\n"))
}

fn line(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(Failure::internal("JSON"))
}
