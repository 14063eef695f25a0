//! What rules are held to when they are loaded, ours and a user's alike; and how a user's are laid over ours.

use std::path::Path;
use std::sync::Arc;

use crate::common::*;
use countersign_core::assessment::{Options, assess};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::policies::{BUILT_IN, GUARDRAILS, RuleBook};
use countersign_core::problem::{Failure, Problem, SourceFile};
use countersign_core::source::Folder;
use countersign_core::text::json;
use serde_json::json;

fn laid_over(text: &str) -> Result<RuleBook, Failure> {
    RuleBook::laid_over(&Folder::new(folder(&[("own.cedar", text)]).path()), &SCHEMA)
}

fn problems(result: Result<RuleBook, Failure>) -> Vec<Problem> {
    match result {
        Err(Failure::Problems(problems)) => problems,
        Err(Failure::Unpermitted(all)) => all.iter().map(|u| Problem::about(&u.action, u.to_string())).collect(),
        Err(failure) => panic!("{failure}"),
        Ok(_) => Vec::new(),
    }
}

/// The only problem, and the words that it underlines.
fn only(text: &str) -> (String, String) {
    let problems = problems(laid_over(text));
    assert_eq!(problems.len(), 1, "{text}\n{problems:?}");
    (problems[0].underlined().to_owned(), problems[0].message().to_owned())
}

const GATE: &str =
    "forbid (principal, action == Artifact::Action::\"download-report\", resource)\nwhen { context has organization };";
const FINDING: &str = "permit (principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account);";
const IN_FORCE: &str = "permit (principal is Artifact::OfflineAgreement, action == Artifact::Action::\"in-force\", resource is Artifact::Account)\nwhen { resource in principal };";

fn gate(annotations: &str) -> String {
    format!("@id(\"own\") @rule(\"OWN-1\")\n{annotations}\n{GATE}")
}

#[test]
fn annotations_are_known_in_form_and_in_place() {
    let whole = "@order(\"5\") @reason(\"no\")";
    assert!(laid_over(&gate(whole)).is_ok());
    for (annotations, underlined, message) in [
        ("@odrer(\"5\") @order(\"5\") @reason(\"no\")", "@odrer(\"5\")", "there is no annotation `@odrer`"),
        ("@order(\"five\") @reason(\"no\")", "@order(\"five\")", "`five` is not a whole number"),
        ("@order(\"5\") @reason(\"\")", "@reason(\"\")", "it is empty"),
        ("@order(\"5\") @reason(\"no\") @severity(\"error\")", "@severity(\"error\")", "has no meaning on this policy"),
        ("@order(\"5\") @reason(\"no\") @scope(\"account\")", "@scope(\"account\")", "has no meaning on this policy"),
        ("@order(\"5\") @reason(\"no\") @state(\"agreement\")", "@state(\"agreement\")", "did you mean `agreements`?"),
        ("@order(\"5\") @reason(\"no\") @message(\"no\")", "@reason(\"no\")", "both `@message` and `@reason`"),
        (
            "@order(\"5\") @reason(\"no\") @requires(\"classic:artifact:Get\")",
            "@requires(\"classic:artifact:Get\")",
            "is not GENERATION",
        ),
        ("@order(\"5\") @reason(\"no\") @remove(\"now\")", "@remove(\"now\")", "takes no value"),
    ] {
        let (found, said) = only(&gate(annotations));
        assert!(found == underlined && said.contains(message), "{annotations}: {found}: {said}");
    }
    assert_eq!(only(&gate("@reason(\"no\")")).1, "this policy has no `@order`");
    assert_eq!(only(&gate("@order(\"5\")")).1, "this gate has neither `@message` nor `@reason`");
}

/// A severity that no gate knows would pass all of them.
#[test]
fn a_severity_is_error_warning_or_info() {
    let finding = |severity: &str| {
        format!("@id(\"own\") @rule(\"OWN-1\") @code(\"OWN1\") @message(\"m\") @severity(\"{severity}\")\n{FINDING}")
    };
    for severity in ["error", "warning", "info"] {
        assert!(laid_over(&finding(severity)).is_ok(), "{severity}");
    }
    let (underlined, message) = only(&finding("fatal"));
    assert!(underlined == "@severity(\"fatal\")" && message.contains("not one of error, warning, info"), "{message}");
    let without = finding("info").replace("@severity(\"info\")", "");
    assert_eq!(only(&without).1, "this policy has no `@severity`");
    assert!(only(&finding("info").replace("OWN1", "own 1")).1.contains("is not a code"));
}

#[test]
fn what_is_in_force_says_by_what_and_since_when() {
    let whole =
        format!("@id(\"own\") @rule(\"OWN-1\") @scope(\"offline\") @since(\"principal designation\")\n{IN_FORCE}");
    assert!(laid_over(&whole).is_ok());
    assert_eq!(only(&whole.replace("@scope(\"offline\")", "")).1, "this policy has no `@scope`");
    assert!(only(&whole.replace("offline\"", "offlin\"")).1.contains("did you mean `offline`?"));
    assert!(
        only(&whole.replace("principal designation\"", "principal joining\"")).1.contains("`joining` is not one of")
    );
}

#[test]
fn policies_that_nothing_asks_about_are_errors() {
    let of = |action: &str| {
        gate("@order(\"5\") @reason(\"no\")").replace("action == Artifact::Action::\"download-report\"", action)
    };
    let (underlined, message) = only(&of("action == Artifact::Action::\"download-reprot\""));
    assert_eq!(
        (underlined.as_str(), message.as_str()),
        ("Action::\"download-reprot\"", "nothing asks about the action `download-reprot`")
    );
    assert!(
        only(&of("action == Artifact::Action::\"may-accept-agreement\"")).1.contains("only guardrails may be about")
    );
    assert!(only(&of("action in [Artifact::Action::\"may\"]")).1.contains("only guardrails may be about"));
    assert!(only(&of("action")).1.contains("names no action"));
}

