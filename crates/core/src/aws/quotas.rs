//! What AWS takes of a policy, in characters without white space where nothing else is said. The quotas are dated: AWS has raised some.

/// The month in which they were read.
pub const AS_OF: &str = "2026-11";

/// A managed policy of one's own, and a permissions boundary.
pub const MANAGED: usize = 6_144;
/// The inline policies of a user together.
pub const USER: usize = 2_048;
/// The inline policies of a group together.
pub const GROUP: usize = 5_120;
/// The inline policies of a role together.
pub const ROLE: usize = 10_240;
/// What the service takes of a permission set when it provisions it.
pub const PERMISSION_SET: usize = 10_240;
/// A session policy, white space included.
pub const SESSION: usize = 2_048;
/// A service control policy; white space counts where it is saved by the API.
pub const SERVICE_CONTROL: usize = 10_240;
/// A resource control policy.
pub const RESOURCE_CONTROL: usize = 5_120;
/// A trust policy, at most.
pub const TRUST: usize = 4_096;
