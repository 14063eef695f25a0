//! The GitHub action: what its inputs become on the command line. The script is that of `action.yml`, with a program in place of countersign that
//! says what it was called with.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// The script of the last step.
fn script() -> String {
    let action = fs::read_to_string("action.yml").unwrap();
    let (_, script) = action.rsplit_once("      run: |\n").unwrap();
    script.lines().map(|line| line.strip_prefix("        ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// The words that countersign is called with, or what is said where it is not called.
fn called(args: &str, allow: &str, accepted: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("countersign");
    fs::write(&program, "#!/usr/bin/env bash\nprintf '%s\\n' \"$@\" > words.txt\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let done = Command::new("bash")
        .args(["-c", &script()])
        .current_dir(folder.path())
        .envs([("ARGS", args), ("ALLOW", allow), ("ACCEPTED", accepted), ("SUMMARY", ""), ("PATH", path.as_str())])
        .output()
        .unwrap();
    match fs::read_to_string(folder.path().join("words.txt")) {
        Ok(words) => Ok(words.lines().map(str::to_owned).collect()),
        Err(_) => Err(String::from_utf8(done.stdout).unwrap()),
    }
}

/// Exceptions apply where the workflow says so, whether by the input or among the arguments, and the flag is given once.
#[test]
fn exceptions_apply_where_the_workflow_says_so() {
    for (args, allow, wanted) in [
        ("check --format github", "", &["check", "--format", "github", "--accept-change", "abc"][..]),
        ("check", "false", &["check", "--accept-change", "abc"]),
        ("check", "true", &["check", "--allow", "--accept-change", "abc"]),
        ("check --allow", "true", &["check", "--allow", "--accept-change", "abc"]),
        ("check --allow", "false", &["check", "--allow", "--accept-change", "abc"]),
        ("diff --git main...", "true", &["diff", "--git", "main...", "--allow"]),
        ("lint", "", &["lint"]),
    ] {
        assert_eq!(called(args, allow, "abc").unwrap(), wanted, "{args} {allow}");
    }
}

/// What is neither true nor false, and a command that has no exceptions, end the step: a workflow that was written wrongly checks nothing.
#[test]
fn an_input_that_means_nothing_is_an_error() {
    for (args, allow) in [("check", "yes"), ("check", "true; rm -rf ."), ("lint", "true"), ("", "true")] {
        let said = called(args, allow, "").unwrap_err();
        assert!(said.starts_with("::error::allow is "), "{args} {allow}: {said}");
    }
}

/// A digest is one word, whatever stands in it: it is never part of the command.
#[test]
fn what_is_accepted_is_one_word() {
    let words = called("check", "", "abc --no-base $(touch x)").unwrap();
    assert_eq!(words, ["check", "--accept-change", "abc --no-base $(touch x)"]);
}
