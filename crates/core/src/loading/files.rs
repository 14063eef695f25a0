//! The files of an inventory, known by their content, never by their name or place.

use std::sync::Arc;

use super::beside;
use crate::import::{self, accounts_csv, answer, cloudtrail};
use crate::inventory::config::Config;
use crate::inventory::limits::Limited;
use crate::lint::baseline;
use crate::problem::{Problem, SourceFile, Span, did_you_mean};
use crate::source::digest::sha256;
use crate::source::unread::{Reason, Unread};
use crate::source::{self, Hidden};
use crate::text::files::{MAX_BYTES, text_of};
use crate::text::json::{self, Node, Value};

/// What a file of the inventory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// An array of entities.
    Entities,
    /// An IAM policy document.
    Policy,
    /// What AWS answered: an import reads it.
    Answer(import::InputKind),
}

/// A file of the inventory.
pub struct File {
    /// Its path in the inventory and its text.
    pub source: Arc<SourceFile>,
    /// Its JSON.
    pub root: Node,
    /// What it holds.
    pub kind: FileKind,
    /// The digest of its bytes.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

impl File {
    fn new(source: Arc<SourceFile>, root: Node, kind: FileKind) -> Self {
        let (sha256, bytes) = (sha256(source.text.as_bytes()), source.text.len() as u64);
        Self { source, root, kind, sha256, bytes }
    }
}

/// Every file of the folder, in the order of their paths, and what was declined; problems go to `problems`.
pub fn walk(source: &dyn source::Source, config: &Config, problems: &mut Vec<Problem>) -> (Vec<File>, Unread) {
    let mut files = Vec::new();
    let unread = each(source, config, problems, |file| {
        files.push(file);
        true
    });
    (files, unread)
}

/// The same, handed over one by one while `take` wants more: what one file holds is gone before the next is read.
pub fn each(
    source: &dyn source::Source,
    config: &Config,
    problems: &mut Vec<Problem>,
    mut take: impl FnMut(File) -> bool,
) -> Unread {
    let mut unread = Unread::default();
    let mut matched = Vec::new();
    let listed = source.listed("", Hidden::LeftOut, problems);
    let limits = &config.limits;
    let number = (listed.files.len() + listed.hidden.len()) as u64;
    if let Some(problem) = limits.exceeded(Limited::Files, number, &source.name()) {
        problems.push(problem);
        return unread;
    }
    listed.hidden.into_iter().for_each(|name| unread.add(Reason::Hidden, name));
    let mut bytes = 0;
    for name in listed.files {
        let depth = name.matches('/').count() as u64;
        problems.extend(limits.exceeded(Limited::Folders, depth, &name));
        // what decides is no part of what is decided about
        let decides = config.rules.holds(&name) || config.aws.holds(&name);
        if form(&name).is_none() {
            let told = beside::unread(&name).filter(|_| !decides);
            if told.is_some() && config.exclude.excludes(&name, &mut matched) {
                unread.add(Reason::Excluded, name);
                continue;
            }
            problems.extend(told);
            if !decides && !beside::is_read(&name) {
                unread.add(Reason::OtherKind, name);
            }
            continue;
        }
        let is_excluded = config.exclude.excludes(&name, &mut matched);
        if is_excluded || decides {
            if !decides {
                unread.add(Reason::Excluded, name);
            }
            continue;
        }
        match source.bytes(&name).map_err(|p| vec![p]).and_then(|bytes| file(&name, bytes)) {
            Ok(Some(file)) => {
                bytes += file.bytes;
                if let Some(problem) = limits.exceeded(Limited::Bytes, bytes, &source.name()) {
                    problems.push(problem);
                    return unread;
                }
                problems.extend(limits.nested(&file.root, &name));
                if !take(file) {
                    return unread;
                }
            }
            Ok(None) => unread.add(Reason::OtherKind, name),
            Err(found) => problems.extend(found),
        }
    }
    problems.extend(config.exclude.idle(&matched));
    unread
}

/// How a file is read, by the end of its name; what it holds is told by its content alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Packed,
    Csv,
    Failed,
}

fn form(path: &str) -> Option<Form> {
    let name = path.to_ascii_lowercase();
    let forms =
        [(".json", Form::Json), (".json.gz", Form::Packed), (".csv", Form::Csv), (".json.failed", Form::Failed)];
    forms.iter().find(|(end, _)| name.ends_with(end)).map(|(_, form)| *form)
}

