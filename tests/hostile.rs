//! Input that wants to hurt: what is no regular file, what leads out of the tree, what is nested or long without end, names that would
//! be obeyed by who reads the output, and folders that are written to.

use std::path::Path;
use std::process::{Command, Output};

use crate::common::*;
use serde_json::{Value, json};

fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = output(folder, args);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn output(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
        command.env_remove(name);
    }
    command.current_dir(folder).env("NO_COLOR", "1").args(args).output().unwrap()
}

fn small() -> World {
    World::new().account(A, json!({}), &[]).user(A, "a", json!([]))
}

#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const SECRET: &str = "aws_secret_access_key = wJalrXUtnFEMI";

    /// A link out of the tree is an error that shows nothing of what it leads to, wherever files are read.
    #[test]
    fn a_link_out_of_the_tree_is_neither_read_nor_shown() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("credentials"), SECRET).unwrap();
        std::fs::write(outside.path().join("x.json"), format!("[\"{SECRET}\"]")).unwrap();
        let credentials = outside.path().join("credentials");
        for (link, target) in [
            ("x.json", credentials.as_path()),
            ("countersign.toml", &credentials),
            ("own.expect.toml", &credentials),
            ("guardrails/own.cedar", &credentials),
            ("folder", outside.path()),
        ] {
            let folder = small().file("guardrails/other.cedar", "").folder();
            symlink(target, folder.path().join(link)).unwrap();
            for command in ["check", "evaluate", "lint"] {
                let (code, out, errors) = run(folder.path(), &[command, "."]);
                assert!(!out.contains("wJalr") && !errors.contains("wJalr"), "{command} {link}: {out} {errors}");
                let reads =
                    command == "check" || link == "folder" || link == "countersign.toml" || link.ends_with(".json");
                if reads {
                    assert_eq!(code, 2, "{command} {link}: {out} {errors}");
                    assert!(errors.contains("leads out of"), "{command} {link}: {errors}");
                }
            }
        }
        // nor by a path, to what is hidden beside the inventory
        let parent = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(parent.path().join(".aws")).unwrap();
        std::fs::create_dir_all(parent.path().join("in")).unwrap();
        std::fs::write(parent.path().join(".aws/credentials"), SECRET).unwrap();
        let entity = json!([{"uid": user(A, "a"), "attrs": {"policies": ["../.aws/credentials"]}}]);
        std::fs::write(parent.path().join("in/entities.json"), entity.to_string()).unwrap();
        let (code, out, errors) = run(parent.path(), &["evaluate", "in"]);
        assert!(code == 2 && !errors.contains("wJalr") && !out.contains("wJalr"), "{errors}");
    }

    /// Links within the tree are followed, and loops end.
    #[test]
    fn links_within_the_tree_are_followed() {
        let folder = World::new().account(A, json!({}), &[]).folder();
        std::fs::write(folder.path().join("more.txt"), json!([{"uid": B}]).to_string()).unwrap();
        symlink("more.txt", folder.path().join("more.json")).unwrap();
        let (code, out, errors) = run(folder.path(), &["coverage", "."]);
        assert!(code == 0 && out.contains(B), "{errors}");
        symlink(".", folder.path().join("round")).unwrap();
        let (code, _, errors) = run(folder.path(), &["coverage", "."]);
        assert!(code == 2 && errors.contains("loop"), "{errors}");
    }

    /// What is no regular file, and a name that nothing can refer to, are errors, not gaps.
    #[test]
    fn nothing_vanishes() {
        let folder = small().folder();
        let made = Command::new("mkfifo").arg(folder.path().join("agreements.json")).status().unwrap();
        assert!(made.success());
        for command in ["evaluate", "coverage", "check", "lint"] {
            let (code, _, errors) = run(folder.path(), &[command, "."]);
            assert!(code == 2 && errors.contains("agreements.json is not a regular file"), "{command}: {errors}");
        }
        // so is what says which files are left out, at the top and below
        for below in [".", "iam"] {
            let folder = small().file("iam/x.json", "{}").folder();
            let made = Command::new("mkfifo").arg(folder.path().join(below).join(".gitignore")).status().unwrap();
            assert!(made.success());
            let (code, _, errors) = run(folder.path(), &["lint", "."]);
            assert!(code == 2 && errors.contains(".gitignore is not a regular file"), "{below}: {errors}");
        }
        let folder = small().folder();
        let name = std::ffi::OsStr::from_bytes(b"agreements-\xff.json");
        std::fs::write(folder.path().join(name), "[]").unwrap();
        for command in ["evaluate", "coverage", "check"] {
            let (code, _, errors) = run(folder.path(), &[command, "."]);
            assert!(code == 2 && errors.contains("not UTF-8"), "{command}: {errors}");
        }
        // what has no end is not read to the end
        let (code, _, errors) = run(folder.path(), &["lower", "/dev/zero"]);
        assert!(code == 2 && errors.contains("larger than"), "{errors}");
    }

    /// What settings of lint name is neither read nor written outside of the folder, what stands beside it, and its repository.
    #[test]
    fn settings_of_lint_lead_nowhere_else() {
        let outside = tempfile::tempdir().unwrap();
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "{SECRET}", "Effect": "Allow", "Action": "s3:GetObjct", "Resource": "*"}}]}}"#
        );
        std::fs::write(outside.path().join("secret.json"), &policy).unwrap();
        let inventory = outside.path().join("a/b");
        std::fs::create_dir_all(&inventory).unwrap();
        std::fs::write(inventory.join("p.json"), policy.replace(SECRET, "own")).unwrap();
        let whole = outside.path().join("secret.json").display().to_string();
        for named in ["../../secret.json", &whole] {
            let set = |settings: String| std::fs::write(inventory.join("countersign.toml"), settings).unwrap();
            set(format!("[lint]\npaths = [\"{named}\"]\n"));
            for args in [&["lint"][..], &["lint", "--unsafe-fixes"]] {
                let (code, out, errors) = run(&inventory, args);
                assert!(
                    code == 2 && errors.contains("leads out") && !(out + &errors).contains(SECRET),
                    "{named} {errors}"
                );
            }
            set(format!("[lint]\nbaseline = \"{named}\"\n"));
            let (code, out, errors) = run(&inventory, &["lint"]);
            assert!(code == 2 && errors.contains("leads out") && !(out + &errors).contains(SECRET), "{named} {errors}");
            set("[lint]\nbaseline = \"../../written.json\"\n".to_owned());
            assert_eq!(run(&inventory, &["lint", "--write-baseline"]).0, 2);
        }
        assert!(!outside.path().join("written.json").exists());
        assert_eq!(std::fs::read_to_string(outside.path().join("secret.json")).unwrap(), policy);
    }

    /// A commit whose paths and links lead out of the repository writes and reads nothing there.
    #[test]
    fn a_crafted_revision_stays_in_memory() {
        let outside = tempfile::tempdir().unwrap();
        let secret = outside.path().join("secret.json");
        std::fs::write(&secret, format!("[\"{SECRET}\"]")).unwrap();
        let folder = small().folder();
        let git = |args: &[&str], input: &str| {
            use std::io::Write;
            let mut child = Command::new("git")
                .current_dir(folder.path())
                .args(["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"])
                .args(args)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        git(&["init", "--quiet"], "");
        git(&["add", "."], "");
        git(&["commit", "--quiet", "-m", "base"], "");
        let link = git(&["hash-object", "-w", "--stdin"], secret.to_str().unwrap());
        let own = git(&["rev-parse", "HEAD:entities.json"], "");
        let tree = git(&["mktree"], &format!("120000 blob {link}\tlink.json\n100644 blob {own}\tentities.json\n"));
        let commit = git(&["commit-tree", &tree, "-m", "crafted"], "");
        let (code, out, errors) = run(folder.path(), &["diff", "--git", &commit]);
        assert!(code == 2 && errors.contains("leaves the repository") && !errors.contains("wJalr"), "{out} {errors}");
        // what stands in for another file, as a pointer, is told
        let pointer = git(
            &["hash-object", "-w", "--stdin"],
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        );
        let tree = git(&["mktree"], &format!("100644 blob {pointer}\tentities.json\n"));
        let commit = git(&["commit-tree", &tree, "-m", "pointer"], "");
        let (code, _, errors) = run(folder.path(), &["diff", "--git", &commit]);
        assert!(code == 2 && errors.contains("pointer of Git LFS"), "{errors}");
        // nothing that the repository configures runs
        let trap = outside.path().join("trap");
        std::fs::write(&trap, format!("#!/bin/sh\ntouch {}/ran\n", outside.path().display())).unwrap();
        std::fs::set_permissions(&trap, std::fs::Permissions::from_mode(0o755)).unwrap();
        for key in ["core.fsmonitor", "diff.external", "core.pager", "filter.x.clean", "filter.x.smudge"] {
            git(&["config", key, trap.to_str().unwrap()], "");
        }
        std::fs::write(folder.path().join(".gitattributes"), "* filter=x\n").unwrap();
        run(folder.path(), &["diff", "--git", "HEAD"]);
        std::fs::create_dir(folder.path().join("new")).unwrap();
        std::fs::copy(folder.path().join("entities.json"), folder.path().join("new/entities.json")).unwrap();
        run(folder.path(), &["diff", "--git", "HEAD", "new"]);
        assert!(!outside.path().join("ran").exists());
    }

    /// An import writes and removes what is its own, and through no link.
    #[test]
    fn an_import_touches_nothing_of_others() {
        let accounts = json!({"Accounts": [{"Id": A, "Name": "a", "Status": "ACTIVE", "Arn": format!("arn:aws:organizations::{M}:account/{ORG}/{A}"),
            "Email": "a@example.com", "JoinedMethod": "CREATED", "JoinedTimestamp": "2024-01-01T00:00:00Z"}]});
        let answers = World::new().file("list-accounts.json", accounts.to_string()).folder();
        let source = answers.path().to_str().unwrap();
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("out");
        let import = || run(place.path(), &["import", source, "--out", "out"]);
        let (code, told, errors) = import();
        assert_eq!(code, 0, "{told} {errors}");
        let victim = place.path().join("victim.json");
        std::fs::write(&victim, "mine").unwrap();
        std::fs::create_dir_all(out.join("guardrails")).unwrap();
        std::fs::create_dir_all(out.join("iam")).unwrap();
        for (file, text) in [("guardrails/own.cedar", ""), ("iam/mine.json", "[]"), ("reports.json", "[]")] {
            std::fs::write(out.join(file), text).unwrap();
        }
        // a crafted list
        let known = std::fs::read_to_string(out.join(".countersign-import")).unwrap();
        let crafted = "../victim.json\n/etc/hostname\nguardrails/own.cedar\niam/mine.json\niam/../../victim.json\n0000  reports.json\n";
        std::fs::write(out.join(".countersign-import"), format!("{known}{crafted}")).unwrap();
        let (code, _, errors) = import();
        assert_eq!(code, 0, "{errors}");
        assert!(errors.contains("iam/mine.json") && errors.contains("it was left"), "{errors}");
        for file in ["guardrails/own.cedar", "iam/mine.json", "reports.json", "../victim.json"] {
            assert!(out.join(file).exists(), "{file}");
        }
        // a link in the place of a file or of a folder
        std::fs::remove_file(out.join("accounts.json")).unwrap();
        symlink(&victim, out.join("accounts.json")).unwrap();
        let (code, _, errors) = import();
        assert!(code == 2 && errors.contains("symbolic link"), "{errors}");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
        // two at once: the second is refused
        std::fs::remove_file(out.join("accounts.json")).unwrap();
        let held = std::fs::File::create(out.join(".countersign-import.lock")).unwrap();
        held.try_lock().unwrap();
        let (code, _, errors) = import();
        assert!(code == 2 && errors.contains("another import"), "{errors}");
        drop(held);
        assert_eq!(import().0, 0);
    }

    /// What an import writes is not what it reads the next time.
    #[test]
    fn an_import_into_its_own_answers_is_refused() {
        let accounts = json!({"Accounts": [{"Id": A, "Name": "a", "Status": "ACTIVE", "Arn": format!("arn:aws:organizations::{M}:account/{ORG}/{A}"),
            "Email": "a@example.com", "JoinedMethod": "CREATED", "JoinedTimestamp": "2024-01-01T00:00:00Z"}]});
        let answers = World::new().file("ans/list-accounts.json", accounts.to_string()).folder();
        for out in ["ans", "ans/inventory", "ans/../ans"] {
            let (code, _, errors) = run(answers.path(), &["import", "ans", "--out", out]);
            assert!(code == 2 && errors.contains("which is imported"), "{out}: {errors}");
        }
        let there: Vec<_> = std::fs::read_dir(answers.path().join("ans")).unwrap().collect();
        assert_eq!(there.len(), 1);
        for _ in 0..2 {
            assert_eq!(run(answers.path(), &["import", "ans", "--out", "out"]).0, 0);
        }
    }

    /// A file and a link to it are one file: mended once, and both stay what they are.
    #[test]
    fn a_file_that_is_linked_to_is_mended_once() {
        let twice = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObject"], "Resource": "*"}]});
        let folder = World::new().file("q.json", twice.to_string()).folder();
        symlink("q.json", folder.path().join("p.json")).unwrap();
        let (code, told, errors) = run(folder.path(), &["lint", "--fix", "--fail-on", "never"]);
        assert!(code == 0 && !errors.contains("has changed"), "{told} {errors}");
        assert!(folder.path().join("p.json").is_symlink());
        let text = std::fs::read_to_string(folder.path().join("q.json")).unwrap();
        assert_eq!(text.matches("s3:GetObject").count(), 1, "{text}");
    }

    /// An output is not written over what the run has read, and not twice to one place; over an earlier output it is.
    #[test]
    fn an_output_is_not_written_over_an_input() {
        let guardrail = "@id(\"nobody\") @message(\"m\")
            forbid(principal is Artifact::User, action == Artifact::Action::\"may-accept-agreement\", resource);";
        let settings = "asOf = \"2026-11-15\"\n[lint]\nbaseline = \"known.json\"\n";
        let folder = World::organization()
            .user(A, "a", json!(["iam/a.json"]))
            .file("iam/a.json", allows(&["s3:ListAllMyBuckets"]).to_string())
            .file("guardrails/own.cedar", guardrail)
            .file("known.json", "{\"schema\": \"countersign/baseline/v1\", \"entries\": []}\n")
            .file("countersign.toml", settings)
            .folder();
        symlink("iam/a.json", folder.path().join("link")).unwrap();
        let text = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
        let commands: [&[&str]; 4] = [&["check", "--no-base"], &["evaluate"], &["coverage"], &["lint"]];
        for file in ["iam/a.json", "link", "entities.json", "guardrails/own.cedar", "countersign.toml", "known.json"] {
            let before = text(file);
            for command in commands {
                if file == "known.json" && !["check", "lint"].contains(&command[0]) {
                    continue;
                }
                let (code, _, errors) = run(folder.path(), &[command, &["--format", &format!("json={file}")]].concat());
                assert!(code == 2 && errors.contains("is not written over"), "{command:?} {file}: {errors}");
                assert_eq!(text(file), before, "{command:?} {file}");
            }
        }
        for command in commands {
            for _ in 0..2 {
                let (code, _, errors) = run(folder.path(), &[command, &["--format", "json=told.json"]].concat());
                // what countersign wrote is no part of an inventory
                let is_input = errors.contains("countersign itself wrote it");
                assert!([0, 1].contains(&code) || is_input, "{command:?}: {errors}");
            }
            std::fs::remove_file(folder.path().join("told.json")).unwrap();
        }
        let twice = ["check", "--no-base", "--format", "json=one.json", "--format", "text=one.json"];
        let (code, _, errors) = run(folder.path(), &twice);
        assert!(code == 2 && errors.contains("is named for two formats"), "{errors}");
    }

    /// Ended at any moment, each writer leaves what was or what is to be, and the next run succeeds.
    #[test]
    fn a_writer_that_is_killed_leaves_the_old_or_the_new() {
        let accounts: Vec<Value> = (0..300)
            .map(|n| json!({"Id": format!("{:012}", 100_000_000_000_u64 + n), "Name": "a", "Status": "ACTIVE"}))
            .collect();
        let answers = World::new().file("list-accounts.json", json!({"Accounts": accounts}).to_string()).folder();
        let place = tempfile::tempdir().unwrap();
        let lint = World::new().file("a.json", json!({"Version": "2012-10-17", "Statement": []}).to_string()).folder();
        let baseline = lint.path().join("baseline.json");
        let json_file = place.path().join("told.json");
        let source = answers.path().to_str().unwrap().to_owned();
        let told = format!("json={}", json_file.display());
        let writers: [Vec<&str>; 3] = [
            vec!["import", &source, "--out", "out"],
            vec!["lint", lint.path().to_str().unwrap(), "--baseline", baseline.to_str().unwrap(), "--write-baseline"],
            vec!["coverage", &source, "--format", &told],
        ];
        for writer in &writers {
            let whole = output(place.path(), writer);
            assert_ne!(whole.status.code(), Some(2), "{}", String::from_utf8_lossy(&whole.stderr));
            for kill in 0..50_u64 {
                let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
                    .current_dir(place.path())
                    .args(writer)
                    .stdout(std::process::Stdio::null())
                    .stderr(std::process::Stdio::null())
                    .spawn()
                    .unwrap();
                std::thread::sleep(std::time::Duration::from_millis(kill));
                let _ = child.kill();
                child.wait().unwrap();
                for file in [&baseline, &json_file, &place.path().join("out/accounts.json")] {
                    if let Ok(text) = std::fs::read_to_string(file) {
                        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{} is torn", file.display());
                    }
                }
            }
            let next = output(place.path(), writer);
            assert_eq!(next.status.code(), whole.status.code(), "{}", String::from_utf8_lossy(&next.stderr));
        }
        for folder in [place.path(), &place.path().join("out"), lint.path()] {
            let left = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.file_name().into_string().unwrap());
            assert_eq!(
                left.filter(|n| n.starts_with(".countersign-writing")).collect::<Vec<_>>(),
                Vec::<String>::new()
            );
        }
    }
}

