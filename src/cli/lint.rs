//! `lint`: reads the files, prints what was found, mends what can be mended.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::errors::{self, usage};
use super::files;
use super::limits;
use super::output::{self, Format, Output};
use super::{Cli, INVALID, NOT_OK, NOTHING, OK, input};
use crate::report::findings::{self, FindingsReport};
use crate::walk;
use countersign_core::lint::baseline::{Baseline, Entry};
use countersign_core::lint::fix::{self, Fixed, Which, Why};
use countersign_core::lint::policy::PolicyKind;
use countersign_core::lint::profile::Profile;
use countersign_core::lint::read::form_of_text;
use countersign_core::lint::run::{self, LintOutcome, Text};
use countersign_core::lint::settings::Settings;
use countersign_core::lint::{Severity, rules};
use countersign_core::problem::{Failure, Problem, SourceFile, instead};
use countersign_core::provenance::Provenance;
use countersign_core::source::Folder;
use countersign_core::source::digest::Files;
use countersign_core::source::unread::Unread;

#[derive(Args)]
pub struct LintArgs {
    /// Files and folders; `-` is stdin [default: `paths` of [lint] in countersign.toml, else this folder]
    path: Vec<PathBuf>,
    /// What the policies are attached to, if their files do not say
    #[arg(long, value_parser = super::values::kind())]
    kind: Option<PolicyKind>,
    /// Use only these rules, by code or name
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// Also use the rules that express an opinion
    #[arg(long)]
    opinions: bool,
    /// Which rules are used: `default`, `security`, `artifact` or `access-analyzer` [default: `profile` of [lint] in
    /// countersign.toml, else `default`]
    #[arg(long, value_name = "PROFILE", value_parser = super::values::profile())]
    profile: Option<Profile>,
    /// Fix what can be fixed without changing a decision
    #[arg(long)]
    fix: bool,
    /// Also make fixes that grant or deny something; each finding says what
    #[arg(long)]
    unsafe_fixes: bool,
    /// Show the fixes without writing them
    #[arg(long)]
    diff: bool,
    /// Fail on findings of this severity or above
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Exit with 0 if no file contains a policy, for hooks that pass every changed file
    #[arg(long)]
    allow_nothing: bool,
    /// Ignore the findings recorded in this file [default: `baseline` of [lint] in countersign.toml]
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the current findings to the baseline
    #[arg(long, conflicts_with = "prune_baseline")]
    write_baseline: bool,
    /// Remove findings that no longer occur from the baseline
    #[arg(long)]
    prune_baseline: bool,
    /// Tell only findings in files of this owner, by `[[lint.owners]]` in countersign.toml; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["fix", "unsafe_fixes", "diff"])]
    owner: Vec<String>,
    /// Use this day to decide which ignores and conditions have expired [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// `text`, `json`, `sarif`, `github`, `gitlab`, `junit` or `markdown`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_findings)]
    format: Vec<Output>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl FailOn {
    /// Fail on findings of this severity or above.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Error => Some(Severity::Error),
            Self::Warning => Some(Severity::Warning),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }
}

/// The name of what was read from stdin.
const STDIN: &str = "stdin";

/// Everything that a run needs, read.
struct Run {
    inputs: Vec<walk::Input>,
    /// What was declined before it was read.
    unread: Unread,
    settings: Settings,
    baseline: Option<(PathBuf, Baseline)>,
    kind: Option<PolicyKind>,
    /// The settings' own paths were linted, so that what matches nothing matches nothing at all.
    whole: bool,
}

pub fn lint(cli: &Cli, args: &LintArgs) -> Result<u8, Failure> {
    let mut problems = Vec::new();
    let run = prepare(cli, args, &mut problems)?;
    let mut outcome = run.lint();
    let mut read: Vec<Arc<SourceFile>> = run.inputs.iter().map(|i| i.source.clone()).collect();
    output::problems(&problems);
    for name in &outcome.without {
        output::note(&format!("{name} contains no policy"));
    }
    if outcome.files == 0 {
        if !problems.is_empty() {
            return Ok(INVALID);
        }
        let looked = outcome.passed_over;
        let declined = Some(run.unread.words()).filter(|words| !words.is_empty());
        let declined = declined.map_or_else(String::new, |words| format!("; {words}"));
        output::note(&format!("nothing to lint: none of {looked} files contains a policy{declined}"));
        return Ok(if args.allow_nothing { OK } else { NOTHING });
    }
    if args.fix || args.unsafe_fixes || args.diff {
        let fixed = run.fixed(&outcome, if args.unsafe_fixes { Which::All } else { Which::Safe });
        if args.diff {
            output::print_file(&differences(&fixed))?;
            return Ok(if fixed.is_empty() { OK } else { NOT_OK });
        }
        (outcome, read) = run.write(&fixed)?;
    }
    if args.write_baseline || args.prune_baseline {
        return run.write_baseline(args, &outcome);
    }
    let report = FindingsReport::new(&outcome);
    let mut files = Files::of(&read);
    files.unread.extend(run.unread);
    files.unread.extend(outcome.unread.clone());
    let provenance = Provenance::of_files(files);
    print(&args.format, &report, &provenance)?;
    let fails = report
        .findings
        .iter()
        .filter(|f| f.may_fail())
        .any(|f| args.fail_on.severity().is_some_and(|limit| f.severity >= limit));
    Ok(match (problems.is_empty(), fails) {
        (false, _) => INVALID,
        (true, true) => NOT_OK,
        (true, false) => OK,
    })
}

