//! Response bodies for handlers under test.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

/// A body with an exact size hint, which may be wrong.
struct Announced(Body, u64);

impl HttpBody for Announced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.1)
    }
}

/// Gives `body` an exact size hint of `length` bytes.
pub fn announced(body: impl Into<Body>, length: u64) -> Body {
    Body::new(Announced(body.into(), length))
}
