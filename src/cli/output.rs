//! Where output goes: results to stdout or whole files, everything else to stderr.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use serde::Serialize;

use super::errors::{self, usage};
use super::files;
pub use super::files::replace;
use crate::report::excerpt::{Excerpt, sentence};
use crate::report::findings::markdown::cell;
use crate::report::foreign::harmless;
use crate::report::plain::day;
use crate::report::table::Table;
use crate::report::{border, dim, wrapped};
use countersign_core::problem::{Doing, Failure, Problem};
use countersign_core::provenance::Provenance;

/// A format, and the file that it goes to.
#[derive(Clone, Debug)]
pub struct Output {
    /// The format.
    pub format: Format,
    /// A file; stdout where there is none.
    pub file: Option<PathBuf>,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// The same as the version before wrote it.
    JsonV1,
    /// For programs, on one line.
    Lines,
    /// For code scanning.
    Sarif,
    /// For GitHub Actions.
    Github,
    /// For GitLab's code quality.
    Gitlab,
    /// For test reports.
    Junit,
    /// For comments.
    Markdown,
    /// For spreadsheets.
    Csv,
    /// One page with everything in it.
    Html,
    /// Tables of columns, for engines of queries.
    Parquet,
}

/// The formats of answers that are also tables.
const OF_TABLES: [(&str, Format); 4] =
    [("text", Format::Text), ("json", Format::Json), ("csv", Format::Csv), ("markdown", Format::Markdown)];

/// The formats of findings, by their names.
const OF_FINDINGS: [(&str, Format); 7] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("sarif", Format::Sarif),
    ("github", Format::Github),
    ("gitlab", Format::Gitlab),
    ("junit", Format::Junit),
    ("markdown", Format::Markdown),
];

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = match name {
            "text" => Format::Text,
            "json" => Format::Json,
            other => {
                return Err(format!("there is no format `{other}`; the formats are text and json"));
            }
        };
        Ok(Self { format, file })
    }
}

impl Output {
    /// The same, with `jsonl`, for commands that answer line by line.
    pub fn with_lines(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        if name == "jsonl" {
            return Ok(Self { format: Format::Lines, file: file.map(PathBuf::from) });
        }
        text.parse().map_err(|e: String| e.replace("text and json", "text, json and jsonl"))
    }

    /// The same, with `parquet`, for answers that are many.
    pub fn of_evaluation(text: &str) -> Result<Self, String> {
        match text.split_once('=').map_or((text, None), |(name, file)| (name, Some(PathBuf::from(file)))) {
            ("parquet", None) => Ok(Self { format: Format::Parquet, file: None }),
            ("parquet", Some(_)) => Err("`parquet` is several files: name their folder with `--out DIR`".to_owned()),
            ("json@v1", file) => Ok(Self { format: Format::JsonV1, file }),
            _ => Self::with_lines(text).map_err(|e| e.replace("text, json and jsonl", "text, json, jsonl and parquet")),
        }
    }

    /// One of the formats that a change in thought has.
    pub fn of_what_if(text: &str) -> Result<Self, String> {
        let formats = [("text", Format::Text), ("json", Format::Json), ("markdown", Format::Markdown)];
        Self::among(text, &formats)
    }

    /// One of the formats that coverage has: those of tables, and lines for its history.
    pub fn of_coverage(text: &str) -> Result<Self, String> {
        Self::among(text, &OF_TABLES.into_iter().chain([("jsonl", Format::Lines)]).collect::<Vec<_>>())
    }

    /// One of the formats that answers have which are also tables.
    pub fn of_tables(text: &str) -> Result<Self, String> {
        Self::among(text, &OF_TABLES)
    }

    /// One of the formats that findings have.
    pub fn of_findings(text: &str) -> Result<Self, String> {
        Self::among(text, &OF_FINDINGS)
    }

    /// One of the formats that tests have.
    pub fn of_tests(text: &str) -> Result<Self, String> {
        let is = |f: &Format| [Format::Text, Format::Json, Format::Junit].contains(f);
        Self::among(text, &OF_FINDINGS.into_iter().filter(|(_, f)| is(f)).collect::<Vec<_>>())
    }

    /// One of the formats that a check has.
    pub fn of_checks(text: &str) -> Result<Self, String> {
        Self::among(text, &OF_FINDINGS.into_iter().chain([("html", Format::Html)]).collect::<Vec<_>>())
    }

    fn among(text: &str, formats: &[(&str, Format)]) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let Some((_, format)) = formats.iter().find(|(n, _)| *n == name) else {
            let names: Vec<&str> = formats.iter().map(|(n, _)| *n).collect();
            return Err(format!("there is no format `{name}`; the formats are {}", names.join(", ")));
        };
        Ok(Self { format: *format, file: file.map(PathBuf::from) })
    }
}

/// Writes a result in every format that was asked for; text with what it was made from.
pub fn write(
    outputs: &[Output],
    json: &impl Serialize,
    provenance: &Provenance,
    text: impl Fn() -> String,
) -> Result<(), Failure> {
    write_as(outputs, |format| {
        let written = match format {
            Format::Text => return Ok(told(text(), provenance)),
            Format::Json => serde_json::to_string_pretty(json),
            _ => serde_json::to_string(json),
        };
        written.map_err(Failure::internal("JSON"))
    })
}

