//! Every cell of the table of gates, for both generations of permissions; every message and every reason, from a fixture.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::*;
use countersign_core::terms::PermissionModel;
use serde_json::{Value, json};

/// Every operation, and for what it is asked.
pub const OPERATIONS: [(&str, &str); 10] = [
    ("download-agreement", "account"),
    ("download-agreement", "organization"),
    ("accept-agreement", "account"),
    ("accept-agreement", "organization"),
    ("terminate-agreement", "account"),
    ("terminate-agreement", "organization"),
    ("view-organization-agreements", "organization"),
    ("set-up-organization-agreements", "organization"),
    ("download-report", "report-1"),
    ("remove-offline-designation", "offline"),
];

/// The table: a gate, and for each operation above whether the gate stands before it.
const TABLE: [(&str, [bool; 10]); 22] = [
    ("account-not-activated", cells("DDAATTVSRR")),
    ("account-suspended", cells("DDAATTVSRR")),
    ("account-closed", cells("DDAATTVSRR")),
    ("account-closing", cells("DDAATTVSRR")),
    ("describe-organization", cells("-D-A-TVS--")),
    ("not-in-organization", cells("-D-A-TVS--")),
    ("all-features", cells("-D-A-TVS--")),
    ("management-account", cells("---A-T-S--")),
    ("trusted-access", cells("---A-T-S--")),
    ("trusted-access-off", cells("-D----V---")),
    ("service-role", cells("---A-T-S--")),
    ("download-agreement", cells("DDAA------")),
    ("nondisclosure-agreement", cells("DDAA------")),
    ("accept-agreement", cells("--AA------")),
    ("terminate-agreement", cells("----TT----")),
    ("already-active", cells("--AA------")),
    ("nothing-to-terminate", cells("----TT----")),
    ("offline-agreement-is-not-terminated-here", cells("----TT----")),
    ("organization-agreement-not-accepted", cells("-D--------")),
    ("download-report", cells("--------R-")),
    ("report-needs-approval", cells("--------R-")),
    ("not-designated", cells("---------R")),
];

const fn cells(marks: &str) -> [bool; 10] {
    let bytes = marks.as_bytes();
    let mut cells = [false; 10];
    let mut i = 0;
    while i < 10 {
        cells[i] = bytes[i] != b'-';
        i += 1;
    }
    cells
}

fn org(attrs: Value) -> World {
    World::new()
        .org(attrs)
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .user(M, "none", json!([]))
        .user(A, "none", json!([]))
        .report("report-1", "SOC", true)
}

/// A world in which a gate's condition holds, and who meets it there.
fn fixture(gate: &str) -> (World, String) {
    let alone = || World::new().account(A, json!({}), &[]).user(A, "none", json!([])).report("report-1", "SOC", true);
    let in_state = |state: &str| {
        let world =
            World::new().org(json!({})).account(M, json!({}), &[ORG]).account(A, json!({"state": state}), &[ORG]);
        (world.report("report-1", "SOC", false), root(A))
    };
    match gate {
        "account-not-activated" => in_state("PENDING_ACTIVATION"),
        "account-suspended" => in_state("SUSPENDED"),
        "account-closed" => in_state("CLOSED"),
        "account-closing" => in_state("PENDING_CLOSURE"),
        "not-in-organization" => (alone(), root(A)),
        "all-features" => (org(json!({"featureSet": "CONSOLIDATED_BILLING"})), root(M)),
        "trusted-access" => (org(json!({"trustedAccess": false})), user(M, "none")),
        "trusted-access-off" => (org(json!({"trustedAccess": false})), root(A)),
        "service-role" => (org(json!({"serviceRole": false})), user(M, "none")),
        "nondisclosure-agreement" => {
            let world = World::new().org(json!({})).account(M, json!({"nda": {"accepted": false}}), &[ORG]);
            (world.report("report-1", "SOC", false), root(M))
        }
        "already-active" => {
            let world = org(json!({})).accepted("Own", "baa", "account", M, "2024-01-01", None);
            (world.accepted("Org", "baa", "organization", ORG, "2024-01-01", None), root(M))
        }
        "offline-agreement-is-not-terminated-here" => {
            (org(json!({})).offline(json!([{"account": M, "from": "2019-01-01"}])), root(M))
        }
        "management-account" | "organization-agreement-not-accepted" | "report-needs-approval" | "not-designated" => {
            (org(json!({})), root(A))
        }
        "nothing-to-terminate" => (org(json!({})), root(M)),
        _ => (org(json!({})), user(A, "none")),
    }
}

