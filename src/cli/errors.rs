//! What to do about a failure, in the words of the command line: the library says what is wrong, this names the flags,
//! commands and files with which it can be put right.

use std::path::Path;

use clap::error::{ContextKind, ContextValue};

use crate::report::typed::quoted;
use countersign_core::problem::{Doing, Failure, Named, Problem, Unknown};

/// Something that cannot be asked as it was written on the command line.
pub fn usage(message: impl Into<String>) -> Problem {
    Problem::about("the command line", message)
}

/// A file or folder of the command line that is not there.
pub fn missing(path: &Path) -> Problem {
    Problem::about(path.display().to_string(), format!("there is no file or folder {}", path.display()))
}

/// What to do about a problem: its own help, and the flag that may be missing.
pub fn help_of(problem: &Problem) -> Option<String> {
    const DECLARE: &str =
        "an attribute, a type or an action of your own is declared in a schema file, named with --schema";
    match problem.help_text() {
        Some(help) if problem.is_undeclared() => Some(format!("{help}; {DECLARE}")),
        None if problem.is_undeclared() => Some(DECLARE.to_owned()),
        help => help.map(str::to_owned),
    }
}

/// A failure as problems, which can be drawn: each with its place, if it is in a file, and what to do.
pub fn explained(failure: &Failure) -> Vec<Problem> {
    match failure {
        Failure::Problems(problems) => problems.clone(),
        Failure::Unknown(unknown) => {
            // of operations all are named: they are few, and nobody knows them by heart
            let all =
                |u: &Unknown| (u.what == Named::Operation).then(|| format!("use one of {}", u.candidates.join(", ")));
            let help = |u: &Unknown| u.instead().or_else(|| all(u));
            unknown.iter().map(|u| helped(Problem::about(&u.name, u.to_string()), help(u))).collect()
        }
        Failure::Unpermitted(unpermitted) => {
            let help = |action: &str| {
                format!(
                    "add a permit for Artifact::Action::\"{action}\", or add your rules to the built-in ones with \
                     --policies"
                )
            };
            unpermitted.iter().map(|u| Problem::about(&u.action, u.to_string()).help(help(&u.action))).collect()
        }
        Failure::Evaluation(evaluation) => {
            let message = evaluation.to_string();
            vec![match &evaluation.place {
                Some(place) => Problem::at(&place.source, place.span, message)
                    .label("this policy")
                    .help("guard what may be absent with `has`, and keep numbers within 64 bits"),
                None => helped(Problem::about(&evaluation.policies, message), None),
            }]
        }
        other => vec![helped(Problem::about(subject(other), other.to_string()), help(other))],
    }
}

