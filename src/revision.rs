//! An inventory as it is in a revision of a git repository, read without touching the work tree.
//!
//! The repository is asked through the `git` command, which every checkout has. The files of the revision are held in memory and never
//! written to the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use countersign_core::inventory::config::FILE;
use countersign_core::problem::{Failure, NothingTo, Problem};
use countersign_core::source::Memory;

/// The repository that holds an inventory.
#[derive(Clone, Debug)]
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
    /// Whose settings hold, where it is not what stands before the dots.
    pub target: Option<String>,
}

impl Range {
    /// Reads `A`, `A..B` and `A...B`, in which `B` left out is `HEAD`, as in git. `A` left out is an error: it is what a variable
    /// that is not set leaves, and a comparison with itself finds nothing.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let or_head = |text: &str| if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() };
        let (base, head, merge_base) = match (text.split_once("..."), text.split_once("..")) {
            (Some((base, head)), _) => (base, Some(head), true),
            (None, Some((base, head))) => (base, Some(head), false),
            (None, None) => (text, None, false),
        };
        if base.trim().is_empty() {
            let message = format!("`{text}` does not say what to compare with");
            return Err(Problem::about(text, message)
                .help("name a revision before the dots: main, main..topic, main...")
                .into());
        }
        Ok(Self { base: base.to_owned(), head: head.map(or_head), merge_base, target: None })
    }
}

impl Repository {
    /// The repository that holds a folder.
    pub fn of(folder: &Path) -> Result<Self, Failure> {
        let prefix = git(folder, &["rev-parse", "--show-prefix"])
            .map_err(|e| about(folder, format!("{} is not in a git repository: {e}", folder.display())))?;
        Ok(Self { folder: folder.to_owned(), prefix: prefix.trim_end_matches('\n').to_owned() })
    }

