//! `check`: everything, for continuous integration.

mod linted;
mod parts;
mod pipeline;
mod versions;

use std::path::{Path, PathBuf};

use clap::Args;

use super::lint::FailOn;
use super::output::{self, Format, Output};
use super::{Cli, EvaluationArgs, NOT_OK, NOTHING, OK, WEAKENED, errors, limits};
use crate::check::{Checked, Part};
use crate::report::check as report;
use crate::report::findings::{self, sarif::Described};
use crate::revision::in_repository;
use countersign_core::moment;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;
use countersign_core::source::digest::{Files, Listing};
use countersign_core::source::unread::{Reason, Unread};
use parts::Saying;
use versions::Linting;

#[derive(Args)]
pub struct CheckArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml, else those below]
    dir: Option<PathBuf>,
    /// The folder of the inventory, where several have a countersign.toml below this one
    #[arg(long, value_name = "DIR", conflicts_with = "dir")]
    inventory: Option<PathBuf>,
    /// Compare with a git revision: `main`, `main...` [default: the base of the pull request, in GitHub Actions and GitLab CI]
    #[arg(long, value_name = "RANGE")]
    git: Option<String>,
    /// Compare with the inventory in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "git")]
    base: Option<PathBuf>,
    /// Do not compare with a base
    #[arg(long, conflicts_with_all = ["git", "base"])]
    no_base: bool,
    /// Apply the reviewed exceptions in countersign.toml: `[[diff.allow]]`, each with a reason
    #[arg(long)]
    allow: bool,
    /// Accept that the change weakens what it is checked by: the digest of exactly those weakenings, as this command prints it; one for
    /// each inventory, by repeating it or with commas
    #[arg(long, value_name = "DIGEST")]
    accept_change: Vec<String>,
    /// Run only these parts
    #[arg(long, value_enum, value_name = "PART")]
    only: Vec<Part>,
    /// Fail on findings and guardrails of this severity or above
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Fail if something was not collected
    #[arg(long)]
    require_complete: bool,
    /// Ignore the lint findings recorded in this file
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Print one line a part
    #[arg(long)]
    summary: bool,
    #[command(flatten)]
    asking: EvaluationArgs,
    /// `text`, `json`, `sarif`, `junit`, `github`, `gitlab`, `markdown` or `html`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_checks)]
    format: Vec<Output>,
}

impl CheckArgs {
    /// Whether a part is to be run.
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// The digests of what is accepted.
    fn accepted(&self) -> Vec<&str> {
        let parts = self.accept_change.iter().flat_map(|given| given.split([',', ' ', '\n']));
        parts.filter(|digest| !digest.is_empty()).collect()
    }

    fn wants_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.wants(*part))
    }
}

pub fn check(cli: &Cli, args: &CheckArgs) -> Result<u8, Failure> {
    let folders = versions::inventories(args)?;
    let whole = args.format.iter().all(|o| [Format::Text, Format::Markdown, Format::Github].contains(&o.format));
    if folders.len() > 1 && !whole {
        return Err(several(&folders));
    }
    let (mut codes, mut digests) = (Vec::new(), Vec::new());
    let mut told = Told { among_others: folders.len() > 1, written: Vec::new() };
    for folder in folders {
        let (code, digest) = check_one(cli, args, folder, &mut told)?;
        codes.push(code);
        digests.extend(digest);
    }
    for given in args.accepted().into_iter().filter(|given| !digests.iter().any(|digest| digest == given)) {
        let why = if digests.is_empty() { "nothing is weakened" } else { "it names another change" };
        output::note(&format!("--accept-change {given} has no effect: {why}."));
    }
    // what fails comes before what is weakened, and what passes before nothing at all
    let worst = [NOT_OK, WEAKENED, OK].into_iter().find(|code| codes.contains(code));
    Ok(worst.unwrap_or(NOTHING))
}

/// Several inventories, of which one document cannot tell.
fn several(folders: &[PathBuf]) -> Failure {
    let names: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
    let message = format!("there are {} inventories here: {}", folders.len(), names.join(", "));
    let help = "check them one by one for formats other than text, markdown and github: --inventory DIR";
    errors::usage(message).help(help).into()
}

/// What of several inventories stands in one output.
struct Told {
    among_others: bool,
    /// What each output was given of those before.
    written: Vec<String>,
}

