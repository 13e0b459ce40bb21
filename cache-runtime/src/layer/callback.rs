//! Functions of the application, as settings of the layer.

use std::{fmt, ops::Deref, sync::Arc};

use http::{request, response};

/// A function of a request.
pub(super) type RequestCallback<T> = Callback<dyn Fn(&request::Parts) -> T + Send + Sync>;

/// A function of a response.
pub(super) type ResponseCallback<T> = Callback<dyn Fn(&response::Parts) -> T + Send + Sync>;

/// A shared function, with an implementation of `Debug`.
pub(super) struct Callback<F: ?Sized>(pub(super) Arc<F>);

impl<F: ?Sized> Clone for Callback<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: ?Sized> Deref for Callback<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.0
    }
}

impl<F: ?Sized> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function")
    }
}
