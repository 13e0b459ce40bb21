//! The grammar of `Cache-Control`: a list of directives, each a name with an optional argument.
//!
//! Names match in any case, and unknown directives are ignored. Of a repeated directive the strictest value counts; a
//! directive with an argument that it should not have counts as the one without, which is stricter (RFC 9111 section
//! 5.2.2.4). An invalid number counts as the strictest one (section 4.2.1).

use std::time::Duration;

use http::{HeaderName, HeaderValue, header};

/// The largest value of `delta-seconds`, 2^31 seconds or 68 years. Larger ones count as this one (RFC 9111 section 1.2.2).
pub(in crate::http) const MAX_DELTA: Duration = crate::entry::MAX_TTL;

/// The fields that decide how a response is stored and served.
const CACHING_FIELDS: [HeaderName; 7] = [
    header::AGE,
    header::CACHE_CONTROL,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::VARY,
];

/// `delta-seconds` (RFC 9111 section 1.2.2): digits only, at most [`MAX_DELTA`].
pub(in crate::http) fn delta_seconds(digits: impl IntoIterator<Item = u8>) -> Option<Duration> {
    let mut seconds = None::<u64>;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let shifted = seconds.unwrap_or(0).saturating_mul(10);
        seconds = Some(shifted.saturating_add(u64::from(digit - b'0')));
    }
    Some(Duration::from_secs(seconds?).min(MAX_DELTA))
}

/// The smaller of the limits, for a directive that may be repeated.
pub(super) fn strictest(limit: Option<Duration>, other: Duration) -> Duration {
    limit.map_or(other, |limit| limit.min(other))
}

/// One member of the list: `token [ "=" ( token / quoted-string ) ]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    name: &'a [u8],
    /// As written, with quotes and escapes.
    argument: Option<&'a [u8]>,
}

impl Directive<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    pub(super) fn has_argument(&self) -> bool {
        self.argument.is_some()
    }

    /// The argument as a list of field names, of `no-cache` and `private`.
    ///
    /// `None` if a member is no field name, or names a field that decides about caching: without that field, the rest of the
    /// response would mean something else.
    pub(super) fn field_names(&self) -> Option<Vec<HeaderName>> {
        let argument = self.argument?;
        let quoted = argument
            .strip_prefix(b"\"")
            .and_then(|text| text.strip_suffix(b"\""));
        let members = quoted.unwrap_or(argument).split(|&byte| byte == b',');
        let names = members
            .map(<[u8]>::trim_ascii)
            .filter(|member| !member.is_empty());
        let names: Vec<_> = names.map(HeaderName::from_bytes).collect::<Result<_, _>>().ok()?;
        let decides_caching = names.iter().any(|name| CACHING_FIELDS.contains(name));
        (!names.is_empty() && !decides_caching).then_some(names)
    }

    /// The argument as seconds, as a token or quoted: recipients accept both forms (RFC 9111 section 5.2).
    pub(super) fn seconds(&self) -> Option<Duration> {
        let argument = self.argument?;
        let Some(quoted) = argument.strip_prefix(b"\"") else {
            return delta_seconds(argument.iter().copied());
        };
        if closing_quote(quoted)? != quoted.len() - 1 {
            return None;
        }
        let mut bytes = quoted[..quoted.len() - 1].iter().copied();
        delta_seconds(std::iter::from_fn(|| match bytes.next()? {
            b'\\' => bytes.next(),
            byte => Some(byte),
        }))
    }

    /// The argument as the TTL or the window that a response declares; zero if it is invalid.
    pub(super) fn seconds_or_zero(&self) -> Duration {
        self.seconds().unwrap_or_default()
    }
}

/// The directives of a list, without empty members.
pub(super) fn directives(list: &HeaderValue) -> impl Iterator<Item = Directive<'_>> {
    let mut rest = list.as_bytes();
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (member, after) = next_member(rest);
            rest = after;
            if let Some(directive) = member {
                return Some(directive);
            }
        }
        None
    })
}

/// The first member of the list, and the text after its comma.
fn next_member(list: &[u8]) -> (Option<Directive<'_>>, &[u8]) {
    let mut end = position(list, |byte| byte == b',' || byte == b'=');
    let name = list[..end].trim_ascii();
    let mut argument = None;
    if list.get(end) == Some(&b'=') {
        let value = list[end + 1..].trim_ascii_start();
        end = list.len() - value.len();
        // After a quote that is never closed, commas still separate members: one of those may be `no-store`. A list has at
        // most one such quote, so no input takes quadratic time.
        if let Some(length) = value.strip_prefix(b"\"").and_then(closing_quote) {
            end += length + 2;
        }
        end += position(&list[end..], |byte| byte == b',');
        argument = Some(list[list.len() - value.len()..end].trim_ascii_end());
    }
    let member = (!name.is_empty()).then_some(Directive { name, argument });
    (member, list.get(end + 1..).unwrap_or_default())
}

/// The position of the quote that ends a quoted-string, in the text after its opening quote.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// The position of the first byte that matches, or the length of the text.
fn position(text: &[u8], matches: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| matches(byte)).unwrap_or(text.len())
}
