//! A folder of rules or guardrails: the files that are read, and a warning for each of the others. A rule that is unread in
//! silence is one that its author takes to count.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::text::spans;
use crate::problem::{Problem, SourceFile, did_you_mean, meant};
use crate::source::{self, Hidden};

/// What a folder holds.
#[derive(Default)]
pub struct Folder {
    /// The Cedar files, in the order of their paths.
    pub policies: Vec<Arc<SourceFile>>,
    /// The files of data with the name that was asked for.
    pub data: Vec<Arc<SourceFile>>,
    /// A warning for each file that is not read.
    pub unread: Vec<Problem>,
}

/// What stands beside rules and is none.
const DOCUMENTS: [&str; 5] = ["md", "txt", "adoc", "rst", "license"];

/// The names of documents that have no ending, in lower case.
const UNENDED: [&str; 13] = [
    "authors",
    "changelog",
    "codeowners",
    "contributing",
    "copying",
    "justfile",
    "licence",
    "license",
    "makefile",
    "notice",
    "owners",
    "readme",
    "version",
];

/// Whether a file, by its name, looks like one of policies in Cedar: `x.cedar`, and what may be meant by it, such as `x.cedar.txt`.
pub fn looks_like_policies(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut endings = name.split('.').skip(1);
    endings.any(|ending| ending == "cedar" || (ending != "cedarschema" && did_you_mean(ending, ["cedar"]).is_some()))
}

/// Reads a folder of a source, or all of it for `""`. `data` is the name of files of data, where there can be any, and `other` a file
/// that is read for itself. A folder that is not there holds nothing.
pub fn read(
    files: &dyn source::Source,
    folder: &str,
    data: Option<&str>,
    other: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Folder {
    let mut found = Folder::default();
    let is_other = |path: &str| other.is_some_and(|other| same(Path::new(&files.name()).join(path), Path::new(other)));
    for path in files.list(folder, Hidden::All, problems) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let hidden = source::is_hidden(&path);
        let is_data = data == Some(name);
        if hidden || !(is_cedar(&path) || is_data) {
            if !is_other(&path) {
                found.unread.extend(unread(Path::new(&path), &path, hidden, data));
            }
            continue;
        }
        match source::text(files, &path) {
            Ok(text) if is_data => found.data.push(text),
            Ok(text) => found.policies.push(text),
            Err(problem) => problems.push(problem),
        }
    }
    found
}

/// A warning for each file that holds comments at most.
pub fn empty(policies: &[Arc<SourceFile>]) -> impl Iterator<Item = Problem> {
    policies.iter().filter(|source| spans(&source.text).is_empty()).map(|source| {
        let empty = Problem::about(&source.path, format!("{} holds no policy", source.path));
        empty.help("remove it, or write what it is to say").warning()
    })
}

fn is_cedar(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e.eq_ignore_ascii_case("cedar"))
}

/// Whether two paths are written alike, but for `./`.
fn same(one: PathBuf, other: &Path) -> bool {
    let parts = |path: &Path| -> Vec<String> {
        let parts = path.components().filter(|c| *c != Component::CurDir);
        parts.map(|c| c.as_os_str().to_string_lossy().into_owned()).collect()
    };
    parts(&one) == parts(other)
}

/// Why a file is not read; `None` for a document, and for what git or an editor keeps there.
fn unread(path: &Path, shown: &str, hidden: bool, data: Option<&str>) -> Option<Problem> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let holds_rules = ["cedar", "json", "cedarschema"].contains(&extension.as_str()) || looks_like_policies(&name);
    let is_document = match name.contains('.') {
        true => DOCUMENTS.contains(&extension.as_str()) && !looks_like_policies(&name),
        false => UNENDED.contains(&name.to_ascii_lowercase().as_str()),
    };
    if (hidden && !holds_rules) || (!hidden && is_document) {
        return None;
    }
    let (why, help) = match (hidden, extension.as_str(), data) {
        (true, ..) => ("it is hidden", "rename it without the dot, or remove it".to_owned()),
        (_, "json", Some(data)) => match did_you_mean(&name, [data]) {
            Some(near) => ("its name is not the name of a rules file", meant(near)),
            None => (
                "its name is not the name of a rules file",
                format!("data belongs in `{data}`; a schema is named with --schema"),
            ),
        },
        (_, "cedarschema", _) => ("it is no policy", "name a schema, in JSON, with --schema".to_owned()),
        _ => ("its name does not end in .cedar", "rename it if it holds policies, or remove it".to_owned()),
    };
    Some(Problem::about(shown, format!("{shown} is not read: {why}")).help(help).warning())
}
