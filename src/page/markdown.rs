//! The same in Markdown: sentences, who can end coverage, findings, and a table of accounts.

use crate::report::findings::markdown::cell;
use crate::report::foreign::Foreign;
use crate::report::plain::{self, Names};
use crate::report::table::Table;
use crate::report::{COVERED_MEANS, completeness, day, rows};
use countersign_core::assessment::Assessment;
use countersign_core::inventory::Inventory;
use countersign_core::terms::Decision;

/// The Markdown of an assessment.
pub fn markdown(inventory: &Inventory, assessment: &Assessment, title: &str) -> String {
    let names = Names::new(inventory);
    let mut text = format!("# {}\n\nAs of {}.\n\n", cell(&Foreign(title).lines()), day(&assessment.at));
    for sentence in plain::coverage::all(assessment, names, &[]) {
        text.push_str(&format!("{}\n\n", cell(&Foreign(&sentence).lines())));
    }
    let gaps = &assessment.completeness.gaps;
    if !gaps.is_empty() {
        text.push_str(&format!("Not known: {}.\n\n", cell(&completeness::summary(gaps))));
    }
    text.push_str("## Who can end coverage\n\n");
    let all = assessment.principals.iter().flat_map(|p| p.operations.iter().map(move |o| (p, o)));
    let hipaa = |kind: &Option<String>| kind.as_ref().is_some_and(|k| assessment.hipaa_kinds.contains(k));
    let enders = all
        .filter(|(_, o)| o.operation == "terminate-agreement" && o.decision != Decision::Deny && hipaa(&o.agreement));
    let enders = rows::answers(assessment, names, enders);
    text.push_str(&if enders.rows.is_empty() { "Nobody who is listed.\n".to_owned() } else { enders.markdown() });
    for other in completeness::others(&assessment.completeness.perhaps_others) {
        text.push_str(&format!("\nPerhaps others, who are not listed: {}\n", cell(&Foreign(&other).lines())));
    }
    text.push_str("\n## Findings\n\n");
    let mut findings = Table::new(&["severity", "about", "what it is", "what to do", "code", "rules"]);
    findings.rows.extend(assessment.findings.iter().map(|f| {
        let severity = f.severity.word().to_owned();
        vec![severity, f.subject.clone(), f.message.clone(), f.help.clone(), f.rule.clone(), f.cites.clone()]
    }));
    text.push_str(&if findings.rows.is_empty() { "None.\n".to_owned() } else { findings.markdown() });
    text.push_str("\n## Accounts\n\n");
    text.push_str(&rows::coverage(&assessment.accounts).markdown());
    text.push_str(&format!("\n{COVERED_MEANS} Left out: {}.\n", assessment.leaves_out.join("; ")));
    text
}
