//! The page that is asked for, and by what paths.

use axum::{
    body::Bytes,
    extract::Path,
    http::{HeaderName, header},
    response::IntoResponse,
};
use handler_cache::cache;

static BODY: [u8; 1024] = [b'x'; 1024];

/// A kibibyte that is at hand.
pub(crate) fn page() -> ([(HeaderName, &'static str); 1], Bytes) {
    (
        [(header::CONTENT_TYPE, "application/json")],
        Bytes::from_static(&BODY),
    )
}

/// The handler alone.
pub(crate) async fn bare(Path(_id): Path<u64>) -> impl IntoResponse {
    page()
}

/// The same handler, cached.
#[cache(expire = "1h")]
pub(crate) async fn cached(Path(id): Path<u64>) -> impl IntoResponse {
    let _ = id;
    page()
}

/// Paths that nobody asked for before, all of the same length.
#[derive(Debug)]
pub(crate) struct Fresh(u64);

impl Fresh {
    pub(crate) fn new() -> Self {
        Self(10_000_000)
    }

    pub(crate) fn id(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    pub(crate) fn path(&mut self) -> String {
        format!("/{}", self.id())
    }
}
