//! R6: auditors have credentials for the reports of their audit, and no others. What they are to read is declared; who can read more, or
//! perhaps can, is a finding.

use crate::common::*;
use serde_json::{Value, json};

const SOC: &str = "report-bqhUJF3FrQZsMJpb";
const PCI: &str = "report-T9kQw2mXc4Rb7LsD";

fn may(series: Value, condition: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": ["artifact:GetReport", "artifact:GetTermForReport"], "Resource": "*",
        "Condition": {"StringEquals": {"artifact:ReportSeries": series}}});
    if let Some(more) = condition.as_object() {
        statement["Condition"].as_object_mut().unwrap().extend(more.clone());
    }
    policy(json!([statement]))
}

fn world(auditors: &str) -> World {
    World::new()
        .account(A, json!({}), &[])
        .report(SOC, "SOC", false)
        .report(PCI, "PCI", false)
        .user(A, "of-soc", json!([may(json!("SOC"), json!(null))]))
        .user(A, "of-both", json!([may(json!(["SOC", "PCI"]), json!(null))]))
        .user(
            A,
            "with-mfa",
            json!([may(json!(["SOC", "PCI"]), json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}))]),
        )
        .file("countersign.toml", format!("asOf = \"2026-11-01\"\n[auditors]\n{auditors}"))
}

/// Code, principal and message of the findings about auditors.
fn found(world: &World) -> Vec<(String, String, String)> {
    let answers = world.now();
    let findings = answers.0["findings"].as_array().unwrap().iter();
    let own = findings.filter(|f| f["rule"] == "CS031" || f["rule"] == "CS032");
    let text = |f: &Value, key: &str| f[key].as_str().unwrap().to_owned();
    own.map(|f| (text(f, "rule"), text(f, "subject").rsplit('/').next().unwrap().to_owned(), text(f, "message")))
        .collect()
}

fn told(code: &str, who: &str, message: &str) -> (String, String, String) {
    (code.to_owned(), who.to_owned(), message.to_owned())
}

const MORE: &str = "may download reports that are not declared for its audit: PCI";
const PERHAPS: &str = "it is unknown whether it may download reports that are not declared for its audit: PCI";

#[test]
fn an_auditor_who_can_read_more_than_declared_is_found() {
    let declared = "of-soc = [\"SOC\"]\nof-both = [\"SOC\"]\nwith-mfa = [\"SOC\"]\n";
    let both = [told("CS031", "of-both", MORE), told("CS032", "with-mfa", PERHAPS)];
    assert_eq!(found(&world(declared)), both);
    // who is no auditor is not held to anything, and who may read what is declared is as declared
    assert_eq!(found(&world("of-soc = [\"SOC\"]\nof-both = [\"SOC\", \"PCI\"]\n")), []);
    // by ARN as well
    let by_arn = format!("\"{}\" = [\"SOC\"]\n", user(A, "of-both"));
    assert_eq!(found(&world(&by_arn)), both[..1]);
    let none = "of-soc = []\n";
    assert_eq!(found(&world(none)), [told("CS031", "of-soc", &MORE.replace("PCI", "SOC"))]);
}

/// People are auditors by their user names, and a permission set is held to what each auditor behind it is to read.
#[test]
fn people_behind_a_permission_set_are_held_to_what_is_declared() {
    let with = |auditors: &str| {
        let person =
            |name: &str| json!({"uid": format!("IdentityCenterUser::\"{name}-id\""), "attrs": {"userName": name}});
        let assigned = json!([{"user": "ann-id", "accounts": [A]}, {"user": "bob-id", "accounts": [A]}]);
        let set = json!({"uid": "PermissionSet::\"Audit\"",
            "attrs": {"policies": [may(json!(["SOC", "PCI"]), json!(null))], "assignments": assigned}});
        found(&world(auditors).entity(person("ann")).entity(person("bob")).entity(set))
    };
    assert_eq!(with("ann = [\"SOC\", \"PCI\"]\n"), []);
    let more = with("ann = [\"SOC\"]\n");
    assert_eq!(
        more.iter().map(|(code, _, message)| (code.as_str(), message.as_str())).collect::<Vec<_>>(),
        [("CS031", MORE)]
    );
    let apart = with("ann = [\"SOC\"]\nbob = [\"PCI\"]\n");
    assert_eq!(apart[0].2, MORE.replace("PCI", "PCI, SOC"), "nothing is declared for both");
}

#[test]
fn an_auditor_whom_nobody_is_called_is_a_warning() {
    let warnings = world("of-sock = [\"SOC\"]\n").load().warnings;
    assert_eq!(warnings[0].message(), "there is no principal and nobody called of-sock");
    assert!(warnings[0].help_text().unwrap().contains("of-soc"), "{warnings:?}");
}
