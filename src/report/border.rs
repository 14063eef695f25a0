//! The border that text passes on its way to whoever reads it. What was put together here may quote any input, and nothing of the input
//! passes that steers a terminal, reorders or hides what stands beside it. Of sequences that set a style only this program's own pass: they
//! carry a mark, drawn anew in each run, that no input can know and that the border takes away.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use anstyle::Style;

use super::foreign::{Foreign, is_unseen};

/// What a sequence begins with, of this program as of anybody.
const BEGINS: &str = "\u{1b}[";

/// What a sequence of this program begins with until it passes the border. It is a sequence of its own kind, so that whoever measures text
/// gives it no width.
static MARK: LazyLock<String> = LazyLock::new(|| format!("{BEGINS}{};", RandomState::new().build_hasher().finish()));

/// A text in a style, on one line.
pub fn styled(style: Style, text: &str) -> String {
    let (begins, ends) = (style.render().to_string(), style.render_reset().to_string());
    format!("{}{}{}", drawn(&begins), line(text), drawn(&ends))
}

/// What another library drew, in its styles, of text that has passed already.
pub fn drawn(text: &str) -> String {
    text.replace(BEGINS, &MARK)
}

/// One line of text, in which styles of this program stay.
pub fn line(text: &str) -> Cow<'_, str> {
    apart(text, &MARK, |text| Foreign(text).line())
}

/// Text as it is printed, in its styles.
pub fn printed(text: &str) -> Cow<'_, str> {
    apart(text, BEGINS, lines)
}

/// Text without styles, as files and other formats have it.
pub fn plain(text: &str) -> Cow<'_, str> {
    let mut own = String::new();
    let mut rest = text;
    while let Some((before, _, after)) = next(rest) {
        own.push_str(&lines(before));
        rest = after;
    }
    if own.is_empty() && rest.len() == text.len() { lines(text) } else { Cow::Owned(own + &lines(rest)) }
}

/// JSON in which no character stands that is not seen: it is written by its number, and means the same.
pub fn json(text: &str) -> Cow<'_, str> {
    let is_kept = |c: char| c == '\n' || c == '\r' || !is_unseen(c);
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_kept(c) {
            escaped.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")));
        }
    }
    Cow::Owned(escaped)
}

/// Several lines; an end of a line as Windows has it is one.
fn lines(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") {
        return Cow::Owned(Foreign(&text.replace("\r\n", "\n")).lines().into_owned());
    }
    Foreign(text).lines()
}

/// Each part between the styles of this program made harmless, and these begun as given.
fn apart<'t>(text: &'t str, begins: &str, harmless: impl Fn(&str) -> Cow<'_, str>) -> Cow<'t, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, sequence, after)) = next(rest) {
        shown.push_str(&harmless(before));
        shown.push_str(begins);
        shown.push_str(sequence);
        rest = after;
    }
    shown.push_str(&harmless(rest));
    Cow::Owned(shown)
}

/// The first style of this program: what stands before it, what it sets, and what follows.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = text.split_once(MARK.as_str())?;
    let (sequence, after) = after.split_at_checked(after.find('m')? + 1)?;
    Some((before, sequence, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hides what follows, sets a title, ends a line; and a style that this program sets as well.
    const HOSTILE: &str = "a\u{1b}[8mb\u{1b}]0;t\u{7}\n\tc\u{1b}[1md\u{9b}31m\u{7f}\u{202e}";

    #[test]
    fn of_styles_only_our_own_pass() {
        let text = styled(Style::new().bold(), HOSTILE);
        let shown = "a␛[8mb␛]0;t␇␊␉c␛[1md\\u{9b}31m␡\\u{202e}";
        assert_eq!(printed(&text), format!("\u{1b}[1m{shown}\u{1b}[0m"));
        assert_eq!(plain(&text), shown);
        assert_eq!(line(&text), text, "a line that has passed once is left alone");
    }

    #[test]
    fn text_that_is_in_no_style_passes_the_same_border() {
        let shown = "a␛[8mb␛]0;t␇\n\tc␛[1md\\u{9b}31m␡\\u{202e}";
        assert_eq!((printed(HOSTILE).as_ref(), plain(HOSTILE).as_ref()), (shown, shown));
        assert_eq!(printed("a\r\nb"), "a\nb");
        assert_eq!(printed("é 漢字\n"), "é 漢字\n");
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({"name": format!("{HOSTILE}\u{2028}\u{e0001}")});
        let text = json(&serde_json::to_string_pretty(&value).unwrap()).into_owned();
        assert!(text.chars().all(|c| c == '\n' || !is_unseen(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
