//! Answers in plain words: a sentence first, then the console's message, why, and what would change it. No codes, no rules and no
//! places of files: those are shown with `--explain`.

pub mod can;
mod counted;
pub mod coverage;
pub mod day;
pub mod ending;
pub mod lacking;
pub mod names;
pub mod who;

pub use names::Names;

/// `a`, `a and b`, `a, b and c`.
pub fn listed(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
    }
}

/// The first letter as a capital.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A sentence that may begin with somebody's name, which is left as it is written.
pub fn opened(text: &str) -> String {
    let ours = ["the ", "it ", "whoever "].iter().any(|word| text.starts_with(word));
    if ours { capital(text) } else { text.to_owned() }
}

/// A sentence ends with one full stop.
pub fn stopped(text: &str) -> String {
    let ends = text.ends_with(['.', '!', '?', '”']);
    if ends { text.to_owned() } else { format!("{text}.") }
}
