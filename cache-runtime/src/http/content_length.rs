//! `Content-Length`, compared with the body (RFC 9110 section 8.6).

use http::{HeaderMap, header};

/// Whether a body of `length` bytes has the length that `Content-Length` announces, if that field is present.
///
/// A shorter body was truncated on its way to the handler, for example by an upstream server. The client's connection then
/// ends with an error; a cache that stored the body would serve it as complete.
pub(crate) fn matches_content_length(headers: &HeaderMap, length: u64) -> bool {
    let lines = headers.get_all(header::CONTENT_LENGTH).iter();
    lines
        .map(|line| line.to_str().ok()?.parse().ok())
        .all(|announced: Option<u64>| announced == Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fixtures::headers;

    #[test]
    fn p5_a_body_must_have_the_announced_length() {
        for (lines, expected) in [
            (&[][..], true),
            (&[("content-length", "5")], true),
            (&[("content-length", "5"), ("content-length", "5")], true),
            (&[("content-length", "4")], false),
            (&[("content-length", "6")], false),
            (&[("content-length", "5"), ("content-length", "6")], false),
            (&[("content-length", "")], false),
            (&[("content-length", "five")], false),
            (&[("content-length", "99999999999999999999")], false),
        ] {
            assert_eq!(matches_content_length(&headers(lines), 5), expected, "{lines:?}");
        }
    }
}
