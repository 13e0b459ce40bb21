//! Which text form an argument takes, chosen at compile time.
//!
//! Method lookup on `&&&Part(&value)` tries the traits below from the most to the least dereferenced, so the first
//! that applies wins: an explicit [`CacheKeyPart`], else `Serialize`, else an error that names the ways out. `Debug` and
//! `Display` are never tried: types that redact or abbreviate themselves would merge users.

use serde::Serialize;

use super::{CacheKeyPart, KeyError, KeyWriter};

/// Holds an argument for the method lookup.
#[derive(Debug)]
pub struct Part<'a, T: ?Sized>(pub &'a T);

/// Its own text form.
#[derive(Debug)]
pub struct OwnForm;

impl OwnForm {
    /// Writes it.
    pub fn write<T: CacheKeyPart + ?Sized>(self, value: &T, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        value.write_key(key)
    }
}

/// What it serializes to.
#[derive(Debug)]
pub struct SerializedForm;

impl SerializedForm {
    /// Writes it.
    pub fn write<T: Serialize + ?Sized>(self, value: &T, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.serialize(value)
    }
}

/// First choice.
pub trait ViaKeyPart {
    /// The form.
    fn form(&self) -> OwnForm {
        OwnForm
    }
}

impl<T: CacheKeyPart + ?Sized> ViaKeyPart for &&Part<'_, T> {}

/// Second choice.
pub trait ViaSerialize {
    /// The form.
    fn form(&self) -> SerializedForm {
        SerializedForm
    }
}

impl<T: Serialize + ?Sized> ViaSerialize for &Part<'_, T> {}

/// Neither: [`OwnForm::write`] then asks for `CacheKeyPart` and the compiler explains.
pub trait ViaNothing {
    /// The form.
    fn form(&self) -> OwnForm {
        OwnForm
    }
}

impl<T: ?Sized> ViaNothing for Part<'_, T> {}
