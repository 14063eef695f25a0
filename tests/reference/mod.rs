//! A second interpreter of IAM, written for the tests from the documented rules: it walks the JSON of a request and shares
//! no code with the evaluator. Slow and plain on purpose.
//!
//! Where public sources are silent it has the choices that ARCHITECTURE.md states.

pub mod sides;

use serde_json::{Map, Value};

/// `allowed`, `explicitDeny` or `implicitDeny`, for a request whose context is complete.
pub fn decide(request: &Value) -> &'static str {
    let request = &with_principal(request);
    let linked = request["principal"].as_str().is_some_and(|p| p.contains(":role/aws-service-role/"));
    let mut layers: Vec<&Value> = ["identity", "boundary", "session"].iter().filter_map(|l| request.get(*l)).collect();
    if let (Some(levels), false) = (request["serviceControl"].as_array(), linked) {
        layers.extend(levels);
    }
    let said: Vec<&str> = layers.iter().map(|l| layer(l, request)).collect();
    if said.contains(&"deny") {
        "explicitDeny"
    } else if said.contains(&"silent") {
        "implicitDeny"
    } else {
        "allowed"
    }
}

/// The request with the keys that its principal determines, where they are not given.
fn with_principal(request: &Value) -> Value {
    let mut request = request.clone();
    let Some(arn) = request["principal"].as_str().map(str::to_owned) else { return request };
    let fields: Vec<&str> = arn.split(':').collect();
    let mut keys = vec![("aws:PrincipalArn", arn.clone()), ("aws:PrincipalIsAWSService", "false".to_owned())];
    keys.push(("aws:PrincipalAccount", fields[4].to_owned()));
    if fields[5].starts_with("user/") {
        keys.push(("aws:username", arn.rsplit('/').next().unwrap().to_owned()));
        keys.push(("aws:PrincipalType", "User".to_owned()));
    } else {
        keys.push(("aws:PrincipalType", if fields[5] == "root" { "Account" } else { "AssumedRole" }.to_owned()));
    }
    let context = request["context"].as_object_mut().unwrap();
    for (key, value) in keys {
        if lookup(context, key).is_none() {
            context.insert(key.to_owned(), value.into());
        }
    }
    request
}

fn layer(policies: &Value, request: &Value) -> &'static str {
    let mut said = "silent";
    for policy in policies.as_array().unwrap() {
        let variables = policy["Version"] == "2012-10-17";
        for statement in list(&policy["Statement"]) {
            if applies(statement, request, variables) {
                match statement["Effect"].as_str().unwrap() {
                    "Deny" => return "deny",
                    _ => said = "allow",
                }
            }
        }
    }
    said
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a resource-based policy says of a caller's request: it is denied; it is granted to anyone's identity whatever; it is granted
/// if the caller's account grants it too; it is granted past what a boundary or a session policy leaves out.
pub fn resource_based(policy: &Value, caller: &Value, request: &Value) -> [bool; 4] {
    let variables = policy["Version"] == "2012-10-17";
    let mut said = [false; 4];
    for statement in list(&policy["Statement"]) {
        // a trust policy is about the role that has it
        let mut statement = statement.clone();
        if statement.get("Resource").or(statement.get("NotResource")).is_none() {
            statement["Resource"] = "*".into();
        }
        let Some(way) = way(&statement, caller).filter(|_| applies(&statement, request, variables)) else {
            continue;
        };
        if statement["Effect"] == "Deny" {
            said[0] = true;
        } else {
            said[1] |= way != "account";
            said[2] = true;
            // only users, roles and sessions have boundaries
            said[3] |= way != "account" && !caller["AWS"].is_null();
        }
    }
    if said[0] { [true, false, false, false] } else { said }
}

/// How a statement's principals reach a caller: by name, as part of its account, or among everyone.
fn way(statement: &Value, caller: &Value) -> Option<&'static str> {
    let names = |key: &str| -> Vec<String> { list(&caller[key]).into_iter().map(text).collect() };
    let among = |element: &Value| {
        if element == "*" {
            return Some("everyone");
        }
        let mut ways = Vec::new();
        for (key, values) in element.as_object().unwrap() {
            for value in list(values).into_iter().map(text) {
                match key.as_str() {
                    "AWS" if value == "*" => ways.push("everyone"),
                    "AWS" if names("account").contains(&value.replace("arn:aws:iam::", "").replace(":root", "")) => {
                        ways.push("account");
                    }
                    key if names(key).contains(&value) => ways.push("named"),
                    _ => {}
                }
            }
        }
        ["named", "everyone", "account"].into_iter().find(|w| ways.contains(w))
    };
    match statement.get("Principal") {
        Some(element) => among(element),
        None => among(&statement["NotPrincipal"]).is_none().then_some("everyone"),
    }
}

