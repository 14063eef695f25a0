//! Expectations: what is met and what is not, with its reason; and the set that is recorded.

use crate::common::*;
use countersign::report::expectations::{CaseReport, reports};
use countersign_core::assessment::{Options, assess};
use countersign_core::assessments::Assessments;
use countersign_core::expectations::run::run;
use countersign_core::expectations::{Suite, parse, record};
use countersign_core::inventory::Inventory;
use countersign_core::problem::{Failure, SourceFile};
use serde_json::json;

fn cases(world: &World, text: &str) -> Vec<CaseReport> {
    let folder = world.clone().file("x.expect.toml", text).folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let suite = Suite::read(&Folder::new(folder.path()), &inventory.config.exclude, &RULES.operations)
        .unwrap_or_else(|f| panic!("{}", words(&f)));
    let at = at("2026-11-01");
    let options = Options { at, snapshot: at, ..Options::default() };
    let assessments = Assessments::new(&inventory, &RULES);
    reports(&run(&suite, &assessments, &options).unwrap_or_else(|f| panic!("{}", words(&f))))
}

fn world() -> World {
    let mfa = json!({"Effect": "Allow", "Action": "artifact:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    World::organization()
        .account(B, json!({}), &[])
        .user(M, "legal", json!([FULL]))
        .user(A, "nobody", json!([]))
        .user(A, "careful", json!([policy(json!([mfa]))]))
        .accepted("Org", "baa", "organization", ORG, "2024-01-01", None)
        .accepted("Past", "baa", "account", B, "2023-01-01", Some("2025-01-01"))
}

/// Where the account is not there, of a name that stands for somebody elsewhere nothing more is said.
#[test]
fn an_account_that_is_not_there_is_one_message() {
    let of = |principal: &str| {
        let text = format!(
            "[[access]]\nprincipal = \"{principal}\"\naccount = \"999999999999\"\noperation = \"accept\"\nexpect = \"deny\""
        );
        cases(&world(), &text).into_iter().flat_map(|case| case.actual).map(|actual| actual.is).collect::<Vec<_>>()
    };
    assert_eq!(of("legal"), ["there is no account 999999999999"]);
    assert_eq!(of("noone").len(), 2, "the name is wrong as well");
}

/// Each of these by itself: whether it is met, and what is told where it is not.
#[test]
fn expectations_are_met_or_not() {
    for (text, met, told) in [
        (
            "[[access]]\nprincipal = \"legal\"\noperation = \"terminate\"\nscope = \"organization\"\nagreement = \"baa\"\nexpect = \"allow\"",
            true,
            "",
        ),
        (
            "[[access]]\nprincipal = \"legal\"\noperation = \"accept\"\nscope = \"organization\"\nagreement = \"baa\"\nexpect = \"allow\"",
            false,
            "already active",
        ),
        ("[[access]]\nprincipal = \"nobody\"\noperation = \"accept\"\nexpect = \"deny\"", true, ""),
        (
            "[[access]]\nprincipal = \"nobody\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\nexpect = \"deny\"\nmessage = \"You don't have the permissions to download the agreement\"",
            true,
            "",
        ),
        (
            "[[access]]\nprincipal = \"nobody\"\noperation = \"accept\"\nscope = \"account\"\nagreement = \"baa\"\nexpect = \"deny\"\nmessage = \"You don't have the permissions to accept the agreement\"",
            false,
            "to download the agreement",
        ),
        (
            "[[access]]\nprincipal = \"careful\"\noperation = \"accept\"\nscope = \"account\"\nexpect = \"unknown\"",
            true,
            "",
        ),
        (
            "[[access]]\nprincipal = \"careful\"\noperation = \"accept\"\nscope = \"account\"\nexpect = \"allow\"\ncontext = { \"aws:MultiFactorAuthPresent\" = \"true\" }",
            true,
            "",
        ),
        (
            "[[access]]\nprincipal = \"careful\"\noperation = \"accept\"\nscope = \"account\"\nexpect = \"deny\"",
            false,
            "aws:MultiFactorAuthPresent",
        ),
        (
            "[[access]]\nprincipal = \"arn:aws:iam::*:user/*\"\naccount = \"222222222222\"\noperation = \"view\"\nexpect = \"deny\"",
            true,
            "",
        ),
        ("[[access]]\nprincipal = \"lega\"\noperation = \"accept\"\nexpect = \"deny\"", false, "did you mean `legal`?"),
        ("[[access]]\nprincipal = \"x*\"\noperation = \"accept\"\nexpect = \"deny\"", false, "no principal matches"),
        (
            "[[access]]\nprincipal = \"legal\"\noperation = \"accept\"\nagreement = \"hipaa\"\nexpect = \"deny\"",
            false,
            "there is no accept-agreement hipaa",
        ),
        ("[[access]]\nprincipal = \"root\"\noperation = \"accept\"\nexpect = \"deny\"", false, "is ambiguous"),
        (
            "[[coverage]]\naccount = [\"222222222222\", \"111111111111\"]\nagreement = \"baa\"\nexpect = \"covered\"\nscope = \"organization\"\nby = \"customer-agreement-Org\"",
            true,
            "",
        ),
        ("[[coverage]]\nagreement = \"baa\"\nexpect = \"covered\"", false, "333333333333"),
        ("[[coverage]]\naccount = \"333333333333\"\nagreement = \"baa\"\nexpect = \"not-covered\"", true, ""),
        (
            "[[coverage]]\naccount = \"333333333333\"\nagreement = \"baa\"\nexpect = \"covered\"\nscope = \"account\"\nat = 2024-06-01",
            true,
            "",
        ),
        (
            "[[coverage]]\naccount = \"222222222222\"\nagreement = \"baa\"\nexpect = \"covered\"\nscope = \"account\"",
            false,
            "by the organization agreement customer-agreement-Org",
        ),
        (
            "[[coverage]]\naccount = \"999999999999\"\nagreement = \"baa\"\nexpect = \"not-covered\"",
            false,
            "there is no account 999999999999",
        ),
        (
            "[[coverage]]\naccount = \"333333333333\"\nagreement = \"bba\"\nexpect = \"not-covered\"",
            false,
            "did you mean `baa`?",
        ),
        ("[[only]]\nprincipal = [\"legal\", \"arn:aws:iam::*:root\"]\noperation = \"terminate\"", true, ""),
        (
            "[[only]]\nprincipal = \"arn:aws:iam::*:root\"\noperation = \"terminate\"",
            false,
            "user legal of 111111111111",
        ),
        (
            "[[only]]\nprincipal = \"arn:aws:iam::*:root\"\noperation = \"accept\"\naccount = \"222222222222\"\nscope = \"account\"",
            false,
            "unknown accept-agreement",
        ),
        (
            "[[only]]\nprincipal = []\noperation = \"accept\"\nscope = \"organization\"\naccount = \"222222222222\"",
            true,
            "",
        ),
        ("[[only]]\nprincipal = []\noperation = \"download-report\"", false, "there is no download-report"),
        (
            "[[only]]\nprincipal = \"gone\"\noperation = \"accept\"\nscope = \"organization\"\naccount = \"222222222222\"",
            false,
            "there is no principal",
        ),
    ] {
        let cases = cases(&world(), text);
        assert_eq!(cases.len(), 1, "{text}");
        let actual = format!("{:?}", cases[0].actual);
        assert_eq!(cases[0].passed, met, "{text}\n{actual}");
        assert!(actual.contains(told), "{text}\n{actual}");
    }
}

#[test]
fn mistakes_have_their_place() {
    for (text, told, underlined) in [
        ("[[acess]]\n", "unknown field `acess`", "acess"),
        ("[[access]]\nprincipal = \"a\"\noperation = \"accept\"\n", "missing field `expect`", "[[access]]"),
        (
            "[[access]]\nprincipal = \"a\"\noperation = \"acept\"\nexpect = \"deny\"\n",
            "no operation `acept`",
            "[[access]]",
        ),
        (
            "[[access]]\nprincipal = \"a\"\noperation = \"accept\"\nexpect = \"maybe\"\n",
            "unknown variant `maybe`",
            "\"maybe\"",
        ),
        (
            "[[access]]\nprincipal = []\noperation = \"accept\"\nexpect = \"deny\"\n",
            "this names no principal",
            "[[access]]",
        ),
        (
            "[[access]]\nprincipal = \"a\"\noperation = \"accept\"\nexpect = \"allow\"\nmessage = \"x\"\n",
            "only a denial shows a message",
            "[[access]]",
        ),
        (
            "[[access]]\nprincipal = \"a\"\noperation = \"accept\"\nscope = \"org\"\nexpect = \"deny\"\n",
            "no scope `org`",
            "[[access]]",
        ),
        (
            "[[coverage]]\nagreement = \"baa\"\nexpect = \"not-covered\"\nscope = \"account\"\n",
            "no agreement governs",
            "[[coverage]]",
        ),
        (
            "[[coverage]]\nagreement = \"baa\"\nexpect = \"covered\"\nat = \"soon\"\n",
            "`soon` is not a valid date or time",
            "[[coverage]]",
        ),
    ] {
        let mut problems = Vec::new();
        let found = parse(&SourceFile::new("x.expect.toml", text), &RULES.operations, &mut problems);
        assert!(found.is_empty(), "{text}");
        assert_eq!(problems.len(), 1, "{text}");
        assert!(problems[0].message().contains(told), "{text} {}", problems[0]);
        assert!(problems[0].underlined().starts_with(underlined), "{text} {}", problems[0].underlined());
        assert!(problems[0].help_text().is_some(), "{text}");
    }
}

/// What was assessed already is used where it answers the same, and where it does not it is not: both give the same cases.
#[test]
fn expectations_share_what_was_assessed() {
    let text = "[[only]]\nprincipal = [\"legal\"]\noperation = \"terminate\"\n\
        [[only]]\nprincipal = []\noperation = \"accept\"\ncontext = { \"aws:MultiFactorAuthPresent\" = \"true\" }\n\
        [[coverage]]\nagreement = \"baa\"\nexpect = \"covered\"\n\
        [[coverage]]\nagreement = \"baa\"\nexpect = \"covered\"\nat = 2024-06-01\n";
    let folder = world().file("x.expect.toml", text).folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let suite = Suite::read(&Folder::new(folder.path()), &inventory.config.exclude, &RULES.operations).unwrap();
    let at = at("2026-11-01");
    let options = Options { at, snapshot: at, ..Options::default() };
    let told = |assessments: &Assessments<'_>| format!("{:?}", reports(&run(&suite, assessments, &options).unwrap()));
    let alone = told(&Assessments::new(&inventory, &RULES));
    let shared = Assessments::new(&inventory, &RULES);
    shared.at_least(&options).unwrap();
    assert_eq!(told(&shared), alone);
    assert!(alone.contains("user careful of 222222222222"), "with the context, it may: {alone}");
    assert!(alone.contains("baa not covered") && alone.contains("2024-06-01"), "{alone}");
}

/// What is recorded is met by what it was recorded from, and not by what is otherwise.
#[test]
fn what_is_recorded_holds() {
    let folder = world().folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let at = at("2026-11-01");
    let options = Options { at, snapshot: at, ..Options::default() };
    let assessment = assess(&inventory, &RULES, &options).unwrap_or_else(|f| panic!("{}", words(&f)));
    let text = record::record(&assessment).unwrap_or_else(|f: Failure| panic!("{}", words(&f))).unwrap();
    let met = cases(&world(), &text);
    assert!(met.len() > 20 && met.iter().all(|c| c.passed), "{:?}", met.iter().find(|c| !c.passed));
    let widened = world().user(A, "new", json!([ADMIN]));
    let failed: Vec<String> = cases(&widened, &text).into_iter().filter(|c| !c.passed).map(|c| c.name).collect();
    assert!(!failed.is_empty() && failed.iter().all(|n| n.starts_with("only")), "{failed:?}");
    let narrowed = {
        let mut world = world();
        world.entities.retain(|e| e["uid"] != "customer-agreement-Org");
        world
    };
    assert!(cases(&narrowed, &text).iter().any(|c| !c.passed && c.name.contains("baa covered")));
}

/// What is expected in a file that is not read is not checked: that is told.
#[test]
fn a_file_that_is_almost_one_of_expectations_is_told() {
    let text = "[[access]]\nprincipal = \"legal\"\noperation = \"accept\"\nexpect = \"unknown\"";
    let read = |name: &str| {
        let folder = world().file(name, text).folder();
        let inventory =
            Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
        let suite = Suite::read(&Folder::new(folder.path()), &inventory.config.exclude, &RULES.operations);
        let suite = suite.unwrap_or_else(|f| panic!("{}", words(&f)));
        (suite.expectations.len(), suite.warnings.iter().map(|p| p.message().to_owned()).collect::<Vec<_>>())
    };
    for name in ["x.expect.toml", "X.Expect.TOML"] {
        assert_eq!(read(name), (1, vec![]), "{name}");
    }
    for name in ["x.expects.toml", "deep/expect.toml", "x.expect.tml"] {
        assert_eq!(read(name), (0, vec![format!("{name} is not read: its name does not end in .expect.toml")]));
    }
    assert_eq!(read(".x.expect.toml"), (0, vec![".x.expect.toml is not read: it is hidden".to_owned()]));
    for name in ["Cargo.toml", "expect.md"] {
        assert_eq!(read(name), (0, vec![]), "{name}");
    }
}
