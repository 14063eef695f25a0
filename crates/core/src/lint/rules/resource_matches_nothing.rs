#![doc = include_str!("../../../../../docs/rules/CS131.md")]

use std::collections::BTreeSet;

use crate::aws;
use crate::aws::arns::{NoPartition, Reach};
use crate::aws::resources::{self, ArnText, Type, Wrong};
use crate::iam::crossing;
use crate::iam::stored::is_arn_or_pattern;
use crate::lint::policy::{List, Policy, PolicyKind, Text};
use crate::lint::{Check, Confidence, Rule, Severity, Sink, arn_parts, edit};
use crate::problem::{did_you_mean, is_nearest, meant};
use crate::text::UNKNOWN;

/// The rule.
pub static RULE: Rule = Rule {
    code: "CS131",
    name: "resource-matches-nothing",
    severity: Severity::Error,
    confidence: Confidence::High,
    opinion: false,
    page: include_str!("../../../../../docs/rules/CS131.md"),
    check: Check::Policy(check),
};

fn check(policy: &Policy, sink: &mut Sink<'_>) {
    for (text, asked) in resources(policy) {
        // the partitions are the same for all; what else an ARN of a resource's own policy may leave out, its service says
        if of_no_partition(policy, text, sink) || policy.kind.has_principals() {
            continue;
        }
        if text.text.is_empty() || !(is_arn_or_pattern(&text.text) || text.text.starts_with(UNKNOWN)) {
            sink.add(&text.at, format!("`{}` is neither an ARN nor `*`", text.text), "write an ARN, or \"*\"");
            continue;
        }
        if let Some(name) = pseudo_parameter(&text.text) {
            let message = format!("`{name}` is not filled in without `Fn::Sub`, so this matches nothing");
            sink.add(&text.at, message, "write `!Sub` before it");
            continue;
        }
        let arn = ArnText::new(&text.text);
        match arn.segment(2) {
            _ if !arn.is_whole() && crossing::may_cross(&text.text) => {
                let message = format!(
                    "`{}` has fewer than the six parts of an ARN: it matches nothing, unless its `*` reaches across colons (D25)",
                    text.text
                );
                let help = "write all six parts, as in arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE";
                sink.add_as(Severity::Warning, &text.at, message, help);
            }
            _ if !arn.is_whole() => {
                let message = format!("`{}` has fewer than the six parts of an ARN, so it matches nothing", text.text);
                sink.add(&text.at, message, "write arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, or end it with `*`");
            }
            // what is filled in may hold colons, and begin another part
            "artifact" if !arn_parts::is_placed(&text.text) => {}
            "artifact" => artifact(policy, text, &arn, sink),
            "iam" if role(policy, text, &arn, sink) => {}
            _ if arn_parts::is_wrong(text, &arn, &asked, sink) => {}
            _ if is_in_no_region(policy, text, &arn, sink) => {}
            _ => of_catalogue(text, &arn, sink),
        }
    }
}

/// The resources of all statements, and the services of the actions of each, where all of them are named.
fn resources(policy: &Policy) -> impl Iterator<Item = (&Text, Vec<String>)> {
    policy.statements.iter().filter_map(|s| Some((s, s.resources.as_ref()?))).flat_map(|(statement, resources)| {
        let asked =
            statement.actions.as_ref().filter(|a| !a.negated && !resources.negated).map(asked).unwrap_or_default();
        resources.texts.iter().map(move |text| (text, asked.clone()))
    })
}

/// The services that actions name, each once; none where an action does not say.
fn asked(actions: &List) -> Vec<String> {
    let service = |text: &Text| {
        let (service, _) = text.text.split_once(':')?;
        (!service.is_empty() && !service.contains(['*', '?', UNKNOWN])).then(|| service.to_ascii_lowercase())
    };
    let services: Option<BTreeSet<String>> = actions.texts.iter().map(service).collect();
    services.unwrap_or_default().into_iter().collect()
}

