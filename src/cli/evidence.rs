//! `evidence`: writing what is filed, verifying it, and reconciling the company's register.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::errors::usage;
use super::{Cli, EvaluationArgs, NOT_OK, OK, Session, input, narrow, now, output};
use crate::evidence::manifest::{self, Fault, Filed};
use crate::evidence::register::{Reconciled, reconcile};
use crate::evidence::{Bundle, Facts, against, bundle};
use crate::report::plain::{self, Names};
use crate::report::{count, paragraph};
use countersign_core::assessment::{Assessment, assess};
use countersign_core::finding::Severity;
use countersign_core::history::{Query, history as told};
use countersign_core::people;
use countersign_core::problem::{Doing, Failure};
use countersign_core::provenance::Provenance;
use countersign_core::source::Folder;

#[derive(Args)]
pub struct EvidenceArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
    #[command(flatten)]
    asking: EvaluationArgs,
    /// Write the evidence into this folder, which must be new or empty
    #[arg(long, value_name = "DIR", required_unless_present_any = ["verify", "register"])]
    out: Option<PathBuf>,
    /// Also file these agreements, by kind or by what people call them [default: the BAA]
    #[arg(long, value_name = "KIND")]
    agreement: Vec<String>,
    /// Who runs this, for the run record [default: the name of the user]
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// Check filed evidence against its manifest
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "register"])]
    verify: Option<PathBuf>,
    /// With --verify: evaluate this inventory at the same moment, and say what differs
    #[arg(long, value_name = "INVENTORY", requires = "verify")]
    against: Option<PathBuf>,
    /// Compare the company's register, a CSV file, and write the corrected one beside it
    #[arg(long, value_name = "FILE")]
    register: Option<PathBuf>,
    /// With --register: exit with 1 if something of this severity or above differs
    #[arg(long, value_parser = super::values::severity(), value_name = "SEVERITY")]
    fail_on: Option<Severity>,
}

pub fn evidence(cli: &Cli, args: &EvidenceArgs) -> Result<u8, Failure> {
    if let Some(folder) = &args.verify {
        return verify(cli, args, folder);
    }
    let made = Made::new(cli, args.dir.as_ref(), &args.asking, &args.agreement)?;
    if let Some(out) = &args.out {
        write(args, &made, out)?;
    }
    match &args.register {
        Some(file) => register(args, &made, file),
        None => Ok(OK),
    }
}

/// What evidence is made of, and lives as long.
struct Made {
    session: Session,
    assessment: Assessment,
    provenance: Provenance,
    kinds: Vec<String>,
}

impl Made {
    fn new(cli: &Cli, dir: Option<&PathBuf>, asking: &EvaluationArgs, agreements: &[String]) -> Result<Self, Failure> {
        let mut session = cli.session(dir, asking)?;
        if asking.at.is_none() && session.inventory.config.as_of.is_none() {
            let problem = usage("evidence needs the moment that it is about");
            let help = "write asOf in countersign.toml, when the files were true, or give --at";
            return Err(problem.help(help).into());
        }
        let mut kinds = narrow::kinds(&session.inventory, agreements)?;
        kinds.extend(session.rules.hipaa_kinds().iter().cloned());
        kinds.sort();
        kinds.dedup();
        let filter = &mut session.options.filter;
        filter.agreements.clone_from(&kinds);
        let wanted = ["accept-agreement", "terminate-agreement"].map(str::to_owned);
        let known: Vec<&str> = session.rules.operations.names().collect();
        filter.operations = wanted.into_iter().filter(|o| known.contains(&o.as_str())).collect();
        let assessment = assess(&session.inventory, &session.rules, &session.options)?;
        let provenance = session.provenance();
        Ok(Self { session, assessment, provenance, kinds })
    }

    /// What is filed takes more than the register does: who stands behind roles, and coverage over time.
    fn bundle(&self) -> Result<Bundle, Failure> {
        let Session { inventory, rules, options, .. } = &self.session;
        let accounts = options.filter.accounts.clone();
        let query = Query { from: None, to: options.at, accounts, kinds: self.kinds.clone() };
        let mut history = told(inventory, rules, &query)?;
        history.provenance = Some(Arc::new(self.provenance.clone()));
        bundle(&Facts {
            inventory,
            source: self.session.source.as_ref(),
            assessment: &self.assessment,
            roles: &people::behind((inventory, rules), options, &self.assessment.principals)?,
            history: &history,
            provenance: &self.provenance,
            kinds: &self.kinds,
        })
    }
}

