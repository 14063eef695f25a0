//! Who can end the cover of accounts, in a sentence: that of an account that is asked about by itself, and that of accounts which another
//! agreement governs than their own.

use std::collections::BTreeMap;

use super::{Names, listed, opened};
use crate::report::few;
use crate::report::typed::{Typed, USUAL_KIND};
use countersign_core::assessment::Assessment;
use countersign_core::assessment::completeness::others::Others;
use countersign_core::diff::PrincipalEntry;
use countersign_core::ending::{Effect, Ending, Way};
use countersign_core::naming::kinds;
use countersign_core::terms::{PrincipalKind, Role, Scope};

/// Names in a sentence; who and what else there is is counted.
const NAMED: usize = 6;

/// Those who may be there unseen.
const NOT_LISTED: &str = "others, who are not listed";

/// Who can end the cover of accounts: for a few of them a sentence each, for more how many they are.
pub fn first(endings: &[Ending], others: &[Others], kind: &str, names: Names<'_>) -> String {
    const EACH: usize = 3;
    let short = kinds::short(kind);
    if endings.is_empty() {
        return format!("No account that was asked about is covered by a {short}, so that nobody can end that.");
    }
    if endings.len() > EACH {
        let places: Vec<String> = endings.iter().map(|e| names.place(&e.account)).collect();
        return format!("A {short} covers {}: who can end that of each is told below.", few(&places, NAMED));
    }
    endings.iter().map(|ending| of_account(ending, others, short, names)).collect::<Vec<_>>().join(" ")
}

fn of_account(ending: &Ending, others: &[Others], short: &str, names: Names<'_>) -> String {
    let place = names.place(&ending.account);
    let cover = match ending.governing {
        Some(_) => format!("the cover of {place} by the {short} that governs it"),
        None => format!("the cover that {place} may have by a {short}"),
    };
    // closing ends nothing at once (D14)
    let (closing, ways): (Vec<&Way>, Vec<&Way>) = ending.ways.iter().partition(|w| w.effect == Effect::DepartsLater);
    let there = |principal: &PrincipalEntry| called(principal, names);
    let certain = people(ways.iter().flat_map(|w| &w.may), there);
    let mut perhaps = people(ways.iter().flat_map(|w| perhaps(w)), there);
    perhaps.retain(|name| !certain.contains(name));
    let is_on_a_way = |o: &Others| ending.ways.iter().any(|w| o.account.as_ref() == Some(&w.by));
    perhaps.extend(others.iter().any(is_on_a_way).then(|| NOT_LISTED.to_owned()));
    // what governs then is told where it is so whichever way it ends
    let stays = |way: &&Way| way.may.is_empty() || matches!(way.effect, Effect::OwnAgreement | Effect::StillCovered);
    let but = if ways.iter().all(stays) { ", which then has another agreement in force" } else { "" };
    let mut text = match certain.as_slice() {
        [] => format!("Nobody who is listed is known to be able to end {cover}."),
        certain => format!("{} can end {cover}{but}.", opened(&all_or_few(certain))),
    };
    if !perhaps.is_empty() {
        text.push_str(&format!(" Perhaps can: {}.", all_or_few(&perhaps)));
    }
    let closing = people(closing.iter().flat_map(|w| &w.may), there);
    if !closing.is_empty() {
        let who = opened(&all_or_few(&closing));
        text.push_str(&format!(" {who} can close the account, which ends it on a later day that is not known."));
    }
    text
}

/// Those of whom it is not known, and those whom IAM alone lets.
fn perhaps(way: &Way) -> impl Iterator<Item = &PrincipalEntry> {
    way.unknown.iter().map(|p| &p.principal).chain(&way.by_the_call)
}

/// People by their names, and who is no person as they are called, each once.
fn people<'p>(
    principals: impl Iterator<Item = &'p PrincipalEntry>,
    called: impl Fn(&PrincipalEntry) -> String,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for principal in principals {
        let own = || vec![called(principal)];
        let all = if principal.people.is_empty() { own() } else { principal.people.clone() };
        found.extend(all.into_iter().filter(|name| !found.contains(name)).collect::<Vec<_>>());
    }
    found
}

/// Who is no person, with the account.
fn called(principal: &PrincipalEntry, names: Names<'_>) -> String {
    let place = names.account(&principal.account);
    match principal.kind {
        PrincipalKind::Root => format!("the root user of {place}"),
        PrincipalKind::Role => format!("the role {} of {place}", principal.name),
        PrincipalKind::PermissionSet => format!("the permission set {} in {place}", principal.name),
        _ => format!("{} of {place}", principal.name),
    }
}

/// Accounts that one agreement governs which they cannot terminate themselves.
pub struct Elsewhere<'a> {
    /// The kind of agreement.
    kind: &'a str,
    /// Its scope.
    scope: Scope,
    /// The accounts.
    accounts: Vec<&'a str>,
}

