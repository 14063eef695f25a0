//! A run: files in, findings out, with what the settings and the baseline know of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::comments::CommentIgnore;
use super::inline;
use super::merging;
use super::read::choice::is_known;
use super::read::terraform::calls::Giver;
use super::read::terraform::scope::{Candidate, Modules, Scopes, folder, is_json_values};
use super::read::{self, FaultKind, Form, Loaded};
use super::references;
use super::rules::{self, expired_ignore, idle_ignore};
use super::settings::Settings;
use super::{At, Check, Finding, Sink, Suppressed};
use crate::lint::policy::PolicyKind;
use crate::problem::SourceFile;
use crate::source::unread::{Reason, Unread};

/// A text to lint.
pub struct Text {
    /// The file's name and text.
    pub source: Arc<SourceFile>,
    /// How it is read.
    pub form: Form,
    /// The user asked for this file.
    pub named: bool,
}

/// What a run found.
#[non_exhaustive]
pub struct LintOutcome {
    /// In the order of files and places, those that are suppressed among them.
    pub findings: Vec<Finding>,
    /// Files with policies.
    pub files: usize,
    /// Policies in them.
    pub policies: usize,
    /// Files that hold no policy.
    pub passed_over: usize,
    /// Files that were named and hold no policy.
    pub without: Vec<String>,
    /// What was not checked: files without a policy, and what is not literal.
    pub unread: Unread,
}

/// Lints these texts. `given` is the kind of all policies, where the user says so; `whole`: these are all the texts that
/// the settings speak of.
pub fn lint(texts: &[Text], settings: &Settings, given: Option<PolicyKind>, whole: bool) -> LintOutcome {
    let modules = modules(texts);
    let scopes = Scopes::new(&modules);
    let loaded = read_with(texts, settings, given, &scopes);
    let mut outcome = LintOutcome {
        findings: Vec::new(),
        files: 0,
        policies: 0,
        passed_over: 0,
        without: Vec::new(),
        unread: Unread::default(),
    };
    for (file, text) in loaded.iter().zip(texts).filter(|(file, _)| settings.tells(&file.source.path)) {
        // what only names files is neither without policies nor one with them
        if !file.holds_policies() && !file.files.is_empty() && !text.named {
            continue;
        }
        if !file.holds_policies() {
            outcome.passed_over += 1;
            outcome.unread.add(Reason::WithoutPolicy, file.source.path.clone());
            if text.named {
                outcome.without.push(file.source.path.clone());
            }
            continue;
        }
        outcome.files += 1;
        outcome.policies += file.policies.len() + file.management.len() + file.cedar.len();
        unchecked(file, &mut outcome.unread);
        let mut findings = of_file(file, settings);
        let idle = annotated(file, &mut findings, settings);
        let of_comments = commented(file, &mut findings, settings);
        findings.extend(idle.into_iter().chain(of_comments));
        outcome.findings.extend(findings);
    }
    let used = loaded.iter().filter(|f| !f.uses.is_empty()).map(|f| (f.source.path.as_str(), &f.uses)).collect();
    used_by(&mut outcome.findings, &used, &scopes);
    settings.assign(&mut outcome.findings);
    let matched = settings.suppress(&mut outcome.findings);
    // which of the settings' ignores match nothing, only all findings show
    if settings.tells_all() {
        outcome.findings.extend(ignores(settings, &matched, texts, whole));
    }
    outcome.findings.sort_by_cached_key(Finding::sort_key);
    outcome
}

/// Notes what of a file no rule can check: statements with placeholders, and policies that are not literal.
fn unchecked(file: &Loaded, unread: &mut Unread) {
    let path = &file.source.path;
    for policy in &file.policies {
        for statement in policy.statements.iter().filter(|s| !is_known(&s.node)) {
            unread.add(Reason::Placeholders, format!("{path}: {}", policy.pointer_to(&statement.at.pointer)));
        }
    }
    for policy in file.management.iter().filter(|p| !p.is_checked()) {
        unread.add(Reason::Attributes, format!("{path}: {}", policy.words()));
    }
    for fault in file.faults.iter().filter(|f| f.kind == FaultKind::NotLiteral) {
        let (line, column) = file.source.line_column(fault.span.start);
        unread.add(Reason::NotLiteral, format!("{path}:{line}:{column}"));
    }
}

