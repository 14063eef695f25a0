//! What AWS takes of a policy (`data/quotas.json`), in characters without white space where nothing else is said.

use std::sync::LazyLock;

use serde::Deserialize;

/// The file.
pub(crate) const TEXT: &str = include_str!("../../../../data/quotas.json");

/// How large a policy can be. AWS has raised some of these.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quotas {
    /// The day on which they were read.
    pub date: String,
    /// A managed policy of one's own, and a permissions boundary.
    pub managed: usize,
    /// The inline policies of a user together.
    pub user: usize,
    /// The inline policies of a group together.
    pub group: usize,
    /// The inline policies of a role together.
    pub role: usize,
    /// What the service takes of a permission set when it provisions it.
    pub permission_set: usize,
    /// A session policy, white space included.
    pub session: usize,
    /// A service control policy; white space counts where it is saved by the API.
    pub service_control: usize,
    /// A resource control policy.
    pub resource_control: usize,
    /// A trust policy, at most.
    pub trust: usize,
}

/// How large a policy can be.
pub fn quotas() -> &'static Quotas {
    static QUOTAS: LazyLock<Quotas> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());
    &QUOTAS
}
