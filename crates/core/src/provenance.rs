//! What an answer was made from: the tool, the rules, the schema, the files and the data, each by its digest.
//!
//! Everything is gathered while files are loaded; evaluation neither reads nor needs it. The command line attaches it to what it
//! prints, so that an auditor can tell what decided, and another run can be compared.

use std::sync::{Arc, LazyLock};

use serde::Serialize;

use crate::aws::eligibility::{self, Lists, ListsFile};
use crate::aws::{self, catalogue, managed, resource_policies};
use crate::inventory::schema::EntitySchema;
use crate::inventory::{Inventory, builtin};
use crate::moment::{self, Moment};
use crate::policies::{Origin, RuleBook};
use crate::problem::SourceFile;
use crate::source::digest::{Files, sha256, short};
use crate::words::count;

/// What an answer was made from; `schemas/provenance.v1.schema.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// The version of countersign.
    pub version: &'static str,
    /// The rules of the domain; null where none has a part in the answer.
    pub rules: Option<Rules>,
    /// The entity schema; null where it has no part.
    pub schema: Option<Schema>,
    /// The inventory; null where none was read.
    pub inventory: Option<Files>,
    /// When the inventory was collected, and whether the answer is about a later moment; null where that is not told.
    pub as_of: Option<AsOf>,
    /// The inventory that it was compared with.
    pub base: Option<Files>,
    /// Other files that were named: policies and requests.
    pub files: Option<Files>,
    /// The guardrails that were asked; null where none was.
    pub guardrails: Option<Guarding>,
    /// The data that is built in.
    pub data: &'static [Data],
    /// The lists of HIPAA eligible services that stand in place of those that are built in; null where none do.
    pub eligible_services: Option<ListsFile>,
    /// Documents of AWS's managed policies that are built in have a part in the answer.
    #[serde(skip)]
    pub managed: bool,
}

/// The guardrails that were asked, those that are built in too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guarding {
    /// Their ids.
    pub ids: Vec<String>,
    /// Of the contents of their files, as for the rules.
    pub sha256: String,
}

impl Guarding {
    /// That of guardrails with these ids, from these files.
    pub(crate) fn of<'a>(ids: Vec<String>, files: impl IntoIterator<Item = &'a Arc<SourceFile>>) -> Self {
        Self { ids, sha256: of_contents(files) }
    }

    /// `2 guardrails 9ab1c2d3`
    fn words(&self) -> String {
        format!("{} {}", count(self.ids.len(), "guardrail"), short(&self.sha256))
    }
}

/// When an inventory was collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// The moment of its oldest answer.
    pub moment: String,
    /// The answer is about a later moment, of which nothing is known (D32).
    pub later: bool,
}

/// The rules that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rules {
    /// Where they come from.
    pub origin: Origin,
    /// Of the contents of their files, the operations among them: names and order do not count.
    pub sha256: String,
    /// What rules could decide and these leave undecided: they have no finding, no gate for the state of agreements.
    pub without: Vec<String>,
}

/// The entity schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Schema {
    /// The file that was laid over the built-in schema, as it was named.
    pub overlay: Option<String>,
    /// Of its text.
    pub sha256: String,
}

