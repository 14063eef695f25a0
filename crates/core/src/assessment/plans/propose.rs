//! What to change where gates deny: of each layer that does not allow, and of each attribute that a gate reads.

use std::collections::{BTreeMap, BTreeSet};

use super::edits::{Edit, is_silenced};
use super::grants::{self, Grants, Resources, listed};
use super::{Instead, Planner, Step, StepKind, excepted_as, refers_to};
use crate::agreements::Agreements;
use crate::assessment::{BecauseAnswer, GateAnswer, OperationAnswer, PrincipalAnswer, StatementPlace};
use crate::iam::document::Statement;
use crate::iam::template::Template;
use crate::inventory::Inventory;
use crate::inventory::entity::{Entity, Uid, policies_of};
use crate::permissions::principals::Directory;
use crate::policies::Rule;
use crate::policies::settings::{Setting, Subject};
use crate::problem::Failure;
use crate::stack;
use crate::terms::PrincipalKind;

/// A layer of the principal, without what it says.
struct LayerOf {
    name: String,
    of: String,
    policies: Vec<String>,
}

/// What to do about the gates that an answer fails. A step without an edit is an event, or says that nothing helps: it stands
/// alone.
pub(super) fn steps(
    planner: &Planner<'_>,
    inventory: &Inventory,
    principal: &PrincipalAnswer,
    answer: &OperationAnswer,
) -> Result<Vec<Step>, Failure> {
    let beyond = beyond(planner, answer);
    if !beyond.is_empty() {
        return Ok(beyond);
    }
    let layers = layers(planner, inventory, principal)?;
    let resources = grants::resources(planner, inventory, principal, answer)?;
    let organization = organization(planner, inventory, &principal.account)?;
    let proposal = Proposal { inventory, declared: planner.inventory, principal, organization, layers, resources };
    let mut steps: Vec<Step> = Vec::new();
    for gate in &answer.gates {
        let rule = planner.rules.rules.get(&gate.id);
        steps.extend(rule.and_then(|rule| proposal.setting(rule, answer)));
        for step in proposal.permissions(gate, &answer.gates) {
            let is_same = |s: &Step| s.text == step.text && s.edit == step.edit;
            if !steps.iter().any(|s| is_same(s) || is_same_removal(s, &step)) {
                steps.push(step);
            }
        }
    }
    Ok(merged(steps))
}

/// What neither a permission nor an attribute gets past.
pub(super) fn beyond(planner: &Planner<'_>, answer: &OperationAnswer) -> Vec<Step> {
    let gates = answer.gates.iter().filter(|g| g.certain);
    let rules: Vec<&Rule> = gates.filter_map(|g| planner.rules.rules.get(&g.id)).collect();
    let rules = rules.into_iter().filter(|r| r.is_beyond_permissions());
    let step = |rule: &Rule| match rule.text("change") {
        Some(change) => Step::of(StepKind::Event, change),
        None => {
            let says = || rule.get("message").map(|message| format!("the console says “{message}”"));
            let reason = rule.get("reason").map(str::to_owned).or_else(says);
            let while_ = reason.unwrap_or_else(|| format!("{} forbids it", rule.id));
            Step::of(StepKind::Nothing, format!("nothing helps while {while_}"))
        }
    };
    let mut steps: Vec<Step> = rules.map(step).collect();
    if steps.iter().any(|s| s.kind == StepKind::Nothing) {
        steps.retain(|s| s.kind == StepKind::Nothing);
    }
    steps
}

/// The organization that an account is in at the moment asked, as far as that is known.
fn organization(planner: &Planner<'_>, inventory: &Inventory, account: &str) -> Result<Option<String>, Failure> {
    let Planner { rules, options, .. } = planner;
    stack::evaluate(|| {
        let agreements = Agreements::new(inventory, rules, options.at);
        let account = agreements.tree.accounts.get(account);
        Ok(account.map(|account| agreements.standing(account)).transpose()?.and_then(|s| s.organization.clone()))
    })
}

