//! Coverage: a table of accounts, or one account in one screen.

use super::border::line;
use super::grid::{Grid, together};
use super::plain::{self, Names};
use super::{COVERED_MEANS, Shown, bold, count, day, dim, paragraph, verdict};
use countersign_core::assessment::{AccountAnswer, AgreementAnswer, Assessment};
use countersign_core::aws::eligibility::Lists;
use countersign_core::hipaa::Phi;
use countersign_core::moment;
use countersign_core::naming::kinds;
use countersign_core::terms::{Coverage, Role};

/// What is shown besides.
#[derive(Clone, Copy, Default)]
pub struct More {
    /// Kinds that are in force for no account.
    pub all: bool,
    /// The policies that decided.
    pub explain: bool,
    /// Only some of the accounts are shown, of which nothing is said that would be taken for all.
    pub narrowed: bool,
    /// The kinds are those that were asked about.
    pub asked: bool,
}

impl More {
    /// Whether a kind is shown where only some of the accounts are.
    pub fn of_few(self, is_hipaa: bool) -> bool {
        self.all || self.asked || is_hipaa
    }
}

/// What is behind a row: the names of lines, and the lines.
pub type Explained<'a> = &'a dyn Fn(&AgreementAnswer) -> Vec<(&'static str, String)>;

/// A table a kind of agreement. Sentences are as wide as they can be read, tables as the terminal is.
pub fn table(widths: (usize, usize), assessment: &Assessment, more: More, sentences: &[String]) -> String {
    let (width, wide) = widths;
    let mut text: String = sentences.iter().map(|s| paragraph(width, "", s)).collect();
    text.push_str(&format!("{}\n", dim(&plain::day::answered(&assessment.at))));
    let mut kinds: Vec<&str> =
        assessment.accounts.iter().flat_map(|a| a.agreements.iter().map(|r| r.kind.as_str())).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut hidden = Vec::new();
    for kind in kinds {
        let rows: Vec<(&AccountAnswer, &AgreementAnswer)> = assessment
            .accounts
            .iter()
            .filter_map(|a| Some((a, a.agreements.iter().find(|r| r.kind == kind)?)))
            .collect();
        let is_hipaa = assessment.hipaa_kinds.contains(kind);
        if !more.all
            && !more.asked
            && !is_hipaa
            && !more.narrowed
            && rows.iter().all(|(_, r)| r.coverage == Coverage::NotCovered)
        {
            hidden.push(kinds::short(kind));
            continue;
        }
        if more.narrowed && !more.of_few(is_hipaa) {
            continue;
        }
        let (name, counts) = (kinds::full(kind), summary(&rows));
        let fits = name.chars().count() + counts.chars().count() + 2 <= wide;
        text.push_str(&format!("\n{}{}{counts}\n", bold(&name), if fits { "  " } else { "\n  " }));
        text.push_str(&kind_table(wide, is_hipaa, &rows));
        text.push('\n');
    }
    if !hidden.is_empty() {
        text.push_str(&paragraph(
            width,
            "",
            &format!("In force for no account: {} (--all shows them).", hidden.join(", ")),
        ));
    }
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
    text.push_str(&paragraph(width, "", COVERED_MEANS));
    text
}

/// Why the lists do not tell at a moment whether a service is eligible (D18).
fn around(lists: &Lists, at: &str) -> String {
    match moment::parse(at).map(|at| lists.around(at)).unwrap_or_default() {
        (None, _) => format!("no list is that old: the first is of {}", lists.first()),
        (Some(last), None) => format!("the latest list is of {last}"),
        (Some(before), Some(after)) => format!("the lists of {before} and {after} differ"),
    }
}

/// What the register says of PHI.
fn register(width: usize, phi: &Phi, (lists, at): (&Lists, &str)) -> String {
    let mut text = String::new();
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("  {name:<13} "), body));
    for service in &phi.services {
        let eligible = match service.eligible {
            Some(true) => "HIPAA eligible".to_owned(),
            Some(false) => "not HIPAA eligible".to_owned(),
            None => format!("eligibility unknown ({})", around(lists, at)),
        };
        let except = service.exclusions.as_ref().map(|e| format!(", as listed: {e}")).unwrap_or_default();
        section("PHI in", &format!("{}: {eligible}{except}", service.service));
    }
    if !phi.regions.is_empty() {
        section("Regions", &phi.regions.join(", "));
    }
    if let Some(attested) = phi.safeguards_attested {
        let by = phi.attested_by.as_ref().map(|b| format!(" by {b}")).unwrap_or_default();
        let at = phi.attested_at.as_ref().map(|a| format!(" on {}", day(a))).unwrap_or_default();
        section("safeguards", &format!("{}{by}{at}", if attested { "attested" } else { "attested as missing" }));
    }
    text
}

