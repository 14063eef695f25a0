//! What an action can be asked on: its types of resources, as far as the data tells them (`data/actions.json` for what AWS Artifact
//! needs, `data/resource-types.json` for services whose resources have policies of their own).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::catalogue::Catalogue;
use super::{actions, resources};
use crate::iam::document::ResourcePattern;
use crate::iam::segments;

#[derive(Default, Deserialize)]
struct Data {
    date: String,
    /// The ARN of each type, with its placeholders.
    types: BTreeMap<String, String>,
    /// The types of each action; a type that ends in `?` is one of several, or may be missing.
    actions: BTreeMap<String, String>,
}

/// The file.
pub(crate) const TEXT: &str = include_str!("../../../../data/resource-types.json");

static DATA: LazyLock<Data> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

/// The types of each action, by its name in lower case.
static ACTIONS: LazyLock<BTreeMap<String, &str>> =
    LazyLock::new(|| DATA.actions.iter().map(|(name, types)| (name.to_ascii_lowercase(), types.as_str())).collect());

/// The day that the data tells of.
pub fn date() -> &'static str {
    &DATA.date
}

/// Whether an action can be asked on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It can.
    Possible,
    /// The data does not tell.
    NotKnown,
    /// It cannot: the ARNs that it takes, as AWS writes them; `*` where it takes no resource.
    Impossible(Vec<String>),
}

/// A type of resource, as far as it matters here.
struct Form {
    arn: String,
    optional: bool,
}

impl Form {
    fn takes(&self, resource: &[String; 6]) -> bool {
        let ResourcePattern::Arn(pattern) = pattern(&self.arn) else {
            return false;
        };
        // the name of a bucket has no slash, which is what tells a bucket from an object
        let bucket = self.arn.ends_with("${BucketName}") && resource.last().is_some_and(|r| r.contains('/'));
        let filled = resource.last().is_some_and(|r| !r.is_empty());
        filled && !bucket && pattern.iter().zip(resource).all(|(p, text)| p.matches(text))
    }
}

/// A pattern of an ARN with placeholders.
fn pattern(arn: &str) -> ResourcePattern {
    let mut text = String::new();
    let mut rest = arn;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    ResourcePattern::parse(&text, false).unwrap_or(ResourcePattern::Nothing)
}

/// What an action takes; `None` where the data does not tell.
fn forms(action: &str) -> Option<Vec<Form>> {
    let service = action.split(':').next().unwrap_or_default();
    if let Some(types) = ACTIONS.get(&action.to_ascii_lowercase()) {
        let form = |name: &str| {
            let key = format!("{}:{}", service.to_ascii_lowercase(), name.trim_end_matches('?'));
            Some(Form { arn: DATA.types.get(&key)?.clone(), optional: name.ends_with('?') })
        };
        return Some(types.split_whitespace().filter_map(form).collect());
    }
    let known = actions::action(action)?;
    let form = |ty: &&'static resources::Type| Form { arn: ty.arn("*"), optional: false };
    Some(known.resources.iter().map(form).collect())
}

/// The ARNs of the types of resources of which the catalogue says that a request for the action names one.
fn required(action: &str) -> Vec<String> {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);
    let found = || {
        let (service, name) = action.split_once(':')?;
        let service = CATALOGUE.service(service)?;
        let types = service.action(name)?.resources.iter().filter(|(_, required)| *required);
        Some(types.filter_map(|(name, _)| service.resource(name)).flat_map(|r| r.arns.clone()).collect())
    };
    found().unwrap_or_default()
}

/// Whether an action can be asked on a resource: an ARN, or `*`.
pub fn asked_on(action: &str, resource: &str) -> Asked {
    let required = required(action);
    if resource == "*" && !required.is_empty() {
        return Asked::Impossible(required);
    }
    let Some(forms) = forms(action) else {
        return Asked::NotKnown;
    };
    let impossible = || Asked::Impossible(forms.iter().map(|f| f.arn.clone()).collect());
    match segments(resource) {
        None if forms.is_empty() => Asked::Possible,
        None if forms.iter().all(|f| f.optional) => Asked::NotKnown,
        None => impossible(),
        // a list is asked on the path that it lists, as denials print it
        Some(arn) if forms.is_empty() && arn.last().is_some_and(|r| r.ends_with('/')) => Asked::Possible,
        Some(_) if forms.is_empty() => Asked::Impossible(vec!["*".to_owned()]),
        Some(arn) if forms.iter().any(|f| f.takes(&arn)) => Asked::Possible,
        Some(_) => impossible(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_data_is_there() {
        for (action, types) in &DATA.actions {
            assert_eq!(forms(action).unwrap().len(), types.split_whitespace().count(), "{action}");
        }
        assert!(DATA.actions.len() > 400);
    }

    #[test]
    fn an_action_is_asked_on_its_types() {
        use Asked::*;
        let role = "arn:aws:iam::111122223333:role/x/a";
        for (action, resource, possible) in [
            ("s3:ListBucket", "arn:aws:s3:::b", Some(true)),
            ("s3:ListBucket", "arn:aws:s3:::b/k", Some(false)),
            ("s3:ListBucket", "*", Some(false)),
            ("s3:GetObject", "arn:aws:s3:::b/k", Some(true)),
            ("s3:GetObject", "arn:aws:s3:::b", Some(false)),
            ("s3:ListAllMyBuckets", "*", Some(true)),
            ("s3:ListAllMyBuckets", "arn:aws:s3:::b", Some(false)),
            ("artifact:ListAgreements", "*", Some(true)),
            ("artifact:ListAgreements", "arn:aws:artifact:::agreement/a", Some(false)),
            ("artifact:AcceptAgreement", "arn:aws:artifact:::agreement/a", Some(true)),
            ("artifact:AcceptAgreement", "*", Some(false)),
            ("artifact:AcceptAgreement", "arn:aws:artifact::111122223333:customer-agreement/a", Some(false)),
            ("iam:PassRole", role, Some(true)),
            ("IAM:passrole", role, Some(true)),
            ("iam:PassRole", "*", Some(false)),
            ("iam:PassRole", "arn:aws:iam::111122223333:user/a", Some(false)),
            ("iam:ListRoles", "arn:aws:iam::111122223333:role/", Some(true)),
            ("iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", Some(true)),
            ("sts:AssumeRole", role, Some(true)),
            ("sts:AssumeRole", "arn:aws:iam::111122223333:user/a", Some(false)),
            ("ec2:RunInstances", "*", Some(false)),
        ] {
            let expected = match asked_on(action, resource) {
                Possible => Some(true),
                NotKnown => None,
                Impossible(forms) => {
                    assert!(!forms.is_empty(), "{action}");
                    Some(false)
                }
            };
            assert_eq!(expected, possible, "{action} {resource}");
        }
    }
}