/// The layers that a principal is under.
fn layers(planner: &Planner<'_>, inventory: &Inventory, who: &PrincipalAnswer) -> Result<Vec<LayerOf>, Failure> {
    let Planner { rules, options, .. } = planner;
    stack::evaluate(|| {
        let agreements = Agreements::new(inventory, rules, options.at);
        let directory = Directory::new(inventory, &agreements.tree, options.at, &options.context);
        let mut directory = directory.standing(Box::new(|account| agreements.standing(account)));
        let Some(account) = agreements.tree.accounts.get(&who.account) else { return Ok(Vec::new()) };
        let found = directory.of_account(account, |i| i.arn == who.principal)?;
        let layer = |l: &std::rc::Rc<crate::permissions::layer::Layer>| LayerOf {
            name: l.name.clone(),
            of: l.of.clone(),
            policies: l.policies.clone(),
        };
        Ok(found.iter().flat_map(|p| &p.stack.layers).map(layer).collect())
    })
}

/// Whether two steps lift the denial of one statement, or detach one policy, which is done once.
fn is_same_removal(one: &Step, other: &Step) -> bool {
    one.edit.as_ref().is_some_and(Edit::lifts) && one.edit == other.edit
}

/// Statements that are added to one policy become one.
fn merged(steps: Vec<Step>) -> Vec<Step> {
    let mut merged: Vec<Step> = Vec::new();
    for step in steps {
        let same = merged.iter_mut().find(|s| match (&s.edit, &step.edit) {
            (Some(Edit::Allow { policy, .. }), Some(Edit::Allow { policy: other, .. })) => policy == other,
            (Some(Edit::Attach { to, attr, .. }), Some(Edit::Attach { to: other_to, attr: other_attr, .. })) => {
                (to, attr) == (other_to, other_attr)
            }
            _ => false,
        });
        let more = match &step.edit {
            Some(Edit::Allow { grants, .. } | Edit::Attach { grants, .. }) => grants.clone(),
            _ => Grants::default(),
        };
        let Some(known) = same else {
            merged.push(step);
            continue;
        };
        if let Some(Edit::Allow { grants, .. } | Edit::Attach { grants, .. }) = &mut known.edit {
            let before = grants.words();
            grants.extend(more);
            known.text = known.text.replacen(&before, &grants.words(), 1);
        }
    }
    merged
}

/// A document within the file of entities, in words.
fn written(layer: &LayerOf, file: &str, line: Option<usize>) -> String {
    let what = match layer.name.as_str() {
        "identity" => "policy",
        "boundary" => "permissions boundary",
        _ => "service control policy",
    };
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("the {what} written in {file}{line}")
}

/// The actions that a statement denies, of all that gates ask for.
fn denied_by(statement: &StatementPlace, gates: &[GateAnswer]) -> Vec<String> {
    let because = gates.iter().flat_map(|g| &g.because);
    let actions: BTreeSet<&String> =
        because.filter(|b| b.statement.as_ref() == Some(statement)).map(|b| &b.action).collect();
    actions.into_iter().cloned().collect()
}

/// Whether a policy is attached to an entity by an attribute.
fn has_attached(entity: &Entity, attr: &str, policy: &str) -> bool {
    let mut found = false;
    if let Some(item) = entity.attrs.get(attr) {
        policies_of(item, &mut |id| found |= id == policy);
    }
    found
}

/// A layer, what it is attached to, and the statement that denies; `None` where the layer is silent.
type Said<'a> = (&'a str, Option<&'a str>, Option<&'a StatementPlace>);

/// Proposes changes for one principal.
struct Proposal<'p> {
    inventory: &'p Inventory,
    /// The inventory before any step.
    declared: &'p Inventory,
    principal: &'p PrincipalAnswer,
    /// The organization of its account at the moment asked.
    organization: Option<String>,
    layers: Vec<LayerOf>,
    /// What each action is asked on.
    resources: Resources,
}

