//! The compressed files of `data/`: an index and blocks, each inflated when something in it is first asked for. What they hold is
//! written down in `data/update/update.py`, which makes them.

use std::io::Read;
use std::sync::OnceLock;

use flate2::read::DeflateDecoder;

/// A packed file that is built in.
pub struct Packed {
    /// The lines of the index that are neither blocks nor entries, split into their fields.
    pub head: Vec<Vec<&'static str>>,
    /// In the order of their names in lower case.
    pub entries: Vec<Entry>,
    bytes: &'static [u8],
    blocks: Vec<Block>,
}

/// One text of a packed file.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What else the index tells of it.
    pub more: Vec<&'static str>,
    block: usize,
    start: usize,
    length: usize,
}

struct Block {
    at: usize,
    packed: usize,
    length: usize,
    text: OnceLock<&'static str>,
}

/// The size of the number that a file begins with.
const HEADER: usize = 4;

impl Packed {
    /// Reads the index. The files are the project's own, and a test reads them whole: one that is broken is empty.
    pub fn new(bytes: &'static [u8]) -> Self {
        let size = bytes.first_chunk::<HEADER>().map_or(0, |b| u32::from_le_bytes(*b) as usize);
        let mut packed = Self { head: Vec::new(), entries: Vec::new(), bytes, blocks: Vec::new() };
        let mut at = HEADER + size;
        for line in inflated(bytes.get(HEADER..at).unwrap_or_default(), 0).lines() {
            let fields: Vec<&'static str> = line.split('\t').collect();
            let number = |i: usize| fields.get(i).and_then(|f| f.parse::<usize>().ok()).unwrap_or_default();
            match fields.as_slice() {
                ["B", ..] => {
                    packed.blocks.push(Block { at, packed: number(1), length: number(2), text: OnceLock::new() });
                    at += number(1);
                }
                ["E", name, _, _, _, more @ ..] => packed.entries.push(Entry {
                    name,
                    more: more.to_vec(),
                    block: number(2),
                    start: number(3),
                    length: number(4),
                }),
                _ => packed.head.push(fields),
            }
        }
        packed
    }

    /// The place of the entry of this name; case does not matter.
    pub fn position(&self, name: &str) -> Option<usize> {
        let wanted = name.to_ascii_lowercase();
        self.entries.binary_search_by(|e| e.name.to_ascii_lowercase().cmp(&wanted)).ok()
    }

    /// The text of an entry.
    pub fn text(&self, entry: &Entry) -> &'static str {
        let Some(block) = self.blocks.get(entry.block) else {
            return "";
        };
        let text = block.text.get_or_init(|| {
            let packed = self.bytes.get(block.at..block.at + block.packed).unwrap_or_default();
            inflated(packed, block.length)
        });
        text.get(entry.start..entry.start + entry.length).unwrap_or_default()
    }
}

/// The text of a stream. It lives as long as the process: there are few, and each is inflated once.
fn inflated(stream: &[u8], length: usize) -> &'static str {
    let mut text = String::with_capacity(length);
    match DeflateDecoder::new(stream).read_to_string(&mut text) {
        Ok(_) => text.leak(),
        Err(_) => "",
    }
}
