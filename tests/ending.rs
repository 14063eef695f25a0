//! Who can end coverage and how: each way with its gates, what comes of it, and what stays unknown.

use countersign::report::ending::number;
use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::{Filter, Options, assess};
use countersign_core::ending::{Effect, Ending, Found, Way, endings};
use countersign_core::inventory::Inventory;
use countersign_core::terms::{Departing, Scope};
use serde_json::{Value, json};

use crate::common::*;

const AT: &str = "2026-11-01";

fn world() -> World {
    World::organization()
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
        .user(A, "member", json!([ADMIN]))
        .user(M, "legal", json!([allows(&["artifact:*", "organizations:DescribeOrganization"])]))
        .user(M, "platform", json!([allows(&["organizations:*"])]))
}

fn found(world: &World, accounts: &[&str]) -> Vec<Ending> {
    all(world, accounts).endings
}

fn way<'e>(endings: &'e [Ending], account: &str, operation: &str, scope: Option<Scope>) -> &'e Way {
    let ending = endings.iter().find(|e| e.account == account).unwrap_or_else(|| panic!("{account} is covered"));
    ending.ways.iter().find(|w| w.operation == operation && w.scope == scope).unwrap_or_else(|| panic!("{operation}"))
}

fn names(way: &Way) -> (Vec<&str>, Vec<&str>) {
    let may = way.may.iter().map(|p| p.name.as_str()).collect();
    (may, way.unknown.iter().map(|p| p.principal.name.as_str()).collect())
}

#[test]
fn a_member_covered_by_its_organization_loses_all_cover_in_each_way() {
    let found = found(&world(), &[A]);
    assert_eq!(found.len(), 1);
    let terminate = way(&found, A, "terminate-agreement", Some(Scope::Organization));
    assert_eq!((terminate.by.as_str(), terminate.effect), (M, Effect::Uncovered));
    assert_eq!(names(terminate).0, ["root", "legal"], "R34");
    // whether the account can stand alone is in no inventory: never an allow
    let leave = way(&found, A, "leave-organization", None);
    assert_eq!((leave.by.as_str(), leave.effect), (A, Effect::Uncovered));
    assert_eq!(names(leave), (vec![], vec!["root", "member"]), "R51");
    assert!(leave.unknown[0].reason.as_ref().unwrap().contains("standalone account"));
    let invited = way(&found, A, "accept-invitation", None);
    assert_eq!(names(invited), (vec![], vec!["root", "member"]));
    let removed = way(&found, A, "remove-account", None);
    assert_eq!(removed.by, M);
    assert_eq!(names(removed), (vec![], vec!["root", "platform"]));
    let closed = way(&found, A, "close-account", None);
    assert_eq!((names(closed).0, closed.effect), (vec!["root", "platform"], Effect::DepartsLater), "D14");
}

#[test]
fn an_account_with_its_own_agreement_falls_back_to_it() {
    let own = world().accepted("OwnBaa1234567890", "baa", "account", A, "2023-01-01", None);
    let found = found(&own, &[A]);
    assert_eq!(way(&found, A, "leave-organization", None).effect, Effect::OwnAgreement, "R50");
    assert_eq!(way(&found, A, "terminate-agreement", Some(Scope::Organization)).effect, Effect::OwnAgreement, "R49");
    assert!(!found[0].ways.iter().any(|w| w.scope == Some(Scope::Account)), "its own does not govern (R48)");
}

#[test]
fn service_control_policies_protect_members_and_not_the_management_account() {
    let deny = policy(
        json!([{"Effect": "Deny", "Action": ["organizations:LeaveOrganization", "organizations:AcceptHandshake"], "Resource": "*"}]),
    );
    let protected = World::new()
        .org(json!({"serviceControlPolicies": ["arn:aws:organizations::aws:policy/service_control_policy/FullAWSAccess", deny]}))
        .account(M, json!({}), &[ORG])
        .account(A, json!({}), &[ORG])
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
        .user(A, "member", json!([ADMIN]));
    let found = found(&protected, &[A, M]);
    assert_eq!(names(way(&found, A, "leave-organization", None)), (vec![], vec![]));
    assert_eq!(names(way(&found, A, "accept-invitation", None)), (vec![], vec![]), "it is an action of its own");
    assert_eq!(names(way(&found, A, "remove-account", None)).1, ["root"], "D12");
}

