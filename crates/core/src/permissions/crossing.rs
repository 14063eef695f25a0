//! The two readings of a `*` in an ARN (D25): it stays in its segment, or, at the end of a segment, it crosses colons.
//!
//! Sources do not settle it. Statements are evaluated by the first reading; where the second reaches a resource that the first does
//! not, a decision that depends on it is unknown (D30).

use super::context::{KeyValue, Keys, Request};
use super::layer::{Layer, LayerOutcome};
use crate::iam::crossing::{crossed, may_cross, whole_arn};
use crate::iam::document::{Clause, ResourcePattern};
use crate::iam::template::Template;
use crate::problem::Failure;

/// The resources of a statement as they are read for one request if a `*` crosses colons: the ARN stands among them by itself, where
/// a pattern reaches it so.
pub fn resources_for(clause: &Clause<ResourcePattern>, arn: &str, keys: &Keys) -> Clause<ResourcePattern> {
    let value = |key: &str| keys.get(key).and_then(KeyValue::single);
    let reaches = |(pattern, text): (&ResourcePattern, &String)| {
        let filled = match pattern {
            ResourcePattern::Arn(segments) => {
                let filled: Option<Vec<Template>> = segments.iter().map(|s| s.substitute(value)).collect();
                filled.and_then(|f| <[Template; 6]>::try_from(f).ok()).map(|f| ResourcePattern::Arn(Box::new(f)))
            }
            other => Some(other.clone()),
        };
        may_cross(text) && filled.is_some_and(|pattern| whole_arn(&pattern, text).matches(arn))
    };
    let crossed = clause.patterns.iter().zip(clause.texts.iter()).any(reaches);
    let (true, Some(segments)) = (crossed, literal(arn)) else {
        return clause.clone();
    };
    let own = ResourcePattern::Arn(Box::new(segments));
    let patterns: Vec<_> = clause.patterns.iter().cloned().chain([own]).collect();
    let texts: Vec<_> = clause.texts.iter().cloned().chain([arn.to_owned()]).collect();
    Clause::new(clause.negated, patterns, texts)
}

fn literal(arn: &str) -> Option<[Template; 6]> {
    <[Template; 6]>::try_from(arn.splitn(6, ':').map(Template::literal).collect::<Vec<_>>()).ok()
}

/// What a layer says of a request if a `*` at the end of a segment crosses colons.
pub fn decide(layer: &Layer, request: &Request) -> Result<LayerOutcome, Failure> {
    let Some(arn) = &request.resource else {
        return layer.decide(request);
    };
    let differs = |s: &super::layer::LayerStatement| crossed(&s.statement.resources, arn).next().is_some();
    if !layer.statements.iter().any(differs) {
        return layer.decide(request);
    }
    let whole = arn.join(":");
    let read = layer.statements.iter().map(|s| {
        let mut statement = s.statement.clone();
        statement.resources = resources_for(&statement.resources, &whole, &request.keys);
        statement
    });
    layer.with_statements(read.collect()).decide(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_that_ends_a_segment_may_cross_colons() {
        for (text, arn, narrow, wide) in [
            ("arn:aws:artifact:*:report/*", "arn:aws:artifact:us-east-1::report/r:1", false, true),
            ("arn:aws:sns:*:topic", "arn:aws:sns:us-east-1:111122223333:topic", false, true),
            ("arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/x", true, true),
            ("arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:a:role/x", false, true),
            ("arn:aws:iam::*1:role/x", "arn:aws:iam::111122223333:1:role/x", false, false),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/c:d", true, true),
        ] {
            let pattern = ResourcePattern::parse(text, true).unwrap();
            let segments: [String; 6] = arn.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
            let matches = match &pattern {
                ResourcePattern::Arn(patterns) => patterns.iter().zip(&segments).all(|(p, s)| p.matches(s)),
                _ => false,
            };
            assert_eq!(matches, narrow, "{text} {arn}");
            assert_eq!(whole_arn(&pattern, text).matches(arn), wide, "{text} {arn}");
            let clause = Clause::new(false, [pattern], [text.to_owned()]);
            assert_eq!(crossed(&clause, &segments).count(), usize::from(wide && !narrow), "{text} {arn}");
            let read = resources_for(&clause, arn, &Keys::new());
            assert_eq!(read.texts.len() > 1, wide && may_cross(text), "{text} {arn}");
        }
        for text in ["*", "arn:aws:s3:::*", "arn:*", "arn:aws:s3:::b*/c:d", "arn:aws:s3*", "**"] {
            assert!(!may_cross(text), "{text}");
        }
    }
}
