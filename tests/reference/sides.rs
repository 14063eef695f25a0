//! The policy of a resource, resource control policies and the caller, in the second interpreter: from the IAM User Guide's evaluation
//! logic, without a line of the evaluator's.
//!
//! What no source says (whether one name of a caller is enough for `NotPrincipal`, which session of a role asks) is tried both ways:
//! where the ways differ the decision is `unknown`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{applies, layer, list, text};

/// Services of the requests that are generated which resource control policies bind.
const CONTROLLED: [&str; 3] = ["s3", "kms", "sts"];

/// Who asks, in one of the ways in which it can be read.
#[derive(Clone)]
struct Reading {
    /// The ARN or name that `Principal` has for it by itself.
    own: Option<String>,
    /// The role behind a session.
    behind: Option<String>,
    account: Option<String>,
    /// What `NotPrincipal` must list to except it.
    excepted: Vec<String>,
    /// `*` of an Allow is about it.
    everyone: bool,
    /// `{"AWS": "*"}` is about it.
    any_aws: bool,
    /// The canonical user that its account is, if it is one that is named.
    canonical: Option<String>,
}

/// `allowed`, `explicitDeny`, `implicitDeny` or `unknown`.
pub fn decide(request: &Value) -> &'static str {
    let principal = request["principal"].as_str().unwrap();
    let mut decisions = BTreeSet::new();
    for reading in readings(principal, request) {
        let policies = match (request.get("resourcePolicy"), needs_policy(principal, request)) {
            (Some(policy), _) => vec![Some(policy.clone())],
            (None, false) => vec![None],
            (None, true) => ["Allow", "Deny"]
                .map(|e| Some(json!({"Statement": [{"Effect": e, "Principal": "*", "Action": "*", "Resource": "*"}]})))
                .into_iter()
                .chain([Some(json!({"Statement": []}))])
                .collect(),
        };
        decisions.extend(policies.iter().map(|policy| under(request, &reading, policy.as_ref())));
    }
    if decisions.len() == 1 { decisions.pop_first().unwrap() } else { "unknown" }
}

fn account_of(arn: &str) -> Option<String> {
    let of = arn.split(':').nth(4).filter(|_| !arn.contains("-provider/"))?;
    (of.len() == 12).then(|| of.to_owned())
}

fn resource_account(principal: &str, request: &Value) -> Option<String> {
    let given = request["resourceAccount"].as_str().map(str::to_owned);
    given.or_else(|| account_of(request["resource"].as_str().unwrap())).or_else(|| account_of(principal))
}

fn is_guarded(request: &Value) -> bool {
    ["kms:", "sts:"].iter().any(|s| request["action"].as_str().unwrap().starts_with(s))
}

fn needs_policy(principal: &str, request: &Value) -> bool {
    let own = account_of(principal);
    own.is_none() || own != resource_account(principal, request) || is_guarded(request)
}

/// The canonical user ids that a request names.
fn canonical_ids(request: &Value) -> BTreeSet<String> {
    let text = request.to_string();
    let of = |at: usize| text[at..].split('"').nth(2).unwrap().to_owned();
    text.match_indices("CanonicalUser").map(|(at, _)| of(at)).collect()
}

/// The readings, with each canonical user that its account may be.
fn readings(principal: &str, request: &Value) -> Vec<Reading> {
    let mut found = Vec::new();
    for reading in readings_of_names(principal, request) {
        for id in canonical_ids(request).iter().filter(|_| reading.account.is_some()) {
            found.push(Reading { canonical: Some(id.clone()), ..reading.clone() });
            found.push(Reading { excepted: vec![id.clone()], ..reading.clone() });
            found.push(Reading { canonical: Some(id.clone()), excepted: vec![id.clone()], ..reading.clone() });
        }
        found.push(reading);
    }
    found
}