/// An ARN of IAM, or of a bucket or object, that names a Region: IAM stores no policy with one (`IAM resource … cannot contain region
/// information`, `… can not contain region information`). What AWS Organizations does with it is not known.
fn is_in_no_region(policy: &Policy, text: &Text, arn: &ArnText, sink: &mut Sink<'_>) -> bool {
    let (service, region) = (arn.segment(2), arn.segment(3));
    if !["iam", "s3"].contains(&service) || !aws::regions().any(|r| r == region) || !arn_parts::is_apart(&text.text) {
        return false;
    }
    let catalogue = &sink.settings.catalogue;
    let reaches = |text: &str| {
        let reach = Reach::new(text);
        reach.is_some_and(|reach| catalogue.resources_of(service).any(|r| reach.reaches(r)))
    };
    // access points and jobs of Amazon S3 have a Region
    if reaches(&text.text) {
        return false;
    }
    let (partition, name) = (arn.segment(1), arn.segment(5));
    let account = if service == "s3" { "" } else { arn.segment(4) };
    let stored = matches!(
        policy.kind,
        PolicyKind::Identity | PolicyKind::PermissionSet | PolicyKind::Boundary | PolicyKind::Session
    );
    let (severity, effect) = match stored {
        true => (Severity::Error, "IAM rejects the policy"),
        false => (Severity::Warning, "this matches nothing"),
    };
    let message = format!("the ARNs of `{service}` have no Region, and this names `{region}`: {effect}");
    sink.add_as(severity, &text.at, message, format!("write arn:{partition}:{service}::{account}:{name}"));
    true
}

/// A variable of CloudFormation that stands in a text as it is: no policy variable has two colons.
fn pseudo_parameter(text: &str) -> Option<&str> {
    let start = text.find("${AWS::")?;
    let rest = text.get(start..)?;
    rest.get(..=rest.find('}')?)
}

/// An ARN in a partition that AWS does not have; whether it is one.
fn of_no_partition(policy: &Policy, text: &Text, sink: &mut Sink<'_>) -> bool {
    let mut parts = text.text.splitn(6, ':');
    let (Some("arn"), Some(partition), 4) = (parts.next(), parts.next(), parts.count()) else {
        return false;
    };
    let Some(NoPartition { message, help, near }) = aws::arns::no_partition(partition) else {
        return false;
    };
    // what is no slip of one may be younger than what is known here, or the partition of a test
    let severity = if near.is_some() { Severity::Error } else { Severity::Warning };
    if let Some(finding) = sink.add_as(severity, &text.at, message, help)
        && let Some(near) = near
    {
        let corrected = text.text.replacen(&format!("arn:{partition}:"), &format!("arn:{near}:"), 1);
        let is_only = is_nearest(partition, near, aws::all_partitions().iter().map(String::as_str));
        let edits = edit::replace(policy, text, &corrected).filter(|_| text.is_known() && is_only);
        finding.fix(false, format!("writes `{corrected}`, which takes effect"), edits);
    }
    true
}

/// An ARN of any other service: some type of the catalogue has to have such ARNs. AWS does not list every type, and lists some after
/// its own policies name them: only a word that is nearly the one of a type is more than worth knowing. Of services without types
/// nothing can be said.
fn of_catalogue(text: &Text, arn: &ArnText, sink: &mut Sink<'_>) {
    const MOST: usize = 3;
    let settings = sink.settings;
    let catalogue = &settings.catalogue;
    let Some(reach) = Reach::new(&text.text).filter(|_| text.is_known() || arn_parts::is_apart(&text.text)) else {
        return;
    };
    let Some(service) = reach.service() else {
        return;
    };
    let mut reached = catalogue.resources_of(service).filter(|r| reach.reaches(r)).flat_map(|r| &r.arns).peekable();
    if reached.peek().is_some() {
        // the types that it could be of may all have a Region, and it has none
        if arn.segment(3).is_empty() && reached.all(|of| arn_parts::part(of, 3) == "${Region}") {
            let date = catalogue.date(service);
            let message = format!("this matches nothing: the ARNs of `{service}` have a Region (as of {date})");
            let (partition, account, name) = (arn.segment(1), arn.segment(4), arn.segment(5));
            let help = format!("write arn:{partition}:{service}:REGION:{account}:{name}, with `*` for every Region");
            sink.add_as(Severity::Warning, &text.at, message, help);
        }
        return;
    }
    if catalogue.service(service).is_none() || catalogue.resources_of(service).next().is_none() {
        return;
    }
    let arns = || catalogue.resources_of(service).flat_map(|r| &r.arns).map(String::as_str);
    let word = first_word(&text.text);
    let near = did_you_mean(word, arns().map(first_word)).filter(|near| *near != word && !word.contains(UNKNOWN));
    // a part that is not known may hold colons: only a slip of a word is told beside one
    if near.is_none() && !text.is_known() {
        return;
    }
    let shown: Vec<&str> = arns().filter(|a| near.is_none_or(|near| first_word(a) == near)).take(MOST).collect();
    let message = format!("no resource of `{service}` has such an ARN (as of {})", catalogue.date(service));
    let (severity, help) = match near {
        Some(near) => (Severity::Warning, format!("did you mean `{near}`, as in {}?", shown.join(", "))),
        None => (Severity::Info, format!("its ARNs are {}", shown.join(", "))),
    };
    sink.add_as(severity, &text.at, message, help);
}

