//! The policies in a tree: objects that are policies, strings that hold one, and what the tree says of them.

use std::sync::Arc;

use super::attached::{OF_PERMISSION_SETS, in_cloudformation, in_terraform};
use super::choice::{is_known, is_unknown};
use super::documents::{
    DOCUMENT, add_statements, decoded, file_argument, is_one_document, is_part, rendered, take_parts, with_version,
};
use super::embedded::{self, Mapped};
use super::given::Given;
use super::kinds::{
    by_name, by_path, holder, holder_of_list, of_another_cloud, of_cloudformation, of_key, of_terraform, of_type,
};
use super::manifests;
use super::parts::Parts;
use super::permissions;
use super::sam;
use super::siblings::{beside, boundary_of, managed, of_template, sibling_statements};
use super::statements;
use super::template;
use super::templates;
use super::terraform::calls::Document;
use super::terraform::expression;
use super::terraform::scope::{self, Scope, Scopes, folder, is_values};
use super::yaml;
use super::{
    Fault, FaultKind, Host, UNKNOWN, duplicate, is_terraform_json, looks_like_policy, placeholders, shown, unreadable,
};
use crate::aws::linted::is_of_other_language;
use crate::aws::managed as managed_policies;
use crate::aws::management::{self, Kind};
use crate::lint::edit;
use crate::lint::filled::filled;
use crate::lint::management::{ManagementPolicy, is_management_policy};
use crate::lint::policy::{Found, Holder, Policy, PolicyKind, SiblingPolicies, is_policy, size_of};
use crate::problem::{SourceFile, Span};
use crate::text::json::{Member, Node, Value};

/// A document of Terraform that a resource uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its folder, and the name of the data source there.
    pub document: Document,
    /// What it is used for.
    pub kind: Option<PolicyKind>,
    /// Where it is stored.
    pub holder: Option<Holder>,
    /// What uses it.
    pub name: String,
    /// Where it is used.
    pub span: Span,
    /// Whom it is inline in there.
    pub inline_in: Vec<String>,
    /// It is sent as it is written there, with white space.
    pub is_indented: bool,
}

/// A resource that is the inline policy of a permission set.
#[derive(Clone, Debug)]
pub struct OfSet {
    /// Its address.
    pub address: String,
    /// Of which set, by words that mean the same in its folder.
    pub whose: String,
    /// Where it begins.
    pub span: Span,
}

/// A file whose text a resource takes.
#[derive(Clone, Debug)]
pub struct FileReference {
    /// The path, relative to the file that names it.
    pub path: String,
    /// What it is used for.
    pub kind: Option<PolicyKind>,
    /// Where it is used.
    pub span: Span,
    /// Where it is stored.
    pub holder: Option<Holder>,
    /// Its text is sent as it is, or as it is filled in.
    pub is_sent: bool,
    /// It is a template.
    pub is_filled: bool,
    /// What its placeholders are filled in with.
    pub given: Option<Node>,
}

/// The attributes of Terraform's resources that hold policies.
const TERRAFORM_KEYS: [&str; 8] = [
    "policy",
    "inline_policy",
    "assume_role_policy",
    "content",
    "access_policy",
    "access_policies",
    "resource_policy",
    "policy_document",
];

/// Strings in strings are followed this deep.
const MAX_STRINGS: usize = 3;

/// Finds the policies of a file.
pub struct Finder<'a> {
    pub(super) source: &'a Arc<SourceFile>,
    given: Option<PolicyKind>,
    /// The names of a folder of Terraform.
    pub(super) scope: Option<&'a Scope<'a>>,
    scopes: Option<&'a Scopes<'a>>,
    /// What was found.
    pub policies: Vec<Policy>,
    /// The policies of AWS Organizations without statements.
    pub management: Vec<ManagementPolicy>,
    /// Operators of such policies stand somewhere in the file.
    has_operators: bool,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// Documents of Terraform that the file uses.
    pub references: Vec<Reference>,
    /// Files that the file uses.
    pub files: Vec<FileReference>,
    /// The inline policies of permission sets.
    pub sets: Vec<OfSet>,
}

/// A policy of AWS Organizations: its type, where that is known.
type OfOrganizations = Option<&'static Kind>;

