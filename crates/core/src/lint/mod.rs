//! Lint: what is wrong in IAM-style policies, wherever they stand.
//!
//! [`read`] finds the policies in files, [`policy`] is a policy as rules look at it, [`rules`] holds one rule a file,
//! [`run`] brings them together, [`settings`] and [`baseline`] say which findings are known, [`fix`] mends. Nothing here
//! prints.
//!
//! ```
//! use countersign_core::lint::read::Form;
//! use countersign_core::lint::run::{Text, lint};
//! use countersign_core::lint::settings::Settings;
//! use countersign_core::moment;
//! use countersign_core::problem::SourceFile;
//!
//! let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "artifact:Get", "Resource": "*"}}"#;
//! let source = SourceFile::new("auditor.json", text);
//! let settings = Settings::none(moment::parse("2026-11-01").unwrap());
//! let outcome = lint(&[Text { source, form: Form::Json, named: true }], &settings, None, true);
//! let deprecated = outcome.findings.iter().find(|f| f.rule.code == "CS122").unwrap();
//! assert_eq!(deprecated.pointer, "Statement.Action");
//! ```

mod anchors;
mod arn_parts;
pub mod baseline;
pub mod comments;
pub(crate) mod edit;
mod filled;
pub mod fix;
pub mod gains;
pub mod grants;
mod idle;
mod inline;
mod loops;
pub mod management;
mod merging;
pub mod owners;
pub mod policy;
pub mod profile;
pub mod read;
mod references;
mod roles;
pub mod rules;
pub mod run;
pub mod settings;
mod sources;

use std::sync::Arc;

pub use crate::finding::Severity;
use crate::problem::{Place, SourceFile, Span};
use crate::text::UNKNOWN;
use management::ManagementPolicy;
use policy::Policy;
use read::{FaultKind, Loaded};

/// How sure a rule is of what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// It follows from the document and from what AWS publishes.
    High,
    /// It rests on what no source states outright, or on what may stand in another document.
    Medium,
    /// It is an opinion.
    Low,
}

impl Confidence {
    /// `high`, `medium`, `low`
    pub fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// What a rule looks at.
pub enum Check {
    /// A file, whether it could be read or not.
    File(fn(&Loaded, &mut Sink<'_>)),
    /// A policy.
    Policy(fn(&Policy, &mut Sink<'_>)),
    /// A policy of AWS Organizations without statements.
    Management(fn(&ManagementPolicy, &mut Sink<'_>)),
    /// The settings and what they matched: found by [`run`] itself.
    Run,
}

/// A rule: everything that is said of it stands in its page.
pub struct Rule {
    /// `CS101`; permanent.
    pub code: &'static str,
    /// A name that reads well after "allow".
    pub name: &'static str,
    /// How bad what it finds is, unless the settings say otherwise.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// It is an opinion that has to be switched on.
    pub opinion: bool,
    /// Its page, in Markdown: `docs/rules/CODE.md`.
    pub page: &'static str,
    /// What it looks at.
    pub check: Check,
}

impl Rule {
    /// What it is about, in one sentence: the first paragraph of its page.
    pub fn summary(&self) -> &'static str {
        self.page.lines().find(|l| !l.starts_with('#') && !l.trim().is_empty()).unwrap_or_default()
    }
}

/// A place in a file, and its path in the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// `Statement[2].Action[0]`; below the pointer of the policy in its file.
    pub pointer: String,
    /// The bytes.
    pub span: Span,
}

/// A replacement of bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// How a finding can be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the edits do, and which access they grant if they grant any.
    pub what: String,
    /// They change no decision.
    pub safe: bool,
    /// The edits, none of which overlap.
    pub edits: Vec<Edit>,
}

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suppressed {
    /// An ignore of the settings, with its reason.
    Ignored(String),
    /// It is in the baseline.
    Baseline,
}

/// Something that a rule found.
#[derive(Clone)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// How bad, by the rule or by the settings.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// Where, as a path in the file.
    pub pointer: String,
    /// The `Sid` of the statement that it is in.
    pub sid: Option<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// How to mend it.
    pub fix: Option<Fix>,
    /// Why it does not count, if it does not.
    pub suppressed: Option<Suppressed>,
    /// Whose file it is found in, where the settings say so.
    pub owner: Option<String>,
    /// It is told, and makes no command fail.
    pub report_only: bool,
    /// What uses the module that it is found in: `module.sso.aws_iam_policy.legal`.
    pub uses: Vec<String>,
    /// The resource or module that it stands in, by the file.
    pub within: Option<String>,
    /// The text of the policy that it is about, where it is about one that is known.
    pub words: Option<String>,
}

impl Finding {
    /// What orders findings: file, place, rule.
    pub fn sort_key(&self) -> (String, Span, &'static str, String) {
        (self.place.source.path.clone(), self.place.span, self.rule.code, self.message.clone())
    }

    /// What it is found in: `aws_iam_policy.legal`, `Resources.Legal`, `module.sso`; `None` where the file is the policy.
    pub fn address(&self) -> Option<String> {
        let parts: Vec<&str> = self.pointer.split('.').collect();
        let taken = match parts.as_slice() {
            ["resource", ty, name, ..] => [*ty, *name].join("."),
            ["data", ty, name, ..] => ["data", ty, name].join("."),
            ["Resources", name, ..] => format!("Resources.{name}"),
            ["module", name, ..] => format!("module.{name}"),
            _ => return self.within.clone(),
        };
        Some(taken.split('[').next().unwrap_or_default().to_owned())
    }

    /// It counts.
    pub fn is_open(&self) -> bool {
        self.suppressed.is_none()
    }

    /// It counts, and makes a command fail that fails on its severity.
    pub fn may_fail(&self) -> bool {
        self.is_open() && !self.report_only
    }

    /// Says how to mend it, where the document can be edited that way.
    pub fn fix(&mut self, safe: bool, what: impl Into<String>, edits: Option<Vec<Edit>>) {
        // what is not known cannot be written
        self.fix = edits.filter(|e| !e.is_empty() && !e.iter().any(|e| e.text.contains(UNKNOWN))).map(|edits| Fix {
            what: what.into(),
            safe,
            edits,
        });
    }
}

/// A text for people: what is not known is an ellipsis.
fn told(text: String) -> String {
    if text.contains(UNKNOWN) { text.replace(UNKNOWN, "…") } else { text }
}

/// Where a rule puts what it finds.
pub struct Sink<'a> {
    rule: &'static Rule,
    severity: Severity,
    source: &'a Arc<SourceFile>,
    policy: Option<&'a Policy>,
    /// The settings of the run.
    pub settings: &'a settings::Settings,
    found: Vec<Finding>,
}

impl<'a> Sink<'a> {
    /// A sink for one rule and one file.
    pub fn new(
        rule: &'static Rule,
        source: &'a Arc<SourceFile>,
        policy: Option<&'a Policy>,
        settings: &'a settings::Settings,
    ) -> Self {
        Self { rule, severity: settings.severity(rule), source, policy, settings, found: Vec::new() }
    }