/// Data that is built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Data {
    /// Its file, or folder, below `data/`.
    pub file: &'static str,
    /// The day that it tells of.
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
            eligible_services: inventory.eligible.file.clone(),
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
            as_of: None,
            base: None,
            files: None,
            guardrails: None,
            data: data(),
            eligible_services: None,
            managed: false,
        }
    }

    /// The same for an answer about a moment.
    #[must_use]
    pub fn at(mut self, at: Moment, as_of: Option<Moment>) -> Self {
        self.as_of = as_of.map(|as_of| AsOf { moment: moment::format(as_of), later: at > as_of });
        self
    }

    /// That nothing is known of the moment asked, where it is later than the inventory (D32).
    pub fn later(&self) -> Option<String> {
        let as_of = self.as_of.as_ref().filter(|a| a.later)?;
        let day = as_of.moment.strip_suffix("T00:00:00Z").unwrap_or(&as_of.moment);
        Some(format!("as of {day}; nothing later is known"))
    }

    /// One line for people: `countersign 0.1.0 · rules built in 3f2a91c0 · inventory 12 files (4096 bytes) 9ab1c2d3 at 1f2e3d4c · …`.
    pub fn line(&self) -> String {
        let mut parts = vec![format!("countersign {}", self.version)];
        parts.extend(self.rules.as_ref().map(Rules::line));
        parts.extend(self.schema.as_ref().and_then(Schema::words));
        parts.extend(self.inventory.as_ref().map(|f| format!("inventory {}", f.words())));
        parts.extend(self.base.as_ref().map(|f| format!("base {}", f.words())));
        let with = if self.inventory.is_some() { "with " } else { "" };
        parts.extend(self.files.as_ref().map(|f| format!("{with}{}", f.words())));
        parts.extend(self.guardrails.as_ref().map(Guarding::words));
        let is_of_aws = |d: &&Data| !d.file.starts_with(HIPAA) && !APART.contains(&d.file);
        let of_aws = self.data.iter().filter(is_of_aws).filter_map(|d| d.date).max();
        parts.extend(of_aws.map(|date| format!("AWS data of {date} {}", short(&of_data(self.data)))));
        match &self.eligible_services {
            Some(ListsFile { file, date, sha256 }) => {
                parts.push(format!("HIPAA list of {date} ({file} {})", short(sha256)));
            }
            None if self.inventory.is_some() => parts.push(format!("HIPAA list of {}", Lists::built_in().last())),
            None => {}
        }
        if self.managed {
            parts.push(format!("AWS managed policies of {}", aws::managed::date()));
        }
        parts.extend(self.later());
        // names of folders are the user's: nothing in them begins a line or a colour
        parts.join(" · ").replace(char::is_control, " ")
    }
}

/// As many rules that were replaced or removed are named in text; JSON has them all.
const MOST_NAMED: usize = 3;

/// The files of data that tell of the HIPAA eligible services.
const HIPAA: &str = "hipaa-";
/// What no answer rests on but those of lint about sizes and about policies without statements: it makes no other data younger.
const APART: [&str; 2] = ["management-policies.json", "quotas.json"];

/// The digest of all data: of what `sha256sum` prints of the files.
fn of_data(data: &[Data]) -> String {
    let lines: String = data.iter().map(|d| format!("{}  {}\n", d.sha256, d.file)).collect();
    sha256(lines.as_bytes())
}

impl Rules {
    fn of(rules: &RuleBook) -> Self {
        let sha256 = of_contents(rules.sources.iter().chain(&rules.operations.sources));
        Self { origin: rules.origin.clone(), sha256, without: rules.without() }
    }

    /// `rules my-rules 01234567, which have no findings`
    fn line(&self) -> String {
        let line = format!("rules {} {}", self.words(), short(&self.sha256));
        if self.without.is_empty() { line } else { format!("{line}, which have no {}", self.without.join(", no ")) }
    }

