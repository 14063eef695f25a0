//! The rules of the domain: Cedar policies, with what their annotations say.
//!
//! Built in, or read from a folder. They are validated strictly when they are loaded, annotations are read once, and an
//! error in evaluation is an error of the run: Cedar skips a `forbid` that errors, which would turn a denial into an
//! allow.

mod active;
pub(crate) mod annotations;
pub(crate) mod behind;
mod built_in;
pub mod folder;
mod has;
pub(crate) mod names;
pub(crate) mod narrower;
mod never;
pub mod operations;
mod order;
mod ordered;
mod origin;
mod overlay;
mod parsed;
mod patterns;
mod possible;
mod prepared;
pub(crate) mod reads;
mod requires;
mod rule;
mod satisfiable;
pub mod settings;
mod shapes;
mod stated;
mod states;
pub(crate) mod subjects;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
pub(crate) mod turning;
pub(crate) mod unknown;
mod unsaid;
mod without;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, AuthorizationError, Authorizer, Context, Decision, Entities, EntityUid, Policy, PolicyId,
    PolicySet, Request, ValidationError,
};

use crate::inventory::Inventory;
use crate::inventory::schema::{EntitySchema, NAMESPACE};
use crate::moment::Moment;
use crate::problem::{Cause, Evaluation, Failure, Place, Problem, SourceFile, did_you_mean, meant};
use crate::source;
use crate::stack;
use annotations::annotation;
use built_in::is_built_in;
pub use built_in::{BUILT_IN, GUARDRAILS};
use folder::Folder;
use names::Named;
use operations::Catalogue;
use operations::check::{check, ungated};
pub use origin::{Laid, Origin};
use parsed::{Held, Policies};
use reads::Reads;
pub use reads::Tags;
pub use reads::{applies_to, attribute_of, conjuncts_of, is_variable};
pub use rule::Rule;
use subjects::is_asked_of_who_acts;
pub use subjects::{COVERAGE, COVERED};
pub use text::{from_cedar, parse, spans};
use turning::Asked;
use without::Less;

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
    /// The built-in policies that were dropped, and where that is said.
    pub removed: BTreeMap<String, Place>,
    /// Files of the user's folder that are not read.
    pub warnings: Vec<Problem>,
    /// What the built-in rules decide and these do not, where they stand in for all of them: the words after "which have no".
    lacks: Vec<String>,
    sets: HashMap<String, PolicySet>,
    /// Of the facts that a policy may leave open, the policies without `@uncertain`.
    certain: HashMap<String, PolicySet>,
    /// What the policies of each action read.
    by_action: HashMap<String, Reads>,
    /// What some policy of an operation reads.
    reads: Reads,
    /// The names in policies that only an inventory can tell to exist.
    named: Vec<Named>,
    /// What each policy reads, by its id.
    by_id: BTreeMap<String, Reads>,
    /// The kinds of agreement by which an account is covered as HIPAA asks.
    hipaa_kinds: BTreeSet<String>,
}