/// From the root of a repository, the inventory below is found, and files are told by their path from there, in every format.
#[test]
fn from_the_root_of_a_repository_the_inventory_below_is_found() {
    let world = |expect: &str| {
        small()
            .file("countersign.toml", "asOf = \"2026-11-01\"\n")
            .file("guardrails/own.cedar", "@id(\"own\") @message(\"m\") forbid(principal is Artifact::User, action == Artifact::Action::\"may-accept-agreement\", resource);")
            .file("own.expect.toml", format!("[[coverage]]\naccount = \"{A}\"\nagreement = \"baa\"\nexpect = \"{expect}\"\n"))
    };
    let top = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(top.path().join(".git")).unwrap();
    let put = |name: &str, world: &World| {
        let folder = world.folder();
        let status = Command::new("cp").arg("-r").arg(folder.path()).arg(top.path().join(name)).status().unwrap();
        assert!(status.success());
    };
    put("cloud", &world("covered"));
    let check = |folder: &Path, more: &[&str]| run(folder, &[&["check", "--no-base"][..], more].concat());
    let (code, text, errors) = check(top.path(), &["--format", "json"]);
    assert_eq!(code, 1, "{errors}");
    let from_top: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(from_top["at"], "2026-11-01T00:00:00Z");
    assert_eq!(from_top["expectations"][0]["file"], "cloud/own.expect.toml");
    assert_eq!(from_top["guardrails"][0]["file"], "cloud/guardrails/own.cedar");
    // the same from anywhere else
    let (_, text, _) = check(&top.path().join("cloud"), &["--format", "json"]);
    let from_inside: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(from_inside["expectations"], from_top["expectations"]);
    assert_eq!(from_inside["guardrails"], from_top["guardrails"]);
    let paths = |format: &str| check(&top.path().join("cloud"), &["--format", format]).1;
    for format in ["sarif", "github", "gitlab", "markdown", "text"] {
        assert!(paths(format).contains("cloud/own.expect.toml"), "{format}: {}", paths(format));
    }
    // a line a part
    let (_, text, _) = check(top.path(), &["--summary"]);
    assert_eq!(text.lines().count(), 6, "{text}");
    // several: each is checked, and what fails in one fails
    put("other", &world("not-covered"));
    let (code, text, errors) = check(top.path(), &[]);
    assert!(code == 1 && text.contains("cloud ·") && text.contains("other ·"), "{text} {errors}");
    let (code, _, errors) = check(top.path(), &["--format", "json"]);
    assert!(code == 2 && errors.contains("2 inventories") && errors.contains("--inventory"), "{errors}");
    assert_eq!(check(top.path(), &["--inventory", "other"]).0, 0);
    // what a workflow writes holds all of them
    let (code, text, errors) = check(top.path(), &["--format", "github", "--format", "markdown=told.md"]);
    assert!(code == 1 && text.contains("cloud/own.expect.toml") && errors.is_empty(), "{text} {errors}");
    let told = std::fs::read_to_string(top.path().join("told.md")).unwrap();
    assert!(told.contains("cloud/own.expect.toml") && told.matches("rules built in").count() == 2, "{told}");
    assert!(told.contains("countersign: failed · `cloud`") && told.contains("countersign: passed · `other`"), "{told}");
}

