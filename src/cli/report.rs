//! `report`: the assessment as a page to look at, or in Markdown.

use std::path::PathBuf;

use clap::Args;

use super::ending::MOST;
use super::errors::usage;
use super::{Cli, EvaluationArgs, OK, Session, day, files, output};
use crate::page::{self, Drawn};
use crate::report::paragraph;
use crate::report::plain::coverage::Told;
use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::plans::Planner;
use countersign_core::assessment::{Assessment, assess};
use countersign_core::ending::{self, Ending};
use countersign_core::history::{History, Query, history as told};
use countersign_core::problem::Failure;

#[derive(Args)]
pub struct ReportArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
    #[command(flatten)]
    asking: EvaluationArgs,
    /// Write to this file; Markdown may go to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// `html`: one page with everything in it; `markdown`
    #[arg(long, value_enum, default_value = "html")]
    format: PageFormat,
    /// What the page is called [default: the name of the folder]
    #[arg(long)]
    title: Option<String>,
    /// Find what would turn each denial around, which is asked again for every one
    #[arg(long)]
    changes: bool,
}

/// Coverage over time, up to the moment that is asked about.
fn history(session: &Session) -> Result<History, Failure> {
    let query = Query { to: session.options.at, accounts: session.options.filter.accounts.clone(), ..Query::default() };
    told(&session.inventory, &session.rules, &query)
}

/// Who can end coverage by the agreements that HIPAA asks for; `None` where there are too many accounts to ask about each.
fn endings(session: &Session, assessment: &Assessment) -> Result<(Option<Vec<Ending>>, Vec<Others>), Failure> {
    if assessment.accounts.len() > MOST {
        return Ok((None, Vec::new()));
    }
    let (mut endings, mut others) = (Vec::new(), Vec::new());
    for kind in &assessment.hipaa_kinds {
        let found = ending::endings(&session.inventory, &session.rules, &session.options, kind)?;
        endings.extend(found.endings);
        others.extend(found.others);
    }
    Ok((Some(endings), others))
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PageFormat {
    Html,
    Markdown,
}

pub fn report(cli: &Cli, args: &ReportArgs) -> Result<u8, Failure> {
    if args.out.is_none() && args.format == PageFormat::Html {
        return Err(usage("a page needs a file").help("write --out report.html, or --format markdown").into());
    }
    let session = cli.session(args.dir.as_ref(), &args.asking)?;
    let mut assessment = assess(&session.inventory, &session.rules, &session.options)?;
    if args.changes {
        let planner = Planner::new(&session.inventory, &session.rules, &session.options);
        planner.add(&mut assessment)?;
    }
    let provenance = session.provenance();
    let hipaa: Vec<String> = session.rules.hipaa_kinds().iter().cloned().collect();
    let (endings, ending_others) = endings(&session, &assessment)?;
    let drawn = Drawn {
        history: history(&session)?,
        endings,
        ending_others,
        inventory: &session.inventory,
        assessment: &assessment,
        provenance: &provenance,
        rules: &session.rules,
        told: Told::of(&session.options.filter.accounts),
        later: day::coverage(&session, &hipaa)?,
    };
    let folder = session.source.name();
    let folder = folder.trim_end_matches('/').rsplit('/').next().filter(|n| !n.is_empty() && *n != ".");
    let title = args.title.as_deref().or(folder).unwrap_or("Inventory");
    let text = match args.format {
        PageFormat::Html => page::page(&drawn, title)?,
        PageFormat::Markdown => output::told_below(page::markdown::markdown(&drawn, title), &provenance),
    };
    match &args.out {
        None => output::print(&text)?,
        Some(file) => {
            files::write_output(file, text.as_bytes())?;
            let told = paragraph(output::width(), "", &format!("The report is in {}.", file.display()));
            output::print(&output::told(told, &provenance))?;
        }
    }
    Ok(OK)
}
