//! Spellings of a path, and URIs that were rewritten: what shares an entry, what is excluded, and what evictions reach.

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::map_request,
    response::IntoResponse,
    routing::get,
};
use handler_cache::{
    Policy,
    layer::{CacheLayer, PathPattern},
};

use super::{
    MINUTE, app,
    support::app::{App, Bench, Runs},
};

/// Sends a request elsewhere, within the router: to what the header `to` says.
async fn rewrite(mut request: Request<Body>) -> Request<Body> {
    if let Some(to) = request.headers_mut().remove("to") {
        *request.uri_mut() = to.to_str().expect("a URI is text").parse().expect("it is a URI");
    }
    request
}

/// All that a service can see of a request's URIs.
async fn uris(uri: Uri, OriginalUri(original): OriginalUri, State(runs): State<Runs>) -> String {
    format!("{uri} for {original}, run {}", runs.count())
}

/// The layer in a router whose middleware rewrites URIs.
fn rewriting(bench: &Bench, layer: CacheLayer) -> App {
    let router = Router::new().fallback(uris).with_state(Runs::default());
    bench.app(router.layer(layer).layer(map_request(rewrite)))
}

#[tokio::test]
async fn p2_a_rewritten_uri_is_in_the_key_beside_the_clients() {
    for bench in Bench::every().await {
        let app = rewriting(&bench, CacheLayer::new().ignore_query(["utm"]));
        let asked = [
            ("/a", "/a"),
            ("/a", "/b"),
            ("/a", "/a?x=1"),
            ("/a", "/b?x=1"),
            ("/a", "http://one/a"),
            ("/a", "http://two/a"),
            ("/b/a", "/a"),
            ("/b/a", "/b/a"),
            ("/b", "/b"),
            ("/a?x=1", "/a"),
            ("/a?x=1", "/a?x=1"),
        ];
        for verdict in ["Miss", "Hit"] {
            for (original, to) in asked {
                let answer = app.get_with(original, [("to", to)]).await;
                bench.settled().await;
                let text = answer.text();
                assert_eq!(answer.verdict(), Some(verdict), "{original} to {to}: {text}");
                assert!(text.starts_with(&format!("{to} for {original},")), "{text}");
            }
        }
        assert_eq!(app.get("/a").await.verdict(), Some("Hit"));
        for to in ["/a/../b", "/%61", "//a", "/a%2Fb"] {
            let answer = app.get_with("/a", [("to", to)]).await;
            assert_eq!(answer.verdict(), None, "{to} can be read in several ways");
        }
    }
}

/// What a service makes links of.
#[tokio::test]
async fn p2_schemes_do_not_share() {
    let bench = Bench::memory().await;
    let app = rewriting(&bench, CacheLayer::new());
    for verdict in ["Miss", "Hit"] {
        for uri in ["https://example.org/a", "http://example.org/a"] {
            let answer = app.get(uri).await;
            assert_eq!(answer.verdict(), Some(verdict));
            assert!(answer.text().starts_with(uri), "{}", answer.text());
        }
    }
}

/// The name of a rewritten resource is as good as the client's.
#[tokio::test]
async fn p2_evictions_reach_what_a_rewritten_uri_stands_for() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new().evict_on(Method::PATCH, "/products/{id}", ["/lists/{id}"]);
        let app = rewriting(&bench, layer);
        let is_evicted = async || {
            let answer = app.get_with("/de/products/7", [("to", "/products/7")]).await;
            bench.settled().await;
            answer.verdict() == Some("Miss")
        };
        assert!(is_evicted().await);
        assert!(!is_evicted().await);
        for path in ["/de/products/7", "/products/7"] {
            bench.cache.evict_path(path).await.unwrap();
            assert!(is_evicted().await, "{path}");
        }
        for prefix in ["/de", "/products", "/"] {
            bench.cache.evict_prefix(prefix).await.unwrap();
            assert!(is_evicted().await, "{prefix}");
        }
        app.send(Method::PUT, "/products/7", [], "").await;
        assert!(is_evicted().await);
        app.send(Method::PUT, "/en/products/7", [("to", "/products/7")], "")
            .await;
        assert!(is_evicted().await);
        app.get("/lists/7").await;
        bench.settled().await;
        app.send(Method::PATCH, "/en/products/7", [("to", "/products/7")], "")
            .await;
        assert_eq!(app.get("/lists/7").await.verdict(), Some("Miss"));
        assert!(is_evicted().await, "its own path as well");
    }
}

/// What nesting leaves of a path is no name: `/one` and `/two` have nothing to do with each other.
#[tokio::test]
async fn nested_routers_are_evicted_by_the_clients_path() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new();
        let page = || Router::new().fallback(uris).with_state(Runs::default());
        let nested = || page().layer(layer.clone());
        let router = Router::new()
            .nest("/one", nested())
            .nest("/two/{tenant}", nested());
        let app = bench.app(router);
        let paths = ["/one/users", "/two/a/users", "/two/b/users"];
        let missed = async || {
            let mut missed = Vec::new();
            for path in paths {
                if app.get(path).await.verdict() == Some("Miss") {
                    missed.push(path);
                }
                bench.settled().await;
            }
            missed
        };
        assert_eq!(missed().await, paths);
        app.send(Method::POST, "/two/a/users", [], "").await;
        assert_eq!(missed().await, ["/two/a/users"]);
        bench.cache.evict_path("/users").await.unwrap();
        assert!(missed().await.is_empty());
        bench.cache.evict_prefix("/two").await.unwrap();
        assert_eq!(missed().await, paths[1..]);
    }
}

