//! `show schema TYPE`: what an entity of one type can have, as somebody needs it who writes one.

use countersign_core::inventory::schema::{Attribute, EntitySchema, EntityType, Type};
use countersign_core::problem::{Failure, instead};

use super::errors::usage;
use super::output;
use crate::report::{bold, wrapped};

/// The type, what its entities may be in, and its attributes, each with what it takes and what it says.
pub fn entity_type(schema: &EntitySchema, name: &str) -> Result<String, Failure> {
    let names = || schema.types.keys().map(String::as_str);
    let known = schema.types.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let Some((name, ty)) = known else {
        let help = instead(name, names(), format!("the types are {}", names().collect::<Vec<_>>().join(", ")));
        return Err(usage(format!("there is no entity type `{name}`")).help(help).into());
    };
    let mut text = paragraph(0, &format!("{}: ", bold(name)), ty.doc.as_deref().unwrap_or("no description"));
    for line in about(ty) {
        text.push_str(&paragraph(2, "", &line));
    }
    for (name, attribute) in &ty.attributes {
        text.push('\n');
        add(&mut text, name, attribute, 2);
    }
    Ok(text)
}

fn about(ty: &EntityType) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(ty.nested.as_ref().map(|place| format!("it is not declared on its own, but under {place}")));
    let parents = ty.parents.iter().filter(|parent| *parent != "OfflineAgreement").cloned().collect::<Vec<_>>();
    if !parents.is_empty() {
        lines.push(format!("`parents`: what it is in, each an {}", parents.join(" or ")));
    }
    if ty.tags {
        lines.push("`tags`: an object of strings".to_owned());
    }
    lines
}

/// An attribute, and the fields of one that is an object or a list of objects below it.
fn add(text: &mut String, name: &str, attribute: &Attribute, indent: usize) {
    let mut takes = takes(&attribute.ty);
    takes.extend(attribute.values.as_ref().map(|values| format!("one of {}", values.join(", "))));
    takes.extend(match (&attribute.default, &attribute.derived) {
        (Some(value), _) => Some(format!("{value} where it is left out")),
        (None, Some(from)) => Some(format!("taken from its {from} where it is left out")),
        (None, None) => (!attribute.required).then(|| "may be left out".to_owned()),
    });
    takes.extend(attribute.unknown_when_absent.then(|| "unknown where it is absent".to_owned()));
    text.push_str(&paragraph(indent, &format!("{}: ", bold(name)), &takes.join("; ")));
    if let Some(doc) = &attribute.doc {
        text.push_str(&paragraph(indent + 2, "", doc));
    }
    for (name, field) in attribute.ty.fields().into_iter().flatten() {
        add(text, name, field, indent + 2);
    }
}

fn takes(ty: &Type) -> Vec<String> {
    vec![match ty {
        Type::Set(element) if element.fields().is_some() => "an array of objects".to_owned(),
        Type::Set(element) => format!("an array, each {}", element.describe()),
        other => other.describe(),
    }]
}

fn paragraph(indent: usize, first: &str, text: &str) -> String {
    wrapped(output::table_width(), &format!("{}{first}", " ".repeat(indent)), indent + 2, text)
}
