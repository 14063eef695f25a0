//! Both sides of a request: which of the policies that are given bind it, whose account the resource is in, and which policies are
//! missing. What is missing and could decide is an unknown policy, never an absent one.

use std::collections::BTreeSet;

use super::caller::{Caller, CallerKind, is_account};
use super::{Attached, Question};
use crate::aws::resource_policies;
use crate::iam::principal::Who;
use crate::iam::segments;
use crate::permissions::context::KeyValue;
use crate::permissions::principals::is_service_linked;

/// What binds a request.
#[derive(Debug, Default)]
pub struct Sides<'q> {
    /// The layers, in the order in which they are asked.
    pub layers: Vec<Bound<'q>>,
    /// The account of the resource, where it is known.
    pub resource_account: Option<String>,
    /// The resource belongs to another account than the caller.
    pub other_account: bool,
    /// Nothing but the policy of the resource can grant.
    pub must_allow: bool,
    /// What is taken for granted.
    pub assuming: Vec<String>,
    /// What is left out, and why.
    pub warnings: Vec<String>,
}

/// A layer that binds.
#[derive(Debug)]
pub enum Bound<'q> {
    /// One that is given.
    Given(&'q Attached),
    /// One that is not: its name, and the policy that is not told, if there may be one.
    Missing(&'static str, Option<String>),
}

impl Bound<'_> {
    /// The name of the layer.
    pub fn name(&self) -> &str {
        match self {
            Self::Given(attached) => &attached.layer,
            Self::Missing(name, _) => name,
        }
    }
}

