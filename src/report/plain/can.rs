//! "Can this person do that?": yes, no, or unknown; for whom; why; and what would change it.

use std::collections::BTreeSet;

use super::{Names, capital, listed, opened, stopped};
use crate::report::Shown;
use crate::report::{assumed, bold, dim, few, in_colour, paragraph, plan, sentences, wrapped};
use countersign_core::assessment::plans::{Gain, Step, StepKind, excepted_as};
use countersign_core::assessment::{
    AccountAnswer, Assessment, BecauseAnswer, GateAnswer, OperationAnswer, PrincipalAnswer,
};
use countersign_core::terms::{AnyAllowed, Decision, PrincipalKind, Role, Scope};

/// Who is asked about, and with what names.
pub struct Asked<'a> {
    /// The names.
    pub names: Names<'a>,
    /// The name that was asked with.
    pub name: &'a str,
}

/// Answers that differ in nothing but where they hold.
struct Group<'a> {
    decision: Decision,
    who: String,
    deed: String,
    /// `for account wards (…)`, each with its preposition.
    /// The members that it is done to.
    members: Vec<String>,
    targets: Vec<(&'static str, String)>,
    cause: String,
    answers: Vec<(&'a PrincipalAnswer, &'a OperationAnswer)>,
}

/// The text.
pub fn can(width: usize, assessment: &Assessment, asked: &Asked<'_>) -> String {
    let groups = groups(assessment, asked);
    let mut text = String::new();
    let decisions: BTreeSet<Decision> = groups.iter().map(|g| g.decision).collect();
    if let [only] = groups.as_slice() {
        let first = in_colour(Shown::from(only.decision).colour, &format!("{}.", word(only.decision)));
        text.push_str(&paragraph(width, "", &format!("{first} {}", opened(&sentence(only)))));
        text.push_str(&block(width, only, asked));
    } else {
        text.push_str(&paragraph(width, "", &format!("{}.", bold(&differs(&decisions)))));
        for group in &groups {
            let first = format!("{}: ", in_colour(Shown::from(group.decision).colour, word(group.decision)));
            text.push('\n');
            text.push_str(&wrapped(width, &first, 2, &sentence(group)));
            text.push_str(&block(width, group, asked));
        }
    }
    text + &assumed::text(
        width,
        assessment.principals.iter().flat_map(|p| p.operations.iter()).flat_map(|o| &o.assuming),
    )
}

/// The first sentences alone: one for each group of answers.
pub fn headline(assessment: &Assessment, asked: &Asked<'_>) -> String {
    let groups = groups(assessment, asked);
    let line = |group: &Group<'_>| format!("{}: {}", word(group.decision), sentence(group));
    match groups.as_slice() {
        [only] => format!("{}. {}", word(only.decision), opened(&sentence(only))),
        groups => groups.iter().map(line).collect::<Vec<_>>().join(" "),
    }
}

/// The line below an answer: as of when, and where the rest is.
pub fn foot(at: &str) -> String {
    dim(&format!("{} --explain shows the policies, statements and rules behind this answer.", super::day::answered(at)))
}

/// An answer in a word.
pub fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "Yes",
        Decision::Deny => "No",
        Decision::Unknown => "Unknown",
    }
}

/// That answers are not all the same.
fn differs(decisions: &BTreeSet<Decision>) -> String {
    let has = |d: Decision| decisions.contains(&d);
    match (has(Decision::Allow), has(Decision::Deny), has(Decision::Unknown)) {
        (true, false, false) => "Yes",
        (true, true, false) => "Yes and no",
        (true, false, true) => "Yes, and in part unknown",
        (true, true, true) => "Yes and no, and in part unknown",
        (false, true, true) => "No, and in part unknown",
        (false, true, false) => "No",
        (false, false, _) => "Unknown",
    }
    .to_owned()
}

fn groups<'a>(assessment: &'a Assessment, asked: &Asked<'_>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for principal in &assessment.principals {
        for answer in &principal.operations {
            let who = who(principal, asked);
            let deed = asked.names.deed(answer);
            let decision = decided(answer);
            let cause = cause(answer, asked.names);
            let target = target(assessment, principal, answer, asked.names);
            // one reason that is told of several places holds in each of them: all reasons are the same, and what the console says
            let reasons = |a: &OperationAnswer| (a.message.clone(), a.detail.clone(), why(a, asked.names));
            let same = |g: &&mut Group<'_>| {
                let first = g.answers.first().map(|(_, a)| reasons(a));
                (g.decision, &g.who, &g.deed, &g.cause) == (decision, &who, &deed, &cause)
                    && first == Some(reasons(answer))
            };
            let member = answer.member.iter().cloned();
            match groups.iter_mut().find(same) {
                Some(group) => {
                    group.members.extend(member);
                    group.targets.push(target);
                    group.answers.push((principal, answer));
                }
                None => groups.push(Group {
                    decision,
                    who,
                    deed,
                    members: member.collect(),
                    targets: vec![target],
                    cause,
                    answers: vec![(principal, answer)],
                }),
            }
        }
    }
    for group in &mut groups {
        group.members.dedup();
        if let Some((_, answer)) = group.answers.first() {
            group.deed = asked.names.deed_to(answer, &group.members);
        }
    }
    groups.sort_by_key(|g| g.decision);
    groups
}

