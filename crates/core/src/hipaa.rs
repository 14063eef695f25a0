//! The four HIPAA facts about an account (D3): plain facts are handed over, and `policies/hipaa` says what they come to.

use std::collections::BTreeMap;

use cedar_policy::{Context, Entities, EntityUid, RestrictedExpression as Expr};
use serde::Serialize;

use crate::agreements::standing::Standing;
use crate::agreements::{Agreements, InForce, KindCoverage, context, datetime};
use crate::aws::eligibility;
use crate::inventory::entity::{Attr, Item, Uid, cedar_uid};
use crate::inventory::model::Account;
use crate::policies::{COVERED, RuleBook};
use crate::problem::Failure;
use crate::terms::{Coverage, Scope};

/// Four separate facts, each true, false or unknown. Covered is no more than that an agreement is in force (D23).
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Hipaa {
    /// A BAA is in force for the account.
    pub covered: Option<bool>,
    /// By acceptance, or under an offline BAA.
    pub designated: Option<bool>,
    /// Declared by tag or register.
    pub holds_phi: Option<bool>,
    /// As attested (R75).
    pub meets_definition: Option<bool>,
}

/// The services that hold PHI, and whether each is eligible at the moment (D18); `None` where it is unknown.
pub type Services = BTreeMap<String, Option<bool>>;

/// What the policies make of an account, and what findings about it are asked with.
pub struct Facts {
    /// The four.
    pub hipaa: Hipaa,
    /// The services of the register.
    pub services: Services,
    /// The safeguards that the BAA demands are attested.
    pub attested: Option<bool>,
    /// The context of `report-on-account`.
    pub context: Context,
}

/// The facts of an account.
pub fn facts(
    agreements: &Agreements<'_>,
    rules: &RuleBook,
    account: &Account,
    standing: &Standing,
    coverage: &[KindCoverage],
    entities: &Entities,
) -> Result<Facts, Failure> {
    let query = FactQuery { agreements, rules, account, uid: Uid::new("Account", &account.id).to_cedar()?, entities };
    let services = query.services()?;
    let mut plain = query.plain(standing, coverage)?;
    plain.extend(of_services(&services));
    let fact = |action: &str, context: &Context| rules.fact(action, &query.uid, &query.uid, context.clone(), entities);
    let told_by_the_inventory = context(plain.iter().cloned())?;
    let covered = fact(COVERED, &told_by_the_inventory)?;
    let holds_phi = fact("holds-phi", &told_by_the_inventory)?;
    let attested = fact("attested", &told_by_the_inventory)?;
    plain.extend(with_unknown("holdsPhi", "holdsPhiUnknown", holds_phi));
    plain.extend(with_unknown("attested", "attestedUnknown", attested));
    let context = context(plain)?;
    let meets_definition = fact("meets-definition", &context)?;
    let designated = query.designated(coverage)?;
    let hipaa = Hipaa { covered, designated, holds_phi, meets_definition };
    Ok(Facts { hipaa, services, attested, context })
}

