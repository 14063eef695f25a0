//! The command as its users run it: exit codes, formats, settings, baselines, and files that are mended.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::common::schema_errors;
use serde_json::{Value, json};

/// A folder with files, and the command run in it.
struct Folder(tempfile::TempDir);

const CLEAN: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "artifact:ListReports", "Resource": "*"}]}"#;
const WARNING: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Old", "Effect": "Allow", "Action": "artifact:Get", "Resource": "*"}]}"#;
const ERROR: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Typo", "Effect": "Allow", "Action": "artifact:GetReports", "Resource": "*"}]}"#;
const REPEATED: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:a", "s3:a"], "Resource": "*"}]}"#;

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text.as_bytes()));
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn run(&self, args: &[&str]) -> Output {
        self.run_in(".", args, "")
    }

    fn run_in(&self, folder: &str, args: &[&str], stdin: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.current_dir(self.path(folder)).env("NO_COLOR", "1").arg("lint").args(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // a command that refuses its arguments does not read
        drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
        child.wait_with_output().unwrap()
    }

    fn code(&self, args: &[&str]) -> i32 {
        self.run(args).status.code().unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The code, the file, the pointer and the place of each finding.
fn places(json: &Value, list: &str) -> Vec<String> {
    let one = |f: &Value| {
        format!("{} {} {} {}:{}", f["rule"], f["file"], f["pointer"], f["line"], f["column"]).replace('"', "")
    };
    json[list].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn exit_codes() {
    let folder =
        Folder::new(&[("clean.json", CLEAN), ("warning.json", WARNING), ("error.json", ERROR), ("x.txt", "x")]);
    assert_eq!(folder.code(&["clean.json"]), 0);
    assert_eq!(folder.code(&["warning.json"]), 0);
    assert_eq!(folder.code(&["warning.json", "--fail-on", "warning"]), 1);
    assert_eq!(folder.code(&["error.json"]), 1);
    assert_eq!(folder.code(&["error.json", "--fail-on", "never"]), 0);
    assert_eq!(folder.code(&[]), 1);
    assert_eq!(folder.code(&["gone.json"]), 2);
    assert_eq!(folder.code(&["clean.json", "--format", "yaml"]), 2);
    assert_eq!(folder.code(&["clean.json", "--rule", "CS999"]), 2);
    assert_eq!(folder.code(&["clean.json", "--write-baseline"]), 2);
    assert_eq!(folder.code(&["x.txt"]), 3);
    assert_eq!(folder.code(&["x.txt", "--allow-nothing"]), 0);
    assert_eq!(folder.code(&["error.json", "--allow-nothing"]), 1);
    assert_eq!(Folder::new(&[]).code(&[]), 3);
    assert_eq!(Folder::new(&[("package.json", "{}")]).code(&[]), 3);
    // a part that cannot be read never passes, and what can be read is told all the same
    folder.write("bytes.json", b"{\"Statement\": \"\xff\"}");
    let output = folder.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("invalid UTF-8") && stdout(&output).contains("CS121"), "{output:?}");
}

#[test]
fn stdin_is_read_by_its_content() {
    let folder = Folder::new(&[]);
    for (text, code) in
        [(ERROR, 1), (CLEAN, 0), ("Statement:\n- Effect: Allow\n  Action: artifact:GetReports\n  Resource: '*'\n", 1)]
    {
        assert_eq!(folder.run_in(".", &["-"], text).status.code(), Some(code), "{text}");
    }
    assert_eq!(folder.run_in(".", &["-", "--fix"], ERROR).status.code(), Some(2));
    assert_eq!(folder.run_in(".", &["-"], "").status.code(), Some(3));
    let output = folder.run_in(".", &["-", "--diff", "--unsafe-fixes"], ERROR);
    assert!(stdout(&output).contains("+{\"Version\""), "{output:?}");
}

#[test]
fn folders_are_walked_as_git_does() {
    let folder = Folder::new(&[
        (".gitignore", "build/\n"),
        ("build/a.json", ERROR),
        (".hidden/a.json", ERROR),
        ("iam/a.json", ERROR),
        ("package.json", "{}"),
    ]);
    let found = folder.json(&[]);
    assert_eq!(places(&found, "findings"), ["CS121 iam/a.json Statement[0].Action 1:86"]);
    assert_eq!((&found["files"], &found["passedOver"]), (&json!(1), &json!(1)));
    // from a folder below, places stay those of the folder of countersign.toml
    folder.write("countersign.toml", b"");
    let output = folder.run_in("iam", &["--format", "json"], "");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(places(&found, "findings"), ["CS121 iam/a.json Statement[0].Action 1:86"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path("iam"), folder.path("iam/loop")).unwrap();
        let output = folder.run(&[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("loop"), "{output:?}");
    }
}

#[test]
fn formats_are_valid() {
    let folder = Folder::new(&[
        ("a b/é.json", &WARNING.replace("Old", "Olé")),
        ("error.json", ERROR),
        ("main.tf", "resource \"aws_iam_policy\" \"x\" {\n  policy = var.p\n}\n"),
        ("countersign.toml", "[[lint.ignore]]\nrule = \"CS121\"\nreason = \"soon\"\n"),
    ]);
    let found = folder.json(&[]);
    assert_eq!(schema_errors("findings.v1.schema.json", &found), Vec::<String>::new());
    assert_eq!(found["suppressed"][0]["reason"], "soon");

    let sarif: Value = serde_json::from_slice(&folder.run(&["--format", "sarif"]).stdout).unwrap();
    // one pattern of the standard's schema has a bracket too many
    let schema = std::fs::read_to_string("tests/data/sarif-2.1.0.schema.json").unwrap().replace("{2}]?$", "{2}$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&sarif).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    let run = &sarif["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    let results = run["results"].as_array().unwrap();
    let all = found["findings"].as_array().unwrap().len() + found["suppressed"].as_array().unwrap().len();
    assert_eq!(results.len(), all);
    let uri = |r: &Value| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone();
    assert!(results.iter().any(|r| uri(r) == "a%20b/%C3%A9.json"), "{results:#?}");
    let ignored = results.iter().find(|r| r["ruleId"] == "CS121").unwrap();
    assert_eq!(ignored["suppressions"][0]["justification"], "soon");
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
    }

    let github = stdout(&folder.run(&["--format", "github"]));
    assert!(github.lines().any(|l| l.starts_with("::error file=a b/é.json,line=1,endLine=1,col=")), "{github}");
    let gitlab: Value = serde_json::from_slice(&folder.run(&["--format", "gitlab"]).stdout).unwrap();
    assert_eq!(gitlab.as_array().unwrap().len(), found["findings"].as_array().unwrap().len());
    assert!(gitlab[0]["location"]["lines"]["begin"].is_u64() && gitlab[0]["fingerprint"].is_string(), "{gitlab}");
    let junit = stdout(&folder.run(&["--format", "junit"]));
    assert!(
        junit.contains("<testsuite name=\"main.tf\" tests=\"1\" skipped=\"0\" errors=\"0\" failures=\"1\">"),
        "{junit}"
    );
    let markdown = stdout(&folder.run(&["--format", "markdown"]));
    assert!(markdown.contains("| warning | CS122 deprecated-action | `a b/é.json:1` |"), "{markdown}");

    let output = folder.run(&["--format", "sarif=out.sarif", "--format", "text"]);
    assert!(stdout(&output).contains("CS122 deprecated-action"));
    assert_eq!(serde_json::from_str::<Value>(&folder.read("out.sarif")).unwrap(), sarif);
}

/// Columns count characters in JSON, and units of UTF-16 in SARIF.
#[test]
fn columns_have_their_units() {
    let text = r#"{"Version": "2012-10-17", "Id": "é😀", "Statement": [{"Effect": "Allow", "Action": "artifact:Get", "Resource": "*"}]}"#;
    let folder = Folder::new(&[("a.json", text)]);
    let characters = text.chars().collect::<String>().split("\"artifact").next().unwrap().chars().count() + 1;
    assert_eq!(folder.json(&[])["findings"][0]["column"], characters);
    let sarif: Value = serde_json::from_slice(&folder.run(&["--format", "sarif"]).stdout).unwrap();
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startColumn"], characters + 1, "the emoji has two");
}

#[test]
fn settings_decide_what_counts() {
    let toml = r#"
[lint]
paths = ["iam"]
exclude = ["iam/vendor/**"]

[lint.rules]
CS122 = "error"
unknown-action = "off"
CS155 = { words = ["intern"] }
"#;
    let folder = Folder::new(&[
        ("countersign.toml", toml),
        ("iam/a.json", WARNING),
        ("iam/b.json", ERROR),
        ("iam/vendor/c.json", WARNING),
        ("iam/intern.json", &CLEAN.replace("artifact:ListReports", "artifact:*")),
        ("other/d.json", WARNING),
    ]);
    let found = folder.json(&[]);
    assert_eq!(
        places(&found, "findings"),
        ["CS122 iam/a.json Statement[0].Action 1:85", "CS155 iam/intern.json Statement[0].Action 1:71"]
    );
    assert_eq!(found["findings"][0]["severity"], "error");
    assert_eq!(folder.code(&[]), 1);
    for (toml, words) in [
        ("[lint.rules]\nCS999 = \"off\"\n", "there is no rule `CS999`"),
        ("[lint.rules]\nCS122 = \"fatal\"\n", "`fatal` is not a valid severity"),
        ("[[lint.ignore]]\nrule = \"CS122\"\n", "this ignore has no reason"),
        ("[[lint.ignore]]\nrule = \"CS122\"\nreason = \" \"\n", "this ignore has no reason"),
        ("[[lint.ignore]]\nrule = \"CS122\"\nreason = \"x\"\nuntil = \"soon\"\n", "`soon` is not a valid day"),
        ("[lint]\nexclud = []\n", "unknown field"),
        ("[lint]\nexclude = [\"a[\"]\n", "not a valid pattern"),
        ("[lint.kinds]\n\"a\" = \"user\"\n", "unknown variant"),
    ] {
        folder.write("countersign.toml", toml.as_bytes());
        let output = folder.run(&[]);
        assert_eq!(output.status.code(), Some(2), "{toml}");
        assert!(stderr(&output).contains(words), "{toml}: {}", stderr(&output));
    }
}

#[test]
fn ignores_have_reasons_and_ends() {
    let ignore = |rest: &str| format!("[[lint.ignore]]\nrule = \"CS122\"\nreason = \"migrated in spring\"\n{rest}");
    let folder = Folder::new(&[("iam/a.json", WARNING), ("iam/b.json", WARNING)]);
    let found = |rest: &str, args: &[&str]| {
        folder.write("countersign.toml", ignore(rest).as_bytes());
        let found = folder.json(args);
        let codes = |list: &str| -> Vec<String> {
            found[list]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| format!("{} {}", f["rule"], f["file"]).replace('"', ""))
                .collect()
        };
        (codes("findings"), codes("suppressed"))
    };
    let (a, b) = ("CS122 iam/a.json", "CS122 iam/b.json");
    assert_eq!(found("", &[]), (vec![], vec![a.into(), b.into()]));
    assert_eq!(found("file = \"iam/a.*\"\n", &[]), (vec![b.into()], vec![a.into()]));
    assert_eq!(found("sid = \"Old\"\n", &[]), (vec![], vec![a.into(), b.into()]));
    assert_eq!(found("pointer = \"Statement[0]\"\n", &[]), (vec![], vec![a.into(), b.into()]));
    let idle = "CS191 countersign.toml";
    assert_eq!(found("sid = \"New\"\n", &[]), (vec![idle.into(), a.into(), b.into()], vec![]));
    assert_eq!(found("pointer = \"Statement[1]\"\n", &[]).0.len(), 3);
    // of files that were not linted nothing is said
    assert_eq!(found("file = \"iam/b.*\"\n", &["iam/a.json"]), (vec![a.into()], vec![]));
    let until = "until = 2026-11-21\n";
    assert_eq!(found(until, &["--at", "2026-11-21T23:00:00Z"]), (vec![], vec![a.into(), b.into()]));
    let over = "CS192 countersign.toml";
    assert_eq!(found(until, &["--at", "2026-11-22"]), (vec![over.into(), a.into(), b.into()], vec![]));
}

#[test]
fn a_baseline_counts_by_content_and_never_by_line() {
    let folder = Folder::new(&[("a.json", WARNING), ("b.json", ERROR)]);
    let baseline = ["--baseline", "base.json"];
    assert_eq!(folder.code(&baseline), 2, "there is none yet");
    assert_eq!(folder.code(&["--baseline", "base.json", "--write-baseline"]), 0);
    let written = folder.read("base.json");
    assert_eq!(folder.code(&baseline), 0);
    assert_eq!(folder.json(&baseline)["suppressed"].as_array().unwrap().len(), 2);
    // moved down, another statement before it
    let moved = WARNING.replace(
        "[{\"Sid\"",
        "[{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\"},\n\n {\"Sid\"",
    );
    folder.write("a.json", moved.as_bytes());
    assert_eq!(folder.json(&baseline)["findings"], json!([]));
    // the same once more is new
    let again = moved.replace(
        "]}",
        ", {\"Sid\": \"Old2\", \"Effect\": \"Allow\", \"Action\": \"artifact:Get\", \"Resource\": \"arn:*\"}]}",
    );
    folder.write("a.json", again.as_bytes());
    let found = folder.json(&baseline);
    assert_eq!(found["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "CS122").count(), 1, "{found:#}");
    // what is mended is told, and pruned
    folder.write("a.json", CLEAN.as_bytes());
    let output = folder.run(&baseline);
    assert!(stderr(&output).contains("CS122 in a.json is no longer found"), "{output:?}");
    assert_eq!(folder.read("base.json"), written, "nothing is written unasked");
    assert_eq!(folder.code(&["--baseline", "base.json", "--prune-baseline"]), 0);
    let pruned: Value = serde_json::from_str(&folder.read("base.json")).unwrap();
    assert_eq!(pruned["entries"].as_array().unwrap().len(), 1);
    assert_eq!(pruned["entries"][0]["rule"], "CS121");
    folder.write("base.json", b"{\"schema\": \"countersign/baseline/v0\", \"entries\": []}");
    assert_eq!(folder.code(&baseline), 2);
}

#[test]
fn files_are_mended_whole() {
    let folder = Folder::new(&[("a.json", REPEATED), ("b.json", ERROR)]);
    let output = folder.run(&["--diff"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("+++ b/a.json") && !stdout(&output).contains("b/b.json"), "{output:?}");
    assert_eq!(folder.read("a.json"), REPEATED, "a difference changes nothing");
    assert_eq!(folder.code(&["--fix"]), 1, "the error is left");
    assert_eq!(folder.read("a.json"), REPEATED.replace("\"s3:a\", \"s3:a\"", "\"s3:a\""));
    assert_eq!(folder.read("b.json"), ERROR, "no safe fix");
    let output = folder.run(&["--unsafe-fixes"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(folder.read("b.json"), ERROR.replace("GetReports", "GetReport"));
    assert!(stderr(&output).contains("b.json: CS121 writes `artifact:GetReport`, which takes effect"), "{output:?}");
    assert_eq!(folder.code(&["--diff", "--unsafe-fixes"]), 0);
    let files: Vec<_> = std::fs::read_dir(folder.0.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(files.len(), 2, "no temporary file stays: {files:?}");
}

/// What is ignored is not mended.
#[test]
fn what_does_not_count_stays() {
    let toml = "[[lint.ignore]]\nrule = \"CS184\"\nreason = \"by design\"\n";
    let folder = Folder::new(&[("a.json", REPEATED), ("countersign.toml", toml)]);
    assert_eq!(folder.code(&["--fix"]), 0);
    assert_eq!(folder.read("a.json"), REPEATED);
}

#[test]
fn hostile_files_end_in_findings() {
    let folder = Folder::new(&[]);
    let deep = "[".repeat(50_000);
    let cases: [(&str, String); 8] = [
        ("a.json", format!("{{\"Statement\": {deep}")),
        ("b.yaml", format!("Statement: {deep}")),
        ("c.tf", format!("data \"aws_iam_policy_document\" \"x\" {{\n  statement {{\n actions = {deep}")),
        ("d.json", format!("{{\"Content\": {}}}", serde_json::to_string(&format!("{{\"Statement\": {deep}")).unwrap())),
        ("e.json", "\u{0}{\"Statement\": [{\"Effect\": 1}]}".to_owned()),
        ("f.yaml", "a: &a [*a]\nStatement: Effect Action\n".to_owned()),
        (
            "g.json",
            format!(
                "{{\"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \"{}\", \"Resource\": \"*\"}}]}}",
                "a:*?".repeat(5000)
            ),
        ),
        (
            "h.json",
            format!(
                "{{\"Statement\": [{}{{}}]}}",
                "{\"Effect\": \"Deny\", \"NotAction\": \"*a*b*c*\", \"NotResource\": \"*?*?*\"},".repeat(60)
            ),
        ),
    ];
    for (name, text) in cases {
        folder.write(name, text.as_bytes());
        let output = folder.run(&[name]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {output:?}");
        std::fs::remove_file(folder.path(name)).unwrap();
    }
}

/// The settings may name the baseline.
#[test]
fn the_settings_name_the_baseline() {
    let folder = Folder::new(&[("countersign.toml", "[lint]\nbaseline = \"known/base.json\"\n"), ("a.json", ERROR)]);
    folder.write("known/x.txt", b"");
    assert_eq!(folder.code(&[]), 2, "there is none yet");
    assert_eq!(folder.code(&["--write-baseline"]), 0);
    assert_eq!(folder.code(&[]), 0);
    folder.write("a.json", CLEAN.as_bytes());
    assert_eq!(folder.code(&["--prune-baseline"]), 0);
    assert!(!folder.read("known/base.json").contains("CS121"));
}

/// A file whose name tells nothing is read where it holds a policy; broken JSON that is none is passed over.
#[test]
fn files_of_other_names_are_read_where_they_hold_a_policy() {
    let folder = Folder::new(&[
        ("legal", ERROR),
        ("other.policy", ERROR),
        ("more.json.tpl", ERROR),
        ("LICENSE", "Permission is granted"),
        ("notes.txt", "{ Statement"),
        ("mapping.json", "{\"Statement of accounts\": {\"Effect\": 1},"),
    ]);
    let found = folder.json(&[]);
    assert_eq!(
        places(&found, "findings"),
        [
            "CS121 legal Statement[0].Action 1:86",
            "CS121 more.json.tpl Statement[0].Action 1:86",
            "CS121 other.policy Statement[0].Action 1:86"
        ]
    );
}

/// An owner sees, and has in the baseline, what is found in their files; what others have there stays.
#[test]
fn owners_are_told_what_is_theirs() {
    let toml = "[lint]\nbaseline = \"known.json\"\n[[lint.owners]]\nname = \"legal\"\npaths = [\"legal/**\"]\n\
                [[lint.owners]]\nname = \"platform team\"\npaths = [\"platform/**\"]\n\
                [[lint.ignore]]\nrule = \"CS122\"\nfile = \"platform/gone.json\"\nreason = \"none\"\n";
    let files = [("countersign.toml", toml), ("legal/a.json", ERROR), ("platform/b.json", ERROR), ("c.json", ERROR)];
    let folder = Folder::new(&files);
    std::fs::remove_file(folder.path("known.json")).ok();
    folder.write("known.json", b"{\"schema\": \"countersign/baseline/v1\", \"entries\": []}");
    let files = |args: &[&str]| -> Vec<String> {
        let found = folder.json(args);
        found["findings"].as_array().unwrap().iter().map(|f| f["file"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(files(&["--owner", "legal"]), ["legal/a.json"]);
    assert_eq!(files(&["--owner", "legal", "--owner", "platform team"]), ["legal/a.json", "platform/b.json"]);
    assert_eq!(folder.json(&["--owner", "legal"])["policies"], json!(1));
    // each writes their own part of the one baseline
    assert_eq!(folder.code(&["--owner", "legal", "--write-baseline"]), 0);
    assert_eq!((folder.code(&["--owner", "legal"]), folder.code(&["--owner", "platform team"])), (0, 1));
    assert_eq!(folder.code(&["--owner", "platform team", "--write-baseline"]), 0);
    assert_eq!((folder.code(&["--owner", "legal"]), folder.code(&["--owner", "platform team"])), (0, 0));
    assert_eq!(files(&[]), ["c.json", "countersign.toml"]);
    // what no longer occurs is removed from the part of its owner only
    folder.write("legal/a.json", CLEAN.as_bytes());
    folder.write("platform/b.json", CLEAN.as_bytes());
    assert_eq!(folder.code(&["--owner", "legal", "--prune-baseline"]), 0);
    let left = std::fs::read_to_string(folder.path("known.json")).unwrap();
    assert!(!left.contains("legal/a.json") && left.contains("platform/b.json"), "{left}");
    let unknown = folder.run(&["--owner", "leagl"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("did you mean `legal`"), "{unknown:?}");
    folder.write("countersign.toml", b"");
    assert_eq!(folder.code(&["--owner", "legal"]), 2);
}

/// A link that leads nowhere holds no policy; one that is called like a file of policies is missing.
#[cfg(unix)]
#[test]
fn links_that_lead_nowhere() {
    let folder = Folder::new(&[("clean.json", CLEAN)]);
    std::os::unix::fs::symlink("gone", folder.path("HEAD")).unwrap();
    std::os::unix::fs::symlink("gone", folder.path("refs")).unwrap();
    assert_eq!(folder.code(&[]), 0);
    std::os::unix::fs::symlink("gone.json", folder.path("policy.json")).unwrap();
    assert_eq!(folder.code(&[]), 2);
}
