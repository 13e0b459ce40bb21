//! What a handler's response says about its request and resource: success, a failure to share, or nothing to cache.

use http::{Extensions, StatusCode, header, response};

use super::{
    cache_control::ResponseDirectives, response_parts::StoreOptions,
    stored_headers::has_too_many_header_names,
};

/// In the extensions of a response: the handler returned `Err`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HandlerError;

/// Whether the handler succeeded: it responded with a 2xx or 3xx, and did not return `Err`.
pub(crate) fn succeeded<B>(response: &response::Response<B>) -> bool {
    let status = response.status();
    (status.is_success() || status.is_redirection()) && response.extensions().get::<HandlerError>().is_none()
}

/// Whether the response is a failure, a 5xx, that is sent to all waiters although it is not stored.
///
/// A failure that depends on its request is not: one with cookies, variants or an encoding, and one that forbids caches.
pub(crate) fn is_shareable_failure(parts: &response::Parts) -> bool {
    let request_specific = [header::SET_COOKIE, header::VARY, header::CONTENT_ENCODING];
    let is_request_specific = request_specific
        .iter()
        .any(|name| parts.headers.contains_key(name));
    let directives = ResponseDirectives::parse(&parts.headers);
    let options = parts.extensions.get::<StoreOptions>();
    let forbids_caches = directives.no_store
        || directives.private
        || directives.no_cache
        || options.is_some_and(|options| options.no_store);
    parts.status.is_server_error()
        && !is_request_specific
        && !forbids_caches
        && !has_too_many_header_names(&parts.headers)
}

/// Whether a response that is not stored predicts that the next ones for the resource are not stored either. Then a
/// hit-for-miss marker replaces the entry, which is outdated.
///
/// Other responses depend on their own request, its fields, preconditions and credentials, or on chance, and predict nothing.
/// Neither does an `Err` of the handler, unless it is a 404 or 410.
pub(crate) fn implies_hit_for_miss(status: StatusCode, extensions: &Extensions) -> bool {
    let is_error = extensions.get::<HandlerError>().is_some();
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => true,
        StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT => false,
        _ => !is_error && (status.is_success() || status.is_redirection()),
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;
    use crate::http::fixtures::response_parts;

    #[test]
    fn p5_a_failure_is_shared_only_if_it_does_not_depend_on_its_request() {
        for status in [500, 503] {
            assert!(is_shareable_failure(&response_parts(
                status,
                &[("retry-after", "5")]
            )));
            for line in [
                ("set-cookie", "a=b"),
                ("cache-control", "private"),
                ("cache-control", "no-store"),
                ("cache-control", "no-cache"),
                ("vary", "cookie"),
                ("content-encoding", "gzip"),
            ] {
                assert!(
                    !is_shareable_failure(&response_parts(status, &[line])),
                    "{line:?}"
                );
            }
        }
        for status in [200, 302, 404, 429] {
            assert!(!is_shareable_failure(&response_parts(status, &[])), "{status}");
        }
    }

    #[test]
    fn success_is_a_2xx_or_3xx_without_an_err() {
        for status in 100..=999 {
            let mut response = Response::builder().status(status).body(()).unwrap();
            assert_eq!(succeeded(&response), (200..400).contains(&status), "{status}");
            response.extensions_mut().insert(HandlerError);
            assert!(!succeeded(&response), "{status}");
        }
    }
}
