//! Attributes that must run before this one.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Path};

use crate::{attribute, parse::Function, syntax::types::ends_with};

/// The first argument of an attribute below the attributes that were moved above it.
const HOISTED: &str = "__hoisted";

/// The arguments without the mark of a second expansion, and whether it was there.
pub(crate) fn unmarked(arguments: TokenStream) -> (TokenStream, bool) {
    let mut rest = arguments.clone().into_iter();
    match rest.next() {
        Some(TokenTree::Ident(first)) if first == HOISTED => (rest.collect(), true),
        _ => (arguments, false),
    }
}

/// Moves attributes that read the signature above `attribute`. `None` without such attributes.
///
/// Input: `#[cache(expire = 30)] #[debug_handler] #[instrument] async fn …`
/// Output: `#[debug_handler] #[cache(__hoisted expire = 30)] #[instrument] async fn …`
///
/// They must see the signature before `#[cache]` changes it: in the generated function, `#[debug_handler]` finds no
/// `State` to infer the state type from, and `#[utoipa::path]` no arguments to document. The mark says not to move them
/// again: an attribute that cannot be resolved stays on the item.
pub(crate) fn hoisted(
    function: &Function,
    attribute: attribute::Attribute,
    facade: Option<&Path>,
    arguments: &TokenStream,
) -> Option<TokenStream> {
    let has_parameters = !function.sig.inputs.is_empty();
    let (above, below): (Vec<&Attribute>, Vec<&Attribute>) = function
        .attrs
        .iter()
        .partition(|attr| reads_signature(attr, has_parameters));
    if above.is_empty() {
        return None;
    }
    let facade = match facade {
        Some(path) => quote!(#path),
        None => quote!(::handler_cache),
    };
    let name = Ident::new(attribute.name, Span::call_site());
    let mark = Ident::new(HOISTED, Span::call_site());
    let Function { vis, sig, body, .. } = function;
    Some(quote! {
        #(#above)*
        #[#facade::#name(#mark #arguments)]
        #(#below)*
        #vis #sig #body
    })
}

fn reads_signature(attr: &Attribute, has_parameters: bool) -> bool {
    // The generated function has one parameter more than a handler without any, and `#[debug_handler]` calls it with
    // none. So it checks the function with the body instead.
    has_parameters && ends_with(attr.path(), &["debug_handler"])
        || ends_with(attr.path(), &["utoipa", "path"])
}
