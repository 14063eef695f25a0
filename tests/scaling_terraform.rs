//! Work on trees of Terraform grows with the number of files, modules, calls and locals, not with the product of any two.

use countersign_core::lint::read::Form;
use countersign_core::lint::run::{Text, lint};
use countersign_core::lint::settings::Settings;
use countersign_core::problem::SourceFile;
use countersign_core::work;

use crate::common::at;
use crate::scaling::is_linear;

/// The steps of linting these files, in which something is found.
fn linting(files: &[(String, String)], found: usize) -> u64 {
    let settings = Settings::none(at("2026-11-01"));
    let text = |(path, text): &(String, String)| Text {
        source: SourceFile::new(path.clone(), text.clone()),
        form: Form::Terraform,
        named: true,
    };
    let texts: Vec<Text> = files.iter().map(text).collect();
    let (outcome, steps) = work::during(|| lint(&texts, &settings, None, true));
    let slips = outcome.findings.iter().filter(|f| f.rule.code == "CS121").count();
    assert!(
        slips >= found,
        "{slips} of {found}: {:?}",
        outcome.findings.iter().map(|f| &f.message).collect::<Vec<_>>()
    );
    steps
}

fn file(path: &str, text: impl Into<String>) -> (String, String) {
    (path.to_owned(), text.into())
}

fn document(name: &str, actions: &str) -> String {
    format!(
        "data \"aws_iam_policy_document\" \"{name}\" {{\n  statement {{\n    actions   = {actions}\n    resources = [\"*\"]\n  }}\n}}\n"
    )
}

/// What many files mention is evaluated once, wherever it stands.
#[test]
fn files_that_mention_the_same_locals() {
    is_linear("files", 200, |number| {
        let members: String =
            (0..number).map(|n| format!("    k{n} = [\"s3:GetObjct\", \"s3:PutObject\"]\n")).collect();
        let mut files = vec![file("m/locals.tf", format!("locals {{\n  all = {{\n{members}  }}\n}}\n"))];
        files.extend(
            (0..number).map(|n| file(&format!("m/f{n}.tf"), document(&format!("d{n}"), &format!("local.all.k{n}")))),
        );
        linting(&files, number)
    });
}

/// A part of a large local costs what the part costs.
#[test]
fn mentions_of_one_large_local() {
    is_linear("mentions", 400, |number| {
        let members: String = (0..number).map(|n| format!("    k{n} = [\"s3:GetObjct\"]\n")).collect();
        let documents: String = (0..number).map(|n| document(&format!("d{n}"), &format!("local.all.k{n}"))).collect();
        linting(&[file("main.tf", format!("locals {{\n  all = {{\n{members}  }}\n}}\n{documents}"))], number)
    });
}

/// Locals that name others which name others.
#[test]
fn locals_that_name_each_other() {
    is_linear("locals", 400, |number| {
        let one = |n: usize| format!("  l{n} = [local.l{}, local.l{}, \"s3:GetObjct\"][2]\n", n / 2, n / 3);
        let locals: String = (1..number).map(one).collect();
        let documents: String = (1..number).map(|n| document(&format!("d{n}"), &format!("[local.l{n}]"))).collect();
        let text = format!("locals {{\n  l0 = \"s3:PutObject\"\n{locals}}}\n{documents}");
        linting(&[file("main.tf", text)], number / 2)
    });
}

/// A chain of modules in which each gives its input to the next, and many that one folder calls.
#[test]
fn modules_that_call_modules() {
    let module = |n: usize, inner: &str| {
        let main = format!(
            "{}\nvariable \"a\" {{\n}}\n{inner}\noutput \"o\" {{\n  value = var.a\n}}\n",
            document("d", "var.a")
        );
        file(&format!("modules/m{n}/main.tf"), main)
    };
    is_linear("modules that one folder calls", 150, |number| {
        let call = |n: usize| {
            let given = if n == 0 { "[\"s3:GetObjct\"]".to_owned() } else { format!("module.m{}.o", n / 2) };
            format!("module \"m{n}\" {{\n  source = \"./modules/m{n}\"\n  a      = {given}\n}}\n")
        };
        let mut files = vec![file("main.tf", (0..number).map(call).collect::<String>())];
        files.extend((0..number).map(|n| module(n, "")));
        linting(&files, 2)
    });
    is_linear("modules that call each other", 150, |number| {
        let inner = |n: usize| {
            if n + 1 == number {
                String::new()
            } else {
                format!("module \"n\" {{\n  source = \"../m{}\"\n  a      = var.a\n}}\n", n + 1)
            }
        };
        let mut files =
            vec![file("main.tf", "module \"m\" {\n  source = \"./modules/m0\"\n  a      = [\"s3:GetObjct\"]\n}\n")];
        files.extend((0..number).map(|n| module(n, &inner(n))));
        linting(&files, 2)
    });
}

