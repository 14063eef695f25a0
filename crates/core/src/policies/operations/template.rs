//! Text with places to fill in: `arn:{partition}:artifact:::agreement/{agreement.id}`.
//!
//! What a place stands for is one of [`Slots`], which all templates of a catalogue share, so that an operation looks each up
//! once. `{aws.NAME}` is filled in when the template is read.

use crate::aws;
use crate::inventory::schema::{EntitySchema, Type};
use crate::problem::{did_you_mean, meant};

/// What a place stands for: an entity that an operation is about, and `id` or one of its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Of what.
    pub of: Of,
    /// `id`, `account` for an acceptance, or an attribute.
    pub attr: String,
    /// The attribute may be absent.
    pub optional: bool,
}

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The account.
    Account,
    /// Its partition.
    Partition,
    /// The agreement on offer.
    Agreement,
    /// The acceptance of it that is in force, or else the last one.
    Acceptance,
    /// The report.
    Report,
    /// The organization of the account.
    Organization,
    /// The member of the organization that it is done to.
    Member,
}

/// Every place that some template has.
pub type Slots = Vec<Slot>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// An index into the slots, and what stands there where there is nothing.
    Place(usize, Option<String>),
}

/// A text with places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// What is wrong with a template: where in it, what, and what helps.
pub type Wrong = (std::ops::Range<usize>, String, String);

impl Template {
    /// Reads a template, and enters its places into the slots.
    pub fn parse(text: &str, slots: &mut Slots, schema: &EntitySchema) -> Result<Self, Wrong> {
        let (mut pieces, mut at) = (Vec::new(), 0);
        while let Some(open) = text.get(at..).and_then(|rest| rest.find('{')).map(|i| at + i) {
            let close = text.get(open..).and_then(|rest| rest.find('}')).map(|i| open + i);
            let Some(close) = close else {
                return Err((open..text.len(), "`{` without `}`".to_owned(), HELP.to_owned()));
            };
            pieces.push(Piece::Text(text.get(at..open).unwrap_or_default().to_owned()));
            let inner = text.get(open + 1..close).unwrap_or_default();
            let piece = place(inner, slots, schema);
            pieces.push(piece.map_err(|(message, help)| (open..close + 1, message, help))?);
            at = close + 1;
        }
        pieces.push(Piece::Text(text.get(at..).unwrap_or_default().to_owned()));
        Ok(Self { pieces })
    }

    /// The text; `None` where something that it names is absent.
    pub fn render(&self, values: &[Option<String>]) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Place(index, default) => {
                    text.push_str(values.get(*index).and_then(Option::as_ref).or(default.as_ref())?);
                }
            }
        }
        Some(text)
    }

    /// The text as a pattern: `*` for each place.
    pub fn pattern(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(literal) => literal.clone(),
            Piece::Place(..) => "*".to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// The places that have nothing else to stand for them.
    pub fn needs<'s>(&'s self, slots: &'s Slots) -> impl Iterator<Item = &'s Slot> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Place(index, None) => slots.get(*index),
            _ => None,
        })
    }
}

const HELP: &str = "a placeholder is one of {partition}, {partition.region}, {account}, {agreement.id}, {acceptance.id}, {acceptance.account}, {report.id}, {organization.id}, {member.id}, an attribute \
    such as {report.series}, or an AWS name such as {aws.servicePrincipal}; what replaces an absent value follows a |";

fn place(inner: &str, slots: &mut Slots, schema: &EntitySchema) -> Result<Piece, (String, String)> {
    let (name, default) = match inner.split_once('|') {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inner, None),
    };
    let (of, attr) = name.split_once('.').unwrap_or((name, "id"));
    let unknown = || (format!("`{{{name}}}` is not a known placeholder"), HELP.to_owned());
    let of = match of {
        "aws" => {
            let known = aws::name(attr).map(|text| Piece::Text(text.to_owned()));
            return known.ok_or_else(|| near(name, attr, aws::names().map(|(key, _)| key).collect()));
        }
        "account" => Of::Account,
        "partition" => Of::Partition,
        "agreement" => Of::Agreement,
        "acceptance" => Of::Acceptance,
        "report" => Of::Report,
        "organization" => Of::Organization,
        "member" => Of::Member,
        _ => return Err(unknown()),
    };
    let slot = slot(of, attr, name, schema)?;
    let index = slots.iter().position(|s| *s == slot).unwrap_or_else(|| {
        slots.push(slot);
        slots.len() - 1
    });
    Ok(Piece::Place(index, default))
}

