//! `import`: the answers of AWS as they are given, with their traps. The samples in `tests/data/aws-cli` are built to AWS's
//! service models; what they make is told here from what they say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::*;
use serde_json::{Value, json};
use tempfile::TempDir;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/aws-cli");

fn countersign(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env("NO_COLOR", "1").args(args).output().unwrap()
}

/// A folder of answers, and the folder that they are imported into.
pub struct Import {
    source: TempDir,
    out: TempDir,
}

impl Import {
    pub fn of(files: &[(&str, Value)]) -> Self {
        let import = Self { source: tempfile::tempdir().unwrap(), out: tempfile::tempdir().unwrap() };
        files.iter().for_each(|(name, value)| import.put(name, value.to_string()));
        import
    }

    pub fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.source.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn source(&self) -> &Path {
        self.source.path()
    }

    pub fn out(&self) -> PathBuf {
        self.out.path().join("inventory")
    }

    pub fn run(&self) -> Output {
        let (source, out) = (self.source.path().display().to_string(), self.out().display().to_string());
        countersign(&["import", &source, "--out", &out])
    }

    /// The entities of a successful import, by uid, and the notes.
    pub fn done(&self) -> (BTreeMap<String, Value>, String) {
        let output = self.run();
        let notes = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{notes}");
        (entities(&self.out()), plain(&notes))
    }

    /// What a failing import says; it has written nothing.
    pub fn refused(&self) -> String {
        let output = self.run();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(!self.out().exists(), "nothing is written: {text}");
        plain(&text)
    }
}

/// A text without what wraps its lines.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ")
}

fn entities(folder: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|e| e == "json") {
            let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            for entity in value.as_array().into_iter().flatten() {
                found.insert(entity["uid"].as_str().unwrap().to_owned(), entity.clone());
            }
        }
    }
    found
}

pub fn account(id: &str) -> String {
    format!("Account::\"{id}\"")
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let walked = walkdir::WalkDir::new(folder).into_iter().map(|e| e.unwrap().into_path()).filter(|p| p.is_file());
    walked.map(|p| (p.strip_prefix(folder).unwrap().display().to_string(), std::fs::read(&p).unwrap())).collect()
}

fn samples() -> (TempDir, PathBuf) {
    samples_of(&[])
}

/// As if they had been collected before the last events: these are later than the lists that they contradict.
fn dated_samples() -> (TempDir, PathBuf) {
    samples_of(&["--as-of", "2026-06-01"])
}

