//! `get-account-authorization-details`: users, groups, roles and managed policies of one account.

use std::collections::BTreeMap;

use super::answer::{CliAnswer, Fields};
use super::documents;
use super::facts::{Facts, Principal};
use super::organizations::{tag_list, unnamed};
use crate::inventory::builtin;
use crate::text::json::Value;

/// The account of an ARN of IAM, and its partition.
fn owner(arn: &str) -> Option<(&str, &str)> {
    let segments: Vec<&str> = arn.splitn(6, ':').collect();
    match segments.as_slice() {
        ["arn", partition, "iam", _, account, _] => Some((partition, account)),
        _ => None,
    }
}

/// Reads an answer.
pub fn details(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    if let (Some(account), Some(_)) = (answer.account(), answer.root.get("RoleDetailList")) {
        facts.account(&account).roles_told = true;
    }
    let lists = ["UserDetailList", "GroupDetailList", "RoleDetailList"];
    let complete = lists.iter().all(|list| answer.root.get(list).is_some_and(|l| l.as_array().is_some()));
    if let (Some(account), true) = (answer.account(), complete) {
        facts.account(&account).principals_listed = true;
    }
    let mut groups = BTreeMap::new();
    for (list, kind) in [("GroupDetailList", "Group"), ("UserDetailList", "User"), ("RoleDetailList", "Role")] {
        for node in fields.entries(list) {
            let mut entry = fields.of(node);
            let Some((arn, mut principal)) = principal(&mut entry, kind) else {
                continue;
            };
            if kind == "Group" {
                groups.insert(principal.name.clone(), arn.clone());
            }
            in_groups(&mut entry, &groups, &mut principal);
            let Some((partition, account)) = owner(&arn) else {
                let span = entry.get("Arn").map_or(node.span, |n| n.span);
                entry.wrong(span, format!("`{arn}` is not an IAM ARN"), super::answer::COLLECT);
                continue;
            };
            facts.account(account).partition.get_or_insert(partition.to_owned());
            let told_by = facts.principals.get(&arn).map(|p| p.file.clone());
            if let Some(other) = told_by.filter(|f| *f != answer.source.path) {
                let span = entry.get("Arn").map_or(node.span, |n| n.span);
                entry.wrong(span, format!("{other} also describes {arn}"), "delete the file that is out of date");
                continue;
            }
            principal.file.clone_from(&answer.source.path);
            let known = facts.account(account);
            known.roles_told |= answer.root.get("RoleDetailList").is_some();
            known.principals_listed |= complete;
            facts.principals.insert(arn, principal);
        }
    }
    for node in fields.entries("Policies") {
        managed(facts, fields.of(node));
    }
    attached(facts, answer, fields);
}

fn principal(fields: &mut Fields<'_>, kind: &'static str) -> Option<(String, Principal)> {
    let arn = fields.needed("Arn")?.to_owned();
    let mut principal =
        Principal { kind, name: fields.needed(&format!("{kind}Name"))?.to_owned(), ..Principal::default() };
    for node in fields.entries(&format!("{kind}PolicyList")) {
        let mut inline = fields.of(node);
        let name = inline.needed("PolicyName").map(str::to_owned);
        let document = inline.get("PolicyDocument");
        if document.is_none() {
            inline.wrong(node.span, "this inline policy has no `PolicyDocument`", super::answer::COLLECT);
        }
        let document = document.and_then(|d| documents::read(&mut inline, d));
        if let (Some(name), Some(document)) = (name, document) {
            principal.inline.insert(name, document);
        }
    }
    if let Some(node) = fields.get("AssumeRolePolicyDocument").filter(|_| kind == "Role") {
        principal.trust = documents::read_trust(fields, node);
    }
    for node in fields.entries("AttachedManagedPolicies") {
        principal.managed.extend(fields.of(node).needed("PolicyArn").map(str::to_owned));
    }
    if let Some(node) = fields.get("PermissionsBoundary") {
        principal.boundary = fields.of(node).needed("PermissionsBoundaryArn").map(str::to_owned);
    }
    principal.tags = tag_list(fields, "Tags");
    Some((arn, principal))
}

