//! Moments: how they are read and written.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeZone, Utc};

/// A moment, to the millisecond, UTC.
pub type Moment = DateTime<Utc>;

/// Reads a date (the start of that day, UTC, D22) or an RFC 3339 moment, which names its zone. A time without a zone is none: it
/// would be another moment for each who reads it.
pub fn parse(text: &str) -> Option<Moment> {
    // the library that reads it takes one digit for two, and blanks
    let shape: String = text.chars().take(10).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape != "0000-00-00" || text.contains(char::is_whitespace) {
        return None;
    }
    let moment = if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Utc.from_utc_datetime(&date.and_hms_opt(0, 0, 0)?)
    } else {
        DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc)
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

/// The moment that never comes: the end of all that is recorded, and since when something is known that never becomes known.
pub fn never() -> Moment {
    parse("9999-12-31").unwrap_or_default()
}

/// Writes a moment as RFC 3339 in UTC, with milliseconds only where there are some.
pub fn format(moment: Moment) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The start of the next day, of a moment that is the start of a day, UTC; `None` for any other.
pub fn day_after(start: Moment) -> Option<Moment> {
    let is_start = start.time() == chrono::NaiveTime::MIN;
    start.checked_add_days(chrono::Days::new(1)).filter(|_| is_start)
}

/// A moment by the seconds since 1970 began; `None` beyond what a moment can be.
pub fn of_seconds(seconds: i64) -> Option<Moment> {
    Utc.timestamp_opt(seconds, 0).single()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins() {
        let after = |text| day_after(parse(text)?).map(format);
        assert_eq!(after("2023-04-30").as_deref(), Some("2023-05-01T00:00:00Z"));
        assert_eq!(after("2023-04-30T00:00:01Z"), None);
    }

    #[test]
    fn reads_dates_and_moments() {
        for (text, expected) in [
            ("2024-03-05", "2024-03-05T00:00:00Z"),
            ("2024-03-05T14:01:12Z", "2024-03-05T14:01:12Z"),
            ("2024-03-05T14:01:12.345678+01:00", "2024-03-05T13:01:12.345Z"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(expected), "{text}");
        }
        let zoneless = ["2024-03-05T14:01:12", "2024-03-05T14:01:12.5", "2024-03-05 14:01:12Z"];
        let blanks = [" 2024-03-05", "2024-03-05 ", "2024-03-05T14:01:12Z ", "2024- 3-05", "2024-1-1", "2024-03-5"];
        let others = ["2024-02-30", "yesterday", "20240305", "+12024-01-01T00:00:00Z", "+2024-03-05", "é", ""];
        for text in zoneless.into_iter().chain(blanks).chain(others) {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
