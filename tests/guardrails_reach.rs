//! Guardrails that forbid nothing: which of them cannot match, and which have no one to match yet.

use std::time::{Duration, Instant};

use crate::common::*;
use countersign_core::assessment::{Filter, Options};
use countersign_core::assessments::Assessments;
use countersign_core::guardrails::{GuardrailResult, GuardrailState, Guardrails};
use countersign_core::inventory::Inventory;
use serde_json::json;

fn outcome_of(world: &World, text: &str, filter: Filter) -> GuardrailResult {
    let folder = world.clone().file("guardrails/own.cedar", text).folder();
    let inventory = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap();
    let guardrails = Guardrails::read(&Folder::new(folder.path()), &inventory, &SCHEMA);
    let guardrails = guardrails.unwrap_or_else(|f| panic!("{}", words(&f))).unwrap();
    let at = at("2026-11-01");
    let options = Options { at, snapshot: at, filter, ..Options::default() };
    guardrails.check(&Assessments::new(&inventory, &RULES), &options).unwrap().pop().unwrap()
}

fn own(world: &World, rest: &str) -> GuardrailResult {
    let text = format!("@id(\"own\") @message(\"is not to\")\nforbid (principal {rest};");
    outcome_of(world, &text, Filter::default())
}

const ACCEPT: &str = ", action == Artifact::Action::\"may-accept-agreement\", resource)";

/// Nothing in them can happen, so nothing is proved.
#[test]
fn one_that_cannot_match_is_not_proved() {
    let world = World::organization().user(A, "jane", json!([]));
    for (rest, reason) in [
        (format!("{ACCEPT} when {{ false }}"), "in any inventory"),
        (format!("is Artifact::Organization{ACCEPT}"), "in any inventory"),
        (format!("in Artifact::Organization::\"{ORG}\"{ACCEPT}"), "in any inventory"),
        (
            ", action == Artifact::Action::\"accept-agreement\", resource)".to_owned(),
            "`accept-agreement` is not one of them",
        ),
        (
            ", action == Artifact::Action::\"may-download-report\", resource)".to_owned(),
            "is asked about `may-download-report`",
        ),
        (format!("== Artifact::User::\"arn:aws:iam::{A}:user/jame\"{ACCEPT}"), "has no User"),
        (format!("in Artifact::Group::\"arn:aws:iam::{A}:group/none\"{ACCEPT}"), "has no Group"),
        (format!("{ACCEPT} when {{ context.groups.contains(\"leagl\") }}"), "has no group `leagl`"),
        (format!("{ACCEPT} when {{ context.name like \"jack*\" }}"), "has no principal like `jack*`"),
        (
            format!("{ACCEPT} when {{ context.role == \"member\" && context.role == \"management\" }}"),
            "no principal could meet its conditions",
        ),
        (
            format!(
                "is Artifact::Role{ACCEPT} when {{ context.name == \"root\" && context.groups.contains(\"root\") }}"
            ),
            "has no group `root`",
        ),
        // it is held for a kind that is accepted nowhere
        (
            format!("{ACCEPT} when {{ context has agreement && context.agreement like \"hipaa*\" }}"),
            "has no kind of agreement like `hipaa*`",
        ),
    ] {
        let found = own(&world, &rest);
        assert_eq!(found.outcome, GuardrailState::CannotMatch, "{rest}: {:?}", found.reason);
        assert!(found.is_open() && !found.forbids && found.violations.is_empty(), "{rest}");
        assert!(found.reason.as_deref().unwrap().contains(reason), "{rest}: {:?}", found.reason);
    }
}

/// A guardrail that is written before there is anyone to forbid it to is neither proved nor wrong.
#[test]
fn one_that_no_one_is_concerned_by_yet_does_not_fail() {
    let world = World::organization();
    for rest in [
        format!("is Artifact::User{ACCEPT}"),
        format!("is Artifact::PermissionSet{ACCEPT} when {{ context.role == \"member\" }}"),
        format!("is Artifact::User{ACCEPT} when {{ context.may.contains(\"terminate-agreement\") }}"),
    ] {
        let found = own(&world, &rest);
        assert_eq!(found.outcome, GuardrailState::NotApplicable, "{rest}: {:?}", found.reason);
        assert!(!found.is_open() && !found.forbids, "{rest}");
    }
    // a single account has no members
    let alone = World::new().account(A, json!({}), &[]);
    let found = own(&alone, &format!("{ACCEPT} when {{ context.role == \"member\" }}"));
    assert_eq!(found.outcome, GuardrailState::NotApplicable);
    // an empty group
    let group = format!("arn:aws:iam::{A}:group/temps");
    let empty = world.entity(json!({"uid": format!("Group::\"{group}\"")}));
    let found = own(&empty, &format!("in Artifact::Group::\"{group}\"{ACCEPT}"));
    assert_eq!(found.outcome, GuardrailState::NotApplicable, "{:?}", found.reason);
}

