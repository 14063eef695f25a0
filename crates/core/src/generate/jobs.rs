//! Policies for one job and no more, in either generation of permissions (D11).
//!
//! The actions are those that AWS's documents list for the job. Each stands on the resources that it acts on.

use serde_json::{Value, json};

use super::expect::goal;
use super::{Generated, Kind, document, owned, statement};
use crate::aws;
use crate::inventory::builtin::{Offer, offers};
use crate::policies::RuleBook;
use crate::problem::{Failure, Problem, instead};
use crate::terms::terms;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

terms! {
    /// What somebody is to do.
    Job {
        /// Accept account agreements.
        AcceptForAccount = "accept-for-account",
        /// Set up and accept organization agreements.
        AcceptForOrganization = "accept-for-organization",
        /// See and open agreements, those of the organization included.
        ReadAgreements = "read-agreements",
        /// Download reports.
        ReadReports = "read-reports",
        /// Terminate agreements.
        Terminate = "terminate",
    }
}

terms! {
    /// A generation of permissions.
    Generation {
        /// The four `artifact:` actions of 2018.
        Classic = "classic",
        /// Today's actions.
        FineGrained = "fine-grained",
    }
}

impl Job {
    /// The job of this name; the near name where there is none.
    pub fn called(name: &str) -> Result<Self, Failure> {
        Self::named(name).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|j| j.word()).collect();
            let help = instead(name, words.iter().copied(), format!("the jobs are {}", words.join(", ")));
            Problem::about(name, format!("there is no job `{name}`")).help(help).into()
        })
    }

    /// What gates of a user's ask for beside what AWS asks for, which no policy for the job grants: the gate, and the IAM actions.
    pub fn asked_beside(self, rules: &RuleBook) -> Vec<(String, Vec<String>)> {
        let own = rules.of_action(goal(self)).filter(|rule| rule.forbids && rules.is_own(&rule.id));
        let asked = own.map(|rule| {
            let actions: BTreeSet<String> = rule.requires.values().flatten().cloned().collect();
            (rule.id.clone(), actions.into_iter().collect::<Vec<_>>())
        });
        asked.filter(|(_, actions)| !actions.is_empty()).collect()
    }

    /// What its policy lets somebody do.
    fn about(self) -> &'static str {
        match self {
            Self::AcceptForAccount => "Accepts account agreements",
            Self::AcceptForOrganization => "Sets up and accepts organization agreements, in the management account",
            Self::ReadAgreements => "Reads agreements, those of the organization included",
            Self::ReadReports => "Reads reports",
            Self::Terminate => "Terminates agreements",
        }
    }
}

/// A policy that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// For what.
    pub job: Job,
    /// In which permissions.
    pub generation: Generation,
    /// `aws`
    pub partition: &'static str,
    /// The account in which it is used; any where there is none.
    pub account: Option<String>,
    /// The series of reports; all where there are none.
    pub series: Vec<String>,
    /// The categories of reports that count with series.
    pub categories: Vec<String>,
    /// The kinds of agreements to accept; all that AWS offers where there are none.
    pub kinds: Vec<String>,
    /// Organization agreements may be terminated as well.
    pub organization: bool,
}

impl Wanted {
    /// What is wanted for a job, where nothing else is said.
    pub fn new(job: Job, generation: Generation) -> Self {
        let partition = aws::partition("aws");
        let (account, organization) = (None, false);
        let (series, categories, kinds) = (Vec::new(), Vec::new(), Vec::new());
        Self { job, generation, partition, account, series, categories, kinds, organization }
    }

