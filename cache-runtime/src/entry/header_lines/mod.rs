//! The headers of an entry, encoded in one buffer. Their values are slices of it.
//!
//! ```text
//! code 1 | name, if the code is 0 | value
//! ```
//!
//! for each line, where name and value follow their lengths. The code is that of a frequent name, see `names`; its highest
//! bit marks a sensitive value.

mod names;
mod line;

use std::{fmt, iter};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use self::{
    line::{Line, VALID},
    names::{SENSITIVE, SPELLED, code},
};
use super::length_prefixed as text;

/// The header lines of a stored response, in their order and with repeated names.
///
/// They take a tenth of the memory of the [`HeaderMap`] that a response is built with.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HeaderLines(Bytes);

impl HeaderLines {
    /// The most names of an entry, more than any server sends. A [`HeaderMap`] panics beyond 24,576.
    pub(crate) const MAX_NAMES: usize = 4096;

    /// The lines and the body as slices of one buffer: one allocation for a small entry.
    pub(crate) fn with_body(headers: &HeaderMap, body: &[u8]) -> (Self, Bytes) {
        let mut buffer = encode(headers, body.len());
        let end = buffer.len();
        buffer.extend_from_slice(body);
        let mut lines = Bytes::from(buffer.into_boxed_slice());
        let body = lines.split_off(end);
        (Self(lines), body)
    }

    /// The lines, each as name and value.
    pub fn iter(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + '_ {
        self.lines()
            .map(|line| line.name().zip(line.value(&self.0)).expect(VALID))
    }

    /// The first value of the name.
    pub fn get(&self, name: &HeaderName) -> Option<HeaderValue> {
        self.lines()
            .find(|line| line.has_name(name))
            .and_then(|line| line.value(&self.0))
    }

    /// Whether there is a line with the name.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.lines().any(|line| line.has_name(name))
    }

    /// The lines as a map with room for `additional` further names.
    pub fn to_map(&self, additional: usize) -> HeaderMap {
        // Beyond the largest capacity the map grows as far as it can. Repeated names take no room.
        let mut headers = HeaderMap::try_with_capacity(self.name_count() + additional).unwrap_or_default();
        for (name, value) in self.iter() {
            headers.append(name, value);
        }
        headers
    }

    /// The lines with one of the names, as a map.
    pub(crate) fn only(&self, names: &[HeaderName]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in self.lines() {
            let name = names.iter().find(|name| line.has_name(name));
            if let Some((name, value)) = name.zip(line.value(&self.0)) {
                headers.append(name.clone(), value);
            }
        }
        headers
    }

    /// The lines in a buffer of their own.
    pub(crate) fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Copies each value into the target of its name. `false` if the targets have other names.
    pub(crate) fn copy_values_into<'m>(
        &self,
        targets: &mut impl Iterator<Item = (&'m HeaderName, &'m mut HeaderValue)>,
    ) -> bool {
        self.lines().all(|line| match targets.next() {
            Some((name, value)) if line.has_name(name) => {
                line.copy_value_into(value);
                true
            }
            _ => false,
        })
    }

    /// The number of different names. The lines of one name follow each other.
    pub(crate) fn name_count(&self) -> usize {
        let mut last = None;
        let names = self.lines().map(|line| (line.code, line.spelled));
        names.filter(|name| last.replace(*name) != Some(*name)).count()
    }

    pub(crate) fn line_count(&self) -> usize {
        self.lines().count()
    }

    /// Whether the name is frequent in responses.
    pub(crate) fn is_common(name: &HeaderName) -> bool {
        code(name) != SPELLED
    }

    /// Whether a value is sensitive, and so must not be copied for later.
    pub(crate) fn has_sensitive(&self) -> bool {
        self.lines().any(|line| line.is_sensitive)
    }

    /// The length of the buffer, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.len()
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut rest = &*self.0;
        iter::from_fn(move || Line::take(&mut rest))
    }
}

#[cfg(any(feature = "redis", feature = "test-util", test))]
impl HeaderLines {
    /// The lines that `wire` consists of. `None` unless they are encoded as this version encodes them.
    pub(crate) fn from_wire(wire: Bytes) -> Option<Self> {
        let mut rest = &*wire;
        let mut count = 0;
        while !rest.is_empty() {
            let line = Line::take(&mut rest)?;
            line.name().zip(line.value(&wire))?;
            count += 1;
        }
        (count <= Self::MAX_NAMES).then_some(Self(wire))
    }

    /// Whether [`from_wire`](Self::from_wire) takes this number of lines.
    #[cfg(feature = "redis")]
    pub(crate) fn fits_wire(&self) -> bool {
        self.line_count() <= Self::MAX_NAMES
    }

    pub(crate) fn as_wire(&self) -> &[u8] {
        &self.0
    }
}

impl From<&HeaderMap> for HeaderLines {
    fn from(headers: &HeaderMap) -> Self {
        Self(encode(headers, 0).into_boxed_slice().into())
    }
}

impl From<HeaderMap> for HeaderLines {
    fn from(headers: HeaderMap) -> Self {
        Self::from(&headers)
    }
}

impl fmt::Debug for HeaderLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The lines, in a buffer with room for exactly `additional` further bytes: larger ones would be copied.
fn encode(headers: &HeaderMap, additional: usize) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(encoded_len(headers) + additional);
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

fn encoded_len(headers: &HeaderMap) -> usize {
    let lines = headers.iter().map(|(name, value)| {
        let name = match code(name) {
            SPELLED => text::LENGTH + name.as_str().len(),
            _ => 0,
        };
        1 + name + text::LENGTH + value.len()
    });
    lines.sum()
}

#[cfg(test)]
mod tests;