    /// The commit that a name stands for.
    pub fn commit(&self, name: &str) -> Result<String, Failure> {
        if name.starts_with('-') {
            return Err(about(&self.folder, format!("`{name}` is not a revision")).into());
        }
        self.is_one(name)?;
        let found = git(&self.folder, &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]);
        match found {
            Ok(commit) => Ok(commit.trim().to_owned()),
            Err(_) => Err(self.missing(&format!("there is no revision `{name}`"), "name a branch, a tag or a commit")),
        }
    }

    /// That a name is not of several, of which git would take one: a tag before a branch.
    fn is_one(&self, name: &str) -> Result<(), Failure> {
        const SPACES: [&str; 4] = ["refs/tags/", "refs/heads/", "refs/remotes/", "refs/"];
        let whole: Vec<String> = SPACES.iter().map(|space| format!("{space}{name}")).collect();
        let mut arguments = vec!["for-each-ref", "--format=%(refname)", "--"];
        arguments.extend(whole.iter().map(String::as_str));
        // a name that no reference can have is none of several
        let listed = git(&self.folder, &arguments).unwrap_or_default();
        let found: Vec<&str> = listed.lines().filter(|line| whole.iter().any(|w| w == line)).collect();
        if found.len() < 2 {
            return Ok(());
        }
        let message = format!("`{name}` is the name of several revisions: {}", found.join(", "));
        Err(about(&self.folder, message).help(format!("write {} in full", found.join(" or "))).into())
    }

    /// The commit where two have branched. Of several, git would choose by dates that whoever made a commit wrote into it.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<String, Failure> {
        let found = git(&self.folder, &["merge-base", "--all", &self.commit(one)?, &self.commit(other)?]);
        let found = found.map_err(|_| {
            let message = format!("`{one}` and `{other}` have no common ancestor here");
            self.missing(&message, "name two branches of the same history")
        })?;
        match found.lines().collect::<Vec<_>>().as_slice() {
            [only] => Ok((*only).to_owned()),
            several => {
                let message = format!("`{one}` and `{other}` have branched at several commits: {}", several.join(", "));
                let help = format!("merge `{one}` into the change, or compare with its tip: --git {one}");
                Err(about(&self.folder, message).help(help).into())
            }
        }
    }

    /// The commit at which a range begins.
    pub fn begun(&self, range: &Range) -> Result<String, Failure> {
        match range.merge_base {
            true => self.merge_base(&range.base, range.head.as_deref().unwrap_or("HEAD")),
            false => self.commit(&range.base),
        }
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
        about(&self.folder, message).help(help).into()
    }

    /// The repository as of a commit at which the folder had another name: git sees that its files were moved since, up to `head` or,
    /// without one, the work tree. An inventory that is gone, and not seen to be moved here, is an error: what is compared with nothing
    /// would pass.
    pub fn renamed(&self, commit: &str, head: Option<&str>) -> Result<Option<Self>, Failure> {
        let range = [Some(commit), head].into_iter().flatten();
        // the index stands for the work tree: to compare files of the disk, git would run the filters that its configuration names
        let fixed = ["diff", "--cached", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--find-renames"];
        let fixed = fixed.into_iter().filter(|word| head.is_none() || *word != "--cached");
        let fixed = fixed.chain(["--diff-filter=R", "--name-status", "-z"]);
        let arguments: Vec<&str> = fixed.chain(range).chain(["--", ":/"]).collect();
        let moved = git(&self.folder, &arguments)
            .map_err(|e| about(&self.folder, format!("git cannot compare with {commit}: {e}")))?;
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        let mut words = moved.split('\0');
        while let (Some(_), Some(old), Some(new)) = (words.next(), words.next(), words.next()) {
            if let Some(former) = former(&self.prefix, old, new) {
                *votes.entry(former).or_default() += 1;
            }
        }
        let all: usize = votes.values().sum();
        let (names, most) = (votes.keys().copied().collect::<Vec<_>>(), votes.iter().max_by_key(|(_, count)| **count));
        match most {
            Some((former, count)) if 2 * count > all => {
                Ok(Some(Self { folder: self.folder.clone(), prefix: (*former).to_owned() }))
            }
            Some(_) => Err(self.moved(commit, &names)),
            None => match self.gone(commit, head)?.as_slice() {
                [] => Ok(None),
                gone => Err(self.moved(commit, &gone.iter().map(String::as_str).collect::<Vec<_>>())),
            },
        }
    }

    /// A file or folder of the work tree, by its path relative to the inventory; `None` where it is not in this repository.
    pub fn named(&self, path: &Path) -> Option<String> {
        let top = git(&self.folder, &["rev-parse", "--show-toplevel"]).ok()?;
        let top = Path::new(top.trim_end_matches('\n')).canonicalize().ok()?;
        let path = path.canonicalize().ok()?;
        let inner = path.strip_prefix(&top).ok()?;
        let parts: Option<Vec<&str>> = inner.components().map(|c| c.as_os_str().to_str()).collect();
        Some(relative(&self.prefix, &parts?.join("/")))
    }

    /// The folder in the repository, as people name it.
    pub fn prefix(&self) -> &str {
        match self.prefix.trim_end_matches('/') {
            "" => ".",
            prefix => prefix,
        }
    }

    /// The inventories at a commit, by their `countersign.toml`, that are there no more.
    fn gone(&self, commit: &str, head: Option<&str>) -> Result<Vec<String>, Failure> {
        let (before, after) = (self.listed(commit)?, self.listed(head.unwrap_or("HEAD"))?);
        let top = git(&self.folder, &["rev-parse", "--show-toplevel"]).map_err(|e| about(&self.folder, e))?;
        let is_there = |folder: &&String| {
            after.contains(*folder) && (head.is_some() || Path::new(top.trim_end_matches('\n')).join(folder).is_dir())
        };
        Ok(before.iter().filter(|folder| !is_there(folder)).cloned().collect())
    }

    /// The folders at a commit that have a `countersign.toml`, each with a slash at the end.
    fn listed(&self, revision: &str) -> Result<BTreeSet<String>, Failure> {
        let listed = git(&self.folder, &["ls-tree", "-r", "-z", "--name-only", "--full-tree", revision]);
        let listed = listed.map_err(|e| about(&self.folder, format!("git cannot list {revision}: {e}")))?;
        let folders = listed.split('\0').filter_map(|path| path.strip_suffix(FILE)).map(str::to_owned);
        Ok(folders.filter(|f| f.is_empty() || f.ends_with('/')).collect())
    }

    /// The inventories that a revision has at or below this folder, by their paths from here; none of them hidden.
    pub fn inventories(&self, revision: &str) -> Result<Vec<PathBuf>, Failure> {
        let listed = self.listed(&self.commit(revision)?)?;
        let below = listed.iter().filter_map(|folder| folder.strip_prefix(self.prefix.as_str()));
        let plain = below.filter(|folder| folder.split('/').all(|part| !part.starts_with('.')));
        let named = |folder: &str| PathBuf::from(if folder.is_empty() { "." } else { folder.trim_end_matches('/') });
        Ok(plain.map(named).collect())
    }

    /// The other inventories of a revision, in the whole repository, by their paths in it.
    pub fn others(&self, revision: &str) -> Result<Vec<String>, Failure> {
        let listed = self.listed(&self.commit(revision)?)?;
        Ok(listed.into_iter().filter(|folder| *folder != self.prefix).collect())
    }

    fn moved(&self, commit: &str, candidates: &[&str]) -> Failure {
        let named: Vec<String> =
            candidates.iter().map(|c| format!("`{}`", if c.is_empty() { "." } else { *c })).collect();
        let short = commit.get(..12).unwrap_or(commit);
        let message =
            format!("`{}` is not in {short}, and git cannot tell which inventory it was there", self.prefix());
        let help = format!(
            "{} has {}, gone since: move the folder in a commit of its own, or check out the base and name it with --base",
            short,
            named.join(", ")
        );
        about(&self.folder, message).help(help).into()
    }

    /// The files of the inventory at a commit. Documents and rules may stand beside the inventory and are named by their path, so the
    /// JSON and Cedar files of the rest of the repository are read too.
    pub fn read(&self, commit: &str, name: &str) -> Result<Memory, Failure> {
        let listed = git(&self.folder, &["ls-tree", "-r", "-z", "--full-tree", commit])
            .map_err(|e| about(&self.folder, format!("git cannot list {commit}: {e}")))?;
        let (mut entries, mut paths) = (Vec::new(), BTreeSet::new());
        for entry in listed.split('\0').filter(|e| !e.is_empty()) {
            let Some((head, path)) = entry.split_once('\t') else { continue };
            let mut words = head.split(' ');
            let (Some(mode), Some(_), Some(id)) = (words.next(), words.next(), words.next()) else { continue };
            paths.insert(path.to_owned());
            let inside = path.starts_with(&self.prefix);
            let is_link = mode == LINK;
            if !inside && !path.ends_with(".json") && !path.ends_with(".cedar") && !is_link {
                continue;
            }
            if mode == SUBMODULE {
                if inside {
                    let help = "name the inventory of the submodule itself";
                    return Err(Problem::about(path, format!("{path} is a submodule")).help(help).into());
                }
                continue;
            }
            entries.push(Entry { path: path.to_owned(), id: id.to_owned(), is_link });
        }
        if !entries.iter().any(|e| e.path.starts_with(&self.prefix)) {
            let folder = self.prefix.trim_end_matches('/').to_owned();
            return Err(Failure::Nothing(NothingTo::CompareWith { commit: commit.to_owned(), folder }));
        }
        let blobs = self.blobs(&entries);
        let blobs = blobs.map_err(|e| about(&self.folder, format!("the files of {commit} cannot be read: {e}")))?;
        let tree = Tree::new(entries, blobs, paths);
        let mut memory = Memory::new(name).at(commit);
        for (path, bytes) in tree.files(&self.prefix)? {
            memory.add(relative(&self.prefix, &path), bytes);
        }
        Ok(memory)
    }

    /// What blobs hold, one after the other, as `git cat-file --batch` gives them.
    fn blobs(&self, entries: &[Entry]) -> std::io::Result<Vec<Vec<u8>>> {
        let mut child = command(&self.folder)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("git cat-file has no input"));
        };
        let ids: String = entries.iter().map(|e| format!("{}\n", e.id)).collect();
        let writer = std::thread::spawn(move || input.write_all(ids.as_bytes()));
        let mut reader = std::io::BufReader::new(output);
        let blobs = entries.iter().map(|e| blob(&mut reader, &e.id)).collect::<std::io::Result<Vec<_>>>()?;
        writer.join().unwrap_or_else(|_| Err(std::io::Error::other("git cat-file stopped")))?;
        child.wait().map(|_| blobs)
    }
}

