//! The page that every server answers with, and how often it was made.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Product {
    name: &'static str,
    parts: Vec<Part>,
    /// As long as it takes for the page to have its size.
    description: String,
}

#[derive(Debug, Serialize)]
struct Part {
    number: usize,
    name: &'static str,
    price_cents: usize,
}

static PRODUCT: OnceLock<Product> = OnceLock::new();
static RUNS: AtomicU64 = AtomicU64::new(0);

/// Makes the product whose JSON has `bytes` bytes. Half of them are its parts.
pub(crate) fn set_bytes(bytes: usize) -> Result<(), String> {
    let part = |number| Part {
        number,
        name: "lid of porcelain",
        price_cents: 450 + number,
    };
    let mut product = Product {
        name: "Teapot",
        parts: Vec::new(),
        description: String::new(),
    };
    while json(&product).len() < bytes / 2 {
        product.parts.push(part(product.parts.len()));
    }
    let rest = bytes
        .checked_sub(json(&product).len())
        .ok_or("a page of so few bytes cannot be made")?;
    product.description = "x".repeat(rest);
    PRODUCT
        .set(product)
        .map_err(|_| "the page has a size already".to_owned())
}

/// The query of the handlers; here the result is always in memory.
pub(crate) fn load(_id: u64) -> &'static Product {
    RUNS.fetch_add(1, Ordering::Relaxed);
    PRODUCT.get().expect("its size was set first")
}

/// The product's page, for caches of bytes.
pub(crate) fn render(id: u64) -> Vec<u8> {
    json(load(id))
}

/// How often the product was loaded.
pub(crate) fn runs() -> u64 {
    RUNS.load(Ordering::Relaxed)
}

/// A response of what [`render`] made.
pub(crate) fn respond(page: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], page.into()).into_response()
}

fn json(product: &Product) -> Vec<u8> {
    serde_json::to_vec(product).expect("a product has no keys but texts")
}
