//! The types of resources, and their ARNs (`data/artifact.json`); patterns of policies by their segments.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::iam::document::ResourcePattern;
use crate::iam::patterns::overlap;
use crate::iam::template::{Syntax, Template};
use crate::text::UNKNOWN;

/// A type of resource.
#[derive(Debug, Deserialize)]
pub struct Type {
    /// Its name in ARNs.
    #[serde(rename = "type")]
    pub name: String,
    /// The ARNs of the type in a `{partition}`, as a policy names all of them.
    arn: String,
    /// The pattern of the last segment.
    id: String,
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[derive(Default, Deserialize)]
struct Data {
    resources: Vec<Type>,
}

/// All types of resources.
pub fn types() -> &'static [Type] {
    static TYPES: LazyLock<Data> =
        LazyLock::new(|| serde_json::from_str(include_str!("../../../../data/artifact.json")).unwrap_or_default());
    &TYPES.resources
}

/// The types of AWS Artifact's own resources.
pub fn of_artifact() -> impl Iterator<Item = &'static Type> {
    types().iter().filter(|ty| ty.is_of_artifact())
}

/// The type of this name.
pub fn named(name: &str) -> Option<&'static Type> {
    types().iter().find(|ty| ty.name == name)
}

/// The ARNs of a type in every partition, as patterns.
pub fn patterns(ty: &Type) -> &'static [ResourcePattern] {
    static PATTERNS: LazyLock<Vec<(&Type, Vec<ResourcePattern>)>> = LazyLock::new(|| {
        let patterns = |ty: &Type| {
            let parse = |p: &super::Partition| ResourcePattern::parse(&ty.arn(&p.name), false).ok();
            super::partitions().iter().filter_map(parse).collect()
        };
        types().iter().map(|ty| (ty, patterns(ty))).collect()
    });
    PATTERNS.iter().find(|(t, _)| *t == ty).map_or(&[], |(_, p)| p)
}

impl Type {
    /// The ARNs of this type, as a policy names all of them.
    pub fn arn(&self, partition: &str) -> String {
        self.arn.replace("{partition}", partition)
    }

    /// It is a resource of AWS Artifact.
    pub fn is_of_artifact(&self) -> bool {
        self.service() == "artifact"
    }

    /// Its ARNs name a Region.
    pub fn has_region(&self) -> bool {
        !self.segment(3).is_empty()
    }

    /// Its ARNs name an account.
    pub fn has_account(&self) -> bool {
        !self.segment(4).is_empty()
    }

    fn service(&self) -> &str {
        self.segment(2)
    }

    fn segment(&self, index: usize) -> &str {
        self.arn.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

/// The part of an ARN that keeps a pattern from matching anything of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Wrong {
    /// Another service, or another type of resource.
    Resource,
    Region,
    Account,
    Partition,
}

/// A pattern of a policy's `Resource`, by its segments. A character that is not known stands for any text.
pub struct ArnText {
    segments: Vec<String>,
}

impl ArnText {
    /// Splits a pattern at its first five colons; short patterns that end in `*` are filled up with `*`.
    pub fn new(text: &str) -> Self {
        let mut segments: Vec<String> = text.splitn(6, ':').map(|s| s.replace(UNKNOWN, "*")).collect();
        // what is not known may hold colons, and most often is the ARN of something
        let begins = text.split(':').next().is_some_and(|s| s.contains(UNKNOWN));
        if begins || segments.len() < 6 && text.contains(UNKNOWN) {
            segments = vec!["*".to_owned()];
        }
        if segments.len() < 6 && segments.last().is_some_and(|s| s.ends_with('*')) {
            segments.resize(6, "*".to_owned());
        }
        Self { segments }
    }

    /// A segment, as a pattern.
    pub fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", String::as_str)
    }

    /// It has six segments, or is filled up to them.
    pub fn is_whole(&self) -> bool {
        self.segments.len() == 6
    }

    /// Whether it can match something of a type; else the segments that keep it from that.
    pub fn reaches(&self, ty: &Type) -> Result<(), Vec<Wrong>> {
        if !self.is_whole() {
            return Err(vec![Wrong::Resource]);
        }
        let one_of = |index: usize, texts: &[&str]| texts.iter().any(|t| glob(self.segment(index)).matches(t));
        let mut wrong = Vec::new();
        let named = one_of(0, &["arn"]) && one_of(2, &[ty.service()]) && overlap(&glob(self.segment(5)), &glob(&ty.id));
        if !named {
            wrong.push(Wrong::Resource);
        }
        if if ty.has_region() { !may_be_region(self.segment(3)) } else { !one_of(3, &[""]) } {
            wrong.push(Wrong::Region);
        }
        if if ty.has_account() { !may_be_account(self.segment(4)) } else { !one_of(4, &[""]) } {
            wrong.push(Wrong::Account);
        }
        let partition = glob(self.segment(1));
        let in_one = match ty.is_of_artifact() {
            true => super::partitions().iter().any(|p| partition.matches(&p.name)),
            false => !self.segment(1).is_empty(),
        };
        if !in_one {
            wrong.push(Wrong::Partition);
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn glob(text: &str) -> Template {
    Template::parse(text, Syntax { wildcards: true, variables: false }).unwrap_or_default()
}

fn may_be_region(text: &str) -> bool {
    !text.is_empty()
}

/// Whether a pattern can match twelve digits.
fn may_be_account(text: &str) -> bool {
    if !text.contains('*') {
        return text.chars().count() == 12 && text.chars().all(|c| c.is_ascii_digit() || c == '?');
    }
    let fixed = text.chars().filter(|c| *c != '*');
    text.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '?') && fixed.count() <= 12
}

/// Whether a text has the form of an id of AWS Artifact: the type's name, and sixteen letters and digits.
pub fn is_id(ty: &str, text: &str) -> bool {
    let rest = text.strip_prefix(ty).and_then(|r| r.strip_prefix('-'));
    rest.is_some_and(|r| r.len() == 16 && r.chars().all(|c| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_reach_their_types() {
        let reaches = |text: &str, ty: &str| ArnText::new(text).reaches(named(ty).unwrap());
        assert_eq!(types().len(), 6);
        for ty in types() {
            assert_eq!(reaches(&ty.arn("aws"), &ty.name), Ok(()), "{ty:?}");
            assert_eq!(reaches("*", &ty.name), Ok(()), "{ty:?}");
        }
        assert_eq!(reaches("arn:aws:artifact:us-east-1::report/report-X", "report"), Err(vec![Wrong::Resource]));
        assert_eq!(reaches("arn:aws:artifact:us-east-1::report/report-X:*", "report"), Ok(()));
        assert_eq!(reaches("arn:aws:artifact::111122223333:agreement/*", "agreement"), Err(vec![Wrong::Account]));
        assert_eq!(reaches("arn:aws-cn:artifact:::agreement/*", "agreement"), Err(vec![Wrong::Partition]));
        assert_eq!(reaches("arn:aws:iam:::role/*", "role"), Err(vec![Wrong::Account]));
        assert_eq!(reaches("arn:aws:iam::1111*3333:role/x", "role"), Ok(()));
    }

    #[test]
    fn some_have_a_region_and_some_an_account() {
        let having =
            |has: fn(&Type) -> bool| types().iter().filter(|ty| has(ty)).map(|ty| ty.name.as_str()).collect::<Vec<_>>();
        assert_eq!(having(Type::has_region), ["report", "compliance-inquiry"]);
        assert_eq!(having(Type::has_account), ["customer-agreement", "compliance-inquiry", "role"]);
        assert_eq!(of_artifact().count(), 5);
    }
}
