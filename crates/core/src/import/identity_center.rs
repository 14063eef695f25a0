//! Answers of IAM Identity Center and of its identity store.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{AnswerKind, CliAnswer, Fields, is_account};
use super::documents;
use super::facts::{Facts, PermissionSet};
use super::organizations::unnamed;

/// The permission sets that ARNs name: those of `list-permission-sets`.
pub fn listed(facts: &mut Facts, fields: &mut Fields<'_>) {
    facts.listed.permission_sets = true;
    for node in fields.list("PermissionSets") {
        match node.as_str().filter(|a| a.contains(":permissionSet/")) {
            Some(arn) => drop(facts.permission_sets.entry(arn.to_owned()).or_default()),
            None => fields.wrong(node.span, "this is not the ARN of a permission set", super::answer::COLLECT),
        }
    }
}

/// `describe-permission-set`
pub fn described(facts: &mut Facts, mut fields: Fields<'_>) {
    let arn = fields.needed("PermissionSetArn").map(str::to_owned);
    let name = fields.needed("Name").map(str::to_owned);
    if let Some(arn) = arn {
        facts.permission_sets.entry(arn).or_default().name = name;
    }
}

/// `list-instances`
pub fn instances(facts: &mut Facts, fields: &mut Fields<'_>) {
    let mut arns = BTreeSet::new();
    for node in fields.entries("Instances") {
        arns.extend(fields.of(node).needed("InstanceArn").map(str::to_owned));
    }
    facts.listed.instances.get_or_insert_default().extend(arns);
}

/// `list-accounts-for-provisioned-permission-set`, whose permission set the file's name names.
pub fn provisioned(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let mut accounts = BTreeSet::new();
    for node in fields.list("AccountIds") {
        match node.as_str().filter(|a| is_account(a)) {
            Some(account) => drop(accounts.insert(account.to_owned())),
            None => fields.wrong(node.span, "this is not an account number", super::answer::COLLECT),
        }
    }
    let named = answer.permission_set();
    let known = facts.permission_sets.keys().find(|arn| named.as_ref().is_some_and(|n| arn.ends_with(n.as_str())));
    match known.cloned() {
        Some(arn) => facts.listed.provisioned.entry(arn).or_default().extend(accounts),
        None => unnamed(facts, answer, "in which accounts which permission set is assigned"),
    }
}

/// `list-account-assignments`, `list-account-assignments-for-principal`
pub fn assignments(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    // an answer about one principal names no permission set
    if let (Some(set), Some(account)) = (answer.permission_set(), answer.account()) {
        facts.listed.assignments.insert((set, account));
    }
    for node in fields.entries("AccountAssignments") {
        let mut assignment = fields.of(node);
        let account = assignment.id("AccountId", is_account, "account number").map(str::to_owned);
        let set = assignment.needed("PermissionSetArn").map(str::to_owned);
        let kind = assignment
            .id("PrincipalType", |t| ["USER", "GROUP"].contains(&t), "principal type (USER or GROUP)")
            .map(str::to_owned);
        let whom = assignment.needed("PrincipalId").map(str::to_owned);
        if let (Some(account), Some(set), Some(kind), Some(whom)) = (account, set, kind, whom) {
            facts.account(&account);
            match kind.as_str() {
                "USER" => drop(facts.people.entry(whom.clone()).or_default()),
                _ => drop(facts.groups.entry(whom.clone()).or_default()),
            }
            facts.permission_sets.entry(set).or_default().assignments.insert((account, kind, whom));
        }
    }
}

