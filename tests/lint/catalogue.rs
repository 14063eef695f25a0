//! Lint by the catalogue: slips are found with the right name, AWS's own policies give no false alarm.

use std::collections::BTreeSet;

use countersign_core::aws::catalogue::{self, Catalogue};
use countersign_core::aws::managed;
use countersign_core::lint::{Finding, Severity};
use serde_json::json;

use super::{Example, lint, settings, told};

/// A fixed sequence of numbers: the same names are drawn in each run.
struct Drawn(u64);

impl Drawn {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    /// A name with a letter left out, doubled, exchanged with the next one, or replaced.
    fn misspelt(&mut self, name: &str) -> String {
        let mut letters: Vec<char> = name.chars().collect();
        let at = self.next(letters.len() - 1);
        match self.next(4) {
            0 => drop(letters.remove(at)),
            1 => letters.insert(at, letters[at]),
            2 => letters.swap(at, at + 1),
            _ => letters[at] = if letters[at] == 'x' { 'y' } else { 'x' },
        }
        letters.into_iter().collect()
    }
}

fn of(findings: &[Finding], code: &str) -> Vec<Finding> {
    findings.iter().filter(|f| f.rule.code == code).cloned().collect()
}

fn policy(action: &str) -> Example {
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
    Example::new("p.json", text.to_string())
}

#[test]
fn a_misspelling_of_each_of_a_thousand_actions_is_found_with_the_right_name() {
    let catalogue = Catalogue::built_in();
    let services: Vec<_> = catalogue.prefixes().filter_map(|p| catalogue.service(p)).collect();
    let all: Vec<(&str, &str)> =
        services.iter().flat_map(|s| s.actions.iter().map(|a| (s.prefix.as_str(), a.name.as_str()))).collect();
    let mut drawn = Drawn(17);
    let (mut asked, mut right) = (0, 0);
    while asked < 1_000 {
        let (prefix, name) = all[drawn.next(all.len())];
        let slip = drawn.misspelt(name);
        let service = catalogue.service(prefix).unwrap();
        // some misspellings are names, and names that have ended are known
        if service.action(&slip).is_some() || catalogue::known_action(prefix, &slip).is_some() {
            continue;
        }
        asked += 1;
        let found = of(&lint(&[policy(&format!("{prefix}:{slip}"))], &settings("")).findings, "CS121");
        assert_eq!(found.len(), 1, "{prefix}:{slip}");
        right += usize::from(found[0].help == format!("did you mean `{prefix}:{name}`?"));
    }
    assert!(right >= 950, "{right} of {asked}");
}

#[test]
fn how_sure_a_slip_is_depends_on_the_age_of_the_catalogue() {
    let severity = |action: &str, toml: &str| {
        let found = of(&lint(&[policy(action)], &settings(toml)).findings, "CS121");
        found.first().map(|f| f.severity)
    };
    assert_eq!(severity("s3:GetObjct", ""), Some(Severity::Error));
    assert_eq!(
        severity("s3:MakeCoffeeForEveryone", ""),
        Some(Severity::Warning),
        "it may be younger than the catalogue"
    );
    assert_eq!(severity("s33:GetObject", ""), Some(Severity::Error));
    assert_eq!(severity("s3:GetObjct*", ""), Some(Severity::Error));
    assert_eq!(severity("s3:Xyz*", ""), Some(Severity::Warning));
    assert_eq!(severity("cloudhsm:CreateLunaClient", ""), Some(Severity::Warning), "it has ended");
    for known in ["s3:GetObject", "S3:getobject", "s3:Get*", "deeplens:GetModel", "budgets:CreateBudget", "*"] {
        assert_eq!(severity(known, ""), None, "{known}");
    }
    assert_eq!(severity("s3:MakeCoffeeForEveryone", "[lint.rules]\nCS121 = \"error\"\n"), Some(Severity::Error));
    let old = countersign_core::moment::parse("2028-01-01").unwrap();
    let mut late = settings("");
    late.at = old;
    assert_eq!(of(&lint(&[policy("s3:GetObjct")], &late).findings, "CS121")[0].severity, Severity::Warning);
}

