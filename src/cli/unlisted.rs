//! `can` about a person of whom groups or assignments were not collected: what they may do besides is not known, and never a no (D31).

use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::completeness::person;
use countersign_core::assessment::{Assessment, principals};
use countersign_core::people::unlisted;
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
    if people.is_empty() {
        return Ok(found);
    }
    let of = (&session.inventory, session.rules.as_ref());
    let at_roles = unlisted::everywhere(of, &session.options)?;
    let everyone = principals(&session.inventory, session.options.at);
    for person in people {
        found.extend(person::perhaps(of, &session.options, &person, &own.principals)?);
        let theirs = at_roles.iter().cloned().filter_map(|o| unlisted::of_person(o, &person, &everyone));
        found.extend(theirs);
    }
    Ok(found)
}

/// What comes first: that not all is known. An answer that is a yes stays one.
pub fn first(own: &Assessment, besides: &[Others], name: &str) -> Option<String> {
    if besides.is_empty() {
        return None;
    }
    let allowed = own.principals.iter().flat_map(|p| p.operations.in_common()).any(|o| o.decision == Decision::Allow);
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
        true => format!("No permission set of {name} is known in these accounts."),
        false => "By what was collected:".to_owned(),
    };
    text.push_str(&format!("\n{}", paragraph(width, "", &rest)));
    Some(text)
}