/// A fact as two attributes: Cedar has no third truth value.
fn with_unknown(name: &'static str, unknown: &'static str, fact: Option<bool>) -> [(&'static str, Expr); 2] {
    [(name, Expr::new_bool(fact == Some(true))), (unknown, Expr::new_bool(fact.is_none()))]
}

/// A set of strings.
pub fn words(words: impl IntoIterator<Item = impl Into<String>>) -> Expr {
    Expr::new_set(words.into_iter().map(|w| Expr::new_string(w.into())))
}

fn of_services(services: &Services) -> [(&'static str, Expr); 3] {
    let of = |answer: Option<bool>| words(services.iter().filter(|(_, e)| **e == answer).map(|(id, _)| id.clone()));
    [
        ("eligibleServices", of(Some(true))),
        ("ineligibleServices", of(Some(false))),
        ("servicesOfUnknownEligibility", of(None)),
    ]
}

/// What is asked about one account.
struct FactQuery<'a> {
    agreements: &'a Agreements<'a>,
    rules: &'a RuleBook,
    account: &'a Account,
    uid: EntityUid,
    entities: &'a Entities,
}

impl FactQuery<'_> {
    /// What the inventory tells of the account, before any policy of HIPAA.
    fn plain(&self, standing: &Standing, coverage: &[KindCoverage]) -> Result<Vec<(&'static str, Expr)>, Failure> {
        let of = |answer: Coverage| words(coverage.iter().filter(|c| c.coverage == answer).map(|c| c.kind.clone()));
        let by = |scope: Scope| {
            let has = |c: &&KindCoverage| c.in_force().any(|i: &InForce| i.scope == scope);
            words(coverage.iter().filter(has).map(|c| c.kind.clone()))
        };
        let tags = self.account.tags.iter().map(|(k, v)| format!("{k}={v}").to_lowercase());
        let phi_tags = self.agreements.inventory.config.phi_tags.iter().map(|t| t.to_lowercase());
        let mut plain = vec![
            ("at", datetime(self.agreements.at())),
            ("covered", of(Coverage::Covered)),
            ("notCovered", of(Coverage::NotCovered)),
            ("coverageUnknown", of(Coverage::Unknown)),
            ("accountAgreements", by(Scope::Account)),
            ("organizationAgreements", by(Scope::Organization)),
            ("offlineAgreements", by(Scope::Offline)),
            ("tags", words(tags)),
            ("phiTags", words(phi_tags)),
        ];
        if let Some(organization) = &standing.organization {
            plain.push(("organization", Expr::new_entity_uid(cedar_uid("Organization", organization)?)));
        }
        Ok(plain)
    }

    /// Whether an agreement in force designates the account; unknown where one that is not listed may.
    fn designated(&self, coverage: &[KindCoverage]) -> Result<Option<bool>, Failure> {
        for agreement in coverage.iter().flat_map(KindCoverage::in_force) {
            if self.agreements.designates(agreement, self.account, self.entities)? {
                return Ok(Some(true));
            }
        }
        Ok((!coverage.iter().any(|c| c.perhaps_designated)).then_some(false))
    }

    fn services(&self) -> Result<Services, Failure> {
        let phi = self.agreements.inventory.entity("Account", &self.account.id).and_then(|e| e.record("phi"));
        let ids = phi.and_then(|p| p.get("services")).map(Item::ids).unwrap_or_default();
        ids.into_iter().map(|id| Ok((id.clone(), self.eligible(&id)?))).collect()
    }

    fn eligible(&self, service: &str) -> Result<Option<bool>, Failure> {
        let at = self.agreements.at();
        let (before, after) = eligibility::lists_around(at);
        let named = |list: Option<&str>| {
            Expr::new_bool(list.is_some_and(|date| eligibility::services(service).any(|s| s.was_listed(date))))
        };
        let mut pairs = vec![("at", datetime(at)), ("onListBefore", named(before)), ("onListAfter", named(after))];
        let date = |date: Option<&str>| date.and_then(crate::moment::parse).map(datetime);
        pairs.extend(date(before).map(|d| ("listBefore", d)));
        pairs.extend(date(after).map(|d| ("listAfter", d)));
        let principal = Uid::new("Service", service).to_cedar()?;
        self.rules.fact("eligible", &principal, &self.uid, context(pairs)?, self.entities)
    }
}

/// What the register says of PHI in an account.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Phi {
    /// The services that hold it.
    pub services: Vec<PhiService>,
    /// The Regions that it is held in: the customer's own policy (D17).
    pub regions: Vec<String>,
    /// Whether the safeguards that the BAA demands are attested.
    pub safeguards_attested: Option<bool>,
    /// By whom.
    pub attested_by: Option<String>,
    /// When.
    pub attested_at: Option<String>,
}

/// A service that holds PHI.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhiService {
    /// As the register names it.
    pub service: String,
    /// Its IAM prefix.
    pub prefix: String,
    /// Whether it is HIPAA eligible at the moment; null where that is unknown.
    pub eligible: Option<bool>,
    /// What of it is excluded, on the list.
    pub exclusions: Option<String>,
    /// The date of the last list that is built in.
    pub list: String,
}

/// What the register says of PHI in an account, if it says anything.
pub fn phi(agreements: &Agreements<'_>, account: &str, facts: &Facts) -> Option<Phi> {
    let inventory = agreements.inventory;
    let phi = inventory.entity("Account", account)?.record("phi")?;
    let text = |item: &Item| item.str().map(str::to_owned);
    let service = |(id, eligible): (&String, &Option<bool>)| {
        let prefix = inventory.entity("Service", id).and_then(|s| s.str("prefix")).unwrap_or(id).to_owned();
        let exclusions = eligibility::services(id).find_map(|s| s.exclusions.clone());
        PhiService {
            service: id.clone(),
            prefix,
            eligible: *eligible,
            exclusions,
            list: eligibility::last_list().to_owned(),
        }
    };
    let regions = match phi.get("regions").map(|r| &r.attr) {
        Some(Attr::Set(items)) => items.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    Some(Phi {
        services: facts.services.iter().map(service).collect(),
        regions,
        safeguards_attested: facts.attested,
        attested_by: phi.get("attestedBy").and_then(text),
        attested_at: phi.get("attestedAt").and_then(Item::moment).map(crate::moment::format),
    })
}
