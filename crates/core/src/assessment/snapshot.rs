//! Of which moment that is which has no date: policies, permissions and what else the files tell are those of the snapshot, and an answer
//! for another moment takes them for granted (D22).

use super::Options;
use crate::moment;
use crate::policies::RuleBook;

impl Options {
    /// Whether what has no date is told of the moment that it is of (D22).
    pub(crate) fn is_of_snapshot(&self) -> bool {
        !self.undated && self.at == self.snapshot
    }

    /// When that was which has no date.
    fn written(&self) -> String {
        match self.undated {
            true => "the day they were written, which the files do not say (asOf)".to_owned(),
            false => format!("the snapshot of {}", moment::format(self.snapshot)),
        }
    }

    /// What an answer about permissions takes for granted; `None` where it is about the moment of the snapshot.
    pub(crate) fn assumed_permissions(&self, rules: &RuleBook) -> Option<String> {
        let units = rules.read_units();
        let what = if units { "policies, permissions and organizational units" } else { "policies and permissions" };
        (!self.is_of_snapshot()).then(|| format!("{what} are those of {}", self.written()))
    }

    /// What answers about permissions and coverage together take for granted; `None` where they are about the moment of the snapshot.
    pub fn assumed(&self, rules: &RuleBook) -> Option<String> {
        let units = if rules.read_units() { "organizational units, " } else { "" };
        let what = format!(
            "policies, permissions and what else the files tell without a date ({units}tags, PHI, attestations, names, settings)"
        );
        (!self.is_of_snapshot()).then(|| format!("{what} are those of {}", self.written()))
    }
}
