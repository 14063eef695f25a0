//! The ARNs of the catalogue's types of resources, and whether a pattern of a policy can reach one.
//!
//! It errs on the side of reaching: where a part of an ARN differs from resource to resource, anything fits it, nothing too.

use super::catalogue::{Action, Catalogue, Resource, Service};
use super::resources::ArnText;
use super::{all_partitions, is_partition};
use crate::iam::patterns::overlap;
use crate::iam::template::{Syntax, Template, TemplatePart};
use crate::problem::{did_you_mean, meant};

/// A pattern of a policy's `Resource`. A policy variable, and what is not known, may stand for any text.
pub struct Reach {
    segments: Vec<Template>,
    service: String,
}

impl Reach {
    /// Splits a pattern; `None` where it has not the parts of an ARN.
    pub fn new(text: &str) -> Option<Self> {
        let arn = ArnText::new(&without_variables(text, "*"));
        let segments = (0..PARTS).map(|i| glob(arn.segment(i))).collect();
        arn.is_whole().then(|| Self { segments, service: arn.segment(2).to_owned() })
    }

    /// The service that it names; `None` where that is a pattern.
    pub fn service(&self) -> Option<&str> {
        Some(self.service.as_str()).filter(|s| !s.is_empty() && !s.contains(['*', '?']))
    }

    /// Whether it is `*`, or as good as that: it reaches what has no resource as well.
    pub fn is_everything(&self) -> bool {
        self.segments.iter().all(Template::is_any)
    }

    /// Whether it is every resource of a service, whatever their types.
    pub fn is_all_of(&self, service: &str) -> bool {
        let all = self.segments.last().is_some_and(Template::is_any);
        all && self.service().is_none_or(|own| own == service)
    }

    /// Whether it can match a resource of a type.
    pub fn reaches(&self, resource: &Resource) -> bool {
        resource.shapes().iter().any(|shape| {
            !(shape.is_bucket && self.has_slash())
                && shape.segments.iter().zip(&self.segments).all(|(part, own)| overlap(own, part))
        })
    }

    /// The name of a bucket has no slash, which is what tells a bucket from an object.
    fn has_slash(&self) -> bool {
        let has = |part: &TemplatePart| matches!(part, TemplatePart::Literal(text) if text.contains('/'));
        self.segments.last().is_some_and(|name| name.parts.iter().any(has))
    }

    /// Whether it can match a resource that an action acts on.
    pub fn reaches_action(&self, service: &Service, action: &Action) -> bool {
        self.is_everything()
            || action.resources.iter().filter_map(|(name, _)| service.resource(name)).any(|r| self.reaches(r))
    }
}

/// The parts of an ARN.
const PARTS: usize = 6;

impl Catalogue {
    /// The types of resources whose ARNs name a service: those of the service itself first.
    pub fn resources_of(&self, namespace: &str) -> impl Iterator<Item = &Resource> {
        let is_named = move |r: &&Resource| r.arns.iter().any(|arn| arn.split(':').nth(2) == Some(namespace));
        let own = self.service(namespace).into_iter();
        let others = self.prefixes().filter(move |p| *p != namespace).filter_map(|p| self.service(p));
        own.chain(others).flat_map(|s| &s.resources).filter(is_named)
    }
}

/// What is wrong with a partition that AWS does not have.
pub struct NoPartition {
    /// In one sentence.
    pub message: String,
    /// What to write.
    pub help: String,
    /// The partition that was probably meant.
    pub near: Option<&'static str>,
}

/// What is said of the partition of an ARN, where AWS has none of this name. A pattern, a blank to fill in and what is not known are
/// taken for one.
pub fn no_partition(partition: &str) -> Option<NoPartition> {
    let is_name = !partition.is_empty() && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if !is_name || partition == "partition" || is_partition(partition) {
        return None;
    }
    let near = did_you_mean(partition, all_partitions().iter().map(String::as_str));
    let help = near.map_or_else(|| format!("the partitions are {}", all_partitions().join(", ")), meant);
    Some(NoPartition { message: format!("AWS has no partition `{partition}`: this names nothing"), help, near })
}

/// What an ARN of the catalogue's looks like, part by part.
#[derive(Clone, Debug)]
pub struct Shape {
    segments: Vec<Template>,
    /// It is that of a bucket, whose name has no slash.
    is_bucket: bool,
}

impl Shape {
    /// `None` for what has not the parts of an ARN.
    pub fn new(arn: &str) -> Option<Self> {
        let arn = without_variables(arn, "*");
        let parts: Vec<&str> = arn.splitn(PARTS, ':').collect();
        let is_bucket = matches!(parts.as_slice(), [_, _, "s3", "", _, "*"]);
        (parts.len() == PARTS).then(|| Self { segments: parts.into_iter().map(glob).collect(), is_bucket })
    }
}

fn glob(text: &str) -> Template {
    Template::parse(text, Syntax { wildcards: true, variables: false }).unwrap_or_default()
}

/// A text in which something stands for each `${…}`.
pub fn without_variables(text: &str, stands: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, variable)) = rest.split_once("${") {
        result.push_str(before);
        result.push_str(stands);
        rest = variable.split_once('}').map_or("", |(_, after)| after);
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_reach_the_types_that_they_name() {
        let catalogue = Catalogue::built_in();
        let reached = |text: &str, service: &str| {
            let reach = Reach::new(text).unwrap();
            catalogue.resources_of(service).any(|r| reach.reaches(r))
        };
        for (text, service) in [
            ("arn:aws:s3:::b/*", "s3"),
            ("arn:aws:s3:::${aws:PrincipalTag/team}-logs", "s3"),
            ("arn:*:kms:*:111122223333:key/*", "kms"),
            ("arn:aws:kms:*", "kms"),
            ("*", "sqs"),
        ] {
            assert!(reached(text, service), "{text}");
        }
        let s3 = catalogue.service("s3").unwrap();
        let acts = |action: &str, arn: &str| Reach::new(arn).unwrap().reaches_action(s3, s3.action(action).unwrap());
        assert!(acts("ListBucket", "arn:aws:s3:::b*") && acts("GetObject", "arn:aws:s3:::b/*"));
        assert!(!acts("ListBucket", "arn:aws:s3:::b/*") && !acts("GetObject", "arn:aws:s3:::b"));
        assert!(acts("GetObject", "arn:aws:s3:::b*") && !acts("ListAllMyBuckets", "arn:aws:s3:::b"));
        assert!(!reached("arn:aws:kms:us-east-1:111122223333:keys/1", "kms"));
        assert!(Reach::new("arn:aws:s3").is_none());
    }
}
