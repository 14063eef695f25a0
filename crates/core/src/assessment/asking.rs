//! Accounts, asked about one after the other, by one thread.

use std::sync::Arc;

use super::answers::{Answers, Own};
use super::assessor::{Assessor, Decided, Known, account_answer};
use super::completeness::others::{self, Others};
use super::escalation::Grants;
use super::stage::Stage;
use super::{AccountAnswer, Named, PrincipalAnswer, principal_answer};
use crate::agreements::{Agreements, Lists};
use crate::findings::{Findings, Gathered};
use crate::hipaa;
use crate::inventory::entity::Uid;
use crate::inventory::model::Account;
use crate::operations;
use crate::permissions::everyone::Everyone;
use crate::permissions::moment::Then;
use crate::permissions::principals::Directory;
use crate::problem::Failure;

/// What is told of some accounts, in their order.
#[derive(Default)]
pub(super) struct Told {
    pub accounts: Vec<AccountAnswer>,
    /// Those who may be there unseen.
    pub unseen: Vec<Others>,
}

/// What is read by whoever asks about accounts, and written by nobody.
pub(super) struct Shared<'s> {
    pub lists: Lists<'s>,
    pub everyone: Arc<Everyone<'s>>,
    /// Entities that the rules may read of every account.
    pub beside: Vec<Uid>,
    pub named: Option<Named<'s>>,
}

/// Asks about accounts, one after the other, and remembers what was decided.
pub(super) struct Asking<'s> {
    assessor: &'s Assessor<'s>,
    shared: &'s Shared<'s>,
    agreements: Agreements<'s>,
    directory: Directory<'s>,
    decided: Decided,
    findings: Option<Findings<'s>>,
    grants: Option<Grants<'s>>,
}

impl<'s> Asking<'s> {
    /// Nothing is asked yet.
    pub fn new(assessor: &'s Assessor<'s>, shared: &'s Shared<'s>) -> Result<Self, Failure> {
        let Assessor { inventory, rules, options } = assessor;
        let asked = (options.at, &options.context);
        let directory = Directory::sharing(inventory, &shared.lists.tree, asked, shared.everyone.clone());
        let findings = || Findings::new(inventory, rules, options.at);
        Ok(Self {
            assessor,
            shared,
            agreements: shared.lists.at(options.at),
            directory: directory.of_any_request(options.any_request),
            decided: Decided::new(rules),
            findings: (!options.filter.answers_alone).then(findings).transpose()?,
            grants: options.grants_itself.then(|| Grants::new(inventory)),
        })
    }

    /// What was found of all accounts that were asked about.
    pub fn findings(self) -> Option<Gathered> {
        self.findings.map(Findings::gathered)
    }

    /// Asks about an account, and keeps nothing that is of it alone. Each of its principals is handed over.
    pub fn account(
        &mut self,
        account: &Account,
        told: &mut Told,
        each: &mut impl FnMut(PrincipalAnswer),
    ) -> Result<(), Failure> {
        self.about(account, told, each)?;
        self.agreements.forget(account);
        Ok(())
    }

    fn about(
        &mut self,
        account: &Account,
        told: &mut Told,
        each: &mut impl FnMut(PrincipalAnswer),
    ) -> Result<(), Failure> {
        let Self { assessor, shared, agreements, directory, decided, findings, grants } = self;
        let filter = &assessor.options.filter;
        let (wanted, those) = filter.wants(&account.id, shared.named.as_ref());
        let standing = agreements.standing(account)?;
        // nobody else's policies are looked at
        let here = match wanted {
            true => {
                let then = Then::at(&agreements.tree, account, &standing);
                directory.of_account_at((account, &then), |i| those.is_none_or(|t| t.contains(i.arn.as_str())))?
            }
            false => Vec::new(),
        };
        let entities = agreements.entities(account, &standing, &assessor.with_principals(&shared.beside, &here))?;
        let coverage = agreements.coverage(account, &standing, &entities)?;
        let facts = hipaa::facts(agreements, assessor.rules, account, &standing, &coverage, &entities)?;
        if let Some(findings) = findings {
            let of = (standing.as_ref(), coverage.as_slice());
            let other_tags = match assessor.options.is_of_snapshot() {
                true => Vec::new(),
                false => hipaa::with_other_tags(agreements, assessor.rules, account, of, &facts, &entities)?,
            };
            let with_tags = |tags| hipaa::with_tags(agreements, assessor.rules, account, of, (&facts, tags), &entities);
            let organization = standing.organization.as_deref();
            findings.account(account, organization, &coverage, (&facts, other_tags), (&entities, &with_tags))?;
        }
        if filter.account(&account.id) {
            told.accounts.push(account_answer(agreements, account, &standing, &coverage, &facts, filter));
        }
        if here.is_empty() {
            return Ok(());
        }
        let of = (account, standing.as_ref());
        let stage = Stage::new(agreements, of, (assessor.rules, assessor.options), (entities, coverage))?;
        // an account that nothing is told apart from by shares nothing
        let class = operations::class(agreements, assessor.rules, account, &standing);
        let class = class.unwrap_or_else(|| account.id.clone());
        let memo = decided.memos.remove(&class).unwrap_or_default();
        let desk = stage.evaluator(&memo);
        let wanted = stage.wanted().collect();
        let mut asked = assessor.here((&desk, agreements, &standing), wanted, &class, decided)?;
        for principal in here {
            let Known { class, worth, .. } = assessor.known(&principal, &mut asked, decided, findings.as_mut())?;
            if let Some(findings) = findings {
                findings.access(&principal, &worth, &desk)?;
            }
            let places = decided.classes.places(&principal);
            let assuming = principal.assuming.clone();
            let own = Own { account: account.id.clone(), places, assuming, moment: asked.moment.clone() };
            let answers = Answers::new(class, own);
            let could_grant_itself = grants.as_mut().map(|grants| grants.of(&principal, &answers)).transpose()?;
            let mut answer = principal_answer(principal.into_identity(), answers);
            answer.could_grant_itself = could_grant_itself.unwrap_or_default();
            if filter.principals.is_none() {
                told.unseen.extend(others::members(assessor.inventory, &agreements.tree, &answer));
            }
            each(answer);
        }
        decided.memos.insert(class, memo);
        decided.forget(directory.passing());
        if let Some(grants) = grants {
            grants.forget(directory.passing());
        }
        Ok(())
    }
}
