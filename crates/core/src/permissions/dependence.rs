//! Which of the unknown keys an answer depends on, from what it is under every assignment of them.

use std::collections::BTreeMap;

use super::representatives::is_pastable;

/// What each unknown key is taken to be: the key, and its class in words.
pub type Choice = Vec<(String, String)>;

/// Pairs of assignments that differ in this key only. `others` is what besides the keys must be equal.
pub fn pairs<T: Ord>(choices: &[(T, &Choice)], key: &str) -> Vec<(usize, usize)> {
    type Group<'a, T> = (&'a T, Vec<&'a (String, String)>);
    let mut groups: BTreeMap<Group<'_, T>, Vec<usize>> = BTreeMap::new();
    for (index, (others, choice)) in choices.iter().enumerate() {
        groups.entry((others, choice.iter().filter(|(k, _)| k != key).collect())).or_default().push(index);
    }
    let pairs = groups.into_values().flat_map(|group| {
        let first = group.first().copied();
        group.into_iter().skip(1).filter_map(move |i| Some((first?, i)))
    });
    pairs.collect()
}

/// The values of a key that allow, whatever the other keys are; where there are none, those that may allow.
pub fn allowing<'c>(choices: impl Iterator<Item = (&'c Choice, bool)>, key: &str) -> Vec<String> {
    let mut labels: Vec<(&String, bool, bool)> = Vec::new();
    for (choice, allows) in choices {
        for (_, label) in choice.iter().filter(|(k, _)| k == key) {
            match labels.iter_mut().find(|(l, ..)| *l == label) {
                Some((_, always, ever)) => (*always, *ever) = (*always && allows, *ever || allows),
                None => labels.push((label, allows, allows)),
            }
        }
    }
    // what no text stands for cannot be given back
    labels.retain(|(label, ..)| is_pastable(label));
    let always: Vec<String> = labels.iter().filter(|(_, always, _)| *always).map(|(l, ..)| (*l).clone()).collect();
    if !always.is_empty() {
        return always;
    }
    labels.iter().filter(|(.., ever)| *ever).map(|(l, ..)| (*l).clone()).collect()
}