fn applies(statement: &Value, request: &Value, variables: bool) -> bool {
    let action = request["action"].as_str().unwrap().to_lowercase();
    let on_action = |v: &Value| list(v).iter().any(|p| glob(&plain(&text(p).to_lowercase()), &action));
    let named = match statement.get("Action") {
        Some(patterns) => on_action(patterns),
        None => !on_action(&statement["NotAction"]),
    };
    let context = request["context"].as_object().unwrap();
    let asked = request["resource"].as_str().unwrap();
    // the other reading of a `*` in an ARN (D25)
    let matches = if request["crosses"] == true { crossing } else { resource };
    let on_resource = |v: &Value| list(v).iter().any(|p| matches(&text(p), asked, context, variables));
    let about = match statement.get("Resource") {
        Some(patterns) => on_resource(patterns),
        None => !on_resource(&statement["NotResource"]),
    };
    named && about && statement.get("Condition").is_none_or(|c| conditions(c, context, variables))
}

/// A character of a pattern.
#[derive(Clone, PartialEq, Debug)]
enum Symbol {
    Is(char),
    One,
    Many,
}

fn plain(pattern: &str) -> Vec<Symbol> {
    let symbol = |c| match c {
        '*' => Symbol::Many,
        '?' => Symbol::One,
        c => Symbol::Is(c),
    };
    pattern.chars().map(symbol).collect()
}

/// By the book: recursion over both.
fn glob(pattern: &[Symbol], text: &str) -> bool {
    let mut rest = text.chars();
    match pattern.split_first() {
        None => text.is_empty(),
        Some((Symbol::Is(c), tail)) => rest.next() == Some(*c) && glob(tail, rest.as_str()),
        Some((Symbol::One, tail)) => rest.next().is_some() && glob(tail, rest.as_str()),
        Some((Symbol::Many, tail)) => glob(tail, text) || (rest.next().is_some() && glob(pattern, rest.as_str())),
    }
}

/// The pattern of a text: variables replaced by the value of their key, escapes by what they escape. `None` where a variable
/// has neither value nor default.
fn expand(text: &str, context: &Map<String, Value>, variables: bool, wildcards: bool) -> Option<Vec<Symbol>> {
    let mut symbols = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if variables && rest.starts_with("${") {
            let end = rest.find('}').unwrap();
            let name = rest[2..end].trim();
            rest = &rest[end + 1..];
            if ["*", "?", "$"].contains(&name) {
                symbols.push(Symbol::Is(name.chars().next().unwrap()));
                continue;
            }
            let (key, default) = match name.split_once(',') {
                Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\'').to_owned())),
                None => (name, None),
            };
            let value = match lookup(context, key) {
                Some(Value::Array(_)) | None => default?,
                Some(value) => self::text(value),
            };
            symbols.extend(value.chars().map(Symbol::Is));
            continue;
        }
        symbols.push(match c {
            '*' if wildcards => Symbol::Many,
            '?' if wildcards => Symbol::One,
            c => Symbol::Is(c),
        });
        rest = &rest[c.len_utf8()..];
    }
    Some(symbols)
}

fn lookup<'c>(context: &'c Map<String, Value>, key: &str) -> Option<&'c Value> {
    context.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v)
}

/// Resources have variables after the fifth colon only, and match segment by segment.
fn resource(pattern: &str, asked: &str, context: &Map<String, Value>, variables: bool) -> bool {
    if !pattern.is_empty() && pattern.chars().all(|c| c == '*') {
        return true;
    }
    if asked == "*" {
        return false;
    }
    let mut patterns: Vec<&str> = pattern.splitn(6, ':').collect();
    if patterns.len() < 6 {
        if !pattern.ends_with('*') {
            return false;
        }
        patterns.resize(6, "*");
    }
    let asked: Vec<&str> = asked.splitn(6, ':').collect();
    patterns.iter().zip(&asked).enumerate().all(|(index, (pattern, part))| {
        expand(pattern, context, variables && index == 5, true).is_some_and(|symbols| glob(&symbols, part))
    })
}

