//! Spellings of a path, and the normal forms to compare them by.
//!
//! Whether a response is cached depends on the path as it is spelled, because servers may answer two spellings differently.
//! Evictions and exclusions reach every spelling, because servers may answer two spellings alike.

use std::{borrow::Cow, iter, str};

/// The path with each byte in its one form (RFC 3986 section 6.2.2): what may stand in a path for itself does so, and all
/// else is escaped, as UTF-8 and in capital letters. Segments are left as they are.
pub(crate) fn normal_encoding(path: &str) -> Cow<'_, str> {
    if path.bytes().all(|byte| is_plain(byte) || byte == b';') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len() + 16);
    for Unit { byte, is_escaped } in units(path) {
        // What delimits is not the same as its escape.
        let is_kept = is_plain(byte) && byte != b'/' || !is_escaped && matches!(byte, b'/' | b';');
        push(&mut out, byte, is_kept);
    }
    Cow::Owned(out)
}

/// The one name of all spellings of a path: escapes undone, parameters (`;…`), empty segments and the slash at the end
/// removed, dot segments resolved.
///
/// It takes for the same what any server may. That suits evictions, where too many cost a miss and too few a wrong page.
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

/// The path as text, without escapes.
pub(crate) fn decoded(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let bytes: Vec<u8> = units(path).map(|unit| unit.byte).collect();
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// A normalized path and those above it, without the root.
pub(crate) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    ends.chain(iter::once(path.len()))
        .filter(move |_| path != "/")
        .map(|end| &path[..end])
}

/// Whether the path is normalized but for a slash at its end.
pub(crate) fn is_simple(path: &str) -> bool {
    let mut last = None;
    for byte in path.bytes() {
        let begins_a_segment = last == Some(b'/') && !matches!(byte, b'.' | b'/');
        let goes_on = last.map_or(byte == b'/', |last| last != b'/');
        if !is_plain(byte) || !begins_a_segment && !goes_on {
            return false;
        }
        last = Some(byte);
    }
    last.is_some()
}

struct Unit {
    byte: u8,
    is_escaped: bool,
}

/// A `%` without two hexadecimal digits stands for itself.
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

/// The byte whose escape the text begins with.
pub(crate) fn escaped_byte(text: &[u8]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    match *text {
        [b'%', high, low, ..] => u8::try_from(16 * digit(high)? + digit(low)?).ok(),
        _ => None,
    }
}

fn push(out: &mut String, byte: u8, is_kept: bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if is_kept {
        return out.push(char::from(byte));
    }
    let digit = |digit: u8| char::from(DIGITS[usize::from(digit)]);
    out.extend(['%', digit(byte >> 4), digit(byte & 0xF)]);
}

/// Whether the byte stands for itself in every normal form: a slash, or what may stand in a segment (RFC 3986 section 3.3),
/// but for the `;` that parameters begin with.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,=:@".contains(&byte)
}

#[cfg(test)]
mod tests;
