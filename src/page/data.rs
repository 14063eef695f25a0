//! The data of the page, as compact JSON: what repeats is in a list once, and named by its place there. The script of the page reads it
//! by these names; it decides nothing.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Drawn;
use crate::report::diff::principal;
use crate::report::ending::{Shared, departures, effect, is_nobody, nobody, number, perhaps, ways};
use crate::report::history::sentence;
use crate::report::plain::{Names, can, who};
use crate::report::{completeness, sentences};
use countersign_core::assessment::{AccountAnswer, Assessment, OperationAnswer, PrincipalAnswer, beside};
use countersign_core::ending::{Ending, NOT_FOLLOWED};
use countersign_core::history::{AccountHistory, History, Interval};
use countersign_core::naming::kinds;
use countersign_core::terms::{Coverage, Decision, Scope};

/// Values that repeat, each with its place.
#[derive(Default)]
struct Once {
    places: HashMap<String, usize>,
    values: Vec<Value>,
}

impl Once {
    fn place(&mut self, value: Value) -> usize {
        let key = value.to_string();
        let next = self.values.len();
        *self.places.entry(key).or_insert_with(|| {
            self.values.push(value);
            next
        })
    }
}

/// The data of an assessment.
pub fn data(drawn: &Drawn<'_>) -> Value {
    let Drawn { inventory, assessment, provenance, history, endings, ending_others, rules: _, told: _, later: _ } =
        drawn;
    let names = Names::new(inventory);
    let kinds = shown_kinds(assessment);
    let mut nodes = Nodes::default();
    let accounts: Vec<Value> = assessment.accounts.iter().map(|a| account(a, &kinds, nodes.of(a))).collect();
    let access = access(assessment, names);
    let hipaa = kinds.iter().position(|k| assessment.hipaa_kinds.contains(k)).unwrap_or(0);
    json!({
        "at": assessment.at,
        "later": provenance.later(),
        "kinds": kinds.iter().map(|k| json!([k, kinds::short(k), kinds::full(k)])).collect::<Vec<_>>(),
        "kind": hipaa,
        "nodes": nodes.all,
        "accounts": accounts,
        "history": history_of(history, &kinds),
        "endings": endings.as_ref().map(|e| endings_of(e)),
        "departing": departures(endings.as_deref().unwrap_or_default()),
        "endingOthers": completeness::others(ending_others),
        "notFollowed": NOT_FOLLOWED,
        "access": access,
        "findings": assessment.findings.iter().map(|f| {
            json!([f.severity.word(), f.rule, f.subject, f.told(), f.help, f.cites])
        }).collect::<Vec<_>>(),
        "gaps": assessment.completeness.gaps.iter().map(|g| json!([g.missing.words(), g.of.len(), g.calls])).collect::<Vec<_>>(),
        "others": completeness::others(&assessment.completeness.perhaps_others),
    })
}

/// The kinds that are in force for any account or may be, and those that HIPAA asks for.
fn shown_kinds(assessment: &Assessment) -> Vec<String> {
    let rows = assessment.accounts.iter().flat_map(|a| &a.agreements);
    let some = rows.filter(|r| r.coverage != Coverage::NotCovered || assessment.hipaa_kinds.contains(&r.kind));
    let shown: std::collections::BTreeSet<String> = some.map(|r| r.kind.clone()).collect();
    shown.into_iter().collect()
}

/// Organizations and units, each once: name, parent, whether it is an organization.
#[derive(Default)]
struct Nodes {
    places: BTreeMap<String, usize>,
    all: Vec<Value>,
}

impl Nodes {
    /// Where an account stands; null for one that is in no organization.
    fn of(&mut self, account: &AccountAnswer) -> Option<usize> {
        let organization = account.organization.as_ref()?;
        let mut at = self.node(organization, organization, None);
        for unit in &account.units {
            at = self.node(&unit.id, unit.name.as_ref().unwrap_or(&unit.id), Some(at));
        }
        Some(at)
    }

    fn node(&mut self, id: &str, name: &str, parent: Option<usize>) -> usize {
        let next = self.all.len();
        *self.places.entry(id.to_owned()).or_insert_with(|| {
            self.all.push(json!([id, name, parent]));
            next
        })
    }
}

/// A fact in a digit: 1 yes, 0 no, -1 not known.
fn digit(fact: Option<bool>) -> i8 {
    match fact {
        Some(true) => 1,
        Some(false) => 0,
        None => -1,
    }
}

