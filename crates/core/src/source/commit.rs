//! The commit that is checked out, read from the files of the repository: git may not be installed where an inventory is evaluated.

use std::path::{Path, PathBuf};

use super::folder;
use crate::text::files;

/// References may name references; git itself follows five.
const MOST_LINKS: usize = 5;

/// The commit that is checked out in the repository that holds a folder; `None` where there is none, or it is kept in a way that this
/// does not read.
pub fn commit_of(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let git = folder.ancestors().find_map(|f| git_folder(&f.join(".git")))?;
    // a linked work tree has its own HEAD, and shares the branches
    let common = read(&git.join("commondir")).map_or_else(|| git.clone(), |common| git.join(common));
    let mut text = read(&git.join("HEAD"))?;
    for _ in 0..MOST_LINKS {
        let Some(name) = text.strip_prefix("ref:").map(|n| n.trim().to_owned()) else {
            return is_commit(&text).then_some(text);
        };
        // a name that leads out of the repository is none
        if !name.starts_with("refs/") || name.split('/').any(|part| part == "..") {
            return None;
        }
        text = read(&git.join(&name)).or_else(|| read(&common.join(&name))).or_else(|| packed(&common, &name))?;
    }
    None
}

/// The folder of a repository: `.git` itself, or what the file `.git` of a linked work tree or submodule names.
fn git_folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return path.join("HEAD").is_file().then(|| path.to_owned());
    }
    let text = read(path)?;
    let named = path.parent()?.join(text.strip_prefix("gitdir:")?.trim());
    named.is_dir().then_some(named)
}

/// A branch among those that are packed into one file.
fn packed(common: &Path, name: &str) -> Option<String> {
    let text = text(&common.join("packed-refs"))?;
    text.lines().find_map(|line| line.split_once(' ').filter(|(_, n)| *n == name).map(|(commit, _)| commit.to_owned()))
}

fn read(path: &Path) -> Option<String> {
    text(path).map(|text| text.trim().to_owned())
}

fn text(path: &Path) -> Option<String> {
    let bytes = folder::regular_up_to(files::MAX_BYTES, path, "a file of git's").ok()?;
    String::from_utf8(bytes).ok()
}

/// SHA-1 or SHA-256, in hexadecimal digits.
fn is_commit(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "1234567890123456789012345678901234567890";

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn a_commit_is_found_however_it_is_kept() {
        let branch = "ref: refs/heads/main\n";
        let line = format!("{COMMIT}\n");
        let packed = format!("# pack-refs with: peeled\n{COMMIT} refs/heads/main\n^{}\n", "0".repeat(40));
        for files in [
            vec![(".git/HEAD", line.as_str())],
            vec![(".git/HEAD", branch), (".git/refs/heads/main", &line)],
            vec![(".git/HEAD", branch), (".git/packed-refs", &packed)],
            vec![
                (".git", "gitdir: elsewhere/worktrees/one\n"),
                ("elsewhere/worktrees/one/HEAD", branch),
                ("elsewhere/worktrees/one/commondir", "../..\n"),
                ("elsewhere/refs/heads/main", &line),
            ],
        ] {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), &files);
            write(root.path(), &[("a/b/x.json", "[]")]);
            assert_eq!(commit_of(&root.path().join("a/b")).as_deref(), Some(COMMIT), "{files:?}");
        }
    }

    #[test]
    fn what_is_no_commit_is_none() {
        for files in [
            vec![(".git/HEAD", "ref: refs/heads/main\n")],
            vec![(".git/HEAD", "ref: refs/../../x\n"), ("x", COMMIT)],
            vec![(".git/HEAD", "ref: refs/heads/a\n"), (".git/refs/heads/a", "ref: refs/heads/a\n")],
            vec![(".git/HEAD", "hello\n")],
            vec![(".git", "gitdir: nowhere\n")],
        ] {
            let root = tempfile::tempdir().unwrap();
            write(root.path(), &files);
            assert_eq!(commit_of(root.path()), None, "{files:?}");
        }
    }
}
