//! What an action can be asked on: its types of resources, as the catalogue has them; those of the actions of AWS Artifact that the
//! catalogue no longer lists are in `data/actions.json`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use super::catalogue::{Catalogue, Level};
use super::keys::CATALOGUED;
use super::{actions, is_partition, resources};
use crate::iam::document::ResourcePattern;
use crate::iam::segments;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

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

/// What an action takes.
struct Takes {
    /// The ARNs of its types, with `*` for partition, Region and account, and `${…}` for names.
    arns: Vec<String>,
    /// Each request names a resource.
    needs_one: bool,
}

/// How well an ARN fits a type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    None,
    /// But for a Region or an account that the type has and the ARN leaves out, as those of AWS's own resources may.
    Shortened,
    Whole,
}

fn fit(arn: &str, resource: &[String; 6]) -> Fit {
    let ResourcePattern::Arn(pattern) = pattern(arn) else {
        return Fit::None;
    };
    // the name of a bucket has no slash, which is what tells a bucket from an object
    let is_bucket = arn.rsplit(':').next() == Some("${BucketName}");
    let bucket = is_bucket && resource.last().is_some_and(|r| r.contains('/'));
    let filled = resource.last().is_some_and(|r| !r.is_empty());
    let of_aws = resource.get(1).is_some_and(|partition| is_partition(partition));
    if bucket || !filled || !of_aws || !pattern.iter().zip(resource).all(|(p, text)| p.matches(text)) {
        return Fit::None;
    }
    let left_out = arn.splitn(6, ':').zip(resource).any(|(form, text)| !form.is_empty() && text.is_empty());
    if left_out { Fit::Shortened } else { Fit::Whole }
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

/// So many actions are remembered with what they take.
const REMEMBERED: usize = 1024;

/// What an action takes; `None` where the data does not tell. Requests that come one after another are for few actions.
fn takes(action: &str) -> Option<Rc<Takes>> {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Option<Rc<Takes>>>> = RefCell::default();
    }
    KNOWN.with(|known| {
        let mut known = known.borrow_mut();
        if let Some(takes) = known.get(action) {
            return takes.clone();
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let takes = looked_up(action).map(Rc::new);
        known.insert(action.to_owned(), takes.clone());
        takes
    })
}

fn looked_up(action: &str) -> Option<Takes> {
    let (prefix, name) = action.split_once(':')?;
    let Some((service, action)) = CATALOGUE.service(prefix).and_then(|s| Some((s, s.action(name)?))) else {
        let types = &actions::action(action)?.resources;
        let arn = |ty: &&'static resources::Type| ty.arn("*");
        return Some(Takes { arns: types.iter().map(arn).collect(), needs_one: !types.is_empty() });
    };
    let required = action.resources.iter().any(|(_, required)| *required);
    // of several types none of which is marked as required, S3 and the actions on tags and policies take one
    let one_of = service.prefix == "s3" || matches!(action.level, Level::Tagging | Level::PermissionsManagement);
    let types = action.resources.iter().filter_map(|(name, _)| service.resource(name));
    let places = ["${Partition}", "${Region}", "${Account}"];
    let arn = |arn: &String| places.iter().fold(arn.clone(), |arn, place| arn.replace(place, "*"));
    Some(Takes {
        arns: types.flat_map(|ty| &ty.arns).map(arn).collect(),
        needs_one: required || (one_of && action.resources.len() > 1),
    })
}

/// The ARNs that an action takes, with `*` for Region and account, and `${…}` for names.
pub(crate) fn forms(action: &str) -> Vec<String> {
    takes(action).map(|takes| takes.arns.clone()).unwrap_or_default()
}

/// Whether an action can be asked on a resource: an ARN, or `*`.
pub fn asked_on(action: &str, resource: &str) -> Asked {
    let Some(takes) = takes(action) else {
        return Asked::NotKnown;
    };
    let Takes { arns, needs_one } = takes.as_ref();
    let Some(arn) = segments(resource) else {
        return match (arns.is_empty(), needs_one) {
            (true, _) => Asked::Possible,
            (false, false) => Asked::NotKnown,
            (false, true) => Asked::Impossible(arns.clone()),
        };
    };
    if arns.is_empty() {
        // a list is asked on the path that it lists, as denials print it
        let path = arn.last().is_some_and(|r| r.ends_with('/'));
        return if path { Asked::Possible } else { Asked::Impossible(vec!["*".to_owned()]) };
    }
    let service = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
    match arns.iter().map(|form| fit(form, &arn)).max().unwrap_or(Fit::None) {
        Fit::Whole => Asked::Possible,
        Fit::Shortened if !CATALOGUED.contains(&service.as_str()) => Asked::NotKnown,
        _ => Asked::Impossible(arns.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_each_type_of_each_action_can_be_asked_on() {
        let (mut asked, mut on_all) = (0, 0);
        for service in CATALOGUE.prefixes().filter_map(|p| CATALOGUE.service(p)) {
            for action in &service.actions {
                let name = format!("{}:{}", service.prefix, action.name);
                for (ty, _) in &action.resources {
                    let form = service.resource(ty).unwrap().arns[0].replace("${Partition}", "aws");
                    assert_eq!(asked_on(&name, &form), Asked::Possible, "{name} {form}");
                    asked += 1;
                }
                if action.resources.iter().any(|(_, required)| *required) {
                    assert!(matches!(asked_on(&name, "*"), Asked::Impossible(_)), "{name}");
                    on_all += 1;
                }
            }
        }
        assert!(asked > 10_000 && on_all > 5_000, "{asked} {on_all}");
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
            ("s3:GetObject", "arn:foo:s3:::b/k", Some(false)),
            ("s3:ListAllMyBuckets", "*", Some(true)),
            ("s3:ListAllMyBuckets", "arn:aws:s3:::b", Some(false)),
            ("artifact:ListAgreements", "*", Some(true)),
            ("artifact:ListAgreements", "arn:aws:artifact:::agreement/a", Some(false)),
            ("artifact:AcceptAgreement", "arn:aws:artifact:::agreement/a", Some(true)),
            ("artifact:AcceptAgreement", "*", Some(false)),
            ("artifact:AcceptAgreement", "arn:aws:artifact::111122223333:customer-agreement/a", Some(false)),
            ("artifact:TerminateAgreement", "arn:aws:artifact::111122223333:customer-agreement/a", Some(true)),
            ("artifact:TerminateAgreement", "arn:aws:artifact:::customer-agreement/a", Some(false)),
            ("artifact:DownloadAgreement", "arn:aws:artifact:::agreement/a", Some(true)),
            ("artifact:DownloadAgreement", "*", Some(false)),
            ("artifact:Get", "arn:aws:artifact:::report-package/a/b/c", Some(true)),
            ("iam:PassRole", role, Some(true)),
            ("IAM:passrole", role, Some(true)),
            ("iam:PassRole", "*", Some(false)),
            ("iam:PassRole", "arn:aws:iam::111122223333:user/a", Some(false)),
            ("iam:ListRoles", "arn:aws:iam::111122223333:role/", Some(true)),
            ("iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess", Some(true)),
            ("sts:AssumeRole", role, Some(true)),
            ("sts:AssumeRole", "arn:aws:iam::111122223333:user/a", Some(false)),
            ("ec2:RunInstances", "*", Some(false)),
            ("ec2:RunInstances", "arn:aws:ec2:eu-west-1::image/ami-1", Some(true)),
            ("lambda:InvokeFunction", "*", Some(false)),
            ("ssm:GetParameter", "arn:aws:ssm:eu-west-1::parameter/aws/service/x", None),
            ("rds:DescribeDBClusterSnapshots", "*", None),
            ("nosuch:Action", "*", None),
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
