//! Condition keys: which there are, how AWS writes them, and what values each can have.

pub mod catalogued;
pub mod values;

use super::catalogue::Key;

/// Services whose own keys are known action by action.
pub(crate) const CATALOGUED: [&str; 3] = ["artifact", "iam", "organizations"];

/// Keys that hold a list even where it has one element.
pub(crate) const MULTI_VALUED: [&str; 7] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "aws:vpceorgpaths",
];

/// Global condition keys, as AWS writes them.
pub const SPELLINGS: [&str; 41] = [
    "aws:CalledVia",
    "aws:CurrentTime",
    "aws:Ec2InstanceSourceVpc",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:userid",
    "aws:username",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "artifact:ReportCategory",
    "artifact:ReportSeries",
    "iam:AWSServiceName",
    "iam:PermissionsBoundary",
    "organizations:ServicePrincipal",
];

/// Global keys of AWS besides those that are asked about.
const OTHER_GLOBAL: [&str; 19] = [
    "aws:AssumedRoot",
    "aws:CalledViaAWSMCP",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:ChatbotSourceArn",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:IsMcpServiceAction",
    // only AWS's own managed policies name it
    "aws:PrincipalOrgMasterAccountId",
    "aws:PrincipalServiceNamesList",
    "aws:SignInSessionArn",
    "aws:SourceOwner",
    "aws:SourceVpcAccount",
    "aws:SourceVpcOrgID",
    "aws:SourceVpceAccount",
    "aws:SourceVpceOrgID",
    "aws:SourceVpceOrgPaths",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
];

/// What values a key can have, as far as AWS documents it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nature {
    /// Never a list.
    pub single: bool,
    /// `true` or `false`.
    pub boolean: bool,
    /// A number, a moment or an address, whichever operators are meant for it.
    pub typed: bool,
    /// Values that a key can have of which not every text is one.
    pub samples: &'static [&'static str],
}

/// Global keys that are numbers, moments or addresses.
const TYPED: [&str; 6] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:multifactorauthage",
    "aws:sourceip",
    "aws:tokenissuetime",
    "aws:vpcsourceip",
];

/// Global keys that are true or false.
const BOOLEAN: [&str; 4] =
    ["aws:multifactorauthpresent", "aws:principalisawsservice", "aws:securetransport", "aws:viaawsservice"];

/// What values a key can have.
pub fn nature(key: &str) -> Nature {
    let element = of_service(key).map(Key::element).unwrap_or_default();
    Nature {
        single: is_single_valued(key),
        boolean: BOOLEAN.contains(&key) || element == "Bool",
        typed: TYPED.contains(&key) || matches!(element, "Numeric" | "Date" | "IPAddress"),
        samples: values::samples(key),
    }
}

/// A key of a service, or of credentials, in the catalogue.
fn of_service(key: &str) -> Option<&'static Key> {
    if key.starts_with("aws:") { None } else { catalogued::key(key) }
}

/// Whether a key in lower case holds a list even where it has one element.
pub fn is_multi_valued(key: &str) -> bool {
    MULTI_VALUED.contains(&key) || of_service(key).is_some_and(Key::is_multi_valued)
}

/// Whether a key never has a list of values: the global keys that are not known to have one, tags, and the keys of services whose
/// type the catalogue tells.
fn is_single_valued(key: &str) -> bool {
    let global = SPELLINGS.iter().any(|s| s.eq_ignore_ascii_case(key)) || tag(key).is_some();
    let of_service = key.split(':').next().is_some_and(|prefix| CATALOGUED.contains(&prefix));
    (global && !MULTI_VALUED.contains(&key)) || of_service || is_told_as_single(key)
}

fn is_told_as_single(key: &str) -> bool {
    self::of_service(key).is_some_and(|k| !k.kind.is_empty() && !k.is_multi_valued())
}

/// The tag that a key in lower case is about: keys of tags end in a name of the user's.
pub fn tag(key: &str) -> Option<&str> {
    ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/"].iter().find_map(|prefix| key.strip_prefix(prefix))
}

/// Every key that is known by its name, as AWS writes it: all but those of tags.
pub fn known_keys() -> impl Iterator<Item = &'static str> {
    SPELLINGS.iter().copied().chain(OTHER_GLOBAL)
}

/// A key as AWS writes it.
pub fn spelling(key: &str) -> String {
    if let Some(tag) = key.strip_prefix("aws:principaltag/") {
        return format!("aws:PrincipalTag/{tag}");
    }
    let common = SPELLINGS.iter().find(|s| s.eq_ignore_ascii_case(key)).map(|s| (*s).to_owned());
    common.or_else(|| catalogued::spelling(key)).unwrap_or_else(|| key.to_owned())
}
