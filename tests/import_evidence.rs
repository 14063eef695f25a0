//! What partial evidence shows: an old event does not tell that nothing happened since, and what contradicts itself is unknown. What is
//! expected follows from the rules and decisions that are cited (D5, D16, R41, R51).

use crate::common::*;
use crate::import::{Import, account, accounts, agreement, event, listing, organization};
use serde_json::{Value, json};

const OTHER: &str = "o-otherorgid1";
const OTHER_MANAGER: &str = "999999999999";
const BAA: &str = "agreement-9c1kBcYznTkcpRIm";
const ORG_BAA: &str = "agreement-y03aUwMAEorHtqjv";

/// The BAA of an account or organization at a day.
fn baa(import: &Import, id: &str, at: &str) -> String {
    assess_folder(&import.out(), &on(at)).unwrap_or_else(|f| panic!("{}", words(&f))).baa(id)
}

/// Why it is what it is.
fn why(import: &Import, id: &str) -> String {
    let answers = assess_folder(&import.out(), &on("2026-11-01")).unwrap_or_else(|f| panic!("{}", words(&f)));
    answers.coverage_of(id, "baa")["reason"].as_str().unwrap_or_default().to_owned()
}

fn collected() -> (&'static str, Value) {
    ("collection.json", json!({"countersignCollection": {"collectedAt": "2026-11-01T00:00:00Z"}}))
}

fn trail(events: &[Value]) -> (&'static str, Value) {
    ("trail.json", json!({"Records": events}))
}

fn accepts(account: &str, agreement: &str, at: &str) -> Value {
    event("AcceptAgreement", account, at, json!({"requestParameters": {"agreementId": agreement}}))
}

fn terminates(account: &str, id: &str, at: &str) -> Value {
    event("TerminateAgreement", account, at, json!({"requestParameters": {"customerAgreementId": id}}))
}

fn departs(manager: &str, account: &str, at: &str) -> Value {
    let details = json!({"accountId": account, "departureMethod": "REMOVED", "departureTime": at});
    event("AccountDepartedOrganization", manager, at, json!({"serviceEventDetails": details}))
}

fn joins(manager: &str, account: &str, at: &str) -> Value {
    let details = json!({"accountId": account, "joinedMethod": "INVITED", "joinedTime": at});
    event("AccountJoinedOrganization", manager, at, json!({"serviceEventDetails": details}))
}

fn in_organization() -> (&'static str, Value) {
    ("organizations/list-accounts.json", accounts(ORG, M, &[(M, json!("2021-01-01")), (A, json!("2021-01-01"))]))
}

fn failed(import: &Import, name: &str) {
    import.put(name, "An error occurred (AccessDeniedException) when calling the operation: no\naws artifact\n");
}

/// An agreement of an organization.
fn shared(id: &str, organization: &str, manager: &str) -> Value {
    agreement(
        id,
        json!({"organizationArn": format!("arn:aws:organizations::{manager}:organization/{organization}"),
            "agreementArn": format!("arn:aws:artifact:::agreement/{ORG_BAA}")}),
    )
}

#[test]
fn an_acceptance_that_only_an_event_shows_is_not_known_to_be_in_force() {
    let at = "2024-12-01T00:00:00Z";
    for (who, what, of) in [(A, BAA, vec![A]), (M, ORG_BAA, vec![M, A])] {
        let import = Import::of(&[collected(), organization(), in_organization(), trail(&[accepts(who, what, at)])]);
        failed(&import, "accounts/222222222222/list-customer-agreements.222222222222.json.failed");
        let (_, notes) = import.done();
        for id in of {
            assert_eq!(baa(&import, id, "2026-11-01"), "unknown", "{notes}");
            let reason = why(&import, id);
            assert!(
                reason.contains("AcceptAgreement-2024-12-01T00:00:00Z") && reason.contains("no list shows it"),
                "{reason}"
            );
        }
        // what it is asked by the console is unknown too
        let root = format!("arn:aws:iam::{who}:root");
        let scope = if who == A { "account" } else { "organization" };
        let out = import.out().display().to_string();
        let can = cli(&["can", &root, "accept", &out, "--scope", scope, "--account", who]);
        assert!(can.starts_with("Unknown."), "{can}");
    }
    // with the event that terminated it, both edges are known (D5)
    let mut accepted = accepts(A, BAA, at);
    accepted["responseElements"] = json!({"customerAgreement": {"id": "customer-agreement-zzzzzzzzzzzzzzzz"}});
    let ended = terminates(A, "customer-agreement-zzzzzzzzzzzzzzzz", "2025-12-01T00:00:00Z");
    let import = Import::of(&[
        collected(),
        organization(),
        in_organization(),
        trail(&[accepted, ended]),
        ("list-customer-agreements.222222222222.json", listing(&[])),
        ("list-customer-agreements.111111111111.json", listing(&[])),
    ]);
    import.done();
    let found = ["2024-12-01", "2025-11-30", "2025-12-01"].map(|day| baa(&import, A, day));
    assert_eq!(found, ["covered account", "covered account", "not-covered"]);
}

