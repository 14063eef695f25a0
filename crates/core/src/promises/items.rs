//! The promises of one version of an inventory, each as an item.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Item, Kind, Promises, Told, Value};
use crate::aws::eligibility::ListsFile;
use crate::expectations::{Expectation, Expected, Governed, Suite};
use crate::guardrails::{Guardrail, Guardrails};
use crate::inventory::config::{Config, Excepted, Exception};
use crate::inventory::exceptions::AccountException;
use crate::inventory::{Inventory, builtin, newer};
use crate::lint::baseline::Baseline;
use crate::lint::rules;
use crate::lint::settings::Settings;
use crate::moment::{self, Moment};
use crate::policies::RuleBook;
use crate::problem::{Place, SourceFile, Span};
use crate::source::Source;
use crate::source::digest::sha256;
use crate::terms::PermissionModel;
use crate::text::squeezed;

/// The key of the whole folder among the paths that are linted.
pub const WHOLE: &str = ".";

/// Where the promises of a version stand.
pub struct Sources<'a> {
    /// Its files.
    pub files: &'a dyn Source,
    /// Its settings.
    pub config: &'a Config,
    /// Its inventory.
    pub inventory: &'a Inventory,
    /// The rules that decide about it.
    pub rules: &'a RuleBook,
    /// The digest of its schema.
    pub schema: &'a str,
    /// Its guardrails.
    pub guardrails: Option<&'a Guardrails>,
    /// Its expectations.
    pub suite: &'a Suite,
    /// Its settings of lint.
    pub lint: &'a Settings,
    /// Its baseline of lint, and the file.
    pub baseline: Option<(&'a Baseline, &'a Arc<SourceFile>)>,
}

impl Promises {
    /// The promises of a version.
    pub fn of(sources: &Sources<'_>) -> Self {
        let mut all = Self::default();
        let guardrails = sources.guardrails.map(|g| g.all.len()).unwrap_or_default();
        all.has_settings = sources.config.source.is_some() || guardrails > 0 || !sources.suite.expectations.is_empty();
        all.rules(sources.rules, sources.schema);
        sources.guardrails.iter().flat_map(|g| g.all.values()).for_each(|g| all.guardrail(g, sources.config));
        sources.suite.expectations.iter().for_each(|e| all.expectation(e));
        all.settings(sources.config);
        sources.config.exceptions.iter().for_each(|e| all.exception(e));
        sources.config.account_exceptions.iter().for_each(|e| all.account_exception(e));
        all.lint(sources.lint);
        all.limits(sources.files, sources.lint);
        all.policies_of_aws(sources.inventory);
        all.services(sources.inventory);
        all.agreements(sources.inventory);
        if let Some((baseline, file)) = sources.baseline {
            all.baseline(baseline, file);
        }
        all
    }

    /// The promises of a folder that is linted and has no inventory.
    pub fn of_lint(files: &dyn Source, settings: &Settings, baseline: Option<(&Baseline, &Arc<SourceFile>)>) -> Self {
        let mut all = Self { has_settings: !settings.source.text.is_empty(), ..Self::default() };
        all.lint(settings);
        all.limits(files, settings);
        if let Some((baseline, file)) = baseline {
            all.baseline(baseline, file);
        }
        all
    }

    fn add(&mut self, kind: Kind, key: impl Into<String>, item: Item) {
        self.items.insert((kind, key.into()), item);
    }

    fn rules(&mut self, book: &RuleBook, schema: &str) {
        for rule in book.rules.values() {
            let place = book.is_own(&rule.id).then(|| book.in_folder(&rule.place()));
            let finds = rule.get("code").is_some() && !rule.forbids;
            let value = Value::Rule(rule.source.slice(rule.span).to_owned(), finds);
            self.add(Kind::Rule, &rule.id, Item { value, name: format!("the policy `{}`", rule.id), place });
        }
        self.removed = book.removed.iter().map(|(id, place)| (id.clone(), book.in_folder(place))).collect();
        for entry in book.operations.entries() {
            let name = format!("the {} `{}`", entry.what, entry.name);
            let is_own = book.operations.is_own(entry.place);
            let place = is_own.then(|| book.in_folder(entry.place));
            self.add(Kind::Rule, name.clone(), Item { value: Value::Text(entry.content()), name, place });
        }
        let value = Value::Text(schema.to_owned());
        self.add(Kind::Schema, "", Item { value, name: "the schema".to_owned(), place: None });
    }

