//! The four HIPAA facts about an account (D3): plain facts are handed over, and `policies/hipaa` says what they come to.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Context, Entities, EntityUid, RestrictedExpression as Expr};
use serde::Serialize;

use crate::agreements::open::of_tags;
use crate::agreements::standing::Standing;
use crate::agreements::{Agreements, InForce, KindCoverage, context, datetime};
use crate::aws::eligibility::{self, Lists, Meant};
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

/// The question whether an account says that it holds PHI.
pub const HOLDS_PHI: &str = "holds-phi";

/// The services among these that are eligible except for parts of them (R96).
pub fn with_exclusions<'s>(services: &'s Services, lists: &Lists) -> Vec<&'s str> {
    let excluded = |id: &str| lists.meant(id).services().iter().any(|s| s.exclusions.is_some());
    services.iter().filter(|(id, e)| **e == Some(true) && excluded(id)).map(|(id, _)| id.as_str()).collect()
}

/// The services that hold PHI, and whether each is eligible at the moment (D18); `None` where it is unknown.
pub type Services = BTreeMap<String, Option<bool>>;

/// What the policies make of an account, and what findings about it are asked with.
pub struct Facts {
    /// The four.
    pub hipaa: Hipaa,
    /// The services of the register.
    pub services: Services,
    /// Those of them whose names stand for no service that is known; each is in `services`, and unknown.
    pub not_known: BTreeSet<String>,
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
    let not_known = query.not_known(&services);
    let (context, [covered, holds_phi, attested]) =
        query.context((standing, coverage), (&services, &not_known), query.tags())?;
    let meets_definition = query.fact("meets-definition", &context)?;
    let designated = query.designated(coverage)?;
    let hipaa = Hipaa { covered, designated, holds_phi, meets_definition };
    Ok(Facts { hipaa, services, not_known, attested, context })
}

/// The contexts of `report-on-account` in which the account has none of the tags that declare PHI, and in which it has one: what is
/// found with its own tags and not with these rests on them. None where no tag declares PHI. Tags tell nothing of services.
pub fn with_other_tags(
    agreements: &Agreements<'_>,
    rules: &RuleBook,
    account: &Account,
    of: (&Standing, &[KindCoverage]),
    facts: &Facts,
    entities: &Entities,
) -> Result<Vec<Context>, Failure> {
    let query = FactQuery { agreements, rules, account, uid: Uid::new("Account", &account.id).to_cedar()?, entities };
    let of_phi = query.phi_tags();
    let Some(one) = of_phi.first() else { return Ok(Vec::new()) };
    let without: Vec<String> = query.tags().into_iter().filter(|t| !of_phi.contains(t)).collect();
    let with = without.iter().cloned().chain([one.clone()]).collect();
    let with_tags = |tags| with_tags(agreements, rules, account, of, (facts, tags), entities);
    [without, with].into_iter().map(with_tags).collect()
}

/// The context of `report-on-account` if the account had these tags.
pub fn with_tags(
    agreements: &Agreements<'_>,
    rules: &RuleBook,
    account: &Account,
    of: (&Standing, &[KindCoverage]),
    (facts, tags): (&Facts, Vec<String>),
    entities: &Entities,
) -> Result<Context, Failure> {
    let query = FactQuery { agreements, rules, account, uid: Uid::new("Account", &account.id).to_cedar()?, entities };
    Ok(query.context(of, (&facts.services, &facts.not_known), tags)?.0)
}

/// Whether the register or a tag says that an account holds PHI, and nothing else of the facts.
pub fn holds_phi(
    agreements: &Agreements<'_>,
    account: &Account,
    standing: &Standing,
    coverage: &[KindCoverage],
    entities: &Entities,
) -> Result<Option<bool>, Failure> {
    let (rules, uid) = (agreements.rules, Uid::new("Account", &account.id).to_cedar()?);
    let query = FactQuery { agreements, rules, account, uid, entities };
    let mut plain = query.plain(standing, coverage, query.tags())?;
    let services = if reads_services(rules) { query.services()? } else { Services::new() };
    plain.extend(of_services(&services, &query.not_known(&services)));
    query.fact(HOLDS_PHI, &context(plain)?)
}

