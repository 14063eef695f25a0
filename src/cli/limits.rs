//! Limits that the command line gives, and the end of a run that takes too long.

use std::fmt;
use std::str::FromStr;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use countersign_core::inventory::limits::{Limited, Limits};
use countersign_core::problem::Problem;

use super::{INVALID, output};

/// `NAME=NUMBER`
#[derive(Clone, Copy, Debug)]
pub struct Given {
    limited: Limited,
    most: u64,
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Limited::ALL.map(Limited::word).join(", ");
        let (name, number) = text.split_once('=').ok_or_else(|| "write NAME=NUMBER, such as seconds=60".to_owned())?;
        let limited = Limited::named(name).ok_or_else(|| format!("there is no limit `{name}`; they are {names}"))?;
        let most = number.parse().map_err(|_| format!("`{number}` is not a number"))?;
        if limited.is_fixed() && most > limited.built_in() {
            return Err(format!("`{name}` is at most {}", limited.built_in()));
        }
        Ok(Self { limited, most })
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.limited.word(), self.most)
    }
}

/// The limits of settings, with those of the command line; the seconds hold from now on.
pub fn with(given: &[Given], limits: Limits) -> Limits {
    let limits = given.iter().fold(limits, |limits, one| limits.with(one.limited, one.most));
    Deadline::of_run().lower(limits.most(Limited::Seconds));
    limits
}

/// When a run ends.
struct Deadline {
    began: Instant,
    /// Seconds from the beginning; `None` where nothing is said yet.
    seconds: Mutex<Option<u64>>,
    changed: Condvar,
}

/// Ends the run when it takes longer than the command line says, or what is built in; settings that are read later may lower it.
pub fn watch(given: &[Given]) {
    with(given, Limits::default());
    // without a thread to watch, a run has no limit of time; a machine that has none left ends it otherwise
    let _ = std::thread::Builder::new().name("deadline".to_owned()).spawn(|| Deadline::of_run().wait());
}

impl Deadline {
    fn of_run() -> &'static Self {
        static OF_RUN: OnceLock<Deadline> = OnceLock::new();
        OF_RUN.get_or_init(|| Self { began: Instant::now(), seconds: Mutex::new(None), changed: Condvar::new() })
    }

    /// A limit that is read later only brings the end nearer: each version of an inventory may have one.
    fn lower(&self, to: u64) {
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        *seconds = Some(seconds.map_or(to, |now| now.min(to)));
        self.changed.notify_all();
    }

    fn wait(&self) {
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let most = seconds.unwrap_or(u64::MAX);
            let left = Duration::from_secs(most).saturating_sub(self.began.elapsed());
            if left.is_zero() {
                end(most);
            }
            seconds =
                self.changed.wait_timeout(seconds, left).map_or_else(|e| e.into_inner().0, |(seconds, _)| seconds);
        }
    }
}

/// Ends the run: nothing was decided. Files are replaced as a whole, so none is left half written.
fn end(most: u64) -> ! {
    let message = format!("this takes more than {most} seconds; nothing was decided");
    let help = "divide the inventory, ask for less (--account, --only), or raise the limit: --limit seconds=NUMBER";
    output::problems(&[Problem::about("the time", message).help(help)]);
    std::process::exit(INVALID.into())
}
