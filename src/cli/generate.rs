//! `generate`: guardrails to attach, and policies for one job. The policy goes to stdout or to a file, what has to be said of it to stderr.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};

use super::errors::usage;
use super::{Cli, EvaluationArgs, OK, Session, input, narrow, now, output, parse_moment};
use crate::report::{self, border};
use countersign_core::aws::eligibility::{Lists, ListsFile};
use countersign_core::generate::expect::{self, Used};
use countersign_core::generate::guardrails::{self, Spared};
use countersign_core::generate::jobs::{Generation, Job, Wanted};
use countersign_core::generate::{Generated, partition, written};
use countersign_core::inventory::config::Config;
use countersign_core::inventory::newer;
use countersign_core::problem::{Failure, Problem};
use countersign_core::simulation::caller::is_account;
use countersign_core::source::Folder;

#[derive(Args)]
pub struct GenerateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A service control policy
    #[command(subcommand)]
    Scp(Scp),
    /// Keep members from ending their agreements, leaving the organization and accepting another one's invitation
    ProtectAgreements(ProtectArgs),
    /// A policy for one job and no more: read-reports, read-agreements, accept-for-account, accept-for-organization, terminate
    Policy(PolicyArgs),
}

#[derive(Subcommand)]
enum Scp {
    /// Deny every service that is not on the dated list of HIPAA eligible services
    EligibleServices(EligibleArgs),
}

/// Whom a guardrail spares, and in which partition.
#[derive(Args)]
struct Sparing {
    /// Spare the principals of this ARN, which may have `*`; may be repeated
    #[arg(long, value_name = "ARN")]
    exempt: Vec<String>,
    /// The partition of the organization
    #[arg(long, value_name = "PARTITION", default_value = "aws")]
    partition: String,
}

impl Sparing {
    fn spared(&self) -> Result<Spared, Failure> {
        Spared::new(&self.exempt, partition(&self.partition)?)
    }
}

#[derive(Args)]
struct EligibleArgs {
    #[command(flatten)]
    sparing: Sparing,
    /// Deny this service too, by its prefix, although it is eligible or every account has it; may be repeated
    #[arg(long, value_name = "PREFIX")]
    drop: Vec<String>,
    /// By the list of this date [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Args)]
struct ProtectArgs {
    /// The inventory of the organization: for `--format expect`, and to list who in its management account can do what no service
    /// control policy keeps them from
    dir: Option<PathBuf>,
    #[command(flatten)]
    sparing: Sparing,
    /// Keep members from accepting account agreements, too
    #[arg(long, conflicts_with = "management")]
    accepting: bool,
    /// Write the policy for principals of the management account instead, which service control policies never bind
    #[arg(long, value_enum)]
    management: Option<Management>,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Clone, Copy, ValueEnum)]
enum Management {
    /// A permissions boundary
    Boundary,
    /// An identity policy, beside those that principals have
    Identity,
}

#[derive(Args)]
struct PolicyArgs {
    /// The job: read-reports, read-agreements, accept-for-account, accept-for-organization or terminate
    job: String,
    /// The inventory in which it is used, for `--format expect`
    dir: Option<PathBuf>,
    /// Only reports of this series, for read-reports; may be repeated
    #[arg(long, value_name = "SERIES")]
    series: Vec<String>,
    /// The category of these series [default: Certifications and Attestations]; may be repeated
    #[arg(long, value_name = "CATEGORY", requires = "series")]
    category: Vec<String>,
    /// Take series that are not known, too
    #[arg(long)]
    unknown_series: bool,
    /// Only agreements of this kind, for the jobs that accept; may be repeated
    #[arg(long, value_name = "KIND")]
    agreement: Vec<String>,
    /// Organization agreements too, for terminate
    #[arg(long)]
    organization: bool,
    /// The account in which it is used
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Who is to have it, for `--format expect`: a name, an ARN
    #[arg(long, value_name = "PRINCIPAL")]
    principal: Option<String>,
    /// The generation of IAM permissions
    #[arg(long, value_enum, default_value = "fine-grained")]
    permission_model: Model,
    /// The partition of the account
    #[arg(long, value_name = "PARTITION", default_value = "aws")]
    partition: String,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Clone, Copy, ValueEnum)]
enum Model {
    Classic,
    FineGrained,
}

/// In which forms, and where to.
#[derive(Args)]
struct Writing {
    /// What to call it, where it needs a name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// `json`, `terraform`, `permission-set` or `expect`; FORMAT=FILE writes to a file; may be repeated
    #[arg(long, value_name = "FORMAT[=FILE]", default_value = "json")]
    format: Vec<Form>,
}