/// What someone might be permitted counts, in every combination: it is proved because it is not granted.
#[test]
fn one_that_forbids_what_no_one_has_is_proved() {
    let nothing = World::new().account(A, json!({}), &[]).user(A, "jane", json!([]));
    let both = "when { principal is Artifact::User && context.may.contains(\"terminate-agreement\") }";
    assert_eq!(own(&nothing, &format!("{ACCEPT} {both}")).outcome, GuardrailState::Proved);
    let only = "when { principal is Artifact::User && !context.may.contains(\"terminate-agreement\") \
                && context.may.contains(\"download-agreement\") }";
    assert_eq!(own(&nothing, &format!("{ACCEPT} {}", only.replace("\\\n", ""))).outcome, GuardrailState::Proved);
    // the second of the people behind a permission set
    let person = |name: &str| json!({"uid": format!("IdentityCenterUser::\"u-{name}\""), "attrs": {"userName": name}});
    let set = json!({"uid": "PermissionSet::\"Reading\"", "attrs": {"policies": [], "assignments": [
        {"user": "u-ada", "accounts": [A]}, {"user": "u-zoe", "accounts": [A]}]}});
    let world = nothing.entity(person("ada")).entity(person("zoe")).entity(set);
    let zoe = "when { context has person && context.person == Artifact::IdentityCenterUser::\"u-zoe\" }";
    assert_eq!(own(&world, &format!("{ACCEPT} {zoe}")).outcome, GuardrailState::Proved);
}

/// Where only some accounts are asked about, nothing is said of the others.
#[test]
fn some_accounts_tell_nothing_of_the_others() {
    let text = format!(
        "@id(\"own\") @message(\"is not to\") forbid (principal{} when {{ resource == Artifact::Account::\"{M}\" }};",
        ACCEPT
    );
    let filter = Filter { accounts: vec![A.to_owned()], ..Filter::default() };
    assert_eq!(outcome_of(&World::organization(), &text, filter).outcome, GuardrailState::NotApplicable);
}

/// One of several actions that is never asked about is told, and the others are proved.
#[test]
fn an_action_that_is_never_asked_about_is_told() {
    let text = "@id(\"own\") @message(\"is not to\") forbid (principal is Artifact::User,
        action in [Artifact::Action::\"may-accept-agreement\", Artifact::Action::\"terminate-agreement\"], resource);";
    let folder =
        World::new().account(A, json!({}), &[]).user(A, "jane", json!([])).file("guardrails/own.cedar", text).folder();
    let inventory = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap();
    let read = Guardrails::read(&Folder::new(folder.path()), &inventory, &SCHEMA);
    let warnings = read.unwrap_or_else(|f| panic!("{}", words(&f))).unwrap().warnings;
    let told: Vec<_> = warnings.iter().map(|p| (p.message(), p.underlined(), p.help_text())).collect();
    let expected = (
        "guardrails are never asked about `terminate-agreement`",
        "Action::\"terminate-agreement\"",
        Some("did you mean `may-terminate-agreement`?"),
    );
    assert_eq!(told, [expected]);
    let found =
        outcome_of(&World::new().account(A, json!({}), &[]).user(A, "jane", json!([])), text, Filter::default());
    assert_eq!(found.outcome, GuardrailState::Proved);
}

/// A list of 100,000 items costs little more than a short one: it took minutes when each request built it anew.
#[test]
fn a_long_list_is_read_once() {
    let names: Vec<String> = (0..100_000).map(|i| format!("\"person-{i}\"")).collect();
    let world = World::organization().user(A, "person-99999", json!([ADMIN])).user(A, "jane", json!([ADMIN]));
    let began = Instant::now();
    let found = own(&world, &format!("{ACCEPT} when {{ [{}].contains(context.name) }}", names.join(", ")));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let broken: Vec<&str> = found.violations.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(broken, ["person-99999"]);
}
