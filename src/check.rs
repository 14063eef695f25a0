//! Everything that a gate asks of an inventory: findings, lint, guardrails, expectations and what a change does, as facts.
//! [`report::check`](crate::report::check) has the words.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use countersign_core::assessment::Assessment;
use countersign_core::assessment::completeness::Gap;
use countersign_core::diff::Diff;
use countersign_core::diff::differences::FindingChange;
use countersign_core::expectations::run::Case;
use countersign_core::finding::{Finding, Severity};
use countersign_core::guardrails::GuardrailResult as Guarded;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::entity::Uid;
use countersign_core::lint::gains::PolicyGains;
use countersign_core::lint::run::LintOutcome;
use countersign_core::policies::RuleBook;
use countersign_core::policies::operations::Catalogue;
use countersign_core::problem::{Place, Problem, Span};
use countersign_core::promises::Weakening;

/// A part of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What the change does, against a base; reports call it the change.
    Diff,
    /// The expectations kept beside the inventory.
    Expectations,
    /// The guardrails.
    Guardrails,
    /// Coverage, PHI, access: the findings of `evaluate`, and warnings about the files.
    Findings,
    /// What was not collected.
    Completeness,
    /// The policies, by the rules of lint.
    Lint,
    /// What the change weakens of what changes are checked by.
    Weakening,
}

/// What a check tells beside findings, rules of lint and guardrails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A warning about a file of the inventory.
    Inventory,
    /// An expectation that is not met.
    Expectation,
    /// Coverage that a change gains or loses.
    CoverageChange,
    /// An operation that a change gives or takes.
    AccessChange,
    /// Requests that a change newly allows.
    NewAccess,
    /// A finding that a change brings.
    NewFinding,
    /// A change of the rules.
    RulesChange,
    /// Something that was not collected.
    NotCollected,
    /// A promise that the change takes away or makes easier to keep.
    Weakening,
}

impl Told {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Inventory,
        Self::Expectation,
        Self::CoverageChange,
        Self::AccessChange,
        Self::NewAccess,
        Self::NewFinding,
        Self::RulesChange,
        Self::NotCollected,
        Self::Weakening,
    ];

    /// The code that it is printed with.
    pub fn code(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Expectation => "expectation",
            Self::CoverageChange => "coverage-change",
            Self::AccessChange => "access-change",
            Self::NewAccess => "new-access",
            Self::NewFinding => "new-finding",
            Self::RulesChange => "rules-change",
            Self::NotCollected => "not-collected",
            Self::Weakening => "weakening",
        }
    }

    /// The name that stands beside its code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expectation => "expectation-not-met",
            other => other.code(),
        }
    }

    /// What it means, and what to do.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Inventory => {
                "A warning about a file of the inventory: something in it has no effect, or is probably not meant. Correct the \
                 file, or exclude it in countersign.toml."
            }
            Self::Expectation => {
                "An expectation of a *.expect.toml file is not met. Fix what changed, or correct the expectation \
                 (docs/expectations.md)."
            }
            Self::CoverageChange => {
                "The change alters which agreement covers an account. A loss is an error unless [[diff.allow]] of \
                 countersign.toml excepts it with a reason (docs/diff.md)."
            }
            Self::AccessChange => {
                "The change alters what a principal may do in AWS Artifact. What widens access is an error unless \
                 [[diff.allow]] of countersign.toml excepts it with a reason (docs/diff.md)."
            }
            Self::NewAccess => {
                "The change lets a request succeed that did not before, for any action: witnesses are shown with it, or why \
                 this cannot be told. It is an error unless [[diff.allow]] excepts it with `anyRequest` (docs/diff.md)."
            }
            Self::NotCollected => {
                "Something of AWS was not collected, and what rests on it is unknown: others may be there who are not listed, for \
                 one. `countersign show completeness` names the calls that would tell it; `check --require-complete` fails \
                 on it (docs/completeness.md)."
            }
            Self::Weakening => {
                "The change takes away, or makes easier to keep, what changes are checked by: a guardrail, an expectation, an \
                 exception, a setting, a rule. What the target of the change promises still judges it. It passes only if \
                 --accept-change gives the digest of exactly these weakenings, from outside of the change (docs/security.md)."
            }
            Self::NewFinding => {
                "The change brings a finding that the base does not have. `countersign show rule` explains the finding's own \
                 code."
            }
            Self::RulesChange => {
                "The change alters the rules themselves: [rules] of countersign.toml, or a file of the folder that it names. The \
                 rules of the base judge the change, so that it cannot hide what they find; what the new rules would find instead \
                 is told with it (docs/pull-request.md)."
            }
        }
    }
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing fails.
    Passed,
    /// Something does.
    Failed,
    /// There was nothing to check, and why.
    Skipped(String),
}

