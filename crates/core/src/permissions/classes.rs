//! Which principals the policies do not tell apart: those with the same answers to the same calls.
//!
//! What a stack of layers says of a call depends on a principal only through the outcome of each test that its statements make:
//! whether an action is named, whether a resource is reached, whether a condition on a key whose value is known holds. Where a key
//! is not known, the condition itself counts. Principals for which all of this is equal share their answers, whatever their
//! documents, names and account numbers are; where a statement stands is told of each by itself.

use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use super::atom::holds_with;
use super::context::{KeyValue, Keys};
use super::knowledge::{Knowledge, Known};
use super::layer::{Layer, Origin};
use super::partial_arn::AccountInText;
use super::principals::Principal;
use super::scenarios::Call;
use crate::iam::crossing::crossed;
use crate::iam::document::{Clause, Condition, ResourcePattern};
use crate::iam::minterms::{self, Pattern};
use crate::iam::operator::SetPrefix;
use crate::iam::segments;
use crate::iam::template::Template;
use crate::terms::PrincipalKind;

/// Everything by which answers can differ, exactly: principals with equal ones have the same.
pub type Signature = Box<[u8]>;

/// What is asked of every principal of an account.
pub struct Asked {
    /// A number for all that is equal in accounts of the same kind: the actions, and the keys that the calls carry.
    class: u32,
    /// Condition keys whose value the calls may determine.
    fixed: Rc<BTreeSet<String>>,
    /// What the calls are asked on, each once, in their order.
    resources: Vec<(String, Option<[String; 6]>)>,
    /// What each layer reaches of the resources, by the layer's number.
    reach: HashMap<u32, u32>,
    /// A number for what is assumed of all principals of the account, with where that is told.
    assumed: Option<(Arc<Knowledge>, u32)>,
}

/// What is asked in accounts where all but their own number is the same.
pub struct SharedAsked {
    class: u32,
    fixed: Rc<BTreeSet<String>>,
    /// With [`OWN`] in place of the account's number.
    resources: Vec<String>,
}

/// Stands for the number of the account that is asked about, in a [`SharedAsked`].
pub const OWN: &str = "\u{0}";

impl SharedAsked {
    /// Of what is asked with [`OWN`] for the account's number; `None` where a key that the calls carry names the account.
    pub fn of<'c>(asked: &Asked, calls: impl Iterator<Item = &'c Call>) -> Option<Self> {
        let mut keys = calls.flat_map(|call| call.keys.values().flatten());
        let resources = asked.resources.iter().map(|(resource, _)| resource.clone()).collect();
        (!keys.any(|value| value.contains(OWN))).then(|| Self {
            class: asked.class,
            fixed: asked.fixed.clone(),
            resources,
        })
    }

    /// The same in an account.
    pub fn asked(&self, account: &str) -> Asked {
        let resource = |form: &String| {
            let resource = form.replace(OWN, account);
            let arn = segments(&resource);
            (resource, arn)
        };
        let resources = self.resources.iter().map(resource).collect();
        Asked { class: self.class, fixed: self.fixed.clone(), resources, reach: HashMap::new(), assumed: None }
    }
}

/// Where the statements of a layer stand that say something of what is asked, and whose they are.
#[derive(Debug)]
pub struct Places {
    /// The layer's name: `identity`, `serviceControl[1]`.
    pub name: String,
    /// What it is attached to.
    pub of: String,
    /// In the order of the layer.
    pub origins: Vec<Origin>,
}

/// Tells principals apart by what policies read of them.
pub struct Classes {
    /// All actions that are asked about, in lower case.
    actions: Vec<String>,
    numbers: HashMap<String, u32>,
    profiles: HashMap<*const Layer, Profile>,
    /// Which of the actions these patterns name: a `1` or a `0` for each. Most documents share their patterns with others.
    named: HashMap<Patterns, Rc<str>>,
    /// The same for `NotAction`.
    left_out: HashMap<Patterns, Rc<str>>,
    /// What a condition comes to on a key that is known in part, by their numbers; `None` where that is open.
    decided: HashMap<(u32, u32), Option<bool>>,
    /// How many profiles were made.
    made: u32,
}

