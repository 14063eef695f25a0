//! An inventory as it is in a revision of a git repository, read without touching the work tree.
//!
//! The repository is asked through the `git` command, which every checkout has; the files of the revision are written to a
//! temporary folder, from which the inventory is loaded as from any other.

use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use countersign_core::problem::{Failure, Problem};

/// A folder of a revision.
pub struct Export {
    /// Removed when this is dropped.
    _folder: TempDir,
    /// The inventory in it.
    pub inventory: PathBuf,
    /// The commit, in full.
    pub commit: String,
}

/// The repository that holds an inventory.
pub struct Repository {
    /// The folder of the inventory.
    folder: PathBuf,
    /// Its path in the repository, with a slash at the end; empty at the top.
    prefix: String,
}

/// What to compare: `main`, `main..topic`, `main...topic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The old side.
    pub base: String,
    /// The new side; the work tree where there is none.
    pub head: Option<String>,
    /// The old side is where both branched.
    pub merge_base: bool,
}

impl Range {
    /// Reads `A`, `A..B` and `A...B`, in which a side left out is `HEAD`, as git does.
    pub fn parse(text: &str) -> Self {
        let or_head = |text: &str| if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() };
        let (base, head, merge_base) = match (text.split_once("..."), text.split_once("..")) {
            (Some((base, head)), _) => (base, Some(head), true),
            (None, Some((base, head))) => (base, Some(head), false),
            (None, None) => (text, None, false),
        };
        Self { base: or_head(base), head: head.map(or_head), merge_base }
    }
}

impl Repository {
    /// The repository that holds a folder.
    pub fn of(folder: &Path) -> Result<Self, Failure> {
        let prefix = git(folder, &["rev-parse", "--show-prefix"])
            .map_err(|e| Problem::general(format!("{} is not in a git repository: {e}", folder.display())))?;
        Ok(Self { folder: folder.to_owned(), prefix: prefix.trim_end_matches('\n').to_owned() })
    }

    /// The commit that a name stands for.
    pub fn commit(&self, name: &str) -> Result<String, Failure> {
        if name.starts_with('-') {
            return Err(Failure::general(format!("`{name}` is not a revision")));
        }
        let found = git(&self.folder, &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]);
        match found {
            Ok(commit) => Ok(commit.trim().to_owned()),
            Err(_) => Err(self.missing(&format!("there is no revision `{name}`"), "name a branch, a tag or a commit")),
        }
    }

    /// The commit where two have branched.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<String, Failure> {
        let found = git(&self.folder, &["merge-base", &self.commit(one)?, &self.commit(other)?]);
        found.map(|commit| commit.trim().to_owned()).map_err(|_| {
            let message = format!("`{one}` and `{other}` have no common ancestor here");
            self.missing(&message, "name two branches of the same history")
        })
    }

    /// A problem that a shallow clone explains, where it is one.
    fn missing(&self, message: &str, help: &str) -> Failure {
        let shallow = git(&self.folder, &["rev-parse", "--is-shallow-repository"]).is_ok_and(|s| s.trim() == "true");
        let help = if shallow {
            "this clone is shallow: fetch the whole history, with `fetch-depth: 0` under actions/checkout, GIT_DEPTH: 0 in \
             GitLab, or `git fetch --unshallow`"
        } else {
            help
        };
        Problem::general(message.to_owned()).help(help).into()
    }

    /// Writes the files of a commit to a temporary folder.
    pub fn export(&self, commit: &str) -> Result<Export, Failure> {
        let io = |e: std::io::Error| Failure::general(format!("the files of {commit} cannot be written: {e}"));
        let folder = tempfile::Builder::new().prefix("countersign-").tempdir().map_err(io)?;
        let listed = git(&self.folder, &["ls-tree", "-r", "-z", "--full-tree", commit])
            .map_err(|e| Failure::general(format!("git cannot list {commit}: {e}")))?;
        let mut blobs = Vec::new();
        for entry in listed.split('\0').filter(|e| !e.is_empty()) {
            let Some((head, path)) = entry.split_once('\t') else { continue };
            let mut words = head.split(' ');
            let (Some(mode), Some(_), Some(id)) = (words.next(), words.next(), words.next()) else { continue };
            let inside = path.starts_with(&self.prefix);
            // documents may stand beside the inventory, and are named by their path
            if !inside && !path.ends_with(".json") {
                continue;
            }
            if mode == "160000" {
                if inside {
                    let help = "name the inventory of the submodule itself";
                    return Err(Problem::general(format!("{path} is a submodule")).help(help).into());
                }
                continue;
            }
            blobs.push((mode.to_owned(), id.to_owned(), path.to_owned()));
        }
        let inventory = folder.path().join(&self.prefix);
        if !blobs.iter().any(|(_, _, path)| path.starts_with(&self.prefix)) {
            let message = format!("nothing to compare with: {commit} has no {}", self.prefix.trim_end_matches('/'));
            return Err(Failure::Nothing(message));
        }
        self.write(&blobs, folder.path()).map_err(io)?;
        Ok(Export { _folder: folder, inventory, commit: commit.to_owned() })
    }

    /// Writes blobs, one after the other, as `git cat-file --batch` gives them.
    fn write(&self, blobs: &[(String, String, String)], folder: &Path) -> std::io::Result<()> {
        let mut child = command(&self.folder)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("git cat-file has no input"));
        };
        let ids: String = blobs.iter().map(|(_, id, _)| format!("{id}\n")).collect();
        let writer = std::thread::spawn(move || input.write_all(ids.as_bytes()));
        let mut reader = std::io::BufReader::new(output);
        for (mode, id, path) in blobs {
            let bytes = blob(&mut reader, id)?;
            place(folder, path, mode, &bytes)?;
        }
        writer.join().unwrap_or_else(|_| Err(std::io::Error::other("git cat-file stopped")))?;
        child.wait().map(|_| ())
    }
}

