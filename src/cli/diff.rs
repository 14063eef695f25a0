//! `diff`: what a change grants and what it loses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::errors::usage;
use super::output;
use super::{Cli, EvaluationArgs, NOT_OK, OK, Printing, Session, input, narrow};
use crate::report;
use crate::revision::{Range, Repository};
use countersign_core::access::pair::{self, Pair};
use countersign_core::access::{self, AccessAnswer, NewRequests, Side, solver};
use countersign_core::assessment::Options;
use countersign_core::diff::{self, Diff, Found};
use countersign_core::iam::resource_based::DocumentKind;
use countersign_core::inventory::Policy;
use countersign_core::inventory::config::Exception;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, NothingTo, Problem};
use countersign_core::provenance::Provenance;
use countersign_core::source::digest::Files;
use countersign_core::source::{Folder, Source};
use countersign_core::stack;

#[derive(Args)]
pub struct DiffArgs {
    /// BASE and HEAD, two folders; with --git, the folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    #[arg(num_args = 0..=2, value_name = "DIR", conflicts_with = "policy")]
    folders: Vec<PathBuf>,
    /// Compare with a git revision, without touching the working tree: `main`, `main..topic`, `main...topic`
    #[arg(long, value_name = "RANGE", conflicts_with = "policy")]
    git: Option<String>,
    /// Ask whether NEW allows any request, to any service, that OLD does not
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    policy: Vec<PathBuf>,
    /// Ask a solver for a second opinion; where it contradicts the search, the answer is unknown
    #[arg(long, value_enum, requires = "policy")]
    solver: Option<Solver>,
    /// Apply the reviewed exceptions in HEAD's countersign.toml: `[[diff.allow]]`, each with a reason
    #[arg(long, conflicts_with = "policy")]
    allow: bool,
    /// Show every name and every change
    #[arg(long, conflicts_with = "policy")]
    all: bool,
    #[command(flatten)]
    asking: EvaluationArgs,
    #[command(flatten)]
    printing: Printing,
}

/// A solver that is installed separately.
#[derive(Clone, Copy, ValueEnum)]
pub enum Solver {
    Cvc5,
}

pub fn diff(cli: &Cli, args: &DiffArgs) -> Result<u8, Failure> {
    match (args.policy.as_slice(), args.folders.as_slice(), &args.git) {
        ([old, new], ..) => policies(old, new, args),
        (_, [base, head], None) => inventories(cli, args, Compared::folders(base, head)),
        (_, [_, _], Some(_)) => Err(usage("--git compares revisions of one folder")
            .help("name the folder of the inventory, or leave out --git")
            .into()),
        (_, folders, Some(range)) => {
            let folder = input::locate(folders.first().map(PathBuf::as_path));
            inventories(cli, args, Compared::revisions(&folder, &Range::parse(range)?)?)
        }
        (_, _, None) => Err(usage("there is nothing to compare")
            .help("name two folders, or use --git main or --policy OLD NEW")
            .into()),
    }
}

/// An inventory that is compared with another.
pub struct Version {
    /// Its files.
    pub files: Box<dyn Source>,
    /// What to call it: a folder, a branch with its commit.
    pub name: String,
    /// The repository that it is a revision of; `None` for what a folder holds now.
    pub repository: Option<Repository>,
}

impl Version {
    /// What a folder holds now.
    fn of_folder(folder: &Path) -> Self {
        Self { files: Box::new(Folder::new(folder)), name: folder.display().to_string(), repository: None }
    }

    /// What the folder of the repository held at a commit.
    fn of_commit(repository: &Repository, revision: &str, commit: &str) -> Result<Self, Failure> {
        let name = format!("{revision} ({})", commit.get(..12).unwrap_or(commit));
        let files = Box::new(repository.read(commit, &name)?);
        Ok(Self { files, name, repository: Some(repository.clone()) })
    }

