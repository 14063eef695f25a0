//! The collecting script, with a stub in place of the AWS CLI: what it asks, what it keeps, and what import makes of it.

#![cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Answers from the samples, by the words of the call; `FAIL` holds a pattern of calls that fail, `THROTTLE` of calls that are
/// throttled the first time, `BUSY` of calls that are throttled each time, `TRUNCATE` of answers that lack a page. Every call is written to `$STUB/calls`, with the account that it is made in.
const STUB: &str = r#"#!/usr/bin/env bash
args="$*"
account=${AWS_SESSION_TOKEN:-111111111111}
echo "$account $args" >> "$STUB/calls"
case $args in
  *delete*|*put-*|*create*|*attach*|*update*|*enable*|*accept-*|*terminate*) echo "not read-only: $args" >> "$STUB/writes" ;;
esac
if [ -n "${FAIL:-}" ] && [[ "$account $args" == $FAIL ]]; then
  echo "An error occurred (AccessDeniedException): no" >&2
  exit 254
fi
if [ -n "${THROTTLE:-}" ] && [[ $args == $THROTTLE ]] && [ ! -e "$STUB/throttled" ]; then
  touch "$STUB/throttled"
  echo "An error occurred (ThrottlingException): Rate exceeded" >&2
  exit 254
fi
if [ -n "${BUSY:-}" ] && [[ "$account $args" == $BUSY ]]; then
  echo "An error occurred (ThrottlingException): Rate exceeded" >&2
  exit 254
fi
if [ -n "${TRUNCATE:-}" ] && [[ "$account $args" == $TRUNCATE ]]; then
  printf '{\n    "Accounts": [],\n    "NextToken": "more"\n}\n'
  exit 0
