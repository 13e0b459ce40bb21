//! Arguments that are not in the URL: the user, and the request body.

use axum::{
    Json, Router,
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts, State},
    http::{Method, StatusCode, request::Parts},
    routing::{any, get, post},
};
use handler_cache::cache;
use serde::{Deserialize, Serialize};

use crate::{
    answers::assert_replays,
    support::app::{Bench, Runs},
};

/// The user, if the request names one.
#[derive(Debug, Serialize)]
struct User(String);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, StatusCode> {
        let name = parts.headers.get("x-visitor").and_then(|name| name.to_str().ok());
        name.map(|name| Self(name.to_owned()))
            .ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, StatusCode> {
        Ok(<Self as FromRequestParts<S>>::from_request_parts(parts, state)
            .await
            .ok())
    }
}

type Visitor = Option<User>;

#[cache(expire = "1h", ignore = [visitor])]
async fn for_all(visitor: Visitor, State(runs): State<Runs>) -> String {
    format!("known: {}, run {}", visitor.is_some(), runs.increment())
}

#[cache(expire = "1h")]
async fn for_each(visitor: Option<User>, State(runs): State<Runs>) -> String {
    format!("{visitor:?}, run {}", runs.increment())
}

/// An argument is ignored by its name, not by its type.
#[tokio::test]
async fn an_argument_is_ignored_by_its_binding_whatever_its_type() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = bench.app(
            Router::new()
                .route("/all", get(for_all))
                .route("/each", get(for_each))
                .with_state(runs.clone()),
        );
        let miss = app.get_with("/all", [("x-visitor", "alice")]).await;
        assert_eq!(miss.text(), "known: true, run 1");
        assert_replays(&app.get_with("/all", [("x-visitor", "bob")]).await, &miss);
        assert_replays(&app.get("/all").await, &miss);

        let alice = app.get_with("/each", [("x-visitor", "alice")]).await;
        assert_eq!(alice.text(), "Some(User(\"alice\")), run 2");
        let bob = app.get_with("/each", [("x-visitor", "bob")]).await;
        assert_eq!(bob.text(), "Some(User(\"bob\")), run 3");
        let nobody = app.get("/each").await;
        assert_eq!(nobody.text(), "None, run 4");
        assert_replays(&app.get_with("/each", [("x-visitor", "alice")]).await, &alice);
        assert_replays(&app.get_with("/each", [("x-visitor", "bob")]).await, &bob);
        assert_replays(&app.get("/each").await, &nobody);
    }
}

#[cache(expire = "1h", methods = [GET, POST])]
async fn search(State(runs): State<Runs>, body: String) -> String {
    format!("{body}, run {}", runs.increment())
}

#[derive(Debug, Deserialize, Serialize)]
struct Search {
    term: String,
}

#[cache(expire = "1h", methods = [POST])]
async fn search_json(State(runs): State<Runs>, Json(search): Json<Search>) -> String {
    format!("{}, run {}", search.term, runs.increment())
}

/// The body is in the key, so that two searches do not share a result.
#[tokio::test]
async fn a_cached_post_has_its_body_in_the_key() {
    for bench in Bench::every().await {
        let runs = Runs::default();
        let app = bench.app(
            Router::new()
                .route("/search", any(search))
                .route("/json", post(search_json))
                .with_state(runs.clone()),
        );
        let (tea, pot) = (Body::from("tea"), Body::from("pot"));
        let tea = app.send(Method::POST, "/search", [], tea).await;
        assert_eq!((tea.status, tea.text()), (StatusCode::OK, "tea, run 1"));
        let pot = app.send(Method::POST, "/search", [], pot).await;
        assert_eq!((pot.status, pot.text()), (StatusCode::OK, "pot, run 2"));
        assert_replays(&app.send(Method::POST, "/search", [], "tea").await, &tea);
        assert_replays(&app.send(Method::POST, "/search", [], "pot").await, &pot);

        // Nor do methods share, and one that was not named is not cached.
        let got = app.send(Method::GET, "/search", [], "tea").await;
        assert_eq!(got.text(), "tea, run 3");
        assert_replays(&app.send(Method::GET, "/search", [], "tea").await, &got);
        let put = app.send(Method::PUT, "/search", [], "tea").await;
        assert_eq!((put.text(), put.x_cache()), ("tea, run 4", None));

        let json = [("content-type", "application/json")];
        let tea = app.send(Method::POST, "/json", json, r#"{"term":"tea"}"#).await;
        assert_eq!((tea.status, tea.text()), (StatusCode::OK, "tea, run 5"));
        let pot = app.send(Method::POST, "/json", json, r#"{"term":"pot"}"#).await;
        assert_eq!((pot.status, pot.text()), (StatusCode::OK, "pot, run 6"));
        let again = app
            .send(Method::POST, "/json", json, r#"{ "term": "tea" }"#)
            .await;
        assert_replays(&again, &tea);
        assert_eq!(runs.total(), 6);
    }
}
