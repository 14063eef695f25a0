//! The table `[lint]` of `countersign.toml`: which rules, how severe, what is known and why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::{Glob, GlobMatcher};
use serde::Deserialize;
use toml::Spanned;

use super::owners::Owner;
use super::policy::PolicyKind;
use super::profile::Profile;
use super::rules;
use super::{Finding, Rule, Severity, Suppressed};
use crate::aws::catalogue::Catalogue;
use crate::aws::eligibility::Lists;
use crate::inventory::config::{Aws, AwsTable, FILE};
use crate::inventory::limits::{self, Limits};
use crate::inventory::newer;
use crate::moment::{self, Moment};
use crate::problem::{Problem, SourceFile, Span, instead};
use crate::source;
use crate::terms::PermissionModel;

/// What the user says of lint.
#[derive(Debug)]
pub struct Settings {
    /// The moment of the run: ignores end, dates in conditions pass.
    pub at: Moment,
    /// Files and folders that are linted where none are named.
    pub paths: Vec<String>,
    /// The baseline that counts where the command line names none, relative to the folder of the settings.
    pub baseline: Option<String>,
    /// The file that says so.
    pub source: Arc<SourceFile>,
    /// What is ignored.
    pub ignores: Vec<Ignore>,
    /// What is known of AWS's services.
    pub catalogue: Catalogue,
    /// The ARNs of managed policies of AWS's whose documents the settings give.
    pub managed: BTreeSet<String>,
    /// The data of AWS's that takes the place of what is built in.
    pub aws: Aws,
    /// The dated lists of HIPAA eligible services.
    pub eligible: Arc<Lists>,
    /// Whose files are whose; of several that fit, the last one counts.
    pub owners: Vec<Owner>,
    /// Findings are told, and make no command fail, whoever owns the file.
    pub report_only: bool,
    /// The owners of whose files findings are told; everybody's where none is named.
    chosen_owners: Vec<String>,
    /// Which rules are on where `rules` does not say.
    pub profile: Profile,
    exclude: Vec<GlobMatcher>,
    kinds: Vec<(GlobMatcher, PolicyKind)>,
    rules: BTreeMap<&'static str, RuleSettings>,
    /// Deprecated permissions grant nothing: `permissionModel = "fine-grained"` (D28).
    pub strict: bool,
    /// Limits of what is read: `[limits]`.
    pub limits: Limits,
}

/// What the user says of a rule.
#[derive(Debug, Default)]
struct RuleSettings {
    /// `None`: as the rule says. `Some(None)`: off.
    severity: Option<Option<Severity>>,
    /// The user gave the severity.
    given: bool,
    words: Option<Vec<String>>,
    limits: BTreeMap<String, usize>,
}

/// Findings that are known, and why they stay.
#[derive(Debug)]
pub struct Ignore {
    /// The rule's code.
    pub rule: &'static str,
    file: Option<GlobMatcher>,
    sid: Option<String>,
    pointer: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it counts.
    pub until: Option<(String, Moment)>,
    /// Where it is said.
    pub span: Span,
}

