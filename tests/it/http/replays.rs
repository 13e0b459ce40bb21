//! Which responses are stored, and that hits have the same status, headers and body.

use axum::{
    Extension, Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use handler_cache::cache;
use serde_json::{Value, json};

use crate::{
    answers::assert_replays,
    support::app::{Answer, Bench, Runs},
};

macro_rules! handlers {
    ($($name:ident: $type:ty = $value:expr;)*) => {$(
        #[cache(expire = "1h")]
        async fn $name(State(runs): State<Runs>) -> $type {
            runs.increment();
            $value
        }
    )*};
}

handlers! {
    nothing: () = ();
    number: Json<u64> = Json(42);
    null: Json<Option<u8>> = Json(None);
    no_content: StatusCode = StatusCode::NO_CONTENT;
    text: &'static str = "text";
    page: Html<String> = Html("<p>".to_owned());
    binary: Bytes = Bytes::from_static(b"\0\xff\r\n\xf5hce");
    moved: Redirect = Redirect::permanent("/text");
    fallible: Result<String, StatusCode> = Ok("good".to_owned());
    opaque: impl IntoResponse = (StatusCode::NON_AUTHORITATIVE_INFORMATION, [("x-part", "1")], "parts");
    whole: Response = "whole".into_response();
}

/// Every type that implements `IntoResponse` is cached.
#[tokio::test]
async fn whatever_axum_can_answer_with_is_cached() {
    let json = Some("application/json");
    let plain = Some("text/plain; charset=utf-8");
    let cases: [(&str, u16, Option<&str>, &[u8]); 11] = [
        ("/nothing", 200, None, b""),
        ("/number", 200, json, b"42"),
        ("/null", 200, json, b"null"),
        ("/no-content", 204, None, b""),
        ("/text", 200, plain, b"text"),
        ("/page", 200, Some("text/html; charset=utf-8"), b"<p>"),
        (
            "/binary",
            200,
            Some("application/octet-stream"),
            b"\0\xff\r\n\xf5hce",
        ),
        ("/moved", 308, None, b""),
        ("/fallible", 200, plain, b"good"),
        ("/opaque", 203, plain, b"parts"),
        ("/whole", 200, plain, b"whole"),
    ];
    for bench in Bench::every().await {
        let runs = Runs::default();
        let router = Router::new()
            .route("/nothing", get(nothing))
            .route("/number", get(number))
            .route("/null", get(null))
            .route("/no-content", get(no_content))
            .route("/text", get(text))
            .route("/page", get(page))
            .route("/binary", get(binary))
            .route("/moved", get(moved))
            .route("/fallible", get(fallible))
            .route("/opaque", get(opaque))
            .route("/whole", get(whole));
        let app = bench.app(router.with_state(runs.clone()));
        for (path, status, content_type, body) in cases {
            let miss = app.get(path).await;
            assert_eq!(miss.status.as_u16(), status, "{path}");
            assert_eq!(miss.header("content-type"), content_type, "{path}");
            assert_eq!(miss.body, body, "{path}");
            bench.settled().await;
            assert_replays(&app.get(path).await, &miss);
        }
        assert_eq!(app.get("/moved").await.header("location"), Some("/text"));
        assert_eq!(app.get("/opaque").await.header("x-part"), Some("1"));
        assert_eq!(runs.total(), cases.len());
    }
}

#[cache(expire = "1h")]
async fn marked(State(runs): State<Runs>) -> impl IntoResponse {
    let links = AppendHeaders([("link", "</a>"), ("x-run", "1"), ("link", "</b>")]);
    runs.increment();
    (StatusCode::NON_AUTHORITATIVE_INFORMATION, links, "marked")
}

#[cache(expire = "1h")]
async fn accepted(State(runs): State<Runs>) -> impl IntoResponse {
    let run = runs.increment().to_string();
    (StatusCode::ACCEPTED, [("x-run", run)], "accepted")
}

/// A hit has the status and all headers of the handler, repeated ones too. A
/// 202 says that work is still pending, so it is not stored.
#[tokio::test]
async fn status_and_headers_survive() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let router = Router::new()
            .route("/marked", get(marked))
            .route("/accepted", get(accepted));
        let app = bench.app(router.with_state(runs.clone()));
        let miss = app.get("/marked").await;
        bench.settled().await;
        let hit = app.get("/marked").await;
        assert_replays(&hit, &miss);
        assert_eq!(hit.status, StatusCode::NON_AUTHORITATIVE_INFORMATION);
        assert_eq!(lines(&hit, "link"), ["</a>", "</b>"]);
        assert_eq!(hit.header("x-run"), Some("1"));
        assert_eq!(runs.total(), 1);

        for run in ["2", "3"] {
            let answer = app.get("/accepted").await;
            assert_eq!((answer.status, answer.text()), (StatusCode::ACCEPTED, "accepted"));
            assert_eq!(answer.header("x-run"), Some(run));
            assert_eq!(answer.x_cache(), Some("Miss"));
            assert_eq!(
                answer.header("cache-control"),
                Some("private, no-cache"),
                "nobody is to keep it"
            );
        }
    }
}

