//! Parts of a template that have a name, and stand where they are called: macros of Jinja, `define` of Go.

use super::embedded::Mapped;

/// Calls in what is called are followed this deep.
const DEEP: usize = 3;

/// A template does not become larger than so many times itself.
const TIMES: usize = 8;

/// A part that has a name, and where it and what is around it stand in the text.
struct Named<'t> {
    name: &'t str,
    body: (usize, usize),
    whole: (usize, usize),
}

/// A template with its parts where they are called, and nowhere else; `None` where it has none.
pub fn expanded(mapped: &Mapped) -> Option<Mapped> {
    let text = mapped.text.as_str();
    if !text.contains("define") && !text.contains("macro") {
        return None;
    }
    let parts = parts(text);
    if parts.is_empty() {
        return None;
    }
    let most = text.len().saturating_mul(TIMES);
    let mut result = Mapped { text: String::new(), offsets: Vec::new() };
    let mut from = 0;
    for part in &parts {
        write(mapped, &parts, (from, part.whole.0), (DEEP, most), &mut result);
        from = part.whole.1;
    }
    write(mapped, &parts, (from, text.len()), (DEEP, most), &mut result);
    Some(result.ended(mapped.offset(text.len())))
}

/// The tags of a text: where each begins and ends, and what it says.
fn tags(text: &str, from: usize, to: usize) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = from;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..to)?;
            let start = at + rest.find("{{").into_iter().chain(rest.find("{%")).min()?;
            let close = if text.get(start..)?.starts_with("{{") { "}}" } else { "%}" };
            let inner = text.get(start + 2..to)?;
            let Some(length) = inner.find(close) else {
                at = start + 2;
                continue;
            };
            at = start + 2 + length + 2;
            let content = inner.get(..length)?.trim_matches(|c: char| c.is_whitespace() || c == '-');
            return Some((start, at, content));
        }
    })
}

fn first_word(content: &str) -> &str {
    content.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default()
}

/// The parts of a text that have names, one after the other.
fn parts(text: &str) -> Vec<Named<'_>> {
    let mut found: Vec<Named<'_>> = Vec::new();
    let mut open: Option<(&str, usize, usize, usize)> = None;
    for (start, end, content) in tags(text, 0, text.len()) {
        let word = first_word(content);
        open = match (open, word) {
            (None, "define" | "macro") => {
                let name = content.get(word.len()..).unwrap_or_default().trim();
                let name = name.split('(').next().unwrap_or_default().trim().trim_matches('"');
                Some((name, start, end, 0))
            }
            (Some((name, whole, body, 0)), "end" | "endmacro") => {
                found.push(Named { name, body: (body, start), whole: (whole, end) });
                None
            }
            // in a part of Go each block has an end of the same word
            (Some((name, whole, body, depth)), "if" | "range" | "with" | "block") => {
                Some((name, whole, body, depth + 1))
            }
            (Some((name, whole, body, depth)), "end" | "endif" | "endfor") => {
                Some((name, whole, body, depth.saturating_sub(1)))
            }
            (Some((name, whole, body, depth)), "for") => Some((name, whole, body, depth + 1)),
            (open, _) => open,
        };
    }
    found
}

/// Whether a tag stands for a part: `template "name" .`, `name(…)`.
fn called<'p, 't>(content: &str, parts: &'p [Named<'t>]) -> Option<&'p Named<'t>> {
    let word = first_word(content);
    let name = match word {
        "template" | "include" => content.get(word.len()..)?.trim().strip_prefix('"')?.split('"').next()?,
        _ => content.get(word.len()..).filter(|rest| rest.starts_with('(')).map(|_| word)?,
    };
    parts.iter().find(|part| part.name == name)
}

fn write(
    mapped: &Mapped,
    parts: &[Named<'_>],
    (from, to): (usize, usize),
    (left, most): (usize, usize),
    result: &mut Mapped,
) {
    let copy = |from: usize, to: usize, result: &mut Mapped| {
        for (at, c) in mapped.text.get(from..to).unwrap_or_default().char_indices() {
            result.push(c, mapped.offset(from + at));
        }
    };
    let mut at = from;
    for (start, end, content) in tags(&mapped.text, from, to) {
        let Some(part) = called(content, parts).filter(|_| left > 0 && result.text.len() < most) else {
            continue;
        };
        copy(at, start, result);
        write(mapped, parts, part.body, (left - 1, most), result);
        at = end;
    }
    copy(at, to, result);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let mapped = Mapped { text: text.to_owned(), offsets: (0..=text.len()).collect() };
        expanded(&mapped).map(|m| m.text)
    }

    #[test]
    fn parts_stand_where_they_are_called() {
        assert_eq!(
            of("{% macro a(x) %}1{% if x %}2{% endif %}{% endmacro %}[{{ a(1) }}]").unwrap(),
            "[1{% if x %}2{% endif %}]"
        );
        assert_eq!(
            of("{{ define \"a\" }}1{{ if .x }}2{{ end }}{{ end }}[{{ template \"a\" . }}, {{ .b }}]").unwrap(),
            "[1{{ if .x }}2{{ end }}, {{ .b }}]"
        );
        assert_eq!(of("{\"a\": \"{{ define }}\"}"), None);
        // one that calls itself comes to an end
        assert_eq!(
            of("{{define \"a\"}}1{{template \"a\"}}{{end}}{{template \"a\"}}").unwrap(),
            "111{{template \"a\"}}"
        );
    }
}
