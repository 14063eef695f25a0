//! Questions from JSON: one request, an array of them, or one a line.

use std::collections::HashMap;
use std::sync::Arc;

use super::fields::Fields;
use super::{Attached, Question};
use crate::aws;
use crate::iam::document;
use crate::inventory::{Policy, builtin};
use crate::problem::{Failure, NothingTo, Problem, SourceFile, instead};
use crate::source;
use crate::text::json::{self, Member, Node, Value};

/// What a text holds.
pub enum Batch {
    /// One request.
    One(Box<Asked>),
    /// Several, in order: an array, or one a line.
    Many(Vec<Asked>),
}

/// A request, as far as it could be read.
pub struct Asked {
    /// What its sender calls it, where it says so: a string or a number.
    pub id: Option<serde_json::Value>,
    /// What is asked, or what is wrong with it.
    pub question: Result<Question, Failure>,
}

/// Reads requests, and the documents that they name.
pub struct Reader<'a> {
    /// What paths of documents are relative to.
    files: &'a dyn source::Source,
    documents: HashMap<(String, Of), Read>,
}

/// A document that was read, and its warnings; or its errors.
pub type Read = Result<(Policy, Vec<Problem>), Vec<Problem>>;

const FIELDS: [&str; 16] = [
    "id",
    "principal",
    "action",
    "resource",
    "context",
    "contextIsComplete",
    "contextUnknownKeys",
    "identity",
    "boundary",
    "session",
    "serviceControl",
    "resourcePolicy",
    "resourceControl",
    "resourceAccount",
    "managementAccount",
    "noIdentity",
];

impl<'a> Reader<'a> {
    /// A reader of requests that name these files.
    pub fn new(files: &'a dyn source::Source) -> Self {
        Self { files, documents: HashMap::new() }
    }

