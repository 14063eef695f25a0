//! Which files are read: those that are named, and in folders those whose name ends as policies' files do, or tells nothing while they
//! hold one, and that `.gitignore` does not leave out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use countersign_core::inventory::config::FILE;
use countersign_core::inventory::limits::Limited;
use countersign_core::lint::read::{Form, form, form_of_text, is_policy_text, may_hold_policy};
use countersign_core::lint::settings::Settings;
use countersign_core::problem::{Problem, SourceFile};
use countersign_core::source::folder::{
    MAX_DEPTH, MAX_ENTRIES, Tree, bytes, leads_out, regular_up_to, shown, wrong_entry,
};
use countersign_core::source::unread::{Reason, Unread};
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

/// The files of these paths, in the order of their names; what cannot be read goes to `problems`, and what is declined to `unread`.
pub fn inputs(
    root: &Path,
    paths: &[PathBuf],
    settings: &Settings,
    (problems, unread): (&mut Vec<Problem>, &mut Unread),
) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for path in paths {
        let walked = if path.is_dir() { folder(root, path, settings, (problems, unread)) } else { vec![path.clone()] };
        let named = !path.is_dir();
        for file in walked {
            // a file whose name tells nothing counts where it holds a policy
            let told = named || form(&name(root, &file)).is_some();
            match read(root, &file, named) {
                Ok(input) if told || is_policy_text(&input.source.text) => inputs.push(input),
                Ok(input) => unread.add(Reason::WithoutPolicy, &*input.source.path),
                Err(_) if !told => unread.add(Reason::OtherKind, name(root, &file)),
                Err(_) if !named && is_other_encoding(&file) => unread.add(Reason::NotUtf8, name(root, &file)),
                Err(problem) => problems.push(problem),
            }
        }
    }
    inputs.sort_by(|a, b| a.source.path.cmp(&b.source.path).then(b.named.cmp(&a.named)));
    inputs.dedup_by(|b, a| a.source.path == b.source.path);
    let bytes: usize = inputs.iter().map(|input| input.source.text.len()).sum();
    let root = root.display().to_string();
    problems.extend(settings.limits.exceeded(Limited::Files, inputs.len() as u64, &root));
    problems.extend(settings.limits.exceeded(Limited::Bytes, bytes as u64, &root));
    inputs
}

/// Where a path of the settings leads, which may come with a stranger's change: as far as the repository, or to what stands beside the
/// folder.
pub fn of_settings(root: &Path, named: &str) -> Result<PathBuf, Problem> {
    let path = root.join(named);
    // where a link leads that leads to nothing cannot be told
    if path.is_symlink() && !path.exists() {
        return Err(leads_out(named));
    }
    // a file that is to be written lies where its folder does
    let there = if path.exists() { path.as_path() } else { path.parent().unwrap_or(root) };
    let holds = Tree::of(root).is_none_or(|tree| tree.holds(there, true));
    if holds && Path::new(named).is_relative() { Ok(path) } else { Err(leads_out(named)) }
}

/// Adds files of a folder that are known by their paths in it, and that `.gitignore` leaves out.
pub fn known(
    root: &Path,
    paths: &[String],
    settings: &Settings,
    (inputs, problems): (&mut Vec<Input>, &mut Vec<Problem>),
) {
    let tree = Tree::of(root);
    for path in paths.iter().filter(|path| form(path).is_some() && !settings.excludes(path)) {
        let file = root.join(path);
        if !file.is_file() || inputs.iter().any(|input| input.source.path == *path) {
            continue;
        }
        if tree.as_ref().is_some_and(|tree| !tree.holds(&file, false)) {
            problems.push(leads_out(path));
            continue;
        }
        match read(root, &file, false) {
            Ok(input) => inputs.push(input),
            Err(problem) => problems.push(problem),
        }
    }
    inputs.sort_by(|a, b| a.source.path.cmp(&b.source.path));
}

