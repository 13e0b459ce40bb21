//! The direct API: values of the application's own, beside the handlers' responses.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::Cache;
use crate::{
    error::Error,
    key::cache_key::CacheKey,
    value::{ValueKey, ValuePolicy},
};

/// Values of your own, in the same stores and under the same rules as the handlers' responses.
///
/// They are kept as MessagePack, with the names of fields. What serde sees comes back as it was (bytes, numbers that are none,
/// maps with any keys), but for a `Some` around nothing: `Some(None)` and `Some(())` read as `None`. A type that does not read
/// back what it wrote cannot be stored, nor what is nested deeper than 128 levels.
impl Cache {
    /// The value, if it is there and fresh.
    ///
    /// `None` also when the store does not answer within the budget, and for what was stored as another type.
    ///
    /// ```
    /// # async fn example(cache: handler_cache::Cache) -> Result<(), handler_cache::Error> {
    /// use std::time::Duration;
    /// use handler_cache::ValueKey;
    ///
    /// let key = ValueKey::<String>::new("greeting", "en");
    /// cache.set(&key, &"Hello!".to_owned(), Duration::from_secs(60)).await?;
    /// assert_eq!(cache.get(&key).await.as_deref(), Some("Hello!"));
    /// # Ok(())
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// #     example(handler_cache::Cache::builder().build().await.unwrap()).await.unwrap();
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn get<T: Serialize + DeserializeOwned>(&self, key: &ValueKey<T>) -> Option<T> {
        self.core.value(&key.key).await
    }

    /// Stores a value, in place of the one that was there, and of what a fill under way would store.
    ///
    /// `policy` is a `Duration`, or a [`Policy`](crate::Policy) with stale windows as well, which serve `get_or_fill`. When
    /// it returns the value is there for all of the same version that share the store. An eviction at the same time may come before or after
    /// it.
    ///
    /// # Errors
    /// [`is_value`](Error::is_value) when the value cannot be kept: it refuses to be serialized, does not read back what it
    /// wrote, is larger than `max_body`, or would live less than a millisecond. [`is_key`](Error::is_key) when the arguments
    /// have no key. [`is_store`](Error::is_store) when the store did not acknowledge within the budget; then it may or may
    /// not be there.
    ///
    /// # Cancel safety
    /// Cancelled, the value may or may not be stored.
    pub async fn set<T: Serialize + DeserializeOwned>(
        &self,
        key: &ValueKey<T>,
        value: &T,
        policy: impl Into<ValuePolicy>,
    ) -> Result<(), Error> {
        self.core.put_value(&key.key, &policy.into().0, value).await
    }

    /// The value that is there, or else what `fill` makes, which is stored.
    ///
    /// Of all that ask together, on all replicas, one makes it and the others wait, as for a handler's response; an
    /// eviction meanwhile keeps it out of the cache. The fill runs in a task of its own, for as long as
    /// [`max_fills`](crate::CacheBuilder::max_fills) has room: when its caller leaves, it goes on for those that wait. For `policy` see
    /// [`set`](Self::set); a life below a millisecond stores nothing. Whatever the store does, there is a value: a trouble
    /// with it is a miss, and a value that cannot be stored is handed out all the same.
    ///
    /// A store outside of this process is written to behind the caller: a `get` right after may still find nothing. A
    /// program that fills and ends waits by [`shutdown`](Self::shutdown).
    ///
    /// ```
    /// # async fn fetch_rate(from: &str, to: &str) -> f64 { 1.08 }
    /// # async fn example(cache: handler_cache::Cache) {
    /// use std::time::Duration;
    /// use handler_cache::{Policy, ValueKey};
    ///
    /// let (from, to) = ("EUR".to_owned(), "USD".to_owned());
    /// let key = ValueKey::new("rate", &(&from, &to)).tags(["rates"]);
    /// let policy = Policy::new().expire(Duration::from_secs(60)).stale_while_revalidate(Duration::from_secs(600));
    /// // What the fill needs moves into it, for it may go on when its caller has left.
    /// let rate: f64 = cache.get_or_fill(&key, policy, async move || fetch_rate(&from, &to).await).await;
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// #     example(handler_cache::Cache::builder().build().await.unwrap()).await;
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the fill panics and there is no stale value to hand out, or when its runtime shuts down meanwhile.
    ///
    /// # Cancel safety
    /// Safe: a fill that has begun goes on and is stored.
    pub async fn get_or_fill<T, Fut>(
        &self,
        key: &ValueKey<T>,
        policy: impl Into<ValuePolicy>,
        fill: impl FnOnce() -> Fut + Send + 'static,
    ) -> T
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let fill = || async { Ok::<_, Infallible>(fill().await) };
        match self.get_or_try_fill(key, policy, fill).await {
            Ok(value) => value,
            Err(never) => match *never {},
        }
    }

    /// As [`get_or_fill`](Self::get_or_fill), with a fill that may fail.
    ///
    /// An error is not stored. It is handed to those in this process that wait for the fill already, unless there is a
    /// stale value that `stale_if_error` allows; several may have it, which is why it comes in an `Arc`.
    ///
    /// ```
    /// # async fn fetch_token() -> Result<String, std::io::Error> { Ok("…".to_owned()) }
    /// # async fn example(cache: handler_cache::Cache) -> Result<(), std::sync::Arc<std::io::Error>> {
    /// use std::time::Duration;
    /// use handler_cache::ValueKey;
    ///
    /// let key = ValueKey::new("token", &());
    /// let token: String = cache.get_or_try_fill(&key, Duration::from_secs(300), fetch_token).await?;
    /// # Ok(())
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// #     example(handler_cache::Cache::builder().build().await.unwrap()).await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// That of the fill.
    ///
    /// # Panics
    /// As [`get_or_fill`](Self::get_or_fill).
    ///
    /// # Cancel safety
    /// As [`get_or_fill`](Self::get_or_fill).
    pub async fn get_or_try_fill<T, E, Fut>(
        &self,
        key: &ValueKey<T>,
        policy: impl Into<ValuePolicy>,
        fill: impl FnOnce() -> Fut + Send + 'static,
    ) -> Result<T, Arc<E>>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        E: Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.core.value_or_fill(&key.key, policy.into().0, fill).await
    }

    /// How long a value, or a handler's response, stays fresh from now on; `None` when there is none that is.
    ///
    /// Of a handler's variants it looks at that of requests without headers. A response whose tags depend on more than
    /// the arguments in its key is not found so: [`explain`](Self::explain) says more.
    ///
    /// ```
    /// # async fn example(cache: handler_cache::Cache) {
    /// # let key = handler_cache::ValueKey::<u8>::new("answer", &());
    /// if let Some(left) = cache.ttl(&key).await {
    ///     println!("{key} is good for another {left:?}");
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn ttl(&self, key: impl Into<CacheKey>) -> Option<Duration> {
        self.core.ttl(&key.into()).await
    }

    /// Whether there is a fresh value, or response; see [`ttl`](Self::ttl).
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn contains(&self, key: impl Into<CacheKey>) -> bool {
        self.ttl(key).await.is_some()
    }
}
