//! The direct API: values of the application, in addition to the responses of handlers.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::Cache;
use crate::{
    error::Error,
    key::cache_key::CacheKey,
    value::{ValueKey, ValuePolicy},
};

/// Values of the application, in the same store and under the same rules as the responses of handlers.
///
/// Values are stored as MessagePack with the names of fields. They are read back as serde wrote them, including bytes,
/// NaN and maps with any keys, with one exception: a `Some` around nothing, as `Some(None)` and `Some(())`, is read as
/// `None`. A type that does not read back what it wrote cannot be stored, nor a value that is nested deeper than 128
/// levels.
impl Cache {
    /// The value, if there is a fresh one.
    ///
    /// `None` also if the store does not answer within the budget, and for a value of another type.
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

    /// Stores a value. It replaces the one in the store, and the one of a fill in flight.
    ///
    /// `policy` is the TTL as a `Duration`, or a [`Policy`](crate::Policy) with stale windows, which
    /// [`get_or_fill`](Self::get_or_fill) uses. Once this returns, every process that shares the store finds the value,
    /// unless it has another [`version`](crate::CacheBuilder::version). A concurrent eviction may come before or after
    /// it.
    ///
    /// # Errors
    /// [`is_value`](Error::is_value) if the value cannot be stored: its serialization fails or is not read back as the
    /// same, it is larger than `max_body`, or its TTL is below a millisecond. [`is_key`](Error::is_key) if the
    /// arguments have no key. [`is_store`](Error::is_store) if the store did not acknowledge within the budget; then
    /// the value is stored or not.
    ///
    /// # Cancel safety
    /// If cancelled, the value is stored or not.
    pub async fn set<T: Serialize + DeserializeOwned>(
        &self,
        key: &ValueKey<T>,
        value: &T,
        policy: impl Into<ValuePolicy>,
    ) -> Result<(), Error> {
        self.core.put_value(&key.key, &policy.into().0, value).await
    }

    /// The value in the store, or else the result of `fill`, which is stored.
    ///
    /// Concurrent calls for a key are coalesced over all replicas, as requests to a handler are: one fills, the others
    /// wait. If the value is evicted meanwhile, the result is not stored. The fill runs in a task of its own, within
    /// [`max_fills`](crate::CacheBuilder::max_fills), so it goes on for the waiters if its caller is cancelled. For
    /// `policy` see [`set`](Self::set); a TTL below a millisecond stores nothing. There is always a value: trouble with
    /// the store is a miss, and a value that cannot be stored is returned nevertheless.
    ///
    /// A store outside of this process is written in the background, so a `get` right afterwards may find nothing yet.
    /// A program that fills and exits waits with [`shutdown`](Self::shutdown).
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
    /// // The fill owns what it needs, because it may outlive this call.
    /// let rate: f64 = cache.get_or_fill(&key, policy, async move || fetch_rate(&from, &to).await).await;
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// #     example(handler_cache::Cache::builder().build().await.unwrap()).await;
    /// # }
    /// ```
    ///
    /// # Panics
    /// If the fill panics and there is no stale value to return, or if its runtime shuts down meanwhile.
    ///
    /// # Cancel safety
    /// Safe: a fill that has started goes on, and its result is stored.
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
    /// An error is not stored. All callers in this process that wait for the fill get it, which is why it is in an
    /// `Arc`, unless there is a stale value that `stale_if_error` allows.
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
    /// The error of the fill.
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

    /// The remaining TTL of a value, or of a handler's response; `None` without a fresh one.
    ///
    /// For a handler with `vary` this is the variant of requests without those headers, unless the key has headers
    /// ([`CacheKey::with_headers`]). A response whose tags depend on more than the arguments in its key is not found;
    /// [`explain`](Self::explain) reports it.
    ///
    /// ```
    /// # async fn example(cache: handler_cache::Cache) {
    /// # let key = handler_cache::ValueKey::<u8>::new("answer", &());
    /// if let Some(ttl) = cache.ttl(&key).await {
    ///     println!("{key} is fresh for {ttl:?}");
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn ttl(&self, key: impl Into<CacheKey>) -> Option<Duration> {
        self.core.ttl(&key.into()).await
    }

    /// Whether there is a fresh value or response; see [`ttl`](Self::ttl).
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn contains(&self, key: impl Into<CacheKey>) -> bool {
        self.ttl(key).await.is_some()
    }
}
