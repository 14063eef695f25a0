//! Actions that act on none of the resources of their statement, by the catalogue: naming them there grants and denies nothing.

use super::policy::List;
use crate::aws::arns::Reach;
use crate::aws::catalogue::{Action, Level, Service};
use crate::aws::linted::has_complete_types;

/// What a list of resources reaches; `None` where that is not known, where one of them is no ARN, and for all but some.
pub fn reaches(resources: &List) -> Option<Vec<Reach>> {
    let known = !resources.negated && !resources.texts.is_empty();
    let reach = |text: &super::policy::Text| Reach::new(&text.text).filter(|_| text.is_known());
    known.then(|| resources.texts.iter().map(reach).collect::<Option<_>>()).flatten()
}

/// Whether an action acts on none of these. AWS lists the types of what can be tagged incompletely: of actions on tags that is not known.
/// Nor is it known of an action without types on all that a service has (`arn:aws:s3:::*`), which AWS's own policies give it.
pub fn acts_on_none(service: &Service, action: &Action, reaches: &[Reach]) -> bool {
    let on_all = |reach: &Reach| action.resources.is_empty() && reach.is_all_of(&service.prefix);
    action.level != Level::Tagging && !reaches.iter().any(|r| on_all(r) || r.reaches_action(service, action))
}

/// Whether types may be missing that would make a difference: a service has none listed, or a resource is of the service itself, and AWS
/// lists types incompletely.
pub fn may_be_incomplete(service: &Service, reaches: &[Reach], arns: &[&str]) -> bool {
    let is_of = |name: &str| name == service.prefix || arns.iter().any(|arn| arn.split(':').nth(2) == Some(name));
    service.resources.is_empty()
        || !has_complete_types(&service.prefix) && reaches.iter().any(|r| r.service().is_none_or(is_of))
}
