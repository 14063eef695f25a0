//! The four HIPAA facts about an account (D3), and findings. The rules stand in `policies/hipaa` and beside the others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cedar_policy::{Entities, RestrictedExpression as Expr};
use serde::Serialize;

use crate::agreements::tree::Standing;
use crate::agreements::{Agreements, Coverage, KindCoverage, context, datetime};
use crate::assessment::Finding;
use crate::inventory::entity::{Entity, Item, Uid, cedar_uid};
use crate::inventory::model::Account;
use crate::inventory::{Inventory, builtin};
use crate::moment::Moment;
use crate::operations::Desk;
use crate::operations::answer::{Answer, Decision};
use crate::permissions::principals::Principal;
use crate::policies::{RuleBook, Ruling};
use crate::problem::Failure;

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
    #[serde(skip)]
    outside_eligible: bool,
    #[serde(skip)]
    eligibility_unknown: bool,
}

/// The facts of an account.
pub fn facts(
    agreements: &Agreements<'_>,
    rules: &RuleBook,
    account: &Account,
    coverage: &[KindCoverage],
    entities: &Entities,
) -> Result<Hipaa, Failure> {
    let baa = coverage.iter().find(|c| c.kind == "baa");
    let covered = match baa.map(|c| c.coverage) {
        Some(Coverage::Covered) => Some(true),
        Some(Coverage::Unknown) => None,
        Some(Coverage::NotCovered) | None => Some(false),
    };
    let mut designated = covered.map(|_| false);
    for agreement in coverage.iter().flat_map(KindCoverage::in_force) {
        if agreements.designates(agreement, account, entities)? {
            designated = Some(true);
        }
    }
    let uid = Uid::new("Account", &account.id).to_cedar()?;
    let entity = agreements.inventory.entity("Account", &account.id);
    let phi = entity.and_then(|e| e.record("phi"));
    let words = |tags: &mut dyn Iterator<Item = String>| {
        Expr::new_set(tags.map(|t| Expr::new_string(t.to_lowercase())).collect::<Vec<_>>())
    };
    let facts = [
        ("at", datetime(agreements.at())),
        ("tags", words(&mut account.tags.iter().map(|(k, v)| format!("{k}={v}")))),
        ("phiTags", words(&mut agreements.inventory.config.phi_tags.iter().cloned())),
    ];
    let holds = rules.rule("holds-phi", &uid, &uid, context(facts)?, entities)?.permitted;
    // what does not say that it holds PHI may hold some; an empty entry in the register says that it does not
    let in_fact = if holds || phi.is_some() { Some(holds) } else { None };
    let services = services(agreements.inventory, phi, agreements.at());
    let eligible =
        match (phi.is_some(), services.values().any(|e| *e == Some(false)), services.values().any(Option::is_none)) {
            (true, true, _) => Some(false),
            (true, false, false) => Some(true),
            _ => None,
        };
    let safeguards = safeguards(phi, agreements.at());
    let mut outcomes = BTreeSet::new();
    for holds in options(in_fact) {
        for eligible in options(eligible) {
            for attested in options(safeguards) {
                let facts = [("holdsPhi", holds), ("servicesEligible", eligible), ("safeguardsAttested", attested)];
                let facts = context(facts.map(|(k, v)| (k, Expr::new_bool(v))))?;
                outcomes.insert(rules.rule("meets-definition", &uid, &uid, facts, entities)?.permitted);
            }
        }
    }
    Ok(Hipaa {
        covered,
        designated,
        holds_phi: if holds || phi.is_some() || account.tags_known { Some(holds) } else { None },
        meets_definition: if outcomes.len() == 1 { outcomes.first().copied() } else { None },
        outside_eligible: services.values().any(|e| *e == Some(false)),
        eligibility_unknown: services.values().any(Option::is_none),
    })
}

/// The values that a fact may have.
fn options(fact: Option<bool>) -> Vec<bool> {
    fact.map_or_else(|| vec![false, true], |f| vec![f])
}

/// Whether the safeguards are attested at the moment; an attestation of a later day says nothing of it.
fn safeguards(phi: Option<&BTreeMap<String, Item>>, at: Moment) -> Option<bool> {
    let phi = phi?;
    let later = phi.get("attestedAt").and_then(Item::moment).is_some_and(|m| m > at);
    match phi.get("safeguardsAttested")?.attr {
        crate::inventory::entity::Attr::Bool(attested) if !later => Some(attested),
        _ => None,
    }
}

