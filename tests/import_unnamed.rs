//! Events about agreements that do not say which agreement, and events that could not be collected. AWS has not published the fields of
//! `AcceptAgreement` and `TerminateAgreement`: what they can be about is unknown from then on (D16), and never known to be in force, or not.

use crate::common::*;
use crate::import::{Import, accounts, agreement, event, listing, organization};
use serde_json::{Value, json};

const OF_A: &str = "list-customer-agreements.222222222222.json";
const OF_M: &str = "list-customer-agreements.111111111111.json";
const AFTER: &str = "2026-11-05T00:00:00Z";
const NOT: &str = "not-covered";
const OWN: &str = "covered account";
const SHARED: &str = "covered organization";

/// What an import of these answers about an organization says of the BAA of an account at days.
fn told(dated: bool, files: &[(&str, Value)], account: &str, days: &[&str]) -> (Vec<String>, String) {
    let members = accounts(ORG, M, &[(M, json!("2021-01-01")), (A, json!("2021-01-01")), (B, json!("2021-01-01"))]);
    let import = Import::of(&[organization(), ("organizations/list-accounts.json", members)]);
    files.iter().for_each(|(name, value)| import.put(name, value.to_string()));
    if dated {
        let at = json!({"countersignCollection": {"collectedAt": "2026-11-01T00:00:00Z"}});
        import.put("collection.json", at.to_string());
    }
    let (_, notes) = import.done();
    let at =
        |day: &&str| assess_folder(&import.out(), &on(day)).unwrap_or_else(|f| panic!("{}", words(&f))).baa(account);
    (days.iter().map(at).collect(), notes)
}

fn trail(events: &[Value]) -> (&'static str, Value) {
    ("trail.json", json!({"Records": events}))
}

/// The ways in which an event does not name what was terminated, or accepted.
fn nothing_named(name: &str, account: &str, at: &str) -> [Value; 4] {
    let begun = json!({"agreementId": "agreement-****", "customerAgreementId": "customer-agreement-****"});
    let requests = [Value::Null, json!({"agreementId": "****", "customerAgreementId": "****"}), json!({}), begun];
    requests.map(|request| event(name, account, at, json!({"requestParameters": request})))
}

fn own() -> Value {
    listing(&[agreement("aaaaaaaaaaaaaaaa", json!({"effectiveStart": "2024-06-01T00:00:00Z"}))])
}

/// The agreement of the organization.
fn shared() -> Value {
    let organization = format!("arn:aws:organizations::{M}:organization/{ORG}");
    let attrs = json!({"agreementArn": "arn:aws:artifact:::agreement/agreement-y03aUwMAEorHtqjv", "organizationArn": organization,
        "awsAccountId": M, "effectiveStart": "2023-04-01T00:00:00Z"});
    listing(&[agreement("OrgBaa0123456789", attrs)])
}

/// R61: what the account had in force is in doubt from the event on, where its list is no later.
#[test]
fn a_termination_that_names_nothing_ends_perhaps_what_is_listed() {
    let days = ["2024-01-01", "2026-11-04", "2026-11-10"];
    for ended in nothing_named("TerminateAgreement", A, AFTER) {
        let files = [(OF_A, own()), (OF_M, listing(&[])), trail(&[ended])];
        let (found, notes) = told(true, &files, A, &days);
        assert_eq!(found, [NOT, OWN, "unknown"], "{notes}");
        assert!(
            notes.contains("customer-agreement-aaaaaaaaaaaaaaaa: listed as in force, and may have been terminated"),
            "{notes}"
        );
        // of another account it says nothing
        assert_eq!(told(true, &files, B, &["2026-11-10"]).0, ["unknown"], "its agreements were not listed");
        // without a day the list may be older or newer; what was in force before is unknown as well
        let (found, notes) = told(false, &files, A, &days);
        assert_eq!(found, ["unknown", OWN, "unknown"], "{notes}");
    }
    // a list that is later, and still shows it
    for ended in nothing_named("TerminateAgreement", A, "2025-01-01T00:00:00Z") {
        let files = [(OF_A, own()), (OF_M, listing(&[])), trail(&[ended])];
        assert_eq!(told(true, &files, A, &["2024-07-01", "2025-02-01", "2026-11-10"]).0, [OWN; 3]);
    }
    // what began after the event did not end with it
    let ended = nothing_named("TerminateAgreement", A, "2024-05-01T00:00:00Z");
    let files = [(OF_A, own()), (OF_M, listing(&[])), trail(&ended[..1])];
    assert_eq!(told(false, &files, A, &["2024-07-01", "2026-11-10"]).0, [OWN; 2]);
}