fi
sample() { cat "$SAMPLES/$1"; }
value() { local name=$1; shift; while [ "$#" -gt 0 ]; do [ "$1" = "$name" ] && { echo "$2"; return; }; shift; done; }
case "$1 $2" in
  "sts get-caller-identity")
    case $args in *Account*) echo 111111111111 ;; *) echo "arn:${PARTITION_OF_STUB:-aws}:sts::111111111111:assumed-role/r/s" ;; esac ;;
  "sts assume-role")
    arn=$(value --role-arn "$@"); id=${arn#arn:*:iam::}; printf 'KEY\tSECRET\t%s\n' "${id%%:*}" ;;
  "organizations describe-organization") sample organizations/describe-organization.json ;;
  "organizations list-roots")
    if [ -n "${CONTROLS:-}" ]; then sample organizations/list-roots.json | sed 's/"PolicyTypes": \[/&{"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"},/'
    else sample organizations/list-roots.json; fi ;;
  "organizations list-accounts") sample organizations/list-accounts.json | sed "s/SUSPENDED/${SUSPENDED:-SUSPENDED}/" |
    if [ -n "${CLOSED:-}" ]; then sed 's/"State": "SUSPENDED"/"Status": "SUSPENDED",\n      "State": "CLOSED"/'; else cat; fi ;;
  "organizations list-aws-service-access-for-organization") sample organizations/list-aws-service-access-for-organization.json ;;
  "organizations list-delegated-administrators") sample organizations/list-delegated-administrators.json ;;
  "organizations list-delegated-services-for-account") sample organizations/list-delegated-services-for-account.444444444444.json ;;
  "organizations list-policies")
    case $args in
      *RESOURCE_CONTROL_POLICY*)
        printf '{\n    "Policies": [\n        {\n            "Id": "p-RCPFullAWSAccess",\n            "Arn": "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess",\n            "Name": "RCPFullAWSAccess",\n            "Type": "RESOURCE_CONTROL_POLICY",\n            "AwsManaged": true\n        },\n        {\n            "Id": "p-perimeter01",\n            "Arn": "arn:aws:organizations::111111111111:policy/o-exampleorgid/resource_control_policy/p-perimeter01",\n            "Name": "perimeter",\n            "Type": "RESOURCE_CONTROL_POLICY",\n            "AwsManaged": false\n        }\n    ]\n}\n' ;;
      *) sample organizations/list-policies.SERVICE_CONTROL_POLICY.json ;;
    esac ;;
  "organizations list-organizational-units-for-parent")
    case $args in *r-ab12*) sample organizations/list-organizational-units-for-parent.r-ab12.json ;; *) printf '{\n    "OrganizationalUnits": []\n}\n' ;; esac ;;
  "organizations describe-policy")
    id=$(value --policy-id "$@")
    if [ "$id" = p-perimeter01 ]; then
      printf '{"Policy": {"PolicySummary": {"Id": "p-perimeter01", "Arn": "arn:aws:organizations::111111111111:policy/o-exampleorgid/resource_control_policy/p-perimeter01", "Name": "perimeter", "Type": "RESOURCE_CONTROL_POLICY", "AwsManaged": false}, "Content": "{\\"Version\\": \\"2012-10-17\\", \\"Statement\\": [{\\"Effect\\": \\"Deny\\", \\"Principal\\": \\"*\\", \\"Action\\": \\"sts:AssumeRole\\", \\"Resource\\": \\"*\\", \\"Condition\\": {\\"StringEquals\\": {\\"aws:PrincipalAccount\\": \\"%s\\"}}}]}"}}\n' "${DENIED:-444444444444}"
    elif [ "$id" = p-FullAWSAccess ]; then
      printf '{"Policy": {"PolicySummary": {"Id": "p-FullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": true}, "Content": "{\\"Version\\": \\"2012-10-17\\", \\"Statement\\": [{\\"Effect\\": \\"Allow\\", \\"Action\\": \\"*\\", \\"Resource\\": \\"*\\"}]}"}}\n'
    else sample "organizations/describe-policy.$id.json"; fi ;;
  "organizations list-targets-for-policy")
    case $args in
      *p-hipaascp0001*) sample organizations/list-targets-for-policy.p-hipaascp0001.json ;;
      *p-perimeter01*) printf '{"Targets": [{"TargetId": "222222222222", "Name": "n", "Type": "ACCOUNT"}]}\n' ;;
      *p-FullAWSAccess*)
        printf '{"Targets": ['
        first=1
        for id in r-ab12 ou-ab12-phi00001 ou-ab12-sandbox1 ou-ab12-suspend1 111111111111 222222222222 333333333333 444444444444 555555555555 666666666666; do
          [ "$first" = 1 ] || printf ','
          first=0
          printf '{"TargetId": "%s", "Name": "n", "Type": "ACCOUNT"}' "$id"
        done
        printf ']}\n' ;;
      *) printf '{"Targets": []}\n' ;;
    esac ;;
  "organizations list-tags-for-resource")
    case $args in *222222222222*) sample organizations/list-tags-for-resource.222222222222.json ;; *) printf '{"Tags": []}\n' ;; esac ;;
  "sso-admin list-instances") printf '{\n    "Instances": [\n        {\n            "InstanceArn": "arn:aws:sso:::instance/ssoins-1234567890abcdef",\n            "IdentityStoreId": "d-1234567890"\n        }\n    ]\n}\n' ;;
  "sso-admin list-permission-sets") sample sso-admin/list-permission-sets.json ;;
  "sso-admin describe-permission-set") sample sso-admin/describe-permission-set.json ;;
  "sso-admin get-inline-policy-for-permission-set") sample sso-admin/get-inline-policy-for-permission-set.json ;;
  "sso-admin list-managed-policies-in-permission-set") sample sso-admin/list-managed-policies-in-permission-set.json ;;
  "sso-admin list-customer-managed-policy-references-in-permission-set") printf '{"CustomerManagedPolicyReferences": []}\n' ;;
  "sso-admin get-permissions-boundary-for-permission-set") echo "An error occurred (ResourceNotFoundException): none" >&2; exit 254 ;;
  "sso-admin list-accounts-for-provisioned-permission-set") printf '{\n    "AccountIds": [\n        "222222222222"\n    ]\n}\n' ;;
  "sso-admin list-account-assignments") sample sso-admin/list-account-assignments.222222222222.json ;;
  "identitystore list-users") printf '{\n    "Users": [\n        {\n            "UserName": "maria",\n            "UserId": "u-1"\n        }\n    ]\n}\n' ;;
  "identitystore list-groups") printf '{\n    "Groups": [\n        {\n            "GroupId": "9067642c4c-6f1b0f6a-1111-4c2b-9d3e-0123456789ab",\n            "DisplayName": "Legal"\n        }\n    ]\n}\n' ;;
  "identitystore list-group-memberships") printf '{"GroupMemberships": [{"GroupId": "9067642c4c-6f1b0f6a-1111-4c2b-9d3e-0123456789ab", "MemberId": {"UserId": "u-1"}}]}\n' ;;
  "artifact list-customer-agreements")
    if [ -e "$SAMPLES/artifact/list-customer-agreements.$account.json" ]; then sample "artifact/list-customer-agreements.$account.json"
    else sample artifact/list-customer-agreements.empty.json; fi ;;
  "artifact get-account-settings") sample artifact/get-account-settings.json ;;
  "artifact list-reports") sample artifact/list-reports.json ;;
  "iam get-account-authorization-details")
    if [ "$account" = 222222222222 ] && [ -n "${CONTROLS:-}" ]; then
      # a role that may accept, and that a user of the account may become
      sample iam/get-account-authorization-details.222222222222.json | sed 's/"RoleDetailList": \[/&{"RoleName": "legal", "Arn": "arn:aws:iam::222222222222:role\/legal", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:user\/compliance"}, "Action": "sts:AssumeRole"}]}, "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}], "AttachedManagedPolicies": [], "InstanceProfileList": [], "Path": "\/", "RoleId": "AROA2", "CreateDate": "2024-01-01T00:00:00Z"},/'
    elif [ "$account" = 222222222222 ]; then sample iam/get-account-authorization-details.222222222222.json
    else printf '{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}\n'; fi ;;
  "iam get-account-summary")
    printf '{"SummaryMap": {"AccountPasswordPresent": 0, "AccountAccessKeysPresent": 0, "AccountSigningCertificatesPresent": 0, "AccountMFAEnabled": 0}}\n' ;;
  "cloudtrail lookup-events") printf '{"Events": []}\n' ;;
  *) echo "the stub does not know: $args" >&2; exit 2 ;;
