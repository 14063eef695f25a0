#![doc = include_str!("../../../../../docs/rules/CS121.md")]

use crate::aws::catalogue::{self, Catalogue, Known, Service};
use crate::aws::{actions, api};
use crate::iam::template::{Syntax, Template};
use crate::lint::policy::{List, Policy, Statement, Text};
use crate::lint::read::Host;
use crate::lint::settings::Settings;
use crate::lint::{Check, Confidence, Rule, Severity, Sink, edit};
use crate::problem::{self, did_you_mean, distance};

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS121",
    name: "unknown-action",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS121.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    let settings = sink.settings;
    for statement in &policy.statements {
        let Some(list) = &statement.actions else {
            continue;
        };
        let slips: Vec<Option<Slip>> = list.texts.iter().map(|text| slip(text, settings)).collect();
        let none_is_known = list.texts.iter().zip(&slips).all(|(text, slip)| slip.is_some() && !text.perhaps);
        for (text, slip) in list.texts.iter().zip(slips) {
            if let Some(slip) = slip {
                let slip = slip.made_for_many(policy, text).beside(list);
                report(policy, text, slip.told(statement, list, none_is_known), sink);
            }
        }
    }
}

/// A name that AWS does not have.
struct Slip {
    message: String,
    help: Option<String>,
    near: Option<String>,
    severity: Severity,
    /// The service is one that AWS has.
    of_service: bool,
    /// The actions that are asked for, where it is an operation of the API.
    needs: Vec<String>,
}

impl Slip {
    /// A pattern that a template makes for each of several services need not match an action of every one.
    fn made_for_many(mut self, policy: &Policy, text: &Text) -> Self {
        let written = policy.source.slice(text.at.span);
        let filled_in = policy.host == Host::Terraform && (edit::is_template(written) || written.starts_with("format"));
        if filled_in && !text.is_literal() && self.of_service {
            self.severity = self.severity.min(Severity::Warning);
        }
        self
    }

    /// An operation of the API beside the actions that it needs does no harm.
    fn beside(mut self, list: &List) -> Self {
        let syntax = Syntax { wildcards: true, variables: false };
        let is_listed = |action: &String| {
            let patterns =
                list.texts.iter().filter(|t| t.is_known()).filter_map(|t| Template::parse(&t.text, syntax).ok());
            patterns.map(|p| p.to_lower()).any(|p| p.matches(&action.to_ascii_lowercase()))
        };
        if !self.needs.is_empty() && self.needs.iter().all(is_listed) {
            self.severity = self.severity.min(Severity::Warning);
            self.near = None;
            self.help = Some(format!("remove it: {}, which it needs, stands beside it", self.needs.join(" and ")));
        }
        self
    }

    /// Under `NotAction` a name that nothing has makes the statement wider: AWS takes it, and it has an effect.
    fn told(mut self, statement: &Statement, list: &List, none_is_known: bool) -> Self {
        if list.negated {
            self.severity = self.severity.min(Severity::Warning);
            let effect = match (statement.allow, none_is_known) {
                (Some(true), true) => "this excludes nothing, and the statement allows every action",
                (Some(false), _) => "this exempts nothing, and the statement denies more than is meant",
                _ => "this excludes nothing",
            };
            self.message = format!("{}: {effect}", self.message);
        }
        self
    }
}

