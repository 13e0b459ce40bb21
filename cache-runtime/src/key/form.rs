//! Which text form an argument takes, chosen at compile time.
//!
//! Generated code calls `(&&&Part(&value)).form().write(&value, key)`. Method lookup tries the receiver's types from the
//! most to the least dereferenced, each by value and then by reference, so the first of these that applies wins:
//!
//! 1. `&&Part<W>`: the own text of what an extractor or an `Arc` wraps;
//! 2. `&&&Part<T>`: an own text;
//! 3. `&Part<Result<T, E>>`: what `T` serializes to, though `E` may not;
//! 4. `Part<T>`: what it serializes to;
//! 5. `Part<T>` by value: nothing, and the compiler explains the ways out.
//!
//! `Debug` and `Display` are never tried: types that redact or abbreviate themselves would merge users.

use std::sync::Arc;

use serde::Serialize;

use super::{CacheKeyPart, KeyError, KeyWriter, part::rejected, serializer::Canonical};

/// Holds an argument for the method lookup.
#[derive(Debug)]
pub struct Part<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> Copy for Part<'_, T> {}

impl<T: ?Sized> Clone for Part<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

/// A type with the text of the one value that it wraps.
pub trait Wrapper {
    /// The value's type.
    type Inner: ?Sized;

    /// The value.
    fn inner(&self) -> &Self::Inner;
}

impl<T: ?Sized> Wrapper for Arc<T> {
    type Inner = T;

    fn inner(&self) -> &T {
        self
    }
}

impl<W: Wrapper + ?Sized> Wrapper for &W {
    type Inner = W::Inner;

    fn inner(&self) -> &W::Inner {
        (**self).inner()
    }
}

/// A `Result`, as it is or by reference.
pub trait Extracted {
    /// The extracted value's type.
    type Value;

    /// The value, unless the extractor rejected the request.
    fn extracted(&self) -> Option<&Self::Value>;
}

impl<T, E> Extracted for Result<T, E> {
    type Value = T;

    fn extracted(&self) -> Option<&T> {
        self.as_ref().ok()
    }
}

impl<X: Extracted + ?Sized> Extracted for &X {
    type Value = X::Value;

    fn extracted(&self) -> Option<&X::Value> {
        (**self).extracted()
    }
}

/// The own text form of what it wraps.
#[derive(Debug)]
pub struct InnerForm;

impl InnerForm {
    /// Writes it.
    pub fn write<W: Wrapper>(self, value: &W, key: &mut KeyWriter<'_>) -> Result<(), KeyError>
    where
        W::Inner: CacheKeyPart,
    {
        value.inner().write_key(key)
    }
}

/// Its own text form.
#[derive(Debug)]
pub struct OwnForm;

impl OwnForm {
    /// Writes it.
    pub fn write<T: CacheKeyPart + ?Sized>(self, value: &T, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        value.write_key(key)
    }
}

/// What the extracted value serializes to; a rejection has no text.
#[derive(Debug)]
pub struct ExtractedForm;

impl ExtractedForm {
    /// Writes it.
    pub fn write<X: Extracted>(self, value: &X, key: &mut KeyWriter<'_>) -> Result<(), KeyError>
    where
        X::Value: Serialize,
    {
        let value = value.extracted().ok_or_else(rejected)?;
        key.value(|out| {
            out.push_str("Ok(");
            value.serialize(Canonical { out })?;
            out.push(')');
            Ok(())
        })
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

/// First choice: a text of its own.
pub trait ViaKeyPart {
    /// What writes it.
    type Form;

    /// The form.
    fn form(&self) -> Self::Form;
}

impl<W: Wrapper> ViaKeyPart for &&Part<'_, W>
where
    W::Inner: CacheKeyPart,
{
    type Form = InnerForm;

    fn form(&self) -> InnerForm {
        InnerForm
    }
}

impl<T: CacheKeyPart + ?Sized> ViaKeyPart for &&&Part<'_, T> {
    type Form = OwnForm;

    fn form(&self) -> OwnForm {
        OwnForm
    }
}

/// Second choice: serializing.
pub trait ViaSerialize {
    /// What writes it.
    type Form;

    /// The form.
    fn form(&self) -> Self::Form;
}

impl<X: Extracted> ViaSerialize for &Part<'_, X>
where
    X::Value: Serialize,
{
    type Form = ExtractedForm;

    fn form(&self) -> ExtractedForm {
        ExtractedForm
    }
}

impl<T: Serialize + ?Sized> ViaSerialize for Part<'_, T> {
    type Form = SerializedForm;

    fn form(&self) -> SerializedForm {
        SerializedForm
    }
}

/// Neither: the own form's `write` then asks for `CacheKeyPart` and the compiler explains.
pub trait ViaNothing {
    /// The form.
    fn form(self) -> OwnForm;
}

impl<T: ?Sized> ViaNothing for Part<'_, T> {
    fn form(self) -> OwnForm {
        OwnForm
    }
}