#[tokio::test]
async fn p5_excluded_paths_are_excluded_by_any_reading() {
    let bench = Bench::memory().await;
    let layer = CacheLayer::new()
        .exclude(["/account", "/@me", "/caf\u{e9}", "/users/{id}/mail"])
        .exclude([PathPattern::matching(|path| {
            path.ends_with("/secret") || path.contains('\u{df}')
        })]);
    let app = app(&bench, layer);
    for path in [
        "/account",
        "/account/",
        "/account;x.css",
        "/account;x/y",
        "/account/;x",
        "/static/..;/account",
        "/static/..;x=y/account/a.css",
        "/static/.;/..;/account",
        "/;/account",
        "/%40me",
        "/@me;v=1",
        "/caf%C3%A9",
        "/caf%c3%a9/x",
        "/users/7/mail",
        "/users/7/mail/",
        "/users;a/7;b/mail;c",
        "/a/secret",
        "/a/secret/",
        "/a/secret;x",
        "/stra%C3%9Fe",
    ] {
        for _ in 0..2 {
            assert_eq!(app.get(path).await.verdict(), None, "{path}");
        }
    }
    for path in [
        "/accounts",
        "/a/account",
        "/me",
        "/cafe",
        "/users/7",
        "/a;account",
        "/secrets",
    ] {
        assert_eq!(app.get(path).await.verdict(), Some("Miss"), "{path}");
    }
}

#[tokio::test]
async fn p5_exclude_sees_the_clients_and_the_rewritten_path() {
    let bench = Bench::memory().await;
    let app = rewriting(&bench, CacheLayer::new().exclude(["/account"]));
    for (original, to) in [("/a", "/account"), ("/a", "/account;x"), ("/account", "/a")] {
        assert_eq!(
            app.get_with(original, [("to", to)]).await.verdict(),
            None,
            "{original} to {to}"
        );
    }
    assert_eq!(app.get_with("/a", [("to", "/b")]).await.verdict(), Some("Miss"));
}

#[tokio::test]
async fn only_and_rules_want_the_path_itself_in_any_encoding() {
    let bench = Bench::memory().await;
    let only = || {
        app(
            &bench,
            CacheLayer::new().only(["/caf\u{e9}", "/%40me", "/users/{id}"]),
        )
    };
    let rules = || {
        let policy = Policy::expire(MINUTE);
        let layer = CacheLayer::new()
            .rule("/caf\u{e9}", policy)
            .rule("/%40me", policy);
        app(&bench, layer.rule("/users/{id}", policy).rule("/a {x}", policy))
    };
    for (app, is_rules) in [(only(), false), (rules(), true)] {
        for (path, cached) in [
            ("/caf%C3%A9", true),
            ("/caf%c3%a9", true),
            ("/@me", true),
            ("/%40me", true),
            ("/users/a%20b", true),
            ("/caf%C3%A9;x", false),
            ("/x/..;/@me", false),
            ("/users;x/7", false),
            ("/a%20x", is_rules),
        ] {
            assert_eq!(app.get(path).await.verdict().is_some(), cached, "{path}");
        }
    }
}

/// axum answers these with 404: stored for the page that they resemble, they would take its place.
#[tokio::test]
async fn p2_odd_spellings_are_not_folded_onto_a_page() {
    let bench = Bench::memory().await;
    let router = Router::new().route("/report", get(async || "the report"));
    let app = bench.app(router.layer(CacheLayer::new()));
    for path in ["/x/../report", "/./report", "//report", "/%72eport", "/report%2F"] {
        let odd = app.get(path).await;
        assert_eq!(
            (odd.status, odd.verdict()),
            (StatusCode::NOT_FOUND, None),
            "{path}"
        );
    }
    assert_eq!(app.get("/report").await.verdict(), Some("Miss"));
    assert_eq!(app.get("/report").await.text(), "the report");
}

/// A server that reads all spellings alike, and answers writes with what the header `at` says.
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
            answer.verdict() == Some("Miss")
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
    assert_eq!(app.get("/files").await.verdict(), Some("Miss"));
}

#[tokio::test]
async fn p3_evictions_by_hand_take_any_spelling() {
    for bench in Bench::every().await {
        let app = app(&bench, CacheLayer::new());
        let is_evicted = async |path| {
            let answer = app.get(path).await;
            bench.settled().await;
            answer.verdict() == Some("Miss")
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
async fn p3_references_in_answers_are_resolved_against_the_request() {
    for bench in Bench::every().await {
        let app = bench.app(Router::new().fallback(lenient).layer(CacheLayer::new()));
        let read = async || {
            let answer = app.get_with("/users/7", [HOST]).await;
            bench.settled().await;
            answer.verdict() == Some("Miss")
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
