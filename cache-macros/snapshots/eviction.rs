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
            __targets.key(get_product::key::<R>(Path(::core::clone::Clone::clone(id))));
            __targets
                .key(
                    shops::list::key(
                        Query(Page {
                            shop: ::core::clone::Clone::clone(shop),
                            number: shop.len(),
                        }),
                        normal(&product.name),
                    ),
                );
            __targets.all(all::__handler_id());
            __targets.tag(format!("shop:{shop}"));
            __targets.tag(::core::clone::Clone::clone(id));
        });
    __pending
        .after(
            ({
                use ::handler_cache::__private::NotAResult as _;
                ::handler_cache::__private::Run({
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
                    .response()
            })
                .await,
        )
        .await
}
