//! What a crate sees that calls the facade by another name, in an older edition: nothing but `crate = …`.

use axum::{
    extract::{Path, State},
    routing::get,
    Router,
};
use cached_handlers::{cache, cache_evict, cache_one_day};

/// A page by its number.
#[cache(
    expire = "1m",
    vary = ["accept-language"],
    tags = [format!("page:{id}")],
    crate = cached_handlers
)]
pub async fn page(Path(id): Path<u64>, State(name): State<&'static str>) -> Result<String, String> {
    Ok(format!("{name} {id}"))
}

/// All of them.
#[cache_one_day(lazy = [name], crate = ::cached_handlers)]
pub async fn pages(State(name): State<&'static str>) -> String {
    name.to_owned()
}

/// Changes a page.
#[cache_evict(page(Path(id)), pages(..), tag = format!("page:{id}"), crate = cached_handlers)]
pub async fn change(Path(id): Path<u64>) -> String {
    id.to_string()
}

/// Where they are.
pub fn router() -> Router<&'static str> {
    Router::new()
        .route("/pages/{id}", get(page).put(change))
        .route("/pages", get(pages))
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use cached_handlers::Cache;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn handlers_are_cached_and_evicted_under_another_name() {
        let cache = Cache::builder().build().await.unwrap();
        let app: Router = router().with_state("page").layer(cache.attach());
        let ask = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path).body(Body::empty());
            app.clone().oneshot(request.unwrap())
        };
        for (path, verdict) in [
            ("/pages/1", "Miss"),
            ("/pages/1", "Hit"),
            ("/pages", "Miss"),
            ("/pages", "Hit"),
        ] {
            assert_eq!(ask("GET", path).await.unwrap().headers()["x-cache"], verdict);
        }
        ask("PUT", "/pages/1").await.unwrap();
        for path in ["/pages/1", "/pages"] {
            assert_eq!(ask("GET", path).await.unwrap().headers()["x-cache"], "Miss");
        }
        assert_eq!(page::key(Path(1)).to_string(), "renamed::page(id=1)");
    }
}
