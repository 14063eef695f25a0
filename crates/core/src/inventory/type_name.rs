//! The names of types of entities. There are few, and hundreds of thousands of entities: those of the built-in schema are never copied,
//! and two that stand at the same place are the same without a look at them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;

/// The name of a type without its namespace, such as `Account`.
#[derive(Clone, Debug)]
pub struct TypeName(Cow<'static, str>);

/// The types of the built-in schema; others are copied.
const BUILT_IN: [&str; 19] = [
    "Account",
    "Agreement",
    "CustomerAgreement",
    "Designation",
    "Group",
    "IamPolicy",
    "IdentityCenterGroup",
    "IdentityCenterInstance",
    "IdentityCenterUser",
    "Membership",
    "OfflineAgreement",
    "Organization",
    "OrganizationalUnit",
    "PermissionSet",
    "Report",
    "Role",
    "Root",
    "Service",
    "User",
];

impl TypeName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self.as_str(), other.as_str())
    }
}

impl From<&str> for TypeName {
    fn from(name: &str) -> Self {
        let known = BUILT_IN.into_iter().find(|known| *known == name);
        Self(known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed))
    }
}

impl From<&String> for TypeName {
    fn from(name: &String) -> Self {
        name.as_str().into()
    }
}

impl From<String> for TypeName {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl From<&TypeName> for TypeName {
    fn from(name: &Self) -> Self {
        name.clone()
    }
}

impl Deref for TypeName {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl PartialEq for TypeName {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.as_str() == other.as_str()
    }
}

impl Eq for TypeName {}

impl PartialEq<str> for TypeName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for TypeName {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for TypeName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TypeName {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.is_same(other) { Ordering::Equal } else { self.as_str().cmp(other.as_str()) }
    }
}

impl std::hash::Hash for TypeName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::EntitySchema;

    #[test]
    fn the_types_of_the_built_in_schema_are_not_copied() {
        let schema = EntitySchema::built_in().unwrap();
        let types: Vec<&str> = schema.types.keys().map(String::as_str).collect();
        assert_eq!(types, BUILT_IN);
        assert!(types.iter().all(|ty| matches!(TypeName::from(*ty).0, Cow::Borrowed(_))));
    }

    #[test]
    fn names_are_compared_as_texts_wherever_they_stand() {
        let copied = TypeName(Cow::Owned("Role".to_owned()));
        let [role, root, user, other] = ["Role", "Root", "User", "Vendor"].map(TypeName::from);
        assert_eq!(copied, role);
        assert!(copied < root && copied < other && other > user);
    }
}
