//! Two caches in one process: a small one for public pages, and a larger one with a longer TTL for reports.
//!
//! ```sh
//! cargo run --example two_caches
//! ```

use std::time::Duration;

use axum::{Router, body::Body, http::Request, response::Response, routing::get};
use handler_cache::{Cache, cache};
use tower::ServiceExt;

/// Without `expire`, the cache's `default_expire` is the TTL.
#[cache]
async fn front_page() -> &'static str {
    "Welcome!\n"
}

#[cache]
async fn report() -> &'static str {
    "All is well.\n"
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pages = Cache::builder()
        .prefix("pages")
        .default_expire(Duration::from_secs(30))
        .memory_size(1024 * 1024)
        .build()
        .await?;
    let reports = Cache::builder()
        .prefix("reports")
        .default_expire(Duration::from_secs(3600))
        .memory_size(16 * 1024 * 1024)
        .build()
        .await?;

    let app = Router::new()
        .merge(Router::new().route("/", get(front_page)).layer(pages.attach()))
        .merge(
            Router::new()
                .route("/report", get(report))
                .layer(reports.attach()),
        );

    for path in ["/", "/", "/report", "/report"] {
        let response = ask(&app, path).await?;
        println!(
            "{path:8} x-cache: {:?}  cache-control: {:?}",
            response.headers()["x-cache"],
            response.headers()["cache-control"],
        );
    }

    // An eviction from one cache does not change the other.
    reports.evict(report::key()).await?;
    println!("evicted /report");
    for path in ["/", "/report"] {
        let response = ask(&app, path).await?;
        println!("{path:8} x-cache: {:?}", response.headers()["x-cache"]);
    }
    Ok(())
}

async fn ask(app: &Router, path: &str) -> Result<Response, Box<dyn std::error::Error>> {
    let request = Request::get(path).body(Body::empty())?;
    Ok(app.clone().oneshot(request).await?)
}
