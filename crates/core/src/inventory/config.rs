//! `countersign.toml`: what an inventory says about itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use globset::{Glob, GlobMatcher, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use super::auditors::{self, Auditors};
use super::exceptions::{self, AccountException};
use super::limits::{self, Limits};
use super::register::{self, RegisterColumns};
use super::settings::Named;
use crate::aws::keys;
use crate::moment::{self, Moment};
use crate::problem::{Place, Problem, SourceFile, Span};
use crate::source;
use crate::terms::PermissionModel;
use crate::text::files;

/// The name of the file, in the inventory's root.
pub const FILE: &str = "countersign.toml";

/// The settings of an inventory.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file that it was read from; `None` where there is none.
    pub source: Option<Arc<SourceFile>>,
    /// When the snapshot was taken; the moment of evaluation where `--at` is not given (D22).
    pub as_of: Option<Moment>,
    /// Who collected the files, where that is told.
    pub collected_by: Option<String>,
    /// Files that are not part of the inventory.
    pub exclude: Exclude,
    /// Condition keys that the inventory does not determine, by their name in lower case.
    pub context: BTreeMap<String, Vec<String>>,
    /// Principals that have the authority to accept agreements (D24); `None` where none are declared.
    pub signatories: Option<Vec<String>>,
    /// Tags that declare PHI, as `Key=Value` (R85).
    pub phi_tags: Vec<String>,
    /// What these name, with their places.
    pub named: Named,
    /// What a change may widen or lose, reviewed: `[[diff.allow]]`.
    pub exceptions: Vec<Exception>,
    /// Who stands at roles of which the inventory does not tell it: `[[trusted]]`.
    pub trusted: Vec<Trusted>,
    /// What somebody answers for in an account: `[[exception]]` (R94).
    pub account_exceptions: Vec<AccountException>,
    /// The columns of the company's register: `[register]`.
    pub register: RegisterColumns,
    /// Guardrails of countersign's own that are switched on, by their ids: `[guardrails]`.
    pub guardrails: Vec<(String, Place)>,
    /// The rules that decide about this inventory: `[rules]`.
    pub rules: Rules,
    /// Which generations of permissions count, where the question does not say (D11, D28).
    pub permission_model: Option<PermissionModel>,
    /// Newer data of AWS's than what is built in: `[aws]`.
    pub aws: Aws,
    /// Limits of what is read: `[limits]`.
    pub limits: Limits,
    /// What auditors are to read: `[auditors]` (R6).
    pub auditors: Auditors,
}

/// Newer data of AWS's, by the paths of its folders relative to that of the inventory.
#[derive(Clone, Debug, Default)]
pub struct Aws {
    /// Files of AWS's Service Reference, one a service.
    pub service_reference: Option<(String, Place)>,
    /// Answers of `get-policy-version`, one a managed policy.
    pub managed_policies: Option<(String, Place)>,
    /// A file of the dated lists of HIPAA eligible services.
    pub eligible_services: Option<(String, Place)>,
    /// The day on which they were collected.
    pub as_of: Option<String>,
}

impl Aws {
    /// Whether a file of the inventory's folder, by its path in it, belongs to this data.
    pub fn holds(&self, name: &str) -> bool {
        [&self.service_reference, &self.managed_policies].into_iter().flatten().any(|(path, _)| {
            let path = files::resolve(FILE, path);
            name.strip_prefix(&path).is_some_and(|rest| rest.starts_with('/'))
        }) || self.eligible_services.as_ref().is_some_and(|(path, _)| name == files::resolve(FILE, path))
    }
}

/// The rules and the schema that an inventory names, by their paths relative to its folder.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// A folder of policies, laid over those that are built in.
    pub policies: Option<(String, Place)>,
    /// A folder of policies, in place of those that are built in.
    pub only_policies: Option<(String, Place)>,
    /// A schema, laid over the one that is built in.
    pub schema: Option<(String, Place)>,
    /// Folders and files of the inventory that are named as rules beside its settings: on the command line.
    pub beside: Vec<String>,
}

impl Rules {
    /// Whether a file of the inventory's folder, by its path in it, is one of the rules.
    pub fn holds(&self, name: &str) -> bool {
        let named = [&self.policies, &self.only_policies, &self.schema].into_iter().flatten();
        let mut all = named.map(|(path, _)| files::resolve(FILE, path)).chain(self.beside.iter().cloned());
        all.any(|path| name == path || name.strip_prefix(&path).is_some_and(|rest| rest.starts_with('/')))
    }
}

