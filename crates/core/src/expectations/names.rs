//! Whom the names of an expectation stand for.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::Glob;

use super::run::Held;
use super::unmet::Unmet;
use crate::assessment::PrincipalAnswer;
use crate::naming;
use crate::people::Assumer;
use crate::terms::PrincipalKind;

/// What a name stands for: principals with everyone behind them, or people.
#[derive(Default)]
pub(super) struct Meant {
    pub principals: Vec<PrincipalAnswer>,
    /// Ids in Identity Center.
    pub people: BTreeSet<String>,
}

impl Held<'_> {
    /// What a name or a pattern stands for; what is wrong where it stands for nothing.
    pub(super) fn named(&self, name: &str, accounts: &[String]) -> Result<Meant, Box<Unmet>> {
        let all = &self.assessment.principals;
        let here = |p: &&PrincipalAnswer| accounts.is_empty() || accounts.contains(&p.account);
        if name.contains('*') && !all.iter().any(|p| p.principal == name) {
            let invalid = |e: globset::Error| {
                Box::new(Unmet::InvalidPattern { pattern: name.to_owned(), error: e.kind().clone() })
            };
            let glob = Glob::new(name).map_err(invalid)?.compile_matcher();
            let matches = |p: &&PrincipalAnswer| glob.is_match(&p.principal) || glob.is_match(&p.name);
            let found: Vec<_> = all.iter().filter(here).filter(matches).cloned().collect();
            let people = all.iter().filter(here).flat_map(|p| p.people.iter()).filter(|p| glob.is_match(&p.user_name));
            let people: BTreeSet<String> = people.map(|p| p.id.clone()).collect();
            return match found.is_empty() && people.is_empty() {
                true => Err(Box::new(Unmet::NoMatch(name.to_owned()))),
                false => Ok(Meant { principals: found, people }),
            };
        }
        let not_named = |failure| Box::new(Unmet::NotNamed(failure));
        let principals = naming::principals(self.inventory, accounts, all, name).map_err(not_named)?;
        // a person is who they are, and not everyone behind their permission sets
        let own = |p: &PrincipalAnswer| p.principal == name || p.name == name;
        if principals.iter().any(own) {
            return Ok(Meant { principals, people: BTreeSet::new() });
        }
        let people =
            principals.iter().flat_map(|p| p.people.iter()).filter(|p| p.user_name == name).map(|p| p.id.clone());
        Ok(Meant { people: people.collect(), principals: Vec::new() })
    }

    /// Whether a person whom `[[trusted]]` names is one of these: a user by its name or ARN, or a user of Identity Center.
    pub(super) fn is_meant(&self, person: &str, principals: &[PrincipalAnswer], people: &BTreeSet<String>) -> bool {
        let is = |p: &PrincipalAnswer| p.kind == PrincipalKind::User && (p.name == person || p.principal == person);
        let mut users = self.inventory.of_type("IdentityCenterUser").filter(|u| u.str("userName") == Some(person));
        principals.iter().any(is) || users.any(|u| people.contains(&u.uid.id))
    }

    /// Whom only `[[trusted]]` names, where that is asked.
    pub(super) fn is_trusted(&self, name: &str, asked: bool) -> Option<Meant> {
        let names = BTreeSet::from([name.to_owned()]);
        let trusted = asked && self.roles.values().flat_map(|b| &b.trusted).any(|person| is_called(&names, person));
        trusted.then(Meant::default)
    }

    /// Whether somebody of this name stands at a role: a user of another account, say, or whom `[[trusted]]` names.
    pub(super) fn is_at_a_role(&self, name: &str) -> Option<Meant> {
        if let Some(meant) = self.is_trusted(name, true) {
            return Some(meant);
        }
        let meant = self.named(name, &[]).ok()?;
        let stands = |a: &Assumer| {
            let is = |p: &PrincipalAnswer| (&p.account, &p.principal) == (&a.identity.account, &a.identity.arn);
            meant.principals.iter().any(is) || a.identity.people.iter().any(|p| meant.people.contains(&p.id))
        };
        self.roles.values().flat_map(|b| &b.assumers).any(stands).then_some(meant)
    }
}

/// Whether one of these names, or a pattern among them, is somebody's.
pub(super) fn is_called(names: &BTreeSet<String>, person: &str) -> bool {
    let matches = |pattern: &String| Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(person));
    names.contains(person) || names.iter().filter(|n| n.contains('*')).any(matches)
}

/// A principal with some of the people behind it; `None` where none of them is.
pub(super) fn people_alone(principal: &PrincipalAnswer, wanted: impl Fn(&str) -> bool) -> Option<PrincipalAnswer> {
    let people: Arc<[_]> = principal.people.iter().filter(|p| wanted(&p.id)).cloned().collect();
    (!people.is_empty()).then(|| PrincipalAnswer { people, ..principal.clone() })
}
