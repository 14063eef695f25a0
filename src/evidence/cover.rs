//! The cover page: what was asked, of when, by what, what was assumed, what is not known, and what it does not mean.

use std::collections::{BTreeMap, BTreeSet};

use super::against::{listed, rows, text};
use super::population::{Counts, population};
use super::{DOCUMENT, Facts, manifest};
use crate::report::completeness;
use crate::report::findings::markdown::cell;
use crate::report::foreign::Foreign;
use crate::report::plain::coverage::{Held, Told};
use crate::report::plain::day::when;
use crate::report::{COVERED_MEANS, Shown, count, plain};
use countersign_core::assessment::completeness::{Gap, Missing};
use countersign_core::finding::Severity;
use countersign_core::moment;
use countersign_core::naming::kinds;
use countersign_core::terms::Coverage;
use serde_json::Value;

/// Assumptions on the page; the tables have all of them.
const SHOWN: usize = 20;

/// The section of who was counted.
pub const POPULATION: &str = "Population";
/// That of what was found.
pub const FINDINGS: &str = "Findings";
/// That of what coverage means.
pub const MEANING: &str = "What this means, and does not";
/// What decided: the section that may differ where another version or other files say the same.
pub const MADE_BY: &str = "Made by";
/// That of how it is checked.
pub const CHECKING: &str = "Checking it";
const UNKNOWN: &str = "What is not known";
const ASSUMED: &str = "What was assumed";
/// All of them, in their order.
pub const TITLES: [&str; 7] = [POPULATION, UNKNOWN, ASSUMED, FINDINGS, MEANING, MADE_BY, CHECKING];

/// The page, in Markdown.
pub fn cover(facts: &Facts<'_>) -> String {
    let assessment = facts.assessment;
    let mut page = format!("{}\n\n", title(&assessment.at));
    // the answer, then what was asked
    let mut sentences = plain::coverage::all(assessment, facts.names(), facts.kinds, Told::All);
    sentences.extend(facts.later.iter().cloned());
    sentences.extend(plain::coverage::unlisted(&assessment.completeness.not_listed()));
    page.push_str(&paragraph(&sentences.join(" ")));
    page.push_str(&format!("{}\n\n", asked(facts.kinds, &assessment.at)));
    page.push_str(&section(POPULATION, counted(&population(facts).counts)));
    page.push_str(&section(UNKNOWN, unknown(facts)));
    page.push_str(&section(ASSUMED, assumed(facts)));
    page.push_str(&section(FINDINGS, found(facts)));
    page.push_str(&section(MEANING, meaning()));
    page.push_str(&section(MADE_BY, made(facts)));
    page.push_str(&section(CHECKING, checking()));
    page
}

/// Its first line.
pub fn title(at: &str) -> String {
    format!("# Evidence of coverage on {}", when(at))
}

/// What was asked, in Markdown.
pub fn asked(kinds: &[String], at: &str) -> String {
    let agreements: Vec<String> = kinds.iter().map(|k| kinds::full(k)).collect();
    cell(&format!(
        "Asked: which agreement governs each account, and who can accept and terminate, for the {}, on {}.",
        plain::listed(&agreements, "and"),
        when(at)
    ))
}

/// What the answer begins with by the rows of a document, in Markdown: how many accounts are covered.
pub fn answer(document: &Value, kinds: &[String]) -> String {
    let accounts = document.pointer("/population/accounts").and_then(Value::as_u64).unwrap_or_default();
    let all = listed(document);
    let of_kind = |kind: &String| {
        let of_kind = all.iter().filter(|row| text(row, "agreementKind") == kind);
        let rows: Vec<(String, Coverage)> = of_kind.map(|row| (place(row), coverage(row))).collect();
        plain::coverage::of_rows(kind, &rows, usize::try_from(accounts).unwrap_or_default(), Told::All)
    };
    cell(&kinds.iter().map(of_kind).collect::<Vec<_>>().join(" "))
}

