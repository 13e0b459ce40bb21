//! What arguments write themselves into.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde::{Serialize, Serializer as _};

use super::{CacheKeyPart, KeyError, compound::List, escape::push_name, serializer::Canonical};

/// Takes the one value that stands for an argument in a key, escaped so that no value can imitate another.
///
/// Each method writes a whole value, and an argument has exactly one: a second one would run into the first (`1` and
/// `23` read like `12` and `3`), so it is an error, and none at all is one too. For several write a tuple:
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

    /// Writes what `value` serializes to, as serde's data model has it: any two values that `Serialize` tells apart have
    /// different texts. The widths of numbers, type names and the order of a map's keys do not count.
    ///
    /// Sets are sequences to serde. A `HashSet` that is an argument itself is sorted, but one inside another type comes in
    /// its own random order: no request finds the entry of another, until you give the key with `key = …`.
    ///
    /// # Errors
    /// When `value` refuses to be serialized, or a value was written already.
    pub fn serialize<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
        self.value(|out| value.serialize(Canonical { out }))
    }

    /// Writes a string, as `value` displays itself.
    ///
    /// Only for types whose `Display` shows all that tells their values apart: one that redacts or abbreviates would give
    /// one user the entry of another.
    ///
    /// # Errors
    /// When `value` fails to display itself, or a value was written already.
    pub fn display<T: fmt::Display + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
        self.value(|out| Canonical { out }.collect_str(value))
    }

    /// Writes a string.
    ///
    /// # Errors
    /// When a value was written already.
    pub fn str(&mut self, value: &str) -> Result<(), KeyError> {
        self.value(|out| Canonical { out }.serialize_str(value))
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// When a value was written already.
    pub fn bytes(&mut self, value: &[u8]) -> Result<(), KeyError> {
        self.value(|out| Canonical { out }.serialize_bytes(value))
    }

    /// One value by `write`, which must leave a self-delimiting text.
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
        // Should an implementation swallow the error, the half of a value must not pass for one.
        self.state = State::Failed;
        write(self.out)?;
        self.state = State::Written;
        Ok(())
    }

    /// Whether one whole value was written.
    fn finish(&self) -> Result<(), KeyError> {
        match self.state {
            State::Written => Ok(()),
            State::Empty => Err(KeyError::new("an argument wrote nothing into the key")),
            State::Failed => Err(KeyError::new("an argument went on after its text had failed")),
        }
    }
}

/// Appends a part that stands within another value.
pub(super) fn nested<T: CacheKeyPart + ?Sized>(out: &mut String, part: &T) -> Result<(), KeyError> {
    let mut key = KeyWriter::new(out);
    part.write_key(&mut key)?;
    key.finish()
}

/// Appends parts as the elements of a list.
pub(super) fn nested_list<T: CacheKeyPart>(
    mut list: List<'_>,
    parts: impl IntoIterator<Item = T>,
) -> Result<(), KeyError> {
    for part in parts {
        nested(list.next(), &part)?;
    }
    list.close();
    Ok(())
}

/// The argument list of a key, filled in by generated code.
#[derive(Debug)]
pub struct KeyArgs<'a> {
    writer: KeyWriter<'a>,
    first: bool,
    broken: Option<KeyError>,
}

impl<'a> KeyArgs<'a> {
    pub(crate) fn new(out: &'a mut String) -> Self {
        Self {
            writer: KeyWriter::new(out),
            first: true,
            broken: None,
        }
    }

    /// The place for the argument called `name`.
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

    /// A whole argument, name and value, whose text was written before.
    pub(crate) fn written(&mut self, argument: &str) {
        if !std::mem::take(&mut self.first) {
            self.check();
            self.writer.out.push(',');
        }
        self.writer.out.push_str(argument);
        self.writer.state = State::Written;
    }

    /// The place for the one value that stands for all arguments.
    pub fn whole(&mut self) -> &mut KeyWriter<'a> {
        self.first = false;
        &mut self.writer
    }

    /// [`Self::arg`], for an argument that may write nothing.
    #[inline]
    pub fn place(&mut self, name: &'static str) -> Place<'_, 'a> {
        Place {
            args: self,
            name: Some(name),
        }
    }

    /// [`Self::whole`], for generated code.
    #[inline]
    pub fn place_of_all(&mut self) -> Place<'_, 'a> {
        Place {
            args: self,
            name: None,
        }
    }

    /// Notes the first argument without a text: [`Self::arg`] cannot fail.
    fn check(&mut self) {
        if let Err(error) = self.writer.finish() {
            self.broken.get_or_insert(error);
        }
    }

    fn finish(mut self) -> Result<(), KeyError> {
        if !self.first {
            self.check();
        }
        self.broken.map_or(Ok(()), Err)
    }
}

/// Where an argument goes in the list. Until it is opened, nothing of it is there, not even its name.
#[derive(Debug)]
pub struct Place<'k, 'a> {
    args: &'k mut KeyArgs<'a>,
    /// Absent: the one value that stands for all arguments.
    name: Option<&'static str>,
}

impl<'k, 'a> Place<'k, 'a> {
    /// For the value, which comes next.
    #[inline]
    pub(super) fn open(self) -> &'k mut KeyWriter<'a> {
        match self.name {
            Some(name) => self.args.arg(name),
            None => self.args.whole(),
        }
    }
}

/// Appends `(…)`, the argument list that `write` fills in, or nothing at all.
///
/// # Errors
/// When an argument has no text, or panics.
pub(crate) fn write_args(
    out: &mut String,
    write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
) -> Result<(), KeyError> {
    let start = out.len();
    out.push('(');
    let mut args = KeyArgs::new(out);
    // The user's code, which may panic.
    let written = catch_unwind(AssertUnwindSafe(|| write(&mut args)))
        .unwrap_or_else(|_| Err(KeyError::new("writing the key panicked")))
        .and_then(|()| args.finish());
    match written {
        Ok(()) => out.push(')'),
        // Nobody shall take a part of the list for the whole.
        Err(_) => out.truncate(start),
    }
    written
}
