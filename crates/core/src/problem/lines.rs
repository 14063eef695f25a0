//! The lines of a text, looked for once: a place in a long text is found without reading all that stands before it.

use crate::work;

/// Marks stand so many bytes apart.
const APART: usize = 4096;

/// Where the lines of a text begin, and how many of its bytes begin no character, up to each mark.
#[derive(Debug)]
pub struct Lines {
    starts: Vec<usize>,
    /// Empty where every byte is a character.
    continued: Vec<usize>,
}

/// Whether a byte goes on with a character that another began.
fn goes_on(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str) -> Self {
        work::add(text.len());
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1));
        let mut continued = Vec::new();
        if !text.is_ascii() {
            let mut count = 0;
            for chunk in text.as_bytes().chunks(APART) {
                continued.push(count);
                count += chunk.iter().filter(|b| goes_on(**b)).count();
            }
            continued.push(count);
        }
        Self { starts, continued }
    }

    /// One-based line of a byte, and where that line begins.
    pub fn line(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        (line, self.starts.get(line - 1).copied().unwrap_or_default())
    }

    /// How many characters stand between two bytes.
    pub fn characters(&self, text: &str, start: usize, end: usize) -> usize {
        let bytes = end.saturating_sub(start);
        if self.is_ascii() { bytes } else { bytes - self.before(text, end).saturating_sub(self.before(text, start)) }
    }

    /// Every byte is a character.
    pub fn is_ascii(&self) -> bool {
        self.continued.is_empty()
    }

    /// How many bytes before this one begin no character.
    fn before(&self, text: &str, offset: usize) -> usize {
        let mark = offset / APART;
        let since = text.as_bytes().get(mark * APART..offset).unwrap_or_default();
        work::add(since.len());
        self.continued.get(mark).copied().unwrap_or_default() + since.iter().filter(|b| goes_on(**b)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain way: everything before the place is read.
    fn plainly(text: &str, offset: usize) -> (usize, usize) {
        let before = text.get(..offset).unwrap();
        (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap_or("").chars().count() + 1)
    }

    #[test]
    fn places_are_those_that_are_counted_plainly() {
        let long = "x€é\n".repeat(3000) + &"ü𝄞".repeat(4000);
        for text in ["", "a", "\n", "a\nb\n", "é\n€x", long.as_str()] {
            let lines = Lines::of(text);
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let (line, start) = lines.line(offset);
                let found = (line, lines.characters(text, start, offset) + 1);
                assert_eq!(found, plainly(text, offset), "{offset}");
            }
        }
    }
}
