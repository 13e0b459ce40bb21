//! What a handler says of its own response: parts that go into a tuple beside it, and never reach the client.

use std::{convert::Infallible, time::Duration};

use axum::response::{IntoResponseParts, ResponseParts};

/// How long this response lives, instead of what the attribute says.
///
/// What the response's own headers say may still shorten it; below a millisecond it is not stored.
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

/// Tags that only the answer shows: [`Cache::evict_tag`](crate::Cache::evict_tag) with any of them takes the entry away.
///
/// The attribute's `tags` are for those that the arguments show. Several `Tags` add up.
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

/// This response is not stored, and answers nobody else.
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

/// All that a handler said, in the response's extensions until the engine takes it out.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoreOptions {
    pub(crate) expire: Option<Duration>,
    pub(crate) tags: Vec<String>,
    pub(crate) no_store: bool,
}

/// Adds to what was said so far.
fn steer(mut parts: ResponseParts, say: impl FnOnce(&mut StoreOptions)) -> Result<ResponseParts, Infallible> {
    say(parts.extensions_mut().get_or_insert_default());
    Ok(parts)
}

impl IntoResponseParts for Expire {
    type Error = Infallible;

    fn into_response_parts(self, parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        steer(parts, |steering| steering.expire = Some(self.0))
    }
}

impl<I: IntoIterator<Item: Into<String>>> IntoResponseParts for Tags<I> {
    type Error = Infallible;

    fn into_response_parts(self, parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        steer(parts, |steering| {
            steering.tags.extend(self.0.into_iter().map(Into::into))
        })
    }
}

impl IntoResponseParts for NoStore {
    type Error = Infallible;

    fn into_response_parts(self, parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        steer(parts, |steering| steering.no_store = true)
    }
}