fn helped(problem: Problem, help: Option<String>) -> Problem {
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// What a failure is about.
fn subject(failure: &Failure) -> String {
    match failure {
        Failure::Ambiguous { name, .. } => name.clone(),
        Failure::NoPermissionSet { person } => person.clone(),
        Failure::KeyIsDetermined { key, .. } => key.clone(),
        Failure::NoFolder(name) => name.clone(),
        Failure::File { path, .. } => path.display().to_string(),
        Failure::NoCall { action, .. } => action.clone(),
        _ => String::new(),
    }
}

/// What to do about a failure.
fn help(failure: &Failure) -> Option<String> {
    let help = match failure {
        Failure::Ambiguous { what: Named::Principal, .. } => "write the ARN, or narrow with --account",
        Failure::Ambiguous { what: Named::Account, .. } => "write the number of the account",
        Failure::Ambiguous { .. } => "write the whole name",
        Failure::NoPermissionSet { .. } => "assign one under `assignments` of a PermissionSet",
        Failure::KeyIsDetermined { .. } => "leave it out of --context and of [context] in countersign.toml",
        Failure::NoFolder(_) => "name the folder of an inventory, or create one with `countersign init`",
        Failure::NoCall { .. } => "add the call to operations.json in the folder of your rules",
        Failure::NoSolver => "build it with `cargo install --features cvc5`, and install cvc5",
        Failure::Solver(_) => "install cvc5, or set the variable CVC5 to its path",
        Failure::File { doing: Doing::Reading, .. } => "correct its permissions, or name another file",
        Failure::File { .. } => "correct the permissions of its folder, or name another file",
        Failure::Internal { .. } => {
            concat!("this is an error in countersign; please report it: ", env!("CARGO_PKG_REPOSITORY"), "/issues")
        }
        _ => return None,
    };
    Some(help.to_owned())
}

/// What clap says, and where the operation was written in several words, the command with these in one argument.
pub fn in_words(mut error: clap::Error, words: impl Iterator<Item = String>) -> clap::Error {
    if error.kind() != clap::error::ErrorKind::UnknownArgument {
        return error;
    }
    if let Some(command) = in_one_argument(&words.collect::<Vec<_>>()) {
        let tip = format!("the operation is one argument: {command}").into();
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

/// The command with the words of its operation together: `can jane accept agreements hospital`.
fn in_one_argument(words: &[String]) -> Option<String> {
    let command = words.iter().position(|word| word == "can" || word == "who-can")?;
    let before = words.get(..=command)?;
    let is_flag = |word: &String| word.starts_with('-');
    let after = words.get(command + 1..)?;
    let end = after.iter().position(is_flag).unwrap_or(after.len());
    let (mut said, flags) = after.split_at_checked(end)?;
    let mut written = vec!["countersign".to_owned()];
    written.extend(before.iter().map(|word| quoted(word)));
    if words.get(command).is_some_and(|word| word == "can") {
        let (principal, rest) = said.split_first()?;
        written.push(quoted(principal));
        said = rest;
    }
    let folder = said.last().filter(|last| Path::new(last.as_str()).is_dir());
    let operation = if folder.is_some() { said.get(..said.len() - 1)? } else { said };
    if operation.len() < 2 {
        return None;
    }
    written.push(quoted(&operation.join(" ")));
    written.extend(folder.into_iter().chain(flags).map(|word| quoted(word)));
    Some(written.join(" "))
}

#[cfg(test)]
mod tests {
    use countersign_core::problem::NothingTo;

    use super::*;

    fn told(failure: Failure) -> Vec<String> {
        let line = |p: &Problem| format!("{} | {}", p.message(), p.help_text().unwrap_or_default());
        explained(&failure).iter().map(line).collect()
    }

    #[test]
    fn names_that_stand_for_nothing() {
        let unknown = |name: &str, candidates: &[&str]| {
            told(Unknown::new(Named::Kind, name, candidates.iter().copied()).into()).concat()
        };
        assert_eq!(unknown("bba", &["baa", "andb"]), "there is no kind of agreement `bba` | did you mean `baa`?");
        assert_eq!(unknown("x", &["baa", "andb"]), "there is no kind of agreement `x` | use one of baa, andb");
        assert_eq!(unknown("xyz", &["one thing"; 11]), "there is no kind of agreement `xyz` | ");
    }

    #[test]
    fn flags_are_named_here_and_nowhere_else() {
        let meanings = vec!["arn:aws:iam::222222222222:user/jane".to_owned(), "jane in 222222222222".to_owned()];
        let ambiguous = Failure::Ambiguous { what: Named::Principal, name: "jane".to_owned(), meanings };
        assert!(!ambiguous.to_string().contains("--"));
        assert_eq!(
            told(ambiguous),
            [
                "`jane` is ambiguous: arn:aws:iam::222222222222:user/jane, jane in 222222222222 | write the ARN, or narrow \
              with --account"
            ]
        );
        let key = Failure::KeyIsDetermined { key: "aws:PrincipalAccount".to_owned(), by: "the inventory" };
        assert!(told(key).concat().contains("| leave it out of --context"));
        assert_eq!(Failure::Nothing(NothingTo::Decide).to_string(), "nothing to decide: there is no request");
    }

    #[test]
    fn the_cause_of_a_failure_is_kept() {
        let error = std::io::Error::other("disk full");
        let failure = Failure::file(Path::new("out/a.json"), Doing::Writing)(error);
        assert_eq!(std::error::Error::source(&failure).unwrap().to_string(), "disk full");
        assert!(
            told(failure).concat().starts_with("out/a.json cannot be written: disk full | correct the permissions")
        );
    }
}
