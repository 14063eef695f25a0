//! Which files are read: those that are named, and in folders those whose name ends as policies' files do, or tells nothing while they
//! hold one, and that `.gitignore` does not leave out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_core::lint::read::{Form, form, form_of_text, is_policy_text, may_hold_policy};
use countersign_core::lint::settings::Settings;
use countersign_core::problem::{Problem, SourceFile};
use countersign_core::source::folder::{bytes_up_to, shown};
use countersign_core::text::files;

/// A larger file is refused.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// A file to lint.
pub struct Input {
    /// Its path, relative to the folder of `countersign.toml`, and its text.
    pub source: Arc<SourceFile>,
    /// Where it is.
    pub path: PathBuf,
    /// How it is read.
    pub form: Form,
    /// The user named it, rather than a folder above it.
    pub named: bool,
}

/// The files of these paths, in the order of their names; what cannot be read goes to `problems`.
pub fn inputs(root: &Path, paths: &[PathBuf], settings: &Settings, problems: &mut Vec<Problem>) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for path in paths {
        let walked = if path.is_dir() { folder(root, path, settings, problems) } else { vec![path.clone()] };
        let named = !path.is_dir();
        for file in walked {
            // a file whose name tells nothing counts where it holds a policy
            let told = named || form(&name(root, &file)).is_some();
            match read(root, &file, named) {
                Ok(input) if told || is_policy_text(&input.source.text) => inputs.push(input),
                Ok(_) => {}
                Err(_) if !told => {}
                Err(problem) => problems.push(problem),
            }
        }
    }
    inputs.sort_by(|a, b| a.source.path.cmp(&b.source.path).then(b.named.cmp(&a.named)));
    inputs.dedup_by(|b, a| a.source.path == b.source.path);
    inputs
}

fn folder(root: &Path, folder: &Path, settings: &Settings, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let walker = ignore::WalkBuilder::new(folder).require_git(false).follow_links(true).build();
    let mut found = Vec::new();
    for entry in walker {
        match entry {
            Ok(entry) => {
                let is_file = entry.file_type().is_some_and(|t| t.is_file());
                let name = name(root, entry.path());
                if is_file && (form(&name).is_some() || may_hold_policy(&name)) && !settings.excludes(&name) {
                    found.push(entry.into_path());
                }
            }
            Err(error) => problems.push(
                Problem::about(
                    folder.display().to_string(),
                    format!("a part of {} cannot be read: {error}", folder.display()),
                )
                .help("remove it, correct its permissions, or leave it out in .gitignore"),
            ),
        }
    }
    found
}

/// A path as findings show it: relative to the root where it is below it.
fn name(root: &Path, path: &Path) -> String {
    let plain = path.strip_prefix(".").unwrap_or(path);
    if plain.is_relative() && root == Path::new(".") {
        return shown(Path::new(""), plain);
    }
    let (Ok(root), Ok(absolute)) = (std::path::absolute(root), std::path::absolute(path)) else {
        return shown(root, path);
    };
    // the root of countersign.toml may be named by way of the folder above
    let (root, absolute) = (lexical(&root), lexical(&absolute));
    absolute.strip_prefix(&root).map_or_else(|_| path.display().to_string(), |inner| shown(Path::new(""), inner))
}

/// A path without `.` and `..`, as it is written.
fn lexical(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => drop(result.pop()),
            std::path::Component::CurDir => {}
            other => result.push(other),
        }
    }
    result
}

fn read(root: &Path, path: &Path, named: bool) -> Result<Input, Problem> {
    let name = name(root, path);
    let text = decoded(bytes_up_to(MAX_BYTES, path, &name)?, &name)?;
    let form = form(&name).unwrap_or_else(|| form_of_text(&text));
    Ok(Input { source: SourceFile::new(name, text), path: path.to_owned(), form, named })
}

/// Bytes as text. A byte order mark stays: it is a finding.
pub fn decoded(bytes: Vec<u8>, name: &str) -> Result<String, Problem> {
    let not_utf8 = |error: std::string::FromUtf8Error| {
        // what the bytes are is told by the reader for inventories, with its place
        let problem = files::text_of(error.into_bytes(), name).err();
        problem.unwrap_or_else(|| Problem::about(name, format!("{name} is not UTF-8")))
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(files::too_large(name, MAX_BYTES));
    }
    String::from_utf8(bytes).map_err(not_utf8)
}
