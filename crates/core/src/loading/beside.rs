//! Files in the folder of an inventory that look as if they counted, and are not read: policies in Cedar that no setting names, a
//! folder of guardrails or a file of settings whose name is nearly right.

use crate::expectations;
use crate::guardrails;
use crate::inventory::config;
use crate::policies::folder::looks_like_policies;
use crate::problem::{Problem, did_you_mean};

/// A warning about a file that is not read, by its path in the inventory; `None` for one that does not look as if it counted.
pub fn unread(path: &str) -> Option<Problem> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let warning =
        |why: &str, help: String| Some(Problem::about(path, format!("{path} is not read: {why}")).help(help).warning());
    if folder.is_empty() && name != config::FILE && did_you_mean(name, [config::FILE]).is_some() {
        let why = format!("settings stand in {}", config::FILE);
        return warning(&why, format!("rename it to {}, or remove it", config::FILE));
    }
    if !looks_like_policies(name) {
        return None;
    }
    match path.split_once('/').map(|(first, _)| first) {
        // what is beside guardrails is told where they are read
        Some(guardrails::FOLDER) => None,
        Some(first) if did_you_mean(first, [guardrails::FOLDER]).is_some() => {
            let why = format!("guardrails stand in the folder `{}`", guardrails::FOLDER);
            warning(&why, format!("rename `{first}` to `{}`", guardrails::FOLDER))
        }
        _ => {
            let help = format!(
                "put guardrails into the folder `{}`, name a folder of rules under [rules] in {}, or exclude the file there",
                guardrails::FOLDER,
                config::FILE
            );
            warning("no setting names it as a rule, and it is not in the folder of guardrails", help)
        }
    }
}

/// Whether a file that is no part of the inventory is read as something else: settings, guardrails, expectations.
pub fn is_read(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    let guards =
        || path.split_once('/').is_some_and(|(first, _)| first == guardrails::FOLDER) && name.ends_with(".cedar");
    path == config::FILE || name.ends_with(expectations::SUFFIX) || guards()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_as_if_it_counted_is_told() {
        let told = |path: &str| unread(path).map(|p| p.message().to_owned()).unwrap_or_default();
        for (path, expected) in [
            ("countersigm.toml", "settings stand in countersign.toml"),
            ("Countersign.toml", "settings stand in countersign.toml"),
            ("countersign.tml", "settings stand in countersign.toml"),
            ("Guardrails/own.cedar", "guardrails stand in the folder `guardrails`"),
            ("guardrail/own.cedar", "guardrails stand in the folder `guardrails`"),
            ("own.cedar", "no setting names it"),
            ("policies/own.CEDAR", "no setting names it"),
            ("own.cedar.txt", "no setting names it"),
            ("own.cedr", "no setting names it"),
            ("countersign.toml", ""),
            ("customer/countersigm.toml", ""),
            ("guardrails/own.cedr", ""),
            ("README.md", ""),
            ("notes.txt", ""),
            ("cedar", ""),
            ("main.tf", ""),
        ] {
            assert!(
                told(path).contains(expected) && told(path).is_empty() == expected.is_empty(),
                "{path}: {}",
                told(path)
            );
        }
    }
}
