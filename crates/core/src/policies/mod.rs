//! The rules of the domain: Cedar policies, with what their annotations say.
//!
//! Built in, or read from a folder. They are validated strictly when they are loaded, annotations are read once, and an
//! error in evaluation is an error of the run: Cedar skips a `forbid` that errors, which would turn a denial into an
//! allow.

pub(crate) mod annotations;
pub mod folder;
pub(crate) mod names;
mod origin;
mod overlay;
mod reads;
mod requires;
pub mod settings;
mod subjects;
mod text;
mod tokens;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, AuthorizationError, Authorizer, Context, Decision, Entities, EntityUid, Policy, PolicyId,
    PolicySet, Request, ValidationError, ValidationMode, Validator,
};

use crate::guardrails::SHIPPED;
use crate::inventory::Inventory;
use crate::inventory::schema::EntitySchema;
use crate::operations::check::{check, ungated};
use crate::operations::data::{self, Catalogue};
use crate::problem::{Cause, Evaluation, Failure, Place, Problem, SourceFile, Span};
use crate::source;
use crate::stack;
use annotations::{Annotated, Subject};
use folder::Folder;
use names::Named;
pub use origin::Origin;
use reads::Reads;
pub use reads::{applies_to, attribute_of, is_variable};
pub use subjects::COVERAGE;
pub use text::{from_cedar, parse, spans};

macro_rules! built_in {
    ($($path:literal),* $(,)?) => { [$(($path, include_str!(concat!("../../../../policies/", $path)))),*] };
}

/// The policies that are built in: path below `policies/`, and text.
pub const BUILT_IN: [(&str, &str); 19] = built_in!(
    "agreements/findings.cedar",
    "agreements/governs.cedar",
    "agreements/in_force.cedar",
    "agreements/standing.cedar",
    "hipaa/eligibility.cedar",
    "hipaa/facts.cedar",
    "hipaa/findings.cedar",
    "inventory/findings.cedar",
    "operations/accept.cedar",
    "operations/account.cedar",
    "operations/agreement.cedar",
    "operations/assumptions.cedar",
    "operations/designation.cedar",
    "operations/download.cedar",
    "operations/findings.cedar",
    "operations/operations.cedar",
    "operations/organization.cedar",
    "operations/report.cedar",
    "operations/terminate.cedar",
);

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
    /// Its text.
    pub source: Arc<SourceFile>,
    /// Where it stands in it, from its first annotation to its semicolon.
    pub span: Span,
}

impl Rule {
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
        let special = in_force.then(|| self.requires.get(&format!("{generation} in force"))).flatten();
        special.or_else(|| self.requires.get(generation)).map_or(&[], Vec::as_slice)
    }

    /// Whether neither a permission nor an attribute that `@sets` or `@happens` names gets past this gate: what follows from the
    /// state, the scope or the account (D27).
    pub fn is_beyond_permissions(&self) -> bool {
        let passed_by = ["sets", "happens", "uncertain"].iter().any(|a| self.get(a).is_some());
        self.forbids && self.requires.is_empty() && !passed_by
    }
}

/// All rules of the domain.
#[derive(Debug)]
pub struct RuleBook {
    /// By `@id`.
    pub rules: BTreeMap<String, Rule>,
    /// File and text, in the order of their paths.
    pub sources: Vec<Arc<SourceFile>>,
    /// Where they come from.
    pub origin: Origin,
    /// The operations, and what they are asked on.
    pub operations: Catalogue,
    /// Files of the user's folder that are not read.
    pub warnings: Vec<Problem>,
    sets: HashMap<String, PolicySet>,
    /// What the policies of each action read.
    by_action: HashMap<String, Reads>,
    /// What some policy reads.
    reads: Reads,
    /// The names in policies that only an inventory can tell to exist.
    named: Vec<Named>,
}

impl Ruling<'_> {
    /// The answer to a question of fact: `None` where every policy that forbids is `@uncertain`.
    pub fn fact(&self) -> Option<bool> {
        let open = !self.permitted && !self.by.is_empty() && self.by.iter().all(|r| r.get("uncertain").is_some());
        (!open).then_some(self.permitted)
    }
}

/// What the rules say of a request.
#[derive(Debug)]
pub struct Ruling<'a> {
    /// Permitted, and not forbidden.
    pub permitted: bool,
    /// The policies that decide, by order and id; none for what nothing permits.
    pub by: Vec<&'a Rule>,
}