/// Whether it matters to `holds-phi` which services are eligible.
pub fn reads_services(rules: &RuleBook) -> bool {
    let sets = ["eligibleServices", "ineligibleServices", "servicesNotKnown", "servicesOfUnknownEligibility"];
    sets.iter().any(|set| rules.reads_attribute(HOLDS_PHI, set))
}

/// A fact as two attributes: Cedar has no third truth value.
fn with_unknown(name: &'static str, unknown: &'static str, fact: Option<bool>) -> [(&'static str, Expr); 2] {
    [(name, Expr::new_bool(fact == Some(true))), (unknown, Expr::new_bool(fact.is_none()))]
}

/// A set of strings.
pub fn words(words: impl IntoIterator<Item = impl Into<String>>) -> Expr {
    Expr::new_set(words.into_iter().map(|w| Expr::new_string(w.into())))
}

fn of_services(services: &Services, not_known: &BTreeSet<String>) -> [(&'static str, Expr); 4] {
    let of = |answer: Option<bool>| {
        let is = |(id, e): &(&String, &Option<bool>)| **e == answer && !not_known.contains(*id);
        words(services.iter().filter(is).map(|(id, _)| id.clone()))
    };
    [
        ("eligibleServices", of(Some(true))),
        ("ineligibleServices", of(Some(false))),
        ("servicesOfUnknownEligibility", of(None)),
        ("servicesNotKnown", words(not_known)),
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
    fn fact(&self, action: &str, context: &Context) -> Result<Option<bool>, Failure> {
        self.fact_of(action, &self.uid, context)
    }

    /// Where policies read tags of the account that were not listed: what is the same whatever these are, or unknown.
    fn fact_of(&self, action: &str, of: &EntityUid, context: &Context) -> Result<Option<bool>, Failure> {
        let asked = |entities: &Entities| self.rules.fact(action, of, &self.uid, context.clone(), entities);
        let tags = self.rules.tags_read(&[action]);
        let Some(tried) = of_tags(self.agreements.inventory, &self.account.id, &tags, self.entities)? else {
            return asked(self.entities);
        };
        let answers = tried.worlds().iter().map(|world| asked(&world.entities)).collect::<Result<Vec<_>, _>>()?;
        let first = answers.first().copied().flatten();
        Ok(first.filter(|_| answers.iter().all(|answer| *answer == first)))
    }

    /// The context of `report-on-account` for an account with these tags; whether it is covered, holds PHI and is attested.
    fn context(
        &self,
        (standing, coverage): (&Standing, &[KindCoverage]),
        (services, not_known): (&Services, &BTreeSet<String>),
        tags: Vec<String>,
    ) -> Result<(Context, [Option<bool>; 3]), Failure> {
        let mut plain = self.plain(standing, coverage, tags)?;
        plain.extend(of_services(services, not_known));
        let told_by_the_inventory = context(plain.iter().cloned())?;
        let covered = self.fact(COVERED, &told_by_the_inventory)?;
        let holds_phi = self.fact(HOLDS_PHI, &told_by_the_inventory)?;
        let attested = self.fact("attested", &told_by_the_inventory)?;
        plain.extend(with_unknown("holdsPhi", "holdsPhiUnknown", holds_phi));
        plain.extend(with_unknown("attested", "attestedUnknown", attested));
        let excluded = with_exclusions(services, &self.agreements.inventory.eligible);
        plain.push(("servicesWithExclusions", words(excluded)));
        let in_use = self.agreements.in_use();
        plain.push(("registerInUse", Expr::new_bool(in_use.register)));
        plain.push(("tagsInUse", Expr::new_bool(in_use.tags)));
        plain.push(("exceptionEnded", Expr::new_bool(self.exception_has_ended())));
        Ok((context(plain)?, [covered, holds_phi, attested]))
    }

    /// The tags of the account, in lower case.
    fn tags(&self) -> Vec<String> {
        self.account.tags.iter().map(|(k, v)| format!("{k}={v}").to_lowercase()).collect()
    }

    /// The tags that declare PHI.
    fn phi_tags(&self) -> Vec<String> {
        self.agreements.inventory.config.compared_phi_tags().collect()
    }

    /// What the inventory tells of an account with these tags, before any policy of HIPAA.
    fn plain(
        &self,
        standing: &Standing,
        coverage: &[KindCoverage],
        tags: Vec<String>,
    ) -> Result<Vec<(&'static str, Expr)>, Failure> {
        let of = |answer: Coverage| words(coverage.iter().filter(|c| c.coverage == answer).map(|c| c.kind.clone()));
        let by = |scope: Scope| {
            let has = |c: &&KindCoverage| c.in_force().any(|i: &InForce| i.scope == scope);
            words(coverage.iter().filter(has).map(|c| c.kind.clone()))
        };
        let mut plain = vec![
            ("at", datetime(self.agreements.at())),
            ("covered", of(Coverage::Covered)),
            ("notCovered", of(Coverage::NotCovered)),
            ("coverageUnknown", of(Coverage::Unknown)),
            ("accountAgreements", by(Scope::Account)),
            ("organizationAgreements", by(Scope::Organization)),
            ("offlineAgreements", by(Scope::Offline)),
            ("tags", words(tags)),
            ("phiTags", words(self.phi_tags())),
        ];
        if let Some(organization) = &standing.organization {
            plain.push(("organization", Expr::new_entity_uid(cedar_uid("Organization", organization)?)));
        }
        Ok(plain)
    }

    /// Whether an exception of the account is over (R94).
    fn exception_has_ended(&self) -> bool {
        let mut exceptions = self.agreements.inventory.config.account_exceptions.iter();
        exceptions.any(|e| e.account == self.account.id && e.has_ended(self.agreements.at()))
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

    /// Those whose eligibility is not known because nobody knows what they are called.
    fn not_known(&self, services: &Services) -> BTreeSet<String> {
        let lists = &self.agreements.inventory.eligible;
        services.iter().filter(|(id, e)| e.is_none() && !lists.meant(id).is_known()).map(|(id, _)| id.clone()).collect()
    }

    fn eligible(&self, service: &str) -> Result<Option<bool>, Failure> {
        let (inventory, known) = (self.agreements.inventory, &self.agreements.inventory.eligible);
        // one that is declared may be called what nobody else calls it
        let prefix = inventory.entity("Service", service).and_then(|s| s.str("prefix"));
        let meant = match (known.meant(service), prefix) {
            (Meant::Unknown, Some(prefix)) => known.meant(prefix),
            (meant, _) => meant,
        };
        let asked = lists(known, &meant, self.agreements.at())?;
        let principal = Uid::new("Service", service).to_cedar()?;
        self.fact_of("eligible", &principal, &asked)
    }
}

/// What the dated lists say of a service at a moment, and what the policies make of it (D18).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Eligibility {
    /// As it was asked for.
    pub service: String,
    /// Whether it is HIPAA eligible; null where that is unknown.
    pub eligible: Option<bool>,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// The date of the last list by the moment; null before the first.
    pub list_before: Option<String>,
    /// The date of the first list after it; null after the last.
    pub list_after: Option<String>,
    /// The services of that name or prefix, as AWS lists them.
    pub listed: Vec<Listed>,
    /// What it is, where no list ever had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<Unlisted>,
}

/// A service of AWS that no list ever had.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Unlisted {
    /// What AWS calls it.
    pub name: String,
    /// Its IAM prefix.
    pub prefix: String,
    /// The service on the lists that it is called after: whether it is a part of that is not known.
    pub perhaps_part_of: Option<String>,
}

/// A service of the dated lists.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Listed {
    /// As AWS lists it.
    pub name: String,
    /// Its IAM prefixes.
    pub prefixes: Vec<String>,
    /// What of it is excluded (R96).
    pub exclusions: Option<String>,
    /// The dates of the lists that name it.
    pub seen: Vec<String>,
}

/// What is known of a service at a moment, by any of its names or its IAM prefix.
pub fn eligibility(
    rules: &RuleBook,
    known: &Lists,
    service: &str,
    at: crate::moment::Moment,
) -> Result<Eligibility, Failure> {
    let listed = |s: &&eligibility::EligibleService| Listed {
        name: s.name.clone(),
        prefixes: s.prefixes.clone(),
        exclusions: s.exclusions.clone(),
        seen: s.seen.clone(),
    };
    let meant = known.meant(service);
    let asked = lists(known, &meant, at)?;
    let listed: Vec<Listed> = meant.services().iter().map(listed).collect();
    let unlisted = match meant {
        Meant::Unlisted { name, prefix, part_of } => {
            Some(Unlisted { name, prefix, perhaps_part_of: part_of.map(str::to_owned) })
        }
        Meant::Listed(_) | Meant::Unknown => None,
    };
    let uid = Uid::new("Service", service).to_cedar()?;
    let prefix = Expr::new_string(service.to_owned());
    let entity = cedar_policy::Entity::new(uid.clone(), [("prefix".to_owned(), prefix)].into(), [].into())
        .map_err(Failure::internal("an entity"))?;
    let entities = Entities::from_entities([entity], None).map_err(Failure::internal("an entity"))?;
    // no policy tells accounts apart by which services are eligible in them
    let account = Uid::new("Account", "000000000000").to_cedar()?;
    let (eligible, ruling) = rules.fact_and_why("eligible", &uid, &account, asked, &entities)?;
    let (before, after) = known.around(at);
    Ok(Eligibility {
        service: service.to_owned(),
        eligible,
        policies: ruling.by.iter().map(|r| r.id.clone()).collect(),
        list_before: before.map(str::to_owned),
        list_after: after.map(str::to_owned),
        listed,
        unlisted,
    })
}

/// The context in which the policies are asked whether a service is eligible.
fn lists(known: &Lists, meant: &Meant<'_>, at: crate::moment::Moment) -> Result<Context, Failure> {
    let (before, after) = known.around(at);
    let named = |list: Option<&str>| {
        Expr::new_bool(list.is_some_and(|date| meant.services().iter().any(|s| s.was_listed(date))))
    };
    let mut pairs = vec![
        ("at", datetime(at)),
        ("onListBefore", named(before)),
        ("onListAfter", named(after)),
        ("known", Expr::new_bool(meant.is_settled())),
    ];
    let date = |date: Option<&str>| date.and_then(crate::moment::parse).map(datetime);
    pairs.extend(date(before).map(|d| ("listBefore", d)));
    pairs.extend(date(after).map(|d| ("listAfter", d)));
    context(pairs)
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
    /// The date of the last list.
    pub list: String,
}

/// What the register says of PHI in an account, if it says anything.
pub fn phi(agreements: &Agreements<'_>, account: &str, facts: &Facts) -> Option<Phi> {
    let inventory = agreements.inventory;
    let phi = inventory.entity("Account", account)?.record("phi")?;
    let text = |item: &Item| item.str().map(str::to_owned);
    let service = |(id, eligible): (&String, &Option<bool>)| {
        let prefix = inventory.entity("Service", id).and_then(|s| s.str("prefix")).unwrap_or(id).to_owned();
        let exclusions = inventory.eligible.meant(id).services().iter().find_map(|s| s.exclusions.clone());
        PhiService {
            service: id.clone(),
            prefix,
            eligible: *eligible,
            exclusions,
            list: inventory.eligible.last().to_owned(),
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
