//! Expectations: what must hold, kept beside the inventory in `*.expect.toml`.
//!
//! [`read`](Suite::read) reads them, [`run`] holds them against assessments, [`record`] writes a first set from what holds
//! now.

pub mod record;
pub mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::aws::keys;
use crate::inventory::config::Exclude;
use crate::moment::{self, Moment};
use crate::naming;
use crate::policies::operations::Catalogue;
use crate::problem::{Failure, Place, Problem, SourceFile, Span, Unknown, did_you_mean};
use crate::source::{self, Hidden};
use crate::terms::{Coverage, Decision, Scope};

/// The end of the names of files with expectations.
pub const SUFFIX: &str = ".expect.toml";

/// All expectations of an inventory.
#[derive(Debug, Default)]
pub struct Suite {
    /// In the order of files and places.
    pub expectations: Vec<Expectation>,
    /// Files that are not read, although their names are almost those of expectations.
    pub warnings: Vec<Problem>,
}

/// One expectation.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Where it stands.
    pub place: Place,
    /// What to call it, if it says so.
    pub name: Option<String>,
    /// The moment that it is about; that of the run where it names none.
    pub at: Option<Moment>,
    /// Condition keys that it settles, in lower case.
    pub context: BTreeMap<String, Vec<String>>,
    /// It is about what principals are permitted, whatever agreements are in force.
    pub any_state: bool,
    /// What is expected.
    pub of: Expected,
}

/// What is expected.
#[derive(Clone, Debug)]
pub enum Expected {
    /// Of principals.
    Access(Access),
    /// Of accounts.
    Coverage(Governed),
    /// That nobody but these may.
    Only(Only),
}

/// An operation, and on what; what is left out is not narrowed to.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `accept-agreement`, …
    pub operation: &'static str,
    /// For what it is asked.
    pub scope: Option<Scope>,
    /// The kind of agreement.
    pub agreement: Option<String>,
    /// The id of a report.
    pub report: Option<String>,
    /// Account numbers; all where there are none.
    pub accounts: Vec<String>,
}

/// These principals may, or may not.
#[derive(Clone, Debug)]
pub struct Access {
    /// Names, ARNs, or patterns with `*`.
    pub principals: Vec<String>,
    /// What is asked.
    pub asked: Asked,
    /// What is expected.
    pub decision: Decision,
    /// What the console shows for the denial, or its reason.
    pub message: Option<String>,
}

/// These accounts are covered, or are not.
#[derive(Clone, Debug)]
pub struct Governed {
    /// Account numbers; all where there are none.
    pub accounts: Vec<String>,
    /// The kind of agreement.
    pub agreement: String,
    /// What is expected.
    pub coverage: Coverage,
    /// The scope of the agreement that governs.
    pub scope: Option<Scope>,
    /// The id of the agreement that governs.
    pub by: Option<String>,
}

/// Nobody but these may.
#[derive(Clone, Debug)]
pub struct Only {
    /// Names, ARNs, or patterns with `*`.
    pub principals: Vec<String>,
    /// What is asked.
    pub asked: Asked,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    access: Vec<toml::Spanned<AccessTable>>,
    #[serde(default)]
    coverage: Vec<toml::Spanned<CoverageTable>>,
    #[serde(default)]
    only: Vec<toml::Spanned<OnlyTable>>,
}