/// What is known of a value by where it stands.
#[derive(Clone, Default)]
pub(super) struct Enclosing {
    pub(super) pointer: String,
    kind: Option<PolicyKind>,
    holder: Option<Holder>,
    names: Vec<String>,
    pub(super) beside: SiblingPolicies,
    strings: usize,
    /// A value here should be a policy.
    expected: bool,
    /// The policies of what this is are none of IAM.
    of_other_language: bool,
    /// The policy of AWS Organizations that this has.
    of_organizations: Option<OfOrganizations>,
    /// This is that policy.
    content: bool,
    /// The service whose actions a policy here may have, where it takes those of no other.
    of_service: Option<&'static str>,
    /// What the block around this is for each of.
    for_each: Option<Span>,
    /// This is the whole of a text.
    in_text: bool,
}

impl Enclosing {
    pub(super) fn below(&self, key: &str) -> Self {
        let mut below = self.clone();
        let dot = if below.pointer.is_empty() { "" } else { "." };
        below.pointer.push_str(&format!("{dot}{key}"));
        below.expected = false;
        below.content = false;
        below.in_text = false;
        below
    }
}

impl<'a> Finder<'a> {
    /// A finder for one file.
    pub fn new(source: &'a Arc<SourceFile>, given: Option<PolicyKind>, scopes: Option<&'a Scopes<'a>>) -> Self {
        let scope = scopes.map(|all| all.of(&source.path));
        Self {
            source,
            given,
            scope,
            scopes,
            policies: Vec::new(),
            management: Vec::new(),
            has_operators: source.text.contains("@@"),
            faults: Vec::new(),
            references: Vec::new(),
            files: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// Finds the policies in the whole tree.
    pub fn file(&mut self, root: &Node, host: Host) {
        let stem = self.source.path.rsplit('/').next().unwrap_or_default();
        let stem = stem.split('.').next().unwrap_or_default();
        let around = Enclosing { names: vec![stem.to_owned()], ..Enclosing::default() };
        if matches!(host, Host::Yaml | Host::Json) {
            self.manifest(root);
        }
        match root.get("resource_changes").and_then(Node::as_array) {
            Some(changes) => self.plan(changes, &around),
            None => self.value(root, &around, host),
        }
    }

    /// The files and managed policies that a manifest names.
    fn manifest(&mut self, root: &Node) {
        let manifest = manifests::manifest(root);
        let file = |(path, kind, holder, span)| FileReference {
            path,
            kind: Some(kind),
            span,
            holder,
            is_sent: false,
            is_filled: false,
            given: None,
        };
        self.files.extend(manifest.files.into_iter().map(file));
        let fault = |(message, span)| Fault { kind: FaultKind::UnknownManaged, span, message, help: String::new() };
        self.faults.extend(manifest.managed.into_iter().map(fault));
    }

    /// A plan of Terraform: what each resource will be; its other parts say the same again.
    fn plan(&mut self, changes: &[Node], around: &Enclosing) {
        for (index, change) in changes.iter().enumerate() {
            let text = |key: &str| change.get(key).and_then(Node::as_str).unwrap_or_default();
            let mut around = around.below(&format!("resource_changes[{index}].change.after"));
            around.names.push(text("address").to_owned());
            around.holder = holder(text("type"));
            let after = change.get("change").and_then(|c| c.get("after"));
            around.kind = of_terraform(text("type"), after);
            around.of_organizations = organizations_in_terraform(text("type"), after);
            let unknown = change.get("change").and_then(|c| c.get("after_unknown"));
            let computed = TERRAFORM_KEYS.iter().filter_map(|k| unknown?.member(k));
            for member in computed.filter(|m| around.kind.is_some() && m.node.value == Value::Bool(true)) {
                self.faults.push(Fault {
                    kind: FaultKind::NotLiteral,
                    span: member.key_span,
                    message: format!("the policy of {} is only known after apply, and cannot be read", text("address")),
                    help: "lint the Terraform files as well, or a plan in which it is known".to_owned(),
                });
            }
            if text("mode") != "data"
                && let Some(after) = after
            {
                self.permission(text("type"), after, &around);
                self.value(after, &around, Host::Json);
            }
        }
    }

    pub(super) fn value(&mut self, node: &Node, around: &Enclosing, host: Host) {
        if self.is_management(node, around) {
            let (source, told) = (self.source.clone(), around.of_organizations.filter(|_| around.content).flatten());
            let policy = ManagementPolicy::new(source, around.pointer.clone(), node.clone(), told);
            return self.management.push(policy);
        }
        if self.may_be_statements(around)
            && let Some(policy) = statements::policy(node, self.scope.is_some())
        {
            return self.policy(&policy, around, Host::Closed);
        }
        match &node.value {
            Value::Object(_) if is_policy(node) => self.policy(node, around, host),
            Value::Object(members) => self.object(node, members, around, host),
            Value::Array(_) if (around.pointer.is_empty() || around.in_text) && statements::bare(node).is_some() => {
                if let Some(policy) = statements::bare(node) {
                    self.policy(&policy, around, Host::Closed);
                }
            }
            Value::Array(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    let mut inner = around.clone();
                    inner.pointer.push_str(&format!("[{index}]"));
                    self.value(node, &inner, host);
                }
            }
            Value::OneOf(nodes) => {
                // only one of them, or none, is there
                let mut around = around.clone();
                around.beside.inline_in.clear();
                nodes.iter().for_each(|n| self.value(n, &around, host));
            }
            Value::String(text) => self.string(node, text, around, host),
            _ => {}
        }
    }

    /// Whether this is a policy of AWS Organizations without statements: where its type says so, it is one whatever it holds. What a file of
    /// Terraform says elsewhere is read where a resource uses it.
    fn is_management(&self, node: &Node, around: &Enclosing) -> bool {
        if node.as_object().is_none() {
            return false;
        }
        match around.of_organizations.filter(|_| around.content) {
            Some(Some(kind)) if !kind.statements => true,
            Some(_) => self.has_operators && is_management_policy(node),
            None => self.has_operators && self.scope.is_none() && is_management_policy(node),
        }
    }

    /// Whether statements may stand here without a policy around them: in Terraform, where they are given to a module that is not among the
    /// files, for those of a module that is are read where the module uses them.
    fn may_be_statements(&self, around: &Enclosing) -> bool {
        let Some(scope) = self.scope else {
            return true;
        };
        // what Terragrunt gives to a module that it names, and what a file of values sets where nothing reads it
        if around.pointer.starts_with("inputs") {
            return true;
        }
        if is_values(&self.source.path) {
            return !scope.has_variable(around.pointer.split(['.', '[']).next().unwrap_or_default());
        }
        let name = around.pointer.strip_prefix("module.").and_then(|rest| rest.split(['.', '[']).next());
        name.is_some_and(|name| scope.module(name).is_none_or(|f| self.scopes.is_none_or(|all| !all.has(f))))
    }

    /// The file of Terraform that `generate` of Terragrunt writes.
    fn generated(&mut self, node: &Node, around: &Enclosing) {
        let Some(text) = node.as_str().filter(|text| scope::may_hold_policies(text)) else {
            return;
        };
        let mapped = self.mapped(node, text, Host::Terraform, false);
        if let Some(root) = mapped.and_then(|mapped| expression::file(&mapped)) {
            let names = around.names.clone();
            self.value(&root, &Enclosing { names, strings: around.strings + 1, ..Enclosing::default() }, Host::Closed);
        }
    }

    fn object(&mut self, node: &Node, members: &[Member], around: &Enclosing, host: Host) {
        let own = described(self.source, node, around);
        if let Some(list) = managed_only(node) {
            self.managed_only(list, &own);
        }
        for member in members {
            if lists_managed(&member.key) {
                self.unknown_managed(&member.node);
            }
            let mut inner = own.below(&member.key);
            if self.may_be_statements(&inner)
                && let Some((policy, kind, holder)) = statements::listed(member)
            {
                inner.kind = kind.or(inner.kind);
                inner.holder = holder;
                self.policy(&policy, &inner, Host::Closed);
                continue;
            }
            if member.key == "contents" && around.pointer.starts_with("generate.") && self.scope.is_some() {
                self.generated(&member.node, &inner);
                continue;
            }
            inner.kind = of_key(&member.key).or(inner.kind);
            inner.holder = holder_of_list(&member.key).or(inner.holder);
            inner.content = inner.of_organizations.is_some() && ["content", "Content"].contains(&member.key.as_str());
            if self.scope.is_some() && around.pointer.is_empty() {
                if of_another_cloud(&member.key) {
                    continue;
                }
                self.block(member, &mut inner);
            }
            inner.expected = holds_policy(&member.key, &own, self.scope.is_some());
            if let ("properties", Some(ty)) = (member.key.as_str(), node.get("type").and_then(Node::as_str)) {
                self.permission(ty, &member.node, &inner);
            }
            if let ("Properties", Some(ty)) = (member.key.as_str(), resource_type(node)) {
                self.properties(ty, &member.node, &inner, host);
                continue;
            }
            if member.key == CUSTOM_STATEMENTS && around.pointer.ends_with(".Auth.ResourcePolicy") {
                inner.kind = Some(PolicyKind::Resource);
                self.statements_only(member, &inner);
                continue;
            }
            let siblings = sibling_statements(self.source, member, host);
            if let (Some(siblings), Some(nodes)) = (siblings, member.node.as_array()) {
                if holder_of_list(&member.key).is_some() {
                    inner.beside.inline_in = vec![inner.pointer.clone()];
                }
                for (index, node) in nodes.iter().enumerate() {
                    let mut inner = inner.clone();
                    inner.pointer.push_str(&format!("[{index}]"));
                    let open = nodes.iter().enumerate().any(|(i, n)| i != index && n.as_object().is_none());
                    if open {
                        inner.beside.unknown.push("a policy that may be there".to_owned());
                    }
                    let others = siblings.iter().enumerate().filter(|(i, _)| *i != index);
                    let before = nodes.iter().take(index).filter_map(|n| n.get("PolicyDocument"));
                    let known = before.filter(|d| is_policy(d) && is_known(d));
                    inner.beside.inline_before = known.filter_map(size_of).sum();
                    inner.beside.statements.extend(others.flat_map(|(_, s)| s.clone()));
                    self.value(node, &inner, host);
                }
                continue;
            }
            self.value(&member.node, &inner, host);
        }
    }

    /// The ARNs of managed policies that AWS does not have.
    fn unknown_managed(&mut self, node: &Node) {
        match &node.value {
            Value::String(arn)
                if !arn.contains(['*', '$', '{', '<', ' ', UNKNOWN]) && managed_policies::unknown(arn).is_some() =>
            {
                let (message, help) = (arn.clone(), String::new());
                self.faults.push(Fault { kind: FaultKind::UnknownManaged, span: node.span, message, help });
            }
            Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().for_each(|n| self.unknown_managed(n)),
            Value::Object(members) => members.iter().for_each(|m| self.unknown_managed(&m.node)),
            _ => {}
        }
    }

    /// What a resource of CloudFormation is: no policy itself, whatever its members are called.
    fn properties(&mut self, ty: &str, node: &Node, around: &Enclosing, host: Host) {
        let Some(members) = node.as_object() else {
            return self.value(node, around, host);
        };
        if let Some(statement) = members.iter().find(|m| m.key == "Statement").filter(|_| ty == EVENT_BUS_POLICY) {
            self.statements_only(statement, around);
        } else {
            self.permission(ty, node, around);
        }
        self.faults.extend(sam::unknown(ty, node));
        self.object(node, members, around, host);
    }

    /// The statements of a policy that whoever deploys them completes.
    fn statements_only(&mut self, statements: &Member, around: &Enclosing) {
        let at = statements.key_span;
        let version = Member { key: "Version".to_owned(), key_span: at, node: Node::string(at, "2012-10-17") };
        let statement = Member { key: "Statement".to_owned(), ..statements.clone() };
        let root = Node::new(at, Value::Object(vec![version, statement]));
        self.policy(&root, around, Host::Closed);
    }

    /// A resource that stands for one statement of the policy of another resource.
    fn permission(&mut self, ty: &str, body: &Node, around: &Enclosing) {
        let Some(service) = permissions::service(ty) else {
            return;
        };
        for body in body.alternatives() {
            if let Some(policy) = permissions::policy(service, body, body.span.first()) {
                let kind = Some(PolicyKind::Resource);
                let around = Enclosing { kind, of_service: Some(service), ..around.clone() };
                self.policy(&policy, &around, Host::Closed);
            }
        }
    }

    /// A permission set or role of managed policies only: a policy without statements, with others beside it.
    fn managed_only(&mut self, list: &Member, around: &Enclosing) {
        let version = Node::string(list.key_span, "2012-10-17");
        let member = |key: &str, node: Node| Member { key: key.to_owned(), key_span: list.key_span, node };
        let none = Node::new(list.key_span, Value::Array(Vec::new()));
        let root = vec![member("Version", version), member("Statement", none)];
        self.policy(&Node::new(list.key_span, Value::Object(root)), around, Host::Closed);
    }

    /// A block at the top of a file of Terraform.
    fn block(&mut self, member: &Member, inner: &mut Enclosing) {
        let parts: Vec<&str> = member.key.splitn(3, '.').collect();
        if let ["resource", ty, _] = parts.as_slice() {
            self.permission(ty, &member.node, inner);
        }
        if let ["resource" | "data", ty, name] = parts.as_slice() {
            inner.names.push((*name).to_owned());
            if let Some(own) = member.node.get("name").and_then(Node::as_str) {
                inner.names.push(own.to_owned());
            }
            inner.kind = of_terraform(ty, Some(&member.node));
            inner.of_organizations = organizations_in_terraform(ty, Some(&member.node));
            // a managed policy may be attached, or be a boundary: its names, or those who have it, may say so
            let named = || inner.names.iter().any(|n| by_path(n) == Some(PolicyKind::Boundary));
            if *ty == "aws_iam_policy" && (self.scope.is_some_and(|s| s.is_boundary(name)) || named()) {
                inner.kind = Some(PolicyKind::Boundary);
            }
            inner.holder = holder(ty);
            inner.for_each = member.node.get("for_each").map(|elements| elements.span);
            let attached = member.node.get("managed_policy_arns").map(managed).unwrap_or_default();
            inner.beside = beside(attached, boundary_of(member.node.get("permissions_boundary")));
            let is_resource = member.key.starts_with("resource.");
            if let Some(whose) = in_terraform(self.source, ty, name, &member.node).filter(|_| is_resource) {
                if *ty == OF_PERMISSION_SETS {
                    let (address, span) = (format!("{ty}.{name}"), member.key_span);
                    self.sets.push(OfSet { address, whose: whose.clone(), span });
                }
                inner.beside.inline_in.push(whose);
            }
        }
    }

    fn string(&mut self, node: &Node, text: &str, around: &Enclosing, host: Host) {
        let trimmed = text.trim_start();
        let holds = text.contains("Statement") || around.content || self.has_operators && text.contains("\"@@");
        let json = trimmed.starts_with('{') && holds;
        let quoted = trimmed.starts_with('"') && text.contains("Statement");
        let encoded = (trimmed.starts_with("%7B") || trimmed.starts_with("%7b")) && text.contains("Statement");
        if !json && self.template_in(node, text, around, host) {
            return;
        }
        // braces of another language, such as that of a message about a template
        let json = json && (around.expected || template::begins_like_json(trimmed));
        let listed = trimmed.starts_with('[') && text.contains("\"Effect\"") && text.contains("Action\"");
        if !(json || quoted || encoded || listed) || around.strings >= MAX_STRINGS {
            if around.expected && text.contains(UNKNOWN) {
                self.not_literal(node, around);
            }
            return;
        }
        let Some(mapped) = self.mapped(node, text, host, encoded) else {
            self.not_literal(node, around);
            return;
        };
        let inner_host = match (host, encoded, quoted) {
            (_, true, _) | (_, _, true) => Host::Closed,
            _ if describes(&around.pointer) => Host::Closed,
            (Host::Json, ..) => Host::Escaped,
            (Host::Yaml | Host::Terraform, ..) if self.is_block(node) => Host::Verbatim,
            _ => Host::Closed,
        };
        let templates::Read { result, is_template } = templates::json(self.source, &mapped);
        match result {
            Ok((root, _)) if root.get("Statement").is_some_and(is_unknown) => self.not_literal(node, around),
            Ok((mut root, duplicates)) => {
                self.faults.extend(duplicates.iter().map(duplicate));
                if host != Host::Terraform {
                    placeholders(&mut root);
                }
                let mut inner = around.clone();
                inner.strings += 1;
                inner.in_text = true;
                let known = self.policies.len();
                self.value(&root, &inner, inner_host);
                // the provider sends the text as it is, and so does CloudFormation
                if host != Host::Closed && around.content && !text.contains(UNKNOWN) {
                    let sent = text.chars().count();
                    self.policies.iter_mut().skip(known).for_each(|policy| policy.sent = Some(sent));
                }
            }
            // CloudFormation reads what is no JSON as YAML
            Err(_) if self.template_in(node, text, around, host) => {}
            Err(_) if is_template || text.contains(UNKNOWN) => self.not_literal(node, around),
            // a document that is escaped once more than it is unescaped, as samples of answers have them
            Err(_) if !around.expected && trimmed.starts_with("{\\\"") => self.not_literal(node, around),
            // a list of something else, of which it is not known what it should be
            Err(_) if listed => {}
            // no key of it is that of a policy: a message that AWS encodes has `matchedStatements`
            Err(_) if !around.expected && !text.contains("\"Statement") => {}
            Err(problems) => self.faults.extend(problems.iter().map(unreadable)),
        }
    }

    /// A template of CloudFormation in a text, as a stack set or a stack has one. Whether it is one, and was read.
    fn template_in(&mut self, node: &Node, text: &str, around: &Enclosing, host: Host) -> bool {
        if around.strings >= MAX_STRINGS || !is_template_text(text) {
            return false;
        }
        let read = self.mapped(node, text, host, false).map(|mapped| yaml::read(self.source, Given::string(&mapped)));
        let Some(Ok(root)) = read else {
            return false;
        };
        let mut inner = around.clone();
        inner.strings += 1;
        self.value(&root, &inner, Host::Closed);
        true
    }

    /// A text that stands in the file as it is, line by line.
    fn is_block(&self, node: &Node) -> bool {
        let raw = self.source.slice(node.span);
        let is_quoted = raw.starts_with(['"', '\'']);
        raw.starts_with("<<") || !is_quoted && (raw.contains('\n') || edit::is_in_block(&self.source.text, node.span))
    }

    pub(super) fn mapped(&self, node: &Node, text: &str, host: Host, encoded: bool) -> Option<Mapped> {
        let raw = self.source.slice(node.span);
        let mapped = match host {
            Host::Json if raw.starts_with('"') => embedded::json_string(raw, node.span.start)?,
            Host::Closed if raw == text => {
                Mapped { text: text.to_owned(), offsets: (node.span.start..=node.span.end).collect() }
            }
            // a here document begins after its first line
            _ if raw.starts_with("<<") => {
                let first = raw.find('\n').map_or(0, |i| i + 1);
                embedded::aligned(text, raw.get(first..)?, node.span.start + first)
            }
            _ => {
                let quote = usize::from(raw.starts_with(['"', '\'']));
                embedded::aligned(text, raw.get(quote..)?, node.span.start + quote)
            }
        };
        let mapped = if encoded { embedded::percent(&mapped)? } else { mapped };
        if mapped.text.trim_start().starts_with('"') { embedded::unquoted(&mapped) } else { Some(mapped) }
    }

    /// The text of a `template_file`: that of a file is read as what it is used for, and one that is written in its block is read there.
    fn template_of(&mut self, raw: &str, around: &Enclosing, at: Span) -> bool {
        let Some((text, vars)) = rendered(raw).and_then(|name| self.scope?.template(name)) else {
            return false;
        };
        let Some(path) = file_argument(text) else {
            return text.starts_with("<<") && scope::may_hold_policies(text);
        };
        let call = format!("templatefile(\"\", {})", vars.unwrap_or("{}"));
        self.files.push(FileReference {
            path,
            kind: around.kind,
            span: at,
            holder: around.holder,
            is_sent: around.content,
            is_filled: true,
            given: self.scopes.and_then(|scopes| expression::arguments(&self.source.path, &call, scopes)),
        });
        true
    }

    fn not_literal(&mut self, node: &Node, around: &Enclosing) {
        let raw = self.source.slice(node.span).trim();
        // `each` is any of what the block is for
        let elements = around.for_each.filter(|_| raw.contains("each.")).map(|span| self.source.slice(span));
        let texts = [Some(raw), elements].into_iter().flatten();
        let named = |text| self.scopes.map(|s| s.documents(folder(&self.source.path), text)).unwrap_or_default();
        let documents: Vec<Document> = texts.flat_map(named).collect();
        if !documents.is_empty() {
            let name = around.names.last().cloned().unwrap_or_default();
            let inline_in = if is_one_document(raw) { around.beside.inline_in.clone() } else { Vec::new() };
            let is_indented = around.content && is_one_document(raw);
            let reference = |document| Reference {
                document,
                kind: around.kind,
                holder: around.holder,
                name: name.clone(),
                span: node.span,
                inline_in: inline_in.clone(),
                is_indented,
            };
            self.references.extend(documents.into_iter().map(reference));
            return;
        }
        if self.template_of(raw, around, node.span) {
            return;
        }
        if let Some(path) = file_argument(raw) {
            // what is encoded anew has no white space
            let is_decoded = decoded(raw).is_some();
            let raw = decoded(raw).unwrap_or(raw);
            let is_filled = raw.starts_with("templatefile(");
            let scopes = self.scopes.filter(|_| is_filled);
            let given = scopes.and_then(|scopes| expression::arguments(&self.source.path, raw, scopes));
            let (kind, holder) = (around.kind, around.holder);
            self.files.push(FileReference {
                path,
                kind,
                span: node.span,
                holder,
                is_sent: around.content && !is_decoded,
                is_filled,
                given,
            });
            return;
        }
        self.faults.push(Fault {
            kind: FaultKind::NotLiteral,
            span: node.span,
            message: format!("this policy is not literal and cannot be read: `{}`", shown(raw)),
            help: "lint what it becomes: the output of `terraform show -json` for a plan, or the deployed template"
                .to_owned(),
        });
    }

    /// A document in a text of Terraform, with what its placeholders may be: the names of the folder, in loops those of each turn.
    fn with_names(&self, policy: Policy, around: &Enclosing) -> Policy {
        let Some(scopes) = self.scopes.filter(|_| self.scope.is_some() && around.strings > 0 && !policy.complete)
        else {
            return policy;
        };
        match expression::names_in(&self.source.path, self.source.slice(policy.root.span), scopes) {
            Some(names) => filled(policy, &[names]),
            None => policy,
        }
    }

    fn policy(&mut self, node: &Node, around: &Enclosing, host: Host) {
        let kind = self.given.or(around.kind).or_else(|| by_name(&self.source.path, node));
        let mut node = node.clone();
        let mut parts = Parts::default();
        let is_read_as_terraform = self.scope.is_some() || is_terraform_json(&self.source.path);
        if is_read_as_terraform && around.pointer.starts_with(DOCUMENT) {
            if is_part(&around.pointer) {
                with_version(&mut node);
            } else {
                parts = self.parts(take_parts(&mut node));
                add_statements(&mut node, parts.unknown());
            }
        }
        let literal = parts.take_literal();
        // what was joined of pieces has no places of its own
        let is_joined = node.get("Statement").is_some_and(|statement| statement.span == node.span);
        let host = if is_joined && matches!(host, Host::Json | Host::Yaml) { Host::Closed } else { host };
        let found = Found {
            source: self.source.clone(),
            host,
            kind,
            kind_is_guessed: self.given.is_none() && around.kind.is_none(),
            holder: around.holder,
            of_service: around.of_service,
            names: around.names.iter().filter(|n| !n.is_empty()).cloned().collect(),
            pointer: around.pointer.clone(),
            beside: around.beside.clone(),
            merged: parts.names,
            layers: parts.layers,
        };
        let policy = Policy::new(found, node);
        self.policies.push(self.with_names(policy, around));
        self.literal_parts(literal, around);
    }
}

/// A text that has resources of CloudFormation, and policies among them.
pub(super) fn is_template_text(text: &str) -> bool {
    text.contains("Resources") && text.contains("AWS::") && looks_like_policy(text)
}

/// Whether the text at a place is for people, whatever it looks like: it is read, and never written.
fn describes(pointer: &str) -> bool {
    const WORDS: [&str; 7] = ["description", "comment", "documentation", "summary", "example", "title", "note"];
    let key = pointer.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let key = key.split('[').next().unwrap_or_default();
    WORDS.iter().any(|word| key.strip_suffix('s').unwrap_or(key).ends_with(word))
}

/// The list of managed policies of a set or role that has no policy of its own.
fn managed_only(node: &Node) -> Option<&Member> {
    let (body, list) = match (node.get("CustomPolicy"), node.get("Properties")) {
        (Some(own), _) if !is_policy(own) => (node, node.member("ManagedPolicies")?),
        (_, Some(properties)) => {
            let list = properties.member("ManagedPolicyArns").or_else(|| properties.member("ManagedPolicies"))?;
            (properties, list)
        }
        _ => return None,
    };
    let own = ["InlinePolicy", "Policies", "PolicyDocument"].iter().any(|k| body.get(k).is_some());
    (!own && list.node.as_array().is_some_and(|l| !l.is_empty())).then_some(list)
}

/// What an object says of the policies in it.
fn described(source: &SourceFile, node: &Node, around: &Enclosing) -> Enclosing {
    let mut own = around.clone();
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    own.names.extend(NAMES.iter().filter_map(|k| text(k)).map(str::to_owned));
    if let Some(ty) = text("Type") {
        own.kind = of_cloudformation(ty, node.get("Properties")).or(own.kind);
        own.of_other_language |= is_of_other_language(ty);
        own.holder = holder(ty);
        if ty == "AWS::Organizations::Policy" {
            let ty = node.get("Properties").and_then(|p| p.get("Type")).and_then(Node::as_str);
            own.of_organizations = Some(ty.and_then(management::kind));
        }
    }
    let is_of_aws = |arn: &str| arn.starts_with("arn:") && arn.contains(":iam::aws:policy/");
    if ["Arn", "arn", "PolicyArn"].iter().filter_map(|k| text(k)).any(is_of_aws) {
        own.holder = Some(Holder::OfAws);
    }
    if let Some(ty) = node.get("PolicySummary").and_then(|s| s.get("Type")).and_then(Node::as_str) {
        own.kind = of_type(ty);
        own.of_organizations = Some(management::kind(ty));
    }
    if let Some(properties) = node.get("Properties") {
        let arns = properties.get("ManagedPolicyArns").or_else(|| properties.get("ManagedPolicies"));
        let boundary = boundary_of(properties.get("PermissionsBoundary"));
        own.beside = beside(arns.map(managed).unwrap_or_default(), boundary);
        own.beside.listed_at = arns.map(|n| n.span);
        own.names.extend(properties_names(properties));
        let (holder, whose) = in_cloudformation(source, text("Type").unwrap_or_default(), node, &around.pointer);
        own.holder = holder.or(own.holder);
        own.beside.inline_in = whose;
    } else if node.get("CustomPolicy").is_some() {
        own.kind = Some(PolicyKind::PermissionSet);
        own.beside = of_template(node);
        own.beside.listed_at = node.get("ManagedPolicies").map(|n| n.span);
    }
    own
}

/// The policy of AWS Organizations that a resource of Terraform is; without a `type` it is a service control policy.
fn organizations_in_terraform(ty: &str, body: Option<&Node>) -> Option<OfOrganizations> {
    let told = body.and_then(|b| b.get("type")).filter(|t| t.value != Value::Null);
    let name = told.map_or(Some("SERVICE_CONTROL_POLICY"), Node::as_str);
    (ty == "aws_organizations_policy").then(|| name.and_then(management::kind))
}

/// A resource that has one statement of a policy, not a policy.
const EVENT_BUS_POLICY: &str = "AWS::Events::EventBusPolicy";

/// Statements that SAM adds to the resource policy of an API.
const CUSTOM_STATEMENTS: &str = "CustomStatements";

/// The type of a resource of CloudFormation.
fn resource_type(node: &Node) -> Option<&str> {
    node.get("Type").and_then(Node::as_str).filter(|ty| ty.contains("::"))
}

/// What a resource of CloudFormation is called.
fn properties_names(properties: &Node) -> impl Iterator<Item = String> + '_ {
    NAMES.iter().filter_map(|k| properties.get(k).and_then(Node::as_str)).map(str::to_owned)
}