/// The answer; to "any request", whether there is one.
fn decided(answer: &OperationAnswer) -> Decision {
    match answer.any_request.as_ref().map(|any| any.decision) {
        Some(AnyAllowed::Yes) => Decision::Allow,
        Some(AnyAllowed::No) => Decision::Deny,
        Some(AnyAllowed::Unknown) => Decision::Unknown,
        None => answer.decision,
    }
}

/// Who is asked about: a person by their own name, whatever they act through.
fn who(principal: &PrincipalAnswer, asked: &Asked<'_>) -> String {
    if principal.people.iter().any(|p| p.user_name == asked.name || p.id == asked.name) {
        return asked.name.to_owned();
    }
    asked.names.principal(principal)
}

/// Where an answer holds.
pub fn target(
    assessment: &Assessment,
    principal: &PrincipalAnswer,
    answer: &OperationAnswer,
    names: Names<'_>,
) -> (&'static str, String) {
    let account = names.account(&principal.account);
    let standing = assessment.account(&principal.account);
    match (answer.agreement.as_ref(), answer.scope) {
        (Some(_), Some(Scope::Account)) => ("for", account),
        (Some(_), Some(Scope::Organization)) => match standing {
            Some(a) if a.role == Role::Management => ("for", whole(assessment, a)),
            Some(a) if a.role == Role::Standalone => {
                ("for", format!("an organization from {account}, which is in none"))
            }
            _ => ("for", format!("the whole organization from {account}")),
        },
        (Some(_), Some(_)) => ("of", account),
        _ => ("in", account),
    }
}

/// The organization of a management account, by its id where there are several.
fn whole(assessment: &Assessment, account: &AccountAnswer) -> String {
    let all: BTreeSet<&String> = assessment.accounts.iter().filter_map(|a| a.organization.as_ref()).collect();
    match account.organization.as_ref().filter(|_| all.len() > 1) {
        Some(id) => format!("the whole organization {id}"),
        None => "the whole organization".to_owned(),
    }
}

fn sentence(group: &Group<'_>) -> String {
    let mut by: Vec<(&str, Vec<String>)> = Vec::new();
    for (preposition, target) in &group.targets {
        match by.iter_mut().find(|(p, _)| p == preposition) {
            Some((_, all)) if all.contains(target) => {}
            Some((_, all)) => all.push(target.clone()),
            None => by.push((preposition, vec![target.clone()])),
        }
    }
    let join = if group.decision == Decision::Deny { "or" } else { "and" };
    let targets = by.iter().map(|(p, all)| format!("{p} {}", listed(all, join))).collect::<Vec<_>>().join(" ");
    let any = group.answers.iter().any(|(_, a)| a.any_request.is_some());
    let cause = if group.cause.is_empty() { String::new() } else { format!(": {}", group.cause) };
    stopped(&match (group.decision, any) {
        (Decision::Allow, false) => format!("{} can {} {targets}{cause}", group.who, group.deed),
        (Decision::Allow, true) => format!("{} can {} {targets} by some request", group.who, group.deed),
        (Decision::Deny, false) => format!("{} cannot {} {targets}{cause}", group.who, group.deed),
        (Decision::Deny, true) => {
            format!("{} cannot {} {targets}, whatever the request carries", group.who, group.deed)
        }
        (Decision::Unknown, _) => {
            format!("it is not known whether {} can {} {targets}{cause}", group.who, group.deed)
        }
    })
}

/// Why, in half a sentence; empty for an allow that needs no explaining.
fn cause(answer: &OperationAnswer, names: Names<'_>) -> String {
    match decided(answer) {
        Decision::Allow => answer.deprecated.as_ref().map(|by| format!("only {by}")).unwrap_or_default(),
        Decision::Unknown => unknown(answer),
        Decision::Deny => match answer.gates.first() {
            _ if beyond(answer).is_some() => beyond(answer).map(|gate| told(answer, gate)).unwrap_or_default(),
            Some(gate) if !gate.because.is_empty() => {
                let denies = gate.because.iter().find(|b| b.statement.is_some()).or(gate.because.first());
                denies.map(|b| blocked(b, names, "it", false)).unwrap_or_default()
            }
            _ => match (&answer.reason, &answer.message) {
                (Some(reason), _) => reason.clone(),
                (None, Some(message)) => format!("the console says “{message}”"),
                (None, None) => String::new(),
            },
        },
    }
}

