//! The rules: one a file, one line in [`ALL`]. Their order is that of their codes.
//!
//! A rule's page under `docs/rules/` is its documentation, what `countersign show rule` prints, and the help in SARIF; its
//! Bad and Good blocks are run as tests.

pub mod accept_and_terminate;
pub mod accept_without_open;
pub mod action_of_another_resource;
pub mod agreement_of_another_scope;
pub mod allow_list_without_artifact;
pub mod byte_order_mark;
pub mod codeartifact_action;
pub mod conflicting_elements;
pub mod deprecated_action;
pub mod deprecated_role_permissions;
pub mod duplicate_key;
pub mod duplicated_statement;
pub mod empty_sid;
pub mod expired_ignore;
pub mod for_all_values_without_presence;
pub mod guardrail_denies_artifact;
pub mod half_of_set_up;
mod hipaa;
pub mod hipaa_guardrail_blocks_parts;
pub mod idle_condition;
pub mod idle_ignore;
pub mod ignore_without_reason;
pub mod implied_statement;
pub mod impossible_condition;
pub mod invalid_sid;
pub mod invalid_statement;
pub mod leave_organization;
pub mod legacy_agreement_name;
pub mod list_action_on_resource;
pub mod mfa_denial_misses_keys;
pub mod mismatched_operator;
pub mod missing_version;
pub mod misspelt_service_principal;
pub mod no_effect_under_boundary;
pub mod old_version;
pub mod outdated_hipaa_guardrail;
pub mod policy_near_limit;
pub mod policy_not_literal;
pub mod policy_too_large;
pub mod principal_in_identity_policy;
mod redundancy;
pub mod repeated_cedar_id;
pub mod repeated_sid;
pub mod repeated_value;
pub mod report_without_version;
pub mod resource_matches_nothing;
pub mod role_creation_on_everything;
pub mod set_up_without_describe_organization;
pub mod shadowed_statement;
mod tasks;
pub mod terminate_without_read;
mod truth;
pub mod unknown_action;
pub mod unknown_agreement;
pub mod unknown_condition_key;
pub mod unknown_element;
pub mod unnamed_cedar_policy;
pub mod unreadable_policy;
pub mod unsupported_character;
pub mod unsupported_condition_key;
pub mod variable_in_old_version;
pub mod wildcard_reaches_agreements;
pub mod write_access_in_read_only;

use super::Rule;

/// Every rule, in the order of their codes.
static ALL: [&Rule; 59] = [
    &unreadable_policy::RULE,
    &duplicate_key::RULE,
    &missing_version::RULE,
    &old_version::RULE,
    &invalid_statement::RULE,
    &unknown_element::RULE,
    &conflicting_elements::RULE,
    &principal_in_identity_policy::RULE,
    &empty_sid::RULE,
    &repeated_sid::RULE,
    &unsupported_character::RULE,
    &variable_in_old_version::RULE,
    &policy_too_large::RULE,
    &policy_near_limit::RULE,
    &byte_order_mark::RULE,
    &policy_not_literal::RULE,
    &invalid_sid::RULE,
    &unnamed_cedar_policy::RULE,
    &repeated_cedar_id::RULE,
    &unknown_action::RULE,
    &deprecated_action::RULE,
    &deprecated_role_permissions::RULE,
    &codeartifact_action::RULE,
    &action_of_another_resource::RULE,
    &resource_matches_nothing::RULE,
    &report_without_version::RULE,
    &legacy_agreement_name::RULE,
    &list_action_on_resource::RULE,
    &unknown_agreement::RULE,
    &agreement_of_another_scope::RULE,
    &unknown_condition_key::RULE,
    &unsupported_condition_key::RULE,
    &mismatched_operator::RULE,
    &impossible_condition::RULE,
    &idle_condition::RULE,
    &for_all_values_without_presence::RULE,
    &misspelt_service_principal::RULE,
    &mfa_denial_misses_keys::RULE,
    &accept_without_open::RULE,
    &terminate_without_read::RULE,
    &set_up_without_describe_organization::RULE,
    &half_of_set_up::RULE,
    &write_access_in_read_only::RULE,
    &wildcard_reaches_agreements::RULE,
    &accept_and_terminate::RULE,
    &leave_organization::RULE,
    &role_creation_on_everything::RULE,
    &no_effect_under_boundary::RULE,
    &guardrail_denies_artifact::RULE,
    &allow_list_without_artifact::RULE,
    &outdated_hipaa_guardrail::RULE,
    &hipaa_guardrail_blocks_parts::RULE,
    &shadowed_statement::RULE,
    &implied_statement::RULE,
    &duplicated_statement::RULE,
    &repeated_value::RULE,
    &idle_ignore::RULE,
    &expired_ignore::RULE,
    &ignore_without_reason::RULE,
];

/// Every rule, in the order of their codes.
pub fn all() -> &'static [&'static Rule] {
    &ALL
}

/// The rule of a code or of a name; case does not matter.
pub fn by_code(code: &str) -> Option<&'static Rule> {
    ALL.iter().find(|r| r.code.eq_ignore_ascii_case(code) || r.name.eq_ignore_ascii_case(code)).copied()
}
