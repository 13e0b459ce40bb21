//! What the attribute becomes, as `snapshots/*.rs`, and that nothing typed so far makes it panic.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p handler-cache-macros` writes them anew.

use std::{env, fs, path::Path};

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;

use crate::{
    apply,
    attribute::{CACHE, CACHE_EVICT, CACHE_ONE_DAY, CACHE_ONE_MINUTE},
};

fn assert_snapshot(name: &str, tokens: TokenStream) {
    let file = syn::parse2(tokens).unwrap();
    let actual = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("snapshots")
        .join(name)
        .with_extension("rs");
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{} differs", path.display());
}

#[test]
fn handler() {
    let item = quote! {
        /// One product.
        #[instrument(skip(db))]
        #[expect(unused)]
        pub async fn product(Path(mut id): Path<u64>, State(db): State<Db>) -> Result<Json<Product>, ApiError> {
            id += 1;
            find(db, id)
        }
    };
    assert_snapshot("handler", apply(CACHE, quote!(expire = 30), item));
}

#[test]
fn options() {
    let args = quote! {
        ignore = [db],
        key = format!("{id}"),
        vary = ["Accept-Language"],
        methods = [GET, POST],
        not_found = 5,
        lazy = [db],
        private,
        client_max_age = "1 min",
        store_if = |parts| parts.status == 200,
        max_body = LIMIT,
        version = 2,
        name = "shop::product",
        companion = ProductCache,
        policy = TWO_HOURS,
        crate = my::cache
    };
    let item = quote! {
        async fn product<R: Repo, const N: usize>(db: Db, Path((id, _)): Path<(u64, u64)>, body: String) where R: Clone {}
    };
    assert_snapshot("options", apply(CACHE_ONE_DAY, args, item));
}

#[test]
fn tags() {
    let item = quote!(
        async fn product(Path(id): Path<u64>, user: User) -> String {
            body()
        }
    );
    let known = quote!(tags = ["products", format!("product:{id}")], ignore = [user]);
    assert_snapshot("tags", apply(CACHE, known, item.clone()));
    let beyond_the_key = quote!(tags = [user.tenant.clone()], ignore = [user]);
    assert_snapshot("tags_beyond_the_key", apply(CACHE, beyond_the_key, item));
}