/// The mode by which git marks a symbolic link.
const LINK: &str = "120000";
/// The mode by which git marks a submodule.
const SUBMODULE: &str = "160000";

/// A file of a revision.
struct Entry {
    path: String,
    id: String,
    is_link: bool,
}

/// The files of a revision, with links that are followed within it.
struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    links: BTreeMap<String, String>,
    /// All paths, those of files that are not read too.
    paths: BTreeSet<String>,
}

/// As many links are followed as an operating system would.
const MOST_LINKS: usize = 40;
/// Links that lead round would make files without end.
const MOST_FILES: usize = 1_000_000;

/// The files behind a link, by the paths that it gives them.
fn behind(link: &str, target: &str, files: &BTreeMap<String, Vec<u8>>) -> Vec<(String, Vec<u8>)> {
    let folder = format!("{target}/");
    let below = files.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder));
    let below = below.map(|(path, bytes)| (format!("{link}/{}", path.strip_prefix(&folder).unwrap_or(path)), bytes));
    let itself = files.get(target).map(|bytes| (link.to_owned(), bytes));
    below.chain(itself).map(|(path, bytes)| (path, bytes.clone())).collect()
}

impl Tree {
    fn new(entries: Vec<Entry>, blobs: Vec<Vec<u8>>, paths: BTreeSet<String>) -> Self {
        let mut tree = Self { files: BTreeMap::new(), links: BTreeMap::new(), paths };
        for (entry, bytes) in entries.into_iter().zip(blobs) {
            if entry.is_link {
                tree.links.insert(entry.path, String::from_utf8_lossy(&bytes).into_owned());
            } else {
                tree.files.insert(entry.path, bytes);
            }
        }
        tree
    }

