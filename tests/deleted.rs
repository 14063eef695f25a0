//! A management account leaves its organization only by deleting it, after every member has left: `deletedAt`.

use crate::common::*;
use serde_json::{Value, json};

/// An organization with a BAA, which its member left in May 2025, and that was deleted in June.
fn deleted(of_management: Value) -> World {
    let left = json!({"memberships": [{"organization": ORG, "from": "2021-01-01", "until": "2025-05-01"}]});
    World::new().org(json!({"deletedAt": "2025-06-01"})).account(M, of_management, &[]).account(A, left, &[]).accepted(
        "Org",
        "baa",
        "organization",
        ORG,
        "2024-01-01",
        None,
    )
}

#[test]
fn coverage_ends_when_the_organization_is_deleted_and_is_answered_for_earlier_days() {
    let since = json!({"memberships": [{"organization": ORG, "from": "2020-01-01"}]});
    let told = json!({"memberships": [{"organization": ORG, "from": "2020-01-01", "until": "2025-06-01"}]});
    for of_management in [json!({}), since, told] {
        let world = deleted(of_management.clone());
        for (day, management, member) in [
            ("2023-12-31", "not-covered", "not-covered"),
            ("2025-04-30", "covered organization", "covered organization"),
            ("2025-05-01", "covered organization", "not-covered"),
            ("2025-05-31T23:59:59Z", "covered organization", "not-covered"),
            ("2025-06-01", "not-covered", "not-covered"),
        ] {
            let answers = world.assess(&on(day));
            let coverage = |account: &str| match answers.baa(account).as_str() {
                // nobody is left to list the agreements of the organization
                "unknown" => "not-covered".to_owned(),
                known => known.to_owned(),
            };
            assert_eq!((coverage(M), coverage(A)), (management.to_owned(), member.to_owned()), "{of_management} {day}");
        }
        let before = world.assess(&on("2025-05-31"));
        assert_eq!(before.account(M)["role"], "management");
        assert_eq!(world.now().account(M)["role"], "standalone");
        assert_eq!(world.now().baa(M), "not-covered");
        assert_eq!(world.now().baa(A), "not-covered");
    }
}

#[test]
fn an_agreement_of_its_own_governs_from_then_on() {
    let world = deleted(json!({})).accepted("Own", "baa", "account", M, "2025-02-01", None);
    assert_eq!(world.assess(&on("2025-05-31")).baa(M), "covered organization");
    assert_eq!(world.assess(&on("2025-06-01")).baa(M), "covered account");
}

#[test]
fn what_cannot_be_is_an_input_error_at_its_place() {
    let wrong = |world: World, underlined: &str, message: &str| {
        let problems = world.problems();
        let found = problems.iter().any(|p| p.message().contains(message) && p.underlined().contains(underlined));
        assert!(found, "{message}: {problems:?}");
    };
    let membership = |until: Option<&str>| match until {
        Some(until) => json!({"memberships": [{"organization": ORG, "from": "2020-01-01", "until": until}]}),
        None => json!({"memberships": [{"organization": ORG, "from": "2020-01-01"}]}),
    };
    let gone = || World::new().org(json!({"deletedAt": "2025-06-01"}));
    // a member that had not left
    wrong(gone().account(M, json!({}), &[]).account(A, membership(None), &[]), "2020-01-01", "had not left");
    wrong(
        gone().account(M, json!({}), &[]).account(A, membership(Some("2025-06-02")), &[]),
        "2025-06-02",
        "had not left",
    );
    // the management account leaves at that moment and in that way only
    wrong(gone().account(M, membership(Some("2025-05-01")), &[]), "2025-05-01", "managed o-exampleorgid until");
    let alive = World::new().org(json!({})).account(M, membership(Some("2025-05-01")), &[]);
    wrong(alive.clone(), "2025-05-01", "leaves it only when that is deleted");
    assert!(alive.problems().iter().any(|p| p.to_string().contains("is not in it")), "{:?}", alive.problems());
    // nobody stands in what is no more
    wrong(gone().account(M, json!({}), &[ORG]), ORG, "which was deleted on 2025-06-01");
    // since when it is in another is not known
    let other = json!({"uid": "Organization::\"o-secondorgid\"", "attrs": {"managementAccount": M}});
    wrong(
        gone().entity(other.clone()).account(M, json!({}), &["o-secondorgid"]),
        "o-secondorgid",
        "since when is not known",
    );
    let both = json!({"memberships": [{"organization": ORG}, {"organization": "o-secondorgid", "from": "2025-05-31"}]});
    wrong(gone().entity(other.clone()).account(M, both, &["o-secondorgid"]), "2025-05-31", "overlap");
    let apart =
        json!({"memberships": [{"organization": ORG}, {"organization": "o-secondorgid", "from": "2025-06-01"}]});
    let world = gone().entity(other).account(M, apart, &["o-secondorgid"]);
    assert!(world.problems().is_empty(), "{:?}", world.problems());
}
