//! Nothing in a change weakens the check of the change: the settings of the tip of its target hold, and what a change weakens is told
//! by itself, with an exit code of its own.

use std::path::Path;
use std::process::{Command, Output};

use crate::common::*;
use serde_json::{Value, json};

/// A repository whose branch `main` is the base, with a change on the branch `topic`.
pub struct Repository(tempfile::TempDir);

fn git(folder: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The command outside of a pipeline, in a folder.
fn countersign(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
        command.env_remove(name);
    }
    command.current_dir(folder).env("NO_COLOR", "1").args(args).output().unwrap()
}

/// What a check prints as JSON, valid by its schema.
fn document(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
    assert_eq!(schema_errors("check.v1.schema.json", &document), Vec::<String>::new());
    document
}

impl Repository {
    pub fn new(base: &World) -> Self {
        let folder = base.folder();
        git(folder.path(), &["init", "--quiet"]);
        let this = Self(folder);
        this.commit("base");
        git(this.path(), &["checkout", "--quiet", "-b", "topic"]);
        this
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn commit(&self, what: &str) {
        git(self.path(), &["add", "--all", "."]);
        git(self.path(), &["commit", "--quiet", "--allow-empty", "-m", what]);
    }

    pub fn write(&self, file: &str, text: &str) -> &Self {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub fn remove(&self, file: &str) -> &Self {
        std::fs::remove_file(self.path().join(file)).unwrap();
        self
    }

    /// Writes to `main` what the change does not have, and comes back.
    fn on_main(&self, change: impl Fn(&Self)) {
        self.commit("the change");
        git(self.path(), &["checkout", "--quiet", "main"]);
        change(self);
        self.commit("meanwhile");
        git(self.path(), &["checkout", "--quiet", "topic"]);
    }

    pub fn check(&self, more: &[&str]) -> Checked {
        let args = [&["check", ".", "--git", "main...", "--format", "json"][..], more].concat();
        let output = countersign(self.path(), &args);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        Checked { code: output.status.code().unwrap(), document: document(&output), errors }
    }
}

pub struct Checked {
    pub code: i32,
    pub document: Value,
    pub errors: String,
}

impl Checked {
    pub fn part(&self, name: &str) -> &str {
        let parts = self.document["parts"].as_array().unwrap();
        parts.iter().find(|p| p["part"] == name).map_or("absent", |p| p["state"].as_str().unwrap())
    }

    pub fn weakened(&self) -> Vec<&str> {
        let entries = self.document["weakening"]["entries"].as_array().unwrap();
        entries.iter().map(|e| e["kind"].as_str().unwrap()).collect()
    }

    pub fn digest(&self) -> &str {
        self.document["weakening"]["digest"].as_str().unwrap()
    }
}

const GUARDRAIL: &str = "@id(\"nobody\") @message(\"accepts\")
    forbid(principal is Artifact::User, action == Artifact::Action::\"may-accept-agreement\", resource);";

fn expectation() -> String {
    format!("[[coverage]]\nname = \"covered\"\naccount = \"{A}\"\nagreement = \"baa\"\nexpect = \"covered\"\n")
}

/// An account that is covered, one who may do nothing, and a promise of each kind.
fn world() -> World {
    World::organization()
        .user(A, "a", json!(["a.json"]))
        .file("a.json", serde_json::to_string(&allows(&["s3:ListAllMyBuckets"])).unwrap())
        .accepted("abcdef0123456789", "baa", "account", A, "2024-01-01", None)
        .file("guardrails/own.cedar", GUARDRAIL)
        .file("own.expect.toml", expectation())
        .file("countersign.toml", "asOf = \"2026-11-15\"\n")
}

/// The inventory of the world with the agreement ended, or with one who may accept.
pub fn entities(world: &World) -> String {
    serde_json::to_string_pretty(&world.entities).unwrap()
}

fn accepting() -> String {
    serde_json::to_string(&allows(&["s3:ListAllMyBuckets", "artifact:*"])).unwrap()
}

#[test]
fn what_changes_nothing_passes() {
    let checked = Repository::new(&world()).check(&[]);
    assert_eq!((checked.code, checked.part("weakening")), (0, "passed"), "{}", checked.errors);
    assert_eq!(checked.document["weakening"]["digest"], Value::Null);
}

/// Deleted guardrails and expectations: what they promised judges the change that deletes them.
#[test]
fn promises_that_a_change_deletes_still_judge_it() {
    let repository = Repository::new(&world());
    repository.remove("guardrails/own.cedar").remove("own.expect.toml").write("a.json", &accepting());
    let checked = repository.check(&[]);
    assert_eq!(checked.code, 1);
    assert_eq!(checked.part("guardrails"), "failed");
    assert_eq!(checked.weakened(), ["guardrail", "expectation"]);
    // harmless but for the promises that are gone: the weakening alone, by its own exit code
    repository.write("a.json", &world().files["a.json"]);
    let checked = repository.check(&[]);
    assert_eq!((checked.code, checked.part("weakening"), checked.part("guardrails")), (4, "failed", "passed"));
    let digest = checked.digest().to_owned();
    // the digest of exactly these, and of nothing else
    assert_eq!(repository.check(&["--accept-change", &digest]).code, 0);
    assert_eq!(repository.check(&["--accept-change", ""]).code, 4);
    let wrong = repository.check(&["--accept-change", &digest.replace(digest.chars().next().unwrap(), "z")]);
    assert!(wrong.code == 4 && wrong.errors.contains("has no effect"), "{}", wrong.errors);
    repository.write("countersign.toml", "asOf = \"2026-11-15\"\nexclude = [\"b.json\"]\n");
    let more = repository.check(&["--accept-change", &digest]);
    assert_eq!((more.code, more.weakened().len()), (4, 3), "another weakening is another digest");
}

/// A branch that was cut before a guardrail does not evade it, and has not removed it.
#[test]
fn a_branch_is_held_to_the_tip_of_its_target() {
    let repository = Repository::new(&World {
        files: world().files.into_iter().filter(|(p, _)| !p.contains("guardrails")).collect(),
        ..world()
    });
    repository.write("b.json", &accepting());
    let wider = World { entities: world().user(A, "b", json!(["b.json"])).entities, ..World::new() };
    repository.write("entities.json", &entities(&wider));
    repository.on_main(|r| {
        r.write("guardrails/own.cedar", GUARDRAIL);
    });
    let checked = repository.check(&["--only", "guardrails"]);
    assert_eq!((checked.code, checked.part("guardrails")), (1, "failed"));
    assert!(checked.document["guardrails"].to_string().contains("a guardrail of main"));
    assert_eq!(repository.check(&["--only", "weakening"]).code, 0, "it weakens nothing");
}

/// A moment that is set back hides what happened since.
#[test]
fn both_moments_are_asked() {
    let repository = Repository::new(&world());
    let ended = World::organization().user(A, "a", json!(["a.json"])).accepted(
        "abcdef0123456789",
        "baa",
        "account",
        A,
        "2024-01-01",
        Some("2026-11-10"),
    );
    repository.write("entities.json", &entities(&ended)).write("countersign.toml", "asOf = \"2026-11-01\"\n");
    let checked = repository.check(&["--only", "diff", "--only", "weakening"]);
    assert_eq!((checked.code, checked.part("diff")), (1, "failed"), "{}", checked.document);
    assert_eq!(checked.weakened(), ["moment"]);
    let found = &checked.document["diffByTarget"]["diff"]["coverage"][0];
    assert_eq!((&found["change"], &found["kind"]), (&json!("lost"), &json!("baa")));
    let checked = repository.check(&["--only", "expectations"]);
    assert_eq!((checked.code, checked.part("expectations")), (1, "failed"));
    // a moment that moves on is no weakening, and what it shows is told
    repository.write("countersign.toml", "asOf = \"2026-11-20\"\n");
    let checked = repository.check(&["--only", "weakening"]);
    assert_eq!((checked.code, checked.part("weakening")), (0, "passed"));
    // one in the future is
    repository.write("countersign.toml", "asOf = \"2999-01-01\"\n");
    assert_eq!(repository.check(&["--only", "weakening"]).code, 4);
}

#[test]
fn each_way_to_weaken_is_told() {
    let settings = "asOf = \"2026-11-15\"\nphiTags = [\"Data=PHI\"]\nsignatories = [\"a\"]\n[limits]\nentities = 1000\n[auditors]\na = [\"SOC\"]\n[guardrails]\non = [\"no-role-of-another-account\"]\n\
        [lint.rules]\nCS101 = \"error\"\n[[diff.allow]]\nanyRequest = true\nreason = \"r\"\nuntil = 2026-12-01\n";
    let shipped = countersign_core::guardrails::shipped().unwrap();
    let name = shipped[0].1.annotation("id").unwrap().to_owned();
    let settings = settings.replace("no-role-of-another-account", &name);
    let base = world().file("countersign.toml", settings.clone());
    for (kind, from, to) in [
        ("moment", "2026-11-15", "2026-11-14"),
        ("phi-tags", "Data=PHI", "Data=Other"),
        ("signatories", "[\"a\"]", "[\"a\", \"b\"]"),
        ("guardrail", &format!("on = [\"{name}\"]"), "on = []"),
        ("lint-rule", "CS101 = \"error\"", "CS101 = \"off\""),
        ("lint-rule", "CS101 = \"error\"", "CS101 = \"info\""),
        ("exception", "2026-12-01", "2026-12-02"),
        ("exception", "until = 2026-12-01\n", ""),
        ("exception", "[[diff.allow]]", "[[diff.allow]]\ncoverage = \"baa\"\nreason = \"r\"\n[[diff.allow]]"),
        ("exclude", "asOf", "exclude = [\"*.none\"]\nasOf"),
        ("context", "[guardrails]", "[context]\n\"aws:MultiFactorAuthPresent\" = true\n[guardrails]"),
        ("permission-model", "asOf", "permissionModel = \"fine-grained\"\nasOf"),
        ("lint-files", "[lint.rules]", "[lint]\nexclude = [\"*.tf\"]\n[lint.rules]"),
        ("lint-paths", "[lint.rules]", "[lint]\npaths = [\"a.json\"]\n[lint.rules]"),
        ("auditors", "a = [\"SOC\"]", "a = [\"PCI\", \"SOC\"]"),
        ("auditors", "[auditors]\na = [\"SOC\"]\n", ""),
        ("limit", "entities = 1000", "entities = 2000"),
        ("limit", "[limits]\nentities = 1000\n", ""),
        ("trusted", "[guardrails]", "[[trusted]]\nrole = \"x\"\npeople = [\"p\"]\nreason = \"r\"\n[guardrails]"),
    ] {
        let repository = Repository::new(&base);
        assert!(settings.contains(from), "{from}");
        repository.write("countersign.toml", &settings.replacen(from, to, 1));
        let checked = repository.check(&["--only", "weakening"]);
        assert_eq!((checked.code, checked.weakened()), (4, vec![kind]), "{from} -> {to}");
        // the same the other way round is stronger, and never fails; what is settled otherwise is told in either direction
        let repository = Repository::new(&base.clone().file("countersign.toml", settings.replacen(from, to, 1)));
        repository.write("countersign.toml", &settings);
        let back = repository.check(&["--only", "weakening"]);
        let told = if kind == "phi-tags" { 4 } else { 0 };
        assert_eq!(back.code, told, "{to} -> {from}: {:?}", back.weakened());
    }
    for (kind, file, text) in [
        (
            "guardrail",
            "guardrails/own.cedar",
            GUARDRAIL.replace("resource);", "resource) when { principal == principal };"),
        ),
        ("guardrail", "guardrails/own.cedar", GUARDRAIL.replace("@message", "@severity(\"warning\") @message")),
        (
            "expectation",
            "own.expect.toml",
            expectation()
                .replace("\"covered\"\n", "\"not-covered\"\n")
                .replace("name = \"not-covered\"", "name = \"covered\""),
        ),
    ] {
        let repository = Repository::new(&base);
        repository.write(file, &text);
        assert_eq!(repository.check(&["--only", "weakening"]).weakened(), [kind], "{text}");
    }
}

/// A profile of lint has fewer rules, or looks at fewer policies; each rule that finds less is told.
#[test]
fn another_profile_is_a_weakening_where_a_rule_finds_less() {
    let with = |profile: &str| format!("asOf = \"2026-11-15\"\n[lint]\nprofile = \"{profile}\"\n");
    for (from, to, weakens) in [
        ("security", "default", true),
        ("default", "artifact", true),
        ("default", "access-analyzer", true),
        ("default", "security", false),
        ("artifact", "default", false),
    ] {
        let repository = Repository::new(&world().file("countersign.toml", with(from)));
        repository.write("countersign.toml", &with(to));
        let checked = repository.check(&["--only", "weakening"]);
        let kinds = checked.weakened();
        assert_eq!((checked.code, kinds.is_empty()), (if weakens { 4 } else { 0 }, !weakens), "{from} -> {to}");
        assert!(kinds.iter().all(|kind| *kind == "lint-rule"), "{from} -> {to}: {kinds:?}");
    }
}

/// Of several owners that a file fits, the last one counts: what stands after one that is reported only takes files back from it.
#[test]
fn owners_in_another_order_are_a_weakening_where_fewer_findings_fail() {
    let owner = |name: &str, path: &str, only: bool| {
        format!("[[lint.owners]]\nname = \"{name}\"\npaths = [\"{path}\"]\nreportOnly = {only}\n")
    };
    let (others, ours) = (owner("others", "**", true), owner("ours", "iam/**", false));
    let settings = |tables: &[&str]| format!("asOf = \"2026-11-15\"\n{}", tables.concat());
    let strict = settings(&[&others, &ours]);
    for (to, weakens) in [
        (settings(&[&ours, &others]), true),
        (settings(&[&others]), true),
        (settings(&[&others, &owner("ours", "iam/*.json", false)]), true),
        (settings(&[&others, &ours, &owner("all", "**/*.tf", true)]), true),
        (settings(&[&others, &ours, &owner("more", "scp/**", false)]), false),
        (settings(&[&ours]), false),
        (settings(&[&others, &owner("called otherwise", "iam/**", false)]), false),
    ] {
        let repository = Repository::new(&world().file("countersign.toml", strict.clone()));
        repository.write("countersign.toml", &to);
        let checked = repository.check(&["--only", "weakening"]);
        let expected: &[&str] = if weakens { &["lint-files"] } else { &[] };
        assert_eq!((checked.code, checked.weakened().as_slice()), (if weakens { 4 } else { 0 }, expected), "{to}");
    }
    // and it does turn findings into reports
    let wrong = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "artifact:NoSuchAction", "Resource": "*"}]});
    let fails = |settings: String| {
        let world = World::new().file("iam/a.json", wrong.to_string()).file("countersign.toml", settings);
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let folder = world.folder();
        command.current_dir(folder.path()).args(["lint", "--fail-on", "warning"]).output().unwrap().status.code()
    };
    assert_eq!((fails(settings(&[&others, &ours])), fails(settings(&[&ours, &others]))), (Some(1), Some(0)));
}

