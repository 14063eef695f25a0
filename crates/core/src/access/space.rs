//! The space of requests: its dimensions, cut into the classes that the statements of both sides tell apart.

use std::collections::{BTreeMap, BTreeSet};

use super::callers::{Grant, is_of_caller};
use super::classes::classes;
use super::views::View;
use crate::aws::actions;
use crate::aws::keys::nature;
use crate::iam::crossing::whole_arn;
use crate::iam::document::{Condition, ResourcePattern, Statement};
use crate::iam::minterms::Pattern;
use crate::iam::principal::Principals;
use crate::iam::template::Template;
use crate::permissions::atom;
use crate::permissions::context::KeyValue;
use crate::permissions::knowledge::Known;
use crate::permissions::representatives::{Use, candidates};

/// What an atom asks for.
#[derive(Clone, Debug)]
pub enum Atom {
    /// The action matches a pattern, in lower case.
    Action(Template),
    /// The request has a resource.
    IsArn,
    /// A segment of the ARN matches a pattern.
    Segment(usize, Template),
    /// The last segment matches a pattern with variables.
    Variable(Template),
    /// A condition holds.
    Condition(Condition),
    /// The whole ARN matches a pattern, in a reading in which a `*` crosses colons.
    Whole(Pattern),
    /// The statement is about the caller: its principals, and whether it allows.
    Caller(Principals, bool),
}

impl Atom {
    /// Whether the caller may decide it: it reads the principal, or keys that tell who that is.
    pub fn is_of_caller(&self) -> bool {
        match self {
            Self::Caller(..) => true,
            Self::Condition(condition) => is_of_caller(&condition.key) && !has_variables(condition),
            _ => false,
        }
    }
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The action.
    Action,
    /// Who makes it.
    Caller,
    /// Whether it has a resource.
    HasArn,
    /// A segment of its ARN.
    Segment(usize),
    /// Its whole ARN.
    Whole,
    /// A condition key, in lower case.
    Key(String),
    /// An atom over two parts, by its index: true or false, whatever the rest is.
    Free(usize),
}

/// What a class of a dimension stands for in a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text: of the action, of a segment.
    Text(String),
    /// Whether there is a resource.
    Flag(bool),
    /// The value of a key, or its absence.
    Key(Option<KeyValue>),
    /// A caller, by its index.
    Caller(usize),
    /// It is not known whether a request has this class.
    Doubtful,
}

/// A class of a dimension.
#[derive(Clone, Debug)]
pub struct Class {
    /// A member.
    pub value: Value,
    /// Which of the dimension's atoms hold for its members; unknown where another dimension decides it.
    pub holds: Vec<Option<bool>>,
}

impl Class {
    /// A class that decides all atoms of its dimension.
    pub(super) fn new(value: Value, holds: impl IntoIterator<Item = bool>) -> Self {
        Self { value, holds: holds.into_iter().map(Some).collect() }
    }
}

/// A dimension.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// What it is.
    pub what: What,
    /// The atoms that read it.
    pub atoms: Vec<usize>,
}

/// A statement over atoms.
#[derive(Clone, Debug)]
pub struct Formula {
    /// `Allow` rather than `Deny`.
    pub allow: bool,
    /// It is about the caller.
    pub caller: Option<usize>,
    /// One of them holds, or none where the flag is set.
    pub actions: (Vec<usize>, bool),
    /// All atoms of one of them hold, or of none where the flag is set.
    pub resources: (Vec<Vec<usize>>, bool),
    /// All of them hold.
    pub conditions: Vec<usize>,
}

impl Formula {
    /// Its atoms: of the action, of the caller, of the resource, of conditions.
    pub fn atoms(&self) -> impl Iterator<Item = usize> + '_ {
        let first = self.actions.0.iter().chain(&self.caller);
        first.chain(self.resources.0.iter().flatten()).chain(&self.conditions).copied()
    }
}

/// The space, and both sides over it.
pub struct Space<'a> {
    /// How statements are read, and who is asked.
    pub view: &'a View<'a>,
    /// The atoms of both sides: equal ones stand once.
    pub atoms: Vec<Atom>,
    /// The dimension of each atom.
    pub dimension_of: Vec<usize>,
    /// The dimensions, in the order in which they are tried.
    pub dimensions: Vec<Dimension>,
    /// The layers of the old side.
    pub old: Vec<Vec<Formula>>,
    /// The layers of the new side.
    pub new: Vec<Vec<Formula>>,
    /// Actions as policies write them, by their lower case.
    pub spellings: BTreeMap<String, String>,
}

