//! What a rule may read of entities. Each question is asked with a few: the principal, the resource, those that the context names, and the
//! agreement, the account and the organization of the principal. Cedar takes what is not among them for empty, without a word, so
//! that a rule that reads behind these would be decided by what was not looked at.

use cedar_policy::{PolicySet, Schema, ValidationMode, ValidationResult, Validator};

use crate::problem::Problem;

/// How far Cedar lets a rule follow references: what the principal, the resource and the context are. What is read behind is told by
/// [`fault`], which knows what else is there.
const FOLLOWED: u32 = 1;

/// What of the principal is there as well.
const BESIDE: [&str; 3] = ["account", "agreement", "organization"];

/// The faults of policies by the schema, and where they read behind what is there.
pub fn validate(policies: &PolicySet, schema: &Schema) -> ValidationResult {
    Validator::new(schema.clone()).validate_with_level(policies, ValidationMode::Strict, FOLLOWED)
}

/// What Cedar tells of a policy that follows references further than [`FOLLOWED`]; `None` where what it reads is there.
pub fn fault(found: &Problem) -> Option<Problem> {
    let place = found.place().filter(|_| !is_there(found.underlined()))?;
    let message = "this reads an entity that is not there when the rule is asked, and would count as empty";
    let help = "a rule reads the principal, the resource, what the context names, and the agreement, the account and the \
                organization of the principal; it can compare what they refer to, and read nothing behind it";
    Some(Problem::at(&place.source, place.span, message).help(help))
}

/// Whether what is read is an attribute or a tag of what stands beside the principal.
fn is_there(read: &str) -> bool {
    let Some((beside, rest)) = step(read.trim().strip_prefix("principal").unwrap_or_default()) else { return false };
    let rest = rest.trim_start();
    let is_last = |rest: &str| {
        rest.strip_prefix("has").is_some_and(|r| r.starts_with(char::is_whitespace))
            || step(rest).is_some_and(|(name, rest)| rest.trim().is_empty() || ["hasTag", "getTag"].contains(&name))
    };
    BESIDE.contains(&beside) && is_last(rest)
}

/// A name behind a dot, and what follows it.
fn step(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('.')?.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at_checked(end)
}

#[cfg(test)]
mod tests {
    use super::is_there;

    #[test]
    fn what_stands_beside_the_principal_is_there_and_nothing_behind_it() {
        for read in [
            "principal.agreement.kind",
            "principal.organization has deletedAt",
            "principal . account\n.hasTag(\"a.b\")",
        ] {
            assert!(is_there(read), "{read}");
        }
        for read in [
            "principal.organization.managementAccount.state",
            "principal.organization.managementAccount has name",
            "context.organization.managementAccount.hasTag(\"a\")",
            "Artifact::Account::\"111111111111\" has name",
            "principal.account in Artifact::Organization::\"o\"",
            "principal.agreementOf.kind",
        ] {
            assert!(!is_there(read), "{read}");
        }
    }
}