#[test]
fn a_policy_that_names_one_member_lets_remove_that_one_alone() {
    let resource = format!("arn:aws:organizations::{M}:account/{ORG}/{A}");
    let only = policy(
        json!([{"Effect": "Allow", "Action": "organizations:RemoveAccountFromOrganization", "Resource": resource}]),
    );
    let world = world().account(B, json!({}), &[ORG]).user(M, "remover", json!([only]));
    let found = found(&world, &[A, B]);
    assert!(names(way(&found, A, "remove-account", None)).1.contains(&"remover"));
    assert!(!names(way(&found, B, "remove-account", None)).1.contains(&"remover"));
}

#[test]
fn an_organization_is_deleted_after_its_last_member_has_left() {
    let alone_in = |attrs: Value| {
        let world = World::new().org(attrs).account(M, json!({}), &[ORG]);
        world.accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
    };
    let alone = alone_in(json!({}));
    let deleted = found(&alone, &[M]);
    let delete = way(&deleted, M, "delete-organization", None);
    assert_eq!((names(delete).0, delete.effect), (vec!["root"], Effect::Uncovered));
    let with_members = found(&world(), &[M]);
    assert_eq!(names(way(&with_members, M, "delete-organization", None)), (vec![], vec![]));
    // whether an account whose organization is unknown is a member is unknown
    let perhaps = alone.account(A, json!({"membershipsKnownSince": "9999-12-31"}), &[]);
    let perhaps = found(&perhaps, &[M]);
    assert_eq!(names(way(&perhaps, M, "delete-organization", None)), (vec![], vec!["root"]));
    // as is whether one that was not listed is
    let unlisted = found(&alone_in(json!({"accountsKnown": false})), &[M]);
    assert_eq!(names(way(&unlisted, M, "delete-organization", None)), (vec![], vec!["root"]));
}

/// R51, D14: where there is no member, nobody removes or closes one, and where that is not known it is unknown.
#[test]
fn nobody_removes_or_closes_a_member_where_there_is_none() {
    let decided = |world: &World| {
        let ask = |operation: &str| {
            let filter = Filter { operations: vec![operation.to_owned()], ..Filter::default() };
            let options = Options { at: at(AT), snapshot: at(AT), filter, ..Options::default() };
            let answers = Answers(serde_json::to_value(assess(&world.load(), &RULES, &options).unwrap()).unwrap());
            let root = format!("arn:aws:iam::{M}:root");
            let all = answers.operations(&root).iter().filter(|o| o["operation"] == *operation);
            let all: Vec<String> = all.map(|o| o["decision"].as_str().unwrap().to_owned()).collect();
            all.join(" ")
        };
        ["remove-account", "close-account"].map(ask)
    };
    let alone = |attrs: Value| World::new().org(attrs).account(M, json!({}), &[ORG]);
    assert_eq!(decided(&alone(json!({}))), ["deny", "deny"]);
    assert_eq!(decided(&alone(json!({"accountsKnown": false}))), ["unknown", "unknown"]);
    let perhaps = alone(json!({})).account(A, json!({"membershipsKnownSince": "9999-12-31"}), &[]);
    assert_eq!(decided(&perhaps), ["unknown", "unknown"]);
    let member = |attrs: Value| alone(attrs).account(A, json!({}), &[ORG]);
    assert_eq!(decided(&member(json!({}))), ["unknown", "allow"], "whether it can stand alone is unknown");
    assert_eq!(decided(&member(json!({"accountsKnown": false}))), ["unknown", "allow"]);
}