/// The services that hold PHI, and whether each is eligible at the moment (D18).
fn services(inventory: &Inventory, phi: Option<&BTreeMap<String, Item>>, at: Moment) -> BTreeMap<String, Option<bool>> {
    let ids = phi.and_then(|p| p.get("services")).map(Item::ids).unwrap_or_default();
    let eligible = |id: &String| {
        let declared = inventory.entity("Service", id).and_then(|s: &Entity| s.bool("hipaaEligible"));
        declared.or_else(|| builtin::eligible(id, at))
    };
    ids.into_iter().map(|id| (id.clone(), eligible(&id))).collect()
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
pub fn phi(inventory: &Inventory, account: &str, at: Moment) -> Option<Phi> {
    use crate::inventory::entity::Attr;
    let phi = inventory.entity("Account", account)?.record("phi")?;
    let text = |item: &Item| match &item.attr {
        Attr::String(text) => Some(text.clone()),
        _ => None,
    };
    let service = |(id, eligible): (String, Option<bool>)| {
        let prefix = inventory.entity("Service", &id).and_then(|s| s.str("prefix")).unwrap_or(&id).to_owned();
        let exclusions = builtin::services(&id).find_map(|s| s.exclusions.clone());
        PhiService { service: id, prefix, eligible, exclusions, list: builtin::last_list().to_owned() }
    };
    let regions = match phi.get("regions").map(|r| &r.attr) {
        Some(Attr::Set(items)) => items.iter().filter_map(text).collect(),
        _ => Vec::new(),
    };
    Some(Phi {
        services: services(inventory, Some(phi), at).into_iter().map(service).collect(),
        regions,
        safeguards_attested: safeguards(Some(phi), at),
        attested_by: phi.get("attestedBy").and_then(text),
        attested_at: phi.get("attestedAt").and_then(Item::moment).map(crate::moment::format),
    })
}

/// Collects findings.
pub struct Findings<'a> {
    inventory: &'a Inventory,
    rules: &'a RuleBook,
    at: Moment,
    found: Vec<Finding>,
    access: BTreeMap<(String, String), (Finding, BTreeSet<&'static str>)>,
    in_force: BTreeSet<String>,
    asked: HashMap<AccessKey, Vec<Finding>>,
}

/// What a finding about access may depend on: account, principal, operation, allowed, deprecated, signatory.
type AccessKey = (String, Option<String>, &'static str, bool, bool, bool);

impl<'a> Findings<'a> {
    /// None yet.
    pub fn new(inventory: &'a Inventory, rules: &'a RuleBook, at: Moment) -> Self {
        Self {
            inventory,
            rules,
            at,
            found: Vec::new(),
            access: BTreeMap::new(),
            in_force: BTreeSet::new(),
            asked: HashMap::new(),
        }
    }

    /// Those about an account.
    pub fn account(
        &mut self,
        account: &Account,
        standing: &Standing,
        coverage: &[KindCoverage],
        facts: &Hipaa,
        entities: &Entities,
    ) -> Result<(), Failure> {
        let baa = coverage.iter().find(|c| c.kind == "baa");
        let scopes = |row: &KindCoverage| row.in_force().map(|i| i.scope).collect::<BTreeSet<_>>();
        let both = coverage.iter().any(|c| scopes(c).contains("offline") && scopes(c).len() > 1);
        let shared = coverage.iter().any(|c| scopes(c).contains("organization"));
        if let (true, Some(organization)) = (shared, &standing.organization) {
            self.in_force.insert(organization.clone());
        }
        let mut pairs = vec![
            ("at", datetime(self.at)),
            ("coverage", Expr::new_string(baa.map_or("not-covered", |c| c.coverage.name()).to_owned())),
            ("holdsPhi", Expr::new_bool(facts.holds_phi == Some(true))),
            ("offlineAndOnline", Expr::new_bool(both)),
            ("phiOutsideEligible", Expr::new_bool(facts.outside_eligible)),
            ("phiEligibilityUnknown", Expr::new_bool(facts.eligibility_unknown)),
            ("organizationAgreement", Expr::new_bool(shared)),
        ];
        if let Some(organization) = &standing.organization {
            pairs.push(("organization", Expr::new_entity_uid(cedar_uid("Organization", organization)?)));
        }
        let uid = Uid::new("Account", &account.id).to_cedar()?;
        let ruling = self.rules.rule("report-on-account", &uid, &uid, context(pairs)?, entities)?;
        let subject = match &account.name {
            Some(name) => format!("account {} ({name})", account.id),
            None => format!("account {}", account.id),
        };
        self.found.extend(findings(&ruling, &subject));
        Ok(())
    }

    /// Those about an operation that a principal may do.
    pub fn access(&mut self, principal: &Principal, answer: &Answer, desk: &Desk<'_>) -> Result<(), Failure> {
        let signatories = self.inventory.config.signatories.as_deref();
        let signs = |name: &str| signatories.is_some_and(|s| s.iter().any(|n| n == name));
        // a permission set is a signatory's only if everyone behind it is one
        let everyone = !principal.people.is_empty() && principal.people.iter().all(|p| signs(&p.user_name));
        let signatory = signs(&principal.arn) || signs(&principal.name) || everyone;
        let allowed = answer.decision == Decision::Allow;
        let by = self.rules.reads_principal("report-on-access").then(|| principal.arn.clone());
        let key = (desk.account.id.clone(), by, answer.operation.name, allowed, answer.deprecated.is_some(), signatory);
        if !self.asked.contains_key(&key) {
            let pairs = [
                ("at", datetime(self.at)),
                ("operation", Expr::new_string(answer.operation.name.to_owned())),
                ("allowed", Expr::new_bool(allowed)),
                ("deprecatedOnly", Expr::new_bool(answer.deprecated.is_some())),
                ("signatoriesDeclared", Expr::new_bool(signatories.is_some())),
                ("signatory", Expr::new_bool(signatory)),
            ];
            let (who, resource) = (principal.uid.to_cedar()?, Uid::new("Account", &desk.account.id).to_cedar()?);
            let ruling = self.rules.rule("report-on-access", &who, &resource, context(pairs)?, desk.entities)?;
            self.asked.insert(key.clone(), findings(&ruling, ""));
        }
        for mut finding in self.asked.get(&key).cloned().unwrap_or_default() {
            finding.subject.clone_from(&principal.arn);
            let key = (finding.name.clone(), principal.arn.clone());
            let entry = self.access.entry(key).or_insert_with(|| (finding, BTreeSet::new()));
            entry.1.insert(answer.operation.name);
        }
        Ok(())
    }

    /// Those about organizations, once all accounts are known.
    pub fn organizations(&mut self, agreements: &Agreements<'_>) -> Result<(), Failure> {
        for organization in agreements.tree.organizations.values() {
            let members = || {
                agreements
                    .tree
                    .accounts
                    .values()
                    .filter(|a| agreements.tree.now(a).organization.as_ref() == Some(&organization.id))
            };
            let declared = organization.scps.is_some()
                || !organization.unplaced.is_empty()
                || members().any(|a| a.scps.is_some())
                || members()
                    .flat_map(|a| agreements.tree.now(a).path)
                    .any(|u| agreements.tree.units.get(&u).is_some_and(|u| u.scps.is_some()));
            let pairs = [
                ("at", datetime(self.at)),
                ("agreementInForce", Expr::new_bool(self.in_force.contains(&organization.id))),
                ("delegated", Expr::new_bool(!organization.delegated.is_empty())),
                ("policiesDeclared", Expr::new_bool(declared)),
            ];
            let Some(manager) = agreements.tree.accounts.get(&organization.management_account) else {
                continue;
            };
            let standing = agreements.tree.now(manager);
            let entities = agreements.entities(manager, &standing, &[Uid::new("Organization", &organization.id)])?;
            let uid = Uid::new("Organization", &organization.id).to_cedar()?;
            let ruling = self.rules.rule("report-on-organization", &uid, &uid, context(pairs)?, &entities)?;
            self.found.extend(findings(&ruling, &format!("organization {}", organization.id)));
        }
        Ok(())
    }

    /// All findings, by severity, code and subject.
    pub fn finish(mut self) -> Vec<Finding> {
        for (_, (mut finding, operations)) in std::mem::take(&mut self.access) {
            let operations: Vec<&str> = operations.into_iter().collect();
            finding.message = format!("{}: {}", finding.message, operations.join(", "));
            self.found.push(finding);
        }
        for source in &self.inventory.unused {
            self.found.push(Finding {
                rule: "CS030".to_owned(),
                name: "policy-without-principal".to_owned(),
                severity: "warning".to_owned(),
                cites: String::new(),
                subject: source.path.clone(),
                message: "is a policy document that nothing refers to".to_owned(),
                help: "name it under `policies` of a principal, or exclude it in countersign.toml".to_owned(),
            });
        }
        let rank = |severity: &str| ["error", "warning", "info"].iter().position(|s| *s == severity).unwrap_or(3);
        self.found
            .sort_by(|a, b| (rank(&a.severity), &a.rule, &a.subject).cmp(&(rank(&b.severity), &b.rule, &b.subject)));
        self.found
    }
}

/// A finding for each policy that permits, in the words of its annotations.
fn findings(ruling: &Ruling<'_>, subject: &str) -> Vec<Finding> {
    if !ruling.permitted {
        return Vec::new();
    }
    let by = ruling.by.iter();
    by.map(|rule| Finding {
        rule: rule.text("code").unwrap_or_else(|| rule.id.clone()),
        name: rule.id.clone(),
        severity: rule.text("severity").unwrap_or_else(|| "warning".to_owned()),
        cites: rule.rule().to_owned(),
        subject: subject.to_owned(),
        message: rule.text("message").unwrap_or_default(),
        help: rule.text("help").unwrap_or_default(),
    })
    .collect()
}
