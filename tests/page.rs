//! The page of `report` and of `check`: self-contained, and harmless whatever names an inventory has. What it does in a browser is
//! shown by `tests/browser`.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::*;

fn run(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for name in ["GITHUB_ACTIONS", "GITLAB_CI"] {
        command.env_remove(name);
    }
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").args(args).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
}

fn report(inventory: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("report.html");
    let (code, told) = run(&["report", inventory, "--out", out.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}");
    std::fs::read_to_string(out).unwrap()
}

fn data(page: &str) -> Value {
    let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(data).unwrap()
}

/// Nothing of the page comes from elsewhere, and its policy lets nothing else work.
fn is_self_contained(page: &str) {
    for from_elsewhere in
        [" src=", "<link", "@import", "url(", "fetch(", "XMLHttpRequest", "import(", "onclick", "style=\""]
    {
        assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
    }
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"), "a policy");
    assert!(!page.contains("unsafe-inline") && !page.contains("unsafe-eval"));
}

#[test]
fn it_has_the_answers_of_the_assessment() {
    let page = report("examples/hospital");
    is_self_contained(&page);
    assert!(page.contains("4 of 5 accounts are covered by the BAA. Not covered: former-clinic (555555555555)."));
    let data = data(&page);
    let (_, json) = run(&["evaluate", "examples/hospital", "--format", "json@v1"]);
    // a note follows on stderr
    let assessment: Value = serde_json::Deserializer::from_str(&json).into_iter().next().unwrap().unwrap();
    let access = &data["access"];
    let number = |decision: &str| match decision {
        "allow" => 1,
        "deny" => 0,
        _ => -1,
    };
    for (shown, principal) in
        access["principals"].as_array().unwrap().iter().zip(assessment["principals"].as_array().unwrap())
    {
        assert_eq!(shown[0], principal["principal"]);
        let vector = access["vectors"][usize::try_from(shown[5].as_u64().unwrap()).unwrap()].as_array().unwrap();
        let operations = principal["operations"].as_array().unwrap();
        assert_eq!(vector.len(), operations.len());
        for (pair, operation) in vector.iter().zip(operations) {
            let at = |list: &str, place: usize| &access[list][usize::try_from(pair[place].as_u64().unwrap()).unwrap()];
            assert_eq!(at("asked", 0)[1], operation["operation"]);
            assert_eq!(at("answers", 1)[0], number(operation["decision"].as_str().unwrap()), "{operation}");
            assert_eq!(at("answers", 1)[1], operation["message"]);
        }
    }
    let covered: Vec<_> = data["accounts"].as_array().unwrap().iter().map(|a| (&a[0], &a[8][0][0])).collect();
    assert_eq!(covered.last().unwrap(), &(&json!("555555555555"), &json!(0)));
    assert_eq!(covered.iter().filter(|(_, c)| **c == json!(1)).count(), 4);
}

/// What the page draws over time, and of who can end coverage, is what the commands for them answer.
#[test]
fn it_has_the_history_and_who_can_end_coverage() {
    let data = data(&report("examples/hospital"));
    let json = |args: &[&str]| serde_json::from_str::<Value>(&run(&[args, &["--format", "json"]].concat()).1).unwrap();
    let history = json(&["coverage", "--history", "examples/hospital", "--agreement", "baa"]);
    let baa = data["kinds"].as_array().unwrap().iter().position(|k| k[0] == "baa").unwrap();
    let place = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let mut edges = 0;
    for account in history["accounts"].as_array().unwrap() {
        let drawn = &data["history"]["accounts"][account["account"].as_str().unwrap()][baa];
        let drawn = data["history"]["rows"][place(drawn)].as_array().unwrap();
        let told = account["agreements"][0]["intervals"].as_array().unwrap();
        assert_eq!(drawn.len(), told.len());
        for (bar, interval) in drawn.iter().zip(told) {
            assert_eq!(
                (&bar[1], &bar[2], &bar[3]),
                (&interval["from"], &interval["until"], &interval["governing"]["id"])
            );
            assert_eq!(bar[0] == 1, interval["coverage"] == "covered");
            assert_eq!((&bar[5], &bar[8]), (&interval["superseded"], &interval["alsoInForce"]));
            edges += usize::from(!bar[1].is_null());
        }
    }
    assert!(edges > 4, "{history}");
    let endings = json(&["who-can", "end-coverage", "examples/hospital"]);
    let (mut told, mut nobody) = (0, 0);
    for ending in endings["endings"].as_array().unwrap() {
        for way in ending["ways"].as_array().unwrap() {
            let is = |w: &&Value| {
                (&w[1], &w[2], &w[3]) == (&way["operation"], &way["scope"], &way["by"])
                    && w[5].as_array().unwrap().contains(&ending["account"])
            };
            let drawn = data["endings"].as_array().unwrap().iter().find(is).unwrap();
            assert_eq!(drawn[6].as_array().unwrap().len(), way["may"].as_array().unwrap().len());
            // those of whom it is not known stand with the reason, which several may share
            let (perhaps, unknown) = (drawn[7].to_string(), way["unknown"].as_array().unwrap());
            assert_eq!(drawn[7].as_array().unwrap().is_empty(), unknown.is_empty());
            for who in unknown {
                let why = who["dependsOn"].as_array().unwrap().first().unwrap_or(&who["reason"]).as_str().unwrap();
                let name = who["name"].as_str().unwrap();
                assert!(perhaps.contains(name) && perhaps.contains(why), "{name}: {why}: {perhaps}");
            }
            // why nobody can stands where nobody can, and nowhere else
            let why = way["whyNobody"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert_eq!(drawn[8].is_null(), why.is_empty(), "{drawn}");
            for why in why {
                assert!(drawn[8].as_str().unwrap().contains(why.as_str().unwrap()), "{drawn}");
                nobody += 1;
            }
            told += 1;
        }
    }
    assert!(nobody > 0, "{endings}");
    assert!(told > 5 && data["notFollowed"] == endings["notFollowed"]);
    let (_, csv) = run(&["who-can", "end-coverage", "examples/hospital", "--format", "csv"]);
    assert!(csv.starts_with("account,account name,agreement,governing,operation,"), "{csv}");
    assert!(csv.contains("\n222222222222,wards,baa,customer-agreement-OrgBaa0123456789,leave-organization,,222222222222,uncovered,unknown,"));
}

/// D31, D14: those who may be there unseen are told with what they could end, and members that depart by themselves.
#[test]
fn it_says_who_else_could_end_coverage_and_who_departs() {
    let unlisted = World::organization()
        .account("444444444444", json!({"state": "CLOSED"}), &[ORG])
        .account("555555555555", json!({"state": "SUSPENDED"}), &[ORG])
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None);
    let mut unlisted = unlisted;
    unlisted.entities.iter_mut().filter(|e| e["uid"] == M).for_each(|e| e["attrs"]["principalsKnown"] = json!(false));
    for n in 0..15 {
        unlisted = unlisted.user(M, &format!("ender{n:02}"), json!([ADMIN]));
    }
    let folder = unlisted.folder();
    let path = folder.path().to_str().unwrap();
    let departs = ["444444444444: closed: it departs", "555555555555: suspended, perhaps closed"];
    let (code, markdown) = run(&["report", path, "--format", "markdown"]);
    let (_, who) = markdown.split_once("## Who can end coverage").unwrap();
    let who = who.split("## ").next().unwrap();
    assert_eq!(code, Some(0));
    for what in [&departs[..], &["close-account; remove-account", "ender14", "in 111111111111"]].concat() {
        assert!(who.contains(what), "{what}: {who}");
    }
    let data = data(&report(path));
    let told = data["departing"].to_string() + &data["endingOthers"].to_string();
    assert!(departs.iter().all(|what| told.contains(what)) && told.contains("remove-account"), "{told}");
}

#[test]
fn hostile_names_do_no_harm() {
    let name = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u{2028}";
    let world = World::new()
        .account(A, json!({"name": name, "phi": {"services": ["s3"]}}), &[])
        .user(A, "a", json!([ADMIN]))
        .file("countersign.toml", "asOf = 2026-11-01\n")
        .folder();
    let path = world.path().to_str().unwrap();
    let page = report(path);
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "markup of a name");
    assert_eq!(page.matches("</script>").count(), 2, "the data and the script of the page");
    let shown = name.replace('\u{2028}', "\\u{2028}");
    assert_eq!(data(&page)["accounts"][0][1], shown, "and the name is whole");
    let (code, markdown) = run(&["report", path, "--format", "markdown"]);
    assert!(code == Some(0) && !markdown.contains("<script>") && !markdown.contains("<img"), "{markdown}");
    let (_, title) = run(&["report", path, "--format", "markdown", "--title", "<b>x"]);
    assert!(title.starts_with("# &lt;b&gt;x"), "{title}");
}

#[test]
fn a_change_is_drawn_with_before_after_and_why() {
    let (before, after) = ("examples/pull-request/before", "examples/pull-request/after");
    let (code, page) = run(&["check", after, "--base", before, "--format", "html"]);
    assert_eq!(code, Some(1), "{page}");
    assert!(page.contains("<h1>The check fails</h1>"), "{page}");
    for heading in ["<th scope=\"col\">Before</th>", "<th scope=\"col\">After</th>", "<th scope=\"col\">Why</th>"] {
        assert!(page.contains(heading), "{heading}");
    }
    assert!(page.contains("lost"), "{page}");
    assert_eq!(page.matches("If the change is wanted").count(), 1, "{page}");
    is_self_contained(&page);
}

#[test]
fn a_page_needs_a_file() {
    let (code, told) = run(&["report", "examples/clinic"]);
    assert!(code == Some(2) && told.contains("--out report.html"), "{told}");
}
