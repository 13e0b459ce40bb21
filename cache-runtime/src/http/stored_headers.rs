//! The header fields of a response that are stored (RFC 9111 section 3.1).

use http::{HeaderMap, HeaderName, header};

use super::list::list_members;
use crate::entry::HeaderLines;

/// The fields of a response that are stored, in order and with repeated lines.
///
/// Left out are:
///
/// - hop-by-hop fields (RFC 9110 section 7.6.1), the fields that `Connection` lists, and the fields of proxy authentication (RFC
///   9111 section 3.1);
/// - `Content-Length`: the stored body determines it, and it must not contradict a response to HEAD or a 304;
/// - unless `keeps_dates`, `Age` and `Date`: only the freshness that the response itself declares counts from them.
///
/// The caller checks [`has_too_many_header_names`] first: adding to such a map may panic.
pub(crate) fn stored_headers(headers: HeaderMap, keeps_dates: bool) -> HeaderMap {
    let listed: Vec<HeaderName> = list_members(&headers, header::CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .collect();
    // Room for the ETag.
    let mut stored = HeaderMap::with_capacity(headers.keys_len() + 1);
    let mut current = None;
    for (name, value) in headers {
        if let Some(name) = name {
            let is_date = name == header::AGE || name == header::DATE;
            let left_out = is_hop_by_hop(&name) || listed.contains(&name) || (is_date && !keeps_dates);
            current = (!left_out).then_some(name);
        }
        if let Some(name) = &current {
            stored.append(name.clone(), value);
        }
    }
    stored
}

/// Whether the response has more header names than an entry can hold.
pub(crate) fn has_too_many_header_names(headers: &HeaderMap) -> bool {
    headers.keys_len() > HeaderLines::MAX_NAMES
}

/// Whether the field is a hop-by-hop field (RFC 9110 section 7.6.1), or one of proxy authentication.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::CONTENT_LENGTH
            | header::PROXY_AUTHENTICATE
            | header::PROXY_AUTHORIZATION
            | header::TE
            | header::TRAILER
            | header::TRANSFER_ENCODING
            | header::UPGRADE
    ) || matches!(
        name.as_str(),
        "keep-alive" | "proxy-authentication-info" | "proxy-connection"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fixtures::headers;

    fn lines(headers: &HeaderMap) -> Vec<(&str, &str)> {
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn headers_are_stored_in_order_with_repeats() {
        let own = [
            ("content-type", "text/plain"),
            ("link", "</a>"),
            ("link", "</b>"),
            ("x-b", "1"),
            ("x-a", "2"),
            ("link", "</c>"),
        ];
        let stored = stored_headers(headers(&own), true);
        let expected = [own[0], own[1], own[2], own[5], own[3], own[4]];
        assert_eq!(lines(&stored), expected, "a map keeps lines of one name together");
    }

    #[test]
    fn hop_by_hop_fields_are_left_out() {
        let own = [
            ("x-first", "1"),
            ("connection", "close, X-Hop"),
            ("connection", ", x-other , not a name"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("proxy-authenticate", "Basic"),
            ("proxy-authentication-info", "x"),
            ("te", "trailers"),
            ("trailer", "x-sum"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-hop", "1"),
            ("x-hop", "2"),
            ("x-other", "3"),
            ("content-length", "5"),
            ("x-last", "1"),
        ];
        let stored = stored_headers(headers(&own), true);
        assert_eq!(lines(&stored), [("x-first", "1"), ("x-last", "1")]);
    }

    #[test]
    fn age_and_date_are_left_out_unless_freshness_counts_from_them() {
        let own = [
            ("age", "3"),
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("x-a", "1"),
        ];
        assert_eq!(lines(&stored_headers(headers(&own), false)), own[2..]);
        assert_eq!(lines(&stored_headers(headers(&own), true)), own);
    }
}
