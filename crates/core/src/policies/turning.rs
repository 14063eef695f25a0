//! The moments at which a comparison with the moment asked can turn: those that are written out in a policy, and those that stand in
//! entities (`resource.nda.acceptedAt`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::ordered;
use super::reads::{attribute_of, is_variable};
use crate::inventory::Inventory;
use crate::inventory::entity::{Attr, Item, Uid};
use crate::moment::Moment;

/// What policies compare the moment asked with.
#[derive(Clone, Debug, Default)]
pub struct Turning {
    /// Moments that are written out, in milliseconds since 1970.
    written: BTreeSet<i64>,
    /// What is read of entities: a variable and the attributes after it.
    read: BTreeSet<Vec<String>>,
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
    /// Takes in what an expression does, apart from its parts. Whether the parts have to be looked at.
    pub fn add(&mut self, json: &Value) -> bool {
        if is_moment(json) {
            self.reckons = true;
            return false;
        }
        if let Some(written) = ordered::comparison(json).filter(|c| is_moment(c.of)) {
            self.written.insert(written.with);
            return false;
        }
        let Some((left, right)) = ordered::sides(json) else { return true };
        let other = match (is_moment(left), is_moment(right)) {
            (true, false) => right,
            (false, true) => left,
            _ => return true,
        };
        match path(other) {
            Some(path) => drop(self.read.insert(path)),
            None => self.reckons = true,
        }
        false
    }

    /// What these do as well.
    pub fn extend(&mut self, other: &Self) {
        self.written.extend(&other.written);
        self.read.extend(other.read.iter().cloned());
        self.reckons |= other.reckons;
    }

    /// The moments, and those right after them, in order: between two of them the policies say the same.
    pub fn moments(&self, asked: &Asked<'_>) -> BTreeSet<Moment> {
        let read = self.read.iter().filter_map(|path| asked.moment(path));
        let all = self.written.iter().copied().chain(read.map(|moment| moment.timestamp_millis()));
        let around = all.flat_map(|moment| [Some(moment), moment.checked_add(1)]).flatten();
        around.filter_map(Moment::from_timestamp_millis).collect()
    }
}

impl Asked<'_> {
    /// What stands at a path, where it is a moment.
    fn moment(&self, path: &[String]) -> Option<Moment> {
        let starts = |start: &&[&str]| path.iter().zip(*start).all(|(a, b)| a == b) && path.len() > start.len();
        let (start, uid) = self.of.iter().find(|(start, _)| starts(&start))?;
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