/// What no permission gets past, where the plan says that nothing helps before it is otherwise: it is the cause, whatever the console
/// says first (D27).
fn beyond(answer: &OperationAnswer) -> Option<&GateAnswer> {
    let plan = answer.changes.as_ref()?;
    let is_beyond = |step: &Step| matches!(step.kind, StepKind::Nothing | StepKind::Event);
    let nothing_helps = !plan.steps.is_empty() && plan.steps.iter().all(is_beyond);
    answer.gates.iter().find(|gate| nothing_helps && gate.certain && gate.because.is_empty())
}

/// The same in words. What the console would say of it is not what it says where another gate comes first (D8).
fn told(answer: &OperationAnswer, gate: &GateAnswer) -> String {
    match (&gate.reason, &gate.message) {
        (Some(reason), _) => reason.clone(),
        (None, Some(message)) if answer.message == gate.message => format!("the console says “{message}”"),
        (None, Some(message)) => format!("no permission gets past “{message}”"),
        (None, None) => gate.id.clone(),
    }
}

fn unknown(answer: &OperationAnswer) -> String {
    let keys: Vec<String> = answer.depends_on.iter().map(|d| sentences::depends(&d.key, &d.allows)).collect();
    match (&answer.reason, keys.as_slice()) {
        (Some(reason), _) => reason.clone(),
        (None, []) => String::new(),
        (None, keys) => format!("it depends {}", listed(keys, "and")),
    }
}

/// What keeps an action from being allowed. With the statement's name where that is asked for.
pub(super) fn blocked(because: &BecauseAnswer, names: Names<'_>, what: &str, statement: bool) -> String {
    let of = because.of.as_ref().map(|of| format!(" of {}", names.node(of))).unwrap_or_default();
    let sid = because.statement.as_ref().and_then(|s| s.sid.as_ref()).filter(|_| statement);
    let sid = sid.map(|sid| format!(" (statement {sid})")).unwrap_or_default();
    let layer = because.layer.split('[').next().unwrap_or(&because.layer);
    match (layer, because.statement.is_some()) {
        ("identity", true) => format!("one of the principal’s own policies denies {what}{sid}"),
        ("identity", false) => format!("no policy of the principal’s own allows {what}"),
        ("boundary", true) => format!("the permissions boundary denies {what}{sid}"),
        ("boundary", false) => format!("the permissions boundary does not allow {what}"),
        ("serviceControl", true) => format!("a service control policy{of} denies {what}{sid}"),
        ("serviceControl", false) => format!("no service control policy{of} allows {what}"),
        (other, true) => format!("a policy of the layer {other} denies {what}{sid}"),
        (other, false) => format!("no policy of the layer {other} allows {what}"),
    }
}

/// What stands below a sentence.
fn block(width: usize, group: &Group<'_>, asked: &Asked<'_>) -> String {
    let mut text = String::new();
    let mut section = |name: &str, lines: Vec<String>| {
        let mut seen = BTreeSet::new();
        for (at, line) in lines.into_iter().filter(|l| seen.insert(l.clone())).enumerate() {
            let name = if at == 0 { name } else { "" };
            text.push_str(&paragraph(width, &format!("  {name:<21} "), &line));
        }
    };
    let (first, rest) = match group.answers.split_first() {
        Some(((_, first), rest)) => (*first, rest),
        None => return text,
    };
    if let Some(message) = &first.message {
        let quoted = format!("“{message}”");
        section("The console says", std::iter::once(quoted).chain(first.detail.clone()).collect());
    }
    section("Why", group.answers.iter().flat_map(|(_, a)| why(a, asked.names)).collect());
    let through = group.answers.iter().filter(|(p, _)| p.kind == PrincipalKind::PermissionSet);
    let through = through.filter(|(p, _)| asked.names.principal(p) != group.who);
    section("Acts through", through.map(|(p, _)| asked.names.principal(p)).collect());
    let changes = std::iter::once(first).chain(rest.iter().map(|(_, a)| *a)).zip(&group.answers);
    section("What would change it", changes.flat_map(|(answer, (p, _))| changes_of(answer, p, asked.names)).collect());
    for dependency in first.depends_on.iter().filter(|_| group.decision == Decision::Deny) {
        let on = sentences::depends(&dependency.key, &dependency.allows);
        section("Which message", vec![format!("depends {on}")]);
    }
    text
}

