//! What the rest of the day brings, where an answer is about its start (D22).

use super::Session;
use crate::report::plain::{Names, day};
use countersign_core::history::{self, Query};
use countersign_core::moment;
use countersign_core::problem::Failure;

/// The rest of the day of a moment; `None` where the moment is not the start of one.
fn query(session: &Session, accounts: Vec<String>, kinds: &[String]) -> Option<Query> {
    let at = session.options.at;
    Some(Query { from: Some(at), to: moment::day_after(at)?, accounts, kinds: kinds.to_vec() })
}

/// Of rules that reckon with dates it is not known when an answer changes.
fn told<T>(found: Result<Vec<T>, Failure>, words: impl Fn(&[T]) -> Vec<String>) -> Result<Vec<String>, Failure> {
    match found {
        Ok(found) => Ok(words(&found)),
        Err(Failure::Problems(_)) => {
            Ok(vec!["Whether this changes within the day is not known: rules reckon with dates.".to_owned()])
        }
        Err(other) => Err(other),
    }
}

/// What of coverage changes later on the day, in sentences.
pub fn coverage(session: &Session, kinds: &[String]) -> Result<Vec<String>, Failure> {
    let accounts = session.options.filter.accounts.clone();
    let Some(query) = query(session, accounts, kinds) else { return Ok(Vec::new()) };
    let found = history::turns(&session.inventory, &session.rules, &query);
    told(found, |turns| day::changes(turns, Names::new(&session.inventory)))
}

/// That what permissions rest on in these accounts changes later on the day.
pub fn permissions(session: &Session, accounts: Vec<String>) -> Result<Vec<String>, Failure> {
    let Some(query) = query(session, accounts, &[]) else { return Ok(Vec::new()) };
    let found = history::moments(&session.inventory, &session.rules, &query);
    told(found.map(|m| m.into_iter().collect()), |moments| day::later(moments).into_iter().collect())
}
