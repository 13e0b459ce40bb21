//! The headers of an entry: few bytes in one buffer, which values are slices of.
//!
//! ```text
//! code 1 | name, where the code is 0 | value
//! ```
//!
//! for each line, each text behind its length. The code is a name's place in [`NAMES`], from 1; its highest bit says that
//! the value is sensitive.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::text;

/// The header lines of a stored response, in order and with repeats.
///
/// A tenth of what a [`HeaderMap`] takes, which is made of them when a response is.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HeaderLines(Bytes);

/// Gives each name its code: its place in [`NAMES`], from 1.
macro_rules! names {
    ($($code:literal $name:literal),* $(,)?) => {
        static NAMES: [HeaderName; [$($code),*].len()] = [$(HeaderName::from_static($name)),*];

        fn code(name: &HeaderName) -> u8 {
            match name.as_str() {
                $($name => $code,)*
                _ => SPELLED,
            }
        }
    };
}

// Names that responses often have, as one byte. The wire form of entries has these codes, too: what changes here
// raises its version.
names! {
    1 "accept-ranges",
    2 "access-control-allow-credentials",
    3 "access-control-allow-headers",
    4 "access-control-allow-methods",
    5 "access-control-allow-origin",
    6 "access-control-expose-headers",
    7 "access-control-max-age",
    8 "age",
    9 "allow",
    10 "alt-svc",
    11 "cache-control",
    12 "cache-status",
    13 "cdn-cache-control",
    14 "content-disposition",
    15 "content-encoding",
    16 "content-language",
    17 "content-location",
    18 "content-range",
    19 "content-security-policy",
    20 "content-security-policy-report-only",
    21 "content-type",
    22 "date",
    23 "etag",
    24 "expires",
    25 "last-modified",
    26 "link",
    27 "location",
    28 "pragma",
    29 "referrer-policy",
    30 "refresh",
    31 "retry-after",
    32 "server",
    33 "set-cookie",
    34 "strict-transport-security",
    35 "vary",
    36 "via",
    37 "warning",
    38 "www-authenticate",
    39 "x-content-type-options",
    40 "x-dns-prefetch-control",
    41 "x-frame-options",
    42 "x-xss-protection",
    43 "cross-origin-embedder-policy",
    44 "cross-origin-opener-policy",
    45 "cross-origin-resource-policy",
    46 "permissions-policy",
    47 "server-timing",
    48 "x-request-id",
}

/// The code of a name that is spelled out.
const SPELLED: u8 = 0;

const SENSITIVE: u8 = 0x80;

/// The most lines on the wire.
#[cfg(any(feature = "redis", feature = "test-util", test))]
const MOST: usize = HeaderLines::MOST_NAMES;

impl HeaderLines {
    /// More names than any server sends. [`HeaderMap`] panics beyond 24,576.
    pub(crate) const MOST_NAMES: usize = 4096;

    /// The lines, and the body, as slices of one buffer: what is kept for long and is small takes one piece of memory.
    pub(crate) fn beside(headers: &HeaderMap, body: &[u8]) -> (Self, Bytes) {
        let mut buffer = written(headers);
        let end = buffer.len();
        buffer.reserve_exact(body.len());
        buffer.extend_from_slice(body);
        let mut lines = Bytes::from(buffer.into_boxed_slice());
        let body = lines.split_off(end);
        (Self(lines), body)
    }

    /// Each line.
    pub fn iter(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + '_ {
        self.lines().map(|line| {
            line.name()
                .zip(line.value(&self.0))
                .expect("lines are read once before they are taken in")
        })
    }

    /// The first value of this name.
    pub fn get(&self, name: &HeaderName) -> Option<HeaderValue> {
        self.lines()
            .find(|line| line.is(name))
            .and_then(|line| line.value(&self.0))
    }

