//! Fields that a response reserves for its own request (RFC 9111 sections 5.2.2.4 and 5.2.2.7).

use http::{HeaderMap, HeaderName};

use crate::http::cache_control::ResponseDirectives;

/// The fields that other requests receive: all except the ones that `private` and `no-cache` name. `None` if nothing is
/// withheld.
pub(crate) fn without_withheld_fields(headers: &HeaderMap) -> Option<HeaderMap> {
    let withheld = ResponseDirectives::withheld_fields(headers);
    let is_withheld = |name: &HeaderName| withheld.contains(name);
    headers.keys().any(is_withheld).then(|| {
        let mut remaining = headers.clone();
        for name in &withheld {
            remaining.remove(name);
        }
        remaining
    })
}