    /// The files of documents that were named, as far as they could be read.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<SourceFile>> {
        self.documents.values().flatten().map(|(policy, _)| &policy.document.source)
    }

    /// Reads a text: an object is one request, an array several, and so are lines each of which is an object.
    pub fn batch(&mut self, source: &Arc<SourceFile>) -> Result<Batch, Failure> {
        match json::parse(source) {
            Ok(Node { value: Value::Array(nodes), .. }) => {
                Ok(Batch::Many(nodes.iter().map(|n| self.asked(source, n)).collect()))
            }
            Ok(node) => Ok(Batch::One(Box::new(self.asked(source, &node)))),
            Err(problems) => {
                let lines = || source.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
                if source.text.trim().is_empty() {
                    return Err(Failure::Nothing(NothingTo::Decide));
                }
                if !lines().any(|(_, line)| is_request(line)) {
                    return Err(Failure::Problems(problems));
                }
                let read = |(index, line)| self.line(&SourceFile::new(line_of(&source.path, index + 1), line));
                Ok(Batch::Many(lines().map(read).collect()))
            }
        }
    }

    /// The request on a line, which is a source by itself.
    pub fn line(&mut self, source: &Arc<SourceFile>) -> Asked {
        match json::parse(source) {
            Ok(node) => self.asked(source, &node),
            Err(problems) => Asked { id: None, question: Err(Failure::Problems(problems)) },
        }
    }

    fn asked(&mut self, source: &Arc<SourceFile>, node: &Node) -> Asked {
        let id = given(node, "id").map(|m| &m.node).filter(|n| is_id(n)).map(Node::to_json);
        Asked { id, question: self.question(source, node) }
    }

    /// One request.
    pub fn question(&mut self, source: &Arc<SourceFile>, node: &Node) -> Result<Question, Failure> {
        let mut problems = Vec::new();
        let question = self.fields(source, node, &mut problems);
        let (errors, mut warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(Problem::is_error);
        match question {
            Some(mut question) if errors.is_empty() => {
                question.warnings.append(&mut warnings);
                Ok(question)
            }
            _ => Err(Failure::Problems(errors)),
        }
    }

    fn fields(&mut self, source: &Arc<SourceFile>, node: &Node, problems: &mut Vec<Problem>) -> Option<Question> {
        let Some(members) = node.as_object() else {
            let message = format!("a request must be an object, but this is {}", node.kind());
            problems.push(Problem::at(source, node.span, message).help("write { \"action\": …, \"resource\": … }"));
            return None;
        };
        for member in members.iter().filter(|m| !FIELDS.contains(&m.key.as_str())) {
            let help = instead(&member.key, FIELDS, format!("a request may have {}", FIELDS.join(", ")));
            problems
                .push(Problem::at(source, member.key_span, format!("a request has no `{}`", member.key)).help(help));
        }
        if let Some(member) = given(node, "id").filter(|m| !is_id(&m.node)) {
            let message = format!("`id` must be a string or a number, but this is {}", member.node.kind());
            problems.push(
                Problem::at(source, member.node.span, message).help("name the request by one word, or leave it out"),
            );
        }
        let mut fields = Fields { source, node, problems };
        let principal = fields.text("principal").map(str::to_owned);
        let action = fields.required("action", action);
        let resource = fields.required("resource", resource);
        let complete = fields.boolean("contextIsComplete");
        let no_identity = fields.boolean("noIdentity");
        let unknown_keys = fields.boolean("contextUnknownKeys");
        let resource_account = fields.account("resourceAccount");
        let management_account = fields.account("managementAccount");
        let (keys, absent) = fields.context();
        let mut layers = Vec::new();
        for layer in ["identity", "boundary", "session"] {
            if let Some(member) = given(node, layer) {
                layers.push(self.layer(source, layer, layer.to_owned(), &member.node, problems));
            }
        }
        for field in ["serviceControl", "resourceControl"] {
            if let Some(member) = given(node, field) {
                let levels = list(source, &member.node, field, "a list of levels, from the root down", problems);
                for (level, node) in levels.iter().enumerate() {
                    let name = format!("{field}[{level}]");
                    layers.push(self.layer(source, &name, name.clone(), node, problems));
                }
            }
        }
        if let Some(member) = given(node, "resourcePolicy") {
            let policies = self.policy(source, "resourcePolicy".to_owned(), Of::Resource, &member.node, problems);
            layers.push(Attached { layer: "resource".to_owned(), policies: policies.into_iter().collect() });
        }
        Some(Question {
            principal,
            action: action?,
            resource: resource?,
            keys,
            absent,
            complete,
            layers,
            resource_account,
            management_account,
            no_identity,
            unknown_keys,
            warnings: Vec::new(),
        })
    }

    fn layer(
        &mut self,
        source: &Arc<SourceFile>,
        field: &str,
        layer: String,
        node: &Node,
        problems: &mut Vec<Problem>,
    ) -> Attached {
        let mut policies = Vec::new();
        let nodes = list(source, node, field, "a list of policies", problems);
        let of = Of::layer(&layer);
        for (index, node) in nodes.iter().enumerate() {
            policies.extend(self.policy(source, format!("{layer}[{index}]"), of, node, problems));
        }
        Attached { layer, policies }
    }

    fn policy(
        &mut self,
        source: &Arc<SourceFile>,
        inline: String,
        of: Of,
        node: &Node,
        problems: &mut Vec<Problem>,
    ) -> Option<(String, Option<Policy>)> {
        match &node.value {
            Value::Object(_) => {
                let document = Arc::new(of.document(source, node, problems));
                Some((inline.clone(), Some(policy(inline, document, node))))
            }
            Value::String(text) => self.named(source, node, text, (inline, of), problems),
            _ => {
                let message = format!("a policy must be a document or the path of one, but this is {}", node.kind());
                problems.push(Problem::at(source, node.span, message).help("write { \"Statement\": … } or a path"));
                None
            }
        }
    }

    /// A document as text, an AWS managed policy, or a path.
    fn named(
        &mut self,
        source: &Arc<SourceFile>,
        node: &Node,
        text: &str,
        (inline, of): (String, Of),
        problems: &mut Vec<Problem>,
    ) -> Option<(String, Option<Policy>)> {
        if text.trim_start().starts_with('{') {
            let inner = SourceFile::new(format!("{}#{inline}", source.path), text);
            let found = read(&inner, inline.clone(), of);
            return take(found, problems).map(|p| (inline, Some(p)));
        }
        if let Some(managed) = managed(text, of) {
            let unknown = aws::managed::unknown(text);
            problems
                .extend(unknown.map(|(message, help)| Problem::at(source, node.span, message).help(help).warning()));
            return Some((text.to_owned(), managed));
        }
        if !self.files.has(text) {
            let message = format!("there is no policy document {text}");
            problems
                .push(Problem::at(source, node.span, message).help("paths are relative to the file that names them"));
            return None;
        }
        let found = self.documents.entry((text.to_owned(), of)).or_insert_with(|| {
            let source = source::text(self.files, text).map_err(|p| vec![p])?;
            read(&source, text.to_owned(), of)
        });
        take(found.clone(), problems).map(|p| (text.to_owned(), Some(p)))
    }
}