    /// `built in + rules (2 added, 1 replaced)`
    fn words(&self) -> String {
        let Origin { folder, only, added, replaced, removed, operations, calls } = &self.origin;
        let Some(folder) = folder else {
            // rules that a program hands over come from no folder
            return if self.sha256 == *BUILT_IN_RULES { "built in" } else { "of no folder" }.to_owned();
        };
        if *only {
            return folder.clone();
        }
        let of = |what: &str, ids: &[String]| match (what, ids.len()) {
            ("", n) => n.to_string(),
            (what, n) => count(n, what),
        };
        // what no longer decides as we say is named, while it is not much
        let named = |what: &str, ids: &[String], word: &str| match ids.len() {
            0 => None,
            1..=MOST_NAMED => Some(format!("{} {word}: {}", of(what, ids), ids.join(" and "))),
            _ => Some(format!("{} {word}", of(what, ids))),
        };
        let told = |what: &str, ids: &[String]| (!ids.is_empty()).then(|| format!("{} added", of(what, ids)));
        let counts: Vec<String> = [
            told("", added),
            named("", replaced, "replaced"),
            named("", removed, "removed"),
            told("operation", &operations.added),
            named("operation", &operations.replaced, "replaced"),
            told("call", &calls.added),
            named("call", &calls.replaced, "replaced"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let counts = if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") };
        format!("built in + {folder} ({counts})")
    }
}

/// The digest of the rules that are built in.
static BUILT_IN_RULES: LazyLock<String> = LazyLock::new(|| {
    let texts = crate::policies::BUILT_IN.iter().chain([&crate::policies::operations::BUILT_IN]);
    let sources: Vec<Arc<SourceFile>> = texts.map(|(path, text)| SourceFile::new(*path, *text)).collect();
    of_contents(&sources)
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

/// The digest of texts by what they hold: of their own digests, sorted, one a line. A file that is moved, renamed or read in another
/// order decides the same.
fn of_contents<'a>(sources: impl IntoIterator<Item = &'a Arc<SourceFile>>) -> String {
    let mut digests: Vec<String> = sources.into_iter().map(|s| sha256(s.text.as_bytes()) + "\n").collect();
    digests.sort();
    sha256(digests.concat().as_bytes())
}

/// The last day that the pages of AWS's documentation tell of from which the data was taken.
const PAGES_OF_AWS: &str = "2026-09-30";

/// The data that is built in, in the order of its names.
pub fn data() -> &'static [Data] {
    static DATA: LazyLock<Vec<Data>> = LazyLock::new(|| {
        let file = |file, date, text: &str| Data { file, date, sha256: sha256(text.as_bytes()) };
        // what is packed is told with the digest that stands beside it, so that nothing has to be read for it
        let packed = |file, of: fn(&aws::Sources) -> &aws::Source| {
            let source = of(aws::sources());
            Data { file, date: Some(source.date.as_str()), sha256: source.sha256.clone() }
        };
        // those that are built in live as long as the program
        static LISTS: LazyLock<Arc<Lists>> = LazyLock::new(Lists::built_in);
        let last = LISTS.last();
        vec![
            file("actions.json", Some(PAGES_OF_AWS), aws::actions::TEXT),
            file("agreements.json", Some(PAGES_OF_AWS), builtin::AGREEMENTS),
            file("api-operations.json", Some(aws::api::date()), aws::api::TEXT),
            file("artifact.json", Some(PAGES_OF_AWS), aws::TEXT),
            file("aws.json", Some(managed::date()), aws::SOURCES_TEXT),
            packed("catalogue.bin", |s| &s.catalogue),
            file("condition-keys.json", Some(aws::keys::date()), aws::keys::TEXT),
            file("ended.json", Some(catalogue::date()), catalogue::ENDED_TEXT),
            file("escalation.json", Some(aws::ESCALATION_DATE), aws::ESCALATION_TEXT),
            file("full-aws-access.json", Some(PAGES_OF_AWS), managed::FULL_AWS_ACCESS),
            file("hipaa-eligible-services.json", Some(last), eligibility::TEXT),
            file("hipaa-names.json", Some(last), eligibility::NAMES_TEXT),
            file("hipaa-parts.json", Some(last), eligibility::PARTS_TEXT),
            file("hipaa-support.json", Some(last), eligibility::SUPPORT_TEXT),
            file("lint.json", Some(aws::linted::date()), aws::linted::TEXT),
            packed("managed-policies.bin", |s| &s.managed_policies),
            file("management-policies.json", Some(aws::management::date()), aws::management::TEXT),
            file("names.json", Some(PAGES_OF_AWS), aws::NAMES_TEXT),
            file("quotas.json", Some(&aws::quotas::quotas().date), aws::quotas::TEXT),
            file("reports.json", Some(PAGES_OF_AWS), aws::report_series::TEXT),
            file("resource-policies.json", Some(resource_policies::date()), resource_policies::TEXT),
            file("security.json", Some(aws::security::date()), aws::security::TEXT),
        ]
    });
    &DATA
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::Laid;
    use crate::source::unread::{Reason, Unread};

    fn rules(origin: Origin) -> String {
        let rules = Rules { origin, sha256: "0123456789abcdef".to_owned(), without: Vec::new() };
        let line = rules.line();
        let whole = Provenance { rules: Some(rules), ..Provenance::bare() }.line();
        assert!(whole.contains(&format!(" · {line} · ")), "{whole}");
        format!(" · {line}")
    }

    #[test]
    fn what_rules_do_not_decide_is_told() {
        let without = ["findings", "gates for the state of agreements"].map(str::to_owned).to_vec();
        let rules = Rules { origin: Origin::default(), sha256: "0123456789".to_owned(), without };
        let expected = "rules of no folder 01234567, which have no findings, no gates for the state of agreements";
        assert_eq!(rules.line(), expected);
        let built_in = Rules::of(&RuleBook::built_in(&EntitySchema::built_in().unwrap()).unwrap());
        assert!(built_in.without.is_empty(), "{:?}", built_in.without);
    }

    /// The expected digest is that of `printf 'b\na\n' …`: the digests of the files, sorted, one a line.
    #[test]
    fn rules_are_told_by_what_they_hold() {
        let digest = |files: &[(&str, &str)]| {
            let files: Vec<Arc<SourceFile>> = files.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect();
            of_contents(&files)
        };
        let one = digest(&[("a.cedar", "x"), ("b.cedar", "y")]);
        assert_eq!(one, sha256(format!("{}\n{}\n", sha256(b"x"), sha256(b"y")).as_bytes()));
        assert_eq!(
            digest(&[("rules/z.cedar", "y"), ("rules/a.cedar", "x")]),
            one,
            "neither paths nor their order count"
        );
        assert_ne!(digest(&[("a.cedar", "x"), ("b.cedar", "z")]), one);
        assert_ne!(digest(&[("a.cedar", "x")]), one);
    }

    #[test]
    fn size_and_commit_are_told() {
        let commit = Some("1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c".to_owned());
        let files = Files { files: 2, bytes: 4096, sha256: "9ab1c2d3e4".to_owned(), commit, unread: Unread::default() };
        assert_eq!(files.words(), "2 files (4096 bytes) 9ab1c2d3 at 1f2e3d4c");
        let mut unread = Unread::default();
        unread.add(Reason::Excluded, "old.json");
        let told = Files { unread, ..files.clone() }.words();
        assert_eq!(told, "2 files (4096 bytes) 9ab1c2d3 at 1f2e3d4c, 1 declined: 1 excluded");
        assert_eq!(Files { files: 1, bytes: 1, commit: None, ..files }.words(), "1 file (1 byte) 9ab1c2d3");
    }

    #[test]
    fn all_data_has_its_day() {
        for data in data() {
            assert!(data.date.is_some_and(|date| crate::moment::parse(date).is_some()), "{}", data.file);
        }
        let line = Provenance::bare().line();
        assert!(line.contains(&format!("AWS data of 2026-09-30 {}", short(&of_data(data())))), "{line}");
    }

    #[test]
    fn where_rules_come_from_is_told() {
        let folder = Some("mine".to_owned());
        let ids = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let laid_over = Origin { folder: folder.clone(), added: ids(2), replaced: ids(1), ..Origin::default() };
        assert!(rules(laid_over).ends_with("rules built in + mine (2 added, 1 replaced: 0) 01234567"));
        let without = Origin { folder: folder.clone(), removed: ids(3), ..Origin::default() };
        assert!(rules(without).ends_with("rules built in + mine (3 removed: 0 and 1 and 2) 01234567"));
        let many = Origin { folder: folder.clone(), removed: ids(4), ..Origin::default() };
        assert!(rules(many).ends_with("rules built in + mine (4 removed) 01234567"));
        let laid = |replaced: &str| Laid { added: ids(2), replaced: vec![replaced.to_owned()] };
        let operations =
            Origin { folder: folder.clone(), operations: laid("ask"), calls: laid("a:B"), ..Origin::default() };
        let expected = "(2 operations added, 1 operation replaced: ask, 2 calls added, 1 call replaced: a:B) 01234567";
        assert!(rules(operations).ends_with(expected));
        let same = Origin { folder: folder.clone(), ..Origin::default() };
        assert!(rules(same).ends_with("rules built in + mine (nothing changed) 01234567"));
        let alone = Origin { folder, only: true, added: ids(9), ..Origin::default() };
        assert!(rules(alone).ends_with("rules mine 01234567"));
        assert!(rules(Origin::default()).ends_with("rules of no folder 01234567"), "not those that are built in");
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
