//! `coverage`.

use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::evaluate::exit;
use super::history::{self, OverTime};
use super::output::{self, Output};
use super::{Cli, EvaluationArgs, Session, day, narrow};
use crate::report;
use crate::report::coverage::More;
use crate::report::plain::coverage::Told;
use crate::report::plain::{self, Names};
use countersign_core::assessment::{AccountAnswer, AgreementAnswer, Assessment, assess};
use countersign_core::finding::Severity;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;
use countersign_core::terms;

#[derive(Args)]
pub struct CoverageArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    pub dir: Option<PathBuf>,
    #[command(flatten)]
    pub asking: EvaluationArgs,
    /// `text`, `json`, `csv` or `markdown`, with --history also `jsonl`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_coverage)]
    pub format: Vec<Output>,
    /// Show only these agreements, by kind or by what people call them: baa, "HIPAA BAA"
    #[arg(long, value_name = "KIND")]
    pub agreement: Vec<String>,
    /// Show only accounts that no BAA is known to cover, or that lack one of the agreements of `--agreement`
    #[arg(long, conflicts_with_all = ["history", "compare"])]
    without_cover: bool,
    /// Show only accounts that hold PHI, or of which that is not known
    #[arg(long, conflicts_with_all = ["history", "compare"])]
    holding_phi: bool,
    /// Also show kinds that are in force for no account
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub over_time: OverTime,
    /// Also show the policies that decided
    #[arg(long)]
    explain: bool,
    /// Exit with 1 if there is a finding of this severity or above
    #[arg(long, value_parser = super::values::severity(), value_name = "SEVERITY")]
    fail_on: Option<Severity>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Coverage<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: &'a str,
    /// What accounts were narrowed to.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    only: &'a [&'static str],
    /// What the facts beside the agreements take for granted.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    assuming: &'a [String],
    accounts: &'a [AccountAnswer],
    /// Organizations that may have other accounts: these were not all listed.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    accounts_not_listed_of: &'a [String],
}

pub fn coverage(cli: &Cli, args: &CoverageArgs) -> Result<u8, Failure> {
    history::has_formats(args)?;
    if args.over_time.history {
        return history::history(cli, args);
    }
    if let [old, new] = args.over_time.compare.as_slice() {
        return history::compare(cli, args, old, new);
    }
    // the process ends with it: a large one is not given back entity by entity
    let mut session = ManuallyDrop::new(cli.session(args.dir.as_ref(), &args.asking)?);
    let kinds = narrow::kinds(&session.inventory, &args.agreement)?;
    session.options.filter.agreements.clone_from(&kinds);
    session.options.filter.without_principals = true;
    session.options.filter.answers_alone = args.fail_on.is_none();
    let mut assessment = assess(&session.inventory, &session.rules, &session.options)?;
    let names = Names::new(&session.inventory);
    let of_all = plain::coverage::all(&assessment, names, &kinds, Told::of(&session.options.filter.accounts));
    let asked = assessment.accounts.len();
    // said of all, whichever accounts are shown
    let assumed = if asked > 1 { plain::coverage::assumed(&assessment, names) } else { Vec::new() };
    let only = narrowed(args, &kinds, &mut assessment);
    let unlisted = not_listed(&session, &assessment);
    let mut sentences = of_all;
    let of_phi = if kinds.is_empty() { session.rules.hipaa_kinds().iter().cloned().collect() } else { kinds.clone() };
    let one = asked == 1 && assessment.accounts.len() == 1;
    let mut besides = day::coverage(&session, if one { &kinds } else { &of_phi })?;
    let named = args.asking.at.is_some();
    let undated = plain::day::undated(&assessment.at, session.inventory.config.as_of, named, &session.rules);
    besides.extend(undated.iter().map(|what| plain::stopped(&format!("Assuming: {what}"))));
    sentences.extend(besides.iter().cloned());
    sentences.extend(assumed);
    if args.holding_phi {
        sentences.push(plain::coverage::by_tags(&session.inventory));
    }
    sentences.extend(plain::coverage::unlisted(&unlisted));
    if !only.is_empty() {
        sentences.push(shown(&assessment, asked, &only));
    }
    let more = More { all: args.all, explain: args.explain, narrowed: !only.is_empty(), asked: !kinds.is_empty() };
    let provenance = &session.provenance();
    let (at, accounts) = (&assessment.at, assessment.accounts.as_slice());
    let assuming = undated.as_slice();
    let json = Coverage {
        schema: "countersign/coverage/v1",
        provenance,
        at,
        only: &only,
        assuming,
        accounts,
        accounts_not_listed_of: &unlisted,
    };
    let widths = (output::width(), output::table_width());
    let explained = |row: &AgreementAnswer| behind(&session, row);
    let text = || match accounts {
        [account] if asked == 1 => {
            let names = (names, besides.as_slice(), session.inventory.eligible.as_ref());
            report::coverage::account(widths.0, &assessment, account, names, (more, &explained))
        }
        _ => report::coverage::table(widths, &assessment, more, &sentences),
    };
    let shows = |kind: &str| only.is_empty() || more.of_few(assessment.hipaa_kinds.contains(kind));
    let shown = accounts.iter().flat_map(|a| &a.agreements).map(|r| r.kind.as_str()).filter(|kind| shows(kind));
    let shown: std::collections::BTreeSet<&str> = shown.chain(of_phi.iter().map(String::as_str)).collect();
    let rows = || {
        let listed = report::rows::coverage(accounts, undated.as_ref(), shows);
        report::rows::others(listed, &unlisted, &shown, "agreement").of_moment(at, provenance)
    };
    output::aside(&args.format, &plain::coverage::unlisted(&unlisted));
    let table = || (sentences.join(" "), rows());
    output::write_table(&args.format, &json, provenance, text, table)?;
    Ok(exit(&assessment, args.fail_on))
}

