//! Commands that are printed as advice. Run as they stand, they ask the inventory that was asked, with the same rules and of the same
//! moment: each of them is written here.

/// The kind of agreement that is asked about where none is named.
pub const USUAL_KIND: &str = "baa";

/// What of a command line another command has to repeat.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The folder of the inventory as it was typed; `None` where it was found.
    pub folder: Option<String>,
    /// The flags that decide what is answered, each with its value: the moment, the context, the rules.
    pub flags: Vec<(&'static str, String)>,
}

impl Typed {
    /// The same in backticks, within a sentence.
    pub fn command(&self, words: &str, more: &[(&str, &str)]) -> String {
        format!("`{}`", self.line(words, more))
    }

    /// A command about the same inventory: its words, the folder, what it asks besides, and the flags.
    pub fn line(&self, words: &str, more: &[(&str, &str)]) -> String {
        let mut command = format!("countersign {words}");
        if let Some(folder) = &self.folder {
            // a folder may begin as a flag does
            let folder = if folder.starts_with('-') { format!("./{folder}") } else { folder.clone() };
            command.push_str(&format!(" {}", quoted(&folder)));
        }
        let flags = self.flags.iter().map(|(flag, value)| (*flag, value.as_str()));
        for (flag, value) in more.iter().copied().chain(flags) {
            command.push_str(&format!(" {flag}"));
            if !value.is_empty() {
                command.push_str(&format!(" {}", quoted(value)));
            }
        }
        command
    }
}

/// What stands for a blank within a command while text is wrapped: the first line of two would be run by itself. It is no character, and
/// is in no text that has passed the border.
const GLUE: &str = "\u{fdd0}";

/// Text in which the commands are one word each.
pub fn glued(text: &str) -> String {
    let part = |(at, part): (usize, &str)| match at % 2 == 1 && part.starts_with("countersign ") {
        true => part.replace(' ', GLUE),
        false => part.to_owned(),
    };
    text.split('`').enumerate().map(part).collect::<Vec<_>>().join("`")
}

/// The same with its blanks.
pub fn parted(text: &str) -> String {
    text.replace(GLUE, " ")
}

/// A word as a shell takes it for one.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=,@+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_stands_on_one_line() {
        let text = "Of `a b` see `countersign show completeness 'our clinic'` for the list.";
        let wrapped = crate::report::paragraph(20, "", text);
        assert_eq!(wrapped, "Of `a b` see\n`countersign show completeness 'our clinic'`\nfor the list.\n");
    }

    #[test]
    fn a_command_asks_what_was_asked() {
        let typed = |folder: &str| Typed {
            folder: Some(folder.to_owned()),
            flags: vec![("--at", "2024-01-01".to_owned()), ("--context", "aws:SourceIp=".to_owned())],
        };
        let command = |folder: &str| typed(folder).command("who-can end-coverage", &[("--account", "111122223333")]);
        let flags = "--account 111122223333 --at 2024-01-01 --context aws:SourceIp=";
        assert_eq!(command("../clinic"), format!("`countersign who-can end-coverage ../clinic {flags}`"));
        assert_eq!(command("our clinic's"), format!("`countersign who-can end-coverage 'our clinic'\\''s' {flags}`"));
        assert_eq!(command("-x"), format!("`countersign who-can end-coverage ./-x {flags}`"));
        assert_eq!(Typed::default().command("test", &[("--record", "")]), "`countersign test --record`");
    }
}