esac
"#;

pub struct Machine {
    folder: TempDir,
}

impl Machine {
    pub fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        let stub = machine.path("bin/aws");
        std::fs::create_dir_all(stub.parent().unwrap()).unwrap();
        std::fs::write(&stub, STUB).unwrap();
        std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755)).unwrap();
        let script = countersign(&["import", "--script"]);
        std::fs::write(machine.path("collect.sh"), script.stdout).unwrap();
        machine
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn collect(&self, environment: &[(&str, &str)]) -> Output {
        let mut command = self.command();
        command.arg(self.path("answers")).envs(environment.iter().copied());
        command.output().unwrap()
    }

    /// The script, with the stub.
    fn command(&self) -> Command {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/aws-cli");
        let mut command = Command::new("bash");
        command.arg(self.path("collect.sh")).env("PATH", path);
        command.env("STUB", self.folder.path()).env("SAMPLES", samples).env("WAIT", "0");
        command.env_remove("AWS_SESSION_TOKEN");
        command
    }

    pub fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        std::fs::remove_file(self.path("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn import(&self) -> (String, String) {
        let (answers, out) = (self.path("answers").display().to_string(), self.path("inventory").display().to_string());
        let output = countersign(&["import", &answers, "--out", &out]);
        let notes = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{notes}");
        (notes.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " "), out)
    }
}

pub fn countersign(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign")).env("NO_COLOR", "1").args(args).output().unwrap()
}

fn account(out: &str, id: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(Path::new(out).join("accounts.json")).unwrap();
    let all: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    all.into_iter().find(|a| a["uid"] == format!("Account::\"{id}\"")).unwrap()
}

#[test]
fn everything_is_collected_by_reading_only_and_imported_without_open_questions() {
    let machine = Machine::new();
    let run = machine.collect(&[("JOBS", "3")]);
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(0), "{told}");
    assert!(!machine.path("writes").exists(), "{:?}", std::fs::read_to_string(machine.path("writes")));
    let calls = machine.calls();
    for id in ["111111111111", "222222222222", "666666666666"] {
        assert!(
            calls.iter().any(|c| c.starts_with(id) && c.contains("list-customer-agreements")),
            "{id} in its own account"
        );
    }
    let (notes, out) = machine.import();
    for open in ["not listed", "unknown", "the call failed", "its name does not say"] {
        let rest = notes.replace("what these belonged to before they joined is unknown", "");
        // a suspended account is not asked
        let rest = rest.replace("of these were not listed: 555555555555", "");
        let rest = rest.replace("of these were not listed: others may be there: 555555555555", "");
        let rest = rest.replace("in these were not listed: others may have them: 555555555555", "");
        assert!(!rest.contains(open), "{open}: {notes}");
    }
    assert_eq!(account(&out, "444444444444")["attrs"].get("agreementsKnown"), None, "an empty answer is a fact");
    let toml = std::fs::read_to_string(Path::new(&out).join("countersign.toml")).unwrap();
    assert!(toml.starts_with("asOf = \"20"), "{toml}");
    let organization = std::fs::read_to_string(Path::new(&out).join("organization.json")).unwrap();
    assert!(organization.contains("\"serviceRole\": false") && !organization.contains("Unplaced"), "{organization}");
    assert!(organization.contains(
        "\"serviceControlPolicies\": [\n        \"scps/p-FullAWSAccess.json\",\n        \"scps/p-hipaascp0001.json\""
    ));
    // the person behind the permission set is found
    let asked = countersign(&["can", "maria", "accept", &out, "--agreement", "baa", "--scope", "account", "--explain"]);
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(text.contains("permission set Compliance in 222222222222") && text.contains("maria (by Legal)"), "{text}");
}

