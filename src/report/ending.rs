//! Who can end the coverage of an account, for people: an account, its ways, and who can go them.

use std::collections::{BTreeMap, BTreeSet};

use super::plain;
use super::table::Table;
use super::who_can::{at_role, behind};
use super::{COVERED_MEANS, assumed, bold, completeness, day, dim, paragraph, rows, sentences, wrapped};
use countersign_core::assessment::completeness::others::Others;
use countersign_core::diff::PrincipalEntry;
use countersign_core::ending::{Effect, Ending, Perhaps, Way};
use countersign_core::people::Roles;
use countersign_core::terms::Departing;
use countersign_core::words;

/// What an account is called.
type Place<'a> = &'a dyn Fn(&str) -> String;

/// An account by its number alone, beside which its name stands.
pub fn number(account: &str) -> String {
    account.to_owned()
}

/// All of it.
pub fn text(
    width: usize,
    (kind, at): (&str, &str),
    (endings, roles): (&[Ending], &Roles),
    not_followed: &[&str],
    others: &[Others],
    place: Place<'_>,
) -> String {
    let mut text = format!("{} {}\n", bold(&format!("Who can end coverage by {kind}")), dim(&format!("· {}", day(at))));
    if endings.is_empty() {
        text.push_str("No account is covered.\n");
    }
    for ending in endings {
        let name = ending.name.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
        let by = ending.governing.as_ref().map_or_else(
            || "what governs it is unknown".to_owned(),
            |g| format!("covered by {} ({} agreement)", g.id, g.scope),
        );
        let who = format!("{}{name}  {}", bold(&ending.account), dim(&by));
        text.push_str(&format!("\n{}", wrapped(width, "", 2, &who)));
        if let Some(departing) = ending.departing {
            text.push_str(&paragraph(width, "  ", self::departing(departing)));
        }
        ending.ways.iter().for_each(|w| text.push_str(&way(width, w, roles, place)));
    }
    text.push('\n');
    text.push_str(&completeness::perhaps(width, others));
    text.push_str(&paragraph(width, "", &format!("Not followed: {}.", not_followed.join("; "))));
    for assumption in assumed::alike(endings.iter().flat_map(|e| &e.ways).flat_map(|w| &w.assuming)) {
        text.push_str(&wrapped(width, "Assuming: ", 2, &plain::stopped(&assumption)));
    }
    text.push_str(&paragraph(width, "", COVERED_MEANS));
    text
}

/// A row an account, way and principal who can go it or may; a way that nobody who is listed can go has a row too.
pub fn table(endings: &[Ending], roles: &Roles, others: &[Others]) -> Table {
    let mut table = Table::new(&[
        "account",
        "account name",
        "agreement",
        "governing",
        "operation",
        "scope",
        "by",
        "effect",
        "answer",
        "who",
        "people",
        "principal",
        "depends on",
        "reason",
        "on",
        "stands behind",
        "assuming",
    ]);
    for (ending, way) in endings.iter().flat_map(|e| e.ways.iter().map(move |w| (e, w))) {
        let mut row = |answer: &str, who: Option<&PrincipalEntry>, perhaps: Option<&Perhaps>, why: &str| {
            table.rows.push(vec![
                ending.account.clone(),
                ending.name.clone().unwrap_or_default(),
                ending.kind.clone(),
                ending.governing.as_ref().map(|g| g.id.clone()).unwrap_or_default(),
                way.operation.to_owned(),
                way.scope.map(|s| s.to_string()).unwrap_or_default(),
                way.by.clone(),
                effect(way.effect).to_owned(),
                answer.to_owned(),
                who.map(|w| words::principal(w.kind, &w.name, &w.account)).unwrap_or_default(),
                who.map(|w| w.people.join("; ")).unwrap_or_default(),
                who.map(|w| w.principal.clone()).unwrap_or_default(),
                perhaps
                    .map(|p| p.depends_on.iter().map(|k| sentences::key(k)).collect::<Vec<_>>().join("; "))
                    .unwrap_or_default(),
                perhaps.and_then(|p| p.reason.clone()).unwrap_or_else(|| why.to_owned()),
                perhaps.map(|p| &p.on).filter(|on| !on.is_empty()).unwrap_or(&way.acceptances).join("; "),
                who.and_then(|w| roles.get(&w.principal)).map(|b| behind(b).join("; ")).unwrap_or_default(),
                way.assuming.join("; "),
            ]);
        };
        way.may.iter().for_each(|who| row("yes", Some(who), None, ""));
        way.unknown.iter().for_each(|p| row("unknown", Some(&p.principal), Some(p), ""));
        way.by_the_call.iter().for_each(|who| row("unknown", Some(who), None, BY_THE_CALL));
        if is_nobody(way) {
            row("nobody who is listed", None, None, &way.why_nobody.join("; "));
        }
    }
    rows::unlisted(table, others)
}

/// A way that several accounts share.
pub struct Shared<'a> {
    /// The kind of agreement.
    pub kind: &'a str,
    /// The way.
    pub way: &'a Way,
    /// The accounts whose coverage it ends.
    pub accounts: Vec<&'a str>,
}