/// A form, and the file that it goes to.
#[derive(Clone)]
struct Form {
    form: Kept,
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Json,
    Terraform,
    PermissionSet,
    Expect,
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let form = match name {
            "json" => Kept::Json,
            "terraform" => Kept::Terraform,
            "permission-set" => Kept::PermissionSet,
            "expect" => Kept::Expect,
            other => {
                return Err(format!(
                    "there is no format `{other}`; the formats are json, terraform, permission-set and expect"
                ));
            }
        };
        Ok(Self { form, file: file.map(PathBuf::from) })
    }
}

pub fn generate(cli: &Cli, args: &GenerateArgs) -> Result<u8, Failure> {
    match &args.what {
        What::Scp(Scp::EligibleServices(args)) => {
            let at = args.at.as_deref().map(parse_moment).transpose()?.unwrap_or_else(now);
            let (lists, _) = lists()?;
            let generated = guardrails::eligible_services(&lists, at, &args.sparing.spared()?, &args.drop)?;
            args.writing.write(generated, || {
                Err(no_expectations("eligible-services decides about services, and no operation is about one"))
            })
        }
        What::ProtectAgreements(args) => protect(cli, args),
        What::Policy(args) => policy(cli, args),
    }
}

/// The lists of HIPAA eligible services that the inventory here names, else those that are built in.
pub fn lists() -> Result<(Arc<Lists>, Option<ListsFile>), Failure> {
    let folder = Folder::new(input::locate(None));
    let config = Config::read(&folder).map_err(Failure::Problems)?;
    let (lists, _) = newer::eligible(&folder, &config.aws).map_err(Failure::Problems)?;
    let file = lists.file.clone();
    Ok((lists, file))
}

fn no_expectations(why: &str) -> Failure {
    let problem = Problem::about("--format", format!("there are no expectations to write: {why}"));
    problem.help("write json, terraform or permission-set").into()
}

fn protect(cli: &Cli, args: &ProtectArgs) -> Result<u8, Failure> {
    let spared = args.sparing.spared()?;
    let generated = match args.management {
        None => guardrails::protect_agreements(&spared, args.accepting)?,
        Some(place) => guardrails::protect_from_management(&spared, matches!(place, Management::Boundary)),
    };
    let session = args.dir.as_ref().map(|dir| session(cli, dir)).transpose()?;
    let listed = session.as_ref().map(|session| expect::of_management(&session.used())).transpose()?;
    args.writing.write(generated, || match (&session, args.management) {
        (_, Some(_)) => Err(no_expectations("whom the policy of the management account is attached to is not known")),
        (None, None) => {
            let problem = usage("--format expect is about the members of an inventory");
            Err(problem.help("name its folder").into())
        }
        (Some(session), None) => expect::of_protection(&spared, args.accepting, &session.used()),
    })?;
    if args.writing.format.iter().any(|f| f.form == Kept::Expect) {
        output::note(expect::TODAY);
    }
    listed.iter().for_each(tell_managing);
    Ok(OK)
}

/// Who is left in the management account.
fn tell_managing(listed: &expect::Managing) {
    if listed.accounts.is_empty() {
        return output::note(
            "\nThe inventory has no management account: there is nobody to list whom the policy would not bind.",
        );
    }
    output::note("\nIn the management account, whatever service control policies say:");
    for (operation, names) in &listed.by_operation {
        output::note(&format!("  {operation:<20} {}", names.join(", ")));
    }
    if !listed.others.is_empty() {
        output::note("Possibly others, not listed:");
        report::completeness::others(&listed.others).iter().for_each(|line| output::note(&format!("  {line}")));
    }
}

