//! Whether a document has the form of its format: the JSON Schemas of `schemas/`, as far as those of evidence use the language.

use serde_json::Value;

use countersign_core::moment;

use super::{DOCUMENT, FORMAT};

const PROVENANCE: &str = include_str!("../../schemas/provenance.v1.schema.json");
const LATEST: &str = include_str!("../../schemas/evidence.v2.schema.json");
const FIRST: &str = include_str!("../../schemas/evidence.v1.schema.json");

/// The first place in which a document has another form than that of its format.
pub fn fault(document: &Value) -> Option<String> {
    let format = document.get("schema").and_then(Value::as_str).unwrap_or_default();
    let text = if format == FORMAT { LATEST } else { FIRST };
    let [root, provenance] = [text, PROVENANCE].map(|text| serde_json::from_str(text).unwrap_or_default());
    let form = Form { root: &root, provenance: &provenance };
    let fault = form.fault(&root, document, "").err()?;
    Some(format!("{DOCUMENT} is not of the format {format}: {fault}"))
}

/// A schema, and those that its references lead to.
#[derive(Clone, Copy)]
struct Form<'s> {
    root: &'s Value,
    provenance: &'s Value,
}

impl Form<'_> {
    fn fault(self, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
        let at = if path.is_empty() { "the document" } else { path };
        let wrong = |what: &str| Err(format!("{at} {what}"));
        match schema.get("$ref").and_then(Value::as_str) {
            Some("urn:countersign:provenance:v1") => {
                return Form { root: self.provenance, ..self }.fault(self.provenance, value, path);
            }
            Some(of) => {
                let target = of.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
                return target.map_or_else(|| wrong("has no form"), |target| self.fault(target, value, path));
            }
            None => {}
        }
        if let Some(forms) = schema.get("oneOf").and_then(Value::as_array) {
            let tried: Vec<_> = forms.iter().map(|form| self.fault(form, value, path)).collect();
            return match tried.iter().any(Result::is_ok) {
                true => Ok(()),
                false => tried.into_iter().last().unwrap_or(Ok(())),
            };
        }
        if schema.get("const").is_some_and(|only| only != value) {
            return wrong("is another");
        }
        let is_none_of = |all: &Vec<Value>| !all.contains(value);
        if schema.get("enum").and_then(Value::as_array).is_some_and(is_none_of) {
            return wrong("is none of the words that it may be");
        }
        if !has_type(schema.get("type"), value) {
            return wrong("is of another type");
        }
        if !is_within(schema, value) {
            return wrong("is not written as it has to be");
        }
        self.members(schema, value, path)?;
        let (items, each) = (value.as_array().into_iter().flatten(), schema.get("items"));
        items
            .enumerate()
            .zip(each.into_iter().cycle())
            .try_for_each(|((index, item), each)| self.fault(each, item, &format!("{path}[{index}]")))
    }

    fn members(self, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
        let Some(members) = value.as_object() else { return Ok(()) };
        let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let mut required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        if let Some(name) = required.find_map(|name| name.as_str().filter(|name| !members.contains_key(*name))) {
            return Err(format!("it lacks {}", within(name)));
        }
        for (name, member) in members {
            match (schema.get("properties").and_then(|p| p.get(name)), schema.get("additionalProperties")) {
                (Some(form), _) => self.fault(form, member, &within(name))?,
                (None, Some(Value::Bool(false))) => return Err(format!("it has {} besides", within(name))),
                (None, Some(form @ Value::Object(_))) => self.fault(form, member, &within(name))?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn has_type(types: Option<&Value>, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap_or_default() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    match types {
        None => true,
        Some(Value::Array(all)) => all.iter().any(is),
        Some(one) => is(one),
    }
}

/// How a value is written: its length, its digits.
fn is_within(schema: &Value, value: &Value) -> bool {
    let number = |name: &str| schema.get(name).and_then(Value::as_u64);
    let word = |name: &str| schema.get(name).and_then(Value::as_str);
    if let Some(text) = value.as_str() {
        let is_hex = |lengths: &[usize]| lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        let pattern = match word("pattern") {
            Some(SHA256) => is_hex(&[64]) && text.bytes().all(|b| !b.is_ascii_uppercase()),
            Some(COMMIT) => is_hex(&[40, 64]),
            Some(_) => false,
            None => true,
        };
        let format = match word("format") {
            Some("date-time") => moment::parse(text).is_some_and(|at| moment::format(at) == text),
            Some("date") => moment::parse(text).is_some() && text.len() == 10,
            _ => true,
        };
        return pattern && format && number("minLength").is_none_or(|least| text.len() as u64 >= least);
    }
    if let Some(items) = value.as_array() {
        let length = items.len() as u64;
        return number("minItems").is_none_or(|least| length >= least)
            && number("maxItems").is_none_or(|most| length <= most);
    }
    number("minimum").is_none_or(|least| value.as_u64().is_none_or(|number| number >= least))
}

/// The patterns of the schemas.
const SHA256: &str = "^[0-9a-f]{64}$";
const COMMIT: &str = "^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What the schemas say is what is checked: a word of the language that is not known here would be passed over.
    #[test]
    fn the_schemas_use_what_is_checked() {
        const CHECKED: [&str; 20] = [
            "$defs",
            "$id",
            "$ref",
            "$schema",
            "additionalProperties",
            "const",
            "description",
            "enum",
            "format",
            "items",
            "maxItems",
            "minItems",
            "minLength",
            "minimum",
            "oneOf",
            "pattern",
            "properties",
            "required",
            "title",
            "type",
        ];
        fn words(schema: &Value, found: &mut BTreeSet<String>) {
            for (word, value) in schema.as_object().into_iter().flatten() {
                found.insert(word.clone());
                match (word.as_str(), value) {
                    ("properties" | "$defs", Value::Object(all)) => all.values().for_each(|s| words(s, found)),
                    ("pattern", _) => assert!([SHA256, COMMIT].contains(&value.as_str().unwrap())),
                    (_, Value::Array(all)) => all.iter().for_each(|s| words(s, found)),
                    _ => words(value, found),
                }
            }
        }
        let mut found = BTreeSet::new();
        for text in [PROVENANCE, LATEST, FIRST] {
            words(&serde_json::from_str(text).unwrap(), &mut found);
        }
        let unknown: Vec<_> = found.iter().filter(|word| !CHECKED.contains(&word.as_str())).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
