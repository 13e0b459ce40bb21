//! Which statuses are stored.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use handler_cache::cache;
use serde::Serialize;

use crate::{
    answers::miss_then_hit,
    handlers::origin::{Origin, at_root, pages, secs, stored, together},
    support::app::Bench,
};

#[tokio::test]
async fn these_statuses_are_stored() {
    for status in [200, 203, 204, 301, 308].map(|code| StatusCode::from_u16(code).unwrap()) {
        for bench in Bench::every().await {
            let origin = Origin::new(move |run| (status, [("x-run", run.to_string())]));
            let app = bench.app(pages(&origin));
            let hit = miss_then_hit(&app, "/").await;
            assert_eq!((hit.status, hit.header("x-run")), (status, Some("1")));
            assert_eq!(hit.header("cache-control"), Some("private, no-cache"));
            origin.ran(1);
        }
    }
}

#[tokio::test]
async fn p5_other_statuses_are_not_stored() {
    let codes = [
        201, 202, 205, 206, 207, 226, 300, 302, 303, 304, 307, 400, 401, 402, 403, 404, 405, 410, 414, 418,
        429, 500, 501, 502, 503, 504, 599,
    ];
    for bench in Bench::every().await {
        for code in codes {
            let origin =
                Origin::new(move |run| (StatusCode::from_u16(code).unwrap(), [("x-run", run.to_string())]));
            let app = bench.app(pages(&origin));
            for run in 1..=2 {
                let answer = app.get(&format!("/{code}")).await;
                assert_eq!((answer.status.as_u16(), answer.x_cache()), (code, Some("Miss")));
                assert_eq!(answer.header("x-run"), Some(&*run.to_string()), "{code}");
                assert_eq!(
                    answer.header("cache-control"),
                    Some("private, no-cache"),
                    "no proxy keeps {code}, nor does a browser"
                );
                assert_eq!(answer.header("etag"), None);
            }
            origin.ran(2);
        }
    }
}

#[tokio::test]
async fn redirects_that_last_are_stored_and_others_are_not() {
    for bench in Bench::every().await {
        let lasting = Origin::new(|run| Redirect::permanent(&format!("/{run}")));
        let hit = miss_then_hit(&bench.app(pages(&lasting)), "/").await;
        assert_eq!(
            (hit.status, hit.header("location")),
            (StatusCode::PERMANENT_REDIRECT, Some("/1"))
        );
        for (make, code) in [(Redirect::to as fn(&str) -> _, 303), (Redirect::temporary, 307)] {
            let passing = Origin::new(move |run| make(&format!("/{run}")));
            let app = bench.app(pages(&passing));
            for to in ["/1", "/2"] {
                let answer = app.get(&format!("/{code}")).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.header("location")),
                    (code, Some(to))
                );
                assert_eq!(answer.x_cache(), Some("Miss"));
            }
        }
    }
}

#[cache(expire = 60, not_found = "25s", client_max_age = "remaining")]
async fn sought(State(origin): State<Origin>) -> Response {
    origin.answer().await
}

#[tokio::test]
async fn not_found_keeps_404_and_410_for_its_own_time() {
    for status in [StatusCode::NOT_FOUND, StatusCode::GONE] {
        for bench in Bench::every().await {
            let origin = Origin::new(move |run| (status, format!("none {run}")));
            let app = bench.app(at_root(get(sought), &origin));
            let hit = miss_then_hit(&app, "/").await;
            assert_eq!((hit.status, hit.text()), (status, "none 1"));
            assert_eq!(hit.header("cache-control"), Some("private, max-age=25"));
            stored(&app, "/").await;
            bench.clock.advance(secs(25));
            assert_eq!(miss_then_hit(&app, "/").await.text(), "none 2");
        }
    }
}

#[tokio::test]
async fn not_found_changes_nothing_for_other_statuses() {
    for bench in Bench::every().await {
        let origin = Origin::new(|run| match run {
            1 => StatusCode::OK,
            2 => StatusCode::FORBIDDEN,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        });
        let app = bench.app(at_root(get(sought), &origin));
        let hit = miss_then_hit(&app, "/").await;
        assert_eq!(hit.header("cache-control"), Some("private, max-age=60"));
        stored(&app, "/").await;
        bench.clock.advance(secs(60));
        for status in [403, 500, 500] {
            assert_eq!(app.get("/").await.status.as_u16(), status);
        }
        origin.ran(4);
    }
}

#[derive(Serialize)]
struct Product {
    id: u64,
}

#[derive(Debug)]
enum Problem {
    Unknown,
    Broken,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, "a problem").into_response()
    }
}

fn find(id: u64) -> Result<Json<Product>, Problem> {
    match id {
        0 => Err(Problem::Broken),
        1..=9 => Ok(Json(Product { id })),
        _ => Err(Problem::Unknown),
    }
}

#[cache(expire = 60)]
async fn product(Path(id): Path<u64>, State(origin): State<Origin>) -> Result<Json<Product>, Problem> {
    origin.answer().await;
    find(id)
}

#[cache(expire = 60, not_found = 25)]
async fn remembered(Path(id): Path<u64>, State(origin): State<Origin>) -> Result<Json<Product>, Problem> {
    origin.answer().await;
    find(id)
}

#[tokio::test]
async fn p5_an_err_is_never_stored_save_under_not_found_by_its_status() {
    for bench in Bench::every().await {
        let origin = Origin::counting();
        let app = bench.app(
            axum::Router::new()
                .route("/plain/{id}", get(product))
                .route("/remembered/{id}", get(remembered))
                .with_state(origin.clone()),
        );
        let mut runs = 0;
        for (path, status, body, is_stored) in [
            ("/plain/7", 200, r#"{"id":7}"#, true),
            ("/plain/10", 404, "a problem", false),
            ("/plain/0", 500, "a problem", false),
            ("/remembered/7", 200, r#"{"id":7}"#, true),
            ("/remembered/10", 404, "a problem", true),
            ("/remembered/0", 500, "a problem", false),
        ] {
            for x_cache in ["Miss", if is_stored { "Hit" } else { "Miss" }] {
                let answer = app.get(path).await;
                assert_eq!((answer.status.as_u16(), answer.text()), (status, body), "{path}");
                assert_eq!(answer.x_cache(), Some(x_cache), "{path}");
            }
            runs += if is_stored { 1 } else { 2 };
            origin.ran(runs);
        }
    }
}

#[tokio::test]
async fn p5_a_failure_that_many_waited_for_is_not_stored() {
    for bench in Bench::every().await {
        let origin = Origin::held(|run| (StatusCode::BAD_GATEWAY, format!("failure {run}")));
        let app = bench.app(pages(&origin));
        let answers = together(&app, &origin, "/", 20).await;
        for answer in &answers {
            assert_eq!(
                (answer.status, answer.x_cache()),
                (StatusCode::BAD_GATEWAY, Some("Miss"))
            );
        }
        let before = origin.runs.total();
        let next = app.get("/").await;
        assert_eq!(next.text(), format!("failure {}", before + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_a_failure_is_not_given_to_later_requests() {
    for bench in Bench::every().await {
        let origin = Origin::new(|run| (StatusCode::BAD_GATEWAY, format!("failure {run}")));
        let app = bench.app(pages(&origin));
        for run in 1..50 {
            assert_eq!(app.get("/").await.text(), format!("failure {run}"));
        }
    }
}
