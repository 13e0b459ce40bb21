//! Response parts by which a handler controls how its own response is stored. They are consumed by the cache and never reach the
//! client.

use std::{convert::Infallible, time::Duration};

use axum::response::{IntoResponseParts, ResponseParts};

/// The TTL of this response, in place of the one that the attribute, layer or builder sets.
///
/// `Cache-Control` and `Expires` of the response may still shorten it. A response with a TTL below one millisecond is not
/// stored.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Json, extract::Path, response::IntoResponse};
/// use handler_cache::{Expire, cache};
///
/// #[cache(expire = "1h")]
/// async fn auction(Path(id): Path<u64>) -> impl IntoResponse {
///     let ends_in = Duration::from_secs(90);
///     (Expire(ends_in), Json(id))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Expire(pub Duration);

/// Tags of this response: [`Cache::evict_tag`](crate::Cache::evict_tag) with any of them evicts the entry.
///
/// For tags that are known only once the handler ran. The attribute's option `tags` is for tags that follow from the arguments.
/// Several `Tags` add up.
///
/// ```
/// use axum::{Json, extract::Path, response::IntoResponse};
/// use handler_cache::{Tags, cache};
///
/// #[cache(expire = "1h")]
/// async fn article(Path(id): Path<u64>) -> impl IntoResponse {
///     let author = 7;
///     (Tags([format!("author:{author}")]), Json(id))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Tags<I>(pub I);

/// Does not store this response, and sends it to no other request.
///
/// ```
/// use axum::response::IntoResponse;
/// use handler_cache::{NoStore, cache};
///
/// #[cache(expire = "1h")]
/// async fn news() -> impl IntoResponse {
///     let complete = false;
///     if complete { "all of it".into_response() } else { (NoStore, "some of it").into_response() }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct NoStore;

/// The response parts of a response, in its extensions until the engine consumes them.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoreOptions {
    pub(crate) expire: Option<Duration>,
    pub(crate) tags: Vec<String>,
    pub(crate) no_store: bool,
}

/// Adds to the options of the response.
fn set_option(
    mut parts: ResponseParts,
    set: impl FnOnce(&mut StoreOptions),
) -> Result<ResponseParts, Infallible> {
    set(parts.extensions_mut().get_or_insert_default());
    Ok(parts)
}

impl IntoResponseParts for Expire {
    type Error = Infallible;

    fn into_response_parts(self, parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        set_option(parts, |options| options.expire = Some(self.0))
    }
}

impl<I: IntoIterator<Item: Into<String>>> IntoResponseParts for Tags<I> {
    type Error = Infallible;

    fn into_response_parts(self, parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        set_option(parts, |options| {
            options.tags.extend(self.0.into_iter().map(Into::into))
        })
    }
}

impl IntoResponseParts for NoStore {
    type Error = Infallible;

    fn into_response_parts(self, parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        set_option(parts, |options| options.no_store = true)
    }
}
