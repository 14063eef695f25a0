//! `countersign lint` on a folder of 1,000 small policies, as a whole process.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

const FILES: usize = 1_000;
const RUNS: usize = 5;

/// Small policies of a few forms, as teams keep them: none equal to another.
fn write(folder: &std::path::Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for i in 0..FILES {
        let account = format!("{:012}", 100_000_000_000_usize + i);
        let statements = json!([
            {"Sid": "List", "Effect": "Allow", "Action": ["artifact:ListAgreements", "artifact:ListCustomerAgreements"], "Resource": "*"},
            {"Sid": "Open", "Effect": "Allow", "Action": ["artifact:GetAgreement", "artifact:GetNdaForAgreement", "artifact:AcceptNdaForAgreement"],
             "Resource": "arn:aws:artifact:::agreement/*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": format!("team{i}")}}},
            {"Sid": "Read", "Effect": "Allow", "Action": if i % 10 == 0 { "artifact:DownloadAgreement" } else { "artifact:GetCustomerAgreement" },
             "Resource": format!("arn:aws:artifact::{account}:customer-agreement/*")},
        ]);
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let text = match i % 4 {
            0 => json!({"Name": format!("set{i}"), "CustomPolicy": document}).to_string(),
            1 => serde_json::to_string_pretty(&document)?,
            _ => document.to_string(),
        };
        bytes += text.len() as u64;
        std::fs::write(folder.join(format!("policy{i}.json")), text)?;
    }
    Ok(bytes)
}

fn run(folder: &std::path::Path, args: &[&str]) -> std::io::Result<Duration> {
    let begin = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_countersign")).arg("lint").args(args).current_dir(folder).output()?;
    let elapsed = begin.elapsed();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    Ok(elapsed)
}

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let bytes = write(folder.path())?;
    let median = |args: &[&str]| -> std::io::Result<Duration> {
        let mut times = (0..RUNS).map(|_| run(folder.path(), args)).collect::<Result<Vec<_>, _>>()?;
        times.sort_unstable();
        Ok(times.get(RUNS / 2).copied().unwrap_or_default())
    };
    let one = median(&["policy1.json", "--format", "json"])?;
    println!("files  time      policies/s  MB/s   times one file");
    for format in ["json", "text", "sarif"] {
        let all = median(&["--format", format])?;
        println!(
            "{FILES:<6} {all:<9.1?} {:<11.0} {:<6.1} {:.1} ({format}; one file, whole process: {one:.1?})",
            FILES as f64 / all.as_secs_f64(),
            bytes as f64 / 1e6 / all.as_secs_f64(),
            all.as_secs_f64() / one.as_secs_f64(),
        );
    }
    Ok(())
}