impl Proposal<'_> {
    /// The attribute that `@sets` or `@happens` names.
    fn setting(&self, rule: &Rule, answer: &OperationAnswer) -> Option<Step> {
        let (text, kind) = match (rule.get("sets"), rule.get("happens")) {
            (Some(text), _) => (text, StepKind::Attribute),
            (None, Some(text)) => (text, StepKind::Event),
            (None, None) => return None,
        };
        let Setting { of, path, becomes } = Setting::parse(text).ok()?;
        let of = match of {
            Subject::Account => Uid::new("Account", &self.principal.account),
            Subject::Organization => Uid::new("Organization", self.organization.clone()?),
            Subject::Report => Uid::new("Report", answer.report.clone()?),
        };
        let words = rule.text("change").unwrap_or_else(|| format!("{} of {}", path.join("."), of.id));
        let edit = Edit::Set { of, path, becomes, report: answer.report.clone() };
        Some(Step { edit: Some(edit), ..Step::of(kind, words) })
    }

    /// What to do in each layer that does not allow what a gate asks for. A statement may deny what several of the gates ask for:
    /// its denial is lifted once, for all of it.
    fn permissions(&self, gate: &GateAnswer, gates: &[GateAnswer]) -> Vec<Step> {
        let mut by: BTreeMap<Said<'_>, Vec<String>> = BTreeMap::new();
        for BecauseAnswer { action, layer, of, statement } in &gate.because {
            by.entry((layer, of.as_deref(), statement.as_ref())).or_default().push(action.clone());
        }
        let mut steps = Vec::new();
        for ((name, of, statement), mut actions) in by {
            actions.sort();
            actions.dedup();
            let layer = self.layers.iter().find(|l| l.name == name && of.is_none_or(|o| l.of == o));
            let Some(layer) = layer else { continue };
            steps.extend(match statement {
                Some(statement) => self.denied(layer, statement, &denied_by(statement, gates)),
                None => self.silent(layer, actions),
            });
        }
        steps
    }

    /// A statement denies: an exception for the principal, if others are under it.
    fn denied(&self, layer: &LayerOf, statement: &StatementPlace, actions: &[String]) -> Option<Step> {
        let (policy, index) = self.stated_in(layer, statement)?;
        if self.inventory.policies.get(&policy).is_some_and(|p| p.built_in) {
            return self.detached(policy, layer, actions);
        }
        let (place, line) = self.place(layer, (&policy, index), statement);
        let whole = self.denied_in_all(&policy, index, actions);
        let all = whole.as_ref().map(|all| format!(", which denies {all}")).unwrap_or_default();
        let what = format!("the denial of {} in {place}", listed(actions));
        // all of it is removed, and so all of it is named
        let removal = format!("remove the denial of {} in {place}", whole.unwrap_or_else(|| listed(actions)));
        let remove = Edit::Remove { policy: policy.clone(), statement: index };
        let instead =
            || Some(Instead { text: removal.clone(), also_allows: Vec::new(), may_allow: 0, edit: remove.clone() });
        let (text, edit, instead) = if self.is_shared(layer, &policy) {
            let arns = excepted_as(&self.principal.principal);
            let text = format!("except {} from {what}{all}", arns.join(" and "));
            (text, Edit::Except { policy, statement: index, arns }, instead())
        } else if let Some(how) = self.spared(&policy, index, actions) {
            let text = format!("{how} in {place}{all}");
            (text, Edit::Spare { policy, statement: index, actions: actions.to_vec() }, instead())
        } else {
            (removal, remove, None)
        };
        let (file, pointer) = (Some(statement.file.clone()), Some(statement.pointer.clone()));
        Some(Step { file, line, pointer, instead, edit: Some(edit), ..Step::of(StepKind::Statement, text) })
    }

    /// Where a statement stands, in words, and its line. One of a document within the file of entities has no name by which it could
    /// be found there.
    fn place(
        &self,
        layer: &LayerOf,
        (policy, index): (&str, usize),
        statement: &StatementPlace,
    ) -> (String, Option<usize>) {
        let sid = statement.sid.as_ref().map(|s| format!(" (Sid {s})")).unwrap_or_default();
        let line = self.line(policy, index);
        let place = match line {
            Some(line) if policy.contains('#') => {
                format!("statement {} of {}{sid}", index + 1, written(layer, &statement.file, Some(line)))
            }
            _ => format!("{}, {}{sid}", statement.file, statement.pointer),
        };
        (place, line)
    }

    /// The line of a statement in its file; `None` where it is in none yet.
    fn line(&self, policy: &str, statement: usize) -> Option<usize> {
        Some(self.declared.policies.get(policy)?.document.statements.get(statement)?.place.line_column().0)
    }

    /// How a statement is written so that it denies these actions no longer, and all else that it denies still; `None` where only its
    /// removal lifts them.
    fn spared(&self, policy: &str, statement: usize, actions: &[String]) -> Option<String> {
        let statement = self.inventory.policies.get(policy)?.document.statements.get(statement)?;
        if statement.actions.negated {
            return Some(format!("add {} to the actions that are left out of the denial", listed(actions)));
        }
        let names = |text: &String| actions.iter().any(|action| action.eq_ignore_ascii_case(text));
        let patterns = statement.actions.patterns.iter().zip(statement.actions.texts.iter());
        let includes = |pattern: &Template| actions.iter().any(|action| pattern.matches(&action.to_ascii_lowercase()));
        let mut others = patterns.filter(|(_, text)| !names(text)).peekable();
        (others.peek().is_some() && others.all(|(pattern, _)| !includes(pattern)))
            .then(|| format!("take {} out of the denial", listed(actions)))
    }

    /// The policy that a statement of a layer stands in, and which of its statements it is. Documents that are written within
    /// entities have the name of one file.
    fn stated_in(&self, layer: &LayerOf, statement: &StatementPlace) -> Option<(String, usize)> {
        let is = |s: &Statement| {
            let place = (&s.pointer, s.place.line_column());
            !s.allow && !is_silenced(s) && place == (&statement.pointer, (statement.line, statement.column))
        };
        layer.policies.iter().find_map(|id| {
            let policy = self.inventory.policies.get(id).filter(|p| p.label == statement.file)?;
            Some((id.clone(), policy.document.statements.iter().position(is)?))
        })
    }

    /// A policy of AWS denies: nobody edits it, and so it is taken from the principal, or from its groups.
    fn detached(&self, policy: String, layer: &LayerOf, actions: &[String]) -> Option<Step> {
        let own = &self.principal.uid;
        let groups = self.inventory.entities.get(own).map(|e| e.parents.as_slice()).unwrap_or_default();
        let role = Uid::new("Role", &self.principal.principal);
        let is_own = |uid: &Uid| uid == own || *uid == role || groups.iter().any(|(group, _)| group == uid);
        let attr = if layer.name == "boundary" { "permissionsBoundary" } else { "policies" };
        let has = |e: &&Entity| is_own(&e.uid) && has_attached(e, attr, &policy);
        let from: Vec<Uid> = self.inventory.entities.values().filter(has).map(|e| e.uid.clone()).collect();
        if from.is_empty() {
            return None;
        }
        let name = |uid: &Uid| match uid.ty.as_str() {
            "PermissionSet" => format!("permission set {}", uid.id),
            _ => uid.id.clone(),
        };
        let whom = listed(&from.iter().map(name).collect::<Vec<_>>());
        let what = if attr == "permissionsBoundary" { "the permissions boundary " } else { "" };
        let text = format!("detach {what}{policy} from {whom}: it denies {}", listed(actions));
        Some(Step { edit: Some(Edit::Detach { from, attr, policy }), ..Step::of(StepKind::Attachment, text) })
    }

    /// All that a statement denies, in words; `None` where that is these actions.
    fn denied_in_all(&self, policy: &str, statement: usize, actions: &[String]) -> Option<String> {
        let statement = self.inventory.policies.get(policy)?.document.statements.get(statement)?;
        let all = statement.actions.texts.to_vec();
        match statement.actions.negated {
            true => Some(format!("everything but {}", listed(&all))),
            false if all == ["*"] => Some("everything".to_owned()),
            false => (all != actions).then(|| listed(&all)),
        }
    }

    /// A layer says nothing: a statement where the layer already speaks of the service, or a policy of its own.
    fn silent(&self, layer: &LayerOf, actions: Vec<String>) -> Option<Step> {
        let service = actions.first()?.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let own = |id: &&String| self.inventory.policies.get(*id).is_some_and(|p| !p.built_in);
        // an identity policy of others too is left as it is
        let editable = |id: &&String| own(id) && !(layer.name == "identity" && self.is_shared(layer, id));
        let speaks = |id: &&String| {
            let statements = self.inventory.policies.get(*id).map(|p| p.document.statements.as_slice());
            let mut patterns =
                statements.into_iter().flatten().filter(|s| s.allow).flat_map(|s| s.actions.patterns.iter());
            patterns.any(|p| p.to_string().starts_with(&service))
        };
        let mut editable = layer.policies.iter().filter(editable).collect::<Vec<_>>();
        editable.sort_by_key(|id| !speaks(id));
        if let Some(policy) = editable.first() {
            let grants = Grants::of(&actions, &self.resources);
            // one that a step before this one attaches has no name, and no file
            if !self.declared.policies.contains_key(*policy) {
                let (what, whom) = (self.attached(layer).2, self.whom(layer));
                let what = what.trim_start_matches("a ");
                let text = format!("allow {} in the {what} that this plan attaches to {whom}", grants.words());
                let edit = Edit::Allow { policy: (*policy).clone(), grants };
                return Some(Step { edit: Some(edit), ..Step::of(StepKind::Statement, text) });
            }
            let file = self.inventory.policies.get(*policy).map(|p| p.label.clone()).unwrap_or_default();
            let is_within_entities = policy.contains('#');
            let line = self.line(policy, 0).filter(|_| is_within_entities);
            let within = match layer.name.as_str() {
                "identity" | "boundary" if is_within_entities => written(layer, &file, line),
                "identity" => file.clone(),
                "boundary" => format!("the permissions boundary {file}"),
                _ => format!("the service control policy {file} of {}", layer.of),
            };
            let text = format!("allow {} in {within}", grants.words());
            let edit = Edit::Allow { policy: (*policy).clone(), grants };
            return Some(Step { file: Some(file), line, edit: Some(edit), ..Step::of(StepKind::Statement, text) });
        }
        let (to, attr, what) = self.attached(layer);
        let (to, whom) = (to?, self.whom(layer));
        let grants = Grants::of(&actions, &self.resources);
        let replaced = self.inventory.entities.get(&to).and_then(|e| e.reference(attr));
        let text = match replaced {
            // a principal has one boundary
            Some(old) => format!("replace {old} of {whom} with {what} that allows the same and {}", grants.words()),
            None => format!("attach {what} that allows {} to {whom}", grants.words()),
        };
        Some(Step { edit: Some(Edit::Attach { to, attr, grants }), ..Step::of(StepKind::Attachment, text) })
    }

    /// To what a policy of a layer is attached, by which attribute, and what such a policy is called.
    fn attached(&self, layer: &LayerOf) -> (Option<Uid>, &'static str, &'static str) {
        let own = || Some(self.principal.uid.clone());
        match layer.name.as_str() {
            "identity" => (own(), "policies", "a policy"),
            "boundary" => (own(), "permissionsBoundary", "a permissions boundary"),
            _ => (self.node(&layer.of), "serviceControlPolicies", "a service control policy"),
        }
    }

    /// The same in words.
    fn whom(&self, layer: &LayerOf) -> String {
        match (layer.name.starts_with("serviceControl"), self.principal.kind) {
            (true, _) => layer.of.clone(),
            (_, PrincipalKind::PermissionSet) => format!("permission set {}", self.principal.name),
            _ => self.principal.principal.clone(),
        }
    }

    /// What service control policies are attached to.
    fn node(&self, id: &str) -> Option<Uid> {
        let types = ["Account", "OrganizationalUnit", "Organization"];
        types.into_iter().map(|ty| Uid::new(ty, id)).find(|uid| self.inventory.entities.contains_key(uid))
    }

    /// Whether anybody else is under a policy of a layer.
    fn is_shared(&self, layer: &LayerOf, policy: &str) -> bool {
        let others = |uid: &Uid| *uid != self.principal.uid || uid.ty == "PermissionSet";
        layer.name.starts_with("serviceControl")
            || self.inventory.entities.values().any(|e| others(&e.uid) && refers_to(e, policy))
    }
}
