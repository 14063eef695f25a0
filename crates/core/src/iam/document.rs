//! IAM policy documents, read strictly: what is not understood is an error with its place, never skipped.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::operator::Operator;
use super::principal::{Principals, Who};
use super::stored::{self, Refusal};
use super::template::{BadVariable, Syntax, Template};
use super::whom;
use crate::problem::{Place, Problem, SourceFile, Span, instead};
use crate::text::json::{Member, Node, Value};

/// A policy document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file that holds it.
    pub source: Arc<SourceFile>,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// `Statement[2]`, or `Statement` where it is no array.
    pub pointer: String,
    /// Where it stands.
    pub place: Place,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// `Allow` rather than `Deny`.
    pub allow: bool,
    /// `Principal` or `NotPrincipal`, where the policy is of a kind that has them and they were read.
    pub principals: Option<Principals>,
    /// `Action` or `NotAction`; patterns are in lower case.
    pub actions: Clause<Template>,
    /// `Resource` or `NotResource`.
    pub resources: Clause<ResourcePattern>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// A list of patterns, or all but a list of patterns.
#[derive(Clone, Debug)]
pub struct Clause<T> {
    /// `Not…`
    pub negated: bool,
    /// The patterns; clauses that are cloned share them.
    pub patterns: Arc<[T]>,
    /// The patterns as they are written.
    pub texts: Arc<[String]>,
}

/// A pattern for resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourcePattern {
    /// `*`: every resource, and the requests of actions that have none.
    All,
    /// A pattern a segment (D25); variables in the last one only.
    Arn(Box<[Template; 6]>),
    /// Fewer than six segments, and no `*` at the end: it matches nothing.
    Nothing,
}

/// One key under one operator.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// The key, in lower case.
    pub key: String,
    /// The values, as templates.
    pub values: Vec<Template>,
    /// The values as they are written.
    pub texts: Vec<String>,
    /// Where the key stands.
    pub place: Place,
}

impl<T> Clause<T> {
    /// These patterns, and how they are written.
    pub fn new(negated: bool, patterns: impl Into<Arc<[T]>>, texts: impl Into<Arc<[String]>>) -> Self {
        Self { negated, patterns: patterns.into(), texts: texts.into() }
    }
}

impl Clause<Template> {
    /// The same, with what an equal list of actions before it holds: accounts have the same few lists under other names.
    fn shared(self) -> Self {
        type Known = HashMap<Arc<[String]>, Arc<[Template]>>;
        thread_local! {
            static KNOWN: RefCell<Known> = RefCell::default();
        }
        KNOWN.with_borrow_mut(|known| {
            if let Some((texts, patterns)) = known.get_key_value(&self.texts).filter(|(_, p)| **p == self.patterns) {
                return Self { negated: self.negated, patterns: patterns.clone(), texts: texts.clone() };
            }
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(self.texts.clone(), self.patterns.clone());
            self
        })
    }
}

/// So many lists of actions are remembered.
const REMEMBERED: usize = 4096;

impl ResourcePattern {
    /// Reads a pattern.
    pub fn parse(text: &str, variables: bool) -> Result<Self, BadVariable> {
        if !text.is_empty() && text.bytes().all(|b| b == b'*') {
            return Ok(Self::All);
        }
        let pieces: Vec<&str> = text.splitn(6, ':').collect();
        let mut segments = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let syntax = Syntax { wildcards: true, variables: variables && index == 5 };
            segments.push(Template::parse(piece, syntax)?);
        }
        if segments.len() < 6 {
            if !text.ends_with('*') {
                return Ok(Self::Nothing);
            }
            segments.resize(6, Template::any());
        }
        Ok(<[Template; 6]>::try_from(segments).map_or(Self::Nothing, |s| Self::Arn(Box::new(s))))
    }
}

/// Whether an object is a policy document.
pub fn is_document(node: &Node) -> bool {
    node.get("Statement").is_some()
}