impl RuleBook {
    /// The policies that are built in.
    pub fn built_in(schema: &EntitySchema) -> Result<Self, Failure> {
        Self::new(built_in(), &[Catalogue::built_in()], schema)
    }

    /// The policies of a folder, laid over those that are built in by their ids.
    pub fn laid_over(folder: &dyn source::Source, schema: &EntitySchema) -> Result<Self, Failure> {
        let Folder { policies, data, unread } = texts(folder, schema)?;
        let name = folder.name();
        let laid = stack::evaluate(|| {
            let mut problems = Vec::new();
            let laid = overlay::lay(built_in(), policies, &name, &mut problems);
            if problems.is_empty() { Ok(laid) } else { Err(Failure::Problems(problems)) }
        })?;
        let data: Vec<Arc<SourceFile>> = std::iter::once(Catalogue::built_in()).chain(data).collect();
        let rules = Self { origin: laid.origin, ..Self::new(laid.sources, &data, schema)? }.complete(schema)?;
        Ok(Self { warnings: unread, ..rules })
    }

    /// The policies of a folder, in place of all that are built in.
    pub fn read(folder: &dyn source::Source, schema: &EntitySchema) -> Result<Self, Failure> {
        let Folder { policies, mut data, unread } = texts(folder, schema)?;
        if data.is_empty() {
            data.push(Catalogue::built_in());
        }
        let origin = Origin { folder: Some(folder.name()), only: true, ..Origin::default() };
        let rules = Self { origin, ..Self::new(policies, &data, schema)? }.complete(schema)?;
        // a gate that was left out would let everybody pass
        let ungated = ungated(&rules.operations, &rules.rules);
        if !ungated.is_empty() {
            return Err(Failure::Problems(ungated));
        }
        Ok(Self { warnings: unread, ..rules })
    }

    /// The rules, if every question that is asked of them has a policy that can answer it.
    fn complete(self, schema: &EntitySchema) -> Result<Self, Failure> {
        let permits = |action: &str, ty: Option<&str>| {
            let mut permits = self.policies(action).filter(|p| p.effect() == cedar_policy::Effect::Permit);
            permits.any(|p| ty.is_none_or(|ty| reads::applies_to(p, ty)))
        };
        let missing = subjects::incomplete(&permits, schema);
        if missing.is_empty() { Ok(self) } else { Err(Failure::Unpermitted(missing)) }
    }

    /// The policies of these sources, with the built-in operations.
    pub fn of_sources(sources: Vec<Arc<SourceFile>>, schema: &EntitySchema) -> Result<Self, Failure> {
        Self::new(sources, &[Catalogue::built_in()], schema)
    }

    /// The rules of these texts: Cedar policies, and files of operations, each laid over those before it.
    pub fn new(
        sources: Vec<Arc<SourceFile>>,
        operations: &[Arc<SourceFile>],
        schema: &EntitySchema,
    ) -> Result<Self, Failure> {
        // Cedar's validator, and all that walks a condition, call themselves as deep as it nests
        stack::evaluate(|| Self::checked(sources, operations, schema))
    }

