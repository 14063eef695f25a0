//! Policies whose statements say whom they are about: resource-based policies and trust policies, read as strictly as policies
//! of identities are.

use std::sync::Arc;

use super::document::{self, Document};
use super::principal::{Principals, Who};
use super::stored::{PRINCIPAL_KEYS, named_principal};
use crate::problem::{Problem, SourceFile, Span, did_you_mean};
use crate::text::json::{Member, Node, Value};

/// What a policy is attached to, as its own statements tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Users, groups, roles, permission sets, accounts: no statement has a principal.
    Identity,
    /// A resource: statements have principals and resources.
    Resource,
    /// A role, which may be assumed: statements have principals, and none has a resource.
    Trust,
}

impl DocumentKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Identity => "a policy of identities, without principals",
            Self::Resource => "a resource-based policy, with principals and resources",
            Self::Trust => "a trust policy, with principals and without resources",
        }
    }

    /// The kind of a document; `None` if it has no statements, and so is of any kind.
    pub fn of(root: &Node) -> Option<Self> {
        let statements = statements(root);
        let has = |keys: [&'static str; 2]| move |n: &&Node| keys.iter().any(|key| n.member(key).is_some());
        if statements.is_empty() {
            return None;
        }
        if !statements.iter().any(has(PRINCIPALS)) {
            return Some(Self::Identity);
        }
        Some(if statements.iter().any(has(RESOURCES)) { Self::Resource } else { Self::Trust })
    }
}

const PRINCIPALS: [&str; 2] = ["Principal", "NotPrincipal"];
const RESOURCES: [&str; 2] = ["Resource", "NotResource"];

fn statements(root: &Node) -> Vec<&Node> {
    match root.get("Statement").map(|n| (n, &n.value)) {
        Some((_, Value::Array(nodes))) => nodes.iter().collect(),
        Some((node, Value::Object(_))) => vec![node],
        _ => Vec::new(),
    }
}

/// Reads a document of a kind that has principals; warnings and errors go to `problems`.
pub fn read(source: &Arc<SourceFile>, root: &Node, kind: DocumentKind, problems: &mut Vec<Problem>) -> Document {
    let principals: Vec<_> = statements(root).into_iter().map(|n| principals(source, n, problems)).collect();
    let plain = without_principals(root, kind);
    let mut document = document::read(source, &plain, problems);
    for statement in &mut document.statements {
        let digits: String = statement.pointer.chars().filter(char::is_ascii_digit).collect();
        statement.principals = principals.get(digits.parse().unwrap_or(0)).cloned().flatten();
    }
    document
}

/// The document as those of identities are: no principals, no `Id`, and the resource of a trust policy is any.
fn without_principals(root: &Node, kind: DocumentKind) -> Node {
    let statement = |node: &Node| {
        let Some(members) = node.as_object() else {
            return node.clone();
        };
        let mut members: Vec<Member> =
            members.iter().filter(|m| !PRINCIPALS.contains(&m.key.as_str())).cloned().collect();
        if kind == DocumentKind::Trust {
            let node = Node::string(node.span, "*");
            members.push(Member { key: "Resource".to_owned(), key_span: node.span, node });
        }
        Node::new(node.span, Value::Object(members))
    };
    let Some(members) = root.as_object() else {
        return root.clone();
    };
    let of_document = |member: &Member| {
        let node = match (member.key.as_str(), &member.node.value) {
            ("Statement", Value::Array(nodes)) => {
                Node::new(member.node.span, Value::Array(nodes.iter().map(statement).collect()))
            }
            ("Statement", _) => statement(&member.node),
            _ => member.node.clone(),
        };
        Member { node, ..member.clone() }
    };
    let members = members.iter().filter(|m| m.key != "Id").map(of_document).collect();
    Node::new(root.span, Value::Object(members))
}

/// Whom a statement is about; what is not understood is an error with its place.
fn principals(source: &Arc<SourceFile>, statement: &Node, problems: &mut Vec<Problem>) -> Option<Principals> {
    let mut wrong = |span: Span, message: String, help: &str| {
        problems.push(Problem::at(source, span, message).help(help));
    };
    let member = match (statement.member("Principal"), statement.member("NotPrincipal")) {
        (Some(member), None) | (None, Some(member)) => member,
        (None, None) => {
            let help = "add \"Principal\", as the other statements of this policy have it";
            wrong(statement.span, "this statement has neither `Principal` nor `NotPrincipal`".to_owned(), help);
            return None;
        }
        (Some(_), Some(second)) => {
            let message = "this statement has both `Principal` and `NotPrincipal`".to_owned();
            wrong(second.key_span, message, "keep one of the two");
            return None;
        }
    };
    let before = problems.len();
    let negated = member.key == "NotPrincipal";
    let mut who = Vec::new();
    match &member.node.value {
        Value::String(text) if text == "*" => who.push(Who::Everyone),
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|m| of_key(source, m, &mut who, problems));
        }
        _ => {
            let message = format!("`{}` must be \"*\" or an object of principals", member.key);
            let help = "write { \"AWS\": \"arn:aws:iam::111122223333:root\" }";
            problems.push(Problem::at(source, member.node.span, message).help(help));
        }
    }
    let mut principals = Principals { negated, who: Vec::new() };
    for one in who {
        if !principals.who.contains(&one) {
            principals.who.push(one);
        }
    }
    (problems.len() == before).then_some(principals)
}

