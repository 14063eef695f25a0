//! The versions of an inventory that a check deals with, each with what it promises: the one that is checked, the one that the change
//! began at, and the one whose settings hold, which is the tip of the branch that the change is meant for.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::super::diff::{self, Compared, Version};
use super::super::files::was_read;
use super::super::{Cli, Session, input, output};
use super::{CheckArgs, pipeline};
use crate::revision::{Range, Repository};
use countersign_core::expectations::Suite;
use countersign_core::guardrails::Guardrails;
use countersign_core::inventory::config::{Config, FILE};
use countersign_core::lint::baseline::Baseline;
use countersign_core::lint::read::form;
use countersign_core::lint::settings::Settings;
use countersign_core::moment::Moment;
use countersign_core::problem::{Failure, Problem, SourceFile};
use countersign_core::promises::{self, Promises, Sources, Weakening};
use countersign_core::source::{self, Folder, Hidden, Source};
use countersign_core::text::files::resolve;

/// A baseline, and its file.
pub type BaselineFile = (Baseline, Arc<SourceFile>);

/// A version, ready to be asked.
pub struct Loaded {
    /// What to call it.
    pub name: String,
    /// Its inventory, and what decides about it.
    pub session: Session,
    /// Its guardrails.
    pub guardrails: Option<Guardrails>,
    /// Its expectations.
    pub suite: Suite,
    /// Its baseline of lint.
    pub baseline: Option<BaselineFile>,
    /// What it promises.
    pub promises: Promises,
    /// Its settings as they are written.
    pub written: Config,
}

impl Loaded {
    /// A version with what it promises.
    pub fn new(name: String, session: Session, baseline: Option<BaselineFile>) -> Result<Self, Failure> {
        let files = session.source.as_ref();
        let guardrails = Guardrails::read(files, &session.inventory, &session.inventory.schema)?;
        let suite = Suite::read(files, &session.inventory.config.exclude, &session.rules.operations)?;
        let lint = Settings::read(files, session.options.at).map_err(Failure::Problems)?;
        let baseline = baseline.map_or_else(|| baseline_named(files, &lint), |known| Ok(Some(known)))?;
        // the moment of AWS's answers is that of the data, and no setting
        let written = match &session.inventory.config.source {
            Some(source) => Config::parse(source).map_err(Failure::Problems)?,
            None => Config::none(),
        };
        let schema = session.provenance().schema.map(|s| s.sha256).unwrap_or_default();
        let promises = Promises::of(&Sources {
            files,
            config: &written,
            inventory: &session.inventory,
            rules: &session.rules,
            schema: &schema,
            guardrails: guardrails.as_ref(),
            suite: &suite,
            lint: &lint,
            baseline: baseline.as_ref().map(|(baseline, file)| (baseline, file)),
        });
        Ok(Self { name, session, guardrails, suite, baseline, promises, written })
    }
}

/// The baseline that the settings of a version name, as it has it; the command line names another in its place.
pub fn baseline_named(files: &dyn source::Source, settings: &Settings) -> Result<Option<BaselineFile>, Failure> {
    let Some(named) = &settings.baseline else { return Ok(None) };
    let name = resolve(FILE, named);
    // one that is not there suppresses nothing
    if Path::new(named).is_absolute() || !files.has(&name) {
        return Ok(None);
    }
    let source = source::text(files, &name)?;
    Ok(Some((Baseline::parse(&source)?, source)))
}

/// The baseline that the command line names.
pub fn baseline(args: &CheckArgs) -> Result<Option<BaselineFile>, Failure> {
    let Some(path) = &args.baseline else { return Ok(None) };
    let source = input::text(path, &path.display().to_string())?;
    Ok(Some((Baseline::parse(&source)?, source)))
}

/// The baseline of what is checked: that of the command line, else that of its settings.
pub fn own_baseline(
    args: &CheckArgs,
    files: &dyn source::Source,
    settings: &Settings,
) -> Result<Option<BaselineFile>, Failure> {
    let found = if args.baseline.is_some() { baseline(args) } else { baseline_named(files, settings) }?;
    if let Some((_, file)) = &found {
        was_read(Path::new(&files.name()), [file.path.clone()].into());
    }
    Ok(found)
}

