//! Newer data than what is built in, from the folders that `[aws]` of `countersign.toml` names: files of AWS's Service Reference as they
//! are published, one a service, and answers of `get-policy-version`, one a managed policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::config::{Aws, FILE};
use crate::aws::catalogue::{Catalogue, Described, DescribedAction, Level, Service};
use crate::aws::eligibility::Lists;
use crate::aws::managed;
use crate::problem::{Place, Problem, SourceFile};
use crate::source::digest::sha256;
use crate::source::{self, Hidden, Source};
use crate::text::files;
use crate::text::json::{self, Node};

/// The document of a managed policy, by its ARN.
pub type Documents = BTreeMap<String, (Arc<SourceFile>, Node)>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reference {
    name: String,
    #[serde(default)]
    actions: Vec<ReferenceAction>,
    #[serde(default)]
    condition_keys: Vec<ReferenceKey>,
    #[serde(default)]
    resources: Vec<ReferenceResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReferenceAction {
    name: String,
    #[serde(default)]
    action_condition_keys: Vec<String>,
    #[serde(default)]
    annotations: Annotations,
    #[serde(default)]
    resources: Vec<Named>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Annotations {
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Properties {
    is_list: bool,
    is_permission_management: bool,
    is_tagging_only: bool,
    is_write: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReferenceKey {
    name: String,
    #[serde(default)]
    types: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReferenceResource {
    name: String,
    #[serde(rename = "ARNFormats", default)]
    arn_formats: Vec<String>,
    #[serde(default)]
    condition_keys: Vec<String>,
}

impl Properties {
    fn level(&self) -> Level {
        match self {
            Self { is_permission_management: true, .. } => Level::PermissionsManagement,
            Self { is_tagging_only: true, .. } => Level::Tagging,
            Self { is_write: true, .. } => Level::Write,
            Self { is_list: true, .. } => Level::List,
            _ => Level::Read,
        }
    }
}

/// The catalogue with the files of the Service Reference that an inventory names, in place of what is built in for their services.
pub fn catalogue(files: &dyn Source, named: &Aws) -> Result<Catalogue, Vec<Problem>> {
    let Some((folder, place)) = &named.service_reference else {
        return Ok(Catalogue::built_in());
    };
    let (mut services, mut problems) = (Vec::new(), Vec::new());
    for path in listed(files, folder, place, &mut problems) {
        match source::text(files, &path).and_then(|source| service(&source)) {
            Ok(service) => services.push(service),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(Catalogue::with(services, named.as_of.clone())) } else { Err(problems) }
}

/// The digest of each file of these folders, by its path: what takes the place of what is built in.
pub fn digests(files: &dyn Source, named: &Aws) -> BTreeMap<String, String> {
    let folders = [&named.service_reference, &named.managed_policies].into_iter().flatten();
    let paths = folders.flat_map(|(folder, place)| listed(files, folder, place, &mut Vec::new()));
    // what cannot be read is told where it is used
    paths.filter_map(|path| files.bytes(&path).ok().map(|bytes| (path, sha256(&bytes)))).collect()
}

/// Lists of eligible services, and the text of their file where they are not built in.
pub type Listed = (Arc<Lists>, Option<Arc<SourceFile>>);

/// The dated lists of HIPAA eligible services that an inventory names; else those that are built in.
pub fn eligible(files: &dyn Source, named: &Aws) -> Result<Listed, Vec<Problem>> {
    let Some((path, place)) = &named.eligible_services else {
        return Ok((Lists::built_in(), None));
    };
    let name = files::resolve(FILE, path);
    if !files.has(&name) {
        let problem = Problem::at(&place.source, place.span, format!("there is no file {path}"));
        return Err(vec![problem.help("paths are relative to countersign.toml")]);
    }
    let source = source::text(files, &name).map_err(|p| vec![p])?;
    let lists = Lists::read(&source, sha256(source.text.as_bytes())).map_err(|p| vec![p])?;
    Ok((Arc::new(lists), Some(source)))
}

/// A service as the Service Reference describes it.
fn service(source: &Arc<SourceFile>) -> Result<Service, Problem> {
    let reference: Reference = serde_json::from_str(&source.text).map_err(|e| {
        let message = format!("{} is not a file of AWS's Service Reference: {e}", source.path);
        Problem::about(&source.path, message)
            .help("save the file of a service as it is published, or move this one away")
    })?;
    let incomplete = |message: String| Problem::about(&source.path, message).help("save the file of the service again");
    if reference.actions.is_empty() {
        return Err(incomplete(format!("{} has no actions, and every service has", source.path)));
    }
    let stem = source.path.rsplit('/').next().and_then(|name| name.strip_suffix(".json")).unwrap_or_default();
    if !stem.eq_ignore_ascii_case(&reference.name) {
        return Err(incomplete(format!("{} is about the service `{}`, not `{stem}`", source.path, reference.name)));
    }
    let actions = reference.actions.into_iter().map(|a| {
        let resources = a.resources.into_iter().map(|r| (r.name, false)).collect();
        let level = a.annotations.properties.level();
        DescribedAction { name: a.name, level, resources, keys: a.action_condition_keys }
    });
    let resources = reference.resources.into_iter().map(|r| (r.name, r.arn_formats, r.condition_keys));
    let keys = reference.condition_keys.into_iter().map(|k| (k.name, k.types.into_iter().next().unwrap_or_default()));
    Ok(Service::described(Described {
        prefix: reference.name,
        actions: actions.collect(),
        resources: resources.collect(),
        keys: keys.collect(),
    }))
}

/// The documents of the managed policies that an inventory names; what is not such an answer is a problem.
pub fn documents(files: &dyn Source, named: &Aws, problems: &mut Vec<Problem>) -> Documents {
    let mut documents = Documents::new();
    let Some((folder, place)) = &named.managed_policies else {
        return documents;
    };
    let root = files::resolve(FILE, folder);
    for path in listed(files, folder, place, problems) {
        match source::json(files, &path) {
            Err(found) => problems.extend(found),
            Ok((source, node)) => match document(&node) {
                None => {
                    let message = format!("{path} is not an answer of `aws iam get-policy-version`");
                    problems.push(Problem::about(&path, message).help("it has PolicyVersion, and in that Document"));
                }
                Some(document) => {
                    let inner = path.strip_prefix(&root).unwrap_or(&path).trim_start_matches('/');
                    let arn = arn(inner);
                    match not_in_force(&source, &node, &arn) {
                        Some(problem) => problems.push(problem),
                        None => drop(documents.insert(arn, (source, document))),
                    }
                }
            },
        }
    }
    documents
}

/// An answer about a version that decides nothing: it is not the default one, or older than the one that is built in.
fn not_in_force(source: &Arc<SourceFile>, node: &Node, arn: &str) -> Option<Problem> {
    let version = node.get("PolicyVersion")?;
    if let Some(default) = version.get("IsDefaultVersion").filter(|n| n.value == json::Value::Bool(false)) {
        let problem = Problem::at(
            source,
            default.span,
            "this version of the policy is not its default version, and decides nothing",
        );
        return Some(problem.help("ask for the version that `aws iam get-policy` names as DefaultVersionId"));
    }
    let number = |version: &str| version.strip_prefix('v').and_then(|n| n.parse::<u64>().ok());
    let built_in = managed::of_arn(arn)?.version();
    let given = version
        .get("VersionId")
        .filter(|v| v.as_str().and_then(number).zip(number(built_in)).is_some_and(|(given, ours)| given < ours))?;
    let message = format!("this version of the policy is older than {built_in}, which is built in");
    Some(Problem::at(source, given.span, message).help("ask AWS again, or move this file away"))
}

/// The document of an answer, which the AWS CLI prints as an object, and other tools as its text.
fn document(node: &Node) -> Option<Node> {
    let document = node.get("PolicyVersion")?.get("Document")?;
    match document.as_str() {
        None => crate::iam::document::is_document(document).then(|| document.clone()),
        Some(text) => json::parse(&SourceFile::new("", text)).ok().filter(crate::iam::document::is_document),
    }
}

/// The ARN that a file of a folder stands for: `job-function/ViewOnlyAccess.json`, or its name alone where that is known.
fn arn(inner: &str) -> String {
    let name = inner.strip_suffix(".json").unwrap_or(inner);
    let known = managed::named(name).filter(|p| p.name() == name);
    known.map_or_else(|| format!("arn:aws:iam::aws:policy/{name}"), managed::ManagedPolicy::arn)
}

/// The JSON files of a folder that the settings name.
fn listed(files: &dyn Source, folder: &str, place: &Place, problems: &mut Vec<Problem>) -> Vec<String> {
    let root = files::resolve(FILE, folder);
    let found = files.list(&root, Hidden::LeftOut, problems);
    let found: Vec<String> = found.into_iter().filter(|p| p.ends_with(".json")).collect();
    if found.is_empty() {
        let problem = Problem::at(&place.source, place.span, format!("the folder {folder} has no JSON file"));
        problems.push(problem.help("paths are relative to countersign.toml"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Memory;

    fn place() -> Place {
        Place { source: SourceFile::new(FILE, ""), span: crate::problem::Span::default() }
    }

    #[test]
    fn a_file_of_the_service_reference_takes_the_place_of_what_is_built_in() {
        let text = r#"{"Name": "s3", "Version": "v1.4",
            "Actions": [{"Name": "GetNovelty", "ActionConditionKeys": ["s3:novel"], "Resources": [{"Name": "novelty"}],
                         "Annotations": {"Properties": {"IsList": false, "IsWrite": true}}}],
            "ConditionKeys": [{"Name": "s3:novel", "Types": ["ArrayOfString"]}],
            "Resources": [{"Name": "novelty", "ARNFormats": ["arn:${Partition}:s3:::novelty/${Id}"]}]}"#;
        let files = Memory::new(".").with("ref/s3.json", text);
        let named = Aws {
            service_reference: Some(("ref".into(), place())),
            as_of: Some("2026-11-20".into()),
            ..Aws::default()
        };
        let catalogue = catalogue(&files, &named).unwrap();
        let s3 = catalogue.service("S3").unwrap();
        let action = s3.action("getnovelty").unwrap();
        assert_eq!((action.level, s3.actions.len()), (Level::Write, 1));
        assert_eq!(s3.keys_of(action).map(|k| k.name.as_str()).collect::<Vec<_>>(), ["s3:novel"]);
        assert_eq!((catalogue.date("s3"), catalogue.date("ec2")), ("2026-11-20", crate::aws::catalogue::date()));
        assert!(catalogue.service("ec2").is_some());
    }

    #[test]
    fn answers_stand_for_the_policies_that_their_files_are_named_after() {
        let answer = r#"{"PolicyVersion": {"Document": {"Statement": []}, "VersionId": "v999"}}"#;
        let files = Memory::new(".").with("m/ViewOnlyAccess.json", answer).with("m/service-role/New.json", answer);
        let named = Aws { managed_policies: Some(("m".into(), place())), ..Aws::default() };
        let mut problems = Vec::new();
        let arns: Vec<String> = documents(&files, &named, &mut problems).into_keys().collect();
        let wanted =
            ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", "arn:aws:iam::aws:policy/service-role/New"];
        assert_eq!(arns, wanted);
        assert!(problems.is_empty());
        for (version, message) in [
            (r#""VersionId": "v1""#, "older than v"),
            (r#""VersionId": "v9999", "IsDefaultVersion": false"#, "not its default version"),
        ] {
            let answer = format!(r#"{{"PolicyVersion": {{"Document": {{"Statement": []}}, {version}}}}}"#);
            let files = Memory::new(".").with("m/SecurityAudit.json", answer);
            assert!(documents(&files, &named, &mut problems).is_empty(), "{version}");
            assert!(problems.pop().unwrap().message().contains(message), "{version}");
        }
        let wrong = Memory::new(".").with("m/x.json", "{}");
        documents(&wrong, &named, &mut problems);
        assert!(problems.pop().unwrap().message().contains("get-policy-version"));
    }
}
