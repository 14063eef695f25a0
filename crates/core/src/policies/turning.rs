//! The moments at which a comparison with the moment asked can turn: those that are written out in a policy, and those that stand in
//! entities (`resource.nda.acceptedAt`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ordered;
use super::reads::{attribute_of, is_variable};
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Item, Uid};
use crate::moment::Moment;

/// What policies compare the moment asked with.
#[derive(Clone, Debug, Default)]
pub struct Turning {
    /// Those that are written out, in milliseconds since 1970.
    written: BTreeSet<i64>,
    /// Those that are read of entities, by a variable and the attributes after it: whether answers turn at the moment, and right after it.
    read: BTreeMap<Vec<String>, [bool; 2]>,
    /// Something is made of the moment (`context.at.offset(…)`), or it is compared with what is: where that turns is told by no date.
    pub reckons: bool,
}

/// What a request is about, as far as it has attributes.
pub struct Asked<'a> {
    /// The inventory that tells them.
    pub inventory: &'a Inventory,
    /// `principal`, `resource`, and `context.NAME` as the two words of it.
    pub of: &'a [(&'a [&'a str], &'a Uid)],
}

impl Turning {
    /// Nothing.
    pub const fn none() -> Self {
        Self { written: BTreeSet::new(), read: BTreeMap::new(), reckons: false }
    }

    /// Takes in what an expression does, apart from its parts. Whether the parts have to be looked at.
    pub fn add(&mut self, json: &Value) -> bool {
        if is_moment(json) {
            self.reckons = true;
            return false;
        }
        if let Some(written) = ordered::comparison(json).filter(|c| is_moment(c.of)) {
            self.written.extend(edges(written.with, written.turns()));
            return false;
        }
        let Some((other, turns)) = ordered::compared_with(json, &is_moment) else { return true };
        match path(other) {
            Some(path) => self.turn(path, turns),
            None => self.reckons = true,
        }
        false
    }

    fn turn(&mut self, path: Vec<String>, turns: [bool; 2]) {
        let known = self.read.entry(path).or_default();
        let [at, after] = *known;
        let [also_at, also_after] = turns;
        *known = [at || also_at, after || also_after];
    }

    /// What these do as well.
    pub fn extend(&mut self, other: &Self) {
        self.written.extend(&other.written);
        other.read.iter().for_each(|(path, turns)| self.turn(path.clone(), *turns));
        self.reckons |= other.reckons;
    }

    /// The moments at which what the policies say can turn, in order: from one to the next they say the same.
    pub fn moments(&self, asked: &Asked<'_>) -> BTreeSet<Moment> {
        let read = self.read.iter().filter_map(|(path, turns)| Some((asked.moment(path)?.timestamp_millis(), *turns)));
        let all = self.written.iter().copied().chain(read.flat_map(|(moment, turns)| edges(moment, turns)));
        all.filter_map(Moment::from_timestamp_millis).collect()
    }
}

impl Asked<'_> {
    /// What stands at a path, where it is a moment.
    fn moment(&self, path: &[String]) -> Option<Moment> {
        let starts = |start: &&[&str]| path.iter().zip(*start).all(|(a, b)| a == b) && path.len() > start.len();
        let (start, uid) = self.of.iter().find(|(start, _)| starts(start))?;
        let mut entity = self.inventory.entities.get(*uid)?;
        let mut attributes = path.get(start.len()..)?.iter();
        let mut item: &Item = entity.attrs.get(attributes.next()?)?;
        for name in attributes {
            item = match &item.attr {
                Attr::Record(fields) => fields.get(name)?,
                Attr::Entity(uid) => {
                    entity = self.inventory.entities.get(uid)?;
                    entity.attrs.get(name)?
                }
                _ => return None,
            };
        }
        match &item.attr {
            Attr::Moment(moment) => Some(*moment),
            _ => None,
        }
    }
}

/// The moment and the one right after it, as far as answers turn there.
fn edges(moment: i64, [at, after]: [bool; 2]) -> impl Iterator<Item = i64> {
    let next = moment.checked_add(1).filter(|_| after);
    Some(moment).filter(|_| at).into_iter().chain(next)
}

fn is_moment(json: &Value) -> bool {
    attribute_of(json, "context") == Some("at")
}

/// A variable and the attributes that an expression reads behind it.
fn path(json: &Value) -> Option<Vec<String>> {
    if let Some(variable) = ["principal", "resource", "context"].into_iter().find(|name| is_variable(json, name)) {
        return Some(vec![variable.to_owned()]);
    }
    let access = json.get(".")?;
    let mut found = path(access.get("left")?)?;
    found.push(access.get("attr")?.as_str()?.to_owned());
    Some(found)
}