/// D26: nobody does anything in the console of a suspended account, and whether one can in an account that is being closed is unknown.
#[test]
fn nobody_departs_from_an_account_that_is_not_active() {
    let organization = |state: &str| {
        let world =
            World::new().org(json!({})).account(M, json!({}), &[ORG]).account(A, json!({"state": state}), &[ORG]);
        let world = world.accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None);
        // what an account needs before it leaves is not in an inventory: leaving is never more than unknown
        names(way(&found(&world, &[A]), A, "leave-organization", None)).1.len()
    };
    assert_eq!(
        ["ACTIVE", "SUSPENDED", "CLOSED", "PENDING_ACTIVATION", "PENDING_CLOSURE"].map(organization),
        [1, 0, 0, 0, 1]
    );
}

fn on(effect: &str, action: &str, resource: Value) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": resource})
}

/// R41: the invitation of whichever organization ends the membership, and one is enough.
#[test]
fn who_may_accept_the_invitation_of_one_organization_alone_may_depart() {
    const HANDSHAKE: &str = "organizations:AcceptHandshake";
    let of = |organization: &str| format!("arn:aws:organizations::999999999999:handshake/{organization}/invite/h-*");
    let user = |statements: Value| {
        let found = found(&world().user(A, "invited", json!([policy(statements)])), &[A]);
        let way = way(&found, A, "accept-invitation", None);
        let perhaps = way.unknown.iter().find(|p| p.principal.name == "invited").map(|p| p.on.clone());
        (perhaps, way.may.len())
    };
    let one = of("o-aaaaaaaaaa");
    // whether there is an invitation is in no inventory: never an allow
    assert_eq!(user(json!([on("Allow", HANDSHAKE, json!(one))])), (Some(vec![one.clone()]), 0));
    let exact = "arn:aws:organizations::999999999999:handshake/o-aaaaaaaaaa/invite/h-0123456789";
    assert_eq!(user(json!([on("Allow", HANDSHAKE, json!(exact))])).0, Some(vec![exact.to_owned()]));
    assert_eq!(user(json!([on("Allow", HANDSHAKE, json!("*"))])).0, Some(vec![]), "all of them");
    // a denial of one leaves the others
    let but = json!([on("Allow", HANDSHAKE, json!("*")), on("Deny", HANDSHAKE, json!(one))]);
    assert!(user(but).0.is_some());
    // of all that are allowed, nothing is left
    let none = json!([on("Allow", HANDSHAKE, json!(one)), on("Deny", HANDSHAKE, json!(of("*")))]);
    assert_eq!(user(none).0, None);
    // an invitation to the organization that it is in, or a handshake of another kind, ends nothing
    assert_eq!(user(json!([on("Allow", HANDSHAKE, json!(of(ORG)))])).0, None);
    let features = "arn:aws:organizations::999999999999:handshake/o-aaaaaaaaaa/enable_all_features/h-*";
    assert_eq!(user(json!([on("Allow", HANDSHAKE, json!(features))])).0, None);
    let gov = one.replace("arn:aws:", "arn:aws-us-gov:");
    assert_eq!(user(json!([on("Allow", HANDSHAKE, json!(gov))])).0, None);
    // all but one
    let all_but = json!([{"Effect": "Allow", "Action": HANDSHAKE, "NotResource": one}]);
    assert!(user(all_but).0.is_some());
    let condition = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let depends = json!([{"Effect": "Allow", "Action": HANDSHAKE, "Resource": one, "Condition": condition}]);
    assert_eq!(user(depends).0, Some(vec![one]));
}

