//! `who-can end-coverage`: everyone who can end the coverage of an account, and how.

use std::path::PathBuf;

use serde::Serialize;

use super::answers::StandsBehind;
use super::errors::usage;
use super::output::{self, Output};
use super::{Cli, EvaluationArgs, OK, Session, narrow};
use crate::report;
use crate::report::plain::{self, Names};
use countersign_core::assessment::completeness::others::Others;
use countersign_core::assessment::{Assessment, Filter, Options};
use countersign_core::ending::{Ending, Found, NOT_FOLLOWED, endings};
use countersign_core::moment;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;

/// What is asked for in place of an operation.
pub const NAME: &str = "end-coverage";
/// More accounts than this are not asked about at once: each way is made and asked again for every one.
pub const MOST: usize = 500;
/// So many agreements that govern other accounts than their own are told of in one answer.
const MOST_ELSEWHERE: usize = 3;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endings<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: String,
    endings: &'a [Ending],
    not_followed: &'a [&'a str],
    perhaps_others: &'a [Others],
    /// Who may become the roles that are named, or perhaps may.
    stands_behind: Vec<AtRole<'a>>,
}

#[derive(Serialize)]
struct AtRole<'a> {
    role: &'a str,
    behind: StandsBehind<'a>,
}

pub fn end_coverage(
    cli: &Cli,
    dir: Option<&PathBuf>,
    asking: &EvaluationArgs,
    formats: &[Output],
    kind: &String,
) -> Result<u8, Failure> {
    let session = cli.session(dir, asking)?;
    let kind = &narrow::kinds(&session.inventory, std::slice::from_ref(kind))?.concat();
    let asked = match asking.account.len() {
        0 => session.inventory.of_type("Account").count(),
        named => named,
    };
    if asked > MOST {
        let problem = usage(format!("{asked} accounts are too many to ask who can end the coverage of each"));
        return Err(problem.help("name some of them with --account").into());
    }
    let Found { endings: found, others, roles, .. } =
        endings(&session.inventory, &session.rules, &session.options, kind)?;
    let provenance = session.provenance();
    let at = moment::format(session.options.at);
    let json = Endings {
        schema: "countersign/end-coverage/v1",
        provenance: &provenance,
        at: at.clone(),
        endings: &found,
        not_followed: &NOT_FOLLOWED,
        perhaps_others: &others,
        stands_behind: roles.iter().map(|(role, b)| AtRole { role, behind: StandsBehind::new(b) }).collect(),
    };
    let names = Names::new(&session.inventory);
    let first = plain::ending::first(&found, &others, kind, names);
    let place = |account: &str| names.place(account);
    let text = || {
        let first = report::paragraph(output::width(), "", &first);
        let asked = (kind.as_str(), at.as_str());
        first + "\n" + &report::ending::text(output::width(), asked, (&found, &roles), &NOT_FOLLOWED, &others, &place)
    };
    let table = || {
        let unlisted = report::completeness::others(&others);
        let unlisted = unlisted.iter().map(|o| format!("Perhaps others, who are not listed: {o}."));
        let mut sentences: Vec<String> = std::iter::once(first.clone()).chain(unlisted).collect();
        sentences.push(format!("Not followed: {}.", NOT_FOLLOWED.join("; ")));
        (sentences.join(" "), report::ending::table(&found, &roles, &others).of_moment(&at, &provenance))
    };
    output::write_table(formats, &json, &provenance, text, table)?;
    Ok(OK)
}

/// Who can end the cover of accounts that the agreement of another governs, where it is asked who can terminate: a sentence for each
/// agreement. No accounts are all of them, of which those are told whose agreement was made outside AWS Artifact.
pub fn elsewhere(session: &Session, assessment: &Assessment, accounts: &[String]) -> Result<Vec<String>, Failure> {
    let names = Names::new(&session.inventory);
    let governed = plain::ending::governed_elsewhere(assessment, accounts);
    let told = governed.iter().take(MOST_ELSEWHERE).map(|elsewhere| {
        let accounts = elsewhere.asked().iter().map(|account| (*account).to_owned()).collect();
        let filter = Filter { accounts, ..Filter::default() };
        let options = Options { filter, ..session.options.clone() };
        let found = endings(&session.inventory, &session.rules, &options, elsewhere.kind())?;
        Ok(elsewhere.sentence((&found.endings, &found.others), names, &session.typed))
    });
    told.collect()
}
