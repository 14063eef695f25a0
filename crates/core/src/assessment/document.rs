//! An assessment as one document: a table of the classes of answers, and principals that name theirs
//! (`schemas/assessment.v2.schema.json`).

use serde::Serialize;
use serde_json::Value;

use super::completeness::Completeness;
use super::tables::{Numbers, Of, Tables};
use super::{AccountAnswer, Answers, Assessment, PrincipalAnswer};
use crate::finding::Finding;
use crate::problem::Failure;
use crate::provenance::Provenance;
use crate::terms::{PermissionModel, PrincipalKind};

/// The document of an assessment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a Provenance>,
    at: &'a str,
    permission_model: PermissionModel,
    leaves_out: &'a [&'static str],
    accounts: &'a [AccountAnswer],
    /// The answers of a class, an operation each.
    classes: Vec<Value>,
    layers: Vec<Value>,
    people: Vec<Value>,
    assumptions: Vec<Value>,
    principals: Vec<OfPrincipal<'a>>,
    findings: &'a [Finding],
    completeness: &'a Completeness,
}

/// A principal: what it shares stands in the tables, by its numbers.
#[derive(Serialize)]
struct OfPrincipal<'a> {
    principal: &'a str,
    account: &'a str,
    kind: PrincipalKind,
    name: &'a str,
    #[serde(flatten)]
    answers: OfAnswers<'a>,
}

/// What a principal may do.
#[derive(Serialize)]
#[serde(untagged)]
enum OfAnswers<'a> {
    /// What all of its class may.
    Shared(Numbers),
    /// Told of itself: what would turn its denials around was asked.
    Own { people: usize, operations: &'a Answers },
}

impl<'a> Document<'a> {
    /// The document of an assessment.
    pub fn of(assessment: &'a Assessment) -> Result<Self, Failure> {
        let (mut tables, mut principals) = (Tables::default(), Vec::with_capacity(assessment.principals.len()));
        let [mut classes, mut layers, mut people, mut assumptions] = [const { Vec::new() }; 4];
        let mut new = |of: Of, _: usize, says: Value| match of {
            Of::Class => classes.push(says),
            Of::Layer => layers.push(says),
            Of::People => people.push(says),
            Of::Assumptions => assumptions.push(says),
        };
        for answer in &assessment.principals {
            let answers = match tables.numbers(answer, &mut new)? {
                Some(numbers) => OfAnswers::Shared(numbers),
                None => OfAnswers::Own { people: tables.people(answer, &mut new)?, operations: &answer.operations },
            };
            let PrincipalAnswer { principal, account, kind, name, .. } = answer;
            principals.push(OfPrincipal { principal, account, kind: *kind, name, answers });
        }
        Ok(Self {
            schema: "countersign/assessment/v2",
            provenance: assessment.provenance.as_deref(),
            at: &assessment.at,
            permission_model: assessment.permission_model,
            leaves_out: &assessment.leaves_out,
            accounts: &assessment.accounts,
            classes,
            layers,
            people,
            assumptions,
            principals,
            findings: &assessment.findings,
            completeness: &assessment.completeness,
        })
    }
}
