//! The resources that a response reports as changed, in `Location` and `Content-Location` (RFC 9111 section 4.4).
//!
//! The fields hold URI references. Only their hosts and paths matter here. A crate for them would add Unicode tables in place of
//! these few lines, and reject references that browsers and servers accept, while a superfluous eviction does no harm.

use axum::body::Body;
use http::{HeaderValue, Response, header, request::Parts};

use super::uri::{host, original_uri};
use crate::http as rules;

/// The URI of a request, against which references are resolved.
#[derive(Debug)]
pub(super) struct BaseUri {
    host: Option<String>,
    path: String,
}

impl BaseUri {
    pub(super) fn of(parts: &Parts) -> Self {
        Self {
            host: host(parts),
            path: original_uri(parts).path().to_owned(),
        }
    }

    /// The paths on the same host that a successful response refers to.
    pub(super) fn changed_paths(&self, response: &Response<Body>) -> Vec<String> {
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

    /// The path of the reference (RFC 3986 section 5.2), with its dot segments. `None` if it is on another host.
    fn resolve(&self, reference: &str) -> Option<String> {
        let reference = reference.trim_matches([' ', '\t']);
        let end = reference.find(['?', '#']).unwrap_or(reference.len());
        let (scheme, rest) = split_scheme(&reference[..end]);
        if !scheme.is_none_or(is_web) {
            return None;
        }
        let Some(rest) = rest.strip_prefix("//") else {
            return Some(self.merge(rest));
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let own = self.host.as_deref().map(canonical_host);
        (own == Some(canonical_host(authority))).then(|| path.to_owned())
    }

    /// Merges a path reference with the path of the request (RFC 3986 sections 5.2.2 and 5.2.3).
    fn merge(&self, path: &str) -> String {
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

/// The scheme, if there is one, and the text after its colon.
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

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The host of the authority in lower case, without a user and without a default port.
///
/// The default ports of both schemes, because a request does not tell by which one it was sent.
fn canonical_host(authority: &str) -> String {
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
    use crate::key::path::normalize;

    #[track_caller]
    fn resolved(host: &str, path: &str, reference: &str) -> Option<String> {
        let base = BaseUri {
            host: Some(host.to_owned()),
            path: path.to_owned(),
        };
        let resolved = base.resolve(reference)?;
        Some(normalize(&resolved).into_owned())
    }

    /// The examples of RFC 3986 sections 5.4.1 and 5.4.2 against `http://a/b/c/d;p?q` that are about paths.
    #[test]
    fn references_are_resolved_as_in_rfc_3986() {
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
    fn one_host_has_several_spellings() {
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
    fn references_to_other_hosts_are_ignored() {
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
        let nowhere = BaseUri {
            host: None,
            path: "/users/".to_owned(),
        };
        assert_eq!(nowhere.resolve("//example.org/users/7"), None);
        assert_eq!(nowhere.resolve("7").as_deref(), Some("/users/7"));
    }
}