/// The ways of all accounts, each once a kind.
pub fn ways(endings: &[Ending]) -> Vec<Shared<'_>> {
    let mut found: Vec<Shared<'_>> = Vec::new();
    let mut places: BTreeMap<_, usize> = BTreeMap::new();
    let of = |p: &PrincipalEntry| p.principal.clone();
    for (ending, way) in endings.iter().flat_map(|e| e.ways.iter().map(move |w| (e, w))) {
        let who = (
            way.may.iter().map(of).collect::<Vec<_>>(),
            way.unknown.iter().map(|p| of(&p.principal)).chain(way.by_the_call.iter().map(of)).collect::<Vec<_>>(),
            &way.why_nobody,
        );
        let place = *places
            .entry((&ending.kind, way.operation, way.scope, &way.by, &way.acceptances, way.effect, who))
            .or_insert_with(|| {
                found.push(Shared { kind: &ending.kind, way, accounts: Vec::new() });
                found.len() - 1
            });
        if let Some(shared) = found.get_mut(place) {
            shared.accounts.push(&ending.account);
        }
    }
    found
}

/// The accounts that depart by themselves, or perhaps do, each once: those of which the same is said together.
pub fn departures(endings: &[Ending]) -> Vec<String> {
    let mut alike: BTreeMap<&'static str, BTreeSet<&String>> = BTreeMap::new();
    for ending in endings {
        if let Some(departing) = ending.departing {
            alike.entry(self::departing(departing)).or_default().insert(&ending.account);
        }
    }
    let sentence = |(what, accounts): (&str, BTreeSet<&String>)| {
        let accounts: Vec<&str> = accounts.into_iter().map(String::as_str).collect();
        format!("{}: {what}", accounts.join(", "))
    };
    alike.into_iter().map(sentence).collect()
}

/// What comes of a way to end coverage.
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::DepartsLater => "ends nothing by itself: it leads to departure, on a date that is not known",
        Effect::OwnAgreement => "its own account agreement governs then",
        Effect::StillCovered => "another agreement governs then",
        Effect::Uncovered => "uncovered",
        Effect::Unknown => "what is in force then is unknown",
    }
}

/// What becomes of an account that is closed.
pub fn departing(departing: Departing) -> &'static str {
    match departing {
        Departing::Closed => "closed: it departs from its organization on a date that is not known",
        Departing::Closing => "being closed: it departs from its organization on a date that is not known",
        Departing::PerhapsClosed => "suspended, perhaps closed: it departs then on a date that is not known",
    }
}

fn way(width: usize, way: &Way, roles: &Roles, place: Place<'_>) -> String {
    let scope = way.scope.map(|s| format!(" ({s})")).unwrap_or_default();
    let effect = effect(way.effect);
    let of = match way.acceptances.as_slice() {
        [] => String::new(),
        [one] => format!(" of {one}"),
        several => format!(" of {}", several.join(" and ")),
    };
    let mut text = paragraph(width, "  ", &format!("{}{scope}{of} in {}: {effect}", way.operation, place(&way.by)));
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("    {name:<8} "), body));
    if is_nobody(way) {
        section("nobody", &nobody(way));
    }
    if !way.may.is_empty() {
        section("may", &names(way.may.iter(), place));
    }
    perhaps(way, place).iter().for_each(|who| section("unknown", who));
    for role in way.may.iter().chain(way.unknown.iter().map(|p| &p.principal)).chain(&way.by_the_call) {
        if let Some(behind) = roles.get(&role.principal) {
            text.push_str(&paragraph(width, "    ", &format!("behind the role {}", role.name)));
            text.push_str(&at_role(width, behind));
        }
    }
    text
}

/// Whether nobody who is listed can go a way, and nobody perhaps can.
pub fn is_nobody(way: &Way) -> bool {
    way.may.is_empty() && way.unknown.is_empty() && way.by_the_call.is_empty()
}

/// Of those who are listed nobody can, and why.
pub fn nobody(way: &Way) -> String {
    match way.why_nobody.as_slice() {
        [] => "of those who are listed".to_owned(),
        why => format!("of those who are listed: {}", why.join("; ")),
    }
}

/// Why it is not known of those whom the console does not let.
const BY_THE_CALL: &str = "the console asks them for a permission that they lack, and IAM lets them make the call itself: no source says \
                           whether AWS Artifact carries it out";

/// Of whom it is not known, those with the same reason together, and the reason.
pub fn perhaps(way: &Way, place: Place<'_>) -> Vec<String> {
    let mut by_reason: BTreeMap<String, Vec<&PrincipalEntry>> = BTreeMap::new();
    for Perhaps { principal, reason, depends_on, on, .. } in &way.unknown {
        let why = match depends_on.as_slice() {
            [] => reason.clone().unwrap_or_default(),
            keys => format!("it depends on {}", keys.iter().map(|k| sentences::key(k)).collect::<Vec<_>>().join(", ")),
        };
        let why = if on.is_empty() { why } else { format!("{why} (on {} alone)", on.join(", ")) };
        by_reason.entry(why).or_default().push(principal);
    }
    by_reason.entry(BY_THE_CALL.to_owned()).or_default().extend(&way.by_the_call);
    by_reason.retain(|_, principals| !principals.is_empty());
    by_reason.into_iter().map(|(why, principals)| format!("{}: {why}", names(principals.into_iter(), place))).collect()
}

/// Everyone: who is left out of a list that is filed is taken for one who cannot.
fn names<'p>(principals: impl Iterator<Item = &'p PrincipalEntry>, place: Place<'_>) -> String {
    let name = |entry: &PrincipalEntry| {
        let people = if entry.people.is_empty() { String::new() } else { format!(" ({})", entry.people.join(", ")) };
        format!("{}{people}", words::principal(entry.kind, &entry.name, &place(&entry.account)))
    };
    principals.map(name).collect::<Vec<_>>().join(", ")
}