/// An answer about one permission set, which only the file's name can tell; where one set is known, it is that one.
pub fn part(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    let named = answer.permission_set();
    let mut known = facts.permission_sets.keys().filter(|arn| named.as_ref().is_none_or(|n| arn.ends_with(n.as_str())));
    let (first, second) = (known.next().cloned(), known.next());
    let (Some(arn), None) = (first, second) else {
        return unnamed(facts, answer, "which permission set this belongs to");
    };
    if named.is_none() {
        let message = format!("{}: assumed to be about {arn}, the only known permission set", answer.source.path);
        facts.remark(message, "put the id of the permission set in the name of the file");
    }
    let mut told = PermissionSet::default();
    match answer.kind {
        AnswerKind::InlinePolicy => told.inline = Some(inline(fields)),
        AnswerKind::ManagedPolicies => told.managed = Some(managed(fields)),
        AnswerKind::CustomerManagedPolicies => told.customer = Some(customer(fields)),
        _ => told.boundary = Some(boundary(fields)),
    }
    let set = facts.permission_sets.entry(arn).or_default();
    set.inline = told.inline.or(set.inline.take());
    set.managed = told.managed.or(set.managed.take());
    set.customer = told.customer.or(set.customer.take());
    set.boundary = told.boundary.or(set.boundary.take());
}

/// `get-inline-policy-for-permission-set`: an empty string where there is none.
fn inline(fields: &mut Fields<'_>) -> Option<super::facts::Document> {
    let node = fields.get("InlinePolicy").filter(|n| n.as_str() != Some(""))?;
    documents::read(fields, node)
}

fn managed(fields: &mut Fields<'_>) -> BTreeSet<String> {
    let mut arns = BTreeSet::new();
    for node in fields.entries("AttachedManagedPolicies") {
        arns.extend(fields.of(node).needed("Arn").map(str::to_owned));
    }
    arns
}

fn customer(fields: &mut Fields<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for node in fields.entries("CustomerManagedPolicyReferences") {
        names.extend(reference(&mut fields.of(node)));
    }
    names
}

/// The path and name of a customer managed policy: `/phi-guardrail`.
fn reference(fields: &mut Fields<'_>) -> Option<String> {
    let name = fields.needed("Name")?;
    Some(format!("{}{name}", fields.text("Path").unwrap_or("/")))
}

/// `get-permissions-boundary-for-permission-set`; empty where there is none, as the collecting script notes.
fn boundary(fields: &mut Fields<'_>) -> Option<String> {
    let node = fields.get("PermissionsBoundary")?;
    let mut boundary = fields.of(node);
    match boundary.get("CustomerManagedPolicyReference") {
        Some(node) => reference(&mut boundary.of(node)),
        None => boundary.text("ManagedPolicyArn").map(str::to_owned),
    }
}

/// IAM has users and groups too, whose policies its own lists do not tell.
fn of_iam(fields: &mut Fields<'_>) -> bool {
    let Some(node) = fields.get("Arn") else {
        return false;
    };
    fields.wrong(
        node.span,
        "this list is from IAM, not from an identity store",
        "collect iam get-account-authorization-details",
    );
    true
}

/// The names of a list, by id.
fn named(fields: &mut Fields<'_>, list: &str, [id, name]: [&str; 2]) -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    for node in fields.entries(list) {
        let mut entry = fields.of(node);
        if of_iam(&mut entry) {
            continue;
        }
        let name = entry.text(name).map(str::to_owned);
        if let Some(id) = entry.needed(id) {
            found.insert(id.to_owned(), name);
        }
    }
    found
}

/// `identitystore list-users`, `list-groups`, `list-group-memberships`
pub fn store(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    match answer.kind {
        AnswerKind::StoreUsers => {
            facts.listed.users = true;
            facts.people.extend(named(fields, "Users", ["UserId", "UserName"]));
        }
        AnswerKind::StoreGroups => {
            facts.listed.groups = true;
            facts.groups.extend(named(fields, "Groups", ["GroupId", "DisplayName"]));
        }
        _ => {
            facts.listed.members.push(fields.file().to_owned());
            for node in fields.entries("GroupMemberships") {
                let mut membership = fields.of(node);
                let group = membership.needed("GroupId").map(str::to_owned);
                let member = membership.get("MemberId");
                let user = member.and_then(|m| membership.of(m).needed("UserId").map(str::to_owned));
                if let (Some(group), Some(user)) = (group, user) {
                    facts.groups.entry(group.clone()).or_default();
                    facts.people.entry(user.clone()).or_default();
                    facts.members.insert((user, group));
                }
            }
        }
    }
}