/// D19: either of two acceptances covers, and each is terminated by itself.
#[test]
fn who_may_terminate_one_of_several_acceptances_ends_what_that_one_covers() {
    let one = format!("arn:aws:artifact::{A}:customer-agreement/customer-agreement-Own0000000000002");
    let grants = |resource: Value| {
        let all = [
            on("Allow", "artifact:TerminateAgreement", resource.clone()),
            on("Allow", "artifact:GetCustomerAgreement", resource),
        ];
        json!([policy(json!(all))])
    };
    let world = World::new()
        .account(A, json!({}), &[])
        .accepted("Own0000000000001", "baa", "account", A, "2022-01-01", None)
        .accepted("Own0000000000002", "baa", "account", A, "2023-01-01", None)
        .user(A, "one", grants(json!(one)))
        .user(A, "all", grants(json!("*")));
    let found = found(&world, &[A]);
    let terminating = found[0].ways.iter().filter(|w| w.operation == "terminate-agreement");
    let last = |id: &String| id.chars().last().unwrap();
    let ways: Vec<(String, Vec<&str>, Effect)> =
        terminating.map(|w| (w.acceptances.iter().map(last).collect(), names(w).0, w.effect)).collect();
    assert_eq!(
        ways,
        [
            ("1".to_owned(), vec!["root", "all"], Effect::OwnAgreement),
            ("2".to_owned(), vec!["root", "all", "one"], Effect::OwnAgreement),
            ("12".to_owned(), vec!["root", "all"], Effect::Uncovered),
        ]
    );
    // whoever may terminate one of them may terminate, and it is told which
    let answers = world.now();
    let answer = answers.operations(&user(A, "one")).iter().find(|o| {
        (o["operation"].as_str(), o["scope"].as_str(), o["agreement"].as_str())
            == (Some("terminate-agreement"), Some("account"), Some("baa"))
    });
    let answer = answer.unwrap();
    assert_eq!(answer["decision"], "allow");
    assert_eq!(answer["each"]["customer-agreement-Own0000000000001"], "deny");
    assert_eq!(answer["each"]["customer-agreement-Own0000000000002"], "allow");
}

/// D14: closing leads to departure, on a date that is not known, and does nothing else.
#[test]
fn a_member_is_closed_by_its_management_account_and_by_its_own_root_user() {
    let found = found(&world().user(A, "closer", json!([allows(&["account:CloseAccount"])])), &[A, M]);
    let own = way(&found, A, "close-own-account", None);
    assert_eq!((own.by.as_str(), names(own), own.effect), (A, (vec!["root"], vec![]), Effect::DepartsLater));
    assert!(!found.iter().any(|e| e.account == M && e.ways.iter().any(|w| w.operation.starts_with("close"))));
    // D12: service control policies bind the root user of a member
    let deny = policy(json!([on("Deny", "account:CloseAccount", json!("*"))]));
    let mut denied = world();
    denied.entities.iter_mut().filter(|e| e["uid"] == ORG).for_each(|e| {
        e["attrs"]["serviceControlPolicies"] =
            json!(["arn:aws:organizations::aws:policy/service_control_policy/FullAWSAccess", deny]);
    });
    let found = self::found(&denied, &[A]);
    assert_eq!(names(way(&found, A, "close-own-account", None)), (vec![], vec![]));
    assert_eq!(names(way(&found, A, "close-account", None)).0, ["root", "platform"]);
}

#[test]
fn a_member_that_is_closed_departs_by_itself() {
    for (state, departing, closed_by, unknown) in [
        ("ACTIVE", None, 1, 0),
        ("CLOSED", Some(Departing::Closed), 0, 0),
        ("PENDING_CLOSURE", Some(Departing::Closing), 0, 0),
        ("SUSPENDED", Some(Departing::PerhapsClosed), 0, 1),
    ] {
        let world =
            World::new().org(json!({})).account(M, json!({}), &[ORG]).account(A, json!({"state": state}), &[ORG]);
        let found = found(&world.accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None), &[A]);
        assert_eq!(found[0].departing, departing, "{state}");
        let (may, perhaps) = names(way(&found, A, "close-account", None));
        assert_eq!((may.len(), perhaps.len()), (closed_by, unknown), "{state}");
    }
    let alone = World::new().account(A, json!({"state": "CLOSED"}), &[]);
    let found = found(&alone.accepted("Own1234567890123", "baa", "account", A, "2022-01-01", None), &[A]);
    assert_eq!(found[0].departing, None, "it is in no organization");
}

#[test]
fn an_offline_designation_is_removed_by_administrators_and_is_unknown_for_others() {
    // D21
    let world = World::new()
        .account(A, json!({}), &[])
        .offline(json!([{"account": A, "from": "2020-01-01"}]))
        .user(A, "admin", json!([ADMIN]))
        .user(A, "clerk", json!([allows(&["artifact:TerminateAgreement"])]));
    let found = found(&world, &[A]);
    let removed = way(&found, A, "remove-offline-designation", Some(Scope::Offline));
    assert_eq!(names(removed), (vec!["root", "admin"], vec!["clerk"]));
    assert_eq!(removed.effect, Effect::Uncovered, "R74");
}

