//! `show policy FILE`: what the policies of a file allow and deny.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::output::{self, Output};
use super::{OK, errors, input};
use crate::report::typed::Typed;
use crate::report::{bold, count, dim, paragraph};
use crate::walk;
use countersign_core::aws::catalogue;
use countersign_core::lint::grants::{self, Grant};
use countersign_core::lint::policy::Policy;
use countersign_core::lint::run::{self, Text};
use countersign_core::lint::settings::Settings;
use countersign_core::problem::Failure;
use countersign_core::provenance::Provenance;
use countersign_core::source::Folder;
use countersign_core::source::digest::Files;
use countersign_core::source::unread::Unread;

/// What is shown, as JSON: `schemas/policy.v1.schema.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema: &'static str,
    file: String,
    policies: Vec<Shown>,
    as_of: String,
    provenance: Arc<Provenance>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    pointer: String,
    kind: &'static str,
    /// The kind is guessed from names, or for want of a better.
    kind_is_guessed: bool,
    /// All of its statements are known.
    complete: bool,
    grants: Vec<Grant>,
}

/// Whether a word is meant as a file: there is one, or it is written as a path or as a name of a file of policies.
pub fn is_file(word: &str) -> bool {
    let ending = Path::new(word).extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let of_policies = ["json", "tf", "yaml", "yml", "template", "hcl", "tofu"].contains(&ending.as_str());
    word.contains(['/', std::path::MAIN_SEPARATOR]) || of_policies || Path::new(word).is_file()
}

fn is_of_terraform(path: &str) -> bool {
    [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|end| path.ends_with(end))
}

/// The files of Terraform's folder, and documents beside them, in the order of their names.
fn beside(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let ends = [".tf", ".tofu", ".json", ".tfvars", ".tpl", ".tftpl"];
    let is_read = |path: &PathBuf| {
        path.is_file() && path.file_name().and_then(|n| n.to_str()).is_some_and(|n| ends.iter().any(|e| n.ends_with(e)))
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_read).collect();
    files.sort();
    files
}

