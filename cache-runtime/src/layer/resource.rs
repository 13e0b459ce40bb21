//! What a request asks for: host, path and query, as text that tells two of them apart.

use std::{borrow::Cow, iter, sync::Arc};

use axum::extract::{NestedPath, OriginalUri};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, request::Parts, uri::Authority};
use percent_encoding::percent_decode;
use serde::Serialize;

use crate::{
    engine, http as rules,
    http::{
        credentials::is_credential,
        path::{ancestors, escaped_byte, is_simple, normalize},
    },
    key::{KeyArgs, KeyError},
};

/// Fields by which servers are told that they are reached by another address. Whoever answers may put that into links, so
/// two of them must not share an entry; clients can send them too.
///
/// Beside these, all that begin as one of [`ADDRESS_FAMILIES`].
const ADDRESSES: [&str; 18] = [
    "base-url",
    "forwarded",
    "front-end-https",
    "x-base-path",
    "x-base-url",
    "x-external-url",
    "x-host",
    "x-host-override",
    "x-http-host-override",
    "x-https",
    "x-ingress-path",
    "x-path-prefix",
    "x-prefix",
    "x-proto",
    "x-request-uri",
    "x-scheme",
    "x-script-name",
    "x-url-scheme",
];

const ADDRESS_FAMILIES: [&str; 6] = [
    "forwarded-",
    "x-envoy-original-",
    "x-forwarded",
    "x-original",
    "x-proxy-",
    "x-rewrite",
];

/// What proxies add for every client, by which pages do not differ as a rule. A credential is told apart elsewhere, and never
/// stands in a key.
fn is_address(name: &str) -> bool {
    // By the first letter: every hit asks this of every header of its request.
    if !name.starts_with(['b', 'f', 'x']) {
        return false;
    }
    let is_one = ADDRESSES.contains(&name) || ADDRESS_FAMILIES.iter().any(|family| name.starts_with(family));
    let of_the_client = [
        "x-forwarded-for",
        "x-original-forwarded-for",
        "x-original-remote-addr",
    ];
    is_one && !of_the_client.contains(&name) && !is_credential(name)
}

/// Fields that have a request taken for one of another method.
const OVERRIDES: [&str; 3] = ["x-http-method", "x-http-method-override", "x-method-override"];

/// Which of a query's names count.
#[derive(Debug, Clone, Default)]
pub(super) enum Names {
    #[default]
    All,
    Only(Vec<Glob>),
    AllBut(Vec<Glob>),
}

/// A name, or with a `*` at its end all that begin so.
#[derive(Debug, Clone)]
pub(super) struct Glob(String);

impl From<&str> for Glob {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Glob {
    fn matches(&self, name: &[u8]) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => name.starts_with(start.as_bytes()),
            None => name == self.0.as_bytes(),
        }
    }
}

impl Names {
    fn count(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Only(globs) => globs.iter().any(|glob| glob.matches(name)),
            Self::AllBut(globs) => !globs.iter().any(|glob| glob.matches(name)),
        }
    }
}

/// A request that can have an entry.
#[derive(Debug)]
pub(super) struct Resource<'a> {
    host: Option<String>,
    parts: &'a Parts,
    /// What the client asked for.
    uri: &'a Uri,
    /// What the service is asked for, where that is something else.
    rewritten: Option<&'a Uri>,
}

