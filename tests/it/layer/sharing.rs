//! Which clients share a page.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use handler_cache::layer::CacheLayer;

use super::{
    MINUTE, app,
    support::app::{Bench, Runs},
};

fn login(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

/// A page of the user who requests it.
async fn basket(State(runs): State<Runs>, headers: HeaderMap) -> Response {
    let run = runs.increment();
    match login(&headers) {
        Some("Bearer wrong") => StatusCode::UNAUTHORIZED.into_response(),
        user => format!("basket of {user:?}, run {run}").into_response(),
    }
}

/// A public page.
async fn news(State(runs): State<Runs>) -> impl IntoResponse {
    let control = [(header::CACHE_CONTROL, "public, max-age=60")];
    (control, format!("news, run {}", runs.increment()))
}

fn routes() -> Router {
    Router::new()
        .route("/basket", get(basket))
        .route("/news", get(news))
        .with_state(Runs::default())
}

/// RFC 9111 section 3.5.
#[tokio::test]
async fn p5_pages_for_logins_are_shared_only_if_they_say_so() {
    for bench in Bench::every().await {
        let app = bench.app(routes().layer(CacheLayer::new()));
        for login in [
            [("authorization", "Bearer alice")],
            [("authorization", "Bearer bob")],
            [("cookie", "session=1")],
        ] {
            for _ in 0..2 {
                let answer = app.get_with("/basket", login).await;
                bench.settled().await;
                assert_eq!(answer.x_cache(), Some("Miss"), "{login:?}");
            }
        }
        assert_eq!(app.get("/basket").await.x_cache(), Some("Miss"));
        bench.settled().await;
        assert_eq!(app.get("/basket").await.x_cache(), Some("Hit"));
        let wrong = app.get_with("/basket", [("authorization", "Bearer wrong")]).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);

        let alice = app.get_with("/news", [("authorization", "Bearer alice")]).await;
        bench.settled().await;
        let bob = app.get_with("/news", [("authorization", "Bearer bob")]).await;
        assert_eq!((alice.x_cache(), bob.x_cache()), (Some("Miss"), Some("Hit")));
        assert_eq!(alice.body, bob.body);
    }
}

/// A page of the user, by any of the headers with credentials.
async fn greeting(State(runs): State<Runs>, headers: HeaderMap) -> String {
    format!("{headers:?}, run {}", runs.increment())
}

#[tokio::test]
async fn p5_pages_for_any_credentials_are_not_shared() {
    for bench in Bench::every().await {
        let layer = CacheLayer::new().credentials(["X-Badge"]);
        for layer in [layer.clone(), layer.http().expire(MINUTE)] {
            let router = Router::new().fallback(greeting).with_state(Runs::default());
            let app = bench.app(router.layer(layer));
            for name in [
                "x-api-key",
                "x-auth-token",
                "x-forwarded-user",
                "x-remote-user",
                "proxy-authorization",
                "cf-access-jwt-assertion",
                "x-amzn-oidc-data",
                "x-auth-request-email",
                "x-badge",
            ] {
                for user in ["alice", "bob"] {
                    let answer = app.get_with("/me", [(name, user)]).await;
                    bench.settled().await;
                    assert_eq!(answer.x_cache(), Some("Miss"), "{name}");
                    assert!(answer.text().contains(user), "{name}: {}", answer.text());
                }
            }
            let anonymous = app.get("/me").await;
            bench.settled().await;
            assert!(anonymous.text().starts_with("{},"), "{}", anonymous.text());
            let traced = [("x-request-id", "1"), ("x-forwarded-for", "192.0.2.1")];
            assert_eq!(app.get_with("/me", traced).await.x_cache(), Some("Hit"));
        }
    }
}

/// RFC 9111 section 3.5, whatever header the credentials are in.
#[tokio::test]
async fn p5_responses_for_credentials_are_shared_only_if_they_say_so() {
    for bench in Bench::every().await {
        for (control, shared) in [
            ("max-age=60", false),
            ("public, max-age=60", true),
            ("max-age=60, must-revalidate", true),
            ("s-maxage=60", true),
        ] {
            let page = async move || ([(header::CACHE_CONTROL, control)], "page");
            let app = bench.app(Router::new().fallback(page).layer(CacheLayer::new().http()));
            app.get_with("/a", [("x-api-key", "alice")]).await;
            bench.settled().await;
            let answer = app.get_with("/a", [("x-api-key", "bob")]).await;
            assert_eq!(answer.x_cache() == Some("Hit"), shared, "{control}");
        }
    }
}

#[tokio::test]
async fn partitions_are_caches_of_their_own() {
    for bench in Bench::every().await {
        let by_user = CacheLayer::new().partition(|parts| login(&parts.headers).map(str::to_owned));
        let app = bench.app(routes().layer(by_user));
        let ask = async |user: Option<&str>| {
            let answer = match user {
                Some(user) => app.get_with("/basket", [("authorization", user)]).await,
                None => app.get("/basket").await,
            };
            bench.settled().await;
            (answer.x_cache().unwrap().to_owned(), answer.text().to_owned())
        };
        for expected in ["Miss", "Hit"] {
            for user in [Some("Bearer alice"), Some("Bearer bob"), None] {
                let (x_cache, text) = ask(user).await;
                assert_eq!(x_cache, expected);
                assert!(text.starts_with(&format!("basket of {user:?},")), "{text}");
            }
        }
        if let Some(server) = &bench.redis {
            let redis::Value::Array(keys) = server.command(["KEYS", "*"]) else {
                panic!("keys are a list");
            };
            assert!(!format!("{keys:?}").contains("alice"), "credentials are hashed");
        }
    }
}

#[tokio::test]
async fn public_pages_are_everybodys() {
    let bench = Bench::memory().await;
    let app = app(&bench, CacheLayer::new().public());
    let first = app.get_with("/a", [("cookie", "a=b")]).await;
    let second = app.get_with("/a", [("authorization", "Bearer alice")]).await;
    assert_eq!((first.x_cache(), second.x_cache()), (Some("Miss"), Some("Hit")));
}

#[tokio::test]
async fn admit_and_store_if_decide_within_the_rules() {
    let bench = Bench::memory().await;
    let layer = CacheLayer::new()
        .public()
        .admit(|parts| !parts.headers.contains_key("x-preview"))
        .store_if(|parts| parts.status == StatusCode::OK);
    let app = app(&bench, layer);
    assert_eq!(app.get_with("/a", [("x-preview", "1")]).await.x_cache(), None);
    for _ in 0..2 {
        assert_eq!(
            app.get("/cookie").await.x_cache(),
            Some("Miss"),
            "never more than the rules allow"
        );
    }
    let never = super::app(&bench, CacheLayer::new().store_if(|_| false));
    let panics = super::app(&bench, CacheLayer::new().store_if(|_| panic!("no answer")));
    for app in [never, panics] {
        for _ in 0..2 {
            assert_eq!(app.get("/b").await.x_cache(), Some("Miss"));
        }
    }
    let panics = super::app(&bench, CacheLayer::new().admit(|_| panic!("no answer")));
    assert_eq!(panics.get("/b").await.x_cache(), None);
}