/// Patterns of actions, known by where they are: it is kept as long as it is looked for.
struct Patterns(Arc<[Template]>);

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Patterns {}

impl Hash for Patterns {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).cast::<()>().hash(state);
    }
}

/// What a layer looks at, of all principals that are under it.
struct Profile {
    /// Keeps the layer at its address.
    layer: Rc<Layer>,
    /// This layer's own number.
    own: u32,
    /// A number for what does not depend on the principal.
    number: u32,
    statements: Vec<Relevant>,
    places: Arc<Places>,
    /// A statement says whom it is about: such a layer is like no other.
    unlike: bool,
}

/// A statement that names an action that is asked about.
struct Relevant {
    index: usize,
    conditions: Vec<Test>,
    /// The variables of its resources.
    variables: Vec<String>,
}

/// A condition.
struct Test {
    /// A number for its key.
    key: u32,
    /// A number for the whole of it.
    content: u32,
    variables: Vec<String>,
    sees: AccountInText,
}

impl Classes {
    /// For these actions, and no others.
    pub fn new<'a>(actions: impl Iterator<Item = &'a str>) -> Self {
        let actions: BTreeSet<String> = actions.map(str::to_ascii_lowercase).collect();
        Self {
            actions: actions.into_iter().collect(),
            numbers: HashMap::new(),
            profiles: HashMap::new(),
            named: HashMap::new(),
            left_out: HashMap::new(),
            decided: HashMap::new(),
            made: 0,
        }
    }

    fn number(&mut self, text: String) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(text).or_insert(next)
    }

    /// What is asked in an account: `class` tells apart what the rules tell apart.
    pub fn asked<'c>(&mut self, class: &str, calls: impl Iterator<Item = &'c Call>) -> Asked {
        let (mut resources, mut fixed) = (Vec::new(), BTreeSet::new());
        let mut places: HashMap<&String, usize> = HashMap::new();
        let mut text = class.to_owned();
        for call in calls {
            fixed.extend(call.keys.keys().cloned());
            let mut on = Vec::new();
            for resource in &call.resources {
                on.push(*places.entry(resource).or_insert_with(|| {
                    resources.push((resource.clone(), segments(resource)));
                    resources.len() - 1
                }));
            }
            text.push_str(&format!("\n{} {on:?} {:?}", call.action, call.keys));
        }
        let class = self.number(text);
        Asked { class, fixed: fixed.into(), resources, reach: HashMap::new(), assumed: None }
    }

    /// The signature of a principal; `None` where it has to be asked by itself. `told_apart`: rules read who it is.
    pub fn signature(&mut self, principal: &Principal, told_apart: bool, asked: &mut Asked) -> Option<Signature> {
        if principal.stack.of_resource.is_some() {
            return None;
        }
        let mut bytes = Vec::with_capacity(96);
        push(&mut bytes, asked.class);
        bytes.push(u8::from(principal.kind == PrincipalKind::Root));
        if told_apart {
            let who = self.number(principal.uid.to_string());
            push(&mut bytes, who);
        }
        let assumed = self.assumed(&principal.knowledge, asked);
        push(&mut bytes, assumed);
        for layer in &principal.stack.layers {
            self.profile(layer);
            let profile = self.profiles.remove(&Rc::as_ptr(layer))?;
            let done = self.layer(&mut bytes, &profile, principal, asked);
            self.profiles.insert(Rc::as_ptr(layer), profile);
            done?;
        }
        Some(bytes.into_boxed_slice())
    }

    /// A number for what is assumed of a principal: most often the same as of all of its account.
    fn assumed(&mut self, knowledge: &Knowledge, asked: &mut Asked) -> u32 {
        let Some(of_all) = knowledge.assumed_of_all() else {
            return self.number(knowledge.assumed_text());
        };
        match &asked.assumed {
            Some((told, number)) if Arc::ptr_eq(told, of_all) => *number,
            _ => {
                let number = self.number(of_all.assumed_text());
                asked.assumed = Some((of_all.clone(), number));
                number
            }
        }
    }

    /// A layer that no principal has any more.
    pub fn forget(&mut self, layer: &Rc<Layer>) {
        self.profiles.remove(&Rc::as_ptr(layer));
    }

    /// Whether nothing in a layer, which is known in full, names an action that is asked about.
    pub fn is_silent(&mut self, layer: &Rc<Layer>) -> bool {
        layer.opaque.is_empty() && self.profile(layer).is_some_and(|profile| profile.statements.is_empty())
    }

    /// Where the statements of a principal's layers stand.
    pub fn places(&mut self, principal: &Principal) -> Vec<Arc<Places>> {
        principal.stack.layers.iter().filter_map(|layer| Some(self.profile(layer)?.places.clone())).collect()
    }

    /// The position of a layer's statement among those that say something of what is asked.
    pub fn rank(&mut self, layer: &Rc<Layer>, statement: usize) -> Option<usize> {
        self.profile(layer)?.statements.iter().position(|s| s.index == statement)
    }

    /// The statement of a layer at a position among those that say something of what is asked.
    pub fn statement(&mut self, layer: &Rc<Layer>, rank: usize) -> Option<usize> {
        self.profile(layer)?.statements.get(rank).map(|s| s.index)
    }

    fn profile(&mut self, layer: &Rc<Layer>) -> Option<&Profile> {
        let at = Rc::as_ptr(layer);
        if !self.profiles.contains_key(&at) {
            let profile = self.make(layer);
            self.profiles.insert(at, profile);
        }
        self.profiles.get(&at)
    }

    fn make(&mut self, layer: &Rc<Layer>) -> Profile {
        let unplaced = (!layer.placed).then_some(&layer.of);
        let perhaps = &layer.of_all_features;
        let (mut text, mut statements) = (format!("{:?} {unplaced:?} {perhaps:?}", layer.opaque), Vec::new());
        let (mut origins, mut unlike) = (Vec::new(), false);
        for (index, stated) in layer.statements.iter().enumerate() {
            let statement = &stated.statement;
            let named = self.named(&statement.actions);
            if !named.contains('1') {
                continue;
            }
            unlike |= statement.principals.is_some();
            let conditions: Vec<Test> = statement.conditions.iter().map(|c| self.test(c)).collect();
            let variables: Vec<String> = statement.resources.patterns.iter().flat_map(variables_of).collect();
            // what a signature says of each statement has this form: without it, a condition of one would pass for another's
            let form: Vec<usize> = conditions.iter().map(|c| c.variables.len()).collect();
            text.push_str(&format!("\n{} {named} {} {form:?}", statement.allow, variables.is_empty()));
            statements.push(Relevant { index, conditions, variables });
            origins.push(stated.origin.clone());
        }
        let places = Arc::new(Places { name: layer.name.clone(), of: layer.of.clone(), origins });
        self.made += 1;
        Profile { layer: layer.clone(), own: self.made, number: self.number(text), statements, places, unlike }
    }

    fn named(&mut self, clause: &Clause<Template>) -> Rc<str> {
        let known = if clause.negated { &mut self.left_out } else { &mut self.named };
        let patterns = Patterns(clause.patterns.clone());
        if let Some(named) = known.get(&patterns) {
            return named.clone();
        }
        let names = |a: &String| clause.patterns.iter().any(|p| p.matches(a)) != clause.negated;
        let named: String = self.actions.iter().map(|a| if names(a) { '1' } else { '0' }).collect();
        let named: Rc<str> = named.into();
        known.insert(patterns, named.clone());
        named
    }

    fn test(&mut self, condition: &Condition) -> Test {
        let Condition { operator, key, values, .. } = condition;
        Test {
            key: self.number(key.clone()),
            content: self.number(format!("{operator} {key} {values:?}")),
            variables: values.iter().flat_map(Template::variables).map(str::to_owned).collect(),
            sees: AccountInText::of(values.iter()),
        }
    }

    /// What a layer says of a principal's calls, as far as that can differ.
    fn layer(
        &mut self,
        bytes: &mut Vec<u8>,
        profile: &Profile,
        principal: &Principal,
        asked: &mut Asked,
    ) -> Option<()> {
        if profile.unlike {
            return None;
        }
        push(bytes, profile.number);
        let reach = match asked.reach.get(&profile.own) {
            Some(number) => *number,
            None => {
                let number = self.number(reached(profile, asked));
                asked.reach.insert(profile.own, number);
                number
            }
        };
        push(bytes, reach);
        let knowledge = &principal.knowledge;
        for relevant in &profile.statements {
            let Some(stated) = profile.layer.statements.get(relevant.index) else { continue };
            if !relevant.variables.is_empty() {
                let reached = self.reached_by(&stated.statement.resources, &relevant.variables, knowledge, asked);
                push(bytes, reached);
            }
            for (test, condition) in relevant.conditions.iter().zip(&stated.statement.conditions) {
                self.condition(bytes, (test, condition), principal, asked);
            }
        }
        Some(())
    }

    /// What a condition comes to; where that is not known, the condition and what is known of its keys.
    fn condition(
        &mut self,
        bytes: &mut Vec<u8>,
        (test, condition): (&Test, &Condition),
        principal: &Principal,
        asked: &Asked,
    ) {
        push(bytes, test.key);
        let knowledge = &principal.knowledge;
        let settled = |key: &str| if asked.fixed.contains(key) { None } else { knowledge.settled(key) };
        let value = settled(&condition.key);
        let variables: Option<Vec<_>> = test.variables.iter().map(|v| Some((v, settled(v)?))).collect();
        if let (Some(value), Some(variables)) = (value, variables) {
            bytes.push(1);
            let keys: Keys = variables.into_iter().filter_map(|(k, v)| Some((k.clone(), v?.clone()))).collect();
            for variable in &test.variables {
                let number = self.number(variable.clone());
                push(bytes, number);
            }
            bytes.push(u8::from(holds_with(condition, value, &keys)));
            return;
        }
        // an account's number counts only where a pattern can tell it from others: what is told of the answer is of any
        let known = knowledge.get(&condition.key);
        let number = match known {
            Some(Known::Like(arn)) if test.variables.is_empty() && test.sees.passes_over(arn.account()) => {
                self.number(arn.of_any_account())
            }
            _ => self.number(format!("{known:?} {}", knowledge.is_complete(&condition.key))),
        };
        let decided = match test.variables.is_empty() {
            true => *self.decided.entry((test.content, number)).or_insert_with(|| comes_to(condition, known)),
            false => None,
        };
        // what is told of an answer may name the condition's values
        bytes.push(if decided.is_some() { 3 } else { 2 });
        push(bytes, test.content);
        if let Some(holds) = decided {
            bytes.push(u8::from(holds));
            return;
        }
        push(bytes, number);
        for variable in &test.variables {
            let number = self.number(format!("{:?} {}", knowledge.get(variable), knowledge.is_complete(variable)));
            push(bytes, number);
        }
    }

    /// What resources with variables reach.
    fn reached_by(
        &mut self,
        clause: &Clause<ResourcePattern>,
        variables: &[String],
        knowledge: &Knowledge,
        asked: &Asked,
    ) -> u32 {
        let settled: Option<Vec<_>> = variables.iter().map(|v| Some((v, knowledge.settled(v)?))).collect();
        let fixed = variables.iter().any(|v| asked.fixed.contains(v));
        let text = match settled.filter(|_| !fixed) {
            Some(values) => {
                let value = |key: &str| {
                    let found = values.iter().find(|(k, _)| *k == key);
                    found.and_then(|(_, v)| v.and_then(KeyValue::single))
                };
                let reaches = |(_, arn): &(String, Option<[String; 6]>)| reaches(clause, arn.as_ref(), &value);
                let bits: String = asked.resources.iter().map(|r| if reaches(r) { '1' } else { '0' }).collect();
                format!("{variables:?} {bits}")
            }
            None => {
                let known = |v: &String| format!("{:?} {}", knowledge.get(v), knowledge.is_complete(v));
                let known: Vec<String> = variables.iter().map(known).collect();
                let resources: Vec<&String> = asked.resources.iter().map(|(text, _)| text).collect();
                format!("{:?} {known:?} {resources:?}", clause.texts)
            }
        };
        self.number(text)
    }
}

