//! Anchors of YAML: what stands below one is read wherever an alias names it, and what is right to change in one place need not be in another.

use crate::problem::Span;

/// In a file with more anchors before a place, it counts as below one: to follow each for every place takes too long.
const MOST: usize = 100;

/// Whether what stands here is below an anchor that an alias of the file names.
pub fn is_anchored(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).unwrap_or_default();
    if !before.contains('&') || !text.contains('*') {
        return false;
    }
    let (mut rest, mut followed) = (before, 0);
    while let Some((head, tail)) = rest.rsplit_once('&') {
        let name = name_of(tail);
        let may_be_one = !name.is_empty() && opens(head);
        followed += usize::from(may_be_one);
        if followed > MOST {
            return true;
        }
        if may_be_one
            && is_named(text, name)
            && reaches(text.get(head.len()..).unwrap_or_default(), indentation(head), head, span.start - head.len())
        {
            return true;
        }
        rest = head;
    }
    false
}

/// The name of an anchor or an alias that a text begins with.
fn name_of(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Whether a value may begin after this.
fn opens(head: &str) -> bool {
    head.is_empty() || head.ends_with(|c: char| c.is_whitespace() || matches!(c, '[' | ',' | '{'))
}

/// Whether an alias of this name stands in the file.
fn is_named(text: &str, name: &str) -> bool {
    let alias = format!("*{name}");
    let is_alias = |at: usize| {
        let (head, tail) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        opens(head) && name_of(tail).trim_end_matches(':') == name
    };
    text.match_indices(&alias).any(|(at, _)| is_alias(at))
}

/// How far in the line of an anchor is, and whether it is an item of a list.
fn indentation(head: &str) -> usize {
    let line = head.rsplit('\n').next().unwrap_or_default();
    line.len() - line.trim_start().len()
}

/// Whether a place, so many bytes after an anchor, is below it: on its line, or before the first line that is no further in.
fn reaches(after: &str, inward: usize, head: &str, place: usize) -> bool {
    let is_item = head.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with("- "));
    let between = after.get(..place).unwrap_or_default();
    let ends = |line: &str| {
        let own = line.len() - line.trim_start().len();
        let content = line.trim_start();
        let is_blank = content.is_empty() || content.starts_with('#');
        // the items of a list may be as far in as the key that it belongs to
        !is_blank && (own < inward || own == inward && (is_item || !content.starts_with("- ")))
    };
    let mut lines = between.split('\n').skip(1).collect::<Vec<_>>();
    // the last line is that of the place, and counts by what stands before it
    let Some(last) = lines.pop() else {
        return true;
    };
    let last_ends = last.trim_start().is_empty() && last.len() <= inward || !last.trim_start().is_empty() && ends(last);
    !lines.into_iter().any(ends) && !last_ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchored(text: &str, word: &str) -> bool {
        let start = text.find(word).unwrap();
        is_anchored(text, Span { start, end: start + word.len() })
    }

    #[test]
    fn what_an_alias_names_is_read_elsewhere() {
        let used = "a: &x s3:One\nb: *x\nc: s3:Two\n";
        assert!(anchored(used, "s3:One"));
        assert!(!anchored(used, "s3:Two"));
        assert!(!anchored("a: &x s3:One\nb: y\n", "s3:One"), "nothing names it");
        let block = "a: &x\n  k: s3:One\n  l:\n  - s3:Two\nb:\n  <<: *x\n  k: s3:Three\n";
        assert!(anchored(block, "s3:One") && anchored(block, "s3:Two"));
        assert!(!anchored(block, "s3:Three"));
        let list = "a: &x\n- s3:One\n- s3:Two\nb: *x\n";
        assert!(anchored(list, "s3:Two"));
        let items = "a:\n- &x\n  k: s3:One\n- k: s3:Two\nb: *x\n";
        assert!(anchored(items, "s3:One"));
        assert!(!anchored(items, "s3:Two"));
        assert!(anchored("a: [&x s3:One, s3:Two, *x]\n", "s3:One"));
        let many = (0..2 * MOST).map(|n| format!("k{n}: &a{n} v\n")).collect::<String>();
        assert!(anchored(&format!("{many}b: s3:One\nc: *other\n"), "s3:One"), "too many to follow");
        assert!(!anchored("a: 'x & y'\nb: s3:One\nc: 's3:*'\n", "s3:One"));
    }
}
