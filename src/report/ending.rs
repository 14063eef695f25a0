//! Who can end the coverage of an account, for people: an account, its ways, and who can go them.

use std::collections::BTreeMap;

use super::diff::principal;
use super::{COVERED_MEANS, bold, completeness, day, dim, few, paragraph};
use countersign_core::assessment::completeness::others::Others;
use countersign_core::diff::PrincipalEntry;
use countersign_core::ending::{Effect, Ending, Perhaps, Way};

/// All of it.
pub fn text(
    width: usize,
    (kind, at): (&str, &str),
    endings: &[Ending],
    not_followed: &[&str],
    others: &[Others],
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
        text.push_str(&format!("\n{}{name}  {}\n", bold(&ending.account), dim(&by)));
        ending.ways.iter().for_each(|w| text.push_str(&way(width, w)));
    }
    text.push('\n');
    text.push_str(&completeness::perhaps(width, others));
    text.push_str(&paragraph(width, "", &format!("Not followed: {}.", not_followed.join("; "))));
    text.push_str(&paragraph(width, "", COVERED_MEANS));
    text
}

fn way(width: usize, way: &Way) -> String {
    let scope = way.scope.map(|s| format!(" ({s})")).unwrap_or_default();
    let effect = match way.effect {
        Effect::DepartsLater => "ends nothing by itself: it leads to departure, on a date that is not known",
        Effect::OwnAgreement => "its own account agreement governs then",
        Effect::StillCovered => "another agreement governs then",
        Effect::Uncovered => "uncovered",
        Effect::Unknown => "what is in force then is unknown",
    };
    let mut text = paragraph(width, "  ", &format!("{}{scope} in {}: {effect}", way.operation, way.by));
    let mut section = |name: &str, body: &str| text.push_str(&paragraph(width, &format!("    {name:<8} "), body));
    if way.may.is_empty() && way.unknown.is_empty() {
        section("nobody", "of those who are listed");
    }
    if !way.may.is_empty() {
        section("may", &names(way.may.iter()));
    }
    let mut by_reason: BTreeMap<String, Vec<&PrincipalEntry>> = BTreeMap::new();
    for Perhaps { principal, reason, depends_on, .. } in &way.unknown {
        let why = match depends_on.as_slice() {
            [] => reason.clone().unwrap_or_default(),
            keys => format!("it depends on {}", keys.join(", ")),
        };
        by_reason.entry(why).or_default().push(principal);
    }
    for (why, principals) in by_reason {
        section("unknown", &format!("{}: {why}", names(principals.into_iter())));
    }
    text
}

/// Names, shortened where there are many.
fn names<'p>(principals: impl Iterator<Item = &'p PrincipalEntry>) -> String {
    few(&principals.map(principal).collect::<Vec<_>>(), 6)
}
