//! What a policy is attached to, and where it is stored.

/// What a policy is attached to, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// An identity policy, managed or inline.
    Identity,
    /// The policy of a permission set.
    PermissionSet,
    /// A permissions boundary.
    Boundary,
    /// What a session is narrowed by.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// Who may assume a role.
    Trust,
    /// A policy of a bucket, a key, a queue.
    Resource,
}

impl PolicyKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Identity => "an identity policy",
            Self::PermissionSet => "a permission set",
            Self::Boundary => "a permissions boundary",
            Self::Session => "a session policy",
            Self::ServiceControl => "a service control policy",
            Self::ResourceControl => "a resource control policy",
            Self::Trust => "a trust policy",
            Self::Resource => "a resource policy",
        }
    }

    /// Its statements name principals.
    pub fn has_principals(self) -> bool {
        matches!(self, Self::Trust | Self::Resource | Self::ResourceControl)
    }

    /// It grants to those who have it.
    pub fn grants(self) -> bool {
        matches!(self, Self::Identity | Self::PermissionSet)
    }
}

/// Where a policy of identities is stored, which decides how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A managed policy.
    Managed,
    /// The inline policies of a role.
    Role,
    /// The inline policies of a user.
    User,
    /// The inline policies of a group.
    Group,
    /// A managed policy of AWS's own.
    OfAws,
}

impl Holder {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Managed => "a managed policy",
            Self::Role => "the inline policies of a role",
            Self::User => "the inline policies of a user",
            Self::Group => "the inline policies of a group",
            Self::OfAws => "a managed policy of AWS",
        }
    }
}
