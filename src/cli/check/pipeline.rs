//! What a pipeline says of the change that it runs for: where the change began, and which branch it is meant for.

use std::path::Path;

use serde::Deserialize;

use super::super::errors::usage;
use super::super::input;
use crate::revision::Range;
use countersign_core::problem::{Failure, Problem};

/// An event, as GitHub tells it.
#[derive(Default, Deserialize)]
struct Event {
    before: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    repository: Option<Repository>,
    merge_group: Option<MergeGroup>,
    pull_request: Option<PullRequest>,
}

#[derive(Deserialize)]
struct PullRequest {
    base: Branch,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: String,
}

#[derive(Deserialize)]
struct Repository {
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct MergeGroup {
    base_sha: Option<String>,
    base_ref: Option<String>,
}

/// From one commit to what is checked out; its settings hold.
fn since(base: String) -> Range {
    Range { base, head: None, merge_base: false, target: None }
}

/// From where a branch began; the settings of the tip of the other hold.
fn branched(branch: &str) -> Range {
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    Range { base: of_remote(branch), head: None, merge_base: true, target: None }
}

/// The branch as it was fetched, by its whole name: a tag or a branch of the change may be called `origin/main` as well.
fn of_remote(branch: &str) -> String {
    format!("refs/remotes/origin/{branch}")
}

/// A commit, rather than the zeros that stand for none.
fn known(commit: &str) -> bool {
    commit.bytes().any(|b| b != b'0')
}

/// The base of a pull request, a merge group or a push, in GitHub Actions and in GitLab CI; `None` where nothing is changed: a run by
/// a schedule, by hand, or outside of a pipeline.
pub fn range(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Range>, Failure> {
    if variable("GITHUB_ACTIONS").is_some() {
        github(&variable)
    } else if variable("GITLAB_CI").is_some() {
        gitlab(&variable)
    } else {
        Ok(None)
    }
}

fn github(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Range>, Failure> {
    if let Some(branch) = variable("GITHUB_BASE_REF") {
        return Ok(Some(branched(&branch)));
    }
    let name = variable("GITHUB_EVENT_NAME").unwrap_or_default();
    let of_pull_request = name.starts_with("pull_request");
    if !(of_pull_request || ["push", "merge_group"].contains(&name.as_str())) {
        return Ok(None);
    }
    let event = match variable("GITHUB_EVENT_PATH") {
        Some(path) => event(&path)?,
        None => Event::default(),
    };
    if let Some(MergeGroup { base_sha, base_ref }) = event.merge_group {
        if let Some(base) = base_sha.filter(|commit| known(commit)) {
            return Ok(Some(since(base)));
        }
        if let Some(branch) = base_ref {
            return Ok(Some(branched(&branch)));
        }
        return Err(baseless("a merge group"));
    }
    // a review runs on the change that it is about
    if let Some(PullRequest { base }) = event.pull_request.filter(|_| of_pull_request) {
        return Ok(Some(branched(&base.name)));
    }
    if name != "push" {
        return Err(baseless("a pull request"));
    }
    let pushed = event.reference.as_deref().map(|r| r.strip_prefix("refs/heads/").unwrap_or(r).to_owned());
    let default = event.repository.and_then(|r| r.default_branch);
    match (event.before.filter(|commit| known(commit)), default) {
        // what is pushed to another branch is meant for the default one, however many pushes it takes
        (_, Some(default)) if pushed.as_ref().is_some_and(|p| *p != default) => Ok(Some(branched(&default))),
        (Some(before), _) => Ok(Some(since(before))),
        (None, _) => Err(baseless("a push")),
    }
}

fn event(path: &str) -> Result<Event, Failure> {
    let source = input::text(Path::new(path), path)?;
    let wrong = |e: serde_json::Error| Problem::about(path, format!("{path} is not an event of GitHub's: {e}"));
    Ok(serde_json::from_str(&source.text).map_err(wrong)?)
}

fn gitlab(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Range>, Failure> {
    let target = variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME").map(|branch| of_remote(&branch));
    if let Some(base) = variable("CI_MERGE_REQUEST_DIFF_BASE_SHA") {
        return Ok(Some(Range { target, ..since(base) }));
    }
    if let Some(branch) = variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") {
        return Ok(Some(branched(&branch)));
    }
    // a pull request of GitHub's that GitLab builds
    if let Some(branch) = variable("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME") {
        return Ok(Some(branched(&branch)));
    }
    if variable("CI_PIPELINE_SOURCE").is_some_and(|source| source == "external_pull_request_event") {
        return Err(baseless("a pull request"));
    }
    if variable("CI_PIPELINE_SOURCE").is_some_and(|source| source != "push" && source != "merge_request_event") {
        return Ok(None);
    }
    let before = variable("CI_COMMIT_BEFORE_SHA").filter(|commit| known(commit));
    match (before, variable("CI_DEFAULT_BRANCH"), variable("CI_COMMIT_BRANCH")) {
        (_, Some(default), Some(own)) if own != default => Ok(Some(branched(&default))),
        (Some(before), ..) => Ok(Some(since(before))),
        (None, ..) => Err(baseless("a pipeline")),
    }
}

/// A change without a base is never a pass.
fn baseless(what: &str) -> Failure {
    usage(format!("{what} does not say what to compare with, so there is no base"))
        .help("name the base with --git, such as --git origin/main..., or check without one with --no-base")
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn found(variables: &[(&str, &str)]) -> Result<Option<Range>, Failure> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        range(|name| variables.get(name).map(|v| (*v).to_owned()))
    }

    fn of(variables: &[(&str, &str)]) -> Option<Range> {
        found(variables).unwrap_or_else(|f| panic!("{f}"))
    }

    const SHA: &str = "1234567812345678123456781234567812345678";
    const ZEROS: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn the_base_is_that_of_github() {
        let pull = [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")];
        assert_eq!(of(&pull), Some(branched("main")));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        let told = |name: &str, event: serde_json::Value| {
            std::fs::write(&path, event.to_string()).unwrap();
            let path = path.to_str().unwrap();
            found(&[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", name), ("GITHUB_EVENT_PATH", path)])
        };
        let pushed = |branch: &str, before: &str| {
            let event = serde_json::json!({"before": before, "ref": format!("refs/heads/{branch}"),
                "repository": {"default_branch": "main"}});
            told("push", event)
        };
        assert_eq!(pushed("main", SHA).unwrap(), Some(since(SHA.to_owned())));
        // a second push to the same branch does not leave behind what the first one weakened
        for before in [SHA, ZEROS] {
            assert_eq!(pushed("topic", before).unwrap(), Some(branched("main")));
        }
        assert!(pushed("main", ZEROS).is_err(), "no base is never a pass");
        let group = serde_json::json!({"merge_group": {"base_sha": SHA, "base_ref": "refs/heads/main"}});
        assert_eq!(told("merge_group", group).unwrap(), Some(since(SHA.to_owned())));
        let group = serde_json::json!({"merge_group": {"base_ref": "refs/heads/main"}});
        assert_eq!(told("merge_group", group).unwrap(), Some(branched("main")));
        assert!(told("merge_group", serde_json::json!({"merge_group": {}})).is_err());
        assert!(told("pull_request", serde_json::json!({})).is_err());
        let review = serde_json::json!({"pull_request": {"base": {"ref": "main"}}});
        assert_eq!(told("pull_request_review", review).unwrap(), Some(branched("main")));
        assert!(told("pull_request_review", serde_json::json!({})).is_err());
        assert_eq!(told("schedule", serde_json::json!({})).unwrap(), None);
        assert_eq!(of(&[("GITHUB_BASE_REF", "main")]), None, "only in a pipeline");
    }

    #[test]
    fn the_base_is_that_of_gitlab() {
        let with = |more: &[(&str, &str)]| found(&[&[("GITLAB_CI", "true")][..], more].concat());
        let (base, target) = ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
        let of_main = Range { target: Some("refs/remotes/origin/main".to_owned()), ..since(SHA.to_owned()) };
        // the commit before is zeros in pipelines of merge requests
        let request = [(base, SHA), (target, "main"), ("CI_COMMIT_BEFORE_SHA", ZEROS)];
        assert_eq!(with(&request).unwrap(), Some(of_main));
        assert_eq!(with(&[(base, SHA)]).unwrap(), Some(since(SHA.to_owned())));
        assert_eq!(with(&[(target, "main")]).unwrap(), Some(branched("main")));
        let push = |branch: &str, before: &str| {
            with(&[("CI_COMMIT_BRANCH", branch), ("CI_DEFAULT_BRANCH", "main"), ("CI_COMMIT_BEFORE_SHA", before)])
        };
        assert_eq!(push("main", SHA).unwrap(), Some(since(SHA.to_owned())));
        assert_eq!(push("topic", ZEROS).unwrap(), Some(branched("main")));
        assert!(push("main", ZEROS).is_err(), "no base is never a pass");
        assert!(with(&[("CI_COMMIT_BEFORE_SHA", ZEROS)]).is_err());
        let external = ("CI_PIPELINE_SOURCE", "external_pull_request_event");
        assert_eq!(
            with(&[external, ("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME", "main")]).unwrap(),
            Some(branched("main"))
        );
        assert!(with(&[external]).is_err());
        assert_eq!(with(&[("CI_PIPELINE_SOURCE", "schedule"), ("CI_COMMIT_BEFORE_SHA", ZEROS)]).unwrap(), None);
    }
}