/// The baseline as a version has it: one that stands in the repository is that of the revision.
fn baseline_of(version: &Version, args: &CheckArgs) -> Result<Option<BaselineFile>, Failure> {
    if args.baseline.is_none() {
        return Ok(None);
    }
    let Some(there) = args.baseline.as_deref().and_then(|path| version.named(path)) else { return baseline(args) };
    if !version.files.has(&there) {
        return Ok(None);
    }
    let source = source::text(version.files.as_ref(), &there)?;
    Ok(Some((Baseline::parse(&source)?, source)))
}

/// What a change is checked against.
pub struct Gate {
    /// Where it began.
    pub base: Loaded,
    /// Whose settings hold; `None` where they are those of the base.
    pub target: Option<Loaded>,
}

impl Gate {
    /// The version whose settings hold.
    pub fn target(&self) -> &Loaded {
        self.target.as_ref().unwrap_or(&self.base)
    }
}

/// Why there is nothing to check a change against.
pub enum Ungated {
    /// Nothing names a base.
    NoBase(String),
    /// The base has no inventory: this change begins it.
    Adoption(String),
    /// The base has others: this change adds one, to which nothing of theirs applies.
    Further {
        /// Why there is nothing to compare with.
        why: String,
        /// The version that has others.
        target: String,
    },
}

impl Ungated {
    /// Why the change is compared with nothing.
    pub fn why(&self) -> &str {
        match self {
            Self::NoBase(why) | Self::Adoption(why) | Self::Further { why, .. } => why,
        }
    }

    /// A first inventory, or a further one.
    fn begun(args: &CheckArgs, folder: &Path, why: String) -> Result<Self, Failure> {
        let Some(range) = range(args)?.filter(|_| args.base.is_none()) else { return Ok(Self::Adoption(why)) };
        let target = range.target.unwrap_or(range.base);
        let others = Repository::of(folder)?.others(&target)?;
        Ok(if others.is_empty() { Self::Adoption(why) } else { Self::Further { why, target } })
    }
}

/// The range that was asked for, else that of the pipeline.
fn range(args: &CheckArgs) -> Result<Option<Range>, Failure> {
    match &args.git {
        Some(range) => Range::parse(range).map(Some),
        None if args.no_base || args.base.is_some() => Ok(None),
        None => pipeline::range(|name| std::env::var(name).ok().filter(|v| !v.is_empty())),
    }
}

/// The inventories to check: those of the change, and those of its target. A change that takes a `countersign.toml` away, or puts one
/// into a folder above, does not choose what is checked.
pub fn inventories(args: &CheckArgs) -> Result<Vec<PathBuf>, Failure> {
    let given = args.dir.as_deref().or(args.inventory.as_deref());
    let mut folders = input::inventories(given)?;
    let Some(range) = range(args)? else { return Ok(folders) };
    if let Some(given) = given {
        return no_link(given).map(|()| folders);
    }
    let root = match folders.as_slice() {
        // one above this folder is what it holds
        [one] if one.is_absolute() => one.clone(),
        _ => PathBuf::from("."),
    };
    let known = Repository::of(&root)?.inventories(range.target.as_deref().unwrap_or(&range.base))?;
    let known: Vec<PathBuf> =
        known.iter().map(|f| if root == Path::new(".") { f.clone() } else { root.join(f) }).collect();
    let plain = |path: &PathBuf| path.components().collect::<PathBuf>();
    let mut is_new = folders.iter().any(|f| !known.iter().any(|k| plain(k) == plain(f)));
    for folder in known {
        no_link(&folder)?;
        if folders.iter().any(|f| plain(f) == plain(&folder)) {
            continue;
        }
        if folder.is_dir() {
            if !is_moved_below(&folder, &folders, &range)? {
                folders.push(folder);
            }
        } else if !is_new {
            let message = format!("{} was an inventory in {}, and is no more", folder.display(), range.base);
            let help = "put it back; if it is really to go, check the others by name: --inventory";
            return Err(Problem::about(folder.display().to_string(), message).help(help).into());
        } else {
            // it may have been renamed: what is new is traced to it, or is an error
            is_new = false;
        }
    }
    folders.sort();
    Ok(folders)
}

