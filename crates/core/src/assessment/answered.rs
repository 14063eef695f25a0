//! Answers by what they are about, so that many ways of doing something are looked up and not looked for.

use std::collections::HashMap;

use super::{Assessment, OperationAnswer, PrincipalAnswer};

/// The account whose principals act, the operation, and the member that it is done to, where there is one.
type Key = (String, &'static str, Option<String>);

/// The answers of an assessment.
#[derive(Default)]
pub(crate) struct Answered {
    all: Vec<PrincipalAnswer>,
    by: HashMap<Key, Vec<(usize, usize)>>,
}

impl Answered {
    /// None, where nothing was asked.
    pub fn of(assessment: Option<Assessment>) -> Self {
        let all = assessment.map(|assessment| assessment.principals).unwrap_or_default();
        let mut by: HashMap<Key, Vec<(usize, usize)>> = HashMap::new();
        for (who, principal) in all.iter().enumerate() {
            for (what, answer) in principal.operations.iter().enumerate() {
                let key = (principal.account.clone(), answer.operation, answer.member.clone());
                by.entry(key).or_default().push((who, what));
            }
        }
        Self { all, by }
    }

    /// Everyone who was asked.
    pub fn principals(&self) -> &[PrincipalAnswer] {
        &self.all
    }

    /// The answers of everyone in an account about an operation, on one member where it is done to members.
    pub fn about<'s>(
        &'s self,
        (account, operation): (&str, &'static str),
        member: Option<&str>,
    ) -> impl Iterator<Item = (&'s PrincipalAnswer, &'s OperationAnswer)> {
        let places = |member: Option<&str>| {
            let key = (account.to_owned(), operation, member.map(str::to_owned));
            self.by.get(&key).into_iter().flatten()
        };
        let of_member = member.map(|member| places(Some(member))).into_iter().flatten();
        places(None).chain(of_member).filter_map(|(who, what)| {
            crate::work::add(1);
            let principal = self.all.get(*who)?;
            Some((principal, principal.operations.get(*what)?))
        })
    }
}
