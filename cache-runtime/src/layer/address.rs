//! Request headers that change the address by which a server is reached.
//!
//! A server may put that address into the links of its responses, so requests that differ in it must not share an entry. Clients
//! can send these headers, too.

use crate::http::credentials::is_credential;

/// The names of such headers, besides all names that begin with one of [`PREFIXES`].
const NAMES: [&str; 18] = [
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

const PREFIXES: [&str; 6] = [
    "forwarded-",
    "x-envoy-original-",
    "x-forwarded",
    "x-original",
    "x-proxy-",
    "x-rewrite",
];

/// Headers with these prefixes that hold the address of the client. Proxies add them to every request, and pages rarely depend
/// on them.
const CLIENT_ADDRESSES: [&str; 3] = [
    "x-forwarded-for",
    "x-original-forwarded-for",
    "x-original-remote-addr",
];

/// Whether the header changes the server's address. Credentials are never part of a key, so they are excluded.
pub(super) fn is_server_address(name: &str) -> bool {
    // The first letter rejects most names: every hit checks every header of its request.
    if !name.starts_with(['b', 'f', 'x']) {
        return false;
    }
    let matches = NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    matches && !CLIENT_ADDRESSES.contains(&name) && !is_credential(name)
}
