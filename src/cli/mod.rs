//! The command line: arguments in, exit codes out. Reads the clock and the files; decides nothing.

mod answers;
mod becoming;
mod catalogue;
mod check;
mod completeness;
mod coverage;
mod day;
mod diff;
mod ending;
mod entity_type;
mod errors;
mod evaluate;
mod evidence;
mod explain;
mod files;
mod generate;
mod grants;
mod history;
mod import;
mod init;
mod input;
mod limits;
mod lint;
mod lower;
mod narrow;
mod output;
mod panics;
mod report;
mod rule_files;
mod rules;
mod service;
mod show;
mod simulate;
mod terms;
mod test;
mod unlisted;
mod values;
mod verify;
mod what_if;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report::typed::Typed;
use countersign_core::assessment::{Filter, Options};
use countersign_core::aws::keys;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::config::{Config, FILE};
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::moment::{self, Moment};
use countersign_core::policies::RuleBook;
use countersign_core::problem::{self, Failure, Place, Problem};
use countersign_core::provenance::Provenance;
use countersign_core::source::{self, Folder, Source};
use countersign_core::terms::PermissionModel;
use countersign_core::text::{files as texts, json};
use errors::usage;
use output::Output;

/// Done, clean, allowed.
const OK: u8 = 0;
/// Denied or unknown; findings at or above `--fail-on`.
const NOT_OK: u8 = 1;
/// A change weakens what changes are checked by, and nothing else fails.
const WEAKENED: u8 = 4;
/// Usage, invalid input, an error in evaluation.
const INVALID: u8 = 2;
/// Nothing to check.
const NOTHING: u8 = 3;

#[derive(Parser)]
#[command(
    name = "countersign",
    version,
    about = "Find out who may accept, terminate or download in AWS Artifact, and which agreement covers each account"
)]
#[command(
    after_help = "Exit codes: 0 done or allowed, 1 denied, unknown or findings, 2 invalid input, 3 nothing to check, 4 a change weakens its own check."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Add the Cedar policies in this folder to the built-in rules; the same `@id` replaces a rule, `@remove` removes one
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "only_policies")]
    policies: Option<PathBuf>,
    /// Use only the Cedar policies in this folder, instead of the built-in rules
    #[arg(long, global = true, value_name = "DIR")]
    only_policies: Option<PathBuf>,
    /// Add this Cedar schema (in JSON) to the built-in one
    #[arg(long, global = true, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Set a limit of what is read: files, bytes, entities, folders, nesting, seconds; may be repeated
    #[arg(long, global = true, value_name = "NAME=NUMBER", hide_short_help = true)]
    limit: Vec<limits::Given>,
}

#[derive(Subcommand)]
enum Command {
    /// Evaluate everything: operations by principal, agreements by account, findings
    Evaluate(evaluate::EvaluateArgs),
    /// Ask whether a principal may do an operation, why, and what would change the answer
    Can(answers::CanArgs),
    /// List everyone who may do an operation, and who nearly may
    WhoCan(answers::WhoCanArgs),
    /// Show which agreement governs each account, now or at a given time
    Coverage(coverage::CoverageArgs),
    /// Show what a change would do, and what to do before it: an account leaves, an agreement ends, a policy is attached
    WhatIf(what_if::WhatIfArgs),
    /// Write what an auditor files: tables, a cover page and a manifest of digests; verify it; reconcile the company's register
    #[command(mut_arg("account", |account| account.hide(true)))]
    Evidence(evidence::EvidenceArgs),
    /// Draw everything as one page to look at: coverage, people, findings; or write it in Markdown
    Report(report::ReportArgs),
    /// Show what a change grants and takes away, between two inventories or two policies
    Diff(diff::DiffArgs),
    /// Run every check for continuous integration: the change, expectations, guardrails, findings, lint
    Check(check::CheckArgs),
    /// Find problems in IAM policies and permission sets: JSON, YAML, Terraform, CloudFormation
    Lint(lint::LintArgs),
    /// Check the expectations kept next to the inventory: who may, who may not, and what is covered
    Test(test::TestArgs),
    /// Decide one IAM request for any AWS action, layer by layer
    Simulate(simulate::SimulateArgs),
    /// Translate an IAM policy to Cedar
    Lower(lower::LowerArgs),
    /// Turn output of the AWS CLI, CloudTrail and the console into an inventory
    Import(import::ImportArgs),
    /// Write guardrails and least-privilege policies, with the expectations that hold them
    Generate(generate::GenerateArgs),
    /// Create a first inventory
    Init(init::InitArgs),
    /// Show the policies, the schema, the entities, a rule or a console message
    Show(show::ShowArgs),
}

