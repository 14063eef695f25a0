//! The user's text, below everything that knows what it means: files, and JSON in which every value has its place.

pub mod files;
pub mod json;

/// The letters and digits of a text in lower case: neither case nor what parts words matters.
pub fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// Stands in a string for a part that is not literal: a noncharacter of Unicode, which no policy holds.
pub const UNKNOWN: char = '\u{FDD0}';
