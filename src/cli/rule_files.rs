//! Problems of rules, told with the folder that was typed: `rules/own.cedar`, not `own.cedar`.

use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Problem};
use countersign_core::source::{self, Source};

/// The rules that were read from a folder, or why not, in the names that whoever typed the folder knows.
pub fn told(read: Result<RuleBook, Failure>, folder: &dyn Source, typed: &str) -> Result<RuleBook, Failure> {
    match read {
        Ok(mut rules) => {
            rules.warnings = rules.warnings.into_iter().map(|problem| named(problem, folder, typed)).collect();
            Ok(rules)
        }
        Err(Failure::Problems(problems)) => {
            Err(Failure::Problems(problems.into_iter().map(|problem| named(problem, folder, typed)).collect()))
        }
        Err(failure) => Err(failure),
    }
}

/// A problem of a file in the folder. Built-in rules keep their names: their texts are not those in the folder.
fn named(problem: Problem, folder: &dyn Source, typed: &str) -> Problem {
    let is_own = match problem.place() {
        Some(place) => source::text(folder, problem.subject()).is_ok_and(|own| own.text == place.source.text),
        None => folder.has(problem.subject()),
    };
    if is_own { problem.in_folder(typed) } else { problem }
}
