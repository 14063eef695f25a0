//! Operations as data: what is laid over, what does not fit, and what is not known tried in every way.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::*;
use countersign_core::assessment::{Options, assess};
use countersign_core::assessments::Assessments;
use countersign_core::guardrails::{GuardrailState, Guardrails};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::schema::{BUILT_IN, EntitySchema};
use countersign_core::naming;
use countersign_core::policies::operations::Catalogue;
use countersign_core::policies::{self, RuleBook};
use countersign_core::problem::{Failure, SourceFile};
use serde_json::{Value, json};

/// What a user lays over the built-in rules.
#[derive(Clone, Default)]
struct Overlay {
    schema: Value,
    cedar: String,
    operations: String,
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

impl Overlay {
    fn read(&self) -> Result<(Arc<EntitySchema>, RuleBook), Failure> {
        let mut schema: Value = serde_json::from_str(BUILT_IN).unwrap();
        if self.schema.is_object() {
            merge(&mut schema, &json!({"Artifact": self.schema}));
        }
        let schema = Arc::new(EntitySchema::parse(&schema.to_string(), "schema.json")?);
        let mut sources: Vec<_> = policies::BUILT_IN.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect();
        sources.push(SourceFile::new("own.cedar", self.cedar.clone()));
        let mut data = vec![Catalogue::built_in()];
        if !self.operations.is_empty() {
            data.push(SourceFile::new("operations.json", self.operations.clone()));
        }
        let rules = RuleBook::new(sources, &data, &schema)?;
        Ok((schema, rules))
    }

    /// What is wrong with it: the words underlined, the message, the help.
    fn problems(&self) -> Vec<[String; 3]> {
        match self.read() {
            Err(Failure::Problems(problems)) => {
                let told = |p: &countersign_core::problem::Problem| {
                    [p.underlined().to_owned(), p.message().to_owned(), p.help_text().unwrap_or_default().to_owned()]
                };
                problems.iter().map(told).collect()
            }
            _ => Vec::new(),
        }
    }

