//! What Cedar holds of the account that was asked about last: at another moment, much of it is the same. Over time, one account is asked
//! about after the other, each at all of its moments.

use std::collections::HashMap;

use cedar_policy::Entities;

use super::standing::Standing;
use crate::inventory::entity::Uid;
use crate::moment::Moment;
use crate::problem::Failure;

/// Of one account.
#[derive(Default)]
pub(super) struct Kept {
    account: String,
    /// By the membership or designation of which it is asked whether it holds, and its end.
    declared: HashMap<(Uid, Option<Moment>), Entities>,
    /// Where the account stood last, and with what else.
    stood: Option<(Place, Entities)>,
}

/// What the entities that the rules read of an account depend on.
#[derive(PartialEq, Eq)]
pub(super) struct Place {
    organizations: Vec<String>,
    path: Vec<String>,
    offline: Vec<String>,
    more: Vec<Uid>,
}

impl Place {
    pub fn of(standing: &Standing, more: &[Uid]) -> Self {
        Self {
            organizations: standing.organizations().cloned().collect(),
            path: standing.path.clone(),
            offline: standing.offline().into_iter().cloned().collect(),
            more: more.to_vec(),
        }
    }
}

impl Kept {
    /// What is kept of an account; nothing of the one before it.
    pub fn of(&mut self, account: &str) -> &mut Self {
        if self.account != account {
            *self = Self { account: account.to_owned(), ..Self::default() };
        }
        self
    }

    /// The account as it is declared, with a membership or designation.
    pub fn declared(
        &mut self,
        with: (Uid, Option<Moment>),
        make: impl FnOnce() -> Result<Entities, Failure>,
    ) -> Result<Entities, Failure> {
        if let Some(known) = self.declared.get(&with) {
            return Ok(known.clone());
        }
        crate::work::add(1);
        let made = make()?;
        self.declared.insert(with, made.clone());
        Ok(made)
    }

    /// The entities of an account where it stands.
    pub fn standing(
        &mut self,
        place: Place,
        make: impl FnOnce() -> Result<Entities, Failure>,
    ) -> Result<Entities, Failure> {
        if let Some((_, known)) = self.stood.as_ref().filter(|(known, _)| *known == place) {
            return Ok(known.clone());
        }
        crate::work::add(1);
        let made = make()?;
        self.stood = Some((place, made.clone()));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_at_another_moment_is_made_once() {
        let make = || Ok(Entities::empty());
        let (one, other) = (Uid::new("Membership", "one"), Uid::new("Membership", "other"));
        let stands =
            |organization: &str| Standing { organization: Some(organization.to_owned()), ..Standing::default() };
        let mut kept = Kept::default();
        let mut asked = |account: &str| {
            let ((), steps) = crate::work::during(|| {
                let kept = kept.of(account);
                for end in [None, Some(Moment::default()), None] {
                    kept.declared((one.clone(), end), make).unwrap();
                    kept.declared((other.clone(), end), make).unwrap();
                }
                for organization in ["o-a", "o-a", "o-b", "o-a"] {
                    kept.standing(Place::of(&stands(organization), &[]), make).unwrap();
                    kept.standing(Place::of(&stands(organization), &[]), make).unwrap();
                }
            });
            steps
        };
        assert_eq!(asked("1"), 4 + 3);
        assert_eq!(asked("1"), 2, "it stands elsewhere, and comes back");
        assert_eq!(asked("2"), 4 + 3, "nothing is kept of another account");
    }
}
