//! Why there is no answer, as facts: what was asked for and what there is instead, which policy could not be evaluated.
//!
//! `Display` says it in one sentence. What to do about it depends on how the question was asked, and is for the caller to
//! say: no flag and no command is named here.

use std::error::Error;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use super::{Place, Problem, did_you_mean, meant};

/// What lies behind a failure.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why there is no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// What was read cannot be read or is not valid: all of it.
    Problems(Vec<Problem>),
    /// There was nothing to answer about.
    Nothing(NothingTo),
    /// Names that stand for nothing.
    Unknown(Vec<Unknown>),
    /// A name that could be that of several things.
    Ambiguous {
        /// What it should name.
        what: Named,
        /// As it was written.
        name: String,
        /// What it could mean; of many, the first.
        meanings: Vec<String>,
    },
    /// A person of Identity Center who can act in none of the accounts.
    NoPermissionSet {
        /// As it was written.
        person: String,
    },
    /// A condition key whose value follows from something else cannot be set.
    KeyIsDetermined {
        /// The key, in the spelling of AWS.
        key: String,
        /// What determines it.
        by: &'static str,
    },
    /// The folder of an inventory is not there.
    NoFolder(String),
    /// Rules without a permit for something that is asked: its answer would always be no.
    Unpermitted(Vec<Unpermitted>),
    /// The data of the operations does not say which request an action makes.
    NoCall {
        /// The IAM action.
        action: String,
        /// The operation that needs it.
        operation: String,
    },
    /// Policies that could not be evaluated: neither an allow nor a deny.
    Evaluation(Box<Evaluation>),
    /// No solver was built in.
    NoSolver,
    /// A solver that does not start.
    Solver(Cause),
    /// A file that cannot be read or written.
    File {
        /// Its path.
        path: PathBuf,
        /// What was to be done.
        doing: Doing,
        /// Why it cannot be.
        source: std::io::Error,
    },
    /// An error of this library, or of what it is built on.
    Internal {
        /// What could not be made.
        what: &'static str,
        /// Why.
        source: Cause,
    },
}

/// What there was nothing to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NothingTo {
    /// A folder without entities and policies.
    Check(String),
    /// A folder without accounts.
    CheckAccounts(String),
    /// No request to decide.
    Decide,
    /// Policies without statements.
    Compare,
    /// A revision without the folder.
    CompareWith {
        /// The revision.
        commit: String,
        /// The folder.
        folder: String,
    },
    /// Policies without statements.
    Lower,
    /// No output of AWS.
    Import,
    /// Output of AWS that describes no entities.
    ImportEntities,
    /// A folder without expectations.
    Test {
        /// The folder.
        folder: String,
        /// The end of the names of files that hold expectations.
        suffix: &'static str,
    },
    /// No expectation has one of these words in its name.
    TestNamed(Vec<String>),
    /// Neither accounts nor anybody who may do anything.
    Record,
}

/// What can be asked for by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Named {
    /// An account, by its number.
    Account,
    /// An operation of the console.
    Operation,
    /// A user, a role, a root, a permission set or a person.
    Principal,
    /// A kind of agreement.
    Kind,
    /// A report of AWS.
    Report,
    /// A scope of agreements.
    Scope,
}

/// A name that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unknown {
    /// What it should name.
    pub what: Named,
    /// As it was written.
    pub name: String,
    /// The names that there are.
    pub candidates: Vec<String>,
    /// What else people say for them: near enough to have been meant, and never listed.
    pub called: Vec<String>,
}

impl Unknown {
    /// A name that is not among the candidates.
    pub fn new<'c>(what: Named, name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Self {
        let candidates = candidates.into_iter().map(str::to_owned).collect();
        Self { what, name: name.to_owned(), candidates, called: Vec::new() }
    }

    /// The same with other words for the candidates.
    #[must_use]
    pub fn or_called<'c>(mut self, words: impl IntoIterator<Item = &'c str>) -> Self {
        self.called.extend(words.into_iter().map(str::to_owned));
        self
    }

    /// The candidate that was probably meant.
    pub fn near(&self) -> Option<&str> {
        let own = did_you_mean(&self.name, self.candidates.iter().map(String::as_str));
        own.or_else(|| did_you_mean(&self.name, self.called.iter().map(String::as_str)))
    }

    /// What to write instead: the candidate that was probably meant, or one of a few.
    pub fn instead(&self) -> Option<String> {
        match self.near() {
            Some(near) => Some(meant(near)),
            None if self.candidates.is_empty() => None,
            None => (self.candidates.len() <= 10).then(|| format!("use one of {}", self.candidates.join(", "))),
        }
    }
}

/// An action of the rules that no policy permits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpermitted {
    /// The action.
    pub action: String,
    /// The type of the principals without a permit, where others have one.
    pub of: Option<String>,
}

