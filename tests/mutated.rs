//! Mutated samples for every reader: whatever is read, the command ends with an exit code of its own, says something, and hides
//! nothing behind a panic.
//!
//! `MUTATED_CASES` sets how many inputs; `.ci/long` asks for more, in rounds that each mutate otherwise.

use std::path::{Path, PathBuf};

use crate::common::drawn_from;
use proptest::prelude::Rng;
use proptest::test_runner::TestRng;

/// What is held of every reader; fuzzing holds it too.
#[path = "../fuzz/src/lib.rs"]
mod readers;

/// Files of every kind that something reads.
const SAMPLES: [&str; 6] =
    ["tests/data/aws-cli", "tests/data/every-rule", "tests/data/cases", "examples", "docs", "policies"];

fn samples() -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let walked = SAMPLES.iter().flat_map(|s| walkdir::WalkDir::new(root.join(s)).sort_by_file_name());
    let files = walked.filter_map(Result::ok).filter(|e| e.file_type().is_file()).map(walkdir::DirEntry::into_path);
    let read = |path: &Path| {
        let ends = ["json", "toml", "cedar", "tf", "yaml", "yml", "csv", "gz", "template"];
        path.extension().is_some_and(|e| ends.iter().any(|end| e == *end))
    };
    let files = files.filter(|p| read(p) && std::fs::metadata(p).unwrap().len() < 12_000);
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn below(rng: &mut TestRng, most: usize) -> usize {
    usize::try_from(rng.next_u32()).unwrap() % most.max(1)
}

/// What is put in somewhere: ends of tokens, deep nesting, marks, what is no text.
const PIECES: [&[u8]; 18] = [
    b"\0",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\xff",
    b"\xed\xa0\x80",
    "\u{feff}".as_bytes(),
    "\u{202e}".as_bytes(),
    b"1e999",
    b"-0",
    b"null",
    b"\\ud800",
    b"*",
    b"${",
    b"\r\n",
];

/// A sample with one to eight changes.
fn mutated(rng: &mut TestRng, samples: &[(PathBuf, Vec<u8>)]) -> (PathBuf, Vec<u8>) {
    let (path, bytes) = &samples[below(rng, samples.len())];
    let mut bytes = bytes.clone();
    for _ in 0..=below(rng, 8) {
        let at = below(rng, bytes.len() + 1).min(bytes.len());
        match below(rng, 8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << below(rng, 8),
            1 => bytes.truncate(at),
            2 => {
                let end = (at + below(rng, 40)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + below(rng, 200)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = below(rng, bytes.len() + 1).min(bytes.len());
                bytes.splice(to..to, copy);
            }
            4 => {
                let depth = [3, 90, 150, 5_000][below(rng, 4)];
                let open = [b'[', b'(', b'{', b'!'][below(rng, 4)];
                bytes.splice(at..at, std::iter::repeat_n(open, depth));
            }
            5 => {
                let other = &samples[below(rng, samples.len())].1;
                let from = below(rng, other.len());
                let end = (from + below(rng, 300)).min(other.len());
                bytes.splice(at..at, other[from.min(end)..end].to_vec());
            }
            _ => {
                let piece = PIECES[below(rng, PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    (path.clone(), bytes)
}

#[test]
fn no_reader_falls_over_a_mutated_sample() {
    let cases: usize = std::env::var("MUTATED_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let samples = samples();
    assert!(samples.len() > 100, "{}", samples.len());
    let mut rng = drawn_from(17);
    for number in 0..cases {
        let (path, bytes) = mutated(&mut rng, &samples);
        let read = std::panic::catch_unwind(|| readers::read(&path, &bytes));
        if read.is_err() {
            let kept = std::env::temp_dir().join(format!("countersign-mutated-{number}"));
            std::fs::write(&kept, &bytes).unwrap();
            panic!("case {number}, of {}: kept in {}", path.display(), kept.display());
        }
    }
}
