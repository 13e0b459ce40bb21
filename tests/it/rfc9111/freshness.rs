//! Freshness lifetimes, and the `Age` that clients get.

use handler_cache::{Policy, layer::CacheLayer};

use super::{Gateway, TAG, date, ok, page, say};
use crate::{
    layer::MINUTE,
    support::app::{Answer, Bench},
};

#[tokio::test]
async fn a_response_is_fresh_as_long_as_it_says() {
    for gateway in Gateway::every().await {
        let control = ("cache-control", "max-age=60");
        gateway
            .origin
            .then(ok(&[control], "one"))
            .then(ok(&[control], "two"));
        assert_eq!(gateway.page([]).await, page("Miss", "one"));
        gateway.wait(59);
        assert_eq!(gateway.page([]).await, page("Hit", "one"));
        gateway.wait(1);
        assert_eq!(gateway.page([]).await, page("Miss", "two"));
    }
}

/// A miss gets `x-cache` only, a hit also `Age`.
#[tokio::test]
async fn headers_reach_the_client_as_they_are_with_age_beside_them() {
    for gateway in Gateway::every().await {
        let date = date(0);
        let own = [
            ("date", &*date),
            ("cache-control", "max-age=60, x-own"),
            ("expires", "0"),
            ("x-twice", "1"),
            ("x-twice", "2"),
        ];
        gateway.origin.then(ok(&own, "one"));
        let mut miss = gateway.get([]).await;
        assert_eq!(miss.headers.remove("x-cache").unwrap(), "Miss");
        miss.headers.remove("content-length");
        assert_eq!(miss.headers, ok(&own, "").headers);
        gateway.wait(7);
        let mut hit = gateway.get([]).await;
        assert_eq!(hit.headers.remove("x-cache").unwrap(), "Hit");
        assert_eq!(hit.headers.remove("age").unwrap(), "7");
        hit.headers.remove("content-length");
        assert_eq!(hit.headers, miss.headers);
    }
}

#[tokio::test]
async fn age_counts_from_what_the_response_came_with() {
    for gateway in Gateway::every().await {
        gateway
            .origin
            .then(ok(&[("age", "20"), ("cache-control", "max-age=60")], "one"));
        assert_eq!(gateway.get([]).await.header("age"), Some("20"));
        gateway.wait(39);
        let hit = gateway.get([]).await;
        assert_eq!((hit.x_cache(), hit.header("age")), (Some("Hit"), Some("59")));
        gateway.wait(1);
        gateway.origin.then(ok(&[], "two"));
        assert_eq!(gateway.page([]).await, page("Miss", "two"));
    }
}

#[tokio::test]
async fn a_response_without_a_date_gets_that_of_its_arrival() {
    let gateway = Gateway::memory().await;
    gateway.origin.then(ok(&[("cache-control", "max-age=60")], "one"));
    for _ in 0..2 {
        assert_eq!(gateway.get([]).await.header("date"), Some(&*date(0)));
        gateway.wait(5);
    }
}

#[tokio::test]
async fn responses_without_a_ttl_are_not_stored_unless_the_layer_has_one() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[], "one")).then(ok(&[], "two"));
        assert_eq!(gateway.page([]).await, page("Miss", "one"));
        assert_eq!(gateway.page([]).await, page("Miss", "two"));
    }
    for gateway in Gateway::every_with(CacheLayer::new().http().expire(MINUTE)).await {
        gateway.origin.then(ok(&[], "one"));
        assert_eq!(gateway.page([]).await, page("Miss", "one"));
        let hit = gateway.get([]).await;
        assert_eq!((hit.x_cache(), hit.header("cache-control")), (Some("Hit"), None));
    }
}

#[tokio::test]
async fn a_ttl_is_guessed_where_the_layer_allows_it() {
    let before = httpdate::fmt_http_date(super::START.to_system_time() - 10 * MINUTE);
    for gateway in Gateway::every_with(CacheLayer::new().heuristics()).await {
        gateway.origin.then(ok(&[("last-modified", &before)], "one"));
        assert_eq!(gateway.page([]).await, page("Miss", "one"));
        gateway.wait(59);
        assert_eq!(gateway.page([]).await, page("Hit", "one"));
        gateway.wait(1);
        gateway.origin.then(ok(&[], "two"));
        assert_eq!(gateway.page([]).await, page("Miss", "two"));
    }
}

