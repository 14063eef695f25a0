//! Modules of Terraform in the same tree: what they are given and what they give back, and findings that are told once.

use countersign_core::lint::{Finding, Severity};

use super::{Example, lint, settings, told};

fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
    let files: Vec<Example> = files.iter().map(|(name, text)| Example::new(*name, *text)).collect();
    lint(&files, &settings("")).findings
}

fn slips<'f>(found: &'f [Finding], action: &str) -> Vec<&'f Finding> {
    found.iter().filter(|f| f.rule.code == "CS121" && f.message.contains(&format!("`{action}`"))).collect()
}

const MODULE: &str = r#"
variable "actions" {
  type = list(string)
}
variable "statements" {
  type = map(object({
    actions     = list(string)
    effect      = optional(string, "Allow")
    principals  = optional(list(object({ type = string, identifiers = list(string) })), [])
    not_principals = optional(list(object({ type = string, identifiers = list(string) })))
  }))
  default = {}
}
data "aws_iam_policy_document" "this" {
  statement {
    actions   = concat(["s3:GetObject"], var.actions)
    resources = ["*"]
  }
  dynamic "statement" {
    for_each = var.statements
    content {
      effect    = statement.value.effect
      actions   = statement.value.actions
      resources = ["*"]
      dynamic "principals" {
        for_each = statement.value.principals
        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }
      dynamic "not_principals" {
        for_each = statement.value.not_principals != null ? statement.value.not_principals : []
        content {
          type        = not_principals.value.type
          identifiers = not_principals.value.identifiers
        }
      }
    }
  }
}
resource "aws_iam_policy" "this" {
  policy = data.aws_iam_policy_document.this.json
}
output "json" {
  value = data.aws_iam_policy_document.this.json
}
output "read" {
  value = ["s3:ListBukcet"]
}
"#;

/// What a call gives is judged in the module, once, and a finding in the module says what uses it.
#[test]
fn a_module_is_judged_with_what_it_is_given() {
    let call = |name: &str, actions: &str| {
        format!(
            "module \"{name}\" {{\n  source     = \"../modules/read\"\n  actions    = [{actions}]\n  statements = {{ more = {{ actions = [\"s3:PutObjct\"] }} }}\n}}\n"
        )
    };
    let live = call("one", "\"s3:LsitBucket\"") + &call("two", "\"s3:ListBucket\"");
    let found = findings(&[("modules/read/main.tf", MODULE), ("live/main.tf", &live)]);
    let one = slips(&found, "s3:LsitBucket");
    assert_eq!(one.len(), 1, "{:#?}", told(&found));
    assert_eq!(one[0].place.source.path, "modules/read/main.tf");
    assert_eq!(one[0].place.source.slice(one[0].place.span), "var.actions");
    assert_eq!(one[0].address().as_deref(), Some("data.aws_iam_policy_document.this"));
    assert_eq!(one[0].uses, ["module.one.data.aws_iam_policy_document.this"], "only the use that gives it");
    assert!(one[0].help.ends_with("? It is given in live/main.tf:3"), "{}", one[0].help);
    let both = slips(&found, "s3:PutObjct");
    assert_eq!(
        both[0].uses,
        ["module.one.data.aws_iam_policy_document.this", "module.two.data.aws_iam_policy_document.this"]
    );
    assert_eq!(both.len(), 1, "a statement of both is told once: {:#?}", told(&found));
    // what an object leaves out is what its type says: there is no `NotPrincipal`
    let errors: Vec<_> = found.iter().filter(|f| f.severity > Severity::Info && f.rule.code != "CS121").collect();
    assert!(errors.is_empty(), "{:#?}", told(&found));
    // alone, nothing of it is known, and nothing is wrong
    assert_eq!(told(&findings(&[("modules/read/main.tf", MODULE)])), Vec::<String>::new());
}

/// A call for each of several gives what each of them says.
#[test]
fn what_a_call_gives_for_each_is_known() {
    let call = |elements: &str| {
        format!(
            "variable \"names\" {{}}\nlocals {{\n  all = {{ a = {{ actions = [\"s3:LsitBucket\"] }}, b = {{ actions = [\"s3:ListBucket\"] }} }}\n}}\nmodule \"m\" {{\n  source   = \"./modules/read\"\n  for_each = {elements}\n  actions  = each.value.actions\n}}\n"
        )
    };
    for (elements, slip) in [
        ("local.all", 1),
        ("{ a = { actions = [\"s3:LsitBucket\"] } }", 1),
        ("{ for n, v in local.all : n => v }", 1),
        ("{ for n, v in local.all : n => v if n == \"b\" }", 0),
        ("{ for n in var.names : n => { actions = [\"s3:LsitBucket\"] } }", 1),
        ("var.names", 0),
    ] {
        let found = findings(&[("modules/read/main.tf", MODULE), ("main.tf", &call(elements))]);
        assert_eq!(slips(&found, "s3:LsitBucket").len(), slip, "{elements}: {:#?}", told(&found));
        let others: Vec<_> = found.iter().filter(|f| f.severity > Severity::Info && f.rule.code != "CS121").collect();
        assert!(others.is_empty(), "{elements}: {:#?}", told(&found));
    }
}