/// The members that name what holds a policy.
const NAMES: [&str; 6] = ["Name", "PolicyName", "RoleName", "UserName", "GroupName", "ManagedPolicyName"];

/// Whether the values of a key are ARNs of managed policies: `ManagedPolicyArns`, `policy_arn`, `permissions_boundary`.
fn lists_managed(key: &str) -> bool {
    let key = key.replace('_', "").to_ascii_lowercase();
    let lists = ["policyarn", "policyarns", "managedpolicies"].iter().any(|end| key.ends_with(end));
    !key.contains(':') && lists || ["permissionsboundary", "permissionboundary"].contains(&key.as_str())
}

/// Whether the value of a key should be a policy, so that one that is not literal is told.
fn holds_policy(key: &str, around: &Enclosing, terraform: bool) -> bool {
    let named = ["PolicyDocument", "AssumeRolePolicyDocument", "InlinePolicy", "CustomPolicy"].contains(&key);
    let of_terraform = TERRAFORM_KEYS.contains(&key)
        && around.pointer.starts_with("resource.aws_")
        && (around.kind.is_some() || key == "content" && around.of_organizations.is_some());
    let of_organizations = key == "Content" && (around.kind.is_some() || around.of_organizations.is_some());
    let named = named && !around.of_other_language;
    named || (terraform && of_terraform) || of_organizations
}
