//! Rules that users write decide what they say, and nothing else in silence: what has no meaning is an error, what is laid over
//! the built-in rules is told, and what the inventory does not say stays unknown.

use crate::common::*;
use countersign_core::assessment::{Options, assess};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Problem};
use countersign_core::source::Folder;
use serde_json::{Value, json};

fn laid_over(files: &[(&str, &str)]) -> Result<RuleBook, Failure> {
    RuleBook::laid_over(&Folder::new(folder(files).path()), &SCHEMA)
}

/// The rules of one text, laid over those that are built in.
fn own(text: &str) -> RuleBook {
    laid_over(&[("own.cedar", text)]).unwrap_or_else(|failure| panic!("{}", words(&failure)))
}

/// The only problem, and the words that it underlines.
fn fault(files: &[(&str, &str)]) -> (String, Problem) {
    match laid_over(files) {
        Err(Failure::Problems(problems)) => {
            assert_eq!(problems.len(), 1, "{problems:?}");
            (problems[0].underlined().to_owned(), problems[0].clone())
        }
        Err(failure) => panic!("{failure}"),
        Ok(_) => panic!("no problem"),
    }
}

fn said(text: &str) -> String {
    fault(&[("own.cedar", text)]).1.message().to_owned()
}

const REPORT: &str =
    "principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account";
const COVERS: &str =
    "principal is Artifact::CustomerAgreement, action == Artifact::Action::\"in-force\", resource is Artifact::Account";

fn gate(annotations: &str, head: &str) -> String {
    format!("@id(\"own\") @rule(\"X\") @order(\"7\") @reason(\"not here\") {annotations}\nforbid ({head});")
}

/// A finding is a permit. A forbid would take all findings about the same thing away, and nothing would say so.
#[test]
fn a_forbid_of_a_finding_is_an_error() {
    for action in ["account", "organization", "access", "policy"] {
        let text = format!(
            "@id(\"own\") @rule(\"X\")\nforbid (principal, action == Artifact::Action::\"report-on-{action}\", resource);"
        );
        assert!(said(&text).starts_with("a forbid of a finding has no meaning"), "{action}");
    }
    let narrowed =
        format!("@id(\"own\") @rule(\"X\")\nforbid ({REPORT})\nwhen {{ context.notCovered.contains(\"baa\") }};");
    assert!(said(&narrowed).starts_with("a forbid of a finding has no meaning"));
}

#[test]
fn a_policy_is_about_one_thing() {
    let both = "principal, action in [Artifact::Action::\"accept-agreement\", Artifact::Action::\"report-on-account\"], resource is Artifact::Account";
    assert_eq!(said(&gate("", both)), "this policy is about an operation and a finding");
    let operations = "principal, action in [Artifact::Action::\"accept-agreement\", Artifact::Action::\"download-agreement\"], resource";
    own(&gate("", operations));
}

#[test]
fn placeholders_are_those_that_are_filled_in() {
    let finding = |message: &str| {
        format!(
            "@id(\"own\") @rule(\"X\") @code(\"OWN1\") @severity(\"info\") @message(\"{message}\")\npermit ({REPORT});"
        )
    };
    own(&finding("in {ineligibleServices}"));
    own(&finding("a {, and a }"));
    let (_, problem) = fault(&[("own.cedar", &finding("in {ineligibleServics}"))]);
    assert_eq!(problem.message(), "`@message`: nothing fills in `{ineligibleServics}`");
    assert_eq!(problem.help_text(), Some("did you mean `ineligibleServices`?"));
    let of_organization = finding("in {ineligibleServices}")
        .replace("principal is Artifact::Account", "principal is Artifact::Organization")
        .replace("report-on-account", "report-on-organization")
        .replace("resource is Artifact::Account", "resource is Artifact::Organization");
    assert!(said(&of_organization).contains("nothing fills in"), "only findings about accounts have services");
    let assuming = |words: &str| {
        format!(
            "@id(\"own\") @rule(\"X\") @assuming(\"{words}\")\npermit (principal, action == Artifact::Action::\"assume\", resource);"
        )
    };
    own(&assuming("{account} may have {report}"));
    assert!(said(&assuming("{acount} is fine")).contains("`{acount}`"));
    let detail = gate("", "principal, action == Artifact::Action::\"accept-agreement\", resource")
        .replace("@reason(\"not here\")", "@message(\"no\") @detail(\"in {account}\")");
    assert!(said(&detail).starts_with("`@detail`: nothing fills in"));
}

