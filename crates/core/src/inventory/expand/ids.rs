//! How entities are named: in full, or by an id that tells its type by its form.

use crate::inventory::entity::Uid;
use crate::inventory::schema::local;
use crate::text::json::Node;

pub(super) enum Written {
    Full(Uid),
    Bare(String),
}

/// How a reference is written: `Type::"id"`, `{ "type", "id" }`, `{ "__entity": … }`, or a bare id.
pub(super) fn written(node: &Node) -> Option<Written> {
    if let Some(text) = node.as_str() {
        if let Ok(uid) = text.parse::<cedar_policy::EntityUid>() {
            let ty = uid.type_name().to_string();
            return Some(Written::Full(Uid::new(local(&ty), uid.id().unescaped())));
        }
        return Some(Written::Bare(text.to_owned()));
    }
    let inner = node.get("__entity").unwrap_or(node);
    let ty = inner.get("type")?.as_str()?;
    let id = inner.get("id")?.as_str()?;
    Some(Written::Full(Uid::new(local(ty), id)))
}

/// The type that an id tells by its form.
pub fn type_of_id(id: &str) -> Option<&'static str> {
    if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) {
        return Some("Account");
    }
    const PREFIXES: [(&str, &str); 7] = [
        ("o-", "Organization"),
        ("ou-", "OrganizationalUnit"),
        ("customer-agreement-", "CustomerAgreement"),
        ("agreement-", "Agreement"),
        ("report-", "Report"),
        ("offline-", "OfflineAgreement"),
        ("p-", "IamPolicy"),
    ];
    if let Some((_, ty)) = PREFIXES.iter().find(|(prefix, _)| id.starts_with(prefix)) {
        return Some(ty);
    }
    let mut segments = id.splitn(6, ':');
    if segments.next() != Some("arn") {
        return None;
    }
    let service = segments.nth(1)?;
    let resource = segments.nth(2)?;
    match (service, resource.split('/').next()?) {
        ("iam", "user") => Some("User"),
        ("iam", "role") => Some("Role"),
        ("iam", "root") => Some("Root"),
        ("iam", "group") => Some("Group"),
        ("iam" | "organizations", "policy") => Some("IamPolicy"),
        ("sso", "permissionSet") => Some("PermissionSet"),
        _ => None,
    }
}

/// `an Account`, `a User`.
pub fn article(ty: &str) -> String {
    let vowel = ty.starts_with(['A', 'E', 'I', 'O']);
    format!("{} {ty}", if vowel { "an" } else { "a" })
}
