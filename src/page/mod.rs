//! One self-contained page that draws an assessment: no network, no script of others. `page.html` is a template, in which everything is
//! escaped; `page.js` draws from the data that stands in the page as JSON.

pub mod change;
mod data;
pub mod markdown;

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context, escape_formatter};
use serde::Serialize;
use serde_json::Value;

use crate::report::foreign::Foreign;
use crate::report::plain::coverage::Told;
use crate::report::plain::{self, Names};
use crate::report::{COVERED_MEANS, assumed, completeness, count, day};
use countersign_core::assessment::Assessment;
use countersign_core::assessment::completeness::others::Others;
use countersign_core::ending::Ending;
use countersign_core::finding::Severity;
use countersign_core::history::History;
use countersign_core::inventory::Inventory;
use countersign_core::policies::RuleBook;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;
use countersign_core::source::digest::sha256;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const TEMPLATE: &str = include_str!("page.html");
const CHANGE: &str = include_str!("change.html");

/// A number on top of the page.
#[derive(Serialize)]
struct Tile {
    number: usize,
    words: String,
    /// `good`, `bad`, `unsure`, `plain`
    tone: &'static str,
    /// The fragment that it leads to.
    link: &'static str,
}

/// What is drawn.
pub struct Drawn<'a> {
    /// The inventory.
    pub inventory: &'a Inventory,
    /// Its answers.
    pub assessment: &'a Assessment,
    /// Its coverage over time, up to the same moment.
    pub history: History,
    /// Who can end coverage; `None` where nobody was asked about.
    pub endings: Option<Vec<Ending>>,
    /// Who may be there unseen, and could end coverage.
    pub ending_others: Vec<Others>,
    /// What it was made from.
    pub provenance: &'a Provenance,
    /// The rules that decided.
    pub rules: &'a RuleBook,
    /// Whether its accounts are all that there are.
    pub told: Told,
    /// What of coverage changes later on the day, in sentences.
    pub later: Vec<String>,
}

/// What is said first: who is covered, and what is taken for granted of another moment than that of the files.
fn sentences(drawn: &Drawn<'_>) -> Vec<String> {
    let Drawn { inventory, assessment, .. } = drawn;
    let mut sentences = plain::coverage::all(assessment, Names::new(inventory), &[], drawn.told);
    sentences.extend(drawn.later.iter().cloned());
    let undated = plain::day::undated(&assessment.at, inventory.config.as_of, false, drawn.rules);
    sentences.extend(undated.map(|what| format!("Assuming: {what}.")));
    sentences
}

/// What the answers take for granted: about coverage, about what principals may do, and about who can end coverage.
fn assuming(drawn: &Drawn<'_>) -> Vec<String> {
    let of_accounts = drawn.assessment.accounts.iter().flat_map(|a| &a.agreements).flat_map(|row| &row.assuming);
    let of_operations = drawn.assessment.principals.iter().flat_map(|p| p.operations.iter()).flat_map(|o| &o.assuming);
    let of_endings = drawn.endings.iter().flatten().flat_map(|e| &e.ways).flat_map(|way| &way.assuming);
    assumed::alike(of_accounts.chain(of_operations).chain(of_endings))
}

/// The page of an assessment.
pub fn page(drawn: &Drawn<'_>, title: &str) -> Result<String, Failure> {
    let Drawn { assessment, provenance, .. } = drawn;
    let gaps = &assessment.completeness.gaps;
    let complete = if gaps.is_empty() {
        "Everything was collected that the answers rest on.".to_owned()
    } else {
        format!("Not known: {}.", completeness::summary(gaps))
    };
    let values = context! {
        title => title,
        at => day(&assessment.at),
        as_of => provenance.as_of.as_ref().map(|of| day(&of.moment)),
        later => provenance.later(),
        complete => complete,
        sentences => sentences(drawn),
        tiles => minijinja::Value::from(Serde(tiles(assessment))),
        means => COVERED_MEANS,
        assuming => assuming(drawn),
        left_out => assessment.leaves_out.join("; "),
        provenance => provenance.line(),
        data => harmless(&shown(data::data(drawn))),
    };
    render("page.html", TEMPLATE, values)
}