/// Shows the policies of a file.
pub fn show(word: &str, formats: &[Output]) -> Result<u8, Failure> {
    let path = PathBuf::from(word);
    if !path.is_file() {
        return Err(errors::missing(&path).into());
    }
    let root = input::locate(None);
    let settings = Settings::read(&Folder::new(&root), super::now()).map_err(Failure::Problems)?;
    let mut problems = Vec::new();
    let own = walk::inputs(&root, std::slice::from_ref(&path), &settings, (&mut problems, &mut Unread::default()));
    let own_path = own.first().map(|input| input.source.path.clone()).unwrap_or_default();
    // what its folder says is a part of what a file of Terraform says; what is wrong there is not asked
    let beside = if is_of_terraform(&own_path) { beside(&path) } else { Vec::new() };
    let others = walk::inputs(&root, &beside, &settings, (&mut Vec::new(), &mut Unread::default()));
    let others = others.into_iter().filter(|input| input.source.path != own_path);
    let texts: Vec<Text> = own
        .into_iter()
        .chain(others)
        .map(|i| Text { named: i.source.path == own_path, source: i.source, form: i.form })
        .collect();
    let loaded = run::read_all(&texts, &settings, None);
    let of_file = loaded.iter().filter(|file| file.source.path == own_path);
    let policies: Vec<&Policy> = of_file.flat_map(|file| &file.policies).collect();
    if policies.is_empty() && problems.is_empty() {
        let lint = Typed { folder: Some(word.to_owned()), ..Typed::default() }.command("lint", &[]);
        let help = format!("{lint} says what is wrong with it");
        return Err(errors::usage(format!("{word} contains no policy that can be read")).help(help).into());
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    let shown = |policy: &&Policy| Shown {
        pointer: policy.pointer.clone(),
        kind: policy.kind.words(),
        kind_is_guessed: !policy.kind_is_told,
        complete: grants::is_complete(policy),
        grants: grants::grants(policy, &settings.catalogue),
    };
    let policies: Vec<Shown> = policies.iter().map(shown).collect();
    let provenance = Provenance::of_files(Files::of(&texts.iter().map(|t| t.source.clone()).collect::<Vec<_>>()));
    let text = policies.iter().map(|p| text(word, p)).collect::<Vec<_>>().join("\n");
    let document = Document {
        schema: "countersign/policy/v1",
        file: word.to_owned(),
        policies,
        as_of: catalogue::date().to_owned(),
        provenance: provenance.clone(),
    };
    output::write(formats, &document, &provenance, || text.clone())?;
    Ok(OK)
}

fn text(file: &str, policy: &Shown) -> String {
    let width = output::width();
    let place = if policy.pointer.is_empty() { file.to_owned() } else { format!("{file}: {}", policy.pointer) };
    let guessed = if policy.kind_is_guessed { "taken for " } else { "" };
    let mut text = paragraph(width, "", &format!("{} is {guessed}{}", bold(&place), policy.kind));
    if !policy.complete {
        text.push_str(&paragraph(width, "", "Some of its statements are not known here: it may say more than this."));
    }
    if policy.grants.is_empty() {
        text.push_str("It has no statements.\n");
    }
    let mut at = String::new();
    for grant in &policy.grants {
        if at != grant.pointer {
            at.clone_from(&grant.pointer);
            text.push_str(&format!("\n{}", head(width, grant)));
        }
        text.push_str(&actions(width, grant));
    }
    text
}

/// What all rows of a statement share.
fn head(width: usize, grant: &Grant) -> String {
    let effect = match grant.effect {
        Some("Allow") => "allows",
        Some(_) => "denies",
        None => "allows or denies",
    };
    let sid = grant.sid.as_ref().filter(|s| !s.is_empty()).map_or_else(String::new, |s| format!(" ({s})"));
    let unknown = if grant.partly_known { ", of which some is not known here" } else { "" };
    let mut text = paragraph(width, "", &format!("{}{sid} {}{unknown}", dim(&grant.pointer), bold(effect)));
    let mut line = |word: &str, values: &str| text.push_str(&paragraph(width, &format!("  {word:<4} "), values));
    if !grant.principals.is_empty() {
        line("to", &grant.principals.join(", "));
    }
    if !grant.resources.is_empty() {
        let but = if grant.all_resources_but { "every resource but " } else { "" };
        line("on", &format!("{but}{}", grant.resources.join(", ")));
    }
    for condition in &grant.conditions {
        line("if", condition);
    }
    text
}

fn actions(width: usize, grant: &Grant) -> String {
    if grant.service == "*" && grant.level.is_none() {
        let what = match (grant.all_but, grant.actions.as_slice()) {
            (true, actions) => format!("every action but {}", actions.join(", ")),
            (false, [all]) if all == "*" => "every action".to_owned(),
            (false, []) => "no action that is known here".to_owned(),
            (false, actions) => actions.join(", "),
        };
        return paragraph(width, "    ", &what);
    }
    let service = grant.service_name.as_deref().map_or_else(String::new, |name| format!("{name}, "));
    let level = grant.level.unwrap_or("not in the catalogue");
    let all = grant.of == Some(grant.actions.len());
    let number = match grant.of {
        Some(of) if all => format!("all {of}"),
        Some(of) => format!("{} of {of}", grant.actions.len()),
        None => count(grant.actions.len(), "action"),
    };
    let head = format!("    {service}{} · {level} · ", grant.service);
    let mut text = String::new();
    if !grant.actions.is_empty() {
        text.push_str(&wrapped_list(width, &format!("{head}{number}: "), &grant.actions));
    }
    if !grant.without_effect.is_empty() {
        let head = format!("{head}without effect, asked on other resources: ");
        text.push_str(&wrapped_list(width, &head, &grant.without_effect));
    }
    text
}

fn wrapped_list(width: usize, head: &str, names: &[String]) -> String {
    crate::report::wrapped(width, "    ", 6, &format!("{}{}", head.trim_start(), names.join(", ")))
}
