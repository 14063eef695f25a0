//! `countersign lint` as a whole process: on a folder of 1,000 small policies, and on 5,000 files of Terraform and CloudFormation, beside
//! plain reads of the same files.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

const FILES: usize = 1_000;
const MIXED: usize = 5_000;
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

/// A module with a document, variables, a `dynamic` statement and a role, and a template with `Fn::If`, `Fn::Sub` and the policy of a queue:
/// what most such files are made of.
const TERRAFORM: &str = r#"locals {
  team = "team@"
}

variable "bucket" {
  type    = string
  default = "data-@"
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Read"
    effect    = "Allow"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:aws:s3:::${var.bucket}", "arn:aws:s3:::${var.bucket}/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/team"
      values   = [local.team]
    }
  }
  dynamic "statement" {
    for_each = var.bucket == "" ? [] : [1]
    content {
      actions   = ["kms:Decrypt"]
      resources = ["arn:aws:kms:us-east-1:111122223333:key/*"]
    }
  }
}

resource "aws_iam_policy" "read" {
  name   = "read-@"
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role" "app" {
  name = "app-@"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}
"#;

const CLOUDFORMATION: &str = r"AWSTemplateFormatVersion: '2010-09-09'
Parameters:
  Bucket:
    Type: String
    Default: data-@
Conditions:
  Prod: !Equals [!Ref Bucket, prod]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: app-@
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: lambda.amazonaws.com}
            Action: sts:AssumeRole
      Policies:
        - PolicyName: read
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Sid: Read
                Effect: Allow
                Action: [s3:GetObject, s3:ListBucket]
                Resource:
                  - !Sub arn:${AWS::Partition}:s3:::${Bucket}
                  - !Sub arn:${AWS::Partition}:s3:::${Bucket}/*
              - !If
                - Prod
                - Effect: Allow
                  Action: kms:Decrypt
                  Resource: !Sub arn:aws:kms:${AWS::Region}:111122223333:key/*
                - !Ref AWS::NoValue
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: q-@
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
            Condition:
              ArnLike: {aws:SourceArn: 'arn:aws:sns:us-east-1:111122223333:t'}
";

/// Modules and templates, one of each in turn, none equal to another. Their paths.
fn write_mixed(folder: &std::path::Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut paths = Vec::new();
    for i in 0..MIXED {
        let own = folder.join(format!("team{}", i / 10)).join(format!("app{i}"));
        std::fs::create_dir_all(&own)?;
        let (name, text) = if i % 2 == 0 { ("main.tf", TERRAFORM) } else { ("template.yaml", CLOUDFORMATION) };
        let path = own.join(name);
        std::fs::write(&path, text.replace('@', &i.to_string()))?;
        paths.push(path);
    }
    Ok(paths)
}

fn read(paths: &[std::path::PathBuf]) -> std::io::Result<(Duration, usize)> {
    let begin = Instant::now();
    let mut bytes = 0;
    for path in paths {
        bytes += std::fs::read(path)?.len();
    }
    Ok((begin.elapsed(), bytes))
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
    let folder = tempfile::tempdir()?;
    let paths = write_mixed(folder.path())?;
    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push((run(folder.path(), &["."])?, read(&paths)?));
    }
    times.sort_unstable();
    if let Some((all, (reads, bytes))) = times.get(RUNS / 2) {
        println!(
            "{MIXED:<6} {all:<9.1?} {:<11.0} {:<6.1} {:.1} times reading the same files ({reads:.1?}) (Terraform and CloudFormation)",
            MIXED as f64 / all.as_secs_f64(),
            *bytes as f64 / 1e6 / all.as_secs_f64(),
            all.as_secs_f64() / reads.as_secs_f64(),
        );
    }
    Ok(())
}
