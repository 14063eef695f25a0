//! The thread that evaluates: Cedar's evaluator recurses, and a policy must not be skipped because the stack was small.

use crate::problem::Failure;
use crate::work;

const BYTES: usize = 256 * 1024 * 1024;

/// Runs an evaluation on a thread with a stated stack.
pub fn evaluate<T: Send>(run: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("evaluation".to_owned()).stack_size(BYTES);
        let counted = || work::during(run);
        let thread = builder.spawn_scoped(scope, counted);
        let thread = thread.map_err(Failure::internal("a thread for the evaluation"))?;
        // a panic is an error of this program, and goes on where it would have without the thread
        let (result, steps) = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        work::bring(steps);
        result
    })
}
