//! Arguments with a text of their own in keys.
//!
//! A type that also implements `Serialize` has the text that it serializes to. Sets and maps without an order are sorted,
//! which `Serialize` alone allows for maps only.
//!
//! `do_not_recommend` marks the implementations that require `Serialize`, so that the compiler suggests all ways out and not
//! only that one.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use serde::Serialize;

use super::{
    KeyError, KeyWriter,
    compound::{Entries, List},
    serializer::Canonical,
};

/// An argument with a text of its own in keys.
///
/// A type that implements `Serialize` needs it only for another text. For a type whose `Display` shows all of its value, the
/// implementation is one line:
///
/// ```
/// use std::fmt;
/// use handler_cache::key::{CacheKeyPart, KeyError, KeyWriter};
///
/// struct Locale {
///     language: String,
///     country: String,
/// }
///
/// impl fmt::Display for Locale {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         write!(f, "{}_{}", self.language, self.country)
///     }
/// }
///
/// impl CacheKeyPart for Locale {
///     fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
///         key.display(self)
///     }
/// }
/// ```
///
/// Two values may write the same text only if the handler responds to them alike.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache key",
    label = "no text for the key",
    note = "derive `Serialize` for it or for the type that it wraps, or implement `CacheKeyPart` (one line for a type that \
            implements `Display`: `key.display(self)`)",
    note = "or leave it out of the key: `ignore = [...]`, or `_` in place of the name",
    note = "or name what the response depends on: `key = ...` instead of all arguments, `vary = [\"...\"]` for request headers"
)]
pub trait CacheKeyPart {
    /// Writes exactly one value. To write several values, write a tuple.
    ///
    /// # Errors
    /// The argument has no text. The request then bypasses the cache.
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError>;
}

macro_rules! serialized {
    ($($type:ty),* $(,)?) => {$(
        impl CacheKeyPart for $type {
            fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
                key.serialize(self)
            }
        }
    )*};
}

serialized! {
    (), bool, char, str, String,
    i8, i16, i32, i64, i128, isize,
    u8, u16, u32, u64, u128, usize,
    f32, f64,
}

macro_rules! dereferenced {
    ($([$($bounds:tt)*] $type:ty),* $(,)?) => {$(
        impl<$($bounds)*> CacheKeyPart for $type {
            fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
                (**self).write_key(key)
            }
        }
    )*};
}

dereferenced! {
    [T: CacheKeyPart + ?Sized] &T,
    [T: CacheKeyPart + ?Sized] Box<T>,
    [T: CacheKeyPart + ToOwned + ?Sized] Cow<'_, T>,
}

/// The text of its data, also without serde's feature `rc`. For an argument `Arc<T>` whose `T` has a text of its own, the
/// macros take that text.
#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> CacheKeyPart for Arc<T> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.serialize(&**self)
    }
}

impl<T: CacheKeyPart> CacheKeyPart for Option<T> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.value(|out| {
            let Some(part) = self else {
                out.push_str("none");
                return Ok(());
            };
            out.push_str("some(");
            nested(out, part)?;
            out.push(')');
            Ok(())
        })
    }
}

/// The extracted value. A rejected request has no key: few errors distinguish requests.
impl<T: CacheKeyPart, E> CacheKeyPart for Result<T, E> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        let Ok(part) = self else {
            return Err(rejected());
        };
        key.value(|out| {
            out.push_str("Ok(");
            nested(out, part)?;
            out.push(')');
            Ok(())
        })
    }
}

/// The error for an `Err` argument.
pub(super) fn rejected() -> KeyError {
    KeyError::new("an argument is an error, so the request was rejected")
}

/// Appends a part within another value.
fn nested<T: CacheKeyPart + ?Sized>(out: &mut String, part: &T) -> Result<(), KeyError> {
    let mut key = KeyWriter::new(out);
    part.write_key(&mut key)?;
    key.finish()
}

/// Appends parts as the elements of a list.
fn nested_list<T: CacheKeyPart>(
    mut list: List<'_>,
    parts: impl IntoIterator<Item = T>,
) -> Result<(), KeyError> {
    for part in parts {
        nested(list.next(), &part)?;
    }
    list.close();
    Ok(())
}

impl<T: CacheKeyPart> CacheKeyPart for [T] {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.value(|out| nested_list(List::seq(out), self))
    }
}

impl<T: CacheKeyPart> CacheKeyPart for Vec<T> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        self.as_slice().write_key(key)
    }
}

impl<T: CacheKeyPart, const N: usize> CacheKeyPart for [T; N] {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.value(|out| nested_list(List::tuple(out), self))
    }
}

macro_rules! tuples {
    ($(($($name:ident),+))*) => {$(
        impl<$($name: CacheKeyPart),+> CacheKeyPart for ($($name,)+) {
            fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
                #[expect(non_snake_case, reason = "a value has the name of its type")]
                let ($($name,)+) = self;
                key.value(|out| {
                    let mut list = List::tuple(out);
                    $(nested(list.next(), $name)?;)+
                    list.close();
                    Ok(())
                })
            }
        }
    )*};
}

tuples! {
    (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
}

/// In their own order, which depends on the values alone.
impl<T: CacheKeyPart> CacheKeyPart for BTreeSet<T> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.value(|out| nested_list(List::seq(out), self))
    }
}

/// Sorted by the texts of the values: each set has an order of its own.
#[diagnostic::do_not_recommend]
impl<T: Serialize, S> CacheKeyPart for HashSet<T, S> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.value(|out| {
            let mut entries = Entries::default();
            out.push('[');
            for value in self {
                let start = entries.begin(out);
                value.serialize(Canonical { out })?;
                entries.end_key(start, out);
            }
            entries.sort(out);
            out.push(']');
            Ok(())
        })
    }
}

#[diagnostic::do_not_recommend]
impl<K: Serialize, V: Serialize, S> CacheKeyPart for HashMap<K, V, S> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.serialize(self)
    }
}

#[diagnostic::do_not_recommend]
impl<K: Serialize, V: Serialize> CacheKeyPart for BTreeMap<K, V> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.serialize(self)
    }
}