/// Calls of one module, from many folders and from one.
#[test]
fn calls_of_one_module() {
    let own = file(
        "module/main.tf",
        format!(
            "{}\nvariable \"a\" {{\n}}\n{}",
            document("d", "var.a"),
            "resource \"aws_iam_policy\" \"p\" {\n  policy = var.a\n}\n"
        ),
    );
    let call = |name: &str, source: &str| {
        format!("module \"{name}\" {{\n  source = \"{source}\"\n  a      = [\"s3:GetObjct\"]\n}}\n")
    };
    is_linear("calls from one folder", 400, |number| {
        let calls: String = (0..number).map(|n| call(&format!("c{n}"), "./module")).collect();
        linting(&[file("main.tf", calls), own.clone()], 1)
    });
    is_linear("calls from many folders", 400, |number| {
        let mut files: Vec<_> = (0..number).map(|n| file(&format!("f{n}/main.tf"), call("c", "../module"))).collect();
        files.push(own.clone());
        linting(&files, 1)
    });
}

/// Layers of modules, each of which calls every one of the next layer: what they are called is told from their callers, once.
#[test]
fn layers_of_modules() {
    is_linear("calls between layers", 49, |number| {
        let width = number.isqrt();
        let folder = |layer: usize, n: usize| {
            let call = |next: usize| format!("module \"c{next}\" {{\n  source = \"../l{}m{next}\"\n}}\n", layer + 1);
            let calls: String = if layer == 5 { String::new() } else { (0..width).map(call).collect() };
            file(&format!("l{layer}m{n}/main.tf"), format!("{}{calls}", document("d", "[\"s3:GetObjct\"]")))
        };
        let files: Vec<_> =
            (0..6).flat_map(|layer| (0..width).map(move |n| (layer, n))).map(|(l, n)| folder(l, n)).collect();
        linting(&files, 6 * width)
    });
}

/// Documents that are found by way of locals that name locals, each many times.
#[test]
fn documents_behind_locals() {
    is_linear("mentions of documents", 200, |number| {
        let line =
            |n: usize, next: usize| format!("  l{n} = [{}]\n", vec![format!("local.l{next}"); number / 10].join(", "));
        let locals: String = (0..4).map(|n| line(n, n + 1)).collect();
        let text = format!(
            "{}locals {{\n{locals}  l4 = data.aws_iam_policy_document.d.json\n}}\nresource \"aws_iam_policy\" \"p\" {{\n  policy = \"${{join(\"\", local.l0)}}\"\n}}\n",
            document("d", "[\"s3:GetObjct\"]")
        );
        linting(&[file("main.tf", text)], 1)
    });
}

/// Lists of alternatives, sets and merged maps are made in one pass.
#[test]
fn functions_of_many_values() {
    let values = |number: usize, one: &dyn Fn(usize) -> String| (0..number).map(one).collect::<Vec<_>>().join(", ");
    is_linear("alternatives", 500, |number| {
        let list = values(number, &|n| format!("\"s3:Get{n}\""));
        linting(&[file("main.tf", document("d", &format!("[element([{list}, \"s3:GetObjct\"], var.x)]")))], 1)
    });
    is_linear("merged maps", 500, |number| {
        let maps = values(number, &|n| format!("{{ k{n} = \"s3:GetObjct\" }}"));
        linting(&[file("main.tf", document("d", &format!("[merge({maps}).k{}]", number - 1)))], 1)
    });
}
