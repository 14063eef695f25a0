//! A request as Cedar sees it: one attribute a key and family, presence apart, atoms by name.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::RestrictedExpression as Expr;

use super::atom::Atom;
use crate::iam::value;
use crate::problem::Cause;

/// The value of a condition key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyValue {
    /// One value.
    One(String),
    /// A multi-valued key, however many values it has; an operator without a set prefix never matches it.
    Many(Vec<String>),
}

impl KeyValue {
    /// The value, if the key has one only.
    pub fn single(&self) -> Option<&str> {
        match self {
            Self::One(value) => Some(value),
            Self::Many(_) => None,
        }
    }

    /// All values.
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// The keys that a request carries, in lower case, and their values. A key that is not here is absent.
pub type Keys = BTreeMap<String, KeyValue>;

/// One request to AWS, with everything known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// `service:Action`, in lower case.
    pub action: String,
    /// The segments of its ARN; `None` for an action without resources, which is asked on `*`.
    pub resource: Option<[String; 6]>,
    /// Its condition keys.
    pub keys: Keys,
    /// Atoms whose truth is decided by the caller, because they depend on what is unknown.
    pub decided: BTreeMap<String, bool>,
}

/// What a family of operators reads of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Family {
    String,
    Strings,
    Lower,
    Number,
    Date,
    Ip,
    Bool,
    Arn,
    Binary,
}

impl Family {
    /// The name of the context attribute that holds this family's view of a key.
    pub fn attribute(self, key: &str) -> String {
        let family = match self {
            Self::String => "string",
            Self::Strings => "strings",
            Self::Lower => "lower",
            Self::Number => "number",
            Self::Date => "date",
            Self::Ip => "ip",
            Self::Bool => "bool",
            Self::Arn => "arn",
            Self::Binary => "binary",
        };
        format!("{key}#{family}")
    }

    /// The attribute's type in a Cedar schema.
    pub fn schema(self) -> serde_json::Value {
        use serde_json::json;
        match self {
            Self::String | Self::Lower | Self::Binary => {
                json!({"type": "String", "required": false})
            }
            Self::Strings => {
                json!({"type": "Set", "element": {"type": "String"}, "required": false})
            }
            Self::Number => json!({"type": "Extension", "name": "decimal", "required": false}),
            Self::Date => json!({"type": "Extension", "name": "datetime", "required": false}),
            Self::Ip => json!({"type": "Extension", "name": "ipaddr", "required": false}),
            Self::Bool => json!({"type": "Boolean", "required": false}),
            Self::Arn => json!({"type": "Record", "attributes": arn_schema(), "required": false}),
        }
    }

    /// The view of a key; `None` where its value is not of this family.
    fn view(self, key: &KeyValue) -> Option<Expr> {
        if self == Self::Strings {
            return Some(Expr::new_set(key.values().iter().cloned().map(Expr::new_string)));
        }
        let text = key.single()?;
        match self {
            Self::String => Some(Expr::new_string(text.to_owned())),
            Self::Strings => None,
            Self::Lower => Some(Expr::new_string(text.to_ascii_lowercase())),
            Self::Number => value::number(text).map(|n| Expr::new_decimal(n.between())),
            Self::Date => value::date(text).map(|d| Expr::new_datetime(value::datetime(d))),
            Self::Ip => value::address(text).map(|a| Expr::new_ip(a.to_string())),
            Self::Bool => value::boolean(text).map(Expr::new_bool),
            Self::Arn => arn(value::arn(text)?),
            Self::Binary => value::binary(text).map(|b| Expr::new_string(base64(&b))),
        }
    }
}

/// Canonical base64.
pub fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The segments of an ARN after `arn:`, by the names that lowered policies use.
pub const SEGMENTS: [&str; 5] = ["partition", "service", "region", "account", "resource"];

/// The type of an ARN's record in a Cedar schema.
pub fn arn_schema() -> serde_json::Value {
    SEGMENTS
        .iter()
        .map(|s| ((*s).to_owned(), serde_json::json!({"type": "String"})))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn arn(segments: [&str; 6]) -> Option<Expr> {
    let fields = SEGMENTS.iter().zip(segments.iter().skip(1));
    Expr::new_record(fields.map(|(name, s)| ((*name).to_owned(), Expr::new_string((*s).to_owned())))).ok()
}

/// What lowered policies read of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Keys, in the views that are read.
    pub keys: BTreeSet<(String, Family)>,
    /// Keys whose presence is read.
    pub presence: BTreeSet<String>,
    /// Facts that Cedar cannot express, by name.
    pub atoms: BTreeMap<String, Atom>,
}

impl Reads {
    /// Adds what another policy reads.
    pub fn extend(&mut self, other: &Self) {
        self.keys.extend(other.keys.iter().cloned());
        self.presence.extend(other.presence.iter().cloned());
        self.atoms.extend(other.atoms.iter().map(|(n, a)| (n.clone(), a.clone())));
    }

    /// Every condition key that is read, in whatever way.
    pub fn all_keys(&self) -> BTreeSet<String> {
        let views = self.keys.iter().map(|(k, _)| k.clone());
        let atoms = self.atoms.values().flat_map(Atom::keys).map(str::to_owned);
        views.chain(self.presence.iter().cloned()).chain(atoms).collect()
    }

    /// The context of a request: what is read, and no more.
    pub fn context(&self, request: &Request) -> Result<cedar_policy::Context, Cause> {
        let mut pairs = vec![("action".to_owned(), Expr::new_string(request.action.clone()))];
        if let Some(segments) = &request.resource {
            let segments: [&str; 6] = std::array::from_fn(|i| segments.get(i).map_or("", String::as_str));
            pairs.extend(arn(segments).map(|a| ("arn".to_owned(), a)));
        }
        for (key, family) in &self.keys {
            if let Some(view) = request.keys.get(key).and_then(|v| family.view(v)) {
                pairs.push((family.attribute(key), view));
            }
        }
        let present = self.presence.iter().filter(|k| request.keys.contains_key(*k));
        pairs.push(("present".to_owned(), Expr::new_set(present.cloned().map(Expr::new_string))));
        let holds =
            |name: &String, atom: &Atom| request.decided.get(name).copied().unwrap_or_else(|| atom.holds(request));
        let atoms = self.atoms.iter().filter(|(name, atom)| holds(name, atom));
        pairs.push(("atoms".to_owned(), Expr::new_set(atoms.map(|(name, _)| Expr::new_string(name.clone())))));
        Ok(cedar_policy::Context::from_pairs(pairs)?)
    }

    /// The schema of such contexts.
    pub fn schema(&self) -> serde_json::Value {
        use serde_json::json;
        let strings = || json!({"type": "Set", "element": {"type": "String"}});
        let mut attributes = serde_json::Map::new();
        attributes.insert("action".into(), json!({"type": "String"}));
        attributes.insert("arn".into(), json!({"type": "Record", "attributes": arn_schema(), "required": false}));
        attributes.insert("present".into(), strings());
        attributes.insert("atoms".into(), strings());
        for (key, family) in &self.keys {
            attributes.insert(family.attribute(key), family.schema());
        }
        json!({"IAM": {
            "entityTypes": {"Principal": {}, "Resource": {}},
            "actions": {"call": {"appliesTo": {
                "principalTypes": ["Principal"], "resourceTypes": ["Resource"],
                "context": {"type": "Record", "attributes": attributes}
            }}}
        }})
    }
}
