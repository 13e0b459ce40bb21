//! Writes the arguments of a key.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde::{Serialize, Serializer as _};

use super::{KeyError, escape::push_name, serializer::Canonical};

/// Writes the text of one argument into a key, escaped so that different values have different texts.
///
/// Each method writes one whole value. An argument has exactly one: a second would run into the first (`1` and `23` read
/// like `12` and `3`), so writing two is an error, and so is writing none. To write several values, write a tuple:
///
/// ```
/// use handler_cache::key::{CacheKeyPart, KeyError, KeyWriter};
///
/// struct Tenant {
///     region: String,
///     id: u64,
/// }
///
/// impl CacheKeyPart for Tenant {
///     fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
///         key.serialize(&(&self.region, self.id))
///     }
/// }
/// ```
#[derive(Debug)]
pub struct KeyWriter<'a> {
    out: &'a mut String,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Written,
    Failed,
}

impl<'a> KeyWriter<'a> {
    pub(crate) fn new(out: &'a mut String) -> Self {
        Self {
            out,
            state: State::Empty,
        }
    }

    /// Writes what `value` serializes to in serde's data model: any two values that `Serialize` distinguishes have different
    /// texts. The widths of numbers, the names of types and the order of a map's keys make no difference.
    ///
    /// Serde serializes a set as a sequence. A `HashSet` that is itself the argument is sorted; one inside another type is
    /// written in its random order, so requests do not find each other's entries. Give the key with `key = …` then.
    ///
    /// # Errors
    /// `value` fails to serialize, or a value was written already.
    pub fn serialize<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
        self.value(|out| value.serialize(Canonical { out }))
    }

    /// Writes the text of `value`'s `Display` as a string.
    ///
    /// Only for types whose values all have different texts: one that redacts or abbreviates them would give a user the entry
    /// of another.
    ///
    /// # Errors
    /// `value` fails to format, or a value was written already.
    pub fn display<T: fmt::Display + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
        self.value(|out| Canonical { out }.collect_str(value))
    }

    /// Writes a string.
    ///
    /// # Errors
    /// A value was written already.
    pub fn str(&mut self, value: &str) -> Result<(), KeyError> {
        self.value(|out| Canonical { out }.serialize_str(value))
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// A value was written already.
    pub fn bytes(&mut self, value: &[u8]) -> Result<(), KeyError> {
        self.value(|out| Canonical { out }.serialize_bytes(value))
    }

    /// Writes one value by `write`, whose text must delimit itself.
    pub(super) fn value(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<(), KeyError>,
    ) -> Result<(), KeyError> {
        if self.state != State::Empty {
            self.state = State::Failed;
            return Err(KeyError::new(
                "an argument wrote two values into the key; write one tuple instead",
            ));
        }
        // If an implementation ignores the error, half of a value must not pass as a whole one.
        self.state = State::Failed;
        write(self.out)?;
        self.state = State::Written;
        Ok(())
    }

    /// # Errors
    /// There is not exactly one whole value.
    pub(super) fn finish(&self) -> Result<(), KeyError> {
        match self.state {
            State::Written => Ok(()),
            State::Empty => Err(KeyError::new("an argument wrote nothing into the key")),
            State::Failed => Err(KeyError::new(
                "an argument ignored that writing its text had failed",
            )),
        }
    }
}

/// Writes the argument list of a key. Generated code calls it.
#[derive(Debug)]
pub struct KeyArgs<'a> {
    writer: KeyWriter<'a>,
    first: bool,
    error: Option<KeyError>,
}

impl<'a> KeyArgs<'a> {
    pub(crate) fn new(out: &'a mut String) -> Self {
        Self {
            writer: KeyWriter::new(out),
            first: true,
            error: None,
        }
    }

    /// Begins the argument `name`, whose value the caller writes.
    pub fn arg(&mut self, name: &'static str) -> &mut KeyWriter<'a> {
        if std::mem::take(&mut self.first) {
            debug_assert_eq!(self.writer.state, State::Empty);
        } else {
            self.check();
            self.writer.out.push(',');
        }
        push_name(self.writer.out, name);
        self.writer.out.push('=');
        self.writer.state = State::Empty;
        &mut self.writer
    }

    /// Appends a whole argument, name and value, as text.
    #[cfg(any(feature = "layer", test))]
    pub(crate) fn written(&mut self, argument: &str) {
        if !std::mem::take(&mut self.first) {
            self.check();
            self.writer.out.push(',');
        }
        self.writer.out.push_str(argument);
        self.writer.state = State::Written;
    }

    /// Begins the one value that takes the place of all arguments.
    pub fn whole(&mut self) -> &mut KeyWriter<'a> {
        self.first = false;
        &mut self.writer
    }

    /// For an argument that is not in the key, which writes nothing.
    pub(super) fn left_out(&mut self) -> &mut KeyWriter<'a> {
        &mut self.writer
    }

    /// Keeps the first error, which [`Self::arg`] cannot return.
    fn check(&mut self) {
        if let Err(error) = self.writer.finish() {
            self.error.get_or_insert(error);
        }
    }

    fn finish(mut self) -> Result<(), KeyError> {
        if !self.first {
            self.check();
        }
        self.error.map_or(Ok(()), Err)
    }
}

/// Appends the argument list that `write` writes, in parentheses. Appends nothing if that fails.
///
/// # Errors
/// An argument has no text, or writing it panics.
pub(crate) fn write_args(
    out: &mut String,
    write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
) -> Result<(), KeyError> {
    let start = out.len();
    out.push('(');
    let mut args = KeyArgs::new(out);
    // The application's code writes the arguments, and it may panic.
    let written = catch_unwind(AssertUnwindSafe(|| write(&mut args)))
        .unwrap_or_else(|_| Err(KeyError::new("writing the key panicked")))
        .and_then(|()| args.finish());
    match written {
        Ok(()) => out.push(')'),
        // A part of the list must not pass as the whole.
        Err(_) => out.truncate(start),
    }
    written
}