/// A reviewer sees what a changed policy says more, by service and access level.
#[test]
fn a_comment_tells_what_changed_policies_say_more() {
    let repository = Repository::new(&world());
    repository.write("a.json", &allows(&["s3:ListAllMyBuckets", "s3:PutObject", "artifact:GetReport"]).to_string());
    let output = countersign(repository.path(), &["check", ".", "--git", "main...", "--format", "markdown"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = "- `a.json` allows more: artifact Read (GetReport), s3 Write (PutObject)";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("<details><summary>policies that say more (1)</summary>"), "{text}");
}

/// Which services are eligible is not for a change to say.
#[test]
fn lists_of_eligible_services_that_a_change_replaces_are_told() {
    let repository = Repository::new(&world());
    repository
        .write("countersign.toml", "asOf = \"2026-11-15\"\n[aws]\neligibleServices = \"lists.json\"\n")
        .write("lists.json", r#"{"snapshots": ["2026-10-30"], "services": []}"#);
    let checked = repository.check(&["--only", "weakening"]);
    assert_eq!((checked.code, checked.weakened()), (4, vec!["eligible-services"]), "{}", checked.errors);
}

/// What a managed policy of AWS's says, and which actions there are, is not for a change to say.
#[test]
fn data_of_aws_that_a_change_brings_is_told() {
    let answer = |action: &str| {
        let document =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
        json!({"PolicyVersion": {"VersionId": "v999", "IsDefaultVersion": true, "Document": document}}).to_string()
    };
    let settings = "asOf = \"2026-11-15\"\n[aws]\nmanagedPolicies = \"aws/mp\"\n";
    let file = "aws/mp/AdministratorAccess.json";
    let repository = Repository::new(&world());
    repository.write("countersign.toml", settings).write(file, &answer("artifact:ListReports"));
    let checked = repository.check(&["--only", "weakening"]);
    assert_eq!((checked.code, checked.weakened()), (4, vec!["aws-data"]), "{}", checked.errors);
    let digest = checked.digest().to_owned();
    assert_eq!(repository.check(&["--only", "weakening", "--accept-change", &digest]).code, 0);
    // what the target has may be neither changed nor taken out
    let repository = Repository::new(&world().file("countersign.toml", settings).file(file, answer("*")));
    assert_eq!(repository.check(&["--only", "weakening"]).code, 0);
    repository.write(file, &answer("artifact:ListReports"));
    assert_eq!(repository.check(&["--only", "weakening"]).weakened(), ["aws-data"]);
    repository.write("aws/mp/SecurityAudit.json", &answer("*")).remove(file);
    assert_eq!(repository.check(&["--only", "weakening"]).weakened(), ["aws-data", "aws-data"]);
}

/// Nor is it where an entity of the inventory gives a policy of AWS's its document.
#[test]
fn a_document_that_a_change_gives_a_policy_of_aws_is_told() {
    let with = |action: &str, arn: &str| {
        let document = json!({"attrs": {"document": allows(&[action])}, "uid": format!("IamPolicy::\"{arn}\"")});
        entities(&world().user(A, "b", json!([arn])).entity(document))
    };
    for arn in ["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/NoSuchPolicyOfAws"] {
        let repository = Repository::new(&world());
        repository.write("entities.json", &with("artifact:ListReports", arn));
        let checked = repository.check(&["--only", "weakening"]);
        assert_eq!((checked.code, checked.weakened()), (4, vec!["aws-data"]), "{arn} {}", checked.errors);
        let entry = &checked.document["weakening"]["entries"][0];
        assert_eq!(entry["file"], "entities.json", "{entry}");
        let digest = checked.digest().to_owned();
        assert_eq!(repository.check(&["--only", "weakening", "--accept-change", &digest]).code, 0);
        repository.on_main(|r| {
            r.write("entities.json", &with("artifact:ListReports", arn));
        });
        assert_eq!(repository.check(&["--only", "weakening"]).code, 0, "{arn}");
        repository.write("entities.json", &with("artifact:GetReport", arn));
        assert_eq!(repository.check(&["--only", "weakening"]).weakened(), ["aws-data"]);
    }
    // the same as AWS says decides nothing anew, and one of one's own is compared by what it allows
    for arn in ["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::111122223333:policy/own"] {
        let repository = Repository::new(&world());
        repository.write("entities.json", &with("*", arn));
        assert_eq!(repository.check(&["--only", "weakening"]).code, 0, "{arn}");
    }
}

/// A guardrail is not kept by a change after which it is about nobody: a group under its name that is empty, say.
#[test]
fn a_guardrail_that_is_about_nobody_any_more_is_told() {
    let guardrail = "@id(\"developers\") @message(\"accepts\")
        forbid(principal, action == Artifact::Action::\"may-accept-agreement\", resource) when { context.groups.contains(\"developers\") };";
    let with = |name: &str, decoy: bool| {
        let set = json!({"policies": ["a.json"], "assignments": [{"group": "g", "accounts": [A]}]});
        let mut world = World::organization()
            .file("a.json", serde_json::to_string(&allows(&["artifact:ListReports"])).unwrap())
            .entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": name}}))
            .entity(json!({"uid": "IdentityCenterUser::\"p\"", "attrs": {"userName": "p"}, "parents": ["IdentityCenterGroup::\"g\""]}))
            .entity(json!({"uid": "PermissionSet::\"Developers\"", "attrs": set}))
            .file("guardrails/developers.cedar", guardrail);
        if decoy {
            world =
                world.entity(json!({"uid": "IdentityCenterGroup::\"empty\"", "attrs": {"displayName": "developers"}}));
        }
        world
    };
    let repository = Repository::new(&with("developers", false));
    let checked = repository.check(&["--only", "guardrails"]);
    assert_eq!((checked.code, checked.part("guardrails")), (0, "passed"), "{}", checked.document);
    repository.write("entities.json", &entities(&with("devs", true)));
    for only in ["guardrails", "weakening"] {
        let checked = repository.check(&["--only", only]);
        assert_eq!((checked.code, checked.weakened()), (4, vec!["idle-guardrail"]), "{only} {}", checked.document);
        let entry = &checked.document["weakening"]["entries"][0];
        assert_eq!((&entry["file"], &entry["line"]), (&json!("guardrails/developers.cedar"), &json!(1)));
    }
    let digest = repository.check(&["--only", "weakening"]).digest().to_owned();
    assert_eq!(repository.check(&["--accept-change", &digest, "--only", "weakening"]).code, 0);
    // stronger in its form, and about nobody all the same
    repository.write(
        "guardrails/developers.cedar",
        &guardrail.replace("\"may-accept-agreement\", resource", "\"may\", resource").replace("action ==", "action in"),
    );
    assert!(repository.check(&["--only", "weakening"]).weakened().contains(&"idle-guardrail"));
    // one that was about nobody before the change is not weakened by it
    let repository = Repository::new(&with("devs", true));
    repository.write("a.json", &allows(&["artifact:GetReport"]).to_string());
    assert_eq!(repository.check(&["--only", "guardrails"]).code, 0);
}

/// `[[exception]]`: what is excepted for longer, of another account, or newly; one that is shortened or taken out is stronger.
#[test]
fn exceptions_of_accounts_that_a_change_widens_are_told() {
    let exception = |account: &str, until: &str| {
        format!("[[exception]]\naccount = \"{account}\"\nowner = \"Dana\"\nreason = \"r\"\nuntil = {until}\n")
    };
    let settings = |tables: &[String]| format!("asOf = \"2026-11-15\"\n{}", tables.concat());
    let one = exception(A, "2026-12-01");
    for (to, weakens) in [
        (settings(&[exception(A, "2026-12-02")]), true),
        (settings(&[exception(M, "2026-12-01")]), true),
        (settings(&[one.clone(), exception(M, "2026-01-01")]), true),
        (settings(&[exception(A, "2026-01-01"), exception(A, "2027-01-01")]), true),
        (settings(&[exception(A, "2026-11-30")]), false),
        (settings(&[]), false),
        (settings(&[one.replace("Dana", "Alex")]), false),
    ] {
        let repository = Repository::new(&world().file("countersign.toml", settings(std::slice::from_ref(&one))));
        repository.write("countersign.toml", &to);
        for only in ["findings", "weakening"] {
            let checked = repository.check(&["--only", only]);
            let expected: &[&str] = if weakens { &["account-exception"] } else { &[] };
            let code = if weakens { 4 } else { 0 };
            assert_eq!((checked.code, checked.weakened().as_slice()), (code, expected), "{to} {}", checked.errors);
        }
    }
}

/// Each inventory has a digest of its own, and each is accepted by its own.
#[test]
fn several_inventories_are_accepted_each_by_its_digest() {
    let mut base = World::new().file("README", "x");
    for folder in ["one", "two"] {
        for (path, text) in world().files {
            base = base.file(&format!("{folder}/{path}"), text);
        }
        base = base.file(&format!("{folder}/entities.json"), entities(&world()));
    }
    let repository = Repository::new(&base);
    repository.remove("one/guardrails/own.cedar").remove("two/guardrails/own.cedar");
    let check = |more: &[&str]| {
        let args = [&["check", "--git", "main...", "--only", "weakening"][..], more].concat();
        let output = countersign(repository.path(), &args);
        let [told, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code(), told, errors)
    };
    let (code, told, _) = check(&[]);
    assert_eq!(code, Some(4), "{told}");
    let digests: Vec<&str> = told
        .split_whitespace()
        .filter(|word| word.len() == 40 && word.chars().all(|c| c.is_ascii_hexdigit()))
        .collect();
    assert!(digests.len() == 2 && digests[0] != digests[1], "the same change of two inventories: {told}");
    let (code, _, errors) = check(&["--accept-change", digests[0], "--accept-change", digests[1]]);
    assert!(code == Some(0) && !errors.contains("no effect"), "{errors}");
    let (code, _, errors) = check(&["--accept-change", &digests.join(",")]);
    assert!(code == Some(0) && !errors.contains("no effect"), "{errors}");
    let (code, told, errors) = check(&["--accept-change", digests[1]]);
    assert!(code == Some(4) && told.contains(digests[0]) && !errors.contains("no effect"), "{errors}");
    let (code, _, errors) = check(&["--accept-change", digests[0], "--accept-change", "0123"]);
    assert!(code == Some(4) && errors.contains("--accept-change 0123 has no effect"), "{errors}");
    assert_eq!(errors.matches("no effect").count(), 1, "{errors}");
}

/// A further inventory would be held to nothing: whoever is in it would be nobody's new access.
#[test]
fn an_inventory_beside_those_of_the_target_is_a_weakening() {
    let inner = |folder: &str, base: World| {
        let base = world().files.into_iter().fold(base, |w, (path, text)| w.file(&format!("{folder}/{path}"), text));
        base.file(&format!("{folder}/entities.json"), entities(&world()))
    };
    let repository = Repository::new(&inner("one", World::new().file("README", "x")));
    for (path, text) in world().files {
        repository.write(&format!("two/{path}"), &text);
    }
    repository.write("two/entities.json", &entities(&world())).write("two/a.json", &accepting());
    repository.commit("another inventory");
    let check = |more: &[&str]| {
        let args =
            [&["check", "two", "--git", "main...", "--format", "json", "--only", "weakening"][..], more].concat();
        let output = countersign(repository.path(), &args);
        (output.status.code(), document(&output))
    };
    let (code, document) = check(&[]);
    let entries = &document["weakening"]["entries"];
    assert_eq!((code, entries[0]["kind"].as_str()), (Some(4), Some("further-inventory")), "{document}");
    let (code, _) = check(&["--accept-change", document["weakening"]["digest"].as_str().unwrap()]);
    assert_eq!(code, Some(0));
}

/// Of several commits at which branches parted git takes one by dates, which are whoever's who made the commits: none is taken.
#[test]
fn a_change_that_parted_at_several_commits_is_refused() {
    let repository = Repository::new(&world());
    repository.write("notes.md", "one").commit("of the change");
    git(repository.path(), &["checkout", "--quiet", "main"]);
    repository.write("other.md", "two").commit("of main");
    let of_main = git(repository.path(), &["rev-parse", "HEAD"]);
    git(repository.path(), &["merge", "--quiet", "--no-edit", "topic"]);
    git(repository.path(), &["checkout", "--quiet", "topic"]);
    git(repository.path(), &["merge", "--quiet", "--no-edit", &of_main]);
    repository.write("a.json", &accepting()).commit("access");
    let output = countersign(repository.path(), &["check", ".", "--git", "main..."]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && errors.contains("branched at several commits"), "{errors}");
}

/// A service that is said to be eligible by an entity of the change decides as a list of AWS's does.
#[test]
fn a_service_that_the_change_calls_eligible_is_a_weakening() {
    let repository = Repository::new(&world());
    let service = json!([{"uid": "Service::\"gamelift\"", "attrs": {"prefix": "gamelift", "hipaaEligible": true}}]);
    repository.write("services.json", &service.to_string());
    let checked = repository.check(&["--only", "weakening"]);
    assert_eq!((checked.code, checked.weakened()), (4, vec!["eligible-services"]), "{}", checked.document);
}

/// What expects more, or excepts less, weakens nothing.
#[test]
fn settings_that_are_stricter_than_before_pass() {
    let allow = |accounts: &str| {
        format!("[[diff.allow]]\noperation = \"accept-agreement\"\naccounts = [{accounts}]\nreason = \"r\"\n")
    };
    let settings = |signatories: &str, accounts: &str| {
        format!("asOf = \"2026-11-15\"\nsignatories = [{signatories}]\n{}", allow(accounts))
    };
    let (both, one) = (format!("\"{A}\", \"{M}\""), format!("\"{A}\""));
    let of =
        |accounts: &str| format!("[[coverage]]\naccount = {accounts}\nagreement = \"baa\"\nexpect = \"covered\"\n");
    let named = |account: &str| format!("\"arn:aws:iam::{account}:user/a\"");
    let two = format!("{}, {}", named(A), named(M));
    let world = world().accepted("fedcba9876543210", "baa", "account", M, "2024-01-01", None);
    let base = world.file("countersign.toml", settings(&two, &both)).file("own.expect.toml", of(&one));
    let repository = Repository::new(&base);
    repository
        .write("countersign.toml", &settings(&named(A), &one))
        .write("own.expect.toml", &of(&format!("[{both}]")));
    let checked = repository.check(&["--only", "weakening"]);
    assert_eq!((checked.code, checked.weakened()), (0, Vec::<&str>::new()), "{}", checked.document);
    // the other way round, each is one
    repository.commit("stricter");
    git(repository.path(), &["branch", "--quiet", "--force", "main", "topic"]);
    repository.write("countersign.toml", &settings(&two, &both)).write("own.expect.toml", &of(&one));
    let weakened: Vec<String> =
        repository.check(&["--only", "weakening"]).weakened().into_iter().map(str::to_owned).collect();
    assert_eq!(weakened, ["expectation", "exception", "signatories"]);
}

/// More words and lower limits of a rule of lint find more; an exclude of fewer files leaves more to be checked.
#[test]
fn rules_of_lint_that_find_more_pass() {
    let with = |top: &str, lint: &str| format!("asOf = \"2026-11-15\"\n{top}\n[lint]\n{lint}\n");
    let words = |words: &str| with("", &format!("rules.CS155 = {{ words = [{words}] }}"));
    for (old, new, kind) in [
        (words("\"auditor\""), words("\"viewer\", \"auditor\""), "lint-rule"),
        (words("\"auditor\", \"read-only\""), words("\"Read_Only\", \"auditor\", \"intern\""), "lint-rule"),
        (with("", ""), words("\"read-only\", \"view-only\", \"viewer\", \"auditor\", \"intern\""), "lint-rule"),
        (with("", "exclude = [\"iam/**\"]"), with("", "exclude = [\"iam/vendor/**\"]"), "lint-files"),
        (with("", "exclude = [\"iam/**\"]"), with("", "exclude = [\"iam/vendor/a.json\", \"iam/b/*\"]"), "lint-files"),
        (with("exclude = [\"old/**\"]", ""), with("exclude = [\"old/a/**\"]", ""), "exclude"),
    ] {
        let repository = Repository::new(&world().file("countersign.toml", old.clone()));
        repository.write("countersign.toml", &new);
        let checked = repository.check(&["--only", "weakening"]);
        assert_eq!((checked.code, checked.weakened()), (0, vec![]), "{old} -> {new}");
        let repository = Repository::new(&world().file("countersign.toml", new.clone()));
        repository.write("countersign.toml", &old);
        let back = repository.check(&["--only", "weakening"]);
        assert!(back.code == 4 && back.weakened().contains(&kind), "{new} -> {old}");
    }
}

/// What an account declares of PHI makes no finding go by being taken out.
#[test]
fn phi_that_is_no_longer_declared_is_a_weakening_where_a_finding_goes() {
    let with = |attrs: Value, tags: Value| {
        let mut world = world();
        let own = world.entities.iter_mut().find(|e| e["uid"] == M).unwrap();
        own["attrs"].as_object_mut().unwrap().extend(attrs.as_object().unwrap().clone());
        own["tags"] = tags;
        world.file("countersign.toml", "asOf = \"2026-11-15\"\nphiTags = [\"Data=PHI\"]\n")
    };
    let plain = || json!({});
    let register = json!({"phi": {"services": ["s3", "gamelift"]}});
    let fewer = json!({"phi": {"services": ["s3"]}});
    let ended = json!({"phi": {"services": ["s3", "gamelift"], "until": "2026-01-01"}});
    for (old, new) in [
        ((register.clone(), plain()), (plain(), plain())),
        ((register.clone(), plain()), (fewer, plain())),
        ((register.clone(), plain()), (ended, plain())),
        ((plain(), json!({"Data": "PHI"})), (plain(), plain())),
        ((plain(), json!({"Data": "PHI"})), (plain(), json!({"Data": "other"}))),
    ] {
        let repository = Repository::new(&with(old.0.clone(), old.1.clone()));
        let before = repository.check(&["--only", "findings"]);
        assert_eq!(before.code, 1, "PHI and no BAA: {}", before.document);
        repository.write("entities.json", &entities(&with(new.0.clone(), new.1.clone())));
        let checked = repository.check(&["--only", "weakening"]);
        assert_eq!(checked.code, 4, "{old:?} -> {new:?}");
        assert!(checked.weakened().iter().all(|kind| *kind == "phi"), "{:?}", checked.weakened());
        let digest = checked.digest().to_owned();
        assert_eq!(repository.check(&["--only", "weakening", "--accept-change", &digest]).code, 0);
    }
    // where nothing was found, nothing goes: the account is covered
    let covered =
        |attrs: Value| with(attrs, plain()).accepted("fedcba9876543210", "baa", "account", M, "2024-01-01", None);
    let repository = Repository::new(&covered(json!({"phi": {"services": ["s3"]}})));
    repository.write("entities.json", &entities(&covered(plain())));
    let checked = repository.check(&["--only", "weakening"]);
    assert_eq!((checked.code, checked.weakened()), (0, vec![]));
}

/// An account whose entry is gone may be there still, with its PHI: one that was closed, or has left, is recorded as such.
#[test]
fn an_account_with_phi_that_is_deleted_takes_no_finding_along() {
    let with = |attrs: Value, tags: Value, covered: bool| {
        let world = World::organization().account(B, attrs, &[ORG]);
        let world = if covered {
            world.accepted("fedcba9876543210", "baa", "organization", ORG, "2024-01-01", None)
        } else {
            world
        };
        let mut world = world.file("countersign.toml", "asOf = \"2026-11-15\"\nphiTags = [\"Data=PHI\"]\n");
        world.entities.iter_mut().filter(|e| e["uid"] == B).for_each(|e| e["tags"] = tags.clone());
        world
    };
    let without = |world: &World| {
        let mut world = world.clone();
        world.entities.retain(|e| e["uid"] != B);
        world
    };
    let change = |base: &World, head: &World| {
        let repository = Repository::new(base);
        repository.write("entities.json", &entities(head));
        let checked = repository.check(&["--only", "weakening"]);
        (checked.code, checked.weakened().len())
    };
    for (attrs, tags) in [(json!({"phi": {"services": ["s3"]}}), json!({})), (json!({}), json!({"Data": "PHI"}))] {
        let base = with(attrs.clone(), tags.clone(), false);
        let (code, told) = change(&base, &without(&base));
        assert!(code == 4 && told > 0, "{attrs} {tags}");
        // nothing was found, and nothing goes
        let covered = with(attrs, tags, true);
        assert_eq!(change(&covered, &without(&covered)), (0, 0));
    }
    // nor of one without PHI
    let plain = with(json!({}), json!({}), false);
    assert_eq!(change(&plain, &without(&plain)), (0, 0));
}

/// An agreement of one's own that counts as AWS's is none that AWS concluded.
#[test]
fn an_agreement_that_takes_the_place_of_one_of_awss_is_a_weakening() {
    let own = |kind: &str| {
        world().entity(json!({"uid": "Agreement::\"own\"", "attrs": {"kind": kind, "scope": "account", "partition": "aws", "name": "x"}}))
    };
    let repository = Repository::new(&world());
    let text = entities(&own("baa")).replace("\"agreement\": \"baa\"", "\"agreement\": \"own\"");
    repository.write("entities.json", &text);
    let checked = repository.check(&[]);
    assert_eq!((checked.code, checked.weakened()), (4, vec!["agreement"]), "{}", checked.document);
    let what = checked.document["weakening"]["entries"][0]["what"].as_str().unwrap();
    assert!(what.contains("own") && what.contains("baa") && what.contains("none of AWS's"), "{what}");
    // a kind that AWS does not have takes no one's place
    repository.write("entities.json", &entities(&own("house-rules")));
    assert_eq!(repository.check(&["--only", "weakening"]).code, 0);
    // it was there before, and still is
    let repository = Repository::new(&own("baa"));
    assert_eq!(repository.check(&["--only", "weakening"]).code, 0);
}

/// A change is held to the limits of its target, and a limit that is taken away is told.
#[test]
fn a_limit_of_the_change_does_not_loosen_that_of_its_target() {
    let limit = |most: u64| format!("asOf = \"2026-11-15\"\n[limits]\nentities = {most}\n");
    let repository = Repository::new(&world().file("countersign.toml", limit(5)));
    let many = (0..10).fold(world(), |w, n| w.account(&format!("{:012}", 444_400_000_000_u64 + n), json!({}), &[ORG]));
    repository.write("entities.json", &entities(&many)).write("countersign.toml", &limit(50));
    let run = |more: &[&str]| {
        let output = countersign(repository.path(), &[&["check", ".", "--git", "main..."][..], more].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, told) = run(&[]);
    assert!(code == Some(2) && told.contains("has more than 5 entities"), "{code:?} {told}");
    // raised from outside, the change is judged, and told to weaken
    let (code, told) = run(&["--limit", "entities=50", "--only", "weakening"]);
    assert_eq!(code, Some(4), "{told}");
    // one that raises what is built in is an error, wherever it stands
    repository.write("countersign.toml", &limit(2_000_001));
    let (code, told) = run(&[]);
    assert!(code == Some(2) && told.contains("at most 2000000"), "{told}");
}

/// What is stronger, or the same in other words, needs no one's acceptance.
#[test]
fn strengthening_never_fails() {
    let only = "[[only]]\nprincipal = [\"a\", \"b\"]\noperation = \"accept-agreement\"\n";
    let base = world().file("only.expect.toml", only);
    let repository = Repository::new(&base);
    repository
        .write(
            "guardrails/own.cedar",
            &GUARDRAIL.replace("principal is Artifact::User", "principal").replace("accepts", "accepts!"),
        )
        .write("guardrails/more.cedar", &GUARDRAIL.replace("nobody", "more"))
        .write("only.expect.toml", &only.replace("\"a\", \"b\"", "\"a\""))
        .write(
            "more.expect.toml",
            &format!("# a comment\n{}", expectation().replace("\"covered\"\naccount", "\"again\"\naccount")),
        )
        .write("own.expect.toml", &expectation().replace("name = \"covered\"", "name = \"another name\""))
        .write("countersign.toml", "asOf = \"2026-11-16\"\n[lint.rules]\nCS101 = \"error\"\n");
    let checked = repository.check(&["--only", "weakening"]);
    assert_eq!((checked.code, checked.weakened()), (0, Vec::new()), "{}", checked.document["weakening"]);
}

/// Exceptions that a change grants itself do not count.
#[test]
fn a_change_cannot_except_itself() {
    let repository = Repository::new(&world());
    repository.remove("guardrails/own.cedar");
    repository.on_main(|r| {
        r.remove("guardrails/own.cedar");
    });
    repository.write("a.json", &accepting());
    let allow = "asOf = \"2026-11-15\"\n[[diff.allow]]\noperation = \"*\"\nreason = \"r\"\n[[diff.allow]]\nanyRequest = true\nreason = \"r\"\n";
    repository.write("countersign.toml", allow);
    let own = repository.check(&["--allow", "--only", "diff"]);
    assert_eq!((own.code, own.part("diff"), own.part("weakening")), (1, "failed", "failed"));
    let digest = own.digest().to_owned();
    let accepted = repository.check(&["--allow", "--only", "diff", "--accept-change", &digest]);
    assert_eq!((accepted.code, accepted.part("diff")), (0, "passed"), "{}", accepted.document["diff"]);
    // those of the target count, and one that the change takes back does not
    repository.on_main(|r| {
        r.write("countersign.toml", allow);
    });
    assert_eq!(repository.check(&["--allow", "--only", "diff"]).code, 0);
    repository.write("countersign.toml", "asOf = \"2026-11-15\"\n");
    assert_eq!(repository.check(&["--allow", "--only", "diff"]).code, 1);
}

/// A rule that a change switches off, and a file that it leaves out, are linted by the settings of the target.
#[test]
fn lint_is_that_of_the_target_too() {
    let repository = Repository::new(&world());
    let wrong = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "artifact:NoSuchAction", "Resource": "*"}]});
    repository.write("a.json", &wrong.to_string());
    let open = repository.check(&["--only", "lint", "--fail-on", "warning"]);
    let rule = open.document["findings"][0]["rule"].as_str().unwrap();
    assert_eq!(open.code, 1, "{}", open.document["findings"]);
    repository.write("countersign.toml", &format!("asOf = \"2026-11-15\"\n[lint.rules]\n{rule} = \"off\"\n"));
    let off = repository.check(&["--only", "lint", "--fail-on", "warning"]);
    assert_eq!((off.code, off.part("lint"), off.weakened()), (1, "failed", vec!["lint-rule"]));
    repository.write("countersign.toml", "asOf = \"2026-11-15\"\n[lint]\nexclude = [\"a.json\"]\n");
    assert_eq!(repository.check(&["--only", "lint", "--fail-on", "warning"]).part("lint"), "failed");
    // an ignore with a reason is honoured, and told
    let ignore = format!("asOf = \"2026-11-15\"\n[[lint.ignore]]\nrule = \"{rule}\"\nreason = \"a test\"\n");
    repository.write("countersign.toml", &ignore);
    let ignored = repository.check(&["--only", "lint", "--fail-on", "warning"]);
    assert_eq!((ignored.code, ignored.part("lint")), (0, "passed"));
    let parts = ignored.document["parts"].to_string();
    assert!(parts.contains("1 ignored"), "{parts}");
    for (format, told) in [("text", format!("{rule} a.json:1: a test")), ("markdown", "a test".to_owned())] {
        let args = ["check", ".", "--git", "main...", "--only", "lint", "--format", format];
        let said =
            Command::new(env!("CARGO_BIN_EXE_countersign")).current_dir(repository.path()).args(args).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains(&told), "{said}");
    }
    // a baseline of the change ignores nothing
    repository.write("countersign.toml", "asOf = \"2026-11-15\"\n");
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_countersign")).current_dir(repository.path()).args(args).output().unwrap()
    };
    run(&["lint", ".", "--baseline", "lint-baseline.json", "--write-baseline"]);
    repository
        .write("lint-baseline.json", &std::fs::read_to_string(repository.path().join("lint-baseline.json")).unwrap());
    repository.write("countersign.toml", "asOf = \"2026-11-15\"\nexclude = [\"lint-baseline.json\"]\n");
    let known = repository.check(&["--only", "lint", "--fail-on", "warning", "--baseline", "lint-baseline.json"]);
    assert_eq!((known.code, known.part("lint")), (1, "failed"));
    assert!(known.weakened().contains(&"baseline"));
    repository.on_main(|r| {
        let text = git(r.path(), &["show", "topic:lint-baseline.json"]);
        r.write("lint-baseline.json", &format!("{text}\n"))
            .write("countersign.toml", "asOf = \"2026-11-15\"\nexclude = [\"lint-baseline.json\"]\n");
    });
    assert_eq!(
        repository.check(&["--only", "lint", "--fail-on", "warning", "--baseline", "lint-baseline.json"]).code,
        0
    );
}

