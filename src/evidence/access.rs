//! The table of access: who may accept and terminate, of whom it is not known, and who may be there unseen; with the people behind
//! permission sets and roles, and the statements that allow it.

use std::collections::BTreeMap;

use super::Facts;
use crate::report::plain::{can, who};
use crate::report::sentences;
use crate::report::table::Table;
use crate::report::who_can::NOBODY;
use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::{BecauseAnswer, Operation, OperationAnswer, PrincipalAnswer};
use countersign_core::inventory::Inventory;
use countersign_core::inventory::signatories::{self, Standing};
use countersign_core::people::{Assumer, Behind};
use countersign_core::problem::SourceFile;
use countersign_core::source::digest::sha256;
use countersign_core::terms::{Decision, PrincipalKind};

const HEADER: [&str; 18] = [
    "answer",
    "operation",
    "agreement kind",
    "scope",
    "account",
    "account name",
    "principal",
    "kind",
    "who",
    "people",
    "stands behind",
    "declared signatory",
    "depends on",
    "by deprecated permissions",
    "allowed by",
    "allowed by lines",
    "allowed by sha256",
    "assuming",
];

/// Who may accept and terminate, of whom it is not known, and who may be there unseen.
pub fn access(facts: &Facts<'_>) -> Table {
    let mut table = Table::new(&HEADER);
    let mut files = Files::of(facts.inventory);
    for principal in &facts.assessment.principals {
        for answer in principal.operations.iter().filter(|o| o.decision != Decision::Deny) {
            table.rows.push(row(facts, &mut files, principal, answer));
        }
    }
    for others in &facts.assessment.completeness.perhaps_others {
        table.rows.extend(others.operations.iter().map(|operation| unseen(facts, others, operation)));
    }
    table
}

fn account_name(facts: &Facts<'_>, account: &str) -> String {
    let account = facts.inventory.entity("Account", account);
    account.and_then(|a| a.str("name")).unwrap_or_default().to_owned()
}

fn row(facts: &Facts<'_>, files: &mut Files<'_>, principal: &PrincipalAnswer, answer: &OperationAnswer) -> Vec<String> {
    let behind = facts.roles.get(&principal.principal);
    let depends = answer.depends_on.iter().map(|d| sentences::depends(&d.key, &d.allows)).collect::<Vec<_>>();
    let depends = if depends.is_empty() { answer.reason.clone().into_iter().collect() } else { depends };
    let people = who::people(principal).into_iter().chain(behind.into_iter().flat_map(people));
    let [by, lines, digests] = granted(&answer.grants, files);
    let is_root = principal.kind == PrincipalKind::Root && by.is_empty() && answer.decision == Decision::Allow;
    let by = if is_root { ROOT.to_owned() } else { by };
    vec![
        can::word(answer.decision).to_lowercase(),
        answer.operation.to_owned(),
        answer.agreement.clone().unwrap_or_default(),
        answer.scope.map(|s| s.to_string()).unwrap_or_default(),
        principal.account.clone(),
        account_name(facts, &principal.account),
        principal.principal.clone(),
        principal.kind.to_string(),
        facts.names().principal(principal),
        people.collect::<Vec<_>>().join("; "),
        behind.map(stands).unwrap_or_default(),
        signatory(facts, principal),
        depends.join("; "),
        answer.deprecated.clone().unwrap_or_default(),
        by,
        lines,
        digests,
        answer.assuming.join("; "),
    ]
}

/// Those who may be there unseen, since not all were listed (D31).
fn unseen(facts: &Facts<'_>, others: &Others, operation: &Operation) -> Vec<String> {
    let missing: Vec<&str> = others.missing.iter().map(|m| m.words()).collect();
    let signatory = if facts.signatories.is_some() { "not known: nobody is listed" } else { NO_SIGNATORIES };
    let cells = [
        "perhaps",
        operation.operation,
        operation.agreement.as_deref().unwrap_or_default(),
        &operation.scope.map(|s| s.to_string()).unwrap_or_default(),
        &others.place(),
        &others.account.as_deref().map(|account| account_name(facts, account)).unwrap_or_default(),
        "",
        "not listed",
        &others.words(),
        "",
        "",
        signatory,
        &format!("on what was not collected: {}", missing.join(", ")),
        "",
        "",
        "",
        "",
        "",
    ];
    cells.map(str::to_owned).to_vec()
}

/// Who stands behind a role, by ARNs and in words; or that nobody does.
fn stands(behind: &Behind) -> String {
    if behind.is_nobody() {
        return NOBODY.to_owned();
    }
    let arn = |a: &Assumer| sentences::perhaps(a.certain, &a.identity.arn);
    let known = behind.assumers.iter().map(arn).chain(behind.trusted.iter().cloned());
    known.chain(behind.others.iter().map(sentences::other)).collect::<Vec<_>>().join("; ")
}

