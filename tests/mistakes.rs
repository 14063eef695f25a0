//! What an author of rules mistypes or leaves out is told, with its place and what to write: none of it changes an answer in silence.

use crate::collect::countersign;
use crate::common::*;
use countersign_core::assessment::{Options, assess};
use countersign_core::guardrails::Guardrails;
use countersign_core::inventory::Inventory;
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Problem, SourceFile};
use countersign_core::source::Folder;
use serde_json::{Value, json};
use std::sync::Arc;

/// The built-in gates of the account's state.
const ACCOUNT_GATES: &str = include_str!("../policies/operations/account.cedar");

/// Rules of these files, laid over those that are built in, by this schema.
fn laid_over(files: &[(&str, &str)], schema: &EntitySchema) -> Result<RuleBook, Vec<Problem>> {
    let folder = folder(files);
    RuleBook::laid_over(&Folder::new(folder.path()), schema).map_err(|failure| match failure {
        Failure::Problems(problems) => problems,
        other => panic!("{other}"),
    })
}

/// The only problem of a policy: what it underlines, says and advises.
fn wrong(text: &str) -> (String, String, String) {
    match laid_over(&[("own.cedar", text)], &SCHEMA) {
        Err(problems) => {
            let [problem] = problems.as_slice() else { panic!("{problems:?}") };
            (
                problem.underlined().to_owned(),
                problem.message().to_owned(),
                problem.help_text().unwrap_or_default().to_owned(),
            )
        }
        Ok(_) => panic!("nothing is wrong with it: {text}"),
    }
}

fn finding(conditions: &str) -> String {
    format!(
        "@id(\"own\") @code(\"OWN001\") @rule(\"X\") @severity(\"warning\") @message(\"look\")\n\
         permit (principal is Artifact::Account, action == Artifact::Action::\"report-on-account\", resource is Artifact::Account)\n\
         {conditions};"
    )
}

fn gate(conditions: &str) -> String {
    format!(
        "@id(\"own\") @rule(\"X\") @order(\"7\") @reason(\"not here\")\n\
         forbid (principal, action == Artifact::Action::\"download-report\", resource is Artifact::Account)\n{conditions};"
    )
}

/// Cedar takes a test for an attribute that nothing has for false: under `unless`, `||` or `!` the rule decides the other way.
#[test]
fn an_attribute_that_nothing_has_is_told_wherever_it_is_asked_for() {
    for (text, word, near) in [
        (finding("unless { principal has nmae && principal.nmae == \"management\" }"), "nmae", "name"),
        (finding("when { !(principal has nmae) }"), "nmae", "name"),
        (finding("when { context.holdsPhi || resource has \"stat\" }"), "\"stat\"", "state"),
        (gate("unless { context has organisation }"), "organisation", "organization"),
        (gate("when { if context has reprot then true else context.inForce }"), "reprot", "report"),
        (gate("unless { context has report && context.report has seres }"), "seres", "series"),
    ] {
        let (underlined, message, advice) = wrong(&text);
        assert_eq!(underlined, word, "{text}");
        assert!(message.contains("has no attribute"), "{message}");
        assert!(advice.contains(&format!("`{near}`")), "{advice}");
    }
    // an attribute of one of the types that it may be is one
    assert!(
        laid_over(&[("own.cedar", &finding("unless { principal has name && principal.name == \"x\" }"))], &SCHEMA)
            .is_ok()
    );
}

#[test]
fn so_it_is_in_guardrails() {
    let text = "@id(\"own\") @message(\"no\")\n\
        forbid (principal, action in Artifact::Action::\"may\", resource)\n\
        when { context.groups.contains(\"developers\") || (context has persn && context.persn.userName == \"dev\") };";
    let Err(Failure::Problems(problems)) = Guardrails::of_sources(&[SourceFile::new("own.cedar", text)], &SCHEMA)
    else {
        panic!("nothing is wrong with it")
    };
    assert_eq!(problems[0].underlined(), "persn");
    assert!(problems[0].help_text().unwrap().contains("`person`"));
}

fn told(rules: &RuleBook, inventory: &Inventory) -> Vec<(String, String)> {
    let told = rules.unknown_names(inventory);
    told.iter().map(|p| (p.underlined().to_owned(), p.help_text().unwrap_or_default().to_owned())).collect()
}