/// What AWS refuses whatever the settings of an account is an error that names the quota, and is found without going through it all.
#[test]
fn what_aws_never_stores_is_an_error() {
    let organization = json!({"uid": ORG, "attrs": {"managementAccount": M}});
    let chain = |units: usize| {
        let mut entities = vec![organization.clone(), json!({"uid": M, "parents": [ORG]})];
        let id = |n: usize| format!("ou-abcd-{n:08}");
        for n in 0..units {
            let parent = if n == 0 { ORG.to_owned() } else { id(n - 1) };
            entities.push(json!({"uid": id(n), "parents": [parent]}));
        }
        entities.push(json!({"uid": A, "parents": [id(units - 1)]}));
        World { entities, ..World::new() }
    };
    assert_eq!(run(chain(5).folder().path(), &["coverage", "."]).0, 0);
    for units in [6, 5_000] {
        let (code, _, errors) = run(chain(units).folder().path(), &["coverage", "."]);
        assert!(code == 2 && errors.contains("more than 5 levels"), "{units}: {errors}");
    }
    let statement = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
    let of = |statements: usize| {
        let document = policy(json!(vec![statement.clone(); statements]));
        World::new().account(A, json!({}), &[]).user(A, "a", json!(["a.json"])).file("a.json", document.to_string())
    };
    assert_eq!(run(of(500).folder().path(), &["evaluate", "."]).0, 0);
    let (code, _, errors) = run(of(20_000).folder().path(), &["evaluate", "."]);
    assert!(code == 2 && errors.contains("more than 65536 characters"), "{errors}");
}

