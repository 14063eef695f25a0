//! Who may do an operation, and who nearly may.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::principal as principal_words;
use super::sentences::{self, place};
use super::typed::Typed;
use super::{bold, completeness, day, dim, paragraph, verdict};
use countersign_core::assessment::escalation::Escalation;
use countersign_core::assessment::{Assessment, GateAnswer, OfClass, OperationAnswer, Person, PrincipalAnswer};
use countersign_core::diff::PrincipalEntry;
use countersign_core::people::{Assumer, Behind, Roles, short};
use countersign_core::terms::{Decision, PrincipalKind, Scope};

/// A principal, and one of its answers.
pub type Row<'a> = (&'a PrincipalAnswer, &'a OperationAnswer);

/// Who needs at most this many permissions changed nearly may.
const NEARLY: usize = 2;

/// How many permissions have to change so that an answer is no denial, where that was tried: by the place of the principal and of the
/// answer in the assessment. `None` where permissions do not do it.
pub type Needed = BTreeMap<(usize, usize), Option<usize>>;

/// Whether an answer is worth trying: every gate that it fails is one of permissions, and at first sight few of them have to change.
fn may_be_near(answer: &OperationAnswer) -> bool {
    let because = || answer.gates.iter().flat_map(|gate| &gate.because);
    let silent: BTreeSet<&String> = because().filter(|b| b.statement.is_none()).map(|b| &b.action).collect();
    let denying: BTreeSet<_> = because().filter_map(|b| b.statement.as_ref()).collect();
    answer.decision == Decision::Deny
        && answer.gates.iter().all(|g| !g.because.is_empty())
        && (1..=NEARLY).contains(&(silent.len() + denying.len()))
}

/// The answers that [`may_be_near`], by the place of the principal and of the answer in the assessment. Most principals are denied
/// otherwise, and are not told for it.
pub fn near(assessment: &Assessment) -> impl Iterator<Item = ((usize, usize), Row<'_>)> {
    let mut possible = OfClass::default();
    let of = move |(at, principal): (usize, &'_ PrincipalAnswer)| -> Vec<(usize, usize)> {
        let possible = possible.ask(&principal.operations, is_near_perhaps);
        possible.iter().enumerate().filter(|(_, is)| **is).map(|(place, _)| (at, place)).collect()
    };
    let places: Vec<(usize, usize)> = assessment.principals.iter().enumerate().flat_map(of).collect();
    let row = |at: (usize, usize)| {
        let principal = assessment.principals.get(at.0)?;
        Some((at, (principal, principal.operations.get(at.1)?)))
    };
    places.into_iter().filter_map(row).filter(|(_, (_, answer))| may_be_near(answer))
}

/// Whether an answer like this one may be near. How many statements deny differs within a class: two levels may have one document.
fn is_near_perhaps(answer: &OperationAnswer) -> bool {
    let because = || answer.gates.iter().flat_map(|gate| &gate.because);
    let silent: BTreeSet<&String> = because().filter(|b| b.statement.is_none()).map(|b| &b.action).collect();
    let denied = usize::from(because().any(|b| b.statement.is_some()));
    answer.decision == Decision::Deny
        && answer.gates.iter().all(|g| !g.because.is_empty())
        && (1..=NEARLY).contains(&(silent.len() + denied))
}

/// The principals that are told of, as they come: of all that are denied alike in an account, the first stands for the others.
#[derive(Default)]
pub struct Kept {
    /// In their order.
    pub principals: Vec<PrincipalAnswer>,
    told: OfClass<bool>,
    /// Where the first of those stand that are denied in the account that is asked about.
    denied: Vec<usize>,
}

impl Kept {
    /// One more principal.
    pub fn add(&mut self, principal: PrincipalAnswer) {
        let is_told = |answer: &OperationAnswer| answer.decision != Decision::Deny || is_near_perhaps(answer);
        if !principal.could_grant_itself.is_empty() || self.told.ask(&principal.operations, is_told).contains(&true) {
            return self.principals.push(principal);
        }
        let stands = |place: &usize| self.principals.get(*place);
        if self.denied.last().and_then(stands).is_some_and(|last| last.account != principal.account) {
            self.denied.clear();
        }
        let alike =
            |place: usize| self.principals.get(place).is_some_and(|p| p.operations.are_told_as(&principal.operations));
        if !self.denied.iter().copied().any(alike) {
            self.denied.push(self.principals.len());
            self.principals.push(principal);
        }
    }
}

