//! `show service`: whether a service is HIPAA eligible at a date, by the dated lists and the rules.

use clap::Args;
use serde::Serialize;

use super::errors::usage;
use super::{Printing, now, output, parse_moment};
use crate::report::{Shown, bold, day, dim, paragraph};
use countersign_core::aws::catalogue;
use countersign_core::hipaa::{self, Eligibility, Listed};
use countersign_core::moment;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Problem, meant};
use countersign_core::provenance::Provenance;

/// What eligible means, and does not (D23, R76, R77).
const MEANS: &str = "Eligible means only that AWS lists the service, on the whole or within the limits named here. It does not say \
    whether an agreement is in force for an account, or how the service has to be configured.";

#[derive(Args)]
pub struct ServiceArgs {
    /// Its name, as AWS lists it or as people call it, or the prefix that IAM policies write: s3, "Amazon HealthLake"
    name: String,
    /// At this date or RFC 3339 time [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Serialize)]
struct Service<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: String,
    /// The last day on which AWS's catalogue had it, where it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'static str>,
    #[serde(flatten)]
    service: &'a Eligibility,
}

pub fn show(rules: &RuleBook, args: &ServiceArgs) -> Result<(), Failure> {
    let at = args.at.as_deref().map(parse_moment).transpose()?.unwrap_or_else(now);
    let (lists, file) = super::generate::lists()?;
    if !lists.meant(&args.name).is_known() {
        return Err(unknown(&args.name, &lists.near(&args.name)).into());
    }
    let found = hipaa::eligibility(rules, &lists, &args.name, at)?;
    let provenance = Provenance { eligible_services: file, ..Provenance::bare() };
    let (at, ended) = (moment::format(at), ended(&found));
    let json = Service { schema: "countersign/service/v1", provenance: &provenance, at, ended, service: &found };
    output::write(&args.printing.format, &json, &provenance, || text(output::width(), &found, &json.at, ended))
}

/// The last day on which AWS's catalogue had a service that has ended; `None` where a part of it has not.
fn ended(found: &Eligibility) -> Option<&'static str> {
    let listed = found.listed.iter().flat_map(|l| &l.prefixes);
    let prefixes: Vec<&String> = listed.chain(found.unlisted.iter().map(|u| &u.prefix)).collect();
    let days: Option<Vec<&str>> = prefixes.iter().map(|p| Some(catalogue::ended_service(p)?.1)).collect();
    days?.into_iter().max()
}

/// A name that stands for nothing, or for several: nothing follows from it.
fn unknown(name: &str, near: &[String]) -> Problem {
    if let Some((prefix, day)) = catalogue::ended_service(name) {
        let ended = catalogue::has_ended(&format!("`{prefix}`"), day);
        let message = format!("{ended}; whether it was HIPAA eligible is not known");
        return usage(message).help(super::catalogue::ended_actions(prefix));
    }
    let problem =
        usage(format!("`{name}` is not the name of one known service: whether it is HIPAA eligible is not known"));
    match near {
        [] => problem.help("write the name that AWS lists, or the prefix that IAM policies write: s3"),
        [only] => problem.help(meant(only)),
        several => problem.help(format!("it may be {}", several.join(", "))),
    }
}

/// Which services of one prefix are on the list that decides, where some are and some are not: a prefix stands for each of them.
fn differ(found: &Eligibility) -> Option<String> {
    let list = found.list_before.as_ref()?;
    let (on, off): (Vec<&Listed>, Vec<&Listed>) = found.listed.iter().partition(|l| l.seen.contains(list));
    let names = |of: &[&Listed]| of.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(", ");
    (!on.is_empty() && !off.is_empty())
        .then(|| format!("on the list of {list}: {}; not on it: {}", names(&on), names(&off)))
}

fn text(width: usize, found: &Eligibility, at: &str, ended: Option<&str>) -> String {
    let listed = found.listed.iter().map(|l| l.name.as_str());
    let names: Vec<&str> = listed.chain(found.unlisted.iter().map(|u| u.name.as_str())).collect();
    let mut text = format!("{} {}\n", bold(&names.join(", ")), dim(&format!("· {}", day(at))));
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("  {name:<13} "), body));
    section("HIPAA eligible", Shown::from(found.eligible).words);
    if let Some(day) = ended {
        section("ended", &format!("AWS's catalogue had it last on {day}"));
    }
    if let Some(differ) = differ(found) {
        section("which of them", &differ);
    }
    for listed in &found.listed {
        if found.listed.len() > 1 {
            section("of them", &listed.name);
        }
        section("in policies", &listed.prefixes.join(", "));
        if let Some(exclusions) = &listed.exclusions {
            section("as listed", exclusions);
        }
        section("on the lists", &listed.seen.join(", "));
    }
    if let Some(unlisted) = &found.unlisted {
        section("in policies", &unlisted.prefix);
        section("on the lists", "none of them");
        if let Some(listed) = &unlisted.perhaps_part_of {
            section("perhaps", &format!("a part of {listed}, which is: whether it is one is not known"));
        }
    }
    let around = match (&found.list_before, &found.list_after) {
        (Some(before), Some(after)) => format!("the list before is of {before}, the next of {after}"),
        (Some(before), None) => format!("the list before is of {before}; there is none after it"),
        (None, Some(first)) => format!("no list is that old: the first is of {first}"),
        (None, None) => "there is no list".to_owned(),
    };
    section("around it", &around);
    section("by", &found.policies.join(", "));
    text.push_str(&paragraph(width, "", MEANS));
    text
}
