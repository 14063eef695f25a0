//! The whole assessment: a summary first, then principals with the same answers together, then findings.

mod answered;

use std::collections::BTreeMap;

use super::typed::Typed;
use super::{bold, border, completeness, count, coverage, day, dim, few, paragraph, verdict_padded, wrapped};
pub use answered::Answered;
use answered::Names;
use countersign_core::assessment::{AccountAnswer, AgreementAnswer, Assessment, OperationAnswer};
use countersign_core::finding::{Finding, Severity};
use countersign_core::permissions::can_be_settled;
use countersign_core::terms::{Coverage, Decision, PrincipalKind, Scope};

/// Groups and findings shown without `--all`.
const SHOWN: usize = 12;

/// Later lines stand under what follows the decision.
const INDENT: usize = 11;

/// The text of an assessment, whose principals are those that answered.
pub fn evaluation(
    width: usize,
    (assessment, answered): (&Assessment, &Answered),
    (folder, typed): (&str, &Typed),
    all: bool,
) -> String {
    let mut text = format!(
        "{} {}\n",
        bold(folder),
        dim(&format!("· {} · permissions: {}", day(&assessment.at), assessment.permission_model))
    );
    text.push_str(&summary(assessment, answered.number()));
    text.push_str(&operations(width, answered, all));
    text.push_str(&unknowns(width, answered));
    text.push_str(&completeness::perhaps(width, &assessment.completeness.perhaps_others));
    text.push_str(&findings(width, &assessment.findings, all));
    text.push('\n');
    text.push_str(&completeness::line(width, &assessment.completeness, typed));
    text.push_str(&paragraph(width, "", super::COVERED_MEANS));
    text.push_str(&paragraph(width, "", &format!("Left out: {}.", assessment.leaves_out.join("; "))));
    text
}

fn summary(assessment: &Assessment, principals: usize) -> String {
    let mut text = format!("  {}, {}", count(assessment.accounts.len(), "account"), count(principals, "principal"));
    let severities = Severity::ALL.map(|s| (s, assessment.findings.iter().filter(|f| f.severity == s).count()));
    let found: Vec<String> = severities
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(s, n)| if *s == Severity::Info { format!("{n} info") } else { count(*n, s.word()) })
        .collect();
    text.push_str(&if found.is_empty() { ", no findings\n".to_owned() } else { format!(", {}\n", found.join(", ")) });
    let mut rows: BTreeMap<&str, Vec<(&AccountAnswer, &AgreementAnswer)>> = BTreeMap::new();
    for account in &assessment.accounts {
        for row in &account.agreements {
            rows.entry(&row.kind).or_default().push((account, row));
        }
    }
    for (kind, rows) in rows {
        if assessment.hipaa_kinds.contains(kind) || rows.iter().any(|(_, r)| r.coverage != Coverage::NotCovered) {
            let kind = border::line(kind);
            text.push_str(&format!("  {kind}: {}{}\n", coverage::summary(&rows), scopes(&rows)));
        }
    }
    text
}

