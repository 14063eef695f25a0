//! Questions from JSON: one request, an array of them, or one a line.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{Attached, Question};
use crate::aws;
use crate::iam::document;
use crate::inventory::{Policy, builtin};
use crate::permissions::context::{KeyValue, Keys};
use crate::problem::{Failure, NothingTo, Problem, SourceFile, did_you_mean};
use crate::source;
use crate::text::json::{self, Member, Node, Value};

/// What a text holds.
pub enum Batch {
    /// One request.
    One(Result<Question, Failure>),
    /// Several, in order: an array, or one a line.
    Many(Vec<Result<Question, Failure>>),
}

/// Reads requests, and the documents that they name.
pub struct Reader<'a> {
    /// What paths of documents are relative to.
    files: &'a dyn source::Source,
    documents: HashMap<String, Read>,
}

/// A document that was read, and its warnings; or its errors.
pub type Read = Result<(Policy, Vec<Problem>), Vec<Problem>>;

const FIELDS: [&str; 9] = [
    "principal",
    "action",
    "resource",
    "context",
    "contextIsComplete",
    "identity",
    "boundary",
    "session",
    "serviceControl",
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
                Ok(Batch::Many(nodes.iter().map(|n| self.question(source, n)).collect()))
            }
            Ok(node) => Ok(Batch::One(self.question(source, &node))),
            Err(problems) => {
                let lines = || source.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
                let is_request = |line: &str| {
                    let value = serde_json::from_str::<serde_json::Value>(line);
                    value.is_ok_and(|v| v.get("action").is_some())
                };
                if source.text.trim().is_empty() {
                    return Err(Failure::Nothing(NothingTo::Decide));
                }
                if !lines().any(|(_, line)| is_request(line)) {
                    return Err(Failure::Problems(problems));
                }
                Ok(Batch::Many(lines().map(|(index, line)| self.line(source, index, line)).collect()))
            }
        }
    }

    fn line(&mut self, file: &Arc<SourceFile>, index: usize, line: &str) -> Result<Question, Failure> {
        let source = SourceFile::new(format!("{}, line {}", file.path, index + 1), line);
        let node = json::parse(&source).map_err(Failure::Problems)?;
        self.question(&source, &node)
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
            let near = did_you_mean(&member.key, FIELDS);
            let help = near.map_or_else(
                || format!("a request may have {}", FIELDS.join(", ")),
                |n| format!("did you mean `{n}`?"),
            );
            problems
                .push(Problem::at(source, member.key_span, format!("a request has no `{}`", member.key)).help(help));
        }
        let mut fields = Fields { source, node, problems };
        let principal = fields.text("principal").map(str::to_owned);
        let action = fields.required("action", action);
        let resource = fields.required("resource", resource);
        let complete = fields.boolean("contextIsComplete");
        let keys = fields.context();
        let mut layers = Vec::new();
        for layer in ["identity", "boundary", "session"] {
            if let Some(member) = given(node, layer) {
                layers.push(self.layer(source, layer, layer.to_owned(), &member.node, problems));
            }
        }
        if let Some(member) = given(node, "serviceControl") {
            let levels = list(source, &member.node, "serviceControl", "a list of levels, from the root down", problems);
            for (level, node) in levels.iter().enumerate() {
                let name = format!("serviceControl[{level}]");
                layers.push(self.layer(source, &name, name.clone(), node, problems));
            }
        }
        Some(Question {
            principal,
            action: action?,
            resource: resource?,
            keys,
            absent: BTreeSet::new(),
            complete,
            layers,
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
        for (index, node) in nodes.iter().enumerate() {
            let inline = format!("{layer}[{index}]");
            match &node.value {
                Value::Object(_) => {
                    let document = Arc::new(document::read(source, node, problems));
                    policies.push((inline.clone(), Some(policy(inline, document, node))));
                }
                Value::String(text) => policies.extend(self.named(source, node, text, inline, problems)),
                _ => {
                    let message =
                        format!("a policy must be a document or the path of one, but this is {}", node.kind());
                    problems.push(Problem::at(source, node.span, message).help("write { \"Statement\": … } or a path"));
                }
            }
        }
        Attached { layer, policies }
    }

    /// A document as text, an AWS managed policy, or a path.
    fn named(
        &mut self,
        source: &Arc<SourceFile>,
        node: &Node,
        text: &str,
        inline: String,
        problems: &mut Vec<Problem>,
    ) -> Option<(String, Option<Policy>)> {
        if text.trim_start().starts_with('{') {
            let inner = SourceFile::new(format!("{}#{inline}", source.path), text);
            let found = read(&inner, inline.clone());
            return take(found, problems).map(|p| (inline, Some(p)));
        }
        if let Some(managed) = managed(text) {
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
        let found = self.documents.entry(text.to_owned()).or_insert_with(|| {
            let source = source::text(self.files, text).map_err(|p| vec![p])?;
            read(&source, text.to_owned())
        });
        take(found.clone(), problems).map(|p| (text.to_owned(), Some(p)))
    }
}

/// The AWS managed policy of an ARN, without its document where that is not built in.
pub fn managed(id: &str) -> Option<Option<Policy>> {
    let Some(managed) = builtin::managed_policy(id) else {
        return builtin::is_aws_managed(id).then_some(None);
    };
    let (policy, _) = read(&SourceFile::new(managed.path, managed.text), id.to_owned()).ok()?;
    Some(Some(Policy { built_in: true, ..policy }))
}

/// A policy of the command line.
pub fn document_of(source: &Arc<SourceFile>) -> Read {
    read(source, source.path.clone())
}

fn read(source: &Arc<SourceFile>, label: String) -> Read {
    let node = json::parse(source)?;
    let mut problems = Vec::new();
    let document = Arc::new(document::read(source, &node, &mut problems));
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
fn given<'n>(node: &'n Node, field: &str) -> Option<&'n Member> {
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
    if arn || text == "*" {
        return Ok(());
    }
    Err("write an ARN, or \"*\" for an action without resource types")
}

