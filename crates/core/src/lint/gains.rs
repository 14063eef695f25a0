//! What a document says more than another: actions that it allows and the other did not, and actions that the other denied and it does not,
//! service by service and access level by access level.
//!
//! It is read off the documents, as [`grants`](super::grants) reads them: whether somebody may do more by it is for evaluation to say.

use std::collections::{BTreeMap, BTreeSet};

use super::grants::{Grant, grants};
use super::read::Form;
use super::run::{Text, read_all};
use super::settings::Settings;
use crate::inventory::Inventory;
use crate::problem::SourceFile;

/// What a document says more of the actions of one service and access level.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gain {
    /// The prefix of the service; `*` for all.
    pub service: String,
    /// The access level; `None` for actions that the catalogue does not have, and for all at once.
    pub level: Option<&'static str>,
    /// It denied them; otherwise it did not allow them.
    pub was_denied: bool,
    /// The actions, or patterns.
    pub actions: Vec<String>,
    /// All actions but these.
    pub all_but: bool,
}

/// What a changed policy says more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyGains {
    /// What answers call the policy.
    pub label: String,
    /// Where the base has it: it is changed. Otherwise it is new.
    pub was_there: bool,
    /// By service and access level.
    pub gains: Vec<Gain>,
}

/// What the policies of an inventory say more than those of another of the same names; policies that the other does not have say more by
/// all that they allow.
pub fn of_inventories(base: &Inventory, head: &Inventory, settings: &Settings) -> Vec<PolicyGains> {
    let mut found = Vec::new();
    for (id, policy) in head.policies.iter().filter(|(_, p)| !p.built_in) {
        let before = base.policies.get(id);
        if before.is_some_and(|before| before.content == policy.content) {
            continue;
        }
        let old = before.map(|before| read(&before.content, settings)).unwrap_or_default();
        let gains = gains(&old, &read(&policy.content, settings));
        if !gains.is_empty() {
            found.push(PolicyGains { label: policy.label.clone(), was_there: before.is_some(), gains });
        }
    }
    found
}

fn read(content: &str, settings: &Settings) -> Vec<Grant> {
    let text = Text { source: SourceFile::new("policy.json", content), form: Form::Json, named: true };
    let loaded = read_all(&[text], settings, None);
    loaded.iter().flat_map(|file| &file.policies).flat_map(|policy| grants(policy, &settings.catalogue)).collect()
}

/// What the second list of grants says more than the first.
pub fn gains(old: &[Grant], new: &[Grant]) -> Vec<Gain> {
    let mut found: BTreeMap<(String, Option<&'static str>, bool, bool), BTreeSet<String>> = BTreeMap::new();
    let mut more = |of: &[Grant], than: &[Grant], effect: &str, was_denied: bool| {
        for grant in of.iter().filter(|g| g.effect == Some(effect)) {
            let beyond = grant.actions.iter().filter(|action| !than.iter().any(|other| says(other, grant, action)));
            let key = (grant.service.clone(), grant.level, was_denied, grant.all_but);
            let beyond: Vec<String> = beyond.cloned().collect();
            if !beyond.is_empty() {
                // all but some is one thing to say
                let told = if grant.all_but { grant.actions.clone() } else { beyond };
                found.entry(key).or_default().extend(told);
            }
        }
    };
    more(new, old, "Allow", false);
    more(old, new, "Deny", true);
    let gain = |((service, level, was_denied, all_but), actions): ((String, _, _, _), BTreeSet<String>)| Gain {
        service,
        level,
        was_denied,
        actions: actions.into_iter().collect(),
        all_but,
    };
    found.into_iter().map(gain).collect()
}

/// Whether one grant says the same of an action as another: in the same circumstances, or in any.
fn says(one: &Grant, other: &Grant, action: &String) -> bool {
    let everything = |g: &Grant| g.service == "*" && !g.all_but && g.actions == ["*"];
    let actions = everything(one)
        || (one.service == other.service && one.all_but == other.all_but && {
            if one.all_but { one.actions == other.actions } else { one.actions.contains(action) }
        });
    let any_resource = one.resources == ["*"] && !one.all_resources_but;
    let resources =
        any_resource || (one.resources == other.resources && one.all_resources_but == other.all_resources_but);
    let conditions = one.conditions.iter().all(|condition| other.conditions.contains(condition));
    one.effect == other.effect && actions && resources && conditions && one.principals == other.principals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment;

    fn of(statements: &str) -> Vec<Grant> {
        let settings = Settings::none(moment::parse("2026-11-01").unwrap());
        read(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#), &settings)
    }

    fn told(old: &str, new: &str) -> Vec<String> {
        let one = |g: Gain| {
            let verb = if g.was_denied { "not denied" } else { "allowed" };
            let but = if g.all_but { "all but " } else { "" };
            format!("{verb} {} {} {but}{}", g.service, g.level.unwrap_or("-"), g.actions.join(" "))
        };
        gains(&of(old), &of(new)).into_iter().map(one).collect()
    }

    #[test]
    fn what_is_allowed_more_is_told_by_service_and_level() {
        let get = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#;
        let both = r#"{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "artifact:AcceptAgreement"], "Resource": "*"}"#;
        assert_eq!(told(get, get), Vec::<String>::new());
        assert_eq!(told(both, get), Vec::<String>::new(), "less is no gain");
        assert_eq!(told(get, both), ["allowed artifact Write AcceptAgreement", "allowed s3 Write PutObject"]);
        let narrow = get.replace("\"*\"}", "\"arn:aws:s3:::b/*\"}");
        assert_eq!(told(&narrow, get), ["allowed s3 Read GetObject"], "on more resources");
        assert_eq!(told(get, &narrow), Vec::<String>::new(), "on fewer");
        let listed = narrow.replace("s3:GetObject", "s3:Get*");
        assert!(!told("", &listed).join(" ").contains("GetBucketTagging"), "{:?}", told("", &listed));
        assert_eq!(told("", &narrow.replace("s3:GetObject", "ec2:DescribeInstances")), Vec::<String>::new());
        let tagged =
            get.replace("\"Resource\"", r#""Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "Resource""#);
        assert_eq!(told(&tagged, get), ["allowed s3 Read GetObject"], "without the condition");
        assert_eq!(told(get, &tagged), Vec::<String>::new());
        let all = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
        assert_eq!(told(get, all), ["allowed * - *"]);
        assert_eq!(told(all, both), Vec::<String>::new());
        let but = r#"{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}"#;
        assert_eq!(told(get, but), ["allowed * - all but iam:*"]);
    }

    #[test]
    fn what_is_no_longer_denied_is_told() {
        let allow = r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#;
        let deny = r#"{"Effect": "Deny", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "*"}"#;
        let less = deny.replace("\"s3:PutObject\", ", "");
        let with = |deny: &str| format!("{allow}, {deny}");
        assert_eq!(told(&with(deny), &with(&less)), ["not denied s3 Write PutObject"]);
        assert_eq!(told(&with(&less), &with(deny)), Vec::<String>::new());
    }
}