/// What is told of a file of rules names it with its folder, whether it is an error or a warning about an inventory.
#[test]
fn a_warning_names_the_folder_of_its_rules() {
    let folder = folder(&[("own.cedar", &finding("when { principal.hasTag(\"Nowhere\") }"))]);
    let typed = folder.path().display().to_string();
    let output = countersign(&["evaluate", "examples/hospital", "--policies", &typed]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains(&format!("{typed}/own.cedar:3:")), "{errors}");
}

/// A misspelt tag, name or service makes a condition that never holds.
#[test]
fn names_and_tags_that_the_inventory_lacks_are_told() {
    let mut account = json!({"uid": A, "attrs": {"name": "management"}});
    account["tags"] = json!({"Data": "PHI"});
    let user = json!({"uid": format!("arn:aws:iam::{A}:user/jane"), "tags": {"Team": "legal"}});
    let folder = World::new().entity(account).entity(user).folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    for (condition, word, near) in [
        ("principal.hasTag(\"Dataa\")", "\"Dataa\"", "`Data`"),
        ("principal.hasTag(\"data\")", "\"data\"", "`Data`"),
        ("principal.hasTag(\"Data\") && principal.getTag(\"Data\") == \"PHII\"", "\"PHII\"", "`PHI`"),
        ("principal.hasTag(\"Data\") && [\"PHII\"].contains(principal.getTag(\"Data\"))", "\"PHII\"", "`PHI`"),
        ("principal.hasTag(\"Dataa\") && principal.getTag(\"Dataa\") == \"PHI\"", "\"Dataa\"", "`Data`"),
        ("context.tags.contains(\"data=phii\")", "\"data=phii\"", "`data=phi`"),
        ("principal has name && principal.name == \"managment\"", "\"managment\"", "`management`"),
        ("principal has name && principal.name like \"manag-*\"", "\"manag-*\"", "never holds"),
        ("context.ineligibleServices.contains(\"gamelft\")", "\"gamelft\"", "`gamelift`"),
    ] {
        let rules = laid_over(&[("own.cedar", &finding(&format!("when {{ {condition} }}")))], &SCHEMA).unwrap();
        let found = told(&rules, &inventory);
        assert_eq!(found.len(), 1, "{condition}: {found:?}");
        assert_eq!(found[0].0, word);
        assert!(found[0].1.contains(near), "{found:?}");
    }
    for condition in [
        "principal.hasTag(\"Data\") && principal.getTag(\"Data\") == \"PHI\"",
        "context.tags.contains(\"data=phi\")",
        "principal has name && principal.name like \"manage*\"",
        "context.ineligibleServices.contains(\"gamelift\")",
        // rules about access read the tags of users
        "principal.hasTag(\"Team\") && principal.getTag(\"Team\") == \"legal\"",
    ] {
        let rules = laid_over(&[("own.cedar", &finding(&format!("when {{ {condition} }}")))], &SCHEMA).unwrap();
        assert_eq!(told(&rules, &inventory), [], "{condition}");
    }
}

fn replaced_accept(conditions: &str) -> String {
    format!(
        "@id(\"accept-agreement\") @order(\"90\") @rule(\"X\") @reason(\"no\")\n\
         @requires(\"classic: artifact:AcceptAgreement; fine-grained: artifact:AcceptAgreement\")\n\
         forbid (principal, action == Artifact::Action::\"accept-agreement\", resource is Artifact::Account)\n{conditions};"
    )
}

/// Where the condition that was added does not hold, nothing asks for the permission any more.
#[test]
fn a_gate_that_forbids_less_than_the_one_it_stands_in_for_is_told() {
    let warnings = |conditions: &str| {
        let rules = laid_over(&[("own.cedar", &replaced_accept(conditions))], &SCHEMA).unwrap();
        rules.warnings.iter().map(|w| w.message().to_owned()).collect::<Vec<_>>()
    };
    let asks = "context.allowed.contains(\"artifact:AcceptAgreement\")";
    assert_eq!(warnings(&format!("unless {{ {asks} }}")), [""; 0]);
    for less in [
        format!("when {{ resource.state == \"SUSPENDED\" }} unless {{ {asks} }}"),
        format!("unless {{ {asks} }} unless {{ resource.state == \"ACTIVE\" }}"),
        format!("when {{ !(resource.hasTag(\"Data\") || {asks}) }}"),
    ] {
        // the last mixes what is allowed with something else, which is an error of its own
        match laid_over(&[("own.cedar", &replaced_accept(&less))], &SCHEMA) {
            Ok(rules) => {
                let message =
                    "`accept-agreement` stands in for the built-in gate and has a condition that this one has not";
                assert_eq!(rules.warnings.iter().map(Problem::message).collect::<Vec<_>>(), [message], "{less}");
            }
            Err(problems) => assert!(less.contains("hasTag") && !problems.is_empty(), "{less}: {problems:?}"),
        }
    }
}

