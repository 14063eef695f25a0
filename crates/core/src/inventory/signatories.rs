//! Whom the declared signatories name (D24). A declared signatory names a principal: by its ARN, or by a name that one alone in the
//! inventory has for its own: a user, a role, a permission set, a person of Identity Center. A name that several have names none of them for
//! certain. What a session calls itself names nobody: whoever assumes the role chooses it.

use std::collections::{BTreeMap, BTreeSet};

use super::Inventory;
use super::entity::{Entity, Uid};
use super::permission_sets::{self, is_role_of_set};

/// Whether somebody is among the declared signatories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A declared signatory names them.
    Is,
    /// None does.
    IsNot,
    /// It is not known, for this reason.
    NotKnown(String),
}

/// Those behind a permission set: the ids and the user names of people, and the names of groups whose members are not all listed.
#[derive(Clone, Debug, Default)]
pub struct Behind<'p> {
    /// Ids and user names.
    pub people: Vec<(&'p str, &'p String)>,
    /// Names of groups.
    pub groups: Vec<&'p str>,
}

/// What a name can stand for: an ARN, or an entity that has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Arn(String),
    Entity(Uid),
}

impl Who {
    fn of(uid: &Uid) -> Self {
        match uid.ty.as_str() {
            "User" | "Role" => Self::Arn(uid.id.clone()),
            _ => Self::Entity(uid.clone()),
        }
    }
}

/// The declared signatories of an inventory.
#[derive(Clone, Debug)]
pub struct Signatories {
    /// Whom they name for certain.
    named: BTreeSet<Who>,
    /// Whom a name fits that fits others, too; by whom, the name.
    perhaps: BTreeMap<Who, String>,
    /// Whom the names fit that are declared, and those by which agreements were accepted: looked for together, since each search walks over
    /// all.
    fitting: BTreeMap<String, BTreeSet<Who>>,
}

/// Whom these names fit in the inventory, by the names.
pub(super) fn fitting<'n>(
    entities: &BTreeMap<Uid, Entity>,
    names: impl IntoIterator<Item = &'n str>,
) -> BTreeMap<&'n str, BTreeSet<Who>> {
    let mut found: BTreeMap<&str, BTreeSet<Who>> = names.into_iter().map(|name| (name, BTreeSet::new())).collect();
    if found.is_empty() {
        return found;
    }
    for ty in ["IdentityCenterUser", "PermissionSet", "Role", "User"] {
        let of_type = entities.range(Uid::new(ty, "")..).map(|(_, e)| e).take_while(|e| e.uid.ty == ty);
        for entity in of_type {
            let id = entity.uid.id.as_str();
            let set = (ty == "PermissionSet").then(|| permission_sets::name(entity));
            let own = [Some(id), id.rsplit('/').next(), entity.str("userName"), set];
            for name in own.into_iter().flatten() {
                if let Some(fits) = found.get_mut(name) {
                    fits.insert(Who::of(&entity.uid));
                }
            }
        }
    }
    found
}

fn is_arn(name: &str) -> bool {
    name.starts_with("arn:")
}

impl Signatories {
    /// Those of an inventory; `None` where none are declared.
    pub fn of(inventory: &Inventory) -> Option<Self> {
        let declared = inventory.config.signatories.as_ref()?;
        let agreements = ["CustomerAgreement", "OfflineAgreement"].into_iter().flat_map(|ty| inventory.of_type(ty));
        let accepting = agreements.filter_map(|a| a.str("acceptedBy")).filter(|by| !is_arn(by));
        let names = accepting.chain(declared.iter().map(String::as_str));
        let fitting = fitting(&inventory.entities, names).into_iter().map(|(name, fits)| (name.to_owned(), fits));
        let fitting: BTreeMap<String, BTreeSet<Who>> = fitting.collect();
        let (mut named, mut perhaps) = (BTreeSet::new(), BTreeMap::new());
        for name in declared.iter().collect::<BTreeSet<_>>() {
            let fits = || fitting.get(name).into_iter().flatten().cloned();
            match fits().count() {
                // an ARN says who is meant, also where the inventory does not have them
                0 => named.extend(is_arn(name).then(|| Who::Arn(name.clone()))),
                1 => named.extend(fits()),
                _ => perhaps.extend(fits().map(|who| (who, name.clone()))),
            }
        }
        Some(Self { named, perhaps, fitting })
    }