    fn assess(&self, world: &World) -> Answers {
        let (schema, rules) = self.read().unwrap_or_else(|f| panic!("{}", words(&f)));
        let folder = world.folder();
        let inventory =
            Inventory::load(&Folder::new(folder.path()), schema).unwrap_or_else(|f| panic!("{}", words(&f)));
        let at = at("2026-11-01");
        let options = Options { at, snapshot: at, ..Options::default() };
        Answers(serde_json::to_value(assess(&inventory, &rules, &options).unwrap()).unwrap())
    }
}

fn action(context: &str) -> Value {
    json!({"appliesTo": {"principalTypes": ["User", "Role", "Root", "PermissionSet"], "resourceTypes": ["Account"],
        "context": {"type": context}}})
}

/// An operation of the user's: to ask AWS about a report.
fn inquiry() -> Overlay {
    let mut may = action("GrantContext");
    may["memberOf"] = json!([{"id": "may"}]);
    Overlay {
        schema: json!({"actions": {"ask-about-report": action("OperationContext"), "may-ask-about-report": may}}),
        cedar: r#"
            @id("ask-about-report-with-permission") @rule("own")
            permit (principal, action == Artifact::Action::"ask-about-report", resource is Artifact::Account);
            @id("ask-about-report") @rule("own") @order("10")
            @reason("asking about a report takes artifact:CreateComplianceInquiry")
            @requires("classic: artifact:CreateComplianceInquiry; fine-grained: artifact:CreateComplianceInquiry")
            forbid (principal, action == Artifact::Action::"ask-about-report", resource is Artifact::Account)
            unless { context.allowed.contains("artifact:CreateComplianceInquiry") };
            @id("ask-only-in-active-accounts") @rule("own") @order("5") @state("account") @reason("this account is not active")
            forbid (principal, action == Artifact::Action::"ask-about-report", resource is Artifact::Account)
            unless { resource.state == "ACTIVE" };"#
            .to_owned(),
        operations: json!({
            "operations": [{"operation": "ask-about-report", "about": "report", "verb": "ask about", "object": "reports"}],
            "calls": [{"action": "artifact:CreateComplianceInquiry",
                "resources": [{"arn": "arn:{partition}:artifact:{report.region}:{account}:compliance-inquiry/{report.series}"}]}]
        })
        .to_string(),
    }
}

fn asking(resource: &str) -> World {
    let statement = json!([{"Effect": "Allow", "Action": "artifact:CreateComplianceInquiry", "Resource": resource}]);
    World::new().account(A, json!({}), &[]).report("report-1", "SOC", false).user(A, "a", json!([policy(statement)]))
}

/// Each call of the built-in operations is asked on an ARN that the service authorization reference has for its action, and the patterns
/// of identifiers are as wide as the API reference says.
#[test]
fn what_is_asked_on_is_what_aws_publishes() {
    use countersign_core::aws::{self, asked_on};
    let text = std::fs::read_to_string("policies/operations/operations.json").unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let slot = |name: &str| match name.split('|').next().unwrap() {
        "partition" => "aws".to_owned(),
        "account" | "member.id" | "acceptance.account" => A.to_owned(),
        "partition.region" | "report.region" => "us-east-1".to_owned(),
        name => match name.strip_prefix("aws.") {
            Some(of) => aws::name(of).unwrap().replace(['?', '*'], "x"),
            // what follows a `|` has the form of what it stands for
            None if name == "organization.id" => "o-0000000000".to_owned(),
            None => "x".to_owned(),
        },
    };
    let filled = |template: &str| {
        let mut parts = template.split('{');
        let mut arn = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            arn.push_str(&slot(name));
            arn.push_str(rest);
        }
        arn.replace("????????????", A)
    };
    let mut seen = BTreeSet::new();
    for call in document["calls"].as_array().unwrap() {
        let action = call["askedAs"].as_str().or(call["action"].as_str()).unwrap();
        for resource in call["resources"].as_array().unwrap() {
            let arn = filled(resource["arn"].as_str().unwrap());
            match asked_on::asked_on(action, &arn) {
                asked_on::Asked::Possible => drop(seen.insert(action.to_owned())),
                // what has ended or no catalogue has had
                _ if countersign_core::aws::actions::action(action).is_some()
                    || action == "artifact:UndocumentedAction" => {}
                other => panic!("{action} on {arn}: {other:?}"),
            }
        }
    }
    for action in [
        "account:CloseAccount",
        "organizations:AcceptHandshake",
        "organizations:CloseAccount",
        "organizations:RemoveAccountFromOrganization",
    ] {
        assert!(seen.contains(action), "{action}");
    }
    let data: Value = serde_json::from_str(&std::fs::read_to_string("data/artifact.json").unwrap()).unwrap();
    for (name, of) in [("anyOrganization", "organization"), ("anyHandshake", "handshake")] {
        // `o-[a-z0-9]{10,32}` as a pattern: so many characters, and any after them
        let form = data["identifiers"][of].as_str().unwrap();
        let (prefix, least) = (form.split('[').next().unwrap(), form.split(['{', ',']).nth(1).unwrap());
        let pattern = format!("{prefix}{}*", "?".repeat(least.parse().unwrap()));
        assert_eq!(data["names"][name], json!(pattern));
    }
}

#[test]
fn a_new_operation_is_asked_on_what_its_data_says() {
    for (resource, decision) in [
        ("arn:aws:artifact:us-east-1:222222222222:compliance-inquiry/SOC", "allow"),
        ("arn:aws:artifact:us-east-1:222222222222:compliance-inquiry/ISO", "deny"),
        ("arn:aws:artifact:us-east-1:333333333333:compliance-inquiry/SOC", "deny"),
        ("arn:aws:artifact:eu-west-1:222222222222:compliance-inquiry/SOC", "deny"),
    ] {
        let answers = inquiry().assess(&asking(resource));
        assert_eq!(answers.decision(&user(A, "a"), "ask-about-report", "report-1"), decision, "{resource}");
    }
    let answers = inquiry().assess(&asking("arn:aws:artifact:*:*:compliance-inquiry/none"));
    let answer = answers.answer(&user(A, "a"), "ask-about-report", "report-1");
    assert_eq!(answer["missing"], json!(["artifact:CreateComplianceInquiry"]));
    assert_eq!(answer["reason"], "asking about a report takes artifact:CreateComplianceInquiry");
}

#[test]
fn a_new_operation_stands_last_and_leaves_the_others_as_they_are() {
    let world = asking("*");
    let (with, without) = (inquiry().assess(&world), world.now());
    let of = |answers: &Answers| answers.operations(&user(A, "a")).to_vec();
    let (mut with, without) = (of(&with), of(&without));
    assert_eq!(with.pop().unwrap()["operation"], "ask-about-report");
    assert_eq!(with, without);
}

#[test]
fn a_new_operation_has_a_name_like_any_other() {
    let (_, rules) = inquiry().read().unwrap();
    assert_eq!(naming::operation(&rules.operations, "ask").unwrap(), "ask-about-report");
    assert!(naming::operation(&RULES.operations, "ask").is_err());
}