/// Who lacks the permission passes the gate: nothing else asks for it.
#[test]
fn a_gate_that_asks_for_less_than_the_one_it_stands_in_for_is_told() {
    let terminate = |requires: &str, condition: &str| {
        format!(
            "@id(\"terminate-agreement\") @order(\"90\") @rule(\"X\") @reason(\"no\") @requires(\"{requires}\")\n\
             forbid (principal, action == Artifact::Action::\"terminate-agreement\", resource is Artifact::Account)\n\
             unless {{ {condition} }};"
        )
    };
    let asks = "context.allowed.contains(\"artifact:TerminateAgreement\")";
    let less = terminate("classic: artifact:TerminateAgreement; fine-grained: artifact:TerminateAgreement", asks);
    let rules = laid_over(&[("own.cedar", &less)], &SCHEMA).unwrap();
    let message =
        "`terminate-agreement` stands in for the built-in gate, which also asks for artifact:GetCustomerAgreement";
    assert_eq!(rules.warnings.iter().map(Problem::message).collect::<Vec<_>>(), [message]);
    let built_in = "if context.generation == \"classic\" then context.allowed.contains(\"artifact:TerminateAgreement\")
        else context.allowed.containsAll([\"artifact:GetCustomerAgreement\", \"artifact:TerminateAgreement\"])";
    let same = terminate(
        "classic: artifact:TerminateAgreement; fine-grained: artifact:GetCustomerAgreement, artifact:TerminateAgreement",
        built_in,
    );
    assert_eq!(laid_over(&[("own.cedar", &same)], &SCHEMA).unwrap().warnings.len(), 0);
    // the order of the gate that it stands in for decides which reason is told (D8)
    let problems = laid_over(&[("own.cedar", &less.replace("@order(\"90\") ", ""))], &SCHEMA).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].help_text().unwrap().contains("@order(\"90\")"), "{problems:?}");
}

#[test]
fn an_id_that_is_nearly_a_built_in_one_is_told() {
    let text = replaced_accept("unless { context.allowed.contains(\"artifact:AcceptAgreement\") }");
    let rules = laid_over(
        &[("own.cedar", &text.replace("\"accept-agreement\") @order", "\"accept-agrement\") @order"))],
        &SCHEMA,
    );
    let rules = rules.unwrap();
    assert_eq!(rules.warnings.len(), 1);
    assert!(rules.warnings[0].message().contains("beside the built-in policy `accept-agreement`"));
    // one that is about something else is another policy
    let other = gate("when { context has organization }").replace("\"own\"", "\"accept-agrement\"");
    assert!(laid_over(&[("own.cedar", &other)], &SCHEMA).unwrap().warnings.is_empty());
}

/// An operation of the user's, as the example of the documentation has it, with these rules and calls.
fn operation(state: &str, entry: &str, call: &str) -> Result<RuleBook, Vec<Problem>> {
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/writing-rules/operation");
    let read = |path: &str| std::fs::read_to_string(example.join(path)).unwrap();
    let schema = SourceFile::new("schema.json", read("schema.json"));
    let node = countersign_core::text::json::parse(&schema).unwrap();
    let schema = EntitySchema::laid_over(&schema, &node).unwrap();
    let rules = std::fs::read_dir(example.join("rules")).unwrap().map(|e| e.unwrap().path());
    let cedar = rules.into_iter().find(|p| p.extension().is_some_and(|e| e == "cedar")).unwrap();
    let cedar = std::fs::read_to_string(cedar).unwrap();
    let gate = "unless { resource.state == \"ACTIVE\" }";
    assert!(cedar.contains(gate));
    let mut operations: Value = serde_json::from_str(&read("rules/operations.json")).unwrap();
    let merge = |into: &mut Value, text: &str| {
        let more: Value = serde_json::from_str(text).unwrap();
        into.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    };
    merge(&mut operations["operations"][0], entry);
    merge(&mut operations["calls"][0], call);
    let files = [("own.cedar", cedar.replace(gate, state)), ("operations.json", operations.to_string())];
    laid_over(&files.each_ref().map(|(path, text)| (*path, text.as_str())), &schema)
}

