//! Numbers, lists and names in sentences.

use crate::terms::PrincipalKind;

/// `1 account`, `2 accounts`, `2 policies`.
pub fn count(number: usize, noun: &str) -> String {
    match noun.strip_suffix('y').filter(|_| number != 1) {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ if number == 1 => format!("{number} {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// A few of many, and how many more there are.
pub fn few(items: &[String], most: usize) -> String {
    let shown = items.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A message without what typesetting does to it: spaces, apostrophes, case, the full stop.
pub fn plain(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' | '\u{02bc}' | '`' | '\u{00b4}' => '\'',
            c if c.is_whitespace() => ' ',
            c => c.to_ascii_lowercase(),
        })
        .filter(|c| !['\u{200b}', '\u{feff}', '"', '\u{201c}', '\u{201d}'].contains(c))
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").trim_end_matches('.').to_owned()
}

/// A principal, as people call it: `user jane of 111122223333`, `permission set Legal in 111122223333`.
pub fn principal(kind: PrincipalKind, name: &str, account: &str) -> String {
    // accounts that are not listed are told as their organization
    let others = || format!("other accounts of {account}");
    let account = if account.starts_with("o-") { &others() } else { account };
    match kind {
        // no name has a star in it: one that nobody knows stands for everyone
        PrincipalKind::Role if name == "*" => format!("whoever asks for resources of {account}"),
        PrincipalKind::User if name == "*" => format!("anyone in {account}"),
        PrincipalKind::Root => format!("root user of {account}"),
        PrincipalKind::PermissionSet => format!("permission set {name} in {account}"),
        PrincipalKind::Role | PrincipalKind::User => format!("{kind} {name} of {account}"),
    }
}