/// The reading of resources in which a `*` at the end of a segment goes on beyond its colon (D25).
fn crossing(pattern: &str, asked: &str, context: &Map<String, Value>, variables: bool) -> bool {
    fn rest(pattern: &[(Symbol, bool)], text: &str) -> bool {
        let mut left = text.chars();
        let next = left.next();
        match pattern.split_first() {
            None => text.is_empty(),
            Some(((Symbol::Is(c), _), tail)) => next == Some(*c) && rest(tail, left.as_str()),
            Some(((symbol, colons), tail)) => {
                let passes = next.is_some_and(|c| *colons || c != ':');
                match symbol {
                    Symbol::One => passes && rest(tail, left.as_str()),
                    _ => rest(tail, text) || (passes && rest(pattern, left.as_str())),
                }
            }
        }
    }
    if asked == "*" || resource(pattern, asked, context, variables) {
        return resource(pattern, asked, context, variables);
    }
    let mut symbols = Vec::new();
    for (index, piece) in pattern.splitn(6, ':').enumerate() {
        if index > 0 {
            symbols.push((Symbol::Is(':'), true));
        }
        let Some(of_piece) = expand(piece, context, variables && index == 5, true) else {
            return false;
        };
        let last = of_piece.len();
        let colons = |at: usize, symbol: &Symbol| index == 5 || (*symbol == Symbol::Many && at + 1 == last);
        symbols.extend(of_piece.into_iter().enumerate().map(|(at, s)| (s.clone(), colons(at, &s))));
    }
    rest(&symbols, asked)
}

fn conditions(block: &Value, context: &Map<String, Value>, variables: bool) -> bool {
    block.as_object().unwrap().iter().all(|(operator, keys)| {
        let keys = keys.as_object().unwrap();
        keys.iter().all(|(key, values)| condition(operator, key, &list(values), context, variables))
    })
}

fn condition(name: &str, key: &str, wanted: &[&Value], context: &Map<String, Value>, variables: bool) -> bool {
    let actual = lookup(context, key);
    if name == "Null" {
        return wanted.iter().any(|v| text(v).eq_ignore_ascii_case(if actual.is_none() { "true" } else { "false" }));
    }
    let (prefix, rest) = name.split_once(':').unwrap_or(("", name));
    let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |b| (b, true));
    let negated = base.contains("Not");
    let test = base.replace("Not", "");
    let Some(actual) = actual else {
        return if_exists || prefix == "ForAllValues" || (negated && prefix.is_empty());
    };
    let any = |value: &str| wanted.iter().any(|w| compare(&test, value, &text(w), context, variables));
    match (prefix, actual) {
        ("", Value::Array(_)) => false,
        ("", one) => any(&text(one)) != negated,
        ("ForAnyValue", values) => list(values).iter().any(|v| any(&text(v)) != negated),
        (_, values) => list(values).iter().all(|v| any(&text(v)) != negated),
    }
}

fn compare(test: &str, actual: &str, wanted: &str, context: &Map<String, Value>, variables: bool) -> bool {
    let wildcards = ["StringLike", "ArnLike", "ArnEquals"].contains(&test);
    let Some(symbols) = expand(wanted, context, variables, wildcards) else {
        return false;
    };
    let literal: String = symbols.iter().map(|s| if let Symbol::Is(c) = s { *c } else { '*' }).collect();
    match test {
        "StringEquals" => actual == literal,
        // of a value, which is there
        "Null" => literal.eq_ignore_ascii_case("false"),
        "StringEqualsIgnoreCase" => actual.eq_ignore_ascii_case(&literal),
        "StringLike" => glob(&symbols, actual),
        "Bool" => {
            let read = |t: &str| ["true", "false"].into_iter().find(|b| t.eq_ignore_ascii_case(b));
            read(actual).is_some() && read(actual) == read(&literal)
        }
        "BinaryEquals" => matches!((base64(actual), base64(&literal)), (Some(a), Some(b)) if a == b),
        "IpAddress" => within(actual, &literal).unwrap_or(false),
        "ArnLike" | "ArnEquals" => arn(&symbols, actual),
        _ if test.starts_with("Numeric") => ordered(&test[7..], number(actual), number(&literal)),
        _ if test.starts_with("Date") => ordered(&test[4..], moment(actual), moment(&literal)),
        other => panic!("no operator {other}"),
    }
}

fn ordered<T: PartialOrd>(order: &str, actual: Option<T>, wanted: Option<T>) -> bool {
    let (Some(a), Some(w)) = (actual, wanted) else { return false };
    match order {
        "Equals" => a == w,
        "LessThan" => a < w,
        "LessThanEquals" => a <= w,
        "GreaterThan" => a > w,
        "GreaterThanEquals" => a >= w,
        other => panic!("no order {other}"),
    }
}

/// In 10⁻¹⁵; the generators write no more decimals.
fn number(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = digits.split('.');
    let (whole, fraction) = (parts.next()?, parts.next());
    let ok = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_digit());
    if parts.next().is_some() || !ok(whole) || !fraction.is_none_or(ok) {
        return None;
    }
    let scaled: i128 = format!("{whole}{:0<15}", fraction.unwrap_or("")).parse().ok()?;
    Some(if text.starts_with('-') { -scaled } else { scaled })
}