#[test]
fn calls_that_are_throttled_are_tried_again() {
    let machine = Machine::new();
    let run = machine.collect(&[("THROTTLE", "organizations list-accounts*")]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(machine.calls().iter().filter(|c| c.contains("organizations list-accounts ")).count(), 2);
}

#[test]
fn what_fails_is_recorded_and_unknown_and_asked_again() {
    let machine = Machine::new();
    let run = machine.collect(&[("FAIL", "333333333333 artifact list-customer-agreements*")]);
    assert_eq!(run.status.code(), Some(1), "{}", String::from_utf8_lossy(&run.stderr));
    let record = machine.path("answers/accounts/333333333333/list-customer-agreements.333333333333.json.failed");
    assert!(std::fs::read_to_string(&record).unwrap().contains("AccessDeniedException"));
    let (notes, out) = machine.import();
    assert!(notes.contains("the call failed: An error occurred (AccessDeniedException)"), "{notes}");
    assert_eq!(account(&out, "333333333333")["attrs"]["agreementsKnown"], false);
    machine.calls();
    // the second run asks for what is missing, and nothing else
    let again = machine.collect(&[]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    let asked: Vec<String> = machine.calls().into_iter().filter(|c| !c.contains(" sts ")).collect();
    let missing = |c: &String| c.contains("list-customer-agreements");
    assert!(asked.iter().all(missing) && asked.iter().any(|c| c.starts_with("333333333333")), "{asked:?}");
    assert!(!record.exists());
    assert_eq!(account(&machine.import().1, "333333333333")["attrs"].get("agreementsKnown"), None);
}

#[test]
fn an_account_whose_role_cannot_be_assumed_is_unknown() {
    let machine = Machine::new();
    let run = machine.collect(&[("FAIL", "*sts assume-role*::444444444444:*")]);
    assert_eq!(run.status.code(), Some(1));
    let (notes, out) = machine.import();
    assert!(notes.contains("accounts/444444444444/assume-role.json.failed: the call failed"), "{notes}");
    let attrs = account(&out, "444444444444")["attrs"].clone();
    assert_eq!((&attrs["agreementsKnown"], &attrs["principalsKnown"]), (&false.into(), &false.into()));
    assert_eq!(attrs.get("assignmentsKnown"), None, "Identity Center told where its permission sets are assigned");
    let files = walkdir::WalkDir::new(machine.path("answers")).into_iter().map(|e| e.unwrap().into_path());
    let text: String = files.filter(|p| p.is_file()).map(|p| std::fs::read_to_string(p).unwrap()).collect();
    assert!(!text.contains("SECRET"), "no credentials in any file");
}

/// What a fault makes of a call: the variable of the stub that causes it.
const FAULTS: [&str; 3] = ["FAIL", "BUSY", "TRUNCATE"];

pub fn json(args: &[&str]) -> serde_json::Value {
    let output = countersign(args);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Who may accept an account BAA in 222222222222, as an expectation that nobody else may.
fn only(out: &str) -> String {
    let found = json(&["who-can", "accept", out, "--scope", "account", "--format", "json"]);
    let answers = ["may", "unknown"].into_iter().flat_map(|part| found[part].as_array().unwrap().clone());
    let names = answers.filter(|a| a["kind"] != "permission set").map(|a| a["principal"].to_string());
    let names: Vec<String> = names.chain(["\"Compliance\"".to_owned()]).collect();
    let asked = "operation = \"accept-agreement\"\nagreement = \"baa\"\nscope = \"account\"";
    format!("[[only]]\n{asked}\nprincipal = [{}]\n", names.join(", "))
}

#[test]
fn an_answer_that_is_missing_leaves_its_mark_wherever_it_is_asked_who_may() {
    let machine = Machine::new();
    // what nobody can do in a suspended account is another matter
    assert_eq!(machine.collect(&[("SUSPENDED", "ACTIVE")]).status.code(), Some(0));
    let (_, out) = machine.import();
    let promise = only(&out);
    let write = |out: &str| std::fs::write(Path::new(out).join("promise.expect.toml"), &promise).unwrap();
    write(&out);
    let who = |out: &str| {
        json(&["who-can", "accept", out, "--scope", "account", "--format", "json"])["perhapsOthers"].clone()
    };
    let code = |args: &[&str]| countersign(args).status.code();
    assert_eq!(who(&out), serde_json::json!([]), "everybody is listed");
    assert_eq!(code(&["test", &out]), Some(0));
    let checked = ["check", &out, "--no-base", "--only", "expectations"];
    assert_eq!(code(&checked), Some(0));
    let sso = "answers/sso-admin";
    let set = "ps-abcdef1234567890";
    for (answer, call, missing) in [
        ("answers/organizations/list-accounts.json".to_owned(), "*organizations list-accounts", "accounts"),
        (
            "answers/accounts/222222222222/get-account-authorization-details.222222222222.json".to_owned(),
            "222222222222 iam get-account-authorization-details",
            "principals",
        ),
        (format!("{sso}/list-permission-sets.json"), "*sso-admin list-permission-sets", "assignments"),
        (
            format!("{sso}/{set}/list-accounts.{set}.json"),
            "*sso-admin list-accounts-for-provisioned-permission-set",
            "assignments",
        ),
        (
            format!("{sso}/{set}/list-account-assignments.222222222222.{set}.json"),
            "*sso-admin list-account-assignments",
            "assignments",
        ),
        (format!("{sso}/list-groups.json"), "*identitystore list-groups", "members"),
        (
            format!("{sso}/list-group-memberships.9067642c4c-6f1b0f6a-1111-4c2b-9d3e-0123456789ab.json"),
            "*identitystore list-group-memberships",
            "members",
        ),
    ] {
        for fault in FAULTS {
            let path = machine.path(&answer);
            let kept = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            let pattern = format!("{call}*");
            let run = machine.collect(&[(fault, &pattern), ("ATTEMPTS", "2"), ("SUSPENDED", "ACTIVE")]);
            assert_eq!(run.status.code(), Some(1), "{fault} {call}");
            let failed = PathBuf::from(format!("{}.failed", path.display()));
            assert!(failed.exists() && !path.exists(), "{fault} {call}");
            let (_, out) = machine.import();
            let others = who(&out);
            let told = others.as_array().unwrap().iter().any(|o| o["missing"].to_string().contains(missing));
            assert!(told, "{fault} {call}: {others}");
            if missing == "members" {
                // a promise that names the permission set is about all who have it; one that names a person is not
                let of_maria = promise.replace("\"Compliance\"", "\"maria\"");
                std::fs::write(Path::new(&out).join("promise.expect.toml"), of_maria).unwrap();
            }
            assert_eq!(code(&["test", &out]), Some(1), "{fault} {call}");
            assert_eq!(code(&checked), Some(1), "{fault} {call}");
            write(&out);
            let gaps = json(&["show", "completeness", &out, "--format", "json"]);
            let gap =
                |g: &serde_json::Value| g["missing"] == missing || (missing == "members" && g["missing"] == "groups");
            assert!(gaps["gaps"].as_array().unwrap().iter().any(gap), "{fault} {call}: {gaps}");
            let required = ["check", &out, "--no-base", "--only", "completeness", "--require-complete"];
            assert_eq!(code(&required), Some(1), "{fault} {call}");
            std::fs::remove_file(&failed).unwrap();
            std::fs::write(&path, kept).unwrap();
        }
    }
}

#[test]
fn a_suspended_account_is_told_and_fails_no_run() {
    let machine = Machine::new();
    let run = machine.collect(&[("FAIL", "*sts assume-role*::555555555555:*")]);
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(0), "{told}");
    assert!(told.contains("not asked: account 555555555555 is SUSPENDED"), "{told}");
    assert!(!machine.calls().iter().any(|c| c.starts_with("555555555555")));
    let (_, out) = machine.import();
    assert_eq!(account(&out, "555555555555")["attrs"]["principalsKnown"], false);
    // what AWS calls suspended in the older of two words is closed in the newer
    let run = Machine::new().collect(&[("CLOSED", "1")]);
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(told.contains("not asked: account 555555555555 is CLOSED"), "{told}");
}

#[test]
fn the_inventory_is_as_old_as_the_oldest_answer_and_fresh_asks_again() {
    let machine = Machine::new();
    assert_eq!(machine.collect(&[]).status.code(), Some(0));
    let stamps = std::fs::read_to_string(machine.path("answers/.asked")).unwrap();
    let (first, _) = stamps.split_once('\t').unwrap();
    // an answer of another day
    let old = stamps.replacen(first, "2026-01-02T03:04:05Z", 1);
    std::fs::write(machine.path("answers/.asked"), old).unwrap();
    machine.calls();
    assert_eq!(machine.collect(&[]).status.code(), Some(0));
    let asked = |calls: &[String]| calls.iter().filter(|c| !c.contains(" sts ")).count();
    assert_eq!(asked(&machine.calls()), 0, "nothing is asked again");
    let (_, out) = machine.import();
    let toml = || std::fs::read_to_string(Path::new(&out).join("countersign.toml")).unwrap();
    assert!(toml().starts_with("asOf = \"2026-01-02T03:04:05Z\""), "{}", toml());
    let text = String::from_utf8(countersign(&["coverage", &out, "--at", "2026-03-01"]).stdout).unwrap();
    assert!(text.contains("As of 2026-01-02T03:04:05Z; nothing later is known."), "{text}");
    // an answer that nothing asks for any more goes
    let gone = machine.path("answers/organizations/list-tags-for-resource.999999999999.json");
    std::fs::write(&gone, "{\"Tags\": []}").unwrap();
    let mut stamps = std::fs::read_to_string(machine.path("answers/.asked")).unwrap();
    stamps.push_str("2026-01-02T03:04:05Z\torganizations/list-tags-for-resource.999999999999.json\taws x\n");
    std::fs::write(machine.path("answers/.asked"), stamps).unwrap();
    let mut command = machine.command();
    let run = command.arg("--fresh").arg(machine.path("answers")).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(asked(&machine.calls()) > 50 && !gone.exists());
    machine.import();
    assert!(!toml().contains("2026-01-02"), "{}", toml());
}

#[test]
fn the_policy_of_the_script_allows_what_it_calls_and_only_reads() {
    let machine = Machine::new();
    assert_eq!(machine.collect(&[]).status.code(), Some(0));
    let policy = countersign(&["import", "--script", "--policy"]);
    let policy: serde_json::Value = serde_json::from_slice(&policy.stdout).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements.iter().flat_map(|s| match &s["Action"] {
        serde_json::Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    });
    let allowed: Vec<String> = actions.map(|a| a.as_str().unwrap().to_owned()).collect();
    let service = |word: &str| if word == "sso-admin" { "sso".to_owned() } else { word.to_owned() };
    let mut called: Vec<String> = Vec::new();
    for call in machine.calls() {
        let words: Vec<&str> = call.split(' ').collect();
        let name = words[2].replace("aws-service", "AWS-service");
        let name: String = name.split('-').map(|w| format!("{}{}", w[..1].to_uppercase(), &w[1..])).collect();
        called.push(format!("{}:{name}", service(words[1])));
    }
    called.retain(|c| c != "sts:GetCallerIdentity");
    called.sort();
    called.dedup();
    let mut sorted = allowed.clone();
    sorted.sort();
    assert_eq!(called, sorted, "neither more nor less");
    let reads =
        |a: &String| ["Get", "List", "Describe", "Lookup"].iter().any(|v| a.split(':').nth(1).unwrap().starts_with(v));
    assert!(allowed.iter().all(|a| reads(a) || a == "sts:AssumeRole"), "{allowed:?}");
}

#[test]
fn govcloud_is_asked_in_its_own_regions() {
    let machine = Machine::new();
    machine.collect(&[("PARTITION_OF_STUB", "aws-us-gov")]);
    let calls = machine.calls();
    let of = |service: &str| calls.iter().filter(|c| c.contains(service)).cloned().collect::<Vec<_>>();
    for service in [" artifact ", " cloudtrail "] {
        let asked = of(service);
        assert!(!asked.is_empty() && asked.iter().all(|c| c.contains("--region us-gov-west-1")), "{asked:?}");
    }
    assert!(of("assume-role").iter().all(|c| c.contains("arn:aws-us-gov:iam::")), "{calls:?}");
    let machine = Machine::new();
    machine.collect(&[]);
    let calls = machine.calls();
    assert!(calls.iter().filter(|c| c.contains(" cloudtrail ")).all(|c| c.contains("--region us-east-1")), "{calls:?}");
}
