//! What a response says that its request has changed: `Location` and `Content-Location` (RFC 9111 section 4.4).
//!
//! They are URI references, of which only the path matters here, and whether they are of this host. A crate would bring
//! tables of Unicode along for what is thirty lines; it would also refuse what browsers and servers accept, where one
//! eviction too many does no harm.

use axum::body::Body;
use http::{HeaderValue, Response, header, request::Parts};

use super::resource::{host, original_uri};
use crate::http as rules;

/// Where a request was sent, for references to be resolved against.
#[derive(Debug)]
pub(super) struct Base {
    host: Option<String>,
    path: String,
}

impl Base {
    pub(super) fn of(parts: &Parts) -> Self {
        Self {
            host: host(parts),
            path: original_uri(parts).path().to_owned(),
        }
    }

    /// The paths on this host that a successful response names.
    pub(super) fn changed(&self, response: &Response<Body>) -> Vec<String> {
        if !rules::succeeded(response) {
            return Vec::new();
        }
        let lines = [header::LOCATION, header::CONTENT_LOCATION]
            .into_iter()
            .flat_map(|name| response.headers().get_all(name));
        lines
            .map(HeaderValue::as_bytes)
            .filter_map(|line| self.resolve(&String::from_utf8_lossy(line)))
            .collect()
    }

    /// The path that the reference names (RFC 3986 section 5.2), dot segments and all; nothing where it is of another host.
    fn resolve(&self, reference: &str) -> Option<String> {
        let reference = reference.trim_matches([' ', '\t']);
        let end = reference.find(['?', '#']).unwrap_or(reference.len());
        let (scheme, rest) = split_scheme(&reference[..end]);
        if scheme.is_some_and(|scheme| {
            !["http", "https"]
                .iter()
                .any(|web| scheme.eq_ignore_ascii_case(web))
        }) {
            return None;
        }
        let Some(rest) = rest.strip_prefix("//") else {
            return Some(self.merged(rest));
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let here = self.host.as_deref().map(host_of);
        (here == Some(host_of(authority))).then(|| path.to_owned())
    }

    /// Section 5.2.3, and 5.2.2 for what needs no merging.
    fn merged(&self, path: &str) -> String {
        match path {
            "" => self.path.clone(),
            _ if path.starts_with('/') => path.to_owned(),
            _ => {
                let folder = self.path.rfind('/').map_or("/", |slash| &self.path[..=slash]);
                format!("{folder}{path}")
            }
        }
    }
}

/// The scheme, if there is one, and what stands behind its colon.
fn split_scheme(reference: &str) -> (Option<&str>, &str) {
    match reference.split_once(':') {
        Some((scheme, rest))
            if scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) =>
        {
            (Some(scheme), rest)
        }
        _ => (None, reference),
    }
}

/// The authority's host and port, without the user and without a port that needs not be said.
///
/// The ports of both schemes, because a request does not say by which one it came.
fn host_of(authority: &str) -> String {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = [":80", ":443", ":"]
        .iter()
        .find_map(|port| host.strip_suffix(port))
        .unwrap_or(host);
    host.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::path::normalize;

    #[track_caller]
    fn resolved(host: &str, path: &str, reference: &str) -> Option<String> {
        let base = Base {
            host: Some(host.to_owned()),
            path: path.to_owned(),
        };
        let resolved = base.resolve(reference)?;
        Some(normalize(&resolved).into_owned())
    }

    /// The examples of RFC 3986 sections 5.4.1 and 5.4.2, against `http://a/b/c/d;p?q`, as far as they are about paths.
    #[test]
    fn references_are_resolved_as_rfc_3986_has_it() {
        for (reference, path) in [
            ("g", "/b/c/g"),
            ("./g", "/b/c/g"),
            ("g/", "/b/c/g"),
            ("/g", "/g"),
            ("?y", "/b/c/d"),
            ("g?y", "/b/c/g"),
            ("#s", "/b/c/d"),
            ("g#s", "/b/c/g"),
            ("g?y#s", "/b/c/g"),
            (";x", "/b/c"),
            ("g;x", "/b/c/g"),
            ("", "/b/c/d"),
            (".", "/b/c"),
            ("./", "/b/c"),
            ("..", "/b"),
            ("../", "/b"),
            ("../g", "/b/g"),
            ("../..", "/"),
            ("../../g", "/g"),
            ("../../../g", "/g"),
            ("../../../../g", "/g"),
            ("/./g", "/g"),
            ("/../g", "/g"),
            ("g.", "/b/c/g."),
            ("..g", "/b/c/..g"),
            ("./../g", "/b/g"),
            ("./g/.", "/b/c/g"),
            ("g/../h", "/b/c/h"),
            ("g?y/../x", "/b/c/g"),
            ("g#s/../x", "/b/c/g"),
            ("http:g", "/b/c/g"),
        ] {
            assert_eq!(
                resolved("a", "/b/c/d;p", reference).as_deref(),
                Some(path),
                "{reference:?}"
            );
        }
    }

    #[test]
    fn this_host_has_several_spellings() {
        for host in [
            "example.org",
            "EXAMPLE.org",
            "example.org:80",
            "example.org:443",
            "example.org:",
        ] {
            for reference in [
                "//example.org/users/7",
                "http://example.org/users/7",
                "http://example.org:80/users/7",
                "https://Example.ORG:443/users/7?full#top",
                "HTTP://user:secret@example.org/users/7",
                "/users/7",
                "7",
            ] {
                assert_eq!(
                    resolved(host, "/users/1", reference).as_deref(),
                    Some("/users/7"),
                    "{host}, {reference}"
                );
            }
        }
        assert_eq!(
            resolved("[::1]:8080", "/", "//[::1]:8080/a").as_deref(),
            Some("/a")
        );
        assert_eq!(resolved("a", "/", "http://a").as_deref(), Some("/"));
    }

    #[test]
    fn what_is_elsewhere_is_not_ours() {
        for reference in [
            "//other.example/users/7",
            "http://example.org.evil/users/7",
            "http://example.org:8080/users/7",
            "http://example.org@evil/users/7",
            "mailto:example.org",
            "urn:users:7",
        ] {
            assert_eq!(resolved("example.org", "/", reference), None, "{reference}");
        }
        let nowhere = Base {
            host: None,
            path: "/users/".to_owned(),
        };
        assert_eq!(nowhere.resolve("//example.org/users/7"), None);
        assert_eq!(nowhere.resolve("7").as_deref(), Some("/users/7"));
    }
}
