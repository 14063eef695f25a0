//! Templates whose directives choose what stands in the text: `%{ if }`, `{% if %}`, `{{ if }}`, and their loops. A template is read
//! once with the first branch of each choice, once with the second, and so on; what is in a loop is read once.

use super::embedded::Mapped;

/// How directives begin and end.
const MARKS: [(&str, &str); 5] = [("%{", "}"), ("{%", "%}"), ("{{", "}}"), ("{#", "#}"), ("<%", "%>")];

/// A text is not split into more parts than this.
const MOST: usize = 2_000;

/// A directive is no longer than so many characters: one that is not closed takes no look through all of the text.
const LONGEST: usize = 1_000;

/// More branches than this are not read.
const MOST_BRANCHES: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    If,
    Else,
    Loop,
    End,
    /// It leaves nothing, as an assignment.
    Nothing,
    /// So does a comment, which nothing else but a template has.
    Comment,
}

/// What a text is made of: text as it is, by its bytes, and directives.
enum Piece {
    Text(usize, usize),
    Directive(Word),
}

/// Whether a text may have directives.
pub fn may_have(text: &str) -> bool {
    MARKS.iter().any(|(mark, _)| text.contains(mark))
}

/// Whether a text has a directive, whatever it does.
pub fn has_one(text: &str) -> bool {
    let starts = text.char_indices().filter(|(_, c)| matches!(c, '%' | '{' | '<'));
    starts.filter_map(|(at, _)| text.get(at..)).any(|rest| directive(rest).is_some())
}

/// The texts that a template becomes, one for each branch of the choice that has the most; `None` where it has no directives, or they are not closed.
pub fn variants(mapped: &Mapped) -> Option<Vec<Mapped>> {
    let pieces = pieces(&mapped.text)?;
    let branches = branches(&pieces)?;
    let most = branches.iter().copied().max().unwrap_or_default().clamp(1, MOST_BRANCHES);
    (0..most).map(|nth| rendered(mapped, &pieces, &branches, nth)).collect()
}

/// The same without the commas that are all that a choice or a section says: what is in a loop is read once, and nothing follows it.
pub fn without_separators(mapped: &Mapped) -> Option<Vec<Mapped>> {
    let pieces = pieces(&mapped.text)?;
    let mut kept: Vec<Piece> = Vec::new();
    let mut any = false;
    for piece in pieces {
        kept.push(piece);
        let is_separator = match kept.as_slice() {
            [.., Piece::Directive(Word::If | Word::Loop), Piece::Text(start, end), Piece::Directive(Word::End)] => {
                mapped.text.get(*start..*end).is_some_and(|text| text.trim() == ",")
            }
            _ => false,
        };
        if is_separator {
            kept.truncate(kept.len() - 3);
            any = true;
        }
    }
    let branches = branches(&kept)?;
    let most = branches.iter().copied().max().unwrap_or_default().clamp(1, MOST_BRANCHES);
    any.then(|| (0..most).map(|nth| rendered(mapped, &kept, &branches, nth)).collect()).flatten()
}

/// The text that a template becomes where nothing is chosen that may be left out, as the comma before the first element of a loop is.
pub fn least(mapped: &Mapped) -> Option<Mapped> {
    let pieces = pieces(&mapped.text)?;
    let branches = branches(&pieces)?;
    // a choice of one branch has another, which is empty
    let more: Vec<usize> = branches.iter().map(|count| (*count).max(2)).collect();
    rendered(mapped, &pieces, &more, usize::MAX)
}

/// The pieces of a text that has directives.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut from, mut at, mut any) = (Vec::new(), 0, 0, false);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((length, word)) = directive(rest) else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        any |= word != Word::Nothing;
        pieces.push(Piece::Text(from, at));
        pieces.push(Piece::Directive(word));
        at += length;
        from = at;
        if pieces.len() > MOST {
            return None;
        }
    }
    pieces.push(Piece::Text(from, text.len()));
    any.then_some(pieces)
}

