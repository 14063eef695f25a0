//! `can` beside its answers: the roles that whoever is asked about may become, and what each of them is answered.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Session;
use crate::report::plain::{Names, listed};
use crate::report::{paragraph, sentences};
use countersign_core::assessment::{
    Assessment, DependencyAnswer, Filter, Operation, OperationAnswer, Options, PrincipalAnswer, assess,
};
use countersign_core::people::{self, Assumer, Roles, short};
use countersign_core::problem::Failure;
use countersign_core::terms::{AnyAllowed, Decision, PrincipalKind};

/// A role that may be become, and how.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AsRole {
    /// The ARNs of the roles that are assumed one after the other.
    pub roles: Vec<String>,
    /// False where it depends on what is not known.
    pub certain: bool,
    /// On what it depends.
    pub depends_on: Vec<String>,
    /// The answers of the role.
    pub answer: PrincipalAnswer,
}

/// Whether the roles that these principals may become are all told: who stands behind a role is told by users and people.
pub fn are_told(assessment: &Assessment) -> bool {
    assessment.principals.iter().all(|p| p.kind != PrincipalKind::Role)
}

/// The roles that the principals of an assessment may become, with their answers to the same question. Their accounts are added to those
/// of the assessment, where they are not there. `elsewhere` are principals, with their accounts, that are not asked about themselves.
pub fn roles(
    session: &Session,
    assessment: &mut Assessment,
    elsewhere: &[(String, String)],
) -> Result<Vec<AsRole>, Failure> {
    let (inventory, rules, options) = (&session.inventory, session.rules.as_ref(), &session.options);
    let own: BTreeSet<(&str, &str)> =
        assessment.principals.iter().map(|p| (p.account.as_str(), p.principal.as_str())).collect();
    let own: BTreeSet<(&str, &str)> =
        own.into_iter().chain(elsewhere.iter().map(|(arn, account)| (account.as_str(), arn.as_str()))).collect();
    // of a role whose trust policy is not there it is not known who may become it
    let trusting = inventory.of_type("Role").filter(|r| r.reference("trustPolicy").is_some());
    let all: BTreeSet<String> = trusting.map(|r| r.uid.id.clone()).collect();
    let roles: Roles = people::follow((inventory, rules), options, &all)?;
    let mut ways: BTreeMap<&String, &Assumer> = BTreeMap::new();
    for (role, behind) in &roles {
        let by =
            behind.assumers.iter().filter(|a| own.contains(&(a.identity.account.as_str(), a.identity.arn.as_str())));
        // what is certain comes before what is not
        if let Some(way) = by.min_by_key(|a| (!a.certain, a.roles.len())) {
            ways.insert(role, way);
        }
    }
    if ways.is_empty() {
        return Ok(Vec::new());
    }
    let of_role =
        |role: &String| Some((role.clone(), inventory.entity("Role", role)?.reference("account")?.to_owned()));
    let principals = Some(ways.keys().filter_map(|role| of_role(role)).collect());
    let filter = Filter { principals, answers_alone: true, ..options.filter.clone() };
    let answers = assess(inventory, rules, &Options { filter, ..options.clone() })?;
    for account in answers.accounts {
        if let Err(place) = assessment.accounts.binary_search_by(|a| a.account.cmp(&account.account)) {
            assessment.accounts.insert(place, account);
        }
    }
    let as_role = |answer: PrincipalAnswer| {
        let way = ways.get(&answer.principal)?;
        let Assumer { roles, certain, depends_on, .. } = way;
        Some(AsRole { roles: roles.clone(), certain: *certain, depends_on: depends_on.clone(), answer })
    };
    Ok(answers.principals.into_iter().filter(|p| !p.operations.is_empty()).filter_map(as_role).collect())
}

