//! What clients are told of an entry's life: `Cache-Control` and `Expires`.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header};
use httpdate::HttpDate;

use super::Responder;
use crate::{
    clock::Timestamp,
    entry::Entry,
    policy::{ONE_YEAR, Visibility},
    rules::remaining,
};

impl Responder<'_> {
    /// Writes `Cache-Control` and, unless the handler did, `Expires`: never more than what is left of the entry.
    pub(super) fn promise(&self, headers: &mut HeaderMap, entry: &Entry) {
        if self.policy.client_max_age.is_some_and(|told| told.as_secs() == 0) {
            headers.insert(header::CACHE_CONTROL, no_cache(self.visibility()));
            return;
        }
        let left = self
            .left(entry)
            .min(self.policy.client_max_age.unwrap_or(ONE_YEAR));
        headers.insert(header::CACHE_CONTROL, max_age(self.visibility(), left.as_secs()));
        if !entry.headers.contains(&header::EXPIRES)
            // The parts of a second count, so that every hit names the same.
            && let Some(expires) = http_date(self.times.local + left)
        {
            headers.insert(header::EXPIRES, expires);
        }
    }

    /// What is left of the entry. Clients gain nothing by more than a year, and some count no further.
    pub(super) fn left(&self, entry: &Entry) -> Duration {
        remaining(entry, self.times.now).min(ONE_YEAR)
    }

    /// Who may keep the response.
    pub(super) fn visibility(&self) -> Option<Visibility> {
        let private = self.request.credentials.then_some(Visibility::Private);
        self.policy.visibility.or(private)
    }
}

/// Each thread keeps what it wrote last of every few seconds, for entries that were made together end together.
pub(super) fn max_age(visibility: Option<Visibility>, seconds: u64) -> HeaderValue {
    type Written = Option<(Option<Visibility>, u64, HeaderValue)>;
    const KEPT: usize = 64;
    thread_local!(static WRITTEN: RefCell<[Written; KEPT]> = const { RefCell::new([const { None }; KEPT]) });
    WRITTEN.with_borrow_mut(|written| {
        let place = &mut written[seconds as usize % KEPT];
        match place {
            Some((whose, told, line)) if (*whose, *told) == (visibility, seconds) => line.clone(),
            _ => {
                let line = write_max_age(visibility, seconds);
                *place = Some((visibility, seconds, line.clone()));
                line
            }
        }
    })
}

fn write_max_age(visibility: Option<Visibility>, seconds: u64) -> HeaderValue {
    let mut line = Line::new();
    line.push(word(visibility));
    line.push("max-age=");
    line.push(itoa::Buffer::new().format(seconds));
    line.into_value()
}

fn no_cache(visibility: Option<Visibility>) -> HeaderValue {
    HeaderValue::from_static(match visibility {
        Some(Visibility::Private) => "private, no-cache",
        Some(Visibility::Public) => "public, no-cache",
        None => "no-cache",
    })
}

fn word(visibility: Option<Visibility>) -> &'static str {
    match visibility {
        Some(Visibility::Private) => "private, ",
        Some(Visibility::Public) => "public, ",
        None => "",
    }
}

/// None past the year 9999, which HTTP dates cannot say.
pub(crate) fn http_date(time: Timestamp) -> Option<HeaderValue> {
    const YEAR_10000: Timestamp = Timestamp::from_millis(253_402_300_800_000);
    if time >= YEAR_10000 {
        return None;
    }
    // Hits of one entry name the same second again and again.
    thread_local!(static LAST: RefCell<Option<(u64, HeaderValue)>> = const { RefCell::new(None) });
    let second = time.as_secs();
    LAST.with_borrow_mut(|last| match last {
        Some((of, date)) if *of == second => Some(date.clone()),
        _ => {
            let mut line = Line::new();
            write!(line, "{}", HttpDate::from(time.to_system_time())).expect("the longest line has room");
            let date = line.into_value();
            *last = Some((second, date.clone()));
            Some(date)
        }
    })
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
    fn push(&mut self, text: &str) {
        self.write_str(text).expect("the longest line has room");
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
