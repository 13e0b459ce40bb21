//! Which outcomes of a handler evict, and the response when an eviction fails.

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::put as on_put,
};
use handler_cache::{
    Cache, cache, cache_evict,
    key::{CacheKeyPart, KeyError, KeyWriter},
};

use super::{
    LISTS, PAGE_1, PAGE_2, Shop, list, page, put, shop,
    support::{RedisServer, app::Bench, log::Log},
    warm,
};

/// Answers with the requested status.
#[cache_evict(page(Path(id)), list(..))]
async fn change(Path((id, kind, status)): Path<(u32, String, u16)>) -> Result<Response, Response> {
    let response = StatusCode::from_u16(status)
        .expect("the test sends statuses")
        .into_response();
    assert_eq!(id, 1);
    match &*kind {
        "ok" => Ok(response),
        _ => Err(response),
    }
}

fn routes() -> Router<Shop> {
    Router::new().route("/pages/{id}/{kind}/{status}", on_put(change))
}

#[tokio::test]
async fn success_evicts_before_the_response_is_sent() {
    for bench in Bench::every().await {
        let app = shop(&bench, &Shop::new(), routes());
        for status in [200, 201, 204, 302, 303, 304] {
            warm(&bench, &app, [PAGE_1, PAGE_2, LISTS[0], LISTS[1]]).await;
            let answer = put(&app, &format!("/pages/1/ok/{status}")).await;
            assert_eq!(answer.status.as_u16(), status);
            for path in [PAGE_1, LISTS[0], LISTS[1]] {
                assert_eq!(
                    app.get(path).await.x_cache(),
                    Some("Miss"),
                    "{path} after {status}"
                );
            }
            assert_eq!(app.get(PAGE_2).await.x_cache(), Some("Hit"));
            bench.settled().await;
        }
    }
}

#[tokio::test]
async fn failure_evicts_nothing() {
    for bench in Bench::every().await {
        let app = shop(&bench, &Shop::new(), routes());
        warm(&bench, &app, [PAGE_1, LISTS[0]]).await;
        for outcome in ["ok/400", "ok/404", "ok/500", "err/200", "err/303", "err/500"] {
            let answer = put(&app, &format!("/pages/1/{outcome}")).await;
            assert!(outcome.ends_with(answer.status.as_str()));
            for path in [PAGE_1, LISTS[0]] {
                assert_eq!(
                    app.get(path).await.x_cache(),
                    Some("Hit"),
                    "{path} after {outcome}"
                );
            }
        }
        // An extractor rejects it, so the handler does not run.
        let answer = put(&app, "/pages/one/ok/200").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(app.get(LISTS[0]).await.x_cache(), Some("Hit"));
    }
}

#[tokio::test]
async fn eviction_leaves_nothing_of_itself_in_the_response() {
    let bench = Bench::memory().await;
    let answer = put(&shop(&bench, &Shop::new(), routes()), "/pages/1/ok/201").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(answer.body.is_empty());
    let names: Vec<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["content-length"]);
}

#[tokio::test]
async fn p1_request_succeeds_though_redis_is_gone_and_one_warning_is_logged() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.subscriber());
    let mut bench = Bench::on(RedisServer::start()).await;
    let app = shop(&bench, &Shop::new(), routes());
    bench.redis.as_mut().expect("it is on Redis").kill();

    assert_eq!(put(&app, "/pages/1/ok/200").await.status, StatusCode::OK);

    let logged = log.text();
    assert_eq!(logged.matches("FAILED_TO_EVICT").count(), 1, "{logged}");
    for what in ["page(id=1)", "test:#h:", "list"] {
        assert!(logged.contains(what), "{logged}");
    }
}

#[tokio::test]
async fn p1_request_succeeds_while_redis_is_silent() {
    let server = RedisServer::start();
    let cache = Cache::builder().prefix("test").url(server.url());
    let cache = cache.build().await.unwrap();
    let router = routes().with_state(Shop::new()).layer(cache.attach());
    server.freeze();
    let answer = put(&super::App(router), "/pages/1/ok/200").await;
    assert_eq!(answer.status, StatusCode::OK);
    server.thaw();
}

/// Has no key text for visitors who are signed in.
#[derive(Clone, Copy, serde::Deserialize)]
struct Visitor(u32);

impl CacheKeyPart for Visitor {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        match self.0 {
            0 => key.str("anonymous"),
            _ => Err(KeyError::new("signed in")),
        }
    }
}

#[cache(expire = "1h")]
async fn greeting(visitor: Path<Visitor>) -> String {
    format!("hello, {}", visitor.0.0)
}

#[cache_evict(greeting(Path(visitor)), page(Path(1)))]
async fn rename(Path(visitor): Path<Visitor>) -> String {
    format!("bye, {}", visitor.0)
}

#[tokio::test]
async fn p1_target_without_a_key_is_logged_and_the_others_are_evicted() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.subscriber());
    let bench = Bench::memory().await;
    let routes = Router::new().route("/names/{visitor}", on_put(rename));
    let app = shop(&bench, &Shop::new(), routes);

    warm(&bench, &app, [PAGE_1]).await;
    assert_eq!(put(&app, "/names/7").await.text(), "bye, 7");

    let logged = log.text();
    assert_eq!(logged.matches("FAILED_TO_EVICT").count(), 1, "{logged}");
    assert!(
        logged.contains("greeting") && logged.contains("signed in"),
        "{logged}"
    );
    assert_eq!(app.get(PAGE_1).await.x_cache(), Some("Miss"));
}
