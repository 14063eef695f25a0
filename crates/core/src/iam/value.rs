//! The values that condition operators compare, read from text.

use std::net::IpAddr;

use base64::Engine;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// A decimal number of any length, so that no comparison is ever rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    negative: bool,
    /// Without leading zeros.
    whole: String,
    /// Without trailing zeros.
    fraction: String,
}

/// The scale of [`Number::scaled`]: four decimals, as Cedar's `decimal` has.
pub const SCALE: i64 = 10_000;

/// Numbers of policies with more digits than this on one side of the point are compared outside Cedar.
const WHOLE_DIGITS: usize = 14;
const DECIMALS: usize = 3;

impl Number {
    /// In ten-thousandths, if it has at most three decimals and is not too large: what policies may compare with in
    /// Cedar. The fourth decimal is left to requests, see [`Number::between`].
    pub fn scaled(&self) -> Option<i64> {
        let small = self.whole.len() <= WHOLE_DIGITS && self.fraction.len() <= DECIMALS;
        let magnitude: i64 =
            if small { format!("{}{:0<4}", self.whole, self.fraction).parse().ok()? } else { return None };
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// A `decimal` of Cedar that compares with every [`Number::scaled`] one as this number does: itself, or the middle of
    /// the thousandth that it lies in, or one beyond all of them.
    pub fn between(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        if self.whole.len() > WHOLE_DIGITS {
            return format!("{sign}9{:0<WHOLE_DIGITS$}.0", "");
        }
        let whole = if self.whole.is_empty() { "0" } else { &self.whole };
        match self.fraction.get(..DECIMALS) {
            Some(thousandths) if self.fraction.len() > DECIMALS => format!("{sign}{whole}.{thousandths}5"),
            _ => format!("{sign}{whole}.{:0<4}", self.fraction),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let magnitude = |n: &Self| (n.whole.len(), n.whole.clone(), n.fraction.clone());
        match (self.negative, other.negative) {
            (true, false) => std::cmp::Ordering::Less,
            (false, true) => std::cmp::Ordering::Greater,
            (false, false) => magnitude(self).cmp(&magnitude(other)),
            (true, true) => magnitude(other).cmp(&magnitude(self)),
        }
    }
}

/// A number in decimal digits; `None` where it is none.
pub fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0').to_owned(), fraction.trim_end_matches('0').to_owned());
    let zero = whole.is_empty() && fraction.is_empty();
    Some(Number { negative: negative && !zero, whole, fraction })
}

/// A scaled number as a literal of Cedar's `decimal`.
pub fn decimal(scaled: i64) -> String {
    let sign = if scaled < 0 { "-" } else { "" };
    let magnitude = scaled.unsigned_abs();
    let scale = SCALE.unsigned_abs();
    format!("{sign}{}.{:04}", magnitude / scale, magnitude % scale)
}

/// `true` or `false`, without case.
pub fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A moment in milliseconds since 1970: ISO 8601 in the forms that IAM names, or epoch seconds (more than four digits).
pub fn date(text: &str) -> Option<i64> {
    if text.len() > 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        return bounded(text.parse::<i64>().ok()?.checked_mul(1000)?);
    }
    let day = |y: &str| NaiveDate::parse_from_str(y, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let plain = match text.len() {
        4 => day(&format!("{text}-01-01")),
        7 => day(&format!("{text}-01")),
        10 => day(text),
        _ => None,
    };
    if let Some(plain) = plain {
        return bounded(plain.and_utc().timestamp_millis());
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return bounded(moment.with_timezone(&Utc).timestamp_millis());
    }
    let minutes = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok()?;
    bounded(minutes.and_utc().timestamp_millis())
}

/// Moments of the years 0 to 9999, which Cedar's literals can write.
fn bounded(milliseconds: i64) -> Option<i64> {
    let year = chrono::Datelike::year(&DateTime::<Utc>::from_timestamp_millis(milliseconds)?);
    (0..=9999).contains(&year).then_some(milliseconds)
}

/// The same moment as a literal of Cedar's `datetime`.
pub fn datetime(milliseconds: i64) -> String {
    let moment = DateTime::<Utc>::from_timestamp_millis(milliseconds).unwrap_or_default();
    moment.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    /// Its address, with whatever host bits were written.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

impl Network {
    /// The first and last address, as numbers.
    pub fn bounds(self) -> (u128, u128) {
        let (bits, width) = bits(self.address);
        let host = u32::from(width.saturating_sub(self.prefix));
        let mask = if host == 0 { 0 } else { u128::MAX >> (128 - host) };
        (bits & !mask, bits | mask)
    }

    /// Whether an address lies in it; one of the other family never does.
    pub fn contains(self, address: IpAddr) -> bool {
        let (low, high) = self.bounds();
        let (value, _) = bits(address);
        self.address.is_ipv4() == address.is_ipv4() && (low..=high).contains(&value)
    }
}

/// An address as a number, and how many bits its family has.
pub fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    }
}