fn slot(of: Of, attr: &str, name: &str, schema: &EntitySchema) -> Result<Slot, (String, String)> {
    let new = |optional: bool| Slot { of, attr: attr.to_owned(), optional };
    let ty = match of {
        _ if attr == "id" => return Ok(new(matches!(of, Of::Acceptance | Of::Organization | Of::Member))),
        Of::Acceptance if attr == "account" => return Ok(new(false)),
        Of::Acceptance => return Err(near(name, attr, vec!["id", "account"])),
        Of::Partition if attr == "region" => return Ok(new(false)),
        Of::Partition => return Err(near(name, attr, vec!["region"])),
        Of::Organization | Of::Member => return Err(near(name, attr, vec!["id"])),
        Of::Account => "Account",
        Of::Agreement => "Agreement",
        Of::Report => "Report",
    };
    let attributes = schema.types.get(ty).map(|t| &t.attributes);
    let is_text = |ty: &Type| matches!(ty, Type::String | Type::Long);
    match attributes.and_then(|a| a.get(attr)) {
        Some(attribute) if is_text(&attribute.ty) => Ok(new(!attribute.required)),
        Some(attribute) => {
            let what = attribute.ty.describe();
            Err((
                format!("`{{{name}}}` is {what}, which cannot be put into a string"),
                "name a string or a whole number".to_owned(),
            ))
        }
        None => {
            let texts = attributes.into_iter().flatten().filter(|(_, a)| is_text(&a.ty)).map(|(n, _)| n.as_str());
            Err(near(name, attr, texts.collect()))
        }
    }
}

fn near(name: &str, attr: &str, known: Vec<&str>) -> (String, String) {
    let help = match did_you_mean(attr, known.iter().copied()) {
        Some(near) => meant(near),
        None if known.is_empty() => HELP.to_owned(),
        None => format!("use {}{}", if known.len() > 1 { "one of " } else { "" }, known.join(", ")),
    };
    (format!("`{{{name}}}` is not a known placeholder"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Template, Slots), Wrong> {
        let mut slots = Slots::new();
        let template = Template::parse(text, &mut slots, &EntitySchema::built_in().unwrap())?;
        Ok((template, slots))
    }

    #[test]
    fn places_are_filled_in() {
        let (template, slots) =
            read("a:{partition}/{agreement.name}/{acceptance.id|none}-{aws.servicePrincipal}").unwrap();
        assert_eq!(slots.len(), 3);
        assert_eq!(slots.iter().map(|s| s.optional).collect::<Vec<_>>(), [false, true, true]);
        let values = [Some("aws".to_owned()), Some("BAA".to_owned()), None];
        assert_eq!(template.render(&values).as_deref(), Some("a:aws/BAA/none-artifact.amazonaws.com"));
        assert_eq!(template.render(&[Some("aws".to_owned()), None, None]), None, "an absent name leaves nothing");
        assert_eq!(template.needs(&slots).count(), 2, "what has a default is not needed");
    }

    #[test]
    fn a_place_that_stands_for_nothing_is_an_error_at_its_place() {
        for (text, at, help) in [
            ("x{reprot.id}", 1..12, "a placeholder is"),
            ("{report.sereis}", 0..15, "did you mean `series`?"),
            ("{report.requiresApproval}", 0..25, "name a string"),
            ("{acceptance.owner}", 0..18, "use one of id, account"),
            ("{partition.x}", 0..13, "use region"),
            ("{aws.servicePrincipel}", 0..22, "did you mean `servicePrincipal`?"),
            ("{account", 0..8, "a placeholder is"),
        ] {
            let (span, message, found) = read(text).unwrap_err();
            assert_eq!(span, at, "{message}");
            assert!(found.starts_with(help), "{found}");
        }
    }
}
