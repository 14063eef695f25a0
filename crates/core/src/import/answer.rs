//! An answer of AWS: what it is, by its content; whom it is about, by its file's name; and its fields, with their places.

use std::sync::Arc;

use super::moments;
pub use crate::iam::principal::is_account;
use crate::moment::Moment;
use crate::problem::{Place, Problem, SourceFile, Span};
use crate::text::json::{Node, Value};

/// A file that holds an answer.
pub struct CliAnswer {
    /// Its text.
    pub source: Arc<SourceFile>,
    /// Its JSON.
    pub root: Node,
    /// What it is.
    pub kind: AnswerKind,
    /// The record of a failed call stands beside it: whether it is all that the call returns is not known.
    pub failed: bool,
}

/// The answers that are understood, by the member that tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AnswerKind {
    Organization,
    Accounts,
    Account,
    Roots,
    Units,
    Unit,
    Parents,
    Children,
    Policies,
    Policy,
    Targets,
    ServiceAccess,
    DelegatedAdministrators,
    DelegatedServices,
    Tags,
    AuthorizationDetails,
    /// What an account's IAM counts.
    AccountSummary,
    PermissionSets,
    PermissionSet,
    InlinePolicy,
    ManagedPolicies,
    CustomerManagedPolicies,
    PermissionsBoundary,
    Assignments,
    /// The accounts in which a permission set is assigned.
    ProvisionedIn,
    StoreUsers,
    StoreGroups,
    StoreMemberships,
    Instances,
    CustomerAgreements,
    Reports,
    AccountSettings,
    CloudTrail,
    LookupEvents,
    /// One event, as EventBridge hands it on.
    Handed,
    /// What the collecting script notes.
    Collection,
}

const KINDS: [(&str, AnswerKind); 38] = [
    ("SummaryMap", AnswerKind::AccountSummary),
    ("Organization", AnswerKind::Organization),
    ("Accounts", AnswerKind::Accounts),
    ("Account", AnswerKind::Account),
    ("Roots", AnswerKind::Roots),
    ("OrganizationalUnits", AnswerKind::Units),
    ("OrganizationalUnit", AnswerKind::Unit),
    ("Parents", AnswerKind::Parents),
    ("Children", AnswerKind::Children),
    ("UserDetailList", AnswerKind::AuthorizationDetails),
    ("RoleDetailList", AnswerKind::AuthorizationDetails),
    ("GroupDetailList", AnswerKind::AuthorizationDetails),
    ("Policies", AnswerKind::Policies),
    ("Policy", AnswerKind::Policy),
    ("Targets", AnswerKind::Targets),
    ("EnabledServicePrincipals", AnswerKind::ServiceAccess),
    ("DelegatedAdministrators", AnswerKind::DelegatedAdministrators),
    ("DelegatedServices", AnswerKind::DelegatedServices),
    ("Tags", AnswerKind::Tags),
    ("PermissionSets", AnswerKind::PermissionSets),
    ("PermissionSet", AnswerKind::PermissionSet),
    ("InlinePolicy", AnswerKind::InlinePolicy),
    ("AttachedManagedPolicies", AnswerKind::ManagedPolicies),
    ("CustomerManagedPolicyReferences", AnswerKind::CustomerManagedPolicies),
    ("PermissionsBoundary", AnswerKind::PermissionsBoundary),
    ("AccountAssignments", AnswerKind::Assignments),
    ("AccountIds", AnswerKind::ProvisionedIn),
    ("Users", AnswerKind::StoreUsers),
    ("Groups", AnswerKind::StoreGroups),
    ("GroupMemberships", AnswerKind::StoreMemberships),
    ("Instances", AnswerKind::Instances),
    ("customerAgreements", AnswerKind::CustomerAgreements),
    ("reports", AnswerKind::Reports),
    ("accountSettings", AnswerKind::AccountSettings),
    ("Records", AnswerKind::CloudTrail),
    ("Events", AnswerKind::LookupEvents),
    ("detail-type", AnswerKind::Handed),
    ("countersignCollection", AnswerKind::Collection),
];

/// What an answer is; `None` where the object is none.
pub fn kind(root: &Node) -> Option<AnswerKind> {
    KINDS.iter().find(|(key, _)| root.get(key).is_some()).map(|(_, kind)| *kind)
}

impl CliAnswer {
    /// A page that is followed by another says nothing of what is not on it.
    pub fn truncation(&self) -> Option<Problem> {
        let next = ["NextToken", "nextToken", "Marker", "NextMarker"];
        let token = |key: &&str| self.root.member(key).filter(|m| !matches!(&m.node.value, Value::Null));
        let truncated = self.root.member("IsTruncated").filter(|m| m.node.value == Value::Bool(true));
        let member = next.iter().find_map(token).or(truncated)?;
        let message = "this is one page of several: the other pages are missing";
        let help =
            "collect it again without options such as --max-items and --no-paginate: the AWS CLI then joins the pages";
        Some(Problem::at(&self.source, member.key_span, message).help(help))
    }

    /// The account that the file's name, or a folder above it, names.
    pub fn account(&self) -> Option<String> {
        account_of(&self.source.path)
    }

    /// The root or unit that the name names.
    pub fn node(&self) -> Option<String> {
        self.subject(|t| is_unit(t) || is_root(t), false)
    }

    /// The policy of Organizations that the name names.
    pub fn policy(&self) -> Option<String> {
        self.subject(|t| t.strip_prefix("p-").is_some_and(|p| p.len() >= 8), false)
    }

