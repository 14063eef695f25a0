//! What a document says of a verdict and of a change: of access that was not compared, nothing.

use serde::Serialize;

use super::pieces::Piece;
use super::{ChangeEntry, Worsening};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict {
    access_widens: Option<bool>,
    access_is_unknown: Option<bool>,
    coverage_is_lost: bool,
    coverage_is_unknown: bool,
}

impl From<Worsening> for Verdict {
    fn from(verdict: Worsening) -> Self {
        let told = |is: bool| (!verdict.access_is_untold).then_some(is);
        Self {
            access_widens: told(verdict.access_widens),
            access_is_unknown: told(verdict.access_is_unknown),
            coverage_is_lost: verdict.coverage_is_lost,
            coverage_is_unknown: verdict.coverage_is_unknown,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Change {
    #[serde(flatten)]
    piece: Piece,
    matters: Option<bool>,
}

impl From<ChangeEntry> for Change {
    fn from(entry: ChangeEntry) -> Self {
        let matters = (entry.matters || !entry.access_is_untold).then_some(entry.matters);
        Self { piece: entry.piece, matters }
    }
}
