//! `import`: answers of AWS as entity files and policy documents; the script that collects them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::files::is_within;
use super::{Cli, OK, errors, limits, output, parse_moment, written};
use crate::report::count;
use countersign_core::import;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::config::{self, Config};
use countersign_core::inventory::limits::Limits;
use countersign_core::loading::files::{self, File, FileKind};
use countersign_core::problem::{Doing, Failure, NothingTo, Problem};
use countersign_core::provenance::Provenance;
use countersign_core::source::digest::{Files, Listing};
use countersign_core::source::folder::{self, Folder};
use countersign_core::source::unread::Unread;

/// Collects what `import` reads.
const SCRIPT: &str = include_str!("../../data/import/collect.sh");
/// What it needs: only actions that read.
const POLICY: &str = include_str!("../../data/import/collect-policy.json");

#[derive(Args)]
pub struct ImportArgs {
    /// Files or folders: output of the AWS CLI, the console's CSV of accounts, CloudTrail files
    #[arg(required_unless_present = "script", conflicts_with = "script")]
    source: Vec<PathBuf>,
    /// Write the inventory to this folder
    #[arg(long, value_name = "DIR", required_unless_present = "script")]
    out: Option<PathBuf>,
    /// Record this as the time of collection [default: the time noted by the script]
    #[arg(long, value_name = "TIME", conflicts_with = "script")]
    as_of: Option<String>,
    /// Print a shell script that collects everything with read-only AWS CLI commands
    #[arg(long)]
    script: bool,
    /// With --script: print an IAM policy that allows what the script calls, which only reads
    #[arg(long, requires = "script")]
    policy: bool,
}

pub fn import(cli: &Cli, args: &ImportArgs) -> Result<u8, Failure> {
    let Some(out) = &args.out else {
        output::print(if args.policy { POLICY } else { SCRIPT })?;
        return Ok(OK);
    };
    let as_of = args.as_of.as_deref().map(parse_moment).transpose()?;
    if let Some(source) = args.source.iter().find(|source| source.is_dir() && is_within(out, source)) {
        let message = format!("{} is within {}, which is imported", out.display(), source.display());
        let help = "name a folder outside of it: the next import would read what this one writes";
        return Err(errors::usage(message).help(help).into());
    }
    let schema = cli.deciding(&Folder::new(out))?.schema;
    let mut problems = Vec::new();
    let config = Config { limits: limits::with(&cli.limit, Limits::default()), ..Config::none() };
    let (mut listing, mut unread) = (Listing::default(), Unread::default());
    let mut found: Vec<import::File> =
        args.source.iter().flat_map(|s| answers(s, &config, &mut problems, (&mut listing, &mut unread))).collect();
    found.sort_by(|a, b| a.source.path.cmp(&b.source.path));
    found.dedup_by(|a, b| a.source.path == b.source.path);
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    if found.is_empty() {
        return Err(Failure::Nothing(NothingTo::Import));
    }
    let read = found.len();
    let imported = import::read(found, as_of).map_err(Failure::Problems)?;
    output::problems(&imported.notes);
    // what cannot be evaluated is not written
    let inventory = Inventory::of_import(&imported, schema).map_err(|failure| match failure {
        Failure::Nothing(_) => Failure::Nothing(NothingTo::ImportEntities),
        problems => problems,
    })?;
    std::fs::create_dir_all(out).map_err(Failure::file(out, Doing::Creating))?;
    let written = written::write(out, &imported, output::replace)?;
    output::problems(&inventory.warnings);
    for path in &written.kept {
        let message =
            format!("{} is no longer told by any answer, and is not what an import wrote", out.join(path).display());
        let help = "it was left: remove it if it is not meant to be there";
        output::problems(&[countersign_core::problem::Problem::about(path, message).help(help).warning()]);
    }
    let entities: usize = imported.files.entities.values().map(Vec::len).sum();
    let told = format!(
        "{}: {} and {} from {}; {} new or changed, {} unchanged, {} removed\n",
        out.display(),
        if entities == 1 { "1 entity".to_owned() } else { format!("{entities} entities") },
        count(imported.files.documents.len(), "policy document"),
        count(read, "answer"),
        count(written.changed, "file"),
        written.same,
        written.removed,
    );
    let files = Files { unread, ..listing.files() };
    output::print(&output::told(told, &Provenance::of_files(files)))?;
    Ok(OK)
}

/// What AWS answered is not corrected by hand: an error that was kept in place of an answer, or half of one, is collected again.
fn collected(problem: Problem) -> Problem {
    let said = problem.message().starts_with("invalid JSON") || problem.message().ends_with("an object with Error");
    match said {
        true => problem.help("collect this output again; if it is not AWS output, exclude it in countersign.toml"),
        false => problem,
    }
}

/// The answers of a file or folder; anything else there is an error.
fn answers(
    source: &Path,
    config: &Config,
    problems: &mut Vec<Problem>,
    (listing, unread): (&mut Listing, &mut Unread),
) -> Vec<import::File> {
    let name = source.display().to_string();
    let files = if source.is_dir() {
        let mut wrong = Vec::new();
        let (mut files, declined) = files::walk(&Folder::new(source), config, &mut wrong);
        unread.extend(declined);
        problems.extend(wrong.into_iter().map(|problem| match problem.subject().ends_with(config::FILE) {
            true => problem,
            false => collected(problem).in_folder(&name),
        }));
        for file in &mut files {
            // no one else has it yet
            if let Some(source) = Arc::get_mut(&mut file.source) {
                source.path = format!("{}/{}", name.trim_end_matches('/'), source.path);
            }
        }
        files
    } else {
        match folder::bytes(source, &name).map_err(|p| vec![p]).and_then(|bytes| files::file(&name, bytes)) {
            Ok(Some(file)) => vec![file],
            Ok(None) => {
                let problem = Problem::about(&name, format!("{name} is not a CSV of accounts"));
                problems.push(problem.help("export it from the console of AWS Organizations"));
                Vec::new()
            }
            Err(found) => {
                problems.extend(found.into_iter().map(collected));
                Vec::new()
            }
        }
    };
    let mut answers = Vec::new();
    for File { source, root, kind, sha256, bytes } in files {
        listing.note(&source.path, sha256, bytes);
        let FileKind::Answer(kind) = kind else {
            let first = root.span.first();
            let problem = Problem::at(&source, first, "this is not AWS output: it is part of an inventory");
            problems.push(problem.help("leave it out: an inventory does not need to be imported"));
            continue;
        };
        answers.push(import::File { source, root, kind });
    }
    answers
}