/// R34, R62: the management account may have ended that of its organization, a member only its own (R37).
#[test]
fn a_termination_by_the_management_account_and_by_a_member() {
    let files = |who: &str| {
        let [ended, ..] = nothing_named("TerminateAgreement", who, AFTER);
        [(OF_A, shared()), (OF_M, shared()), trail(&[ended])]
    };
    for dated in [true, false] {
        let days = ["2026-11-04", "2026-11-10"];
        assert_eq!(told(dated, &files(M), A, &days).0, [SHARED, "unknown"]);
        assert_eq!(told(dated, &files(M), M, &days).0, [SHARED, "unknown"]);
        assert_eq!(told(dated, &files(A), A, &days).0, [SHARED; 2]);
    }
}

/// An end that a list shows within ten minutes is what the event is of; events that are more than such ends are of something else too.
#[test]
fn a_termination_that_a_listed_end_explains() {
    let ended = |id: &str| {
        let attrs = json!({"agreementArn": "arn:aws:artifact:::agreement/agreement-sbLSDe8bitmAXNr9", "state": "CUSTOMER_TERMINATED",
            "effectiveStart": "2024-01-01T00:00:00Z", "effectiveEnd": "2025-01-01T00:00:00Z"});
        agreement(id, attrs)
    };
    let current = agreement("aaaaaaaaaaaaaaaa", json!({"effectiveStart": "2024-06-01T00:00:00Z"}));
    let list = listing(&[current, ended("bbbbbbbbbbbbbbbb"), ended("cccccccccccccccc")]);
    let events = |count: usize| -> Vec<Value> {
        let at = |n: usize| nothing_named("TerminateAgreement", A, &format!("2025-01-01T00:0{n}:00Z"))[0].clone();
        (0..count).map(at).collect()
    };
    for (count, after) in [(1, OWN), (2, OWN), (3, "unknown")] {
        let files = [(OF_A, list.clone()), (OF_M, listing(&[])), trail(&events(count))];
        assert_eq!(told(false, &files, A, &["2026-11-10"]).0, [after], "{count}");
    }
}

/// D16: something was accepted, and of no kind that the account could accept is it known that it was not.
#[test]
fn an_acceptance_that_names_nothing() {
    for accepted in nothing_named("AcceptAgreement", A, "2025-02-02T00:00:00Z") {
        let days = ["2025-02-01", "2025-03-01"];
        let files = |list: Value| [(OF_A, list), (OF_M, listing(&[])), trail(std::slice::from_ref(&accepted))];
        let (found, notes) = told(true, &files(listing(&[])), A, &days);
        assert_eq!(found, [NOT, "unknown"], "{notes}");
        assert!(notes.contains("it does not name the agreement that was accepted"), "{notes}");
        assert_eq!(told(true, &files(listing(&[])), M, &days).0, [NOT; 2], "a member accepts for itself (R37)");
        // what the list shows stands: it was in force by then, or began after
        let own_at = |start: &str| listing(&[agreement("aaaaaaaaaaaaaaaa", json!({"effectiveStart": start}))]);
        assert_eq!(told(true, &files(own_at("2024-06-01T00:00:00Z")), A, &days).0, [OWN; 2]);
        let later = told(true, &files(own_at("2026-01-01T00:00:00Z")), A, &["2025-02-01", "2025-03-01", "2026-06-01"]);
        assert_eq!(later.0, [NOT, "unknown", OWN]);
        // the ordinary case: it is the one that is listed
        let (found, notes) = told(true, &files(own_at("2025-02-02T00:00:03Z")), A, &days);
        assert_eq!(found, [NOT, OWN]);
        assert!(!notes.contains("does not name"), "{notes}");
    }
    // later than the list, which cannot show it
    for accepted in nothing_named("AcceptAgreement", A, AFTER) {
        let files = [(OF_A, listing(&[])), (OF_M, listing(&[])), trail(&[accepted])];
        assert_eq!(told(true, &files, A, &["2026-11-01", "2026-11-10"]).0, [NOT, "unknown"]);
    }
}

/// R32, R33: the management account may have accepted for itself or for its organization.
#[test]
fn an_acceptance_by_the_management_account() {
    let [accepted, ..] = nothing_named("AcceptAgreement", M, AFTER);
    let files = [(OF_A, listing(&[])), (OF_M, listing(&[])), trail(&[accepted])];
    for account in [M, A] {
        assert_eq!(told(true, &files, account, &["2026-11-01", "2026-11-10"]).0, [NOT, "unknown"], "{account}");
    }
}

