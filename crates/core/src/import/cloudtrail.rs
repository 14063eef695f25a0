//! CloudTrail: the events that change who belongs to which organization, and which agreements are in force.
//!
//! An event with an error code changed nothing; one that several trails or files hold counts once, by its id. Where AWS has
//! not published the form of an event, what was read of it is marked as unverified.

use std::sync::Arc;

use super::answer::{COLLECT, Fields, is_account, is_organization};
use super::facts::Facts;
use super::moments;
use crate::moment::Moment;
use crate::problem::{Problem, SourceFile};
use crate::text::json::{self, Node, Value};

/// A change that an event witnesses.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// What.
    pub change: Change,
    /// The account whose trail it stands in.
    pub recipient: String,
    /// What tells so, for the evidence.
    pub witness: String,
    /// Who did it.
    pub who: Option<String>,
}

/// What happened. An account is its number; a rank orders witnesses of the same change, events about membership first.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Change {
    /// An account joined an organization, where the event names it.
    Joined { account: String, organization: Option<String>, invited: Option<bool>, rank: u8 },
    /// An account departed.
    Departed { account: String, rank: u8 },
    /// An account was closed, and stays a member until it departs.
    Closed { account: String },
    /// The organization was deleted that the account of the trail managed.
    Deleted,
    /// A service's trusted access was turned on or off.
    TrustedAccess { service: String, on: bool },
    /// An agreement was accepted; which, and with the acceptance, where the event tells it: AWS has not published its fields.
    Accepted { agreement: Option<String>, acceptance: Option<String> },
    /// An acceptance was terminated; which, where the event tells it.
    Terminated { acceptance: Option<String> },
}

impl Change {
    /// The acceptance that it terminates.
    pub fn terminated(&self) -> Option<&String> {
        match self {
            Self::Terminated { acceptance } => acceptance.as_ref(),
            _ => None,
        }
    }
}

/// `{"Records": […]}` of a trail's file.
pub fn records(facts: &mut Facts, fields: &mut Fields<'_>) {
    for node in fields.entries("Records") {
        record(facts, fields.of(node));
    }
}

/// An event of EventBridge, which holds the record in `detail`; those of other kinds tell nothing that is known.
pub fn handed(facts: &mut Facts, fields: &mut Fields<'_>) {
    if let Some(detail) = fields.get("detail").filter(|d| d.get("eventName").is_some()) {
        record(facts, fields.of(detail));
    } else {
        let message = format!("{}: this event is not from CloudTrail, and is ignored", fields.source.path);
        facts.remark(message, "collect again what it is about");
    }
}

/// `lookup-events`, which wraps each record in a string.
pub fn looked_up(facts: &mut Facts, fields: &mut Fields<'_>) {
    let path = fields.source.path.clone();
    for node in fields.entries("Events") {
        let mut wrapped = fields.of(node);
        let Some(text) = wrapped.needed("CloudTrailEvent") else {
            continue;
        };
        let line = wrapped.place().line();
        let source = SourceFile::new(format!("{path}, the event in line {line}"), text);
        match json::parse(&source) {
            Ok(node) => record(facts, Fields { source: &source, node: &node, problems: fields.problems }),
            Err(problems) => fields.problems.extend(problems),
        }
    }
}

/// The events that concern this project; others are passed over, as a trail holds everything.
const EVENTS: [&str; 12] = [
    "AccountJoinedOrganization",
    "AccountDepartedOrganization",
    "CreateAccountResult",
    "AcceptHandshake",
    "RemoveAccountFromOrganization",
    "LeaveOrganization",
    "CloseAccountResult",
    "DeleteOrganization",
    "EnableAWSServiceAccess",
    "DisableAWSServiceAccess",
    "AcceptAgreement",
    "TerminateAgreement",
];

/// Events whose fields AWS has not published: the names here are those of the SDK's text, and of tests of others.
const UNVERIFIED: [&str; 4] =
    ["AccountJoinedOrganization", "AccountDepartedOrganization", "AcceptAgreement", "TerminateAgreement"];

