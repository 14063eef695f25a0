//! A table as somebody's spreadsheet wrote it: each cell with its own text, so that what is not corrected stays as it was, to the byte.

use std::collections::BTreeMap;

use super::Table;

/// What some programs write at the beginning of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A table.
#[derive(Debug)]
pub struct Sheet<'t> {
    /// What stands before the header, with its end: the line `sep=;` of Excel.
    before: &'t str,
    /// What parts the cells.
    separator: char,
    /// The header, and the rows below it.
    records: Vec<Record<'t>>,
}

/// A line of cells; several lines of text where a cell has several.
#[derive(Clone, Debug)]
pub struct Record<'t> {
    /// The number of its first line.
    pub line: u64,
    /// What the cells say, without blanks around it.
    pub cells: Vec<String>,
    raw: Vec<String>,
    end: &'t str,
}

/// What cannot be read, and in which line.
pub type Fault = (u64, String);

impl<'t> Sheet<'t> {
    /// Reads a text: cells are quoted as RFC 4180 says, lines end as on any system.
    pub fn read(text: &'t str) -> Result<Self, Fault> {
        let first = text.split(['\n', '\r']).next().unwrap_or_default();
        let named = first.strip_prefix("sep=").and_then(|rest| rest.chars().next());
        let separator = named.unwrap_or_else(|| self::separator(first));
        let (mut rest, mut line, mut before) = (text, 1, "");
        if named.is_some() {
            let (_, after) = text.split_at_checked(first.len()).unwrap_or_default();
            let end = end_of(after);
            (before, rest) = text.split_at_checked(first.len() + end.len()).unwrap_or_default();
            line += 1;
        }
        let mut records = Vec::new();
        while !rest.is_empty() {
            let (record, after, lines) = record(rest, separator, line)?;
            line += lines;
            rest = after;
            records.push(record);
        }
        Ok(Self { before, separator, records })
    }

    /// The header; nothing where the text is empty.
    pub fn header(&self) -> Option<&Record<'t>> {
        self.records.first()
    }

    /// The rows in which something is written: spreadsheets leave empty ones at the end.
    pub fn rows(&self) -> impl Iterator<Item = &Record<'t>> {
        self.records.iter().skip(1).filter(|r| !r.is_empty())
    }

    /// The text with some rows corrected, by their lines, and others added below the last that is written: no value that is new is a formula.
    pub fn corrected(&self, is_marked: bool, rows: &[(u64, Vec<String>)], added: &[Vec<String>]) -> String {
        let rows: BTreeMap<u64, &[String]> = rows.iter().map(|(line, cells)| (*line, cells.as_slice())).collect();
        let end = self.records.iter().map(|r| r.end).find(|end| !end.is_empty()).unwrap_or("\n");
        let last = self.records.iter().rposition(|r| !r.is_empty()).unwrap_or_default();
        let mut text = if is_marked { BYTE_ORDER_MARK.to_string() } else { String::new() };
        text.push_str(self.before);
        for (at, record) in self.records.iter().enumerate() {
            text.push_str(&self.text(record, rows.get(&record.line).copied().unwrap_or(&record.cells)));
            let is_last = at == last;
            text.push_str(if is_last && !added.is_empty() && record.end.is_empty() { end } else { record.end });
            for cells in added.iter().filter(|_| is_last) {
                let raw: Vec<String> = cells.iter().map(|cell| self.cell(cell)).collect();
                text.push_str(&raw.join(&self.separator.to_string()));
                text.push_str(end);
            }
        }
        text
    }

    /// A record in which some cells say something else.
    fn text(&self, record: &Record<'_>, cells: &[String]) -> String {
        let raw = record.raw.iter().enumerate().map(|(at, raw)| match (record.cells.get(at), cells.get(at)) {
            (Some(old), Some(new)) if old != new => self.cell(new),
            _ => raw.clone(),
        });
        raw.collect::<Vec<_>>().join(&self.separator.to_string())
    }

    /// A cell that is written here.
    fn cell(&self, value: &str) -> String {
        Table::line_by(self.separator, std::iter::once(value)).trim_end_matches("\r\n").to_owned()
    }
}

