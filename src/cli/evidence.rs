//! `evidence`: writing what is filed, and reconciling the company's register; `verify.rs` checks what was filed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::errors::usage;
use super::files::is_within;
use super::{Cli, EvaluationArgs, NOT_OK, OK, Session, day, input, narrow, now, output, settled, verify};
use crate::evidence::manifest;
use crate::evidence::register::{Reconciled, reconcile};
use crate::evidence::{Bundle, Facts, bundle};
use crate::report::plain::coverage::Told;
use crate::report::plain::{self, Names};
use crate::report::typed::Typed;
use crate::report::{count, paragraph};
use countersign_core::assessment::{Assessment, Filter, Options, assess};
use countersign_core::finding::Severity;
use countersign_core::history::{Query, history as told};
use countersign_core::inventory::signatories::Signatories;
use countersign_core::moment;
use countersign_core::people;
use countersign_core::problem::{Doing, Failure};
use countersign_core::provenance::Provenance;

#[derive(Args)]
pub struct EvidenceArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    pub dir: Option<PathBuf>,
    #[command(flatten)]
    pub asking: EvaluationArgs,
    /// Write the evidence into this folder, which must be new or empty
    #[arg(long, value_name = "DIR", required_unless_present_any = ["verify", "register"])]
    out: Option<PathBuf>,
    /// Also file these agreements, by kind or by what people call them [default: the BAA]
    #[arg(long, value_name = "KIND", requires = "out")]
    pub agreement: Vec<String>,
    /// Who runs this, for the run record [default: the name of the user]
    #[arg(long, value_name = "NAME", requires = "out")]
    pub operator: Option<String>,
    /// Check filed evidence against its manifest
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "register"])]
    verify: Option<PathBuf>,
    /// With --verify: evaluate this inventory at the same moment, and compare every file
    #[arg(long, value_name = "INVENTORY", requires = "verify")]
    pub against: Option<PathBuf>,
    /// Compare the company's register, a CSV file, and write the corrected one beside it
    #[arg(long, value_name = "FILE")]
    register: Option<PathBuf>,
    /// With --register: exit with 1 if something of this severity or above differs
    #[arg(long, value_parser = super::values::severity(), value_name = "SEVERITY", requires = "register")]
    pub fail_on: Option<Severity>,
}

pub fn evidence(cli: &Cli, args: &EvidenceArgs) -> Result<u8, Failure> {
    if !args.asking.account.is_empty() {
        // sentences and counts about some accounts would be filed as if they were about all
        let problem = usage("what is filed is about all accounts of the inventory, and --account narrows it");
        let folder = args.dir.as_ref().map(|dir| dir.display().to_string());
        let accounts: Vec<_> = args.asking.account.iter().map(|account| ("--account", account.as_str())).collect();
        let coverage = Typed { folder, ..cli.typed(&args.asking) }.command("coverage", &accounts);
        return Err(problem.help(format!("leave it out; {coverage} tells of some")).into());
    }
    if let Some(folder) = &args.verify {
        return verify::verify(cli, args, folder);
    }
    let context = settled(&args.asking.context, args.asking.context_unknown_keys)?;
    let asking = Asking { args: &args.asking, agreements: &args.agreement, context };
    let made = Made::new(cli, args.dir.as_ref(), asking)?;
    if let Some(out) = &args.out {
        write(args, &made, out)?;
    }
    match &args.register {
        Some(file) => register(args, &made, file),
        None => Ok(OK),
    }
}

/// What is asked.
pub struct Asking<'a> {
    /// When, and how.
    pub args: &'a EvaluationArgs,
    /// The agreements beside the BAA.
    pub agreements: &'a [String],
    /// The condition keys that are settled, besides those of the inventory.
    pub context: BTreeMap<String, Vec<String>>,
}