/// Writes a result that is also a table. In Markdown the table stands below its sentences; CSV has no place for what it was made from, which is said
/// beside it.
pub fn write_table(
    outputs: &[Output],
    json: &impl Serialize,
    provenance: &Provenance,
    text: impl Fn() -> String,
    table: impl Fn() -> (String, Table),
) -> Result<(), Failure> {
    beside(outputs, provenance);
    write_as(outputs, |format| match format {
        Format::Text => Ok(told(text(), provenance)),
        Format::Csv => Ok(table().1.csv()),
        Format::Markdown => {
            let (sentences, table) = table();
            let at = table.rows.first().and_then(|row| row.iter().zip(&table.header).find(|(_, h)| **h == "at"));
            let at = at.map(|(at, _)| format!("{}\n\n", day::answered(at))).unwrap_or_default();
            let later = provenance.later().map(|later| format!("As {}.\n\n", later.trim_start_matches("as ")));
            let sentences = cell(&border::plain(&sentences));
            let text = format!(
                "{sentences}\n\n{at}{}{}",
                later.unwrap_or_default(),
                table.without(&["at", "as of", "note"]).markdown()
            );
            Ok(told_below(text, provenance))
        }
        _ => self::json(json),
    })
}

/// Says beside the result what it was made from, where something was not read or others than the built-in rules decided, and no format
/// that was asked for has a place for it.
pub fn beside(outputs: &[Output], provenance: &Provenance) {
    let read = [&provenance.inventory, &provenance.base, &provenance.files];
    let all_read = read.into_iter().flatten().all(|files| files.unread.is_empty());
    let others = provenance.rules.as_ref().is_some_and(|rules| rules.origin.folder.is_some());
    if (!all_read || others) && outputs.iter().all(|o| matches!(o.format, Format::Csv | Format::Gitlab)) {
        note(&provenance.line());
    }
}

/// Says on stderr what a table has no place for outside its rows, where nothing but tables is written.
pub fn aside(outputs: &[Output], sentences: &[String]) {
    if outputs.iter().any(|o| o.format == Format::Csv) && !outputs.iter().any(|o| o.format == Format::Text) {
        sentences.iter().for_each(|sentence| note(sentence));
    }
}

/// A text, and one line that says what it was made from.
pub fn told(mut text: String, provenance: &Provenance) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if let Some(later) = provenance.later() {
        text.push_str(&format!("As {}.\n", later.trim_start_matches("as ")));
    }
    let provenance = Provenance { as_of: None, ..provenance.clone() };
    let line = dim(&provenance.line());
    // whoever reads at a terminal reads no line that is wider than it
    let line = if std::io::stdout().is_terminal() { wrapped(width(), "", 2, &line) } else { line + "\n" };
    text + &line
}

/// Markdown, and what it was made from.
pub fn told_below(markdown: String, provenance: &Provenance) -> String {
    format!("{}\n\n<sub>{}</sub>\n", markdown.trim_end(), cell(&provenance.line()))
}

/// The JSON of a result, for people to read too.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(Failure::internal("JSON"))
}

/// Writes what a format looks like, for every format that was asked for.
pub fn write_as(outputs: &[Output], as_format: impl Fn(Format) -> Result<String, Failure>) -> Result<(), Failure> {
    write_after(outputs, &mut Vec::new(), as_format)
}

/// The same, after what each output was given before: one file holds all of it.
pub fn write_after(
    outputs: &[Output],
    before: &mut Vec<String>,
    as_format: impl Fn(Format) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let files: Vec<&PathBuf> = outputs.iter().filter_map(|output| output.file.as_ref()).collect();
    let twice = files.iter().enumerate().find(|(at, file)| files.iter().take(*at).any(|earlier| earlier == *file));
    if let Some((_, file)) = twice.filter(|(_, file)| file.as_path() != Path::new("/dev/null")) {
        return Err(usage(format!("{} is named for two formats", file.display())).help("name a file for each").into());
    }
    before.resize(outputs.len(), String::new());
    for (output, all) in outputs.iter().zip(before) {
        let written = as_format(output.format)?;
        let mut written = passed(output, &written).into_owned();
        if !written.ends_with('\n') {
            written.push('\n');
        }
        match &output.file {
            Some(path) => {
                all.push_str(&written);
                files::write_output(path, all.as_bytes())?;
            }
            None => put(&written)?,
        }
    }
    Ok(())
}

/// What of a result passes the border: text of its format, in styles where it is printed.
fn passed<'t>(output: &Output, text: &'t str) -> Cow<'t, str> {
    match output.format {
        Format::Text | Format::Markdown | Format::Junit => {
            let text = if output.file.is_some() { border::plain(text) } else { border::printed(text) };
            Cow::Owned(harmless(&text).into_owned())
        }
        Format::Github => Cow::Owned(border::plain(text).into_owned()),
        Format::Json | Format::JsonV1 | Format::Lines | Format::Sarif | Format::Gitlab => border::json(text),
        // these have passed a border of their own: each cell, each value of the template
        Format::Csv | Format::Html | Format::Parquet => Cow::Borrowed(text),
    }
}