impl Record<'_> {
    fn is_empty(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }
}

/// What parts the cells: the one of the usual characters that is most often in the header, outside of quotes.
fn separator(header: &str) -> char {
    let plain: String = header.split('"').step_by(2).collect();
    let often = |separator: &char| plain.matches(*separator).count();
    // of equals the last is taken: a comma
    ['\t', ';', ','].into_iter().max_by_key(often).unwrap_or(',')
}

/// The end of a line that a text begins with.
fn end_of(text: &str) -> &str {
    let length = match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    };
    text.get(..length).unwrap_or_default()
}

/// The first record of a text, what follows it, and how many lines it has.
fn record(text: &str, separator: char, line: u64) -> Result<(Record<'_>, &str, u64), Fault> {
    let (mut cells, mut raw, mut value) = (Vec::new(), Vec::new(), String::new());
    let (mut start, mut is_quoted, mut end) = (0, false, text.len());
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if is_quoted => match chars.next_if(|(_, next)| *next == '"') {
                Some(_) => value.push('"'),
                None => is_quoted = false,
            },
            c if is_quoted => value.push(c),
            '"' if at == start => is_quoted = true,
            '\r' | '\n' => {
                end = at;
                break;
            }
            c if c == separator => {
                raw.push(text.get(start..at).unwrap_or_default().to_owned());
                cells.push(std::mem::take(&mut value).trim().to_owned());
                start = at + c.len_utf8();
            }
            c => value.push(c),
        }
    }
    if is_quoted {
        return Err((line, "a quotation mark is not closed".to_owned()));
    }
    raw.push(text.get(start..end).unwrap_or_default().to_owned());
    cells.push(value.trim().to_owned());
    let (own, rest) = text.split_at_checked(end).unwrap_or_default();
    let end = end_of(rest);
    let lines = own.replace("\r\n", "\n").matches(['\r', '\n']).count() + 1;
    let after = rest.get(end.len()..).unwrap_or_default();
    Ok((Record { line, cells, raw, end }, after, u64::try_from(lines).unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, Vec<String>)> {
        Sheet::read(text).unwrap().rows().map(|r| (r.line, r.cells.clone())).collect()
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let cells = |all: &[&str]| all.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,2", "\"x,\"\"y", "z\",3", "4, 5 ", ",", ""].join(end);
            let expected =
                [(2, cells(&["1", "2"])), (3, cells(&[&format!("x,\"y{end}z"), "3"])), (5, cells(&["4", "5"]))];
            assert_eq!(lines(&text), expected, "{end:?}");
            assert_eq!(Sheet::read(&text).unwrap().corrected(false, &[], &[]), text, "{end:?}");
        }
        assert_eq!(lines("sep=;\r\na;b\r\n1;2"), [(3, cells(&["1", "2"]))]);
        assert_eq!(Sheet::read("a,b\n1,\"2\n").unwrap_err().0, 2);
    }

    /// What is not corrected keeps its bytes, what is added stands below the last row that is written.
    #[test]
    fn a_cell_that_is_not_corrected_is_left_alone() {
        let text = "sep=,\r\nid,note,name\r\n1,\"two\nlines\",old\r\n2, +49 30 ,-5\r\n,,\r\n";
        let sheet = Sheet::read(text).unwrap();
        let added = vec!["3".to_owned(), String::new(), "=x".to_owned()];
        let mut row = sheet.rows().next().unwrap().cells.clone();
        row[2] = "new".to_owned();
        assert_eq!(
            sheet.corrected(true, &[(3, row)], &[added]),
            "\u{feff}sep=,\r\nid,note,name\r\n1,\"two\nlines\",new\r\n2, +49 30 ,-5\r\n3,,\"'=x\"\r\n,,\r\n"
        );
        assert_eq!(Sheet::read("id\n1").unwrap().corrected(false, &[], &[vec!["2".to_owned()]]), "id\n1\n2\n");
    }
}
