//! A policy as rules look at it: every text with its place, and the statements as they are evaluated.

mod certain;
mod kind;
mod read;

use std::sync::{Arc, OnceLock};

use super::At;
use super::read::layers::Layer;
use super::read::{Host, directives};
use crate::aws;
use crate::iam::document::{self, ELEMENTS, ResourcePattern};
use crate::iam::operator::Operator;
use crate::iam::patterns::reaches_action;
use crate::lint::read::choice::{is_known, is_unknown, items, unknown};
use crate::problem::{Problem, SourceFile, Span};
use crate::text::UNKNOWN;
use crate::text::json::{Node, Value};
pub use kind::{Holder, PolicyKind};
use read::{statement, text};

/// The characters of a document as JSON without white space.
pub fn size_of(root: &Node) -> Option<usize> {
    let text = serde_json::to_string(&root.to_json()).ok()?;
    Some(text.chars().filter(|c| !c.is_whitespace()).count())
}

/// A policy, and where it was found.
pub struct Policy {
    /// The file.
    pub source: Arc<SourceFile>,
    /// How the file holds it.
    pub host: Host,
    /// What it is attached to.
    pub kind: PolicyKind,
    /// The kind was given, or told by what the policy stands in; not guessed from names or for want of a better.
    pub kind_is_told: bool,
    /// Where it is stored, where that was found.
    pub holder: Option<Holder>,
    /// The service whose actions it may have, where it takes those of no other.
    pub of_service: Option<&'static str>,
    /// What the file calls it, and the file's own name.
    pub names: Vec<String>,
    /// The path of the policy in its file; empty where the file is the policy.
    pub pointer: String,
    /// The document.
    pub root: Node,
    /// The statements.
    pub statements: Vec<Statement>,
    /// Its `Version`.
    pub version: Option<Text>,
    /// Policy variables are variables.
    pub variables: bool,
    /// Nothing of its statements is unknown.
    pub complete: bool,
    /// What else those who have it have.
    pub beside: SiblingPolicies,
    /// The documents of Terraform that it names where others become a part of it.
    pub merged: Vec<String>,
    /// What becomes a part of it; the statements of that stand in `beside` once they are known.
    pub layers: Vec<Layer>,
    /// Its statements with those of its parts, as they are laid over each other; none where it has no parts.
    pub laid: Vec<Laid>,
    /// The document with its parts, where all of it is known.
    pub whole: Option<Node>,
    /// The characters of the text that is sent, where it is known to be sent as it is.
    pub sent: Option<usize>,
    /// It is sent as the data source of Terraform writes it, with white space.
    pub is_indented: bool,
    /// `Sid`s that stand in several of its sources, and where the later one is named.
    pub repeated: Vec<(Span, String)>,
    /// How it becomes a part of others, where it does.
    pub part: IsPart,
    /// Whether directives choose what is in it, which is looked for once.
    pub(super) choices: OnceLock<bool>,
}

/// How a document becomes a part of others, by `Sid`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IsPart {
    /// Of none that is known.
    #[default]
    No,
    /// It is one, and may be used by itself or as a source, whose `Sid`s have to differ.
    Yes,
    /// All that is known to be made of it lays the later of two statements of one `Sid` over the earlier.
    Laid,
}

/// A statement of a document that others are a part of.
#[derive(Clone)]
pub struct Laid {
    /// Its path in the file where it is written.
    pub pointer: String,
    /// What it says.
    pub statement: Statement,
}

/// The other policies of a permission set or role.
#[derive(Clone, Debug, Default)]
pub struct SiblingPolicies {
    /// Statements of policies that stand with it.
    pub statements: Vec<document::Statement>,
    /// AWS managed policies that are built in: their ARN, and their statements.
    pub managed: Vec<(String, Vec<document::Statement>)>,
    /// Where the managed policies are listed.
    pub listed_at: Option<Span>,
    /// Names of policies of which nothing is known.
    pub unknown: Vec<String>,
    /// The characters of the inline policies that stand before it.
    pub inline_before: usize,
    /// Whom it is inline in, by words that mean the same in its file, or its folder of Terraform.
    pub inline_in: Vec<String>,
    /// The boundary, where its document is known.
    pub boundary: Option<(String, Vec<document::Statement>)>,
}

