//! The tags that a principal's requests carry: those of a user are its own, those of a role are its session's. And the source identity of
//! a session.

use super::knowledge::{Knowledge, Known};
use super::principals::is_service_linked;
use crate::iam::document::Statement;
use crate::iam::patterns::reaches_action;
use crate::inventory::Policy;
use crate::inventory::entity::Entity;
use crate::terms::PrincipalKind;

/// Whether the trust policy of a role can let somebody do something, whoever asks and on whatever condition.
fn allows(trust: &[Statement], action: &str) -> bool {
    trust.iter().any(|s| s.allow && reaches_action(s, action))
}

/// The tags of a principal's requests. Whoever assumes a role and may tag the session can give it tags that the role has not, and other
/// values to those that it has: they are known only where the role declares them. The attributes of a person become tags of the session
/// of a permission set, which are not known.
pub fn insert(
    knowledge: &mut Knowledge,
    (kind, arn): (PrincipalKind, &str),
    entity: Option<&Entity>,
    trust: Option<&Policy>,
) {
    let may = |action: &str| trust.is_none_or(|p| allows(&p.document.statements, action));
    // one that the session before had is passed on only where the trust policy allows it, too
    if kind == PrincipalKind::Role && !may("sts:SetSourceIdentity") {
        knowledge.insert("aws:sourceidentity", Known::Absent);
    }
    let tagged = !is_service_linked(arn) && may("sts:TagSession");
    let declared = entity.and_then(|e| e.set("sessionTags")).is_some();
    let open = match kind {
        PrincipalKind::PermissionSet => true,
        PrincipalKind::Role => !declared && tagged,
        PrincipalKind::User | PrincipalKind::Root => false,
    };
    if open {
        return;
    }
    knowledge.complete("aws:principaltag/");
    let own = entity.iter().flat_map(|e| e.tags.iter()).map(|(key, value)| (key.clone(), value.clone()));
    let of_session = entity.map(|e| e.texts("sessionTags")).unwrap_or_default();
    let of_session = of_session.iter().map(|tag| tag.split_once('=').unwrap_or((tag, "")));
    for (key, value) in own.chain(of_session.map(|(key, value)| (key.to_owned(), value.to_owned()))) {
        knowledge.set(&format!("aws:principaltag/{}", key.to_ascii_lowercase()), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::document;
    use crate::problem::SourceFile;
    use crate::text::json;

    #[test]
    fn a_trust_policy_can_let_sessions_be_tagged() {
        for (effect, actions, expected) in [
            ("Allow", r#""sts:AssumeRole""#, false),
            ("Allow", r#"["sts:AssumeRole", "sts:TagSession"]"#, true),
            ("Allow", r#""sts:*""#, true),
            ("Deny", r#""sts:*""#, false),
        ] {
            let text = format!(r#"{{"Statement": {{"Effect": "{effect}", "Principal": "*", "Action": {actions}}}}}"#);
            let source = SourceFile::new("trust.json", text);
            let mut problems = Vec::new();
            let read = document::read_of_resource(&source, &json::parse(&source).unwrap(), &mut problems);
            assert!(problems.is_empty(), "{problems:?}");
            assert_eq!(allows(&read.statements, "sts:TagSession"), expected, "{effect} {actions}");
        }
    }
}
