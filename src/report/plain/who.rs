//! "Who can do that?": how many, who they are, of whom it is not known, and who nearly can.

use super::can::target;
use super::counted::Counted;
use super::ending::all_or_few;
use super::{Names, lacking, listed, opened, stopped};
use crate::report::typed::Typed;
use crate::report::{assumed, bold, completeness, count, few, paragraph, sentences, who_can, wrapped};
use countersign_core::assessment::{Assessment, OperationAnswer, Person, PrincipalAnswer};
use countersign_core::people::{Behind, Roles};
use countersign_core::terms::{Decision, PrincipalKind, Scope};
use who_can::Row;

/// Names in the first sentence; who else there is is counted.
const NAMED: usize = 6;

/// Who can end the cover of accounts that they cannot end themselves, in sentences.
#[derive(Clone, Copy)]
pub struct Elsewhere<'a> {
    /// A sentence for each agreement.
    pub sentences: &'a [String],
    /// The accounts were named: where nobody in them can, this is the answer, and comes first.
    pub named: bool,
}

/// The text. `elsewhere`: who can end the cover of accounts that they cannot end themselves.
pub fn who(
    width: usize,
    (assessment, roles, rows): (&Assessment, &Roles, &[Vec<Row<'_>>; 3]),
    names: Names<'_>,
    (elsewhere, typed): (Elsewhere<'_>, &Typed),
) -> String {
    let [may, unknown_rows, nearly] = rows;
    let rows = [may, unknown_rows, nearly];
    let mut text = paragraph(width, "", &first((assessment, roles), names, rows, elsewhere));
    for (title, rows) in [("Can", may), ("Unknown", unknown_rows), ("Nearly can", nearly)] {
        if rows.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{}\n", bold(title)));
        for (principal, answer) in rows {
            text.push_str(&wrapped(width, "  • ", 4, &row(assessment, names, principal, answer)));
            if let Some(behind) = roles.get(&principal.principal).filter(|_| answer.decision != Decision::Deny) {
                text.push_str(&who_can::at_role(width, behind));
            }
        }
    }
    text.push_str(&completeness::perhaps(width, &assessment.completeness.perhaps_others));
    let unknown = completeness::line(width, &assessment.completeness, typed);
    if !unknown.is_empty() {
        text.push_str(&format!("\n{unknown}"));
    }
    let rows: Vec<Row<'_>> = rows.into_iter().flatten().copied().collect();
    text + &assumed::text(width, shown_or_all(assessment, &rows).flat_map(|o| o.assuming.iter()))
}

/// The answers of some rows; where nobody is among them, those of everybody, which say so.
fn shown_or_all<'a>(
    assessment: &'a Assessment,
    rows: &'a [Row<'a>],
) -> Box<dyn Iterator<Item = &'a OperationAnswer> + 'a> {
    if rows.is_empty() {
        return Box::new(assessment.principals.iter().flat_map(|p| p.operations.iter()));
    }
    Box::new(rows.iter().map(|(_, answer)| *answer))
}

/// The answer in a sentence or two. Who can end the cover of an account comes first where its own people cannot.
pub fn first(
    (assessment, roles): (&Assessment, &Roles),
    names: Names<'_>,
    [may, unknown, nearly]: [&Vec<Row<'_>>; 3],
    elsewhere: Elsewhere<'_>,
) -> String {
    let behind = may.iter().chain(unknown).filter_map(|(p, _)| roles.get(&p.principal));
    let at_a_role = behind.flat_map(|b| &b.others).any(|other| other.unlisted.is_some());
    let others = at_a_role || !assessment.completeness.perhaps_others.is_empty();
    let all = assessment.principals.iter().flat_map(|p| p.operations.in_common());
    let mut deeds: Vec<String> = Vec::new();
    for deed in all.map(|o| names.deed(o)) {
        if !deeds.contains(&deed) {
            deeds.push(deed);
        }
    }
    let deed = listed(&deeds, "or");
    // a role that nobody may assume is nobody
    let is_empty = |(principal, _): &Row<'_>| roles.get(&principal.principal).is_some_and(Behind::is_nobody);
    let (empty, may): (Vec<Row<'_>>, Vec<Row<'_>>) = may.iter().copied().partition(is_empty);
    let (empty_unknown, unknown): (Vec<Row<'_>>, Vec<Row<'_>>) = unknown.iter().copied().partition(is_empty);
    let people = Counted::of(names, &may);
    let is_first = may.is_empty() && elsewhere.named;
    let (first, last): (&[String], &[String]) =
        if is_first { (elsewhere.sentences, &[]) } else { (&[], elsewhere.sentences) };
    let itself = if first.is_empty() { "" } else { " from there" };
    let mut text = match people.names.len() + people.groups.len() {
        0 if assessment.completeness.perhaps_others.is_empty() && unknown.is_empty() && empty_unknown.is_empty() => {
            nobody(assessment, names, (&deed, itself))
        }
        0 => format!("Nobody is known who can {deed}{itself}."),
        _ => {
            let all: Vec<String> = people.names.iter().chain(&people.groups).cloned().collect();
            let shown = all_or_few(&all);
            let shown = if people.names.is_empty() { String::new() } else { format!(": {shown}") };
            format!("{} can {deed}{shown}.", people.number())
        }
    };
    if !empty.is_empty() {
        let all = Counted::of(names, &empty).names;
        let it = if all.len() == 1 { "it" } else { "them" };
        let told = format!("{} could, but nobody in the inventory may assume {it}.", all_or_few(&all));
        text.push_str(&format!(" {}", opened(&told)));
    }
    // whoever can is counted once, in whatever account; and of whom it is not known, too
    let not_known = Counted::beside(names, &unknown, &[&may]);
    if !not_known.is_empty() {
        text.push_str(&format!(" For {} it is not known.", not_known.listed()));
    } else if !unknown.is_empty() {
        text.push_str(" For some of them it is not known in every account.");
    }
    let near = Counted::beside(names, nearly, &[&may, &unknown]);
    if !near.is_empty() {
        text.push_str(&format!(" {} nearly can: few permissions are missing or denied.", near.number()));
    }
    if others {
        text.push_str(" Others, who are not listed, perhaps can.");
    }
    first.iter().chain([&text]).chain(last).cloned().collect::<Vec<_>>().join(" ")
}

/// That nobody can, and why: what everybody is told first, and where, if that is not the same everywhere.
fn nobody(assessment: &Assessment, names: Names<'_>, (deed, itself): (&str, &str)) -> String {
    let deed = format!("{deed}{itself}");
    let stops = who_can::in_everybodys_way(assessment);
    let reason = |rows: &[Row<'_>]| {
        let all = rows.iter().map(|(p, answer)| {
            let (preposition, target) = target(assessment, p, answer, names);
            format!("{preposition} {target}")
        });
        few(&all.collect::<Vec<_>>(), NAMED)
    };
    match stops.as_slice() {
        [] => format!("Nobody can {deed}."),
        [(gate, _)] => stopped(&format!("Nobody can {deed}: {}", who_can::says(gate))),
        stops => {
            let each = stops.iter().map(|(gate, rows)| format!("{}: {}", reason(rows), who_can::says(gate)));
            stopped(&format!("Nobody can {deed}; {}", each.collect::<Vec<_>>().join("; ")))
        }
    }
}

/// People by their names, and everyone else by what they are.
fn called(names: Names<'_>, principal: &PrincipalAnswer) -> String {
    let people: Vec<String> = people(principal);
    if people.is_empty() { names.principal(principal) } else { listed(&people, "and") }
}

/// The people and groups behind a permission set.
pub fn people(principal: &PrincipalAnswer) -> Vec<String> {
    let person = |p: &Person| p.user_name.clone();
    let groups = principal.groups.iter().map(|g| format!("whoever is in {}", g.name));
    principal.people.iter().map(person).chain(groups).collect()
}

fn row(assessment: &Assessment, names: Names<'_>, principal: &PrincipalAnswer, answer: &OperationAnswer) -> String {
    let through = match principal.kind {
        PrincipalKind::PermissionSet if !people(principal).is_empty() => {
            format!(", through {}", names.principal(principal))
        }
        PrincipalKind::PermissionSet => ", to which nobody is known to be assigned".to_owned(),
        PrincipalKind::User => format!(", a user of {}", names.account(&principal.account)),
        PrincipalKind::Role => format!(", of {}", names.account(&principal.account)),
        _ => String::new(),
    };
    let (preposition, target) = target(assessment, principal, answer, names);
    let more = match answer.decision {
        Decision::Allow => {
            let only = answer.deprecated.iter().map(|d| format!("; only {d}"));
            let root =
                answer.assuming.iter().filter(|a| principal.kind == PrincipalKind::Root && a.contains("root user"));
            only.chain(root.map(|a| format!("; {a}"))).collect()
        }
        Decision::Deny => format!("; {}", lacking::text(answer, names)),
        Decision::Unknown => {
            let keys: Vec<String> = answer.depends_on.iter().map(|d| sentences::key(&d.key)).collect();
            let depends = || format!("depends on {}", keys.join(", "));
            format!("; {}", answer.reason.clone().unwrap_or_else(depends))
        }
    };
    let governed = another_governs(assessment, principal, answer);
    let more = more + &governed.map(|by| format!("; another governs this account: {by}")).unwrap_or_default();
    stopped(&opened(&format!(
        "{}{through}: {} {preposition} {target}{more}",
        called(names, principal),
        names.deed_to(answer, answer.member.as_slice())
    )))
}

/// Which agreement of the kind governs the account, where it is another than the one that is asked about, whose end uncovers nothing there.
pub fn another_governs(
    assessment: &Assessment,
    principal: &PrincipalAnswer,
    answer: &OperationAnswer,
) -> Option<&'static str> {
    let account = assessment.account(&principal.account)?;
    let row = account.agreements.iter().find(|r| Some(&r.kind) == answer.agreement.as_ref())?;
    let governing = row.governing.as_ref()?;
    let others = row.superseded.len() + row.also_in_force.len();
    if others == 0 || answer.decision == Decision::Deny || Some(governing.scope) == answer.scope {
        return None;
    }
    Some(match governing.scope {
        Scope::Offline => "one made outside AWS Artifact",
        Scope::Organization => "that of its organization",
        _ => "its own",
    })
}

/// That somebody lacks a permission and may grant it to itself, in a sentence.
pub fn grants(number: usize) -> String {
    let (who, itself) = (count(number, "principal"), if number == 1 { "itself" } else { "themselves" });
    format!("{who} may grant {itself} what is missing; --explain shows who, and how.")
}
