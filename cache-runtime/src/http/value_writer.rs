//! Writes short header values on the stack.

use std::fmt;

use http::HeaderValue;

/// Room for "private, max-age=" with 10 digits, and for an HTTP date of 29 characters.
const CAPACITY: usize = 40;

/// A header value that is being written, of visible ASCII.
pub(super) struct ValueWriter {
    bytes: [u8; CAPACITY],
    length: usize,
}

impl ValueWriter {
    pub(super) fn new() -> Self {
        Self {
            bytes: [0; CAPACITY],
            length: 0,
        }
    }

    pub(super) fn into_value(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.bytes[..self.length]).expect("only visible ASCII is written")
    }
}

impl fmt::Write for ValueWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