#[derive(Deserialize, Default)]
struct AwsOnly {
    #[serde(default)]
    aws: AwsTable,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct File {
    /// Checked by [`crate::inventory::config`].
    permission_model: Option<String>,
    #[serde(default)]
    lint: Table,
    /// Checked by [`crate::inventory::config`], where there is an inventory.
    #[serde(default)]
    limits: limits::Table,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Table {
    #[serde(default)]
    paths: Vec<String>,
    baseline: Option<String>,
    profile: Option<Spanned<String>>,
    #[serde(default)]
    exclude: Vec<Spanned<String>>,
    #[serde(default)]
    kinds: BTreeMap<Spanned<String>, PolicyKind>,
    #[serde(default)]
    rules: BTreeMap<Spanned<String>, OneRule>,
    #[serde(default)]
    ignore: Vec<Spanned<OneIgnore>>,
    #[serde(default)]
    owners: Vec<OneOwner>,
    #[serde(default)]
    report_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OneOwner {
    name: String,
    paths: Vec<Spanned<String>>,
    #[serde(default)]
    report_only: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneRule {
    Word(String),
    Options(Options),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    severity: Option<String>,
    words: Option<Vec<String>>,
    #[serde(default)]
    limits: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a table with `rule` and `reason`, such as { rule = \"CS101\", reason = \"…\" }"
)]
struct OneIgnore {
    rule: Spanned<String>,
    file: Option<Spanned<String>>,
    sid: Option<String>,
    pointer: Option<String>,
    reason: Option<String>,
    until: Option<Spanned<toml::Value>>,
}

impl Settings {
    /// Every rule as it is.
    pub fn none(at: Moment) -> Self {
        Self {
            at,
            paths: Vec::new(),
            baseline: None,
            source: SourceFile::new(FILE, ""),
            ignores: Vec::new(),
            catalogue: Catalogue::built_in(),
            managed: BTreeSet::new(),
            aws: Aws::default(),
            eligible: Lists::built_in(),
            owners: Vec::new(),
            report_only: false,
            chosen_owners: Vec::new(),
            profile: Profile::default(),
            exclude: Vec::new(),
            kinds: Vec::new(),
            rules: BTreeMap::new(),
            strict: false,
            limits: Limits::default(),
        }
    }

    /// Reads `countersign.toml` of a folder, if it is there.
    pub fn read(files: &dyn source::Source, at: Moment) -> Result<Self, Vec<Problem>> {
        if !files.has(FILE) {
            return Ok(Self::none(at));
        }
        let source = source::text(files, FILE).map_err(|p| vec![p])?;
        let mut settings = Self::parse(&source, at)?;
        let mut problems = Vec::new();
        let table: AwsOnly = toml::from_str(&source.text).unwrap_or_default();
        let named = table.aws.read(&source, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        settings.catalogue = newer::catalogue(files, &named)?;
        settings.eligible = newer::eligible(files, &named)?.0;
        settings.managed = newer::documents(files, &named, &mut problems).into_keys().collect();
        settings.aws = named;
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(settings)
    }

    /// Reads the text of `countersign.toml`.
    pub fn parse(source: &Arc<SourceFile>, at: Moment) -> Result<Self, Vec<Problem>> {
        let file: File = toml::from_str(&source.text).map_err(|e| {
            let span = e.span().map_or(Span::default(), Span::from);
            let help =
                "[lint] may have paths, baseline, profile, exclude, kinds, rules, ignore, owners and reportOnly; see docs/lint.md";
            vec![Problem::at(source, span, e.message().lines().next().unwrap_or("invalid").to_owned()).help(help)]
        })?;
        let mut reader = Reader { source, problems: Vec::new() };
        let limits = Limits::read(file.limits, source, &mut reader.problems);
        let mut settings = Self {
            source: source.clone(),
            paths: file.lint.paths,
            baseline: file.lint.baseline,
            report_only: file.lint.report_only,
            limits,
            ..Self::none(at)
        };
        settings.strict = file.permission_model.as_deref() == Some(PermissionModel::FineGrained.word());
        settings.profile = file.lint.profile.and_then(|p| reader.profile(&p)).unwrap_or_default();
        settings.exclude = file.lint.exclude.iter().filter_map(|g| reader.glob(g)).collect();
        for (pattern, kind) in file.lint.kinds {
            settings.kinds.extend(reader.glob(&pattern).map(|g| (g, kind)));
        }
        for (name, options) in file.lint.rules {
            if let Some(rule) = reader.rule(&name) {
                settings.rules.insert(rule.code, reader.options(&name, options));
            }
        }
        settings.owners = file.lint.owners.into_iter().map(|o| reader.owner(o)).collect();
        settings.ignores = file.lint.ignore.into_iter().filter_map(|i| reader.ignore(i)).collect();
        if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
    }

    /// Switches a rule on, as the command line may.
    pub fn switch_on(&mut self, rule: &'static Rule) {
        self.rules.entry(rule.code).or_default().severity = Some(Some(rule.severity));
    }

    /// Only these rules are on.
    pub fn only(&mut self, chosen: &[&'static Rule]) {
        for rule in rules::all() {
            let on = chosen.iter().any(|c| c.code == rule.code);
            let severity = self.severity(rule);
            self.rules.entry(rule.code).or_default().severity = Some(on.then_some(severity));
        }
    }

    /// Whether a rule is on.
    pub fn is_on(&self, rule: &Rule) -> bool {
        match self.rules.get(rule.code).and_then(|s| s.severity) {
            Some(severity) => severity.is_some(),
            None => self.profile.has(rule),
        }
    }

    /// How severe what a rule finds is.
    pub fn severity(&self, rule: &Rule) -> Severity {
        self.rules.get(rule.code).and_then(|s| s.severity).flatten().unwrap_or(rule.severity)
    }

    /// Whether the user says how severe what a rule finds is.
    pub fn gives_severity(&self, rule: &Rule) -> bool {
        self.rules.get(rule.code).is_some_and(|s| s.given)
    }

    /// The words of a rule that has some.
    pub fn words<'a>(&'a self, code: &str, default: &'a [&'a str]) -> Vec<&'a str> {
        let own = self.rules.get(code).and_then(|s| s.words.as_ref());
        own.map_or_else(|| default.to_vec(), |w| w.iter().map(String::as_str).collect())
    }

    /// A limit of a rule that has some.
    pub fn limit(&self, code: &str, name: &str) -> Option<usize> {
        self.rules.get(code).and_then(|s| s.limits.get(name)).copied()
    }

    /// The patterns of files that are left out, as they are written.
    pub fn excluded(&self) -> impl Iterator<Item = &str> {
        self.exclude.iter().map(|g| g.glob().glob())
    }

    /// The kinds that files are said to have, by their patterns.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, PolicyKind)> {
        self.kinds.iter().map(|(g, kind)| (g.glob().glob(), *kind))
    }

    /// The limits that a rule is told, by their names.
    pub fn limits_of(&self, rule: &Rule) -> BTreeMap<String, usize> {
        self.rules.get(rule.code).map(|s| s.limits.clone()).unwrap_or_default()
    }

    /// Whether a file is left out.
    pub fn excludes(&self, path: &str) -> bool {
        self.exclude.iter().any(|g| g.is_match(path))
    }

    /// The kind that a file's policies are said to have.
    pub fn kind(&self, path: &str) -> Option<PolicyKind> {
        self.kinds.iter().find(|(g, _)| g.is_match(path)).map(|(_, k)| *k)
    }

    /// Whose file it is: of several owners that fit, the last one.
    fn owner_of(&self, path: &str) -> Option<&Owner> {
        self.owners.iter().rfind(|o| o.owns(path))
    }

    /// Tells only what is found in the files of this owner, and of others that are chosen. Whether there is one of this name.
    pub fn choose_owner(&mut self, name: &str) -> bool {
        self.chosen_owners.push(name.to_owned());
        self.owners.iter().any(|o| o.name == name)
    }

    /// Whether what is found in this file is told.
    pub fn tells(&self, path: &str) -> bool {
        self.tells_all() || self.owner_of(path).is_some_and(|o| self.chosen_owners.contains(&o.name))
    }

    /// Whether what is found is told whoever owns it.
    pub fn tells_all(&self) -> bool {
        self.chosen_owners.is_empty()
    }

    /// Says of each finding whose file it is in.
    pub fn assign(&self, findings: &mut [Finding]) {
        for finding in findings {
            finding.report_only = self.report_only;
            if let Some(owner) = self.owner_of(&finding.place.source.path) {
                finding.owner = Some(owner.name.clone());
                finding.report_only |= owner.report_only;
            }
        }
    }

    /// Marks what is ignored; the indices of the ignores that matched something.
    pub fn suppress(&self, findings: &mut [Finding]) -> Vec<usize> {
        let mut matched = Vec::new();
        for finding in findings {
            for (index, ignore) in self.ignores.iter().enumerate() {
                if ignore.matches(finding) {
                    matched.push(index);
                    if !ignore.is_over(self.at) {
                        finding.suppressed.get_or_insert(Suppressed::Ignored(ignore.reason.clone()));
                    }
                }
            }
        }
        matched
    }
}

impl Ignore {
    fn matches(&self, finding: &Finding) -> bool {
        let within = |pointer: &String| {
            let rest = finding.pointer.strip_prefix(pointer.as_str());
            rest.is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
        };
        self.rule == finding.rule.code
            && self.file.as_ref().is_none_or(|g| g.is_match(&finding.place.source.path))
            && self.sid.as_ref().is_none_or(|s| finding.sid.as_ref() == Some(s))
            && self.pointer.as_ref().is_none_or(within)
    }

    /// Whether it speaks of a file, by the pattern that it gives; `None` where it gives none.
    pub fn is_of(&self, path: &str) -> Option<bool> {
        self.file.as_ref().map(|g| g.is_match(path))
    }

    /// Its last day has passed.
    pub fn is_over(&self, at: Moment) -> bool {
        const DAY: chrono::Duration = chrono::Duration::days(1);
        self.until.as_ref().is_some_and(|(_, until)| at >= *until + DAY)
    }
}

struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn error(&mut self, range: std::ops::Range<usize>, message: String, help: &str) {
        let span = Span { start: range.start, end: range.end };
        self.problems.push(Problem::at(self.source, span, message).help(help));
    }

    fn glob(&mut self, pattern: &Spanned<String>) -> Option<GlobMatcher> {
        match Glob::new(pattern.get_ref()) {
            Ok(glob) => Some(glob.compile_matcher()),
            Err(e) => {
                self.error(
                    pattern.span(),
                    format!("this is not a valid pattern: {}", e.kind()),
                    "write \"scp/**\" or \"*.json\"",
                );
                None
            }
        }
    }

    fn rule(&mut self, name: &Spanned<String>) -> Option<&'static Rule> {
        let found = rules::by_code(name.get_ref());
        if found.is_none() {
            let known = rules::all().iter().flat_map(|r| [r.code, r.name]);
            let help = instead(name.get_ref(), known, "`countersign show rules` lists them");
            self.error(name.span(), format!("there is no rule `{}`", name.get_ref()), &help);
        }
        found
    }