/// The principals under one key of the element.
fn of_key(source: &Arc<SourceFile>, member: &Member, who: &mut Vec<Who>, problems: &mut Vec<Problem>) {
    let mut wrong = |span: Span, message: String, help: String| {
        problems.push(Problem::at(source, span, message).help(help));
    };
    if !PRINCIPAL_KEYS.contains(&member.key.as_str()) {
        let near = did_you_mean(&member.key, PRINCIPAL_KEYS).map(|n| format!("did you mean `{n}`?"));
        let help = near.unwrap_or_else(|| format!("use one of {}", PRINCIPAL_KEYS.join(", ")));
        wrong(member.key_span, format!("a principal is no `{}`", member.key), help);
        return;
    }
    let nodes: Vec<&Node> = match &member.node.value {
        Value::Array(nodes) => nodes.iter().collect(),
        _ => vec![&member.node],
    };
    if nodes.is_empty() {
        let message = format!("`{}` names no principal", member.key);
        wrong(member.node.span, message, "name one, or leave the key out".to_owned());
    }
    for node in nodes {
        let text = match &node.value {
            Value::String(text) | Value::Number(text) => text,
            _ => {
                let message = format!("a principal must be a string, but this is {}", node.kind());
                wrong(node.span, message, "put it in quotes".to_owned());
                continue;
            }
        };
        // AWS's own check of new access compares a whole `*` under every key, though IAM stores it under `AWS` only
        if let Some(refused) = named_principal(&member.key, text).filter(|_| text != "*") {
            wrong(node.span, refused.message, refused.help.into_owned());
        }
        who.extend(Who::parse(&member.key, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::json;

    fn problems(principal: &str) -> Vec<(String, String)> {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {principal} "Action": "s3:Get*", "Resource": "*"}},
                {{"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}}]}}"#
        );
        let source = SourceFile::new("p.json", text);
        let node = json::parse(&source).unwrap();
        let mut problems = Vec::new();
        read(&source, &node, DocumentKind::of(&node).unwrap(), &mut problems);
        problems.iter().map(|p| (p.underlined().to_owned(), p.message().to_owned())).collect()
    }

    #[test]
    fn what_is_not_understood_has_its_place() {
        for (principal, underlined) in [
            (r#""Principal": "arn:aws:iam::111122223333:root","#, r#""arn:aws:iam::111122223333:root""#),
            (r#""Principal": {"Aws": "*"},"#, r#""Aws""#),
            (r#""Principal": {"AWS": ["*", 1, true]},"#, "1"),
            (r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/*"},"#, r#""arn:aws:iam::111122223333:role/*""#),
            (r#""Principal": {"AWS": "jo"},"#, r#""jo""#),
            (r#""Principal": {"Service": "sns"},"#, r#""sns""#),
            (r#""Principal": {"Service": []},"#, "[]"),
            (r#""Principal": {"AWS": "arn:aws:iam::111122223333:group/g"},"#, r#""arn:aws:iam::111122223333:group/g""#),
            (r#""Principal": {},"#, "{}"),
            (r#""Principal": "*", "NotPrincipal": "*","#, r#""NotPrincipal""#),
        ] {
            let found = problems(principal);
            assert_eq!(found.first().map(|p| p.0.as_str()), Some(underlined), "{principal}: {found:?}");
        }
        assert!(problems("")[0].1.contains("neither `Principal`"));
        for principal in [
            r#""Principal": "*","#,
            r#""NotPrincipal": {"AWS": ["111122223333", "AIDAIOSFODNN7EXAMPLE"], "Service": ["*", "sns.amazonaws.com"], "Federated": "*"},"#,
        ] {
            assert_eq!(problems(principal), [], "{principal}");
        }
    }

    #[test]
    fn the_kind_is_told_by_the_statements() {
        let kind = |text: &str| {
            let source = SourceFile::new("p.json", text);
            DocumentKind::of(&json::parse(&source).unwrap())
        };
        assert_eq!(kind(r#"{"Statement": []}"#), None);
        assert_eq!(kind(r#"{"Statement": {"Action": "a:b"}}"#), Some(DocumentKind::Identity));
        assert_eq!(kind(r#"{"Statement": [{"Principal": "*"}, {"Resource": "*"}]}"#), Some(DocumentKind::Resource));
        assert_eq!(kind(r#"{"Statement": {"NotPrincipal": {"AWS": "*"}}}"#), Some(DocumentKind::Trust));
    }

    #[test]
    fn statements_have_their_principals_and_a_trust_policy_any_resource() {
        let text = r#"{"Version": "2012-10-17", "Id": "x", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
        let source = SourceFile::new("p.json", text);
        let node = json::parse(&source).unwrap();
        let mut problems = Vec::new();
        let document = read(&source, &node, DocumentKind::Trust, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        let statement = &document.statements[0];
        assert_eq!(*statement.resources.patterns, [document::ResourcePattern::All]);
        let who = Who::Service("ec2.amazonaws.com".to_owned());
        assert_eq!(statement.principals, Some(Principals { negated: false, who: vec![who] }));
    }
}
