//! What generated code asks at compile time, and of its own site.

use axum::extract::State;

use crate::{__private::Companion, handler::Site, request::Vary};

/// axum's `State`, and nothing else of that name.
#[diagnostic::on_unimplemented(
    message = "this `State` is not `axum::extract::State`",
    label = "left out of the cache key by its name, as axum's `State` is",
    note = "say what you mean: import it under another name (`use … as …`), and then name it in `ignore = [...]` \
            or let it join the key"
)]
pub trait AxumState {}

impl<T> AxumState for State<T> {}

/// Compiles for axum's `State` alone.
pub fn is_axum_state<T: AxumState>() {}

impl Site {
    /// The headers that join the key.
    pub fn vary(&self) -> Vary {
        Vary::Names(self.policy.vary)
    }
}

/// As [`Associated`](crate::__private::Associated), where no header can join the key and so none need be kept.
#[derive(Debug)]
pub enum AssociatedPlain {}

impl Companion for AssociatedPlain {
    fn vary() -> Vary {
        Vary::Names(&[])
    }
}
