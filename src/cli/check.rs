//! `check`: everything, for continuous integration.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::diff::{self, Compared, diff_of};
use super::errors;
use super::lint::FailOn;
use super::output::{self, Format, Output};
use super::{Cli, EvaluationArgs, NOT_OK, NOTHING, OK, Session, input, narrow};
use crate::check::{Checked, Part, RulesChange};
use crate::report::check as report;
use crate::report::findings::{self, sarif::Described};
use crate::revision::Range;
use crate::walk;
use countersign_core::assessment::completeness::gaps;
use countersign_core::assessments::Assessments;
use countersign_core::expectations::{SUFFIX, Suite, run::run};
use countersign_core::guardrails::{FOLDER, Guardrail, Guardrails};
use countersign_core::lint::baseline::Baseline;
use countersign_core::lint::run::{self as lint, Text};
use countersign_core::lint::settings::Settings;
use countersign_core::moment;
use countersign_core::problem::{Failure, Problem};
use countersign_core::provenance::{Guarding, Provenance};
use countersign_core::source::Folder;
use countersign_core::source::digest::Listing;

#[derive(Args)]
pub struct CheckArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
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
    #[command(flatten)]
    asking: EvaluationArgs,
    /// `text`, `json`, `sarif`, `junit`, `github`, `markdown` or `html`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_checks)]
    format: Vec<Output>,
}

pub fn check(cli: &Cli, args: &CheckArgs) -> Result<u8, Failure> {
    let folder = input::locate(args.dir.as_deref());
    let mut checked = Checked {
        folder: folder.display().to_string(),
        fail_on: args.fail_on.severity(),
        require_complete: args.require_complete,
        ..Checked::default()
    };
    let wanted = |part: Part| args.only.is_empty() || args.only.contains(&part);
    let mut provenance = Provenance::bare();
    let mut files = Listing::default();
    match cli.session(Some(&folder), &args.asking) {
        Ok(session) => {
            provenance = session.provenance();
            checked.at = moment::format(session.options.at);
            parts(cli, args, &session, (&mut checked, &mut provenance, &mut files))?;
        }
        Err(Failure::Nothing(why)) => {
            checked.at = moment::format(super::now());
            for part in [Part::Diff, Part::Expectations, Part::Guardrails, Part::Findings] {
                if wanted(part) {
                    checked.skip(part, why.to_string());
                }
            }
        }
        Err(failure) => return Err(failure),
    }
    if wanted(Part::Lint) {
        lint_policies(args, &folder, &mut checked, &mut files)?;
    }
    provenance.files = Some(files.files()).filter(|f| f.files > 0);
    print(args, &checked, &provenance)?;
    Ok(match (checked.is_empty(), checked.passed()) {
        (true, _) => NOTHING,
        (false, true) => OK,
        (false, false) => NOT_OK,
    })
}

/// The parts that need an inventory. Where there is a base, its rules judge: a change of the rules cannot hide what they find.
fn parts(
    cli: &Cli,
    args: &CheckArgs,
    session: &Session,
    (checked, provenance, files): (&mut Checked, &mut Provenance, &mut Listing),
) -> Result<(), Failure> {
    let wanted = |part: Part| args.only.is_empty() || args.only.contains(&part);
    if wanted(Part::Completeness) || args.require_complete {
        let asked = args.only.contains(&Part::Completeness);
        checked.add_completeness(gaps(&session.inventory, session.options.at), asked);
    }
    if args.only.iter().all(|part| *part == Part::Lint) && !args.only.is_empty() {
        return Ok(());
    }
    let compared = compared(cli, args, session)?;
    let base = compared.as_ref().ok().map(|(_, base)| base);
    let own = Assessments::new(&session.inventory, &session.rules);
    let of_base = base.filter(|base| !base.has_rules_of(session));
    let judged = of_base.map(|base| Assessments::new(&session.inventory, &base.rules));
    let assessments = judged.as_ref().unwrap_or(&own);
    // findings ask for every answer, among them what the other parts ask for at the same moment
    let assessed = wanted(Part::Findings).then(|| assessments.at_least(&session.options)).transpose()?;
    if let (Some(base), Some(assessed)) = (of_base, &assessed) {
        let by_own = own.at_least(&session.options)?;
        checked.rules = Some(RulesChange::new(&base.rules, &session.rules, assessed, &by_own));
        provenance.rules = base.provenance().rules;
    }
    match &compared {
        Ok((name, base)) if wanted(Part::Diff) => {
            checked.add_diff(name.clone(), diff_of(base, session, args.allow, assessed.as_deref())?);
            provenance.base = Some(base.inventory.files.clone());
        }
        Err(why) if wanted(Part::Diff) => checked.skip(Part::Diff, why),
        _ => {}
    }
    if wanted(Part::Expectations) {
        expectations(session, assessments, checked, files)?;
    }
    if wanted(Part::Guardrails) {
        provenance.guardrails = guardrails(session, assessments, checked, files)?;
    }
    if let Some(assessment) = &assessed {
        checked.add_findings(&session.inventory, assessment);
    }
    Ok(())
}