    /// Declared names, and ARNs, of which the inventory has nobody. Acceptances by an ARN count all the same.
    pub fn of_nobody<'i>(&self, inventory: &'i Inventory) -> Vec<&'i str> {
        let declared = || inventory.config.signatories.iter().flatten().map(String::as_str);
        let is_nobody =
            |name: &&str| self.fitting.get(*name).is_none_or(BTreeSet::is_empty) && !is_root(inventory, name);
        let mut seen = BTreeSet::new();
        declared().filter(is_nobody).filter(|name| seen.insert(*name)).collect()
    }

    fn is(&self, who: &Who) -> Standing {
        if self.named.contains(who) {
            return Standing::Is;
        }
        match self.perhaps.get(who) {
            Some(name) => Standing::NotKnown(format!("`{name}` fits several in the inventory")),
            None => Standing::IsNot,
        }
    }

    /// A principal by itself, whoever stands behind it.
    pub fn principal(&self, arn: &str, uid: &Uid) -> Standing {
        let all = [self.is(&Who::Arn(arn.to_owned())), self.is(&Who::of(uid))];
        let known = all.iter().find(|s| **s == Standing::Is);
        known.or_else(|| all.iter().find(|s| **s != Standing::IsNot)).cloned().unwrap_or(Standing::IsNot)
    }

    fn person(&self, id: &str) -> Standing {
        self.is(&Who::Entity(Uid::new("IdentityCenterUser", id)))
    }

    /// The people behind a permission set whom declared signatories name, by their user names; none where others may stand there too.
    pub fn people<'p>(&self, behind: &Behind<'p>) -> BTreeSet<&'p String> {
        let (are, others): (Vec<_>, Vec<_>) =
            behind.people.iter().copied().partition(|(id, _)| self.person(id) == Standing::Is);
        let is_only = |name: &&String| behind.groups.is_empty() && others.iter().all(|(_, other)| other != name);
        are.into_iter().map(|(_, name)| name).filter(is_only).collect()
    }

    /// A principal with the people behind it: everybody behind a permission set has to be a signatory.
    pub fn with_people(&self, (arn, uid): (&str, &Uid), Behind { people, groups }: &Behind<'_>) -> Standing {
        let own = self.principal(arn, uid);
        if own != Standing::IsNot || (people.is_empty() && groups.is_empty()) {
            return own;
        }
        let all: Vec<Standing> = people.iter().map(|(id, _)| self.person(id)).collect();
        if all.contains(&Standing::IsNot) {
            return Standing::IsNot;
        }
        let unlisted = groups.first().map(|g| Standing::NotKnown(format!("not all members of {g} are listed")));
        all.into_iter().find(|s| *s != Standing::Is).or(unlisted).unwrap_or(Standing::Is)
    }

    /// Who accepted an agreement, as that is recorded.
    pub fn accepted(&self, inventory: &Inventory, by: &str) -> Standing {
        let not_known = |why: String| Standing::NotKnown(why);
        if let Some(session) = Session::of(by) {
            let why = || format!("`{}` is what a session calls itself", session.name);
            let is_named = self.named.iter().any(|who| session.is_of(inventory, who));
            return if is_named { Standing::Is } else { not_known(why()) };
        }
        if is_arn(by) {
            let standing = self.is(&Who::Arn(by.to_owned()));
            let is_there =
                ["User", "Role"].iter().any(|ty| inventory.entity(ty, by).is_some()) || is_root(inventory, by);
            return match standing {
                Standing::IsNot if !is_there => not_known("nobody in the inventory has this ARN".to_owned()),
                standing => standing,
            };
        }
        let alone = || fitting(&inventory.entities, [by]).remove(by).unwrap_or_default();
        let fits = self.fitting.get(by).cloned().unwrap_or_else(alone);
        match fits.into_iter().collect::<Vec<_>>().as_slice() {
            [] => not_known(format!("nobody in the inventory is called `{by}`")),
            [who] => self.is(who),
            several => not_known(format!("`{by}` fits {} in the inventory", several.len())),
        }
    }
}

/// The root user of an account of the inventory.
fn is_root(inventory: &Inventory, arn: &str) -> bool {
    let account = arn.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
    account.is_some_and(|account| inventory.entity("Account", account).is_some())
}

/// A session of a role, by its ARN.
struct Session<'a> {
    partition: &'a str,
    account: &'a str,
    /// The name of the role: no two roles of an account have the same, whatever their paths.
    role: &'a str,
    /// What it calls itself.
    name: &'a str,
}

