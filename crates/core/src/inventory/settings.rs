//! Names in `countersign.toml` that stand for nothing in the inventory: probably misspelt. A tag that declares no PHI, or a signatory who is
//! nobody, changes answers in silence.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Config, FILE, Trusted};
use super::entity::{Entity, Uid};
use super::signatories::fitting;
use crate::problem::{Place, Problem, SourceFile, Span, did_you_mean, instead, meant};

/// Names of the settings, with their places.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// `phiTags`, where it is written.
    pub phi_tags: Vec<(String, Place)>,
    /// `signatories`.
    pub signatories: Vec<(String, Place)>,
}

impl Named {
    /// Of a list, as it is written.
    pub(super) fn places(
        source: &std::sync::Arc<SourceFile>,
        list: Option<&Vec<toml::Spanned<String>>>,
    ) -> Vec<(String, Place)> {
        let named = |name: &toml::Spanned<String>| {
            (name.get_ref().clone(), Place { source: source.clone(), span: Span::from(name.span()) })
        };
        list.into_iter().flatten().map(named).collect()
    }
}

/// What is probably misspelt.
pub(super) fn doubtful(entities: &BTreeMap<Uid, Entity>, config: &Config) -> Vec<Problem> {
    let mut found = tags(entities, config);
    if config.named.signatories.is_empty() && config.trusted.is_empty() {
        return found;
    }
    let signatories = &config.named.signatories;
    let trusted = config.trusted.iter().flat_map(|trusted| &trusted.people);
    let asked: BTreeSet<&str> = signatories.iter().map(|(name, _)| name).chain(trusted).map(String::as_str).collect();
    let people = People { entities, known: entities.values().flat_map(names).filter(|n| asked.contains(n)).collect() };
    found.extend(signatories.iter().filter_map(|(name, place)| people.nobody(name, place, "signatories")));
    found.extend(of_several(entities, config));
    for trusted in &config.trusted {
        found.extend(trusted.people.iter().filter_map(|name| people.nobody(name, &trusted.place, "[[trusted]]")));
        found.extend(role(entities, trusted));
    }
    found
}

/// Tags that no account has. Case does not matter (R85).
fn tags(entities: &BTreeMap<Uid, Entity>, config: &Config) -> Vec<Problem> {
    if config.named.phi_tags.is_empty() {
        return Vec::new();
    }
    let accounts = || entities.values().filter(|e| e.uid.ty == "Account");
    let has: BTreeSet<String> =
        accounts().flat_map(|a| a.tags.iter().map(|(key, value)| format!("{key}={value}"))).collect();
    let known = accounts().all(|a| a.bool("tagsKnown") != Some(false));
    let is_there = |tag: &str| has.iter().any(|t| t.to_lowercase() == tag.to_lowercase());
    let problem = |(tag, place): &(String, Place)| {
        let near = did_you_mean(tag, has.iter().map(String::as_str));
        // accounts whose tags were not listed may have it
        if is_there(tag) || (!known && near.is_none()) {
            return None;
        }
        let help = near.map_or_else(|| format!("tag the accounts that hold PHI, or take it out of {FILE}"), meant);
        let message = format!("no account has the tag `{tag}`, so that it declares no PHI");
        Some(Problem::at(&place.source, place.span, message).help(help).warning())
    };
    config.named.phi_tags.iter().filter_map(problem).collect()
}

/// What people and principals are called: ARNs, and names.
fn names(entity: &Entity) -> impl Iterator<Item = &str> {
    let id = entity.uid.id.as_str();
    let names = match entity.uid.ty.as_str() {
        "User" | "Role" => [Some(id), id.rsplit('/').next()],
        "PermissionSet" => [Some(id), None],
        "IdentityCenterUser" => [Some(id), entity.str("userName")],
        "IdentityCenterGroup" => [Some(id), entity.str("displayName")],
        _ => [None, None],
    };
    names.into_iter().flatten()
}

/// Who is in the inventory.
struct People<'a> {
    entities: &'a BTreeMap<Uid, Entity>,
    /// The names in the settings that somebody has.
    known: BTreeSet<&'a str>,
}

impl People<'_> {
    /// Somebody who is nobody here, and nearly is. Who has another name altogether need not be in the inventory.
    fn nobody(&self, name: &str, place: &Place, setting: &str) -> Option<Problem> {
        if self.known.contains(name) {
            return None;
        }
        let near = did_you_mean(name, self.entities.values().flat_map(names))?;
        let message = format!("nobody in the inventory is called `{name}`, whom {setting} names");
        Some(Problem::at(&place.source, place.span, message).help(meant(near)).warning())
    }
}