/// What to compare with: what was asked for, else what the pipeline says.
fn base(args: &CheckArgs, folder: &Path) -> Result<Option<Compared>, Failure> {
    if args.no_base {
        return Ok(None);
    }
    if let Some(base) = &args.base {
        return Ok(Some(Compared::folders(base, folder)));
    }
    let range = match &args.git {
        Some(range) => Some(Range::parse(range)?),
        None => pipeline(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))?,
    };
    range.map(|range| Compared::revisions(folder, &range)).transpose()
}

/// A push, as GitHub tells it.
#[derive(Deserialize)]
struct Push {
    before: Option<String>,
}

/// The base of a pull request or of a push, in GitHub Actions and in GitLab CI.
fn pipeline(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Range>, Failure> {
    let since = |base: String| Range { base, head: None, merge_base: false };
    let branched = |branch: &str| Range { base: format!("origin/{branch}"), head: None, merge_base: true };
    // a branch that is new has no commit before
    let known = |commit: &String| commit.bytes().any(|b| b != b'0');
    if variable("GITHUB_ACTIONS").is_some() {
        if let Some(branch) = variable("GITHUB_BASE_REF") {
            return Ok(Some(branched(&branch)));
        }
        if variable("GITHUB_EVENT_NAME").as_deref() != Some("push") {
            return Ok(None);
        }
        let Some(path) = variable("GITHUB_EVENT_PATH") else {
            return Ok(None);
        };
        let source = input::text(Path::new(&path), &path)?;
        let push: Push =
            serde_json::from_str(&source.text).map_err(|e| Problem::about(&path, format!("{path}: {e}")))?;
        return Ok(push.before.filter(known).map(since));
    }
    if variable("GITLAB_CI").is_some() {
        if let Some(commit) = variable("CI_MERGE_REQUEST_DIFF_BASE_SHA") {
            return Ok(Some(since(commit)));
        }
        if let Some(branch) = variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") {
            return Ok(Some(branched(&branch)));
        }
        return Ok(variable("CI_COMMIT_BEFORE_SHA").filter(known).map(since));
    }
    Ok(None)
}

/// The base, by its name; else why there is none.
fn compared(cli: &Cli, args: &CheckArgs, session: &Session) -> Result<Result<(String, Session), String>, Failure> {
    let old = match base(args, Path::new(&session.source.name())) {
        Ok(Some(compared)) => compared.base,
        Ok(None) => return Ok(Err("no base to compare with: name one with --git or --base".to_owned())),
        // the base has no inventory yet: this change begins it
        Err(Failure::Nothing(why)) => return Ok(Err(why.to_string())),
        Err(failure) => return Err(failure),
    };
    let name = old.name.clone();
    match diff::base(cli, old, &args.asking, session) {
        Ok(base) => {
            narrow::accounts_of_either(&base.inventory, &session.inventory, &args.asking.account)?;
            Ok(Ok((name, base)))
        }
        Err(Failure::Nothing(why)) => Ok(Err(why.to_string())),
        Err(failure) => Err(failure),
    }
}

fn expectations(
    session: &Session,
    assessments: &Assessments<'_>,
    checked: &mut Checked,
    files: &mut Listing,
) -> Result<(), Failure> {
    let suite = Suite::read(session.source.as_ref(), &session.inventory.config.exclude, &assessments.rules.operations)?;
    output::problems(&suite.warnings);
    if suite.expectations.is_empty() {
        checked
            .skip(Part::Expectations, format!("there is no *{SUFFIX}; `countersign test --record` writes a first set"));
    } else {
        suite.expectations.iter().for_each(|e| files.add_text(&e.place.source));
        checked.add_expectations(run(&suite, assessments, &session.options)?);
    }
    Ok(())
}

