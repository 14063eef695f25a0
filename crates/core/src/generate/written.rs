//! A generated policy in the forms in which policies are kept: JSON, Terraform, the template of a permission set.

use serde_json::{Map, Value, json};

use super::{Generated, Kind};
use crate::aws::quotas::quotas;
use crate::problem::{Failure, Problem};

/// The document. The API counts white space in service control policies: where it would be too much, there is none.
pub fn json(generated: &Generated) -> Result<String, Failure> {
    let pretty = serde_json::to_string_pretty(&generated.document).map_err(Failure::internal("JSON"))?;
    let fits = generated.kind != Kind::ServiceControl || pretty.chars().count() <= quotas().service_control;
    Ok(if fits { pretty } else { generated.document.to_string() })
}

/// The template of a permission set, as the module `terraform-aws-permission-sets` reads it.
pub fn permission_set(generated: &Generated) -> Result<String, Failure> {
    if generated.kind != Kind::Identity {
        let problem = Problem::about("--format", "only a policy of principals goes into a permission set");
        return Err(problem.help("write json or terraform").into());
    }
    let set = json!({"Name": generated.name, "Description": generated.description, "CustomPolicy": generated.document});
    serde_json::to_string_pretty(&set).map_err(Failure::internal("JSON"))
}

/// A resource of Terraform.
pub fn terraform(generated: &Generated) -> String {
    let label: String = generated.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let label = if label.starts_with(|c: char| c.is_ascii_digit()) { format!("_{label}") } else { label };
    let (name, description) = (quoted(&generated.name), quoted(&generated.description));
    let document = hcl(&generated.document, 1);
    let head = match generated.kind {
        Kind::ServiceControl => format!(
            "resource \"aws_organizations_policy\" \"{label}\" {{\n  name        = {name}\n  description = {description}\n  \
             type        = \"SERVICE_CONTROL_POLICY\"\n\n  content = "
        ),
        Kind::Boundary | Kind::Identity => format!(
            "resource \"aws_iam_policy\" \"{label}\" {{\n  name        = {name}\n  description = {description}\n\n  policy = "
        ),
    };
    format!("{head}jsonencode({document})\n}}\n")
}

/// A value as an expression of Terraform, its members on lines of their own.
fn hcl(value: &Value, depth: usize) -> String {
    let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match value {
        Value::Object(members) => format!("{{\n{}{outer}}}", attributes(members, depth, &inner)),
        Value::Array(items) => {
            let items: String = items.iter().map(|item| format!("{inner}{},\n", hcl(item, depth + 1))).collect();
            format!("[\n{items}{outer}]")
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn attributes(members: &Map<String, Value>, depth: usize, indent: &str) -> String {
    let key = |key: &str| if key.chars().all(|c| c.is_ascii_alphanumeric()) { key.to_owned() } else { quoted(key) };
    let width = members.keys().map(|k| key(k).chars().count()).max().unwrap_or_default();
    members.iter().map(|(k, v)| format!("{indent}{:width$} = {}\n", key(k), hcl(v, depth + 1))).collect()
}

/// A text of Terraform: what would begin a template there is escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_template_is_escaped() {
        assert_eq!(quoted("a${b} %{c} \"d\""), r#""a$${b} %%{c} \"d\"""#);
    }
}
