//! The text that names an entry.

mod form;

use std::fmt;

use serde::Serialize;

pub use self::form::{OwnForm, Part, SerializedForm, ViaKeyPart, ViaNothing, ViaSerialize};

/// The key of one entry, as the handler's arguments make it: no prefix, and all variants of it at once.
#[derive(Debug, Clone)]
pub struct CacheKey {
    pub(crate) _text: String,
}

/// An argument with its own text in keys.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache key",
    label = "this argument has no text form",
    note = "derive `Serialize` for it, or write `impl CacheKeyPart` (one line for a type that implements `Display`)",
    note = "or leave it out of the key with `ignore = [...]`, give the key yourself with `key = ...`, or bind it to `_`"
)]
pub trait CacheKeyPart {
    /// Appends the text.
    ///
    /// # Errors
    /// When there is none; the request then goes past the cache.
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError>;
}

/// Appends values to a key, escaped.
#[derive(Debug)]
pub struct KeyWriter<'a> {
    out: &'a mut String,
}

impl KeyWriter<'_> {
    /// Appends what `value` serializes to.
    pub fn serialize<T: Serialize + ?Sized>(&mut self, _value: &T) -> Result<(), KeyError> {
        self.out.push('?');
        Ok(())
    }
}

/// A value has no text form.
#[derive(Debug, Clone)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no key")
    }
}

impl std::error::Error for KeyError {}

/// A handler's path as it stands in keys.
pub(crate) fn escape_handler(path: &str) -> String {
    path.to_owned()
}

/// The argument list of a key.
#[derive(Debug)]
pub struct KeyArgs<'a> {
    writer: KeyWriter<'a>,
    first: bool,
}

impl<'a> KeyArgs<'a> {
    /// The place for the argument called `name`.
    pub fn arg(&mut self, name: &'static str) -> &mut KeyWriter<'a> {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(',');
        }
        self.writer.out.push_str(name);
        self.writer.out.push('=');
        &mut self.writer
    }

    /// The place for the one value that stands for all arguments.
    pub fn whole(&mut self) -> &mut KeyWriter<'a> {
        &mut self.writer
    }
}
