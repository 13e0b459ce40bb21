//! Which errors show that the server is unavailable, and which reject a single call.

use redis::{RedisError, ServerError};

use crate::store::StoreError;

/// The connection broke, or its peer does not speak the Redis protocol.
pub(super) fn of_connection(error: RedisError) -> StoreError {
    StoreError::unavailable(error)
}

/// A reply that no command of the cache has.
pub(super) fn unexpected_reply() -> StoreError {
    StoreError::unavailable("the server's reply does not have the type that the command returns")
}

/// An error that the server replied.
pub(super) fn of_server(error: ServerError) -> StoreError {
    let is_unavailable = matches!(
        error.code(),
        "LOADING" | "BUSY" | "MASTERDOWN" | "CLUSTERDOWN" | "WRONGPASS"
    );
    if is_unavailable || is_logged_out(&error) {
        StoreError::unavailable(error)
    } else {
        StoreError::rejected(error)
    }
}

/// Whether the connection has lost its authentication.
pub(super) fn is_logged_out(error: &ServerError) -> bool {
    error.code() == "NOAUTH"
}

/// Whether the connection leads to a read-only replica.
pub(super) fn is_read_only(error: &ServerError) -> bool {
    // Before Redis 7 the error of a script has the code ERR, with its own code inside the text.
    let within = |details: &str| details.contains("-READONLY ");
    error.code() == "READONLY" || error.details().is_some_and(within)
}
