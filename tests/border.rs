//! Names that steer a terminal, reorder a line, forge one or are not seen: of them nothing reaches anybody raw, whatever the command and
//! format, on a terminal as in a pipe.

use std::path::Path;
use std::process::Command;

use crate::common::*;
use serde_json::{Value, json};

/// Ends the line, hides, sets a title, erases, reorders; and a style that this program sets as well.
const HOSTILE: &str = "x\r\nFORGED\tcovered\u{1b}[8mhid\u{1b}[1mbold\u{1b}]0;t\u{7}\u{8}\u{0}\u{1b}[2K\u{9b}31m\u{7f}\u{85}\u{2028}\
    \u{2029}\u{202e}\u{2066}\u{200b}y";

/// An inventory in which everything that is free text is such a name.
fn hostile() -> tempfile::TempDir {
    let toml = serde_json::to_string(HOSTILE).unwrap().replace("\\u001b", "\\u001B").replace('\u{7f}', "\\u007f");
    let unit = "ou-abcd-11111111";
    let statement =
        json!([{"Sid": HOSTILE, "Effect": "Deny", "Action": "artifact:TerminateAgreement", "Resource": "*"}]);
    World::new()
        .org(json!({}))
        .account(M, json!({}), &[ORG])
        .entity(json!({"uid": unit, "attrs": {"name": HOSTILE, "serviceControlPolicies": ["p-FullAWSAccess", policy(statement)]},
            "parents": [ORG]}))
        .account(A, json!({"name": format!("{HOSTILE}a")}), &[ORG])
        .entity(json!({"uid": format!("Account::\"{B}\""), "parents": [unit], "tags": {"Data": "PHI", HOSTILE: HOSTILE},
            "attrs": {"name": format!("{HOSTILE}b"), "phi": {"services": ["s3"], "safeguardsAttested": true, "attestedBy": HOSTILE,
            "attestedAt": "2024-01-01"}}}))
        .entity(json!({"uid": "Account::\"444444444444\"", "attrs": {"name": format!("{HOSTILE}c")}, "tags": {"Data": "PHI"}}))
        .user(A, "a", json!([ADMIN]))
        .entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": HOSTILE}}))
        .entity(json!({"uid": "IdentityCenterUser::\"p\"", "attrs": {"userName": HOSTILE}, "parents": ["g"]}))
        .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [ADMIN], "assignments":
            [{"group": "g", "accounts": [A, B, M]}]}}))
        .report("report-abcdef0123456789", HOSTILE, true)
        .entity(json!({"uid": "CustomerAgreement::\"customer-agreement-abcdef0123456789\"", "attrs": {"agreement": "baa",
            "organization": ORG, "effectiveStart": "2024-03-05", "acceptedBy": HOSTILE, "startWitness": HOSTILE}}))
        .accepted("abcdef0123456780", "baa", "account", B, "2024-01-01", None)
        .offline(json!([{"account": A, "from": "2019-03-15"}]))
        .file("own.expect.toml", format!("[[coverage]]\nname = {toml}\naccount = \"444444444444\"\nagreement = \"baa\"\nexpect = \"covered\"\n"))
        .file("countersign.toml", format!("asOf = \"2026-11-01\"\nsignatories = [{toml}]\n"))
        .file("register.csv", format!("Account ID,Name,BAA,PHI\r\n{B},\"{}\",x,no\r\n999999999999,\"{0}\",,\r\n", HOSTILE.replace('"', "")))
        .folder()
}

/// What a command prints where colours are asked for, as on a terminal, or not.
fn printed(folder: &Path, args: &[&str], colours: bool) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for name in ["GITHUB_ACTIONS", "GITLAB_CI", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env(if colours { "CLICOLOR_FORCE" } else { "NO_COLOR" }, "1");
    let output = command.current_dir(folder).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap_or(101), text)
}

/// What of a text is not seen, or pretends to be a line.
fn raw(text: &str) -> Option<String> {
    let mut rest = text;
    let mut plain = String::new();
    // styles of this program, of errors and of help; hiding and a name's own bold are none of them
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let (style, after) = after.split_once('m').unwrap_or(("?", after));
        if style == "8" || !style.chars().all(|c| c.is_ascii_digit() || c == ';') || after.starts_with("bold") {
            return Some(format!("a style: {style}, in {:?}", before.chars().rev().take(80).collect::<String>()));
        }
        rest = after;
    }
    plain.push_str(rest);
    if plain.contains("␛[0") || plain.contains("␛[3") {
        return Some("a style of this program, or of a library, that was taken for one of the input".to_owned());
    }
    let plain = plain.replace("\r\n", "\n");
    let unseen = |c: char| {
        c.is_control() && c != '\n'
            || ('\u{2028}'..='\u{202e}').contains(&c)
            || ('\u{2060}'..='\u{206f}').contains(&c)
            || c == '\u{200b}'
    };
    if let Some(line) = plain.lines().find(|l| l.contains(unseen)) {
        return Some(format!("a character in {line:?}"));
    }
    plain.lines().find(|l| l.trim_start().starts_with("FORGED")).map(|l| format!("a line: {l}"))
}