/// By what the covered accounts are covered.
fn scopes(rows: &[(&AccountAnswer, &AgreementAnswer)]) -> String {
    let mut scopes: BTreeMap<Scope, usize> = BTreeMap::new();
    for governing in rows.iter().filter_map(|(_, r)| r.governing.as_ref()) {
        *scopes.entry(governing.scope).or_default() += 1;
    }
    let words: Vec<String> = scopes.iter().map(|(s, n)| format!("{n} by {s} agreement")).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

/// A decision and its words, and the operations that have them: what groups of principals are told apart by.
type Line = (Decision, String, Vec<String>);

/// Principals with the same lines, and to how many operations they are allowed.
#[derive(Default)]
struct Group {
    who: Names,
    allowed: usize,
}

fn operations(width: usize, answered: &Answered, all: bool) -> String {
    let mut groups: BTreeMap<Vec<Line>, Group> = BTreeMap::new();
    for (answers, who) in answered.groups() {
        let allowed = answers.iter().filter(|o| o.decision == Decision::Allow).count();
        let group = groups.entry(lines(&answers, all)).or_insert_with(|| Group { allowed, ..Group::default() });
        group.who.extend(who);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    // who may do most comes first, then larger groups
    groups.sort_by_key(|(_, group)| (std::cmp::Reverse(group.allowed), std::cmp::Reverse(group.who.number())));
    let mut text = String::new();
    let most = if all { groups.len() } else { SHOWN };
    // a name that stands over several groups is told with its accounts: the groups differ in where it is
    let mut over: BTreeMap<(PrincipalKind, &str), usize> = BTreeMap::new();
    for (kind, name, _) in groups.iter().flat_map(|(_, group)| group.who.iter()) {
        *over.entry((kind, name)).or_default() += 1;
    }
    for (lines, group) in groups.iter().take(most) {
        text.push('\n');
        let again = |kind: PrincipalKind, name: &str| over.get(&(kind, name)).is_some_and(|n| *n > 1);
        text.push_str(&paragraph(width, "", &bold(&title(&group.who, answered, all, &again))));
        for (decision, words, what) in lines {
            let words = if words.is_empty() { String::new() } else { format!(" — {words}") };
            let head = format!("  {}", verdict_padded(9, *decision));
            text.push_str(&wrapped(width, &head, INDENT, &format!("{}{words}", what.join("; "))));
        }
    }
    if groups.len() > most {
        let rest: usize = groups.iter().skip(most).map(|(_, group)| group.who.number()).sum();
        text.push_str(&format!(
            "\n{} more with {} other sets of answers (--all shows them)\n",
            count(rest, "principal"),
            groups.len() - most
        ));
    }
    text
}

/// The answers of a principal, operations with the same answer in one line.
fn lines(operations: &[&OperationAnswer], all: bool) -> Vec<Line> {
    let mut lines: Vec<(Decision, String, Vec<&OperationAnswer>)> = Vec::new();
    for operation in operations.iter().copied() {
        let words = words(operation, all);
        match lines.iter_mut().find(|(d, w, _)| *d == operation.decision && *w == words) {
            Some((_, _, list)) => list.push(operation),
            None => lines.push((operation.decision, words, vec![operation])),
        }
    }
    let rank = |decision: Decision| match decision {
        Decision::Allow => 0,
        Decision::Unknown => 1,
        Decision::Deny => 2,
    };
    lines.sort_by_key(|(decision, ..)| rank(*decision));
    lines.into_iter().map(|(decision, words, list)| (decision, words, objects(&list, operations))).collect()
}

/// `download, accept account agreements (baa, andb)`: operations with the same objects together.
fn objects(list: &[&OperationAnswer], of: &[&OperationAnswer]) -> Vec<String> {
    let mut verbs: Vec<(String, Vec<&str>)> = Vec::new();
    let mut seen: Vec<(&str, Option<Scope>)> = Vec::new();
    for operation in list {
        let key = (operation.operation, operation.scope);
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let is_same = |o: &&OperationAnswer| (o.operation, o.scope) == key;
        let names = |o: &OperationAnswer| o.agreement.clone().or_else(|| o.report.clone());
        let some: Vec<String> = list.iter().copied().filter(is_same).filter_map(names).collect();
        let every: Vec<String> = of.iter().copied().filter(is_same).filter_map(names).collect();
        let which = if some.len() == every.len() && some.len() > 1 { "all".to_owned() } else { some.join(", ") };
        let (verb, noun) = operation.words;
        let named = operation.agreement.is_some() || operation.report.is_some();
        let object = match operation.scope {
            _ if !named => noun.to_owned(),
            Some(scope) => format!("{scope} {noun} ({which})"),
            None => format!("{noun} ({which})"),
        };
        match verbs.iter_mut().find(|(o, _)| *o == object) {
            Some((_, list)) => list.push(verb),
            None => verbs.push((object, vec![verb])),
        }
    }
    verbs.into_iter().map(|(object, verbs)| format!("{} {object}", verbs.join(", "))).collect()
}

fn words(operation: &OperationAnswer, all: bool) -> String {
    let mut words = match operation.decision {
        Decision::Allow => operation.deprecated.clone().unwrap_or_default(),
        Decision::Unknown => {
            let keys: Vec<&str> = operation.depends_on.iter().map(|d| d.key.as_str()).collect();
            operation.reason.clone().unwrap_or_else(|| format!("depends on {}", keys.join(", ")))
        }
        Decision::Deny => operation.message.clone().or_else(|| operation.reason.clone()).unwrap_or_default(),
    };
    if let (true, Some(plan)) = (all, &operation.changes) {
        words.push_str(&format!(" [{}]", plan.steps.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join("; ")));
    }
    words
}

/// Accounts that are named where a name stands over several groups.
const ACCOUNTS: usize = 6;

/// `AdministratorAccess: 312 accounts`, `jane (111122223333)`; of a name that stands over another group too, which accounts.
fn title(who: &Names, answered: &Answered, all: bool, again: &dyn Fn(PrincipalKind, &str) -> bool) -> String {
    let name = |(kind, name, accounts): (PrincipalKind, &str, &[u32])| {
        let what = match kind {
            PrincipalKind::Root => "root".to_owned(),
            PrincipalKind::Role => format!("role {name}"),
            _ => name.to_owned(),
        };
        let numbers = || accounts.iter().map(|place| answered.account(*place).to_owned()).collect::<Vec<_>>();
        match accounts {
            [account] => format!("{what} ({})", answered.account(*account)),
            _ if all => format!("{what} ({})", numbers().join(", ")),
            _ if again(kind, name) => format!("{what} ({})", few(&numbers(), ACCOUNTS)),
            _ => format!("{what}: {}", count(accounts.len(), "account")),
        }
    };
    let names: Vec<String> = who.iter().map(name).collect();
    few(&names, if all { names.len() } else { 6 })
}

/// Unknown answers, counted by what they depend on.
fn unknowns(width: usize, answered: &Answered) -> String {
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    for (answers, who) in answered.groups() {
        for operation in answers.iter().filter(|o| o.decision == Decision::Unknown) {
            for dependency in &operation.depends_on {
                *keys.entry(&dependency.key).or_default() += who.number();
            }
        }
    }
    let mut text = String::new();
    for (key, number) in keys {
        let line = format!(
            "{} on {key}; set it with --context {key}=VALUE, or under [context] in countersign.toml",
            depend(number)
        );
        // only condition keys can be settled: `service:Key`
        let is_key = key.contains(':') && !key.starts_with("arn:") && !key.contains(' ') && can_be_settled(key);
        let line = if !is_key { format!("{} on {key}", depend(number)) } else { line };
        text.push_str(&paragraph(width, "  ", &line));
    }
    if text.is_empty() { text } else { format!("\n{}\n{text}", bold("Unknown")) }
}

fn depend(number: usize) -> String {
    format!("{} depend{}", count(number, "answer"), if number == 1 { "s" } else { "" })
}

/// What is only worth knowing and said of many alike is told once: that accounts are covered and hold no PHI, above all (D3).
fn together<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<Vec<&'f Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = |f: &&Finding| (&f.rule, &f.name, f.told()) == (&finding.rule, &finding.name, finding.told());
        let alike = groups.last_mut().filter(|group| finding.severity == Severity::Info && group.iter().all(same));
        match alike {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// Whom findings that are alike are about: how many, and the first of them.
fn subjects(alike: &[&Finding]) -> String {
    const NAMED: usize = 3;
    let names: Vec<&str> = alike.iter().map(|f| f.subject.as_str()).collect();
    let (Some(first), more) = (names.first(), names.len().saturating_sub(NAMED)) else { return String::new() };
    if names.len() == 1 {
        return (*first).to_owned();
    }
    let what = first.split(' ').next().unwrap_or_default();
    let is_same = names.iter().all(|n| n.starts_with(&format!("{what} ")));
    let named: Vec<&str> =
        names.iter().take(NAMED).map(|n| if is_same { n.get(what.len() + 1..).unwrap_or(n) } else { n }).collect();
    let and = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = if is_same { format!("{what}s") } else { "findings".to_owned() };
    format!("{} {what} ({}{and}):", names.len(), named.join(", "))
}

fn findings(width: usize, findings: &[Finding], all: bool) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", bold("Findings"));
    let shown = together(findings.iter().filter(|f| all || f.severity != Severity::Info));
    let shown = shown.get(..if all { shown.len() } else { SHOWN.min(shown.len()) }).unwrap_or_default();
    for alike in shown {
        let Some(finding) = alike.first() else { continue };
        let cites = if finding.cites.is_empty() { String::new() } else { format!(" ({})", finding.cites) };
        let head = format!("  {} {} ", verdict_padded(9, finding.severity), finding.rule);
        text.push_str(&wrapped(width, &head, INDENT, &format!("{} {}{cites}", subjects(alike), finding.told())));
    }
    let rest = findings.len() - shown.iter().map(Vec::len).sum::<usize>();
    if rest > 0 {
        text.push_str(&format!("  {rest} more (--all shows them)\n"));
    }
    text
}
