//! The resource that a request is for: host, path and query, and the text that identifies it in keys.

use std::{iter, sync::Arc};

use http::{HeaderMap, HeaderName, Uri, header, request::Parts, uri::Authority};

use super::{
    address::is_server_address,
    query::{QueryNames, Text, query_pairs},
    uri::{host, original_uri, resource_paths},
};
use crate::{
    http::list_members,
    key::{
        KeyArgs, KeyError, names,
        path::{ancestors, escaped_byte, is_simple, normalize},
    },
};

/// Headers by which a server treats a request as one of another method.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method", "x-http-method-override", "x-method-override"];

/// The resource of a request, identified with certainty.
#[derive(Debug)]
pub(super) struct Resource<'a> {
    host: Option<String>,
    parts: &'a Parts,
    /// The client's URI.
    uri: &'a Uri,
    /// The URI that the service receives, if it differs.
    rewritten: Option<&'a Uri>,
}

impl<'a> Resource<'a> {
    /// Identifies the resource. `None` if the service may take the request for another one; then it bypasses the cache.
    ///
    /// That is a request with
    ///
    /// - a path, the client's or a rewritten one, that is not in normal form (RFC 3986 section 6.2.2), so that servers may read
    ///   it in several ways;
    /// - a body, which is not part of the key;
    /// - a header that overrides the method or upgrades the protocol;
    /// - several hosts, or one that is unreadable;
    /// - a user name in its URI or host, which must not become part of a key;
    /// - a `Connection` that lists fields, which a proxy further in removes.
    pub(super) fn identify(parts: &'a Parts) -> Option<Self> {
        let uri = original_uri(parts);
        let rewritten = Some(&parts.uri).filter(|rewritten| *rewritten != uri);
        let resource = Self {
            host: host(parts),
            parts,
            uri,
            rewritten,
        };
        let headers = &parts.headers;
        let is_ambiguous = overrides_method(headers)
            || headers.contains_key(header::UPGRADE)
            || has_body(headers)
            || !resource.paths().all(is_normal)
            || has_ambiguous_host(headers, uri)
            || lists_connection_fields(headers)
            || resource.uris().any(has_user);
        (!is_ambiguous).then_some(resource)
    }

    /// The client's path. Rules and `only` match it.
    pub(super) fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// The client's path, and the rewritten one.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.uris().map(Uri::path)
    }

    fn uris(&self) -> impl Iterator<Item = &'a Uri> + use<'a> {
        iter::once(self.uri).chain(self.rewritten)
    }

    /// The tags by which evictions of paths reach the entry.
    pub(super) fn tags(&self, names: &names::Names) -> Vec<Arc<str>> {
        let mut tags = Vec::new();
        for path in resource_paths(self.parts) {
            let path = normalize(path);
            tags.push(match self.parts.method.is_safe() {
                true => names.path_tag(&path),
                false => names.unsafe_path_tag(&path),
            });
            tags.extend(ancestors(&path).map(|ancestor| names.below_tag(ancestor)));
        }
        tags
    }

    /// Writes host and path as they are, the query sorted and decoded, the differences of a rewritten URI, and the headers that
    /// change the server's address.
    pub(super) fn write_key(&self, names: &QueryNames, key: &mut KeyArgs<'_>) -> Result<(), KeyError> {
        // Most requests have no scheme, and mean this one.
        if let Some(scheme) = self.uri.scheme_str().filter(|scheme| *scheme != "http") {
            key.arg("scheme").str(scheme)?;
        }
        key.arg("host").serialize(&self.host)?;
        key.arg("path").serialize(self.path())?;
        key.arg("query").serialize(&query_pairs(self.uri, names))?;
        if let Some(rewritten) = self.rewritten {
            self.write_rewritten(rewritten, names, key)?;
        }
        self.write_addresses(key)
    }

    /// Writes the parts of the rewritten URI that differ from the client's: the service may use both.
    fn write_rewritten(
        &self,
        rewritten: &'a Uri,
        names: &QueryNames,
        key: &mut KeyArgs<'_>,
    ) -> Result<(), KeyError> {
        if rewritten.path() != self.uri.path() {
            key.arg("to_path").str(rewritten.path())?;
        }
        if rewritten.query() != self.uri.query() {
            key.arg("to_query").serialize(&query_pairs(rewritten, names))?;
        }
        let origin = |uri: &'a Uri| (uri.scheme_str(), uri.authority().map(Authority::as_str));
        if origin(rewritten) != origin(self.uri) {
            key.arg("to_origin").serialize(&origin(rewritten))?;
        }
        Ok(())
    }

    /// Writes the headers that change the server's address, sorted by name.
    fn write_addresses(&self, key: &mut KeyArgs<'_>) -> Result<(), KeyError> {
        let headers = &self.parts.headers;
        let names = headers.keys().map(HeaderName::as_str);
        let mut names: Vec<_> = names.filter(|name| is_server_address(name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        names.sort_unstable();
        let addresses = names.into_iter().map(|name| {
            let lines = headers.get_all(name).iter();
            let values: Vec<_> = lines.map(|line| Text(line.as_bytes().into())).collect();
            (name, values)
        });
        key.arg("address").serialize(&addresses.collect::<Vec<_>>())
    }
}

fn overrides_method(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(HeaderName::as_str);
    names.any(|name| name.starts_with('x') && METHOD_OVERRIDES.contains(&name))
}

/// Whether the request has a body, which a handler may read whatever the method (RFC 9110 section 9.3.1).
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

/// Whether there are several hosts, or `Host` is unreadable or has a user.
fn has_ambiguous_host(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut lines = headers.get_all(header::HOST).iter();
    let Some(line) = lines.next() else {
        return false;
    };
    let Ok(host) = line.to_str() else {
        return true;
    };
    let differs = |authority: &Authority| !authority.as_str().eq_ignore_ascii_case(host);
    lines.next().is_some() || uri.authority().is_some_and(differs) || host.contains('@')
}

fn has_user(uri: &Uri) -> bool {
    uri.authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
}

/// Whether `Connection` lists fields other than the usual ones.
fn lists_connection_fields(headers: &HeaderMap) -> bool {
    let usual = ["close", "keep-alive", "te", "upgrade"];
    list_members(headers, header::CONNECTION).any(|name| {
        !usual
            .iter()
            .any(|usual| name.eq_ignore_ascii_case(usual.as_bytes()))
    })
}

/// Whether all servers read the path in the same way: it has no empty segments and no dot segments, and escapes only characters
/// that need it and cannot end a segment.
fn is_normal(path: &str) -> bool {
    if is_simple(path) {
        return true;
    }
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let last = segments.clone().count();
    let has_plain_segments = segments
        .enumerate()
        .all(|(at, segment)| !matches!(segment, "." | "..") && (!segment.is_empty() || at + 1 == last));
    has_plain_segments
        && !path.contains('\\')
        && escaped_bytes(path).all(|byte| byte.is_some_and(needs_escape))
}

/// The byte of each escape; `None` for an invalid one.
fn escaped_bytes(path: &str) -> impl Iterator<Item = Option<u8>> + '_ {
    let starts = path.match_indices('%');
    starts.map(|(at, _)| escaped_byte(&path.as_bytes()[at..]))
}

fn needs_escape(byte: u8) -> bool {
    let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let may_end_segment = b"/\\?#;%\0".contains(&byte);
    !is_unreserved && !may_end_segment
}
