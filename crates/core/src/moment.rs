//! Moments: how they are read and written.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};

/// A moment, to the millisecond, UTC.
pub type Moment = DateTime<Utc>;

/// Reads a date (the start of that day, UTC, D22) or an RFC 3339 moment.
pub fn parse(text: &str) -> Option<Moment> {
    let moment = if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Utc.from_utc_datetime(&date.and_hms_opt(0, 0, 0)?)
    } else if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        moment.with_timezone(&Utc)
    } else {
        // without a zone: UTC, as AWS prints it
        Utc.from_utc_datetime(&NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?)
    };
    // what Cedar can hold and RFC 3339 can write
    let milliseconds = moment.timestamp_millis();
    let year = chrono::Datelike::year(&moment);
    if (0..=9999).contains(&year) { Utc.timestamp_millis_opt(milliseconds).single() } else { None }
}

/// Reads a moment as Cedar's `datetime` takes it: a date, or a time with `Z` or an offset such as `+0100`.
pub fn parse_cedar(text: &str) -> Option<Moment> {
    parse(text).or_else(|| {
        let offset = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok()?;
        Some(offset.with_timezone(&Utc))
    })
}

/// Writes a moment as RFC 3339 in UTC, with milliseconds only where there are some.
pub fn format(moment: Moment) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A moment by the seconds since 1970 began; `None` beyond what a moment can be.
pub fn of_seconds(seconds: i64) -> Option<Moment> {
    Utc.timestamp_opt(seconds, 0).single()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_and_moments() {
        for (text, expected) in [
            ("2024-03-05", "2024-03-05T00:00:00Z"),
            ("2024-03-05T14:01:12Z", "2024-03-05T14:01:12Z"),
            ("2024-03-05T14:01:12.345678+01:00", "2024-03-05T13:01:12.345Z"),
            ("2024-03-05T14:01:12", "2024-03-05T14:01:12Z"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(expected), "{text}");
        }
        for text in ["2024-02-30", "yesterday", "20240305", "+12024-01-01T00:00:00Z", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
