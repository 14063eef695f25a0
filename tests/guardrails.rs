//! Guardrails: what they forbid, to whom, and when they are proved.

use crate::common::*;
use countersign_core::assessment::Options;
use countersign_core::assessments::Assessments;
use countersign_core::guardrails::{By, GuardrailResult, GuardrailState, Guardrails, shipped};
use countersign_core::inventory::Inventory;
use countersign_core::policies::GUARDRAILS;
use countersign_core::problem::{Failure, Problem};
use countersign_core::terms::PrincipalKind;
use serde_json::json;

fn outcomes(world: &World) -> Result<Vec<GuardrailResult>, Failure> {
    let folder = world.folder();
    let inventory = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone())?;
    let guardrails = Guardrails::read(&Folder::new(folder.path()), &inventory, &SCHEMA)?.unwrap();
    let at = at("2026-11-01");
    let options = Options { at, snapshot: at, context: inventory.config.context.clone(), ..Options::default() };
    guardrails.check(&Assessments::new(&inventory, &RULES), &options)
}

/// The outcome of the one guardrail that is on.
fn outcome(world: &World) -> GuardrailResult {
    let mut all = outcomes(world).unwrap_or_else(|f| panic!("{}", words(&f)));
    assert_eq!(all.len(), 1);
    all.pop().unwrap()
}

fn on(world: World, id: &str) -> GuardrailResult {
    outcome(&world.file("countersign.toml", format!("[guardrails]\non = [\"{id}\"]\n")))
}

fn own(world: World, text: &str) -> GuardrailResult {
    outcome(&world.file("guardrails/own.cedar", text))
}

fn guardrail(rest: &str) -> String {
    format!("@id(\"own\") @message(\"is not to\")\nforbid (principal, {rest};")
}

/// Who breaks it, and how.
fn broken(outcome: &GuardrailResult) -> Vec<(By, &str)> {
    outcome.violations.iter().map(|v| (v.by, v.name.as_str())).collect()
}

const NO_ROOT: &str = r#"[{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": ["artifact:AcceptAgreement", "artifact:TerminateAgreement"], "Resource": "*"}]"#;

/// An organization whose policies deny accepting and terminating to everyone in members.
fn closed() -> World {
    let policy = policy(serde_json::from_str(NO_ROOT).unwrap());
    World::new().org(json!({"serviceControlPolicies": [policy]})).account(M, json!({}), &[ORG]).account(
        A,
        json!({}),
        &[ORG],
    )
}

#[test]
fn each_that_is_shipped_is_broken_and_proved() {
    assert_eq!(on(World::organization(), "no-member-root").outcome, GuardrailState::Violated);
    assert_eq!(on(closed(), "no-member-root").outcome, GuardrailState::Proved);
    assert_eq!(on(World::organization(), "no-account-agreements-in-members").outcome, GuardrailState::Violated);
    assert_eq!(on(closed(), "no-account-agreements-in-members").outcome, GuardrailState::Proved);
    let user_of = |policy: &str| closed().user(M, "a", json!([policy]));
    assert_eq!(broken(&on(user_of(ADMIN), "no-iam-users")), [(By::Grant, "a")]);
    assert_eq!(
        on(user_of("arn:aws:iam::aws:policy/AWSArtifactReportsReadOnlyAccess"), "no-iam-users").outcome,
        GuardrailState::Proved
    );
    // the root of the management account may do everything
    assert_eq!(broken(&on(closed(), "only-legal-binds")), [(By::Grant, "root")]);
    assert_eq!(broken(&on(closed(), "separation-of-duties")), [(By::Grant, "root")]);
    let one = |action: &str| allows(&["artifact:Get*", "artifact:DownloadAgreement", "artifact:AcceptNda*", action]);
    let apart = closed().user(M, "a", json!([one("artifact:AcceptAgreement")])).user(
        M,
        "b",
        json!([one("artifact:TerminateAgreement")]),
    );
    assert_eq!(broken(&on(apart, "separation-of-duties")), [(By::Grant, "root")]);
    assert_eq!(GUARDRAILS.len(), shipped().unwrap().len());
    assert!(
        shipped().unwrap().iter().all(|(_, p)| p.annotation("rule").is_some() && p.annotation("severity").is_some())
    );
}