    /// The same, where the folder may have had another name. `tip` is the new side; the work tree where there is none.
    fn followed(repository: &Repository, (revision, commit): (&str, &str), tip: Option<&str>) -> Result<Self, Failure> {
        match Self::of_commit(repository, revision, commit) {
            Err(failure @ Failure::Nothing(_)) => {
                let Some(former) = repository.renamed(commit, tip)? else { return Err(failure) };
                let version = Self::of_commit(&former, revision, commit)?;
                output::note(&format!("In the base, the inventory is `{}`.", former.prefix()));
                Ok(Self { name: format!("{} {}", version.name, former.prefix()), ..version })
            }
            read => read,
        }
    }

    /// A file or folder that the command line names, by its path in this version: what stands in the repository is that of the
    /// revision. `None` for what is read from the disk.
    pub fn named(&self, path: &Path) -> Option<String> {
        self.repository.as_ref()?.named(path)
    }
}

/// What is compared.
pub struct Compared {
    /// The old inventory.
    pub base: Version,
    /// The new one.
    pub head: Version,
    /// That whose settings hold, where it is not the old one; `Err` where it has no inventory.
    pub target: Option<Result<Version, Failure>>,
}

impl Compared {
    pub fn folders(base: &Path, head: &Path) -> Self {
        Self { base: Version::of_folder(base), head: Version::of_folder(head), target: None }
    }

    /// The inventory of a folder in two revisions, or in one and the working tree.
    pub fn revisions(folder: &Path, range: &Range) -> Result<Self, Failure> {
        let repository = Repository::of(folder)?;
        let commit = repository.begun(range)?;
        let tip = range.head.as_deref().map(|head| Ok::<_, Failure>((head, repository.commit(head)?))).transpose()?;
        let head = match &tip {
            None => Version::of_folder(folder),
            Some((head, commit)) => Version::of_commit(&repository, head, commit).map_err(|f| gone(folder, f))?,
        };
        let until = tip.as_ref().map(|(_, commit)| commit.as_str());
        let of_settings = range.target.as_deref().unwrap_or(&range.base);
        let newest = repository.commit(of_settings)?;
        let target = (newest != commit).then(|| Version::followed(&repository, (of_settings, &newest), until));
        let target = match target {
            Some(Err(failure)) if !matches!(failure, Failure::Nothing(_)) => return Err(failure),
            target => target,
        };
        let base = Version::followed(&repository, (&range.base, &commit), until);
        match (base, target) {
            (Ok(base), target) => Ok(Self { base, head, target }),
            // begun in the target since: there is something to compare with after all
            (Err(Failure::Nothing(_)), Some(Ok(base))) => Ok(Self { base, head, target: None }),
            (Err(failure), _) => Err(failure),
        }
    }
}

/// That the new side has no such inventory, a submodule in its place perhaps: no first adoption, where only the old side has none.
fn gone(folder: &Path, failure: Failure) -> Failure {
    let Failure::Nothing(why) = failure else { return failure };
    let help = "put it back, or commit it; to compare what is not committed, name the base without dots: --git main";
    Problem::about(folder.display().to_string(), why.to_string()).help(help).into()
}

/// Reads the inventory that is compared with, by the same rules and about the same moment. What is wrong with it is told to be of
/// the old one.
pub fn base(cli: &Cli, version: Version, asking: &EvaluationArgs, head: &Session) -> Result<Session, Failure> {
    let read = cli.deciding_in(version.files.as_ref(), &|path| version.named(path));
    let base = read.and_then(|read| cli.session_of(version.files, asking, read, Some(head.options.at)));
    let mut base = base.inspect_err(|_| output::note(&format!("In the base, {}:", version.name)))?;
    base.options.filter.accounts = narrow::accounts(&[&base.inventory, &head.inventory], &asking.account)?;
    Ok(base)
}

/// What is different between two inventories; `exceptions` are those that count, and `known` is what was found already. With it, warnings
/// about exceptions.
pub fn diff_of(
    base: (&Session, &Options),
    head: (&Session, &Options),
    (rules, exceptions): (&RuleBook, Option<&[Exception]>),
    known: Found<'_>,
) -> Result<(Diff, Vec<Problem>), Failure> {
    let old = diff::Side { inventory: &base.0.inventory, options: base.1 };
    let new = diff::Side { inventory: &head.0.inventory, options: head.1 };
    let mut found = diff::diff_from(&old, &new, rules, known)?;
    let problems = exceptions.map(|exceptions| found.except(exceptions, super::now()));
    Ok((found, problems.unwrap_or_default()))
}