/// The length of the directive that a text begins with, and what it does; placeholders are none.
fn directive(rest: &str) -> Option<(usize, Word)> {
    let (open, close) = *MARKS.iter().find(|(open, _)| rest.starts_with(open))?;
    let inner = rest.get(open.len()..)?;
    let inner = inner.char_indices().nth(LONGEST).and_then(|(end, _)| inner.get(..end)).unwrap_or(inner);
    let end = if open == "%{" { balanced(inner)? } else { inner.find(close)? };
    if open == "{#" || (open == "{{" && inner.trim_start_matches('-').trim_start().starts_with("/*")) {
        return Some((open.len() + end + close.len(), Word::Comment));
    }
    let is_comment = open == "{{" && inner.starts_with('!') || open == "<%" && inner.starts_with('#');
    let sets = |content: &str| content.starts_with('$') && (content.contains(":=") || content.contains(" = "));
    if is_comment || open == "{{" && sets(inner.get(..end)?.trim_matches(['-', ' '])) {
        return Some((open.len() + end + close.len(), Word::Comment));
    }
    if open == "<%" && inner.starts_with('=') {
        return None;
    }
    let content = inner.get(..end)?.trim_matches(|c: char| c.is_whitespace() || matches!(c, '~' | '-' | '+'));
    let word = content.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let word = match word {
        "if" | "unless" => Word::If,
        "else" | "elif" | "elseif" | "elsif" => Word::Else,
        "for" | "range" | "with" | "macro" | "block" | "call" | "filter" => Word::Loop,
        "endif" | "endfor" | "endmacro" | "endblock" | "endcall" | "endfilter" | "endwith" | "end" | "endunless" => {
            Word::End
        }
        "#if" | "#unless" if open == "{{" => Word::If,
        _ if open == "{{" && word.starts_with(['#', '^']) && word.len() > 1 => Word::Loop,
        _ if open == "{{" && word == "^" => Word::Else,
        _ if open == "{{" && word.starts_with('/') => Word::End,
        "}" | "})" if open == "<%" => {
            if content.contains("else") {
                Word::Else
            } else {
                Word::End
            }
        }
        _ if open == "<%" && is_block(content) => Word::Loop,
        _ if open == "{%" || open == "<%" => Word::Nothing,
        _ => return None,
    };
    Some((open.len() + end + close.len(), word))
}

/// Whether a line of Ruby or JavaScript begins a block: `x.each do |y|`, `x.forEach(y => {`.
fn is_block(content: &str) -> bool {
    let head =
        content.rsplit_once('|').map_or(content, |(head, _)| head.rsplit_once('|').map_or(head, |(head, _)| head));
    head.trim_end().ends_with(" do") || content.ends_with('{')
}

/// Where the brace closes that was opened before this text.
fn balanced(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(offset),
            '}' => depth -= 1,
            '\n' => return None,
            _ => {}
        }
    }
    None
}

/// A directive that is open.
struct Open {
    is_if: bool,
    /// How many branches were begun.
    branch: usize,
    /// How many there are.
    branches: usize,
}

/// The text with one branch of each choice, the last of one that has no more.
fn rendered(mapped: &Mapped, pieces: &[Piece], branches: &[usize], nth: usize) -> Option<Mapped> {
    let mut branches = branches.iter();
    let mut result = Mapped { text: String::new(), offsets: Vec::new() };
    let mut open: Vec<Open> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(start, end) => {
                let is_read = |o: &Open| !o.is_if || o.branch == nth.min(o.branches.saturating_sub(1));
                if open.iter().all(is_read) {
                    result.text.push_str(mapped.text.get(*start..*end)?);
                    result.offsets.extend((*start..*end).map(|at| mapped.offset(at)));
                }
            }
            Piece::Directive(word @ (Word::If | Word::Loop)) => {
                open.push(Open { is_if: *word == Word::If, branch: 0, branches: *branches.next()? });
            }
            Piece::Directive(Word::Else) => {
                // what a loop has where it has nothing is left out
                let own = open.last_mut()?;
                own.branch += 1;
                own.is_if = true;
            }
            Piece::Directive(Word::End) => {
                open.pop()?;
            }
            Piece::Directive(Word::Nothing | Word::Comment) => {}
        }
    }
    let result = result.ended(mapped.offset(mapped.text.len()));
    open.is_empty().then(|| without_last_commas(result))
}