/// What every command that evaluates takes.
#[derive(Args, Clone, Default)]
struct EvaluationArgs {
    /// Evaluate at this date or RFC 3339 time [default: `asOf` in countersign.toml, else now; evidence needs one of them]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Set a condition key; an empty value makes it absent, a repeated key makes a list
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<String>,
    /// Accept unknown condition keys
    #[arg(long)]
    context_unknown_keys: bool,
    /// Which generation of IAM permissions to accept [default: `permissionModel` in countersign.toml, else any]
    #[arg(long, value_enum)]
    permission_model: Option<Model>,
    /// Show only these accounts, by number or by name
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,
}

/// Where results go, for commands that print text or JSON.
#[derive(Args, Clone)]
struct Printing {
    /// `text` or `json`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text")]
    format: Vec<Output>,
}

/// The same, for answers that are also tables.
#[derive(Args, Clone)]
struct PrintingTables {
    /// `text`, `json`, `csv` or `markdown`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = Output::of_tables)]
    format: Vec<Output>,
}

/// The kinds of agreements and operations to narrow to.
#[derive(Args, Clone)]
struct Narrowing {
    /// Show only these principals, by ARN or name
    #[arg(long, value_name = "PRINCIPAL")]
    principal: Vec<String>,
    /// Show only these kinds of agreements
    #[arg(long, value_name = "KIND")]
    agreement: Vec<String>,
    /// Show only these operations
    #[arg(long, value_name = "OPERATION")]
    operation: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Model {
    Any,
    Classic,
    FineGrained,
}

/// An inventory that is ready to be asked.
struct Session {
    inventory: Inventory,
    rules: Arc<RuleBook>,
    options: Options,
    /// Its files.
    source: Box<dyn Source>,
    /// How it was asked, for commands that ask further.
    typed: Typed,
}

impl Session {
    /// Prints what is doubtful in the inventory and in the rules that are asked about it.
    fn warn(&self) {
        output::problems(&self.inventory.warnings);
        output::problems(&self.rules.warnings);
        output::problems(&self.rules.unknown_names(&self.inventory));
    }

    /// Whether two sessions are decided by rules and schemas with the same contents.
    fn has_rules_of(&self, other: &Self) -> bool {
        let of = |session: &Self| {
            let Provenance { rules, schema, .. } = session.provenance();
            (rules.map(|r| r.sha256), schema.map(|s| s.sha256))
        };
        of(self) == of(other)
    }

