//! Pages that signed-in users share, by user, plan or not at all, and one entry for all anonymous visitors.
//!
//! ```sh
//! cargo run --example visitors                                            # entries in memory
//! CACHE_URL=redis://127.0.0.1:6379 cargo run --example visitors           # entries in Redis
//! ```
//!
//! `PORT` sets the port (3000). `alice` has the paid plan, `bob` and `carol` the free one.

use std::{env, error::Error};

use axum::{
    Router,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    middleware,
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use handler_cache::{Cache, cache};
use serde::Serialize;
use tokio::net::TcpListener;

/// The visitor: a user, or anonymous. The fields that a handler binds are in its keys.
#[derive(Debug, Default, Serialize)]
struct Visitor {
    user: Option<String>,
    plan: Plan,
}

#[derive(Debug, Default, Clone, Copy, Serialize)]
enum Plan {
    #[default]
    None,
    Free,
    Paid,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = StatusCode;

    /// A request without a login is anonymous. A wrong login is rejected, also for a cached page.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, StatusCode> {
        let Some(login) = parts.headers.get(header::AUTHORIZATION) else {
            return Ok(Self::default());
        };
        let (user, plan) = match login.as_bytes() {
            b"Bearer alice" => ("alice", Plan::Paid),
            b"Bearer bob" => ("bob", Plan::Free),
            b"Bearer carol" => ("carol", Plan::Free),
            _ => return Err(StatusCode::UNAUTHORIZED),
        };
        let user = Some(user.to_owned());
        Ok(Self { user, plan })
    }
}

/// Two entries: all signed-in users share one. So the body must not use their names: it would show one to the others.
#[cache(expire = "1m", key = visitor.user.is_some())]
async fn front_page(visitor: Visitor) -> &'static str {
    match visitor.user {
        Some(_) => "Welcome back!\n",
        None => "Welcome! Sign in to order.\n",
    }
}

/// An entry for each plan: the body cannot see the user, so it cannot show one to others.
#[cache(expire = "1m")]
async fn prices(Visitor { plan, .. }: Visitor) -> &'static str {
    match plan {
        Plan::None => "Sign in to see prices.\n",
        Plan::Free => "Teapot: 24.50\n",
        Plan::Paid => "Teapot: 19.99\n",
    }
}

/// An entry for each user, and one for anonymous visitors. By default browsers revalidate each time, and proxies store nothing.
#[cache(expire = "1m")]
async fn basket(visitor: Visitor) -> String {
    match visitor.user {
        Some(user) => format!("The basket of {user} holds a teapot.\n"),
        None => "Your basket is empty.\n".to_owned(),
    }
}

/// Proxies, and a browser that changes its user, must know which header the pages depend on. In the option `vary` the header
/// would create an entry for each login.
async fn name_login(response: Response) -> impl IntoResponse {
    (AppendHeaders([(header::VARY, "authorization")]), response)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
        .init();
    let cache_url = env::var("CACHE_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache = Cache::init("visitors", &cache_url).await?;

    let app = Router::new()
        .route("/", get(front_page))
        .route("/prices", get(prices))
        .route("/basket", get(basket))
        .layer(middleware::map_response(name_login));

    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>());
    let port = port.map_err(|error| format!("PORT is not a port number: {error}"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener =
        listener.map_err(|error| format!("cannot listen on port {port}: {error}; set PORT to another"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!(
        "Listening on {url}, entries in {store}. Try:

    curl -i {url}/                                                # Miss
    curl -i {url}/ -H 'authorization: Bearer alice'               # Miss
    curl -i {url}/ -H 'authorization: Bearer bob'                 # Hit: he has signed in, too
    curl -i {url}/prices -H 'authorization: Bearer bob'           # Miss
    curl -i {url}/prices -H 'authorization: Bearer carol'         # Hit: the same plan
    curl -i {url}/basket -H 'authorization: Bearer alice'         # Miss, and nobody else's
    curl -i {url}/basket -H 'authorization: Bearer mallory'       # 401
",
        store = cache.store(),
    );
    axum::serve(listener, app).await?;
    Ok(())
}
