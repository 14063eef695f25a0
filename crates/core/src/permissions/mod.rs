//! IAM permissions: which layers a principal is under, what each of them says, and what that depends on.
//!
//! Every layer is a Cedar policy set of its own, lowered from IAM documents; a request is allowed when every layer allows
//! it. Nothing here knows of agreements or of the console.

pub mod atom;
pub mod context;
pub mod dependence;
pub mod knowledge;
pub mod layer;
pub mod lower;
pub mod minterms;
pub mod patterns;
pub mod principals;
pub mod representatives;
pub mod scenarios;