#[test]
fn groups_of_iam_and_people_of_identity_center() {
    let group =
        |name: &str| json!({"uid": format!("Group::\"arn:aws:iam::{M}:group/{name}\""), "attrs": {"policies": [FULL]}});
    let member =
        |of: &str, name: &str| json!({"uid": user(M, name), "parents": [format!("arn:aws:iam::{M}:group/{of}")]});
    let world = closed()
        .entity(group("legal"))
        .entity(group("ops"))
        .entity(member("legal", "lena"))
        .entity(member("ops", "otto"));
    let broken_by = on(world.clone(), "only-legal-binds");
    let names: Vec<&str> = broken_by.violations.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["root", "otto"]);
    // the same, by the entity of the group
    let legal = guardrail(&format!(
        "action == Artifact::Action::\"may-accept-agreement\", resource) unless {{ principal is Artifact::Root || principal in Artifact::Group::\"arn:aws:iam::{M}:group/legal\" }}"
    ));
    assert_eq!(broken(&own(world, &legal)), [(By::Grant, "otto")]);

    let person = |name: &str, groups: &[&str]| json!({"uid": format!("IdentityCenterUser::\"u-{name}\""), "attrs": {"userName": name}, "parents": groups});
    let centre =
        |name: &str| json!({"uid": format!("IdentityCenterGroup::\"g-{name}\""), "attrs": {"displayName": name}});
    let set = json!({"uid": "PermissionSet::\"Binding\"", "attrs": {"policies": [FULL], "assignments": [
        {"group": "g-legal", "accounts": [M]}, {"group": "g-ops", "accounts": [M]}, {"group": "g-empty", "accounts": [M]}, {"user": "u-uma", "accounts": [M]}]}});
    let world = ["legal", "ops", "empty"].iter().fold(closed(), |w, g| w.entity(centre(g)));
    let world = world
        .entity(person("lena", &["g-legal"]))
        .entity(person("otto", &["g-ops"]))
        .entity(person("both", &["g-ops", "g-legal"]));
    let world = world.entity(person("uma", &[])).entity(set);
    let found = on(world.clone(), "only-legal-binds");
    let set = found.violations.iter().find(|v| v.kind == PrincipalKind::PermissionSet).unwrap();
    assert_eq!(set.people, ["group empty", "otto", "uma"]);
    let person = guardrail(
        "action in Artifact::Action::\"may\", resource) when { context has person && context.person == Artifact::IdentityCenterUser::\"u-uma\" }",
    );
    let found = own(world, &person);
    assert!(found.violations.iter().all(|v| v.people == ["uma"]) && !found.violations.is_empty());
}

/// Whoever may become a role is not known where its trust policy is not: root users become none, and the role acts in its own account.
#[test]
fn who_is_not_known_breaks_only_what_they_could() {
    let role = |account: &str| {
        let uid = format!("Role::\"arn:aws:iam::{account}:role/deploy\"");
        closed().entity(json!({"uid": uid, "attrs": {"policies": [ADMIN]}}))
    };
    assert_eq!(on(role(M), "no-member-root").outcome, GuardrailState::Proved);
    let state = |world: World, rest: &str| {
        let text = guardrail(&format!("action == Artifact::Action::\"may-accept-agreement\", resource) {rest}"));
        let found = own(world, &text);
        let by_role = found.violations.iter().filter(|v| v.kind == PrincipalKind::Role).count();
        (found.outcome, by_role)
    };
    let about = |who: &str| format!("when {{ {who} }} when {{ context.role == \"member\" }}");
    let name = "context.name == \"deploy\"";
    // in the management account none of these is about the role, whoever stands at it
    for who in [name, "principal is Artifact::User", "!(context.groups.contains(\"legal\"))"] {
        assert_eq!(state(role(M), &about(who)).1, 0, "{who}");
        let there = about(who).replace("member", "management");
        let (outcome, by_role) = state(role(M), &there);
        let certain =
            if who == "principal is Artifact::User" { GuardrailState::Unknown } else { GuardrailState::Violated };
        assert_eq!((outcome, by_role > 0), (certain, true), "{who}");
    }
    // a condition on the account beside one on who acts: either may make it forbid
    let either = format!("when {{ {name} || context.role == \"member\" }}");
    assert!(state(role(M), &either).1 > 0);
}