fn readings_of_names(principal: &str, request: &Value) -> Vec<Reading> {
    let account = account_of(principal);
    let everything = request.to_string();
    let plain = |own: &str| Reading {
        own: Some(own.to_owned()),
        behind: None,
        account: account.clone(),
        excepted: vec![own.to_owned()],
        everyone: true,
        any_aws: true,
        canonical: None,
    };
    if principal.ends_with(":root") {
        let excepted = vec![account.clone().unwrap()];
        return vec![Reading { own: None, behind: None, excepted, ..plain("") }];
    }
    let Some(of) = account.clone() else {
        let provider = plain(principal);
        if principal == "*" {
            return vec![provider];
        }
        let no_aws = Reading { any_aws: false, ..provider.clone() };
        let narrow = Reading { everyone: !principal.contains("-provider/"), ..no_aws.clone() };
        return vec![provider, no_aws, narrow];
    };
    // each way of being named, and each way of being excepted
    let mut callers = Vec::new();
    let mut exceptions = vec![vec![principal.to_owned()]];
    if principal.contains(":assumed-role/") {
        let role = request["context"]["aws:PrincipalArn"].as_str().unwrap().to_owned();
        exceptions.push(vec![role.clone()]);
        exceptions.push(vec![principal.to_owned(), role.clone(), of]);
        callers.push((Some(principal.to_owned()), Some(role)));
    } else if principal.contains(":role/") {
        callers.push((None, Some(principal.to_owned())));
        let prefix = format!("arn:aws:sts::{of}:assumed-role/{}/", principal.rsplit('/').next().unwrap());
        for (at, _) in everything.match_indices(&prefix) {
            let session = everything[at..].split('"').next().unwrap().to_owned();
            exceptions.push(vec![session.clone()]);
            callers.push((Some(session), Some(principal.to_owned())));
        }
        exceptions.push(vec![principal.to_owned(), "some session".to_owned(), of]);
    } else {
        exceptions.push(vec![principal.to_owned(), of]);
        callers.push((Some(principal.to_owned()), None));
    }
    let reading = |(own, behind): &(Option<String>, Option<String>), excepted: &Vec<String>| Reading {
        own: own.clone(),
        behind: behind.clone(),
        account: account.clone(),
        excepted: excepted.clone(),
        ..plain("")
    };
    callers.iter().flat_map(|c| exceptions.iter().map(move |e| reading(c, e))).collect()
}

/// How a statement's principals reach the caller: `direct`, `behind`, `account`.
fn reach(statement: &Value, who: &Reading, has_boundary: bool) -> Option<&'static str> {
    let (element, negated) = match statement.get("Principal") {
        Some(element) => (element, false),
        None => (&statement["NotPrincipal"], true),
    };
    let mut named: Vec<String> = Vec::new();
    if element == "*" {
        named.push("*".to_owned());
    } else {
        for (key, values) in element.as_object().unwrap() {
            let any = |v: String| if key == "AWS" && v == "*" { "any AWS".to_owned() } else { v };
            named.extend(list(values).into_iter().map(|v| any(text(v).replace(":root", ""))));
        }
    }
    let named: Vec<String> = named
        .into_iter()
        .map(|n| n.strip_prefix("arn:aws:iam::").filter(|n| n.len() == 12).map_or(n.clone(), str::to_owned))
        .collect();
    let has = |name: &String| named.contains(name);
    let everyone = named.iter().any(|n| n == "*");
    let any_aws = named.iter().any(|n| n == "any AWS");
    if negated {
        if everyone || any_aws {
            return None;
        }
        let applies = match statement["Effect"].as_str().unwrap() {
            "Deny" => has_boundary || !who.excepted.iter().all(has),
            _ => !who.excepted.iter().any(has),
        };
        return applies.then_some("direct");
    }
    let everyone = everyone && (who.everyone || statement["Effect"] == "Deny");
    if everyone || (any_aws && who.any_aws) || who.own.as_ref().is_some_and(has) {
        Some("direct")
    } else if who.behind.as_ref().is_some_and(has) {
        Some("behind")
    } else if who.account.as_ref().is_some_and(has) || who.canonical.as_ref().is_some_and(has) {
        Some("account")
    } else {
        None
    }
}

