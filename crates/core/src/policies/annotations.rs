//! What may stand in annotations, and on which policies: a schema of their own, checked when rules are loaded.
//!
//! Cedar takes any annotation for granted. Here a misspelt one is an error: a `@severity("fatal")` that no gate knows would
//! pass all of them, and a gate without its words or its order would be told wrongly. The rules of users are held to the
//! same as ours.

use std::sync::Arc;

use cedar_policy::{Effect, Policy};

use super::requires;
use super::settings::Setting;
use crate::finding::Severity;
use crate::problem::{Problem, SourceFile, Span, did_you_mean, meant};
use crate::terms::Scope;

/// What a policy is about, by the actions that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An operation of the console.
    Operation,
    /// Whether an agreement is in force.
    InForce,
    /// Whether an agreement in force governs.
    Governs,
    /// A fact about an account or a service.
    Fact,
    /// A finding.
    Finding,
    /// What an answer takes for granted.
    Assumption,
    /// What to do before a change.
    Advice,
    /// Any other question that is asked about agreements.
    Question,
    /// What principals may be able to do, asked of guardrails.
    Guardrail,
}

/// On which policies an annotation may stand.
#[derive(Clone, Copy)]
struct On {
    subject: Subject,
    effect: Effect,
    required: bool,
}

/// What its value may be.
#[derive(Clone, Copy)]
enum Form {
    /// Words for people.
    Text,
    /// A whole number.
    Number,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One or more of these, parted by blanks.
    WordsOf(&'static [&'static str]),
    /// Letters and digits: `CS001`.
    Code,
    /// One or more rules, parted by blanks: `R48 D6`.
    Rules,
    /// IAM actions by generation of permissions.
    Requires,
    /// What an attribute has to be.
    Setting,
    /// Nothing.
    Flag,
}

/// An annotation.
struct Annotation {
    name: &'static str,
    form: Form,
    /// Empty for every policy.
    on: &'static [On],
}

const fn may(subject: Subject, effect: Effect) -> On {
    On { subject, effect, required: false }
}

const fn must(subject: Subject, effect: Effect) -> On {
    On { subject, effect, required: true }
}

use Effect::{Forbid, Permit};
use Subject::{Advice, Assumption, Fact, Finding, Governs, Guardrail, InForce, Operation};

const GATE: &[On] = &[may(Operation, Forbid)];
/// The scopes that an agreement may be in force by.
pub const SCOPES: &[&str] = &[Scope::Account.word(), Scope::Organization.word(), Scope::Offline.word()];
const BOUNDS: &[&str] = &["principal", "membership", "designation"];
const SEVERITIES: &[&str] = &[Severity::Error.word(), Severity::Warning.word(), Severity::Info.word()];

/// All annotations: adding one is a line.
const ALL: [Annotation; 27] = [
    Annotation { name: "id", form: Form::Text, on: &[] },
    Annotation { name: "rule", form: Form::Rules, on: &[] },
    Annotation { name: "source", form: Form::Text, on: &[] },
    Annotation { name: "doc", form: Form::Text, on: &[] },
    Annotation { name: "ignore", form: Form::Text, on: &[] },
    Annotation { name: "remove", form: Form::Flag, on: &[] },
    Annotation { name: "order", form: Form::Number, on: &[must(Operation, Forbid), must(Governs, Forbid)] },
    Annotation {
        name: "message",
        form: Form::Text,
        on: &[may(Operation, Forbid), must(Finding, Permit), must(Advice, Permit), must(Guardrail, Forbid)],
    },
    Annotation { name: "detail", form: Form::Text, on: GATE },
    Annotation { name: "remedy", form: Form::Text, on: GATE },
    Annotation { name: "erratum", form: Form::Text, on: GATE },
    Annotation { name: "troubleshooting", form: Form::Text, on: GATE },
    Annotation { name: "reason", form: Form::Text, on: GATE },
    Annotation { name: "change", form: Form::Text, on: GATE },
    Annotation { name: "sets", form: Form::Setting, on: GATE },
    Annotation { name: "happens", form: Form::Setting, on: GATE },
    Annotation { name: "requires", form: Form::Requires, on: GATE },
    Annotation { name: "state", form: Form::OneOf(&["account", "agreements"]), on: GATE },
    Annotation {
        name: "uncertain",
        form: Form::Text,
        on: &[may(Operation, Forbid), may(Fact, Forbid), may(InForce, Forbid)],
    },
    Annotation { name: "standing", form: Form::OneOf(&["superseded", "also-in-force"]), on: &[must(Governs, Forbid)] },
    Annotation { name: "scope", form: Form::OneOf(SCOPES), on: &[must(InForce, Permit)] },
    Annotation { name: "since", form: Form::WordsOf(BOUNDS), on: &[must(InForce, Permit)] },
    Annotation { name: "code", form: Form::Code, on: &[must(Finding, Permit)] },
    Annotation {
        name: "severity",
        form: Form::OneOf(SEVERITIES),
        on: &[must(Finding, Permit), may(Guardrail, Forbid)],
    },
    Annotation { name: "help", form: Form::Text, on: &[may(Finding, Permit), may(Guardrail, Forbid)] },
    Annotation { name: "refused", form: Form::Flag, on: &[may(Advice, Permit)] },
    Annotation { name: "assuming", form: Form::Text, on: &[must(Assumption, Permit)] },
];

