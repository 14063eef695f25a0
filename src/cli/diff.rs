//! `diff`: what a change grants.

use std::path::PathBuf;

use clap::Args;

use super::output::{self, Output};
use super::{NOT_OK, OK, input};
use crate::access::{self, Answer, Decision, Side};
use crate::inventory::Policy;
use crate::problem::{Failure, Problem};
use crate::report;
use crate::simulation::request;
use crate::stack;

#[derive(Args)]
pub struct DiffArgs {
    /// Two policies, of any service: is there a request that NEW allows and OLD does not?
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], required = true)]
    policy: Vec<PathBuf>,
    /// `text` or `json`, also as FORMAT=FILE; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text")]
    format: Vec<Output>,
}

pub fn diff(args: &DiffArgs) -> Result<u8, Failure> {
    let [old, new] = args.policy.as_slice() else {
        return Err(Failure::general("--policy takes two files"));
    };
    let mut problems = Vec::new();
    let policies = [old, new].map(|path| policy(path, &mut problems));
    let (warnings, errors): (Vec<_>, Vec<_>) = problems.into_iter().partition(|p| !p.is_error());
    let [Some(old), Some(new)] = policies else {
        return Err(Failure::Problems(errors));
    };
    output::problems(&warnings);
    if old.document.statements.is_empty() && new.document.statements.is_empty() {
        return Err(Failure::Nothing("nothing to compare: the policies have no statements".to_owned()));
    }
    let answer = stack::evaluate(|| {
        let side = |policy: &Policy| Side::new(vec![("identity", vec![policy.clone()])]);
        access::new_access(&side(&old), &side(&new))
    })?;
    output::write(&args.format, &answer, || report::access::text(output::width(), &answer))?;
    Ok(code(&answer))
}

fn policy(path: &std::path::Path, problems: &mut Vec<Problem>) -> Option<Policy> {
    match input::read(path) {
        Ok(source) => request::take(request::document_of(&source), problems),
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

fn code(answer: &Answer) -> u8 {
    if answer.decision == Decision::None { OK } else { NOT_OK }
}