#[test]
fn condition_keys_of_every_service_are_known() {
    let found = |key: &str| {
        let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*",
            "Condition": {"StringEquals": {key: "x"}}}]});
        told(&of(&lint(&[Example::new("p.json", text.to_string())], &settings("")).findings, "CS141"))
    };
    for known in [
        "s3:prefix",
        "S3:Prefix",
        "s3:ExistingObjectTag/team",
        "kms:EncryptionContext:aws:s3:arn",
        "aws:SourceVpce",
        "aws:RequestTag/team",
        "ec2:SourceInstanceARN",
        "token.actions.githubusercontent.com:sub",
        "saml:aud",
    ] {
        assert_eq!(found(known), Vec::<String>::new(), "{known}");
    }
    for slip in ["s3:prefx", "aws:SourceVpec", "s33:prefix", "kms:ViaServce"] {
        assert_eq!(found(slip).len(), 1, "{slip}");
    }
}

/// AWS's managed policies are the yardstick: fewer than one in a hundred of those in which AWS's own Access Analyzer finds nothing has an error
/// or a warning (most of these are slips of AWS's: `statemachine` for `stateMachine`). The names that it does not know are found.
#[test]
fn managed_policies_of_aws_give_no_false_alarm() {
    let policies: Vec<Example> =
        managed::all().map(|p| Example::new(format!("{}.json", p.name()), p.document())).collect();
    let outcome = lint(&policies, &settings(""));
    assert_eq!(outcome.policies, policies.len());
    let alarms: Vec<Finding> =
        outcome.findings.iter().filter(|f| f.is_open() && f.severity >= Severity::Warning).cloned().collect();
    let told_by_aws = [
        ("AWSCodeStarFullAccess.json", "cloud9:ValidateEnvironmentName"),
        ("RDSCloudHsmAuthorizationRole.json", "cloudhsm:CreateLunaClient"),
        ("RDSCloudHsmAuthorizationRole.json", "cloudhsm:GetConfig"),
        ("AWSIAMIdentityCenterAllowListForIdentityContext.json", "qapps:ImportDocumentToQApp"),
        ("AmazonDataZoneGlueManageAccessRolePolicy.json", "lakeformation:GlueARN"),
        // events:detail-type, of which it tells the same in three other policies
        ("SageMakerStudioProjectProvisioningRolePolicy.json", "StringEquals"),
    ];
    let alarmed: BTreeSet<String> = alarms.iter().map(|f| f.place.source.path.clone()).collect();
    let answers = super::access_analyzer::answers();
    let found_by_aws = |file: &String| {
        let name = file.trim_end_matches(".json");
        told_by_aws.iter().any(|(known, _)| known == file) || answers["found"].get(name).is_some()
    };
    let others = alarmed.iter().filter(|file| !found_by_aws(file)).count();
    let told = told(&alarms);
    assert!(others * 100 < policies.len(), "{others} {told:#?}");
    for (file, name) in told_by_aws {
        assert!(told.iter().any(|t| t.contains(file) && t.contains(&format!("`{name}`"))), "{file} {name}");
    }
}

/// Of one statement: what CS125 or CS131 says, and how bad that is.
fn of_statement(actions: &serde_json::Value, resource: &str, code: &str) -> Vec<(Severity, String)> {
    let text =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]});
    let found = lint(&[Example::new("p.json", text.to_string())], &settings("")).findings;
    of(&found, code).into_iter().map(|f| (f.severity, f.message + " / " + &f.help)).collect()
}