/// What an annotation of a policy says. Cedar's own way to it parses the name first, each time.
pub fn annotation<'p>(policy: &'p Policy, name: &str) -> Option<&'p str> {
    policy.annotations().find(|(own, _)| *own == name).map(|(_, text)| text)
}

/// A policy, where it stands, and what it is about.
pub struct Annotated<'a> {
    /// Its file.
    pub source: &'a Arc<SourceFile>,
    /// From its first annotation to its semicolon.
    pub span: Span,
    /// The policy.
    pub policy: &'a Policy,
    /// What it is about; each action that it names may be about something else.
    pub subjects: &'a [Subject],
}

impl Annotated<'_> {
    /// All that is wrong with its annotations.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let removes = annotation(self.policy, "remove").is_some();
        for (name, value) in self.policy.annotations() {
            problems.extend(self.one(name, value));
        }
        if removes {
            return problems;
        }
        // one that is misspelt is told once
        let misspelt = |name: &str| {
            let unknown = self.policy.annotations().filter(|(own, _)| ALL.iter().all(|a| a.name != *own));
            unknown.into_iter().any(|(own, _)| did_you_mean(own, ALL.iter().map(|a| a.name)) == Some(name))
        };
        let lacking = ALL.iter().filter(|a| annotation(self.policy, a.name).is_none() && !misspelt(a.name));
        for annotation in lacking.filter(|a| a.on.iter().any(|on| on.required && self.is_on(on))) {
            let message = format!("this policy has no `@{}`", annotation.name);
            problems.push(Problem::at(self.source, self.head(), message).help(help(annotation)));
        }
        problems.extend(self.words());
        problems
    }

    fn one(&self, name: &str, value: &str) -> Option<Problem> {
        let Some(annotation) = ALL.iter().find(|a| a.name == name) else {
            let known = || ALL.iter().map(|a| a.name);
            let help = match did_you_mean(name, known()) {
                Some(near) => meant(format!("@{near}")),
                None => format!("the annotations are @{}", known().collect::<Vec<_>>().join(", @")),
            };
            return Some(self.wrong(name, format!("there is no annotation `@{name}`"), help));
        };
        if !annotation.on.is_empty() && !annotation.on.iter().any(|on| self.is_on(on)) {
            let message = format!("`@{name}` has no meaning on this policy");
            return Some(self.wrong(name, message, format!("it belongs on {}", places(annotation))));
        }
        let wrong = fault(annotation.form, value)?;
        Some(self.wrong(name, format!("`@{name}`: {wrong}"), help(annotation)))
    }

    fn is_on(&self, on: &On) -> bool {
        self.policy.effect() == on.effect && self.subjects.contains(&on.subject)
    }

    /// The console's message and the project's own reason are never mixed up (D10): a gate has one of the two.
    fn words(&self) -> Option<Problem> {
        let is_gate = self.is_on(&may(Operation, Forbid));
        let has = |name: &str| annotation(self.policy, name).is_some();
        match (has("message"), has("reason")) {
            _ if !is_gate => None,
            (false, false) => {
                let help = "add @message(\"…\"), what the console shows, or @reason(\"…\"), your own explanation";
                Some(Problem::at(self.source, self.head(), "this gate has neither `@message` nor `@reason`").help(help))
            }
            (true, true) => {
                let help = "keep either what the console shows or your own explanation (D10)";
                Some(self.wrong("reason", "this gate has both `@message` and `@reason`".to_owned(), help.to_owned()))
            }
            _ => None,
        }
    }

    fn wrong(&self, name: &str, message: String, help: String) -> Problem {
        Problem::at(self.source, self.place(name), message).help(help)
    }

    /// The first line of the policy.
    pub fn head(&self) -> Span {
        let text = self.source.text.get(self.span.start..self.span.end).unwrap_or_default();
        Span { start: self.span.start, end: self.span.start + text.lines().next().unwrap_or_default().len() }
    }

    /// Where an annotation stands, with its value.
    pub fn place(&self, name: &str) -> Span {
        let text = self.source.text.get(self.span.start..self.span.end).unwrap_or_default();
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            let start = text.len() - rest.len() + at;
            let after = rest.get(at + 1..).unwrap_or_default();
            let ident = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
            let end = start + 1 + value_end(after, ident);
            if after.get(..ident) == Some(name) {
                return Span { start: self.span.start + start, end: self.span.start + end };
            }
            rest = text.get(end..).unwrap_or_default();
        }
        self.head()
    }
}

