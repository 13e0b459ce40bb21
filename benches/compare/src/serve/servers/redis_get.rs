//! One GET by hand: what a hit in Redis cannot beat.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use redis::{AsyncCommands, Client, RedisError, aio::ConnectionManager};

use super::PATH;
use crate::{LIFE_SECONDS, shop};

async fn product(
    Path(id): Path<u64>,
    State(mut connection): State<ConnectionManager>,
) -> Result<Response, StatusCode> {
    let failed = |_: RedisError| StatusCode::SERVICE_UNAVAILABLE;
    let key = format!("product:{id}");
    let page: Option<Vec<u8>> = connection.get(&key).await.map_err(failed)?;
    if let Some(page) = page {
        return Ok(shop::respond(page));
    }
    let page = shop::render(id);
    connection
        .set_ex::<_, _, ()>(&key, &page, LIFE_SECONDS)
        .await
        .map_err(failed)?;
    Ok(shop::respond(page))
}

pub(crate) async fn router(url: &str) -> Result<Router, RedisError> {
    let connection = Client::open(url)?.get_connection_manager().await?;
    Ok(Router::new().route(PATH, get(product)).with_state(connection))
}