fn record(facts: &mut Facts, mut fields: Fields<'_>) {
    let (source, name) = (fields.needed("eventSource"), fields.needed("eventName"));
    let (Some(service), Some(name)) = (source, name) else { return };
    let ours = ["organizations.amazonaws.com", "artifact.amazonaws.com"].contains(&service);
    if !ours || !EVENTS.contains(&name) {
        return;
    }
    if fields.get("errorCode").is_some() {
        facts.failed_events += 1;
        return;
    }
    let at = fields.moment("eventTime");
    if at.is_none() && fields.get("eventTime").is_none() {
        fields.needed("eventTime");
    }
    let id = fields.needed("eventID").map(str::to_owned);
    let recipient = fields.id("recipientAccountId", is_account, "account number").map(str::to_owned);
    let (Some(at), Some(id), Some(recipient)) = (at, id, recipient) else { return };
    let who = fields.get("userIdentity").and_then(|u| u.get("arn")).and_then(Node::as_str).map(str::to_owned);
    let unverified = if UNVERIFIED.contains(&name) { ", unverified: AWS has not published its fields" } else { "" };
    let witness = format!("CloudTrail {name} {id}{unverified}");
    let Some((change, told)) = change(&mut fields, name, &recipient) else {
        return;
    };
    facts.events.insert(id, Event { at: told.unwrap_or(at), change, recipient, witness, who });
}

/// What an event changes, and when, where it tells that apart from its own time.
fn change(fields: &mut Fields<'_>, name: &str, recipient: &str) -> Option<(Change, Option<Moment>)> {
    let details = details(fields);
    let detail = |names: &[&str]| details.as_ref().and_then(|d| names.iter().find_map(|n| member(d, n)).cloned());
    let request = fields.get("requestParameters");
    let requested = |name: &str| request.and_then(|r| member(r, name)).and_then(Node::as_str).map(str::to_owned);
    let moment_of = |names: &[&str]| detail(names).and_then(|n| text(&n)).and_then(|t| moments::parse(&t));
    let account_of = || detail(&["accountId", "account"]).and_then(|n| text(&n)).filter(|a| is_account(a));
    match name {
        "AccountJoinedOrganization" => {
            let account = needed(fields, account_of(), "the account that joined")?;
            let method = detail(&["joinedMethod"]).and_then(|n| text(&n));
            let invited = method.map(|m| m.eq_ignore_ascii_case("INVITED"));
            Some((
                Change::Joined { account, organization: None, invited, rank: 2 },
                moment_of(&["joinedTime", "joinedTimestamp"]),
            ))
        }
        "AccountDepartedOrganization" => {
            let account = needed(fields, account_of(), "the account that departed")?;
            Some((Change::Departed { account, rank: 2 }, moment_of(&["departureTime", "departedTime"])))
        }
        "CreateAccountResult" => {
            let status = detail(&["createAccountStatus"])?;
            if member(&status, "state").and_then(Node::as_str) != Some("SUCCEEDED") {
                return None;
            }
            let account = member(&status, "accountId").and_then(text).filter(|a| is_account(a));
            let account = needed(fields, account, "the account that was created")?;
            let at = member(&status, "completedTimestamp").and_then(text).and_then(|t| moments::parse(&t));
            Some((Change::Joined { account, organization: None, invited: Some(false), rank: 1 }, at))
        }
        "CloseAccountResult" => {
            let status = detail(&["closeAccountStatus"])?;
            let succeeded = member(&status, "state").and_then(Node::as_str) == Some("SUCCEEDED");
            let account = member(&status, "accountId").and_then(text).filter(|a| succeeded && is_account(a))?;
            Some((Change::Closed { account }, None))
        }
        "DeleteOrganization" => Some((Change::Deleted, None)),
        "AcceptHandshake" => accepted_handshake(fields, recipient),
        "RemoveAccountFromOrganization" => {
            let account =
                needed(fields, requested("accountId").filter(|a| is_account(a)), "the account that was removed")?;
            Some((Change::Departed { account, rank: 1 }, None))
        }
        "LeaveOrganization" => Some((Change::Departed { account: recipient.to_owned(), rank: 1 }, None)),
        "EnableAWSServiceAccess" | "DisableAWSServiceAccess" => {
            let service = needed(fields, requested("servicePrincipal"), "the service")?;
            Some((Change::TrustedAccess { service, on: name == "EnableAWSServiceAccess" }, None))
        }
        "AcceptAgreement" => {
            let agreement = requested("agreementId").and_then(|id| named(&id, "agreement-"));
            let response = fields.get("responseElements").and_then(|r| member(r, "customerAgreement"));
            let acceptance = response.and_then(|a| member(a, "id")).and_then(text);
            let acceptance = acceptance.and_then(|id| named(&id, ACCEPTANCE));
            Some((Change::Accepted { agreement, acceptance }, None))
        }
        "TerminateAgreement" => {
            let acceptance = requested("customerAgreementId").and_then(|id| named(&id, ACCEPTANCE));
            Some((Change::Terminated { acceptance }, None))
        }
        _ => None,
    }
}