#[test]
fn every_cell_of_the_table() {
    for model in [PermissionModel::Classic, PermissionModel::FineGrained] {
        for (gate, expected) in TABLE {
            let (world, who) = fixture(gate);
            let answers = world.assess(&by(model));
            for ((operation, scope), expected) in OPERATIONS.iter().zip(expected) {
                let failing = answers.gates(&who, operation, scope);
                assert_eq!(
                    failing.contains(&gate),
                    expected,
                    "{gate} before {operation} {scope} ({}): {failing:?}",
                    model.word()
                );
            }
        }
    }
}

#[test]
fn the_gate_of_d21_stands_before_removing_a_designation_only() {
    let world = org(json!({})).offline(json!([{"account": A, "from": "2019-01-01"}]));
    let answers = world.now();
    for (operation, scope) in OPERATIONS {
        let failing = answers.gates(&user(A, "none"), operation, scope);
        assert_eq!(
            failing.contains(&"remove-designation-permission"),
            operation == "remove-offline-designation",
            "{operation}"
        );
    }
    assert_eq!(answers.decision(&user(A, "none"), "remove-offline-designation", "offline"), "unknown");
}

/// A gate of an operation of the console; those of what ends coverage are shown in `ending.rs`.
fn is_of_the_console(rule: &countersign_core::policies::Rule) -> bool {
    rule.file.starts_with("operations/") && rule.file != "operations/ending.cedar" && rule.forbids
}

#[test]
fn the_table_names_every_gate() {
    let gates: BTreeSet<&str> = RULES.rules.values().filter(|r| is_of_the_console(r)).map(|r| r.id.as_str()).collect();
    let mut named: BTreeSet<&str> = TABLE.iter().map(|(g, _)| *g).collect();
    named.insert("remove-designation-permission");
    assert_eq!(gates, named);
}

fn console() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("data/console-messages.json")).unwrap();
    file["messages"].as_array().unwrap().clone()
}

#[test]
fn the_ten_messages_are_those_of_the_console_word_for_word() {
    let messages = console();
    assert_eq!(messages.len(), 10);
    for message in &messages {
        let rule = &RULES.rules[message["id"].as_str().unwrap()];
        for key in ["message", "detail", "remedy"] {
            assert_eq!(rule.get(key), message[key].as_str(), "{} {key}", rule.id);
        }
        let mut requires = BTreeMap::new();
        for (generation, alternatives) in message["requires"].as_object().unwrap() {
            for alternative in alternatives.as_array().unwrap() {
                let name = match generation.as_str() {
                    "fine_grained" => "fine-grained",
                    "fine_grained_in_force" => "fine-grained in force",
                    other => other,
                };
                requires.insert(name.to_owned(), texts(alternative).into_iter().map(str::to_owned).collect::<Vec<_>>());
            }
        }
        assert_eq!(rule.requires, requires, "{}", rule.id);
    }
}

#[test]
fn each_message_is_shown_from_a_fixture() {
    for message in console() {
        let gate = message["id"].as_str().unwrap();
        let (world, who) = fixture(gate);
        let world = if gate == "report-needs-approval" {
            world
        } else {
            world.accepted("OrgB", "andb", "account", A, "2020-01-01", None)
        };
        let answers = world.now();
        let shown =
            answers.operations(&who).iter().any(|o| o["message"] == message["message"] && o["decision"] == "deny");
        let among = answers
            .operations(&who)
            .iter()
            .any(|o| o["gates"].as_array().unwrap().iter().any(|g| g["message"] == message["message"]));
        assert!(shown || among, "{gate}");
        // gates further on are shown first only where those before them are passed
        if !["trusted-access", "service-role", "accept-agreement", "terminate-agreement"].contains(&gate) {
            assert!(shown, "{gate}");
        }
    }
}

#[test]
fn each_reason_is_shown_from_a_fixture() {
    for rule in RULES.rules.values().filter(|r| is_of_the_console(r) && r.get("reason").is_some()) {
        let (mut world, mut who) = fixture(&rule.id);
        if rule.id == "remove-designation-permission" {
            world = world.offline(json!([{"account": A, "from": "2019-01-01"}]));
            who = user(A, "none");
        }
        let answers = world.now();
        let shown = answers
            .operations(&who)
            .iter()
            .any(|o| o["reason"].as_str() == rule.get("reason") && o["message"].is_null());
        assert!(shown, "{}", rule.id);
    }
}