/// What the last part of an ARN begins with, by which it tells its type: `key` of `key/1234`.
fn first_word(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or_default().split(['/', ':']).next().unwrap_or_default()
}

fn artifact(policy: &Policy, text: &Text, arn: &ArnText, sink: &mut Sink<'_>) {
    if resources::types().iter().any(|ty| arn.reaches(ty).is_ok()) {
        return;
    }
    let resource = arn.segment(5);
    let is_of = |ty: &&Type| resource.split('/').next() == Some(&ty.name) && resource.contains('/');
    let Some(ty) = resources::of_artifact().find(is_of) else {
        let words = || resources::of_artifact().map(|ty| ty.name.as_str());
        let near = did_you_mean(resource.split('/').next().unwrap_or_default(), words());
        if near.is_none() && !arn_parts::begins_known(&text.text) {
            return;
        }
        let all = words().collect::<Vec<_>>().join(", ");
        let help = near.map_or_else(|| format!("its resources are {all}"), |n| meant(format!("{n}/…")));
        sink.add(&text.at, format!("AWS Artifact has no resource `{resource}`: this matches nothing"), help);
        return;
    };
    let wrong = arn.reaches(ty).err().unwrap_or_default();
    // a report without its version is told as that
    if wrong == [Wrong::Resource] {
        return;
    }
    let parts: Vec<&str> = wrong.iter().filter_map(|w| said(*w, ty)).collect();
    let corrected = corrected(arn, ty);
    let message = format!("this matches nothing: {}", parts.join(", and "));
    if let Some(finding) = sink.add(&text.at, message, format!("write `{corrected}`")) {
        finding.fix(
            false,
            format!("writes `{corrected}`, which takes effect"),
            edit::replace(policy, text, &corrected).filter(|_| text.is_known()),
        );
    }
}

fn said(wrong: Wrong, ty: &Type) -> Option<&'static str> {
    match wrong {
        Wrong::Resource => None,
        Wrong::Region if ty.has_region() => Some("its ARN has a Region"),
        Wrong::Region => Some("its ARN has no Region"),
        Wrong::Account if ty.has_account() => Some("its ARN has the twelve digits of an account"),
        Wrong::Account => Some("its ARN has no account"),
        Wrong::Partition => Some("AWS Artifact is in the partitions aws and aws-us-gov"),
    }
}

/// The pattern with the parts that its type wants.
fn corrected(arn: &ArnText, ty: &Type) -> String {
    let partition = aws::partition(arn.segment(1));
    let pattern = ty.arn(partition);
    let wanted = ArnText::new(&pattern);
    let wrong = arn.reaches(ty).err().unwrap_or_default();
    let part =
        |index: usize, kind: Wrong| if wrong.contains(&kind) { wanted.segment(index) } else { arn.segment(index) };
    let (region, account) = (part(3, Wrong::Region), part(4, Wrong::Account));
    format!("arn:{partition}:{}:{region}:{account}:{}", wanted.segment(2), arn.segment(5))
}

/// A role, user, group or policy without an account is told; whether it is one.
fn role(policy: &Policy, text: &Text, arn: &ArnText, sink: &mut Sink<'_>) -> bool {
    let of_account = ["role/", "user/", "group/", "policy/"].iter().any(|p| arn.segment(5).starts_with(p));
    if !arn.segment(4).is_empty() || !of_account {
        return false;
    }
    let corrected = format!("arn:{}:iam:{}:*:{}", arn.segment(1), arn.segment(3), arn.segment(5));
    let message = "this matches nothing: its ARN has the twelve digits of an account";
    if let Some(finding) = sink.add(&text.at, message, format!("write `{corrected}`")) {
        finding.fix(
            false,
            format!("writes `{corrected}`, which takes effect"),
            edit::replace(policy, text, &corrected).filter(|_| text.is_known()),
        );
    }
    true
}