#[test]
fn an_arn_that_no_type_has_is_told() {
    let found = |resource: &str| of_statement(&json!("kms:Decrypt"), resource, "CS131");
    for known in ["arn:aws:kms:us-east-1:111122223333:key/*", "arn:aws:kms:*", "*", "arn:aws:s3:::b/${aws:username}/*"]
    {
        assert_eq!(found(known), [], "{known}");
    }
    let slip = found("arn:aws:kms:us-east-1:111122223333:keys/1234");
    assert!(matches!(slip.as_slice(), [(Severity::Warning, said)] if said.contains("did you mean `key`")), "{slip:?}");
    let other = found("arn:aws:kms:us-east-1:111122223333:something/1234");
    assert!(matches!(other.as_slice(), [(Severity::Info, _)]), "AWS does not list every type: {other:?}");
}

#[test]
fn actions_on_resources_of_types_that_none_of_them_has_are_told_one_by_one() {
    let bucket = "arn:aws:s3:::b";
    let found = of_statement(&json!(["sqs:SendMessage", "sqs:ReceiveMessage"]), bucket, "CS125");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|(severity, said)| *severity == Severity::Warning && said.contains(":sqs:")), "{found:?}");
    assert_eq!(of_statement(&json!(["sqs:SendMessage", "s3:ListBucket"]), bucket, "CS125"), [], "one of them has it");
    assert_eq!(of_statement(&json!(["sqs:SendMessage", "s3:*"]), bucket, "CS125"), [], "a pattern may reach one");
    assert_eq!(of_statement(&json!(["sqs:SendMessage"]), "*", "CS125"), []);
}

/// An action that is asked on `*` only is told where it is given an ARN, and each type of Amazon S3's is known.
#[test]
fn actions_that_have_no_resource_are_told_where_they_are_given_one() {
    for (action, resource, bad) in [
        ("s3:ListAllMyBuckets", "arn:aws:s3:::b", Severity::Warning),
        ("kms:CreateKey", "arn:aws:s3:::b", Severity::Warning),
        ("ec2:DescribeInstances", "arn:aws:ec2:us-east-1:111122223333:instance/i-1", Severity::Info),
        ("lambda:ListFunctions", "arn:aws:lambda:us-east-1:111122223333:function:*", Severity::Info),
        ("organizations:ListAccounts", "arn:aws:organizations::111122223333:account/o-exampleorgid/*", Severity::Info),
    ] {
        let found = of_statement(&json!(action), resource, "CS134");
        assert!(
            matches!(found.as_slice(), [(severity, said)] if *severity == bad && said.contains(action)),
            "{action}: {found:?}"
        );
        assert_eq!(of_statement(&json!(action), "*", "CS134"), []);
        assert_eq!(of_statement(&json!([action, "s3:Get*"]), resource, "CS134"), [], "a pattern may reach one");
    }
    assert_eq!(of_statement(&json!("s3:ListAllMyBuckets"), "arn:aws:s3:::*", "CS134"), [], "AWS's own policies do");
    for (action, resource) in [("s3:ListBucket", "arn:aws:s3:::b/*"), ("s3:GetObject", "arn:aws:s3:::b")] {
        let found = of_statement(&json!(action), resource, "CS125");
        assert!(matches!(found.as_slice(), [(Severity::Warning, _)]), "{action}: {found:?}");
    }
    assert_eq!(of_statement(&json!("s3:GetObject"), "arn:aws:s3:::b*", "CS125"), []);
}

/// What the condition of one statement is told, by code and severity.
fn of_condition(action: &str, condition: &serde_json::Value, code: &str) -> Vec<Severity> {
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition}]});
    let found = lint(&[Example::new("p.json", text.to_string())], &settings("")).findings;
    of(&found, code).into_iter().map(|f| f.severity).collect()
}

