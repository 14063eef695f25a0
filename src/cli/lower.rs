//! `lower`: IAM policies as Cedar text.

use std::path::{Path, PathBuf};

use cedar_policy::{Schema, ValidationMode, Validator};
use clap::Args;

use super::{OK, input, output};
use crate::iam::document::{self, Document};
use crate::permissions::context::Reads;
use crate::permissions::layer::{Origin, annotations};
use crate::permissions::lower::{self, Lowered, SCOPE, any};
use crate::problem::{Failure, Problem};
use crate::text::json;

#[derive(Args)]
pub struct LowerArgs {
    /// IAM policies of the identity layer; `-` is stdin
    #[arg(required = true)]
    file: Vec<PathBuf>,
    /// A permissions boundary
    #[arg(long, value_name = "FILE")]
    boundary: Vec<PathBuf>,
    /// The service control policies of one level; repeat for each level, from the root down
    #[arg(long, value_name = "FILE")]
    service_control: Vec<PathBuf>,
    /// One policy set, with a `forbid … unless` for each restricting layer, instead of a set a layer
    #[arg(long)]
    merged: bool,
    /// The Cedar schema that the policies are valid against, instead of the policies
    #[arg(long)]
    print_schema: bool,
}

struct LayerText {
    name: String,
    statements: Vec<(Origin, bool, Lowered)>,
}

pub fn lower(args: &LowerArgs) -> Result<u8, Failure> {
    let mut problems = Vec::new();
    let mut layers = vec![layer("identity", &args.file, &mut problems)];
    if !args.boundary.is_empty() {
        layers.push(layer("boundary", &args.boundary, &mut problems));
    }
    for (level, path) in args.service_control.iter().enumerate() {
        layers.push(layer(&format!("serviceControl[{level}]"), std::slice::from_ref(path), &mut problems));
    }
    let (warnings, errors): (Vec<_>, Vec<_>) = problems.into_iter().partition(|p| !p.is_error());
    if !errors.is_empty() {
        return Err(Failure::Problems(errors));
    }
    output::problems(&warnings);
    let mut reads = Reads::default();
    for (_, _, lowered) in layers.iter().flat_map(|l| &l.statements) {
        reads.extend(&lowered.reads);
    }
    if layers.iter().all(|l| l.statements.is_empty()) {
        return Err(Failure::Nothing("nothing to lower: the policies have no statements".to_owned()));
    }
    let text = if args.merged { merged(&layers) } else { apart(&layers) };
    validate(&text, &reads)?;
    if args.print_schema {
        let schema = serde_json::to_string_pretty(&reads.schema()).map_err(|e| Failure::general(e.to_string()))?;
        output::print(&format!("{schema}\n"))?;
        return Ok(OK);
    }
    let config = cedar_policy_formatter::Config { line_width: 100, indent_width: 2 };
    let text = cedar_policy_formatter::policies_str_to_pretty(&text, &config).unwrap_or(text);
    output::print(&format!("{}\n", text.trim_end()))?;
    Ok(OK)
}

fn layer(name: &str, paths: &[PathBuf], problems: &mut Vec<Problem>) -> LayerText {
    let mut statements = Vec::new();
    for path in paths {
        let Some(document) = read(path, problems) else {
            continue;
        };
        for statement in &document.statements {
            let origin = Origin::new(&document.source.path, statement);
            statements.push((origin, statement.allow, lower::statement(statement)));
        }
    }
    LayerText { name: name.to_owned(), statements }
}

fn read(path: &Path, problems: &mut Vec<Problem>) -> Option<Document> {
    let source = input::read(path).map_err(|p| problems.push(p)).ok()?;
    let node = json::parse(&source).map_err(|p| problems.extend(p)).ok()?;
    Some(document::read(&source, &node, problems))
}

/// Each layer is a set of its own; a comment divides them.
fn apart(layers: &[LayerText]) -> String {
    let mut text = String::new();
    for layer in layers {
        if layers.len() > 1 {
            text.push_str(&format!(
                "// layer {}: its decision by itself; a request is allowed when every layer allows it\n\n",
                layer.name
            ));
        }
        for (index, (origin, _, lowered)) in layer.statements.iter().enumerate() {
            text.push_str(&format!(
                "@id(\"{}.{index}\")\n{}{}\n\n",
                layer.name,
                annotations(&layer.name, origin),
                lowered.text
            ));
        }
    }
    text
}

/// One set: what a restricting layer does not allow is forbidden.
fn merged(layers: &[LayerText]) -> String {
    let mut text = String::new();
    for (level, layer) in layers.iter().enumerate() {
        let mut allowed = Vec::new();
        for (index, (origin, allow, lowered)) in layer.statements.iter().enumerate() {
            if level == 0 || !allow {
                text.push_str(&format!(
                    "@id(\"{}.{index}\")\n{}{}\n\n",
                    layer.name,
                    annotations(&layer.name, origin),
                    lowered.text
                ));
            } else {
                allowed.push(lowered.condition.clone());
            }
        }
        if level > 0 {
            text.push_str(&format!(
                "@id(\"{0}\")\n@layer(\"{0}\")\nforbid {SCOPE}\nunless {{ {1} }};\n\n",
                layer.name,
                any(&allowed)
            ));
        }
    }
    text
}

/// What is printed is valid, strictly.
fn validate(text: &str, reads: &Reads) -> Result<(), Failure> {
    let schema = Schema::from_json_value(reads.schema()).map_err(|e| Failure::general(e.to_string()))?;
    let set: cedar_policy::PolicySet =
        text.parse().map_err(|e: cedar_policy::ParseErrors| Failure::general(e.to_string()))?;
    let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
    match result.validation_errors().next() {
        Some(error) => Err(Failure::general(format!("the lowered policies are not valid: {error}"))),
        None => Ok(()),
    }
}