/// `get-account-summary`: whether the root user has a password, access keys or signing certificates. Only what the account itself counts
/// is evidence; where one of the counts is missing, nothing is known unless another says that there is something.
pub fn summary(facts: &mut Facts, answer: &CliAnswer, fields: Fields<'_>) {
    const COUNTS: [&str; 3] =
        ["AccountPasswordPresent", "AccountAccessKeysPresent", "AccountSigningCertificatesPresent"];
    let Some(account) = answer.account() else {
        return unnamed(facts, answer, "which account this belongs to");
    };
    let counts = COUNTS.map(|key| fields.get(key).map(|n| &n.value));
    let is = |value: &Option<&Value>, text: &str| matches!(value, Some(Value::Number(n)) if n == text);
    let known = facts.account(&account);
    if counts.iter().all(|c| is(c, "0")) {
        known.root_credentials = Some("none");
    } else if counts.iter().any(|c| matches!(c, Some(Value::Number(n)) if n != "0")) {
        known.root_credentials = Some("present");
    }
}

/// A user's groups, which the answer names without their ARNs.
fn in_groups(fields: &mut Fields<'_>, groups: &BTreeMap<String, String>, principal: &mut Principal) {
    for node in fields.list("GroupList") {
        let name = node.as_str().unwrap_or_default();
        match groups.get(name) {
            Some(arn) => drop(principal.groups.insert(arn.clone())),
            None => fields.wrong(
                node.span,
                format!("the group `{name}` is missing here: what it allows is unknown"),
                "collect this output without --filter",
            ),
        }
    }
}

/// A managed policy, by its default version.
fn managed(facts: &mut Facts, mut fields: Fields<'_>) {
    let Some(arn) = fields.needed("Arn").map(str::to_owned) else {
        return;
    };
    for node in fields.entries("PolicyVersionList") {
        let mut version = fields.of(node);
        if version.get("IsDefaultVersion").map(|n| &n.value) != Some(&crate::text::json::Value::Bool(true)) {
            continue;
        }
        let name = version.text("VersionId").unwrap_or_default().to_owned();
        let Some(node) = version.get("Document") else {
            version.wrong(node.span, "this version has no `Document`", super::answer::COLLECT);
            continue;
        };
        let Some(document) = documents::read(&mut version, node) else {
            continue;
        };
        let number = |version: &str| version.trim_start_matches('v').parse::<u64>().unwrap_or(0);
        // AWS's own are told by every account, and change over time
        let newer = facts.managed.get(&arn).is_none_or(|(known, _)| number(known) <= number(&name));
        if newer {
            facts.managed.insert(arn.clone(), (name, document));
        }
    }
}

/// Customer managed policies that are attached have their document in the answer.
fn attached(facts: &mut Facts, answer: &CliAnswer, fields: &mut Fields<'_>) {
    for list in ["UserDetailList", "GroupDetailList", "RoleDetailList"] {
        for node in answer.root.get(list).and_then(|n| n.as_array()).unwrap_or_default() {
            let attached = node.get("AttachedManagedPolicies").and_then(|n| n.as_array()).unwrap_or_default();
            let boundary = node.get("PermissionsBoundary").and_then(|n| n.get("PermissionsBoundaryArn"));
            for arn in attached.iter().filter_map(|a| a.get("PolicyArn")).chain(boundary) {
                let text = arn.as_str().unwrap_or_default();
                if !facts.managed.contains_key(text) && !builtin::is_aws_managed(text) {
                    let message = format!("the document of {text} is missing here");
                    fields.wrong(arn.span, message, "collect this output without --filter");
                }
            }
        }
    }
}
