//! `.http()`: a shared cache by RFC 9111, in front of a service that sends its own `Cache-Control`.
//!
//! `docs/rfc9111.md` says which requirement each test is for.

mod conditions;
mod failures;
mod freshness;
mod requests;
mod validation;
mod variants;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
    routing::any,
};
use handler_cache::layer::CacheLayer;

use crate::support::app::{Answer, App, Bench, START};

const TAG: (&str, &str) = ("etag", "\"a\"");

/// The responses of the origin.
#[derive(Debug, Clone)]
struct Say {
    status: u16,
    headers: HeaderMap,
    body: &'static str,
}

fn say(status: u16, headers: &[(&str, &str)], body: &'static str) -> Say {
    let headers = headers.iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("it is a name");
        (
            name,
            HeaderValue::from_bytes(value.as_bytes()).expect("it is a value"),
        )
    });
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name, value);
    }
    Say {
        status,
        headers: map,
        body,
    }
}

fn ok(headers: &[(&str, &str)], body: &'static str) -> Say {
    say(200, headers, body)
}

/// A service that answers with the responses of the test, in order, and records the requests.
#[derive(Debug, Clone, Default)]
struct Origin {
    answers: Arc<Mutex<VecDeque<Say>>>,
    asked: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Origin {
    /// Adds its next response.
    fn then(&self, say: Say) -> &Self {
        lock(&self.answers).push_back(say);
        self
    }

    /// The requests since the last time, each by these fields.
    #[track_caller]
    fn asked<const N: usize>(&self, names: [&str; N]) -> Vec<[Option<String>; N]> {
        let asked = std::mem::take(&mut *lock(&self.asked));
        let field = |headers: &HeaderMap, name| {
            Some(headers.get(name)?.to_str().expect("the field is text").to_owned())
        };
        asked
            .iter()
            .map(|headers| names.map(|name| field(headers, name)))
            .collect()
    }

    /// How many requests there were since the last time.
    fn runs(&self) -> usize {
        self.asked([]).len()
    }

    fn router(&self) -> Router {
        Router::new().fallback(any(answer)).with_state(self.clone())
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(origin): State<Origin>, request: Request) -> Response {
    lock(&origin.asked).push(request.headers().clone());
    let say = lock(&origin.answers).pop_front();
    let say = say.expect("the test says what the origin answers");
    let mut response = Response::new(Body::from(say.body));
    *response.status_mut() = say.status.try_into().expect("it is a status");
    *response.headers_mut() = say.headers;
    response
}

/// An origin behind a cache.
struct Gateway {
    origin: Origin,
    app: App,
    bench: Bench,
}

impl Gateway {
    async fn every() -> Vec<Self> {
        Self::every_with(CacheLayer::new().http()).await
    }

    async fn every_with(layer: CacheLayer) -> Vec<Self> {
        let benches = Bench::every().await;
        benches
            .into_iter()
            .map(|bench| Self::on(bench, layer.clone()))
            .collect()
    }

    async fn memory() -> Self {
        Self::on(Bench::memory().await, CacheLayer::new().http())
    }

    fn on(bench: Bench, layer: CacheLayer) -> Self {
        let origin = Origin::default();
        let app = bench.app(origin.router().layer(layer));
        Self { origin, app, bench }
    }

    /// Requests `/a`, and waits until it is stored.
    async fn get<const N: usize>(&self, headers: [(&str, &str); N]) -> Answer {
        let answer = self.app.get_with("/a", headers).await;
        self.bench.settled().await;
        answer
    }

    /// As [`get`](Self::get), but returns only `x-cache` and the body.
    async fn page<const N: usize>(&self, headers: [(&str, &str); N]) -> (String, String) {
        let answer = self.get(headers).await;
        let x_cache = answer.x_cache().unwrap_or("none").to_owned();
        (x_cache, answer.text().to_owned())
    }

    fn wait(&self, seconds: u64) {
        self.bench.clock.advance(Duration::from_secs(seconds));
    }
}

fn page(x_cache: &str, body: &str) -> (String, String) {
    (x_cache.to_owned(), body.to_owned())
}

/// The HTTP date this many seconds after the beginning of the test.
fn date(seconds: u64) -> String {
    let time = START + Duration::from_secs(seconds);
    httpdate::fmt_http_date(time.to_system_time())
}