/// The gate of the account's state is tried with every state that there is (D26).
#[test]
fn an_operation_is_closed_in_each_state_but_active() {
    let said = |state: &str| match operation(state, "{}", "{}") {
        Err(problems) => problems[0].message().to_owned(),
        Ok(_) => String::new(),
    };
    assert_eq!(said("unless { resource.state == \"ACTIVE\" }"), "");
    let closed = said("unless { resource.state == \"ACTIVE\" || resource.state == \"CLOSED\" }");
    assert!(closed.contains("in an account that is `CLOSED`"), "{closed}");
    assert!(said("when { resource.state == \"SUSPENDED\" }").contains("no gate forbids"));
    assert!(said("unless { resource.state == \"PENDING_ACTIVATION\" }").contains("in an account that is"));
    assert!(said("when { context.at > datetime(\"2020-01-01\") }").contains("no gate forbids"));
    assert!(said("when { true }").contains("in an account that is active, too"));
}

#[test]
fn a_word_that_stands_for_another_operation_is_an_error() {
    let said = |words: &str| match operation(ACTIVE, &format!("{{\"alsoCalled\": [{words}]}}"), "{}") {
        Err(problems) => problems[0].message().to_owned(),
        Ok(_) => String::new(),
    };
    assert_eq!(said("\"inquire\""), "");
    for (word, of) in
        [("accept", "accept-agreement"), ("cancel", "terminate-agreement"), ("close-account", "close-account")]
    {
        assert_eq!(said(&format!("\"inquire\", \"{word}\"")), format!("`{word}` already stands for `{of}`"));
    }
}

const ACTIVE: &str = "unless { resource.state == \"ACTIVE\" }";

#[test]
fn a_call_carries_the_keys_that_aws_says_and_no_others() {
    let call = |keys: &str| {
        let call = format!(
            "{{\"calls\": [{{\"action\": \"artifact:GetReport\", \"resources\": [{{\"arn\": \"{}\"}}], \"keys\": {{{keys}}}}}]}}",
            "arn:{partition}:artifact:{partition.region}::report/{report.id}:{report.version}"
        );
        match laid_over(&[("operations.json", &call)], &SCHEMA) {
            Err(problems) => (problems[0].underlined().to_owned(), problems[0].message().to_owned()),
            Ok(_) => (String::new(), String::new()),
        }
    };
    let both = "\"artifact:ReportSeries\": \"{report.series}\", \"artifact:ReportCategory\": \"{report.category}\"";
    assert_eq!(call(both), (String::new(), String::new()));
    let (underlined, message) = call(&both.replace("ReportSeries\"", "ReportSeri\""));
    assert_eq!(
        (underlined.as_str(), message.as_str()),
        ("\"artifact:ReportSeri\"", "`artifact:ReportSeri` is not a key of artifact")
    );
    let (_, message) = call("\"artifact:ReportSeries\": \"{report.series}\"");
    assert_eq!(message, "`artifact:GetReport` carries `artifact:ReportCategory`, which this call does not say");
}

/// A gate of one state that is removed, or stands for another, opens accounts in that state, whatever the other gates say (D26).
#[test]
fn a_state_that_a_change_of_gates_opens_is_told() {
    let removed = removing("account-suspended");
    let closed_instead = ACCOUNT_GATES
        .split("\n\n")
        .find(|policy| policy.contains("@id(\"account-suspended\")"))
        .unwrap()
        .replace("\"SUSPENDED\"", "\"CLOSED\"");
    for text in [&removed, &closed_instead] {
        let rules = laid_over(&[("own.cedar", text)], &SCHEMA).unwrap();
        let told: Vec<&str> = rules.warnings.iter().map(Problem::message).collect();
        // what stands in for the gate is told as well
        let [.., warning] = told.as_slice() else { panic!("{told:?}") };
        assert!(warning.starts_with("no gate forbids `accept-agreement`, "), "{warning}");
        assert!(warning.ends_with(" in an account that is `SUSPENDED`"), "{warning}");
        let lacks = rules.without();
        assert!(lacks.iter().any(|l| l.starts_with("gates for an account that is SUSPENDED on ")), "{lacks:?}");
    }
    // another gate of that state closes it as well
    let beside = closed_instead.replace("\"CLOSED\"", "\"SUSPENDED\"").replace("account-suspended", "own-suspended");
    let rules = laid_over(&[("own.cedar", &format!("{removed}\n{beside}"))], &SCHEMA).unwrap();
    assert!(rules.warnings.is_empty() && rules.without().is_empty(), "{:?}", rules.warnings);
}

