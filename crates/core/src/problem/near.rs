//! Names that are not known, and the known ones that are near to them: the one place that asks "did you mean".

use std::fmt::Display;

/// A name from `candidates` so near to `word` that it was probably meant.
///
/// Near is at most a third of the word's length in edits, and at most three. Who signs in with a mail address is near by what stands
/// before the `@`, too.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let lower = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .filter_map(|c| {
            let name = c.to_ascii_lowercase();
            let local = name.split_once('@').map(|(local, _)| local).filter(|_| !lower.contains('@'));
            let near = |name: &str| distance(&lower, name, limit).filter(|distance| *distance < name.chars().count());
            Some((near(&name).into_iter().chain(local.and_then(near)).min()?, c))
        })
        .min()
        .map(|(_, c)| c)
}

/// Whether no other candidate is as near to a word as this one: of two that are equally near, neither is written for it.
pub fn is_nearest<'a>(word: &str, near: &str, candidates: impl IntoIterator<Item = &'a str>) -> bool {
    const FAR: usize = 8;
    let word = word.to_ascii_lowercase();
    let far = |name: &str| distance(&word, &name.to_ascii_lowercase(), FAR);
    let is_as_near = |own: usize, other: &str| far(other).is_some_and(|distance| distance <= own);
    far(near).is_none_or(|own| !candidates.into_iter().any(|c| !c.eq_ignore_ascii_case(near) && is_as_near(own, c)))
}

/// How many edits are between two words, if there are at most so many. Words whose lengths differ by more are not compared: a word
/// of input may be as long as its file.
pub fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    let apart = one.len().abs_diff(other.len());
    // a character has at most four bytes, and one where it is ASCII
    if apart > 4 * most || (apart > most && one.is_ascii() && other.is_ascii()) {
        return None;
    }
    Some(strsim::osa_distance(one, other)).filter(|distance| *distance <= most)
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
        let people = ["lena@smallco.example", "max@smallco.example"];
        assert_eq!(did_you_mean("lena", people), Some(people[0]));
        assert_eq!(did_you_mean("lnea", people), Some(people[0]));
        assert_eq!(did_you_mean("lena@smalco.example", people), Some(people[0]));
        assert_eq!(did_you_mean("smallco", people), None);
    }

    #[test]
    fn of_two_that_are_equally_near_none_is_nearest() {
        assert!(!is_nearest("ec3", "ec2", ["ec2", "ecs", "ecr"]));
        assert!(is_nearest("ec22", "ec2", ["ec2", "ecs", "EC2"]));
    }

    /// An edit adds or removes at most one character; two words of a file's length are not compared at all.
    #[test]
    fn words_of_other_lengths_are_not_near() {
        let long = "x".repeat(50_000_000);
        assert_eq!(did_you_mean(&long, ["Account", "Agreement"]), None);
        assert_eq!(distance(&long, "x", 3), None);
        assert_eq!((distance("abc", "abcd", 1), distance("abc", "xyz", 2)), (Some(1), None));
    }

    #[test]
    fn a_near_name_is_better_help_than_a_list() {
        assert_eq!(instead("Acount", ["Account"], "use Account"), "did you mean `Account`?");
        assert_eq!(instead("Bucket", ["Account"], "use Account"), "use Account");
    }
}
