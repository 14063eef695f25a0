//! Rules of one's own and what is not known: tags that were not listed, places of another day, requests of a later day, states of agreements.
//! None of it passes for what it is not.

use std::process::Output;

use crate::collect::countersign;
use crate::common::*;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Problem};
use countersign_core::source::Folder;
use serde_json::{Value, json};
use tempfile::TempDir;

const ALICE: &str = "arn:aws:iam::222222222223:user/alice";
const X: &str = "222222222223";

/// Rules laid over those that are built in: a folder of one file.
fn rules(text: &str) -> TempDir {
    folder(&[("r.cedar", text)])
}

fn inventory(as_of: &str, entities: Value) -> TempDir {
    folder(&[("e.json", entities.to_string()), ("countersign.toml", format!("asOf = \"{as_of}\"\n"))])
}

fn run(args: &[&str], folder: &TempDir, more: &[&str]) -> Output {
    let folder = folder.path().to_str().unwrap();
    let args: Vec<&str> =
        args.iter().map(|a| if *a == "DIR" { folder } else { a }).chain(more.iter().copied()).collect();
    countersign(&args)
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!("{e}: {} {}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })
}

/// The answer of `can` about the root user of an account.
fn can(operation: &str, account: &str, inventory: &TempDir, rules: &TempDir, more: &[&str]) -> String {
    let rules = rules.path().to_str().unwrap();
    let all = [&["--account", account, "--policies", rules, "--format", "json"], more].concat();
    let found = json_of(&run(&["can", "root", operation, "DIR"], inventory, &all));
    found["answers"][0]["operations"][0]["decision"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
}

/// Whether the BAA covers an account.
fn covered(account: &str, inventory: &TempDir, rules: &TempDir, more: &[&str]) -> (String, Value) {
    let rules = rules.path().to_str().unwrap();
    let all = [&["--account", account, "--agreement", "baa", "--policies", rules, "--format", "json"], more].concat();
    let found = json_of(&run(&["coverage", "DIR"], inventory, &all));
    let row = &found["accounts"][0]["agreements"][0];
    (row["coverage"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned(), row["governing"]["since"].clone())
}

fn gate(operation: &str, conditions: &str) -> String {
    format!(
        "@id(\"own\") @order(\"7\") @rule(\"X\") @reason(\"no\")\n\
         forbid (principal, action == Artifact::Action::\"{operation}\", resource is Artifact::Account)\n{conditions};"
    )
}

fn never_covers(conditions: &str) -> String {
    format!(
        "@id(\"own\") @rule(\"X\")\n\
         forbid (principal is Artifact::CustomerAgreement, action == Artifact::Action::\"in-force\", resource is Artifact::Account)\n\
         {conditions};"
    )
}

fn of_x(tags_known: bool, more: Value) -> Value {
    let mut all = vec![
        json!({"uid": format!("Account::\"{X}\""), "attrs": {"name": "x", "tagsKnown": tags_known}}),
        // the tag is there, so that no warning tells of it
        json!({"uid": "Account::\"222222222224\"", "tags": {"Frozen": "yes"}}),
        json!({"uid": "CustomerAgreement::\"customer-agreement-Own2222222222222\"",
            "attrs": {"agreement": "baa", "account": X, "effectiveStart": "2026-01-01"}}),
    ];
    all.extend(more.as_array().into_iter().flatten().cloned());
    Value::Array(all)
}

/// D16: what was not listed is unknown, whatever a rule would make of a tag that is absent.
#[test]
fn tags_that_were_not_listed_are_tried_in_every_way() {
    let of = |known: bool| inventory("2026-11-01", of_x(known, json!([])));
    for (conditions, without) in [
        ("when { resource.hasTag(\"Frozen\") }", "allow"),
        ("unless { resource.hasTag(\"Frozen\") }", "deny"),
        ("when { resource.hasTag(\"Frozen\") && resource.getTag(\"Frozen\") == \"yes\" }", "allow"),
        ("when { resource.hasTag(\"Frozen\") && [\"a\", \"b\"].contains(resource.getTag(\"Frozen\")) }", "allow"),
        ("when { resource.hasTag(\"Frozen\") && resource.getTag(\"Frozen\") like \"ye*\" }", "allow"),
        (
            "when { resource.hasTag(\"Frozen\") && resource has name && resource.getTag(\"Frozen\") == resource.name }",
            "allow",
        ),
    ] {
        let rules = rules(&gate("terminate-agreement", conditions));
        let asked = |known| can("terminate", X, &of(known), &rules, &["--scope", "account", "--agreement", "baa"]);
        assert_eq!(asked(true), without, "{conditions}");
        assert_eq!(asked(false), "unknown", "{conditions}");
    }
    // where no value changes the answer, it is known
    let whatever =
        rules(&gate("terminate-agreement", "when { resource.hasTag(\"Frozen\") || !resource.hasTag(\"Frozen\") }"));
    let denied = can("terminate", X, &of(false), &whatever, &["--scope", "account", "--agreement", "baa"]);
    assert_eq!(denied, "deny");
    let frozen = rules(&never_covers("when { resource.hasTag(\"Frozen\") }"));
    assert_eq!(covered(X, &of(true), &frozen, &[]).0, "covered");
    assert_eq!(covered(X, &of(false), &frozen, &[]).0, "unknown");
}

/// Memberships name no unit: of an account that is elsewhere now, or whose organization of then is unknown, the unit is not known.
#[test]
fn where_an_account_stood_is_not_taken_for_where_it_stands() {
    const GONE: &str = "444444444444";
    const LATE: &str = "555555555555";
    let inventory = inventory(
        "2026-11-01",
        json!([
            {"uid": "Organization::\"o-exampleorg1\"", "attrs": {"featureSet": "ALL", "managementAccount": "111111111111",
                "trustedAccess": true, "serviceRole": true}},
            {"uid": "OrganizationalUnit::\"ou-ab12-clinical1\"", "parents": ["o-exampleorg1"]},
            {"uid": "Account::\"111111111111\"", "parents": ["o-exampleorg1"]},
            {"uid": format!("Account::\"{GONE}\""), "attrs": {"memberships":
                [{"organization": "o-exampleorg1", "from": "2022-01-01", "until": "2023-01-01"}]}},
            {"uid": format!("Account::\"{LATE}\""), "parents": ["ou-ab12-clinical1"], "attrs": {"memberships":
                [{"organization": "o-exampleorg1", "from": "2025-01-01"}], "membershipsKnownSince": "2025-01-01"}},
            {"uid": "CustomerAgreement::\"customer-agreement-Org2222222222222\"",
                "attrs": {"agreement": "baa", "organization": "o-exampleorg1", "effectiveStart": "2020-01-01"}}
        ]),
    );
    let in_unit = "{ resource in Artifact::OrganizationalUnit::\"ou-ab12-clinical1\" }";
    for effect in ["when", "unless"] {
        let coverage = rules(&never_covers(&format!("{effect} {in_unit}")));
        assert_eq!(covered(GONE, &inventory, &coverage, &["--at", "2022-06-01"]).0, "unknown", "{effect}");
        let accept = rules(&gate("accept-agreement", &format!("{effect} {in_unit}")));
        let asked = |account: &str, at: &str| {
            can("accept", account, &inventory, &accept, &["--scope", "account", "--agreement", "andb", "--at", at])
        };
        assert_eq!(asked(GONE, "2022-06-01"), "unknown", "{effect}");
        assert_eq!(asked(LATE, "2022-06-01"), "unknown", "{effect}");
        assert_eq!(asked(LATE, "2026-01-01"), if effect == "when" { "deny" } else { "allow" });
    }
    let members = rules(&gate(
        "accept-agreement",
        "when { context.scope == \"account\" && context has organization && context.organization.managementAccount != resource }",
    ));
    let more = ["--scope", "account", "--agreement", "andb", "--at", "2022-06-01"];
    assert_eq!(can("accept", LATE, &inventory, &members, &more), "unknown");
    // and where no rule asks, the answer at the scope of the account does not depend on it
    assert_eq!(
        can("accept", LATE, &inventory, &rules(&gate("download-report", "when { false || resource has name }")), &more),
        "allow"
    );
}

fn guardrail(operation: &str) -> String {
    format!(
        "@id(\"own\") @message(\"not these\")\n\
         forbid (principal is Artifact::User, action == Artifact::Action::\"may-{operation}\", resource);"
    )
}

fn alice(policy: Value) -> Value {
    json!([{"uid": format!("User::\"{ALICE}\""), "attrs": {"policies": [policy]}}])
}

/// What a guardrail comes to.
fn guarded(entities: &Value, guardrail: &str, rules: Option<&str>) -> (Option<i32>, String) {
    let mut all = vec![
        ("e.json", entities.to_string()),
        (
            "countersign.toml",
            format!("asOf = \"2026-06-15\"\n{}", if rules.is_some() { "[rules]\npolicies = \"rules\"\n" } else { "" }),
        ),
        ("guardrails/g.cedar", guardrail.to_owned()),
    ];
    all.extend(rules.map(|text| ("rules/r.cedar", text.to_owned())));
    let folder = folder(&all);
    let output = run(&["check", "DIR", "--only", "guardrails", "--format", "json"], &folder, &[]);
    (output.status.code(), json_of(&output)["guardrails"][0]["outcome"].as_str().unwrap().to_owned())
}

/// A guardrail is proved for requests whenever they are made: a freeze that ends proves nothing of what comes after it.
#[test]
fn a_gate_that_forbids_for_a_time_proves_no_guardrail() {
    let entities = of_x(true, alice(json!("arn:aws:iam::aws:policy/AdministratorAccess")));
    let guardrail = guardrail("accept-agreement");
    let until = |until: &str| gate("accept-agreement", &format!("when {{ context.at < datetime(\"{until}\") }}"));
    assert_eq!(guarded(&entities, &guardrail, None), (Some(1), "violated".to_owned()));
    let (_, state) = guarded(&entities, &guardrail, Some(&until("2026-07-01")));
    assert_ne!(state, "proved");
    // what was over before the moment asked does not come back
    let since = gate("accept-agreement", "when { context.at >= datetime(\"2026-06-01\") }");
    assert_eq!(guarded(&entities, &guardrail, Some(&since)).1, "proved");
    let folder = inventory("2026-06-15", entities);
    let freeze = rules(&until("2026-07-01"));
    let any = run(
        &["can", ALICE, "accept", "DIR", "--any", "--scope", "account", "--agreement", "andb", "--format", "json"],
        &folder,
        &["--policies", freeze.path().to_str().unwrap()],
    );
    let found = json_of(&any)["answers"][0]["operations"][0]["anyRequest"].clone();
    assert_eq!(found["decision"], "yes", "{found}");
    assert_eq!(found["request"]["the moment of the request"], "2026-07-01T00:00:00Z");
}

/// R14: once an agreement is in force, another permission downloads it. Guardrails and expectations of any state ask both.
#[test]
fn a_guardrail_about_downloading_is_asked_in_each_state_of_the_agreement() {
    let allow = |actions: Value| {
        alice(json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
    };
    let bare = |more: Value| {
        json!([{"uid": format!("Account::\"{X}\"")}])
            .as_array()
            .unwrap()
            .iter()
            .chain(more.as_array().unwrap())
            .cloned()
            .collect::<Value>()
    };
    let guardrail = guardrail("download-agreement");
    let in_force = allow(json!("artifact:GetCustomerAgreement"));
    assert_eq!(guarded(&bare(in_force.clone()), &guardrail, None).1, "violated", "nothing is in force yet");
    assert_eq!(guarded(&of_x(true, in_force), &guardrail, None).1, "violated");
    let before =
        allow(json!(["artifact:GetNdaForAgreement", "artifact:AcceptNdaForAgreement", "artifact:GetAgreement"]));
    assert_eq!(guarded(&of_x(true, before), &guardrail, None).1, "violated", "and the BAA may end");
    assert_eq!(guarded(&of_x(true, allow(json!("s3:*"))), &guardrail, None).1, "proved");
}

/// What a gate makes of the state of today is no promise about who may act: it says that it is about a state.
#[test]
fn a_gate_about_a_state_says_so() {
    for (conditions, state) in [
        ("when { context.designated }", "agreements"),
        ("when { context.inForce && resource has name }", "agreements"),
        ("unless { resource has nda && resource.nda.accepted }", "agreements"),
        ("when { resource.state == \"SUSPENDED\" }", "account"),
    ] {
        let text = gate("accept-agreement", conditions);
        let told = |text: &str| {
            let rules = RuleBook::laid_over(&Folder::new(rules(text).path()), &SCHEMA)
                .unwrap_or_else(|f| panic!("{}", words(&f)));
            rules.warnings.iter().map(|w| w.message().to_owned()).collect::<Vec<_>>()
        };
        let unsaid = told(&text);
        assert!(unsaid.iter().any(|m| m.contains(&format!("has no `@state(\"{state}\")`"))), "{unsaid:?}");
        let said = text.replace("@order", &format!("@state(\"{state}\") @order"));
        assert!(told(&said).is_empty(), "{conditions}: {:?}", told(&said));
    }
}

/// An id is a name, whatever characters it has.
#[test]
fn a_policy_counts_whatever_its_id_is() {
    let entities = of_x(true, alice(json!("arn:aws:iam::aws:policy/AdministratorAccess")));
    for id in ["isn't", "a\\\"b", "a\\\\b", "tab\\there", "u\\u{a0}x", "plain"] {
        let named = |text: String| text.replace("@id(\"own\")", &format!("@id(\"{id}\")"));
        let folder = inventory("2026-06-15", entities.clone());
        let never = rules(&named(never_covers("when { resource has name }")));
        assert_eq!(covered(X, &folder, &never, &[]).0, "not-covered", "{id}");
        let uncertain = named(
            gate("download-report", "when { resource has name }").replace("@order", "@uncertain(\"perhaps\") @order"),
        );
        let text = format!(
            "{}\n@id(\"finding {id}\") @code(\"OWN001\") @rule(\"X\") @severity(\"error\") @message(\"look\")\n\
             permit (principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account)\n\
             when {{ principal has name }};\n\
             @id(\"covers {id}\") @rule(\"X\") @scope(\"account\") @since(\"principal\")\n\
             permit (principal is Artifact::CustomerAgreement, action == Artifact::Action::\"in-force\", resource is Artifact::Account)\n\
             when {{ principal has account && resource.hasTag(\"Frozen\") }};",
            named(uncertain)
        );
        let own = rules(&text);
        assert_eq!(covered("222222222224", &folder, &own, &[]).0, "covered", "{id}");
        let output =
            run(&["evaluate", "DIR", "--fail-on", "error", "--policies"], &folder, &[own.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{id}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("OWN001"), "{id}");
        assert_eq!(guarded(&entities, &named(guardrail("accept-agreement")), None).1, "violated", "{id}");
    }
}

/// An agreement is in force since the moment from which on the rules say so without a break.
#[test]
fn a_rule_that_reads_the_moment_moves_the_beginning_of_coverage() {
    let folder = inventory("2026-06-15", of_x(true, json!([])));
    let since = |conditions: &str| covered(X, &folder, &rules(&never_covers(conditions)), &[]).1;
    assert_eq!(since("when { context.at < datetime(\"2026-03-01\") }"), "2026-03-01T00:00:00Z");
    let break_in_april = "when { context.at >= datetime(\"2026-04-01\") && context.at < datetime(\"2026-05-01\") }";
    assert_eq!(since(break_in_april), "2026-05-01T00:00:00Z");
    assert_eq!(
        since("when { context.at < datetime(\"2025-03-01\") }"),
        "2026-01-01T00:00:00Z",
        "before it was accepted"
    );
    assert_eq!(since("when { context.at > datetime(\"2026-07-01\") }"), "2026-01-01T00:00:00Z", "later");
}

/// The findings of a code: the account, and whether it is perhaps so.
fn found(code: &str, inventory: &TempDir, rules: &TempDir) -> Vec<(String, bool)> {
    let rules = rules.path().to_str().unwrap();
    let all = json_of(&run(&["evaluate", "DIR", "--format", "json", "--policies", rules], inventory, &[]));
    let of_code = all["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == code);
    of_code
        .map(|f| {
            let told = f["message"].as_str().unwrap().contains("perhaps: it depends on the tags of 222222222223");
            assert_eq!(f["unknown"].is_string(), told, "{f}");
            (f["subject"].as_str().unwrap().to_owned(), told)
        })
        .collect()
}

/// D16: a finding that rests on a tag is unknown where tags were not listed: it is perhaps so, whether it is about the tag or its absence.
#[test]
fn findings_about_tags_that_were_not_listed_are_perhaps_so() {
    let of = |action: &str, principal: &str, resource: &str, conditions: &str| {
        rules(&format!(
            "@id(\"own\") @code(\"OWN001\") @rule(\"X\") @severity(\"error\") @message(\"look\")\n\
             permit (principal{principal}, action == Artifact::Action::\"report-on-{action}\", resource{resource})\n{conditions};"
        ))
    };
    let account = " is Artifact::Account";
    let (x, other) = (format!("account {X} (x)"), "account 222222222224".to_owned());
    let listed =
        |known: bool| inventory("2026-11-01", of_x(known, alice(json!("arn:aws:iam::aws:policy/AdministratorAccess"))));
    for (conditions, known, unknown) in [
        ("when { principal.hasTag(\"Frozen\") }", vec![(&other, false)], vec![(&x, true), (&other, false)]),
        ("unless { principal.hasTag(\"Frozen\") }", vec![(&x, false)], vec![(&x, true)]),
        ("unless { context.tags.contains(\"frozen=yes\") }", vec![(&x, false)], vec![(&x, true)]),
        // whatever the tag is
        (
            "when { principal has name } unless { principal.hasTag(\"a\") && !principal.hasTag(\"a\") }",
            vec![(&x, false)],
            vec![(&x, false)],
        ),
        // and where the policy asks whether they were listed
        ("when { principal.tagsKnown } unless { context.tags.contains(\"frozen=yes\") }", vec![(&x, false)], vec![]),
    ] {
        let rules = of("account", account, account, conditions);
        for (known, expected) in [(true, known), (false, unknown)] {
            let mut found = found("OWN001", &listed(known), &rules);
            found.sort_by_key(|(subject, _)| subject.len());
            let mut expected: Vec<(String, bool)> =
                expected.iter().map(|(s, perhaps)| ((*s).clone(), *perhaps)).collect();
            expected.sort_by_key(|(subject, _)| subject.len());
            assert_eq!(found, expected, "{conditions} {known}");
        }
    }
    // nothing passes by what is not known
    let rules = of("account", account, account, "when { principal.hasTag(\"Frozen\") && principal has name }");
    let folder = listed(false);
    let output =
        run(&["evaluate", "DIR", "--fail-on", "error", "--policies"], &folder, &[rules.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("has no tag"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // of access and of agreements as well
    let access = of(
        "access",
        "",
        account,
        "when { context.operation == \"terminate-agreement\" && context.allowed && resource.hasTag(\"Frozen\") }",
    );
    assert_eq!(found("OWN001", &listed(true), &access), []);
    let perhaps = found("OWN001", &listed(false), &access);
    assert!(!perhaps.is_empty() && perhaps.iter().all(|(_, perhaps)| *perhaps), "{perhaps:?}");
    let agreement = " is Artifact::CustomerAgreement";
    let agreement =
        of("agreement", agreement, agreement, "when { principal has account && principal.account.hasTag(\"Frozen\") }");
    assert_eq!(found("OWN001", &listed(true), &agreement), []);
    assert_eq!(found("OWN001", &listed(false), &agreement).len(), 1);
}

/// D16: the same of the facts on which findings rest.
#[test]
fn a_fact_that_rests_on_tags_that_were_not_listed_is_unknown() {
    let facts = rules(
        "@id(\"own\") @rule(\"X\")\n\
         forbid (principal is Artifact::Account, action == Artifact::Action::\"covered\", resource is Artifact::Account)\n\
         when { principal.hasTag(\"Frozen\") };",
    );
    let covered = |known: bool| {
        let folder = inventory("2026-11-01", of_x(known, json!([])));
        let rules = facts.path().to_str().unwrap();
        json_of(&run(&["evaluate", "DIR", "--format", "json", "--policies", rules], &folder, &[]))["accounts"][0]["hipaa"]["covered"].clone()
    };
    assert_eq!((covered(true), covered(false)), (json!(true), Value::Null));
}

/// What is done to members of an organization names them.
#[test]
fn answers_about_members_name_them() {
    let mut entities = json!([
        {"uid": "Organization::\"o-exampleorg1\"", "attrs": {"featureSet": "ALL", "managementAccount": "111111111111",
            "trustedAccess": true, "serviceRole": true}},
        {"uid": "Account::\"111111111111\"", "parents": ["o-exampleorg1"]}
    ]);
    let members = [("222222222222", "wards"), ("333333333333", "research")];
    for (id, name) in members {
        let member =
            json!({"uid": format!("Account::\"{id}\""), "parents": ["o-exampleorg1"], "attrs": {"name": name}});
        entities.as_array_mut().unwrap().push(member);
    }
    let folder = inventory("2026-06-15", entities);
    let told = |args: &[&str]| {
        let output = run(args, &folder, &[]);
        String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let who = told(&["who-can", "close-account", "DIR"]);
    for (id, name) in members {
        assert!(who.contains(&format!("close the member {name} ({id}) in account 111111111111")), "{who}");
    }
    let can = told(&["can", "root", "close-account", "DIR", "--account", "111111111111"]);
    assert!(can.contains("close the members wards (222222222222), research (333333333333) in account"), "{can}");
    let csv = told(&["who-can", "close-account", "DIR", "--format", "csv"]);
    assert!(csv.contains("report,member,") && csv.contains(",close-account,,,,333333333333,"), "{csv}");
}

/// An operation about members that no gate keeps from accounts without one is told.
#[test]
fn an_operation_about_members_says_what_it_is_where_there_are_none() {
    let warnings = |about: &str, gate: &str| {
        let example = "examples/writing-rules/operation/rules";
        let read = |file: &str| std::fs::read_to_string(format!("{example}/{file}")).unwrap();
        let operations = read("operations.json").replace("\"about\": \"account\"", &format!("\"about\": \"{about}\""));
        let files =
            folder(&[("own.cedar", format!("{}\n{gate}", read("inquiry.cedar"))), ("operations.json", operations)]);
        let schema = std::fs::read_to_string("examples/writing-rules/operation/schema.json").unwrap();
        let source = countersign_core::problem::SourceFile::new("schema.json", schema);
        let node = countersign_core::text::json::parse(&source).unwrap();
        let schema = countersign_core::inventory::schema::EntitySchema::laid_over(&source, &node).unwrap();
        let rules =
            RuleBook::laid_over(&Folder::new(files.path()), &schema).unwrap_or_else(|f| panic!("{}", words(&f)));
        rules.warnings.iter().filter(|w| w.message().contains("manages no other")).count()
    };
    let of_member = gate("create-compliance-inquiry", "unless { context has memberState }");
    assert_eq!(warnings("account", ""), 0);
    assert_eq!(warnings("member", ""), 1);
    assert_eq!(warnings("member", &of_member), 0);
}

/// What stands under `[rules]` is a folder, relative, and within the repository: what is wrong with another is told by its name.
#[test]
fn a_setting_that_names_no_folder_of_rules_says_why() {
    let told = |path: &str| {
        let folder = folder(&[
            ("e.json", of_x(true, json!([])).to_string()),
            ("countersign.toml", format!("asOf = \"2026-06-15\"\n[rules]\npolicies = \"{path}\"\n")),
            ("rules/own.cedar", gate("download-report", "when { resource has name }")),
        ]);
        let output = run(&["evaluate", "DIR"], &folder, &[]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(told("rules").0, Some(0));
    for (path, why) in [
        ("rules/own.cedar", "rules/own.cedar is a file, and rules are a folder of files"),
        ("/tmp", "/tmp is an absolute path, and rules are named relative to"),
        ("rule", "there is no rule"),
    ] {
        let (code, text) = told(path);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(why), "{text}");
    }
}

/// An operation is found by the words that answers have for it.
#[test]
fn an_operation_is_asked_by_the_words_of_its_answers() {
    let catalogue = &RULES.operations;
    for (words, name) in
        [("accept agreements", "accept-agreement"), ("Close members", "close-account"), ("sign", "accept-agreement")]
    {
        let found = countersign_core::naming::operation(catalogue, words);
        assert_eq!(found.ok(), Some(name), "{words}");
    }
}

/// What a built-in policy was, and what took it away, is told where it is asked for, and its removal where it is said.
#[test]
fn a_built_in_policy_that_is_removed_is_told_with_its_place() {
    let text = format!("// ours\n{}\n{}", removing("management-account"), removing("phi-without-coverage"));
    let line = |id: &str| {
        let at = text.find(&format!("@id(\"{id}\")")).unwrap();
        1 + text[..at].matches('\n').count()
    };
    let of = |own: Option<&str>| {
        let settings = if own.is_some() { "[rules]\npolicies = \"rules\"\n" } else { "" };
        let mut all = vec![
            ("e.json", of_x(true, json!([])).to_string()),
            ("countersign.toml", format!("asOf = \"2026-06-15\"\n{settings}")),
        ];
        all.extend(own.map(|text| ("rules/r.cedar", text.to_owned())));
        folder(&all)
    };
    let (base, head) = (of(None), of(Some(&text)));
    let found =
        json_of(&run(&["check", "DIR", "--format", "json", "--base", base.path().to_str().unwrap()], &head, &[]));
    let entries = found["weakening"]["entries"].as_array().unwrap();
    for id in ["management-account", "phi-without-coverage"] {
        let entry =
            entries.iter().find(|e| e["what"].as_str().unwrap().contains(id)).unwrap_or_else(|| panic!("{found}"));
        assert!(entry["file"].as_str().unwrap().ends_with("rules/r.cedar"), "{entry}");
        let told = usize::try_from(entry["line"].as_u64().unwrap()).unwrap();
        assert!((line(id)..line(id) + 3).contains(&told), "{entry} {}", line(id));
    }
    let rules = head.path().join("rules").display().to_string();
    for (what, name) in [("rule", "CS001"), ("policy", "management-account"), ("rule", "R33")] {
        let output = countersign(&["show", what, name, "--policies", &rules]);
        let shown = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(shown.contains("r.cedar:") && shown.contains("removes it"), "{name}: {shown}");
    }
}

/// Memberships name no unit (D22): where rules read units, an answer for another day takes those of the files for granted, as it does tags.
#[test]
fn the_unit_of_another_day_is_told_as_assumed_where_rules_read_units() {
    let entities = json!([
        {"uid": "Organization::\"o-exampleorg1\"", "attrs": {"featureSet": "ALL", "managementAccount": "111111111111",
            "trustedAccess": true, "serviceRole": true}},
        {"uid": "OrganizationalUnit::\"ou-ab12-clinical1\"", "parents": ["o-exampleorg1"]},
        {"uid": "Account::\"111111111111\"", "parents": ["ou-ab12-clinical1"], "attrs": {"memberships":
            [{"organization": "o-exampleorg1", "from": "2020-01-01"}]}},
        {"uid": "CustomerAgreement::\"customer-agreement-Org2222222222222\"",
            "attrs": {"agreement": "baa", "organization": "o-exampleorg1", "effectiveStart": "2020-01-01"}}
    ]);
    let folder = inventory("2026-11-01", entities);
    let units = rules(&never_covers("when { resource in Artifact::OrganizationalUnit::\"ou-ab12-clinical1\" }"));
    let tags = rules(&never_covers("when { resource.hasTag(\"Frozen\") }"));
    let assumed = |rules: &TempDir, at: &str| {
        let rules = rules.path().to_str().unwrap();
        let found = run(&["coverage", "DIR", "--policies", rules, "--at", at, "--format", "json"], &folder, &[]);
        let text = run(&["coverage", "DIR", "--policies", rules, "--at", at], &folder, &[]);
        let of_operations = run(
            &[
                "can",
                "root",
                "accept",
                "DIR",
                "--account",
                "111111111111",
                "--policies",
                rules,
                "--at",
                at,
                "--format",
                "json",
            ],
            &folder,
            &[],
        );
        let told = [
            json_of(&found)["assuming"].to_string(),
            String::from_utf8_lossy(&text.stdout).into_owned(),
            json_of(&of_operations)["answers"][0]["operations"][0]["assuming"].to_string(),
        ];
        told.map(|told| told.contains("organizational units"))
    };
    assert_eq!(assumed(&units, "2024-01-01"), [true; 3]);
    assert_eq!(assumed(&units, "2026-11-01"), [false; 3]);
    assert_eq!(assumed(&tags, "2024-01-01"), [false; 3]);
}

/// A gate is asked about permission sets: what it asks of people never holds, wherever it asks.
#[test]
fn a_gate_that_asks_who_people_are_is_an_error() {
    for test in [
        "principal in Artifact::IdentityCenterGroup::\"g-legal\"",
        "principal is Artifact::IdentityCenterUser",
        "principal is Artifact::IdentityCenterUser in Artifact::IdentityCenterGroup::\"g-legal\"",
        "resource in Artifact::Group::\"arn:aws:iam::111111111111:group/legal\"",
        "resource is Artifact::Organization",
    ] {
        for conditions in [
            format!("unless {{ {test} }}"),
            format!("when {{ resource has name || {test} }}"),
            format!("when {{ !({test}) }}"),
        ] {
            let rules = rules(&gate("accept-agreement", &conditions));
            let Err(Failure::Problems(problems)) = RuleBook::laid_over(&Folder::new(rules.path()), &SCHEMA) else {
                panic!("nothing is wrong with {conditions}")
            };
            assert!(problems.iter().any(|p| p.message().contains("this is never true")), "{conditions}: {problems:?}");
        }
    }
    for possible in [
        "unless { principal in Artifact::Group::\"arn:aws:iam::111111111111:group/legal\" }",
        "unless { principal is Artifact::PermissionSet }",
        "when { resource in Artifact::Organization::\"o-exampleorg1\" || resource in Artifact::OfflineAgreement::\"o\" }",
        "when { context has organization && context.organization == Artifact::Organization::\"o-exampleorg1\" }",
    ] {
        let rules = rules(&gate("accept-agreement", possible));
        RuleBook::laid_over(&Folder::new(rules.path()), &SCHEMA).unwrap_or_else(|f| panic!("{possible} {}", words(&f)));
    }
}

/// An id is told as it is written, and what is wrong with a guardrail stands where it is written, whatever its id is.
#[test]
fn what_is_wrong_with_a_guardrail_has_its_place_whatever_its_id_is() {
    for id in ["plain", "isn't", "a\\\"b", "tab\\there"] {
        let with = |conditions: &str| {
            let text = guardrail("accept-agreement").replace("@id(\"own\")", &format!("@id(\"{id}\")"));
            let text = text.trim_end_matches(';').to_owned();
            format!("{text}\n{conditions};")
        };
        let text = with("when { context.nothing == 1 }");
        let source = countersign_core::problem::SourceFile::new("g.cedar", text);
        let Err(Failure::Problems(problems)) = countersign_core::guardrails::Guardrails::of_sources(&[source], &SCHEMA)
        else {
            panic!("nothing is wrong with {id}")
        };
        assert!(problems.iter().all(|p| !p.underlined().is_empty()), "{id}: {problems:?}");
        let entities = of_x(true, alice(json!("arn:aws:iam::aws:policy/AdministratorAccess")));
        let state = guarded(&entities, &with("when { false }"), None).1;
        assert_eq!(state, "cannot-match", "{id}");
    }
}

/// The account and an overlay of the schema with moments of one's own.
fn frozen_until() -> (Value, String) {
    let moment = json!({"type": "Extension", "name": "datetime", "required": false});
    let of = |ty: &str| json!({(ty): {"shape": {"type": "Record", "attributes": {"frozenUntil": moment}}}});
    let mut types = of("Account");
    types.as_object_mut().unwrap().extend(of("Organization").as_object().unwrap().clone());
    let schema = json!({"Artifact": {"entityTypes": types}});
    let mut entities = of_x(true, alice(json!("arn:aws:iam::aws:policy/AdministratorAccess")));
    entities[0]["attrs"]["frozenUntil"] = json!("2026-07-01");
    entities[0]["parents"] = json!(["o-exampleorg1"]);
    let organization = json!({"featureSet": "ALL", "managementAccount": X, "trustedAccess": true, "serviceRole": true,
        "frozenUntil": "2026-08-01"});
    entities.as_array_mut().unwrap().push(json!({"uid": "Organization::\"o-exampleorg1\"", "attrs": organization}));
    (entities, schema.to_string())
}

/// Moments turn an answer wherever they stand: in a policy, in an attribute of the account, of its organization, of the agreement.
#[test]
fn moments_of_entities_turn_answers_as_those_in_policies_do() {
    let (entities, schema) = frozen_until();
    let guarded = |as_of: &str, conditions: &str| {
        let settings = format!("asOf = \"{as_of}\"\n[rules]\npolicies = \"rules\"\nschema = \"own.schema.json\"\n");
        let folder = folder(&[
            ("e.json", entities.to_string()),
            ("countersign.toml", settings),
            ("own.schema.json", schema.clone()),
            ("guardrails/g.cedar", guardrail("accept-agreement")),
            ("rules/r.cedar", gate("accept-agreement", conditions)),
        ]);
        let output = run(&["check", "DIR", "--only", "guardrails", "--format", "json"], &folder, &[]);
        json_of(&output)["guardrails"][0]["outcome"].as_str().unwrap().to_owned()
    };
    let own = "resource has frozenUntil && context.at < resource.frozenUntil";
    let shared = "context has organization && context.organization has frozenUntil && context.organization.frozenUntil >= context.at";
    for conditions in [own, shared] {
        let conditions = format!("when {{ {conditions} }}");
        assert_eq!(guarded("2026-06-15", &conditions), "holds", "{conditions}");
        assert_eq!(guarded("2026-09-01", &conditions), "violated", "{conditions}");
    }
    assert_eq!(
        guarded("2026-07-15", "when { resource has frozenUntil && context.at >= resource.frozenUntil }"),
        "proved"
    );
    // what is reckoned turns at no moment that is told: perhaps it never forbids
    for reckoned in [
        "when { resource has frozenUntil && context.at < resource.frozenUntil.offset(duration(\"1d\")) }",
        "when { context.at.durationSince(datetime(\"2026-06-01\")) < duration(\"90d\") }",
        "when { context.at.toTime() < duration(\"12h\") }",
    ] {
        assert_eq!(guarded("2026-06-15", reckoned), "holds", "{reckoned}");
    }
    // who has no permission breaks nothing, whatever the moment
    let nobody = of_x(
        true,
        alice(json!({"Version": "2012-10-17", "Statement":
        [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})),
    );
    let daily = gate("accept-agreement", "when { context.at.toTime() < duration(\"12h\") }");
    assert_eq!(self::guarded(&nobody, &guardrail("accept-agreement"), Some(&daily)).1, "proved");
}

/// A guardrail that forbids from a day on is broken by a request of that day.
#[test]
fn a_guardrail_that_reads_the_moment_is_tried_with_later_requests() {
    let entities = of_x(true, alice(json!("arn:aws:iam::aws:policy/AdministratorAccess")));
    let state = |conditions: &str| {
        let text = guardrail("accept-agreement");
        guarded(&entities, &format!("{}\n{conditions};", text.trim_end_matches(';')), None).1
    };
    assert_eq!(state("when { context.at >= datetime(\"2026-06-01\") }"), "violated");
    assert_eq!(state("when { context.at >= datetime(\"2026-07-01\") }"), "holds");
    assert_eq!(state("when { context.at > datetime(\"2026-07-01\") && context.name == \"alice\" }"), "holds");
    assert_eq!(state("when { context.at.toTime() >= duration(\"12h\") }"), "holds");
}

/// The same of the beginning of coverage.
#[test]
fn moments_of_entities_move_the_beginning_of_coverage() {
    let (mut entities, schema) = frozen_until();
    entities[0]["attrs"]["frozenUntil"] = json!("2026-03-01");
    entities[0]["attrs"]["nda"] = json!({"accepted": true, "acceptedAt": "2026-02-01"});
    let folder = inventory("2026-06-15", entities);
    let schema_file = self::folder(&[("own.schema.json", schema)]);
    let of_organization = inventory(
        "2026-06-15",
        json!([
            {"uid": "Organization::\"o-exampleorg1\"", "attrs": {"featureSet": "ALL", "managementAccount": "111111111111"}},
            {"uid": "Account::\"111111111111\"", "parents": ["o-exampleorg1"], "attrs": {"frozenUntil": "2026-04-01",
                "memberships": [{"organization": "o-exampleorg1", "from": "2020-01-01"}]}},
            {"uid": "CustomerAgreement::\"customer-agreement-Org2222222222222\"",
                "attrs": {"agreement": "baa", "organization": "o-exampleorg1", "effectiveStart": "2025-01-01"}}
        ]),
    );
    let schema_file = schema_file.path().join("own.schema.json").display().to_string();
    let since =
        |conditions: &str| covered(X, &folder, &rules(&never_covers(conditions)), &["--schema", &schema_file]).1;
    assert_eq!(since("when { resource has name && resource.name == \"y\" }"), "2026-01-01T00:00:00Z");
    assert_eq!(since("when { resource has frozenUntil && context.at < resource.frozenUntil }"), "2026-03-01T00:00:00Z");
    let signed = "unless { resource has nda && resource.nda has acceptedAt && resource.nda.acceptedAt <= context.at }";
    assert_eq!(since(signed), "2026-02-01T00:00:00Z");
    // where the account stood elsewhere, it was not in force by standing there
    let holds = |conditions: &str| {
        let own = format!(
            "@id(\"own\") @rule(\"X\")\n\
             forbid (principal is Artifact::Membership, action == Artifact::Action::\"holds\", resource is Artifact::Account)\n\
             {conditions};"
        );
        covered("111111111111", &of_organization, &rules(&own), &["--schema", &schema_file]).1
    };
    assert_eq!(holds("when { false || context.at < datetime(\"2010-01-01\") }"), "2025-01-01T00:00:00Z");
    assert_eq!(holds("when { context.at < datetime(\"2026-03-01\") }"), "2026-03-01T00:00:00Z");
    assert_eq!(holds("when { resource has frozenUntil && context.at < resource.frozenUntil }"), "2026-04-01T00:00:00Z");
    let reckoned = "when { context.at.durationSince(principal.effectiveStart) < duration(\"30d\") }";
    assert_eq!(since(reckoned), Value::Null, "30 days after it was accepted, which no date tells");
}

/// What the command line names as rules is no part of an inventory, wherever it lies.
#[test]
fn rules_within_the_folder_of_an_inventory_are_not_read_as_inventory() {
    let schema = std::fs::read_to_string("examples/writing-rules/attribute/schema.json").unwrap();
    let call = r#"{"calls": [{"action": "artifact:AcceptAgreement", "resources": [{"arn": "arn:{partition}:artifact:::agreement/{agreement.id}"}]}]}"#;
    let folder = folder(&[
        ("e.json", of_x(true, json!([])).to_string()),
        ("countersign.toml", "asOf = \"2026-06-15\"\n".to_owned()),
        ("mine/r.cedar", gate("download-report", "when { context has report }")),
        ("mine/operations.json", call.to_owned()),
        ("mine.schema.json", schema),
    ]);
    let [policies, schema] = ["mine", "mine.schema.json"].map(|name| folder.path().join(name).display().to_string());
    let output = run(&["evaluate", "DIR", "--policies", &policies, "--schema", &schema], &folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// What stands in two files would be decided by their names.
#[test]
fn operations_and_calls_stand_in_one_file() {
    let call = r#"{"calls": [{"action": "artifact:AcceptAgreement", "resources": [{"arn": "arn:{partition}:artifact:::agreement/{agreement.id}"}]}]}"#;
    let twice = folder(&[("a/operations.json", call.to_owned()), ("b/operations.json", call.to_owned())]);
    let Err(Failure::Problems(problems)) = RuleBook::laid_over(&Folder::new(twice.path()), &SCHEMA) else {
        panic!("no problem")
    };
    assert_eq!(problems[0].message(), "the call `artifact:AcceptAgreement` appears twice");
    let once = folder(&[("a/operations.json", call.to_owned())]);
    assert!(RuleBook::laid_over(&Folder::new(once.path()), &SCHEMA).is_ok());
}

/// A change of what an operation is asked on decides as much as one of a gate.
#[test]
fn a_change_of_operations_weakens_what_changes_are_checked_by() {
    let entities = of_x(true, alice(json!("arn:aws:iam::aws:policy/AdministratorAccess")));
    let own = "@id(\"own\") @code(\"OWN001\") @rule(\"X\") @severity(\"info\") @message(\"look\")\n\
        permit (principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account)\n\
        unless { principal has name };";
    let call = r#"{"calls": [{"action": "artifact:TerminateAgreement", "resources": [{"arn": "arn:{partition}:artifact::000000000000:customer-agreement/none"}]}]}"#;
    let folder = |more: Option<&str>| {
        let mut all = vec![
            ("e.json", entities.to_string()),
            ("countersign.toml", "asOf = \"2026-06-15\"\n[rules]\npolicies = \"rules\"\n".to_owned()),
            ("rules/own.cedar", own.to_owned()),
        ];
        all.extend(more.map(|text| ("rules/operations.json", text.to_owned())));
        folder(&all)
    };
    let (base, head) = (folder(None), folder(Some(call)));
    let output = run(&["check", "DIR", "--format", "json", "--base"], &head, &[base.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    let found = json_of(&output);
    let told = found["weakening"]["entries"].as_array().unwrap();
    let told: Vec<&str> = told.iter().map(|e| e["what"].as_str().unwrap()).collect();
    assert_eq!(told, ["the call `artifact:TerminateAgreement` is changed in the rules that decide"]);
    assert_eq!(found["rules"]["operations"], json!(["artifact:TerminateAgreement"]));
    let same = run(&["check", "DIR", "--only", "weakening", "--base"], &base, &[base.path().to_str().unwrap()]);
    assert_eq!(same.status.code(), Some(0));
}

/// A gate that rules do not have denies nobody: which of the built-in ones are left out is told.
#[test]
fn gates_that_are_left_out_are_told() {
    let built_in = Folder::new(concat!(env!("CARGO_MANIFEST_DIR"), "/policies"));
    let whole = RuleBook::read(&built_in, &SCHEMA).unwrap();
    assert!(whole.without().is_empty() && whole.warnings.is_empty(), "{:?} {:?}", whole.without(), whole.warnings);
    let mut texts: Vec<(&str, String)> =
        countersign_core::policies::BUILT_IN.iter().map(|(p, t)| (*p, (*t).to_owned())).collect();
    let of_organization = texts.iter_mut().find(|(path, _)| *path == "operations/organization.cedar").unwrap();
    let policies: Vec<&str> =
        of_organization.1.split("\n\n").filter(|p| !p.contains("@id(\"management-account\")")).collect();
    of_organization.1 = policies.join("\n\n");
    let less = RuleBook::read(&Folder::new(folder(&texts).path()), &SCHEMA).unwrap();
    assert_eq!(less.without(), ["gate management-account"]);
    let told: Vec<&str> = less.warnings.iter().map(Problem::message).collect();
    assert_eq!(told, ["these rules have no gate management-account"]);
    let removed = rules(&removing("management-account"));
    let removed = RuleBook::laid_over(&Folder::new(removed.path()), &SCHEMA).unwrap();
    assert_eq!(removed.without(), ["gate management-account"]);
    assert!(removed.warnings.iter().any(|w| w.message().ends_with("no gate management-account")));
}
