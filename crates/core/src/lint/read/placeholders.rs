//! What is still to be filled in: placeholders in the texts of a document that was read.

use super::{UNKNOWN, interpolated};
use crate::text::json::{Node, Value};

/// `${name}` without a colon is no policy variable, but a placeholder of a template: it is not known what stands there.
pub fn placeholders(node: &mut Node) {
    match &mut node.value {
        Value::String(text) if text.contains(['<', '[', '{']) || is_blank(text) => *text = without_placeholders(text),
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter_mut().for_each(placeholders),
        Value::Object(members) => members.iter_mut().for_each(|m| {
            m.key = without_placeholders(&m.key);
            placeholders(&mut m.node);
        }),
        _ => {}
    }
}

/// `<my-account>`, `[MY_ACCOUNT]`, `{{ account }}` and `%{account}` stand for what is still to be filled in.
fn without_blanks_to_fill_in(text: &str) -> String {
    if is_blank(text) {
        return UNKNOWN.to_string();
    }
    let letter = |c: char| c.is_ascii_alphabetic();
    let capitals = |name: &str| {
        name.len() > 2
            && name.starts_with(letter)
            && name.chars().all(|c| c.is_ascii_uppercase() || "_- ".contains(c) || c.is_ascii_digit())
    };
    let text = between(text, "<%", "%>", |_| true);
    let text = between(&text, "#{", "}", |name| name.starts_with(|c: char| letter(c) || c == '@'));
    let text = between(&text, "<", ">", |name| name.starts_with(letter));
    let text = between(&text, "[", "]", capitals);
    let text = between(&text, "{{", "}}", |_| true);
    between(&text, "%{", "}", |_| true)
}

/// A text that is nothing but a blank to fill in, in the ways of other programs: `__NAME__`, `@@NAME@@`, `%NAME%`, `$NAME`, `REPLACE_ME`.
pub fn is_blank(text: &str) -> bool {
    const WORDS: [&str; 4] = ["REPLACE_ME", "CHANGE_ME", "REPLACEME", "CHANGEME"];
    let within = |mark: &str| text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark));
    let is_name = |name: &str| {
        name.len() > 1
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let dollar = || text.strip_prefix('$').is_some_and(is_name);
    ["__", "@@", "%"].iter().any(|mark| within(mark).is_some_and(is_name)) || dollar() || WORDS.contains(&text)
}

/// A text in which what stands between these marks is unknown, where it is a name.
fn between(text: &str, open: &str, close: &str, is_name: impl Fn(&str) -> bool) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        result.push_str(before);
        match after.split_once(close).filter(|(name, _)| is_name(name)) {
            Some((_, tail)) => {
                result.push(UNKNOWN);
                rest = tail;
            }
            None => {
                result.push_str(open);
                rest = after;
            }
        }
    }
    result.push_str(rest);
    result
}

fn without_placeholders(text: &str) -> String {
    interpolated(&without_blanks_to_fill_in(text), |name| is_variable(name).then(|| format!("${{{name}}}")))
}

/// Whether `${name}` is a policy variable: a condition key, or a character. Other names belong to whatever fills the template in.
fn is_variable(name: &str) -> bool {
    let service =
        |prefix: &str| prefix.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c));
    let key = |(prefix, rest): (&str, &str)| service(prefix) && !rest.starts_with(':');
    !of_serverless(name) && name.split_once(':').map_or_else(|| ["*", "?", "$", ""].contains(&name), key)
}

/// The same in YAML. Where it is no template by its name, `${name}` is what it says, unless a framework fills it in. CloudFormation fills
/// in `{{resolve:…}}`. A document in a text keeps its places: it is looked at once it is read.
pub fn in_yaml(node: &mut Node, template: bool) {
    match &mut node.value {
        Value::String(text)
            if text.trim_start().starts_with('{') && text.contains("Statement") || text.contains('\n') => {}
        Value::String(text) if text.contains(['<', '[', '{']) || is_blank(text) => {
            let is_kept = |name: &str| if template { is_variable(name) } else { !of_serverless(name) };
            let kept = |name: &str| is_kept(name).then(|| format!("${{{name}}}"));
            *text = interpolated(&without_blanks_to_fill_in(text), kept);
        }
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter_mut().for_each(|n| in_yaml(n, template)),
        Value::Object(members) => members.iter_mut().for_each(|m| in_yaml(&mut m.node, template)),
        _ => {}
    }
}

/// A variable of the Serverless Framework, which looks like a condition key: `${self:custom.bucket}`, `${aws:region}`.
fn of_serverless(name: &str) -> bool {
    const SOURCES: [&str; 7] = ["self:", "opt:", "env:", "sls:", "param:", "cf:", "ssm:/"];
    SOURCES.iter().any(|source| name.starts_with(source)) || ["aws:region", "aws:accountId"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_unknown_and_variables_are_not() {
        assert_eq!(
            without_placeholders("a${x}b${aws:username}${*}${"),
            format!("a{UNKNOWN}b${{aws:username}}${{*}}${{")
        );
        let u = UNKNOWN;
        for (text, expected) in [
            ("<my-bucket>/*", format!("{u}/*")),
            ("[MAX_AGE]", u.to_string()),
            ("{{ name }}-x", format!("{u}-x")),
            ("%{Source.Arn}/*", format!("{u}/*")),
            ("${ACCEL_LOOKUP::VPC_ID:OU:Infrastructure}", u.to_string()),
            ("${aws:PrincipalTag/team}", "${aws:PrincipalTag/team}".to_owned()),
            ("arn:aws:s3:::${self:custom.bucket}/*", format!("arn:aws:s3:::{u}/*")),
            ("${opt:stage, 'dev'}-${ssm:/a/b}-${aws:accountId}", format!("{u}-{u}-{u}")),
            ("${ssm:resourceTag/team}", "${ssm:resourceTag/team}".to_owned()),
            ("a[0]", "a[0]".to_owned()),
            ("__ACCOUNT__", u.to_string()),
            ("@@NAME@@", u.to_string()),
            ("%NAME%", u.to_string()),
            ("$NAME", u.to_string()),
            ("#{NAME}/*", format!("{u}/*")),
            ("<%= @arn %>", u.to_string()),
            ("REPLACE_ME", u.to_string()),
            ("__init__", "__init__".to_owned()),
            ("$100", "$100".to_owned()),
            ("@@assign", "@@assign".to_owned()),
        ] {
            assert_eq!(without_placeholders(text), expected, "{text}");
        }
    }
}
