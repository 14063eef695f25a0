//! The library of countersign, a policy-as-code evaluator for AWS Artifact. It knows no command line and no terminal.
//!
//! The data flows one way, and the modules are its stations: files → [`inventory`] → [`permissions`] → [`agreements`] →
//! [`operations`] → [`assessment`]. [`iam`] is the language of IAM policies, [`policies`] the rules of the domain, in Cedar.
//! ARCHITECTURE.md has the picture and the invariants.

pub mod access;
pub mod agreements;
pub mod assessment;
pub mod aws;
pub mod diff;
pub mod expectations;
pub mod finding;
pub mod findings;
pub mod guardrails;
pub mod hipaa;
pub mod iam;
pub mod import;
pub mod inventory;
pub mod lint;
pub mod loading;
pub mod moment;
pub mod naming;
pub mod operations;
pub mod permissions;
pub mod policies;
pub mod problem;
pub mod provenance;
pub mod simulation;
pub mod source;
pub mod stack;
pub mod text;
pub mod words;