    /// What its answers are made from.
    fn provenance(&self) -> Provenance {
        let provenance = Provenance::of_inventory(&self.rules, &self.inventory);
        provenance.at(self.options.at, self.inventory.config.as_of)
    }
}

/// Runs the command of this process.
pub fn main() -> ExitCode {
    ExitCode::from(panics::caught(|| {
        let cli = Cli::try_parse().unwrap_or_else(|error| errors::in_words(error, std::env::args().skip(1)).exit());
        run(&cli).unwrap_or_else(|failure| {
            output::failure(&failure);
            if matches!(failure, Failure::Nothing(_)) { NOTHING } else { INVALID }
        })
    }))
}

fn run(cli: &Cli) -> Result<u8, Failure> {
    limits::watch(&cli.limit);
    // also for commands that no rule has a part in: a name that is misspelt is never passed over
    for folder in [&cli.policies, &cli.only_policies].into_iter().flatten() {
        existing(folder)?;
    }
    match &cli.command {
        Command::Evaluate(args) => evaluate::evaluate(cli, args),
        Command::Can(args) => answers::can(cli, args),
        Command::WhoCan(args) => answers::who_can(cli, args),
        Command::Coverage(args) => coverage::coverage(cli, args),
        Command::WhatIf(args) => what_if::what_if(cli, args),
        Command::Evidence(args) => evidence::evidence(cli, args),
        Command::Report(args) => report::report(cli, args),
        Command::Diff(args) => diff::diff(cli, args),
        Command::Check(args) => check::check(cli, args),
        Command::Lint(args) => lint::lint(cli, args),
        Command::Test(args) => test::test(cli, args),
        Command::Simulate(args) => simulate::simulate(args),
        Command::Lower(args) => lower::lower(args),
        Command::Import(args) => import::import(cli, args),
        Command::Generate(args) => generate::generate(cli, args),
        Command::Init(args) => init::init(args),
        Command::Show(args) => show::show(cli, args),
    }
}

impl Cli {
    /// The schema and the rules for an inventory: those of the command line, else those that its `countersign.toml` names, else
    /// those that are built in.
    fn deciding(&self, files: &dyn Source) -> Result<Deciding, Failure> {
        self.deciding_in(files, &|_| None)
    }

    /// The same for a revision. What the command line names counts as it was there, at the path that `place` gives it; if it was not
    /// there, what is built in decides.
    fn deciding_in(&self, files: &dyn Source, place: &dyn Fn(&Path) -> Option<String>) -> Result<Deciding, Failure> {
        let mut config = if files.exists() { Config::read(files).map_err(Failure::Problems)? } else { Config::none() };
        config.limits = limits::with(&self.limit, config.limits);
        config.rules.beside = self.rules_in(Path::new(&files.name()), place);
        let named = config.rules.clone();
        let schema = match (&self.schema, &named.schema) {
            (Some(path), _) => match place(path) {
                Some(there) if files.has(&there) => schema(&source::text(files, &there)?)?,
                Some(_) => EntitySchema::built_in()?,
                None => schema(&input::text(path, &path.display().to_string())?)?,
            },
            (None, Some((path, place))) => {
                let path = texts::resolve(FILE, path);
                if !files.has(&path) {
                    return Err(missing(&path, place, false));
                }
                schema(&source::text(files, &path)?)?
            }
            (None, None) => EntitySchema::built_in()?,
        };
        let folder = |path: &Path| -> Result<Option<Box<dyn Source>>, Failure> {
            match place(path) {
                Some(there) => Ok(Some(files.below(&there)).filter(|folder| folder.exists())),
                None => Ok(Some(Box::new(existing(path)?))),
            }
        };
        let rules = match (&self.policies, &self.only_policies, named.policies, named.only_policies) {
            (Some(path), ..) => match folder(path)? {
                Some(folder) => {
                    let read = RuleBook::laid_over(folder.as_ref(), &schema);
                    rule_files::told(read, folder.as_ref(), &path.display().to_string())?
                }
                None => RuleBook::built_in(&schema)?,
            },
            (_, Some(path), ..) => match folder(path)? {
                Some(folder) => {
                    let read = RuleBook::read(folder.as_ref(), &schema);
                    rule_files::told(read, folder.as_ref(), &path.display().to_string())?
                }
                None => RuleBook::built_in(&schema)?,
            },
            (_, _, Some(own), _) => named_rules(files, own, |folder| RuleBook::laid_over(folder, &schema))?,
            (_, _, _, Some(own)) => named_rules(files, own, |folder| RuleBook::read(folder, &schema))?,
            _ => RuleBook::built_in(&schema)?,
        };
        Ok(Deciding { schema: Arc::new(schema), rules: Arc::new(rules), config })
    }

