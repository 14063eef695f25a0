//! The table of agreements: what was accepted, by whom, on what authority, by what evidence, and where the executed copy is filed.

use super::Facts;
use super::rows::source;
use crate::report::table::Table;
use countersign_core::inventory::copies::Copy;
use countersign_core::inventory::entity::Entity;
use countersign_core::inventory::signatories::Standing;
use countersign_core::moment;
use countersign_core::naming::kinds;

const HEADER: [&str; 17] = [
    "agreement id",
    "agreement kind",
    "agreement name",
    "scope",
    "for",
    "start",
    "end",
    "state",
    "accepted by",
    "authority",
    "accepted: evidence",
    "ended: evidence",
    "executed copy",
    "executed copy sha256",
    "executed copy check",
    "source",
    "source sha256",
];

/// All acceptances and offline agreements of the kinds, those that have ended too.
pub fn agreements(facts: &Facts<'_>) -> Table {
    let mut table = Table::new(&HEADER);
    let accepted = facts.inventory.of_type("CustomerAgreement");
    table.rows.extend(accepted.filter_map(|entity| accepted_row(facts, entity)));
    let offline = facts.inventory.of_type("OfflineAgreement");
    table.rows.extend(offline.filter_map(|entity| offline_row(facts, entity)));
    table
}

fn accepted_row(facts: &Facts<'_>, entity: &Entity) -> Option<Vec<String>> {
    let offer = facts.inventory.entity("Agreement", entity.reference("agreement")?)?;
    let kind = offer.str("kind").filter(|kind| facts.kinds.iter().any(|k| k == kind))?;
    let (scope, of) = match (entity.reference("account"), entity.reference("organization")) {
        (Some(account), _) => ("account", account),
        (None, organization) => ("organization", organization.unwrap_or_default()),
    };
    let by = entity.str("acceptedBy");
    Some(row(facts, entity, [kind, offer.str("name").unwrap_or_default(), scope, of], by, &authority(facts, by)))
}

fn offline_row(facts: &Facts<'_>, entity: &Entity) -> Option<Vec<String>> {
    let kind = entity.str("kind").filter(|kind| facts.kinds.iter().any(|k| k == kind))?;
    let name = format!("{}, made outside AWS Artifact", kinds::full(kind));
    Some(row(facts, entity, [kind, &name, "offline", ""], None, "made outside AWS Artifact"))
}

fn row(
    facts: &Facts<'_>,
    entity: &Entity,
    [kind, name, scope, of]: [&str; 4],
    by: Option<&str>,
    authority: &str,
) -> Vec<String> {
    let text = |attr: &str| entity.str(attr).unwrap_or_default().to_owned();
    let day = |attr: &str| entity.moment(attr).map(moment::format).unwrap_or_default();
    let (file, digest) = source(Some(entity));
    vec![
        entity.uid.id.clone(),
        kind.to_owned(),
        name.to_owned(),
        scope.to_owned(),
        of.to_owned(),
        day("effectiveStart"),
        day("effectiveEnd"),
        state(facts, entity),
        by.unwrap_or_default().to_owned(),
        authority.to_owned(),
        text("startWitness"),
        text("endWitness"),
        text("executedCopy"),
        text("executedCopySha256"),
        check(facts, entity),
        file,
        digest,
    ]
}

/// The state of an agreement at the moment of the evidence: what was recorded later is not its state then.
pub fn state(facts: &Facts<'_>, entity: &Entity) -> String {
    let at = moment::parse(&facts.assessment.at).unwrap_or_default();
    let ended = entity.moment("effectiveEnd").is_some_and(|end| end <= at);
    if entity.moment("effectiveStart").is_some_and(|start| start > at) {
        return "not yet in force".to_owned();
    }
    // after that it applied to nobody (R51), whatever became of it
    let of = entity.reference("organization").filter(|_| !ended);
    if let Some(deleted) = of.and_then(|of| facts.inventory.deleted(of)).filter(|deleted| *deleted <= at) {
        return format!("ACTIVE until its organization was deleted on {}", moment::format(deleted));
    }
    match entity.str("state") {
        _ if entity.moment("knownUntil").is_some_and(|until| until <= at) => "not known".to_owned(),
        // it was in force until it ended (D5)
        Some(state) if ended || entity.moment("effectiveEnd").is_none() => state.to_owned(),
        Some(_) => "ACTIVE".to_owned(),
        // an agreement made outside AWS Artifact has none
        None => String::new(),
    }
}

/// On what declared authority somebody accepted (D24).
fn authority(facts: &Facts<'_>, by: Option<&str>) -> String {
    let standing = by.and_then(|by| Some(facts.signatories?.accepted(facts.inventory, by)));
    match (by, standing) {
        (None, _) => "who accepted it is not declared".to_owned(),
        (_, None) => "no signatories are declared".to_owned(),
        (_, Some(Standing::Is)) => "among the declared signatories".to_owned(),
        (_, Some(Standing::IsNot)) => "not among the declared signatories".to_owned(),
        (_, Some(Standing::NotKnown(why))) => format!("not known: {why}"),
    }
}

/// Whether the executed copy is filed, and is the one that was declared (R81). Its text is nobody's to read here (R30).
fn check(facts: &Facts<'_>, entity: &Entity) -> String {
    match facts.inventory.copies.get(&entity.uid) {
        None => "none is filed",
        Some(Copy::Unproved) => "no digest is declared",
        Some(Copy::Absent) => "declared, and not in this folder",
        Some(Copy::Same) => "the file has this digest",
        Some(Copy::Other) => "THE FILE HAS ANOTHER DIGEST",
        Some(Copy::Unreadable) => "the file cannot be read",
    }
    .to_owned()
}
