//! For how long browsers may use a response without asking: only where the types of the arguments prove that nothing but the
//! URL decides it, or where the attribute says what does.

use axum::{
    Extension, Router,
    extract::{FromRequestParts, OriginalUri, Path, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, request::Parts},
    routing::get,
};
use handler_cache::{Policy, cache, layer::CacheLayer, policy::ClientMaxAge};

use crate::{handlers::origin::secs, support::app::Bench};

/// Marks the response as one for HTMX, by a header.
#[derive(serde::Serialize)]
struct HxRequest(bool);

impl<S: Sync> FromRequestParts<S> for HxRequest {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Ok(Self(parts.headers.contains_key("hx-request")))
    }
}

type Id = Path<u64>;

/// Each with its attribute's further options, and its parameters.
macro_rules! handlers {
    ($($name:ident ($($options:tt)*) ($($params:tt)*))*) => {
        $(
            #[cache(expire = 60, $($options)*)]
            async fn $name($($params)*) -> &'static str {
                "page"
            }
        )*

        fn routes() -> Router {
            let router = Router::new()$(.route(concat!("/", stringify!($name), "/{id}"), get($name)))*;
            router.with_state(7).layer(Extension(7_u64))
        }
    };
}

handlers! {
    nothing () ()
    from_the_url () (Path(_id): Path<u64>, Query(_query): Query<Vec<(String, String)>>, _uri: Uri, _method: Method)
    by_alias () (Path(_id): Id, OriginalUri(_uri): OriginalUri, State(_n): State<u64>)
    tuple (ignore = [_both]) (_both: (Path<u64>, State<u64>))
    lazy_state (lazy = [_n]) (State(_n): State<u64>)
    hx_request () (_hx: HxRequest)
    ignored (ignore = [_headers]) (Path(_id): Path<u64>, _headers: HeaderMap)
    lazy_headers (lazy = [_headers]) (_headers: HeaderMap)
    extension () (Extension(_n): Extension<u64>)
    one_of_two (ignore = [_both]) (_both: (Path<u64>, HeaderMap))
    unbound () (_: HeaderMap)
    public_page (public, ignore = [_headers]) (_headers: HeaderMap)
    varied (vary = ["hx-request"]) (_hx: HxRequest)
    zero (client_max_age = 0) (Path(_id): Path<u64>)
    own (client_max_age = 5) (Path(_id): Path<u64>)
}

#[tokio::test]
async fn p5_the_builder_grants_a_max_age_where_the_types_prove_it() {
    for (asked, directive) in [
        (ClientMaxAge::Remaining, "max-age=60"),
        (secs(30).into(), "max-age=30"),
    ] {
        let bench = Bench::memory_with(|builder| builder.client_max_age(asked)).await;
        let app = bench.app(routes());
        let private = format!("private, {directive}");
        for (name, control) in [
            ("nothing", &*private),
            ("from_the_url", &private),
            ("by_alias", &private),
            ("tuple", &private),
            ("lazy_state", &private),
            ("hx_request", "private, no-cache"),
            ("ignored", "private, no-cache"),
            ("lazy_headers", "private, no-cache"),
            ("extension", "private, no-cache"),
            ("one_of_two", "private, no-cache"),
            ("unbound", "private, no-cache"),
            ("public_page", &format!("public, {directive}")),
            ("varied", &private),
            ("zero", "private, no-cache"),
            ("own", "private, max-age=5"),
        ] {
            for x_cache in ["Miss", "Hit"] {
                let answer = app.get(&format!("/{name}/1")).await;
                assert_eq!(answer.x_cache(), Some(x_cache), "{name}");
                assert_eq!(answer.header("cache-control"), Some(control), "{name}");
                assert_eq!(
                    answer.header("expires").is_some(),
                    control.contains("max-age"),
                    "{name}"
                );
                assert!(answer.header("etag").is_some(), "{name}");
            }
        }
    }
}

#[cache(expire = 60)]
async fn generic<T: FromRequestParts<()> + Send>(Path(id): Path<u64>, _: T) -> String {
    id.to_string()
}

/// Each instance is compiled from what is known of the type parameter: nothing.
#[tokio::test]
async fn p5_type_parameters_prove_nothing() {
    let bench = Bench::memory_with(|builder| builder.client_max_age(ClientMaxAge::Remaining)).await;
    let router = Router::new()
        .route("/headers/{id}", get(generic::<HeaderMap>))
        .route("/uri/{id}", get(generic::<Uri>));
    let app = bench.app(router);
    for path in ["/headers/1", "/uri/1"] {
        let answer = app.get(path).await;
        assert_eq!(
            answer.header("cache-control"),
            Some("private, no-cache"),
            "{path}"
        );
    }
}

/// A layer sees whole requests, so nothing is proven there.
#[tokio::test]
async fn p5_a_layer_grants_a_max_age_beside_public_or_vary_and_never_in_a_partition() {
    let policy = Policy::new().expire(secs(60)).client_max_age_remaining();
    let user = |parts: &Parts| parts.headers.get("x-visitor").map(|user| format!("{user:?}"));
    for (layer, anonymous, known) in [
        (CacheLayer::new(), "private, no-cache", "private, no-cache"),
        (
            CacheLayer::new().public(),
            "public, max-age=60",
            "public, max-age=60",
        ),
        (
            CacheLayer::new().vary(["x-visitor"]),
            "private, max-age=60",
            "private, max-age=60",
        ),
        (
            CacheLayer::new().partition(user),
            "private, no-cache",
            "private, no-cache",
        ),
        (
            CacheLayer::new().public().partition(user),
            "private, no-cache",
            "private, no-cache",
        ),
    ] {
        let bench = Bench::memory().await;
        let layer = layer.policy(policy);
        let app = bench.app(Router::new().route("/", get(async || "page")).layer(layer));
        for _ in 0..2 {
            assert_eq!(app.get("/").await.header("cache-control"), Some(anonymous));
            let alice = app.get_with("/", [("x-visitor", "alice")]).await;
            assert_eq!(alice.header("cache-control"), Some(known));
        }
    }
}
