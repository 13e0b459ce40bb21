fn product<R: Repo + 'static, const N: usize>(
    (
        my::cache::__private::Varying { context: __context, .. },
        __deferred,
    ): (
        my::cache::__private::Varying<ProductCache>,
        my::cache::__private::DeferredBeside<(Db,)>,
    ),
    __arg1: Path<(u64, u64)>,
    __arg2: String,
) -> my::cache::__private::ResponseFuture
where
    R: Clone,
{
    let __context = __context
        .url_decides(const {
            use my::cache::__private::NotFromUrl as _;
            my::cache::__private::all(
                &[
                    my::cache::__private::Argument::<Db>::FROM_URL,
                    my::cache::__private::Argument::<Path<(u64, u64)>>::FROM_URL,
                    my::cache::__private::Argument::<String>::FROM_URL,
                ],
            )
        });
    let __ready = __context
        .key(
            ProductCache::__handler_id::<R, N>(),
            (&__arg1,),
            ProductCache::__key::<R, N>,
        );
    let __waiting = match __ready {
        my::cache::__private::Ready::Answered(__response) => return __response,
        my::cache::__private::Ready::Waits(__waiting) => __waiting,
    };
    __waiting
        .fill(
            ::std::boxed::Box::pin(async move {
                let (__arg0,) = match __deferred.extract().await {
                    ::core::result::Result::Ok(__extracted) => __extracted,
                    ::core::result::Result::Err(__rejection) => {
                        return my::cache::__private::unshared(__rejection);
                    }
                };
                ({
                    use my::cache::__private::NotAResult as _;
                    my::cache::__private::HandlerFuture(
                            ProductCache::uncached::<R, N>(__arg0, __arg1, __arg2),
                        )
                        .response(my::cache::__private::IntoResponse::into_response)
                })
                    .await
            }),
        )
}
/// The cached responses of [`product`](fn@product): their keys, their eviction, and the handler without them.
enum ProductCache {}
impl ProductCache {
    /// Runs the handler without the cache; for unit tests.
    fn uncached<R: Repo, const N: usize>(
        __arg0: Db,
        __arg1: Path<(u64, u64)>,
        __arg2: String,
    ) -> impl ::core::future::Future<Output = ()>
    where
        R: Clone,
    {
        async fn product<R: Repo, const N: usize>(
            db: Db,
            Path((id, _)): Path<(u64, u64)>,
            body: String,
        )
        where
            R: Clone,
        {}
        product::<R, N>(__arg0, __arg1, __arg2)
    }
    /// The key of the responses to these arguments.
    #[must_use]
    #[inline]
    fn key<R: Repo + 'static, const N: usize>(
        id: Path<(u64, u64)>,
    ) -> my::cache::__private::CacheKey
    where
        R: Clone,
    {
        my::cache::__private::cache_key(
            ProductCache::__handler_id::<R, N>(),
            (&id,),
            ProductCache::__key::<R, N>,
        )
    }
    /// Evicts the responses to these arguments from the global cache.
    ///
    /// # Errors
    ///
    /// Without a global cache, when these arguments have no key, and when the store did not acknowledge.
    #[inline]
    fn evict<R: Repo + 'static, const N: usize>(
        id: Path<(u64, u64)>,
    ) -> my::cache::__private::Evicting
    where
        R: Clone,
    {
        my::cache::__private::evict(Self::key::<R, N>(id))
    }
    /// Evicts every response of this handler from the global cache, however many there are.
    ///
    /// # Errors
    ///
    /// Without a global cache, and when the store did not acknowledge.
    #[inline]
    fn evict_all<R: Repo + 'static, const N: usize>() -> my::cache::__private::Evicting
    where
        R: Clone,
    {
        my::cache::__private::evict_all(ProductCache::__handler_id::<R, N>())
    }
    /// The handler with these arguments, for `Cache::refresh` of any cache.
    #[inline]
    fn call<R: Repo + 'static, const N: usize>(
        __arg0: Db,
        __arg1: Path<(u64, u64)>,
        __arg2: String,
    ) -> my::cache::__private::HandlerCall
    where
        R: Clone,
    {
        my::cache::__private::handler_call(
            ProductCache::__handler_id::<R, N>(),
            ::std::boxed::Box::new(move |__context| product::<
                R,
                N,
            >(
                (
                    ::core::convert::Into::into(__context),
                    my::cache::__private::DeferredBeside::extracted((__arg0,)),
                ),
                __arg1,
                __arg2,
            )),
        )
    }
    /// Runs the handler now, with these arguments, and stores its response in the global cache; see
    /// `Cache::refresh`.
    ///
    /// # Errors
    ///
    /// Without a global cache, and when these arguments have no key.
    #[inline]
    fn refresh<R: Repo + 'static, const N: usize>(
        __arg0: Db,
        __arg1: Path<(u64, u64)>,
        __arg2: String,
    ) -> my::cache::__private::Refreshing
    where
        R: Clone,
    {
        my::cache::__private::refresh(Self::call::<R, N>(__arg0, __arg1, __arg2))
    }
    #[doc(hidden)]
    #[must_use]
    #[inline]
    fn __handler_id<R: Repo + 'static, const N: usize>() -> my::cache::__private::HandlerId
    where
        R: Clone,
    {
        Self::__handler_meta().id(&product::<R, N>)
    }
}
impl ProductCache {
    #[doc(hidden)]
    fn __key<R: Repo + 'static, const N: usize>(
        __key: &mut my::cache::__private::KeyArgs<'_>,
        (__arg1,): (&Path<(u64, u64)>,),
    ) -> ::core::result::Result<(), my::cache::__private::KeyError>
    where
        R: Clone,
    {
        use my::cache::__private::{ViaNothing as _, ViaText as _};
        let Path((id, _)) = __arg1;
        let __value = format!("{id}");
        let __form = (&&&&my::cache::__private::Part(&(), &__value)).form();
        my::cache::__private::CacheKeyPart::write_key(&*__form, __key.whole())
    }
}
impl ProductCache {
    #[doc(hidden)]
    fn __handler_meta() -> &'static my::cache::__private::HandlerMeta {
        {
            static __META: my::cache::__private::HandlerMeta = {
                let __policy: my::cache::__private::Policy = TWO_HOURS;
                let __policy = __policy
                    .expire(::core::time::Duration::from_secs(86400u64));
                let __policy = __policy
                    .methods(
                        my::cache::__private::MethodFilter::GET
                            .or(my::cache::__private::MethodFilter::POST),
                    );
                let __policy = __policy.vary(&["accept-language"]);
                let __policy = __policy
                    .not_found(::core::time::Duration::new(5u64, 0u32));
                let __policy = __policy
                    .client_max_age(::core::time::Duration::new(60u64, 0u32));
                let __policy = __policy.private();
                let __policy = __policy.store_if(|parts| parts.status == 200);
                let __policy = __policy.max_body(LIMIT);
                let __policy = __policy.version("2");
                my::cache::__private::HandlerMeta::new(
                    __policy,
                    ::core::option::Option::Some("shop::product"),
                )
            };
            &__META
        }
    }
}
impl my::cache::__private::Companion for ProductCache {
    fn vary() -> my::cache::__private::KeptHeaders {
        Self::__handler_meta().vary()
    }
}
