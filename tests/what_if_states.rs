//! What is advised is what holds when it would be done, and what is made is what somebody can make then.

use countersign_core::assessment::{Options, assess};
use countersign_core::diff::{Side, diff};
use countersign_core::terms::Coverage;
use countersign_core::what_if::able::{Unmade, unmade};
use countersign_core::what_if::advice::Advice;
use countersign_core::what_if::between::Between;
use countersign_core::what_if::{Becomes, Change, apply, consequences};
use serde_json::{Value, json};

use crate::common::*;

const AT: &str = "2026-11-01";
const OTHER: &str = "o-otherorgid0";
const OTHERS: &str = "666666666666";
const UNTIL: &str = "2027-03-01";

/// An organization with a BAA, a member that holds PHI, an account outside it, and another organization without a BAA.
fn world() -> World {
    let world = World::organization()
        .entity(json!({"uid": OTHER, "attrs": {"featureSet": "ALL", "managementAccount": OTHERS, "trustedAccess": true, "serviceRole": true}}))
        .account(OTHERS, json!({}), &[OTHER])
        .account(B, json!({}), &[])
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None);
    becomes(world, A, "phi", json!({"services": ["s3"]}))
}

fn becomes(mut world: World, uid: &str, attr: &str, value: Value) -> World {
    world.entities.iter_mut().filter(|e| e["uid"] == uid).for_each(|e| e["attrs"][attr] = value.clone());
    world
}

fn own(world: World, account: &str, until: Option<&str>) -> World {
    world.accepted("OwnBaa1234567890", "baa", "account", account, "2023-01-01", until)
}

/// Service control policies of the organization.
fn denying(world: World, actions: &[&str]) -> World {
    let denial = policy(json!([{"Effect": "Deny", "Action": actions, "Resource": "*"}]));
    becomes(world, ORG, "serviceControlPolicies", json!(["p-FullAWSAccess", denial]))
}

fn leave(account: &str) -> Change {
    Change::Leave { account: account.to_owned() }
}

fn join(account: &str, organization: &str) -> Change {
    Change::Join { account: account.to_owned(), organization: organization.to_owned() }
}

fn close(account: &str) -> Change {
    Change::Close { account: account.to_owned() }
}

fn accept(by: &str) -> Change {
    Change::Accept { by: by.to_owned(), kind: "baa".to_owned() }
}

fn terminate(of: &str) -> Change {
    Change::Terminate { of: of.to_owned(), kind: Some("baa".to_owned()) }
}

fn delete(organization: &str) -> Change {
    Change::Delete { organization: organization.to_owned() }
}

fn made(world: &World, changes: &[Change]) -> (Vec<Advice>, Vec<Between>) {
    let base = world.load();
    let head = apply(&base, &RULES, changes, at(AT)).unwrap_or_else(|f| panic!("{}", words(&f)));
    let found = consequences((&base, &head), &RULES, changes, at(AT)).unwrap();
    (found.advice, found.uncovered_between)
}

/// What is advised about the BAA of an account: the policy, the change before which, and the day before which it is to be done.
fn advised(world: &World, changes: &[Change], account: &str) -> Vec<(String, Option<usize>, Option<String>)> {
    let is_it = |a: &&Advice| a.kinds.contains(&"baa".to_owned()) && a.accounts.iter().any(|a| a.account == account);
    let day = |a: &Advice| a.before.as_ref().map(|day| day[..10].to_owned());
    made(world, changes).0.iter().filter(is_it).map(|a| (a.policy.clone(), a.change, day(a))).collect()
}

fn step(policy: &str, change: usize) -> (String, Option<usize>, Option<String>) {
    (policy.to_owned(), Some(change), None)
}

fn on_day(policy: &str, day: &str) -> (String, Option<usize>, Option<String>) {
    (policy.to_owned(), None, Some(day.to_owned()))
}