#[test]
fn rules_are_laid_over_by_their_ids() {
    let replaced = "@id(\"closing-account-holds-phi\") @rule(\"D14\") @code(\"CS006\") @severity(\"error\") @message(\"own words\")\n";
    let rules = laid_over(&format!(
        "{}\n{replaced}{FINDING}\n@id(\"coverage-without-phi\") @rule(\"D3\") @remove {FINDING}",
        gate("@order(\"5\") @reason(\"no\")")
    ))
    .unwrap();
    let origin = &rules.origin;
    assert_eq!(
        (&origin.added, &origin.replaced),
        (&vec!["own".to_owned()], &vec!["closing-account-holds-phi".to_owned()])
    );
    assert_eq!((&origin.removed, origin.only), (&vec!["coverage-without-phi".to_owned()], false));
    assert_eq!(rules.rules["closing-account-holds-phi"].get("message"), Some("own words"));
    assert!(!rules.rules.contains_key("coverage-without-phi"));
    assert_eq!(rules.rules.len(), RULES.rules.len(), "one more, one less");
    let world = World::new().account(A, json!({"state": "CLOSED"}), &[]).accepted(
        "Own",
        "baa",
        "account",
        A,
        "2024-01-01",
        None,
    );
    let codes = |rules: &RuleBook| assess_by(rules, &world, &Ask::default()).codes().join(" ");
    assert_eq!((codes(&RULES), codes(&rules)), ("CS003".to_owned(), "CS006".to_owned()));
    // what still counts keeps its place
    let gate = &rules.rules["phi-without-coverage"];
    assert!(gate.source.text[gate.span.start..gate.span.end].starts_with("@id(\"phi-without-coverage\")"));
}

/// A part of the built-in rules is laid over the whole: no gate is lost by leaving it out.
#[test]
fn a_part_of_the_rules_leaves_the_other_gates_in_place() {
    let (path, text) = BUILT_IN.iter().find(|(path, _)| *path == "operations/operations.cedar").unwrap();
    let part = folder(&[(path, text)]);
    let rules = RuleBook::laid_over(&Folder::new(part.path()), &SCHEMA).unwrap();
    assert!(rules.rules.keys().eq(RULES.rules.keys()));
    let alone = problems(RuleBook::read(&Folder::new(part.path()), &SCHEMA));
    assert!(alone.iter().any(|p| p.message().contains("no policy permits `in-force`")), "{alone:?}");
    let world = World::new().account(A, json!({}), &[]).user(A, "maria", json!([]));
    let decision = |rules: &RuleBook| {
        assess_by(rules, &world, &Ask::default()).decision(&user(A, "maria"), "accept-agreement", "account").to_owned()
    };
    assert_eq!((decision(&RULES), decision(&rules)), ("deny".to_owned(), "deny".to_owned()));
}

/// Rules in place of all others have every gate: what is asked of nobody would be allowed to everybody.
#[test]
fn rules_of_ones_own_have_every_gate() {
    for name in ["accept", "agreement", "organization", "report", "terminate"] {
        let left_out = format!("operations/{name}.cedar");
        let kept: Vec<(&str, &str)> = BUILT_IN.iter().filter(|(path, _)| *path != left_out).copied().collect();
        let found = problems(RuleBook::read(&Folder::new(folder(&kept).path()), &SCHEMA));
        assert!(found.iter().any(|p| p.message().contains("no gate asks for")), "{name}: {found:?}");
    }
}

#[test]
fn what_would_always_be_denied_is_an_error() {
    let removes = "@id(\"download-report-with-permission\") @rule(\"R1\") @remove permit(principal, action, resource);";
    let (_, message) = only(removes);
    assert_eq!(message, "no policy permits `download-report`: its answer would always be no");
    let (_, message) = only("@id(\"download-reprot\") @rule(\"R1\") @remove permit(principal, action, resource);");
    assert!(message.contains("no built-in policy `download-reprot` to remove"), "{message}");
}

fn schema(text: &str) -> Result<EntitySchema, Failure> {
    let source = SourceFile::new("own.json", text);
    EntitySchema::laid_over(&source, &json::parse(&source).unwrap_or_else(|_| panic!("{text}")))
}