fn samples_of(args: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("inventory");
    let output = countersign(&[&["import", SAMPLES, "--out", &out.display().to_string()], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    (folder, out)
}

#[test]
fn the_samples_entity_by_entity() {
    let (_folder, out) = dated_samples();
    let found = entities(&out);
    let of = |uid: &str| found.get(uid).unwrap_or_else(|| panic!("no {uid} in {:?}", found.keys()));
    let attrs = |uid: &str| of(uid)["attrs"].clone();
    // trusted access was on from 2023-04-01, until an event turned it off on 2026-09-15; no answer tells the role
    assert_eq!(
        attrs("Organization::\"o-exampleorgid\""),
        json!({"featureSet": "ALL", "managementAccount": M, "trustedAccess": false,
            // the units below those of the root were not listed
            "notCollected": ["organizationalUnits"],
            "serviceControlPoliciesUnplaced": ["scps/p-noleave00001.json"]}),
        "the only delegated administrator administers Identity Center"
    );
    let phi = of("OrganizationalUnit::\"ou-ab12-phi00001\"");
    assert_eq!(phi["attrs"], json!({"name": "HIPAA", "serviceControlPoliciesAtLeast": ["scps/p-hipaascp0001.json"]}));
    assert_eq!(phi["parents"], json!(["Organization::\"o-exampleorgid\""]));
    // 222222222222 was created in the organization: nothing lies before; the event tells the second, the list the rest
    let created = of(&account(A));
    assert_eq!(created["attrs"]["memberships"][0]["from"], "2022-06-10T12:30:05.480Z");
    assert!(
        created["attrs"]["memberships"][0]["fromWitness"]
            .as_str()
            .unwrap()
            .starts_with("CloudTrail CreateAccountResult")
    );
    assert_eq!(created["attrs"]["membershipsKnownSince"], Value::Null);
    assert_eq!(created["tags"], json!({"Data": "PHI", "Reg": "HIPAA"}));
    assert_eq!(created["parents"], json!(["OrganizationalUnit::\"ou-ab12-phi00001\""]));
    // 333333333333 was invited, and departed after the list of accounts was taken
    let departed = of(&account(B));
    let membership = &departed["attrs"]["memberships"][0];
    assert_eq!(
        (&membership["from"], &membership["until"]),
        (&json!("2024-09-01T08:15:44.010Z"), &json!("2026-06-15T09:00:01Z")),
        "the event about membership is the better witness than the call a second before"
    );
    assert!(membership["untilWitness"].as_str().unwrap().contains("unverified"));
    assert_eq!(
        (&departed["parents"], &departed["attrs"]["membershipsKnownSince"]),
        (&Value::Null, &membership["from"])
    );
    // 777777777777 came and went between the lists; 222222222222's attempt to leave failed
    let passed = of(&account("777777777777"));
    assert_eq!(passed["attrs"]["memberships"].as_array().unwrap().len(), 1, "one joining, told by two events");
    assert_eq!(passed["attrs"]["memberships"][0]["until"], "2026-07-02T10:00:00Z");
    // agreements: listed for the accounts that the files name
    let listed = |id: &str| of(&account(id))["attrs"]["agreementsKnown"].is_null();
    assert_eq!([M, A, B, "444444444444", "777777777777"].map(listed), [true, false, true, false, false]);
    assert_eq!(found.keys().filter(|k| k.contains("OrgBaa")).count(), 1, "listed by two accounts, and one");
    let organization = attrs("CustomerAgreement::\"customer-agreement-OrgBaa0123456789\"");
    assert_eq!((&organization["organization"], &organization["account"]), (&json!(ORG), &Value::Null));
    assert_eq!(
        (&organization["effectiveStart"], &organization["effectiveEnd"]),
        (&json!("2023-04-01T15:20:00Z"), &json!("2026-09-01T12:00:00Z"))
    );
    let ended = attrs("CustomerAgreement::\"customer-agreement-Acct222012345678\"");
    assert_eq!(
        (&ended["state"], &ended["effectiveEnd"]),
        (&json!("CUSTOMER_TERMINATED"), &json!("2023-03-01T00:00:00Z"))
    );
    let by_event = found.iter().find(|(k, _)| k.starts_with("CustomerAgreement::\"accepted-by-event-")).unwrap().1;
    assert_eq!(by_event["attrs"]["effectiveStart"], "2026-08-01T12:00:00Z");
    assert!(by_event["attrs"]["acceptedBy"].as_str().unwrap().ends_with("/alice"));
    assert_eq!(
        attrs("Report::\"report-bqhUJF3FrQZsMJpb\""),
        json!({"series": "SOC", "category": "Certifications and Attestations", "acceptanceType": "EXPLICIT", "version": 1, "region": "us-east-1"})
    );
    // IAM
    let compliance = of("User::\"arn:aws:iam::222222222222:user/compliance\"");
    assert_eq!(compliance["attrs"]["policies"], json!(["222222222222/users/compliance/artifact.json"]));
    assert_eq!(compliance["parents"], json!(["Group::\"arn:aws:iam::222222222222:group/legal\""]));
    let set = "PermissionSet::\"arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-abcdef1234567890\"";
    assert_eq!(
        attrs(set),
        json!({"name": "Compliance", "customerManagedPolicies": ["/phi-guardrail"],
            "policies": ["identity-center/Compliance/inline.json", "arn:aws:iam::aws:policy/AWSArtifactAgreementsReadOnlyAccess"],
            "assignments": [{"group": "9067642c4c-6f1b0f6a-1111-4c2b-9d3e-0123456789ab", "accounts": [A]}]})
    );
    let text = files(&out).into_values().map(|b| String::from_utf8(b).unwrap()).collect::<String>();
    assert!(
        !text.contains("authority to accept") && !text.contains("removed all PHI"),
        "the terms are confidential (R30)"
    );
    assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "no place of this machine");
}

#[test]
fn the_samples_assessed() {
    let (_folder, out) = dated_samples();
    let baa = |day: &str| {
        let answers = assess_folder(&out, &on(day)).unwrap_or_else(|f| panic!("{}", words(&f)));
        [M, A, B, "444444444444", "777777777777"].map(|id| answers.baa(id))
    };
    let (org, own, none, unknown) = ("covered organization", "covered account", "not-covered", "unknown");
    // the organization's BAA holds from 2023-04-01 to 2026-09-01; 333333333333 has its own besides, and departed
    assert_eq!(baa("2022-07-01"), [none, own, unknown, unknown, unknown]);
    assert_eq!(baa("2024-10-01"), [org, org, org, org, unknown]);
    assert_eq!(baa("2026-06-16"), [org, org, own, org, unknown]);
    assert_eq!(baa("2026-06-25"), [org, org, own, org, org]);
    assert_eq!(baa("2026-07-03"), [org, org, own, org, unknown]);
    // of what 777777777777 accepted on 2026-08-01 an event alone tells: it may have been terminated since
    assert_eq!(baa("2026-08-02"), [org, org, own, org, unknown]);
    assert_eq!(baa("2026-10-01"), [none, unknown, own, unknown, unknown], "whose own are not listed is not known");
    // the instants: covered at the start, not at the end (D5)
    assert_eq!(baa("2023-04-01T15:20:00Z")[0], org);
    assert_eq!(baa("2023-04-01T15:19:59.999Z")[0], none);
    assert_eq!(baa("2026-09-01T12:00:00Z")[0], none);
    assert_eq!(baa("2026-06-15T09:00:01Z")[2], own);
    let answers = assess_folder(&out, &on("2026-11-01")).unwrap_or_else(|f| panic!("{}", words(&f)));
    let row = answers.coverage_of(M, "baa");
    assert!(texts(&row["evidence"]).iter().any(|e| e.contains("terminated: CloudTrail TerminateAgreement")), "{row}");
    // today's permissions and those of 2018: the user has both actions of the classic generation
    let user = user(A, "compliance");
    let accept = answers.answer(&user, "accept-agreement", "account");
    assert_eq!((&accept["decision"], &accept["dependsOn"][0]["key"]), (&json!("unknown"), &json!("agreementsKnown")));
    assert!(
        texts(&accept["assuming"])
            .iter()
            .any(|a| a.contains("ou-ab12-phi00001: not all of its service control policies are known")),
        "{accept}"
    );
    assert_eq!(answers.decision(&user, "terminate-agreement", "account"), "deny");
    // the permission set is its role, and has a policy of the account that no answer tells
    let role =
        "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Compliance_0123456789abcdef";
    let accept = answers.answer(role, "accept-agreement", "account");
    let keys: Vec<&str> = accept["dependsOn"].as_array().unwrap().iter().map(|d| d["key"].as_str().unwrap()).collect();
    assert!(keys.contains(&"arn:aws:iam::222222222222:policy/phi-guardrail"), "{accept}");
    assert_eq!(
        answers.decision(&root(M), "view-organization-agreements", "organization"),
        "deny",
        "trusted access is off"
    );
    // at a moment when it was on the same policies hold, as the answers say
    let holds = |id: &str| answers.account(id)["hipaa"]["holdsPhi"].clone();
    assert_eq!([A, B].map(holds), [json!(true), json!(null)], "the tags of 333333333333 were not listed");
    assert!(answers.codes().contains(&"CS002"), "PHI, and coverage unknown: {:?}", answers.codes());
}

/// `evaluate` on the answers themselves gives what it gives on what an import writes.
#[test]
fn evaluate_reads_the_same_sources_directly() {
    let (_folder, out) = samples();
    let ask = on("2026-10-01");
    let imported = assess_folder(&out, &ask).unwrap_or_else(|f| panic!("{}", words(&f)));
    let direct = assess_folder(Path::new(SAMPLES), &ask).unwrap_or_else(|f| panic!("{}", words(&f)));
    assert_eq!(imported.0["accounts"], direct.0["accounts"]);
    assert_eq!(imported.0["principals"], direct.0["principals"]);
    assert_eq!(imported.0["findings"], direct.0["findings"]);
    let first = countersign(&["coverage", SAMPLES, "--at", "2026-10-01"]);
    assert_eq!(first.status.code(), Some(0));
}

#[test]
fn a_second_import_changes_nothing_and_removes_what_is_gone() {
    let (_folder, out) = samples();
    let before = files(&out);
    let again = countersign(&["import", SAMPLES, "--out", &out.display().to_string()]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("0 files new or changed"), "{:?}", again.stdout);
    assert_eq!(files(&out), before);
    // an inventory of the user's beside it stays; what no answer tells any more goes
    std::fs::write(out.join("own.json"), "[]").unwrap();
    std::fs::write(out.join("countersign.toml"), "# ours\n[context]\n\"aws:SourceIp\" = \"10.0.0.1\"\n").unwrap();
    let only = Path::new(SAMPLES).join("organizations");
    let output = countersign(&[
        "import",
        &only.display().to_string(),
        "--out",
        &out.display().to_string(),
        "--as-of",
        "2026-05-01",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let after = files(&out);
    assert!(after.contains_key("own.json") && !after.contains_key("iam/222222222222.json"), "{:?}", after.keys());
    assert!(!out.join("iam").exists(), "empty folders go too");
    let toml = String::from_utf8(after["countersign.toml"].clone()).unwrap();
    assert!(toml.starts_with("asOf = \"2026-05-01T00:00:00Z\"\n# ours\n") && toml.contains("aws:SourceIp"), "{toml}");
    // a file that no import wrote is never replaced
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("accounts.json"), "mine").unwrap();
    let output = countersign(&["import", SAMPLES, "--out", &other.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(files(other.path()).into_values().collect::<Vec<_>>(), [b"mine".to_vec()]);
}

pub fn agreement(id: &str, more: Value) -> Value {
    let mut agreement = json!({"id": format!("customer-agreement-{id}"), "state": "ACTIVE", "awsAccountId": A,
        "arn": format!("arn:aws:artifact::{A}:customer-agreement/customer-agreement-{id}"),
        "agreementArn": "arn:aws:artifact:::agreement/agreement-9c1kBcYznTkcpRIm", "effectiveStart": "2024-01-01T00:00:00Z"});
    for (key, value) in more.as_object().unwrap() {
        agreement[key] = value.clone();
    }
    agreement
}

pub fn listing(agreements: &[Value]) -> Value {
    json!({"customerAgreements": agreements})
}

const LISTED: &str = "list-customer-agreements.222222222222.json";

#[test]
fn malformed_answers_have_their_place_and_change_nothing() {
    let bad = |name: &str, value: Value| Import::of(&[(name, value)]).refused();
    let in_account = |more: Value| bad(LISTED, listing(&[agreement("aaaaaaaaaaaaaaaa", more)]));
    let list_accounts = |more: Value| {
        let mut account = json!({"Id": A, "Arn": format!("arn:aws:organizations::{M}:account/{ORG}/{A}")});
        account.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bad("list-accounts.json", json!({"Accounts": [account]}))
    };
    let user = |policy: Value| {
        let user = json!({"UserName": "a", "Arn": crate::common::user(A, "a"), "UserPolicyList": [policy]});
        bad("details.json", json!({"UserDetailList": [user]}))
    };
    for (text, wanted) in [
        (in_account(json!({"effectiveEnd": "2024-02-01T00:00:00Z"})), "this agreement is active, but has an end"),
        (in_account(json!({"state": "CUSTOMER_TERMINATED"})), "this agreement is terminated, but has no end"),
        (in_account(json!({"state": "OPEN"})), "`OPEN` is not a valid state of an agreement"),
        (in_account(json!({"effectiveStart": "soon"})), "`effectiveStart` is not a valid date or time"),
        (in_account(json!({"effectiveStart": null})), "this entry has no `effectiveStart`"),
        (in_account(json!({"awsAccountId": "22222222222"})), "`22222222222` is not a valid account number"),
        (
            in_account(json!({"awsAccountId": 222222222222_u64})),
            "`awsAccountId` must be a string, but this is a number",
        ),
        (
            in_account(json!({"organizationArn": "arn:aws:organizations::1:x"})),
            "this is not the ARN of an organization",
        ),
        (in_account(json!({"agreementArn": "agreement-9c1kBcYznTkcpRIm"})), "is not a valid ARN of an agreement"),
        (bad(LISTED, json!({"customerAgreements": {}})), "`customerAgreements` must be a list, but this is an object"),
        (bad(LISTED, json!({"customerAgreements": ["x"]})), "`customerAgreements` must be a list of objects"),
        (bad(LISTED, json!({"customerAgreements": [], "nextToken": "abc"})), "one page of several"),
        (
            bad("details.json", json!({"UserDetailList": [], "IsTruncated": true, "Marker": "abc"})),
            "one page of several",
        ),
        (bad("list-accounts.json", json!({"Accounts": [], "NextToken": "abc"})), "one page of several"),
        (list_accounts(json!({"Id": "2222"})), "`2222` is not a valid account number"),
        (list_accounts(json!({"State": "OPEN"})), "there is no state `OPEN`"),
        (list_accounts(json!({"Paths": ["nonsense"]})), "a path must begin with the id of an organization"),
        (list_accounts(json!({"JoinedTimestamp": "last year"})), "`JoinedTimestamp` is not a valid date or time"),
        (bad("o.json", json!({"Organization": null})), "`Organization` is null"),
        (bad("o.json", json!({"Organization": {"Id": ORG, "FeatureSet": "FULL"}})), "there is no feature set `FULL`"),
        (
            bad(
                "p.json",
                json!({"Policy": {"PolicySummary": {"Id": "p-aaaaaaaa", "Type": "SERVICE_CONTROL_POLICY"}, "Content": "{oops"}}),
            ),
            "invalid JSON",
        ),
        (user(json!({"PolicyName": "p", "PolicyDocument": 3})), "a policy document must be an object or a string"),
        (user(json!({"PolicyName": "p"})), "this inline policy has no `PolicyDocument`"),
        (
            user(json!({"PolicyName": "p", "PolicyDocument": "oops"})),
            "not a policy document, whether plain or percent-encoded",
        ),
        (
            user(json!({"PolicyName": "p", "PolicyDocument": {"Statement": [{"Effect": "Maybe"}]}})),
            "`Effect` must be \"Allow\" or \"Deny\"",
        ),
        (
            bad(
                "details.json",
                json!({"UserDetailList": [{"UserName": "a", "Arn": crate::common::user(A, "a"), "GroupList": ["g"]}]}),
            ),
            "the group `g` is missing here",
        ),
        (
            bad(
                "details.json",
                json!({"RoleDetailList": [{"RoleName": "r", "Arn": format!("arn:aws:iam::{A}:role/r"),
            "AttachedManagedPolicies": [{"PolicyArn": format!("arn:aws:iam::{A}:policy/x")}]}]}),
            ),
            "the document of arn:aws:iam::222222222222:policy/x is missing here",
        ),
        (
            bad(
                "x.json",
                json!({"Records": [{"eventSource": "organizations.amazonaws.com", "eventName": "AccountDepartedOrganization",
            "eventTime": "2024-01-01T00:00:00Z", "eventID": "e", "recipientAccountId": M}]}),
            ),
            "this event does not name the account that departed",
        ),
        (bad("entities.json", json!([{"uid": account(A)}])), "this is not AWS output: it is part of an inventory"),
        (bad("x.json", json!({"Buckets": []})), "an object with Buckets"),
        (
            bad("x.json", json!({"Users": [{"UserName": "a", "UserId": "AIDA", "Arn": crate::common::user(A, "a")}]})),
            "this list is from IAM",
        ),
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
        assert!(text.contains(".json") && text.contains(":1:"), "a place: {text}");
    }
    let broken = Import::of(&[]);
    broken.put(LISTED, "{\"customerAgreements\": [");
    assert!(broken.refused().contains("invalid JSON"));
    broken.put(LISTED, [b'{', 0xff, b'}']);
    assert!(broken.refused().contains("invalid UTF-8"));
    broken.put(LISTED, "{\"customerAgreements\": [], \"customerAgreements\": []}");
    assert!(broken.refused().contains("twice"));
    let csv = Import::of(&[]);
    csv.put(
        "accounts.csv",
        "Account ID,ARN,Email,Name,State,Joined method,Joined timestamp\n22222222222,a,b,c,ACTIVE,CREATED,x\n",
    );
    assert!(csv.refused().contains("drop its leading zeros"));
    csv.put("accounts.csv", "Account ID,ARN,Email,Name,State,Joined method,Joined timestamp\n222222222222,a\n");
    assert!(csv.refused().contains("this row cannot be parsed"));
    assert_eq!(Import::of(&[]).run().status.code(), Some(3));
}

#[test]
fn an_answer_is_a_fact_and_no_answer_is_unknown() {
    let org_agreement = agreement(
        "OrgBaa0123456789",
        json!({"organizationArn": format!("arn:aws:organizations::{M}:organization/{ORG}"),
        "agreementArn": "arn:aws:artifact:::agreement/agreement-y03aUwMAEorHtqjv"}),
    );
    let import = Import::of(&[
        ("accounts/222222222222/list-customer-agreements.json", listing(&[])),
        ("accounts/333333333333/list-customer-agreements.json", listing(&[org_agreement])),
    ]);
    let (found, notes) = import.done();
    assert_eq!(found[&account(A)]["attrs"].get("agreementsKnown"), None, "an empty answer, complete");
    // a name that tells when the answer was collected does not tell an account
    let dated = Import::of(&[("list-customer-agreements.202611220215.json", listing(&[]))]);
    assert!(dated.run().status.code() == Some(3) && !dated.out().exists(), "it says nothing");
    // an account whose own answer lists the organization's agreement is in the organization
    assert_eq!(found[&account(B)]["parents"], json!([format!("Organization::\"{ORG}\"")]));
    // where 222222222222 belongs is told by nothing: not that it stands alone
    assert_eq!(found[&account(A)]["attrs"]["membershipsKnownSince"], "9999-12-31T00:00:00Z");
    assert!(notes.contains("featureSet of o-exampleorgid is unknown"), "{notes}");
    let answers = assess_folder(&import.out(), &on("2026-01-01")).unwrap_or_else(|f| panic!("{}", words(&f)));
    assert_eq!((answers.baa(A), answers.baa(B)), ("unknown".to_owned(), "covered organization".to_owned()));
}

#[test]
fn answers_that_contradict_each_other() {
    let twice = |other: Value| {
        Import::of(&[
            (LISTED, listing(&[agreement("aaaaaaaaaaaaaaaa", json!({}))])),
            ("b.222222222222.json", listing(&[agreement("aaaaaaaaaaaaaaaa", other)])),
        ])
    };
    assert!(twice(json!({"effectiveStart": "2024-01-02T00:00:00Z"})).refused().contains("contradicts this about"));
    // a list of what is in force that lacks it was taken before it was accepted, or after it ended: which, nothing tells
    let gone = Import::of(&[
        (LISTED, listing(&[agreement("aaaaaaaaaaaaaaaa", json!({}))])),
        ("younger/222222222222/list.json", listing(&[])),
    ]);
    assert!(gone.refused().contains("does not list customer-agreement-aaaaaaaaaaaaaaaa, but"));
    let shared = agreement(
        "OrgBaa0123456789",
        json!({"organizationArn": format!("arn:aws:organizations::{M}:organization/{ORG}"),
        "agreementArn": "arn:aws:artifact:::agreement/agreement-y03aUwMAEorHtqjv"}),
    );
    let stale =
        Import::of(&[(LISTED, listing(&[shared])), ("list-customer-agreements.111111111111.json", listing(&[]))]);
    assert!(
        stale
            .refused()
            .contains("this output of account 111111111111 does not list customer-agreement-OrgBaa0123456789")
    );
    // an event that ends it tells which
    let ended = json!({"requestParameters": {"customerAgreementId": "customer-agreement-OrgBaa0123456789"}});
    let ended = event("TerminateAgreement", M, "2025-01-01T00:00:00Z", ended);
    stale.put("trail.json", json!({"Records": [ended]}).to_string());
    let (found, _) = stale.done();
    let attrs = &found["CustomerAgreement::\"customer-agreement-OrgBaa0123456789\""]["attrs"];
    assert_eq!(attrs["effectiveEnd"], "2025-01-01T00:00:00Z");
    let user = json!({"UserDetailList": [{"UserName": "a", "Arn": crate::common::user(A, "a")}]});
    assert!(Import::of(&[("old.json", user.clone()), ("new.json", user)]).refused().contains("also describes"));
    // an answer without the end is older than one that has it
    let ended = json!({"state": "CUSTOMER_TERMINATED", "effectiveEnd": "2024-06-01T00:00:00Z"});
    let (found, notes) = twice(ended).done();
    assert_eq!(
        found["CustomerAgreement::\"customer-agreement-aaaaaaaaaaaaaaaa\""]["attrs"]["effectiveEnd"],
        "2024-06-01T00:00:00Z"
    );
    assert!(notes.contains("is older than that"), "{notes}");
}

pub fn event(name: &str, account: &str, at: &str, more: Value) -> Value {
    let service = if ["AcceptAgreement", "TerminateAgreement"].contains(&name) { "artifact" } else { "organizations" };
    let mut event = json!({"eventVersion": "1.11", "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
        "eventTime": at, "eventID": format!("{name}-{at}"), "recipientAccountId": account});
    for (key, value) in more.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

pub fn organization() -> (&'static str, Value) {
    (
        "describe-organization.json",
        json!({"Organization": {"Id": ORG, "Arn": format!("arn:aws:organizations::{M}:organization/{ORG}"),
        "FeatureSet": "ALL", "MasterAccountArn": format!("arn:aws:organizations::{M}:account/{ORG}/{M}")}}),
    )
}

/// `list-accounts` of an organization: its accounts, and when they joined.
pub fn accounts(organization: &str, management: &str, of: &[(&str, Value)]) -> Value {
    let account = |(id, joined): &(&str, Value)| {
        json!({"Id": id, "Arn": format!("arn:aws:organizations::{management}:account/{organization}/{id}"), "State": "ACTIVE",
            "JoinedMethod": "INVITED", "JoinedTimestamp": joined})
    };
    json!({"Accounts": of.iter().map(account).collect::<Vec<_>>()})
}

fn left(at: &str) -> Value {
    event("LeaveOrganization", A, at, json!({}))
}

fn joined(at: &str) -> Value {
    event(
        "AcceptHandshake",
        A,
        at,
        json!({"responseElements": {"handshake": {"action": "invite",
        "parties": [{"type": "ORGANIZATION", "id": "exampleorgid"}, {"type": "ACCOUNT", "id": A}]}}}),
    )
}

/// The memberships of an account, as `from–until`, and since when they are known.
fn memberships(events: &[Value]) -> (Vec<String>, Value) {
    let import = Import::of(&[organization(), ("trail.json", json!({"Records": events}))]);
    // an old event does not tell that it is still there: the list of accounts does
    let last = events
        .iter()
        .filter(|e| e.get("errorCode").is_none())
        .max_by_key(|e| e["eventTime"].as_str().unwrap().to_owned());
    if last.is_some_and(|e| e["eventName"] != "LeaveOrganization") {
        import.put("list-accounts.json", accounts(ORG, M, &[(A, Value::Null)]).to_string());
    }
    let (found, _) = import.done();
    let attrs = &found[&account(A)]["attrs"];
    let text = |m: &Value, edge: &str| m[edge].as_str().unwrap_or("").split('T').next().unwrap().to_owned();
    let memberships = attrs["memberships"].as_array().into_iter().flatten();
    (
        memberships.map(|m| format!("{}–{}", text(m, "from"), text(m, "until"))).collect(),
        attrs["membershipsKnownSince"].clone(),
    )
}

#[test]
fn joining_and_leaving_by_their_witnesses() {
    let (first, second, third) = ("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", "2025-01-01T00:00:00Z");
    let known = |text: &str| json!(text);
    assert_eq!(memberships(&[joined(first)]), (vec!["2024-01-01–".into()], known(first)));
    // records come in any order, and twice
    assert_eq!(
        memberships(&[joined(third), left(second), joined(first), left(second)]),
        (vec!["2024-01-01–2024-06-01".into(), "2025-01-01–".into()], known(first))
    );
    // joined twice without leaving: between lies a departure that nothing witnesses
    assert_eq!(memberships(&[joined(first), joined(third)]), (vec!["2025-01-01–".into()], known(third)));
    // left without having joined: before that, nothing is known; nor between two departures
    assert_eq!(memberships(&[left(second)]), (Vec::new(), known(second)));
    assert_eq!(memberships(&[joined(first), left(second), left(third)]), (Vec::new(), known(third)));
    // what failed, and handshakes of other kinds, are no changes
    let failed = event("LeaveOrganization", A, second, json!({"errorCode": "AccessDenied"}));
    let features = event(
        "AcceptHandshake",
        A,
        second,
        json!({"responseElements": {"handshake": {"action": "ENABLE_ALL_FEATURES"}}}),
    );
    assert_eq!(memberships(&[joined(first), failed, features]), (vec!["2024-01-01–".into()], known(first)));
    // as EventBridge hands it on
    let handed = json!({"detail-type": "AWS API Call via CloudTrail", "detail": joined(first)});
    let listed = ("list-accounts.json", accounts(ORG, M, &[(A, Value::Null)]));
    let (found, _) = Import::of(&[organization(), ("event.json", handed), listed]).done();
    assert_eq!(found[&account(A)]["attrs"]["membershipsKnownSince"], first);
    // created in it: there is nothing before; log pipelines write details as a string, and times in their own way
    let created = json!({"createAccountStatus": {"state": "SUCCEEDED", "accountId": A, "completedTimestamp": "Jan 1, 2024 12:00:00 AM"}});
    let record = event(
        "CreateAccountResult",
        M,
        "2024-01-01 00:00:04.000000000",
        json!({"serviceEventDetails": created.to_string()}),
    );
    assert_eq!(memberships(&[record]), (vec!["2024-01-01–".into()], Value::Null));
    let failed = json!({"createAccountStatus": {"state": "FAILED", "failureReason": "EMAIL_ALREADY_EXISTS"}});
    let record = event("CreateAccountResult", M, first, json!({"serviceEventDetails": failed}));
    assert_eq!(memberships(&[joined(second), record]), (vec!["2024-06-01–".into()], known(second)));
}

#[test]
fn events_of_agreements_and_what_they_leave_open() {
    let accepted = event(
        "AcceptAgreement",
        A,
        "2024-01-01T00:00:03Z",
        json!({"requestParameters": {"agreementId": "agreement-9c1kBcYznTkcpRIm"}}),
    );
    let ended = |id: &str| {
        event(
            "TerminateAgreement",
            A,
            "2025-01-01T00:00:00Z",
            json!({"requestParameters": {"customerAgreementId": id}}),
        )
    };
    let of = |events: &[Value], listed: &[Value]| {
        let (found, notes) =
            Import::of(&[organization(), ("t.json", json!({"Records": events})), (LISTED, listing(listed))]).done();
        let agreements = found.into_iter().filter(|(k, _)| k.starts_with("CustomerAgreement")).collect::<Vec<_>>();
        (agreements, notes)
    };
    // the acceptance that is listed is the one of the event, three seconds apart: one agreement, two witnesses
    let (agreements, _) = of(std::slice::from_ref(&accepted), &[agreement("aaaaaaaaaaaaaaaa", json!({}))]);
    assert_eq!(agreements.len(), 1);
    assert!(agreements[0].1["attrs"]["startWitness"].as_str().unwrap().contains("CloudTrail AcceptAgreement"));
    // a list that does not show it is older, or it has ended since: it is not said to be in force, nor that it is not
    let both = [organization(), ("t.json", json!({"Records": [accepted.clone()]})), (LISTED, listing(&[]))];
    let (found, notes) = Import::of(&both).done();
    let of_event = &found["CustomerAgreement::\"accepted-by-event-AcceptAgreement-2024-01-01T00:00:03Z\""]["attrs"];
    assert_eq!(of_event["knownUntil"], of_event["effectiveStart"], "{notes}");
    assert!(notes.contains("the account's list does not show it"), "{notes}");
    // what is terminated and not listed may be what was accepted: it is not said to be in force
    let both = [accepted, ended("customer-agreement-zzzzzzzzzzzzzzzz")];
    let collected = |on: &str| json!({"countersignCollection": {"collectedAt": on}});
    let of_list = |on: &str| {
        let answers = [organization(), ("t.json", json!({"Records": both})), (LISTED, listing(&[]))];
        let (found, notes) = Import::of(&[&answers[..], &[("collection.json", collected(on))]].concat()).done();
        (found.into_iter().filter(|(k, _)| k.starts_with("CustomerAgreement")).collect::<Vec<_>>(), notes)
    };
    let (agreements, notes) = of_list("2025-06-01T00:00:00Z");
    assert!(agreements.is_empty() && notes.contains("it may have been terminated later"), "{notes}");
    // a list that is older, or of an unknown day, does not tell that it is not in force
    let (older, _) = of_list("2024-06-01T00:00:00Z");
    let (undated, _) = of(&both, &[]);
    for agreements in [older, undated] {
        let attrs = &agreements[0].1["attrs"];
        assert_eq!((agreements.len(), &attrs["knownUntil"]), (1, &attrs["effectiveStart"]));
    }
    // a list that shows it in force may be older than the event that ends it, or newer: the time of the list tells
    let listed = [agreement("aaaaaaaaaaaaaaaa", json!({}))];
    let (agreements, notes) = of(&[ended("customer-agreement-aaaaaaaaaaaaaaaa")], &listed);
    assert_eq!(agreements[0].1["attrs"]["knownUntil"], "2025-01-01T00:00:00Z", "{notes}");
    let import = Import::of(&[
        ("collection.json", json!({"countersignCollection": {"collectedAt": "2024-12-01T00:00:00Z"}})),
        organization(),
        ("t.json", json!({"Records": [ended("customer-agreement-aaaaaaaaaaaaaaaa")]})),
        (LISTED, listing(&listed)),
    ]);
    let (found, _) = import.done();
    let attrs = &found["CustomerAgreement::\"customer-agreement-aaaaaaaaaaaaaaaa\""]["attrs"];
    assert_eq!(attrs["state"], "CUSTOMER_TERMINATED");
}

#[test]
fn documents_as_object_string_or_percent_encoded() {
    let document =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "artifact:*", "Resource": "*"}]});
    let encoded = document.to_string().replace('"', "%22").replace('{', "%7B").replace('}', "%7D").replace(' ', "%20");
    let of = |document: Value| {
        let user = json!({"UserName": "a", "Arn": crate::common::user(A, "a"), "UserPolicyList": [{"PolicyName": "p/q?", "PolicyDocument": document}]});
        let import = Import::of(&[(
            "details.json",
            json!({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}),
        )]);
        import.done();
        let path = import.out().join("iam/222222222222/users/a/p%2Fq%3F.json");
        serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    for form in
        [document.clone(), json!(document.to_string()), json!(encoded), json!(json!(document.to_string()).to_string())]
    {
        assert_eq!(of(form), document);
    }
}

#[test]
fn packed_trails_and_the_csv_of_the_console() {
    use std::io::Write;
    let import = Import::of(&[organization()]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(json!({"Records": [joined("2024-01-01T00:00:00Z")]}).to_string().as_bytes()).unwrap();
    import.put("trail.json.gz", packed.finish().unwrap());
    let header = "Account ID,ARN,Email,Name,Status,Joined method,Joined timestamp";
    let arn = |id: &str| format!("arn:aws:organizations::{M}:account/{ORG}/{id}");
    import.put("Organization_accounts_information.csv", format!("{header}\n012345678901,{},e@example.com,\"a, b\",Active,Created,Fri Jun 10 2022 13:30:05 GMT+0100 (Central European Standard Time)\n{A},{},e@example.com,c,Active,Invited,\n", arn("012345678901"), arn(A)));
    let (found, _) = import.done();
    assert_eq!(found[&account(A)]["attrs"]["memberships"][0]["from"], "2024-01-01T00:00:00Z");
    let csv = &found[&account("012345678901")];
    assert_eq!((&csv["attrs"]["name"], &csv["attrs"]["state"]), (&json!("a, b"), &json!("ACTIVE")));
    assert_eq!(csv["attrs"]["memberships"][0]["from"], "2022-06-10T12:30:05Z");
    import.put("trail.json.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3]);
    let output = import.run();
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be unpacked"));
    assert_eq!(output.status.code(), Some(2));
}

/// Any part of what can be collected is an inventory: the rest is unknown.
#[test]
fn every_part_of_the_samples_by_itself() {
    for part in [
        "artifact",
        "cloudtrail",
        "iam",
        "organizations",
        "sso-admin",
        "organizations/Organization_accounts_information.csv",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (source, out) = (format!("{SAMPLES}/{part}"), folder.path().join("inventory"));
        let output = countersign(&["import", &source, "--out", &out.display().to_string()]);
        assert_eq!(output.status.code(), Some(0), "{part}: {}", String::from_utf8_lossy(&output.stderr));
        let answers = assess_folder(&out, &on("2026-10-01")).unwrap_or_else(|f| panic!("{part}: {}", words(&f)));
        for account in answers.0["accounts"].as_array().unwrap() {
            let baa = answers.baa(account["account"].as_str().unwrap());
            let own = account["account"] == B || account["account"] == "777777777777";
            let may = match part {
                // 333333333333's own, which its list shows; where the accounts stand is told by what the lists show
                "artifact" => own || baa.starts_with("covered organization") || baa == "unknown",
                "cloudtrail" => (own && baa == "covered account") || baa == "unknown",
                _ => baa == "unknown",
            };
            assert!(may, "{part} {}: {baa}", account["account"]);
        }
    }
}

fn scp(id: &str) -> Value {
    let content =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "artifact:*", "Resource": "*"}]});
    json!({"Policy": {"PolicySummary": {"Id": id, "Type": "SERVICE_CONTROL_POLICY",
        "Arn": format!("arn:aws:organizations::{M}:policy/{ORG}/service_control_policy/{id}")}, "Content": content.to_string()}})
}

