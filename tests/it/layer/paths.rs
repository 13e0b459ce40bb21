//! Spellings of a path and rewritten URIs: which share an entry, and which are excluded.

use axum::{
    Router,
    body::Body,
    extract::{OriginalUri, Request, State},
    http::{Method, StatusCode, Uri},
    middleware::map_request,
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

/// Rewrites a request's URI to the header `to`.
async fn rewrite(mut request: Request<Body>) -> Request<Body> {
    if let Some(to) = request.headers_mut().remove("to") {
        *request.uri_mut() = to.to_str().expect("a URI is text").parse().expect("it is a URI");
    }
    request
}

/// All that a service can see of a request's URIs.
async fn uris(uri: Uri, OriginalUri(original): OriginalUri, State(runs): State<Runs>) -> String {
    format!("{uri} for {original}, run {}", runs.increment())
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
        for x_cache in ["Miss", "Hit"] {
            for (original, to) in asked {
                let answer = app.get_with(original, [("to", to)]).await;
                bench.settled().await;
                let text = answer.text();
                assert_eq!(answer.x_cache(), Some(x_cache), "{original} to {to}: {text}");
                assert!(text.starts_with(&format!("{to} for {original},")), "{text}");
            }
        }
        assert_eq!(app.get("/a").await.x_cache(), Some("Hit"));
        for to in ["/a/../b", "/%61", "//a", "/a%2Fb"] {
            let answer = app.get_with("/a", [("to", to)]).await;
            assert_eq!(answer.x_cache(), None, "{to} can be read in several ways");
        }
    }
}

/// A service may build links from the scheme of the request.
#[tokio::test]
async fn p2_schemes_do_not_share() {
    let bench = Bench::memory().await;
    let app = rewriting(&bench, CacheLayer::new());
    for x_cache in ["Miss", "Hit"] {
        for uri in ["https://example.org/a", "http://example.org/a"] {
            let answer = app.get(uri).await;
            assert_eq!(answer.x_cache(), Some(x_cache));
            assert!(answer.text().starts_with(uri), "{}", answer.text());
        }
    }
}

/// Evictions take the rewritten path as well as the client's.
#[tokio::test]
async fn p2_evictions_reach_the_resource_of_a_rewritten_uri() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new().evict_on(Method::PATCH, "/products/{id}", ["/lists/{id}"]);
        let app = rewriting(&bench, layer);
        let is_evicted = async || {
            let answer = app.get_with("/de/products/7", [("to", "/products/7")]).await;
            bench.settled().await;
            answer.x_cache() == Some("Miss")
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
        assert_eq!(app.get("/lists/7").await.x_cache(), Some("Miss"));
        assert!(is_evicted().await, "its own path as well");
    }
}

/// Evictions name the client's path, with the prefix that nesting removes: `/one` and `/two` are independent.
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
                if app.get(path).await.x_cache() == Some("Miss") {
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
            assert_eq!(app.get(path).await.x_cache(), None, "{path}");
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
        assert_eq!(app.get(path).await.x_cache(), Some("Miss"), "{path}");
    }
}

#[tokio::test]
async fn p5_exclude_sees_the_clients_and_the_rewritten_path() {
    let bench = Bench::memory().await;
    let app = rewriting(&bench, CacheLayer::new().exclude(["/account"]));
    for (original, to) in [("/a", "/account"), ("/a", "/account;x"), ("/account", "/a")] {
        assert_eq!(
            app.get_with(original, [("to", to)]).await.x_cache(),
            None,
            "{original} to {to}"
        );
    }
    assert_eq!(app.get_with("/a", [("to", "/b")]).await.x_cache(), Some("Miss"));
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
        let policy = Policy::new().expire(MINUTE);
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
            assert_eq!(app.get(path).await.x_cache().is_some(), cached, "{path}");
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
            (odd.status, odd.x_cache()),
            (StatusCode::NOT_FOUND, None),
            "{path}"
        );
    }
    assert_eq!(app.get("/report").await.x_cache(), Some("Miss"));
    assert_eq!(app.get("/report").await.text(), "the report");
}