/// What evidence is made of, and lives as long.
pub struct Made {
    session: Session,
    assessment: Assessment,
    /// Of what is printed.
    provenance: Provenance,
    /// Of what is filed: the commit differs where the files do not, and stands in the run record.
    filed: Provenance,
    kinds: Vec<String>,
    context: BTreeMap<String, Vec<String>>,
    /// What of coverage changes later on the day.
    later: Vec<String>,
}

impl Made {
    /// Asks an inventory.
    pub fn new(cli: &Cli, dir: Option<&PathBuf>, asking: Asking<'_>) -> Result<Self, Failure> {
        let Asking { args: asking, agreements, context } = asking;
        let mut session = cli.session(dir, asking)?;
        session.options.context.extend(context.clone());
        if asking.at.is_none() && session.inventory.config.as_of.is_none() {
            let problem = usage("evidence needs the moment that it is about");
            let help = "write asOf in countersign.toml, when the files were true, or give --at";
            return Err(problem.help(help).into());
        }
        let mut kinds = narrow::kinds(&session.inventory, agreements)?;
        kinds.extend(session.rules.hipaa_kinds().iter().cloned());
        kinds.sort();
        kinds.dedup();
        future(&session);
        let all = Options { filter: Filter::default(), ..session.options.clone() };
        let filter = &mut session.options.filter;
        filter.agreements.clone_from(&kinds);
        let wanted = ["accept-agreement", "terminate-agreement"].map(str::to_owned);
        let known: Vec<&str> = session.rules.operations.names().collect();
        filter.operations = wanted.into_iter().filter(|o| known.contains(&o.as_str())).collect();
        // findings are about everything, whatever else is filed: their number is that of every other command
        let operations: Vec<&str> = filter.operations.iter().map(String::as_str).collect();
        let assessment = assess(&session.inventory, &session.rules, &all)?.narrowed(&operations, &kinds);
        let provenance = session.provenance();
        let mut filed = provenance.clone();
        if let Some(files) = &mut filed.inventory {
            files.commit = None;
        }
        // where the rules lie is a matter of the machine
        if let Some(folder) = filed.rules.as_mut().and_then(|rules| rules.origin.folder.as_mut()) {
            *folder = last_part(folder);
        }
        if let Some(overlay) = filed.schema.as_mut().and_then(|schema| schema.overlay.as_mut()) {
            *overlay = last_part(overlay);
        }
        let later = day::coverage(&session, &kinds)?;
        Ok(Self { session, assessment, provenance, filed, kinds, context, later })
    }

    /// What is filed takes more than the register does: who stands behind roles, and coverage over time.
    pub fn bundle(&self) -> Result<Bundle, Failure> {
        let Session { inventory, rules, options, .. } = &self.session;
        let query = Query { to: options.at, kinds: self.kinds.clone(), ..Query::default() };
        let mut history = told(inventory, rules, &query)?;
        history.provenance = Some(Arc::new(self.filed.clone()));
        bundle(&Facts {
            inventory,
            rules,
            signatories: Signatories::of(inventory).as_ref(),
            assessment: &self.assessment,
            roles: &people::behind((inventory, rules), options, &self.assessment.principals)?,
            history: &history,
            provenance: &self.filed,
            kinds: &self.kinds,
            context: &self.context,
            later: &self.later,
        })
    }
}

/// Says that the files claim to be of a day that has not come: nothing of it can be known.
fn future(session: &Session) {
    let as_of = session.inventory.config.as_of.filter(|as_of| *as_of > now());
    if let Some(as_of) = as_of {
        let as_of = plain::day::when(&moment::format(as_of));
        output::note(&format!("asOf says {as_of}, which has not come: nobody can have collected the files then"));
    }
}

