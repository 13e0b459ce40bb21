//! Validation of entries with the service (RFC 9111 section 4.3).

use http::{HeaderMap, HeaderName, StatusCode, header, response};

use crate::{
    entry::{Entry, HeaderLines},
    http::{etag::validates, stored_headers::stored_headers},
};

/// The fields by which a stored response can be validated (RFC 9110 section 8.8).
const VALIDATORS: [HeaderName; 2] = [header::ETAG, header::LAST_MODIFIED];

/// The fields that describe the stored body. A 304 has no body and must not change them (RFC 9111 section 3.2).
const BODY_FIELDS: [HeaderName; 3] = [
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
];

/// The fields that make the response specific to the client.
const CONDITIONS: [HeaderName; 4] = [
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
];

/// Whether the client asks for anything but the complete response.
pub(crate) fn is_conditional(request: &HeaderMap) -> bool {
    CONDITIONS.iter().any(|name| request.contains_key(name))
}

/// Removes the client's conditions from the request of a fill, whose response is for other requests as well.
pub(crate) fn remove_conditions(request: &mut HeaderMap) {
    for name in CONDITIONS {
        request.remove(name);
    }
}

/// Whether the entry can be validated.
pub(crate) fn has_validators(entry: &Entry) -> bool {
    VALIDATORS.iter().any(|name| entry.headers.contains(name))
}

/// Turns the request into one that validates the entry (RFC 9111 section 4.3.1).
pub(crate) fn add_validators(request: &mut HeaderMap, entry: &Entry) {
    if let Some(tag) = entry.headers.get(&header::ETAG) {
        // If the map is full, the service sends a complete response.
        let _ = request.try_insert(header::IF_NONE_MATCH, tag);
    }
    if let Some(date) = entry.headers.get(&header::LAST_MODIFIED) {
        let _ = request.try_insert(header::IF_MODIFIED_SINCE, date);
    }
}

/// The header fields of the entry, freshened by a 304 of the service (RFC 9111 sections 3.2 and 4.3.4). `None` if the 304 is
/// about another response, or if there were too many header names.
pub(crate) fn freshened_headers(entry: &Entry, not_modified: &response::Parts) -> Option<HeaderMap> {
    let received = &not_modified.headers;
    if entry.headers.name_count() + received.keys_len() > HeaderLines::MAX_NAMES {
        return None;
    }
    let mut freshened = entry.headers.to_map(received.len());
    if !is_about(received, &freshened) {
        return None;
    }
    // These two describe the response that was stored at that time.
    freshened.remove(header::AGE);
    freshened.remove(header::DATE);
    let mut updates = stored_headers(received.clone(), true);
    for name in BODY_FIELDS {
        updates.remove(name);
    }
    for name in updates.keys() {
        freshened.remove(name);
    }
    for (name, value) in &updates {
        freshened.append(name, value.clone());
    }
    Some(freshened)
}

/// Whether a 304 with these fields identifies the stored response (RFC 9111 section 4.3.4).
fn is_about(not_modified: &HeaderMap, stored: &HeaderMap) -> bool {
    match (not_modified.get(header::ETAG), stored.get(header::ETAG)) {
        (Some(tag), Some(stored)) => validates(tag, stored),
        (Some(_), None) => false,
        (None, _) => match not_modified.get(header::LAST_MODIFIED) {
            Some(modified) => stored.get(header::LAST_MODIFIED) == Some(modified),
            None => true,
        },
    }
}

/// Whether a response to HEAD shows that GET would no longer be answered with the stored response (RFC 9111 section 4.3.5).
pub(crate) fn is_outdated(entry: &Entry, status: StatusCode, head: &HeaderMap) -> bool {
    let differs = |name| {
        let current = head.get(&name);
        current.is_some_and(|current| entry.headers.get(&name).as_ref() != Some(current))
    };
    let length = head.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    status == StatusCode::OK
        && (differs(header::ETAG)
            || differs(header::LAST_MODIFIED)
            || length.is_some_and(|length: usize| length != entry.body.len()))
}

#[cfg(test)]
mod tests;