/// Checks an inventory: the exit code, and the digest of what is weakened.
fn check_one(cli: &Cli, args: &CheckArgs, folder: PathBuf, told: &mut Told) -> Result<(u8, Option<String>), Failure> {
    let mut checked = Checked {
        folder: folder.display().to_string(),
        root: in_repository(&folder).unwrap_or_else(|| folder.display().to_string()),
        fail_on: args.fail_on.severity(),
        require_complete: args.require_complete,
        among_others: told.among_others,
        ..Checked::default()
    };
    let mut provenance = Provenance::bare();
    let mut files = Listing::default();
    let at = args.asking.at.as_deref().map_or_else(|| Ok(super::now()), super::parse_moment)?;
    let (mut linting, mut evaluated) = (None, None);
    match cli.session(Some(&folder), &args.asking) {
        Ok(mut session) => {
            provenance = session.provenance();
            let is_named = args.dir.is_some() || args.inventory.is_some();
            if !is_named && (folder.is_absolute() || folder == Path::new(".")) {
                session.typed.folder = None;
            }
            checked.at = moment::format(session.options.at);
            if args.only != [Part::Lint] {
                checked.assuming.extend(session.options.assumed(&session.rules));
            }
            let mut saying = Saying { checked: &mut checked, provenance: &mut provenance, files: &mut files };
            let (head, gate) = parts::check(cli, args, session, &mut saying)?;
            linting = gate.map(|gate| Linting::of(gate.target(), &head, at)).transpose()?;
            evaluated = Some(head.session.inventory.holding.clone());
        }
        Err(Failure::Nothing(why)) => {
            versions::gone(args, &folder)?;
            if let Some((held, target, found)) = versions::linting(args, &folder, at)? {
                parts::judged(args, target, found, &mut checked);
                linting = Some(held);
            }
            checked.at = moment::format(super::now());
            for part in [Part::Diff, Part::Expectations, Part::Guardrails, Part::Findings] {
                if args.wants(part) {
                    checked.skip(part, why.to_string());
                }
            }
        }
        Err(failure) => return Err(failure),
    }
    let mut unread = Unread::default();
    if args.wants(Part::Lint) {
        let accepted = checked.weakening.as_ref().is_some_and(|w| w.accepted);
        let held = linted::Held { at, target: linting.filter(|_| !accepted), evaluated };
        unread = linted::lint_policies((cli, args), &folder, held, (&mut checked, &mut files))?;
    }
    provenance.files = Some(read(&files, unread, &mut provenance)).filter(|f| f.files > 0);
    print(args, &checked, &provenance, &mut told.written)?;
    let code = match (checked.is_empty(), checked.passed(), checked.only_weakens()) {
        (true, ..) => NOTHING,
        (_, true, _) => OK,
        (_, _, true) => WEAKENED,
        _ => NOT_OK,
    };
    Ok((code, checked.weakening.and_then(|weakening| weakening.digest)))
}

/// The files that were read beside those of the inventory. What either part has read was not declined; what a setting keeps from
/// lint is told all the same.
fn read(files: &Listing, mut unread: Unread, provenance: &mut Provenance) -> Files {
    // what is linted wherever it stands was read after all
    unread.retain(|reason, name| ![Reason::Hidden, Reason::Ignored].contains(&reason) || !files.has(name));
    if let Some(inventory) = &mut provenance.inventory {
        inventory.unread.retain(|_, name| !files.has(name) || unread.has(Reason::WithoutPolicy, name));
        unread.retain(|reason, _| [Reason::Excluded, Reason::Ignored].contains(&reason));
    }
    Files { unread, ..files.files() }
}

fn print(
    args: &CheckArgs,
    checked: &Checked,
    provenance: &Provenance,
    written: &mut Vec<String>,
) -> Result<(), Failure> {
    let summary = || {
        let words = checked.parts.iter().map(|p| format!("{}: {}", report::part(p.part), report::note(checked, p)));
        words.collect::<Vec<_>>().join(" · ")
    };
    output::beside(&args.format, provenance);
    output::write_after(&args.format, written, |format| match format {
        Format::Sarif => {
            let entries = report::entries::entries(checked);
            output::json(&findings::sarif::sarif(&described(&entries), &entries, provenance))
        }
        Format::Github => {
            let mut lines = vec![findings::github::github(&report::entries::entries(checked), &summary())];
            lines.extend(report::wanted(checked).map(str::to_owned));
            lines.push(provenance.line());
            Ok(lines.join("\n"))
        }
        Format::Junit => report::junit::junit(checked, provenance),
        Format::Markdown => Ok(output::told_below(report::markdown::markdown(checked), provenance)),
        Format::Gitlab => output::json(&findings::gitlab::gitlab(&report::entries::entries(checked))),
        Format::Json => output::json(&report::json::json(checked, provenance)),
        Format::Html => crate::page::change::page(checked, provenance),
        _ if args.summary => Ok(report::summary(output::width(), checked)),
        _ => Ok(output::told(report::text(output::width(), checked), provenance)),
    })
}

/// The rules of lint, and whatever else the findings name.
fn described(entries: &[findings::Entry]) -> Vec<Described> {
    let mut all = findings::sarif::rules_of_lint();
    for entry in entries {
        if !all.iter().any(|d| d.id == entry.code) {
            all.push(Described {
                id: entry.code.clone(),
                name: entry.name.clone(),
                summary: entry.name.replace('-', " "),
                help: entry.help.clone(),
                uri: None,
                severity: entry.severity,
                enabled: true,
            });
        }
    }
    all
}
