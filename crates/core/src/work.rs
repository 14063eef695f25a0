//! How much work was done, in steps that do not depend on the machine: tests hold it against the size of the input.
//!
//! What can grow faster than its input counts its steps here: bytes that are looked at for a place, patterns that are compared, requests
//! that Cedar evaluates. Each thread counts for itself, and [`stack::evaluate`](crate::stack::evaluate) brings what its thread did back.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts steps.
pub fn add(steps: usize) {
    let steps = u64::try_from(steps).unwrap_or(u64::MAX);
    STEPS.with(|done| done.set(done.get().saturating_add(steps)));
}

/// The steps of this thread so far.
pub fn done() -> u64 {
    STEPS.with(Cell::get)
}

/// Brings the steps of another thread to this one.
pub(crate) fn bring(steps: u64) {
    STEPS.with(|done| done.set(done.get().saturating_add(steps)));
}

/// What something gives, and the steps that it took.
pub fn during<T>(run: impl FnOnce() -> T) -> (T, u64) {
    let before = done();
    let result = run();
    (result, done().saturating_sub(before))
}