/// A baseline that the settings name counts in a check as it does for lint, as far as the target has it too, and may stand in the
/// inventory.
#[test]
fn the_baseline_of_the_settings_is_that_of_a_check() {
    let wrong = allows(&["artifact:NoSuchAction"]).to_string();
    let settings = "asOf = \"2026-11-15\"\n[lint]\nbaseline = \"lint-baseline.json\"\n";
    let empty = "{\"schema\": \"countersign/baseline/v1\", \"entries\": []}\n";
    let world = world().file("a.json", wrong).file("countersign.toml", settings).file("lint-baseline.json", empty);
    let repository = Repository::new(&world);
    let lint = ["--only", "lint", "--fail-on", "warning"];
    let open = repository.check(&lint);
    assert_eq!((open.code, open.part("lint")), (1, "failed"), "{}", open.errors);
    let write = ["lint", "--write-baseline"];
    let written =
        Command::new(env!("CARGO_BIN_EXE_countersign")).current_dir(repository.path()).args(write).output().unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let known = std::fs::read_to_string(repository.path().join("lint-baseline.json")).unwrap();
    // what the change adds to it is told, and ignores nothing
    let widened = repository.check(&lint);
    assert_eq!((widened.code, widened.part("lint"), widened.weakened()), (1, "failed", vec!["baseline"]));
    let accepted = repository.check(&[&lint[..], &["--accept-change", widened.digest()]].concat());
    assert_eq!((accepted.code, accepted.part("lint")), (0, "passed"));
    // once the target has it, it counts
    repository.on_main(|r| {
        r.write("lint-baseline.json", &known);
    });
    let same = repository.check(&lint);
    assert_eq!((same.code, same.part("lint"), same.part("weakening")), (0, "passed", "passed"), "{}", same.document);
    // the same under another name, and one that is taken out
    repository.write("other.json", &known).write("countersign.toml", &settings.replace("lint-baseline", "other"));
    assert_eq!(repository.check(&lint).code, 0);
    repository.write("countersign.toml", "asOf = \"2026-11-15\"\n");
    assert_eq!(repository.check(&lint).code, 1);
    assert_eq!(repository.check(&["--only", "weakening"]).code, 0, "stricter");
    // a folder without an inventory has one, too
    let alone = World::new()
        .file("a.json", allows(&["artifact:NoSuchAction"]).to_string())
        .file("countersign.toml", settings)
        .file("lint-baseline.json", known);
    let checked = Repository::new(&alone).check(&lint);
    assert_eq!((checked.code, checked.part("lint")), (0, "passed"), "{}", checked.document);
}