impl<'a> Session<'a> {
    fn of(arn: &'a str) -> Option<Self> {
        let (partition, account, resource) = parts(arn, "sts")?;
        let mut of = resource.split('/');
        let (kind, role, name) = (of.next()?, of.next()?, of.next()?);
        (kind == "assumed-role").then_some(Self { partition, account, role, name })
    }

    /// Whether it is one of somebody who is named: of a role, or of the role that a permission set is in an account that it is assigned in.
    fn is_of(&self, inventory: &Inventory, who: &Who) -> bool {
        match who {
            Who::Arn(arn) => parts(arn, "iam").is_some_and(|(partition, account, resource)| {
                let role = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
                let set = role.and_then(permission_sets::set_of_unknown_role);
                let is_role = role == Some(self.role) || set.is_some_and(|set| is_role_of_set(self.role, set));
                (partition, account) == (self.partition, self.account) && is_role
            }),
            Who::Entity(uid) => {
                let set = inventory.entities.get(uid).filter(|set| set.uid.ty == "PermissionSet");
                set.is_some_and(|set| {
                    is_role_of_set(self.role, permission_sets::name(set))
                        && permission_sets::is_assigned(inventory, set, self.account)
                })
            }
        }
    }
}

/// The partition, the account and the resource of an ARN of a service.
fn parts<'a>(arn: &'a str, service: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let mut parts = arn.splitn(6, ':');
    let (arn, partition, of) = (parts.next()?, parts.next()?, parts.next()?);
    let (_, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (arn == "arn" && of == service).then_some((partition, account, resource))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::inventory::schema::EntitySchema;
    use crate::source::Memory;

    const ENTITIES: &str = r#"[
        {"uid": "111122223333", "parents": ["o-a"]}, {"uid": "444455556666"},
        {"uid": "User::\"arn:aws:iam::111122223333:user/jane\""},
        {"uid": "User::\"arn:aws:iam::111122223333:user/bob\""},
        {"uid": "User::\"arn:aws:iam::444455556666:user/contractors/bob\""},
        {"uid": "Role::\"arn:aws:iam::111122223333:role/legal\""},
        {"uid": "Role::\"arn:aws:iam::111122223333:role/dev-role\""},
        {"uid": "IdentityCenterUser::\"u-maria\"", "attrs": {"userName": "maria"}},
        {"uid": "OrganizationalUnit::\"ou-a\"", "parents": ["o-a"]},
        {"uid": "o-a", "attrs": {"managementAccount": "111122223333"}},
        {"uid": "777788889999", "parents": ["ou-a"]},
        {"uid": "PermissionSet::\"set-1\"", "attrs": {"name": "Agree_All", "policies": [], "assignments": [
            {"user": "u-maria", "accounts": ["111122223333"]}, {"user": "u-maria", "organizationalUnits": ["ou-a"]}]}}]"#;

    fn inventory(signatories: &str) -> Inventory {
        let settings = format!("signatories = {signatories}\n");
        let files = Memory::new("a clinic").with("entities.json", ENTITIES).with("countersign.toml", settings);
        Inventory::load(&files, Arc::new(EntitySchema::built_in().unwrap())).unwrap()
    }

    /// D24: a name is that of one alone, an ARN is compared as a whole, and a session is nobody that the inventory knows.
    #[test]
    fn a_name_is_that_of_one_alone() {
        let inventory = inventory(r#"["jane", "bob", "legal", "u-maria", "arn:aws:iam::999988887777:user/dana"]"#);
        let signatories = Signatories::of(&inventory).unwrap();
        let word = |by: &str| match signatories.accepted(&inventory, by) {
            Standing::Is => "is",
            Standing::IsNot => "is not",
            Standing::NotKnown(_) => "not known",
        };
        for (by, expected) in [
            ("arn:aws:iam::111122223333:user/jane", "is"),
            ("jane", "is"),
            ("maria", "is"),
            ("u-maria", "is"),
            ("arn:aws:iam::999988887777:user/dana", "is"),
            ("arn:aws:sts::111122223333:assumed-role/legal/anybody", "is"),
            ("arn:aws:sts::111122223333:assumed-role/dev-role/jane", "not known"),
            ("arn:aws:sts::999988887777:assumed-role/legal/jane", "not known"),
            ("arn:aws:iam::999988887777:user/jane", "not known"),
            ("arn:aws:iam::111122223333:user/contractors/jane", "not known"),
            ("arn:aws:iam::111122223333:role/jane", "not known"),
            ("bob", "not known"),
            ("arn:aws:iam::111122223333:user/bob", "not known"),
            ("somebody else", "not known"),
            ("arn:aws:iam::111122223333:role/dev-role", "is not"),
            ("dev-role", "is not"),
            ("arn:aws:iam::111122223333:root", "is not"),
            ("arn:aws:iam::999988887777:root", "not known"),
        ] {
            assert_eq!(word(by), expected, "{by}");
        }
    }

    /// A permission set is a signatory's only where everybody behind it is one, and all of them are listed.
    #[test]
    fn everybody_behind_a_permission_set_has_to_be_one() {
        let inventory = inventory(r#"["maria"]"#);
        let signatories = Signatories::of(&inventory).unwrap();
        let names = ["maria", "sam"].map(str::to_owned);
        let [maria, sam] = [("u-maria", &names[0]), ("u-sam", &names[1])];
        let other = ("u-other", &names[0]);
        let uid = Uid::new("PermissionSet", "Agreements");
        let behind = |people: &[(&'static str, &'_ String)], groups: &[&'static str]| -> (Standing, usize) {
            let behind = Behind { people: people.to_vec(), groups: groups.to_vec() };
            (signatories.with_people(("arn:x", &uid), &behind), signatories.people(&behind).len())
        };
        assert_eq!(behind(&[maria], &[]), (Standing::Is, 1));
        assert_eq!(behind(&[maria, sam], &[]), (Standing::IsNot, 1));
        assert_eq!(behind(&[maria, other], &[]), (Standing::IsNot, 0), "two of one name");
        assert!(matches!(behind(&[maria], &["legal"]), (Standing::NotKnown(_), 0)));
        assert_eq!(behind(&[], &[]), (Standing::IsNot, 0));
    }

    /// D24: a session counts as its role, also where that is what a permission set becomes in an account that it is assigned in.
    #[test]
    fn a_session_counts_as_its_role() {
        let session = |account: &str, role: &str| format!("arn:aws:sts::{account}:assumed-role/{role}/maria");
        let role = "AWSReservedSSO_Agree_All_0123456789abcdef";
        let own = |path: &str| format!("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/{path}");
        for (signatory, by, is) in [
            ("Agree_All", session("111122223333", role), true),
            ("set-1", session("777788889999", role), true),
            ("Agree_All", session("444455556666", role), false),
            ("Agree_All", session("111122223333", "AWSReservedSSO_Agree_0123456789abcdef"), false),
            ("Agree_All", session("111122223333", "AWSReservedSSO_Agree_All_mine"), false),
            ("maria", session("111122223333", role), false),
            (&own(&format!("eu-west-1/{role}")), session("111122223333", role), true),
            (&own("AWSReservedSSO_Agree_All_*"), session("111122223333", role), true),
            (&own("AWSReservedSSO_Agree_All_*"), session("777788889999", role), false),
            (&own("AWSReservedSSO_*"), session("111122223333", role), false),
            ("arn:aws-us-gov:iam::111122223333:role/legal", session("111122223333", "legal"), false),
        ] {
            let inventory = inventory(&format!("[{signatory:?}]"));
            let standing = Signatories::of(&inventory).unwrap().accepted(&inventory, &by);
            assert_eq!(standing == Standing::Is, is, "{signatory} {by}: {standing:?}");
            assert_ne!(standing, Standing::IsNot, "{signatory} {by}");
        }
    }

    #[test]
    fn who_is_nobody_is_told() {
        let inventory = inventory(
            r#"["jane", "g-x", "*", "", "arn:aws:iam::999988887777:user/dana", "g-x", "arn:aws:iam::111122223333:root", "bob", "Agree_All"]"#,
        );
        let told = Signatories::of(&inventory).unwrap();
        assert_eq!(told.of_nobody(&inventory), ["g-x", "*", "", "arn:aws:iam::999988887777:user/dana"]);
    }

    #[test]
    fn a_name_of_several_is_told() {
        let warnings = inventory(r#"["bob"]"#).warnings;
        assert!(warnings.iter().any(|w| w.to_string().contains("`bob` fits 2 in the inventory")), "{warnings:?}");
        assert!(inventory(r#"["jane"]"#).warnings.is_empty());
    }
}
