/// Updates a product.
pub async fn update<R: Repo + 'static>(
    (__context, __arg0): (::handler_cache::__private::Evictor, Path<(Shop, u64)>),
    #[cfg(unix)]
    __arg1: State<R>,
    __arg2: Json<Product>,
) -> ::handler_cache::__private::Response {
    let __pending = __context
        .begin(|__targets| {
            let __arg0 = &__arg0;
            let Path((shop, id)) = __arg0;
            let __arg2 = &__arg2;
            let Json(product) = __arg2;
            {
                use ::handler_cache::__private::not_cached::arguments_1::*;
                {
                    use get_product as __target;
                    ::handler_cache::__private::EvictionTarget::add_to(
                        __target::key::<
                            R,
                        >(
                            Path({
                                let __owned = ::core::clone::Clone::clone(id);
                                __owned
                            }),
                        ),
                        __targets,
                    );
                }
            }
            {
                use ::handler_cache::__private::not_cached::arguments_2::*;
                {
                    use shops::list as __target;
                    ::handler_cache::__private::EvictionTarget::add_to(
                        __target::key(
                            Query(Page {
                                shop: {
                                    let __owned = ::core::clone::Clone::clone(shop);
                                    __owned
                                },
                                number: shop.len(),
                            }),
                            normal(&product.name),
                        ),
                        __targets,
                    );
                }
            }
            {
                use ::handler_cache::__private::not_cached::arguments_0::*;
                {
                    use all as __target;
                    ::handler_cache::__private::EvictionTarget::add_to(
                        __target::__handler_id(),
                        __targets,
                    );
                }
            }
            __targets
                .tag(
                    ::handler_cache::__private::IntoTag::into_tag(format!("shop:{shop}")),
                );
            __targets
                .tag(
                    ::handler_cache::__private::IntoTag::into_tag({
                        let __owned = ::core::clone::Clone::clone(id);
                        __owned
                    }),
                );
        });
    __pending
        .after(
            ({
                use ::handler_cache::__private::NotAResult as _;
                ::handler_cache::__private::HandlerFuture({
                        #[instrument(skip(db))]
                        async fn update<R: Repo>(
                            Path((shop, mut id)): Path<(Shop, u64)>,
                            #[cfg(unix)]
                            State(db): State<R>,
                            Json(product): Json<Product>,
                        ) -> Result<Json<Product>, ApiError> {
                            db.update(id, product)
                        }
                        update::<R>(__arg0, #[cfg(unix)] __arg1, __arg2)
                    })
                    .response(::handler_cache::__private::IntoResponse::into_response)
            })
                .await,
        )
        .await
}
