//! Layers around services of all kinds, and nested layers.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Method, Request, Response},
    middleware::map_response,
    response::IntoResponse,
    routing::get,
};
use bytes::Bytes;
use futures_util::future::{Ready, ready};
use handler_cache::{Policy, cache, layer::CacheLayer};
use http_body_util::{BodyExt, Empty, Full};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::compression::CompressionLayer;

use super::{
    MINUTE, app, page, pages,
    support::app::{Bench, Runs, eventually},
};

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await;
    let body = body.expect("the body ends well").to_bytes();
    String::from_utf8(body.to_vec()).expect("the body is text")
}

#[derive(Debug, PartialEq)]
struct Away;

/// Without axum: another body, and errors of its own.
#[tokio::test]
async fn any_service_is_cached_and_its_errors_are_its_own() {
    for bench in Bench::every().await {
        let fails = Arc::new(AtomicBool::new(false));
        let runs = Runs::default();
        let (failing, counting) = (Arc::clone(&fails), runs.clone());
        let service = service_fn(move |_: Request<Empty<Bytes>>| {
            let run = counting.increment();
            ready(match failing.load(Ordering::SeqCst) {
                false => Ok(Response::new(Full::new(Bytes::from(format!("run {run}"))))),
                true => Err(Away),
            })
        });
        let policy = Policy::new().expire(MINUTE).stale_if_error(MINUTE);
        let layer = CacheLayer::with_cache(&bench.cache).policy(policy);
        let service = ServiceBuilder::new().layer(layer).service(service);
        let ask = async |path| {
            let response = service
                .clone()
                .oneshot(Request::get(path).body(Empty::new()).unwrap())
                .await;
            match response {
                Ok(response) => Ok(text(response).await),
                Err(away) => Err(away),
            }
        };
        fails.store(true, Ordering::SeqCst);
        assert_eq!(ask("/a").await, Err(Away));
        fails.store(false, Ordering::SeqCst);
        assert_eq!(ask("/a").await.unwrap(), "run 2");
        bench.settled().await;
        assert_eq!(ask("/a").await.unwrap(), "run 2");
        fails.store(true, Ordering::SeqCst);
        bench.clock.advance(MINUTE);
        assert_eq!(
            ask("/a").await.unwrap(),
            "run 2",
            "an old page is better than none"
        );
        assert_eq!(ask("/b").await, Err(Away));
    }
}

/// Must be polled for readiness before each call.
#[derive(Debug, Default)]
struct Careful {
    ready: bool,
}

impl Clone for Careful {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<Body>> for Careful {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called before it was ready");
        ready(Ok(Response::new(Body::from("ready"))))
    }
}

#[tokio::test]
async fn service_that_was_ready_is_the_one_called() {
    for bench in Bench::every().await {
        let mut service = ServiceBuilder::new()
            .layer(CacheLayer::with_cache(&bench.cache).exclude(["/past"]))
            .service(Careful::default());
        for path in ["/a", "/a", "/past", "/b"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            assert_eq!(text(response).await, "ready");
        }
        let request = Request::post("/a").body(Body::empty()).unwrap();
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(text(response).await, "ready");
    }
}

#[cache(expire = 60)]
async fn by_attribute(Path(id): Path<u64>, State(runs): State<Runs>) -> String {
    format!("page {id}, run {}", runs.increment())
}

/// The attribute is more specific, so the layer does not cache its handlers.
#[tokio::test]
async fn handler_with_the_attribute_is_not_cached_twice() {
    for bench in Bench::every().await {
        let router = Router::new()
            .route("/{id}", get(by_attribute).put(async || "changed"))
            .route("/other/{id}", get(page))
            .with_state(Runs::default());
        let layer = CacheLayer::new().evict_on(Method::PUT, "/{id}", ["/other/{id}"]);
        let app = bench.app(router.layer(layer));
        for x_cache in ["Miss", "Hit", "Hit"] {
            assert_eq!(app.get("/1").await.x_cache(), Some(x_cache));
            bench.settled().await;
        }
        bench.cache.evict(by_attribute::key(Path(1))).await.unwrap();
        assert_eq!(
            app.get("/1").await.text(),
            "page 1, run 2",
            "the layer has no copy of it"
        );
        let stored = async || bench.cache.stats().total.stored == 2;
        eventually("the attribute alone stores, twice", stored).await;

        // The layer evicts its own entries.
        assert_eq!(app.get("/other/1").await.x_cache(), Some("Miss"));
        bench.settled().await;
        app.send(Method::PUT, "/1", [], "").await;
        assert_eq!(app.get("/other/1").await.x_cache(), Some("Miss"));
    }
}