/// `show rule CODE` explains one thing by each code.
#[test]
fn a_code_is_not_one_of_ours() {
    let finding = |code: &str| {
        format!("@id(\"own\") @rule(\"X\") @code(\"{code}\") @severity(\"info\") @message(\"m\")\npermit ({REPORT});")
    };
    own(&finding("OWN1"));
    for code in ["CS172", "CS900", "R48", "D6"] {
        let (underlined, problem) = fault(&[("own.cedar", &finding(code))]);
        assert_eq!(underlined, format!("@code(\"{code}\")"), "{}", problem.message());
    }
}

#[test]
fn what_a_gate_says_to_set_exists() {
    let of =
        |annotation: &str| gate(annotation, "principal, action == Artifact::Action::\"accept-agreement\", resource");
    for right in ["account.nda.accepted = true", "organization.featureSet = ALL", "account.name = x"] {
        own(&of(&format!("@sets(\"{right}\")")));
    }
    own(&of("@happens(\"account.approvedReports has {report}\")"));
    for (wrong, message) in [
        ("organization.nothing = true", "`Organization` has no attribute `nothing`"),
        ("account.nda.acepted = true", "`Account` has no attribute `nda.acepted`"),
        ("account.state = ACTIV", "`state` is never `ACTIV`"),
        ("organization.featureSet = FULL", "`featureSet` is never `FULL`"),
        ("organization.trustedAccess = maybe", "`trustedAccess` is true or false"),
        ("account.name = true", "`name` is a string"),
        ("account.name has {report}", "`name` is a string"),
    ] {
        for annotation in ["sets", "happens"] {
            let found = said(&of(&format!("@{annotation}(\"{wrong}\")")));
            assert_eq!(found, format!("`@{annotation}`: {message}"), "{wrong}");
        }
    }
}

/// A gate that stands in for a built-in one holds for everybody that it held for.
#[test]
fn a_replacement_forbids_no_less() {
    let text = |principal: &str| {
        format!(
            "@id(\"accept-agreement\") @order(\"90\") @rule(\"X\") @reason(\"r\") @requires(\"classic: artifact:AcceptAgreement; fine-grained: artifact:AcceptAgreement\")\n\
             forbid ({principal}, action == Artifact::Action::\"accept-agreement\", resource is Artifact::Account)\n\
             unless {{ context.allowed.contains(\"artifact:AcceptAgreement\") }};"
        )
    };
    own(&text("principal"));
    assert!(said(&text("principal is Artifact::Role")).contains("forbids less than the built-in policy"));
    own(&text("principal").replace("resource is Artifact::Account", "resource"));
}

