//! New access, for people.

use super::{bold, paragraph, styled, wrapped};
use countersign_core::access::callers::Grant;
use countersign_core::access::{AccessAnswer, NewRequests, Witness};

/// The text of an answer.
pub fn text(width: usize, answer: &AccessAnswer) -> String {
    let (word, colour, sentence) = match answer.decision {
        NewRequests::None => {
            ("no new access", anstyle::AnsiColor::Green, "every request that is allowed now was allowed before")
        }
        NewRequests::New => {
            ("new access", anstyle::AnsiColor::Red, "these requests are allowed now, and were not before")
        }
        NewRequests::Unknown => {
            ("unknown", anstyle::AnsiColor::Yellow, "whether a request is newly allowed is unknown")
        }
    };
    let word = styled(anstyle::Style::new().fg_color(Some(colour.into())).bold(), word);
    let mut text = paragraph(width, &format!("{word}: "), sentence);
    for witness in &answer.witnesses {
        text.push('\n');
        text.push_str(&one(width, witness));
    }
    if let Some(reason) = &answer.reason {
        text.push('\n');
        let label = if answer.decision == NewRequests::Unknown {
            "because "
        } else {
            "in addition, the search was incomplete: "
        };
        text.push_str(&paragraph(width, label, reason));
    }
    text
}

fn one(width: usize, witness: &Witness) -> String {
    const INDENT: usize = 12;
    let mut text = match witness.unheard_of() {
        Some(what) => format!("  {what}, such as {}\n", bold(&witness.action)),
        None => format!("  {}\n", bold(&witness.action)),
    };
    let mut line = |label: &str, value: &str| text.push_str(&wrapped(width, &format!("  {label:<9} "), INDENT, value));
    let by_key = witness.context.get("aws:PrincipalArn").and_then(|v| v.as_str());
    if let Some(principal) = witness.principal.as_deref().filter(|p| by_key != Some(*p)) {
        let who = if principal == "*" { "anyone, without credentials" } else { principal };
        line("by", who);
    }
    line("on", &witness.resource);
    for (key, value) in &witness.context {
        line("with", &format!("{key} = {value}"));
    }
    match witness.grant {
        None | Some(Grant::Delegated) => {}
        Some(Grant::Direct) => line("even", "without identity policies that allow it, in the account of the resource"),
        Some(Grant::Past) => {
            line("even", "past its permissions boundary and session policy, in the account of the resource");
        }
    }
    line("allowed", &format!("by {}", witness.allowed_by.join(", ")));
    let before = if witness.was_denied_by.is_empty() {
        "not allowed by any statement".to_owned()
    } else {
        format!("denied by {}", witness.was_denied_by.join(", "))
    };
    line("before", &before);
    text
}
