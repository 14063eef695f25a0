//! Manifests of the accelerators: the kind of the documents that they name, and the managed policies of AWS.

use super::*;

const STRAY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"*"}]}"#;

/// The kinds that are told of a document with a principal, which each manifest names.
fn told_of(manifest: (&str, &str), file: &str) -> Vec<String> {
    let files = [Example::new(manifest.0, manifest.1), Example::new(file, STRAY)];
    let files: Vec<Text> = files.iter().map(Example::text).map(|t| Text { named: false, ..t }).collect();
    let found = run::lint(&files, &settings(""), None, true).findings;
    errors(&found).into_iter().map(|e| e.split(": ").last().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_landing_zone_accelerator_names_kinds() {
    let organization = "enable: true\nserviceControlPolicies:\n  - name: S\n    policy: stuff/s.json\n    type: customerManaged\nresourceControlPolicies:\n  - name: R\n    policy: stuff/r.json\n";
    let of = |file: &str| told_of(("config/organization-config.yaml", organization), file);
    assert_eq!(of("config/stuff/s.json"), ["`Principal` is in a service control policy, where AWS rejects it"]);
    assert!(of("config/stuff/r.json").iter().any(|t| t.contains("AWS rejects")), "{:?}", of("config/stuff/r.json"));
    assert_eq!(of("config/stuff/other.json"), Vec::<String>::new(), "nobody names it: it may belong to a bucket");
    let iam = "policySets:\n  - policies:\n      - name: X\n        policy: stuff/i.json\n      - name: B\n        policy: stuff/b.json\nroleSets:\n  - roles:\n      - name: Y\n        boundaryPolicy: B\nidentityCenter:\n  identityCenterPermissionSets:\n    - name: PS\n      policies:\n        inlinePolicy: stuff/ps.json\n";
    for (file, kind) in [("i", "an identity policy"), ("b", "a permissions boundary"), ("ps", "a permission set")] {
        let expected = format!("`Principal` is in {kind}, where AWS rejects it");
        assert_eq!(told_of(("iam-config.yaml", iam), &format!("stuff/{file}.json")), [expected]);
    }
}

#[test]
fn customizations_of_control_tower_name_kinds() {
    let manifest = "region: us-east-1\nversion: 2021-03-15\nresources:\n  - name: scp\n    resource_file: stuff/x.json\n    deploy_method: scp\n  - name: stack\n    resource_file: stuff/y.json\n    deploy_method: stack_set\n  - name: far\n    resource_file: s3://b/k.json\n    deploy_method: rcp\n";
    let of = |file: &str| told_of(("manifest.yaml", manifest), file);
    assert_eq!(of("stuff/x.json"), ["`Principal` is in a service control policy, where AWS rejects it"]);
    assert_eq!(of("stuff/y.json"), Vec::<String>::new());
}

#[test]
fn managed_policies_of_a_manifest_are_looked_up() {
    let text = "roleSets:\n  - roles:\n      - name: Y\n        policies:\n          awsManaged:\n            - AmazonSSMManagedInstanceCor\n            - AmazonSSMManagedInstanceCore\n            - service-role/AWSBackupServiceRolePolicyForBackup\n            - AWSBackupServiceRolePolicyForBackup\n            - arn:aws:iam::aws:policy/ReadOnlyAcces\n            - ${PLACEHOLDER}\n";
    let found = findings("iam-config.yaml", text);
    let words: Vec<&str> =
        found.iter().filter(|f| f.rule.code == "CS167").map(|f| f.place.source.slice(f.place.span)).collect();
    assert_eq!(words, ["AmazonSSMManagedInstanceCor", "arn:aws:iam::aws:policy/ReadOnlyAcces"]);
}
