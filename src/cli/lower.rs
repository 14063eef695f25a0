//! `lower`: IAM policies as Cedar text.

use std::path::{Path, PathBuf};

use cedar_policy::{Schema, ValidationMode, Validator};
use clap::Args;

use super::explain::explain;
use super::{OK, input, output};
use crate::report::border;
use countersign_core::iam::document::{self, Document};
use countersign_core::permissions::context::Reads;
use countersign_core::permissions::layer::{Origin, annotations};
use countersign_core::permissions::lower::{self, Lowered, SCOPE, any};
use countersign_core::problem::{Failure, NothingTo, Problem};
use countersign_core::text::json;

#[derive(Args)]
pub struct LowerArgs {
    /// IAM identity policies; `-` is stdin
    #[arg(required = true)]
    file: Vec<PathBuf>,
    /// A permissions boundary
    #[arg(long, value_name = "FILE")]
    boundary: Vec<PathBuf>,
    /// The service control policies of one level; repeat for each level, from the root down
    #[arg(long, value_name = "FILE")]
    service_control: Vec<PathBuf>,
    /// Print one policy set, with a `forbid … unless` for each restricting layer, instead of one set per layer
    #[arg(long)]
    merged: bool,
    /// Explain in comments what each statement became, and why
    #[arg(long, conflicts_with = "print_schema")]
    explain: bool,
    /// Print the Cedar schema that validates the policies, instead of the policies
    #[arg(long)]
    print_schema: bool,
}

struct LayerText {
    name: String,
    statements: Vec<StatementText>,
}

struct StatementText {
    origin: Origin,
    allow: bool,
    lowered: Lowered,
    /// Comments that explain it; empty where none are asked for.
    comments: String,
}

pub fn lower(args: &LowerArgs) -> Result<u8, Failure> {
    let mut problems = Vec::new();
    let mut layer = |name: &str, paths: &[PathBuf]| {
        let restricts = args.merged && name != "identity";
        layer(name, paths, args.explain.then_some(restricts), &mut problems)
    };
    let mut layers = vec![layer("identity", &args.file)];
    if !args.boundary.is_empty() {
        layers.push(layer("boundary", &args.boundary));
    }
    for (level, path) in args.service_control.iter().enumerate() {
        layers.push(layer(&format!("serviceControl[{level}]"), std::slice::from_ref(path)));
    }
    let (warnings, errors): (Vec<_>, Vec<_>) = problems.into_iter().partition(|p| !p.is_error());
    if !errors.is_empty() {
        return Err(Failure::Problems(errors));
    }
    output::problems(&warnings);
    let mut reads = Reads::default();
    for statement in layers.iter().flat_map(|l| &l.statements) {
        reads.extend(&statement.lowered.reads);
    }
    if layers.iter().all(|l| l.statements.is_empty()) {
        return Err(Failure::Nothing(NothingTo::Lower));
    }
    let pieces = if args.merged { merged(&layers) } else { apart(&layers) };
    validate(&pieces.concat(), &reads)?;
    if args.print_schema {
        let schema = serde_json::to_string_pretty(&reads.schema()).map_err(Failure::internal("JSON"))?;
        output::print(&border::json(&format!("{schema}\n")))?;
        return Ok(OK);
    }
    let config = cedar_policy_formatter::Config { line_width: 100, indent_width: 2 };
    // one by one: the formatter looks through all comments of a text for each of its tokens
    let pretty =
        |piece: &String| cedar_policy_formatter::policies_str_to_pretty(piece, &config).unwrap_or(piece.clone());
    let pretty: Vec<String> = pieces.iter().map(|piece| pretty(piece).trim_end().to_owned()).collect();
    output::print(&format!("{}\n", pretty.join("\n\n")))?;
    Ok(OK)
}

fn layer(name: &str, paths: &[PathBuf], explained: Option<bool>, problems: &mut Vec<Problem>) -> LayerText {
    let mut statements = Vec::new();
    for path in paths {
        let Some(document) = read(path, problems) else {
            continue;
        };
        for statement in &document.statements {
            let origin = Origin::new(&document.source.path, statement);
            let lowered = lower::statement(statement);
            let comments = explained.map(|restricts| explain(statement, &lowered, restricts)).unwrap_or_default();
            statements.push(StatementText { origin, allow: statement.allow, lowered, comments });
        }
    }
    LayerText { name: name.to_owned(), statements }
}

fn read(path: &Path, problems: &mut Vec<Problem>) -> Option<Document> {
    let source = input::read(path).map_err(|p| problems.push(p)).ok()?;
    let node = json::parse(&source).map_err(|p| problems.extend(p)).ok()?;
    Some(document::read(&source, &node, problems))
}

/// A statement as a policy.
fn one(layer: &LayerText, index: usize, statement: &StatementText) -> String {
    let StatementText { origin, lowered, comments, .. } = statement;
    let annotations = annotations(&layer.name, origin);
    format!("{comments}@id(\"{}.{index}\")\n{annotations}{}\n\n", layer.name, lowered.text)
}

/// Each layer is a set of its own; a comment divides them. One text a policy.
fn apart(layers: &[LayerText]) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut before = String::new();
    for layer in layers {
        if layers.len() > 1 {
            before.push_str(&format!(
                "// layer {}: its decision by itself; a request is allowed when every layer allows it\n\n",
                layer.name
            ));
        }
        for (index, statement) in layer.statements.iter().enumerate() {
            pieces.push(std::mem::take(&mut before) + &one(layer, index, statement));
        }
    }
    // a layer without statements, at the end
    pieces.extend(Some(before).filter(|b| !b.is_empty()));
    pieces
}

/// One set: what a restricting layer does not allow is forbidden.
fn merged(layers: &[LayerText]) -> Vec<String> {
    let mut pieces = Vec::new();
    for (level, layer) in layers.iter().enumerate() {
        let mut allowed = Vec::new();
        let mut comments = String::new();
        for (index, statement) in layer.statements.iter().enumerate() {
            if level == 0 || !statement.allow {
                pieces.push(one(layer, index, statement));
            } else {
                allowed.push(statement.lowered.condition.clone());
                comments.push_str(&statement.comments);
            }
        }
        if level > 0 {
            pieces.push(format!(
                "{comments}@id(\"{0}\")\n@layer(\"{0}\")\nforbid {SCOPE}\nunless {{ {1} }};\n\n",
                layer.name,
                any(&allowed)
            ));
        }
    }
    pieces
}

/// What is printed is valid, strictly.
fn validate(text: &str, reads: &Reads) -> Result<(), Failure> {
    let schema = Schema::from_json_value(reads.schema()).map_err(Failure::internal("JSON"))?;
    let set: cedar_policy::PolicySet =
        text.parse().map_err(Failure::internal::<cedar_policy::ParseErrors>("the lowered form of the policies"))?;
    let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
    match result.validation_errors().next() {
        Some(error) => Err(Failure::internal("a valid lowered form of the policies")(error.to_string())),
        None => Ok(()),
    }
}