#[test]
fn what_is_not_known_is_not_proved() {
    let mfa = policy(
        json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]),
    );
    let accept = guardrail(
        "action == Artifact::Action::\"may-accept-agreement\", resource) when { principal is Artifact::User }",
    );
    let found = own(closed().user(M, "a", json!([mfa])), &accept);
    assert_eq!((found.outcome, broken(&found)), (GuardrailState::Unknown, vec![(By::Unknown, "a")]));
    // as it is assumed, not granted; another request would be
    let region = policy(
        json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}}]),
    );
    let found = own(closed().user(M, "a", json!([region])), &accept);
    assert_eq!((found.outcome, broken(&found)), (GuardrailState::Holds, vec![(By::Request, "a")]));
    assert_eq!(found.violations[0].request["aws:RequestedRegion"], "eu-central-1");
    // settled in the inventory, and not for any request
    let world = closed().user(M, "a", json!([policy(json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}]))]));
    let settled = world.file("countersign.toml", "[context]\n\"aws:SourceVpc\" = \"vpc-2\"\n");
    assert_eq!(own(settled, &accept).outcome, GuardrailState::Holds);
    // two operations of which one is not known
    let both = policy(json!([{"Effect": "Allow", "Action": ["artifact:Get*", "artifact:Accept*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "artifact:TerminateAgreement", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]));
    let duties = guardrail(
        "action == Artifact::Action::\"may-accept-agreement\", resource) when { principal is Artifact::User && context.may.contains(\"terminate-agreement\") }",
    );
    let world = closed().user(M, "a", json!([both])).accepted("Own", "baa", "account", M, "2024-01-01", None);
    assert_eq!(own(world, &duties).outcome, GuardrailState::Unknown);
}

/// What was not collected of an account may be anything: a guardrail that reads it is not kept for certain (D31).
#[test]
fn a_guardrail_that_reads_what_is_not_known_of_an_account_is_unknown() {
    let accept = |when: &str| {
        guardrail(&format!("action == Artifact::Action::\"may-accept-agreement\", resource) when {{ {when} }}"))
            .replace("(principal,", "(principal is Artifact::User,")
    };
    let tagged = "resource.hasTag(\"Data\") && resource.getTag(\"Data\") == \"PHI\"";
    let tags = |known: bool| {
        let phi = json!({"uid": B, "tags": {"Data": "PHI"}});
        World::new().entity(phi).account(A, json!({"tagsKnown": known}), &[]).user(A, "dev", json!([FULL]))
    };
    assert_eq!(own(tags(true), &accept(tagged)).outcome, GuardrailState::NotApplicable);
    let found = own(tags(false), &accept(tagged));
    assert_eq!((found.outcome, broken(&found)), (GuardrailState::Unknown, vec![(By::Unknown, "dev")]));
    let role = accept(tagged).replace("is Artifact::User", "is Artifact::Role");
    assert_ne!(own(tags(false), &role).outcome, GuardrailState::Unknown, "dev is no role");
    // an organization may be of consolidated billing, and one whose feature set is not known is perhaps
    let billing = "resource in context.organization && context.organization has featureSet && context.organization.featureSet == \"CONSOLIDATED_BILLING\"";
    let billing = accept(&format!("context has organization && {billing}"));
    let features = |features: serde_json::Value| {
        let attrs = json!({"managementAccount": M, "trustedAccess": true, "serviceRole": true, "featureSet": features});
        let mut attrs = attrs.as_object().unwrap().clone();
        attrs.retain(|_, value| !value.is_null());
        World::new().entity(json!({"uid": ORG, "attrs": attrs})).account(M, json!({}), &[ORG]).user(
            M,
            "dev",
            json!([FULL]),
        )
    };
    assert_ne!(own(features(json!("ALL")), &billing).outcome, GuardrailState::Unknown);
    assert_eq!(own(features(json!(null)), &billing).outcome, GuardrailState::Unknown);
    // before the memberships are known, an account may be a member
    let membership = |since: &str| {
        let attrs = json!({"membershipsKnownSince": since, "memberships": [{"organization": ORG, "from": since}]});
        World::new().org(json!({})).account(M, json!({}), &[ORG]).account(A, attrs, &[ORG]).user(
            A,
            "dev",
            json!([FULL]),
        )
    };
    let (member, within) =
        (accept("context.role == \"member\""), accept(&format!("resource in Artifact::Organization::\"{ORG}\"")));
    for text in [&member, &within] {
        assert_eq!(own(membership("2026-10-01"), text).outcome, GuardrailState::Violated, "{text}");
        assert_eq!(own(membership("2026-12-01"), text).outcome, GuardrailState::Unknown, "{text}");
    }
}

/// What a principal is permitted does not depend on what is in force today.
#[test]
fn an_agreement_that_is_in_force_hides_nothing() {
    let root = guardrail(
        "action == Artifact::Action::\"may-accept-agreement\", resource) when { context has agreement && context.agreement == \"baa\" && context has scope && context.scope == \"account\" }",
    );
    let active = World::new().account(A, json!({"nda": {"accepted": false}}), &[]).accepted(
        "Own",
        "baa",
        "account",
        A,
        "2024-01-01",
        None,
    );
    assert_eq!(broken(&own(active, &root)), [(By::Grant, "root")]);
}

#[test]
fn one_that_forbids_nothing_is_told() {
    let typo = guardrail("action in Artifact::Action::\"may\", resource) when { context.name == \"nobody\" }");
    let found = own(closed(), &typo);
    assert!(!found.forbids && found.outcome == GuardrailState::CannotMatch && found.is_open());
    assert_eq!(found.reason.as_deref(), Some("this inventory has no principal `nobody`"));
    let reports = guardrail(
        "action == Artifact::Action::\"may-terminate-agreement\", resource) when { principal is Artifact::User }",
    );
    let found = own(closed().user(A, "a", json!([])), &reports);
    assert!(found.forbids && found.outcome == GuardrailState::Proved, "it forbids what nobody has");
}

#[test]
fn mistakes_have_their_place() {
    let wrong = |text: &str| match outcomes(&closed().file("guardrails/own.cedar", text)) {
        Err(Failure::Problems(problems)) => {
            problems.iter().map(|p| format!("{p} at `{}`", p.underlined())).collect::<Vec<_>>().join("; ")
        }
        _ => panic!("{text} is taken"),
    };
    let permit = "@id(\"a\") @message(\"m\") permit(principal, action, resource);";
    assert!(wrong(permit).contains("this permits"));
    assert!(wrong("@message(\"m\") forbid(principal, action, resource);").contains("no `@id`"));
    assert!(wrong("@id(\"a\") forbid(principal, action, resource);").contains("no `@message`"));
    assert!(
        wrong("@id(\"a\") @message(\"m\") @severity(\"bad\") forbid(principal, action, resource);")
            .contains("not a severity")
    );
    let attribute =
        guardrail("action == Artifact::Action::\"may-accept-agreement\", resource) when { context.team == \"x\" }");
    assert!(wrong(&attribute).contains("team"), "{}", wrong(&attribute));
    let unguarded = guardrail(
        "action == Artifact::Action::\"may-accept-agreement\", resource) when { context.scope == \"account\" }",
    );
    assert!(wrong(&unguarded).contains("scope"));
    assert!(
        wrong(&format!("{}\n{}", guardrail("action, resource)"), guardrail("action, resource)")))
            .contains("two guardrails")
    );
    let slot = "@id(\"a\") @message(\"m\") forbid(principal == ?principal, action, resource);";
    assert!(wrong(slot).contains("a template"));
    assert!(wrong("forbid(").contains("unexpected end"));
    match outcomes(&closed().file("countersign.toml", "[guardrails]\non = [\"no-members-root\"]\n")) {
        Err(Failure::Problems(problems)) => {
            assert_eq!(problems[0].underlined(), "\"no-members-root\"");
            assert_eq!(problems[0].help_text(), Some("did you mean `no-member-root`?"));
        }
        _ => panic!("taken"),
    }
}

/// What a guardrail warns of.
fn warnings(text: &str) -> Vec<String> {
    let unit = json!({"uid": "ou-ab12-11111111", "parents": [ORG]});
    let group = json!({"uid": format!("arn:aws:iam::{A}:group/legal")});
    let world = World::organization().entity(unit).entity(group).user(A, "janitor", json!([]));
    let folder = world.file("guardrails/own.cedar", text).folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let read = Guardrails::read(&Folder::new(folder.path()), &inventory, &SCHEMA)
        .unwrap_or_else(|f| panic!("{}", words(&f)))
        .unwrap();
    assert!(read.warnings.iter().all(|p| !p.is_error()));
    read.warnings.iter().map(|p| format!("{}: {}", p.underlined(), p.message())).collect()
}

/// A guardrail about what does not exist forbids nothing, and would be proved.
#[test]
fn a_guardrail_about_what_the_inventory_does_not_have_is_told() {
    let accept = "action == Artifact::Action::\"may-accept-agreement\"";
    let janitor = |account: &str| format!("arn:aws:iam::{account}:user/janitor");
    for (named, what) in [
        (
            "resource in Artifact::OrganizationalUnit::\"ou-ab12-11111112\") when { true }".to_owned(),
            "OrganizationalUnit `ou-ab12-11111112`",
        ),
        (
            format!("resource) when {{ principal == Artifact::User::\"{}\" }}", janitor(B)),
            "User `arn:aws:iam::333333333333:user/janitor`",
        ),
        ("resource) unless { context.groups.contains(\"leagl\") }".to_owned(), "group `leagl`"),
        ("resource) when { context.name == \"jannitor\" }".to_owned(), "principal `jannitor`"),
        (
            "resource) when { context has agreement && context.agreement == \"BAA\" }".to_owned(),
            "kind of agreement `BAA`",
        ),
        (format!("resource == Artifact::Account::\"{B}\")"), "Account `333333333333`"),
    ] {
        let told = warnings(&guardrail(&format!("{accept}, {named}")));
        assert_eq!(told.len(), 1, "{named}: {told:?}");
        assert!(told[0].ends_with(&format!("this inventory has no {what}")), "{told:?}");
    }
    let known = [
        "resource in Artifact::OrganizationalUnit::\"ou-ab12-11111111\") when { context.name == \"root\" }".to_owned(),
        format!("resource) when {{ principal == Artifact::Root::\"{}\" && context.name == \"janitor\" }}", root(A)),
        format!("resource == Artifact::Account::\"{A}\") unless {{ context.groups.contains(\"legal\") }}"),
        "resource) when { context has agreement && context.agreement == \"baa\" }".to_owned(),
    ];
    for named in known {
        assert_eq!(warnings(&guardrail(&format!("{accept}, {named}"))), Vec::<String>::new(), "{named}");
    }
}

/// What the schema or the operations do not have is an error: it would never be met in any inventory.
#[test]
fn a_guardrail_that_is_never_met_is_an_error() {
    for (rest, underlined) in [
        (
            "action == Artifact::Action::\"may-accept-agreement\", resource) when { context.role == \"membr\" }",
            "\"membr\"",
        ),
        ("action in [Artifact::Action::\"may\"], resource) when { context.may.contains(\"accept\") }", "\"accept\""),
        ("action in [Artifact::Action::\"may\"], resource == Artifact::Account::\"1111\")", "Account::\"1111\""),
    ] {
        let Err(Failure::Problems(problems)) =
            outcomes(&World::organization().file("guardrails/own.cedar", guardrail(rest)))
        else {
            panic!("{rest}")
        };
        assert_eq!(problems.iter().map(Problem::underlined).collect::<Vec<_>>(), [underlined], "{rest}");
    }
}

#[test]
fn a_file_that_is_no_guardrail_is_told() {
    let read = |files: &[(&str, &str)]| {
        let world = files.iter().fold(World::organization(), |w, (path, text)| w.file(path, *text));
        let folder = world.folder();
        // what is JSON is part of the inventory, too
        let inventory =
            Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
        let read = Guardrails::read(&Folder::new(folder.path()), &inventory, &SCHEMA)
            .unwrap_or_else(|f| panic!("{}", words(&f)));
        read.map(|g| (g.all.len(), g.warnings.iter().map(|p| p.message().to_owned()).collect::<Vec<_>>()))
    };
    let own = guardrail("action in [Artifact::Action::\"may\"], resource)");
    let hidden = "guardrails/.own.cedar is not read: it is hidden".to_owned();
    assert_eq!(read(&[("guardrails/.own.cedar", &own)]), Some((0, vec![hidden])));
    let ending = "guardrails/own.cedr is not read: its name does not end in .cedar".to_owned();
    assert_eq!(read(&[("guardrails/own.cedr", &own), ("guardrails/B.CEDAR", &own)]), Some((1, vec![ending])));
    assert_eq!(read(&[("guardrails/README.md", &own)]), None);
}