/// Fills a template in, with the style, the script and the policy that lets these alone work.
fn render(name: &'static str, template: &'static str, values: minijinja::Value) -> Result<String, Failure> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, state, value| {
        let shown = value.as_str().filter(|_| !value.is_safe()).map(|text| Foreign(text).line().into_owned());
        escape_formatter(out, state, &shown.map_or_else(|| value.clone(), minijinja::Value::from))
    });
    let wrong = Failure::internal("the page");
    environment.add_template(name, template).map_err(&wrong)?;
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64(&sha256(SCRIPT.as_bytes())),
        base64(&sha256(STYLE.as_bytes()))
    );
    let shell = context! { policy => policy, style => STYLE, script => SCRIPT };
    let page = environment.get_template(name).map_err(&wrong)?;
    page.render(context! { ..values, ..shell }).map_err(wrong)
}

/// Values of which everything is seen, on one line each.
fn shown(value: Value) -> Value {
    let text = |text: String| Foreign(&text).line().into_owned();
    match value {
        Value::String(told) => Value::String(text(told)),
        Value::Array(values) => values.into_iter().map(shown).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (text(name), shown(value))).collect(),
        other => other,
    }
}

/// JSON that ends no element of HTML and no line of a script.
fn harmless(value: &Value) -> String {
    let escapes =
        [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    escapes.iter().fold(value.to_string(), |text, (c, escaped)| text.replace(*c, escaped))
}

fn tiles(assessment: &Assessment) -> Vec<Tile> {
    let accounts = assessment.accounts.iter();
    let covered = |fact: Option<bool>| accounts.clone().filter(|a| a.hipaa.covered == fact).count();
    let bare = accounts.clone().filter(|a| a.hipaa.holds_phi == Some(true) && a.hipaa.covered != Some(true)).count();
    let severities = assessment.findings.iter().fold(BTreeMap::<Severity, usize>::new(), |mut all, f| {
        *all.entry(f.severity).or_default() += 1;
        all
    });
    let of = |severity: Severity| severities.get(&severity).copied().unwrap_or_default();
    let tone = |number: usize, tone: &'static str| if number == 0 { "plain" } else { tone };
    let tile = |number: usize, words: &str, tone: &'static str, link: &'static str| Tile {
        number,
        words: words.to_owned(),
        tone,
        link,
    };
    let noun = |number: usize, what: &str| count(number, "account").split(' ').skip(1).collect::<String>() + what;
    vec![
        tile(covered(Some(true)), &noun(covered(Some(true)), " covered"), "good", "#view=accounts&coverage=yes"),
        tile(
            covered(Some(false)),
            &noun(covered(Some(false)), " not covered"),
            tone(covered(Some(false)), "bad"),
            "#view=accounts&coverage=no",
        ),
        tile(
            covered(None),
            &noun(covered(None), " not known"),
            tone(covered(None), "unsure"),
            "#view=accounts&coverage=unknown",
        ),
        tile(bare, "with PHI, without known cover", tone(bare, "bad"), "#view=accounts&coverage=not-yes&phi=yes"),
        tile(of(Severity::Error), "errors found", tone(of(Severity::Error), "bad"), "#view=findings&severity=error"),
        tile(
            of(Severity::Warning),
            "warnings",
            tone(of(Severity::Warning), "unsure"),
            "#view=findings&severity=warning",
        ),
    ]
}

/// The base64 of a digest in hexadecimal digits, as a content-security policy names it.
fn base64(digest: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = digest.chars().filter_map(|c| c.to_digit(16)).collect();
    // three digits of four bits are two letters of six
    let mut text: String = digits
        .chunks(3)
        .flat_map(|three| {
            let mut bits = three.iter().fold(0, |bits, digit| bits << 4 | digit);
            bits <<= 4 * (3 - three.len());
            let letters = if three.len() == 1 { 1 } else { 2 };
            [bits >> 6, bits & 63].into_iter().take(letters)
        })
        .filter_map(|at| LETTERS.get(usize::try_from(at).ok()?).map(|l| char::from(*l)))
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected texts are those of `printf … | openssl dgst -sha256 -binary | base64`.
    #[test]
    fn digests_are_written_as_policies_name_them() {
        assert_eq!(base64(&sha256(b"")), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(base64(&sha256(b"abc")), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn data_ends_no_script() {
        let text = harmless(&serde_json::json!({"name": "</script><!--\u{2028}&"}));
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["name"], "</script><!--\u{2028}&");
    }

    #[test]
    fn names_are_escaped_in_the_template() {
        let page =
            render("page.html", TEMPLATE, context! { title => "<img src=x onerror=alert(1)>", data => "{}" }).unwrap();
        assert!(!page.contains("<img"), "{page}");
        assert!(page.contains("&lt;img"), "{page}");
    }
}
