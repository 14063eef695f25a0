//! All tests of the library and of the command, as one binary: a change is built and linked once. A module is a capability.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

// what modules share
mod common;
mod generated;
mod reference;

mod access;
mod access_principals;
mod any_request;
mod carried;
mod classes;
mod cli;
mod collect;
mod collect_marks;
mod completeness;
mod contract;
mod deleted;
mod diff;
mod differential;
mod ending;
mod every_rule;
mod evidence;
mod expectations;
mod gate;
mod gates;
mod guardrails;
mod guardrails_duties;
mod guardrails_reach;
mod history;
mod hostile;
mod import;
mod impossible;
mod input_errors;
mod lint;
mod long_lines;
mod managed;
mod mutated;
mod mutation;
mod narrowing;
mod operations;
mod own_rules;
mod page;
mod people;
mod permissions;
mod plain;
mod plans;
mod possible;
mod properties;
mod provenance;
mod readings;
mod readme;
mod revision;
mod rules;
mod rules_change;
mod show;
mod sides;
mod sides_of_a_change;
mod simulate;
mod stability;
mod structure;
mod unknown;
mod unlisted;
mod unread;
mod what_if;
mod writing_rules;