#[tokio::test]
async fn statuses_of_all_kinds_are_stored_as_they_are() {
    for gateway in Gateway::every().await {
        let control = [("cache-control", "max-age=60"), ("location", "/b")];
        for status in [204, 299, 302, 404, 418, 503, 599] {
            gateway.bench.cache.evict_path("/a").await.unwrap();
            gateway.origin.then(say(status, &control, ""));
            for x_cache in ["Miss", "Hit"] {
                let answer = gateway.get([]).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.x_cache()),
                    (status, Some(x_cache))
                );
                assert_eq!(answer.header("location"), Some("/b"));
            }
        }
    }
}

#[tokio::test]
async fn p5_responses_not_for_shared_caches_are_not_stored() {
    for gateway in Gateway::every().await {
        for line in [
            ("cache-control", "no-store, max-age=60"),
            ("cache-control", "private, max-age=60"),
            ("set-cookie", "a=b"),
            ("vary", "*"),
        ] {
            for body in ["one", "two"] {
                gateway
                    .origin
                    .then(ok(&[("cache-control", "max-age=60"), line], body));
                assert_eq!(gateway.page([]).await, page("Miss", body), "{line:?}");
            }
        }
    }
}

/// Only the request that ran the handler gets all of them.
#[tokio::test]
async fn p5_fields_that_are_named_private_reach_their_own_request_alone() {
    for gateway in Gateway::every().await {
        let control = "max-age=60, private=\"set-cookie\", no-cache=\"x-token\"";
        let own = [
            ("cache-control", control),
            ("set-cookie", "a=b"),
            ("x-token", "1"),
        ];
        gateway.origin.then(ok(&own, "one"));
        let miss = gateway.get([]).await;
        assert_eq!(
            (miss.header("set-cookie"), miss.header("x-token")),
            (Some("a=b"), Some("1"))
        );
        let hit = gateway.get([]).await;
        assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), "one"));
        assert_eq!((hit.header("set-cookie"), hit.header("x-token")), (None, None));
    }
}

#[tokio::test]
async fn p5_fields_of_the_connection_are_not_stored() {
    for gateway in Gateway::every().await {
        let control = ("cache-control", "max-age=60");
        let hops = [
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            control,
        ];
        gateway.origin.then(ok(&hops, "one"));
        gateway.get([]).await;
        let hit = gateway.get([]).await;
        assert_eq!(hit.x_cache(), Some("Hit"));
        for name in ["connection", "x-hop", "keep-alive"] {
            assert_eq!(hit.header(name), None, "{name}");
        }
    }
}

/// RFC 9111 section 3.5.
#[tokio::test]
async fn p5_a_response_to_a_login_is_shared_only_if_it_says_so() {
    for gateway in Gateway::every().await {
        for (control, second) in [
            ("max-age=60", "Miss"),
            ("public, max-age=60", "Hit"),
            ("s-maxage=60", "Hit"),
            ("must-revalidate, max-age=60", "Hit"),
        ] {
            gateway.wait(60);
            gateway.origin.then(ok(&[("cache-control", control)], "one"));
            gateway.get([("authorization", "Bearer a")]).await;
            if second == "Miss" {
                gateway.origin.then(ok(&[("cache-control", control)], "two"));
            }
            let answer = gateway.get([("authorization", "Bearer b")]).await;
            assert_eq!(answer.x_cache(), Some(second), "{control}");
        }
    }
}

#[tokio::test]
async fn stale_while_revalidate_serves_while_one_background_refresh_fills() {
    for gateway in Gateway::every().await {
        let control = ("cache-control", "max-age=60, stale-while-revalidate=30");
        gateway
            .origin
            .then(ok(&[control], "one"))
            .then(ok(&[control], "two"));
        gateway.get([]).await;
        gateway.wait(89);
        let stale = gateway.get([]).await;
        assert_eq!(
            (stale.x_cache(), stale.header("age")),
            (Some("Stale"), Some("89"))
        );
        crate::support::app::eventually("the renewed one is not there", async || {
            gateway.page([]).await == page("Hit", "two")
        })
        .await;
        assert_eq!(gateway.origin.runs(), 2);
        gateway.wait(90);
        gateway.origin.then(ok(&[control], "three"));
        assert_eq!(
            gateway.page([]).await,
            page("Miss", "three"),
            "the window is over"
        );
    }
}

