//! Is what is stored still what the service would answer (RFC 9111 section 4.3)?

use http::{HeaderMap, HeaderName, StatusCode, header, response};

use super::VALIDATORS;
use crate::{
    entry::{Entry, HeaderLines},
    http::{storability::stored_headers, validators},
};

/// What a 304 must not change: it says nothing of the body that is stored (RFC 9111 section 3.2).
const OF_THE_BODY: [HeaderName; 3] = [
    header::CONTENT_ENCODING,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
];

/// A client's conditions, which must not decide what others get.
const CONDITIONS: [HeaderName; 4] = [
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
];

/// Whether the client asks for something other than the whole response.
pub(crate) fn is_conditional(request: &HeaderMap) -> bool {
    CONDITIONS.iter().any(|name| request.contains_key(name))
}

/// Takes away what the client makes its answer depend on: the answer of this run is for others as well.
pub(crate) fn remove_conditions(request: &mut HeaderMap) {
    for name in CONDITIONS {
        request.remove(name);
    }
}

/// Whether the service can be asked by anything that it said of the entry.
pub(crate) fn has_validators(entry: &Entry) -> bool {
    VALIDATORS.iter().any(|name| entry.headers.contains(name))
}

/// Has the service say whether the entry is what it would answer, by the validators that it has (RFC 9111 section 4.3.1).
pub(crate) fn add_validators(request: &mut HeaderMap, entry: &Entry) {
    if let Some(tag) = entry.headers.get(&header::ETAG) {
        // Without room for it, the service answers in full.
        let _ = request.try_insert(header::IF_NONE_MATCH, tag);
    }
    if let Some(date) = entry.headers.get(&header::LAST_MODIFIED) {
        let _ = request.try_insert(header::IF_MODIFIED_SINCE, date);
    }
}

/// The headers of the entry after the service answered with this 304 (RFC 9111 sections 3.2 and 4.3.4). `None`: it is about
/// another response, or there would be too many names.
pub(crate) fn freshened_headers(entry: &Entry, not_modified: &response::Parts) -> Option<HeaderMap> {
    let told = &not_modified.headers;
    if entry.headers.names() + told.keys_len() > HeaderLines::MOST_NAMES {
        return None;
    }
    let mut merged = entry.headers.to_map(told.len());
    let same = match (told.get(header::ETAG), merged.get(header::ETAG)) {
        (Some(told), Some(stored)) => validators::is_same(told, stored),
        (Some(_), None) => false,
        (None, _) => match told.get(header::LAST_MODIFIED) {
            Some(told) => merged.get(header::LAST_MODIFIED) == Some(told),
            None => true,
        },
    };
    if !same {
        return None;
    }
    // Those were of the answer that was stored then.
    merged.remove(header::AGE);
    merged.remove(header::DATE);
    let mut told = stored_headers(told.clone(), true);
    for name in OF_THE_BODY {
        told.remove(name);
    }
    for name in told.keys() {
        merged.remove(name);
    }
    for (name, value) in &told {
        merged.append(name, value.clone());
    }
    Some(merged)
}

/// Whether an answer to HEAD shows that the entry is no longer what GET would be answered (RFC 9111 section 4.3.5).
pub(crate) fn is_outdated(entry: &Entry, status: StatusCode, head: &HeaderMap) -> bool {
    let differs = |name| {
        let told = head.get(&name);
        told.is_some_and(|told| entry.headers.get(&name).as_ref() != Some(told))
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
