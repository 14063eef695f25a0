//! The built-in policies in Cedar's JSON, made beforehand: Cedar parses the text of each policy anew for it, which was two fifths of what
//! a short run did.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::built_in::{self, is_built_in};
use crate::problem::SourceFile;
use crate::source::digest::sha256;

/// One entry a file of `policies/`, in the order of their paths.
const TEXT: &str = include_str!("../../policies.json");

/// What was made of one file.
#[derive(Deserialize, Serialize)]
struct Prepared {
    /// The digest of the text that it was made of.
    sha256: String,
    /// Its policies, in their order.
    policies: Vec<Arc<Value>>,
}

/// By the path of the file, of those whose text is the one that was prepared: of any other nothing is known.
static KNOWN: LazyLock<HashMap<&'static str, Vec<Arc<Value>>>> = LazyLock::new(|| {
    // a test holds that the file reads and is complete; where it does not, Cedar is asked, as it is of what users write
    let mut prepared: BTreeMap<String, Prepared> = serde_json::from_str(TEXT).unwrap_or_default();
    let known = built_in::BUILT_IN.iter().filter_map(|(path, text)| {
        let of = prepared.remove(*path).filter(|of| of.sha256 == sha256(text.as_bytes()))?;
        Some((*path, of.policies))
    });
    known.collect()
});

/// The JSON of the policies of a built-in file, in their order; none where it has to be asked of Cedar.
pub fn of(source: &SourceFile) -> &'static [Arc<Value>] {
    let known = is_built_in(source).then(|| KNOWN.get(source.path.as_str())).flatten();
    known.map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::text::parse;

    /// What is prepared is what Cedar says. `PREPARED=overwrite` writes it anew.
    #[test]
    fn is_what_cedar_says_of_each_policy() {
        let mut all = BTreeMap::new();
        for source in built_in::sources() {
            let policies = parse(&source, &mut Vec::new());
            let policies: Vec<_> = policies.iter().map(|p| Arc::new(p.to_json().unwrap())).collect();
            assert!(!policies.is_empty());
            all.insert(source.path.clone(), Prepared { sha256: sha256(source.text.as_bytes()), policies });
        }
        let file = |(path, of): (&String, &Prepared)| {
            let policies: Vec<String> = of.policies.iter().map(|p| format!("    {p}")).collect();
            format!("  \"{path}\": {{\"sha256\": \"{}\", \"policies\": [\n{}\n  ]}}", of.sha256, policies.join(",\n"))
        };
        let text = format!("{{\n{}\n}}\n", all.iter().map(file).collect::<Vec<_>>().join(",\n"));
        if std::env::var("PREPARED").is_ok_and(|v| v == "overwrite") {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/policies.json"), &text).unwrap();
            return;
        }
        assert!(
            text == TEXT,
            "`policies/` has changed: run `PREPARED=overwrite cargo test -p countersign-core prepared`"
        );
    }

    #[test]
    fn is_of_the_text_that_is_built_in_alone() {
        for source in built_in::sources() {
            assert!(!of(&source).is_empty(), "{}", source.path);
            let other = SourceFile::new(source.path.clone(), format!("{}\n", source.text));
            assert!(of(&other).is_empty());
            let elsewhere = SourceFile::new("x.cedar", source.text.clone());
            assert!(of(&elsewhere).is_empty());
        }
    }
}
