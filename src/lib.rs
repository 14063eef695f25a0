//! The command line of countersign: arguments, files and terminals around [`countersign_core`], which decides.

pub mod check;
pub mod cli;
#[cfg(feature = "parquet")]
pub mod columns;
pub mod evidence;
pub mod page;
pub mod report;
pub mod revision;
pub mod walk;
