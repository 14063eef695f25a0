//! Policies of which it is not known what they say: how an import calls them, and the call that tells it.

/// What a permission set may be given, as an import calls it where it was not told, and the call that tells it.
const OF_PERMISSION_SETS: [(&str, &str); 4] = [
    (INLINE, "sso-admin get-inline-policy-for-permission-set"),
    (MANAGED, "sso-admin list-managed-policies-in-permission-set"),
    (CUSTOMER, "sso-admin list-customer-managed-policy-references-in-permission-set"),
    (BOUNDARY, "sso-admin get-permissions-boundary-for-permission-set"),
];

/// The inline policy of a permission set.
pub const INLINE: &str = "the inline policy of ";

/// The AWS managed policies of a permission set.
pub const MANAGED: &str = "the AWS managed policies of ";

/// The customer managed policies of a permission set.
pub const CUSTOMER: &str = "the customer managed policies of ";

/// The permissions boundary of a permission set.
pub const BOUNDARY: &str = "the permissions boundary of ";

/// The call that tells what a policy says; `None` where several may.
pub(super) fn call(policy: &str) -> Option<&'static str> {
    let of_set = OF_PERMISSION_SETS.iter().find(|(what, _)| policy.starts_with(what)).map(|(_, call)| *call);
    // the ids of Organizations and of IAM
    let of_organization = || policy.starts_with("p-").then_some("organizations describe-policy");
    let of_iam = || policy.starts_with("arn:").then_some("iam get-policy-version");
    of_set.or_else(of_organization).or_else(of_iam)
}