#[test]
fn a_policy_is_never_lost_for_want_of_its_target() {
    let member = json!({"Id": A, "Arn": format!("arn:aws:organizations::{M}:account/{ORG}/{A}"), "State": "ACTIVE"});
    let of = |target: Value| {
        Import::of(&[
            organization(),
            ("list-accounts.json", json!({"Accounts": [member.clone()]})),
            ("describe-policy.p-guard0001.json", scp("p-guard0001")),
            ("list-targets-for-policy.p-guard0001.json", json!({"Targets": [target]})),
        ])
    };
    // the root is known by the ARN of the target
    let arn = format!("arn:aws:organizations::{M}:root/{ORG}/r-ab12");
    let (found, _) = of(json!({"TargetId": "r-ab12", "Type": "ROOT", "Arn": arn})).done();
    let organization = &found[&format!("Organization::\"{ORG}\"")]["attrs"];
    assert_eq!(organization["serviceControlPoliciesAtLeast"], json!(["scps/p-guard0001.json"]));
    let import = of(json!({"TargetId": "r-ab12", "Type": "ROOT"}));
    let output = import.run();
    assert_eq!(output.status.code(), Some(2));
    assert!(plain(&String::from_utf8_lossy(&output.stderr)).contains("attached to r-ab12, but nothing describes it"));
    // one whose targets were not listed may deny; one whose document is not told may too
    let (found, notes) = Import::of(&[
        self::organization(),
        ("list-accounts.json", json!({"Accounts": [member.clone()]})),
        ("list-policies.json", json!({"Policies": [scp("p-guard0001")["Policy"]["PolicySummary"]]})),
    ])
    .done();
    let organization = &found[&format!("Organization::\"{ORG}\"")]["attrs"];
    assert_eq!(organization["serviceControlPoliciesUnplaced"], json!(["p-guard0001"]));
    assert!(notes.contains("what p-guard0001 says is unknown"), "{notes}");
}

