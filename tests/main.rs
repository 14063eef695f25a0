//! All tests of the library and of the command, as one binary: a change is built and linked once. A module is a capability.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

// what modules share
mod common;
mod generated;
mod reference;

mod access;
mod any_request;
mod cli;
mod collect;
mod contract;
mod diff;
mod differential;
mod every_rule;
mod expectations;
mod gates;
mod guardrails;
mod import;
mod input_errors;
mod lint;
mod long_lines;
mod managed;
mod mutation;
mod narrowing;
mod operations;
mod permissions;
mod properties;
mod provenance;
mod revision;
mod rules;
mod show;
mod simulate;
mod stability;
mod unknown;
mod unlisted;
mod writing_rules;