/// How many branches each directive has that is closed, in their order.
fn branches(pieces: &[Piece]) -> Option<Vec<usize>> {
    let (mut counts, mut open): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Directive(Word::If | Word::Loop) => {
                open.push(counts.len());
                counts.push(1);
            }
            Piece::Directive(Word::Else) => *counts.get_mut(*open.last()?)? += 1,
            Piece::Directive(Word::End) => {
                open.pop()?;
            }
            _ => {}
        }
    }
    open.is_empty().then_some(counts)
}

/// What a loop writes between its elements follows the last one here.
fn without_last_commas(mapped: Mapped) -> Mapped {
    let (mut quoted, mut escaped, mut comma) = (false, false, None);
    let mut left_out = Vec::new();
    for (at, c) in mapped.text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => {
                quoted = !quoted;
                comma = None;
            }
            ',' if !quoted => comma = Some(at),
            ']' | '}' if !quoted => left_out.extend(comma.take()),
            _ if quoted || c.is_whitespace() => {}
            _ => comma = None,
        }
    }
    if left_out.is_empty() {
        return mapped;
    }
    let end = mapped.offset(mapped.text.len());
    let mut result = Mapped { text: String::new(), offsets: Vec::new() };
    for (at, c) in mapped.text.char_indices().filter(|(at, _)| left_out.binary_search(at).is_err()) {
        result.push(c, mapped.offset(at));
    }
    result.ended(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Vec<String>> {
        let mapped = Mapped { text: text.to_owned(), offsets: (0..=text.len()).collect() };
        variants(&mapped).map(|all| all.into_iter().map(|m| m.text).collect())
    }

    #[test]
    fn branches_are_read_one_by_one() {
        for text in [
            r#"{"a": %{ if x == "y" }"b"%{ else }"c"%{ endif }}"#,
            r#"{"a": {% if x %}"b"{%- else -%}"c"{% endif %}}"#,
            r#"{"a": {{ if .x }}"b"{{ else }}"c"{{- end }}}"#,
        ] {
            assert_eq!(of(text).unwrap_or_default(), [r#"{"a": "b"}"#, r#"{"a": "c"}"#], "{text}");
        }
        assert_eq!(of(r#"{"a": 1%{ if x }, "b": 2%{ endif }}"#).unwrap(), [r#"{"a": 1, "b": 2}"#]);
        assert_eq!(of(r#"[%{ for a in b ~}"${a}"%{ if last },%{ endif }%{ endfor }]"#).unwrap(), [r#"["${a}"]"#]);
        assert_eq!(of("%{if a}1%{else}%{if b}2%{else}3%{endif}%{endif}").unwrap(), ["1", "3"]);
        assert_eq!(of("{# c }} #}{\"a\": {{/* d */}}1}").unwrap(), ["{\"a\": 1}"]);
        for text in [
            "[{{#l}}1{{^last}},{{/last}}{{/l}},{{! c }}2]",
            "[{{#each l}}1{{#unless @last}},{{/unless}}{{/each}},2]",
            "[{{ range $i, $e := .l }}{{ if $i }},{{ end }}1{{ end }},2]",
            "[<% l.each do |e| %>1<% unless last %>,<% end %><% end %>,2]",
            "[{% for e in l %}1{% if not loop.last %},{% endif %}{% endfor %},2]",
        ] {
            let mapped = Mapped { text: text.to_owned(), offsets: (0..=text.len()).collect() };
            let read: Vec<String> = without_separators(&mapped).unwrap().into_iter().map(|m| m.text).collect();
            assert_eq!(read, ["[1,2]"], "{text}");
        }
        let comma = "[%{ for i in l }%{ if i > 0 },%{ endif }1%{ endfor }]";
        let mapped = Mapped { text: comma.to_owned(), offsets: (0..=comma.len()).collect() };
        assert_eq!((of(comma).unwrap(), least(&mapped).unwrap().text), (vec!["[,1]".to_owned()], "[1]".to_owned()));
        for none in ["{\"a\": \"{{ x }}\"}", "%{ if x }", "%{ endif }", "plain", "${x}"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
