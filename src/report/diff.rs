//! What a change grants and loses, for people: what is worse first, then the rest, then what caused it.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::AnsiColor;

use super::plain::day::when;
use super::{Shown, bold, completeness, count, day, dim, few, history, paragraph, sentences, styled, wrapped};
use countersign_core::access::NewRequests;
use countersign_core::diff::causes::Contribution;
use countersign_core::diff::differences::{AccessChange, AccessState, CoverageChange, CoverageState, FindingChange};
use countersign_core::diff::perhaps::PerhapsLost;
use countersign_core::diff::stacks::{ANYONE, Compared, NewAccess};
use countersign_core::diff::{
    AccessEntry, Cause, ChangeEntry, CoverageEntry, Diff, FindingEntry, PrincipalEntry, Worsening,
};
use countersign_core::terms::Coverage;
use countersign_core::words;

/// What is said of an answer that one side does not have.
const ABSENT: &str = "not in the inventory";
/// Names shown without `--all`.
const SHOWN: usize = 6;
/// Later lines stand under what follows the word.
const INDENT: usize = 12;

/// The text of a comparison of two named sides.
pub fn text(width: usize, diff: &Diff, (base, head): (&str, &str), all: bool) -> String {
    let at = match &diff.base_at {
        Some(from) => format!("{} → {}", day(from), day(&diff.at)),
        None => day(&diff.at).to_owned(),
    };
    let mut text = format!("{} {}\n", bold(&format!("{base} → {head}")), dim(&format!("· {at}")));
    text.push_str(&format!("  {}\n", verdict(diff)));
    text.push_str(&body(width, diff, all));
    text.push('\n');
    for what in &diff.assuming {
        text.push_str(&paragraph(width, "", &format!("Assuming: {what}.")));
    }
    text.push_str(&paragraph(width, "", &format!("Left out: {}.", diff.leaves_out.join("; "))));
    text
}

/// All entries, without the head.
pub fn body(width: usize, diff: &Diff, all: bool) -> String {
    let mut text = String::new();
    let drawing = Drawing { width, diff, shown: if all { usize::MAX } else { SHOWN } };
    for entry in &diff.coverage {
        text.push_str(&drawing.coverage(entry));
    }
    for lost in &diff.perhaps_lost {
        text.push_str(&drawing.perhaps_lost(lost));
    }
    let (decided, same): (Vec<&AccessEntry>, Vec<&AccessEntry>) =
        diff.access.iter().partition(|e| all || e.change.decides());
    for entry in decided {
        text.push_str(&drawing.access(entry));
    }
    text.push_str(&drawing.same(&same));
    let stacks = diff.new_access.iter().filter(|n| n.answer.decision != NewRequests::None);
    for entry in stacks {
        text.push_str(&drawing.new_access(entry));
    }
    for entry in &diff.first_seen {
        text.push_str(&drawing.first_seen(entry));
    }
    text.push_str(&completeness::perhaps(width, &diff.perhaps_others));
    for entry in &diff.findings {
        text.push_str(&drawing.finding(entry));
    }
    text.push_str(&drawing.proved());
    text.push_str(&drawing.changes());
    text
}

/// The verdict in words.
pub fn verdict(diff: &Diff) -> String {
    match worse(diff.verdict).as_slice() {
        [] if diff.is_empty() => calm(diff).to_owned(),
        [] => coloured(AnsiColor::Green, calm(diff)),
        worse => worse.iter().map(|w| coloured(AnsiColor::Red, w)).collect::<Vec<_>>().join(", "),
    }
}

/// The same without colours.
pub fn said(diff: &Diff) -> String {
    match worse(diff.verdict).as_slice() {
        [] => calm(diff).to_owned(),
        worse => worse.join(", "),
    }
}