/// The rules that the command line names in the repository are those of the target.
#[test]
fn rules_that_are_named_come_from_the_target() {
    let gate = "@id(\"closed\") @rule(\"R1\") @order(\"1\") @reason(\"closed\")
        forbid(principal, action == Artifact::Action::\"accept-agreement\", resource);";
    let phi = World::new()
        .entity(json!({"uid": A, "tags": {"Data": "PHI"}}))
        .file("countersign.toml", "asOf = \"2026-11-15\"\nexclude = [\"rules/*\"]\n");
    let silent = "@id(\"phi-without-coverage\") @remove
        permit(principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
    let repository = Repository::new(&phi.clone().file("rules/own.cedar", gate));
    assert_eq!(repository.check(&["--policies", "rules", "--only", "findings"]).part("findings"), "failed");
    repository.write("rules/silent.cedar", silent);
    let checked = repository.check(&["--policies", "rules", "--only", "findings"]);
    assert_eq!(
        (checked.part("findings"), checked.weakened()),
        ("failed", vec!["rule"]),
        "{}",
        checked.document["rules"]
    );
}

/// The places of what is told are files of the repository: also of a guardrail that is built in, of rules that the command line names,
/// and of what takes the place of AWS's.
#[test]
fn places_are_files_that_there_are() {
    let shipped = countersign_core::guardrails::shipped().unwrap();
    let name = shipped[0].1.annotation("id").unwrap().to_owned();
    let settings = format!("asOf = \"2026-11-15\"\n\n[guardrails]\non = [\"{name}\"]\n");
    let gate = "@id(\"closed\") @rule(\"R1\") @order(\"1\") @reason(\"closed\")
        forbid(principal, action == Artifact::Action::\"accept-agreement\", resource);\n";
    let arn = "arn:aws:iam::aws:policy/AWSArtifactAgreementsFullAccess";
    let mut base = World::new().file("README", "x").file("rules/own.cedar", gate);
    for (path, text) in world().files {
        base = base.file(&format!("inv/{path}"), text);
    }
    let people = world().user(A, "b", json!([arn]));
    base = base.file("inv/entities.json", entities(&people)).file("inv/countersign.toml", settings.clone());
    let repository = Repository::new(&base);
    let check = |more: &[&str]| {
        let args = [&["check", "inv", "--git", "main...", "--format", "json"][..], more].concat();
        document(&countersign(repository.path(), &args))
    };
    let place = |entry: &Value| (entry["file"].as_str().unwrap().to_owned(), entry["line"].as_u64().unwrap());
    let weakened = |document: &Value| place(&document["weakening"]["entries"][0]);
    repository.write("inv/countersign.toml", "asOf = \"2026-11-15\"\n");
    let document = check(&["--only", "weakening"]);
    assert_eq!(weakened(&document), ("inv/countersign.toml".to_owned(), 4), "where it was switched on");
    repository.write("inv/countersign.toml", &settings);
    let of_own = |text: &str| {
        repository.write("rules/own.cedar", text);
        weakened(&check(&["--only", "weakening", "--policies", "rules"]))
    };
    assert_eq!(of_own(&gate.replace("closed\")\n", "shut\")\n")), ("rules/own.cedar".to_owned(), 1), "changed");
    assert_eq!(
        of_own(&format!("{gate}{}", gate.replace("closed", "more"))),
        ("rules/own.cedar".to_owned(), 3),
        "added"
    );
    repository.write("rules/own.cedar", gate);
    // a document in the place of AWS's: of an entity, in either form, or of a file that `[aws]` names
    let document = allows(&["artifact:ListReports"]);
    let entity = |document: Value| json!({"uid": format!("IamPolicy::\"{arn}\""), "attrs": {"document": document}});
    for written in [json!(document.to_string()), document.clone()] {
        repository.write("inv/entities.json", &entities(&people.clone().entity(entity(written))));
        let files: Vec<String> = check(&["--only", "diff"])["diff"]["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["file"].as_str().unwrap().to_owned())
            .collect();
        assert!(!files.is_empty() && files.iter().all(|file| file == "inv/entities.json"), "{files:?}");
    }
    repository.write("inv/entities.json", &entities(&people));
    let answer = json!({"PolicyVersion": {"VersionId": "v999", "IsDefaultVersion": true, "Document": document}});
    repository.write("inv/aws/AWSArtifactAgreementsFullAccess.json", &answer.to_string());
    repository.write("inv/countersign.toml", &format!("{settings}[aws]\nmanagedPolicies = \"aws\"\n"));
    let changes = check(&["--only", "diff"])["diff"]["changes"].clone();
    let files: Vec<&str> = changes.as_array().unwrap().iter().map(|change| change["file"].as_str().unwrap()).collect();
    let expected = "inv/aws/AWSArtifactAgreementsFullAccess.json";
    assert!(!files.is_empty() && files.iter().all(|file| *file == expected), "{files:?}");
}

#[test]
fn a_first_adoption_is_said_to_be_one() {
    let repository = Repository::new(&World::new().file("README", "nothing yet"));
    for (path, text) in world().files {
        repository.write(&path, &text);
    }
    repository.write("entities.json", &entities(&world()));
    repository.commit("adopt");
    let checked = repository.check(&[]);
    assert_eq!((checked.code, checked.part("weakening")), (0, "passed"), "{}", checked.errors);
    assert!(checked.document["weakening"]["adoption"].is_string(), "{}", checked.document["weakening"]);
    // an inventory that goes is no inventory without findings
    let repository = Repository::new(&world());
    for file in ["entities.json", "a.json", "guardrails/own.cedar", "own.expect.toml", "countersign.toml"] {
        repository.remove(file);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.current_dir(repository.path()).args(["check", ".", "--git", "main"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("has no inventory any more"), "{told}");
}

/// What is checked is not for the change to choose: an inventory is not left out by a `countersign.toml` that is taken away, or put
/// into a folder above.
#[test]
fn a_change_does_not_choose_what_is_checked() {
    let nested = || {
        let mut nested = World::new().file("README", "x");
        for (path, text) in world().files {
            nested = nested.file(&format!("cloud/{path}"), text);
        }
        Repository::new(&nested.file("cloud/entities.json", entities(&world())))
    };
    let check = |repository: &Repository| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .current_dir(repository.path())
            .env("NO_COLOR", "1")
            .args(["check", "--git", "main..."])
            .output()
            .unwrap()
    };
    assert_eq!(check(&nested()).status.code(), Some(0));
    let above = nested();
    above.write("countersign.toml", "asOf = \"2026-11-15\"\n").remove("cloud/guardrails/own.cedar");
    let found = check(&above);
    assert!(![Some(0), Some(3)].contains(&found.status.code()), "{}", String::from_utf8_lossy(&found.stdout));
    let away = nested();
    away.remove("cloud/countersign.toml").remove("cloud/guardrails/own.cedar");
    let found = check(&away);
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.status.code() == Some(4) && text.contains("`nobody` is removed"), "{text}");
    // gone as a whole, beside another
    let beside = nested();
    for (path, text) in world().files {
        beside.write(&format!("other/{path}"), &text);
    }
    beside.write("other/entities.json", &entities(&world()));
    beside.on_main(|r| {
        for (path, text) in world().files {
            r.write(&format!("other/{path}"), &text);
        }
        r.write("other/entities.json", &entities(&world()));
    });
    std::fs::remove_dir_all(beside.path().join("cloud")).unwrap();
    let found = check(&beside);
    let told = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.code() == Some(2) && told.contains("cloud was an inventory"), "{told}");
    // another inventory in its place, by a link
    std::os::unix::fs::symlink("other", beside.path().join("cloud")).unwrap();
    let found = check(&beside);
    let told = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.code() == Some(2) && told.contains("cloud is a link"), "{told}");
    // an empty folder, as a submodule is checked out
    std::fs::remove_file(beside.path().join("cloud")).unwrap();
    std::fs::create_dir(beside.path().join("cloud")).unwrap();
    beside.commit("gone");
    let found = check(&beside);
    let told = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.code() == Some(2) && told.contains("has no cloud"), "{told}");
}

/// An inventory that is moved as a whole from the root into a folder is one, and held to what it was; what stays behind is still one.
#[test]
fn an_inventory_that_moves_into_a_folder_is_followed() {
    let moved = |stays: &[&str]| {
        let repository = Repository::new(&world().file("entities.json", entities(&world())).file("README.md", "x"));
        std::fs::create_dir(repository.path().join("inv")).unwrap();
        for entry in std::fs::read_dir(repository.path()).unwrap().map(|entry| entry.unwrap().file_name()) {
            let name = entry.to_str().unwrap();
            if ![".git", "inv", "README.md"].contains(&name) && !stays.contains(&name) {
                git(repository.path(), &["mv", name, &format!("inv/{name}")]);
            }
        }
        repository
    };
    let check = |repository: &Repository, more: &[&str]| {
        repository.commit("moved");
        let output = countersign(repository.path(), &[&["check", "--git", "main..."][..], more].concat());
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), told)
    };
    for more in [&[][..], &["--format", "github"], &["--format", "json"]] {
        let (code, told) = check(&moved(&[]), more);
        assert!(code == Some(0) && told.contains("In the base, the inventory is `.`"), "{told}");
    }
    // a promise that is lost on the way is told
    let weaker = moved(&[]);
    weaker.remove("inv/guardrails/own.cedar");
    let (code, told) = check(&weaker, &[]);
    assert!(code == Some(4) && told.contains("`nobody` is removed"), "{told}");
    // what grants more is compared with what was
    let wider = moved(&[]);
    wider.write("inv/a.json", &accepting());
    let (code, told) = check(&wider, &[]);
    assert!(code == Some(1) && told.contains("access widens"), "{told}");
    // what stays behind is checked as before: a policy of which the inventory has nothing to say was linted
    let linted = Repository::new(
        &world()
            .file("entities.json", entities(&world()))
            .file("cdk/stack.yaml", "Resources: {}\n")
            .file("README.md", "x"),
    );
    std::fs::create_dir(linted.path().join("inv")).unwrap();
    for name in ["entities.json", "a.json", "guardrails", "own.expect.toml", "countersign.toml"] {
        git(linted.path(), &["mv", name, &format!("inv/{name}")]);
    }
    let (code, told) = check(&linted, &[]);
    assert!(![Some(0), Some(3)].contains(&code), "{told}");
    let (code, told) = check(&moved(&["a.json", "guardrails"]), &[]);
    assert!(![Some(0), Some(3)].contains(&code), "{told}");
}