/// A part, and what became of it.
#[derive(Clone, Debug)]
pub struct Done {
    /// Which.
    pub part: Part,
    /// What became of it.
    pub state: State,
}

/// What was found about the inventory.
pub enum Found {
    /// A warning about its files.
    Warning(Problem),
    /// A finding of `evaluate`, and where its subject stands, if it stands in a file.
    Finding(Finding, Option<Place>),
}

impl Found {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Warning(problem) if problem.is_error() => Severity::Error,
            Self::Warning(_) => Severity::Warning,
            Self::Finding(finding, _) => finding.severity,
        }
    }
}

/// A check.
#[derive(Default)]
pub struct Checked {
    /// The moment asked.
    pub at: String,
    /// What is taken for granted of it.
    pub assuming: Vec<String>,
    /// The folder of the inventory, as the user named it.
    pub folder: String,
    /// Its path in the repository, or as the user named it where there is none; empty at the top.
    pub root: String,
    /// It is one of several inventories that are checked.
    pub among_others: bool,
    /// What it was compared with.
    pub base: Option<String>,
    /// The least severity that fails.
    pub fail_on: Option<Severity>,
    /// What became of each part.
    pub parts: Vec<Done>,
    /// What `evaluate` found, and warnings about the files.
    pub findings: Vec<Found>,
    /// What lint found.
    pub lint: Option<LintOutcome>,
    /// What became of the guardrails.
    pub guardrails: Vec<Guarded>,
    /// What became of the expectations.
    pub expectations: Vec<Case>,
    /// What the change does.
    pub diff: Option<Diff>,
    /// What it does besides, with the settings of its target: their name, and the differences.
    pub by_settings: Option<(String, Diff)>,
    /// What it weakens of what changes are checked by.
    pub weakening: Option<WeakeningReport>,
    /// What the policies of the change say more than those of its base.
    pub gains: Vec<PolicyGains>,
    /// What the change does to the rules; `None` where they are those of the base.
    pub rules: Option<RulesChange>,
    /// What was not collected.
    pub gaps: Vec<Gap>,
    /// What was not collected fails the check.
    pub require_complete: bool,
}

/// What a change weakens of what changes are checked by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WeakeningReport {
    /// The version whose settings hold.
    pub target: String,
    /// Why there are no settings to hold the change to: it is a first adoption.
    pub adoption: Option<String>,
    /// Each promise that is weaker.
    pub entries: Vec<Weakening>,
    /// What names exactly these; `None` where there are none.
    pub digest: Option<String>,
    /// They were accepted from outside of the change: its own settings alone judge it.
    pub accepted: bool,
}

impl WeakeningReport {
    /// A change before which there was nothing.
    pub fn adoption(why: &str) -> Self {
        Self { adoption: Some(why.to_owned()), ..Self::default() }
    }
}