/// What a policy of a resource says: `deny`, a reach, or nothing.
fn of_resource(policy: &Value, who: &Reading, has_boundary: bool, request: &Value) -> Option<&'static str> {
    let mut reaches = Vec::new();
    for statement in list(&policy["Statement"]) {
        let mut about = statement.clone();
        if about.get("Resource").is_none() && about.get("NotResource").is_none() {
            about["Resource"] = json!("*");
        }
        if !applies(&about, request, policy["Version"] == "2012-10-17") {
            continue;
        }
        let Some(reach) = reach(statement, who, has_boundary) else { continue };
        if statement["Effect"] == "Deny" {
            return Some("deny");
        }
        reaches.push(reach);
    }
    ["direct", "behind", "account"].into_iter().find(|r| reaches.contains(r))
}

fn under(request: &Value, who: &Reading, policy: Option<&Value>) -> &'static str {
    let principal = request["principal"].as_str().unwrap();
    let request = &with_keys(request, principal);
    let of = resource_account(principal, request);
    let management = request["managementAccount"].as_str().map(str::to_owned);
    let linked = principal.contains(":role/aws-service-role/");
    let is_person = who.account.is_some() && !principal.ends_with(":root");
    let has_boundary = is_person && request.get("boundary").is_some();
    let own = |name: &str| match request.get(name) {
        Some(policies) if is_person => layer(policies, request),
        _ => "allow",
    };
    let [identity, boundary, session] = ["identity", "boundary", "session"].map(own);
    let levels = |name: &str| list(&request[name]).into_iter().cloned().collect::<Vec<_>>();
    let mut controls = Vec::new();
    if who.account.is_some() && who.account != management && !linked {
        controls.extend(levels("serviceControl").iter().map(|l| layer(l, request)));
    }
    let service = request["action"].as_str().unwrap().split(':').next().unwrap().to_owned();
    if CONTROLLED.contains(&service.as_str()) && !(management.is_some() && of == management) && !linked {
        for level in levels("resourceControl") {
            let said: Vec<_> = list(&level).iter().filter_map(|p| of_resource(p, who, has_boundary, request)).collect();
            controls.push(match said.as_slice() {
                [] => "silent",
                said if said.contains(&"deny") => "deny",
                _ => "allow",
            });
        }
    }
    let granted = policy.and_then(|p| of_resource(p, who, has_boundary, request));
    if [identity, boundary, session].contains(&"deny") || controls.contains(&"deny") || granted == Some("deny") {
        return "explicitDeny";
    }
    let own_side = [identity, boundary, session].iter().all(|l| *l == "allow");
    let allowed = !controls.contains(&"silent")
        && if who.account.is_none() {
            granted.is_some()
        } else if who.account != of {
            granted.is_some() && own_side
        } else {
            match granted {
                Some("direct") => true,
                Some("behind") => boundary == "allow" && session == "allow",
                Some(_) => own_side,
                None => own_side && !is_guarded(request),
            }
        };
    if allowed { "allowed" } else { "implicitDeny" }
}

/// The request with the keys that its principal and its resource determine.
fn with_keys(request: &Value, principal: &str) -> Value {
    let mut request = request.clone();
    let of = request["resourceAccount"].as_str().map(str::to_owned);
    let of = of.or_else(|| account_of(request["resource"].as_str().unwrap()));
    let context = request["context"].as_object_mut().unwrap();
    let mut set = |key: &str, value: Option<String>| {
        if let (Some(value), false) = (value, context.contains_key(key)) {
            context.insert(key.to_owned(), json!(value));
        }
    };
    set("aws:ResourceAccount", of);
    set("aws:PrincipalAccount", account_of(principal));
    set("aws:PrincipalArn", principal.starts_with("arn:aws:iam:").then(|| principal.to_owned()));
    set("aws:PrincipalIsAWSService", Some(principal.ends_with(".amazonaws.com").to_string()));
    request
}
