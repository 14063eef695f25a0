//! The operations of the console, and what each IAM action is asked on (DESIGN §4).

use std::collections::BTreeMap;

use crate::agreements::{Agreements, KindCoverage};
use crate::inventory::model::{Accepted, Account, Agreement, Report};
use crate::permissions::scenarios::Call;

/// An operation on one account.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The action of the rules, such as `accept-agreement`.
    pub name: &'static str,
    /// `account`, `organization`, `offline`, or none.
    pub scope: Option<&'static str>,
    /// The kind of agreement.
    pub kind: Option<String>,
    /// The report.
    pub report: Option<Report>,
    partition: String,
    account: String,
    offer: Option<Agreement>,
    customer_agreement: String,
}

/// The names of all operations.
pub const NAMES: [&str; 7] = [
    "download-agreement",
    "accept-agreement",
    "terminate-agreement",
    "view-organization-agreements",
    "set-up-organization-agreements",
    "download-report",
    "remove-offline-designation",
];

/// Where no acceptance has an id, permissions are asked on this one; the state gate denies in any case.
const NO_ACCEPTANCE: &str = "customer-agreement-0000000000000000";

/// All operations of an account, in order.
pub fn operations(
    agreements: &Agreements<'_>,
    account: &Account,
    organization: Option<&str>,
    coverage: &[KindCoverage],
) -> Vec<Operation> {
    let blank = |name: &'static str, scope: Option<&'static str>| Operation {
        name,
        scope,
        kind: None,
        report: None,
        partition: account.partition.clone(),
        account: account.id.clone(),
        offer: None,
        customer_agreement: String::new(),
    };
    let mut operations = Vec::new();
    let mut offers: Vec<&Agreement> = agreements.offers.values().filter(|o| o.partition == account.partition).collect();
    offers.sort_by(|a, b| (&a.kind, &a.scope, &a.id).cmp(&(&b.kind, &b.scope, &b.id)));
    for name in ["download-agreement", "accept-agreement", "terminate-agreement"] {
        for offer in &offers {
            let scope = if offer.scope == "organization" { "organization" } else { "account" };
            let mut operation = blank(name, Some(scope));
            operation.kind = Some(offer.kind.clone());
            operation.offer = Some((*offer).clone());
            operation.customer_agreement = customer_agreement(agreements, account, organization, coverage, offer);
            operations.push(operation);
        }
    }
    operations.push(blank("view-organization-agreements", Some("organization")));
    operations.push(blank("set-up-organization-agreements", Some("organization")));
    for report in agreements.inventory.reports() {
        if report.region.starts_with("us-gov-") == (account.partition == "aws-us-gov") {
            operations.push(Operation { report: Some(report), ..blank("download-report", None) });
        }
    }
    for kind in coverage.iter().map(|c| c.kind.clone()) {
        if kind == "baa" || agreements.has_offline(&kind) {
            operations.push(Operation { kind: Some(kind), ..blank("remove-offline-designation", Some("offline")) });
        }
    }
    operations
}

/// The ARN of the acceptance that an operation would open or end: the one in force, else the last one, else none.
fn customer_agreement(
    agreements: &Agreements<'_>,
    account: &Account,
    organization: Option<&str>,
    coverage: &[KindCoverage],
    offer: &Agreement,
) -> String {
    let (by, owner) = match (offer.scope.as_str(), organization) {
        ("organization", Some(organization)) => {
            let manager = agreements.tree.organizations.get(organization).map(|o| o.management_account.clone());
            (Accepted::Organization(organization.to_owned()), manager.unwrap_or_else(|| account.id.clone()))
        }
        _ => (Accepted::Account(account.id.clone()), account.id.clone()),
    };
    let row = coverage.iter().find(|c| c.kind == offer.kind);
    let current = row.and_then(|r| r.in_force().find(|i| i.scope == offer.scope)).map(|i| i.id.clone());
    let past = agreements.accepted(&by).filter(|a| a.agreement == offer.id).max_by_key(|a| (a.start, a.id.clone()));
    let id = current.or_else(|| past.map(|a| a.id.clone())).unwrap_or_else(|| NO_ACCEPTANCE.to_owned());
    format!("arn:{}:artifact::{owner}:customer-agreement/{id}", account.partition)
}