/// A text or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessTable {
    name: Option<String>,
    principal: Texts,
    operation: String,
    scope: Option<String>,
    agreement: Option<String>,
    report: Option<String>,
    account: Option<Texts>,
    expect: Decision,
    message: Option<String>,
    state: Option<String>,
    at: Option<toml::Value>,
    #[serde(default)]
    context: BTreeMap<String, toml::Spanned<Texts>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CoverageTable {
    name: Option<String>,
    account: Option<Texts>,
    agreement: String,
    expect: Coverage,
    scope: Option<String>,
    by: Option<String>,
    at: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlyTable {
    name: Option<String>,
    principal: Texts,
    operation: String,
    scope: Option<String>,
    agreement: Option<String>,
    report: Option<String>,
    account: Option<Texts>,
    state: Option<String>,
    at: Option<toml::Value>,
    #[serde(default)]
    context: BTreeMap<String, toml::Spanned<Texts>>,
}

const HELP: &str = "it may have the tables [[access]] (principal, operation, expect), [[coverage]] (agreement, expect) and [[only]] \
    (principal, operation)";

impl Suite {
    /// The expectations of all `*.expect.toml` files of a folder.
    pub fn read(files: &dyn source::Source, exclude: &Exclude, operations: &Catalogue) -> Result<Self, Failure> {
        let mut suite = Self::default();
        let mut problems = Vec::new();
        for name in files.list("", Hidden::Files, &mut problems) {
            if exclude.excludes(&name, &mut Vec::new()) {
                continue;
            }
            let hidden = source::is_hidden(&name);
            if hidden || !name.to_ascii_lowercase().ends_with(SUFFIX) {
                suite.warnings.extend(unread(&name, hidden));
                continue;
            }
            match source::text(files, &name) {
                Ok(source) => suite.expectations.extend(parse(&source, operations, &mut problems)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(suite) } else { Err(Failure::Problems(problems)) }
    }
}

/// A warning about a file whose name is almost that of expectations: what it expects is not checked.
fn unread(name: &str, hidden: bool) -> Option<Problem> {
    let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let ends = |end: &str| file.ends_with(end);
    let is_meant = (hidden && ends(SUFFIX)) || (!hidden && file.contains("expect") && (ends(".toml") || ends(".tml")));
    let why = if hidden { "it is hidden" } else { "its name does not end in .expect.toml" };
    is_meant
        .then(|| Problem::about(name, format!("{name} is not read: {why}")).help("rename it, or exclude it").warning())
}

/// The expectations of a file; what is wrong goes to `problems`.
pub fn parse(source: &Arc<SourceFile>, operations: &Catalogue, problems: &mut Vec<Problem>) -> Vec<Expectation> {
    let file: File = match toml::from_str(&source.text) {
        Ok(file) => file,
        Err(e) => {
            let span = e.span().map_or(Span::default(), Span::from);
            let message = e.message().lines().next().unwrap_or("invalid").to_owned();
            problems.push(Problem::at(source, span, message).help(HELP));
            return Vec::new();
        }
    };
    let mut reader = Reader { source, operations, problems };
    let mut all: Vec<Expectation> = Vec::new();
    all.extend(file.access.into_iter().filter_map(|t| reader.access(t)));
    all.extend(file.coverage.into_iter().filter_map(|t| reader.coverage(t)));
    all.extend(file.only.into_iter().filter_map(|t| reader.only(t)));
    all.sort_by_key(|e| e.place.span);
    all
}

struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    operations: &'a Catalogue,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Span, message: String, help: &str) {
        self.problems.push(Problem::at(self.source, span, message).help(help));
    }

    fn place<T>(&self, table: &toml::Spanned<T>) -> Place {
        Place { source: self.source.clone(), span: Span::from(table.span()) }
    }

    fn context(&mut self, context: BTreeMap<String, toml::Spanned<Texts>>) -> BTreeMap<String, Vec<String>> {
        let mut settled = BTreeMap::new();
        for (key, texts) in context {
            let span = Span::from(texts.span());
            let values: Vec<String> = texts.into_inner().list().into_iter().filter(|t| !t.is_empty()).collect();
            for fault in keys::values::faults(&key, &values) {
                self.wrong(span, fault.message, &fault.help);
            }
            settled.insert(key.to_ascii_lowercase(), values);
        }
        settled
    }

    fn moment(&mut self, at: Option<toml::Value>, span: Span) -> Option<Option<Moment>> {
        let text = match at {
            None => return Some(None),
            Some(toml::Value::String(text)) => text,
            Some(other) => other.to_string(),
        };
        let moment = moment::parse(&text);
        if moment.is_none() {
            self.wrong(
                span,
                format!("`{text}` is not a valid date or time"),
                "write 2026-11-21 or \"2026-11-21T09:00:00Z\"",
            );
        }
        moment.map(Some)
    }

    fn scope(&mut self, scope: Option<String>, span: Span) -> Option<Option<Scope>> {
        let Some(word) = scope else {
            return Some(None);
        };
        let scope = Scope::named(&word);
        if scope.is_none() {
            let near = did_you_mean(&word, Scope::NARROW_FIRST.map(Scope::word)).unwrap_or("account");
            self.wrong(span, format!("there is no scope `{word}`"), &format!("write {near}"));
        }
        scope.map(Some)
    }

    /// `state = "any"`; what is left out is the state that the inventory tells.
    fn any_state(&mut self, state: Option<String>, span: Span) -> Option<bool> {
        match state.as_deref() {
            None => Some(false),
            Some("any") => Some(true),
            Some(other) => {
                let help = "write state = \"any\", or leave it out for that of the inventory";
                self.wrong(span, format!("there is no state `{other}`"), help);
                None
            }
        }
    }

    fn asked(
        &mut self,
        (operation, scope, agreement, report): (String, Option<String>, Option<String>, Option<String>),
        account: Option<Texts>,
        span: Span,
    ) -> Option<Asked> {
        let operation = match naming::operation(self.operations, &operation) {
            Ok(operation) => Some(operation),
            Err(failure) => {
                let help = match &failure {
                    Failure::Unknown(unknown) => unknown.iter().find_map(Unknown::instead),
                    _ => None,
                };
                self.wrong(span, failure.to_string(), &help.unwrap_or_else(|| "write the whole name".to_owned()));
                None
            }
        };
        let scope = self.scope(scope, span)?;
        Some(Asked { operation: operation?, scope, agreement, report, accounts: accounts(account) })
    }

    fn access(&mut self, table: toml::Spanned<AccessTable>) -> Option<Expectation> {
        let place = self.place(&table);
        let t = table.into_inner();
        let at = self.moment(t.at, place.span);
        let asked = self.asked((t.operation, t.scope, t.agreement, t.report), t.account, place.span);
        if t.message.is_some() && t.expect != Decision::Deny {
            self.wrong(place.span, "only a denial shows a message".to_owned(), "write expect = \"deny\"");
            return None;
        }
        let principals = self.principals(t.principal, place.span)?;
        let access = Access { principals, asked: asked?, decision: t.expect, message: t.message };
        let context = self.context(t.context);
        let any_state = self.any_state(t.state, place.span)?;
        Some(Expectation { place, name: t.name, at: at?, context, any_state, of: Expected::Access(access) })
    }

    fn coverage(&mut self, table: toml::Spanned<CoverageTable>) -> Option<Expectation> {
        let place = self.place(&table);
        let t = table.into_inner();
        let at = self.moment(t.at, place.span);
        let scope = self.scope(t.scope, place.span)?;
        if t.expect != Coverage::Covered && (scope.is_some() || t.by.is_some()) {
            let help = "write expect = \"covered\", or leave out `scope` and `by`";
            self.wrong(place.span, "no agreement governs what is not covered".to_owned(), help);
            return None;
        }
        let coverage =
            Governed { accounts: accounts(t.account), agreement: t.agreement, coverage: t.expect, scope, by: t.by };
        let (context, of) = (BTreeMap::new(), Expected::Coverage(coverage));
        Some(Expectation { place, name: t.name, at: at?, context, any_state: false, of })
    }

    fn only(&mut self, table: toml::Spanned<OnlyTable>) -> Option<Expectation> {
        let place = self.place(&table);
        let t = table.into_inner();
        let at = self.moment(t.at, place.span);
        let asked = self.asked((t.operation, t.scope, t.agreement, t.report), t.account, place.span);
        // nobody at all is an empty list
        let only = Only { principals: t.principal.list(), asked: asked? };
        let context = self.context(t.context);
        let any_state = self.any_state(t.state, place.span)?;
        Some(Expectation { place, name: t.name, at: at?, context, any_state, of: Expected::Only(only) })
    }

    fn principals(&mut self, texts: Texts, span: Span) -> Option<Vec<String>> {
        let principals = texts.list();
        if principals.is_empty() {
            self.wrong(span, "this names no principal".to_owned(), "name one, or several in a list");
            return None;
        }
        Some(principals)
    }
}

/// `*` is all accounts.
fn accounts(texts: Option<Texts>) -> Vec<String> {
    let mut accounts = texts.map(Texts::list).unwrap_or_default();
    accounts.retain(|a| a != "*");
    accounts
}