impl<'a> Space<'a> {
    /// The space of two sides, in one view.
    pub fn new(old: &[Vec<Statement>], new: &[Vec<Statement>], view: &'a View<'a>) -> Self {
        let mut builder = Builder { atoms: vec![Atom::IsArn], crosses: view.reading.crosses };
        let mut side = |layers: &[Vec<Statement>]| -> Vec<Vec<Formula>> {
            layers.iter().map(|l| l.iter().map(|s| builder.formula(s)).collect()).collect()
        };
        let (old_side, new_side) = (side(old), side(new));
        let atoms = builder.atoms;
        let mut of: BTreeMap<What, Vec<usize>> = BTreeMap::new();
        for (index, atom) in atoms.iter().enumerate() {
            of.entry(what(index, atom)).or_default().push(index);
        }
        let dimensions: Vec<Dimension> = of.into_iter().map(|(what, atoms)| Dimension { what, atoms }).collect();
        let mut dimension_of = vec![0; atoms.len()];
        for (index, dimension) in dimensions.iter().enumerate() {
            for atom in &dimension.atoms {
                if let Some(cell) = dimension_of.get_mut(*atom) {
                    *cell = index;
                }
            }
        }
        let statements = old.iter().chain(new).flatten();
        let texts = statements.flat_map(|s| s.actions.texts.iter()).filter(|t| !t.contains(['*', '?']));
        let known = actions::actions().iter().map(|a| &a.name);
        let spellings = known.chain(texts).map(|t| (t.to_ascii_lowercase(), t.clone())).collect();
        Self { view, atoms, dimension_of, dimensions, old: old_side, new: new_side, spellings }
    }

    /// The dimension that decides an atom next: the caller first, if that may decide it.
    pub fn dimension(&self, atom: usize, caller_is_chosen: bool) -> Option<usize> {
        let of_caller = !self.view.callers.is_empty() && self.atoms.get(atom).is_some_and(Atom::is_of_caller);
        if of_caller && !caller_is_chosen {
            return self.dimensions.iter().position(|d| d.what == What::Caller);
        }
        self.dimension_of.get(atom).copied()
    }

    /// The classes of a dimension that some of its atoms tell apart, the smallest member first, where it is known `what` every request
    /// carries for its key; an error says what there is too much of.
    pub fn classes(&self, dimension: &Dimension, of: &[usize], what: Option<&Known>) -> Result<Vec<Class>, String> {
        let members: Vec<&Atom> = of.iter().filter_map(|i| self.atoms.get(*i)).collect();
        match dimension.what {
            What::Caller => Ok(self.callers(&members)),
            _ => classes(&dimension.what, &members, what),
        }
    }

    /// What every request of a caller carries for the key of a dimension.
    pub fn carried(&self, dimension: &Dimension, caller: usize) -> Option<&Known> {
        let What::Key(key) = &dimension.what else {
            return None;
        };
        self.view.callers.get(caller)?.carries(key)
    }

    /// The callers, one for each way in which they decide these atoms.
    fn callers(&self, atoms: &[&Atom]) -> Vec<Class> {
        /// How a caller decides atoms, and what its requests carry of what it does not decide.
        type Told<'c> = (Vec<Option<bool>>, Vec<Option<&'c Known>>);
        let mut found: Vec<Class> = Vec::new();
        let mut told: Vec<Told<'_>> = Vec::new();
        for (index, caller) in self.view.callers.iter().enumerate() {
            // what such callers have is what the policy grants them, and was asked before
            if self.view.grant != Grant::Delegated && !caller.has_policies() {
                continue;
            }
            let holds = |atom: &&Atom| match atom {
                Atom::Caller(principals, allow) => {
                    Some(caller.is_among(principals, *allow, self.view.grant, self.view.reading))
                }
                Atom::Condition(condition) => match caller.known(&condition.key) {
                    Some(value) => Some(atom::holds(condition, value.as_ref())),
                    None => comes_to(condition, caller.carries(&condition.key)?),
                },
                _ => None,
            };
            let holds: Vec<Option<bool>> = atoms.iter().map(holds).collect();
            // what its requests carry decides the rest later on
            let carries = |(atom, holds): (&&Atom, &Option<bool>)| match atom {
                Atom::Condition(condition) if holds.is_none() => caller.carries(&condition.key),
                _ => None,
            };
            let of = (holds.clone(), atoms.iter().zip(&holds).map(carries).collect());
            if !told.contains(&of) {
                told.push(of);
                found.push(Class { value: Value::Caller(index), holds });
            }
        }
        found
    }
}

