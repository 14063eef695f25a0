//! The search: dimensions are assigned one at a time, and a branch is cut once both sides are decided.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::space::{Class, Formula, Space, Value, What};
use super::witness::{self, Realized};
use super::{Side, Witness};
use crate::problem::Failure;

/// More steps than this, and what is left is unknown.
const MAX_STEPS: usize = 200_000;
/// So many witnesses are enough.
const MAX_WITNESSES: usize = 3;
/// So many doubtful requests are tried to be made real.
const MAX_TRIALS: usize = 40;

/// What a search found.
pub struct Found {
    /// Requests that are newly allowed.
    pub witnesses: Vec<Realized>,
    /// What could not be told, if something could not.
    pub doubt: Option<String>,
}

/// A class that is tried: what it stands for, and the atoms that it decides.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// A member.
    pub value: Value,
    /// The atoms of the dimension that some undecided statement reads.
    pub atoms: Vec<usize>,
}

/// Whether a branch gave a witness.
#[derive(PartialEq)]
enum Flow {
    On,
    Found,
    Stop,
}

/// A dimension, the atoms that tell its classes apart, and the caller, where its requests carry the key.
type Told = (usize, Vec<usize>, Option<usize>);

struct Search<'a> {
    space: &'a Space<'a>,
    sides: (&'a Side, &'a Side),
    /// What is known of each atom.
    truth: Vec<Option<bool>>,
    /// The class of each dimension.
    chosen: Vec<Option<Chosen>>,
    /// The classes that some atoms of a dimension tell apart: many branches ask for the same.
    classes: HashMap<Told, Rc<Vec<Class>>>,
    found: Found,
    steps: usize,
    trials: usize,
}

/// Searches the whole space, or as much of it as the budget allows.
pub fn search(space: &Space<'_>, old: &Side, new: &Side) -> Result<Found, Failure> {
    let mut search = Search {
        space,
        sides: (old, new),
        truth: vec![None; space.atoms.len()],
        chosen: vec![None; space.dimensions.len()],
        classes: HashMap::new(),
        found: Found { witnesses: Vec::new(), doubt: None },
        steps: 0,
        trials: 0,
    };
    search.step()?;
    let mut found = search.found;
    let size = |w: &Witness| (w.context.len(), w.action.len() + w.resource.len());
    found.witnesses.sort_by(|Realized { witness: a, .. }, Realized { witness: b, .. }| {
        size(a).cmp(&size(b)).then_with(|| (&a.action, &a.resource).cmp(&(&b.action, &b.resource)))
    });
    Ok(found)
}