/// A change that fails and is wanted is told once how it passes; an included guardrail stands where it is switched on, in each format.
#[test]
fn what_to_do_about_a_failure_is_told() {
    let on = "asOf = \"2026-11-15\"\n\n[guardrails]\non = [\n  \"no-member-root\",\n  \"no-iam-users\",\n]\n";
    let repository = Repository::new(&world().file("countersign.toml", on).file("entities.json", entities(&world())));
    repository.write("a.json", &accepting()).commit("wider");
    for format in ["text", "markdown", "github"] {
        let output = countersign(repository.path(), &["check", ".", "--git", "main...", "--format", format]);
        let told = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(1), "{told}");
        let told = told.replace(['\\', '`'], "");
        assert_eq!(
            told.matches("If the change is wanted, except it by [[diff.allow]] with a reason").count(),
            1,
            "{told}"
        );
        if format != "markdown" {
            let place =
                if format == "github" { "file=countersign.toml,line=6," } else { "no-iam-users countersign.toml:6" };
            assert!(told.contains(place), "{told}");
        }
    }
    let checked = repository.check(&[]);
    let guarded = checked.document["guardrails"].as_array().unwrap();
    let own = guarded.iter().find(|g| g["id"] == "no-iam-users").unwrap();
    assert_eq!((&own["file"], &own["line"]), (&json!("countersign.toml"), &json!(6)));
    // what passes says nothing of it
    repository.write("a.json", &serde_json::to_string(&allows(&["s3:ListAllMyBuckets"])).unwrap()).commit("back");
    let output = countersign(repository.path(), &["check", ".", "--git", "main...", "--only", "diff"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(0) && !told.contains("is wanted"), "{told}");
}

