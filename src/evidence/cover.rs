//! The cover page: what was asked, of when, by what, what was assumed, what is not known, and what it does not mean.

use std::collections::BTreeSet;

use super::population::population;
use super::{DOCUMENT, Facts, manifest};
use crate::report::completeness;
use crate::report::findings::markdown::cell;
use crate::report::foreign::Foreign;
use crate::report::plain::coverage::Told;
use crate::report::plain::day::when;
use crate::report::{COVERED_MEANS, count, plain};
use countersign_core::assessment::completeness::Gap;
use countersign_core::finding::Severity;
use countersign_core::moment;
use countersign_core::naming::kinds;

/// Assumptions on the page; the tables have all of them.
const SHOWN: usize = 20;

/// What decided: the section that may differ where another version or other files say the same.
pub const MADE_BY: &str = "Made by";

/// The page, in Markdown.
pub fn cover(facts: &Facts<'_>) -> String {
    let assessment = facts.assessment;
    let agreements: Vec<String> = facts.kinds.iter().map(|k| kinds::full(k)).collect();
    let mut page = format!("# Evidence of coverage on {}\n\n", when(&assessment.at));
    // the answer, then what was asked
    let mut sentences = plain::coverage::all(assessment, facts.names(), facts.kinds, Told::All);
    sentences.extend(facts.later.iter().cloned());
    sentences.extend(plain::coverage::unlisted(&assessment.completeness.not_listed()));
    page.push_str(&paragraph(&sentences.join(" ")));
    let asked = plain::listed(&agreements, "and");
    page.push_str(&paragraph(&format!(
        "Asked: which agreement governs each account, and who can accept and terminate, for the {asked}, on {}.",
        when(&assessment.at)
    )));
    page.push_str(&section("Population", counted(facts)));
    page.push_str(&section("What is not known", unknown(facts)));
    page.push_str(&section("What was assumed", assumed(facts)));
    page.push_str(&section("Findings", found(facts)));
    page.push_str(&section("What this means, and does not", meaning()));
    page.push_str(&section(MADE_BY, made(facts)));
    page.push_str(&section("Checking it", checking()));
    page
}

fn paragraph(text: &str) -> String {
    format!("{}\n\n", cell(text))
}

/// A list of lines that are Markdown: what came from input is made harmless where it is put into them.
fn section(title: &str, lines: Vec<String>) -> String {
    let lines: String = lines.iter().map(|l| format!("- {l}\n")).collect();
    format!("## {title}\n\n{lines}\n")
}

fn counted(facts: &Facts<'_>) -> Vec<String> {
    let population = population(facts);
    let unknown = match population.unknown {
        0 => String::new(),
        unknown => format!("; {unknown} whose organization at that time is not known"),
    };
    let but = if population.without_row.is_empty() { "" } else { ", but for those below" };
    let mut lines = vec![format!(
        "{} in the inventory, each with a row for each agreement in `accounts.csv`{but}; {} in no organization{unknown}.",
        count(population.accounts, "account"),
        population.standalone
    )];
    lines.extend(population.without_row.iter().map(|w| {
        format!(
            "{} of the partition {} without a row for the {}, which does not exist there.",
            count(w.accounts, "account"),
            cell(&w.partition),
            cell(&kinds::full(&w.kind))
        )
    }));
    lines.extend(population.organizations.iter().map(|o| {
        let listed = if o.all_listed { "all that were listed" } else { "not all could be listed" };
        format!("{}: {}; {listed}.", cell(&o.organization), count(o.accounts, "account"))
    }));
    lines
}

fn unknown(facts: &Facts<'_>) -> Vec<String> {
    let gaps = &facts.assessment.completeness.gaps;
    let mut lines: Vec<String> = gaps.iter().map(not_collected).collect();
    let others = completeness::others(&facts.assessment.completeness.perhaps_others);
    lines.extend(others.into_iter().map(|who| format!("Perhaps others, who are not listed: {}.", cell(&who))));
    lines.extend(
        facts.provenance.later().map(|later| format!("Everything is told as {}.", later.trim_start_matches("as "))),
    );
    if lines.is_empty() {
        lines.push("Nothing was left uncollected that the answers rest on.".to_owned());
    }
    lines.push(format!("Left out of every answer: {}.", facts.assessment.leaves_out.join("; ")));
    lines
}

/// What was not collected, what would tell it, and the calls that failed.
fn not_collected(gap: &Gap) -> String {
    let code = |call: &str| Foreign(&format!("aws {call}")).code();
    let of = cell(&gap.of.join(", "));
    let mut line = format!("Not collected: {} of {of}. {} tells it.", gap.missing.words(), code(gap.calls));
    for failed in gap.failed.iter().take(SHOWN) {
        let why = failed.code.as_ref().map(|why| format!(" ({})", cell(why))).unwrap_or_default();
        line.push_str(&format!(" {}{why}: {}.", plain::capital(failed.why.word()), code(&failed.call)));
    }
    match gap.failed.len().saturating_sub(SHOWN) {
        0 => {}
        more => line.push_str(&format!(" {more} more failed, as `{DOCUMENT}` tells.")),
    }
    line
}