    fn guardrail(&mut self, guardrail: &Guardrail, config: &Config) {
        let text = guardrail.place.source.slice(guardrail.place.span);
        let parsed = cedar_policy::Policy::parse(None, text).ok().and_then(|policy| policy.to_json().ok());
        let value = match parsed {
            Some(mut json) => {
                if let Some(members) = json.as_object_mut() {
                    members.remove("annotations");
                }
                Value::Policy(json, guardrail.severity as u8)
            }
            None => Value::Text(text.to_owned()),
        };
        let name = format!("the guardrail `{}`", guardrail.id);
        let place = match guardrail.file() {
            Some(_) => Some(guardrail.place.clone()),
            // one that is included stands where it is switched on
            None => config
                .source
                .as_ref()
                .map(|source| Place { source: source.clone(), span: found(source, &guardrail.id) }),
        };
        self.add(Kind::Guardrail, &guardrail.id, Item { value, name, place });
    }

    fn expectation(&mut self, expectation: &Expectation) {
        let key = canonical(expectation);
        let name = match &expectation.name {
            Some(name) => format!("the expectation `{name}`"),
            None => "an expectation".to_owned(),
        };
        let item = Item { value: Value::Text(key.clone()), name, place: Some(expectation.place.clone()) };
        self.add(Kind::Expectation, key, item);
    }

    fn exception(&mut self, exception: &Exception) {
        let key = excepted(exception);
        let name = format!("the exception for {key}");
        self.excepts.insert(key.clone(), Excepts::of(exception));
        self.until(Kind::Exception, key, (exception.until, name, &exception.place));
    }

    fn account_exception(&mut self, exception: &AccountException) {
        let name = format!("the exception for account {}", exception.account);
        let key = exception.account.clone();
        self.until(Kind::AccountException, key, (Some(exception.until), name, &exception.place));
    }

    /// Something that is excepted until a moment: of two about the same, the one that holds longer counts.
    fn until(&mut self, kind: Kind, key: String, (until, name, place): (Option<Moment>, String, &Place)) {
        let longer = match self.items.get(&(kind, key.clone())).map(|i| &i.value) {
            Some(Value::Until(known)) => known.is_none() || until.is_some_and(|u| known.is_some_and(|k| u <= k)),
            _ => false,
        };
        if !longer {
            self.add(kind, key, Item { value: Value::Until(until), name, place: Some(place.clone()) });
        }
    }

    fn settings(&mut self, config: &Config) {
        let place = || config.source.as_ref().map(|s| Place { source: s.clone(), span: Default::default() });
        for (pattern, at) in config.exclude.patterns() {
            let item = Item { value: text(pattern), name: format!("the exclude `{pattern}`"), place: at };
            self.add(Kind::Exclude, pattern, item);
        }
        if let Some(as_of) = config.as_of {
            self.add(Kind::Moment, "", Item { value: Value::At(as_of), name: "asOf".to_owned(), place: place() });
        }
        for (key, values) in &config.context {
            let name = format!("[context] {key} = {}", values.join(", "));
            self.add(Kind::Context, key, Item { value: text(&format!("{values:?}")), name, place: place() });
        }
        if let Some(names) = &config.signatories {
            let names = Value::Names(names.iter().cloned().collect());
            let item = Item { value: names, name: "signatories".to_owned(), place: place() };
            self.add(Kind::Signatories, "", item);
        }
        for (name, series, place) in config.auditors.all() {
            let value = text(&series.iter().cloned().collect::<Vec<_>>().join(", "));
            let item = Item { value, name: format!("what the auditor {name} is to read"), place: Some(place.clone()) };
            self.add(Kind::Auditors, name, item);
        }
        for tag in &config.phi_tags {
            let item = Item { value: text(tag), name: format!("the tag {tag}"), place: place() };
            self.add(Kind::PhiTags, tag, item);
        }
        for trusted in &config.trusted {
            let mut people = trusted.people.clone();
            people.sort();
            let key = format!("{} {people:?} {:?}", trusted.pattern(), trusted.until);
            let name = format!("[[trusted]] of {}", trusted.pattern());
            let item = Item { value: text(&key), name, place: Some(trusted.place.clone()) };
            self.add(Kind::Trusted, key, item);
        }
        if let Some(model) = config.permission_model {
            let name = format!("permissionModel = \"{model}\"");
            // that of all generations is what counts where none is named
            if model != PermissionModel::default() {
                let item = Item { value: text(&model.to_string()), name, place: place() };
                self.add(Kind::PermissionModel, "", item);
            }
        }
    }

