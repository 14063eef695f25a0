//! Organizations as they are, and as hard as they can be made, written as files: the same arguments give the same bytes.

use std::path::Path;

use serde_json::{Value, json};

const ORG: &str = "o-benchmark01";
const FULL: &str = "p-FullAWSAccess";

/// What principals have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Permission sets and kinds of roles that many share; one in twenty has an inline policy of its own that names its account.
    Realistic,
    /// The same without anything of one's own.
    Equal,
    /// An inline policy for each principal, in which actions, patterns, operators and values are drawn.
    Adversarial,
}

/// Numbers that look drawn, and are the same in each run.
pub struct Draw(u64);

impl Draw {
    /// Those of a seed.
    #[allow(dead_code, reason = "not every bench draws by itself")]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below another.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % n
    }

    /// One of several.
    pub fn one<'v, T: ?Sized>(&mut self, of: &[&'v T]) -> &'v T {
        of[self.below(of.len())]
    }
}

/// The number of an account.
pub fn number(i: usize) -> String {
    format!("{:012}", 100_000_000_000 + i * 13)
}

fn statement(effect: &str, actions: Value, resource: Value, condition: Value) -> Value {
    let mut statement = json!({"Effect": effect, "Action": actions, "Resource": resource});
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    statement
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The documents that many share, by their paths.
fn documents() -> Vec<(&'static str, Value)> {
    let allow = |actions: Value| statement("Allow", actions, json!("*"), Value::Null);
    let arn = |operator: &str, patterns: Value| json!({operator: {"aws:PrincipalArn": patterns}});
    let not_these = arn(
        "ArnNotLike",
        json!(["arn:aws:iam::*:role/OrganizationAccountAccessRole", "arn:aws:iam::*:role/break-glass"]),
    );
    let regions = json!({"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "us-west-2", "eu-west-1"]}});
    let mut elsewhere = statement("Deny", Value::Null, json!("*"), regions);
    elsewhere.as_object_mut().map(|s| s.remove("Action"));
    elsewhere["NotAction"] = json!(["artifact:*", "iam:*", "organizations:*", "sts:*", "support:*"]);
    vec![
        (
            "iam/developer.json",
            document(vec![
                allow(json!(["s3:*", "lambda:*", "dynamodb:*", "sqs:*", "logs:*", "ecs:*"])),
                allow(json!(["iam:Get*", "iam:List*", "organizations:Describe*", "organizations:List*"])),
                statement(
                    "Deny",
                    json!(["artifact:AcceptAgreement", "artifact:TerminateAgreement"]),
                    json!("*"),
                    Value::Null,
                ),
            ]),
        ),
        (
            "iam/legal.json",
            document(vec![
                statement("Allow", json!("artifact:*"), json!("*"), json!({"Bool": {"aws:SecureTransport": "true"}})),
                allow(json!([
                    "organizations:DescribeOrganization",
                    "organizations:ListAWSServiceAccessForOrganization",
                    "iam:ListRoles",
                    "iam:GetRole"
                ])),
            ]),
        ),
        (
            "iam/compliance.json",
            document(vec![
                allow(json!(["artifact:Get*", "artifact:List*"])),
                statement(
                    "Deny",
                    json!("artifact:GetReport"),
                    json!("arn:aws:artifact:*::report/*"),
                    json!({"StringEquals": {"artifact:ReportCategory": "Restricted"}}),
                ),
            ]),
        ),
        (
            "iam/deploy.json",
            document(vec![
                allow(json!(["cloudformation:*", "s3:*", "lambda:*", "ecs:*"])),
                statement("Allow", json!("sts:AssumeRole"), json!("arn:aws:iam::*:role/cdk-*"), Value::Null),
            ]),
        ),
        (
            "iam/task.json",
            document(vec![statement(
                "Allow",
                json!(["s3:GetObject"]),
                json!("arn:aws:s3:::${aws:PrincipalTag/app}-*/*"),
                Value::Null,
            )]),
        ),
        (
            "iam/mfa-admin.json",
            document(vec![statement(
                "Allow",
                json!("*"),
                json!("*"),
                json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            )]),
        ),
        (
            "iam/break-glass.json",
            document(vec![statement(
                "Allow",
                json!("*"),
                json!("*"),
                json!({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}),
            )]),
        ),
        (
            "iam/boundary.json",
            document(vec![
                allow(json!("*")),
                statement(
                    "Deny",
                    json!([
                        "iam:CreateUser",
                        "organizations:*",
                        "artifact:AcceptAgreement",
                        "artifact:TerminateAgreement"
                    ]),
                    json!("*"),
                    Value::Null,
                ),
            ]),
        ),
        (
            "scps/guard.json",
            document(vec![statement(
                "Deny",
                json!(["organizations:LeaveOrganization", "artifact:TerminateAgreement"]),
                json!("*"),
                not_these,
            )]),
        ),
        (
            "scps/no-root.json",
            document(vec![statement("Deny", json!("*"), json!("*"), arn("StringLike", json!("arn:aws:iam::*:root")))]),
        ),
        ("scps/regions.json", document(vec![elsewhere])),
        (
            "scps/binding.json",
            document(vec![statement(
                "Deny",
                json!(["artifact:AcceptAgreement", "artifact:TerminateAgreement"]),
                json!("*"),
                Value::Null,
            )]),
        ),
        (
            "scps/freeze.json",
            document(vec![statement(
                "Deny",
                json!("artifact:*"),
                json!("*"),
                arn(
                    "StringNotLike",
                    json!("arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Compliance*"),
                ),
            )]),
        ),
    ]
}

/// Units below the root, with the policies that are attached to them.
const UNITS: [(&str, &[&str]); 5] = [
    ("security", &[FULL]),
    ("platform", &[FULL, "scps/no-root.json"]),
    ("workload", &[FULL, "scps/no-root.json", "scps/regions.json"]),
    ("regulate", &[FULL, "scps/no-root.json", "scps/binding.json"]),
    ("sandboxx", &[FULL, "scps/no-root.json", "scps/freeze.json"]),
];

const SETS: [(&str, &[&str]); 8] = [
    ("Admin", &["arn:aws:iam::aws:policy/AdministratorAccess"]),
    ("PowerUser", &["arn:aws:iam::aws:policy/PowerUserAccess"]),
    ("Developer", &["iam/developer.json"]),
    ("Security", &["arn:aws:iam::aws:policy/SecurityAudit"]),
    ("Compliance", &["iam/compliance.json", "arn:aws:iam::aws:policy/AWSArtifactReportsReadOnlyAccess"]),
    ("Billing", &["arn:aws:iam::aws:policy/job-function/Billing"]),
    ("Support", &["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"]),
    ("Legal", &["iam/legal.json", "arn:aws:iam::aws:policy/AWSArtifactAgreementsFullAccess"]),
];

const ROLES: [(&str, &[&str]); 9] = [
    ("OrganizationAccountAccessRole", &["arn:aws:iam::aws:policy/AdministratorAccess"]),
    ("break-glass", &["iam/break-glass.json"]),
    ("deploy", &["iam/deploy.json"]),
    ("task", &["iam/task.json"]),
    ("audit", &["arn:aws:iam::aws:policy/SecurityAudit"]),
    ("admin-mfa", &["iam/mfa-admin.json"]),
    ("reports", &["iam/compliance.json"]),
    ("developer", &["iam/developer.json"]),
    ("power", &["arn:aws:iam::aws:policy/PowerUserAccess"]),
];

/// Writes an organization into a folder; its principals and bytes.
pub fn write(folder: &Path, accounts: usize, principals: usize, shape: Shape) -> (usize, usize) {
    let mut bytes = 0;
    let mut put = |path: &str, text: String| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder)).unwrap();
        bytes += text.len();
        std::fs::write(path, text).unwrap();
    };
    put("countersign.toml", "asOf = \"2026-11-01\"\n".to_owned());
    for (path, document) in documents() {
        put(path, document.to_string());
    }
    put("organization.json", list(&organization()));
    let mut count = 0;
    for (file, first) in (0..accounts).step_by(250).enumerate() {
        let mut entities = Vec::new();
        for i in first..accounts.min(first + 250) {
            count += account(i, principals, shape, &mut entities);
        }
        put(&format!("accounts-{file:04}.json"), list(&entities));
    }
    (count, bytes)
}

