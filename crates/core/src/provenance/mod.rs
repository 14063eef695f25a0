//! What an answer was made from: the tool, the rules, the schema, the files and the data, each by its digest.
//!
//! Everything is gathered while files are loaded; evaluation neither reads nor needs it. The command line attaches it to what it
//! prints, so that an auditor can tell what decided, and another run can be compared.

pub mod digest;

use std::sync::{Arc, LazyLock};

use serde::Serialize;

use digest::{Listing, sha256};

use crate::aws::{self, eligibility};
use crate::inventory::schema::EntitySchema;
use crate::inventory::{Inventory, builtin};
use crate::policies::{Origin, RuleBook};
use crate::problem::SourceFile;
use crate::words::count;

/// What an answer was made from; `schemas/provenance.v1.schema.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The version of countersign.
    pub version: &'static str,
    /// The rules of the domain; null where none has a part in the answer.
    pub rules: Option<Rules>,
    /// The entity schema; null where it has no part.
    pub schema: Option<Schema>,
    /// The inventory; null where none was read.
    pub inventory: Option<Files>,
    /// The inventory that it was compared with.
    pub base: Option<Files>,
    /// Other files that were named: policies and requests.
    pub files: Option<Files>,
    /// The data that is built in.
    pub data: &'static [Data],
    /// Documents of AWS's managed policies that are built in have a part in the answer.
    #[serde(skip)]
    pub managed: bool,
}

/// The rules that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Where they come from.
    pub origin: Origin,
    /// Of their files, the operations among them.
    pub sha256: String,
}

/// The entity schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schema {
    /// The file that was laid over the built-in schema, as it was named.
    pub overlay: Option<String>,
    /// Of its text.
    pub sha256: String,
}

/// Files that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// How many.
    pub files: usize,
    /// Their size, all together.
    pub bytes: u64,
    /// Of all of them: see [`Listing`].
    pub sha256: String,
    /// The commit that is checked out where they lie in a git repository. The work tree may differ from it.
    pub commit: Option<String>,
}

/// Data that is built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Data {
    /// Its file, or folder, below `data/`.
    pub file: &'static str,
    /// The day that it tells of, if it tells one.
    pub date: Option<&'static str>,
    /// Of its text.
    pub sha256: String,
}

impl Provenance {
    /// That of an answer in which the rules have no part.
    pub fn of_files(files: Files) -> Arc<Self> {
        Arc::new(Self { files: Some(files), ..Self::bare() })
    }

    /// That of an answer about an inventory.
    pub fn of_inventory(rules: &RuleBook, inventory: &Inventory) -> Self {
        Self {
            rules: Some(Rules::of(rules)),
            schema: Some(Schema::of(&inventory.schema)),
            inventory: Some(inventory.files.clone()),
            managed: inventory.policies.values().any(builtin::is_managed_document),
            ..Self::bare()
        }
    }

    /// That of an answer in which nothing was read.
    pub fn bare() -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self {
            version,
            rules: None,
            schema: None,
            inventory: None,
            base: None,
            files: None,
            data: data(),
            managed: false,
        }
    }

    /// One line for people: `countersign 0.1.0 · rules built in 3f2a91c0 · inventory 12 files 9ab1c2d3 · HIPAA list of 2026-05-22`.
    pub fn line(&self) -> String {
        let mut parts = vec![format!("countersign {}", self.version)];
        parts.extend(self.rules.as_ref().map(|r| format!("rules {} {}", r.words(), short(&r.sha256))));
        parts.extend(self.schema.as_ref().and_then(Schema::words));
        parts.extend(self.inventory.as_ref().map(|f| format!("inventory {}", f.words())));
        parts.extend(self.base.as_ref().map(|f| format!("base {}", f.words())));
        let with = if self.inventory.is_some() { "with " } else { "" };
        parts.extend(self.files.as_ref().map(|f| format!("{with}{}", f.words())));
        if self.inventory.is_some() {
            parts.push(format!("HIPAA list of {}", eligibility::last_list()));
        }
        if self.managed {
            parts.push(format!("AWS managed policies of {}", aws::managed::date()));
        }
        // names of folders are the user's: nothing in them begins a line or a colour
        parts.join(" · ").replace(char::is_control, " ")
    }
}

impl Rules {
    fn of(rules: &RuleBook) -> Self {
        Self { origin: rules.origin.clone(), sha256: of_texts(rules.sources.iter().chain(&rules.operations.sources)) }
    }

    /// `built in + rules (2 added, 1 replaced)`
    fn words(&self) -> String {
        let Origin { folder, only, added, replaced, removed } = &self.origin;
        let Some(folder) = folder else {
            // rules that a program hands over come from no folder
            return if self.sha256 == *BUILT_IN_RULES { "built in" } else { "of no folder" }.to_owned();
        };
        if *only {
            return folder.clone();
        }
        let counts = [(added, "added"), (replaced, "replaced"), (removed, "removed")];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(ids, _)| !ids.is_empty())
            .map(|(ids, word)| format!("{} {word}", ids.len()))
            .collect();
        let counts = if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") };
        format!("built in + {folder} ({counts})")
    }
}

/// The digest of the rules that are built in.
static BUILT_IN_RULES: LazyLock<String> = LazyLock::new(|| {
    let texts = crate::policies::BUILT_IN.iter().chain([&crate::operations::data::BUILT_IN]);
    let sources: Vec<Arc<SourceFile>> = texts.map(|(path, text)| SourceFile::new(*path, *text)).collect();
    of_texts(&sources)
});

impl Schema {
    fn of(schema: &EntitySchema) -> Self {
        Self { overlay: schema.overlay.clone(), sha256: sha256(schema.text.as_bytes()) }
    }

