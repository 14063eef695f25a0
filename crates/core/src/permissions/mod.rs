//! IAM permissions: which layers a principal is under, what each of them says, and what that depends on.
//!
//! Every layer is a Cedar policy set of its own, lowered from IAM documents; a request is allowed when every layer allows
//! it. Nothing here knows of agreements or of the console.

pub mod atom;
pub(crate) mod caller;
pub(crate) mod classes;
pub mod confined;
pub mod context;
pub(crate) mod controls;
pub(crate) mod crossing;
pub(crate) mod dependence;
pub(crate) mod everyone;
pub(crate) mod form;
pub(crate) mod knowledge;
pub mod layer;
pub mod lower;
mod matching;
pub(crate) mod moment;
pub mod names;
pub(crate) mod partial_arn;
pub(crate) mod principals;
pub(crate) mod representatives;
pub mod resource;
pub(crate) mod scenarios;
mod session_tags;
pub(crate) mod sessions;
pub(crate) mod trust;

pub use caller::can_be_settled;
