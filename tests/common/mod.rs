//! What the tests share: an inventory from a few lines of JSON, and looking answers up in its assessment.
#![allow(dead_code, reason = "not every test file uses everything")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, LazyLock};

use countersign_core::assessment::{Options, assess};
use countersign_core::diff::{Diff, Side, diff};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::moment::{self, Moment};
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Problem};
pub use countersign_core::source::Folder;
use countersign_core::terms::PermissionModel;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
pub const FULL: &str = "arn:aws:iam::aws:policy/AWSArtifactAgreementsFullAccess";
/// The management account, and two members.
pub const M: &str = "111111111111";
pub const A: &str = "222222222222";
pub const B: &str = "333333333333";
pub const ORG: &str = "o-exampleorgid";

pub static SCHEMA: LazyLock<Arc<EntitySchema>> = LazyLock::new(|| Arc::new(EntitySchema::built_in().unwrap()));
pub static RULES: LazyLock<RuleBook> = LazyLock::new(|| RuleBook::built_in(&SCHEMA).unwrap());

/// One of the project's JSON Schemas.
pub fn schema_validator(name: &str) -> jsonschema::Validator {
    let read = |name: &str| -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let shared = ["assessment", "assessment-lines", "new-access", "diff", "test", "provenance", "who-can"];
    let registry = shared.iter().fold(jsonschema::Registry::new(), |registry, name| {
        registry.add(format!("urn:countersign:{name}:v1"), read(&format!("{name}.v1.schema.json"))).unwrap()
    });
    let registry = registry.prepare().unwrap();
    jsonschema::options().with_registry(&registry).build(&read(name)).unwrap()
}

/// What is wrong with a document by a schema.
pub fn schema_errors(name: &str, document: &Value) -> Vec<String> {
    schema_validator(name).iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

/// What a command answers to an input. It is read while the input is written: whoever writes all of it first would wait for a reader
/// of the answers, which come as the input is read.
pub fn output_of(command: &mut Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    })
}

/// What a command prints in a folder, on no runner of anybody; whatever it says of the inventory.
pub fn run_in(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
        command.env_remove(name);
    }
    let output = command.current_dir(folder).env("NO_COLOR", "1").args(args).output().unwrap();
    assert!(output.status.code().is_some_and(|c| c < 2), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder in the making.
#[derive(Clone, Default)]
pub struct World {
    pub entities: Vec<Value>,
    pub files: BTreeMap<String, String>,
}

/// What is asked of it.
#[derive(Clone)]
pub struct Ask {
    pub at: Moment,
    pub model: PermissionModel,
    pub context: BTreeMap<String, Vec<String>>,
}

impl Default for Ask {
    fn default() -> Self {
        Self { at: at("2026-11-01"), model: PermissionModel::Any, context: BTreeMap::new() }
    }
}

/// Draws the cases of a property: the same in each run, and others in each `PROPERTY_ROUND` of the long ones (`.ci/long`).
pub fn drawn_from(seed: u8) -> TestRng {
    let round: u32 = std::env::var("PROPERTY_ROUND").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut seeds = [seed; 32];
    for (byte, round) in seeds.iter_mut().zip(round.to_le_bytes()) {
        *byte ^= round;
    }
    TestRng::from_seed(RngAlgorithm::ChaCha, &seeds)
}

pub fn at(text: &str) -> Moment {
    moment::parse(text).unwrap()
}

pub fn on(text: &str) -> Ask {
    Ask { at: at(text), ..Ask::default() }
}

pub fn by(model: PermissionModel) -> Ask {
    Ask { model, ..Ask::default() }
}

pub fn user(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}

pub fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// A document of these statements.
pub fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A document that allows these actions on everything; of none, one without statements, since AWS refuses one that names no action.
pub fn allows(actions: &[&str]) -> Value {
    match actions {
        [] => policy(json!([])),
        actions => policy(json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}])),
    }
}

impl World {
    pub fn new() -> Self {
        Self::default()
    }

    /// A management account and one member, all features, set up.
    pub fn organization() -> Self {
        Self::new().org(json!({})).account(M, json!({}), &[ORG]).account(A, json!({}), &[ORG])
    }

