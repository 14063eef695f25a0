//! `simulate`: one IAM decision for any action, or a batch of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::errors::{explained, usage};
use super::output::{Format, Output};
use super::{INVALID, NOT_OK, OK, input, output, settled};
use crate::report::decision as report;
use countersign_core::inventory::Policy;
use countersign_core::permissions::context::{KeyValue, Keys};
use countersign_core::problem::{Failure, NothingTo, Problem};
use countersign_core::provenance::Provenance;
use countersign_core::simulation::caller::is_account;
use countersign_core::simulation::request::{self, Batch, Of, Reader};
use countersign_core::simulation::{Attached, IamDecision, Question, SimulatedDecision, Simulator};
use countersign_core::source::Folder;
use countersign_core::source::digest::Files;
use countersign_core::stack;

#[derive(Args)]
pub struct SimulateArgs {
    /// Without --action: JSON requests (one, an array, or one per line; `-`, the default, is stdin). With --action: the
    /// identity policies
    file: Vec<PathBuf>,
    /// The requested action, such as s3:GetObject
    #[arg(long, requires = "resource")]
    action: Option<String>,
    /// An ARN, or * for an action without resource types
    #[arg(long, requires = "action")]
    resource: Option<String>,
    /// Who asks: an ARN, an account, a service such as sns.amazonaws.com, an identity provider, a canonical user, or * for
    /// anonymous
    #[arg(long, requires = "action")]
    principal: Option<String>,
    /// Set a condition key; an empty value makes it absent, a repeated key makes a list
    #[arg(long, value_name = "KEY=VALUE", requires = "action")]
    context: Vec<String>,
    /// Accept unknown condition keys
    #[arg(long, requires = "action")]
    context_unknown_keys: bool,
    /// Treat condition keys that are not given as absent instead of unknown
    #[arg(long, requires = "action")]
    context_is_complete: bool,
    /// A permissions boundary
    #[arg(long, value_name = "FILE", requires = "action")]
    boundary: Vec<PathBuf>,
    /// A session policy
    #[arg(long, value_name = "FILE", requires = "action")]
    session: Vec<PathBuf>,
    /// The service control policies of one level, separated by commas; repeat for each level, from the root down
    #[arg(long, value_name = "FILES", requires = "action")]
    service_control: Vec<String>,
    /// The policy of the resource: a bucket policy, a key policy, the trust policy of a role
    #[arg(long, value_name = "FILE", requires = "principal")]
    resource_policy: Option<PathBuf>,
    /// The resource control policies of one level, separated by commas; repeat for each level, from the root down
    #[arg(long, value_name = "FILES", requires = "principal")]
    resource_control: Vec<String>,
    /// The account that the resource belongs to, where its ARN does not name it
    #[arg(long, value_name = "ACCOUNT", requires = "action")]
    resource_account: Option<String>,
    /// The management account of the organization, which control policies do not bind
    #[arg(long, value_name = "ACCOUNT", requires = "action")]
    management_account: Option<String>,
    /// Leave the identity policies out. Without this, a user or role whose identity policies are not given is unknown
    #[arg(long, requires = "action", conflicts_with = "file")]
    no_identity: bool,
    /// `text`, `json` or `jsonl`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::with_lines)]
    format: Vec<Output>,
}

pub fn simulate(args: &SimulateArgs) -> Result<u8, Failure> {
    if args.action.is_some() {
        let question = question(args)?;
        return one(&args.format, &question, Files::of(question.sources()), false);
    }
    let path = match args.file.as_slice() {
        [] => Path::new("-"),
        [path] => path,
        [_, second, ..] => {
            let problem = usage(format!("there is a second file of requests: {}", second.display()));
            return Err(problem.help("name one file, or --action and the files of identity policies").into());
        }
    };
    let source = input::read(path)?;
    let folder = Folder::new(path.parent().unwrap_or(Path::new(".")));
    let mut reader = Reader::new(&folder);
    let batch = reader.batch(&source)?;
    let files = Files::of(reader.sources().chain([&source]));
    match batch {
        // lines are asked for: one a request, be it one or be it wrong
        Batch::One(question) if args.format.iter().any(|o| o.format == Format::Lines) => {
            many(&args.format, &[question], files)
        }
        Batch::One(question) => one(&args.format, &question?, files, source.text.trim().lines().count() == 1),
        Batch::Many(questions) if questions.is_empty() => Err(Failure::Nothing(NothingTo::Decide)),
        Batch::Many(questions) => many(&args.format, &questions, files),
    }
}

/// One answer; a request on one line is answered on one line.
fn one(outputs: &[Output], question: &Question, files: Files, on_one_line: bool) -> Result<u8, Failure> {
    output::problems(&question.warnings);
    let answer = stack::evaluate(|| Simulator::default().answer(question))?;
    let provenance = Provenance::of_files(files);
    let mut document = answer.clone();
    document.provenance = Some(provenance.clone());
    output::write_as(outputs, |format| match format {
        Format::Text => Ok(output::told(report::answer(output::width(), &answer), &provenance)),
        Format::Json if !on_one_line => output::json(&document),
        _ => serde_json::to_string(&answer).map_err(Failure::internal("JSON")),
    })?;
    Ok(code(answer.decision))
}

