//! An assessment as JSON lines, written as answers come: what many principals share is a line of its own, which stands before the first
//! of them and is named by its number. So a line of a principal is short, and nothing has to be kept but what is shared.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::answers::{Class, Own};
use super::{Assessment, LEAVES_OUT, Options, Person, PrincipalAnswer};
use crate::moment;
use crate::permissions::classes::Places;
use crate::problem::Failure;
use crate::provenance::Provenance;
use crate::terms::{PermissionModel, PrincipalKind};

/// The name of the format.
pub const SCHEMA: &str = "countersign/assessment-lines/v1";

/// Writes lines, and remembers which of those that are shared it has written.
#[derive(Default)]
pub struct Lines {
    classes: Table<Class>,
    layers: Table<Places>,
    people: Table<[Person]>,
    assumptions: HashMap<String, usize>,
}

/// What is shared, and the number of each: by its place in memory, and by what it says, so that numbers depend on nothing else.
struct Table<T: ?Sized> {
    by_place: HashMap<usize, usize>,
    by_content: HashMap<String, usize>,
    /// A place means something as long as nothing else comes to stand there.
    kept: Vec<Arc<T>>,
}

impl<T: ?Sized> Default for Table<T> {
    fn default() -> Self {
        Self { by_place: HashMap::new(), by_content: HashMap::new(), kept: Vec::new() }
    }
}

impl<T: ?Sized> Table<T> {
    /// The number of something that is shared; its line is added to `text` where it has none yet.
    fn number(
        &mut self,
        shared: &Arc<T>,
        what: &str,
        text: &mut String,
        says: impl FnOnce(&T) -> Result<Value, Failure>,
    ) -> Result<usize, Failure> {
        let place = Arc::as_ptr(shared).cast::<u8>() as usize;
        if let Some(number) = self.by_place.get(&place) {
            return Ok(*number);
        }
        let content = says(shared)?.to_string();
        let next = self.by_content.len();
        let number = *self.by_content.entry(content.clone()).or_insert(next);
        if number == next {
            text.push_str(&format!("{{\"line\":\"{what}\",\"number\":{number},\"says\":{content}}}\n"));
        }
        self.by_place.insert(place, number);
        self.kept.push(shared.clone());
        Ok(number)
    }
}

/// What it is, and what was asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: String,
    permission_model: PermissionModel,
    leaves_out: [&'static str; 3],
}

/// What is shared, numbered; what is a principal's own.
#[derive(Serialize)]
struct PrincipalLine<'a> {
    line: &'static str,
    principal: &'a str,
    account: &'a str,
    kind: PrincipalKind,
    name: &'a str,
    people: usize,
    class: usize,
    layers: Vec<usize>,
    assumptions: usize,
}

impl Lines {
    /// The first line.
    pub fn header(options: &Options, provenance: &Provenance) -> Result<String, Failure> {
        let (at, permission_model) = (moment::format(options.at), options.model);
        let header = Header { schema: SCHEMA, provenance, at, permission_model, leaves_out: LEAVES_OUT };
        Ok(serde_json::to_string(&header).map_err(Failure::internal(JSON))? + "\n")
    }

    /// The line of a principal, after those that it names and that were not written before.
    pub fn principal(&mut self, answer: &PrincipalAnswer) -> Result<String, Failure> {
        let (class, own) = answer.operations.parts().ok_or_else(|| lost("answers that are shared"))?;
        let mut text = String::new();
        let class = self.classes.number(class, "class", &mut text, |c| c.says().map_err(Failure::internal(JSON)))?;
        let mut layers = Vec::new();
        for places in &own.places {
            layers.push(self.layers.number(places, "layer", &mut text, |p| Ok(of_layer(p)))?);
        }
        let people = self.people.number(&answer.people, "people", &mut text, |people| Ok(json!(people)))?;
        let assumptions = self.assumptions(own, &mut text);
        let line = PrincipalLine {
            line: "principal",
            principal: &answer.principal,
            account: &answer.account,
            kind: answer.kind,
            name: &answer.name,
            people,
            class,
            layers,
            assumptions,
        };
        text.push_str(&serde_json::to_string(&line).map_err(Failure::internal(JSON))?);
        text.push('\n');
        Ok(text)
    }

    fn assumptions(&mut self, own: &Own, text: &mut String) -> usize {
        let says = json!({
            "assuming": own.assuming,
            "ofOrganization": own.moment.standing,
            "ofAll": own.moment.snapshot,
        });
        let (content, next) = (says.to_string(), self.assumptions.len());
        let number = *self.assumptions.entry(content.clone()).or_insert(next);
        if number == next {
            text.push_str(&format!("{{\"line\":\"assumptions\",\"number\":{number},\"says\":{content}}}\n"));
        }
        number
    }

    /// The lines after those of principals: accounts, findings, and what was not collected, which is the last.
    pub fn rest(assessment: &Assessment) -> impl Iterator<Item = String> {
        let line = |what: &str, says: Value| format!("{{\"line\":\"{what}\",\"says\":{says}}}\n");
        let accounts = assessment.accounts.iter().map(move |a| line("account", json!(a)));
        let findings = assessment.findings.iter().map(move |f| line("finding", json!(f)));
        let last = std::iter::once_with(move || line("completeness", json!(assessment.completeness)));
        accounts.chain(findings).chain(last)
    }
}

const JSON: &str = "JSON lines";

fn lost(what: &str) -> Failure {
    Failure::internal(JSON)(format!("there are no {what}"))
}

/// A layer: its statements that say something of what is asked.
fn of_layer(places: &Places) -> Value {
    let statement = |o: &crate::permissions::layer::Origin| json!({"file": o.file, "pointer": o.pointer, "line": o.line, "sid": o.sid});
    let statements: Vec<Value> = places.origins.iter().map(statement).collect();
    json!({"layer": places.name, "of": places.of, "statements": statements})
}
