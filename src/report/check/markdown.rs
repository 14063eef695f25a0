//! Markdown for a comment under a pull request: what decides first, the rest folded or left to the output, and short however large the
//! change.

use std::collections::{BTreeMap, BTreeSet};

use super::guardrails::{unmatched_words, violations_words};
use super::{entries, note, rules, weakening};
use crate::check::{Checked, State};
use crate::report::diff as words;
use crate::report::foreign::Foreign;
use crate::report::{completeness, count, expectations::CaseReport, sentences};
use countersign_core::access::NewRequests;
use countersign_core::diff::differences::CoverageChange;
use countersign_core::diff::{AccessEntry, Cause, CoverageEntry, Diff, PrincipalEntry};
use countersign_core::guardrails::{By, GuardrailState};
use countersign_core::lint::gains::{Gain, PolicyGains};
use countersign_core::words::{few, principal};

/// So many bytes the comment has, with what it was made from, about 3 KB.
const MOST: usize = 2_500;
/// Services and access levels in a line.
const SERVICES: usize = 6;
/// Names in a line.
const NAMES: usize = 3;
/// Characters of a part of a line: it may quote anything.
const PART: usize = 140;

/// The comment.
pub fn markdown(checked: &Checked) -> String {
    let mut page = Page::new(head(checked));
    if let Some(report) = checked.weakening.as_ref().filter(|w| !w.entries.is_empty()) {
        page.open("weakening", report.entries.iter().map(|e| cell(&weakening::sentence(e))).collect());
        page.text.push_str(&format!("\n{}\n", Foreign(&weakening::remedy(report)).markdown()));
    }
    if let Some(change) = &checked.rules {
        page.open("rules", rules::sentences(change).iter().map(|s| cell(s)).collect());
    }
    if let Some(diff) = &checked.diff {
        page.open("", decisions(diff));
    }
    if let Some((settings, diff)) = &checked.by_settings {
        page.open(&format!("with the settings of {}", cell(settings)), decisions(diff));
    }
    page.folded("policies that say more", policies(&checked.gains));
    page.folded("expectations not met", expectations(checked));
    page.folded("guardrails", guardrails(checked));
    page.folded("findings", findings(checked));
    page.folded("ignored with a reason", entries::ignored(checked).iter().map(|words| cell(words)).collect());
    page.folded("other differences", checked.diff.as_ref().map(details).unwrap_or_default());
    let base = checked.base.as_ref();
    let foot = base.map(|base| format!("\n<sub>compared with {} · {}</sub>\n", cell(base), checked.at));
    let assuming = checked.assuming.iter().map(|what| format!("\n<sub>Assuming: {}.</sub>\n", cell(what)));
    let wanted = super::wanted(checked).map(|words| format!("\n<sub>{words}</sub>\n"));
    page.finished(&wanted.into_iter().chain(assuming).chain(foot).collect::<String>())
}

fn head(checked: &Checked) -> String {
    let word = if checked.passed() { "passed" } else { "failed" };
    let of = if checked.among_others { format!(" · {}", Foreign(&checked.root).code()) } else { String::new() };
    let mut text = format!("### countersign: {word}{of}\n\n| | | |\n|---|---|---|\n");
    for done in &checked.parts {
        let state = match done.state {
            State::Passed => "passed",
            State::Failed => "**failed**",
            State::Skipped(_) => "–",
        };
        text.push_str(&format!("| {} | {state} | {} |\n", super::part(done.part), cell(&note(checked, done))));
    }
    text
}

/// A comment in the making.
struct Page {
    text: String,
    /// What had no room.
    beyond: Vec<String>,
}

impl Page {
    fn new(text: String) -> Self {
        Self { text, beyond: Vec::new() }
    }

    fn open(&mut self, title: &str, lines: Vec<String>) {
        let before = if title.is_empty() { "\n".to_owned() } else { format!("\n**{title}**\n\n") };
        let name = if title.is_empty() { "differences that decide" } else { title };
        self.section((&before, ""), name, lines);
    }

