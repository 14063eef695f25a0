//! The language of IAM policies: documents, patterns, operators, values, with the place of everything.
//!
//! Nothing here decides: `permissions` lowers what is read here to Cedar.

pub(crate) mod crossing;
pub mod document;
pub(crate) mod minterms;
pub mod operator;
pub(crate) mod patterns;
pub(crate) mod principal;
pub mod resource_based;
pub(crate) mod stored;
pub(crate) mod template;
pub(crate) mod value;
pub(crate) mod whom;
