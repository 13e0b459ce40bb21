//! An eviction removes exactly the entries it names, and only after the handler succeeded.

use axum::{
    Router,
    extract::{Path, State},
    http::{Method, StatusCode},
    routing::get,
};
use handler_cache::{cache, cache_evict};

use crate::support::app::{Answer, App, Bench, Runs};

#[cache(expire = "1h")]
async fn q(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

/// Its path has the other's path as a prefix.
#[cache(expire = "1h")]
async fn q_archive(State(runs): State<Runs>) -> String {
    format!("run {}", runs.increment())
}

#[cache_evict(q(..))]
async fn change(Path(succeeds): Path<bool>) -> Result<(), StatusCode> {
    succeeds.then_some(()).ok_or(StatusCode::CONFLICT)
}

fn app(bench: &Bench) -> App {
    let router = Router::new()
        .route("/q", get(q))
        .route("/q-archive", get(q_archive))
        .route("/q/{succeeds}", get(StatusCode::NOT_FOUND).put(change));
    bench.app(router.with_state(Runs::default()))
}

async fn warm(bench: &Bench, app: &App) -> [Answer; 2] {
    let pages = [app.get("/q").await, app.get("/q-archive").await];
    bench.settled().await;
    pages
}

/// The eviction follows the handler's success, and evicting `/q` keeps `/q-archive`.
#[tokio::test]
async fn eviction_waits_for_success_and_ends_at_the_name() {
    for bench in Bench::every().await {
        let app = app(&bench);
        let [page, archive] = warm(&bench, &app).await;

        let failed = app.send(Method::PUT, "/q/false", [], "").await;
        assert_eq!(failed.status, StatusCode::CONFLICT);
        crate::answers::assert_replays(&app.get("/q").await, &page);

        let succeeded = app.send(Method::PUT, "/q/true", [], "").await;
        assert_eq!(succeeded.status, StatusCode::OK);
        assert_eq!(app.get("/q").await.x_cache(), Some("Miss"));
        crate::answers::assert_replays(&app.get("/q-archive").await, &archive);
    }
}

#[cache(expire = "1h")]
async fn user(Path(name): Path<String>) -> String {
    format!("user {name}")
}

#[cache(expire = "1h")]
async fn users(Path(name): Path<String>) -> String {
    format!("users like {name}")
}

/// Evicting `user` keeps the entries of `users`.
#[cache_evict(user(..))]
async fn clear_user() {}

/// Evicting `user("ann")` keeps those of `anna`.
#[cache_evict(user(Path(name)))]
async fn clear_one(Path(name): Path<String>) {
    drop(name);
}

#[tokio::test]
async fn eviction_is_exact() {
    const PATHS: [&str; 3] = ["/user/ann", "/user/anna", "/users/ann"];
    for bench in Bench::every().await {
        let app = bench.app(
            Router::new()
                .route("/user/{name}", get(user).delete(clear_one))
                .route("/users/{name}", get(users).delete(clear_user)),
        );
        for (change, x_caches) in [
            ("/user/ann", ["Miss", "Hit", "Hit"]),
            ("/users/anybody", ["Miss", "Miss", "Hit"]),
        ] {
            for path in PATHS {
                app.get(path).await;
            }
            bench.settled().await;
            let answer = app.send(Method::DELETE, change, [], "").await;
            assert_eq!(answer.status, StatusCode::OK);
            for (path, x_cache) in PATHS.iter().zip(x_caches) {
                assert_eq!(
                    app.get(path).await.x_cache(),
                    Some(x_cache),
                    "{path} after {change}"
                );
            }
        }
    }
}