fn lines<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let lines = answer.headers.get_all(name).iter();
    lines
        .map(|line| line.to_str().expect("the header is text"))
        .collect()
}

#[cache(expire = "1h")]
async fn absent(State(runs): State<Runs>) -> (StatusCode, Json<Value>) {
    let run = runs.increment();
    (StatusCode::NOT_FOUND, Json(json!({ "run": run })))
}

#[cache(expire = "1h", not_found = "1m", client_max_age = "remaining")]
async fn absent_for_a_while(State(runs): State<Runs>) -> (StatusCode, Json<Value>) {
    let run = runs.increment();
    (StatusCode::NOT_FOUND, Json(json!({ "run": run })))
}

/// A 404 is stored only with `not_found`, and stays a 404.
#[tokio::test]
async fn a_404_stays_a_404_and_is_stored_only_with_not_found() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let router = Router::new()
            .route("/absent", get(absent))
            .route("/kept", get(absent_for_a_while));
        let app = bench.app(router.with_state(runs.clone()));
        for body in [r#"{"run":1}"#, r#"{"run":2}"#] {
            let answer = app.get("/absent").await;
            assert_eq!((answer.status, answer.text()), (StatusCode::NOT_FOUND, body));
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.x_cache(), Some("Miss"));
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        }

        let miss = app.get("/kept").await;
        assert_eq!(
            (miss.status, miss.text()),
            (StatusCode::NOT_FOUND, r#"{"run":3}"#)
        );
        assert_eq!(miss.header("cache-control"), Some("private, max-age=60"));
        bench.settled().await;
        assert_replays(&app.get("/kept").await, &miss);
        assert_eq!(runs.total(), 3);
    }
}

#[cache(expire = "1h")]
async fn log_in(State(runs): State<Runs>) -> impl IntoResponse {
    let run = runs.increment();
    let cookies = AppendHeaders([
        (header::SET_COOKIE, format!("session={run}; HttpOnly")),
        (header::SET_COOKIE, "theme=dark".to_owned()),
    ]);
    (cookies, "welcome")
}

/// Responses with cookies are not stored, and keep all of them.
#[tokio::test]
async fn cookies_are_neither_stored_nor_lost() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let router = Router::new().route("/", get(log_in));
        let app = bench.app(router.with_state(runs.clone()));
        for run in 1..=3 {
            let answer = app.get("/").await;
            assert_eq!((answer.status, answer.text()), (StatusCode::OK, "welcome"));
            let own = format!("session={run}; HttpOnly");
            assert_eq!(lines(&answer, "set-cookie"), [&own, "theme=dark"]);
            assert_eq!(answer.x_cache(), Some("Miss"));
            assert_eq!(runs.total(), run);
        }
        if let Some(server) = &bench.redis {
            assert!(!server.exists(&format!("test:{}", log_in::key())));
        }
    }
}

/// Read by an outer layer.
#[derive(Clone)]
struct Audited;

#[cache(expire = 60)]
async fn audited() -> impl IntoResponse {
    (Extension(Audited), "audited")
}

#[tokio::test]
async fn miss_keeps_the_extensions_of_the_handlers_response() {
    let bench = Bench::memory().await;
    let app = bench.app(Router::new().route("/", get(audited)));
    let response = app.open("/").await;
    assert!(response.extensions().get::<Audited>().is_some());
}
