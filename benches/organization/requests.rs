//! Requests for `simulate`, one a line, each with policies of its own: the same number gives the same bytes.

use serde_json::{Value, json};

use crate::shapes::{Draw, number};

/// Actions, and what each is asked on.
const ASKED: [(&str, &str); 8] = [
    ("s3:GetObject", "arn:aws:s3:::bucket-{n}/key/{i}"),
    ("s3:ListBucket", "arn:aws:s3:::bucket-{n}"),
    ("ec2:DescribeInstances", "*"),
    ("iam:PassRole", "arn:aws:iam::{account}:role/role-{n}"),
    ("kms:Decrypt", "arn:aws:kms:us-east-1:{account}:key/{n}"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:{account}:queue-{n}"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:{account}:table/table-{n}"),
    ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:{account}:function:function-{n}"),
];

/// As many requests, as JSON lines.
pub fn lines(count: usize) -> String {
    (0..count).map(|i| format!("{}\n", request(i))).collect()
}

fn request(i: usize) -> Value {
    let mut draw = Draw::new(i as u64 + 11);
    let account = number(draw.below(1000));
    let (action, resource) = ASKED[draw.below(ASKED.len())];
    let resource = resource
        .replace("{account}", &account)
        .replace("{n}", &draw.below(50).to_string())
        .replace("{i}", &i.to_string());
    let statements: Vec<Value> = (0..1 + draw.below(4)).map(|_| statement(&account, &resource, &mut draw)).collect();
    let mut request = json!({"id": i, "principal": format!("arn:aws:iam::{account}:role/role-{}", i % 100), "action": action,
        "resource": resource, "identity": [{"Version": "2012-10-17", "Statement": statements}]});
    if draw.below(10) < 7 {
        request["context"] = json!({"aws:MultiFactorAuthPresent": draw.one(&["true", "false"]), "aws:SourceIp": "10.1.2.3",
            "aws:PrincipalOrgID": "o-exampleorgid"});
        request["contextIsComplete"] = json!(draw.below(2) == 0);
    }
    request
}

fn statement(account: &str, resource: &str, draw: &mut Draw) -> Value {
    let actions: Vec<String> = (0..1 + draw.below(3))
        .map(|_| {
            let (action, _) = ASKED[draw.below(ASKED.len())];
            if draw.below(2) == 0 { action.to_owned() } else { format!("{}:*", action.split(':').next().unwrap()) }
        })
        .collect();
    let effect = if draw.below(4) == 0 { "Deny" } else { "Allow" };
    let resource = if draw.below(2) == 0 { "*" } else { resource };
    let mut statement = json!({"Effect": effect, "Action": actions, "Resource": resource});
    match draw.below(8) {
        0 => statement["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
        1 => statement["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        2 => statement["Condition"] = json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}}),
        3 => {
            statement["Condition"] =
                json!({"StringLike": {"aws:PrincipalArn": format!("arn:aws:iam::{account}:role/*")}})
        }
        _ => {}
    }
    statement
}
