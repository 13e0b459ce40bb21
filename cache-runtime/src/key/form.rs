//! Selects the text of an argument at compile time.
//!
//! Generated code calls `(&&&&&Part(whole, value)).form()`, where `whole` is the extractor that `value` comes from, and then
//! `CacheKeyPart::write_key` on the form. Method lookup dereferences the receiver step by step and tries each type by value
//! and by reference, so the first of these that applies is used:
//!
//! 1. `&&&&Part<W, T>`: left out of the key, because the extractor is [`ServerSide`];
//! 2. `&&&&&Part<W, T>`: left out of the key, because the value is;
//! 3. `&&&Part<_, W>`: the [`CacheKeyPart`] of the value that an extractor or an `Arc` wraps;
//! 4. `&&Part<_, T>`: its own [`CacheKeyPart`];
//! 5. `&Part<_, Result<T, E>>`: `T` serialized, whether or not `E` can be;
//! 6. `Part<_, T>`: serialized;
//! 7. `Part<_, T>` by value: the value itself, so that `write_key` names the missing [`CacheKeyPart`].
//!
//! The first two are in a trait of their own, [`ViaServerSide`]: a `State` in an expression `key = …` is meant to be in the
//! key, so its code does not import that trait, and calls `(&&&&Part(&(), &value)).form()`.
//!
//! `Debug` and `Display` are never used: a type that redacts or abbreviates itself would give one user the entry of another.

use std::{ops::Deref, sync::Arc};

use serde::Serialize;

use super::{
    CacheKeyPart, KeyArgs, KeyError, KeyWriter, part::rejected, serializer::Canonical,
    server_side::ServerSide,
};

/// A value for the method lookup, and the extractor that it comes from; `()` if the value is the whole argument.
#[derive(Debug)]
pub struct Part<'a, W: ?Sized, T: ?Sized>(pub &'a W, pub &'a T);

impl<'a, W: ?Sized, T: ?Sized> Part<'a, W, T> {
    /// The form in generic handlers. There, method lookup knows the bounds of the handler only; the trait is implemented by
    /// the concrete type.
    pub fn own_form(&self) -> &'a T {
        self.1
    }
}

/// The form of an argument: a reference to the value, or one of the types below.
pub trait Form {
    /// Whether the argument is in the key.
    const IN_KEY: bool = true;
}

impl<T: ?Sized> Form for &T {}

impl<'a> KeyArgs<'a> {
    /// As [`arg`](Self::arg), for an argument with this form.
    #[inline]
    pub fn arg_for<F: Form>(&mut self, name: &'static str, _form: &F) -> &mut KeyWriter<'a> {
        if F::IN_KEY {
            self.arg(name)
        } else {
            self.left_out()
        }
    }
}

/// A form that is a value: generated code dereferences all forms, as some are references.
macro_rules! form {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug)]
        pub struct $name<'a, T: ?Sized>(&'a T);

        impl<T: ?Sized> Form for $name<'_, T> {}

        impl<T: ?Sized> Deref for $name<'_, T> {
            type Target = Self;

            fn deref(&self) -> &Self {
                self
            }
        }
    };
}

form!(InnerForm, "The text of the wrapped value.");
form!(ExtractedForm, "The extracted value, serialized.");
form!(SerializedForm, "The value, serialized.");

impl<W: Wrapper> CacheKeyPart for InnerForm<'_, W>
where
    W::Inner: CacheKeyPart,
{
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        self.0.inner().write_key(key)
    }
}

impl<X: Extracted> CacheKeyPart for ExtractedForm<'_, X>
where
    X::Value: Serialize,
{
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        let value = self.0.extracted().ok_or_else(rejected)?;
        key.value(|out| {
            out.push_str("Ok(");
            value.serialize(Canonical { out })?;
            out.push(')');
            Ok(())
        })
    }
}

impl<T: Serialize + ?Sized> CacheKeyPart for SerializedForm<'_, T> {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.serialize(self.0)
    }
}

/// No text: a value of the server, the same for every request, is not in the key, not even by name.
#[derive(Debug)]
pub struct NoForm;

impl Form for NoForm {
    const IN_KEY: bool = false;
}

impl Deref for NoForm {
    type Target = Self;

    fn deref(&self) -> &Self {
        self
    }
}

impl CacheKeyPart for NoForm {
    fn write_key(&self, _key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        Ok(())
    }
}

/// First choice: left out of the key.
pub trait ViaServerSide {
    /// The form.
    fn form(&self) -> NoForm;

    /// The form in generic handlers.
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

/// Second choice: a text of its own, or its serialized form.
pub trait ViaText {
    /// The form's type.
    type Form: Form;

    /// The form.
    fn form(&self) -> Self::Form;
}

impl<'a, W: ?Sized, T: Wrapper> ViaText for &&&Part<'a, W, T>
where
    T::Inner: CacheKeyPart,
{
    type Form = InnerForm<'a, T>;

    fn form(&self) -> InnerForm<'a, T> {
        InnerForm(self.1)
    }
}

impl<'a, W: ?Sized, T: CacheKeyPart + ?Sized> ViaText for &&Part<'a, W, T> {
    type Form = &'a T;

    fn form(&self) -> &'a T {
        self.1
    }
}

impl<'a, W: ?Sized, X: Extracted> ViaText for &Part<'a, W, X>
where
    X::Value: Serialize,
{
    type Form = ExtractedForm<'a, X>;

    fn form(&self) -> ExtractedForm<'a, X> {
        ExtractedForm(self.1)
    }
}

impl<'a, W: ?Sized, T: Serialize + ?Sized> ViaText for Part<'a, W, T> {
    type Form = SerializedForm<'a, T>;

    fn form(&self) -> SerializedForm<'a, T> {
        SerializedForm(self.1)
    }
}

/// Last choice: the value itself, whose missing `CacheKeyPart` the compiler then reports.
pub trait ViaNothing {
    /// The form's type.
    type Form: Form;

    /// The form.
    fn form(self) -> Self::Form;
}

impl<'a, W: ?Sized, T: ?Sized> ViaNothing for Part<'a, W, T> {
    type Form = &'a T;

    fn form(self) -> &'a T {
        self.1
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

/// A `Result`, or a reference to one.
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

/// Selects one of two nested extractors: the outer one, if it keeps its values out of the key, or else the inner one.
#[derive(Debug)]
pub struct Within<'a, W: ?Sized>(pub &'a W);

impl<'a, W: ?Sized> Within<'a, W> {
    /// The inner one. Method lookup finds [`OuterFirst`] before it if the outer one is server-side.
    pub fn or<T: ?Sized>(&self, inner: &'a T) -> &'a T {
        inner
    }
}

/// Before [`Within::or`].
pub trait OuterFirst<'a> {
    /// The outer extractor's type.
    type Outer: ?Sized;

    /// The outer extractor.
    fn or<T: ?Sized>(&self, inner: &'a T) -> &'a Self::Outer;
}

impl<'a, W: ServerSide + ?Sized> OuterFirst<'a> for &Within<'a, W> {
    type Outer = W;

    fn or<T: ?Sized>(&self, _inner: &'a T) -> &'a W {
        self.0
    }
}