/// Where the value of an annotation ends, from the end of its name.
fn value_end(text: &str, name: usize) -> usize {
    let rest = text.get(name..).unwrap_or_default();
    if !rest.trim_start().starts_with('(') {
        return name;
    }
    let mut escaped = false;
    let mut quotes = 0;
    for (at, c) in rest.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => quotes += 1,
            ')' if quotes != 1 => return name + at + 1,
            _ => escaped = false,
        }
    }
    name
}

fn fault(form: Form, value: &str) -> Option<String> {
    let words = || value.split_whitespace();
    let near = |word: &str, known: &'static [&'static str]| {
        let near = did_you_mean(word, known.iter().copied()).map(|n| format!("; {}", meant(n)));
        Some(format!("`{word}` is not one of {}{}", known.join(", "), near.unwrap_or_default()))
    };
    match form {
        Form::Text => value.trim().is_empty().then(|| "it is empty".to_owned()),
        Form::Number => value.parse::<u32>().is_err().then(|| format!("`{value}` is not a whole number")),
        Form::OneOf(known) if known.contains(&value) => None,
        Form::OneOf(known) => near(value, known),
        Form::WordsOf(_) if words().next().is_none() => Some("it is empty".to_owned()),
        Form::WordsOf(known) => words().find(|w| !known.contains(w)).and_then(|w| near(w, known)),
        Form::Code => {
            let letters = value.chars().take_while(char::is_ascii_uppercase).count();
            let digits = value.chars().skip(letters);
            let well_formed = letters > 0 && value.len() > letters && digits.clone().all(|c| c.is_ascii_digit());
            (!well_formed).then(|| format!("`{value}` is not a code such as CS001"))
        }
        Form::Rules => words().next().is_none().then(|| "it is empty".to_owned()),
        Form::Requires => requires::parse(value).err().map(|wrong| wrong.to_string()),
        Form::Setting => Setting::parse(value).err(),
        Form::Flag => (!value.is_empty()).then(|| "it takes no value".to_owned()),
    }
}

fn help(annotation: &Annotation) -> String {
    let name = annotation.name;
    match annotation.form {
        Form::Text => format!("write @{name}(\"…\")"),
        Form::Number => format!("write @{name}(\"10\")"),
        Form::OneOf(known) => format!("write @{name}(\"…\") with one of {}", known.join(", ")),
        Form::WordsOf(known) => format!("write @{name}(\"…\") with one or more of {}", known.join(", ")),
        Form::Code => format!("write @{name}(\"COMPANY001\"): capital letters, then digits"),
        Form::Rules => format!("write @{name}(\"R48 D6\"), or the name of your own rule"),
        Form::Requires => {
            format!(
                "write @{name}(\"classic: artifact:Get; fine-grained: artifact:GetReport, artifact:GetTermForReport\")"
            )
        }
        Form::Setting => {
            format!(
                "write @{name}(\"organization.trustedAccess = true\"), or @{name}(\"account.approvedReports has {{report}}\")"
            )
        }
        Form::Flag => format!("write @{name}"),
    }
}

fn places(annotation: &Annotation) -> String {
    let place = |on: &On| {
        match (on.subject, on.effect) {
            (Operation, _) => "a forbid of an operation (a gate)",
            (InForce, _) => "a permit of `in-force`",
            (Governs, _) => "a forbid of `governs`",
            (Fact, _) => "a forbid of a fact, such as `holds-phi`",
            (Finding, _) => "a permit of `report-on-…` (a finding)",
            (Assumption, _) => "a permit of `assume`",
            (Guardrail, _) => "a forbid of `may-…` (a guardrail)",
            (Subject::Advice, _) => "a permit of `advise` (advice before a change)",
            (Subject::Question, _) => "a question about agreements",
        }
        .to_owned()
    };
    annotation.on.iter().map(place).collect::<Vec<_>>().join(", or ")
}
