//! A line an account: how it was covered over time, with a mark at each edge, in as many columns as there are.

use std::collections::BTreeSet;

use anstyle::{AnsiColor, Style};

use super::{Row, label};
use crate::report::{dim, in_colour, styled};
use countersign_core::history::{EventKind, History, Interval};
use countersign_core::moment::{self, Moment};
use countersign_core::terms::Coverage;

/// A line is at least so wide, whatever the names.
const LEAST: usize = 20;
/// Names take no more than this.
const MOST_LABEL: usize = 34;

/// How moments stand on a line.
pub struct Axis<'a> {
    rows: &'a [Row<'a>],
    first: Moment,
    last: Moment,
    columns: usize,
    label: usize,
    /// Of the terminal.
    width: usize,
}

/// The mark of an event.
fn mark(event: EventKind) -> char {
    match event {
        EventKind::Accepted => 'A',
        EventKind::Began => 'B',
        EventKind::Closed => 'C',
        EventKind::Deleted => 'X',
        EventKind::Designated => 'D',
        EventKind::Ended => 'E',
        EventKind::Joined => 'J',
        EventKind::AgreementsKnown => 'G',
        EventKind::Doubted => 'U',
        EventKind::Known => 'K',
        EventKind::Left => 'L',
        EventKind::PhiHeld => 'P',
        EventKind::PhiRemoved => 'Q',
        EventKind::Removed => 'R',
        EventKind::Terminated => 'T',
    }
}

/// The mark of an edge that no event is known of.
const UNTOLD: char = '|';
/// The mark where events of several kinds fall into one column.
const SEVERAL: char = '+';

const MEANINGS: [(char, &str); 17] = [
    ('A', "accepted"),
    ('B', "offline agreement began"),
    ('C', "closed"),
    ('X', "organization deleted"),
    ('D', "designated"),
    ('E', "offline agreement ended"),
    ('J', "joined"),
    ('G', "agreements known from here on"),
    ('K', "known since"),
    ('L', "left"),
    ('P', "PHI held"),
    ('Q', "PHI removed"),
    ('R', "removed"),
    ('T', "terminated"),
    ('U', "whether still in force is unknown"),
    (UNTOLD, "by the rules"),
    (SEVERAL, "several events"),
];

