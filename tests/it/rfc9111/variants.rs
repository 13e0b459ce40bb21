//! `Vary`: several responses for one URL.

use axum::{Router, http::HeaderMap, response::IntoResponse};
use handler_cache::layer::CacheLayer;

use super::{Gateway, ok, page};
use crate::support::{
    app::Bench,
    gate::{Gate, settle},
};

const CONTROL: (&str, &str) = ("cache-control", "max-age=60");

#[tokio::test]
async fn variants_are_kept_side_by_side() {
    for gateway in Gateway::every().await {
        let varied = [CONTROL, ("vary", "Accept-Language")];
        let languages = ["de", "en", "fr"].map(|language| [("accept-language", language)]);
        for (language, body) in languages.into_iter().zip(["eins", "one", "un"]) {
            gateway.origin.then(ok(&varied, body));
            assert_eq!(gateway.page(language).await, page("Miss", body));
        }
        gateway.origin.then(ok(&varied, "none"));
        assert_eq!(gateway.page([]).await, page("Miss", "none"));
        for (language, body) in languages.into_iter().zip(["eins", "one", "un"]) {
            let answer = gateway.get(language).await;
            assert_eq!((answer.x_cache(), answer.text()), (Some("Hit"), body));
            assert_eq!(answer.header("vary"), Some("Accept-Language"));
        }
        assert_eq!(gateway.page([]).await, page("Hit", "none"));
    }
}

#[tokio::test]
async fn equivalent_header_values_are_one_variant() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(
            &[CONTROL, ("vary", "accept-encoding"), ("vary", "Accept")],
            "one",
        ));
        let first = [
            ("accept-encoding", "gzip, br"),
            ("accept", "text/html, */*;q=0.1"),
        ];
        let second = [("accept-encoding", "BR,gzip"), ("accept", "text/html,*/*; q=0.1")];
        assert_eq!(gateway.page(first).await, page("Miss", "one"));
        assert_eq!(gateway.page(second).await, page("Hit", "one"));
    }
}

/// The response in the slot of the URL itself is evicted first; the others stay.
#[tokio::test]
async fn each_variant_has_its_own_ttl() {
    for gateway in Gateway::every().await {
        let varied = |control| [("cache-control", control), ("vary", "x-a")];
        gateway.origin.then(ok(&varied("max-age=10"), "short"));
        gateway.origin.then(ok(&varied("max-age=60"), "long"));
        let (short, long) = ([("x-a", "1")], [("x-a", "2")]);
        gateway.page(short).await;
        gateway.page(long).await;
        gateway.wait(10);
        assert_eq!(gateway.page(long).await, page("Hit", "long"));
        gateway.origin.then(ok(&varied("max-age=10"), "shorter"));
        assert_eq!(gateway.page(short).await, page("Miss", "shorter"));
        assert_eq!(gateway.page(long).await, page("Hit", "long"));
    }
}

#[tokio::test]
async fn a_response_that_varies_by_more_than_before_is_a_variant_by_that() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, ("vary", "x-a")], "a"));
        gateway.page([("x-a", "1")]).await;
        gateway.wait(60);
        gateway.origin.then(ok(&[CONTROL, ("vary", "x-a, x-b")], "a b"));
        let both = [("x-a", "1"), ("x-b", "1")];
        assert_eq!(gateway.page(both).await, page("Miss", "a b"));
        gateway.origin.then(ok(&[CONTROL, ("vary", "x-a, x-b")], "a c"));
        let other = [("x-a", "1"), ("x-b", "2")];
        assert_eq!(gateway.page(other).await, page("Miss", "a c"));
        assert_eq!(gateway.page(both).await, page("Hit", "a b"));
        assert_eq!(gateway.page(other).await, page("Hit", "a c"));
    }
}

/// Keys are logged and listed: what a request had is in them as a hash.
#[tokio::test]
async fn no_field_of_a_request_is_shown_in_a_redis_key() {
    let gateway = Gateway::on(Bench::redis().await, CacheLayer::new().http().public());
    let varied = ok(&[CONTROL, ("vary", "cookie, x-secret")], "one");
    gateway.origin.then(varied.clone()).then(varied);
    for secret in ["hunter2", "hunter3"] {
        gateway.get([("cookie", secret), ("x-secret", secret)]).await;
    }
    let keys = gateway.bench.server().command(["KEYS", "*variant=*"]);
    assert!(
        matches!(&keys, redis::Value::Array(keys) if !keys.is_empty()),
        "{keys:?}"
    );
    let telling = gateway.bench.server().command(["KEYS", "*hunter*"]);
    assert_eq!(telling, redis::Value::Array(Vec::new()));
}

