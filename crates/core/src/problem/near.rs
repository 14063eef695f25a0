//! Names that are not known, and the known ones that are near to them: the one place that asks "did you mean".

use std::fmt::Display;

/// A name from `candidates` so near to `word` that it was probably meant.
///
/// Near is at most a third of the word's length in edits, and at most three.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let lower = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::osa_distance(&lower, &c.to_ascii_lowercase()), c))
        .filter(|(distance, c)| *distance <= limit && *distance < c.chars().count())
        .min()
        .map(|(_, c)| c)
}

/// The question about a name that was probably meant.
pub fn meant(name: impl Display) -> String {
    format!("did you mean `{name}`?")
}

/// What to do about a word that is not known: the candidate that was probably meant, or else what `otherwise` says.
pub fn instead<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, otherwise: impl Into<String>) -> String {
    did_you_mean(word, candidates).map_or_else(|| otherwise.into(), meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_near_names() {
        assert_eq!(did_you_mean("Acount", ["Account", "Agreement"]), Some("Account"));
        assert_eq!(did_you_mean("Bucket", ["Account", "Agreement"]), None);
        assert_eq!(did_you_mean("x", ["y"]), None);
    }

    #[test]
    fn a_near_name_is_better_help_than_a_list() {
        assert_eq!(instead("Acount", ["Account"], "use Account"), "did you mean `Account`?");
        assert_eq!(instead("Bucket", ["Account"], "use Account"), "use Account");
    }
}