fn slip(text: &Text, settings: &Settings) -> Option<Slip> {
    let (prefix, short) = text.text.split_once(':').filter(|_| text.is_known())?;
    // wildcards in the name of a service, and white space, are told as that
    if prefix.contains(['*', '?']) || text.text.contains(char::is_whitespace) {
        return None;
    }
    if prefix.is_empty() || short.is_empty() {
        let (what, help) = match prefix.is_empty() {
            true => ("service", "write the prefix of a service before the colon, as in `s3:GetObject`"),
            false => ("action", "write the name of an action after the colon, or `*` for all"),
        };
        return Some(Slip {
            message: format!("`{}` names no {what}", text.text),
            help: Some(help.to_owned()),
            near: None,
            severity: Severity::Error,
            of_service: false,
            needs: Vec::new(),
        });
    }
    let catalogue = &settings.catalogue;
    match catalogue.service(prefix) {
        Some(service) => unknown_action(text, (prefix, short), service, settings),
        None if catalogue::known_service(prefix).is_some() => None,
        None => {
            let near = near_service(catalogue, prefix, short);
            let slip = dated(format!("`{prefix}` is not a service of AWS"), near.map(str::to_owned), prefix, settings);
            // what is proposed is an action that there is, of that service or of the only one that has it
            let has = |p: &str| catalogue.service(p).is_some_and(|s| s.matching(short).next().is_some());
            let owner = near.filter(|p| has(p)).or_else(|| only_owner(catalogue, prefix, short));
            let help = near.map(|p| format!("is the service `{p}` meant? It has no such action"));
            Some(Slip { near: slip.near.and(owner.map(|p| format!("{p}:{short}"))), help, ..slip })
        }
    }
}

fn unknown_action(text: &Text, (prefix, short): (&str, &str), service: &Service, settings: &Settings) -> Option<Slip> {
    let found =
        if text.is_literal() { service.action(short).is_some() } else { service.matching(short).next().is_some() };
    // what AWS has deprecated is told as that
    if found || actions::matching(&text.text).next().is_some() {
        return None;
    }
    match catalogue::known_action(prefix, short) {
        Some(Known::Undocumented) => return None,
        Some(Known::Ended(day)) => {
            return Some(Slip {
                message: catalogue::has_ended(&format!("`{}`", text.text), day),
                help: Some("remove it, or name what took its place".to_owned()),
                near: None,
                severity: Severity::Warning,
                of_service: true,
                needs: Vec::new(),
            });
        }
        None => {}
    }
    if let Some(slip) = operation(text, (prefix, short)) {
        return Some(slip);
    }
    let syntax = Syntax { wildcards: true, variables: false };
    let template = Template::parse(short, syntax).unwrap_or_default().to_lower();
    if catalogue::known_actions(prefix).any(|name| template.matches(&name.to_ascii_lowercase())) {
        return None;
    }
    let near = near_action(service, short).map(|near| format!("{}:{near}", service.prefix));
    let message = match text.is_literal() {
        true => format!("`{}` is not an AWS action", text.text),
        false => format!("`{}` matches no AWS action", text.text),
    };
    // a slip that has no name of the same sense near it is one all the same
    let is_slip = text.is_literal() && did_you_mean(short, names_of(service)).is_some();
    let slip = dated(message, near, prefix, settings);
    let sure = is_slip && settings.catalogue.is_young(prefix, settings.at);
    Some(Slip { of_service: true, severity: if sure { Severity::Error } else { slip.severity }, ..slip })
}

/// An operation of the API whose permission has another name. No action will have its name: this depends on no date.
fn operation(text: &Text, (prefix, short): (&str, &str)) -> Option<Slip> {
    let needed = api::actions_of(prefix, short);
    let (first, rest) = needed.split_first()?;
    Some(Slip {
        message: format!(
            "`{}` is an operation of the API, and no action has its name (as of {})",
            text.text,
            api::date()
        ),
        help: Some(format!("it needs {}", needed.join(" and "))),
        near: rest.is_empty().then(|| first.clone()),
        severity: Severity::Error,
        of_service: true,
        needs: needed.clone(),
    })
}

/// A name that is nearly another one is a slip where the catalogue is young; else it may be younger than the catalogue.
fn dated(message: String, near: Option<String>, prefix: &str, settings: &Settings) -> Slip {
    let catalogue = &settings.catalogue;
    let sure = near.is_some() && catalogue.is_young(prefix, settings.at);
    let severity = if sure { Severity::Error } else { Severity::Warning };
    Slip {
        message: format!("{message} (as of {})", catalogue.date(prefix)),
        help: None,
        near,
        severity,
        of_service: false,
        needs: Vec::new(),
    }
}

