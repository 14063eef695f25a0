//! Findings about accounts, organizations, access and policy documents: each `report-on-…` action is asked, and each policy
//! that permits is a finding, in the words of its annotations. What is worth a finding is decided in `policies/`.

pub mod access;
mod agreements;
mod untagged;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use cedar_policy::{Context, Entities, RestrictedExpression as Expr};

use crate::agreements::{Agreements, KindCoverage, context, datetime};
use crate::aws::eligibility::Lists;
use crate::finding::{Finding, Severity};
use crate::hipaa::{Facts, with_exclusions, words};
use crate::inventory::Inventory;
use crate::inventory::entity::Uid;
use crate::inventory::model::{Account, Organization};
use crate::inventory::signatories::{Behind, Signatories, Standing};
use crate::moment::Moment;
use crate::operations::AccountEvaluator;
use crate::permissions::principals::Principal;
use crate::policies::{Rule, RuleBook, Ruling};
use crate::problem::{Failure, Problem};
use crate::terms::Scope;
use access::{ACTION, Access, Worth, Worthy};
use untagged::{Untagged, WithTags};

/// Collects findings.
pub struct Findings<'a> {
    inventory: &'a Inventory,
    rules: &'a RuleBook,
    at: Moment,
    found: Vec<Finding>,
    /// By name and principal, with the operations that each is about.
    access: BTreeMap<(String, String), (Finding, BTreeSet<String>)>,
    /// The kinds that an organization agreement is in force of, by organization.
    in_force: BTreeMap<String, BTreeSet<String>>,
    worth: Worth,
    signatories: Option<Signatories>,
    /// What was asked of the account that was asked about last.
    asked: (String, HashMap<AccessKey, Vec<Finding>>),
}

/// What was found of some accounts, and of their principals.
pub struct Gathered {
    found: Vec<Finding>,
    access: BTreeMap<(String, String), (Finding, BTreeSet<String>)>,
    in_force: BTreeMap<String, BTreeSet<String>>,
}

/// What a finding that rests on tags takes for granted of another moment than theirs: a tag has no date (D22).
const TAGS: &str = "that its tags then were those that the files tell of";

/// Where a message about access names the series of reports.
const SERIES: &str = "{series}";

/// What a finding about access may depend on, within an account.
#[derive(PartialEq, Eq, Hash)]
struct AccessKey {
    /// Where the policies may read who it is.
    principal: Option<String>,
    access: Access,
}

impl<'a> Findings<'a> {
    /// None yet.
    pub fn new(inventory: &'a Inventory, rules: &'a RuleBook, at: Moment) -> Result<Self, Failure> {
        Ok(Self {
            inventory,
            rules,
            at,
            found: Vec::new(),
            access: BTreeMap::new(),
            in_force: BTreeMap::new(),
            worth: Worth::new(rules, at, &access::absent(&inventory.config))?,
            signatories: Signatories::of(inventory),
            asked: Default::default(),
        })
    }

    /// The answers that may be worth a finding, for whoever has them.
    pub fn worth(&mut self, answers: impl Iterator<Item = Access>) -> Result<Rc<[Worthy]>, Failure> {
        self.worth.of(answers)
    }

