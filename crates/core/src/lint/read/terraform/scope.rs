//! What the files of a folder say to each other: locals, what variables are where nobody sets them, and what modules are given.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, BlockLabel, Body, Structure};

use super::calls::{Call, Given, Uses, called, calls};
use super::memo::{Memo, Open};
use crate::problem::{Problem, SourceFile};
use crate::work;

/// Files of Terraform's language, parsed.
pub struct Modules {
    files: HashMap<String, (Arc<SourceFile>, Result<Body, Problem>)>,
}

/// A text that may hold policies, or be of use to one that does.
pub struct Candidate<'t> {
    /// The file.
    pub source: &'t Arc<SourceFile>,
    /// The user asked for it.
    pub named: bool,
}

impl Modules {
    /// Parses those of the files that may hold policies, and those beside them that may say what is in them.
    pub fn parse<'t>(texts: impl Iterator<Item = Candidate<'t>>) -> Self {
        let (own, others): (Vec<_>, Vec<_>) = texts.partition(|c| c.named || may_hold_policies(&c.source.text));
        let mut folders: Vec<&str> = own.iter().map(|c| folder(&c.source.path)).collect();
        folders.sort_unstable();
        // who calls these folders as modules says what their variables are
        let calls = |c: &Candidate<'_>| {
            let (path, text) = (&c.source.path, &c.source.text);
            text.contains("module") && called(path, text).any(|f| folders.binary_search(&f.as_str()).is_ok())
        };
        let (callers, others): (Vec<_>, Vec<_>) = others.into_iter().partition(calls);
        let mut near: Vec<&str> = own.iter().chain(&callers).map(|c| folder(&c.source.path)).collect();
        let called: Vec<String> =
            own.iter().chain(&callers).flat_map(|c| called(&c.source.path, &c.source.text)).collect();
        near.extend(called.iter().map(String::as_str));
        near.sort_unstable();
        let helps = |c: &Candidate<'_>| {
            let text = &c.source.text;
            (is_values(&c.source.path) || ["locals", "variable", "output"].iter().any(|word| text.contains(word)))
                && near.binary_search(&folder(&c.source.path)).is_ok()
        };
        let wanted: Vec<_> = own.into_iter().chain(callers).chain(others.into_iter().filter(helps)).collect();
        let parsed = |c: Candidate<'_>| (c.source.path.clone(), (c.source.clone(), super::parse(c.source)));
        Self { files: wanted.into_iter().map(parsed).collect() }
    }

    /// A file, if it was parsed.
    pub fn get(&self, path: &str) -> Option<&(Arc<SourceFile>, Result<Body, Problem>)> {
        self.files.get(path)
    }
}

/// The words without which a file, or a block of one, holds no policy, and no statement of one.
pub fn may_hold_policies(text: &str) -> bool {
    ["olicy", "olicies", "tatement", "_permission"].iter().any(|word| text.contains(word))
}

/// The folder of a path.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A value that has a name, and the file that says it.
pub type Named<'m> = (&'m Expression, &'m Arc<SourceFile>);

/// The names of one folder.
#[derive(Default)]
pub struct Scope<'m> {
    locals: HashMap<&'m str, Named<'m>>,
    defaults: HashMap<&'m str, Named<'m>>,
    types: HashMap<&'m str, Named<'m>>,
    /// The lists that variables are held against, and whether each element of the variable is.
    allowed: HashMap<&'m str, Vec<(Named<'m>, bool)>>,
    /// What files of values set.
    set: HashMap<&'m str, Vec<Named<'m>>>,
    variables: HashSet<&'m str>,
    outputs: HashMap<&'m str, Named<'m>>,
    /// The folders of the modules that it calls.
    modules: HashMap<&'m str, String>,
    /// What its variables are given, by those that call it.
    given: HashMap<&'m str, Vec<Given<'m>>>,
    /// The folders that call it, and what they call it.
    callers: Vec<(&'m str, &'m str)>,
    /// Managed policies that are somebody's boundary.
    boundaries: HashSet<&'m str>,
    /// Managed policies that somebody has.
    attached: HashSet<&'m str>,
    /// What `template_file` fills in, and with what.
    templates: HashMap<&'m str, Template<'m>>,
}

/// A text, and what its placeholders are filled in with.
pub type Template<'m> = (Named<'m>, Option<&'m Expression>);

