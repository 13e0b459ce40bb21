//! Generic handlers, as in axum's own example of dependency injection: each instance has entries of its own.
//!
//! ```sh
//! cargo run --example axum_di
//! curl -i http://127.0.0.1:3000/generic/users/1
//! ```

use std::{env, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use handler_cache::{Cache, cache};
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
struct User {
    id: u64,
    name: String,
}

/// A handler continues when its client disconnects, so the future must be `Send` and own what it needs. Declare that here,
/// since an `async fn` in a trait does not.
trait UserRepo: Send + Sync + 'static {
    fn user(&self, id: u64) -> impl Future<Output = Option<User>> + Send;
}

#[derive(Debug)]
struct InMemory;

impl UserRepo for InMemory {
    async fn user(&self, id: u64) -> Option<User> {
        (id == 1).then(|| User {
            id,
            name: "Ada".to_owned(),
        })
    }
}

#[derive(Debug)]
struct Archive;

impl UserRepo for Archive {
    async fn user(&self, id: u64) -> Option<User> {
        (id == 1).then(|| User {
            id,
            name: "Ada, of the archive".to_owned(),
        })
    }
}

/// The key names the instance: `get_user<axum_di::InMemory>(id=1)` is not `get_user<axum_di::Archive>(id=1)`.
#[cache(expire = "1m")]
async fn get_user<R: UserRepo>(
    Path(id): Path<u64>,
    State(repo): State<Arc<R>>,
) -> Result<Json<User>, StatusCode> {
    repo.user(id).await.map(Json).ok_or(StatusCode::NOT_FOUND)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    Cache::init("di", "memory://").await?;

    let app = Router::new()
        .route(
            "/generic/users/{id}",
            get(get_user::<InMemory>).with_state(Arc::new(InMemory)),
        )
        .route(
            "/archive/users/{id}",
            get(get_user::<Archive>).with_state(Arc::new(Archive)),
        );

    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