/// What the answer says of PHI by the rows of a document, in Markdown; `None` where they do not tell: an account has no row for what
/// covers it as HIPAA asks.
pub fn phi(document: &Value, hipaa_kinds: &BTreeSet<String>) -> Option<String> {
    let (mut held, mut places): (Vec<Held>, BTreeMap<&str, usize>) = (Vec::new(), BTreeMap::new());
    for row in listed(document).iter().filter(|row| hipaa_kinds.contains(text(row, "agreementKind"))) {
        let covered = match coverage(row) {
            Coverage::Covered => Some(true),
            Coverage::NotCovered => Some(false),
            Coverage::Unknown => None,
        };
        let holds = [true, false].into_iter().find(|fact| Shown::from(Some(*fact)).words == text(row, "holdsPhi"));
        let known = places.get(text(row, "account")).and_then(|place| held.get_mut(*place));
        match known {
            // one of several is enough
            Some(known) => known.covered = [known.covered, covered].into_iter().max_by_key(likely).flatten(),
            None => {
                places.insert(text(row, "account"), held.len());
                held.push(Held { place: place(row), holds, covered });
            }
        }
    }
    let accounts = document.pointer("/population/accounts").and_then(Value::as_u64)?;
    (u64::try_from(held.len()) == Ok(accounts)).then(|| cell(&plain::coverage::of_phi(&held, Told::All).join(" ")))
}

/// What is in each sentence about an organization whose accounts were not all listed.
pub const NOT_LISTED: &str = "its accounts were not all listed";

/// The sentences about the organizations that may have other accounts, by what a document says was not collected, in Markdown.
pub fn not_listed(document: &Value) -> String {
    let gaps = document.pointer("/population/notCollected").and_then(Value::as_array).into_iter().flatten();
    let accounts = serde_json::to_value(Missing::Accounts).unwrap_or_default();
    let of = gaps.filter(|gap| gap.get("missing") == Some(&accounts)).filter_map(|gap| gap.get("of")?.as_array());
    let organizations: Vec<String> = of.flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    cell(&plain::coverage::unlisted(&organizations).join(" "))
}

/// No, not known, yes.
fn likely(fact: &Option<bool>) -> u8 {
    fact.map_or(1, |fact| if fact { 2 } else { 0 })
}

/// What the account of a row is called.
pub fn place(row: &Value) -> String {
    let account = text(row, "account");
    let name = row.get("name").and_then(Value::as_str);
    name.map_or_else(|| account.to_owned(), |name| format!("{name} ({account})"))
}

fn coverage(row: &Value) -> Coverage {
    let said = text(row, "coverage");
    Coverage::ALL.iter().copied().find(|c| Shown::from(*c).words == said).unwrap_or(Coverage::Unknown)
}

/// What the lines about findings begin with, by the rows of a document, in Markdown.
pub fn findings_of(document: &Value) -> Vec<String> {
    let findings = rows(document, "findings");
    let of = |word: &str| findings.iter().filter(|row| text(row, "severity") == word).count();
    let [errors, warnings, infos] = [Severity::Error, Severity::Warning, Severity::Info].map(|s| of(s.word()));
    let mut lines = vec![counts_of_findings(errors, warnings, infos)];
    let errors = findings.iter().filter(|row| text(row, "severity") == Severity::Error.word());
    lines.extend(errors.map(|row| {
        let told = ["code", "about", "whatItIs"].map(|member| text(row, member));
        cell(&format!("{}: {} {}", told[0], told[1], told[2]))
    }));
    let exceptions = |word: &str| rows(document, "exceptions").iter().filter(|row| text(row, "state") == word).count();
    lines.extend(counts_of_exceptions(exceptions("in force"), exceptions("ended")));
    lines
}

fn counts_of_findings(errors: usize, warnings: usize, infos: usize) -> String {
    format!(
        "{}, {}, {infos} for information: all that `evaluate` and `report` find, and all are in `findings.csv`.",
        count(errors, "error"),
        count(warnings, "warning"),
    )
}

fn counts_of_exceptions(in_force: usize, ended: usize) -> Vec<String> {
    let told = |number: usize, what: &str| {
        (number > 0).then(|| format!("{} {what}, in `exceptions.csv`.", count(number, "exception")))
    };
    let has = if ended == 1 { "that has ended" } else { "that have ended" };
    told(in_force, "in force").into_iter().chain(told(ended, has)).collect()
}

/// When the inventory was collected.
pub fn collected(when: Option<String>) -> String {
    match when {
        Some(when) => format!("Collected: the oldest answer in the inventory is of {when}."),
        None => "Collected: on a day that the inventory does not say (asOf).".to_owned(),
    }
}

fn paragraph(text: &str) -> String {
    format!("{}\n\n", cell(text))
}

/// A list of lines that are Markdown: what came from input is made harmless where it is put into them.
fn section(title: &str, lines: Vec<String>) -> String {
    let lines: String = lines.iter().map(|l| format!("- {l}\n")).collect();
    format!("## {title}\n\n{lines}\n")
}

/// Who was counted.
pub fn counted(population: &Counts) -> Vec<String> {
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
        let listed = match &o.deleted_at {
            Some(deleted) => &format!("it was deleted on {}", when(deleted)),
            None if o.all_listed => "all that were listed",
            None => "not all could be listed",
        };
        format!("{}: {}; {listed}.", cell(&o.organization), count(o.accounts, "account"))
    }));
    lines
}

