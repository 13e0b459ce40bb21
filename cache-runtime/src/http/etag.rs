//! Entity tags: generated, compared, and matched against the list of `If-None-Match` (RFC 9110 section 8.8.3).

use http::HeaderValue;

/// A weak entity tag of the body, the same in every process: 128 bits of its BLAKE3 hash.
///
/// Weak, because outer layers may still encode the body: the bytes on the wire can differ, the meaning cannot.
pub(crate) fn etag(body: &[u8]) -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let hash = blake3::hash(body);
    let mut text = *b"W/\"________________________________\"";
    for (pair, byte) in text[3..35].chunks_exact_mut(2).zip(hash.as_bytes()) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    HeaderValue::from_bytes(&text).expect("hexadecimal digits in quotes are a header value")
}

/// Whether both tags are well-formed, equal and strong (RFC 9110 section 8.8.3.2).
pub(super) fn strong_match(one: &HeaderValue, other: &HeaderValue) -> bool {
    one == other && one.as_bytes().starts_with(b"\"") && matches!(entity_tag(one.as_bytes()), Some((_, [])))
}

/// Whether a 304 with this tag is about the response that was stored with the other one: a strong tag identifies the same
/// bytes, a weak tag the same meaning (RFC 9111 section 4.3.4).
pub(super) fn validates(tag: &HeaderValue, stored: &HeaderValue) -> bool {
    let is_weak = tag.as_bytes().starts_with(b"W/");
    tag == stored || (is_weak && list_matches(tag.as_bytes(), Some(stored)))
}

/// Whether the list is `*` or contains the tag, by weak comparison. A malformed member and all members after it match
/// nothing.
pub(super) fn list_matches(list: &[u8], tag: Option<&HeaderValue>) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    let Some((tag, [])) = tag.and_then(|tag| entity_tag(tag.as_bytes())) else {
        return false;
    };
    let mut rest = list;
    loop {
        rest = rest.trim_ascii_start();
        if let [b',', after @ ..] = rest {
            rest = after;
            continue;
        }
        let Some((member, after)) = entity_tag(rest) else {
            return false;
        };
        rest = after.trim_ascii_start();
        match rest {
            [] | [b',', ..] if member == tag => return true,
            [b',', ..] => {}
            _ => return false,
        }
    }
}

/// The opaque part of the first tag, and the text after the tag. Weak comparison ignores the prefix `W/` (RFC 9110 section
/// 8.8.3.2), and a tag has no escapes.
fn entity_tag(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"W/").unwrap_or(text).strip_prefix(b"\"")?;
    let end = text.iter().position(|&byte| byte == b'"')?;
    Some((&text[..end], &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tag_of_a_body_is_the_same_in_every_process() {
        // The first half of BLAKE3 of nothing, as its specification prints it.
        assert_eq!(etag(b""), "W/\"af1349b9f5f9a1a6a0404dea36dcc949\"");
        assert_eq!(etag(b"a"), etag(b"a"));
        assert_ne!(etag(b"a"), etag(b"b"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_list_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            list_matches(&bytes, Some(&HeaderValue::from_static("\"a\"")));
        }

        #[test]
        fn no_soup_of_the_grammar_makes_the_list_panic(text in "[ \",*aW/]{0,40}") {
            list_matches(text.as_bytes(), Some(&HeaderValue::from_static("\"a\"")));
        }

        #[test]
        fn a_list_matches_exactly_its_members(
            members in proptest::collection::vec(("[ab,\\\\]{0,2}", any::<bool>()), 0..6),
            tag in "[ab,\\\\]{0,2}", weak in any::<bool>(), comma in "[ \t]{0,2},[ ,]{0,3}",
        ) {
            let write = |opaque: &str, weak: bool| format!("{}\"{opaque}\"", if weak { "W/" } else { "" });
            let list: Vec<String> = members.iter().map(|(opaque, weak)| write(opaque, *weak)).collect();
            let own = HeaderValue::from_str(&write(&tag, weak)).unwrap();
            prop_assert_eq!(
                list_matches(list.join(&comma).as_bytes(), Some(&own)),
                members.iter().any(|(opaque, _)| *opaque == tag)
            );
        }
    }
}
