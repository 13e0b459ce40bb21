//! Response parts: `Expire`, `Tags` and `NoStore` reach the cache from any response type, and never the client.

use std::time::Duration;

use axum::{
    Extension, Json, Router,
    extract::{Path, Request},
    http::StatusCode,
    middleware::{self, Next},
    response::{AppendHeaders, ErrorResponse, IntoResponse, Response},
    routing::get,
};
use handler_cache::{Cache, Expire, NoStore, Tags, cache};

use crate::support::app::{App, Bench};

const SHORT: Duration = Duration::from_secs(5);

/// Each sets the same response parts on the body "it", through another response type.
macro_rules! pages {
    ($($name:ident -> $output:ty $body:block)*) => {
        $(
            #[cache(expire = 60, client_max_age = "remaining")]
            async fn $name() -> $output $body
        )*

        /// Their names.
        const PAGES: &[&str] = &[$(stringify!($name)),*];

        fn routes() -> Router {
            Router::new()$(.route(concat!("/", stringify!($name)), get($name)))*
        }
    };
}

pages! {
    tuple -> (Expire, Tags<[&'static str; 1]>, &'static str) {
        (Expire(SHORT), Tags(["own"]), "it")
    }
    tuple_with_status_and_headers -> impl IntoResponse {
        let headers = AppendHeaders([("x-own", "1"), ("x-own", "2")]);
        (StatusCode::OK, headers, Tags(["own"]), Expire(SHORT), "it")
    }
    response -> Response {
        (Tags(vec!["own".to_owned()]), Expire(SHORT), "it").into_response()
    }
    around_a_response -> impl IntoResponse {
        let inner = (Tags(["other"]), Expire(Duration::from_secs(50)), "it").into_response();
        (Expire(SHORT), Tags(["own"]), inner)
    }
    result -> Result<(Expire, Tags<[&'static str; 1]>, Json<&'static str>), StatusCode> {
        Ok((Expire(SHORT), Tags(["own"]), Json("it")))
    }
    result_of_impl -> Result<impl IntoResponse, ErrorResponse> {
        Ok((Tags(["own"]), (Expire(SHORT), "it").into_response()))
    }
    boxed_result -> axum::response::Result<Response> {
        Ok((Extension("seen"), Expire(SHORT), Tags(["own"]), "it").into_response())
    }
    both_are_errors -> Result<Response, Response> {
        let answer = (Expire(SHORT), Tags(["own"]), "it").into_response();
        if answer.status().is_success() { Ok(answer) } else { Err(answer) }
    }
    nested_parts -> impl IntoResponse {
        ((Expire(SHORT), Tags(["own"])), (Tags(["more"]), "it"))
            .1
            .into_response()
            .steered()
    }
}

/// Through a function of the application.
trait Steered {
    fn steered(self) -> Response;
}

impl Steered for Response {
    fn steered(self) -> Response {
        (Expire(SHORT), (Tags(["own"]), self)).into_response()
    }
}

/// A layer around handlers sees the response parts, which clients do not.
async fn looks(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let others = response.extensions().len() - usize::from(response.extensions().get::<&str>().is_some());
    ([("x-extensions", others.to_string())], response).into_response()
}

#[tokio::test]
async fn ttl_and_tags_come_through_every_response_type() {
    for bench in Bench::every().await {
        let app = bench.app(routes().layer(middleware::from_fn(looks)));
        for page in PAGES {
            let path = format!("/{page}");
            for x_cache in ["Miss", "Hit"] {
                let answer = app.get(&path).await;
                bench.settled().await;
                assert_eq!(answer.x_cache(), Some(x_cache), "{page}");
                assert_eq!(
                    answer.header("cache-control"),
                    Some("private, max-age=5"),
                    "{page}"
                );
                assert_eq!(answer.header("x-extensions"), Some("0"), "{page}");
                assert!(["it", "\"it\""].contains(&answer.text()), "{page}");
                shows_nothing(&answer.headers);
            }
            bench.cache.evict_tag("own").await.unwrap();
            assert_eq!(app.get(&path).await.x_cache(), Some("Miss"), "{page}");
            bench.settled().await;
        }
        let repeated = app.get("/tuple_with_status_and_headers").await;
        let own: Vec<_> = repeated.headers.get_all("x-own").iter().collect();
        assert_eq!(own, ["1", "2"]);
    }
}

fn shows_nothing(headers: &axum::http::HeaderMap) {
    let known = [
        "cache-control",
        "content-length",
        "content-type",
        "etag",
        "expires",
        "x-cache",
        "x-extensions",
        "x-own",
    ];
    for name in headers.keys() {
        assert!(known.contains(&name.as_str()), "{name} is shown");
    }
}

#[cache(expire = 60, not_found = 60, client_max_age = "remaining")]
async fn fails(Path(how): Path<String>) -> Result<&'static str, Response> {
    Err(match &*how {
        "missing" => (StatusCode::NOT_FOUND, Expire(SHORT), Tags(["own"]), "none").into_response(),
        "missing-and-unstored" => (StatusCode::NOT_FOUND, NoStore, "none").into_response(),
        _ => (StatusCode::BAD_GATEWAY, Expire(SHORT), Tags(["own"]), "broken").into_response(),
    })
}

#[tokio::test]
async fn errors_are_steered_too() {
    for bench in Bench::every().await {
        let router = Router::new().route("/{how}", get(fails));
        let app = bench.app(router);
        for (path, cache_control, again) in [
            ("/missing", Some("private, max-age=5"), "Hit"),
            ("/missing-and-unstored", Some("private, no-cache"), "Miss"),
            ("/broken", Some("private, no-cache"), "Miss"),
        ] {
            for x_cache in ["Miss", again] {
                let answer = app.get(path).await;
                bench.settled().await;
                assert_eq!(
                    (answer.x_cache(), answer.header("cache-control")),
                    (Some(x_cache), cache_control),
                    "{path}"
                );
                shows_nothing(&answer.headers);
            }
        }
        bench.cache.evict_tag("own").await.unwrap();
        assert_eq!(app.get("/missing").await.x_cache(), Some("Miss"));
    }
}

#[cache(expire = 60)]
async fn says_all() -> impl IntoResponse {
    (NoStore, Expire(SHORT), Tags(["own"]), "it")
}

/// Nor on a bypass.
#[tokio::test]
async fn nothing_is_shown_past_the_cache() {
    let plain = App(routes()
        .route("/all", get(says_all))
        .layer(middleware::from_fn(looks)));
    let bench = Bench::memory().await;
    let cached = bench.app(
        routes()
            .route("/all", get(says_all))
            .layer(middleware::from_fn(looks)),
    );
    let no_cache = [("cache-control", "no-cache")];
    let refused = Some("private, no-cache");
    let answers = [
        (plain.get("/tuple").await, None),
        (plain.get("/all").await, None),
        (cached.get_with("/tuple", no_cache).await, None),
        (cached.get("/all").await, refused),
        (cached.get("/all").await, refused),
    ];
    for (answer, control) in answers {
        assert_eq!(answer.text(), "it");
        assert_eq!(answer.header("cache-control"), control);
        shows_nothing(&answer.headers);
    }
}

/// A cache may be an argument, and evict what its own answer is tagged with.
#[tokio::test]
async fn tags_of_responses_are_evicted_through_the_extractor() {
    async fn forget(cache: Cache) -> StatusCode {
        match cache.evict_tag("own").await {
            Ok(()) => StatusCode::NO_CONTENT,
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
    for bench in Bench::every().await {
        let app = bench.app(routes().route("/forget", get(forget)));
        app.get("/tuple").await;
        bench.settled().await;
        assert_eq!(app.get("/tuple").await.x_cache(), Some("Hit"));
        assert_eq!(app.get("/forget").await.status, StatusCode::NO_CONTENT);
        assert_eq!(app.get("/tuple").await.x_cache(), Some("Miss"));
    }
}