fn account(account: &AccountAnswer, kinds: &[String], node: Option<usize>) -> Value {
    let row = |kind: &String| {
        let Some(row) = account.agreements.iter().find(|r| r.kind == *kind) else { return Value::Null };
        let coverage = place_of(row.coverage);
        let governing = row.governing.as_ref();
        json!([
            coverage,
            governing.map(|g| &g.id),
            governing.map(|g| g.scope.word()),
            governing.and_then(|g| g.since.as_ref()),
            beside(&row.superseded, row.superseded_unknown.as_ref()),
            beside(&row.also_in_force, row.also_in_force_unknown.as_ref()),
            row.reason,
            row.assuming,
        ])
    };
    let hipaa = &account.hipaa;
    json!([
        account.account,
        account.name,
        node,
        account.role.word(),
        account.state,
        digit(hipaa.holds_phi),
        digit(hipaa.designated),
        digit(hipaa.meets_definition),
        kinds.iter().map(row).collect::<Vec<_>>(),
    ])
}

/// Coverage over time: for each account a list by kind of its intervals, each of them once: coverage, from, until, governing, scope,
/// superseded, why it is not known, what it began with, and what is in force beside it.
fn history_of(history: &History, kinds: &[String]) -> Value {
    let mut rows = Once::default();
    let interval = |i: &Interval| {
        let governing = i.governing.as_ref();
        let began: Vec<String> = i.began_with.iter().map(sentence).collect();
        let (id, scope) = (governing.map(|g| &g.id), governing.map(|g| g.scope.word()));
        let superseded = beside(&i.superseded, i.superseded_unknown.as_ref());
        let also = beside(&i.also_in_force, i.also_in_force_unknown.as_ref());
        json!([place_of(i.coverage), i.from, i.until, id, scope, superseded, i.reason, began, also])
    };
    let of = |account: &AccountHistory, kind: &String| {
        let row = account.agreements.iter().find(|r| r.kind == *kind);
        row.map(|r| r.intervals.iter().map(interval).collect::<Vec<_>>())
    };
    let accounts: BTreeMap<&str, Vec<usize>> = history
        .accounts
        .iter()
        .map(|a| (a.account.as_str(), kinds.iter().map(|k| rows.place(json!(of(a, k)))).collect()))
        .collect();
    json!({"rows": rows.values, "accounts": accounts})
}

/// The ways to end coverage: kind, operation, scope, the account that it is done in, what comes of it, the accounts, who can, who
/// perhaps can, by the reason why that is not known, and why nobody who is listed can.
fn endings_of(endings: &[Ending]) -> Value {
    let row = |shared: Shared<'_>| {
        let Shared { kind, way, accounts } = shared;
        let may: Vec<String> = way.may.iter().map(principal).collect();
        let unknown = perhaps(way, &number);
        let scope = way.scope.map(Scope::word);
        let why = is_nobody(way).then(|| nobody(way));
        json!([kind, way.operation, scope, way.by, effect(way.effect), accounts, may, unknown, why])
    };
    ways(endings).into_iter().map(row).collect()
}

/// A coverage in a digit.
fn place_of(coverage: Coverage) -> i8 {
    match coverage {
        Coverage::Covered => 1,
        Coverage::NotCovered => 0,
        Coverage::Unknown => -1,
    }
}

/// People by operations: what is asked, each answer once, and for each principal the places of its answers.
fn access(assessment: &Assessment, names: Names<'_>) -> Value {
    let (mut asked, mut answers, mut vectors) = (Once::default(), Once::default(), Once::default());
    let mut principals = Vec::new();
    for principal in &assessment.principals {
        let mut vector: Vec<[usize; 2]> = Vec::new();
        for operation in &principal.operations.tell() {
            vector.push([asked.place(question(operation, names)), answers.place(answer(operation, principal, names))]);
        }
        let vector = vectors.place(json!(vector));
        principals.push(json!([
            principal.principal,
            principal.account,
            principal.kind.word(),
            names.principal(principal),
            who::people(principal),
            vector,
        ]));
    }
    json!({"asked": asked.values, "answers": answers.values, "vectors": vectors.values, "principals": principals})
}

/// What is asked: in words, the operation, the scope, the kind.
fn question(operation: &OperationAnswer, names: Names<'_>) -> Value {
    json!([
        names.deed_to(operation, operation.member.as_slice()),
        operation.operation,
        operation.scope.map(Scope::word),
        operation.agreement,
        operation.report
    ])
}

fn answer(operation: &OperationAnswer, principal: &PrincipalAnswer, names: Names<'_>) -> Value {
    let decision = match operation.decision {
        Decision::Allow => 1,
        Decision::Deny => 0,
        Decision::Unknown => -1,
    };
    let depends = operation.depends_on.iter().map(|d| sentences::depends(&d.key, &d.allows)).collect::<Vec<_>>();
    let rules = operation.gates.iter().map(|g| format!("{}: {}", g.id, g.rule)).collect::<Vec<_>>();
    json!([
        decision,
        operation.message,
        operation.detail,
        operation.reason,
        can::why(operation, names),
        depends,
        can::changes_of(operation, principal, names),
        rules,
        operation.deprecated,
    ])
}
