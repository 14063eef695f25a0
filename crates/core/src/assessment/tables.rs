//! What many principals share, each once and by a number: classes of answers, layers, people, assumptions. JSON lines and the document of
//! an assessment name them by it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::answers::{Class, Own};
use super::{Person, PrincipalAnswer};
use crate::permissions::classes::Places;
use crate::permissions::layer::Origin;
use crate::problem::Failure;

/// Something that is shared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// The answers of a class.
    Class,
    /// A layer, and where its statements stand.
    Layer,
    /// The people behind a permission set.
    People,
    /// What every answer of a principal takes for granted.
    Assumptions,
}

impl Of {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Layer => "layer",
            Self::People => "people",
            Self::Assumptions => "assumptions",
        }
    }
}

/// The numbers of what a principal shares with others.
#[derive(Serialize)]
pub(super) struct Numbers {
    people: usize,
    class: usize,
    layers: Vec<usize>,
    assumptions: usize,
}

/// Numbers what is shared.
#[derive(Default)]
pub(super) struct Tables {
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
    /// The number of something that is shared; what it says is handed over where it has none yet.
    fn number(
        &mut self,
        shared: &Arc<T>,
        says: impl FnOnce(&T) -> Result<Value, Failure>,
        new: &mut impl FnMut(usize, Value),
    ) -> Result<usize, Failure> {
        let place = Arc::as_ptr(shared).cast::<u8>() as usize;
        if let Some(number) = self.by_place.get(&place) {
            return Ok(*number);
        }
        let says = says(shared)?;
        let next = self.by_content.len();
        let number = *self.by_content.entry(says.to_string()).or_insert(next);
        if number == next {
            new(number, says);
        }
        self.by_place.insert(place, number);
        self.kept.push(shared.clone());
        Ok(number)
    }
}

impl Tables {
    /// The numbers of what a principal shares; what has its number for the first time is handed over. `None` where answers are a principal's
    /// own.
    pub fn numbers(
        &mut self,
        answer: &PrincipalAnswer,
        new: &mut impl FnMut(Of, usize, Value),
    ) -> Result<Option<Numbers>, Failure> {
        let Some((class, own)) = answer.operations.parts() else { return Ok(None) };
        let says = |class: &Class| class.says().map_err(Failure::internal("the answers of a class as JSON"));
        let class = self.classes.number(class, says, &mut |number, says| new(Of::Class, number, says))?;
        let mut layers = Vec::with_capacity(own.places.len());
        for places in &own.places {
            let says = |places: &Places| Ok(of_layer(places));
            layers.push(self.layers.number(places, says, &mut |number, says| new(Of::Layer, number, says))?);
        }
        let people = self.people(answer, new)?;
        Ok(Some(Numbers { people, class, layers, assumptions: self.assumptions(own, new) }))
    }

    /// The number of the people behind a principal.
    pub fn people(
        &mut self,
        answer: &PrincipalAnswer,
        new: &mut impl FnMut(Of, usize, Value),
    ) -> Result<usize, Failure> {
        let says = |people: &[Person]| Ok(json!(people));
        self.people.number(&answer.people, says, &mut |number, says| new(Of::People, number, says))
    }

    fn assumptions(&mut self, own: &Own, new: &mut impl FnMut(Of, usize, Value)) -> usize {
        let says = json!({
            "assuming": own.assuming,
            "ofOrganization": own.moment.standing,
            "ofAll": own.moment.snapshot,
        });
        let next = self.assumptions.len();
        let number = *self.assumptions.entry(says.to_string()).or_insert(next);
        if number == next {
            new(Of::Assumptions, number, says);
        }
        number
    }
}

/// A layer: its statements that say something of what is asked.
fn of_layer(places: &Places) -> Value {
    let statement = |o: &Origin| json!({"file": o.file, "pointer": o.pointer, "line": o.line, "sid": o.sid});
    let statements: Vec<Value> = places.origins.iter().map(statement).collect();
    json!({"layer": places.name, "of": places.of, "statements": statements})
}