/// The service of an action, as its prefix.
fn service(action: &str) -> String {
    action.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// A key, or the trust in a role: AWS allows nothing on them that their own policy does not allow.
fn is_guarded(action: &str, resource: &str) -> bool {
    let Some([_, _, of, _, _, name]) = segments(resource) else {
        return false;
    };
    match service(action).as_str() {
        "kms" => of == "kms" && name.starts_with("key/"),
        "sts" => of == "iam" && name.starts_with("role/"),
        _ => false,
    }
}

/// Whom policies of resources name.
pub fn named(question: &Question) -> BTreeSet<Who> {
    let layers = question.layers.iter().filter(|l| l.layer.starts_with("resource"));
    let policies = layers.flat_map(|l| &l.policies).filter_map(|(_, p)| p.as_ref());
    let principals = policies.flat_map(|p| &p.document.statements).filter_map(|s| s.principals.as_ref());
    principals.flat_map(|p| &p.who).cloned().collect()
}

/// Whether the caller is a service-linked role, which control policies do not bind. The ARN of a session leaves out the path of its
/// role, which tells it: `None` where that is not given and the role has such a name.
pub fn is_linked(question: &Question, caller: Option<&Caller>) -> Option<bool> {
    let Some(caller) = caller else {
        return Some(false);
    };
    if caller.kind != CallerKind::Session {
        return Some(is_service_linked(&caller.name));
    }
    match question.keys.get("aws:principalarn").and_then(KeyValue::single) {
        Some(role) => Some(is_service_linked(role)),
        None => (!caller.name.contains(":assumed-role/AWSServiceRoleFor")).then_some(false),
    }
}

/// The account that an ARN names.
pub fn named_account(arn: &str) -> Option<String> {
    segments(arn).and_then(|[.., account, _]| is_account(&account).then_some(account))
}

impl<'q> Sides<'q> {
    /// What binds a request of a caller; `None` where it is not told who asks. `linked`: it is a service-linked role.
    pub fn of(question: &'q Question, caller: Option<&Caller>, linked: bool) -> Self {
        let mut sides = Self::default();
        sides.accounts(question, caller);
        let mut levels: Vec<&Attached> = Vec::new();
        for prefix in ["resourceControl", "serviceControl"] {
            levels.extend(question.layers.iter().filter(|l| l.layer.starts_with(prefix)));
        }
        for attached in levels {
            match sides.left_out(attached, question, caller, linked) {
                Some(why) => sides.warnings.push(format!("{} {why}, and is left out", attached.layer)),
                None => sides.layers.push(Bound::Given(attached)),
            }
        }
        sides.of_resource(question, caller);
        for name in ["identity", "boundary", "session"] {
            sides.own(question, caller, name);
        }
        sides
    }

    fn accounts(&mut self, question: &Question, caller: Option<&Caller>) {
        self.resource_account = question.resource_account.clone().or_else(|| named_account(&question.resource));
        let own = caller.and_then(|c| c.account.as_ref());
        self.other_account = matches!((own, &self.resource_account), (Some(own), Some(of)) if own != of);
        let open =
            self.resource_account.is_none() && segments(&question.resource).is_some_and(|[.., of, _]| of.is_empty());
        if let (Some(own), true) =
            (own, open && !resource_policies::have_no_policies(&service(&question.action), &question.resource))
        {
            self.assuming.push(format!("{} belongs to account {own}, as the principal does", question.resource));
        }
        if caller.is_some_and(|c| c.kind == CallerKind::CanonicalUser) {
            self.other_account = true;
            self.assuming.push("the resource belongs to another account than the canonical user".to_owned());
        }
    }

    /// Why a level of control policies does not bind the request.
    fn left_out(
        &mut self,
        attached: &Attached,
        question: &Question,
        caller: Option<&Caller>,
        linked: bool,
    ) -> Option<String> {
        let of_resource = attached.layer.starts_with("resourceControl");
        let own = caller.and_then(|c| c.account.as_ref());
        // a resource whose account is not told is taken to be in that of the principal
        let account = if of_resource { self.resource_account.as_ref().or(own) } else { own };
        if linked {
            return Some("does not apply to service-linked roles".to_owned());
        }
        if let (Some(management), Some(account)) = (&question.management_account, account)
            && management == account
        {
            return Some("does not apply to the management account".to_owned());
        }
        if !of_resource {
            let outside = caller.filter(|c| c.account.is_none())?;
            return Some(format!("does not bind {}, which is no principal of an account", outside.name));
        }
        let service = service(&question.action);
        if !resource_policies::are_controlled(&service) {
            let date = resource_policies::date();
            return Some(format!("does not bind {service}, which AWS did not list on {date}"));
        }
        let assumed = "the resource does not belong to the management account".to_owned();
        if question.management_account.is_none() && !self.assuming.contains(&assumed) {
            self.assuming.push(assumed);
        }
        None
    }

    /// The policy of the resource: as it is given, or an unknown one where one could decide.
    fn of_resource(&mut self, question: &'q Question, caller: Option<&Caller>) {
        let outside = caller.is_some_and(|c| c.account.is_none());
        self.must_allow = is_guarded(&question.action, &question.resource) || outside;
        if let Some(given) = question.layers.iter().find(|l| l.layer == "resource") {
            self.layers.push(Bound::Given(given));
        } else if self.other_account || self.must_allow {
            let none = question.resource == "*"
                || resource_policies::have_no_policies(&service(&question.action), &question.resource);
            let policy = (!none).then(|| format!("the policy of {}", question.resource));
            self.layers.push(Bound::Missing("resource", policy));
        }
    }

    /// A layer of the caller's own policies.
    fn own(&mut self, question: &'q Question, caller: Option<&Caller>, name: &'static str) {
        let given = question.layers.iter().find(|l| l.layer == name);
        match (given, caller.is_none_or(Caller::has_identity)) {
            (Some(given), true) => self.layers.push(Bound::Given(given)),
            (Some(_), false) => {
                let who = caller.map_or("the principal", |c| c.name.as_str());
                self.warnings.push(format!("{who} has no {name} policies, and those that are given are left out"));
            }
            (None, true) if name == "identity" && question.no_identity => {
                let warning = "the identity policies are left out: only the other layers restrict the request";
                self.warnings.push(warning.to_owned());
            }
            (None, true) if name == "identity" => {
                let who = caller.map_or("the principal", |c| c.name.as_str());
                self.layers.push(Bound::Missing("identity", Some(format!("the identity policies of {who}"))));
            }
            (None, _) => {}
        }
    }
}
