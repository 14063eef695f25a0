//! `evaluate --format parquet`: an optional part of the build, for it brings a library of its own.

use std::path::Path;

use super::EvaluateArgs;
use crate::cli::Session;
use crate::cli::errors::usage;
use crate::cli::output::{Format, Output};
use countersign_core::assessment::Assessment;
use countersign_core::problem::Failure;

/// The folder for tables of columns, where these are asked for.
pub fn folder(args: &EvaluateArgs) -> Result<Option<&Path>, Failure> {
    let wrong = |what: &str, help: &str| Err(usage(what).help(help).into());
    let columns = args.format.iter().any(|o| o.format == Format::Parquet);
    match (columns, args.out.as_deref()) {
        (false, None) => Ok(None),
        (false, Some(_)) => {
            wrong("--out is the folder for the tables of `parquet`", "add `--format parquet`, or leave it out")
        }
        (true, _) if !cfg!(feature = "parquet") => {
            let help = "build it with `cargo build --release --features parquet`, or write `--format jsonl`";
            wrong("this build of countersign does not write `parquet`", help)
        }
        (true, None) => wrong("`parquet` has no folder to be written to", "add `--out DIR`"),
        (true, _) if !matches!(args.format.as_slice(), [Output { .. }]) => {
            wrong("`parquet` is written alone", "leave out other formats, and run the command again for them")
        }
        (true, _) if args.changes => wrong("`parquet` has no changes", "leave out --changes, or write json"),
        (true, Some(out)) => Ok(Some(out)),
    }
}

/// Writes the tables as answers come: no principal is kept. The assessment has all the rest.
#[cfg(feature = "parquet")]
pub fn write(session: &Session, folder: &Path) -> Result<Assessment, Failure> {
    use crate::cli::files;
    use crate::columns::{Columns, FILES};
    use countersign_core::assessment::assess_each;
    use countersign_core::problem::Doing;

    std::fs::create_dir_all(folder).map_err(Failure::file(folder, Doing::Writing))?;
    let paths = FILES.map(|file| folder.join(file));
    let [answers, coverage, findings] = &paths;
    let mut columns = Columns::new([files::begin(answers)?, files::begin(coverage)?, files::begin(findings)?])?;
    let mut failed = None;
    let assessment = assess_each(&session.inventory, &session.rules, &session.options, |principal| {
        if failed.is_none() {
            failed = columns.principal(&principal).err();
        }
    })?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    let written = columns.end(&assessment, &session.provenance())?;
    for (file, path) in written.into_iter().zip(&paths) {
        files::end(file, path)?;
    }
    Ok(assessment)
}

/// [`folder`] has told that this build cannot.
#[cfg(not(feature = "parquet"))]
pub fn write(_: &Session, _: &Path) -> Result<Assessment, Failure> {
    Err(Failure::internal("tables of columns")("they are no part of this build".to_owned()))
}
