//! A table in a terminal: as wide as it may be, and never a word cut in two. An id or a number that is cut is another one.

use textwrap::core::display_width;

/// Blanks before a line, and between columns.
const INDENT: usize = 2;
const GAP: usize = 2;

/// A blank at which no line ends: `not` alone, or what it is said of, would say something else.
const TOGETHER: char = '\u{a0}';

/// Words that stand on one line.
pub fn together(words: &str) -> String {
    words.replace(' ', &TOGETHER.to_string())
}

/// A table without lines around it.
#[derive(Debug, Default)]
pub struct Grid {
    /// What the columns are called.
    pub header: Vec<&'static str>,
    /// The cells of each row, each of them lines.
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    /// The text; `None` where the words do not fit beside one another.
    pub fn text(&self, width: usize) -> Option<String> {
        let widths = self.widths(width)?;
        let header: Vec<String> = self.header.iter().map(|h| (*h).to_owned()).collect();
        let rows = std::iter::once(&header).chain(&self.rows);
        Some(rows.map(|row| line(row, &widths)).collect())
    }

    /// A block a row, for a terminal in which the columns do not fit: what stands in a cell stands below the first, and only a word that is
    /// wider than the terminal is wider than it.
    pub fn blocks(&self, width: usize) -> String {
        let mut text = self.header.first().map(|h| format!("{}{h}\n", " ".repeat(INDENT))).unwrap_or_default();
        for row in &self.rows {
            let mut cells = row.iter().zip(&self.header);
            if let Some((first, _)) = cells.next() {
                text.push_str(&super::paragraph(width, "  ", &first.lines().collect::<Vec<_>>().join(" ")));
            }
            for (cell, name) in cells.filter(|(cell, _)| !cell.is_empty()) {
                let told = cell.replace(TOGETHER, " ").lines().collect::<Vec<_>>().join(", ");
                text.push_str(&super::wrapped(width, &format!("    {name:<10} "), 15, &told));
            }
        }
        text
    }

    /// How wide each column is: as its lines are, and narrower where they can be wrapped, the widest first.
    fn widths(&self, width: usize) -> Option<Vec<usize>> {
        let of = |measure: &dyn Fn(&str) -> usize| -> Vec<usize> {
            let column = |at: usize, name: &str| {
                let cells = self.rows.iter().filter_map(|row| row.get(at)).flat_map(|cell| cell.lines());
                cells.map(measure).chain([measure(name)]).max().unwrap_or_default()
            };
            self.header.iter().enumerate().map(|(at, name)| column(at, name)).collect()
        };
        let word = |text: &str| text.split(' ').map(display_width).max().unwrap_or_default();
        let (mut widths, least) = (of(&display_width), of(&word));
        let room = width.saturating_sub(INDENT + GAP * self.header.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            let can = widths.iter_mut().zip(&least).filter(|(width, least)| **width > **least);
            let (widest, _) = can.max_by_key(|(width, least)| (**width - **least, **width))?;
            *widest -= 1;
        }
        Some(widths)
    }
}

/// A row, in as many lines as its highest cell.
fn line(cells: &[String], widths: &[usize]) -> String {
    let wrap = |cell: &str, width: usize| -> Vec<String> {
        let options = textwrap::Options::new(width.max(1))
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        cell.lines().flat_map(|l| textwrap::wrap(l, &options)).map(std::borrow::Cow::into_owned).collect()
    };
    let cells: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let mut text = String::new();
    for at in 0..height {
        let mut line = " ".repeat(INDENT);
        for (cell, width) in cells.iter().zip(widths) {
            let part = cell.get(at).map_or("", String::as_str);
            line.push_str(part);
            line.push_str(&" ".repeat(width.saturating_sub(display_width(part)) + GAP));
        }
        text.push_str(&line.trim_end().replace(TOGETHER, " "));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect();
        Grid {
            header: vec!["account", "governing", "besides"],
            rows: vec![
                row(&["111111111111\nthe wards of it", "organization\nOrgBaa0123456789", ""]),
                row(&["2", "–", "x"]),
            ],
        }
    }

    #[test]
    fn words_are_wrapped_and_never_cut() {
        let wide = "  account          governing         besides\n  111111111111     organization\n  the wards of it  \
                    OrgBaa0123456789\n  2                –                 x\n";
        assert_eq!(grid().text(80).unwrap(), wide);
        let narrow = grid().text(42).unwrap();
        assert!(narrow.contains("\n  the wards") && narrow.contains("it\n"), "{narrow}");
        assert!(narrow.contains("111111111111") && narrow.contains("OrgBaa0123456789"), "{narrow}");
        assert!(narrow.lines().all(|l| display_width(l) <= 42), "{narrow}");
        assert_eq!(grid().text(40), None);
        assert_eq!(
            grid().blocks(40),
            "  account\n  111111111111 the wards of it\n    governing  organization,\n               OrgBaa0123456789\n  2\n    \
             governing  –\n    besides    x\n"
        );
    }
}