/// Reads these texts: what is in each, in their order.
pub fn read_all(texts: &[Text], settings: &Settings, given: Option<PolicyKind>) -> Vec<Loaded> {
    let modules = modules(texts);
    read_with(texts, settings, given, &Scopes::new(&modules))
}

fn modules(texts: &[Text]) -> Modules {
    let of_terraform = texts.iter().filter(|t| t.form == Form::Terraform || is_json_values(&t.source.path));
    Modules::parse(of_terraform.map(|t| Candidate { source: &t.source, named: t.named }))
}

fn read_with(texts: &[Text], settings: &Settings, given: Option<PolicyKind>, scopes: &Scopes<'_>) -> Vec<Loaded> {
    let mut loaded: Vec<Loaded> = texts.iter().map(|t| load(t, settings, given, scopes)).collect();
    references::resolve(&mut loaded);
    merging::resolve(&mut loaded);
    inline::resolve(&mut loaded);
    loaded
}

fn load(text: &Text, settings: &Settings, given: Option<PolicyKind>, scopes: &Scopes<'_>) -> Loaded {
    let kind = given.or_else(|| settings.kind(&text.source.path));
    read::load(text.source.clone(), text.form, kind, text.named, scopes)
}

/// The findings of one file, before anything is suppressed.
fn of_file(file: &Loaded, settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules::all().iter().filter(|r| settings.is_on(r)) {
        match &rule.check {
            Check::File(check) => {
                let mut sink = Sink::new(rule, &file.source, None, settings);
                check(file, &mut sink);
                findings.extend(sink.into_findings());
            }
            Check::Policy(check) => {
                for policy in file.policies.iter().filter(|p| settings.profile.looks_at(rule, p)) {
                    let mut sink = Sink::new(rule, &file.source, Some(policy), settings);
                    check(policy, &mut sink);
                    findings.extend(sink.into_findings());
                }
            }
            Check::Management(check) => {
                for policy in &file.management {
                    let mut sink = Sink::new(rule, &file.source, None, settings);
                    check(policy, &mut sink);
                    findings.extend(sink.into_findings());
                }
            }
            Check::Run => {}
        }
    }
    let mut findings = told_once(rules::invalid_statement::without_repeated(findings));
    if !file.blocks.is_empty() {
        for finding in &mut findings {
            let span = finding.place.span;
            let own = file.blocks.iter().find(|(block, _)| block.start <= span.start && span.end <= block.end);
            finding.within = own.map(|(_, address)| address.clone());
        }
    }
    findings
}

/// Says of each finding in a module what uses the module; of what is given to it, which use gives it, and where.
fn used_by(findings: &mut [Finding], used: &BTreeMap<&str, &Vec<String>>, scopes: &Scopes<'_>) {
    let mut known: BTreeMap<(String, String), Vec<Giver>> = BTreeMap::new();
    for finding in findings {
        let path = finding.place.source.path.as_str();
        let (Some(uses), Some(address)) = (used.get(path), finding.address()) else {
            continue;
        };
        finding.uses = uses.iter().map(|module| format!("{module}.{address}")).collect();
        let written = finding.place.source.slice(finding.place.span);
        // what is said of a whole statement quotes what is wrong in it
        let quoted = || finding.message.split('`').nth(1).map(str::to_owned);
        let words = finding.words.clone().or_else(quoted);
        let Some(words) = words.filter(|words| !words.is_empty() && !written.contains(words.as_str())) else {
            continue;
        };
        let key = (folder(path).to_owned(), words);
        if known.len() >= MOST_GIVEN && !known.contains_key(&key) {
            continue;
        }
        let givers = known.entry(key).or_insert_with_key(|(folder, words)| scopes.givers(folder, words));
        let Some(first) = givers.first() else {
            continue;
        };
        finding.uses = givers.iter().map(|giver| format!("{}.{address}", giver.module)).collect();
        let (line, _) = first.place.source.line_column(first.place.span.start);
        let more = if givers.len() > 1 { " and elsewhere" } else { "" };
        let then = if finding.help.ends_with('?') { " It" } else { "; it" };
        finding.help = format!("{}{then} is given in {}:{line}{more}", finding.help, first.place.source.path);
    }
}

/// Of so many texts that modules are given, it is looked up who gives them.
const MOST_GIVEN: usize = 200;

