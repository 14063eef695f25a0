//! What is printed when countersign itself is at fault: a panic, whichever thread it comes from.

use std::panic::{Location, catch_unwind, set_hook};

use super::{INVALID, output};

/// Runs the command. A panic ends it with the exit code of an error: nothing was decided.
///
/// The message of a panic is not printed, since it may quote the input, which people do not expect to find in a report.
pub fn caught(run: impl FnOnce() -> u8 + std::panic::UnwindSafe) -> u8 {
    set_hook(Box::new(|panic| output::note(&message(panic.location()))));
    catch_unwind(run).unwrap_or(INVALID)
}

fn message(location: Option<&Location<'_>>) -> String {
    let place = location.map_or_else(String::new, |l| format!(" at {}:{}", published(l.file()), l.line()));
    format!(
        "countersign {version} stopped because of an error in countersign itself{place}; nothing was decided\n\
         please report it with the command that you ran: {repository}/issues",
        version = env!("CARGO_PKG_VERSION"),
        repository = env!("CARGO_PKG_REPOSITORY"),
    )
}

/// The path of a source file in its package, without the folders of the machine that built it.
fn published(path: &str) -> &str {
    let in_package = path.rsplit_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    in_package.map_or(path, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_that_built_it_is_not_named() {
        assert_eq!(published("/home/x/.cargo/registry/src/index.org-1/miette-7.6.0/src/a.rs"), "miette-7.6.0/src/a.rs");
        assert_eq!(published("src/cli/mod.rs"), "src/cli/mod.rs");
    }

    /// Run by the test below, in a process of its own.
    #[test]
    #[ignore = "ends in a panic: the next test runs it"]
    fn panics() {
        let evaluated = || countersign_core::stack::evaluate(|| -> Result<u8, _> { panic!("the secret input") });
        std::process::exit(caught(|| evaluated().unwrap_or(0)).into());
    }

    #[test]
    fn a_panic_is_a_short_message_and_exit_code_2() {
        let mut itself = std::process::Command::new(std::env::current_exe().unwrap());
        let run = itself.args(["--ignored", "--exact", "--nocapture", "cli::panics::tests::panics"]).output().unwrap();
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{told}");
        assert!(told.contains("an error in countersign itself at src/cli/panics.rs:"), "{told}");
        assert!(told.contains("/issues") && !told.contains("secret") && told.lines().count() == 2, "{told}");
    }
}