    pub fn entity(mut self, entity: Value) -> Self {
        self.entities.push(entity);
        self
    }

    /// The organization, with these attributes in place of the usual ones.
    pub fn org(self, attrs: Value) -> Self {
        let mut usual =
            json!({"featureSet": "ALL", "managementAccount": M, "trustedAccess": true, "serviceRole": true});
        merge(&mut usual, attrs);
        self.entity(json!({"uid": ORG, "attrs": usual}))
    }

    pub fn account(self, id: &str, attrs: Value, parents: &[&str]) -> Self {
        self.entity(json!({"uid": id, "attrs": attrs, "parents": parents}))
    }

    pub fn user(self, account: &str, name: &str, policies: Value) -> Self {
        self.entity(json!({"uid": user(account, name), "attrs": {"policies": policies}}))
    }

    pub fn accepted(self, id: &str, kind: &str, scope: &str, of: &str, start: &str, end: Option<&str>) -> Self {
        let mut attrs = json!({"agreement": kind, scope: of, "effectiveStart": start});
        if let Some(end) = end {
            attrs["effectiveEnd"] = json!(end);
        }
        self.entity(json!({"uid": format!("customer-agreement-{id}"), "attrs": attrs}))
    }

    pub fn offline(self, designations: Value) -> Self {
        let attrs = json!({"kind": "baa", "effectiveStart": "2018-01-01", "designations": designations});
        self.entity(json!({"uid": "OfflineAgreement::\"offline-baa\"", "attrs": attrs}))
    }

    pub fn report(self, id: &str, series: &str, approval: bool) -> Self {
        let attrs = json!({"series": series, "category": "Certifications and Attestations",
            "acceptanceType": "EXPLICIT", "requiresApproval": approval});
        self.entity(json!({"uid": id, "attrs": attrs}))
    }

    pub fn file(mut self, path: &str, text: impl Into<String>) -> Self {
        self.files.insert(path.to_owned(), text.into());
        self
    }

    pub fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let files = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        files.for_each(|(path, text)| write(folder.path(), path, text));
        if !self.entities.is_empty() {
            let text = serde_json::to_string_pretty(&self.entities).unwrap();
            std::fs::write(folder.path().join("entities.json"), text).unwrap();
        }
        folder
    }

    /// Read as an inventory.
    pub fn load(&self) -> Inventory {
        let folder = self.folder();
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)))
    }

    pub fn assess(&self, ask: &Ask) -> Answers {
        let folder = self.folder();
        assess_folder(folder.path(), ask).unwrap_or_else(|f| panic!("{}", words(&f)))
    }

    pub fn now(&self) -> Answers {
        self.assess(&Ask::default())
    }

    /// What is wrong with it.
    pub fn problems(&self) -> Vec<Problem> {
        let folder = self.folder();
        match Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()) {
            Err(Failure::Problems(problems)) => problems,
            Err(failure) => panic!("{failure}"),
            Ok(_) => Vec::new(),
        }
    }
}

/// What is asked where a test is about no other moment.
pub fn options_now() -> Options {
    let at = Ask::default().at;
    Options { at, snapshot: at, ..Options::default() }
}

/// What a change of a world makes different.
pub fn compare(base: &World, head: &World) -> Diff {
    let (base, head, options) = (base.load(), head.load(), options_now());
    let side = |inventory| Side { inventory, options: &options };
    diff(&side(&base), &side(&head), &RULES).unwrap_or_else(|f| panic!("{}", words(&f)))
}

fn merge(into: &mut Value, from: Value) {
    for (key, value) in from.as_object().unwrap() {
        into[key] = value.clone();
    }
}