/// A change of the rules, which are judged by those of the base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RulesChange {
    /// Ids of policies that the base does not have.
    pub added: Vec<String>,
    /// Ids of policies that stand in both, with another text.
    pub changed: Vec<String>,
    /// Ids of policies that the base has only.
    pub removed: Vec<String>,
    /// Names of operations and calls that one of both alone has, or that differ.
    pub operations: Vec<String>,
    /// What is found by the rules of the base only.
    pub no_longer_found: Vec<RuleFinding>,
    /// What is found by the new rules only.
    pub newly_found: Vec<RuleFinding>,
}

/// A finding that one set of rules makes and another does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleFinding {
    /// Its code.
    pub rule: String,
    /// What it is about.
    pub subject: String,
}

impl RulesChange {
    /// What a change of the rules does to what is found in one inventory.
    pub fn new(base: &RuleBook, head: &RuleBook, by_base: &Assessment, by_head: &Assessment) -> Self {
        let text = |book: &RuleBook, id: &str| book.rules.get(id).map(|r| r.source.slice(r.span).to_owned());
        let only = |one: &RuleBook, other: &RuleBook| -> Vec<String> {
            one.rules.keys().filter(|id| !other.rules.contains_key(*id)).cloned().collect()
        };
        let changed = |id: &&String| text(head, id).is_some_and(|new| text(base, id) != Some(new));
        let found = |assessment: &Assessment| -> BTreeSet<RuleFinding> {
            let finding = |f: &Finding| RuleFinding { rule: f.rule.clone(), subject: f.subject.clone() };
            assessment.findings.iter().map(finding).collect()
        };
        let (before, after) = (found(by_base), found(by_head));
        Self {
            added: only(head, base),
            changed: base.rules.keys().filter(changed).cloned().collect(),
            removed: only(base, head),
            operations: differing(&base.operations, &head.operations),
            no_longer_found: before.difference(&after).cloned().collect(),
            newly_found: after.difference(&before).cloned().collect(),
        }
    }
}

