//! The thread that evaluates: Cedar's evaluator recurses, and a policy must not be skipped because the stack was small.

use crate::problem::Failure;

const BYTES: usize = 256 * 1024 * 1024;

/// Runs an evaluation on a thread with a stated stack.
pub fn evaluate<T: Send>(run: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("evaluation".to_owned()).stack_size(BYTES);
        let thread = builder.spawn_scoped(scope, run);
        let thread = thread.map_err(|e| Failure::general(format!("the evaluation cannot start a thread: {e}")))?;
        thread.join().unwrap_or_else(|_| Err(Failure::general("the evaluation stopped; please report this")))
    })
}
