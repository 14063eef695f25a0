//! Generated policies and values: every operator with its prefixes and suffixes, over few keys, so that conditions meet
//! values.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Every operator without prefix and suffix.
pub const OPERATORS: [&str; 26] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
];

/// Few keys, so that conditions meet values.
pub const KEYS: [&str; 5] = ["aws:username", "test:Key", "test:Other", "aws:PrincipalTag/team", "aws:CalledVia"];

pub fn strings() -> Vec<&'static str> {
    vec!["", "a", "A", "ab", "aB", "abc", "a*c", "a?", "true", "5", "${aws:username}", "é", "a:b"]
}

/// Values of requests for an operator's type, among them some that do not parse.
pub fn actual(operator: &str) -> Vec<&'static str> {
    match kind(operator) {
        "Numeric" => {
            vec!["5", "5.0", "05", "-5", "+5", "4.9999", "5.00001", "4.99999999", "100000000000000000000", "x", ""]
        }
        "Date" => vec![
            "2024",
            "2024-01",
            "2024-02-29",
            "2023-02-29",
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00Z",
            "2024-01-01T01:00:00+01:00",
            "2023-12-31T23:59:59.999Z",
            "1704067200",
            "1704067201",
            "yesterday",
            "",
        ],
        "Bool" => vec!["true", "false", "TRUE", "yes", "1", ""],
        "Binary" => vec!["QmluYXJ5", "qmluYXJ5", "QmluYXJz", "QQ==", "QQ", "!", ""],
        "Ip" => vec![
            "10.0.0.1",
            "10.0.1.0",
            "11.0.0.1",
            "2001:db8::1",
            "2001:DB8:0::1",
            "2001:db9::1",
            "::ffff:10.0.0.1",
            "10.0.0.1/32",
            "x",
        ],
        "Arn" => vec![
            "arn:aws:iam::1:role/a",
            "arn:aws:iam::1:role/a/b",
            "arn:aws:iam::2:role/a",
            "arn:aws:iam:::role/a",
            "arn:aws:artifact:us-east-1::report/r:1",
            "arn:aws:iam",
            "x",
        ],
        _ => strings(),
    }
}

/// Values of policies: what a policy may not hold is an error, and is not generated.
pub fn wanted(operator: &str) -> Vec<&'static str> {
    match kind(operator) {
        "Numeric" => vec!["5", "5.000", "-5", "4.9999", "5.00001", "100000000000000000001", "${aws:username}", "0"],
        "Date" => {
            vec!["2024-01-01T00:00:00Z", "2024", "2024-01-01", "1704067200", "2024-02-29", "2023-12-31T23:59:59.999Z"]
        }
        "Bool" => vec!["true", "false", "True"],
        "Binary" => vec!["QmluYXJ5", "QQ=="],
        "Ip" => vec!["10.0.0.0/24", "10.0.0.9/8", "10.0.0.1", "2001:db8::/32", "::/0", "0.0.0.0/0"],
        "Arn" => vec![
            "arn:aws:iam::1:role/a",
            "arn:aws:iam::*:role/*",
            "arn:aws:iam::?:role/?",
            "arn:*",
            "arn:aws:iam",
            "*",
            "*:role/a",
            "arn:aws:iam::1:role/${aws:username}",
            "arn:aws:artifact:*::report/*:1",
            "a*:aws:iam::1:role/a",
        ],
        "Like" => [
            strings(),
            vec![
                "*",
                "a*",
                "*b*",
                "?",
                "??",
                "a?c",
                "${*}",
                "a${*}c",
                "${aws:username}*",
                "${aws:PrincipalTag/team, 'a'}",
                "A*B",
            ],
        ]
        .concat(),
        _ => [strings(), vec!["${aws:PrincipalTag/team, 'a'}", "${$}", "${ aws:UserName }"]].concat(),
    }
}

pub fn kind(operator: &str) -> &'static str {
    let base = operator.replace("Not", "");
    match base.as_str() {
        "StringLike" => "Like",
        "Bool" => "Bool",
        "BinaryEquals" => "Binary",
        "IpAddress" => "Ip",
        b if b.starts_with("Arn") => "Arn",
        b if b.starts_with("Numeric") => "Numeric",
        b if b.starts_with("Date") => "Date",
        _ => "String",
    }
}

