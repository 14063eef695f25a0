//! Guardrails: service control policies for members, and what stands in for them in the management account, which they never bind.

use serde_json::{Value, json};

use super::{Generated, Kind, document, owned, statement};
use crate::aws::eligibility::{self, Lists};
use crate::aws::quotas::quotas;
use crate::iam::principal;
use crate::moment::{self, Moment};
use crate::problem::{Failure, Problem, instead};

/// Whom a guardrail spares, and in which partition it stands.
#[derive(Clone, Debug)]
pub struct Spared {
    /// Patterns of the ARNs of principals.
    pub principals: Vec<String>,
    /// `aws`
    pub partition: &'static str,
}

impl Spared {
    /// The principals of these patterns. A pattern that can match none, or every one, is an error: the guardrail would not be what it says.
    pub fn new(principals: &[String], partition: &'static str) -> Result<Self, Failure> {
        let problems: Vec<Problem> = principals.iter().filter_map(|p| wrong(p, partition)).collect();
        if !problems.is_empty() {
            return Err(Failure::Problems(problems));
        }
        let mut principals = principals.to_vec();
        principals.sort();
        principals.dedup();
        Ok(Self { principals, partition })
    }

    fn condition(&self) -> Value {
        match self.principals.is_empty() {
            true => Value::Null,
            false => json!({"ArnNotLike": {"aws:PrincipalArn": super::one_or_list(&self.principals)}}),
        }
    }

    fn note(&self) -> Option<String> {
        (!self.principals.is_empty()).then(|| {
            format!("It spares {}, and so whoever may become or change one of them.", self.principals.join(", "))
        })
    }
}

/// What is wrong with a pattern of those who are spared.
fn wrong(pattern: &str, partition: &str) -> Option<Problem> {
    let segments: Vec<&str> = pattern.splitn(6, ':').collect();
    let help = format!("name a role or a user: arn:{partition}:iam::*:role/legal");
    let problem = |message: String| Some(Problem::about("--exempt", message).help(help.clone()));
    let [arn, of, service, region, account, resource] = segments.as_slice() else {
        return problem(format!("`{pattern}` is not the ARN of a principal"));
    };
    if *arn != "arn" || !region.is_empty() {
        return problem(format!("`{pattern}` is not the ARN of a principal"));
    }
    if *of != partition {
        return problem(format!("`{pattern}` is in the partition `{of}`, and the policy in `{partition}`"));
    }
    if *service == "sts" {
        return problem(format!("`{pattern}` matches no request: a session is called by the ARN of its role"));
    }
    let is_account = *account == "*" || principal::is_account(account);
    if *service != "iam" || !is_account {
        return problem(format!("`{pattern}` is not the ARN of a principal"));
    }
    let name = resource.strip_prefix("role/").or_else(|| resource.strip_prefix("user/"));
    match name {
        Some(name) if name.chars().all(|c| "*?/".contains(c)) => {
            problem(format!("`{pattern}` spares everyone of its kind"))
        }
        Some(_) => None,
        None if *resource == "root" => None,
        None => problem(format!("`{pattern}` is neither a role nor a user nor a root user")),
    }
}

/// One denial of everything that is not on the list of HIPAA eligible services by a moment, but for what they do not work without, what
/// every account needs, and these principals. It is never split: of two such documents each denies what the other spares.
pub fn eligible_services(lists: &Lists, at: Moment, spared: &Spared, dropped: &[String]) -> Result<Generated, Failure> {
    let (Some(list), _) = lists.around(at) else {
        let problem =
            Problem::about("--at", format!("there is no list of eligible services by {}", moment::format(at)));
        return Err(problem.help(format!("the first is of {}", lists.first())).into());
    };
    let mut prefixes: Vec<&str> =
        lists.all().iter().filter(|s| s.was_listed(list)).flat_map(|s| s.prefixes.iter().map(String::as_str)).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    drop_from(&mut prefixes, dropped)?;
    let is_eligible = |p: &str| prefixes.contains(&p);
    let parts: Vec<_> = eligibility::parts()
        .iter()
        .filter(|part| part.with.is_empty() || part.with.iter().any(|p| is_eligible(p)))
        .chain(eligibility::support())
        .filter(|part| !is_eligible(&part.prefix) && !dropped.contains(&part.prefix))
        .collect();
    let besides: Vec<String> = parts.iter().map(|p| format!("{} ({})", p.prefix, p.of)).collect();
    prefixes.extend(parts.iter().map(|p| p.prefix.as_str()));
    prefixes.sort_unstable();
    let actions: Vec<String> = prefixes.iter().map(|p| format!("{p}:*")).collect();
    let sid = "HipaaEligibleServicesOnly";
    let deny = statement(sid, "Deny", ("NotAction", &actions), &owned(&["*"]), spared.condition());
    let mut notes = vec![
        "Any service may be used in a HIPAA account, and PHI only in eligible ones (R64, D18): denying the others is stricter.".to_owned(),
        format!("Spared besides: {}.", besides.join(", ")),
        "A prefix is not a service: what is excluded from an eligible service (R96), and services that are not eligible and share its \
         prefix, are not denied."
            .to_owned(),
    ];
    notes.extend(newest(lists, list, at));
    notes.extend(spared.note());
    let mut besides: Vec<&str> = dropped.iter().map(String::as_str).collect();
    besides.sort_unstable();
    besides.dedup();
    let besides = if besides.is_empty() { String::new() } else { format!(", and {} besides", besides.join(", ")) };
    let description =
        format!("Denies every service that is not on the list of HIPAA eligible services of {list}{besides}");
    let generated = Generated {
        kind: Kind::ServiceControl,
        name: "hipaa-eligible-services".to_owned(),
        description,
        document: document(vec![deny]),
        notes,
    };
    fits(&generated)?;
    Ok(generated)
}