/// An acceptance has one event: another one at the same time is of another agreement.
#[test]
fn two_acceptances_and_one_that_is_listed() {
    let at = |at: &str| nothing_named("AcceptAgreement", A, at)[0].clone();
    let andb = json!({"agreementArn": "arn:aws:artifact:::agreement/agreement-sbLSDe8bitmAXNr9", "effectiveStart": "2025-02-02T00:00:00Z"});
    let list = listing(&[agreement("aaaaaaaaaaaaaaaa", andb)]);
    let of = |events: &[Value]| {
        let files = [(OF_A, list.clone()), (OF_M, listing(&[])), trail(events)];
        told(true, &files, A, &["2025-02-01", "2025-03-01"]).0
    };
    assert_eq!(of(&[at("2025-02-02T00:00:00Z")]), [NOT; 2]);
    assert_eq!(of(&[at("2025-02-02T00:00:00Z"), at("2025-02-02T00:01:00Z")]), [NOT, "unknown"]);
}

/// An acceptance and a termination that both name nothing: it has ended by the later list, and until then is unknown.
#[test]
fn an_acceptance_and_a_termination_that_name_nothing() {
    let [accepted, ..] = nothing_named("AcceptAgreement", A, "2025-02-02T00:00:00Z");
    let [ended, ..] = nothing_named("TerminateAgreement", A, "2025-08-02T00:00:00Z");
    let files = [(OF_A, listing(&[])), (OF_M, listing(&[])), trail(&[accepted, ended])];
    assert_eq!(told(true, &files, A, &["2025-03-01", "2025-09-01"]).0, ["unknown", NOT]);
}

/// D16: what events would tell that could not be collected is taken for granted, and said, before the day of the list.
#[test]
fn events_that_could_not_be_collected_are_an_assumption() {
    let import = Import::of(&[
        organization(),
        ("organizations/list-accounts.json", accounts(ORG, M, &[(M, json!("2021-01-01")), (A, json!("2021-01-01"))])),
        ("collection.json", json!({"countersignCollection": {"collectedAt": "2026-11-01T00:00:00Z"}})),
        (OF_A, listing(&[])),
        (OF_M, listing(&[])),
    ]);
    let failed = "An error occurred (AccessDeniedException)\naws cloudtrail lookup-events\n";
    import.put("lookup-events.TerminateAgreement.222222222222.json.failed", failed);
    import.done();
    let assumed = |account: &str, day: &str| {
        let answers = assess_folder(&import.out(), &on(day)).unwrap_or_else(|f| panic!("{}", words(&f)));
        let row = answers.coverage_of(account, "baa");
        assert_eq!(row["coverage"], NOT);
        row["assuming"].to_string()
    };
    let said = "the events of CloudTrail of account 222222222222 could not be collected";
    assert!(assumed(A, "2025-01-01").contains(said), "{}", assumed(A, "2025-01-01"));
    assert!(!assumed(A, "2026-11-01").contains("CloudTrail"), "the list tells what is in force on its day");
    assert!(!assumed(M, "2025-01-01").contains("CloudTrail"), "its events were not refused");
    let out = import.out().display().to_string();
    let printed = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output =
            command.env("NO_COLOR", "1").args(["coverage", &out, "--agreement", "baa"]).args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for format in ["text", "json", "csv"] {
        assert!(printed(&["--history", "--format", format]).contains(said), "{format}");
        assert!(printed(&["--account", A, "--at", "2025-01-01", "--format", format]).contains(said), "{format}");
    }
    let table = printed(&["--at", "2025-01-01"]);
    assert!(table.contains("no agreement of 1 account had ended that no list shows"), "{table}");
    assert!(!table.contains("the organization of 1 account"), "{table}");
}

/// What ends for an organization is told by its management account (R34): members rest on its events too.
#[test]
fn the_events_of_the_management_account_are_those_of_its_members() {
    let answers = |failed: Option<&str>| {
        let import = Import::of(&[
            organization(),
            (
                "organizations/list-accounts.json",
                accounts(ORG, M, &[(M, json!("2021-01-01")), (A, json!("2021-01-01"))]),
            ),
            ("collection.json", json!({"countersignCollection": {"collectedAt": "2026-11-01T00:00:00Z"}})),
            (OF_A, listing(&[])),
            (OF_M, listing(&[])),
        ]);
        let refused = "An error occurred (AccessDeniedException)\naws cloudtrail lookup-events\n";
        failed.iter().for_each(|of| import.put(&format!("lookup-events.TerminateAgreement.{of}.json.failed"), refused));
        import.done();
        let answers = assess_folder(&import.out(), &on("2025-01-01")).unwrap_or_else(|f| panic!("{}", words(&f)));
        [M, A]
            .map(|account| answers.coverage_of(account, "baa")["assuming"].to_string().contains("account 111111111111"))
    };
    assert_eq!(answers(None), [false; 2]);
    assert_eq!(answers(Some(A)), [false; 2]);
    assert_eq!(answers(Some(M)), [true; 2]);
}