fn list(entities: &[Value]) -> String {
    format!("[\n{}\n]\n", entities.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n"))
}

fn unit(i: usize) -> String {
    format!("ou-ab12-{}", UNITS[i % UNITS.len()].0)
}

fn organization() -> Vec<Value> {
    let mut entities =
        vec![json!({"uid": ORG, "attrs": {"featureSet": "ALL", "managementAccount": number(0), "trustedAccess": true,
        "serviceRole": true, "serviceControlPolicies": [FULL, "scps/guard.json"]}})];
    for (i, (name, policies)) in UNITS.iter().enumerate() {
        entities.push(
            json!({"uid": unit(i), "parents": [ORG], "attrs": {"name": name, "serviceControlPolicies": policies}}),
        );
    }
    let units: Vec<String> = (0..UNITS.len()).map(unit).collect();
    for (name, policies) in SETS {
        let group = format!("g-{name}");
        entities.push(json!({"uid": format!("IdentityCenterGroup::\"{group}\""), "attrs": {"displayName": name}}));
        entities.push(json!({"uid": format!("IdentityCenterUser::\"u-{name}\""), "attrs": {"userName": format!("{name}-person")}, "parents": [group]}));
        let assignment = json!({"group": group, "accounts": [number(0)], "organizationalUnits": if name == "Legal" { &[][..] } else { &units }});
        entities.push(json!({"uid": format!("PermissionSet::\"{name}\""), "attrs": {"policies": policies, "assignments": [assignment]}}));
    }
    entities.push(json!({"uid": "report-bqhUJF3FrQZsMJpb", "attrs": {"series": "SOC", "category": "Certifications and Attestations",
        "acceptanceType": "EXPLICIT", "requiresApproval": false}}));
    for (kind, n) in [("baa", 1), ("andb", 2)] {
        entities.push(json!({"uid": format!("customer-agreement-Benchmark012345{n}"), "attrs": {"agreement": kind, "organization": ORG, "effectiveStart": "2023-04-01"}}));
    }
    entities
}

/// An account and its principals; how many these are, the root user and permission sets included.
fn account(i: usize, principals: usize, shape: Shape, entities: &mut Vec<Value>) -> usize {
    let (id, mut draw) = (number(i), Draw(i as u64 + 7));
    let parent = if i == 0 { ORG.to_owned() } else { unit(i * 37 / 7) };
    let joined = format!("20{}-0{}-1{}", 18 + i % 7, 1 + i % 9, i % 10);
    let mut attrs = json!({"name": format!("account-{i:05}"), "memberships": [{"organization": ORG, "from": joined}]});
    if i.is_multiple_of(3) {
        attrs["nda"] = json!({"accepted": true, "acceptedAt": "2024-02-03"});
    }
    let mut tags = json!({"team": format!("team{}", i % 200)});
    if i % 5 == 3 {
        tags["DataClassification"] = json!("PHI");
        attrs["phi"] = json!({"services": ["s3", "rds"], "regions": ["us-east-1"]});
    }
    entities.push(json!({"uid": id, "parents": [parent], "attrs": attrs, "tags": tags}));
    if i % 20 == 9 {
        entities.push(json!({"uid": format!("customer-agreement-{i:016}"), "attrs": {"agreement": "baa", "account": id, "effectiveStart": "2022-06-12"}}));
    }
    let assigned = if i == 0 { SETS.len() } else { SETS.len() - 1 };
    let own = principals.saturating_sub(assigned + 1);
    for n in 0..own {
        let (kind, policies) = ROLES[n % ROLES.len()];
        let name = if n < ROLES.len() { kind.to_owned() } else { format!("{kind}-{n}") };
        let mut policies: Vec<Value> = policies.iter().map(|p| json!(p)).collect();
        match shape {
            Shape::Adversarial => policies = vec![drawn(&id, &name, &mut draw)],
            Shape::Realistic if draw.below(20) == 0 => policies.push(of_a_team(&id, &name, &mut draw)),
            _ => {}
        }
        let uid = if n % 8 == 7 {
            format!("arn:aws:iam::{id}:user/{name}")
        } else {
            format!("arn:aws:iam::{id}:role/{name}")
        };
        let mut attrs = json!({"policies": policies});
        if n % 11 == 10 {
            attrs["permissionsBoundary"] = json!("iam/boundary.json");
        }
        entities.push(json!({"uid": uid, "attrs": attrs}));
    }
    own + assigned + 1
}

/// What a team writes for itself: it names its account.
fn of_a_team(account: &str, name: &str, draw: &mut Draw) -> Value {
    let mut statements = vec![
        statement(
            "Allow",
            json!(["s3:GetObject", "s3:PutObject"]),
            json!(format!("arn:aws:s3:::{name}-{account}/*")),
            Value::Null,
        ),
        statement(
            "Allow",
            json!("sqs:SendMessage"),
            json!(format!("arn:aws:sqs:us-east-1:{account}:{name}")),
            Value::Null,
        ),
    ];
    if draw.below(3) == 0 {
        let on = format!("arn:aws:artifact::{account}:customer-agreement/*");
        statements.push(statement(
            "Allow",
            json!(["artifact:GetCustomerAgreement", "artifact:ListCustomerAgreements"]),
            json!(on),
            Value::Null,
        ));
    }
    document(statements)
}

/// What no other principal has: actions, patterns, operators and values are drawn.
fn drawn(account: &str, name: &str, draw: &mut Draw) -> Value {
    let mut statements = Vec::new();
    for _ in 0..2 + draw.below(4) {
        let actions: Vec<&str> = (0..1 + draw.below(4))
            .map(|_| {
                draw.one(&[
                    "artifact:*",
                    "artifact:Get*",
                    "artifact:*Agreement*",
                    "artifact:AcceptAgreement",
                    "artifact:TerminateAgreement",
                    "artifact:List*",
                    "artifact:GetReport",
                    "organizations:Describe*",
                    "organizations:*",
                    "iam:ListRoles",
                    "iam:Get*",
                    "*",
                ])
            })
            .collect();
        let resource = match draw.below(4) {
            0 => format!("arn:aws:artifact::{account}:customer-agreement/*"),
            1 => format!("arn:aws:artifact:::agreement/agreement-{}*", draw.below(10)),
            2 => format!("arn:aws:artifact:us-east-1::report/*{}", draw.below(10)),
            _ => "*".to_owned(),
        };
        let condition = match draw.below(6) {
            0 => {
                json!({draw.one(&["ArnLike", "ArnNotLike"]): {"aws:PrincipalArn": format!("arn:aws:iam::{account}:*/{name}*")}})
            }
            1 => {
                json!({draw.one(&["StringLike", "StringNotLike"]): {"aws:PrincipalArn": format!("*{}*", draw.below(1000))}})
            }
            2 => {
                json!({draw.one(&["DateGreaterThan", "DateLessThan"]): {"aws:CurrentTime": format!("202{}-0{}-01T00:00:00Z", draw.below(10), 1 + draw.below(9))}})
            }
            3 => json!({"IpAddress": {"aws:SourceIp": format!("10.{}.{}.0/24", draw.below(256), draw.below(256))}}),
            4 => json!({"StringEquals": {"aws:PrincipalTag/team": format!("team{}", draw.below(50))}}),
            _ => Value::Null,
        };
        let effect = if draw.below(4) == 0 { "Deny" } else { "Allow" };
        statements.push(statement(effect, json!(actions), json!(resource), condition));
    }
    document(statements)
}
