::core::compile_error! {
    "unknown option `expires`; did you mean `expire`?"
}
::core::compile_error! {
    "`ignore` lists `bd`, which is not a name in the parameters of `product`; did you mean `db`?"
}
/// One product.
async fn product(Path(id): Path<u64>, db: Db) -> Json<Product> {
    find(db, id)
}
/// The cached responses of [`product`](fn@product): their keys, their eviction, and the handler without them.
enum product {}
impl product {
    /// Runs the handler without the cache; for unit tests.
    fn uncached(
        __arg0: Path<u64>,
        __arg1: Db,
    ) -> impl ::core::future::Future<Output = Json<Product>> {
        product(__arg0, __arg1)
    }
    /// The key of the responses to these arguments.
    #[must_use]
    #[inline]
    fn key(id: Path<u64>) -> ::handler_cache::__private::CacheKey {
        loop {}
    }
    /// Evicts the responses to these arguments from the global cache.
    ///
    /// # Errors
    ///
    /// Without a global cache, when these arguments have no key, and when the store did not acknowledge.
    #[inline]
    fn evict(id: Path<u64>) -> ::handler_cache::__private::Evicting {
        loop {}
    }
    /// Evicts every response of this handler from the global cache, however many there are.
    ///
    /// # Errors
    ///
    /// Without a global cache, and when the store did not acknowledge.
    #[inline]
    fn evict_all() -> ::handler_cache::__private::Evicting {
        loop {}
    }
    /// The handler with these arguments, for `Cache::refresh` of any cache.
    #[inline]
    fn call(__arg0: Path<u64>, __arg1: Db) -> ::handler_cache::__private::HandlerCall {
        loop {}
    }
    /// Runs the handler now, with these arguments, and stores its response in the global cache; see
    /// `Cache::refresh`.
    ///
    /// # Errors
    ///
    /// Without a global cache, and when these arguments have no key.
    #[inline]
    fn refresh(__arg0: Path<u64>, __arg1: Db) -> ::handler_cache::__private::Refreshing {
        loop {}
    }
    #[doc(hidden)]
    #[must_use]
    #[inline]
    fn __handler_id() -> ::handler_cache::__private::HandlerId {
        loop {}
    }
}
