//! Findings about an account whose tags were not listed: what rests on one that is there, or is not, is perhaps so.

use std::collections::BTreeSet;

use cedar_policy::{Context, Entities, EntityUid};

use super::{finding, findings};
use crate::agreements::open::{Tried, of_tags};
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::policies::reads::literals;
use crate::policies::{Rule, RuleBook};
use crate::problem::Failure;

/// The context of `report-on-account` if the account had these tags.
pub type WithTags<'a> = &'a dyn Fn(Vec<String>) -> Result<Context, Failure>;

/// What findings are asked about.
pub struct Untagged<'a> {
    pub inventory: &'a Inventory,
    pub rules: &'a RuleBook,
    /// The account whose tags policies read.
    pub account: &'a str,
    /// Where the context has the tags as a set.
    pub with_tags: Option<WithTags<'a>>,
}

/// What is asked: a context and the entities.
type Asked<'a> = (&'a Context, &'a Entities);

impl Untagged<'_> {
    /// A finding for each policy that permits, and for each that would with other tags.
    pub fn findings(
        &self,
        action: &str,
        (principal, resource): (&EntityUid, &EntityUid),
        asked: Asked<'_>,
        subject: &str,
    ) -> Result<Vec<Finding>, Failure> {
        let ruling =
            |(context, entities): Asked<'_>| self.rules.rule(action, principal, resource, context.clone(), entities);
        let found = findings(&ruling(asked)?, subject)?;
        let account = self.inventory.entity("Account", self.account);
        if account.and_then(|a| a.bool("tagsKnown")) != Some(false) {
            return Ok(found);
        }
        let (mut settled, mut perhaps) = (BTreeSet::new(), Vec::new());
        for rule in self.rules.of_action(action).filter(|rule| !rule.forbids) {
            let permits = |asked: Asked<'_>| -> Result<bool, Failure> {
                let ruling = ruling(asked)?;
                Ok(ruling.permitted && ruling.by.iter().any(|by| by.id == rule.id))
            };
            let answers = self.of_rule(rule, asked, &permits)?;
            if answers.is_empty() {
                continue;
            }
            // what is so with all of them is certain
            if answers.len() == 2 {
                perhaps.push(
                    finding(rule, subject)?.perhaps(&format!("the tags of {}, which were not listed", self.account)),
                );
            }
            if !answers.contains(&true) || answers.len() == 2 {
                settled.insert(rule.id.as_str());
            }
        }
        let certain = found.into_iter().filter(|f| !settled.contains(f.name.as_str()));
        Ok(certain.chain(perhaps).collect())
    }

    /// Whether a policy takes the tags of the context for all that there are. What is built in has `tagsKnown` and facts that are unknown.
    fn reads_listed(&self, rule: &Rule) -> bool {
        self.rules.is_own(&rule.id) && self.rules.reads_tags_as_listed(&rule.id)
    }

    /// What a policy says with the tags that the account may have; nothing where it reads none.
    fn of_rule(
        &self,
        rule: &Rule,
        (context, entities): Asked<'_>,
        permits: &dyn Fn(Asked<'_>) -> Result<bool, Failure>,
    ) -> Result<BTreeSet<bool>, Failure> {
        let mut answers = BTreeSet::new();
        let tried = self.rules.tags_of(&rule.id).map(|tags| of_tags(self.inventory, self.account, tags, entities));
        match tried.transpose()?.flatten() {
            Some(Tried::TooMany(_)) => answers.extend([false, true]),
            Some(Tried::All(worlds)) => {
                for world in worlds {
                    answers.insert(permits((context, &world.entities))?);
                }
            }
            None => {}
        }
        let Some(with_tags) = self.with_tags.filter(|_| self.reads_listed(rule)) else {
            return Ok(answers);
        };
        let mut named = BTreeSet::new();
        literals(&rule.json, &mut named);
        named.extend(self.inventory.config.compared_phi_tags());
        let all: Vec<String> = named.iter().filter(|text| text.contains('=')).cloned().collect();
        let each = all.iter().map(|tag| vec![tag.clone()]);
        for tags in each.chain([Vec::new(), all.clone()]) {
            answers.insert(permits((&with_tags(tags)?, entities))?);
        }
        Ok(answers)
    }
}