#[test]
fn nothing_of_a_name_is_raw() {
    let folder = hostile();
    let other = World::organization().account(A, json!({}), &[ORG]).folder();
    let other = other.path().to_str().unwrap();
    let commands: Vec<Vec<&str>> = [
        "coverage",
        "coverage --all --explain",
        "coverage --agreement baa",
        "coverage --account 333333333333 --explain",
        "coverage --without-cover",
        "coverage --holding-phi",
        "coverage --history",
        "coverage --compare 2018-01-01 2026-01-01",
        "coverage --at 2023-01-01",
        "who-can accept-agreement",
        "who-can accept-agreement --explain",
        "who-can terminate --explain",
        "who-can terminate",
        "who-can download-report",
        "who-can end-coverage",
        "can a accept-agreement",
        "can a terminate --explain",
        "can p accept-agreement",
        "can Legal terminate",
        "can Legal download-report --explain",
        "evaluate",
        "evaluate --all",
        "evaluate --changes",
        "show completeness",
        "show entities",
        "test",
        "lint",
        "check --allow",
        "check --base OTHER --allow",
        "diff OTHER .",
        "diff . OTHER",
        "what-if --leave 333333333333",
        "what-if --terminate 333333333333=baa --all",
        "evidence --register register.csv",
        "evidence --out filed",
        "report --format markdown",
        "nothing",
    ]
    .iter()
    .map(|c| c.split(' ').map(|w| if w == "OTHER" { other } else { w }).collect())
    .collect();
    let mut of_formats: Vec<Vec<&str>> = Vec::new();
    for command in
        ["coverage", "coverage --history", "who-can terminate", "who-can end-coverage", "can a accept-agreement"]
    {
        for format in ["csv", "markdown", "json"] {
            of_formats.push(command.split(' ').chain(["--format", format]).collect());
        }
    }
    for format in ["json", "json@v1", "jsonl"] {
        of_formats.push(vec!["evaluate", "--format", format]);
    }
    for format in ["markdown", "junit", "json", "sarif", "gitlab"] {
        of_formats.push(vec!["check", "--base", other, "--allow", "--format", format]);
    }
    let (code, text) = printed(folder.path(), &["coverage"], false);
    assert_eq!(code, 0, "{text}");
    let mut named = 0;
    for args in commands.iter().chain(&of_formats) {
        let is_text = !args.contains(&"--format");
        for colours in [true, false].into_iter().filter(|colours| *colours || is_text) {
            let _ = std::fs::remove_dir_all(folder.path().join("filed"));
            let (code, text) = printed(folder.path(), args, colours);
            assert!(code < 5, "{args:?}: {text}");
            assert_eq!(raw(&text), None, "{args:?}, colours: {colours}, {code}");
            named += usize::from(text.contains("FORGED"));
            if text.contains("\"schema\"") && args.contains(&"json") {
                let start = text.find('{').unwrap();
                let read: Option<Value> =
                    serde_json::Deserializer::from_str(&text[start..]).into_iter().next().and_then(Result::ok);
                assert!(read.is_some(), "{args:?}: {text}");
            }
        }
    }
    assert!(named > 45, "most of them name somebody: {named}");
}

/// The page has them neither in its sentences nor in its data, nor in the title that somebody gave it.
#[test]
fn nothing_of_a_name_is_raw_in_the_page() {
    let folder = hostile();
    // an argument has no NUL
    let title = HOSTILE.replace('\0', "");
    for (args, file) in [
        (vec!["report", "--out", "page.html", "--title", &title], "page.html"),
        (vec!["report", "--format", "markdown", "--out", "page.md", "--title", &title], "page.md"),
        (vec!["check", "--allow", "--format", "html=change.html"], "change.html"),
    ] {
        let (code, told) = printed(folder.path(), &args, true);
        assert!(code < 2, "{args:?}: {told}");
        let page = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert_eq!(raw(&page), None, "{args:?}");
        assert!(page.contains("FORGED"), "{args:?}");
        let Some((_, data)) = page.split_once("id=\"data\">") else { continue };
        let data: Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
        let mut open = vec![&data];
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) => assert_eq!(raw(text), None),
                Value::Array(values) => open.extend(values),
                Value::Object(members) => open.extend(members.values()),
                _ => {}
            }
        }
    }
}