/// Whether two documents say the same, but for the order of members, and one value standing alone or in a list of one.
pub fn say_the_same(one: &str, other: &str) -> bool {
    fn plain(value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::Array(mut list) if list.len() == 1 => plain(list.remove(0)),
            Value::Array(list) => Value::Array(list.into_iter().map(plain).collect()),
            Value::Object(members) => Value::Object(members.into_iter().map(|(k, v)| (k, plain(v))).collect()),
            other => other,
        }
    }
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok().map(plain);
    read(one).is_some_and(|one| Some(one) == read(other))
}

/// Reads a document; warnings and errors go to `problems`.
///
/// The document has every statement that could be read, so that all errors of a run are shown.
pub fn read(source: &Arc<SourceFile>, root: &Node, problems: &mut Vec<Problem>) -> Document {
    Reader { whole: true, ..Reader::new(source, problems) }.whole(root)
}

/// Reads the policy of a resource or a resource control policy: each statement says whom it is about, and that is the first of its
/// conditions (see [`whom`]). The trust policy of a request is read likewise; it is about the role that has it, and names no resource.
pub fn read_of_resource(source: &Arc<SourceFile>, root: &Node, problems: &mut Vec<Problem>) -> Document {
    Reader { of_resource: true, whole: true, ..Reader::new(source, problems) }.whole(root)
}

/// Reads the trust policy of a role: its statements say whom they are about, and are about no resource but the role. Whom is kept
/// beside the conditions, because who stands behind a role is told by name.
pub fn read_trust(source: &Arc<SourceFile>, root: &Node, problems: &mut Vec<Problem>) -> Document {
    Reader { trust: true, whole: true, ..Reader::new(source, problems) }.whole(root)
}

/// Reads one statement, which stands at `pointer`; `variables`: the document is of a version that has them.
pub fn read_statement(
    source: &Arc<SourceFile>,
    node: &Node,
    pointer: String,
    variables: bool,
    problems: &mut Vec<Problem>,
) -> Option<Statement> {
    Reader { variables, ..Reader::new(source, problems) }.statement(node, pointer)
}

struct Reader<'a> {
    source: &'a Arc<SourceFile>,
    problems: &'a mut Vec<Problem>,
    variables: bool,
    /// The policy is attached to a resource.
    of_resource: bool,
    /// It is the trust policy of a role.
    trust: bool,
    /// A whole document is read, to be evaluated: what AWS does not store is an error. Lint has rules that say it.
    whole: bool,
}

/// The elements of a statement; `Id` is one of a document.
pub const ELEMENTS: [&str; 10] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal", "Id"];

impl<'a> Reader<'a> {
    fn new(source: &'a Arc<SourceFile>, problems: &'a mut Vec<Problem>) -> Self {
        Self { source, problems, variables: false, of_resource: false, trust: false, whole: false }
    }

    fn whole(mut self, root: &Node) -> Document {
        Document { source: self.source.clone(), statements: self.document(root) }
    }

    /// Its statements say whom they are about.
    fn says_whom(&self) -> bool {
        self.of_resource || self.trust
    }

    fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Problem::at(self.source, span, message).help(help));
    }

    /// What AWS does not store is an error of a whole document.
    fn refuse(&mut self, span: Span, refusal: Option<Refusal>) {
        if let (Some(refusal), true) = (refusal, self.whole) {
            self.error(span, refusal.message, refusal.help);
        }
    }

    fn document(&mut self, root: &Node) -> Vec<Statement> {
        let Some(members) = root.as_object() else {
            self.error(
                root.span,
                format!("a policy must be an object, but this is {}", root.kind()),
                "write { \"Version\": …, \"Statement\": … }",
            );
            return Vec::new();
        };
        for member in members {
            match member.key.as_str() {
                "Version" => self.version(&member.node),
                "Statement" => {}
                "Id" if self.of_resource => {}
                "Id" => self.ignored(member),
                key => {
                    let help =
                        instead(key, ["Version", "Statement", "Id"], "a policy may have Version, Id and Statement");
                    self.error(member.key_span, format!("a policy has no `{key}`"), help);
                }
            }
        }
        let nodes = match root.get("Statement") {
            Some(Node { value: Value::Array(nodes), .. }) => nodes.as_slice(),
            _ => &[],
        };
        let sids = stored::sids(nodes.iter());
        for index in stored::repeated(sids.iter().filter_map(|sid| sid.as_str())) {
            if let Some(sid) = sids.get(index) {
                let refusal = stored::repeated_sid(sid.as_str().unwrap_or_default());
                self.error(sid.span, refusal.message, refusal.help);
            }
        }
        match root.member("Statement") {
            None => {
                self.error(root.span, "this policy has no `Statement`", "add \"Statement\": [ … ]");
                Vec::new()
            }
            Some(Member { node: Node { value: Value::Array(nodes), .. }, .. }) => {
                let numbered = nodes.iter().enumerate();
                numbered.filter_map(|(i, n)| self.statement(n, format!("Statement[{i}]"))).collect()
            }
            Some(member) => self.statement(&member.node, "Statement".to_owned()).into_iter().collect(),
        }
    }

    /// Without a version a document is of 2008-10-17, which has no policy variables.
    fn version(&mut self, node: &Node) {
        match node.as_str() {
            Some("2012-10-17") => self.variables = true,
            Some("2008-10-17") => {}
            _ => self.error(
                node.span,
                "the version of a policy must be 2012-10-17 or 2008-10-17",
                "write \"2012-10-17\"",
            ),
        }
    }

    fn ignored(&mut self, member: &Member) {
        let message = format!("`{}` has no effect in this policy and is ignored", member.key);
        self.problems.push(Problem::at(self.source, member.key_span, message).help("leave it out").warning());
    }

    fn statement(&mut self, node: &Node, pointer: String) -> Option<Statement> {
        let Some(members) = node.as_object() else {
            self.error(
                node.span,
                format!("a statement must be an object, but this is {}", node.kind()),
                "write { \"Effect\": … }",
            );
            return None;
        };
        for member in members {
            match member.key.as_str() {
                "NotPrincipal" if self.trust => self.refuse(member.key_span, Some(stored::trust_of_all_but())),
                "Principal" | "NotPrincipal" if self.says_whom() => {}
                "Resource" | "NotResource" if self.trust => {
                    let help = "leave it out: the policy is about the role that has it";
                    self.error(member.key_span, format!("a trust policy has no `{}`", member.key), help);
                }
                "Principal" if self.whole => {
                    let refusal = stored::principal("Principal", "a policy of identities");
                    self.error(member.key_span, refusal.message, refusal.help);
                }
                "Principal" | "Id" => self.ignored(member),
                "NotPrincipal" => {
                    let help = "it belongs in resource policies, and reverses the meaning of a statement";
                    self.error(member.key_span, "`NotPrincipal` is not supported in this policy", help);
                }
                key if ELEMENTS.contains(&key) => {}
                key => {
                    let help = instead(key, ELEMENTS, "leave it out");
                    self.error(member.key_span, format!("a statement has no `{key}`"), help);
                }
            }
        }
        // all that is wrong is told at once
        let allow = self.effect(node);
        let actions = self.clause(node, "Action", "NotAction", Self::action).map(Clause::shared);
        let resources = match ["Resource", "NotResource"].iter().all(|key| node.get(key).is_none()) {
            _ if self.trust => Some(Clause::new(false, [ResourcePattern::All], ["*".to_owned()])),
            true if self.of_resource => Some(Clause::new(false, [ResourcePattern::All], [])),
            _ => self.clause(node, "Resource", "NotResource", Self::resource),
        };
        let mut conditions = node.get("Condition").map(|c| self.conditions(c)).unwrap_or_default();
        let (allow, actions, resources) = (allow?, actions?, resources?);
        let principals = if self.says_whom() { Some(self.principals(node)?) } else { None };
        if let Some(principals) = principals.as_ref().filter(|_| self.of_resource) {
            let place = Place { source: self.source.clone(), span: node.span };
            conditions.insert(0, whom::condition(principals, allow, place));
        }
        let sid = node.get("Sid").and_then(Node::as_str).map(str::to_owned);
        let place = Place { source: self.source.clone(), span: node.span };
        Some(Statement { pointer, place, sid, allow, principals, actions, resources, conditions })
    }

    fn principals(&mut self, node: &Node) -> Option<Principals> {
        const WRITE: &str = "write \"*\", or an object of AWS, Service, Federated and CanonicalUser";
        let elements = [node.member("Principal"), node.member("NotPrincipal")];
        let Some(element) = elements.into_iter().flatten().next() else {
            let message = "this statement has neither `Principal` nor `NotPrincipal`, and a policy of a resource says whom it is about";
            self.error(node.span, message, "add \"Principal\"; without one it is no policy of a resource");
            return None;
        };
        let Some(principals) = Principals::of_statement(node) else {
            let message = match elements {
                [Some(_), Some(_)] => "this statement has both `Principal` and `NotPrincipal`".to_owned(),
                _ => format!("`{}` does not say whom the statement is about", element.key),
            };
            self.error(element.key_span, message, WRITE);
            return None;
        };
        let refused = principals.who.iter().find_map(Who::refused);
        if let Some(Refusal { message, help }) = refused.filter(|_| self.whole) {
            self.error(element.node.span, message, help);
            return None;
        }
        Some(principals)
    }

    fn effect(&mut self, node: &Node) -> Option<bool> {
        match node.get("Effect").map(|e| (e, e.as_str())) {
            Some((_, Some("Allow"))) => Some(true),
            Some((_, Some("Deny"))) => Some(false),
            Some((effect, _)) => {
                self.error(
                    effect.span,
                    "`Effect` must be \"Allow\" or \"Deny\", capitalized like this",
                    "write \"Allow\" or \"Deny\"",
                );
                None
            }
            None => {
                self.error(node.span, "this statement has no `Effect`", "add \"Effect\": \"Allow\" or \"Deny\"");
                None
            }
        }
    }

    fn clause<T>(
        &mut self,
        node: &Node,
        plain: &str,
        negated: &str,
        read: impl Fn(&mut Self, &Node, &str) -> Option<T>,
    ) -> Option<Clause<T>> {
        let member = match (node.member(plain), node.member(negated)) {
            (Some(member), None) | (None, Some(member)) => member,
            (None, None) => {
                let help = format!("add \"{plain}\" or \"{negated}\"");
                self.error(node.span, format!("this statement has neither `{plain}` nor `{negated}`"), help);
                return None;
            }
            (Some(_), Some(second)) => {
                let message = format!("this statement has both `{plain}` and `{negated}`");
                self.error(second.key_span, message, "keep one of the two");
                return None;
            }
        };
        let written = self.strings(&member.node, &member.key)?;
        self.refuse(member.node.span, written.is_empty().then(|| stored::nothing(&member.key)));
        let patterns: Vec<T> = written.iter().filter_map(|(n, text)| read(self, n, text)).collect();
        let texts: Vec<String> = written.into_iter().map(|(_, text)| text).collect();
        Some(Clause::new(member.key == negated, patterns, texts))
    }

    /// A string, or a list of strings; numbers and booleans stand for their text.
    fn strings<'n>(&mut self, node: &'n Node, name: &str) -> Option<Vec<(&'n Node, String)>> {
        let nodes = match &node.value {
            Value::Array(nodes) => nodes.iter().collect(),
            _ => vec![node],
        };
        let mut texts = Vec::new();
        for node in nodes {
            let text = match &node.value {
                Value::String(text) | Value::Number(text) => text.clone(),
                Value::Bool(b) => b.to_string(),
                _ => {
                    let message =
                        format!("`{name}` must be a string or a list of strings, but this is {}", node.kind());
                    self.error(node.span, message, "put it in quotes");
                    return None;
                }
            };
            texts.push((node, text));
        }
        Some(texts)
    }

    fn action(&mut self, node: &Node, text: &str) -> Option<Template> {
        let all = !text.is_empty() && text.bytes().all(|b| b == b'*');
        if !all && !text.contains(':') {
            let help = "write the service before it, as in \"s3:GetObject\" or \"s3:*\", or \"*\" for every action";
            self.error(node.span, format!("the action `{text}` has no service prefix"), help);
            return None;
        }
        if let Some(refusal) = stored::service_of_action(text) {
            self.error(node.span, refusal.message, refusal.help);
            return None;
        }
        self.refuse(node.span, stored::characters(text, true));
        self.refuse(node.span, stored::action_of_trust(text).filter(|_| self.trust));
        let template = Template::parse(text, Syntax { wildcards: true, variables: false });
        template.ok().map(|t| t.to_lower())
    }

    fn resource(&mut self, node: &Node, text: &str) -> Option<ResourcePattern> {
        self.refuse(node.span, stored::resource(text).or_else(|| stored::characters(text, false)));
        match ResourcePattern::parse(text, self.variables) {
            Ok(pattern) => Some(pattern),
            Err(wrong) => {
                self.error(node.span, format!("`{text}` contains {wrong}"), "write ${key} or ${key, 'default'}");
                None
            }
        }
    }

    fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let Some(operators) = node.as_object() else {
            self.error(
                node.span,
                format!("`Condition` must be an object, but this is {}", node.kind()),
                "write { \"StringEquals\": { … } }",
            );
            return conditions;
        };
        for member in operators {
            let Some(operator) = Operator::parse(&member.key) else {
                let base = member.key.rsplit(':').next().unwrap_or_default();
                let base = base.strip_suffix("IfExists").unwrap_or(base);
                let help =
                    instead(base, super::operator::names(), "see the IAM documentation for its condition operators");
                self.error(member.key_span, format!("there is no condition operator `{}`", member.key), help);
                continue;
            };
            let Some(keys) = member.node.as_object() else {
                let message =
                    format!("`{}` contains an object of keys, but this is {}", member.key, member.node.kind());
                self.error(member.node.span, message, "write { \"aws:PrincipalOrgID\": \"o-…\" }");
                continue;
            };
            conditions.extend(keys.iter().filter_map(|k| self.condition(operator, k)));
        }
        conditions
    }

    fn condition(&mut self, operator: Operator, member: &Member) -> Option<Condition> {
        if member.key.starts_with('#') {
            let message = format!("`{}` is not a condition key", member.key);
            self.error(member.key_span, message, "write it in full, such as aws:MultiFactorAuthPresent");
            return None;
        }
        let key = stored::condition_key(&member.key, self.says_whom());
        self.refuse(member.key_span, key.or_else(|| stored::characters(&member.key, false)));
        let written = self.strings(&member.node, &member.key)?;
        let syntax = Syntax { wildcards: operator.has_wildcards(), variables: self.variables };
        let mut values = Vec::new();
        for (node, text) in &written {
            let template = match Template::parse(text, syntax) {
                Ok(template) => template,
                Err(wrong) => {
                    self.error(node.span, format!("`{text}` contains {wrong}"), "write ${key} or ${key, 'default'}");
                    continue;
                }
            };
            if let (Some(literal), false) = (template.as_literal(), operator.has_wildcards())
                && let Err(wanted) = operator.check(literal)
            {
                self.error(
                    node.span,
                    format!("`{operator}` needs {wanted}, but this is `{text}`"),
                    format!("write {wanted}"),
                );
                continue;
            }
            values.push(template);
        }
        let place = Place { source: self.source.clone(), span: member.key_span };
        let texts = written.into_iter().map(|(_, text)| text).collect();
        Some(Condition { operator, key: member.key.to_ascii_lowercase(), values, texts, place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::json;

    fn problems(text: &str) -> Vec<(String, String)> {
        let source = SourceFile::new("p.json", text);
        let mut problems = Vec::new();
        read(&source, &json::parse(&source).unwrap(), &mut problems);
        problems.iter().map(|p| (p.underlined().to_owned(), p.message().to_owned())).collect()
    }

    fn statement(body: &str) -> String {
        format!(r#"{{"Version": "2012-10-17", "Statement": [{{{body}}}]}}"#)
    }

    #[test]
    fn what_is_not_understood_has_its_place() {
        for (body, underlined) in [
            (r#""Effect": "allow", "Action": "*", "Resource": "*""#, r#""allow""#),
            (r#""Effect": "Allow", "Actions": "*", "Resource": "*""#, r#""Actions""#),
            (r#""Effect": "Allow", "Action": "Get", "Resource": "*""#, r#""Get""#),
            (r#""Effect": "Allow", "Action": "*", "NotAction": "a:b", "Resource": "*""#, r#""NotAction""#),
            (
                r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLikes": {"a:b": "c"}}"#,
                r#""StringLikes""#,
            ),
            (r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a:b": "yes"}}"#, r#""yes""#),
            (
                r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"a:b": ["10.0.0.0/8", "10"]}}"#,
                r#""10""#,
            ),
            (r#""Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${a""#, r#""arn:aws:s3:::${a""#),
            (r#""Effect": "Allow", "Action": [["*"]], "Resource": "*""#, r#"["*"]"#),
            (r#""Effect": "Deny", "NotPrincipal": "*", "Action": "*", "Resource": "*""#, r#""NotPrincipal""#),
            (r#""Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*""#, r#""Principal""#),
            (r#""Effect": "Deny", "Action": ["s3:*", "s*:Get"], "Resource": "*""#, r#""s*:Get""#),
            (r#""Effect": "Deny", "Action": "*", "Resource": "artifact""#, r#""artifact""#),
            (
                r#""Effect": "Deny", "Action": "*", "Resource": ["*", "arn:aws:art*:::agreement/*"]"#,
                r#""arn:aws:art*:::agreement/*""#,
            ),
            (r#""Effect": "Deny", "Action": "s3:Get ", "Resource": "*""#, r#""s3:Get ""#),
            (r#""Effect": "Allow", "NotAction": [], "Resource": "*""#, "[]"),
            (r#""Effect": "Allow", "Action": [], "Resource": "*""#, "[]"),
            (r#""Effect": "Deny", "Action": "*", "Resource": []"#, "[]"),
            (r#""Effect": "Deny", "Action": "s3:Get:Object", "Resource": "*""#, r#""s3:Get:Object""#),
            (r#""Effect": "Allow", "Action": "*", "NotResource": []"#, "[]"),
            (
                r#""Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"username": "u"}}"#,
                r#""username""#,
            ),
            (r#""Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"": "u"}}"#, r#""""#),
            (
                r#""Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"}, {"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*""#,
                r#""A""#,
            ),
        ] {
            let problems = problems(&statement(body));
            assert_eq!(problems.first().map(|p| p.0.as_str()), Some(underlined), "{body}: {problems:?}");
        }
        assert_eq!(problems(&statement(r#""Effect": "Allow", "Action": "*", "Resource": "*""#)), []);
        assert_eq!(problems(r#"{"Version": "2021-10-17", "Statement": []}"#)[0].0, "\"2021-10-17\"");
    }

    #[test]
    fn trust_policies_that_iam_refuses_are_errors() {
        let problems = |statement: &str| {
            let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {statement}}}]}}"#);
            let source = SourceFile::new("p.json", text);
            let mut problems = Vec::new();
            read_trust(&source, &json::parse(&source).unwrap(), &mut problems);
            problems.iter().map(|p| p.underlined().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            problems(r#""Principal": {"AWS": "111122223333"}, "Action": ["sts:AssumeRole", "sts:TagSession"]"#),
            [""; 0]
        );
        assert_eq!(
            problems(r#""Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject""#),
            [r#""s3:GetObject""#]
        );
        assert_eq!(
            problems(r#""NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole""#),
            [r#""NotPrincipal""#]
        );
        assert_eq!(
            problems(r#""Principal": {"AWS": "arn:aws:iam::111122223333:group/g"}, "Action": "sts:AssumeRole""#),
            [r#"{"AWS": "arn:aws:iam::111122223333:group/g"}"#]
        );
    }

    #[test]
    fn booleans_and_numbers_stand_for_their_text() {
        let text = statement(
            r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": true}}"#,
        );
        assert_eq!(problems(&text), []);
    }
}