/// Prints text for people to stdout; a reader that has gone away is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    put(&border::printed(text))
}

/// Prints a file of the user's as it would be read: as it is, but on a terminal.
pub fn print_file(text: &str) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() { print(text) } else { put(text) }
}

fn put(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::file(Path::new("stdout"), Doing::Writing)(e))
        }
        _ => Ok(()),
    }
}

/// Text that goes to stdout as it comes; a reader that has gone away is no error.
pub struct Stream {
    stdout: std::io::BufWriter<std::io::Stdout>,
    /// Nobody reads any more.
    unread: bool,
}

impl Stream {
    /// Nothing is written yet.
    pub fn new() -> Self {
        Self { stdout: std::io::BufWriter::with_capacity(1 << 16, std::io::stdout()), unread: false }
    }

    /// Writes more JSON.
    pub fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.or_unread(|stdout| stdout.write_all(border::json(text).as_bytes()))
    }

    /// Writes what is left so far.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.or_unread(Write::flush)
    }

    /// Writes what is left.
    pub fn end(mut self) -> Result<(), Failure> {
        self.or_unread(Write::flush)
    }

    fn or_unread(
        &mut self,
        write: impl FnOnce(&mut std::io::BufWriter<std::io::Stdout>) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        if self.unread {
            return Ok(());
        }
        match write(&mut self.stdout) {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => self.unread = true,
            Err(e) => return Err(Failure::file(Path::new("stdout"), Doing::Writing)(e)),
            Ok(()) => {}
        }
        Ok(())
    }
}

/// A line to stderr.
pub fn note(text: &str) {
    let mut stderr = anstream::stderr().lock();
    // nothing can be told to a reader of stderr that has gone away
    let _ = writeln!(stderr, "{}", harmless(&border::printed(text)));
}

/// Tells why a run, or a part of it, ended without an answer.
pub fn failure(failure: &Failure) {
    match failure {
        Failure::Nothing(nothing) => note(&nothing.to_string()),
        failure => problems(&errors::explained(failure)),
    }
}

/// So many problems are drawn, and the others counted.
const MOST_PROBLEMS: usize = 100;

/// Draws problems to stderr, all of them, with their source frames.
pub fn problems(problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_width(width()).with_links(false);
    let mut drawn = String::new();
    for problem in problems.iter().take(MOST_PROBLEMS) {
        if handler.render_report(&mut drawn, &Drawn::new(problem)).is_err() {
            drawn.push_str(&sentence(problem.message()));
        }
    }
    let errors = problems.iter().filter(|p| p.is_error()).count();
    if problems.len() > MOST_PROBLEMS {
        drawn.push_str(&format!("\n{} more problems are not shown\n", problems.len() - MOST_PROBLEMS));
    }
    if errors > 1 {
        drawn.push_str(&format!("\n{errors} errors\n"));
    }
    note(&border::drawn(drawn.trim_end_matches('\n')));
}

/// A problem as it is drawn.
#[derive(Debug)]
struct Drawn<'p> {
    problem: &'p Problem,
    excerpt: Option<Excerpt>,
}

impl<'p> Drawn<'p> {
    fn new(problem: &'p Problem) -> Self {
        Self { problem, excerpt: problem.place().map(Excerpt::new) }
    }
}

impl std::fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&sentence(self.problem.message()))
    }
}

impl std::error::Error for Drawn<'_> {}

impl Diagnostic for Drawn<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.problem.is_error() { miette::Severity::Error } else { miette::Severity::Warning })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let help = errors::help_of(self.problem)?;
        Some(Box::new(sentence(&help).into_owned()))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = self.excerpt.as_ref()?.label(Some(sentence(self.problem.label_text()).into_owned()));
        Some(Box::new(std::iter::once(label)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|e| e as &dyn SourceCode)
    }
}

/// How many columns sentences have; 100 where the output is no terminal.
pub fn width() -> usize {
    columns().clamp(60, 120)
}

/// How many columns tables have: as many as the terminal.
pub fn table_width() -> usize {
    columns().clamp(60, 240)
}

/// How many columns there are: those of the terminal, else those that `COLUMNS` names, else 100.
fn columns() -> usize {
    let named = || std::env::var("COLUMNS").ok().and_then(|n| n.parse().ok());
    of_terminal().or_else(named).unwrap_or(100)
}

/// The columns of the terminal, whatever it says of its rows; `None` where there is none, or it does not say.
#[cfg(unix)]
fn of_terminal() -> Option<usize> {
    use rustix::termios::tcgetwinsize;
    let sizes = [tcgetwinsize(std::io::stdout()), tcgetwinsize(std::io::stderr()), tcgetwinsize(std::io::stdin())];
    sizes.into_iter().flatten().map(|size| usize::from(size.ws_col)).find(|columns| *columns > 0)
}

/// The same.
#[cfg(not(unix))]
fn of_terminal() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}