#[test]
fn a_module_within_a_module_has_the_address_of_both() {
    let outer = "module \"inner\" {\n  source  = \"./inner\"\n  actions = var.given\n}\nvariable \"given\" {}\n";
    let live = "module \"outer\" {\n  source = \"../modules/outer\"\n  given  = [\"s3:LsitBucket\"]\n}\n";
    let found =
        findings(&[("modules/outer/main.tf", outer), ("modules/outer/inner/main.tf", MODULE), ("live/main.tf", live)]);
    let slip = slips(&found, "s3:LsitBucket");
    assert_eq!(slip.len(), 1, "{:#?}", told(&found));
    assert_eq!(slip[0].uses, ["module.outer.module.inner.data.aws_iam_policy_document.this"]);
    assert!(slip[0].help.ends_with("? It is given in live/main.tf:3"), "{}", slip[0].help);
}

/// What a module gives back is known where it is used, also whether it is a document.
#[test]
fn outputs_are_read() {
    let live = r#"
module "read" {
  source  = "../modules/read"
  actions = ["s3:ListBucket"]
}
data "aws_iam_policy_document" "more" {
  statement {
    actions   = module.read.read
    resources = ["*"]
  }
}
resource "aws_iam_role" "r" {
  assume_role_policy = module.read.json
}
"#;
    let module = MODULE
        .replace("resource \"aws_iam_policy\" \"this\" {\n  policy = data.aws_iam_policy_document.this.json\n}\n", "");
    let found = findings(&[("modules/read/main.tf", &module), ("live/main.tf", live)]);
    let slip = slips(&found, "s3:ListBukcet");
    assert_eq!(slip.iter().map(|f| f.place.source.path.as_str()).collect::<Vec<_>>(), ["live/main.tf"]);
    // the document is that of a role, and therefore must not have resources
    assert!(
        found.iter().any(|f| f.rule.code == "CS137" && f.place.source.path == "modules/read/main.tf"),
        "{:#?}",
        told(&found)
    );
    assert!(!found.iter().any(|f| f.rule.code == "CS116"), "{:#?}", told(&found));
}

/// A policy that is given stands where it is given, and is told there; its kind is what the module makes of it.
#[test]
fn a_policy_that_is_given_is_told_where_it_stands() {
    let module = "variable \"policy\" {}\nresource \"aws_iam_role\" \"r\" {\n  assume_role_policy = var.policy\n}\n";
    let live = r#"
module "text" {
  source = "./modules/role"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObjct", Resource = "*" }] })
}
module "document" {
  source = "./modules/role"
  policy = data.aws_iam_policy_document.d.json
}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = ["*"]
  }
}
"#;
    let found = findings(&[("modules/role/main.tf", module), ("main.tf", live)]);
    let slip = slips(&found, "s3:GetObjct");
    assert_eq!(slip.iter().map(|f| f.place.source.path.as_str()).collect::<Vec<_>>(), ["main.tf"]);
    let trust = |f: &&Finding| f.rule.code == "CS137" && f.pointer.starts_with("data.aws_iam_policy_document.d");
    assert!(found.iter().filter(trust).count() > 0, "{:#?}", told(&found));
}

/// Modules that call each other, and ones that are called very often, end.
#[test]
fn hostile_calls_end() {
    let around = |other: &str| {
        format!(
            "variable \"a\" {{}}\nmodule \"m\" {{\n  source = \"../{other}\"\n  a = concat(var.a, var.a)\n}}\ndata \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions   = concat(var.a, module.m.out)\n    resources = [\"*\"]\n  }}\n}}\noutput \"out\" {{\n  value = concat(module.m.out, module.m.out)\n}}\n"
        )
    };
    let many: String = (0..500)
        .map(|n| format!("module \"m{n}\" {{\n  source = \"./x\"\n  a = [\"s3:GetObject\", \"s3:Lsit{n}\"]\n}}\n"))
        .collect();
    let found = findings(&[("x/main.tf", &around("y")), ("y/main.tf", &around("x")), ("main.tf", &many)]);
    assert!(found.iter().all(|f| f.uses.len() <= 100));
}