/// Adds files that were read as part of an inventory and hold policies, by their paths as seen from the folder: those that a walk does
/// not meet, because they are hidden, ignored, beside the folder, or have another name than files of policies have.
pub fn wherever(
    root: &Path,
    paths: &[String],
    settings: &Settings,
    (inputs, problems): (&mut Vec<Input>, &mut Vec<Problem>),
) {
    let tree = Tree::of(root);
    let mut met: BTreeSet<PathBuf> = inputs.iter().filter_map(|input| input.path.canonicalize().ok()).collect();
    for path in paths.iter().filter(|path| !settings.excludes(path)) {
        let file = root.join(path);
        // the evaluator has its words for what it cannot read
        let Some(real) = file.canonicalize().ok().filter(|real| real.is_file()) else { continue };
        if met.contains(&real) || tree.as_ref().is_some_and(|tree| !tree.holds(&file, true)) {
            continue;
        }
        match read(root, &file, false) {
            Ok(input) if form(path).is_some() || is_policy_text(&input.source.text) => {
                met.insert(real);
                let source = SourceFile::new(path.clone(), input.source.text.clone());
                inputs.push(Input { source, ..input });
            }
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    inputs.sort_by(|a, b| a.source.path.cmp(&b.source.path));
}

fn folder(
    root: &Path,
    folder: &Path,
    settings: &Settings,
    (problems, unread): (&mut Vec<Problem>, &mut Unread),
) -> Vec<PathBuf> {
    let tree = Tree::of(folder);
    if let Some(problem) = unreadable_ignore(folder) {
        problems.push(problem);
        return Vec::new();
    }
    let left = Arc::new(Mutex::new(Vec::new()));
    let wrong = Arc::new(Mutex::new(Vec::new()));
    let (own, noted, told) = (tree.clone(), left.clone(), wrong.clone());
    let walker = ignore::WalkBuilder::new(folder)
        .require_git(false)
        .ignore(false)
        .follow_links(true)
        .max_depth(Some(MAX_DEPTH + 1))
        // a folder behind a link out of the tree is not even listed
        .filter_entry(move |entry| {
            let leaves = leaves(own.as_ref(), entry);
            if leaves && let Ok(mut noted) = noted.lock() {
                noted.push(entry.path().to_owned());
            }
            let is_folder = entry.file_type().is_some_and(|t| t.is_dir());
            let unreadable = if is_folder && !leaves { unreadable_ignore(entry.path()) } else { None };
            let enters = !leaves && unreadable.is_none();
            if let (Some(problem), Ok(mut told)) = (unreadable, told.lock()) {
                told.push(problem);
            }
            enters
        })
        .build();
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut folders = Vec::new();
    for (number, entry) in walker.enumerate() {
        if number > MAX_ENTRIES {
            let message = format!("{} has more than {MAX_ENTRIES} files and folders", folder.display());
            problems.push(Problem::about(folder.display().to_string(), message).help("lint its folders one by one"));
            break;
        }
        match entry {
            Ok(entry) => {
                let name = name(root, entry.path());
                seen.insert(entry.path().to_owned());
                if entry.file_type().is_some_and(|t| t.is_dir()) {
                    folders.push(entry.path().to_owned());
                }
                if entry.depth() > MAX_DEPTH {
                    let message = format!("{name} is nested in more than {MAX_DEPTH} folders");
                    problems.push(Problem::about(&name, message).help("move it, or leave it out in .gitignore"));
                    continue;
                }
                let may_be = form(&name).is_some() || may_hold_policy(&name);
                let kind = entry.file_type();
                if !may_be || settings.excludes(&name) || entry.depth() == 0 {
                    let is_file = kind.is_some_and(|t| t.is_file());
                    let reason = if settings.excludes(&name) { Reason::Excluded } else { Reason::OtherKind };
                    if is_file && name != FILE {
                        unread.add(reason, name);
                    }
                    continue;
                }
                if let Some(problem) = kind.and_then(|kind| wrong_entry(entry.file_name(), kind, &name)) {
                    problems.push(problem);
                } else if kind.is_some_and(|t| t.is_file()) {
                    if tree.as_ref().is_some_and(|tree| entry.path_is_symlink() && !tree.holds(entry.path(), false)) {
                        problems.push(leads_out(&name));
                    } else {
                        found.push(entry.into_path());
                    }
                }
            }
            // a link to nothing has no policy to read; where its name promises one, that is missing
            Err(error) if broken_link(&error).is_some_and(|path| form(&name(root, path)).is_none()) => {}
            Err(error) => problems.push(
                Problem::about(
                    folder.display().to_string(),
                    format!("a part of {} cannot be read: {error}", folder.display()),
                )
                .help("remove it, correct its permissions, or leave it out in .gitignore"),
            ),
        }
    }
    let left = left.lock().map(|left| left.clone()).unwrap_or_default();
    seen.extend(left.iter().cloned());
    problems.extend(wrong.lock().map(|mut wrong| std::mem::take(&mut *wrong)).unwrap_or_default());
    folders.iter().for_each(|folder| not_walked(root, folder, &seen, unread));
    problems.extend(left.iter().map(|path| leads_out(&name(root, path))));
    found
}

/// The `.gitignore` of a folder that is no file, or far too large for one: whoever walks the folder would read it without end.
pub fn unreadable_ignore(folder: &Path) -> Option<Problem> {
    const MOST: u64 = 1024 * 1024;
    let path = folder.join(".gitignore");
    // without it, or with a link to nothing, nothing is read
    path.metadata().ok()?;
    regular_up_to(MOST, &path, &path.display().to_string()).err()
}

/// The link that leads nowhere, if an entry is not read for that reason.
fn broken_link(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => (path.is_symlink()
            && path.metadata().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound))
        .then_some(path.as_path()),
        ignore::Error::WithDepth { err, .. } => broken_link(err),
        _ => None,
    }
}

/// Notes what of a folder a walk has left out: what is hidden, and what `.gitignore` names.
fn not_walked(root: &Path, folder: &Path, seen: &BTreeSet<PathBuf>, unread: &mut Unread) {
    // a folder that cannot be listed was told by the walk
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !seen.contains(&entry.path()) && entry.file_name() != ".git" {
            unread.add(if hidden { Reason::Hidden } else { Reason::Ignored }, name(root, &entry.path()));
        }
    }
}

/// Whether an entry is a link to a folder out of the tree; files are told where they are listed.
fn leaves(tree: Option<&Tree>, entry: &ignore::DirEntry) -> bool {
    entry.depth() > 0
        && entry.path_is_symlink()
        && entry.file_type().is_some_and(|t| t.is_dir())
        && tree.is_some_and(|t| !t.holds(entry.path(), false))
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

/// A text in UTF-16, as PowerShell writes what a program prints: one file of many, which is told as not read.
fn is_other_encoding(path: &Path) -> bool {
    let start = regular_up_to(MAX_BYTES, path, "").unwrap_or_default();
    start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF])
}

fn read(root: &Path, path: &Path, named: bool) -> Result<Input, Problem> {
    let name = name(root, path);
    let text = decoded(read_bytes(path, &name, named)?, &name)?;
    let form = form(&name).unwrap_or_else(|| form_of_text(&text));
    Ok(Input { source: SourceFile::new(name, text), path: path.to_owned(), form, named })
}

/// What a file holds: a regular one in a folder, and whatever the user names.
fn read_bytes(path: &Path, name: &str, named: bool) -> Result<Vec<u8>, Problem> {
    if named { bytes(path, name) } else { regular_up_to(MAX_BYTES, path, name) }
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