/// D16: an acceptance that no list shows is not over because of terminations of which an older list says nothing.
#[test]
fn what_is_accepted_after_a_list_is_in_doubt_whatever_was_terminated() {
    for named in [json!({"requestParameters": {"agreementId": "agreement-9c1kBcYznTkcpRIm"}}), json!({})] {
        let events = [
            nothing_named("TerminateAgreement", A, "2023-06-01T00:00:00Z")[0].clone(),
            event("AcceptAgreement", A, "2026-11-03T00:00:00Z", named),
            nothing_named("TerminateAgreement", A, AFTER)[0].clone(),
        ];
        let files = [(OF_A, listing(&[])), (OF_M, listing(&[])), trail(&events)];
        let (found, notes) = told(true, &files, A, &["2026-11-02", "2026-11-04", "2026-11-10"]);
        assert_eq!(found, [NOT, "unknown", "unknown"], "{notes}");
    }
}

/// D27: what an event ended can be accepted again, and is among what another one may be of.
#[test]
fn what_was_terminated_may_be_what_is_accepted_next() {
    let of = json!({"requestParameters": {"customerAgreementId": "customer-agreement-aaaaaaaaaaaaaaaa"}});
    let ended = event("TerminateAgreement", A, "2026-11-03T00:00:00Z", of);
    for accepted in nothing_named("AcceptAgreement", A, AFTER) {
        let files = [(OF_A, own()), (OF_M, listing(&[])), trail(&[ended.clone(), accepted])];
        let (found, notes) = told(true, &files, A, &["2026-11-02", "2026-11-04", "2026-11-10"]);
        assert_eq!(found, [OWN, NOT, "unknown"], "{notes}");
    }
}

/// R34, R37: a member's event that names the agreement of its organization contradicts the list.
#[test]
fn a_member_ends_no_agreement_of_its_organization() {
    let of = json!({"requestParameters": {"customerAgreementId": "customer-agreement-OrgBaa0123456789"}});
    let files =
        |who: &str| [(OF_A, shared()), (OF_M, shared()), trail(&[event("TerminateAgreement", who, AFTER, of.clone())])];
    let days = ["2026-11-04", "2026-11-10"];
    let (found, notes) = told(true, &files(A), A, &days);
    assert_eq!(found, [SHARED, "unknown"], "{notes}");
    assert!(notes.contains("which does not hold it"), "{notes}");
    assert_eq!(told(true, &files(M), A, &days).0, [SHARED, NOT]);
}

/// An end that AWS made is of no customer's call, and a list shows none that comes after it.
#[test]
fn an_end_that_is_not_of_the_event() {
    let list = |state: &str, end: &str| {
        let attrs = json!({"agreementArn": "arn:aws:artifact:::agreement/agreement-sbLSDe8bitmAXNr9", "state": state,
            "effectiveStart": "2024-01-01T00:00:00Z", "effectiveEnd": end});
        let current = agreement("aaaaaaaaaaaaaaaa", json!({"effectiveStart": "2024-06-01T00:00:00Z"}));
        listing(&[current, agreement("bbbbbbbbbbbbbbbb", attrs)])
    };
    let last = |dated: bool, list: Value, at: &str| {
        let [ended, ..] = nothing_named("TerminateAgreement", A, at);
        told(dated, &[(OF_A, list), (OF_M, listing(&[])), trail(&[ended])], A, &["2026-11-10"]).0
    };
    let [end, near] = ["2025-01-01T00:00:00Z", "2025-01-01T00:02:00Z"];
    assert_eq!(last(false, list("CUSTOMER_TERMINATED", end), near), [OWN]);
    assert_eq!(last(false, list("AWS_TERMINATED", end), near), ["unknown"]);
    // the list is of midnight: an end shortly before it, and an event shortly after
    let end = "2026-10-31T23:58:00Z";
    assert_eq!(last(true, list("CUSTOMER_TERMINATED", end), "2026-10-31T23:59:00Z"), [OWN]);
    assert_eq!(last(true, list("CUSTOMER_TERMINATED", end), "2026-11-01T00:05:00Z"), ["unknown"]);
}