fn push(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend(number.to_le_bytes());
}

fn variables_of(pattern: &ResourcePattern) -> Vec<String> {
    match pattern {
        ResourcePattern::Arn(segments) => segments.iter().flat_map(Template::variables).map(str::to_owned).collect(),
        ResourcePattern::All | ResourcePattern::Nothing => Vec::new(),
    }
}

/// What the statements of a layer without variables reach of the resources, and the patterns that can be read in two ways (D25).
fn reached(profile: &Profile, asked: &Asked) -> String {
    let mut text = String::new();
    for relevant in &profile.statements {
        let Some(stated) = profile.layer.statements.get(relevant.index) else { continue };
        let clause = &stated.statement.resources;
        text.push(' ');
        if *clause.patterns == [ResourcePattern::All] {
            text.push(if clause.negated { '-' } else { '*' });
            continue;
        }
        for (resource, arn) in &asked.resources {
            if relevant.variables.is_empty() {
                text.push(if reaches(clause, arn.as_ref(), &|_| None) { '1' } else { '0' });
            }
            for pattern in arn.iter().flat_map(|arn| crossed(clause, arn)) {
                text.push_str(&format!("({pattern} {resource})"));
            }
        }
    }
    text
}

/// Whether resources are reached; variables have these values.
fn reaches<'k>(
    clause: &Clause<ResourcePattern>,
    arn: Option<&[String; 6]>,
    value: &impl Fn(&str) -> Option<&'k str>,
) -> bool {
    let matches = |pattern: &ResourcePattern| match (pattern, arn) {
        (ResourcePattern::All, _) => true,
        (ResourcePattern::Nothing, _) | (_, None) => false,
        (ResourcePattern::Arn(patterns), Some(arn)) => {
            let one = |(p, s): (&Template, &String)| match p.variables().next() {
                None => p.matches(s),
                Some(_) => p.substitute(value).is_some_and(|p| p.matches(s)),
            };
            patterns.iter().zip(arn).all(one)
        }
    };
    clause.patterns.iter().any(matches) != clause.negated
}

