//! What large organizations cost, whole processes beside yardsticks of the same run: `cargo bench --bench scale`.
//!
//! `-- --accounts N --principals N --requests N --json FILE` for other sizes, and for the numbers as JSON. It needs GNU time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "organization/requests.rs"]
mod requests;
#[path = "organization/shapes.rs"]
mod shapes;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use cedar_policy::{Authorizer, Context, Entities, PolicySet, Request};
use serde::Deserialize;
use serde_json::{Value, json};
use shapes::Shape;

const COUNTERSIGN: &str = env!("CARGO_BIN_EXE_countersign");

/// A typed entity, for the yardstick of reading.
#[derive(Deserialize)]
struct Typed {
    uid: String,
    #[serde(default)]
    attrs: BTreeMap<String, Value>,
    #[serde(default)]
    parents: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// What a process cost.
#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: f64,
    peak: u64,
    /// Bytes that it wrote to stdout.
    bytes: usize,
}

/// Runs a command so many times; the mean.
fn run(args: &[&str], times: u32) -> Cost {
    let mut sum = Cost { cpu: 0.0, wall: 0.0, peak: 0, bytes: 0 };
    for _ in 0..times {
        let mut child = Command::new("/usr/bin/time")
            .args(["-f", "@%e %U %S %M", COUNTERSIGN])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("GNU time is installed");
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut bytes = 0;
        while let Ok(buffer) = out.fill_buf() {
            let read = buffer.len();
            if read == 0 {
                break;
            }
            bytes += read;
            out.consume(read);
        }
        let errors: Vec<String> = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok).collect();
        assert!(child.wait().unwrap().code().is_some_and(|code| code < 2), "{args:?}: {errors:?}");
        let told = errors.iter().rev().find_map(|line| line.strip_prefix('@')).unwrap();
        let told: Vec<f64> = told.split(' ').map(|n| n.parse().unwrap()).collect();
        sum.wall += told[0] / f64::from(times);
        sum.cpu += (told[1] + told[2]) / f64::from(times);
        sum.peak = sum.peak.max(told[3] as u64);
        sum.bytes = bytes;
    }
    sum
}

/// Reads all entities of a folder into types: seconds.
fn typed_read(folder: &Path) -> f64 {
    let begin = Instant::now();
    let mut read = 0;
    for file in std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
    {
        let entities: Vec<Typed> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        read += entities.iter().map(|e| e.uid.len() + e.attrs.len() + e.parents.len() + e.tags.len()).sum::<usize>();
    }
    assert!(read > 0);
    begin.elapsed().as_secs_f64()
}

/// Reads JSON lines without knowing what they say: seconds.
fn read_of_lines(text: &str) -> f64 {
    let begin = Instant::now();
    let read =
        text.lines().map(|line| serde_json::from_str::<BTreeMap<String, Value>>(line).unwrap().len()).sum::<usize>();
    assert!(read > 0);
    begin.elapsed().as_secs_f64()
}

