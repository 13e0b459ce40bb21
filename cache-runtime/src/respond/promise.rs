//! What clients are told of an entry's life: `Cache-Control` and `Expires`.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header};
use httpdate::HttpDate;

use crate::{
    clock::{Times, Timestamp},
    entry::Entry,
    policy::{ONE_YEAR, Policy, Visibility},
    request::RequestHead,
    rules::remaining,
};

/// Writes `Cache-Control` and, unless the handler did, `Expires`: never more than what is left of the entry.
pub(super) fn promise(
    headers: &mut HeaderMap,
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    times: Times,
) {
    let word = match policy.visibility {
        Some(Visibility::Private) => "private, ",
        Some(Visibility::Public) => "public, ",
        None if request.credentials => "private, ",
        None => "",
    };
    let mut line = Line::new();
    let told = policy.client_max_age.map(|told| told.as_secs());
    if told == Some(0) {
        line.write(format_args!("{word}no-cache"));
        headers.insert(header::CACHE_CONTROL, line.into_value());
        return;
    }
    // Clients gain nothing by more than a year, and some count no further.
    let left = remaining(entry, times.now).min(ONE_YEAR).as_secs();
    let seconds = told.map_or(left, |told| told.min(left));
    line.write(format_args!("{word}max-age={seconds}"));
    headers.insert(header::CACHE_CONTROL, line.into_value());
    if !headers.contains_key(header::EXPIRES)
        && let Some(expires) = http_date(times.local + Duration::from_secs(seconds))
    {
        headers.insert(header::EXPIRES, expires);
    }
}

/// None past the year 9999, which HTTP dates cannot say.
fn http_date(time: Timestamp) -> Option<HeaderValue> {
    const YEAR_10000: Timestamp = Timestamp::from_millis(253_402_300_800_000);
    if time >= YEAR_10000 {
        return None;
    }
    let mut line = Line::new();
    line.write(format_args!("{}", HttpDate::from(time.to_system_time())));
    Some(line.into_value())
}

/// A short header value in the making, on the stack.
struct Line {
    bytes: [u8; 40],
    length: usize,
}

impl Line {
    fn new() -> Self {
        Self {
            bytes: [0; 40],
            length: 0,
        }
    }

    /// Takes what this module writes: "private, max-age=" and at most 8 digits, or an HTTP date of 29 characters.
    fn write(&mut self, text: fmt::Arguments<'_>) {
        self.write_fmt(text).expect("the longest line has room");
    }

    fn into_value(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.bytes[..self.length]).expect("only plain text is written")
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
