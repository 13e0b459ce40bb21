//! The part of a key that comes from the request: what distinguishes the entries of a handler with the same arguments.

use std::{borrow::Cow, str};

use http::{HeaderMap, HeaderValue, Method};

use super::{credentials::is_credential, request_head::RequestHead};
use crate::{
    key::{KeyError, KeyWriter},
    policy::Policy,
    slot::Fingerprint,
};

/// Appends the method, unless it is GET or HEAD, and the header fields of the option `vary`.
///
/// # Errors
/// Never for any header field.
pub(crate) fn write_key_variant(
    key: &mut String,
    policy: &Policy,
    request: &RequestHead,
) -> Result<(), KeyError> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        key.push(';');
        key.push_str(request.method.as_str());
    }
    if policy.http.is_some() {
        // Such entries follow other rules, also on who may get them.
        key.push_str(";http");
    }
    for name in policy.vary {
        key.push(';');
        key.push_str(name);
        key.push('=');
        write_field(key, &request.fields().headers, name)?;
    }
    Ok(())
}

/// Appends the value of a field. Several lines are one list (RFC 9110 section 5.3).
fn write_field(key: &mut String, headers: &HeaderMap, name: &str) -> Result<(), KeyError> {
    let mut lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let Some(first) = lines.next() else {
        key.push_str("none");
        return Ok(());
    };
    let value = lines.fold(Cow::Borrowed(first), |list, line| {
        Cow::Owned([&*list, b", ", line].concat())
    });
    let mut writer = KeyWriter::new(key);
    if is_credential(name) {
        // Keys appear in logs and in the store: a credential is hashed.
        return writer.bytes(&Fingerprint::of_bytes(&value).0);
    }
    match str::from_utf8(&value) {
        Ok(text) => writer.str(text),
        Err(_) => writer.bytes(&value),
    }
}
