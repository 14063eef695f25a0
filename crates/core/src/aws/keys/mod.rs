//! Condition keys: which there are, how AWS writes them, and what values each can have.

pub mod values;

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

/// Global condition keys, as AWS writes them; others are shown in lower case.
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
const OTHER_GLOBAL: [&str; 18] = [
    "aws:AssumedRoot",
    "aws:CalledViaAWSMCP",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:ChatbotSourceArn",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:IsMcpServiceAction",
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
    Nature {
        single: is_single_valued(key),
        boolean: BOOLEAN.contains(&key),
        typed: TYPED.contains(&key),
        samples: values::samples(key),
    }
}

/// Whether a key never has a list of values: the global keys that are not known to have one, tags, and the keys of the
/// services that this project knows.
fn is_single_valued(key: &str) -> bool {
    let global = SPELLINGS.iter().any(|s| s.eq_ignore_ascii_case(key)) || tag(key).is_some();
    let of_service = key.split(':').next().is_some_and(|prefix| CATALOGUED.contains(&prefix));
    (global && !MULTI_VALUED.contains(&key)) || of_service
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
    SPELLINGS.iter().find(|s| s.eq_ignore_ascii_case(key)).map_or_else(|| key.to_owned(), |s| (*s).to_owned())
}