/// What errors call a line of a file.
pub fn line_of(path: &str, number: usize) -> String {
    format!("{path}, line {number}")
}

/// Whether a line is a request by itself, right or wrong: an object that names an action.
pub fn is_request(line: &str) -> bool {
    let value = serde_json::from_str::<serde_json::Value>(line);
    value.is_ok_and(|v| v.get("action").is_some())
}

fn is_id(node: &Node) -> bool {
    matches!(node.value, Value::String(_) | Value::Number(_))
}

/// What a policy is attached to, which is what its statements may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// Whoever asks, or the accounts of those: its statements have no principal.
    Caller,
    /// The resource, or its account: each statement says whom it is about.
    Resource,
}

impl Of {
    /// That of the policies of a layer.
    pub fn layer(name: &str) -> Self {
        if name.starts_with("resource") { Self::Resource } else { Self::Caller }
    }

    fn document(self, source: &Arc<SourceFile>, node: &Node, problems: &mut Vec<Problem>) -> document::Document {
        match self {
            Self::Caller => document::read(source, node, problems),
            Self::Resource => document::read_of_resource(source, node, problems),
        }
    }
}

/// The AWS managed policy of an ARN, without its document where that is not built in.
pub fn managed(id: &str, of: Of) -> Option<Option<Policy>> {
    if id.rsplit('/').next() == Some(builtin::FULL_RESOURCE_ACCESS) && of == Of::Resource {
        return Some(Some(Policy { label: id.to_owned(), ..builtin::full_resource_access().clone() }));
    }
    if of == Of::Resource {
        return None;
    }
    let Some(managed) = builtin::managed_policy(id) else {
        return builtin::is_aws_managed(id).then_some(None);
    };
    let (policy, _) = read(&SourceFile::new(managed.path, managed.text), id.to_owned(), of).ok()?;
    Some(Some(Policy { built_in: true, ..policy }))
}

/// A policy of the command line.
pub fn document_of(source: &Arc<SourceFile>) -> Read {
    attached_document(source, Of::Caller)
}

/// A policy of the command line that is attached to a caller or to a resource.
pub fn attached_document(source: &Arc<SourceFile>, of: Of) -> Read {
    read(source, source.path.clone(), of)
}

fn read(source: &Arc<SourceFile>, label: String, of: Of) -> Read {
    let node = json::parse(source)?;
    let mut problems = Vec::new();
    let document = Arc::new(of.document(source, &node, &mut problems));
    if problems.iter().any(Problem::is_error) {
        return Err(problems);
    }
    Ok((policy(label, document, &node), problems))
}

fn policy(label: String, document: Arc<document::Document>, node: &Node) -> Policy {
    let content = node.to_json().to_string();
    Policy { label, document, content, built_in: false }
}

/// A policy that was read; its warnings, or its errors, go to `problems`.
pub fn take(found: Read, problems: &mut Vec<Problem>) -> Option<Policy> {
    match found {
        Ok((policy, warnings)) => {
            problems.extend(warnings);
            Some(policy)
        }
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

/// A member that is given, and not null.
pub(super) fn given<'n>(node: &'n Node, field: &str) -> Option<&'n Member> {
    node.member(field).filter(|m| m.node.value != Value::Null)
}

fn list<'n>(
    source: &Arc<SourceFile>,
    node: &'n Node,
    field: &str,
    wanted: &str,
    problems: &mut Vec<Problem>,
) -> &'n [Node] {
    node.as_array().unwrap_or_else(|| {
        let message = format!("`{field}` must be {wanted}, but this is {}", node.kind());
        problems.push(Problem::at(source, node.span, message).help("write [ … ]"));
        &[]
    })
}

/// What is wrong with the action of a request.
pub fn action(text: &str) -> Result<(), &'static str> {
    let whole = text.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if !whole || text.contains(['*', '?']) || text.contains(char::is_whitespace) {
        return Err("write the action in full, such as s3:GetObject");
    }
    Ok(())
}

/// What is wrong with the resource of a request.
pub fn resource(text: &str) -> Result<(), &'static str> {
    let arn = text.starts_with("arn:") && text.splitn(6, ':').count() == 6;
    if text.contains(char::is_control) {
        return Err("write it without control characters: no resource has them in its name");
    }
    if arn || text == "*" {
        return Ok(());
    }
    Err("write an ARN, or \"*\" for an action without resource types")
}
