//! How entities are named: in full, or by an id that tells its type by its form.

use crate::iam::principal::is_account;
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
        if let Some((ty, id)) = plain(text) {
            return Some(Written::Full(Uid::new(local(ty), id)));
        }
        // without a quote it is none of Cedar's
        if !text.contains('"') {
            return Some(Written::Bare(text.to_owned()));
        }
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

/// The type and the id of a uid that Cedar would read so too, for that takes its time: a name in capitals, and an id without escapes.
fn plain(text: &str) -> Option<(&str, &str)> {
    let (ty, rest) = text.split_once("::\"")?;
    let id = rest.strip_suffix('"')?;
    let name = local(ty);
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    (is_name && id.bytes().all(is_plain)).then_some((ty, id))
}

/// The type that an id tells by its form.
pub fn type_of_id(id: &str) -> Option<&'static str> {
    if is_account(id) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_here_cedar_reads_alike() {
        let texts = [
            r#"Account::"111122223333""#,
            r#"Artifact::User::"arn:aws:iam::111122223333:user/jane""#,
            r#"A::"""#,
            r#"Account::"a b ~ // /* x""#,
            r#"Other::Account::"1""#,
            r#"account::"1""#,
            r#"in::"1""#,
            r#"Account::"1" "#,
            r#"Account::"a\"b""#,
            r#"Account::"a\u{41}""#,
            r#"Account::"a"b""#,
            r#"Account::"é""#,
            r#"Account ::"1""#,
            r#"::"1""#,
            "Account::1",
            "arn:aws:iam::111122223333:user/jane",
            "",
        ];
        let mut read = 0;
        for text in texts {
            let of_cedar = text.parse::<cedar_policy::EntityUid>().ok();
            let of_cedar = of_cedar.map(|uid| (uid.type_name().to_string(), uid.id().unescaped().to_owned()));
            if let Some((ty, id)) = plain(text) {
                assert_eq!(Some((ty.to_owned(), id.to_owned())), of_cedar, "{text}");
                read += 1;
            }
            assert!(text.contains('"') || of_cedar.is_none(), "{text}");
        }
        assert_eq!(read, 4);
    }
}