    /// What the command line names as rules and schema within the folder of an inventory, by the paths in it: it is read, though not as a
    /// part of the inventory.
    fn rules_in(&self, root: &Path, place: &dyn Fn(&Path) -> Option<String>) -> Vec<String> {
        let root = root.canonicalize().ok();
        let named = [&self.policies, &self.only_policies, &self.schema].into_iter().flatten();
        let within = |path: &PathBuf| {
            let path = path.canonicalize().ok()?;
            let parts = path.strip_prefix(root.as_ref()?).ok()?.components();
            let parts: Vec<String> = parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            (!parts.is_empty()).then(|| parts.join("/"))
        };
        named.filter_map(|path| place(path).or_else(|| within(path))).collect()
    }

    /// Reads the inventory and the rules, and settles what was asked.
    fn session(&self, folder: Option<&PathBuf>, asking: &EvaluationArgs) -> Result<Session, Failure> {
        let files = Folder::new(input::locate(folder.map(PathBuf::as_path)));
        let deciding = self.deciding(&files)?;
        let mut session = self.session_of(Box::new(files), asking, deciding, None)?;
        session.warn();
        session.options.filter.accounts = narrow::accounts(&[&session.inventory], &asking.account)?;
        session.typed.folder = folder.map(|folder| folder.display().to_string());
        Ok(session)
    }

    /// What another command has to repeat to be answered of the same inventory; its folder is added where it was named.
    fn typed(&self, asking: &EvaluationArgs) -> Typed {
        let path = |flag, path: &Option<PathBuf>| path.as_ref().map(|path| (flag, path.display().to_string()));
        let model = asking.permission_model.and_then(|model| model.to_possible_value());
        let flags = (asking.at.iter().map(|at| ("--at", at.clone())))
            .chain(asking.context.iter().map(|context| ("--context", context.clone())))
            .chain(asking.context_unknown_keys.then(|| ("--context-unknown-keys", String::new())))
            .chain(model.map(|model| ("--permission-model", model.get_name().to_owned())))
            .chain(path("--policies", &self.policies))
            .chain(path("--only-policies", &self.only_policies))
            .chain(path("--schema", &self.schema))
            .chain(self.limit.iter().map(|limit| ("--limit", limit.to_string())));
        Typed { folder: None, flags: flags.collect() }
    }

