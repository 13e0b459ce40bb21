//! The headers of a hit that are the same for each: made once, copied, and completed by what counts down.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    REPEATED, Style, Verdict, name_variants,
    promise::{left, max_age, promise, visibility},
};
use crate::{
    clock::Times,
    entry::{ADDED, Entry},
    policy::Policy,
    request::RequestHead,
};

/// The headers of a whole hit in this process's memory, or of a 304, unless there is more to them than a `max-age` that
/// counts down.
pub(super) fn headers(
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    style: &Style,
    times: Times,
    not_modified: bool,
) -> Option<HeaderMap> {
    let counts_down_alone = policy.http.is_none()
        && policy.client_max_age.is_none()
        && style.cache_status.is_none()
        && !entry.headers.contains_key(header::CACHE_CONTROL);
    if !counts_down_alone {
        return None;
    }
    let prepared = entry.prepared.0.get_or_init(|| {
        // With `Cache-Control` first, where it is found without a search.
        let mut headers = HeaderMap::with_capacity(entry.headers.keys_len() + ADDED);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(""));
        for (name, value) in &entry.headers {
            headers.append(name, value.clone());
        }
        // `Expires` is when the entry's life ends, and so the same each time.
        promise(&mut headers, entry, request, policy, times);
        name_variants(&mut headers, policy.vary);
        headers.insert(style.hit_header.clone(), Verdict::Hit.as_value());
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static(""));
        Box::new(headers)
    });
    let mut headers = match not_modified {
        true => repeated(prepared, &style.hit_header),
        false => HeaderMap::clone(prepared),
    };
    // A copy has no room. This makes some for the length that axum adds, once nobody can change the body any more.
    headers.remove(header::CONTENT_LENGTH);
    if let Some(told) = headers.values_mut().next() {
        *told = max_age(visibility(request, policy), left(entry, times));
    }
    Some(headers)
}

/// What a 304 repeats of them.
fn repeated(prepared: &HeaderMap, hit_header: &HeaderName) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(REPEATED.len() + 1);
    for (name, value) in prepared {
        if REPEATED.contains(name) || name == hit_header {
            headers.append(name, value.clone());
        }
    }
    headers
}
