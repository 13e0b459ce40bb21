//! Which requests bypass the cache.

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Path, State},
    http::{Method, StatusCode, request::Parts},
    routing::{any, get},
};
use handler_cache::cache;

use crate::{
    answers::{assert_bypassed, assert_replays},
    support::app::{App, Bench, Runs},
};

/// Also when the handler takes no request.
#[cache(expire = "1h")]
async fn page(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

fn pages(bench: &Bench, runs: &Runs) -> App {
    bench.app(Router::new().route("/", any(page)).with_state(runs.clone()))
}

/// `no-cache` and `no-store` in a request: nothing is read or written, none of the four headers sent.
#[tokio::test]
async fn no_cache_and_no_store_bypass_the_cache() {
    for directive in ["no-cache", "no-store"] {
        for bench in Bench::every().await {
            let runs = Runs::default();
            let app = pages(&bench, &runs);
            let bypass = [("cache-control", directive)];

            let first = app.get_with("/", bypass).await;
            assert_eq!((first.status, first.text()), (StatusCode::OK, "run 1"));
            assert_bypassed(&first);
            if let Some(server) = &bench.redis {
                assert_eq!(server.command(["DBSIZE"]), redis::Value::Int(0));
            }

            let miss = app.get("/").await;
            assert_eq!(miss.text(), "run 2", "the first was not stored");
            let past = app.get_with("/", bypass).await;
            assert_eq!((past.status, past.text()), (StatusCode::OK, "run 3"));
            assert_bypassed(&past);
            assert_replays(&app.get("/").await, &miss);

            // Nor is the condition of a bypassing request evaluated.
            let tag = miss.header("etag").expect("there is an ETag");
            let conditional = [("cache-control", directive), ("if-none-match", tag)];
            let past = app.get_with("/", conditional).await;
            assert_eq!((past.status, past.text()), (StatusCode::OK, "run 4"));
            assert_bypassed(&past);
            assert_eq!(runs.total(), 4);
        }
    }
}

/// Methods and `no-cache` count, whether or not the handler takes the request.
#[tokio::test]
async fn the_gate_works_whatever_the_handler_takes() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = pages(&bench, &runs);
        let miss = app.get("/").await;
        for run in ["run 2", "run 3"] {
            let posted = app.send(Method::POST, "/", [], Body::empty()).await;
            assert_eq!((posted.status, posted.text()), (StatusCode::OK, run));
            assert_bypassed(&posted);
        }
        let past = app.get_with("/", [("cache-control", "no-cache")]).await;
        assert_eq!(past.text(), "run 4");
        assert_bypassed(&past);
        assert_replays(&app.get("/").await, &miss);
        assert_eq!(runs.total(), 4);
    }
}

/// Directives are tokens in any case: `No-Cache` bypasses the cache, `x-no-cache-y` does not.
#[tokio::test]
async fn directives_are_tokens_in_any_case() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = pages(&bench, &runs);
        let miss = app.get("/").await;
        for line in [
            ("cache-control", "No-Cache"),
            ("cache-control", "NO-STORE"),
            ("cache-control", "max-age=60 ,\tno-CACHE"),
            ("cache-control", "x=\"a, b\", No-Store"),
            ("pragma", "No-Cache"),
        ] {
            let before = runs.total();
            assert_bypassed(&app.get_with("/", [line]).await);
            assert_eq!(runs.total(), before + 1, "{line:?}");
        }
        let before = runs.total();
        for line in [
            ("cache-control", "x-no-cache-y"),
            ("cache-control", "no-cacheable, xno-store"),
            ("cache-control", "note=\"a, no-cache, no-store\""),
            ("cache-control", "note=no-cache"),
            ("pragma", "x-no-cache-y"),
        ] {
            let hit = app.get_with("/", [line]).await;
            assert_replays(&hit, &miss);
        }
        assert_eq!(runs.total(), before);
    }
}

/// Other methods than GET get no header of the cache.
#[tokio::test]
async fn other_methods_get_no_cache_headers() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = pages(&bench, &runs);
        let methods = [
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ];
        for (number, method) in (1..).zip(methods) {
            let answer = app.send(method, "/", [], Body::empty()).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.text(), format!("run {number}"));
            assert_bypassed(&answer);
        }
        assert_eq!(
            app.get("/").await.x_cache(),
            Some("Miss"),
            "none of them was stored"
        );
    }
}

/// The two together bypass the cache as well.
#[tokio::test]
async fn no_cache_and_no_store_together_bypass() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = pages(&bench, &runs);
        let miss = app.get("/").await;
        let past = app.get_with("/", [("cache-control", "no-cache, no-store")]).await;
        assert_eq!((past.status, past.text()), (StatusCode::OK, "run 2"));
        assert_bypassed(&past);
        let past = app
            .get_with(
                "/",
                [("cache-control", "no-cache"), ("cache-control", "no-store")],
            )
            .await;
        assert_eq!((past.status, past.text()), (StatusCode::OK, "run 3"));
        assert_bypassed(&past);
        assert_replays(&app.get("/").await, &miss);
    }
}

/// Admits requests with a token.
#[derive(Debug)]
struct Staff;

impl<S: Sync> FromRequestParts<S> for Staff {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let token = parts.headers.get("authorization").map(|token| token.as_bytes());
        match token {
            Some(b"Bearer alice" | b"Bearer bob") => Ok(Self),
            _ => Err((StatusCode::UNAUTHORIZED, "who are you?")),
        }
    }
}

#[cache(expire = "1h")]
async fn report(_: Staff, State(runs): State<Runs>) -> String {
    format!("secret, run {}", runs.increment())
}

/// Extractors run on every request, so an anonymous client never gets an authorised one's entry.
#[tokio::test]
async fn a_guard_runs_before_the_cached_response() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = bench.app(
            Router::new()
                .route("/report", get(report))
                .with_state(runs.clone()),
        );
        let miss = app.get_with("/report", [("authorization", "Bearer alice")]).await;
        assert_eq!((miss.status, miss.text()), (StatusCode::OK, "secret, run 1"));
        assert_eq!(miss.header("cache-control"), Some("private, no-cache"));

        for line in [
            ("accept", "*/*"),
            ("authorization", "Bearer mallory"),
            ("if-none-match", "*"),
            ("cache-control", "only-if-cached"),
        ] {
            let refused = app.get_with("/report", [line]).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{line:?}");
            assert_eq!(refused.text(), "who are you?");
            assert_bypassed(&refused);
        }
        let refused = app.send(Method::HEAD, "/report", [], Body::empty()).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);

        let hit = app.get_with("/report", [("authorization", "Bearer bob")]).await;
        assert_replays(&hit, &miss);
        assert_eq!(runs.total(), 1);
    }
}

#[cache(expire = 60, key = text[..3].to_owned())]
async fn sliced(Path(text): Path<String>) -> String {
    text
}

#[tokio::test]
async fn p1_key_that_panics_is_a_bypass() {
    let bench = Bench::memory().await;
    let app = bench.app(Router::new().route("/{text}", get(sliced)));
    for _ in 0..2 {
        let answer = app.get("/ab").await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "ab"));
        assert_ne!(answer.x_cache(), Some("Hit"));
    }
}
