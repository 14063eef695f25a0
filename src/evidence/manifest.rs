//! The manifest: what `sha256sum` prints of the files, in the order of their names, so that `sha256sum -c` checks it too. It shows
//! accidents. Whoever can change a file can change the manifest: tampering is shown by a signature on the manifest.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Bundle, DOCUMENT, FILES, FORMATS};
use countersign_core::problem::Problem;
use countersign_core::source::Source;
use countersign_core::source::digest::sha256;

/// The name of its file.
pub const FILE: &str = "MANIFEST.sha256";
/// The record of the run, which the manifest leaves out: it differs each time.
pub const RUN_RECORD: &str = "run-record.json";

/// The manifest of a bundle.
pub fn manifest(bundle: &Bundle) -> String {
    bundle.files.iter().map(|(name, bytes)| format!("{}  {name}\n", sha256(bytes))).collect()
}

/// What is wrong with filed evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A file of the manifest has other bytes.
    Changed(String),
    /// A file of the manifest is not there.
    Missing(String),
    /// A file is there that the manifest does not name.
    Foreign(String),
    /// A file of the format that the manifest does not name.
    Unlisted(String),
    /// The manifest names a file that the format does not have.
    Added(String),
}

/// Evidence as it was filed.
#[derive(Debug)]
pub struct Filed {
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// How many files the manifest names.
    pub files: usize,
    /// The document; `None` where it was changed or is missing.
    pub document: Option<Value>,
    /// The files as they were filed, by their names: those that were changed since are not among them.
    pub contents: BTreeMap<String, Vec<u8>>,
}

/// Reads filed evidence, and compares it with its manifest. A manifest that cannot be read is an error, as is a format of the future.
pub fn verify(folder: &dyn Source) -> Result<Filed, Problem> {
    let listed = read(folder)?;
    let mut faults = Vec::new();
    let mut document = None;
    let mut contents = BTreeMap::new();
    for (name, digest) in &listed {
        if !folder.has(name) {
            faults.push(Fault::Missing(name.clone()));
            continue;
        }
        let bytes = folder.bytes(name)?;
        if sha256(&bytes) != *digest {
            faults.push(Fault::Changed(name.clone()));
            continue;
        }
        if name == DOCUMENT {
            document = Some(self::document(&bytes)?);
        }
        contents.insert(name.clone(), bytes);
    }
    // what a manifest passes over was not checked, and what no format has was not written by us
    faults.extend(FILES.iter().filter(|f| !listed.contains_key(**f)).map(|f| Fault::Unlisted((*f).to_owned())));
    faults.extend(listed.keys().filter(|f| !FILES.contains(&f.as_str())).cloned().map(Fault::Added));
    let mut problems = Vec::new();
    let there = folder.list("", countersign_core::source::Hidden::All, &mut problems);
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem);
    }
    // a signature stands beside the manifest under its name
    let known = |name: &String| listed.contains_key(name) || name == RUN_RECORD || name.starts_with(FILE);
    // one of ours that the manifest lacks is told already
    let is_told = |name: &String| FILES.contains(&name.as_str());
    faults.extend(there.into_iter().filter(|name| !known(name) && !is_told(name)).map(Fault::Foreign));
    Ok(Filed { faults, files: listed.len(), document, contents })
}

fn document(bytes: &[u8]) -> Result<Value, Problem> {
    let problem = |message: String| Problem::about(DOCUMENT, message);
    let document: Value = serde_json::from_slice(bytes).map_err(|e| problem(format!("this is not JSON: {e}")))?;
    match document.get("schema").and_then(Value::as_str) {
        Some(schema) if FORMATS.contains(&schema) => Ok(document),
        Some(schema) => {
            let help = "verify it with the version of countersign that wrote it, or a later one";
            Err(problem(format!("this version does not know the format `{schema}`")).help(help))
        }
        None => Err(problem("this is no evidence: it names no schema".to_owned())),
    }
}

/// The digests of a manifest, by the names of files.
fn read(folder: &dyn Source) -> Result<BTreeMap<String, String>, Problem> {
    if !folder.has(FILE) {
        let problem = Problem::about(FILE, format!("there is no {FILE} in {}", folder.name()));
        return Err(problem.help("name a folder that `countersign evidence --out` wrote to the end"));
    }
    let text = countersign_core::source::text(folder, FILE)?;
    let mut listed = BTreeMap::new();
    for (at, line) in text.text.lines().enumerate() {
        let wrong = |what: &str| Problem::about(FILE, format!("line {} of {FILE} {what}", at + 1));
        let (digest, name) = line.split_once("  ").ok_or_else(|| wrong("is not `DIGEST  FILE`"))?;
        let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !is_digest {
            return Err(wrong("does not begin with a SHA-256"));
        }
        // a manifest that leads out of its folder is not one of ours
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(wrong("names a file outside the folder"));
        }
        if listed.insert(name.to_owned(), digest.to_owned()).is_some() {
            return Err(wrong("names a file for the second time"));
        }
    }
    if !listed.contains_key(DOCUMENT) {
        return Err(Problem::about(FILE, format!("{FILE} does not name {DOCUMENT}")));
    }
    Ok(listed)
}
