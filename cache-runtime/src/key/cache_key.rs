//! The key that an application holds: a handler and its arguments.

use std::{borrow::Cow, fmt};

use http::{HeaderMap, HeaderName};

use crate::{
    entry::Entry,
    key::{
        KeyArgs, KeyError,
        handler::{Handler, HandlerMeta},
        write_args,
    },
    policy::Policy,
    slot::Fingerprint,
};

/// The key of an entry: a handler and its arguments, or a [`ValueKey`](crate::ValueKey).
///
/// The companion of a handler makes it, as in `get_product::key(Path(42))`. Any cache takes it, since it has no prefix,
/// and it is the key of all variants of the entry, by `vary`, `methods` and `version`.
///
/// Its `Display` shows the key as in the store, without the prefix: `api::products::get_product(id=42)`. A key of more
/// than 240 bytes is shown in full.
#[derive(Debug, Clone)]
pub struct CacheKey {
    /// The escaped name of the handler, or `$` and that of a value.
    pub(crate) name: Cow<'static, str>,
    pub(crate) keyed: Result<Keyed, KeyError>,
}

/// What a key identifies.
#[derive(Debug, Clone)]
pub(crate) struct Keyed {
    pub(crate) handler: Handler,
    /// The owner of the entry; see [`Slot`](crate::store::Slot).
    pub(crate) owner: Fingerprint,
    /// Distinguishes values of different types under one name.
    pub(crate) variant: Option<String>,
    /// Whether an entry can be read as the value that the key is for.
    pub(crate) accepts: fn(&Entry) -> bool,
    pub(crate) policy: &'static Policy,
    /// The header fields of `vary`, which select the variant to look at.
    pub(crate) headers: HeaderMap,
    /// The argument list with its parentheses, not capped.
    pub(crate) arguments: String,
    /// The tags of the option `tags`. `None` if they depend on more than the arguments in the key.
    pub(crate) tags: Option<Vec<String>>,
}

impl CacheKey {
    /// Selects the entry for requests with these headers, for [`Cache::explain`](crate::Cache::explain),
    /// [`ttl`](crate::Cache::ttl) and [`contains`](crate::Cache::contains).
    ///
    /// Only the headers in the handler's `vary` count. Evictions ignore them and remove all variants.
    ///
    /// ```
    /// use axum::http::HeaderMap;
    /// use handler_cache::{Cache, Error, cache};
    ///
    /// #[cache(expire = "1h", vary = ["accept-language"])]
    /// async fn get_news() -> &'static str {
    ///     "none"
    /// }
    ///
    /// /// Explains the entry that a client with the same headers gets.
    /// async fn explain_news(cache: Cache, headers: HeaderMap) -> Result<String, Error> {
    ///     let key = get_news::key().with_headers(&headers);
    ///     Ok(cache.explain(key).await?.to_string())
    /// }
    /// ```
    #[must_use]
    pub fn with_headers(mut self, headers: &HeaderMap) -> Self {
        if let Ok(keyed) = &mut self.keyed {
            keyed.headers.clear();
            for name in keyed.policy.vary {
                for value in headers.get_all(*name) {
                    let mut value = value.clone();
                    // Not shown by `Debug`.
                    value.set_sensitive(true);
                    keyed.headers.append(HeaderName::from_static(name), value);
                }
            }
        }
        self
    }

    /// The key of `handler`, whose attribute is `meta`, with the arguments that `write` writes. It has no tags yet.
    pub(crate) fn of_handler(
        handler: Handler,
        meta: &'static HandlerMeta,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> Self {
        Self::new(
            handler.name.into(),
            handler,
            handler.fingerprint,
            &meta.policy,
            write,
        )
    }

    /// The key of a value that the application stores under this name. No handler has such a key.
    ///
    /// Values of another `owner`, and values that `accepts` rejects, are not found.
    pub(crate) fn of_value(
        name: &str,
        owner: Fingerprint,
        accepts: fn(&Entry) -> bool,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> Self {
        static POLICY: Policy = Policy::new();
        // No handler's name begins with `$`, which is escaped there.
        let name = format!("{}{}", Handler::VALUES.name, crate::key::escape_handler(name));
        let mut key = Self::new(name.into(), Handler::VALUES, owner, &POLICY, write);
        if let Ok(keyed) = &mut key.keyed {
            keyed.variant = Some(owner.short());
            keyed.accepts = accepts;
        }
        key
    }

    fn new(
        name: Cow<'static, str>,
        handler: Handler,
        owner: Fingerprint,
        policy: &'static Policy,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
    ) -> Self {
        let mut arguments = String::new();
        let written = write_args(&mut arguments, write);
        Self {
            name,
            keyed: written.map(|()| Keyed {
                handler,
                owner,
                variant: None,
                accepts: |_| true,
                policy,
                headers: HeaderMap::new(),
                arguments,
                tags: Some(Vec::new()),
            }),
        }
    }

    /// No key, for the given reason. `handler` is shown with it.
    pub(crate) fn none(handler: &'static str, reason: KeyError) -> Self {
        Self {
            name: handler.into(),
            keyed: Err(reason),
        }
    }

    /// The key with other tags; `None` if they are unknown.
    pub(crate) fn with_tags(mut self, tags: Option<Vec<String>>) -> Self {
        if let Ok(keyed) = &mut self.keyed {
            keyed.tags = tags;
        }
        self
    }
}

impl From<&Self> for CacheKey {
    fn from(key: &Self) -> Self {
        key.clone()
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.keyed {
            Ok(keyed) => write!(f, "{}{}", self.name, keyed.arguments),
            Err(reason) => write!(f, "no key for {}: {reason}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static META: HandlerMeta = HandlerMeta::new(Policy::new(), None);

    fn key_of(name: &'static str, write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>) -> CacheKey {
        let handler = Handler {
            number: 1,
            name,
            label: name,
            fingerprint: Fingerprint::of_bytes(name.as_bytes()),
        };
        CacheKey::of_handler(handler, &META, write)
    }

    #[test]
    fn displays_the_handler_and_its_arguments() {
        let key = key_of("api::products::get_product", |args| {
            args.arg("id").serialize(&42)?;
            args.arg("size").str("x l")
        });
        assert_eq!(
            key.to_string(),
            r#"api::products::get_product(id=42,size="x%20l")"#
        );
        assert_eq!(key_of("api::all", |_| Ok(())).to_string(), "api::all()");
    }

    #[test]
    fn p2_displays_why_there_is_no_key() {
        let key = key_of("api::page", |args| {
            args.arg("page").serialize(&1)?;
            Err(KeyError::new("no user"))
        });
        assert_eq!(key.to_string(), "no key for api::page: no user");
        let key = CacheKey::none("api::page", KeyError::new("another handler has its name"));
        assert_eq!(
            key.to_string(),
            "no key for api::page: another handler has its name"
        );
    }

    #[test]
    fn p2_a_value_never_has_the_key_of_a_handler() {
        let owner = Fingerprint::of_bytes(b"u8");
        let value = CacheKey::of_value("rate(x)", owner, |_| true, |args| args.whole().str("EUR"));
        assert_eq!(value.to_string(), r#"$rate%28x%29("EUR")"#);
        let named = key_of(crate::key::escape_handler("$rate").leak(), |args| {
            args.whole().str("EUR")
        });
        assert_eq!(named.to_string(), r#"%24rate("EUR")"#);
    }
}