/// What a condition comes to on a key that has one value of which a pattern is known, if that is the same for all such values.
fn comes_to(condition: &Condition, known: Option<&Known>) -> Option<bool> {
    let required = match known.filter(|_| condition.operator.set == SetPrefix::None)? {
        Known::Like(arn) => arn.patterns(),
        Known::OfForm(form) => form.patterns(),
        _ => return None,
    };
    let patterns: Vec<Pattern> =
        condition.values.iter().filter_map(|value| Pattern::of(condition.operator, value)).collect();
    if patterns.len() < condition.values.len() {
        return None;
    }
    let classes = minterms::classes_of(&patterns, &required)?;
    let holds = |member: &str| holds_with(condition, Some(&KeyValue::One(member.to_owned())), &Keys::new());
    let mut outcomes = classes.iter().map(|class| holds(&class.member));
    let first = outcomes.next()?;
    outcomes.all(|o| o == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn resources_are_reached_as_cedar_reaches_them() {
        let arn: [String; 6] = segments("arn:aws:artifact:::agreement/agreement-1").unwrap();
        for (patterns, negated, expected) in [
            (vec!["*"], false, [true, true]),
            (vec!["*"], true, [false, false]),
            (vec!["arn:aws:artifact:::agreement/*"], false, [true, false]),
            (vec!["arn:aws:artifact:::agreement/*"], true, [false, true]),
            (vec!["arn:aws:artifact:::report/*"], false, [false, false]),
            (vec!["arn:aws:artifact:::agreement/${aws:username}"], false, [true, false]),
            (vec!["arn:aws:artifact:::agreement/${aws:userid}"], false, [false, false]),
        ] {
            let parsed: Vec<_> = patterns.iter().map(|p| ResourcePattern::parse(p, true).unwrap()).collect();
            let texts: Vec<_> = patterns.iter().map(|p| (*p).to_owned()).collect();
            let clause = Clause::new(negated, parsed, texts);
            let value = |key: &str| (key == "aws:username").then_some("agreement-1");
            let found = [reaches(&clause, Some(&arn), &value), reaches(&clause, None, &value)];
            assert_eq!(found, expected, "{patterns:?} {negated}");
        }
    }
}