/// How many accounts are covered, in words.
pub fn summary(rows: &[(&AccountAnswer, &AgreementAnswer)]) -> String {
    let of = |coverage: Coverage| rows.iter().filter(|(_, r)| r.coverage == coverage).count();
    let mut parts = vec![format!("{} covered", of(Coverage::Covered))];
    let others = [Coverage::NotCovered, Coverage::Unknown].into_iter().filter(|c| of(*c) > 0);
    parts.extend(others.map(|c| format!("{} {}", of(c), Shown::from(c).words)));
    format!("{} of {}", parts.join(", "), count(rows.len(), "account"))
}

/// A row an account. Where the columns do not fit, since when stands below what governs, then what stands besides does; else each account
/// is a block.
fn kind_table(width: usize, is_hipaa: bool, rows: &[(&AccountAnswer, &AgreementAnswer)]) -> String {
    let fits = (0..3).find_map(|stacked| grid(is_hipaa, rows, stacked).text(width));
    fits.unwrap_or_else(|| grid(is_hipaa, rows, 0).blocks(width))
}

/// The table, with so many columns stacked in that of what governs.
fn grid(is_hipaa: bool, rows: &[(&AccountAnswer, &AgreementAnswer)], stacked: usize) -> Grid {
    let columns = ["since", "besides"];
    let beside = columns.iter().skip(stacked).chain(is_hipaa.then_some(&"HIPAA"));
    let header = ["account", "coverage", "governing"].iter().chain(beside).copied().collect();
    let none = || "–".to_owned();
    let row = |(account, row): &(&AccountAnswer, &AgreementAnswer)| {
        let name = account.name.as_ref().map(|n| format!("\n{}", line(n))).unwrap_or_default();
        let governing = row.governing.as_ref();
        let mut besides: Vec<String> =
            row.superseded.iter().map(|id| format!("superseded\n{}", line(short(id)))).collect();
        besides.extend(perhaps(row).map(|(name, _)| format!("{name}\nunknown")));
        besides.extend(row.also_in_force.iter().map(|id| format!("{}\n{}", stands(row), line(short(id)))));
        let since = governing.map(|g| g.since.as_deref().map_or("unknown", date).to_owned());
        let mut governs = vec![governing.map_or_else(none, |g| format!("{}\n{}", g.scope, line(short(&g.id))))];
        if stacked > 0 {
            governs.extend(since.iter().map(|since| format!("since {since}")));
        }
        if stacked > 1 {
            governs.append(&mut besides);
        }
        let mut cells = vec![
            format!("{}{name}", line(&account.account)),
            together(Shown::from(row.coverage).words),
            governs.join("\n"),
        ];
        let apart = [since.unwrap_or_else(none), besides.join("\n")];
        cells.extend(apart.into_iter().skip(stacked));
        cells.extend(is_hipaa.then(|| facts(account)));
        cells
    };
    Grid { header, rows: rows.iter().map(row).collect() }
}

/// What an agreement in force is beside the one that governs; where that is not known, it may govern itself.
fn stands(row: &AgreementAnswer) -> &'static str {
    if row.governing.is_some() { "also in force" } else { "in force" }
}

/// The day of a moment: a table has no room for the time.
fn date(moment: &str) -> &str {
    moment.split('T').next().unwrap_or(moment)
}

/// The id of an acceptance without what all of them begin with.
fn short(id: &str) -> &str {
    id.strip_prefix("customer-agreement-").unwrap_or(id)
}

/// The three facts beside coverage, each in a word or two.
fn facts(account: &AccountAnswer) -> String {
    let hipaa = &account.hipaa;
    let word = |fact: Option<bool>, words: [&'static str; 3]| match (fact, words) {
        (Some(true), [yes, _, _]) => yes,
        (Some(false), [_, no, _]) => no,
        (None, [_, _, unknown]) => unknown,
    };
    let designated = word(hipaa.designated, ["designated", "not designated", "designated?"]);
    let phi = word(hipaa.holds_phi, ["PHI", "no PHI", "PHI?"]);
    let definition = word(hipaa.meets_definition, ["in definition", "outside definition", "definition?"]);
    [&together(designated), phi, definition].join("\n")
}