fn write(args: &EvidenceArgs, made: &Made, out: &Path) -> Result<(), Failure> {
    let occupied = out.exists() && std::fs::read_dir(out).map_or(true, |mut entries| entries.next().is_some());
    if occupied {
        let problem = usage(format!("{} is not an empty folder", out.display()));
        return Err(problem.help("evidence that was filed is never written over: name a new folder").into());
    }
    let inventory = made.session.source.name();
    if is_within(out, Path::new(&inventory)) {
        let problem =
            usage(format!("{} is within the inventory, which would have it read as a part of it", out.display()));
        return Err(problem.help("name a folder outside of it").into());
    }
    let bundle = made.bundle()?;
    std::fs::create_dir_all(out).map_err(Failure::file(out, Doing::Creating))?;
    for (name, bytes) in &bundle.files {
        output::replace(&out.join(name), bytes)?;
    }
    let operator = args.operator.clone().or_else(|| ["USER", "USERNAME"].iter().find_map(|v| std::env::var(v).ok()));
    let record = json!({
        "schema": "countersign/run-record/v1",
        "ranAt": moment::format(now()),
        "operator": operator,
        "version": made.provenance.version,
        "commit": made.provenance.inventory.as_ref().and_then(|files| files.commit.as_ref()),
    });
    let record = serde_json::to_string_pretty(&record).map_err(Failure::internal("JSON"))? + "\n";
    output::replace(&out.join(manifest::RUN_RECORD), record.as_bytes())?;
    // last, so that a run that was interrupted leaves nothing that verifies
    output::replace(&out.join(manifest::FILE), manifest::manifest(&bundle).as_bytes())?;
    let files = count(bundle.files.len(), "file");
    let (names, width) = (Names::new(&made.session.inventory), output::width());
    let mut lines = plain::coverage::all(&made.assessment, names, &made.kinds, Told::All);
    lines.extend(made.later.iter().cloned());
    lines.extend(plain::coverage::unlisted(&made.assessment.completeness.not_listed()));
    lines.push(plain::day::answered(&made.assessment.at));
    lines.push(format!("{files} and {} are in {}", manifest::FILE, out.display()));
    let text: String = lines.iter().map(|line| paragraph(width, "", line)).collect();
    output::print(&output::told(text, &made.provenance))
}

/// Compares the register for the BAA, whatever else is filed, and writes the corrected one beside it.
fn register(args: &EvidenceArgs, made: &Made, file: &Path) -> Result<u8, Failure> {
    let name = file.display().to_string();
    let (text, is_marked) = input::table(file, &name)?;
    let kind = made.session.rules.hipaa_kinds().iter().next().cloned().unwrap_or_default();
    let Reconciled { rows, differences, not_compared, corrected } =
        reconcile((&text.text, is_marked), &name, &made.session.inventory, &made.assessment, &kind)
            .map_err(Failure::Problems)?;
    let beside = file.with_extension("corrected.csv");
    let instead = if beside.exists() { ", in place of an earlier one" } else { "" };
    output::replace(&beside, corrected.as_bytes())?;
    let width = output::width();
    let mut lines = paragraph(
        width,
        "",
        &format!(
            "{} of the register, {}. The corrected register is {}{instead}.",
            count(rows, "row"),
            count(differences.len(), "difference"),
            beside.display()
        ),
    );
    for column in &not_compared {
        let help = "say what it is called under [register] in countersign.toml";
        let text = format!("There is no column {column}, so that nothing of it was compared; {help}.");
        lines.push_str(&paragraph(width, "  ", &text));
    }
    for d in &differences {
        let line = d.line.map(|line| format!("line {line}, ")).unwrap_or_default();
        let what = format!("{line}account {} {}", d.account, d.what);
        lines.push_str(&crate::report::wrapped(width, &format!("  {:<8} ", d.severity.word()), 11, &what));
    }
    output::print(&output::told(lines, &made.provenance))?;
    let fails = args.fail_on.is_some_and(|limit| differences.iter().any(|d| d.severity >= limit));
    Ok(if fails { NOT_OK } else { OK })
}

/// The last part of a path that was typed.
fn last_part(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