/// What a condition comes to on a key of which so much is known, if it is the same whatever its value is.
fn comes_to(condition: &Condition, known: &Known) -> Option<bool> {
    let read = Use { operator: condition.operator, values: condition.values.clone() };
    let found = candidates(&[read], Some(known), nature(&condition.key))?;
    let mut outcomes = found.iter().map(|c| atom::holds(condition, c.value.as_ref()));
    let first = outcomes.next()?;
    outcomes.all(|o| o == first).then_some(first)
}

fn what(index: usize, atom: &Atom) -> What {
    match atom {
        Atom::Action(_) => What::Action,
        Atom::IsArn => What::HasArn,
        Atom::Segment(segment, _) => What::Segment(*segment),
        Atom::Whole(_) => What::Whole,
        Atom::Caller(..) => What::Caller,
        Atom::Variable(_) => What::Free(index),
        Atom::Condition(c) if has_variables(c) => What::Free(index),
        Atom::Condition(c) => What::Key(c.key.clone()),
    }
}

fn has_variables(condition: &Condition) -> bool {
    condition.values.iter().any(|v| v.variables().next().is_some())
}

struct Builder {
    atoms: Vec<Atom>,
    crosses: bool,
}

impl Builder {
    fn atom(&mut self, atom: Atom) -> usize {
        let same = |a: &Atom| match (a, &atom) {
            (Atom::Condition(a), Atom::Condition(b)) => {
                (a.operator, &a.key) == (b.operator, &b.key) && sorted(&a.values) == sorted(&b.values)
            }
            (Atom::Action(a), Atom::Action(b)) | (Atom::Variable(a), Atom::Variable(b)) => a == b,
            (Atom::Segment(i, a), Atom::Segment(j, b)) => (i, a) == (j, b),
            (Atom::IsArn, Atom::IsArn) => true,
            (Atom::Whole(a), Atom::Whole(b)) => a == b,
            (Atom::Caller(a, x), Atom::Caller(b, y)) => (a, x) == (b, y),
            _ => false,
        };
        if let Some(index) = self.atoms.iter().position(same) {
            return index;
        }
        self.atoms.push(atom);
        self.atoms.len() - 1
    }

    fn formula(&mut self, statement: &Statement) -> Formula {
        let actions = statement.actions.patterns.iter();
        let everything = actions.clone().any(Template::is_any);
        let actions = if everything {
            // one alternative that always holds
            (Vec::new(), !statement.actions.negated)
        } else {
            (actions.map(|p| self.atom(Atom::Action(p.clone()))).collect(), statement.actions.negated)
        };
        let resources = &statement.resources;
        let patterns = resources.patterns.iter().zip(resources.texts.iter());
        let resources = patterns.filter_map(|(p, text)| self.resource(p, text)).collect();
        let principals = statement.principals.clone();
        Formula {
            allow: statement.allow,
            caller: principals.map(|p| self.atom(Atom::Caller(p, statement.allow))),
            actions,
            resources: (resources, statement.resources.negated),
            conditions: statement.conditions.iter().map(|c| self.atom(Atom::Condition(c.clone()))).collect(),
        }
    }

    /// The atoms of a pattern, all of which must hold; `None` where nothing matches it.
    fn resource(&mut self, pattern: &ResourcePattern, text: &str) -> Option<Vec<usize>> {
        match pattern {
            ResourcePattern::All => Some(Vec::new()),
            _ if self.crosses => {
                let mut atoms = vec![self.atom(Atom::IsArn), self.atom(Atom::Whole(whole_arn(pattern, text)))];
                if let ResourcePattern::Arn(segments) = pattern {
                    let variable = segments.iter().filter(|s| s.variables().next().is_some());
                    atoms.extend(variable.map(|s| self.atom(Atom::Variable(s.clone()))));
                }
                Some(atoms)
            }
            ResourcePattern::Nothing => None,
            ResourcePattern::Arn(segments) => {
                let mut atoms = vec![self.atom(Atom::IsArn)];
                for (index, template) in segments.iter().enumerate().filter(|(_, t)| !t.is_any()) {
                    let variable = template.variables().next().is_some();
                    let template = template.clone();
                    atoms.push(self.atom(if variable {
                        Atom::Variable(template)
                    } else {
                        Atom::Segment(index, template)
                    }));
                }
                Some(atoms)
            }
        }
    }
}

fn sorted(values: &[Template]) -> BTreeSet<&Template> {
    values.iter().collect()
}
