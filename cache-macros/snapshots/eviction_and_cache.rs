#[cache_evict(__merged)]
fn __merged() {}
fn touch(
    (__context, __arg0): (::handler_cache::__private::CacheContext, Path<u64>),
    __deferred: ::handler_cache::__private::Deferred<(Db,)>,
) -> ::handler_cache::__private::ResponseFuture {
    let (__context, __evictor) = __context.with_evictor();
    let __context = __context
        .url_decides(const {
            use ::handler_cache::__private::NotFromUrl as _;
            ::handler_cache::__private::all(
                &[
                    ::handler_cache::__private::Argument::<Path<u64>>::FROM_URL,
                    ::handler_cache::__private::Argument::<Db>::FROM_URL,
                ],
            )
        });
    let __ready = __context.key(touch::__handler_id(), (&__arg0,), touch::__key);
    let __waiting = match __ready {
        ::handler_cache::__private::Ready::Answered(__response) => return __response,
        ::handler_cache::__private::Ready::Waits(__waiting) => __waiting,
    };
    __waiting
        .fill(
            ::std::boxed::Box::pin(async move {
                let (__arg1,) = match __deferred.extract().await {
                    ::core::result::Result::Ok(__extracted) => __extracted,
                    ::core::result::Result::Err(__rejection) => {
                        return ::handler_cache::__private::unshared(__rejection);
                    }
                };
                let __pending = __evictor
                    .begin(|__targets| {
                        let __arg0 = &__arg0;
                        let Path(id) = __arg0;
                        {
                            use ::handler_cache::__private::not_cached::arguments_1::*;
                            {
                                use get_product as __target;
                                ::handler_cache::__private::EvictionTarget::add_to(
                                    __target::key(
                                        Path({
                                            let __owned = ::core::clone::Clone::clone(id);
                                            __owned
                                        }),
                                    ),
                                    __targets,
                                );
                            }
                        }
                    });
                __pending
                    .after(
                        ({
                            use ::handler_cache::__private::NotAResult as _;
                            ::handler_cache::__private::HandlerFuture(
                                    touch::uncached(__arg0, __arg1),
                                )
                                .response(
                                    ::handler_cache::__private::IntoResponse::into_response,
                                )
                        })
                            .await,
                    )
                    .await
            }),
        )
}
/// The cached responses of [`touch`](fn@touch): their keys, their eviction, and the handler without them.
enum touch {}
impl touch {
    /// Runs the handler without the cache; for unit tests.
    fn uncached(
        __arg0: Path<u64>,
        __arg1: Db,
    ) -> impl ::core::future::Future<Output = Json<Product>> {
        async fn touch(Path(id): Path<u64>, db: Db) -> Json<Product> {
            db.touch(id)
        }
        touch(__arg0, __arg1)
    }
    /// The key of the responses to these arguments.
    #[must_use]
    #[inline]
    fn key(id: Path<u64>) -> ::handler_cache::__private::CacheKey {
        ::handler_cache::__private::cache_key(
            touch::__handler_id(),
            (&id,),
            touch::__key,
        )
    }
    /// Evicts the responses to these arguments from the global cache.
    ///
    /// # Errors
    ///
    /// Without a global cache, when these arguments have no key, and when the store did not acknowledge.
    #[inline]
    fn evict(id: Path<u64>) -> ::handler_cache::__private::Evicting {
        ::handler_cache::__private::evict(Self::key(id))
    }
    /// Evicts every response of this handler from the global cache, however many there are.
    ///
    /// # Errors
    ///
    /// Without a global cache, and when the store did not acknowledge.
    #[inline]
    fn evict_all() -> ::handler_cache::__private::Evicting {
        ::handler_cache::__private::evict_all(touch::__handler_id())
    }
    /// The handler with these arguments, for `Cache::refresh` of any cache.
    #[inline]
    fn call(__arg0: Path<u64>, __arg1: Db) -> ::handler_cache::__private::HandlerCall {
        ::handler_cache::__private::handler_call(
            touch::__handler_id(),
            ::std::boxed::Box::new(move |__context| touch(
                (__context, __arg0),
                ::handler_cache::__private::Deferred::extracted((__arg1,)),
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
    fn refresh(__arg0: Path<u64>, __arg1: Db) -> ::handler_cache::__private::Refreshing {
        ::handler_cache::__private::refresh(Self::call(__arg0, __arg1))
    }
    #[doc(hidden)]
    #[must_use]
    #[inline]
    fn __handler_id() -> ::handler_cache::__private::HandlerId {
        {
            static __META: ::handler_cache::__private::HandlerMeta = {
                let __policy: ::handler_cache::__private::Policy = ::handler_cache::__private::Policy::new();
                let __policy = __policy.expire(::core::time::Duration::from_secs(60u64));
                ::handler_cache::__private::HandlerMeta::new(
                    __policy,
                    ::core::option::Option::None,
                )
            };
            &__META
        }
            .id(&touch)
    }
}
impl touch {
    #[doc(hidden)]
    fn __key(
        __key: &mut ::handler_cache::__private::KeyArgs<'_>,
        (__arg0,): (&Path<u64>,),
    ) -> ::core::result::Result<(), ::handler_cache::__private::KeyError> {
        use ::handler_cache::__private::{
            ViaNothing as _, ViaServerSide as _, ViaText as _,
        };
        let Path(__part_id) = __arg0;
        let __form = (&&&&&::handler_cache::__private::Part(__arg0, __part_id)).form();
        ::handler_cache::__private::CacheKeyPart::write_key(
            &*__form,
            __key.arg_for("id", &__form),
        )
    }
}