impl<'a> Resource<'a> {
    /// `None`: what it asks for is not certain, so no cache has a part in it.
    ///
    /// That is a path, of the client's URI or of one that it was rewritten to, that is not in its normal form (RFC 3986 section
    /// 6.2.2), which servers may read in several ways; a body, which is not in the key; another method in disguise, or another protocol; more than one host, one that is no
    /// text, or two that differ; and fields that the service will not see, being for this connection alone.
    pub(super) fn of(parts: &'a Parts) -> Option<Self> {
        let headers = &parts.headers;
        let uri = original_uri(parts);
        let rewritten = Some(&parts.uri).filter(|rewritten| *rewritten != uri);
        let is_certain = |uri: &Uri| is_normal(uri.path());
        let has = |names: &[&str]| {
            let mut own = headers.keys().map(HeaderName::as_str);
            own.any(|name| name.starts_with(['f', 'x']) && names.contains(&name))
        };
        let upgrade = headers.contains_key(header::UPGRADE);
        if has(&OVERRIDES) || upgrade || has_body(headers) || !is_certain(uri) {
            return None;
        }
        if !rewritten.is_none_or(is_certain) {
            return None;
        }
        let mut hosts = headers.get_all(header::HOST).iter();
        let told = hosts.next().map(HeaderValue::to_str).transpose().ok()?;
        let differs =
            |authority: &Authority| told.is_some_and(|told| !authority.as_str().eq_ignore_ascii_case(told));
        if hosts.next().is_some() || uri.authority().is_some_and(differs) || names_fields(headers) {
            return None;
        }
        // A user's name and password have no place in a key.
        let has_user = |uri: &Uri| {
            uri.authority()
                .is_some_and(|authority| authority.as_str().contains('@'))
        };
        if told.is_some_and(|told| told.contains('@')) || resource_uris(uri, rewritten).any(has_user) {
            return None;
        }
        Some(Self {
            host: host(parts),
            parts,
            uri,
            rewritten,
        })
    }

    /// What the client asked for. Rules and `only` go by it.
    pub(super) fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// That, and what the service is asked for.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        resource_uris(self.uri, self.rewritten).map(Uri::path)
    }

    /// The tags by which evictions reach it.
    pub(super) fn tags(&self, names: &engine::Names) -> Vec<Arc<str>> {
        let mut tags = Vec::new();
        for path in resources(self.parts) {
            let path = normalize(path);
            tags.push(match self.parts.method.is_safe() {
                true => names.path_tag(&path),
                false => names.unsafe_path_tag(&path),
            });
            tags.extend(ancestors(&path).map(|above| names.below_tag(above)));
        }
        tags
    }

    /// Host and path as they are; the query sorted by names, without escapes; what the URI was rewritten to; and what was said
    /// of the address.
    pub(super) fn write_key(&self, names: &Names, key: &mut KeyArgs<'_>) -> Result<(), KeyError> {
        // Most requests do not say it, and it is what they mean then.
        if let Some(scheme) = self.uri.scheme_str().filter(|scheme| *scheme != "http") {
            key.arg("scheme").str(scheme)?;
        }
        key.arg("host").serialize(&self.host)?;
        key.arg("path").serialize(self.path())?;
        key.arg("query").serialize(&pairs(self.uri, names))?;
        if let Some(rewritten) = self.rewritten {
            self.write_rewritten(rewritten, names, key)?;
        }
        self.write_addresses(key)
    }

    /// In the order of their names.
    fn write_addresses(&self, key: &mut KeyArgs<'_>) -> Result<(), KeyError> {
        let headers = &self.parts.headers;
        let names = headers.keys().map(HeaderName::as_str);
        let mut names: Vec<_> = names.filter(|name| is_address(name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        names.sort_unstable();
        let addresses = names.into_iter().map(|name| {
            let lines = headers.get_all(name).iter();
            (
                name,
                lines.map(|line| Text(line.as_bytes().into())).collect::<Vec<_>>(),
            )
        });
        key.arg("address").serialize(&addresses.collect::<Vec<_>>())
    }

    /// Whatever differs from what the client asked for: the service may look at both.
    fn write_rewritten(
        &self,
        rewritten: &'a Uri,
        names: &Names,
        key: &mut KeyArgs<'_>,
    ) -> Result<(), KeyError> {
        if rewritten.path() != self.uri.path() {
            key.arg("to_path").str(rewritten.path())?;
        }
        if rewritten.query() != self.uri.query() {
            key.arg("to_query").serialize(&pairs(rewritten, names))?;
        }
        let origin = |uri: &'a Uri| (uri.scheme_str(), uri.authority().map(Authority::as_str));
        if origin(rewritten) != origin(self.uri) {
            key.arg("to_origin").serialize(&origin(rewritten))?;
        }
        Ok(())
    }
}

/// The query in the order of its names; those of one name as they came. A value that is absent is none, an empty one is empty.
fn pairs<'a>(uri: &'a Uri, names: &Names) -> Vec<(Text<'a>, Option<Text<'a>>)> {
    let parts = uri.query().into_iter().flat_map(|query| query.split('&'));
    let parts = parts.filter(|part| !part.is_empty());
    let mut pairs: Vec<_> = parts
        .map(|part| match part.split_once('=') {
            Some((name, value)) => (Text::decoded(name), Some(Text::decoded(value))),
            None => (Text::decoded(part), None),
        })
        .filter(|(name, _)| names.count(&name.0))
        .collect();
    pairs.sort_by(|(one, _), (other, _)| one.0.cmp(&other.0));
    pairs
}

