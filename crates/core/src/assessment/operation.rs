//! What an answer is about, as a key of what is compared.

use serde::Serialize;

use super::OperationAnswer;
use crate::terms::Scope;

/// An operation, and on what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Operation {
    /// `accept-agreement`, …
    pub operation: &'static str,
    /// For what it is asked; null for reports.
    pub scope: Option<Scope>,
    /// The kind of agreement.
    pub agreement: Option<String>,
    /// The id of the report.
    pub report: Option<String>,
}

impl Operation {
    /// What an answer is about.
    pub fn of(answer: &OperationAnswer) -> Self {
        Self {
            operation: answer.operation,
            scope: answer.scope,
            agreement: answer.agreement.clone(),
            report: answer.report.clone(),
        }
    }
}
