impl Api {
    fn get<T: 'static>(
        #[cfg(unix)]
        __arg0: Path<T>,
        (
            __context,
            __deferred,
        ): (
            ::handler_cache::__private::CacheContext,
            ::handler_cache::__private::Deferred<(User,)>,
        ),
    ) -> ::handler_cache::__private::ResponseFuture {
        let __context = __context
            .url_decides(const {
                use ::handler_cache::__private::NotFromUrl as _;
                ::handler_cache::__private::all(
                    &[
                        #[cfg(unix)]
                        ::handler_cache::__private::Argument::<Path<T>>::FROM_URL,
                        ::handler_cache::__private::Argument::<User>::FROM_URL,
                    ],
                )
            });
        let __ready = __context
            .key_by(
                {
                    static __META: ::handler_cache::__private::HandlerMeta = {
                        let __policy: ::handler_cache::__private::Policy = ::handler_cache::__private::Policy::new();
                        ::handler_cache::__private::HandlerMeta::new(
                            __policy,
                            ::core::option::Option::None,
                        )
                    };
                    &__META
                }
                    .id(&Self::get::<T>),
                &|
                    __key: &mut ::handler_cache::__private::KeyArgs<'_>,
                | -> ::core::result::Result<(), ::handler_cache::__private::KeyError> {
                    #[cfg(unix)]
                    let __arg0 = &__arg0;
                    use ::handler_cache::__private::{
                        ViaNothing as _, ViaServerSide as _, ViaText as _,
                    };
                    #[cfg(unix)]
                    let Path(__part_id) = __arg0;
                    #[cfg(unix)]
                    let __form = (&&&&&::handler_cache::__private::Part(
                        __arg0,
                        __part_id,
                    ))
                        .own_form();
                    #[cfg(unix)]
                    ::handler_cache::__private::CacheKeyPart::write_key(
                        &*__form,
                        __key.arg_for("id", &__form),
                    )?;
                    ::core::result::Result::Ok(())
                },
            );
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
                    ({
                        use ::handler_cache::__private::NotAResult as _;
                        ::handler_cache::__private::HandlerFuture(
                                Self::__cache_get::<T>(#[cfg(unix)] __arg0, __arg1),
                            )
                            .response(
                                ::handler_cache::__private::IntoResponse::into_response,
                            )
                    })
                        .await
                }),
            )
    }
    #[doc(hidden)]
    async fn __cache_get<T>(#[cfg(unix)] Path(id): Path<T>, user: User) -> Self {
        Self
    }
}
