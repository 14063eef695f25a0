//! What auditors are to read: `[auditors]` of `countersign.toml` (R6).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::config::FILE;
use super::entity::{Entity, Uid};
use crate::problem::{Place, Problem, SourceFile, Span, instead};

/// The series of reports that each auditor is to read, by what auditors are called: their ARN, their name, or their user name.
#[derive(Clone, Debug, Default)]
pub struct Auditors(BTreeMap<String, Declared>);

#[derive(Clone, Debug)]
struct Declared {
    series: BTreeSet<String>,
    place: Place,
}

/// The table `[auditors]`, as it is written.
pub(crate) type Table = BTreeMap<toml::Spanned<String>, Vec<String>>;

impl Auditors {
    pub(crate) fn read(table: Table, source: &Arc<SourceFile>) -> Self {
        let one = |(name, series): (toml::Spanned<String>, Vec<String>)| {
            let span = Span::from(name.span());
            let place = Place { source: source.clone(), span };
            (name.into_inner(), Declared { series: series.into_iter().collect(), place })
        };
        Self(table.into_iter().map(one).collect())
    }

    /// None is declared.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that are declared: the name, the series, and where.
    pub fn all(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>, &Place)> {
        self.0.iter().map(|(name, declared)| (name.as_str(), &declared.series, &declared.place))
    }

    /// The series that a principal is to read, by its names and those of the people behind it; `None` where no auditor is among them.
    /// Of several auditors, each is to read what all of them are.
    pub fn series<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<BTreeSet<String>> {
        let declared = names.into_iter().filter_map(|name| self.0.get(name)).map(|d| d.series.clone());
        declared.reduce(|one, other| one.intersection(&other).cloned().collect())
    }

    /// A warning for each auditor whom nothing in the inventory is called: what is declared of them is held against nobody.
    pub(super) fn unknown(&self, entities: &BTreeMap<Uid, Entity>) -> Vec<Problem> {
        if self.is_empty() {
            return Vec::new();
        }
        let of = |types: &'static [&str]| entities.values().filter(move |e| types.contains(&e.uid.ty.as_str()));
        let ids = of(&["User", "Role", "Root", "PermissionSet"]).map(|e| e.uid.id.as_str());
        let people = of(&["IdentityCenterUser"]).filter_map(|e| e.str("userName"));
        let known: BTreeSet<&str> =
            ids.flat_map(|id| [id, id.rsplit('/').next().unwrap_or(id)]).chain(people).collect();
        let problem = |(name, declared): (&String, &Declared)| {
            let help = instead(name, known.iter().copied(), format!("correct it, or take it out of {FILE}"));
            let message = format!("there is no principal and nobody called {name}");
            Problem::at(&declared.place.source, declared.place.span, message).help(help).warning()
        };
        self.0.iter().filter(|(name, _)| !known.contains(name.as_str())).map(problem).collect()
    }
}
