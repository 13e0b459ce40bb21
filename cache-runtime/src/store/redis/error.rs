//! Which failures say that the server is ill, and which only that it refuses.

use redis::{RedisError, ServerError};

use crate::store::StoreError;

/// No answer at all: the connection broke, or what came is not Redis.
pub(super) fn of_connection(error: RedisError) -> StoreError {
    StoreError::unavailable(error)
}

/// An answer that none of our commands has.
pub(super) fn nonsense() -> StoreError {
    StoreError::unavailable("the server's answer has another shape than Redis gives it")
}

/// The server answered with an error.
pub(super) fn of_server(error: ServerError) -> StoreError {
    let ill = matches!(
        error.code(),
        "LOADING" | "BUSY" | "MASTERDOWN" | "CLUSTERDOWN" | "WRONGPASS"
    );
    if ill || is_logged_out(&error) {
        StoreError::unavailable(error)
    } else {
        StoreError::rejected(error)
    }
}

/// Whether this connection has lost its login.
pub(super) fn is_logged_out(error: &ServerError) -> bool {
    error.code() == "NOAUTH"
}

/// Whether this connection leads to a replica.
pub(super) fn is_read_only(error: &ServerError) -> bool {
    // Before Redis 7 a script's failure comes as ERR, with the code inside its text.
    let within = |details: &str| details.contains("-READONLY ");
    error.code() == "READONLY" || error.details().is_some_and(within)
}
