//! `init`: a first inventory that evaluates.

use std::path::PathBuf;

use clap::Args;

use super::errors::usage;
use super::{OK, output};
use crate::report::typed::Typed;
use countersign_core::problem::{Doing, Failure, Problem};

#[derive(Args)]
pub struct InitArgs {
    /// The folder to create the inventory in
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// The files of a first inventory.
const FILES: [(&str, &str); 4] = [
    ("countersign.toml", include_str!("../../data/init/countersign.toml")),
    ("entities.json", include_str!("../../data/init/entities.json")),
    ("iam/legal.json", include_str!("../../data/init/iam/legal.json")),
    ("README.md", include_str!("../../data/init/README.md")),
];

pub fn init(args: &InitArgs) -> Result<u8, Failure> {
    let there: Vec<Problem> = FILES
        .iter()
        .map(|(name, _)| args.dir.join(name))
        .filter(|path| path.exists())
        .map(|path| usage(format!("{} already exists", path.display())).help("start in an empty folder"))
        .collect();
    if !there.is_empty() {
        return Err(Failure::Problems(there));
    }
    for (name, text) in FILES {
        let path = args.dir.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Failure::file(folder, Doing::Creating))?;
        }
        output::replace(&path, text.as_bytes())?;
        output::print(&format!("{}\n", path.display()))?;
    }
    let typed = Typed { folder: Some(args.dir.display().to_string()), ..Typed::default() };
    output::note(&format!("next: {}", typed.line("evaluate", &[])));
    Ok(OK)
}
