//! Each small change of a policy is noticed. A test makes all of them over `policies/` (drops a policy or a clause, flips a
//! comparison or an effect, swaps a literal, an action or an annotation), and asks the inventories of `tests/data/mutation`
//! until an answer differs from what it is without the change. A change that no answer shows is a rule that nothing
//! tests: it fails, unless a line of `equivalent.toml` says why nothing can show it.
//!
//! A change that is explained is asked few of the questions, since every one of them is asked in vain: `EXPLAINED=all` asks them all, as
//! `.ci/long` does.
//!
//! `MUTANTS=TEXT cargo test --test all mutation -- --nocapture` makes only those whose name or file holds the text.

mod mutants;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
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
use countersign_core::what_if::advice::Questions;
use countersign_core::what_if::{self, Change};
use serde::Deserialize;
use serde_json::Value;

use crate::common::{RULES, SCHEMA, words};
use mutants::Mutant;

/// Asked of every inventory: when all has happened, and around the day on which AWS deprecated permissions.
const ALWAYS: [&str; 3] = ["2026-11-01", "2025-03-02", "2025-03-03"];

/// One of so many questions is asked about a mutant that is explained.
const FEW: usize = 16;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mutation")
}

/// What is asked: an inventory at a moment, in a certain way.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Question {
    inventory: usize,
    at: Moment,
    way: Way,
    /// An account alone, or of [`Way::Changes`] and [`Way::Joining`] one plan; none for all of them, which [`Way::Changes`] never asks.
    only: Option<String>,
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
    /// What stops an account that joins an organization.
    Joining,
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
            let most = if matches!(way, Way::AnyRequest | Way::Changes | Way::Joining) {
                1
            } else {
                self.moments.iter().map(Vec::len).max().unwrap()
            };
            for place in 0..most {
                for (inventory, moments) in self.moments.iter().enumerate() {
                    // every change is made to one inventory alone, which has an account of each kind
                    let alone = match way {
                        Way::Changes => Some("changes"),
                        Way::Joining => Some("joining"),
                        _ => None,
                    };
                    if alone.is_some_and(|name| self.names[inventory] != name) {
                        continue;
                    }
                    let Some(at) = moments.get(place).copied() else { continue };
                    let question = Question { inventory, at, way: *way, only: None };
                    match way {
                        // one plan tells most mutants: they are asked of one after the other
                        Way::Changes => questions.extend(
                            made(&self.all[inventory], at)
                                .iter()
                                .map(|(name, _)| Question { only: Some(name.clone()), ..question.clone() }),
                        ),
                        _ => questions.push(question),
                    }
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
        accounts: question.only.clone().into_iter().collect(),
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

/// A plan by its name, and what the rules are asked about it.
type Plan = (String, Questions);

/// The plans that can be made to an inventory.
fn made(inventory: &Inventory, at: Moment) -> &'static [Plan] {
    // one inventory is asked, at one moment, and advice changes nothing of what can happen
    static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
    PLANS.get_or_init(|| plans(inventory, at))
}

/// What is advised before the changes of a plan.
fn advised(inventory: &Inventory, rules: &RuleBook, at: Moment, only: &[String]) -> String {
    let mut told = String::new();
    for (name, questions) in made(inventory, at).iter().filter(|(name, _)| only.contains(name)) {
        told.push_str(&format!("{name}: {}\n", answer(questions.advice(rules))));
    }
    told
}

/// What becomes of each account that joins each organization.
fn joined(inventory: &Inventory, rules: &RuleBook, at: Moment, only: &[String]) -> String {
    let mut told = String::new();
    for account in inventory.of_type("Account") {
        for organization in inventory.of_type("Organization") {
            let (account, organization) = (account.uid.id.clone(), organization.uid.id.clone());
            let join = Change::Join { account, organization };
            let name = join.to_string();
            if only.is_empty() || only.contains(&name) {
                let made = what_if::apply(inventory, rules, &[join], at).map(|_| "made");
                told.push_str(&format!("{name}: {}\n", answer(made)));
            }
        }
    }
    told
}

/// The plans that can be made.
fn plans(inventory: &Inventory, at: Moment) -> Vec<Plan> {
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
    changes.extend(organizations.iter().map(|o| Change::Delete { organization: o.clone() }));
    for by in accounts.iter().chain(&organizations) {
        for kind in ["baa", "andb"] {
            changes.push(Change::Accept { by: by.clone(), kind: kind.to_owned() });
            changes.push(Change::Terminate { of: by.clone(), kind: Some(kind.to_owned()) });
        }
    }
    let by_id = |id: String| Change::Terminate { of: id, kind: None };
    changes.extend(ids("CustomerAgreement").into_iter().map(by_id));
    let mut plans: Vec<Vec<Change>> = changes.into_iter().map(|change| vec![change]).collect();
    // what one change ends or begins, and the other needs
    for account in &accounts {
        let accept = Change::Accept { by: account.clone(), kind: "baa".to_owned() };
        let terminate = Change::Terminate { of: account.clone(), kind: Some("baa".to_owned()) };
        let leave = Change::Leave { account: account.clone() };
        plans.push(vec![accept.clone(), leave.clone()]);
        // one that has no agreement of its own yet when it leaves
        plans.push(vec![leave.clone(), accept.clone()]);
        plans.push(vec![accept.clone(), leave.clone(), terminate.clone()]);
        plans.push(vec![Change::Close { account: account.clone() }, leave.clone()]);
        plans.push(vec![terminate.clone(), leave]);
        // one that joins before what covers it is terminated
        plans.extend(organizations.first().map(|o| {
            let join = Change::Join { account: account.clone(), organization: o.clone() };
            vec![join, Change::Terminate { of: o.clone(), kind: Some("baa".to_owned()) }]
        }));
        plans.push(vec![terminate.clone(), accept]);
        // one that its organization's agreement never governed
        plans.extend(organizations.first().map(|o| {
            let designation = Change::RemoveDesignation { account: account.clone(), kind: "baa".to_owned() };
            vec![Change::Terminate { of: o.clone(), kind: Some("baa".to_owned()) }, designation]
        }));
        let join = |organization: &String| {
            vec![terminate.clone(), Change::Join { account: account.clone(), organization: organization.clone() }]
        };
        plans.extend(organizations.iter().map(join));
    }
    let made = |changes: Vec<Change>| {
        let name = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let after = what_if::apply(inventory, &RULES, &changes, at).ok()?;
        // what is asked does not depend on advice: every mutant is asked the same
        let questions = what_if::questions((inventory, &after), &RULES, &changes, at);
        Some((name, questions.unwrap_or_else(|f| panic!("{}", words(&f)))))
    };
    plans.into_iter().filter_map(made).collect()
}

/// A part of a question that tells two answers apart: the account of a principal, a finding or a row that differs, or a plan.
fn narrowed(question: &Question, before: &str, after: &str) -> Option<Question> {
    let only = if matches!(question.way, Way::Changes | Way::Joining) {
        let line = before.lines().zip(after.lines()).find(|(b, a)| b != a)?.0;
        line.split_once(": ")?.0.to_owned()
    } else {
        let (before, after): (Value, Value) = (serde_json::from_str(before).ok()?, serde_json::from_str(after).ok()?);
        let rows = |value: &Value| {
            let lists = value.as_object().into_iter().flat_map(|o| o.values()).filter_map(Value::as_array);
            lists.flatten().filter(|row| row["account"].is_string()).cloned().collect::<Vec<_>>()
        };
        let (before, after) = (rows(&before), rows(&after));
        let differs =
            before.iter().find(|row| !after.contains(row)).or_else(|| after.iter().find(|r| !before.contains(r)));
        differs?["account"].as_str()?.to_owned()
    };
    Some(Question { only: Some(only), ..question.clone() })
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
        // what names a state is told where every state is asked, and asked there first
        let all = if mutant.what.contains("@state") {
            vec![Way::AnyState, Way::Plain, Way::Classic]
        } else {
            vec![Way::Plain, Way::AnyState, Way::Classic]
        };
        let within = |set: &BTreeSet<String>| !mutant.actions.is_empty() && mutant.actions.is_subset(set);
        if mutant.actions.contains("advise") {
            (vec![Way::Changes], Vec::new())
        } else if mutant.actions.iter().eq(["accept-invitation"]) {
            ([vec![Way::Joining], all].concat(), mutant.actions.iter().cloned().collect())
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
            return advised(inventory, rules, options.at, &options.filter.accounts);
        }
        if way == Way::Joining {
            return joined(inventory, rules, options.at, &options.filter.accounts);
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
    /// The mutants that are asked few questions.
    explained: BTreeSet<(String, String)>,
}

impl<'t, S: Subject> Trial<'t, S> {
    fn new(subject: &'t S, inventories: &'t Inventories) -> Self {
        let unchanged = subject.load(subject.sources().to_vec()).unwrap_or_else(|f| panic!("{}", words(&f)));
        let all = std::env::var("EXPLAINED").is_ok_and(|v| v == "all");
        let explained = if all { Vec::new() } else { explained() };
        let explained = explained.into_iter().map(|e| (e.policy, e.mutant)).collect();
        Self { subject, inventories, unchanged, known: Answers::default(), telling: Telling::default(), explained }
    }

    /// The policies with a mutant in its place; `None` where it is refused.
    fn mutated(&self, mutant: &Mutant) -> Option<S::Rules> {
        let mut sources = self.subject.sources().to_vec();
        sources[mutant.source] = SourceFile::new(sources[mutant.source].path.clone(), mutant.text.clone());
        self.subject.load(sources).ok()
    }

    /// Whether what is told of a policy, an inventory and a moment, tells a mutant of it.
    fn tells(&self, mutant: &Mutant, told: &str) -> bool {
        let Some(rules) = self.mutated(mutant) else { return false };
        let (ways, operations) = self.subject.ways(mutant);
        let questions = self.inventories.questions(&ways);
        let mut so_named = questions.iter().filter(|q| named(self.inventories, q) == told);
        so_named.any(|q| self.differ(q, &operations, &rules).is_some())
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
        let Some(rules) = self.mutated(mutant) else { return Fate::Invalid };
        let (ways, operations) = self.subject.ways(mutant);
        let mut all = self.inventories.questions(&ways);
        if self.explained.contains(&(mutant.policy.clone(), mutant.what.clone())) {
            let mut place = 0..;
            all.retain(|_| place.next().is_some_and(|p| p % FEW == 0));
        }
        let told = self.telling.lock().unwrap().get(&mutant.policy).cloned().unwrap_or_default();
        // a mutant of the same policy can ask about other operations, in other ways
        let is_asked = |q: &&Question| all.contains(q) || all.contains(&Question { only: None, ..(*q).clone() });
        let first: Vec<Question> = told.iter().filter(is_asked).cloned().collect();
        let mut rest: Vec<&Question> = all.iter().filter(|q| !told.contains(q)).collect();
        // what says something by the policy tells most of its mutants
        if rest.iter().all(|q| q.way == Way::Changes) {
            let says = |q: &Question| self.before(q, &operations, &options(q, &operations)).contains(&mutant.policy);
            rest.sort_by_cached_key(|q| !says(q));
        }
        let Some(question) = first.iter().chain(rest).find(|q| self.differ(q, &operations, &rules).is_some()) else {
            return Fate::Survived;
        };
        if !told.contains(question) {
            self.learn(mutant, question, &operations, &rules);
        }
        Fate::Killed(question.clone())
    }

    /// The answers to a question, where the mutant's is another one.
    fn differ(&self, question: &Question, operations: &[String], rules: &S::Rules) -> Option<(Arc<String>, String)> {
        let options = options(question, operations);
        let before = self.before(question, operations, &options);
        let after = self.subject.ask(&self.inventories.all[question.inventory], rules, &options, question.way);
        (*before != after).then_some((before, after))
    }

    /// Asks the other mutants of the policy this question first, or a part of it that tells this mutant as well: a part is cheap.
    fn learn(&self, mutant: &Mutant, question: &Question, operations: &[String], rules: &S::Rules) {
        let is_part = question.only.is_some();
        let differ = if is_part { None } else { self.differ(question, operations, rules) };
        let part = differ.and_then(|(b, a)| narrowed(question, &b, &a));
        let part = part.filter(|part| self.differ(part, operations, rules).is_some());
        let mut telling = self.telling.lock().unwrap();
        let telling = telling.entry(mutant.policy.clone()).or_default();
        // a part of what is already asked in part may tell what that did not: the whole stays last
        telling.retain(|q| q != question);
        let parts = telling.iter().filter(|q| q.only.is_some()).count();
        if let Some(part) = part.filter(|part| !telling.contains(part)) {
            telling.insert(parts, part);
        }
        telling.insert(if is_part { parts } else { telling.len() }, question.clone());
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

/// How a question is named in `docs/shown-by.toml`.
fn named(inventories: &Inventories, question: &Question) -> String {
    format!("{} at {}", inventories.names[question.inventory], moment::format(question.at))
}

/// Each policy, and what tells that it was dropped: what is told of it, where that does, else the first question that does.
fn told_when_dropped<S: Subject>(
    subject: &S,
    inventories: &Inventories,
    told: &BTreeMap<String, String>,
    lines: &mut BTreeMap<String, String>,
) {
    let trial = Trial::new(subject, inventories);
    for mutant in mutants::mutants(subject.sources(), &schema()).iter().filter(|m| m.what == "dropped") {
        let told = told.get(&mutant.policy).filter(|told| trial.tells(mutant, told));
        let found = || trial.first(mutant).map(|question| named(inventories, &question));
        lines.insert(mutant.policy.clone(), told.cloned().or_else(found).unwrap_or_default());
    }
}

/// What `show policy` says that a policy is shown by is so. `SHOWN_BY=overwrite` writes it anew.
#[test]
fn what_shows_each_policy_is_what_is_told_of_it() {
    let inventories = Inventories::load();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/shown-by.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    let told: BTreeMap<String, String> = toml::from_str(&before).unwrap();
    let mut lines = BTreeMap::new();
    told_when_dropped(&domain(), &inventories, &told, &mut lines);
    told_when_dropped(&shipped(), &inventories, &told, &mut lines);
    let head = "# For each policy, an inventory of tests/data/mutation and a moment: without the policy, an answer changes.\n\n";
    let text: String = lines.iter().map(|(policy, shown)| format!("{policy} = \"{shown}\"\n")).collect();
    if std::env::var("SHOWN_BY").is_ok_and(|v| v == "overwrite") {
        std::fs::write(&path, format!("{head}{text}")).unwrap();
    } else {
        assert_eq!(before, format!("{head}{text}"));
    }
    let explained: Vec<String> = explained().into_iter().filter(|e| e.mutant == "dropped").map(|e| e.policy).collect();
    let unshown: Vec<_> = lines.iter().filter(|(p, shown)| shown.is_empty() && !explained.contains(p)).collect();
    assert!(unshown.is_empty(), "{unshown:?}");
}