fn unknown(facts: &Facts<'_>) -> Vec<String> {
    let gaps = &facts.assessment.completeness.gaps;
    let mut lines: Vec<String> = gaps.iter().map(not_collected).collect();
    lines.extend(not_settled(facts));
    let others = completeness::others(&facts.assessment.completeness.perhaps_others);
    lines.extend(others.into_iter().map(|who| format!("Perhaps others, who are not listed: {}.", cell(&who))));
    lines.extend(no_signatories(facts));
    lines.extend(
        facts.provenance.later().map(|later| format!("Everything is told as {}.", later.trim_start_matches("as "))),
    );
    if lines.is_empty() {
        lines.push("Nothing was left uncollected that the answers rest on.".to_owned());
    }
    lines.push(format!("Left out of every answer: {}.", facts.assessment.leaves_out.join("; ")));
    lines
}

/// Why coverage is unknown where nothing that was not collected explains it.
fn not_settled(facts: &Facts<'_>) -> Vec<String> {
    let explains = [Missing::Agreements, Missing::OrganizationAgreements, Missing::Membership];
    if facts.assessment.completeness.gaps.iter().any(|gap| explains.contains(&gap.missing)) {
        return Vec::new();
    }
    let mut why: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for account in &facts.assessment.accounts {
        let unknown = account.agreements.iter().filter(|row| {
            facts.kinds.contains(&row.kind) && (row.coverage == Coverage::Unknown || row.governing.is_none())
        });
        let reasons = unknown.filter_map(|row| row.reason.as_deref());
        for reason in reasons {
            why.entry(reason).or_default().insert(&account.account);
        }
    }
    let told = |(reason, accounts): (&&str, &BTreeSet<&str>)| {
        format!("What covers {} is not known: {}.", count(accounts.len(), "account"), cell(reason))
    };
    let mut lines: Vec<String> = why.iter().take(SHOWN).map(told).collect();
    match why.len().saturating_sub(SHOWN) {
        0 => {}
        more => lines.push(format!("{more} more reasons, in the column `unknown because` of `accounts.csv`.")),
    }
    lines
}

/// Declared signatories who are nobody in the inventory (D24).
fn no_signatories(facts: &Facts<'_>) -> Vec<String> {
    let nobody = facts.signatories.map(|s| s.of_nobody(facts.inventory)).unwrap_or_default();
    let told = |name: &&str| {
        let has = if name.starts_with("arn:") { "has that ARN" } else { "is called that" };
        format!("{} is declared as a signatory, and nobody in the inventory {has}.", Foreign(name).code())
    };
    let mut lines: Vec<String> = nobody.iter().take(SHOWN).map(told).collect();
    match nobody.len().saturating_sub(SHOWN) {
        0 => {}
        more => lines.push(format!("{more} more declared signatories are nobody in the inventory.")),
    }
    lines
}

/// What was not collected, what would tell it, and the calls that failed.
fn not_collected(gap: &Gap) -> String {
    let code = |call: &str| Foreign(&format!("aws {call}")).code();
    let of = cell(&gap.of.join(", "));
    let what = match gap.missing {
        Missing::Membership => format!("the organization of {of}"),
        Missing::Notifications => format!("whether notifications are on for {of}"),
        missing => format!("{} of {of}", missing.words()),
    };
    let mut line = format!("Not collected: {what}. {} tells it.", code(gap.calls));
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
    let mut lines = vec![counts_of_findings(of(Severity::Error), of(Severity::Warning), of(Severity::Info))];
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    lines.extend(errors.map(|f| cell(&plain::stopped(&format!("{}: {} {}", f.rule, f.subject, f.told())))));
    let at = moment::parse(&facts.assessment.at).unwrap_or_default();
    let (ended, in_force): (Vec<_>, Vec<_>) =
        facts.inventory.config.account_exceptions.iter().partition(|e| e.has_ended(at));
    lines.extend(counts_of_exceptions(in_force.len(), ended.len()));
    lines
}

/// What coverage means.
pub fn meaning() -> Vec<String> {
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
    lines.push(collected(provenance.as_of.as_ref().map(|as_of| when(&as_of.moment))));
    lines.push(match &facts.inventory.config.collected_by {
        Some(who) => format!("Collected by: {}.", cell(who)),
        None => "Collected by: the inventory does not say (collectedBy).".to_owned(),
    });
    lines
}

/// How it is checked.
pub fn checking() -> Vec<String> {
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