/// Names that would be obeyed, or not be seen.
const HOSTILE: &str = "x\n::stop-commands::y\u{1b}[31m\u{202e}\u{200b}|<img src=x>@everyone`[a](http://b)\u{fdd0}=1";

/// Markdown without its code, and without what is escaped.
fn without_code(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['`', '\\']) {
        if rest[at..].starts_with('\\') {
            plain.push_str(&rest[..at]);
            let escaped = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
            rest = &rest[at + 1 + escaped..];
            continue;
        }
        plain.push_str(&rest[..at]);
        let fence: String = rest[at..].chars().take_while(|c| *c == '`').collect();
        let after = &rest[at + fence.len()..];
        match after.find(&fence) {
            Some(end) => rest = &after[end + fence.len()..],
            None => rest = after,
        }
    }
    plain + rest
}

/// What is wrong with an output.
fn obeyed(format: &str, text: &str) -> Option<String> {
    let unseen = |c: char| (c.is_control() && c != '\n' && c != '\t') || "\u{202e}\u{200b}\u{fdd0}".contains(c);
    if format.starts_with("json") || ["sarif", "gitlab"].contains(&format) {
        return serde_json::from_str::<Value>(text).err().map(|e| e.to_string());
    }
    if let Some(c) = text.chars().find(|c| unseen(*c)) {
        return Some(format!("{c:?} is printed"));
    }
    let command = |line: &&str| {
        let own = format == "github" && ["::error ", "::warning ", "::notice "].iter().any(|w| line.starts_with(w));
        line.trim_start().starts_with("::") && !own
    };
    if let Some(line) = text.lines().find(command) {
        return Some(format!("a command: {line}"));
    }
    if format == "markdown" {
        let plain = without_code(text);
        let meant = ["<img", "@everyone", "](http", "\n::"];
        return meant.into_iter().find(|m| plain.contains(m)).map(|m| format!("{m} in {plain}"));
    }
    None
}

