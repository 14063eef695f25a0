//! Lint of a text in the form that its beginning tells, and its fixes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_fuzz::as_text("policy", bytes, countersign_fuzz::linted);
});