/// What is used in several places stands in one, and is told once.
fn told_once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let key = |f: &Finding| (f.rule.code, f.place.span, f.message.clone(), f.help.clone());
    findings.into_iter().filter(|f| seen.insert(key(f))).collect()
}

/// Marks what an annotation of a Cedar policy ignores; gives a finding for each that ignores nothing.
fn annotated(file: &Loaded, findings: &mut [Finding], settings: &Settings) -> Vec<Finding> {
    let mut sink = Sink::new(&idle_ignore::RULE, &file.source, None, settings);
    for (index, policy) in file.cedar.iter().enumerate() {
        for ignore in &policy.ignores {
            let Some(reason) = &ignore.reason else {
                continue;
            };
            let own = |f: &&mut Finding| {
                let span = f.place.span;
                f.rule.code == ignore.code && span.start >= policy.span.start && span.end <= policy.span.end
            };
            let mut matched = findings.iter_mut().filter(own).peekable();
            if matched.peek().is_none() && settings.is_on(&idle_ignore::RULE) {
                let at = At { pointer: format!("policy[{index}]"), span: ignore.span };
                sink.add(&at, format!("this ignore of {} matches no finding", ignore.code), "remove it");
            }
            matched.for_each(|f| f.suppressed = Some(Suppressed::Ignored(reason.clone())));
        }
    }
    sink.into_findings()
}

/// Marks what the comments of a file ignore; gives a finding for each that ignores nothing, or nothing any more.
fn commented(file: &Loaded, findings: &mut [Finding], settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |rule: &'static super::Rule, ignore: &CommentIgnore, message: String, help: &str| {
        if settings.is_on(rule) {
            let mut sink = Sink::new(rule, &file.source, None, settings);
            sink.add(&At { pointer: String::new(), span: ignore.span }, message, help);
            found.extend(sink.into_findings());
        }
    };
    for ignore in file.ignores.iter().filter(|i| i.reason.is_some()) {
        let until = ignore.until.as_ref();
        if let Some((day, _)) = until.filter(|(_, moment)| moment.is_none()) {
            let message = format!("`{day}` is not a valid day, so this ignores nothing");
            tell(&idle_ignore::RULE, ignore, message, "write until 2027-01-31");
            continue;
        }
        let mut matched = findings.iter_mut().filter(|f| ignore.matches(f)).peekable();
        if matched.peek().is_none() {
            let message = match ignore.code.as_str() {
                "" => "this ignore names no rule".to_owned(),
                code => format!("this ignore of {code} matches no finding"),
            };
            tell(
                &idle_ignore::RULE,
                ignore,
                message,
                "remove it, or name the rule: `countersign: ignore CS122 reason …`",
            );
        } else if ignore.is_over(settings.at) {
            let day = until.map_or("", |(day, _)| day.as_str());
            let message = format!("this ignore of {} expired at the end of {day}", ignore.code);
            tell(
                &expired_ignore::RULE,
                ignore,
                message,
                "fix what it ignores, or set a later day with a current reason",
            );
        } else {
            let reason = ignore.reason.clone().unwrap_or_default();
            matched.for_each(|f| f.suppressed = Some(Suppressed::Ignored(reason.clone())));
        }
    }
    found
}

/// What is wrong with the ignores: those that match nothing, and those that are over.
fn ignores(settings: &Settings, matched: &[usize], texts: &[Text], whole: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, ignore) in settings.ignores.iter().enumerate() {
        let at = At { pointer: format!("lint.ignore[{index}]"), span: ignore.span };
        let until = ignore.until.as_ref().filter(|_| ignore.is_over(settings.at));
        let (rule, message, help) = match until {
            _ if !matched.contains(&index) => {
                // of files that were not linted nothing can be said
                if !whole && !texts.iter().any(|t| ignore.is_of(&t.source.path) == Some(true)) {
                    continue;
                }
                let message = format!("this ignore of {} matches no finding", ignore.rule);
                (&idle_ignore::RULE, message, "remove it")
            }
            Some((day, _)) => {
                let message = format!("this ignore of {} expired at the end of {day}", ignore.rule);
                (&expired_ignore::RULE, message, "fix what it ignores, or set a later day with a current reason")
            }
            None => continue,
        };
        if settings.is_on(rule) {
            let mut sink = Sink::new(rule, &settings.source, None, settings);
            sink.add(&at, message, help);
            findings.extend(sink.into_findings());
        }
    }
    findings
}