/// A folder of policies without an inventory is held to its settings of lint, too, and a file that it has stays linted.
#[test]
fn lint_alone_is_held_to_the_target() {
    let terraform = "resource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({ Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = \"artifact:NoSuchAction\", Resource = \"*\" }] })\n}\n";
    let base = World::new().file("main.tf", terraform).file("countersign.toml", "[lint.rules]\nCS101 = \"error\"\n");
    let repository = Repository::new(&base);
    let lint = ["--only", "lint", "--fail-on", "warning"];
    let open = repository.check(&lint);
    assert_eq!((open.code, open.part("lint"), open.part("weakening")), (1, "failed", "passed"), "{}", open.document);
    let rule = open.document["findings"][0]["rule"].as_str().unwrap().to_owned();
    repository.write("countersign.toml", &format!("[lint.rules]\nCS101 = \"error\"\n{rule} = \"off\"\n"));
    let off = repository.check(&lint);
    assert_eq!((off.code, off.part("lint"), off.weakened()), (1, "failed", vec!["lint-rule"]));
    let accepted = repository.check(&[&lint[..], &["--accept-change", off.digest()]].concat());
    assert_eq!((accepted.code, accepted.part("lint")), (0, "passed"));
    repository.write("countersign.toml", "[lint.rules]\nCS101 = \"error\"\n").write(".gitignore", "main.tf\n");
    assert_eq!(repository.check(&lint).part("lint"), "failed");
}