fn assumed(facts: &Facts<'_>) -> Vec<String> {
    let assessment = facts.assessment;
    let accounts = assessment.accounts.iter().flat_map(|a| &a.agreements).flat_map(|r| &r.assuming);
    let access = facts.assessment.principals.iter().flat_map(|p| &p.operations).flat_map(|o| &o.assuming);
    let all: BTreeSet<&String> = accounts.chain(access).collect();
    // what holds for all of the evidence comes first
    let mut lines: Vec<String> = facts.undated().iter().map(|a| cell(&plain::stopped(&plain::capital(a)))).collect();
    if facts.kinds.iter().any(|kind| assessment.hipaa_kinds.contains(kind)) {
        lines.push(cell(&plain::coverage::by_tags(facts.inventory)));
    }
    lines.extend(facts.context.iter().map(|(key, values)| match values.as_slice() {
        [] => format!("{} is absent from every request, as the question says.", Foreign(key).code()),
        values => {
            let values: Vec<String> = values.iter().map(|value| Foreign(value).code()).collect();
            let (key, values) = (Foreign(key).code(), plain::listed(&values, "and"));
            format!("{key} is {values} in every request, as the question says.")
        }
    }));
    lines.extend(all.iter().take(SHOWN).map(|a| cell(&plain::stopped(a))));
    match all.len().saturating_sub(SHOWN) {
        0 if lines.is_empty() => lines.push("Nothing.".to_owned()),
        0 => {}
        more => lines.push(format!("{more} more, in the columns `assuming` of the tables.")),
    }
    lines
}

fn found(facts: &Facts<'_>) -> Vec<String> {
    let findings = &facts.assessment.findings;
    let of = |severity: Severity| findings.iter().filter(|f| f.severity == severity).count();
    let mut lines = vec![format!(
        "{}, {}, {} for information: all that `evaluate` and `report` find, and all are in `findings.csv`.",
        count(of(Severity::Error), "error"),
        count(of(Severity::Warning), "warning"),
        of(Severity::Info)
    )];
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    lines.extend(errors.map(|f| cell(&plain::stopped(&format!("{}: {} {}", f.rule, f.subject, f.told())))));
    let at = moment::parse(&facts.assessment.at).unwrap_or_default();
    let (ended, in_force): (Vec<_>, Vec<_>) =
        facts.inventory.config.account_exceptions.iter().partition(|e| e.has_ended(at));
    let told = |number: usize, what: &str| {
        (number > 0).then(|| format!("{} {what}, in `exceptions.csv`.", count(number, "exception")))
    };
    lines.extend(told(in_force.len(), "in force"));
    lines.extend(told(ended.len(), if ended.len() == 1 { "that has ended" } else { "that have ended" }));
    lines
}

fn meaning() -> Vec<String> {
    vec![
        COVERED_MEANS.to_owned(),
        "`history.csv` tells which agreement governed each account, and when, as far back as the files go.".to_owned(),
        "Who can accept by permission, and who has the authority to, are two facts: `access.csv` has both.".to_owned(),
        "It holds no text of an agreement: agreements are confidential, and are filed elsewhere.".to_owned(),
    ]
}

fn made(facts: &Facts<'_>) -> Vec<String> {
    let provenance = facts.provenance;
    let digest = |what: &str, digest: Option<&String>| digest.map(|d| format!("{what}: SHA-256 {d}"));
    let mut lines = vec![cell(&provenance.line())];
    lines.extend(digest("Rules", provenance.rules.as_ref().map(|r| &r.sha256)));
    lines.extend(digest("Schema", provenance.schema.as_ref().map(|s| &s.sha256)));
    lines.extend(digest("Inventory", provenance.inventory.as_ref().map(|f| &f.sha256)));
    lines.push(match &provenance.as_of {
        Some(as_of) => format!("Collected: the oldest answer in the inventory is of {}.", when(&as_of.moment)),
        None => "Collected: on a day that the inventory does not say (asOf).".to_owned(),
    });
    lines.push(match &facts.inventory.config.collected_by {
        Some(who) => format!("Collected by: {}.", cell(who)),
        None => "Collected by: the inventory does not say (collectedBy).".to_owned(),
    });
    lines
}

fn checking() -> Vec<String> {
    vec![
        format!("`countersign evidence --verify DIR`, or `sha256sum -c {}` in this folder.", manifest::FILE),
        "`countersign evidence --verify DIR --against INVENTORY` evaluates again, and compares every file.".to_owned(),
        format!(
            "The same inventory, moment and version give the same bytes. `{DOCUMENT}` has all tables in one document."
        ),
        format!(
            "An unsigned manifest shows accidents, not tampering. Sign it with a tool of yours: `minisign -Sm {0}`, or `cosign \
             sign-blob --bundle {0}.sigstore.json {0}`.",
            manifest::FILE
        ),
        format!(
            "When it was made, by whom, and from which commit, is in `{}`, which the manifest leaves out.",
            manifest::RUN_RECORD
        ),
    ]
}