    fn checked(
        sources: Vec<Arc<SourceFile>>,
        operations: &[Arc<SourceFile>],
        schema: &EntitySchema,
    ) -> Result<Self, Failure> {
        let mut problems = Vec::new();
        let mut all = PolicySet::new();
        let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
        let mut by_policy: HashMap<PolicyId, Reads> = HashMap::new();
        let mut named = Vec::new();
        for source in &sources {
            let policies = parse(source, &mut problems);
            for (policy, span) in policies.into_iter().zip(spans(&source.text)) {
                let json = policy.to_json().map_err(Failure::internal("the JSON of a policy"))?;
                let rule = match rule((source, span), (&policy, &json), schema) {
                    Ok(rule) => {
                        let names = names::of(&policy, &json, (source, span), schema, &mut problems);
                        named.extend(names.into_iter().filter(|_| !is_built_in(source)));
                        rule
                    }
                    Err(found) => {
                        problems.extend(found);
                        continue;
                    }
                };
                if rules.contains_key(&rule.id) {
                    let message = format!("two policies have the id `{}`", rule.id);
                    let place = Annotated { source, span, policy: &policy, subjects: &[] }.place("id");
                    problems.push(Problem::at(source, place, message).help("ids must be unique across all files"));
                    continue;
                }
                by_policy.insert(PolicyId::new(&rule.id), Reads::of(&json));
                let renamed = policy.new_id(PolicyId::new(&rule.id));
                all.add(renamed).map_err(Failure::internal("a set of policies"))?;
                rules.insert(rule.id.clone(), rule);
            }
        }
        problems.extend(repeated_codes(&rules));
        if problems.is_empty() {
            validate(&all, &rules, schema, &mut problems);
        }
        let operations = Catalogue::read(operations, schema, &mut problems);
        if problems.is_empty() {
            problems.extend(check(&operations, &rules, schema));
        }
        if !problems.is_empty() {
            return Err(Failure::Problems(problems));
        }
        let sets = slices(&all, schema)?;
        let of = |set: &PolicySet| Reads::all(set.policies().filter_map(|p| by_policy.get(p.id())));
        let by_action: HashMap<String, Reads> = sets.iter().map(|(action, set)| (action.clone(), of(set))).collect();
        let reads_it =
            |id: &str, attr: &str| by_policy.get(&PolicyId::new(id)).is_some_and(|r| r.attributes.contains(attr));
        let not_tried = subjects::not_tried(rules.values(), schema, reads_it);
        if !not_tried.is_empty() {
            return Err(Failure::Problems(not_tried));
        }
        let reads = of(&all);
        let origin = Origin::default();
        Ok(Self { rules, sources, origin, operations, warnings: Vec::new(), sets, by_action, reads, named })
    }

    /// The gates and permits that apply to an action.
    pub fn of_action<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.values().filter(move |r| r.actions.is_empty() || r.actions.iter().any(|a| a == action))
    }

    /// The policies that apply to an action, as Cedar holds them.
    pub fn policies(&self, action: &str) -> impl Iterator<Item = &Policy> {
        self.sets.get(action).into_iter().flat_map(PolicySet::policies)
    }

    /// The attributes by which the policies tell entities apart; `None` where they tell them apart by their ids or tags.
    pub fn attributes(&self) -> Option<&BTreeSet<String>> {
        self.reads.told_apart_by()
    }

    /// The same for the policies of one action.
    pub fn attributes_of(&self, action: &str) -> Option<&BTreeSet<String>> {
        self.by_action.get(action)?.told_apart_by()
    }

    /// Whether some policy of an action reads an attribute of this name.
    pub fn reads_attribute(&self, action: &str, attribute: &str) -> bool {
        self.by_action.get(action).is_some_and(|reads| reads.attributes.contains(attribute))
    }

    /// A warning for each name in the user's policies that an inventory does not have: a condition on it never holds.
    pub fn unknown_names(&self, inventory: &Inventory) -> Vec<Problem> {
        names::unknown(&self.named, inventory)
    }

    /// Whether an answer for an action may depend on who the principal is.
    pub fn reads_principal(&self, action: &str) -> bool {
        self.by_action.get(action).is_some_and(|reads| reads.principal)
    }

    /// What the rules say of a request.
    pub fn rule(
        &self,
        action: &str,
        principal: &EntityUid,
        resource: &EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<Ruling<'_>, Failure> {
        let wrong = |source: Cause, policy: Option<&PolicyId>| {
            let rule = policy.and_then(|id| self.rules.get(&id.to_string()));
            let place = rule.map(|rule| Place { source: rule.source.clone(), span: rule.span.first() });
            let (policies, request) = ("the policies".to_owned(), format!("{action} by {principal}"));
            Failure::Evaluation(Box::new(Evaluation { policies, request, place, source }))
        };
        let Some(set) = self.sets.get(action) else {
            return Ok(Ruling { permitted: false, by: Vec::new() });
        };
        let uid = crate::inventory::entity::cedar_uid("Action", action)?;
        let request =
            Request::new(principal.clone(), uid, resource.clone(), context, None).map_err(|e| wrong(e.into(), None))?;
        let response = Authorizer::new().is_authorized(&request, set, entities);
        if let Some(error) = response.diagnostics().errors().next() {
            let AuthorizationError::PolicyEvaluationError(failed) = error;
            return Err(wrong(error.to_string().into(), Some(failed.policy_id())));
        }
        let ids = response.diagnostics().reason().map(ToString::to_string);
        let mut by: Vec<&Rule> = ids.filter_map(|id| self.rules.get(&id)).collect();
        by.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        Ok(Ruling { permitted: response.decision() == Decision::Allow, by })
    }
}

