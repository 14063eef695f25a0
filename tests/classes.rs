//! Principals share the answers of others that are like them in all that the policies read: what comes of it is the same, to the
//! byte, as if each were asked by itself.

use crate::common::*;
use countersign_core::assessment::{Options, assess};
use countersign_core::inventory::Inventory;
use proptest::prelude::Rng;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};

const ACCOUNTS: [&str; 4] = [M, A, B, "123456789012"];

/// Draws from lists.
pub struct Draw(pub TestRng);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        (self.0.next_u32() as usize) % n
    }

    fn one<'v, T>(&mut self, of: &'v [T]) -> &'v T {
        &of[self.below(of.len())]
    }

    fn often(&mut self, of_ten: usize) -> bool {
        self.below(10) < of_ten
    }

    /// A pattern of an ARN that may or may not be about an account and a name.
    fn arn(&mut self, account: &str, name: &str) -> String {
        let account = if self.often(3) { (*self.one(&ACCOUNTS)).to_owned() } else { account.to_owned() };
        let patterns = [
            format!("arn:aws:iam::{account}:*/{name}"),
            format!("arn:aws:iam::*:role/{name}"),
            "arn:aws:iam::*:root".to_owned(),
            // which looks into the number
            "arn:aws:iam::*2:*".to_owned(),
            "arn:aws:iam::2*:*".to_owned(),
            "*3*".to_owned(),
            format!("*{account}:user/{name}"),
            "arn:aws:iam::????????????:role/*".to_owned(),
            "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Legal_*".to_owned(),
            format!("arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_*"),
        ];
        self.one(&patterns).clone()
    }

    fn condition(&mut self, account: &str, name: &str) -> Value {
        let arn = self.arn(account, name);
        let other = self.arn(account, name);
        let operator = *self.one(&["ArnLike", "ArnNotLike", "StringLike", "StringNotLike"]);
        let conditions = [
            json!({operator: {"aws:PrincipalArn": [arn, other]}}),
            json!({"StringEquals": {"aws:PrincipalAccount": account}}),
            json!({"StringNotEquals": {"aws:PrincipalAccount": *self.one(&ACCOUNTS)}}),
            json!({"StringEquals": {"aws:username": name}}),
            json!({"StringLike": {"aws:PrincipalTag/team": "${aws:username}*"}}),
            json!({"StringEquals": {"aws:PrincipalTag/team": "legal"}}),
            json!({"Null": {"aws:PrincipalTag/team": "true"}}),
            json!({"Bool": {"aws:SecureTransport": "true"}}),
            json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            json!({"IpAddress": {"aws:SourceIp": format!("10.{}.0.0/16", self.below(2))}}),
            json!({"DateGreaterThan": {"aws:CurrentTime": format!("202{}-01-01T00:00:00Z", 5 + self.below(4))}}),
            json!({"StringEquals": {"artifact:ReportSeries": *self.one(&["SOC", "PCI"])}}),
            json!({"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}}),
            json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": ORG}}),
        ];
        self.one(&conditions).clone()
    }

    fn statement(&mut self, account: &str, name: &str) -> Value {
        let actions = json!(self.one(&[
            vec!["artifact:*"],
            vec!["*"],
            vec!["artifact:Get*", "artifact:List*"],
            vec!["artifact:AcceptAgreement", "artifact:AcceptNdaForAgreement"],
            vec!["artifact:TerminateAgreement"],
            vec!["organizations:Describe*", "organizations:List*", "iam:ListRoles"],
            vec!["s3:*"],
        ]));
        let account = if self.often(8) { account } else { *self.one(&ACCOUNTS) };
        let resource = self
            .one(&[
                "*".to_owned(),
                "*".to_owned(),
                format!("arn:aws:artifact::{account}:customer-agreement/*"),
                "arn:aws:artifact:::agreement/*".to_owned(),
                "arn:aws:artifact:::*/${aws:username}*".to_owned(),
                "arn:aws:artifact:*:report/*".to_owned(),
                format!("arn:aws:artifact::{account}:customer-agreement/${{aws:PrincipalTag/team}}*"),
            ])
            .clone();
        let effect = if self.often(7) { "Allow" } else { "Deny" };
        let action = if self.often(9) { "Action" } else { "NotAction" };
        let mut statement = json!({"Effect": effect, action: actions});
        statement[if self.often(9) { "Resource" } else { "NotResource" }] = json!(resource);
        if self.often(7) {
            statement["Condition"] = self.condition(account, name);
        }
        statement
    }

    fn document(&mut self, account: &str, name: &str) -> Value {
        let statements: Vec<Value> = (0..1 + self.below(3)).map(|_| self.statement(account, name)).collect();
        policy(json!(statements))
    }

    /// Policies that others have too, one's own, one that is not known.
    fn policies(&mut self, account: &str, name: &str) -> Value {
        let mut policies = Vec::new();
        if self.often(9) {
            policies.push(json!(format!("shared{}.json", self.below(3))));
        }
        if self.often(3) {
            policies.push(self.document(account, name));
        }
        if self.often(4) {
            policies.push(json!(*self.one(&[ADMIN, FULL])));
        }
        if self.often(1) {
            policies.push(json!("arn:aws:iam::aws:policy/service-role/NotToldHere"));
        }
        json!(policies)
    }
}

/// Accounts whose principals are much alike, and differ in what a careless comparison overlooks.
pub fn world(draw: &mut Draw) -> World {
    let mut world = World::new();
    for n in 0..3 {
        let account = *draw.one(&ACCOUNTS);
        let document = draw.document(account, "jo");
        world = world.file(&format!("shared{n}.json"), document.to_string());
    }
    for n in 0..2 {
        let document = draw.document(A, "legal");
        world = world.file(&format!("scp{n}.json"), document.to_string());
    }
    let scps = |draw: &mut Draw| match draw.below(3) {
        0 => json!({}),
        1 => json!({"serviceControlPolicies": ["p-FullAWSAccess"]}),
        _ => json!({"serviceControlPolicies": ["p-FullAWSAccess", format!("scp{}.json", draw.below(2))]}),
    };
    world = world.org(scps(draw)).report("report-bqhUJF3FrQZsMJpb", "SOC", false);
    for account in ACCOUNTS {
        let attrs = scps(draw);
        world = world.account(account, attrs, &[ORG]);
        for name in ["jo", "legal", "x2"] {
            let mut attrs = json!({"policies": draw.policies(account, name)});
            if draw.often(2) {
                attrs["permissionsBoundary"] = json!(format!("shared{}.json", draw.below(3)));
            }
            let tags = if draw.often(5) { json!({"team": *draw.one(&["legal", "jo"])}) } else { json!({}) };
            world = world.entity(json!({"uid": user(account, name), "attrs": attrs, "tags": tags}));
            let role = format!("arn:aws:iam::{account}:role/{name}");
            world = world.entity(json!({"uid": role, "attrs": {"policies": draw.policies(account, name)}}));
        }
    }
    for set in ["Legal", "Dev"] {
        let policies = json!([format!("shared{}.json", draw.below(3)), *draw.one(&[ADMIN, FULL])]);
        let attrs = json!({"policies": policies, "assignments": [{"group": "g", "accounts": ACCOUNTS}]});
        world = world.entity(json!({"uid": format!("PermissionSet::\"{set}\""), "attrs": attrs}));
    }
    world.entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": "g"}}))
}

/// All answers, in JSON.
fn answers(inventory: &Inventory, by_itself: bool) -> Value {
    answers_by(inventory, by_itself, 1)
}

/// The same by so many threads.
fn answers_by(inventory: &Inventory, by_itself: bool, threads: usize) -> Value {
    let at = at("2026-11-01");
    let options = Options { at, snapshot: at, by_itself, threads, ..Options::default() };
    serde_json::to_value(assess(inventory, &RULES, &options).unwrap_or_else(|f| panic!("{}", words(&f)))).unwrap()
}

#[test]
fn shared_answers_are_those_that_each_would_have_by_itself() {
    let mut draw = Draw(drawn_from(71));
    let mut shared = 0;
    for _ in 0..12 {
        let world = world(&mut draw);
        let folder = world.folder();
        let Ok(inventory) = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()) else {
            continue;
        };
        let (plain, quick) = (answers(&inventory, true), answers(&inventory, false));
        for (plain, quick) in
            plain["principals"].as_array().unwrap().iter().zip(quick["principals"].as_array().unwrap())
        {
            assert_eq!(plain, quick, "{}", serde_json::to_string_pretty(&world.entities).unwrap());
        }
        assert_eq!(plain, quick);
        for threads in 2..=4 {
            assert_eq!(answers_by(&inventory, false, threads).to_string(), quick.to_string(), "{threads} threads");
        }
        shared += 1;
    }
    assert!(shared >= 9, "most of the worlds can be read: {shared}");
}