/// Who stands at a role that an identity provider, a service or another account may assume.
#[derive(Clone, Debug)]
pub struct Trusted {
    /// Where it stands.
    pub place: Place,
    /// A pattern of the ARNs and names of roles.
    role: GlobMatcher,
    /// The people, by whatever names they are called.
    pub people: Vec<String>,
    /// How that is known.
    pub reason: String,
    /// It counts before this moment only.
    pub until: Option<Moment>,
}

impl Trusted {
    /// The pattern, as it is written.
    pub fn pattern(&self) -> &str {
        self.role.glob().glob()
    }

    /// Whether it is about a role.
    pub fn is_of(&self, arn: &str) -> bool {
        self.role.is_match(arn) || self.role.is_match(arn.rsplit('/').next().unwrap_or(arn))
    }
}

/// A reviewed exception: what a change may widen or lose.
#[derive(Clone, Debug)]
pub struct Exception {
    /// Where it stands.
    pub place: Place,
    /// What is excepted.
    pub of: Excepted,
    /// A pattern of ARNs and names of principals; any where there is none.
    pub principal: Option<GlobMatcher>,
    /// Accounts; any where there are none.
    pub accounts: Vec<String>,
    /// Why.
    pub reason: String,
    /// It counts before this moment only.
    pub until: Option<Moment>,
}

/// What an exception is about.
#[derive(Clone, Debug)]
pub enum Excepted {
    /// Operations that are gained: a pattern of their names.
    Operation(GlobMatcher),
    /// New access for any request.
    AnyRequest,
    /// Coverage by an agreement of this kind that is lost.
    Coverage(String),
}

/// Patterns of files to leave out, and which of them matched.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    globs: GlobSet,
    patterns: Vec<(String, Span)>,
    source: Option<Arc<SourceFile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    as_of: Option<toml::Spanned<toml::Value>>,
    collected_by: Option<String>,
    #[serde(default)]
    exclude: Vec<toml::Spanned<String>>,
    #[serde(default)]
    context: BTreeMap<String, toml::Spanned<Values>>,
    signatories: Option<Vec<toml::Spanned<String>>>,
    phi_tags: Option<Vec<toml::Spanned<String>>>,
    #[serde(default)]
    trusted: Vec<toml::Spanned<TrustedTable>>,
    #[serde(default)]
    exception: Vec<toml::Spanned<exceptions::Table>>,
    #[serde(default)]
    register: register::Table,
    #[serde(default)]
    diff: DiffTable,
    #[serde(default)]
    guardrails: GuardrailsTable,
    #[serde(default)]
    rules: RulesTable,
    permission_model: Option<toml::Spanned<String>>,
    #[serde(default)]
    aws: AwsTable,
    #[serde(default)]
    limits: limits::Table,
    #[serde(default)]
    auditors: auditors::Table,
    /// Read by [`crate::lint::settings`].
    #[serde(default, rename = "lint")]
    _lint: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardrailsTable {
    #[serde(default)]
    on: Vec<toml::Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RulesTable {
    policies: Option<toml::Spanned<String>>,
    #[serde(alias = "only-policies")]
    only_policies: Option<toml::Spanned<String>>,
    schema: Option<toml::Spanned<String>>,
}

/// The table `[aws]`, as it is written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AwsTable {
    service_reference: Option<toml::Spanned<String>>,
    managed_policies: Option<toml::Spanned<String>>,
    eligible_services: Option<toml::Spanned<String>>,
    as_of: Option<toml::Spanned<toml::Value>>,
}