fn print(formats: &[Output], report: &FindingsReport<'_>, provenance: &Provenance) -> Result<(), Failure> {
    output::beside(formats, provenance);
    output::write_as(formats, |format| match format {
        Format::Text => Ok(output::told(findings::text::text(output::width(), report), provenance)),
        Format::Sarif => {
            let rules = findings::sarif::rules_of_lint();
            output::json(&findings::sarif::sarif(&rules, &report.entries(), provenance))
        }
        Format::Github => {
            let summary = format!("{} · {}", report.counts(), report.read());
            Ok(format!("{}\n{}", findings::github::github(&report.entries(), &summary), provenance.line()))
        }
        Format::Gitlab => output::json(&findings::gitlab::gitlab(&report.entries())),
        Format::Junit => findings::junit::junit(&report.entries(), &report.read(), provenance),
        Format::Markdown => Ok(output::told_below(findings::markdown::markdown(report), provenance)),
        Format::Json | Format::JsonV1 | Format::Lines | Format::Csv | Format::Html | Format::Parquet => {
            output::json(&findings::json::json(report, provenance))
        }
    })
}

fn prepare(cli: &Cli, args: &LintArgs, problems: &mut Vec<Problem>) -> Result<Run, Failure> {
    let at = args.at.as_deref().map_or_else(|| Ok(super::now()), super::parse_moment)?;
    let root = input::locate(None);
    let mut settings = Settings::read(&Folder::new(&root), at).map_err(Failure::Problems)?;
    settings.limits = limits::with(&cli.limit, settings.limits);
    settings.profile = args.profile.unwrap_or(settings.profile);
    if args.opinions {
        rules::all().iter().filter(|r| r.opinion).for_each(|r| settings.switch_on(r));
    }
    let chosen = args.rule.iter().map(|name| {
        rules::by_code(name).ok_or_else(|| {
            Failure::from(usage(format!("there is no rule {name}")).help("`countersign show rules` lists them"))
        })
    });
    let chosen = chosen.collect::<Result<Vec<_>, Failure>>()?;
    if !chosen.is_empty() {
        settings.only(&chosen);
    }
    if let Some(unknown) = args.owner.iter().find(|name| !settings.choose_owner(name)) {
        let names: Vec<&str> = settings.owners.iter().map(|o| o.name.as_str()).collect();
        let otherwise = "owners are named by [[lint.owners]] in countersign.toml";
        return Err(usage(format!("there is no owner `{unknown}`")).help(instead(unknown, names, otherwise)).into());
    }
    let whole = args.path.is_empty();
    let mut inputs = Vec::new();
    let (stdin, named): (Vec<&PathBuf>, Vec<&PathBuf>) = args.path.iter().partition(|p| p.as_path() == Path::new("-"));
    if !stdin.is_empty() {
        if args.fix || args.unsafe_fixes && !args.diff {
            return Err(usage("stdin cannot be fixed in place").help("use --diff, or give a file").into());
        }
        inputs.push(standard_input()?);
    }
    let paths: Vec<PathBuf> = match (whole, settings.paths.as_slice()) {
        (false, _) => named.into_iter().cloned().collect(),
        (true, []) => vec![PathBuf::from(".")],
        (true, own) => own.iter().map(|p| walk::of_settings(&root, p)).collect::<Result<_, _>>()?,
    };
    if let Some(missing) = paths.iter().find(|p| !p.exists()) {
        return Err(errors::missing(missing).into());
    }
    let mut unread = Unread::default();
    let walked = inputs.len();
    inputs.extend(walk::inputs(&root, &paths, &settings, (problems, &mut unread)));
    let absolute = |input: &walk::Input| Some(std::path::absolute(&input.path).ok()?.display().to_string());
    files::was_read(&root, inputs.iter().skip(walked).filter_map(absolute).collect());
    let of_settings = settings.baseline.as_ref().filter(|_| args.baseline.is_none());
    let of_settings = of_settings.map(|own| walk::of_settings(&root, own)).transpose()?;
    let named = args.baseline.clone().or(of_settings);
    let baseline = match &named {
        None if args.write_baseline || args.prune_baseline => {
            return Err(usage("there is no baseline to write")
                .help("name it with --baseline, or as `baseline` of [lint]")
                .into());
        }
        None => None,
        Some(path) if args.write_baseline && !path.exists() => Some((path.clone(), Baseline::of(&[]))),
        Some(path) => {
            let source = input::text(path, &path.display().to_string())?;
            let whole = args.write_baseline && args.owner.is_empty();
            let baseline = if whole { Baseline::of(&[]) } else { Baseline::parse(&source)? };
            // what is written anew is not known
            let own = |e: &Entry| args.write_baseline && settings.tells(&e.file);
            Some((path.clone(), baseline.leaving_out(own)))
        }
    };
    Ok(Run { inputs, unread, settings, baseline, kind: args.kind, whole })
}

