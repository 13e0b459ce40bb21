//! The headers of a hit that are the same for each: made once, copied, and completed by what counts down.

use http::{HeaderMap, header};

use super::{
    Style, Verdict, name_variants,
    promise::{left, max_age, promise, visibility},
    with_room,
};
use crate::{clock::Times, entry::Entry, policy::Policy, request::RequestHead};

/// The headers of a hit in this process's memory, unless there is more to them than a `max-age` that counts down.
pub(super) fn headers(
    entry: &Entry,
    request: &RequestHead,
    policy: &Policy,
    style: &Style,
    times: Times,
) -> Option<HeaderMap> {
    let own = entry.headers.contains_key(header::CACHE_CONTROL);
    if own || policy.http.is_some() || policy.client_max_age.is_some() || style.cache_status.is_some() {
        return None;
    }
    let prepared = entry.prepared.0.get_or_init(|| {
        let mut headers = with_room(&entry.headers);
        // `Expires` is when the entry's life ends, and so the same each time.
        promise(&mut headers, entry, request, policy, times);
        name_variants(&mut headers, policy.vary);
        headers.insert(style.hit_header.clone(), Verdict::Hit.as_value());
        headers
    });
    let mut headers = prepared.clone();
    if let Some(told) = headers.get_mut(header::CACHE_CONTROL) {
        *told = max_age(visibility(request, policy), left(entry, times));
    }
    Some(headers)
}
