//! Evictions by route, by path, and by what unsafe requests change.

use axum::{
    Router,
    extract::Path,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodFilter, any, get, post, put},
};
use handler_cache::layer::CacheLayer;

use super::{
    page,
    support::app::{App, Bench, Runs},
};

async fn change(Path(id): Path<String>) -> Response {
    match &*id {
        "broken" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "refused" => StatusCode::CONFLICT.into_response(),
        "moved" => (StatusCode::SEE_OTHER, [(header::LOCATION, "/users/8")]).into_response(),
        "elsewhere" => ([(header::CONTENT_LOCATION, "https://other.example/users/8")], "").into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

fn routes() -> Router {
    let users = put(change).delete(change).get(page);
    Router::new()
        .route("/users/{id}", users)
        .route("/users/{id}/posts", post(change).get(page))
        .fallback(any(page))
        .with_state(Runs::default())
}

async fn misses(app: &App, bench: &Bench, paths: &[&'static str]) -> Vec<&'static str> {
    let mut missed = Vec::new();
    for path in paths {
        if app.get(path).await.x_cache() == Some("Miss") {
            missed.push(*path);
        }
        bench.settled().await;
    }
    missed
}

const PATHS: &[&str] = &[
    "/users",
    "/users?page=2",
    "/users/7",
    "/users/7?full",
    "/users/7/posts",
    "/users/8",
    "/users-archive",
];

#[tokio::test]
async fn writes_evict_what_they_name_once_they_succeeded() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new()
            .evict_on(Method::PUT, "/users/{id}", ["/users/{id}/*", "/users"])
            .evict_on(Method::DELETE, "/users/{id}", ["/users/*"]);
        let app = bench.app(routes().layer(layer));
        let write = async |method, path| app.send(method, path, [], "").await.status;
        misses(&app, &bench, PATHS).await;
        assert!(misses(&app, &bench, PATHS).await.is_empty());

        assert_eq!(write(Method::PUT, "/users/7").await, StatusCode::NO_CONTENT);
        let gone = [
            "/users",
            "/users?page=2",
            "/users/7",
            "/users/7?full",
            "/users/7/posts",
        ];
        assert_eq!(misses(&app, &bench, PATHS).await, gone);

        assert_eq!(write(Method::DELETE, "/users/9").await, StatusCode::NO_CONTENT);
        assert_eq!(misses(&app, &bench, PATHS).await, PATHS[..6]);

        for path in ["/users/broken", "/users/refused"] {
            assert!(!write(Method::PUT, path).await.is_success());
        }
        assert!(
            misses(&app, &bench, PATHS).await.is_empty(),
            "never after a failure"
        );
    }
}

/// RFC 9111 section 4.4.
#[tokio::test]
async fn unsafe_requests_evict_their_own_path_and_those_in_their_response() {
    for bench in Bench::every().await {
        let app = bench.app(routes().layer(CacheLayer::new()));
        misses(&app, &bench, PATHS).await;
        app.send(Method::POST, "/users/7/posts", [], "").await;
        assert_eq!(misses(&app, &bench, PATHS).await, ["/users/7/posts"]);
        app.send(Method::PUT, "/users/moved", [], "").await;
        assert_eq!(misses(&app, &bench, PATHS).await, ["/users/8"]);
        app.send(Method::PUT, "/users/elsewhere", [("host", "here.example")], "")
            .await;
        assert!(
            misses(&app, &bench, PATHS).await.is_empty(),
            "another host is not ours"
        );
    }
}

#[tokio::test]
async fn p3_paths_are_evicted_by_hand() {
    for bench in Bench::every_with(|builder| builder.version("7")).await {
        let app = bench.app(routes().layer(CacheLayer::new()));
        misses(&app, &bench, PATHS).await;
        bench.cache.evict_path("/users/7").await.unwrap();
        assert_eq!(misses(&app, &bench, PATHS).await, ["/users/7", "/users/7?full"]);
        for prefix in ["/users", "/users/"] {
            bench.cache.evict_prefix(prefix).await.unwrap();
            assert_eq!(misses(&app, &bench, PATHS).await, PATHS[..6]);
        }
        bench.cache.evict_prefix("/").await.unwrap();
        assert_eq!(misses(&app, &bench, PATHS).await, PATHS);
        bench.cache.clear().await.unwrap();
        assert_eq!(misses(&app, &bench, PATHS).await, PATHS);
    }
}

#[test]
#[should_panic(expected = "names `name`, which \"/users/{id}\" does not")]
fn target_must_name_the_parameters_of_the_route() {
    let _ = CacheLayer::new().evict_on(Method::PUT, "/users/{id}", ["/users/{name}"]);
}

/// It would evict nothing, and be taken for an eviction.
#[tokio::test]
async fn references_that_are_not_paths_are_not_evicted() {
    let bench = Bench::memory().await;
    for path in [
        "users",
        "",
        "/users?page=1",
        "/users/{id}",
        "/users#top",
        "/users/*",
    ] {
        for evicted in [
            bench.cache.evict_path(path).await,
            bench.cache.evict_prefix(path).await,
        ] {
            assert!(evicted.expect_err(path).is_key(), "{path}");
        }
    }
    bench.cache.evict_path("/").await.unwrap();
}

/// What it is, and a request: its method, path, and perhaps a header.
type Case = (
    &'static str,
    Method,
    &'static str,
    Option<(&'static str, &'static str)>,
);

/// What a request evicts does not depend on the way that it takes through the layer.
#[tokio::test]
async fn requests_evict_however_the_layer_handles_them() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new()
            .methods(MethodFilter::GET.or(MethodFilter::POST))
            .exclude(["/excluded"])
            .admit(|request| request.uri.path() != "/refused")
            .evict_on(Method::GET, "/next", ["/count"])
            .evict_on(Method::GET, "/private/{*path}", ["/count"])
            .evict_on(Method::GET, "/excluded", ["/count"])
            .evict_on(Method::GET, "/refused", ["/count"])
            .evict_on(Method::GET, "/attribute", ["/count"])
            .evict_on(Method::POST, "/next", ["/count"]);
        let router = Router::new().route("/attribute", get(attribute)).merge(routes());
        let app = bench.app(router.layer(layer));
        let no_cache = Some(("cache-control", "no-cache"));
        let cases: [Case; 13] = [
            ("a miss", Method::GET, "/next", None),
            ("a hit", Method::GET, "/next", None),
            ("a bypass", Method::GET, "/next", no_cache),
            (
                "no entry, no run",
                Method::GET,
                "/next",
                Some(("cache-control", "only-if-cached")),
            ),
            ("HEAD", Method::HEAD, "/next", None),
            ("an excluded path", Method::GET, "/excluded", None),
            ("a refused request", Method::GET, "/refused", None),
            ("a path in no normal form", Method::GET, "/private//a", None),
            ("a handler that is cached itself", Method::GET, "/attribute", None),
            ("its hit", Method::GET, "/attribute", None),
            ("a cached POST", Method::POST, "/next", None),
            ("its hit", Method::POST, "/next", None),
            ("a POST that bypasses the cache", Method::POST, "/next", no_cache),
        ];
        for (what, method, path, header) in cases {
            app.get("/count").await;
            bench.settled().await;
            assert_eq!(app.get("/count").await.x_cache(), Some("Hit"), "before {what}");
            let answer = match header {
                Some(header) => app.send(method, path, [header], "").await,
                None => app.send(method, path, [], "").await,
            };
            bench.settled().await;
            assert!(answer.status.is_success(), "{what}: {}", answer.status);
            assert_eq!(app.get("/count").await.x_cache(), Some("Miss"), "after {what}");
            bench.settled().await;
        }
        assert_eq!(
            app.send(Method::POST, "/next", [], "").await.x_cache(),
            Some("Hit")
        );
    }
}

