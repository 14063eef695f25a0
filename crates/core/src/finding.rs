//! What every part of the program calls a finding, and how bad one is.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably not what was meant.
    Warning,
    /// Invalid, or without the effect that it was written for.
    Error,
}

impl Severity {
    /// All, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Info];

    /// By its word; `None` for any other.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// `error`, `warning`, `info`
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What a policy reports about an account, an organization, access or a document.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Finding {
    /// A permanent code.
    pub rule: String,
    /// The id of the policy that states it.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// The rules behind it.
    pub cites: String,
    /// The account, organization, principal or file that it is about.
    pub subject: String,
    /// What it is.
    pub message: String,
    /// What to do.
    pub help: String,
    /// What it takes for granted of the moment asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assuming: Option<String>,
    /// What it depends on that is not known: perhaps it is so. Its message says so too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl Finding {
    /// The same, where whether it is so depends on what is not known.
    #[must_use]
    pub fn perhaps(self, on: &str) -> Self {
        let message = format!("{}, perhaps: it depends on {on}", self.message);
        Self { message, unknown: Some(on.to_owned()), ..self }
    }

    /// What it is, with what it takes for granted.
    pub fn told(&self) -> String {
        match &self.assuming {
            Some(what) => format!("{} (assuming {what})", self.message),
            None => self.message.clone(),
        }
    }
}