/// A key that only other actions carry, of the same service or of another one.
#[test]
fn a_key_that_no_request_of_the_action_carries_is_told() {
    let told = |action: &str, key: &str| of_condition(action, &json!({"StringEquals": {key: "x"}}), "CS142");
    for (action, key) in
        [("s3:GetObject", "s3:prefix"), ("ec2:TerminateInstances", "s3:prefix"), ("iam:GetRole", "iam:PassedToService")]
    {
        assert_eq!(told(action, key), [Severity::Warning], "{action} {key}");
    }
    assert_eq!(told("ram:GetResourceShares", "ram:ResourceShareName"), [Severity::Info]);
    for (action, key) in
        [("s3:ListBucket", "s3:prefix"), ("iam:PassRole", "iam:PassedToService"), ("s3:GetObject", "aws:SourceIp")]
    {
        assert_eq!(told(action, key), [], "{action} {key}");
    }
    let absent = json!({"StringNotEquals": {"s3:prefix": "x"}});
    assert_eq!(of_condition("s3:GetObject", &absent, "CS142"), [], "without the key, this holds");
}

/// The catalogue tells what the values of a key are, and so which operators are meant for it.
#[test]
fn an_operator_that_is_not_meant_for_a_key_is_told() {
    use Severity::{Info, Warning};
    let told = |operator: &str, key: &str, value: &str| {
        of_condition("s3:ListBucket", &json!({operator: {key: value}}), "CS143")
    };
    for (operator, key, value, bad) in [
        ("StringEquals", "aws:ViaAWSService", "true", Info),
        ("StringEquals", "s3:max-keys", "10", Info),
        ("NumericEquals", "s3:prefix", "10", Info),
        ("ArnLike", "lambda:Principal", "arn:aws:iam::111122223333:root", Info),
        ("IpAddress", "ec2:InstanceType", "10.0.0.0/8", Warning),
        ("DateLessThan", "aws:PrincipalOrgID", "2030-01-01T00:00:00Z", Warning),
        ("Bool", "aws:PrincipalOrgID", "true", Info),
        ("NumericLessThan", "aws:CurrentTime", "5", Warning),
    ] {
        assert_eq!(told(operator, key, value), [bad], "{operator} {key}");
    }
    for (operator, key, value) in [
        ("NumericEquals", "s3:max-keys", "10"),
        ("StringLike", "s3:prefix", "a*"),
        ("NumericLessThan", "aws:RequestTag/cost", "5"),
        ("Bool", "aws:ViaAWSService", "true"),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::b"),
        ("ArnLike", "s3:DataAccessPointArn", "arn:aws:s3:us-east-1:111122223333:accesspoint/a"),
    ] {
        assert_eq!(told(operator, key, value), [], "{operator} {key}");
    }
}

/// The permission of an operation has another name; what is near to it would be another permission.
#[test]
fn an_operation_of_the_api_is_told_with_its_permission() {
    let told = |action: &str| {
        let found = of(&lint(&[policy(action)], &settings("")).findings, "CS121");
        found.first().map(|f| (f.severity, f.help.clone(), f.fix.is_some()))
    };
    let one = |needed: &str| Some((Severity::Error, format!("did you mean `{needed}`?"), true));
    assert_eq!(told("s3:ListBuckets"), one("s3:ListAllMyBuckets"));
    assert_eq!(told("s3:headobject"), one("s3:GetObject"));
    assert_eq!(told("lambda:Invoke"), one("lambda:InvokeFunction"));
    assert_eq!(
        told("s3:CopyObject"),
        Some((Severity::Error, "it needs s3:GetObject and s3:PutObject".to_owned(), false))
    );
    assert_eq!(told("s3:ListBucket"), None);
    // beside what it needs it does no harm
    let beside = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:HeadObject", "s3:Get*"], "Resource": "arn:aws:s3:::b/*"}]});
    let found = of(&lint(&[Example::new("p.json", beside.to_string())], &settings("")).findings, "CS121");
    assert_eq!((found[0].severity, found[0].fix.is_some()), (Severity::Warning, false));
    assert_eq!(found[0].help, "remove it: s3:GetObject, which it needs, stands beside it");
}