fn guardrails(
    session: &Session,
    assessments: &Assessments<'_>,
    checked: &mut Checked,
    files: &mut Listing,
) -> Result<Option<Guarding>, Failure> {
    let read = Guardrails::read(session.source.as_ref(), &session.inventory, &session.inventory.schema)?;
    read.iter().for_each(|guardrails| output::problems(&guardrails.warnings));
    match read.filter(|guardrails| !guardrails.all.is_empty()) {
        Some(guardrails) => {
            guardrails.all.values().filter_map(Guardrail::file).for_each(|source| files.add_text(source));
            checked.add_guardrails(guardrails.check(assessments, &session.options)?);
            Ok(Some(guardrails.provenance()))
        }
        None => {
            checked.skip(
                Part::Guardrails,
                format!("there is no {FOLDER}/*.cedar, and countersign.toml enables no guardrails"),
            );
            Ok(None)
        }
    }
}

fn lint_policies(args: &CheckArgs, folder: &Path, checked: &mut Checked, files: &mut Listing) -> Result<(), Failure> {
    let at = args.asking.at.as_deref().map_or_else(|| Ok(super::now()), super::parse_moment)?;
    let settings = Settings::read(&Folder::new(folder), at).map_err(Failure::Problems)?;
    let paths: Vec<PathBuf> = match settings.paths.as_slice() {
        [] => vec![folder.to_owned()],
        own => own.iter().map(|p| folder.join(p)).collect(),
    };
    if let Some(missing) = paths.iter().find(|p| !p.exists()) {
        return Err(errors::missing(missing).into());
    }
    let mut problems = Vec::new();
    let inputs = walk::inputs(folder, &paths, &settings, &mut problems);
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    let texts: Vec<Text> =
        inputs.into_iter().map(|i| Text { source: i.source, form: i.form, named: i.named }).collect();
    texts.iter().for_each(|t| files.add_text(&t.source));
    let mut outcome = lint::lint(&texts, &settings, None, true);
    if let Some(path) = &args.baseline {
        let source = input::text(path, &path.display().to_string())?;
        Baseline::parse(&source)?.suppress(&mut outcome.findings);
    }
    if outcome.files == 0 {
        checked.skip(Part::Lint, format!("no file in {} contains a policy", folder.display()));
    } else {
        checked.add_lint(outcome);
    }
    Ok(())
}

fn print(args: &CheckArgs, checked: &Checked, provenance: &Provenance) -> Result<(), Failure> {
    let summary = || {
        let words = checked.parts.iter().map(|p| format!("{}: {}", report::part(p.part), report::note(checked, p)));
        words.collect::<Vec<_>>().join(" · ")
    };
    output::write_as(&args.format, |format| match format {
        Format::Sarif => {
            let entries = report::entries::entries(checked);
            output::json(&findings::sarif::sarif(&described(&entries), &entries, provenance))
        }
        Format::Github => Ok(format!(
            "{}\n{}",
            findings::github::github(&report::entries::entries(checked), &summary()),
            provenance.line()
        )),
        Format::Junit => report::junit::junit(checked, provenance),
        Format::Markdown => Ok(output::told_below(report::markdown::markdown(checked), provenance)),
        Format::Json => output::json(&report::json::json(checked, provenance)),
        Format::Html => crate::page::change::page(checked, provenance),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn range(variables: &[(&str, &str)]) -> Option<Range> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        pipeline(|name| variables.get(name).map(|v| (*v).to_owned())).unwrap()
    }

    #[test]
    fn the_base_is_that_of_the_pipeline() {
        let is = |base: &str, merge_base| Some(Range { base: base.to_owned(), head: None, merge_base });
        let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")];
        assert_eq!(range(&github), is("origin/main", true));
        let sha = "1234567812345678123456781234567812345678";
        assert_eq!(range(&[("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", sha)]), is(sha, false));
        assert_eq!(
            range(&[("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")]),
            is("origin/main", true)
        );
        assert_eq!(range(&[("GITLAB_CI", "true"), ("CI_COMMIT_BEFORE_SHA", sha)]), is(sha, false));
        assert_eq!(range(&[("GITLAB_CI", "true"), ("CI_COMMIT_BEFORE_SHA", &"0".repeat(40))]), None);
        let folder = tempfile::tempdir().unwrap();
        let event = folder.path().join("event.json");
        let pushed = |before: &str| {
            std::fs::write(&event, serde_json::json!({"before": before, "ref": "refs/heads/main"}).to_string())
                .unwrap();
            let path = event.to_str().unwrap();
            range(&[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push"), ("GITHUB_EVENT_PATH", path)])
        };
        assert_eq!(pushed(sha), is(sha, false));
        assert_eq!(pushed(&"0".repeat(40)), None);
        assert_eq!(range(&[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "schedule")]), None);
        assert_eq!(range(&[("GITHUB_BASE_REF", "main")]), None, "only in a pipeline");
    }
}
