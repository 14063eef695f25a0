//! Text that came from input: names, paths, tags, messages that quote them. Each format has one function that renders it harmless, and
//! what it says stays readable.

use std::borrow::Cow;

/// A text of which any part may have come from input.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a>(pub &'a str);

impl<'a> Foreign<'a> {
    /// In one line of text for people: what would steer a terminal, break the line or not be seen is shown.
    pub fn line(self) -> Cow<'a, str> {
        self.shown(|_| false)
    }

    /// The same in text of several lines.
    pub fn lines(self) -> Cow<'a, str> {
        self.shown(|c| c == '\t' || c == '\n')
    }

    fn shown(self, kept: impl Fn(char) -> bool) -> Cow<'a, str> {
        if !self.0.contains(|c| is_unseen(c) && !kept(c)) {
            return Cow::Borrowed(self.0);
        }
        let mut shown = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            if is_unseen(c) && !kept(c) {
                push_shown(&mut shown, c);
            } else {
                shown.push(c);
            }
        }
        Cow::Owned(shown)
    }

    /// In Markdown, in a cell of a table too: no mark-up, link, image, mention or HTML comes of it.
    pub fn markdown(self) -> String {
        let text = self.line();
        let mut escaped = String::with_capacity(text.len());
        let mut before = ' ';
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let next = rest.peek().copied().unwrap_or(' ');
            match c {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => {
                    escaped.push('\\');
                    escaped.push(c);
                }
                '_' if !(before.is_alphanumeric() && next.is_alphanumeric()) => escaped.push_str("\\_"),
                // a mention, a number of an issue, an address: an empty element parts what would be joined
                '@' | '#' if next.is_alphanumeric() => {
                    escaped.push(c);
                    escaped.push_str(PART);
                }
                ':' if next == '/' => {
                    escaped.push(c);
                    escaped.push_str(PART);
                }
                '.' if escaped.to_ascii_lowercase().ends_with("www") => {
                    escaped.push_str(PART);
                    escaped.push('.');
                }
                c => escaped.push(c),
            }
            before = c;
        }
        escaped
    }

    /// In Markdown, as code: a fence longer than any in the text.
    pub fn code(self) -> String {
        let text = self.line().replace('|', "\\|");
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest + 1);
        let blank = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
        format!("{fence}{blank}{text}{blank}{fence}")
    }

    /// The message of a workflow command of GitHub's.
    pub fn data(self) -> String {
        self.lines().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
    }

    /// A property of a workflow command of GitHub's.
    pub fn property(self) -> String {
        let text = self.line();
        Foreign(&text).data().replace(':', "%3A").replace(',', "%2C")
    }

    /// In XML, which cannot have most control characters at all.
    pub fn xml(self) -> Cow<'a, str> {
        self.lines()
    }

    /// A field of CSV, which is no formula for a spreadsheet.
    pub fn csv(self) -> String {
        super::csv::cell(&self.line())
    }

    /// In HTML, in an element or a quoted attribute.
    pub fn html(self) -> String {
        let text = self.line();
        let entity = |c: char| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            c => c.to_string(),
        };
        text.chars().map(entity).collect()
    }
}

/// Parts two characters of Markdown that would mean something together.
const PART: &str = "<!-- -->";

/// Text as it is printed where a pipeline may read it: a line that the runner of GitHub Actions would obey is no longer one. Colours
/// that this program set stay.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |line: &str| {
        if !line.contains("::") && !line.contains("##[") {
            return false;
        }
        let plain = anstream::adapter::strip_str(line).to_string();
        plain.trim_start().starts_with("::") || plain.contains("##[")
    };
    if !text.lines().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let line =
        |line: &str| if obeyed(line) { line.replace("::", ":\\:").replace("##[", "#\\#[") } else { line.to_owned() };
    Cow::Owned(text.split_inclusive('\n').map(line).collect())
}

/// Shows a character that is not seen.
pub fn push_shown(text: &mut String, c: char) {
    match c {
        '\0'..='\u{1f}' => text.extend(char::from_u32(0x2400 + u32::from(c))),
        '\u{7f}' => text.push('␡'),
        c => text.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
    }
}

/// Control characters, those that reorder what stands beside them, those without width, other ends of lines, and what is no character.
pub fn is_unseen(c: char) -> bool {
    // nearly every character is one of these, and output is as long as there are answers
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_shown() {
        assert_eq!(
            Foreign("a\u{1b}[31mb\nc\u{202e}d\u{200b}e\u{9b}\u{7f}").line(),
            "a␛[31mb␊c\\u{202e}d\\u{200b}e\\u{9b}␡"
        );
        assert_eq!(Foreign("a\nb\tc").lines(), "a\nb\tc");
        assert_eq!(Foreign("a\tb").line(), "a␉b");
        assert_eq!(Foreign("é 漢字").line(), "é 漢字");
    }

    #[test]
    fn markdown_means_nothing() {
        for (text, expected) in [
            ("a|b", "a\\|b"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("![x](http://y)", "!\\[x\\](http:<!-- -->//y)"),
            ("@everyone and jane@example.com", "@<!-- -->everyone and jane@<!-- -->example.com"),
            ("see #12, www.x.org", "see #<!-- -->12, www<!-- -->.x.org"),
            ("**b** _i_ a_b `c`", "\\*\\*b\\*\\* \\_i\\_ a_b \\`c\\`"),
            ("a\n# heading", "a␊# heading"),
        ] {
            assert_eq!(Foreign(text).markdown(), expected);
        }
        for (text, expected) in [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("``", "``` `` ```"), ("", "`  `")]
        {
            assert_eq!(Foreign(text).code(), expected);
        }
    }

    #[test]
    fn a_runner_obeys_no_name() {
        for text in [
            "::stop-commands::x\n",
            "  ::error::x\n",
            "a\n::add-mask::b\nc\n",
            "x ##[error]y\n",
            "\u{1b}[1m::error::x\n",
        ] {
            let printed = harmless(text).into_owned();
            let plain = anstream::adapter::strip_str(&printed).to_string();
            assert!(!plain.lines().any(|l| l.trim_start().starts_with("::") || l.contains("##[")), "{printed:?}");
        }
        assert_eq!(harmless("arn:aws:iam::111122223333:user/a\n"), "arn:aws:iam::111122223333:user/a\n");
        assert_eq!(Foreign("a\n::error::b,c").property(), "a␊%3A%3Aerror%3A%3Ab%2Cc");
        assert_eq!(Foreign("a\n::error::b").data(), "a%0A::error::b");
    }

    #[test]
    fn a_field_is_no_formula() {
        for text in ["=1+1", " =1", "+1", "-1", "@x"] {
            assert!(Foreign(text).csv().starts_with("\"'"), "{text}");
        }
        assert_eq!(Foreign("a \"b\"").csv(), "\"a \"\"b\"\"\"");
        assert_eq!(Foreign("<a href='x'>").html(), "&lt;a href=&#39;x&#39;&gt;");
    }
}