#[test]
fn guardrails_are_asked_about_a_new_operation() {
    let (schema, rules) = inquiry().read().unwrap();
    let guardrail = |of: &str| {
        format!(
            "@id(\"own\") @message(\"not here\") forbid (principal, action {of}, resource) unless {{ principal is Artifact::Root }};"
        )
    };
    for (of, resource, outcome) in [
        ("== Artifact::Action::\"may-ask-about-report\"", "*", GuardrailState::Violated),
        (
            "== Artifact::Action::\"may-ask-about-report\"",
            "arn:aws:artifact:*:*:compliance-inquiry/none",
            GuardrailState::Proved,
        ),
        ("in Artifact::Action::\"may\"", "*", GuardrailState::Violated),
        // whether the user may remove an offline designation is unknown (D21)
        ("in Artifact::Action::\"may\"", "arn:aws:artifact:*:*:compliance-inquiry/none", GuardrailState::Unknown),
    ] {
        let folder = asking(resource).file("guardrails/own.cedar", guardrail(of)).folder();
        let inventory = Inventory::load(&Folder::new(folder.path()), schema.clone()).unwrap();
        let guardrails = Guardrails::read(&Folder::new(folder.path()), &inventory, &schema).unwrap().unwrap();
        let at = at("2026-11-01");
        let options = Options { at, snapshot: at, ..Options::default() };
        let outcomes = guardrails.check(&Assessments::new(&inventory, &rules), &options).unwrap();
        assert_eq!(outcomes[0].outcome, outcome, "{of} {resource}");
    }
}

#[test]
fn what_does_not_fit_is_an_error_at_its_place() {
    let edited = |from: &str, to: &str| {
        let mut overlay = inquiry();
        overlay.operations = overlay.operations.replace(from, to);
        assert_ne!(overlay.operations, inquiry().operations, "{from}");
        overlay
    };
    for (from, to, underlined, help) in [
        ("\"about\":\"report\"", "\"about\":\"reports\"", "\"reports\"", "write one of agreement, report, account"),
        ("\"about\"", "\"abuot\"", "\"abuot\"", "did you mean `about`?"),
        ("ask-about-report", "ask-about-reports", "\"ask-about-reports\"", "did you mean `ask-about-report`?"),
        ("{report.series}", "{report.serie}", "{report.serie}", "did you mean `series`?"),
        (
            "artifact:Create",
            "artifact:Creates",
            "\"artifact:CreatesComplianceInquiry\"",
            "did you mean `artifact:CreateComplianceInquiry`?",
        ),
        ("\"verb\":\"ask about\"", "\"verb\":7", "7", "put it in quotes"),
        ("\"about\":\"report\"", "\"about\":\"report\",\"scopes\":[\"account\"]", "\"account\"", "leave it out"),
        ("\"about\":\"report\"", "\"about\":\"agreement\"", "\"ask-about-report\"", "add \"scopes\""),
        ("\"about\":\"report\"", "\"about\":\"account\"", "artifact:CreateComplianceInquiry", "require another action"),
        (
            "compliance-inquiry/",
            "compliance-inquirie/",
            "\"arn:{partition}:artifact:{report.region}:{account}:compliance-inquirie/{report.series}\"",
            "it acts on arn:{partition}:artifact:*:*:compliance-inquiry/*",
        ),
        (
            ":{account}:",
            "::",
            "\"arn:{partition}:artifact:{report.region}::compliance-inquiry/{report.series}\"",
            "it acts on arn",
        ),
        ("\"arn\":", "\"inForce\":\"no\",\"arn\":", "\"no\"", "write true or false"),
        ("\"arn\":", "\"inForce\":true,\"arn\":", "artifact:CreateComplianceInquiry", "add a resource"),
    ] {
        let problems = edited(from, to).problems();
        let found = problems.iter().any(|[at, _, h]| at == underlined && h.starts_with(help));
        assert!(found, "{from} → {to}: {problems:#?}");
    }
    assert_eq!(inquiry().problems(), Vec::<[String; 3]>::new());
}