    /// The same for these files. `at` is the moment where `--at` is not given; else it is that of the snapshot.
    fn session_of(
        &self,
        source: Box<dyn Source>,
        asking: &EvaluationArgs,
        Deciding { schema, rules, config }: Deciding,
        at: Option<Moment>,
    ) -> Result<Session, Failure> {
        let inventory = Inventory::load_configured(source.as_ref(), config, schema)?;
        files::was_read(Path::new(&source.name()), inventory.paths.clone());
        let undated = inventory.config.as_of.is_none() && asking.at.is_some();
        let snapshot = inventory.config.as_of;
        let snapshot = match (snapshot, &asking.at) {
            (Some(as_of), _) => as_of,
            // the clock has no part in an answer about a moment that is named
            (None, Some(text)) => parse_moment(text)?,
            (None, None) => now(),
        };
        let at = match (&asking.at, at) {
            (Some(text), _) => parse_moment(text)?,
            (None, Some(at)) => at,
            (None, None) => snapshot,
        };
        let mut context = inventory.config.context.clone();
        context.extend(settled(&asking.context, asking.context_unknown_keys)?);
        let model = match asking.permission_model {
            Some(Model::Any) => PermissionModel::Any,
            Some(Model::Classic) => PermissionModel::Classic,
            Some(Model::FineGrained) => PermissionModel::FineGrained,
            None => inventory.config.permission_model.unwrap_or_default(),
        };
        let filter = Filter { accounts: asking.account.clone(), ..Filter::default() };
        let options = Options { at, snapshot, undated, model, context, filter, ..Options::default() };
        Ok(Session { inventory, rules, options, source, typed: self.typed(asking) })
    }
}

/// What decides about an inventory, and the settings that say so.
struct Deciding {
    schema: Arc<EntitySchema>,
    rules: Arc<RuleBook>,
    config: Config,
}

/// Now, to the second, by the machine's clock, which is read nowhere else.
fn now() -> Moment {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    i64::try_from(seconds).ok().and_then(moment::of_seconds).unwrap_or_default()
}

/// The schema of a file, laid over the one that is built in.
fn schema(text: &Arc<problem::SourceFile>) -> Result<EntitySchema, Failure> {
    EntitySchema::laid_over(text, &json::parse(text).map_err(Failure::Problems)?)
}

/// A folder that the command line names.
fn existing(folder: &Path) -> Result<Folder, Failure> {
    if !folder.is_dir() {
        let problem = usage(format!("there is no folder {}", folder.display()));
        return Err(problem.help("name a folder with *.cedar files").into());
    }
    Ok(Folder::new(folder))
}

/// The rules of a folder that `countersign.toml` names, by its path as it is written there.
fn named_rules(
    files: &dyn Source,
    (path, place): (String, Place),
    read: impl Fn(&dyn Source) -> Result<RuleBook, Failure>,
) -> Result<RuleBook, Failure> {
    let folder = files.below(&texts::resolve(FILE, &path));
    if !folder.exists() {
        let is_file = files.has(&texts::resolve(FILE, &path));
        return Err(missing(&path, &place, is_file));
    }
    let mut rules = rule_files::told(read(folder.as_ref()), folder.as_ref(), &path)?;
    rules.origin.folder = Some(path);
    Ok(rules)
}

/// What `countersign.toml` names is not there.
fn missing(path: &str, place: &Place, is_file: bool) -> Failure {
    let message = match (path.starts_with('/'), is_file) {
        (true, _) => {
            format!("{path} is an absolute path, and rules are named relative to the folder of countersign.toml")
        }
        (_, true) => format!("{path} is a file, and rules are a folder of files"),
        _ => format!("there is no {path}"),
    };
    let help =
        if is_file { "name the folder that it is in" } else { "name it relative to the folder of countersign.toml" };
    Problem::at(&place.source, place.span, message).help(help).into()
}

fn parse_moment(text: &str) -> Result<Moment, Failure> {
    let problem =
        || usage(format!("`{text}` is not a valid date or time")).help("write 2026-11-21 or 2026-11-21T09:00:00Z");
    moment::parse(text).ok_or_else(|| problem().into())
}

/// What answers call the absence of a key.
const ABSENT: &str = "(absent)";

/// The keys of `--context`, in lower case. A value that no request can carry would settle nothing, and make a wrong answer.
fn settled(pairs: &[String], unknown_keys: bool) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut problems = Vec::new();
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=') else {
            let problem = usage(format!("`{pair}` is not KEY=VALUE"));
            return Err(problem.help("write --context aws:MultiFactorAuthPresent=true").into());
        };
        let key = key.trim();
        let values = context.entry(key.to_ascii_lowercase()).or_default();
        // as answers print it, so that what they depend on can be pasted
        let value = if value.is_empty() || value == ABSENT { Vec::new() } else { keys::values::given(value) };
        let unknown = keys::values::unknown(key).filter(|_| !unknown_keys);
        let wrong: Vec<_> = value.iter().filter_map(|v| keys::values::wrong(key, v)).collect();
        problems.extend(unknown.into_iter().chain(wrong).map(|fault| usage(fault.message).help(fault.help)));
        values.extend(value);
    }
    for (key, values) in &context {
        let fault = keys::values::list(key, values.len());
        problems.extend(fault.map(|fault| usage(fault.message).help(fault.help)));
    }
    if problems.is_empty() { Ok(context) } else { Err(Failure::Problems(problems)) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