/// A policy that an entity names counts wherever it stands, and so it is linted there: hidden, under another ending, ignored, or beside
/// the folder.
#[test]
fn what_the_inventory_uses_is_linted_wherever_it_stands() {
    let wrong = allows(&["artifact:NoSuchAction"]).to_string();
    let lint = ["--only", "lint", "--fail-on", "warning"];
    let moved = |to: &str| {
        let inside = |path: &str| format!("inv/{path}");
        let mut base = World::new().file("README", "x").file("inv/entities.json", entities(&world()));
        for (path, text) in world().files {
            base = base.file(&inside(&path), text);
        }
        let repository = Repository::new(&base);
        repository.remove("inv/a.json").write(&inside(to), &wrong);
        let text = entities(&world()).replace("a.json", to);
        repository.write("inv/entities.json", &text);
        repository
    };
    let check = |repository: &Repository| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
            command.env_remove(name);
        }
        let args = [&["check", "inv", "--git", "main...", "--format", "json"][..], &lint].concat();
        let output = command.current_dir(repository.path()).env("NO_COLOR", "1").args(args).output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = document["findings"].as_array().unwrap().iter();
        let files: Vec<String> = found.map(|f| f["file"].as_str().unwrap_or_default().to_owned()).collect();
        (output.status.code(), files)
    };
    for (to, told) in [
        ("b.json", "inv/b.json"),
        (".iam/b.json", "inv/.iam/b.json"),
        ("iam/.b.json", "inv/iam/.b.json"),
        ("b.xyz", "inv/b.xyz"),
        ("../pol/b.json", "pol/b.json"),
        ("../pol/b.xyz", "pol/b.xyz"),
    ] {
        assert_eq!(check(&moved(to)), (Some(1), vec![told.to_owned()]), "{to}");
    }
    for ignore in ["inv/.gitignore", ".gitignore", "inv/.ignore"] {
        let repository = moved("iam/b.json");
        repository.write(ignore, "iam/\n");
        assert_eq!(check(&repository), (Some(1), vec!["inv/iam/b.json".to_owned()]), "{ignore}");
    }
    // what holds no policy is not read as one: packed events
    let repository = moved("b.json");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, br#"{"Records": []}"#).unwrap();
    std::fs::write(repository.path().join("inv/events.json.gz"), packed.finish().unwrap()).unwrap();
    assert_eq!(check(&repository), (Some(1), vec!["inv/b.json".to_owned()]));
    // a path of lint that the change leaves
    let settings = "asOf = \"2026-11-15\"\n[lint]\npaths = [\"iam\"]\n";
    let document = serde_json::to_string(&allows(&["s3:ListAllMyBuckets"])).unwrap();
    let base = World {
        files: [("countersign.toml".to_owned(), settings.to_owned()), ("iam/a.json".to_owned(), document)].into(),
        entities: world()
            .user(A, "b", json!(["iam/a.json"]))
            .entities
            .into_iter()
            .filter(|e| !e.to_string().contains("\"a.json\""))
            .collect(),
    };
    let repository = Repository::new(&base);
    assert_eq!(repository.check(&lint).code, 0);
    repository
        .write("other/a.json", &wrong)
        .write("entities.json", &entities(&base).replace("iam/a.json", "other/a.json"));
    let checked = repository.check(&lint);
    assert_eq!((checked.code, checked.part("lint")), (1, "failed"), "{}", checked.errors);
}