/// D27: what is active is not accepted again, so that a plan whose account falls back to an agreement that ends has a gap.
#[test]
fn an_agreement_that_is_active_is_not_advised_to_be_accepted_again() {
    let ends = own(world(), A, Some(UNTIL));
    let found = advised(&ends, &[leave(A)], A);
    assert!(found.contains(&on_day("own-agreement-ends-then", UNTIL)), "{found:?}");
    assert!(found.contains(&on_day("phi-first", UNTIL)), "R63: {found:?}");
    assert!(!found.iter().any(|(policy, ..)| policy.starts_with("accept-")), "{found:?}");
    // the gate refuses what it is not advised to do
    for plan in [[leave(A), accept(A)], [accept(A), leave(A)]] {
        assert!(apply(&ends.load(), &RULES, &plan, at(AT)).is_err());
    }
    // R48: while its organization's covers it, its own is terminated and accepted anew
    let anew = [terminate(A), accept(A), leave(A)];
    let after = apply(&ends.load(), &RULES, &anew, at(AT)).unwrap();
    for day in [AT, UNTIL, "2030-01-01"] {
        let options = Options { at: at(day), ..Options::default() };
        let found = assess(&after, &RULES, &options).unwrap();
        let account = found.accounts.iter().find(|a| a.account == A).unwrap();
        let baa = account.agreements.iter().find(|r| r.kind == "baa").unwrap();
        assert_eq!(baa.coverage, Coverage::Covered, "{day}");
    }
    // R67: what covers it until then is none of its own, and one of its own can be accepted before
    let designated = world().offline(json!([{"account": A, "from": "2020-01-01", "until": UNTIL}]));
    assert!(advised(&designated, &[leave(A)], A).contains(&on_day("accept-before-cover-ends", UNTIL)));
    // R61: one that the plan terminates is kept instead
    let two = own(World::new().account(A, json!({}), &[]), A, Some(UNTIL));
    let two = two.accepted("Another123456789", "baa", "account", A, "2024-01-01", None);
    let by_id = Change::Terminate { of: "customer-agreement-Another123456789".to_owned(), kind: None };
    assert_eq!(advised(&two, &[by_id], A), [on_day("own-agreement-would-cover-later", UNTIL)]);
}

/// D12, D26: on a later day an account is as the plan leaves it.
#[test]
fn advice_about_a_later_day_is_about_the_account_as_the_plan_leaves_it() {
    let bound = denying(
        world().offline(json!([{"account": A, "from": "2020-01-01", "until": UNTIL}])),
        &["artifact:AcceptAgreement"],
    );
    let is_told = |world: &World, changes: &[Change], policy: &str| {
        advised(world, changes, A).iter().any(|(name, _, day)| name == policy && day.is_some())
    };
    assert!(!is_told(&bound, &[leave(A)], "accepting-is-denied"), "it is bound no more");
    assert!(is_told(&bound, &[terminate(ORG)], "accepting-is-denied"), "it is bound still");
    // nobody accepts in an account that the plan closes, but before that
    let found = advised(&bound, &[close(A), leave(A)], A);
    let before = ("accept-before-cover-ends".to_owned(), Some(1), Some(UNTIL.to_owned()));
    assert!(found.contains(&before) && is_told(&bound, &[close(A), leave(A)], "accepting-is-denied"), "{found:?}");
    let ends = own(world(), A, Some(UNTIL));
    assert!(is_told(&ends, &[close(A), leave(A)], "nobody-accepts-first"));
    assert!(!is_told(&ends, &[close(A), leave(A)], "own-agreement-ends-then"));
}

/// R61, R48: a change of a plan is told what it does then, not what the plan does in the end.
#[test]
fn a_step_is_told_what_holds_at_that_step() {
    let alone = own(world(), B, None);
    let found = advised(&alone, &[join(B, ORG), terminate(B), leave(B)], B);
    assert!(!found.iter().any(|(policy, ..)| policy == "terminating-its-own-agreement"), "{found:?}");
    assert!(found.contains(&step("accept-first", 3)), "R54: {found:?}");
    assert!(found.contains(&step("own-agreement-is-superseded", 1)), "{found:?}");
    // D26: what is to be done in an account is done before the plan closes it
    for plan in [[close(A), leave(A)], [close(A), terminate(ORG)]] {
        let found = advised(&world(), &plan, A);
        assert!(found.contains(&step("accept-first", 1)) && found.contains(&step("phi-first", 1)), "{found:?}");
        assert!(!found.iter().any(|(policy, ..)| policy == "nobody-accepts-first"), "{found:?}");
    }
    assert!(advised(&world(), &[close(A), terminate(ORG)], M).contains(&step("accept-first", 2)));
}