impl AwsTable {
    /// What it says; a day that is none goes to `problems`.
    pub(crate) fn read(self, source: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Aws {
        let named = |path: Option<toml::Spanned<String>>| {
            path.map(|p| (p.get_ref().clone(), Place { source: source.clone(), span: Span::from(p.span()) }))
        };
        let as_of = self.as_of.and_then(|value| {
            let text = match value.get_ref() {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if moment::parse(&text).is_none() {
                let problem = Problem::at(source, Span::from(value.span()), format!("`{text}` is not a valid day"));
                problems.push(problem.help("write asOf = 2026-11-20"));
                return None;
            }
            Some(text)
        });
        Aws {
            service_reference: named(self.service_reference),
            managed_policies: named(self.managed_policies),
            eligible_services: named(self.eligible_services),
            as_of,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DiffTable {
    #[serde(default)]
    allow: Vec<toml::Spanned<Allow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustedTable {
    role: String,
    people: Vec<String>,
    reason: String,
    until: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Allow {
    operation: Option<String>,
    #[serde(default)]
    any_request: bool,
    coverage: Option<String>,
    principal: Option<String>,
    #[serde(default)]
    accounts: Vec<String>,
    reason: String,
    until: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
    Bool(bool),
    Number(i64),
}

/// The tags that declare PHI unless `phiTags` names others.
const PHI_TAGS: [&str; 2] = ["Data=PHI", "DataClassification=PHI"];

impl Config {
    /// The settings of an inventory without `countersign.toml`.
    pub fn none() -> Self {
        Self { phi_tags: PHI_TAGS.map(str::to_owned).to_vec(), ..Self::default() }
    }

    /// The tags that declare PHI as they are compared: in lower case.
    pub fn compared_phi_tags(&self) -> impl Iterator<Item = String> {
        self.phi_tags.iter().map(|tag| tag.to_lowercase())
    }

    /// Reads `countersign.toml` of a folder, if it is there.
    pub fn read(files: &dyn source::Source) -> Result<Self, Vec<Problem>> {
        if !files.has(FILE) {
            return Ok(Self::none());
        }
        Self::parse(&source::text(files, FILE).map_err(|p| vec![p])?)
    }

    /// Reads the text of `countersign.toml`.
    pub fn parse(source: &Arc<SourceFile>) -> Result<Self, Vec<Problem>> {
        let file: File = toml::from_str(&source.text).map_err(|e| {
            let span = e.span().map_or(Span::default(), Span::from);
            let help =
                "it may have asOf, collectedBy, exclude, permissionModel, signatories, phiTags and the tables [auditors], [aws], [context], [diff], [guardrails], [lint], [limits], [register], [rules], [[exception]] and [[trusted]]";
            vec![Problem::at(source, span, e.message().lines().next().unwrap_or("invalid").to_owned()).help(help)]
        })?;
        let mut problems = Vec::new();
        let as_of = file.as_of.and_then(|value| {
            let text = match value.get_ref() {
                toml::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let moment = moment::parse(&text);
            if moment.is_none() {
                let span = Span::from(value.span());
                let problem = Problem::at(source, span, format!("`{text}` is not a valid date or time"));
                problems.push(problem.help("write \"2026-11-21\" or \"2026-11-21T09:00:00Z\""));
            }
            moment
        });
        let exclude = Exclude::new(source, file.exclude, &mut problems);
        let mut context = BTreeMap::new();
        for (key, values) in file.context {
            let span = Span::from(values.span());
            let values = values.into_inner().texts();
            problems
                .extend(keys::values::faults(&key, &values).map(|f| Problem::at(source, span, f.message).help(f.help)));
            context.insert(key.to_ascii_lowercase(), values);
        }
        let names = Named {
            phi_tags: Named::places(source, file.phi_tags.as_ref()),
            signatories: Named::places(source, file.signatories.as_ref()),
        };
        let texts = |list: Vec<toml::Spanned<String>>| list.into_iter().map(toml::Spanned::into_inner).collect();
        let phi_tags = file.phi_tags.map_or_else(|| PHI_TAGS.map(str::to_owned).to_vec(), texts);
        let signatories: Option<Vec<String>> = file.signatories.map(texts);
        let mut exceptions = Vec::new();
        for allow in file.diff.allow {
            let span = Span::from(allow.span());
            match exception(Place { source: source.clone(), span }, allow.into_inner()) {
                Ok(exception) => exceptions.push(exception),
                Err(problem) => problems.push(*problem),
            }
        }
        let mut trusted = Vec::new();
        for table in file.trusted {
            let span = Span::from(table.span());
            match self::trusted(Place { source: source.clone(), span }, table.into_inner()) {
                Ok(one) => trusted.push(one),
                Err(problem) => problems.push(*problem),
            }
        }
        let mut account_exceptions = Vec::new();
        for table in file.exception {
            let span = Span::from(table.span());
            match AccountException::read(Place { source: source.clone(), span }, table.into_inner()) {
                Ok(one) => account_exceptions.push(one),
                Err(problem) => problems.push(*problem),
            }
        }
        let place = |s: std::ops::Range<usize>| Place { source: source.clone(), span: Span::from(s) };
        let guardrails: Vec<(String, Place)> =
            file.guardrails.on.into_iter().map(|name| (name.get_ref().clone(), place(name.span()))).collect();
        for (index, (name, place)) in guardrails.iter().enumerate() {
            if guardrails.iter().take(index).any(|(earlier, _)| earlier == name) {
                let problem = Problem::at(&place.source, place.span, format!("`{name}` is switched on twice"));
                problems.push(problem.help("name it once"));
            }
        }
        let named = |path: Option<toml::Spanned<String>>| path.map(|p| (p.get_ref().clone(), place(p.span())));
        let rules = Rules {
            policies: named(file.rules.policies),
            only_policies: named(file.rules.only_policies),
            schema: named(file.rules.schema),
            beside: Vec::new(),
        };
        for (path, place) in [&rules.policies, &rules.only_policies].into_iter().flatten() {
            if files::resolve(FILE, path).is_empty() {
                let problem =
                    Problem::at(&place.source, place.span, "rules cannot be the whole folder of the inventory");
                problems.push(problem.help("put them in a folder of their own, such as \"rules\""));
            }
        }
        let aws = file.aws.read(source, &mut problems);
        let limits = Limits::read(file.limits, source, &mut problems);
        if let (Some(_), Some((_, place))) = (&rules.policies, &rules.only_policies) {
            let problem = Problem::at(&place.source, place.span, "both `policies` and `onlyPolicies`");
            problems.push(problem.help("lay rules over the built-in ones, or use them alone: keep one of the two"));
        }
        let permission_model = file.permission_model.and_then(|word| {
            let model = PermissionModel::named(word.get_ref());
            if model.is_none() {
                let words = PermissionModel::ALL.iter().map(|m| format!("\"{m}\"")).collect::<Vec<_>>().join(", ");
                let place = place(word.span());
                let message = format!("`{}` is not a permission model", word.get_ref());
                problems.push(Problem::at(&place.source, place.span, message).help(format!("write one of {words}")));
            }
            model
        });
        if problems.is_empty() {
            Ok(Self {
                source: Some(source.clone()),
                as_of,
                collected_by: file.collected_by.filter(|who| !who.trim().is_empty()),
                exclude,
                context,
                signatories,
                phi_tags,
                named: names,
                exceptions,
                trusted,
                account_exceptions,
                register: file.register.into(),
                guardrails,
                rules,
                permission_model,
                aws,
                limits,
                auditors: Auditors::read(file.auditors, source),
            })
        } else {
            Err(problems)
        }
    }
}

/// Checks a declaration of who stands at a role.
fn trusted(place: Place, table: TrustedTable) -> Result<Trusted, Box<Problem>> {
    let wrong = |message: String, help: &str| Box::new(Problem::at(&place.source, place.span, message).help(help));
    let role = Glob::new(&table.role).map_err(|e| {
        wrong(
            format!("`{}` is not a valid pattern: {}", table.role, e.kind()),
            "write a name, with * for any characters",
        )
    })?;
    if table.reason.trim().is_empty() {
        return Err(wrong(
            "this has no reason".to_owned(),
            "say how it is known who may assume the role, and who reviewed it",
        ));
    }
    if table.people.is_empty() {
        return Err(wrong("this names nobody".to_owned(), "name the people who may assume the role"));
    }
    let TrustedTable { people, reason, until: when, .. } = table;
    let until =
        until(when).map_err(|text| wrong(format!("`{text}` is not a valid date or time"), "write \"2026-12-31\""))?;
    Ok(Trusted { place: place.clone(), role: role.compile_matcher(), people, reason, until })
}

/// A moment; the text of what is none.
fn until(value: Option<toml::Value>) -> Result<Option<Moment>, String> {
    let Some(value) = value else {
        return Ok(None);
    };
    let text = match value {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    moment::parse(&text).map(Some).ok_or(text)
}

/// Checks an exception.
fn exception(place: Place, allow: Allow) -> Result<Exception, Box<Problem>> {
    let wrong = |message: String, help: &str| Box::new(Problem::at(&place.source, place.span, message).help(help));
    let glob = |text: &str| match Glob::new(text) {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(e) => Err(wrong(
            format!("`{text}` is not a valid pattern: {}", e.kind()),
            "write a name, with * for any characters",
        )),
    };
    let of = match (&allow.operation, allow.any_request, &allow.coverage) {
        (Some(operation), false, None) => Excepted::Operation(glob(operation)?),
        (None, true, None) => Excepted::AnyRequest,
        (None, false, Some(kind)) => Excepted::Coverage(kind.clone()),
        _ => {
            let help = "write one of operation = \"accept-agreement\", anyRequest = true and coverage = \"baa\"";
            return Err(wrong("an exception must be about exactly one thing".to_owned(), help));
        }
    };
    if allow.reason.trim().is_empty() {
        return Err(wrong("this exception has no reason".to_owned(), "say why it is accepted, and who accepted it"));
    }
    if let (Excepted::Coverage(_), Some(_)) = (&of, &allow.principal) {
        return Err(wrong("accounts lose coverage, not principals".to_owned(), "write accounts = [\"…\"]"));
    }
    let until = allow.until.map(|value| match value {
        toml::Value::String(text) => text,
        other => other.to_string(),
    });
    let until = match &until {
        None => None,
        Some(text) => Some(
            moment::parse(text)
                .ok_or_else(|| wrong(format!("`{text}` is not a valid date or time"), "write \"2026-12-31\""))?,
        ),
    };
    let principal = allow.principal.as_deref().map(glob).transpose()?;
    Ok(Exception { place: place.clone(), of, principal, accounts: allow.accounts, reason: allow.reason, until })
}

impl Values {
    fn texts(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
            Self::Bool(b) => vec![b.to_string()],
            Self::Number(n) => vec![n.to_string()],
        }
    }
}

impl Exclude {
    fn new(source: &Arc<SourceFile>, patterns: Vec<toml::Spanned<String>>, problems: &mut Vec<Problem>) -> Self {
        let mut builder = GlobSetBuilder::new();
        let mut known = Vec::new();
        for pattern in patterns {
            let span = Span::from(pattern.span());
            match Glob::new(pattern.get_ref()) {
                Ok(glob) => drop(builder.add(glob)),
                Err(e) => {
                    problems.push(Problem::at(source, span, format!("this is not a valid pattern: {}", e.kind())))
                }
            }
            known.push((pattern.into_inner(), span));
        }
        let globs = builder.build().unwrap_or_default();
        Self { globs, patterns: known, source: Some(source.clone()) }
    }

    /// The patterns, each with its place.
    pub fn patterns(&self) -> impl Iterator<Item = (&str, Option<Place>)> {
        let place = |span: Span| self.source.as_ref().map(|source| Place { source: source.clone(), span });
        self.patterns.iter().map(move |(pattern, span)| (pattern.as_str(), place(*span)))
    }

    /// Whether a file, by its path in the inventory, is left out; `matched` collects the patterns that did it.
    pub fn excludes(&self, path: &str, matched: &mut Vec<usize>) -> bool {
        let hits = self.globs.matches(path);
        matched.extend(&hits);
        !hits.is_empty()
    }

    /// A warning for each pattern that left out nothing.
    pub fn idle(&self, matched: &[usize]) -> Vec<Problem> {
        let Some(source) = &self.source else {
            return Vec::new();
        };
        let idle = self.patterns.iter().enumerate().filter(|(i, _)| !matched.contains(i));
        idle.map(|(_, (pattern, span))| {
            Problem::at(source, *span, format!("`{pattern}` excludes no file")).help("remove it").warning()
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_settings() {
        let text = "asOf = 2026-11-21\nexclude = [\"x/*.json\"]\n[context]\n\"aws:MultiFactorAuthPresent\" = true\n";
        let config = Config::parse(&SourceFile::new(FILE, text)).unwrap();
        assert_eq!(config.as_of, moment::parse("2026-11-21"));
        assert_eq!(config.context["aws:multifactorauthpresent"], ["true"]);
        assert!(config.exclude.excludes("x/a.json", &mut Vec::new()));
        assert_eq!(config.exclude.idle(&[]).len(), 1);
    }

    #[test]
    fn mistakes_have_their_place() {
        for (text, underlined) in
            [("asof = 1\n", "asof"), ("asOf = \"soon\"\n", "\"soon\""), ("exclude = [\"a[\"]\n", "\"a[\"")]
        {
            let problems = Config::parse(&SourceFile::new(FILE, text)).unwrap_err();
            assert_eq!(problems[0].underlined(), underlined, "{}", problems[0]);
        }
    }
}
