//! The series and categories of reports that AWS's documents name (`data/reports.json`). No source lists all of them.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Default, Deserialize)]
struct Reports {
    series: Vec<String>,
    categories: Vec<String>,
}

/// The file.
pub(crate) const TEXT: &str = include_str!("../../../../data/reports.json");

static REPORTS: LazyLock<Reports> = LazyLock::new(|| serde_json::from_str(TEXT).unwrap_or_default());

/// The series that are known.
pub fn series() -> &'static [String] {
    &REPORTS.series
}

/// The categories that are known; the series that are known are of the first.
pub fn categories() -> &'static [String] {
    &REPORTS.categories
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_series_are_read() {
        assert_eq!(super::series(), ["SOC", "PCI", "ISO"]);
        assert_eq!(super::categories().len(), 1);
    }
}