fn standard_input() -> Result<walk::Input, Failure> {
    let text = walk::decoded(input::stdin()?, STDIN)?;
    let form = form_of_text(&text);
    Ok(walk::Input { source: SourceFile::new(STDIN, text), path: PathBuf::from(STDIN), form, named: true })
}

impl Run {
    fn texts(&self) -> Vec<Text> {
        let text = |i: &walk::Input| Text { source: i.source.clone(), form: i.form, named: i.named };
        self.inputs.iter().map(text).collect()
    }

    fn lint(&self) -> LintOutcome {
        self.lint_texts(&self.texts(), true)
    }

    fn lint_texts(&self, texts: &[Text], tell: bool) -> LintOutcome {
        let mut outcome = run::lint(texts, &self.settings, self.kind, self.whole);
        if let Some((path, baseline)) = &self.baseline {
            let idle = baseline.suppress(&mut outcome.findings);
            let known = |e: &&Entry| {
                (self.whole || texts.iter().any(|t| t.source.path == e.file)) && self.settings.tells(&e.file)
            };
            let idle: Vec<_> = idle.iter().filter(known).collect();
            if tell && !idle.is_empty() {
                for entry in &idle {
                    output::note(&format!(
                        "{}: {} in {} is no longer found ({})",
                        path.display(),
                        entry.rule,
                        entry.file,
                        entry.place
                    ));
                }
                output::note("--prune-baseline removes them");
            }
        }
        outcome
    }

    /// The files with their fixes applied.
    fn fixed(&self, outcome: &LintOutcome, which: Which) -> Vec<Fixed> {
        let again = |source: &Arc<SourceFile>| {
            let form = self.inputs.iter().find(|i| i.source.path == source.path).map(|i| i.form);
            let form = form.unwrap_or_else(|| form_of_text(&source.text));
            self.lint_texts(&[Text { source: source.clone(), form, named: true }], false)
        };
        let mut fixed = fix::fix(&outcome.findings, which, again);
        for file in &fixed {
            for left in &file.left_out {
                let place = left.pointer.as_deref().map_or_else(String::new, |pointer| format!(" in {pointer}"));
                let why = match left.why {
                    Why::NeverSettles => "what comes of it is fixed again, without end",
                    Why::Breaks => "with it, the file is not read as it was",
                };
                output::note(&format!("{}: the fix of {}{place} is left out: {why}", file.before.path, left.rule));
            }
        }
        fixed.retain(|file| !file.done.is_empty());
        fixed
    }

    /// Writes what was mended, and lints again; the texts as they are then.
    fn write(&self, fixed: &[Fixed]) -> Result<(LintOutcome, Vec<Arc<SourceFile>>), Failure> {
        let mut texts = self.texts();
        let mut written = BTreeSet::new();
        for file in fixed {
            let Some(input) = self.inputs.iter().find(|i| i.source.path == file.before.path) else {
                continue;
            };
            // a file and a link to it are one, and are mended once
            let is_first = input.path.canonicalize().map_or(true, |real| written.insert(real));
            if is_first {
                files::replace_unchanged(&input.path, file.before.text.as_bytes(), file.after.as_bytes())?;
                for done in &file.done {
                    output::note(&format!("{}: {done}", file.before.path));
                }
            }
            if let Some(text) = texts.iter_mut().find(|t| t.source.path == file.before.path) {
                text.source = SourceFile::new(file.before.path.clone(), file.after.clone());
            }
        }
        let outcome = self.lint_texts(&texts, true);
        Ok((outcome, texts.into_iter().map(|t| t.source).collect()))
    }

    fn write_baseline(&self, args: &LintArgs, outcome: &LintOutcome) -> Result<u8, Failure> {
        let Some((path, known)) = &self.baseline else {
            return Ok(OK);
        };
        let new = if args.write_baseline {
            // what others have in it stays
            known.with(&Baseline::of(&outcome.findings))
        } else {
            let mut findings = outcome.findings.clone();
            findings.iter_mut().for_each(|f| {
                if f.suppressed == Some(countersign_core::lint::Suppressed::Baseline) {
                    f.suppressed = None;
                }
            });
            let mut idle = known.suppress(&mut findings);
            idle.retain(|e| self.settings.tells(&e.file));
            known.without(&idle)
        };
        output::replace(path, new.text().as_bytes())?;
        let plural = if new.entries.len() == 1 { "entry" } else { "entries" };
        output::note(&format!("{} has {} {plural}", path.display(), new.entries.len()));
        Ok(OK)
    }
}

/// The differences, as `patch` takes them.
fn differences(fixed: &[Fixed]) -> String {
    let one = |file: &Fixed| {
        let (before, after) = (file.before.text.as_str(), file.after.as_str());
        let diff = similar::TextDiff::from_lines(before, after);
        let path = &file.before.path;
        diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string()
    };
    fixed.iter().map(one).collect()
}