/// What ids of acceptances begin with.
const ACCEPTANCE: &str = "customer-agreement-";

/// An id, where a text is one or an ARN of one: CloudTrail may mask what it does not want to tell.
fn named(text: &str, prefix: &str) -> Option<String> {
    let id = text.rsplit('/').next().unwrap_or(text);
    let own = id.strip_prefix(prefix)?;
    // `customer-agreement-****` is none
    let is_id = !own.is_empty() && own.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_id.then(|| id.to_owned())
}

/// A handshake is also used to enable all features, and to transfer bills: only an invitation makes an account join.
fn accepted_handshake(fields: &mut Fields<'_>, recipient: &str) -> Option<(Change, Option<Moment>)> {
    let handshake = fields.get("responseElements").and_then(|r| member(r, "handshake"));
    let Some(action) = handshake.and_then(|h| member(h, "action")).and_then(Node::as_str) else {
        needed::<()>(fields, None, "the action of the handshake");
        return None;
    };
    if !action.eq_ignore_ascii_case("INVITE") {
        return None;
    }
    let parties = handshake.and_then(|h| member(h, "parties")).and_then(Node::as_array).unwrap_or_default();
    let of = |kind: &str| {
        let party = parties.iter().find(|p| member(p, "type").and_then(Node::as_str) == Some(kind))?;
        member(party, "id").and_then(Node::as_str)
    };
    // the id of an organization stands there without its prefix
    let organization = of("ORGANIZATION").map(|o| if o.starts_with("o-") { o.to_owned() } else { format!("o-{o}") });
    let organization = organization.filter(|o| is_organization(o));
    let account = of("ACCOUNT").filter(|a| is_account(a)).unwrap_or(recipient).to_owned();
    Some((Change::Joined { account, organization, invited: Some(true), rank: 1 }, None))
}

/// `serviceEventDetails`, which log pipelines turn into a string.
fn details(fields: &mut Fields<'_>) -> Option<Node> {
    let node = fields.get("serviceEventDetails")?;
    match &node.value {
        Value::String(text) => {
            let source = SourceFile::new(format!("{}, serviceEventDetails", fields.source.path), text.clone());
            json::parse(&source).ok()
        }
        _ => Some(node.clone()),
    }
}

/// A member, by its name without case: AWS mixes the cases of these.
fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    node.as_object()?.iter().find(|m| m.key.eq_ignore_ascii_case(name)).map(|m| &m.node)
}

fn text(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) | Value::Number(text) => Some(text.clone()),
        _ => None,
    }
}

/// What an event has to tell: without it the change is not known, and the import stops rather than passing it over.
fn needed<T>(fields: &mut Fields<'_>, found: Option<T>, what: &str) -> Option<T> {
    if found.is_none() {
        let span = fields.get("eventName").map_or(fields.node.span, |n| n.span);
        let problem = Problem::at(fields.source, span, format!("this event does not name {what}"));
        fields.problems.push(problem.help(COLLECT));
    }
    found
}

/// The text of a file that may be compressed, as trails are.
pub fn unpacked(bytes: Vec<u8>, name: &str, most: u64) -> Result<Arc<SourceFile>, Problem> {
    use std::io::Read;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return crate::text::files::text_of(bytes, name);
    }
    let mut text = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(most + 1).read_to_end(&mut text);
    read.map_err(|e| Problem::about(name, format!("{name} cannot be unpacked: {e}")).help("download the file again"))?;
    crate::text::files::text_of(text, name)
}
