//! Which thread asks about which accounts: those under the same service control policies go to the same, which decides what they share
//! once.

use std::collections::HashMap;

use crate::inventory::model::{Account, Attachments};
use crate::inventory::tree::Tree;

/// The accounts of one thread, each with its place among all, in order.
pub(super) type Lane<'w> = Vec<(usize, &'w Account)>;

/// One lane a thread, as long as each other. Accounts that are alike stay together as far as that goes.
pub(super) fn lanes<'w>(tree: &Tree, accounts: &'w [&'w Account], threads: usize) -> Vec<Lane<'w>> {
    let mut alike: HashMap<Vec<Option<&Attachments>>, Lane<'w>> = HashMap::new();
    for (place, account) in accounts.iter().enumerate() {
        alike.entry(policies(tree, account)).or_default().push((place, account));
    }
    let mut alike: Vec<Lane<'w>> = alike.into_values().collect();
    alike.sort_by_key(|group| (std::cmp::Reverse(group.len()), group.first().map(|(place, _)| *place)));
    let length = accounts.len().div_ceil(threads.max(1)).max(1);
    let all: Lane<'w> = alike.into_iter().flatten().collect();
    let mut lanes: Vec<Lane<'w>> = all.chunks(length).map(<[_]>::to_vec).collect();
    lanes.iter_mut().for_each(|lane| lane.sort_unstable_by_key(|(place, _)| *place));
    lanes
}

/// The service control policies that an account is under, level by level.
fn policies<'t>(tree: &'t Tree, account: &'t Account) -> Vec<Option<&'t Attachments>> {
    let stands = tree.now(account);
    let organization = stands.organization.as_ref().and_then(|o| tree.organizations.get(o));
    let of_organization = organization.map(|o| o.scps.as_ref().filter(|_| o.management_account != account.id));
    let units = stands.path.iter().filter_map(|u| tree.units.get(u)).map(|u| u.scps.as_ref());
    of_organization.into_iter().chain(units).chain([account.scps.as_ref()]).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::inventory::Inventory;
    use crate::inventory::schema::EntitySchema;
    use crate::source::Memory;

    const UNITS: &str = r#"
        {"uid": "o-aaaaaaaaaa", "attrs": {"managementAccount": "999999999999"}},
        {"uid": "ou-a1b2-aaaaaaaa", "parents": ["o-aaaaaaaaaa"]},
        {"uid": "ou-a1b2-bbbbbbbb", "attrs": {"serviceControlPolicies": ["p-FullAWSAccess"]}, "parents": ["o-aaaaaaaaaa"]}"#;

    #[test]
    fn every_account_is_in_one_lane_beside_those_like_it() {
        let account = |id: usize| {
            let unit = if id.is_multiple_of(3) { "ou-a1b2-bbbbbbbb" } else { "ou-a1b2-aaaaaaaa" };
            format!(r#"{{"uid": "11112222{id:04}", "parents": ["{unit}"]}}"#)
        };
        let accounts: Vec<String> = (0..9).map(account).collect();
        let text =
            format!(r#"[{UNITS}, {{"uid": "999999999999", "parents": ["o-aaaaaaaaaa"]}}, {}]"#, accounts.join(", "));
        let schema = Arc::new(EntitySchema::built_in().unwrap());
        let inventory = Inventory::load(&Memory::new("inventory").with("entities.json", text), schema).unwrap();
        let tree = Tree::new(&inventory);
        let members: Vec<&Account> = tree.accounts.values().filter(|a| a.id != "999999999999").collect();
        for threads in [1, 2, 3, 20] {
            let lanes = lanes(&tree, &members, threads);
            assert!(lanes.len() <= threads && lanes.iter().all(|lane| lane.is_sorted_by_key(|(place, _)| *place)));
            let mut places: Vec<usize> = lanes.iter().flatten().map(|(place, _)| *place).collect();
            places.sort_unstable();
            assert_eq!(places, (0..9).collect::<Vec<_>>());
        }
        let of = |lane: &Lane<'_>| lane.iter().map(|(place, _)| *place).collect::<Vec<_>>();
        let three: Vec<_> = lanes(&tree, &members, 3).iter().map(of).collect();
        assert_eq!(three, [vec![1, 2, 4], vec![5, 7, 8], vec![0, 3, 6]]);
    }
}