#[test]
fn a_member_list_without_the_organization_agreement_contradicts_its_acceptance() {
    let import = Import::of(&[
        collected(),
        organization(),
        in_organization(),
        trail(&[accepts(M, ORG_BAA, "2024-12-01T00:00:00Z")]),
        ("list-customer-agreements.222222222222.json", listing(&[])),
    ]);
    import.done();
    assert_eq!(baa(&import, A, "2026-11-01"), "unknown");
    assert!(!why(&import, A).contains("could not be listed"), "its list was collected: {}", why(&import, A));
}

#[test]
fn an_account_whose_join_only_an_event_shows_may_have_left() {
    let org_baa = shared("OrgBaa0123456789", ORG, M);
    let files = [
        collected(),
        organization(),
        trail(&[joins(M, A, "2022-01-01T00:00:00Z")]),
        ("list-customer-agreements.111111111111.json", listing(&[org_baa])),
    ];
    let import = Import::of(&files);
    import.done();
    assert_eq!(baa(&import, A, "2026-11-01"), "unknown");
    // its own list, or the list of accounts, shows that it is there
    import.put("organizations/list-accounts.json", accounts(ORG, M, &[(M, Value::Null), (A, Value::Null)]).to_string());
    import.done();
    assert_eq!(baa(&import, A, "2026-11-01"), "covered organization");
}

#[test]
fn what_was_in_force_before_an_unlisted_agreement_was_terminated_is_unknown() {
    let ended = terminates(A, "customer-agreement-zzzzzzzzzzzzzzzz", "2025-12-01T00:00:00Z");
    let of = |events: &[Value], account: &str| {
        let mut files = vec![collected(), organization(), in_organization(), trail(events)];
        files.push(("list-customer-agreements.222222222222.json", listing(&[])));
        files.push(("list-customer-agreements.111111111111.json", listing(&[])));
        let import = Import::of(&files);
        import.done();
        ["2025-06-01", "2025-11-30T23:59:59Z", "2025-12-01", "2026-11-01"].map(|at| baa(&import, account, at))
    };
    let expected = ["unknown", "unknown", "not-covered", "not-covered"];
    assert_eq!(of(std::slice::from_ref(&ended), A), expected);
    // as many terminations as acceptances: what was accepted is what ended, and which it was nothing tells
    assert_eq!(of(&[accepts(A, BAA, "2024-12-01T00:00:00Z"), ended.clone()], A), expected);
    // one termination does not end two acceptances
    let two = [accepts(A, BAA, "2024-12-01T00:00:00Z"), accepts(A, BAA, "2025-01-01T00:00:00Z"), ended];
    assert_eq!(of(&two, A), ["unknown"; 4]);
    // a management account terminates its own, or that of its organization: of every member it is unknown
    let by_manager = terminates(M, "customer-agreement-zzzzzzzzzzzzzzzz", "2025-12-01T00:00:00Z");
    assert_eq!(of(&[by_manager], A), expected);
}

