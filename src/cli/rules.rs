//! `show policy` and `show rule`: what a policy of the rules, a rule, a decision or a code of a finding says.

use std::collections::BTreeSet;

use super::output;
use crate::report::{bold, dim, paragraph};
use countersign_core::guardrails;
use countersign_core::lint;
use countersign_core::policies::{self, Rule, RuleBook};
use countersign_core::problem::{Failure, Problem, Source, Span, did_you_mean};

/// The rules and decisions, in the project's own words.
const RULES: &str = include_str!("../../docs/rules.md");

/// What a code, a number or a name stands for: a rule of lint, a rule or decision, a finding, a policy.
pub fn rule(rules: &RuleBook, name: &str) -> Result<String, Failure> {
    if let Some(rule) = lint::rules::by_code(name) {
        return Ok(rule.page.to_owned());
    }
    let number = name.to_ascii_uppercase();
    if let Some(body) = body(&number) {
        return Ok(stated(rules, &number, &body));
    }
    let finding = rules.rules.values().find(|r| r.get("code").is_some_and(|c| c.eq_ignore_ascii_case(name)));
    match finding {
        Some(rule) => Ok(of_policy(rule)),
        None => policy_of(rules, name).ok_or_else(|| unknown("rule", name, &everything(rules))),
    }
}

/// A policy: of the rules, or a guardrail that is built in.
pub fn policy(rules: &RuleBook, id: &str) -> Result<String, Failure> {
    policy_of(rules, id).ok_or_else(|| unknown("policy", id, &ids(rules)))
}

fn policy_of(rules: &RuleBook, id: &str) -> Option<String> {
    match rules.rules.get(id) {
        Some(rule) => Some(of_policy(rule)),
        None => guardrail(id),
    }
}

/// A guardrail that is built in.
fn guardrail(id: &str) -> Option<String> {
    let (source, policy) = guardrails::shipped().ok()?.into_iter().find(|(_, p)| p.annotation("id") == Some(id))?;
    let mut shown = head(id, &source, span_of(&source, id)?);
    if let Some(rule) = policy.annotation("rule") {
        shown.push_str(&sentences(rule));
    }
    shown.push_str(&paragraph(
        output::width(),
        "",
        &format!("This is a guardrail: enable it with `on = [\"{id}\"]` under [guardrails] in countersign.toml."),
    ));
    Some(shown)
}

fn unknown(what: &str, name: &str, known: &BTreeSet<String>) -> Failure {
    let near = did_you_mean(name, known.iter().map(String::as_str));
    let help = near.map_or_else(
        || {
            "`countersign show policies` prints the policies with their ids, `countersign show rules` lists the rules of lint; \
             docs/rules.md has the rules (R1, …) and decisions (D1, …)"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    Problem::general(format!("there is no {what} `{name}`")).help(help).into()
}

fn ids(rules: &RuleBook) -> BTreeSet<String> {
    let shipped = guardrails::shipped().unwrap_or_default();
    let shipped = shipped.iter().filter_map(|(_, p)| p.annotation("id").map(str::to_owned));
    rules.rules.keys().cloned().chain(shipped).collect()
}

/// Everything that `show rule` answers.
fn everything(rules: &RuleBook) -> BTreeSet<String> {
    let mut all = ids(rules);
    all.extend(rules.rules.values().filter_map(|r| r.text("code")));
    all.extend(lint::rules::all().iter().flat_map(|r| [r.code.to_owned(), r.name.to_owned()]));
    all.extend(RULES.lines().filter_map(|l| l.strip_prefix("### ")).map(str::to_owned));
    all
}

/// What docs/rules.md says of a rule or a decision.
fn body(number: &str) -> Option<String> {
    let heading = format!("### {number}");
    let mut lines = RULES.lines().skip_while(|l| *l != heading);
    lines.next()?;
    let body: Vec<&str> = lines.take_while(|l| !l.starts_with('#')).collect();
    Some(body.join("\n").trim().to_owned())
}

/// A rule or decision, and the policies that state it.
fn stated(rules: &RuleBook, number: &str, body: &str) -> String {
    let mut text = format!("{}\n\n{body}\n", bold(number));
    let stating: Vec<&Rule> =
        rules.rules.values().filter(|r| r.rule().split_whitespace().any(|n| n == number)).collect();
    if !stating.is_empty() {
        text.push_str(&format!("\n{}\n", bold("stated by")));
    }
    for rule in stating {
        text.push_str(&format!("  {} {}\n", rule.id, dim(&format!("({})", rule.file))));
    }
    text
}

/// A policy as it stands in its file, what it applies to, and what it rests on.
fn of_policy(rule: &Rule) -> String {
    let width = output::width();
    let mut shown = head(&rule.id, &rule.source, rule.span);
    let mut section = |name: &str, body: &str| shown.push_str(&paragraph(width, &format!("{name:<11} "), body));
    let actions = if rule.actions.is_empty() { "every action".to_owned() } else { rule.actions.join(", ") };
    section("applies to", &actions);
    for (generation, actions) in &rule.requires {
        section("requires", &format!("{} ({generation})", actions.join(", ")));
    }
    if let Some(source) = rule.get("source") {
        section("source", source);
    }
    shown.push_str(&sentences(rule.rule()));
    shown
}

fn head(id: &str, source: &Source, span: Span) -> String {
    let (line, _) = source.line_column(span.start);
    format!("{} {}\n\n{}\n\n", bold(id), dim(&format!("{}:{line}", source.path)), source.slice(span))
}

/// Where the policy with this id stands.
fn span_of(source: &Source, id: &str) -> Option<Span> {
    policies::spans(&source.text).into_iter().find(|span| {
        let set = source.slice(*span).parse::<cedar_policy::PolicySet>();
        set.is_ok_and(|set| set.policies().any(|p| p.annotation("id") == Some(id)))
    })
}

/// The rules and decisions of an annotation, each with its sentence.
fn sentences(numbers: &str) -> String {
    let width = output::width();
    let mut text = String::new();
    for number in numbers.split_whitespace() {
        let body = body(number).unwrap_or_default();
        let mut paragraphs = body.split("\n\n").map(|p| p.replace('\n', " "));
        let mut sentence = paragraphs.next().unwrap_or_default();
        // a decision begins with its title
        if sentence.starts_with('*') && sentence.ends_with('*') {
            sentence = format!("{sentence} {}", paragraphs.next().unwrap_or_default());
        }
        text.push_str(&paragraph(width, &format!("{number:<11} "), &sentence));
    }
    text
}
