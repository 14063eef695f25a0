//! Statement by statement: what matched and what did not. Cedar is asked for each condition by itself, in the text that
//! decides; only the words are made here.

use serde::Serialize;

use super::Question;
use crate::aws::keys::{nature, spelling};
use crate::iam::document::{Condition, Statement};
use crate::iam::operator::{SetPrefix, Test};
use crate::iam::segments;
use crate::iam::template::Template;
use crate::iam::value;
use crate::iam::whom::is_whom;
use crate::permissions::atom::Atom;
use crate::permissions::context::{KeyValue, Keys, Request};
use crate::permissions::knowledge::Knowledge;
use crate::permissions::layer::{ConditionPart, Layer, LayerStatement};
use crate::permissions::representatives::{Use, candidates};
use crate::permissions::scenarios::{is_settled, substitute};
use crate::problem::Failure;

/// A statement, and whether it applies to the request. A truth of `None` depends on what is not known.
#[derive(Clone, Debug, Serialize)]
pub struct StatementAnswer {
    /// The layer.
    pub layer: String,
    /// The file, the ARN of an AWS managed policy, or the place in the request.
    pub policy: String,
    /// `Statement[2]`
    pub pointer: String,
    /// One-based line in the file.
    pub line: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    pub effect: &'static str,
    /// Whether it applies: action, resource and all conditions match.
    pub applies: Option<bool>,
    /// `Principal` or `NotPrincipal`, of the policy of a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<ClauseAnswer>,
    /// `Action` or `NotAction`.
    pub action: ClauseAnswer,
    /// `Resource` or `NotResource`.
    pub resource: ClauseAnswer,
    /// Its conditions.
    pub conditions: Vec<ConditionAnswer>,
}

/// Whether the patterns of a statement match.
#[derive(Clone, Debug, Serialize)]
pub struct ClauseAnswer {
    /// `Principal`, `NotPrincipal`, `Action`, `NotAction`, `Resource` or `NotResource`.
    pub element: &'static str,
    /// Whether the statement is about the request, `Not…` considered.
    pub matches: Option<bool>,
    /// The patterns.
    pub patterns: Vec<String>,
}

/// Whether a condition holds.
#[derive(Clone, Debug, Serialize)]
pub struct ConditionAnswer {
    /// The operator, with its prefix and suffix.
    pub operator: String,
    /// The key, as AWS writes it.
    pub key: String,
    /// The values of the policy.
    pub values: Vec<String>,
    /// The values of the request; `None` where the key is absent or unknown.
    pub actual: Option<Vec<String>>,
    /// Whether it holds.
    pub matches: Option<bool>,
    /// Why.
    pub because: String,
}

/// The statements of a layer.
pub fn layer(
    layer: &Layer,
    (question, keys): (&Question, &Keys),
    knowledge: &Knowledge,
) -> Result<Vec<StatementAnswer>, Failure> {
    let request = Request {
        action: question.action.to_ascii_lowercase(),
        resource: segments(&question.resource),
        keys: keys.clone(),
        decided: std::collections::BTreeMap::new(),
    };
    let explainer = Explainer { layer, request: &request, knowledge };
    layer.statements.iter().zip(layer.parts()?).map(|(s, parts)| explainer.statement(s, parts)).collect()
}

struct Explainer<'a> {
    layer: &'a Layer,
    request: &'a Request,
    knowledge: &'a Knowledge,
}

