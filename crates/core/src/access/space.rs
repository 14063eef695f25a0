//! The space of requests: its dimensions, cut into the classes that the statements of both sides tell apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::actions;
use crate::aws::keys::{Nature, nature};
use crate::iam::document::{Condition, ResourcePattern, Statement};
use crate::iam::minterms::{self, Pattern};
use crate::iam::template::{Syntax, Template, TemplatePart};
use crate::permissions::atom;
use crate::permissions::context::KeyValue;
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
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The action.
    Action,
    /// Whether it has a resource.
    HasArn,
    /// A segment of its ARN.
    Segment(usize),
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
    /// It is not known whether a request has this class.
    Doubtful,
}

/// A class of a dimension.
#[derive(Clone, Debug)]
pub struct Class {
    /// A member.
    pub value: Value,
    /// Which of the dimension's atoms hold for its members.
    pub holds: Vec<bool>,
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
    /// One of them holds, or none where the flag is set.
    pub actions: (Vec<usize>, bool),
    /// All atoms of one of them hold, or of none where the flag is set.
    pub resources: (Vec<Vec<usize>>, bool),
    /// All of them hold.
    pub conditions: Vec<usize>,
}

impl Formula {
    /// Its atoms: of the action, of the resource, of conditions.
    pub fn atoms(&self) -> impl Iterator<Item = usize> + '_ {
        self.actions.0.iter().chain(self.resources.0.iter().flatten()).chain(&self.conditions).copied()
    }
}

/// The space, and both sides over it.
pub struct Space {
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

/// Conditions on one key that operators of several types read are combined freely up to this many.
const MAX_FREE: usize = 6;

impl Space {
    /// The space of two sides.
    pub fn new(old: &[Vec<Statement>], new: &[Vec<Statement>]) -> Self {
        let mut builder = Builder { atoms: vec![Atom::IsArn] };
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
        let texts = statements.flat_map(|s| &s.actions.texts).filter(|t| !t.contains(['*', '?']));
        let known = actions::actions().iter().map(|a| &a.name);
        let spellings = known.chain(texts).map(|t| (t.to_ascii_lowercase(), t.clone())).collect();
        Self { atoms, dimension_of, dimensions, old: old_side, new: new_side, spellings }
    }