/// One file, by its name and what it holds; `None` for a CSV of something else, and for a baseline of lint.
pub fn file(name: &str, bytes: Vec<u8>) -> Result<Option<File>, Vec<Problem>> {
    let whole = |source: Arc<SourceFile>, kind: FileKind| {
        let root = Node::new(Span { start: 0, end: source.text.len() }, Value::Null);
        Ok(Some(File::new(source, root, kind)))
    };
    match form(name) {
        Some(Form::Csv) => {
            let source = text_of(bytes, name).map_err(|p| vec![p])?;
            if accounts_csv::is_it(&source.text) {
                whole(source, FileKind::Answer(import::InputKind::AccountsCsv))
            } else {
                Ok(None)
            }
        }
        Some(Form::Failed) => {
            whole(text_of(bytes, name).map_err(|p| vec![p])?, FileKind::Answer(import::InputKind::FailedCall))
        }
        Some(Form::Packed) => {
            let (sha256, size) = (sha256(&bytes), bytes.len() as u64);
            let source = cloudtrail::unpacked(bytes, name, MAX_BYTES).map_err(|p| vec![p])?;
            Ok(known(source)?.map(|file| File { sha256, bytes: size, ..file }))
        }
        _ => known(text_of(bytes, name).map_err(|p| vec![p])?),
    }
}

fn known(source: Arc<SourceFile>) -> Result<Option<File>, Vec<Problem>> {
    let root = json::parse(&source)?;
    // it says what lint is not to tell, and nothing of an inventory
    if ours(&root) == Some(baseline::SCHEMA) && root.get("Statement").is_none() {
        return Ok(None);
    }
    let kind = classify(&source, &root).map_err(|p| vec![p])?;
    Ok(Some(File::new(source, root, kind)))
}

/// What a file holds, by its content.
fn classify(source: &Arc<SourceFile>, node: &Node) -> Result<FileKind, Problem> {
    const HELP: &str = "an inventory contains arrays of entities, IAM policy documents and output of the AWS CLI; exclude other files in countersign.toml";
    let first = Span { start: node.span.start, end: (node.span.start + 1).min(source.text.len()) };
    match &node.value {
        Value::Array(nodes) => {
            let entity =
                |n: &Node| n.as_object().is_some_and(|o| o.iter().any(|m| ["uid", "attrs"].contains(&m.key.as_str())));
            match nodes.iter().find(|n| !entity(n)) {
                Some(other) if !nodes.iter().any(entity) => {
                    let message =
                        format!("{FOUND}: an array of something other than entities, such as {}", other.kind());
                    Err(Problem::at(source, first, message).help(HELP))
                }
                _ => Ok(FileKind::Entities),
            }
        }
        Value::Object(_) if crate::iam::document::is_document(node) => Ok(FileKind::Policy),
        Value::Object(members) => {
            if let Some(kind) = answer::kind(node) {
                return Ok(FileKind::Answer(import::InputKind::Answer(kind)));
            }
            if let Some(schema) = ours(node) {
                let message = format!("{FOUND}: countersign itself wrote it, as `{schema}`");
                let help = "keep what countersign wrote outside of the inventory, or exclude it in countersign.toml";
                return Err(Problem::at(source, first, message).help(help));
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

/// The format of a document that countersign wrote: evidence that was filed, an answer that was kept.
fn ours(node: &Node) -> Option<&str> {
    node.get("schema").and_then(Node::as_str).filter(|schema| schema.starts_with("countersign/"))
}

const FOUND: &str = "this file is neither entities, nor a policy, nor AWS output that countersign can read";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_by_content() {
        let kind = |text: &str| {
            let source = SourceFile::new("x.json", text);
            classify(&source, &json::parse(&source).unwrap()).map_err(|p| p.message().to_owned())
        };
        assert_eq!(kind("[]"), Ok(FileKind::Entities));
        assert_eq!(kind(r#"{"Statement": []}"#), Ok(FileKind::Policy));
        assert_eq!(
            kind(r#"{"Accounts": []}"#),
            Ok(FileKind::Answer(import::InputKind::Answer(answer::AnswerKind::Accounts)))
        );
        assert!(kind(r#"{"Buckets": []}"#).unwrap_err().contains("an object with Buckets"));
        assert!(kind(r#"{"schema": "countersign/evidence/v2"}"#).unwrap_err().contains("countersign itself wrote it"));
        assert!(kind(r#"[1]"#).unwrap_err().contains("an array of something other than entities"));
        assert!(kind("3").is_err());
    }
}
