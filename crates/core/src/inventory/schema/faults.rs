//! What is wrong with the annotations of a schema: what Cedar ignores is read here, and held to what it can mean.

use super::{Attribute, NAMES, Type};
use crate::moment;
use crate::problem::instead;

/// Something wrong with a schema.
pub struct Fault {
    /// The names that lead to it: the type, attributes, the annotation. Empty where only Cedar knows.
    pub names: Vec<String>,
    /// One sentence.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl Fault {
    /// Something that Cedar says.
    pub fn of_cedar(error: String) -> Self {
        let message = format!("not a Cedar schema in JSON: {error}");
        Self { names: Vec::new(), message, help: String::new() }
    }
}

/// The annotations of attributes.
pub const ANNOTATIONS: [&str; 7] = ["doc", "values", "names", "default", "derived", "form", "unknownWhenAbsent"];

/// The types of which an absent attribute is tried with every value: what operations and coverage are asked with.
const TRIED: [&str; 4] = ["Account", "Organization", "OrganizationalUnit", "Report"];

/// What is wrong with the annotations of an attribute, and of those inside of it.
pub fn of(names: &[String], attribute: &Attribute, of_entity: bool) -> Vec<Fault> {
    let path = names.join(".");
    let mut faults = Vec::new();
    let mut wrong = |annotation: &str, message: String, help: String| {
        let names = names.iter().cloned().chain([annotation.to_owned()]).collect();
        faults.push(Fault { names, message, help });
    };
    for name in &attribute.unknown {
        let help = instead(name, ANNOTATIONS, format!("the annotations are {}", ANNOTATIONS.join(", ")));
        wrong(name, format!("`{path}` has the annotation `{name}`, which has no meaning"), help);
    }
    if let Some(name) = attribute.names.as_ref().filter(|n| !NAMES.contains(&n.as_str())) {
        let help = instead(name, NAMES, format!("the names are {}", NAMES.join(", ")));
        wrong("names", format!("`{path}` has the names `{name}`, which mean nothing"), help);
    }
    if attribute.unknown_when_absent
        && let Some((message, help)) = not_open(&path, attribute, of_entity)
    {
        wrong("unknownWhenAbsent", message, help);
    }
    if let Some(default) = attribute.default.as_ref().filter(|d| !is_of(d, &attribute.ty)) {
        let (message, help) = no_default(&path, attribute, default);
        wrong("default", message, help);
    } else if let (Some(serde_json::Value::String(default)), Some(values)) = (&attribute.default, &attribute.values)
        && !values.contains(default)
    {
        let message = format!("the default of `{path}` is `{default}`, which is not one of its `values`");
        wrong("default", message, format!("use one of {}", values.join(", ")));
    }
    let mut ty = &attribute.ty;
    while let Type::Set(element) = ty {
        ty = element;
    }
    if let Type::Record(inner) = ty {
        let below = |name: &String| names.iter().cloned().chain([name.clone()]).collect::<Vec<_>>();
        faults.extend(inner.iter().flat_map(|(name, a)| of(&below(name), a, false)));
    }
    faults
}

fn no_default(path: &str, attribute: &Attribute, default: &serde_json::Value) -> (String, String) {
    let ty = attribute.ty.describe();
    let help = match attribute.ty {
        Type::String | Type::Datetime | Type::Entity(_) => {
            "the annotation is JSON: write the quotes of a string too, as in \"default\": \"\\\"aws\\\"\""
        }
        _ => "the annotation is JSON, as in \"default\": \"true\"",
    };
    let is = if default.is_null() { "is not valid JSON".to_owned() } else { format!("is {default}") };
    (format!("`{path}` is {ty}, but its default {is}"), help.to_owned())
}

/// Whether a value is of a type, in the short form that a default is written in.
fn is_of(value: &serde_json::Value, ty: &Type) -> bool {
    match ty {
        Type::String | Type::Entity(_) => value.is_string(),
        Type::Long => value.is_i64(),
        Type::Boolean => value.is_boolean(),
        Type::Datetime => value.as_str().is_some_and(|text| moment::parse(text).is_some()),
        Type::Set(element) => value.as_array().is_some_and(|all| all.iter().all(|v| is_of(v, element))),
        Type::Record(attributes) => value.as_object().is_some_and(|members| {
            members.iter().all(|(name, v)| attributes.get(name).is_some_and(|a| is_of(v, &a.ty)))
                && attributes.iter().all(|(name, a)| !a.required || members.contains_key(name))
        }),
    }
}

/// What keeps an attribute from being tried with every value, and what to do.
fn not_open(path: &str, attribute: &Attribute, of_entity: bool) -> Option<(String, String)> {
    if !path.split('.').next().is_some_and(|ty| TRIED.contains(&ty)) {
        let message = format!("`{path}` cannot be unknown when absent: it would not be tried");
        return Some((message, format!("annotate an attribute of {}", TRIED.join(", "))));
    }
    let closed = attribute.values.as_ref().is_some_and(|v| !v.is_empty()) && matches!(attribute.ty, Type::String);
    if !of_entity {
        let help = "annotate an attribute of an entity";
        Some((format!("`{path}` is part of a record, and cannot be unknown on its own"), help.to_owned()))
    } else if !matches!(attribute.ty, Type::Boolean) && !closed {
        let message = format!("`{path}` cannot be unknown when absent: it has no closed set of values");
        Some((message, "make it a Boolean, or give it `values`".to_owned()))
    } else if attribute.required || attribute.default.is_some() || attribute.derived.is_some() {
        let message = format!("`{path}` cannot be unknown when absent: it is never absent");
        Some((message, "write \"required\": false, and leave out `default` and `derived`".to_owned()))
    } else {
        None
    }
}