#[test]
fn associated() {
    let item = quote! {
        async fn get<T>(#[cfg(unix)] Path(id): Path<T>, user: User) -> Self {
            Self
        }
    };
    // Within an `impl` block.
    let tokens = apply(CACHE, quote!(associated, lazy = [user]), item);
    assert_snapshot("associated", quote!(impl Api { #tokens }));
}

#[test]
fn errors_leave_the_handler_and_its_companion() {
    let item = quote! {
        /// One product.
        async fn product(Path(id): Path<u64>, db: Db) -> Json<Product> {
            find(db, id)
        }
    };
    assert_snapshot(
        "errors",
        apply(CACHE, quote!(expires = 30, ignore = [bd, db]), item),
    );
}

#[test]
fn eviction() {
    let item = quote! {
        /// Updates a product.
        #[instrument(skip(db))]
        pub async fn update<R: Repo>(
            Path((shop, mut id)): Path<(Shop, u64)>,
            #[cfg(unix)] State(db): State<R>,
            Json(product): Json<Product>,
        ) -> Result<Json<Product>, ApiError> {
            db.update(id, product)
        }
    };
    let args = quote! {
        get_product::<R>(Path(id)), shops::list(Query(Page { shop, number: shop.len() }), normal(&product.name)), all(..), tag = format!("shop:{shop}"), tag = id
    };
    assert_snapshot("eviction", apply(CACHE_EVICT, args, item));
}

#[test]
fn eviction_and_cache_in_either_order() {
    let function = quote!(
        async fn touch(Path(id): Path<u64>, db: Db) -> Json<Product> {
            db.touch(id)
        }
    );
    let cache_on_top = apply(
        CACHE_ONE_MINUTE,
        quote!(lazy = [db]),
        quote!(#[cache_evict(get_product(Path(id)))] #function),
    );
    let cache_below = apply(
        CACHE_EVICT,
        quote!(get_product(Path(id))),
        quote!(#[cache_one_minute(lazy = [db])] #function),
    );
    // Equal except for the first item, the trace of the attribute that was expanded first.
    let items = |tokens| syn::parse2::<syn::File>(tokens).unwrap().items.split_off(1);
    assert_eq!(items(cache_on_top.clone()), items(cache_below));
    assert_snapshot("eviction_and_cache", cache_on_top);
}

#[test]
fn hoisted() {
    let item = quote! {
        #[debug_handler(state = App)]
        #[instrument]
        #[utoipa::path(get, path = "/")]
        async fn product(State(app): State<App>) {}
    };
    assert_snapshot(
        "hoisted",
        apply(CACHE_ONE_MINUTE, quote!(ignore = [], expire = 1), item),
    );
}

#[test]
fn half_typed_bodies_are_passed_on() {
    let item = quote! {
        async fn product(Path(id): Path<u64>) -> String {
            let product = db.
            id.to_st
        }
    };
    let tokens = apply(CACHE, quote!(expire = 30), item).to_string();
    assert!(tokens.contains("let product = db . id . to_st"), "{tokens}");
    assert!(tokens.contains("CacheContext"), "{tokens}");
    assert!(!tokens.contains("compile_error"), "{tokens}");
}

/// Every state of the tokens while they are typed: cut short at each place, with every group still open so far as the
/// editor closes it.
fn prefixes(tokens: &TokenStream) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut all = Vec::new();
    for (index, tree) in trees.iter().enumerate() {
        let before: TokenStream = trees[..index].iter().cloned().collect();
        if let TokenTree::Group(group) = tree {
            for inner in prefixes(&group.stream()) {
                let group = TokenTree::Group(Group::new(group.delimiter(), inner));
                all.push(before.clone().into_iter().chain([group]).collect());
            }
        }
        all.push(before);
    }
    all.push(tokens.clone());
    all
}

#[test]
fn half_typed_items_and_arguments_never_panic_and_are_still_emitted() {
    let item = quote! {
        /// Docs.
        #[instrument(skip(db))]
        pub(crate) async fn product<T: Repo + 'static, const N: usize>(
            Query(Page { number, mut size, .. }): Query<Page>,
            all @ Path((ref a, [b, rest @ ..])): Path<(u64, [u8; 3])>,
            #[cfg(unix)] State(db): State<Db>,
        ) -> Result<impl IntoResponse, Error> where T: Clone { body }
    };
    let args = quote! {
        expire = "1h 30m", ignore = [number, size], key = format!("{a}"), vary = ["accept"], methods = [GET, POST],
        lazy = [db], private, client_max_age = -5, store_if = |parts| parts.ok(), version = 2, companion = Name,
        associated, policy = a::B, crate = a::b
    };
    let targets = quote! {
        get_product::<T>(Path((number, page.size))), shops::list(Page { number, ..all }), list_products(..),
        tag = format!("{size}"), associated, crate = a::b
    };
    for (attribute, args) in [(CACHE, &args), (CACHE_EVICT, &targets)] {
        for args in prefixes(args) {
            let tokens = apply(attribute, args.clone(), item.clone()).to_string();
            assert!(tokens.contains("{ body }"), "{args}");
        }
    }
    for item in prefixes(&item) {
        for (attribute, args) in [
            (CACHE, quote!()),
            (CACHE, args.clone()),
            (CACHE, quote!(expire = 30, ignore = [number], lazy = [db])),
            (CACHE_EVICT, targets.clone()),
        ] {
            let tokens = apply(attribute, args, item.clone()).to_string();
            // What cannot be read goes back as it came, with the reason.
            let emitted =
                tokens.contains("{ body }") || tokens.contains("{ }") || tokens.ends_with(&item.to_string());
            assert!(emitted, "{item}\n{tokens}");
        }
    }
}
