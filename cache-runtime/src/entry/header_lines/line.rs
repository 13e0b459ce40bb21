//! One header line in the buffer.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::{
    super::length_prefixed as text,
    names::{SENSITIVE, SPELLED, code, name},
};

/// Lines are decoded once when the buffer is taken over, so decoding them again succeeds.
pub(super) const VALID: &str = "lines are checked when they are taken over";

/// A line, borrowed from the buffer.
pub(super) struct Line<'b> {
    pub(super) code: u8,
    /// Empty if the name has a code.
    pub(super) spelled: &'b [u8],
    value: &'b [u8],
    pub(super) is_sensitive: bool,
}

impl<'b> Line<'b> {
    /// Takes the next line off the front of the buffer.
    pub(super) fn take(buffer: &mut &'b [u8]) -> Option<Self> {
        let [first] = text::take(buffer)?;
        let code = first & !SENSITIVE;
        Some(Self {
            code,
            spelled: match code {
                SPELLED => text::read(buffer)?,
                _ => &[],
            },
            value: text::read(buffer)?,
            is_sensitive: first & SENSITIVE != 0,
        })
    }

    pub(super) fn has_name(&self, other: &HeaderName) -> bool {
        match self.code {
            SPELLED => self.spelled == other.as_str().as_bytes(),
            code => name(code) == Some(other),
        }
    }

    /// `None` for a name with capitals, and for one that has a code but is spelled out: they would not be found by name.
    pub(super) fn name(&self) -> Option<HeaderName> {
        match self.code {
            SPELLED => HeaderName::from_bytes(self.spelled)
                .ok()
                .filter(|name| self.has_name(name) && code(name) == SPELLED),
            code => name(code).cloned(),
        }
    }

    /// The value as a slice of `buffer`, which is the one that the line is borrowed from.
    pub(super) fn value(&self, buffer: &Bytes) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_maybe_shared(buffer.slice_ref(self.value)).ok()?;
        value.set_sensitive(self.is_sensitive);
        Some(value)
    }

    /// Copies the value into `target`, unless it is there already.
    pub(super) fn copy_value_into(&self, target: &mut HeaderValue) {
        if self.is_sensitive || *target != *self.value {
            *target = HeaderValue::from_bytes(self.value).expect(VALID);
            target.set_sensitive(self.is_sensitive);
        }
    }
}
