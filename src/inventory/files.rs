//! The files of an inventory, known by their content, never by their name or place.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::config::{Config, FILE};
use super::json::{self, Node, Value};
use crate::import::{accounts_csv, answer, cloudtrail};
use crate::problem::{Problem, Source, Span, did_you_mean};

/// A larger file is refused.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// What a file of the inventory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An array of entities.
    Entities,
    /// An IAM policy document.
    Policy,
    /// An answer of the AWS CLI, or events of CloudTrail.
    Answer(answer::Kind),
    /// The console's list of accounts.
    AccountsCsv,
    /// What the collecting script notes of a call that failed.
    FailedCall,
}

/// A file of the inventory.
pub struct File {
    /// Its path in the inventory and its text.
    pub source: Arc<Source>,
    /// Its JSON.
    pub root: Node,
    /// What it holds.
    pub kind: Kind,
}

/// Every file of the folder, in the order of their paths; problems go to `problems`.
pub fn walk(root: &Path, config: &Config, problems: &mut Vec<Problem>) -> Vec<File> {
    let mut files = Vec::new();
    let mut matched = Vec::new();
    for entry in below(root, problems) {
        let path = entry.path();
        if form(path).is_none() {
            continue;
        }
        let name = shown(root, path);
        if config.exclude.excludes(&name, &mut matched) {
            continue;
        }
        match file(path, &name) {
            Ok(file) => files.extend(file),
            Err(found) => problems.extend(found),
        }
    }
    problems.extend(config.exclude.idle(&matched));
    files
}

/// The files below a folder in the order of their paths, hidden ones left out; what cannot be walked goes to `problems`.
pub fn below(root: &Path, problems: &mut Vec<Problem>) -> Vec<walkdir::DirEntry> {
    let hidden = |name: &std::ffi::OsStr| name.to_str().is_some_and(|n| n.starts_with('.') && n.len() > 1);
    let walker = walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name();
    let mut files = Vec::new();
    for entry in walker.into_iter().filter_entry(|e| e.depth() == 0 || !hidden(e.file_name())) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry),
            Ok(_) => {}
            Err(error) => {
                let what = if error.loop_ancestor().is_some() { "a loop of symbolic links" } else { "unreadable" };
                let path = error.path().map_or(String::new(), |p| shown(root, p));
                let problem = Problem::general(format!("{path}: {what}: {error}"));
                problems.push(problem.help("remove it, or correct its permissions"));
            }
        }
    }
    files
}

/// How a file is read, by the end of its name; what it holds is told by its content alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Packed,
    Csv,
    Failed,
}

fn form(path: &Path) -> Option<Form> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let forms =
        [(".json", Form::Json), (".json.gz", Form::Packed), (".csv", Form::Csv), (".json.failed", Form::Failed)];
    forms.iter().find(|(end, _)| name.ends_with(end)).map(|(_, form)| *form)
}

/// One file; `None` for a CSV of something else.
pub fn file(path: &Path, name: &str) -> Result<Option<File>, Vec<Problem>> {
    let whole = |source: Arc<Source>, kind: Kind| {
        let root = Node::new(Span { start: 0, end: source.text.len() }, Value::Null);
        Ok(Some(File { source, root, kind }))
    };
    match form(path) {
        Some(Form::Csv) => {
            let source = read_text(path, name).map_err(|p| vec![p])?;
            if accounts_csv::is_it(&source.text) { whole(source, Kind::AccountsCsv) } else { Ok(None) }
        }
        Some(Form::Failed) => whole(read_text(path, name).map_err(|p| vec![p])?, Kind::FailedCall),
        Some(Form::Packed) => {
            let bytes = read_bytes(path, name).map_err(|p| vec![p])?;
            let source = cloudtrail::unpacked(bytes, name, MAX_BYTES).map_err(|p| vec![p])?;
            known(source)
        }
        _ => known(read_text(path, name).map_err(|p| vec![p])?),
    }
}

fn known(source: Arc<Source>) -> Result<Option<File>, Vec<Problem>> {
    let root = json::parse(&source)?;
    let kind = classify(&source, &root).map_err(|p| vec![p])?;
    Ok(Some(File { source, root, kind }))
}

