//! Files that are held in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Hidden, Listed, Source};
use crate::problem::Problem;

/// Files that are held in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    name: String,
    /// What a file holds is shared with the folders below.
    files: BTreeMap<String, Arc<[u8]>>,
    commit: Option<String>,
}

impl Memory {
    /// No files, under this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same with a file more. A path may begin with `../`: such a file is read where another names it.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.add(path, content);
        self
    }

    /// Adds a file, or replaces it.
    pub fn add(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), content.into().into());
    }

    /// The same, read at a commit.
    #[must_use]
    pub fn at(mut self, commit: impl Into<String>) -> Self {
        self.commit = Some(commit.into());
        self
    }
}

impl Source for Memory {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn exists(&self) -> bool {
        !self.files.is_empty()
    }

    fn listed(&self, folder: &str, hidden: Hidden, _problems: &mut Vec<Problem>) -> Listed {
        // the first part of a path that is not listed
        let left_out = |path: &str| {
            let parts: Vec<&str> = path.split('/').collect();
            let last = parts.len().saturating_sub(1);
            let is_listed = |(index, part): (usize, &&str)| {
                if index == last { hidden.lists_file(part) } else { hidden.lists_folder(part) }
            };
            let first = parts.iter().enumerate().position(|part| !is_listed(part))?;
            Some(parts.into_iter().take(first + 1).collect::<Vec<_>>().join("/"))
        };
        let inside = |path: &str| match folder {
            "" => !path.starts_with("../"),
            folder => path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
        };
        let mut listed = Listed::default();
        for path in self.files.keys().filter(|p| inside(p)) {
            match left_out(path) {
                None => listed.files.push(path.clone()),
                Some(hidden) => listed.hidden.push(hidden),
            }
        }
        listed.hidden.retain(|path| path != ".git" && !path.ends_with("/.git"));
        listed.hidden.dedup();
        // part by part, as a folder is walked
        listed.files.sort_by(|a, b| a.split('/').cmp(b.split('/')));
        listed
    }

    fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn below(&self, folder: &str) -> Box<dyn Source> {
        let inner = |path: &str| match folder {
            "" => Some(path.to_owned()),
            folder => path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned),
        };
        let files = self.files.iter().filter_map(|(path, bytes)| Some((inner(path)?, bytes.clone()))).collect();
        Box::new(Self { name: format!("{}/{folder}", self.name), files, commit: self.commit.clone() })
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, Problem> {
        self.files
            .get(path)
            .map(|bytes| bytes.to_vec())
            .ok_or_else(|| Problem::about(path, format!("there is no file {path}")))
    }

    fn commit(&self) -> Option<String> {
        self.commit.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_a_folder_would_list() {
        let files = ["b.json", "a/z.json", "a-b.json", ".git/config", "a/.hidden.json", "../beside.json"];
        let memory = files.iter().fold(Memory::new("m"), |memory, path| memory.with(*path, *path));
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("inner");
        for path in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let folder = super::super::Folder::new(&root);
        for hidden in [Hidden::LeftOut, Hidden::Files, Hidden::All] {
            for below in ["", "a", "none"] {
                let listed = |source: &dyn Source| source.list(below, hidden, &mut Vec::new());
                assert_eq!(listed(&memory), listed(&folder), "{hidden:?} {below}");
            }
        }
        assert_eq!(memory.paths(&mut Vec::new()), ["a/z.json", "a-b.json", "b.json"]);
        assert_eq!(memory.bytes("../beside.json").unwrap(), b"../beside.json");
    }
}
