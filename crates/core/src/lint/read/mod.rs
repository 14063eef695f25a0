//! Files in, policies out: every place of a policy is a place in the file that the user wrote.
//!
//! A reader ([`json`], [`yaml`], [`terraform`]) makes a tree of a file, [`find`] finds the policies in the tree, also those
//! that stand in strings ([`embedded`]). What is not literal is [`UNKNOWN`]. [`walk`] says which files are read.

mod attached;
mod blocks;
pub(crate) mod cedar;
pub(crate) mod choice;
pub(crate) mod cloudformation;
pub(crate) mod directives;
pub(crate) mod documents;
pub(crate) mod embedded;
pub(crate) mod find;
mod forms;
mod given;
mod kinds;
pub(crate) mod layers;
mod macros;
mod manifests;
mod parts;
mod permissions;
mod placeholders;
mod pulumi;
mod repeated;
mod sam;
mod siblings;
mod statements;
pub(crate) mod template;
mod templates;
pub(crate) mod terraform;
pub(crate) mod yaml;

use std::sync::Arc;

pub(crate) use forms::is_template as is_template_file;
pub use forms::{Form, form, form_of_text, is_policy_text, looks_like_policy, may_hold_policy};
use placeholders::placeholders;

use super::comments::{self, CommentIgnore};
use super::management::ManagementPolicy;
use super::policy::{Policy, PolicyKind};
use crate::problem::{Problem, SourceFile, Span};
use crate::text::UNKNOWN;
use crate::text::json::{self, Member, Node};

/// How a file holds a policy, which decides how it can be edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// As JSON.
    Json,
    /// As JSON in a string of JSON.
    Escaped,
    /// As JSON in a text that stands as it is: a here document, a block of YAML.
    Verbatim,
    /// As YAML.
    Yaml,
    /// As values of Terraform's language.
    Terraform,
    /// In a way that is not edited.
    Closed,
}

/// What is wrong with a file, before any rule looks at its policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It, or a policy in it, does not parse.
    Unreadable,
    /// A key stands twice in an object.
    Duplicate,
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// A policy that is not literal.
    NotLiteral,
    /// A managed policy that the data of AWS's lacks: its message is the ARN.
    UnknownManaged,
    /// A policy template that AWS SAM has not.
    UnknownTemplate,
    /// The inline policy of a permission set that has another one.
    Overwritten,
}

/// A fault, and where.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which.
    pub kind: FaultKind,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A file that was read.
pub struct Loaded {
    /// Its text.
    pub source: Arc<SourceFile>,
    /// The policies in it.
    pub policies: Vec<Policy>,
    /// Those of AWS Organizations without statements.
    pub management: Vec<ManagementPolicy>,
    /// The Cedar policies in it.
    pub cedar: Vec<cedar::CedarPolicy>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// Documents of Terraform that it names, and what they are used for.
    pub references: Vec<find::Reference>,
    /// Files that it takes policies from.
    pub files: Vec<find::FileReference>,
    /// The resources in it that are the inline policy of a permission set.
    pub sets: Vec<find::OfSet>,
    /// What its comments ignore.
    pub ignores: Vec<CommentIgnore>,
    /// What its folder is called where files of Terraform use it as a module.
    pub uses: Vec<String>,
    /// The resources and modules in it, by where they stand: `aws_iam_policy.legal`, `Resources.Legal`.
    pub blocks: Vec<(Span, String)>,
}

