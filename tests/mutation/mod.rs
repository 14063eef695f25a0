//! Each small change of a policy is noticed. A test makes all of them over `policies/` (drops a policy or a clause, flips a
//! comparison or an effect, swaps a literal, an action or an annotation), and asks the inventories of `tests/data/mutation`
//! until an answer differs from what it is without the change. A change that no answer shows is a rule that nothing
//! tests: it fails, unless a line of `equivalent.toml` says why nothing can show it.
//!
//! `MUTANTS=TEXT cargo test --test all mutation -- --nocapture` makes only those whose name or file holds the text.

mod mutants;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use countersign_core::assessment::{Filter, Options, assess};
use countersign_core::assessments::Assessments;
use countersign_core::guardrails::Guardrails;
use countersign_core::inventory::Inventory;
use countersign_core::moment::{self, Moment};
use countersign_core::policies::{BUILT_IN, GUARDRAILS, RuleBook};
use countersign_core::problem::{Failure, SourceFile};
use countersign_core::source::Folder;
use countersign_core::terms::PermissionModel;
use countersign_core::what_if::{self, Change};
use serde::Deserialize;
use serde_json::Value;

use crate::common::{RULES, SCHEMA, words};
use mutants::Mutant;

/// Asked of every inventory: when all has happened, and around the day on which AWS deprecated permissions.
const ALWAYS: [&str; 3] = ["2026-11-01", "2025-03-02", "2025-03-03"];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mutation")
}

/// What is asked: an inventory at a moment, in a certain way.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Question {
    inventory: usize,
    at: Moment,
    way: Way,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Way {
    /// What is in force, and the findings that follow.
    Coverage,
    /// What principals may do.
    Plain,
    /// By the permissions of the FAQ alone.
    Classic,
    /// Whichever agreements are in force.
    AnyState,
    /// Whether any request is allowed.
    AnyRequest,
    /// What is advised before changes of each kind.
    Changes,
}

/// The inventories, and the questions in the order in which they are asked.
struct Inventories {
    names: Vec<String>,
    all: Vec<Inventory>,
    moments: Vec<Vec<Moment>>,
}