/// A statement.
#[derive(Clone)]
pub struct Statement {
    /// Where.
    pub at: At,
    /// What it is made of.
    pub node: Node,
    /// Its `Sid`.
    pub sid: Option<Text>,
    /// `Allow`, `Deny`, or neither.
    pub allow: Option<bool>,
    /// `Action` or `NotAction`.
    pub actions: Option<List>,
    /// `Resource` or `NotResource`.
    pub resources: Option<List>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
    /// As it is evaluated; `None` where it is invalid, or holds what is not known.
    pub meaning: Option<document::Statement>,
    /// What keeps it from being evaluated.
    pub problems: Vec<Problem>,
    /// It may be that it is not there, by what is not known here.
    pub perhaps: bool,
    /// Another document puts a statement of the same `Sid` in its place.
    pub replaced: bool,
}

/// A string, and where it stands.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// Where.
    pub at: At,
    /// It may be that it is not there, by what is not known here.
    pub perhaps: bool,
}

/// The strings of an element.
#[derive(Clone, Debug)]
pub struct List {
    /// The element, such as `NotAction`.
    pub key: String,
    /// Where its name stands.
    pub key_at: At,
    /// It is a `Not…`.
    pub negated: bool,
    /// The strings.
    pub texts: Vec<Text>,
    /// The value is an array.
    pub is_array: bool,
}

/// A key under an operator.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The operator, as written.
    pub operator_text: Text,
    /// What it means, if it is one.
    pub operator: Option<Operator>,
    /// The key, as written.
    pub key: Text,
    /// The values.
    pub values: Vec<Text>,
    /// What it compares with is an empty list, and no list of which nothing is known.
    pub is_empty: bool,
}

impl Text {
    /// Nothing in it is unknown.
    pub fn is_known(&self) -> bool {
        !self.text.contains(UNKNOWN)
    }

    /// It has neither wildcards nor unknown parts.
    pub fn is_literal(&self) -> bool {
        self.is_known() && !self.text.contains(['*', '?'])
    }
}

/// Where a document was found, besides its place.
pub struct Found {
    /// The file.
    pub source: Arc<SourceFile>,
    /// How the file holds it.
    pub host: Host,
    /// What it is attached to, where that was found or given.
    pub kind: Option<PolicyKind>,
    /// The kind was only guessed from the names of the file and its folders.
    pub kind_is_guessed: bool,
    /// Where it is stored, where that was found.
    pub holder: Option<Holder>,
    /// The service whose actions it may have, where it takes those of no other.
    pub of_service: Option<&'static str>,
    /// What the file calls it, and the file's own name.
    pub names: Vec<String>,
    /// Its path in the file.
    pub pointer: String,
    /// What stands with it.
    pub beside: SiblingPolicies,
    /// The documents of Terraform that it names where others become a part of it.
    pub merged: Vec<String>,
    /// What becomes a part of it.
    pub layers: Vec<Layer>,
}

impl Policy {
    /// Reads a document.
    pub fn new(found: Found, root: Node) -> Self {
        let version = root.get("Version").and_then(version);
        let variables = version.as_ref().is_some_and(|v| v.text == "2012-10-17");
        let nodes = statements_of(&root);
        let kind = found.kind.unwrap_or_else(|| by_content(&nodes));
        let complete = root.get("Statement").is_some_and(is_known);
        let read = |(pointer, node, perhaps): (String, Node, bool)| Statement {
            perhaps,
            ..statement(&found.source, pointer, node, kind, variables)
        };
        let statements = nodes.into_iter().map(read).collect();
        Self {
            source: found.source,
            host: found.host,
            kind,
            kind_is_told: found.kind.is_some() && !found.kind_is_guessed,
            holder: found.holder,
            of_service: found.of_service,
            names: found.names,
            pointer: found.pointer,
            root,
            statements,
            version,
            variables,
            complete,
            beside: found.beside,
            merged: found.merged,
            layers: found.layers,
            laid: Vec::new(),
            whole: None,
            sent: None,
            is_indented: false,
            repeated: Vec::new(),
            part: IsPart::No,
            choices: OnceLock::new(),
        }
    }

