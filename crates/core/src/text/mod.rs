//! The user's text, below everything that knows what it means: files, and JSON in which every value has its place.

pub mod files;
pub mod json;

/// Stands in a string for a part that is not literal: a noncharacter of Unicode, which no policy holds.
pub const UNKNOWN: char = '\u{FDD0}';
