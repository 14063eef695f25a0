//! Cedar policies: their names, their places, and the findings that an annotation says are known.

use std::sync::Arc;

use crate::policies;
use crate::problem::{Problem, SourceFile, Span};

/// A Cedar policy.
#[derive(Clone, Debug)]
pub struct CedarPolicy {
    /// From its first annotation to its semicolon.
    pub span: Span,
    /// Its `@id`, and where that stands.
    pub id: Option<(String, Span)>,
    /// What `@ignore("CS118: reason; …")` says, and where.
    pub ignores: Vec<CedarIgnore>,
}

/// A finding that is known.
#[derive(Clone, Debug)]
pub struct CedarIgnore {
    /// The rule's code.
    pub code: String,
    /// Why; `None` where no reason is given.
    pub reason: Option<String>,
    /// Where it is said.
    pub span: Span,
}

impl CedarPolicy {
    /// Where it is shown: its first line.
    pub fn head(&self, source: &SourceFile) -> Span {
        let line = source.slice(self.span).lines().next().map_or(0, str::len);
        Span { start: self.span.start, end: self.span.start + line }
    }
}

/// Reads a source; the policies in their order.
pub fn policies(source: &Arc<SourceFile>) -> Result<Vec<CedarPolicy>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut parsed = policies::parse(source, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    // Cedar names the policies of a text by their order
    let nth = |p: &cedar_policy::Policy| p.id().to_string().trim_start_matches("policy").parse::<usize>();
    parsed.sort_by_key(|p| nth(p).unwrap_or(usize::MAX));
    let spans = policies::spans(&source.text);
    let policy = |(policy, span): (cedar_policy::Policy, Span)| {
        let place = |text: &str| {
            let offset = source.slice(span).find(text).unwrap_or(0);
            Span { start: span.start + offset, end: span.start + offset + text.len() }
        };
        let id = policy.annotation("id").map(|id| (id.to_owned(), place(&format!("@id(\"{id}\")"))));
        let ignores = policy.annotation("ignore").unwrap_or_default().split(';').map(str::trim);
        let ignores = ignores.filter(|i| !i.is_empty()).map(|ignore| {
            let (code, reason) = ignore.split_once(':').unwrap_or((ignore, ""));
            let reason = Some(reason.trim().to_owned()).filter(|r| !r.is_empty());
            CedarIgnore { code: code.trim().to_owned(), reason, span: place(code.trim()) }
        });
        CedarPolicy { span, id, ignores: ignores.collect() }
    };
    Ok(parsed.into_iter().zip(spans).map(policy).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_have_their_places() {
        let text = "// one; two\n@id(\"a;b\")\npermit(principal, action, resource);\n\n@ignore(\"CS118: it is a draft; CS119\")\nforbid(principal, action, resource) when { \"x;\" == \"y\" };\n";
        let source = SourceFile::new("p.cedar", text);
        let found = policies(&source).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(source.slice(found[0].head(&source)), "@id(\"a;b\")");
        assert_eq!(
            found[0].id.as_ref().map(|(id, span)| (id.as_str(), source.slice(*span))),
            Some(("a;b", "@id(\"a;b\")"))
        );
        assert!(source.slice(found[1].span).ends_with("};"));
        let ignores: Vec<_> =
            found[1].ignores.iter().map(|i| (i.code.as_str(), i.reason.as_deref(), source.slice(i.span))).collect();
        assert_eq!(ignores, [("CS118", Some("it is a draft"), "CS118"), ("CS119", None, "CS119")]);
        assert!(policies(&SourceFile::new("p.cedar", "permit(principal")).is_err());
    }
}
