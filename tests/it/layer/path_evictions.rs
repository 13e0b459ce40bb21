//! Evictions reach a path under every spelling of it.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, header},
    response::IntoResponse,
};
use handler_cache::layer::CacheLayer;

use super::{app, support::app::Bench};

/// A server that treats all spellings alike, and answers writes with the `Location` that the header `at` has.
async fn lenient(request: Request<Body>) -> impl IntoResponse {
    let mut headers = HeaderMap::new();
    for (from, to) in [("at", header::LOCATION), ("content-at", header::CONTENT_LOCATION)] {
        if let Some(at) = request.headers().get(from) {
            headers.insert(to, at.clone());
        }
    }
    (headers, "done")
}

const HOST: (&str, &str) = ("host", "example.org");

#[tokio::test]
async fn p2_a_write_under_any_spelling_evicts_what_was_read_under_any_other() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new().evict_on(Method::PATCH, "/users/{id}", ["/posts/of/{id}", "/tags/*"]);
        let app = bench.app(Router::new().fallback(lenient).layer(layer));
        let is_evicted = async |path| {
            let answer = app.get_with(path, [HOST]).await;
            bench.settled().await;
            answer.x_cache() == Some("Miss")
        };
        let read = ["/users/7", "/users/7/", "/users/7;v=1"];
        for path in read {
            is_evicted(path).await;
        }
        for written in [
            "/users/7",
            "/users/7/",
            "/users//7",
            "/users/%37",
            "/%75sers/7",
            "/users/../users/7",
            "/users/%2e%2e/users/7",
            "/users/./7",
            "/users/7;v=2",
            "/x/..;/users/7",
            "/users%2F7",
        ] {
            app.send(Method::PUT, written, [HOST], "").await;
            for path in read {
                assert!(is_evicted(path).await, "{path} after {written}");
            }
        }
        for written in [
            "/users/7",
            "/users/7/",
            "/users/%37",
            "/x/../users/7",
            "/users/7;v=1",
        ] {
            for path in ["/posts/of/7", "/tags", "/tags/a/b"] {
                is_evicted(path).await;
                assert!(!is_evicted(path).await);
            }
            app.send(Method::PATCH, written, [HOST], "").await;
            for path in ["/posts/of/7", "/tags", "/tags/a/b"] {
                assert!(is_evicted(path).await, "{path} after {written}");
            }
        }
    }
}

/// As an id with a slash in it reaches a route of one segment.
#[tokio::test]
async fn p3_evict_on_knows_a_name_by_its_escapes() {
    let bench = Bench::memory().await;
    let layer = CacheLayer::new().evict_on(Method::PUT, "/files/{name}", ["/files"]);
    let app = bench.app(Router::new().fallback(lenient).layer(layer));
    app.get("/files").await;
    app.send(Method::PUT, "/files/a%2Fb", [], "").await;
    assert_eq!(app.get("/files").await.x_cache(), Some("Miss"));
}

#[tokio::test]
async fn p3_evictions_by_hand_take_any_spelling() {
    for bench in Bench::every().await {
        let app = app(&bench, CacheLayer::new());
        let is_evicted = async |path| {
            let answer = app.get(path).await;
            bench.settled().await;
            answer.x_cache() == Some("Miss")
        };
        for (path, spellings) in [
            (
                "/users/caf%C3%A9%20x",
                [
                    "/users/caf\u{e9} x",
                    "/users/caf%c3%a9%20x/",
                    "/users/x/../caf\u{e9}%20x",
                ],
            ),
            ("/@me", ["/%40me", "/@me/", "//@me"]),
            ("/", ["/", "//", "/x/.."]),
        ] {
            is_evicted(path).await;
            for spelling in spellings {
                assert!(!is_evicted(path).await);
                bench.cache.evict_path(spelling).await.unwrap();
                assert!(is_evicted(path).await, "{path} by {spelling}");
                bench.cache.evict_prefix(spelling).await.unwrap();
                assert!(is_evicted(path).await, "all below {path} by {spelling}");
            }
        }
    }
}

/// RFC 9111 section 4.4, with references as RFC 3986 has them.
#[tokio::test]
async fn p3_references_in_responses_are_resolved_against_the_request() {
    for bench in Bench::every().await {
        let app = bench.app(Router::new().fallback(lenient).layer(CacheLayer::new()));
        let read = async || {
            let answer = app.get_with("/users/7", [HOST]).await;
            bench.settled().await;
            answer.x_cache() == Some("Miss")
        };
        read().await;
        for (to, at) in [
            ("/users/", "7"),
            ("/users/new", "7"),
            ("/users/", "./7"),
            ("/users/", "../users/7"),
            ("/users", "users/7"),
            ("/users", "users/7?created#top"),
            ("/users", "/users/%37"),
            ("/users", "/users/7/"),
            ("/users", "//example.org/users/7"),
            ("/users", "http://example.org:80/users/7"),
            ("/users", "https://EXAMPLE.org/users/7"),
            ("/users", "http://user@example.org/users/7"),
            ("/users/new/", "../7"),
        ] {
            for name in ["at", "content-at"] {
                assert!(!read().await);
                app.send(Method::POST, to, [HOST, (name, at)], "").await;
                assert!(read().await, "{name}: {at} after a POST to {to}");
            }
        }
        for at in ["//other.example/users/7", "http://example.org:8080/users/7", "7"] {
            app.send(Method::POST, "/posts", [HOST, ("at", at)], "").await;
            assert!(!read().await, "{at}");
        }
    }
}
