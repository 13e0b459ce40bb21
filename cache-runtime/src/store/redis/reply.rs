//! Reads the server's replies.

use redis::{FromRedisValue, Value};

use super::error;
use crate::{slot::Generation, store::StoreError};

/// The reply, unless it is an error of the server.
pub(super) fn ok(reply: Value) -> Result<Value, StoreError> {
    match reply {
        Value::ServerError(failure) => Err(error::of_server(failure)),
        reply => Ok(reply),
    }
}

/// Fails if one of the replies is an error of the server.
pub(super) fn all_ok(replies: Vec<Value>) -> Result<(), StoreError> {
    replies.into_iter().try_for_each(|reply| ok(reply).map(drop))
}

/// The reply of a script that returns 1 or 0.
pub(super) fn flag(reply: Value) -> Result<bool, StoreError> {
    match ok(reply)? {
        Value::Int(flag) => Ok(flag == 1),
        _ => Err(error::unexpected_reply()),
    }
}

/// Whether all of these scripts return 1.
pub(super) fn all_flags(replies: impl IntoIterator<Item = Value>) -> Result<bool, StoreError> {
    let mut replies = replies.into_iter();
    replies.try_fold(true, |all, reply| Ok(flag(reply)? && all))
}

/// The reply as the type that its command returns.
pub(super) fn parse<T: FromRedisValue>(reply: Value) -> Result<T, StoreError> {
    redis::from_redis_value(ok(reply)?).map_err(|_| error::unexpected_reply())
}

/// The value of a key. `None` if there is none, or one of another type.
pub(super) fn bytes(reply: Value) -> Option<Vec<u8>> {
    match reply {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

/// A tag's generation, from the value of its key.
pub(super) fn generation(value: Vec<u8>) -> Option<Generation> {
    value.try_into().ok().map(Generation)
}