/// An address that Cedar's `ip` can hold too: an IPv6 address with an IPv4 tail is none.
pub fn address(text: &str) -> Option<IpAddr> {
    let mixed = text.contains(':') && text.contains('.');
    if mixed { None } else { text.parse().ok() }
}

/// An address, or a range in CIDR notation.
pub fn network(text: &str) -> Option<Network> {
    let (base, prefix) = match text.split_once('/') {
        Some((base, prefix)) => (base, Some(prefix)),
        None => (text, None),
    };
    let address = address(base)?;
    let width = bits(address).1;
    let prefix = match prefix {
        None => width,
        Some(text) if text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 3 => text.parse().ok()?,
        Some(_) => return None,
    };
    (prefix <= width).then_some(Network { address, prefix })
}

/// Base64 as its bytes, so that two spellings of the same bytes are equal.
pub fn binary(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// The six segments of an ARN; the last holds the remaining colons.
pub fn arn(text: &str) -> Option<[&str; 6]> {
    let segments: Vec<&str> = text.splitn(6, ':').collect();
    let segments: [&str; 6] = segments.try_into().ok()?;
    (segments.first() == Some(&"arn")).then_some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let scaled = |text: &str| number(text).unwrap().scaled();
        assert_eq!(scaled("3600"), Some(36_000_000));
        assert_eq!(scaled("-1.25"), Some(-12_500));
        assert_eq!(scaled("+01.50000"), Some(15_000));
        assert_eq!(scaled("-0"), Some(0));
        assert_eq!(scaled("0.0001"), None, "the fourth decimal is left to requests");
        assert_eq!(scaled("100000000000000"), None);
        for text in ["", "1.", ".5", "1e3", "x", "-", "١"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(decimal(-12_500), "-1.2500");
    }

    #[test]
    fn numbers_of_any_length_are_in_order() {
        let ordered =
            ["-100000000000000000000", "-2", "-1.5", "-1.49999", "-0.0", "0.00001", "1", "1.0001", "10", "9e"];
        for pair in ordered[..9].windows(2) {
            assert!(number(pair[0]) < number(pair[1]), "{pair:?}");
        }
        assert_eq!(number("3.14159").unwrap().between(), "3.1415");
        assert_eq!(number("-3.1419").unwrap().between(), "-3.1415", "inside its thousandth, whatever its decimals");
        assert_eq!(number("2.5").unwrap().between(), "2.5000");
        assert_eq!(number("123456789012345678").unwrap().between(), "900000000000000.0");
    }

    #[test]
    fn dates() {
        assert_eq!(date("1970-01-02"), Some(86_400_000));
        assert_eq!(date("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(date("1970-01-01T00:01Z"), Some(60_000));
        assert_eq!(date("86400"), Some(86_400_000));
        assert_eq!(date("1971"), Some(31_536_000_000));
        assert_eq!(date("tomorrow"), None);
    }

    #[test]
    fn networks() {
        let network = network("203.0.113.7/24").unwrap();
        assert!(network.contains("203.0.113.255".parse().unwrap()));
        assert!(!network.contains("203.0.114.0".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
        assert!(super::network("0.0.0.0/0").unwrap().contains("255.255.255.255".parse().unwrap()));
        assert!(super::network("::/0").unwrap().contains("ff::".parse().unwrap()));
        assert!(super::network("10.0.0.0/33").is_none());
    }
}
