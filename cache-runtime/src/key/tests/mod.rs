//! The promise P2: values that `Serialize` distinguishes have different texts.

mod grammar;
mod parts;
mod properties;
mod strategies;

use serde::Serialize;

use super::{CacheKeyPart, KeyError, KeyWriter, write_args};

/// The text that `value` serializes to.
fn text<T: Serialize + ?Sized>(value: &T) -> String {
    try_text(value).unwrap()
}

fn try_text<T: Serialize + ?Sized>(value: &T) -> Result<String, KeyError> {
    written(|key| key.serialize(value))
}

/// The text of a [`CacheKeyPart`].
fn part<T: CacheKeyPart + ?Sized>(value: &T) -> String {
    written(|key| value.write_key(key)).unwrap()
}

/// The text of one argument.
fn written(write: impl FnOnce(&mut KeyWriter<'_>) -> Result<(), KeyError>) -> Result<String, KeyError> {
    let mut out = String::new();
    write_args(&mut out, |args| write(args.whole()))?;
    Ok(out[1..out.len() - 1].to_owned())
}
