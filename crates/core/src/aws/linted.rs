//! What lint knows of AWS besides the catalogue (`data/lint.json`): of what its lists are complete,
//! and which policies are none of IAM.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::problem::{did_you_mean, meant};

/// The file.
pub(crate) const TEXT: &str = include_str!("../../../../data/lint.json");

static DATA: LazyLock<Data> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    complete_resource_types: Complete,
    other_languages: OtherLanguages,
    other_clouds: OtherClouds,
    shared_with_code_artifact: Shared,
    needed_first: NeededFirst,
    sam_policy_templates: SamTemplates,
}

#[derive(Default, Deserialize)]
struct NeededFirst {
    actions: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
struct SamTemplates {
    date: String,
    names: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Complete {
    date: String,
    services: Vec<String>,
}

#[derive(Default, Deserialize)]
struct OtherLanguages {
    types: Vec<String>,
}

#[derive(Default, Deserialize)]
struct OtherClouds {
    providers: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Shared {
    actions: Vec<String>,
}

fn has(all: &[String], one: &str) -> bool {
    all.iter().any(|known| known == one)
}

/// Whether AWS lists all types of resources of the actions of a service.
pub fn has_complete_types(service: &str) -> bool {
    has(&DATA.complete_resource_types.services, service)
}

/// Whether the policies of a type of Terraform or CloudFormation are none of IAM.
pub fn is_of_other_language(ty: &str) -> bool {
    has(&DATA.other_languages.types, ty)
}

/// Whether the policies of a provider of Terraform are those of another cloud.
pub fn is_another_cloud(provider: &str) -> bool {
    has(&DATA.other_clouds.providers, provider)
}

/// Whether AWS CodeArtifact has an action of AWS Artifact, too.
pub fn is_shared_with_code_artifact(action: &str) -> bool {
    has(&DATA.shared_with_code_artifact.actions, action)
}

/// The actions that the console takes before it offers this one.
pub fn needed_first(action: &str) -> Vec<&'static str> {
    DATA.needed_first.actions.get(action).into_iter().flatten().map(String::as_str).collect()
}

/// What to say of a name that no policy template of AWS SAM has, and what to do.
pub fn no_sam_template(name: &str) -> Option<(String, String)> {
    let SamTemplates { date, names } = &DATA.sam_policy_templates;
    if has(names, name) {
        return None;
    }
    let near = did_you_mean(name, names.iter().map(String::as_str));
    let help = near.map_or_else(|| "check its name: a younger one may be missing".to_owned(), meant);
    Some((format!("AWS SAM has no policy template `{name}` (as of {date})"), help))
}

/// The day of the file.
pub fn date() -> &'static str {
    &DATA.complete_resource_types.date
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::actions;
    use crate::aws::catalogue::Catalogue;

    #[test]
    fn the_lists_of_the_file_are_read() {
        assert!(has_complete_types("s3") && !has_complete_types("ec2"));
        let catalogue = Catalogue::built_in();
        let known: Vec<&str> = catalogue.prefixes().collect();
        assert!(DATA.complete_resource_types.services.iter().all(|service| known.contains(&service.as_str())));
        assert!(is_of_other_language("aws_dlm_lifecycle_policy") && !is_of_other_language("aws_iam_policy"));
        assert!(is_another_cloud("alicloud") && !is_another_cloud("aws"));
        assert!(is_shared_with_code_artifact("TagResource") && !is_shared_with_code_artifact("GetReport"));
        assert!(!date().is_empty());
    }

    #[test]
    fn what_is_needed_first_are_actions_that_are_not_deprecated() {
        let all = &DATA.needed_first.actions;
        assert_eq!(all.len(), 2);
        for name in all.iter().flat_map(|(action, first)| first.iter().chain([action])) {
            assert!(actions::action(name).is_some_and(|action| !action.is_deprecated()), "{name}");
        }
        assert!(all.values().all(|first| !first.is_empty()));
        assert!(needed_first("artifact:ListReports").is_empty());
    }
}
