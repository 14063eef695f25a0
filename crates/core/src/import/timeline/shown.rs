//! Whether what was collected shows an account where events say that it is.

use crate::import::facts::Facts;
use crate::moment::Moment;

/// Where answers that were collected show an account to be.
pub(super) struct Shown {
    /// By the list of accounts.
    pub listed: Option<String>,
    /// As the management account.
    pub manages: Option<String>,
}

/// Whether answers show an account where events say that it is.
pub(super) enum Confirmed {
    /// They do.
    Yes,
    /// Nothing that was collected shows it.
    No,
    /// They show it elsewhere: what contradicts what.
    Contradicted(String),
}

impl Shown {
    /// Whether what was collected shows an account where events say that it is: an old event does not tell that nothing happened since.
    pub fn confirms(
        &self,
        facts: &Facts,
        account: &str,
        current: Option<&String>,
        last: Option<(Moment, &str)>,
    ) -> Confirmed {
        let known = facts.accounts.get(account);
        let own = known.map(|a| &a.shown_agreements_of);
        if let (None, Some((at, witness))) = (&self.manages, last) {
            // without the time of a list, it may be the newer of the two
            let is_later = facts.as_of.is_none_or(|as_of| at < as_of);
            let elsewhere = self.listed.as_ref().filter(|listed| current != Some(listed));
            if let Some(listed) = elsewhere.filter(|_| is_later) {
                return Confirmed::Contradicted(format!("{listed} lists it among its accounts, against {witness}"));
            }
            if let Some(contradiction) = facts.shown_in_two(account) {
                return Confirmed::Contradicted(contradiction);
            }
            let in_force: Vec<&String> =
                own.into_iter().flatten().filter(|(_, in_force)| **in_force).map(|(id, _)| id).collect();
            if let Some(other) =
                in_force.first().filter(|_| is_later && !current.is_some_and(|c| in_force.contains(&c)))
            {
                let message = format!("its own list shows an agreement of {other} in force, against {witness}");
                return Confirmed::Contradicted(message);
            }
        }
        let Some(current) = current else { return Confirmed::Yes };
        let attached = known.and_then(|a| a.attached_in.as_ref());
        let above = known.and_then(|a| a.parent.as_ref()).and_then(|unit| {
            let of_unit = facts.units.get(unit).and_then(|u| u.organization.as_ref());
            of_unit.or_else(|| facts.roots.get(unit))
        });
        let own = own.is_some_and(|own| own.contains_key(current));
        let shown = [self.listed.as_ref(), self.manages.as_ref(), attached, above].contains(&Some(current));
        let collected_before = matches!((facts.collected_until(), last), (Some(until), Some((at, _))) if until < at);
        if own || shown || collected_before { Confirmed::Yes } else { Confirmed::No }
    }
}
