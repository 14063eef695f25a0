//! Policies in Cedar, as rules and as guardrails.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_fuzz::as_text("a.cedar", bytes, countersign_fuzz::ruled);
});