/// The next blob.
fn blob(reader: &mut impl std::io::BufRead, id: &str) -> std::io::Result<Vec<u8>> {
    let mut head = String::new();
    reader.read_line(&mut head)?;
    let size = head.split_whitespace().nth(2).and_then(|s| s.parse::<usize>().ok());
    let size = size.ok_or_else(|| std::io::Error::other(format!("git has no blob {id}")))?;
    let mut bytes = vec![0; size];
    reader.read_exact(&mut bytes)?;
    // a line feed stands after each blob
    reader.read_exact(&mut [0])?;
    Ok(bytes)
}

/// Writes a file, or a symbolic link that stays in the folder.
fn place(folder: &Path, path: &str, mode: &str, bytes: &[u8]) -> std::io::Result<()> {
    let relative = Path::new(path);
    if relative.components().any(|c| !matches!(c, Component::Normal(_))) {
        return Err(std::io::Error::other(format!("{path} leaves the folder")));
    }
    let file = folder.join(relative);
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if mode != "120000" {
        return std::fs::write(file, bytes);
    }
    let target = String::from_utf8_lossy(bytes).into_owned();
    let mut depth = relative.components().count().saturating_sub(1);
    for component in Path::new(&target).components() {
        depth = match component {
            Component::Normal(_) => depth + 1,
            Component::CurDir => depth,
            Component::ParentDir if depth > 0 => depth - 1,
            _ => return Err(std::io::Error::other(format!("the symbolic link {path} leaves the repository"))),
        };
    }
    link(&target, &file)
}

#[cfg(unix)]
fn link(target: &str, file: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, file)
}

#[cfg(not(unix))]
fn link(target: &str, file: &Path) -> std::io::Result<()> {
    std::fs::write(file, target)
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    // a hook of git's speaks of the repository that it runs for
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    command
}

/// What a git command prints; its own words where it fails.
fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = command(folder).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|e| format!("git cannot be run: {e}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(words.lines().next().unwrap_or("git failed").to_owned());
    }
    String::from_utf8(output.stdout).map_err(|_| "a path is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_git() {
        let range = |base: &str, head: Option<&str>, merge_base| Range {
            base: base.to_owned(),
            head: head.map(str::to_owned),
            merge_base,
        };
        assert_eq!(Range::parse("main"), range("main", None, false));
        assert_eq!(Range::parse("main..topic"), range("main", Some("topic"), false));
        assert_eq!(Range::parse("main..."), range("main", Some("HEAD"), true));
        assert_eq!(Range::parse("..topic"), range("HEAD", Some("topic"), false));
    }

    #[test]
    fn nothing_is_written_outside() {
        let folder = tempfile::tempdir().unwrap();
        for (path, mode, text) in [
            ("../x.json", "100644", "{}"),
            ("/etc/x.json", "100644", "{}"),
            ("a/link", "120000", "../../x"),
            ("link", "120000", "/etc/passwd"),
        ] {
            assert!(place(folder.path(), path, mode, text.as_bytes()).is_err(), "{path}");
        }
        assert!(place(folder.path(), "a/b.json", "100644", b"{}").is_ok());
        #[cfg(unix)]
        assert!(place(folder.path(), "a/link", "120000", b"../a/b.json").is_ok());
    }
}