impl Search<'_> {
    fn step(&mut self) -> Result<Flow, Failure> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.found.doubt = Some(format!("there are more than {MAX_STEPS} combinations to try"));
            return Ok(Flow::Stop);
        }
        let (old, new) = (self.side(&self.space.old), self.side(&self.space.new));
        if new == Some(false) || old == Some(true) {
            return Ok(Flow::On);
        }
        if (old, new) == (Some(false), Some(true)) {
            return self.leaf();
        }
        let undecided = if new.is_none() { &self.space.new } else { &self.space.old };
        let Some(atom) = undecided.iter().find_map(|layer| self.undecided(layer)) else {
            self.found.doubt = Some("a combination could not be decided".to_owned());
            return Ok(Flow::Stop);
        };
        self.branch(atom)
    }

    fn branch(&mut self, atom: usize) -> Result<Flow, Failure> {
        let Some(index) = self.space.dimension(atom, self.caller_is_chosen()) else {
            return Ok(Flow::On);
        };
        let Some(dimension) = self.space.dimensions.get(index) else {
            return Ok(Flow::On);
        };
        let atoms = self.live(index);
        let classes = match self.classes(index, &atoms) {
            Ok(classes) => classes,
            Err(reason) => {
                self.found.doubt.get_or_insert(reason);
                return Ok(Flow::On);
            }
        };
        let mut flow = Flow::On;
        for class in classes.iter() {
            self.choose(index, Some(Chosen { value: class.value.clone(), atoms: atoms.clone() }));
            for (atom, holds) in atoms.iter().zip(&class.holds) {
                self.set(*atom, *holds);
            }
            match self.step()? {
                Flow::On => {}
                Flow::Stop => {
                    flow = Flow::Stop;
                    break;
                }
                // another action is another witness; another value of the same is not
                Flow::Found => {
                    flow = Flow::Found;
                    if dimension.what != What::Action {
                        break;
                    }
                }
            }
        }
        self.choose(index, None);
        atoms.iter().for_each(|a| self.set(*a, None));
        Ok(flow)
    }

    /// The atoms of a dimension that statements wait for: what is decided stays so, whatever else is chosen.
    fn live(&self, dimension: usize) -> Vec<usize> {
        let layers = self.space.old.iter().chain(&self.space.new);
        let waiting = layers.flatten().filter(|s| self.applies(s).is_none());
        let chosen = self.caller_is_chosen();
        let own = |atom: &usize| self.space.dimension(*atom, chosen) == Some(dimension);
        waiting.flat_map(Formula::atoms).filter(own).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn caller_is_chosen(&self) -> bool {
        self.caller().is_some()
    }

    fn caller(&self) -> Option<usize> {
        let of = |class: &Chosen| if let Value::Caller(index) = class.value { Some(index) } else { None };
        self.chosen.iter().flatten().find_map(of)
    }

    fn classes(&mut self, dimension: usize, atoms: &[usize]) -> Result<Rc<Vec<Class>>, String> {
        let Some(of) = self.space.dimensions.get(dimension) else {
            return Ok(Rc::default());
        };
        // what the caller's requests carry is told apart by itself
        let caller = self.caller().filter(|caller| self.space.carried(of, *caller).is_some());
        let key = (dimension, atoms.to_vec(), caller);
        if let Some(classes) = self.classes.get(&key) {
            return Ok(classes.clone());
        }
        let carried = caller.and_then(|caller| self.space.carried(of, caller));
        let classes = Rc::new(self.space.classes(of, atoms, carried)?);
        self.classes.insert(key, classes.clone());
        Ok(classes)
    }

    fn choose(&mut self, dimension: usize, class: Option<Chosen>) {
        if let Some(cell) = self.chosen.get_mut(dimension) {
            *cell = class;
        }
    }

    fn set(&mut self, atom: usize, holds: Option<bool>) {
        if let Some(cell) = self.truth.get_mut(atom) {
            *cell = holds;
        }
    }

    /// Both sides are decided, and the new one alone allows.
    fn leaf(&mut self) -> Result<Flow, Failure> {
        let request = witness::Draft::new(self.space, &self.chosen);
        if request.is_doubtful() {
            self.trials += 1;
            if self.trials > MAX_TRIALS {
                self.found.doubt.get_or_insert_with(|| witness::DOUBTFUL.to_owned());
                return Ok(Flow::On);
            }
        }
        match request.realized(self.space, self.sides.0, self.sides.1)? {
            Some(witness) => {
                if !self.found.witnesses.iter().any(|w| w.witness == witness.witness) {
                    self.found.witnesses.push(witness);
                }
                Ok(if self.found.witnesses.len() >= MAX_WITNESSES { Flow::Stop } else { Flow::Found })
            }
            None => {
                self.found.doubt.get_or_insert_with(|| witness::DOUBTFUL.to_owned());
                Ok(Flow::On)
            }
        }
    }

    fn side(&self, layers: &[Vec<Formula>]) -> Option<bool> {
        all(layers.iter().map(|l| self.layer(l)))
    }

    fn layer(&self, statements: &[Formula]) -> Option<bool> {
        let applies = |allow: bool| any(statements.iter().filter(move |s| s.allow == allow).map(|s| self.applies(s)));
        match (applies(false), applies(true)) {
            (Some(true), _) | (_, Some(false)) => Some(false),
            (Some(false), Some(true)) => Some(true),
            _ => None,
        }
    }

    fn applies(&self, statement: &Formula) -> Option<bool> {
        let known = |atom: &usize| self.truth.get(*atom).copied().flatten();
        let flip = |value: Option<bool>, negated: bool| value.map(|v| v != negated);
        let (actions, negated) = &statement.actions;
        let parts = [
            flip(any(actions.iter().map(known)), *negated),
            flip(
                any(statement.resources.0.iter().map(|alternative| all(alternative.iter().map(known)))),
                statement.resources.1,
            ),
            all(statement.conditions.iter().map(known)),
            all(statement.caller.iter().map(known)),
        ];
        all(parts.into_iter())
    }

    /// An atom that a layer's answer waits for: of its first statement that is undecided, the action before the resource
    /// before conditions.
    fn undecided(&self, layer: &[Formula]) -> Option<usize> {
        if self.layer(layer).is_some() {
            return None;
        }
        let mut waiting = layer.iter().filter(|s| self.applies(s).is_none());
        waiting.find_map(|s| s.atoms().find(|a| self.truth.get(*a) == Some(&None)))
    }
}

/// One holds; unknown where none does and some are unknown.
fn any(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(false);
    for value in values {
        match value {
            Some(true) => return Some(true),
            Some(false) => {}
            None => result = None,
        }
    }
    result
}

/// All hold; unknown where none fails and some are unknown.
fn all(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(values.map(|v| v.map(|v| !v))).map(|v| !v)
}