#[test]
fn the_roles_of_a_permission_set_are_alike_only_where_patterns_cannot_see_the_account() {
    for pattern in [
        "arn:aws:iam::2*:role/*",
        "arn:aws:iam::*3:role/*",
        "*45678*",
        "arn:aws:iam::222222222222:role/*",
        "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_*",
        "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_*",
        "arn:aws:iam::*:root",
        "*:role/*/AWSReservedSSO_?e*",
        "*_Dev_?x7*",
        "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*_Dev_*3",
        "*3:role/*_Dev_?x7*",
        "arn:aws:iam::222222222222:role/*_Dev_?x7*",
        "*_{account}*",
    ] {
        for operator in ["ArnLike", "StringNotLike"] {
            let conditional = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {operator: {"aws:PrincipalArn": pattern}}});
            let mut world = World::new().org(json!({})).file("c.json", policy(json!([conditional])).to_string());
            for account in ACCOUNTS {
                world = world.account(account, json!({}), &[ORG]);
            }
            for set in ["Dev", "Other"] {
                let attrs = json!({"policies": ["c.json"], "assignments": [{"group": "g", "accounts": ACCOUNTS}]});
                world = world.entity(json!({"uid": format!("PermissionSet::\"{set}\""), "attrs": attrs}));
            }
            let world = world.entity(json!({"uid": "IdentityCenterGroup::\"g\"", "attrs": {"displayName": "g"}}));
            let folder = world.folder();
            let inventory = Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap();
            assert_eq!(answers(&inventory, true), answers(&inventory, false), "{operator} {pattern}");
        }
    }
}