/// One at most of these is so, whatever the inventory says.
#[test]
fn what_excludes_each_other_is_a_contradiction_where_the_conditions_stand() {
    for conditions in [
        "when { context.covered.contains(\"baa\") && context.notCovered.contains(\"baa\") }",
        "when { context.holdsPhi } when { context.holdsPhiUnknown }",
        "when { false }",
    ] {
        let (underlined, message, _) = wrong(&finding(conditions));
        assert_eq!(underlined, "when", "{conditions}");
        assert!(message.contains("contradict"), "{message}");
    }
    // no moment is in no order, and what is reported on is one thing
    for conditions in [
        "when { context.at < datetime(\"2020-01-01\") && context.at > datetime(\"2025-01-01\") }",
        "when { context.at < datetime(\"2020-01-01\") } unless { datetime(\"2025-01-01T00:00:00+0100\") >= context.at }",
        "when { context.at == datetime(\"2020-01-01\") && context.at != datetime(\"2020-01-01T00:00:00Z\") }",
        "when { principal != resource }",
        "unless { resource == principal }",
        "when { principal == Artifact::Account::\"111111111111\" && resource == Artifact::Account::\"222222222222\" }",
        "when { principal has name && principal.name == \"a\" && resource has name && resource.name == \"b\" }",
    ] {
        let (underlined, message, _) = wrong(&finding(conditions));
        assert!(["when", "unless"].contains(&underlined.as_str()), "{conditions}");
        assert!(message.contains("contradict"), "{conditions}: {message}");
    }
    let of_accounts = |principal: &str, resource: &str| {
        let [principal, resource] = [principal, resource].map(|id| format!("== Artifact::Account::\"{id}\""));
        let text = finding("").replace("principal is Artifact::Account", &format!("principal {principal}"));
        text.replace("resource is Artifact::Account", &format!("resource {resource}"))
    };
    assert!(wrong(&of_accounts("111111111111", "222222222222")).1.contains("contradict"));
    for possible in [
        finding("when { context.at <= datetime(\"2025-01-01\") && context.at >= datetime(\"2025-01-01\") }"),
        finding("when { context.at < datetime(\"2025-01-01\") || context.at > datetime(\"2026-01-01\") }"),
        finding("when { principal == resource }"),
        of_accounts("111111111111", "111111111111"),
        // of an operation they are two
        gate("when { principal != resource }"),
    ] {
        if let Err(problems) = laid_over(&[("own.cedar", &possible)], &SCHEMA) {
            panic!("{possible}: {problems:?}");
        }
    }
    let of_two = "when { context.covered.contains(\"baa\") && context.notCovered.contains(\"andb\") }";
    assert!(laid_over(&[("own.cedar", &finding(of_two))], &SCHEMA).is_ok());
}

/// What an account does not say is told with its number: no other account shares that answer.
#[test]
fn accounts_that_do_not_say_something_share_no_answers() {
    let mut schema: Value = serde_json::from_str(&SCHEMA.text).unwrap();
    for ty in ["Account", "OrganizationalUnit"] {
        schema["Artifact"]["entityTypes"][ty]["shape"]["attributes"]["legalHold"] =
            json!({"type": "Boolean", "required": false, "annotations": {"unknownWhenAbsent": "true"}});
    }
    let schema = Arc::new(EntitySchema::parse(&schema.to_string(), "own").unwrap());
    let of = |of: &str| {
        "@id(\"hold\") @order(\"95\") @rule(\"X\") @reason(\"under a hold\")\n\
         forbid (principal, action == Artifact::Action::\"download-report\", resource is Artifact::Account)\n\
         when { OF has legalHold && OF.legalHold };"
            .replace("OF", of)
    };
    let rules = laid_over(&[("own.cedar", &of("resource"))], &schema).unwrap();
    let mut world = World::new().org(json!({}));
    for account in [M, A, B, "123456789012"] {
        world = world.account(account, json!({}), &[ORG]);
    }
    let report = json!({"uid": "Report::\"report-1\"", "attrs": {"acceptanceType": "PASSTHROUGH", "series": "SOC", "category": "Certifications and Attestations"}});
    let folder = world.entity(report).folder();
    let inventory = Inventory::load(&Folder::new(folder.path()), schema).unwrap_or_else(|f| panic!("{}", words(&f)));
    let answers = |by_itself: bool| {
        let options = Options { at: at("2026-11-01"), snapshot: at("2026-11-01"), by_itself, ..Options::default() };
        serde_json::to_value(assess(&inventory, &rules, &options).unwrap_or_else(|f| panic!("{}", words(&f)))).unwrap()
    };
    let (plain, shared) = (answers(true), answers(false));
    assert!(plain.to_string().contains(&format!("legalHold of {B}")), "{plain}");
    assert_eq!(plain, shared);
}

