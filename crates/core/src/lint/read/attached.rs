//! In whom a policy is inline: the role, user, group or permission set that a resource names. Two resources with the same words are about the
//! same one; what is there any number of times, or only perhaps, is about nobody.

use super::choice::is_unknown;
use super::kinds::holder;
use crate::lint::policy::Holder;
use crate::problem::SourceFile;
use crate::text::UNKNOWN;
use crate::text::json::Node;

/// Which attribute of a resource of Terraform names whom its policy is inline in.
const ATTRIBUTES: [(&str, &str); 4] = [
    ("aws_iam_role_policy", "role"),
    ("aws_iam_user_policy", "user"),
    ("aws_iam_group_policy", "group"),
    (OF_PERMISSION_SETS, "permission_set_arn"),
];

/// The resource that is the one inline policy of a permission set.
pub const OF_PERMISSION_SETS: &str = "aws_ssoadmin_permission_set_inline_policy";

/// Whom the policies of a resource of Terraform are inline in, as far as it says so.
pub fn in_terraform(source: &SourceFile, ty: &str, name: &str, body: &Node) -> Option<String> {
    let provider = body.get("provider").map(|p| source.slice(p.span)).unwrap_or_default();
    // each role that there is of these has its own
    if ty == "aws_iam_role" {
        return Some(format!("{provider} {ty}.{name}"));
    }
    let (_, attribute) = ATTRIBUTES.iter().find(|(own, _)| *own == ty)?;
    if body.get("count").is_some() || body.get("for_each").is_some() {
        return None;
    }
    let whom = body.get(attribute)?;
    let raw = source.slice(whom.span).trim();
    match whom.as_str() {
        Some(text) if !text.contains(UNKNOWN) => Some(format!("{provider} {attribute} \"{text}\"")),
        _ if is_unknown(whom) && is_reference(raw) => {
            let whole = raw.strip_suffix(".name").or_else(|| raw.strip_suffix(".id")).unwrap_or(raw);
            Some(format!("{provider} {whole}"))
        }
        _ => None,
    }
}

/// A name that means the same wherever it stands in a folder.
fn is_reference(raw: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.[]\"".contains(c);
    let is_own =
        ["each.", "count.", "self."].iter().any(|own| raw.starts_with(own) || raw.contains(&format!("[{own}")));
    raw.contains('.') && raw.chars().all(is_part) && !is_own
}

/// Whom the policies of a resource of CloudFormation are inline in, and what that is. `pointer` is where the resource stands.
pub fn in_cloudformation(source: &SourceFile, ty: &str, node: &Node, pointer: &str) -> (Option<Holder>, Vec<String>) {
    const LISTS: [(&str, Holder); 3] = [("Users", Holder::User), ("Groups", Holder::Group), ("Roles", Holder::Role)];
    const ONE: [(&str, &str); 3] = [
        ("AWS::IAM::RolePolicy", "RoleName"),
        ("AWS::IAM::UserPolicy", "UserName"),
        ("AWS::IAM::GroupPolicy", "GroupName"),
    ];
    let (template, logical) = pointer.rsplit_once('.').unwrap_or(("", pointer));
    let Some(properties) = node.get("Properties") else {
        return (None, Vec::new());
    };
    let always = node.get("Condition").is_none();
    let named = |holder: Holder, nodes: &[Node]| {
        let names = nodes.iter().filter(|_| always).filter_map(|n| whom(source, n));
        names.map(|name| format!("{template} {holder:?} {name}")).collect()
    };
    if let (Some((_, key)), Some(holder)) = (ONE.iter().find(|(own, _)| *own == ty), holder(ty)) {
        return (None, properties.get(key).map_or_else(Vec::new, |n| named(holder, std::slice::from_ref(n))));
    }
    match ty {
        "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => {
            (None, holder(ty).map(|holder| format!("{template} {holder:?} {logical}")).into_iter().collect())
        }
        // of several kinds, the one that may have the least
        "AWS::IAM::Policy" => {
            let listed = |key: &str| properties.get(key).and_then(Node::as_array).filter(|l| !l.is_empty());
            let first = LISTS.iter().find_map(|(key, holder)| Some((*holder, listed(key)?)));
            first.map_or((None, Vec::new()), |(holder, nodes)| (Some(holder), named(holder, nodes)))
        }
        _ => (None, Vec::new()),
    }
}

/// The name of whom a policy is inline in, or of the resource or parameter that says it: `!Ref Role`, `{"Ref": "Role"}`.
fn whom(source: &SourceFile, node: &Node) -> Option<String> {
    if let Some(text) = node.as_str().filter(|text| !text.contains(UNKNOWN)) {
        return Some(format!("\"{text}\""));
    }
    let raw: String = source.slice(node.span).chars().filter(|c| !c.is_whitespace() && !"{}\"'".contains(*c)).collect();
    let name = raw.strip_prefix("!Ref").or_else(|| raw.strip_prefix("Ref:")).unwrap_or(&raw);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    (is_unknown(node) && is_name).then(|| name.to_owned())
}