impl Operation {
    /// The call behind an IAM action of this operation, in one generation of permissions.
    pub fn call(&self, action: &str, generation: &str, in_force: bool) -> Call {
        let resources = self.resources(action, generation == "classic", in_force);
        Call { action: action.to_owned(), resources, keys: self.keys(action) }
    }

    fn resources(&self, action: &str, classic: bool, in_force: bool) -> Vec<String> {
        let Self { partition, account, .. } = self;
        let role = |path: &str| vec![format!("arn:{partition}:iam::{account}:role/{path}")];
        match action {
            "artifact:GetCustomerAgreement" | "artifact:TerminateAgreement" => {
                vec![self.customer_agreement.clone()]
            }
            "artifact:DownloadAgreement" if in_force => vec![self.customer_agreement.clone()],
            "artifact:DownloadAgreement" | "artifact:AcceptAgreement" | "artifact:GetAgreement" => {
                self.offered(classic)
            }
            "artifact:GetNdaForAgreement" | "artifact:AcceptNdaForAgreement" => self.offered(classic),
            "artifact:GetReport" | "artifact:GetTermForReport" => self.reported(),
            "artifact:Get" => self.packaged(),
            "iam:ListRoles" => role(""),
            "iam:CreateRole" | "iam:AttachRolePolicy" => role("service-role/AWSArtifactAccountSync"),
            "iam:GetRole" | "iam:CreateServiceLinkedRole" => {
                role("aws-service-role/artifact.amazonaws.com/AWSServiceRoleForArtifact")
            }
            _ => vec!["*".to_owned()],
        }
    }

    /// The agreement on offer, by its id; in the classic generation also by the name that legacy ARNs end in.
    fn offered(&self, legacy: bool) -> Vec<String> {
        let Some(offer) = &self.offer else {
            return vec!["*".to_owned()];
        };
        let arn = |id: &str| format!("arn:{}:artifact:::agreement/{id}", self.partition);
        let name = offer.name.as_deref().filter(|_| legacy);
        std::iter::once(arn(&offer.id)).chain(name.map(arn)).collect()
    }

    fn reported(&self) -> Vec<String> {
        let report = self.report.iter();
        report.map(|r| format!("arn:{}:artifact:{}::report/{}:{}", self.partition, r.region, r.id, r.version)).collect()
    }

    fn packaged(&self) -> Vec<String> {
        let report = self.report.iter();
        report
            .map(|r| format!("arn:{}:artifact:::report-package/{}/{}/{}", self.partition, r.category, r.series, r.id))
            .collect()
    }

    /// The keys of the action's own service that a request of the console carries; `None` for one that may be anything.
    fn keys(&self, action: &str) -> BTreeMap<String, Option<String>> {
        let fixed = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
        let open = |key: &str| (key.to_owned(), None);
        let keys = match action {
            "organizations:EnableAWSServiceAccess" => {
                vec![fixed("organizations:serviceprincipal", "aws-artifact-account-sync.amazonaws.com")]
            }
            "iam:CreateServiceLinkedRole" => {
                vec![fixed("iam:awsservicename", "artifact.amazonaws.com")]
            }
            "iam:AttachRolePolicy" => {
                let policy = format!("arn:{}:iam::aws:policy/service-role/AWSArtifactAccountSync", self.partition);
                vec![fixed("iam:policyarn", &policy), open("iam:permissionsboundary")]
            }
            "iam:CreateRole" | "iam:GetRole" => {
                vec![open("iam:permissionsboundary"), open("iam:roletemplatearn")]
            }
            "artifact:GetReport" | "artifact:GetTermForReport" => {
                let report = self.report.iter();
                report
                    .flat_map(|r| {
                        [fixed("artifact:reportseries", &r.series), fixed("artifact:reportcategory", &r.category)]
                    })
                    .collect()
            }
            _ => Vec::new(),
        };
        keys.into_iter().collect()
    }
}