impl Inventories {
    fn load() -> Self {
        let mut folders: Vec<PathBuf> = std::fs::read_dir(data()).unwrap().map(|e| e.unwrap().path()).collect();
        folders.retain(|f| f.is_dir());
        folders.sort();
        let (mut names, mut all, mut moments) = (Vec::new(), Vec::new(), Vec::new());
        for folder in folders {
            let inventory =
                Inventory::load(&Folder::new(&folder), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
            let mut dates: Vec<Moment> = ALWAYS.iter().filter_map(|t| moment::parse(t)).collect();
            for file in walkdir::WalkDir::new(&folder).sort_by_file_name() {
                let file = file.unwrap();
                if file.path().extension().is_some_and(|e| e == "json") {
                    let text = std::fs::read_to_string(file.path()).unwrap();
                    let strings = text.split('"').filter(|t| t.starts_with(|c: char| c.is_ascii_digit()));
                    dates.extend(strings.filter(|t| t.contains('-')).filter_map(moment::parse));
                }
            }
            let mut seen = BTreeSet::new();
            dates.retain(|d| seen.insert(*d));
            names.push(folder.file_name().unwrap().to_string_lossy().into_owned());
            all.push(inventory);
            moments.push(dates);
        }
        assert!(!all.is_empty());
        Self { names, all, moments }
    }

    /// What is asked about a mutant: of every inventory at its first moment, at its second, and so on.
    fn questions(&self, ways: &[Way]) -> Vec<Question> {
        let mut questions = Vec::new();
        for way in ways {
            // what any request may do does not change with agreements
            let most = if matches!(way, Way::AnyRequest | Way::Changes) {
                1
            } else {
                self.moments.iter().map(Vec::len).max().unwrap()
            };
            for place in 0..most {
                for (inventory, moments) in self.moments.iter().enumerate() {
                    // every change is made to one inventory alone, which has an account of each kind
                    if *way == Way::Changes && self.names[inventory] != "changes" {
                        continue;
                    }
                    let at = moments.get(place);
                    questions.extend(at.map(|at| Question { inventory, at: *at, way: *way }));
                }
            }
        }
        questions
    }

    fn show(&self, question: &Question) -> String {
        format!("{} at {} ({:?})", self.names[question.inventory], moment::format(question.at), question.way)
    }
}

fn options(question: &Question, operations: &[String]) -> Options {
    let filter = Filter {
        operations: operations.to_vec(),
        without_principals: question.way == Way::Coverage,
        ..Filter::default()
    };
    Options {
        at: question.at,
        snapshot: question.at,
        model: if question.way == Way::Classic { PermissionModel::Classic } else { PermissionModel::Any },
        any_state: question.way == Way::AnyState,
        any_request: question.way == Way::AnyRequest,
        filter,
        ..Options::default()
    }
}

/// An answer as text; an error is one too.
fn answer<T: serde::Serialize>(result: Result<T, Failure>) -> String {
    match result {
        Ok(answer) => {
            let mut value = serde_json::to_value(answer).unwrap();
            if let Some(members) = value.as_object_mut() {
                members.remove("provenance");
            }
            value.to_string()
        }
        Err(failure) => format!("error: {}", words(&failure)),
    }
}

/// What is advised before each change that can be made to an inventory by itself.
fn advised(inventory: &Inventory, rules: &RuleBook, at: Moment) -> String {
    let ids = |ty: &'static str| inventory.of_type(ty).map(|e| e.uid.id.clone()).collect::<Vec<String>>();
    let (accounts, organizations) = (ids("Account"), ids("Organization"));
    let mut changes = Vec::new();
    for account in &accounts {
        changes.push(Change::Leave { account: account.clone() });
        changes.push(Change::Close { account: account.clone() });
        let join =
            |organization: &String| Change::Join { account: account.clone(), organization: organization.clone() };
        changes.extend(organizations.iter().map(join));
        changes.push(Change::RemoveDesignation { account: account.clone(), kind: "baa".to_owned() });
    }
    for by in accounts.iter().chain(&organizations) {
        for kind in ["baa", "andb"] {
            changes.push(Change::Accept { by: by.clone(), kind: kind.to_owned() });
            changes.push(Change::Terminate { of: by.clone(), kind: Some(kind.to_owned()) });
        }
    }
    let mut plans: Vec<Vec<Change>> = changes.into_iter().map(|change| vec![change]).collect();
    // what one change ends or begins, and the other needs
    for account in &accounts {
        let accept = Change::Accept { by: account.clone(), kind: "baa".to_owned() };
        let terminate = Change::Terminate { of: account.clone(), kind: Some("baa".to_owned()) };
        plans.push(vec![accept.clone(), Change::Leave { account: account.clone() }]);
        plans.push(vec![terminate.clone(), accept]);
        let join = |organization: &String| {
            vec![terminate.clone(), Change::Join { account: account.clone(), organization: organization.clone() }]
        };
        plans.extend(organizations.iter().map(join));
    }
    let mut told = String::new();
    for changes in plans {
        let Ok(after) = what_if::apply(inventory, &changes, at) else { continue };
        let advice = what_if::advice::advice((inventory, &after), rules, &changes, at);
        let made: Vec<String> = changes.iter().map(ToString::to_string).collect();
        told.push_str(&format!("{}: {}\n", made.join(", "), answer(advice)));
    }
    told
}

/// What becomes of a mutant.
enum Fate {
    Invalid,
    Killed(Question),
    Survived,
}

type Answers = Mutex<HashMap<(Question, Vec<String>), Arc<String>>>;

/// Policies under mutation, and how they are asked.
trait Subject: Sync {
    type Rules;