    /// What contradicts itself, or names what is not known. `series` and `categories` are further ones that are known.
    pub fn check(&self, series: &[String], categories: &[String]) -> Result<(), Failure> {
        let mut problems = self.misplaced();
        problems.extend(unknown("series", &self.series, (aws::report_series::series(), series)));
        problems.extend(unknown("category", &self.categories, (aws::report_series::categories(), categories)));
        let kinds: Vec<&str> = self.offered().map(|o| o.kind.as_str()).collect();
        for name in self.kinds.iter().filter(|k| !kinds.contains(&k.as_str())) {
            let message = format!("AWS offers no agreement `{name}` for this in the partition {}", self.partition);
            let help = instead(name, kinds.iter().copied(), format!("it offers {}", kinds.join(", ")));
            problems.push(Problem::about("--agreement", message).help(help));
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems)) }
    }

    /// Flags of other jobs: to leave them out in silence would write another policy than was asked for.
    fn misplaced(&self) -> Vec<Problem> {
        let accepts = matches!(self.job, Job::AcceptForAccount | Job::AcceptForOrganization);
        let given = [
            ("--series", !self.series.is_empty() && self.job != Job::ReadReports),
            ("--category", !self.categories.is_empty() && (self.job != Job::ReadReports || self.series.is_empty())),
            ("--agreement", !self.kinds.is_empty() && !accepts),
            ("--organization", self.organization && self.job != Job::Terminate),
        ];
        let help = "--series is for read-reports, --category goes with it, --agreement is for the jobs that accept, --organization \
                    for terminate";
        let wrong = given.into_iter().filter(|(_, is)| *is);
        let mut problems: Vec<Problem> = wrong
            .map(|(flag, _)| Problem::about(flag, format!("{flag} narrows nothing of {}", self.job)).help(help))
            .collect();
        // a pattern would reach more than its words
        let texts = self.series.iter().chain(&self.categories);
        problems.extend(texts.filter(|t| t.is_empty() || t.contains(['*', '?', '$', '/'])).map(|t| {
            Problem::about("--series", format!("`{t}` is a pattern, or no name")).help("name each series and category")
        }));
        problems
    }

    /// The agreements that AWS offers to whom the job accepts for.
    fn offered(&self) -> impl Iterator<Item = &'static Offer> + use<> {
        let (partition, organization) = (self.partition, self.job == Job::AcceptForOrganization);
        offers().iter().filter(move |o| o.partition == partition && o.is_of_organization() == organization)
    }

    /// Whether the policy lets somebody accept a kind.
    pub fn accepts(&self, kind: &str) -> bool {
        (self.kinds.is_empty() || self.kinds.iter().any(|k| k == kind)) && self.offered().any(|o| o.kind == kind)
    }

    /// The policy.
    pub fn policy(&self) -> Generated {
        let statements = match (self.job, self.generation) {
            (Job::ReadReports, Generation::FineGrained) => self.read_reports(),
            (Job::ReadReports, Generation::Classic) => vec![self.read_report_packages()],
            (Job::ReadAgreements, _) => self.read_agreements(),
            (Job::AcceptForAccount, _) => self.accept(),
            (Job::AcceptForOrganization, _) => self.accept().into_iter().chain(self.set_up()).collect(),
            (Job::Terminate, _) => self.terminate(),
        };
        Generated {
            kind: Kind::Identity,
            name: format!("artifact-{}", self.job),
            description: self.description(),
            document: document(statements),
            notes: self.notes(),
        }
    }

    fn description(&self) -> String {
        let series = if self.series.is_empty() { String::new() } else { format!(" of {}", self.series.join(", ")) };
        let kinds = if self.kinds.is_empty() { String::new() } else { format!(": {}", self.kinds.join(", ")) };
        let organization = if self.organization { ", those of the organization included" } else { "" };
        format!("{}{series}{kinds}{organization}", self.job.about())
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.generation == Generation::Classic {
            let days =
                ["artifact:Get", "artifact:DownloadAgreement"].iter().filter_map(|a| aws::actions::action(a)).next();
            let days: Vec<String> =
                days.iter().flat_map(|a| a.deprecated()).map(|(p, day)| format!("{day} ({p})")).collect();
            notes.push(format!(
                "AWS deprecated artifact:Get and artifact:DownloadAgreement on {}, and no source says what they still do (D11): lint \
                 reports them.",
                days.join(" and ")
            ));
        }
        if self.job == Job::Terminate && !self.organization {
            notes.push(
                "The console ends organization agreements only for those who may describe the organization, whom this leaves out. In \
                 a management account IAM itself would allow the call: name a member's or standalone account with --account."
                    .to_owned(),
            );
        }
        if matches!(self.job, Job::AcceptForAccount | Job::AcceptForOrganization) {
            notes.push("To see what was accepted takes read-agreements as well.".to_owned());
        }
        notes
    }

    fn is_classic(&self) -> bool {
        self.generation == Generation::Classic
    }

    fn arn(&self, rest: &str) -> String {
        format!("arn:{}:{rest}", self.partition)
    }

    /// Lists have no resource, and carry no key of a report.
    fn read_reports(&self) -> Vec<Value> {
        let list = allow("ListReports", &["artifact:ListReports", "artifact:ListReportVersions"], &owned(&["*"]));
        let actions = owned(&["artifact:GetReport", "artifact:GetReportMetadata", "artifact:GetTermForReport"]);
        let condition = match self.series.is_empty() {
            true => Value::Null,
            false => json!({"StringEquals": {
                "artifact:ReportCategory": super::one_or_list(self.categories()),
                "artifact:ReportSeries": super::one_or_list(&self.series),
            }}),
        };
        let reports = [self.arn("artifact:*::report/*")];
        vec![list, statement("ReadReports", "Allow", ("Action", &actions), &reports, condition)]
    }

    /// The categories that count with series.
    pub fn categories(&self) -> &[String] {
        if self.categories.is_empty() { aws::report_series::categories() } else { &self.categories }
    }

    fn read_report_packages(&self) -> Value {
        let of = |category: &String| {
            self.series
                .iter()
                .map(|s| self.arn(&format!("artifact:::report-package/{category}/{s}/*")))
                .collect::<Vec<_>>()
        };
        let resources: Vec<String> = match self.series.is_empty() {
            true => vec![self.arn("artifact:::report-package/*")],
            false => self.categories().iter().flat_map(of).collect(),
        };
        allow("ReadReports", &["artifact:Get"], &resources)
    }

    fn read_agreements(&self) -> Vec<Value> {
        let (offered, accepted) = (self.arn("artifact:::agreement/*"), self.arn("artifact::*:customer-agreement/*"));
        let mut statements = match self.is_classic() {
            true => vec![allow("ReadAgreements", &["artifact:DownloadAgreement"], &[offered, accepted])],
            false => vec![
                allow(
                    "ListAgreements",
                    &["artifact:ListAgreements", "artifact:ListCustomerAgreements"],
                    &owned(&["*"]),
                ),
                allow("ReadOfferedAgreements", &OPEN, &[offered]),
                allow("ReadAcceptedAgreements", &["artifact:GetCustomerAgreement"], &[accepted]),
            ],
        };
        statements.push(describe());
        statements
    }

    fn accept(&self) -> Vec<Value> {
        let offers = self.offered().filter(|o| self.accepts(&o.kind));
        let offers: Vec<String> = offers.map(|o| self.arn(&format!("artifact:::agreement/{}", o.id))).collect();
        let mut statements = Vec::new();
        let mut actions = vec!["artifact:DownloadAgreement"];
        if !self.is_classic() {
            statements.push(allow("ListAgreements", &["artifact:ListAgreements"], &owned(&["*"])));
            actions = OPEN.to_vec();
        }
        actions.insert(0, "artifact:AcceptAgreement");
        statements.push(allow("AcceptAgreements", &actions, &offers));
        statements
    }

    fn set_up(&self) -> Vec<Value> {
        let account = self.account.as_deref().unwrap_or("*");
        let principal = json!({"StringEquals": {"organizations:ServicePrincipal": aws::trusted_access_principal()}});
        let enable = owned(&["organizations:EnableAWSServiceAccess"]);
        let look = ["organizations:DescribeOrganization", "organizations:ListAWSServiceAccessForOrganization"];
        let mut statements = vec![
            allow("SeeTheOrganization", &look, &owned(&["*"])),
            statement("TurnOnTrustedAccess", "Allow", ("Action", &enable), &owned(&["*"]), principal),
        ];
        if self.is_classic() {
            let role = [self.arn(&format!("iam::{account}:role/service-role/{}", aws::classic_role()))];
            let policy = self.arn(&format!("iam::aws:policy/service-role/{}", aws::classic_role()));
            let condition = json!({"ArnEquals": {"iam:PolicyARN": policy}});
            let attach = owned(&["iam:AttachRolePolicy"]);
            statements.extend([
                allow("ListRoles", &["iam:ListRoles"], &owned(&["*"])),
                allow("CreateTheRole", &["iam:CreateRole"], &role),
                statement("AttachItsPolicy", "Allow", ("Action", &attach), &role, condition),
            ]);
            return statements;
        }
        let (service, name) = (aws::service_principal(), aws::service_linked_role());
        let role = [self.arn(&format!("iam::{account}:role/aws-service-role/{service}/{name}"))];
        let condition = json!({"StringEquals": {"iam:AWSServiceName": service}});
        let create = owned(&["iam:CreateServiceLinkedRole"]);
        statements.extend([
            allow("LookForTheRole", &["iam:GetRole"], &role),
            statement("CreateTheRole", "Allow", ("Action", &create), &role, condition),
        ]);
        statements
    }

    fn terminate(&self) -> Vec<Value> {
        // in which account an organization's acceptance is, is stated by no source
        let account = self.account.as_deref().filter(|_| !self.organization).unwrap_or("*");
        let accepted = [self.arn(&format!("artifact::{account}:customer-agreement/*"))];
        let mut statements = match self.is_classic() {
            true => vec![allow("TerminateAgreements", &["artifact:TerminateAgreement"], &accepted)],
            false => vec![
                allow(
                    "ListAgreements",
                    &["artifact:ListAgreements", "artifact:ListCustomerAgreements"],
                    &owned(&["*"]),
                ),
                allow(
                    "TerminateAgreements",
                    &["artifact:GetCustomerAgreement", "artifact:TerminateAgreement"],
                    &accepted,
                ),
            ],
        };
        statements.extend(self.organization.then(describe));
        statements
    }
}

/// What it takes to open an agreement that is not accepted yet.
const OPEN: [&str; 3] = ["artifact:GetAgreement", "artifact:GetNdaForAgreement", "artifact:AcceptNdaForAgreement"];

/// The series or categories of reports that are neither AWS's nor known otherwise.
fn unknown(what: &str, named: &[String], (of_aws, others): (&[String], &[String])) -> Vec<Problem> {
    let known: Vec<&str> = of_aws.iter().chain(others).map(String::as_str).collect();
    let problem = |name: &String| {
        let otherwise =
            format!("AWS's documents name {}; --unknown-series takes any other as it is written", of_aws.join(", "));
        let help = instead(name, known.iter().copied(), otherwise);
        Problem::about(format!("--{what}"), format!("no {what} `{name}` of reports is known")).help(help)
    };
    named.iter().filter(|name| !known.contains(&name.as_str())).map(problem).collect()
}

fn allow(sid: &str, actions: &[&str], resources: &[String]) -> Value {
    statement(sid, "Allow", ("Action", &owned(actions)), resources, Value::Null)
}

fn describe() -> Value {
    allow("SeeTheOrganization", &["organizations:DescribeOrganization"], &owned(&["*"]))
}
