//! Conditional, range and HEAD requests.

use axum::http::Method;

use super::{Gateway, TAG, date, ok, page, say};

const CONTROL: (&str, &str) = ("cache-control", "max-age=60");

#[tokio::test]
async fn conditions_are_answered_from_the_cache_on_hit_and_miss() {
    for gateway in Gateway::every().await {
        let modified = date(0);
        let own = [CONTROL, TAG, ("last-modified", &modified)];
        gateway.origin.then(ok(&own, "one"));
        for x_cache in ["Miss", "Hit"] {
            let answer = gateway.get([("if-none-match", "\"x\", \"a\"")]).await;
            assert_eq!((answer.status.as_u16(), answer.x_cache()), (304, Some(x_cache)));
            assert_eq!((answer.text(), answer.header("etag")), ("", Some("\"a\"")));
            assert_eq!(answer.header("cache-control"), Some("max-age=60"));
        }
        assert_eq!(
            gateway.origin.asked(["if-none-match"]),
            [[None]],
            "a fill is shared, so it is not conditional"
        );
        let since = |condition| [("if-modified-since", condition)];
        assert_eq!(gateway.get(since(&*modified)).await.status, 304);
        let before = httpdate::fmt_http_date(super::START.to_system_time() - crate::layer::MINUTE);
        assert_eq!(gateway.get(since(&*before)).await.status, 200);
        let both = [("if-none-match", "\"b\""), ("if-modified-since", &*modified)];
        assert_eq!(gateway.get(both).await.status, 200, "a tag says more than a date");
    }
}

#[tokio::test]
async fn a_304_on_a_miss_has_the_age_of_the_received_response() {
    let gateway = Gateway::memory().await;
    gateway.origin.then(ok(&[CONTROL, TAG, ("age", "20")], "one"));
    let answer = gateway.get([("if-none-match", "\"a\"")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("age")), (304, Some("20")));
}

/// RFC 9111 section 4.3.2: without `Last-Modified`, `Date` is compared.
#[tokio::test]
async fn if_modified_since_is_compared_with_date_without_last_modified() {
    let gateway = Gateway::memory().await;
    gateway.origin.then(ok(&[CONTROL], "one"));
    gateway.get([]).await;
    let later = date(5);
    assert_eq!(gateway.get([("if-modified-since", &*later)]).await.status, 304);
    let before = httpdate::fmt_http_date(super::START.to_system_time() - crate::layer::MINUTE);
    assert_eq!(gateway.get([("if-modified-since", &*before)]).await.status, 200);
}

#[tokio::test]
async fn conditions_for_the_origin_are_left_to_it() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL, TAG], "one"));
        gateway.get([]).await;
        let since = date(0);
        for condition in [("if-match", "\"b\""), ("if-unmodified-since", &*since)] {
            gateway.origin.then(say(412, &[], ""));
            let answer = gateway.get([condition]).await;
            assert_eq!((answer.status.as_u16(), answer.x_cache()), (412, None));
            let asked = gateway.origin.asked([condition.0]);
            assert_eq!(asked.last().unwrap()[0].as_deref(), Some(condition.1));
        }
        assert_eq!(gateway.page([]).await, page("Hit", "one"));
    }
}

#[tokio::test]
async fn a_part_is_cut_out_of_a_whole_response() {
    for gateway in Gateway::every().await {
        gateway
            .origin
            .then(ok(&[CONTROL, TAG, ("content-type", "text/plain")], "hello"));
        gateway.get([]).await;
        let part = gateway.get([("range", "bytes=1-3")]).await;
        assert_eq!((part.status.as_u16(), part.text()), (206, "ell"));
        assert_eq!(part.header("content-range"), Some("bytes 1-3/5"));
        assert_eq!(part.x_cache(), Some("Hit"));
        let none = gateway.get([("range", "bytes=5-")]).await;
        assert_eq!((none.status.as_u16(), none.text()), (416, ""));
        assert_eq!(none.header("content-range"), Some("bytes */5"));
        for name in ["cache-control", "etag", "content-type"] {
            assert_eq!(none.header(name), None, "nobody keeps it for the page: {name}");
        }
        for (range, condition, status) in [
            ("bytes=0-0", ("if-range", "\"a\""), 206),
            ("bytes=0-0", ("if-range", "\"b\""), 200),
            ("bytes=0-0", ("if-none-match", "\"a\""), 304),
            ("bytes=9-", ("if-range", "\"b\""), 200),
            ("lines=0-0", ("x-none", ""), 200),
        ] {
            let answer = gateway.get([("range", range), condition]).await;
            assert_eq!(answer.status, status, "{range} {condition:?}");
        }
        let head = gateway
            .app
            .send(Method::HEAD, "/a", [("range", "bytes=0-0")], "")
            .await;
        assert_eq!(
            (head.status.as_u16(), head.header("content-length")),
            (200, Some("5"))
        );
        assert_eq!(gateway.origin.runs(), 1);
    }
}

#[tokio::test]
async fn a_part_of_what_is_not_stored_is_left_to_the_service() {
    for gateway in Gateway::every().await {
        let part = [CONTROL, ("content-range", "bytes 0-0/5")];
        gateway
            .origin
            .then(say(206, &part, "h"))
            .then(ok(&[CONTROL], "hello"));
        let answer = gateway.get([("range", "bytes=0-0")]).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (206, "h"));
        assert_eq!(gateway.origin.asked(["range"]), [[Some("bytes=0-0".to_owned())]]);
        assert_eq!(
            gateway.page([]).await,
            page("Miss", "hello"),
            "nothing was stored of it"
        );
        assert_eq!(gateway.get([("range", "bytes=0-0")]).await.x_cache(), Some("Hit"));
    }
}

#[tokio::test]
async fn head_is_answered_from_what_get_has_stored() {
    for gateway in Gateway::every().await {
        let head = || gateway.app.send(Method::HEAD, "/a", [], "");
        gateway
            .origin
            .then(ok(&[CONTROL], ""))
            .then(ok(&[CONTROL], "hello"));
        assert_eq!(head().await.x_cache(), Some("Miss"));
        assert_eq!(
            gateway.page([]).await,
            page("Miss", "hello"),
            "a HEAD stores nothing"
        );
        let answer = head().await;
        assert_eq!((answer.x_cache(), answer.text()), (Some("Hit"), ""));
        assert_eq!(answer.header("content-length"), Some("5"));
    }
}

#[tokio::test]
async fn other_methods_bypass_the_cache() {
    for gateway in Gateway::every().await {
        gateway.origin.then(ok(&[CONTROL], "one"));
        gateway.get([]).await;
        for method in [Method::OPTIONS, Method::from_bytes(b"QUERY").unwrap()] {
            gateway.origin.then(ok(&[CONTROL], "other"));
            let answer = gateway.app.send(method, "/a", [], "").await;
            assert_eq!((answer.x_cache(), answer.text()), (None, "other"));
        }
        gateway.origin.then(ok(&[], "done")).then(ok(&[CONTROL], "two"));
        gateway.app.send(Method::POST, "/a", [], "").await;
        assert_eq!(gateway.page([]).await, page("Miss", "two"), "a change evicts");
    }
}
