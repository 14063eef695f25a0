//! A policy of the rules, read with what its annotations say.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy::Policy;

use super::annotations::{Annotated, Subject, annotation};
use super::built_in::is_built_in;
use super::{reads, requires, stated, subjects};
use crate::inventory::schema::EntitySchema;
use crate::problem::{Place, Problem, SourceFile, Span};

/// A policy and what its annotations say.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `@id`
    pub id: String,
    /// The file, below the policies' folder.
    pub file: String,
    /// All annotations.
    pub annotations: BTreeMap<String, String>,
    /// `@order`: the order of gates.
    pub order: u32,
    /// It is a `forbid`.
    pub forbids: bool,
    /// The names of the actions that it applies to; empty for all.
    pub actions: Vec<String>,
    /// `@requires`: IAM actions by generation of permissions.
    pub requires: BTreeMap<String, Vec<String>>,
    /// The policy in Cedar's JSON, which Cedar would make anew from the text each time.
    pub(crate) json: Arc<serde_json::Value>,
    /// Its text.
    pub source: Arc<SourceFile>,
    /// Where it stands in it, from its first annotation to its semicolon.
    pub span: Span,
}

impl Rule {
    /// Where it stands.
    pub fn place(&self) -> Place {
        Place { source: self.source.clone(), span: self.span }
    }

    /// Its conditions in Cedar's JSON.
    pub(super) fn conditions(&self) -> &[serde_json::Value] {
        self.json.get("conditions").and_then(serde_json::Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// A policy with what its annotations say; all that is wrong with them.
    pub(super) fn read(
        (source, span): (&Arc<SourceFile>, Span),
        (policy, json): (&Policy, &serde_json::Value),
        schema: &EntitySchema,
    ) -> Result<Self, Vec<Problem>> {
        let bare = Annotated { source, span, policy, subjects: &[] };
        let lacks = |what: &str, help: &str| {
            vec![Problem::at(source, bare.head(), format!("this policy has no `@{what}`")).help(help.to_owned())]
        };
        let id =
            annotation(policy, "id").ok_or_else(|| lacks("id", "add @id(\"…\"), the name that answers use for it"))?;
        if annotation(policy, "rule").is_none() {
            return Err(lacks("rule", "add @rule(\"…\"), the rules that it states"));
        }
        let subjects = subjects::of(policy, schema, (source, bare.head()))?;
        let annotated = Annotated { subjects: &subjects, ..bare };
        let actions = reads::actions(policy);
        let mut problems = annotated.check();
        if !is_built_in(source) && annotation(policy, "remove").is_none() {
            problems.extend(stated::faults(&annotated, (&actions, json), schema));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let annotations: BTreeMap<String, String> =
            policy.annotations().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let order = annotations.get("order").and_then(|o| o.parse().ok()).unwrap_or_default();
        let requires = annotations.get("requires").and_then(|r| requires::parse(r).ok()).unwrap_or_default();
        let forbids = policy.effect() == cedar_policy::Effect::Forbid;
        let (file, source) = (source.path.clone(), source.clone());
        let json_of = Arc::default();
        let id = id.to_owned();
        let rule = Self { id, file, annotations, order, forbids, actions, requires, json: json_of, source, span };
        // what is built in is held by a test, and not anew in each run
        if subjects::is_gate(policy, &subjects) && !is_built_in(&rule.source) {
            let required =
                |generation: &str, in_force: bool| rule.requires(generation, in_force).iter().cloned().collect();
            if let Some(fault) = requires::fault(json, &required) {
                let place = Annotated { source: &rule.source, span, policy, subjects: &subjects }.place("requires");
                let message = format!("`@requires` of `{}`: {fault}", rule.id);
                let help = "answers tell people to grant what it says: write exactly what the condition asks for";
                return Err(vec![Problem::at(&rule.source, place, message).help(help)]);
            }
        }
        if !forbids && subjects.contains(&Subject::Operation) && requires::asks_what_is_allowed(json) {
            let message = "this permit asks what is allowed: its denial would have no message and name no action";
            let head = Annotated { source: &rule.source, span, policy, subjects: &subjects }.head();
            return Err(vec![Problem::at(&rule.source, head, message).help("ask it in a forbid, with @requires")]);
        }
        Ok(rule)
    }

    /// Whether neither a permission nor an attribute that `@sets` or `@happens` names gets past this gate: what follows from the
    /// state, the scope or the account (D27).
    pub fn is_beyond_permissions(&self) -> bool {
        let passed_by = ["sets", "happens", "uncertain"].iter().any(|a| self.get(a).is_some());
        self.forbids && self.requires.is_empty() && !passed_by
    }

    /// An annotation.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }

    /// An annotation, owned.
    pub fn text(&self, key: &str) -> Option<String> {
        self.annotations.get(key).cloned()
    }

    /// `@rule`, the rules that it states.
    pub fn rule(&self) -> &str {
        self.get("rule").unwrap_or_default()
    }

    /// The IAM actions that it asks for in one generation, where an agreement is in force or not.
    pub fn requires(&self, generation: &str, in_force: bool) -> &[String] {
        requires::of_generation(&self.requires, generation, in_force)
    }
}