    /// Whether there is a line of this name.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.lines().any(|line| line.is(name))
    }

    /// A map of them, with room for so many more.
    pub fn to_map(&self, more: usize) -> HeaderMap {
        // Where a map can have no such room it grows as far as it can: repeats of a name take none.
        let mut headers = HeaderMap::try_with_capacity(self.names() + more).unwrap_or_default();
        for (name, value) in self.iter() {
            headers.append(name, value);
        }
        headers
    }

    /// A map of those with these names alone.
    pub(crate) fn only(&self, names: &[HeaderName]) -> HeaderMap {
        let own = |line: &Line<'_>| names.iter().find(|name| line.is(name));
        let mut headers = HeaderMap::new();
        for line in self.lines() {
            if let Some((name, value)) = own(&line).zip(line.value(&self.0)) {
                headers.append(name.clone(), value);
            }
        }
        headers
    }

    /// The same in a buffer of their own.
    pub(crate) fn copied(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Puts each value into its place. `false`: the places are those of other names.
    pub(crate) fn put_into<'m>(
        &self,
        places: &mut impl Iterator<Item = (&'m HeaderName, &'m mut HeaderValue)>,
    ) -> bool {
        self.lines().all(|line| match places.next() {
            Some((name, value)) if line.is(name) => {
                line.put_into(value);
                true
            }
            _ => false,
        })
    }

    /// How many names there are: repeats stand together.
    pub(crate) fn names(&self) -> usize {
        let mut last = None;
        let lines = self.lines().map(|line| (line.code, line.name));
        lines.filter(|name| last.replace(*name) != Some(*name)).count()
    }

    /// Whether the name is one that responses often have.
    pub(crate) fn is_common(name: &HeaderName) -> bool {
        code(name) != SPELLED
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lines().count()
    }

    /// Whether a value is one that must not be kept at hand.
    pub(crate) fn has_sensitive(&self) -> bool {
        self.lines().any(|line| line.is_sensitive)
    }

    /// The buffer's length, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.len()
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || Line::read(&mut rest))
    }
}

#[cfg(any(feature = "redis", feature = "test-util", test))]
impl HeaderLines {
    /// The lines that these bytes are, to the last byte and as this would write them.
    pub(crate) fn of_wire(wire: Bytes) -> Option<Self> {
        let mut rest = &*wire;
        let mut count = 0;
        while !rest.is_empty() {
            let line = Line::read(&mut rest)?;
            line.name().zip(line.value(&wire))?;
            count += 1;
        }
        (count <= MOST).then_some(Self(wire))
    }

    /// Whether they can be read again.
    #[cfg(feature = "redis")]
    pub(crate) fn fit_the_wire(&self) -> bool {
        self.count() <= MOST
    }

    pub(crate) fn as_wire(&self) -> &[u8] {
        &self.0
    }
}

impl From<&HeaderMap> for HeaderLines {
    fn from(headers: &HeaderMap) -> Self {
        Self(written(headers).into_boxed_slice().into())
    }
}

impl From<HeaderMap> for HeaderLines {
    fn from(headers: HeaderMap) -> Self {
        Self::from(&headers)
    }
}

fn written(headers: &HeaderMap) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(64 * headers.len());
    for (name, value) in headers {
        let code = code(name);
        buffer.push(code | if value.is_sensitive() { SENSITIVE } else { 0 });
        if code == SPELLED {
            text::write(name.as_str().as_bytes(), &mut buffer);
        }
        text::write(value.as_bytes(), &mut buffer);
    }
    buffer
}

impl fmt::Debug for HeaderLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A line as it is in the buffer.
struct Line<'b> {
    code: u8,
    /// Empty where the code names it.
    name: &'b [u8],
    value: &'b [u8],
    is_sensitive: bool,
}

impl<'b> Line<'b> {
    fn read(buffer: &mut &'b [u8]) -> Option<Self> {
        let [first] = text::take(buffer)?;
        let code = first & !SENSITIVE;
        Some(Self {
            code,
            name: match code {
                SPELLED => text::read(buffer)?,
                _ => &[],
            },
            value: text::read(buffer)?,
            is_sensitive: first & SENSITIVE != 0,
        })
    }

    fn is(&self, name: &HeaderName) -> bool {
        match self.code {
            SPELLED => self.name == name.as_str().as_bytes(),
            code => NAMES.get(usize::from(code) - 1) == Some(name),
        }
    }