fn report(policy: &Policy, text: &Text, slip: Slip, sink: &mut Sink<'_>) {
    let help = match (&slip.near, slip.help) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(help)) => help,
        (None, None) => {
            "check its name: `countersign show action` shows those that are known; a younger one may be missing"
                .to_owned()
        }
    };
    // of two names that are equally near, neither is written
    let is_named = !slip.needs.is_empty();
    let is_only =
        is_named || slip.near.as_ref().is_some_and(|near| is_nearest(&text.text, near, &sink.settings.catalogue));
    let finding = sink.add_as(slip.severity, &text.at, slip.message, help);
    if let (Some(finding), Some(near)) = (finding, slip.near) {
        let what = match edit::stands_beside(policy, text, &near) {
            true => format!("removes it, for `{near}` stands beside it"),
            false => format!("writes `{near}`, which takes effect"),
        };
        finding.fix(false, what, edit::replace(policy, text, &near).filter(|_| is_only));
    }
}

/// The names of a service's actions, those that AWS has deprecated among them: its catalogue no longer has them.
fn names_of(service: &Service) -> impl Iterator<Item = &str> {
    let own = actions::actions().iter().filter(|a| a.service().eq_ignore_ascii_case(&service.prefix));
    let deprecated = own.filter(|a| a.is_deprecated()).map(actions::Action::short);
    service.actions.iter().map(|a| a.name.as_str()).chain(deprecated)
}

/// Whether no other action of the service is as near to a name as this one; of a pattern that is not asked.
fn is_nearest(written: &str, near: &str, catalogue: &Catalogue) -> bool {
    const FAR: usize = 8;
    let (Some((written_prefix, word)), Some((prefix, name))) = (written.split_once(':'), near.split_once(':')) else {
        return true;
    };
    let (short, word) = (word, word.to_ascii_lowercase());
    if catalogue.service(written_prefix).is_none() && distance(written_prefix, prefix, 3).is_some() {
        let has = |p: &&str| catalogue.service(p).is_some_and(|s| s.matching(short).next().is_some());
        return problem::is_nearest(written_prefix, prefix, catalogue.prefixes().filter(has));
    }
    let far = |name: &str| distance(&word, &name.to_ascii_lowercase(), FAR);
    let (Some(own), Some(service)) = (far(name), catalogue.service(prefix)) else {
        return true;
    };
    name.contains(['*', '?'])
        || !names_of(service).any(|n| n != name && has_sense_of(n, short) && far(n).is_some_and(|d| d <= own))
}

/// The nearest action that does the same kind of thing; of a pattern, the nearest words that actions begin with.
fn near_action(service: &Service, short: &str) -> Option<String> {
    let names = || names_of(service);
    let Some(start) = short.strip_suffix('*') else {
        if short.contains(['*', '?']) {
            return None;
        }
        let near = did_you_mean(short, names().filter(|name| has_sense_of(name, short)));
        // of `ReEncrypt`, `ReEncryptFrom` was meant, not `Encrypt`
        let lower = short.to_ascii_lowercase();
        let one_slip = near.is_some_and(|near| distance(&lower, &near.to_ascii_lowercase(), 1).is_some());
        let is_near = did_you_mean(short, names()).is_some() && !one_slip;
        let longer = names().filter(|name| is_near && name.to_ascii_lowercase().starts_with(&lower)).min();
        return longer.or(near).map(str::to_owned);
    };
    if start.contains(['*', '?']) {
        return None;
    }
    near_start(names(), start).map(|near| format!("{near}*"))
}

/// The whole words that some name begins with and that are one slip from these; a short beginning is near to too much.
fn near_start<'n>(names: impl Iterator<Item = &'n str>, start: &str) -> Option<&'n str> {
    let length = start.len();
    if length < SHORTEST_START {
        return None;
    }
    let lower = start.to_ascii_lowercase();
    let beginnings = names.flat_map(|name| (length - 1..=length + 1).filter_map(|end| whole_words(name, end)));
    beginnings
        .filter(|b| distance(&lower, &b.to_ascii_lowercase(), 1).is_some() && has_sense_of(b, start))
        .min_by_key(|b| (b.len().abs_diff(length), *b))
}

/// The shortest beginning of a pattern of which a near one is proposed.
const SHORTEST_START: usize = 5;