/// Cedar proposes the group of all actions for one that is misspelt, by which the guardrail would forbid everything.
#[test]
fn a_misspelt_action_has_the_nearest_one_as_its_help() {
    let text = "@id(\"own\") @message(\"no\")\nforbid (principal, action == Artifact::Action::\"may-acept-agreement\", resource);";
    let Err(Failure::Problems(problems)) = Guardrails::of_sources(&[SourceFile::new("own.cedar", text)], &SCHEMA)
    else {
        panic!("nothing is wrong with it")
    };
    assert_eq!(problems[0].help_text(), Some("did you mean `Artifact::Action::\"may-accept-agreement\"`?"));
}

#[test]
fn a_file_without_policies_is_told() {
    let rules = laid_over(&[("own.cedar", "// nothing yet\n")], &SCHEMA).unwrap();
    assert_eq!(rules.warnings.iter().map(Problem::message).collect::<Vec<_>>(), ["own.cedar holds no policy"]);
}

#[test]
fn a_schema_is_wrong_where_it_is_written() {
    let fault = |text: &str| {
        let source = SourceFile::new("schema.json", text);
        let node = countersign_core::text::json::parse(&source).unwrap();
        match EntitySchema::laid_over(&source, &node) {
            Err(Failure::Problems(problems)) => (problems[0].underlined().to_owned(), problems[0].message().to_owned()),
            _ => panic!("nothing is wrong with it"),
        }
    };
    let ty = |name: &str, annotation: &str| {
        format!(
            "{{\"Artifact\": {{\"entityTypes\": {{\"{name}\": {{\"shape\": {{\"type\": \"Record\", \"attributes\": {{\"hold\":
             {{\"type\": \"Boolean\", \"required\": false, \"annotations\": {{\"unknownWhenAbsent\": {annotation}}}}}}}}}}}}}}}}}"
        )
    };
    let (underlined, message) = fault(&ty("Account", "true"));
    assert_eq!(
        (underlined.as_str(), message.as_str()),
        ("true", "the annotation `unknownWhenAbsent` is a text, but this is a boolean")
    );
    assert_eq!(fault(&ty("Acount", "\"true\"")), ("\"Acount\"".to_owned(), "there is no type `Acount`".to_owned()));
}

#[test]
fn a_key_that_leaves_out_a_part_of_its_name_is_proposed() {
    let folder = World::new().account(A, json!({}), &[]).folder();
    let inventory = folder.path().to_str().unwrap();
    let output = countersign(&["can", "root", "accept", inventory, "--context", "aws:MultiFactorPresent=true"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("did you mean `aws:MultiFactorAuthPresent`?"), "{text}");
}

#[test]
fn the_scope_of_an_agreement_is_the_one_that_its_condition_asks_of() {
    let text = |scope: &str, ty: &str, condition: &str| {
        format!(
            "@id(\"own\") @rule(\"X\") @scope(\"{scope}\") @since(\"principal\")\n\
             permit (principal is Artifact::{ty}, action == Artifact::Action::\"in-force\", resource is Artifact::Account)\n\
             when {{ {condition} }};"
        )
    };
    let of_account = "principal has account && principal.account == resource";
    let of_organization = "principal has organization && resource in principal.organization";
    for (scope, ty, condition) in [
        ("organization", "CustomerAgreement", of_account),
        ("account", "CustomerAgreement", of_organization),
        ("offline", "CustomerAgreement", of_account),
        ("account", "OfflineAgreement", "resource in principal"),
    ] {
        let (underlined, message, _) = wrong(&text(scope, ty, condition));
        assert_eq!(underlined, format!("@scope(\"{scope}\")"), "{message}");
        assert!(message.contains("no agreement of this policy"), "{message}");
    }
    for (scope, ty, condition) in [
        ("account", "CustomerAgreement", of_account),
        ("organization", "CustomerAgreement", of_organization),
        ("offline", "OfflineAgreement", "resource in principal"),
        // one that relates the two in another way
        ("organization", "CustomerAgreement", "resource.hasTag(\"all\")"),
    ] {
        laid_over(&[("own.cedar", &text(scope, ty, condition))], &SCHEMA).unwrap_or_else(|p| panic!("{scope} {p:?}"));
    }
}