/// Where a condition stands counts: on one of two statements it is not what it is on the other.
#[test]
fn users_are_alike_only_where_each_statement_has_the_same_conditions() {
    let offline = json!([{"account": A, "from": "2021-01-01"}]);
    let mut world = World::new().account(A, json!({"nda": {"accepted": true}}), &[]).offline(offline);
    let is_not = json!({"Null": {"aws:PrincipalTag/d": "true"}});
    let is = json!({"StringEquals": {"aws:PrincipalTag/d": "legal"}});
    let named = json!({"StringEquals": {"aws:PrincipalTag/d": "${aws:username}"}});
    let everywhere = ["arn:aws:artifact:::agreement/*", "*"];
    for (n, condition) in [is_not, is, named].iter().enumerate() {
        for (m, resources) in [everywhere, [everywhere[1], everywhere[0]], ["*"; 2]].iter().enumerate() {
            for place in [[true, false], [false, true], [true, true], [false, false]] {
                let statements: Vec<Value> = (0..2)
                    .map(|i| {
                        let condition = if place[i] { condition.clone() } else { json!({}) };
                        json!({"Effect": "Allow", "Action": "*", "Resource": resources[i], "Condition": condition})
                    })
                    .collect();
                // others differ in what this operation does not ask about
                let name = format!("u{n}{m}{}{}", u8::from(place[0]), u8::from(place[1]));
                let deny = json!({"Effect": "Deny", "Action": format!("artifact:Get{name}"), "Resource": "*"});
                let policies = [policy(json!(statements)), policy(json!([deny]))];
                let uid = format!("User::\"arn:aws:iam::{A}:user/{name}\"");
                world = world.entity(json!({"uid": uid, "attrs": {"policies": policies}, "tags": {"d": "legal"}}));
            }
        }
    }
    let folder = world.folder();
    let inventory =
        Inventory::load(&Folder::new(folder.path()), SCHEMA.clone()).unwrap_or_else(|f| panic!("{}", words(&f)));
    assert_eq!(answers(&inventory, true), answers(&inventory, false));
}