/// One line a request, in order.
fn many(outputs: &[Output], questions: &[Result<Question, Failure>], files: Files) -> Result<u8, Failure> {
    let lines = stack::evaluate(|| {
        let simulator = Simulator::default();
        let decide = |question: &Result<Question, Failure>| match question {
            Ok(question) => simulator.answer(question).map_err(|e| Refusal::new(&e)),
            Err(failure) => Err(Refusal::new(failure)),
        };
        Ok(questions.iter().map(decide).collect::<Vec<_>>())
    })?;
    for question in questions {
        match question {
            Ok(question) => output::problems(&question.warnings),
            Err(failure) => output::failure(failure),
        }
    }
    let json = |line: &Result<SimulatedDecision, Refusal>| match line {
        Ok(answer) => serde_json::to_string(answer),
        Err(refusal) => serde_json::to_string(refusal),
    };
    let text = |(index, line): (usize, &Result<SimulatedDecision, Refusal>)| match line {
        Ok(answer) => report::line(index + 1, answer),
        Err(refusal) => report::refusal(index + 1, &refusal.error),
    };
    let as_json = lines.iter().map(json).collect::<Result<Vec<_>, _>>();
    let as_json = as_json.map_err(Failure::internal("JSON"))?.join("\n");
    let as_text: String = lines.iter().enumerate().map(text).collect();
    let as_text = output::told(as_text, &Provenance::of_files(files));
    output::write_as(outputs, |format| Ok(if format == Format::Text { as_text.clone() } else { as_json.clone() }))?;
    let worst = lines.iter().map(|line| line.as_ref().map_or(INVALID, |a| code(a.decision)));
    Ok(worst.max().unwrap_or(OK))
}

/// The answer to a request that cannot be read or decided.
#[derive(Serialize)]
struct Refusal {
    schema: &'static str,
    decision: &'static str,
    error: String,
    help: Option<String>,
    place: Option<String>,
}

impl Refusal {
    fn new(failure: &Failure) -> Self {
        let (error, help, place) = match failure {
            Failure::Nothing(nothing) => (nothing.to_string(), None, None),
            failure => {
                let problems = explained(failure);
                let first = problems.first();
                let place = first.and_then(Problem::place).map(|p| {
                    let (line, column) = p.source.line_column(p.span.start);
                    format!("{}:{line}:{column}", p.source.path)
                });
                let help = first.and_then(Problem::help_text).map(str::to_owned);
                (problems.iter().map(Problem::message).collect::<Vec<_>>().join("; "), help, place)
            }
        };
        Self { schema: "countersign/decision/v1", decision: "error", error, help, place }
    }
}

fn code(decision: IamDecision) -> u8 {
    if decision == IamDecision::Allowed { OK } else { NOT_OK }
}

/// The question that the command line asks.
fn question(args: &SimulateArgs) -> Result<Question, Failure> {
    let (action, resource) = (args.action.clone().unwrap_or_default(), args.resource.clone().unwrap_or_default());
    for (name, text, checked) in
        [("action", &action, request::action(&action)), ("resource", &resource, request::resource(&resource))]
    {
        checked.map_err(|wanted| usage(format!("`{text}` is not a valid {name}")).help(wanted))?;
    }
    for account in [&args.resource_account, &args.management_account].into_iter().flatten() {
        if !is_account(account) {
            return Err(usage(format!("`{account}` is not an account")).help("write its 12 digits").into());
        }
    }
    let mut problems = Vec::new();
    let layers = layers(args, &mut problems);
    if layers.is_empty() && !args.no_identity {
        let problem = usage("the request has no policies");
        return Err(problem.help("name the files of its policies; a request in JSON may have none").into());
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(Problem::is_error);
    if !errors.is_empty() {
        return Err(Failure::Problems(errors));
    }
    let mut keys = Keys::new();
    let mut absent = BTreeSet::new();
    for (key, values) in settled(&args.context, args.context_unknown_keys)? {
        match values.as_slice() {
            [] => drop(absent.insert(key)),
            [value] => drop(keys.insert(key, KeyValue::One(value.clone()))),
            _ => drop(keys.insert(key, KeyValue::Many(values))),
        }
    }
    Ok(Question {
        principal: args.principal.clone(),
        action,
        resource,
        keys,
        absent,
        complete: args.context_is_complete,
        layers,
        resource_account: args.resource_account.clone(),
        management_account: args.management_account.clone(),
        no_identity: args.no_identity,
        unknown_keys: args.context_unknown_keys,
        warnings,
    })
}

/// The layers whose policies the command line names.
fn layers(args: &SimulateArgs, problems: &mut Vec<Problem>) -> Vec<Attached> {
    let mut layers = Vec::new();
    let mut layer = |name: String, files: Vec<&Path>| {
        let of = Of::layer(&name);
        let policies = files.iter().filter_map(|file| policy(file, of, problems)).collect();
        layers.push(Attached { layer: name, policies });
    };
    for (name, files) in [("identity", &args.file), ("boundary", &args.boundary), ("session", &args.session)] {
        if !files.is_empty() {
            layer(name.to_owned(), files.iter().map(PathBuf::as_path).collect());
        }
    }
    for (name, levels) in [("serviceControl", &args.service_control), ("resourceControl", &args.resource_control)] {
        for (level, files) in levels.iter().enumerate() {
            layer(format!("{name}[{level}]"), files.split(',').map(Path::new).collect());
        }
    }
    if let Some(file) = &args.resource_policy {
        layer("resource".to_owned(), vec![file]);
    }
    layers
}

/// A policy file, or an AWS managed policy by its ARN.
fn policy(file: &Path, of: Of, problems: &mut Vec<Problem>) -> Option<(String, Option<Policy>)> {
    let name = file.display().to_string();
    let found = match request::managed(&name, of) {
        Some(managed) => return Some((name, managed)),
        None => input::read(file).map_err(|p| vec![p]).and_then(|source| request::attached_document(&source, of)),
    };
    request::take(found, problems).map(|policy| (name, Some(policy)))
}
