//! An inventory of one file: entities, a policy, answers, and whatever is none of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_fuzz::inventory("a.json", bytes);
});