impl<'m> Scope<'m> {
    fn add(&mut self, source: &'m Arc<SourceFile>, body: &'m Body) {
        if is_values(&source.path) {
            for attribute in body.iter().filter_map(Structure::as_attribute) {
                self.set.entry(attribute.key.as_str()).or_default().push((&attribute.value, source));
            }
            return;
        }
        for block in body.iter().filter_map(Structure::as_block) {
            match block.ident.as_str() {
                "locals" => {
                    let attributes = block.body.iter().filter_map(Structure::as_attribute);
                    self.locals.extend(attributes.map(|a| (a.key.as_str(), (&a.value, source))));
                }
                "variable" => {
                    self.variables.extend(label(block, 0));
                    let default = block.body.get_attribute("default");
                    if let (Some(name), Some(default)) = (label(block, 0), default) {
                        self.defaults.insert(name, (&default.value, source));
                    }
                    let rules = block.body.get_blocks("validation").filter_map(|v| v.body.get_attribute("condition"));
                    for rule in rules {
                        let allowed = allowed(&rule.value).into_iter().map(|(list, each)| ((list, source), each));
                        self.allowed.entry(label(block, 0).unwrap_or_default()).or_default().extend(allowed);
                    }
                    let ty = block.body.get_attribute("type");
                    if let (Some(name), Some(ty)) = (label(block, 0), ty) {
                        self.types.insert(name, (&ty.value, source));
                    }
                }
                "output" => {
                    let value = block.body.get_attribute("value");
                    if let (Some(name), Some(value)) = (label(block, 0), value) {
                        self.outputs.insert(name, (&value.value, source));
                    }
                }
                "data" if label(block, 0) == Some("template_file") => {
                    let vars = block.body.get_attribute("vars").map(|a| &a.value);
                    if let (Some(name), Some(text)) = (label(block, 1), block.body.get_attribute("template")) {
                        self.templates.insert(name, ((&text.value, source), vars));
                    }
                }
                "resource" => {
                    for attribute in block.body.iter().filter_map(Structure::as_attribute) {
                        let policies = match attribute.key.as_str() {
                            "permissions_boundary" => &mut self.boundaries,
                            "policy_arn" | "managed_policy_arns" | "policy_arns" => &mut self.attached,
                            _ => continue,
                        };
                        let text = attribute.value.span().and_then(|range| source.text.get(range)).unwrap_or_default();
                        policies.extend(after(text, "aws_iam_policy."));
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a managed policy is a boundary of somebody, and nobody has it.
    pub fn is_boundary(&self, name: &str) -> bool {
        self.boundaries.contains(name) && !self.attached.contains(name)
    }

    /// The text of a `template_file`, and what fills it in, as they are written.
    pub fn template(&self, name: &str) -> Option<(&'m str, Option<&'m str>)> {
        let ((text, source), vars) = self.templates.get(name)?;
        let written = |expression: &Expression| source.text.get(expression.span()?);
        Some((written(text)?, vars.and_then(written)))
    }

    /// The type of a variable.
    pub fn type_of(&self, name: &str) -> Option<Named<'m>> {
        self.types.get(name).copied()
    }

    /// The lists that a variable is held against, and whether it is each of its elements that is.
    pub fn allowed(&self, name: &str) -> &[(Named<'m>, bool)] {
        self.allowed.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// What files of values set a variable to: of those that Terraform reads by itself the last, and whatever others say.
    pub fn set(&self, name: &str) -> Vec<Named<'m>> {
        let all = self.set.get(name).map(Vec::as_slice).unwrap_or_default();
        let last = all.iter().filter_map(|set| Some((order(&set.1.path)?, set))).max_by_key(|(order, _)| *order);
        let told = all.iter().filter(|set| order(&set.1.path).is_none());
        last.map(|(_, set)| *set).into_iter().chain(told.copied()).collect()
    }

    /// Whether a file that Terraform reads by itself sets a variable of a folder that nobody calls as a module: its default does not count then.
    fn is_set(&self, name: &str) -> bool {
        self.callers.is_empty()
            && self.set.get(name).is_some_and(|all| all.iter().any(|set| order(&set.1.path).is_some()))
    }

    /// Whether a variable of this name is among the files.
    pub fn has_variable(&self, name: &str) -> bool {
        self.variables.contains(name)
    }

    /// What an output is.
    pub fn output(&self, name: &str) -> Option<Named<'m>> {
        self.outputs.get(name).copied()
    }

    /// The folder of a module that it calls.
    pub fn module(&self, name: &str) -> Option<&str> {
        self.modules.get(name).map(String::as_str)
    }

    /// What a variable is given, by each call of the folder as a module.
    pub fn given(&self, name: &str) -> &[Given<'m>] {
        self.given.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whatever its variables are given, in the order of their names.
    pub fn all_given(&self) -> impl Iterator<Item = &Given<'m>> {
        let mut names: Vec<&str> = self.given.keys().copied().collect();
        names.sort_unstable();
        names.into_iter().flat_map(|name| self.given(name))
    }

    /// The folders that call it as a module, and what they call it.
    pub fn callers(&self) -> &[(&'m str, &'m str)] {
        &self.callers
    }

    /// What a local is.
    pub fn local(&self, name: &str) -> Option<Named<'m>> {
        self.locals.get(name).copied()
    }

    /// What a variable is where nobody sets it.
    pub fn default_of(&self, name: &str) -> Option<Named<'m>> {
        self.defaults.get(name).copied().filter(|_| !self.is_set(name))
    }

    /// The documents that an expression names, also by way of locals.
    pub fn documents<'s>(&'s self, text: &'s str) -> Vec<String> {
        const DEEP: usize = 5;
        let mut found = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut looked_through: HashSet<&str> = HashSet::new();
        let mut next = vec![text];
        for _ in 0..=DEEP {
            for text in std::mem::take(&mut next) {
                work::add(text.len());
                let documents = after(text, "data.aws_iam_policy_document.");
                found.extend(documents.filter(|name| seen.insert(name)).map(str::to_owned));
                let locals = after(text, "local.").filter(|name| looked_through.insert(name));
                let values = locals.filter_map(|name| self.local(name));
                next.extend(values.filter_map(|(value, source)| source.text.get(value.span()?)));
            }
        }
        found
    }
}

/// A file that sets variables: `terraform.tfvars`.
pub fn is_values(path: &str) -> bool {
    path.ends_with(".tfvars") || is_json_values(path)
}

/// The same in JSON: `terraform.tfvars.json`.
pub fn is_json_values(path: &str) -> bool {
    path.ends_with(".tfvars.json")
}

/// The place of a file of values among those that Terraform reads by itself, of which a later one counts; `None` for one that it is told to
/// read. What the environment says comes before all of them.
fn order(path: &str) -> Option<(usize, &str)> {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name {
        "terraform.tfvars" => Some((0, name)),
        "terraform.tfvars.json" => Some((1, name)),
        _ if name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json") => Some((2, name)),
        _ => None,
    }
}

/// The lists that a condition holds a value against: `contains(["a", "b"], var.x)`, of one value or of each of several.
fn allowed(condition: &Expression) -> Vec<(&Expression, bool)> {
    match condition {
        Expression::Parenthesis(inner) => allowed(inner.inner()),
        Expression::BinaryOp(op) => allowed(&op.lhs_expr).into_iter().chain(allowed(&op.rhs_expr)).collect(),
        Expression::FuncCall(call) => {
            match (call.name.name.as_str(), call.args.iter().collect::<Vec<_>>().as_slice()) {
                ("contains", [list, value]) => match value {
                    // the elements of a variable that is a list
                    Expression::Variable(_) => vec![(*list, true)],
                    Expression::Traversal(of) if matches!(&of.expr, Expression::Variable(v) if v.as_str() == "var") => {
                        vec![(*list, false)]
                    }
                    _ => Vec::new(),
                },
                ("alltrue", [Expression::ForExpr(each)]) => allowed(&each.value_expr),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// Whether a value has a part that is said for each element of what a block is for.
fn names_each((value, source): Named<'_>) -> bool {
    value.span().and_then(|range| source.text.get(range)).is_some_and(|text| text.contains("each."))
}

/// The names that stand after these words in a text.
pub(super) fn after<'t>(text: &'t str, words: &'static str) -> impl Iterator<Item = &'t str> {
    text.split(words).skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        rest.get(..end).filter(|name| !name.is_empty())
    })
}

/// A label of a block.
pub fn label(block: &Block, index: usize) -> Option<&str> {
    block.labels.get(index).map(|label| match label {
        BlockLabel::Ident(ident) => ident.as_str(),
        BlockLabel::String(text) => text.as_str(),
    })
}

/// The names of all folders.
pub struct Scopes<'m> {
    /// The files.
    pub modules: &'m Modules,
    folders: HashMap<&'m str, Scope<'m>>,
    none: Scope<'m>,
    /// What names stand for, without places.
    pub(super) memo: Memo,
    /// The evaluations of names that are under way.
    pub(super) open: Open,
    /// What is known of what modules are called.
    pub(super) uses: RefCell<Uses>,
}

impl<'m> Scopes<'m> {
    /// Reads what the files say.
    pub fn new(modules: &'m Modules) -> Self {
        let mut folders: HashMap<&str, Scope<'_>> = HashMap::new();
        let mut files: Vec<_> = modules.files.iter().collect();
        files.sort_unstable_by_key(|(path, _)| *path);
        let mut all: Vec<Call<'_>> = Vec::new();
        for (path, (source, body)) in files {
            if let Ok(body) = body {
                folders.entry(folder(path)).or_default().add(source, body);
                all.extend(calls(path, source, body));
            }
        }
        for call in all {
            if let Some(called) = folders.get_mut(call.folder.as_str()) {
                called.callers.push((call.caller, call.name));
                for (name, value) in call.given {
                    let for_each = call.for_each.filter(|_| names_each(value));
                    called.given.entry(name).or_default().push(Given {
                        value,
                        folder: call.caller,
                        for_each,
                        name: call.name,
                    });
                }
            }
            folders.entry(call.caller).or_default().modules.insert(call.name, call.folder);
        }
        Self {
            modules,
            folders,
            none: Scope::default(),
            memo: Memo::default(),
            open: Open::default(),
            uses: RefCell::default(),
        }
    }

    /// The names of a folder.
    pub fn at(&self, folder: &str) -> &Scope<'m> {
        self.folders.get(folder).unwrap_or(&self.none)
    }

    /// Whether files of a folder are among those that are read.
    pub fn has(&self, folder: &str) -> bool {
        self.folders.contains_key(folder)
    }

    /// The names of the folder of a file.
    pub fn of(&self, path: &str) -> &Scope<'m> {
        self.at(folder(path))
    }
}