/// What comes before the answers where none of them is yes, and a role has another one: who reads only the beginning is not told less
/// than what is so.
pub fn first(assessment: &Assessment, roles: &[AsRole], names: Names<'_>) -> Option<String> {
    let mut own = assessment.principals.iter().flat_map(|p| p.operations.in_common());
    if own.any(|o| o.decision == Decision::Allow) {
        return None;
    }
    let may = |role: &&AsRole, decision: Decision| role.answer.operations.iter().any(|o| o.decision == decision);
    let told = |role: &AsRole| format!("{} of {}", names.principal(&role.answer), names.account(&role.answer.account));
    let (yes, rest): (Vec<&AsRole>, Vec<&AsRole>) =
        roles.iter().partition(|role| role.certain && may(role, Decision::Allow));
    let perhaps: Vec<String> =
        rest.iter().filter(|r| may(r, Decision::Allow) || may(r, Decision::Unknown)).map(|r| told(r)).collect();
    let yes: Vec<String> = yes.into_iter().map(told).collect();
    let itself = if assessment.principals.is_empty() { "By itself: it acts in other accounts." } else { "By itself:" };
    match (yes.as_slice(), perhaps.as_slice()) {
        ([], []) => None,
        ([], perhaps) => Some(format!("Perhaps, by assuming {}. {itself}", listed(perhaps, "or"))),
        (yes, _) => Some(format!("Yes, by assuming {}. {itself}", listed(yes, "or"))),
    }
}

/// The answers of these roles for whoever becomes them: a role that is perhaps become is perhaps allowed.
pub fn answers(roles: &[AsRole]) -> Vec<(&PrincipalAnswer, OperationAnswer)> {
    let of = |role: &AsRole, mut answer: OperationAnswer| {
        if !role.certain && answer.decision == Decision::Allow {
            answer.decision = Decision::Unknown;
        }
        if let Some(any) = answer.any_request.as_mut().filter(|any| !role.certain && any.decision == AnyAllowed::Yes) {
            any.decision = AnyAllowed::Unknown;
        }
        if !role.certain && answer.decision != Decision::Deny {
            let known: BTreeSet<String> = answer.depends_on.iter().map(|d| d.key.clone()).collect();
            let more = role.depends_on.iter().filter(|key| !known.contains(*key));
            answer.depends_on.extend(more.map(|key| DependencyAnswer { key: key.clone(), allows: Vec::new() }));
        }
        answer
    };
    let each =
        |role: &AsRole| role.answer.operations.tell().into_iter().map(|answer| of(role, answer)).collect::<Vec<_>>();
    roles.iter().flat_map(|role| each(role).into_iter().map(move |answer| (&role.answer, answer))).collect()
}

/// How somebody becomes each role, by its ARN, in words.
pub fn ways(name: &str, roles: &[AsRole]) -> BTreeMap<String, String> {
    let way = |role: &AsRole| {
        let chain = role.roles.iter().map(|r| short(r)).collect::<Vec<_>>().join(", then ");
        sentences::perhaps(role.certain, &format!("{name}, by assuming {chain}"))
    };
    roles.iter().map(|role| (role.answer.principal.clone(), way(role))).collect()
}

/// In words; `None` where there are none.
pub fn text(width: usize, roles: &[AsRole]) -> Option<String> {
    let mut text = paragraph(width, "", "By assuming roles, which these answers leave out:");
    for AsRole { roles, certain, depends_on, answer } in roles {
        let chain = roles.iter().map(|r| short(r)).collect::<Vec<_>>().join(", then ");
        let mut words = format!("as role {} of {}, by assuming {chain}", answer.name, answer.account);
        if !certain {
            words.push_str(&format!(", perhaps (depends on {})", depends_on.join(", ")));
        }
        let decided = |decision: Decision| {
            let of: Vec<Operation> =
                answer.operations.iter().filter(|o| o.decision == decision).map(Operation::of).collect();
            (!of.is_empty()).then(|| format!("{} {}", decision.word(), sentences::operations(&of)))
        };
        let decisions = [Decision::Allow, Decision::Unknown, Decision::Deny].into_iter().filter_map(decided);
        let answers = decisions.collect::<Vec<_>>().join("; ");
        text.push_str(&paragraph(width, "  • ", &format!("{words}: {answers}")));
    }
    (!roles.is_empty()).then_some(text)
}
