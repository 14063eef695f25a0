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

/// A cell: quoted where it has to be, and neutralised with an apostrophe where a spreadsheet would compute it.
pub(super) fn cell(text: &str) -> String {
    let starts = |c: char| FORMULAS.contains(&c) || ['\t', '\r', '\n'].contains(&c);
    let is_formula = text.starts_with(starts) || text.trim_start().starts_with(FORMULAS);
    // the wide forms count as the plain ones in some spreadsheets
    let is_wide = text.trim_start().starts_with(['＝', '＋', '－', '＠']);
    let text = if is_formula || is_wide { format!("'{text}") } else { text.to_owned() };
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

    #[test]
    fn what_needs_quotes_has_them_and_nothing_else() {
        assert_eq!(row(["a", "b c", "d,e", "f\"g", "h\ni", ""]), "a,b c,\"d,e\",\"f\"\"g\",\"h\ni\",\r\n");
        assert_eq!(row(["111122223333", "2024-03-05", "a=b", "a-b"]), "111122223333,2024-03-05,a=b,a-b\r\n");
    }
}
