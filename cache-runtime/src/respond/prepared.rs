//! The headers of a hit that are the same for each: made once, copied, and completed by what counts down.

use http::{HeaderMap, HeaderValue, header};

use super::{
    Style, Verdict, name_variants,
    promise::{left, max_age, promise, visibility},
};
use crate::{
    clock::Times,
    entry::{ADDED, Entry},
    policy::Policy,
    request::RequestHead,
};

/// The headers of a whole hit in this process's memory, unless there is more to them than a `max-age` that counts down.
pub(super) fn whole(
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    style: &Style,
    times: Times,
) -> Option<HeaderMap> {
    if !counts_down_alone(entry, policy, style) {
        return None;
    }
    let prepared = entry.prepared.whole.get_or_init(|| {
        let mut headers = begun(entry.headers.iter());
        // Else it would be added behind us, to a copy that has no room.
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(entry.body.len()));
        Box::new(finished(headers, entry, request, policy, style, times))
    });
    Some(completed(prepared, entry, request, policy, times))
}

/// The same for a 304.
pub(super) fn not_modified(
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    style: &Style,
    times: Times,
) -> Option<HeaderMap> {
    if !counts_down_alone(entry, policy, style) {
        return None;
    }
    let prepared = entry.prepared.not_modified.get_or_init(|| {
        let repeated = super::repeated(&entry.headers);
        let headers = begun(repeated.iter());
        Box::new(finished(headers, entry, request, policy, style, times))
    });
    Some(completed(prepared, entry, request, policy, times))
}

fn counts_down_alone(entry: &Entry, policy: &Policy, style: &Style) -> bool {
    policy.http.is_none()
        && policy.client_max_age.is_none()
        && style.cache_status.is_none()
        && !entry.headers.contains_key(header::CACHE_CONTROL)
}

/// With `Cache-Control` first, where it is found without a search.
fn begun<'a>(lines: impl Iterator<Item = (&'a http::HeaderName, &'a HeaderValue)>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(lines.size_hint().0 + ADDED);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(""));
    for (name, value) in lines {
        headers.append(name, value.clone());
    }
    headers
}

fn finished(
    mut headers: HeaderMap,
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    style: &Style,
    times: Times,
) -> HeaderMap {
    // `Expires` is when the entry's life ends, and so the same each time.
    promise(&mut headers, entry, request, policy, times);
    name_variants(&mut headers, policy.vary);
    headers.insert(style.hit_header.clone(), Verdict::Hit.as_value());
    headers
}

fn completed(
    prepared: &HeaderMap,
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    times: Times,
) -> HeaderMap {
    let mut headers = prepared.clone();
    if let Some(told) = headers.values_mut().next() {
        *told = max_age(visibility(request, policy), left(entry, times));
    }
    headers
}
