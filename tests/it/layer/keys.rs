//! Which requests share an entry of a layer, and that clients cannot poison one.

use axum::{
    Router,
    extract::{OriginalUri, RawQuery},
    http::{HeaderMap, Method},
    routing::get,
};
use handler_cache::{cache, layer::CacheLayer};

use super::{
    app, page,
    support::app::{App, Bench, Runs},
};

/// Whether the second request is answered with the first's entry.
async fn share(app: &App, first: &str, second: &str) -> bool {
    app.get(first).await;
    app.get(second).await.x_cache() == Some("Hit")
}

#[tokio::test]
async fn query_counts_without_its_order_and_escapes() {
    for (first, second, shared) in [
        ("/q?a=1&b=2", "/q?b=2&a=1", true),
        ("/q?a=x%20y", "/q?a=x+y", true),
        ("/q?a=%c3%a9", "/q?a=%C3%A9", true),
        ("/q?%61=1", "/q?a=1", true),
        ("/q?a=1&&b=2&", "/q?a=1&b=2", true),
        ("/q", "/q?", true),
        ("/q?a=1&a=2", "/q?a=2&a=1", false),
        ("/q?a=", "/q?a", false),
        ("/q?a", "/q", false),
        ("/q?a=1", "/q?a=1&a=1", false),
        ("/q?a=1%26b=2", "/q?a=1&b=2", false),
        ("/q?a=1&b=2", "/q?a=1%2Cb=2", false),
        ("/q?a=%2B", "/q?a=+", false),
        ("/q?a=%25", "/q?a=%2525", false),
        ("/q?a=%ff", "/q?a=%fe", false),
        ("/q?a=none", "/q?a", false),
        // Path and query are separate.
        ("/q?a=1", "/qa=1", false),
        ("/q/a", "/q?a", false),
        ("/Q", "/q", false),
        ("/q/", "/q", false),
    ] {
        let app = app(&Bench::memory().await, CacheLayer::new());
        assert_eq!(share(&app, first, second).await, shared, "{first} and {second}");
    }
}

#[tokio::test]
async fn names_of_the_query_can_be_left_out() {
    let bench = Bench::memory().await;
    let app_with = |layer| app(&bench, layer);
    let ignoring = app_with(CacheLayer::new().ignore_query(["utm_*", "ref"]));
    assert!(share(&ignoring, "/a?id=1&utm_source=x&ref=y", "/a?id=1").await);
    assert!(!share(&ignoring, "/b?id=1", "/b?id=2&utm_source=x").await);
    assert!(!share(&ignoring, "/c?reference=1", "/c").await);
    let only = app_with(CacheLayer::new().only_query(["page"]));
    assert!(share(&only, "/d?page=1&x=1", "/d?x=2&page=1").await);
    assert!(!share(&only, "/e?page=1", "/e?page=2").await);
}

#[tokio::test]
async fn p2_hosts_do_not_share() {
    let bench = Bench::memory().await;
    let app = app(&bench, CacheLayer::new());
    let ask = async |host| app.get_with("/a", [("host", host)]).await.text().to_owned();
    assert_eq!(ask("one.example").await, "/a, run 1");
    assert_eq!(ask("two.example").await, "/a, run 2");
    assert_eq!(ask("ONE.example").await, "/a, run 1");
    assert_eq!(app.get("/a").await.text(), "/a, run 3");
    let two = app
        .get_with("/a", [("host", "one.example"), ("host", "two.example")])
        .await;
    assert_eq!(two.x_cache(), None, "it is not certain which host is meant");
}

#[cache(expire = 60, name = "!", key = path)]
async fn named_like_the_layer(OriginalUri(path): OriginalUri) -> String {
    format!("{path} of the handler")
}

