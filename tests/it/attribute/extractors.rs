//! P7: extractors run on every request, those in `lazy` on a miss only.

use axum::{
    Router,
    extract::{FromRef, FromRequestParts, Json, Path, State},
    http::{Method, StatusCode, request::Parts},
    response::Response,
    routing::{get, post},
};
use futures_util::future::join_all;
use handler_cache::cache;

use crate::{
    answers::assert_untouched,
    handlers::origin::Origin,
    support::app::{App, Bench, Runs},
};

#[derive(Clone, FromRef)]
struct Site {
    origin: Origin,
    checks: Checks,
    opened: Opened,
}

/// How often [`Guard`] ran.
#[derive(Clone, Default)]
struct Checks(Runs);

/// How often [`Db`] ran.
#[derive(Clone, Default)]
struct Opened(Runs);

impl Site {
    fn new(origin: Origin) -> Self {
        Self {
            origin,
            checks: Checks::default(),
            opened: Opened::default(),
        }
    }

    #[track_caller]
    fn ran(&self, guard: usize, db: usize, handler: usize) {
        let total = (
            self.checks.0.total(),
            self.opened.0.total(),
            self.origin.runs.total(),
        );
        assert_eq!(total, (guard, db, handler), "runs of guard, db and handler");
    }
}

/// Admits requests with the password.
struct Guard;

impl FromRequestParts<Site> for Guard {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Self::Rejection> {
        site.checks.0.increment();
        match parts.headers.get("authorization") {
            Some(word) if word == "Bearer good" => Ok(Self),
            _ => Err((StatusCode::UNAUTHORIZED, "who are you?")),
        }
    }
}

/// Expensive to extract, and rejects requests on demand.
struct Db(usize);

impl FromRequestParts<Site> for Db {
    type Rejection = (StatusCode, String);

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Self::Rejection> {
        let number = site.opened.0.increment();
        match parts.headers.get("x-user") {
            Some(user) => Err((
                StatusCode::SERVICE_UNAVAILABLE,
                format!("not for {}", user.to_str().unwrap()),
            )),
            None => Ok(Self(number)),
        }
    }
}

#[cache(expire = 60)]
async fn guarded(_: Guard, State(origin): State<Origin>) -> Response {
    origin.answer().await
}

const GOOD: (&str, &str) = ("authorization", "Bearer good");