    fn folded(&mut self, title: &str, lines: Vec<String>) {
        let before = format!("\n<details><summary>{title} ({})</summary>\n\n", lines.len());
        self.section((&before, "\n</details>\n"), title, lines);
    }

    /// As many lines as there is room for; how many more there are is told.
    fn section(&mut self, (before, after): (&str, &str), name: &str, lines: Vec<String>) {
        let all = lines.len();
        let mut room = MOST.saturating_sub(self.text.len() + before.len() + after.len());
        let mut shown = String::new();
        let mut number = 0;
        for line in lines {
            let line = format!("- {line}\n");
            let Some(left) = room.checked_sub(line.len()) else { break };
            (room, number) = (left, number + 1);
            shown.push_str(&line);
        }
        if number == 0 && all > 0 {
            self.beyond.push(format!("{all} {name}"));
        } else if all > 0 {
            let more = if all > number { format!("- and {} more\n", all - number) } else { String::new() };
            self.text.push_str(&format!("{before}{shown}{more}{after}"));
        }
    }

    fn finished(mut self, foot: &str) -> String {
        if !self.beyond.is_empty() {
            let beyond = self.beyond.join(", ");
            self.text.push_str(&format!("\nNot shown here: {beyond}. The output of the job has them.\n"));
        }
        self.text.push_str(foot);
        self.text
    }
}

/// A part of a line, not longer than is read.
fn cell(text: &str) -> String {
    let clipped = match text.char_indices().nth(PART) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    };
    Foreign(&clipped).markdown()
}

/// What changed policies say more, service by service and access level: a line each.
fn policies(all: &[PolicyGains]) -> Vec<String> {
    let line = |policy: &PolicyGains| {
        let of = |denied: bool| {
            let gains = policy.gains.iter().filter(|g| g.was_denied == denied).map(gain);
            few(&gains.collect::<Vec<_>>(), SERVICES)
        };
        let parts = [("allows more: ", of(false)), ("no longer denies: ", of(true))];
        let told: Vec<String> =
            parts.iter().filter(|(_, what)| !what.is_empty()).map(|(verb, what)| format!("{verb}{what}")).collect();
        let new = if policy.was_there { "" } else { " (new)" };
        format!("{}{new} {}", Foreign(&policy.label).code(), told.join("; "))
    };
    all.iter().map(line).collect()
}

/// `s3 Write (PutObject, DeleteObject and 3 more)`
fn gain(gain: &Gain) -> String {
    let but = if gain.all_but { "all but " } else { "" };
    let level = gain.level.map(|level| format!(" {level}")).unwrap_or_default();
    cell(&format!("{}{level} ({but}{})", gain.service, few(&gain.actions, NAMES)))
}

/// What is worse: one line each.
/// What decides of a difference, a line each.
pub fn decisions(diff: &Diff) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(diff.coverage.iter().filter(|e| e.is_loss()).map(|e| coverage(diff, e)));
    lines.extend(diff.perhaps_lost.iter().map(|lost| {
        format!("**Coverage perhaps lost**: {}{}", cell(&words::perhaps_lost(lost)), excepted(lost.allowed.as_ref()))
    }));
    let gains: Vec<&AccessEntry> = diff.access.iter().filter(|e| is_gain(e)).collect();
    lines.extend(access(diff, &gains));
    let others = completeness::others(&diff.perhaps_others);
    lines.extend(others.iter().map(|others| format!("**Possibly others**, not listed: {}", cell(others))));
    let mut requests: Vec<(String, Vec<PrincipalEntry>)> = Vec::new();
    for entry in diff.new_access.iter().filter(|n| n.widens()) {
        let witness = |w: &countersign_core::access::Witness| {
            let what = w.unheard_of().map(|what| format!("{what}: ")).unwrap_or_default();
            format!("{what}{} on {}", Foreign(&w.action).code(), Foreign(&w.resource).code())
        };
        let told: Vec<String> = entry.answer.witnesses.iter().take(2).map(witness).collect();
        let what = match (entry.answer.decision, &entry.answer.reason) {
            (NewRequests::New, _) => format!(": such as {}", told.join(", ")),
            (_, reason) => format!(", or not, is unknown: {}", cell(reason.as_deref().unwrap_or_default())),
        };
        let what = format!("{what}{}", excepted(entry.allowed.as_ref()));
        match requests.iter_mut().find(|(known, _)| *known == what) {
            Some((_, principals)) => principals.extend(entry.principals.iter().cloned()),
            None => requests.push((what, entry.principals.clone())),
        }
    }
    for (what, principals) in requests {
        let who = alike(&principals);
        lines.push(format!("**New requests** for {}{what}", few(&who, NAMES)));
    }
    for entry in &diff.first_seen {
        let who = few(&alike(&entry.principals), NAMES);
        let excepted = excepted(entry.allowed.as_ref());
        lines.push(match entry.is_trust() {
            true => format!("**Not known** is whether somebody can newly become {who}{excepted}"),
            false => format!("**First seen** with requests that are allowed, or may be: {who}{excepted}"),
        });
    }
    lines
}

