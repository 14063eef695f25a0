//! `show service`: whether a service is HIPAA eligible at a date, by the dated lists and the rules.

use clap::Args;
use serde::Serialize;

use super::errors::usage;
use super::{Printing, now, output, parse_moment};
use crate::report::{Shown, bold, day, dim, paragraph};
use countersign_core::hipaa::{self, Eligibility};
use countersign_core::moment;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, did_you_mean, meant};
use countersign_core::provenance::Provenance;

/// What eligible means, and does not (D23, R76, R77).
const MEANS: &str = "Eligible means only that AWS lists the service, on the whole or with the exclusions named here. It does not say \
    whether an agreement is in force for an account, or how the service has to be configured.";

#[derive(Args)]
pub struct ServiceArgs {
    /// Its name, as AWS lists it, or the prefix that IAM policies write: s3, "Amazon HealthLake"
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
    #[serde(flatten)]
    service: &'a Eligibility,
}

pub fn show(rules: &RuleBook, args: &ServiceArgs) -> Result<(), Failure> {
    let at = args.at.as_deref().map(parse_moment).transpose()?.unwrap_or_else(now);
    // AWS writes some names with small letters, and prefixes always
    let (lists, file) = super::generate::lists()?;
    let all = lists.all();
    let names = || all.iter().flat_map(|s| std::iter::once(&s.name).chain(&s.prefixes)).map(String::as_str);
    let same = names().find(|n| n.eq_ignore_ascii_case(&args.name));
    let Some(name) = same else {
        let problem = usage(format!("no list of HIPAA eligible services has ever named `{}`", args.name));
        let near = did_you_mean(&args.name, names()).map(meant);
        let help = near.unwrap_or_else(|| {
            format!("the lists are of {} to {}; a service on none of them is not eligible", lists.first(), lists.last())
        });
        return Err(problem.help(help).into());
    };
    let found = hipaa::eligibility(rules, &lists, name, at)?;
    let provenance = Provenance { eligible_services: file, ..Provenance::bare() };
    let json =
        Service { schema: "countersign/service/v1", provenance: &provenance, at: moment::format(at), service: &found };
    output::write(&args.printing.format, &json, &provenance, || text(output::width(), &found, &json.at))
}

fn text(width: usize, found: &Eligibility, at: &str) -> String {
    let names: Vec<&str> = found.listed.iter().map(|l| l.name.as_str()).collect();
    let mut text = format!("{} {}\n", bold(&names.join(", ")), dim(&format!("· {}", day(at))));
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("  {name:<13} "), body));
    section("HIPAA eligible", Shown::from(found.eligible).words);
    for listed in &found.listed {
        section("in policies", &listed.prefixes.join(", "));
        if let Some(exclusions) = &listed.exclusions {
            section("excluded", exclusions);
        }
        section("on the lists", &listed.seen.join(", "));
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