/// Nobody can do anything in the console of an account that is not active (D26), whatever the operation.
#[test]
fn an_operation_is_held_to_the_state_of_the_account() {
    let action = |context: &str| {
        json!({"appliesTo": {"principalTypes": ["User", "Role", "Root", "PermissionSet"], "resourceTypes": ["Account"],
            "context": {"type": context}}})
    };
    let mut may = action("GrantContext");
    may["memberOf"] = json!([{"id": "may"}]);
    let mut schema: Value = serde_json::from_str(&SCHEMA.text).unwrap();
    schema["Artifact"]["actions"]["ask"] = action("OperationContext");
    schema["Artifact"]["actions"]["may-ask"] = may;
    let schema = std::sync::Arc::new(EntitySchema::parse(&schema.to_string(), "own").unwrap());
    let permit = "@id(\"ask\") @rule(\"X\") permit (principal, action == Artifact::Action::\"ask\", resource is Artifact::Account);";
    let state = "@id(\"active\") @rule(\"X\") @order(\"5\") @state(\"account\") @reason(\"not active\")\n\
        forbid (principal, action == Artifact::Action::\"ask\", resource is Artifact::Account) unless { resource.state == \"ACTIVE\" };";
    let operations =
        r#"{"operations": [{"operation": "ask", "about": "account", "verb": "ask", "object": "questions"}]}"#;
    let read = |cedar: String| {
        let folder = folder(&[("own.cedar", cedar.as_str()), ("operations.json", operations)]);
        RuleBook::laid_over(&Folder::new(folder.path()), &schema)
    };
    let Err(Failure::Problems(problems)) = read(permit.to_owned()) else { panic!("no problem") };
    assert_eq!(problems[0].message(), "no gate of the state of the account is about `ask`");
    let rules = read(format!("{permit}\n{state}")).unwrap();
    assert_eq!(rules.origin.operations.added, ["ask"]);
    for (account, decision) in [("ACTIVE", "allow"), ("SUSPENDED", "deny")] {
        let folder = World::new().account(A, json!({"state": account}), &[]).folder();
        let inventory = Inventory::load(&Folder::new(folder.path()), schema.clone()).unwrap();
        let options = Options { at: at("2026-11-01"), snapshot: at("2026-11-01"), ..Options::default() };
        let answers = Answers(serde_json::to_value(assess(&inventory, &rules, &options).unwrap()).unwrap());
        let asked = answers.operations(&root(A)).iter().find(|o| o["operation"] == "ask").unwrap();
        assert_eq!(asked["decision"], decision, "{account}");
    }
}

const ACCEPT: &str = r#"{"operation": "accept-agreement", "about": "agreement", "scopes": ["account", "organization"],
    "possibleWhile": {"inForce": false}, "verb": "accept", "object": "agreements"}"#;

fn operations(entry: &str) -> Result<RuleBook, Failure> {
    laid_over(&[("operations.json", &format!("{{\"operations\": [{entry}]}}"))])
}

fn operations_fault(entry: &str) -> String {
    fault(&[("operations.json", &format!("{{\"operations\": [{entry}]}}"))]).1.message().to_owned()
}

#[test]
fn what_a_file_of_operations_replaces_is_told_and_cannot_empty_a_question() {
    assert_eq!(operations(ACCEPT).unwrap().origin.operations.replaced, ["accept-agreement"]);
    let contradictory = ACCEPT.replace("\"inForce\": false", "\"inForce\": true");
    assert_eq!(
        operations_fault(&contradictory),
        "`accept-agreement` is never possible in the state of `possibleWhile`"
    );
    let fewer = ACCEPT.replace("\"account\", ", "");
    assert_eq!(
        operations_fault(&fewer),
        "`accept-agreement` has no scope `account` any more: nobody would be asked about it"
    );
    let other = r#"{"operation": "accept-agreement", "about": "account", "scopes": ["account", "organization"], "verb": "accept", "object": "agreements"}"#;
    assert!(
        operations_fault(other).contains("is about agreements in the built-in file"),
        "{}",
        operations_fault(other)
    );
}

#[test]
fn an_action_of_aws_is_asked_as_itself() {
    let call = |askedas: &str| {
        format!(
            "{{\"calls\": [{{\"action\": \"artifact:AcceptAgreement\", {askedas} \"resources\": [{{\"arn\": \"arn:{{partition}}:artifact:::agreement/{{agreement.id}}\"}}]}}]}}"
        )
    };
    let rules = laid_over(&[("operations.json", &call(""))]).unwrap();
    assert_eq!((rules.origin.calls.replaced.len(), rules.origin.calls.added.len()), (1, 0));
    let (_, problem) = fault(&[("operations.json", &call("\"askedAs\": \"artifact:GetAgreement\","))]);
    assert_eq!(
        problem.message(),
        "`artifact:AcceptAgreement` is an action of AWS's: it cannot be asked as `artifact:GetAgreement`"
    );
}