/// A path as answers show it: relative to the inventory, with slashes.
pub fn shown(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// A path written in a file, relative to that file, as a path in the inventory.
pub fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<String> = from.split('/').map(str::to_owned).collect();
    parts.pop();
    for component in PathBuf::from(path).components() {
        match component {
            Component::ParentDir if parts.last().is_some_and(|p| p != "..") => drop(parts.pop()),
            Component::ParentDir => parts.push("..".to_owned()),
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts.join("/")
}

/// Reads a policy file as text and as JSON.
pub fn read(path: &Path, name: &str) -> Result<(Arc<Source>, Node), Vec<Problem>> {
    let source = read_text(path, name).map_err(|p| vec![p])?;
    let node = json::parse(&source)?;
    Ok((source, node))
}

/// Reads a file as text: UTF-8, without a byte order mark.
pub fn read_text(path: &Path, name: &str) -> Result<Arc<Source>, Problem> {
    text_of(read_bytes(path, name)?, name)
}

fn read_bytes(path: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let unreadable = |e: std::io::Error| Problem::general(format!("{name} cannot be read: {e}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_BYTES {
        return Err(too_large(name));
    }
    std::fs::read(path).map_err(unreadable)
}

fn too_large(name: &str) -> Problem {
    Problem::general(format!("{name} is larger than {} MiB", MAX_BYTES / 1024 / 1024))
}

/// The text of a file that was read.
pub fn text_of(bytes: Vec<u8>, name: &str) -> Result<Arc<Source>, Problem> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large(name));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()));
            let span = Span { start, end: start + '\u{FFFD}'.len_utf8() };
            return Err(Problem::at(&source, span, "invalid UTF-8").help("save the file as UTF-8"));
        }
    };
    let source = Source::new(name, text);
    if source.text.starts_with('\u{FEFF}') {
        let span = Span { start: 0, end: '\u{FEFF}'.len_utf8() };
        return Err(
            Problem::at(&source, span, "the file begins with a byte order mark").help("save it as UTF-8 without BOM")
        );
    }
    Ok(source)
}

/// What a file holds, by its content.
fn classify(source: &Arc<Source>, node: &Node) -> Result<Kind, Problem> {
    const HELP: &str = "an inventory holds arrays of entities, IAM policy documents and answers of the AWS CLI; exclude other files in countersign.toml";
    let first = Span { start: node.span.start, end: (node.span.start + 1).min(source.text.len()) };
    match &node.value {
        Value::Array(nodes) => {
            let entity =
                |n: &Node| n.as_object().is_some_and(|o| o.iter().any(|m| ["uid", "attrs"].contains(&m.key.as_str())));
            match nodes.iter().find(|n| !entity(n)) {
                Some(other) if !nodes.iter().any(entity) => {
                    let message =
                        format!("{FOUND}: an array of something else than entities, such as {}", other.kind());
                    Err(Problem::at(source, first, message).help(HELP))
                }
                _ => Ok(Kind::Entities),
            }
        }
        Value::Object(_) if crate::iam::document::is_document(node) => Ok(Kind::Policy),
        Value::Object(members) => {
            if let Some(kind) = answer::kind(node) {
                return Ok(Kind::Answer(kind));
            }
            let keys: Vec<&str> = members.iter().map(|m| m.key.as_str()).take(4).collect();
            let near = keys.iter().find_map(|k| did_you_mean(k, ["Statement"]));
            let found = match (near, keys.is_empty()) {
                (Some(_), _) => format!("{FOUND}: an object with {}; a policy has `Statement`", keys.join(", ")),
                (_, true) => format!("{FOUND}: an empty object"),
                _ => format!("{FOUND}: an object with {}", keys.join(", ")),
            };
            Err(Problem::at(source, first, found).help(HELP))
        }
        _ => Err(Problem::at(source, node.span, format!("{FOUND}: {}", node.kind())).help(HELP)),
    }
}

const FOUND: &str = "this file is neither entities nor a policy nor an answer of AWS that is read";

/// The inventory to read: the folder given, else the nearest folder upward with `countersign.toml`, else this one.
pub fn locate(given: Option<&Path>) -> PathBuf {
    if let Some(given) = given {
        return given.to_owned();
    }
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    here.ancestors().find(|d| d.join(FILE).is_file()).map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        assert_eq!(resolve("org/entities.json", "../iam/legal.json"), "iam/legal.json");
        assert_eq!(resolve("entities.json", "./iam/legal.json"), "iam/legal.json");
        assert_eq!(resolve("entities.json", "../shared/p.json"), "../shared/p.json");
    }

    #[test]
    fn known_by_content() {
        let kind = |text: &str| {
            let source = Source::new("x.json", text);
            classify(&source, &json::parse(&source).unwrap()).map_err(|p| p.message().to_owned())
        };
        assert_eq!(kind("[]"), Ok(Kind::Entities));
        assert_eq!(kind(r#"{"Statement": []}"#), Ok(Kind::Policy));
        assert_eq!(kind(r#"{"Accounts": []}"#), Ok(Kind::Answer(answer::Kind::Accounts)));
        assert!(kind(r#"{"Buckets": []}"#).unwrap_err().contains("an object with Buckets"));
        assert!(kind(r#"[1]"#).unwrap_err().contains("something else"));
        assert!(kind("3").is_err());
    }
}