/// R54, R61, R62, R63: what a later change gives back is lost meanwhile, and the change that loses it is advised on.
#[test]
fn a_change_that_loses_what_a_later_one_gives_back_is_advised_on() {
    let holding = becomes(own(world(), B, None), B, "phi", json!({"services": ["s3"]}));
    let found = advised(&holding, &[terminate(B), accept(B)], B);
    assert_eq!(found, [step("phi-first", 1), step("terminating-its-own-agreement", 1)]);
    let anew = [terminate(ORG), accept(ORG)];
    for policy in ["accept-first", "phi-first", "terminating-for-the-organization"] {
        assert!(advised(&world(), &anew, A).contains(&step(policy, 1)), "{policy}");
    }
    for plan in [vec![leave(A), join(A, ORG)], vec![join(A, OTHER), accept(OTHER)]] {
        let found = advised(&world(), &plan, A);
        assert!(found.contains(&step("accept-first", 1)) && found.contains(&step("phi-first", 1)), "{found:?}");
    }
}

/// D5: each later time in which coverage is lost is advised on, and told until when it lasts.
#[test]
fn each_later_loss_is_told_with_its_end() {
    let twice = own(world(), A, Some("2026-12-01")).accepted(
        "OwnAgain12345678",
        "baa",
        "account",
        A,
        "2027-01-01",
        Some("2027-06-01"),
    );
    let found = advised(&twice, &[leave(A)], A);
    for day in ["2026-12-01", "2027-06-01"] {
        assert!(found.contains(&on_day("own-agreement-ends-then", day)), "{day}: {found:?}");
    }
    let base = twice.load();
    let head = apply(&base, &RULES, &[leave(A)], at(AT)).unwrap();
    let options = Options { at: at(AT), snapshot: at(AT), ..Options::default() };
    let [old, new] = [&base, &head].map(|inventory| Side { inventory, options: &options });
    let found = diff(&old, &new, &RULES).unwrap();
    let day = |day: &Option<String>| day.as_ref().map(|day| day[..10].to_owned());
    let lost: Vec<_> = found.coverage.iter().filter(|e| e.is_loss()).map(|e| (day(&e.from), day(&e.until))).collect();
    let some = |day: &str| Some(day.to_owned());
    assert_eq!(lost, [(some("2026-12-01"), some("2027-01-01")), (some("2027-06-01"), None)]);
}

/// D14: who is in no organization stays no member of one.
#[test]
fn closing_is_told_of_a_member_and_of_who_stands_alone() {
    assert_eq!(advised(&world(), &[close(A)], A), [step("closing-ends-no-coverage", 1)]);
    assert_eq!(advised(&own(world(), B, None), &[close(B)], B), [step("closing-terminates-no-agreement", 1)]);
    assert_eq!(advised(&world(), &[close(B)], B), []);
}

/// D26: nobody in a management account that is not active detaches what denies, nor removes.
#[test]
fn who_cannot_act_is_not_named() {
    let all = ["organizations:LeaveOrganization", "organizations:AcceptHandshake", "artifact:AcceptAgreement"];
    let denied = denying(world(), &all);
    for (state, policies) in [
        ("ACTIVE", ["accepting-is-denied", "leaving-is-denied"]),
        ("SUSPENDED", ["denied-and-nobody-detaches"; 2]),
        ("CLOSED", ["denied-and-nobody-detaches"; 2]),
    ] {
        let world = becomes(denied.clone(), M, "state", json!(state));
        let found = advised(&world, &[leave(A)], A);
        assert!(policies.iter().all(|policy| found.contains(&step(policy, 1))), "{state}: {found:?}");
        assert_eq!(found.iter().any(|(policy, ..)| policy.ends_with("-is-denied")), state == "ACTIVE", "{found:?}");
        let told = made(&world, &[join(A, OTHER)]).0;
        let told: Vec<&str> = told.iter().filter(|a| a.policy.contains("denie")).map(|a| a.message.as_str()).collect();
        assert!(told.iter().any(|message| message.contains("organizations:AcceptHandshake")), "{told:?}");
        assert!(!told.iter().any(|message| message.contains("organizations:LeaveOrganization")), "{told:?}");
    }
    // R26, D8: whichever action of accepting is denied
    let downloads = denying(world(), &["artifact:GetAgreement", "artifact:DownloadAgreement"]);
    let found = made(&downloads, &[leave(A)]).0;
    let message = &found.iter().find(|a| a.policy == "accepting-is-denied").unwrap().message;
    assert!(message.contains("artifact:GetAgreement") && message.contains("attached to o-exampleorgid"), "{message}");
}