    /// Whether the document is a template whose directives choose what is in it: what is there beside something need not be there.
    pub fn has_choices(&self) -> bool {
        *self.choices.get_or_init(|| {
            let text = self.source.slice(self.root.span);
            directives::may_have(text) && directives::has_one(text)
        })
    }

    /// The same policy, of a kind that was found later.
    #[must_use]
    pub fn used_as(self, kind: PolicyKind, holder: Option<Holder>, name: Option<String>) -> Self {
        let mut names = self.names;
        names.extend(name);
        // kinds whose statements say whom they are about read these in another way
        if self.kind.has_principals() == kind.has_principals() {
            return Self { kind, kind_is_told: true, holder, names, ..self };
        }
        let found = Found {
            source: self.source,
            host: self.host,
            kind: Some(kind),
            kind_is_guessed: false,
            holder,
            of_service: self.of_service,
            names,
            pointer: self.pointer,
            beside: self.beside,
            merged: self.merged,
            layers: self.layers,
        };
        Self { sent: self.sent, ..Self::new(found, self.root) }
    }

    /// Some text in it is a policy variable, or would be one in a newer version, or is not known.
    pub fn may_have_variables(&self) -> bool {
        fn any(node: &Node) -> bool {
            match &node.value {
                Value::String(text) => text.contains("${") || text.contains(UNKNOWN),
                Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter().any(any),
                Value::Object(members) => members.iter().any(|m| m.key.contains(UNKNOWN) || any(&m.node)),
                _ => false,
            }
        }
        any(&self.root)
    }

    /// The path in the file of a path in the policy.
    pub fn pointer_to(&self, pointer: &str) -> String {
        match (self.pointer.as_str(), pointer) {
            ("", inner) => inner.to_owned(),
            (outer, "") => outer.to_owned(),
            (outer, inner) => format!("{outer}.{inner}"),
        }
    }

    /// The statement that a path in the policy is in.
    pub fn statement_at(&self, pointer: &str) -> Option<&Statement> {
        let is_within = |rest: &str| rest.is_empty() || rest.starts_with('.');
        self.statements.iter().find(|s| pointer.strip_prefix(s.at.pointer.as_str()).is_some_and(is_within))
    }

    /// The text that a path in the policy names, where it is known.
    pub fn words_at(&self, pointer: &str) -> Option<String> {
        let statement = self.statement_at(pointer)?;
        let lists = statement.actions.iter().chain(&statement.resources).flat_map(|list| &list.texts);
        let conditions = statement.conditions.iter().flat_map(|c| c.values.iter().chain([&c.key, &c.operator_text]));
        let mut texts = lists.chain(conditions);
        texts.find(|t| t.at.pointer == pointer && t.is_known()).map(|t| t.text.clone())
    }

    /// The `Sid` of the statement that a path in the policy is in.
    pub fn sid_at(&self, pointer: &str) -> Option<String> {
        self.statement_at(pointer)?.sid.as_ref().map(|s| s.text.clone())
    }

    /// Where the whole policy is shown: its first character.
    pub fn start(&self) -> At {
        let span = self.root.span.first();
        At { pointer: String::new(), span }
    }

    /// Where its statements begin, or the policy where there are none.
    pub fn statements_at(&self) -> At {
        let member = self.root.member("Statement");
        member.map_or_else(|| self.start(), |m| At { pointer: "Statement".to_owned(), span: m.key_span })
    }