    /// The classes of a dimension that some of its atoms tell apart, the smallest member first; an error says what there
    /// is too much of.
    pub fn classes(&self, dimension: &Dimension, of: &[usize]) -> Result<Vec<Class>, String> {
        let members: Vec<&Atom> = of.iter().filter_map(|i| self.atoms.get(*i)).collect();
        classes(&dimension.what, &members)
    }
}

fn what(index: usize, atom: &Atom) -> What {
    match atom {
        Atom::Action(_) => What::Action,
        Atom::IsArn => What::HasArn,
        Atom::Segment(segment, _) => What::Segment(*segment),
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
        let resources = statement.resources.patterns.iter().filter_map(|p| self.resource(p)).collect();
        Formula {
            allow: statement.allow,
            actions,
            resources: (resources, statement.resources.negated),
            conditions: statement.conditions.iter().map(|c| self.atom(Atom::Condition(c.clone()))).collect(),
        }
    }

    /// The atoms of a pattern, all of which must hold; `None` where nothing matches it.
    fn resource(&mut self, pattern: &ResourcePattern) -> Option<Vec<usize>> {
        match pattern {
            ResourcePattern::All => Some(Vec::new()),
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

fn classes(what: &What, atoms: &[&Atom]) -> Result<Vec<Class>, String> {
    match what {
        What::HasArn => Ok([true, false].map(|flag| Class { value: Value::Flag(flag), holds: vec![flag] }).to_vec()),
        What::Free(_) => Ok([true, false].map(|flag| Class { value: Value::Doubtful, holds: vec![flag] }).to_vec()),
        What::Action => actions(atoms),
        // an ARN begins with these letters, and has a partition, a service and a resource
        What::Segment(0) => texts(atoms, "arn", "the ARNs"),
        What::Segment(1 | 2 | 5) => texts(atoms, "?*", "the ARNs"),
        What::Segment(_) => texts(atoms, "*", "the ARNs"),
        What::Key(key) => {
            let conditions: Vec<&Condition> =
                atoms.iter().filter_map(|a| if let Atom::Condition(c) = a { Some(c) } else { None }).collect();
            of_key(key, &conditions)
        }
    }
}

/// The classes of actions, service by service: what names one service tells nothing apart in another.
fn actions(atoms: &[&Atom]) -> Result<Vec<Class>, String> {
    let template = |index: usize| match atoms.get(index) {
        Some(Atom::Action(template)) => template.clone(),
        _ => Template::default(),
    };
    let of: Vec<Option<String>> = (0..atoms.len()).map(|i| service(&template(i))).collect();
    let services: BTreeSet<&String> = of.iter().flatten().collect();
    let mut found = Vec::new();
    let mut add = |members: &[usize], besides: Vec<Pattern>, form: Pattern| -> Result<(), String> {
        let mut patterns: Vec<Pattern> = members.iter().map(|i| Pattern::glob(&template(*i))).collect();
        let own = patterns.len();
        patterns.push(form);
        patterns.extend(besides);
        let classes = minterms::classes(&patterns).ok_or("the patterns of actions distinguish too many cases")?;
        for class in classes {
            let beyond = class.matches.get(own..).unwrap_or_default();
            if beyond.first() != Some(&true) || beyond.iter().skip(1).any(|m| *m) {
                continue;
            }
            let mut holds = vec![false; atoms.len()];
            for (member, matches) in members.iter().zip(&class.matches) {
                if let Some(cell) = holds.get_mut(*member) {
                    *cell = *matches;
                }
            }
            found.push(Class { value: Value::Text(class.member), holds });
        }
        Ok(())
    };
    for service in &services {
        let concerns = |i: &usize| of.get(*i).is_some_and(|s| s.as_ref().is_none_or(|s| s == *service));
        let members: Vec<usize> = (0..atoms.len()).filter(concerns).collect();
        add(&members, Vec::new(), Pattern::action(Some(service)))?;
    }
    let members: Vec<usize> = (0..atoms.len()).filter(|i| of.get(*i) == Some(&None)).collect();
    add(&members, services.iter().map(|s| Pattern::action(Some(s))).collect(), Pattern::action(None))?;
    found.iter_mut().for_each(|class| known_action(class, atoms));
    Ok(found)
}

/// An action that this project knows stands for its class rather than the shortest name that would fall into it.
fn known_action(class: &mut Class, atoms: &[&Atom]) {
    let matches = |atom: &Atom, name: &str| matches!(atom, Atom::Action(template) if template.matches(name));
    let service = |name: &str| name.split(':').next().map(str::to_owned);
    let Value::Text(member) = &mut class.value else {
        return;
    };
    let known = actions::actions().iter().map(|a| a.name.to_ascii_lowercase());
    let mut of_service = known.filter(|name| service(name) == service(member)).peekable();
    if of_service.peek().is_none() || actions::action(member).is_some() {
        return;
    }
    let found =
        of_service.find(|name| atoms.iter().zip(&class.holds).all(|(atom, holds)| matches(atom, name) == *holds));
    if let Some(name) = found {
        *member = name;
    }
}

/// The service that a pattern of actions names.
fn service(template: &Template) -> Option<String> {
    match template.parts.first() {
        Some(TemplatePart::Literal(text)) => text.split_once(':').map(|(service, _)| service.to_owned()),
        _ => None,
    }
}

/// The classes of texts of the required form.
fn texts(atoms: &[&Atom], form: &str, what: &str) -> Result<Vec<Class>, String> {
    let pattern = |a: &&Atom| match a {
        Atom::Segment(_, t) => Pattern::glob(t),
        _ => Pattern::literal("", false),
    };
    let mut patterns: Vec<Pattern> = atoms.iter().map(pattern).collect();
    let form = Template::parse(form, Syntax { wildcards: true, variables: false }).unwrap_or_default();
    patterns.push(Pattern::glob(&form));
    let found =
        minterms::classes(&patterns).ok_or_else(|| format!("the patterns of {what} distinguish too many cases"))?;
    let of_form = found.into_iter().filter(|c| c.matches.last() == Some(&true));
    Ok(of_form
        .map(|mut c| {
            c.matches.pop();
            Class { value: Value::Text(c.member), holds: c.matches }
        })
        .collect())
}

/// The classes of values of a key: one for each combination of conditions that some value passes.
fn of_key(key: &str, conditions: &[&Condition]) -> Result<Vec<Class>, String> {
    let of = |c: &&Condition| Use { operator: c.operator, values: c.values.clone() };
    let uses: Vec<Use> = conditions.iter().map(of).collect();
    let mut known: Vec<Class> = Vec::new();
    let mut add = |value: Option<KeyValue>| {
        let holds: Vec<bool> = conditions.iter().map(|c| atom::holds(c, value.as_ref())).collect();
        if !known.iter().any(|k| k.holds == holds) {
            known.push(Class { value: Value::Key(value), holds });
        }
    };
    // values that the key is documented to have stand for their classes, where they have some
    candidates(&uses, None, nature(key)).unwrap_or_default().into_iter().for_each(|c| add(c.value));
    // and any value at all, lists among them: what is documented is not relied on
    if let Some(found) = candidates(&uses, None, Nature::default()) {
        found.into_iter().for_each(|c| add(c.value));
        return Ok(known);
    }
    // operators of several types read the key: each by itself has representatives, their combinations may or may not exist
    for one in &uses {
        for candidate in candidates(std::slice::from_ref(one), None, Nature::default()).unwrap_or_default() {
            let single = match &candidate.value {
                Some(KeyValue::One(text)) => Some(KeyValue::Many(vec![text.clone()])),
                _ => None,
            };
            add(candidate.value);
            if single.is_some() {
                add(single);
            }
        }
    }
    add(None);
    if conditions.len() > MAX_FREE {
        return Err(format!("conditions on {key} distinguish too many cases"));
    }
    for combination in 0..1_usize << conditions.len() {
        let holds: Vec<bool> = (0..conditions.len()).map(|bit| combination >> bit & 1 == 1).collect();
        if !known.iter().any(|k| k.holds == holds) {
            known.push(Class { value: Value::Doubtful, holds });
        }
    }
    Ok(known)
}
