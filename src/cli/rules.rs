//! `show policy` and `show rule`: what a policy of the rules, a rule, a decision or a code of a finding says.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::Policy;

use super::errors::usage;
use super::output;
use crate::check::Told;
use crate::report::{bold, dim, paragraph};
use countersign_core::guardrails;
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::lint;
use countersign_core::policies::{self, Rule, RuleBook};
use countersign_core::problem::{Failure, Place, SourceFile, Span, instead};
use countersign_core::source;

/// The rules and decisions, in the project's own words.
const RULES: &str = include_str!("../../docs/rules.md");

/// For each built-in policy, an inventory of the tests and a moment at which an answer changes without the policy.
const SHOWN_BY: &str = include_str!("../../docs/shown-by.toml");

/// What a code, a number or a name stands for: a rule of lint, a rule or decision, a finding, a policy, a guardrail, what `check`
/// tells of a change. `folder` is that of the inventory, whose guardrails are known too.
pub fn rule(rules: &RuleBook, files: &dyn source::Source, name: &str) -> Result<String, Failure> {
    if let Some(rule) = lint::rules::by_code(name) {
        return Ok(rule.page.to_owned());
    }
    let number = name.to_ascii_uppercase();
    if let Some(body) = body(&number) {
        return Ok(stated(rules, &number, &body));
    }
    let finding = rules.rules.values().find(|r| r.get("code").is_some_and(|c| c.eq_ignore_ascii_case(name)));
    if let Some(rule) = finding {
        return Ok(of_policy(rule));
    }
    if let Some(gone) = gone(rules, &|r| r.get("code").is_some_and(|c| c.eq_ignore_ascii_case(name))) {
        return Ok(gone);
    }
    if let Some(told) = Told::ALL.into_iter().find(|t| [t.code(), t.name()].contains(&name)) {
        return Ok(format!("{}\n\n{}", bold(told.code()), paragraph(output::width(), "", told.meaning())));
    }
    if let Some(shown) = policy_of(rules, files, name) {
        return Ok(shown);
    }
    // a rule of the user's own, which docs/rules.md does not have
    let number = rules.rules.values().flat_map(|r| r.rule().split_whitespace()).find(|n| n.eq_ignore_ascii_case(name));
    match number {
        Some(number) => {
            let body = "A rule of your own: countersign knows it by the policies that name it in `@rule`.";
            Ok(stated(rules, number, paragraph(output::width(), "", body).trim_end()))
        }
        None => Err(unknown("rule", name, &everything(rules, files))),
    }
}

/// A policy: of the rules, or a guardrail.
pub fn policy(rules: &RuleBook, files: &dyn source::Source, id: &str) -> Result<String, Failure> {
    policy_of(rules, files, id).ok_or_else(|| unknown("policy", id, &ids(rules, files)))
}

fn policy_of(rules: &RuleBook, files: &dyn source::Source, id: &str) -> Option<String> {
    match rules.rules.get(id) {
        Some(rule) => Some(of_policy(rule)),
        None => gone(rules, &|r| r.id == id).or_else(|| guardrail(id)).or_else(|| own_guardrail(files, id)),
    }
}

/// A built-in policy that does not decide, as it stands, and what stands in for it or drops it.
fn gone(rules: &RuleBook, is: &dyn Fn(&Rule) -> bool) -> Option<String> {
    rules.origin.folder.as_ref()?;
    let built_in = RuleBook::built_in(&EntitySchema::built_in().ok()?).ok()?;
    let rule = built_in.rules.values().find(|r| is(r))?;
    let text = paragraph(
        output::width(),
        "",
        &format!("This built-in policy does not count: {}.", what_took(rules, &rule.id)?),
    );
    Some(format!("{text}\n{}", of_policy(rule)))
}

/// What drops a built-in policy, stands in for it, or leaves it out.
fn what_took(rules: &RuleBook, id: &str) -> Option<String> {
    let folder = rules.origin.folder.as_ref()?;
    let at = |place: &Place| {
        let place = rules.in_folder(place);
        format!("{}:{}", place.source.path, place.line())
    };
    Some(match (rules.removed.get(id), rules.rules.get(id)) {
        (Some(place), _) => format!("{} removes it", at(place)),
        (None, Some(rule)) => format!("{} replaces it", at(&rule.place())),
        (None, None) => format!("{folder} has the rules that count, and leaves it out"),
    })
}

/// The guardrails of an inventory; one that does not parse is told by `check`.
fn own_guardrails(files: &dyn source::Source) -> Vec<(Arc<SourceFile>, Policy)> {
    let mut problems = Vec::new();
    let found = policies::folder::read(files, guardrails::FOLDER, None, None, &mut problems);
    let policies = |source: Arc<SourceFile>| {
        let parsed = policies::parse(&source, &mut problems);
        parsed.into_iter().map(|p| (source.clone(), p)).collect::<Vec<_>>()
    };
    found.policies.into_iter().flat_map(policies).collect()
}