/// Without the gate that asks for an action, everybody passes: the rules that stand for all say so in an error, those laid over in
/// a warning.
#[test]
fn a_gate_that_is_removed_is_warned_of() {
    let remove =
        "@id(\"accept-agreement\") @remove permit (principal, action == Artifact::Action::\"assume\", resource);";
    let rules = own(remove);
    let warnings: Vec<&str> = rules.warnings.iter().map(Problem::message).collect();
    assert_eq!(warnings, ["no gate asks for `artifact:AcceptAgreement`: everybody would pass"]);
    assert!(rules.warnings.iter().all(|w| !w.is_error()));
    assert!(
        own(&gate("", "principal, action == Artifact::Action::\"accept-agreement\", resource")).warnings.is_empty()
    );
}

/// The built-in rules in a folder, in place of themselves, as each text is changed.
fn alone(changed: impl Fn(&str, &str) -> String) -> Result<RuleBook, Failure> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in countersign_core::policies::BUILT_IN {
        let place = folder.path().join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, changed(path, text)).unwrap();
    }
    RuleBook::read(&Folder::new(folder.path()), &SCHEMA)
}

/// The same without a file of them.
fn all_but(left_out: &str) -> Result<RuleBook, Failure> {
    alone(|path, text| if path == left_out { String::new() } else { text.to_owned() })
}

/// What is asked of users' policies holds for ours, which are not checked again as they are.
#[test]
fn the_built_in_rules_would_pass_as_ones_own() {
    let rules = alone(|_, text| format!("{text}\n// a copy\n")).unwrap_or_else(|failure| panic!("{}", words(&failure)));
    assert!(rules.rules.keys().eq(RULES.rules.keys()));
}

#[test]
fn what_rules_of_ones_own_leave_undecided_is_named() {
    assert!(all_but("none").unwrap().without().is_empty());
    let none = alone(|_, text| text.replace("@state(\"account\")\n", "")).unwrap();
    assert_eq!(none.without(), ["gates for the state of the account"]);
    let found =
        ["CS001", "CS002", "CS003", "CS004", "CS005", "CS006", "CS007", "CS008", "CS009", "CS016", "CS017", "CS033"];
    assert_eq!(
        all_but("hipaa/findings.cedar").unwrap().without(),
        found.map(|code| format!("finding {code}")),
        "there are other findings about accounts"
    );
}

/// Gates of the account's state for some operations leave the others open to an account that is closed (D26).
#[test]
fn the_state_of_the_account_is_asked_for_every_operation_or_for_none() {
    let Err(Failure::Problems(problems)) = all_but("operations/account.cedar") else { panic!("no problem") };
    let told: Vec<&str> = problems.iter().map(Problem::message).collect();
    assert!(told.contains(&"no gate of the state of the account is about `accept-agreement`"), "{told:?}");
    assert_eq!(told.len(), 7, "those that end coverage have gates of their own: {told:?}");
}

/// What was not listed of one account may cover another, where the rules say so (D16).
#[test]
fn what_was_not_listed_of_another_account_may_cover_this_one() {
    let rules = own(&format!(
        "@id(\"own\") @rule(\"X\") @scope(\"account\") @since(\"principal\")\npermit ({COVERS})\n\
         when {{ principal has account && principal.effectiveStart <= context.at }};"
    ));
    let world = |unlisted: &[&str]| {
        let attrs = |id: &str| json!({"agreementsKnown": !unlisted.contains(&id)});
        World::new().org(json!({})).account(M, attrs(M), &[ORG]).account(A, attrs(A), &[ORG])
    };
    let coverage = |world: &World, of: &str| assess_by(&rules, world, &Ask::default()).baa(of);
    assert_eq!(coverage(&world(&[]), M), "not-covered", "everything was listed");
    assert_eq!(coverage(&world(&[A]), M), "unknown");
    assert_eq!(coverage(&world(&[A]), A), "unknown");
    assert_eq!(world(&[A]).now().baa(M), "not-covered", "the built-in rules let no account cover another (R31)");
    let accepted = world(&[A]).accepted("Own", "baa", "account", A, "2024-01-01", None);
    assert_eq!(coverage(&accepted, M), "covered account");
    let answers = assess_by(&rules, &world(&[A]), &Ask::default());
    assert_eq!(answers.decision(&root(M), "accept-agreement", "account"), "unknown", "it may be active already");
}