    fn sources(&self) -> &[Arc<SourceFile>];
    fn load(&self, sources: Vec<Arc<SourceFile>>) -> Result<Self::Rules, Failure>;
    /// The ways in which a mutant is asked about, and the operations that it can concern; none for all.
    fn ways(&self, mutant: &Mutant) -> (Vec<Way>, Vec<String>);
    fn ask(&self, inventory: &Inventory, rules: &Self::Rules, options: &Options, way: Way) -> String;
}

/// The rules of the domain.
struct Domain {
    sources: Vec<Arc<SourceFile>>,
    /// What principals do in the console.
    operations: BTreeSet<String>,
    /// What is asked about accounts and organizations, whoever acts in them.
    of_accounts: BTreeSet<String>,
}

impl Subject for Domain {
    type Rules = RuleBook;

    fn sources(&self) -> &[Arc<SourceFile>] {
        &self.sources
    }

    fn load(&self, sources: Vec<Arc<SourceFile>>) -> Result<RuleBook, Failure> {
        RuleBook::of_sources(sources, &SCHEMA)
    }

    fn ways(&self, mutant: &Mutant) -> (Vec<Way>, Vec<String>) {
        let all = vec![Way::Plain, Way::AnyState, Way::Classic];
        let within = |set: &BTreeSet<String>| !mutant.actions.is_empty() && mutant.actions.is_subset(set);
        if mutant.actions.contains("advise") {
            (vec![Way::Changes], Vec::new())
        } else if within(&self.operations) {
            (all, mutant.actions.iter().cloned().collect())
        } else if within(&self.of_accounts) {
            (vec![Way::Coverage], Vec::new())
        } else {
            (all, Vec::new())
        }
    }

    fn ask(&self, inventory: &Inventory, rules: &RuleBook, options: &Options, way: Way) -> String {
        if way == Way::Changes {
            return advised(inventory, rules, options.at);
        }
        answer(assess(inventory, rules, options))
    }
}

/// The guardrails that are shipped.
struct Shipped {
    sources: Vec<Arc<SourceFile>>,
}

impl Subject for Shipped {
    type Rules = Guardrails;

    fn sources(&self) -> &[Arc<SourceFile>] {
        &self.sources
    }

    fn load(&self, sources: Vec<Arc<SourceFile>>) -> Result<Guardrails, Failure> {
        Guardrails::of_sources(&sources, &SCHEMA)
    }

    fn ways(&self, _: &Mutant) -> (Vec<Way>, Vec<String>) {
        (vec![Way::AnyRequest], Vec::new())
    }

    fn ask(&self, inventory: &Inventory, guardrails: &Guardrails, options: &Options, _: Way) -> String {
        answer(guardrails.check(&Assessments::new(inventory, &RULES), options))
    }
}

/// The mutants of a policy are told from it by few questions: those that told some are asked first of the others.
type Telling = Mutex<HashMap<String, Vec<Question>>>;

/// Asks about mutants.
struct Trial<'t, S: Subject> {
    subject: &'t S,
    inventories: &'t Inventories,
    unchanged: S::Rules,
    known: Answers,
    telling: Telling,
}

impl<'t, S: Subject> Trial<'t, S> {
    fn new(subject: &'t S, inventories: &'t Inventories) -> Self {
        let unchanged = subject.load(subject.sources().to_vec()).unwrap_or_else(|f| panic!("{}", words(&f)));
        Self { subject, inventories, unchanged, known: Answers::default(), telling: Telling::default() }
    }

    /// The first question, in the order in which all are asked, that tells a mutant.
    fn first(&self, mutant: &Mutant) -> Option<Question> {
        self.telling.lock().unwrap().clear();
        match self.fate(mutant) {
            Fate::Killed(question) => Some(question),
            _ => None,
        }
    }

    fn fate(&self, mutant: &Mutant) -> Fate {
        let mut sources = self.subject.sources().to_vec();
        sources[mutant.source] = SourceFile::new(sources[mutant.source].path.clone(), mutant.text.clone());
        let Ok(rules) = self.subject.load(sources) else { return Fate::Invalid };
        let (ways, operations) = self.subject.ways(mutant);
        let all = self.inventories.questions(&ways);
        let told = self.telling.lock().unwrap().get(&mutant.policy).cloned().unwrap_or_default();
        let (first, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|q| told.contains(q));
        let found = first.into_iter().chain(rest).find(|question| {
            let options = options(question, &operations);
            let inventory = &self.inventories.all[question.inventory];
            *self.before(question, &operations, &options) != self.subject.ask(inventory, &rules, &options, question.way)
        });
        let Some(question) = found else { return Fate::Survived };
        let mut telling = self.telling.lock().unwrap();
        let telling = telling.entry(mutant.policy.clone()).or_default();
        if !telling.contains(&question) {
            telling.push(question.clone());
        }
        Fate::Killed(question)
    }

