//! Which services have policies on their resources, and which of them resource control policies bind (`data/resource-policies.json`).

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    date: String,
    resource_control: Vec<String>,
    without_resource_policies: Vec<String>,
}

/// The file.
pub(crate) const TEXT: &str = include_str!("../../../../data/resource-policies.json");

static DATA: LazyLock<Data> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

/// The day that the data tells of.
pub fn date() -> &'static str {
    &DATA.date
}

/// Whether resource control policies bind the resources of a service, by its prefix in actions.
pub fn are_controlled(service: &str) -> bool {
    DATA.resource_control.iter().any(|s| s == service)
}

/// Whether no resource of a service has a policy of its own. Of a service that is not listed that is not known.
pub fn have_no_policies(service: &str) -> bool {
    DATA.without_resource_policies.iter().any(|s| s == service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_read() {
        assert!(are_controlled("s3") && are_controlled("sts") && !are_controlled("artifact") && !are_controlled("iam"));
        assert!(have_no_policies("artifact") && !have_no_policies("s3"));
        assert_eq!(date(), "2026-09-26");
    }
}