/// Every account is asked whether it is known where it stands, also one that declares no moment.
#[test]
fn whether_memberships_are_known_is_asked_of_every_account() {
    let text = "@id(\"own\") @rule(\"X\")\nforbid (principal is Artifact::Account, action == Artifact::Action::\"membership-known\", resource is Artifact::Account)";
    let world = World::organization()
        .entity(json!({"uid": B, "attrs": {}, "parents": [ORG], "tags": {"left": "yes"}}))
        .accepted("Org", "baa", "organization", ORG, "2024-01-01", None);
    let all = assess_by(&own(&format!("{text};")), &world, &Ask::default());
    assert_eq!([M, A, B].map(|id| all.baa(id)), ["unknown", "unknown", "unknown"]);
    let some = assess_by(&own(&format!("{text} when {{ principal.hasTag(\"left\") }};")), &world, &Ask::default());
    assert_eq!([M, A, B].map(|id| some.baa(id)), ["covered organization", "covered organization", "unknown"]);
}

/// An account that says by its parents alone where it is stands there if the rules say that a membership holds.
#[test]
fn whether_a_membership_holds_is_asked_where_only_parents_are_declared() {
    let text = "@id(\"own\") @rule(\"X\")\nforbid (principal is Artifact::Membership, action == Artifact::Action::\"holds\", resource is Artifact::Account)";
    let world = World::organization()
        .entity(json!({"uid": B, "attrs": {}, "parents": [ORG], "tags": {"left": "yes"}}))
        .accepted("Org", "baa", "organization", ORG, "2024-01-01", None);
    assert_eq!([M, A, B].map(|id| world.now().baa(id)), ["covered organization"; 3]);
    let all = assess_by(&own(&format!("{text};")), &world, &Ask::default());
    assert_eq!([M, A, B].map(|id| all.baa(id)), ["not-covered", "not-covered", "not-covered"]);
    let some = assess_by(&own(&format!("{text} when {{ resource.hasTag(\"left\") }};")), &world, &Ask::default());
    assert_eq!([M, A, B].map(|id| some.baa(id)), ["covered organization", "covered organization", "not-covered"]);
}

/// What is not known takes nothing away from what a policy says for certain; a plain forbid does.
#[test]
fn a_permit_of_a_fact_stands_against_what_is_not_known() {
    let named = "@id(\"own\") @rule(\"X\")\npermit (principal is Artifact::Account, action == Artifact::Action::\"holds-phi\", resource is Artifact::Account)\nwhen { principal has name && principal.name like \"phi-*\" };";
    let world = World::new().account(A, json!({"name": "phi-records", "tagsKnown": false}), &[]).account(
        B,
        json!({"name": "other", "tagsKnown": false}),
        &[],
    );
    let holds =
        |rules: &RuleBook, of: &str| assess_by(rules, &world, &Ask::default()).account(of)["hipaa"]["holdsPhi"].clone();
    let rules = own(named);
    assert_eq!((holds(&rules, A), holds(&rules, B)), (json!(true), json!(null)));
    assert!(assess_by(&rules, &world, &Ask::default()).codes().contains(&"CS001"));
    let never = format!(
        "{named}\n@id(\"never\") @rule(\"X\")\nforbid (principal, action == Artifact::Action::\"holds-phi\", resource);"
    );
    let rules = own(&never);
    assert_eq!((holds(&rules, A), holds(&rules, B)), (json!(false), json!(false)));
}