fn write(args: &EvidenceArgs, made: &Made, out: &Path) -> Result<(), Failure> {
    let occupied = out.exists() && std::fs::read_dir(out).map_or(true, |mut entries| entries.next().is_some());
    if occupied {
        let problem = usage(format!("{} is not an empty folder", out.display()));
        return Err(problem.help("evidence that was filed is never written over: name a new folder").into());
    }
    std::fs::create_dir_all(out).map_err(Failure::file(out, Doing::Creating))?;
    let bundle = made.bundle()?;
    for (name, bytes) in &bundle.files {
        output::replace(&out.join(name), bytes)?;
    }
    let operator = args.operator.clone().or_else(|| ["USER", "USERNAME"].iter().find_map(|v| std::env::var(v).ok()));
    let record = json!({
        "schema": "countersign/run-record/v1",
        "ranAt": countersign_core::moment::format(now()),
        "operator": operator,
        "version": made.provenance.version,
    });
    let record = serde_json::to_string_pretty(&record).map_err(Failure::internal("JSON"))? + "\n";
    output::replace(&out.join(manifest::RUN_RECORD), record.as_bytes())?;
    // last, so that a run that was interrupted leaves nothing that verifies
    output::replace(&out.join(manifest::FILE), manifest::manifest(&bundle).as_bytes())?;
    let files = count(bundle.files.len(), "file");
    let (names, width) = (Names::new(&made.session.inventory), output::width());
    let mut lines = plain::coverage::all(&made.assessment, names, &made.kinds);
    lines.push(plain::day::answered(&made.assessment.at));
    lines.push(format!("{files} and {} are in {}", manifest::FILE, out.display()));
    let text: String = lines.iter().map(|line| paragraph(width, "", line)).collect();
    output::print(&output::told(text, &made.provenance))
}

/// Checks what was filed; all that is wrong is told, and is a failed check.
fn verify(cli: &Cli, args: &EvidenceArgs, folder: &Path) -> Result<u8, Failure> {
    let files = Folder::new(folder);
    let filed = manifest::verify(&files)?;
    let mut lines: Vec<String> = filed.faults.iter().map(fault).collect();
    let mut decided = Vec::new();
    if let Some(inventory) = &args.against {
        let Some(document) = &filed.document else {
            let told: String = lines.iter().map(|line| paragraph(output::width(), "", line)).collect();
            output::print(&told)?;
            return Ok(NOT_OK);
        };
        let now = again(cli, args, document, inventory)?;
        lines.extend(against::differences(document, &now));
        decided = against::decided_by(document, &now);
    }
    output::print(&verified(&filed, &lines, &decided, args.against.is_some()))?;
    Ok(if lines.is_empty() { OK } else { NOT_OK })
}

fn verified(filed: &Filed, lines: &[String], decided: &[String], again: bool) -> String {
    let width = output::width();
    let mut text = if lines.is_empty() {
        let files = count(filed.files, "file");
        let same = if again { ", and a second evaluation says the same" } else { "" };
        paragraph(width, "", &format!("{files} have the digests of {}{same}.", manifest::FILE))
    } else {
        lines.iter().map(|line| paragraph(width, "", line)).collect()
    };
    for line in decided {
        text.push_str(&paragraph(width, "  decided by another ", line));
    }
    let warning = "An unsigned manifest shows accidents, not tampering: check the signature on it, where there is one.";
    text + "\n" + &paragraph(width, "", warning)
}

fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Changed(name) => format!("{name} was changed: it has another digest"),
        Fault::Missing(name) => format!("{name} is missing"),
        Fault::Foreign(name) => format!("{name} is not in {}", manifest::FILE),
    }
}

/// The document of an inventory, asked as the filed one was.
fn again(cli: &Cli, args: &EvidenceArgs, filed: &Value, inventory: &PathBuf) -> Result<Value, Failure> {
    let text = |member: &str| filed.get(member).and_then(Value::as_str).map(str::to_owned);
    let mut asking = args.asking.clone();
    asking.at = asking.at.or_else(|| text("at"));
    if asking.permission_model.is_none() {
        let model = text("permissionModel").unwrap_or_default();
        asking.permission_model = clap::ValueEnum::from_str(&model, true).ok();
    }
    let kinds = filed.get("kinds").and_then(Value::as_array).into_iter().flatten();
    let kinds: Vec<String> = kinds.filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Made::new(cli, Some(inventory), &asking, &kinds)?.bundle()?.document)
}

/// Compares the register, and writes the corrected one beside it.
fn register(args: &EvidenceArgs, made: &Made, file: &Path) -> Result<u8, Failure> {
    let name = file.display().to_string();
    let (text, is_marked) = input::table(file, &name)?;
    let kind = made.session.rules.hipaa_kinds().iter().next().cloned().unwrap_or_default();
    let kind = args.agreement.first().map_or(Ok(kind), |k| {
        narrow::kinds(&made.session.inventory, std::slice::from_ref(k)).map(|all| all.concat())
    })?;
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