/// What is behind a row: the policies that decided, with their rules and files, and where the agreements are declared.
fn behind(session: &Session, row: &AgreementAnswer) -> Vec<(&'static str, String)> {
    let rule = |id: &String| match session.rules.rules.get(id) {
        Some(rule) => format!("{id} ({}, {})", rule.file, rule.get("rule").unwrap_or("no rule")),
        None => id.clone(),
    };
    let ids = row.governing.iter().map(|g| &g.id).chain(&row.superseded).chain(&row.also_in_force);
    let declared = |id: &String| {
        let of = |ty: &str| session.inventory.entity(ty, id).map(|e| e.at(e.span));
        let place = of("CustomerAgreement").or_else(|| of("OfflineAgreement"))?;
        Some(("declared", format!("{id} in {place}")))
    };
    row.policies.iter().map(|id| ("by", rule(id))).chain(ids.filter_map(declared)).collect()
}

/// Leaves the accounts that were asked for. An account of which it is not known is never left out (D16).
fn narrowed(args: &CoverageArgs, kinds: &[String], assessment: &mut Assessment) -> Vec<&'static str> {
    let mut only = Vec::new();
    if args.without_cover {
        only.push("without-cover");
        let lacks = |a: &AccountAnswer| {
            let mut of = a.agreements.iter().filter(|r| kinds.contains(&r.kind));
            of.any(|r| r.coverage != terms::Coverage::Covered)
        };
        let wanted = |a: &AccountAnswer| if kinds.is_empty() { a.hipaa.covered != Some(true) } else { lacks(a) };
        assessment.accounts.retain(wanted);
    }
    if args.holding_phi {
        only.push("holding-phi");
        assessment.accounts.retain(|a| a.hipaa.holds_phi != Some(false));
    }
    only
}

/// The organizations that may have other accounts than those that are listed; none where some accounts are asked about.
fn not_listed(session: &Session, assessment: &Assessment) -> Vec<String> {
    if session.options.filter.accounts.is_empty() { assessment.completeness.not_listed() } else { Vec::new() }
}

/// How many of the accounts are shown.
fn shown(assessment: &Assessment, asked: usize, only: &[&str]) -> String {
    let words = only.iter().map(|o| match *o {
        "without-cover" => "that no agreement is known to cover",
        _ => "that hold PHI, or of which that is not known",
    });
    let words = words.collect::<Vec<_>>().join(" and ");
    format!("{} of {} shown: those {words}.", assessment.accounts.len(), report::count(asked, "account"))
}
