//! `simulate`: one IAM decision for any action, or a batch of them.

mod lines;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::errors::{explained, usage};
use super::output::{Format, Output};
use super::{NOT_OK, OK, input, output, settled};
use crate::report::decision as report;
use countersign_core::inventory::Policy;
use countersign_core::permissions::context::{KeyValue, Keys};
use countersign_core::problem::{Failure, Problem};
use countersign_core::provenance::Provenance;
use countersign_core::simulation::caller::is_account;
use countersign_core::simulation::request::{self, Asked, Batch, Of, Reader};
use countersign_core::simulation::{Attached, IamDecision, Question, Simulator};
use countersign_core::source::Folder;
use countersign_core::source::digest::Files;
use countersign_core::stack;
use lines::{Answer, Detail, Lines};

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
    /// With `--format jsonl`: only the decision of each request, and what it depends on. This is much faster
    #[arg(long)]
    brief: bool,
}

pub fn simulate(args: &SimulateArgs) -> Result<u8, Failure> {
    let is_lines = |o: &Output| o.format == Format::Lines;
    if args.brief && !args.format.iter().all(is_lines) {
        let problem = usage("only JSON lines are brief");
        return Err(problem.help("add `--format jsonl`, or leave out --brief").into());
    }
    if args.action.is_some() {
        let question = question(args)?;
        if args.brief {
            return many(args, &[Asked { id: None, question: Ok(question) }], Files::default());
        }
        return one(&args.format, (None, &question), Files::of(question.sources()), false);
    }
    let path = match args.file.as_slice() {
        [] => Path::new("-"),
        [path] => path,
        [_, second, ..] => {
            let problem = usage(format!("there is a second file of requests: {}", second.display()));
            return Err(problem.help("name one file, or --action and the files of identity policies").into());
        }
    };
    if let [Output { format: Format::Lines, file: None }] = args.format.as_slice() {
        return lines::stream(path, args.detail());
    }
    let source = input::read(path)?;
    let folder = Folder::new(path.parent().unwrap_or(Path::new(".")));
    let mut reader = Reader::new(&folder);
    let batch = reader.batch(&source)?;
    let files = Files::of(reader.sources().chain([&source]));
    match batch {
        // where lines are asked for, there is one a request, be it one or be it wrong
        Batch::One(asked) if !args.format.iter().any(is_lines) => {
            let on_one_line = source.text.trim().lines().count() == 1;
            one(&args.format, (asked.id, &asked.question?), files, on_one_line)
        }
        batch => many(args, &lines::whole(batch)?, files),
    }
}

impl SimulateArgs {
    fn detail(&self) -> Detail {
        if self.brief { Detail::Brief } else { Detail::Full }
    }
}

/// One answer; a request on one line is answered on one line.
fn one(
    outputs: &[Output],
    (id, question): (Option<Value>, &Question),
    files: Files,
    on_one_line: bool,
) -> Result<u8, Failure> {
    output::problems(&question.warnings);
    let mut answer = stack::evaluate(|| Simulator::default().answer(question))?;
    answer.id = id;
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
fn many(args: &SimulateArgs, asked: &[Asked], files: Files) -> Result<u8, Failure> {
    let (json, text, code) = stack::evaluate(|| {
        let mut lines = Lines::new(args.detail());
        let (mut json, mut text) = (String::new(), String::new());
        for (index, asked) in asked.iter().enumerate() {
            let answered = lines.answered(asked, index + 1);
            json.push_str(&lines::json(&answered)?);
            text.push_str(&match &answered {
                Ok(Answer::Full(answer)) => report::line(index + 1, answer),
                Ok(Answer::Brief(_)) => String::new(),
                Err(refusal) => report::refusal(index + 1, &refusal.error),
            });
        }
        Ok((json, text, lines.code()))
    })?;
    asked.iter().for_each(lines::tell);
    let text = output::told(text, &Provenance::of_files(files));
    output::write_as(&args.format, |format| Ok(if format == Format::Text { text.clone() } else { json.clone() }))?;
    Ok(code)
}

/// The answer to a request that cannot be read or decided.
#[derive(Serialize)]
struct Refusal {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Value>,
    decision: &'static str,
    error: String,
    help: Option<String>,
    place: Option<String>,
}

impl Refusal {
    fn new(failure: &Failure, schema: &'static str, id: Option<Value>) -> Box<Self> {
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
        Box::new(Self { schema, id, decision: "error", error, help, place })
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