fn is_gain(entry: &AccessEntry) -> bool {
    (entry.change.is_gain() && entry.widens()) || entry.may_be_new()
}

fn excepted(allowed: Option<&String>) -> String {
    allowed.map(|reason| format!(" — accepted: {}", cell(reason))).unwrap_or_default()
}

fn coverage(diff: &Diff, entry: &CoverageEntry) -> String {
    let accounts: Vec<String> = entry.accounts.iter().map(|a| a.account.clone()).collect();
    let word = match entry.change {
        CoverageChange::Lost => "Coverage lost",
        CoverageChange::MayBeLost => "Coverage perhaps lost",
        _ => words::coverage_word(entry).0,
    };
    let of = match accounts.len() {
        n if n > NAMES => format!("{} ({})", count(n, "account"), few(&accounts, NAMES)),
        _ => accounts.join(", "),
    };
    format!(
        "**{word}**: {} of {}{} – was {}, is {}{}{}",
        Foreign(&entry.kind).code(),
        cell(&of),
        words::later(diff, entry),
        cell(&words::coverage_state(&entry.before)),
        cell(&words::coverage_state(&entry.after)),
        because(diff, &entry.causes),
        excepted(entry.allowed.as_ref())
    )
}

/// Operations, those that the same permission set or the like has for the same causes together, whichever accounts and people have
/// it; what concerns most accounts first.
fn access(diff: &Diff, entries: &[&AccessEntry]) -> Vec<String> {
    let mut by: Vec<((String, String), Vec<PrincipalEntry>)> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for entry in entries {
        let (word, _) = words::access_word(entry.change);
        let what = format!("**{word}**: {}", cell(&sentences::operations(&entry.operations)));
        let why = format!("{}{}", because(diff, &entry.causes), excepted(entry.allowed.as_ref()));
        if !entry.people.is_empty() {
            others.push(format!("{what} by {}{why}", cell(&words::whom(entry, NAMES))));
            continue;
        }
        match by.iter_mut().find(|(key, _)| key.0 == what && key.1 == why) {
            Some((_, principals)) => principals.extend(entry.principals.iter().cloned()),
            None => by.push(((what, why), entry.principals.clone())),
        }
    }
    by.sort_by_key(|(_, principals)| std::cmp::Reverse(principals.len()));
    let line = |((what, why), principals): ((String, String), Vec<PrincipalEntry>)| {
        format!("{what} by {}{why}", few(&alike(&principals), NAMES))
    };
    by.into_iter().map(line).chain(others).collect()
}

/// Principals of one name.
struct Alike<'a> {
    one: &'a PrincipalEntry,
    people: BTreeSet<&'a str>,
    accounts: BTreeSet<&'a str>,
}

