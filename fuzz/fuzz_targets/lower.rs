//! A policy document, lowered to Cedar.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_fuzz::as_text("policy.json", bytes, countersign_fuzz::lowered);
});