/// Decisions a second of Cedar alone, on the policies of one principal with its service control policies.
fn cedar_loop(folder: &Path) -> f64 {
    let lower = |file: &str| {
        let output = Command::new(COUNTERSIGN).arg("lower").arg(folder.join(file)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text: String =
        ["iam/developer.json", "scps/guard.json", "scps/no-root.json", "scps/regions.json"].map(lower).join("\n");
    let policies: PolicySet = text.parse().unwrap();
    let uid = |text: &str| text.parse().unwrap();
    let asked = |action: &str| {
        let context = Context::from_json_value(json!({"action": action, "present": [], "atoms": {}}), None).unwrap();
        Request::new(
            uid("IAM::Principal::\"p\""),
            uid("IAM::Action::\"call\""),
            uid("IAM::Resource::\"r\""),
            context,
            None,
        )
        .unwrap()
    };
    let requests: Vec<Request> =
        ["artifact:acceptagreement", "artifact:getagreement", "organizations:describeorganization"].map(asked).into();
    let (authorizer, entities, begin) = (Authorizer::new(), Entities::empty(), Instant::now());
    let mut count = 0_u32;
    while begin.elapsed().as_secs_f64() < 0.5 {
        for request in &requests {
            std::hint::black_box(authorizer.is_authorized(request, &policies, &entities));
            count += 1;
        }
    }
    f64::from(count) / begin.elapsed().as_secs_f64()
}

/// A row: what was measured, in which unit, and the aim.
struct Row {
    what: String,
    cost: Cost,
    /// How many times the yardstick, and how many it may be.
    ratio: f64,
    aim: f64,
    most: Option<u64>,
}

impl Row {
    fn print(&self) {
        let Self { what, cost, ratio, aim, most } = self;
        let missed = if ratio > aim { format!(", missed by {:.1} ×", ratio / aim) } else { String::new() };
        let memory = most.map_or(String::new(), |most| {
            let over = if cost.peak / 1024 > most { ", missed" } else { "" };
            format!(" (at most {most}{over})")
        });
        println!(
            "{what:<52} {:>8.2} CPU-s {:>8.2} s {:>6} MiB{memory}  {ratio:>8.1} × (at most {aim} ×{missed})",
            cost.cpu,
            cost.wall,
            cost.peak / 1024
        );
    }

    fn json(&self) -> Value {
        let Self { what, cost, ratio, aim, most } = self;
        json!({"row": what, "cpuSeconds": cost.cpu, "wallSeconds": cost.wall, "peakKiB": cost.peak, "bytes": cost.bytes,
            "ratio": ratio, "aim": aim, "mostMiB": most, "met": ratio <= aim && most.is_none_or(|most| cost.peak / 1024 <= most)})
    }
}

/// A number that the command line gives.
fn given(name: &str) -> Option<String> {
    let mut args = std::env::args().skip_while(|a| a != name).skip(1);
    args.next()
}

fn main() {
    let size = |name: &str, or: usize| given(name).map_or(or, |n| n.parse().expect("a number"));
    let (accounts, principals) = (size("--accounts", 400), size("--principals", 50));
    let mut rows = Vec::new();
    let mut row = |what: String, cost: Cost, yardstick: f64, aim: f64, most: Option<u64>| {
        let row = Row { what, cost, ratio: cost.cpu / yardstick, aim, most };
        row.print();
        rows.push(row.json());
    };
    for shape in [Shape::Realistic, Shape::Equal, Shape::Adversarial] {
        let folder = tempfile::tempdir().unwrap();
        let accounts = if shape == Shape::Adversarial { accounts.min(100) } else { accounts };
        let (count, bytes) = shapes::write(folder.path(), accounts, principals, shape);
        let read = typed_read(folder.path());
        let dir = folder.path().to_str().unwrap();
        println!("\n{shape:?}: {accounts} accounts, {count} principals, {bytes} bytes; a typed read takes {read:.3} s");
        let adversarial = shape == Shape::Adversarial;
        let aim = if adversarial { 40.0 } else { 5.0 };
        let evaluate = run(&["evaluate", dir], 1);
        row(format!("evaluate, {shape:?}"), evaluate, read, aim, (!adversarial).then_some(1024));
        let cedar = cedar_loop(folder.path());
        let answers = count as f64 * 30.0 / evaluate.cpu;
        println!(
            "{:<52} {answers:>8.0} answers a CPU-second: {:.1} × a plain Cedar loop ({cedar:.0})",
            "",
            answers / cedar
        );
        if shape != Shape::Realistic {
            continue;
        }
        let lines = run(&["evaluate", "--format", "jsonl", dir], 1);
        row("evaluate --format jsonl".into(), lines, read, 5.0, Some(1024));
        println!("{:<52} {:>8} bytes a principal", "", lines.bytes / count);
        let id = shapes::number(accounts / 2);
        row("coverage".into(), run(&["coverage", dir], 1), read, 3.0, Some(700));
        row("coverage --account".into(), run(&["coverage", "--account", &id, dir], 1), read, 2.0, Some(700));
        let base = tempfile::tempdir().unwrap();
        shapes::write(base.path(), accounts, principals, shape);
        let guard = base.path().join("scps/guard.json");
        let weaker = std::fs::read_to_string(&guard)
            .unwrap()
            .replace("organizations:LeaveOrganization", "organizations:CloseAccount");
        std::fs::write(guard, weaker).unwrap();
        let base = base.path().to_str().unwrap();
        row("check, against evaluate".into(), run(&["check", dir, "--base", base], 1), evaluate.cpu, 2.0, None);
        let who = format!("arn:aws:iam::{id}:role/deploy");
        row("can".into(), run(&["can", &who, "accept-agreement", dir], 1), read, 2.0, Some(700));
        row("who-can".into(), run(&["who-can", "accept-agreement", dir], 1), read, 2.0, Some(700));
    }
    println!();
    let asked = size("--requests", 20_000);
    let (folder, text) = (tempfile::tempdir().unwrap(), requests::lines(asked));
    let file = folder.path().join("requests.jsonl");
    std::fs::write(&file, &text).unwrap();
    let (file, read) = (file.to_str().unwrap(), read_of_lines(&text));
    // one second and 35 MB for 20,000 took the fastest that was measured, which decides and does not explain: 20 times a read
    let simulate = |more: &[&str]| run(&[&["simulate", file, "--format", "jsonl"], more].concat(), 1);
    row(format!("simulate --brief, {asked} requests"), simulate(&["--brief"]), read, 20.0, Some(64));
    row(format!("simulate, {asked} requests"), simulate(&[]), read, 20.0, Some(64));
    let hospital = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hospital");
    let empty = run(&["--version"], 40);
    let can = run(&["can", "maria", "accept", hospital, "--account", "222222222222", "--scope", "account"], 10);
    println!();
    row("can on examples/hospital, against an empty process".into(), can, empty.cpu.max(0.001), 10.0, None);
    if let Some(file) = given("--json") {
        let json = json!({"accounts": accounts, "principals": principals, "rows": rows});
        std::fs::write(file, format!("{json:#}\n")).unwrap();
    }
}