/// One value, or a list of at least so many.
pub fn one_or_list(values: Vec<&'static str>, least: usize) -> impl Strategy<Value = Value> {
    let value = prop::sample::select(values);
    prop_oneof![
        3 => value.clone().prop_map(|v| json!(v)),
        2 => prop::collection::vec(value, least..4).prop_map(|v| json!(v)),
    ]
}

/// An operator with prefix and suffix, a key, and values that the policy may compare with.
pub fn condition(operator: BoxedStrategy<&'static str>) -> impl Strategy<Value = (String, &'static str, Value)> {
    let prefix = prop::sample::select(vec!["", "", "", "ForAnyValue:", "ForAllValues:"]);
    let suffix = prop::sample::select(vec!["", "", "IfExists"]);
    let key = prop::sample::select(KEYS.to_vec());
    (operator, prefix, suffix, key, prop::bool::weighted(0.06)).prop_flat_map(
        |(operator, prefix, suffix, key, null)| {
            let (name, values) = if null {
                (format!("{prefix}Null"), vec!["true", "false"])
            } else {
                (format!("{prefix}{operator}{suffix}"), wanted(operator))
            };
            one_or_list(values, 0).prop_map(move |values| (name.clone(), key, values))
        },
    )
}

pub fn statement(operator: &BoxedStrategy<&'static str>) -> impl Strategy<Value = Value> + use<> {
    // AWS refuses a statement that names nothing
    let named = |values| one_or_list(values, 1);
    let actions =
        named(vec!["s3:GetObject", "S3:getobject", "s3:*", "s3:Get?bject", "*", "s3:Put*", "iam:*", "*:*", "s3:?*"]);
    let resources = named(vec![
        "*",
        "**",
        "arn:aws:s3:::b/k",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::?/${aws:username}",
        "arn:aws:s3:::${aws:username, 'b'}/*",
        "arn:aws:s3:*",
        "arn:aws:s3",
        "arn:*:k",
        "arn:aws:s3:::*:y",
        "arn:a?s:s3:::b/k",
    ]);
    let conditions = prop::collection::vec(condition(operator.clone()), 0..3);
    (prop::bool::weighted(0.7), actions, resources, prop::bool::weighted(0.15), prop::bool::weighted(0.15), conditions)
        .prop_map(|(allow, actions, resources, not_action, not_resource, conditions)| {
            let mut statement = json!({"Effect": if allow { "Allow" } else { "Deny" }});
            statement[if not_action { "NotAction" } else { "Action" }] = actions;
            statement[if not_resource { "NotResource" } else { "Resource" }] = resources;
            let mut block = Map::new();
            for (operator, key, values) in conditions {
                let keys = block.entry(operator).or_insert_with(|| json!({}));
                keys[key] = values;
            }
            if !block.is_empty() {
                statement["Condition"] = block.into();
            }
            statement
        })
}

pub fn policy(operator: &BoxedStrategy<&'static str>) -> impl Strategy<Value = Value> + use<> {
    let version =
        prop::sample::select(vec![json!("2012-10-17"), json!("2012-10-17"), json!("2008-10-17"), json!(null)]);
    (version, prop::collection::vec(statement(operator), 0..4)).prop_map(|(version, mut statements)| {
        let mut policy = json!({});
        if version != "2012-10-17" {
            statements.iter_mut().for_each(without_variables_as_numbers);
        }
        if !version.is_null() {
            policy["Version"] = version;
        }
        policy["Statement"] = if statements.len() == 1 { statements.remove(0) } else { json!(statements) };
        policy
    })
}

/// Without policy variables, a text in their form is no number.
pub fn without_variables_as_numbers(statement: &mut Value) {
    for (operator, keys) in statement.get_mut("Condition").and_then(Value::as_object_mut).into_iter().flatten() {
        if operator.contains("Numeric") {
            *keys = serde_json::from_str(&keys.to_string().replace("${aws:username}", "5")).unwrap();
        }
    }
}

/// A key that is missing, empty, single or multi-valued.
pub fn value(operator: &BoxedStrategy<&'static str>) -> impl Strategy<Value = Option<Value>> + use<> {
    operator.clone().prop_flat_map(|operator| {
        let value = prop::sample::select(actual(operator));
        prop_oneof![
            2 => Just(None),
            6 => value.clone().prop_map(|v| Some(json!(v))),
            3 => prop::collection::vec(value, 0..4).prop_map(|v| Some(json!(v))),
        ]
    })
}

pub fn any_operator() -> BoxedStrategy<&'static str> {
    prop::sample::select(OPERATORS.to_vec()).boxed()
}