fn unmade_of(world: &World, changes: &[Change]) -> Vec<(usize, String, String)> {
    let options = Options { at: at(AT), snapshot: at(AT), ..Options::default() };
    let told = |u: Unmade| (u.change, u.decision.to_string(), u.because.join("; "));
    unmade(&world.load(), &RULES, changes, &options).unwrap().into_iter().map(told).collect()
}

/// What `who-can` says nobody can do is told to be made by nobody, for each change that is an operation.
#[test]
fn what_nobody_can_make_is_told() {
    let departing = ["organizations:LeaveOrganization", "organizations:AcceptHandshake", "account:CloseAccount"];
    let member = denying(world(), &departing);
    // D12: the management account removes and closes it, and cannot accept an invitation for it
    assert_eq!(unmade_of(&member, &[leave(A)]), []);
    assert_eq!(unmade_of(&member, &[close(A)]), []);
    let found = unmade_of(&member, &[join(A, OTHER)]);
    assert!(
        matches!(found.as_slice(), [(1, decision, why)] if decision == "deny" && why.contains("Statement[0]")),
        "{found:?}"
    );
    // D26: where nobody acts in it, nobody does
    let suspended = becomes(member, M, "state", json!("SUSPENDED"));
    for change in [leave(A), close(A)] {
        let found = unmade_of(&suspended, &[change]);
        let [(1, decision, why)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(decision, "deny");
        assert!(why.contains(&format!("in {M}: this account is suspended")), "{why}");
        assert!(why.contains("Statement[0]"), "{why}");
    }
    // in the state of its turn: it is bound no more once it has left
    assert_eq!(unmade_of(&member_that_joined_back(), &[leave(A), join(A, OTHER)]), []);
    // terminating, of which the account's own principals are the only ones
    let own = denying(own(world(), A, None), &["artifact:TerminateAgreement"]);
    assert_eq!(unmade_of(&own, &[terminate(A)]).len(), 1);
    let by_id = Change::Terminate { of: "customer-agreement-OwnBaa1234567890".to_owned(), kind: None };
    assert_eq!(unmade_of(&own, &[by_id]).len(), 1);
    assert_eq!(unmade_of(&own, &[terminate(ORG)]), [], "the management account is not bound");
    // what no inventory says is advised on
    assert_eq!(unmade_of(&world(), &[accept(A), leave(A), join(A, OTHER), close(A)]), []);
    let set_up = Change::Organization { organization: OTHER.to_owned(), becomes: Becomes::SetUp };
    let bare = becomes(world(), OTHER, "serviceRole", json!(false));
    assert_eq!(unmade_of(&bare, &[set_up, accept(OTHER), terminate(OTHER), delete(OTHER)]), []);
}

/// A member that its organization's policies keep from accepting invitations, but not from leaving.
fn member_that_joined_back() -> World {
    denying(world(), &["organizations:AcceptHandshake"])
}

/// D21, D16: whether anybody can remove a designation is unknown where control policies deny what a wildcard allows.
#[test]
fn a_designation_that_perhaps_nobody_can_remove_is_told() {
    let removal = [Change::RemoveDesignation { account: A.to_owned(), kind: "baa".to_owned() }];
    let designated = world().offline(json!([{"account": A, "from": "2020-01-01"}]));
    assert_eq!(unmade_of(&designated, &removal), []);
    let found = unmade_of(&denying(designated, &["artifact:*"]), &removal);
    let [(1, decision, why)] = found.as_slice() else { panic!("{found:?}") };
    assert!(decision == "unknown" && why.contains("no source names the permission"), "{why}");
}

/// A plan with a change that nobody can make passes no gate, and says so.
#[test]
fn a_plan_that_nobody_can_carry_out_passes_no_gate() {
    let denied = denying(own(world(), A, None), &["organizations:AcceptHandshake"]);
    let run = |world: &World| {
        let folder = world.folder();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.env("NO_COLOR", "1").env("COLUMNS", "400").arg("what-if").arg(folder.path()).args(["--at", AT]);
        let args = ["--expect", "none-uncovered", "--join", "222222222222=o-otherorgid0"];
        let output = command.args(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&own(world(), A, None)).0, Some(0));
    let (code, text) = run(&denied);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "not made: change 1, account 222222222222 joins o-otherorgid0: nobody who is listed can (";
    assert!(code == Some(1) && text.contains(told), "{text}");
}

/// What is perhaps lost is not said to be lost.
#[test]
fn what_is_perhaps_uncovered_is_told_so() {
    let unlisted =
        |world: World| [M, A].into_iter().fold(world, |w, id| becomes(w, id, "agreementsKnown", json!(false)));
    let (_, between) = made(&unlisted(world()), &[terminate(ORG), accept(ORG)]);
    assert!(!between.is_empty() && between.iter().all(|gap| gap.perhaps), "D16: {between:?}");
    let (_, between) = made(&world(), &[terminate(ORG), accept(ORG)]);
    assert!(!between.is_empty() && between.iter().all(|gap| !gap.perhaps), "{between:?}");
    let (advice, _) = made(&unlisted(own(world(), A, Some(UNTIL))), &[leave(A)]);
    assert!(advice.iter().filter(|a| a.before.is_some()).all(|a| a.perhaps), "{advice:?}");
    let (advice, _) = made(&own(world(), A, Some(UNTIL)), &[leave(A)]);
    assert!(advice.iter().all(|a| !a.perhaps) && advice.iter().any(|a| a.before.is_some()), "{advice:?}");
}

/// R42: an organization that was deleted is told to be, whatever is to be made to it.
#[test]
fn an_organization_that_was_deleted_is_told_to_be() {
    let refused = |world: &World, changes: &[Change]| match apply(&world.load(), &RULES, changes, at(AT)) {
        Err(failure) => words(&failure),
        Ok(_) => panic!("{changes:?} is made"),
    };
    let other = world().accepted("OtherBaa12345678", "baa", "organization", OTHER, "2022-01-01", None);
    let by_id = || Change::Terminate { of: "customer-agreement-OtherBaa12345678".to_owned(), kind: None };
    let gone =
        becomes(becomes(other.clone(), OTHER, "deletedAt", json!("2026-01-01")), OTHERS, "memberships", json!([]));
    let mut gone = gone;
    gone.entities.iter_mut().filter(|e| e["uid"] == OTHERS).for_each(|e| e["parents"] = json!([]));
    for change in [accept(OTHER), terminate(OTHER), by_id(), delete(OTHER), join(B, OTHER)] {
        let told = refused(&other, &[delete(OTHER), change.clone()]);
        assert!(told.contains("o-otherorgid0 was deleted"), "{told}");
        let told = refused(&gone, std::slice::from_ref(&change));
        assert!(told.contains("o-otherorgid0 was deleted"), "{told}");
    }
}

/// A change that changes nothing is an error, as a second acceptance is.
#[test]
fn what_changes_nothing_is_refused() {
    let becomes_so = |becomes: Becomes| Change::Organization { organization: ORG.to_owned(), becomes };
    let moved = Change::Move { account: A.to_owned(), to: ORG.to_owned() };
    let assign = Change::Assign { to: "u-maria".to_owned(), set: "Legal".to_owned(), account: M.to_owned() };
    let world = world()
        .entity(json!({"uid": "PermissionSet::\"Legal\"", "attrs": {"policies": [FULL], "assignments": [{"user": "u-maria", "accounts": [M]}]}}))
        .entity(json!({"uid": "IdentityCenterUser::\"u-maria\"", "attrs": {"userName": "maria"}}));
    for change in [becomes_so(Becomes::AllFeatures), becomes_so(Becomes::SetUp), moved, assign] {
        assert!(apply(&world.load(), &RULES, std::slice::from_ref(&change), at(AT)).is_err(), "{change}");
    }
    let lost = becomes_so(Becomes::WithoutServiceRole);
    assert!(apply(&world.load(), &RULES, std::slice::from_ref(&lost), at(AT)).is_ok());
    assert!(apply(&world.load(), &RULES, &[lost.clone(), lost.clone()], at(AT)).is_err());
    assert!(apply(&world.load(), &RULES, &[lost, becomes_so(Becomes::SetUp)], at(AT)).is_ok());
}