    fn lint(&mut self, settings: &Settings) {
        let place = || Some(Place { source: settings.source.clone(), span: Default::default() });
        for rule in rules::all() {
            let rank = if settings.is_on(rule) { 1 + settings.severity(rule) as u8 } else { 0 };
            let words = settings.words(rule.code, rules::words_of(rule.code)).into_iter().map(squeezed).collect();
            let narrowed = settings.profile.narrows(rule);
            let value = Value::Rank(rank, Told { narrowed, words, limits: settings.limits_of(rule) });
            let name = format!("the rule {} {} of lint", rule.code, rule.name);
            self.add(Kind::LintRule, rule.code, Item { value, name, place: place() });
        }
        let paths: Vec<&str> =
            if settings.paths.is_empty() { vec![WHOLE] } else { settings.paths.iter().map(String::as_str).collect() };
        for path in paths {
            let item = Item { value: text(path), name: format!("the path `{path}`"), place: place() };
            self.add(Kind::LintPaths, path, item);
        }
        for pattern in settings.excluded() {
            let item = Item { value: text(""), name: format!("the exclude `{pattern}` of lint"), place: place() };
            self.add(Kind::LintFiles, format!("{EXCLUDE}{pattern}"), item);
        }
        if settings.report_only {
            let item =
                Item { value: Value::Parts(BTreeSet::new()), name: "`reportOnly` of lint".to_owned(), place: place() };
            self.add(Kind::LintFiles, "reportOnly", item);
        }
        for (index, owner) in settings.owners.iter().enumerate().filter(|(_, o)| o.report_only) {
            // of several owners that a file fits, the last one counts: these take files back
            let later = settings.owners.iter().skip(index + 1).filter(|o| !o.report_only);
            let back: BTreeSet<String> = later.flat_map(|o| o.patterns()).map(str::to_owned).collect();
            for pattern in owner.patterns() {
                let name = format!("`reportOnly` of `{pattern}` in lint");
                let item = Item { value: Value::Parts(back.clone()), name, place: place() };
                self.add(Kind::LintFiles, format!("reportOnly {pattern}"), item);
            }
        }
        for (pattern, kind) in settings.kinds() {
            let name = format!("the kind of the policies in `{pattern}`");
            self.add(
                Kind::LintFiles,
                format!("kind {pattern}"),
                Item { value: text(&format!("{kind:?}")), name, place: place() },
            );
        }
    }

    /// Limits of what is read, and what is read in place of what is built in.
    fn limits(&mut self, files: &dyn Source, settings: &Settings) {
        if let Some(ListsFile { file, sha256, .. }) = &settings.eligible.file {
            let place = Place { source: settings.source.clone(), span: Default::default() };
            let name = format!("{file}, the lists of HIPAA eligible services,");
            self.add(Kind::EligibleServices, "", Item { value: text(sha256), name, place: Some(place) });
        }
        for (path, sha256) in newer::digests(files, &settings.aws) {
            let place = Place { source: settings.source.clone(), span: Default::default() };
            let name = format!("{path}, data of AWS's in place of what is built in,");
            self.add(Kind::AwsData, path, Item { value: text(&sha256), name, place: Some(place) });
        }
        for (limited, most) in settings.limits.said() {
            let place = Place { source: settings.source.clone(), span: Default::default() };
            let value = Value::Count(usize::try_from(most).unwrap_or(usize::MAX));
            let name = format!("the limit `{}`", limited.word());
            self.add(Kind::Limit, limited.word(), Item { value, name, place: Some(place) });
        }
    }

    /// Services that the inventory says are HIPAA eligible, beside the lists of AWS.
    fn services(&mut self, inventory: &Inventory) {
        let declared = inventory.of_type("Service").filter(|e| !e.built_in && e.bool("hipaaEligible") == Some(true));
        for entity in declared {
            let place = Place { source: entity.source.clone(), span: entity.span };
            let name = format!("{}, a service that is said to be eligible,", entity.uid.id);
            self.add(Kind::EligibleServices, &entity.uid.id, Item { value: text(&name), name, place: Some(place) });
        }
    }

