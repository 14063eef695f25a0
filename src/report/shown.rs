//! How each answer is shown to people: its words, and the colour that says whether it is good.

use anstyle::AnsiColor;

use countersign_core::finding::Severity;
use countersign_core::guardrails::GuardrailState;
use countersign_core::simulation::IamDecision;
use countersign_core::terms::{AnyAllowed, Coverage, Decision};

/// The words of an answer, and their colour.
#[derive(Clone, Copy)]
pub struct Shown {
    /// What people read.
    pub words: &'static str,
    /// Green for what is allowed or holds, red for what is not, yellow for what is not known.
    pub colour: AnsiColor,
}

impl Shown {
    const fn new(words: &'static str, colour: AnsiColor) -> Self {
        Self { words, colour }
    }
}

impl From<Decision> for Shown {
    fn from(decision: Decision) -> Self {
        let colour = match decision {
            Decision::Allow => AnsiColor::Green,
            Decision::Deny => AnsiColor::Red,
            Decision::Unknown => AnsiColor::Yellow,
        };
        Self::new(decision.word(), colour)
    }
}

impl From<Coverage> for Shown {
    fn from(coverage: Coverage) -> Self {
        match coverage {
            Coverage::Covered => Self::new("covered", AnsiColor::Green),
            Coverage::NotCovered => Self::new("not covered", AnsiColor::Red),
            Coverage::Unknown => Self::new("unknown", AnsiColor::Yellow),
        }
    }
}

impl From<AnyAllowed> for Shown {
    fn from(answer: AnyAllowed) -> Self {
        let colour = match answer {
            AnyAllowed::Yes => AnsiColor::Green,
            AnyAllowed::No => AnsiColor::Red,
            AnyAllowed::Unknown => AnsiColor::Yellow,
        };
        Self::new(answer.word(), colour)
    }
}

impl From<IamDecision> for Shown {
    fn from(decision: IamDecision) -> Self {
        match decision {
            IamDecision::Allowed => Self::new("allowed", AnsiColor::Green),
            IamDecision::ExplicitDeny => Self::new("explicitly denied", AnsiColor::Red),
            IamDecision::ImplicitDeny => Self::new("implicitly denied", AnsiColor::Red),
            IamDecision::Unknown => Self::new("unknown", AnsiColor::Yellow),
        }
    }
}

impl From<Severity> for Shown {
    fn from(severity: Severity) -> Self {
        let colour = if severity == Severity::Error { AnsiColor::Red } else { AnsiColor::Yellow };
        Self::new(severity.word(), colour)
    }
}

impl From<GuardrailState> for Shown {
    fn from(verdict: GuardrailState) -> Self {
        match verdict {
            GuardrailState::Proved => Self::new("proved", AnsiColor::Yellow),
            GuardrailState::Holds => Self::new("holds", AnsiColor::Yellow),
            GuardrailState::Unknown => Self::new("unknown", AnsiColor::Yellow),
            GuardrailState::Violated => Self::new("broken", AnsiColor::Red),
            GuardrailState::CannotMatch => Self::new("cannot match", AnsiColor::Red),
            GuardrailState::NotApplicable => Self::new("applies to no one", AnsiColor::Yellow),
        }
    }
}

/// A fact: `None` where it is not known.
impl From<Option<bool>> for Shown {
    fn from(fact: Option<bool>) -> Self {
        match fact {
            Some(true) => Self::new("yes", AnsiColor::Green),
            Some(false) => Self::new("no", AnsiColor::Red),
            None => Self::new("unknown", AnsiColor::Yellow),
        }
    }
}
