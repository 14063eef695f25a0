//! The changes of `what-if`, in the order in which the command line, or a TOML file that it names, has them.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::cli::errors::usage;
use crate::cli::{input, narrow};
use countersign_core::inventory::Inventory;
use countersign_core::problem::Failure;
use countersign_core::what_if::{self, Becomes, Change, Named, read_policy};

/// A flag: its name, the names of its values, and what it does.
struct Flag {
    name: &'static str,
    values: &'static [&'static str],
    help: &'static str,
}

const fn flag(name: &'static str, values: &'static [&'static str], help: &'static str) -> Flag {
    Flag { name, values, help }
}

/// All flags that are changes.
const FLAGS: [Flag; 19] = [
    flag("leave", &["ACCOUNT"], "An account leaves its organization, or is removed from it"),
    flag("join", &["ACCOUNT=ORGANIZATION"], "An account joins an organization; one that is in another moves directly"),
    flag("move", &["ACCOUNT=UNIT"], "An account moves to a unit, or to the root (o-…), of its organization"),
    flag("close", &["ACCOUNT"], "An account is closed"),
    flag("accept", &["WHO=KIND"], "An account or an organization (o-…) accepts an agreement"),
    flag(
        "terminate",
        &["WHO=KIND|ACCEPTANCE"],
        "An agreement is terminated: of an account, an organization, or by its id",
    ),
    flag("remove-designation", &["ACCOUNT=KIND"], "An account is removed from an offline agreement"),
    flag("all-features", &["ORGANIZATION"], "An organization enables all features"),
    flag(
        "set-up",
        &["ORGANIZATION"],
        "An organization sets AWS Artifact up: trusted access is on, and its role exists",
    ),
    flag("no-trusted-access", &["ORGANIZATION"], "An organization turns trusted access for AWS Artifact off"),
    flag("no-service-role", &["ORGANIZATION"], "The role that AWS Artifact uses is deleted"),
    flag("delete-organization", &["ORGANIZATION"], "An organization without members is deleted"),
    flag(
        "attach",
        &["TO", "POLICY"],
        "A policy is attached to a principal, permission set, unit, account or organization",
    ),
    flag("detach", &["FROM", "POLICY"], "A policy is detached"),
    flag("replace", &["AT", "OLD", "NEW"], "A policy takes the place of another"),
    flag("add-to-group", &["USER", "GROUP"], "A user joins a group of IAM or of Identity Center"),
    flag("remove-from-group", &["USER", "GROUP"], "A user leaves a group"),
    flag("assign", &["WHO", "PERMISSION-SET", "ACCOUNT"], "A permission set is assigned to a person or a group"),
    flag("changes", &["FILE"], "Changes in a TOML file: [[change]], each with one of these names"),
];

/// What was written, in its order: the name of a flag, and its values.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    written: Vec<(&'static str, Vec<String>)>,
}

