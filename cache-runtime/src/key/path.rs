//! Spellings of a path, and the normal forms by which they are compared.
//!
//! The spelling of a path is part of the key, because a server may answer two spellings differently. Evictions and exclusions
//! apply to all spellings, because a server may answer two spellings alike.

use std::{borrow::Cow, iter, str};

/// The path with a single encoding for each byte (RFC 3986 section 6.2.2): characters that a path may contain are unescaped, and
/// all others are escaped as UTF-8, in capital letters. Segments are not changed.
pub(crate) fn normal_encoding(path: &str) -> Cow<'_, str> {
    if path.bytes().all(|byte| is_plain(byte) || byte == b';') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len() + 16);
    for Unit { byte, is_escaped } in units(path) {
        // A delimiter differs from its escape.
        let is_unescaped = is_plain(byte) && byte != b'/' || !is_escaped && matches!(byte, b'/' | b';');
        push(&mut out, byte, is_unescaped);
    }
    Cow::Owned(out)
}

/// The canonical name of all spellings of a path: unescaped, without parameters (`;…`), empty segments and a trailing slash, and
/// with dot segments resolved.
///
/// Spellings are equal if any server may treat them as equal. That suits evictions, where one too many costs a miss, and one too
/// few serves an outdated page.
pub(crate) fn normalize(path: &str) -> Cow<'_, str> {
    if is_simple(path) {
        let trimmed = path.strip_suffix('/').filter(|trimmed| !trimmed.is_empty());
        return Cow::Borrowed(trimmed.unwrap_or(path));
    }
    let bytes: Vec<u8> = units(path).map(|unit| unit.byte).collect();
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in bytes.split(|byte| matches!(byte, b'/' | b'\\')) {
        let end = segment.iter().position(|byte| *byte == b';');
        match &segment[..end.unwrap_or(segment.len())] {
            b"." => {}
            b".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len() + 16);
    for segment in segments.into_iter().filter(|segment| !segment.is_empty()) {
        out.push('/');
        for byte in segment {
            push(&mut out, *byte, is_plain(*byte));
        }
    }
    if out.is_empty() {
        out.push('/');
    }
    Cow::Owned(out)
}

/// The path as text, unescaped.
pub(crate) fn decoded(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let bytes: Vec<u8> = units(path).map(|unit| unit.byte).collect();
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// A normalized path and its ancestors, without the root.
pub(crate) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    ends.chain(iter::once(path.len()))
        .filter(move |_| path != "/")
        .map(|end| &path[..end])
}

/// Whether the path is normalized except for a trailing slash.
pub(crate) fn is_simple(path: &str) -> bool {
    let mut last = None;
    for byte in path.bytes() {
        let begins_a_segment = last == Some(b'/') && !matches!(byte, b'.' | b'/');
        let continues = last.map_or(byte == b'/', |last| last != b'/');
        if !is_plain(byte) || !begins_a_segment && !continues {
            return false;
        }
        last = Some(byte);
    }
    last.is_some()
}

/// A byte of a path, escaped or not.
struct Unit {
    byte: u8,
    is_escaped: bool,
}

/// The bytes of a path, unescaped. A `%` without two hexadecimal digits is a byte of its own.
fn units(path: &str) -> impl Iterator<Item = Unit> {
    let bytes = path.as_bytes();
    let mut at = 0;
    iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        let escaped = escaped_byte(&bytes[at..]);
        at += if escaped.is_some() { 3 } else { 1 };
        Some(Unit {
            byte: escaped.unwrap_or(byte),
            is_escaped: escaped.is_some(),
        })
    })
}

/// The byte whose escape is at the start of the text.
pub(crate) fn escaped_byte(text: &[u8]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    match *text {
        [b'%', high, low, ..] => u8::try_from(16 * digit(high)? + digit(low)?).ok(),
        _ => None,
    }
}

fn push(out: &mut String, byte: u8, is_unescaped: bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if is_unescaped {
        return out.push(char::from(byte));
    }
    let digit = |digit: u8| char::from(DIGITS[usize::from(digit)]);
    out.extend(['%', digit(byte >> 4), digit(byte & 0xF)]);
}

/// Whether the byte is unescaped in all normal forms: a slash, or a character that a segment may contain (RFC 3986 section 3.3),
/// except `;`, which begins parameters.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,=:@".contains(&byte)
}

#[cfg(test)]
mod tests;