    /// The id of the permission set that the name names.
    pub fn permission_set(&self) -> Option<String> {
        self.subject(|t| t.strip_prefix("ps-").is_some_and(|p| p.len() >= 16), false)
    }

    /// A token of the file's name, or of the nearest folder above, that `is` one; `inside` looks between hyphens too.
    fn subject(&self, is: impl Fn(&str) -> bool, inside: bool) -> Option<String> {
        subject(&self.source.path, is, inside)
    }
}

/// The account that a path names: in the name of the file, or in that of the nearest folder.
pub fn account_of(path: &str) -> Option<String> {
    subject(path, |t| is_account(t) && !is_minute(t), true)
}

fn subject(path: &str, is: impl Fn(&str) -> bool, inside: bool) -> Option<String> {
    path.rsplit('/').find_map(|part| {
        let tokens = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        let pieces = tokens.flat_map(|t| std::iter::once(t).chain(t.split(['-', '_']).filter(|_| inside)));
        pieces.into_iter().find(|t| is(t)).map(str::to_owned)
    })
}

/// Whether twelve digits are a minute, 202611220215: files are named after the time of their collection too, and an account
/// must not be told by that.
fn is_minute(digits: &str) -> bool {
    let recent = digits.starts_with("20");
    recent && chrono::NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M").is_ok()
}

/// Whether a text is the id of an organizational unit.
pub fn is_unit(id: &str) -> bool {
    id.strip_prefix("ou-").is_some_and(|rest| rest.contains('-') && rest.len() >= 13)
}

/// Whether a text is the id of a root.
pub fn is_root(id: &str) -> bool {
    id.strip_prefix("r-").is_some_and(|rest| rest.len() >= 4 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Whether a text is the id of an organization.
pub fn is_organization(id: &str) -> bool {
    id.strip_prefix("o-").is_some_and(|rest| rest.len() >= 10 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Reads the fields of an object; what is wrong with them goes to `problems`.
pub struct Fields<'a> {
    /// The file.
    pub source: &'a Arc<SourceFile>,
    /// The object.
    pub node: &'a Node,
    /// What is wrong.
    pub problems: &'a mut Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// The fields of an object inside this one.
    pub fn of<'s>(&'s mut self, node: &'a Node) -> Fields<'s>
    where
        'a: 's,
    {
        Fields { source: self.source, node, problems: self.problems }
    }

    /// An error at a place.
    pub fn wrong(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem::at(self.source, span, message).help(help));
    }

    /// A field that is there, and not null.
    pub fn get(&self, name: &str) -> Option<&'a Node> {
        self.node.get(name).filter(|n| n.value != Value::Null)
    }

    /// A string.
    pub fn text(&mut self, name: &str) -> Option<&'a str> {
        let node = self.get(name)?;
        if node.as_str().is_none() {
            self.wrong(node.span, format!("`{name}` must be a string, but this is {}", node.kind()), COLLECT);
        }
        node.as_str()
    }

    /// A string that has to be there.
    pub fn needed(&mut self, name: &str) -> Option<&'a str> {
        if self.get(name).is_none() {
            let span = self.node.span.first();
            self.wrong(span, format!("this entry has no `{name}`"), COLLECT);
        }
        self.text(name)
    }

    /// A string that has to be there, of a form.
    pub fn id(&mut self, name: &str, is: fn(&str) -> bool, wanted: &str) -> Option<&'a str> {
        let text = self.needed(name)?;
        if !is(text) {
            let span = self.get(name).map_or(self.node.span, |n| n.span);
            self.wrong(span, format!("`{text}` is not a valid {wanted}"), COLLECT);
            return None;
        }
        Some(text)
    }

    /// A moment, in any spelling.
    pub fn moment(&mut self, name: &str) -> Option<Moment> {
        let node = self.get(name)?;
        let moment = match &node.value {
            Value::String(text) | Value::Number(text) => moments::parse(text),
            _ => None,
        };
        if moment.is_none() {
            self.wrong(
                node.span,
                format!("`{name}` is not a valid date or time"),
                "AWS writes 2024-03-05T14:01:12Z or epoch seconds",
            );
        }
        moment
    }

    /// The elements of a list; none where it is not there.
    pub fn list(&mut self, name: &str) -> &'a [Node] {
        let Some(node) = self.get(name) else {
            return &[];
        };
        if node.as_array().is_none() {
            self.wrong(node.span, format!("`{name}` must be a list, but this is {}", node.kind()), COLLECT);
        }
        node.as_array().unwrap_or_default()
    }

    /// The entries of a list, each an object.
    pub fn entries(&mut self, name: &str) -> Vec<&'a Node> {
        let nodes = self.list(name);
        for node in nodes.iter().filter(|n| n.as_object().is_none()) {
            self.wrong(node.span, format!("`{name}` must be a list of objects, but this is {}", node.kind()), COLLECT);
        }
        nodes.iter().filter(|n| n.as_object().is_some()).collect()
    }

    /// The name of the file, for what tells so: where it lies may change from import to import.
    pub fn file(&self) -> &'a str {
        self.source.path.rsplit('/').next().unwrap_or_default()
    }

    /// Where the object stands.
    pub fn place(&self) -> Place {
        Place { source: self.source.clone(), span: self.node.span }
    }
}

/// What to do about an answer that is not as AWS gives it.
pub const COLLECT: &str = "collect this output again: AWS does not write it like this";