#[test]
fn ways_to_depart_are_asked_by_name_alone() {
    let answers = world().now();
    let asked = |name: &str| answers.operations(&user(A, "member")).iter().any(|o: &Value| o["operation"] == name);
    assert!(asked("accept-agreement") && !asked("leave-organization") && !asked("remove-account"));
    // not covered, nothing to end
    assert!(found(&World::new().account(A, json!({}), &[]), &[A]).is_empty());
}

/// Everything that `who-can end-coverage` is asked, of everyone who may be there.
fn all(world: &World, accounts: &[&str]) -> Found {
    let folder = world.folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let mut options = Options { at: at(AT), snapshot: at(AT), ..Options::default() };
    options.filter.accounts = accounts.iter().map(|a| (*a).to_owned()).collect();
    endings(&inventory, &RULES, &options, "baa").unwrap()
}

/// In which account, and what they could do.
fn unseen(found: &Found) -> Vec<(&str, Vec<&str>)> {
    let operations = |o: &Others| o.operations.iter().map(|o| o.operation).collect();
    found.others.iter().map(|o| (o.account.as_deref().unwrap_or_default(), operations(o))).collect()
}

#[test]
fn those_who_are_not_listed_may_end_it() {
    // D31: the account's own agreement, and a group of which one member is listed
    let legal = |group: Value| {
        let ends = allows(&["artifact:TerminateAgreement", "artifact:GetCustomerAgreement"]);
        World::new()
            .account(A, json!({}), &[])
            .accepted("Own1234567890123", "baa", "account", A, "2024-01-01", None)
            .entity(json!({"uid": "IdentityCenterGroup::\"g-legal\"", "attrs": group}))
            .entity(
                json!({"uid": "IdentityCenterUser::\"u-lena\"", "attrs": {"userName": "lena"}, "parents": ["g-legal"]}),
            )
            .entity(json!({"uid": "PermissionSet::\"L\"", "attrs": {"policies": [ends],
                "assignments": [{"group": "g-legal", "accounts": [A]}]}}))
    };
    assert!(all(&legal(json!({})), &[]).others.is_empty());
    let open = legal(json!({"membersKnown": false}));
    for accounts in [vec![], vec![A]] {
        assert_eq!(unseen(&all(&open, &accounts)), [(A, vec!["terminate-agreement"])]);
    }
    let instance = json!({"uid": "IdentityCenterInstance::\"ssoins-1\"", "attrs": {"groupsKnown": false}});
    assert_eq!(unseen(&all(&legal(json!({})).entity(instance), &[])).len(), 1);
}

/// Of a member's coverage, it is the management account that acts: its principals are asked about whichever account is.
#[test]
fn the_account_that_acts_is_asked_about() {
    let mut world = world();
    world.entities.iter_mut().filter(|e| e["uid"] == M).for_each(|e| e["attrs"]["principalsKnown"] = json!(false));
    let found = all(&world, &[A]);
    assert_eq!(unseen(&found), [(M, vec!["close-account", "remove-account", "terminate-agreement"])]);
    let kinds: Vec<_> = found.others[0].operations.iter().filter_map(|o| o.agreement.as_deref()).collect();
    assert!(kinds.iter().all(|k| *k == "baa"), "{kinds:?}");
}

/// Nobody knows who comes from an identity provider.
#[test]
fn who_stands_behind_a_role_that_can_end_it_is_told() {
    let provider = format!("arn:aws:iam::{A}:saml-provider/C");
    let trust =
        policy(json!([{"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithSAML"}]));
    let ends = allows(&["artifact:TerminateAgreement", "artifact:GetCustomerAgreement"]);
    let role = format!("arn:aws:iam::{A}:role/ends");
    let world = World::new()
        .account(A, json!({}), &[])
        .accepted("Own1234567890123", "baa", "account", A, "2024-01-01", None)
        .entity(json!({"uid": role, "attrs": {"policies": [ends], "trustPolicy": trust}}));
    let found = all(&world, &[]);
    let others: Vec<&str> = found.roles[&role].others.iter().map(|o| o.who.as_str()).collect();
    assert_eq!(others, [format!("the identity provider {provider}")]);
    let text =
        countersign::report::ending::text(90, ("baa", AT), (&found.endings, &found.roles), &[], &found.others, &number);
    assert!(text.contains("people unknown: the identity provider"), "{text}");
}

