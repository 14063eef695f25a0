//! Lint as a part of a check: by the settings of the change, and by those of its target.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::versions::Linting;
use super::{CheckArgs, Cli, errors, limits};
use crate::check::{Checked, Part};
use crate::walk;
use countersign_core::lint::Finding;
use countersign_core::lint::baseline::{Baseline, Entry};
use countersign_core::lint::run::{LintOutcome, Text, lint};
use countersign_core::lint::settings::Settings;
use countersign_core::moment::Moment;
use countersign_core::problem::Failure;
use countersign_core::source::Folder;
use countersign_core::source::digest::Listing;
use countersign_core::source::unread::Unread;

/// What lint is held to beside its own settings.
pub struct Held {
    /// The moment.
    pub at: Moment,
    /// The target of the change, if there is one whose settings count.
    pub target: Option<Linting>,
    /// The files that the inventory was read from: what they say counts, wherever they stand.
    pub evaluated: Option<Arc<[String]>>,
}

impl Held {
    /// The files that are linted wherever they stand: of settings that say which paths are linted, those alone that are new.
    fn wherever(&self, settings: &Settings) -> Vec<String> {
        let known = self.target.as_ref().and_then(|target| target.evaluated.as_deref());
        let is_asked = |path: &&String| match (settings.paths.is_empty(), known) {
            (true, _) => true,
            (false, Some(known)) => !known.contains(path),
            (false, None) => false,
        };
        self.evaluated.iter().flat_map(|all| all.iter()).filter(is_asked).cloned().collect()
    }
}

/// Lints the policies of a folder; what was declined or not checked of it. What either version asks for is asked; what the change ignores with a reason is ignored.
pub fn lint_policies(
    (cli, args): (&Cli, &CheckArgs),
    folder: &Path,
    mut held: Held,
    (checked, files): (&mut Checked, &mut Listing),
) -> Result<Unread, Failure> {
    let settings = || -> Result<Settings, Failure> {
        let mut settings = Settings::read(&Folder::new(folder), held.at).map_err(Failure::Problems)?;
        settings.limits = limits::with(&cli.limit, settings.limits);
        Ok(settings)
    };
    let own = settings()?;
    let known = held.target.as_ref().map_or(&[][..], |target| &target.files);
    let mut outcome = linted(folder, &own, (known, &held.wherever(&own)), files)?;
    if let Some(target) = held.target.as_mut().filter(|target| !target.alike) {
        (target.settings.ignores, target.settings.source) = (settings()?.ignores, own.source.clone());
        // a folder that the change removes has nothing to lint
        target.settings.paths.retain(|path| folder.join(path).exists());
    }
    if let Some(target) = held.target.as_ref().filter(|target| !target.alike) {
        let wherever = held.wherever(&target.settings);
        add(&mut outcome, linted(folder, &target.settings, (&target.files, &wherever), &mut Listing::default())?);
    }
    let target = held.target;
    if let Some((baseline, _)) = super::versions::own_baseline(args, &Folder::new(folder), &own)? {
        match &target {
            Some(held) => counted(&baseline, held.baseline.as_ref().map(|(b, _)| b)).suppress(&mut outcome.findings),
            None => baseline.suppress(&mut outcome.findings),
        };
    }
    let unread = outcome.unread.clone();
    if outcome.files == 0 {
        checked.skip(Part::Lint, format!("no file in {} contains a policy", folder.display()));
    } else {
        checked.add_lint(outcome);
    }
    Ok(unread)
}

/// Adds what other settings find besides.
fn add(outcome: &mut LintOutcome, other: LintOutcome) {
    (outcome.files, outcome.policies) = (outcome.files.max(other.files), outcome.policies.max(other.policies));
    let key = |f: &Finding| (f.rule.code, f.place.source.path.clone(), f.place.span, f.message.clone(), f.severity);
    let known: Vec<_> = outcome.findings.iter().filter(|f| f.is_open()).map(key).collect();
    outcome.findings.extend(other.findings.into_iter().filter(|f| f.is_open() && !known.contains(&key(f))));
}

/// Lints the folder by some settings; files of the target among them that `.gitignore` of the change leaves out, and others that are
/// linted wherever they stand.
fn linted(
    folder: &Path,
    settings: &Settings,
    (known, wherever): (&[String], &[String]),
    files: &mut Listing,
) -> Result<LintOutcome, Failure> {
    let paths: Vec<PathBuf> = match settings.paths.as_slice() {
        [] => vec![folder.to_owned()],
        own => own.iter().map(|p| walk::of_settings(folder, p)).collect::<Result<_, _>>()?,
    };
    if let Some(missing) = paths.iter().find(|p| !p.exists()) {
        return Err(errors::missing(missing).into());
    }
    let mut problems = Vec::new();
    let mut unread = Unread::default();
    let mut inputs = walk::inputs(folder, &paths, settings, (&mut problems, &mut unread));
    if settings.paths.is_empty() {
        walk::known(folder, known, settings, (&mut inputs, &mut problems));
    }
    walk::wherever(folder, wherever, settings, (&mut inputs, &mut problems));
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    let texts: Vec<Text> =
        inputs.into_iter().map(|i| Text { source: i.source, form: i.form, named: i.named }).collect();
    texts.iter().for_each(|t| files.add_text(&t.source));
    let mut outcome = lint(&texts, settings, None, true);
    outcome.unread.extend(unread);
    Ok(outcome)
}

/// The entries of a baseline that the other has too, as often as both do.
fn counted(own: &Baseline, other: Option<&Baseline>) -> Baseline {
    let one = |e: &Entry| Entry { count: 1, ..e.clone() };
    let allowed = |e: &Entry| -> usize {
        let all = other.iter().flat_map(|b| &b.entries).filter(|o| one(o) == one(e));
        all.map(|o| o.count).sum()
    };
    let excess = own.entries.iter().map(|e| Entry { count: e.count.saturating_sub(allowed(e)), ..e.clone() });
    own.without(&excess.filter(|e| e.count > 0).collect::<Vec<_>>())
}
