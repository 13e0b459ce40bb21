//! Spans of generated tokens: where errors in them are shown, and which names they see.

use proc_macro2::{Ident, Span};

/// A span for generated code whose errors are shown at `span`.
///
/// Its local variables do not meet the user's, and lints do not apply to it.
pub(crate) fn macro_span(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// A local variable or hidden item that user code cannot name.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