    /// Those about an account.
    pub fn account(
        &mut self,
        account: &Account,
        organization: Option<&str>,
        coverage: &[KindCoverage],
        (facts, other_tags): (&Facts, Vec<Context>),
        (entities, with_tags): (&Entities, WithTags<'_>),
    ) -> Result<(), Failure> {
        let shared = coverage.iter().filter(|c| c.in_force().any(|i| i.scope == Scope::Organization));
        if let Some(organization) = organization {
            self.in_force.entry(organization.to_owned()).or_default().extend(shared.map(|c| c.kind.clone()));
        }
        let uid = Uid::new("Account", &account.id).to_cedar()?;
        let untagged =
            Untagged { inventory: self.inventory, rules: self.rules, account: &account.id, with_tags: Some(with_tags) };
        let report = |context: &Context, subject: &str| {
            untagged.findings("report-on-account", (&uid, &uid), (context, entities), subject)
        };
        let subject = match &account.name {
            Some(name) => format!("account {} ({name})", account.id),
            None => format!("account {}", account.id),
        };
        let mut of_other_tags = Vec::new();
        for context in other_tags {
            of_other_tags.push(report(&context, &subject)?);
        }
        for mut finding in report(&facts.context, &subject)? {
            let rests_on_tags = of_other_tags.iter().any(|found| found.iter().all(|f| f.name != finding.name));
            finding.assuming = rests_on_tags.then(|| TAGS.to_owned());
            finding.message = with_services(finding.message, facts, &self.inventory.eligible);
            self.found.push(finding);
        }
        Ok(())
    }

    /// Those about what a principal may do.
    pub fn access(
        &mut self,
        principal: &Principal,
        answers: &[Worthy],
        desk: &AccountEvaluator<'_>,
    ) -> Result<(), Failure> {
        if self.asked.0 != desk.account.id {
            self.asked = (desk.account.id.clone(), HashMap::new());
        }
        for Worthy { access, told_apart } in answers {
            let key = AccessKey { principal: told_apart.then(|| principal.arn.clone()), access: access.clone() };
            let found = match self.asked.1.get(&key) {
                Some(found) => found.clone(),
                None => {
                    let found = self.ask_access(principal, access, desk)?;
                    self.asked.1.insert(key, found.clone());
                    found
                }
            };
            for mut finding in found {
                finding.subject.clone_from(&principal.arn);
                let key = (finding.name.clone(), principal.arn.clone());
                let entry = self.access.entry(key).or_insert_with(|| (finding, BTreeSet::new()));
                // words that name the series do so in place of the operation
                let told = access.series.clone().filter(|_| entry.0.message.contains(SERIES));
                entry.1.insert(told.unwrap_or_else(|| access.operation.to_owned()));
            }
        }
        Ok(())
    }

    fn ask_access(
        &self,
        principal: &Principal,
        access: &Access,
        desk: &AccountEvaluator<'_>,
    ) -> Result<Vec<Finding>, Failure> {
        let mut pairs = access.pairs(self.at);
        pairs.push(("names", words([&principal.arn, &principal.name])));
        pairs.push(("people", words(principal.people.iter().map(|p| &p.user_name))));
        if let Some(signatories) = &self.inventory.config.signatories {
            pairs.push(("signatories", words(signatories)));
        }
        let named = self.signatories.as_ref().map(|s| s.principal(&principal.arn, &principal.uid));
        pairs.push(("namedAsSignatory", Expr::new_bool(named == Some(Standing::Is))));
        let behind = Behind {
            people: principal.people.iter().map(|p| (p.id.as_str(), &p.user_name)).collect(),
            groups: principal.groups.iter().map(|g| g.name.as_str()).collect(),
        };
        let people = self.signatories.as_ref().map(|s| s.people(&behind));
        pairs.push(("signatoryPeople", words(people.unwrap_or_default())));
        let names = [&principal.arn, &principal.name].into_iter().chain(principal.people.iter().map(|p| &p.user_name));
        if let Some(series) = self.inventory.config.auditors.series(names.map(String::as_str)) {
            pairs.push(("declaredSeries", words(&series)));
        }
        let (who, resource) = (principal.uid.to_cedar()?, Uid::new("Account", &desk.account.id).to_cedar()?);
        let untagged =
            Untagged { inventory: self.inventory, rules: self.rules, account: &desk.account.id, with_tags: None };
        untagged.findings(ACTION, (&who, &resource), (&context(pairs)?, desk.entities), "")
    }

    /// Those about organizations, once all accounts are known.
    fn organizations(&mut self, agreements: &Agreements<'_>) -> Result<(), Failure> {
        for organization in agreements.tree.organizations.values() {
            let Some(manager) = agreements.tree.accounts.get(&organization.management_account) else {
                continue;
            };
            let kinds = self.in_force.get(&organization.id).into_iter().flatten();
            let pairs = [
                ("at", datetime(self.at)),
                ("organizationAgreements", words(kinds)),
                ("policiesDeclared", Expr::new_bool(declares_policies(agreements, organization))),
            ];
            let standing = agreements.standing(manager)?;
            let entities = agreements.entities(manager, &standing, &[Uid::new("Organization", &organization.id)])?;
            let uid = Uid::new("Organization", &organization.id).to_cedar()?;
            let ruling = self.rules.rule("report-on-organization", &uid, &uid, context(pairs)?, &entities)?;
            self.found.extend(findings(&ruling, &format!("organization {}", organization.id))?);
        }
        Ok(())
    }

    /// Those about policy documents.
    fn documents(&mut self) -> Result<(), Failure> {
        let attached = self.inventory.policies.iter().map(|(id, policy)| (id, &policy.label, true));
        let unused = self.inventory.unused.iter().map(|source| (&source.path, &source.path, false));
        for (id, label, attached) in attached.chain(unused) {
            let unlike_aws = attached && self.inventory.unlike_aws.contains(id);
            let pairs = [
                ("at", datetime(self.at)),
                ("attached", Expr::new_bool(attached)),
                ("unlikeAws", Expr::new_bool(unlike_aws)),
            ];
            let uid = Uid::new("IamPolicy", id).to_cedar()?;
            let entity = cedar_policy::Entity::new_no_attrs(uid.clone(), std::collections::HashSet::new());
            let entities = Entities::from_entities([entity], None).map_err(Failure::internal("an entity"))?;
            let ruling = self.rules.rule("report-on-policy", &uid, &uid, context(pairs)?, &entities)?;
            // which policy it is is told by its ARN, whatever file has the document
            self.found.extend(findings(&ruling, if unlike_aws { id } else { label })?);
        }
        Ok(())
    }

    /// What was found so far.
    pub fn gathered(self) -> Gathered {
        let Self { found, access, in_force, .. } = self;
        Gathered { found, access, in_force }
    }

    /// All findings, once all accounts and principals are known: those that were gathered, in whatever order, and those about all
    /// together.
    pub fn all(
        mut self,
        gathered: impl IntoIterator<Item = Gathered>,
        agreements: &Agreements<'_>,
    ) -> Result<Vec<Finding>, Failure> {
        for Gathered { found, access, in_force } in gathered {
            self.found.extend(found);
            self.access.extend(access);
            in_force.into_iter().for_each(|(id, kinds)| self.in_force.entry(id).or_default().extend(kinds));
        }
        self.organizations(agreements)?;
        self.agreements(agreements)?;
        self.finish()
    }

    /// All findings, by severity, code and subject.
    fn finish(mut self) -> Result<Vec<Finding>, Failure> {
        for (_, (mut finding, operations)) in std::mem::take(&mut self.access) {
            let told = operations.into_iter().collect::<Vec<_>>().join(", ");
            finding.message = if finding.message.contains(SERIES) {
                finding.message.replace(SERIES, &told)
            } else {
                format!("{}: {told}", finding.message)
            };
            self.found.push(finding);
        }
        self.documents()?;
        self.found.sort_by(|a, b| (b.severity, &a.rule, &a.subject).cmp(&(a.severity, &b.rule, &b.subject)));
        Ok(self.found)
    }
}

/// Whether a service control policy is declared for an organization, or for a unit or an account of it.
fn declares_policies(agreements: &Agreements<'_>, organization: &Organization) -> bool {
    let tree = &agreements.tree;
    let mut members = tree.accounts.values().map(|a| (a, tree.now(a)));
    let declared_below = members.any(|(account, now)| {
        let units = || now.path.iter().filter_map(|u| tree.units.get(u));
        now.organization.as_ref() == Some(&organization.id)
            && (account.scps.is_some() || units().any(|u| u.scps.is_some()))
    });
    organization.scps.is_some() || !organization.unplaced.is_empty() || declared_below
}

/// A message in which the attributes of `report-on-account` that hold services stand for those of the account.
fn with_services(message: String, facts: &Facts, lists: &Lists) -> String {
    let of = |eligible: Option<bool>| {
        let is = |(id, e): &(&String, &Option<bool>)| **e == eligible && !facts.not_known.contains(*id);
        facts.services.iter().filter(is).map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let not_known: Vec<&str> = facts.not_known.iter().map(String::as_str).collect();
    let message = message.replace("{servicesNotKnown}", &not_known.join(", "));
    let message = message.replace("{servicesWithExclusions}", &with_exclusions(&facts.services, lists).join(", "));
    [
        ("{eligibleServices}", Some(true)),
        ("{ineligibleServices}", Some(false)),
        ("{servicesOfUnknownEligibility}", None),
    ]
    .into_iter()
    .fold(message, |message, (name, eligible)| message.replace(name, &of(eligible)))
}

/// A finding for each policy that permits, in the words of its annotations.
fn findings(ruling: &Ruling<'_>, subject: &str) -> Result<Vec<Finding>, Failure> {
    let by = if ruling.permitted { ruling.by.as_slice() } else { &[] };
    by.iter().map(|rule| finding(rule, subject)).collect()
}

fn finding(rule: &Rule, subject: &str) -> Result<Finding, Failure> {
    // a severity that no one knows would pass every gate
    let severity = rule.get("severity").and_then(Severity::named).ok_or_else(|| {
        let message = format!("the finding `{}` has no @severity of error, warning or info", rule.id);
        Failure::from(Problem::at(&rule.source, rule.span.first(), message))
    })?;
    Ok(Finding {
        rule: rule.text("code").unwrap_or_else(|| rule.id.clone()),
        name: rule.id.clone(),
        severity,
        cites: rule.rule().to_owned(),
        subject: subject.to_owned(),
        message: rule.text("message").unwrap_or_default(),
        help: rule.text("help").unwrap_or_default(),
        assuming: None,
        unknown: None,
    })
}
