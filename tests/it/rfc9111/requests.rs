//! `Cache-Control` of requests (RFC 9111 section 5.2.1).

use super::{Gateway, TAG, ok, page, say};
use crate::support::gate::settle;

const CONTROL: (&str, &str) = ("cache-control", "max-age=60");

#[tokio::test]
async fn no_cache_has_the_response_validated() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, TAG], "one"));
        gateway.get([]).await;
        for line in [
            ("cache-control", "no-cache"),
            ("cache-control", "max-age=0"),
            ("pragma", "no-cache"),
        ] {
            gateway.origin.then(say(304, &[CONTROL, TAG], ""));
            assert_eq!(gateway.page([line]).await, page("Revalidated", "one"), "{line:?}");
            let asked = gateway.origin.asked(["if-none-match"]);
            assert_eq!(asked.last().unwrap()[0].as_deref(), Some("\"a\""));
        }
        assert_eq!(gateway.page([]).await, page("Hit", "one"));
    }
}

#[tokio::test]
async fn no_store_stores_nothing() {
    for gateway in Gateway::every().await {
        gateway
            .origin
            .then(ok(&[CONTROL], "one"))
            .then(ok(&[CONTROL], "two"));
        assert_eq!(
            gateway.page([("cache-control", "no-store")]).await,
            page("none", "one")
        );
        assert_eq!(gateway.page([]).await, page("Miss", "two"));
    }
}

#[tokio::test]
async fn max_age_and_min_fresh_want_a_younger_response() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL], "one"));
        gateway.get([]).await;
        gateway.wait(20);
        for (line, x_cache) in [
            ("max-age=20", "Hit"),
            ("min-fresh=40", "Hit"),
            ("max-age=19", "Miss"),
            ("min-fresh=61", "Miss"),
        ] {
            if x_cache == "Miss" {
                gateway.origin.then(ok(&[CONTROL], "next"));
            }
            assert_eq!(gateway.page([("cache-control", line)]).await.0, x_cache, "{line}");
        }
    }
}

#[tokio::test]
async fn max_stale_takes_an_older_response_unless_that_forbids_it() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL], "one"));
        gateway.get([]).await;
        gateway.wait(70);
        gateway.origin.then(ok(&[CONTROL], "two"));
        let stale = gateway.get([("cache-control", "max-stale=11")]).await;
        assert_eq!((stale.x_cache(), stale.text()), (Some("Stale"), "one"));
        crate::support::app::eventually("it is not renewed", async || gateway.page([]).await.1 == "two")
            .await;
        for forbidding in ["must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"] {
            gateway.wait(60);
            let control = format!("max-age=60, {forbidding}");
            gateway
                .origin
                .then(ok(&[("cache-control", &control), TAG], "three"));
            gateway.get([]).await;
            gateway.wait(61);
            gateway
                .origin
                .then(ok(&[("cache-control", &control), TAG], "four"));
            let answer = gateway.page([("cache-control", "max-stale")]).await;
            assert_eq!(answer, page("Miss", "four"), "{forbidding}");
        }
    }
}

#[tokio::test]
async fn only_if_cached_never_reaches_the_service() {
    for gateway in Gateway::every().await {
        let only = [("cache-control", "only-if-cached")];
        assert_eq!(gateway.get(only).await.status, 504);
        gateway.origin.then(ok(&[CONTROL, TAG], "one"));
        gateway.get([]).await;
        assert_eq!(gateway.page(only).await, page("Hit", "one"));
        gateway.wait(60);
        assert_eq!(gateway.get(only).await.status, 504);
        let more = [("cache-control", "only-if-cached, no-store")];
        assert_eq!(gateway.get(more).await.status, 504);
        assert_eq!(gateway.origin.runs(), 1);
    }
}

/// Not even in background.
#[tokio::test]
async fn only_if_cached_refreshes_nothing() {
    let gateway = Gateway::memory().await;
    let control = ("cache-control", "max-age=60, stale-while-revalidate=60");
    gateway.origin.then(ok(&[control], "one"));
    gateway.get([]).await;
    gateway.wait(70);
    let answer = gateway.page([("cache-control", "only-if-cached")]).await;
    assert_eq!(answer, page("Stale", "one"));
    settle().await;
    assert_eq!(gateway.origin.runs(), 1);
}