#[test]
fn what_is_listed_on_one_side_alone_is_an_error() {
    let unlisted = Overlay { operations: String::new(), ..inquiry() };
    let problems = unlisted.problems();
    let says = |text: &str| problems.iter().any(|[_, message, _]| message.contains(text));
    assert!(says("the schema has the operation `ask-about-report`"), "{problems:?}");
    let unknown = Overlay { schema: Value::Null, cedar: String::new(), ..inquiry() };
    assert!(unknown.problems().iter().any(|[_, m, _]| m == "the schema has no operation `ask-about-report`"));
    let mut without = inquiry();
    without.schema["actions"].as_object_mut().unwrap().remove("may-ask-about-report");
    assert!(without.problems().iter().any(|[at, m, _]| at == "\"ask-about-report\"" && m.starts_with("guardrails")));
}

#[test]
fn a_gate_that_asks_for_an_action_of_no_resource_is_an_error_in_its_policy() {
    let gate = r#"
        @id("own-gate") @rule("own") @order("95") @reason("no")
        @requires("classic: s3:GetObject; fine-grained: s3:GetObject")
        forbid (principal, action == Artifact::Action::"accept-agreement", resource is Artifact::Account)
        unless { context.allowed.contains("s3:GetObject") };"#;
    let problems = Overlay { cedar: gate.to_owned(), ..Overlay::default() }.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0][0], "s3:GetObject");
    assert!(problems[0][1].contains("does not say which resources `s3:GetObject` needs"));
}

#[test]
fn an_operation_of_the_same_name_is_replaced() {
    let of_scopes = |scopes: Value| {
        let own = json!({"operations": [{"operation": "accept-agreement", "about": "agreement", "scopes": scopes,
            "possibleWhile": {"inForce": false}, "verb": "sign", "object": "contracts"}]});
        Overlay { operations: own.to_string(), ..Overlay::default() }
    };
    let told = of_scopes(json!(["account"])).problems();
    assert!(told.iter().any(|[_, m, _]| m.contains("no scope `organization` any more")), "{told:?}");
    let overlay = of_scopes(json!(["organization", "account"]));
    let (_, rules) = overlay.read().unwrap_or_else(|f| panic!("{}", words(&f)));
    let replaced = rules.operations.operation("accept-agreement").unwrap();
    assert_eq!((replaced.verb, replaced.object), ("sign", "contracts"));
    let answers = overlay.assess(&World::organization());
    let scopes = |operation: &str| -> BTreeSet<&str> {
        let principals = answers.0["principals"].as_array().unwrap().iter();
        let all = principals.flat_map(|p| p["operations"].as_array().unwrap()).filter(|o| o["operation"] == operation);
        all.filter_map(|o| o["scope"].as_str()).collect()
    };
    assert_eq!(scopes("accept-agreement"), BTreeSet::from(["account", "organization"]));
    assert_eq!(scopes("terminate-agreement"), BTreeSet::from(["account", "organization"]));
    let order: Vec<&str> = overlay.read().unwrap().1.operations.names().collect();
    assert_eq!(order, RULES.operations.names().collect::<Vec<_>>());
}

/// A gate over an attribute that the schema says is unknown when absent.
fn open(entity: &str, attribute: &Value, condition: &str) -> Overlay {
    let gate = format!(
        r#"@id("own-gate") @rule("own") @order("5") @reason("own")
        forbid (principal, action == Artifact::Action::"accept-agreement", resource is Artifact::Account)
        when {{ {condition} }};"#
    );
    let schema = json!({"entityTypes": {entity: {"shape": {"attributes": {"own": attribute}}}}});
    Overlay { schema, cedar: gate, operations: String::new() }
}

fn boolean() -> Value {
    json!({"type": "Boolean", "required": false, "annotations": {"unknownWhenAbsent": "true"}})
}

#[test]
fn an_attribute_that_is_unknown_when_absent_is_tried_with_every_value() {
    let on_account = open("Account", &boolean(), "resource has own && resource.own");
    for (attrs, decision) in [(json!({}), "unknown"), (json!({"own": true}), "deny"), (json!({"own": false}), "allow")]
    {
        let answers = on_account.assess(&World::new().account(A, attrs.clone(), &[]));
        assert_eq!(answers.decision(&root(A), "accept-agreement", "account"), decision, "{attrs}");
        assert_eq!(answers.decision(&root(A), "download-agreement", "account"), "allow", "reads no such attribute");
    }
    let answers = on_account.assess(&World::new().account(A, json!({}), &[]));
    let depends = &answers.answer(&root(A), "accept-agreement", "account")["dependsOn"];
    assert_eq!(*depends, json!([{"key": format!("own of {A}"), "allows": ["false"]}]));
    let closed = json!({"type": "String", "required": false,
        "annotations": {"unknownWhenAbsent": "true", "values": "red green blue"}});
    let of_organization = open(
        "Organization",
        &closed,
        "context has organization && context.organization has own && context.organization.own == \"red\"",
    );
    let answers = of_organization.assess(&World::organization());
    let answer = answers.answer(&root(M), "accept-agreement", "organization");
    assert_eq!(answer["decision"], "unknown");
    assert_eq!(answer["dependsOn"], json!([{"key": format!("own of {ORG}"), "allows": ["green", "blue"]}]));
}