/// What is worse.
pub fn worse(verdict: Worsening) -> Vec<&'static str> {
    let worse = [
        (verdict.coverage_is_lost, "coverage is lost"),
        (verdict.coverage_is_unknown, "coverage is perhaps lost"),
        (verdict.access_widens && !verdict.access_may_widen, "access widens"),
        (verdict.access_is_unknown || verdict.access_may_widen, "whether access is new is unknown"),
    ];
    worse.into_iter().filter(|(is, _)| *is).map(|(_, words)| words).collect()
}

/// What is said where nothing is worse.
pub fn calm(diff: &Diff) -> &'static str {
    let is_rewritten = diff.coverage.iter().any(|e| e.past_from.is_some() || is_past(diff, e));
    match (diff.is_empty(), diff.access_is_untold) {
        (false, false) if is_rewritten => {
            "no access is new, and no coverage is lost; the record of the past is another"
        }
        (false, true) if is_rewritten => "no coverage is lost; the record of the past is another",
        (true, false) => "nothing is different",
        (false, false) => "no access is new, and no coverage is lost",
        (true, true) => "nothing is different in coverage",
        (false, true) => "no coverage is lost",
    }
}

fn coloured(colour: AnsiColor, text: &str) -> String {
    styled(anstyle::Style::new().fg_color(Some(colour.into())).bold(), text)
}

/// The word of a change, and whether it is worse.
pub fn access_word(change: AccessChange) -> (&'static str, AnsiColor) {
    match change {
        AccessChange::Gained => ("gained", AnsiColor::Red),
        AccessChange::MayBeGained => ("may gain", AnsiColor::Red),
        AccessChange::Lost => ("lost", AnsiColor::Yellow),
        AccessChange::MayBeLost => ("may lose", AnsiColor::Yellow),
        AccessChange::Message => ("answer", AnsiColor::Cyan),
        AccessChange::Actions => ("actions", AnsiColor::Cyan),
        AccessChange::FirstSeen => ("first seen", AnsiColor::Cyan),
        AccessChange::NoLongerKnown => ("unknown", AnsiColor::Yellow),
        AccessChange::WasUnknown => ("now known", AnsiColor::Cyan),
    }
}

/// From when on, of what is so at another moment than the one asked, and until when; of days that are over, that they are.
pub fn later(diff: &Diff, entry: &CoverageEntry) -> String {
    let span = match (entry.from.as_deref(), entry.until.as_deref()) {
        (Some(from), Some(until)) => format!(", from {} until {}", when(from), when(until)),
        (Some(from), None) => format!(", from {} on", when(from)),
        (None, Some(until)) => format!(", until {}", when(until)),
        (None, None) => String::new(),
    };
    let span = if is_past(diff, entry) { format!(" in the past{span}") } else { span };
    if let Some(past) = entry.past_from.as_deref() {
        let earliest = if entry.accounts.len() > 1 { " at the earliest" } else { "" };
        return format!("{span}, and in the past from {} on{earliest}", when(past));
    }
    match entry.anyway_from.as_deref() {
        Some(anyway) => format!("{span} (from {} on without the change as well)", when(anyway)),
        None => span,
    }
}

/// Whether it is about days that are over by the moment that the old side is asked about.
pub fn is_past(diff: &Diff, entry: &CoverageEntry) -> bool {
    let end = diff.base_at.as_ref().unwrap_or(&diff.at);
    entry.until.as_ref().is_some_and(|until| until <= end)
}

/// Coverage that is perhaps lost, in words.
pub fn perhaps_lost(lost: &PerhapsLost) -> String {
    let from = lost.from.as_deref().map(|from| format!(", from {} on", when(from))).unwrap_or_default();
    format!("{} of {}{from}", lost.kind, lost.whose())
}