#[test]
fn an_account_is_in_the_list_of_one_organization() {
    let other = json!({"Organization": {"Id": OTHER, "Arn": format!("arn:aws:organizations::{OTHER_MANAGER}:organization/{OTHER}"),
        "FeatureSet": "ALL", "MasterAccountArn": format!("arn:aws:organizations::{OTHER_MANAGER}:account/{OTHER}/{OTHER_MANAGER}")}});
    let first = accounts(ORG, M, &[(M, json!("2021-01-01")), (A, json!("2023-05-01"))]);
    let second = accounts(OTHER, OTHER_MANAGER, &[(OTHER_MANAGER, json!("2021-01-01")), (A, json!("2025-01-01"))]);
    for folder in ["aother", "zother"] {
        let import = Import::of(&[collected(), organization(), ("organizations/list-accounts.json", first.clone())]);
        import.put(&format!("{folder}/describe-organization.json"), other.to_string());
        import.put(&format!("{folder}/list-accounts.json"), second.to_string());
        let told = import.refused().replace(' ', "");
        for what in [ORG, OTHER, "(R41)", "organizations/list-accounts.json", &format!("{folder}/list-accounts.json")] {
            assert!(told.contains(what), "{folder}: {what}: {told}");
        }
        // the organization that it left says so: whatever the folders are called, it is in the other one
        import.put("trail.json", trail(&[departs(M, A, "2025-01-01T00:00:00Z")]).1.to_string());
        let (found, notes) = import.done();
        let own = &found[&account(A)];
        assert_eq!(own["parents"], json!([format!("Organization::\"{OTHER}\"")]), "{notes}");
        let of = |m: &Value| [m["organization"].clone(), m["from"].clone(), m["until"].clone()];
        let memberships: Vec<[Value; 3]> = own["attrs"]["memberships"].as_array().unwrap().iter().map(of).collect();
        let (joined, moved) = ("2023-05-01T00:00:00Z", "2025-01-01T00:00:00Z");
        assert_eq!(memberships, [[json!(ORG), json!(joined), json!(moved)], [json!(OTHER), json!(moved), Value::Null]]);
        // a departure that another organization recorded settles nothing
        import.put("trail.json", trail(&[departs("888888888888", A, "2025-01-01T00:00:00Z")]).1.to_string());
        std::fs::remove_dir_all(import.out()).unwrap();
        assert!(import.refused().contains("(R41)"));
    }
}

#[test]
fn a_move_between_two_organizations_at_one_instant() {
    let moved = "2025-01-01T00:00:00Z";
    for departed in [moved, "2025-01-01T00:00:02Z", "2025-01-01T00:09:00Z"] {
        for more in [vec![], vec![joins(OTHER_MANAGER, A, moved)]] {
            let other = json!({"Organization": {"Id": OTHER, "FeatureSet": "ALL",
                "MasterAccountArn": format!("arn:aws:organizations::{OTHER_MANAGER}:account/{OTHER}/{OTHER_MANAGER}")}});
            let events = [vec![joins(M, A, "2023-05-01T00:00:00Z"), departs(M, A, departed)], more].concat();
            let theirs = listing(&[shared("OtherOrgBaa00001", OTHER, OTHER_MANAGER)]);
            let import = Import::of(&[
                collected(),
                organization(),
                ("organizations/list-accounts.json", accounts(ORG, M, &[(M, json!("2021-01-01"))])),
                ("other/describe-organization.json", other),
                (
                    "other/list-accounts.json",
                    accounts(OTHER, OTHER_MANAGER, &[(OTHER_MANAGER, Value::Null), (A, json!(moved))]),
                ),
                trail(&events),
                ("list-customer-agreements.111111111111.json", listing(&[shared("OrgBaa0123456789", ORG, M)])),
                ("other/list-customer-agreements.999999999999.json", theirs),
            ]);
            let (found, notes) = import.done();
            let attrs = &found[&account(A)]["attrs"];
            let of = |m: &Value| [m["organization"].clone(), m["from"].clone(), m["until"].clone()];
            let memberships: Vec<[Value; 3]> = attrs["memberships"].as_array().unwrap().iter().map(of).collect();
            let first = [json!(ORG), json!("2023-05-01T00:00:00Z"), json!(moved)];
            assert_eq!(memberships, [first, [json!(OTHER), json!(moved), Value::Null]], "{departed}: {notes}");
            // in one organization at a time, and covered without a gap (R41, R51, D5)
            for at in ["2024-12-31T23:59:59Z", moved, "2025-01-01T00:00:01Z", "2026-11-01"] {
                assert_eq!(baa(&import, A, at), "covered organization", "{departed} at {at}");
            }
        }
    }
}