/// A comment is read: who gains what through which permission set is counted, and it stays short.
#[test]
fn a_comment_is_short_however_large_the_change() {
    let people = 10;
    let accounts: Vec<String> = (0..12).map(|n| format!("{:012}", 444_400_000_000_u64 + n)).collect();
    let world = |actions: &[&str]| {
        let mut world = World::organization().file("set.json", allows(actions).to_string());
        for account in &accounts {
            world = world.account(account, json!({}), &[ORG]);
        }
        let person = |n: usize| format!("IdentityCenterUser::\"p{n}\"");
        for n in 0..people {
            world = world.entity(json!({"uid": person(n), "attrs": {"userName": format!("person{n}")}}));
        }
        let assignments: Vec<Value> =
            (0..people).map(|n| json!({"user": format!("p{n}"), "accounts": accounts})).collect();
        world.entity(json!({"uid": "PermissionSet::\"Developers\"", "attrs": {"policies": ["set.json"], "assignments": assignments}}))
    };
    let (base, head) = (world(&["s3:ListAllMyBuckets"]).folder(), world(&["s3:*", "artifact:*"]).folder());
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let args = ["check", ".", "--base", base.path().to_str().unwrap(), "--only", "diff", "--format", "markdown"];
    let output = command.current_dir(head.path()).env("NO_COLOR", "1").args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.len() < 3_300, "{}: {text}", text.len());
    let counted = "10 people (person0, person1, person2 and 7 more) through permission set Developers in 12 accounts";
    assert!(text.contains(counted) && text.contains("accept-agreement"), "{text}");
}

/// Every format tells what is weakened, and how it would be accepted.
#[test]
fn every_format_tells_what_is_weakened() {
    let repository = Repository::new(&world());
    repository.remove("guardrails/own.cedar");
    let digest = repository.check(&[]).digest().to_owned();
    for format in ["text", "sarif", "junit", "github", "markdown"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let args = ["check", ".", "--git", "main...", "--format", format];
        let output = command.current_dir(repository.path()).env("NO_COLOR", "1").args(args).output().unwrap();
        let text: String =
            String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "");
        assert_eq!(output.status.code(), Some(4), "{format}");
        assert!(text.contains("`nobody` is removed") && text.contains(&digest), "{format}: {text}");
    }
}
