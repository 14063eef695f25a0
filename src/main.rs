//! The `countersign` command.

use std::process::ExitCode;

/// Many small values of several threads are made and dropped: half of what the C library's took (`benches/scale.rs`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    countersign::cli::main()
}