    /// Agreements that the inventory declares of a kind that AWS has one of: an acceptance of them counts as one of AWS's.
    fn agreements(&mut self, inventory: &Inventory) {
        let (built_in, own): (Vec<_>, Vec<_>) = inventory.of_type("Agreement").partition(|e| e.built_in);
        let kinds: BTreeSet<&str> = built_in.iter().filter_map(|e| e.str("kind")).collect();
        for entity in own {
            let Some(kind) = entity.str("kind").filter(|kind| kinds.contains(kind)) else { continue };
            let place = Place { source: entity.source.clone(), span: entity.span };
            let name = format!("{}, an agreement of the kind {kind} that is none of AWS's,", entity.uid.id);
            let said = ["scope", "partition"].map(|attr| entity.str(attr));
            let value = text(&format!("{kind} {said:?}"));
            self.add(Kind::Agreement, &entity.uid.id, Item { value, name, place: Some(place) });
        }
    }

    /// What the inventory says of policies that are AWS's.
    fn policies_of_aws(&mut self, inventory: &Inventory) {
        let declared = inventory.of_type("IamPolicy").filter(|e| !e.built_in && is_of_aws(&e.uid.id));
        for entity in declared {
            let id = &entity.uid.id;
            // one that AWS gives too decides nothing anew
            let is_known = builtin::managed_policy(id).is_some() && !inventory.unlike_aws.contains(id);
            let Some(policy) = inventory.policies.get(id).filter(|_| !is_known) else { continue };
            let place = Place { source: entity.source.clone(), span: entity.span };
            let name = format!("the document of {id}, in place of AWS's,");
            let value = text(&sha256(policy.content.as_bytes()));
            self.add(Kind::AwsData, id, Item { value, name, place: Some(place) });
        }
    }

    fn baseline(&mut self, baseline: &Baseline, file: &Arc<SourceFile>) {
        let mut counts: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for entry in &baseline.entries {
            let key = format!("{}\u{1f}{}\u{1f}{}\u{1f}{}", entry.rule, entry.file, entry.place, entry.content);
            let name = format!("a finding of {} in {}", entry.rule, entry.file);
            counts.entry(key).or_insert((0, name)).0 += entry.count;
        }
        for (key, (count, name)) in counts {
            let place = Place { source: file.clone(), span: Default::default() };
            self.add(Kind::Baseline, key, Item { value: Value::Count(count), name, place: Some(place) });
        }
    }
}

/// Where a text stands between quotes for the first time; the beginning where it does not.
fn found(source: &SourceFile, text: &str) -> Span {
    let found = source.text.find(&format!("\"{text}\""));
    found.map_or_else(Span::default, |at| Span { start: at + 1, end: at + 1 + text.len() })
}

/// Whether the id of a policy is that of one of AWS's.
fn is_of_aws(id: &str) -> bool {
    builtin::is_aws_managed(id) || builtin::is_full_aws_access(id)
}

/// What an exception is about.
fn excepted(exception: &Exception) -> String {
    let Excepts { what, accounts } = Excepts::of(exception);
    let accounts: Vec<String> = accounts.into_iter().collect();
    if accounts.is_empty() { what } else { format!("{what} in {}", accounts.join(", ")) }
}

/// What is excepted, and in which accounts; in all where there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excepts {
    what: String,
    accounts: BTreeSet<String>,
}

impl Excepts {
    fn of(exception: &Exception) -> Self {
        let of = match &exception.of {
            Excepted::Operation(pattern) => format!("operation {}", pattern.glob().glob()),
            Excepted::AnyRequest => "any request".to_owned(),
            Excepted::Coverage(kind) => format!("coverage {kind}"),
        };
        let whom = exception.principal.as_ref().map_or_else(String::new, |p| format!(" of {}", p.glob().glob()));
        Self { what: format!("{of}{whom}"), accounts: exception.accounts.iter().cloned().collect() }
    }

    /// Whether it excepts all that another does, and is about more accounts.
    fn is_wider(&self, other: &Self) -> bool {
        let all = self.accounts.is_empty() && !other.accounts.is_empty();
        self.what == other.what && (all || (!other.accounts.is_empty() && self.accounts.is_superset(&other.accounts)))
    }
}

/// Before the pattern of an exclude of lint.
const EXCLUDE: &str = "exclude ";

/// Whether the target leaves out all files that an exclude does, by a wider pattern.
pub(super) fn wider_excluded(key: &str, kind: Kind, target: &Promises) -> bool {
    let pattern = match kind {
        Kind::Exclude => Some(key),
        Kind::LintFiles => key.strip_prefix(EXCLUDE),
        _ => None,
    };
    let theirs = target.of_kind(kind).filter_map(|(key, _)| match kind {
        Kind::LintFiles => key.strip_prefix(EXCLUDE),
        _ => Some(key),
    });
    pattern.is_some_and(|own| theirs.into_iter().any(|wide| covers(wide, own)))
}

