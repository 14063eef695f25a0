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
    /// How many characters begin before each mark that are two units in UTF-16; empty as above.
    twice: Vec<usize>,
}

/// Whether a byte begins a character that is two units in UTF-16.
fn is_twice(byte: u8) -> bool {
    byte >= 0b1111_0000
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
        let (mut continued, mut twice) = (Vec::new(), Vec::new());
        if !text.is_ascii() {
            let (mut goes, mut is) = (0, 0);
            for chunk in text.as_bytes().chunks(APART) {
                continued.push(goes);
                twice.push(is);
                goes += chunk.iter().filter(|b| goes_on(**b)).count();
                is += chunk.iter().filter(|b| is_twice(**b)).count();
            }
            continued.push(goes);
            twice.push(is);
        }
        Self { starts, continued, twice }
    }

    /// One-based line of a byte, and where that line begins.
    pub fn line(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        (line, self.starts.get(line - 1).copied().unwrap_or_default())
    }

    /// Where the line of a byte begins, and where it ends: at its line break, or with the text.
    pub fn bounds(&self, text: &str, offset: usize) -> (usize, usize) {
        let (line, start) = self.line(offset);
        let end = self.starts.get(line).map_or(text.len(), |next| next - 1);
        (start, end)
    }

    /// How many characters stand between two bytes.
    pub fn characters(&self, text: &str, start: usize, end: usize) -> usize {
        let bytes = end.saturating_sub(start);
        let continued = |offset| before(text, offset, &self.continued, goes_on);
        if self.is_ascii() { bytes } else { bytes - continued(end).saturating_sub(continued(start)) }
    }

    /// How many units of UTF-16 stand between two bytes.
    pub fn utf16(&self, text: &str, start: usize, end: usize) -> usize {
        let twice = |offset| before(text, offset, &self.twice, is_twice);
        let more = if self.is_ascii() { 0 } else { twice(end).saturating_sub(twice(start)) };
        self.characters(text, start, end) + more
    }

    /// Every byte is a character.
    fn is_ascii(&self) -> bool {
        self.continued.is_empty()
    }
}

/// How many bytes before this one are of a kind, of which it is known how many there are before each mark.
fn before(text: &str, offset: usize, marks: &[usize], is: fn(u8) -> bool) -> usize {
    let mark = offset / APART;
    let since = text.as_bytes().get(mark * APART..offset).unwrap_or_default();
    work::add(since.len());
    marks.get(mark).copied().unwrap_or_default() + since.iter().filter(|b| is(**b)).count()
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
                let units = text.get(start..offset).unwrap().encode_utf16().count();
                assert_eq!(lines.utf16(text, start, offset), units, "{offset}");
                let end = text.get(offset..).unwrap().find('\n').map_or(text.len(), |more| offset + more);
                assert_eq!(lines.bounds(text, offset), (start, end), "{offset}");
            }
        }
    }
}