/// Milliseconds since 1970: a year, a month, a day, a moment with a zone, or more than four digits of epoch seconds.
fn moment(text: &str) -> Option<i64> {
    let digits = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_digit());
    if text.len() > 4 && digits(text) {
        return text.parse::<i64>().ok().map(|s| s * 1000).filter(|ms| *ms < 253_402_300_800_000);
    }
    let (date, time) = text.split_once('T').map_or((text, None), |(d, t)| (d, Some(t)));
    let parts: Vec<&str> = date.split('-').collect();
    let widths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    if !([&[4][..], &[4, 2], &[4, 2, 2]].contains(&&widths[..]) && parts.iter().all(|p| digits(p))) {
        return None;
    }
    let part = |i: usize| parts.get(i).map_or(1, |p| p.parse::<i64>().unwrap());
    let (year, month, day) = (part(0), part(1), part(2));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    if !(1..=12).contains(&month) || !(1..=lengths[month as usize - 1]).contains(&day) {
        return None;
    }
    let leaps = |y: i64| y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400);
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    let days = years + lengths[..month as usize - 1].iter().sum::<i64>() + day - 1;
    let of_day = match time {
        None => 0,
        Some(_) if widths.len() < 3 => return None,
        Some(time) => clock(time)?,
    };
    Some(days * 86_400_000 + of_day)
}

/// `HH:MM`, `HH:MM:SS`, `HH:MM:SS.s…` with `Z` or an offset.
fn clock(text: &str) -> Option<i64> {
    let at = text.find(['Z', '+', '-'])?;
    let (time, zone) = text.split_at(at);
    let pair = |s: &str| (s.len() == 2).then(|| s.parse::<i64>().ok()).flatten();
    let minutes = |s: &str| s.split_once(':').and_then(|(h, m)| Some(pair(h)? * 60 + pair(m)?));
    let offset = match zone.split_at(1) {
        ("Z", "") => 0,
        ("+", o) => minutes(o)?,
        ("-", o) => -minutes(o)?,
        _ => return None,
    };
    let parts: Vec<&str> = time.split(':').collect();
    let (seconds, fraction) = match parts.get(2) {
        None if zone == "Z" => (0, 0),
        None => return None,
        Some(s) => match s.split_once('.') {
            None => (pair(s)?, 0),
            Some((s, f)) => (pair(s)?, format!("{f:0<3}")[..3].parse::<i64>().ok()?),
        },
    };
    let (hours, minutes) = (pair(parts.first()?)?, pair(parts.get(1)?)?);
    if hours > 23 || minutes > 59 || seconds > 59 || parts.len() > 3 {
        return None;
    }
    Some(((hours * 60 + minutes - offset) * 60 + seconds) * 1000 + fraction)
}

fn within(actual: &str, range: &str) -> Option<bool> {
    use std::net::IpAddr;
    let number = |text: &str| match text.parse().ok()? {
        IpAddr::V4(a) => Some((32, u128::from(u32::from(a)))),
        IpAddr::V6(_) if text.contains('.') => None,
        IpAddr::V6(a) => Some((128, u128::from(a))),
    };
    let (base, length) = range.split_once('/').map_or((range, None), |(b, l)| (b, Some(l)));
    let ((width, low), (asked_width, asked)) = (number(base)?, number(actual)?);
    let length: u32 = length.map_or(Some(width), |l| l.parse().ok())?;
    let shift = |n: u128| n.checked_shr(width - length).unwrap_or(0);
    Some(width == asked_width && shift(low) == shift(asked))
}

/// Six segments, of which the last holds the remaining colons; a `*` that ends a shorter pattern stands for the missing ones.
fn arn(pattern: &[Symbol], actual: &str) -> bool {
    let actual: Vec<&str> = actual.splitn(6, ':').collect();
    if actual.len() < 6 || actual[0] != "arn" {
        return false;
    }
    let mut segments: Vec<Vec<Symbol>> = vec![Vec::new()];
    for symbol in pattern {
        if *symbol == Symbol::Is(':') && segments.len() < 6 {
            segments.push(Vec::new());
        } else {
            segments.last_mut().unwrap().push(symbol.clone());
        }
    }
    if segments.len() < 6 {
        if pattern.last() != Some(&Symbol::Many) {
            return false;
        }
        segments.resize(6, vec![Symbol::Many]);
    }
    segments.iter().zip(actual).all(|(p, a)| glob(p, a))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let body = text.trim_end_matches('=');
    if text.len() - body.len() > 2 {
        return None;
    }
    let mut bits = String::new();
    for byte in body.bytes() {
        bits.push_str(&format!("{:06b}", ALPHABET.iter().position(|b| *b == byte)?));
    }
    let whole = bits.len() / 8 * 8;
    let spare = &bits[whole..];
    // the bits that no byte takes are zero
    if spare.contains('1') || spare.len() >= 6 {
        return None;
    }
    Some((0..whole).step_by(8).map(|i| u8::from_str_radix(&bits[i..i + 8], 2).unwrap()).collect())
}