#[tokio::test]
async fn an_eviction_takes_every_variant() {
    for gateway in Gateway::every().await {
        for value in ["1", "2"] {
            gateway.origin.then(ok(&[CONTROL, ("vary", "x-a")], "old"));
            gateway.page([("x-a", value)]).await;
        }
        gateway.bench.cache.evict_path("/a").await.unwrap();
        for value in ["1", "2"] {
            gateway.origin.then(ok(&[CONTROL, ("vary", "x-a")], "new"));
            assert_eq!(gateway.page([("x-a", value)]).await, page("Miss", "new"));
        }
    }
}

/// Waiters for the first variant learn that it is not theirs, and share the next fill.
#[tokio::test]
async fn p4_each_variant_is_made_once() {
    for bench in Bench::every().await {
        let gate = Gate::new();
        let waits = gate.clone();
        let router = Router::new().fallback(async move |headers: HeaderMap| {
            waits.pass().await;
            let asked = headers["x-a"].to_str().unwrap().to_owned();
            ([CONTROL, ("vary", "x-a")], asked)
        });
        let app = bench.app(router.layer(CacheLayer::new().http()));
        let ask = |value: &'static str| {
            let app = app.clone();
            tokio::spawn(async move { app.get_with("/a", [("x-a", value)]).await })
        };
        let all: Vec<_> = ["1", "2", "1", "2", "1", "2"].map(ask).into();
        gate.entered().await;
        settle().await;
        gate.let_through(2);
        for (answer, value) in all.into_iter().zip(["1", "2", "1", "2", "1", "2"]) {
            assert_eq!(answer.await.unwrap().text(), value);
        }
        assert_eq!(gate.runs.total(), 2);
    }
}

#[tokio::test]
async fn p5_responses_with_an_unreadable_vary_are_not_stored() {
    for vary in ["x-user;", "\"x-user\"", "accept-language x-user"] {
        let gateway = Gateway::memory().await;
        for (user, body) in [("1", "one"), ("2", "two")] {
            gateway.origin.then(ok(&[CONTROL, ("vary", vary)], body));
            assert_eq!(
                gateway.page([("x-user", user)]).await,
                page("Miss", body),
                "{vary}"
            );
        }
    }
}

/// In the slot of the resource as well as in that of the variant.
#[tokio::test]
async fn an_older_response_does_not_come_back_after_a_newer_one() {
    for gateway in Gateway::every().await {
        let varied = |control| [("cache-control", control), ("vary", "x-a")];
        let (one, two) = ([("x-a", "1")], [("x-a", "2")]);
        gateway
            .origin
            .then(ok(&varied("max-age=10, must-revalidate"), "v1"));
        gateway.origin.then(ok(&varied("max-age=1000"), "old"));
        gateway.page(one).await;
        gateway.page(two).await;
        // The slot of the resource itself is free, so the next response is stored there.
        gateway.wait(10);
        gateway
            .origin
            .then(ok(&varied("max-age=10, must-revalidate"), "new"));
        gateway.page([("x-a", "2"), ("cache-control", "no-cache")]).await;
        gateway.wait(10);
        gateway.origin.then(ok(&varied("max-age=1000"), "v1 again"));
        gateway.page(one).await;
        gateway.origin.then(ok(&varied("max-age=1000"), "newest"));
        assert_eq!(gateway.page(two).await, page("Miss", "newest"));
    }
}

#[tokio::test]
async fn a_service_that_names_more_fields_than_before_is_followed() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, ("vary", "x-a")], "a"));
        gateway.page([("x-a", "0")]).await;
        let asked = ["1", "2", "3"].map(|value| [("x-a", "1"), ("x-b", value)]);
        for fields in asked {
            gateway.origin.then(ok(&[CONTROL, ("vary", "x-a, x-b")], "a b"));
            assert_eq!(gateway.page(fields).await, page("Miss", "a b"));
        }
        for fields in asked {
            assert_eq!(gateway.page(fields).await, page("Hit", "a b"));
        }
        assert_eq!(gateway.page([("x-a", "0")]).await, page("Hit", "a"));
    }
}

/// As while a release is rolled out that turns it on.
#[tokio::test]
async fn p2_layers_of_both_kinds_do_not_share() {
    async fn greet(headers: HeaderMap) -> impl IntoResponse {
        (
            [CONTROL, ("vary", "accept-language, x-user")],
            format!("{:?}", headers.get("x-user")),
        )
    }
    for bench in Bench::every().await {
        for plain in [CacheLayer::new(), CacheLayer::new().vary(["accept-language"])] {
            let router = Router::new().fallback(greet);
            let http = bench.app(router.clone().layer(plain.clone().http()));
            let plain = bench.app(router.layer(plain));
            http.get_with("/a", [("x-user", "1")]).await;
            bench.settled().await;
            let other = plain.get_with("/a", [("x-user", "2")]).await;
            assert_eq!(other.text(), "Some(\"2\")");
        }
    }
}