    /// The answer of the unchanged policies.
    fn before(&self, question: &Question, operations: &[String], options: &Options) -> Arc<String> {
        let key = (question.clone(), operations.to_vec());
        if let Some(answer) = self.known.lock().unwrap().get(&key) {
            return answer.clone();
        }
        let inventory = &self.inventories.all[question.inventory];
        let answer = Arc::new(self.subject.ask(inventory, &self.unchanged, options, question.way));
        self.known.lock().unwrap().insert(key, answer.clone());
        answer
    }
}

/// What becomes of each mutant, with as many at a time as there are processors.
fn fates<S: Subject>(subject: &S, inventories: &Inventories, mutants: &[Mutant]) -> Vec<Fate>
where
    S::Rules: Sync,
{
    let trial = Trial::new(subject, inventories);
    let next = AtomicUsize::new(0);
    let fates: Mutex<BTreeMap<usize, Fate>> = Mutex::default();
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(mutant) = mutants.get(place) else { break };
            let fate = trial.fate(mutant);
            fates.lock().unwrap().insert(place, fate);
        }
    };
    std::thread::scope(|threads| {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| threads.spawn(work)).collect();
        workers.into_iter().for_each(|w| w.join().unwrap());
    });
    fates.into_inner().unwrap().into_values().collect()
}