/// The paths of the resource that a request is for: the client's, and the one that it was rewritten to.
///
/// What `Router::nest` leaves of a path names nothing: another nested router may have the same.
pub(super) fn resources(parts: &Parts) -> impl Iterator<Item = &str> {
    let path = original_uri(parts).path();
    let rewritten = parts.uri.path();
    let nested = parts.extensions.get::<NestedPath>();
    let is_cut = || nested.is_some_and(|nested| cut(path, nested.as_str()) == rewritten);
    let is_another = rewritten != path && !is_cut();
    iter::once(path).chain(is_another.then_some(rewritten))
}

/// The path without the segments that a nested router stands for.
fn cut<'a>(path: &'a str, nested: &str) -> &'a str {
    let mut rest = path;
    for _ in nested.split('/').filter(|segment| !segment.is_empty()) {
        let after = rest.get(1..).unwrap_or_default();
        rest = after.find('/').map_or("/", |slash| &after[slash..]);
    }
    rest
}

fn resource_uris<'a>(uri: &'a Uri, rewritten: Option<&'a Uri>) -> impl Iterator<Item = &'a Uri> {
    iter::once(uri).chain(rewritten)
}

/// What the client asked for; `Router::nest` cuts the path that it hands on.
pub(super) fn original_uri(parts: &Parts) -> &Uri {
    parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |uri| &uri.0)
}

/// The host that a request was sent to, in lower case.
pub(super) fn host(parts: &Parts) -> Option<String> {
    let authority = original_uri(parts)
        .authority()
        .map(|authority| authority.as_str());
    let host = || parts.headers.get(header::HOST)?.to_str().ok();
    authority.or_else(host).map(str::to_ascii_lowercase)
}

/// Bytes that are text for the most part.
#[derive(Debug)]
struct Text<'a>(Cow<'a, [u8]>);

impl<'a> Text<'a> {
    /// Without the escapes of a form (`+`, `%20`).
    fn decoded(escaped: &'a str) -> Self {
        if !escaped.contains(['+', '%']) {
            return Self(escaped.as_bytes().into());
        }
        let spaced = escaped.replace('+', " ");
        Self(percent_decode(spaced.as_bytes()).collect::<Vec<u8>>().into())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.serialize_bytes(&self.0),
        }
    }
}

/// Whether `Connection` names fields, which a proxy within takes away before anybody looks at them.
fn names_fields(headers: &HeaderMap) -> bool {
    let known = ["close", "keep-alive", "te", "upgrade"];
    rules::list_members(headers, header::CONNECTION).any(|name| {
        !known
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// A body that a handler might look at, on any method (RFC 9110 section 9.3.1).
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

/// Whether there is one way only to read the path: no empty segments and none of dots, no escapes that stand for what needs
/// none, or for what could end a segment.
fn is_normal(path: &str) -> bool {
    if is_simple(path) {
        return true;
    }
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let last = segments.clone().count();
    let plain = segments
        .enumerate()
        .all(|(at, segment)| !matches!(segment, "." | "..") && (!segment.is_empty() || at + 1 == last));
    plain && !path.contains('\\') && escapes(path).all(|escape| escape.is_some_and(is_needed))
}

/// Each escape's byte; nothing for one that is broken.
fn escapes(path: &str) -> impl Iterator<Item = Option<u8>> + '_ {
    let starts = path.match_indices('%');
    starts.map(|(at, _)| escaped_byte(&path.as_bytes()[at..]))
}

fn is_needed(byte: u8) -> bool {
    let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let ends_a_segment = b"/\\?#;%\0".contains(&byte);
    !unreserved && !ends_a_segment
}