/// Every free string of the schema, of documents, settings, guardrails, expectations and files, in every format.
#[test]
fn no_name_is_obeyed_by_who_reads_the_output() {
    let quoted = serde_json::to_string(HOSTILE).unwrap();
    let toml = quoted.replace("\\u001b", "\\u001B");
    let wide = |sid: &str| policy(json!([{"Sid": sid, "Effect": "Allow", "Action": "artifact:*", "Resource": "*"}]));
    let base = || {
        World::organization()
            .user(A, "a", json!(["a.json"]))
            .accepted("abcdef0123456789", "baa", "account", A, "2024-01-01", None)
            .file("a.json", wide("").to_string().replace("\"Sid\":\"\",", ""))
    };
    let expected =
        |name: &str| format!("[[only]]\nname = {name}\nprincipal = [\"nobody-*\"]\noperation = \"accept-agreement\"\n");
    let worlds: Vec<(&str, World)> = vec![
        ("account name", base().account(B, json!({"name": HOSTILE}), &[ORG])),
        ("unit name", base().entity(json!({"uid": "ou-abcd-11111111", "attrs": {"name": HOSTILE}, "parents": [ORG]})).account(B, json!({}), &["ou-abcd-11111111"])),
        ("tag", base().entity(json!({"uid": B, "parents": [ORG], "tags": {HOSTILE: HOSTILE, "Data": "PHI"}}))),
        ("user", base().entity(json!({"uid": format!("User::{}", json!(format!("arn:aws:iam::{A}:user/{HOSTILE}"))), "attrs": {"policies": ["a.json"]}}))),
        ("group", base().entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": HOSTILE}}))),
        ("person", base()
            .entity(json!({"uid": "IdentityCenterUser::\"p\"", "attrs": {"userName": HOSTILE}}))
            .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": ["a.json"], "assignments": [{"user": "p", "accounts": [A]}]}}))),
        ("sid", base().file("a.json", wide(HOSTILE).to_string())),
        ("action", base().file("a.json", allows(&["artifact:*", HOSTILE]).to_string())),
        ("offline agreement", base().entity(json!({"uid": format!("OfflineAgreement::{quoted}"), "attrs": {"kind": "baa", "effectiveStart": "2018-01-01", "designations": [{"account": A}]}}))),
        ("report", base().report("report-abcdef0123456789", HOSTILE, true)),
        ("expectation", base().file("own.expect.toml", expected(&toml))),
        ("guardrail", base().file("guardrails/own.cedar", format!("@id(\"own\") @message({}) forbid(principal, action == Artifact::Action::\"may-accept-agreement\", resource);", quoted.replace("\\u001b", "\\u{1b}")))),
        ("signatory", base().file("countersign.toml", format!("signatories = [{toml}]\nphiTags = [{toml}]\n"))),
        ("exception", base().file("countersign.toml", format!("[[diff.allow]]\nanyRequest = true\nprincipal = \"*\"\nreason = {toml}\n"))),
        ("ignore", base().file("countersign.toml", format!("[[lint.ignore]]\nrule = \"CS101\"\nreason = {toml}\n"))),
        ("file", base().file("x ::stop-commands::`<img src=x>@everyone|.json", "{}")),
        ("unused file", base().file("x ::stop-commands::`<img src=x>@everyone|.json", allows(&["artifact:Nothing"]).to_string())),
        ("unused folder", base().file("::stop-commands::y/x.json", allows(&["artifact:Nothing"]).to_string())),
    ];
    let narrow = base().file("a.json", allows(&["s3:ListAllMyBuckets"]).to_string()).folder();
    let old = narrow.path().to_str().unwrap();
    let mut read = 0;
    let told = tempfile::tempdir().unwrap();
    for (what, world) in &worlds {
        let folder = world.folder();
        let formats = ["json", "sarif", "junit", "github", "gitlab", "markdown"];
        for command in [&["check", "--base", old, "--allow", "--fail-on", "info"][..], &["lint"]] {
            // all formats of one run
            let files: Vec<String> = formats.iter().map(|f| format!("{f}={}", told.path().join(f).display())).collect();
            let mut args = [command, &[".", "--format", "text"]].concat();
            files.iter().for_each(|file| args.extend(["--format", file.as_str()]));
            let (code, out, errors) = run(folder.path(), &args);
            assert!([0, 1, 2, 3, 4].contains(&code), "{what} {command:?}: {errors}");
            assert_eq!((obeyed("text", &out), obeyed("text", &errors)), (None, None), "{what} {command:?}");
            for format in formats {
                let Ok(text) = std::fs::read_to_string(told.path().join(format)) else { continue };
                read += 1;
                assert_eq!(obeyed(format, &text), None, "{what} {command:?} {format}");
                std::fs::remove_file(told.path().join(format)).unwrap();
            }
        }
        for command in [&["evaluate"][..], &["who-can", "accept-agreement"], &["diff", old]] {
            let (code, out, errors) = run(folder.path(), &[command, &["."]].concat());
            assert_ne!(code, 101, "{what} {command:?}: {errors}");
            assert_eq!((obeyed("text", &out), obeyed("text", &errors)), (None, None), "{what} {command:?}");
        }
    }
    // most of these names are valid, and are printed
    assert!(read > worlds.len() * 8, "{read}");
}