/// Why an answer is a denial: what each gate asks for and does not get.
pub fn why(answer: &OperationAnswer, names: Names<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, gate) in answer.gates.iter().enumerate() {
        let perhaps = if gate.certain { "" } else { "perhaps " };
        for because in &gate.because {
            let words = blocked(because, names, &because.action, true);
            lines.push(stopped(&capital(&format!("{perhaps}{words}"))));
        }
        // a message begins as a sentence does: it is quoted where more stands before it
        let message = || match (&gate.message, gate.certain) {
            (Some(message), false) => Some(format!("the console says “{message}”")),
            (message, _) => message.clone(),
        };
        let told = gate.reason.clone().or_else(message);
        if let Some(told) = told.filter(|_| gate.because.is_empty() && (at > 0 || answer.message.is_none())) {
            lines.push(stopped(&capital(&format!("{perhaps}{told}"))));
        }
    }
    lines
}

/// What would turn a denial around, without ARNs and places of files.
pub fn changes_of(answer: &OperationAnswer, principal: &PrincipalAnswer, names: Names<'_>) -> Vec<String> {
    let Some(plan) = &answer.changes else { return Vec::new() };
    let who = names.principal(principal);
    let whom = format!("{who} in {}", names.account(&principal.account));
    let arn = principal.principal.as_str();
    let all_arns = excepted_as(arn).join(" and ");
    let mut lines = Vec::new();
    for step in &plan.steps {
        let plain = |text: &str| {
            let text = match (&step.file, &step.pointer) {
                // a document within the file of entities is called by what it is
                (Some(file), _) if text.contains(&format!("written in {file}")) => text.to_owned(),
                (Some(file), Some(pointer)) => named(text, &format!("{file}, {pointer}"), file),
                (Some(file), None) => named(text, file, file),
                _ => text.to_owned(),
            };
            text.replace(&all_arns, &whom).replace(arn, &whom).replace("(Sid ", "(statement ")
        };
        lines.push(stopped(&capital(&plain(&step.text))));
        if let Some(instead) = &step.instead {
            let gains = gains((&instead.also_allows, instead.may_allow), names);
            lines.push(stopped(&format!("Or {}, which {gains}", plain(&instead.text))));
        }
    }
    if !plan.also_allows.is_empty() || plan.may_allow > 0 {
        lines.push(stopped(&format!("This {}", gains((&plan.also_allows, plan.may_allow), names))));
    }
    if !plan.itself.is_empty() {
        lines.push(stopped(&format!("Then {who} may also {}", plan.itself.join(", "))));
    }
    if plan.leads_to == Some(Decision::Unknown) {
        let on: Vec<String> = plan.depends_on.iter().map(|d| sentences::depends(&d.key, &d.allows)).collect();
        let on = if on.is_empty() { "on what is not known".to_owned() } else { listed(&on, "and") };
        lines.push(stopped(&format!("Then it depends {on}")));
    }
    lines
}

/// Who else is allowed something: the first of them by name.
fn gains((gains, may): (&[Gain], usize), names: Names<'_>) -> String {
    const NAMED: usize = 3;
    if may > 0 {
        return plan::not_asked(may);
    }
    let one = |gain: &Gain| {
        let place = names.account(&gain.account);
        if gain.principal.ends_with(":root") {
            format!("the root user of {place}")
        } else if !gain.people.is_empty() {
            format!("{} ({}) in {place}", gain.name, few(&gain.people, NAMED))
        } else {
            format!("{} in {place}", gain.name)
        }
    };
    let mut told: Vec<String> = gains.iter().take(NAMED).map(one).collect();
    match gains.len().saturating_sub(NAMED) {
        0 => {}
        1 => told.push("1 other principal".to_owned()),
        more => told.push(format!("{more} other principals")),
    }
    match told.as_slice() {
        [] => "allows nobody else anything".to_owned(),
        told => format!("also allows something to {}", listed(told, "and")),
    }
}

/// A text with a document by its name in place of its place: what says already which policy it is, is not said again.
fn named(text: &str, place: &str, file: &str) -> String {
    let document = document(file);
    let name = document.trim_start_matches("the policy ");
    let kinds = ["the service control policy ", "the permissions boundary "];
    let told = kinds
        .iter()
        .fold(text.to_owned(), |text, kind| text.replace(&format!("{kind}{place}"), &format!("{kind}{name}")));
    told.replace(place, &document)
}

/// A policy document by the name of its file or, of AWS's own, by its name.
fn document(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    format!("the policy {}", name.strip_suffix(".json").unwrap_or(name))
}