#[tokio::test]
async fn p2_no_handler_has_a_redis_key_of_the_layer() {
    let bench = Bench::redis().await;
    let app = bench.app(
        Router::new()
            .route("/cached", get(named_like_the_layer))
            .merge(super::pages().layer(CacheLayer::new().name("pages"))),
    );
    for path in ["/a?b=c%20d&e", "/cached"] {
        app.get(path).await;
        bench.settled().await;
    }
    let keys = [
        r#"test:!(layer="pages",host=none,path="/a",query=[("b",some("c%20d")),("e",none)])"#,
        r#"test:%21("/cached")"#,
    ];
    for key in keys {
        assert!(bench.server().exists(key), "{key}");
    }
}

/// The path that a nested router hands on is cut: by that alone, these two would share.
#[tokio::test]
async fn p2_nested_routers_do_not_share() {
    let bench = Bench::memory().await;
    let layer = CacheLayer::new();
    let nested = || {
        Router::new()
            .route("/users", get(page))
            .with_state(Runs::default())
            .layer(layer.clone())
    };
    let app = bench.app(Router::new().nest("/one", nested()).nest("/two", nested()));
    assert_eq!(app.get("/one/users").await.text(), "/one/users, run 1");
    assert_eq!(app.get("/two/users").await.text(), "/two/users, run 1");
    assert_eq!(app.get("/one/users").await.x_cache(), Some("Hit"));
}

#[tokio::test]
async fn vary_and_a_key_of_ones_own_tell_entries_apart() {
    let bench = Bench::memory().await;
    let layer = CacheLayer::new().vary(["accept-language"]).key(|parts| {
        let tenant = parts.headers.get("x-tenant");
        tenant
            .and_then(|tenant| tenant.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    });
    let app = app(&bench, layer);
    let german = app.get_with("/a", [("accept-language", "de")]).await;
    assert_eq!(
        (german.text(), german.header("vary")),
        ("/a, run 1", Some("accept-language"))
    );
    assert_eq!(
        app.get_with("/a", [("accept-language", "en")]).await.text(),
        "/a, run 2"
    );
    assert_eq!(
        app.get_with("/a", [("accept-language", "de"), ("x-tenant", "t")])
            .await
            .text(),
        "/a, run 3"
    );
    assert_eq!(
        app.get_with("/a", [("accept-language", "de")]).await.text(),
        "/a, run 1"
    );
}

/// Answers with its own address as the request has it.
async fn reflects(headers: HeaderMap, RawQuery(query): RawQuery) -> String {
    format!("{headers:?} {query:?}")
}

#[tokio::test]
async fn p2_nobody_poisons_a_page_with_another_address() {
    let bench = Bench::memory().await;
    let app = bench.app(Router::new().route("/", get(reflects)).layer(CacheLayer::new()));
    let names = "base-url forwarded forwarded-host front-end-https x-base-path x-base-url x-envoy-original-host \
        x-envoy-original-path x-forwarded x-forwarded-base x-forwarded-by x-forwarded-context x-forwarded-domain \
        x-forwarded-host x-forwarded-location x-forwarded-method x-forwarded-origin x-forwarded-path \
        x-forwarded-pathbase x-forwarded-port x-forwarded-prefix x-forwarded-proto x-forwarded-protocol \
        x-forwarded-query x-forwarded-request-uri x-forwarded-root x-forwarded-server x-forwarded-ssl \
        x-forwarded-subdomain x-forwarded-uri x-forwarded-url x-host x-host-override x-ingress-path \
        x-original-forwarded-host x-original-path x-original-prefix x-original-proto x-original-url x-prefix \
        x-rewrite-path x-rewrite-uri x-rewrite-url x-scheme x-script-name x-url-scheme";
    for name in names.split_whitespace() {
        let poisoned = app.get_with("/", [(name, "evil.example")]).await;
        assert!(poisoned.text().contains("evil.example"), "{name}");
        let clean = app.get("/").await;
        assert!(!clean.text().contains("evil.example"), "{name}");
    }
}

/// A user and a password in the URL: neither cached nor in a key.
#[tokio::test]
async fn p5_requests_with_a_user_in_their_address_leave_nothing_in_redis() {
    let bench = Bench::redis().await;
    let app = app(&bench, CacheLayer::new());
    for (uri, host) in [
        ("/a", "bob:s3cret@example.org"),
        ("http://bob:s3cret@example.org/a", "bob:s3cret@example.org"),
        ("http://bob:s3cret@example.org/a", "example.org"),
    ] {
        assert_eq!(
            app.get_with(uri, [("host", host)]).await.x_cache(),
            None,
            "{uri} {host}"
        );
    }
    let keys: Vec<String> = redis::from_redis_value(bench.server().command(["KEYS", "*"])).unwrap();
    assert!(!keys.iter().any(|key| key.contains("s3cret")), "{keys:?}");
}

#[tokio::test]
async fn p2_paths_that_servers_read_in_several_ways_are_not_cached() {
    let bench = Bench::memory().await;
    let app = app(&bench, CacheLayer::new());
    for path in [
        "//a",
        "/a//b",
        "/./a",
        "/a/..",
        "/a/../b",
        "/a/.",
        "/%2e%2e/a",
        "/a%2Fb",
        "/a%5cb",
        "/%61",
        "/a%3Bb",
        "/a%00",
        "/a%zz",
        "/a%2",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
    ] {
        assert_eq!(app.get(path).await.x_cache(), None, "{path}");
    }
    for path in ["/", "/a/", "/a%20b", "/%C3%A9", "/a.css", "/..a"] {
        assert_eq!(app.get(path).await.x_cache(), Some("Miss"), "{path}");
    }
}

#[tokio::test]
async fn p2_requests_in_disguise_or_with_a_body_are_not_cached() {
    let bench = Bench::memory().await;
    let app = app(&bench, CacheLayer::new());
    app.get("/a").await;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let answer = app.get_with("/a", [(name, "DELETE")]).await;
        assert_eq!(answer.x_cache(), None, "{name}");
    }
    let upgrade = app.get_with("/a", [("upgrade", "websocket")]).await;
    assert_eq!(upgrade.x_cache(), None);
    for header in [("content-length", "3"), ("transfer-encoding", "chunked")] {
        let answer = app.send(Method::GET, "/a", [header], "x=1").await;
        assert_eq!(answer.x_cache(), None, "{header:?}");
    }
    assert_eq!(app.get("/a").await.x_cache(), Some("Hit"));
    // The method is in the key.
    for _ in 0..2 {
        assert_eq!(app.send(Method::POST, "/b", [], "x=1").await.x_cache(), None);
    }
}