/// The answers of an assessment: who may, of whom it is unknown, and who nearly may.
pub fn rows<'a>(assessment: &'a Assessment, needed: &Needed) -> [Vec<Row<'a>>; 3] {
    let of = |decision: Decision| {
        let is = |p: &&PrincipalAnswer| p.operations.in_common().iter().any(|o| o.decision == decision);
        let rows = |p: &'a PrincipalAnswer| p.operations.iter().filter(|o| o.decision == decision).map(move |o| (p, o));
        assessment.principals.iter().filter(is).flat_map(rows).collect()
    };
    let is_near =
        |at: &(usize, usize)| needed.get(at).is_none_or(|needed| needed.is_some_and(|number| number <= NEARLY));
    let nearly = near(assessment).filter(|(at, _)| is_near(at)).map(|(_, row)| row).collect();
    [of(Decision::Allow), of(Decision::Unknown), nearly]
}

/// What stands in everybody's way, where nobody may: the gate that everybody fails first, which is the answer (D8), and where that is so.
/// One that fails later is no answer of anybody's.
pub fn in_everybodys_way(assessment: &Assessment) -> Vec<(&GateAnswer, Vec<Row<'_>>)> {
    // what a gate says is the same for all of a class
    let all = || assessment.principals.iter().flat_map(|p| p.operations.in_common().into_iter().map(move |o| (p, o)));
    if all().any(|(_, o)| o.decision != Decision::Deny) {
        return Vec::new();
    }
    let mut places: BTreeMap<_, Vec<Row<'_>>> = BTreeMap::new();
    for (principal, answer) in all() {
        let what = (answer.scope, &answer.agreement, &answer.report);
        places.entry((&principal.account, what)).or_default().push((principal, answer));
    }
    let mut found: Vec<(&GateAnswer, Vec<Row<'_>>)> = Vec::new();
    for rows in places.into_values() {
        let mut gates = rows.iter().map(|(_, answer)| first_gate(answer));
        let Some(gate) = gates.next().flatten().filter(|gate| gates.all(|g| g.is_some_and(|g| says(g) == says(gate))))
        else {
            continue;
        };
        match found.iter_mut().find(|(known, _)| says(known) == says(gate)) {
            Some((_, known)) => known.extend(rows.into_iter().take(1)),
            None => found.push((gate, rows.into_iter().take(1).collect())),
        }
    }
    found
}

/// The gate that is the answer: the first that fails whatever is not known.
fn first_gate(answer: &OperationAnswer) -> Option<&GateAnswer> {
    answer.gates.iter().find(|gate| gate.certain)
}

/// What a gate says: the console's message, or the reason of the rules.
pub fn says(gate: &GateAnswer) -> String {
    match (&gate.message, &gate.reason) {
        (Some(message), _) => format!("the console says “{message}”"),
        (None, reason) => reason.clone().unwrap_or_else(|| gate.id.clone()),
    }
}

/// The text.
pub fn who_can(
    width: usize,
    (assessment, roles, rows): (&Assessment, &Roles, &[Vec<Row<'_>>; 3]),
    operation: &str,
    typed: &Typed,
) -> String {
    let mut text = format!("{} {}\n", bold(operation), dim(&format!("· {}", day(&assessment.at))));
    let [may, unknown, nearly] = rows;
    for (title, rows) in [("may", may), ("unknown", unknown), ("nearly may", nearly)] {
        text.push_str(&format!("\n{}\n", bold(&format!("{title} ({})", rows.len()))));
        for (principal, answer) in rows {
            text.push_str(&paragraph(width, "  ", &row(principal, answer)));
            if let Some(behind) = roles.get(&principal.principal).filter(|_| answer.decision != Decision::Deny) {
                text.push_str(&at_role(width, behind));
            }
        }
    }
    let stops = in_everybodys_way(assessment);
    if !stops.is_empty() {
        text.push_str(&format!("\n{}\n", bold("what stops everyone")));
    }
    for (gate, _) in stops {
        let line = format!("{} ({}, {}, {})", says(gate), gate.id, gate.policy, gate.rule);
        text.push_str(&paragraph(width, "  ", &line));
    }
    text.push_str(&completeness::perhaps(width, &assessment.completeness.perhaps_others));
    let unknown = completeness::line(width, &assessment.completeness, typed);
    if !unknown.is_empty() {
        text.push_str(&format!("\n{unknown}"));
    }
    text
}

/// What is missing, and of what is denied, by which statement.
fn lacking(answer: &OperationAnswer) -> String {
    let mut denials: Vec<(String, Vec<&str>)> = Vec::new();
    for because in &answer.denied_by {
        let Some(statement) = &because.statement else { continue };
        let place = place(statement);
        match denials.iter_mut().find(|(known, _)| *known == place) {
            Some((_, actions)) => actions.push(&because.action),
            None => denials.push((place, vec![&because.action])),
        }
    }
    let silent = answer.gates.iter().flat_map(|g| &g.because).filter(|b| b.statement.is_none());
    let silent: BTreeSet<&str> = silent.map(|b| b.action.as_str()).collect();
    let mut words: Vec<String> =
        denials.iter().map(|(place, actions)| format!("{} denied by {place}", actions.join(", "))).collect();
    if !silent.is_empty() {
        words.push(format!("missing {}", silent.into_iter().collect::<Vec<_>>().join(", ")));
    }
    words.join("; ")
}

/// Of a role whose trust policy, with all that is above it, lets nobody in.
pub const NOBODY: &str = "nobody in the inventory may assume it";

/// Who may become a role, and how.
pub fn at_role(width: usize, behind: &Behind) -> String {
    let mut text = String::new();
    let mut line = |words: &str| text.push_str(&paragraph(width, "      ", words));
    for assumer in &behind.assumers {
        let roles = assumer.roles.iter().map(|r| short(r)).collect::<Vec<_>>().join(", then ");
        let depends = if assumer.depends_on.is_empty() {
            String::new()
        } else {
            format!(" — depends on {}", assumer.depends_on.join(", "))
        };
        let perhaps = if assumer.certain { "" } else { "perhaps " };
        line(&format!("{perhaps}{} by assuming {roles}{depends}", principal_words(&(&assumer.identity).into())));
    }
    for other in &behind.others {
        line(&format!("people unknown: {}", sentences::other(other)));
    }
    if behind.is_nobody() {
        line(NOBODY);
    }
    if !behind.trusted.is_empty() {
        line(&format!("{}, as countersign.toml declares", behind.trusted.join(", ")));
    }
    text
}

/// Who may become a role, each in a few words: its assumers, others of whom nothing is known, and those whom settings declare; or that
/// nobody may.
pub fn behind(behind: &Behind) -> Vec<String> {
    if behind.is_nobody() {
        return vec![NOBODY.to_owned()];
    }
    let assumer = |assumer: &Assumer| {
        sentences::perhaps(assumer.certain, &principal_words(&PrincipalEntry::from(&assumer.identity)))
    };
    let others = behind.others.iter().map(|other| format!("people unknown: {}", sentences::other(other)));
    behind.assumers.iter().map(assumer).chain(others).chain(behind.trusted.iter().cloned()).collect()
}

/// Those who may be there unseen, in a table.
pub const OTHERS: &str = "others, who are not listed";

/// What principals may grant themselves, by account and ARN.
pub type Escalations = BTreeMap<(String, String), Vec<Escalation>>;

/// Who lacks permissions and may grant them to itself: told beside the answers, and not counted as allowed.
pub fn could_grant(width: usize, assessment: &Assessment, found: &Escalations) -> Option<String> {
    let mut text = format!("{}\n", bold(&format!("may grant itself what is missing ({})", found.len())));
    for principal in &assessment.principals {
        let ways = found.get(&(principal.account.clone(), principal.principal.clone()));
        for way in ways.into_iter().flatten() {
            let perhaps = if way.certain { "" } else { "perhaps " };
            let on = if way.on == principal.principal { "itself" } else { &way.on };
            text.push_str(&paragraph(
                width,
                "  ",
                &format!("{perhaps}{} by {} on {on}", principal.principal, way.action),
            ));
        }
    }
    (!found.is_empty()).then_some(text)
}

fn row(principal: &PrincipalAnswer, answer: &OperationAnswer) -> String {
    let person = |p: &Person| match &p.group {
        Some(group) => format!("{} by {group}", p.user_name),
        None => p.user_name.clone(),
    };
    let groups = principal.groups.iter().map(|g| format!("whoever is in {}", g.name));
    let people: Vec<String> = principal.people.iter().map(person).chain(groups).collect();
    let people = if people.is_empty() { String::new() } else { format!(" (people: {})", people.join(", ")) };
    let what = [answer.agreement.as_deref(), answer.report.as_deref(), answer.scope.map(Scope::word)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let more = match answer.decision {
        Decision::Allow => {
            let root =
                answer.assuming.iter().filter(|a| principal.kind == PrincipalKind::Root && a.contains("root user"));
            answer.deprecated.iter().chain(root).cloned().collect::<Vec<_>>().join("; ")
        }
        Decision::Deny => lacking(answer),
        Decision::Unknown => {
            let keys: Vec<&str> = answer.depends_on.iter().map(|d| d.key.as_str()).collect();
            answer.reason.clone().unwrap_or_else(|| format!("depends on {}", keys.join(", ")))
        }
    };
    let more = if more.is_empty() { more } else { format!(" — {more}") };
    // an operation about the account has nothing more to say
    let what = if what.is_empty() { what } else { format!(": {what}") };
    format!("{} {}{people}{what}{more}", verdict(answer.decision), principal.principal)
}
