//! Patterns and policy variables: what an action, an ARN segment or a condition value is made of.

/// A pattern, or a text with variables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Template {
    /// Its parts, in order; no two literals stand side by side.
    pub parts: Vec<TemplatePart>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplatePart {
    /// This text.
    Literal(String),
    /// `*`
    Any,
    /// `?`
    One,
    /// `${key}` or `${key, 'default'}`; the key is in lower case.
    Variable {
        /// The condition key.
        key: String,
        /// What stands for it where the key is absent.
        default: Option<String>,
    },
}

/// What a template may hold.
#[derive(Clone, Copy, Debug)]
pub struct Syntax {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` is a variable or an escape: documents of version 2012-10-17.
    pub variables: bool,
}

/// What is wrong with a policy variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadVariable {
    /// `${aws:username`
    NotClosed,
    /// `${}`
    Unnamed,
    /// `${aws:username, default}`: the default is not in single quotes.
    DefaultNotQuoted,
}

impl std::fmt::Display for BadVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotClosed => "a policy variable without its closing brace",
            Self::Unnamed => "a policy variable without a name",
            Self::DefaultNotQuoted => "a default for a policy variable that is not in single quotes",
        })
    }
}

impl std::error::Error for BadVariable {}

impl Template {
    /// Reads a template; an error says what is wrong with a variable.
    pub fn parse(text: &str, syntax: Syntax) -> Result<Self, BadVariable> {
        let mut template = Self::default();
        let mut rest = text;
        let is_special = |c: char| matches!(c, '*' | '?') && syntax.wildcards || c == '$' && syntax.variables;
        while let Some(at) = rest.find(is_special) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            template.push_str(before);
            let after = from.get(1..).unwrap_or("");
            rest = after;
            match from.as_bytes().first() {
                Some(b'*') => template.parts.push(TemplatePart::Any),
                Some(b'?') => template.parts.push(TemplatePart::One),
                _ if after.starts_with('{') => {
                    let (name, tail) = after.get(1..).unwrap_or("").split_once('}').ok_or(BadVariable::NotClosed)?;
                    template.variable(name)?;
                    rest = tail;
                }
                _ => template.push_str("$"),
            }
        }
        template.push_str(rest);
        // there are many, and most have one part
        template.parts.shrink_to_fit();
        Ok(template)
    }

    /// A template of one literal.
    pub fn literal(text: &str) -> Self {
        let parts = if text.is_empty() { Vec::new() } else { vec![TemplatePart::Literal(text.to_owned())] };
        Self { parts }
    }

    /// `*`
    pub fn any() -> Self {
        Self { parts: vec![TemplatePart::Any] }
    }

    fn variable(&mut self, name: &str) -> Result<(), BadVariable> {
        match name.trim() {
            "*" => self.push_str("*"),
            "?" => self.push_str("?"),
            "$" => self.push_str("$"),
            "" => return Err(BadVariable::Unnamed),
            name => {
                let (key, default) = match name.split_once(',') {
                    None => (name, None),
                    Some((key, default)) => (key, Some(quoted(default)?)),
                };
                self.parts.push(TemplatePart::Variable { key: key.trim().to_ascii_lowercase(), default });
            }
        }
        Ok(())
    }

    fn push_str(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(TemplatePart::Literal(literal)) => literal.push_str(text),
            _ => self.parts.push(TemplatePart::Literal(text.to_owned())),
        }
    }

    /// The text, if it has neither wildcards nor variables.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TemplatePart::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it is nothing but `*`.
    pub fn is_any(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|p| *p == TemplatePart::Any)
    }

    /// Whether it ends in `*`.
    pub fn ends_in_any(&self) -> bool {
        self.parts.last() == Some(&TemplatePart::Any)
    }

    /// Whether Cedar's `like` can say it: literals and `*` only.
    pub fn is_like(&self) -> bool {
        self.parts.iter().all(|p| matches!(p, TemplatePart::Literal(_) | TemplatePart::Any))
    }

    /// The keys of its variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|p| match p {
            TemplatePart::Variable { key, .. } => Some(key.as_str()),
            _ => None,
        })
    }

    /// The template with its variables replaced: `value` gives the only value of a key, `None` if it has none or
    /// several. `None` when a variable has neither value nor default: such a template matches nothing.
    pub fn substitute<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let mut result = Self::default();
        for part in &self.parts {
            match part {
                TemplatePart::Literal(text) => result.push_str(text),
                TemplatePart::Any | TemplatePart::One => result.parts.push(part.clone()),
                TemplatePart::Variable { key, default } => result.push_str(value(key).or(default.as_deref())?),
            }
        }
        Some(result)
    }

    /// The template with every variable replaced by `*`: it matches whatever this one may match.
    #[must_use]
    pub fn with_any_variables(&self) -> Self {
        let parts = self.parts.iter().map(|p| match p {
            TemplatePart::Variable { .. } => TemplatePart::Any,
            other => other.clone(),
        });
        Self { parts: parts.collect() }
    }

    /// ASCII lower case.
    #[must_use]
    pub fn to_lower(&self) -> Self {
        let parts = self.parts.iter().map(|p| match p {
            TemplatePart::Literal(text) => TemplatePart::Literal(text.to_ascii_lowercase()),
            other => other.clone(),
        });
        Self { parts: parts.collect() }
    }

    /// Whether a text matches. Variables must have been substituted: one that has not matches nothing.
    pub fn matches(&self, text: &str) -> bool {
        glob(&self.parts, text)
    }
}

/// Greedy matching with one backtracking point: linear in practice, quadratic at worst.
fn glob(parts: &[TemplatePart], text: &str) -> bool {
    let (mut at, mut rest) = (0, text);
    // the part after the last `*`, and the text that it was last tried on
    let mut star: Option<(usize, &str)> = None;
    loop {
        let tail = match (parts.get(at), star) {
            (None, _) if rest.is_empty() => return true,
            (Some(TemplatePart::Any), _) => {
                at += 1;
                star = Some((at, rest));
                continue;
            }
            (Some(TemplatePart::Literal(last)), Some((after, _))) if after == at && at + 1 == parts.len() => {
                return rest.ends_with(last.as_str());
            }
            (Some(TemplatePart::Literal(literal)), _) => rest.strip_prefix(literal.as_str()),
            (Some(TemplatePart::One), _) => without_first(rest),
            // a variable that has not been substituted matches nothing
            (Some(TemplatePart::Variable { .. }), _) => return false,
            (None, _) => None,
        };
        match (tail, star) {
            (Some(tail), _) => (at, rest) = (at + 1, tail),
            (None, None) => return false,
            (None, Some((after, tried))) => {
                let Some(next) = without_first(tried) else { return false };
                star = Some((after, next));
                (at, rest) = (after, next);
            }
        }
    }
}

fn without_first(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().map(|_| chars.as_str())
}

fn quoted(default: &str) -> Result<String, BadVariable> {
    let text = default.trim();
    text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).map(str::to_owned).ok_or(BadVariable::DefaultNotQuoted)
}

impl std::fmt::Display for Template {
    /// As IAM writes it, escapes included.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.parts {
            match part {
                TemplatePart::Literal(text) => {
                    f.write_str(&text.replace('$', "${$}").replace('*', "${*}").replace('?', "${?}"))?;
                }
                TemplatePart::Any => f.write_str("*")?,
                TemplatePart::One => f.write_str("?")?,
                TemplatePart::Variable { key, default: None } => write!(f, "${{{key}}}")?,
                TemplatePart::Variable { key, default: Some(default) } => write!(f, "${{{key}, '{default}'}}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Syntax = Syntax { wildcards: true, variables: true };

    #[test]
    fn matches_wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("${*}", "*", true),
            ("${*}", "x", false),
            ("*a", "aaa", true),
            ("", "", true),
            ("", "a", false),
            ("é?", "éx", true),
        ] {
            assert_eq!(Template::parse(pattern, ALL).unwrap().matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn variables_and_defaults() {
        let template = Template::parse("home/${aws:UserName}/${aws:PrincipalTag/team, 'none'}/*", ALL).unwrap();
        let known = |key: &str| (key == "aws:username").then_some("jo*n");
        let substituted = template.substitute(known).unwrap();
        assert!(substituted.matches("home/jo*n/none/x"));
        assert!(!substituted.matches("home/john/none/x"));
        assert_eq!(template.substitute(|_| None), None);
        for (text, wrong) in [
            ("${oops", BadVariable::NotClosed),
            ("${ }", BadVariable::Unnamed),
            ("${aws:username, x}", BadVariable::DefaultNotQuoted),
        ] {
            assert_eq!(Template::parse(text, ALL), Err(wrong), "{text}");
        }
    }

    #[test]
    fn old_versions_have_no_variables() {
        let template = Template::parse("${aws:username}", Syntax { wildcards: true, variables: false }).unwrap();
        assert_eq!(template.as_literal(), Some("${aws:username}"));
    }
}