pub fn words(failure: &Failure) -> String {
    match failure {
        Failure::Problems(problems) => {
            problems.iter().map(|p| format!("{p} at `{}`", p.underlined())).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

pub fn assess_folder(folder: &Path, ask: &Ask) -> Result<Answers, Failure> {
    let inventory = Inventory::load(&Folder::new(folder), SCHEMA.clone())?;
    let options =
        Options { at: ask.at, snapshot: ask.at, model: ask.model, context: ask.context.clone(), ..Options::default() };
    let assessment = assess(&inventory, &RULES, &options)?;
    Ok(Answers(serde_json::to_value(assessment).unwrap()))
}

/// What is asked of a folder, by other rules.
pub fn assess_by(rules: &RuleBook, world: &World, ask: &Ask) -> Answers {
    let folder = world.folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let options = Options { at: ask.at, snapshot: ask.at, model: ask.model, ..Options::default() };
    Answers(serde_json::to_value(assess(&inventory, rules, &options).unwrap()).unwrap())
}

/// An assessment, as programs read it.
pub struct Answers(pub Value);

impl Answers {
    pub fn account(&self, id: &str) -> &Value {
        self.0["accounts"].as_array().unwrap().iter().find(|a| a["account"] == id).unwrap()
    }

    pub fn coverage_of(&self, id: &str, kind: &str) -> &Value {
        let rows = self.account(id)["agreements"].as_array().unwrap();
        rows.iter().find(|r| r["kind"] == kind).unwrap()
    }

    /// `covered organization`, `not-covered`, …
    pub fn baa(&self, id: &str) -> String {
        let row = self.coverage_of(id, "baa");
        let scope = row["governing"]["scope"].as_str().unwrap_or_default();
        format!("{} {scope}", row["coverage"].as_str().unwrap()).trim().to_owned()
    }

    pub fn operations(&self, principal: &str) -> &[Value] {
        let principals = self.0["principals"].as_array().unwrap();
        let found = principals.iter().find(|p| p["principal"] == principal);
        found.unwrap_or_else(|| panic!("no {principal}"))["operations"].as_array().unwrap()
    }

    /// The answer to an operation: on a scope and kind (`baa` where the operation has one), or a report.
    pub fn answer(&self, principal: &str, operation: &str, scope: &str) -> &Value {
        self.answer_of(principal, operation, scope, "baa")
    }

    pub fn answer_of(&self, principal: &str, operation: &str, scope: &str, kind: &str) -> &Value {
        let matches = |o: &&Value| {
            o["operation"] == operation
                && (o["scope"] == scope || o["report"] == scope)
                && (o["agreement"].is_null() || o["agreement"] == kind)
        };
        let found = self.operations(principal).iter().find(matches);
        found.unwrap_or_else(|| panic!("no {operation} {scope} {kind} for {principal}"))
    }

    pub fn decision(&self, principal: &str, operation: &str, scope: &str) -> &str {
        self.answer(principal, operation, scope)["decision"].as_str().unwrap()
    }

    /// The ids of the gates that are not passed.
    pub fn gates(&self, principal: &str, operation: &str, scope: &str) -> Vec<&str> {
        gates(self.answer(principal, operation, scope))
    }

    pub fn codes(&self) -> Vec<&str> {
        self.0["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect()
    }
}

pub fn gates(answer: &Value) -> Vec<&str> {
    answer["gates"].as_array().unwrap().iter().map(|g| g["id"].as_str().unwrap()).collect()
}

/// The same error for everything that a value of a list says.
pub fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

/// Writes a file below a folder, with the folders that its path names.
fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A folder of files.
pub fn folder(files: &[(&str, impl AsRef<str>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(path, text)| write(folder.path(), path, text.as_ref()));
    folder
}

/// A file of rules that drops a built-in policy.
pub fn removing(id: &str) -> String {
    format!(
        "@id(\"{id}\") @remove\n\
         permit (principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);"
    )
}

/// The rules with one text of a file replaced by another.
pub fn rules_with(file: &str, from: &str, to: &str) -> RuleBook {
    let folder = tempfile::tempdir().unwrap();
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for entry in walkdir::WalkDir::new(&policies).into_iter().filter_map(Result::ok).filter(|e| e.file_type().is_file())
    {
        let name = entry.path().strip_prefix(&policies).unwrap();
        let mut text = std::fs::read_to_string(entry.path()).unwrap();
        if name == Path::new(file) {
            assert!(text.contains(from), "{file} has no {from}");
            text = text.replace(from, to);
        }
        write(folder.path(), name.to_str().unwrap(), &text);
    }
    RuleBook::read(&Folder::new(folder.path()), &SCHEMA).unwrap_or_else(|f| panic!("{}", words(&f)))
}