impl Loaded {
    /// A file in which nothing was found.
    fn nothing(source: Arc<SourceFile>) -> Self {
        Self {
            source,
            policies: Vec::new(),
            management: Vec::new(),
            cedar: Vec::new(),
            faults: Vec::new(),
            references: Vec::new(),
            files: Vec::new(),
            sets: Vec::new(),
            ignores: Vec::new(),
            uses: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// It has a policy, or something that should be one.
    pub fn holds_policies(&self) -> bool {
        !self.policies.is_empty() || !self.management.is_empty() || !self.cedar.is_empty() || !self.faults.is_empty()
    }
}

/// Reads a text. `given` is the kind of all its policies, where the user says so; `named`: the user asked for this file.
pub fn load(
    source: Arc<SourceFile>,
    form: Form,
    given: Option<PolicyKind>,
    named: bool,
    scopes: &terraform::scope::Scopes<'_>,
) -> Loaded {
    let mut faults = Vec::new();
    // a template of CloudFormation may be of either form
    let text = source.text.trim_start_matches('\u{FEFF}').trim_start();
    let form = if form == Form::Json && source.path.ends_with(".template") && !text.starts_with('{') {
        Form::Yaml
    } else {
        form
    };
    if form == Form::Cedar {
        return of_cedar(source);
    }
    let Some(tree) = tree(&source, form, scopes, &mut faults) else {
        // nothing in it looks like a policy
        return Loaded::nothing(source);
    };
    let (root, host) = match tree {
        Ok(tree) => tree,
        Err(problems) => {
            // what does not parse may be anything; it counts where it looks like a policy, or was asked for
            if named || looks_like_policy(&source.text) || forms::begins_like_policy(&source.text) {
                faults.extend(problems.iter().map(|p| if is_note(p) { not_readable(p) } else { unreadable(p) }));
            } else {
                faults.clear();
            }
            return Loaded { faults, ..Loaded::nothing(source) };
        }
    };
    let (root, host) = match form {
        // a fix would write IAM's names where Terraform's stand
        Form::Json if is_terraform_json(&source.path) => (terraform::json::resolved(root), Host::Closed),
        Form::Json => (cloudformation::resolved(root), host),
        _ => (root, host),
    };
    let terraform = form == Form::Terraform;
    let mut finder = find::Finder::new(&source, given, terraform.then_some(scopes));
    finder.file(&root, host);
    let find::Finder { policies, management, faults: found, references, files, sets, .. } = finder;
    if policies.is_empty() && management.is_empty() && found.is_empty() && !named {
        faults.clear();
    }
    repeated::only_about_policies(&root, &policies, &mut faults);
    faults.extend(found);
    let ignores = if form == Form::Json { Vec::new() } else { comments::ignores(&source, &root) };
    let uses = if terraform { scopes.uses(terraform::scope::folder(&source.path)) } else { Vec::new() };
    let blocks = blocks::blocks(&root);
    Loaded { policies, management, faults, references, files, sets, ignores, uses, blocks, ..Loaded::nothing(source) }
}

/// Terraform's and OpenTofu's JSON.
fn is_terraform_json(path: &str) -> bool {
    path.ends_with(".tf.json") || path.ends_with(".tofu.json")
}

/// The tree of a file and how it holds policies; `None` where nothing in it looks like one.
fn tree(
    source: &Arc<SourceFile>,
    form: Form,
    scopes: &terraform::scope::Scopes<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Result<(Node, Host), Vec<Problem>>> {
    const MARKS: [&str; 3] = ["{{", "{%", "<%"];
    if forms::is_encoded(&source.text) && form != Form::Terraform {
        let whole = embedded::Mapped { text: source.text.clone(), offsets: (0..=source.text.len()).collect() };
        let node = terraform::expression::encoded(&whole).map(|node| (node, Host::Closed));
        return Some(node.ok_or_else(|| vec![of_template(source, 0)]));
    }
    Some(match form {
        Form::Yaml => match yaml::tree(source) {
            Ok(root) => {
                faults.extend(yaml::duplicates(&root).into_iter().map(duplicate));
                let mut root = pulumi::resolved(root);
                placeholders::in_yaml(&mut root, forms::is_template(&source.path));
                Ok((root, Host::Yaml))
            }
            Err(problem) => match templates::yaml(source)
                .map(Ok)
                .or_else(|| filled(source).map(|filled| yaml::read(source, filled)))
            {
                Some(Ok(root)) => Ok((root, Host::Closed)),
                Some(Err(_)) => Err(vec![of_template(source, 0)]),
                None if MARKS.iter().any(|mark| source.text.contains(mark)) || has_blank_line(&source.text) => {
                    Err(vec![of_template(source, 0)])
                }
                None => Err(vec![problem]),
            },
        },
        Form::Terraform => match scopes.modules.get(&source.path)? {
            (own, Ok(body)) => Ok((terraform::tree(own, body, scopes), Host::Terraform)),
            (_, Err(problem)) => Err(vec![problem.clone()]),
        },
        Form::Json | Form::Cedar => json_tree(source, faults).or_else(|problems| {
            // CloudFormation reads what is no JSON as YAML, which takes a comma at the end of a list
            let of_cloudformation = find::is_template_text(&source.text);
            let root = of_cloudformation.then(|| yaml::tree(source)).and_then(Result::ok);
            root.map(|root| (root, Host::Closed)).ok_or(problems)
        }),
    })
}

/// A line that is nothing but a name in braces: what a program puts in its place may be anything.
fn has_blank_line(text: &str) -> bool {
    let name = |line: &str| line.trim().strip_prefix('{').and_then(|l| l.strip_suffix('}')).map(str::to_owned);
    let is_name = |name: String| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    };
    text.lines().filter_map(name).any(is_name)
}

/// The text of a file with its placeholders filled in, if it has any.
fn filled(source: &SourceFile) -> Option<given::Given> {
    let given = given::Given::file(&source.text);
    if forms::is_template(&source.path) { given.filled_as_template() } else { given.filled() }
}

fn of_cedar(source: Arc<SourceFile>) -> Loaded {
    match cedar::policies(&source) {
        Ok(cedar) => Loaded { cedar, ..Loaded::nothing(source) },
        Err(problems) => Loaded { faults: problems.iter().map(unreadable).collect(), ..Loaded::nothing(source) },
    }
}

/// A fault that a problem of a reader stands for.
pub fn unreadable(problem: &Problem) -> Fault {
    Fault {
        kind: FaultKind::Unreadable,
        span: problem.place().map_or(Span::default(), |p| p.span),
        message: problem.message().to_owned(),
        help: problem.help_text().unwrap_or("correct it: a policy that cannot be read cannot be checked").to_owned(),
    }
}

/// What is said of a template that is no JSON without its placeholders.
const TEMPLATE: &str = "this template is neither JSON nor YAML without its placeholders, and cannot be read";

/// What the reader of YAML is stricter about than those that read templates of CloudFormation.
const STRICT: &str = "invalid indentation in quoted scalar";

fn of_template(source: &Arc<SourceFile>, start: usize) -> Problem {
    let end = source.text.get(start..).and_then(|t| t.chars().next()).map_or(start, |c| start + c.len_utf8());
    Problem::at(source, Span { start, end }, TEMPLATE).help("lint what it becomes")
}

/// Nothing is wrong with the file: it is only not read.
fn is_note(problem: &Problem) -> bool {
    problem.message() == TEMPLATE || problem.message().ends_with(STRICT)
}

fn not_readable(problem: &Problem) -> Fault {
    let help = problem.help_text().unwrap_or("indent the lines of the text more than its key, to have it read");
    Fault { kind: FaultKind::NotLiteral, help: help.to_owned(), ..unreadable(problem) }
}

/// A statement that stands by itself.
fn is_statement(root: &Node) -> bool {
    root.get("Effect").is_some() && root.get("Statement").is_none()
}

fn json_tree(source: &Arc<SourceFile>, faults: &mut Vec<Fault>) -> Result<(Node, Host), Vec<Problem>> {
    let text = &source.text;
    let mark = text.len() - text.trim_start_matches('\u{FEFF}').len();
    if mark > 0 {
        faults.push(Fault {
            kind: FaultKind::ByteOrderMark,
            span: Span { start: 0, end: mark },
            message: "the file begins with a byte order mark".to_owned(),
            help: "save it as UTF-8 without a byte order mark: the AWS CLI rejects one".to_owned(),
        });
    }
    let offsets = (mark..=text.len()).collect();
    let body = embedded::Mapped { text: text.get(mark..).unwrap_or_default().to_owned(), offsets };
    let trimmed = body.text.trim_start();
    if trimmed.starts_with("%7B") || trimmed.starts_with("%7b") {
        // the file is a document as the wire carries it
        let node = Node::string(Span { start: mark, end: text.len() }, body.text);
        return Ok((node, Host::Closed));
    }
    let read = templates::json(source, &body);
    let (mut root, duplicates) = match read.result {
        Ok((root, _)) if forms::is_template(&source.path) && is_statement(&root) => {
            (templates::statements(source, &body).unwrap_or(root), Vec::new())
        }
        Ok(parsed) => parsed,
        Err(problems) => match templates::statements(source, &body).filter(|_| forms::is_template(&source.path)) {
            Some(root) => (root, Vec::new()),
            // a template is JSON once it is filled in
            None if read.is_template => return Err(vec![of_template(source, mark)]),
            None => return Err(problems),
        },
    };
    faults.extend(duplicates.iter().map(duplicate));
    if is_terraform_json(&source.path) {
        let text = |node: &Node| embedded::json_string(source.slice(node.span), node.span.start);
        root = terraform::expression::in_strings(root, &text);
    }
    placeholders(&mut root);
    Ok((root, Host::Json))
}

/// The fault of a key that stands twice.
pub fn duplicate(member: &Member) -> Fault {
    Fault {
        kind: FaultKind::Duplicate,
        span: member.key_span,
        message: format!("the key `{}` appears twice in one object", member.key),
        help: "keep one of the two: JSON parsers disagree on which one counts".to_owned(),
    }
}

/// A text with each `${name}` replaced by what `known` gives for the name; what it does not know is unknown.
pub(super) fn interpolated(text: &str, known: impl Fn(&str) -> Option<String>) -> String {
    replaced(text, "${", |_, after| {
        let (name, tail) = after.split_once('}')?;
        Some((known(name).unwrap_or_else(|| UNKNOWN.to_string()), tail))
    })
}

/// A text with what begins with a mark replaced, where something is read of what stands before the mark and after it: what stands for
/// it, and what follows.
pub(super) fn replaced<'t>(
    text: &'t str,
    mark: &str,
    read: impl Fn(&'t str, &'t str) -> Option<(String, &'t str)>,
) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        result.push_str(before);
        rest = match read(before, after) {
            Some((instead, tail)) => {
                result.push_str(&instead);
                tail
            }
            None => {
                result.push_str(mark);
                after
            }
        };
    }
    result.push_str(rest);
    result
}

/// A node in words for a message, cut short.
pub fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(MOST).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

pub(crate) use json::MAX_DEPTH;