/// The store, the hit header and `Cache-Status` (RFC 9211).
#[tokio::test]
async fn cache_status_says_where_a_response_came_from() {
    let bench = Bench::memory_with(|builder| builder.cache_status(true)).await;
    let gateway = Gateway::on(bench, CacheLayer::new().http());
    let own = [
        ("cache-control", "max-age=60"),
        TAG,
        ("cache-status", "origin; fwd=miss"),
    ];
    gateway.origin.then(ok(&own, "one")).then(say(304, &own[..2], ""));
    for (wait, status) in [
        (0, "test; fwd=miss; stored"),
        (10, "test; hit; ttl=50"),
        (50, "test; fwd=stale; fwd-status=304; stored"),
        (0, "test; hit; ttl=60"),
    ] {
        gateway.wait(wait);
        assert_eq!(statuses(&gateway.get([]).await), ["origin; fwd=miss", status]);
    }
    let refused = [("cache-control", "no-store")];
    gateway
        .origin
        .then(say(304, &own[..2], ""))
        .then(ok(&own[..2], "two"))
        .then(ok(&refused, "three"));
    let asked = gateway.get([("cache-control", "no-cache")]).await;
    assert_eq!(
        statuses(&asked),
        ["origin; fwd=miss", "test; fwd=request; fwd-status=304; stored"]
    );
    gateway.wait(60);
    assert_eq!(statuses(&gateway.get([]).await), ["test; fwd=stale; stored"]);
    gateway.wait(60);
    assert_eq!(statuses(&gateway.get([]).await), ["test; fwd=stale"]);
}

fn statuses(answer: &Answer) -> Vec<&str> {
    let all = answer.headers.get_all("cache-status").iter();
    all.map(|line| line.to_str().expect("it is text")).collect()
}

/// By an agreement beside the protocol, which section 4.2.4 allows.
#[tokio::test]
async fn a_policy_allows_stale_answers_where_the_response_is_silent() {
    let policy = Policy::new().stale_while_revalidate(MINUTE);
    for gateway in Gateway::every_with(CacheLayer::new().http().policy(policy)).await {
        gateway.origin.then(ok(&[("cache-control", "max-age=60")], "one"));
        gateway
            .origin
            .then(ok(&[("cache-control", "max-age=60, must-revalidate")], "two"));
        gateway.get([]).await;
        gateway.wait(100);
        assert_eq!(gateway.page([]).await, page("Stale", "one"));
        crate::support::app::eventually("it is not renewed", async || {
            gateway.page([]).await == page("Hit", "two")
        })
        .await;
        gateway.wait(100);
        gateway.origin.then(ok(&[], "three"));
        assert_eq!(
            gateway.page([]).await,
            page("Miss", "three"),
            "the response forbids it"
        );
    }
}

/// RFC 9111 section 1.2.2.
#[tokio::test]
async fn an_age_is_sent_up_to_2_31_seconds_and_counts_in_full() {
    let longest = "2147483648";
    for (age, date) in [
        ("18446744073709551615", "Mon, 01 Jan 1601 00:00:00 GMT"),
        ("18446744073709551615", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("0", "Mon, 01 Jan 1601 00:00:00 GMT"),
        (longest, "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        for gateway in Gateway::every().await {
            // It was stale when it came.
            let control = ("cache-control", "max-age=2147483647, stale-if-error=60");
            gateway
                .origin
                .then(ok(&[("age", age), ("date", date), control], "one"));
            assert_eq!(gateway.page([]).await, page("Miss", "one"), "{age} {date}");
            gateway.origin.then(say(500, &[], "two"));
            let stale = gateway.get([]).await;
            assert_eq!(
                (stale.x_cache(), stale.header("age")),
                (Some("Stale"), Some(longest)),
                "{age} {date}"
            );
            gateway.wait(60);
            gateway.origin.then(ok(&[], "three"));
            assert_eq!(gateway.page([]).await, page("Miss", "three"));
        }
    }
}
