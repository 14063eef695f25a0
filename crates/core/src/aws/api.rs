//! Operations of AWS's APIs that are asked for under another name: `HeadObject` needs `s3:GetObject` (`data/api-operations.json`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The actions that each operation needs, by service and operation.
type Operations = BTreeMap<String, BTreeMap<String, Vec<String>>>;

#[derive(Default, Deserialize)]
struct Data {
    date: String,
    operations: Operations,
}

/// The file.
pub(crate) const TEXT: &str = include_str!("../../../../data/api-operations.json");

static DATA: LazyLock<Data> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

/// The day that the data tells of.
pub fn date() -> &'static str {
    &DATA.date
}

/// The actions that an operation needs, where no action has its name: for `s3` and `ListBuckets`, in any case, `s3:ListAllMyBuckets`.
/// Empty where nothing of the kind is known.
pub fn actions_of(service: &str, operation: &str) -> Vec<String> {
    let service = service.to_ascii_lowercase();
    let of_service = DATA.operations.get(&service).into_iter().flatten();
    let found = of_service.filter(|(name, _)| name.eq_ignore_ascii_case(operation)).flat_map(|(_, actions)| actions);
    found.map(|action| format!("{service}:{action}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::catalogue::Catalogue;

    /// No operation is an action itself, and each action that it needs is one.
    #[test]
    fn each_operation_has_actions_of_other_names() {
        let catalogue = Catalogue::built_in();
        let is_action = |service: &str, name: &str| catalogue.service(service).unwrap().action(name).is_some();
        assert!(DATA.operations.values().map(BTreeMap::len).sum::<usize>() > 50);
        for (service, operations) in &DATA.operations {
            for (operation, actions) in operations {
                assert!(!is_action(service, operation), "{service}:{operation}");
                assert!(!actions.is_empty() && actions.iter().all(|a| is_action(service, a)), "{service}:{operation}");
            }
        }
        assert_eq!(actions_of("S3", "listbuckets"), ["s3:ListAllMyBuckets"]);
        assert!(actions_of("s3", "GetObject").is_empty() && actions_of("nosuch", "Invoke").is_empty());
    }
}