/// The people behind a role, each once, those first of whom it is certain: behind permission sets, users, and as declared.
fn people(behind: &Behind) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut all: Vec<&Assumer> = behind.assumers.iter().collect();
    all.sort_by_key(|a| !a.certain);
    for assumer in all {
        let identity = &assumer.identity;
        let people = identity.people.iter().map(|p| p.user_name.clone());
        let groups = identity.groups.iter().map(|g| format!("whoever is in {}", g.name));
        let mut names: Vec<String> = people.chain(groups).collect();
        if names.is_empty() {
            names.push(identity.name.clone());
        }
        for name in names {
            let told = sentences::perhaps(assumer.certain, &name);
            if !found.contains(&name) && !found.contains(&told) {
                found.push(told);
            }
        }
    }
    found.extend(behind.trusted.iter().cloned());
    found
}

/// By what a root user is allowed something: no policy of its own says so (R2).
const ROOT: &str = "no policy: the root user holds every permission that no policy of its organization takes away";

/// What is said where no signatories are declared.
const NO_SIGNATORIES: &str = "none are declared";

/// Whether a principal, or everybody behind it, is named among those who have the authority to accept (D24).
fn signatory(facts: &Facts<'_>, principal: &PrincipalAnswer) -> String {
    let Some(declared) = facts.signatories else { return NO_SIGNATORIES.to_owned() };
    let who = (principal.principal.as_str(), &principal.uid);
    let behind = signatories::Behind {
        people: principal.people.iter().map(|p| (p.id.as_str(), &p.user_name)).collect(),
        groups: principal.groups.iter().map(|g| g.name.as_str()).collect(),
    };
    match declared.with_people(who, &behind) {
        Standing::Is => "yes".to_owned(),
        Standing::IsNot => "no".to_owned(),
        Standing::NotKnown(why) => format!("not known: {why}"),
    }
}

/// The statements that allow it: what each allows and where it stands, its line, and the digest of its file.
fn granted(grants: &[BecauseAnswer], files: &mut Files<'_>) -> [String; 3] {
    let mut found: Vec<(String, Option<String>, Vec<&str>)> = Vec::new();
    let mut digests: BTreeMap<&str, String> = BTreeMap::new();
    for grant in grants {
        let of = grant.of.as_ref().map(|of| format!(" of {of}")).unwrap_or_default();
        let (place, line) = match &grant.statement {
            Some(s) => {
                let sid = s.sid.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
                let digest = files.digest(&s.file);
                digests.extend(digest.map(|digest| (s.file.as_str(), digest)));
                (format!(": {} {}{sid}", s.file, s.pointer), Some(format!("{}:{}", s.file, s.line)))
            }
            None => (String::new(), None),
        };
        let by = format!("{}{of}{place}", grant.layer);
        match found.iter_mut().find(|(known, known_line, _)| *known == by && *known_line == line) {
            Some((.., actions)) if actions.contains(&grant.action.as_str()) => {}
            Some((.., actions)) => actions.push(&grant.action),
            None => found.push((by, line, vec![&grant.action])),
        }
    }
    let by = found.iter().map(|(by, _, actions)| format!("{} by {by}", actions.join(", ")));
    let mut lines: Vec<&str> = Vec::new();
    for (_, line, _) in &found {
        let line = line.as_deref().filter(|line| !lines.contains(line));
        lines.extend(line);
    }
    let digests: Vec<String> = digests.into_iter().map(|(file, digest)| format!("{digest} {file}")).collect();
    [by.collect::<Vec<_>>().join("; "), lines.join("; "), digests.join("; ")]
}

/// The files of an inventory by their paths, with the digests that were asked for.
struct Files<'a> {
    texts: BTreeMap<&'a str, &'a SourceFile>,
    digests: BTreeMap<String, String>,
}

impl<'a> Files<'a> {
    fn of(inventory: &'a Inventory) -> Self {
        let entities = inventory.entities.values().filter(|e| !e.built_in).map(|e| e.source.as_ref());
        let documents = inventory.policies.values().filter(|p| !p.built_in).map(|p| p.document.source.as_ref());
        let texts = entities.chain(documents).map(|s: &SourceFile| (s.path.as_str(), s)).collect();
        Self { texts, digests: BTreeMap::new() }
    }

    /// The digest of a file of the inventory; `None` for what is AWS's own.
    fn digest(&mut self, path: &str) -> Option<String> {
        if let Some(known) = self.digests.get(path) {
            return Some(known.clone());
        }
        let digest = sha256(self.texts.get(path)?.text.as_bytes());
        self.digests.insert(path.to_owned(), digest.clone());
        Some(digest)
    }
}