#[handler_cache::cache(expire = "1h")]
async fn attribute() -> &'static str {
    "attribute"
}

/// RFC 9111 section 4.4, for unsafe methods that are cached as well; their own entries stay.
#[tokio::test]
async fn unsafe_requests_evict_their_own_path_though_the_layer_caches_their_method() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new().methods(MethodFilter::GET.or(MethodFilter::POST));
        let app = bench.app(routes().layer(layer));
        let post = async |headers: Option<(&'static str, &'static str)>, body: &'static str| {
            let answer = match headers {
                Some(header) => app.send(Method::POST, "/own", [header], body).await,
                None => app.send(Method::POST, "/own", [], body).await,
            };
            bench.settled().await;
            answer.x_cache().map(str::to_owned)
        };
        let no_cache = Some(("cache-control", "no-cache"));
        for (headers, body, x_cache) in [
            (None, "", Some("Miss")),
            (None, "", Some("Hit")),
            (no_cache, "", None),
            (None, "body", None),
        ] {
            misses(&app, &bench, &["/own"]).await;
            assert!(misses(&app, &bench, &["/own"]).await.is_empty());
            assert_eq!(post(headers, body).await.as_deref(), x_cache);
            assert_eq!(
                misses(&app, &bench, &["/own"]).await,
                ["/own"],
                "{headers:?} {body}"
            );
        }
        assert_eq!(
            post(None, "").await.as_deref(),
            Some("Miss"),
            "a body may change anything"
        );
        assert_eq!(post(None, "").await.as_deref(), Some("Hit"));
        bench.cache.evict_path("/own").await.unwrap();
        assert_eq!(post(None, "").await.as_deref(), Some("Miss"));
    }
}
