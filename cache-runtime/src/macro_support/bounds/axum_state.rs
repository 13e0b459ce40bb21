//! Distinguishes axum's `State` from other types with that name.

use axum::extract::State;

use crate::key::KeyError;

/// axum's [`State`].
///
/// `key` and `evict` of a handler do not take parameters whose type is called `State`, because axum's is not part of the
/// key. If the type is another one, these functions cannot be called: import it under another name in the signature of the
/// handler (`use … as …`), or leave the parameter out of the key with `ignore = [...]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is part of the key, and this function does not take it",
    label = "the handler has a parameter called `State` that is not axum's",
    note = "`key` and `evict` leave out parameters whose type is called `State`, because axum's `State` is not part of the key",
    note = "import the type under another name in the signature of the handler (`use … as …`), or leave the parameter \
            out of the key with `ignore = [...]`"
)]
pub trait AxumState {
    #[doc(hidden)]
    fn left_out() -> Result<(), KeyError> {
        Ok(())
    }
}

impl<T> AxumState for State<T> {}