/// How the names of files end that decide about an inventory, beside those that may hold a policy.
const READ: [&str; 4] = [".csv", ".cedar", ".expect.toml", FILE];

/// Whether an inventory was moved as a whole into a folder below its own: git sees its files there, and none that it was read from has
/// stayed. What stays behind would be compared with nothing, so that it is then still an inventory.
fn is_moved_below(folder: &Path, folders: &[PathBuf], range: &Range) -> Result<bool, Failure> {
    let plain = |path: &Path| path.components().filter(|part| *part != Component::CurDir).collect::<PathBuf>();
    let former = Repository::of(folder)?;
    let commit = former.begun(range)?;
    let head = range.head.as_deref().map(|head| former.commit(head)).transpose()?;
    let below = folders.iter().filter(|f| plain(f) != plain(folder) && plain(f).starts_with(plain(folder)));
    let mut is_followed = false;
    for new in below.clone() {
        let renamed = Repository::of(new)?.renamed(&commit, head.as_deref());
        is_followed |= renamed.is_ok_and(|found| found.is_some_and(|found| found.prefix() == former.prefix()));
    }
    if !is_followed {
        return Ok(false);
    }
    let files = former.read(&commit, "")?;
    // of what the inventory excludes, policies were linted all the same
    let is_read = |path: &String| {
        let is_hidden = path.split('/').any(|part| part.starts_with('.'));
        !is_hidden && (form(path).is_some() || READ.iter().any(|end| path.ends_with(end)))
    };
    let is_elsewhere = |path: &Path| below.clone().any(|new| plain(path).starts_with(plain(new)));
    let left = files.paths(&mut Vec::new()).into_iter().filter(is_read).map(|path| folder.join(path));
    Ok(left.into_iter().all(|path| !path.exists() || is_elsewhere(&path)))
}

/// An inventory that is reached by a link is another one: its own base would be compared with nothing of what was there.
fn no_link(folder: &Path) -> Result<(), Failure> {
    // of a whole path, where the repository lies is not the change's
    let inner = folder.ancestors().filter(|part| !folder.is_absolute() || *part == folder);
    let Some(link) = inner.into_iter().find(|part| part.is_symlink()) else { return Ok(()) };
    let message = format!("{} is a link, and no inventory to compare with what was there", link.display());
    let help = "name the folder that it leads to, or put the inventory back";
    Err(Problem::about(link.display().to_string(), message).help(help).into())
}

/// What to compare with: what was asked for, else what the pipeline says.
pub fn compared(args: &CheckArgs, folder: &Path) -> Result<Option<Compared>, Failure> {
    if args.no_base {
        return Ok(None);
    }
    if let Some(base) = &args.base {
        return Ok(Some(Compared::folders(base, folder)));
    }
    range(args)?.map(|range| Compared::revisions(folder, &range)).transpose()
}

/// The versions that a change is checked against; else why there are none.
pub fn gate(cli: &Cli, args: &CheckArgs, head: &Session) -> Result<Result<Gate, Ungated>, Failure> {
    let name = head.source.name();
    let folder = Path::new(&name);
    let compared = match compared(args, folder) {
        Ok(Some(compared)) => compared,
        Ok(None) => {
            let why = "no base to compare with: name one with --git or --base".to_owned();
            return Ok(Err(Ungated::NoBase(why)));
        }
        Err(Failure::Nothing(why)) => return Ungated::begun(args, folder, why.to_string()).map(Err),
        Err(failure) => return Err(failure),
    };
    let base = match load(cli, args, compared.base, head) {
        Err(Failure::Nothing(why)) => return Ungated::begun(args, folder, why.to_string()).map(Err),
        loaded => loaded?,
    };
    let target = match compared.target {
        Some(Ok(version)) => match load(cli, args, version, head) {
            // it is gone from the target, and a change that still has it is held to what it was
            Err(Failure::Nothing(_)) => None,
            loaded => Some(loaded?),
        },
        _ => None,
    };
    Ok(Ok(Gate { base, target }))
}

