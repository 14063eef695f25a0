//! Whether what the policies of an action say of two entities puts all of them in an order: then a list is sorted by asking about few
//! pairs, where otherwise each is asked about with every other.

use cedar_policy::{Effect, Policy, PrincipalConstraint, ResourceConstraint};
use serde_json::Value;

use super::RuleBook;
use super::reads::attribute_of;

impl RuleBook {
    /// Whether the only policy of an action permits whatever pair of which one attribute is less, or more, of the principal than of the
    /// resource. Whoever comes before one comes before all that come after it then, and nothing comes before itself.
    pub fn is_order(&self, action: &str) -> bool {
        let mut policies = self.policies(action);
        let (Some(policy), None) = (policies.next(), policies.next()) else { return false };
        self.orders(policy).is_some()
    }

    fn orders(&self, policy: &Policy) -> Option<()> {
        let everyone = policy.effect() == Effect::Permit
            && matches!(policy.principal_constraint(), PrincipalConstraint::Any)
            && matches!(policy.resource_constraint(), ResourceConstraint::Any);
        let [clause] = self.json_of(policy)?.get("conditions")?.as_array()?.as_slice() else { return None };
        let is_when = clause.get("kind").and_then(Value::as_str) == Some("when");
        let body = clause.get("body")?.as_object()?;
        let (operator, sides) = body.iter().next().filter(|_| body.len() == 1)?;
        let (left, right) = (sides.get("left")?, sides.get("right")?);
        let of = |one: &str, other: &str| {
            attribute_of(left, one).is_some_and(|attribute| attribute_of(right, other) == Some(attribute))
        };
        let compares = [">", "<"].contains(&operator.as_str());
        let of_both = of("principal", "resource") || of("resource", "principal");
        (everyone && is_when && compares && of_both).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::schema::EntitySchema;
    use crate::policies::operations::Catalogue;
    use crate::problem::SourceFile;

    #[test]
    fn an_order_is_a_strict_comparison_of_one_attribute() {
        let schema = EntitySchema::built_in().unwrap();
        let is_order = |body: &str| {
            let source = SourceFile::new("x.cedar", format!("@id(\"a\") @rule(\"R1\") {body}"));
            let rules = RuleBook::new(vec![source], &[Catalogue::built_in()], &schema);
            rules.unwrap_or_else(|f| panic!("{body}: {f:?}")).is_order("named-before")
        };
        let pair = "principal, action == Artifact::Action::\"named-before\", resource";
        for (condition, expected) in [
            ("when { principal.effectiveStart < resource.effectiveStart }", true),
            ("when { principal.effectiveStart > resource.effectiveStart }", true),
            ("when { resource.effectiveStart < principal.effectiveStart }", true),
            ("when { principal.effectiveStart <= resource.effectiveStart }", false),
            ("when { principal.effectiveStart < principal.effectiveStart }", false),
            ("unless { principal.effectiveStart < resource.effectiveStart }", false),
            ("when { principal.effectiveStart < resource.effectiveStart && principal == principal }", false),
            ("when { principal.effectiveStart < resource.effectiveStart } when { principal == principal }", false),
        ] {
            assert_eq!(is_order(&format!("permit({pair}) {condition};")), expected, "{condition}");
        }
        assert!(RuleBook::built_in(&schema).unwrap().is_order("named-before"));
    }
}
