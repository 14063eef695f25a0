//! The structure of the sources: the modules of a crate depend on one another in one direction.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Which module names which other, and where it does so first.
type Dependencies = BTreeMap<String, BTreeMap<String, String>>;

/// The modules that a source names through `crate::`, each with its line; comments and tests do not count.
fn named(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    for (at, _) in text.match_indices("crate::") {
        let line = text[..at].matches('\n').count() + 1;
        let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
        let before = &text[start..at];
        let is_other = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        if is_other || before.trim_start().starts_with("//") {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        let paths = match rest.strip_prefix('{') {
            Some(group) => heads(group),
            None => vec![rest],
        };
        let name = |path: &str| path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
        found.extend(paths.into_iter().map(|path| (name(path), line)));
    }
    found
}

/// The beginnings of the paths in a group, up to the brace that closes it.
fn heads(group: &str) -> Vec<&str> {
    let (mut heads, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                heads.push(group[start..at].trim());
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// The top-level modules of a crate, and which names which.
fn dependencies(root: &Path) -> Dependencies {
    let mut all = Dependencies::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let module = path.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if !path.ends_with(".rs") || module == "lib" || module == "main" {
            continue;
        }
        let of_module = all.entry(module.clone()).or_default();
        for (name, line) in named(&std::fs::read_to_string(entry.path()).unwrap()) {
            if name != module {
                of_module.entry(name).or_insert_with(|| format!("{path}:{line}"));
            }
        }
    }
    all
}

/// The shortest way from a module back to itself, with the places that make it.
fn circle(all: &Dependencies, from: &str) -> Option<Vec<String>> {
    let mut ways: Vec<(&str, Vec<String>)> = vec![(from, Vec::new())];
    let mut seen = BTreeSet::new();
    let mut next = 0;
    while let Some((module, way)) = ways.get(next).cloned() {
        next += 1;
        for (name, place) in all.get(module).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(format!("{module} -> {name}: {place}"));
            if name == from {
                return Some(longer);
            }
            if seen.insert(name) {
                ways.push((name, longer));
            }
        }
    }
    None
}

fn circles(all: &Dependencies) -> Vec<Vec<String>> {
    all.keys().filter_map(|module| circle(all, module)).collect()
}

#[test]
fn modules_form_no_circle() {
    for (folder, at_least) in [("crates/core/src", 28), ("src", 4)] {
        let all = dependencies(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        assert!(all.len() >= at_least, "{folder} has the modules {:?}", all.keys());
        let named: BTreeSet<&String> = all.values().flat_map(BTreeMap::keys).collect();
        let unknown: Vec<_> = named.iter().filter(|name| !all.contains_key(**name)).collect();
        assert!(unknown.is_empty(), "{folder} names what is no module of it: {unknown:?}");
        assert_eq!(circles(&all), Vec::<Vec<String>>::new(), "{folder}");
    }
}

/// What AWS publishes stands below all that decides by it, and what is shared below all that shares it.
#[test]
fn what_is_shared_lies_lowest() {
    let all = dependencies(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/src"));
    let lowest = ["moment", "problem", "terms", "words", "work"];
    for (module, may_name) in [("text", &lowest[..]), ("iam", &["text"]), ("aws", &["iam", "text"])] {
        let others = all[module].keys().filter(|name| !lowest.contains(&name.as_str()));
        let wrong: Vec<_> = others.filter(|name| !may_name.contains(&name.as_str())).collect();
        assert!(wrong.is_empty(), "{module} names {wrong:?}");
    }
    for module in lowest {
        let wrong: Vec<_> = all[module].keys().filter(|name| !lowest.contains(&name.as_str())).collect();
        assert!(wrong.is_empty(), "{module} names {wrong:?}");
    }
}

#[test]
fn a_circle_is_found_wherever_a_path_stands() {
    let text = "use crate::problem::Problem;\nuse crate::{iam::document, text::{json, files}, words};\n\
        // crate::comment\nfn f() { $crate::macros::x(); crate::aws::name(\"\") }\n#[cfg(test)]\nmod tests {\n use crate::diff; }";
    let names: Vec<(String, usize)> = named(text);
    let expected = [("problem", 1), ("iam", 2), ("text", 2), ("words", 2), ("aws", 4)];
    assert!(names.iter().map(|(n, l)| (n.as_str(), *l)).eq(expected), "{names:?}");

    let edges = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "b"), ("e", "a")];
    let mut all = Dependencies::new();
    for (from, to) in edges {
        all.entry(from.to_owned()).or_default().insert(to.to_owned(), format!("{from}.rs:1"));
    }
    let found = circles(&all);
    assert_eq!(found.len(), 3, "b, c and d are on the circle, a and e only lead to it");
    assert_eq!(found[0], ["b -> c: b.rs:1", "c -> d: c.rs:1", "d -> b: d.rs:1"]);
}
