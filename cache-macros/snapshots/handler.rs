/// One product.
#[allow(unused)]
pub fn product(
    (__context, __arg0): (::handler_cache::__private::CacheContext, Path<u64>),
    __arg1: State<Db>,
) -> ::handler_cache::__private::ResponseFuture {
    let __context = __context
        .url_decides(const {
            use ::handler_cache::__private::NotFromUrl as _;
            ::handler_cache::__private::all(
                &[
                    ::handler_cache::__private::Argument::<Path<u64>>::FROM_URL,
                    ::handler_cache::__private::Argument::<State<Db>>::FROM_URL,
                ],
            )
        });
    let __ready = __context
        .key(
            product::__handler_id(),
            (&__arg0, ::core::option::Option::Some(&__arg1)),
            product::__key,
        );
    let __waiting = match __ready {
        ::handler_cache::__private::Ready::Answered(__response) => return __response,
        ::handler_cache::__private::Ready::Waits(__waiting) => __waiting,
    };
    __waiting
        .fill(
            ::std::boxed::Box::pin({
                use ::handler_cache::__private::NotAResult as _;
                ::handler_cache::__private::HandlerFuture(
                        product::uncached(__arg0, __arg1),
                    )
                    .response(::handler_cache::__private::IntoResponse::into_response)
            }),
        )
}
#[allow(unused)]
/// The cached responses of [`product`](fn@product): their keys, their eviction, and the handler without them.
pub enum product {}
#[allow(unused)]
impl product {
    /// Runs the handler without the cache; for unit tests.
    pub fn uncached(
        __arg0: Path<u64>,
        __arg1: State<Db>,
    ) -> impl ::core::future::Future<Output = Result<Json<Product>, ApiError>> {
        #[instrument(skip(db))]
        #[expect(unused)]
        async fn product(
            Path(mut id): Path<u64>,
            State(db): State<Db>,
        ) -> Result<Json<Product>, ApiError> {
            id += 1;
            find(db, id)
        }
        product(__arg0, __arg1)
    }
    /// The key of the responses to these arguments.
    #[must_use]
    #[inline]
    pub fn key(id: Path<u64>) -> ::handler_cache::__private::CacheKey
    where
        for<'__call> State<Db>: ::handler_cache::__private::AxumState,
    {
        ::handler_cache::__private::cache_key(
            product::__handler_id(),
            (&id, ::core::option::Option::None),
            product::__key,
        )
    }
    /// Evicts the responses to these arguments from the global cache.
    ///
    /// # Errors
    ///
    /// Without a global cache, when these arguments have no key, and when the store did not acknowledge.
    #[inline]
    pub fn evict(id: Path<u64>) -> ::handler_cache::__private::Evicting
    where
        for<'__call> State<Db>: ::handler_cache::__private::AxumState,
    {
        ::handler_cache::__private::evict(Self::key(id))
    }
    /// Evicts every response of this handler from the global cache, however many there are.
    ///
    /// # Errors
    ///
    /// Without a global cache, and when the store did not acknowledge.
    #[inline]
    pub fn evict_all() -> ::handler_cache::__private::Evicting {
        ::handler_cache::__private::evict_all(product::__handler_id())
    }
    /// The handler with these arguments, for `Cache::refresh` of any cache.
    #[inline]
    pub fn call(
        __arg0: Path<u64>,
        __arg1: State<Db>,
    ) -> ::handler_cache::__private::HandlerCall {
        ::handler_cache::__private::handler_call(
            product::__handler_id(),
            ::std::boxed::Box::new(move |__context| product((__context, __arg0), __arg1)),
        )
    }
    /// Runs the handler now, with these arguments, and stores its response in the global cache; see
    /// `Cache::refresh`.
    ///
    /// # Errors
    ///
    /// Without a global cache, and when these arguments have no key.
    #[inline]
    pub fn refresh(
        __arg0: Path<u64>,
        __arg1: State<Db>,
    ) -> ::handler_cache::__private::Refreshing {
        ::handler_cache::__private::refresh(Self::call(__arg0, __arg1))
    }
    #[doc(hidden)]
    #[must_use]
    #[inline]
    pub fn __handler_id() -> ::handler_cache::__private::HandlerId {
        {
            static __META: ::handler_cache::__private::HandlerMeta = {
                let __policy: ::handler_cache::__private::Policy = ::handler_cache::__private::Policy::new();
                let __policy = __policy.expire(::core::time::Duration::new(30u64, 0u32));
                ::handler_cache::__private::HandlerMeta::new(
                    __policy,
                    ::core::option::Option::None,
                )
            };
            &__META
        }
            .id(&product)
    }
}
#[allow(unused)]
impl product {
    #[doc(hidden)]
    fn __key(
        __key: &mut ::handler_cache::__private::KeyArgs<'_>,
        (__arg0, __arg1): (&Path<u64>, ::core::option::Option<&State<Db>>),
    ) -> ::core::result::Result<(), ::handler_cache::__private::KeyError> {
        use ::handler_cache::__private::{
            ViaNothing as _, ViaServerSide as _, ViaText as _,
        };
        let Path(__part_id) = __arg0;
        let __form = (&&&&&::handler_cache::__private::Part(__arg0, __part_id)).form();
        ::handler_cache::__private::CacheKeyPart::write_key(
            &*__form,
            __key.arg_for("id", &__form),
        )?;
        match __arg1 {
            ::core::option::Option::Some(__arg1) => {
                let State(__part_db) = __arg1;
                let __form = (&&&&&::handler_cache::__private::Part(__arg1, __part_db))
                    .form();
                ::handler_cache::__private::CacheKeyPart::write_key(
                    &*__form,
                    __key.arg_for("db", &__form),
                )
            }
            ::core::option::Option::None => ::core::result::Result::Ok(()),
        }
    }
}