/// Whether a pattern of files surely fits every file that another fits: it names a folder that the other's files are all in, or a file
/// that the other is.
fn covers(wide: &str, narrow: &str) -> bool {
    let is_plain = |text: &str| !text.contains(['*', '?', '[', ']', '{', '}', '!', '\\']);
    if is_plain(narrow) {
        return globset::Glob::new(wide).is_ok_and(|glob| glob.compile_matcher().is_match(narrow));
    }
    let folder = wide.strip_suffix("**").filter(|folder| is_plain(folder) && folder.ends_with('/'));
    wide == "**" || folder.is_some_and(|folder| narrow.starts_with(folder) && !narrow.contains('\\'))
}

/// Whether the target has an exception of the same for as long, in these accounts and others, or in all.
pub(super) fn wider_stood(own: &Excepts, until: Option<Moment>, target: &Promises) -> bool {
    target.of_kind(Kind::Exception).any(|(key, old)| {
        let is_as_long = match &old.value {
            Value::Until(None) => true,
            Value::Until(Some(old)) => until.is_some_and(|until| until <= *old),
            _ => false,
        };
        is_as_long && target.excepts.get(key).is_some_and(|theirs| theirs.is_wider(own))
    })
}

/// The exceptions that count: those that the target has too, for as long.
pub fn honoured(exceptions: &[Exception], target: &Promises) -> Vec<Exception> {
    let counts = |exception: &&Exception| {
        let theirs = target.items.get(&(Kind::Exception, excepted(exception))).map(|i| &i.value);
        match theirs {
            None => wider_stood(&Excepts::of(exception), exception.until, target),
            Some(Value::Until(None)) => true,
            Some(Value::Until(Some(until))) => exception.until.is_some_and(|own| own <= *until),
            _ => false,
        }
    };
    exceptions.iter().filter(counts).cloned().collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Parts the principals of an expectation that nobody but these may from all else that it says.
const BUT: &str = "\u{1f}nobody but\u{1f}";

/// Parts the accounts of an expectation of coverage from all else that it says.
const OF: &str = "\u{1f}of accounts\u{1f}";

/// What an expectation expects, without its name and its place.
pub fn canonical(expectation: &Expectation) -> String {
    let at = expectation.at.map(moment::format);
    let circumstances = format!("{at:?} {:?} {}", expectation.context, expectation.any_state);
    match &expectation.of {
        Expected::Access(access) => format!("{access:?} {circumstances}"),
        Expected::Coverage(coverage) => {
            let Governed { accounts, agreement, coverage, scope, by } = coverage;
            let mut accounts = accounts.clone();
            accounts.sort();
            accounts.dedup();
            format!("{agreement} {coverage:?} {scope:?} {by:?} {circumstances}{OF}{}", accounts.join("\u{1f}"))
        }
        Expected::Only(only) => {
            let mut principals = only.principals.clone();
            principals.sort();
            principals.dedup();
            format!("{:?} {circumstances}{BUT}{}", only.asked, principals.join("\u{1f}"))
        }
    }
}

/// Whether one expectation expects at least what another does: the same, that fewer principals may, or it of more accounts.
pub fn implies(strong: &str, weak: &str) -> bool {
    let principals =
        |names: &str| names.split('\u{1f}').filter(|n| !n.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    match (strong.split_once(BUT), weak.split_once(BUT)) {
        (Some((what, few)), Some((same, many))) => {
            let many = principals(many);
            what == same && principals(few).iter().all(|p| many.contains(p))
        }
        _ => match (strong.split_once(OF), weak.split_once(OF)) {
            // of all accounts is another promise: an account that is named must be there
            (Some((what, many)), Some((same, few))) if !principals(few).is_empty() => {
                let many = principals(many);
                what == same && principals(few).iter().all(|account| many.contains(account))
            }
            _ => strong == weak,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_pattern_covers_another_where_it_fits_all_that_this_does() {
        for (wide, narrow) in [
            ("iam/**", "iam/vendor/**"),
            ("iam/**", "iam/*.json"),
            ("iam/**", "iam/a.json"),
            ("*.json", "iam/a.json"),
            ("**", "a/*"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("iam/vendor/**", "iam/**"),
            ("iam/**", "*.json"),
            ("iam/**", "iamb/**"),
            ("iam/**", "{iam/a,b}"),
            ("i?m/**", "i?m/a*"),
            ("iam/*", "iam/a*"),
            ("a.json", "b.json"),
        ] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }
}