#[test]
fn an_attribute_without_the_annotation_is_absent() {
    let known = open("Account", &json!({"type": "Boolean", "required": false}), "resource has own && resource.own");
    let answers = known.assess(&World::new().account(A, json!({}), &[]));
    assert_eq!(answers.decision(&root(A), "accept-agreement", "account"), "allow");
}

#[test]
fn too_many_worlds_are_unknown() {
    let wide = |values: usize| {
        let values: Vec<String> = (0..values).map(|i| format!("v{i}")).collect();
        let closed = json!({"type": "String", "required": false,
            "annotations": {"unknownWhenAbsent": "true", "values": values.join(" ")}});
        open(
            "Account",
            &closed,
            "resource has own && [resource.own].contains(\"v0\") && [resource.own].contains(\"v1\")",
        )
    };
    let world = World::new().account(A, json!({}), &[]);
    let answers = wide(64).assess(&world);
    assert_eq!(answers.decision(&root(A), "accept-agreement", "account"), "allow", "no value is the one that denies");
    let answers = wide(65).assess(&world);
    let answer = answers.answer(&root(A), "accept-agreement", "account");
    assert_eq!(answer["decision"], "unknown");
    assert!(answer["reason"].as_str().unwrap().starts_with("too many combinations"), "{answer}");
    assert_eq!(answer["dependsOn"], json!([{"key": format!("own of {A}"), "allows": []}]));
}

#[test]
fn only_what_has_few_values_can_be_unknown_when_absent() {
    let annotated = |ty: Value| {
        let mut attribute = ty;
        merge(&mut attribute, &json!({"annotations": {"unknownWhenAbsent": "true"}}));
        open("Account", &attribute, "resource has own").problems()
    };
    for (ty, message) in [
        (json!({"type": "String", "required": false}), "no closed set of values"),
        (json!({"type": "Long", "required": false}), "no closed set of values"),
        (json!({"type": "Boolean"}), "it is never absent"),
        (json!({"type": "Boolean", "annotations": {"default": "true"}, "required": false}), "it is never absent"),
    ] {
        let problems = annotated(ty.clone());
        assert!(
            problems.iter().any(|[_, m, _]| m.contains("`Account.own`") && m.contains(message)),
            "{ty}: {problems:?}"
        );
    }
    let nested = json!({"type": "Record", "required": false, "attributes": {"own": boolean()}});
    let problems = open("Account", &nested, "resource has own").problems();
    assert!(problems.iter().any(|[_, m, _]| m.contains("`Account.own.own` is part of a record")), "{problems:?}");
}

#[test]
fn what_an_answer_takes_for_granted_is_a_policy() {
    let assumed = r#"
        @id("own-assumption") @rule("own") @assuming("in {account} someone has read {report}")
        permit (principal, action == Artifact::Action::"assume", resource is Artifact::Account)
        when { context.operation == "download-report" && context.allowed };"#;
    let world = World::new().account(A, json!({}), &[]).account(B, json!({}), &[]).report("report-1", "SOC", false);
    let overlay = Overlay { cedar: assumed.to_owned(), ..Overlay::default() };
    let answers = overlay.assess(&world.user(A, "none", json!([])));
    let assuming = |who: &str, operation: &str, scope: &str| {
        texts(&answers.answer(who, operation, scope)["assuming"]).iter().any(|t| t.contains("someone has read"))
    };
    for account in [A, B] {
        let answer = answers.answer(&root(account), "download-report", "report-1");
        let sentence = format!("in {account} someone has read report-1");
        assert!(texts(&answer["assuming"]).contains(&sentence.as_str()), "{answer}");
        assert!(!assuming(&root(account), "download-agreement", "account"));
    }
    assert!(!assuming(&user(A, "none"), "download-report", "report-1"), "a denial does not take it for granted");
    let wordless = assumed.replace("@assuming(\"in {account} someone has read {report}\")", "");
    let problems = Overlay { cedar: wordless, ..Overlay::default() }.problems();
    assert!(
        problems.iter().any(|[at, m, _]| at.contains("own-assumption") && m.contains("has no `@assuming`")),
        "{problems:?}"
    );
}