    /// Told only where it is not the one that is built in.
    fn words(&self) -> Option<String> {
        static BUILT_IN: LazyLock<String> = LazyLock::new(|| sha256(crate::inventory::schema::BUILT_IN.as_bytes()));
        match &self.overlay {
            Some(file) => Some(format!("schema built in + {file} {}", short(&self.sha256))),
            None => (self.sha256 != *BUILT_IN).then(|| format!("schema {}", short(&self.sha256))),
        }
    }
}

impl Files {
    /// Those of texts that were read.
    pub fn of<'a>(sources: impl IntoIterator<Item = &'a Arc<SourceFile>>) -> Self {
        let mut listing = Listing::default();
        for source in sources {
            listing.add(&source.path, source.text.as_bytes());
        }
        listing.files()
    }

    /// `12 files 9ab1c2d3`
    fn words(&self) -> String {
        format!("{} {}", count(self.files, "file"), short(&self.sha256))
    }
}

/// The digest of texts by their paths. Two of one path, a built-in one and one that is laid over it, both count.
fn of_texts<'a>(sources: impl IntoIterator<Item = &'a Arc<SourceFile>>) -> String {
    Files::of(sources).sha256
}

/// As much of a digest as people compare.
fn short(sha256: &str) -> &str {
    sha256.get(..8).unwrap_or(sha256)
}

/// The data that is built in, in the order of its names.
pub fn data() -> &'static [Data] {
    static DATA: LazyLock<Vec<Data>> = LazyLock::new(|| {
        let file = |file, date, text: &str| Data { file, date, sha256: sha256(text.as_bytes()) };
        // what is packed is told with the digest that stands beside it, so that nothing has to be read for it
        let packed = |file, of: fn(&aws::Sources) -> &aws::Source| {
            let source = of(aws::sources());
            Data { file, date: Some(source.date.as_str()), sha256: source.sha256.clone() }
        };
        vec![
            file("actions.json", None, aws::actions::TEXT),
            file("agreements.json", None, builtin::AGREEMENTS),
            file("artifact.json", None, aws::TEXT),
            file("aws.json", None, aws::SOURCES_TEXT),
            packed("catalogue.bin", |s| &s.catalogue),
            file("ended.json", None, aws::catalogue::ENDED_TEXT),
            file("full-aws-access.json", None, aws::managed::FULL_AWS_ACCESS),
            file("hipaa-eligible-services.json", Some(eligibility::last_list()), eligibility::TEXT),
            file("hipaa-parts.json", None, eligibility::PARTS_TEXT),
            packed("managed-policies.bin", |s| &s.managed_policies),
        ]
    });
    &DATA
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(origin: Origin) -> String {
        let rules = Some(Rules { origin, sha256: "0123456789abcdef".to_owned() });
        Provenance { rules, ..Provenance::bare() }.line()
    }

    #[test]
    fn where_rules_come_from_is_told() {
        let folder = Some("mine".to_owned());
        let ids = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let laid_over =
            Origin { folder: folder.clone(), only: false, added: ids(2), replaced: ids(1), removed: ids(0) };
        assert!(rules(laid_over).ends_with(" · rules built in + mine (2 added, 1 replaced) 01234567"));
        let without = Origin { folder: folder.clone(), removed: ids(3), ..Origin::default() };
        assert!(rules(without).ends_with(" · rules built in + mine (3 removed) 01234567"));
        let same = Origin { folder: folder.clone(), ..Origin::default() };
        assert!(rules(same).ends_with(" · rules built in + mine (nothing changed) 01234567"));
        let alone = Origin { folder, only: true, added: ids(9), ..Origin::default() };
        assert!(rules(alone).ends_with(" · rules mine 01234567"));
        assert!(rules(Origin::default()).ends_with(" · rules of no folder 01234567"), "not those that are built in");
    }

    #[test]
    fn each_byte_of_the_rules_counts() {
        let schema = EntitySchema::built_in().unwrap();
        let built_in = RuleBook::built_in(&schema).unwrap();
        let whole = Rules::of(&built_in);
        assert_eq!(whole.sha256, *BUILT_IN_RULES);
        assert_eq!(whole.words(), "built in");
        let mut sources = built_in.sources.clone();
        sources.reverse();
        let again = RuleBook::of_sources(sources.clone(), &schema).unwrap();
        assert_eq!(Rules::of(&again).sha256, whole.sha256, "their order does not");
        let last = sources.pop().unwrap();
        sources.push(SourceFile::new(last.path.clone(), format!("{} ", last.text)));
        let changed = RuleBook::of_sources(sources, &schema).unwrap();
        assert_ne!(Rules::of(&changed).sha256, whole.sha256);
    }

    #[test]
    fn a_schema_is_told_where_it_is_not_the_one_that_is_built_in() {
        let built_in = EntitySchema::built_in().unwrap();
        assert_eq!(Schema::of(&built_in).words(), None);
        let other = EntitySchema::parse(&format!("{}\n", built_in.text), "x.json").unwrap();
        assert!(Schema::of(&other).words().unwrap().starts_with("schema "));
        let laid_over = Schema { overlay: Some("mine.json".to_owned()), sha256: "0123456789".to_owned() };
        assert_eq!(laid_over.words().unwrap(), "schema built in + mine.json 01234567");
    }

    #[test]
    fn all_data_counts() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let names = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        // these are not read to answer: what `init` and `import --script` write, and what makes the packed files
        let mut names: Vec<String> = names.filter(|n| !["init", "import", "update"].contains(&n.as_str())).collect();
        names.sort();
        assert!(names.iter().eq(data().iter().map(|d| d.file)), "{names:?}");
        for data in data() {
            assert_eq!(data.sha256, sha256(&std::fs::read(folder.join(data.file)).unwrap()), "{}", data.file);
        }
    }
}