/// Who may perhaps accept, and is no signatory, is a finding: unknown is not no (D24).
#[test]
fn one_who_may_perhaps_accept_is_told_of() {
    let mfa = json!([{"Effect": "Allow", "Action": "artifact:*", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]);
    let world = World::new()
        .account(A, json!({}), &[])
        .user(A, "dev", json!([policy(mfa)]))
        .file("countersign.toml", format!("signatories = [\"{}\"]\n", root(A)));
    let codes = |value: &str| {
        let context = match value {
            "" => Default::default(),
            value => [("aws:multifactorauthpresent".to_owned(), vec![value.to_owned()])].into(),
        };
        world.assess(&Ask { context, ..Ask::default() }).codes().iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(""), ["CS019"]);
    assert_eq!(codes("true"), ["CS021"]);
    assert_eq!(codes("false"), [""; 0]);
}

/// A rule may read of a principal what its context tells and nothing else; whoever of an account is asked about first answers for nobody.
#[test]
fn a_finding_by_names_is_told_of_each_principal() {
    let found = |condition: &str| {
        let rules = own(&format!(
            "@id(\"own\") @rule(\"X\") @code(\"OWN1\") @severity(\"info\") @message(\"m\")
            permit (principal, action == Artifact::Action::\"report-on-access\", resource is Artifact::Account)
            when {{ context.operation == \"accept-agreement\" && context.allowed && {condition} }};"
        ));
        let all = json!([allows(&["artifact:*"])]);
        let world = World::new().account(A, json!({}), &[]);
        let world = ["alice", "bob", "carol"].iter().fold(world, |world, name| world.user(A, name, all.clone()));
        let answers = assess_by(&rules, &world, &Ask::default());
        let own = answers.0["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "OWN1");
        own.map(|f| f["subject"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("context.names.contains(\"bob\")"), ["bob"]);
    assert_eq!(found("!context.names.contains(\"alice\") && context.people.isEmpty()").len(), 3, "root, bob and carol");
    assert_eq!(found(&format!("principal == Artifact::User::\"{}\"", user(A, "carol"))), ["carol"]);
    assert_eq!(found("true").len(), 4, "root, too");
}

/// Past every gate, and yet not permitted: the reason is that no permit applies, and no gate that another generation fails.
#[test]
fn an_operation_that_nothing_permits_says_so() {
    let rules = own(
        "@id(\"accept-agreement-with-permission\") @rule(\"X\")\npermit (principal is Artifact::Root, action == Artifact::Action::\"accept-agreement\", resource is Artifact::Account);",
    );
    let chain = [
        "artifact:AcceptAgreement",
        "artifact:GetAgreement",
        "artifact:GetNdaForAgreement",
        "artifact:AcceptNdaForAgreement",
    ];
    let world = World::new().account(A, json!({}), &[]).user(A, "dev", json!([allows(&chain)]));
    let answers = assess_by(&rules, &world, &Ask::default());
    let answer = answers.answer(&user(A, "dev"), "accept-agreement", "account");
    assert_eq!(
        (&answer["decision"], &answer["message"], &answer["missing"]),
        (&json!("deny"), &json!(null), &json!([]))
    );
    assert_eq!(
        answer["reason"],
        "no policy permits accept-agreement here: accept-agreement-with-permission (own.cedar, X) does not apply"
    );
    assert_eq!(answers.decision(&root(A), "accept-agreement", "account"), "allow");
}

#[test]
fn a_gate_may_ask_which_kind_of_agreement_it_is_about() {
    let rules =
        own(&gate("", "principal, action == Artifact::Action::\"accept-agreement\", resource is Artifact::Account")
            .replace(");", ")\nwhen { context has agreement && context.agreement == \"andb\" };"));
    let answers = assess_by(&rules, &World::new().account(A, json!({}), &[]), &Ask::default());
    assert_eq!(answers.answer_of(&root(A), "accept-agreement", "account", "baa")["decision"], "allow");
    assert_eq!(answers.answer_of(&root(A), "accept-agreement", "account", "andb")["decision"], "deny");
}

#[test]
fn an_account_that_nothing_governs_says_why() {
    let rules = own(
        "@id(\"own\") @rule(\"X\") @order(\"5\") @standing(\"superseded\")\nforbid (principal, action == Artifact::Action::\"governs\", resource is Artifact::Account);",
    );
    let world = World::new().account(A, json!({}), &[]).accepted("Own", "baa", "account", A, "2024-01-01", None);
    let answers = assess_by(&rules, &world, &Ask::default());
    let row = answers.coverage_of(A, "baa");
    assert_eq!((&row["coverage"], &row["governing"]), (&json!("covered"), &json!(null)));
    let reason = row["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the rules let none of the agreements in force govern: ") && reason.contains("own"),
        "{reason}"
    );
}

/// A gate that can never apply would let everybody pass.
#[test]
fn a_condition_that_contradicts_itself_is_an_error() {
    let of = |condition: &str| {
        gate("", "principal, action == Artifact::Action::\"accept-agreement\", resource is Artifact::Account")
            .replace(");", &format!(")\n{condition};"))
    };
    for condition in [
        "when { context.scope == \"account\" && context.scope == \"organization\" }",
        "when { context.inForce && !context.inForce }",
        "when { context.inForce } unless { context.inForce }",
        "when { [\"account\"].contains(context.scope) } unless { context.scope == \"account\" }",
        "when { if context.inForce then !context.inForce else context.inForce }",
        "when { resource.state == \"CLOSED\" } when { resource.state != \"CLOSED\" }",
    ] {
        let message = "the conditions of this policy contradict each other: it never applies";
        assert_eq!(said(&of(condition)), message, "{condition}");
    }
    for condition in [
        "when { context.scope == \"account\" || context.scope == \"organization\" }",
        "when { context.inForce } unless { context.designated }",
        "when { [\"account\", \"organization\"].contains(context.scope) } unless { context.scope == \"account\" }",
        "when { context.scope != \"account\" && context.scope != \"organization\" }",
        "when { if context.inForce then !context.inForce else context.designated }",
    ] {
        own(&of(condition));
    }
}

#[test]
fn since_names_what_the_policy_asks_about() {
    let of = |since: &str, condition: &str| {
        format!(
            "@id(\"own\") @rule(\"X\") @scope(\"organization\") @since(\"{since}\")\npermit ({COVERS})\nwhen {{ {condition} }};"
        )
    };
    let member = "principal has organization && resource in principal.organization";
    own(&of("principal membership", member));
    let (underlined, problem) = fault(&[("own.cedar", &of("membership", "principal has organization"))]);
    assert_eq!(underlined, "@since(\"membership\")");
    assert_eq!(problem.message(), "`@since`: no `membership` makes this agreement apply");
    assert!(said(&of("designation", member)).contains("no `designation`"));
    // one that is in force before it begins does not say since when
    let early = of("principal", "principal has account && principal.account == resource");
    let early = own(&early.replace("@scope(\"organization\")", "@scope(\"account\")"));
    let world = World::new().account(A, json!({}), &[]).accepted("Own", "baa", "account", A, "2024-01-01", None);
    let since = |at: &str| assess_by(&early, &world, &on(at)).coverage_of(A, "baa")["governing"]["since"].clone();
    assert_eq!(since("2023-01-01"), json!(null));
    assert_eq!(since("2024-02-01"), json!("2024-01-01T00:00:00Z"));
}

/// A tag that is written otherwise than tags are held would never be found, and nobody would be told.
#[test]
fn tags_are_asked_for_as_they_are_held() {
    let of = |condition: &str| {
        format!(
            "@id(\"own\") @rule(\"X\")\npermit (principal is Artifact::Account, action == Artifact::Action::\"holds-phi\", resource is Artifact::Account)\nwhen {{ {condition} }};"
        )
    };
    own(&of("context.tags.contains(\"data=phi\")"));
    own(&of("context.tags.containsAny(context.phiTags)"));
    for (condition, help) in [
        ("context.tags.contains(\"Data=PHI\")", "tags are in lower case: write `data=phi`"),
        ("context.tags.containsAny([\"a=b\", \"Data=PHI\"])", "tags are in lower case: write `data=phi`"),
        ("context.tags.contains(\"Data\")", "a tag is its key and its value: write `data=…`"),
    ] {
        let (underlined, problem) = fault(&[("own.cedar", &of(condition))]);
        assert!(problem.message().starts_with("`context.tags` never has `Data"), "{}", problem.message());
        assert!(underlined.starts_with("\"Data"), "{underlined}");
        assert_eq!(problem.help_text(), Some(help));
    }
}

/// Where a gate stops everyone, "who can?" is answered by it.
#[test]
fn what_stops_everyone_is_told() {
    let folder = World::new()
        .account(A, json!({}), &[])
        .file("rules/own.cedar", gate("", "principal, action == Artifact::Action::\"accept-agreement\", resource"))
        .file("countersign.toml", "[rules]\npolicies = \"rules\"\n")
        .folder();
    let who = |args: &[&str]| {
        let command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .env("NO_COLOR", "1")
            .args([
                "who-can",
                "accept",
                &folder.path().display().to_string(),
                "--agreement",
                "baa",
                "--scope",
                "account",
            ])
            .args(args)
            .output()
            .unwrap();
        String::from_utf8(command.stdout).unwrap()
    };
    assert!(who(&[]).starts_with("Nobody can accept the BAA: not here.\n"), "{}", who(&[]));
    assert!(
        who(&["--explain"]).contains("what stops everyone\n  not here (own, own.cedar, X)\n"),
        "{}",
        who(&["--explain"])
    );
}

/// An operation that rules add is printed like any other, and the schemas of the output know it.
#[test]
fn the_schemas_of_the_output_fit_an_operation_of_ones_own() {
    let example = "examples/writing-rules/operation";
    for (command, schema) in [
        (vec!["evaluate", "INVENTORY"], "assessment.v2"),
        (vec!["can", "jane", "create-compliance-inquiry", "INVENTORY"], "answers.v1"),
        (vec!["who-can", "create-compliance-inquiry", "INVENTORY"], "who-can.v1"),
    ] {
        let inventory = format!("{example}/inventory");
        let command = command.into_iter().map(|word| if word == "INVENTORY" { inventory.as_str() } else { word });
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(command)
            .args(["--policies", &format!("{example}/rules"), "--schema", &format!("{example}/schema.json")])
            .args(["--format", "json"])
            .output()
            .unwrap();
        let printed: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{schema}: {e}: {output:?}"));
        assert!(printed.to_string().contains("create-compliance-inquiry"), "{schema}");
        assert_eq!(schema_errors(&format!("{schema}.schema.json"), &printed), [""; 0]);
    }
}

/// A schema that is laid over ours says in a line what is wrong with it.
#[test]
fn a_schema_that_is_none_is_told_so() {
    for (text, message, help) in [
        ("[]", "a schema is an object, but this is an array", "write { … }"),
        ("{\"Artifct\": {\"actions\": {}}}", "there is no namespace `Artifct`", "did you mean `Artifact`?"),
        ("{\"Artifact\": {\"actions\": []}}", "`Artifact.actions` is an object, but this is an array", "write { … }"),
    ] {
        let source = countersign_core::problem::SourceFile::new("own.json", text);
        let node = countersign_core::text::json::parse(&source).unwrap_or_else(|_| panic!("{text}"));
        let Err(Failure::Problems(problems)) = EntitySchema::laid_over(&source, &node) else { panic!("{text}") };
        let told: Vec<(&str, Option<&str>)> = problems.iter().map(|p| (p.message(), p.help_text())).collect();
        assert_eq!(told, [(message, Some(help))], "{text}");
    }
}

/// The folder of an inventory holds more than rules: what is beside them would be taken for rules, and told as unread.
#[test]
fn rules_are_in_a_folder_of_their_own() {
    for folder in [".", "", "./"] {
        for key in ["policies", "onlyPolicies"] {
            let world = World::new()
                .account(A, json!({}), &[])
                .file("countersign.toml", format!("[rules]\n{key} = \"{folder}\"\n"));
            let problems = world.problems();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!(problems[0].message(), "rules cannot be the whole folder of the inventory", "{key} {folder}");
        }
    }
}

#[test]
fn a_guardrail_is_switched_on_once() {
    let world = World::new()
        .account(A, json!({}), &[])
        .file("countersign.toml", "[guardrails]\non = [\"no-iam-users\", \"no-iam-users\"]\n");
    let problems = world.problems();
    let told: Vec<(&str, &str)> = problems.iter().map(|p| (p.message(), p.underlined())).collect();
    assert_eq!(told, [("`no-iam-users` is switched on twice", "\"no-iam-users\"")]);
    assert_eq!(problems[0].place().unwrap().span.start, "[guardrails]\non = [\"no-iam-users\", ".len());
}
