//! `show completeness`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Cli, EvaluationArgs, NOT_OK, OK, Printing, output};
use crate::report;
use countersign_core::assessment::assess;
use countersign_core::assessment::completeness::{Completeness, Missing};
use countersign_core::inventory::entity::Entity;
use countersign_core::moment;
use countersign_core::people::unlisted;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;

#[derive(Args)]
pub struct CompletenessArgs {
    /// The folder of the inventory [default: this folder or the nearest parent with countersign.toml]
    dir: Option<PathBuf>,
    #[command(flatten)]
    asking: EvaluationArgs,
    #[command(flatten)]
    printing: Printing,
    /// Exit with 1 if something was not collected
    #[arg(long)]
    require_complete: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    at: String,
    as_of: Option<String>,
    complete: bool,
    accounts: Vec<Account<'a>>,
    #[serde(flatten)]
    completeness: &'a Completeness,
}

#[derive(Serialize)]
struct Account<'a> {
    account: &'a str,
    name: Option<&'a str>,
    state: &'a str,
    missing: Vec<Missing>,
}

pub fn completeness(cli: &Cli, args: &CompletenessArgs) -> Result<u8, Failure> {
    let session = cli.session(args.dir.as_ref(), &args.asking)?;
    let (inventory, options) = (&session.inventory, &session.options);
    let mut found = assess(inventory, &session.rules, options)?.completeness;
    found.perhaps_others.extend(unlisted::everywhere((inventory, &session.rules), options)?);
    let provenance = &session.provenance();
    let as_of = inventory.config.as_of.map(moment::format);
    let json = Json {
        schema: "countersign/completeness/v1",
        provenance,
        at: moment::format(options.at),
        as_of: as_of.clone(),
        complete: found.is_complete(),
        accounts: inventory.of_type("Account").map(|e| account(e, &found)).collect(),
        completeness: &found,
    };
    let folder = session.source.name();
    output::write(&args.printing.format, &json, provenance, || {
        let collected = as_of
            .as_deref()
            .map_or_else(|| "collection date unknown".to_owned(), |as_of| format!("as of {}", report::day(as_of)));
        report::completeness::text(output::width(), &found, inventory, &folder, &collected)
    })?;
    Ok(if args.require_complete && !found.is_complete() { NOT_OK } else { OK })
}

fn account<'a>(entity: &'a Entity, found: &Completeness) -> Account<'a> {
    let id = &entity.uid.id;
    let missing = found.gaps.iter().filter(|gap| gap.of.contains(id)).map(|gap| gap.missing).collect();
    Account { account: id, name: entity.str("name"), state: entity.str("state").unwrap_or("ACTIVE"), missing }
}
