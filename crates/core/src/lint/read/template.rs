//! Texts that become JSON when their placeholders are filled in: what stands in place of a value is not known.

use super::UNKNOWN;
use super::embedded::Mapped;
use super::placeholders::is_blank;

/// How placeholders begin and end, and whether they stand for a value.
const MARKS: [(&str, &str, bool); 10] = [
    ("<%", "%>", true),
    ("${", "}", true),
    ("%{", "}", false),
    ("{{", "}}", true),
    ("{%", "%}", false),
    ("<", ">", true),
    ("#{", "}", true),
    ("$[", "]", true),
    ("$(", ")", true),
    ("((", "))", true),
];

/// Whether what follows the first brace of a text may follow one in JSON, or in a template of it.
pub fn begins_like_json(text: &str) -> bool {
    let inner = text.trim_start().strip_prefix('{').map(str::trim_start);
    inner.is_some_and(|inner| inner.starts_with(['"', '}', '$', '%', '<', '{', UNKNOWN]) || inner.is_empty())
}

/// The text without the commas that stand after the last element of a list or an object; `None` where there is none.
pub fn without_last_commas(mapped: &Mapped) -> Option<Mapped> {
    let mut result = Mapped { text: String::new(), offsets: Vec::new() };
    let (mut quoted, mut escaped, mut any) = (false, false, false);
    for (at, c) in mapped.text.char_indices() {
        let rest = mapped.text.get(at + c.len_utf8()..).unwrap_or_default();
        let is_last = c == ',' && !quoted && rest.trim_start().starts_with([']', '}']);
        any |= is_last;
        if !is_last {
            result.push(c, mapped.offset(at));
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && quoted && !escaped;
    }
    any.then(|| result.ended(mapped.offset(mapped.text.len())))
}

/// The text with an unknown value for each placeholder; `None` where it has none.
pub fn filled(mapped: &Mapped) -> Option<Mapped> {
    let mut result = Mapped { text: String::new(), offsets: Vec::new() };
    let (mut quoted, mut any) = (false, false);
    let mut at = 0;
    while let Some(c) = mapped.text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = mapped.text.get(at..).unwrap_or_default();
        let offset = mapped.offset(at);
        if let Some((length, value)) = placeholder(rest, quoted) {
            any = true;
            if value {
                let text = if quoted { UNKNOWN.to_string() } else { format!("\"{UNKNOWN}\"") };
                text.chars().for_each(|c| result.push(c, offset));
            }
            at += length;
            continue;
        }
        match c {
            '\\' if quoted => {
                let next = rest.chars().nth(1);
                for (c, offset) in [(Some(c), offset), (next, mapped.offset(at + 1))] {
                    c.into_iter().for_each(|c| result.push(c, offset));
                }
                at += 1 + next.map_or(0, char::len_utf8);
                continue;
            }
            '"' => quoted = !quoted,
            _ => {}
        }
        result.push(c, offset);
        at += c.len_utf8();
    }
    any.then(|| result.ended(mapped.offset(at)))
}

/// The length of the placeholder that a text begins with, and whether it stands for a value.
fn placeholder(rest: &str, quoted: bool) -> Option<(usize, bool)> {
    if !quoted && rest.starts_with(UNKNOWN) {
        return Some((UNKNOWN.len_utf8(), true));
    }
    if !quoted && let Some(length) = blank(rest) {
        return Some((length, true));
    }
    let (open, close, value) = *MARKS.iter().find(|(open, ..)| rest.starts_with(open))?;
    // within quotes, what holds quotes of its own is in the way; the rest is told apart once the text is read
    let inner = rest.get(open.len()..)?;
    let end = match open {
        "${" | "%{" => balanced(inner)?,
        _ => inner.find(close)?,
    };
    let content = inner.get(..end)?;
    let named = open != "<" || content.starts_with(|c: char| c.is_ascii_alphabetic()) && !content.contains(['"', '\n']);
    let needed = !quoted || content.contains('"');
    // a comma that is written between the elements of a loop, of which one is read
    let value = value && (quoted || !is_separator(content));
    (named && needed).then(|| (open.len() + end + close.len(), value))
}

/// Whether an expression gives a comma, or nothing: `"," if not loop.last`, `loop.last ? "" : ","`.
fn is_separator(content: &str) -> bool {
    let mut parts = content.trim_start_matches(['=', '-']).split(['"', '\'']);
    let mut texts = Vec::new();
    while let (Some(_), Some(text)) = (parts.next(), parts.next()) {
        texts.push(text.trim());
    }
    texts.contains(&",") && texts.iter().all(|text| text.is_empty() || *text == ",") && !content.contains("join")
}

/// The length of a blank to fill in that stands without quotes: `[MAX_AGE]`, `__MAX_AGE__`.
fn blank(rest: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if let Some(inner) = rest.strip_prefix('[') {
        let end = inner.find(']')?;
        let name = inner.get(..end)?;
        let is_name = name.len() > 2 && name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(is_part);
        return is_name.then_some(end + 2);
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-@%$".contains(c);
    let end = rest.find(|c: char| !is_part(c))?;
    rest.get(..end).filter(|word| is_blank(word)).map(str::len)
}

/// Where the brace closes that was opened before this text.
fn balanced(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(offset),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let mapped = Mapped { text: text.to_owned(), offsets: (0..=text.len()).collect() };
        filled(&mapped).map(|m| m.text.replace(UNKNOWN, "?"))
    }

    #[test]
    fn placeholders_are_values() {
        assert_eq!(of(r#"{"a": ${x}, "b": [<like-this>, {{ jinja }}]}"#).unwrap(), r#"{"a": "?", "b": ["?", "?"]}"#);
        assert_eq!(
            of(r#"{"a": "${join(",", ["x"])}/y", "b": "${aws:username}"}"#).unwrap(),
            r#"{"a": "?/y", "b": "${aws:username}"}"#
        );
        assert_eq!(of(r#"[{{ x }}{{ "," if not loop.last }}]"#).unwrap(), r#"["?"]"#);
        assert_eq!(of(r#"[<%= x %><%= "," unless last %>]"#).unwrap(), r#"["?"]"#);
        assert_eq!(of(r#"[{{ l | join(",") }}]"#).unwrap(), r#"["?"]"#);
        assert_eq!(of(r#"%{ if x }{"a": 1}%{ endif }"#).unwrap(), r#"{"a": 1}"#);
        assert_eq!(of(r#"{"a": "b\"<c>"}"#), None);
        assert_eq!(of(r#"{"a": #{x}, "b": $[x], "c": @@x@@}"#).unwrap(), r#"{"a": "?", "b": "?", "c": "?"}"#);
        assert_eq!(of(r#"{"a": [MAX_AGE], "b": __MAX__}"#).unwrap(), r#"{"a": "?", "b": "?"}"#);
    }
}