    /// Whether another document puts a statement of the same `Sid` in the place of the one that a path in the policy is in.
    pub fn is_replaced_at(&self, pointer: &str) -> bool {
        self.is_merged_by_sid() && self.statement_at(pointer).is_some_and(|s| s.replaced)
    }

    /// The names of its statements decide what takes the place of what: it has parts, or is one.
    pub fn is_merged_by_sid(&self) -> bool {
        !self.layers.is_empty() || self.part != IsPart::No
    }

    /// The statements that can be evaluated.
    pub fn meanings(&self) -> impl Iterator<Item = (&Statement, &document::Statement)> {
        self.statements.iter().filter_map(|s| Some((s, s.meaning.as_ref()?)))
    }

    /// The actions of all statements.
    pub fn action_texts(&self) -> impl Iterator<Item = &Text> {
        self.statements.iter().filter_map(|s| s.actions.as_ref()).flat_map(|a| &a.texts)
    }

    /// The resources of all statements.
    pub fn resource_texts(&self) -> impl Iterator<Item = &Text> {
        self.statements.iter().filter_map(|s| s.resources.as_ref()).flat_map(|r| &r.texts)
    }

    /// The conditions of all statements.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.statements.iter().flat_map(|s| &s.conditions)
    }

    /// All statements of those who have it: its own, and what stands beside.
    pub fn set(&self) -> impl Iterator<Item = &document::Statement> {
        let managed = self.beside.managed.iter().flat_map(|(_, statements)| statements);
        self.meanings().filter(|(s, _)| !s.replaced).map(|(_, m)| m).chain(&self.beside.statements).chain(managed)
    }

    /// One of its statements denies an action (in lower case) always, whatever it is asked on.
    pub fn always_denies(&self, action: &str) -> bool {
        let denies = |s: &Statement, m: &document::Statement| {
            let on_all = !m.resources.negated && m.resources.patterns.contains(&ResourcePattern::All);
            !s.perhaps && !s.replaced && !m.allow && on_all && m.conditions.is_empty() && reaches_action(m, action)
        };
        self.meanings().any(|(s, m)| denies(s, m))
    }

    /// Every statement of those who have it is known.
    pub fn set_is_known(&self) -> bool {
        self.complete && self.statements.iter().all(|s| s.meaning.is_some()) && self.beside.unknown.is_empty()
    }

    /// The partition that its ARNs name; `aws` where they name none.
    pub fn partition(&self) -> &'static str {
        let is_of = |text: &str, name: &str| {
            text.strip_prefix("arn:").and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with(':'))
        };
        let named = |p: &&aws::Partition| self.resource_texts().any(|t| is_of(&t.text, &p.name));
        let all = aws::partitions();
        all.iter().skip(1).find(named).or(all.first()).map_or("", |p| &p.name)
    }
}

/// The version that a document names; one of several is not known.
fn version(node: &Node) -> Option<Text> {
    match &node.value {
        Value::OneOf(_) => text(&unknown(node.span), "Version"),
        _ => text(node, "Version"),
    }
}

/// The statements of a document, where each stands, and whether it may be missing; those of which nothing is known aside.
fn statements_of(root: &Node) -> Vec<(String, Node, bool)> {
    let Some(node) =
        root.get("Statement").filter(|n| matches!(n.value, Value::Array(_) | Value::Object(_) | Value::OneOf(_)))
    else {
        return Vec::new();
    };
    let alone = node.as_object().is_some();
    let numbered = items(node).into_iter().enumerate();
    let pointer = |index: usize| if alone { "Statement".to_owned() } else { format!("Statement[{index}]") };
    numbered
        .filter(|(_, i)| !is_unknown(i.node))
        .map(|(index, i)| (pointer(index), i.node.clone(), i.perhaps))
        .collect()
}

