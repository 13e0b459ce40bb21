//! `Vary` (RFC 9110 section 12.5.5), as responses have it and as the cache adds to it.

use http::{HeaderMap, HeaderValue, header};

use super::list::list_members;

/// The names in `Vary`, in any case.
pub(crate) fn vary_names(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    list_members(headers, header::VARY)
}

/// Whether `Vary` contains the field name.
pub(super) fn varies_by(headers: &HeaderMap, name: &str) -> bool {
    vary_names(headers).any(|member| member.eq_ignore_ascii_case(name.as_bytes()))
}

/// Adds the field names by which the key distinguishes entries, unless the handler listed them itself.
pub(super) fn add_vary(headers: &mut HeaderMap, names: &'static [&'static str]) {
    match names {
        [] => {}
        _ if headers.contains_key(header::VARY) => {
            for name in names {
                if !varies_by(headers, name) {
                    headers.append(header::VARY, HeaderValue::from_static(name));
                }
            }
        }
        [name] => {
            headers.insert(header::VARY, HeaderValue::from_static(name));
        }
        _ => {
            let list = HeaderValue::try_from(names.join(", "));
            headers.insert(header::VARY, list.expect("a policy holds header names only"));
        }
    }
}