/// Principals by their names, with the people behind them and the accounts that they act in counted: `10 people (ann, bob, …) through
/// permission set Developers in 57 accounts`.
fn alike(principals: &[PrincipalEntry]) -> Vec<String> {
    let mut by: BTreeMap<(String, &str), Alike<'_>> = BTreeMap::new();
    for one in principals {
        // a user or a role has the name that it has by itself
        let key = (one.kind.to_string(), one.name.as_str());
        let new = || Alike { one, people: BTreeSet::new(), accounts: BTreeSet::new() };
        let own = by.entry(key).or_insert_with(new);
        own.people.extend(one.people.iter().map(String::as_str));
        own.accounts.insert(&one.account);
    }
    let mut all: Vec<Alike<'_>> = by.into_values().collect();
    all.sort_by_key(|own| std::cmp::Reverse(own.accounts.len()));
    all.into_iter().map(|own| cell(&own.words())).collect()
}

impl Alike<'_> {
    fn words(self) -> String {
        let Self { one, people, accounts } = self;
        let of = if accounts.len() == 1 { one.account.clone() } else { count(accounts.len(), "account") };
        let through = principal(one.kind, &one.name, &of);
        let people: Vec<String> = people.into_iter().map(str::to_owned).collect();
        match people.len() {
            0 => through,
            n if n <= NAMES => format!("{} through {through}", people.join(", ")),
            n => format!("{n} people ({}) through {through}", few(&people, NAMES)),
        }
    }
}

fn because(diff: &Diff, causes: &[Cause]) -> String {
    let pieces: Vec<String> = causes
        .iter()
        .filter_map(|c| diff.changes.get(c.change))
        .map(|c| format!("{} {}", Foreign(&format!("{}:{}", c.piece.file, c.piece.line)).code(), cell(&c.piece.what)))
        .collect();
    if pieces.is_empty() { String::new() } else { format!(" – because of {}", few(&pieces, 2)) }
}

/// What else is different.
/// What else is different, a line each.
pub fn details(diff: &Diff) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(diff.coverage.iter().filter(|e| !e.is_loss()).map(|e| coverage(diff, e)));
    lines.extend(access(diff, &diff.access.iter().filter(|e| !is_gain(e)).collect::<Vec<_>>()));
    lines.extend(diff.findings.iter().map(|f| {
        let subjects = cell(&few(&f.subjects, NAMES));
        format!("{} {} {}: {subjects} {}", f.change.word(), cell(&f.rule), cell(&f.name), cell(&f.message))
    }));
    lines
}

fn place(file: &str, line: usize) -> String {
    Foreign(&format!("{file}:{line}")).code()
}

fn expectations(checked: &Checked) -> Vec<String> {
    let line = |c: &CaseReport| {
        let actual: Vec<String> =
            c.actual.iter().map(|a| format!("{} {}", a.subject, a.is).trim().to_owned()).collect();
        format!(
            "{} {} – expected {}, got {}",
            place(&c.file, c.line),
            cell(&c.name),
            cell(&c.expected),
            cell(&few(&actual, NAMES))
        )
    };
    entries::cases(checked).iter().filter(|c| !c.passed).map(line).collect()
}

fn guardrails(checked: &Checked) -> Vec<String> {
    let mut lines = Vec::new();
    for guarded in checked.guardrails.iter().filter(|g| g.outcome != GuardrailState::Proved) {
        let open =
            guarded.violations.iter().filter(|v| v.by != By::Request || guarded.outcome == GuardrailState::Holds);
        let words = violations_words(&open.cloned().collect::<Vec<_>>());
        let id = Foreign(&guarded.id).code();
        lines.extend(words.iter().map(|w| format!("{id} {} {}", cell(w), cell(&guarded.message))));
        let unmatched = unmatched_words(guarded);
        lines.extend(unmatched.map(|(why, what)| format!("{id} {}; {what}", cell(&why))));
    }
    lines
}

fn findings(checked: &Checked) -> Vec<String> {
    let mut open = entries::open(checked);
    open.sort_by_key(|e| std::cmp::Reverse(e.severity));
    let line = |e: &crate::report::findings::Entry| {
        format!("{} {} {} {}", e.severity.word(), cell(&e.code), place(&e.file, e.line()), cell(&e.message))
    };
    open.iter().map(line).collect()
}