#[test]
fn a_list_and_an_event_before_it_that_contradict_each_other() {
    let listed_and_ended = |start: &str, end: &str| {
        let own = agreement("aaaaaaaaaaaaaaaa", json!({"effectiveStart": start}));
        Import::of(&[
            collected(),
            organization(),
            in_organization(),
            trail(&[terminates(A, "customer-agreement-aaaaaaaaaaaaaaaa", end)]),
            ("list-customer-agreements.222222222222.json", listing(&[own])),
            ("list-customer-agreements.111111111111.json", listing(&[])),
        ])
    };
    let import = listed_and_ended("2024-01-01T00:00:00Z", "2025-12-01T00:00:00Z");
    let (_, notes) = import.done();
    assert!(
        notes.contains("customer-agreement-aaaaaaaaaaaaaaaa is listed as in force, but was terminated before"),
        "{notes}"
    );
    assert_eq!(
        ["2025-11-30", "2025-12-01", "2026-11-01"].map(|at| baa(&import, A, at)),
        ["covered account", "unknown", "unknown"]
    );
    // one that was terminated before it began
    let import = listed_and_ended("2024-06-01T00:00:00Z", "2024-01-01T00:00:00Z");
    let (_, notes) = import.done();
    assert!(notes.contains("but was terminated by then"), "{notes}");
    assert_eq!(
        ["2024-05-31", "2024-06-01", "2026-11-01"].map(|at| baa(&import, A, at)),
        ["not-covered", "unknown", "unknown"]
    );
    // the same of a membership: what was before is known
    let removed = event(
        "RemoveAccountFromOrganization",
        M,
        "2025-01-01T00:00:00Z",
        json!({"requestParameters": {"accountId": A}}),
    );
    let import = Import::of(&[
        collected(),
        organization(),
        in_organization(),
        trail(&[removed]),
        ("list-customer-agreements.111111111111.json", listing(&[shared("OrgBaa0123456789", ORG, M)])),
    ]);
    let (_, notes) = import.done();
    assert!(notes.contains("lists it among its accounts, against CloudTrail RemoveAccountFromOrganization"), "{notes}");
    assert_eq!(
        ["2024-12-31", "2025-01-01", "2026-11-01"].map(|at| baa(&import, A, at)),
        ["covered organization", "unknown", "unknown"]
    );
}

/// D16: without the time of a list, which is newer is not known: the list, or an event that contradicts it.
#[test]
fn an_event_against_a_list_of_which_no_time_is_known() {
    let own = agreement("aaaaaaaaaaaaaaaa", json!({"effectiveStart": "2024-01-01T00:00:00Z"}));
    let import = Import::of(&[
        organization(),
        in_organization(),
        trail(&[terminates(A, "customer-agreement-aaaaaaaaaaaaaaaa", "2025-12-01T00:00:00Z")]),
        ("list-customer-agreements.222222222222.json", listing(&[own])),
        ("list-customer-agreements.111111111111.json", listing(&[])),
    ]);
    import.done();
    let found = ["2025-11-30", "2025-12-01", "2026-11-01"].map(|at| baa(&import, A, at));
    assert_eq!(found, ["covered account", "unknown", "unknown"]);
    let org_baa = || listing(&[shared("OrgBaa0123456789", ORG, M)]);
    let import = Import::of(&[
        organization(),
        in_organization(),
        trail(&[departs(M, A, "2025-01-01T00:00:00Z")]),
        ("list-customer-agreements.111111111111.json", org_baa()),
        ("list-customer-agreements.222222222222.json", org_baa()),
    ]);
    import.done();
    let found = ["2024-12-31", "2025-01-01", "2026-11-01"].map(|at| baa(&import, A, at));
    assert_eq!(found, ["covered organization", "unknown", "unknown"]);
}

/// D16: a complete list is a fact; what is terminated after it, and is not on it, was accepted after it.
#[test]
fn what_is_terminated_after_a_complete_list_says_nothing_of_it() {
    let later = "2026-11-10T00:00:00Z";
    let ends = terminates(A, "customer-agreement-zzzzzzzzzzzzzzzz", later);
    for events in [vec![ends.clone()], vec![accepts(A, BAA, "2026-11-05T00:00:00Z"), ends]] {
        let accepted = events.len() > 1;
        let import = Import::of(&[
            collected(),
            organization(),
            in_organization(),
            trail(&events),
            ("list-customer-agreements.222222222222.json", listing(&[])),
            ("list-customer-agreements.111111111111.json", listing(&[])),
        ]);
        import.done();
        assert_eq!(["2025-01-01", "2026-11-01"].map(|at| baa(&import, A, at)), ["not-covered"; 2]);
        if accepted {
            assert_eq!(baa(&import, A, "2026-11-06"), "unknown");
        }
    }
}

