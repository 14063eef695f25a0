//! `countersign.toml`, expectations, a baseline, a moment.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_fuzz::as_text("countersign.toml", bytes, countersign_fuzz::set);
});
