//! Two values of a document that are not the same: what of them differs, in words.

use serde_json::Value;

/// Lines about one member; the others are counted.
const TOLD: usize = 10;

/// A value in a sentence.
pub fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => format!("`{text}`"),
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// What differs within a member, a line each.
pub fn differing(name: &str, was: Option<&Value>, is: Option<&Value>) -> Vec<String> {
    let mut lines = Vec::new();
    told(&mut lines, name, (was, is), "");
    let more = lines.len().saturating_sub(TOLD);
    lines.truncate(TOLD);
    lines.extend((more > 0).then(|| format!("{name}: {more} more are not the same")));
    lines
}

fn told(lines: &mut Vec<String>, member: &str, (was, is): (Option<&Value>, Option<&Value>), within: &str) {
    if was == is {
        return;
    }
    let path = |name: &str| if within.is_empty() { name.to_owned() } else { format!("{within} {name}") };
    match (was, is) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            super::names(a, b).into_iter().for_each(|n| told(lines, member, (a.get(n), b.get(n)), &path(n)));
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.iter().chain(b).all(|v| known_by(v).is_some()) => {
            let of = |all: &[Value], key: &str| all.iter().find(|v| known_by(v).as_deref() == Some(key)).cloned();
            let mut keys: Vec<String> = a.iter().chain(b).filter_map(known_by).collect();
            keys.sort();
            keys.dedup();
            let before = lines.len();
            for key in keys {
                match (of(a, &key), of(b, &key)) {
                    (Some(_), None) => lines.push(format!("{member}: {} is filed, and is not there", path(&key))),
                    (None, Some(_)) => lines.push(format!("{member}: {} is there, and is not filed", path(&key))),
                    (x, y) => told(lines, member, (x.as_ref(), y.as_ref()), &path(&key)),
                }
            }
            if lines.len() == before {
                lines.push(format!("{member}: {} are filed in another order, or more than once", path("entries")));
            }
        }
        (was, is) => {
            let what = if within.is_empty() { member.to_owned() } else { format!("{member}: {within}") };
            lines.push(format!("{what} was {}, and is {}", shown(was), shown(is)));
        }
    }
}

/// What names an entry of a list, of the members that it has.
const NAMES: [&str; 4] = ["organization", "missing", "kind", "partition"];

/// What an entry of a list is known by: itself, or the members that name it.
fn known_by(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(format!("`{text}`")),
        Value::Object(members) => {
            let texts: Vec<&str> = NAMES.iter().filter_map(|name| members.get(*name)?.as_str()).collect();
            (!texts.is_empty()).then(|| texts.join(" "))
        }
        _ => None,
    }
}
