//! `Expires` of responses while the clock of the Redis server differs from this machine's.

use std::time::{Duration, SystemTime};

use axum::{Router, http::header, response::IntoResponse, routing::get};
use handler_cache::{Cache, cache};
use httpdate::{fmt_http_date, parse_http_date};

use crate::support::{
    RedisServer,
    app::{App, PATIENCE},
    link::Link,
};

#[cache(expire = 60, name = "plain", client_max_age = "remaining")]
async fn plain() -> &'static str {
    "plain"
}

const UNTIL_EXPIRES: Duration = Duration::from_secs(30);

/// Writes `Expires` by its machine's clock, as handlers do.
#[cache(expire = "1 day", name = "expiring")]
async fn expiring() -> impl IntoResponse {
    [(header::EXPIRES, fmt_http_date(SystemTime::now() + UNTIL_EXPIRES))]
}

#[tokio::test]
async fn expires_follows_this_machines_clock_however_far_redis_is_off() {
    for ahead in [7200, -7200] {
        let server = RedisServer::start();
        let link = Link::to(&server).ahead(ahead).start().await;
        let builder = Cache::builder().prefix("test").url(link.url());
        let cache = builder.store_budget(PATIENCE).build().await.unwrap();
        let router = Router::new()
            .route("/expiring", get(expiring))
            .route("/plain", get(plain));
        let app = App(router.layer(cache.attach()));

        app.get("/expiring").await;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !server.exists("test:expiring()") {
            assert!(
                tokio::time::Instant::now() < deadline,
                "{ahead} s ahead: the response counts as expired"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let left = server.pttl("test:expiring()");
        assert!((1..=30_000).contains(&left), "{ahead} s ahead: {left} ms");

        let answer = app.get("/plain").await;
        let expires = parse_http_date(answer.header("expires").expect("the header is sent")).unwrap();
        let now = SystemTime::now();
        let minutes = Duration::from_secs(120);
        assert!(
            now - minutes < expires && expires < now + minutes,
            "{ahead} s ahead: {expires:?}"
        );
    }
}
