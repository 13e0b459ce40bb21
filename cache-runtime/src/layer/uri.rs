//! The URIs of a request: the client's, and the one that outer layers rewrote it to.

use std::iter;

use axum::extract::{NestedPath, OriginalUri};
use http::{Uri, header, request::Parts};

/// The URI that the client sent. `Router::nest` removes a prefix of the path from the one it passes on.
pub(super) fn original_uri(parts: &Parts) -> &Uri {
    parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |uri| &uri.0)
}

/// The host that the client sent, in lower case.
pub(super) fn host(parts: &Parts) -> Option<String> {
    let authority = original_uri(parts)
        .authority()
        .map(|authority| authority.as_str());
    let host = || parts.headers.get(header::HOST)?.to_str().ok();
    authority.or_else(host).map(str::to_ascii_lowercase)
}

/// The paths of the resource that a request is for: the client's, and the one that it was rewritten to.
///
/// The path that `Router::nest` passes on identifies no resource: another nested router may have the same.
pub(super) fn resource_paths(parts: &Parts) -> impl Iterator<Item = &str> {
    let path = original_uri(parts).path();
    let current = parts.uri.path();
    let nested = parts.extensions.get::<NestedPath>();
    let is_nested = || nested.is_some_and(|nested| without_prefix_segments(path, nested.as_str()) == current);
    let is_rewritten = current != path && !is_nested();
    iter::once(path).chain(is_rewritten.then_some(current))
}

/// The path without as many leading segments as the route of a nested router has.
fn without_prefix_segments<'a>(path: &'a str, nested: &str) -> &'a str {
    let mut rest = path;
    for _ in nested.split('/').filter(|segment| !segment.is_empty()) {
        let after = rest.get(1..).unwrap_or_default();
        rest = after.find('/').map_or("/", |slash| &after[slash..]);
    }
    rest
}