/// Headers that proxies and servers take the host from, and headers that they remove.
#[tokio::test]
async fn p2_ambiguous_requests_poison_no_page() {
    for bench in Bench::every().await {
        let app = bench.app(Router::new().fallback(reflects_all).layer(CacheLayer::new()));
        let attacks = [
            ("http://victim/a", [("host", "evil"), ("x-none", "")]),
            ("/a", [("host", "victim"), ("forwarded", "host=evil")]),
            ("/a", [("host", "victim"), ("x-forwarded-server", "evil")]),
            ("/a", [("host", "victim"), ("x-original-uri", "/evil")]),
            ("/a", [("host", "victim"), ("connection", "close, evil")]),
        ];
        for (uri, headers) in attacks {
            app.get_with(uri, headers).await;
            bench.settled().await;
            let page = app.get_with("/a", [("host", "victim")]).await;
            assert!(!page.text().contains("evil"), "{headers:?}: {}", page.text());
        }
        let whole = app
            .get_with(
                "http://victim/a",
                [("host", "Victim"), ("connection", "Keep-Alive, close")],
            )
            .await;
        assert_eq!(whole.x_cache(), Some("Hit"), "one host, said twice");
    }
}

/// All parts of a request.
async fn reflects_all(headers: HeaderMap) -> String {
    format!("{headers:?}")
}
