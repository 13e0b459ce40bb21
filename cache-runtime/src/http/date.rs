//! HTTP dates, parsed and written (RFC 9110 section 5.6.7).

use std::{cell::RefCell, fmt::Write as _};

use http::{HeaderMap, HeaderValue, header};
use httpdate::HttpDate;

use super::value_writer::ValueWriter;
use crate::clock::Timestamp;

/// The `Date` of a message.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_date(headers.get(header::DATE)?.as_bytes())
}

/// An HTTP date in any of its three forms. A date before 1970 becomes the start of 1970.
pub(super) fn parse_date(text: &[u8]) -> Option<Timestamp> {
    let seconds = u64::try_from(parse_seconds(text)?).unwrap_or_default();
    Some(Timestamp::from_millis(seconds * 1000))
}

/// An HTTP date in seconds since 1970, negative before.
pub(super) fn parse_seconds(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?.trim_ascii();
    let parse = |text: &str| {
        let date = httpdate::parse_http_date(text).ok()?;
        i64::try_from(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
    };
    parse(text).or_else(|| {
        let (shifted, years) = shift_after_1970(text)?;
        Some(parse(&shifted)? - years / 400 * SECONDS_OF_400_YEARS)
    })
}

/// The Gregorian calendar repeats, weekdays included, every 400 years of 146,097 days.
const SECONDS_OF_400_YEARS: i64 = 146_097 * 24 * 60 * 60;

/// A date before 1970, which `httpdate` rejects, moved by a multiple of 400 years; and that number of years.
fn shift_after_1970(text: &str) -> Option<(String, i64)> {
    let year_range = match text.len() {
        // "Sun, 06 Nov 1994 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". The third form has a year of two digits, which
        // is never before 1970.
        29 => 12..16,
        24 => 20..24,
        _ => return None,
    };
    let year = text
        .get(year_range.clone())?
        .parse::<i64>()
        .ok()
        .filter(|year| (0..1970).contains(year))?;
    let years = (1970 - year + 399) / 400 * 400;
    let mut shifted = text.to_owned();
    shifted.replace_range(year_range, &format!("{:04}", year + years));
    Some((shifted, years))
}

/// The time, cut to whole seconds as HTTP dates are.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_secs() * 1000)
}

/// The time as an HTTP date. `None` after the year 9999, which the format cannot express.
pub(crate) fn http_date(time: Timestamp) -> Option<HeaderValue> {
    const YEAR_10000: Timestamp = Timestamp::from_millis(253_402_300_800_000);
    if time >= YEAR_10000 {
        return None;
    }
    // Consecutive hits of an entry write the same second.
    thread_local!(static LAST: RefCell<Option<(u64, HeaderValue)>> = const { RefCell::new(None) });
    let second = time.as_secs();
    LAST.with_borrow_mut(|last| match last {
        Some((of, date)) if *of == second => Some(date.clone()),
        _ => {
            let mut value = ValueWriter::new();
            write!(value, "{}", HttpDate::from(time.to_system_time())).expect("a date fits");
            let date = value.into_value();
            *last = Some((second, date.clone()));
            Some(date)
        }
    })
}
