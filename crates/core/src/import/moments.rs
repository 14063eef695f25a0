//! Moments in all the spellings in which AWS and its tools write them.

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};

use crate::moment::{self, Moment};

/// Numbers beyond this are milliseconds since 1970 rather than seconds: the year 5138.
const MILLISECONDS: f64 = 1e11;

/// A moment: RFC 3339 with any number of decimals, epoch seconds (with decimals) or milliseconds, the spelling of the
/// Organizations console, that of its service events, and that of log pipelines, which is UTC without saying so.
pub fn parse(text: &str) -> Option<Moment> {
    // Java prints a narrow no-break space before AM and PM
    let text = text.replace(['\u{202f}', '\u{a0}'], " ");
    let text = text.trim();
    moment::parse(text).or_else(|| epoch(text)).or_else(|| spelled(text)).and_then(bounded)
}

fn epoch(text: &str) -> Option<Moment> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') || text.len() < 9 {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let milliseconds = if number > MILLISECONDS { number } else { number * 1000.0 };
    // AWS writes no more than milliseconds
    #[allow(clippy::cast_possible_truncation, reason = "bounded by the digits of a moment")]
    Utc.timestamp_millis_opt(milliseconds.round() as i64).single()
}

fn spelled(text: &str) -> Option<Moment> {
    // Fri Jun 10 2022 12:30:05 GMT+0100 (Central European Standard Time)
    let console = text.split(" (").next().unwrap_or(text);
    let zoned = |format: &str, text: &str| DateTime::parse_from_str(text, format).ok().map(|m| m.with_timezone(&Utc));
    let plain = |format: &str| NaiveDateTime::parse_from_str(text, format).ok().map(|m| Utc.from_utc_datetime(&m));
    zoned("%a %b %d %Y %H:%M:%S GMT%z", console)
        .or_else(|| zoned("%Y-%m-%d %H:%M:%S%.f%:z", text))
        .or_else(|| zoned("%Y-%m-%d %H:%M:%S%.f %z", text))
        .or_else(|| plain("%b %d, %Y %I:%M:%S %p"))
        .or_else(|| plain("%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|| plain("%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|| plain("%Y-%m-%d %H:%M:%S%.f UTC"))
}

/// To the millisecond, in the years that can be written.
fn bounded(moment: Moment) -> Option<Moment> {
    moment::parse(&moment::format(moment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling() {
        for (text, expected) in [
            ("2022-06-10T12:30:05.480000+00:00", "2022-06-10T12:30:05.480Z"),
            ("2022-06-10T14:30:05+02:00", "2022-06-10T12:30:05Z"),
            ("1654864205.48", "2022-06-10T12:30:05.480Z"),
            ("1654864205", "2022-06-10T12:30:05Z"),
            ("1654864205480", "2022-06-10T12:30:05.480Z"),
            ("Fri Jun 10 2022 13:30:05 GMT+0100 (Central European Standard Time)", "2022-06-10T12:30:05Z"),
            ("Fri Jun 10 2022 12:30:05 GMT+0000 (Coordinated Universal Time)", "2022-06-10T12:30:05Z"),
            ("Jun 10, 2022 12:30:05 PM", "2022-06-10T12:30:05Z"),
            ("Oct 1, 2026 6:16:58\u{202f}PM", "2026-10-01T18:16:58Z"),
            ("2025-01-20 15:59:33.000000000", "2025-01-20T15:59:33Z"),
            ("2022-06-10 12:30:05+00:00", "2022-06-10T12:30:05Z"),
        ] {
            assert_eq!(parse(text).map(moment::format).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["", "soon", "12", "2022-13-01", "Jun 31, 2022 12:30:05 PM", "1e300", "..........", "99999999999999999999"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