impl Args for Changes {
    fn augment_args(command: Command) -> Command {
        FLAGS.iter().fold(command, |command, Flag { name, values, help }| {
            let arg = Arg::new(*name).long(*name).value_names(*values).num_args(values.len()).help(*help);
            command
                .arg(arg.action(ArgAction::Append).help_heading("Changes, made in the order in which they are given"))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Changes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut found: Vec<(usize, &'static str, Vec<String>)> = Vec::new();
        for Flag { name, values, .. } in &FLAGS {
            let mut places = matches.indices_of(name).into_iter().flatten().step_by(values.len());
            for one in matches.get_occurrences::<String>(name).into_iter().flatten() {
                found.push((places.next().unwrap_or_default(), name, one.cloned().collect()));
            }
        }
        found.sort_by_key(|(place, ..)| *place);
        Ok(Self { written: found.into_iter().map(|(_, name, values)| (name, values)).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Changes {
    /// The changes; policies that are named by a path are read, and accounts that are named in another way than by their numbers are found.
    /// None at all is an error.
    pub fn read(&self, inventory: &Inventory) -> Result<Vec<Change>, Failure> {
        let mut changes = Vec::new();
        for (name, values) in &self.written {
            match (*name, values.as_slice()) {
                ("changes", [file]) => changes.extend(of_file(Path::new(file))?),
                (name, values) => changes.push(of_flag(name, values)?),
            }
        }
        if changes.is_empty() {
            let help = "name a change, such as --leave 111122223333; --help lists them";
            return Err(usage("there is no change to make").help(help).into());
        }
        changes.iter_mut().flat_map(Change::names_of_accounts).try_for_each(|name| numbered(inventory, name))?;
        for kind in changes.iter_mut().filter_map(Change::name_of_kind) {
            // of what is no kind, the change tells which there are
            if let Ok(found) = narrow::kinds(inventory, std::slice::from_ref(kind)) {
                *kind = found.concat();
            }
        }
        Ok(changes)
    }
}

/// Puts the number of the account in the place of its name. What is no name of an account is left: what it is to be, the change tells.
fn numbered(inventory: &Inventory, name: &mut String) -> Result<(), Failure> {
    let is_other = |ty| inventory.entity(ty, name).is_some();
    if ["Organization", "OrganizationalUnit", "CustomerAgreement", "OfflineAgreement"].into_iter().any(is_other) {
        return Ok(());
    }
    match narrow::accounts(&[inventory], std::slice::from_ref(name)) {
        Ok(found) => found.into_iter().for_each(|number| *name = number),
        Err(Failure::Unknown(_)) => {}
        Err(failure) => return Err(failure),
    }
    Ok(())
}

/// A change of the command line.
fn of_flag(name: &str, values: &[String]) -> Result<Change, Failure> {
    let pair = |text: &String| {
        let example = format!(
            "write --{name} {}",
            FLAGS.iter().find(|f| f.name == name).map_or("", |f| f.values.first().unwrap_or(&""))
        );
        let wrong = || usage(format!("`{text}` lacks its `=`")).help(example);
        text.split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned())).ok_or_else(|| Failure::from(wrong()))
    };
    Ok(match (name, values) {
        ("leave", [account]) => Change::Leave { account: account.clone() },
        ("join", [text]) => {
            let (account, organization) = pair(text)?;
            Change::Join { account, organization }
        }
        ("move", [text]) => {
            let (account, to) = pair(text)?;
            Change::Move { account, to }
        }
        ("close", [account]) => Change::Close { account: account.clone() },
        ("accept", [text]) => {
            let (by, kind) = pair(text)?;
            Change::Accept { by, kind }
        }
        ("terminate", [text]) => match text.split_once('=') {
            Some((of, kind)) => Change::Terminate { of: of.to_owned(), kind: Some(kind.to_owned()) },
            None => Change::Terminate { of: text.clone(), kind: None },
        },
        ("remove-designation", [text]) => {
            let (account, kind) = pair(text)?;
            Change::RemoveDesignation { account, kind }
        }
        ("all-features", [of]) => organization(of, Becomes::AllFeatures),
        ("set-up", [of]) => organization(of, Becomes::SetUp),
        ("no-trusted-access", [of]) => organization(of, Becomes::WithoutTrustedAccess),
        ("no-service-role", [of]) => organization(of, Becomes::WithoutServiceRole),
        ("delete-organization", [of]) => Change::Delete { organization: of.clone() },
        ("attach", [to, policy]) => Change::Attach { to: to.clone(), policy: named(policy, Path::new("."))? },
        ("detach", [from, policy]) => Change::Detach { from: from.clone(), policy: policy.clone() },
        ("replace", [at, old, new]) => {
            Change::Replace { at: at.clone(), old: old.clone(), new: named(new, Path::new("."))? }
        }
        ("add-to-group", [user, group]) => Change::AddToGroup { user: user.clone(), group: group.clone() },
        ("remove-from-group", [user, group]) => Change::RemoveFromGroup { user: user.clone(), group: group.clone() },
        ("assign", [to, set, account]) => Change::Assign { to: to.clone(), set: set.clone(), account: account.clone() },
        (name, _) => return Err(usage(format!("--{name} has a wrong number of values")).into()),
    })
}

fn organization(of: &str, becomes: Becomes) -> Change {
    Change::Organization { organization: of.to_owned(), becomes }
}

/// A policy by its id or ARN, or the document of a file, relative to a folder.
fn named(policy: &str, folder: &Path) -> Result<Named, Failure> {
    let path = folder.join(policy);
    if policy.starts_with("arn:") || !path.is_file() {
        return Ok(Named::Known(policy.to_owned()));
    }
    let source = input::text(&path, policy)?;
    let read = read_policy(&source).map_err(Failure::Problems)?;
    Ok(Named::Document(policy.to_owned(), Box::new(read)))
}

/// The changes of a file; documents that it names are relative to its folder.
fn of_file(path: &Path) -> Result<Vec<Change>, Failure> {
    let changes = what_if::file::changes(&input::read(path)?)?;
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let resolved = |change: Change| {
        Ok(match change {
            Change::Attach { to, policy } => Change::Attach { to, policy: named(&policy.to_string(), &folder)? },
            Change::Replace { at, old, new } => Change::Replace { at, old, new: named(&new.to_string(), &folder)? },
            other => other,
        })
    };
    changes.into_iter().map(resolved).collect()
}