/// What a condition asks for, read off the policy itself.
#[test]
fn requires_equals_what_the_condition_asks() {
    for rule in RULES.rules.values().filter(|r| r.file.starts_with("operations/") && r.forbids) {
        let source = RULES.sources.iter().find(|s| s.path == rule.file).unwrap();
        let start = source.text.find(&format!("@id(\"{}\")", rule.id)).unwrap();
        let body = source.text[start..].split_once("forbid").unwrap().1;
        let body = body.split(';').next().unwrap();
        let asked: BTreeSet<&str> =
            body.split('"').filter(|t| t.contains(':') && !t.contains([' ', '\n', '('])).collect();
        let said: BTreeSet<&str> = rule.requires.values().flatten().map(String::as_str).collect();
        assert_eq!(asked, said, "{}", rule.id);
    }
}

/// With exactly what a gate requires it is passed, and without any one action it is not.
#[test]
fn each_gate_is_passed_by_what_it_requires_and_by_no_less() {
    let cases = [
        ("describe-organization", "view-organization-agreements", "organization"),
        ("trusted-access", "set-up-organization-agreements", "organization"),
        ("service-role", "set-up-organization-agreements", "organization"),
        ("download-agreement", "download-agreement", "account"),
        ("accept-agreement", "accept-agreement", "account"),
        ("terminate-agreement", "terminate-agreement", "account"),
        ("download-report", "download-report", "report-1"),
    ];
    for (gate, operation, scope) in cases {
        for (model, in_force) in [
            (PermissionModel::Classic, false),
            (PermissionModel::FineGrained, false),
            (PermissionModel::FineGrained, true),
        ] {
            let required: Vec<&str> =
                RULES.rules[gate].requires(model.word(), in_force).iter().map(String::as_str).collect();
            let passes = |actions: &[&str]| {
                let mut world = World::new().org(json!({"trustedAccess": false, "serviceRole": false}));
                world = world.account(M, json!({}), &[ORG]).report("report-1", "SOC", false).user(
                    M,
                    "a",
                    json!([allows(actions)]),
                );
                if in_force {
                    world = world.accepted("Own", "baa", "account", M, "2024-01-01", None);
                }
                let answers = world.assess(&by(model));
                !answers.gates(&user(M, "a"), operation, scope).contains(&gate)
            };
            assert!(passes(&required), "{gate} ({}, in force {in_force})", model.word());
            for without in &required {
                let rest: Vec<&str> = required.iter().filter(|a| *a != without).copied().collect();
                assert!(!passes(&rest), "{gate} without {without}");
            }
        }
    }
}

#[test]
fn the_generation_that_gets_furthest_is_reported() {
    // classic fails at the document, fine-grained at acceptance only
    let chain = ["artifact:GetNdaForAgreement", "artifact:AcceptNdaForAgreement", "artifact:GetAgreement"];
    let world = World::new().account(A, json!({}), &[]).user(A, "a", json!([allows(&chain)]));
    let answers = world.now();
    assert_eq!(answers.gates(&user(A, "a"), "accept-agreement", "account"), ["accept-agreement"]);
    let classic =
        World::new().account(A, json!({}), &[]).user(A, "a", json!([allows(&["artifact:DownloadAgreement"])])).now();
    assert_eq!(
        classic.answer(&user(A, "a"), "accept-agreement", "account")["missing"],
        json!(["artifact:AcceptAgreement"])
    );
}

/// The order of the file is that in which the console meets the messages; reports are a page of their own.
#[test]
fn the_order_of_gates_is_that_of_the_console() {
    let orders: Vec<(bool, u32)> = console()
        .iter()
        .map(|m| &RULES.rules[m["id"].as_str().unwrap()])
        .map(|r| (r.actions == ["download-report"], r.order))
        .collect();
    assert!(orders.is_sorted(), "{orders:?}");
}

#[test]
fn no_message_stands_in_the_code() {
    let messages = console();
    let sources = ["src", "crates/core/src"];
    for entry in
        sources.iter().flat_map(|s| walkdir::WalkDir::new(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(s)))
    {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            for message in &messages {
                assert!(!text.contains(message["message"].as_str().unwrap()), "{}", entry.path().display());
            }
        }
    }
}