/// The word of a change of coverage.
pub fn coverage_word(entry: &CoverageEntry) -> (&'static str, AnsiColor) {
    match entry.change {
        CoverageChange::Lost => ("uncovered", AnsiColor::Red),
        // what may have been there, and is not
        CoverageChange::MayBeLost if entry.before.coverage == Some(Coverage::Unknown) => ("perhaps", AnsiColor::Red),
        CoverageChange::MayBeLost => ("unknown", AnsiColor::Red),
        CoverageChange::Governed => ("governed", AnsiColor::Yellow),
        CoverageChange::Gained => ("covered", AnsiColor::Green),
        CoverageChange::MayBeGained => ("unknown", AnsiColor::Yellow),
        CoverageChange::NowKnown => ("now known", AnsiColor::Yellow),
    }
}

/// A state in words.
pub fn access_state(state: &AccessState) -> String {
    let why = state.message.as_ref().or(state.reason.as_ref());
    let depends = match state.depends_on.as_slice() {
        [] => String::new(),
        keys => format!(" (depends on {})", keys.join(", ")),
    };
    match (state.decision, why) {
        (None, _) => ABSENT.to_owned(),
        (Some(decision), None) => format!("{decision}{depends}"),
        (Some(decision), Some(why)) => format!("{decision} — {why}{depends}"),
    }
}

/// Coverage in words.
pub fn coverage_state(state: &CoverageState) -> String {
    let Some(coverage) = state.coverage else {
        return ABSENT.to_owned();
    };
    match (&state.governing, state.scope, &state.reason) {
        (Some(id), Some(scope), _) => format!("{coverage} by the {scope} agreement {id}"),
        (_, _, Some(reason)) => format!("{coverage} — {reason}"),
        _ => Shown::from(coverage).words.to_owned(),
    }
}

/// A principal, as people call it.
pub fn principal(entry: &PrincipalEntry) -> String {
    let people = match entry.people.as_slice() {
        [] => String::new(),
        people => format!(" ({})", people.join(", ")),
    };
    format!("{}{people}", words::principal(entry.kind, &entry.name, &entry.account))
}

/// Principals: those of a permission set by their accounts and people.
pub fn principals(entries: &[PrincipalEntry], shown: usize) -> String {
    if let [first, _, ..] = entries
        && entries.iter().all(|e| e.principal == ANYONE)
    {
        let accounts: Vec<String> = entries.iter().map(|e| e.account.clone()).collect();
        return words::principal(first.kind, ANYONE, &few(&accounts, shown));
    }
    let names: Vec<String> = entries.iter().map(principal).collect();
    match names.as_slice() {
        [only] => only.clone(),
        names => format!("{}: {}", count(names.len(), "principal"), few(names, shown)),
    }
}

/// Who gains or loses: people, and through what, or principals.
pub fn whom(entry: &AccessEntry, shown: usize) -> String {
    if entry.people.is_empty() {
        return principals(&entry.principals, shown);
    }
    let mut by: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for person in &entry.people {
        let of = |p: &&PrincipalEntry| (&p.account, &p.principal) == (&person.account, &person.through);
        let through = entry.principals.iter().find(of).map(|p| words::principal(p.kind, &p.name, &p.account));
        let through = through.unwrap_or_else(|| person.through.clone());
        let mut way = match (&person.from, person.assuming.as_slice()) {
            (_, []) => format!("through {through}"),
            (None, roles) => format!("by assuming {} of {}", roles.join(", then "), person.account),
            (Some(set), roles) => format!("through {set}, by assuming {} of {}", roles.join(", then "), person.account),
        };
        if !person.groups.is_empty() && person.person != format!("group {}", person.groups.join(" and ")) {
            way.push_str(&format!(", by the group {}", person.groups.join(" and ")));
        }
        by.entry(way).or_default().insert(&person.person);
    }
    let line = |(way, people): (String, BTreeSet<&str>)| {
        let people: Vec<String> = people.into_iter().map(str::to_owned).collect();
        format!("{}, {way}", few(&people, shown))
    };
    few(&by.into_iter().map(line).collect::<Vec<_>>(), shown)
}

