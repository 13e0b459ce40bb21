//! Collects the errors of one attribute, so that all of them are reported at once.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};

/// Errors, each on the token that causes it.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Adds an error at `span`. The message names the problem, then what to do.
    pub(crate) fn at(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds an error that underlines all of `tokens`.
    pub(crate) fn on(&mut self, tokens: impl quote::ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// The `compile_error!` calls, or `None` without errors.
    pub(crate) fn into_tokens(self) -> Option<TokenStream> {
        self.0.map(|error| error.into_compile_error())
    }
}
