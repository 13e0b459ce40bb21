//! Draws structured values from bytes.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

use crate::http::request_head::{KeptHeaders, RequestHead};

/// Bytes that values are drawn from. After the end come zeros, so that every input is valid.
pub(super) struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.take(N);
        let mut array = [0; N];
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// A length in one byte, then as many bytes.
    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = self.byte();
        self.take(usize::from(length))
    }

    /// As [`Self::bytes`], with invalid UTF-8 replaced.
    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// Up to seven values that `draw` draws.
    pub(super) fn list<T>(&mut self, mut draw: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let length = self.byte() % 8;
        (0..length).map(|_| draw(self)).collect()
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, left) = self.0.split_at(length.min(self.0.len()));
        self.0 = left;
        taken
    }
}

/// The bytes as a header value, without the bytes that no header value may contain.
pub(super) fn field_value(bytes: &[u8]) -> HeaderValue {
    let allowed = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    let bytes: Vec<u8> = bytes.iter().copied().filter(allowed).collect();
    HeaderValue::from_bytes(&bytes).expect("the other bytes are removed")
}

/// Each line as a header value.
pub(super) fn field_values(text: &[u8]) -> Vec<HeaderValue> {
    text.split(|&byte| byte == b'\n').map(field_value).collect()
}

/// A header map with these lines of one field.
pub(super) fn field(name: &HeaderName, lines: &[HeaderValue]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, line.clone());
    }
    headers
}

/// The head of a request.
pub(super) fn request(method: Method, headers: HeaderMap) -> RequestHead {
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.headers_mut() = headers;
    RequestHead::from_parts(&request.into_parts().0, KeptHeaders::All)
}