impl Explainer<'_> {
    fn statement(&self, stated: &LayerStatement, parts: &[ConditionPart]) -> Result<StatementAnswer, Failure> {
        let Statement { actions, resources, conditions, .. } = &stated.statement;
        let mut truths = Vec::new();
        let asked = [None, None].into_iter().chain(conditions.iter().map(Some));
        for (part, condition) in parts.iter().zip(asked) {
            truths.push(self.truth(part, condition)?);
        }
        let truth = |index: usize| truths.get(index).copied().flatten();
        let action = ClauseAnswer {
            element: if actions.negated { "NotAction" } else { "Action" },
            matches: truth(0),
            patterns: actions.texts.to_vec(),
        };
        let resource = ClauseAnswer {
            element: if resources.negated { "NotResource" } else { "Resource" },
            matches: truth(1),
            patterns: resources.texts.to_vec(),
        };
        let negated = stated.statement.principals.as_ref().is_some_and(|p| p.negated);
        let principal = conditions.iter().position(is_whom).map(|i| ClauseAnswer {
            element: if negated { "NotPrincipal" } else { "Principal" },
            matches: truth(i + 2),
            patterns: conditions.get(i).map(|c| c.texts.clone()).unwrap_or_default(),
        });
        let stated_conditions = conditions.iter().enumerate().filter(|(_, c)| !is_whom(c));
        let conditions = stated_conditions.map(|(i, c)| self.condition(c, truth(i + 2))).collect();
        let origin = &stated.origin;
        Ok(StatementAnswer {
            layer: self.layer.name.clone(),
            policy: origin.file.clone(),
            pointer: origin.pointer.clone(),
            line: origin.line,
            sid: origin.sid.clone(),
            effect: if stated.statement.allow { "Allow" } else { "Deny" },
            applies: all(&truths),
            principal,
            action,
            resource,
            conditions,
        })
    }

    /// Whether a part holds under every value of what it reads and is not known.
    fn truth(&self, part: &ConditionPart, condition: Option<&Condition>) -> Result<Option<bool>, Failure> {
        let open = |key: &str| !is_settled(self.known(key));
        let resources = std::slice::from_ref(&self.request.resource);
        let undecided = |atom: &Atom| atom.is_possible(resources) && atom.variables().into_iter().any(open);
        let atoms = part.reads.atoms.iter().filter(|(_, atom)| undecided(atom));
        let atoms: Vec<&String> = atoms.map(|(name, _)| name).collect();
        let values = match condition.filter(|c| open(&c.key)) {
            None => Some(vec![None]),
            Some(condition) => self.values(condition),
        };
        let Some(values) = values.filter(|_| atoms.len() <= 4) else {
            return Ok(None);
        };
        let mut found = None;
        for value in values {
            for truths in 0..1_usize << atoms.len() {
                let mut request = self.request.clone();
                if let (Some(value), Some(condition)) = (value.clone(), condition) {
                    match value {
                        Some(value) => drop(request.keys.insert(condition.key.clone(), value)),
                        None => drop(request.keys.remove(&condition.key)),
                    }
                }
                request.decided = atoms.iter().enumerate().map(|(i, n)| ((*n).clone(), truths >> i & 1 == 1)).collect();
                let holds = part.holds(&request)?;
                if found.is_some_and(|f| f != holds) {
                    return Ok(None);
                }
                found = Some(holds);
            }
        }
        Ok(found)
    }

    /// A value of each class that a condition tells apart; `None` where there are too many.
    fn values(&self, condition: &Condition) -> Option<Vec<Option<Option<KeyValue>>>> {
        let single = |key: &str| self.request.keys.get(key).and_then(KeyValue::single).map(str::to_owned);
        let values = condition.values.iter().filter_map(|v| substitute(v, &single)).collect();
        let uses = [Use { operator: condition.operator, values }];
        let found = candidates(&uses, self.known(&condition.key).as_ref(), nature(&condition.key))?;
        Some(found.into_iter().map(|c| Some(c.value)).collect())
    }

    fn known(&self, key: &str) -> Option<crate::permissions::knowledge::Known> {
        self.knowledge.of(key, &self.request.action, &std::collections::BTreeMap::new())
    }

    fn condition(&self, condition: &Condition, matches: Option<bool>) -> ConditionAnswer {
        ConditionAnswer {
            operator: condition.operator.to_string(),
            key: spelling(&condition.key),
            values: condition.texts.clone(),
            actual: self.request.keys.get(&condition.key).map(|k| k.values().to_vec()),
            matches,
            because: self.because(condition, matches),
        }
    }

    fn because(&self, condition: &Condition, matches: Option<bool>) -> String {
        let Condition { operator, key, values, .. } = condition;
        let name = spelling(key);
        let unknown = values.iter().flat_map(Template::variables).find(|v| !is_settled(self.known(v)));
        let Some(actual) = self.request.keys.get(key) else {
            return match (is_settled(self.known(key)), matches) {
                (false, None) => format!("it is unknown whether {name} is present, and with what value"),
                (false, Some(_)) => format!("whatever {name} is"),
                (true, Some(true)) if operator.test == Test::Null && operator.set == SetPrefix::None => {
                    format!("{name} is absent")
                }
                (true, Some(true)) if operator.if_exists => format!("{name} is absent, and IfExists lets that pass"),
                (true, Some(true)) if operator.set == SetPrefix::All => {
                    format!("{name} is absent, and ForAllValues lets that pass")
                }
                (true, Some(true)) => format!("{name} is absent, which passes a negated operator"),
                (true, _) => format!("{name} is absent"),
            };
        };
        if let (None, Some(variable)) = (matches, unknown) {
            return format!("the value of the variable {} is unknown", spelling(variable));
        }
        if let (KeyValue::Many(_), SetPrefix::None, false) = (actual, operator.set, operator.test == Test::Null) {
            return format!("{name} is multi-valued, which needs ForAnyValue or ForAllValues");
        }
        if operator.test == Test::Null {
            return format!("{name} is present");
        }
        let told = told(&name, actual);
        if let Some(wrong) = actual.single().and_then(|text| unreadable(operator.test, text)) {
            return format!("{told}, which is not {wrong}: the comparison fails");
        }
        let valueless = values.iter().flat_map(Template::variables).find(|v| !self.request.keys.contains_key(*v));
        match valueless {
            Some(variable) if unknown.is_none() && matches != Some(true) => {
                format!("{told}, and the variable {} has no value", spelling(variable))
            }
            _ => told,
        }
    }
}

/// A key and its values, in words.
fn told(name: &str, actual: &KeyValue) -> String {
    match actual {
        KeyValue::One(value) => format!("{name} is \"{value}\""),
        KeyValue::Many(values) if values.is_empty() => format!("{name} is an empty list"),
        KeyValue::Many(values) => format!("{name} is [\"{}\"]", values.join("\", \"")),
    }
}

/// What a value would have to be to be compared; `None` where it can be.
fn unreadable(test: Test, text: &str) -> Option<&'static str> {
    match test {
        Test::Numeric(_) => value::number(text).is_none().then_some("a number"),
        Test::Date(_) => value::date(text).is_none().then_some("a date or time"),
        Test::Bool => value::boolean(text).is_none().then_some("true or false"),
        Test::Ip => value::address(text).is_none().then_some("an address"),
        Test::Binary => value::binary(text).is_none().then_some("base64"),
        Test::Arn => value::arn(text).is_none().then_some("an ARN"),
        _ => None,
    }
}

/// True where all are true, false where one is false, else not known.
fn all(truths: &[Option<bool>]) -> Option<bool> {
    if truths.contains(&Some(false)) {
        return Some(false);
    }
    truths.iter().all(Option::is_some).then_some(true)
}
