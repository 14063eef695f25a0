//! A table for programs and people outside a terminal: CSV and Markdown. Each value is made harmless here.

use super::csv;
use super::findings::markdown::cell;
use super::foreign::Foreign;
use countersign_core::provenance::Provenance;

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What the columns are called.
    pub header: Vec<&'static str>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Comma-separated values as RFC 4180 has them. No value is a formula.
    pub fn csv(&self) -> String {
        let header = Self::line(self.header.iter().copied());
        let rows = self.rows.iter().map(|row| Self::line(row.iter().map(String::as_str)));
        std::iter::once(header).chain(rows).collect()
    }

    /// A line of CSV.
    pub fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
        let cells: Vec<String> = cells.map(seen).collect();
        csv::row(cells.iter().map(String::as_str))
    }

    /// A line of CSV as formats of evidence before the second have it.
    pub fn line_of_the_first_format<'a>(cells: impl Iterator<Item = &'a str>) -> String {
        let cells: Vec<String> = cells.map(seen).collect();
        csv::row_of_the_first_format(cells.iter().map(String::as_str))
    }

    /// What a cell says of a value.
    pub fn said(value: &str) -> String {
        csv::neutral(&seen(value))
    }

    /// The same, parted by another character.
    pub fn line_by<'a>(separator: char, cells: impl Iterator<Item = &'a str>) -> String {
        let cells: Vec<String> = cells.map(seen).collect();
        csv::row_by(separator, cells.iter().map(String::as_str))
    }

    /// The rows as objects, whose members are called as the columns are; a value that is empty is null.
    pub fn json(&self) -> serde_json::Value {
        let row = |cells: &Vec<String>| {
            let value = |cell: &String| if cell.is_empty() { serde_json::Value::Null } else { cell.clone().into() };
            self.header.iter().zip(cells).map(|(name, cell)| (member(name), value(cell))).collect()
        };
        serde_json::Value::Array(self.rows.iter().map(row).map(serde_json::Value::Object).collect())
    }

    /// The same with the moment that the rows are about, that of the snapshot, and what follows where they differ (D22, D32).
    #[must_use]
    pub fn of_moment(mut self, at: &str, provenance: &Provenance) -> Self {
        let as_of = provenance.as_of.as_ref().map(|a| a.moment.as_str()).unwrap_or_default();
        let note = match &provenance.as_of {
            Some(as_of) if as_of.later => provenance.later().unwrap_or_default(),
            Some(as_of) if as_of.moment != at => "what has no date is that of the snapshot".to_owned(),
            _ => String::new(),
        };
        self.header.extend(["at", "as of", "note"]);
        for row in &mut self.rows {
            row.extend([at, as_of, &note].map(str::to_owned));
        }
        self
    }

    /// The same without these columns: Markdown tells above the table what is the same in every row.
    #[must_use]
    pub fn without(&self, columns: &[&str]) -> Self {
        let kept: Vec<bool> = self.header.iter().map(|h| !columns.contains(h)).collect();
        let keep = |at: usize| kept.get(at).copied().unwrap_or_default();
        let of =
            |row: &Vec<String>| row.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, c)| c.clone()).collect();
        let header = self.header.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, h)| *h).collect();
        Self { header, rows: self.rows.iter().map(of).collect() }
    }

    /// The columns that have a value in any row.
    #[must_use]
    pub fn without_empty_columns(self) -> Self {
        let used = |at: usize| self.rows.iter().any(|r| r.get(at).is_some_and(|c| !c.is_empty()));
        let kept: Vec<bool> = (0..self.header.len()).map(used).collect();
        let keep = |at: &usize| kept.get(*at).copied().unwrap_or_default();
        let rows = self.rows.iter().map(|row| {
            let cells = row.iter().enumerate().filter(|(at, _)| keep(at));
            cells.map(|(_, c)| c.clone()).collect()
        });
        let header = self.header.iter().enumerate().filter(|(at, _)| keep(at)).map(|(_, h)| *h);
        Self { header: header.collect(), rows: rows.collect() }
    }

    /// A Markdown table, without columns that are empty throughout; nothing where there are no rows.
    pub fn markdown(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let table = self.clone().without_empty_columns();
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = line(table.header.iter().map(|h| (*h).to_owned()).collect());
        text.push_str(&line(vec!["---".to_owned(); table.header.len()]));
        for row in &table.rows {
            text.push_str(&line(row.iter().map(|c| cell(&Foreign(c).lines())).collect()));
        }
        text
    }
}

/// A value on one line, without characters that are not seen.
fn seen(value: &str) -> String {
    Foreign(value).lines().replace(['\n', '\t'], " ")
}

/// `accountSourceSha256` of `account source sha256`.
pub fn member(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let word = |(at, word): (usize, &str)| match at {
        // a name of several words stays one: `alsoInForce`
        0 if word.starts_with(char::is_lowercase) => word.to_owned(),
        0 => word.to_lowercase(),
        _ => super::plain::capital(&word.to_lowercase()),
    };
    words.enumerate().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Table {
        let rows = rows.iter().map(|r| r.iter().map(|c| (*c).to_owned()).collect()).collect();
        Table { rows, ..Table::new(&["account", "name"]) }
    }

    #[test]
    fn no_value_is_a_formula() {
        for value in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\u{ff1d}1", "=HYPERLINK(\"x\",\"y\")"] {
            let csv = table(&[&["1", value]]).csv();
            let cell = csv.lines().nth(1).unwrap().split_once(',').unwrap().1.trim_start_matches('"');
            assert!(cell.starts_with('\'') || cell.starts_with('␉') || cell.starts_with('␍'), "{value:?}: {csv}");
        }
        assert_eq!(table(&[&["111122223333", "a-b=c"]]).csv(), "account,name\r\n111122223333,a-b=c\r\n");
    }

    /// D22, D32: a row says of which moment it is, and that nothing of it is known where it is later than the files.
    #[test]
    fn a_row_says_its_moment() {
        let as_of = countersign_core::moment::parse("2026-11-01");
        let csv = |at: &str| {
            let moment = countersign_core::moment::parse(at).unwrap();
            let provenance = Provenance::bare().at(moment, as_of);
            table(&[&["1", "a"]]).of_moment(at, &provenance).csv().lines().nth(1).unwrap().to_owned()
        };
        assert_eq!(csv("2026-11-01T00:00:00Z"), "1,a,2026-11-01T00:00:00Z,2026-11-01T00:00:00Z,");
        assert!(csv("2026-12-01T00:00:00Z").ends_with(",as of 2026-11-01; nothing later is known"));
        assert!(csv("2026-10-01T00:00:00Z").ends_with(",what has no date is that of the snapshot"));
    }

    #[test]
    fn what_parts_fields_is_quoted() {
        let csv = table(&[&["1", "a,\"b\""]]).csv();
        assert_eq!(csv, "account,name\r\n1,\"a,\"\"b\"\"\"\r\n");
        assert_eq!(table(&[&["1", "a\nb"]]).csv().lines().count(), 2, "a value is on one line");
    }

    #[test]
    fn markdown_has_no_markup_of_the_input() {
        let text = table(&[&["1", "<script>|x"], &["2", ""]]).markdown();
        assert_eq!(text, "| account | name |\n| --- | --- |\n| 1 | &lt;script&gt;\\|x |\n| 2 |  |\n");
        assert_eq!(table(&[&["1", ""]]).markdown(), "| account |\n| --- |\n| 1 |\n", "an empty column is left out");
        assert_eq!(table(&[]).markdown(), "");
    }
}