struct Fields<'a> {
    source: &'a Arc<SourceFile>,
    node: &'a Node,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Fields<'a> {
    fn wrong(&mut self, node: &Node, message: String, help: &str) {
        self.problems.push(Problem::at(self.source, node.span, message).help(help));
    }

    fn text(&mut self, field: &str) -> Option<&'a str> {
        let member = given(self.node, field)?;
        if member.node.as_str().is_none() {
            self.wrong(
                &member.node,
                format!("`{field}` must be a string, but this is {}", member.node.kind()),
                "put it in quotes",
            );
        }
        member.node.as_str()
    }

    fn required(&mut self, field: &str, check: fn(&str) -> Result<(), &'static str>) -> Option<String> {
        let Some(member) = given(self.node, field) else {
            self.wrong(self.node, format!("this request has no `{field}`"), &format!("add \"{field}\": …"));
            return None;
        };
        let text = self.text(field)?;
        if let Err(wanted) = check(text) {
            self.wrong(&member.node, format!("`{text}` is not a valid {field}"), wanted);
            return None;
        }
        Some(text.to_owned())
    }

    fn boolean(&mut self, field: &str) -> bool {
        match given(self.node, field).map(|m| &m.node) {
            None => false,
            Some(Node { value: Value::Bool(value), .. }) => *value,
            Some(node) => {
                self.wrong(
                    node,
                    format!("`{field}` must be true or false, but this is {}", node.kind()),
                    "write true or false",
                );
                false
            }
        }
    }

    fn context(&mut self) -> Keys {
        let mut keys = Keys::new();
        let Some(member) = given(self.node, "context") else {
            return keys;
        };
        let Some(members) = member.node.as_object() else {
            let message = format!("`context` must be an object of condition keys, but this is {}", member.node.kind());
            self.wrong(&member.node, message, "write { \"aws:MultiFactorAuthPresent\": \"true\" }");
            return keys;
        };
        let mut seen = BTreeSet::new();
        for member in members {
            let key = member.key.to_ascii_lowercase();
            if !seen.insert(key.clone()) {
                let message = format!("the key `{}` is given twice: keys are not case-sensitive", member.key);
                self.problems.push(Problem::at(self.source, member.key_span, message).help("keep one of the two"));
            }
            if let Some(value) = self.value(&member.node) {
                keys.insert(key, value);
            }
        }
        keys
    }

    /// A string, a number or a boolean; a list makes the key multi-valued, even with one element.
    fn value(&mut self, node: &Node) -> Option<KeyValue> {
        let mut one = |node: &Node| match &node.value {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            _ => {
                let message =
                    format!("the value of a key must be a string or a list of strings, but this is {}", node.kind());
                self.wrong(node, message, "leave the key out if the request does not carry it");
                None
            }
        };
        match &node.value {
            Value::Array(nodes) => nodes.iter().map(one).collect::<Option<_>>().map(KeyValue::Many),
            _ => one(node).map(KeyValue::One),
        }
    }
}