/// That an account is not in use, which ends no coverage by itself.
fn standing(account: &AccountAnswer) -> Option<String> {
    let is = match account.state.as_str() {
        "CLOSED" => "is closed",
        "SUSPENDED" => "is suspended",
        "PENDING_CLOSURE" => "is being closed",
        "PENDING_ACTIVATION" => return Some("In the snapshot, the account is not activated yet.".to_owned()),
        _ => return None,
    };
    let stays = match (account.organization.is_some(), account.hipaa.covered) {
        (true, Some(true)) => " It still belongs to its organization and is still covered, until it departs (D14).",
        (true, _) => " It still belongs to its organization, until it departs (D14).",
        (false, _) => "",
    };
    Some(format!("In the snapshot, the account {is}.{stays}"))
}

/// What may stand beside the agreement that governs, and is not known.
fn perhaps(row: &AgreementAnswer) -> impl Iterator<Item = (&'static str, &String)> {
    let all = [("superseded", &row.superseded_unknown), (stands(row), &row.also_in_force_unknown)];
    let governed = row.governing.is_some();
    all.into_iter().filter_map(move |(name, why)| Some((name, why.as_ref().filter(|_| governed)?)))
}

/// "Was this account covered on that day, and by what?"
pub fn account(
    width: usize,
    assessment: &Assessment,
    account: &AccountAnswer,
    (names, besides, lists): (Names<'_>, &[String], &Lists),
    (more, explained): (More, Explained<'_>),
) -> String {
    let at = &assessment.at;
    let mut sentences = plain::coverage::account(assessment, names, account, at);
    sentences.extend(standing(account));
    sentences.extend(besides.iter().cloned());
    let mut text: String = sentences.iter().map(|s| paragraph(width, "", s)).collect();
    text.push('\n');
    text.push_str(&details(width, account, (lists, at), (more, explained)));
    text
}

/// What each agreement of an account is, and the four facts.
fn details(
    width: usize,
    account: &AccountAnswer,
    (lists, at): (&Lists, &str),
    (more, explained): (More, Explained<'_>),
) -> String {
    let name = account.name.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
    let place = match &account.organization {
        Some(organization) => format!(
            "{} of {organization}",
            if account.role == Role::Member { "a member" } else { "the management account" }
        ),
        None if account.role == Role::Unknown => "in an organization that is not known".to_owned(),
        None => "in no organization".to_owned(),
    };
    let mut text = format!(
        "{} {}\n",
        bold(&format!("account {}{name}", account.account)),
        dim(&format!("· {place} · {}", day(at)))
    );
    for row in &account.agreements {
        text.push_str(&format!("\n{}  {}\n", verdict(row.coverage), bold(&kinds::full(&row.kind))));
        let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("  {name:<13} "), body));
        if let Some(governing) = &row.governing {
            let since = governing.since.as_deref().map_or("start unknown".to_owned(), |s| format!("since {}", day(s)));
            section("governed by", &format!("{} ({} agreement), {since}", governing.id, governing.scope));
        }
        if let Some(who) = row.governing.as_ref().and_then(|g| g.accepted_by.as_ref()) {
            section("accepted by", who);
        }
        for id in &row.superseded {
            section("superseded", id);
        }
        for id in &row.also_in_force {
            section(stands(row), id);
        }
        perhaps(row).for_each(|(name, why)| section(name, &format!("unknown: {why}")));
        if let Some(reason) = &row.reason {
            section("unknown", reason);
        }
        if more.explain {
            explained(row).iter().for_each(|(name, body)| section(name, body));
        }
        for assumption in &row.assuming {
            section("assuming", assumption);
        }
        for evidence in &row.evidence {
            section("evidence", evidence);
        }
    }
    let hipaa = &account.hipaa;
    text.push_str(&format!("\n{}\n", bold("HIPAA")));
    for (fact, name) in [
        (hipaa.covered, "covered by a BAA"),
        (hipaa.designated, "designated as a HIPAA Account"),
        (hipaa.holds_phi, "says that it holds PHI"),
        (hipaa.meets_definition, "meets the definition, as attested"),
    ] {
        text.push_str(&format!("  {name:<34} {}\n", verdict(fact)));
    }
    if let Some(phi) = &account.phi {
        text.push_str(&register(width, phi, (lists, at)));
    }
    text.push('\n');
    text.push_str(&paragraph(width, "", COVERED_MEANS));
    text
}