    /// A name that has a code is not spelled out, and no name has capitals: else it would not be found.
    fn name(&self) -> Option<HeaderName> {
        match self.code {
            SPELLED => HeaderName::from_bytes(self.name)
                .ok()
                .filter(|name| self.is(name) && code(name) == SPELLED),
            code => NAMES.get(usize::from(code) - 1).cloned(),
        }
    }

    /// Leaves a place as it is that has this value already; the value is a copy.
    fn put_into(&self, place: &mut HeaderValue) {
        if self.is_sensitive || *place != *self.value {
            *place =
                HeaderValue::from_bytes(self.value).expect("lines are read once before they are taken in");
            place.set_sensitive(self.is_sensitive);
        }
    }

    fn value(&self, buffer: &Bytes) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_maybe_shared(buffer.slice_ref(self.value)).ok()?;
        value.set_sensitive(self.is_sensitive);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;
    use crate::http::fixtures::headers;

    fn lines() -> HeaderLines {
        let mut map = headers(&[
            ("content-type", "text/plain"),
            ("link", "</a>"),
            ("x-own", "1"),
            ("link", "</b>"),
        ]);
        let mut secret = HeaderValue::from_static("secret");
        secret.set_sensitive(true);
        map.insert("x-secret", secret);
        HeaderLines::from(map)
    }

    #[test]
    fn a_map_survives() {
        let map = lines().to_map(0);
        let links: Vec<_> = map.get_all("link").iter().collect();
        assert_eq!(links, ["</a>", "</b>"]);
        assert_eq!(
            (&map["content-type"], &map["x-own"]),
            (&"text/plain".parse().unwrap(), &"1".parse().unwrap())
        );
        assert_eq!(map.len(), 5);
        assert_eq!(HeaderLines::from(&map), lines());
    }

    #[test]
    fn names_are_found_by_code_and_by_text() {
        let lines = lines();
        assert_eq!(lines.get(&header::LINK).unwrap(), "</a>");
        let own = HeaderName::from_static("x-own");
        assert!(lines.contains(&own));
        assert_eq!(lines.get(&own).unwrap(), "1");
        for name in [header::ETAG, HeaderName::from_static("x-other")] {
            assert!(!lines.contains(&name));
            assert_eq!(lines.get(&name), None);
        }
    }

    #[test]
    fn some_names_make_a_map_of_their_own() {
        let own = HeaderName::from_static("x-own");
        let map = lines().only(&[header::LINK, header::ETAG, own]);
        let expected = headers(&[("link", "</a>"), ("link", "</b>"), ("x-own", "1")]);
        assert_eq!(map, expected);
    }

    #[test]
    fn sensitive_values_stay_sensitive() {
        let map = lines().to_map(0);
        assert!(map["x-secret"].is_sensitive());
        assert!(!map["x-own"].is_sensitive());
    }

    #[test]
    fn p1_as_many_lines_as_a_map_holds_make_a_map() {
        let mut map = HeaderMap::new();
        for number in 0..40_000_u32 {
            map.append("x-line", number.into());
        }
        assert_eq!(HeaderLines::from(&map).to_map(4), map);
        assert_eq!(HeaderLines::from(&map).names(), 1);
    }

    #[test]
    fn every_name_has_one_code() {
        for (place, name) in NAMES.iter().enumerate() {
            assert_eq!(usize::from(code(name)), place + 1, "{name} stands there twice");
        }
        assert!(NAMES.len() < usize::from(SENSITIVE));
    }

    #[test]
    fn bytes_that_would_be_written_otherwise_are_no_lines() {
        let spelled = |name: &[u8]| {
            let mut buffer = vec![SPELLED];
            text::write(name, &mut buffer);
            text::write(b"1", &mut buffer);
            HeaderLines::of_wire(buffer.into())
        };
        assert!(spelled(b"x-own").is_some());
        for name in [&b"etag"[..], b"ETag", b"X-Own", b"x own", b""] {
            assert_eq!(spelled(name), None, "{}", name.escape_ascii());
        }
        assert_eq!(
            HeaderLines::of_wire(Bytes::from_static(b"\x7f\0\0\0\0")),
            None,
            "no such code"
        );
    }
}