/// What would be ignored is refused.
#[test]
fn options_that_do_not_go_with_it_are_refused() {
    let folder = world().folder();
    for option in [["--scope", "account"], ["--report", "soc"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
        let output = command.args(["who-can", "end-coverage"]).arg(folder.path()).args(option).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(&format!("{} does not go with end-coverage", option[0])), "{told}");
    }
}

/// R39, D8: the console asks who may describe the organization, and IAM does not ask it of the call.
#[test]
fn whom_iam_lets_make_the_call_is_told_where_the_console_does_not_let_them() {
    let terminates = &["artifact:TerminateAgreement", "artifact:GetCustomerAgreement"];
    let guarded = policy(json!([{"Effect": "Allow", "Action": terminates, "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]));
    let world = world().user(M, "calls", json!([allows(terminates)])).user(M, "perhaps", json!([guarded])).user(
        M,
        "reads",
        json!([allows(&["artifact:GetCustomerAgreement", "organizations:DescribeOrganization"])]),
    );
    let found = all(&world, &[A]);
    let terminate = way(&found.endings, A, "terminate-agreement", Some(Scope::Organization));
    assert_eq!(names(terminate), (vec!["root", "legal"], vec![]));
    let by_the_call: Vec<&str> = terminate.by_the_call.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(by_the_call, ["calls", "perhaps"]);
    assert!(
        found.endings[0].ways.iter().filter(|w| w.operation != "terminate-agreement").all(|w| w.by_the_call.is_empty())
    );
    let folder = world.folder();
    let text = run_in(folder.path(), &["who-can", "end-coverage", "--account", A, "--at", AT]);
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains("Perhaps can: calls of account 111111111111, perhaps of account"), "{plain}");
    assert!(plain.contains("IAM lets them make the call itself"), "{plain}");
    let table = run_in(folder.path(), &["who-can", "end-coverage", "--account", A, "--at", AT, "--format", "csv"]);
    assert!(table.lines().any(|l| l.contains("unknown") && l.contains("user/calls")), "{table}");
    let json = run_in(folder.path(), &["who-can", "end-coverage", "--account", A, "--at", AT, "--format", "json"]);
    assert_eq!(
        schema_errors("end-coverage.v1.schema.json", &serde_json::from_str(&json).unwrap()),
        Vec::<String>::new()
    );
    // of the management account, whoever the call lets is listed as well
    let listed = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["generate", "protect-agreements"])
        .arg(folder.path())
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stderr).unwrap();
    assert!(listed.contains("user calls of 111111111111 (perhaps, by the call itself"), "{listed}");
}

/// Why nobody can go a way is what stops the root user.
#[test]
fn why_nobody_can_is_told() {
    let deletes = way(&found(&world(), &[M]), M, "delete-organization", None).why_nobody.clone();
    assert_eq!(deletes.len(), 1);
    assert!(deletes[0].contains("cannot be deleted while it has members"), "{deletes:?}");
    let deny = policy(json!([on("Deny", "organizations:LeaveOrganization", json!("*"))]));
    let mut denied = world();
    denied.entities.iter_mut().filter(|e| e["uid"] == ORG).for_each(|e| {
        e["attrs"]["serviceControlPolicies"] =
            json!(["arn:aws:organizations::aws:policy/service_control_policy/FullAWSAccess", deny]);
    });
    let found = self::found(&denied, &[A]);
    let leave = way(&found, A, "leave-organization", None);
    assert!(
        leave.why_nobody[0].contains("Statement[0]") && leave.why_nobody[0].contains(ORG),
        "{:?}",
        leave.why_nobody
    );
    assert!(way(&found, A, "remove-account", None).why_nobody.is_empty(), "some perhaps can");
    let text = countersign::report::ending::text(500, ("baa", AT), (&found, &Default::default()), &[], &[], &number);
    assert!(
        text.contains("nobody   of those who are listed: its policies do not allow this account to leave"),
        "{text}"
    );
}

/// A list that is filed has everyone.
#[test]
fn everyone_who_can_is_named() {
    let mut world = world();
    for n in 0..12 {
        world = world.user(M, &format!("legal{n}"), json!([ADMIN]));
    }
    let found = found(&world, &[A]);
    let text = countersign::report::ending::text(90, ("baa", AT), (&found, &Default::default()), &[], &[], &number);
    let terminate: String =
        text.split("terminate-agreement").nth(1).unwrap().split("leave-organization").next().unwrap().to_owned();
    assert!((0..12).all(|n| terminate.contains(&format!("legal{n}"))), "{terminate}");
    assert!(!text.contains(" more"), "{text}");
}

/// AWS Organizations closes members of an organization with all features alone.
#[test]
fn an_organization_without_all_features_closes_no_member() {
    let of = |attrs: Value| {
        let world = World::new().entity(json!({"uid": ORG, "attrs": attrs})).account(M, json!({}), &[ORG]);
        let world = world.account(A, json!({}), &[ORG]);
        let found = found(&world.accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None), &[A]);
        let closes = way(&found, A, "close-account", None);
        let own = way(&found, A, "close-own-account", None);
        assert_eq!(names(own).0, ["root"], "its own root user closes it from within");
        (closes.may.len(), closes.unknown.len(), closes.why_nobody.clone())
    };
    let organization = |features: &str| of(json!({"featureSet": features, "managementAccount": M}));
    assert_eq!(organization("ALL"), (1, 0, vec![]));
    let (may, unknown, why) = organization("CONSOLIDATED_BILLING");
    assert_eq!((may, unknown), (0, 0));
    assert!(why[0].contains("only with all features enabled"), "{why:?}");
    // D16: where it is not declared, it is unknown
    let (may, unknown, _) = of(json!({"managementAccount": M}));
    assert_eq!((may, unknown), (0, 1));
}