/// The first letters of a name, where a word ends there.
fn whole_words(name: &str, end: usize) -> Option<&str> {
    let (start, rest) = name.split_at_checked(end)?;
    rest.chars().next().is_none_or(char::is_uppercase).then_some(start)
}

/// What a name begins with where it is no slip: an action that begins with another word does another thing.
const VERBS: [&str; 57] = [
    "accept",
    "activate",
    "add",
    "allow",
    "approve",
    "associate",
    "attach",
    "authorize",
    "batch",
    "cancel",
    "check",
    "connect",
    "copy",
    "create",
    "deactivate",
    "decrease",
    "decrypt",
    "delete",
    "deny",
    "deregister",
    "describe",
    "detach",
    "disable",
    "disassociate",
    "disconnect",
    "enable",
    "encrypt",
    "export",
    "get",
    "import",
    "increase",
    "invoke",
    "leave",
    "list",
    "modify",
    "pass",
    "publish",
    "put",
    "read",
    "register",
    "reject",
    "remove",
    "replace",
    "reset",
    "restore",
    "revoke",
    "run",
    "search",
    "send",
    "set",
    "start",
    "stop",
    "tag",
    "untag",
    "update",
    "view",
    "write",
];

/// What turns a verb into its opposite.
const OPPOSITES: [&str; 3] = ["de", "dis", "un"];

/// Whether an action may be meant by a name: it has the verb that is written, where that is one, and is not the opposite.
fn has_sense_of(action: &str, written: &str) -> bool {
    let (action_verb, written_verb) = (verb(action), verb(written));
    if VERBS.contains(&written_verb.as_str()) {
        return action_verb == written_verb;
    }
    let (action, written) = (action.to_ascii_lowercase(), written.to_ascii_lowercase());
    let most = action.len().max(written.len());
    let apart = |one: &str, other: &str| distance(one, other, most).unwrap_or(most);
    let opposite = |long: &str, short: &str| {
        let mut without = OPPOSITES.iter().filter_map(|prefix| long.strip_prefix(prefix));
        without.any(|rest| apart(rest, short) < apart(long, short))
    };
    !opposite(&written, &action) && !opposite(&action, &written)
}

/// The first word of a name, in small letters.
fn verb(name: &str) -> String {
    let next = name.char_indices().skip(1).find(|(_, c)| c.is_uppercase()).map_or(name.len(), |(at, _)| at);
    name.get(..next).unwrap_or(name).to_ascii_lowercase()
}

/// The service that alone has an action of this name, of several the only one whose name the prefix abbreviates.
fn only_owner<'c>(catalogue: &'c Catalogue, prefix: &str, short: &str) -> Option<&'c str> {
    if short.contains(['*', '?']) {
        return None;
    }
    let has = |p: &&str| catalogue.service(p).is_some_and(|s| s.action(short).is_some());
    let owners: Vec<&str> = catalogue.prefixes().filter(has).collect();
    let meant: Vec<&str> = owners.iter().copied().filter(|owner| abbreviates(prefix, owner)).collect();
    match (owners.as_slice(), meant.as_slice()) {
        ([only], _) | (_, [only]) => Some(only),
        _ => None,
    }
}

/// The letters of a word stand in a longer one in their order, from its first on: `efs` in `elasticfilesystem`.
fn abbreviates(word: &str, whole: &str) -> bool {
    let mut letters = whole.chars();
    let first = |a: &str| a.chars().next().map(|c| c.to_ascii_lowercase());
    first(word) == first(whole) && word.chars().all(|c| letters.any(|l| l == c.to_ascii_lowercase()))
}

/// The nearest prefix; of several, one whose service has such an action.
fn near_service<'c>(catalogue: &'c Catalogue, prefix: &str, short: &str) -> Option<&'c str> {
    let has = |p: &str| catalogue.service(p).is_some_and(|s| s.matching(short).next().is_some());
    let limit = (prefix.chars().count() / 3).clamp(1, 3);
    let lower = prefix.to_ascii_lowercase();
    let near = catalogue.prefixes().filter_map(|p| Some((distance(&lower, p, limit)?, p)));
    near.min_by_key(|(distance, p)| (!has(p), *distance, *p)).map(|(_, p)| p)
}
