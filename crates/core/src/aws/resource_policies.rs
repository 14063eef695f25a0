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

/// Whether a resource of a service has no policy of its own. Of a service that is not listed, as a whole or with the type of the
/// resource (`ec2:instance`), that is not known.
pub fn have_no_policies(service: &str, resource: &str) -> bool {
    let name = resource.splitn(6, ':').nth(5).unwrap_or_default();
    let ty = name.split(['/', ':']).next().unwrap_or_default();
    DATA.without_resource_policies.iter().any(|listed| match listed.split_once(':') {
        None => listed == service,
        Some((of, its)) => of == service && its == ty,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_read() {
        assert!(are_controlled("s3") && are_controlled("sts") && !are_controlled("artifact") && !are_controlled("iam"));
        let none = |service: &str, name: &str| have_no_policies(service, &format!("arn:aws:{service}:::{name}"));
        assert!(none("artifact", "agreement/a") && !none("s3", "b") && !none("nosuch", "x"));
        assert!(none("rds", "db:t") && none("ec2", "instance/i-1") && !none("ec2", "transit-gateway/t"));
        assert_eq!(date(), "2026-09-26");
    }
}
