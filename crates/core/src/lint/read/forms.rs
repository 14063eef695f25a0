//! How a file is read: by the end of its name, or by its content.

/// How a file is read, by the end of its name or by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Terraform's language.
    Terraform,
    /// Cedar policies.
    Cedar,
}

/// How the names of templates end, after the end of what they become.
const TEMPLATES: [&str; 12] =
    [".tftpl", ".tpl", ".tmpl", ".gotmpl", ".j2", ".jinja", ".jinja2", ".njk", ".mustache", ".hbs", ".erb", ".ejs"];

/// Whether a file whose name tells nothing may hold a policy, so that its content decides.
pub fn may_hold_policy(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let end = name.rsplit_once('.').map(|(_, end)| end);
    !name.starts_with('.')
        && end.is_none_or(|e| ["policy", "iam", "txt", "tftpl", "tpl", "tmpl", "j2", "jinja"].contains(&e))
}

/// Whether a text of which only the text is known is a policy in JSON, or a template of one.
pub fn is_policy_text(text: &str) -> bool {
    let start = text.trim_start_matches('\u{FEFF}').trim_start();
    (start.starts_with('{') || is_encoded(start)) && looks_like_policy(text)
}

/// Whether a template is one expression of Terraform that becomes a document.
pub fn is_encoded(text: &str) -> bool {
    let text = text.trim();
    let inner = text.strip_prefix("${").map(|inner| inner.trim_start_matches('~').trim_start());
    text.ends_with('}')
        && inner.is_some_and(|inner| inner.starts_with("jsonencode(") || inner.starts_with("yamlencode("))
}

/// The form of a file, by the end of its name.
pub fn form(path: &str) -> Option<Form> {
    let name = path.rsplit('/').next()?.to_ascii_lowercase();
    // a template is read as what it becomes
    let name = TEMPLATES.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let forms = [
        (".json", Form::Json),
        (".template", Form::Json),
        (".yaml", Form::Yaml),
        (".yml", Form::Yaml),
        (".tf", Form::Terraform),
        (".tofu", Form::Terraform),
        (".tfvars", Form::Terraform),
        (".hcl", Form::Terraform),
        (".cedar", Form::Cedar),
    ];
    let (_, form) = forms.iter().find(|(end, _)| name.ends_with(end))?;
    Some(*form)
}

/// A file that something else is made of, by its name.
pub fn is_template(path: &str) -> bool {
    let name = path.to_ascii_lowercase();
    TEMPLATES.iter().any(|end| name.ends_with(end))
}

/// The form of a text of which only the text is known.
pub fn form_of_text(text: &str) -> Form {
    let start = text.trim_start_matches('\u{FEFF}').trim_start();
    let cedar = ["permit", "forbid", "@id("];
    let terraform = ["resource \"", "data \"", "locals {", "module \"", "variable \""];
    if start.starts_with(['{', '[', '"', '%']) || is_encoded(start) {
        Form::Json
    } else if start.lines().any(|l| cedar.iter().any(|t| l.starts_with(t))) && start.trim_end().ends_with(';') {
        Form::Cedar
    } else if start.lines().any(|l| terraform.iter().any(|t| l.starts_with(t))) {
        Form::Terraform
    } else {
        Form::Yaml
    }
}

/// A text that has keys of policies, or what makes them in Terraform.
pub fn looks_like_policy(text: &str) -> bool {
    let key = |word: &str| {
        text.split(word)
            .skip(1)
            .any(|rest| rest.trim_start_matches(['"', '\'', '\\', ' ', '\t']).starts_with([':', '=']))
    };
    (key("Statement") || key("CustomStatements")) && (key("Effect") || key("Action"))
        || text.contains("aws_iam_policy_document")
}

/// A text that has a version of the policy language and statements, whatever is in them.
pub fn begins_like_policy(text: &str) -> bool {
    let has_version = ["\"2012-10-17\"", "\"2008-10-17\""].iter().any(|version| text.contains(version));
    has_version && text.contains("\"Statement\"") && text.trim_start_matches('\u{FEFF}').trim_start().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_a_form() {
        assert_eq!(form_of_text(" {\"a\": 1}"), Form::Json);
        assert_eq!(form_of_text("# x\nresource \"aws_iam_policy\" \"x\" {\n}"), Form::Terraform);
        assert_eq!(form_of_text("Resources:\n  A: 1\n"), Form::Yaml);
    }

    #[test]
    fn a_name_has_a_form() {
        assert_eq!(form("a/x.json.tpl"), Some(Form::Json));
        assert_eq!(form("terragrunt.hcl"), Some(Form::Terraform));
        assert_eq!(form("LICENSE"), None);
        assert!(may_hold_policy("iam/legal") && may_hold_policy("x.policy") && !may_hold_policy("x.rs"));
    }
}
