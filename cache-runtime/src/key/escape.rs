//! Escapes text for keys: printable ASCII without delimiters.
//!
//! Any other byte becomes `%XX`. As `%` itself is escaped, every escape can be undone, so different texts stay different.

use std::{borrow::Cow, fmt};

/// The bytes that are not escaped.
type Plain = [bool; 256];

/// Inside quotes. A Redis cluster would take braces for a hash tag.
const QUOTED: Plain = {
    let mut plain = [false; 256];
    let mut byte = 0x21;
    while byte <= 0x7E {
        plain[byte as usize] = !matches!(byte, b'"' | b'\'' | b'%' | b'{' | b'}' | b'\\');
        byte += 1;
    }
    plain
};

/// In the names of fields, variants and arguments.
const NAME: Plain = alphanumeric_and(b"_-");

/// In the names of handlers and tags: the characters of Rust paths, except the delimiters of names in a key.
const PATH: Plain = alphanumeric_and(b"_-:.,/<>&=+");

const fn alphanumeric_and(others: &[u8]) -> Plain {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < plain.len() {
        plain[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut other = 0;
    while other < others.len() {
        plain[others[other] as usize] = true;
        other += 1;
    }
    plain
}

/// Appends the inside of a quoted string or character.
pub(super) fn push_quoted(out: &mut String, text: &str) {
    push(out, text, &QUOTED);
}

/// Appends a name so that no value begins or reads like it.
pub(super) fn push_name(out: &mut String, name: &str) {
    let Some(&first) = name.as_bytes().first() else {
        // No digit follows, so it is not an escape.
        return out.push('%');
    };
    let keyword = matches!(name, "true" | "false" | "none" | "some" | "nan" | "inf");
    // `push` escapes a first byte beyond ASCII with the rest of its character.
    if first.is_ascii() && (keyword || !first.is_ascii_alphabetic()) {
        push_byte(out, first);
        push(out, &name[1..], &NAME);
    } else {
        push(out, name, &NAME);
    }
}

/// Appends bytes as `0x…`.
pub(super) fn push_bytes(out: &mut String, bytes: &[u8]) {
    out.reserve(2 + 2 * bytes.len());
    out.push_str("0x");
    for &byte in bytes {
        push_hex(out, byte);
    }
}

/// A handler's path as its name in keys.
///
/// The name contains neither `(`, which ends it, nor `@`, `;`, `#` and braces, which mark the other parts of keys.
pub(crate) fn escape_handler(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    push(&mut out, path, &PATH);
    out
}

/// A tag as its name in stores, escaped like [`escape_handler`] does.
pub(crate) fn escape_tag(tag: &str) -> Cow<'_, str> {
    if tag.bytes().all(|byte| PATH[usize::from(byte)]) {
        Cow::Borrowed(tag)
    } else {
        Cow::Owned(escape_handler(tag))
    }
}

/// Undoes [`escape_tag`]; for a capped name, returns its beginning and the hash.
pub(crate) fn unescape(escaped: &str) -> String {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .filter(|_| byte == b'%')
            .and_then(|hex| str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(escape) => {
                bytes.push(escape);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Escapes the text that is formatted into it, so that a `Display` type needs no string of its own.
pub(super) struct Quoted<'a>(pub(super) &'a mut String);

impl fmt::Write for Quoted<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_quoted(self.0, text);
        Ok(())
    }
}

fn push(out: &mut String, text: &str, plain: &Plain) {
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        if plain[usize::from(byte)] {
            continue;
        }
        // A stretch of plain bytes begins and ends with ASCII. An empty one may be inside a character, where slicing panics.
        if done < at {
            out.push_str(&text[done..at]);
        }
        push_byte(out, byte);
        done = at + 1;
    }
    if done < text.len() {
        out.push_str(&text[done..]);
    }
}

fn push_byte(out: &mut String, byte: u8) {
    out.push('%');
    push_hex(out, byte);
}

fn push_hex(out: &mut String, byte: u8) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 0xF)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        let mut out = String::new();
        push_name(&mut out, text);
        out
    }

    fn quoted(text: &str) -> String {
        let mut out = String::new();
        push_quoted(&mut out, text);
        out
    }

    #[test]
    fn p2_names_are_readable_and_never_read_like_a_value() {
        for plain in ["id", "get_product", "Kebab-case", "x1", "truex", "nonesuch"] {
            assert_eq!(name(plain), plain);
        }
        for (raw, escaped) in [
            ("", "%"),
            ("_", "%5F"),
            ("_id", "%5Fid"),
            ("true", "%74rue"),
            ("false", "%66alse"),
            ("none", "%6Eone"),
            ("some", "%73ome"),
            ("nan", "%6Ean"),
            ("inf", "%69nf"),
            ("-inf", "%2Dinf"),
            ("0x", "%30x"),
            ("%74rue", "%2574rue"),
            ("a=b", "a%3Db"),
            ("größe", "gr%C3%B6%C3%9Fe"),
            ("öl", "%C3%B6l"),
        ] {
            assert_eq!(name(raw), escaped);
        }
    }

    #[test]
    fn p2_strings_keep_printable_ascii_and_escape_the_rest() {
        assert_eq!(quoted("a(b)[c],d=e:f;g@h#i~/?&<>"), "a(b)[c],d=e:f;g@h#i~/?&<>");
        assert_eq!(quoted("\"'%{}\\"), "%22%27%25%7B%7D%5C");
        assert_eq!(quoted(" \t\r\n\0\x7f"), "%20%09%0D%0A%00%7F");
        assert_eq!(quoted("ü€x"), "%C3%BC%E2%82%ACx");
        assert_eq!(quoted(""), "");
    }

    #[test]
    fn handlers_stay_readable() {
        assert_eq!(
            escape_handler("api::products::get_product"),
            "api::products::get_product"
        );
        assert_eq!(
            escape_handler("<api::A as api::B>::get<u8>"),
            "<api::A%20as%20api::B>::get<u8>"
        );
        assert_eq!(
            escape_handler("a::{{closure}}::[u8; 3](x)"),
            "a::%7B%7Bclosure%7D%7D::%5Bu8%3B%203%5D%28x%29"
        );
    }

    #[test]
    fn p2_handlers_and_tags_contain_no_delimiter() {
        for byte in 0..=0x7F_u8 {
            let text = char::from(byte).to_string();
            let escaped = escape_handler(&text);
            assert!(
                !escaped.contains(['(', ')', '@', ';', '#', '{', '}', '~', '"', '\'', '\\', ' ']),
                "{escaped}"
            );
            assert!(escaped.bytes().all(|byte| byte.is_ascii_graphic()), "{escaped}");
            assert_eq!(escape_tag(&text), escaped);
            assert_eq!(unescape(&escaped), text);
        }
        assert_eq!(escape_handler("a%20b"), "a%2520b");
        assert_eq!(escape_handler("é"), "%C3%A9");
    }

    #[test]
    fn plain_tags_are_borrowed() {
        assert!(matches!(escape_tag("product:42"), Cow::Borrowed("product:42")));
        assert_eq!(escape_tag("user 5"), "user%205");
    }
}