/// AWS has not published the fields of these events: one that names nothing is matched by its time, or is a warning.
#[test]
fn an_event_that_does_not_name_its_agreement() {
    let ended = json!({"effectiveStart": "2024-01-01T00:00:00Z", "effectiveEnd": "2025-12-01T00:00:00Z", "state": "CUSTOMER_TERMINATED"});
    let of = |name: &str, request: Value, at: &str| {
        let import = Import::of(&[
            collected(),
            organization(),
            in_organization(),
            trail(&[event(name, A, at, json!({"requestParameters": request}))]),
            ("list-customer-agreements.222222222222.json", listing(&[agreement("aaaaaaaaaaaaaaaa", ended.clone())])),
            ("list-customer-agreements.111111111111.json", listing(&[])),
        ]);
        let (_, notes) = import.done();
        (["2023-06-01", "2025-06-01", "2026-11-01"].map(|at| baa(&import, A, at)), notes)
    };
    let known = ["not-covered", "covered account", "not-covered"];
    let arn = "arn:aws:artifact::222222222222:customer-agreement/customer-agreement-aaaaaaaaaaaaaaaa";
    for request in [Value::Null, json!({"customerAgreementId": "****"}), json!({"customerAgreementId": arn})] {
        let (found, notes) = of("TerminateAgreement", request.clone(), "2025-12-01T00:00:00Z");
        assert_eq!(found, known, "{request} {notes}");
        assert!(!notes.contains("terminated that no file lists"), "{notes}");
    }
    // of another moment: which it was is not known
    let (found, notes) = of("TerminateAgreement", Value::Null, "2026-02-01T00:00:00Z");
    assert_eq!(found, ["unknown", "covered account", "not-covered"], "{notes}");
    assert!(notes.contains("terminated that no file lists"), "{notes}");
    let (found, notes) = of("AcceptAgreement", Value::Null, "2024-01-01T00:00:00Z");
    assert_eq!(found, known, "{notes}");
    let (_, notes) = of("AcceptAgreement", Value::Null, "2026-01-01T00:00:00Z");
    assert!(notes.contains("it does not name the agreement that was accepted"), "{notes}");
    // two witnesses of one end that are a year apart
    let id = json!({"customerAgreementId": "customer-agreement-aaaaaaaaaaaaaaaa"});
    let (_, notes) = of("TerminateAgreement", id, "2024-12-01T00:00:00Z");
    assert!(notes.contains("is listed as ended on 2025-12-01T00:00:00Z, but was terminated on 2024-12-01"), "{notes}");
}

/// R41: an account is in one organization; its list cannot show agreements of two in force. R32: a member's list shows its organization's.
#[test]
fn lists_that_contradict_what_organizations_are() {
    let (first, second) = (shared("OrgBaa0123456789", ORG, M), shared("OtherOrgBaa00001", OTHER, OTHER_MANAGER));
    for files in [vec![collected(), organization(), in_organization()], vec![organization(), in_organization()]] {
        let two = listing(&[first.clone(), second.clone()]);
        let import = Import::of(&[&files[..], &[("list-customer-agreements.222222222222.json", two)]].concat());
        let (_, notes) = import.done();
        assert!(notes.contains("agreements of both o-exampleorgid and o-otherorgid1 in force"), "{notes}");
        assert_eq!(baa(&import, A, "2026-11-01"), "unknown");
        let lists = [
            ("list-customer-agreements.111111111111.json", listing(std::slice::from_ref(&first))),
            ("list-customer-agreements.222222222222.json", listing(&[])),
        ];
        let (_, notes) = Import::of(&[&files[..], &lists].concat()).done();
        let told = "the list of account 222222222222 does not show customer-agreement-OrgBaa0123456789";
        assert!(notes.contains(told), "{notes}");
    }
}