#[test]
fn a_schema_is_laid_over_the_built_in_one() {
    let attribute = |json: &str| {
        format!("{{\"Artifact\": {{\"entityTypes\": {{\"Account\": {{\"shape\": {{\"attributes\": {json}}}}}}}}}}}")
    };
    let own = schema(&attribute(
        r#"{"costCenter": {"type": "String", "required": false}, "state": {"annotations": {"values": "FROZEN"}}}"#,
    ))
    .unwrap();
    assert!(own.types["Account"].attributes.contains_key("costCenter"));
    assert_eq!(own.types["Account"].attributes["state"].values.as_ref().unwrap().last().unwrap(), "FROZEN");
    assert_eq!(own.overlay.as_deref(), Some("own.json"));
    assert!(RuleBook::built_in(&own).is_ok(), "the built-in rules fit as before");
    let Err(Failure::Problems(problems)) = schema(&attribute(r#"{"partition": {"type": "Long"}}"#)) else { panic!() };
    assert_eq!(problems[0].underlined(), "\"Long\"");
    assert!(
        problems[0].message().contains("Artifact.entityTypes.Account.shape.attributes.partition.type"),
        "{}",
        problems[0]
    );
}

/// Nothing of the rules that are built in is held to less than a user's.
#[test]
fn the_built_in_rules_pass_as_rules_of_a_user() {
    let files: Vec<(&str, &str)> = BUILT_IN.to_vec();
    let copied = folder(&files);
    let rules = RuleBook::laid_over(&Folder::new(copied.path()), &SCHEMA).unwrap();
    assert_eq!(rules.origin.replaced.len(), RULES.rules.len());
    let alone = RuleBook::read(&Folder::new(copied.path()), &SCHEMA).unwrap();
    assert!(alone.origin.only && alone.rules.keys().eq(RULES.rules.keys()));
    assert!(RuleBook::laid_over(&Folder::new(Path::new("policies/nothing-here")), &SCHEMA).is_err());
    let _: &Arc<SourceFile> = &alone.rules["accept-agreement"].source;
}

/// Such a question is asked once: what is absent would pass for false.
#[test]
fn a_fact_does_not_rest_on_what_is_unknown_when_absent() {
    let fact = "@id(\"own\") @rule(\"OWN-1\") permit (principal is Artifact::CustomerAgreement, action == Artifact::Action::\"designated\", resource is Artifact::Account)\nwhen { principal has organization && principal.organization has serviceRole && principal.organization.serviceRole };";
    let (_, message) = only(fact);
    assert!(message.contains("`own` reads `serviceRole`, which is unknown when it is absent"), "{message}");
}

/// A finding is what a permit reports. A forbid would silence it, and every other one, without a word.
#[test]
fn a_forbid_silences_no_finding() {
    let silencing = format!("@id(\"own\") @rule(\"OWN-1\") {}", FINDING.replacen("permit", "forbid", 1));
    let (_, message) = only(&silencing);
    assert!(
        message.contains("a forbid of a finding has no meaning: it would drop every other finding as well"),
        "{message}"
    );
}

/// Another policy of the id of a gate would take the gate away without a word.
#[test]
fn a_policy_replaces_only_what_is_about_the_same() {
    let other = "@id(\"accept-agreement\") @rule(\"OWN-1\") @order(\"5\") @reason(\"no\")\nforbid (principal, action == Artifact::Action::\"download-report\", resource)\nwhen { context.designated };";
    let (_, message) = only(other);
    assert_eq!(
        message,
        "`accept-agreement` is a forbid of accept-agreement in the built-in rules, but a forbid of download-report here"
    );
    let finding = format!(
        "@id(\"accept-agreement\") @rule(\"OWN-1\") @code(\"OWN1\") @severity(\"info\") @message(\"m\")\n{FINDING}"
    );
    assert!(only(&finding).1.contains("but a permit of report-on-account here"));
    let twice = format!("{}\n@id(\"own\") @rule(\"OWN-1\") @remove {GATE}", gate("@order(\"5\") @reason(\"no\")"));
    assert!(only(&twice).1.contains("two policies have the id `own`"));
}

/// What a gate asks of `context.allowed` stands in a clause of its own, as actions that are written out.
#[test]
fn nothing_hides_what_a_gate_asks_for() {
    for clause in [
        "when { resource has name && context.allowed.contains(\"artifact:TerminateAgremeent\") }",
        "when { principal is Artifact::Root && !context.allowed.contains(\"artifact:Secret\") }",
        "when { resource.hasTag(\"Data\") } unless { resource.hasTag(\"Data\") && context.allowed.contains(\"artifact:Get\") }",
        "unless { context.allowed == [\"artifact:AcceptAgreement\"] }",
        "unless { [\"artifact:Foo\"].containsAll(context.allowed) }",
        "unless { context.allowed.isEmpty() }",
        "when { context has report } unless { context has report && context.allowed.contains(\"artifact:Get\") }",
    ] {
        let text = gate("@order(\"5\") @reason(\"no\")").replace("when { context has organization }", clause);
        let (_, message) = only(&text);
        assert!(message.contains("`@requires` of `own`"), "{clause}: {message}");
    }
    let permit = "@id(\"own\") @rule(\"OWN-1\")\npermit (principal, action == Artifact::Action::\"download-report\", resource)\nwhen { context.allowed.contains(\"artifact:Get\") };";
    assert!(only(permit).1.contains("this permit asks what is allowed"));
}

/// A policy that can never apply would never be asked.
#[test]
fn a_policy_that_never_applies_is_an_error() {
    let text = gate("@order(\"5\") @reason(\"no\")").replace("resource)", "resource is Artifact::Organization)");
    assert!(!problems(laid_over(&text)).is_empty());
    let account = "@id(\"own\") @rule(\"OWN-1\")\nforbid (principal is Artifact::Account, action == Artifact::Action::\"in-force\", resource is Artifact::Account);";
    assert!(!problems(laid_over(account)).is_empty());
}

#[test]
fn each_type_that_is_asked_about_has_its_permit() {
    let removes = "@id(\"membership-holds-within-its-interval\") @remove forbid (principal, action, resource);";
    assert_eq!(only(removes).1, "no policy permits `holds` of a Membership: its answer would always be no");
}

#[test]
fn a_code_is_one_findings() {
    let finding =
        format!("@id(\"own\") @rule(\"OWN-1\") @code(\"CS001\") @severity(\"info\") @message(\"m\")\n{FINDING}");
    let (underlined, message) = only(&finding);
    assert_eq!((underlined.as_str(), message.as_str()), ("@", "`CS001` is already the code of `phi-without-coverage`"));
}

#[test]
fn a_schema_takes_nothing_that_means_nothing() {
    let attribute = |ty: &str, json: &str| {
        format!(
            "{{\"Artifact\": {{\"entityTypes\": {{\"{ty}\": {{\"shape\": {{\"attributes\": {{\"held\": {json}}}}}}}}}}}}}"
        )
    };
    let boolean =
        |annotation: &str| format!("{{\"type\": \"Boolean\", \"required\": false, \"annotations\": {{{annotation}}}}}");
    let message = |text: String| match schema(&text) {
        Err(Failure::Problems(problems)) => problems[0].message().to_owned(),
        _ => String::new(),
    };
    assert_eq!(message(attribute("Account", &boolean("\"unknownWhenAbsent\": \"true\""))), "");
    assert!(message(attribute("Account", &boolean("\"unknownWhenAbsen\": \"true\""))).contains("has no meaning"));
    assert!(message(attribute("Account", &boolean("\"unknownWhenAbsent\": \"yes\""))).contains("has no meaning"));
    assert!(message(attribute("User", &boolean("\"unknownWhenAbsent\": \"true\""))).contains("would not be tried"));
    let context = r#"{"Artifact": {"commonTypes": {"OperationContext": {"attributes": {"mfa": {"type": "Boolean", "required": false}}}}}}"#;
    assert_eq!(message(context.to_owned()), "nothing supplies `mfa` to the policies that read this context");
}

/// A gate with a condition, and the only problem with it.
fn of_condition(condition: &str) -> (String, String) {
    let whole = gate("@order(\"5\") @reason(\"no\")").replace("context has organization", condition);
    only(&whole)
}

/// A value that the schema does not allow is never met: the gate would never fail, or always.
#[test]
fn a_word_outside_a_closed_set_is_an_error() {
    for (condition, underlined, message) in [
        ("context.scope == \"acount\"", "\"acount\"", "`context.scope` is never `acount`"),
        ("\"acount\" != context.scope", "\"acount\"", "`context.scope` is never `acount`"),
        ("[\"account\", \"offlne\"].contains(context.scope)", "\"offlne\"", "`context.scope` is never `offlne`"),
        ("resource.state == \"Active\"", "\"Active\"", "`resource.state` is never `Active`"),
        (
            "context has report && context.report.acceptanceType == \"PASSTROUGH\"",
            "\"PASSTROUGH\"",
            "`context.report.acceptanceType` is never `PASSTROUGH`",
        ),
        (
            "context.scope == (if context.designated then \"account\" else \"organisation\")",
            "\"organisation\"",
            "`context.scope` is never `organisation`",
        ),
        ("(context.generation == \"clasic\") == true", "\"clasic\"", "`context.generation` is never `clasic`"),
    ] {
        assert_eq!(of_condition(condition), (underlined.to_owned(), message.to_owned()), "{condition}");
    }
    let near = problems(laid_over(
        &gate("@order(\"5\") @reason(\"no\")").replace("context has organization", "context.scope == \"acount\""),
    ));
    assert_eq!(near[0].help_text(), Some("did you mean `account`?"));
    for allowed in [
        "context.scope == \"account\" && resource.state == \"SUSPENDED\"",
        "[\"account\", \"offline\"].contains(context.scope)",
        "resource has name && resource.name == \"acount\"",
        "resource.hasTag(\"scope\") && resource.getTag(\"scope\") == \"acount\"",
    ] {
        let text = gate("@order(\"5\") @reason(\"no\")").replace("context has organization", allowed);
        assert_eq!(problems(laid_over(&text)).len(), 0, "{allowed}");
    }
}

/// Of several that are written alike, the one that is wrong is underlined.
#[test]
fn the_word_at_fault_is_underlined_not_its_like() {
    let condition = "resource has name && resource.name == \"acount\" && context.scope == \"acount\"";
    let text = gate("@order(\"5\") @reason(\"acount\")").replace("context has organization", condition);
    let problems = problems(laid_over(&text));
    let place = problems[0].place().unwrap();
    assert_eq!(place.span.start, text.rfind("\"acount\"").unwrap());
}

/// Sets hold the same closed words: scopes of agreements, names of operations.
#[test]
fn a_set_holds_only_what_it_can() {
    let governs = "@id(\"own\") @rule(\"X\") @order(\"5\") @standing(\"superseded\")\nforbid (principal is Artifact::CustomerAgreement, action == Artifact::Action::\"governs\", resource is Artifact::Account)\nwhen { CONDITION };";
    let (underlined, message) =
        only(&governs.replace("CONDITION", "context.scopesInForce.containsAny([\"offline\", \"organizaton\"])"));
    assert_eq!(
        (underlined.as_str(), message.as_str()),
        ("\"organizaton\"", "`context.scopesInForce` is never `organizaton`")
    );
    let (_, message) = only(&governs.replace("CONDITION", "principal.agreement.scope == \"offline\""));
    assert_eq!(message, "`principal.agreement.scope` is never `offline`");
    let access = "@id(\"own\") @rule(\"X\") @code(\"OWN1\") @severity(\"info\") @message(\"m\")\npermit (principal, action == Artifact::Action::\"report-on-access\", resource is Artifact::Account)\nwhen { context.operation == \"accept-agrement\" };";
    let (underlined, message) = only(access);
    assert_eq!(
        (underlined.as_str(), message.as_str()),
        ("\"accept-agrement\"", "there is no operation `accept-agrement`")
    );
}

/// No account has such a number: the condition never holds.
#[test]
fn an_entity_that_cannot_exist_is_an_error() {
    let (underlined, message) = of_condition("resource == Artifact::Account::\"12345\"");
    assert_eq!((underlined.as_str(), message.as_str()), ("Account::\"12345\"", "`12345` is not the id of an Account"));
    let unit = gate("@order(\"5\") @reason(\"no\")")
        .replace("resource)", "resource in Artifact::OrganizationalUnit::\"Legal\")");
    assert_eq!(only(&unit).0, "OrganizationalUnit::\"Legal\"");
    let rules = laid_over(&unit.replace("\"Legal\"", "\"ou-ab12-11111111\"")).unwrap();
    assert_eq!(rules.rules.len(), RULES.rules.len() + 1);
}

/// What only an inventory can tell is told with it, and stops nothing: the same rules may serve several inventories.
#[test]
fn a_name_that_the_inventory_does_not_have_is_told() {
    let finding = format!(
        "@id(\"own\") @rule(\"X\") @code(\"OWN1\") @severity(\"info\") @message(\"m\")\n{}",
        FINDING.replace(';', "\nwhen { context.notCovered.contains(\"KIND\") || principal in Artifact::OrganizationalUnit::\"ou-ab12-1111111x\" };")
    );
    let unit = json!({"uid": "ou-ab12-11111111", "parents": [ORG]});
    let folder = World::organization().entity(unit).folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    let told = |kind: &str| {
        let rules = laid_over(&finding.replace("KIND", kind)).unwrap();
        let words =
            |p: &Problem| format!("{}: {} ({})", p.underlined(), p.message(), p.help_text().unwrap_or_default());
        let told = rules.unknown_names(&inventory);
        assert!(told.iter().all(|p| !p.is_error()));
        told.iter().map(words).collect::<Vec<_>>()
    };
    let unit = "OrganizationalUnit::\"ou-ab12-1111111x\": this inventory has no OrganizationalUnit `ou-ab12-1111111x` (did you mean `ou-ab12-11111111`?)";
    assert_eq!(told("baa"), [unit]);
    assert_eq!(told("BAA"), ["\"BAA\": this inventory has no kind of agreement `BAA` (did you mean `baa`?)", unit]);
    assert!(told("gdpr")[0].contains("(a condition on it never holds here)"), "{:?}", told("gdpr"));
    assert!(RULES.unknown_names(&inventory).is_empty());
}

/// Chains and lists of any length load or are refused with words, on the stack of a test.
#[test]
fn long_conditions_load_or_are_refused() {
    let chain = |count: usize, operator: &str| {
        let operands: Vec<String> = (0..count).map(|i| format!("resource.hasTag(\"t{i}\")")).collect();
        gate("@order(\"5\") @reason(\"no\")").replace("context has organization", &operands.join(operator))
    };
    for operator in [" || ", " && "] {
        assert!(laid_over(&chain(700, operator)).is_ok());
        let (underlined, message) = only(&chain(20_000, operator));
        assert_eq!(
            (underlined.as_str(), message.as_str()),
            (operator.trim().get(..1).unwrap(), "a policy has more than 2000 operators")
        );
    }
    // what is refused nests, in operators and brackets, no deeper than what loads
    assert!(laid_over(&chain(1_998, " || ")).is_ok());
    let items: Vec<String> = (0..100_000).map(|i| format!("\"t{i}\"")).collect();
    let list = format!("resource has name && [{}].contains(resource.name)", items.join(","));
    assert!(laid_over(&gate("@order(\"5\") @reason(\"no\")").replace("context has organization", &list)).is_ok());
    for (open, close) in [("(", ")"), ("!(", ")"), ("[", "].isEmpty()")] {
        let deep = format!("{}true{}", open.repeat(200), close.repeat(200));
        assert_eq!(of_condition(&deep).1, "a policy is nested more than 100 deep");
    }
    for deep in [format!("context{} == 1", ".tags".repeat(20_000)), format!("{}1 == 1", "1 + ".repeat(20_000))] {
        assert!(of_condition(&deep).1.starts_with("a policy "), "{}", of_condition(&deep).1);
    }
}

/// What is said of the files of a folder that are not read.
fn unread(files: &[(&str, &str)]) -> Vec<String> {
    let whole = gate("@order(\"5\") @reason(\"no\")");
    let folder = folder(&[files, &[("own.cedar", whole.as_str())]].concat());
    let rules = RuleBook::laid_over(&Folder::new(folder.path()), &SCHEMA).unwrap();
    assert!(rules.rules.contains_key("own") && rules.warnings.iter().all(|p| !p.is_error()));
    rules.warnings.iter().map(|p| format!("{} ({})", p.message(), p.help_text().unwrap_or_default())).collect()
}

/// A rule that is unread in silence is one that its author takes to count.
#[test]
fn every_file_beside_rules_is_read_or_told() {
    for (name, told) in [
        (".hidden.cedar", ".hidden.cedar is not read: it is hidden (rename it without the dot, or remove it)"),
        (".drafts/a.cedar", ".drafts/a.cedar is not read: it is hidden (rename it without the dot, or remove it)"),
        (
            "ops.json",
            "ops.json is not read: its name is not the name of a rules file (data belongs in `operations.json`; a schema is named with --schema)",
        ),
        (
            "operation.json",
            "operation.json is not read: its name is not the name of a rules file (did you mean `operations.json`?)",
        ),
        (
            "Operations.json",
            "Operations.json is not read: its name is not the name of a rules file (did you mean `operations.json`?)",
        ),
        (
            "a.cedar.bak",
            "a.cedar.bak is not read: its name does not end in .cedar (rename it if it holds policies, or remove it)",
        ),
        (
            "deep/a.ceder",
            "deep/a.ceder is not read: its name does not end in .cedar (rename it if it holds policies, or remove it)",
        ),
        (
            "guardrails/a.cedar",
            "guardrails/a.cedar is not read: it is in a folder of guardrails (put guardrails in the folder `guardrails` of the inventory)",
        ),
    ] {
        assert_eq!(unread(&[(name, "permit")]), [told]);
    }
    for (name, text) in
        [("README.md", "permit"), ("LICENSE", ""), (".gitignore", "x"), ("guardrails/no_root.cedar", GUARDRAILS[1].1)]
    {
        assert_eq!(unread(&[(name, text)]), Vec::<String>::new(), "{name}");
    }
    // a name in capitals is read like any other; a link out of the folder is not
    let other = gate("@order(\"5\") @reason(\"no\")").replace("\"own\"", "\"other\"");
    let capitals = folder(&[("B.CEDAR", &other)]);
    assert!(RuleBook::laid_over(&Folder::new(capitals.path()), &SCHEMA).unwrap().rules.contains_key("other"));
    #[cfg(unix)]
    {
        let linked = folder(&[("deep/README.md", "")]);
        std::os::unix::fs::symlink(capitals.path().join("B.CEDAR"), linked.path().join("deep/link.cedar")).unwrap();
        let led_out = problems(RuleBook::laid_over(&Folder::new(linked.path()), &SCHEMA));
        assert!(led_out.len() == 1 && led_out[0].message().starts_with("deep/link.cedar leads out of"), "{led_out:?}");
        std::fs::remove_file(linked.path().join("deep/link.cedar")).unwrap();
        std::os::unix::fs::symlink(linked.path().join("gone"), linked.path().join("broken.cedar")).unwrap();
        let broken = problems(RuleBook::laid_over(&Folder::new(linked.path()), &SCHEMA));
        assert!(broken.len() == 1 && broken[0].message().starts_with("broken.cedar: cannot be read"), "{broken:?}");
    }
    let only = folder(&[("a.ceder", "permit")]);
    let nothing = problems(RuleBook::laid_over(&Folder::new(only.path()), &SCHEMA));
    assert!(nothing[1].message().starts_with("a.ceder is not read"), "{nothing:?}");
}

/// What a command prints, as JSON, and what it says beside it.
fn printed(arguments: &[&str]) -> (serde_json::Value, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign")).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

/// `[rules]` of countersign.toml: what decides about an inventory can be named once, beside it.
#[test]
fn an_inventory_names_its_rules() {
    let own = gate("@order(\"5\") @reason(\"no\")");
    let other = own.replace("\"own\"", "\"other\"");
    let schema = r#"{"Artifact": {"entityTypes": {"Account": {"shape": {"attributes": {"costCenter": {"type": "String", "required": false}}}}}}}"#;
    let with = |settings: &str| {
        let world = World::new().account(A, json!({}), &[]).file("rules/own.cedar", own.as_str());
        let world = world.file("rules/operations.json", r#"{"operations": []}"#).file("schema.json", schema);
        world.file("other/other.cedar", other.as_str()).file("countersign.toml", settings).folder()
    };
    let rules = |settings: &str, more: &[&str]| {
        let folder = with(settings);
        let path = folder.path().to_str().unwrap();
        let more: Vec<String> = more.iter().map(|a| a.replace("DIR", path)).collect();
        let mut arguments = vec!["evaluate", path, "--format", "json"];
        arguments.extend(more.iter().map(String::as_str));
        let (json, said) = printed(&arguments);
        let rules = json["provenance"]["rules"]["origin"].clone();
        (rules["added"].clone(), rules["only"].clone(), json["provenance"]["schema"]["overlay"].is_string(), said)
    };
    let all = "[rules]\npolicies = \"rules\"\nschema = \"schema.json\"\n";
    let named = rules(all, &[]);
    assert_eq!((named.0, named.1, named.2), (json!(["own"]), json!(false), true));
    // the other folder is no one's, and that is told
    assert!(
        named.3.contains("other/other.cedar is not read") && named.3.matches("is not read").count() == 1,
        "{}",
        named.3
    );
    // the command line prevails
    let named = rules(all, &["--policies", "DIR/other"]);
    assert_eq!((named.0, named.2), (json!(["other"]), true));
    let only = rules("exclude = [\"rules/*\"]\n[rules]\nonlyPolicies = \"other\"\nschema = \"schema.json\"", &[]);
    assert!(only.3.contains("no policy permits `in-force`"), "{}", only.3);
    assert!(rules("[rules]\npolicies = \"ruels\"", &[]).3.contains("ruels"));
    let both = rules("[rules]\npolicies = \"rules\"\nonly-policies = \"other\"", &[]);
    assert!(both.3.contains("both `policies` and `onlyPolicies`"), "{}", both.3);
}

/// A change of the rules does not weaken what is said of the change.
#[test]
fn a_change_is_compared_by_the_rules_of_the_base() {
    let strict = gate("@order(\"5\") @reason(\"no\")").replace("context has organization", "true");
    let world = |settings: &str| {
        let world = World::new().account(A, json!({}), &[]).report("report-1", "SOC", false).user(A, "a", json!([]));
        world.file("rules/own.cedar", strict.as_str()).file("countersign.toml", settings)
    };
    let base = world("[rules]\npolicies = \"rules\"").folder();
    let head = world("").file("more.json", "[]").folder();
    let (json, said) =
        printed(&["diff", base.path().to_str().unwrap(), head.path().to_str().unwrap(), "--format", "json"]);
    assert!(said.contains("the comparison is made by the rules of the base"), "{said}");
    assert_eq!(json["provenance"]["rules"]["origin"]["added"], json!(["own"]), "{json:#}");
}

/// The time that it takes to load so many policies, the best of two.
fn load_time(count: usize) -> std::time::Duration {
    let one = gate("@order(\"5\") @reason(\"no\")").replace('\n', " ");
    let text: String = (0..count).map(|i| format!("{}\n", one.replace("\"own\"", &format!("\"own{i}\"")))).collect();
    let folder = folder(&[("own.cedar", &text)]);
    let timed = |_| {
        let begun = std::time::Instant::now();
        let rules = RuleBook::laid_over(&Folder::new(folder.path()), &SCHEMA).unwrap();
        assert_eq!(rules.rules.len(), RULES.rules.len() + count);
        begun.elapsed()
    };
    (0..2).map(timed).min().unwrap()
}

/// Ten times the policies take about ten times as long, and not a hundred times.
#[test]
fn loading_is_linear_in_the_policies() {
    let (few, many) = (load_time(200), load_time(2_000));
    assert!(many < few * 20, "200 policies: {few:?}, 2,000: {many:?}");
}

/// What is wrong with a schema of the user's is underlined in the user's file, although Cedar reads the merged text.
#[test]
fn a_mistake_in_a_schema_has_its_place() {
    let account = |attributes: &str| {
        format!(
            "{{\"Artifact\": {{\"entityTypes\": {{\"Account\": {{\"shape\": {{\"attributes\": {attributes}}}}}}}}}}}"
        )
    };
    let first = |attributes: &str| match schema(&account(attributes)) {
        Err(Failure::Problems(problems)) => (problems[0].underlined().to_owned(), problems[0].message().to_owned()),
        _ => panic!("{attributes} is taken"),
    };
    let (underlined, message) = first(r#"{"team": {"type": "Entity", "name": "Artifact::Taem"}}"#);
    assert_eq!(underlined, "\"Artifact::Taem\"", "{message}");
    let (underlined, message) = first(r#"{"team": {"type": "Strin"}}"#);
    assert_eq!(underlined, "\"Strin\"", "{message}");
    let (underlined, message) =
        first(r#"{"team": {"type": "String", "annotations": {"values": "a b", "valeus": "c"}}}"#);
    assert_eq!(underlined, "\"valeus\"");
    assert_eq!(message, "`Account.team` has the annotation `valeus`, which has no meaning");
}

/// A default that is not of its attribute's type would be filled in, or left out, without a word.
#[test]
fn a_default_is_of_the_type_of_its_attribute() {
    let with = |ty: &str, default: &str, more: &str| {
        let default = serde_json::to_string(default).unwrap();
        let attribute = format!(r#"{{"type": {ty}, "annotations": {{"default": {default}{more}}}}}"#);
        schema(&format!(
            "{{\"Artifact\": {{\"entityTypes\": {{\"Account\": {{\"shape\": {{\"attributes\": {{\"own\": {attribute}}}}}}}}}}}}}"
        ))
    };
    let date = r#""Extension", "name": "datetime""#;
    let set = r#""Set", "element": {"type": "Long"}"#;
    for (ty, right) in [
        (r#""String""#, "\"a\""),
        (r#""Long""#, "1"),
        (r#""Boolean""#, "false"),
        (date, "\"2024-03-05\""),
        (set, "[1, 2]"),
    ] {
        assert!(with(ty, right, "").is_ok(), "{ty}: {right}");
    }
    for (ty, wrong, message) in [
        (r#""String""#, "aws", "`Account.own` is a string, but its default is not valid JSON"),
        (r#""String""#, "1", "`Account.own` is a string, but its default is 1"),
        (r#""Long""#, "\"1\"", "`Account.own` is a whole number, but its default is \"1\""),
        (r#""Long""#, "1.5", "`Account.own` is a whole number, but its default is 1.5"),
        (r#""Boolean""#, "1", "`Account.own` is true or false, but its default is 1"),
        (date, "\"soon\"", "but its default is \"soon\""),
        (set, "[1, \"2\"]", "`Account.own` is an array, but its default is [1,\"2\"]"),
    ] {
        let Err(Failure::Problems(problems)) = with(ty, wrong, "") else { panic!("{ty}: {wrong}") };
        assert!(problems[0].message().contains(message), "{}", problems[0]);
        assert_eq!(problems[0].underlined(), "\"default\"");
    }
    let closed = with(r#""String""#, "\"c\"", r#", "values": "a b""#);
    let Err(Failure::Problems(problems)) = closed else { panic!() };
    assert_eq!(problems[0].message(), "the default of `Account.own` is `c`, which is not one of its `values`");
}

/// An error in evaluation is neither an allow nor a deny, and leads to the policy that made it.
#[test]
fn a_rule_that_cannot_be_evaluated_has_its_place() {
    let overflows = "\n@id(\"own\") @rule(\"OWN-1\") @order(\"5\") @reason(\"no\")\nforbid (principal, action == Artifact::Action::\"download-agreement\", resource)\nwhen { 9223372036854775807 + 1 > 0 };";
    let rules = laid_over(overflows).unwrap();
    let world = World::organization().user(A, "a", json!([ADMIN]));
    let folder = world.folder();
    let inventory = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap();
    let options = Options { at: at("2026-11-01"), ..Options::default() };
    let Err(Failure::Evaluation(failed)) = assess(&inventory, &rules, &options) else { panic!("an answer") };
    let place = failed.place.as_ref().unwrap();
    assert_eq!((place.source.path.as_str(), place.line()), ("own.cedar", 2));
    assert!(failed.to_string().contains("cannot be evaluated for download-agreement by Artifact::"), "{failed}");
    assert!(std::error::Error::source(&Failure::Evaluation(failed)).unwrap().to_string().contains("overflow"));
}

/// An attribute that only a user's schema could declare is told to be one; the flag is the command line's to name.
#[test]
fn an_attribute_that_no_schema_declares_is_told() {
    let reads =
        gate("@order(\"5\") @reason(\"no\")").replace("context has organization", "principal.account.team == \"x\"");
    let found = problems(laid_over(&reads));
    assert!(found.iter().any(|p| p.is_undeclared() && p.message().contains("`team`")), "{found:?}");
    assert!(found.iter().all(|p| !p.help_text().unwrap_or_default().contains("--")), "{found:?}");
    let declares = World::new().account(A, json!({"team": "x"}), &[]).problems();
    assert!(declares[0].is_undeclared(), "{declares:?}");
    let other = gate("@order(\"5\") @reason(\"no\")").replace("context has organization", "1");
    assert!(problems(laid_over(&other)).iter().all(|p| !p.is_undeclared()));
}

#[test]
fn the_policies_are_valid_by_the_schema_as_they_stand_in_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = std::fs::read_to_string(root.join("schemas/artifact.cedarschema.json")).unwrap();
    let schema = cedar_policy::Schema::from_json_str(&schema).unwrap();
    let files = walkdir::WalkDir::new(root.join("policies")).into_iter().map(Result::unwrap);
    let policies = files.filter(|f| f.path().extension().is_some_and(|e| e == "cedar"));
    let text: String = policies.map(|f| std::fs::read_to_string(f.path()).unwrap()).collect();
    let set: cedar_policy::PolicySet = text.parse().unwrap();
    assert!(set.policies().count() > 100, "every file is there");
    let result = cedar_policy::Validator::new(schema).validate(&set, cedar_policy::ValidationMode::Strict);
    let wrong = result.validation_errors().map(ToString::to_string);
    let wrong: Vec<_> = wrong.chain(result.validation_warnings().map(ToString::to_string)).collect();
    assert!(result.validation_passed_without_warnings(), "{wrong:#?}");
}

/// What a rule reads behind the entities that it is asked with would count as empty: it is refused, in guardrails too, and what stands
/// beside the principal is there in every question.
#[test]
fn a_rule_reads_nothing_behind_what_it_is_asked_with() {
    let of_a_gate =
        |condition: &str| gate("@order(\"5\") @reason(\"no\")").replace("context has organization", condition);
    for (condition, underlined) in [
        (
            "context has organization && context.organization.managementAccount.hasTag(\"Freeze\")",
            "context.organization.managementAccount.hasTag(\"Freeze\")",
        ),
        (
            "context has organization && context.organization.managementAccount.state == \"SUSPENDED\"",
            "context.organization.managementAccount.state",
        ),
        ("Artifact::Account::\"111111111111\" has name", "Artifact::Account::\"111111111111\""),
    ] {
        let (at, message) = only(&of_a_gate(condition));
        assert_eq!(at, underlined);
        assert!(message.contains("not there when the rule is asked, and would count as empty"), "{message}");
    }
    let compares = "context has organization && context.organization.managementAccount == resource";
    assert!(
        problems(laid_over(&gate("@order(\"5\") @reason(\"no\")").replace("context has organization", compares)))
            .is_empty()
    );

    let guardrail = "@id(\"g\") @message(\"told\")\nforbid (principal, action == Artifact::Action::\"may-accept-agreement\", resource)\nwhen { Artifact::Account::\"111111111111\" has name };";
    let source = SourceFile::new("g.cedar", guardrail);
    let Err(Failure::Problems(found)) = countersign_core::guardrails::Guardrails::of_sources(&[source], &SCHEMA) else {
        panic!("a guardrail that reads what is not there")
    };
    assert!(found.iter().any(|p| p.message().contains("would count as empty")), "{found:?}");
}

/// A finding about an agreement reads the account and the organization that it is of.
#[test]
fn a_finding_about_an_agreement_reads_whose_it_is() {
    let finding = |id: &str, condition: &str| {
        format!(
            "@id(\"{id}\") @code(\"{id}\") @severity(\"error\") @rule(\"C-1\") @message(\"told\")\npermit (principal is Artifact::CustomerAgreement, action == Artifact::Action::\"report-on-agreement\", resource is Artifact::CustomerAgreement)\nwhen {{ {condition} }};\n"
        )
    };
    let rules = finding(
        "XX001",
        "principal has organization && principal.organization has featureSet && principal.organization.featureSet == \"ALL\"",
    ) + &finding(
        "XX002",
        "principal has account && principal.account has name && principal.account.name == \"ward\"",
    );
    let rules = laid_over(&rules).unwrap();
    let world = World::organization()
        .accepted("OrgBaa", "baa", "organization", ORG, "2023-04-01", None)
        .account("555555555555", json!({"name": "ward"}), &[])
        .accepted("Own", "baa", "account", "555555555555", "2023-04-01", None);
    let inventory = Inventory::load(&Folder::new(world.folder().path()), SCHEMA.clone()).unwrap();
    let found = assess(&inventory, &rules, &Options { at: at("2026-11-01"), ..Options::default() }).unwrap().findings;
    for code in ["XX001", "XX002"] {
        assert!(found.iter().any(|f| f.rule == code), "{code}: {found:?}");
    }
}