    /// All files by their paths, those behind links too. A link of the inventory (below `prefix`) that leaves the repository, or
    /// leads nowhere but round, is an error.
    fn files(&self, prefix: &str) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        let mut targets = Vec::new();
        for link in self.links.keys() {
            match self.resolve(link) {
                Ok(target) if self.has(&target) => targets.push((link, target)),
                Ok(target) if link.starts_with(prefix) => {
                    let message = format!("{link}: the symbolic link leads to {target}, which is not there");
                    return Err(about(Path::new(link), message).help("remove it, or correct where it leads").into());
                }
                Ok(_) => {}
                Err(_) if !link.starts_with(prefix) => {}
                Err(problem) => return Err(problem.into()),
            }
        }
        let mut files = self.files.clone();
        // a folder that a link leads to may hold links: each round finds what is behind one more of them
        for _ in 0..MOST_LINKS {
            let found: Vec<(String, Vec<u8>)> =
                targets.iter().flat_map(|(link, target)| behind(link, target, &files)).collect();
            let known = files.len();
            files.extend(found);
            if files.len() == known {
                return Ok(files);
            }
            if files.len() > MOST_FILES {
                break;
            }
        }
        Err(Problem::about("symbolic links", "symbolic links of the repository lead round")
            .help("remove one of them")
            .into())
    }

    /// Whether there is a file or a folder at a path.
    fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|p| p.starts_with(&folder))
    }

    /// Where a link leads, through links on the way.
    fn resolve(&self, link: &str) -> Result<String, Problem> {
        let mut path = link.to_owned();
        for _ in 0..MOST_LINKS {
            let on_the_way = self.links.iter().find(|(l, _)| path == **l || path.starts_with(&format!("{l}/")));
            let Some((at, target)) = on_the_way else { return Ok(path) };
            let rest = path.strip_prefix(at.as_str()).unwrap_or_default();
            let folder = at.rsplit_once('/').map_or("", |(folder, _)| folder);
            path = joined(folder, &format!("{target}{rest}"))
                .ok_or_else(|| Problem::about(link, format!("the symbolic link {link} leaves the repository")))?;
        }
        Err(Problem::about(link, format!("{link}: a loop of symbolic links")).help("remove it"))
    }
}

/// The folder in which a file was that is now in `folder`, where the rest of its path is the same.
fn former<'p>(folder: &str, old: &'p str, new: &str) -> Option<&'p str> {
    let rest = new.strip_prefix(folder)?;
    let former = old.strip_suffix(rest)?;
    (former != folder && (former.is_empty() || former.ends_with('/'))).then_some(former)
}

/// A relative path in a folder of the repository; `None` where it leaves the repository.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A path of the repository as the inventory names it: relative to its folder.
fn relative(prefix: &str, path: &str) -> String {
    let mut folder = prefix;
    let mut up = String::new();
    loop {
        if let Some(inner) = path.strip_prefix(folder) {
            return format!("{up}{inner}");
        }
        up.push_str("../");
        folder = folder.trim_end_matches('/').rfind('/').map_or("", |slash| folder.get(..=slash).unwrap_or_default());
    }
}

