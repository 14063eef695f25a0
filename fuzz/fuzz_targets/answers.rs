//! Answers of AWS, as JSON, as packed JSON, as a table, as what a failed call printed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for name in ["answer.json", "trail.json.gz", "accounts.csv", "call.json.failed"] {
        countersign_fuzz::file(name, bytes);
    }
});