/// How old the list is where no later one is known: what AWS has listed since is denied as well (D18).
fn newest(lists: &Lists, list: &str, at: Moment) -> Option<String> {
    let (_, None) = lists.around(at) else { return None };
    let is_older = moment::parse(list)? + chrono::Duration::days(1) <= at;
    is_older.then(|| format!("No list after that of {list} is known: what AWS has listed since is denied, too."))
}

/// Takes the prefixes of services that are not used from those that are spared.
fn drop_from(prefixes: &mut Vec<&str>, dropped: &[String]) -> Result<(), Failure> {
    let others = || eligibility::parts().iter().chain(eligibility::support()).map(|p| p.prefix.as_str());
    let known: Vec<&str> = prefixes.iter().copied().chain(others()).collect();
    let problem = |name: &String| {
        let help = instead(name, known.iter().copied(), "name the prefix of a service that is spared without it");
        Problem::about("--drop", format!("`{name}` is not spared")).help(help)
    };
    let unknown: Vec<Problem> = dropped.iter().filter(|d| !known.contains(&d.as_str())).map(problem).collect();
    prefixes.retain(|p| !dropped.iter().any(|d| d == p));
    if unknown.is_empty() { Ok(()) } else { Err(Failure::Problems(unknown)) }
}

/// Whether AWS takes a service control policy.
fn fits(generated: &Generated) -> Result<(), Failure> {
    let (size, limit) = (generated.size(), quotas().service_control);
    if size <= limit {
        return Ok(());
    }
    let message = format!(
        "the policy has {size} characters without white space, and a service control policy may have {limit} ({})",
        quotas().date
    );
    let help = "drop services that you do not use with --drop, or exempt fewer principals; do not split it, since two such documents \
                deny what the other spares";
    Err(Problem::about("the policy", message).help(help).into())
}

/// A service control policy for members: nobody but these terminates account agreements, leaves the organization, accepts the
/// invitation of another one or closes the account, which leads to departure (D14); nor, where that is asked for, accepts account
/// agreements.
pub fn protect_agreements(spared: &Spared, accepting: bool) -> Result<Generated, Failure> {
    let partition = spared.partition;
    let mut actions = owned(&["artifact:TerminateAgreement"]);
    if accepting {
        actions.insert(0, "artifact:AcceptAgreement".to_owned());
    }
    let invitations = [format!("arn:{partition}:organizations::*:handshake/o-*/invite/h-*")];
    let everything = owned(&["*"]);
    let deny = |sid: &str, actions: &[String], on: &[String]| {
        statement(sid, "Deny", ("Action", actions), on, spared.condition())
    };
    let mut notes = vec![
        "It binds members, their root users included, and never the management account: --management writes the policy for there, and \
         an inventory named with it lists who there can accept, terminate, remove, close or delete."
            .to_owned(),
        "Closing an account ends nothing by itself, and leads to departure on a date that is not known (D14): the root user of a member is \
         kept from it by account:CloseAccount, and the management account closes members by organizations:CloseAccount, which no service \
         control policy denies."
            .to_owned(),
        "Removing an account from an offline agreement has no permission of a known name (D21): it is not denied.".to_owned(),
    ];
    if accepting {
        notes.push("An account that is to leave can accept no agreement of its own before (R54).".to_owned());
    }
    notes.extend(spared.note());
    let generated = Generated {
        kind: Kind::ServiceControl,
        name: "protect-agreements".to_owned(),
        description: "Keeps members from ending their agreements and their membership".to_owned(),
        document: document(vec![
            deny("ProtectAccountAgreements", &actions, &everything),
            deny("StayInTheOrganization", &owned(&["organizations:LeaveOrganization"]), &everything),
            deny("AcceptNoInvitation", &owned(&["organizations:AcceptHandshake"]), &invitations),
            deny("CloseNoAccount", &owned(&["account:CloseAccount"]), &everything),
        ]),
        notes,
    };
    fits(&generated)?;
    Ok(generated)
}

/// What ends coverage from the management account, or accepts for the organization.
pub const OF_MANAGEMENT: [&str; 5] = [
    "artifact:AcceptAgreement",
    "artifact:TerminateAgreement",
    "organizations:CloseAccount",
    "organizations:DeleteOrganization",
    "organizations:RemoveAccountFromOrganization",
];

/// The same for principals of the management account: a permissions boundary, or an identity policy beside those that they have.
pub fn protect_from_management(spared: &Spared, boundary: bool) -> Generated {
    let everything = owned(&["*"]);
    let deny = statement(
        "ProtectOrganizationAgreements",
        "Deny",
        ("Action", &owned(&OF_MANAGEMENT)),
        &everything,
        spared.condition(),
    );
    // its name and the Sid say what it is: as an identity policy, it would grant everything else
    let allow = statement("BoundaryOfEverythingElse", "Allow", ("Action", &everything), &everything, Value::Null);
    let (kind, name, statements, how) = match boundary {
        true => (
            Kind::Boundary,
            "protect-organization-agreements-boundary",
            vec![allow, deny],
            "Set it as the permissions boundary of each user and role of the management account; it grants nothing by itself.",
        ),
        false => (
            Kind::Identity,
            "protect-organization-agreements",
            vec![deny],
            "Attach it to each group, user and role of the management account beside the policies that they have.",
        ),
    };
    let mut notes = vec![how.to_owned(), "It does not bind the root user, nor whoever may take it away.".to_owned()];
    notes.extend(spared.note());
    Generated {
        kind,
        name: name.to_owned(),
        description: "Keeps principals of the management account from accepting and ending agreements, and from removing, closing \
                      and deleting what they cover"
            .to_owned(),
        document: document(statements),
        notes,
    }
}