impl Ruling<'_> {
    /// Nothing keeps it from being permitted but policies that are `@uncertain`.
    pub fn is_open(&self) -> bool {
        !self.permitted && !self.by.is_empty() && self.by.iter().all(|r| r.get("uncertain").is_some())
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
        let sources = built_in::sources();
        stack::evaluate(|| Self::checked(sources, &[Catalogue::built_in()], schema, held_by(schema)))
    }

    /// The policies of a folder, laid over those that are built in by their ids.
    pub fn laid_over(folder: &dyn source::Source, schema: &EntitySchema) -> Result<Self, Failure> {
        let Folder { policies, data, unread } = texts(folder, schema)?;
        let name = folder.name();
        let laid = stack::evaluate(|| {
            let mut problems = Vec::new();
            let laid = overlay::lay(built_in::sources(), policies, &name, &mut problems);
            if problems.is_empty() { Ok(laid) } else { Err(Failure::Problems(problems)) }
        })?;
        let data: Vec<Arc<SourceFile>> = std::iter::once(Catalogue::built_in()).chain(data).collect();
        let rules = Self::new(laid.sources, &data, schema)?.complete(schema)?;
        let (operations, calls) = rules.operations.laid.clone();
        let mut warnings = unread;
        warnings.extend(laid.warnings);
        // what no policy of ours leaves ungated, a policy that was removed or replaced does
        let passed = ungated(&rules.operations, &rules.rules);
        warnings.extend(passed.iter().map(|problem| {
            Problem::about(name.clone(), problem.message().to_owned())
                .help("replace the gate that asked for it instead of removing it, or add one that does")
                .warning()
        }));
        // what was taken away or stands for another rule may be all that there was of a finding
        let is_less = !laid.origin.removed.is_empty() || !laid.origin.replaced.is_empty();
        let less = if is_less { Less::of(&rules, schema) } else { Less::default() };
        warnings.extend(less.opened(&name));
        warnings.extend(less.left_out(&name, passed.is_empty()));
        let origin = Origin { operations, calls, ..laid.origin };
        let removed = laid.removed;
        let mut rules = Self { origin, removed, warnings, lacks: less.lacks, ..rules };
        rules.warnings.extend(rules.unsaid_states());
        Ok(rules)
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
        let less = Less::of(&rules, schema);
        let mut warnings = unread;
        warnings.extend(less.left_out(&folder.name(), true));
        let mut rules = Self { warnings, lacks: less.lacks, ..rules };
        // what is copied from the built-in rules says it
        rules.warnings.extend(rules.unsaid_states());
        Ok(rules)
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
        stack::evaluate(|| Self::checked(sources, operations, schema, held_by(schema)))
    }

    /// The rules of these texts, of which those that are held are not held to the schema again.
    fn checked(
        sources: Vec<Arc<SourceFile>>,
        operations: &[Arc<SourceFile>],
        schema: &EntitySchema,
        held: Held,
    ) -> Result<Self, Failure> {
        let mut problems = Vec::new();
        // all that is built in, and no more, fits together
        let files = operations;
        let is_whole = || files.len() == 1 && files.iter().all(|file| file.text == Catalogue::built_in().text);
        let all_held = sources.len() == BUILT_IN.len() && sources.iter().all(|source| held(source)) && is_whole();
        let policies = Policies::of(&sources, schema, held, &mut problems)?;
        let Policies { all, rules, by_policy, named, hipaa_kinds } = policies;
        problems.extend(repeated_codes(&rules));
        if problems.is_empty() {
            validate(&all, (&rules, held), schema, &mut problems)?;
        }
        let operations = Catalogue::read(operations, schema, &mut problems);
        if problems.is_empty() && !all_held {
            problems.extend(check(&operations, &rules, schema));
            problems.extend(possible::faults(&operations, &rules));
            problems.extend(active::faults(&operations, &rules, schema));
        }
        if !problems.is_empty() {
            return Err(Failure::Problems(problems));
        }
        let sets = slices(&all, schema)?;
        let of = |set: &PolicySet| Reads::all(set.policies().filter_map(|p| by_policy.get(p.id())));
        let by_action: HashMap<String, Reads> = sets.iter().map(|(action, set)| (action.clone(), of(set))).collect();
        let reads_it =
            |id: &str, attr: &str| by_policy.get(&PolicyId::new(id)).is_some_and(|r| r.attributes.contains(attr));
        let not_tried = if all_held { Vec::new() } else { subjects::not_tried(rules.values(), schema, reads_it) };
        if !not_tried.is_empty() {
            return Err(Failure::Problems(not_tried));
        }
        let of_operations = schema.operations.iter().map(String::as_str).chain([operations::check::ASSUME]);
        let reads = Reads::all(of_operations.filter_map(|action| by_action.get(action)));
        let origin = Origin::default();
        let by_id = by_policy.into_iter().map(|(id, reads)| (name_of(&id).to_owned(), reads)).collect();
        Ok(Self {
            rules,
            sources,
            origin,
            operations,
            removed: BTreeMap::new(),
            warnings: Vec::new(),
            lacks: Vec::new(),
            certain: certain(&sets)?,
            sets,
            by_action,
            reads,
            named,
            by_id,
            hipaa_kinds,
        })
    }

    /// A place in a file of the user's folder, with the name of the folder; any other as it is.
    pub fn in_folder(&self, place: &Place) -> Place {
        match &self.origin.folder {
            Some(folder) if !is_built_in(&place.source) => {
                let path = format!("{}/{}", folder.trim_end_matches('/'), place.source.path);
                Place { source: SourceFile::new(path, place.source.text.clone()), span: place.span }
            }
            _ => place.clone(),
        }
    }

    /// Whether a policy is the user's: laid over those that are built in, or of rules that stand for them all.
    pub fn is_own(&self, id: &str) -> bool {
        let Origin { only, added, replaced, .. } = &self.origin;
        *only || [added, replaced].into_iter().flatten().any(|own| own == id)
    }

    /// The gates and permits that apply to an action.
    pub fn of_action<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.values().filter(move |r| r.actions.is_empty() || r.actions.iter().any(|a| a == action))
    }

    /// The order of the gate that asks for the permission of the call itself: the last of those that ask for permissions. What the
    /// console asks for before it, IAM does not ask of the call (D8).
    pub fn call_of(&self, operation: &str) -> Option<u32> {
        self.of_action(operation).filter(|r| r.forbids && !r.requires.is_empty()).map(|r| r.order).max()
    }

    /// Whether the console asks for permissions that the call itself does not take.
    pub fn asks_before_the_call(&self, operation: &str) -> bool {
        let call = self.call_of(operation);
        self.of_action(operation).any(|r| r.forbids && !r.requires.is_empty() && Some(r.order) < call)
    }

    /// The policies that apply to an action, as Cedar holds them.
    pub fn policies(&self, action: &str) -> impl Iterator<Item = &Policy> {
        self.sets.get(action).into_iter().flat_map(PolicySet::policies)
    }

    /// A policy of these rules in Cedar's JSON.
    pub(crate) fn json_of(&self, policy: &Policy) -> Option<&serde_json::Value> {
        let rule = self.rules.get(name_of(policy.id()))?;
        Some(rule.json.as_ref())
    }

    /// Whether a policy of these rules reads the principal, or one of these attributes, which tell of it.
    pub(crate) fn policy_reads_who(&self, policy: &Policy, attributes: &[&str]) -> bool {
        let reads = |reads: &Reads| reads.principal || attributes.iter().any(|a| reads.attributes.contains(*a));
        self.by_id.get(name_of(policy.id())).is_none_or(reads)
    }

    /// The attributes by which the policies of operations tell entities apart; `None` where they tell them apart by their ids or
    /// tags.
    pub fn attributes_of_operations(&self) -> Option<&BTreeSet<String>> {
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

    /// The tags that some policy of these actions reads.
    pub fn tags_read(&self, actions: &[&str]) -> Tags {
        Reads::all(actions.iter().filter_map(|action| self.by_action.get(*action)).filter(|r| !r.tags.is_empty())).tags
    }

    /// The tags that one policy reads.
    pub(crate) fn tags_of(&self, id: &str) -> Option<&Tags> {
        self.by_id.get(id).map(|reads| &reads.tags).filter(|tags| !tags.is_empty())
    }

    /// Whether one policy reads the tags as a set of the context, and not whether they were listed.
    pub(crate) fn reads_tags_as_listed(&self, id: &str) -> bool {
        let reads = |attributes: &BTreeSet<String>| attributes.contains("tags") && !attributes.contains("tagsKnown");
        self.by_id.get(id).is_some_and(|policy| reads(&policy.attributes))
    }

    /// Whether some policy of an action asks which organization an account is in, whatever the scope.
    pub fn reads_organization(&self, action: &str) -> bool {
        self.by_action.get(action).is_some_and(|reads| reads.organization)
    }

    /// The moments at which what policies of an action say can turn, in order: from one to the next they say the same of what is asked,
    /// unless one [reckons](Self::reckons).
    pub(crate) fn moments(&self, action: &str, asked: &Asked<'_>) -> BTreeSet<Moment> {
        self.by_action.get(action).map(|reads| reads.turning.moments(asked)).unwrap_or_default()
    }

    /// Whether some policy of an action makes something of the moment asked (`context.at.offset(…)`): when its answer turns is told by
    /// no date.
    pub fn reckons(&self, action: &str) -> bool {
        self.by_action.get(action).is_some_and(|reads| reads.turning.reckons)
    }

    /// The same of one policy.
    pub(crate) fn is_reckoning(&self, id: &str) -> bool {
        self.by_id.get(id).is_some_and(|reads| reads.turning.reckons)
    }

    /// Whether some policy at all names a unit.
    pub fn read_units(&self) -> bool {
        self.by_action.values().any(|reads| reads.units)
    }

    /// Whether some policy of an action names a unit.
    pub fn reads_units(&self, action: &str) -> bool {
        self.by_action.get(action).is_some_and(|reads| reads.units)
    }

    /// A warning for each name in the user's policies that an inventory does not have: a condition on it never holds.
    pub fn unknown_names(&self, inventory: &Inventory) -> Vec<Problem> {
        let in_folder = |problem: Problem| match &self.origin.folder {
            Some(folder) => problem.in_folder(folder),
            None => problem,
        };
        unknown::unknown(&self.named, inventory).into_iter().map(in_folder).collect()
    }

    /// The kinds of agreement that the policies of HIPAA's coverage name. Whether they cover an account is told even where none does.
    pub fn hipaa_kinds(&self) -> &BTreeSet<String> {
        &self.hipaa_kinds
    }

    /// Whether an answer for an action may depend on who the principal is.
    pub fn reads_principal(&self, action: &str) -> bool {
        self.by_action.get(action).is_some_and(|reads| reads.principal)
    }

    /// The answer to a question of fact: true where a policy permits and none forbids but those with `@uncertain`, `None` where
    /// nothing permits and only those forbid.
    pub fn fact(
        &self,
        action: &str,
        principal: &EntityUid,
        resource: &EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<Option<bool>, Failure> {
        Ok(self.fact_and_why(action, principal, resource, context, entities)?.0)
    }

    /// The same, with what decided it.
    pub fn fact_and_why(
        &self,
        action: &str,
        principal: &EntityUid,
        resource: &EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<(Option<bool>, Ruling<'_>), Failure> {
        let ruling = self.rule(action, principal, resource, context.clone(), entities)?;
        if !ruling.is_open() {
            return Ok((Some(ruling.permitted), ruling));
        }
        // what is not known takes nothing away from what a policy says for certain
        let certain = self.certainly(action, principal, resource, context, entities)?;
        Ok(if certain.permitted { (Some(true), certain) } else { (None, ruling) })
    }

    /// What the rules say of a request without the policies that are `@uncertain`.
    pub fn certainly(
        &self,
        action: &str,
        principal: &EntityUid,
        resource: &EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<Ruling<'_>, Failure> {
        let set = self.certain.get(action).or_else(|| self.sets.get(action));
        self.asked(set, action, (principal, resource), context, entities)
    }

    /// Whether some answer may depend on who acts, beyond what kind of principal it is: a policy reads the principal of what is asked
    /// about those who act, or names one.
    pub fn reads_who_acts(&self) -> bool {
        let of_who_acts = |action: &str| self.operations.operation(action).is_some() || is_asked_of_who_acts(action);
        let reads =
            |(action, reads): (&String, &Reads)| reads.names_who_acts || reads.principal_itself && of_who_acts(action);
        self.by_action.iter().any(reads)
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
        self.asked(self.sets.get(action), action, (principal, resource), context, entities)
    }

    fn asked(
        &self,
        set: Option<&PolicySet>,
        action: &str,
        (principal, resource): (&EntityUid, &EntityUid),
        context: Context,
        entities: &Entities,
    ) -> Result<Ruling<'_>, Failure> {
        let wrong = |source: Cause, policy: Option<&PolicyId>| {
            let rule = policy.and_then(|id| self.rules.get(name_of(id)));
            let place = rule.map(|rule| Place { source: rule.source.clone(), span: rule.span.first() });
            let (policies, request) = ("the policies".to_owned(), format!("{action} by {principal}"));
            Failure::Evaluation(Box::new(Evaluation { policies, request, place, source }))
        };
        let Some(set) = set else {
            return Ok(Ruling { permitted: false, by: Vec::new() });
        };
        let uid = crate::inventory::entity::cedar_uid("Action", action)?;
        let request =
            Request::new(principal.clone(), uid, resource.clone(), context, None).map_err(|e| wrong(e.into(), None))?;
        crate::work::add(1);
        let response = Authorizer::new().is_authorized(&request, set, entities);
        if let Some(error) = response.diagnostics().errors().next() {
            let AuthorizationError::PolicyEvaluationError(failed) = error;
            return Err(wrong(error.to_string().into(), Some(failed.policy_id())));
        }
        let ids = response.diagnostics().reason().map(name_of);
        let mut by: Vec<&Rule> = ids.filter_map(|id| self.rules.get(id)).collect();
        by.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        Ok(Ruling { permitted: response.decision() == Decision::Allow, by })
    }
}

/// The policies and the operations of a user's folder, guardrails aside: those are switched on one by one.
fn texts(folder: &dyn source::Source, schema: &EntitySchema) -> Result<Folder, Failure> {
    let mut problems = Vec::new();
    let mut found = folder::read(folder, "", Some(operations::FILE), schema.overlay.as_deref(), &mut problems);
    let (guardrails, policies): (Vec<_>, Vec<_>) =
        found.policies.into_iter().partition(|s| s.path.starts_with("guardrails/"));
    found.policies = policies;
    found.unread.extend(folder::empty(&found.policies));
    let own = |source: &&Arc<SourceFile>| GUARDRAILS.iter().all(|(_, text)| *text != source.text);
    found.unread.extend(guardrails.iter().filter(own).map(|source| {
        let message = format!("{} is not read: it is in a folder of guardrails", source.path);
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

/// The `@id` of a policy as it is written; Cedar prints it with escapes.
pub(crate) fn name_of(id: &PolicyId) -> &str {
    id.as_ref()
}

/// What is built in fits the built-in schema, which a test shows (`what_is_built_in_is_without_fault`): not asked anew in each run.
fn held_by(schema: &EntitySchema) -> Held {
    if schema.is_built_in() { is_built_in } else { |_| false }
}

fn validate(
    all: &PolicySet,
    (rules, held): (&BTreeMap<String, Rule>, Held),
    schema: &EntitySchema,
    problems: &mut Vec<Problem>,
) -> Result<(), Failure> {
    let is_held = |policy: &&Policy| rules.get(AsRef::<str>::as_ref(policy.id())).is_some_and(|r| held(&r.source));
    let mut others = all.policies().filter(|policy| !is_held(policy)).cloned().peekable();
    if others.peek().is_none() {
        return Ok(());
    }
    let others = PolicySet::from_policies(others).map_err(Failure::internal("a set of policies"))?;
    let result = behind::validate(&others, &schema.cedar);
    let located = |id: &PolicyId, wrong: &dyn miette::Diagnostic| match rules.get(name_of(id)) {
        Some(rule) => from_cedar(&rule.source, wrong),
        None => Problem::about(name_of(id), wrong.to_string()),
    };
    // a policy that can never apply would never be asked, without a word
    problems.extend(result.validation_warnings().map(|w| located(w.policy_id(), w)));
    problems.extend(result.validation_errors().filter_map(|e| {
        let problem = of_validation(located(e.policy_id(), e), e, schema)?;
        let is_undeclared = matches!(
            e,
            ValidationError::UnsafeAttributeAccess(_)
                | ValidationError::UnrecognizedEntityType(_)
                | ValidationError::UnrecognizedActionId(_)
        );
        Some(if is_undeclared { problem.undeclared() } else { problem })
    }));
    Ok(())
}

/// What an error of Cedar's comes to, which is told as this problem; `None` where it is none. An unknown action gets the nearest that there
/// is: Cedar proposes the group of them, by which a policy would be about all.
pub(crate) fn of_validation(problem: Problem, error: &ValidationError, schema: &EntitySchema) -> Option<Problem> {
    let unknown = match error {
        ValidationError::EntityDerefLevelViolation(_) => return behind::fault(&problem),
        ValidationError::UnrecognizedActionId(unknown) => unknown,
        _ => return Some(problem),
    };
    let text = unknown.to_string();
    let name = text.split_once("::Action::\"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
    let near = name.and_then(|name| did_you_mean(name, schema.actions.keys().map(String::as_str)));
    Some(match near {
        Some(near) => problem.help(meant(format!("{NAMESPACE}::Action::\"{near}\""))),
        None => problem,
    })
}

/// Of each set with policies that are `@uncertain`, the others.
fn certain(sets: &HashMap<String, PolicySet>) -> Result<HashMap<String, PolicySet>, Failure> {
    let is_open = |p: &&Policy| annotation(p, "uncertain").is_some();
    let open = sets.iter().filter(|(_, set)| set.policies().any(|p| is_open(&p)));
    open.map(|(action, set)| {
        let others = set.policies().filter(|p| !is_open(p)).cloned();
        let set = PolicySet::from_policies(others).map_err(Failure::internal("a set of policies"))?;
        Ok((action.clone(), set))
    })
    .collect()
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
