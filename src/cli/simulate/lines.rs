//! JSON lines of `simulate`: one a request, written as requests come. Requests that stand one a line are read as a stream, and none of
//! them is kept.

use std::io::{BufRead, Read};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{Refusal, code};
use crate::cli::output::{self, Stream};
use crate::cli::{INVALID, OK, input};
use countersign_core::problem::{Failure, NothingTo, Problem, SourceFile};
use countersign_core::simulation::request::{Asked, Batch, Reader, is_request, line_of};
use countersign_core::simulation::{BriefDecision, Dependency, IamDecision, SimulatedDecision, Simulator};
use countersign_core::source::Folder;
use countersign_core::stack;
use countersign_core::text::files;

/// The names of the formats of lines.
const FULL: &str = "countersign/decision/v1";
const BRIEF: &str = "countersign/brief-decision/v1";

/// How the answers of lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything that `json` says.
    Full,
    /// The decision, and what it depends on.
    Brief,
}

/// A decision by itself; what is empty is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BriefLine {
    schema: &'static str,
    id: Value,
    decision: IamDecision,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    denied_in_any_case: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<Dependency>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assuming: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl BriefLine {
    fn new(id: Value, brief: BriefDecision) -> Self {
        let BriefDecision { decision, denied_in_any_case, depends_on, assuming, warnings } = brief;
        Self { schema: BRIEF, id, decision, denied_in_any_case, depends_on, assuming, warnings }
    }
}

/// What one request comes to.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Answer {
    Full(Box<SimulatedDecision>),
    Brief(BriefLine),
}

/// Decides questions, and keeps count of what they come to.
pub struct Lines {
    simulator: Simulator,
    detail: Detail,
    /// The worst exit code so far.
    worst: u8,
}

impl Lines {
    /// Nothing is decided yet. Evaluation needs the stack of [`stack`].
    pub fn new(detail: Detail) -> Self {
        Self { simulator: Simulator::default(), detail, worst: OK }
    }

    /// What a request comes to, which stands at this place among those that are asked.
    pub fn answered(&mut self, asked: &Asked, number: usize) -> Result<Answer, Box<Refusal>> {
        let Asked { id, question } = asked;
        let answer = match (question, self.detail) {
            (Err(failure), Detail::Full) => Err(Refusal::new(failure, FULL, id.clone())),
            (Err(failure), Detail::Brief) => Err(Refusal::new(failure, BRIEF, Some(or_number(id, number)))),
            (Ok(question), Detail::Full) => match self.simulator.answer(question) {
                Ok(mut answer) => {
                    answer.id.clone_from(id);
                    Ok(Answer::Full(Box::new(answer)))
                }
                Err(failure) => Err(Refusal::new(&failure, FULL, id.clone())),
            },
            (Ok(question), Detail::Brief) => match self.simulator.brief(question) {
                Ok(brief) => Ok(Answer::Brief(BriefLine::new(or_number(id, number), brief))),
                Err(failure) => Err(Refusal::new(&failure, BRIEF, Some(or_number(id, number)))),
            },
        };
        self.worst = self.worst.max(match &answer {
            Ok(Answer::Full(answer)) => code(answer.decision),
            Ok(Answer::Brief(answer)) => code(answer.decision),
            Err(_) => INVALID,
        });
        answer
    }

    /// The exit code of the worst of all.
    pub fn code(&self) -> u8 {
        self.worst
    }
}

/// What a request is called; its number where it does not say so.
fn or_number(id: &Option<Value>, number: usize) -> Value {
    id.clone().unwrap_or_else(|| number.into())
}

/// An answer as a line of JSON.
pub fn json(answered: &Result<Answer, Box<Refusal>>) -> Result<String, Failure> {
    let written = match answered {
        Ok(answer) => serde_json::to_string(answer),
        Err(refusal) => serde_json::to_string(refusal),
    };
    Ok(written.map_err(Failure::internal("JSON"))? + "\n")
}

/// Tells what is odd about a request, or wrong with it.
pub fn tell(asked: &Asked) {
    match &asked.question {
        Ok(question) => output::problems(&question.warnings),
        Err(failure) => output::failure(failure),
    }
}

/// Answers the requests of a file, or of stdin, to stdout, each as soon as it is read. Where the first line is no request by itself,
/// the whole is read, as [`Reader::batch`] does.
pub fn stream(path: &Path, detail: Detail) -> Result<u8, Failure> {
    let name = if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() };
    let folder = Folder::new(path.parent().unwrap_or(Path::new(".")));
    stack::evaluate(|| {
        let mut input = input::opened(path)?;
        let (mut reader, mut lines, mut stdout) = (Reader::new(&folder), Lines::new(detail), Stream::new());
        let (mut before, mut line, mut number) = (Vec::new(), next(&mut input, &name)?, 1);
        while !line.is_empty() && is_blank(&line) {
            before.append(&mut line);
            line = next(&mut input, &name)?;
            number += 1;
        }
        if !std::str::from_utf8(&line).is_ok_and(is_request) {
            before.append(&mut line);
            let rest = input.by_ref().take(files::MAX_BYTES + 1).read_to_end(&mut before);
            rest.map_err(|e| Problem::unreadable(&name, &e))?;
            let source = files::text_of(before, &name)?;
            for (index, asked) in whole(reader.batch(&source)?)?.iter().enumerate() {
                tell(asked);
                stdout.write(&json(&lines.answered(asked, index + 1))?)?;
            }
        }
        while !line.is_empty() {
            if !is_blank(&line) {
                let asked = match read(line, &line_of(&name, number)) {
                    Ok(source) => reader.line(&source),
                    Err(problem) => Asked { id: None, question: Err(problem.into()) },
                };
                tell(&asked);
                stdout.write(&json(&lines.answered(&asked, number))?)?;
            }
            if input.buffer().is_empty() {
                // whoever sends the next request may wait for the answers to those before
                stdout.flush()?;
            }
            line = next(&mut input, &name)?;
            number += 1;
        }
        stdout.end()?;
        Ok(lines.code())
    })
}

/// The requests of a batch.
pub fn whole(batch: Batch) -> Result<Vec<Asked>, Failure> {
    match batch {
        Batch::One(asked) => Ok(vec![*asked]),
        Batch::Many(asked) if asked.is_empty() => Err(Failure::Nothing(NothingTo::Decide)),
        Batch::Many(asked) => Ok(asked),
    }
}

/// The next line, with its end; empty after the last one. A line has a limit, as a file has.
fn next(input: &mut impl BufRead, name: &str) -> Result<Vec<u8>, Problem> {
    let mut line = Vec::new();
    input.take(files::MAX_BYTES + 1).read_until(b'\n', &mut line).map_err(|e| Problem::unreadable(name, &e))?;
    Ok(line)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// A line as a source by itself.
fn read(mut line: Vec<u8>, name: &str) -> Result<Arc<SourceFile>, Problem> {
    let end = line.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |last| last + 1);
    line.truncate(end);
    files::text_of(line, name)
}
