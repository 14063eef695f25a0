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

/// The segments of an ARN; `None` for `*`.
pub(crate) fn segments(resource: &str) -> Option<[String; 6]> {
    let segments: Vec<String> = resource.splitn(6, ':').map(str::to_owned).collect();
    segments.try_into().ok()
}
