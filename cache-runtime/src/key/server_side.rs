//! Extractors that are part of the server rather than of the request.
//!
//! `Cached<State<T>>`, `WithRejection<State<T>, R>` (axum-extra) and extractors of the application that hold a `State` need
//! nothing here: generated code looks at each extractor in a pattern, and at each value that it binds.

use axum::{Extension, extract::State};

/// The same for every request to one router, and often secret: never in the key.
pub trait ServerSide {}

impl<T> ServerSide for State<T> {}

impl<T: ServerSide> ServerSide for Extension<T> {}

impl<T: ServerSide> ServerSide for Option<T> {}

impl<T: ServerSide, E> ServerSide for Result<T, E> {}

/// Destructured patterns under `ref`, and `Extension<&'static State<T>>`.
impl<T: ServerSide + ?Sized> ServerSide for &T {}