/// AWS names every account as a target of FullAWSAccess: those are there, and nothing else is known of them (D31).
#[test]
fn accounts_that_were_not_listed_are_known_by_what_is_attached_to_them() {
    let answers = |more: &[(&'static str, Value)]| {
        let own: [(&'static str, Value); 4] = [
            organization(),
            (".countersign.json", json!({"countersignCollection": {"collectedAt": "2026-11-01T00:00:00Z"}})),
            ("describe-policy.p-guard0001.json", scp("p-guard0001")),
            ("list-targets-for-policy.p-guard0001.json", json!({"Targets": [{"TargetId": A, "Type": "ACCOUNT"}]})),
        ];
        Import::of(&[&own[..], more].concat())
    };
    let (found, notes) = answers(&[]).done();
    assert_eq!(found[&format!("Organization::\"{ORG}\"")]["attrs"]["accountsKnown"], false, "{notes}");
    let account = &found[&account(A)];
    assert_eq!(account["attrs"]["serviceControlPolicies"], Value::Null, "others may be attached: {account}");
    assert_eq!(account["attrs"]["serviceControlPoliciesAtLeast"], json!(["scps/p-guard0001.json"]));
    for attr in ["principalsKnown", "agreementsKnown", "tagsKnown"] {
        assert_eq!(account["attrs"][attr], false, "{attr}");
    }
    assert_eq!(account["parents"], json!([format!("Organization::\"{ORG}\"")]));
    // since when it is there is not told
    assert!(account["attrs"]["membershipsKnownSince"].is_string(), "{account}");
    // where all accounts were listed, and it is none of them, the answers contradict each other
    let member = json!({"Id": B, "Arn": format!("arn:aws:organizations::{M}:account/{ORG}/{B}"), "State": "ACTIVE"});
    let output = answers(&[("list-accounts.json", json!({"Accounts": [member]}))]).run();
    assert_eq!(output.status.code(), Some(2));
}

/// Without its name, nothing tells which roles a permission set has: the rest of the answers counts.
#[test]
fn a_permission_set_that_was_not_described_makes_assignments_unknown() {
    let set = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef";
    let member = json!({"Id": A, "Arn": format!("arn:aws:organizations::{M}:account/{ORG}/{A}"), "State": "ACTIVE"});
    let (found, notes) = Import::of(&[
        organization(),
        ("list-accounts.json", json!({"Accounts": [member]})),
        ("list-permission-sets.json", json!({"PermissionSets": [set]})),
        ("list-accounts-for-provisioned-permission-set.ps-1234567890abcdef.json", json!({"AccountIds": [A]})),
    ])
    .done();
    assert!(notes.contains("the name of") && notes.contains("is unknown"), "{notes}");
    assert!(!found.keys().any(|uid| uid.starts_with("PermissionSet")));
    assert_eq!(found[&account(A)]["attrs"]["assignmentsKnown"], false);
}

#[test]
fn trusted_access_by_its_list_and_by_events() {
    let principal = "aws-artifact-account-sync.amazonaws.com";
    let listed = |on: bool| {
        let enabled = json!([{"ServicePrincipal": principal, "DateEnabled": "2023-01-01T00:00:00Z"}]);
        ("list-aws-service-access.json", json!({"EnabledServicePrincipals": if on { enabled } else { json!([]) }}))
    };
    let switch = |on: bool, at: &str| {
        let name = if on { "EnableAWSServiceAccess" } else { "DisableAWSServiceAccess" };
        (
            "trail.json",
            json!({"Records": [event(name, M, at, json!({"requestParameters": {"servicePrincipal": principal}}))]}),
        )
    };
    let state = |files: &[(&str, Value)]| {
        let (found, _) = Import::of(&[&[organization()][..], files].concat()).done();
        found[&format!("Organization::\"{ORG}\"")]["attrs"]["trustedAccess"].clone()
    };
    let (before, after) = ("2022-01-01T00:00:00Z", "2024-01-01T00:00:00Z");
    assert_eq!(state(&[]), Value::Null);
    assert_eq!(state(&[listed(true)]), true);
    assert_eq!(state(&[listed(false)]), false);
    assert_eq!(state(&[switch(true, after)]), true);
    assert_eq!(state(&[listed(true), switch(false, before)]), true, "turned on again since");
    assert_eq!(state(&[listed(true), switch(false, after)]), false, "the list is older");
    assert_eq!(state(&[listed(false), switch(true, after)]), Value::Null, "which of the two is younger is not told");
    let other = json!({"EnabledServicePrincipals": [{"ServicePrincipal": "artifact.amazonaws.com", "DateEnabled": 1672531200}]});
    assert_eq!(state(&[("list-aws-service-access.json", other)]), true, "T4");
}

#[test]
fn an_organization_that_was_deleted_ends_the_membership_of_its_management_account() {
    let (joins, leaves, deletes) = ("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", "2024-07-01T00:00:00Z");
    let delete = || event("DeleteOrganization", M, deletes, json!({}));
    let answers = |events: &[Value]| Import::of(&[organization(), ("trail.json", json!({"Records": events}))]).done().0;
    let found = answers(&[joined(joins), left(leaves), delete()]);
    assert_eq!(found["Organization::\"o-exampleorgid\""]["attrs"]["deletedAt"], deletes);
    // no list tells any more what was in force before
    assert_eq!(found["Organization::\"o-exampleorgid\""]["attrs"]["agreementsKnown"], false);
    let management = &found[&account(M)];
    assert_eq!(management["attrs"]["memberships"][0]["until"], deletes, "{management}");
    assert!(management["attrs"]["memberships"][0]["untilWitness"].as_str().unwrap().contains("DeleteOrganization"));
    assert!(management["parents"].as_array().is_none_or(Vec::is_empty), "{management}");
    assert_eq!(found[&account(A)]["attrs"]["memberships"][0]["until"], leaves);
    // it had left before, and nothing tells when
    let found = answers(&[joined(joins), delete()]);
    assert_eq!(found[&account(A)]["attrs"]["membershipsKnownSince"], "9999-12-31T00:00:00Z", "{}", found[&account(A)]);
}