/// A guardrail of the inventory.
fn own_guardrail(files: &dyn source::Source, id: &str) -> Option<String> {
    let (source, policy) = own_guardrails(files).into_iter().find(|(_, p)| p.annotation("id") == Some(id))?;
    let mut shown = head(id, &source, span_of(&source, id)?);
    shown.push_str(&policy.annotation("rule").map(sentences).unwrap_or_default());
    shown.push_str(&paragraph(
        output::width(),
        "",
        "A guardrail of this inventory, which `countersign check` asks about.",
    ));
    Some(shown)
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
    shown.push_str(&shown_by(id));
    Some(shown)
}

/// The last of the rules, or of the decisions, for a number beyond it.
fn last(name: &str, known: &BTreeSet<String>) -> Option<String> {
    let numbered = |name: &str| {
        let (letter, number) = (name.chars().next()?, name.get(1..)?.parse::<u32>().ok()?);
        ["R", "D"].into_iter().find(|l| l.eq_ignore_ascii_case(&letter.to_string())).map(|letter| (letter, number))
    };
    let (letter, asked) = numbered(name)?;
    let last = known.iter().filter_map(|k| numbered(k)).filter(|(l, _)| *l == letter).map(|(_, n)| n).max()?;
    (asked > last).then(|| format!("the last is {letter}{last}"))
}

fn unknown(what: &str, name: &str, known: &BTreeSet<String>) -> Failure {
    if let Some(last) = last(name, known) {
        return usage(format!("there is no {what} `{name}`")).help(last).into();
    }
    let help = instead(
        name,
        known.iter().map(String::as_str),
        "`countersign show policies` prints the policies with their ids, `countersign show rules` lists the rules of lint; \
             docs/rules.md has the rules (R1, …) and decisions (D1, …)",
    );
    usage(format!("there is no {what} `{name}`")).help(help).into()
}

fn ids(rules: &RuleBook, files: &dyn source::Source) -> BTreeSet<String> {
    let guardrails = guardrails::shipped().unwrap_or_default().into_iter().chain(own_guardrails(files));
    let guardrails = guardrails.filter_map(|(_, p)| p.annotation("id").map(str::to_owned));
    rules.rules.keys().cloned().chain(guardrails).collect()
}

/// Everything that `show rule` answers.
fn everything(rules: &RuleBook, files: &dyn source::Source) -> BTreeSet<String> {
    let mut all = ids(rules, files);
    all.extend(Told::ALL.map(|t| t.code().to_owned()));
    all.extend(rules.rules.values().filter_map(|r| r.text("code")));
    all.extend(rules.rules.values().flat_map(|r| r.rule().split_whitespace().map(str::to_owned)));
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
    if rules.origin.folder.is_some() {
        text.push_str(&no_longer_stated(rules, number));
    }
    text
}

/// The built-in policies that state a rule and do not count, with what took them away.
fn no_longer_stated(rules: &RuleBook, number: &str) -> String {
    let built_in = EntitySchema::built_in().and_then(|schema| RuleBook::built_in(&schema));
    let states = |rule: &&Rule| rule.rule().split_whitespace().any(|n| n == number);
    let mut text = String::new();
    for rule in built_in.iter().flat_map(|rules| rules.rules.values()).filter(states) {
        // one that stands in for it is among those that state the rule, or is not
        let still = rules.rules.get(&rule.id).is_some_and(|own| states(&own));
        let took = what_took(rules, &rule.id).filter(|_| !still);
        text.push_str(
            &took.map(|why| format!("  {} {}\n", rule.id, dim(&format!("(no longer: {why})")))).unwrap_or_default(),
        );
    }
    match text.is_empty() {
        true => text,
        false => format!("\n{}\n{text}", bold("built in, and no longer stated by")),
    }
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
    if policies::BUILT_IN.iter().any(|(path, text)| *path == rule.file && *text == rule.source.text) {
        shown.push_str(&shown_by(&rule.id));
        if rule.forbids && rule.file.starts_with("operations/") {
            let test = match rule.file.as_str() {
                "operations/ending.cedar" => "the tests of tests/ending.rs",
                _ => "its row in the table of tests/gates.rs",
            };
            shown.push_str(&paragraph(output::width(), &format!("{:<11} ", ""), test));
        }
    }
    shown
}

/// The test that shows a built-in policy: an answer that is another one without it.
fn shown_by(id: &str) -> String {
    let of = |line: &'static str| {
        line.split_once(" = ").filter(|(key, _)| *key == id).map(|(_, shown)| shown.trim_matches('"'))
    };
    let Some(shown) = SHOWN_BY.lines().find_map(of) else {
        return String::new();
    };
    if shown.is_empty() {
        return String::new();
    }
    let text = format!("tests/data/mutation/{shown}: without this policy, an answer changes");
    paragraph(output::width(), &format!("{:<11} ", "shown by"), &text)
}

fn head(id: &str, source: &SourceFile, span: Span) -> String {
    let (line, _) = source.line_column(span.start);
    format!("{} {}\n\n{}\n\n", bold(id), dim(&format!("{}:{line}", source.path)), source.slice(span))
}

/// Where the policy with this id stands.
fn span_of(source: &SourceFile, id: &str) -> Option<Span> {
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
