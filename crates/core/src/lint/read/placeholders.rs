//! What is still to be filled in: placeholders in the texts of a document that was read.

use super::{UNKNOWN, interpolated, replaced};
use crate::text::json::{Node, Value};

/// `${name}` without a colon is no policy variable, but a placeholder of a template: it is not known what stands there.
pub fn placeholders(node: &mut Node) {
    match &mut node.value {
        Value::String(text) if may_have_blanks(text) => *text = without_placeholders(text),
        Value::Array(nodes) | Value::OneOf(nodes) => nodes.iter_mut().for_each(placeholders),
        Value::Object(members) => members.iter_mut().for_each(|m| {
            if may_have_blanks(&m.key) {
                m.key = without_placeholders(&m.key);
            }
            placeholders(&mut m.node);
        }),
        _ => {}
    }
}

fn may_have_blanks(text: &str) -> bool {
    text.contains(['<', '[', '{', '@', '%', '$']) || text.contains("__") || text.contains("((") || is_blank(text)
}

/// How blanks to fill in are written: what begins one, what ends it, and what may stand between.
type Blank = (&'static str, &'static str, fn(&str) -> bool);

/// The ways of other programs and of people. A later one does not read what an earlier one has filled in.
const BLANKS: [Blank; 13] = [
    ("<%", "%>", |_| true),
    ("#{", "}", |name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@')),
    ("<", ">", |name| name.starts_with(|c: char| c.is_ascii_alphabetic())),
    ("$[", "]", is_word),
    ("[", "]", is_words),
    ("{{", "}}", |_| true),
    ("%{", "}", |_| true),
    ("((", "))", is_word),
    ("$(", ")", is_word),
    ("@@", "@@", is_word),
    ("__", "__", is_loud),
    ("%", "%", is_between_percents),
    ("@", "@", |name| name.len() > 1 && is_identifier(name)),
];

/// Letters, digits and what joins them.
fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// The same, with blanks between them.
fn is_words(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.- ".contains(c))
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Capital letters, as blanks have that stand beside other text: `__pycache__` is a name.
fn is_loud(name: &str) -> bool {
    is_identifier(name) && !name.chars().any(|c| c.is_ascii_lowercase())
}

/// `%C3%A9` is a letter as URLs write it.
fn is_between_percents(name: &str) -> bool {
    is_identifier(name) && !(name.len() == 2 && name.chars().all(|c| c.is_ascii_hexdigit()))
}

/// `<my-account>`, `[MY_ACCOUNT]`, `{{ account }}`, `@@account@@` and the like stand for what is still to be filled in.
fn without_blanks_to_fill_in(text: &str) -> String {
    if is_blank(text) {
        return UNKNOWN.to_string();
    }
    let mut text = text.to_owned();
    for (open, close, is_name) in BLANKS {
        if text.contains(open) {
            text = between(&text, open, close, is_name);
        }
    }
    without_dollars(&without_braces(&text))
}

/// `{name}`, where no mark stands before it: `${aws:username}` is a variable.
fn without_braces(text: &str) -> String {
    replaced(text, "{", |before, after| {
        let is_plain = !before.ends_with(['$', '#', '%', '{']);
        let (_, tail) =
            after.split_once('}').filter(|(name, tail)| is_plain && is_word(name) && !tail.starts_with('}'))?;
        Some((UNKNOWN.to_string(), tail))
    })
}

/// `$NAME` in capitals as a part of a text. A version of a function of Lambda is called `$LATEST`.
fn without_dollars(text: &str) -> String {
    replaced(text, "$", |_, after| {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let (name, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        (name.len() > 1 && is_loud(name) && name != "LATEST").then(|| (UNKNOWN.to_string(), tail))
    })
}

/// A text that is nothing but a blank to fill in, in the ways of other programs: `__NAME__`, `@@name@@`, `%NAME%`, `$name`, `REPLACE_ME`.
pub fn is_blank(text: &str) -> bool {
    const WORDS: [&str; 4] = ["REPLACE_ME", "CHANGE_ME", "REPLACEME", "CHANGEME"];
    // names that Python, Lambda, API Gateway and IoT give to things
    const NAMES: [&str; 8] =
        ["__init__", "__main__", "__pycache__", "$LATEST", "$default", "$connect", "$disconnect", "$aws"];
    let within = |mark: &str| text.strip_prefix(mark).and_then(|text| text.strip_suffix(mark));
    let is_marked = ["__", "@@", "%", "@"].iter().any(|mark| within(mark).is_some_and(is_word));
    let dollar = || text.strip_prefix('$').is_some_and(is_identifier);
    !NAMES.contains(&text) && (is_marked || dollar()) || WORDS.contains(&text)
}

/// A text in which what stands between these marks is unknown, where it is a name.
fn between(text: &str, open: &str, close: &str, is_name: impl Fn(&str) -> bool) -> String {
    replaced(text, open, |_, after| {
        let (_, tail) = after.split_once(close).filter(|(name, _)| is_name(name))?;
        Some((UNKNOWN.to_string(), tail))
    })
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
        Value::String(text) if may_have_blanks(text) => {
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
            ("arn:aws:iam::__ACCOUNT_ID__:role/@@role-name@@", format!("arn:aws:iam::{u}:role/{u}")),
            ("arn:%PARTITION%:s3:::$[bucket]/$(prefix)/*", format!("arn:{u}:s3:::{u}/{u}/*")),
            ("arn:aws:iam::{account_id}:role/((name))", format!("arn:aws:iam::{u}:role/{u}")),
            ("[your-bucket]/@env@/$STAGE/{.Name}", format!("{u}/{u}/{u}/{u}")),
            ("${{ values.bucket }}/{{.Name}}", format!("${u}/{u}")),
            ("@@account_id@@", u.to_string()),
            ("%x%", u.to_string()),
            ("$x", u.to_string()),
            ("caf%C3%A9%20x", "caf%C3%A9%20x".to_owned()),
            ("src/__pycache__/*", "src/__pycache__/*".to_owned()),
            (
                "arn:aws:lambda:*:111122223333:function:f:$LATEST",
                "arn:aws:lambda:*:111122223333:function:f:$LATEST".to_owned(),
            ),
            ("topic/$aws/things/*", "topic/$aws/things/*".to_owned()),
            ("jo@example.com", "jo@example.com".to_owned()),
            ("${aws:PrincipalTag/team}/{x}/${*}${?}${$}", format!("${{aws:PrincipalTag/team}}/{u}/${{*}}${{?}}${{$}}")),
            ("[s3:GetObject]", "[s3:GetObject]".to_owned()),
        ] {
            assert_eq!(without_placeholders(text), expected, "{text}");
        }
    }
}