#[tokio::test]
async fn p7_a_guard_runs_on_every_hit() {
    for bench in Bench::every().await {
        let site = Site::new(Origin::counting());
        let app = bench.app(Router::new().route("/", get(guarded)).with_state(site.clone()));
        for (checks, x_cache) in [(1, "Miss"), (2, "Hit"), (3, "Hit")] {
            let answer = app.get_with("/", [GOOD]).await;
            assert_eq!((answer.x_cache(), answer.text()), (Some(x_cache), "run 1"));
            site.ran(checks, 0, 1);
        }
        for (checks, wrong) in [(4, ("authorization", "Bearer bad")), (5, ("x-none", ""))] {
            let answer = app.get_with("/", [wrong]).await;
            assert_eq!(
                (answer.status, answer.text()),
                (StatusCode::UNAUTHORIZED, "who are you?")
            );
            assert_untouched(&answer);
            site.ran(checks, 0, 1);
        }
        // Nor does knowing the ETag help, or asking by HEAD.
        let etag = app.get_with("/", [GOOD]).await.header("etag").unwrap().to_owned();
        let answer = app.get_with("/", [("if-none-match", &etag)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let head = app.send(Method::HEAD, "/", [], axum::body::Body::empty()).await;
        assert_eq!(head.status, StatusCode::UNAUTHORIZED);
        site.ran(8, 0, 1);
    }
}

#[tokio::test]
async fn p7_a_guard_keeps_strangers_out_of_a_flight() {
    for bench in Bench::every().await {
        let site = Site::new(Origin::held(|_| "secret"));
        let app = bench.app(Router::new().route("/", get(guarded)).with_state(site.clone()));
        let (friend, (stranger, ())) = tokio::join!(app.get_with("/", [GOOD]), async {
            site.origin.entered().await;
            (app.get("/").await, site.origin.open())
        });
        assert_eq!(friend.text(), "secret");
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
        site.ran(2, 0, 1);
    }
}

#[cache(expire = 60, lazy = [db])]
async fn lazy(_: Guard, Path(id): Path<u32>, State(origin): State<Origin>, db: Db) -> String {
    origin.answer().await;
    format!("{id} from {}", db.0)
}

fn lazily(site: &Site) -> Router {
    Router::new().route("/{id}", get(lazy)).with_state(site.clone())
}

#[tokio::test]
async fn p7_a_lazy_extractor_runs_on_a_miss_only_and_leaves_the_key() {
    for bench in Bench::every().await {
        let site = Site::new(Origin::counting());
        let app = bench.app(lazily(&site));
        for (path, x_cache, text, guard, runs) in [
            ("/7", "Miss", "7 from 1", 1, 1),
            ("/7", "Hit", "7 from 1", 2, 1),
            ("/7", "Hit", "7 from 1", 3, 1),
            ("/8", "Miss", "8 from 2", 4, 2),
        ] {
            let answer = app.get_with(path, [GOOD]).await;
            assert_eq!((answer.x_cache(), answer.text()), (Some(x_cache), text));
            site.ran(guard, runs, runs);
        }
        assert_eq!(app.get("/7").await.status, StatusCode::UNAUTHORIZED);
        site.ran(5, 2, 2);
        // It runs on a bypass too.
        let past = app.get_with("/7", [GOOD, ("cache-control", "no-cache")]).await;
        assert_eq!(past.text(), "7 from 3");
        site.ran(6, 3, 3);
    }
}

#[tokio::test]
async fn p7_a_lazy_rejection_is_the_response_and_is_not_stored() {
    for bench in Bench::every().await {
        let site = Site::new(Origin::counting());
        let app = bench.app(lazily(&site));
        for guard in 1..=2 {
            let rejected = app.get_with("/7", [GOOD, ("x-user", "bob")]).await;
            assert_eq!(
                (rejected.status, rejected.text()),
                (StatusCode::SERVICE_UNAVAILABLE, "not for bob")
            );
            assert_eq!(
                (rejected.header("cache-control"), rejected.header("etag")),
                (Some("private, no-cache"), None)
            );
            site.ran(guard, guard, 0);
        }
        let good = app.get_with("/7", [GOOD]).await;
        assert_eq!((good.status, good.x_cache()), (StatusCode::OK, Some("Miss")));
        // A request that it would reject gets a hit: it is `lazy`.
        let hit = app.get_with("/7", [GOOD, ("x-user", "bob")]).await;
        assert_eq!((hit.x_cache(), hit.text()), (Some("Hit"), good.text()));
        site.ran(4, 3, 1);
    }
}

#[tokio::test]
async fn p7_a_lazy_rejection_is_not_given_to_waiters() {
    for bench in Bench::every().await {
        let site = Site::new(Origin::counting());
        let app = bench.app(lazily(&site));
        let users = ["ann", "bob", "cid", "dan"];
        let answers = join_all(users.map(|user| {
            let app = &app;
            async move { app.get_with("/7", [GOOD, ("x-user", user)]).await }
        }))
        .await;
        for (user, answer) in users.iter().zip(&answers) {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.text(), format!("not for {user}"));
        }
        site.ran(4, 4, 0);
    }
}

#[cache(expire = 60, methods = [POST], lazy = [db])]
async fn beside_a_body(db: Db, State(origin): State<Origin>, Json(id): Json<u32>) -> String {
    origin.answer().await;
    format!("{id} from {}", db.0)
}

#[tokio::test]
async fn p7_a_lazy_extractor_may_precede_one_that_takes_the_body() {
    for bench in Bench::every().await {
        let site = Site::new(Origin::counting());
        let app = bench.app(
            Router::new()
                .route("/", post(beside_a_body))
                .with_state(site.clone()),
        );
        let json = [("content-type", "application/json")];
        for (body, x_cache, text, runs) in [
            ("7", "Miss", "7 from 1", 1),
            ("7", "Hit", "7 from 1", 1),
            ("8", "Miss", "8 from 2", 2),
        ] {
            let answer = app.send(Method::POST, "/", json, body).await;
            assert_eq!((answer.x_cache(), answer.text()), (Some(x_cache), text));
            site.ran(0, runs, runs);
        }
    }
}

#[cache(expire = 60, lazy = [first, second])]
async fn two_lazy(State(origin): State<Origin>, first: Db, second: Guard) -> String {
    origin.answer().await;
    let _ = second;
    format!("from {}", first.0)
}

#[tokio::test]
async fn p7_lazy_extractors_run_from_left_to_right_up_to_the_first_that_rejects() {
    for bench in Bench::every().await {
        let site = Site::new(Origin::counting());
        let app = bench.app(Router::new().route("/", get(two_lazy)).with_state(site.clone()));
        let rejected = app.get_with("/", [GOOD, ("x-user", "bob")]).await;
        assert_eq!(rejected.text(), "not for bob");
        site.ran(0, 1, 0);
        assert_eq!(app.get("/").await.status, StatusCode::UNAUTHORIZED);
        site.ran(1, 2, 0);
        assert_eq!(app.get_with("/", [GOOD]).await.text(), "from 3");
        assert_eq!(app.get("/").await.x_cache(), Some("Hit"));
        site.ran(2, 3, 1);
    }
}

#[tokio::test]
async fn p9_without_a_cache_guards_and_lazy_extractors_run_as_ever() {
    let site = Site::new(Origin::counting());
    let app = App(lazily(&site));
    for number in 1..=2 {
        let answer = app.get_with("/7", [GOOD]).await;
        assert_eq!(answer.text(), format!("7 from {number}"));
        assert_untouched(&answer);
        site.ran(number, number, number);
    }
    assert_eq!(app.get("/7").await.status, StatusCode::UNAUTHORIZED);
}
