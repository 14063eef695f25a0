//! The same in Markdown: sentences, who can end coverage, findings, and a table of accounts.

use super::Drawn;
use crate::report::diff::principal;
use crate::report::ending::{Shared, departures, effect, is_nobody, nobody, number, perhaps, ways};
use crate::report::findings::markdown::cell;
use crate::report::foreign::Foreign;
use crate::report::plain;
use crate::report::table::Table;
use crate::report::{COVERED_MEANS, completeness, few, rows};
use countersign_core::ending::{Ending, NOT_FOLLOWED};

/// The Markdown of an assessment.
pub fn markdown(drawn: &Drawn<'_>, title: &str) -> String {
    let assessment = drawn.assessment;
    let mut text = format!("# {}\n\n{}\n\n", cell(&Foreign(title).lines()), plain::day::answered(&assessment.at));
    for sentence in super::sentences(drawn) {
        text.push_str(&format!("{}\n\n", cell(&Foreign(&sentence).lines())));
    }
    let gaps = &assessment.completeness.gaps;
    if !gaps.is_empty() {
        text.push_str(&format!("Not known: {}.\n\n", cell(&completeness::summary(gaps))));
    }
    text.push_str("## Who can end coverage\n\n");
    text.push_str(&match &drawn.endings {
        Some(endings) => ending_by(endings),
        None => {
            "Not asked of so many accounts: `countersign who-can end-coverage DIR --account NUMBER` answers for some.\n"
                .to_owned()
        }
    });
    for departing in departures(drawn.endings.as_deref().unwrap_or_default()) {
        text.push_str(&format!("\n{}.\n", cell(&Foreign(&departing).lines())));
    }
    for other in completeness::others(&drawn.ending_others) {
        text.push_str(&format!(
            "\nPerhaps others, who are not listed, can end it: {}\n",
            cell(&Foreign(&other).lines())
        ));
    }
    text.push_str(&format!("\nNot followed: {}.\n", NOT_FOLLOWED.join("; ")));
    let others = completeness::others(&assessment.completeness.perhaps_others);
    if !others.is_empty() {
        text.push_str("\n## Who is not listed\n");
    }
    for other in &others {
        text.push_str(&format!("\nPerhaps others, who are not listed: {}\n", cell(&Foreign(other).lines())));
    }
    text.push_str("\n## Findings\n\n");
    let mut findings = Table::new(&["severity", "about", "what it is", "what to do", "code", "rules"]);
    findings.rows.extend(assessment.findings.iter().map(|f| {
        let severity = f.severity.word().to_owned();
        vec![severity, f.subject.clone(), f.told(), f.help.clone(), f.rule.clone(), f.cites.clone()]
    }));
    text.push_str(&if findings.rows.is_empty() { "None.\n".to_owned() } else { findings.markdown() });
    text.push_str("\n## Accounts\n\n");
    let undated = plain::day::undated(&assessment.at, drawn.inventory.config.as_of, false, drawn.rules);
    text.push_str(&rows::coverage(&assessment.accounts, undated.as_ref(), |_| true).markdown());
    let assuming = super::assuming(drawn);
    if !assuming.is_empty() {
        text.push_str("\n## Taken for granted\n\n");
        assuming.iter().for_each(|one| text.push_str(&format!("- {}\n", cell(one))));
    }
    text.push_str(&format!("\n{COVERED_MEANS} Left out: {}.\n", assessment.leaves_out.join("; ")));
    text
}

/// The ways to end coverage, and who can go them.
fn ending_by(endings: &[Ending]) -> String {
    let mut table = Table::new(&[
        "operation",
        "scope",
        "in account",
        "what comes of it",
        "accounts",
        "can",
        "perhaps can",
        "nobody",
    ]);
    for Shared { way, accounts, .. } in ways(endings) {
        table.rows.push(vec![
            way.operation.to_owned(),
            way.scope.map(|s| s.to_string()).unwrap_or_default(),
            way.by.clone(),
            effect(way.effect).to_owned(),
            few(&accounts.into_iter().map(str::to_owned).collect::<Vec<_>>(), 6),
            way.may.iter().map(principal).collect::<Vec<_>>().join(", "),
            perhaps(way, &number).join("; "),
            if is_nobody(way) { nobody(way) } else { String::new() },
        ]);
    }
    if table.rows.is_empty() { "No account is covered.\n".to_owned() } else { table.markdown() }
}
