//! Accounts, organizations, principals and agreements as people call them.

use crate::report::few;
use countersign_core::assessment::{OperationAnswer, PrincipalAnswer};
use countersign_core::inventory::Inventory;
use countersign_core::naming::kinds;
use countersign_core::terms::{PrincipalKind, Scope};

/// Members that are named.
const MEMBERS: usize = 6;

/// The names of an inventory.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    inventory: &'a Inventory,
}

impl<'a> Names<'a> {
    /// Those of this inventory.
    pub fn new(inventory: &'a Inventory) -> Self {
        Self { inventory }
    }

    /// How many accounts the inventory has.
    pub fn accounts(&self) -> usize {
        self.inventory.of_type("Account").count()
    }

    fn name(&self, ty: &str, id: &str, attr: &str) -> Option<&'a str> {
        self.inventory.entity(ty, id).and_then(|e| e.str(attr))
    }

    /// `wards (222222222222)`, or the number alone.
    pub fn place(&self, account: &str) -> String {
        match self.name("Account", account, "name") {
            Some(name) => format!("{name} ({account})"),
            None => account.to_owned(),
        }
    }

    /// `account wards (222222222222)`
    pub fn account(&self, account: &str) -> String {
        format!("account {}", self.place(account))
    }

    /// What a service control policy is attached to.
    pub fn node(&self, id: &str) -> String {
        if self.inventory.entity("Account", id).is_some() {
            return self.account(id);
        }
        if self.inventory.entity("OrganizationalUnit", id).is_some() {
            let name = self.name("OrganizationalUnit", id, "name").unwrap_or(id);
            return format!("the organizational unit {name}");
        }
        // what is not known is named in words, not by an id
        match id.strip_prefix("the service control policies of ") {
            Some(of) => of.to_owned(),
            None => format!("the organization {id}"),
        }
    }

    /// `the SOC report (report-…)`
    pub fn report(&self, id: &str) -> String {
        match self.name("Report", id, "series") {
            Some(series) => format!("the {series} report ({id})"),
            None => format!("the report {id}"),
        }
    }

    /// A principal: `jane`, `the role ward-admin`, `the permission set LegalAgreements`.
    pub fn principal(&self, principal: &PrincipalAnswer) -> String {
        let name = &principal.name;
        match principal.kind {
            PrincipalKind::Root => format!("the root user of {}", self.account(&principal.account)),
            PrincipalKind::Role => format!("the role {name}"),
            PrincipalKind::PermissionSet => format!("the permission set {name}"),
            _ => name.clone(),
        }
    }

    /// The same, with the members that it is done to: `close the member wards (222222222222)`.
    pub fn deed_to(&self, answer: &OperationAnswer, members: &[String]) -> String {
        let (verb, object) = answer.words;
        let places: Vec<String> = members.iter().map(|member| self.place(member)).collect();
        match (places.as_slice(), object) {
            ([], _) => self.deed(answer),
            ([one], "members") => format!("{verb} the member {one}"),
            (several, "members") => format!("{verb} the members {}", few(several, MEMBERS)),
            (several, _) => format!("{} ({})", self.deed(answer), few(several, MEMBERS)),
        }
    }

    /// What is done: `accept the BAA`, `view organization agreements`, `download the SOC report (…)`.
    pub fn deed(&self, answer: &OperationAnswer) -> String {
        let (verb, object) = answer.words;
        match (&answer.report, &answer.agreement, answer.scope) {
            (Some(report), ..) => format!("{verb} {}", self.report(report)),
            (_, Some(kind), Some(Scope::Offline)) => {
                format!("{verb} the {object} under the offline {}", kinds::short(kind))
            }
            (_, Some(kind), _) => format!("{verb} the {}", kinds::short(kind)),
            _ => format!("{verb} {object}"),
        }
    }
}
