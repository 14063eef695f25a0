//! Comma-separated values, for spreadsheets: a cell is text, whatever it begins with.

/// What makes a spreadsheet take a cell for a formula.
const FORMULAS: [char; 4] = ['=', '+', '-', '@'];

/// A line of these cells, with the end of the line that RFC 4180 asks for.
pub fn row<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// A line whose cells another character parts, as spreadsheets of some countries write it.
pub fn row_by<'c>(separator: char, cells: impl IntoIterator<Item = &'c str>) -> String {
    let quoted = |text: &str| {
        let own = cell(text);
        if own.contains(separator) && !own.starts_with('"') { format!("\"{own}\"") } else { own }
    };
    let cells: Vec<String> = cells.into_iter().map(quoted).collect();
    format!("{}\r\n", cells.join(&separator.to_string()))
}

/// A line as formats of evidence before the second have it: what follows a semicolon within a cell is left as it is there.
pub fn row_of_the_first_format<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|text| quoted(begun(text))).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell: quoted where it has to be, and neutralised with an apostrophe where a spreadsheet would compute it.
pub(super) fn cell(text: &str) -> String {
    quoted(neutral(text))
}

/// The forms of the signs that count as the plain ones in some spreadsheets.
const WIDE: [char; 4] = ['＝', '＋', '－', '＠'];

/// What parts cells in some country or other, whatever parts them here: there the quotation marks of a cell do not stand at its beginning.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];

fn is_formula(text: &str) -> bool {
    text.starts_with(FORMULAS) || text.starts_with(WIDE)
}

/// An apostrophe where a cell begins as a formula does.
fn begun(text: &str) -> String {
    let is_formula = text.starts_with(['\t', '\r', '\n']) || is_formula(text.trim_start());
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

/// What a cell says, with an apostrophe wherever a spreadsheet would find the beginning of a formula.
pub fn neutral(text: &str) -> String {
    let mut parts = text.split_inclusive(SEPARATORS);
    let first = parts.next().map(begun).unwrap_or_default();
    let is_formula = |part: &str| is_formula(part.trim_start_matches(|c: char| c.is_whitespace() || c == '"'));
    let rest = parts.map(|part| if is_formula(part) { format!("'{part}") } else { part.to_owned() });
    first + &rest.collect::<String>()
}

fn quoted(text: String) -> String {
    if text.starts_with('\'')
        || text.contains(['"', ',', '\n', '\r', '\t'])
        || text.starts_with(' ')
        || text.ends_with(' ')
    {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n@x", "＝1"] {
            assert!(cell(text).starts_with("\"'"), "{text:?} became {}", cell(text));
        }
        assert_eq!(row(["=HYPERLINK(\"http://x\",\"y\")"]), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\r\n");
    }

    /// A spreadsheet that parts cells by semicolons, or by tabs, finds no formula within a cell either.
    #[test]
    fn what_follows_a_separator_is_text() {
        for (text, neutral) in [
            (";=1", ";'=1"),
            ("x; -1", "x;' -1"),
            ("a\t+1\n@x", "a\t'+1\n'@x"),
            ("x;\"=1\"", "x;'\"=1\""),
            ("a;b=c;;＝1", "a;b=c;;'＝1"),
            ("=1;=2", "'=1;'=2"),
            ("a; b; c", "a; b; c"),
            ("", ""),
        ] {
            assert_eq!(super::neutral(text), neutral, "{text:?}");
        }
        assert_eq!(row(["1", "x;=1"]), "1,x;'=1\r\n");
        assert_eq!(row_of_the_first_format(["=1", "x;=1"]), "\"'=1\",x;=1\r\n");
    }

    #[test]
    fn what_needs_quotes_has_them_and_nothing_else() {
        assert_eq!(row(["a", "b c", "d,e", "f\"g", "h\ni", ""]), "a,b c,\"d,e\",\"f\"\"g\",\"h\ni\",\r\n");
        assert_eq!(row(["111122223333", "2024-03-05", "a=b", "a-b"]), "111122223333,2024-03-05,a=b,a-b\r\n");
    }
}