/// A mutant that no answer can show.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(deny_unknown_fields)]
struct Equivalent {
    policy: String,
    mutant: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explained {
    #[serde(default)]
    equivalent: Vec<Equivalent>,
}

/// The operations of which an inventory cannot tell all that they need.
const ENDING: &str = include_str!("../../policies/operations/ending.cedar");

fn explained() -> Vec<Equivalent> {
    let text = std::fs::read_to_string(data().join("equivalent.toml")).unwrap();
    let explained: Explained = toml::from_str(&text).unwrap();
    for Equivalent { policy, mutant, why } in &explained.equivalent {
        let id = format!("@id(\"{policy}\")");
        assert!(BUILT_IN.iter().chain(&GUARDRAILS).any(|(_, text)| text.contains(&id)), "there is no policy {policy}");
        assert!(why.len() > 20, "{policy}: {why}");
        // each operation has its permit, also one that a gate stands before in every case, since what it needs is not declared
        let permit = policy.ends_with("-with-permission") && ENDING.contains(&id);
        assert!(mutant != "dropped" || permit, "{policy} decides nothing, or an inventory is missing");
    }
    explained.equivalent
}

fn sources(built_in: &[(&str, &str)]) -> Vec<Arc<SourceFile>> {
    built_in.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect()
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/artifact.cedarschema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every mutant is noticed or explained, and each explanation is of one that is not noticed.
fn hold<S: Subject>(subject: &S)
where
    S::Rules: Sync,
{
    let begun = Instant::now();
    let inventories = Inventories::load();
    let mut mutants = mutants::mutants(subject.sources(), &schema());
    let only = std::env::var("MUTANTS").unwrap_or_default();
    let file = |m: &Mutant| subject.sources()[m.source].path.clone();
    mutants.retain(|m| format!("{} {} {}", file(m), m.policy, m.what).contains(&only));
    let fates = fates(subject, &inventories, &mutants);
    let mut survivors = BTreeSet::new();
    let (mut invalid, mut killed) = (0, 0);
    for (mutant, fate) in mutants.iter().zip(&fates) {
        match fate {
            Fate::Invalid => invalid += 1,
            Fate::Killed(question) => {
                killed += 1;
                if !only.is_empty() {
                    println!("{}: {} | {}", mutant.policy, mutant.what, inventories.show(question));
                }
            }
            Fate::Survived => {
                survivors.insert((mutant.policy.clone(), mutant.what.clone()));
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let all = mutants.len();
    println!(
        "{all} mutants in {seconds:.0} s, {:.0} a second: {killed} noticed, {invalid} invalid, {} not noticed",
        f64::from(u32::try_from(all).unwrap()) / seconds,
        survivors.len()
    );
    let policies: BTreeSet<&String> = mutants.iter().map(|m| &m.policy).collect();
    let explained: BTreeSet<(String, String)> =
        explained().into_iter().filter(|e| policies.contains(&e.policy)).map(|e| (e.policy, e.mutant)).collect();
    let list = |set: &mut dyn Iterator<Item = &(String, String)>| {
        set.map(|(policy, what)| format!("{policy}: {what}\n")).collect::<String>()
    };
    let unexplained = list(&mut survivors.difference(&explained));
    assert!(unexplained.is_empty(), "no answer shows these changes of policies:\n{unexplained}");
    let needless = list(&mut explained.difference(&survivors));
    assert!(needless.is_empty() || !only.is_empty(), "explained, and noticed or not made:\n{needless}");
    assert!(killed > 0 || !only.is_empty(), "no change is noticed");
}

fn domain() -> Domain {
    let schema = schema();
    let actions = schema["Artifact"]["actions"].as_object().unwrap();
    let operations = actions.keys().filter_map(|a| a.strip_prefix("may-")).map(str::to_owned).collect();
    let by_people =
        |action: &Value| action["appliesTo"]["principalTypes"].as_array().is_none_or(|t| t.contains(&"User".into()));
    let of_accounts = actions.iter().filter(|(_, a)| !by_people(a)).map(|(name, _)| name.clone()).collect();
    Domain { sources: sources(&BUILT_IN), operations, of_accounts }
}

fn shipped() -> Shipped {
    let sources = GUARDRAILS.iter().map(|(path, text)| SourceFile::new(format!("policies/guardrails/{path}"), *text));
    Shipped { sources: sources.collect() }
}

#[test]
fn every_change_of_a_rule_changes_an_answer() {
    hold(&domain());
}

#[test]
fn every_change_of_a_shipped_guardrail_changes_what_it_comes_to() {
    hold(&shipped());
}

/// Each policy, and what tells that it was dropped.
fn told_when_dropped<S: Subject>(subject: &S, inventories: &Inventories, lines: &mut BTreeMap<String, String>) {
    let trial = Trial::new(subject, inventories);
    for mutant in mutants::mutants(subject.sources(), &schema()).iter().filter(|m| m.what == "dropped") {
        let shown = trial
            .first(mutant)
            .map(|question| format!("{} at {}", inventories.names[question.inventory], moment::format(question.at)));
        lines.insert(mutant.policy.clone(), shown.unwrap_or_default());
    }
}

/// What `show policy` says that a policy is shown by is so. `SHOWN_BY=overwrite` writes it anew.
#[test]
fn what_shows_each_policy_is_what_is_told_of_it() {
    let inventories = Inventories::load();
    let mut lines = BTreeMap::new();
    told_when_dropped(&domain(), &inventories, &mut lines);
    told_when_dropped(&shipped(), &inventories, &mut lines);
    let head = "# For each policy, an inventory of tests/data/mutation and a moment: without the policy, an answer changes.\n\n";
    let text: String = lines.iter().map(|(policy, shown)| format!("{policy} = \"{shown}\"\n")).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/shown-by.toml");
    if std::env::var("SHOWN_BY").is_ok_and(|v| v == "overwrite") {
        std::fs::write(&path, format!("{head}{text}")).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), format!("{head}{text}"));
    let explained: Vec<String> = explained().into_iter().filter(|e| e.mutant == "dropped").map(|e| e.policy).collect();
    let unshown: Vec<_> = lines.iter().filter(|(p, shown)| shown.is_empty() && !explained.contains(p)).collect();
    assert!(unshown.is_empty(), "{unshown:?}");
}
