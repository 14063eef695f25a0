//! The user's text, below everything that knows what it means: files, and JSON in which every value has its place.

pub mod files;
pub mod json;
