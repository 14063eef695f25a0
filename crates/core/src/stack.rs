//! The thread that evaluates: Cedar's evaluator recurses, and a policy must not be skipped because the stack was small.

use std::thread::{Scope, ScopedJoinHandle};

use crate::problem::Failure;
use crate::work;

const BYTES: usize = 256 * 1024 * 1024;

/// Runs an evaluation on a thread with a stated stack.
pub fn evaluate<T: Send>(run: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    std::thread::scope(|scope| {
        let thread = spawn(scope, run)?;
        joined(thread)
    })
}

/// A thread with such a stack, and what it counts.
type Counting<'scope, T> = ScopedJoinHandle<'scope, (Result<T, Failure>, u64)>;

/// A thread with such a stack, among others.
pub(crate) fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    run: impl FnOnce() -> Result<T, Failure> + Send + 'scope,
) -> Result<Counting<'scope, T>, Failure> {
    let builder = std::thread::Builder::new().name("evaluation".to_owned()).stack_size(BYTES);
    builder.spawn_scoped(scope, || work::during(run)).map_err(Failure::internal("a thread for the evaluation"))
}

/// What such a thread came to; its steps count for this one.
pub(crate) fn joined<T>(thread: Counting<'_, T>) -> Result<T, Failure> {
    // a panic is an error of this program, and goes on where it would have without the thread
    let (result, steps) = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    work::bring(steps);
    result
}