/// A piece of the change, in a line.
pub fn piece(change: &ChangeEntry) -> String {
    let piece = &change.piece;
    let layers = match piece.layers.as_slice() {
        [] => String::new(),
        layers => format!(" · {}", layers.join(", ")),
    };
    format!("{}:{} {}{layers}", piece.file, piece.line, piece.what)
}

/// Causes, in a line each.
pub fn causes(diff: &Diff, causes: &[Cause]) -> Vec<String> {
    let several = causes.len() > 1;
    let line = |cause: &Cause| {
        let piece = diff.changes.get(cause.change).map(piece)?;
        Some(match cause.part {
            Contribution::Necessary if several => format!("because of {piece} (needed)"),
            Contribution::Necessary => format!("because of {piece}"),
            Contribution::Sufficient => format!("because of {piece} (enough by itself)"),
            Contribution::Together => format!("because of {piece} (with the others)"),
            Contribution::Possible => format!("perhaps because of {piece}"),
        })
    };
    causes.iter().filter_map(line).collect()
}

struct Drawing<'a> {
    width: usize,
    diff: &'a Diff,
    shown: usize,
}

impl Drawing<'_> {
    fn head(&self, (word, colour): (&str, AnsiColor), allowed: Option<&String>, sentence: &str) -> String {
        let padding = " ".repeat((INDENT - 2).saturating_sub(word.len()).max(1));
        let sentence = match allowed {
            Some(reason) => format!("{sentence} — accepted: {reason}"),
            None => sentence.to_owned(),
        };
        let colour = if allowed.is_some() { AnsiColor::Green } else { colour };
        format!("\n{}", wrapped(self.width, &format!("  {}{padding}", coloured(colour, word)), INDENT, &sentence))
    }

    fn line(&self, text: &str) -> String {
        wrapped(self.width, &" ".repeat(INDENT), INDENT + 2, text)
    }

    fn causes(&self, causes: &[Cause]) -> String {
        let lines = self::causes(self.diff, causes);
        let more = lines.len().saturating_sub(self.shown);
        let mut text: String = lines.iter().take(self.shown).map(|l| self.line(l)).collect();
        if more > 0 {
            text.push_str(&self.line(&format!("and {more} more")));
        }
        text
    }

    fn coverage(&self, entry: &CoverageEntry) -> String {
        let names = entry.accounts.iter().map(|a| match &a.name {
            Some(name) => format!("{} ({name})", a.account),
            None => a.account.clone(),
        });
        let names: Vec<String> = names.collect();
        let names = match names.as_slice() {
            [only] => format!("account {only}"),
            names => format!("{}: {}", count(names.len(), "account"), few(names, self.shown)),
        };
        let perhaps = if coverage_word(entry).0 == "perhaps" { "perhaps lost: " } else { "" };
        let sentence = format!("{perhaps}{} of {names}{}", entry.kind, later(self.diff, entry));
        let mut text = self.head(coverage_word(entry), entry.allowed.as_ref(), &sentence);
        let (before, after) = (coverage_state(&entry.before), coverage_state(&entry.after));
        let is_over = entry.until.as_ref().is_some_and(|until| *until <= self.diff.at);
        text.push_str(&self.line(&match (&entry.until, &entry.after.reason) {
            _ if is_past(self.diff, entry) => format!("was {before} for that time, and with the change is {after}"),
            (None, _) => format!("was {before}, is {after}"),
            (Some(_), Some(_)) if is_over => format!("was {before}, is covered again, and was for that time {after}"),
            (Some(_), None) if is_over => format!("was {before}, was {after} for that time, and is covered again"),
            (Some(_), Some(_)) => {
                format!("was {before}, is covered again after that time, and for that time is {after}")
            }
            (Some(_), None) => format!("was {before}, is {after} for that time, and is covered again after it"),
        }));
        for event in &entry.ended_with {
            text.push_str(&self.line(&format!("on {}: {}", when(&event.at), history::sentence(event))));
        }
        if entry.is_loss() && entry.causes.is_empty() && self.diff.base_at.is_some() {
            text.push_str(&self.line("because of the time between the two: no change has to do with it"));
        }
        text.push_str(&self.causes(&entry.causes));
        text
    }

    fn perhaps_lost(&self, lost: &PerhapsLost) -> String {
        self.head(("perhaps", AnsiColor::Red), lost.allowed.as_ref(), &format!("perhaps lost: {}", perhaps_lost(lost)))
    }

    fn access(&self, entry: &AccessEntry) -> String {
        let sentence = sentences::operations(&entry.operations);
        let (word, colour) = access_word(entry.change);
        let colour = if colour == AnsiColor::Red && !entry.widens() { AnsiColor::Cyan } else { colour };
        let mut text = self.head((word, colour), entry.allowed.as_ref(), &sentence);
        text.push_str(&self.line(&format!("by {}", whom(entry, self.shown))));
        if entry.change != AccessChange::Actions {
            // people may be in the inventory without acting here
            let state = |state: &AccessState| match state.decision {
                None if !entry.people.is_empty() => "not possible in this way".to_owned(),
                _ => access_state(state),
            };
            text.push_str(&self.line(&format!("was {}", state(&entry.before))));
            text.push_str(&self.line(&format!("is {}", state(&entry.after))));
        } else {
            text.push_str(&self.line(&format!("still {}", access_state(&entry.after))));
        }
        if entry.change.is_gain() && entry.before.permitted && entry.actions_gained.is_empty() {
            text.push_str(&self.line(match entry.of_agreements {
                true => "no new permissions: the agreements in force changed",
                false => "no new permissions: what else denied it changed",
            }));
        }
        for (actions, word) in [(&entry.actions_gained, "gained"), (&entry.actions_lost, "lost")] {
            if !actions.is_empty() {
                text.push_str(&self.line(&format!("IAM actions {word}: {}", actions.join(", "))));
            }
        }
        text.push_str(&self.causes(&entry.causes));
        text
    }

    /// What is answered alike, in a line.
    fn same(&self, entries: &[&AccessEntry]) -> String {
        if entries.is_empty() {
            return String::new();
        }
        let answers: usize = entries.iter().map(|e| e.operations.len() * e.principals.len()).sum();
        let gained: BTreeSet<&str> = entries.iter().flat_map(|e| &e.actions_gained).map(String::as_str).collect();
        let gained: Vec<&str> = gained.into_iter().collect();
        let mut sentence = format!(
            "{} with a different message or different IAM actions (--all shows them)",
            count(answers, "denial")
        );
        if !gained.is_empty() {
            sentence.push_str(&format!("; IAM actions gained there: {}", gained.join(", ")));
        }
        self.head(("answers", AnsiColor::Cyan), None, &sentence)
    }

    fn new_access(&self, entry: &NewAccess) -> String {
        let colour = if entry.widens() { AnsiColor::Red } else { AnsiColor::Cyan };
        let word = if entry.answer.decision == NewRequests::New { "requests" } else { "unknown" };
        let sentence = match (entry.of, entry.answer.decision) {
            (Compared::Document, NewRequests::New) => {
                format!("{}, alone or with other policies, allows requests that it did not allow before", entry.name)
            }
            (Compared::Document, _) => format!("{}: whether it allows more on its own is unknown", entry.name),
            (Compared::Stack, NewRequests::New) => {
                format!("requests are newly allowed to {} ({})", principals(&entry.principals, self.shown), entry.name)
            }
            (Compared::Stack, _) => format!(
                "whether a request is newly allowed to {} is unknown ({})",
                principals(&entry.principals, self.shown),
                entry.name
            ),
        };
        let head = self.head((word, colour), entry.allowed.as_ref(), &sentence);
        format!("{head}{}", self.answer(entry))
    }

    /// The same of principals that the older inventory need not have listed, or of roles whose resource control policies it did not.
    fn first_seen(&self, entry: &NewAccess) -> String {
        let whom = principals(&entry.principals, self.shown);
        let sentence = match entry.is_trust() {
            true => format!("whether somebody can newly become {whom} is not known"),
            false if entry.is_of_people() => {
                format!(
                    "requests are allowed to {whom}, or may be: not all who stand behind it are listed on both sides"
                )
            }
            false => {
                format!("requests are allowed to {whom}, or may be: the older inventory need not have listed them")
            }
        };
        let head = self.head(("first seen", AnsiColor::Yellow), entry.allowed.as_ref(), &sentence);
        format!("{head}{}", self.answer(entry))
    }

    fn answer(&self, entry: &NewAccess) -> String {
        let mut text = String::new();
        for witness in &entry.answer.witnesses {
            let context: Vec<String> = witness.context.iter().map(|(k, v)| format!("{k} = {v}")).collect();
            let with = if context.is_empty() { String::new() } else { format!(" with {}", context.join(", ")) };
            let by = witness.principal.as_ref().filter(|_| entry.is_trust());
            let by = by.map(|who| format!(" by {who}")).unwrap_or_default();
            let what = witness.unheard_of().map(|what| format!("{what}, ")).unwrap_or_default();
            text.push_str(&self.line(&format!("{what}such as {} on {}{by}{with}", witness.action, witness.resource)));
        }
        if let Some(reason) = &entry.answer.reason {
            text.push_str(&self.line(reason));
        }
        text
    }

    fn finding(&self, entry: &FindingEntry) -> String {
        let new = entry.change == FindingChange::New;
        let colour = if new { AnsiColor::Yellow } else { AnsiColor::Green };
        let word = if new { entry.severity.word() } else { "gone" };
        let subjects = few(&entry.subjects, self.shown);
        let sentence = format!("{} {} · {subjects}: {}", entry.rule, entry.name, entry.message);
        format!("{}{}", self.head((word, colour), None, &sentence), self.causes(&entry.causes))
    }

    /// What was compared and found to allow no more.
    fn proved(&self) -> String {
        let none = |of: Compared| {
            self.diff.new_access.iter().filter(|n| n.of == of && n.answer.decision == NewRequests::None).count()
        };
        let words: Vec<String> =
            [(Compared::Document, "changed document"), (Compared::Stack, "changed stack of layers")]
                .into_iter()
                .filter(|(of, _)| none(*of) > 0)
                .map(|(of, words)| match none(of) {
                    1 => format!("one {words}"),
                    n => format!("{n} {}", words.replacen("document", "documents", 1).replacen("stack", "stacks", 1)),
                })
                .collect();
        if words.is_empty() {
            return String::new();
        }
        let sentence = format!("{}: no request at all is newly allowed", words.join(", "));
        self.head(("none", AnsiColor::Green), None, &sentence)
    }

    /// The changes that make no difference.
    fn changes(&self) -> String {
        let idle: Vec<&ChangeEntry> = self.diff.changes.iter().filter(|c| !c.matters).collect();
        if idle.is_empty() {
            return String::new();
        }
        let of = format!("{} of {}", idle.len(), count(self.diff.changes.len(), "change"));
        let (word, sentence) = match self.diff.access_is_untold {
            false => ("idle", format!("{of} with no effect")),
            true => ("others", format!("{of} with no effect on coverage; what principals may do is not compared")),
        };
        let mut text = self.head((word, AnsiColor::Cyan), None, &sentence);
        text.push_str(&idle.iter().take(self.shown).map(|c| self.line(&piece(c))).collect::<String>());
        if idle.len() > self.shown {
            text.push_str(&self.line(&format!("and {} more", idle.len() - self.shown)));
        }
        text
    }
}