fn load(cli: &Cli, args: &CheckArgs, version: Version, head: &Session) -> Result<Loaded, Failure> {
    let name = version.name.clone();
    let baseline = baseline_of(&version, args)?;
    let session = diff::base(cli, version, &args.asking, head)?;
    Loaded::new(name.clone(), session, baseline).inspect_err(|_| output::note(&format!("In the base, {name}:")))
}

/// What lint is held to beside the settings of the change.
pub struct Linting {
    /// The settings of the target.
    pub settings: Settings,
    /// Its baseline.
    pub baseline: Option<BaselineFile>,
    /// Both versions lint alike.
    pub alike: bool,
    /// The files of the target: what it has is linted, whatever the change ignores.
    pub files: Vec<String>,
    /// The files that its inventory is read from, if there is one.
    pub evaluated: Option<Arc<[String]>>,
}

impl Linting {
    /// That of the version whose settings hold.
    pub fn of(target: &Loaded, head: &Loaded, at: Moment) -> Result<Self, Failure> {
        let source = target.session.source.as_ref();
        Ok(Self {
            settings: Settings::read(source, at).map_err(Failure::Problems)?,
            baseline: target.baseline.clone(),
            alike: head.promises.lints_like(&target.promises),
            files: source.list("", Hidden::LeftOut, &mut Vec::new()),
            evaluated: Some(target.session.inventory.holding.clone()),
        })
    }
}

/// A folder that is linted and has no inventory: what lint is held to, and what the change weakens of it.
pub fn linting(
    args: &CheckArgs,
    folder: &Path,
    at: Moment,
) -> Result<Option<(Linting, String, Vec<Weakening>)>, Failure> {
    let compared = match compared(args, folder) {
        Ok(Some(compared)) => compared,
        Ok(None) | Err(Failure::Nothing(_)) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let read = |version: &Version| -> Result<(Settings, Option<BaselineFile>, Promises), Failure> {
        let settings = Settings::read(version.files.as_ref(), at).map_err(Failure::Problems)?;
        let files = version.files.as_ref();
        let baseline =
            if args.baseline.is_some() { baseline_of(version, args) } else { baseline_named(files, &settings) }?;
        let promises = Promises::of_lint(version.files.as_ref(), &settings, baseline.as_ref().map(|(b, f)| (b, f)));
        Ok((settings, baseline, promises))
    };
    let (_, _, first) = read(&compared.base)?;
    let target = compared.target.and_then(Result::ok).unwrap_or(compared.base);
    let (settings, known, theirs) = read(&target)?;
    let changed = Folder::new(folder);
    let own = Settings::read(&changed, at).map_err(Failure::Problems)?;
    let written = own_baseline(args, &changed, &own)?;
    let head = Promises::of_lint(&changed, &own, written.as_ref().map(|(b, f)| (b, f)));
    let found = promises::weakenings(&theirs, &first, &head, at);
    let files = target.files.list("", Hidden::LeftOut, &mut Vec::new());
    let linting = Linting { settings, baseline: known, alike: head.lints_like(&theirs), files, evaluated: None };
    Ok(Some((linting, target.name, found)))
}

/// An inventory that is gone from the change, while there is one to compare with: nothing of it would be checked.
pub fn gone(args: &CheckArgs, folder: &Path) -> Result<(), Failure> {
    let base = match compared(args, folder) {
        Ok(Some(compared)) => compared.base,
        Ok(None) | Err(Failure::Nothing(_)) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let mut problems = Vec::new();
    let listed = base.files.paths(&mut problems);
    if listed.iter().any(|path| path.ends_with(".json") || path.ends_with(".csv")) {
        let message = format!("{} has no inventory any more, and {} has one", folder.display(), base.name);
        let help = "put it back; if it is really to go, check without a base: --no-base";
        return Err(Problem::about(folder.display().to_string(), message).help(help).into());
    }
    Ok(())
}
