//! The classes of one dimension: what its atoms tell apart.

use std::collections::BTreeSet;

use super::space::{Atom, Class, Value, What};
use crate::aws::actions;
use crate::aws::keys::{Nature, nature};
use crate::iam::document::Condition;
use crate::iam::minterms::{self, Pattern};
use crate::iam::template::{Syntax, Template, TemplatePart};
use crate::permissions::atom;
use crate::permissions::context::KeyValue;
use crate::permissions::knowledge::Known;
use crate::permissions::representatives::{Use, candidates};

/// Conditions on one key that operators of several types read are combined freely up to this many.
const MAX_FREE: usize = 6;

/// The classes that these atoms of a dimension tell apart, the smallest member first; an error says what there is too much of. `carried`
/// is what every request is known to carry for a key.
pub(super) fn classes(what: &What, atoms: &[&Atom], carried: Option<&Known>) -> Result<Vec<Class>, String> {
    match what {
        What::HasArn => Ok([true, false].map(|flag| Class::new(Value::Flag(flag), [flag])).to_vec()),
        What::Free(_) => Ok([true, false].map(|flag| Class::new(Value::Doubtful, [flag])).to_vec()),
        What::Action => actions(atoms),
        What::Caller => Ok(Vec::new()),
        What::Whole => whole(atoms),
        // an ARN begins with these letters, and has a partition, a service and a resource
        What::Segment(0) => texts(atoms, "arn", "the ARNs"),
        What::Segment(1 | 2 | 5) => texts(atoms, "?*", "the ARNs"),
        What::Segment(_) => texts(atoms, "*", "the ARNs"),
        What::Key(key) => {
            let conditions: Vec<&Condition> =
                atoms.iter().filter_map(|a| if let Atom::Condition(c) = a { Some(c) } else { None }).collect();
            of_key(key, &conditions, carried)
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
            found.push(Class::new(Value::Text(class.member), holds));
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
        of_service.find(|name| atoms.iter().zip(&class.holds).all(|(atom, holds)| Some(matches(atom, name)) == *holds));
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
            Class::new(Value::Text(c.member), c.matches)
        })
        .collect())
}

/// The classes of whole ARNs.
fn whole(atoms: &[&Atom]) -> Result<Vec<Class>, String> {
    let pattern = |a: &&Atom| match a {
        Atom::Whole(pattern) => pattern.clone(),
        _ => Pattern::literal("", false),
    };
    let patterns: Vec<Pattern> = atoms.iter().map(pattern).chain([Pattern::any_arn()]).collect();
    let found = minterms::classes(&patterns).ok_or("the patterns of the ARNs distinguish too many cases")?;
    let of_form = found.into_iter().filter(|c| c.matches.last() == Some(&true));
    Ok(of_form.map(|c| Class::new(Value::Text(c.member), c.matches.into_iter().take(atoms.len()))).collect())
}

/// The classes of values of a key: one for each combination of conditions that some value passes.
fn of_key(key: &str, conditions: &[&Condition], carried: Option<&Known>) -> Result<Vec<Class>, String> {
    let of = |c: &&Condition| Use { operator: c.operator, values: c.values.clone() };
    let uses: Vec<Use> = conditions.iter().map(of).collect();
    let mut known: Vec<Class> = Vec::new();
    let mut add = |value: Option<KeyValue>| {
        let holds = conditions.iter().map(|c| atom::holds(c, value.as_ref()));
        let class = Class::new(Value::Key(value.clone()), holds);
        if !known.iter().any(|k| k.holds == class.holds) {
            known.push(class);
        }
    };
    if carried.is_some() {
        let too_many = || format!("conditions on {key} distinguish too many cases");
        let found = candidates(&uses, carried, nature(key)).ok_or_else(too_many)?;
        found.into_iter().for_each(|c| add(c.value));
        return Ok(known);
    }
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
        let class = Class::new(Value::Doubtful, (0..conditions.len()).map(|bit| combination >> bit & 1 == 1));
        if !known.iter().any(|k| k.holds == class.holds) {
            known.push(class);
        }
    }
    Ok(known)
}