/// Of these accounts those that the agreement of an organization, or one made outside AWS Artifact, governs, where it is asked who can
/// terminate: their cover does not end with an agreement of their own. Where no account is named, all were asked about: what terminates
/// the agreement of an organization is among the answers, and of one made outside AWS Artifact nothing is (R73).
pub fn governed_elsewhere<'a>(assessment: &'a Assessment, accounts: &[String]) -> Vec<Elsewhere<'a>> {
    let mut all = assessment.principals.iter().flat_map(|p| p.operations.in_common());
    let kind = all.find(|o| o.operation == TERMINATES).and_then(|o| o.agreement.as_ref());
    let mut found: BTreeMap<&str, Elsewhere<'a>> = BTreeMap::new();
    let is_named = |account: &str| accounts.iter().any(|named| named == account);
    for account in assessment.accounts.iter().filter(|a| accounts.is_empty() || is_named(&a.account)) {
        let row = account.agreements.iter().find(|r| Some(&r.kind) == kind);
        let Some((kind, governing)) = row.and_then(|r| Some((r.kind.as_str(), r.governing.as_ref()?))) else {
            continue;
        };
        let itself = governing.scope == Scope::Account
            || (governing.scope == Scope::Organization && (accounts.is_empty() || account.role == Role::Management));
        if !itself {
            let new = || Elsewhere { kind, scope: governing.scope, accounts: Vec::new() };
            // which of those made outside AWS Artifact it is makes no difference: they are told first, and in one sentence
            let id = if governing.scope == Scope::Offline { "" } else { governing.id.as_str() };
            found.entry(id).or_insert_with(new).accounts.push(&account.account);
        }
    }
    found.into_values().collect()
}

impl<'a> Elsewhere<'a> {
    /// The accounts to ask about: of those whom one agreement of an organization governs one tells for all, and of others those that
    /// the sentence names.
    pub fn asked(&self) -> &[&'a str] {
        let most = if self.scope == Scope::Offline { NAMED } else { 1 };
        self.accounts.get(..most).unwrap_or(&self.accounts)
    }

    /// The kind of agreement.
    pub fn kind(&self) -> &str {
        self.kind
    }

    /// Who can end the cover that they have, and where to ask about every way.
    pub fn sentence(&self, (endings, others): (&[Ending], &[Others]), names: Names<'_>, typed: &Typed) -> String {
        let places: Vec<String> = self.accounts.iter().map(|account| names.place(account)).collect();
        let (are, their) = if places.len() == 1 { ("is", "its") } else { ("are", "their") };
        let kind = kinds::short(self.kind);
        let agreement = if self.kind == USUAL_KIND { Vec::new() } else { vec![("--agreement", self.kind)] };
        let is_offline = self.scope == Scope::Offline;
        // of more than are named no one command tells but that of all
        let asked = if is_offline && self.accounts.len() > NAMED { &[] } else { self.asked() };
        let more = [asked.iter().map(|account| ("--account", *account)).collect(), agreement].concat();
        let command = typed.command("who-can end-coverage", &more);
        let by = if is_offline {
            let removing: String = endings.iter().map(|e| removing((e, others), names)).collect();
            format!(
                "a {kind} made outside AWS Artifact, which nobody can terminate there: that takes written notice under its own \
                 terms{removing}"
            )
        } else {
            let by_whom = endings.first().map(|e| terminating((e, others), names)).unwrap_or_default();
            format!("the {kind} of {their} organization{by_whom}")
        };
        format!("{} {are} governed by {by}; {command} tells every way to end {their} cover.", few(&places, NAMED))
    }
}

/// Who can terminate the agreement of the organization that governs an account.
fn terminating((ending, others): (&Ending, &[Others]), names: Names<'_>) -> String {
    let is_it = |way: &&Way| way.operation == TERMINATES && way.scope == Some(Scope::Organization);
    // of several acceptances all have to end: that way is the last
    let Some(way) = ending.ways.iter().rfind(is_it) else { return String::new() };
    format!(", which {}", whoever((way, others), "terminate", names))
}

/// Who can remove the designation of an account under an agreement that was made outside AWS Artifact (R74, D21).
fn removing((ending, others): (&Ending, &[Others]), names: Names<'_>) -> String {
    let Some(way) = ending.ways.iter().find(|way| way.operation == REMOVES) else { return String::new() };
    format!("; {}", whoever((way, others), "remove the designation", names))
}

/// Who can do it, and who perhaps can, in the account of the way.
fn whoever((way, others): (&Way, &[Others]), deed: &str, names: Names<'_>) -> String {
    let place = names.account(&way.by);
    let mut unknown = people(perhaps(way), of_the_place);
    unknown.extend(others.iter().any(|o| o.account.as_ref() == Some(&way.by)).then(|| NOT_LISTED.to_owned()));
    let unknown = all_or_few(&unknown);
    let may = all_or_few(&people(way.may.iter(), of_the_place));
    match (may.as_str(), unknown.as_str()) {
        ("", "") => format!("nobody who is listed can {deed} in {place}"),
        ("", unknown) => format!("{unknown} perhaps can {deed} in {place}"),
        (may, "") => format!("{may} can {deed} in {place}"),
        (may, unknown) => format!("{may} can {deed} in {place}, and perhaps {unknown}"),
    }
}

/// Names in a sentence; the others are counted.
pub fn all_or_few(names: &[String]) -> String {
    if names.len() <= NAMED { listed(names, "and") } else { few(names, NAMED) }
}

/// Who is no person, of an account that is named in the sentence.
fn of_the_place(principal: &PrincipalEntry) -> String {
    match principal.kind {
        PrincipalKind::Root => "its root user".to_owned(),
        PrincipalKind::Role => format!("the role {}", principal.name),
        PrincipalKind::PermissionSet => format!("the permission set {}", principal.name),
        _ => principal.name.clone(),
    }
}

/// The operation by which an agreement ends.
const TERMINATES: &str = "terminate-agreement";

/// That by which an account is no longer under an agreement made outside AWS Artifact.
const REMOVES: &str = "remove-offline-designation";