#[test]
fn a_name_and_an_organization_that_contradict_a_list() {
    let others = agreement("aaaaaaaaaaaaaaaa", json!({"awsAccountId": B}));
    let files = [collected(), organization(), in_organization()];
    let import =
        Import::of(&[&files[..], &[("list-customer-agreements.222222222222.json", listing(&[others]))]].concat());
    let (_, notes) = import.done();
    assert!(
        notes.contains("this is the list of account 222222222222, but customer-agreement-aaaaaaaaaaaaaaaa is"),
        "{notes}"
    );
    assert_eq!(baa(&import, A, "2026-11-01"), "unknown", "its list is not known to be complete");
    // whether it is known when they were collected, or not
    for files in [&files[..], &files[1..]] {
        let theirs = listing(&[shared("OtherOrgBaa00001", OTHER, OTHER_MANAGER)]);
        let import = Import::of(&[files, &[("list-customer-agreements.222222222222.json", theirs)]].concat());
        let (_, notes) = import.done();
        assert!(
            notes.contains("its own list shows an agreement of o-otherorgid1 in force, against JoinedTimestamp"),
            "{notes}"
        );
        assert_eq!(baa(&import, A, "2026-11-01"), "unknown");
    }
}

#[test]
fn an_answer_beside_the_record_of_its_failed_call_is_not_complete() {
    let name = "accounts/222222222222/list-customer-agreements.222222222222.json";
    let files =
        [collected(), organization(), in_organization(), ("list-customer-agreements.111111111111.json", listing(&[]))];
    let import = Import::of(&[&files[..], &[(name, listing(&[]))]].concat());
    import.done();
    assert_eq!(baa(&import, A, "2026-11-01"), "not-covered");
    failed(&import, &format!("{name}.failed"));
    let (found, notes) = import.done();
    assert_eq!(found[&account(A)]["attrs"]["agreementsKnown"], false, "{notes}");
    assert_eq!(baa(&import, A, "2026-11-01"), "unknown");
    // what it shows is evidence
    import.put(name, listing(&[agreement("aaaaaaaaaaaaaaaa", json!({}))]).to_string());
    import.done();
    assert_eq!(baa(&import, A, "2026-11-01"), "covered account");
    failed(&import, "organizations/list-accounts.json.failed");
    let (found, _) = import.done();
    assert_eq!(found[&format!("Organization::\"{ORG}\"")]["attrs"]["accountsKnown"], false);
}

#[test]
fn no_moment_is_told_that_nothing_has() {
    let import =
        Import::of(&[collected(), organization(), in_organization(), trail(&[joins(M, B, "2023-01-01T00:00:00Z")])]);
    import.done();
    let out = import.out().display().to_string();
    for format in ["text", "csv", "json", "jsonl"] {
        let told = cli(&["coverage", &out, "--agreement", "baa", "--account", B, "--history", "--format", format]);
        assert!(told.contains("nknown") && !told.contains("9999"), "{told}");
    }
}

#[test]
fn what_is_wrong_with_an_answer_has_its_place_in_the_answer() {
    let message = "An error occurred (AccessDeniedException) when calling the ListCustomerAgreements operation: no";
    let name = "accounts/222222222222/list-customer-agreements.222222222222.json";
    for text in ["", "{\"customerAgreements\": [", message, "{\"Error\": {\"Code\": \"AccessDenied\"}}"] {
        let import = Import::of(&[collected(), organization(), in_organization()]);
        import.put(name, text);
        let told = import.refused();
        assert!(told.contains("collect this output again") && !told.contains("correct the file"), "{told}");
        let path = import.source().join(name).display().to_string();
        assert!(told.replace(' ', "").contains(&path), "{path}: {told}");
    }
    let china = accounts(ORG, M, &[(A, Value::Null)]).to_string().replace("arn:aws:", "arn:aws-cn:");
    let import = Import::of(&[collected(), organization()]);
    import.put("list-accounts.json", china);
    let told = import.refused();
    assert!(
        told.contains("this account is of the partition `aws-cn`") && told.contains("list-accounts.json:1"),
        "{told}"
    );
    let elsewhere =
        agreement("aaaaaaaaaaaaaaaa", json!({"arn": "arn:aws-us-gov:artifact::222222222222:customer-agreement/x"}));
    let import = Import::of(&[collected(), organization(), (name, listing(&[elsewhere]))]);
    let told = import.refused();
    assert!(told.contains("(D15)") && told.contains("list-customer-agreements.222222222222.json:1"), "{told}");
}

/// What the tool prints.
fn cli(args: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = command.env("NO_COLOR", "1").args(args).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
