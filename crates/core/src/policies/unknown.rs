//! The names in policies that an inventory does not have: a condition on one never holds, and Cedar says nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Named, Of};
use super::patterns;
use crate::aws::catalogue::Catalogue;
use crate::inventory::Inventory;
use crate::inventory::entity::Entity;
use crate::problem::{Problem, instead};

/// As many names of one file are told that an inventory does not have; of the others, how many they are.
const MOST_NAMES: usize = 20;

/// A warning for each name that an inventory does not have: a condition on it never holds.
pub fn unknown<'n>(named: impl IntoIterator<Item = &'n Named>, inventory: &Inventory) -> Vec<Problem> {
    let mut known = Known { inventory, sets: BTreeMap::new() };
    let mut problems = Vec::new();
    // how many of a file, and the last of those that are not told
    let mut of_file: BTreeMap<&str, (usize, Option<&Named>)> = BTreeMap::new();
    let mut told = BTreeSet::new();
    let tags_known = inventory.of_type("Account").all(|account| account.bool("tagsKnown") != Some(false));
    for n in named {
        // one that was not listed may be there
        if matches!(n.of, Of::Tag | Of::TagKey | Of::TagValue(_)) && !tags_known {
            continue;
        }
        // a tag that is not there has no value either
        if matches!(&n.of, Of::TagValue(key) if !known.has_tag(key)) {
            continue;
        }
        let Some((what, all)) = known.of(n) else { continue };
        // once in a file is enough
        if !told.insert((n.source.path.as_str(), what.clone(), n.name.as_str())) {
            continue;
        }
        let (count, last) = of_file.entry(n.source.path.as_str()).or_default();
        *count += 1;
        if *count > MOST_NAMES {
            *last = Some(n);
            continue;
        }
        let never = "a condition on it never holds here";
        let help = match n.pattern {
            Some(_) => never.to_owned(),
            None => instead(&n.name, all.iter().map(String::as_str), never),
        };
        let like = if n.pattern.is_some() { " like" } else { "" };
        let has_none = if n.of == Of::Service { "AWS has no" } else { "this inventory has no" };
        let message = format!("{has_none} {what}{like} `{}`", n.name);
        problems.push(Problem::at(&n.source, n.span, message).help(help).warning());
    }
    for (count, last) in of_file.into_values() {
        let Some(n) = last else { continue };
        let more = count - MOST_NAMES;
        let message =
            format!("{more} more names of this file are not in this inventory, the last of them `{}`", n.name);
        problems.push(Problem::at(&n.source, n.span, message).help("a condition on them never holds here").warning());
    }
    problems
}

/// The names of an inventory, gathered where a policy asks for them.
struct Known<'i> {
    inventory: &'i Inventory,
    sets: BTreeMap<String, BTreeSet<String>>,
}

impl Known<'_> {
    /// Whether something has a tag of this key.
    fn has_tag(&mut self, key: &str) -> bool {
        let inventory = self.inventory;
        let all = self.sets.entry(format!("{:?}", Of::TagKey)).or_insert_with(|| names(&Of::TagKey, inventory));
        all.contains(key)
    }

    /// What the name would be of, and the names that there are; `None` where it is one of them.
    fn of(&mut self, named: &Named) -> Option<(String, &BTreeSet<String>)> {
        let what = match &named.of {
            Of::Kind => "kind of agreement".to_owned(),
            Of::Group => "group".to_owned(),
            Of::Principal => "principal".to_owned(),
            Of::Account => "account named".to_owned(),
            Of::Unit => "organizational unit named".to_owned(),
            Of::Service => "service".to_owned(),
            Of::Tag | Of::TagKey => "tag".to_owned(),
            Of::TagValue(key) => format!("tag `{key}` with the value"),
            Of::Entity(ty) => ty.clone(),
        };
        let inventory = self.inventory;
        let all = self.sets.entry(format!("{:?}", named.of)).or_insert_with(|| names(&named.of, inventory));
        let has = match &named.pattern {
            Some(pattern) => all.iter().any(|name| patterns::matches(pattern, name)),
            None => all.contains(&named.name),
        };
        (!has).then_some((what, all))
    }
}

fn names(of: &Of, inventory: &Inventory) -> BTreeSet<String> {
    let entities = |types: &'static [&'static str]| types.iter().flat_map(|ty| inventory.of_type(ty));
    let named = |ty: &str| inventory.of_type(ty).filter_map(|e| e.str("name")).map(str::to_owned).collect();
    match of {
        Of::Kind => {
            entities(&["Agreement", "OfflineAgreement"]).filter_map(|e| e.str("kind")).map(str::to_owned).collect()
        }
        Of::Group => entities(&["Group", "IdentityCenterGroup"]).map(|e| called(e, "displayName")).collect(),
        Of::Principal => {
            let declared = entities(&["User", "Role", "PermissionSet"]).map(|e| called(e, "name"));
            // every account has one
            declared.chain(["root".to_owned()]).collect()
        }
        Of::Account => named("Account"),
        Of::Unit => named("OrganizationalUnit"),
        Of::Service => {
            let declared = inventory.of_type("Service").map(|e| e.uid.id.clone());
            Catalogue::built_in().prefixes().map(str::to_owned).chain(declared).collect()
        }
        Of::Tag => {
            let of_accounts = inventory.of_type("Account").flat_map(|account| account.tags.iter());
            let declared = of_accounts.map(|(key, value)| format!("{key}={value}").to_lowercase());
            declared.chain(inventory.config.compared_phi_tags()).collect()
        }
        Of::TagKey => tags(inventory).map(|(key, _)| key.clone()).collect(),
        Of::TagValue(of) => tags(inventory).filter(|(key, _)| *key == of).map(|(_, value)| value.clone()).collect(),
        Of::Entity(ty) if ty == "Root" => {
            let arn = |e: &Entity| format!("arn:{}:iam::{}:root", e.str("partition").unwrap_or("aws"), e.uid.id);
            inventory.of_type("Account").map(arn).collect()
        }
        Of::Entity(ty) => inventory.of_type(ty).map(|e| e.uid.id.clone()).collect(),
    }
}

/// All tags: rules read those of accounts, users, roles and permission sets alike.
fn tags(inventory: &Inventory) -> impl Iterator<Item = (&String, &String)> {
    inventory.entities.values().flat_map(|entity| entity.tags.iter())
}

/// What people call an entity: the attribute that names it, else the last part of its ARN.
fn called(entity: &Entity, attribute: &str) -> String {
    let last = || entity.uid.id.rsplit('/').next().unwrap_or(&entity.uid.id);
    entity.str(attribute).unwrap_or_else(last).to_owned()
}