/// What could not be evaluated.
#[derive(Debug)]
#[non_exhaustive]
pub struct Evaluation {
    /// Whose policies.
    pub policies: String,
    /// What was asked of them; empty where any request fails.
    pub request: String,
    /// The first policy that failed, where it stands in a file.
    pub place: Option<Place>,
    /// What Cedar says.
    pub source: Cause,
}

/// What was to be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Read it.
    Reading,
    /// Write it.
    Writing,
    /// Create it, or its folder.
    Creating,
    /// Remove it.
    Removing,
}

impl Failure {
    /// What makes the failure of something that should not fail.
    pub fn internal<C: Into<Cause>>(what: &'static str) -> impl Fn(C) -> Self {
        move |cause| Self::Internal { what, source: cause.into() }
    }

    /// What makes the failure of doing something with a file.
    pub fn file(path: &Path, doing: Doing) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), doing, source }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problems(vec![problem])
    }
}

impl From<Unknown> for Failure {
    fn from(unknown: Unknown) -> Self {
        Self::Unknown(vec![unknown])
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Problems(problems) => problems.first().map(|p| p as &dyn Error),
            Self::Evaluation(evaluation) => Some(&*evaluation.source),
            Self::Solver(source) | Self::Internal { source, .. } => Some(&**source),
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(problems) => each(f, problems),
            Self::Nothing(nothing) => nothing.fmt(f),
            Self::Unknown(unknown) => each(f, unknown),
            Self::Ambiguous { what: Named::Operation, name, meanings } => {
                write!(f, "`{name}` could mean {}", meanings.join(" or "))
            }
            Self::Ambiguous { name, meanings, .. } => write!(f, "`{name}` is ambiguous: {}", meanings.join(", ")),
            Self::NoPermissionSet { person } => write!(f, "{person} has no permission set in these accounts"),
            Self::KeyIsDetermined { key, by } => write!(f, "{by} determines {key}; it cannot be set"),
            Self::NoFolder(path) => write!(f, "there is no folder {path}"),
            Self::Unpermitted(unpermitted) => each(f, unpermitted),
            Self::NoCall { action, operation } => {
                write!(f, "the operations do not say what `{action}` is asked on for {operation}")
            }
            Self::Evaluation(evaluation) => evaluation.fmt(f),
            Self::NoSolver => f.write_str("this countersign was built without a solver"),
            Self::Solver(cause) => write!(f, "cvc5 cannot be run: {cause}"),
            Self::File { path, doing, source } => write!(f, "{} cannot be {doing}: {source}", path.display()),
            Self::Internal { what, source } => write!(f, "{what} cannot be made: {source}"),
        }
    }
}

fn each(f: &mut fmt::Formatter<'_>, all: &[impl Display]) -> fmt::Result {
    for (index, one) in all.iter().enumerate() {
        let between = if index == 0 { "" } else { "; " };
        write!(f, "{between}{one}")?;
    }
    Ok(())
}

impl Display for NothingTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(folder) => {
                write!(f, "nothing to check: {folder} contains no entities and no policies")
            }
            Self::CheckAccounts(folder) => write!(f, "nothing to check: {folder} contains no accounts"),
            Self::Decide => f.write_str("nothing to decide: there is no request"),
            Self::Compare => f.write_str("nothing to compare: the policies have no statements"),
            Self::CompareWith { commit, folder } => write!(f, "nothing to compare with: {commit} has no {folder}"),
            Self::Lower => f.write_str("nothing to lower: the policies have no statements"),
            Self::Import => f.write_str("nothing to import: found no AWS output"),
            Self::ImportEntities => f.write_str("nothing to import: the output describes no entities"),
            Self::Test { folder, suffix } => {
                write!(f, "nothing to test: {folder} has no *{suffix} with expectations")
            }
            Self::TestNamed(words) => {
                write!(f, "nothing to test: no expectation has {} in its name", words.join(" or "))
            }
            Self::Record => f.write_str("nothing to record: there are no accounts, and nobody may do anything"),
        }
    }
}

impl Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Operation => "operation",
            Self::Principal => "principal",
            Self::Kind => "kind of agreement",
            Self::Report => "report",
            Self::Scope => "scope",
        })
    }
}

impl Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {} `{}`", self.what, self.name)
    }
}

impl Display for Unpermitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.of.as_ref().map(|ty| format!(" of a {ty}")).unwrap_or_default();
        write!(f, "no policy permits `{}`{of}: its answer would always be no", self.action)
    }
}

impl Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policies, request, source, .. } = self;
        let request = if request.is_empty() { String::new() } else { format!(" for {request}") };
        write!(f, "{policies} cannot be evaluated{request}: {source}")
    }
}

impl Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "read",
            Self::Writing => "written",
            Self::Creating => "created",
            Self::Removing => "removed",
        })
    }
}
