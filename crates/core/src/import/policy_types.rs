//! The types of policies of Organizations that decide who may do what, and what an inventory calls each.

/// A type of policies that is attached to roots, units and accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyType {
    /// What principals of accounts may do at most.
    ServiceControl,
    /// What anybody may do at most with resources of accounts.
    ResourceControl,
}

impl PolicyType {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ServiceControl, Self::ResourceControl];

    /// As Organizations calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServiceControl => "SERVICE_CONTROL_POLICY",
            Self::ResourceControl => "RESOURCE_CONTROL_POLICY",
        }
    }

    /// By the name that Organizations gives it; `None` for a type that affects no result.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ty| ty.name() == name)
    }

    /// The attribute that has those of a root, a unit or an account.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::ServiceControl => "serviceControlPolicies",
            Self::ResourceControl => "resourceControlPolicies",
        }
    }

    /// The folder of their documents.
    pub fn folder(self) -> &'static str {
        match self {
            Self::ServiceControl => "scps",
            Self::ResourceControl => "rcps",
        }
    }
}
