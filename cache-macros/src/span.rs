//! Where generated tokens stand, and what they can see.

use proc_macro2::{Ident, Span};

/// At `span` for errors and the editor, but with names of its own: locals never meet the user's, and lints leave it be.
pub(crate) fn macro_span(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// A local variable or hidden item that the user cannot meet.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