/// Signatories by a name that several have: nobody is known to be meant.
fn of_several(entities: &BTreeMap<Uid, Entity>, config: &Config) -> Vec<Problem> {
    let declared = &config.named.signatories;
    let fitting = fitting(entities, declared.iter().map(|(name, _)| name.as_str()));
    let several = |(name, place): &(String, Place)| {
        let number = fitting.get(name.as_str()).map_or(0, BTreeSet::len);
        let message =
            format!("`{name}` fits {number} in the inventory, so that none of them is known to be a signatory");
        let help = "write the ARN of the one who is meant, or the id of a person in Identity Center";
        (number > 1).then(|| Problem::at(&place.source, place.span, message).help(help).warning())
    };
    declared.iter().filter_map(several).collect()
}

/// A pattern that no role has.
fn role(entities: &BTreeMap<Uid, Entity>, trusted: &Trusted) -> Option<Problem> {
    let arns = || entities.values().filter(|e| e.uid.ty == "Role").map(|e| e.uid.id.as_str());
    if arns().any(|arn| trusted.is_of(arn)) {
        return None;
    }
    let names = arns().flat_map(|arn| [arn, arn.rsplit('/').next().unwrap_or(arn)]);
    let help = instead(trusted.pattern(), names, "correct the pattern, or take the declaration out");
    let message = format!("no role matches `{}`, of which this declares who stands there", trusted.pattern());
    Some(Problem::at(&trusted.place.source, trusted.place.span, message).help(help).warning())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::inventory::Inventory;
    use crate::inventory::schema::EntitySchema;
    use crate::source::Memory;

    const ENTITIES: &str = r#"[
        {"uid": "111122223333", "tags": {"Data": "PHI"}},
        {"uid": "User::\"arn:aws:iam::111122223333:user/maria\""},
        {"uid": "Role::\"arn:aws:iam::111122223333:role/deploy\""}]"#;

    fn warnings(settings: &str, entities: &str) -> Vec<String> {
        let files = Memory::new("a clinic").with("entities.json", entities).with("countersign.toml", settings);
        let inventory = Inventory::load(&files, Arc::new(EntitySchema::built_in().unwrap())).unwrap();
        let told =
            |p: &crate::problem::Problem| format!("{p} at {} ({})", p.underlined(), p.help_text().unwrap_or_default());
        inventory.warnings.iter().map(told).collect()
    }

    #[test]
    fn a_misspelt_name_is_told_with_the_near_one() {
        for (settings, word, near) in [
            ("phiTags = [\"data=phi\", \"Dta=PHI\"]", "at \"Dta=PHI\"", "did you mean `Data=PHI`?"),
            ("phiTags = [\"Secret=yes\"]", "at \"Secret=yes\"", "tag the accounts"),
            ("signatories = [\"mraia\"]", "at \"mraia\"", "did you mean `maria`?"),
            (
                "[[trusted]]\nrole = \"deploj\"\npeople = [\"Dana\"]\nreason = \"reviewed\"",
                "no role matches `deploj`",
                "did you mean `deploy`?",
            ),
            (
                "[[trusted]]\nrole = \"deploy\"\npeople = [\"mria\"]\nreason = \"reviewed\"",
                "`mria`, whom [[trusted]] names",
                "did you mean `maria`?",
            ),
        ] {
            let told = warnings(settings, ENTITIES);
            let ours: Vec<&String> = told.iter().filter(|w| w.contains(word)).collect();
            assert!(ours.len() == 1 && ours[0].contains(near), "{settings}: {told:?}");
        }
    }

    #[test]
    fn what_stands_for_something_or_may_is_not_told() {
        let all = "phiTags = [\"DATA=phi\"]\nsignatories = [\"maria\", \"the board\"]\n[[trusted]]\nrole = \"dep*\"\n\
                   people = [\"Dana\"]\nreason = \"reviewed\"";
        assert_eq!(warnings(all, ENTITIES), [""; 0]);
        assert_eq!(warnings("", &ENTITIES.replace("PHI", "none")), [""; 0], "what is built in is not misspelt");
        let unlisted = r#"[{"uid": "111122223333", "attrs": {"tagsKnown": false}}]"#;
        assert_eq!(warnings("phiTags = [\"Secret=yes\"]", unlisted), [""; 0]);
    }
}