/// Compression happens outside the layer, for each client as it accepts it.
#[tokio::test]
async fn compression_goes_around_the_cache() {
    let bench = Bench::memory().await;
    let long = get(async |State(runs): State<Runs>| format!("{} run {}", "x".repeat(2000), runs.increment()));
    let router = Router::new().route("/", long).with_state(Runs::default());
    let app = bench.app(router.layer(CacheLayer::new()).layer(CompressionLayer::new()));
    let coded = app.get_with("/", [("accept-encoding", "gzip")]).await;
    assert_eq!(coded.header("content-encoding"), Some("gzip"));
    let plain = app.get("/").await;
    assert_eq!(
        (plain.x_cache(), plain.header("content-encoding")),
        (Some("Hit"), None)
    );
    assert!(plain.text().ends_with("run 1"));
}

#[tokio::test]
async fn one_route_can_have_a_layer_of_its_own() {
    let bench = Bench::memory().await;
    let router = Router::new()
        .route("/cached", get(page).layer(CacheLayer::new().expire(MINUTE)))
        .route("/plain", get(page))
        .with_state(Runs::default());
    let router = bench.app(router);
    assert_eq!(router.get("/cached").await.x_cache(), Some("Miss"));
    assert_eq!(router.get("/cached").await.x_cache(), Some("Hit"));
    assert_eq!(router.get("/plain").await.x_cache(), None);
    let whole = app(&bench, CacheLayer::with_cache(&bench.cache));
    assert_eq!(whole.get("/whole").await.x_cache(), Some("Miss"));
    drop(pages());
}

/// The inner one would wait for the fill that it is a part of.
#[tokio::test]
async fn of_two_layers_the_outer_one_caches() {
    for bench in Bench::every().await {
        for (inner, outer) in [
            (CacheLayer::new(), CacheLayer::new().expire(MINUTE)),
            (CacheLayer::new().http(), CacheLayer::new().http().expire(MINUTE)),
        ] {
            bench.cache.clear().await.unwrap();
            let within = Router::new()
                .route("/a", get(page).layer(inner))
                .with_state(Runs::default());
            let app = bench.app(within.layer(outer));
            let first = app.get("/a").await;
            bench.settled().await;
            assert_eq!((first.x_cache(), first.text()), (Some("Miss"), "/a, run 1"));
            assert_eq!(app.get("/a").await.x_cache(), Some("Hit"));
            bench.clock.advance(MINUTE);
        }
        assert_eq!(
            bench.cache.stats().total.misses,
            2,
            "the inner ones have no part in it"
        );
    }
}

/// Whichever of the two layers caches the request, the middleware between them runs once.
#[tokio::test]
async fn p7_middleware_between_two_layers_is_neither_skipped_nor_repeated() {
    async fn bracketed(response: Response<Body>) -> Response<Body> {
        format!("<{}>", text(response).await).into_response()
    }
    for bench in Bench::every().await {
        let outer = CacheLayer::new()
            .expire(MINUTE)
            .admit(|request| !request.headers.contains_key("x-preview"));
        let router = Router::new()
            .route("/a", get(async || "secret"))
            .layer(CacheLayer::new().expire(MINUTE))
            .layer(map_response(bracketed))
            .layer(outer);
        let app = bench.app(router);
        for round in 0..3 {
            let previewed = app.get_with("/a", [("x-preview", "1")]).await;
            bench.settled().await;
            let page = app.get("/a").await;
            bench.settled().await;
            assert_eq!(
                (previewed.text(), page.text()),
                ("<secret>", "<secret>"),
                "{round}"
            );
        }
    }
}

/// Its length is what the client gets, not what was stored.
#[tokio::test]
async fn a_layer_outside_may_change_the_body_of_a_hit() {
    async fn longer(response: Response<Body>) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        parts.headers.remove("etag");
        let all = body.collect().await.unwrap().to_bytes();
        Response::from_parts(parts, Body::from([&all[..], b" and more"].concat()))
    }
    for bench in Bench::every().await {
        let layered = Router::new()
            .route("/a", get(async || "hello"))
            .layer(CacheLayer::new().expire(MINUTE));
        let app = bench.app(layered.layer(map_response(longer)));
        for x_cache in ["Miss", "Hit", "Hit"] {
            let answer = app.get("/a").await;
            bench.settled().await;
            assert_eq!(
                (answer.x_cache(), answer.header("content-length")),
                (Some(x_cache), Some("14"))
            );
        }
    }
}
