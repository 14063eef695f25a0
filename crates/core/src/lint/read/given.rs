//! The text that the reader of YAML is given, and where each of its characters stands in the file: text in a string, text whose
//! placeholders are unknown values, and lines that other readers take as they are indented.

use super::UNKNOWN;
use super::embedded::Mapped;

/// A text for the reader of YAML.
pub struct Given {
    /// The text.
    pub text: String,
    /// The offset in the file of each character, and of the end.
    pub offsets: Vec<usize>,
}

/// A larger text is read as it is.
const MOST: usize = 1024 * 1024;

/// Blanks that put a line further in than any block is.
const INDENTATION: usize = 200;

/// Words that make a text a program that writes YAML: what stands between them may be left out, or repeated.
const STATEMENTS: [&str; 2] = ["{%", "<%"];

impl Given {
    /// A whole file.
    pub fn file(text: &str) -> Self {
        let offsets = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
        Self { text: text.to_owned(), offsets }
    }

    /// A text that stands in a string of a file.
    pub fn string(mapped: &Mapped) -> Self {
        let places = mapped.text.char_indices().map(|(at, _)| mapped.offset(at));
        Self { text: mapped.text.clone(), offsets: places.chain([mapped.offset(mapped.text.len())]).collect() }
    }

    /// Where a character stands in the file.
    pub fn offset(&self, character: usize) -> usize {
        self.offsets.get(character).or(self.offsets.last()).copied().unwrap_or_default()
    }

    /// The same, the line of a character further in: within brackets, the readers of CloudFormation do not ask how far in a line is.
    pub fn further_in(&self, character: usize) -> Option<Self> {
        if self.text.len() > MOST {
            return None;
        }
        let before = self.text.chars().take(character).collect::<String>();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let nth = before.get(..line)?.chars().count();
        let mut text = self.text.clone();
        text.insert_str(line, &" ".repeat(INDENTATION));
        let mut offsets = self.offsets.clone();
        let own = self.offset(nth);
        offsets.splice(nth..nth, std::iter::repeat_n(own, INDENTATION));
        Some(Self { text, offsets })
    }

    /// The same, the lines of the quoted text at a character further in: these readers do not ask how far in they are either, and white space
    /// at their beginning is no part of the text.
    pub fn quoted_further_in(&self, character: usize) -> Option<Self> {
        if self.text.len() > MOST {
            return None;
        }
        let mut characters = self.text.chars().enumerate().skip(character);
        let (_, quote) = characters.next().filter(|(_, c)| ['"', '\''].contains(c))?;
        let (mut starts, mut escaped) = (Vec::new(), false);
        for (at, c) in characters {
            match c {
                _ if escaped => escaped = false,
                '\\' if quote == '"' => escaped = true,
                // two of them stand for one, and end the text and begin it again here
                c if c == quote => break,
                '\n' => starts.push(at + 1),
                _ => {}
            }
        }
        let (mut text, mut offsets) = (String::new(), Vec::new());
        let mut starts = starts.into_iter().peekable();
        starts.peek()?;
        for (at, c) in self.text.chars().enumerate() {
            if starts.next_if_eq(&at).is_some() {
                text.push_str(&" ".repeat(INDENTATION));
                offsets.extend(std::iter::repeat_n(self.offset(at), INDENTATION));
            }
            text.push(c);
            offsets.push(self.offset(at));
        }
        offsets.push(self.offset(usize::MAX));
        Some(Self { text, offsets })
    }

    /// The same with an unknown value for each `{{ name }}` and `%NAME%`; `None` where there is none, or more than values are to be filled in.
    pub fn filled(&self) -> Option<Self> {
        self.without(placeholder)
    }

    /// The same, of a text that is a template by its name: with one for each `${name}` as well.
    pub fn filled_as_template(&self) -> Option<Self> {
        let dollar = |text: &str| {
            let inner = text.strip_prefix("${")?;
            let end =
                inner.find(['}', '\n']).filter(|end| inner.get(*end..).is_some_and(|rest| rest.starts_with('}')))?;
            Some(end + 3)
        };
        self.without(|text| placeholder(text).or_else(|| dollar(text)))
    }

    fn without(&self, placeholder: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        if STATEMENTS.iter().any(|mark| self.text.contains(mark)) {
            return None;
        }
        let (mut text, mut offsets, mut any) = (String::new(), Vec::new(), false);
        let (mut rest, mut nth) = (self.text.as_str(), 0);
        while let Some(c) = rest.chars().next() {
            let length = placeholder(rest);
            any |= length.is_some();
            text.push(if length.is_some() { UNKNOWN } else { c });
            offsets.push(self.offset(nth));
            let (taken, left) = rest.split_at(length.unwrap_or(c.len_utf8()));
            nth += taken.chars().count();
            rest = left;
        }
        offsets.push(self.offset(nth));
        any.then_some(Self { text, offsets })
    }
}

/// The length of the placeholder that a text begins with.
fn placeholder(text: &str) -> Option<usize> {
    if let Some(inner) = text.strip_prefix("{{") {
        let end = inner.find("}}").filter(|end| inner.get(..*end).is_some_and(|name| !name.contains('\n')))?;
        return Some(end + 4);
    }
    let inner = text.strip_prefix('%')?;
    let end = inner.find('%')?;
    let name = inner.get(..end)?;
    let named = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    named.then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_unknown_and_keep_their_places() {
        let given = Given::file("a: %MY_NAME%/x\nb: {{ é }}\nc: 10%\n").filled().unwrap();
        assert_eq!(given.text, format!("a: {UNKNOWN}/x\nb: {UNKNOWN}\nc: 10%\n"));
        assert_eq!(given.offset(4), 12, "the slash");
        assert_eq!(given.offset(10), 18, "the second placeholder");
        assert!(Given::file("a: 10%\n").filled().is_none());
        assert!(Given::file("a: ${x}\n").filled().is_none());
        assert_eq!(Given::file("a: [${x.y}, b]\n").filled_as_template().unwrap().text, format!("a: [{UNKNOWN}, b]\n"));
        assert!(Given::file("{% if x %}\na: {{ x }}\n{% endif %}\n").filled().is_none());
    }

    #[test]
    fn a_line_is_moved_in_and_stays_where_it_is() {
        let given = Given::file("a: [é\n]\n").further_in(6).unwrap();
        assert_eq!(given.text, format!("a: [é\n{}]\n", " ".repeat(INDENTATION)));
        assert_eq!(given.offset(6 + INDENTATION), 7, "the bracket");
    }
}