fn policy(cli: &Cli, args: &PolicyArgs) -> Result<u8, Failure> {
    let generation = match args.permission_model {
        Model::Classic => Generation::Classic,
        Model::FineGrained => Generation::FineGrained,
    };
    let expects = args.writing.format.iter().any(|f| f.form == Kept::Expect);
    if args.dir.is_some() && !expects {
        let problem = usage("an inventory is only read for --format expect");
        return Err(problem.help("leave it out, or add --format expect").into());
    }
    let account = args.account.clone().or_else(|| args.principal.as_deref().and_then(account_of));
    if let Some(wrong) = account.as_ref().filter(|a| !is_account(a)) {
        let problem = Problem::about("--account", format!("`{wrong}` is not the number of an account"));
        return Err(problem.help("it has twelve digits").into());
    }
    let mut wanted = Wanted {
        partition: partition(&args.partition)?,
        account: account.clone(),
        series: args.series.clone(),
        categories: args.category.clone(),
        kinds: args.agreement.clone(),
        organization: args.organization,
        ..Wanted::new(Job::called(&args.job)?, generation)
    };
    let session = match expects {
        true => Some(cli.session(args.dir.as_ref(), &EvaluationArgs::default())?),
        false => None,
    };
    if let Some(session) = &session {
        wanted.kinds = narrow::kinds(&session.inventory, &args.agreement)?;
    }
    let known = |attr: &str, named: &[String]| -> Vec<String> {
        let reports = session.iter().flat_map(|s| s.inventory.of_type("Report"));
        let taken = named.iter().filter(|_| args.unknown_series).cloned();
        reports.filter_map(|r| r.str(attr)).map(str::to_owned).chain(taken).collect()
    };
    wanted.check(&known("series", &args.series), &known("category", &args.category))?;
    let mut generated = wanted.policy();
    generated.notes.extend(not_granted(cli, wanted.job, session.as_ref())?);
    args.writing.write(generated, || {
        let (Some(session), Some(principal), Some(account)) = (&session, &args.principal, &account) else {
            let problem = usage("--format expect is about one principal in one account");
            return Err(problem.help("name them with --principal and --account").into());
        };
        let held = expect::of_job(&wanted, &session.used(), principal, account)?;
        held.unheld.iter().for_each(|what| output::note(&format!("The expectations cannot hold {what}.")));
        Ok(held.text)
    })
}

/// What rules of the user's ask for beside what AWS asks for: the policy does not grant it.
fn not_granted(cli: &Cli, job: Job, session: Option<&Session>) -> Result<Vec<String>, Failure> {
    let rules = match session {
        Some(session) => session.rules.clone(),
        None => cli.deciding(&Folder::new(input::locate(None)))?.rules,
    };
    let note = |(gate, actions): (String, Vec<String>)| {
        format!("The gate `{gate}` of these rules asks for {} as well, which this does not grant.", actions.join(", "))
    };
    Ok(job.asked_beside(&rules).into_iter().map(note).collect())
}

/// The account that an ARN names.
fn account_of(arn: &str) -> Option<String> {
    let mut segments = arn.split(':');
    let account = segments.nth(4)?;
    (segments.next().is_some() && arn.starts_with("arn:")).then(|| account.to_owned())
}

fn session(cli: &Cli, dir: &PathBuf) -> Result<Session, Failure> {
    cli.session(Some(dir), &EvaluationArgs::default())
}

impl Session {
    fn used(&self) -> Used<'_> {
        Used { inventory: &self.inventory, rules: &self.rules, options: &self.options }
    }
}

/// What AWS takes of the name of a policy, and of that of a permission set.
const LONGEST: (usize, usize) = (128, 32);

impl Writing {
    /// A name that AWS would refuse.
    fn check(&self, name: &str) -> Result<(), Failure> {
        let is_set = self.format.iter().any(|f| f.form == Kept::PermissionSet);
        let most = if is_set { LONGEST.1 } else { LONGEST.0 };
        let is_taken = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let problem = |message: String| Failure::from(Problem::about("--name", message).help("name it otherwise"));
        match name.chars().find(|c| !is_taken(*c)) {
            Some(other) => Err(problem(format!("`{name}` has a `{other}`, which AWS does not take in a name"))),
            None if name.is_empty() => Err(problem("a name is missing".to_owned())),
            None if name.len() > most => {
                Err(problem(format!("`{name}` is longer than {most} characters, the most that AWS takes")))
            }
            None => Ok(()),
        }
    }

    /// Everything is made before anything is written.
    fn write(&self, generated: Generated, expectations: impl Fn() -> Result<String, Failure>) -> Result<u8, Failure> {
        let name = self.name.clone().unwrap_or(generated.name);
        self.check(&name)?;
        let generated = Generated { name, ..generated };
        let mut made = Vec::new();
        for Form { form, file } in &self.format {
            let text = match form {
                Kept::Json => written::json(&generated)?,
                Kept::Terraform => written::terraform(&generated),
                Kept::PermissionSet => written::permission_set(&generated)?,
                Kept::Expect => expectations()?,
            };
            made.push((format!("{}\n", text.trim_end()), form, file));
        }
        for (text, form, file) in made {
            match file {
                Some(path) => output::replace(path, text.as_bytes())?,
                None if matches!(form, Kept::Json | Kept::PermissionSet) => output::print(&border::json(&text))?,
                None => output::print(&text)?,
            }
        }
        output::note(&format!("{}.", generated.description));
        generated.notes.iter().for_each(|note| output::note(note));
        output::note(&format!("{} characters without white space.", generated.size()));
        Ok(OK)
    }
}
