//! `show`: what is built in, what was read, what a rule says, what a console message means.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::catalogue::{self, Asked};
use super::errors::usage;
use super::{Cli, Deciding, OK, completeness, entity_type, grants, input, output, service};
use crate::report::{bold, border, paragraph, wrapped};
use countersign_core::aws;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::entity::Uid;
use countersign_core::lint;
use countersign_core::policies::{Rule, RuleBook};
use countersign_core::problem::Failure;
use countersign_core::source::Folder;
use countersign_core::words::plain;

#[derive(Args)]
pub struct ShowArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print the Cedar policies
    Policies,
    /// Print the Cedar schema, in JSON; or what an entity of one type can have
    Schema {
        /// A type, such as Account
        #[arg(value_name = "TYPE")]
        ty: Option<String>,
    },
    /// Print the entities of an inventory in full, as valid input
    Entities {
        /// The folder of the inventory
        dir: Option<PathBuf>,
    },
    /// Show what is known of each account, what was not collected, and the calls that would tell it
    Completeness(completeness::CompletenessArgs),
    /// Print one Cedar policy, what it applies to, and the rules that it states; or what the IAM policies of a file grant, by service and
    /// access level
    Policy {
        /// The `@id` of a Cedar policy; or a file: one that exists, a path, or a name that ends as in `legal.json`
        #[arg(value_name = "ID|FILE")]
        id: String,
        #[command(flatten)]
        printing: super::Printing,
    },
    /// Explain a code: a lint rule (CS122), a finding (CS001), or a rule or decision of the domain (R48, D6) with the
    /// policies that state it
    Rule {
        /// Its code, name or number
        number: String,
    },
    /// List the lint rules
    Rules,
    /// Show an action of AWS: its access level, types of resources and condition keys
    Action {
        /// As policies write it, such as s3:GetObject
        name: String,
        #[command(flatten)]
        printing: super::Printing,
    },
    /// Show a condition key of AWS: its type, and whether it holds a list
    Key {
        /// As policies write it, such as aws:SourceVpce
        name: String,
        #[command(flatten)]
        printing: super::Printing,
    },
    /// Show a type of resource of AWS: its ARNs, its condition keys and the actions on it
    Resource {
        /// The prefix of the service, such as s3
        service: String,
        /// The type, such as object
        name: String,
        #[command(flatten)]
        printing: super::Printing,
    },
    /// Show an AWS managed policy: its version, its dates and its document
    ManagedPolicy {
        /// Its name, such as ReadOnlyAccess, or its ARN
        name: String,
        #[command(flatten)]
        printing: super::Printing,
    },
    /// Show whether a service is HIPAA eligible at a date, and within which limits
    Service(service::ServiceArgs),
    /// Explain a word of AWS, of HIPAA or of these answers; all of them where none is given
    Term {
        /// The word, such as BAA, covered, "HIPAA Account"
        term: Option<String>,
    },
    /// Explain a console message, and what to do about it
    Message {
        /// The message, as the console shows it
        text: String,
    },
}

pub fn show(cli: &Cli, args: &ShowArgs) -> Result<u8, Failure> {
    match &args.what {
        What::Action { name, printing } => return catalogue::show(&Asked::Action(name), &printing.format),
        What::Key { name, printing } => return catalogue::show(&Asked::Key(name), &printing.format),
        What::Resource { service, name, printing } => {
            return catalogue::show(&Asked::Resource(service, name), &printing.format);
        }
        What::ManagedPolicy { name, printing } => {
            return catalogue::show(&Asked::ManagedPolicy(name), &printing.format);
        }
        What::Policy { id, printing } if grants::is_file(id) => return grants::show(id, &printing.format),
        What::Policy { printing, .. } if printing.format.iter().any(|o| !matches!(o.format, output::Format::Text)) => {
            return Err(usage("a Cedar policy is printed as text only")
                .help("leave --format out, or name a file")
                .into());
        }
        What::Term { term } => {
            output::print(&super::terms::term(term.as_deref())?)?;
            return Ok(OK);
        }
        _ => {}
    }
    let dir = match &args.what {
        What::Entities { dir } => dir.as_deref(),
        _ => None,
    };
    let folder = Folder::new(input::locate(dir));
    let Deciding { schema, rules, config } = cli.deciding(&folder)?;
    let text = match &args.what {
        What::Schema { ty: None } => schema.text.clone(),
        What::Schema { ty: Some(ty) } => entity_type::entity_type(&schema, ty)?,
        What::Policies => policies(&rules),
        What::Completeness(args) => return completeness::completeness(cli, args),
        What::Entities { .. } => {
            let inventory = Inventory::load_configured(&folder, config, schema)?;
            output::problems(&inventory.warnings);
            border::json(&entities(&inventory)?).into_owned()
        }
        What::Policy { id, .. } => super::rules::policy(&rules, &folder, id)?,
        What::Rule { number } => super::rules::rule(&rules, &folder, number)?,
        What::Rules => rules_of_lint(),
        What::Service(args) => {
            service::show(&rules, args)?;
            return Ok(OK);
        }
        What::Message { text } => message(&rules, text)?,
        // these need no rules, and were shown above
        What::Action { .. }
        | What::Key { .. }
        | What::Resource { .. }
        | What::ManagedPolicy { .. }
        | What::Term { .. } => String::new(),
    };
    output::print(&format!("{}\n", text.trim_end()))?;
    Ok(OK)
}

