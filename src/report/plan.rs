//! What would turn a denial around, in sentences.

use super::sentences::depends;
use super::{count, few};
use countersign_core::assessment::plans::{Gain, Plan, StepKind};
use countersign_core::terms::Decision;

/// So many people are named.
const NAMES: usize = 6;

/// The lines of a plan, each with its label.
pub fn lines(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let count = plan.steps.len();
    for (place, step) in plan.steps.iter().enumerate() {
        let label = if step.kind == StepKind::Event { "event" } else { "change" };
        let number = if count > 1 { format!("{}. ", place + 1) } else { String::new() };
        lines.push((label, format!("{number}{}", step.text)));
        if let Some(instead) = &step.instead {
            lines.push(("or", format!("{}, which {}", instead.text, gains(&instead.also_allows, instead.may_allow))));
        }
    }
    if !plan.also_allows.is_empty() || plan.may_allow > 0 {
        lines.push(("also", format!("this {}", gains(&plan.also_allows, plan.may_allow))));
    }
    if !plan.itself.is_empty() {
        lines.push(("also", format!("it is then allowed {}, too", plan.itself.join(", "))));
    }
    if plan.leads_to == Some(Decision::Unknown) {
        let on = plan.depends_on.iter().map(|d| depends(&d.key, &d.allows)).collect::<Vec<_>>();
        let on = if on.is_empty() { "on what is not known".to_owned() } else { on.join(", and ") };
        lines.push(("then", format!("it depends {on}")));
    }
    lines
}

/// That others may be allowed something, who are too many to be asked.
pub fn not_asked(number: usize) -> String {
    format!("may also allow something to {}, who were not asked", count(number, "principal"))
}

/// Who else is allowed something, and what.
fn gains(gains: &[Gain], may: usize) -> String {
    if may > 0 {
        return not_asked(may);
    }
    if gains.is_empty() {
        return "allows nobody else anything".to_owned();
    }
    let gain = |g: &Gain| {
        let people = if g.people.is_empty() { String::new() } else { format!(", of {}", few(&g.people, NAMES)) };
        format!("{}{people} ({})", g.principal, g.operations.join(", "))
    };
    format!("also allows {}", gains.iter().map(gain).collect::<Vec<_>>().join("; "))
}