/// An account is called by its name and number wherever it is named.
#[test]
fn accounts_are_named_with_their_numbers() {
    let mut world = world();
    world.entities.iter_mut().filter(|e| e["uid"] == M).for_each(|e| e["attrs"]["name"] = json!("management"));
    let folder = world.folder();
    let text = run_in(folder.path(), &["who-can", "end-coverage", "--account", A, "--at", AT]);
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains(&format!("terminate-agreement (organization) in management ({M}): uncovered")), "{plain}");
    assert!(plain.contains(&format!("may root user of management ({M}), user legal of management ({M})")), "{plain}");
}

/// What comes of a way is the same whether it is asked of one account or of all together, which is cheaper.
#[test]
fn accounts_are_asked_together_as_each_is_by_itself() {
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mutation")).unwrap();
    let mut folders: Vec<_> = folders.map(|f| f.unwrap().path()).filter(|f| f.is_dir()).collect();
    folders.push(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hospital").into());
    let mut told = 0;
    for folder in folders {
        let source = countersign_core::source::Folder::new(&folder);
        let inventory = Inventory::load(&source, SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
        let ask = |accounts: Vec<String>| {
            let filter = Filter { accounts, ..Filter::default() };
            let options = Options { at: at(AT), snapshot: at(AT), filter, ..Options::default() };
            endings(&inventory, &RULES, &options, "baa").unwrap().endings
        };
        let effects =
            |ending: &Ending| ending.ways.iter().map(|w| (w.operation, w.scope, w.effect)).collect::<Vec<_>>();
        for ending in ask(Vec::new()) {
            let [alone] = ask(vec![ending.account.clone()]).try_into().unwrap();
            assert_eq!(effects(&ending), effects(&alone), "{} of {}", ending.account, folder.display());
            told += ending.ways.len();
        }
    }
    assert!(told > 100, "{told}");
}
