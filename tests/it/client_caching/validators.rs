//! Validators: headers of hits and misses, and responses to conditional requests.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, Method, Request, StatusCode},
    routing::get,
};
use handler_cache::cache;

use crate::{
    answers::assert_replays,
    support::app::{Answer, App, Bench, Runs},
};

#[cache(expire = 3600, client_max_age = "remaining")]
async fn counted(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

#[cache(client_max_age = "remaining")]
async fn kept_by_default(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

#[cache(expire = 3600, client_max_age = "remaining")]
async fn known(State(runs): State<Runs>) -> &'static str {
    runs.increment();
    "abc"
}

fn app(bench: &Bench, runs: &Runs) -> App {
    bench.app(
        Router::new()
            .route("/", get(counted))
            .route("/default", get(kept_by_default))
            .route("/known", get(known))
            .with_state(runs.clone()),
    )
}

#[track_caller]
fn etag(answer: &Answer) -> &str {
    answer.header("etag").expect("there is an ETag")
}

/// A miss and a hit have `Cache-Control`, `Expires`, `ETag` and `x-cache`; the hit has the remaining time.
#[tokio::test]
async fn a_hit_has_the_remaining_ttl() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = app(&bench, &runs);
        let miss = app.get("/").await;
        assert_eq!(miss.status, StatusCode::OK);
        assert_eq!(miss.text(), "run 1");
        assert_eq!(miss.x_cache(), Some("Miss"));
        assert_eq!(miss.header("cache-control"), Some("private, max-age=3600"));
        assert_eq!(miss.header("expires"), Some("Tue, 14 Nov 2023 23:13:20 GMT"));
        assert_eq!(miss.header("age"), None);

        bench.clock.advance(Duration::from_secs(600));
        let hit = app.get("/").await;
        assert_eq!(hit.status, StatusCode::OK);
        assert_eq!(hit.text(), "run 1");
        assert_eq!(hit.x_cache(), Some("Hit"));
        assert_eq!(hit.header("cache-control"), Some("private, max-age=3000"));
        assert_eq!(hit.header("expires"), miss.header("expires"));
        assert_eq!(etag(&hit), etag(&miss));
        assert_eq!(runs.total(), 1);

        // The default is one year.
        let by_default = app.get("/default").await;
        assert_eq!(by_default.x_cache(), Some("Miss"));
        assert_eq!(
            by_default.header("cache-control"),
            Some("private, max-age=31536000")
        );
        assert_eq!(
            by_default.header("expires"),
            Some("Wed, 13 Nov 2024 22:23:20 GMT")
        );
    }
}

/// The 304 is empty and has `ETag`, `Cache-Control`, `Expires` and `x-cache`.
#[tokio::test]
async fn a_listed_etag_or_a_star_is_answered_by_304() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = app(&bench, &runs);
        let miss = app.get("/").await;
        let tag = etag(&miss);
        let list = format!("\"other\", {tag}, W/\"third\"");
        for condition in [tag, &list, "*"] {
            let answer = app.get_with("/", [("if-none-match", condition)]).await;
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{condition}");
            assert!(answer.body.is_empty(), "{condition}");
            assert_eq!(etag(&answer), tag);
            assert_eq!(answer.header("cache-control"), Some("private, max-age=3600"));
            assert_eq!(answer.header("expires"), miss.header("expires"));
            assert_eq!(answer.x_cache(), Some("Hit"));
            assert_eq!(answer.header("content-length"), None);
        }
        assert_eq!(runs.total(), 1);
    }
}

/// Another version at the client: a 200 from the cache.
#[tokio::test]
async fn other_etags_get_the_entry() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = app(&bench, &runs);
        let miss = app.get("/").await;
        let inner = etag(&miss).trim_start_matches("W/").trim_matches('"').to_owned();
        for condition in ["\"other\"", "\"a\", W/\"b\"", &inner, &inner.to_uppercase()] {
            let hit = app.get_with("/", [("if-none-match", condition)]).await;
            assert_replays(&hit, &miss);
        }
        assert_eq!(runs.total(), 1);
    }
}

/// After its TTL the handler runs again; the `ETag` is that of the body, so it changes only with it.
#[tokio::test]
async fn an_expired_entry_is_a_miss_with_the_same_etag() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = app(&bench, &runs);
        let [same, changing] = [app.get("/known").await, app.get("/").await];
        bench.settled().await;
        bench.clock.advance(Duration::from_secs(3599));
        assert_eq!(app.get("/known").await.x_cache(), Some("Hit"));
        assert_eq!(runs.total(), 2);

        bench.clock.advance(Duration::from_secs(1));
        let again = app.get("/known").await;
        assert_eq!(again.status, StatusCode::OK);
        assert_eq!(again.text(), "abc");
        assert_eq!(again.x_cache(), Some("Miss"));
        assert_eq!(again.header("cache-control"), Some("private, max-age=3600"));
        assert_eq!(etag(&again), etag(&same));
        let changed = app.get("/").await;
        assert_eq!(changed.text(), "run 4");
        assert_eq!(changed.x_cache(), Some("Miss"));
        assert_ne!(etag(&changed), etag(&changing));
        assert_eq!(runs.total(), 4);

        // The client's copy is still valid: a 304 after the handler ran.
        bench.settled().await;
        bench.clock.advance(Duration::from_secs(3600));
        let condition = [("if-none-match", etag(&same))];
        let revalidated = app.get_with("/known", condition).await;
        assert_eq!(revalidated.status, StatusCode::NOT_MODIFIED);
        assert_eq!(revalidated.x_cache(), Some("Miss"));
        assert_eq!(runs.total(), 5);
    }
}

/// It equals a constant, so every process agrees:
/// the first half of BLAKE3 of "abc".
#[tokio::test]
async fn the_etag_is_quoted_and_the_same_in_every_process() {
    for bench in Bench::every().await {
        let app = app(&bench, &Runs::default());
        for x_cache in ["Miss", "Hit"] {
            let answer = app.get("/known").await;
            assert_eq!(answer.x_cache(), Some(x_cache));
            assert_eq!(etag(&answer), "W/\"6437b3ac38465133ffb63b75273a8db5\"");
        }
    }
}

/// A list is answered by 304, also over several lines and with commas inside the quotes.
#[tokio::test]
async fn a_list_of_etags_is_read_as_a_list() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = app(&bench, &runs);
        let miss = app.get("/").await;
        let weak = etag(&miss);
        let strong = weak.trim_start_matches("W/");
        for lines in [
            vec![format!("\"a\",{weak}")],
            vec![format!("{strong} , \"a\"")],
            vec![format!(", W/\"a\", {strong},,")],
            vec![format!("\"a,b\", {weak}")],
            vec!["\"a\"".to_owned(), weak.to_owned()],
        ] {
            let mut request = Request::builder().method(Method::GET).uri("/");
            for line in &lines {
                let line = HeaderValue::try_from(line).expect("it is text");
                request = request.header("if-none-match", line);
            }
            let answer = app
                .ask(request.body(Body::empty()).expect("it is well-formed"))
                .await;
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{lines:?}");
            assert!(answer.body.is_empty());
            assert_eq!(answer.x_cache(), Some("Hit"));
        }
        assert_eq!(runs.total(), 1);
    }
}