/// A policy with what its annotations say; all that is wrong with them.
fn rule(
    (source, span): (&Arc<SourceFile>, Span),
    (policy, json): (&Policy, &serde_json::Value),
    schema: &EntitySchema,
) -> Result<Rule, Vec<Problem>> {
    let bare = Annotated { source, span, policy, subjects: &[] };
    let lacks = |what: &str, help: &str| {
        vec![Problem::at(source, bare.head(), format!("this policy has no `@{what}`")).help(help.to_owned())]
    };
    let id = policy.annotation("id").ok_or_else(|| lacks("id", "add @id(\"…\"), the name that answers use for it"))?;
    if policy.annotation("rule").is_none() {
        return Err(lacks("rule", "add @rule(\"…\"), the rules that it states"));
    }
    let subjects = subjects::of(policy, schema, (source, bare.head()))?;
    let annotated = Annotated { subjects: &subjects, ..bare };
    let problems = annotated.check();
    if !problems.is_empty() {
        return Err(problems);
    }
    let annotations: BTreeMap<String, String> =
        policy.annotations().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let order = annotations.get("order").and_then(|o| o.parse().ok()).unwrap_or_default();
    let actions = reads::actions(policy);
    let requires = annotations.get("requires").and_then(|r| requires::parse(r).ok()).unwrap_or_default();
    let forbids = policy.effect() == cedar_policy::Effect::Forbid;
    let (file, source) = (source.path.clone(), source.clone());
    let rule = Rule { id: id.to_owned(), file, annotations, order, forbids, actions, requires, source, span };
    // what is built in is held by a test, and not anew in each run
    if subjects::is_gate(policy, &subjects) && !is_built_in(&rule.source) {
        let required = |generation: &str, in_force: bool| rule.requires(generation, in_force).iter().cloned().collect();
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

fn built_in() -> Vec<Arc<SourceFile>> {
    BUILT_IN.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect()
}

fn is_built_in(source: &SourceFile) -> bool {
    BUILT_IN.iter().any(|(path, text)| *path == source.path && *text == source.text)
}

/// The policies and the operations of a user's folder, guardrails aside: those are switched on one by one.
fn texts(folder: &dyn source::Source, schema: &EntitySchema) -> Result<Folder, Failure> {
    let mut problems = Vec::new();
    let mut found = folder::read(folder, "", Some(data::FILE), schema.overlay.as_deref(), &mut problems);
    let (guardrails, policies): (Vec<_>, Vec<_>) =
        found.policies.into_iter().partition(|s| s.path.starts_with("guardrails/"));
    found.policies = policies;
    let own = |source: &&Arc<SourceFile>| SHIPPED.iter().all(|(_, text)| *text != source.text);
    found.unread.extend(guardrails.iter().filter(own).map(|source| {
        let message = format!("{} is not read: it stands in a folder of guardrails", source.path);
        Problem::about(source.path.clone(), message)
            .help("put guardrails in the folder `guardrails` of the inventory")
            .warning()
    }));
    if found.policies.is_empty() && found.data.is_empty() && problems.is_empty() {
        let problem = Problem::about(folder.name(), format!("{} contains no Cedar policies", folder.name()));
        problems.push(problem.help("name a folder with *.cedar files"));
        // what is not read may be what was meant
        problems.append(&mut found.unread);
    }
    if problems.is_empty() { Ok(found) } else { Err(Failure::Problems(problems)) }
}

/// Findings that share a code: a code is one finding's, for good.
fn repeated_codes(rules: &BTreeMap<String, Rule>) -> Vec<Problem> {
    let mut known: BTreeMap<&str, &Rule> = BTreeMap::new();
    let mut problems = Vec::new();
    // the built-in ones first, so that a user's is the one to change
    let mut coded: Vec<&Rule> = rules.values().filter(|r| r.get("code").is_some()).collect();
    coded.sort_by_key(|r| !is_built_in(&r.source));
    for rule in coded {
        let code = rule.get("code").unwrap_or_default();
        if let Some(first) = known.insert(code, rule) {
            let message = format!("`{code}` is already the code of `{}`", first.id);
            problems.push(Problem::at(&rule.source, rule.span.first(), message).help("use a code of your own"));
        }
    }
    problems
}

fn validate(all: &PolicySet, rules: &BTreeMap<String, Rule>, schema: &EntitySchema, problems: &mut Vec<Problem>) {
    let result = Validator::new(schema.cedar.clone()).validate(all, ValidationMode::Strict);
    let told = |id: &PolicyId, wrong: &dyn miette::Diagnostic| match rules.get(&id.to_string()) {
        Some(rule) => from_cedar(&rule.source, wrong),
        None => Problem::about(id.to_string(), wrong.to_string()),
    };
    // a policy that can never apply would never be asked, without a word
    problems.extend(result.validation_warnings().map(|w| told(w.policy_id(), w)));
    problems.extend(result.validation_errors().map(|e| {
        let problem = told(e.policy_id(), e);
        if matches!(e, ValidationError::UnsafeAttributeAccess(_)) { problem.undeclared() } else { problem }
    }));
}

/// One set an action: Cedar reads every policy of a set on each request.
fn slices(all: &PolicySet, schema: &EntitySchema) -> Result<HashMap<String, PolicySet>, Failure> {
    let mut sets = HashMap::new();
    for action in schema.cedar.actions() {
        let applies = |p: &&Policy| match p.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(uid) => uid == *action,
            ActionConstraint::In(uids) => uids.contains(action),
        };
        let policies = all.policies().filter(applies).cloned();
        let set = PolicySet::from_policies(policies).map_err(Failure::internal("a set of policies"))?;
        sets.insert(action.id().unescaped().to_owned(), set);
    }
    Ok(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        let schema = EntitySchema::built_in().unwrap();
        match RuleBook::new(vec![SourceFile::new("x.cedar", text)], &[Catalogue::built_in()], &schema) {
            Err(Failure::Problems(problems)) => problems.iter().map(|p| format!("{} | {p}", p.underlined())).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = source::Folder::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies"));
        let schema = EntitySchema::built_in().unwrap();
        let read = RuleBook::read(&folder, &schema).unwrap();
        let built_in = RuleBook::built_in(&schema).unwrap();
        assert!(read.rules.keys().eq(built_in.rules.keys()));
        assert!(read.rules.len() > 30);
    }

    #[test]
    fn tells_what_accounts_are_told_apart_by() {
        let schema = EntitySchema::built_in().unwrap();
        let built_in = RuleBook::built_in(&schema).unwrap();
        let attributes = built_in.attributes().unwrap();
        assert!(attributes.contains("managementAccount") && attributes.contains("nda"));
        assert!(!attributes.contains("memberships") && !attributes.contains("name"));
        let rule = |condition: &str| {
            let text =
                "@id(\"a\") @rule(\"R1\") permit(principal, action == Artifact::Action::\"download-report\", resource)
                when { CONDITION };";
            let source = SourceFile::new("x.cedar", text.replace("CONDITION", condition));
            RuleBook::new(vec![source], &[Catalogue::built_in()], &schema).unwrap().attributes().cloned()
        };
        assert_eq!(rule("resource has nda"), Some(BTreeSet::from(["nda".to_owned()])));
        assert_eq!(rule("resource == Artifact::Account::\"111122223333\""), None);
        assert_eq!(rule("resource.hasTag(\"x\")"), None);
    }

    #[test]
    fn tells_what_depends_on_the_principal() {
        let schema = EntitySchema::built_in().unwrap();
        let built_in = RuleBook::built_in(&schema).unwrap();
        assert!(!built_in.reads_principal("accept-agreement") && built_in.reads_principal("in-force"));
        let own =
            "@id(\"a\") @rule(\"R1\") permit(principal, action == Artifact::Action::\"download-report\", resource)
            when { if principal has tags then true else true };"
                .replace("principal has tags", "principal.account == resource");
        let source = SourceFile::new("x.cedar", own.replace("principal,", "principal is Artifact::User,"));
        let rules = RuleBook::new(vec![source], &[Catalogue::built_in()], &schema).unwrap();
        assert!(rules.reads_principal("download-report") && !rules.reads_principal("accept-agreement"));
    }

    const REPORT: &str = "action == Artifact::Action::\"download-report\"";

    #[test]
    fn mistakes_have_their_place() {
        let permit = format!("permit(principal, {REPORT}, resource);");
        assert!(errors(&permit)[0].contains("has no `@id`"));
        assert!(errors(&format!("@id(\"a\") {permit}"))[0].contains("has no `@rule`"));
        let unknown = "@id(\"a\") @rule(\"R1\") permit(principal, action == Artifact::Action::\"no\", resource);";
        assert!(errors(unknown)[0].starts_with("Action::\"no\""), "{:?}", errors(unknown));
        let twice = format!("@id(\"a\") @rule(\"R1\") {permit}");
        assert!(errors(&twice.repeat(2))[0].starts_with("@id(\"a\") | two policies"));
        assert!(errors("permit(")[0].contains("unexpected end"));
        assert!(errors("@id(\"a\") @rule(\"R1\") permit(principal, action, resource);")[0].contains("names no action"));
    }

    /// What the built-in gates say that they require is what their conditions ask for. A run does not check it again.
    #[test]
    fn the_built_in_requirements_are_what_the_conditions_ask_for() {
        let elsewhere = BUILT_IN.iter().map(|(path, text)| SourceFile::new(format!("copy/{path}"), *text)).collect();
        let rules = RuleBook::new(elsewhere, &[Catalogue::built_in()], &EntitySchema::built_in().unwrap()).unwrap();
        assert!(rules.rules.values().filter(|r| !r.requires.is_empty()).count() >= 8);
    }

    fn gate(requires: &str, unless: &str) -> Vec<String> {
        let requires = if requires.is_empty() { String::new() } else { format!("@requires(\"{requires}\")") };
        errors(&format!(
            "@id(\"a\") @rule(\"R1\") @order(\"1\") @reason(\"no\") {requires} forbid(principal, {REPORT}, resource) {unless};"
        ))
    }

    #[test]
    fn requirements_that_differ_from_the_condition_are_errors() {
        let one = "unless { context.allowed.contains(\"artifact:Get\") }";
        let both = "classic: artifact:Get; fine-grained: artifact:Get";
        assert_eq!(gate(both, one), Vec::<String>::new());
        for (requires, condition) in [
            ("", one),
            ("classic: artifact:Get", one),
            ("classic: artifact:Get, artifact:GetReport; fine-grained: artifact:Get", one),
            (
                both,
                "when { context.generation == \"classic\" } unless { context.allowed.contains(\"artifact:GetReport\") }",
            ),
            (both, "unless { context.allowed.containsAny([\"artifact:Get\", \"artifact:GetReport\"]) }"),
            (both, "unless { context.inForce || context.allowed.contains(\"artifact:Get\") }"),
            (both, "when { context.allowed.contains(\"artifact:Get\") }"),
            (both, ""),
        ] {
            let found = gate(requires, condition);
            assert!(found.first().is_some_and(|e| e.contains("`@requires`")), "{requires} {condition}: {found:?}");
        }
        let split = "when { context.scope == \"organization\" } unless { context.allowed.contains(\"artifact:Get\") }";
        assert_eq!(gate(both, split), Vec::<String>::new());
        let of_scope = "unless { context.scope == \"account\" || context.allowed.contains(\"artifact:Get\") }";
        assert_eq!(gate(both, of_scope), Vec::<String>::new());
        let mixed = "unless { context.allowed.contains(\"artifact:Get\") && resource has nda }";
        assert!(gate(both, mixed)[0].contains("`@requires`"), "{:?}", gate(both, mixed));
        let other = "unless { context.allowed.contains(\"artifact:Get\") || context.report.version == 1 }";
        assert!(gate(both, other)[0].contains("a clause of its own"), "{:?}", gate(both, other));
    }

    #[test]
    fn requirements_are_read_strictly() {
        for wrong in [
            "classic:artifact:Get",
            "new: artifact:Get",
            "classic: Get",
            "classic: artifact:Get; classic: artifact:Get",
            "",
            "classic: ",
        ] {
            assert!(requires::parse(wrong).is_err(), "{wrong}");
        }
        let read = requires::parse("classic: a:B; fine-grained in force: a:C, a:*").unwrap();
        assert_eq!(read["fine-grained in force"], ["a:C", "a:*"]);
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        for text in [
            format!("permit(principal, action, resource) when {{ {}true{} }};", "(".repeat(5000), ")".repeat(5000)),
            format!("permit(principal, action, resource) when {{ {}true }};", "!".repeat(5000)),
            format!(
                "permit(principal, action, resource) when {{ {}true{} }};",
                "if true then ".repeat(5000),
                " else true".repeat(5000)
            ),
        ] {
            assert!(errors(&text)[0].contains("nested"), "{:?}", errors(&text));
        }
    }
}
