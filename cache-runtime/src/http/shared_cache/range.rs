//! Which range of a stored body a request selects (RFC 9110 section 14).

use std::ops::RangeInclusive;

use http::{HeaderMap, header};

use crate::{
    entry::Entry,
    http::{
        date::{date, parse_date},
        etag::strong_match,
    },
};

/// The range unit, in any case, and its delimiter.
const BYTES_UNIT: &[u8] = b"bytes=";

/// The part of a body that a request selects.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SelectedRange {
    /// The whole body.
    Whole,
    /// These bytes.
    Part(RangeInclusive<usize>),
    /// None of its bytes.
    Unsatisfiable,
}

/// Evaluates `Range` and `If-Range` for an entry that is a complete 200.
///
/// Several ranges, other units and unreadable values select the whole body, as section 14.2 allows.
pub(crate) fn select_range(request: &HeaderMap, entry: &Entry) -> SelectedRange {
    let Some(range) = request.get(header::RANGE) else {
        return SelectedRange::Whole;
    };
    if !if_range_matches(request, entry) {
        return SelectedRange::Whole;
    }
    byte_range(range.as_bytes(), entry.body.len()).unwrap_or(SelectedRange::Whole)
}

/// The range of a body of this length. `None` unless the value is a single range of bytes that does not end before it begins.
fn byte_range(value: &[u8], length: usize) -> Option<SelectedRange> {
    let (unit, range) = value.split_at_checked(BYTES_UNIT.len())?;
    if !unit.eq_ignore_ascii_case(BYTES_UNIT) {
        return None;
    }
    let dash = range.iter().position(|&byte| byte == b'-')?;
    let (first, last) = (range[..dash].trim_ascii(), range[dash + 1..].trim_ascii());
    let (first, last) = match (first, last) {
        ([], suffix) => (length.saturating_sub(number(suffix)?.min(length)), usize::MAX),
        (first, []) => (number(first)?, usize::MAX),
        (first, last) => (number(first)?, number(last)?),
    };
    if last < first {
        return None;
    }
    Some(match first < length {
        true => SelectedRange::Part(first..=last.min(length - 1)),
        false => SelectedRange::Unsatisfiable,
    })
}

/// A number of digits only. Larger numbers than `usize` holds count as its maximum.
fn number(digits: &[u8]) -> Option<usize> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| {
        let append = |number: usize, digit: &u8| {
            number
                .saturating_mul(10)
                .saturating_add(usize::from(digit - b'0'))
        };
        digits.iter().fold(0, append)
    })
}

/// Whether `If-Range`, if present, identifies the stored response (RFC 9110 section 13.1.5).
fn if_range_matches(request: &HeaderMap, entry: &Entry) -> bool {
    let Some(validator) = request.get(header::IF_RANGE) else {
        return true;
    };
    let stored = entry
        .headers
        .only(&[header::ETAG, header::LAST_MODIFIED, header::DATE]);
    if let Some(tag) = stored.get(header::ETAG)
        && strong_match(validator, tag)
    {
        return true;
    }
    // A date is a strong validator only if the response was generated in a later second (RFC 9110 section 8.8.2.2).
    let modified = stored
        .get(header::LAST_MODIFIED)
        .filter(|modified| *modified == validator);
    let modified = modified.and_then(|modified| parse_date(modified.as_bytes()));
    matches!((modified, date(&stored)), (Some(modified), Some(date)) if date.since(modified).as_secs() >= 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fixtures::{entry, headers, secs};

    const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:30 GMT";

    fn of_hello(request: &[(&str, &str)]) -> SelectedRange {
        let stored = [
            ("etag", "\"a\""),
            ("last-modified", MODIFIED),
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ];
        select_range(&headers(request), &entry(secs(1), &stored))
    }

    #[test]
    fn a_single_range_is_selected() {
        for (range, part) in [
            ("bytes=0-0", 0..=0),
            ("bytes=1-3", 1..=3),
            ("bytes=3-", 3..=4),
            ("bytes=-2", 3..=4),
            ("bytes=0-4", 0..=4),
            ("bytes=2-99", 2..=4),
            ("bytes=2-99999999999999999999999", 2..=4),
            ("bytes=-99999999999999999999999", 0..=4),
            ("Bytes= 1 - 3 ", 1..=3),
            ("bytes=-99", 0..=4),
        ] {
            assert_eq!(
                of_hello(&[("range", range)]),
                SelectedRange::Part(part),
                "{range}"
            );
        }
    }

    #[test]
    fn a_range_past_the_end_is_unsatisfiable() {
        for range in [
            "bytes=5-",
            "bytes=5-9",
            "bytes=99-",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(
                of_hello(&[("range", range)]),
                SelectedRange::Unsatisfiable,
                "{range}"
            );
        }
    }

    #[test]
    fn other_ranges_select_the_whole_body() {
        for range in [
            "bytes=0-0,2-3",
            "lines=0-1",
            "bytes=3-1",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=0--1",
            "bytes=+1-2",
            "bytes=1-2x",
            "",
        ] {
            assert_eq!(of_hello(&[("range", range)]), SelectedRange::Whole, "{range}");
        }
        assert_eq!(of_hello(&[]), SelectedRange::Whole);
    }

    #[test]
    fn an_empty_body_has_no_range() {
        for range in ["bytes=0-", "bytes=-1", "bytes=0-0"] {
            assert_eq!(
                byte_range(range.as_bytes(), 0),
                Some(SelectedRange::Unsatisfiable),
                "{range}"
            );
        }
    }

    #[test]
    fn if_range_matches_by_strong_comparison() {
        let with = |condition| of_hello(&[("range", "bytes=0-0"), ("if-range", condition)]);
        for same in ["\"a\"", MODIFIED] {
            assert_eq!(with(same), SelectedRange::Part(0..=0), "{same}");
        }
        for other in ["\"b\"", "W/\"a\"", "a", "Sun, 06 Nov 1994 08:49:31 GMT", ""] {
            assert_eq!(with(other), SelectedRange::Whole, "{other}");
        }
    }

    #[test]
    fn a_weak_validator_does_not_match_if_range() {
        let request = headers(&[("range", "bytes=0-0"), ("if-range", "W/\"a\"")]);
        assert_eq!(
            select_range(&request, &entry(secs(1), &[("etag", "W/\"a\"")])),
            SelectedRange::Whole
        );
        let modified = [("last-modified", MODIFIED), ("date", MODIFIED)];
        let request = headers(&[("range", "bytes=0-0"), ("if-range", MODIFIED)]);
        assert_eq!(
            select_range(&request, &entry(secs(1), &modified)),
            SelectedRange::Whole
        );
    }
}
