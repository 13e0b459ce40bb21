//! Which text form an argument takes, chosen at compile time.
//!
//! Generated code calls `(&&&&&Part(whole, &value)).form().write(&value, key.place("name"))`, where `whole` is the extractor
//! that the value was destructured from. Method lookup tries the receiver's types from the most to the least dereferenced,
//! each by value and then by reference, so the first of these that applies wins:
//!
//! 1. `&&&&Part<W, T>`: nothing is written, since the extractor is [`ServerSide`];
//! 2. `&&&&&Part<W, T>`: the same, since the value itself is;
//! 3. `&&&Part<_, W>`: the own text of what an extractor or an `Arc` wraps;
//! 4. `&&Part<_, T>`: an own text;
//! 5. `&Part<_, Result<T, E>>`: what `T` serializes to, though `E` may not;
//! 6. `Part<_, T>`: what it serializes to;
//! 7. `Part<_, T>` by value: nothing, and the compiler explains the ways out.
//!
//! The first two are in a trait of their own, [`ViaServerSide`]: an expression in `key = …` that uses `State` means it, so
//! its code does not import that trait, and calls `(&&&&Part(&(), &value)).form()`.
//!
//! `Debug` and `Display` are never tried: types that redact or abbreviate themselves would merge users.

use std::sync::Arc;

use serde::Serialize;

use super::{
    CacheKeyPart, KeyError, part::rejected, serializer::Canonical, server_side::ServerSide, writer::Place,
};

/// Holds an argument's value for the method lookup, and the extractor that it is from; `()` where the value is the whole.
#[derive(Debug)]
pub struct Part<'a, W: ?Sized, T: ?Sized>(pub &'a W, pub &'a T);

impl<W: ?Sized, T: ?Sized> Part<'_, W, T> {
    /// In generic handlers: method lookup would settle on what the bounds promise; the trait is what the instance has.
    pub fn own_form(&self) -> OwnForm {
        OwnForm
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
    pub fn write<W: Wrapper>(self, value: &W, place: Place<'_, '_>) -> Result<(), KeyError>
    where
        W::Inner: CacheKeyPart,
    {
        value.inner().write_key(place.open())
    }
}

/// Its own text form.
#[derive(Debug)]
pub struct OwnForm;

impl OwnForm {
    /// Writes it.
    pub fn write<T: CacheKeyPart + ?Sized>(self, value: &T, place: Place<'_, '_>) -> Result<(), KeyError> {
        value.write_key(place.open())
    }
}

/// What the extracted value serializes to; a rejection has no text.
#[derive(Debug)]
pub struct ExtractedForm;

impl ExtractedForm {
    /// Writes it.
    pub fn write<X: Extracted>(self, value: &X, place: Place<'_, '_>) -> Result<(), KeyError>
    where
        X::Value: Serialize,
    {
        let value = value.extracted().ok_or_else(rejected)?;
        place.open().value(|out| {
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
    pub fn write<T: Serialize + ?Sized>(self, value: &T, place: Place<'_, '_>) -> Result<(), KeyError> {
        place.open().serialize(value)
    }
}

/// What the server gives, whatever the request: it leaves no trace in the key, not even a name.
#[derive(Debug)]
pub struct NoForm;

impl NoForm {
    /// Writes nothing.
    pub fn write<T: ?Sized>(self, _value: &T, _place: Place<'_, '_>) -> Result<(), KeyError> {
        Ok(())
    }
}

/// First choice: nothing.
pub trait ViaServerSide {
    /// The form.
    fn form(&self) -> NoForm;

    /// The same, in generic handlers.
    fn own_form(&self) -> NoForm;
}

impl<W: ServerSide + ?Sized, T: ?Sized> ViaServerSide for &&&&Part<'_, W, T> {
    fn form(&self) -> NoForm {
        NoForm
    }

    fn own_form(&self) -> NoForm {
        NoForm
    }
}

impl<W: ?Sized, T: ServerSide + ?Sized> ViaServerSide for &&&&&Part<'_, W, T> {
    fn form(&self) -> NoForm {
        NoForm
    }

    fn own_form(&self) -> NoForm {
        NoForm
    }
}

/// Second choice: a text of its own, or what it serializes to.
pub trait ViaText {
    /// What writes it.
    type Form;

    /// The form.
    fn form(&self) -> Self::Form;
}

impl<W: ?Sized, T: Wrapper> ViaText for &&&Part<'_, W, T>
where
    T::Inner: CacheKeyPart,
{
    type Form = InnerForm;

    fn form(&self) -> InnerForm {
        InnerForm
    }
}

impl<W: ?Sized, T: CacheKeyPart + ?Sized> ViaText for &&Part<'_, W, T> {
    type Form = OwnForm;

    fn form(&self) -> OwnForm {
        OwnForm
    }
}

impl<W: ?Sized, X: Extracted> ViaText for &Part<'_, W, X>
where
    X::Value: Serialize,
{
    type Form = ExtractedForm;

    fn form(&self) -> ExtractedForm {
        ExtractedForm
    }
}

impl<W: ?Sized, T: Serialize + ?Sized> ViaText for Part<'_, W, T> {
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

impl<W: ?Sized, T: ?Sized> ViaNothing for Part<'_, W, T> {
    fn form(self) -> OwnForm {
        OwnForm
    }
}

/// Selects, of two extractors of which one stands in the other, the one that keeps its values out of the key.
#[derive(Debug)]
pub struct Within<'a, W: ?Sized>(pub &'a W);

impl<'a, W: ?Sized> Within<'a, W> {
    /// The inner one; [`OuterFirst`] comes before it where the outer one is server-side.
    pub fn or<T: ?Sized>(&self, inner: &'a T) -> &'a T {
        inner
    }
}

/// Before [`Within::or`].
pub trait OuterFirst<'a> {
    /// The outer extractor.
    type Outer: ?Sized;

    /// The outer one.
    fn or<T: ?Sized>(&self, inner: &'a T) -> &'a Self::Outer;
}

impl<'a, W: ServerSide + ?Sized> OuterFirst<'a> for &Within<'a, W> {
    type Outer = W;

    fn or<T: ?Sized>(&self, _inner: &'a T) -> &'a W {
        self.0
    }
}