    fn owner(&mut self, owner: OneOwner) -> Owner {
        let paths = owner.paths.iter().filter_map(|p| self.glob(p)).collect();
        Owner { name: owner.name, report_only: owner.report_only, paths }
    }

    fn profile(&mut self, name: &Spanned<String>) -> Option<Profile> {
        let found = Profile::ALL.into_iter().find(|p| p.word() == name.get_ref());
        if found.is_none() {
            let words = Profile::ALL.map(Profile::word);
            let help = instead(name.get_ref(), words, format!("the profiles are {}", words.join(", ")));
            self.error(name.span(), format!("there is no profile `{}`", name.get_ref()), &help);
        }
        found
    }

    fn severity(&mut self, name: &Spanned<String>, word: &str) -> Option<Option<Severity>> {
        match word {
            "off" => Some(None),
            "error" => Some(Some(Severity::Error)),
            "warning" => Some(Some(Severity::Warning)),
            "info" => Some(Some(Severity::Info)),
            other => {
                let message = format!("`{other}` is not a valid severity");
                self.error(name.span(), message, "write \"error\", \"warning\", \"info\" or \"off\"");
                None
            }
        }
    }

    fn options(&mut self, name: &Spanned<String>, options: OneRule) -> RuleSettings {
        match options {
            OneRule::Word(word) => {
                RuleSettings { severity: self.severity(name, &word), given: true, ..RuleSettings::default() }
            }
            OneRule::Options(options) => RuleSettings {
                given: options.severity.is_some(),
                severity: options.severity.and_then(|w| self.severity(name, &w)),
                words: options.words,
                limits: options.limits,
            },
        }
    }

    fn ignore(&mut self, ignore: Spanned<OneIgnore>) -> Option<Ignore> {
        let ignore = ignore.into_inner();
        let rule = self.rule(&ignore.rule)?;
        let reason = ignore.reason.as_deref().map(str::trim).filter(|r| !r.is_empty());
        let Some(reason) = reason else {
            self.error(ignore.rule.span(), "this ignore has no reason".to_owned(), "add reason = \"…\"");
            return None;
        };
        let until = match &ignore.until {
            None => None,
            Some(value) => {
                let text = match value.get_ref() {
                    toml::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let Some(moment) = moment::parse(&text) else {
                    self.error(value.span(), format!("`{text}` is not a valid day"), "write until = 2027-01-31");
                    return None;
                };
                Some((text, moment))
            }
        };
        Some(Ignore {
            rule: rule.code,
            file: ignore.file.as_ref().and_then(|g| self.glob(g)),
            sid: ignore.sid,
            pointer: ignore.pointer,
            reason: reason.to_owned(),
            until,
            span: Span::from(ignore.rule.span()),
        })
    }
}
