//! Extractors whose value comes from the server, not from the request.
//!
//! `Cached<State<T>>`, `WithRejection<State<T>, R>` (axum-extra) and extractors of the application that hold a `State` need
//! no implementation: generated code checks each extractor in a pattern, and each value that it binds.

use axum::{Extension, extract::State};

/// A value that is the same for every request to a router, and often secret. It is never part of a key.
pub trait ServerSide {}

impl<T> ServerSide for State<T> {}

impl<T: ServerSide> ServerSide for Extension<T> {}

impl<T: ServerSide> ServerSide for Option<T> {}

impl<T: ServerSide, E> ServerSide for Result<T, E> {}

/// Destructured patterns under `ref`, and `Extension<&'static State<T>>`.
impl<T: ServerSide + ?Sized> ServerSide for &T {}
