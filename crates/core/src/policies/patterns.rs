//! The patterns of Cedar's `like`: read from the JSON of a policy, written as in its text, held against a text.

use serde_json::Value;

/// The parts of a pattern in Cedar's JSON: `None` for a `*`. `None` where the JSON is no pattern.
pub fn parts(json: &Value) -> Option<Vec<Option<String>>> {
    let part = |part: &Value| match part {
        Value::String(word) if word == "Wildcard" => Some(None),
        other => other.get("Literal").and_then(Value::as_str).map(|text| Some(text.to_owned())),
    };
    // Cedar writes each character as a part of its own
    let mut parts: Vec<Option<String>> = Vec::new();
    for found in json.as_array()?.iter().map(part) {
        match (parts.last_mut(), found?) {
            (Some(Some(last)), Some(text)) => last.push_str(&text),
            (_, found) => parts.push(found),
        }
    }
    Some(parts)
}

/// A pattern as it is written.
pub fn written(parts: &[Option<String>]) -> String {
    let part = |part: &Option<String>| part.as_ref().map_or_else(|| "*".to_owned(), |text| text.replace('*', "\\*"));
    parts.iter().map(part).collect()
}

/// Whether a text has a pattern.
pub fn matches(parts: &[Option<String>], text: &str) -> bool {
    let Some((first, rest)) = parts.split_first() else {
        return text.is_empty();
    };
    match first {
        Some(literal) => text.strip_prefix(literal.as_str()).is_some_and(|text| matches(rest, text)),
        None => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            let mut tails = ends.filter_map(|at| text.get(at..));
            tails.any(|tail| matches(rest, tail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_cedar() {
        let policy: cedar_policy::Policy =
            r#"permit(principal, action, resource) when { "x" like "a*b\*" };"#.parse().unwrap();
        let json = policy.to_json().unwrap();
        let parts = parts(&json["conditions"][0]["body"]["like"]["pattern"]).unwrap();
        assert_eq!(parts, [Some("a".to_owned()), None, Some("b*".to_owned())]);
        assert_eq!(written(&parts), r"a*b\*");
        for (text, expected) in [("ab*", true), ("axxb*", true), ("ab", false), ("ab*c", false), ("", false)] {
            assert_eq!(matches(&parts, text), expected, "{text}");
        }
        assert!(matches(&[None], "") && matches(&[], "") && !matches(&[], "a"));
    }
}
