//! `can` about a person of whom groups or assignments were not collected: what they may do besides is not known, and never a no (D31).

use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::completeness::person::{self, Named};
use countersign_core::assessment::completeness::{Missing, Unseen};
use countersign_core::assessment::{Assessment, Filter, Operation, Options, PrincipalAnswer, assess, principals};
use countersign_core::inventory::Inventory;
use countersign_core::people::{self, Other, Unlisted};
use countersign_core::problem::Failure;
use countersign_core::terms::Decision;

use super::Session;
use crate::report::{completeness, paragraph};

/// What whoever is named may do besides; nothing where they are no person, or all of them that there is was listed.
pub fn besides(session: &Session, name: &str, own: &Assessment) -> Result<Vec<Others>, Failure> {
    // who is named by the name of a principal is that principal
    let is_principal = own.principals.iter().any(|p| p.name == name || p.principal == name);
    let people = if is_principal { Vec::new() } else { person::named(&session.inventory, name) };
    let mut found = Vec::new();
    for person in people {
        let of = (&session.inventory, session.rules.as_ref());
        found.extend(person::perhaps(of, &session.options, &person, &own.principals)?);
        found.extend(by_roles(session, &person)?);
    }
    Ok(found)
}

/// What a person may do by a role, which a permission set may become of which not everybody who has it is known.
fn by_roles(session: &Session, person: &Named) -> Result<Vec<Others>, Failure> {
    let (inventory, rules, options) = (&session.inventory, session.rules.as_ref(), &session.options);
    if is_known(inventory) {
        return Ok(Vec::new());
    }
    let all = inventory.of_type("Role").map(|r| r.uid.id.clone()).collect();
    let roles = people::follow((inventory, rules), options, &all)?;
    let everyone = principals(inventory, options.at);
    let mut ways: Vec<(&String, &Other, &PrincipalAnswer)> = Vec::new();
    for (role, other) in roles.iter().flat_map(|(role, behind)| behind.others.iter().map(move |o| (role, o))) {
        let Some(Unlisted { account, arn, .. }) = &other.unlisted else { continue };
        let set = everyone.iter().find(|p| p.account == *account && p.principal == *arn);
        ways.extend(set.filter(|p| p.people.iter().all(|p| p.id != person.id)).map(|set| (role, other, set)));
    }
    if ways.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = everyone.iter().filter(|p| ways.iter().any(|(role, ..)| p.principal == **role));
    let wanted = wanted.map(|p| (p.principal.clone(), p.account.clone())).collect();
    let filter = Filter { principals: Some(wanted), ..options.filter.clone() };
    let answers = assess(inventory, rules, &Options { filter, any_request: false, ..options.clone() })?;
    let way = |(role, other, set): &(&String, &Other, &PrincipalAnswer)| {
        let answer = answers.principals.iter().find(|p| p.principal == **role)?;
        let may = answer.operations.iter().filter(|o| o.decision != Decision::Deny);
        let operations: Vec<Operation> = may.map(Operation::of).collect();
        let assuming = other.roles.iter().map(|r| people::short(r)).collect::<Vec<_>>().join(", then ");
        (!operations.is_empty()).then(|| Others {
            account: Some(answer.account.clone()),
            organization: None,
            permission_set: Some(format!("{} of {}, by assuming {assuming}", set.name, set.account)),
            groups: Vec::new(),
            missing: vec![Missing::Members],
            operations,
            person: Some(person.user_name.clone()),
        })
    };
    Ok(ways.iter().filter_map(way).collect())
}

/// Whether the members of all groups, and all assignments, are listed.
fn is_known(inventory: &Inventory) -> bool {
    let is = |ty: &'static str, attr: &'static str| inventory.of_type(ty).all(|e| e.bool(attr) != Some(false));
    is("IdentityCenterInstance", "groupsKnown")
        && is("IdentityCenterGroup", "membersKnown")
        && !Unseen::of(inventory).may_lack_assignments()
}

/// What comes first: that not all is known. An answer that is a yes stays one.
pub fn first(own: &Assessment, besides: &[Others], name: &str) -> Option<String> {
    if besides.is_empty() {
        return None;
    }
    let allowed = own.principals.iter().flat_map(|p| &p.operations).any(|o| o.decision == Decision::Allow);
    let word = if allowed { "In part unknown" } else { "Unknown" };
    Some(format!(
        "{word}: the groups or the assignments of {name} were not all collected, so {name} may perhaps do more."
    ))
}

/// The same with what it rests on, before what is known.
pub fn text(width: usize, own: &Assessment, besides: &[Others], name: &str) -> Option<String> {
    let mut text = paragraph(width, "", &first(own, besides, name)?);
    for line in completeness::others(besides) {
        text.push_str(&paragraph(width, "  • ", &format!("perhaps {line}")));
    }
    let rest = match own.principals.is_empty() {
        true => format!("No permission set of {name} is known."),
        false => "By what was collected:".to_owned(),
    };
    text.push_str(&format!("\n{}", paragraph(width, "", &rest)));
    Some(text)
}
