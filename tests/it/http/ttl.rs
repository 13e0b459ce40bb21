//! TTLs of entries.

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use handler_cache::{
    CacheBuilder, cache, cache_one_day, cache_one_hour, cache_one_minute, cache_one_month, cache_one_week,
    cache_one_year, policy::ClientMaxAge,
};

use crate::{
    handlers::origin::{Origin, at_root, pages, secs, stored},
    support::app::{App, Bench},
};

const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;

/// Sends clients the remaining TTL.
fn telling(builder: CacheBuilder) -> CacheBuilder {
    builder.client_max_age(ClientMaxAge::Remaining)
}

/// Asserts that an entry is served for exactly `ttl`, and that clients get the remaining TTL.
async fn assert_ttl(bench: &Bench, app: &App, ttl: Duration) {
    let miss = app.get("/").await;
    assert_eq!(miss.x_cache(), Some("Miss"));
    assert_eq!(
        miss.header("cache-control"),
        Some(&*format!("private, max-age={}", ttl.as_secs()))
    );
    stored(app, "/").await;
    bench.clock.advance(ttl - Duration::from_millis(1));
    let hit = app.get("/").await;
    assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), miss.text()), "{ttl:?}");
    bench.clock.advance(Duration::from_millis(1));
    let next = app.get("/").await;
    assert_eq!(next.x_cache(), Some("Miss"), "{ttl:?}");
    assert_ne!(next.text(), miss.text());
}

const FRACTIONAL_TTL: Duration = Duration::from_millis(62_500);

/// A handler with its attribute, at `/`. Within one function each needs a name of its own, else they are one.
macro_rules! routed {
    ($name:ident, #[$attribute:meta]) => {{
        #[$attribute]
        async fn $name(State(origin): State<Origin>) -> Response {
            origin.answer().await
        }
        at_root(get($name), &Origin::counting())
    }};
}

#[tokio::test]
async fn every_form_of_expire_is_kept_to_the_millisecond() {
    for bench in Bench::every_with(telling).await {
        let routers: [(Router, Duration); 6] = [
            (routed!(thirty, #[cache(expire = 30)]), secs(30)),
            (routed!(text, #[cache(expire = "1h 30m")]), secs(5400)),
            (
                routed!(millis, #[cache(expire = "1m 500ms")]),
                Duration::from_millis(60_500),
            ),
            (routed!(days, #[cache(expire = "2 days")]), secs(2 * DAY)),
            (
                routed!(constant, #[cache(expire = FRACTIONAL_TTL)]),
                FRACTIONAL_TTL,
            ),
            (
                routed!(expression, #[cache(expire = Duration::from_secs(70))]),
                secs(70),
            ),
        ];
        for (router, ttl) in routers {
            assert_ttl(&bench, &bench.app(router), ttl).await;
        }
    }
}

#[tokio::test]
async fn below_a_second_works() {
    // The store's own clock runs while this test does, so its entry may be gone early: never late.
    let bench = Bench::memory_with(telling).await;
    let router = routed!(short, #[cache(expire = "150ms")]);
    assert_ttl(&bench, &bench.app(router), Duration::from_millis(150)).await;
    for bench in Bench::every_with(telling).await {
        let app = bench.app(routed!(shorter, #[cache(expire = "150ms")]));
        assert_eq!(app.get("/").await.text(), "run 1");
        bench.clock.advance(Duration::from_millis(150));
        assert_eq!(app.get("/").await.text(), "run 2");
    }
}

#[tokio::test]
async fn every_preset_has_the_ttl_of_its_name() {
    for bench in Bench::every_with(telling).await {
        let routers: [(Router, u64); 6] = [
            (routed!(minute, #[cache_one_minute]), 60),
            (routed!(hour, #[cache_one_hour]), 3600),
            (routed!(day, #[cache_one_day]), DAY),
            (routed!(week, #[cache_one_week]), 7 * DAY),
            (routed!(month, #[cache_one_month]), 30 * DAY),
            (routed!(year, #[cache_one_year]), YEAR),
        ];
        for (router, ttl) in routers {
            assert_ttl(&bench, &bench.app(router), secs(ttl)).await;
        }
    }
}

#[tokio::test]
async fn never_is_a_year_at_the_most() {
    for bench in Bench::every_with(telling).await {
        let app = bench.app(routed!(never, #[cache(expire = "never")]));
        assert_ttl(&bench, &app, secs(YEAR)).await;
    }
}

#[tokio::test]
async fn without_expire_the_cache_says_how_long() {
    for bench in Bench::every_with(|builder| telling(builder).default_expire(secs(42))).await {
        let app = bench.app(routed!(default, #[cache]));
        assert_ttl(&bench, &app, secs(42)).await;
        let app = bench.app(routed!(own, #[cache(expire = 33)]));
        assert_ttl(&bench, &app, secs(33)).await;
    }
    for bench in Bench::every_with(telling).await {
        let app = bench.app(routed!(year_long, #[cache()]));
        assert_ttl(&bench, &app, secs(YEAR)).await;
    }
}

#[tokio::test]
async fn the_handler_may_shorten_the_ttl_and_never_lengthens_it() {
    for bench in Bench::every_with(telling).await {
        for (line, ttl) in [
            (("cache-control", "max-age=30"), 30),
            (("cache-control", "max-age=40, s-maxage=20"), 20),
            (("cache-control", "s-maxage=40, max-age=20"), 40),
            (("cache-control", "max-age=600"), 60),
            (("cache-control", "public"), 60),
            (("expires", "Fri, 31 Dec 9999 23:59:59 GMT"), 60),
        ] {
            let origin = Origin::new(move |run| ([line], format!("run {run}")));
            let app = bench.app(pages(&origin));
            let path = format!("/{}/{}", line.0, line.1.replace([' ', ','], "-"));
            assert_eq!(app.get(&path).await.text(), "run 1", "{line:?}");
            stored(&app, &path).await;
            bench.clock.advance(secs(ttl - 1));
            assert_eq!(app.get(&path).await.text(), "run 1", "{line:?}");
            bench.clock.advance(secs(1));
            assert_eq!(app.get(&path).await.text(), "run 2", "{line:?}");
        }
    }
}

#[cache(expire = 60)]
async fn item(Path(id): Path<u32>, State(origin): State<Origin>) -> Response {
    let _ = id;
    origin.answer().await
}

#[tokio::test]
async fn each_entry_has_its_own_ttl() {
    for bench in Bench::every_with(telling).await {
        let origin = Origin::counting();
        let app = bench.app(Router::new().route("/{id}", get(item)).with_state(origin.clone()));
        app.get("/1").await;
        stored(&app, "/1").await;
        bench.clock.advance(secs(40));
        app.get("/2").await;
        stored(&app, "/2").await;
        bench.clock.advance(secs(40));
        assert_eq!(
            app.get("/2").await.header("cache-control"),
            Some("private, max-age=20")
        );
        assert_eq!(app.get("/1").await.x_cache(), Some("Miss"));
        origin.ran(3);
    }
}
