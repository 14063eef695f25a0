//! The CSV of accounts that the console of AWS Organizations exports.

use std::sync::Arc;

use super::facts::{Account, Facts, Joined};
use super::{answer, moments, organizations};
use crate::problem::{Place, Problem, SourceFile, Span};

/// Whether a CSV is this one: by its header.
pub fn is_it(text: &str) -> bool {
    let header = text.lines().next().unwrap_or_default().trim_start_matches('\u{feff}').to_ascii_lowercase();
    header.contains("account id") && header.contains("joined timestamp")
}

/// Reads the rows.
pub fn read(facts: &mut Facts, source: &Arc<SourceFile>, problems: &mut Vec<Problem>) {
    let text = source.text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return problems.push(wrong(source, &error)),
    };
    let column = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                problems.push(wrong(source, &error));
                continue;
            }
        };
        let field = |name: &str| column(name).and_then(|c| row.get(c)).filter(|f| !f.is_empty());
        let line = line(source, row.position());
        let Some(id) = field("Account ID").filter(|id| answer::is_account(id)) else {
            let found = field("Account ID").unwrap_or_default();
            let message = format!("`{found}` is not an account number");
            let help = "it has twelve digits; spreadsheets that treat it as a number drop its leading zeros";
            problems.push(Problem::at(source, line, message).help(help));
            continue;
        };
        let joined = field("Joined timestamp").and_then(|text| {
            let at = moments::parse(text);
            if at.is_none() {
                problems.push(
                    Problem::at(source, line, format!("`{text}` is not a valid date or time"))
                        .help("export the file again"),
                );
            }
            let file = source.path.rsplit('/').next().unwrap_or_default();
            let witness = format!("Joined timestamp of the console's list of accounts ({file})");
            Some(Joined { at: at?, method: field("Joined method").map(str::to_ascii_uppercase), witness })
        });
        let told = Account {
            rank: 1,
            name: field("Name").map(str::to_owned),
            state: field("State").or_else(|| field("Status")).map(str::to_ascii_uppercase),
            joined,
            ..Account::default()
        };
        let place = Place { source: source.clone(), span: line };
        organizations::row(facts, id, field("ARN").unwrap_or_default(), told, place);
    }
}

fn wrong(source: &Arc<SourceFile>, error: &csv::Error) -> Problem {
    Problem::at(source, line(source, error.position()), format!("this row cannot be parsed: {error}"))
        .help("export the file again")
}

/// The line of a row. It is told by its byte: of lines that end as on Windows the reader counts one too few.
fn line(source: &Arc<SourceFile>, position: Option<&csv::Position>) -> Span {
    let mark = source.text.len() - source.text.trim_start_matches('\u{feff}').len();
    let byte = position.map_or(0, |p| usize::try_from(p.byte()).unwrap_or_default());
    let rest = source.text.get(mark + byte..).unwrap_or_default();
    // where the row before it ends
    let own = rest.trim_start_matches(['\r', '\n']);
    let start = source.text.len() - own.len();
    let length = own.split(['\r', '\n']).next().map_or(0, str::len);
    Span { start, end: start + length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_told_by_its_line_whatever_ends_lines() {
        for (mark, end) in [("", "\n"), ("", "\r\n"), ("\u{feff}", "\r\n"), ("", "\r")] {
            let text = ["Account ID,Name,Joined timestamp", "222222222222,a,", "x,b,", ""].join(end);
            let source = SourceFile::new("accounts.csv", format!("{mark}{text}"));
            let mut problems = Vec::new();
            read(&mut Facts::default(), &source, &mut problems);
            let places: Vec<&str> = problems.iter().map(Problem::underlined).collect();
            assert_eq!(places, ["x,b,"], "{mark:?} {end:?}: {problems:?}");
        }
    }
}
