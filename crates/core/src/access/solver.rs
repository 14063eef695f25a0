//! A second opinion on new access: Cedar's symbolic compiler asks the cvc5 solver whether the old policies imply the new ones.
//!
//! What is asked is the Cedar text that decides (`countersign lower`). Conditions that Cedar cannot express are atoms, which the
//! solver takes to be true or false freely: what it finds implied is implied, and a request that it finds may not exist.

use serde::Serialize;

use super::{AccessAnswer, NewRequests};
#[cfg(not(feature = "cvc5"))]
use crate::{iam::document::Statement, problem::Failure};

/// What the solver says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "opinion", content = "reason")]
pub enum Opinion {
    /// No request is newly allowed.
    None,
    /// Some request is, of those that the solver takes to exist.
    New,
    /// It gave no answer.
    Unknown(String),
}

impl AccessAnswer {
    /// The answer with a second opinion: where the two contradict each other, nothing is known.
    #[must_use]
    pub fn with(mut self, opinion: Opinion) -> Self {
        let contradiction = match (self.decision, &opinion) {
            // every witness was evaluated under both policies, so that one of the two is wrong
            (NewRequests::New, Opinion::None) => {
                Some("cvc5 finds that no request is newly allowed, but the witnesses are")
            }
            (NewRequests::None, Opinion::New) => {
                Some("cvc5 finds a request that the search does not; it may be one that cannot be made")
            }
            (NewRequests::None, Opinion::Unknown(_)) => {
                Some("the search finds no request, and cvc5 gives no second opinion")
            }
            _ => None,
        };
        if let Some(reason) = contradiction {
            self.decision = NewRequests::Unknown;
            self.reason = Some(match &opinion {
                Opinion::Unknown(why) => format!("{reason}: {why}"),
                _ => reason.to_owned(),
            });
        }
        self.solver = Some(opinion);
        self
    }
}

/// Asks the solver; an error says how to get what is missing.
#[cfg(not(feature = "cvc5"))]
pub fn opinion(_old: &[Statement], _new: &[Statement]) -> Result<Opinion, Failure> {
    Err(Failure::NoSolver)
}

/// Asks the solver; an error says how to get what is missing.
#[cfg(feature = "cvc5")]
pub use symbolic::opinion;

#[cfg(feature = "cvc5")]
mod symbolic {
    use cedar_policy::{PolicySet, Schema};
    use cedar_policy_symcc::solver::LocalSolver;
    use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicySet};

    use super::Opinion;
    use crate::iam::document::Statement;
    use crate::permissions::context::Reads;
    use crate::permissions::lower::{self, quote};
    use crate::problem::{Failure, Problem};

    /// A minute a question; older versions refuse questions about substrings unless they are told not to.
    const ARGUMENTS: [&str; 2] = ["--tlimit=60000", "--strings-exp"];

    fn wrong(e: impl std::fmt::Display) -> Failure {
        Failure::internal("an answer of the symbolic compiler")(e.to_string())
    }

    /// Asks whether the old policies imply the new ones.
    pub fn opinion(old: &[Statement], new: &[Statement]) -> Result<Opinion, Failure> {
        let mut reads = Reads::default();
        let mut text = |statements: &[Statement]| -> String {
            let lowered = statements.iter().map(lower::statement).inspect(|l| reads.extend(&l.reads));
            lowered.map(|l| format!("{}\n", l.text)).collect()
        };
        let (old, new) = (text(old), text(new));
        let new = format!("{new}{}", well_formed(&reads));
        let schema = Schema::from_json_value(reads.schema()).map_err(wrong)?;
        let (old, new): (PolicySet, PolicySet) = (old.parse().map_err(wrong)?, new.parse().map_err(wrong)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(wrong)?;
        runtime.block_on(async {
            let solver = LocalSolver::cvc5_with_args(ARGUMENTS).map_err(|e| Failure::Solver(e.to_string().into()))?;
            let mut compiler = CedarSymCompiler::new(solver).map_err(wrong)?;
            for env in schema.request_envs() {
                let old = CompiledPolicySet::compile(&old, &env, &schema).map_err(wrong)?;
                let new = CompiledPolicySet::compile(&new, &env, &schema).map_err(wrong)?;
                match compiler.check_implies_opt(&new, &old).await {
                    Ok(true) => {}
                    Ok(false) => return Ok(Opinion::New),
                    Err(e) => return Ok(Opinion::Unknown(e.to_string())),
                }
            }
            Ok(Opinion::None)
        })
    }

    /// What every request is, as far as Cedar can say it: an action of a service, an ARN with its parts, a key that has a value
    /// is present.
    fn well_formed(reads: &Reads) -> String {
        let mut text = "forbid (principal, action, resource) unless { context.action like \"*:*\" };\n\
            forbid (principal, action, resource) when { context.action like \":*\" || context.action like \"*:\" };\n"
            .to_owned();
        text.push_str(
            "forbid (principal, action, resource) when { context has arn && (context.arn.partition == \"\" || \
             context.arn.service == \"\" || context.arn.resource == \"\") };\n",
        );
        for (key, family) in reads.keys.iter().filter(|(key, _)| reads.presence.contains(key)) {
            text.push_str(&format!(
                "forbid (principal, action, resource) when {{ context has {} && !(context.present.contains({})) }};\n",
                quote(&family.attribute(key)),
                quote(key)
            ));
        }
        text
    }
}
