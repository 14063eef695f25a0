//! The rules: one a file, one line in [`ALL`]. Their order is that of their codes.
//!
//! A rule's page under `docs/rules/` is its documentation, what `countersign show rule` prints, and the help in SARIF; its
//! Bad and Good blocks are run as tests.

pub mod accept_and_terminate;
pub mod accept_without_open;
pub mod action_of_another_resource;
pub mod address_within_range;
pub mod agreement_of_another_scope;
pub mod allow_list_without_artifact;
pub mod allow_with_not_principal;
pub mod arn_compared_as_text;
pub mod byte_order_mark;
pub mod codeartifact_action;
pub mod conflicting_elements;
pub mod deprecated_action;
pub mod deprecated_role_permissions;
pub mod duplicate_key;
pub mod duplicated_statement;
pub mod empty_sid;
pub mod escalation_path;
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
pub mod included_value;
pub mod invalid_management_policy;
pub mod invalid_principal;
pub mod invalid_sid;
pub mod invalid_statement;
pub mod invalid_trust_element;
pub mod leave_organization;
pub mod legacy_agreement_name;
pub mod list_action_on_resource;
pub mod malformed_value;
pub mod management_policy_too_large;
pub mod mfa_denial_misses_keys;
pub mod mismatched_operator;
pub mod mismatched_trust_action;
pub mod missing_version;
pub mod misspelt_service_principal;
pub mod no_effect_under_boundary;
pub mod null_with_set_operator;
pub mod old_version;
pub mod open_identity_provider;
pub mod outdated_hipaa_guardrail;
mod overwritten_inline_policy;
pub mod pass_role_on_everything;
pub mod policy_near_limit;
pub mod policy_not_literal;
pub mod policy_too_large;
pub mod presence_as_pattern;
pub mod principal_in_identity_policy;
pub mod private_address;
pub mod public_principal;
mod redundancy;
pub mod repeated_cedar_id;
pub mod repeated_condition_key;
pub mod repeated_sid;
pub mod repeated_value;
pub mod report_without_version;
pub mod resource_matches_nothing;
pub mod returns_credentials;
pub mod role_creation_on_everything;
pub mod service_linked_role_on_everything;
pub mod service_without_source;
pub mod set_up_without_describe_organization;
pub mod shadowed_statement;
pub mod tag_of_untagged_service;
mod tasks;
pub mod terminate_without_read;
mod truth;
pub mod unknown_action;
pub mod unknown_agreement;
pub mod unknown_condition_key;
pub mod unknown_element;
pub mod unknown_managed_policy;
pub mod unknown_management_attribute;
pub mod unnamed_cedar_policy;
pub mod unpaired_condition_key;
pub mod unreadable_policy;
pub mod unsupported_character;
pub mod unsupported_condition_key;
pub mod variable_in_old_version;
pub mod whole_account_trusted;
pub mod wildcard_reaches_agreements;
pub mod write_access_in_read_only;
pub mod write_on_everything;

use super::Rule;

/// Every rule, in the order of their codes.
static ALL: [&Rule; 87] = [
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
    &overwritten_inline_policy::RULE,
    &unknown_action::RULE,
    &deprecated_action::RULE,
    &deprecated_role_permissions::RULE,
    &codeartifact_action::RULE,
    &action_of_another_resource::RULE,
    &pass_role_on_everything::RULE,
    &service_linked_role_on_everything::RULE,
    &invalid_principal::RULE,
    &allow_with_not_principal::RULE,
    &mismatched_trust_action::RULE,
    &resource_matches_nothing::RULE,
    &report_without_version::RULE,
    &legacy_agreement_name::RULE,
    &list_action_on_resource::RULE,
    &unknown_agreement::RULE,
    &agreement_of_another_scope::RULE,
    &invalid_trust_element::RULE,
    &unknown_condition_key::RULE,
    &unsupported_condition_key::RULE,
    &mismatched_operator::RULE,
    &impossible_condition::RULE,
    &idle_condition::RULE,
    &for_all_values_without_presence::RULE,
    &misspelt_service_principal::RULE,
    &mfa_denial_misses_keys::RULE,
    &presence_as_pattern::RULE,
    &arn_compared_as_text::RULE,
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
    &malformed_value::RULE,
    &private_address::RULE,
    &address_within_range::RULE,
    &null_with_set_operator::RULE,
    &repeated_condition_key::RULE,
    &tag_of_untagged_service::RULE,
    &unknown_managed_policy::RULE,
    &guardrail_denies_artifact::RULE,
    &allow_list_without_artifact::RULE,
    &outdated_hipaa_guardrail::RULE,
    &hipaa_guardrail_blocks_parts::RULE,
    &shadowed_statement::RULE,
    &implied_statement::RULE,
    &duplicated_statement::RULE,
    &repeated_value::RULE,
    &included_value::RULE,
    &idle_ignore::RULE,
    &expired_ignore::RULE,
    &ignore_without_reason::RULE,
    &write_on_everything::RULE,
    &escalation_path::RULE,
    &returns_credentials::RULE,
    &public_principal::RULE,
    &service_without_source::RULE,
    &open_identity_provider::RULE,
    &whole_account_trusted::RULE,
    &unpaired_condition_key::RULE,
    &invalid_management_policy::RULE,
    &unknown_management_attribute::RULE,
    &management_policy_too_large::RULE,
];

/// Every rule, in the order of their codes.
pub fn all() -> &'static [&'static Rule] {
    &ALL
}

/// The words that a rule looks for, unless the settings say otherwise.
pub fn words_of(code: &str) -> &'static [&'static str] {
    if code == write_access_in_read_only::RULE.code { &write_access_in_read_only::WORDS } else { &[] }
}

/// The rule of a code or of a name; case does not matter.
pub fn by_code(code: &str) -> Option<&'static Rule> {
    ALL.iter().find(|r| r.code.eq_ignore_ascii_case(code) || r.name.eq_ignore_ascii_case(code)).copied()
}
