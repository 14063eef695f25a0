//! `evidence --verify`: what was filed against its manifest, and against a second evaluation.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::errors::usage;
use super::evidence::{Asking, EvidenceArgs, Made};
use super::{Cli, NOT_OK, OK, output, settled};
use crate::evidence::alone::{self, Alone};
use crate::evidence::manifest::{self, Fault, Filed};
use crate::evidence::{Bundle, COVER, DOCUMENT, against};
use crate::report::{count, paragraph, plain};
use countersign_core::inventory::schema::EntitySchema;
use countersign_core::policies::RuleBook;
use countersign_core::problem::{Failure, Problem};
use countersign_core::source::Folder;

/// What would be passed over is refused: whoever gives it believes that it counts.
fn refused(args: &EvidenceArgs) -> Result<(), Failure> {
    if let Some(dir) = &args.dir {
        let problem = usage(format!("--verify evaluates no inventory, and {} is one", dir.display()));
        return Err(problem.help(format!("write --against {} to evaluate it again", dir.display())).into());
    }
    let given = [
        ("--agreement", !args.agreement.is_empty()),
        ("--operator", args.operator.is_some()),
        ("--fail-on", args.fail_on.is_some()),
    ];
    if let Some((flag, _)) = given.iter().find(|(_, is_given)| *is_given) {
        return Err(usage(format!("{flag} has no part in --verify")).help("leave it out").into());
    }
    let asking = &args.asking;
    let asks = asking.at.is_some() || !asking.context.is_empty() || asking.permission_model.is_some();
    if asks && args.against.is_none() {
        let problem = usage("--at, --context and --permission-model ask an inventory, and --verify asks none");
        return Err(problem.help("name the inventory with --against").into());
    }
    Ok(())
}

/// Checks what was filed; all that is wrong is told, and is a failed check.
pub fn verify(cli: &Cli, args: &EvidenceArgs, folder: &Path) -> Result<u8, Failure> {
    refused(args)?;
    let files = Folder::new(folder);
    let filed = manifest::verify(&files)?;
    let mut lines: Vec<String> = filed.faults.iter().map(fault).collect();
    lines.extend(against::tables(&filed));
    // what is no fault of the tables is looked at where they have none: one change is told once
    let mut alone = Alone::default();
    if let Some(document) = filed.document.as_ref().filter(|_| lines.is_empty()) {
        let built_in = RuleBook::built_in(&EntitySchema::built_in()?)?;
        alone = alone::check(document, filed.contents.get(COVER).map(Vec::as_slice), built_in.hipaa_kinds());
        if args.against.is_none() {
            lines.append(&mut alone.faults);
        }
    }
    let (mut decided, mut not_compared) = (Vec::new(), Vec::new());
    if let Some(inventory) = &args.against {
        let Some(document) = &filed.document else {
            output::print(&paragraphs(&lines))?;
            return Ok(NOT_OK);
        };
        let now = again(cli, args, document, inventory)?;
        let compared = against::compare(&filed, document, &now);
        lines.extend(compared.differences);
        // where something else decided, not all is compared
        if lines.is_empty() {
            lines.append(&mut alone.faults);
        }
        alone.not_checked.clear();
        (decided, not_compared) = (compared.decided, compared.not_compared);
    }
    output::print(&verified(&filed, &lines, (&decided, &alone, &not_compared), args.against.is_some()))?;
    Ok(if lines.is_empty() { OK } else { NOT_OK })
}

fn verified(
    filed: &Filed,
    lines: &[String],
    (decided, alone, not_compared): (&[String], &Alone, &[String]),
    again: bool,
) -> String {
    let width = output::width();
    let mut text = if lines.is_empty() {
        let files = count(filed.files, "file");
        let but = match not_compared {
            [] => String::new(),
            parts => format!(", but for {}, which was not compared", plain::listed(parts, "and")),
        };
        let same = if again { format!(", and a second evaluation says the same{but}") } else { String::new() };
        paragraph(width, "", &format!("{files} have the digests of {}{same}.", manifest::FILE))
    } else {
        paragraphs(lines)
    };
    for line in decided {
        text.push_str(&crate::report::wrapped(width, "  ", 4, line));
    }
    if let (true, false) = (lines.is_empty(), again) {
        let told = "Checked without an inventory: that the tables and the document say the same, and that the document has its form.";
        text.push_str(&paragraph(width, "", told));
        if !alone.not_checked.is_empty() {
            let rest = plain::listed(&alone.not_checked, "and");
            text.push_str(&paragraph(width, "", &format!("Not checked: {rest}. --against INVENTORY compares it.")));
        }
    }
    if !alone.never_compared.is_empty() {
        let pages = plain::listed(&alone.never_compared, "and");
        text.push_str(&paragraph(
            width,
            "",
            &format!("Not checked: {pages}. No evaluation compares it: read the tables."),
        ));
    }
    if let (false, parts @ [_, ..]) = (lines.is_empty(), not_compared) {
        text.push_str(&paragraph(width, "", &format!("Not compared: {}.", plain::listed(parts, "and"))));
    }
    let warning = "An unsigned manifest shows accidents, not tampering: check the signature on it, where there is one.";
    text + "\n" + &paragraph(width, "", warning)
}

fn paragraphs(lines: &[String]) -> String {
    lines.iter().map(|line| paragraph(output::width(), "", line)).collect()
}

fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Changed(name) => format!("{name} was changed: it has another digest"),
        Fault::Missing(name) => format!("{name} is missing"),
        Fault::Foreign(name) => format!("{name} is not in {}", manifest::FILE),
        Fault::Unlisted(name) => format!("{} does not name {name}, which all evidence has", manifest::FILE),
        Fault::Added(name) => format!("{} names {name}, which no evidence has", manifest::FILE),
    }
}

/// The evidence of an inventory, asked as the filed one was.
fn again(cli: &Cli, args: &EvidenceArgs, filed: &Value, inventory: &PathBuf) -> Result<Bundle, Failure> {
    let text = |member: &str| filed.get(member).and_then(Value::as_str).map(str::to_owned);
    let mut asking = args.asking.clone();
    asking.at = asking.at.or_else(|| text("at"));
    if asking.permission_model.is_none() {
        let model = text("permissionModel").unwrap_or_default();
        asking.permission_model = clap::ValueEnum::from_str(&model, true).ok();
    }
    let kinds = filed.get("kinds").and_then(Value::as_array).into_iter().flatten();
    let kinds: Vec<String> = kinds.filter_map(Value::as_str).map(str::to_owned).collect();
    // an earlier format does not tell which keys were settled: who asks may
    let mut context = settled(&asking.context, asking.context_unknown_keys)?;
    if context.is_empty() {
        let recorded = filed.get("context").cloned().unwrap_or_else(|| json!({}));
        context = serde_json::from_value(recorded)
            .map_err(|e| Problem::about(DOCUMENT, format!("`context` is not what evidence has there: {e}")))?;
    }
    Made::new(cli, Some(inventory), Asking { args: &asking, agreements: &kinds, context })?.bundle()
}