/// The path of a folder in the repository that holds it, told by the disk alone; empty at the top.
pub fn in_repository(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let top = folder.ancestors().find(|f| f.join(".git").exists())?;
    let inner = folder.strip_prefix(top).ok()?;
    let parts: Option<Vec<&str>> = inner.components().map(|c| c.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
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

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    // what the repository says of itself runs nothing, fetches nothing and puts no object in another's place
    command.args(["--no-pager", "--no-replace-objects", "--no-optional-locks"]);
    for setting in
        ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "diff.external="]
    {
        command.args(["-c", setting]);
    }
    for (name, value) in [("GIT_NO_LAZY_FETCH", "1"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0")] {
        command.env(name, value);
    }
    // a hook of git's speaks of the repository that it runs for
    let foreign =
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_OBJECT_DIRECTORY"];
    for name in foreign {
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

/// Something wrong with a repository.
fn about(folder: &Path, message: impl Into<String>) -> Problem {
    Problem::about(folder.display().to_string(), message)
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
            target: None,
        };
        assert_eq!(Range::parse("main").unwrap(), range("main", None, false));
        assert_eq!(Range::parse("main..topic").unwrap(), range("main", Some("topic"), false));
        assert_eq!(Range::parse("main...").unwrap(), range("main", Some("HEAD"), true));
        for unset in ["", " ", "..", "...", "..topic", "...topic"] {
            assert!(Range::parse(unset).is_err(), "{unset:?}");
        }
    }

    #[test]
    fn a_folder_was_where_its_files_were() {
        assert_eq!(former("b/", "a/iam/x.json", "b/iam/x.json"), Some("a/"));
        assert_eq!(former("", "a/iam/x.json", "iam/x.json"), Some("a/"));
        assert_eq!(former("b/", "iam/x.json", "b/iam/x.json"), Some(""));
        for (folder, old, new) in [
            ("b/", "a/x.json", "c/x.json"),
            ("b/", "a/y.json", "b/x.json"),
            ("b/", "ax.json", "b/x.json"),
            ("", "a", "b"),
        ] {
            assert_eq!(former(folder, old, new), None, "{folder} {old} {new}");
        }
    }

    fn tree(files: &[&str], links: &[(&str, &str)]) -> Tree {
        let paths = files.iter().map(|p| (*p).to_owned()).chain(links.iter().map(|(l, _)| (*l).to_owned())).collect();
        let files = files.iter().map(|path| ((*path).to_owned(), path.as_bytes().to_vec())).collect();
        let links = links.iter().map(|(link, target)| ((*link).to_owned(), (*target).to_owned())).collect();
        Tree { files, links, paths }
    }

    #[test]
    fn links_are_followed_within_the_repository() {
        let links = [("a/link", "../shared"), ("a/again", "link/c.json"), ("shared/deep", "../other")];
        let files = tree(&["a/b.json", "shared/c.json", "other/d.json"], &links).files("").unwrap();
        assert_eq!(files["a/link/c.json"], b"shared/c.json");
        assert_eq!(files["a/again"], b"shared/c.json");
        assert_eq!(files["a/link/deep/d.json"], b"other/d.json");
        assert_eq!(files.len(), 7);
    }

    #[test]
    fn links_that_leave_the_repository_or_lead_round_are_errors() {
        for (link, target) in
            [("link", "nothing.json"), ("link", "/etc/passwd"), ("a/link", "../../x"), ("a/link", "link"), ("a", "a/b")]
        {
            assert!(tree(&["b.json"], &[(link, target)]).files("").is_err(), "{link} -> {target}");
        }
        assert!(tree(&["a/b.json"], &[("a/c", "../a")]).files("").is_err());
        // beside the inventory they are nobody's
        assert!(tree(&["in/b.json"], &[("link", "/etc/passwd")]).files("in/").is_ok());
    }

    #[test]
    fn paths_are_relative_to_the_inventory() {
        for (path, expected) in [("a/b/x.json", "x.json"), ("a/x.json", "../x.json"), ("c/x.json", "../../c/x.json")] {
            assert_eq!(relative("a/b/", path), expected);
        }
        assert_eq!(relative("", "a/x.json"), "a/x.json");
    }
}