fn inventories(cli: &Cli, args: &DiffArgs, Compared { base: old, head: new, .. }: Compared) -> Result<u8, Failure> {
    let (base_name, head_name) = (old.name.clone(), new.name);
    let read = cli.deciding(new.files.as_ref())?;
    let mut head = cli.session_of(new.files, &args.asking, read, None)?;
    let base = base(cli, old, &args.asking, &head)?;
    head.warn();
    head.options.filter.accounts.clone_from(&base.options.filter.accounts);
    // a change of the rules does not weaken what is said of the change
    if !base.has_rules_of(&head) {
        output::note("The rules are not those of the base: the comparison is made by the rules of the base.");
    }
    let exceptions = args.allow.then_some(head.inventory.config.exceptions.as_slice());
    let sides = ((&base, &base.options), (&head, &head.options));
    let (mut found, warnings) = diff_of(sides.0, sides.1, (&base.rules, exceptions), Found::default())?;
    let [old, new] = [sides.0, sides.1].map(|(session, options)| diff::Side { inventory: &session.inventory, options });
    let excepted = exceptions.map(|exceptions| (exceptions, super::now()));
    diff::judge_all(&mut found, [&old, &new], &base.rules, (true, excepted))?;
    output::problems(&warnings);
    let (rules, files) = (base.provenance().rules, base.inventory.files.clone());
    let provenance = Arc::new(Provenance { rules, base: Some(files), ..head.provenance() });
    found.provenance = Some(provenance.clone());
    if !base.has_rules_of(&head) {
        found
            .assuming
            .push("the rules of the base decide of both, and those of the new inventory are others".to_owned());
    }
    output::write(&args.printing.format, &found, &provenance, || {
        report::diff::text(output::width(), &found, (&base_name, &head_name), args.all)
    })?;
    Ok(if found.verdict.is_clean() { OK } else { NOT_OK })
}

fn policies(old: &Path, new: &Path, args: &DiffArgs) -> Result<u8, Failure> {
    let read = [old, new].map(|path| input::read(path).map_err(|p| vec![p]));
    let (old, new) = match read {
        [Ok(old), Ok(new)] => (old, new),
        [old, new] => return Err(Failure::Problems([old.err(), new.err()].into_iter().flatten().flatten().collect())),
    };
    let (pair, warnings) = pair::read(&old, &new).map_err(Failure::Problems)?;
    output::problems(&warnings);
    let Pair { old, new, kind } = pair;
    if old.document.statements.is_empty() && new.document.statements.is_empty() {
        return Err(Failure::Nothing(NothingTo::Compare));
    }
    let with_principals = kind.is_some_and(|kind| kind != DocumentKind::Identity);
    if args.solver.is_some() && with_principals {
        return Err(usage("the solver is asked about policies of identities only")
            .help("leave out --solver: the search compares principals, too")
            .into());
    }
    let answer = stack::evaluate(|| {
        let name = if with_principals { "resource" } else { "identity" };
        let side = |policy: &Policy| Side::new(vec![(name, vec![policy.clone()])]);
        access::new_access(&side(&old), &side(&new))
    })?;
    let mut answer = match args.solver {
        Some(Solver::Cvc5) => answer.with(solver::opinion(&old.document.statements, &new.document.statements)?),
        None => answer,
    };
    let provenance = Provenance::of_files(Files::of([&old.document.source, &new.document.source]));
    answer.provenance = Some(provenance.clone());
    output::write(&args.printing.format, &answer, &provenance, || report::access::text(output::width(), &answer))?;
    Ok(code(&answer))
}

fn code(answer: &AccessAnswer) -> u8 {
    if answer.decision == NewRequests::None { OK } else { NOT_OK }
}