impl<'a> Axis<'a> {
    /// From the first edge, or the moment that is asked for first, to the last moment asked.
    pub fn of(width: usize, found: &History, rows: &'a [Row<'a>]) -> Self {
        let last = moment::parse(&found.to).unwrap_or_default();
        let asked = found.from.as_deref().and_then(moment::parse);
        let edges = rows.iter().flat_map(|(_, r)| &r.intervals).filter_map(|i| i.span().0);
        let first = asked.or_else(|| edges.min()).unwrap_or(last);
        let widest = rows.iter().map(|(a, _)| textwrap::core::display_width(&label(a))).max().unwrap_or_default();
        let label = widest.min(MOST_LABEL);
        let columns = width.saturating_sub(label + 4).max(LEAST);
        // a column of what was before the first edge
        let first = match asked {
            None => first - (last - first) * 2 / i32::try_from(columns).unwrap_or(1).max(1),
            Some(_) => first,
        };
        Self { rows, first, last, columns, label, width }
    }

    /// The lines, the years, and what the marks mean.
    pub fn draw(&self) -> String {
        let (mut text, mut used) = (String::new(), BTreeSet::new());
        for (account, row) in self.rows {
            let name = padded(&label(account), self.label);
            let mut marks = vec![None; self.columns];
            for interval in row.intervals.iter().filter(|i| i.span().0.is_some_and(|from| from >= self.first)) {
                self.put(&mut marks, interval);
            }
            let closed = account.events.iter().filter(|e| e.event == EventKind::Closed);
            closed
                .filter_map(|e| moment::parse(&e.at))
                .for_each(|at| self.set(&mut marks, at, mark(EventKind::Closed)));
            used.extend(marks.iter().flatten().copied());
            text.push_str(&format!("  {name}  {}\n", self.line(&row.intervals, &marks)));
        }
        text + &self.years() + &legend(self.width, &used)
    }

    fn put(&self, marks: &mut [Option<char>], interval: &Interval) {
        let Some(at) = interval.span().0 else { return };
        if interval.began_with.is_empty() {
            self.set(marks, at, UNTOLD);
        }
        interval.began_with.iter().for_each(|e| self.set(marks, at, mark(e.event)));
    }

    fn set(&self, marks: &mut [Option<char>], at: Moment, mark: char) {
        let Some(cell) = self.column(at).and_then(|c| marks.get_mut(c)) else { return };
        *cell = match *cell {
            None => Some(mark),
            Some(known) if known == mark => Some(mark),
            Some(_) => Some(SEVERAL),
        };
    }

    /// The column of a moment; `None` where it is not on the line.
    fn column(&self, at: Moment) -> Option<usize> {
        let (whole, part) = ((self.last - self.first).num_milliseconds(), (at - self.first).num_milliseconds());
        if !(0..=whole).contains(&part) {
            return None;
        }
        let columns = i128::try_from(self.columns).ok()?;
        let column = i128::from(part) * (columns - 1) / i128::from(whole.max(1));
        usize::try_from(column).ok()
    }

    /// What holds between the marks.
    fn line(&self, intervals: &[Interval], marks: &[Option<char>]) -> String {
        let mut cells: Vec<Option<Coverage>> = vec![None; self.columns];
        for interval in intervals {
            let (from, until) = interval.span();
            let begins = from.filter(|f| *f > self.first).map_or(Some(0), |f| self.column(f));
            let ends = until.filter(|u| *u <= self.last).map_or(Some(self.columns), |u| self.column(u));
            let (Some(begins), Some(ends)) = (begins, ends) else { continue };
            cells.iter_mut().take(ends).skip(begins).for_each(|c| *c = Some(interval.coverage));
        }
        let cell = |(state, mark): (&Option<Coverage>, &Option<char>)| match (mark, state) {
            (Some(mark), _) => styled(Style::new().bold(), &mark.to_string()),
            (None, Some(Coverage::Covered)) => in_colour(AnsiColor::Green, "━"),
            (None, Some(Coverage::NotCovered)) => dim("·"),
            (None, Some(Coverage::Unknown)) => in_colour(AnsiColor::Yellow, "?"),
            (None, None) => " ".to_owned(),
        };
        cells.iter().zip(marks).map(cell).collect::<String>()
    }

    /// Below the lines, the days on which they begin and end, and years between them.
    fn years(&self) -> String {
        let mut line: Vec<char> = vec![' '; self.columns];
        let mut free = 0;
        let year = |at: Moment| moment::format(at).get(..4).and_then(|y| y.parse::<u16>().ok()).unwrap_or_default();
        let end = moment::format(self.last).chars().take(10).collect::<String>();
        let room = self.columns.saturating_sub(end.len() + 1);
        for year in year(self.first)..=year(self.last) {
            let Some(column) = moment::parse(&format!("{year:04}-01-01")).and_then(|at| self.column(at)) else {
                continue;
            };
            if column < free || column + 4 > room {
                continue;
            }
            let text = format!("{year:04}");
            line.iter_mut().skip(column).zip(text.chars()).for_each(|(cell, c)| *cell = c);
            free = column + text.len() + 2;
        }
        let start = self.columns.saturating_sub(end.len());
        line.iter_mut().skip(start).zip(end.chars()).for_each(|(cell, c)| *cell = c);
        let line: String = line.into_iter().collect();
        format!("  {}  {}\n", " ".repeat(self.label), dim(line.trim_end()))
    }
}

fn legend(width: usize, used: &BTreeSet<char>) -> String {
    let marks = MEANINGS.iter().filter(|(mark, _)| used.contains(mark));
    let marks = marks.map(|(mark, meaning)| format!("{mark} {meaning}"));
    let states = ["━ covered", "· not covered", "? unknown"].into_iter().map(str::to_owned);
    let mut lines: Vec<String> = Vec::new();
    for one in states.chain(marks) {
        let room = width.saturating_sub(textwrap::core::display_width(&one) + 4);
        match lines.last_mut().filter(|line| textwrap::core::display_width(line) <= room) {
            Some(line) => line.push_str(&format!("  {one}")),
            None => lines.push(one),
        }
    }
    lines.iter().map(|line| format!("  {}\n", dim(line))).collect()
}

/// A name in so many columns.
fn padded(name: &str, width: usize) -> String {
    let mut text = String::new();
    for c in name.chars() {
        let next = textwrap::core::display_width(&text) + textwrap::core::display_width(&c.to_string());
        if next > width {
            text.pop();
            text.push('…');
            break;
        }
        text.push(c);
    }
    let blanks = width.saturating_sub(textwrap::core::display_width(&text));
    text + &" ".repeat(blanks)
}
