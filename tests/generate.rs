//! What `generate` writes does what it says and no more: asked of the evaluator for every action, also beside FullAWSAccess; and the
//! expectations that come with it are met by it, and by nothing wider.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use countersign_core::aws::actions::{Action, actions};
use countersign_core::aws::{catalogue, eligibility, quotas};
use countersign_core::problem::SourceFile;
use countersign_core::simulation::request::{Batch, Reader};
use countersign_core::simulation::{IamDecision, Simulator};
use countersign_core::source::Memory;
use countersign_core::stack;
use serde_json::{Value, json};

use crate::common::*;

const JOBS: [&str; 5] =
    ["accept-for-account", "accept-for-organization", "read-agreements", "read-reports", "terminate"];
const SPARED: &str = "arn:aws:iam::*:role/legal";
const ADMIN_ROLE: &str = "arn:aws:iam::222222222222:role/admin";
const LEGAL_ROLE: &str = "arn:aws:iam::222222222222:role/legal";
const ROOT: &str = "arn:aws:iam::222222222222:root";

fn run(args: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .args(args)
        .output()
        .unwrap()
}

fn printed(args: &[&str]) -> String {
    let output = run(&[&["generate"], args].concat(), Path::new("."));
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn generated(args: &[&str]) -> Value {
    serde_json::from_str(&printed(args)).unwrap()
}

fn refused(args: &[&str]) -> String {
    let output = run(&[&["generate"], args].concat(), Path::new("."));
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Whether a request is allowed, in which everything is known.
fn allowed(simulator: &Simulator, request: &Value) -> bool {
    let mut request = request.clone();
    request["contextIsComplete"] = json!(true);
    let source = SourceFile::new("request", request.to_string());
    let Batch::One(asked) = Reader::new(&Memory::new(".")).batch(&source).unwrap() else { panic!("one request") };
    let answer = simulator.decide(&asked.question.unwrap_or_else(|e| panic!("{}\n{request:#}", words(&e)))).unwrap();
    assert_ne!(answer.decision, IamDecision::Unknown, "{request:#}");
    answer.decision == IamDecision::Allowed
}

/// Under a service control policy beside FullAWSAccess, of somebody whom identity policies allow everything.
fn under(simulator: &Simulator, policy: &Value, principal: &str, action: &str, resource: &str) -> bool {
    let mut request = json!({"principal": principal, "action": action, "resource": resource,
        "identity": [allows(&["*"])], "serviceControl": [["p-FullAWSAccess", policy], ["p-FullAWSAccess"]]});
    if principal == ROOT {
        request.as_object_mut().unwrap().remove("identity");
    }
    allowed(simulator, &request)
}

fn asking(ask: impl FnOnce(&Simulator) + Send) {
    stack::evaluate(|| {
        ask(&Simulator::default());
        Ok(())
    })
    .unwrap();
}

/// A resource of a type of the catalogue, with something in each hole.
fn example(arn: &str) -> String {
    let mut text = arn.replace("${Partition}", "aws").replace("${Account}", A).replace("${Region}", "us-east-1");
    while let Some(start) = text.find("${") {
        let end = start + text[start..].find('}').unwrap();
        text.replace_range(start..=end, "x");
    }
    text
}

/// An action that no policy of a resource has a say in, where there is one.
fn plain(service: &catalogue::Service) -> Option<&catalogue::Action> {
    service.actions.iter().find(|a| a.resources.is_empty()).or(service.actions.first())
}

/// What an action of the catalogue can be asked on.
fn on(service: &catalogue::Service, action: &catalogue::Action) -> String {
    let of = action.resources.iter().find_map(|(name, _)| service.resource(name)?.arns.first());
    of.map_or_else(|| "*".to_owned(), |arn| example(arn))
}

#[test]
fn every_service_is_denied_but_those_that_are_spared() {
    let args =
        ["scp", "eligible-services", "--at", "2026-06-01", "--exempt", SPARED, "--drop", "workdocs", "--drop", "ce"];
    let policy = generated(&args);
    let lists = eligibility::Lists::built_in();
    let listed = lists.all().iter().filter(|s| s.was_listed("2026-05-22")).flat_map(|s| &s.prefixes);
    let parts = eligibility::parts().iter().chain(eligibility::support()).map(|p| &p.prefix);
    let mut spared: BTreeSet<&str> = listed.chain(parts).map(String::as_str).collect();
    assert!(spared.remove("workdocs") && spared.remove("ce"));
    let named: BTreeSet<String> = texts(&policy["Statement"][0]["NotAction"]).iter().map(|t| (*t).to_owned()).collect();
    assert_eq!(named, spared.iter().map(|p| format!("{p}:*")).collect());
    let catalogue = catalogue::Catalogue::built_in();
    for prefix in &spared {
        assert!(
            catalogue.service(prefix).is_some() || catalogue::known_service(prefix).is_some(),
            "AWS has a service {prefix}"
        );
    }
    asking(|simulator| {
        let mut denied = 0;
        for prefix in catalogue.prefixes() {
            let service = catalogue.service(prefix).unwrap();
            let Some(action) = plain(service) else { continue };
            let (name, resource) = (format!("{prefix}:{}", action.name), on(service, action));
            let is_spared = spared.contains(prefix);
            assert_eq!(under(simulator, &policy, ADMIN_ROLE, &name, &resource), is_spared, "{name}");
            if !is_spared {
                denied += 1;
                assert!(under(simulator, &policy, LEGAL_ROLE, &name, &resource), "{name} is spared for a role");
                assert!(!under(simulator, &policy, ROOT, &name, &resource), "{name} is denied to root");
            }
        }
        assert!(denied > 100);
    });
}

#[test]
fn a_list_of_its_time_is_used_and_what_cannot_be_is_refused() {
    let of = |at: &str| texts(&generated(&["scp", "eligible-services", "--at", at])["Statement"][0]["NotAction"]).len();
    let older = generated(&["scp", "eligible-services", "--at", "2025-07-01"]);
    let older = texts(&older["Statement"][0]["NotAction"]);
    assert!(older.contains(&"robomaker:*") && !older.contains(&"nova-act:*"), "removed and added since (R95)");
    assert!(of("2022-05-01") < of("2026-06-01"));
    assert!(refused(&["scp", "eligible-services", "--at", "2000-01-01"]).contains("the first is of 2022-04-18"));
    assert!(refused(&["scp", "eligible-services", "--drop", "workdoc"]).contains("did you mean `workdocs`?"));
    assert!(refused(&["scp", "eligible-services", "--drop", "gamelift"]).contains("is not spared"));
    assert!(refused(&["scp", "eligible-services", "--format", "expect"]).contains("no expectations"));
    assert!(
        refused(&["scp", "eligible-services", "--format", "permission-set"]).contains("only a policy of principals")
    );
    // too large is an error that says what to drop, and two documents are never made of one
    let many: Vec<String> = (0..150).map(|i| format!("arn:aws:iam::{i:012}:role/break-glass/administrator")).collect();
    let exempt = many.iter().flat_map(|m| ["--exempt", m.as_str()]);
    let args: Vec<&str> = ["scp", "eligible-services"].into_iter().chain(exempt).collect();
    let told = refused(&args);
    let told = told.split_whitespace().filter(|w| *w != "│").collect::<Vec<_>>().join(" ");
    assert!(told.contains("may have 10240") && told.contains("--drop") && told.contains("do not split it"), "{told}");
    assert_eq!(quotas::quotas().service_control, 10_240);
}

#[test]
fn white_space_is_left_out_where_it_would_be_too_much() {
    let many: Vec<String> = (0..90).map(|i| format!("arn:aws:iam::{i:012}:role/break-glass/administrator")).collect();
    let exempt = many.iter().flat_map(|m| ["--exempt", m.as_str()]);
    let text = printed(&["scp", "eligible-services"].into_iter().chain(exempt).collect::<Vec<_>>());
    assert!(text.trim_end().chars().count() <= 10_240 && !text.trim_end().contains('\n'), "{}", text.len());
}

#[test]
fn only_principals_are_exempt() {
    for (pattern, told) in [
        ("legal", "is not the ARN of a principal"),
        ("*", "is not the ARN of a principal"),
        ("arn:aws:s3:::bucket", "is not the ARN of a principal"),
        ("arn:aws:iam::*:role/*", "spares everyone"),
        ("arn:aws:iam::*:user/?*", "spares everyone"),
        ("arn:aws:iam::12345:role/legal", "is not the ARN of a principal"),
        ("arn:aws:sts::222222222222:assumed-role/legal/jo", "matches no request"),
        ("arn:aws-us-gov:iam::*:role/legal", "is in the partition `aws-us-gov`"),
        ("arn:aws:iam::*:group/legal", "neither a role nor a user"),
    ] {
        let found = refused(&["protect-agreements", "--exempt", pattern]);
        assert!(found.split_whitespace().collect::<Vec<_>>().join(" ").contains(told), "{pattern}: {found}");
    }
    assert!(refused(&["protect-agreements", "--partition", "aws-us-gvo"]).contains("did you mean `aws-us-gov`?"));
}

/// What is asked of every action that AWS Artifact is about, and of those of the organization.
const AGREEMENT: &str = "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm";
const ACCEPTANCE: &str = "arn:aws:artifact::222222222222:customer-agreement/customer-agreement-abcdef0123456789";
const INVITATION: &str = "arn:aws:organizations::222222222222:handshake/o-otherorgid/invite/h-abcdef0123";
const FEATURES: &str = "arn:aws:organizations::222222222222:handshake/o-otherorgid/enable_all_features/h-abcdef0123";

#[test]
fn members_keep_their_agreements_and_stay() {
    let (plain, accepting) = (vec![], vec!["--accepting"]);
    for (flags, accept) in [(plain, true), (accepting, false)] {
        let policy = generated(&[&["protect-agreements", "--exempt", SPARED][..], &flags].concat());
        let denied = |action: &str, resource: &str| match action {
            "artifact:TerminateAgreement" | "organizations:LeaveOrganization" | "account:CloseAccount" => true,
            "artifact:AcceptAgreement" => !accept,
            "organizations:AcceptHandshake" => resource == INVITATION,
            _ => false,
        };
        let catalogue = catalogue::Catalogue::built_in();
        asking(|simulator| {
            for prefix in ["artifact", "organizations", "account", "iam", "s3"] {
                let service = catalogue.service(prefix).unwrap();
                for action in &service.actions {
                    let (name, resource) = (format!("{prefix}:{}", action.name), on(service, action));
                    let resources = match name.as_str() {
                        "organizations:AcceptHandshake" => vec![INVITATION, FEATURES],
                        _ => vec![resource.as_str()],
                    };
                    for resource in resources {
                        let denied = denied(&name, resource);
                        assert_eq!(
                            under(simulator, &policy, ADMIN_ROLE, &name, resource),
                            !denied,
                            "{name} on {resource}"
                        );
                        assert_eq!(under(simulator, &policy, ROOT, &name, resource), !denied, "{name} by root");
                        assert!(under(simulator, &policy, LEGAL_ROLE, &name, resource), "{name} is spared");
                    }
                }
            }
        });
    }
}

/// D14, D12: the root user of a member cannot close it under the policy, nor leave or accept an invitation; the management account is not
/// bound, and closes and removes members all the same.
#[test]
fn members_do_not_close_themselves_under_the_policy() {
    let scp = generated(&["protect-agreements"]);
    let world = |policies: Value| {
        World::new()
            .org(json!({"serviceControlPolicies": policies}))
            .account(M, json!({}), &[ORG])
            .account(A, json!({}), &[ORG])
            .user(A, "admin", json!([ADMIN]))
            .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
            .file("countersign.toml", "asOf = \"2026-11-01\"\n")
            .folder()
    };
    let (free, bound) = (world(json!(["p-FullAWSAccess"])), world(json!(["p-FullAWSAccess", scp])));
    let can = |folder: &Path, account: &str, operation: &str, more: &[&str]| {
        let root = format!("arn:aws:iam::{account}:root");
        let output = run(&[&["can", &root, operation, ".", "--format", "json"], more].concat(), folder);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{operation} {}", String::from_utf8_lossy(&output.stderr)));
        answer["answers"][0]["operations"][0]["decision"].as_str().unwrap().to_owned()
    };
    for (operation, without) in
        [("close-own-account", "allow"), ("leave-organization", "unknown"), ("accept-invitation", "unknown")]
    {
        assert_eq!(can(free.path(), A, operation, &[]), without, "{operation}");
        assert_eq!(can(bound.path(), A, operation, &[]), "deny", "{operation}");
    }
    let ending = run(&["who-can", "end-coverage", ".", "--account", A, "--format", "json"], bound.path());
    let ending: Value = serde_json::from_slice(&ending.stdout).unwrap();
    let ways = ending["endings"][0]["ways"].as_array().unwrap().clone();
    let may = |operation: &str| {
        let way = ways.iter().find(|w| w["operation"] == operation).unwrap_or_else(|| panic!("{operation}"));
        way["may"].as_array().unwrap().len() + way["unknown"].as_array().unwrap().len()
    };
    for operation in ["close-own-account", "leave-organization", "accept-invitation"] {
        assert_eq!(may(operation), 0, "{operation}");
    }
    assert!(may("close-account") > 0 && may("remove-account") > 0, "R33: the management account");
}

#[test]
fn the_management_account_is_bound_by_a_boundary_or_an_identity_policy() {
    let boundary = generated(&["protect-agreements", "--management", "boundary"]);
    let identity = generated(&["protect-agreements", "--management", "identity"]);
    let world = World::organization()
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
        .entity(json!({"uid": user(M, "bound"), "attrs": {"policies": [ADMIN], "permissionsBoundary": boundary}}))
        .user(M, "denied", json!([ADMIN, identity]))
        .user(M, "free", json!([ADMIN]));
    let answers = world.now();
    for (name, decision) in [("bound", "deny"), ("denied", "deny"), ("free", "allow")] {
        assert_eq!(answers.decision(&user(M, name), "terminate-agreement", "organization"), decision, "{name}");
        assert_eq!(answers.decision(&user(M, name), "view-organization-agreements", "organization"), "allow", "{name}");
    }
    // and no more, of all that there is in these services
    let catalogue = catalogue::Catalogue::built_in();
    asking(|simulator| {
        for prefix in ["artifact", "organizations", "account", "iam"] {
            let service = catalogue.service(prefix).unwrap();
            for action in &service.actions {
                let (name, resource) = (format!("{prefix}:{}", action.name), on(service, action));
                let ask = |layers: Value| {
                    let mut request = json!({"principal": user(A, "x"), "action": name, "resource": resource});
                    request.as_object_mut().unwrap().extend(layers.as_object().unwrap().clone());
                    allowed(simulator, &request)
                };
                let denied = ["CloseAccount", "DeleteOrganization", "RemoveAccountFromOrganization"];
                let agreements = ["AcceptAgreement", "TerminateAgreement"];
                let denied = (prefix == "organizations" && denied.contains(&action.name.as_str()))
                    || (prefix == "artifact" && agreements.contains(&action.name.as_str()));
                let everything = allows(&["*"]);
                assert_eq!(ask(json!({"identity": [everything], "boundary": [boundary]})), !denied, "{name}");
                assert_eq!(ask(json!({"identity": [everything, identity]})), !denied, "{name}");
                assert!(!ask(json!({"identity": [identity]})), "it grants nothing by itself: {name}");
            }
        }
    });
}

#[test]
fn who_is_left_in_the_management_account_is_listed() {
    let world = World::organization()
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
        .user(M, "jane", json!([FULL]))
        .user(M, "ops", json!([allows(&["organizations:*"])]))
        .user(A, "member", json!([ADMIN]));
    let folder = world.folder();
    let output = run(&["generate", "protect-agreements", "."], folder.path());
    let told = String::from_utf8(output.stderr).unwrap();
    let line = |operation: &str| {
        told.lines()
            .find(|l| l.trim_start().starts_with(operation))
            .unwrap_or_else(|| panic!("{operation}: {told}"))
            .to_owned()
    };
    for operation in ["accept-agreement", "terminate-agreement"] {
        assert!(line(operation).contains("jane") && !line(operation).contains("ops"), "{told}");
    }
    for operation in ["close-account", "remove-account"] {
        assert!(line(operation).contains("ops") && !line(operation).contains("jane"), "{told}");
        assert!(line(operation).contains("root user"), "no policy binds root: {told}");
    }
    assert!(!told.contains("member of"), "members are bound: {told}");
    assert!(!told.contains("not listed"), "{told}");
}

/// D31: those who were not listed are told of, where anybody is asked about.
#[test]
fn who_was_not_listed_in_the_management_account_is_told() {
    let told = |world: World, args: &[&str]| {
        let folder = world.folder();
        let output = run(&[&["generate", "protect-agreements", "."], args].concat(), folder.path());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    };
    let open = || {
        let mut world = World::organization();
        let manager = |e: &&mut Value| e["uid"] == M;
        world.entities.iter_mut().filter(manager).for_each(|e| e["attrs"]["principalsKnown"] = json!(false));
        world
    };
    let (_, words) = told(open(), &[]);
    let others = words.split_once("Possibly others, not listed:").unwrap_or_else(|| panic!("{words}")).1;
    assert!(
        others.contains("remove-account") && others.contains("terminate-agreement") && others.contains(M),
        "{others}"
    );
    let (_, words) = told(World::new().account(A, json!({}), &[]), &[]);
    assert!(words.contains("has no management account") && !words.contains("whatever service control"), "{words}");
    // members that join later are held by nothing that was written before
    let (file, words) = told(open(), &["--format", "expect"]);
    assert!([&file, &words].iter().all(|t| t.contains("Only the members that the inventory lists")), "{file} {words}");
}

/// What an action is asked on, and with which keys.
fn requests(action: &Action) -> Vec<(String, Value)> {
    let on = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let of_type = |name: &str| match name {
        "agreement" => on(&[
            AGREEMENT,
            "arn:aws:artifact:::agreement/agreement-y03aUwMAEorHtqjv",
            "arn:aws:artifact:::agreement/agreement-bexgr7sjvXAW4Gxu",
        ]),
        "customer-agreement" => {
            on(&[ACCEPTANCE, "arn:aws:artifact::333333333333:customer-agreement/customer-agreement-abcdef0123456789"])
        }
        "report" => on(&["arn:aws:artifact:us-east-1::report/report-jRVRFP8HxUN5zpPh:1"]),
        "report-package" => on(&[
            "arn:aws:artifact:::report-package/Certifications and Attestations/SOC/x",
            "arn:aws:artifact:::report-package/Certifications and Attestations/PCI/x",
            "arn:aws:artifact:::report-package/Restricted/SOC/x",
        ]),
        "compliance-inquiry" => {
            on(&["arn:aws:artifact:us-east-1:222222222222:compliance-inquiry/compliance-inquiry-abcdef0123456789"])
        }
        "role" => on(&[
            "arn:aws:iam::222222222222:role/aws-service-role/artifact.amazonaws.com/AWSServiceRoleForArtifact",
            "arn:aws:iam::222222222222:role/service-role/AWSArtifactAccountSync",
            "arn:aws:iam::222222222222:role/admin",
        ]),
        other => panic!("{other}"),
    };
    let resources: Vec<String> = action.resources.iter().flat_map(|r| of_type(&r.name)).collect();
    let resources = if resources.is_empty() { on(&["*"]) } else { resources };
    let report =
        |series: &str, category: &str| json!({"artifact:ReportSeries": series, "artifact:ReportCategory": category});
    let contexts = match action.name.as_str() {
        "artifact:GetReport" | "artifact:GetReportMetadata" | "artifact:GetTermForReport" => vec![
            report("SOC", "Certifications and Attestations"),
            report("PCI", "Certifications and Attestations"),
            report("SOC", "Restricted"),
        ],
        "organizations:EnableAWSServiceAccess" | "organizations:DisableAWSServiceAccess" => vec![
            json!({"organizations:ServicePrincipal": "aws-artifact-account-sync.amazonaws.com"}),
            json!({"organizations:ServicePrincipal": "config.amazonaws.com"}),
        ],
        "iam:CreateServiceLinkedRole" => {
            vec![
                json!({"iam:AWSServiceName": "artifact.amazonaws.com"}),
                json!({"iam:AWSServiceName": "ecs.amazonaws.com"}),
            ]
        }
        "iam:AttachRolePolicy" => vec![
            json!({"iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSArtifactAccountSync"}),
            json!({"iam:PolicyARN": ADMIN}),
        ],
        _ => vec![json!({})],
    };
    resources.iter().flat_map(|r| contexts.iter().map(move |c| (r.clone(), c.clone()))).collect()
}

/// Every request that a policy allows: of the actions of AWS Artifact and of its set-up each request, of all others one.
fn all_that_is_allowed(policy: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let catalogue = catalogue::Catalogue::built_in();
    asking(|simulator| {
        let ask = |action: &str, resource: &str, context: &Value| {
            let request = json!({"principal": user(A, "jo"), "action": action, "resource": resource, "context": context, "identity": [policy]});
            allowed(simulator, &request)
        };
        for action in actions() {
            for (resource, context) in requests(action) {
                if ask(&action.name, &resource, &context) {
                    let short = resource.rsplit_once("artifact:").map_or(resource.as_str(), |(_, rest)| rest);
                    let values: Vec<&str> =
                        context.as_object().unwrap().values().map(|v| v.as_str().unwrap()).collect();
                    found.insert(format!("{} {short} {}", action.name, values.join(" ")).trim().to_owned());
                }
            }
        }
        for prefix in catalogue.prefixes() {
            let service = catalogue.service(prefix).unwrap();
            let whole = ["organizations", "iam", "account"].contains(&prefix);
            let few: Vec<&catalogue::Action> =
                if whole { service.actions.iter().collect() } else { plain(service).into_iter().collect() };
            for action in few {
                let name = format!("{prefix}:{}", action.name);
                if !actions().iter().any(|a| a.name == name) && ask(&name, &on(service, action), &json!({})) {
                    found.insert(name);
                }
            }
        }
    });
    found
}

fn set(lines: &str) -> BTreeSet<String> {
    lines.lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect()
}

/// The requests that a job takes, by `facts` of AWS's documents: nothing may be missing, and nothing more may be allowed.
#[test]
fn a_job_may_do_what_it_is_for_and_nothing_else() {
    let (baa, org, sec) = ("agreement-9c1kBcYznTkcpRIm", "agreement-y03aUwMAEorHtqjv", "agreement-bexgr7sjvXAW4Gxu");
    let open = |id: &str| {
        ["GetAgreement", "GetNdaForAgreement", "AcceptNdaForAgreement"]
            .map(|a| format!("artifact:{a} ::agreement/{id}"))
            .join("\n")
    };
    let accept = |id: &str| format!("artifact:AcceptAgreement ::agreement/{id}");
    let lists = "artifact:ListAgreements *\nartifact:ListCustomerAgreements *";
    let own = "222222222222:customer-agreement/customer-agreement-abcdef0123456789";
    let describe = "organizations:DescribeOrganization *";
    let role =
        "iam:GetRole arn:aws:iam::222222222222:role/aws-service-role/artifact.amazonaws.com/AWSServiceRoleForArtifact";
    let of_reports = |series: &str, category: &str| {
        let on = "us-east-1::report/report-jRVRFP8HxUN5zpPh:1";
        ["GetReport", "GetReportMetadata", "GetTermForReport"]
            .map(|a| format!("artifact:{a} {on} {series} {category}"))
            .join("\n")
    };
    let reports = "artifact:ListReports *\nartifact:ListReportVersions *";
    let ca = "Certifications and Attestations";
    let set_up = format!(
        "{describe}\norganizations:ListAWSServiceAccessForOrganization *
        organizations:EnableAWSServiceAccess * aws-artifact-account-sync.amazonaws.com"
    );
    let create = format!("{} artifact.amazonaws.com", role.replace("GetRole", "CreateServiceLinkedRole"));
    let fine = [
        (
            "read-reports",
            format!(
                "{reports}\n{}\n{}\n{}",
                of_reports("SOC", ca),
                of_reports("PCI", ca),
                of_reports("SOC", "Restricted")
            ),
        ),
        ("read-reports --series SOC", format!("{reports}\n{}", of_reports("SOC", ca))),
        (
            "read-reports --series SOC --category Restricted --unknown-series",
            format!("{reports}\n{}", of_reports("SOC", "Restricted")),
        ),
        (
            "read-agreements",
            format!(
                "{lists}\n{}\n{}\n{}\nartifact:GetCustomerAgreement :{own}\n{describe}",
                open(baa),
                open(org),
                open(sec)
            ),
        ),
        (
            "accept-for-account",
            format!("artifact:ListAgreements *\n{}\n{}\n{}\n{}", accept(baa), open(baa), accept(sec), open(sec)),
        ),
        ("accept-for-account --agreement baa", format!("artifact:ListAgreements *\n{}\n{}", accept(baa), open(baa))),
        (
            "accept-for-organization",
            format!("artifact:ListAgreements *\n{}\n{}\n{set_up}\n{role}\n{create}", accept(org), open(org)),
        ),
        ("terminate", format!("{lists}\nartifact:GetCustomerAgreement :{own}\nartifact:TerminateAgreement :{own}")),
        (
            "terminate --account 222222222222",
            format!("{lists}\nartifact:GetCustomerAgreement :{own}\nartifact:TerminateAgreement :{own}"),
        ),
        ("terminate --account 333333333333", lists.to_owned()),
        (
            "terminate --organization",
            format!("{lists}\n{describe}\nartifact:GetCustomerAgreement :{own}\nartifact:TerminateAgreement :{own}"),
        ),
    ];
    let package = |rest: &str| format!("artifact:Get ::report-package/{rest}/x");
    let download = |id: &str| format!("artifact:DownloadAgreement ::agreement/{id}");
    let classic_role = "arn:aws:iam::222222222222:role/service-role/AWSArtifactAccountSync";
    let create_classic = format!(
        "iam:ListRoles *\niam:CreateRole {classic_role}
        iam:AttachRolePolicy {classic_role} arn:aws:iam::aws:policy/service-role/AWSArtifactAccountSync"
    );
    let classic = [
        (
            "read-reports",
            [package(&format!("{ca}/SOC")), package(&format!("{ca}/PCI")), package("Restricted/SOC")].join("\n"),
        ),
        ("read-reports --series SOC", package(&format!("{ca}/SOC"))),
        (
            "read-agreements",
            format!(
                "{}\n{}\n{}\nartifact:DownloadAgreement :{own}\n{describe}",
                download(baa),
                download(org),
                download(sec)
            ),
        ),
        ("accept-for-account --agreement baa", format!("{}\n{}", accept(baa), download(baa))),
        ("accept-for-organization", format!("{}\n{}\n{set_up}\n{create_classic}", accept(org), download(org))),
        ("terminate", format!("artifact:TerminateAgreement :{own}")),
    ];
    let fine = fine.iter().map(|(job, allowed)| ("fine-grained", *job, allowed));
    for (model, job, expected) in fine.chain(classic.iter().map(|(job, allowed)| ("classic", *job, allowed))) {
        let mut args = vec!["policy"];
        args.extend(job.split(' '));
        args.extend(["--permission-model", model]);
        assert_eq!(all_that_is_allowed(&generated(&args)), set(expected), "{model} {job}");
    }
}

#[test]
fn every_action_that_is_written_is_one_of_aws() {
    let catalogue = catalogue::Catalogue::built_in();
    let mut documents = vec![generated(&["protect-agreements", "--accepting"])];
    documents.extend(["boundary", "identity"].map(|m| generated(&["protect-agreements", "--management", m])));
    for model in ["classic", "fine-grained"] {
        documents.extend(JOBS.map(|job| generated(&["policy", job, "--permission-model", model])));
    }
    let mut seen = 0;
    for statement in documents.iter().flat_map(|d| d["Statement"].as_array().unwrap()) {
        let actions = &statement["Action"];
        let names = if actions.is_array() { texts(actions) } else { vec![actions.as_str().unwrap()] };
        for name in names.into_iter().filter(|n| *n != "*") {
            let (prefix, action) = name.split_once(':').unwrap();
            let known = catalogue.service(prefix).and_then(|s| s.action(action)).is_some();
            assert!(known || countersign_core::aws::actions::action(name).is_some(), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 50);
}

/// In today's permissions nothing is found; in those of 2018 what lint says of that generation, and nothing else.
#[test]
fn lint_finds_nothing_in_any_form() {
    let folder = tempfile::tempdir().unwrap();
    for sub in ["scp", "iam", "sets"] {
        std::fs::create_dir(folder.path().join(sub)).unwrap();
    }
    let write = |args: &[&str]| {
        let output = run(&[&["generate"], args].concat(), folder.path());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    };
    write(&["scp", "eligible-services", "--format", "json=scp/hipaa.json", "--format", "terraform=scp/hipaa.tf"]);
    write(&["protect-agreements", "--format", "json=scp/protect.json", "--format", "terraform=scp/protect.tf"]);
    write(&["protect-agreements", "--accepting", "--exempt", SPARED, "--format", "json=scp/accepting.json"]);
    write(&["protect-agreements", "--management", "boundary", "--format", "json=iam/management-boundary.json"]);
    write(&["protect-agreements", "--management", "identity", "--format", "json=iam/management.json"]);
    for job in JOBS {
        let (json, set) = (format!("json=iam/{job}.json"), format!("permission-set=sets/{job}.json"));
        write(&["policy", job, "--format", &json, "--format", &format!("terraform=iam/{job}.tf"), "--format", &set]);
    }
    write(&[
        "policy",
        "read-reports",
        "--series",
        "SOC",
        "--format",
        "json=iam/soc.json",
        "--format",
        "terraform=iam/soc.tf",
    ]);
    let lint = |folder: &Path| -> Value {
        let output = run(&["lint", ".", "--format", "json"], folder);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    };
    let found = lint(folder.path());
    assert_eq!(found["findings"], json!([]));
    // each file is read as a policy, the templates too
    assert_eq!(found["policies"], json!(24), "{found:#}");
    let classic = tempfile::tempdir().unwrap();
    for job in JOBS {
        let args =
            ["generate", "policy", job, "--permission-model", "classic", "--format", &format!("json={job}.json")];
        assert_eq!(run(&args, classic.path()).status.code(), Some(0));
    }
    let found = lint(classic.path());
    let rules: BTreeSet<&str> =
        found["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert_eq!(
        rules,
        BTreeSet::from(["CS122", "CS123", "CS152"]),
        "deprecated, for a role of the past, read by today's actions"
    );
}

/// A boundary grants nothing, and its name and Sid say that it is one: lint takes it for what it is in any file, and still tells of the
/// same statement where it would grant.
#[test]
fn a_boundary_is_linted_as_one_whatever_its_file_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let forms = ["--format", "json=a.json", "--format", "terraform=b.tf"];
    let args = [&["generate", "protect-agreements", "--management", "boundary"][..], &forms].concat();
    assert_eq!(run(&args, folder.path()).status.code(), Some(0));
    let codes = || -> Vec<String> {
        let output = run(&["lint", ".", "--format", "json"], folder.path());
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        found["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(), Vec::<String>::new());
    let text = std::fs::read_to_string(folder.path().join("a.json")).unwrap();
    std::fs::write(folder.path().join("a.json"), text.replace("BoundaryOfEverythingElse", "EverythingElse")).unwrap();
    assert_eq!(codes(), ["CS126", "CS127"], "as an identity policy, it would grant everything else");
}

/// What every account needs is spared: identities, costs under the prefixes of today, support, and what tells of agreements (R82).
#[test]
fn what_every_account_needs_is_spared() {
    let policy = generated(&["scp", "eligible-services"]);
    let spared = policy["Statement"][0]["NotAction"].as_array().unwrap().clone();
    for prefix in [
        "account",
        "artifact",
        "billing",
        "consolidatedbilling",
        "freetier",
        "health",
        "iam",
        "invoicing",
        "notifications",
        "notifications-contacts",
        "organizations",
        "payments",
        "purchase-orders",
        "signin",
        "sso",
        "sts",
        "support",
        "tax",
        "trustedadvisor",
    ] {
        assert!(spared.contains(&json!(format!("{prefix}:*"))), "{prefix}");
        assert!(catalogue::Catalogue::built_in().service(prefix).is_some(), "{prefix}");
    }
}

/// A report is asked about only where the inventory has it: what the expectations cannot hold is said, in the file and beside it.
#[test]
fn expectations_say_which_series_they_cannot_hold() {
    let series = |more: &[&str], world: World| {
        let folder = world.folder();
        let who = "arn:aws:iam::222222222222:user/auditor";
        let args = ["generate", "policy", "read-reports", ".", "--principal", who, "--format", "expect"];
        let output = run(&[&args, more].concat(), folder.path());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let world = || {
        World::new().account(A, json!({}), &[]).user(A, "auditor", json!([])).report(
            "report-SocReport1234567",
            "SOC",
            false,
        )
    };
    let (code, text, told) = series(&["--series", "SOC", "--series", "PCI"], world());
    let missing = "that reports of PCI can be read, as the inventory has none of that series and category";
    let others = "that no other reports can be read, as the inventory has no others";
    assert_eq!(code, Some(0), "{told}");
    for what in [missing, others] {
        assert!(
            text.contains(&format!("not held: {what}")) && told.contains(&format!("cannot hold {what}")),
            "{text} {told}"
        );
    }
    let all = world().report("report-PciReport1234567", "PCI", false).report("report-IsoReport1234567", "ISO", false);
    let (code, text, told) = series(&["--series", "SOC", "--series", "PCI"], all);
    assert!(code == Some(0) && !text.contains("not held") && !told.contains("cannot hold"), "{text} {told}");
    let (code, _, told) = series(&["--series", "PCI"], world());
    assert!(
        code == Some(2) && told.contains("nobody in account 222222222222 can do what read-reports is for"),
        "{told}"
    );
}

/// The same statements, whatever the form.
#[test]
fn each_form_holds_the_same_policy() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["generate", "policy", "read-reports", "--series", "SOC", "--name", "soc-reports"];
    let forms = ["--format", "json=a.json", "--format", "terraform=b.tf", "--format", "permission-set=c.json"];
    assert_eq!(run(&[&args[..], &forms].concat(), folder.path()).status.code(), Some(0));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let json: Value = serde_json::from_str(&read("a.json")).unwrap();
    let set: Value = serde_json::from_str(&read("c.json")).unwrap();
    assert_eq!((&set["CustomPolicy"], &set["Name"]), (&json, &json!("soc-reports")));
    // what Terraform would evaluate: its keys and `=` are those of JSON
    let terraform = read("b.tf");
    assert!(terraform.starts_with("resource \"aws_iam_policy\" \"soc_reports\" {"), "{terraform}");
    let body = terraform.split("jsonencode(").nth(1).unwrap().rsplit_once(")\n}").unwrap().0;
    let mut text = String::new();
    for line in body.lines() {
        let line = line.trim();
        let (key, value) = line.split_once(" = ").map_or((None, line), |(k, v)| (Some(k.trim()), v));
        let key = key.map(|k| if k.starts_with('"') { format!("{k}:") } else { format!("\"{k}\":") });
        let comma = if line.ends_with(['{', '[', ',']) { "" } else { "," };
        text.push_str(&format!("{}{value}{comma}", key.unwrap_or_default()));
    }
    let text = text.replace(",}", "}").replace(",]", "]");
    assert_eq!(serde_json::from_str::<Value>(text.trim_end_matches(',')).unwrap(), json, "{text}");
}

#[test]
fn what_is_not_known_or_contradicts_itself_is_an_error() {
    for (args, told) in [
        (&["policy", "raed-reports"][..], "did you mean `read-reports`?"),
        (&["policy", "everything"], "the jobs are accept-for-account"),
        (&["policy", "read-reports", "--series", "SOV"], "did you mean `SOC`?"),
        (&["policy", "read-reports", "--series", "FedRAMP"], "--unknown-series takes any other"),
        (&["policy", "read-reports", "--series", "S*", "--unknown-series"], "is a pattern"),
        (&["policy", "terminate", "--series", "SOC"], "--series narrows nothing of terminate"),
        (&["policy", "read-agreements", "--agreement", "baa"], "--agreement narrows nothing"),
        (&["policy", "accept-for-account", "--organization"], "--organization narrows nothing"),
        (&["policy", "accept-for-account", "--agreement", "bba"], "did you mean `baa`?"),
        (&["policy", "accept-for-organization", "--agreement", "sec-17a-4"], "AWS offers no agreement `sec-17a-4`"),
        (
            &["policy", "accept-for-account", "--partition", "aws-us-gov", "--agreement", "nzndb"],
            "in the partition aws-us-gov",
        ),
        (&["policy", "terminate", "--account", "12"], "is not the number of an account"),
        (&["policy", "terminate", "--name", "two words"], "has a ` `"),
        (
            &["policy", "terminate", "--format", "permission-set", "--name", "a-name-that-is-longer-than-sets-have"],
            "longer than 32",
        ),
        (&["policy", "terminate", "--format", "hcl"], "there is no format `hcl`"),
        (&["policy", "terminate", "examples/hospital"], "only read for --format expect"),
        (&["policy", "terminate", "examples/hospital", "--format", "expect"], "--principal and --account"),
        (
            &[
                "policy",
                "terminate",
                "examples/hospital",
                "--format",
                "expect",
                "--principal",
                "x",
                "--account",
                "999999999999",
            ],
            "999999999999",
        ),
        (
            &[
                "policy",
                "accept-for-organization",
                "examples/hospital",
                "--format",
                "expect",
                "--principal",
                "x",
                "--account",
                A,
            ],
            "only the management account",
        ),
    ] {
        let found = refused(args).split_whitespace().filter(|w| *w != "│").collect::<Vec<_>>().join(" ");
        assert!(found.contains(told), "{args:?}: {found}");
    }
    let taken = generated(&["policy", "read-reports", "--series", "FedRAMP", "--unknown-series"]);
    assert_eq!(taken["Statement"][1]["Condition"]["StringEquals"]["artifact:ReportSeries"], "FedRAMP");
}

/// An organization with everything that is asked about, in which `jo` has the policies given.
fn used(account: &str, policies: Value) -> World {
    World::organization()
        .accepted("OrgBaa1234567890", "baa", "organization", ORG, "2022-01-01", None)
        .report("report-aaaaaaaaaaaaaaaa", "SOC", false)
        .report("report-bbbbbbbbbbbbbbbb", "PCI", false)
        .user(account, "jo", policies)
        .file("countersign.toml", "asOf = \"2024-11-01\"\n")
}

/// The code of `countersign test` with the expectations of a job, over a principal with these policies.
fn held(job: &str, model: &str, account: &str, policies: Value) -> (Option<i32>, String) {
    let folder = used(account, policies).folder();
    let jo = user(account, "jo");
    let mut args = vec!["generate", "policy"];
    args.extend(job.split(' '));
    args.extend([".", "--permission-model", model, "--principal", &jo, "--format", "expect=job.expect.toml"]);
    let output = run(&args, folder.path());
    assert_eq!(output.status.code(), Some(0), "{job}: {}", String::from_utf8_lossy(&output.stderr));
    let output = run(&["test", "."], folder.path());
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Expectations are met by the policy that they were written with, and not by less or by more.
#[test]
fn expectations_hold_the_policy_and_nothing_wider() {
    let wider = [
        "artifact:*",
        "artifact:AcceptAgreement,artifact:GetAgreement,artifact:GetNdaForAgreement,artifact:AcceptNdaForAgreement",
        "artifact:TerminateAgreement,artifact:GetCustomerAgreement,organizations:DescribeOrganization",
        "artifact:GetReport,artifact:GetTermForReport",
        "organizations:CloseAccount",
        "organizations:RemoveAccountFromOrganization",
    ];
    let jobs = [
        ("read-reports", A, &[2][..]),
        ("read-reports --series SOC", M, &[1]),
        ("read-agreements", A, &[3]),
        ("accept-for-account --agreement baa", A, &[3]),
        ("accept-for-organization", M, &[5]),
        ("terminate", A, &[3]),
        ("terminate --organization", M, &[4]),
    ];
    for model in ["fine-grained", "classic"] {
        for (job, account, more) in jobs {
            let mut args = vec!["policy"];
            args.extend(job.split(' '));
            args.extend(["--permission-model", model]);
            let policy = generated(&args);
            let (code, told) = held(job, model, account, json!([policy]));
            assert_eq!(code, Some(0), "{model} {job}: {told}");
            assert_eq!(held(job, model, account, json!([])).0, Some(1), "{model} {job}: nothing is less");
            for wide in more.iter().chain(&[0]).map(|i| wider[*i]) {
                let actions: Vec<&str> = wide.split(',').collect();
                let (code, _) = held(job, model, account, json!([policy, allows(&actions)]));
                assert_eq!(code, Some(1), "{model} {job}: {wide} is more");
            }
        }
    }
}

#[test]
fn expectations_of_protection_hold_the_service_control_policy() {
    // a role would count with whoever may assume it
    let spared = user(A, "legal");
    let scp = generated(&["protect-agreements", "--exempt", &spared, "--accepting"]);
    let world = |policies: Value| {
        World::new()
            .org(json!({"serviceControlPolicies": policies}))
            .account(M, json!({}), &[ORG])
            .account(A, json!({}), &[ORG])
            .user(A, "jo", json!([ADMIN]))
            .entity(json!({"uid": user(A, "legal"), "attrs": {"policies": [ADMIN]}}))
            .file("countersign.toml", "asOf = \"2026-11-01\"\n")
    };
    for (policies, code) in [(json!(["p-FullAWSAccess", scp]), 0), (json!(["p-FullAWSAccess"]), 1)] {
        let folder = world(policies).folder();
        let args = [
            "generate",
            "protect-agreements",
            ".",
            "--exempt",
            &spared,
            "--accepting",
            "--format",
            "expect=scp.expect.toml",
        ];
        let output = run(&args, folder.path());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let output = run(&["test", "."], folder.path());
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stdout));
    }
    assert!(refused(&["protect-agreements", "--format", "expect"]).contains("members of an inventory"));
    assert!(
        refused(&["protect-agreements", "--management", "boundary", "examples/hospital", "--format", "expect"])
            .contains("no expectations")
    );
}

#[test]
fn nothing_is_written_where_a_part_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["generate", "policy", "terminate", "--format", "json=a.json", "--format", "expect=a.expect.toml"];
    assert_eq!(run(&args, folder.path()).status.code(), Some(3), "an empty folder is no inventory");
    assert!(!folder.path().join("a.json").exists());
}

/// What is asked for and not known is an error, and what comes of a list is said.
#[test]
fn a_category_is_known_or_taken_as_it_is_and_a_list_says_what_it_denies() {
    let words = refused(&["policy", "read-reports", "--series", "SOC", "--category", "x"]);
    assert!(words.contains("no category `x` of reports is known"), "{words}");
    printed(&["policy", "read-reports", "--series", "SOC", "--category", "x", "--unknown-series"]);
    let words = refused(&["protect-agreements", "--partition", "aws-us-gov", "--exempt", "arn:aws:iam::*:role/x"]);
    assert!(words.contains("arn:aws-us-gov:iam::*:role/legal"), "{words}");
    let scp = |more: &[&str]| {
        let output = run(&[&["generate", "scp", "eligible-services"], more].concat(), Path::new("."));
        String::from_utf8(output.stderr).unwrap()
    };
    let dropped = scp(&["--at", "2026-06-01", "--drop", "s3", "--drop", "iam"]);
    assert!(dropped.contains(", and iam, s3 besides"), "{dropped}");
    let old = scp(&["--at", "2030-01-01"]);
    assert!(old.contains("No list after that of 2026-05-22 is known"), "{old}");
    assert!(!scp(&["--at", "2025-05-01"]).contains("No list after"), "a later list is known");
}