fn policies(rules: &RuleBook) -> String {
    rules.sources.iter().map(|s| format!("// {}\n{}\n", s.path, s.text.trim_end())).collect::<Vec<_>>().join("\n")
}

/// Cedar's entity JSON. Documents stand in it as their text, so that it can be read anywhere.
fn entities(inventory: &Inventory) -> Result<String, Failure> {
    let all = inventory.entities.values().filter(|e| !e.built_in);
    let json: Vec<serde_json::Value> = all
        .map(|e| {
            let parents: Vec<Uid> = e.parents.iter().map(|(p, _)| p.clone()).collect();
            e.to_json(&parents)
        })
        .collect();
    serde_json::to_string_pretty(&json).map_err(Failure::internal("JSON"))
}

/// One line a rule: code, name, severity, what it is about.
fn rules_of_lint() -> String {
    let line = |rule: &&lint::Rule| {
        let off = if rule.opinion { " (off by default)" } else { "" };
        let first = format!("{} {:<36} {:<8} ", bold(rule.code), rule.name, rule.severity.word());
        // a line is a rule for whoever searches in it; whoever reads at a terminal reads no line that is wider than it
        if std::io::stdout().is_terminal() {
            return wrapped(output::table_width(), &first, 53, &format!("{}{off}", rule.summary()));
        }
        format!("{first}{}{off}\n", rule.summary())
    };
    lint::rules::all().iter().map(line).collect()
}

/// A text shorter than this is found only where it is a whole message.
const MIN_PART: usize = 12;
/// How alike a text must be to a message to be taken for it.
const ALIKE: f64 = 0.8;

fn message(rules: &RuleBook, text: &str) -> Result<String, Failure> {
    // by its id, as JSON names the gate
    if let Some(rule) = rules.rules.get(text.trim()).filter(|r| r.forbids && headline(r).is_some()) {
        return Ok(meaning(rule));
    }
    let asked = plain(text);
    let messages: Vec<(&Rule, String)> =
        rules.rules.values().filter(|r| r.forbids).filter_map(|r| Some((r, plain(r.get("message")?)))).collect();
    let part = |m: &str| asked.len() >= MIN_PART && (m.contains(&asked) || asked.contains(m));
    let exact: Vec<_> = messages.iter().filter(|(_, m)| *m == asked).collect();
    let mut found = if exact.is_empty() { messages.iter().filter(|(_, m)| part(m)).collect() } else { exact };
    if found.is_empty() {
        let score = |m: &str| strsim::normalized_levenshtein(m, &asked);
        found = messages.iter().filter(|(_, m)| score(m) >= ALIKE).collect();
        found.sort_by(|(_, a), (_, b)| score(b).total_cmp(&score(a)));
        found.truncate(1);
    }
    if found.is_empty() {
        let mut known: Vec<&str> = messages.iter().filter_map(|(r, _)| r.get("message")).collect();
        known.sort_unstable();
        let problem = usage("this is not a documented console message");
        return Err(problem.help(format!("the documented messages are:\n{}", known.join("\n"))).into());
    }
    Ok(found.into_iter().map(|(rule, _)| meaning(rule)).collect::<Vec<_>>().join("\n"))
}

/// The console's words, or where it has none this project's.
fn headline(rule: &Rule) -> Option<&str> {
    rule.get("message").or_else(|| rule.get("reason"))
}

fn meaning(rule: &Rule) -> String {
    let width = output::width();
    let mut text = paragraph(width, "", &bold(headline(rule).unwrap_or_default()));
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("  {name:<13} "), body));
    if let Some(detail) = rule.get("detail") {
        section("", detail);
    }
    for (generation, actions) in &rule.requires {
        section("requires", &format!("{} ({generation})", actions.join(", ")));
    }
    if let Some(remedy) = rule.get("remedy") {
        section("AWS says", remedy);
    }
    if let Some(change) = rule.get("change") {
        section("what helps", change);
    } else if !rule.requires.is_empty() {
        section(
            "what helps",
            "allow the actions of one of these generations in every layer: identity, boundary, service control policies",
        );
    }
    for (generation, actions) in &rule.requires {
        let dates: BTreeSet<(&str, &str)> =
            actions.iter().filter_map(|a| aws::actions::action(a)).flat_map(aws::actions::Action::deprecated).collect();
        if !dates.is_empty() {
            let dates: Vec<String> = dates.iter().map(|(partition, day)| format!("{partition}: {day}")).collect();
            let dates = dates.join("; ");
            section("deprecated", &format!("the {generation} permissions ({dates}): grant the fine-grained ones"));
        }
    }
    if let Some(erratum) = rule.get("erratum") {
        section("erratum", erratum);
    }
    if let Some(steps) = rule.get("troubleshooting") {
        section("no download?", steps);
    }
    section("applies to", &rule.actions.join(", "));
    section("rule", &format!("{} ({}, {})", rule.rule(), rule.id, rule.file));
    text
}
