//! The library of countersign, a policy-as-code evaluator for AWS Artifact. It knows no command line and no terminal.
//!
//! The data flows one way, and the modules are its stations: [`source`] → [`inventory`] → [`permissions`] → [`agreements`] →
//! [`operations`] → [`assessment`]. [`iam`] is the language of IAM policies, [`policies`] the rules of the domain, in Cedar.
//! ARCHITECTURE.md has the picture and the invariants.
//!
//! An inventory is read from a [`source`], assessed by the rules at a moment, and asked. Nothing reads a clock or a network:
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_core::assessment::{Options, assess};
//! use countersign_core::inventory::Inventory;
//! use countersign_core::inventory::schema::EntitySchema;
//! use countersign_core::policies::RuleBook;
//! use countersign_core::moment;
//! use countersign_core::source::Memory;
//! use countersign_core::terms::Decision;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // a folder is `Folder::new(path)`; files can also be held in memory
//! let files = Memory::new("a clinic")
//!     .with(
//!         "entities.json",
//!         r#"[{"uid": "111122223333"},
//!             {"uid": "arn:aws:iam::111122223333:user/jane", "attrs": {"policies": ["iam/legal.json"]}}]"#,
//!     )
//!     .with(
//!         "iam/legal.json",
//!         r#"{"Version": "2012-10-17",
//!             "Statement": {"Effect": "Allow", "Action": "artifact:Get*", "Resource": "*"}}"#,
//!     );
//! let schema = Arc::new(EntitySchema::built_in()?);
//! let rules = RuleBook::built_in(&schema)?;
//! let inventory = Inventory::load(&files, schema)?;
//!
//! let at = moment::parse("2026-11-01").ok_or("not a moment")?;
//! let options = Options { at, snapshot: at, ..Options::default() };
//! let assessment = assess(&inventory, &rules, &options)?;
//!
//! let jane = assessment.principals.iter().find(|p| p.name == "jane").ok_or("nobody is called jane")?;
//! let accept = jane.operations.iter().find(|o| o.operation == "accept-agreement").ok_or("no such operation")?;
//! assert_eq!(accept.decision, Decision::Deny);
//! assert_eq!(accept.missing, ["artifact:AcceptAgreement", "artifact:AcceptNdaForAgreement"]);
//! # Ok(())
//! # }
//! ```
//!
//! What goes wrong is a [`problem::Failure`], whose variants carry facts: a name that stands for nothing with those that there are,
//! a policy that cannot be evaluated with its place. It says no more than what is wrong: what to do is the caller's to say.
//!
//! ```
//! use countersign_core::naming;
//! use countersign_core::inventory::schema::EntitySchema;
//! use countersign_core::policies::RuleBook;
//! use countersign_core::problem::{Failure, Named};
//!
//! let rules = RuleBook::built_in(&EntitySchema::built_in().unwrap()).unwrap();
//! let Err(Failure::Unknown(unknown)) = naming::operation(&rules.operations, "acept-agreement") else { panic!() };
//! assert_eq!(unknown[0].what, Named::Operation);
//! assert_eq!(unknown[0].near(), Some("accept-agreement"));
//! ```

pub mod access;
pub mod agreements;
pub mod assessment;
pub mod assessments;
pub mod aws;
pub mod diff;
pub mod ending;
pub mod expectations;
pub mod finding;
pub(crate) mod findings;
pub mod generate;
pub mod guardrails;
pub mod hipaa;
pub mod history;
pub mod iam;
pub mod import;
pub mod inventory;
pub mod lint;
pub mod loading;
pub mod moment;
pub mod naming;
pub mod operations;
pub mod people;
pub mod permissions;
pub mod policies;
pub mod problem;
pub mod promises;
pub mod provenance;
pub mod simulation;
pub mod source;
pub mod stack;
pub mod terms;
pub mod text;
pub mod what_if;
pub mod words;
pub mod work;