/// The names of operations and calls of which two catalogues do not say the same.
fn differing(one: &Catalogue, other: &Catalogue) -> Vec<String> {
    let contents = |catalogue: &Catalogue| -> BTreeMap<String, String> {
        catalogue.entries().map(|entry| (entry.name.to_owned(), entry.content())).collect()
    };
    let (one, other) = (contents(one), contents(other));
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

impl Checked {
    /// A file of the inventory, by its path in the repository.
    pub fn path(&self, file: &str) -> String {
        let mut parts: Vec<&str> = self.root.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
        for part in file.split('/').filter(|p| !p.is_empty() && *p != ".") {
            match part {
                ".." if parts.last().is_some_and(|p| *p != "..") => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        if self.root.starts_with('/') { format!("/{path}") } else { path }
    }

    /// Nothing fails.
    pub fn passed(&self) -> bool {
        self.parts.iter().all(|p| p.state != State::Failed)
    }

    /// Nothing was there to check.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|p| matches!(p.state, State::Skipped(_)))
    }

    /// Whether a severity fails the check.
    pub fn fails(&self, severity: Severity) -> bool {
        self.fail_on.is_some_and(|limit| severity >= limit)
    }

    /// A part that was not checked, and why.
    pub fn skip(&mut self, part: Part, why: impl Into<String>) {
        self.parts.push(Done { part, state: State::Skipped(why.into()) });
    }

    fn done(&mut self, part: Part, failed: bool) {
        let state = if failed { State::Failed } else { State::Passed };
        self.parts.push(Done { part, state });
    }

    /// What `evaluate` finds, and warnings about the files and about the rules that it was asked of.
    pub fn add_findings(&mut self, inventory: &Inventory, rules: &RuleBook, findings: &[Finding]) {
        let found = |f: &Finding| Found::Finding(f.clone(), subject(inventory, &f.subject));
        let warnings = inventory.warnings.iter().chain(&rules.warnings).cloned();
        self.findings = warnings.chain(rules.unknown_names(inventory)).map(Found::Warning).collect();
        self.findings.extend(findings.iter().map(found));
        self.done(Part::Findings, self.findings.iter().any(|f| self.fails(f.severity())));
    }

    /// What was not collected: told where something is missing, or where everything is required.
    pub fn add_completeness(&mut self, gaps: Vec<Gap>, asked: bool) {
        if asked || self.require_complete || !gaps.is_empty() {
            self.done(Part::Completeness, self.require_complete && !gaps.is_empty());
        }
        self.gaps = gaps;
    }

    /// What lint found.
    pub fn add_lint(&mut self, outcome: LintOutcome) {
        self.done(Part::Lint, outcome.findings.iter().any(|f| f.may_fail() && self.fails(f.severity)));
        self.lint = Some(outcome);
    }

    /// What became of the guardrails. Unknown never passes a gate.
    pub fn add_guardrails(&mut self, mut outcomes: Vec<Guarded>) {
        for guarded in &mut outcomes {
            guarded.file = self.path(&guarded.file);
        }
        self.done(Part::Guardrails, outcomes.iter().any(|o| o.is_open() && self.fails(o.severity)));
        self.guardrails = outcomes;
    }

    /// What became of the expectations.
    pub fn add_expectations(&mut self, cases: Vec<Case>) {
        self.done(Part::Expectations, cases.iter().any(|c| !c.passed()));
        self.expectations = cases;
    }

    /// What the change does, and what it does besides with the settings of its target.
    pub fn add_diff(&mut self, base: String, diff: Diff, by_settings: Option<(String, Diff)>) {
        let located = |mut diff: Diff| {
            diff.changes.iter_mut().for_each(|c| c.piece.file = self.path(&c.piece.file));
            diff
        };
        let (diff, by_settings) = (located(diff), by_settings.map(|(name, diff)| (name, located(diff))));
        let is_worse = |diff: &Diff| self.adds_findings(diff) || !diff.verdict.is_clean();
        let failed = is_worse(&diff) || by_settings.as_ref().is_some_and(|(_, diff)| is_worse(diff));
        self.done(Part::Diff, failed);
        self.base = Some(base);
        self.diff = Some(diff);
        self.by_settings = by_settings;
    }

    /// What the change weakens: a failure unless it was accepted.
    pub fn add_weakening(&mut self, mut report: WeakeningReport) {
        for entry in &mut report.entries {
            entry.file = entry.file.as_ref().map(|file| self.path(file));
        }
        self.done(Part::Weakening, !report.entries.is_empty() && !report.accepted);
        self.weakening = Some(report);
    }

    /// Nothing fails but that the change weakens what changes are checked by.
    pub fn only_weakens(&self) -> bool {
        let failed = |part: &Done| part.state == State::Failed;
        self.parts.iter().any(failed) && self.parts.iter().filter(|p| failed(p)).all(|p| p.part == Part::Weakening)
    }

    /// A change adds a finding that fails the check.
    pub fn adds_findings(&self, diff: &Diff) -> bool {
        diff.findings.iter().any(|f| f.change == FindingChange::New && self.fails(f.severity))
    }
}

/// Where the subject of a finding stands.
fn subject(inventory: &Inventory, subject: &str) -> Option<Place> {
    let entity = |ty: &str, id: &str| inventory.entities.get(&Uid::new(ty, id));
    let found = if let Some(rest) = subject.strip_prefix("account ") {
        entity("Account", rest.split(' ').next().unwrap_or(rest))
    } else if let Some(id) = subject.strip_prefix("organization ") {
        entity("Organization", id)
    } else if let Some(source) = inventory.unused.iter().find(|s| s.path == subject) {
        return Some(Place { source: source.clone(), span: Span { start: 0, end: 1 } });
    } else {
        let own = ["User", "Role", "Root", "Group", "IamPolicy"].iter().find_map(|ty| entity(ty, subject));
        // a root user, or the role of a permission set, that is not declared stands with its account
        own.or_else(|| entity("Account", subject.split(':').nth(4)?))
    };
    found.filter(|e| !e.built_in).map(|e| Place { source: e.source.clone(), span: e.span })
}
