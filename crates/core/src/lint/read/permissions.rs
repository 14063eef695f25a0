//! Resources that stand for one statement of the policy of another resource: who may call a function, read a layer, send events to a bus.

use super::choice::unknown;
use crate::iam::stored::is_service_name;
use crate::problem::Span;
use crate::text::UNKNOWN;
use crate::text::json::{Member, Node, Value};

/// The service of the policy that a resource of Terraform, CloudFormation or Pulumi adds one statement to.
pub fn service(ty: &str) -> Option<&'static str> {
    match ty {
        "aws_lambda_permission"
        | "aws_lambda_layer_version_permission"
        | "AWS::Lambda::Permission"
        | "AWS::Lambda::LayerVersionPermission"
        | "aws:lambda:Permission"
        | "aws:lambda/permission:Permission"
        | "aws:lambda:LayerVersionPermission"
        | "aws:lambda/layerVersionPermission:LayerVersionPermission" => Some("lambda"),
        "aws_cloudwatch_event_permission"
        | "AWS::Events::EventBusPolicy"
        | "aws:cloudwatch:EventPermission"
        | "aws:cloudwatch/eventPermission:EventPermission" => Some("events"),
        _ => None,
    }
}

/// What such a resource asks of a request, and the key that its statement then compares: in Terraform's words, in CloudFormation's and in Pulumi's.
const CONDITIONS: [(&str, &str, &str); 12] = [
    ("source_account", "StringEquals", "aws:SourceAccount"),
    ("source_arn", "ArnLike", "aws:SourceArn"),
    ("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
    ("organization_id", "StringEquals", "aws:PrincipalOrgID"),
    ("SourceAccount", "StringEquals", "aws:SourceAccount"),
    ("SourceArn", "ArnLike", "aws:SourceArn"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("OrganizationId", "StringEquals", "aws:PrincipalOrgID"),
    ("sourceAccount", "StringEquals", "aws:SourceAccount"),
    ("sourceArn", "ArnLike", "aws:SourceArn"),
    ("principalOrgId", "StringEquals", "aws:PrincipalOrgID"),
    ("organizationId", "StringEquals", "aws:PrincipalOrgID"),
];

/// What narrows such a statement by a key of which nothing follows here.
const NARROWING: [&str; 3] = ["event_source_token", "EventSourceToken", "eventSourceToken"];

/// The policy of the one statement that such a resource stands for; `None` where it says nothing of whom it is about.
pub fn policy(service: &str, body: &Node, at: Span) -> Option<Node> {
    let part =
        |names: [&str; 2]| names.iter().find_map(|name| body.member(name)).filter(|m| m.node.value != Value::Null);
    let whom = part(["principal", "Principal"])?;
    let member = |key: &str, span: Span, node: Node| Member { key: key.to_owned(), key_span: span, node };
    let mut statement = vec![
        member("Effect", at, Node::string(at, "Allow")),
        member("Principal", whom.key_span, principal(&whom.node)),
    ];
    statement.push(match part(["action", "Action"]) {
        Some(action) => member("Action", action.key_span, action.node.clone()),
        // what the provider writes there by itself
        None if service == "events" => member("Action", at, Node::string(at, "events:PutEvents")),
        None => member("Action", at, unknown(at)),
    });
    statement.extend(conditions(body, at).map(|node| member("Condition", at, node)));
    let version = member("Version", at, Node::string(at, "2012-10-17"));
    let statement = member("Statement", at, Node::new(at, Value::Object(statement)));
    Some(Node::new(at, Value::Object(vec![version, statement])))
}

/// A `Principal` element of what such a resource calls the principal: a service, an account, a user, a role, or everyone.
fn principal(node: &Node) -> Node {
    let Some(text) = node.as_str() else {
        return unknown(node.span);
    };
    let key = match text {
        "*" => return node.clone(),
        _ if text.contains(UNKNOWN) => return unknown(node.span),
        _ if is_service_name(text) => "Service",
        // neither of AWS nor a name of a service: what was meant is told where services are
        _ if !text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with("arn:") => "Service",
        _ => "AWS",
    };
    let member = Member { key: key.to_owned(), key_span: node.span, node: node.clone() };
    Node::new(node.span, Value::Object(vec![member]))
}

/// The conditions of the statement; unknown as a whole where one of them is not known by its key.
fn conditions(body: &Node, at: Span) -> Option<Node> {
    let set = |name: &str| body.member(name).filter(|m| m.node.value != Value::Null);
    if NARROWING.iter().any(|name| set(name).is_some()) {
        return Some(unknown(at));
    }
    let compare = |operator: &str, key: &str, span: Span, node: Node| Member {
        key: operator.to_owned(),
        key_span: span,
        node: Node::new(span, Value::Object(vec![Member { key: key.to_owned(), key_span: span, node }])),
    };
    let found = CONDITIONS.iter().filter_map(|(name, operator, key)| Some((set(name)?, operator, key)));
    let mut operators: Vec<Member> =
        found.map(|(m, operator, key)| compare(operator, key, m.key_span, m.node.clone())).collect();
    if let Some(own) = set("condition").or_else(|| set("Condition")) {
        match of_bus(&own.node) {
            Some((operator, key, value)) => operators.push(compare(operator, key, own.key_span, value.clone())),
            None => return Some(unknown(at)),
        }
    }
    (!operators.is_empty()).then(|| Node::new(at, Value::Object(joined(operators))))
}

/// Members of one operator as one.
fn joined(operators: Vec<Member>) -> Vec<Member> {
    let mut all: Vec<Member> = Vec::new();
    for operator in operators {
        match all.iter_mut().find(|m| m.key == operator.key) {
            Some(same) => {
                if let (Value::Object(own), Value::Object(more)) = (&mut same.node.value, operator.node.value) {
                    own.extend(more);
                }
            }
            None => all.push(operator),
        }
    }
    all
}

/// The one condition of a bus: its operator, its key and its value.
fn of_bus(node: &Node) -> Option<(&str, &str, &Node)> {
    let node = match node.as_array() {
        Some([only]) => only,
        Some(_) => return None,
        None => node,
    };
    let part = |names: [&str; 2]| names.iter().find_map(|name| node.get(name));
    let text = |names| part(names).and_then(Node::as_str).filter(|text| !text.contains(UNKNOWN));
    Some((text(["type", "Type"])?, text(["key", "Key"])?, part(["value", "Value"])?))
}