    /// A finding at a place; the caller may add a fix.
    pub fn add(&mut self, at: &At, message: impl Into<String>, help: impl Into<String>) -> Option<&mut Finding> {
        let pointer = self.policy.map_or_else(|| at.pointer.clone(), |p| p.pointer_to(&at.pointer));
        let sid = self.policy.and_then(|p| p.sid_at(&at.pointer));
        let severity = self.held(self.severity, at);
        let words = self.policy.filter(|p| p.host == read::Host::Terraform).and_then(|p| p.words_at(&at.pointer));
        self.found.push(Finding {
            rule: self.rule,
            severity,
            place: Place { source: self.source.clone(), span: at.span },
            pointer: told(pointer),
            sid: sid.map(told),
            message: told(message.into()),
            help: told(help.into()),
            fix: None,
            suppressed: None,
            owner: None,
            report_only: false,
            uses: Vec::new(),
            within: None,
            words,
        });
        self.found.last_mut()
    }

    /// A severity as it holds at a place: nothing sends a statement that another takes the place of.
    fn held(&self, severity: Severity, at: &At) -> Severity {
        let is_replaced = self.policy.is_some_and(|p| p.is_replaced_at(&at.pointer));
        if is_replaced { severity.min(Severity::Warning) } else { severity }
    }

    /// The same, of another severity than the rule's, unless the settings give one.
    pub fn add_as(
        &mut self,
        severity: Severity,
        at: &At,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<&mut Finding> {
        let given = self.settings.gives_severity(self.rule);
        let severity = self.held(severity, at);
        let finding = self.add(at, message, help)?;
        if !given {
            finding.severity = severity;
        }
        Some(finding)
    }

    /// A finding for each fault of a kind, with what that says of it; each may get a fix.
    pub fn faults(&mut self, file: &Loaded, kind: FaultKind) -> &mut [Finding] {
        let first = self.found.len();
        for fault in file.faults.iter().filter(|f| f.kind == kind) {
            let at = At { pointer: String::new(), span: fault.span };
            self.add(&at, fault.message.clone(), fault.help.clone());
        }
        self.found.get_mut(first..).unwrap_or_default()
    }

    /// What was found.
    pub fn into_findings(self) -> Vec<Finding> {
        self.found
    }
}