/// The kind that a document's own statements tell.
fn by_content(nodes: &[(String, Node, bool)]) -> PolicyKind {
    let with_principal = |n: &Node| n.get("Principal").is_some() || n.get("NotPrincipal").is_some();
    if !nodes.iter().any(|(_, n, _)| with_principal(n)) {
        let is_boundary = nodes.iter().any(|(_, n, _)| allows_all_as_boundary(n));
        return if is_boundary { PolicyKind::Boundary } else { PolicyKind::Identity };
    }
    let assumes = |n: &Node| {
        let list = n.get("Action").map(strings).unwrap_or_default();
        !list.is_empty() && list.iter().all(|a| a.to_ascii_lowercase().starts_with("sts:"))
    };
    // a resource policy of a role has no resource of its own
    let without = |n: &Node| n.get("Resource").is_none() && n.get("NotResource").is_none();
    let trust = nodes.iter().all(|(_, n, _)| assumes(n) && without(n));
    let stray = nodes.iter().any(|(_, n, _)| !with_principal(n));
    match (trust, stray) {
        (true, _) => PolicyKind::Trust,
        // some statements have one and some have none: neither kind is valid, and the stray ones are to be shown
        (false, true) => PolicyKind::Identity,
        (false, false) => PolicyKind::Resource,
    }
}

/// A statement that allows every action, and whose Sid says that this is a boundary: it is the most that principals may do, and grants
/// nothing.
fn allows_all_as_boundary(statement: &Node) -> bool {
    let says = |sid: &str| sid.to_ascii_lowercase().contains("boundary");
    statement.get("Effect").and_then(Node::as_str) == Some("Allow")
        && statement.get("Sid").and_then(Node::as_str).is_some_and(says)
        && statement.get("Action").map(strings).unwrap_or_default().contains(&"*")
}

fn strings(node: &Node) -> Vec<&str> {
    items(node).into_iter().filter_map(|i| i.node.as_str()).collect()
}

/// A statement of a stack policy, by which CloudFormation protects resources of a stack: its actions are `Update:*` and its kin.
fn is_about_updates(statement: &Node) -> bool {
    let actions = statement.get("Action").or_else(|| statement.get("NotAction")).map(strings).unwrap_or_default();
    !actions.is_empty() && actions.iter().all(|a| a.to_ascii_lowercase().starts_with("update:"))
}

/// Whether an object is a policy: its statements have what statements have, or it has a version of policies.
///
/// Other formats have a `Statement` too (the rules of a web firewall, the policies of data protection).
pub fn is_policy(node: &Node) -> bool {
    let versioned =
        node.get("Version").and_then(Node::as_str).is_some_and(|v| ["2012-10-17", "2008-10-17"].contains(&v));
    let Some(statement) = node.get("Statement") else {
        return versioned;
    };
    // what an answer of AWS adds to the one statement that a call made
    let is_answer = !versioned && ["ResponseMetadata", "RevisionId"].iter().any(|key| node.get(key).is_some());
    if is_answer && statement.as_object().is_some() {
        return false;
    }
    // policies of data protection (Amazon SNS, CloudWatch Logs) and of other clouds are written much alike
    let of_data = |n: &Node| ["DataIdentifier", "DataDirection"].iter().any(|key| n.get(key).is_some());
    let of_others =
        |n: &Node| ["qcs", "RAM"].iter().any(|key| n.get("Principal").is_some_and(|p| p.get(key).is_some()));
    let all = items(statement);
    if all.iter().any(|i| of_data(i.node) || of_others(i.node))
        || !all.is_empty() && all.iter().all(|i| is_about_updates(i.node))
    {
        return false;
    }
    let looks = |n: &Node| {
        n.as_object().is_some_and(|members| {
            members.iter().filter(|m| m.key != "Id" && ELEMENTS.contains(&m.key.as_str())).count() > 0
        })
    };
    match &statement.value {
        Value::Array(_) | Value::Object(_) | Value::OneOf(_) => {
            versioned || items(statement).into_iter().any(|i| looks(i.node))
        }
        _ => versioned,
    }
}
